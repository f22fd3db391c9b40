"""Mends that need more than a look at one node: lost sizes, tied weights, labels with a fraction, several pinned sizes."""

from __future__ import annotations

import pytest

from drawings import Drawing
from graph.messages import LayerloomError
from graph.model import Port
from graph.problems import Problem
from runtime.analyser import analyse
from runtime.compiler import compile_project


def problems(d: Drawing, code: str) -> list[Problem]:
    return [p for p in analyse(d.project).problems if p.code == code]


def labels(problem: Problem) -> list[str]:
    return [str(fix.label) for fix in problem.fixes]


# ---- branches of other sizes


def branches(*layers: tuple[str, dict], size: tuple[int, ...] = (16, 6, 6)) -> Drawing:
    """An input that goes through layers, and is added to what they give."""
    d = Drawing()
    x = y = d.add("op.Input", "x", shape=size)
    for i, (layer, params) in enumerate(layers, 1):
        y = d.add(f"nn.{layer}", f"layer{i}", y, **params)
    d.add("op.Add", "sum", y, x)
    return d


CONV = ("Conv2d", {"out_channels": 16, "kernel_size": 3})
SAME = ("Conv2d", {"out_channels": 16, "kernel_size": 3, "padding": 1})
HALF = ("Conv2d", {"out_channels": 16, "kernel_size": 3, "padding": 1, "stride": 2})
TALL = ("Conv2d", {"out_channels": 16, "kernel_size": (5, 1)})
POOL = ("MaxPool2d", {"kernel_size": 3, "stride": 1})
RELU = ("ReLU", {})


@pytest.mark.parametrize(
    ("layers", "fixes"),
    [
        ((CONV,), ["Set padding of layer1 to 1"]),
        ((SAME, RELU, CONV), ["Set padding of layer3 to 1"]),
        ((SAME, ("BatchNorm2d", {}), POOL), ["Set padding of layer3 to 1"]),
        ((CONV, RELU, CONV), ["Set padding of layer1, layer3 to 1", "Insert 1 × 1 Conv2d (16, stride 3) after x"]),
        ((TALL,), ["Set padding of layer1 to 2 × 0", "Insert 1 × 1 Conv2d (16, stride 3 × 1) after x"]),
        ((SAME, HALF), ["Insert 1 × 1 Conv2d (16, stride 2) after x", "Set stride of layer2 to 1"]),
        ((SAME, ("Conv2d", {"out_channels": 16, "kernel_size": 3, "stride": 2, "padding": 0})),
         ["Insert 1 × 1 Conv2d (16, stride 3) after x", "Set padding of layer2 to 1 and its stride to 1"]),
        ((("Conv2d", {"out_channels": 16, "kernel_size": 2}),), []),
        ((("AvgPool2d", {"kernel_size": 4, "stride": 1}),), ["Insert 1 × 1 Conv2d (16, stride 2) after x"]),
    ],
)  # fmt: skip
def test_branches_of_other_sizes_are_brought_to_one(layers, fixes):
    d = branches(*layers)
    (problem,) = problems(d, "shape-mismatch")
    assert "the channels agree, the sizes differ" in str(problem.message) and "B × 16 × 6 × 6" in str(problem.message)
    assert labels(problem) == fixes
    for fix in problem.fixes:
        assert analyse(fix.edit(d.project)).errors == ()


def test_both_branches_may_lose_places():
    """16 × 4 × 4 meets 16 × 6 × 6, from 8 × 8: one of the two layers of the deeper branch is enough."""
    d = Drawing()
    x = d.add("op.Input", "x", shape=(3, 8, 8))
    conv1 = d.add("nn.Conv2d", "conv1", x, out_channels=16, kernel_size=3)
    conv2 = d.add("nn.Conv2d", "conv2", conv1, out_channels=16, kernel_size=3)
    d.add("op.Add", "sum", conv2, d.add("nn.Conv2d", "short", x, out_channels=16, kernel_size=3))
    (problem,) = problems(d, "shape-mismatch")
    assert "B × 16 × 4 × 4" in str(problem.message) and "B × 16 × 6 × 6" in str(problem.message)
    assert labels(problem) == ["Set padding of conv2 to 1", "Set padding of conv1 to 1"]
    for fix in problem.fixes:
        mended = analyse(fix.edit(d.project))
        assert mended.errors == () and mended.spec(d.port("sum")).shape == ("B", 16, 6, 6)


def test_other_channels_are_said_as_before():
    d = branches(("Conv2d", {"out_channels": 8, "kernel_size": 3, "padding": 1}))
    (problem,) = problems(d, "shape-mismatch")
    assert "number of channels" in str(problem.message) and labels(problem) == ["Insert 1 × 1 Conv2d (8) after x"]


# ---- tied weights


def tied(width: int, **params) -> Drawing:
    d = Drawing()
    words = d.add("op.Input", "words", shape=(7,), dtype="int64")
    x = d.add("nn.Embedding", "table", words, num_embeddings=1000, embedding_dim=16)
    if width != 16:
        x = d.add("nn.Linear", "other", x, out_features=width)
    d.add("op.Output", "scores", d.add("nn.Linear", "fc1", x, shares="table", **params))
    return d


@pytest.mark.parametrize("params", [{"out_features": 10}, {"out_features": 10, "bias": False}])
def test_a_linear_that_is_tied_to_an_embedding_takes_its_rows(params):
    d = tied(16, **params)
    (problem,) = problems(d, "bad-sharing")
    assert labels(problem) == ["Set out_features to 1000", "Give fc1 its own weights"]
    mended = analyse(problem.fixes[0].edit(d.project))
    assert mended.errors == () and mended.nodes[d.id("fc1")].parameters == (1000 if "bias" not in params else 0)


def test_where_no_one_setting_is_enough_weights_of_its_own_are():
    d = tied(24, out_features=10)
    (problem,) = problems(d, "bad-sharing")
    assert labels(problem) == ["Give fc1 its own weights"]


# ---- labels with a fraction


def judged(loss: str, scores: tuple[int, ...], target: tuple[int, ...]) -> Problem:
    d = Drawing()
    d.add(loss, "judge", d.add("op.Input", "x", shape=scores), labels_of(d, target))
    (problem,) = problems(d, "wrong-dtype")
    return problem


def labels_of(d: Drawing, shape: tuple[int, ...]) -> Port:
    facts = {"samples": 9, "fingerprint": "sha256:0",
             "outputs": {"features": {"shape": [3], "dtype": "float32"}, "target": {"shape": list(shape), "dtype": "float32"}}}  # fmt: skip
    d.add("data.Table", "table", facts=facts)
    return d.port("table", "target")


@pytest.mark.parametrize("loss", ["nn.CrossEntropyLoss", "nn.NLLLoss", "metric.Accuracy"])
@pytest.mark.parametrize(("scores", "target"), [((5,), ()), ((5, 12), (12,)), ((12, 5), (12,))])
def test_what_has_the_shape_of_labels_is_made_whole(loss, scores, target):
    problem = judged(loss, scores, target)
    assert labels(problem) == ["Insert ToDtype (int64)"]
    assert "put a ToDtype between them" in str(problem.message)


def test_a_loss_of_several_labels_takes_as_many_as_scores():
    assert labels(judged("nn.MultiLabelMarginLoss", (5,), (5,))) == ["Insert ToDtype (int64)"]


def test_other_shapes_are_numbers_to_predict():
    problem = judged("nn.CrossEntropyLoss", (5,), (3,))
    assert labels(problem) == [] and "use MSELoss" in str(problem.message) and "ToDtype" not in str(problem.message)


# ---- the share of each class


def soft(dtype: str = "float32", *, data: bool = False) -> Drawing:
    """Scores and as many numbers from elsewhere, judged by a cross entropy."""
    d = Drawing()
    scores = d.add("op.Input", "x", shape=(5,))
    shares = labels_of(d, (5,)) if data else d.add("op.Input", "shares", shape=(5,), dtype="float32")
    shares = shares if dtype == "float32" else d.add("op.ToDtype", "cast", shares, dtype=dtype)
    d.add("nn.CrossEntropyLoss", "loss", d.add("nn.Linear", "fc", scores, out_features=5), shares)
    return d


def test_the_share_of_each_class_is_what_cross_entropy_compares_with():
    d = soft()
    analysis = analyse(d.project)
    assert analysis.errors == () and analysis.spec(d.port("loss")).shape == ()
    assert not [p for p in analysis.problems if p.node == d.id("loss")]


def test_numbers_from_data_are_shares_with_a_warning():
    (problem,) = problems(soft(data=True), "class-shares")
    assert problem.severity == "warning" and "each sample must add up to 1" in str(problem.message)
    assert labels(problem) == ["Use MSELoss instead"]


def test_shares_are_of_the_kind_of_the_scores():
    d = soft("float64")
    (problem,) = problems(d, "wrong-dtype")
    (fix,) = problem.fixes
    assert analyse(fix.edit(d.project)).errors == ()


# ---- several pinned sizes


def test_every_wrong_pin_of_a_chain_is_reported():
    d = Drawing()
    x = d.add("op.Input", "x", shape=(8,))
    for i, width in enumerate((20, 30, 40), 1):
        x = d.add("nn.Linear", f"fc{i}", x, in_features=width + 1, out_features=width)
    d.add("op.Output", "y", x)
    found = problems(d, "pinned-size")
    assert [p.node for p in found] == [d.id(f"fc{i}") for i in (1, 2, 3)]
    assert "'fc1' gives 20" in str(found[1].message)
    with pytest.raises(LayerloomError):
        compile_project(d.project)


def test_nothing_is_claimed_of_a_pin_that_hides_another_error():
    d = Drawing()
    x = d.add("op.Input", "x", shape=(8, 2, 2))
    d.add("nn.Conv2d", "conv", x, in_channels=9, out_channels=4, kernel_size=5)
    analysis = analyse(d.project)
    assert [p.code for p in analysis.errors] == ["pinned-size"] and analysis.nodes[d.id("conv")].outputs == {}

"""Shapes come from PyTorch itself, quickly, and problems say what both ends have."""

from __future__ import annotations

import pytest
import torch

from drawings import TABLE, Drawing, lenet5, with_images
from runtime.analyser import analyse
from runtime.shapes import evaluate


def codes(drawing: Drawing) -> list[tuple[str, str]]:
    nodes = drawing.graph.nodes
    return [(p.code, nodes[p.node].name if p.node else "") for p in analyse(drawing.project).problems]


def fixed(drawing: Drawing, code: str):
    """The analysis after the first fix of the first problem with that code."""
    problem = next(p for p in analyse(drawing.project).problems if p.code == code)
    return analyse(problem.fixes[0].edit(drawing.project))


def test_lenet5():
    d = lenet5()
    analysis = analyse(d.project)
    assert analysis.problems == ()
    assert analysis.parameters == 61_706
    assert str(analysis.spec(d.port("conv1"))) == "B × 6 × 28 × 28"
    assert analysis.spec(d.port("logits")).compact == "B×10"
    assert analysis.spec(d.port("loss")).shape == ()
    conv2 = analysis.nodes[d.id("conv2")]
    assert conv2.resolved["in_channels"] == 6 and conv2.parameters == 2_416 and conv2.macs == 240_000
    assert analysis.spec(d.port("digits", "label")).classes == 10


def test_the_batch_may_be_multiplied():
    d, image, _ = with_images()
    d.add("op.Concatenate", "twice", image, image, dim=0)
    assert analyse(d.project).spec(d.port("twice")).shape == ("2·B", 1, 32, 32)


def test_analysis_does_not_touch_the_random_numbers_of_a_run():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    d, image, _ = with_images()
    d.add("nn.Dropout", "drop", d.add("nn.Conv2d", "conv", image, out_channels=123))
    analyse(d.project)
    assert torch.equal(before, torch.get_rng_state())


def chain(length: int, channels: int) -> Drawing:
    d, x, _ = with_images()
    for i in range(length // 2):
        x = d.add("nn.Conv2d", f"conv{i}", x, out_channels=channels + i, padding=1)
        x = d.add("nn.ReLU", f"relu{i}", x)
    return d


def test_an_edit_costs_only_what_lies_downstream_and_differs():
    d = chain(100, 200)
    analyse(d.project)
    before = evaluate.cache_info().misses
    analyse(d.project.with_graph(d.graph.set_params(d.id("conv40"), {"out_channels": 77})))
    assert evaluate.cache_info().misses - before == 3  # conv40, relu40, conv41
    analyse(d.project)
    assert evaluate.cache_info().misses - before == 3


def test_a_wrong_number_of_dimensions_offers_the_node_that_mends_it():
    d, image, _ = with_images()
    flat = d.add("nn.Flatten", "flat", image)
    d.add("nn.Conv2d", "conv", flat)
    assert ("wrong-dimensions", "conv") in codes(d)
    analysis = fixed(d, "wrong-dimensions")
    assert analysis.nodes[d.id("conv")].outputs["output"].shape == ("B", 16, 30, 30)


def test_a_pinned_size_that_does_not_fit():
    d, image, _ = with_images()
    d.add("nn.Linear", "fc", d.add("nn.Flatten", "flat", image), in_features=400)
    (problem,) = [p for p in analyse(d.project).problems if p.code == "pinned-size"]
    assert str(problem.message) == "'fc' expects in_features = 400, but 'flat' gives 1024 (B × 1024)."
    assert fixed(d, "pinned-size").nodes[d.id("fc")].resolved["in_features"] == 1024


@pytest.mark.parametrize(
    ("layer", "dtype", "wrong"),
    [("Linear", "float64", True), ("Linear", "float16", True), ("BatchNorm1d", "float64", True),
     ("BatchNorm1d", "bfloat16", False), ("ReLU", "float64", False), ("Linear", "float32", False)],
)  # fmt: skip
def test_parameters_are_float32_and_so_is_what_meets_them(layer, dtype, wrong):
    d, image, _ = with_images()
    x = d.add("op.ToDtype", "cast", d.add("nn.Flatten", "flat", image), dtype=dtype)
    d.add(f"nn.{layer}", "it", x)
    assert (("wrong-precision", "it") in codes(d)) is wrong
    if wrong:
        assert fixed(d, "wrong-precision").spec(d.port("it")).dtype == "float32"


def test_labels_are_no_input_for_a_layer():
    d, _, label = with_images()
    d.add("nn.Linear", "fc", label)
    assert ("wrong-dtype", "fc") in codes(d)


def test_a_kernel_larger_than_its_input():
    d, image, _ = with_images()
    d.add("nn.Conv2d", "conv", image, kernel_size=40)
    (problem,) = [p for p in analyse(d.project).problems if p.code == "kernel-too-large"]
    assert "covers 40 × 40" in str(problem.message) and "only 32 × 32" in str(problem.message)
    assert fixed(d, "kernel-too-large").nodes[d.id("conv")].outputs["output"].shape == ("B", 16, 1, 1)


@pytest.mark.parametrize(
    ("layer", "shape", "kernel", "reach", "given"),
    [
        ("Conv1d", (2, 5), 6, "covers 6,", "only 5"),
        ("AvgPool1d", (2, 5), 6, "covers 6,", "only 5"),
        ("MaxPool3d", (2, 5, 5, 5), (2, 6, 2), "covers 2 × 6 × 2", "only 5 × 5 × 5"),
        ("LPPool2d", (2, 5, 5), (6, 2), "covers 6 × 2", "only 5 × 5"),
        ("Unfold", (2, 5, 5), (6, 2), "covers 6 × 2", "only 5 × 5"),
    ],
)
def test_a_kernel_larger_than_its_input_in_every_number_of_dimensions(layer, shape, kernel, reach, given):
    d = Drawing()
    d.add(f"nn.{layer}", "it", d.add("op.Input", "x", shape=shape), kernel_size=kernel)
    (problem,) = [p for p in analyse(d.project).problems if p.code == "kernel-too-large"]
    assert reach in str(problem.message) and given in str(problem.message)
    assert fixed(d, "kernel-too-large").errors == ()


def test_what_pytorch_says_names_the_batch_as_the_drawing_does():
    d, image, _ = with_images()
    d.add("nn.PixelShuffle", "shuffle", image)
    (problem,) = [p for p in analyse(d.project).problems if p.code == "shape-mismatch"]
    assert "[B, 1, 32, 32]" in str(problem.message)


def test_class_count_and_missing_flatten():
    d, image, label = with_images()
    d.add("nn.Linear", "fc", image, out_features=7)
    d.add("nn.CrossEntropyLoss", "loss", d.port("fc"), label)
    assert ("missing-flatten", "fc") in codes(d) and ("class-dimension", "loss") in codes(d)
    flat = fixed(d, "class-dimension")
    assert [p.code for p in flat.errors] == ["class-count"]


def test_class_count_is_mended_at_the_last_linear():
    d, image, label = with_images()
    d.add("nn.Linear", "fc", d.add("nn.Flatten", "flat", image), out_features=7)
    d.add("nn.CrossEntropyLoss", "loss", d.port("fc"), label)
    assert fixed(d, "class-count").errors == ()


def test_softmax_before_cross_entropy_is_a_warning():
    d, image, label = with_images()
    fc = d.add("nn.Linear", "fc", d.add("nn.Flatten", "flat", image), out_features=10)
    d.add("nn.CrossEntropyLoss", "loss", d.add("nn.Softmax", "probabilities", fc, dim=1), label)
    assert ("softmax-before-loss", "loss") in codes(d)
    assert not analyse(d.project).errors
    assert "softmax-before-loss" not in [p.code for p in fixed(d, "softmax-before-loss").problems]


@pytest.mark.filterwarnings("ignore:Using a target size")
def test_regression_target_shapes():
    d = Drawing()
    d.add("data.Table", "table", facts=TABLE, source="builtin:diabetes", target="target")
    d.add("nn.Linear", "fc", d.port("table", "features"), out_features=3)
    d.add("nn.MSELoss", "loss", d.port("fc"), d.port("table", "target"))
    assert ("broadcast", "loss") in codes(d)
    assert fixed(d, "broadcast").problems == ()


@pytest.mark.parametrize(("channels", "code"), [(4, "shape-mismatch"), (1, "broadcast")])
def test_sides_of_an_addition(channels, code):
    d, image, _ = with_images()
    a = d.add("nn.Conv2d", "a", image, out_channels=3)
    b = d.add("nn.Conv2d", "b", image, out_channels=channels)
    d.add("op.Add", "both", a, b)
    assert (code, "both") in codes(d)


def test_a_layer_that_no_memory_holds_is_refused_by_counting():
    d, image, _ = with_images()
    d.add("nn.Linear", "huge", d.add("nn.Flatten", "flat", image), out_features=10**9)
    d.add("nn.Linear", "larger", d.port("huge"), out_features=10**9)
    assert ("too-large", "huge") in codes(d) and ("too-large", "larger") in codes(d)


def test_what_only_pytorch_knows_is_told_in_its_words():
    d, image, _ = with_images()
    d.add("nn.ChannelShuffle", "shuffle", image, groups=2)
    (problem,) = [p for p in analyse(d.project).problems if p.code == "shape-mismatch"]
    text = str(problem.message)
    assert "PyTorch says" in text and text.index("digits: B × 1 × 32 × 32") < text.index("PyTorch says")


def test_a_data_node_without_facts_stops_quietly():
    d = Drawing()
    d.add("data.Images", "digits", source="missing.npz")
    d.add("nn.Conv2d", "conv", d.port("digits", "image"))
    analysis = analyse(d.project)
    assert analysis.nodes[d.id("conv")].outputs == {}

"""Sizes that follow from the data: tables with a row for each number, and as many scores as classes, wherever they are made."""

from __future__ import annotations

import pytest

from drawings import IMAGES, SMALL_IMAGES, Drawing
from graph.model import Port
from graph.problems import Problem
from runtime.analyser import analyse

VOCABULARY, TAGS, LENGTH = 50, 7, 12
TEXTS = {
    "samples": 100,
    "outputs": {
        "tokens": {"shape": [LENGTH], "dtype": "int64", "classes": VOCABULARY},
        "tags": {"shape": [LENGTH], "dtype": "int64", "classes": TAGS},
    },
    "classes": [f"tag{i}" for i in range(TAGS)],
    "fingerprint": "sha256:2",
}


def texts(**facts) -> Drawing:
    d = Drawing("Net")
    d.add("data.TaggedTexts", "tagged", facts={**TEXTS, **facts})
    return d


def problems(d: Drawing, code: str) -> list[Problem]:
    return [p for p in analyse(d.project).problems if p.code == code]


def mended(d: Drawing, code: str, *words: str, label: str) -> None:
    """The one problem says these words, and its one mend takes it away without leaving another."""
    (problem,) = problems(d, code)
    assert [word for word in words if word not in str(problem.message)] == [], str(problem.message)
    assert [str(fix.label) for fix in problem.fixes] == [label]
    assert [p.message for p in analyse(problem.fixes[0].edit(d.project)).errors if p.code not in ("no-loss",)] == []


# ---- rows of tables


@pytest.mark.parametrize(
    ("layer", "param"),
    [("nn.Embedding", "num_embeddings"), ("nn.EmbeddingBag", "num_embeddings"), ("op.OneHot", "num_classes")],
)
def test_a_table_with_too_few_rows_for_its_data_is_found_while_drawing(layer, param):
    d = texts()
    d.add(layer, "table", d.port("tagged", "tokens"), **{param: 49})
    mended(d, "index-count", "'table' knows 49", "'tagged' gives 50", label=f"Set {param} to 50")


@pytest.mark.parametrize("rows", [VOCABULARY, VOCABULARY + 1, 1000])
def test_a_table_with_enough_rows_is_right(rows):
    d = texts()
    d.add("nn.Embedding", "table", d.port("tagged", "tokens"), num_embeddings=rows)
    assert problems(d, "index-count") == []


def test_numbers_that_nobody_counted_are_not_judged():
    tokens = {"tokens": {"shape": [LENGTH], "dtype": "int64"}}
    d = texts(outputs={**TEXTS["outputs"], **tokens})
    d.add("nn.Embedding", "table", d.port("tagged", "tokens"), num_embeddings=2)
    d.add("nn.Embedding", "other", d.add("op.Input", "ids", shape=(4,), dtype="int64"), num_embeddings=2)
    summed = d.add("op.Add", "sum", d.port("tagged", "tags"), d.port("tagged", "tags"))
    d.add("nn.Embedding", "third", summed, num_embeddings=2)
    d.add("nn.Embedding", "fourth", d.add("op.Clamp", "clamped", d.port("tagged", "tags"), max=1.0), num_embeddings=2)
    assert problems(d, "index-count") == []


def test_numbers_that_were_moved_are_judged_too():
    d = texts()
    x = d.add("op.Slice", "all_but_last", d.port("tagged", "tokens"), dim=1, start=0, stop=-1)
    d.add("nn.Embedding", "table", x, num_embeddings=49)
    (problem,) = problems(d, "index-count")
    assert problem.severity == "warning", "the largest number may be in what was cut off"
    d.graph = d.graph.remove([d.id("table")])
    x = d.add("nn.Flatten", "flat", d.add("op.Unsqueeze", "wide", d.port("tagged", "tokens"), dim=1))
    d.add("nn.Embedding", "second", x, num_embeddings=49)
    assert [p.severity for p in problems(d, "index-count")] == ["error"]
    mended(d, "index-count", "'tagged' gives 50", label="Set num_embeddings to 50")


def test_a_table_inside_a_block_is_found_there():
    block = Drawing("Lookup")
    x = block.add("op.Input", "x", shape=(LENGTH,), dtype="int64")
    block.add("op.Output", "output", block.add("nn.Embedding", "table", x, num_embeddings=49))
    d = Drawing("Net", definitions=block.as_block())
    d.add("data.TaggedTexts", "tagged", facts=TEXTS)
    d.add("block.Lookup", "lookup", d.port("tagged", "tokens"))
    (problem,) = problems(d, "index-count")
    assert problem.block == "b1" and problem.node == block.id("table")
    assert [p for p in analyse(problem.fixes[0].edit(d.project)).problems if p.code == "index-count"] == []


# ---- who makes the scores


def tagger(*moves: tuple[str, dict], out: int = 10) -> Drawing:
    """Scores for each tag, B × T × classes, that go through some nodes into the loss; with the loss where they suit."""
    d = texts()
    x = d.add("nn.Embedding", "table", d.port("tagged", "tokens"), num_embeddings=VOCABULARY, embedding_dim=4)
    x = d.add("nn.Linear", "scores", x, out_features=out)
    for i, (kind, params) in enumerate(moves):
        x = d.add(kind, f"move{i}", x, **params)
    return d


def loss(d: Drawing, scores: str, target: Port) -> None:
    d.add("nn.CrossEntropyLoss", "loss", d.port(scores), target)


TRANSPOSE = ("op.Transpose", {"dim0": 1, "dim1": 2})


@pytest.mark.parametrize(
    "moves",
    [
        (TRANSPOSE,),
        (("op.Transpose", {"dim0": -1, "dim1": -2}),),
        (("op.Permute", {"dims": (0, 2, 1)}),),
        (TRANSPOSE, ("nn.Dropout", {})),
        (("nn.ReLU", {}), TRANSPOSE, ("nn.Identity", {})),
        (("op.Unsqueeze", {"dim": 1}), ("op.Squeeze", {"dim": 1}), TRANSPOSE),
        (("nn.Unflatten", {"dim": 1, "unflattened_size": (3, 4)}), ("nn.Flatten", {"start_dim": 1, "end_dim": 2}), TRANSPOSE),
    ],
    ids=lambda moves: "-".join(kind for kind, _ in moves),
)  # fmt: skip
def test_the_layer_behind_nodes_that_move_dimensions_is_offered(moves):
    d = tagger(*moves)
    loss(d, f"move{len(moves) - 1}", d.port("tagged", "tags"))
    words = ("10 scores", "7 classes", "'out_features' of 'scores'")
    mended(d, "class-count", *words, label="Set out_features to 7")


def test_scores_and_labels_that_are_joined_over_samples_are_understood():
    d = tagger(("nn.Flatten", {"start_dim": 0, "end_dim": 1}))
    labels = d.add("nn.Flatten", "labels", d.port("tagged", "tags"), start_dim=0)
    loss(d, "move0", labels)
    assert problems(d, "class-count") == []  # nobody counts the classes of joined labels


def test_a_convolution_behind_a_flatten_is_offered():
    d = Drawing("Net")
    d.add("data.Images", "digits", facts=SMALL_IMAGES)
    x = d.add("nn.Conv2d", "conv", d.port("digits", "image"), out_channels=6, kernel_size=8)
    d.add("nn.CrossEntropyLoss", "loss", d.add("nn.Flatten", "flat", x), d.port("digits", "label"))
    mended(d, "class-count", "'out_channels' of 'conv'", label="Set out_channels to 10")


@pytest.mark.parametrize(
    "move", [("nn.Flatten", {"start_dim": 1}), ("op.Select", {"dim": 1, "index": 0}), ("op.Reshape", {"shape": (-1,)})]
)
def test_what_mixes_dimensions_has_no_mend(move):
    """120 scores of a sample are no `out_features`."""
    d = tagger(move, out=10)
    d.add("data.Images", "digits", facts=IMAGES)
    loss(d, "move0", d.port("digits", "label"))
    assert [p.fixes for p in problems(d, "class-count")] in ([()], [])

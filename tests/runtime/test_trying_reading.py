"""What a network with the loss CTC reads: found in the drawing, read as Graves et al. say, and what should be read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from graph.files import load
from runtime import examples, trying
from runtime.asked_samples import sample_of
from runtime.data import prepare
from runtime.insight import Place, insight_of
from runtime.predict import Trained, untrained
from runtime.trying import PictureEntry, Reading, Symbol
from runtime.trying_pixels import pixels
from runtime.trying_reading import find_spelling


@pytest.fixture(scope="module")
def reader() -> Trained:
    project = load(examples.path("read_digits"))
    torch.manual_seed(0)
    return untrained(project, prepare(project))


def shares(*kinds: int, classes: int = 4) -> np.ndarray:
    """What is sure of these classes, one after the other."""
    return np.eye(classes, dtype=np.float32)[list(kinds)]


def test_repeats_are_joined_and_then_blanks_left_out():
    made = Reading(("a", "b", "c", "_"), 3, shares(3, 0, 0, 3, 0, 2, 2, 3))
    assert made.symbols == (Symbol(0, 1, 3), Symbol(0, 4, 5), Symbol(2, 5, 7)) and made.read == ("a", "a", "c")
    assert Reading(("_", "b", "c", "d"), 0, shares(0, 0, 0)).read == ()


def test_what_reads_comes_first_with_its_blank_and_its_names(reader):
    found = trying.describe(reader)
    (way,) = found.ways
    assert [(form.name, form.kind, form.blank) for form in way.forms] == [
        ("chances", "reading", 10), ("likeliest", "numbers", None), ("reading", "values", None),
    ]  # fmt: skip
    assert way.forms[0].names == tuple(map(str, range(11)))


def test_it_reads_what_the_block_of_the_drawing_reads(reader):
    found = trying.describe(reader)
    (way,), read = found.ways, []
    for number in range(3):
        taken = trying.take(reader, found, way, number)
        made = trying.answer(reader, way, way.forms[0], taken.entered)
        assert isinstance(made, Reading) and made.shares.shape == (28, 11)
        np.testing.assert_allclose(made.shares.sum(1), 1, rtol=1e-5)
        place = Place(way.forms[1].port)
        rows = sample_of(reader, found.part, number)
        likeliest = insight_of(reader).look(rows, only=(place,)).value(place)[0].tolist()
        assert [symbol.kind for symbol in made.symbols][: len(likeliest)] == [kind for kind in likeliest if kind != 10]
        (entry,) = way.entries
        assert isinstance(entry, PictureEntry)
        assert np.array_equal(made.picture, pixels(entry, taken.entered[entry.key])[0])
        read += made.read
    assert read  # weights that were never trained say something too


def test_what_is_right_is_what_the_loss_looks_at(reader):
    found = trying.describe(reader)
    (way,), spelling = found.ways, find_spelling(reader)
    for number in range(3):
        taken = trying.take(reader, found, way, number)
        targets = sample_of(reader, found.part, number)[spelling.targets][0].tolist()
        assert taken.symbols == tuple(str(target) for target in targets if target != 10)
        assert taken.truth == " ".join(taken.symbols) and 3 <= len(taken.symbols) <= 5


def test_targets_behind_their_length_do_not_count(reader):
    """Here the drawing says that only the first two do."""
    graph = reader.project.graph
    two = {"expression": "digits[:, 0] * 0 + 2"}
    project = replace(reader.project, graph=graph.set_params(graph.node_named("count").id, two))
    short = untrained(project, prepare(project))
    found = trying.describe(short)
    whole = trying.take(reader, found, found.ways[0], 0).symbols
    assert trying.take(short, found, found.ways[0], 0).symbols == whole[:2] != whole


def test_a_network_without_that_loss_spells_nothing():
    project = load(examples.path("moons_mlp"))
    assert find_spelling(untrained(project, prepare(project))) is None

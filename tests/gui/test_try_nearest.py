"""What the Try panel says to a word that becomes a vector: the words nearest to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graph.files import load
from gui.panels.try_answers import AnswerCard
from gui.panels.try_nearest import Nearest, with_words
from runtime import examples, trying
from runtime.data import prepare
from runtime.predict import untrained
from runtime.trying import Numbers


@pytest.fixture(scope="module")
def skipgram():
    project = load(examples.path("word2vec_skipgram"))
    return untrained(project, prepare(project, Path()))


@pytest.mark.slow
def test_a_vector_of_a_table_is_read_as_the_words_nearest_to_it(skipgram):
    way = trying.describe(skipgram).ways[0]
    (form,) = (form for form in way.forms if form.name == "word_vectors")
    entered = {way.entries[0].key: "a yellow horse stands behind the gate"}
    said = trying.answer(skipgram, way, form, entered)
    assert isinstance(said, Numbers) and len(said.values) == 24
    found = with_words(skipgram, form, said)
    assert isinstance(found, Nearest) and len(found.names) == 10
    assert found.names[0] == "stands" and found.values[0] == pytest.approx(1.0, abs=1e-5), (
        "the word in the middle itself"
    )
    assert list(found.values) == sorted(found.values, reverse=True)
    table = skipgram.model.get_parameter("word_vectors.weight").detach().numpy()
    own = np.array(said.values)
    cosines = np.sort(table @ own / np.linalg.norm(table, axis=1) / np.linalg.norm(own))[::-1]
    assert found.values[1] <= cosines[1] + 1e-5, "no word is nearer than the rows of the table allow"


def test_other_answers_stay_what_they_are(skipgram):
    way = trying.describe(skipgram).ways[0]
    said = Numbers(("a", "b"), (1.0, 2.0))
    assert with_words(skipgram, way.forms[0], said) is said


def test_the_card_says_how_to_read_them(qtbot):
    card = AnswerCard()
    qtbot.addWidget(card)
    card.show_result(Nearest(("gate", "door"), (1.0, 0.75)))
    assert card.figures.others.isVisibleTo(card) and "cosine" in card.note.text()

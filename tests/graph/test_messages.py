"""Sentences, their values and their language."""

from __future__ import annotations

import json

import pytest

from graph import messages
from graph.messages import EditError, LayerloomError, Message, languages, msg, set_language, tr


@pytest.fixture
def pirate(tmp_path, monkeypatch):
    table = {"Save {name}": "Stow {name}", "the deck": "th' deck"}
    (tmp_path / "pirate.json").write_text(json.dumps(table), encoding="utf-8")
    monkeypatch.setattr(messages, "TRANSLATIONS", tmp_path)


def test_values_fill_the_fields():
    assert str(msg("Save {name}", name="a {b}")) == "Save a {b}"
    assert tr("Save {name}", name=3) == "Save 3"
    assert str(msg("50 {exactly as it is}")) == "50 {exactly as it is}"


def test_the_language_counts_when_it_is_shown(pirate):
    message = msg("Save {name}", name=msg("the deck"))
    assert str(message) == "Save the deck"
    set_language("pirate")
    assert str(message) == "Stow th' deck"
    assert tr("Open") == "Open"  # not in the table
    assert messages.language() == "pirate"


def test_a_language_without_a_table_is_english(pirate):
    set_language("klingon")
    assert (messages.language(), tr("the deck")) == ("en", "the deck")


def test_languages_are_those_with_a_table(pirate):
    assert languages() == ("en", "pirate")


def test_an_error_carries_its_sentence_and_place():
    error = EditError(msg("No {thing}", thing="way"), node="n1")
    assert (str(error), error.node, error.message) == ("No way", "n1", Message("No {thing}", {"thing": "way"}))
    assert isinstance(error, LayerloomError)
    assert isinstance(error, ValueError)

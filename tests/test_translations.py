"""Every sentence that a person can see is a literal, and stands in every translation with the same fields."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from string import Formatter

import pytest

from graph.catalog import CATALOG
from graph.catalog.optimizers import OPTIMIZERS, SCHEDULERS
from graph.messages import TRANSLATIONS
from sources import Source, sources

MAKERS = {"msg", "tr", "Message"}
LANGUAGES = sorted({"zh_CN", *(path.stem for path in TRANSLATIONS.glob("*.json"))})


def made() -> Iterator[tuple[Source, ast.Call]]:
    """Every place where a sentence is made, apart from the module that defines the makers."""
    for source in sources():
        if source.path != "graph/messages.py":
            yield from ((source, call) for name, call in source.calls() if name in MAKERS)


def is_literal(call: ast.Call) -> bool:
    return bool(call.args) and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)


def described() -> Iterator[str]:
    """The catalogue's help, and its labels apart from those that are PyTorch's own names."""
    for entry in (*CATALOG.values(), *OPTIMIZERS.values(), *SCHEDULERS.values()):
        yield entry.help
        yield from (param.help for param in entry.params)
        if not entry.id.endswith(f".{entry.label}"):
            yield entry.label
    for node_type in CATALOG.values():
        yield from (port.help for port in (*node_type.inputs, *node_type.outputs))


def texts() -> set[str]:
    literals = {call.args[0].value for _, call in made() if is_literal(call)}
    return literals | set(described()) - {""}


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_sentences_are_literals():
    assert [source.where(call) for source, call in made() if not is_literal(call)] == []


def test_the_values_of_a_sentence_are_its_fields():
    """A `msg` without any value may be an entry of a table, whose values come later."""
    wrong = []
    for source, call in made():
        names = {k.arg for k in call.keywords}
        plain = is_literal(call) and len(call.args) == 1 and None not in names
        table = not names and ast.unparse(call.func) == "msg"
        if plain and not table and fields(call.args[0].value) != names:
            wrong.append(source.where(call))
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated(language):
    table = json.loads((TRANSLATIONS / f"{language}.json").read_text("utf-8"))
    assert sorted(texts() - table.keys()) == []
    assert sorted(text for text, translation in table.items() if not translation.strip()) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_have_the_fields_of_the_original(language):
    table = json.loads((TRANSLATIONS / f"{language}.json").read_text("utf-8"))
    assert [text for text, translation in table.items() if fields(text) != fields(translation)] == []

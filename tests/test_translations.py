"""Every sentence that a person can see is a literal, and stands in every translation with the same fields."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from string import Formatter

import pytest

from graph.catalog import CATALOG, NodeType
from graph.catalog.definitions import PORT_HELP, USE_PARAMS
from graph.catalog.initializers import INITIALIZERS
from graph.catalog.optimizers import OPTIMIZERS, SCHEDULERS, ChoiceType
from graph.catalog.types import NEXT_OUTPUT
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
    """The catalogue's help, and its labels and summaries apart from those that are PyTorch's own names."""
    for entry in (*CATALOG.values(), *OPTIMIZERS.values(), *SCHEDULERS.values(), *INITIALIZERS.values()):
        yield entry.help
        yield from (param.help for param in entry.params)
        if not is_of_torch(entry):
            yield entry.label
    yield from (*(param.help for param in USE_PARAMS), *PORT_HELP.values(), NEXT_OUTPUT)
    for node_type in CATALOG.values():
        yield from (port.help for port in (*node_type.inputs, *node_type.outputs))
        if not is_of_torch(node_type):
            yield node_type.summary


def is_of_torch(entry: NodeType | ChoiceType) -> bool:
    """Whether the entry is called like the class of PyTorch that it stands for."""
    return entry.id.startswith("torch.") and entry.id.endswith(f".{entry.label}")


def texts() -> set[str]:
    literals = {call.args[0].value for _, call in made() if is_literal(call)}
    return {text for text in literals | set(described()) if has_words(text)}


def has_words(text: str) -> bool:
    """Whether there is anything besides the fields."""
    return any(between.strip() for between, *_ in Formatter().parse(text))


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


@pytest.fixture(params=LANGUAGES)
def table(request: pytest.FixtureRequest) -> dict[str, str]:
    """The translations into one language."""
    return json.loads((TRANSLATIONS / f"{request.param}.json").read_text("utf-8"))


def test_every_sentence_is_translated(table: dict[str, str]):
    assert sorted(texts() - table.keys()) == []
    assert sorted(text for text, translation in table.items() if not translation.strip()) == []


def test_every_translation_is_of_a_sentence(table: dict[str, str]):
    assert sorted(table.keys() - texts()) == []


def test_translations_have_the_fields_of_the_original(table: dict[str, str]):
    assert [text for text, translation in table.items() if fields(text) != fields(translation)] == []


@pytest.mark.parametrize("mark", ["&", "…"])
def test_translations_have_the_marks_of_the_original(table: dict[str, str], mark: str):
    """The letters that open a menu entry, and the dots of one that asks something first."""
    assert [text for text, translation in table.items() if text.count(mark) != translation.count(mark)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_file_is_sorted(language: str):
    """One entry a line, so that changes are easy to see."""
    written = (TRANSLATIONS / f"{language}.json").read_text("utf-8")
    assert written == json.dumps(json.loads(written), ensure_ascii=False, indent=2, sort_keys=True) + "\n"

"""Finds node types by what a person types: one ranking for the library and for the canvas' quick add."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import IntEnum, auto
from functools import cache
from pathlib import Path

from graph.catalog import FAMILY_LABELS, NodeType
from graph.messages import translate
from gui.shelf import is_on_shelf

_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+\w?|[^\W\d_]+")
OWN = ("block", "code")  # families of types that people define
# What people look for in other languages: a file a language, by type id or name of a ready block the words, with spaces between.
WORDS = Path(__file__).resolve().parents[2] / "resources" / "search_words"


class Fit(IntEnum):
    """How a word fits a node type, best first."""

    LABEL_IS = auto()
    LABEL_STARTS = auto()
    PART_STARTS = auto()
    SYNONYM_STARTS = auto()
    LABEL_CONTAINS = auto()
    FAMILY_STARTS = auto()
    SYNONYM_CONTAINS = auto()
    LETTERS_IN_ORDER = auto()
    HELP_CONTAINS = auto()


def label_of(node_type: NodeType) -> str:
    """What a type is called for people; the names that they gave themselves are not translated."""
    return node_type.label if node_type.family in OWN else translate(node_type.label)


def rank(query: str, types: Iterable[NodeType], shelf: Iterable[NodeType] = ()) -> list[NodeType]:
    """The types that fit every word of the query, best first; all of them, as they come, for an empty query.

    A word fits the label (in English or translated), a synonym, the family or the help; failing those, its letters in order in the label
    (`bn2` finds BatchNorm2d). Hyphens are spaces. Where a word only describes what it finds, blocks come before single
    layers; among equals the shorter label comes first, then the order of `types`. Those of `shelf` (blocks in files)
    stand behind everything that the query may be a name of; what is among the own `types` by the same name is left out
    of them, and is found by the same words.
    """
    types, shelf = list(types), list(shelf)
    own = {node_type.label for node_type in types if node_type.family in OWN}
    described = {node_type.label: node_type.synonyms for node_type in shelf}
    shelf = [node_type for node_type in shelf if node_type.label not in own]
    words = _spaced(query).split()
    if not words:
        return [*types, *shelf]
    found = []
    for node_type in (*types, *shelf):
        more = described.get(node_type.label, ()) if node_type.family in OWN else ()
        fit = _fit(words, replace(node_type, synonyms=(*node_type.synonyms, *more)))
        if fit is not None:
            found.append((_order(fit, node_type, on_shelf=is_on_shelf(node_type.id)), node_type))
    return [node_type for _, node_type in sorted(found, key=lambda entry: entry[0])]


def _order(fit: Fit, node_type: NodeType, *, on_shelf: bool) -> tuple[Fit, int, int]:
    """What to sort by: smaller comes first."""
    describes = fit >= Fit.SYNONYM_STARTS
    if on_shelf:
        return max(fit, Fit.SYNONYM_STARTS), 0 if describes else 2, len(node_type.label)
    return fit, 1 if describes and node_type.family != "block" else 0, len(node_type.label)


@cache
def search_words() -> Mapping[str, tuple[str, ...]]:
    """The words of all languages besides English, by type id or name of a ready block."""
    words: dict[str, tuple[str, ...]] = {}
    for path in sorted(WORDS.glob("*.json")):
        for key, text in json.loads(path.read_text("utf-8")).items():
            words[key] = (*words.get(key, ()), *text.split())
    return words


def _spaced(text: str) -> str:
    return text.casefold().replace("-", " ")


def _fit(words: list[str], node_type: NodeType) -> Fit | None:
    """How the words written together fit, if they fit the label; else how the worst of them does."""
    names = {node_type.label, label_of(node_type)}
    parts = [part.casefold() for name in names for part in _PARTS.findall(name)]
    labels = [name.casefold() for name in names]
    key = node_type.label if node_type.family in OWN else node_type.id
    synonyms = [_spaced(synonym) for synonym in (*node_type.synonyms, *search_words().get(key, ()))]
    family = str(FAMILY_LABELS.get(node_type.family, node_type.family)).casefold()
    text = translate(node_type.help).casefold()

    def fit(word: str) -> Fit | None:
        tests = (
            (Fit.LABEL_IS, word in labels),
            (Fit.LABEL_STARTS, any(label.startswith(word) for label in labels)),
            (Fit.PART_STARTS, any(part.startswith(word) for part in parts)),
            (Fit.SYNONYM_STARTS, any(synonym.startswith(word) for synonym in synonyms)),
            (Fit.LABEL_CONTAINS, any(word in label for label in labels)),
            (Fit.FAMILY_STARTS, family.startswith(word)),
            (Fit.SYNONYM_CONTAINS, any(word in synonym for synonym in synonyms)),
            (Fit.LETTERS_IN_ORDER, any(label[:1] == word[0] and _in_order(word, label) for label in labels)),
            (Fit.HELP_CONTAINS, (len(word) > 2 or not word.isascii()) and word in text),
        )
        return next((name for name, fits in tests if fits), None)

    together = fit("".join(words))
    if together is not None and together <= Fit.LABEL_CONTAINS:
        return together
    each = [fit(word) for word in words]
    return None if None in each else max(name for name in each if name is not None)


def _in_order(letters: str, text: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)

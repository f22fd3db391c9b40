"""Finds node types by what a person types: one ranking for the library and for the canvas' quick add."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from enum import IntEnum, auto
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from graph.catalog import FAMILY_LABELS, NodeType
from graph.messages import Message, translate
from gui.fuzzy import begins_but_for_a_slip, in_all_languages, in_order, initials_of, parts_of
from gui.shelf import is_on_shelf

OWN = ("block", "code")  # families of types that people define
# More words that people look for, such as those of other languages: by type id or name of a ready block, spaces between.
WORDS = Path(__file__).resolve().parents[2] / "resources" / "search_words"
# What people mean more often than its neighbors, the most frequent first.
COMMON = tuple(
    "Conv2d Linear ReLU BatchNorm2d MaxPool2d Dropout Flatten CrossEntropyLoss LSTM Embedding LayerNorm GELU MSELoss "
    "AvgPool2d AdaptiveAvgPool2d MultiheadAttention TransformerEncoderLayer Add Concatenate Upsample Sigmoid "
    "Softmax Tanh GRU BCEWithLogitsLoss Images Input Output Identity Interpolate Reshape Accuracy".split()
)
_PLACES = {label: place for place, label in enumerate(COMMON)}
_BETWEEN_SCRIPTS = re.compile(r"(?<=[a-z0-9])(?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])(?=[a-z0-9])")


class Fit(IntEnum):
    """How a word fits a node type, best first."""

    LABEL_IS = auto()
    ALIAS_IS = auto()
    LABEL_STARTS = auto()
    PART_STARTS = auto()
    INITIALS_START = auto()
    SYNONYM_STARTS = auto()
    LABEL_CONTAINS = auto()
    FAMILY_STARTS = auto()
    SYNONYM_CONTAINS = auto()
    BEGINS_WITH_ALIAS = auto()
    LABEL_WITH_SLIP = auto()
    SYNONYM_WITH_SLIP = auto()
    LETTERS_IN_ORDER = auto()
    HELP_CONTAINS = auto()


class _Words(NamedTuple):
    """What a type is found by, small, in all languages. A text of several entries has a line break around each of them."""

    labels: str
    parts: str
    initials: str
    aliases: str
    synonyms: str
    families: str
    help: str
    label_words: frozenset[str]
    synonym_words: frozenset[str]


def label_of(node_type: NodeType) -> str:
    """What a type is called for people; the names that they gave themselves are not translated."""
    return node_type.label if node_type.family in OWN else translate(node_type.label)


def rank(
    query: str, types: Iterable[NodeType], shelf: Iterable[NodeType] = (), *, preferred: Container[str] = ()
) -> list[NodeType]:
    """The types that fit every word of the query, best first; all of them, as they come, for an empty query.

    A word fits the label, a synonym, the family or the help, in English or any other language, whichever is on show;
    failing those, with one slip of the finger, or by its letters in order (`bn2` finds BatchNorm2d). Hyphens are spaces.
    Where a word only describes what it finds, blocks come before single layers; among equals what is common comes first,
    then the shorter label, then the order of `types`. Those of `shelf` (blocks in files) stand behind everything that the
    query may be a name of; what is among the own `types` by the same name is left out of them, and is found by the same
    words. Among what a word fits in the same way, and for an empty query, types whose ids are `preferred` come first.
    """
    types, shelf = list(types), list(shelf)
    own = {node_type.label for node_type in types if node_type.family in OWN}
    described = {node_type.label: node_type.synonyms for node_type in shelf}
    shelf = [node_type for node_type in shelf if node_type.label not in own]
    words = _BETWEEN_SCRIPTS.sub(" ", _spaced(query)).split()
    everything = sorted([*types, *shelf], key=lambda node_type: node_type.id not in preferred)
    if not words:
        return everything
    known = [_words_of(t, described.get(t.label, ()) if t.family in OWN else ()) for t in everything]
    slips = _Slips(known)
    found = []
    for node_type, names in zip(everything, known, strict=True):
        fit = _fit(words, names, slips)
        if fit is not None:
            fit, *order = _order(fit, node_type, on_shelf=is_on_shelf(node_type.id))
            found.append(((fit, node_type.id not in preferred, *order), node_type))
    return [node_type for _, node_type in sorted(found, key=lambda entry: entry[0])]


@cache
def search_words() -> Mapping[str, tuple[str, ...]]:
    """The words of the files, by type id or name of a ready block."""
    words: dict[str, tuple[str, ...]] = {}
    for path in sorted(WORDS.glob("*.json")):
        for key, text in json.loads(path.read_text("utf-8")).items():
            words[key] = (*words.get(key, ()), *text.split())
    return words


class _Slips:
    """The names that a word may mean with one slip of the finger. Types share names, so each is looked at once a word."""

    def __init__(self, known: Sequence[_Words]) -> None:
        self._known = known
        self._names: frozenset[str] = frozenset()
        self._found: dict[str, frozenset[str]] = {}

    def of(self, word: str) -> frozenset[str]:
        """The names that begin with the word but for a slip."""
        if word not in self._found:
            self._names = self._names or frozenset().union(
                *(names for known in self._known for names in (known.label_words, known.synonym_words))
            )
            self._found[word] = frozenset(name for name in self._names if begins_but_for_a_slip(name, word))
        return self._found[word]


def _order(fit: Fit, node_type: NodeType, *, on_shelf: bool) -> tuple[Fit, int, int, int]:
    """What to sort by: smaller comes first."""
    describes = fit >= Fit.SYNONYM_STARTS and fit is not Fit.LABEL_WITH_SLIP
    length = len(node_type.label)
    if on_shelf:
        return max(fit, Fit.SYNONYM_STARTS), 0 if describes else 2, len(COMMON), length
    behind_blocks = describes and node_type.family != "block"
    return fit, 1 if behind_blocks else 0, _PLACES.get(node_type.label, len(COMMON)), length


def _words_of(node_type: NodeType, more: Sequence[str]) -> _Words:
    synonyms = (*node_type.synonyms, *more)
    return _gathered(node_type.id, node_type.label, node_type.family, node_type.help, synonyms)


@lru_cache(maxsize=4096)
def _gathered(type_id: str, label: str, family: str, text: str, synonyms: tuple[str, ...]) -> _Words:
    labels = (label,) if family in OWN else in_all_languages(label)
    aliases = [_spaced(word) for word in search_words().get(label if family in OWN else type_id, ())]
    family_label = FAMILY_LABELS.get(family, family)
    families = in_all_languages(family_label.text if isinstance(family_label, Message) else family_label)
    return _Words(
        labels=_lines(name.casefold() for name in labels),
        parts=_lines(part for name in labels for part in parts_of(name)),
        initials=_lines(map(initials_of, labels)),
        aliases=_lines(aliases),
        synonyms=_lines((*map(_spaced, synonyms), *aliases)),
        families=_lines(name.casefold() for name in families),
        help=_lines(name.casefold() for name in in_all_languages(text)),
        label_words=frozenset(word for name in labels for word in (name.casefold(), *parts_of(name))),
        synonym_words=frozenset((*map(_spaced, synonyms), *aliases)),
    )


def _lines(texts: Iterable[str]) -> str:
    return "\n" + "".join(f"{text}\n" for text in texts)


def _spaced(text: str) -> str:
    return text.casefold().replace("-", " ")


def _fit(words: list[str], known: _Words, slips: _Slips) -> Fit | None:
    """How the words fit as one name, if they do; else how the worst of them does."""
    if len(words) > 1:
        wholes = [fit for whole in ("".join(words), " ".join(words)) if (fit := _strict_fit(whole, known)) is not None]
        if wholes and min(wholes) <= Fit.LABEL_CONTAINS:
            return min(wholes)
    worst = Fit.LABEL_IS
    for word in words:
        fit = _strict_fit(word, known) or _loose_fit(word, known, slips)
        if fit is None:
            return None
        worst = max(worst, fit)
    return worst


def _strict_fit(word: str, known: _Words) -> Fit | None:
    """How one word fits as it is written."""
    line, start = f"\n{word}\n", f"\n{word}"
    tests = (
        (Fit.LABEL_IS, line in known.labels),
        (Fit.ALIAS_IS, line in known.aliases),
        (Fit.LABEL_STARTS, start in known.labels),
        (Fit.PART_STARTS, start in known.parts),
        (Fit.INITIALS_START, len(word) > 1 and start in known.initials),
        (Fit.SYNONYM_STARTS, start in known.synonyms),
        (Fit.LABEL_CONTAINS, word in known.labels),
        (Fit.FAMILY_STARTS, start in known.families),
        (Fit.SYNONYM_CONTAINS, word in known.synonyms),
    )
    return next((fit for fit, fits in tests if fits), None)


def _loose_fit(word: str, known: _Words, slips: _Slips) -> Fit | None:
    """How one word fits with a slip, with letters left out or too many of them, or by the help."""
    if word.isascii():
        slipped = slips.of(word)
        tests = (
            (Fit.LABEL_WITH_SLIP, not slipped.isdisjoint(known.label_words)),
            (Fit.SYNONYM_WITH_SLIP, not slipped.isdisjoint(known.synonym_words)),
            (Fit.LETTERS_IN_ORDER, len(word) > 1 and any(in_order(word, name) for name in known.label_words)),
            (Fit.HELP_CONTAINS, len(word) > 2 and word in known.help),
        )
    else:
        names = known.synonym_words
        tests = (
            (Fit.BEGINS_WITH_ALIAS, any(len(name) > 1 and word.startswith(name) for name in names)),
            (Fit.LETTERS_IN_ORDER, len(word) > 1 and any(in_order(word, name) for name in names)),
            (Fit.HELP_CONTAINS, word in known.help),
        )
    return next((fit for fit, fits in tests if fits), None)

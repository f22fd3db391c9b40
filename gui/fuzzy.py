"""Matches what a person types against names: beginnings, parts, initials, one slip of the finger, letters in order."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache

from graph.messages import TRANSLATIONS

PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+\w?|[^\W\d_]+")
LEAST_FOR_SWAPS, LEAST_FOR_SLIPS = 3, 4  # letters that a word must have before a slip is forgiven


def in_all_languages(text: str) -> tuple[str, ...]:
    """A text of the application in English and in every language it is translated into, each once."""
    return tuple(dict.fromkeys((text, *(table.get(text, text) for table in _tables()))))


def english_of(text: str) -> str:
    """What a text on show is the translation of; the text itself where it is none."""
    return _originals().get(text, text)


def parts_of(name: str) -> list[str]:
    """The words that a name is made of, small: `BatchNorm2d` is batch, norm and 2d."""
    return [part.casefold() for part in PARTS.findall(name)]


def initials_of(name: str) -> str:
    """The first letters of the parts of a name, and its figures whole: `BatchNorm2d` is bn2d."""
    return "".join(part if part[0].isdigit() else part[0] for part in parts_of(name))


def begins_but_for_a_slip(text: str, word: str) -> bool:
    """Whether the text begins with the word if two letters of it were swapped or, in longer words, one was wrong, missing
    or too much."""
    if len(word) < LEAST_FOR_SWAPS or not word.isascii():
        return False
    same = next((i for i, (a, b) in enumerate(zip(word, text, strict=False)) if a != b), min(len(word), len(text)))
    if same == len(word):
        return True
    if text[same : same + 2] == word[same : same + 2][::-1] and text.startswith(word[same + 2 :], same + 2):
        return len(word) >= same + 2
    rest = word[same + 1 :]
    return len(word) >= LEAST_FOR_SLIPS and (
        (same < len(text) and text.startswith(rest, same + 1))
        or text.startswith(rest, same)
        or text.startswith(word[same:], same + 1)
    )


def in_order(letters: str, text: str) -> bool:
    """Whether the letters come in the text in their order, the first one at its beginning."""
    if text[:1] != letters[:1]:
        return False
    rest = iter(text)
    return all(letter in rest for letter in letters)


def words_fit(query: str, texts: Sequence[str]) -> int | None:
    """How well a query fits something that has several names, such as its words in two languages: less is better.

    Every word of the query has to fit some name; the names are small (`str.casefold`). None if one fits none.
    """
    words = query.casefold().split()
    whole = " ".join(words)
    if any(text.startswith(whole) for text in texts):
        return 0
    grades = [
        min((grade for text in texts if (grade := _grade(word, text)) is not None), default=None) for word in words
    ]
    return None if None in grades else max((grade for grade in grades if grade is not None), default=0)


def _grade(word: str, text: str) -> int | None:
    if word in text:
        at_a_word = text.startswith(word) or f" {word}" in text or not word.isascii()
        return 1 if at_a_word else 3
    parts = text.split()
    if len(word) > 1 and "".join(part[0] for part in parts).startswith(word):
        return 2
    if any(begins_but_for_a_slip(part, word) for part in parts):
        return 4
    return 5 if len(word) > 2 and word.isascii() and in_order(word, text) else None


@cache
def _tables() -> tuple[Mapping[str, str], ...]:
    """The translations of all languages."""
    return tuple(json.loads(path.read_text("utf-8")) for path in sorted(TRANSLATIONS.glob("*.json")))


@cache
def _originals() -> Mapping[str, str]:
    """The English of every translation."""
    return {translation: text for table in _tables() for text, translation in table.items()}

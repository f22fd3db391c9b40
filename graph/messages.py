"""Sentences for people: an English text with named values, translated when it is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

TRANSLATIONS = Path(__file__).resolve().parent.parent / "resources" / "translations"
PSEUDO = "en_XA"  # a language that nobody chooses: English, accented and 40 % longer, to find texts that are cut off
_LONGER = 1.4
_ACCENTED = str.maketrans("aceinorstuyzACEINORSTUYZ", "áčéíñóŕšťúýžÁČÉÍÑÓŔŠŤÚÝŽ")
_FIELD = re.compile(r"(\{[^{}]*\})")

_language = "en"
_table: Mapping[str, str] = {}


def languages() -> tuple[str, ...]:
    """Codes of the languages that can be chosen, English first."""
    return ("en", *sorted(path.stem for path in TRANSLATIONS.glob("*.json")))


def language() -> str:
    """The code of the language in use."""
    return _language


def set_language(code: str) -> None:
    """Use the language `code` from now on, or `PSEUDO`; a code without a table falls back to English."""
    global _language, _table
    if code == PSEUDO:
        _language, _table = PSEUDO, {}
        return
    path = TRANSLATIONS / f"{code}.json"
    _language, _table = ("en", {}) if not path.is_file() else (code, json.loads(path.read_text("utf-8")))


def translate(text: str) -> str:
    """The text in the language in use, or the English text itself where no translation exists."""
    return pseudo(text) if _language == PSEUDO else _table.get(text, text)


def pseudo(text: str) -> str:
    """The text in the pseudo language, with its {fields}: `Layers` becomes `[Láýéŕš ~]`."""
    if not text.strip():
        return text
    parts = _FIELD.split(text)
    accented = "".join(part if part.startswith("{") else part.translate(_ACCENTED) for part in parts)
    return f"[{accented} {'~' * max(1, round((_LONGER - 1) * len(text)) - 3)}]"


@dataclass(frozen=True, slots=True)
class Message:
    """A translatable sentence; `str()` gives it in the language in use at that moment.

    `text` is a literal with `{name}` fields (tests collect these literals to check the
    translations), `values` fills the fields. A value may itself be a `Message`.
    """

    text: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        template = translate(self.text)
        return template.format_map(self.values) if self.values else template


def msg(text: str, /, **values: object) -> Message:
    """Short for `Message(text, values)`."""
    return Message(text, values)


def tr(text: str, /, **values: object) -> str:
    """The sentence in the language in use now: `str(msg(text, ...))`."""
    return str(Message(text, values))


class LayerloomError(ValueError):
    """Something the person can mend. `message` says what happened, where, and what to do next.

    LayerloomError
    ├── EditError      an edit that makes nonsense (a cycle, a second wire into an input)
    ├── FileError      a graph file that cannot be read or written
    ├── ProjectError   a drawing that cannot run as it is (carries the problems)
    ├── DataError      data that is missing or wrong
    ├── RunError       training that cannot start or go on
    └── ExportError    an export that failed, or failed its comparison
    """

    def __init__(self, message: Message, *, node: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.node = node

    def __str__(self) -> str:
        return str(self.message)


class EditError(LayerloomError):
    """An edit that makes nonsense."""


class FileError(LayerloomError):
    """A graph file that cannot be read or written."""


class ProjectError(LayerloomError):
    """A drawing that cannot run as it is."""


class DataError(LayerloomError):
    """Data that is missing or wrong."""


class RunError(LayerloomError):
    """Training that cannot start or go on."""


class ExportError(LayerloomError):
    """An export that failed, or failed its comparison."""

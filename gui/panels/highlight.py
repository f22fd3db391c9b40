"""Colours Python text by the tokens that Pygments finds, in the colours of the theme."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

from PySide6.QtGui import QSyntaxHighlighter, QTextCharFormat, QTextDocument

from gui.theme import theme

# Pygments' names of token types, most special first, and the theme role that colours each.
ROLES = {
    "Comment": "faint",
    "Keyword": "linear",
    "Literal.String": "good",
    "Literal.Number": "activation",
    "Name.Class": "pooling",
    "Name.Function": "accent",
    "Name.Builtin.Pseudo": "arithmetic",
    "Name.Builtin": "pooling",
    "Operator": "muted",
    "Punctuation": "muted",
}


class Span(NamedTuple):
    """A stretch of one line and the theme role of its colour."""

    start: int
    length: int
    role: str


class PythonHighlighter(QSyntaxHighlighter):
    """Colours the lines of a document, each by itself: generated Python has no token that goes over several."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        theme.changed.connect(self.rehighlight)

    def highlightBlock(self, text: str) -> None:
        for start, length, role in spans(text) if text else ():
            self.setFormat(start, length, _format(theme.name, role))


@lru_cache(maxsize=16384)
def spans(line: str) -> tuple[Span, ...]:
    """The stretches of a line of Python that have a colour of their own."""
    found, column = [], 0
    for token, part in _lexer().get_tokens(line):
        if (role := _role(token)) and part.strip():
            found.append(Span(column, len(part), role))
        column += len(part)
    return tuple(found)


@cache
def _role(token: tuple[str, ...]) -> str | None:
    name = ".".join(token)
    return next((role for start, role in ROLES.items() if name == start or name.startswith(start + ".")), None)


@cache
def _lexer():
    from pygments.lexers.python import PythonLexer

    return PythonLexer(stripnl=False, ensurenl=False)


@cache
def _format(_theme_name: str, role: str) -> QTextCharFormat:
    made = QTextCharFormat()
    made.setForeground(theme.color(role))
    return made

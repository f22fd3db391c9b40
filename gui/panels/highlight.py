"""Colours Python text by the tokens that Pygments finds, in the colours of the theme."""

from __future__ import annotations

from functools import cache
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
    """Colours the lines of a document. `take` the text before it goes into the document."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._lines: list[list[Span]] = []
        theme.changed.connect(self.rehighlight)

    def take(self, text: str) -> None:
        """Find the tokens of the text that the document is going to hold."""
        self._lines = spans(text)

    def highlightBlock(self, _text: str) -> None:
        number = self.currentBlock().blockNumber()
        for start, length, role in self._lines[number] if number < len(self._lines) else ():
            self.setFormat(start, length, _format(theme.name, role))


def spans(text: str) -> list[list[Span]]:
    """For each line of a Python text the stretches that have a colour of their own."""
    lines: list[list[Span]] = [[]]
    column = 0
    for token, value in _lexer().get_tokens(text):
        role = _role(token)
        for number, part in enumerate(value.split("\n")):
            if number:
                lines.append([])
                column = 0
            if role and part.strip():
                lines[-1].append(Span(column, len(part), role))
            column += len(part)
    return lines


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

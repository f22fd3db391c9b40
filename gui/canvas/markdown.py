"""Markdown as a document to paint: nothing is fetched for it, no image is loaded, formulas stay as they are typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from PySide6.QtGui import (
    QColor,
    QFont,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFragment,
)

from gui.canvas.palette import Colors
from gui.theme import mono_font

HEADINGS = {1: 2, 2: 1}  # by level: how many of Qt's steps (about a fifth each) they are larger than the text
SCHEMES = ("http", "https")  # of links that may be opened
# Code is left alone; in a formula every sign that means something in Markdown is made an ordinary one.
_CODE_OR_FORMULA = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]*`)|(\$\$?[^$\n]+\$\$?)", re.DOTALL)
_SIGN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~&])")
_EMPHASIS = re.compile(r"\*+|__|`+")
_FEATURES = QTextDocument.MarkdownFeature.MarkdownDialectGitHub | QTextDocument.MarkdownFeature.MarkdownNoHTML


class MarkdownDocument(QTextDocument):
    """A Markdown text in the colors of a theme."""

    def __init__(self, text: str, font: QFont, colors: Colors) -> None:
        super().__init__()
        self.setDocumentMargin(0.0)
        self.setDefaultFont(font)
        self.setUndoRedoEnabled(False)
        self.setMarkdown(_with_plain_formulas(text), _FEATURES)
        self._dress(font, colors)

    def loadResource(self, kind: int, name: object) -> object:
        """Nothing: neither files nor addresses are read."""
        return None

    def _dress(self, font: QFont, colors: Colors) -> None:
        self.setIndentWidth(1.5 * font.pixelSize())
        for block in _blocks(self):
            _space(block, font)
            for fragment in _fragments(block):
                if fragment.charFormat().isImageFormat():
                    _cursor(fragment, self).insertText(_words_for(fragment.charFormat()), QTextCharFormat())
                else:
                    _cursor(fragment, self).mergeCharFormat(_format(fragment, block, font, colors))


def can_open(url: str) -> bool:
    """Whether a link leads to a page: other links are shown, and that is all."""
    return urlsplit(url).scheme.lower() in SCHEMES and bool(urlsplit(url).netloc)


def link_color(colors: Colors) -> QColor:
    """The color of links: the accent, so much stronger that it reads on every note."""
    return colors.mix("accent", "text", 0.65)


def first_line(text: str) -> str:
    """What a text begins with, without the signs of Markdown."""
    lines = (_EMPHASIS.sub("", line.strip().lstrip("#>-*+ ")).strip("_ ") for line in text.splitlines())
    return next((line for line in lines if line), "")


def _with_plain_formulas(text: str) -> str:
    return _CODE_OR_FORMULA.sub(lambda found: found[1] or _SIGN.sub(r"\\\1", found[2]), text)


def _blocks(document: QTextDocument) -> Iterator[QTextBlock]:
    block = document.begin()
    while block.isValid():
        yield block
        block = block.next()


def _fragments(block: QTextBlock) -> list[QTextFragment]:
    """The stretches of one format, the last one first, so that earlier places stay while later ones change."""
    found, entry = [], block.begin()
    while not entry.atEnd():
        if entry.fragment().isValid():
            found.append(entry.fragment())
        entry += 1
    return found[::-1]


def _cursor(fragment: QTextFragment, document: QTextDocument) -> QTextCursor:
    """A cursor that has the stretch selected."""
    cursor = QTextCursor(document)
    cursor.setPosition(fragment.position())
    cursor.setPosition(fragment.position() + fragment.length(), QTextCursor.MoveMode.KeepAnchor)
    return cursor


def _space(block: QTextBlock, font: QFont) -> None:
    """Paragraphs stand apart, entries of lists and lines of code close together."""
    form = QTextBlockFormat()
    apart = block.textList() is None and not block.blockFormat().nonBreakableLines()
    form.setTopMargin(0.0)
    form.setBottomMargin(font.pixelSize() * (0.5 if apart else 0.15))
    QTextCursor(block).mergeBlockFormat(form)


def _format(fragment: QTextFragment, block: QTextBlock, font: QFont, colors: Colors) -> QTextCharFormat:
    """What a stretch of text gets beside what Markdown says of it."""
    given, made = fragment.charFormat(), QTextCharFormat()
    if level := block.blockFormat().headingLevel():
        made.setProperty(QTextFormat.Property.FontSizeAdjustment, HEADINGS.get(level, 0))
    if given.isAnchor():
        made.setForeground(link_color(colors))
        made.setFontUnderline(True)
    if given.fontFixedPitch():
        made.setFontFamilies([mono_font(font.pixelSize()).family()])
        made.setBackground(colors("field"))
    return made


def _words_for(image: QTextCharFormat) -> str:
    """What is said about an image in its place."""
    words = (image.property(name) for name in (QTextFormat.Property.ImageAltText, QTextFormat.Property.ImageTitle))
    return next((str(word) for word in words if word), "")

"""The page of an example beside its drawing."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QUrl, Slot
from PySide6.QtGui import (
    QDesktopServices,
    QKeyEvent,
    QResizeEvent,
    QTextBlockFormat,
    QTextCursor,
    QTextDocument,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextBrowser, QWidget

from graph.messages import tr
from gui.canvas.markdown import MarkdownDocument, can_open
from gui.canvas.palette import Colors, ui_font
from gui.theme import theme

FONT_SIZE = 13
ROOM = 8  # pixels for the frame of the focus
ABOVE_HEADING = 10  # pixels at 100 %


class GuideView(QTextBrowser):
    """Markdown as high as it is, for a column that scrolls. Links open in the browser of the system.

    The right and left arrow keys go from link to link, Enter opens one; Tab leaves.
    """

    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        self._document: QTextDocument | None = None
        self.setAccessibleName(tr("About this example"))
        self.setProperty("kind", "plain")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.viewport().setAutoFillBackground(False)
        self.anchorClicked.connect(self._open)
        theme.changed.connect(self._show)

    def show_text(self, text: str) -> None:
        """Show a text in Markdown."""
        if text != self._text:
            self._text = text
            self._show()

    def sizeHint(self) -> QSize:
        return QSize(200, self._height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setFixedHeight(self._height())

    def focusNextPrevChild(self, forwards: bool) -> bool:
        return QWidget.focusNextPrevChild(self, forwards)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            super().focusNextPrevChild(event.key() == Qt.Key.Key_Right)
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # the column around it scrolls

    def _height(self) -> int:
        self.document().setTextWidth(self.viewport().width())
        return round(self.document().size().height()) + ROOM

    @Slot()
    def _show(self) -> None:
        text = self._text.replace("\n## ", "\n### ")  # no larger than the titles around it
        document = MarkdownDocument(text, ui_font(theme.px(FONT_SIZE)), Colors(theme.name))
        document.setParent(self)
        _set_headings_apart(document)
        self.setDocument(document)
        if self._document is not None:
            self._document.deleteLater()
        self._document = document
        self.setFixedHeight(self._height())

    @Slot(QUrl)
    def _open(self, url: QUrl) -> None:
        if can_open(url.toString()):
            QDesktopServices.openUrl(url)


def _set_headings_apart(document: QTextDocument) -> None:
    """Room above each heading."""
    block = document.begin()
    while block.isValid():
        if block.blockFormat().headingLevel():
            form = QTextBlockFormat()
            form.setTopMargin(theme.px(ABOVE_HEADING))
            QTextCursor(block).mergeBlockFormat(form)
        block = block.next()

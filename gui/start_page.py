"""The start page: recent files and the gallery, each with its picture, over the documents that are open."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QBoxLayout, QGridLayout, QPushButton, QScrollArea, QWidget

from graph.messages import tr
from gui.canvas.painting import ui_font
from gui.icons import icon
from gui.panels.parts import column, label, row
from gui.theme import GRID, theme
from gui.thumbnails import Thumbnails
from gui.tongue import tongue
from runtime import examples

TILE = QSize(272, 212)  # pixels at 100 %, as the next four
PICTURE_HEIGHT = 128
PICTURE = QSize(TILE.width() - 2, PICTURE_HEIGHT)
MAX_WIDTH = 4 * 272 + 3 * 16  # four tiles and their gaps
GAP = 4 * GRID
LINES = 3  # of the sentence on a tile
NARROW = 400  # room that margins leave for tiles at least
WORD = re.compile(
    r"[\u3000-\u9fff\uff00-\uffef]|[^\s\u3000-\u9fff\uff00-\uffef]*\s*"
)  # Chinese breaks after every sign


class Offer(NamedTuple):
    """A drawing to open: the example of that name, or else the file."""

    title: str
    sentence: str
    path: Path
    example: str = ""


class StartPage(QWidget):
    """Covers its parent until something was chosen, or Escape is pressed; it is gone then."""

    new_requested = Signal()
    open_requested = Signal()
    file_requested = Signal(object)  # Path
    example_requested = Signal(str)
    left = Signal()  # nothing was chosen

    def __init__(self, parent: QWidget, recent: Sequence[Path]) -> None:
        super().__init__(parent)
        self.setObjectName("startPage")
        self.setAccessibleName(tr("Start page"))
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._parent = parent
        self._thumbnails = Thumbnails(_scaled(PICTURE), self.devicePixelRatioF(), self)
        self._thumbnails.made.connect(self._on_made)
        self._grids: list[tuple[QGridLayout, list[Tile]]] = []
        self._columns = 0
        self._build(recent)
        parent.installEventFilter(self)
        self._page.installEventFilter(self)
        self.setGeometry(parent.rect())
        theme.changed.connect(self._on_theme_changed)
        tongue.changed.connect(self._on_back)  # its words are those of the language before

    def open(self) -> None:
        """Show the page and put the focus on it."""
        self.setGeometry(self._parent.rect())
        self.show()
        self.raise_()
        self._new.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def tiles(self) -> list[Tile]:
        """What is offered, in the order on the page."""
        return [tile for _, tiles in self._grids for tile in tiles]

    # ---- parts

    def _build(self, recent: Sequence[Path]) -> None:
        page = QWidget()
        page.setObjectName("startPageContent")
        self._page = page
        self._lines = column(page, spacing=GAP)
        self._lines.addLayout(self._head())
        self._lines.addSpacing(2 * GRID)
        if recent:
            self._section(tr("Recent drawings"), [Offer(path.stem, str(path.parent), path) for path in recent])
        for title, names in examples.SECTIONS:
            self._section(str(title), map(_offer, names))
        self._section(tr("Famous architectures, for data of your own"), map(_offer, examples.architectures()))
        self._lines.addStretch(1)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(page)
        self._scroll = scroll
        column(self).addWidget(scroll)

    def _head(self) -> QBoxLayout:
        words = column(spacing=GRID)
        words.addWidget(label(tr("What do you want to draw?"), tone="title"))
        words.addWidget(
            label(
                tr("Start with an empty canvas, or with a network that works and change it."), tone="muted", wrap=True
            )
        )
        self._new, self._open, self._close = (
            QPushButton(text) for text in (tr("New drawing"), tr("Open…"), tr("Back to the drawing"))
        )
        self._new.setProperty("kind", "primary")
        self._open.setIcon(icon("open"))
        self._new.clicked.connect(self._on_new)
        self._open.clicked.connect(self._on_open)
        self._close.clicked.connect(self._on_back)
        buttons = row(spacing=2 * GRID)
        for button in (self._new, self._open, self._close):
            buttons.addWidget(button)
        buttons.addStretch()
        head = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        head.setSpacing(GAP)
        head.addLayout(words, 1)
        head.addLayout(buttons)
        self._heading, self._words, self._buttons = head, words, buttons
        return head

    def _section(self, title: str, offers: Iterable[Offer]) -> None:
        self._lines.addWidget(label(title, tone="heading"))
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 2 * GRID)
        grid.setSpacing(GAP)
        tiles = []
        for offer in offers:
            tile = Tile(offer)
            tile.clicked.connect(self._on_chosen)
            self._thumbnails.ask(offer.path)
            tiles.append(tile)
        self._grids.append((grid, tiles))
        self._lines.addLayout(grid)

    def _arrange(self) -> None:
        """As many tiles beside each other as there is room for, in the middle; the buttons end where the tiles end."""
        room, pitch = min(theme.px(MAX_WIDTH), max(NARROW, self.width() - 16 * GRID)), _scaled(TILE).width() + GAP
        columns = max(1, (room + GAP) // pitch)
        side = max(8 * GRID, (self.width() - columns * pitch + GAP) // 2)
        self._lines.setContentsMargins(side, 10 * GRID, side, 10 * GRID)
        self._arrange_head(self.width() - 2 * side)
        if columns == self._columns:
            return
        self._columns = columns
        for grid, tiles in self._grids:
            for place, tile in enumerate(tiles):
                grid.addWidget(tile, place // columns, place % columns)
            for place in range(columns):
                grid.setColumnStretch(place, 0)
            grid.setColumnStretch(columns, 1)

    def _arrange_head(self, room: int) -> None:
        """The buttons beside the words, or below them where there is no room for both."""
        needed = self._words.minimumSize().width() + GAP + self._buttons.minimumSize().width()
        directions = QBoxLayout.Direction
        self._heading.setDirection(directions.TopToBottom if needed > room else directions.LeftToRight)

    # ---- what happens

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._on_back()
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self._parent:
            self.setGeometry(self._parent.rect())
        elif event.type() == QEvent.Type.LayoutRequest and watched is self._page:  # also through the size of text
            self._arrange()
        return False

    def leave(self) -> None:
        """Go away for good."""
        self._thumbnails.stop()
        self.hide()
        self.deleteLater()

    @Slot()
    def _on_back(self) -> None:
        self.leave()
        self.left.emit()

    @Slot()
    def _on_new(self) -> None:
        self.leave()
        self.new_requested.emit()

    @Slot()
    def _on_open(self) -> None:
        self.leave()
        self.open_requested.emit()

    @Slot()
    def _on_chosen(self) -> None:
        tile = self.sender()
        assert isinstance(tile, Tile)
        self.leave()
        if tile.offer.example:
            self.example_requested.emit(tile.offer.example)
        else:
            self.file_requested.emit(tile.offer.path)

    @Slot(object, object)
    def _on_made(self, path: Path, picture: QPixmap) -> None:
        for tile in self.tiles:
            if tile.offer.path == path:
                tile.show_picture(picture)

    @Slot()
    def _on_theme_changed(self) -> None:
        self._thumbnails.size = _scaled(PICTURE)
        self._arrange()
        for tile in self.tiles:
            tile.setFixedSize(_scaled(TILE))
            self._thumbnails.ask(tile.offer.path)


class Tile(QAbstractButton):
    """The picture of a drawing over its title and a sentence."""

    def __init__(self, offer: Offer) -> None:
        super().__init__()
        self.offer = offer
        self.setText(offer.title)
        self.setAccessibleName(offer.title)
        self.setAccessibleDescription(offer.sentence)
        self.setToolTip(f"{offer.title}\n{offer.sentence}")
        self.setFixedSize(_scaled(TILE))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self._picture = QPixmap()

    def show_picture(self, picture: QPixmap) -> None:
        """Show the picture of the drawing."""
        self._picture = picture
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        framed = self.hasFocus() or self.underMouse()
        area = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setPen(theme.color("accent" if framed else "border"))
        painter.setBrush(theme.color("card"))
        painter.drawRoundedRect(area, 8, 8)
        height = theme.px(PICTURE_HEIGHT)
        if not self._picture.isNull():
            painter.drawPixmap(1, 1, self._picture)
        painter.setPen(theme.color("border"))
        painter.drawLine(1, height + 1, self.width() - 2, height + 1)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(theme.color("accent"))
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), 7, 7)
        self._paint_words(painter, area.adjusted(3 * GRID, height + 2 * GRID, -3 * GRID, -2 * GRID))

    def _paint_words(self, painter: QPainter, area: QRectF) -> None:
        painter.setFont(ui_font(theme.px(13), bold=True))
        title = painter.fontMetrics().elidedText(self.offer.title, Qt.TextElideMode.ElideRight, int(area.width()))
        painter.setPen(theme.color("text"))
        line = _line_height(painter, title)
        painter.drawText(QRectF(area.left(), area.top(), area.width(), line), Qt.AlignmentFlag.AlignLeft, title)
        painter.setFont(ui_font(theme.px(12)))
        painter.setPen(theme.color("muted"))
        words = QRectF(
            area.left(), area.top() + line + 2, area.width(), LINES * _line_height(painter, self.offer.sentence)
        )
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
        if self.offer.example:
            painter.drawText(
                words, int(flags) | int(Qt.TextFlag.TextWordWrap), _shortened(painter, self.offer.sentence, words)
            )
        else:
            folder = painter.fontMetrics().elidedText(
                self.offer.sentence, Qt.TextElideMode.ElideMiddle, int(words.width())
            )
            painter.drawText(words, flags, folder)


def _line_height(painter: QPainter, text: str) -> float:
    """How high a line is: that of Chinese comes from another font than that of English."""
    return painter.boundingRect(QRectF(0, 0, 1e5, 1e3), 0, text).height()


def _shortened(painter: QPainter, text: str, area: QRectF) -> str:
    """As much of a text as fits into an area, with an ellipsis where it goes on."""
    flags = int(Qt.TextFlag.TextWordWrap)
    words = WORD.findall(text)
    for count in range(len(words), 0, -1):
        shown = "".join(words[:count]).rstrip() + ("" if count == len(words) else "…")
        if painter.boundingRect(area, flags, shown).height() <= area.height() + 1:
            return shown
    return "…"


def _offer(name: str) -> Offer:
    example = examples.describe(name)
    return Offer(str(example.title), str(example.sentence), examples.path(name), name)


def _scaled(size: QSize) -> QSize:
    return QSize(theme.px(size.width()), theme.px(size.height()))

"""A pad to draw a picture on: strokes of the mouse or the keys, over a picture that was put there."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QFileDialog, QSizePolicy, QToolButton, QWidget

from graph.messages import tr
from gui.icons import icon
from gui.panels.parts import column, flat_button, row
from gui.panels.try_entries import EntryCard
from gui.panels.try_ink import Ink
from gui.panels.try_pictures import SmallPicture, as_image, channels_last
from gui.theme import GRID, theme
from runtime.trying import Drawn, PictureEntry
from runtime.trying_pixels import pixels

FINE = 160  # pixels that the longer side of a drawing has at least
MOST_UNDONE = 50
KEY_STEPS = 24  # strokes of an arrow key across the pad
GET_SIDE = 48
MOST_WIDE = 600  # pixels at 100 %, until there is said how much room there is
_ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}


class Sheet(NamedTuple):
    """What was on the pad before a step."""

    ink: Ink
    ground: np.ndarray | None


class DrawPad(QWidget):
    """The pad. Left button draws, right button erases; with the keys, arrows move the pen and Space puts it down or up.

    Signals: `changed()` for whatever changes the picture, `file_dropped(Path)`.
    """

    changed = Signal()
    file_dropped = Signal(object)

    def __init__(self, entry: PictureEntry) -> None:
        super().__init__()
        self.entry = entry
        _, height, width = entry.shape
        times = max(1, -(-FINE // max(height, width)))
        self.ink = Ink(QSize(width * times, height * times), entry.stroke * height * times)
        self.ground: np.ndarray | None = None  # C × H × W
        self._undone: list[Sheet] = []
        self._last: QPointF | None = None  # the last place of a stroke under way
        self._pen, self._is_down = QPointF(0.5, 0.5), False  # of the keys, as shares of the pad
        self._shown = QImage()
        self._room = theme.px(MOST_WIDE)
        self.setAccessibleName(tr("Draw '{name}' here", name=entry.name))
        self.setAccessibleDescription(tr("Arrow keys move the pen, Space puts it down or up, Delete clears."))
        self.setToolTip(tr("Draw with the left button, erase with the right one, or drop a picture file here."))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAcceptDrops(True)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(16 * GRID)
        self._compose()

    # ---- for the panel

    @property
    def is_empty(self) -> bool:
        """Whether nothing is on the pad."""
        return self.ground is None and not self.ink.levels().any()

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._undone)

    def drawn(self, *, fit: bool) -> Drawn:
        """What is on the pad. Strokes that are to be scaled are drawn anew, so that those of a small drawing are as wide as others."""
        extent = self.entry.extent if fit and self.ground is None else None
        ink = self.ink.levels() if extent is None else self.ink.fitted(extent)
        return Drawn(ink.astype(np.float32) / 255 if ink.any() else None, self.ground, fit)

    def show_ground(self, ground: np.ndarray | None) -> None:
        """Put a picture (C × H × W) on the pad in place of what was there."""
        self._keep()
        self.ground = ground
        self.ink.clear()
        self._compose()

    def give_room(self, width: int) -> None:
        """Be no wider than that, however wide the picture is."""
        self._room = width
        self.setFixedWidth(self._wide(self.height()))

    @Slot()
    def clear(self) -> None:
        """Empty the pad."""
        if not self.is_empty:
            self.show_ground(None)
            self.changed.emit()

    @Slot()
    def undo(self) -> None:
        """Take the last step back."""
        if self._undone:
            self.ink, self.ground = self._undone.pop()
            self._compose()
            self.changed.emit()

    # ---- drawing

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            self._begin(is_erasing=event.button() == Qt.MouseButton.RightButton)
            self._stroke(self._share(event.position()), is_erasing=event.button() == Qt.MouseButton.RightButton)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._last is not None:
            self._stroke(self._share(event.position()), is_erasing=bool(event.buttons() & Qt.MouseButton.RightButton))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._last = None

    def contextMenuEvent(self, event: QEvent) -> None:
        event.accept()  # the right button erases

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            is_undo = event.matches(QKeySequence.StandardKey.Undo)
            if is_undo or event.key() in (*_ARROWS, Qt.Key.Key_Delete, Qt.Key.Key_Space):
                event.accept()  # they are the pad's while it has the focus
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Undo):
            self.undo()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.clear()
        elif event.key() == Qt.Key.Key_Space:
            self._put_pen(down=not self._is_down)
        elif (step := _ARROWS.get(Qt.Key(event.key()))) is not None:
            self._pen = _inside(self._pen + QPointF(*step) / KEY_STEPS)
            if self._is_down:
                self._stroke(self._pen, is_erasing=False)
        else:
            super().keyPressEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._put_pen(down=False)
        super().focusOutEvent(event)

    def _put_pen(self, *, down: bool) -> None:
        self._is_down, self._last = down, None
        if down:
            self._begin(is_erasing=False)
            self._stroke(self._pen, is_erasing=False)

    def _begin(self, *, is_erasing: bool) -> None:
        """Strokes take the place of a sample where the data is strokes; of other pictures they are drawn over it."""
        self._keep()
        if self.entry.extent is not None and self.ground is not None and not is_erasing:
            self.ground = None
            self.ink.clear()
        self._last = None

    def _stroke(self, at: QPointF, *, is_erasing: bool) -> None:
        here = QPointF(at.x() * self.ink.width(), at.y() * self.ink.height())
        self.ink.go_to(here, is_erasing=is_erasing, begins=self._last is None)
        self._last = here
        self._compose()
        self.changed.emit()

    def _keep(self) -> None:
        self._undone.append(Sheet(self.ink.copy(), self.ground))
        del self._undone[:-MOST_UNDONE]

    # ---- dropping

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        event.setAccepted(any(url.isLocalFile() for url in event.mimeData().urls()))

    def dropEvent(self, event: QDropEvent) -> None:
        files = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if files:
            event.acceptProposedAction()
            self.file_dropped.emit(Path(files[0]))

    # ---- painting

    def sizeHint(self) -> QSize:
        return QSize(self._wide(theme.px(140)), theme.px(140))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setFixedWidth(self._wide(self.height()))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        box = self._box()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.ground is None)
        painter.drawImage(box, self._shown)
        painter.setPen(QPen(theme.color("accent" if self.hasFocus() else "outline"), 2 if self.hasFocus() else 1))
        painter.drawRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5))
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme.color("accent"), 1.5))
            if self._is_down:
                painter.setBrush(theme.color("accent"))
            at = QPointF(box.left() + self._pen.x() * box.width(), box.top() + self._pen.y() * box.height())
            painter.drawEllipse(at, 3, 3)

    def _box(self) -> QRect:
        size = self.ink.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        box = QRect(0, 0, size.width(), size.height())
        box.moveCenter(self.rect().center())
        return box

    def _share(self, at: QPointF) -> QPointF:
        box = self._box()
        return QPointF((at.x() - box.left()) / box.width(), (at.y() - box.top()) / box.height())

    def _wide(self, height: int) -> int:
        return max(1, min(round(height * self.ink.width() / self.ink.height()), self._room))

    def _compose(self) -> None:
        """The picture on show: ink over the ground, in the levels of the data."""
        ink = self.ink.levels().astype(np.float32) / 255
        if self.ground is None:
            self._shown = as_image(self.entry.ground * (1 - ink) + self.entry.ink * ink)
        else:
            ground = channels_last(self.ground)
            times = self.ink.height() // ground.shape[0]
            large = ground.repeat(times, 0).repeat(times, 1)
            mark = ink if large.ndim == 2 else ink[..., None]
            self._shown = as_image(large * (1 - mark) + self.entry.ink * mark)
        self.update()


class PictureCard(EntryCard):
    """The pad with its buttons, and in small what the network gets. `file_wanted(Path)`: a picture file is to be shown."""

    file_wanted = Signal(object)

    def __init__(self, entry: PictureEntry) -> None:
        super().__init__(entry)
        self._entry = entry
        self.pad = DrawPad(entry)
        self.clear_button = flat_button("delete", tr("Clear the pad"))
        self.undo_button = flat_button("undo", tr("Undo the last stroke"))
        self.open_button = flat_button("open", tr("Open a picture file…"))
        self.fit_button = QToolButton()
        self.got = SmallPicture(tr("What the network gets"), GET_SIDE)
        self._lay_out()
        self.pad.changed.connect(self._on_changed)
        self.pad.file_dropped.connect(self.file_wanted)
        self.clear_button.clicked.connect(self.pad.clear)
        self.undo_button.clicked.connect(self.pad.undo)
        self.open_button.clicked.connect(self._ask_for_file)
        self.fit_button.toggled.connect(self._on_changed)
        self._show_got()

    def value(self) -> Drawn | None:
        return None if self.pad.is_empty else self.pad.drawn(fit=self.fit_button.isChecked())

    def show_value(self, value: Drawn) -> None:
        self.pad.show_ground(value.ground)
        self._show_got()

    def _lay_out(self) -> None:
        self.fit_button.setProperty("kind", "flat")
        self.fit_button.setIcon(icon("fit", "muted"))
        text = tr("Scale and center the strokes as those of the data are")
        self.fit_button.setToolTip(text)
        self.fit_button.setAccessibleName(text)
        self.fit_button.setCheckable(True)
        self.fit_button.setChecked(True)
        self.fit_button.setVisible(self._entry.extent is not None)
        buttons = column(spacing=GRID)
        for button in (self.undo_button, self.clear_button, self.open_button, self.fit_button):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            buttons.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        buttons.addStretch(1)
        seen = column(spacing=GRID)
        seen.addWidget(self.got)
        seen.addStretch(1)
        line = row(spacing=2 * GRID)
        line.addWidget(self.pad)
        line.addLayout(buttons)
        line.addLayout(seen)
        line.addStretch(1)
        self.body.addLayout(line, 1)

    @Slot()
    def _on_changed(self) -> None:
        self._show_got()
        self.changed.emit()

    def _show_got(self) -> None:
        drawn = self.pad.drawn(fit=self.fit_button.isChecked())
        self.got.show_picture(channels_last(pixels(self._entry, drawn)))
        self.undo_button.setEnabled(self.pad.can_undo)
        self.clear_button.setEnabled(not self.pad.is_empty)

    @Slot()
    def _ask_for_file(self) -> None:
        kinds = tr("Pictures") + " (*.png *.jpg *.jpeg *.bmp *.gif *.webp)"
        name, _ = QFileDialog.getOpenFileName(self, tr("Choose file"), "", kinds)
        if name:
            self.file_wanted.emit(Path(name))


def _inside(at: QPointF) -> QPointF:
    return QPointF(max(0.0, min(1.0, at.x())), max(0.0, min(1.0, at.y())))

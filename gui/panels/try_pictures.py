"""Pictures of few pixels, enlarged so that every pixel is a crisp square; several side by side, of which one can be chosen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from graph.messages import tr
from gui.theme import GRID, theme

GAP = 2 * GRID
FRAME = 2  # pixels around a picture, inside the grid too
OVER = 0.85  # of a window that large pictures take
_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Home: -(10**6), Qt.Key.Key_End: 10**6}


def as_image(pixels: np.ndarray) -> QImage:
    """Height × width (× 3) in 0..1 as a picture."""
    data = np.ascontiguousarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8))
    form = QImage.Format.Format_Grayscale8 if data.ndim == 2 else QImage.Format.Format_RGB888
    return QImage(data.data, data.shape[1], data.shape[0], data.strides[0], form).copy()


def channels_last(pixels: np.ndarray) -> np.ndarray:
    """Channels × height × width as height × width (× 3)."""
    return pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)


def crisp_side(space: QSize, image: QImage) -> QSize:
    """The largest size in a space where each pixel is a whole number of pixels wide, or a whole number and a quarter, a half or
    three quarters where there are two at least; smaller than the picture where it must."""
    if image.isNull():
        return QSize(0, 0)
    times = min(space.width() / image.width(), space.height() / image.height())
    times = int(4 * times) / 4 if times >= 2 else int(times) if times >= 1 else times
    return QSize(max(1, int(image.width() * times)), max(1, int(image.height() * times)))


class PictureGrid(QWidget):
    """Pictures in a grid that fills the space. Where `can_choose`, a click or the arrow keys choose one, `chosen(number)`; those
    with captions belong together, and a click or Enter shows them large."""

    chosen = Signal(int)

    def __init__(self, name: str, *, can_choose: bool = False) -> None:
        super().__init__()
        self.images: tuple[QImage, ...] = ()
        self.current = 0
        self._can_choose = can_choose
        self._captions: tuple[str, ...] = ()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(12 * GRID, 12 * GRID)
        if can_choose:
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:
        return QSize(theme.px(160), theme.px(120))

    def show_pictures(self, images: Sequence[np.ndarray], captions: Sequence[str] = ()) -> None:
        """Show these pictures, each height × width (× 3) in 0..1, with words to the left of each."""
        self.images, self._captions = tuple(map(as_image, images)), tuple(captions)
        self.current = min(self.current, max(0, len(images) - 1))
        self.setAccessibleDescription(", ".join(captions) or str(len(images)))
        self.setToolTip(tr("Click, or press Enter, to see the pictures large.") if self._can_enlarge else "")
        self.update()

    @property
    def _can_enlarge(self) -> bool:
        return self._can_choose and bool(self._captions)

    def enlarge(self) -> None:
        """Show the pictures over the window, until a click or a key."""
        LargePictures(self).show_over(self.window())

    def place(self, number: int) -> QRect:
        """Where a picture is."""
        columns, size = self._layout()
        rows, words = -(-len(self.images) // columns), self._words()
        rest = self.width() - columns * (words + size.width() + GAP) + GAP
        left = min(GRID, rest // 2)  # beside what was entered
        top = (self.height() - rows * (size.height() + GAP) + GAP) // 2
        row, column = divmod(number, columns)
        at = QPoint(left + words + column * (words + size.width() + GAP), top + row * (size.height() + GAP))
        return QRect(at, size)

    def _words(self) -> int:
        """How wide the words beside a picture are."""
        lines = [line for words in self._captions for line in words.split("\n")]
        return max(map(self.fontMetrics().horizontalAdvance, lines), default=-GAP) + GAP

    def _layout(self) -> tuple[int, QSize]:
        """How many columns make the pictures largest, and their size."""
        best = (1, QSize(1, 1))
        for columns in range(1, len(self.images) + 1):
            rows = -(-len(self.images) // columns)
            wide, high = self.width() - 2 * FRAME + GAP, self.height() - 2 * FRAME + GAP
            space = QSize(wide // columns - GAP - self._words(), high // rows - GAP)
            size = crisp_side(space, self.images[0])
            if size.width() > best[1].width():
                best = columns, size
        return best

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        for number, image in enumerate(self.images):
            box = self.place(number)
            painter.drawImage(box, image)
            if number < len(self._captions):
                beside = QRect(box.left() - self._words(), box.top(), self._words() - GAP, box.height())
                painter.setPen(theme.color("muted"))
                painter.drawText(
                    beside, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._captions[number]
                )
            is_current = self._can_choose and not self._captions and number == self.current and len(self.images) > 1
            role = "accent" if is_current else "border"
            painter.setPen(QPen(theme.color(role), 2 if is_current else 1))
            painter.drawRect(QRectF(box).adjusted(-1, -1, 0.5, 0.5))
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), GRID, GRID)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._can_enlarge:
            self.enlarge()
            return
        for number in range(len(self.images)):
            if self._can_choose and self.place(number).contains(event.position().toPoint()):
                self._choose(number)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._can_enlarge and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.enlarge()
            return
        step = _STEPS.get(Qt.Key(event.key()))
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            step = self._layout()[0] * (1 if event.key() == Qt.Key.Key_Down else -1)
        if step is None or not self._can_choose:
            super().keyPressEvent(event)
            return
        self._choose(max(0, min(len(self.images) - 1, self.current + step)))

    def _choose(self, number: int) -> None:
        if number != self.current:
            self.current = number
            self.update()
            self.chosen.emit(number)


class LargePictures(PictureGrid):
    """Pictures over a window, until a click or a key."""

    def __init__(self, small: PictureGrid) -> None:
        super().__init__(small.accessibleName())
        self.images, self._captions = small.images, small._captions
        self.setParent(small, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def show_over(self, window: QWidget) -> None:
        """Take most of a window."""
        area = QRect(window.mapToGlobal(QPoint(0, 0)), window.size())
        self.resize(window.size() * OVER)
        self.move(area.center() - self.rect().center())
        self.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), theme.color("panel"))
        super().paintEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.close()


class SmallPicture(QWidget):
    """One picture in small, crisp, in a square of its own."""

    def __init__(self, name: str, side: int) -> None:
        super().__init__()
        self._image = QImage()
        self._side = side
        self.setAccessibleName(name)
        self.setToolTip(name)
        theme.changed.connect(self._use_scale)
        self._use_scale()

    def show_picture(self, pixels: np.ndarray | None) -> None:
        """Show a picture, height × width (× 3) in 0..1, or nothing."""
        self._image = QImage() if pixels is None else as_image(pixels)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        size = crisp_side(self.size(), self._image)
        box = QRect(0, 0, size.width(), size.height())
        box.moveCenter(QPointF(QRectF(self.rect()).center()).toPoint())
        painter.drawImage(box, self._image)

    def _use_scale(self) -> None:
        self.setFixedSize(theme.px(self._side), theme.px(self._side))

"""How the first samples of a data set are shown: a grid of pictures, a table of rows, a bar for each class."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QSizePolicy, QTableWidget, QTableWidgetItem, QWidget

from graph.messages import tr
from gui.figures import grouped
from gui.motion import motion
from gui.panels.preview import THUMBNAIL
from gui.theme import GRID, mono_font, theme

CAPTION = 16
FRAME_PACE = 140  # milliseconds between two frames of what moves
MOST_CLASSES = 20
ROW = 20
TABLE_ROWS = 8


class ImageGrid(QWidget):
    """Pictures in as many columns as fit, each over its caption. What has several frames moves, unless motion is reduced."""

    def __init__(self) -> None:
        super().__init__()
        self._images: tuple[tuple[QImage, ...], ...] = ()
        self._frame = 0
        self._pace = QTimer(self, interval=FRAME_PACE)
        self._pace.timeout.connect(self._on_pace)
        self._captions: tuple[str, ...] = ()
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_images(self, images: tuple[tuple[QImage, ...], ...], captions: tuple[str, ...]) -> None:
        """Show these pictures, each as its frames."""
        self._images, self._captions, self._frame = images, captions, 0
        moves = any(len(frames) > 1 for frames in images) and not motion.is_reduced
        self._pace.start() if moves else self._pace.stop()
        self.setAccessibleName(tr("The first {count} samples: {labels}", count=len(images), labels=", ".join(captions)))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, self.heightForWidth(240))

    def heightForWidth(self, width: int) -> int:
        rows = -(-len(self._images) // self._columns(width))
        return max(0, rows * (THUMBNAIL + theme.px(CAPTION) + GRID) - GRID)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(mono_font(theme.px(11)))
        columns = self._columns(self.width())
        step = (self.width() - THUMBNAIL) / max(1, columns - 1)
        for number, frames in enumerate(self._images):
            image = frames[self._frame % len(frames)] if self._pace.isActive() else frames[len(frames) // 2]
            x = round((number % columns) * step)
            y = (number // columns) * (THUMBNAIL + theme.px(CAPTION) + GRID)
            self._paint_one(painter, QRect(x, y, THUMBNAIL, THUMBNAIL), image, number)

    @Slot()
    def _on_pace(self) -> None:
        if self.isVisible():
            self._frame += 1
            self.update()

    def _paint_one(self, painter: QPainter, box: QRect, image: QImage, number: int) -> None:
        painter.fillRect(box, theme.color("field"))
        size = image.size().scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRect(box.topLeft(), size)
        target.moveCenter(box.center())
        painter.drawImage(target, image)
        if number < len(self._captions):
            painter.setPen(theme.color("muted"))
            space = QRect(box.left(), box.bottom() + 1, box.width(), theme.px(CAPTION))
            text = painter.fontMetrics().elidedText(self._captions[number], Qt.TextElideMode.ElideRight, box.width())
            painter.drawText(space, Qt.AlignmentFlag.AlignCenter, text)

    def _columns(self, width: int) -> int:
        return max(1, (width + GRID) // (THUMBNAIL + GRID))


class ClassBars(QWidget):
    """How many samples each class has, as a name, a bar and a count."""

    def __init__(self) -> None:
        super().__init__()
        self._counts: tuple[tuple[str, int], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_counts(self, counts: tuple[tuple[str, int], ...]) -> None:
        """Show these classes; many are cut off, with a line that says how many."""
        self._counts = counts
        self.setAccessibleName(", ".join(f"{name}: {count}" for name, count in counts))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        lines = min(len(self._counts), MOST_CLASSES) + (len(self._counts) > MOST_CLASSES)
        return QSize(200, lines * theme.px(ROW))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(mono_font(theme.px(12)))
        height = theme.px(ROW)
        most = max((count for _, count in self._counts), default=1) or 1
        for line, (name, count) in enumerate(self._counts[:MOST_CLASSES]):
            self._paint_line(painter, QRect(0, line * height, self.width(), height), name, count, count / most)
        if len(self._counts) > MOST_CLASSES:
            painter.setPen(theme.color("faint"))
            rest = QRect(0, MOST_CLASSES * height, self.width(), height)
            text = tr("… and {count} more.", count=len(self._counts) - MOST_CLASSES)
            painter.drawText(rest, Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_line(self, painter: QPainter, box: QRect, name: str, count: int, share: float) -> None:
        metrics = painter.fontMetrics()
        widest = max(metrics.horizontalAdvance(other) for other, _ in self._counts[:MOST_CLASSES])
        name_width = min(
            widest + 1, box.width() * 2 // 5
        )  # what just fits in whole pixels may be cut off by a fraction
        count_width = max(metrics.horizontalAdvance(grouped(other)) for _, other in self._counts)
        painter.setPen(theme.color("muted"))
        text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, name_width)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        painter.setPen(theme.color("text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, grouped(count))
        left = name_width + 2 * GRID
        room = box.width() - left - count_width - 2 * GRID
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("data", 0.8))
        painter.drawRoundedRect(QRectF(left, box.top() + 6, max(2, room * share), box.height() - 12), 2, 2)


class RowTable(QTableWidget):
    """The first rows of a table, read-only."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("The first rows"))
        self.setProperty("mono", True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.verticalHeader().hide()
        theme.changed.connect(self._use_scale)
        self._use_scale()

    def show_rows(self, header: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> None:
        """Show these rows."""
        self.setColumnCount(len(header))
        self.setRowCount(len(rows))
        self.setHorizontalHeaderLabels(header)
        for line, row in enumerate(rows):
            for place, text in enumerate(row):
                item = QTableWidgetItem(text)
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(line, place, item)
        self._use_scale()

    @Slot()
    def _use_scale(self) -> None:
        line = theme.px(6 * GRID)
        self.verticalHeader().setDefaultSectionSize(line)
        self.horizontalHeader().setFixedHeight(line)
        self.resizeColumnsToContents()
        self.setFixedHeight((min(self.rowCount(), TABLE_ROWS) + 1) * line + 4 * GRID)

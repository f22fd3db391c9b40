"""Test samples: a tile each with its picture, what the network says and what is true; or a table of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QFont, QFontMetrics, QImage, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import (
    QHeaderView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from graph.messages import tr
from gui.figures import figure, percent
from gui.icons import paint_icon
from gui.theme import GRID, RADIUS, theme
from runtime.events import SamplePrediction

PICTURE = 52
LINE = 4 * GRID  # pixels at 100 % of a line of text
WIDTH, MOST = 20 * GRID, 44 * GRID  # pixels at 100 % of a tile: at least, and with long names of classes
ICON = 12
LARGE, SMALL = 12, 11  # pixels at 100 %: the font of what is predicted, and of what is true
NUMBER = Qt.ItemDataRole.UserRole
Index: TypeAlias = QModelIndex | QPersistentModelIndex


class SampleModel(QAbstractListModel):
    """The samples on show, with the names of their classes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.samples: Sequence[SamplePrediction] = ()
        self._classes: Sequence[str] = ()
        self._pictures: dict[int, QImage] = {}

    def show(self, samples: Sequence[SamplePrediction], classes: Sequence[str]) -> None:
        """Show these samples."""
        self.beginResetModel()
        self.samples, self._classes = samples, classes
        self._pictures = {}
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.samples)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._sentence(self.samples[index.row()])
        return None

    def name(self, class_index: float) -> str:
        """What a class is called."""
        number = int(class_index)
        return self._classes[number] if 0 <= number < len(self._classes) else str(number)

    def picture(self, sample: SamplePrediction) -> QImage:
        """The picture of a sample; null where it has none."""
        if sample.index not in self._pictures:
            self._pictures[sample.index] = QImage() if sample.image is None else to_picture(sample.image)
        return self._pictures[sample.index]

    def _sentence(self, sample: SamplePrediction) -> str:
        values = {
            "index": sample.index,
            "prediction": self.name(sample.prediction),
            "target": self.name(sample.target),
            "confidence": percent(sample.confidence or 0.0),
        }
        if is_wrong(sample):
            return tr("Sample {index}: predicted {prediction} ({confidence}), true {target}. Wrong.", **values)
        return tr("Sample {index}: predicted {prediction} ({confidence}). Right.", **values)


class SampleGrid(QListView):
    """Tiles in rows; as many in a row as fit."""

    def __init__(self, model: SampleModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setItemDelegate(SampleDelegate(self))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setSpacing(GRID)
        self.setMouseTracking(True)
        self.setAccessibleName(tr("Test samples"))
        theme.changed.connect(self.scheduleDelayedItemsLayout)


class SampleDelegate(QStyledItemDelegate):
    """Paints a tile. A wrong sample has a cross, a frame and its true class; colour alone says nothing."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """As wide as the words of the samples on show need, which is asked once for all of them."""
        model = index.model()
        assert isinstance(model, SampleModel)
        width = min(max(theme.px(WIDTH), 4 * GRID + _width_of_words(option.font, model)), theme.px(MOST))
        return QSize(max(PICTURE + 6 * GRID, width), PICTURE + 3 * GRID + theme.px(2 * LINE))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        assert isinstance(model, SampleModel)
        sample = model.samples[index.row()]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, option, is_wrong(sample))
        area = option.rect.adjusted(2 * GRID, 2 * GRID, -2 * GRID, -GRID)
        left = area.center().x() + 1 - PICTURE // 2
        self._paint_picture(painter, QRect(left, area.top(), PICTURE, PICTURE), model, sample)
        self._paint_words(painter, area.adjusted(0, PICTURE + 1, 0, 0), model, sample)
        painter.restore()

    @staticmethod
    def _paint_ground(painter: QPainter, option: QStyleOptionViewItem, wrong: bool) -> None:
        lit = option.state & (QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_Selected)
        focused = option.state & QStyle.StateFlag.State_HasFocus
        pen = ("accent", 2) if focused else ("error", 1.5) if wrong else ("border", 1)
        painter.setPen(QPen(theme.color(pen[0]), pen[1]))
        painter.setBrush(theme.color("hover" if lit else "card"))
        painter.drawRoundedRect(QRectF(option.rect).adjusted(1, 1, -1, -1), RADIUS, RADIUS)

    @staticmethod
    def _paint_picture(painter: QPainter, rect: QRect, model: SampleModel, sample: SamplePrediction) -> None:
        picture = model.picture(sample)
        if picture.isNull():
            painter.setPen(theme.color("faint"))
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, f"#{sample.index}")
            return
        size = picture.size().scaled(rect.size(), Qt.AspectRatioMode.KeepAspectRatio)
        area = QRect(0, 0, size.width(), size.height())
        area.moveCenter(rect.center())
        path = QPainterPath()
        path.addRoundedRect(QRectF(area), 3, 3)
        painter.setClipPath(path)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(area, picture)
        painter.setClipping(False)

    @staticmethod
    def _paint_words(painter: QPainter, rect: QRect, model: SampleModel, sample: SamplePrediction) -> None:
        wrong = is_wrong(sample)
        role = "error" if wrong else "good"
        line, icon = theme.px(LINE), theme.px(ICON)
        at = QRectF(rect.left(), rect.top() + (line - icon) / 2, icon, icon)
        paint_icon(painter, at, "close" if wrong else "check", role=role)
        first = QRect(rect.left() + icon + 3, rect.top(), rect.width() - icon - 3, line)
        second = QRect(rect.left(), rect.top() + line, rect.width(), line)
        painter.setFont(_font(painter.font(), LARGE))
        share = "" if sample.confidence is None else f"{sample.confidence:.0%}"
        taken = painter.fontMetrics().horizontalAdvance(share)
        _elided(painter, first.adjusted(0, 0, -taken, 0), model.name(sample.prediction), "text")
        painter.setFont(_font(painter.font(), SMALL))
        painter.setPen(theme.color("muted"))
        painter.drawText(first, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, share)
        _elided(painter, second, _truth(model.name(sample.target)), role if wrong else "muted")


class NumberTable(QTableWidget):
    """Predicted numbers beside the true ones, sortable; the largest errors first.

    `sample_activated(number)`: a row was double-clicked, or Enter pressed on it; the number is that in the test part.
    """

    sample_activated = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 4, parent)
        self._titles = (tr("Sample"), tr("True"), tr("Predicted"), tr("Difference"))
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.verticalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.horizontalHeader().sortIndicatorChanged.connect(self._show_titles)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)  # Tab leads on; the arrow keys go from cell to cell
        self.setAccessibleName(tr("Test samples"))
        self.activated.connect(self._on_activated)

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        self.sample_activated.emit(index.siblingAtColumn(0).data(NUMBER))

    @Slot(int, Qt.SortOrder)
    def _show_titles(self, sorted_by: int, order: Qt.SortOrder) -> None:
        """The titles, with an arrow before the one that the rows are in order of."""
        arrow = "↓ " if order == Qt.SortOrder.DescendingOrder else "↑ "
        self.setHorizontalHeaderLabels([arrow * (i == sorted_by) + title for i, title in enumerate(self._titles)])

    def show_samples(self, samples: Sequence[SamplePrediction]) -> None:
        """Show these samples."""
        self.setSortingEnabled(False)
        self.setRowCount(len(samples))
        for row, sample in enumerate(samples):
            error = abs(sample.prediction - sample.target)
            for column, value in enumerate((sample.index, sample.target, sample.prediction, error)):
                self.setItem(row, column, _Number(value))
            self.model().setData(self.model().index(row, 0), sample.number, NUMBER)
        self.setSortingEnabled(True)
        self.sortByColumn(3, Qt.SortOrder.DescendingOrder)


class _Number(QTableWidgetItem):
    def __init__(self, value: float) -> None:
        super().__init__(str(value) if isinstance(value, int) else figure(value))
        self._value = value
        self.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def __lt__(self, other: QTableWidgetItem) -> bool:
        assert isinstance(other, _Number)
        return self._value < other._value


def _font(font: QFont, size: int) -> QFont:
    """A font of that size, what is predicted in bold."""
    found = QFont(font)
    found.setPixelSize(theme.px(size))
    found.setBold(size == LARGE)
    return found


def _truth(name: str) -> str:
    return tr("true: {name}", name=name)


def _width_of_words(font: QFont, model: SampleModel) -> int:
    """The pixels that the two lines of a tile need for the longest name among the samples on show."""
    large, small = (QFontMetrics(_font(font, size)) for size in (LARGE, SMALL))
    beside = theme.px(ICON) + 2 * GRID + large.horizontalAdvance("100%")
    predicted = {model.name(sample.prediction) for sample in model.samples}
    true = {model.name(sample.target) for sample in model.samples}
    widths = [beside + large.horizontalAdvance(name) for name in predicted]
    return max([*widths, *(GRID + small.horizontalAdvance(_truth(name)) for name in true)], default=0)


def is_wrong(sample: SamplePrediction) -> bool:
    """Whether the predicted class is not the true one."""
    return sample.prediction != sample.target


def to_picture(image: object) -> QImage:
    """An array of height × width (× 3) in 0..1 as a picture."""
    import numpy as np

    pixels = np.ascontiguousarray((np.clip(np.asarray(image), 0, 1) * 255).astype(np.uint8))
    form = QImage.Format.Format_Grayscale8 if pixels.ndim == 2 else QImage.Format.Format_RGB888
    return QImage(pixels.data, pixels.shape[1], pixels.shape[0], pixels.strides[0], form).copy()


def _elided(painter: QPainter, rect: QRect, text: str, role: str) -> None:
    painter.setPen(theme.color(role))
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
    painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)

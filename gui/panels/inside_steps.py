"""The way through a network as a strip of small cards, one a node, in the order in which they are computed."""

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
from PySide6.QtGui import QImage, QPainter, QPen, QWheelEvent
from PySide6.QtWidgets import QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from graph.catalog import Catalog
from graph.messages import tr
from graph.model import NodeId
from gui.canvas.card import color_role
from gui.panels.inside_pictures import thumbnail
from gui.panels.inside_views import described
from gui.theme import GRID, RADIUS, mono_font, theme
from runtime.portraits_steps import Step

PICTURE, WIDTH, HEIGHT = 40, 124, 52  # pixels at 100 %
BAR = 12  # pixels of a scroll bar
STEP = Qt.ItemDataRole.UserRole
Index: TypeAlias = QModelIndex | QPersistentModelIndex


class StepModel(QAbstractListModel):
    """The steps on show; thumbnails are made when they are first painted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.steps: Sequence[Step] = ()
        self._catalog: Catalog | None = None
        self._pictures: dict[tuple[int, int], QImage] = {}
        theme.changed.connect(self._on_theme_changed)

    def show(self, steps: Sequence[Step], catalog: Catalog) -> None:
        """Show these steps; where they are the same nodes as before, only their values are new."""
        is_same = [step.node for step in steps] == [step.node for step in self.steps]
        if not is_same:
            self.beginResetModel()
        self.steps, self._catalog = steps, catalog
        self._pictures = {}
        if not is_same:
            self.endResetModel()
        elif steps:
            self.dataChanged.emit(self.index(0, 0), self.index(len(steps) - 1, 0))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.steps)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        step = self.steps[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return step.name
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            value = described(step.portrait) if step.portrait is not None else tr("Nothing is computed here.")
            return f"{index.row() + 1}. {step.name}: {value}"
        return step if role == STEP else None

    def color(self, step: Step) -> str:
        """The role of the colour of a step's family."""
        return color_role(self._catalog.get(step.type_id) if self._catalog is not None else None)

    def row_of(self, node: NodeId) -> int:
        """The row of a node; -1 where it is no step."""
        return next((row for row, step in enumerate(self.steps) if step.node == node), -1)

    def picture(self, row: int, side: int, ratio: float) -> QImage | None:
        """The thumbnail of a step."""
        portrait = self.steps[row].portrait
        if portrait is None:
            return None
        key = (row, side)
        if key not in self._pictures:
            self._pictures[key] = thumbnail(portrait, QSize(side, side), ratio)
        return self._pictures[key]

    @Slot()
    def _on_theme_changed(self) -> None:
        self._pictures = {}


class StepStrip(QListView):
    """One step is the present one: the arrow keys and the mouse go to others. `stepped(row)` tells which."""

    stepped = Signal(int)

    def __init__(self, model: StepModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setAccessibleName(tr("Steps through the network"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setItemDelegate(_Delegate(model, self))
        self.selectionModel().currentChanged.connect(self._on_current_changed)
        theme.changed.connect(self._use_scale)
        self._use_scale()

    def go_to(self, row: int) -> None:
        """Make a step the present one."""
        index = self.model().index(row, 0)
        self.setCurrentIndex(index)
        self.scrollTo(index)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel moves the strip along, as there is nothing above or below."""
        delta = event.angleDelta()
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - (delta.x() or delta.y()))
        event.accept()

    @Slot(QModelIndex, QModelIndex)
    def _on_current_changed(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid():
            self.stepped.emit(index.row())

    @Slot()
    def _use_scale(self) -> None:
        self.setFixedHeight(theme.px(HEIGHT) + BAR)
        self.scheduleDelayedItemsLayout()


class _Delegate(QStyledItemDelegate):
    """A card: the colour of the family, the thumbnail, the name over the shape."""

    def __init__(self, model: StepModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(theme.px(WIDTH) + GRID, theme.px(HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        step: Step = index.data(STEP)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        card = QRectF(option.rect).adjusted(1, 1, -GRID - 1, -1)
        self._paint_ground(painter, card, option.state)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(self._model.color(step)))
        painter.drawRoundedRect(QRectF(card.left() + 3, card.top() + 5, 3, card.height() - 10), 1.5, 1.5)
        side = theme.px(PICTURE)
        place = QRectF(card.left() + 3 * GRID - 2, card.center().y() - side / 2, side, side)
        picture = self._model.picture(index.row(), side, painter.device().devicePixelRatioF())
        if picture is not None:
            painter.drawImage(place, picture)
        words = QRect(
            int(place.right()) + 6, int(card.top()) + 4, int(card.right() - place.right()) - 10, int(card.height()) - 8
        )
        self._paint_words(painter, words, step)
        painter.restore()

    @staticmethod
    def _paint_ground(painter: QPainter, card: QRectF, state: QStyle.StateFlag) -> None:
        is_current, lit = state & QStyle.StateFlag.State_Selected, state & QStyle.StateFlag.State_MouseOver
        painter.setPen(QPen(theme.color("accent" if is_current else "border"), 2 if is_current else 1))
        painter.setBrush(theme.color("selection" if is_current else "hover" if lit else "card"))
        painter.drawRoundedRect(card, RADIUS, RADIUS)

    @staticmethod
    def _paint_words(painter: QPainter, area: QRect, step: Step) -> None:
        font = painter.font()
        font.setPixelSize(theme.px(12))
        painter.setFont(font)
        upper, lower = area.adjusted(0, 0, 0, -area.height() // 2), area.adjusted(0, area.height() // 2, 0, 0)
        painter.setPen(theme.color("text"))
        metrics = painter.fontMetrics()
        shown = metrics.elidedText(step.name, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(upper, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        if step.portrait is not None:
            painter.setFont(mono_font(theme.px(10)))
            painter.setPen(theme.color("muted"))
            shape = "×".join(map(str, step.portrait.shape)) or tr("scalar")
            shown = painter.fontMetrics().elidedText(shape, Qt.TextElideMode.ElideRight, area.width())
            painter.drawText(lower, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)

"""The card with a map of points, and the card with what is nearest to one of them."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QAction, QPainter
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
)

from graph.messages import Message, tr
from gui.icons import icon
from gui.panels.card import Card
from gui.panels.legend import Choice
from gui.panels.parts import ElidedLabel, complain, label
from gui.panels.point_map import PointMap, Points
from gui.theme import GRID, theme
from runtime import embeddings
from runtime.embeddings import Kind, Neighbor

PCA, TSNE = range(2)
SIDE_WIDTH, SEARCH_WIDTH, CHOICE_WIDTH = 216, 180, 224  # pixels at 100 %


class MapCard(Card):
    """The map, and above it what is looked at, how it is brought onto a plane, and a search."""

    def __init__(self) -> None:
        super().__init__(tr("Map"))
        self.view = PointMap()
        self.choice = QComboBox()
        self.choice.setAccessibleName(tr("What is looked at"))
        self.search = QLineEdit(placeholderText=tr("Find on the map"), clearButtonEnabled=True)
        self.search.setAccessibleName(tr("Find on the map"))
        sign = QAction(icon("search", "faint"), "", self)
        self.search.addAction(sign, QLineEdit.ActionPosition.LeadingPosition)
        self._note = ElidedLabel(tone="faint", align_right=True)
        self.methods = QButtonGroup(self)
        self.title.hide()
        self.header.setSpacing(3 * GRID)
        self.header.insertWidget(0, self.choice)
        for number, (name, tip) in enumerate(
            (
                ("PCA", tr("The two directions in which the points differ most")),
                ("t-SNE", tr("Points that are alike lie together; distances far apart mean little")),
            )
        ):
            button = Choice(name)
            button.setToolTip(tip)
            self.methods.addButton(button, number)
            self.header.addWidget(button)
        self.methods.button(PCA).setChecked(True)
        self.header.addWidget(self.search)
        self.header.addWidget(self._note, 1)
        self._warning = label("", tone="warning", wrap=True)
        self.warn(None)
        self.body.addWidget(self._warning)
        self.body.addWidget(self.view, 1)
        self.add_pictures(self.add_menu())
        theme.changed.connect(self._use_width)
        self._use_width()

    @Slot()
    def _use_width(self) -> None:
        self.search.setFixedWidth(theme.px(SEARCH_WIDTH))
        self.choice.setFixedWidth(theme.px(CHOICE_WIDTH))

    @property
    def chosen(self) -> embeddings.Choice | None:
        """What is looked at."""
        return self.choice.currentData()

    @property
    def method(self) -> int:
        """PCA or TSNE."""
        return self.methods.checkedId()

    def set_choices(self, found: tuple[embeddings.Choice, ...]) -> None:
        """Offer these, and stay with the one that was chosen if it is among them."""
        before = self.chosen
        self.choice.clear()
        for choice in found:
            what = tr("words") if choice.words else tr("rows") if choice.kind is Kind.TABLE else tr("samples")
            self.choice.addItem(f"{choice.name} · {what}", choice)
            self.choice.setItemData(self.choice.count() - 1, choice.name, Qt.ItemDataRole.ToolTipRole)
        names = [(choice.kind, choice.name) for choice in found]
        if before is not None and (before.kind, before.name) in names:
            self.choice.setCurrentIndex(names.index((before.kind, before.name)))

    def show_points(self, points: Points, words: str) -> None:
        """Show these points, and a sentence about them."""
        self.view.set_points(points)
        self.say(words)

    def say(self, words: str) -> None:
        """Show a sentence in the place of the other."""
        self._note.setText(words)
        self._note.setToolTip(words)
        self._note.update()

    def warn(self, message: Message | None) -> None:
        """Say what is to be known about the network that the points are of."""
        complain(self._warning, message)

    def rows_with(self, text: str) -> list[int]:
        """The points whose caption holds a text: those that are it first, then those that begin with it."""
        text = text.strip().casefold()
        captions = [caption.casefold() for caption in self.view.points.captions] if text else []
        rows = [row for row, caption in enumerate(captions) if text in caption]
        return sorted(rows, key=lambda row: (captions[row] != text, not captions[row].startswith(text)))

    def paint_content(self, painter: QPainter) -> None:
        painter.translate(self.view.pos())
        self.view.paint(painter)


class NearCard(Card):
    """The points nearest to the one that is chosen. `chosen(row)`: one of them was clicked, or Enter pressed on it."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__(tr("Nearest"))
        self._hint = label(
            tr("Click a point, or go with the arrow keys, to see which ones are nearest to it."),
            tone="muted",
            wrap=True,
        )
        self._hint.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._hint.setSizePolicy(
            QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored
        )  # the card is as high as the map
        self.table = QTableWidget(0, 2)
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.setHorizontalHeaderLabels([tr("Name"), tr("Cosine")])
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.table.setAccessibleName(tr("Nearest"))
        self._rows: list[int] = []
        self.body.addWidget(self._hint, 1)
        self.body.addWidget(self.table, 1)
        self.table.clicked.connect(self._on_chosen)
        self.table.activated.connect(self._on_chosen)
        theme.changed.connect(self._use_width)
        self._use_width()
        self.show_nothing()

    @Slot()
    def _use_width(self) -> None:
        self.setFixedWidth(theme.px(SIDE_WIDTH))

    def show_nothing(self) -> None:
        """No point is chosen."""
        self.title.setText(tr("Nearest"))
        self.table.hide()
        self._hint.show()

    def show_near(self, to: str, found: tuple[Neighbor, ...], texts: list[str]) -> None:
        """Show what is near a point: the texts, and the cosines of the angles between them."""
        self.title.setText(tr("Nearest to {name}", name=to))
        self.title.setToolTip(to)
        self._rows = [near.row for near in found]
        self.table.setRowCount(len(found))
        for place, (near, text) in enumerate(zip(found, texts, strict=True)):
            number = QTableWidgetItem(f"{near.similarity:.3f}")
            number.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            word = QTableWidgetItem(text)
            word.setToolTip(text)
            self.table.setItem(place, 0, word)
            self.table.setItem(place, 1, number)
        self.table.scrollToTop()
        self._hint.hide()
        self.table.show()

    @Slot(QModelIndex)
    def _on_chosen(self, index: QModelIndex) -> None:
        self.chosen.emit(self._rows[index.row()])

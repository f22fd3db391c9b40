"""Two documents beside each other: what differs, as a list and on a canvas with both drawings over each other."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QSplitter, QVBoxLayout, QWidget

from graph.compare import Comparison, DrawingDifference, compare, count_line
from graph.messages import tr
from graph.model import Link, NodeId, Project
from gui.compare_canvas import CompareCanvas
from gui.compare_overlay import Overlay, overlay
from gui.compare_tree import DifferenceTree, Row
from gui.icons import icon
from gui.panels.parts import DECORATION, ElidedLabel, IconLabel, column, label, row, rule
from gui.settings import Settings
from gui.theme import GRID, theme
from gui.tongue import tongue

EDGE = 4 * GRID
SIZE, LEAST = QSize(1120, 700), QSize(560, 360)  # pixels at 100 %
LIST_WIDTH = 340  # pixels at 100 %
LAYOUT, SPLIT = "compare", "compare_split"


class CompareWindow(QDialog):
    """Shows what leads from one document to another; they can be swapped.

    `open_requested(Project)`: the person wants to have the old one, as it stands at the left, in the editor.
    """

    open_requested = Signal(object)

    def __init__(
        self,
        old: Project,
        new: Project,
        *,
        old_title: str,
        new_title: str,
        settings: Settings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._sides = ((old, old_title), (new, new_title))
        self._settings = settings
        self._comparison = Comparison()
        self._overlays: dict[int, Overlay] = {}
        self._shown: DrawingDifference | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Compare"))
        self._build()
        self._connect()
        self._restore()
        self._compare()
        self.tree.setFocus()

    # ---- parts

    def _build(self) -> None:
        self.canvas, self.tree = CompareCanvas(), DifferenceTree()
        self.splitter = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        self.tree.setMinimumWidth(theme.px(LIST_WIDTH) // 2)
        for widget in (self.tree, self.canvas):
            self.splitter.addWidget(widget)
        self.splitter.setStretchFactor(1, 1)
        whole: QVBoxLayout = column(self)
        for layout in (self._make_titles(), self._make_counts()):
            layout.setContentsMargins(EDGE, 2 * GRID, EDGE, 2 * GRID)
            whole.addLayout(layout)
            whole.addWidget(rule())
        whole.addWidget(self.splitter, 1)
        self.setMinimumSize(theme.px(LEAST.width()), theme.px(LEAST.height()))

    def _make_titles(self) -> QHBoxLayout:
        self.old_title, self.new_title = ElidedLabel(tone="heading"), ElidedLabel(tone="heading")
        self.swap_button = _button(tr("Swap"), "swap", tr("Look at it the other way round."))
        self.open_button = _button(tr("Open the old one"), "open", tr("Open the one at the left in a tab."))
        line = row(spacing=3 * GRID)
        for caption, title in ((tr("Old"), self.old_title), (tr("New"), self.new_title)):
            texts = column()
            texts.addWidget(label(caption, tone="muted"))
            texts.addWidget(title)
            line.addLayout(texts, 1)
        line.insertWidget(1, IconLabel("arrow-right", "muted", text=tr("becomes")))
        line.addWidget(self.swap_button)
        line.addWidget(self.open_button)
        return line

    def _make_counts(self) -> QHBoxLayout:
        self.count, self.at = ElidedLabel(tone="heading"), label("", tone="muted")
        self.previous_button = _button(tr("Previous"), "chevron-up", tr("Previous difference (Shift+F8)"))
        self.next_button = _button(tr("Next"), "chevron-down", tr("Next difference (F8)"))
        line = row()
        line.addWidget(self.count, 1)
        for widget in (self.at, self.previous_button, self.next_button):
            line.addWidget(widget)
        return line

    def _connect(self) -> None:
        self.tree.row_chosen.connect(self._on_row_chosen)
        self.canvas.node_clicked.connect(self._on_node_clicked)
        self.canvas.link_clicked.connect(self._on_link_clicked)
        actions: tuple[tuple[QPushButton, str, Callable[[], None]], ...] = (
            (self.next_button, "F8", self.next_difference),
            (self.previous_button, "Shift+F8", self.previous_difference),
            (self.swap_button, "", self.swap),
            (self.open_button, "", self._on_open),
        )
        for button, key, act in actions:
            button.clicked.connect(act)
            if key:
                QShortcut(QKeySequence(key), self).activated.connect(act)
        tongue.changed.connect(self.close)

    # ---- what the person does

    @Slot()
    def next_difference(self) -> None:
        """Go to the next difference, in whichever drawing it is."""
        self.tree.step(1)

    @Slot()
    def previous_difference(self) -> None:
        """Go to the difference before."""
        self.tree.step(-1)

    @Slot()
    def swap(self) -> None:
        """Say what leads from the new one to the old one."""
        self._sides = self._sides[::-1]
        self._compare()

    def done(self, result: int) -> None:
        """Remember the size; close."""
        self._settings.set_layout(LAYOUT, self.saveGeometry())
        self._settings.set_layout(SPLIT, self.splitter.saveState())
        super().done(result)

    # ---- what it shows

    def _compare(self) -> None:
        (old, old_title), (new, new_title) = self._sides
        self._comparison = comparison = compare(old, new)
        self._overlays, self._shown = {}, None
        same = tr("No differences. Places, looks and titles do not count.")
        said = str(count_line(comparison)) if comparison else same
        for place, text in ((self.old_title, old_title), (self.new_title, new_title), (self.count, said)):
            place.setText(text)
            place.setToolTip("")  # that of what stood there before
        self.tree.show_comparison(comparison)
        for button in (self.previous_button, self.next_button):
            button.setEnabled(bool(self.tree.stops))
        self._show_number()

    def _show(self, drawing: DrawingDifference) -> Overlay:
        """Show both forms of a drawing."""
        (old, _), (new, _) = self._sides
        if id(drawing) not in self._overlays:
            self._overlays[id(drawing)] = overlay(old, new, drawing)
        shown = self._overlays[id(drawing)]
        if drawing is not self._shown:
            self._shown = drawing
            self.canvas.show_overlay(shown)
        return shown

    def _show_number(self) -> None:
        number, count = self.tree.number, len(self.tree.stops)
        self.at.setText(tr("{number} of {count}", number=number, count=count) if number else "")

    def _restore(self) -> None:
        if not self.restoreGeometry(self._settings.layout(LAYOUT)):
            wished = QSize(theme.px(SIZE.width()), theme.px(SIZE.height()))
            self.resize(wished.boundedTo(self.screen().availableSize() - DECORATION))
        if not self.splitter.restoreState(self._settings.layout(SPLIT)):
            self.splitter.setSizes([theme.px(LIST_WIDTH), self.width() - theme.px(LIST_WIDTH)])

    # ---- handlers

    @Slot(object)
    def _on_row_chosen(self, chosen: Row) -> None:
        self._show_number()
        if chosen.drawing is None:
            return
        shown = self._show(chosen.drawing)
        if chosen.node is not None:
            self.canvas.show_node(shown.node_of(chosen.node))
        elif chosen.wire is not None:
            self.canvas.show_link(shown.link_of(chosen.wire))
        else:
            self.canvas.show_nothing()
            self.canvas.fit()

    @Slot(str)
    def _on_node_clicked(self, node: NodeId) -> None:
        if self._shown is not None:
            shown = self._show(self._shown)
            found = next((d for d in self._shown.nodes if shown.node_of(d) == node), None)
            if found is not None:
                self.tree.choose(node=found)
            else:
                self.canvas.show_nothing()

    @Slot(object)
    def _on_link_clicked(self, link: Link) -> None:
        if self._shown is not None:
            shown = self._show(self._shown)
            found = next((d for d in self._shown.wires if shown.link_of(d) == link), None)
            if found is not None:
                self.tree.choose(wire=found)

    @Slot()
    def _on_open(self) -> None:
        self.open_requested.emit(self._sides[0][0])


def _button(text: str, icon_name: str, tip: str) -> QPushButton:
    """A button that Enter does not press unless it has the focus."""
    button = QPushButton(icon(icon_name, "text"), text)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    return button

"""What of a node itself a sweep may choose: its type among those that fit in its place, and whether it runs at all."""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from graph.bypassing import can_bypass
from graph.catalog import Kind, Param
from graph.messages import tr
from graph.model import NodeId
from graph.search import BYPASSED, TYPE, NodePlace, Options, Space
from gui.editor import Editor
from gui.panels.parts import column, flat_button
from gui.panels.searchable import Searched, SearchStrip
from gui.panels.searchable_types import alternatives, first_alternatives
from gui.theme import GRID

BOTH = Param(name="bypassed", kind=Kind.BOOL, default=False, help="")


class NodeSearch(QWidget):
    """The chips of a node; `button` opens the menu that marks it, and belongs beside the type."""

    def __init__(self, editor: Editor, node: NodeId) -> None:
        super().__init__()
        self._editor, self._node = editor, node
        self.button = flat_button("sweep", tr("Search the type of this node, or whether it runs"), role="faint")
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.button)
        self.type_action = QAction(tr("Search the type…"), menu)
        self.bypass_action = QAction(tr("Search with and without it"), menu)
        menu.addActions([self.type_action, self.bypass_action])
        menu.setToolTipsVisible(True)
        self.button.setMenu(menu)
        self.type_strip = SearchStrip(editor, self, caption=tr("Type"))
        self.bypass_strip = SearchStrip(editor, self, caption=tr("Runs"))
        self.type_action.triggered.connect(self.type_strip.open)
        self.bypass_action.triggered.connect(self.bypass_strip.open)
        layout = column(self, spacing=GRID)
        layout.addWidget(self.type_strip)
        layout.addWidget(self.bypass_strip)
        menu.aboutToShow.connect(self._offer)

    def refresh(self) -> None:
        """Show what a sweep tries now."""
        search, scope = self._editor.project.search, self._editor.scope
        node_type = self._editor.catalog.get(self._editor.graph.nodes[self._node].type)
        self.button.setVisible(can_bypass(node_type))
        places = {name: NodePlace(scope, self._node, name) for name in (TYPE, BYPASSED)}
        is_searched = {name: search.space_at(place) is not None for name, place in places.items()}
        offered = self._alternatives() if is_searched[TYPE] else {}
        param = Param(name="type", kind=Kind.CHOICE, choices=tuple(offered), help="")
        self.type_strip.show_place(Searched(places[TYPE], param, dict(offered), first=self._first_types))
        labels = {False: tr("yes"), True: tr("no")}
        self.bypass_strip.show_place(Searched(places[BYPASSED], BOTH, labels))
        self.setVisible(any(is_searched.values()))

    def reveal(self, name: str) -> None:
        """Go to the chip of the type, or of whether it runs."""
        strip = self.type_strip if name == TYPE else self.bypass_strip
        if strip.chip is not None:
            strip.chip.setFocus()

    def _alternatives(self) -> dict[str, str]:
        return alternatives(self._editor.project, self._editor.scope, self._node)

    def _first_types(self) -> Space:
        own = self._editor.catalog[self._editor.graph.nodes[self._node].type]
        return Options(first_alternatives(self._editor.project, own, self._alternatives()))

    def _offer(self) -> None:
        """What cannot be searched says why."""
        alone = len(self._alternatives()) < 2
        self.type_action.setEnabled(not alone)
        self.type_action.setToolTip(
            tr("No other type has the ports that the wires of this node need.") if alone else ""
        )

"""Choosing nodes of the drawing for a training plan: those that an objective trains, or that stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QMenu, QSizePolicy, QWidget

from graph.catalog import Kind, Param, Role
from graph.messages import tr
from graph.model import NodeId, Project
from gui.panels.fields import EntryField, ToggleField
from gui.panels.parts import ElidedLabel, SmallButton, column, complain, empty, label, row
from gui.theme import GRID

Losses = tuple[tuple[NodeId, float], ...]


class NodeChoice(QWidget):
    """A name and a button that says which nodes are chosen; its menu lets the person choose. `edited(ids)`.

    `nothing` is what having chosen none means, such as "All layers".
    """

    edited = Signal(object)

    def __init__(self, name: str, nothing: str, help_text: str, selection: Callable[[], Iterable[NodeId]]) -> None:
        super().__init__()
        self._nothing, self._selection = nothing, selection
        self._chosen: tuple[NodeId, ...] = ()
        self._offered: Mapping[NodeId, str] = {}
        caption = ElidedLabel(name, tone="muted")
        self.button = SmallButton(nothing)
        self.button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.button.setWhatsThis(help_text)
        self.button.clicked.connect(self._open)
        caption.setToolTip(help_text)
        caption.setBuddy(self.button)
        self._name = name
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(2 * GRID)
        grid.setColumnStretch(0, 10)
        grid.setColumnStretch(1, 12)
        grid.addWidget(caption, 0, 0)
        grid.addWidget(self.button, 0, 1)

    def show_nodes(self, chosen: tuple[NodeId, ...], offered: Mapping[NodeId, str]) -> None:
        """Show what is chosen among the nodes that there are, by their names."""
        self._chosen, self._offered = chosen, offered
        names = ", ".join(offered.get(node, node) for node in chosen)
        self.button.setText(names or self._nothing)
        self.button.setToolTip(names)
        self.button.setAccessibleName(f"{self._name}: {names or self._nothing}")

    def menu(self) -> QMenu:
        """The nodes to choose from, those on the canvas first."""
        menu = QMenu(self)
        selected = tuple(node for node in self._offered if node in set(self._selection()))
        menu.addAction(self._nothing, partial(self._choose, ()))
        menu.addAction(tr("Those selected on the canvas"), partial(self._choose, selected)).setEnabled(bool(selected))
        menu.addSeparator()
        for node, name in self._offered.items():
            action = menu.addAction(name, partial(self._toggle, node))
            action.setCheckable(True)
            action.setChecked(node in self._chosen)
        return menu

    def _open(self) -> None:
        menu = self.menu()
        menu.exec(self.button.mapToGlobal(self.button.rect().bottomLeft()))
        menu.deleteLater()

    def _toggle(self, node: NodeId) -> None:
        wanted = {*self._chosen} ^ {node}
        self._choose(tuple(offered for offered in self._offered if offered in wanted))

    def _choose(self, nodes: tuple[NodeId, ...]) -> None:
        if nodes != self._chosen:
            self.edited.emit(nodes)


class LossChoice(QWidget):
    """A row a loss: whether it counts, its name, and its weight. `edited(losses)`; `finished()` ends a touch."""

    edited = Signal(object)
    finished = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._losses: Losses = ()
        self._names: Mapping[NodeId, str] = {}
        self.toggles: dict[NodeId, ToggleField] = {}
        self.weights: dict[NodeId, EntryField] = {}
        self._complaint = label("", tone="error", wrap=True)
        self._complaint.hide()
        self._column = column(spacing=GRID)
        layout = column(self, spacing=GRID)
        layout.addWidget(label(tr("Losses and their weights"), tone="muted"))
        layout.addLayout(self._column)
        layout.addWidget(self._complaint)

    def show_losses(self, losses: Losses, names: Mapping[NodeId, str]) -> None:
        """Show which of these losses count; none stands for all of them with weight 1."""
        self._losses = losses or tuple((node, 1.0) for node in names)
        if tuple(names.items()) != tuple(self._names.items()):
            self._names = dict(names)
            self._build()
        weights = dict(self._losses)
        for node in self._names:
            self.toggles[node].setChecked(node in weights)
            self.weights[node].setEnabled(node in weights)
            self.weights[node].show_value(weights.get(node, 1.0))

    def _build(self) -> None:
        empty(self._column)
        self.toggles, self.weights = {}, {}
        for node, name in self._names.items():
            self._column.addWidget(self._make(node, name))

    def _make(self, node: NodeId, name: str) -> QWidget:
        toggle = self.toggles[node] = ToggleField()
        toggle.setText(name)
        toggle.setAccessibleName(tr("Minimize {loss}", loss=name))
        help_text = tr("What this loss is multiplied by before the losses are added up.")
        param = Param(name=tr("weight"), kind=Kind.FLOAT, default=1.0, help=help_text, required=True)
        weight = self.weights[node] = EntryField(param)
        weight.setAccessibleName(tr("Weight of {loss}", loss=name))
        weight.setToolTip(help_text)
        weight.setWhatsThis(help_text)
        weight.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        toggle.committed.connect(partial(self._on_toggled, node))
        weight.committed.connect(partial(self._on_weighted, node))
        weight.rejected.connect(partial(complain, self._complaint))
        for field in (toggle, weight):
            field.finished.connect(self.finished)
        line = QWidget()
        inside = row(line, spacing=2 * GRID)
        inside.addWidget(toggle, 12)
        inside.addWidget(weight, 10)
        return line

    def _on_toggled(self, node: NodeId, wanted: object) -> None:
        weights = dict(self._losses)
        if wanted:
            weights[node] = 1.0
        elif len(weights) > 1:
            del weights[node]
        else:
            self.toggles[node].setChecked(True)
            complain(self._complaint, tr("An objective needs at least one loss. Choose another one first."))
            return
        complain(self._complaint, None)
        self._tell(weights)

    def _on_weighted(self, node: NodeId, weight: float) -> None:
        self._tell({**dict(self._losses), node: float(weight)})

    def _tell(self, weights: Mapping[NodeId, float]) -> None:
        self.edited.emit(tuple((node, weights[node]) for node in self._names if node in weights))


def losses_of(project: Project) -> dict[NodeId, str]:
    """The names of the losses of a drawing."""
    return _named(project, lambda role, learns: role is Role.LOSS)


def learning_nodes(project: Project) -> dict[NodeId, str]:
    """The names of the nodes of a drawing that can have parameters to learn: layers, and instances of blocks."""
    return _named(project, lambda role, learns: learns)


def _named(project: Project, wanted: Callable[[Role, bool], bool]) -> dict[NodeId, str]:
    catalog = project.catalog
    known = ((node, catalog.of(node)) for node in project.graph.nodes.values())
    return {n.id: n.name for n, found in known if found is not None and wanted(found.role, found.is_trainable(n))}

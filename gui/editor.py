"""The open drawing: what the person wants becomes an edit, an edit becomes a new value, and everybody hears of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal, Slot

from graph.binding import checked
from graph.bypassing import bypass, can_bypass
from graph.catalog import Catalog
from graph.history import History
from graph.limits import check_limits
from graph.look import Look, with_look
from graph.messages import EditError, FileError, LayerloomError, Message, msg
from graph.model import Definitions, Graph, Link, Node, NodeId, Port, Position, Project, Scope, Value
from graph.plan import Plan
from graph.problems import Fix
from graph.renaming import rename_node
from graph.wiring import rewired, with_answers
from gui.describer import Describer, Finding
from gui.shelf import brought_in, is_on_shelf
from runtime.analysis import Analysis

Edit = Callable[[Graph], Graph]
Then = Callable[[Graph, NodeId, Catalog], Graph]  # what else happens to the drawing that a new node is in


class Change(NamedTuple):
    """What listeners get after every edit: the value before and the value now."""

    old: Project
    new: Project


class Editor(QObject):
    """The document in the window. Views read it, `selection` and `analysis`, and call the verbs below.

    `project` is the whole document. What is on the canvas is the drawing of `scope`: that of a block, or (None) the
    project's own; `view` is the document as seen from there. Every verb is one undo step in that drawing. An edit that
    makes nonsense changes nothing; `refused` says why. What concerns blocks is in `gui.block_editor`.
    """

    changed = Signal(object)  # Change
    analysed = Signal(object)  # Analysis
    selection_changed = Signal(object)  # frozenset[NodeId]
    refused = Signal(object)  # Message
    saved_changed = Signal()
    leaving = Signal()  # another drawing will be shown: what is being typed into this one belongs to it
    scope_changed = Signal(object)  # Scope

    def __init__(self, project: Project | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._history: History[Project] = History(project or Project())
        self.folder: Path | None = None  # the folder that relative paths of data nodes start from
        self.selection: frozenset[NodeId] = frozenset()
        self.selected_links: frozenset[Link] = frozenset()
        self.selected_annotations: frozenset[str] = frozenset()
        self.analysis = Analysis(complete=False)
        self.scope: Scope = None
        self.way: tuple[NodeId, ...] = ()  # the instances that lead from the project's drawing there
        self._describer = Describer(lambda node: self._history.holds(Finding(node, None).is_awaited), self)
        self._describer.found.connect(self._on_found)
        self._describer.failed.connect(self.refused)

    # ---- what is there

    @property
    def project(self) -> Project:
        """The present value of the document."""
        return self._history.value

    @property
    def view(self) -> Project:
        """The document as it is seen from the drawing on the canvas."""
        return self.project.inside(self.scope)

    @property
    def graph(self) -> Graph:
        """The drawing on the canvas."""
        return self.project.drawing(self.scope)

    @property
    def catalog(self) -> Catalog:
        """Every node type that can be used in this document."""
        return self.project.catalog

    @property
    def view_analysis(self) -> Analysis:
        """What is known about the drawing on the canvas."""
        return self.analysis.within(self.scope, self.way)

    @property
    def is_saved(self) -> bool:
        """Whether the file holds the present value."""
        return self._history.is_saved

    @property
    def history(self) -> History[Project]:
        """Every state of the document, to be read only: `undo`, `redo` and `travel_to` move in it."""
        return self._history

    @property
    def undo_text(self) -> Message | None:
        """What undo would take back."""
        return self._history.undo_text

    @property
    def redo_text(self) -> Message | None:
        """What redo would do again."""
        return self._history.redo_text

    def set_analysis(self, analysis: Analysis) -> None:
        """Take the answer of the analysis thread for the present value."""
        self.analysis = analysis
        self.analysed.emit(analysis)

    def look_into(self, scope: Scope) -> None:
        """Show the drawing of a block, or (None) that of the project."""
        if scope != self.scope and (scope is None or scope in self.project.blocks):
            self.leaving.emit()
            self.scope = scope
            self._select_nothing()
            self.scope_changed.emit(scope)
            self.selection_changed.emit(self.selection)

    # ---- documents

    def open(self, project: Project) -> None:
        """Start with another document and an empty history."""
        old = self.project
        self._history = History(project)
        self._select_nothing()
        self.analysis = Analysis(complete=False)
        self.scope = None
        self.scope_changed.emit(None)
        self._announce(old)
        self.selection_changed.emit(self.selection)

    def mark_saved(self, project: Project | None) -> None:
        """`project` is what the file holds now; None if it holds nothing of this document."""
        self._history.mark_saved(project)
        self.saved_changed.emit()

    # ---- history

    def undo(self) -> None:
        """Take the last step back."""
        self._travel(self._history.undo)

    def redo(self) -> None:
        """Do the step that was taken back again."""
        self._travel(self._history.redo)

    def travel_to(self, index: int) -> None:
        """Go to the state at this index of `history.steps`, back or forward."""
        self._travel(partial(self._history.go, index))

    def end_merge(self) -> None:
        """A drag or a slider is let go: what follows is a step of its own."""
        self._history.end_merge()

    # ---- selection

    def select(self, nodes: Iterable[NodeId], links: Iterable[Link] = (), annotations: Iterable[str] = ()) -> None:
        """Select exactly these nodes, links, and frames and notes."""
        there = self.graph.links
        chosen = (
            frozenset(nodes) & self.graph.nodes.keys(),
            frozenset(link for link in links if there.get(link.target) == link),
            frozenset(annotations) & self.graph.look.annotations.keys(),
        )
        if chosen != (self.selection, self.selected_links, self.selected_annotations):
            self.selection, self.selected_links, self.selected_annotations = chosen
            self.selection_changed.emit(self.selection)

    def select_all(self) -> None:
        """Select every node, frame and note."""
        self.select(self.graph.nodes, annotations=self.graph.look.annotations)

    # ---- edits

    def add_node(
        self,
        type_id: str,
        position: Position,
        *,
        params: Mapping[str, Value] | None = None,
        then: Then | None = None,
        definitions: Definitions | None = None,
        merge: object = None,
    ) -> NodeId | None:
        """Add a node of a type and select it; `then` does more with it in the same step, such as drawing its wires.

        `definitions` are those of the document from then on. A block of the library (see `gui.shelf`) comes in with its node.
        """
        try:
            definitions, type_id = brought_in(definitions or self.project.definitions, type_id)
        except FileError as error:
            self.refused.emit(error.message)
            return None
        node_type, graph = definitions.catalog[type_id], self.graph
        node = Node(graph.free_id(), node_type.id, graph.free_name(node_type.stem), params or {}, position=position)
        node = self._describer.described(node, self.folder, self.project.plan)

        def edit(graph: Graph) -> Graph:
            graph = graph.add(node) if then is None else then(graph.add(node), node.id, definitions.catalog)
            return with_answers(graph, node.id, definitions.catalog)

        if not self.edit(edit, msg("Add {name}", name=node.name), definitions=definitions, merge=merge):
            return None
        self.select([node.id])
        return node.id

    def can_add(self, type_id: str) -> bool:
        """Whether this is a node type of the document, or a block of the library."""
        return type_id in self.catalog or is_on_shelf(type_id)

    def connect_ports(self, source: Port, target: Port) -> bool:
        """Draw a wire; an occupied input gets the new wire in the place of its old one."""
        return self.edit(lambda graph: rewired(graph, Link(source, target), self.catalog), msg("Connect"))

    def rewire(self, link: Link, target: Port) -> bool:
        """Take the end of a wire to another input, as one step."""
        link_there = Link(link.source, target)
        return self.edit(lambda graph: rewired(graph.disconnect([link]), link_there, self.catalog), msg("Connect"))

    def disconnect_links(self, links: Iterable[Link]) -> None:
        """Remove wires."""
        self.edit(lambda graph: graph.disconnect(links), msg("Disconnect"))

    def remove_selected(self) -> None:
        """Remove what is selected."""
        nodes, links, annotations = self.selection, self.selected_links, self.selected_annotations
        if nodes or links or annotations:

            def edit(graph: Graph) -> Graph:
                graph = graph.disconnect(links).remove(nodes)
                return with_look(graph, graph.look.without(annotations))

            self.edit(edit, msg("Delete"))

    def bypass_selected(self) -> None:
        """Switch those of the selected nodes off that can be; on again if all of them are off."""
        nodes = self.graph.nodes
        able = {i for i in self.selection if can_bypass(self.catalog.get(nodes[i].type))}
        ids = able or self.selection
        bypassed = not all(self.graph.nodes[i].bypassed for i in ids)
        text = msg("Bypass") if bypassed else msg("End the bypass")
        self.edit(lambda graph: bypass(graph, ids, self.catalog, bypassed=bypassed), text)

    def set_look(self, look: Look, text: Message, *, merge: object = None) -> bool:
        """Change how the drawing on the canvas looks (see `graph.look`), as one step."""
        return self.edit(lambda graph: with_look(graph, look), text, merge=merge)

    def set_param(self, node: NodeId, name: str, value: Value) -> bool:
        """Set a parameter; None gives an `auto` one back to inference."""
        merge = ("param", self.scope, node, name)

        def edit(graph: Graph) -> Graph:
            node_type = self.catalog[graph.require(node).type]
            param = node_type.param(name)
            assert param is not None, name
            block = self.project.blocks[self.scope] if self.scope is not None else None
            normal = checked(param, value, block)
            if param.auto is not None and normal is None:
                return self._described(graph, graph.reset_params(node, [name]), node)
            return self._described(graph, graph.set_params(node, {name: normal}), node)

        owner = self.graph.nodes[node].name if node in self.graph.nodes else node
        text = msg("Set {name} of {node}", name=name, node=owner)
        return self.edit(edit, text, merge=merge)

    def reset_param(self, node: NodeId, name: str) -> None:
        """Give a parameter back to its default."""
        text = msg("Reset {name}", name=name)
        self.edit(lambda graph: self._described(graph, graph.reset_params(node, [name]), node), text)

    def refresh_data(self, node: NodeId) -> None:
        """Look at the data of a data node again."""
        describe = self._describer.described
        self.edit(
            lambda graph: graph.put(describe(graph.require(node), self.folder, self.project.plan)),
            msg("Read the data again"),
        )

    def rename(self, node: NodeId, name: str) -> bool:
        """Give a node another name."""
        return self.change(lambda p: rename_node(p, self.scope, node, name), msg("Rename to {name}", name=name))

    def move(self, positions: Mapping[NodeId, Position], *, merge: object = None) -> None:
        """Place nodes; moves with the same `merge` key are one step."""
        self.edit(lambda graph: graph.move(positions), msg("Move"), merge=merge)

    def set_plan(self, plan: Plan, text: Message, *, merge: object = None) -> None:
        """Change the training plan."""
        self.push(self.project.with_plan(plan), text, merge)

    def rename_project(self, name: str) -> None:
        """Give the network another name."""
        self.push(replace(self.project, name=name), msg("Rename the network"))

    def apply_fix(self, fix: Fix) -> None:
        """Mend a problem, as one step."""
        try:
            self.push(fix.edit(self.project), fix.label)
        except LayerloomError as error:
            self.refused.emit(error.message)

    # ---- machinery

    def _select_nothing(self) -> None:
        self.selection, self.selected_links, self.selected_annotations = frozenset(), frozenset(), frozenset()

    def _described(self, old: Graph, new: Graph, node: NodeId) -> Graph:
        """The drawing in which the data of a node are looked at, if its parameters are others than before."""
        if new.nodes[node].params == old.nodes[node].params:
            return new
        return new.put(self._describer.described(new.nodes[node], self.folder, self.project.plan))

    @Slot(object)
    def _on_found(self, finding: Finding) -> None:
        """The answer belongs to the states that await it, wherever in the history they are: it is no step of its own."""
        if finding.reason is not None and finding.is_awaited(self.project):
            self.refused.emit(finding.reason)
        self.amend(finding.into())

    def change(self, edit: Callable[[Project], Project], text: Message, merge: object = None) -> bool:
        """Change the document as one step. An edit that makes nonsense changes nothing; False then."""
        try:
            project = edit(self.project)
        except EditError as error:
            self.refused.emit(error.message)
            return False
        return self.push(project, text, merge)

    def edit(self, edit: Edit, text: Message, *, merge: object = None, definitions: Definitions | None = None) -> bool:
        """Change the drawing on the canvas as one step, see `change`; `definitions` are those of the document then."""

        def change(project: Project) -> Project:
            project = project if definitions is None else replace(project, definitions=definitions)
            return project.with_drawing(self.scope, edit(self.graph))

        return self.change(change, text, merge)

    def push(self, project: Project, text: Message, merge: object = None) -> bool:
        """Make this the present value of the document, as one step; False if no file could hold it.

        One that says the same as the present value is no step.
        """
        old = self.project
        try:
            check_limits(project, old)
        except EditError as error:
            self.refused.emit(error.message)
            return False
        self._history.push(project, text, merge=merge)
        if self.project is not old:
            self._announce(old)
        return True

    def amend(self, edit: Callable[[Project], Project]) -> None:
        """Change what the states of the document say, those that were undone too, without a step (see `History.amend`)."""
        old = self.project
        self._history.amend(edit)
        if self.project is not old:
            self._tell(old)

    def _travel(self, step: Callable[[], None]) -> None:
        old = self.project
        step()
        if self.project is not old:
            self._announce(old)

    def _follow(self, old: Project) -> None:
        """Show the drawing that a step changed, if it is not the one on the canvas."""
        new = self.project
        here = self.scope is None or self.scope in new.blocks
        if here and self.scope is not None and old.blocks.get(self.scope) is not new.blocks[self.scope]:
            return
        if here and self.scope is None and new.graph is not old.graph:
            return
        changed = [b for b in new.blocks if b in old.blocks and new.blocks[b].graph is not old.blocks[b].graph]
        if new.graph is not old.graph or not here:
            self.look_into(None)
        elif changed:
            self.look_into(changed[0])

    def _announce(self, old: Project) -> None:
        self._follow(old)
        self._tell(old)

    def _tell(self, old: Project) -> None:
        self.changed.emit(Change(old, self.project))
        self.saved_changed.emit()
        self.select(self.selection, self.selected_links, self.selected_annotations)

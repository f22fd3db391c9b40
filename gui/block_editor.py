"""What can be done with blocks, shared weights and code of the person: verbs over the document of an editor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal

from graph.blocks import check_title, dissolve, make_block, rename_param, set_params
from graph.catalog.definitions import CODE_PREFIX, INPUT, OUTPUT, PREFIX, block_of, code_of
from graph.layout import goes_right, tidy
from graph.messages import EditError, FileError, Message, msg
from graph.model import Block, BlockParam, Code, Definitions, Graph, Node, NodeId, Port, Position, Project, Scope
from graph.names import first_free
from graph.plan import Choice
from gui.canvas.geometry import card_shapes, card_sizes
from gui.editor import Editor
from runtime.library import my_folder, save_to_library

APART = 400.0  # between the Input and the Output of an empty block


class Step(NamedTuple):
    """A place on the way from the drawing of the project into a block: the instance that leads there, and its name."""

    scope: Scope
    name: str
    instance: NodeId | None = None


class BlockEditor(QObject):
    """Verbs about definitions, each one undo step of the editor. `path` is the way to the drawing on the canvas.

    `kept(str, Path)`: the block of that name was written to the person's own.
    """

    path_changed = Signal()
    kept = Signal(str, object)

    def __init__(self, editor: Editor) -> None:
        super().__init__(editor)
        self._editor = editor
        self.path: tuple[Step, ...] = ()
        editor.scope_changed.connect(self._on_scope_changed)
        editor.changed.connect(lambda _change: self.path_changed.emit())

    # ---- going in and out

    def enter(self, node: NodeId) -> bool:
        """Look into the block of an instance; False for any other node."""
        found = self._editor.graph.nodes.get(node)
        block = block_of(found, self._editor.project.definitions) if found else None
        if found is None or block is None:
            return False
        if block.id != self._editor.scope:  # a block that contains itself leads nowhere new
            self.path = (*self.path, Step(block.id, found.name, node))
            self._editor.look_into(block.id)
        return True

    def leave(self, steps: int = 1) -> None:
        """Go that many steps back towards the drawing of the project, and select the instance that was left."""
        kept = max(0, len(self.path) - steps)
        left = self.path[kept : kept + 1]
        self.path = self.path[:kept]
        self._editor.look_into(self.path[-1].scope if self.path else None)
        self._editor.select(step.instance for step in left if step.instance is not None)

    def go_to(self, scope: Scope) -> None:
        """Show the drawing of a block, or that of the project, wherever the person is."""
        self._editor.look_into(scope)

    def _on_scope_changed(self, scope: Scope) -> None:
        if (self.path[-1].scope if self.path else None) != scope:  # an undo, or a problem, led there
            self.path = self._way_to(scope)
        self._editor.way = tuple(step.instance for step in self.path if step.instance is not None)
        self.path_changed.emit()

    def _way_to(self, scope: Scope) -> tuple[Step, ...]:
        """The shortest way over instances; of a block that is not used, the block alone."""
        project = self._editor.project
        ways: dict[Scope, tuple[Step, ...]] = {None: ()}
        waiting: list[Scope] = [None]
        for here in waiting:
            for node in project.drawing(here).nodes.values():
                block = block_of(node, project.definitions)
                if block is not None and block.id not in ways:
                    ways[block.id] = (*ways[here], Step(block.id, node.name, node.id))
                    waiting.append(block.id)
        return ways[scope] if scope is None or scope in ways else (Step(scope, project.blocks[scope].name),)

    # ---- blocks

    def free_title(self, stem: str) -> str:
        """A name for a block that none has."""
        names = self._editor.project.definitions.names
        return stem if stem not in names else first_free(stem, names)

    def make_block(self, name: str) -> NodeId | None:
        """Put the selected nodes into a new block."""
        analysis = self._editor.view_analysis
        announced = {
            Port(node, port): (tuple(d for d in spec.shape[1:] if isinstance(d, int)), spec.dtype)
            for node, found in analysis.nodes.items()
            for port, spec in found.outputs.items()
        }
        made: list[NodeId] = []

        def edit(project: Project) -> Project:
            changed, instance = make_block(
                project, self._editor.scope, self._editor.selection, name=name, announced=announced
            )
            made.append(instance)
            return _in_order(changed, changed.drawing(self._editor.scope).nodes[instance])

        if not self._editor.change(edit, msg("Make the block {name}", name=name)):
            return None
        self._editor.select(made)
        return made[0]

    def new_block(self, name: str, position: Position) -> NodeId | None:
        """Add an empty block, with one Input and one Output, and an instance of it."""
        ends = (Node("n1", INPUT, "x"), Node("n2", OUTPUT, "output", position=(APART, 0.0)))
        graph = Graph({node.id: node for node in ends})

        definitions = self._editor.project.definitions
        try:
            check_title(name, definitions)
        except EditError as error:
            self._editor.refused.emit(error.message)
            return None
        block = Block(definitions.free_id("b"), name, graph)
        return self.use(definitions.put_block(block), PREFIX + block.id, position)

    def dissolve(self, node: NodeId) -> None:
        """Put the nodes of a block in the place of an instance."""
        ids: list[NodeId] = []

        def edit(project: Project) -> Project:
            changed, new = dissolve(project, self._editor.scope, node)
            ids.extend(new)
            return changed

        if self._editor.change(edit, msg("Take the block apart")):
            self._editor.select(ids)

    def use(self, definitions: Definitions, type_id: str, position: Position) -> NodeId | None:
        """Take the definitions (with those of a block of the library) in, and add a node of that type, as one step."""
        return self._editor.add_node(type_id, position, definitions=definitions)

    def uses(self, type_id: str) -> list[tuple[Scope, Node]]:
        """The nodes of a type, each with the drawing that it is in."""
        project = self._editor.project
        places: tuple[Scope, ...] = (None, *project.blocks)
        return [(scope, n) for scope in places for n in project.drawing(scope).nodes.values() if n.type == type_id]

    def delete(self, type_id: str) -> bool:
        """Forget a block or code that nothing uses."""
        project, uses = self._editor.project, self.uses(type_id)
        name = self._editor.catalog[type_id].label
        if uses:
            places = ", ".join(f"{self.title(scope)} › {node.name}" for scope, node in uses)
            self._editor.refused.emit(
                msg("'{name}' is still used: {places}. Delete these nodes first.", name=name, places=places)
            )
            return False
        definitions = project.definitions.remove(type_id.partition(".")[2])
        if self._editor.scope not in (None, *definitions.blocks):
            self._editor.look_into(None)
        return self._editor.push(replace(project, definitions=definitions), msg("Delete {name}", name=name))

    def title(self, scope: Scope) -> str:
        """What a drawing is called: the name of the block, or that of the network."""
        project = self._editor.project
        return project.name if scope is None else project.blocks[scope].name

    def change_block(self, scope: str, *, name: str | None = None, help_text: str | None = None) -> bool:
        """Give a block another name, or other words about it."""

        def edit(project: Project) -> Project:
            block = project.blocks[scope]
            if name is not None and name != block.name:
                check_title(name, project.definitions)
                block = replace(block, name=name)
            return project.with_block(block if help_text is None else replace(block, help=help_text.strip()))

        return self._editor.change(edit, msg("Change the block"))

    def set_block_params(self, scope: str, params: tuple[BlockParam, ...]) -> bool:
        """Give a block other parameters; instances lose the values of those that are gone."""
        return self._editor.change(
            lambda project: set_params(project, scope, params), msg("Change the parameters of the block")
        )

    def rename_param(self, scope: str, old: str, new: str) -> bool:
        """Give a parameter of a block another name; what refers to it follows, and so do the values at instances."""
        return self._editor.change(
            lambda project: rename_param(project, scope, old, new), msg("Rename to {name}", name=new)
        )

    def keep(self, block: str) -> None:
        """Write a block to the person's own, for other drawings; `kept` says where."""
        shown = self._editor.project.blocks[block]
        try:
            path = save_to_library(shown, self._editor.project.definitions, my_folder())
        except FileError as error:
            self._editor.refused.emit(error.message)
            return
        self.kept.emit(shown.name, path)

    # ---- weights

    def share_selected(self) -> None:
        """Let the selected nodes share their weights."""
        ids = self._editor.selection
        self._change_graph(lambda graph: graph.share(ids), msg("Share the weights"))

    def unshare_selected(self) -> None:
        """Give the selected nodes weights of their own."""
        ids = self._editor.selection
        self._change_graph(lambda graph: graph.unshare(ids), msg("Give each its own weights"))

    def set_init(self, node: NodeId, which: str, choice: Choice | None) -> None:
        """How the weights (`weight_init`) or biases (`bias_init`) of a node begin."""

        def edit(graph: Graph) -> Graph:
            members = graph.kin(node)
            for member in members:
                if member.type == graph.nodes[node].type:
                    graph = graph.put(replace(member, **{which: choice}))
            return graph

        self._change_graph(edit, msg("Set the initialization"), merge=("init", node, which))

    def set_project_init(self, which: str, choice: Choice | None) -> None:
        """How the weights or biases of all layers begin that do not say so themselves."""
        change = {which: choice}
        self._editor.change(
            lambda project: replace(project, **change), msg("Set the initialization"), ("init", None, which)
        )

    # ---- code

    def code_of(self, node: NodeId) -> Code | None:
        """The code that a node runs, or None."""
        found = self._editor.graph.nodes.get(node)
        return code_of(found, self._editor.project.definitions) if found else None

    def put_code(self, code: Code, position: Position) -> None:
        """Change a piece of code, or add it with a node that runs it."""
        definitions = self._editor.project.definitions
        if code.id in definitions.codes:
            self._editor.change(lambda p: replace(p, definitions=p.definitions.put_code(code)), msg("Change the code"))
            return
        new = replace(code, id=definitions.free_id("c"))
        self.use(definitions.put_code(new), CODE_PREFIX + new.id, position)

    # ---- machinery

    def _change_graph(self, edit: Callable[[Graph], Graph], text: Message, merge: object = None) -> bool:
        scope = self._editor.scope
        return self._editor.change(
            lambda project: project.with_drawing(scope, edit(project.drawing(scope))), text, merge
        )


def _in_order(project: Project, instance: Node) -> Project:
    """The project, where the drawing of an instance's block is tidied up unless all of its wires lead to the right."""
    block = block_of(instance, project.definitions)
    assert block is not None, instance.type
    sizes = card_sizes(block.graph, project.catalog)
    if goes_right(block.graph, sizes):
        return project
    shapes = card_shapes(block.graph, project.catalog)
    return project.with_drawing(block.id, block.graph.move(tidy(block.graph, sizes=sizes, ports=shapes)))

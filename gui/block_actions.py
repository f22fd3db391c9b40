"""What the menus and the canvas do with blocks, shared weights and code of the person: asks what is not known yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, QPoint, QPointF, QRectF, Slot

from graph.blocks import check_title, make_block
from graph.catalog import Role
from graph.catalog.definitions import block_of
from graph.messages import EditError, Message, msg, tr
from graph.model import Code, NodeId
from gui.block_editor import BlockEditor
from gui.canvas.card import has_inside
from gui.canvas.naming import Naming
from gui.canvas.view import CanvasView
from gui.code_editors import CodeEditors
from gui.editor import Editor

BELOW = QPoint(0, 10)  # from the selection to the box that asks for a name
NOT_INSIDE = msg("This is the drawing of the network itself. There is nothing around it.")
# What an action needs, said where it is not there.
NEEDED: Mapping[str, Message] = {
    "make_block": msg("Nothing is selected. Select the nodes that the block should hold."),
    "dissolve_block": msg("Select one instance of a block to take it apart."),
    "enter_block": msg("Select an instance of a block to look inside."),
    "keep_block": msg("Select one instance of a block to save the block for other drawings."),
    "share_weights": msg("Sharing needs at least two nodes. Select those that should have the same weights."),
    "own_weights": msg("Nothing that is selected shares its weights."),
}


class BlockActions(QObject):
    """Methods named like the ids in `gui.actions` are what the menus call. What cannot be done is refused with a reason."""

    def __init__(self, editor: Editor, blocks: BlockEditor, canvas: CanvasView, *, codes: CodeEditors) -> None:
        super().__init__(canvas)
        self._editor, self._blocks, self._canvas, self._codes = editor, blocks, canvas, codes
        canvas.inside_requested.connect(self._look_into)
        canvas.leave_requested.connect(self.leave_block)

    def offered(self, *, on_node: bool) -> list[str]:
        """The ids of the actions that a menu on the selected nodes, or on the empty canvas, has beside the usual ones."""
        editor = self._editor
        if not on_node:
            return ["new_block", "new_code", *(["leave_block"] if editor.scope is not None else [])]
        chosen = [editor.graph.nodes[i] for i in editor.selection]
        types = [editor.catalog.get(node.type) for node in chosen]
        one_inside = len(chosen) == 1 and has_inside(types[0])
        one_block = one_inside and types[0] is not None and types[0].role is Role.BLOCK
        offers = {
            "enter_block": one_inside,
            "make_block": True,
            "dissolve_block": one_block,
            "keep_block": one_block,
            "share_weights": len(chosen) > 1,
            "own_weights": any(len(editor.graph.kin(node.id)) > 1 for node in chosen),
        }
        return [name for name, fits in offers.items() if fits]

    def why_not(self, action: str) -> Message | None:
        """Why an action cannot be done with what is selected; None if it can."""
        editor = self._editor
        if action == "leave_block":
            return NOT_INSIDE if editor.scope is None else None
        fits = action not in NEEDED or action in self.offered(on_node=True)
        if action == "make_block":
            fits = bool(editor.selection)
        elif action == "enter_block" and len(editor.selection) == 1:
            (node,) = editor.selection
            return None if fits else self._nothing_inside(node)
        elif action == "keep_block":
            fits = fits or (editor.scope is not None and not editor.selection)
        return None if fits else NEEDED[action]

    # ---- blocks

    def make_block(self) -> None:
        """Ask for a name, and put the selected nodes into a block of that name."""
        name = self._blocks.free_title("Block")
        try:
            make_block(self._editor.project, self._editor.scope, self._editor.selection, name=name)
        except EditError as error:
            self._editor.refused.emit(error.message)
            return
        selected = [self._canvas.scene().nodes[i].body() for i in self._editor.selection]
        area = selected[0]
        for body in selected[1:]:
            area = area.united(body)
        self._ask(tr("Name of the block"), name, area, self._blocks.make_block)

    def new_block(self) -> None:
        """Ask for a name, and add an empty block of that name."""
        x, y = place = self._canvas.visible_center()
        area = QRectF(QPointF(x, y), QPointF(x, y))
        name = self._blocks.free_title("Block")
        self._ask(tr("Name of the new block"), name, area, lambda title: self._blocks.new_block(title, place))

    def dissolve_block(self) -> None:
        """Put the nodes of the selected instance's block in its place."""
        node = self._the_selected(NEEDED["dissolve_block"])
        if node is not None:
            self._blocks.dissolve(node)

    def keep_block(self) -> None:
        """Write the block of the selected instance, or else the one on show, to the person's own."""
        graph, definitions = self._editor.graph, self._editor.project.definitions
        chosen = [block_of(graph.nodes[node], definitions) for node in self._editor.selection]
        if len(chosen) == 1 and chosen[0] is not None:
            self._blocks.keep(chosen[0].id)
        elif not chosen and self._editor.scope is not None:
            self._blocks.keep(self._editor.scope)
        else:
            self._editor.refused.emit(NEEDED["keep_block"])

    def enter_block(self) -> None:
        """Look into the selected instance, or at the code of the selected node."""
        node = self._the_selected(NEEDED["enter_block"])
        if node is not None:
            self._look_into(node)

    def leave_block(self) -> None:
        """Go back to the drawing around."""
        if self._editor.scope is None:
            self._editor.refused.emit(NOT_INSIDE)
        else:
            self._blocks.leave()

    @Slot(str)
    def _look_into(self, node: NodeId) -> None:
        if self._blocks.enter(node):
            return
        code = self._blocks.code_of(node)
        if code is not None:
            self._open_code(code)
        elif node in self._editor.graph.nodes:
            self._editor.refused.emit(self._nothing_inside(node))

    # ---- weights

    def share_weights(self) -> None:
        """Let the selected nodes share their weights."""
        self._blocks.share_selected()

    def own_weights(self) -> None:
        """Give the selected nodes weights of their own."""
        graph = self._editor.graph
        if any(len(graph.kin(node)) > 1 for node in self._editor.selection):
            self._blocks.unshare_selected()
        else:
            self._editor.refused.emit(NEEDED["own_weights"])

    # ---- code

    def new_code(self) -> None:
        """Write a node in Python."""
        self._open_code(Code("", self._blocks.free_title("Mine"), ""))

    def _open_code(self, code: Code) -> None:
        self._codes.open(code, self._canvas.visible_center())

    # ---- machinery

    def _nothing_inside(self, node: NodeId) -> Message:
        name = self._editor.graph.nodes[node].name
        return msg("There is no drawing inside '{node}': only instances of blocks have one.", node=name)

    def _the_selected(self, refusal: Message) -> NodeId | None:
        if len(self._editor.selection) != 1:
            self._editor.refused.emit(refusal)
            return None
        (node,) = self._editor.selection
        return node

    def _ask(self, title: str, name: str, area: QRectF, do: Callable[[str], object]) -> None:
        """Ask for the name of a block below an area of the canvas."""
        definitions = self._editor.project.definitions
        hint = tr("Letters and digits, such as BasicBlock. Enter makes it.")
        box = Naming(self._canvas, title, name=name, hint=hint, check=lambda text: check_title(text, definitions))
        box.named.connect(do)
        box.open_at(self._canvas.mapFromScene(area.bottomLeft()) + BELOW)

"""What the menus do on the canvas: arranging, finding, healing, frames and notes, and where the person looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from PySide6.QtCore import QObject

from graph import layout
from graph.arranging import Box, aligned, distributed
from graph.edits import pull_out, remove_and_heal
from graph.framing import refitted
from graph.look import DOWN, RIGHT, with_look
from graph.messages import Message, msg
from graph.model import Graph, NodeId, Port, Position
from graph.topology import ancestors, descendants
from gui.canvas.find import FindBox, Finder
from gui.canvas.geometry import card_shapes, card_sizes
from gui.canvas.problem_walk import ProblemWalk
from gui.canvas.view import CanvasView
from gui.editor import Editor

SIDEWAYS, UPRIGHT = 0, 1
# How many nodes must be selected for an action.
NEEDED: Mapping[str, int] = {
    **dict.fromkeys(("select_upstream", "select_downstream", "zoom_to_selection", "collapse", "bypass", "pull_out"), 1),
    **dict.fromkeys(("align_left", "align_horizontal_centers", "align_right", "tidy_selection"), 2),
    **dict.fromkeys(("align_top", "align_vertical_centers", "align_bottom"), 2),
    **dict.fromkeys(("distribute_horizontally", "distribute_vertically"), 3),
}
REASONS: Mapping[int, Message] = {
    1: msg("Select a node first: click on it, or draw a box around several."),
    2: msg("Select at least two nodes first: click with Shift, or draw a box around them."),
    3: msg("Select at least three nodes first: click with Shift, or draw a box around them."),
}


class CanvasActions(QObject):
    """Methods named like the ids in `gui.actions` are what the menus call. Each that edits is one undo step."""

    def __init__(self, editor: Editor, canvas: CanvasView) -> None:
        super().__init__(canvas)
        self._editor, self._canvas = editor, canvas
        self._finder, self._walk = Finder(editor, canvas), ProblemWalk(editor, canvas)
        self._asking: Mapping[str, Callable[[], Message | None]] = {
            "delete_and_heal": self._why_not_delete,
            "reset_wires": self._why_not_reset,
            "next_problem": self._walk.why_not,
            "previous_problem": self._walk.why_not,
        }

    def why_not(self, action_id: str) -> Message | None:
        """Why an action cannot be done now; None if it can."""
        needed = NEEDED.get(action_id, 0)
        if len(self._editor.selection) < needed:
            return REASONS[needed]
        ask = self._asking.get(action_id)
        return ask() if ask is not None else self._canvas.annotator.why_not(action_id)

    # ---- lining up

    def align_left(self) -> None:
        """Bring the left edges of the selected nodes in line."""
        self._align(SIDEWAYS, 0.0)

    def align_horizontal_centers(self) -> None:
        """Bring the middles of the selected nodes in one column."""
        self._align(SIDEWAYS, 0.5)

    def align_right(self) -> None:
        """Bring the right edges of the selected nodes in line."""
        self._align(SIDEWAYS, 1.0)

    def align_top(self) -> None:
        """Bring the upper edges of the selected nodes in line."""
        self._align(UPRIGHT, 0.0)

    def align_vertical_centers(self) -> None:
        """Bring the middles of the selected nodes in one row."""
        self._align(UPRIGHT, 0.5)

    def align_bottom(self) -> None:
        """Bring the lower edges of the selected nodes in line."""
        self._align(UPRIGHT, 1.0)

    def distribute_horizontally(self) -> None:
        """Leave the same gap between the selected nodes, from left to right."""
        self._move(distributed(self._boxes(), SIDEWAYS), msg("Distribute"))

    def distribute_vertically(self) -> None:
        """Leave the same gap between the selected nodes, from top to bottom."""
        self._move(distributed(self._boxes(), UPRIGHT), msg("Distribute"))

    # ---- tidying up

    def tidy(self) -> None:
        """Place the selected nodes in layers if there are several, else the whole drawing."""
        if len(self._editor.selection) > 1:
            self.tidy_selection()
        else:
            self._tidy_all(self._editor.graph.look.flow, msg("Tidy up"))

    def tidy_selection(self) -> None:
        """Place the selected nodes in layers, where they are."""
        ids = self._editor.selection
        self._tidy(self._editor.graph.look.flow, msg("Tidy up the selection"), ids=ids)

    def flow_right(self) -> None:
        """Let the drawing be read from left to right."""
        self._tidy_all(RIGHT, msg("Left to right"))

    def flow_down(self) -> None:
        """Let the drawing be read from top to bottom."""
        self._tidy_all(DOWN, msg("Top to bottom"))

    @property
    def flows_right(self) -> bool:
        """Whether the drawing is read from left to right."""
        return self._editor.graph.look.flow == RIGHT

    @property
    def flows_down(self) -> bool:
        """Whether the drawing is read from top to bottom."""
        return self._editor.graph.look.flow == DOWN

    def reset_wires(self) -> None:
        """Let the selected wires, those at the selected nodes, or else all find their own way."""
        look = self._editor.graph.look
        for port in self._bent():
            look = look.bend(port, ())
        self._editor.set_look(look, msg("Let wires find their way"))

    # ---- editing

    def delete_and_heal(self) -> None:
        """Remove what is selected; what came into the nodes goes on to what they fed."""
        editor = self._editor
        nodes, links, annotations = editor.selection, editor.selected_links, editor.selected_annotations

        def edit(graph: Graph) -> Graph:
            graph = remove_and_heal(graph.disconnect(links), nodes, editor.catalog)
            return with_look(graph, graph.look.without(annotations))

        editor.edit(edit, msg("Delete and heal"))

    def pull_out(self) -> None:
        """Take the selected nodes out of the flow; what came into them goes on to what they fed."""
        editor, chosen = self._editor, self._editor.selection
        editor.edit(lambda graph: pull_out(graph, chosen, editor.catalog), msg("Pull out"))

    def collapse(self) -> None:
        """Show the selected cards small; whole again if all of them are."""
        self._canvas.annotator.collapse()

    def is_collapsed(self) -> bool:
        """Whether all selected cards are small."""
        return self._canvas.annotator.is_collapsed()

    def bypass(self) -> None:
        """Switch the selected nodes off, or on again."""
        self._canvas.annotator.bypass()

    def is_bypassed(self) -> bool:
        """Whether all selected nodes are switched off."""
        return self._canvas.annotator.is_bypassed()

    def add_frame(self) -> None:
        """Put a frame around what is selected, or an empty one in the middle."""
        self._canvas.annotator.add_frame()

    def add_note(self) -> None:
        """Put a note where the cursor is, or in the middle of what is on show."""
        self._canvas.annotator.add_note()

    def edit_text(self) -> None:
        """Edit the title of the selected frame, or the selected note, in its place."""
        self._canvas.annotator.edit_text()

    # ---- selecting and looking

    def select_upstream(self) -> None:
        """Select what leads to the selected nodes, too."""
        chosen = self._editor.selection
        self._editor.select(chosen | ancestors(self._editor.graph, chosen))

    def select_downstream(self) -> None:
        """Select what follows from the selected nodes, too."""
        chosen = self._editor.selection
        self._editor.select(chosen | descendants(self._editor.graph, chosen))

    def zoom_to_selection(self) -> None:
        """Show the selected nodes as large as they can be."""
        self._canvas.fly_to_nodes(self._editor.selection)

    def toggle_minimap(self) -> None:
        """Hide the map of the whole drawing, or show it again."""
        self._canvas.minimap.is_wanted = not self._canvas.minimap.is_wanted
        self._canvas.viewport().update()

    @property
    def has_minimap(self) -> bool:
        """Whether the map of the whole drawing is shown where it is of use."""
        return self._canvas.minimap.is_wanted

    def find(self) -> None:
        """Ask what to find in the drawing and its blocks."""
        FindBox(self._canvas, self._finder).show_up()

    def find_next(self) -> None:
        """Go to the next node of the kind that was looked for last."""
        self._find_on(1)

    def find_previous(self) -> None:
        """Go to the node before of the kind that was looked for last."""
        self._find_on(-1)

    def next_problem(self) -> None:
        """Go to the next problem, whichever drawing it is in."""
        self._walk.step(1)

    def previous_problem(self) -> None:
        """Go to the problem before."""
        self._walk.step(-1)

    # ---- machinery

    def _find_on(self, by: int) -> None:
        if not self._finder.query:
            self.find()
            return
        self._finder.read_again()
        self._finder.step(by)

    def _boxes(self) -> dict[NodeId, Box]:
        sizes, nodes = self._canvas.sizes(), self._editor.graph.nodes
        return {i: Box(*nodes[i].position, *sizes[i]) for i in self._editor.selection}

    def _align(self, axis: int, share: float) -> None:
        self._move(aligned(self._boxes(), axis, share), msg("Align"))

    def _move(self, places: Mapping[NodeId, Position], text: Message) -> None:
        nodes = self._editor.graph.nodes
        if any(nodes[i].position != place for i, place in places.items()):
            with self._canvas.glide.during():
                self._editor.edit(lambda graph: graph.move(places), text)

    def _tidy_all(self, flow: str, text: Message) -> None:
        self._tidy(flow, text)
        self._canvas.fly_home()

    def _tidy(self, flow: str, text: Message, *, ids: frozenset[NodeId] | None = None) -> None:
        catalog = self._editor.catalog

        def edit(graph: Graph) -> Graph:
            turned = with_look(graph, replace(graph.look, flow=flow))
            shapes, sizes = card_shapes(turned, catalog), card_sizes(turned, catalog)
            places = (
                layout.tidy(turned, sizes=sizes, ports=shapes, flow=flow)
                if ids is None
                else layout.tidy_part(turned, ids, sizes=sizes, ports=shapes, flow=flow)
            )
            after = turned.move(places)
            look = refitted(graph, after, card_sizes(graph, catalog), sizes)
            for port in [port for port in look.bends if port.node in places]:
                look = look.bend(port, ())
            after = with_look(after, look)
            return graph if after == graph else after

        with self._canvas.glide.during():
            self._editor.edit(edit, text)

    def _bent(self) -> list[Port]:
        """The inputs at which the wires end that `reset_wires` is about."""
        editor = self._editor
        bends = editor.graph.look.bends
        wires = {link.target for link in editor.selected_links}
        at_nodes = {p for p, link in editor.graph.links.items() if editor.selection & {p.node, link.source.node}}
        chosen = wires | at_nodes
        return [port for port in bends if not chosen or port in chosen]

    def _why_not_delete(self) -> Message | None:
        editor = self._editor
        if editor.selection or editor.selected_links or editor.selected_annotations:
            return None
        return REASONS[1]

    def _why_not_reset(self) -> Message | None:
        if self._bent():
            return None
        return msg("No wire here was bent by hand: drag the middle of a wire to give it a corner.")

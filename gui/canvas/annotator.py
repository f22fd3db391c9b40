"""What a person does with frames and notes, and with the size of cards, from menus and keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from math import ceil, dist, floor
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QPointF, QRectF, QSizeF, Qt, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from graph.areas import Area
from graph.bypassing import can_bypass
from graph.framing import area_around, load_of
from graph.look import FRAME, NOTE, Annotation
from graph.messages import Message, msg, tr
from graph.model import NodeId
from graph.strict_json import MAX_STRING
from gui.canvas.annotations import COLORS, NOTE_FONT, TITLE_FONT, needed_height
from gui.canvas.collapsing import collapsed
from gui.canvas.geometry import snap
from gui.canvas.markdown import can_open
from gui.canvas.note_editor import NoteEditor
from gui.canvas.wires import WireItem
from gui.editor import Change
from gui.icons import icon
from gui.theme import GRID

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView

APART = 4.0 * GRID  # from a new note to what is beside it
PLACES = 48  # that are tried in each direction for a new note
FRAME_SIZE, NOTE_SIZE = (320.0, 200.0), (240.0, 120.0)
COLOR_NAMES = dict(
    zip(
        COLORS,
        (msg("Gray"), msg("Blue"), msg("Green"), msg("Yellow"), msg("Orange"), msg("Red"), msg("Violet"), msg("Teal")),
        strict=True,
    )
)


class Annotator(QObject):
    """Adds frames and notes, edits their texts in place, colors them, and makes cards small or whole.

    `link_requested` gives the address of a page that the person wants to see.
    """

    link_requested = Signal(str)

    def __init__(self, view: CanvasView) -> None:
        super().__init__(view)
        self._view, self._editor = view, view.editor
        self._box: NoteEditor | None = None
        self._edited = ""
        view.editor.changed.connect(self._on_changed)
        view.editor.leaving.connect(self._on_leaving)
        view.editor.scope_changed.connect(self._on_scope_changed)

    # ---- for menus and keys

    def add_frame(self) -> None:
        """Put a frame around what is selected, or an empty one in the middle, and ask for its title."""
        editor, sizes = self._editor, self._view.sizes()
        load = load_of(editor.graph, editor.selection, editor.selected_annotations, sizes)
        around = area_around(editor.graph, load, sizes)
        self._add(FRAME, tr("Frame"), around or self._free_area(FRAME_SIZE), msg("Add a frame"))

    def add_note(self) -> None:
        """Put a note where the cursor is, or in the middle, and let the person write."""
        self._add(NOTE, "", self._free_area(NOTE_SIZE), msg("Add a note"))

    def edit_text(self) -> None:
        """Edit the title of the selected frame, or the selected note."""
        if len(self._editor.selected_annotations) == 1:
            self.edit(*self._editor.selected_annotations)

    def collapse(self) -> None:
        """Make the selected cards small; whole again if all of them are small."""
        self.switch(self._editor.selection)

    def is_collapsed(self) -> bool:
        """Whether all selected cards are small."""
        return bool(self._editor.selection) and self._editor.selection <= self._editor.graph.look.collapsed

    def bypass(self) -> None:
        """Switch the selected nodes off; on again if all of them are off."""
        self._editor.bypass_selected()

    def is_bypassed(self) -> bool:
        """Whether all selected nodes are switched off."""
        nodes = self._editor.graph.nodes
        return bool(self._editor.selection) and all(nodes[i].bypassed for i in self._editor.selection)

    def why_not(self, action: str) -> Message | None:
        """Why one of these cannot be done now; None if it can."""
        editor = self._editor
        if action in ("collapse", "bypass") and not editor.selection:
            return msg("Nothing is selected. Select the cards first.")
        if action == "edit_text" and len(editor.selected_annotations) != 1:
            return msg("Select one frame or note first.")
        types = [editor.catalog.get(editor.graph.nodes[i].type) for i in editor.selection]
        if action == "bypass" and not any(can_bypass(node_type) for node_type in types):
            return msg("Nothing could pass through what is selected. Choose a layer.")
        return None

    # ---- for gestures

    def switch(self, ids: Iterable[NodeId]) -> None:
        """Make cards small; whole again if all of them are small."""
        editor, chosen = self._editor, frozenset(ids)
        small = not chosen <= editor.graph.look.collapsed
        text = msg("Collapse") if small else msg("Expand")
        editor.edit(lambda graph: collapsed(graph, chosen, editor.catalog, small=small), text)

    def edit(self, annotation: str, *, merge: object = None) -> None:
        """Let the person edit a title or a note in its place; with `merge` it is one step with the one before."""
        self._finish()
        item = self._view.scene().annotations.items[annotation]
        is_frame = item.annotation.kind == FRAME
        self._edited, self._merge = annotation, merge
        self._box = NoteEditor(self._view, item, font_size=TITLE_FONT if is_frame else NOTE_FONT, one_line=is_frame)
        self._box.setAccessibleName(tr("Title of the frame") if is_frame else tr("Text of the note, in Markdown"))
        self._box.setPlaceholderText(
            "" if is_frame else tr("Write here, in Markdown: # title, *emphasis*, `code`. Esc ends.")
        )
        self._box.committed.connect(self._on_committed)
        self._box.cut_short.connect(self._on_cut_short)
        self._box.open()

    def set_color(self, role: str) -> None:
        """Give the selected frames and notes a color, a role of the theme."""
        look = self._editor.graph.look
        for i in self._editor.selected_annotations:
            look = look.put(replace(look.annotations[i], color=role))
        self._editor.set_look(look, msg("Change the color"))

    def fill_menu(self, menu: QMenu) -> None:
        """Put into a menu what can be done with the selected frames and notes."""
        chosen = [self._editor.graph.look.annotations[i] for i in self._editor.selected_annotations]
        if len(chosen) == 1:
            words = tr("Rename") if chosen[0].kind == FRAME else tr("Edit the text")
            menu.addAction(words, self.edit_text)
        colors = menu.addMenu(tr("Color"))
        group = QActionGroup(colors)
        for role, name in COLOR_NAMES.items():
            is_used = all(self._view.scene().annotations.items[a.id].role == role for a in chosen)
            entry = colors.addAction(icon("check" if is_used else "dot", role), str(name))
            entry.setData(role)
            entry.setCheckable(True)
            entry.setChecked(is_used)
            group.addAction(entry)
        group.triggered.connect(self._on_color_chosen)
        menu.addSeparator()
        menu.addAction(icon("delete"), tr("Delete"), self._editor.remove_selected)

    def show_menu(self, annotation: str, place: QPoint) -> None:
        """Show that menu at a place on the screen, for a frame or note that was clicked."""
        if annotation not in self._editor.selected_annotations:
            self._editor.select((), (), [annotation])
        menu = QMenu(self._view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.fill_menu(menu)
        menu.popup(place)

    def open_link(self, url: str) -> None:
        """Ask for a page of the web; other links are not opened."""
        if can_open(url):
            self.link_requested.emit(url)
        else:
            self._editor.refused.emit(
                msg("'{link}' is not opened: only links that begin with http:// or https:// are.", link=url)
            )

    # ---- machinery

    def _add(self, kind: str, text: str, area: Area, step: Message) -> None:
        self._finish()
        look = self._editor.graph.look
        annotation = Annotation(look.free_id(), kind, text, area)
        merge = ("annotation", self._editor.scope, annotation.id)
        self._editor.end_merge()
        if self._editor.set_look(look.put(annotation), step, merge=merge):
            self._editor.select((), (), [annotation.id])
            self._bring_into_sight(QRectF(*area))
            self.edit(annotation.id, merge=merge)

    def _free_area(self, size: tuple[float, float]) -> Area:
        """The free area in sight that is nearest to the cursor, or the middle; if none is, one as far below as needed.

        One without wires is taken if there is one.
        """
        scene, point = self._view.scene(), self._view.cursor_point or self._view.center()
        wanted = QRectF(QPointF(*snap((point.x() - size[0] / 2, point.y() - size[1] / 2))), QSizeF(*size))
        edge = APART / self._view.zoom
        nearby = _nearby(wanted, self._view.visible_area().adjusted(edge, edge, -edge, -edge))
        covered = (scene.is_covered(area.adjusted(-APART, -APART, APART, APART)) for area in nearby)
        free = [a for a, is_covered in zip(nearby, covered, strict=True) if not is_covered and not self._is_hidden(a)]
        if free:
            return _tuple(next((a for a in free if not any(isinstance(i, WireItem) for i in scene.items(a))), free[0]))
        below = scene.bounds().bottom() + APART
        while wanted.top() < below and scene.is_covered(wanted.adjusted(-APART, -APART, APART, APART)):
            wanted.translate(0, APART)
        return _tuple(wanted)

    def _bring_into_sight(self, area: QRectF) -> None:
        """Pan to an area that is partly out of sight; to the middle if something lies over the canvas where it is then."""
        self._view.ensureVisible(area, int(APART), int(APART))
        if self._is_hidden(area) and self._view.visible_area().contains(area):
            self._view.centerOn(area.center())

    def _is_hidden(self, area: QRectF) -> bool:
        """Whether the minimap, or something else that floats over the canvas, lies over an area of it."""
        view = self._view
        pixels = view.mapFromScene(area).boundingRect()
        if view.minimap.visible and view.minimap.area().intersects(pixels):
            return True
        pixels.translate(view.viewport().pos())
        floating = (w for w in view.children() if isinstance(w, QWidget) and w.isVisible() and w is not view.viewport())
        return any(widget.geometry().intersects(pixels) for widget in floating)

    def _finish(self) -> None:
        """What is being edited is done."""
        if self._box is not None:
            self._box.commit()

    @Slot(str)
    def _on_committed(self, text: str) -> None:
        self._box = None
        editor, look = self._editor, self._editor.graph.look
        if (annotation := look.annotations.get(self._edited)) is None:
            return
        if text != annotation.text:
            is_frame = annotation.kind == FRAME
            area = annotation.area if is_frame else _grown(annotation.area, text, self._view)
            words = msg("Rename the frame") if is_frame else msg("Edit the note")
            editor.set_look(look.put(replace(annotation, text=text, area=area)), words, merge=self._merge)
        editor.end_merge()

    @Slot()
    def _on_cut_short(self) -> None:
        self._editor.refused.emit(
            msg("A note holds up to {limit} bytes: the rest is left out. Write it in another note.", limit=MAX_STRING)
        )

    @Slot(object)
    def _on_changed(self, _change: Change) -> None:
        """What is being edited may be gone, undone for example."""
        if self._box is not None and self._edited not in self._editor.graph.look.annotations:
            self._box.shut()
            self._box = None

    @Slot()
    def _on_leaving(self) -> None:
        self._finish()

    @Slot(object)
    def _on_scope_changed(self, _scope: object) -> None:
        """Another document: what was typed into the one before goes with it."""
        if self._box is not None:
            self._box.shut()
            self._box = None

    @Slot(object)
    def _on_color_chosen(self, entry: QAction) -> None:
        self.set_color(entry.data())


def _tuple(area: QRectF) -> Area:
    return (area.x(), area.y(), area.width(), area.height())


def _nearby(wanted: QRectF, sight: QRectF) -> list[QRectF]:
    """Areas of that size in sight, the nearest first; none if it is too large."""
    columns = _steps(wanted.left(), sight.left(), sight.right() - wanted.width())
    rows = _steps(wanted.top(), sight.top(), sight.bottom() - wanted.height())
    corners = sorted(product(columns, rows), key=lambda corner: dist(corner, wanted.topLeft().toTuple()))
    return [QRectF(QPointF(*corner), wanted.size()) for corner in corners]


def _steps(wanted: float, low: float, high: float) -> list[float]:
    """Places on the grid from `low` to `high`, the one that is nearest to `wanted` among them; none if there is no room."""
    if low > high:
        return []
    start = min(max(wanted, GRID * ceil(low / GRID)), GRID * floor(high / GRID))
    step = max(APART, GRID * ceil((high - low) / PLACES / GRID))
    return [start + step * i for i in range(ceil((low - start) / step), floor((high - start) / step) + 1)]


def _grown(area: Area, text: str, view: CanvasView) -> Area:
    """High enough for a text, on the grid; never lower than it was."""
    left, top, width, height = area
    needed = needed_height(text, width, view.scene().colors)
    return (left, top, width, max(height, GRID * -(-needed // GRID)))

"""Keeps one item a frame and one a note in step with the look of a drawing, and tells which lies where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF

from graph.areas import Area
from graph.look import NOTE, Look
from gui.canvas.annotations import TITLE_BAR, AnnotationItem, FrameItem, Grip, NoteItem, title_chip
from gui.canvas.routing_cards import Rect

if TYPE_CHECKING:
    from gui.canvas.scene import CanvasScene


class AnnotationLayer:
    """The frames and notes of a scene."""

    def __init__(self, canvas: CanvasScene) -> None:
        self._canvas = canvas
        self.items: dict[str, AnnotationItem] = {}

    def follow(self, look: Look) -> None:
        """Take the next look of the drawing; only what differs is touched."""
        if self._texts_differ(look):
            self._canvas.router.rewrite()
        for i in [i for i in self.items if i not in look.annotations]:
            self._remove(self.items.pop(i))
        for i, annotation in look.annotations.items():
            item = self.items.get(i)
            if item is None or item.annotation.kind != annotation.kind:
                if item is not None:
                    self._remove(item)
                item = self.items[i] = (NoteItem if annotation.kind == NOTE else FrameItem)(self._canvas, annotation)
                self._canvas.addItem(item)
            elif item.annotation is not annotation:
                item.show_annotation(annotation)

    def show_selection(self, ids: frozenset[str]) -> None:
        """Mark exactly these as selected."""
        for i, item in self.items.items():
            if item.selected != (i in ids):
                item.set_selected(i in ids)

    def place(self, areas: Mapping[str, Area]) -> None:
        """Show some elsewhere; the drawing stays as it is."""
        for i, area in areas.items():
            self.items[i].show_area(area)

    def settle(self, ids: Iterable[str]) -> None:
        """They stopped moving: they lie where the drawing says."""
        self.place({i: self.items[i].annotation.area for i in ids if i in self.items})

    def lift_titles(self, lifted: bool) -> None:
        """Let the titles of frames lie above cards: from afar they are larger than their place."""
        for item in self.items.values():
            if isinstance(item, FrameItem):
                item.title.set_lifted(lifted)

    def dress(self) -> None:
        """The theme is another one."""
        for item in self.items.values():
            item.dress()

    def title_at(self, point: QPointF, scale: float) -> Grip | None:
        """The title under a point that lies above cards."""
        if self._canvas.labels_visible:
            return None
        frames = [item for item in self.items.values() if isinstance(item, FrameItem)]
        chips = ((item, title_chip(item, scale).translated(item.area.topLeft())) for item in frames)
        return next((Grip(item.annotation.id, TITLE_BAR) for item, chip in chips if chip.contains(point)), None)

    def grip_at(self, point: QPointF, slack: float) -> Grip | None:
        """What one takes hold of at a point: notes before frames, small ones before large ones."""
        items = sorted(self.items.values(), key=lambda item: -item.zValue())
        return next((grip for item in items if (grip := item.grip_at(point, slack))), None)

    def inside(self, area: QRectF) -> frozenset[str]:
        """Those that lie wholly in an area."""
        return frozenset(i for i, item in self.items.items() if area.contains(item.area))

    def has_note_in(self, area: QRectF) -> bool:
        """Whether a note touches an area."""
        return any(isinstance(item, NoteItem) and item.area.intersects(area) for item in self.items.values())

    def frames(self) -> list[FrameItem]:
        """The frames, large ones first."""
        frames = [item for item in self.items.values() if isinstance(item, FrameItem)]
        return sorted(frames, key=lambda frame: frame.zValue())

    def texts(self) -> list[Rect]:
        """Where notes, and the titles and edges of frames are: what the texts of wires keep off."""
        found = []
        for item in (item for item in self.items.values() if item.isVisible()):
            left, top, right, bottom = here = Rect(*item.area.topLeft().toTuple(), *item.area.bottomRight().toTuple())
            if not isinstance(item, FrameItem):
                found.append(here)
                continue
            chip = title_chip(item, 1.0)
            found.append(Rect(left, top, left + chip.width(), top + chip.height()))
            found += [Rect(left, y, right, y) for y in (top, bottom)]
            found += [Rect(x, top, x, bottom) for x in (left, right)]
        return found

    def bounds(self) -> QRectF:
        """The area that they cover; null if there are none."""
        covered = QRectF()
        for item in self.items.values():
            covered = covered.united(item.area)
        return covered

    def _texts_differ(self, look: Look) -> bool:
        """Whether the texts of wires may have to stand elsewhere."""
        known = {i: item.annotation for i, item in self.items.items()}
        return known.keys() != look.annotations.keys() or any(known[i] is not a for i, a in look.annotations.items())

    def _remove(self, item: AnnotationItem) -> None:
        if isinstance(item, FrameItem):
            self._canvas.removeItem(item.title)
        self._canvas.removeItem(item)

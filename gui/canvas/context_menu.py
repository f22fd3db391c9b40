"""What a context menu is about and where it opens: what lies under the mouse, or, asked for by a key, what is selected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF
from PySide6.QtGui import QContextMenuEvent

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView


def ask_for_menu(view: CanvasView, event: QContextMenuEvent) -> None:
    """Have the menu shown that a person asks for."""
    if event.reason() is QContextMenuEvent.Reason.Keyboard:
        _for_selection(view, event.globalPos())
    else:
        _for_place(view, event.pos(), event.globalPos())


def _for_place(view: CanvasView, pixel: QPoint, place: QPoint) -> None:
    """Select what lies there, unless it is among what is selected."""
    editor, hit = view.editor, view.hit(view.mapToScene(pixel))
    if hit.on_map:
        return
    if hit.annotation is not None:
        view.annotator.show_menu(hit.annotation.id, place)
        return
    if hit.node is not None and hit.node not in editor.selection:
        editor.select([hit.node])
    elif hit.link is not None and hit.link not in editor.selected_links:
        editor.select([], [hit.link])
    view.context_menu_requested.emit(place, hit.node)


def _for_selection(view: CanvasView, otherwise: QPoint) -> None:
    """Open at the first thing that is selected; at the place `otherwise` if nothing is."""
    editor, scene = view.editor, view.scene()
    node, annotation = min(editor.selection, default=None), min(editor.selected_annotations, default=None)
    if node is not None:
        view.context_menu_requested.emit(_on_screen(view, scene.nodes[node].body().center()), node)
    elif annotation is not None:
        view.annotator.show_menu(annotation, _on_screen(view, scene.annotations.items[annotation].area.center()))
    elif editor.selected_links:
        view.context_menu_requested.emit(_on_screen(view, scene.wires[min(editor.selected_links)].middle()), None)
    else:
        view.context_menu_requested.emit(otherwise, None)


def _on_screen(view: CanvasView, point: QPointF) -> QPoint:
    """The place on the screen of a point of the canvas, or the nearest one in the view."""
    return view.viewport().mapToGlobal(view.mapFromScene(view.in_sight(point)))

"""Every action of the window in one table: where it stands, its words, its keys, what it calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from graph.messages import Message, msg


@dataclass(frozen=True, slots=True)
class ActionType:
    """One entry of a menu. `id` names the method of the window that it calls; "menu:…" is a submenu that the window fills.

    `local` keys belong to the canvas, which handles them itself; they are shown here only.
    """

    id: str
    text: Message
    keys: str = ""
    local: bool = False


SEPARATOR = None
MENUS: tuple[tuple[Message, tuple[ActionType | None, ...]], ...] = (
    (
        msg("&File"),
        (
            ActionType("new", msg("&New"), "Ctrl+N"),
            ActionType("open", msg("&Open…"), "Ctrl+O"),
            ActionType("menu:recent", msg("Open &recent")),
            ActionType("menu:examples", msg("&Examples")),
            SEPARATOR,
            ActionType("save", msg("&Save"), "Ctrl+S"),
            ActionType("save_as", msg("Save &as…"), "Ctrl+Shift+S"),
            SEPARATOR,
            ActionType("export_model", msg("&Export the trained network…"), "Ctrl+E"),
            ActionType("export_picture", msg("Export a &picture…")),
            SEPARATOR,
            ActionType("close", msg("&Quit"), "Ctrl+Q"),
        ),
    ),
    (
        msg("&Edit"),
        (
            ActionType("undo", msg("&Undo"), "Ctrl+Z"),
            ActionType("redo", msg("&Redo"), "Ctrl+Shift+Z"),
            SEPARATOR,
            ActionType("cut", msg("Cu&t"), "Ctrl+X"),
            ActionType("copy", msg("&Copy"), "Ctrl+C"),
            ActionType("paste", msg("&Paste"), "Ctrl+V"),
            ActionType("duplicate", msg("&Duplicate"), "Ctrl+D"),
            ActionType("delete", msg("De&lete"), "Del", local=True),
            SEPARATOR,
            ActionType("select_all", msg("Select &all"), "Ctrl+A"),
        ),
    ),
    (
        msg("&View"),
        (
            ActionType("zoom_in", msg("Zoom &in"), "Ctrl++"),
            ActionType("zoom_out", msg("Zoom &out"), "Ctrl+-"),
            ActionType("zoom_to_actual", msg("&Actual size"), "Ctrl+0"),
            ActionType("fit", msg("&Fit the drawing"), "Ctrl+9"),
            SEPARATOR,
            ActionType("menu:panels", msg("&Panels")),
            ActionType("menu:theme", msg("&Theme")),
            ActionType("menu:language", msg("&Language")),
        ),
    ),
    (
        msg("&Graph"),
        (
            ActionType("quick_add", msg("&Add a layer…"), "/", local=True),
            ActionType("tidy", msg("&Tidy up"), "Ctrl+T"),
            ActionType("find_layer", msg("&Search the library"), "Ctrl+L"),
        ),
    ),
    (
        msg("&Train"),
        (
            ActionType("train_or_pause", msg("&Train / pause / resume"), "F5"),
            ActionType("stop", msg("&Stop"), "Shift+F5"),
            ActionType("continue_run", msg("&Continue a run…")),
        ),
    ),
    (
        msg("&Help"),
        (
            ActionType("show_keys", msg("&Keys and gestures"), "F1"),
            ActionType("about", msg("&About Layerloom")),
        ),
    ),
)

GESTURES: tuple[tuple[str, Message], ...] = (
    ("/ · Tab", msg("Search a layer and add it")),
    ("C", msg("Connect the selected node, by name")),
    ("Ctrl+←↑→↓", msg("Select the next node in that direction")),
    ("←↑→↓", msg("Move the selected nodes")),
    ("Del", msg("Delete the selection")),
    ("Esc", msg("Give up what is being dragged")),
    (str(msg("drag")), msg("From a port: draw a wire. On the canvas: select. With the middle button or Space: pan")),
    (str(msg("wheel")), msg("Zoom about the cursor")),
)


def key_list() -> list[tuple[str, str]]:
    """Keys and what they do, for the help page."""
    entries = [entry for _, group in MENUS for entry in group if entry is not SEPARATOR]
    listed = [(entry.keys, str(entry.text).replace("&", "")) for entry in entries if entry.keys and not entry.local]
    return listed + [(keys, str(text)) for keys, text in GESTURES]


def fill(bar: QMenuBar, window: QWidget) -> tuple[dict[str, QAction], dict[str, QMenu]]:
    """Build the menus. An entry with the id `save_as` calls `window.save_as()`.

    Returns:
        The actions by id, and the menus that the window fills itself by id.
    """
    actions: dict[str, QAction] = {}
    submenus: dict[str, QMenu] = {}
    for title, entries in MENUS:
        menu = bar.addMenu(str(title))
        for entry in entries:
            if entry is SEPARATOR:
                menu.addSeparator()
            elif entry.id.startswith("menu:"):
                submenus[entry.id.removeprefix("menu:")] = menu.addMenu(str(entry.text))
            else:
                actions[entry.id] = _action(entry, window)
                menu.addAction(actions[entry.id])
    return actions, submenus


def _action(entry: ActionType, window: QWidget) -> QAction:
    action = QAction(str(entry.text), window)
    handler: Callable[[], object] = getattr(window, entry.id)
    action.triggered.connect(lambda: handler())
    if entry.keys:
        action.setShortcut(QKeySequence(entry.keys))
    if entry.local:
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
    return action

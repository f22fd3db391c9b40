"""Every action of the window in one table: where it stands, its words, its keys, what it calls."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from graph.messages import Message, msg, tr


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
MNEMONIC = re.compile(r"\(&\w\)")
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
            SEPARATOR,
            ActionType("make_block", msg("&Make a block…"), "Ctrl+G"),
            ActionType("dissolve_block", msg("Take the block a&part"), "Ctrl+Shift+G"),
            ActionType("new_block", msg("&New empty block…")),
            ActionType("enter_block", msg("&Look inside"), "Alt+Down"),
            ActionType("leave_block", msg("Go &out"), "Alt+Up"),
            ActionType("keep_block", msg("Save to my blocks")),
            SEPARATOR,
            ActionType("share_weights", msg("Share &weights")),
            ActionType("own_weights", msg("Give &own weights")),
            SEPARATOR,
            ActionType("new_code", msg("New &code…")),
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

TEXTS = {entry.id: entry.text for _, group in MENUS for entry in group if entry}
GESTURES: tuple[tuple[str | Message, Message], ...] = (
    ("/ · Tab", msg("Search a layer and add it")),
    ("C", msg("Connect the selected node, by name")),
    ("Ctrl+←↑→↓", msg("Select the next node in that direction")),
    ("←↑→↓", msg("Move the selected nodes")),
    ("Enter", msg("Edit the parameters of the selected node")),
    (msg("double-click"), msg("On a block: look inside. Alt+Up, or Backspace with nothing selected, goes out again")),
    ("Esc", msg("Give up what is being dragged; from a panel: back to the canvas")),
    (msg("drag"), msg("From a port: draw a wire. On the canvas: select. With the middle button or Space: pan")),
    (msg("wheel"), msg("Zoom about the cursor")),
)


def key_sections() -> list[tuple[str, list[tuple[str, str]]]]:
    """Keys and what they do, by menu, and the gestures of the canvas: for the help page."""
    menus = [(plain(title), [entry for entry in group if entry and entry.keys]) for title, group in MENUS]
    listed = [(title, [(entry.keys, plain(entry.text)) for entry in entries]) for title, entries in menus]
    return [(tr("On the canvas"), [(str(keys), str(text)) for keys, text in GESTURES]), *listed]


def plain(text: Message) -> str:
    """The words of an entry without its mnemonic: `&New` and `新建(&N)` lose theirs."""
    return MNEMONIC.sub("", str(text)).replace("&", "")


def fill(bar: QMenuBar, window: QWidget, *others: object) -> tuple[dict[str, QAction], dict[str, QMenu]]:
    """Build the menus. An entry with the id `save_as` calls `save_as()` of the window, or of the first other that has it.

    Returns:
        The actions by id, and the menus that the window fills itself by id.
    """
    actions: dict[str, QAction] = {}
    submenus: dict[str, QMenu] = {}
    for title, entries in MENUS:
        menu = bar.addMenu(str(title))
        for entry in entries:
            if entry is None:
                menu.addSeparator()
            elif entry.id.startswith("menu:"):
                submenus[entry.id.removeprefix("menu:")] = menu.addMenu(str(entry.text))
            else:
                actions[entry.id] = _action(entry, window, others)
                menu.addAction(actions[entry.id])
    return actions, submenus


def fill_choices(menu: QMenu, texts: Mapping[str, str], chosen: str, choose: Callable[[str], None]) -> None:
    """Fill a menu with choices of which one is in force: it carries the mark."""
    group = QActionGroup(menu)
    for value, text in texts.items():
        action = group.addAction(menu.addAction(text, partial(choose, value)))
        action.setCheckable(True)
        action.setChecked(value == chosen)


def _action(entry: ActionType, window: QWidget, others: Iterable[object]) -> QAction:
    action = QAction(str(entry.text), window)
    owner = next(owner for owner in (window, *others) if hasattr(owner, entry.id))
    handler: Callable[[], object] = getattr(owner, entry.id)
    action.triggered.connect(lambda: handler())
    if entry.keys:
        action.setShortcut(QKeySequence(entry.keys))
    if entry.local:
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
    return action

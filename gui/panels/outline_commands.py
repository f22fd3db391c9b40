"""What can be done on each kind of row of the Outline, and by which keys: one table for the keys and for the menu."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QKeyCombination, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

from graph.messages import Message, msg
from gui.panels.outline_rows import Kind

OF_NODES = (Kind.NODE, Kind.INPUT, Kind.FED, Kind.OUTPUT, Kind.WIRE, Kind.PARAM, Kind.PROBLEM, Kind.FIX, Kind.INSIDE)
INTO = (Kind.INPUT, Kind.FED, Kind.WIRE)  # where a new layer has a place of its own
ANY = tuple(Kind)
SLASH = "/"
_ON_KEYS = ~Qt.KeyboardModifier.KeypadModifier  # keys of the number pad mean what the others do


class Command(NamedTuple):
    """`name` is the method of `gui.panels.outline_verbs.Verbs` that does it; the first of `keys` is shown."""

    name: str
    text: Message
    keys: tuple[str, ...]
    kinds: tuple[Kind, ...]

    def means(self, event: QKeyEvent) -> bool:
        """Whether the key is one of this command's."""
        pressed = QKeySequence(QKeyCombination(event.modifiers() & _ON_KEYS, Qt.Key(event.key())))
        written = event.text() == SLASH and SLASH in self.keys  # other keyboards need shift for it
        return written or any(QKeySequence(key) == pressed for key in self.keys)


# In the order of the menu; None parts groups. The first that fits row and key is meant.
COMMANDS: tuple[Command | None, ...] = (
    Command("go_back", msg("Go out"), ("Enter", "Return", "Space"), (Kind.BACK,)),
    Command("edit_first", msg("Edit the parameters"), ("Enter", "Return"), (Kind.NODE,)),
    Command("edit_note", msg("Edit the text"), ("Enter", "Return", "F2"), (Kind.NOTE,)),
    Command("edit_value", msg("Change the value"), ("Enter", "Return", "F2", "Space"), (Kind.PARAM,)),
    Command("reset_value", msg("Back to the default"), ("Del", "Backspace"), (Kind.PARAM,)),
    Command("apply_fix", msg("Mend it"), ("Enter", "Return", "Space"), (Kind.FIX, Kind.CURE)),
    Command("go_to_fix", msg("Go to what mends it"), ("Enter", "Return"), (Kind.PROBLEM, Kind.FAULT)),
    Command("look_inside", msg("Look inside"), ("Enter", "Return"), (Kind.INSIDE,)),
    Command("choose_source", msg("Choose what feeds it…"), ("Enter", "Return", "C"), (Kind.INPUT, Kind.FED)),
    Command("go_along", msg("Go to the other end of the wire"), ("Ctrl+Enter", "Ctrl+Return"), (Kind.FED,)),
    Command("go_along", msg("Go to the other end of the wire"), ("Enter", "Return"), (Kind.WIRE,)),
    Command("disconnect", msg("Disconnect"), ("Del", "Backspace"), (Kind.FED, Kind.WIRE)),
    Command(
        "connect", msg("Connect it to an input…"), ("C",), tuple(k for k in OF_NODES if k not in (Kind.INPUT, Kind.FED))
    ),
    Command("connect", msg("Connect it to an input…"), ("Enter", "Return"), (Kind.OUTPUT,)),
    None,
    Command("add_before", msg("Add a layer before it…"), ("Ins", "A"), (Kind.INPUT,)),
    Command("insert", msg("Add a layer into the wire…"), ("Ins", "A"), (Kind.FED, Kind.WIRE)),
    Command("add_after", msg("Add a layer after it…"), ("Ins", "A"), tuple(k for k in OF_NODES if k not in INTO)),
    Command("add_loose", msg("Add a layer without a wire…"), ("Shift+Ins", "/", "Ins", "A"), ANY),
    None,
    Command("rename", msg("Rename"), ("F2",), tuple(k for k in OF_NODES if k is not Kind.PARAM)),
    Command("bypass", msg("Bypass it, or end that"), ("Ctrl+B",), OF_NODES),
    Command("make_block", msg("Make a block…"), ("Ctrl+G",), OF_NODES),
    Command("cut", msg("Cut"), ("Ctrl+X",), (*OF_NODES, Kind.NOTE)),
    Command("copy", msg("Copy"), ("Ctrl+C",), (*OF_NODES, Kind.NOTE)),
    Command("paste", msg("Paste"), ("Ctrl+V",), ANY),
    Command("duplicate", msg("Duplicate"), ("Ctrl+D",), (*OF_NODES, Kind.NOTE)),
    Command("remove", msg("Delete"), ("Del", "Backspace"), (Kind.NODE, Kind.NOTE, Kind.PROBLEM, Kind.INSIDE)),
    None,
    Command("expand_all", msg("Open all rows"), ("Ctrl+*",), ANY),
    Command("collapse_all", msg("Close all rows"), ("Ctrl+/",), ANY),
)


def command_for(event: QKeyEvent, kind: Kind | None) -> Command | None:
    """What a key means on a row of a kind; on an empty list (None) it can only add and paste."""
    fitting = (c for c in COMMANDS if c is not None and c.means(event))
    return next((c for c in fitting if c.kinds is ANY or kind in c.kinds), None)


def commands_on(kind: Kind | None) -> list[Command | None]:
    """What a menu on a row of a kind offers, each once; None parts groups."""
    offered: list[Command | None] = []
    for command in COMMANDS:
        named = {c.name for c in offered if c is not None}
        if command is None and offered and offered[-1] is not None:
            offered.append(None)
        elif command is not None and command.name not in named and (command.kinds is ANY or kind in command.kinds):
            offered.append(command)
    return offered


def main_key(command: Command) -> str:
    """The key of a command as people read it."""
    return QKeySequence(command.keys[0]).toString(QKeySequence.SequenceFormat.NativeText)

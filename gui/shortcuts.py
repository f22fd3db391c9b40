"""The keys of the actions: those that the person chose, else those of the table; and whether a key can be had."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence

from graph.messages import EditError, Message, msg
from gui.actions import ACTIONS, MENU_OF, MENUS
from gui.settings import Settings

MAX_STROKES = 2  # of one sequence, such as Ctrl+K, Ctrl+S
_SHIFT = Qt.KeyboardModifier.ShiftModifier
_HOLDING = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
_ALONE = frozenset(
    getattr(Qt.Key, f"Key_{name}").value
    for name in ("Control", "Shift", "Alt", "Meta", "AltGr", "CapsLock", "NumLock", "ScrollLock", "unknown")
)
_EVERYWHERE = re.compile(r"\b(Ctrl|Alt|Meta)\+|\bF\d+$")
_BETWEEN_CAPS = re.compile(r"(?<=[^+])\+(?=.)")
_MNEMONIC = re.compile(r"&(\w)")
_ARROWS = ("Left", "Right", "Up", "Down")

# Keys that always mean the same, and what that is.
RESERVED: Mapping[str, Message] = {
    **{key: msg("It moves what is selected.") for arrow in _ARROWS for key in (arrow, f"Shift+{arrow}")},
    **{f"Ctrl+{arrow}": msg("It goes from node to node.") for arrow in _ARROWS},
    "Space": msg("It pans the drawing."),
    "Esc": msg("It gives up what is going on."),
    "Shift+Tab": msg("It leaves the canvas."),
    "Alt+F4": msg("It closes the window."),
    **{f"Alt+{letter.upper()}": msg("It opens a menu.") for m in MENUS for letter in _MNEMONIC.findall(m.title.text)},
}


class Shortcuts(QObject):
    """The keys in force, for all windows. Keys are texts such as "Ctrl+Shift+P" or "Ctrl+K, Ctrl+S", the same everywhere.

    What a person gave to an action, no other has. `changed` tells menus, canvas and lists to read the keys again.
    """

    changed = Signal()

    def __init__(self, settings: Settings | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        stored = settings.shortcuts if settings is not None else {}
        self._own = {name: _normal_keys(keys) for name, keys in stored.items() if name in ACTIONS}
        self._resolve()

    # ---- what is in force

    def keys(self, action: str) -> tuple[str, ...]:
        """The keys of an action, the one to show first."""
        return self._keys[action]

    def window_keys(self, action: str) -> tuple[str, ...]:
        """Those that work everywhere in the window."""
        return tuple(key for key in self._keys[action] if not is_plain(key))

    def text(self, action: str) -> str:
        """The first key as people read it; "" if there is none."""
        return next(map(shown, self._keys[action]), "")

    def action_for(self, *keys: str) -> str | None:
        """The action that the first of these keys that means anything belongs to."""
        return next((self._actions[key] for key in keys if key in self._actions), None)

    def is_changed(self, action: str) -> bool:
        """Whether an action has other keys than at first."""
        return self._keys[action] != _normal_keys(ACTIONS[action].keys)

    # ---- whether a key can be had

    def refusal(self, action: str, key: str) -> Message | None:
        """Why an action cannot have a key at all; None if it can."""
        if not key:
            return msg("Press a key.")
        if key in RESERVED and key not in ACTIONS[action].keys:
            return msg("{key} cannot be given away: {use}", key=shown(key), use=RESERVED[key])
        if not is_plain(key):
            return None
        if not MENU_OF[action].on_canvas:
            return msg("{key} alone types text. Hold Ctrl or Alt as well.", key=shown(key))
        if len(_strokes(key)) > 1:
            return msg("A key without Ctrl or Alt acts at once, so nothing can follow it. Hold Ctrl or Alt first.")
        return None

    def conflicts(self, action: str, key: str) -> tuple[str, ...]:
        """The other actions that have the key, or one that begins with it or that it begins with."""
        return tuple(n for n, keys in self._keys.items() if n != action and any(_clash(key, k) for k in keys))

    # ---- changes

    def add(self, action: str, key: str) -> None:
        """Give a key to an action; whoever had it has it no more.

        Raises:
            EditError: no action, or not this one, can have it.
        """
        key = normal(key)
        if (reason := self.refusal(action, key)) is not None:
            raise EditError(reason)
        kept = tuple(other for other in self._keys[action] if not _clash(key, other))
        self._take_back([key])
        self._own[action] = (*kept, key)
        self._store()

    def remove(self, action: str, key: str) -> None:
        """Take a key from an action."""
        self._own[action] = tuple(other for other in self._keys[action] if other != key)
        self._store()

    def reset(self, action: str) -> None:
        """Give an action the keys that it had at first, from whoever has them."""
        self._own.pop(action, None)
        self._take_back(ACTIONS[action].keys)
        self._store()

    def reset_all(self) -> None:
        """Give every action the keys that it had at first."""
        self.restore({})

    def state(self) -> Mapping[str, tuple[str, ...]]:
        """What the person changed, to `restore` it later."""
        return dict(self._own)

    def restore(self, state: Mapping[str, tuple[str, ...]]) -> None:
        """Make it as it was when `state` was asked for."""
        self._own = dict(state)
        self._store()

    def _take_back(self, keys: Iterable[str]) -> None:
        """Nobody's own keys clash with these any more."""
        wanted = _normal_keys(keys)
        for name, own in self._own.items():
            self._own[name] = tuple(key for key in own if not any(_clash(key, other) for other in wanted))

    def _store(self) -> None:
        self._own = {name: keys for name, keys in self._own.items() if keys != _normal_keys(ACTIONS[name].keys)}
        self._resolve()
        if self._settings is not None:
            self._settings.shortcuts = self._own
        self.changed.emit()

    def _resolve(self) -> None:
        """The keys in force: a person's own, and of those of the table the ones that are left."""
        taken = [key for keys in self._own.values() for key in keys]
        self._keys = {
            name: self._own[name] if name in self._own else tuple(
                key for key in _normal_keys(entry.keys) if not any(_clash(key, other) for other in taken)
            )
            for name, entry in ACTIONS.items()
        }  # fmt: skip
        self._actions = {key: name for name, keys in self._keys.items() for key in keys}


def is_plain(key: str) -> bool:
    """Whether a key types or edits text, so that only the canvas can make something else of it."""
    return not _EVERYWHERE.search(_strokes(key)[0])


def stroke_of(event: QKeyEvent) -> str:
    """The key of an event with what was held, as text; "" while only Ctrl, Shift and the like are down.

    Shift does not count where a sign cannot be typed without it: "?" is "?" on every keyboard.
    """
    code, held, text = event.key(), event.modifiers() & (_HOLDING | _SHIFT), event.text()
    if code in _ALONE or not code:
        return ""
    if text and text.isprintable() and not text[0].isalnum() and not text.isspace():
        held &= ~_SHIFT
    if code == Qt.Key.Key_Backtab.value:
        code, held = Qt.Key.Key_Tab.value, held | _SHIFT
    if code == Qt.Key.Key_Enter.value:
        code = Qt.Key.Key_Return.value
    return normal(QKeySequence(code | held.value))


def strokes_on_canvas(event: QKeyEvent) -> tuple[str, ...]:
    """What a press may mean on the canvas: the key, or the sign that it types where that takes Shift on some keyboards."""
    text = event.text()
    signs = len(text) == 1 and text.isprintable() and not text.isalpha() and not event.modifiers() & _HOLDING
    return (stroke_of(event), normal(text)) if signs and not text.isspace() else (stroke_of(event),)


def normal(key: str | QKeySequence) -> str:
    """A key in the form in which it is kept and compared; "" if it is none."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)


def shown(key: str) -> str:
    """A key as people read it here."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def caps(key: str) -> list[list[str]]:
    """The caps to show for a key, one list a stroke: "Ctrl+K, S" is [["Ctrl", "K"], ["S"]]."""
    return [_BETWEEN_CAPS.split(shown(stroke)) for stroke in _strokes(key)]


def _normal_keys(keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(key for key in map(normal, keys) if key)


def _strokes(key: str) -> list[str]:
    return normal(key).split(", ")


def _clash(key: str, other: str) -> bool:
    """Whether they are the same, or one is the beginning of the other."""
    if ", " not in key + other:
        return key == other
    pairs = list(zip(_strokes(key), _strokes(other), strict=False))
    return bool(pairs) and all(a == b for a, b in pairs)

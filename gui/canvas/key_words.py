"""Sentences of the canvas in which keys are named: those that the person gave to the actions."""

from __future__ import annotations

from dataclasses import replace

from graph.messages import msg, tr
from gui.shortcuts import Shortcuts

SPOKEN = {"/": msg("Slash")}  # what screen readers would pass over
KEYS = {
    "quick_add": msg("{key} adds a layer."),
    "connect_selected": msg("{key} connects the selected layer."),
    "delete": msg("{key} removes what is selected."),
}


def what_keys_do(shortcuts: Shortcuts) -> str:
    """What the canvas is and which keys do what there, to be read out."""
    named = ((shortcuts.text(action), words) for action, words in KEYS.items())
    acts = [str(replace(words, values={"key": str(SPOKEN.get(key, key))})) for key, words in named if key]
    ways = [tr("The drawing of the network."), tr("Ctrl and an arrow key go from layer to layer.")]
    return " ".join([*ways, *acts])


def how_to_begin(shortcuts: Shortcuts) -> str:
    """What to do on an empty canvas."""
    key = shortcuts.text("quick_add")
    return tr("Drag a layer here, or press {key} and type.", key=key) if key else tr("Drag a layer here.")


def way_back(name: str, shortcuts: Shortcuts) -> str:
    """What a step of the way into a block does."""
    key = shortcuts.text("leave_block")
    if not key:
        return tr("Go back to {name}", name=name)
    return tr("Go back to {name} ({key} goes one step)", name=name, key=key)

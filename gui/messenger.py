"""From a thread to the window."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class Messenger(QObject):
    """`told(what)`, emitted in a thread and heard in that of the window.

    It has no parent: who works in the thread keeps it, so it is there whenever it speaks, and what it says reaches nobody if the
    listener is gone by then. A signal of the listener itself could be emitted in the very moment in which the window destroys it.
    """

    told = Signal(object)

"""F6 goes from pane to pane of the window, to where the person was in each."""

from __future__ import annotations

from collections.abc import Sequence

import shiboken6
from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QApplication, QWidget


class Panes(QObject):
    """The parts of a window in the order in which F6 visits them; those that are hidden are passed over."""

    def __init__(self, panes: Sequence[QWidget], parent: QWidget) -> None:
        super().__init__(parent)
        self._panes = tuple(panes)
        self._last: dict[QWidget, QWidget] = {}  # where the person was in each; may be gone by now
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._on_focus_changed)

    def go(self, steps: int = 1) -> None:
        """Go some panes on, or back where `steps` is negative."""
        shown = [pane for pane in self._panes if pane.isVisible() and self._entry(pane) is not None]
        here = self._pane_of(QApplication.focusWidget())
        if not shown:
            return
        place = shown.index(here) + steps if here in shown else min(0, steps)
        entry = self._entry(shown[place % len(shown)])
        if entry is not None:
            entry.setFocus(Qt.FocusReason.TabFocusReason if steps > 0 else Qt.FocusReason.BacktabFocusReason)

    def _pane_of(self, widget: QWidget | None) -> QWidget | None:
        """The innermost pane that a widget is in."""
        while widget is not None and widget not in self._panes:
            widget = widget.parentWidget()
        return widget

    def _entry(self, pane: QWidget) -> QWidget | None:
        """Where the person was in a pane, or the first widget of it that takes the focus."""
        last = self._last.get(pane)
        if last is not None and shiboken6.isValid(last) and can_take_focus(last) and pane.isAncestorOf(last):
            return last
        if can_take_focus(pane):
            return pane
        following = pane.nextInFocusChain()
        while following is not None and following is not pane:
            if pane.isAncestorOf(following) and can_take_focus(following):
                return following
            following = following.nextInFocusChain()
        return None

    @Slot(QWidget, QWidget)
    def _on_focus_changed(self, _old: QWidget | None, new: QWidget | None) -> None:
        pane = self._pane_of(new)
        if pane is not None and new is not None:
            self._last[pane] = new


def can_take_focus(widget: QWidget) -> bool:
    """Whether the Tab key could lead to a widget now."""
    policy = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    return bool(policy) and widget.isVisible() and widget.isEnabled() and widget.focusProxy() is None

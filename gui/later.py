"""A panel that is made when it is first looked at, so that the window opens at once."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QFocusEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.panels.parts import keep_tab_order


class Later(QWidget):
    """Stands in the place of a panel until it is shown, or asked for."""

    def __init__(self, make: Callable[[], QWidget], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._make: Callable[[], QWidget] | None = make
        self._panel: QWidget | None = None
        self._first: QWidget | None = None  # what takes the focus in it
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)

    def panel(self) -> QWidget:
        """The panel, made now if need be."""
        if self._panel is None:
            assert self._make is not None
            self._panel, self._make = self._make(), None
            self._layout.addWidget(self._panel)
            self._first = self._panel.focusProxy() or self._panel
            self._panel.setFocusProxy(None)  # type: ignore[arg-type]  # Tab would stop at the proxy, in a wrong place
            keep_tab_order(self)
        return self._panel

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if self._first is not None:
            self._first.setFocus(event.reason())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.panel()

"""Completes the names of parameters while an expression is typed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QCompleter, QLineEdit

from gui.style import set_property

_LAST_WORD = re.compile(r"[A-Za-z_]\w*$")


class NameCompleter(QCompleter):
    """Completes the last word of a line; the text before it stays."""

    def __init__(self, names: Iterable[str], field: QLineEdit) -> None:
        super().__init__(sorted(names), field)
        self._field = field
        self.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        field.textEdited.connect(self._dress)

    def take(self) -> bool:
        """Put the highlighted name, or the only one, into the field; False where that changes nothing."""
        popup = self.popup()
        if popup is None or not popup.isVisible():
            return False
        index = popup.currentIndex()
        if not index.isValid() and self.completionCount() == 1:
            index = self.completionModel().index(0, 0)
        text = self.pathFromIndex(index) if index.isValid() else self._field.text()
        popup.hide()
        if text == self._field.text():
            return False
        self._field.setText(text)
        return True

    def _dress(self) -> None:
        if (popup := self.popup()) is not None:
            set_property(popup, "kind", "popup")

    def splitPath(self, path: str) -> list[str]:
        found = _LAST_WORD.search(path)
        return [found[0] if found else "\0"]  # a text that no name begins with: nothing to complete

    def pathFromIndex(self, index: QModelIndex) -> str:
        return _LAST_WORD.sub("", self._field.text()) + str(index.data())

"""A small box over the canvas that asks for a name, and says in place why one will not do."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QLabel, QWidget

from graph.messages import EditError
from gui.canvas.popup import BOX_WIDTH, Popup


class Naming(Popup):
    """Asks for a name; `named` gives one that `check` let pass. The first suggestion is `name`."""

    named = Signal(str)

    def __init__(self, parent: QWidget, title: str, *, name: str, hint: str, check: Callable[[str], None]) -> None:
        super().__init__(parent, title)
        self._check = check
        self._title = _line(title, "text")
        self.hint, self.complaint = _line(hint, "muted"), _line("", "error")
        self._lines.insertWidget(0, self._title)
        self._lines.addWidget(self.hint)
        self._lines.addWidget(self.complaint)
        self.complaint.hide()
        self.edit.setText(name)
        self.edit.selectAll()
        self.edit.textEdited.connect(self._on_edited)
        self.setFixedWidth(BOX_WIDTH)
        self._fit()

    def room(self) -> QSize:
        """The size of the box."""
        return self.size()

    def on_key(self, key: Qt.Key) -> bool:
        if key not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return super().on_key(key)
        name = self.edit.text().strip()
        try:
            self._check(name)
        except EditError as error:
            self._complain(str(error))
        else:
            self.shut()
            self.named.emit(name)
        return True

    def _on_edited(self, _text: str) -> None:
        self._complain("")

    def _complain(self, reason: str) -> None:
        self.complaint.setText(reason)
        self.complaint.setVisible(bool(reason))
        self.hint.setVisible(not reason)
        self._fit()

    def _fit(self) -> None:
        """As high as its lines need at this width."""
        self.setFixedHeight(self._lines.heightForWidth(BOX_WIDTH))


def _line(text: str, tone: str) -> QLabel:
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setProperty("tone", tone)
    made.setWordWrap(True)
    return made

"""A small box over the canvas with a line to type in; it closes when the focus goes elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QVBoxLayout, QWidget

from gui.theme import theme

BOX_WIDTH = 260
PASSING = (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason)  # the focus will come back


class Popup(QFrame):
    """The box; `title` stands in its line as long as that is empty, and names it.

    One that `outlives_drawing` stays open when another drawing of the document is shown. `makes_sense` tells whether what
    the box asks about is still there; whoever changes that asks.
    """

    outlives_drawing = False

    def __init__(self, parent: QWidget, title: str) -> None:
        super().__init__(parent)
        self._owner = parent
        self.makes_sense: Callable[[], bool] = lambda: True
        self.edit = QLineEdit(placeholderText=title)
        self.edit.setAccessibleName(title)
        self.edit.setToolTip(title)
        self._lines = QVBoxLayout(self)
        self._lines.setContentsMargins(8, 8, 8, 8)
        self._lines.setSpacing(6)
        self._lines.addWidget(self.edit)
        self.edit.installEventFilter(self)

    def open_at(self, point: QPoint) -> None:
        """Show the box with its upper left corner at a point of the parent, moved so that all of it can be seen."""
        for other in self._owner.window().findChildren(Popup):
            if other is not self:
                other.shut()
        room, size = self._owner.rect().adjusted(8, 8, -8, -8), self.room()
        x = max(room.left(), min(point.x(), room.right() - size.width()))
        y = max(room.top(), min(point.y(), room.bottom() - size.height()))
        self.move(x, y)
        self.show()
        self.raise_()
        self.edit.setFocus(Qt.FocusReason.PopupFocusReason)

    def room(self) -> QSize:
        """The size that the box may come to have."""
        return self.sizeHint()

    def shut(self) -> None:
        """Close the box."""
        if not self.isVisible():
            return
        had_focus = self.edit.hasFocus()
        self.hide()
        self.deleteLater()
        if had_focus:
            self._owner.setFocus(Qt.FocusReason.OtherFocusReason)

    def on_key(self, key: Qt.Key) -> bool:
        """A key is pressed in the line; whether it means anything here."""
        if key == Qt.Key.Key_Escape:
            self.shut()
        return key == Qt.Key.Key_Escape

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QFocusEvent) and event.lostFocus() and event.reason() not in PASSING:
            self.shut()
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self.on_key(Qt.Key(event.key()))
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that the line edit has no use for are not meant for the canvas either."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.color("border"))
        painter.setBrush(theme.color("panel"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)

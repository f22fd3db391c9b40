"""A sentence over the canvas: why an edit was refused, what was saved, what went wrong."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QPushButton, QWidget

from graph.messages import Message, tr
from gui.panels.parts import breakable, label, row
from gui.saying import say
from gui.style import set_property
from gui.theme import GRID, theme

SHOWN_FOR = {"info": 4000, "warning": 8000, "error": 0}  # milliseconds; 0 stays until it is closed
MARGIN = 4 * GRID
WIDTH = 560


class Notice(QFrame):
    """Floats over the lower edge of its parent. One sentence at a time; an error stays until it is closed.

    Escape in the parent closes it too. A warning goes away after some seconds, or when something succeeds.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._parent = parent
        self.setObjectName("notice")
        self._label = label("", wrap=True)
        self._close = QPushButton("×")
        self._close.setObjectName("noticeClose")
        self._close.setAccessibleName(tr("Close this message"))
        self._close.clicked.connect(self.hide)
        line = row(self)
        line.setContentsMargins(4 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
        line.addWidget(self._label, 1)
        line.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.hide)
        self._new = QTimer(self, singleShot=True, interval=0)  # runs while the step goes on that the sentence is about
        parent.installEventFilter(self)
        theme.changed.connect(self._on_theme_changed)
        self.hide()

    @property
    def text(self) -> str:
        """The sentence on show."""
        return self._label.accessibleName()

    def show_message(self, message: Message | str, level: str = "info") -> None:
        """Show a sentence; `level` is "info", "warning" or "error"."""
        self._label.setText(breakable(str(message)))
        self._label.setAccessibleName(str(message))
        say(self, str(message))
        set_property(self, "level", level)
        self.show()
        self.raise_()
        self._place()
        self._new.start()
        self._timer.stop()
        if SHOWN_FOR[level]:
            self._timer.start(SHOWN_FOR[level])

    def outdate(self) -> None:
        """Something succeeded: a warning about a step before is out of date."""
        if self.property("level") == "warning" and not self._new.isActive():
            self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        elif isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            self.hide()
        return False

    @Slot()
    def _on_theme_changed(self) -> None:
        if self.isVisible():
            self._place()

    def _place(self) -> None:
        parent = self._parent
        words = self._label.fontMetrics().horizontalAdvance(self.text)
        around = self._close.sizeHint().width() + 10 * GRID  # the button, the margins, the gap, and a little room
        width = min(theme.px(WIDTH), words + around, parent.width() - 2 * MARGIN)
        layout = self.layout()
        assert layout is not None
        layout.activate()
        height = layout.totalHeightForWidth(width)
        self.setFixedSize(width, height)
        self.move((parent.width() - width) // 2, parent.height() - height - MARGIN)

"""A sentence over the canvas: why an edit was refused, what was saved, what went wrong."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from graph.messages import Message, tr

SHOWN_FOR = {"info": 4000, "warning": 8000, "error": 0}  # milliseconds; 0 stays until it is closed
MARGIN = 16


class Notice(QFrame):
    """Floats over the lower edge of its parent. One sentence at a time; an error stays until it is closed."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self._label = QLabel(wordWrap=True)
        self._close = QPushButton("×", flat=True, objectName="noticeClose")
        self._close.setAccessibleName(tr("Close this message"))
        self._close.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 8, 8)
        row.addWidget(self._label, 1)
        row.addWidget(self._close)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.hide)
        parent.installEventFilter(self)
        self.hide()

    @property
    def text(self) -> str:
        """The sentence on show."""
        return self._label.text()

    def show_message(self, message: Message | str, level: str = "info") -> None:
        """Show a sentence; `level` is "info", "warning" or "error"."""
        self._label.setText(str(message))
        self._label.setAccessibleName(str(message))
        self.setProperty("level", level)
        self.style().unpolish(self)
        self.style().polish(self)
        self.show()
        self.raise_()
        self._place()
        self._timer.stop()
        if SHOWN_FOR[level]:
            self._timer.start(SHOWN_FOR[level])

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    def _place(self) -> None:
        parent = self.parentWidget()
        width = min(640, parent.width() - 2 * MARGIN)
        self.setFixedWidth(width)
        height = max(self.heightForWidth(width), self.sizeHint().height())
        self.setFixedHeight(height)
        self.move((parent.width() - width) // 2, parent.height() - height - MARGIN)

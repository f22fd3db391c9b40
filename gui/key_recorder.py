"""A field that takes the next keys that are pressed, and a chip that shows a key that there is."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QEvent, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from graph.messages import tr
from gui.panels.parts import flat_button, label, row
from gui.shortcuts import MAX_STROKES, is_plain, shown, stroke_of
from gui.theme import GRID

PAUSE = 1200  # ms after which a further stroke begins a new sequence


class KeyRecorder(QLineEdit):
    """`pressed(key)` whenever the keys change; `confirmed()` with Enter, `left()` with Escape. Tab goes on as everywhere."""

    pressed = Signal(str)
    confirmed = Signal()
    left = Signal()

    def __init__(self) -> None:
        super().__init__(readOnly=True, placeholderText=tr("Press the new key"))
        self.key = ""
        self._since = QElapsedTimer()
        self.setAccessibleName(tr("New key"))
        self.setAccessibleDescription(tr("Press the key that the action should have. Enter takes it, Esc leaves."))
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)

    def start(self) -> None:
        """Wait for keys."""
        self.clear()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def clear(self) -> None:
        """Forget what was pressed."""
        self.key = ""
        super().clear()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()  # no shortcut of the window takes the key away
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        stroke = stroke_of(event)
        if stroke == "Esc":
            self.left.emit()
        elif stroke == "Return":
            self.confirmed.emit()
        elif stroke and not event.isAutoRepeat():
            self._take(stroke)

    def _take(self, stroke: str) -> None:
        strokes = self.key.split(", ") if self.key else []
        goes_on = strokes and not is_plain(self.key) and len(strokes) < MAX_STROKES
        follows = goes_on and self._since.isValid() and self._since.elapsed() < PAUSE
        self.key = f"{self.key}, {stroke}" if follows else stroke
        self._since.start()
        self.setText(shown(self.key))
        self.pressed.emit(self.key)


class KeyChip(QWidget):
    """A key that an action has, with a button to take it away: `removed(key)`."""

    removed = Signal(str)

    def __init__(self, key: str) -> None:
        super().__init__()
        self._key = key
        cap = label(shown(key), mono=True)
        cap.setProperty("kind", "key")
        button = flat_button("close", tr("Take {key} away", key=shown(key)))
        button.clicked.connect(self._on_clicked)
        line = row(self, spacing=GRID // 2)
        line.addWidget(cap)
        line.addWidget(button)

    @Slot()
    def _on_clicked(self) -> None:
        self.removed.emit(self._key)

"""First steps: a few hints over the canvas for those who are new, which can be put away for good."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QFrame

from graph.messages import msg, tr
from gui.canvas.viewport import ZoomView
from gui.panels.parts import label, row, small_button
from gui.shortcuts import Shortcuts
from gui.theme import GRID, theme

WIDTH = 960  # pixels at 100 %, at most
WIDE = 720  # pixels at 100 % from which everything stands in one line
EDGE = 2 * GRID

# A title and a sentence each; {…} is the key of that action.
HINTS = (
    (
        msg("Train it right away"),
        msg("This network is ready: press {train_or_pause} or Train, and watch the plots below."),
    ),
    (msg("Change it"), msg("Click a card, and its parameters are on the right. {undo} takes every step back.")),
    (
        msg("Add a layer"),
        msg("Press {quick_add} and type: it follows the selected layer, wired. Or drag one from the left onto a wire."),
    ),
    (msg("Read it"), msg("Every wire says its shape, and a problem sits on its card: click the mark to mend it.")),
    (
        msg("Find anything"),
        msg("{command_palette} finds every action by a word. The tab Code shows the Python of the drawing."),
    ),
)


class Hints(QFrame):
    """One hint at a time in a strip along the lower edge of a canvas, which shows its whole drawing above it.

    `dismissed` says that hints are not wanted again.
    """

    dismissed = Signal()

    def __init__(self, parent: ZoomView, shortcuts: Shortcuts) -> None:
        super().__init__(parent)
        self.setObjectName("hints")
        self.setAccessibleName(tr("First steps"))
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._parent, self._shortcuts, self._at = parent, shortcuts, 0
        self.title, self.sentence = label("", tone="heading"), label("", tone="muted", wrap=True)
        self.place = label("", tone="faint")
        self.next_button, self.done_button = small_button(tr("Next")), small_button(tr("Do not show again"))
        self.next_button.clicked.connect(self._on_next)
        self.done_button.clicked.connect(self._on_done)
        self._lines, self._words = (QBoxLayout(QBoxLayout.Direction.LeftToRight) for _ in range(2))
        self._words.addWidget(self.title)
        self._words.addWidget(self.sentence, 1)
        buttons = row()
        buttons.addWidget(self.place, 1)
        for button in (self.done_button, self.next_button):
            buttons.addWidget(button)
        self._lines.addLayout(self._words, 1)
        self._lines.addLayout(buttons)
        self._lines.setContentsMargins(4 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
        self.setLayout(self._lines)
        self.setTabOrder(parent, self.done_button)  # what is made last would come last in the window
        self.setTabOrder(self.done_button, self.next_button)
        parent.installEventFilter(self)
        theme.changed.connect(self._place)
        shortcuts.changed.connect(self._show)
        self._show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._cover()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._cover()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
            self._parent.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            super().keyPressEvent(event)

    @Slot()
    def note_run(self) -> None:
        """A run began: whoever was told how goes on to the next hint."""
        if self._at == 0 and self.isVisible():
            self._on_next()

    @Slot()
    def _show(self) -> None:
        title, sentence = HINTS[self._at]
        keys = {name: self._shortcuts.text(name) for name in ("train_or_pause", "undo", "quick_add", "command_palette")}
        self.title.setText(str(title))
        self.sentence.setText(str(replace(sentence, values=keys)))
        self.place.setText(f"{self._at + 1} / {len(HINTS)}")
        self.next_button.setText(tr("Next") if self._at + 1 < len(HINTS) else tr("Done"))
        self._place()

    @Slot()
    def _place(self) -> None:
        self.setFixedWidth(min(theme.px(WIDTH), self._parent.width() - 2 * EDGE))
        is_wide = self.width() >= theme.px(WIDE)
        direction = QBoxLayout.Direction.LeftToRight if is_wide else QBoxLayout.Direction.TopToBottom
        for box, gap in (
            (self._lines, 4 * GRID if is_wide else 2 * GRID),
            (self._words, 3 * GRID if is_wide else GRID),
        ):
            box.setDirection(direction)
            box.setSpacing(gap)
        layout = self.layout()
        assert layout is not None
        layout.activate()
        self.setFixedHeight(layout.totalHeightForWidth(self.width()))
        self.move((self._parent.width() - self.width()) // 2, self._parent.height() - self.height() - EDGE)
        self._cover()

    def _cover(self) -> None:
        self._parent.cover(Qt.Edge.BottomEdge, self._parent.height() - self.y() if self.isVisible() else 0)

    @Slot()
    def _on_next(self) -> None:
        self._at += 1
        if self._at == len(HINTS):
            self._on_done()
        else:
            self._show()

    @Slot()
    def _on_done(self) -> None:
        self.hide()
        self.dismissed.emit()

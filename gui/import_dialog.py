"""Makes a drawing of what was written elsewhere, in the background: the form of it, progress, and the report or the refusal."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QProgressBar, QPushButton, QWidget

from graph.messages import LayerloomError, Message, RunError, msg, tr
from gui.apart import Messenger, work_apart
from gui.import_report import ImportReport
from gui.import_work import Outcome, Work
from gui.panels.parts import DECORATION, ScrollColumn, column, complain, label, row
from gui.theme import GRID, theme

WIDTH = 640  # pixels at 100 %
EDGE = 5 * GRID
FIELDS = {"--input": msg("the fields of its inputs above"), "--dtype": msg("the lists beside them")}


def _do(work: Work, unwanted: threading.Event, messenger: Messenger) -> None:
    """Work, in a thread; it tells whose work it is, and what there is to say."""
    result: Outcome | LayerloomError

    def say(message: Message) -> None:
        messenger.tell((unwanted, message))

    try:
        result = work(lambda: not unwanted.is_set(), say)
    except LayerloomError as error:
        result = error
    except Exception as error:  # the person gets a sentence whatever happens in the thread
        result = RunError(msg("Layerloom made a mistake: {error}.", error=f"{type(error).__name__}: {error}"))
    messenger.tell((unwanted, result))


class ImportDialog(QDialog):
    """The part that all kinds of imports share; each says in `make_work` what it does, and in `why_not` why it cannot.

    `brought(Outcome)`: a drawing is there.
    """

    brought = Signal(object)

    def __init__(self, title: str, text: str, form: Sequence[QWidget], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._messenger = Messenger(self._on_told)
        self._unwanted: threading.Event | None = None  # of the work under way
        self._resized = QTimer(self, singleShot=True, interval=0)  # when its texts have their new size
        self._resized.timeout.connect(self._fit)
        self.setWindowTitle(title)
        self._build(title, text, form)
        theme.changed.connect(self._use_scale)
        self._use_scale()
        self.look()

    def make_work(self) -> Work:
        """What is done in a thread, by what the form says now.

        Raises:
            LayerloomError: the form does not say enough.
        """
        raise NotImplementedError

    def why_not(self) -> Message | None:
        """Why it cannot begin."""
        return None

    # ---- parts

    def _build(self, title: str, text: str, form: Sequence[QWidget]) -> None:
        self._scroll = ScrollColumn(spacing=3 * GRID)
        layout = self._scroll.column
        layout.setContentsMargins(EDGE, EDGE, EDGE, 2 * GRID)
        layout.addWidget(label(title, tone="title"))
        self._form = QWidget()
        inside = column(self._form, spacing=3 * GRID)
        inside.addWidget(label(text, tone="muted", wrap=True))
        for widget in form:
            inside.addWidget(widget)
        self.stage = label("", tone="muted", wrap=True)
        self.progress = QProgressBar(textVisible=False, maximum=0)
        self.progress.setAccessibleName(tr("Importing"))
        self.error = label("", tone="error", wrap=True)
        self.error.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.report = ImportReport()
        layout.addWidget(self._form)
        for widget in (self.stage, self.progress, self.error, self.report):
            layout.addWidget(widget)
            widget.hide()
        layout.addStretch(1)
        self._buttons = self._make_buttons()
        whole = column(self)
        whole.addWidget(self._scroll, 1)
        whole.addLayout(self._buttons)

    def _make_buttons(self) -> QHBoxLayout:
        self.import_button = QPushButton(tr("Import"), default=True)
        self.import_button.setProperty("kind", "primary")
        self.import_button.clicked.connect(self.start)
        self.close_button = QPushButton(tr("Cancel"), autoDefault=False)
        self.close_button.clicked.connect(self.reject)
        line = row()
        line.setContentsMargins(EDGE, 2 * GRID, EDGE, EDGE)
        line.addStretch(1)
        line.addWidget(self.close_button)
        line.addWidget(self.import_button)
        return line

    # ---- what the person does

    @Slot()
    def start(self) -> None:
        """Import in a thread; the report, or the reason why there is none, follows."""
        if self._unwanted is not None:
            return
        try:
            work = self.make_work()
        except LayerloomError as error:
            self._complain(error.message)
            return
        self._complain(None)
        self._unwanted = unwanted = threading.Event()
        self.destroyed.connect(unwanted.set)
        self._show_busy(True)
        work_apart(partial(_do, work, unwanted, self._messenger), "layerloom-import")

    def reject(self) -> None:
        """End what is under way; else close."""
        if self._unwanted is None:
            super().reject()
            return
        self._unwanted.set()
        self._unwanted = None
        self._show_busy(False)
        self._complain(None)

    # ---- what the thread says

    def _on_told(self, told: tuple[threading.Event, Message | Outcome | LayerloomError]) -> None:
        whose, what = told
        if whose is not self._unwanted:  # it was cancelled
            return
        if isinstance(what, Message):
            self.stage.setText(str(what))
            self._resized.start()
        else:
            self._show_result(what)

    def _show_result(self, result: Outcome | LayerloomError) -> None:
        self._unwanted = None
        self._show_busy(False)
        if isinstance(result, LayerloomError):
            self._complain(result.message)
            self.import_button.setFocus()
            return
        self._form.hide()
        self.import_button.hide()
        self.report.show_outcome(result)
        self.report.show()
        self.close_button.setText(tr("Close"))
        self.close_button.setDefault(True)
        self.close_button.setFocus()
        self._resized.start()
        self.brought.emit(result)

    # ---- what it shows

    @Slot()
    def look(self) -> None:
        """Something in the form is other than before: whether it can begin."""
        reason = self.why_not()
        self.import_button.setEnabled(reason is None and self._unwanted is None)
        self.import_button.setToolTip("" if reason is None else str(reason))
        self._resized.start()

    def _show_busy(self, busy: bool) -> None:
        self.progress.setVisible(busy)
        self.stage.setVisible(busy)
        self._form.setEnabled(not busy)
        self.close_button.setText(tr("Stop") if busy else tr("Cancel"))
        self.look()

    def _complain(self, reason: Message | None) -> None:
        complain(self.error, None if reason is None else _with_fields(reason))
        self._resized.start()

    @Slot()
    def _use_scale(self) -> None:
        self.setMinimumWidth(theme.px(WIDTH))
        self._resized.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    @Slot()
    def _fit(self) -> None:
        """Take the height that the wrapped texts need at this width, as far as the screen has it."""
        self._scroll.column.activate()
        needed = self._scroll.column.totalHeightForWidth(self.width()) + self._buttons.sizeHint().height()
        room = self.screen().availableSize().height() - DECORATION.height()
        bar = Qt.ScrollBarPolicy
        self._scroll.setVerticalScrollBarPolicy(bar.ScrollBarAsNeeded if needed > room else bar.ScrollBarAlwaysOff)
        self.setFixedHeight(min(needed, room))
        self._scroll.ensureWidgetVisible(self.error if self.error.isVisible() else self._form)


def _with_fields(message: Message) -> Message:
    """A sentence that names fields of the dialog where it names options of the command line."""
    values = {
        key: _with_fields(value) if isinstance(value, Message) else FIELDS.get(str(value), value)
        for key, value in message.values.items()
    }
    return replace(message, values=values)

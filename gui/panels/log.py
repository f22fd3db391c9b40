"""What happened, line by line, as text that can be selected and copied."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from PySide6.QtCore import Slot
from PySide6.QtGui import QShowEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QStackedLayout, QWidget

from graph.figure_titles import title_of
from graph.messages import Message, msg, tr
from gui.figures import clock, figure, grouped
from gui.pace import is_seen
from gui.panels.empty import EmptyState
from gui.theme import GRID, theme
from runtime.events import (
    EpochEnded,
    Event,
    Failed,
    Figures,
    Finished,
    Noted,
    Paused,
    Resumed,
    RunStarted,
    Stopped,
    Taken,
    Tested,
)

MAX_LINES = 10_000


class Line(NamedTuple):
    """When, in which tone (a theme role), what."""

    time: str
    role: str
    text: str


class LogPanel(QWidget):
    """The events of runs (`take`) and whatever else is worth a line (`say`)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: deque[Line] = deque(maxlen=MAX_LINES)
        self._coming: deque[tuple[datetime, Event]] = deque(maxlen=MAX_LINES)  # to be written when somebody looks
        self.text = QPlainTextEdit(readOnly=True, maximumBlockCount=MAX_LINES)
        self.text.setAccessibleName(tr("Log"))
        self.text.document().setDocumentMargin(3 * GRID)
        hint = tr("What happens while the network trains is written here, line by line.")
        self._stack = QStackedLayout(self)
        self._stack.addWidget(EmptyState("info", tr("Nothing happened yet"), hint))
        self._stack.addWidget(self.text)
        theme.changed.connect(self._write_again)

    @Slot(object)
    def take(self, events: Iterable[Event]) -> None:
        """Write a line for everything that is not merely a few steps, as soon as it can be seen."""
        now = datetime.now()
        self._coming.extend((now, event) for event in events if type(event) in _SENTENCES)
        if self._coming:
            self._stack.setCurrentIndex(1)
        if is_seen(self):
            self._catch_up()

    def say(self, text: Message | str, role: str = "text") -> None:
        """Write a line now, in the colour of a theme role."""
        self._catch_up()
        self._add([_line(datetime.now(), role, text)])

    @property
    def lines(self) -> Sequence[Line]:
        """All that is written, or will be."""
        self._catch_up()
        return self._lines

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._catch_up()

    def _catch_up(self) -> None:
        """Write what happened while nobody looked."""
        coming = [(when, described) for when, event in self._coming if (described := describe(event))]
        self._coming.clear()
        self._add([_line(when, *described) for when, described in coming])

    @Slot()
    def clear(self) -> None:
        """Forget everything."""
        self._lines.clear()
        self._coming.clear()
        self.text.clear()
        self._stack.setCurrentIndex(0)

    def _add(self, lines: Sequence[Line]) -> None:
        if lines:
            self._lines.extend(lines)
            self._write(lines)
            self._stack.setCurrentIndex(1)

    def _write(self, lines: Iterable[Line]) -> None:
        """Append lines, in one step: many come at a time. Who reads the end goes on reading it."""
        bar, document = self.text.verticalScrollBar(), self.text.document()
        at_end = bar.value() == bar.maximum()
        cursor = QTextCursor(document)
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.beginEditBlock()
        for line in lines:
            if not document.isEmpty():
                cursor.insertBlock()
            cursor.insertText(f"{line.time}   ", _format("faint"))
            cursor.insertText(line.text, _format(line.role))
        cursor.endEditBlock()
        if at_end:
            bar.setValue(bar.maximum())

    @Slot()
    def _write_again(self) -> None:
        self.text.clear()
        self._write(self._lines)


def _line(when: datetime, role: str, text: Message | str) -> Line:
    return Line(f"{when:%H:%M:%S}", role, str(text))


def _format(role: str) -> QTextCharFormat:
    made = QTextCharFormat()
    made.setForeground(theme.color(role))
    return made


def describe(event: Event) -> tuple[str, Message] | None:
    """The theme role and the sentence of an event; None for one that is not worth a line."""
    write = _SENTENCES.get(type(event))
    return write(event) if write else None


def _started(event: RunStarted) -> tuple[str, Message]:
    return "text", msg(
        "Training started on {device}: {samples} samples, {parameters} parameters, {epochs} epochs, seed {seed}. "
        "Folder: {run}",
        device=event.device_name,
        samples=grouped(event.samples.get("train", 0)),
        parameters=grouped(event.parameters),
        epochs=event.epochs,
        seed=event.seed,
        run=event.run,
    )


def _epoch(event: EpochEnded) -> tuple[str, Message]:
    values = {
        "epoch": event.epoch,
        "train": _figures(event.train),
        "validation": _figures(event.validation),
        "seconds": f"{event.seconds:.1f}",
    }
    if event.best:
        return "good", msg(
            "Epoch {epoch} in {seconds} s, the best so far. Train: {train}. Validation: {validation}.", **values
        )
    return "muted", msg("Epoch {epoch} in {seconds} s. Train: {train}. Validation: {validation}.", **values)


def _taken(event: Taken) -> tuple[str, Message]:
    return "text", msg(
        "It begins with the weights of {run}: {kept} taken, {new} begin anew, {left} left out.",
        run=event.source, kept=len(event.kept), new=len(event.new), left=len(event.left_out),
    )  # fmt: skip


def _tested(event: Tested) -> tuple[str, Message]:
    return "text", msg("Test of the best epoch: {figures}.", figures=_figures(event.test))


def _finished(event: Finished) -> tuple[str, Message]:
    return "good", msg("Finished after {time}.", time=clock(event.seconds))


def _stopped(event: Stopped) -> tuple[str, Message]:
    return "warning", msg("Stopped in epoch {epoch}. The run can be continued: {run}", epoch=event.epoch, run=event.run)


def _figures(figures: Figures) -> str:
    return ", ".join(f"{title_of(key)} {figure(value)}" for key, value in figures.items()) or "–"


_SENTENCES = {
    RunStarted: _started,
    Taken: _taken,
    EpochEnded: _epoch,
    Paused: lambda event: ("muted", msg("Paused in epoch {epoch}.", epoch=event.epoch)),
    Resumed: lambda event: ("muted", msg("Resumed.")),
    Tested: _tested,
    Finished: _finished,
    Stopped: _stopped,
    Noted: lambda event: ("warning", event.message),
    Failed: lambda event: ("error", event.message),
}

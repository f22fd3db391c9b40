"""What happened, line by line, as text that can be selected and copied."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import NamedTuple

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QPlainTextEdit, QStackedLayout, QWidget

from graph.messages import Message, msg, tr
from gui.figures import clock, figure, grouped
from gui.panels.empty import EmptyState
from gui.panels.metrics import title_of
from gui.theme import GRID, theme
from runtime.events import (
    EpochEnded,
    Event,
    Failed,
    Figures,
    Finished,
    Paused,
    Resumed,
    RunStarted,
    Stopped,
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
        self.lines: deque[Line] = deque(maxlen=MAX_LINES)
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
        """Write a line for everything that is not merely a few steps."""
        for event in events:
            if described := describe(event):
                role, text = described
                self.say(text, role)

    def say(self, text: Message | str, role: str = "text") -> None:
        """Write a line now, in the colour of a theme role."""
        line = Line(f"{datetime.now():%H:%M:%S}", role, str(text))
        self.lines.append(line)
        self._write(line)
        self._stack.setCurrentIndex(1)

    @Slot()
    def clear(self) -> None:
        """Forget everything."""
        self.lines.clear()
        self.text.clear()
        self._stack.setCurrentIndex(0)

    def _write(self, line: Line) -> None:
        when = f'<span style="color:{theme.color("faint").name()}">{line.time}</span>'
        what = f'<span style="color:{theme.color(line.role).name()}">{escape(line.text)}</span>'
        self.text.appendHtml(f"{when}&nbsp;&nbsp; {what}")

    @Slot()
    def _write_again(self) -> None:
        self.text.clear()
        for line in self.lines:
            self._write(line)


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
    EpochEnded: _epoch,
    Paused: lambda event: ("muted", msg("Paused in epoch {epoch}.", epoch=event.epoch)),
    Resumed: lambda event: ("muted", msg("Resumed.")),
    Tested: _tested,
    Finished: _finished,
    Stopped: _stopped,
    Failed: lambda event: ("error", event.message),
}

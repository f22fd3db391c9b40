"""From a sweep's queue to its panel: one timer drains the events, and what the sweep came to so far is one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from graph.messages import LayerloomError, msg
from runtime.places import state_folder
from runtime.sweep_events import SweepEnded, SweepEvent, SweepStarted, TrialEnded, TrialReported, TrialStarted
from runtime.sweep_folders import Sweep, Trial, load_sweep
from runtime.sweep_problems import problems_of
from runtime.sweep_session import SweepSession

if TYPE_CHECKING:
    from gui.editor import Editor

TICK = 100  # milliseconds between two looks into the queue
SHUTDOWN_SECONDS = 10.0
BUSY = msg("A sweep is under way. Stop it first, or wait until it ends.")


class Report(NamedTuple):
    """How far a trial under way is: its epoch and its figures there."""

    epoch: int
    figures: Mapping[str, float]


class AnySweep(Protocol):
    """What the controller needs of a session; `runtime.sweep_session.SweepSession` is the one in use."""

    @property
    def running(self) -> bool: ...
    def poll(self) -> list[SweepEvent]: ...
    def join(self, timeout: float | None = None) -> bool: ...
    def stop(self) -> None: ...


class SweepController(QObject):
    """The sweep of the drawing in the editor. The window stays free: nothing here waits, except `shutdown`.

    `sweep` is the one under way or shown last, `reports` how far its trials under way are. `shown()`: it is another one.
    """

    shown = Signal()
    changed = Signal()  # its trials
    state_changed = Signal()  # whether one is under way, or being stopped
    refused = Signal(object)  # Message: why it does not begin
    ended = Signal(object)  # SweepEnded

    def __init__(
        self, editor: Editor, parent: QObject | None = None, *, session: Callable[..., AnySweep] = SweepSession
    ) -> None:
        super().__init__(parent)
        self._editor = editor
        self._new_session = session
        self._session: AnySweep | None = None
        self.is_stopping = False
        self.sweep: Sweep | None = None
        self.reports: dict[int, Report] = {}
        self.planned = 0  # how many trials there are to be
        self.outcome: SweepEnded | None = None  # of the last one that was under way here
        self.runs_folder = state_folder() / "runs"
        self._timer = QTimer(self, interval=TICK)
        self._timer.timeout.connect(self._on_tick)

    @property
    def is_active(self) -> bool:
        """Whether a sweep is under way."""
        return self._session is not None

    # ---- wishes

    @Slot()
    def start(self, resume: Path | None = None) -> None:
        """Begin a sweep of the present drawing, or go on with one; `refused` says why not."""
        if self._session is not None:
            self.refused.emit(BUSY)
            return
        project = self._editor.project
        problems = [] if resume else problems_of(project)
        if problems:
            self.refused.emit(problems[0])
            return
        self._session = self._new_session(project, folder=self._editor.folder, runs=self.runs_folder, resume=resume)
        self.is_stopping, self.outcome = False, None
        self._timer.start()
        self.state_changed.emit()

    @Slot()
    def stop(self) -> None:
        """End the trials under way; those that are finished stay, and the sweep can be gone on with."""
        if self._session is not None and not self.is_stopping:
            self.is_stopping = True
            self._session.stop()
            self.state_changed.emit()

    def show_sweep(self, sweep: Sweep | None) -> None:
        """Show an earlier sweep, or none."""
        if self._session is None:
            self.outcome = None
            self._show(sweep)

    def shutdown(self, timeout: float = SHUTDOWN_SECONDS) -> bool:
        """Stop the sweep and wait until its thread ended, at most `timeout` seconds; True if it did."""
        self._timer.stop()
        if self._session is None:
            return True
        self._session.stop()
        ended = self._session.join(timeout)
        self._session = None
        self.state_changed.emit()
        return ended

    @Slot(object, object)
    def follow(self, old: Path, new: Path) -> None:
        """A sweep lies in another folder now."""
        if self.sweep is not None and self.sweep.path == old:
            with suppress(LayerloomError):  # taken away at once
                self._show(load_sweep(new))

    def forget(self) -> None:
        """Another document was opened: the sweep is not its own."""
        assert self._session is None
        self.show_sweep(None)

    # ---- events

    @Slot()
    def _on_tick(self) -> None:
        if self._session is None:
            return
        events = self._session.poll()
        trials = {trial.number: trial for trial in self.sweep.trials} if self.sweep else {}
        for event in events:
            if isinstance(event, SweepStarted):
                self._begin(event)
                trials = {trial.number: trial for trial in self.sweep.trials} if self.sweep else {}
            elif not isinstance(event, SweepEnded):
                self._follow(event, trials)
        if events and self.sweep is not None:
            self.sweep = replace(self.sweep, trials=tuple(trials[number] for number in sorted(trials)))
            self.changed.emit()
        if events and isinstance(events[-1], SweepEnded):
            self._finish(events[-1])

    def _begin(self, event: SweepStarted) -> None:
        self.planned = event.trials
        try:
            self._show(load_sweep(Path(event.sweep)))
        except LayerloomError as error:  # its folder was taken away at once
            self.refused.emit(error.message)

    def _follow(self, event: SweepEvent, trials: dict[int, Trial]) -> None:
        if isinstance(event, TrialStarted):
            trials[event.trial] = Trial(event.trial, tuple(event.values.values()))
        elif isinstance(event, TrialReported):
            self.reports[event.trial] = Report(event.epoch, event.figures)
        elif isinstance(event, TrialEnded) and event.trial in trials:
            self.reports.pop(event.trial, None)
            trials[event.trial] = replace(
                trials[event.trial], status=event.status, goals=event.goals, seconds=event.seconds,
                run=Path(event.run) if event.run else None, message=str(event.message or ""),
            )  # fmt: skip

    def _finish(self, event: SweepEnded) -> None:
        self._timer.stop()
        self._session, self.is_stopping, self.outcome = None, False, event
        self.reports.clear()
        if self.sweep is not None:
            try:
                self.sweep = load_sweep(self.sweep.path)
            except LayerloomError:  # its folder was taken away meanwhile
                self.sweep = replace(self.sweep, status=event.status)
        self.changed.emit()
        self.state_changed.emit()
        self.ended.emit(event)

    def _show(self, sweep: Sweep | None) -> None:
        self.sweep = sweep
        self.reports.clear()
        if self._session is None:
            self.planned = sweep.search.trials if sweep else 0
        self.shown.emit()

"""From a session's queue to the panels: one timer drains the events, the verbs send wishes the other way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from graph.catalog.optimizers import OPTIMIZERS
from graph.changes import means_the_same
from graph.messages import LayerloomError, Message, msg
from graph.model import Project
from graph.problems import Problem
from gui.pace import Pace
from runtime.events import (
    FINAL,
    TRAIN,
    EpochEnded,
    Event,
    Failed,
    Finished,
    Health,
    Pictured,
    RateSet,
    Refused,
    Replaced,
    RunStarted,
    StepsEnded,
    Stopped,
)
from runtime.places import state_folder
from runtime.runs import load_run
from runtime.session import Control, Replace, Save, Session, SetRate, Wish
from runtime.watch_session import WatchSession

if TYPE_CHECKING:
    from gui.editor import Editor

TICK = 100  # milliseconds between two looks into the queue
SHUTDOWN_SECONDS = 10.0
ELSEWHERE = msg("This run goes on elsewhere, and can only be watched here.")
NO_LOSS = "no-loss"  # the warning that does not keep a drawing from being right, but keeps it from being trained


FIGURES = (StepsEnded, EpochEnded, Health, Pictured)  # they come all the time, and may wait for each other
_TYPED = {
    RunStarted: "started",
    Finished: "ended",
    Stopped: "ended",
    Failed: "ended",
}


class RunState(Enum):
    """Where the run is. STOPPED can be resumed; FINISHED and FAILED cannot. WATCHING: it goes on elsewhere, and is only looked at."""

    IDLE = auto()
    STARTING = auto()
    RUNNING = auto()
    PAUSED = auto()
    STOPPING = auto()
    WATCHING = auto()
    STOPPED = auto()
    FINISHED = auto()
    FAILED = auto()

    @property
    def is_active(self) -> bool:
        """Whether a run is under way, paused or not."""
        return self in (
            RunState.STARTING, RunState.RUNNING, RunState.PAUSED, RunState.STOPPING, RunState.WATCHING
        )  # fmt: skip


class AnySession(Protocol):
    """What the controller needs of a session; `runtime.session.Session` is the one in use, and `runtime.watch_session` another."""

    control: Control

    def poll(self) -> list[Event]: ...
    def join(self, timeout: float | None = None) -> bool: ...


class RunController(QObject):
    """The run of the drawing in the editor. The window stays free: nothing here waits, except `shutdown`.

    `events` carries everything that happened since the last tick; the typed signals repeat what is rare.
    """

    state_changed = Signal(object)  # RunState
    stale_changed = Signal()
    refused = Signal(object)  # Message: why training does not start
    problems_wanted = Signal()  # the reason is in the list of problems
    events = Signal(object)  # list[Event]
    started = Signal(object)  # RunStarted
    ended = Signal(object)  # Finished | Stopped | Failed
    adopted = Signal(object)  # Path of a run that came from elsewhere; `trained` is its drawing

    def __init__(
        self,
        editor: Editor,
        parent: QObject | None = None,
        *,
        session: Callable[..., AnySession] = Session,
        watch: Callable[[str], AnySession] = WatchSession,
    ) -> None:
        super().__init__(parent)
        self.editor = editor
        self._new_session, self._new_watch = session, watch
        self._session: AnySession | None = None
        self._restart_wanted = False
        self._was_stale = False
        self._resumable: Path | None = None
        self.state = RunState.IDLE
        self.is_isolated: Callable[[], bool] = lambda: False  # whether runs get a process of their own
        self.is_logged: Callable[[], bool] = lambda: False  # whether runs write event files of TensorBoard
        self.num_processes: Callable[[], int] = lambda: 1  # how many train together
        self.is_sharded: Callable[[], bool] = lambda: False  # whether these divide the weights among them
        self.mode = TRAIN  # of the run under way or the last one
        self.watched = ""  # where the run goes on, or went on, if it is only looked at
        self._rates: dict[str, float] = {}  # as the run reported them last
        self._wished: Project | None = None  # the drawing that the run was asked to go on with
        self.trained: Project | None = None  # the value in training, or trained last
        self.last_run: Path | None = None  # the folder of the last run that began, with what was trained
        self.runs_folder = state_folder() / "runs"
        self._pace, self._coming = Pace(), list[Event]()
        self._timer = QTimer(self, interval=TICK, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_tick)
        editor.changed.connect(self._on_editor_changed)

    # ---- wishes

    @Slot()
    def train(self, resume: Path | None = None, mode: str = TRAIN, source: Path | None = None) -> None:
        """Start a run of the present drawing, or go on with a stopped one; `refused` says why not.

        Args:
            source: the run whose weights a new one begins with.
            mode: TRAIN; OVERFIT makes one batch small, and RANGE tries learning rates: neither leaves a run behind.
        """
        if self.state.is_active:
            self.refused.emit(msg("A run is under way. Stop it first, or wait until it ends."))
            return
        if self._is_in_the_way():
            return
        self.trained, self._resumable, self._wished, self.mode = self.editor.project, None, None, mode
        self._rates, self.watched = {}, ""
        self._session = self._new_session(
            self.trained, folder=self.editor.folder, runs=self.runs_folder, resume=resume, mode=mode,
            isolated=self.is_isolated(), **({"source": source} if source else {}), **({"tensorboard": True} if self.is_logged() else {}),
            **(self._processes() if mode == TRAIN else {}),
        )  # fmt: skip
        self._set_state(RunState.STARTING)
        self._on_editor_changed()
        self._look()

    def _processes(self) -> dict[str, object]:
        """What a session is told of processes that train together, if several do."""
        count, shard = self.num_processes(), self.is_sharded()
        return {"processes": count, **({"shard": True} if shard else {})} if count > 1 else {}

    def watch(self, place: str) -> None:
        """Show a run that goes on elsewhere: in a folder, or HOST:PATH for one that ssh reaches. Its end is ours."""
        if self.state.is_active:
            self.refused.emit(msg("A run is under way. Stop it first, or wait until it ends."))
            return
        self._resumable = self._wished = None
        self.mode, self._rates, self.watched = TRAIN, {}, place
        self._session = self._new_watch(place)
        self._set_state(RunState.WATCHING)
        self._on_editor_changed()
        self._look()

    @Slot()
    def pause(self) -> None:
        """Wait before the next step."""
        if self._session and self.state in (RunState.STARTING, RunState.RUNNING):
            self._session.control.pause()
            self._set_state(RunState.PAUSED)

    @Slot()
    def resume(self) -> None:
        """Go on with the paused run."""
        if self._session and self.state is RunState.PAUSED:
            self._session.control.resume()
            self._set_state(RunState.RUNNING)

    @Slot()
    def stop(self) -> None:
        """End the run after the step under way; what is trained so far is kept."""
        if self._session and self.state.is_active:
            self._session.control.stop()
            self._set_state(RunState.STOPPING)

    @Slot()
    def stop_after_epoch(self) -> None:
        """End the run with the epoch under way, its validation included; a paused run goes on until there."""
        if self._session and self.state in (RunState.STARTING, RunState.RUNNING, RunState.PAUSED):
            self._session.control.stop(after_epoch=True)
            self._set_state(RunState.STOPPING)

    @Slot()
    def save_now(self) -> None:
        """Write a checkpoint between two steps."""
        self._wish(Save())

    def set_rate(self, objective: str, learning_rate: float) -> None:
        """Let an objective learn with another rate from the next step on."""
        self._wish(SetRate(objective, learning_rate))

    @Slot()
    def use_new_drawing(self) -> None:
        """Let the run go on with the drawing as it is now; weights stay with their nodes."""
        if self._session and self.state.is_active and not self._is_in_the_way():
            self._wished = self.editor.project
            self._wish(Replace(self._wished))

    @property
    def rates(self) -> list[tuple[str, float]]:
        """The learning rate of each objective: as it was reported last, else as the plan gives it."""
        if self._rates:
            return list(self._rates.items())
        objectives = self.trained.plan.objectives if self.trained else ()
        kinds = ((o, OPTIMIZERS.get(o.optimizer.type)) for o in objectives)
        return [(o.name, float(kind.values(o.optimizer)["lr"])) for o, kind in kinds if kind and kind.param("lr")]  # type: ignore[arg-type]

    @Slot()
    def restart(self) -> None:
        """Start again from the beginning with the present drawing; a run under way is stopped first."""
        if self.state.is_active:
            self._restart_wanted = True
            self.stop()
        else:
            self.train()

    @Slot()
    def toggle(self) -> None:
        """What the one button does: train, pause, resume, go on with a stopped run, or look at another one no longer."""
        if self.state is RunState.PAUSED:
            self.resume()
        elif self.state is RunState.WATCHING:
            self.stop()
        elif self.state.is_active:
            self.pause()
        else:
            self.train(self._resumable if self.can_continue else None)

    def shutdown(self, timeout: float = SHUTDOWN_SECONDS) -> bool:
        """Stop the run and wait until its thread ended, at most `timeout` seconds; True if it did."""
        self._timer.stop()
        if self._session is None:
            return True
        self._restart_wanted = False
        self._session.control.stop()
        ended = self._session.join(timeout)
        self._session = None
        self._set_state(RunState.STOPPED)
        return ended

    def adopt(self, run: Path, project: Project) -> bool:
        """A run that came from elsewhere is the last one from now on: asked, and exported. Not while another is under way."""
        if self.state.is_active:
            return False
        self.trained, self.last_run, self._resumable, self.watched = project, run, None, ""
        self._set_state(RunState.IDLE)
        self._on_editor_changed()
        self.adopted.emit(run)
        return True

    @Slot(object, object)
    def follow(self, old: Path, new: Path) -> None:
        """A run lies in another folder now."""
        self.last_run = new if self.last_run == old else self.last_run
        self._resumable = new if self._resumable == old else self._resumable

    def forget(self) -> None:
        """Another document was opened: what was trained before is not its own."""
        assert not self.state.is_active
        self.trained = self.last_run = self._resumable = None
        self.watched = ""
        self._set_state(RunState.IDLE)
        self._on_editor_changed()

    def _wish(self, wish: Wish) -> None:
        if self._session and self.state in (RunState.STARTING, RunState.RUNNING, RunState.PAUSED):
            self._session.control.wish(wish)

    def _is_in_the_way(self) -> bool:
        """Whether the drawing cannot be trained; then that is said."""
        analysis = self.editor.analysis
        if found := analysis.errors or [p for p in analysis.problems if p.code == NO_LOSS and p.block is None]:
            self.refused.emit(_reason(found))
            self.problems_wanted.emit()
        return bool(found)

    # ---- what is there

    @property
    def can_continue(self) -> bool:
        """Whether the button goes on with the stopped run instead of starting a new one."""
        return self.state is RunState.STOPPED and self._resumable is not None and not self.is_stale

    @property
    def is_stale(self) -> bool:
        """Whether the document differs from the one that is or was trained here in more than its layout."""
        return self.trained is not None and not self.watched and not means_the_same(self.trained, self.editor.project)

    # ---- events

    def _look(self) -> None:
        """Look into the queue from now on."""
        self._pace, self._coming = Pace(), []
        self._timer.start()

    @Slot()
    def _on_tick(self) -> None:
        if self._session is None:
            return
        self._coming += self._session.poll()
        if all(isinstance(event, FIGURES) for event in self._coming) and (self._pace.is_resting or not self._coming):
            return
        self._pace.begin()
        batch, self._coming = self._coming, []
        for event in batch:
            self._follow(event)
        self.events.emit(batch)
        for event in batch:
            if name := _TYPED.get(type(event)):
                getattr(self, name).emit(event)
        if isinstance(batch[-1], FINAL):
            self._finish(batch[-1])

    def _follow(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            if event.run and self.watched:
                self._know_watched(Path(event.run))
            elif event.run:
                self.last_run = self._resumable = Path(event.run)
            if self.state is RunState.STARTING:
                self._set_state(RunState.RUNNING)
        elif isinstance(event, StepsEnded) and event.rates:
            self._rates = dict(event.rates)
        elif isinstance(event, RateSet):
            self._rates[event.objective] = event.learning_rate
        elif isinstance(event, Replaced) and self._wished is not None:
            self.trained, self._wished = self._wished, None
            self._on_editor_changed()
        elif isinstance(event, Refused):
            self._wished = None
            self.refused.emit(event.message)

    def _know_watched(self, run: Path) -> None:
        """Its weights come here too; what they are asked with is the drawing that it began with."""
        self.trained = None
        with suppress(LayerloomError):  # written by something else, or not whole yet: the plots are there all the same
            self.trained, self.last_run = load_run(run).project, run

    def _finish(self, event: Finished | Stopped | Failed) -> None:
        states = {Finished: RunState.FINISHED, Stopped: RunState.STOPPED, Failed: RunState.FAILED}
        self._timer.stop()
        self._session = None
        self._set_state(states[type(event)])
        if self._restart_wanted:
            self._restart_wanted = False
            self.train()

    def _set_state(self, state: RunState) -> None:
        if state is not self.state:
            self.state = state
            self.state_changed.emit(state)

    @Slot()
    def _on_editor_changed(self) -> None:
        if self.state is RunState.FAILED and self._resumable is None and self.is_stale:
            self._set_state(RunState.IDLE)  # it could not start, and the reason may be gone
        if self.is_stale is not self._was_stale:
            self._was_stale = self.is_stale
            self.stale_changed.emit()


def _reason(errors: Sequence[Problem]) -> Message:
    if len(errors) == 1:
        return msg("Training cannot start: {problem}", problem=errors[0].message)
    return msg(
        "Training cannot start, {count} problems are in the way. The first: {problem}",
        count=len(errors),
        problem=errors[0].message,
    )

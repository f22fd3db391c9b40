"""Asks the trained network of a document, in a thread of its own: the window stays free, and a run goes on undisturbed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from PySide6.QtCore import QObject, Signal, Slot
from shiboken6 import isValid

from graph.changes import means_the_same
from graph.messages import LayerloomError, Message, RunError, msg
from graph.model import Project
from graph.plan import LAST
from gui.apart import Messenger, work_apart
from gui.run_controller import RunController, RunState
from runtime.events import TRAIN, EpochEnded, Event, Replaced, RunStarted
from runtime.runs import BEST, weights_in

if TYPE_CHECKING:
    from gui.editor import Change, Editor
    from runtime.predict import Trained

PATIENCE = 5.0  # seconds to wait for the thread at the end
T = TypeVar("T")
Question = Callable[["Trained"], T]


class _Subject(NamedTuple):
    """Which network is asked: that of a run, with the date of its weights, or that of a drawing before training, whose data lies
    relative to `folder`."""

    run: Path | None
    project: Project
    folder: Path | None = None
    dated: float = 0.0


class _Wish(NamedTuple):
    key: str
    subject: _Subject
    question: Callable[[Any], Any]
    then: Callable[[Any], None]
    failed: Callable[[Message], None]


class _Answer(NamedTuple):
    number: int
    result: Any = None
    message: Message | None = None


class Asker(QObject):
    """Answers questions about the network of the last run of a document, with the best weights that it has; before any run, about the
    network of the drawing with the weights that it would begin with.

    `subject_changed()`: another network answers from now on, so what is on show may be asked again. Everything here is called in
    the thread of the window; questions are carried out in another one, where they must not draw random numbers (see
    `runtime.own_random`).
    """

    subject_changed = Signal()

    def __init__(self, editor: Editor, controller: RunController, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._editor, self._controller = editor, controller
        self._wake = threading.Condition()
        self._wishes: dict[
            int, _Wish
        ] = {}  # held by the window until the thread, which knows their numbers, is done with them
        self._waiting: OrderedDict[str, int] = OrderedDict()
        self._latest: dict[str, int] = {}
        self._number = 0
        self._is_closing = False
        self._thread: threading.Thread | None = None
        self._trained: tuple[_Subject, Trained] | None = None  # of the thread alone
        self._run: tuple[Path, Project] | None = None  # the last one that began
        self._told: Path | None = None  # the run whose first weights were spoken of
        self._messenger = Messenger(self._on_answered)
        controller.started.connect(self._on_started)
        controller.events.connect(self._on_events)
        controller.ended.connect(self._on_ended)
        controller.adopted.connect(self._on_adopted)
        controller.stale_changed.connect(self.subject_changed)
        editor.changed.connect(self._on_edited)

    @property
    def run(self) -> Path | None:
        """The run whose network is asked; None where that of the drawing is, before training."""
        return self._run[0] if self._run else None

    @property
    def project(self) -> Project:
        """The drawing whose network is asked: that of the last run, which may not be what is on the canvas now."""
        return self._run[1] if self._run else self._editor.project

    @property
    def is_trained(self) -> bool:
        """Whether the network that is asked has learned anything yet."""
        return self.run is not None

    @property
    def is_current(self) -> bool:
        """Whether the network that is asked is that of the canvas: the drawing means the same as when it was trained."""
        return self.run is None or not self._controller.is_stale

    @property
    def is_learning(self) -> bool:
        """Whether the network that is asked is in training, so that it may become better."""
        controller = self._controller
        is_under_way = controller.state.is_active and controller.state is not RunState.STARTING
        return is_under_way and controller.mode == TRAIN and controller.last_run == self.run

    @property
    def has_best(self) -> bool:
        """Whether the best weights of its run answer, by the figure that it watched, and not just the last ones."""
        found = weights_in(self.run) if self.run is not None else None
        return found is not None and found.stem == BEST and self.project.plan.monitor != LAST

    def ask(
        self, question: Question[T], then: Callable[[T], None], *, key: str, failed: Callable[[Message], None]
    ) -> None:
        """Ask the network something; `then` gets the answer, or `failed` a sentence why there is none.

        Args:
            key: of all questions with the same one only the newest is answered.
        """
        self._number += 1
        subject = _Subject(self.run, self.project, self._editor.folder)
        with self._wake:
            self._leave(key)
            self._wishes[self._number] = _Wish(key, subject, question, then, failed)
            self._waiting[key] = self._latest[key] = self._number
            self._wake.notify()
        if self._thread is None:
            self._thread = work_apart(self._work, "layerloom-asker")

    def is_asked(self, key: str) -> bool:
        """Whether the question with this key, if it is still under way, is wanted: long ones look at this now and then, in any thread."""
        return key in self._latest and not self._is_closing

    def drop(self, key: str) -> None:
        """Nobody waits for the answer to this question any more."""
        with self._wake:
            self._leave(key)
            self._latest.pop(key, None)

    def _leave(self, key: str) -> None:
        """A question that the thread has not begun with need not be answered."""
        if (number := self._waiting.pop(key, None)) is not None:
            del self._wishes[number]

    def forget(self) -> None:
        """Another document was opened: no answer about this one is wanted."""
        self._run = self._told = None
        with self._wake:
            for key in tuple(self._waiting):
                self._leave(key)
            self._latest.clear()
        self.subject_changed.emit()

    def close(self, *, wait: bool = False) -> None:
        """End the thread; answers are dropped. `wait` until it ended, at most some seconds."""
        with self._wake:
            self._is_closing = True
            self._wake.notify()
        if wait and self._thread is not None:
            self._thread.join(PATIENCE)

    # ---- in the window's thread

    @Slot(object, object)
    def follow(self, old: Path, new: Path) -> None:
        """A run lies in another folder now."""
        if self._run is not None and self._run[0] == old:
            self._run = new, self._run[1]

    @Slot(object)
    def _on_started(self, event: RunStarted) -> None:
        """A run that leaves a folder is asked from now on; a look at one batch, or at learning rates, leaves none."""
        if event.run and self._controller.trained is not None:
            self._run = Path(event.run), self._controller.trained
            self.subject_changed.emit()

    @Slot(object)
    def _on_events(self, events: list[Event]) -> None:
        """The first weights of a run are there, or it goes on with another drawing."""
        if self._run and self._controller.trained and any(isinstance(event, Replaced) for event in events):
            self._run = self._run[0], self._controller.trained
            self.subject_changed.emit()
        if any(isinstance(event, EpochEnded) for event in events) and self._told != self.run:
            self._told = self.run
            self.subject_changed.emit()

    @Slot(object)
    def _on_edited(self, change: Change) -> None:
        """Before any run it is the drawing that answers, so another one does from now on."""
        if self._run is None and not means_the_same(change.old, change.new):
            self.subject_changed.emit()

    @Slot(object)
    def _on_adopted(self, run: Path) -> None:
        """A run came from elsewhere, with weights."""
        if self._controller.trained is not None:
            self._run, self._told = (run, self._controller.trained), run
            self.subject_changed.emit()

    @Slot(object)
    def _on_ended(self, _event: object) -> None:
        self.subject_changed.emit()

    @Slot(object)
    def _on_answered(self, answer: _Answer) -> None:
        wish = self._wishes.pop(answer.number)
        if self._is_closing or self._latest.get(wish.key) != answer.number:
            return
        told = wish.then if answer.message is None else wish.failed
        if _is_there(told):
            told(answer.result if answer.message is None else answer.message)

    # ---- in the thread

    def _work(self) -> None:
        from runtime.warmup import warm_up

        warm_up()
        while (number := self._next()) is not None:
            self._messenger.tell(self._answer(number))

    def _next(self) -> int | None:
        with self._wake:
            while not self._waiting and not self._is_closing:
                self._wake.wait()
            return None if self._is_closing else self._waiting.popitem(last=False)[1]

    def _answer(self, number: int) -> _Answer:
        wish = self._wishes[number]
        try:
            return _Answer(number, wish.question(self._network(wish.subject)))
        except LayerloomError as error:
            return _Answer(number, message=error.message)
        except Exception as error:
            text = msg("Layerloom made a mistake: {error}.", error=f"{type(error).__name__}: {error}")
            return _Answer(number, message=text)

    def _network(self, subject: _Subject) -> Trained:
        """The network that is asked, read again where its run has better weights by now."""
        if subject.run is not None:
            subject = subject._replace(dated=_date_of_weights(subject.run))
        if self._trained is None or self._trained[0] != subject:
            self._trained = None  # two networks need not fit into memory
            self._trained = subject, _load(subject)
        return self._trained[1]


def _is_there(told: Callable[..., None]) -> bool:
    """Whether the widget whose method this is still exists: panels are made anew when the language changes."""
    owner = getattr(getattr(told, "func", told), "__self__", None)  # of a method, or of a partial of one
    return not isinstance(owner, QObject) or isValid(owner)


def _date_of_weights(run: Path) -> float:
    from runtime.runs import RUNNING, load_run

    found = load_run(run)
    if found.weights is None and found.status == RUNNING:
        raise RunError(msg("The network is learning. It can be asked when its first epoch has ended."))
    return 0.0 if found.weights is None else found.weights.stat().st_mtime


def _load(subject: _Subject) -> Trained:
    from runtime.data import prepare
    from runtime.predict import load_trained, untrained

    if subject.run is not None:
        return load_trained(subject.run)
    return replace(untrained(subject.project, prepare(subject.project, subject.folder)), folder=subject.folder)

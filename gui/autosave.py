"""Keeps the drawing safe while it is edited: soon after an edit a thread writes it to the folder of the session."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Thread
from time import monotonic

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from graph.atomic import explain
from graph.files import SUFFIX
from graph.messages import LayerloomError, Message, msg
from graph.model import Project
from gui import safekeeping
from gui.apart import Messenger, work_apart
from gui.editor import Editor
from gui.safekeeping import Origin, Session
from runtime.turns import short_turns

SETTLING = 800  # milliseconds of rest after an edit
AT_MOST = 4000  # milliseconds from an edit to its writing, however many follow
RETRY = 15_000  # milliseconds until a writing that failed is tried again
PATIENCE = 5.0  # seconds that closing waits for a writing under way
TURN = 0.0005  # seconds after which the thread lets that of the window go first; Python's own 0.005 is felt


@dataclass
class _Job:
    """One writing. `failure` is why it failed: a sentence, or an error of ours."""

    project: Project
    origin: Origin
    thread: Thread | None = None
    turns: ExitStack = field(default_factory=ExitStack)  # short ones while it is written
    failure: Message | Exception | None = None
    is_cancelled: bool = False
    copy: Path | None = None


class Autosave(QObject):
    """Keeps the document of one editor. `is_needed` says whether the file lacks the present state, `origin` where it is from.

    `failed(Message)` comes once, however often it is tried; `autosaved(datetime)` after every writing.
    """

    autosaved = Signal(object)
    failed = Signal(object)

    def __init__(
        self, editor: Editor, session: Session, *, is_needed: Callable[[], bool], origin: Callable[[], Origin]
    ) -> None:
        super().__init__(editor)
        self._editor, self._session = editor, session
        self._is_needed, self._origin = is_needed, origin
        self._name = safekeeping.new_name()
        self._copy: Path | None = None  # the file of what is kept
        self.kept: Project | None = None  # what would outlive a crash now
        self._is_outdated = False  # what is kept tells of another origin
        self._job: _Job | None = None
        self._is_failing = False
        self._deadline: float | None = None  # by when what happened since the last writing is written
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.write_now)
        self._messenger = Messenger(self._on_done)
        editor.changed.connect(self.look)
        editor.saved_changed.connect(self.look)

    @Slot()
    def look(self, *_change: object) -> None:
        """Something happened: write soon, or forget what was kept if the file holds it."""
        if not self._is_needed():
            self.forget()
        elif self._is_behind:
            self._write_soon()

    def renew(self) -> None:
        """Where the drawing came from is something else: write it again, if it is kept."""
        self._is_outdated = True
        self.look()

    @Slot()
    def write_now(self) -> None:
        """Begin to write, if there is something new; not while another writing is under way."""
        self._timer.stop()
        self._deadline = None
        if self._job is None and self._is_needed() and self._is_behind:
            self._is_outdated = False
            self._job = job = _Job(self._editor.project, self._origin())
            job.turns.enter_context(short_turns(TURN))  # before it starts: starting waits for its first turn
            job.thread = work_apart(partial(self._work, job), "layerloom-autosave")

    def forget(self) -> None:
        """Nothing needs to be kept: the document was saved, or given up on purpose."""
        self._timer.stop()
        self._deadline = None
        if self._job is not None:
            self._job.is_cancelled = True
        if self._copy is not None:
            safekeeping.forget(self._copy)
        self._copy = self.kept = None

    def close(self) -> None:
        """Forget, and wait for a writing under way to end."""
        self.forget()
        if self._job is not None and self._job.thread is not None:
            self._job.thread.join(PATIENCE)

    def _write_soon(self) -> None:
        now = monotonic() * 1000
        if self._deadline is None:
            self._deadline = now + AT_MOST
        self._timer.start(round(max(0, min(SETTLING, self._deadline - now))))

    def _work(self, job: _Job) -> None:
        try:
            job.copy = self._session.folder() / f"{self._name}{SUFFIX}"
            safekeeping.keep(job.project, job.copy, job.origin)
        except LayerloomError as error:
            job.failure = error.message
        except OSError as error:
            job.failure = explain(error)
        except Exception as error:
            job.failure = error
        finally:
            job.turns.close()
        if job.is_cancelled and job.copy is not None:
            safekeeping.forget(job.copy)
        self._messenger.tell(job)

    @Slot(object)
    def _on_done(self, job: _Job) -> None:
        self._job = None
        if job.is_cancelled:
            if job.copy is not None:
                safekeeping.forget(job.copy)
            self.look()
        elif job.failure is not None:
            self._on_failure(job.failure)
        else:
            self._copy, self.kept, self._is_failing = job.copy, job.project, False
            self.autosaved.emit(datetime.now())
            self.look()

    @property
    def _is_behind(self) -> bool:
        return self._is_outdated or self._editor.project is not self.kept

    def _on_failure(self, failure: Message | Exception) -> None:
        self._is_outdated = True
        is_first, self._is_failing = not self._is_failing, True
        self._timer.start(RETRY)
        if is_first and isinstance(failure, Exception):  # an error of ours: reported like any other
            raise failure
        if is_first:
            text = msg(
                "The drawing could not be autosaved: {reason} Save it yourself; autosaving is tried again every "
                "{seconds} seconds.",
                reason=failure,
                seconds=RETRY // 1000,
            )
            self.failed.emit(text)

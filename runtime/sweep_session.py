"""A sweep in a thread of its own, its trials in processes of theirs. Importable without torch."""

from __future__ import annotations

import threading
from collections import deque
from pathlib import Path

from graph.model import Project
from runtime.session import failure
from runtime.sweep_course import Course, begin, go_on
from runtime.sweep_events import FAILED, SweepEnded, SweepEvent


class SweepSession:
    """A sweep in a thread of its own, as `runtime.session.Session` is a run; `poll()` is called from the window's timer.

    Args:
        project: what is trained; its search says where, how and how often.
        folder: what relative paths of data nodes start from.
        runs: the folder of the runs of the drawing, in which the sweep gets its own.
        resume: the folder of a sweep to go on with, as it began; nothing else but the next two counts then.
        trials: how many there are to be in all, where that is more than the sweep that goes on was meant to have.
        at_once: how many of the sweep that goes on are made side by side, if not as many as before.
    """

    def __init__(
        self,
        project: Project,
        *,
        folder: Path | None,
        runs: Path,
        resume: Path | None = None,
        trials: int | None = None,
        at_once: int | None = None,
    ) -> None:
        self.project = project
        self._where = folder, runs
        self._again = resume, trials, at_once
        self._events: deque[SweepEvent] = deque()
        self._lock = threading.Lock()
        self._course: Course | None = None
        self._stop_wanted = self._pause_wanted = False
        self._thread = threading.Thread(target=self._run, name="layerloom-sweep", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether the thread is alive, or events wait to be polled."""
        return self._thread.is_alive() or bool(self._events)

    @property
    def paused(self) -> bool:
        """Whether trials wait."""
        return self._pause_wanted and not self._stop_wanted

    def poll(self) -> list[SweepEvent]:
        """The events since the last call, oldest first."""
        events = []
        while self._events:
            events.append(self._events.popleft())
        return events

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the thread; True if it ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def stop(self) -> None:
        """End the trials under way; what is finished is kept, and the sweep can be gone on with."""
        self._want(stop=True)

    def pause(self) -> None:
        """Let the trials under way wait, and begin none."""
        self._want(pause=True)

    def resume(self) -> None:
        """Go on."""
        self._want(pause=False)

    def _want(self, *, stop: bool | None = None, pause: bool | None = None) -> None:
        with self._lock:
            self._stop_wanted = self._stop_wanted if stop is None else stop
            self._pause_wanted = self._pause_wanted if pause is None else pause
            if self._course is not None:
                self._course.want(stop=self._stop_wanted, pause=self._pause_wanted)

    def _run(self) -> None:
        """Queue the events of the sweep; whatever happens, the last one is `SweepEnded`."""
        path, trials, at_once = self._again
        try:
            if path is None:
                course = begin(self.project, *self._where, self._events.append)
            else:
                course = go_on(path, self._where[0], self._events.append, trials=trials, at_once=at_once)
            with self._lock:
                self._course = course
                course.want(stop=self._stop_wanted, pause=self._pause_wanted)
            course.run()
        except Exception as error:
            self._events.append(SweepEnded(FAILED, failure(error).message))

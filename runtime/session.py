"""A run in a background thread: events out through a queue, wishes in. Importable without torch."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from graph.messages import LayerloomError, msg
from graph.model import Project
from runtime.events import Event, Failed


def failure(error: Exception) -> Failed:
    """The last event of a run that an error ended."""
    if isinstance(error, LayerloomError):
        return Failed(error.message, node=error.node)
    return Failed(msg("Layerloom made a mistake: {error}.", error=f"{type(error).__name__}: {error}"))


@dataclass(frozen=True, slots=True)
class Save:
    """The wish for a checkpoint now."""


@dataclass(frozen=True, slots=True)
class SetRate:
    """The wish for another learning rate of an objective, from the next step on."""

    objective: str
    learning_rate: float


@dataclass(frozen=True, slots=True)
class Replace:
    """The wish to go on with another drawing and plan; weights are carried over by the ids of the nodes."""

    project: Project


Wish = Save | SetRate | Replace


class Control:
    """What the person wants of a run: read between two steps by the loop, set from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._paused = False
        self._wishes: deque[Wish] = deque()
        self.stop_wanted = False
        self.stop_after_epoch = False

    @property
    def pause_wanted(self) -> bool:
        """Whether the run should wait."""
        return self._paused and not self.stop_wanted

    @property
    def has_wish(self) -> bool:
        """Whether the person wants anything before the next step but going on."""
        return self._paused or self.stop_wanted or bool(self._wishes)

    def pause(self) -> None:
        """Wait before the next step."""
        self._paused = True

    def resume(self) -> None:
        """Go on."""
        with self._changed:
            self._paused = False
            self._changed.notify_all()

    def stop(self, *, after_epoch: bool = False) -> None:
        """End after the step under way, paused or not; or after the epoch under way, going on with it if paused."""
        with self._changed:
            if after_epoch:
                self.stop_after_epoch, self._paused = True, False
            else:
                self.stop_wanted = True
            self._changed.notify_all()

    def wish(self, wish: Wish) -> None:
        """Carry this out between two steps, paused or not."""
        with self._changed:
            self._wishes.append(wish)
            self._changed.notify_all()

    def take_wish(self) -> Wish | None:
        """The oldest wish that was not taken yet."""
        return self._wishes.popleft() if self._wishes else None

    def wait(self) -> None:
        """Block the run's thread until it may go on, should end, or has a wish to carry out."""
        with self._changed:
            self._changed.wait_for(lambda: not self.pause_wanted or self._wishes)


class Session:
    """One run in a thread of its own. `poll()` is called from the window's timer; nothing here blocks."""

    def __init__(self, project: Project, *, folder: Path | None, runs: Path, resume: Path | None = None) -> None:
        self.project = project
        self.control = Control()
        self._request = (folder, runs, resume)
        self._events: deque[Event] = deque()
        self._thread = threading.Thread(target=self._run, name="layerloom-run", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether the thread is alive, or events wait to be polled."""
        return self._thread.is_alive() or bool(self._events)

    def poll(self) -> list[Event]:
        """The events since the last call, oldest first."""
        events = []
        while self._events:
            events.append(self._events.popleft())
        return events

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the thread; True if it ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        """Queue the events of the run; whatever happens, the last one is final."""
        try:
            for event in self._train():
                self._events.append(event)
        except Exception as error:
            self._events.append(failure(error))

    def _train(self) -> Iterator[Event]:
        from runtime.warmup import warm_up

        warm_up()
        from runtime.training.loop import train

        folder, runs, resume = self._request
        yield from train(self.project, folder=folder, runs=runs, resume=resume, control=self.control)

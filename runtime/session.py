"""A run in a background thread: events out through a queue, wishes in. Importable without torch."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from graph.messages import LayerloomError, msg
from graph.model import Project
from runtime.events import Event, Failed


def failure(error: Exception) -> Failed:
    """The last event of a run that an error ended."""
    if isinstance(error, LayerloomError):
        return Failed(error.message, node=error.node)
    return Failed(msg("Layerloom made a mistake: {error}.", error=f"{type(error).__name__}: {error}"))


class Control:
    """What the person wants of a run: read between two steps by the loop, set from any thread."""

    def __init__(self) -> None:
        self._go_on = threading.Event()
        self._go_on.set()
        self.stop_wanted = False

    @property
    def pause_wanted(self) -> bool:
        """Whether the run should wait."""
        return not self._go_on.is_set()

    @property
    def has_wish(self) -> bool:
        """Whether the person wants anything but going on."""
        return self.stop_wanted or not self._go_on.is_set()

    def pause(self) -> None:
        """Wait before the next step."""
        self._go_on.clear()

    def resume(self) -> None:
        """Go on."""
        self._go_on.set()

    def stop(self) -> None:
        """End after the step under way, paused or not."""
        self.stop_wanted = True
        self._go_on.set()

    def wait(self) -> None:
        """Block the run's thread until it may go on."""
        self._go_on.wait()


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

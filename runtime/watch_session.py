"""A run that goes on elsewhere, as a session for the window: its events come, and the only wish is to watch it no longer.

Importable without torch.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace
from pathlib import Path

from graph.messages import LayerloomError, Message, msg
from runtime.events import FINAL, Event, Failed, RunStarted, Stopped
from runtime.runs import EVENTS
from runtime.session import Control
from runtime.watched import RunLost, follow, remote_of


class WatchSession:
    """Follows the run in `place` (a folder here, or HOST:PATH for one that ssh reaches) in a thread. The last event is final:
    that of the run, or one of ours where it is watched no longer or the connection ended. `stop` stops the watching alone.

    The folder in `RunStarted` is the one here; empty for a run on another machine.
    """

    def __init__(self, place: str) -> None:
        self.control = Control()
        self._place = place
        self._step, self._epoch, self._has_begun = 0, 0, False
        self._events: deque[Event] = deque()
        self._thread = threading.Thread(target=self._run, name="layerloom-watch", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether the thread is alive, or events wait to be polled."""
        return self._thread.is_alive() or bool(self._events)

    def poll(self) -> list[Event]:
        """The events since the last call, oldest first."""
        return [self._events.popleft() for _ in range(len(self._events))]

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the thread; True if it ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        """Queue the events; a run that was gone on with has a last word in between, which counts for nothing."""
        last: Event | None = None
        try:
            for event in follow(self._place, is_wanted=lambda: not self.control.stop_wanted, remedy=_continue):
                last = self._seen(event) if isinstance(event, FINAL) else None
                if last is None:
                    self._events.append(self._seen(event))
        except RunLost as error:
            last = Failed(error.message)
        except LayerloomError as error:
            last = Failed(self._lost(error.message))
        except Exception as error:
            last = Failed(msg("Layerloom made a mistake: {error}.", error=f"{type(error).__name__}: {error}"))
        if self.control.stop_wanted:
            last = Stopped("", "", self._epoch, self._step)
        self._events.append(last or Failed(self._lost(msg("The folder of the run is gone."))))

    def _seen(self, event: Event) -> Event:
        """The event as it is seen from here."""
        self._epoch, self._step = getattr(event, "epoch", self._epoch), getattr(event, "step", self._step)
        if isinstance(event, RunStarted):
            self._has_begun = True
            return replace(event, run=self._here(event.run))
        if isinstance(event, Failed):
            return replace(event, message=msg("The run failed: {reason}", reason=event.message))
        return event

    def _here(self, run: str) -> str:
        """The folder of the run on this machine, which its own machine may know by another path."""
        if remote_of(self._place) is not None:
            return ""
        place = Path(self._place)
        return str(place if (place / EVENTS).is_file() else place / Path(run.replace("\\", "/")).name)

    def _lost(self, reason: Message) -> Message:
        if not self._has_begun:
            return reason
        return msg("Watching ended; the run itself may go on. {reason}", reason=reason)


def _continue(run: Path) -> Message:
    """How a run is gone on with in the window."""
    return msg("'Continue a run…' in the menu Train, folder '{run}'", run=run)

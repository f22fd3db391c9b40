"""Sessions as a window sees them: polled now and then."""

from __future__ import annotations

import time

from runtime.events import Event
from runtime.session import Session


class Watched:
    """A session with all events that were polled."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.events: list[Event] = []

    def wait_for(self, kind: type | tuple[type, ...], seconds: float = 60.0):
        """Poll until an event of this kind came; gives it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            new = self.session.poll()
            self.events += new
            for event in new:
                if isinstance(event, kind):
                    return event
            time.sleep(0.005)
        raise AssertionError(f"no {kind} in {seconds} s, only {[type(e).__name__ for e in self.events[-5:]]}")

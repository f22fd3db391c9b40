"""Whether somebody still writes a run: its writer holds a lock on the events, which any end of its process lets go.

Importable without torch.
"""

from __future__ import annotations

import json
import os
import platform
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

HELD_ON = "held_on"  # in the facts of a run: the machine on which its writer holds it
TRIES, MOMENT = 5, 0.005  # who only looks whether it is held (`is_written`) has it for less than these seconds
_FAR = 2**31 - 2  # where Windows locks a byte: whoever reads is not kept from it


def hold(file: IO[bytes], *, shared: bool = False) -> bool | None:
    """Take hold of a file until it is closed or this process ends, however it does.

    False where somebody else has it; None where this system, or the file's, knows no locks.
    """
    for _ in range(1 if shared else TRIES):
        try:
            return _lock(file, shared=shared)
        except (PermissionError, BlockingIOError):
            if not shared:
                time.sleep(MOMENT)
        except (ImportError, OSError):
            return None
    return False


def is_written(events: Path, facts: Path) -> bool | None:
    """Whether a process writes the events of a run now; None where that cannot be told from here."""
    try:
        with events.open("rb") as file:
            if hold(file, shared=True) is False:
                return True
        known: Any = json.loads(facts.read_text("utf-8"))
        return False if known.get(HELD_ON) == platform.node() else None
    except (OSError, ValueError, AttributeError):
        return None


def _lock(file: IO[bytes], *, shared: bool) -> bool:
    if os.name != "nt":
        import fcntl

        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        return True
    import msvcrt

    place = file.tell()
    file.seek(_FAR)
    try:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    finally:
        with suppress(OSError):
            file.seek(place)
    return True

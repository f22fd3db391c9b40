"""t-SNE in a process of its own, at low priority: whoever looks for a map may end it at any moment, and a run keeps its cores.

Few points take less time than the start of a process, and stay where they are. Importable without torch.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO

import numpy as np

from graph.messages import LayerloomError, Message, RunError, msg
from runtime import projection
from runtime.isolated import DEAF, ROOT, read, write
from runtime.projection import Projection
from runtime.warmup import prepare_environment

FEW = 150  # points: t-SNE takes about a second for them
KINDNESS = 10  # by how much the process gives way to others
PATIENCE = 1.0  # seconds that a child gets which ended by itself, to be told of
# What gives way does so from its first moment on. Windows has no `os.nice`, and a flag instead.
BOOT = (
    f"import os; getattr(os, 'nice', id)({KINDNESS}); {DEAF}; sys.path.insert(0, sys.argv[1]); "
    "from runtime.projection_apart import serve; serve()"
)
_GIVES_WAY = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)


class MapSearch:
    """A search for one map by t-SNE."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_wanted = True
        self.child: subprocess.Popen[bytes] | None = None

    def end(self) -> None:
        """Nobody wants the map any more: its process ends now. For any thread."""
        with self._lock:
            self._is_wanted = False
            if self.child is not None:
                self.child.kill()

    def map_of(self, points: np.ndarray) -> Projection | None:
        """What `projection.tsne` gives, the same numbers; None once it was ended.

        Raises:
            RunError: as there, or the process ended by itself.
        """
        if len(points) <= FEW:
            return projection.tsne(points)
        child = self._start()
        if child is None:
            return None
        assert child.stdin is not None and child.stdout is not None
        try:
            with suppress(OSError):  # a child that is gone is told of by its silence
                write(child.stdin, tuple(projection.begun(points)))
            found = read(child.stdout)
            if found is None:
                with suppress(subprocess.TimeoutExpired):
                    child.wait(PATIENCE)
        finally:
            child.kill()
            child.wait()
            for stream in (child.stdin, child.stdout):
                with suppress(OSError):
                    stream.close()
        if not self._is_wanted:
            return None
        if isinstance(found, np.ndarray):
            return Projection(found)
        raise RunError(found if isinstance(found, Message) else _how_it_ended(child.returncode))

    def _start(self) -> subprocess.Popen[bytes] | None:
        prepare_environment()
        with self._lock:
            if self._is_wanted:
                self.child = subprocess.Popen(
                    [sys.executable, "-P", "-c", BOOT, str(ROOT)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    creationflags=_GIVES_WAY,
                )
        return self.child


def serve() -> None:
    """What the child does: look for a map, and end as soon as nobody listens."""
    received, sent = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints something does not print it into the answer
    given = read(received)
    if given is None:
        return
    threading.Thread(target=_end_with, args=(received,), daemon=True).start()
    answer: np.ndarray | Message
    try:
        answer = projection.finished(projection.Beginning(*given))
    except LayerloomError as error:
        answer = error.message
    with suppress(OSError):
        write(sent, answer)


def _end_with(received: IO[bytes]) -> None:
    """The window keeps this pipe open as long as it lives."""
    received.read()
    os._exit(1)


def _how_it_ended(status: int) -> Message:
    return msg(
        "The process that looked for the map ended by itself (status {status}). Memory may be short: choose t-SNE again, or PCA.",
        status=status,
    )

"""Reads runs from the disk in a thread that lives as long as there is something to read."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from graph.messages import LayerloomError
from graph.model import Project
from gui.apart import Messenger, work_apart
from runtime.run_curves import read_curves
from runtime.run_rows import RunRow
from runtime.run_settings import Setting, settings_of
from runtime.run_table import RunTable
from runtime.runs import load_run

BATCH = 25  # runs whose settings are read between two reports

Job = Callable[[], None]


class RunsReader(QObject):
    """What was asked for first is read first; a table that is asked for while another one is read takes its place.

    `rows_read(folder, rows)`: some more rows. `table_read(folder, names)`: all there are have been told of; those are the
    names of their folders. `curves_read(path, Curves)`. `settings_read(found)`: of each meaning the project and its settings,
    None where they cannot be read.
    """

    rows_read = Signal(object, object)
    table_read = Signal(object, object)
    curves_read = Signal(object, object)
    settings_read = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._jobs: deque[Job] = deque()
        self._thread: threading.Thread | None = None
        self._table: RunTable | None = None
        self._asked = 0  # how many tables were asked for: the last one counts
        self._closed = closed = threading.Event()
        self.destroyed.connect(lambda: closed.set())
        self._messenger = Messenger(self._on_told)

    def read_table(self, folder: Path) -> None:
        """Tell of the runs in a folder."""
        self._asked += 1
        number = self._asked
        self._do(lambda: self._read_table(folder, number))

    def read_curves(self, path: Path) -> None:
        """Tell the curves of a run."""
        self._do(lambda: self._tell("curves_read", path, read_curves(path)))

    def read_settings(self, rows: Sequence[RunRow]) -> None:
        """Tell what runs were trained with; each of these has another meaning."""
        if rows:
            self._do(lambda: self._read_settings(rows))

    def close(self) -> None:
        """Read no more; what is under way ends soon."""
        self._closed.set()

    @property
    def is_busy(self) -> bool:
        """Whether something is being read."""
        return self._thread is not None

    def _do(self, job: Job) -> None:
        with self._lock:
            self._jobs.append(job)
            if self._thread is None and not self._closed.is_set():
                self._thread = work_apart(self._work, "layerloom-runs")

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._jobs or self._closed.is_set():
                    self._thread = None
                    return
                job = self._jobs.popleft()
            job()

    def _tell(self, signal: str, *found: object) -> None:
        self._messenger.tell((signal, found))

    @Slot(object)
    def _on_told(self, told: tuple[str, tuple[object, ...]]) -> None:
        signal, found = told
        getattr(self, signal).emit(*found)

    def _read_table(self, folder: Path, number: int) -> None:
        if self._table is None or self._table.folder != folder:
            self._table = RunTable(folder)
        names: list[str] = []
        for rows in self._table.load():
            if self._closed.is_set() or number != self._asked:
                return
            names += [row.folder for row in rows]
            self._tell("rows_read", folder, rows)
        self._tell("table_read", folder, names)

    def _read_settings(self, rows: Sequence[RunRow]) -> None:
        """Some of them; the others when what was asked for meanwhile is read."""
        found: dict[str, tuple[Project, Mapping[str, Setting]] | None] = {}
        for row in rows[:BATCH]:
            found[row.meaning] = None
            with suppress(LayerloomError):
                project = load_run(row.path).project
                found[row.meaning] = (project, settings_of(project))
        self._tell("settings_read", found)
        self.read_settings(rows[BATCH:])

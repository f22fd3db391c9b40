"""From process start to the first paint of the window, and how long the window stands still while PyTorch loads beside it.

In rotation, each in a process of its own:

    bare    a PySide6 window with an empty view, pyqtgraph imported first; after its first paint a thread imports torch
    eager   the same window, with pyqtgraph, networkx and torch imported first
    ours    `main.py` without arguments: the window with the example in it, started as a person starts it

`paint` is until the first paint of the canvas, `cpu` the processor time until then, `ready` until a first optimizer can be
made; `gap` is the longest time that the event loop did not come round from the first paint until then, `rest` that in the
second that follows.

    python tests/benchmarks/bench_start.py [--rounds 7]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STARTED = "BENCH_STARTED"  # environment variable with the time at which the process was started, in nanoseconds
COLUMNS = ("paint", "cpu", "ready", "gap", "rest")
PROBE = 5  # milliseconds between two looks at the event loop
REST = 1000  # milliseconds that are watched when all is ready
MAX_TO_BARE, MAX_TO_EAGER, MAX_GAP = 1.3, 1.0, 1.0  # of ours to a peer in the same run


class Clock:
    """The marks of one start, in milliseconds since the process began."""

    def __init__(self) -> None:
        from PySide6.QtCore import Qt, QTimer

        self.marks: dict[str, float] = {}
        self._last: float | None = None
        self._gaps = {"gap": 0.0, "rest": 0.0}
        self._phase = "gap"
        self._timer = QTimer(interval=PROBE, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._look)

    def watch(self, widget, then) -> None:
        """Mark the first paint of a widget, call `then` when it is on the screen, and look for gaps from there on."""
        from PySide6.QtCore import QEvent, QObject, QTimer

        def painted() -> None:
            self._timer.start()
            then()

        class First(QObject):
            def eventFilter(self, watched: QObject, event: QEvent) -> bool:
                if event.type() == QEvent.Type.Paint:
                    widget.removeEventFilter(self)
                    clock.marks["cpu"] = time.process_time() * 1e3
                    clock._mark("paint")
                    QTimer.singleShot(0, painted)
                return False

        clock = self
        self._filter = First()
        widget.installEventFilter(self._filter)

    def ready(self) -> None:
        """All is loaded: mark it, watch a little longer, print the marks and end the process."""
        from PySide6.QtCore import QTimer

        self._mark("ready")
        self._phase = "rest"
        QTimer.singleShot(REST, self._end)

    def _mark(self, name: str) -> None:
        self.marks[name] = time.monotonic() * 1e3 - int(os.environ[STARTED]) / 1e6

    def _look(self) -> None:
        now = time.perf_counter()
        if self._last is not None:
            self._gaps[self._phase] = max(self._gaps[self._phase], (now - self._last) * 1e3 - PROBE)
        self._last = now

    def _end(self) -> None:
        print(json.dumps(self.marks | self._gaps), flush=True)
        os._exit(0)


def start_ours() -> None:
    """The application, with a window that is watched."""
    sys.path.insert(0, str(ROOT))
    import main

    def open_window(path: Path | None) -> int:
        from gui import app, main_window

        class Watched(main_window.MainWindow):
            def __init__(self, *arguments) -> None:
                super().__init__(*arguments)
                self.clock = Clock()
                self.clock.watch(self.canvas.viewport(), lambda: None)
                self.analyst.ready.connect(self.clock.ready)

        main_window.MainWindow = Watched
        return app.run(path)

    main._open_window = open_window
    sys.exit(main.main([]))


def start_plain(*, eager: bool) -> None:
    """A window as small as can be, with torch before or after it."""
    import pyqtgraph
    from PySide6.QtCore import QObject, Signal
    from PySide6.QtWidgets import QApplication, QGraphicsScene, QGraphicsView, QMainWindow

    class Loader(QObject):
        loaded = Signal()

        def load(self) -> None:
            import torch

            torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])
            self.loaded.emit()

    assert pyqtgraph
    loader = Loader()
    if eager:
        import networkx
        import torch

        assert networkx and torch
    app = QApplication([])
    window = QMainWindow()
    view = QGraphicsView(QGraphicsScene())
    window.setCentralWidget(view)
    window.menuBar().addMenu("File").addAction("Open")
    window.resize(1600, 960)
    clock = Clock()
    clock.watch(view.viewport(), threading.Thread(target=loader.load, daemon=True).start)
    loader.loaded.connect(clock.ready)
    window.show()
    app.exec()


CONTENDERS = {
    "bare": lambda: start_plain(eager=False),
    "eager": lambda: start_plain(eager=True),
    "ours": start_ours,
}


def measure(name: str) -> dict[str, float]:
    """The marks of one start, in a process of its own with settings of its own."""
    with tempfile.TemporaryDirectory() as home:
        folders = {f"XDG_{kind}_HOME": home for kind in ("CONFIG", "STATE", "DATA", "CACHE")}
        command = [sys.executable, __file__, "--child", name]
        environment = {**os.environ, **folders, STARTED: str(time.monotonic_ns())}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # who starts it twice has compiled modules
        done = subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
        )
    return json.loads(done.stdout.splitlines()[-1])


def compare(rounds: int) -> dict[str, list[dict[str, float]]]:
    """The marks of all rounds by contender; the round that fills the file caches does not count."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    for turn in range(rounds + 1):
        for name in list(CONTENDERS)[:: 1 if turn % 2 else -1]:
            marks = measure(name)
            if turn:
                found[name].append(marks)
    return found


def report(found: dict[str, list[dict[str, float]]]) -> str:
    """Medians in milliseconds as a table."""
    lines = [f"{'start, ms':12}" + "".join(f"{column:>10}" for column in COLUMNS)]
    for name, rows in found.items():
        lines.append(f"{name:12}" + "".join(f"{_median(rows, column):10.0f}" for column in COLUMNS))
    return "\n".join(lines)


def ratio(found: dict[str, list[dict[str, float]]], column: str, peer: str) -> float:
    """Ours to a peer, the median over the rounds."""
    pairs = zip(found["ours"], found[peer], strict=True)
    return statistics.median(ours[column] / other[column] for ours, other in pairs)


def _median(rows: list[dict[str, float]], column: str) -> float:
    return statistics.median(row[column] for row in rows)


@pytest.mark.slow
def test_the_window_is_there_before_torch():
    found = compare(rounds=5)
    print("\n" + report(found))
    assert ratio(found, "cpu", "bare") < MAX_TO_BARE
    assert ratio(found, "paint", "eager") < MAX_TO_EAGER
    assert ratio(found, "gap", "bare") < MAX_GAP


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--child", choices=list(CONTENDERS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        CONTENDERS[arguments.child]()
    else:
        print(report(compare(arguments.rounds)))


if __name__ == "__main__":
    main()

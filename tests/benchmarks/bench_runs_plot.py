"""What a frame costs while many curves of runs lie over each other: zooming, panning, going over them with the mouse.

A frame is what the window does between a turn of the wheel (or a move of the mouse) and the picture that follows it, in time
of the processor. Its goal is 33 ms, for 30 frames a second.

    python tests/benchmarks/bench_runs_plot.py [--curves 200] [--points 10000]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from array import array
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from gui.panels.runs_model import ROLES
from gui.panels.runs_plot import Overlaid, OverlayCard
from gui.style import apply_style
from runtime.run_curves import Line

SIZE = (1600, 1000)
CURVES, POINTS = 200, 10_000
GOAL = 33.0  # milliseconds
FRAMES = 16
NONE, MIDDLE = Qt.MouseButton.NoButton, Qt.MouseButton.MiddleButton


def curves(count: int, points: int) -> list[Overlaid]:
    """Falling losses with noise."""
    draw, x = np.random.default_rng(0), np.arange(points)
    found = []
    for number in range(count):
        y = np.exp(-x / points * draw.uniform(2, 8)) + 0.1 * draw.normal(size=points) + draw.uniform(0, 0.2)
        line = Line(array("d", x.tolist()), array("d", y.tolist()), is_dense=True)
        found.append(Overlaid(f"r{number}", f"run {number}", ROLES[number % len(ROLES)], "train", line, points // 100))
    return found


def shown(count: int, points: int) -> OverlayCard:
    """A card with so many curves, drawn."""
    card, wanted = OverlayCard(), curves(count, points)
    card.resize(*SIZE)
    card.show()
    while not card.show_curves(wanted):
        QApplication.processEvents()
    settle()
    return card


def settle() -> None:
    """Let everything be drawn that waits."""
    end = time.perf_counter() + 0.3
    while time.perf_counter() < end:
        QApplication.processEvents()


def turn(target: QWidget, delta: int) -> None:
    """Turn the wheel in the middle."""
    at = QPointF(target.rect().center())
    parts = (at, target.mapToGlobal(at), QPoint(), QPoint(0, delta), NONE, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(target, QWheelEvent(*parts, Qt.ScrollPhase.NoScrollPhase, False))


def move(target: QWidget, x: int, kind: QEvent.Type = QEvent.Type.MouseMove, *, held: Qt.MouseButton = NONE) -> None:
    """Move, press or release the mouse."""
    at, button = QPointF(x, 500), NONE if kind is QEvent.Type.MouseMove else MIDDLE
    parts = (at, target.mapToGlobal(at), button, held, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(target, QMouseEvent(kind, *parts))


def frame_times(step: Callable[[int], object]) -> list[float]:
    """The milliseconds of each frame."""
    found = []
    for number in range(FRAMES):
        begin = time.process_time()
        step(number)
        QApplication.processEvents()
        found.append((time.process_time() - begin) * 1e3)
    return found


def measure(card: OverlayCard) -> dict[str, list[float]]:
    """The milliseconds of the frames of each gesture."""
    target = card.plot.viewport()
    found = {"zoom": frame_times(lambda n: turn(target, 120 if n < FRAMES // 2 else -120))}
    for _ in range(3):
        turn(target, 120)
    settle()
    move(target, 800, QEvent.Type.MouseButtonPress, held=MIDDLE)
    found["pan"] = frame_times(lambda n: move(target, 800 - 12 * (n + 1), held=MIDDLE))
    move(target, 600, QEvent.Type.MouseButtonRelease)
    settle()
    found["hover"] = frame_times(lambda n: move(target, 500 + 9 * n))
    return found


@pytest.mark.slow
def test_many_curves_stay_fluid(qapp):
    apply_style(qapp)
    found = {name: statistics.median(times) for name, times in measure(shown(CURVES, POINTS)).items()}
    assert max(found.values()) < GOAL, found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--curves", type=int, default=CURVES)
    parser.add_argument("--points", type=int, default=POINTS)
    wanted = parser.parse_args()
    app = QApplication([])
    apply_style(app)
    found = measure(shown(wanted.curves, wanted.points))
    for name, times in found.items():
        print(f"{name:6} median {statistics.median(times):5.1f} ms   worst {max(times):5.1f} ms")
    return 0 if max(map(statistics.median, found.values())) < GOAL else 1


if __name__ == "__main__":
    sys.exit(main())

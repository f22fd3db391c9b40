"""What the trials of a sweep came to as points: over the trials with the best so far, or one goal against the other.

Imports pyqtgraph.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal, Slot
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from graph.figure_titles import goal_title
from graph.messages import tr
from gui.panels.axes import make_plot, nice_range
from gui.panels.card import Card
from gui.panels.parts import ElidedLabel
from gui.panels.sweep_model import best_of, goal_text
from gui.theme import GRID, theme
from runtime.sweep_events import FINISHED
from runtime.sweep_folders import Sweep, Trial

DIVISIONS = 5  # of a round range
SIZE, RING = 7, 13  # pixels of a point, and of the ring around the chosen one
WIDE = 50  # times the smallest value from which on an axis is logarithmic
LOW = 60  # pixels that a plot has at least: the first trial must not push the canvas up in a small window
REACH = 12  # pixels around a point in which the mouse is on it


class Point(NamedTuple):
    """A trial in a plot, in what the axes count."""

    x: float
    y: float
    trial: Trial
    role: str


class PointsCard(Card):
    """Points that can be chosen by a click. `chosen(number)`: the trial of one was."""

    chosen = Signal(int)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self.points: list[Point] = []
        self._joined: list[tuple[float, float]] = []
        self._marked: int | None = None
        self._range = ((0.0, 1.0), (0.0, 1.0))
        self._themed = make_plot(title)
        self._themed.widget.setMinimumHeight(LOW)
        self._line = pg.PlotCurveItem()
        self._dots = pg.ScatterPlotItem(size=SIZE, antialias=True)
        self._ring = pg.ScatterPlotItem(size=RING, antialias=True)
        for item in (self._line, self._dots, self._ring):
            self._themed.box.addItem(item, ignoreBounds=True)
        self._words = QLabel(self._themed.widget)
        self._words.setProperty("kind", "card")
        self._words.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._words.setContentsMargins(GRID, 2, GRID, 2)
        self._words.hide()
        self._note = ElidedLabel("", tone="faint", align_right=True)
        self.title.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)  # what follows yields to it
        self.header.setStretchFactor(self.title, 0)
        self.header.addWidget(self._note, 1)
        self.body.addWidget(self._themed.widget, 1)
        self._themed.box.reset_wanted.connect(self._fit)
        scene: Any = self._themed.widget.scene()
        scene.sigMouseMoved.connect(self._on_moved)
        scene.sigMouseClicked.connect(self._on_clicked)
        theme.changed.connect(self._use_theme)
        self._use_theme()

    def mark(self, number: int | None) -> None:
        """Put a ring around the point of a trial."""
        self._marked = number
        self._ring.setData([{"pos": (p.x, p.y)} for p in self.points if p.trial.number == number])

    def draw(self, points: Sequence[Point], line: Sequence[tuple[float, float]]) -> None:
        """Show these points, and a line."""
        self.points, self._joined = list(points), list(line)
        spots = [{"pos": (p.x, p.y), "brush": theme.color(p.role, 0.9), "pen": None} for p in points]
        self._dots.setData(spots)
        self._line.setData([x for x, _ in line], [y for _, y in line])
        self._range = (self._across(), _ends([p.y for p in points]))
        self.mark(self._marked)
        self._fit()

    def _across(self) -> tuple[float, float]:
        """The ends of the axis below."""
        return _ends([point.x for point in self.points])

    def words_of(self, point: Point) -> str:
        """What is said of a point under the mouse."""
        raise NotImplementedError

    @Slot()
    def _fit(self) -> None:
        (left, right), (low, high) = self._range
        self._themed.box.setRange(xRange=(left, right), yRange=(low, high), padding=0.04)

    def _near(self, at: QPointF) -> Point | None:
        """The point at a place of the scene."""
        box = self._themed.box
        if not box.sceneBoundingRect().contains(at) or not self.points:
            return None
        places = [(box.mapViewToScene(QPointF(p.x, p.y)) - at, p) for p in self.points]
        away, point = min(((math.hypot(d.x(), d.y()), p) for d, p in places), key=lambda pair: pair[0])
        return point if away <= REACH else None

    @Slot(object)
    def _on_moved(self, at: QPointF) -> None:
        point = self._near(at)
        self._words.setVisible(point is not None)
        if point is not None:
            self._words.setText(self.words_of(point))
            self._words.adjustSize()
            room = self._themed.widget.rect()
            x = min(round(at.x()) + 3 * GRID, room.right() - self._words.width())
            y = max(0, min(round(at.y()) - self._words.height() - GRID, room.bottom() - self._words.height()))
            self._words.move(max(0, x), y)

    @Slot(object)
    def _on_clicked(self, event: Any) -> None:
        if event.button() == Qt.MouseButton.LeftButton and (point := self._near(event.scenePos())) is not None:
            self.chosen.emit(point.trial.number)

    @Slot()
    def _use_theme(self) -> None:
        self._themed.use_theme()
        self._line.setPen(pg.mkPen(theme.color("good"), width=1.6))
        self._ring.setBrush(pg.mkBrush(None))
        self._ring.setPen(pg.mkPen(theme.color("text"), width=1.6))
        self.draw(self.points, self._joined)


class ProgressCard(PointsCard):
    """The first goal of each trial, and the best so far."""

    def __init__(self) -> None:
        super().__init__(tr("Best so far"))
        self._themed.bottom.whole = True
        self._goal = ""

    def show_sweep(self, sweep: Sweep) -> None:
        """Show what the trials came to."""
        self._goal, best = sweep.goals[0], best_of(sweep)
        trials = [trial for trial in sweep.trials if _is_known(trial, 0)]
        log = self._themed.left.logarithmic = is_wide([t.goals[0] for t in trials if t.goals])
        self.title.setText(str(goal_title(self._goal)))
        self._note.setText(tr("trial → · the line is the best so far"))
        points = [Point(trial.number, _scaled(trial.goals[0], log), trial, _role(trial, best)) for trial in trials]
        better = max if sweep.directions[0] == "max" else min
        line: list[tuple[float, float]] = []
        for point in (point for point in points if point.trial.status == FINISHED):
            value = better(line[-1][1], point.y) if line else point.y
            if line:
                line.append((point.x, line[-1][1]))
            line.append((point.x, value))
        self.draw(points, line)

    def _across(self) -> tuple[float, float]:
        numbers = [point.x for point in self.points]
        first, last = (min(numbers), max(numbers)) if numbers else (1, 1)
        return first - 0.5, last + 0.5

    def words_of(self, point: Point) -> str:
        value = goal_text(self._goal, point.trial.goals[0])
        return tr("trial {number}: {value}", number=point.trial.number, value=value)


class FrontCard(PointsCard):
    """One goal against another; the line joins the trials that nothing beats."""

    def __init__(self) -> None:
        super().__init__(tr("Front"))
        self._goals: tuple[str, ...] = ()

    def show_sweep(self, sweep: Sweep) -> None:
        """Show what the trials came to in the first two goals."""
        self._goals, best = sweep.goals, best_of(sweep)
        trials = [trial for trial in sweep.trials if _is_known(trial, 0) and _is_known(trial, 1)]
        logs = [is_wide([t.goals[i] for t in trials]) for i in (0, 1)]
        self._themed.left.logarithmic, self._themed.bottom.logarithmic = logs
        up, right = goal_title(self._goals[0]), goal_title(self._goals[1])
        self._note.setText(tr("{right} → · {up} ↑", right=right, up=up))
        points = [Point(_scaled(t.goals[1], logs[1]), _scaled(t.goals[0], logs[0]), t, _role(t, best)) for t in trials]
        front = sorted((p.x, p.y) for p in points if p.trial.number in best)
        self.draw(points, front)

    def words_of(self, point: Point) -> str:
        values = (goal_text(goal, value) for goal, value in zip(self._goals, point.trial.goals, strict=True))
        return tr("trial {number}: {value}", number=point.trial.number, value=" · ".join(values))


def is_wide(values: Sequence[float | None]) -> bool:
    """Whether values span so much that powers of ten show them better."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    return len(known) > 1 and min(known) > 0 and max(known) / min(known) >= WIDE


def _is_known(trial: Trial, at: int) -> bool:
    value = trial.goals[at] if len(trial.goals) > at else None
    return value is not None and math.isfinite(value)


def _scaled(value: float | None, log: bool) -> float:
    assert value is not None
    return math.log10(max(value, 1e-300)) if log else value


def _role(trial: Trial, best: frozenset[int]) -> str:
    if trial.number in best:
        return "good"
    return "accent" if trial.status == FINISHED else "faint"


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return nice_range(min(values), max(values), DIVISIONS) if values else (0.0, 1.0)

"""A card that lays the curves of any number of runs over each other. Imports pyqtgraph."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QMenu

from graph.messages import tr
from gui.figures import figure, grouped
from gui.panels.curve import NOTHING, Curve, Picture, bounds_of, picture_of
from gui.panels.legend import MARKS, ROUND, SIGNS, Entry
from gui.panels.metrics import MIN_SPAN, SMOOTH_EPOCHS
from gui.panels.plot import SMOOTHINGS, PlotCard
from gui.panels.runs_crowd import Crowd
from gui.panels.series import Array
from gui.panels.units import EPOCH, STEP, Unit
from gui.theme import theme
from runtime.run_curves import Line

FEW = 3  # curves whose points are drawn behind their average
CROWD = 25  # curves from which on all are drawn as one item, each with fewer points
BLOCKS = 48  # of a curve in a crowd at least
LEAST_SHARE, DEEPEST = 1e-6, 12  # of a curve that is looked at; doublings of its blocks
MOMENT = 0.04  # seconds that new curves may take at once
READ = 8  # curves that are read off at the cursor


@dataclass(frozen=True)
class Overlaid:
    """A curve to show: its run and what it is called, the colour of the run, the part of the data, the values by step."""

    run: str
    title: str
    role: str
    part: str
    line: Line
    steps_per_epoch: int

    @property
    def key(self) -> str:
        """Tells it from all others."""
        return f"{self.run} {self.part}"


class OverlayCard(PlotCard):
    """Shows what it is told to, by step or by epoch of each run. `counted(by_epoch)`: the person chose the other one."""

    counted = Signal(bool)

    def __init__(self) -> None:
        super().__init__(tr("Curves of runs"))
        self._shown: dict[str, Overlaid] = {}
        self._free: dict[
            tuple[str, bool], list[RunCurve]
        ] = {}  # curves without points, by mark and whether they have dots
        self.by_epoch = True
        self._smoothing = 1.0
        self._crowd = Crowd()
        self.box.addItem(self._crowd, ignoreBounds=True)
        self._unit.setToolTip(tr("Switch between epochs and steps"))
        self.unit_clicked.connect(self.switch_unit)
        self.smoothing_chosen.connect(self.smooth)
        self.set_unit(_counts(EPOCH), None)

    # ---- content

    def show_curves(self, wanted: Sequence[Overlaid]) -> bool:
        """Draw these curves and no others, as many new ones as a moment allows; False if some are left for the next call."""
        now = {curve.key: curve for curve in wanted}
        for key in [key for key, before in self._shown.items() if now.get(key) != before]:
            self._put_away(key)
        begin, is_all = perf_counter(), True
        for key, overlaid in now.items():
            if key not in self._shown:
                if perf_counter() - begin > MOMENT:
                    is_all = False
                    break
                self._begin(overlaid)
                self._shown[key] = overlaid
                self._dirty.add(key)
        self._crowd_together()
        if not self.redraw():
            self._fit()
        return is_all

    def name_figure(self, name: str) -> None:
        """Say which figure the curves are of."""
        self.title.setText(name)
        self.setAccessibleName(name)

    def _begin(self, overlaid: Overlaid) -> None:
        kind = (MARKS.get(overlaid.part, ROUND), not overlaid.line.is_dense)
        if free := self._free.get(kind):
            curve = free.pop()
            curve.key, curve.role = overlaid.key, overlaid.role
            self.curves[curve.key] = curve
        else:
            curve = RunCurve(overlaid.key, overlaid.role, mark=kind[0], dots=kind[1])
            self._add(curve)
        curve.name = overlaid.title
        curve.raw.extend(*self._points(overlaid))
        self._smooth_one(curve, overlaid)

    def _put_away(self, key: str) -> None:
        """Keep the items of a curve that is no longer shown for another one: taking items out of a scene is slow."""
        curve = self.curves.pop(key)
        assert isinstance(curve, RunCurve)
        curve.clear()
        curve.show(True)  # without points there is nothing to see
        self._free.setdefault((curve.mark, curve.has_dots), []).append(curve)
        self._dirty.discard(key)
        del self._shown[key]

    def _points(self, overlaid: Overlaid) -> tuple[Array, Array]:
        x = np.frombuffer(overlaid.line.x) if overlaid.line.x else np.empty(0)
        y = np.frombuffer(overlaid.line.y) if overlaid.line.y else np.empty(0)
        return (x / overlaid.steps_per_epoch if self.by_epoch else x), y

    def _crowd_together(self) -> None:
        """Many curves are drawn with less effort each."""
        for key, curve in self.curves.items():
            assert isinstance(curve, RunCurve)
            if curve.set_crowd(len(self.curves)):
                self._dirty.add(key)

    @Slot(float)
    def smooth(self, factor: float) -> None:
        """Average curves of steps over this factor of the usual span; 0 shows the points alone."""
        self._smoothing = factor
        for key, overlaid in self._shown.items():
            self._smooth_one(self.curves[key], overlaid)
        self.follow()

    def _smooth_one(self, curve: Curve, overlaid: Overlaid) -> None:
        if overlaid.line.is_dense:
            curve.smooth_over(max(MIN_SPAN, SMOOTH_EPOCHS * overlaid.steps_per_epoch) * self._smoothing)

    @Slot()
    def switch_unit(self) -> None:
        """From epochs to steps on the x axis, and back."""
        self.count_by(epoch=not self.by_epoch)

    def count_by(self, *, epoch: bool) -> None:
        """Count epochs, of each run its own, or steps."""
        if epoch is self.by_epoch:
            return
        self.by_epoch = epoch
        self.show_curves(())
        self.set_unit(_counts(EPOCH if epoch else STEP), None)
        self.counted.emit(epoch)

    # ---- what a card does

    def redraw(self) -> bool:
        is_fitted = any(self.follows)
        for curve in self.curves.values():
            assert isinstance(curve, RunCurve)
            curve.is_fitted = is_fitted
        if not super().redraw():
            return False
        curves = [curve for curve in self.curves.values() if isinstance(curve, RunCurve) and curve.is_crowded]
        self._crowd.show_curves((curve.role, curve.line_drawn) for curve in curves)
        return True

    def shown_curves(self) -> list[Curve]:
        return list(self.curves.values())

    def legend(self) -> list[tuple[float, list[Entry]]]:
        """For pictures: the first of the runs."""
        entries = [Entry(curve.name, curve.role, curve.mark) for curve in self.shown_curves()[:READ]]
        return [(self.title.geometry().center().y() + 1, entries)]

    def _add_choices(self, menu: QMenu) -> None:
        menu.addAction(self.log_action)
        menu.addAction(tr("Switch between epochs and steps"), self.unit_clicked.emit)
        smoothing = menu.addMenu(tr("Smoothing"))
        for factor, text in SMOOTHINGS.items():
            smoothing.addAction(str(text), partial(self.smoothing_chosen.emit, factor))

    def _read(self, near: float, curves: Sequence[Curve]) -> None:
        super()._read(near, curves[:READ])

    def _readout_text(self, step: float, curves: Sequence[Curve]) -> str:
        by_epoch = tr("epoch {epoch}", epoch=f"{step:.2f}")
        lines = [by_epoch if self.by_epoch else tr("step {step}", step=grouped(step))]
        for curve in curves:
            sign = f'<span style="color:{theme.color(curve.role).name()}">{SIGNS[curve.mark]}</span>'
            lines.append(f"{sign} {_escaped(curve.name)} <b>{figure(curve.raw.y[curve.raw.nearest(step)])}</b>")
        if len(self._shown) > READ:
            lines.append(tr("and {count} more", count=len(self._shown) - READ))
        return "<br>".join(lines)

    def _write_csv(self, path: Path) -> None:
        """A row a point: run, part, step, epoch, value."""
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("run", "part", "step", "epoch", "value"))
            for shown in self._shown.values():
                epochs = (step / shown.steps_per_epoch for step in shown.line.x)
                points = zip(shown.line.x, epochs, shown.line.y, strict=True)
                rows.writerows((shown.run, shown.part, int(step), round(e, 6), y) for step, e, y in points)


class RunCurve(Curve):
    """A curve that is drawn with less effort where there are many."""

    def __init__(self, key: str, role: str, *, mark: str, dots: bool) -> None:
        super().__init__(key, role, mark=mark, dots=dots)
        self.has_dots = dots
        self._crowd = 1
        self.is_fitted = True  # whether an axis follows it
        self._details: dict[
            int, tuple[Picture, bool]
        ] = {}  # all of it, and whether all is finite, by the number of blocks
        self._facts: object = None  # what they were made from
        self._ends = (0.0, 0.0)  # in x, in units of the axis

    def set_crowd(self, count: int) -> bool:
        """How many curves there are; True if that lets this one look other than before."""
        before, self._crowd = self._crowd, count
        self._raw_behind = count <= FEW
        if self.is_crowded and before < CROWD:
            for item in self.items:
                item.setVisible(False)
        return any((before < limit) is not (count < limit) for limit in (FEW + 1, CROWD))

    @property
    def is_crowded(self) -> bool:
        """Whether it is one of many, which are drawn together: see `Crowd`."""
        return self._crowd >= CROWD

    @property
    def line_drawn(self) -> Picture:
        """The line that stands for it in a crowd, in units of the axes."""
        return self._drawn[1]

    def draw(self, span: tuple[float, float], width: int, *, unit: Unit, log: bool) -> None:
        if not self.is_crowded:
            super().draw(span, width, unit=unit, log=log)
            return
        between = unit.of(np.array(span))
        left, right = between.tolist()
        (x, y), is_finite = self._of_detail(left, right, max(BLOCKS, 4 * width // self._crowd), unit=unit, log=log)
        start, stop = x.searchsorted(between).tolist()
        visible = slice(max(start - 1, 0), stop + 2)
        line = x[visible], y[visible]
        self._drawn = (NOTHING, line)
        if self.is_fitted:
            self.bounds = bounds_of(line, is_finite=is_finite)

    def _of_detail(self, left: float, right: float, blocks: int, *, unit: Unit, log: bool) -> tuple[Picture, bool]:
        """All of it in so many blocks that what lies between has at least `blocks`; kept for the next time."""
        facts = (len(self.raw), id(self.smooth), unit.name, log)
        if facts != self._facts:
            self._facts, self._details = facts, {}
            self._ends = tuple(unit.of(self.raw.x[[0, -1]]).tolist()) if len(self.raw) else (0.0, 0.0)
        first, last = self._ends
        share = (min(right, last) - max(left, first)) / (last - first) if last > first else 1.0
        wanted = blocks << min(math.ceil(-math.log2(max(share, LEAST_SHARE))), DEEPEST)
        if wanted not in self._details:
            points = self.smooth.middle(blocks=wanted) if self._smoothing else self.raw.points(blocks=wanted)
            picture = picture_of(points, unit, log)
            self._details[wanted] = picture, bool(np.isfinite(picture[1]).all())
        return self._details[wanted]

    def dots_drawn(self) -> Picture:
        return NOTHING if self.is_crowded else super().dots_drawn()


def _counts(name: str) -> Unit:
    """A unit of what x is given in."""
    return Unit(name, lambda x: x, lambda x: x)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")

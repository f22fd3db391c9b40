"""One card with a plot of growing curves: zoomable, exportable, redrawn only where something changed.

Imports pyqtgraph: the window imports this module after its first paint.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QPainter, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QMenu, QWidget

from graph.messages import msg, tr
from gui.figures import figure, grouped
from gui.pace import is_seen
from gui.panels.axes import make_plot, nice_range
from gui.panels.card import Card
from gui.panels.curve import EMPTY, Curve
from gui.panels.legend import SIGNS, Entry, LegendEntry, QuietButton
from gui.panels.parts import flat_button
from gui.panels.picture import paint_plot
from gui.panels.series import table
from gui.panels.units import NAMES, STEP, TIME, Unit, count_steps
from gui.theme import GRID, theme

DIVISIONS = 6  # of a round range
SMOOTHINGS = {
    0.0: msg("None"),
    0.25: msg("Light"),
    1.0: msg("As usual"),
    4.0: msg("Strong"),
}  # factors of the usual span
UNIT_ROOM = 56  # pixels at the end of the x axis for the button with its unit
MARK_ROOM = 6  # pixels between the last point and the end of the x axis: a mark is drawn whole


class PlotCard(Card):
    """A card with curves over steps. `extend`, then `redraw` once: only what changed is drawn, if it can be seen."""

    unit_clicked = Signal()
    smoothing_chosen = Signal(float)  # a factor of the span that curves are averaged over
    pointed_at = Signal(object)  # the step under the cursor; None when it leaves

    def __init__(self, title: str, *, from_zero: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self._from_zero = from_zero  # or only where that leaves the curves at least half of the height
        self.curves: dict[str, Curve] = {}
        self.follows = (True, True)  # whether x and y show everything, or what the person zoomed to
        self._dirty: set[str] = set()
        self._is_behind = False  # what changed was to be drawn while nobody could see it
        self._steps_per_epoch: int | None = None
        self._by = count_steps()
        self._log = False
        self._build_plot()
        self._build_header()
        theme.changed.connect(self._use_theme)
        self._use_theme()

    # ---- content

    def add_curve(self, key: str, label: str, role: str, *, dots: bool = False, mark: str = "") -> Curve:
        """Add a curve with the colour of a theme role and its entry in the legend."""
        curve = self._add(Curve(key, role, dots=dots, mark=mark))
        curve.name = label
        curve.entry = LegendEntry(label, role, mark=mark)
        curve.entry.toggled.connect(lambda shown: self._show_curve(curve, shown))
        self.header.insertWidget(self.header.indexOf(self._reset), curve.entry)
        self.arrange_legend()
        return curve

    def _add(self, curve: Curve) -> Curve:
        self.curves[curve.key] = curve
        for item in curve.items:
            self.box.addItem(item)
        return curve

    def extend(self, key: str, x: Sequence[float], y: Sequence[float]) -> None:
        """Append points to a curve; x counts steps."""
        self.curves[key].extend(x, y)
        self._dirty.add(key)

    def cut(self, until: float) -> None:
        """Forget the points beyond a step."""
        for curve in self.curves.values():
            curve.cut(until)
        self._redraw_all()

    def clear(self) -> None:
        """Forget all points and show everything again."""
        for curve in self.curves.values():
            curve.clear()
        self.follow()

    def set_unit(self, unit: Unit, steps_per_epoch: int | None) -> None:
        """Count x in another unit; how long an epoch is counts for what is read off and for files."""
        if (unit, steps_per_epoch) != (self._by, self._steps_per_epoch) or unit.name == TIME:
            self._by, self._steps_per_epoch = unit, steps_per_epoch
            self._unit.setText(str(NAMES[unit.name]))
            self._place_unit()
            self.follow()

    @Slot()
    def follow(self) -> None:
        """Show everything, and what comes."""
        self.follows = (True, True)
        self._redraw_all()

    @Slot(bool)
    def set_log(self, log: bool) -> None:
        """Use a logarithmic y axis; values that are not positive are left out."""
        self._log = self.left.logarithmic = log
        self.follow()

    def has_moved(self, pixels: float) -> bool:
        """Whether a curve has grown by so many pixels since it was drawn."""
        left, right = self._visible_steps()
        least = pixels * (right - left) / max(1.0, self.box.width())
        curves = (self.curves[key] for key in self._dirty)
        return any(len(curve.raw) and curve.raw.x[-1] - curve.end >= least for curve in curves)

    def redraw(self) -> bool:
        """Draw the curves that changed, if they can be seen, else when they are shown. False if nothing was drawn."""
        if not self._dirty:
            return False
        self._is_behind = not is_seen(self)
        if self._is_behind:
            return False
        span = (-np.inf, np.inf) if self.follows[0] else self._visible_steps()
        ratio = self.devicePixelRatioF()
        width = round(self.box.width() * ratio)
        for curve in map(self.curves.__getitem__, self._dirty):
            curve.pixel_ratio = ratio
            curve.draw(span, width, unit=self._by, log=self._log)
        self._dirty.clear()
        self._fit()
        return True

    # ---- files

    def save_csv(self, path: Path) -> None:
        """Write all points as a table: step, epoch, one column a curve; `failed` tells of an error."""
        self.write(path, lambda: self._write_csv(path))

    def _write_csv(self, path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            columns = {key: curve.raw for key, curve in self.curves.items()}
            csv.writer(file).writerows(table(columns, self._steps_per_epoch))

    def paint_content(self, painter: QPainter) -> None:
        paint_plot(painter, self)

    def legend(self) -> list[tuple[float, list[Entry]]]:
        """For pictures: the middles of rows in pixels from the top, and the entries of each."""
        entries = [Entry(curve.name, curve.role, curve.mark) for curve in self.shown_curves()]
        return [(self.title.geometry().center().y() + 1, entries)]

    # ---- machinery

    @property
    def unit_text(self) -> str:
        """What the x axis counts."""
        return self._unit.text()

    def _build_plot(self) -> None:
        self._themed = make_plot(self.title.text())
        self.plot, self.box, self.left, self.bottom = self._themed
        self.plot.installEventFilter(self)
        self._line = pg.InfiniteLine(angle=90, movable=False)
        self._line.hide()
        self.box.addItem(self._line, ignoreBounds=True)
        self._readout = QLabel(self.plot)
        self._readout.setProperty("kind", "card")
        self._readout.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._readout.setContentsMargins(GRID, 2, GRID, 2)
        self._readout.hide()
        self._unit = QuietButton(tr("step"), tr("Switch between epochs, steps and seconds"), self.plot)
        self._unit.clicked.connect(self.unit_clicked)
        self.box.sigRangeChangedManually.connect(self._on_zoomed)
        self.box.sigResized.connect(self._on_resized)
        self.box.reset_wanted.connect(self.follow)
        self.pointed_at.connect(self.point_at)
        self.plot.scene().sigMouseMoved.connect(self._on_mouse_moved)  # pyright: ignore[reportAttributeAccessIssue]
        self.body.addWidget(self.plot, 1)

    def _build_header(self) -> None:
        self._reset = flat_button("fit", tr("Show everything again (double click)"))
        self._reset.clicked.connect(self.follow)
        self._reset.hide()
        self.header.addWidget(self._reset)
        menu = self.add_menu()
        self.log_action = QAction(tr("Logarithmic scale"), menu, checkable=True)
        self.log_action.toggled.connect(self.set_log)
        self._add_choices(menu)
        menu.addAction(tr("Show everything again"), self.follow)
        menu.addSeparator()
        self.add_pictures(menu)
        self.add_export(menu, tr("Save the numbers as CSV…"), "csv", self.save_csv)

    def _add_choices(self, menu: QMenu) -> None:
        menu.addAction(self.log_action)
        menu.addAction(tr("Switch between epochs, steps and seconds"), self.unit_clicked.emit)
        smoothing = menu.addMenu(tr("Smoothing"))
        for factor, text in SMOOTHINGS.items():
            smoothing.addAction(str(text), partial(self.smoothing_chosen.emit, factor))

    def _show_curve(self, curve: Curve, shown: bool) -> None:
        curve.show(shown)
        self._fit()

    def _redraw_all(self) -> None:
        self._dirty = set(self.curves)
        self._reset.setHidden(self.follows == (True, True))
        self.redraw()

    def _visible_steps(self) -> tuple[float, float]:
        left, right = self._by.back(np.array(self.box.viewRange()[0])).tolist()
        return left, right

    def shown_curves(self) -> list[Curve]:
        """The curves that are not hidden in the legend."""
        return [curve for curve in self.curves.values() if curve.entry and curve.entry.isChecked()]

    def _fit(self) -> None:
        """Give the axes that follow the round range around what is drawn."""
        x = np.concatenate([EMPTY, *(curve.bounds[0] for curve in self.shown_curves())])
        y = np.concatenate([EMPTY, *(curve.bounds[1] for curve in self.shown_curves())])
        if not len(x):
            x = y = np.array([0.0, 1.0])
        ranges = {}
        if self.follows[0]:
            low, high = _round_range(x.min(), x.max(), from_zero=x.min() <= 0.5 * x.max())
            ranges["xRange"] = (low, high + MARK_ROOM * (high - low) / max(1.0, self.box.width()))
        if self.follows[1]:
            zero = self._from_zero or 0 < y.min() < 0.5 * y.max()
            low, high = _round_range(y.min(), y.max(), from_zero=zero and not self._log)
            ranges["yRange"] = (low - 0.02 * (high - low), high + 0.03 * (high - low))
        if ranges and any(self.box.viewRange()["xy".index(name[0])] != [*span] for name, span in ranges.items()):
            self.box.setRange(**ranges, padding=0, disableAutoRange=False)
            self.box.prepareForPaint()  # else it does so while it is painted, and has to be painted once more

    @Slot(object)
    def _on_resized(self, _box: object) -> None:
        """The room for a mark is one of pixels."""
        self._fit()

    @Slot(object)
    def _on_zoomed(self, axes: Sequence[bool]) -> None:
        self.follows = (self.follows[0] and not axes[0], self.follows[1] and not axes[1])
        self._redraw_all()

    @Slot(object)
    def _on_mouse_moved(self, at: QPointF) -> None:
        if self.box.sceneBoundingRect().contains(at):
            self.pointed_at.emit(float(self._by.back(np.array(self.box.mapSceneToView(at).x()))))
        else:
            self.pointed_at.emit(None)

    @Slot(object)
    def point_at(self, step: float | None) -> None:
        """Show the values of the curves at about this step under a line there; None takes both away."""
        curves = [curve for curve in self.shown_curves() if len(curve.raw)]
        shown = step is not None and bool(curves)
        self._line.setVisible(shown)
        self._readout.setVisible(shown)
        if step is not None and curves:
            self._read(step, curves)

    def _read(self, near: float, curves: Sequence[Curve]) -> None:
        step = min((curve.raw.x[curve.raw.nearest(near)] for curve in curves), key=lambda found: abs(found - near))
        x = float(self._by.of(np.array(step)))
        self._line.setPos(x)
        self._readout.setWordWrap(False)
        self._readout.setText(self._readout_text(step, curves))
        self._readout.setWordWrap(self._readout.sizeHint().width() > self.plot.width())
        self._readout.setMaximumWidth(self.plot.width())
        self._readout.adjustSize()
        area, (left_end, right_end) = self.box.sceneBoundingRect(), self.box.viewRange()[0]
        on_right = x < (left_end + right_end) / 2
        left = area.right() - self._readout.width() if on_right else area.left() + GRID
        self._readout.move(max(0, min(round(left), self.plot.width() - self._readout.width())), round(area.top()))

    def _readout_text(self, step: float, curves: Sequence[Curve]) -> str:
        place = tr("step {step}", step=grouped(step))
        if self._steps_per_epoch and self._by.name != STEP:
            place = tr("epoch {epoch} · {place}", epoch=f"{step / self._steps_per_epoch:.2f}", place=place)
        if self._by.name == TIME:
            place = tr("{seconds} s · {place}", seconds=f"{float(self._by.of(np.array(step))):.1f}", place=place)
        lines = [
            f'<span style="color:{theme.color(c.role).name()}">{SIGNS[c.mark]}</span> '
            f"{c.name} <b>{figure(c.raw.y[c.raw.nearest(step)])}</b>"
            for c in curves
        ]
        return "<br>".join([place, *lines])

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self.pointed_at.emit(None)
        elif event.type() == QEvent.Type.Resize:
            self._place_unit()
        return False

    def _place_unit(self) -> None:
        self._unit.resize(self._unit.sizeHint())
        self._unit.move(self.plot.width() - self._unit.width(), self.plot.height() - self._unit.height())

    def arrange_legend(self) -> None:
        """Leave the names of the curves out where the title would be cut off."""
        entries = [curve.entry for curve in self.curves.values() if curve.entry]
        room = self.contentsRect().marginsRemoved(self.body.contentsMargins()).width()
        for short in (False, True):
            for entry in entries:
                entry.set_short(short)
            self.header.invalidate()
            title = self.title.fontMetrics().horizontalAdvance(self.title.text())
            if self.header.sizeHint().width() + title < room:  # a title is a fraction of a pixel wider
                return

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.arrange_legend()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.redraw()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._is_behind:
            QTimer.singleShot(0, self, self.redraw)

    @Slot()
    def _use_theme(self) -> None:
        self._themed.use_theme()
        self.bottom.reserved = theme.px(UNIT_ROOM)
        self._place_unit()
        self.arrange_legend()
        self._line.setPen(pg.mkPen(theme.color("faint"), style=Qt.PenStyle.DashLine))
        self._redraw_all()


def _round_range(low: float, high: float, *, from_zero: bool) -> tuple[float, float]:
    if low == high == 0:
        return 0.0, 1.0
    return nice_range(min(0.0, low) if from_zero else low, high, DIVISIONS)

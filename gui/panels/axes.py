"""The frame of a plot: axes with round numbers and faint lines, and the zoom. Imports pyqtgraph."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt, Signal

from gui.figures import tick
from gui.theme import GRID, mono_font, theme

LABEL_SIZE = 10
LEFT_WIDTH = 46
DROP = 3  # pixels that the button with the unit needs below the numbers, to stand on their line
APART = {"left": 32, "bottom": 44}  # pixels that marks want between them
OUTSIDE = {"left": (0, -8, 0, 8), "bottom": (-16, 0, 16, 0)}  # room for the numbers at the ends
DECADES = 1.5  # from here on, marks of a logarithmic axis are powers of ten


def nice_step(span: float, count: float) -> float:
    """The smallest of 1, 2 or 5 times a power of ten that fits at most `count` times into the span."""
    rough = span / max(count, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= rough * (1 - 1e-9))


def nice_range(low: float, high: float, count: int = 4) -> tuple[float, float]:
    """The range from one round number to another around low..high, a little room where both are the same."""
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        room = abs(high) * 0.1 or 1.0
        low, high = low - room, high + room
    step = nice_step(high - low, count)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


class FigureAxis(pg.AxisItem):
    """An axis with few, round, quiet numbers. The left one draws faint lines through the plot.

    `logarithmic` says that values are powers of ten, `whole` that only whole ones mean something. `reserved` pixels at the far
    end stay without numbers.
    """

    def __init__(self, orientation: str) -> None:
        self.logarithmic = self.whole = False
        self.reserved = 0
        self._apart = APART[orientation]
        self._outside = OUTSIDE[orientation]
        super().__init__(orientation)
        self.setStyle(tickLength=0, tickAlpha=255, tickTextOffset=6)
        if orientation == "left":
            self.setGrid(255)

    def use_theme(self) -> None:
        """Take the colors of the theme and the size of text in use."""
        self.setStyle(tickFont=mono_font(theme.px(LABEL_SIZE)))
        if self.orientation == "left":
            self.setWidth(theme.px(LEFT_WIDTH))
        else:
            self.setHeight(theme.px(5 * GRID + DROP))
        self.setPen(pg.mkPen(None))
        self.setTickPen(pg.mkPen(theme.color("grid")))
        self.setTextPen(pg.mkPen(theme.color("faint")))

    def boundingRect(self) -> QRectF:
        return super().boundingRect().adjusted(*self._outside)

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        if not maxVal > minVal or not math.isfinite(maxVal - minVal):
            return []
        step = nice_step(maxVal - minVal, size / theme.px(self._apart))
        if self.logarithmic and maxVal - minVal >= DECADES:
            step = max(1.0, round(step))
        elif self.whole:
            step = max(1.0, step)
        end = maxVal - (maxVal - minVal) * self.reserved / size
        numbers = range(math.ceil(minVal / step - 1e-6), math.floor(end / step + 1e-6) + 1)
        return [(step, [number * step for number in numbers])]

    def marks(self, low: float, high: float, size: float) -> list[tuple[float, str]]:
        """The marks between two values where the axis is `size` pixels long, and their numbers."""
        return [
            (value, text)
            for step, values in self.tickValues(low, high, size)
            for value, text in zip(values, self.tickStrings(values, 1.0, step), strict=True)
        ]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        if self.logarithmic:
            return [figure_of_power(value) for value in values]
        return [tick(value, spacing) for value in values]


def figure_of_power(power: float) -> str:
    """What 10 to the power is, short."""
    whole = abs(power - round(power)) < 1e-9
    return f"1e{round(power)}" if whole and abs(power) > 2 else f"{10.0**power:.2g}"


class ZoomBox(pg.ViewBox):
    """Wheel: zoom along x. Left drag: zoom to the rectangle. Middle drag: pan. Double click: `reset_wanted`."""

    reset_wanted = Signal()

    def __init__(self) -> None:
        super().__init__(enableMenu=False, defaultPadding=0)
        self.setMouseMode(self.RectMode)
        self.disableAutoRange()

    def use_theme(self) -> None:
        """Take the colours of the theme in use."""
        self.rbScaleBox.setPen(pg.mkPen(theme.color("accent")))
        self.rbScaleBox.setBrush(theme.color("accent", 0.15))

    def wheelEvent(self, ev: Any, axis: int | None = None) -> None:
        super().wheelEvent(ev, axis=0 if axis is None else axis)

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:
        if ev.button() == Qt.MouseButton.RightButton:
            ev.ignore()
        elif ev.button() == Qt.MouseButton.MiddleButton:
            self._pan(ev, axis)
        else:
            super().mouseDragEvent(ev, axis)

    def mouseClickEvent(self, ev: Any) -> None:
        if ev.double() and ev.button() == Qt.MouseButton.LeftButton:
            ev.accept()
            self.reset_wanted.emit()

    def _pan(self, ev: Any, axis: int | None) -> None:
        self.state["mouseMode"] = self.PanMode
        try:
            super().mouseDragEvent(ev, axis)
        finally:
            self.state["mouseMode"] = self.RectMode


class ThemedPlot(NamedTuple):
    """A plot widget and the parts of it that have colours."""

    widget: pg.GraphicsLayoutWidget
    box: ZoomBox
    left: FigureAxis
    bottom: FigureAxis

    def use_theme(self) -> None:
        """Take the colours of the theme in use."""
        for part in (self.box, self.left, self.bottom):
            part.use_theme()


def make_plot(name: str) -> ThemedPlot:
    """An empty plot, without the menus of `pg.PlotItem`; `name` is what assistive technology calls it."""
    box, left, bottom = ZoomBox(), FigureAxis("left"), FigureAxis("bottom")
    left.linkToView(box)
    bottom.linkToView(box)
    left.setZValue(box.zValue() - 1)  # its lines are behind the curves
    widget = pg.GraphicsLayoutWidget()
    widget.ci.setSpacing(0)
    widget.ci.setContentsMargins(0, 2 * GRID, 2 * GRID, 0)
    for item, row, column in ((left, 0, 0), (box, 0, 1), (bottom, 1, 1)):
        widget.addItem(item, row, column)
    widget.setBackground(None)
    widget.setFrameShape(widget.Shape.NoFrame)
    widget.setMinimumSize(120, 80)
    widget.setAccessibleName(name)
    widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the header of the card has all that it does
    return ThemedPlot(widget, box, left, bottom)

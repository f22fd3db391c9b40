"""Draws a plot card as a picture for a file: plain lines and words that every program that reads SVG shows alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from gui.panels.legend import DOT, FONT_SIZE, Entry, draw_mark
from gui.panels.series import Array
from gui.theme import GRID, mono_font, theme

if TYPE_CHECKING:
    from gui.panels.axes import FigureAxis
    from gui.panels.curve import Curve
    from gui.panels.plot import PlotCard

NUMBER_SIZE = 10
ROOM = 200.0  # around a mark, for its number


class Frame:
    """Turns what the axes count into pixels."""

    def __init__(self, area: QRectF, view: Sequence[Sequence[float]]) -> None:
        (self.left, self.right), (self.low, self.high) = view
        self.area = area

    def x(self, values: Array | float) -> Array:
        """Pixels from the left."""
        return self.area.left() + (np.asarray(values) - self.left) * self.area.width() / (self.right - self.left)

    def y(self, values: Array | float) -> Array:
        """Pixels from the top."""
        return self.area.bottom() - (np.asarray(values) - self.low) * self.area.height() / (self.high - self.low)


def paint_plot(painter: QPainter, card: PlotCard) -> None:
    """Draw what a card shows, in its pixels: legend, axes and visible curves."""
    at = card.plot.mapTo(card, card.plot.viewport().pos())
    frame = Frame(card.box.sceneBoundingRect().translated(QPointF(at)), card.box.viewRange())
    curves = card.shown_curves()
    for middle, entries in card.legend():
        _paint_legend(painter, card.width() - 3 * GRID, middle, entries)
    _paint_rows(painter, frame, card.left)
    _paint_columns(painter, frame, card.bottom, card.unit_text)
    painter.setClipRect(frame.area.adjusted(-GRID, -GRID, GRID, GRID))
    for curve in curves:
        _paint_curve(painter, frame, curve)
    painter.setClipping(False)


def _paint_legend(painter: QPainter, right: float, middle: float, entries: Sequence[Entry]) -> None:
    font = painter.font()
    font.setBold(False)
    font.setPixelSize(theme.px(FONT_SIZE))
    painter.setFont(font)
    for name, role, mark in reversed(entries):
        right -= painter.fontMetrics().horizontalAdvance(name)
        painter.setPen(theme.color("muted"))
        painter.drawText(QRectF(right, middle - ROOM / 2, ROOM, ROOM), Qt.AlignmentFlag.AlignVCenter, name)
        right -= DOT + 5
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(role))
        draw_mark(painter, QPointF(right + DOT / 2 - 0.5, middle - 0.5), mark, radius=DOT / 2 - 0.5)
        right -= 2 * GRID


def _paint_rows(painter: QPainter, frame: Frame, axis: FigureAxis) -> None:
    painter.setFont(mono_font(theme.px(NUMBER_SIZE)))
    for value, text in axis.marks(frame.low, frame.high, frame.area.height()):
        y = round(float(frame.y(value))) + 0.5
        painter.setPen(QPen(theme.color("grid"), 1))
        painter.drawLine(QPointF(frame.area.left(), y), QPointF(frame.area.right(), y))
        painter.setPen(theme.color("faint"))
        rect = QRectF(frame.area.left() - ROOM - 6, y - ROOM / 2, ROOM, ROOM)
        painter.drawText(rect, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)


def _paint_columns(painter: QPainter, frame: Frame, axis: FigureAxis, unit: str) -> None:
    top = frame.area.bottom() + 6
    for value, text in axis.marks(frame.left, frame.right, frame.area.width()):
        rect = QRectF(float(frame.x(value)) - ROOM / 2, top, ROOM, 4 * GRID)
        painter.drawText(rect, Qt.AlignmentFlag.AlignHCenter, text)
    painter.drawText(QRectF(frame.area.right() - ROOM, top, ROOM, 4 * GRID), Qt.AlignmentFlag.AlignRight, unit)


def _paint_curve(painter: QPainter, frame: Frame, curve: Curve) -> None:
    for (x, y), pen in curve.drawn():
        if len(x):
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for part in np.split(np.stack([frame.x(x), frame.y(y)], 1), np.flatnonzero(~np.isfinite(y))):
                painter.drawPolyline(QPolygonF([QPointF(*point) for point in part[np.isfinite(part[:, 1])].tolist()]))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color(curve.role))
    x, y = curve.dots_drawn()
    for point in zip(frame.x(x).tolist(), frame.y(y).tolist(), strict=True):
        draw_mark(painter, QPointF(*point), curve.mark, radius=2.5)

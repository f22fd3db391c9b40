"""A card that holds predicted against true numbers: the closer to the diagonal, the better. Imports pyqtgraph."""

from __future__ import annotations

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QWidget

from graph.messages import tr
from gui.panels.axes import make_plot, nice_range
from gui.panels.card import Card
from gui.panels.parts import label
from gui.theme import theme


class ScatterCard(Card):
    """One point a sample, true value to the right, predicted value up, and the diagonal where they are equal."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self._themed = make_plot(title)
        self._points = pg.ScatterPlotItem(size=6, antialias=True)
        self._diagonal = pg.InfiniteLine(pos=(0, 0), angle=45)
        for item in (self._diagonal, self._points):
            self._themed.box.addItem(item, ignoreBounds=True)
        self._themed.box.reset_wanted.connect(self._fit)
        self.header.addWidget(label(tr("true → · predicted ↑"), tone="faint"))
        self.body.addWidget(self._themed.widget, 1)
        theme.changed.connect(self._use_theme)
        self._use_theme()

    def set_points(self, true: Sequence[float], predicted: Sequence[float]) -> None:
        """Show these samples."""
        self._range = nice_range(min(*true, *predicted), max(*true, *predicted), 10)
        self._points.setData(true, predicted)
        self._fit()

    @Slot()
    def _fit(self) -> None:
        self._themed.box.setRange(xRange=self._range, yRange=self._range, padding=0.03)

    @Slot()
    def _use_theme(self) -> None:
        self._themed.use_theme()
        self._points.setPen(pg.mkPen(None))
        self._points.setBrush(theme.color("accent", 0.7))
        self._diagonal.setPen(pg.mkPen(theme.color("faint"), style=Qt.PenStyle.DashLine))

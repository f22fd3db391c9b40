"""What a learning-rate range test found: the loss over the rates, and the one to try. Imports pyqtgraph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QMenu, QWidget

from graph.messages import tr
from gui.figures import figure
from gui.panels.curve import Curve
from gui.panels.parts import small_button
from gui.panels.plot import PlotCard
from gui.panels.units import count_rates
from gui.theme import theme
from runtime.events import RangeTested

LOSS = "loss"


class RangeCard(PlotCard):
    """The smoothed loss at each rate, with a line at the rate to try. `rate_wanted(objective, rate)`: learn with that one."""

    rate_wanted = Signal(str, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Range test"), parent=parent)
        self._test: RangeTested | None = None
        self._unit.setEnabled(False)  # there is nothing else to count
        self.bottom.logarithmic = True
        self._proposal = pg.InfiniteLine(angle=90, movable=False)
        self.box.addItem(self._proposal, ignoreBounds=True)
        self.use_button = small_button("")
        self.use_button.clicked.connect(self._use)
        self.header.insertWidget(1, self.use_button)
        if (entry := self.add_curve(LOSS, tr("loss"), "train").entry) is not None:
            entry.hide()  # there is no other
        theme.changed.connect(self._color_line)
        self._color_line()

    def show_test(self, event: RangeTested) -> None:
        """Show what a test found instead of what another did."""
        self.clear()
        self._test = event
        if event.rates:
            self.set_unit(count_rates(event.rates), None)
            self.extend(LOSS, range(len(event.rates)), event.losses)
        rate = event.proposed
        self._proposal.setVisible(rate is not None)
        self.use_button.setVisible(rate is not None)
        if rate is not None:
            self._proposal.setPos(float(np.log10(rate)))
            self.use_button.setText(tr("Use {rate}", rate=f"{rate:.2g}"))
            self.use_button.setToolTip(
                tr("Learn with this rate, where the loss falls most steeply. It is written into the training plan.")
            )
        self.follow()

    def _add_choices(self, menu: QMenu) -> None:
        menu.addAction(self.log_action)

    def _readout_text(self, step: float, curves: Sequence[Curve]) -> str:
        assert self._test is not None
        place = tr("learning rate {rate}", rate=f"{self._test.rates[round(step)]:.2g}")
        return "<br>".join([place, *(f"{c.name} <b>{figure(c.raw.y[c.raw.nearest(step)])}</b>" for c in curves)])

    @Slot()
    def _use(self) -> None:
        if self._test is not None and self._test.proposed is not None:
            self.rate_wanted.emit(self._test.objective, float(f"{self._test.proposed:.2g}"))

    @Slot()
    def _color_line(self) -> None:
        self._proposal.setPen(pg.mkPen(theme.color("good"), style=Qt.PenStyle.DashLine))

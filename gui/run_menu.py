"""What a person can do to a run besides pausing and stopping it: behind the button with three dots in the tool bar."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QPushButton, QWidget, QWidgetAction

from graph.catalog import Kind, Param
from graph.messages import Message, msg, tr
from gui.icons import icon
from gui.panels.fields import EntryField
from gui.panels.form import FieldRow
from gui.panels.parts import MARGIN, column
from gui.run_controller import ELSEWHERE, RunController, RunState
from gui.theme import GRID, theme

RATES_WIDTH = 240  # pixels at 100 %
GOING_ON = (RunState.STARTING, RunState.RUNNING, RunState.PAUSED)


class RunMenu(QPushButton):
    """The button and its menu. Entries that cannot be used now say why. `requested` gives the id of an action."""

    requested = Signal(str)

    def __init__(self, controller: RunController, parent: QWidget | None = None) -> None:
        super().__init__(icon("more"), "", parent)
        self._controller = controller
        self.setProperty("kind", "icon")
        self.setToolTip(tr("More about this run"))
        self.setAccessibleName(self.toolTip())
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        self.after_epoch = menu.addAction(tr("Stop after this epoch"), controller.stop_after_epoch)
        self.save = menu.addAction(tr("Save a checkpoint now"), controller.save_now)
        self.replace = menu.addAction(tr("Go on with the changed drawing"), controller.use_new_drawing)
        self.rates = menu.addMenu(tr("Learning rate"))
        self.rates.setToolTipsVisible(True)
        menu.addSeparator()
        for name, text in (
            ("overfit", tr("Overfit one batch")),
            ("find_rate", tr("Find a learning rate")),
            ("watch_run", tr("Watch a run…")),
        ):
            menu.addAction(text, partial(self.requested.emit, name))
        self.setMenu(menu)
        menu.aboutToShow.connect(self.refresh)
        self.rates.aboutToShow.connect(self._build_rates)

    @Slot()
    def refresh(self) -> None:
        """Offer what can be done now."""
        going_on = self._controller.state in GOING_ON
        none = ELSEWHERE if self._controller.state is RunState.WATCHING else msg("No run is under way.")
        stale = msg("The drawing is as it was when the run began.")
        _offer(self.after_epoch, going_on, none)
        _offer(self.save, going_on, none)
        _offer(self.replace, going_on and self._controller.is_stale, stale if going_on else none)
        _offer(self.rates.menuAction(), going_on and bool(self._controller.rates), none)

    def _build_rates(self) -> None:
        self.rates.clear()
        form = RateForm(self._controller)
        action = QWidgetAction(self.rates)
        action.setDefaultWidget(form)
        self.rates.addAction(action)


class RateForm(QWidget):
    """A field for the learning rate of each objective of the run under way."""

    def __init__(self, controller: RunController) -> None:
        super().__init__()
        self.rows: dict[str, FieldRow] = {}
        self.setFixedWidth(theme.px(RATES_WIDTH))
        layout = column(self, spacing=GRID + 1)
        layout.setContentsMargins(MARGIN, 2 * GRID, MARGIN, 2 * GRID)
        rates = controller.rates
        for objective, rate in rates:
            help_text = tr("The learning rate from the next step on. A schedule goes on from there.")
            param = Param(name="lr", kind=Kind.FLOAT, minimum=0, default=rate, help=help_text, required=True)
            shown = self.rows[objective] = FieldRow(
                param, EntryField(param), name=objective if len(rates) > 1 else tr("Learning rate")
            )
            shown.show_value(rate, is_set=False)
            shown.edited.connect(partial(controller.set_rate, objective))
            layout.addWidget(shown)


def _offer(action: QAction, wanted: bool, reason: Message) -> None:
    action.setEnabled(wanted)
    action.setToolTip("" if wanted else str(reason))

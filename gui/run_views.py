"""Everything in the window that shows a run: the panels, the figures on the cards, the words in the corner."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from time import monotonic

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from graph.catalog.optimizers import SCHEDULERS
from graph.messages import Message, msg
from graph.plan import Objective
from gui.canvas.living import Vital
from gui.canvas.view import CanvasView
from gui.live import live_values
from gui.pace import SLOWEST
from gui.panels.checks import ChecksPanel
from gui.panels.health import HealthPanel
from gui.panels.log import LogPanel
from gui.panels.metrics import MetricsPanel
from gui.panels.predictions import PredictionsPanel
from gui.reacher import Reacher
from gui.vitals import Vitals
from gui.workspace import Workspace
from runtime.events import Event, Failed, Noted, RangeTested, RunStarted, Saved, Tested

LIVE = 250  # milliseconds between two figures on a card of the canvas at least: faster than that nobody reads them


class RunViews(QObject):
    """Feeds the panels with the events of the controller of a workspace.

    `started()`: a run began. `node_requested(id)`: show a node. `told(Message, tone)`: something to say in the corner.
    """

    started = Signal()
    node_requested = Signal(str)
    told = Signal(object, str)

    def __init__(self, workspace: Workspace, canvas: CanvasView) -> None:
        super().__init__(canvas)
        self._workspace, self._canvas = workspace, canvas
        self._editor, self._controller = workspace.editor, workspace.controller
        self.metrics, self.predictions, self.log = MetricsPanel(), PredictionsPanel(), LogPanel()
        self.checks, self.vitals = ChecksPanel(workspace.editor), Vitals(self)
        self.vitals.changed.connect(self._show_vitals)
        self.health = HealthPanel(workspace.editor, self.vitals)
        self.health.node_requested.connect(self.node_requested)
        for panel in (self.metrics, self.predictions):
            panel.failed.connect(self._on_failed_to_write)
            panel.exported.connect(self._on_exported)
        self.metrics.rate_wanted.connect(self._use_rate)
        self.checks.node_requested.connect(self.node_requested)
        self.reacher = Reacher(workspace.editor, self)
        self.reacher.found.connect(canvas.life.show_reach)
        self.reacher.failed.connect(self._warn)
        self._latest: dict[str, float] = {}
        self._shown = 0.0  # when figures were written on the cards last
        self._live = QTimer(self, singleShot=True, interval=SLOWEST)  # for the last ones, where nothing more comes
        self._live.timeout.connect(self._show_live)
        self._controller.events.connect(self.take)
        self._controller.ended.connect(self._on_ended)
        self._controller.refused.connect(self._warn)

    @Slot(object)
    def take(self, events: Iterable[Event]) -> None:
        """Show what happened."""
        events = list(events)
        for part in (self.metrics, self.checks, self.predictions, self.log, self.vitals):
            part.take(events)
        self._note_live(events)
        for event in events:
            if isinstance(event, Noted):
                self.told.emit(event.message, "warning")
            elif isinstance(event, Saved):
                self.told.emit(msg("A checkpoint was saved at step {step}.", step=event.step), "info")
            elif isinstance(event, RunStarted):
                self.started.emit()

    def continue_from(self, other: RunViews) -> None:
        """Show what the views of another frame of the same document showed."""
        if not (events := self._workspace.events):
            return
        self.metrics.continue_from(other.metrics)
        self.metrics.take(event for event in events if isinstance(event, Tested | RangeTested))
        for part in (self.checks, self.predictions, self.log):
            part.take(events)
        self.vitals.continue_from(other.vitals)
        self._note_live(events)

    def forget(self) -> None:
        """Another document was opened: empty the panels of the last run."""
        for panel in (self.metrics, self.checks, self.predictions, self.log):
            panel.clear()
        self.vitals.clear()
        self._live.stop()
        self._canvas.life.show_live({})
        self._canvas.life.show_reach(None)

    def _note_live(self, events: list[Event]) -> None:
        """The figures of the last steps come onto the cards with all else that is shown, when those before were there to be read."""
        for event in reversed(events):
            if series := getattr(event, "series", None):
                self._latest = {key: values[-1] for key, values in series.items() if values}
                self._live.start()
                if 1000 * (monotonic() - self._shown) >= LIVE:
                    self._show_live()
                return

    @Slot()
    def _show_live(self) -> None:
        if self._latest:
            trained = self._controller.trained or self._editor.project
            self._canvas.life.show_live(live_values(trained, self._latest))
            self._latest, self._shown = {}, monotonic()

    @Slot()
    def _show_vitals(self) -> None:
        vitals = {node: Vital(None, self.vitals.curve(node), layer.state) for node, layer in self.vitals.latest.items()}
        self._canvas.life.show_vitals(vitals)

    @Slot(str, float)
    def _use_rate(self, name: str, rate: float) -> None:
        """Write a learning rate into the plan."""
        plan = self._editor.project.plan
        if all(objective.name != name for objective in plan.objectives):
            self.told.emit(
                msg("There is no objective '{name}' any more. Find a learning rate again.", name=name), "warning"
            )
            return
        changed = tuple(_with_rate(o, rate) if o.name == name else o for o in plan.objectives)
        self._editor.set_plan(replace(plan, objectives=changed), msg("Use the learning rate of the range test"))
        if self._editor.project.plan is plan:
            self.told.emit(msg("The training plan learns with {rate} already.", rate=f"{rate:g}"), "info")
        else:
            self.told.emit(msg("The training plan learns with {rate} now.", rate=f"{rate:g}"), "info")

    @Slot(object)
    def _on_ended(self, event: object) -> None:
        if isinstance(event, Failed):
            self.told.emit(event.message, "error")

    @Slot(object)
    def _warn(self, message: Message) -> None:
        self.told.emit(message, "warning")

    @Slot(object)
    def _on_failed_to_write(self, message: Message) -> None:
        self.told.emit(message, "error")

    @Slot(object)
    def _on_exported(self, path: object) -> None:
        self.told.emit(msg("Written to {file}.", file=path), "info")


def _with_rate(objective: Objective, rate: float) -> Objective:
    """The objective with a learning rate; a schedule that gives the rate itself gets it as its highest."""
    schedule = SCHEDULERS.get(objective.scheduler.type)
    field, name = ("scheduler", "max_lr") if schedule and schedule.param("max_lr") else ("optimizer", "lr")
    choice = getattr(objective, field)
    return replace(objective, **{field: replace(choice, params={**choice.params, name: rate})})

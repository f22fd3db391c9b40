"""The training plan: how the data is split, how long and where training runs, and how the weights are optimized."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from graph.catalog import Catalog, Kind, Param, Role
from graph.figure_titles import title_of
from graph.figures import watched_figures
from graph.messages import Message, msg, tr, translate
from graph.model import Node
from graph.plan import LAST, WHOLE, Objective, Plan
from graph.search import ObjectivePlace, Place, PlanPlace
from gui.editor import Editor
from gui.figures import grouped
from gui.panels.data_facts import facts_of, num_samples
from gui.panels.fields import ChoiceField
from gui.panels.fold import Fold
from gui.panels.form import FieldRow, HelpLine
from gui.panels.node_choice import NodeChoice, learning_nodes
from gui.panels.objective_form import ObjectiveList
from gui.panels.parts import MARGIN, FactList, Heading, ScrollColumn, column, label, row, small_button
from gui.panels.plan_rows import PlanRow, RowGroup, averaging_rows, run_rows, speed_rows, stopping_rows
from gui.panels.searchable import mark
from gui.panels.split import SplitForm
from gui.theme import GRID

AUTO = "auto"


class TrainingPanel(QWidget):
    """Edits the plan. Every edit is one undo step; dragging through values is one together.

    `requested(id)`: do an action of the window. `reach_wanted(number)`: show on the canvas what the losses of
    this objective reach; -1: no longer.
    """

    requested = Signal(str)
    reach_wanted = Signal(int)

    def __init__(self, editor: Editor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("Training"))
        self._editor = editor
        self._devices: dict[str, str] = {"cpu": tr("CPU")}
        self.split = SplitForm()
        self.run, self.speed, self.averaging, self.stopping = (
            RowGroup(rows) for rows in (run_rows(), speed_rows(), averaging_rows(), stopping_rows())
        )
        self.device, self.monitor = self._make_device_row(), self._make_monitor_row()
        self.objectives = ObjectiveList(lambda: editor.selection)
        self.add_button = small_button(tr("Add an objective"), "plus")
        self.frozen = NodeChoice(
            tr("Frozen"), tr("Nothing"), tr("Layers and blocks that stay as they are, whatever the objectives train."),
            lambda: editor.selection,
        )  # fmt: skip
        self.overfit_button = small_button(tr("Overfit one batch"))
        self.range_button = small_button(tr("Find a learning rate"))
        self._folds = {
            self.speed: Fold(tr("Precision and speed")),
            self.averaging: Fold(tr("Averaging and freezing")),
            self.stopping: Fold(tr("Early stopping")),
        }
        self._steps, self._goals = FactList(), FactList()
        self._no_loss = label(
            tr("The drawing has no loss yet. Add one from the library: it says what training makes small."),
            tone="faint",
            wrap=True,
        )
        self._help = HelpLine(self)
        self._connect()
        self._lay_out()
        self._refresh()

    @property
    def rows(self) -> dict[str, FieldRow]:
        """The settings that are one value each, by the names of their fields in the plan."""
        return {name: shown for group in (self.run, *self._folds) for name, shown in group.rows.items()}

    def set_devices(self, devices: Iterable[tuple[str, str]]) -> None:
        """Offer these devices, as pairs of id and name, besides the automatic choice."""
        self._devices = dict(devices)
        self._refresh()

    def _refresh(self, _change: object = None) -> None:
        project = self._editor.project
        plan, catalog = project.plan, project.catalog
        self.split.show_split(plan.split)
        self.run.show_record(plan)
        for group, fold in self._folds.items():
            group.show_record(plan)
            fold.set_summary(group.summary(plan))
        self._refresh_device(plan.device)
        self._refresh_monitor(plan.monitor)
        self.objectives.show_objectives(project)
        self.frozen.show_nodes(plan.frozen, learning_nodes(project))
        self._steps.set_facts(_step_facts(project.graph.nodes.values(), plan))
        goals = _goals(project.graph.nodes.values(), catalog)
        self._goals.set_facts([(node.name, translate(catalog[node.type].label)) for node in goals])
        self._no_loss.setVisible(not any(catalog[node.type].role is Role.LOSS for node in goals))
        mark(self._editor, self._searchable_rows())
        self._help.refresh()

    def reveal(self, place: PlanPlace | ObjectivePlace) -> None:
        """Go to the field of a place of the plan, wherever it is folded away."""
        if isinstance(place, ObjectivePlace):
            self.objectives.reveal(place)
        elif place.name == "split":
            self.split.reveal()
        elif place.name in self.rows:
            for group, fold in self._folds.items():
                if place.name in group.rows:
                    fold.open()
            self.rows[place.name].field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _searchable_rows(self) -> Iterator[tuple[Place, FieldRow]]:
        for name, shown in self.rows.items():
            yield PlanPlace(name), shown
        yield from self.objectives.searchable_rows()

    def _refresh_device(self, device: str) -> None:
        labels = {AUTO: tr("Automatic"), **self._devices}
        if device not in labels:
            first = next((name for known, name in self._devices.items() if known.startswith(f"{device}:")), None)
            labels[device] = first or tr("{device} (not on this computer)", device=device)
        self._device_field.set_choices(labels)
        self.device.show_value(device, is_set=device != AUTO)

    def _refresh_monitor(self, monitor: str) -> None:
        known = watched_figures(self._editor.project)
        labels = {name: title_of(name) for name in dict.fromkeys((*known, monitor))}
        self._monitor_field.set_choices({**labels, LAST: tr("the last epoch")})
        self.monitor.show_value(monitor, is_set=monitor != Plan().monitor)

    def _set(self, name: str, value: object, text: Message) -> None:
        plan = self._editor.project.plan
        self._editor.set_plan(replace(plan, **{name: value}), text, merge=("plan", name))  # type: ignore[arg-type]

    def _on_row_edited(self, described: PlanRow, value: object) -> None:
        self._set(described.param.name, value, described.text)

    def _on_objectives_edited(self, text: Message, merge: object, objectives: tuple[Objective, ...]) -> None:
        project = self._editor.project
        plan, search = replace(project.plan, objectives=objectives), project.search
        for old, new in zip(project.plan.objectives, objectives, strict=False):
            if len(objectives) == len(project.plan.objectives) and old.name != new.name:
                search = search.with_objective_renamed(old.name, new.name)
        self._editor.push(replace(project.with_plan(plan), search=search), text, merge and ("plan", merge))

    def _connect(self) -> None:
        editor = self._editor
        self.split.edited.connect(lambda split: self._set("split", split, msg("Set the data split")))
        self.frozen.edited.connect(lambda nodes: self._set("frozen", nodes, msg("Set the frozen layers")))
        self.objectives.edited.connect(self._on_objectives_edited)
        self.objectives.reach_wanted.connect(self.reach_wanted)
        self.add_button.clicked.connect(self.objectives.add)
        self.overfit_button.clicked.connect(partial(self.requested.emit, "overfit"))
        self.range_button.clicked.connect(partial(self.requested.emit, "find_rate"))
        for group in (self.run, *self._folds):
            group.edited.connect(self._on_row_edited)
        for part in (self.split, self.run, *self._folds, self.objectives):
            part.finished.connect(editor.end_merge)
        editor.changed.connect(self._refresh)

    def _make_device_row(self) -> FieldRow:
        param = Param(
            name="device", kind=Kind.CHOICE, default=AUTO, choices=(AUTO,),
            help=tr("Where training runs. Automatic takes the fastest device that this computer has."),
        )  # fmt: skip
        self._device_field = ChoiceField(param, {})
        made = FieldRow(param, self._device_field, name=tr("Device"))
        made.edited.connect(lambda device: self._set("device", device, msg("Set the device")))
        made.reset_requested.connect(lambda: self._set("device", AUTO, msg("Set the device")))
        return made

    def _make_monitor_row(self) -> FieldRow:
        default = Plan().monitor
        param = Param(
            name="monitor", kind=Kind.CHOICE, default=default, choices=(default,),
            help=tr("The figure of the validation part that says which epoch is the best one, and when to end early."),
        )  # fmt: skip
        self._monitor_field = ChoiceField(param)
        made = FieldRow(param, self._monitor_field, name=tr("Watched figure"))
        made.edited.connect(lambda name: self._set("monitor", name, msg("Set the watched figure")))
        made.reset_requested.connect(lambda: self._set("monitor", default, msg("Set the watched figure")))
        return made

    def _lay_out(self) -> None:
        scroll = ScrollColumn(spacing=GRID + 1)
        inside = scroll.column
        for widget in (Heading(tr("Data split in percent"), first=True), self.split):
            inside.addWidget(widget)
        for widget in (Heading(tr("Run")), self.run, self.device, self._steps):
            inside.addWidget(widget)
        buttons = row(spacing=GRID)
        for button in (self.overfit_button, self.range_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        inside.addLayout(buttons)
        inside.addWidget(self.objectives)
        inside.addWidget(self.add_button)
        self._folds[self.averaging].column.addWidget(self.frozen)
        self._folds[self.stopping].column.addWidget(self.monitor)
        for group, fold in self._folds.items():
            fold.column.insertWidget(0, group)
            inside.addWidget(fold)
        for widget in (Heading(tr("Losses and metrics")), self._goals, self._no_loss):
            inside.addWidget(widget)
        inside.addStretch(1)
        self._help.setContentsMargins(MARGIN, GRID, MARGIN, 2 * GRID)
        layout = column(self)
        layout.addWidget(scroll, 1)
        layout.addWidget(self._help)


def _goals(nodes: Iterable[Node], catalog: Catalog) -> list[Node]:
    """The losses of a drawing, then its metrics."""
    found = [node for node in nodes if node.type in catalog and catalog[node.type].role in (Role.LOSS, Role.METRIC)]
    return sorted(found, key=lambda node: catalog[node.type].role is Role.METRIC)


def _step_facts(nodes: Iterable[Node], plan: Plan) -> list[tuple[str, ...]]:
    """How many samples and steps an epoch has, as far as the data is known."""
    counts = [count for node in nodes if (count := num_samples(facts_of(node)))]
    if not counts:
        return []
    samples = round(min(counts) * plan.split.train)
    steps = 1 if plan.batch_size == WHOLE else -(-samples // plan.batch_size)
    return [(tr("Training samples"), grouped(samples)), (tr("Steps / epoch"), grouped(steps))]

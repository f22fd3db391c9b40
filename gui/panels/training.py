"""The training plan: how the data is split, how long and where training runs, and how the weights are optimized."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from PySide6.QtWidgets import QWidget

from graph.catalog import Catalog, Kind, Param, Role
from graph.catalog.common import whole
from graph.catalog.optimizers import OPTIMIZERS, SCHEDULERS
from graph.messages import Message, msg, tr, translate
from graph.model import Node
from graph.plan import Choice, Objective, Plan
from gui.editor import Editor
from gui.figures import grouped
from gui.panels.choice_form import ChoiceForm
from gui.panels.data_facts import facts_of, num_samples
from gui.panels.fields import ChoiceField, make_field
from gui.panels.form import FieldRow, HelpLine
from gui.panels.parts import MARGIN, FactList, Heading, ScrollColumn, column, empty, label
from gui.panels.split import SplitForm
from gui.theme import GRID

MAX_SEED = 2**31 - 1
AUTO = "auto"


class TrainingPanel(QWidget):
    """Edits the plan. Every edit is one undo step; dragging through values is one together."""

    def __init__(self, editor: Editor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("Training"))
        self._editor = editor
        self._devices: dict[str, str] = {"cpu": tr("CPU")}
        self.split = SplitForm()
        self.rows = {param.name: self._make_row(param, name) for param, name in _run_params()}
        self.device = self._make_device_row()
        self.objectives: list[ObjectiveForm] = []
        self._objective_column = column()
        self._steps, self._goals = FactList(), FactList()
        self._no_loss = label(
            tr("The drawing has no loss yet. Add one from the library: it says what training makes small."),
            tone="faint",
            wrap=True,
        )
        self._help = HelpLine(self)
        self._lay_out()
        self.split.edited.connect(partial(self._set, "split"))
        self.split.finished.connect(editor.end_merge)
        editor.changed.connect(self._refresh)
        self._refresh()

    def set_devices(self, devices: Iterable[tuple[str, str]]) -> None:
        """Offer these devices, as pairs of id and name, besides the automatic choice."""
        self._devices = dict(devices)
        self._refresh()

    def _refresh(self, _change: object = None) -> None:
        project = self._editor.project
        plan, catalog = project.plan, project.catalog
        self.split.show_split(plan.split)
        for name, field_row in self.rows.items():
            value = getattr(plan, name)
            field_row.show_value(value, is_set=value != field_row.param.default)
        self._refresh_device(plan.device)
        self._refresh_objectives(plan.objectives)
        self._steps.set_facts(_step_facts(project.graph.nodes.values(), plan))
        goals = _goals(project.graph.nodes.values(), catalog)
        self._goals.set_facts([(node.name, translate(catalog[node.type].label)) for node in goals])
        self._no_loss.setVisible(not any(catalog[node.type].role is Role.LOSS for node in goals))
        self._help.refresh()

    def _refresh_device(self, device: str) -> None:
        labels = {AUTO: tr("Automatic"), **self._devices}
        if device not in labels:
            first = next((name for known, name in self._devices.items() if known.startswith(f"{device}:")), None)
            labels[device] = first or tr("{device} (not on this computer)", device=device)
        self._device_field.set_choices(labels)
        self.device.show_value(device, is_set=device != AUTO)

    def _refresh_objectives(self, objectives: tuple[Objective, ...]) -> None:
        if len(objectives) != len(self.objectives):
            empty(self._objective_column)
            self.objectives = [ObjectiveForm(partial(self._set_objective, n)) for n in range(len(objectives))]
            for form in self.objectives:
                form.finished_by(self._editor.end_merge)
                self._objective_column.addWidget(form)
        for form, objective in zip(self.objectives, objectives, strict=True):
            form.show_objective(objective, named=len(objectives) > 1)

    def _set(self, name: str, value: object) -> None:
        plan = self._editor.project.plan
        self._editor.set_plan(replace(plan, **{name: value}), _STEP_TEXTS[name], merge=("plan", name))

    def _set_objective(self, number: int, text: Message, merge: object, objective: Objective) -> None:
        plan = self._editor.project.plan
        changed = (*plan.objectives[:number], objective, *plan.objectives[number + 1 :])
        self._editor.set_plan(replace(plan, objectives=changed), text, merge=("plan", number, merge))

    def _make_row(self, param: Param, name: str) -> FieldRow:
        made = FieldRow(param, make_field(param), name=name)
        made.edited.connect(partial(self._set, param.name))
        made.finished.connect(self._editor.end_merge)
        made.reset_requested.connect(lambda: self._set(param.name, param.default))
        return made

    def _make_device_row(self) -> FieldRow:
        param = Param(
            name="device", kind=Kind.CHOICE, default=AUTO, choices=(AUTO,),
            help=tr("Where training runs. Automatic takes the fastest device that this computer has."),
        )  # fmt: skip
        self._device_field = ChoiceField(param, {})
        made = FieldRow(param, self._device_field, name=tr("Device"))
        made.edited.connect(partial(self._set, "device"))
        made.reset_requested.connect(lambda: self._set("device", AUTO))
        return made

    def _lay_out(self) -> None:
        scroll = ScrollColumn(spacing=GRID + 1)
        inside = scroll.column
        for widget in (Heading(tr("Data split in percent"), first=True), self.split):
            inside.addWidget(widget)
        for widget in (Heading(tr("Run")), *self.rows.values(), self.device, self._steps):
            inside.addWidget(widget)
        inside.addLayout(self._objective_column)
        for widget in (Heading(tr("Losses and metrics")), self._goals, self._no_loss):
            inside.addWidget(widget)
        inside.addStretch(1)
        self._help.setContentsMargins(MARGIN, GRID, MARGIN, 2 * GRID)
        layout = column(self)
        layout.addWidget(scroll, 1)
        layout.addWidget(self._help)


class ObjectiveForm(QWidget):
    """One objective: its optimizer with the learning rate first, and how the learning rate changes."""

    def __init__(self, edit: Callable[[Message, object, Objective], None]) -> None:
        super().__init__()
        self._edit = edit
        self._objective = Objective()
        self._title = Heading(tr("Optimization"))
        self.optimizer = ChoiceForm(OPTIMIZERS, name=tr("Optimizer"), first={"lr": tr("Learning rate")})
        self.scheduler = ChoiceForm(SCHEDULERS, name=tr("Schedule"))
        self.optimizer.edited.connect(self._on_optimizer_edited)
        self.scheduler.edited.connect(self._on_scheduler_edited)
        layout = column(self, spacing=GRID + 1)
        for widget in (self._title, self.optimizer, self.scheduler):
            layout.addWidget(widget)

    def show_objective(self, objective: Objective, *, named: bool) -> None:
        """Show an objective of the plan; `named` where there are several."""
        self._objective = objective
        self._title.set_text(tr("Optimization: {name}", name=objective.name) if named else tr("Optimization"))
        self.optimizer.show_choice(objective.optimizer)
        self.scheduler.show_choice(objective.scheduler)

    def finished_by(self, listener: Callable[[], None]) -> None:
        """Call `listener` at the end of each interaction."""
        self.optimizer.finished.connect(listener)
        self.scheduler.finished.connect(listener)

    def _on_optimizer_edited(self, choice: Choice, part: str) -> None:
        text = msg("Set the optimizer") if part == "type" else msg("Set {name} of the optimizer", name=part)
        self._edit(text, ("optimizer", part), replace(self._objective, optimizer=choice))

    def _on_scheduler_edited(self, choice: Choice, part: str) -> None:
        text = msg("Set the schedule") if part == "type" else msg("Set {name} of the schedule", name=part)
        self._edit(text, ("scheduler", part), replace(self._objective, scheduler=choice))


_STEP_TEXTS = {
    "split": msg("Set the data split"),
    "epochs": msg("Set the epochs"),
    "batch_size": msg("Set the batch size"),
    "seed": msg("Set the seed"),
    "device": msg("Set the device"),
}


def _run_params() -> tuple[tuple[Param, str], ...]:
    plan = Plan()
    return (
        (
            whole(
                "epochs",
                plan.epochs,
                tr("How often training goes through all training samples."),
                minimum=1,
                maximum=1_000_000,
            ),
            tr("Epochs"),
        ),
        (
            whole("batch_size", plan.batch_size, tr("Number of samples in each step."), minimum=1, maximum=1_000_000),
            tr("Batch size"),
        ),
        (
            whole(
                "seed",
                plan.seed,
                tr("Start of the random numbers: the same seed gives the same run."),
                minimum=0,
                maximum=MAX_SEED,
            ),
            tr("Seed"),
        ),
    )


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
    steps = -(-samples // plan.batch_size)
    return [(tr("Training samples"), grouped(samples)), (tr("Steps / epoch"), grouped(steps))]

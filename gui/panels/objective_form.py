"""One objective of a training plan: what it minimizes, what it trains, with which optimizer, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from graph.catalog import Kind, Param
from graph.catalog.optimizers import OPTIMIZERS, SCHEDULERS
from graph.messages import Message, msg, tr
from graph.model import NodeId, Project
from graph.plan import Choice, Objective
from graph.search import OPTIMIZER, SCHEDULER, ObjectivePlace, Place
from gui.panels.choice_form import ChoiceForm
from gui.panels.fields import EntryField
from gui.panels.fold import Fold
from gui.panels.form import FieldRow
from gui.panels.node_choice import LossChoice, NodeChoice, learning_nodes, losses_of
from gui.panels.parts import Heading, column, flat_button
from gui.panels.plan_rows import PlanRow, RowGroup, gradient_rows, penalty_rows, schedule_rows
from gui.theme import GRID

Edit = Callable[[Message, object, Objective], None]


class ObjectiveForm(QWidget):
    """An objective with its learning rate first. Name, losses and parameters are shown where there is a choice.

    `removed()`: take it out of the plan. `reach_wanted(bool)`: show on the canvas what its losses reach, or no longer.
    """

    removed = Signal()
    reach_wanted = Signal(bool)
    finished = Signal()

    def __init__(self, edit: Edit, selection: Callable[[], Iterable[NodeId]]) -> None:
        super().__init__()
        self._edit = edit
        self._objective = Objective()
        self._title = Heading(tr("Optimization"))
        self.remove_button = flat_button("close", tr("Remove this objective"))
        self.reach_button = flat_button("eye", tr("Show on the canvas which parameters its losses reach"))
        self.reach_button.setCheckable(True)
        self.name = self._make_name()
        self.losses = LossChoice()
        self.parameters = NodeChoice(
            tr("Trains"),
            tr("All layers"),
            tr("The layers and blocks whose parameters this objective changes."),
            selection,
        )
        self.optimizer = ChoiceForm(OPTIMIZERS, name=tr("Optimizer"), first={"lr": tr("Learning rate")})
        self.scheduler = ChoiceForm(SCHEDULERS, name=tr("Schedule"))
        self.schedule, self.gradients, self.penalties = (
            RowGroup(rows) for rows in (schedule_rows(), gradient_rows(), penalty_rows())
        )
        self.folds = {
            group: Fold(title, line=False)
            for group, title in (
                (self.schedule, tr("Warm-up")), (self.gradients, tr("Gradients")), (self.penalties, tr("Penalties")),
            )
        }  # fmt: skip
        self._connect()
        self._lay_out()

    def show_objective(self, objective: Objective, project: Project, *, alone: bool) -> None:
        """Show an objective of the plan; `alone` where it is the only one."""
        self._objective = objective
        names = losses_of(project)
        self._title.set_text(tr("Optimization") if alone else tr("Optimization: {name}", name=objective.name))
        self.remove_button.setVisible(not alone)
        self.name.setVisible(not alone)
        self.name.show_value(objective.name, is_set=False)
        self.losses.setVisible(len(names) > 1 or bool(objective.losses))
        self.losses.show_losses(objective.losses, names)
        self.parameters.show_nodes(objective.parameters, learning_nodes(project))
        self.optimizer.show_choice(objective.optimizer)
        self.scheduler.show_choice(objective.scheduler)
        for group, fold in self.folds.items():
            group.show_record(objective)
            fold.set_summary(group.summary(objective))

    def searchable_rows(self) -> Iterator[tuple[Place, FieldRow]]:
        """The rows that a sweep may try other values of, each with its place in the plan."""
        name = self._objective.name
        for field, form in ((OPTIMIZER, self.optimizer), (SCHEDULER, self.scheduler)):
            yield ObjectivePlace(name, field), form.type_row
            for param, shown in form.rows.items():
                yield ObjectivePlace(name, field, param), shown
        for group in self.folds:
            for setting, shown in group.rows.items():
                yield ObjectivePlace(name, setting), shown

    def reveal(self, place: ObjectivePlace) -> None:
        """Unfold what hides a row, and go to its field."""
        for group, fold in self.folds.items():
            if place.name in group.rows:
                fold.open()
        dict(self.searchable_rows())[place].field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _make_name(self) -> FieldRow:
        help_text = tr("What the objective is called among the figures of a run.")
        param = Param(
            name="name", kind=Kind.TEXT, default=Objective().name, pattern=r"[A-Za-z][A-Za-z0-9_]{0,40}", help=help_text
        )
        made = FieldRow(param, EntryField(param), name=tr("Name"))
        made.edited.connect(lambda name: self._set(msg("Rename the objective"), name=name))
        made.finished.connect(self.finished)
        return made

    def _connect(self) -> None:
        self.remove_button.clicked.connect(self.removed)
        self.reach_button.toggled.connect(self.reach_wanted)
        self.losses.edited.connect(lambda losses: self._set(msg("Set the losses of the objective"), losses=losses))
        self.parameters.edited.connect(lambda nodes: self._set(msg("Set what the objective trains"), parameters=nodes))
        self.optimizer.edited.connect(self._on_optimizer_edited)
        self.scheduler.edited.connect(self._on_scheduler_edited)
        for group in self.folds:
            group.edited.connect(self._on_row_edited)
        for part in (self.losses, self.optimizer, self.scheduler, *self.folds):
            part.finished.connect(self.finished)

    def _lay_out(self) -> None:
        for button in (self.reach_button, self.remove_button):
            self._title.add_button(button)
        layout = column(self, spacing=GRID + 1)
        for widget in (self._title, self.name, self.losses, self.parameters, self.optimizer, self.scheduler):
            layout.addWidget(widget)
        for group, fold in self.folds.items():
            fold.column.addWidget(group)
            layout.addWidget(fold)

    def _set(self, text: Message, **changes: object) -> None:
        self._edit(text, tuple(changes), replace(self._objective, **changes))  # type: ignore[arg-type]

    def _on_row_edited(self, described: PlanRow, value: object) -> None:
        self._set(described.text, **{described.param.name: value})

    def _on_optimizer_edited(self, choice: Choice, part: str) -> None:
        text = msg("Set the optimizer") if part == "type" else msg("Set {name} of the optimizer", name=part)
        self._edit(text, ("optimizer", part), replace(self._objective, optimizer=choice))

    def _on_scheduler_edited(self, choice: Choice, part: str) -> None:
        text = msg("Set the schedule") if part == "type" else msg("Set {name} of the schedule", name=part)
        self._edit(text, ("scheduler", part), replace(self._objective, scheduler=choice))


def another_objective(objectives: tuple[Objective, ...]) -> Objective:
    """A new objective with a name that none has."""
    names = {objective.name for objective in objectives}
    number = next(n for n in range(2, len(names) + 3) if f"objective{n}" not in names)
    return Objective(f"objective{number}")


class ObjectiveList(QWidget):
    """All objectives of a plan and the button that adds one. `edited(text, merge, objectives)`; `reach_wanted(number or -1)`."""

    edited = Signal(object, object, object)
    finished = Signal()
    reach_wanted = Signal(int)

    def __init__(self, selection: Callable[[], Iterable[NodeId]]) -> None:
        super().__init__()
        self._selection = selection
        self._objectives: tuple[Objective, ...] = ()
        self.forms: list[ObjectiveForm] = []
        self._column = column(self, spacing=GRID + 1)

    def show_objectives(self, project: Project) -> None:
        """Show the objectives of the plan of a project."""
        self._objectives = project.plan.objectives
        while len(self.forms) < len(self._objectives):
            self._add_form(len(self.forms))
        while len(self.forms) > len(self._objectives):
            form = self.forms.pop()
            form.hide()
            form.deleteLater()
        for form, objective in zip(self.forms, self._objectives, strict=True):
            form.show_objective(objective, project, alone=len(self.forms) == 1)

    def searchable_rows(self) -> Iterator[tuple[Place, FieldRow]]:
        """The rows of all objectives that a sweep may try other values of."""
        for form in self.forms:
            yield from form.searchable_rows()

    def reveal(self, place: ObjectivePlace) -> None:
        """Go to the field of a place."""
        for form, objective in zip(self.forms, self._objectives, strict=True):
            if objective.name == place.objective:
                form.reveal(place)

    def add(self) -> None:
        """One more objective, over all losses and parameters."""
        new = another_objective(self._objectives)
        self.edited.emit(msg("Add an objective"), None, (*self._objectives, new))

    def _add_form(self, number: int) -> None:
        form = ObjectiveForm(partial(self._change, number), self._selection)
        form.removed.connect(partial(self._remove, number))
        form.finished.connect(self.finished)
        form.reach_wanted.connect(partial(self._on_reach, number))
        self.forms.append(form)
        self._column.addWidget(form)

    def _change(self, number: int, text: Message, merge: object, objective: Objective) -> None:
        changed = (*self._objectives[:number], objective, *self._objectives[number + 1 :])
        self.edited.emit(text, (number, merge), changed)

    def _remove(self, number: int) -> None:
        kept = (*self._objectives[:number], *self._objectives[number + 1 :])
        self.edited.emit(msg("Remove an objective"), None, kept)

    def _on_reach(self, number: int, wanted: bool) -> None:
        """At most one is shown."""
        for other, form in enumerate(self.forms):
            if wanted and other != number and form.reach_button.isChecked():
                form.reach_button.setChecked(False)
        self.reach_wanted.emit(number if wanted else -1)

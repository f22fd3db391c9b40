"""The trials of a sweep as a Qt model: sorted, with what each tried and came to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal

from graph.catalog import Catalog
from graph.catalog.optimizers import OPTIMIZERS, SCHEDULERS
from graph.figure_titles import goal_title
from graph.messages import Message, msg, tr, translate
from graph.model import Project, Value
from graph.plan import WHOLE
from graph.search import (
    COSTS,
    LATENCY,
    OPTIMIZER,
    SCHEDULER,
    TYPE,
    Entry,
    NodePlace,
    ObjectivePlace,
    Options,
    Place,
    PlanPlace,
)
from graph.search_labels import place_label
from gui.figures import clock, figure, grouped
from gui.panels.searchable_spaces import number_text, option_text
from gui.sweep_controller import Report
from runtime.sweep_events import FAILED, FINISHED, PRUNED, RUNNING, STOPPED
from runtime.sweep_folders import Sweep, Trial, ranked
from runtime.sweep_insight import pareto

Index = QModelIndex | QPersistentModelIndex
NUMBER, STATUS, SECONDS = "number", "status", "seconds"
STATES: Mapping[str, Message] = {
    FINISHED: msg("finished"),
    PRUNED: msg("pruned"),
    FAILED: msg("failed"),
    STOPPED: msg("stopped"),
    RUNNING: msg("running"),
}
PRUNED_WORDS = msg("It fell behind the others and was ended early.")


@dataclass(frozen=True)
class Column:
    """A column: `kind` is one of the constants here, "value" or "goal"; `at` is the place among the values or goals. Numbers
    stand flush right."""

    kind: str
    title: str
    help: str
    at: int = 0
    is_number: bool = True


class TrialsModel(QAbstractTableModel):
    """The trials in order; a click on a title sorts by it, the best first. `is_best` tells those that nothing beats.

    `about_to_arrange()` and `arranged()` stand around every change of which rows are where.
    """

    about_to_arrange = Signal()
    arranged = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.sweep: Sweep | None = None
        self.shown: list[Trial] = []
        self.columns: list[Column] = []
        self._reports: Mapping[int, Report] = {}
        self.best: frozenset[int] = frozenset()
        self.sorting: tuple[str, int, bool] = (NUMBER, 0, True)  # kind, place, whether it falls

    # ---- content

    def show_sweep(self, sweep: Sweep | None, reports: Mapping[int, Report]) -> None:
        """Show a sweep as it is now; `reports` says how far the trials under way are."""
        other = sweep is None or self.sweep is None or sweep.path != self.sweep.path
        self.about_to_arrange.emit()
        self.beginResetModel()
        self.sweep, self._reports = sweep, dict(reports)
        if other:
            self.columns = _columns(sweep) if sweep else []
            self.sorting = (NUMBER, 0, True)
        self.best = best_of(sweep) if sweep else frozenset()
        self._sort()
        self.endResetModel()
        self.arranged.emit()

    def sort_by(self, column: Column) -> None:
        """Sort by a column: the best first, then the other way round."""
        kind, at, falls = self.sorting
        same = (kind, at) == (column.kind, column.at)
        self.about_to_arrange.emit()
        self.beginResetModel()
        self.sorting = (column.kind, column.at, not falls if same else self._begins_falling(column))
        self._sort()
        self.endResetModel()
        self.arranged.emit()

    def is_best(self, trial: Trial) -> bool:
        """Whether nothing beats a trial: the best one, or those of the front of several goals."""
        return trial.number in self.best

    def row_of(self, number: int) -> int | None:
        """The row of a trial."""
        return next((i for i, trial in enumerate(self.shown) if trial.number == number), None)

    def _begins_falling(self, column: Column) -> bool:
        if column.kind == "goal" and self.sweep is not None:
            return self.sweep.directions[column.at] == "max"
        return column.kind == NUMBER

    def _sort(self) -> None:
        kind, at, falls = self.sorting
        trials = list(self.sweep.trials) if self.sweep else []
        trials.sort(key=lambda trial: trial.number, reverse=True)
        known = [trial for trial in trials if (self._key(trial, kind, at)) is not None]
        known.sort(key=lambda trial: self._key(trial, kind, at), reverse=falls)  # type: ignore[arg-type, return-value]
        self.shown = known + [trial for trial in trials if self._key(trial, kind, at) is None]

    def _key(self, trial: Trial, kind: str, at: int) -> object:
        if kind == "goal":
            value = self.goal(trial, at)
            return None if value is None or math.isnan(value) else value
        if kind == "value":
            value = trial.values[at]
            number = isinstance(value, int | float)
            return (0, float(value), "") if number else (1, 0.0, str(value))  # type: ignore[arg-type]
        return {NUMBER: trial.number, STATUS: trial.status, SECONDS: trial.seconds or None}[kind]

    def goal(self, trial: Trial, at: int) -> float | None:
        """What a trial came to, or has reached so far."""
        if trial.goals:
            return trial.goals[at]
        report = self._reports.get(trial.number)
        return report.figures.get(self.sweep.goals[at]) if report and self.sweep else None

    # ---- for Qt

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.shown)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self.shown):
            return None
        trial, column = self.shown[index.row()], self.columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(trial, column)
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return self.words(trial, column)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal or section >= len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.is_number else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return column.help
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        kind, at, falls = self.sorting
        mark = (" ↓" if falls else " ↑") if (kind, at) == (column.kind, column.at) else ""
        return f"{column.title}{mark}"

    # ---- words

    def text(self, trial: Trial, column: Column) -> str:
        """What a cell shows."""
        if column.kind == NUMBER:
            return str(trial.number)
        if column.kind == STATUS:
            report = self._reports.get(trial.number)
            if trial.status == RUNNING and report is not None:
                return tr("epoch {epoch}", epoch=report.epoch)
            state = str(STATES.get(trial.status, trial.status))
            return tr("{state}, best", state=state) if self.is_best(trial) else state
        if column.kind == SECONDS:
            return clock(trial.seconds) if trial.seconds else ""
        if self.sweep is None:
            return ""
        if column.kind == "value":
            return value_text(self.sweep.project, self.sweep.search.entries[column.at].place, trial.values[column.at])
        return goal_text(self.sweep.goals[column.at], self.goal(trial, column.at))

    def words(self, trial: Trial, column: Column) -> str:
        """What a cell says, for a screen reader and the tool tip; of a trial that was not finished also why."""
        text = f"{column.title}: {self.text(trial, column) or '–'}"
        return "\n".join(filter(None, (text, reason_of(trial))))


def reason_of(trial: Trial) -> str:
    """Why a trial did not reach its end; empty if it did or is under way."""
    return str(PRUNED_WORDS) if trial.status == PRUNED else trial.message


def best_of(sweep: Sweep) -> frozenset[int]:
    """The numbers of the trials that nothing beats: the best one, or those of the front of several goals."""
    if len(sweep.goals) > 1:
        return frozenset(pareto(sweep))
    return frozenset(trial.number for trial in ranked(sweep, sweep.finished)[:1])


def goal_text(goal: str, value: float | None) -> str:
    """What a trial came to in a goal, for people."""
    if value is None:
        return ""
    if goal == LATENCY:
        return tr("{time} ms", time=f"{value:.3g}")
    return grouped(value) if goal in COSTS else figure(value)


def value_text(project: Project, place: Place, value: Value) -> str:
    """A value that a trial has at a place, for people."""
    if isinstance(place, ObjectivePlace) and not place.param:
        entry = {OPTIMIZER: OPTIMIZERS, SCHEDULER: SCHEDULERS}.get(place.name, {}).get(str(value))
        if entry is not None:
            return translate(entry.label)
    if isinstance(place, NodePlace) and place.name == TYPE:
        return type_label(project.catalog, str(value))
    if is_whole_batch(place, value):
        return tr("all")
    return number_text(value, digits=4) if isinstance(value, float) else option_text(value)


def is_whole_batch(place: Place, value: Value) -> bool:
    """Whether a value stands for batches of all samples."""
    return place == PlanPlace("batch_size") and value == WHOLE


def type_label(catalog: Catalog, type_id: str) -> str:
    """What a node type is called."""
    found = catalog.get(type_id)
    return found.label if found is not None else type_id


def _has_numbers(entry: Entry) -> bool:
    options = entry.space.values if isinstance(entry.space, Options) else ()
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in options)


def _columns(sweep: Sweep) -> list[Column]:
    labels = [place_label(sweep.project, entry.place) for entry in sweep.search.entries]
    better = {"min": tr("smaller is better"), "max": tr("larger is better")}
    return [
        Column(NUMBER, "#", tr("The number of the trial")),
        Column(STATUS, tr("Status"), tr("How far the trial came"), is_number=False),
        *(
            Column("goal", str(goal_title(goal)), f"{goal_title(goal)}: {better[way]}", i)
            for i, (goal, way) in enumerate(zip(sweep.goals, sweep.directions, strict=True))
        ),
        *(Column("value", label, label, i, _has_numbers(sweep.search.entries[i])) for i, label in enumerate(labels)),
        Column(SECONDS, tr("Time"), tr("How long the trial took")),
    ]

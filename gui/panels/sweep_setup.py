"""What a sweep is to do, beside its table: what is searched, how, how often, and by which goals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeGuard

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QGridLayout, QMenu, QSizePolicy, QWidget

from graph.catalog import Kind, Param
from graph.catalog.common import flag, whole
from graph.figure_titles import goal_title
from graph.figures import watched_figures
from graph.messages import Message, msg, tr
from graph.model import Project, Value
from graph.search import COSTS, RANDOM, TPE, Entry, Goal, Options, Place, Search
from graph.search import GRID as GRID_METHOD
from graph.search_labels import place_label, place_words
from gui.editor import Editor
from gui.panels.fields import ChoiceField, make_field
from gui.panels.form import FieldRow
from gui.panels.parts import (
    ElidedLabel,
    Heading,
    ScrollColumn,
    SmallButton,
    column,
    empty,
    flat_button,
    label,
    row,
    small_button,
)
from gui.panels.searchable_spaces import space_text
from gui.panels.sweep_model import value_text
from gui.theme import GRID
from runtime.sweep_course import goals_of
from runtime.sweep_problems import Obstacle, gone_places, notes_of, obstacles_of

CALM = 200  # milliseconds after an edit until problems are looked for
MAX_TRIALS, MAX_AT_ONCE, MAX_SEED = 100_000, 64, 2**31 - 1
METHODS = {TPE: msg("Guided (TPE)"), RANDOM: msg("At random"), GRID_METHOD: msg("Grid")}
SETTINGS = {
    "method": msg("Method"),
    "trials": msg("Trials"),
    "at_once": msg("At once"),
    "prune": msg("Prune"),
    "seed": msg("Seed"),
}


class SweepSetup(QWidget):
    """Edits the search of the document; each edit is an undo step. `place_requested(Place)`: go to where it is edited."""

    place_requested = Signal(object)

    def __init__(self, editor: Editor) -> None:
        super().__init__()
        self.setAccessibleName(tr("What a sweep does"))
        self._editor = editor
        self._shown: tuple[tuple[Place, str, str], ...] = ()
        self.entries: list[EntryRow] = []
        self._list = column(spacing=2)
        hint = tr(
            "Nothing is searched yet. Right-click the name of a setting, such as the learning rate, and choose 'Search this…'."
        )
        self._hint = label(hint, tone="faint", wrap=True)
        self.rows = {param.name: self._make_row(param) for param in _params()}
        self.goals = GoalChoice(self._set_goals)
        self.problems: list[ProblemLine] = []
        self._obstacles: list[Obstacle] = []
        self._problems = column(spacing=GRID)
        self._notes = label("", tone="faint", wrap=True)
        self._notes.hide()
        self._lay_out()
        self._calm = QTimer(self, singleShot=True, interval=CALM)
        self._calm.timeout.connect(self._look_for_problems)
        self._last: Project | None = None  # that problems were looked for in
        editor.changed.connect(self.refresh)
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._look_for_problems()

    @Slot()
    def refresh(self, _change: object = None) -> None:
        """Show the search of the document as it is now."""
        project = self._editor.project
        search = project.search
        self._show_entries(search.entries)
        for name, shown in self.rows.items():
            value = getattr(search, name)
            shown.show_value(value, is_set=value != getattr(Search(), name))
        self.rows["prune"].setVisible(len(search.goals) < 2)
        self.rows["seed"].setVisible(search.method != GRID_METHOD)
        self.goals.show_goals(search.goals, self._offered(), goals_of(project))
        self._calm.start()

    # ---- what is searched

    def _show_entries(self, entries: tuple[Entry, ...]) -> None:
        project = self._editor.project
        texts = tuple((e.place, place_words(project, e.place), _values(project, e)) for e in entries)
        if texts != self._shown:
            self._shown = texts
            empty(self._list)
            self.entries = []
            for place, name, values in texts:
                line = EntryRow(name, values)
                line.opened.connect(partial(self._go_to, place))
                line.removed.connect(partial(self._remove, place))
                self.entries.append(line)
                self._list.addWidget(line)
        self._hint.setVisible(not entries)

    def _remove(self, place: Place) -> None:
        text = msg("Do not search {name}", name=place_words(self._editor.project, place))
        self._change(lambda search: search.with_space(place, None), text)

    # ---- how

    def _make_row(self, param: Param) -> FieldRow:
        labels = {method: str(name) for method, name in METHODS.items()}
        field = ChoiceField(param, labels) if param.kind is Kind.CHOICE else make_field(param)
        made = FieldRow(param, field, name=str(SETTINGS[param.name]))
        made.edited.connect(partial(self._set, param.name))
        made.finished.connect(self._editor.end_merge)
        made.reset_requested.connect(partial(self._set, param.name, param.default))
        return made

    def _set(self, name: str, value: Value) -> None:
        text = msg("Set {name} of the sweep", name=SETTINGS[name])
        self._change(lambda search: replace(search, **{name: value}), text, merge=("search", name))

    def _set_goals(self, goals: tuple[Goal, ...]) -> None:
        self._change(lambda search: replace(search, goals=goals), msg("Set the goals of the sweep"))

    def _change(self, edit: Callable[[Search], Search], text: Message, merge: object = None) -> None:
        self._editor.change(lambda project: replace(project, search=edit(project.search)), text, merge)

    def _offered(self) -> dict[str, str]:
        figures = watched_figures(self._editor.project)
        return {name: str(goal_title(name)) for name in (*figures, *COSTS)}

    # ---- what is in the way

    @Slot()
    def _look_for_problems(self) -> None:
        """Each value is tried in the drawing, which takes a moment: only when the person pauses, and sees it."""
        project = self._editor.project
        if self.isVisible() and project is not self._last:
            self._last = project
            self._show_problems(obstacles_of(project) if project.search.entries else [])
            notes = notes_of(project)
            self._notes.setText("\n".join(map(str, notes)))
            self._notes.setVisible(bool(notes))

    def _show_problems(self, problems: list[Obstacle]) -> None:
        if problems == self._obstacles:
            return
        self._obstacles = problems
        empty(self._problems)
        self.problems = []
        for problem in problems:
            gone = problem.where if self._is_gone(problem.where) else None
            line = ProblemLine(str(problem.message), removes=gone is not None)
            line.opened.connect(partial(self._go_to, problem.where) if gone is None else partial(self._remove, gone))
            self.problems.append(line)
            self._problems.addWidget(line)

    def _is_gone(self, where: Place | str) -> TypeGuard[Place]:
        project = self._editor.project
        return not isinstance(where, str) and place_label(project, where) in gone_places(project)

    def _go_to(self, where: Place | str) -> None:
        """To where something is mended: a field here, the place that is searched, or its line here where it is gone."""
        fields = {name: shown.field for name, shown in self.rows.items()} | {"goals": self.goals.button}
        lines = {place: line.remove_button for line, (place, *_) in zip(self.entries, self._shown, strict=True)}
        if isinstance(where, str):
            field = fields[where]
        elif self._is_gone(where):
            field = lines[where]
        else:
            self.place_requested.emit(where)
            return
        field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._scroll.ensureWidgetVisible(field)

    def _lay_out(self) -> None:
        self._scroll = ScrollColumn(spacing=GRID + 1)
        inside = self._scroll.column
        inside.addWidget(Heading(tr("Searched"), first=True))
        inside.addWidget(self._hint)
        inside.addLayout(self._list)
        inside.addLayout(self._problems)
        inside.addWidget(Heading(tr("Sweep")))
        for name, shown in self.rows.items():
            inside.addWidget(shown)
            if name == "trials":
                inside.addWidget(self.goals)
        inside.addWidget(self._notes)
        inside.addStretch(1)
        column(self).addWidget(self._scroll)


class EntryRow(QFrame):
    """A place that is searched, and what is tried there. `opened()`: go there. `removed()`: do not search it."""

    opened = Signal()
    removed = Signal()

    def __init__(self, name: str, values: str) -> None:
        super().__init__()
        self.setProperty("kind", "row")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(tr("{name}: a sweep tries {values}", name=name, values=values))
        self.setToolTip(tr("{name}: a sweep tries {values}", name=name, values=values))
        self.remove_button = flat_button("close", tr("Do not search {name}", name=name))
        self.remove_button.clicked.connect(self.removed)
        self._texts = ElidedLabel(name, mono=True), ElidedLabel(values, tone="muted", mono=True)
        self._words = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._words.setSpacing(0)
        for text in self._texts:
            self._words.addWidget(text)
        line = row(self, spacing=GRID)
        line.setContentsMargins(GRID, 0, 0, 0)
        line.addLayout(self._words, 1)
        line.addWidget(self.remove_button, 0, Qt.AlignmentFlag.AlignTop)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The values are beside the name, or below it where there is no room for both."""
        super().resizeEvent(event)
        name, values = (text.sizeHint().width() for text in self._texts)
        fits = name + values + 3 * GRID <= self._words.geometry().width()
        directions, align = QBoxLayout.Direction, Qt.AlignmentFlag
        self._words.setDirection(directions.LeftToRight if fits else directions.TopToBottom)
        for place, width in enumerate((name, values)):
            self._words.setStretch(place, width if fits else 0)
        self._texts[1].setAlignment((align.AlignRight if fits else align.AlignLeft) | align.AlignVCenter)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.opened.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.opened.emit()
        elif event.key() == Qt.Key.Key_Delete:
            self.removed.emit()
        else:
            super().keyPressEvent(event)


class ProblemLine(QWidget):
    """A sentence about what is in the way. `opened()`: its button was pressed, which leads to where it is mended, or `removes` it."""

    opened = Signal()

    def __init__(self, text: str, *, removes: bool) -> None:
        super().__init__()
        self.text = text
        line = row(self, spacing=GRID)
        line.addWidget(label(text, tone="error", wrap=True), 1)
        self.button = (
            small_button(tr("Remove"), "close")
            if removes
            else flat_button("arrow-right", tr("Go there: {problem}", problem=text))
        )
        if removes:
            self.button.setAccessibleName(tr("Remove: {problem}", problem=text))
        self.button.clicked.connect(self.opened)
        line.addWidget(self.button, 0, Qt.AlignmentFlag.AlignTop)


class GoalChoice(QWidget):
    """The goals that count, the first one first; none means the figure that the plan watches."""

    def __init__(self, choose: Callable[[tuple[Goal, ...]], object]) -> None:
        super().__init__()
        self._choose = choose
        self._goals: tuple[Goal, ...] = ()
        self._offered: dict[str, str] = {}
        text = tr("What counts. With several goals, trials that nothing beats in all of them are the best ones.")
        caption = ElidedLabel(tr("Goals"), tone="muted")
        caption.setToolTip(text)
        self.button = SmallButton("")
        self.button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.button.clicked.connect(self._open)
        caption.setBuddy(self.button)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(2 * GRID)
        grid.setColumnStretch(0, 10)
        grid.setColumnStretch(1, 12)
        grid.addWidget(caption, 0, 0)
        grid.addWidget(self.button, 0, 1)

    def show_goals(self, goals: tuple[Goal, ...], offered: dict[str, str], meant: tuple[str, ...]) -> None:
        """Show the goals that were chosen of those that can be; `meant` are those that count."""
        self._goals, self._offered = goals, offered
        text = ", ".join(str(goal_title(figure)) for figure in meant)
        self.button.setText(text)
        self.button.setToolTip(text if goals else tr("What the plan watches: {figure}", figure=text))
        self.button.setAccessibleName(tr("Goals: {goals}", goals=text))

    def menu(self) -> QMenu:
        """The goals to choose from."""
        menu = QMenu(self)
        watched = menu.addAction(tr("What the plan watches"), partial(self._choose, ()))
        watched.setCheckable(True)
        watched.setChecked(not self._goals)
        menu.addSeparator()
        chosen = {goal.figure for goal in self._goals}
        for figure, name in {**self._offered, **{f: str(goal_title(f)) for f in chosen - self._offered.keys()}}.items():
            action = menu.addAction(name, partial(self._toggle, figure))
            action.setCheckable(True)
            action.setChecked(figure in chosen)
        return menu

    def _open(self) -> None:
        menu = self.menu()
        menu.exec(self.button.mapToGlobal(self.button.rect().bottomLeft()))
        menu.deleteLater()

    def _toggle(self, figure: str) -> None:
        kept = tuple(goal for goal in self._goals if goal.figure != figure)
        self._choose(kept if len(kept) < len(self._goals) else (*self._goals, Goal(figure)))


def _params() -> tuple[Param, ...]:
    default = Search()
    return (
        Param(
            name="method", kind=Kind.CHOICE, choices=tuple(METHODS), default=default.method,
            help=tr("Guided: each trial learns from those before. Random: each is drawn anew. Grid: every combination once."),
        ),
        whole("trials", default.trials, tr("How many trials are made at most."), minimum=1, maximum=MAX_TRIALS),
        whole("at_once", default.at_once, tr("How many trials train side by side, each in a process of its own."), minimum=1,
              maximum=MAX_AT_ONCE),
        flag("prune", default.prune, tr("Ends trials early that fall behind the others.")),
        whole("seed", default.seed, tr("Start of the random numbers that values are drawn with."), minimum=0, maximum=MAX_SEED),
    )  # fmt: skip


def _values(project: Project, entry: Entry) -> str:
    """What is tried at a place, with the words for choices."""
    if isinstance(entry.space, Options):
        shown = (value_text(project, entry.place, value) for value in entry.space.values)
        return ", ".join(shown)
    return space_text(entry.space)

"""Pictures beside the table of trials: the best so far, all values at once, two goals, what mattered, and the curves of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QButtonGroup, QComboBox, QStackedLayout, QWidget

from graph.figure_titles import goal_title, title_of
from graph.messages import tr
from graph.search import Span
from graph.search_labels import place_label
from gui.panels.empty import EmptyState
from gui.panels.legend import Choice
from gui.panels.parts import column, row
from gui.panels.runs_reader import RunsReader
from gui.panels.sweep_model import is_whole_batch, value_text
from gui.theme import GRID, theme
from runtime.run_curves import TRAIN, VALIDATION, Curves
from runtime.sweep_folders import Sweep, Trial

if TYPE_CHECKING:
    from pathlib import Path

    from gui.panels.parallel import ParallelView
    from gui.panels.runs_plot import OverlayCard
    from gui.panels.sweep_plots import FrontCard, ProgressCard

PROGRESS, PARALLEL, FRONT, IMPORTANCE, CURVES = "progress", "parallel", "front", "importance", "curves"
LEAST = 300  # pixels at 100 %
PACE = 250  # milliseconds between two pictures while trials end
MARGIN = 3 * GRID


class Picture(Protocol):
    """What can be shown of a sweep."""

    def show_sweep(self, sweep: Sweep) -> None: ...


class SweepSide(QWidget):
    """`chosen(number)`: the person pointed at a trial."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sweep: Sweep | None = None
        self._trial: Trial | None = None
        self.pages: dict[str, QWidget] = {}
        self._pace = QTimer(self, singleShot=True, interval=PACE)
        self._pace.timeout.connect(self._draw)
        self._makers: dict[str, Callable[[], QWidget]] = {
            PROGRESS: self._make_progress, PARALLEL: self._make_parallel, FRONT: self._make_front,
            IMPORTANCE: self._make_importance, CURVES: self._make_curves,
        }  # fmt: skip
        self.setMinimumWidth(theme.px(LEAST))
        self._build()

    def show_sweep(self, sweep: Sweep | None) -> None:
        """Show a sweep as it is now; pictures follow a few times a second."""
        other = sweep is None or self.sweep is None or sweep.path != self.sweep.path
        self.sweep = sweep
        several = sweep is not None and len(sweep.goals) > 1
        self.choices[FRONT].setVisible(several)
        if not several and self.choices[FRONT].isChecked():
            self.choices[PROGRESS].setChecked(True)
        if other:
            self._pace.stop()
            self._draw()
        elif not self._pace.isActive():
            self._pace.start()

    def show_trial(self, trial: Trial | None) -> None:
        """Mark a trial in the pictures."""
        self._trial = trial
        self._mark()

    def show_page(self, name: str) -> None:
        """Bring a picture to the front."""
        self.choices[name].setChecked(True)

    # ---- machinery

    def _build(self) -> None:
        words = {
            PROGRESS: tr("Progress"), PARALLEL: tr("Parallel"), FRONT: tr("Front"), IMPORTANCE: tr("Importance"),
            CURVES: tr("Curves"),
        }  # fmt: skip
        self.choices = {name: Choice(text) for name, text in words.items()}
        group = QButtonGroup(self)
        head = row(spacing=3 * GRID)
        for choice in self.choices.values():
            group.addButton(choice)
            head.addWidget(choice)
        head.addStretch(1)
        self.choices[FRONT].hide()
        hint = tr("Their results are drawn here.")
        self._nothing = EmptyState("chart", tr("No trials yet"), hint)
        layout = column(self, spacing=2 * GRID)
        layout.setContentsMargins(MARGIN, 2 * GRID, MARGIN, 2 * GRID)
        layout.addLayout(head)
        self._stack = QStackedLayout()
        layout.addLayout(self._stack, 1)
        self._stack.addWidget(self._nothing)
        self.choices[PROGRESS].setChecked(True)
        group.buttonToggled.connect(self._on_chosen)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._draw()

    @property
    def _name(self) -> str:
        return next(name for name, choice in self.choices.items() if choice.isChecked())

    def _on_chosen(self, _button: object, checked: bool) -> None:
        if checked:
            self._draw()

    @Slot()
    def _draw(self) -> None:
        """Draw the picture in front, if it can be seen."""
        if self.sweep is None or not self.sweep.trials:
            self._stack.setCurrentWidget(self._nothing)
            return
        if not self.isVisible():
            return
        name = self._name
        if name not in self.pages:
            self.pages[name] = self._makers[name]()
            self._stack.addWidget(self.pages[name])
        page = self.pages[name]
        page.show_sweep(self.sweep)  # type: ignore[attr-defined]
        self._stack.setCurrentWidget(page)
        self._mark()

    def _mark(self) -> None:
        page = self.pages.get(self._name)
        if page is not None and hasattr(page, "mark") and self.sweep is not None:
            page.mark(self._trial.number if self._trial else None)  # type: ignore[attr-defined]

    def _make_progress(self) -> ProgressCard:
        from gui.panels.sweep_plots import ProgressCard

        card = ProgressCard()
        card.chosen.connect(self.chosen)
        return card

    def _make_front(self) -> FrontCard:
        from gui.panels.sweep_plots import FrontCard

        card = FrontCard()
        card.chosen.connect(self.chosen)
        return card

    def _make_importance(self) -> QWidget:
        from gui.panels.sweep_bars import ImportanceCard

        return ImportanceCard()

    def _make_parallel(self) -> QWidget:
        page = ParallelPage()
        page.chosen.connect(self.chosen)
        return page

    def _make_curves(self) -> QWidget:
        return CurvesPage()


class ParallelPage(QWidget):
    """The finished trials as lines over an axis for each place and goal."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        from gui.panels.parallel import ParallelView

        self.view: ParallelView = ParallelView()
        self.view.chosen.connect(self._on_chosen)
        self._trials: tuple[Trial, ...] = ()
        self._shown: object = None
        column(self).addWidget(self.view)

    def show_sweep(self, sweep: Sweep) -> None:
        """Show what was finished."""
        from gui.panels.parallel import Axis

        key = (sweep.path, tuple(trial.number for trial in sweep.finished))
        if key == self._shown:
            return
        self._shown, self._trials = key, sweep.finished
        axes = []
        for i, entry in enumerate(sweep.search.entries):
            values = [_axis_value(sweep, i, trial) for trial in self._trials]
            log = isinstance(entry.space, Span) and entry.space.log
            axes.append(Axis(place_label(sweep.project, entry.place), values, log))
        for i, (goal, way) in enumerate(zip(sweep.goals, sweep.directions, strict=True)):
            axes.append(Axis(str(goal_title(goal)), [t.goals[i] for t in self._trials], larger_is_better=way == "max"))
        names = [tr("trial {number}", number=trial.number) for trial in self._trials]
        self.view.set_data(axes, len(sweep.search.entries), names)

    def mark(self, number: int | None) -> None:
        """Let the line of a trial stand out."""
        self.view.mark([i for i, trial in enumerate(self._trials) if trial.number == number])

    @Slot(int)
    def _on_chosen(self, line: int) -> None:
        self.chosen.emit(self._trials[line].number)


class CurvesPage(QWidget):
    """The curves of the trial with the cursor."""

    def __init__(self) -> None:
        super().__init__()
        from gui.panels.runs_plot import OverlayCard

        self.card: OverlayCard = OverlayCard()
        self.figure = QComboBox()
        self.figure.setAccessibleName(tr("Figure to draw"))
        self.figure.activated.connect(self._draw)
        self.card.counted.connect(self._draw)
        self.card.header.insertWidget(1, self.figure)
        self._reader = RunsReader(self)
        self._reader.curves_read.connect(self._on_read)
        self._sweep: Sweep | None = None
        self._number: int | None = None
        self._curves: Curves | None = None
        column(self).addWidget(self.card)

    def show_sweep(self, sweep: Sweep) -> None:
        """The trials that there are."""
        self._sweep = sweep

    def mark(self, number: int | None) -> None:
        """Show the curves of a trial."""
        self._number = number
        trial = self._trial
        if trial is None or trial.run is None:
            self._curves = None
            self._draw()
        else:
            self._reader.read_curves(trial.run)

    @property
    def _trial(self) -> Trial | None:
        trials = self._sweep.trials if self._sweep else ()
        return next((trial for trial in trials if trial.number == self._number), None)

    @Slot(object, object)
    def _on_read(self, path: Path, curves: Curves) -> None:
        if self._trial is not None and path == self._trial.run:
            self._curves = curves
            before = self.figure.currentData()
            self.figure.clear()
            for name in curves.figures:
                self.figure.addItem(title_of(name), name)
            self.figure.setCurrentIndex(max(0, self.figure.findData(before)))
            self._draw()

    @Slot()
    def _draw(self) -> None:
        from gui.panels.runs_plot import Overlaid

        trial, name = self._trial, self.figure.currentData()
        wanted = []
        if trial is not None and self._curves is not None:
            for part, role in ((TRAIN, "train"), (VALIDATION, "validation")):
                if (line := self._curves.lines.get((part, name))) is not None:
                    words = tr("training") if part == TRAIN else tr("validation")
                    wanted.append(Overlaid(str(trial.number), words, role, part, line, self._curves.steps_per_epoch))
        title = tr("Trial {number}", number=trial.number) if trial else tr("Choose a trial in the table")
        self.card.name_figure(
            title if wanted or trial is None else tr("Trial {number} left no run", number=trial.number)
        )
        self.card.show_curves(wanted)


def _axis_value(sweep: Sweep, at: int, trial: Trial) -> float | str | None:
    value, place = trial.values[at], sweep.search.entries[at].place
    if isinstance(value, int | float) and not isinstance(value, bool) and not is_whole_batch(place, value):
        return float(value)
    return value_text(sweep.project, place, value)

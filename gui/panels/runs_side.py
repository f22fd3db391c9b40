"""Beside the table of runs: the curves of the ticked ones, what differs between two of them, or all as parallel coordinates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QComboBox, QHBoxLayout, QStackedLayout, QWidget

from graph.compare import compare, count_line
from graph.figure_titles import TITLES
from graph.messages import LayerloomError, Message, tr
from gui.compare_tree import DifferenceTree
from gui.panels.empty import EmptyState
from gui.panels.legend import MARKS, ROUND, SIGNS, Choice
from gui.panels.parts import ElidedLabel, FactList, ScrollColumn, column, row, small_button
from gui.panels.runs_model import RunsModel, cell_text
from gui.theme import GRID, theme
from runtime.run_columns import column_title, figure_columns
from runtime.run_curves import TRAIN, VALIDATION, Curves
from runtime.run_rows import RunRow
from runtime.runs import load_run

if TYPE_CHECKING:
    from gui.panels.runs_parallel import RunsParallel
    from gui.panels.runs_plot import Overlaid, OverlayCard

SOON = 20  # milliseconds until more curves are drawn that are there
FACTS_WIDTH = 264  # pixels at 100 %
LEAST = 300
PACE = 250  # milliseconds between two pictures while curves are read
MARGIN = 3 * GRID


class RunsSide(QWidget):
    """`curves_wanted(RunRow)`: a run is to be drawn whose curves are not there. `told(Message, level)`: what went wrong.
    `canvas_wanted()`: the two runs on show are to be compared on the canvas. `settings_wanted(rows)`: it has to be known what runs
    were trained with. `row_chosen(folder)`: a line was clicked."""

    curves_wanted = Signal(object)
    told = Signal(object, str)
    canvas_wanted = Signal()
    settings_wanted = Signal(object)
    row_chosen = Signal(str)

    def __init__(self, model: RunsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._curves: dict[str, tuple[RunRow, Curves | None]] = {}  # None while they are read
        self._card: OverlayCard | None = None
        self._parallel: RunsParallel | None = None
        self.pair: tuple[RunRow, RunRow] | None = None
        self._pace = QTimer(self, singleShot=True)  # many curves come one after the other
        self._pace.timeout.connect(self.refresh)
        self.setMinimumWidth(theme.px(LEAST))
        self._build()
        model.ticked_changed.connect(self.refresh)
        model.arranged.connect(self._on_arranged)

    def _build(self) -> None:
        layout = column(self, spacing=2 * GRID)
        layout.setContentsMargins(MARGIN, 2 * GRID, MARGIN, 2 * GRID)
        layout.addLayout(self._make_head())
        hint = tr("Tick runs in the table: their curves are laid over each other here.")
        self._nothing = EmptyState("chart", tr("No curves chosen"), hint)
        self.difference = RunDifference()
        self.difference.canvas_button.clicked.connect(self.canvas_wanted)
        self._plot_page, self._parallel_page = QWidget(), QWidget()
        for page in (self._plot_page, self._parallel_page):
            column(page)
        self._stack = QStackedLayout()
        layout.addLayout(
            self._stack, 1
        )  # before the pages: the first is shown at once, and would be a window of its own
        for page in (self._nothing, self._plot_page, self.difference, self._parallel_page):
            self._stack.addWidget(page)
        self.curves_choice.setChecked(True)

    def _make_head(self) -> QHBoxLayout:
        self.curves_choice, self.difference_choice = Choice(tr("Curves")), Choice(tr("Differences"))
        self.parallel_choice = Choice(tr("Parallel"))
        self.parallel_choice.setToolTip(tr("Settings and results of all runs as parallel coordinates"))
        group = QButtonGroup(self)
        line = row(spacing=3 * GRID)
        for choice in (self.curves_choice, self.difference_choice, self.parallel_choice):
            group.addButton(choice)
            line.addWidget(choice)
        line.addStretch(1)
        self.figure = QComboBox()
        self.figure.setAccessibleName(tr("Figure to draw"))
        self.figure.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.figure.addItem(str(TITLES["loss"]), "loss")
        self.parts = {
            TRAIN: QCheckBox(_marked(TRAIN, tr("training")), self),
            VALIDATION: QCheckBox(_marked(VALIDATION, tr("validation")), self),
        }  # on the card, once there is one
        self.parts[VALIDATION].setChecked(True)
        line.addWidget(self.figure)
        self._head = line
        self.figure.activated.connect(self.refresh)
        for box in self.parts.values():
            box.hide()
            box.toggled.connect(self.refresh)
        group.buttonToggled.connect(self.refresh)
        return line

    # ---- curves

    def take_curves(self, path: Path, curves: Curves) -> None:
        """The curves of a run were read."""
        if path.name in self._curves:
            self._curves[path.name] = (self._curves[path.name][0], curves)
            if not self._pace.isActive():
                self._pace.start(PACE)

    def forget(self) -> None:
        """Other runs are listed."""
        self._curves.clear()
        self.pair = None
        if self._parallel is not None:
            self._parallel.forget()
        self.refresh()

    @property
    def card(self) -> OverlayCard:
        """The card with the plot, made when it is needed first: it loads the plotting library."""
        if self._card is None:
            from gui.panels.runs_plot import OverlayCard

            self._card = OverlayCard()
            layout = self._plot_page.layout()
            assert layout is not None
            layout.addWidget(self._card)
            for place, box in enumerate(self.parts.values(), 1):
                self._card.header.insertWidget(place, box)
                box.show()
            self._card.counted.connect(self.refresh)
            self._card.failed.connect(lambda message: self.told.emit(message, "error"))
        return self._card

    @Slot()
    def refresh(self) -> None:
        """Show what is chosen now."""
        shows_curves = self.curves_choice.isChecked()
        self.figure.setVisible(shows_curves)
        self._show_parallel(self.parallel_choice.isChecked())
        if self.parallel_choice.isChecked():
            return
        if not shows_curves:
            self.difference.show_pair(self.pair, self.told.emit)
            self._stack.setCurrentWidget(self.difference)
            return
        ticked = self._model.ticked
        self._ask_for(ticked)
        self._offer_figures()
        self._stack.setCurrentWidget(self._plot_page if ticked else self._nothing)
        if ticked or self._card is not None:
            self.card.name_figure(self.figure.currentText())
            is_all = self.card.show_curves(self._overlaid(ticked))
            if not is_all and not self._pace.isActive():
                self._pace.start(SOON)

    def _ask_for(self, ticked: Sequence[tuple[RunRow, str]]) -> None:
        """Ask for what was not read yet, or has grown since."""
        for run, _ in ticked:
            before = self._curves.get(run.folder)
            if before is None or before[0].epoch != run.epoch:
                self._curves[run.folder] = (run, before[1] if before else None)
                self.curves_wanted.emit(run)

    def _overlaid(self, ticked: Sequence[tuple[RunRow, str]]) -> list[Overlaid]:
        from gui.panels.runs_plot import Overlaid

        found, name = [], self.figure.currentData()
        for part in (part for part, box in self.parts.items() if box.isChecked()):
            for run, role in ticked:
                curves = self._curves[run.folder][1]
                if curves is not None and (line := curves.lines.get((part, name))) is not None:
                    found.append(
                        Overlaid(run.folder, run.labels.name or _short(run), role, part, line, curves.steps_per_epoch)
                    )
        return found

    def _offer_figures(self) -> None:
        """The figures that the ticked runs have; the one on show stays."""
        read = (curves for _, curves in self._curves.values() if curves is not None)
        names = list(dict.fromkeys(["loss", *(name for curves in read for name in curves.figures)]))
        if names == [self.figure.itemData(i) for i in range(self.figure.count())]:
            return
        before = self.figure.currentData()
        self.figure.clear()
        for name in names:
            self.figure.addItem(str(TITLES.get(name, name)), name)
        self.figure.setCurrentIndex(max(0, names.index(before) if before in names else 0))

    # ---- parallel coordinates

    @property
    def parallel(self) -> RunsParallel:
        """The parallel coordinates, made when they are needed first."""
        if self._parallel is None:
            from gui.panels.runs_parallel import RunsParallel

            self._parallel = RunsParallel()
            layout = self._parallel_page.layout()
            assert layout is not None
            layout.addWidget(self._parallel)
            self._head.addWidget(self._parallel.colors)
            self._parallel.narrowed.connect(self._model.narrow_to)
            self._parallel.chosen.connect(self.row_chosen)
            self._parallel.settings_wanted.connect(self.settings_wanted)
        return self._parallel

    def take_settings(self, found: Mapping[str, object]) -> None:
        """What runs were trained with was read."""
        self.parallel.take_settings(found)  # pyright: ignore[reportArgumentType]
        if not self._pace.isActive():
            self._pace.start(PACE)

    def mark(self, folders: set[str]) -> None:
        """Let the lines of these runs stand out."""
        if self._parallel is not None:
            self._parallel.mark(folders)

    def _show_parallel(self, wanted: bool) -> None:
        """Ranges count while they can be seen."""
        if self._parallel is not None:
            self._parallel.colors.setVisible(wanted)
        if wanted:
            self._stack.setCurrentWidget(self._parallel_page)
            self.parallel.show_rows(self._model.wide)
            self._model.narrow_to(self.parallel.within)
        else:
            self._model.narrow_to(None)

    @Slot()
    def _on_arranged(self) -> None:
        """Other runs are listed, or in another order; not where ranges here made it so."""
        if self.parallel_choice.isChecked() and not self._pace.isActive() and self._model.wide != self.parallel.listed:
            self._pace.start(SOON)

    # ---- differences

    def show_pair(self, pair: tuple[RunRow, RunRow] | None) -> None:
        """The two runs to compare, the older one first; None: there are not two."""
        if pair != self.pair:
            self.pair = pair
            if self.difference_choice.isChecked():
                self.refresh()


class RunDifference(QWidget):
    """What differs between the drawings, plans and figures of two runs."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[RunRow, RunRow] | None = None
        self.title = ElidedLabel(tone="heading")
        self.canvas_button = small_button(tr("On the canvas"), "compare")
        self.tree, self.facts = DifferenceTree(), FactList()
        figures = ScrollColumn(spacing=GRID)
        figures.column.addWidget(self.facts)
        figures.column.addStretch(1)
        figures.setFixedWidth(theme.px(FACTS_WIDTH))
        head = row()
        head.addWidget(self.title, 1)
        head.addWidget(self.canvas_button)
        both = row(spacing=3 * GRID)
        both.addWidget(self.tree, 1)
        both.addWidget(figures)
        page = QWidget()
        inside = column(page, spacing=GRID)
        inside.addLayout(head)
        inside.addLayout(both, 1)
        hint = tr("Select two runs in the table, with Ctrl held down: what differs between them is listed here.")
        self._empty = EmptyState("compare", tr("Not two runs"), hint)
        self._stack = QStackedLayout(self)
        for widget in (self._empty, page):
            self._stack.addWidget(widget)
        self._page = page

    def show_pair(self, pair: tuple[RunRow, RunRow] | None, tell: Callable[[Message, str], object]) -> None:
        """Compare two runs; `tell(Message, level)` hears why they cannot be."""
        if pair == self._shown and pair is not None:
            return
        self._shown = None
        self._stack.setCurrentWidget(self._empty)
        if pair is None:
            return
        try:
            comparison = compare(*(load_run(run.path).project for run in pair))
        except LayerloomError as error:
            tell(error.message, "error")
            return
        self._shown = pair
        self.tree.show_comparison(comparison)
        one, other = pair
        self.title.setText(f"{one.title} → {other.title}: {count_line(comparison)}")
        self.facts.set_facts(_facts(one, other))
        self._stack.setCurrentWidget(self._page)


def _facts(one: RunRow, other: RunRow) -> list[tuple[str, str]]:
    keys = [*figure_columns([one, other]), "seconds", "parameters", "data"]
    texts = ((key, cell_text(one, key), cell_text(other, key)) for key in keys)
    return [
        (str(column_title(key)), before if before == after else f"{before or '–'} → {after or '–'}")
        for key, before, after in texts
        if before or after
    ]


def _marked(part: str, text: str) -> str:
    """A part of the data with the mark of its curves."""
    return f"{SIGNS[MARKS.get(part, ROUND)]} {text}"


def _short(run: RunRow) -> str:
    """What to call a run without a name: the day and the time, and what tells it from others of the same minute."""
    return f"{run.created[5:16].replace('T', ' ')} {run.folder[-4:]}"

"""Sweeps of the document: what is searched, the trials as they come, and pictures of what they came to."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QProgressBar, QPushButton, QSplitter, QStackedLayout, QWidget

from graph.figure_titles import goal_title
from graph.messages import LayerloomError, Message, msg, tr
from gui.icons import icon
from gui.panels.empty import EmptyState
from gui.panels.parts import ElidedLabel, column, label, row, rule, small_button
from gui.panels.sweep_model import TrialsModel, best_of, goal_text, reason_of
from gui.panels.sweep_setup import SweepSetup
from gui.panels.sweep_side import CURVES, SweepSide
from gui.panels.sweep_verbs import SweepVerbs
from gui.panels.sweep_view import TrialsView
from gui.panels.sweep_work import Work
from gui.theme import GRID, theme
from gui.workspace import Workspace
from runtime.sweep_events import FAILED, FINISHED, RUNNING, STOPPED, SweepEnded
from runtime.sweep_folders import Sweep, Trial, list_sweeps

MARGIN = 3 * GRID
SETUP_WIDTH, BAR_WIDTH = 288, 120  # pixels at 100 %
TABLE_SHARE = 0.55  # of what is beside the setup
STATES = {
    FINISHED: msg("finished"),
    STOPPED: msg("stopped"),
    FAILED: msg("failed"),
    RUNNING: msg("did not end"),
}
BOTH = msg(
    "A run and a sweep are under way at once. Both take longer; the figures of each stay what they would be alone, except latencies."
)


class SweepPanel(QWidget):
    """The sweeps of the document of a workspace.

    `told(Message, level)`: a sentence for the person. `open_requested(Path)`: a file is to become a new document.
    `place_requested(Place)`: go to where a place is edited.
    """

    told = Signal(object, str)
    open_requested = Signal(object)
    place_requested = Signal(object)

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("Sweep"))
        self._workspace, self._sweeps = workspace, workspace.sweeps
        self._found: list[Sweep] = []
        self._is_divided, self._is_stale = False, True
        self._folder = self._sweeps.runs_folder  # whose sweeps are listed
        self.model = TrialsModel()
        self.model.setParent(self)
        self.view = TrialsView(self.model)
        self.setup, self.side = SweepSetup(workspace.editor), SweepSide()
        self.verbs = SweepVerbs(workspace, self, lambda: self.view.current)
        self._work = Work(self)
        self._build()
        self._connect()
        self._show_sweep()
        self._show_state()

    # ---- parts

    def _build(self) -> None:
        table = QWidget()
        inside = column(table)
        hint = tr("Mark what to search where it is edited, then press Start: every trial is listed here as it trains.")
        self.empty = EmptyState("sweep", tr("No trials yet"), hint)
        self._stack = QStackedLayout()
        inside.addLayout(
            self._stack, 1
        )  # before the pages: the first is shown at once, and would be a window of its own
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.view)
        self.strip = self._make_strip()
        inside.addWidget(self.strip)
        self.splitter = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        for part in (self.setup, table, self.side):
            self.splitter.addWidget(part)
        for i, stretch in enumerate((0, 3, 2)):
            self.splitter.setStretchFactor(i, stretch)
        self.note = label(str(BOTH), tone="warning", wrap=True)
        self.note.setContentsMargins(MARGIN, 0, MARGIN, 2 * GRID)
        self.note.hide()
        layout = column(self)
        layout.addLayout(self._make_head())
        layout.addWidget(self.note)
        layout.addWidget(rule())
        layout.addWidget(self.splitter, 1)
        self.setFocusProxy(self.start_button)

    def _make_head(self) -> QHBoxLayout:
        self.start_button = QPushButton(icon("play", "on_accent"), tr("Start"))
        self.start_button.setProperty("kind", "primary")
        self.stop_button = QPushButton(icon("stop"), tr("Stop"))
        self.resume_button = QPushButton(icon("restart"), tr("Go on"))
        self.resume_button.setToolTip(tr("Make the trials of this sweep that are missing"))
        self.bar = QProgressBar(textVisible=False)
        self.bar.setFixedWidth(theme.px(BAR_WIDTH))
        self.bar.setAccessibleName(tr("Trials that are done"))
        self.words = ElidedLabel(tone="muted")
        self.chooser = QComboBox()
        self.chooser.setAccessibleName(tr("Sweeps of this document"))
        self.chooser.setToolTip(tr("Sweeps of this document"))
        self.chooser.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.chooser.hide()
        line = row()
        line.setContentsMargins(MARGIN, 2 * GRID, MARGIN, 2 * GRID)
        for widget in (self.start_button, self.stop_button, self.resume_button, self.bar):
            line.addWidget(widget)
        line.addWidget(self.words, 1)
        self.open_button = small_button(tr("Open as a project"), "open")
        self.use_button = small_button(tr("Use its values"), "check")
        self.open_button.setToolTip(tr("Open the drawing with the values of the chosen trial as a new document"))
        self.use_button.setToolTip(tr("Write the values of the chosen trial into the drawing"))
        for button in (self.open_button, self.use_button):
            line.addWidget(button)
        line.addWidget(self.chooser)
        return line

    def _make_strip(self) -> QWidget:
        """The line below the table: why the trial with the cursor did not reach its end."""
        strip = QWidget()
        line = row(strip)
        line.setContentsMargins(MARGIN, GRID, MARGIN, GRID)
        self.trial_words = ElidedLabel(tone="muted")
        line.addWidget(self.trial_words, 1)
        strip.hide()
        return strip

    def _connect(self) -> None:
        sweeps, controller = self._sweeps, self._workspace.controller
        self.start_button.clicked.connect(lambda: sweeps.start())
        self.stop_button.clicked.connect(sweeps.stop)
        self.resume_button.clicked.connect(self._go_on)
        self.chooser.activated.connect(self._on_chosen)
        sweeps.shown.connect(self._show_sweep)
        sweeps.changed.connect(self._show_trials)
        sweeps.state_changed.connect(self._show_state)
        sweeps.refused.connect(lambda message: self.told.emit(message, "warning"))
        sweeps.ended.connect(self._on_ended)
        controller.state_changed.connect(self._show_state)
        self._workspace.documents.changed.connect(self._on_document_changed)
        self._work.done.connect(self._on_listed)
        self.setup.place_requested.connect(self.place_requested)
        self.view.opened.connect(lambda _trial: self.verbs.open())
        self.view.menu_wanted.connect(self._on_menu_wanted)
        self.view.current_changed.connect(self._on_current_changed)
        self.side.chosen.connect(self.view.go_to)
        self.open_button.clicked.connect(self.verbs.open)
        self.use_button.clicked.connect(self.verbs.use)
        self.verbs.told.connect(self.told)
        self.verbs.open_requested.connect(self.open_requested)
        self.verbs.curves_wanted.connect(partial(self.side.show_page, CURVES))

    # ---- which sweep

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._is_divided:
            self._is_divided = True
            setup = theme.px(SETUP_WIDTH)
            rest = max(1, self.width() - setup)
            self.splitter.setSizes([setup, round(TABLE_SHARE * rest), round((1 - TABLE_SHARE) * rest)])
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Look which sweeps there are."""
        self._is_stale = True
        if self.isVisible() and not self._work.is_busy:
            self._is_stale = False
            folder = self._folder = self._sweeps.runs_folder
            self._work.start(lambda: (folder, list_sweeps(folder)))

    @Slot()
    def _on_document_changed(self) -> None:
        if self._sweeps.runs_folder != self._folder:
            self.refresh()

    @Slot(object)
    def _on_listed(self, answer: object) -> None:
        if self._is_stale:
            QTimer.singleShot(0, self, self.refresh)
        if isinstance(answer, LayerloomError):
            self.told.emit(answer.message, "error")
        if not isinstance(answer, tuple) or answer[0] != self._sweeps.runs_folder:
            return
        self._found = answer[1]
        shown = self._sweeps.sweep
        if shown is None and self._found:
            self._sweeps.show_sweep(self._found[0])
        self._fill_chooser()

    def _fill_chooser(self) -> None:
        self.chooser.clear()
        for sweep in self._found:
            self.chooser.addItem(self._title(sweep), str(sweep.path))
        shown = self._sweeps.sweep
        self.chooser.setCurrentIndex(self.chooser.findData(str(shown.path)) if shown else -1)
        self.chooser.setVisible(bool(self._found))
        self.chooser.setEnabled(not self._sweeps.is_active)

    def _title(self, sweep: Sweep) -> str:
        when = sweep.created.replace("T", " ")[:16] or sweep.path.name
        live = self._sweeps.sweep if self._sweeps.is_active else None
        if live is not None and live.path == sweep.path:
            return tr("{when} · under way", when=when)
        if sweep.status == FINISHED:
            count = len(sweep.ended)
            return (
                tr("{when} · 1 trial", when=when)
                if count == 1
                else tr("{when} · {count} trials", when=when, count=count)
            )
        state: Message | str = STATES.get(sweep.status, sweep.status)
        return tr("{when} · {count} trials, {state}", when=when, count=len(sweep.ended), state=state)

    @Slot(int)
    def _on_chosen(self, place: int) -> None:
        self._sweeps.show_sweep(self._found[place])

    def _go_on(self) -> None:
        if self._sweeps.sweep is not None:
            self._sweeps.start(self._sweeps.sweep.path)

    # ---- what it shows

    @Slot()
    def _show_sweep(self) -> None:
        self.view.follows = True
        self._show_trials()
        shown = self._sweeps.sweep
        if shown is not None and self.chooser.findData(str(shown.path)) < 0:
            self.refresh()

    @Slot()
    def _show_trials(self) -> None:
        sweep = self._sweeps.sweep
        self.model.show_sweep(sweep, self._sweeps.reports)
        self._stack.setCurrentIndex(1 if sweep and sweep.trials else 0)
        if self.view.follows and self.model.shown:
            best = sorted(self.model.best)
            self.view.show_row(best[0] if best else self.model.shown[0].number)
        self.side.show_sweep(sweep)
        self._on_current_changed(self.view.current)
        self._show_words()

    @Slot()
    def _show_state(self, *_state: object) -> None:
        active = self._sweeps.is_active
        had_focus = any(b.hasFocus() for b in (self.start_button, self.resume_button, self.stop_button))
        self.start_button.setVisible(not active)
        self.stop_button.setVisible(active)
        self.stop_button.setEnabled(not self._sweeps.is_stopping)
        if had_focus:  # else it would go to whatever comes next
            (self.stop_button if active else self.start_button).setFocus(Qt.FocusReason.OtherFocusReason)
        self.chooser.setEnabled(not active)
        self.note.setVisible(active and self._workspace.is_running)
        self._show_words()

    def _show_words(self) -> None:
        sweep, planned = self._sweeps.sweep, self._sweeps.planned
        done = len(sweep.ended) if sweep else 0
        active = self._sweeps.is_active
        self.resume_button.setVisible(bool(sweep) and not active and done < planned)
        self.bar.setVisible(active)
        self.bar.setRange(0, max(1, planned))
        self.bar.setValue(done)
        self.words.setText(self._state_text(done, planned))
        self.words.setToolTip("")

    def _state_text(self, done: int, planned: int) -> str:
        sweep, outcome = self._sweeps.sweep, self._sweeps.outcome
        if self._sweeps.is_stopping:
            return tr("Stopping: the trials under way end…")
        if sweep is None:
            return tr("Starting…") if self._sweeps.is_active else ""
        parts = [_best_text(sweep), tr("{done} of {planned} trials", done=done, planned=planned)]
        if outcome is not None and outcome.status == FAILED:
            parts.insert(0, str(outcome.message))
        return " · ".join(filter(None, parts))

    @Slot(object)
    def _on_ended(self, event: SweepEnded) -> None:
        self.told.emit(event.message, "error" if event.status == FAILED else "info")
        self.refresh()

    @Slot(object)
    def _on_current_changed(self, trial: Trial | None) -> None:
        self.side.show_trial(trial)
        reason = reason_of(trial) if trial else ""
        self.strip.setVisible(bool(reason))
        if trial is not None and reason:
            self.trial_words.setText(tr("Trial {number}: {reason}", number=trial.number, reason=reason))
            self.trial_words.setToolTip(self.trial_words.text())
        for button in (self.open_button, self.use_button):
            button.setVisible(trial is not None)

    @Slot(object)
    def _on_menu_wanted(self, at: QPoint) -> None:
        self.verbs.menu().popup(at)


def _best_text(sweep: Sweep) -> str:
    """The best trial, or how many nothing beats."""
    goal, best = sweep.goals[0], best_of(sweep)
    if len(sweep.goals) > 1:
        return tr("{count} trials that nothing beats", count=len(best)) if best else ""
    if (trial := sweep.best) is None:
        return ""
    value = goal_text(goal, trial.goals[0])
    return tr("Best: trial {number} · {goal} {value}", goal=goal_title(goal), value=value, number=trial.number)

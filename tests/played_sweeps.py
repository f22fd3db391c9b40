"""A sweep that says what a test lets it say, and what is done with the panel that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from graph.model import Project
from graph.search import COSTS, RANDOM, Entry, ObjectivePlace, Options, PlanPlace, Search, Span
from gui.panels.sweep import SweepPanel
from runtime.sweep_events import (
    FINISHED,
    SweepEnded,
    SweepStarted,
    TrialEnded,
    TrialStarted,
)
from runtime.sweep_folders import SweepWriter, Trial, create_sweep, load_sweep

LEFT = Qt.MouseButton.LeftButton
LR = ObjectivePlace("main", "optimizer", "lr")
LABELS = ("lr of main", "batch_size")
SPACES = (Span(1e-4, 1e-1, log=True), Options((16, 32, 64)))


def searched(project: Project, **more) -> Project:
    entries = (Entry(LR, SPACES[0]), Entry(PlanPlace("batch_size"), SPACES[1]))
    return replace(project, search=Search(**{"entries": entries, "method": RANDOM, "trials": 4, **more}))


class Played:
    """In the place of a sweep: makes its folder and tells what the test says."""

    def __init__(self, project: Project, *, folder, runs: Path, resume: Path | None = None) -> None:
        self.project, self.resume, self.stopped = project, resume, False
        goals = tuple(goal.figure for goal in project.search.goals) or ("accuracy",)
        ways = tuple("min" if goal in COSTS else "max" for goal in goals)
        self.path = resume or create_sweep(runs, project, goals, ways, folder).path
        self.queue: list[object] = [SweepStarted(str(self.path), project.search.trials, goals, ways)]
        self.running = True

    def poll(self) -> list[object]:
        queue, self.queue = self.queue, []
        self.write_down(queue)
        return queue

    def write_down(self, events: list[object]) -> None:
        """As a sweep does, before anybody hears of it."""
        writer = SweepWriter(load_sweep(self.path))
        begun = {event.trial: tuple(event.values.values()) for event in events if isinstance(event, TrialStarted)}
        for event in events:
            if isinstance(event, TrialEnded):
                values = begun.get(event.trial, (0.01, 32))
                writer.put(
                    Trial(event.trial, values, event.status, event.goals, event.seconds, None, str(event.message or ""))
                )
            elif isinstance(event, SweepEnded):
                writer.note(status=event.status)
        writer.close()

    def join(self, _timeout: float | None = None) -> bool:
        return True

    def stop(self) -> None:
        self.stopped = True


def feed(panel: SweepPanel, *events: object) -> None:
    session = panel._sweeps._session
    session.queue += events
    panel._sweeps._on_tick()
    QApplication.processEvents()


def start(qtbot, panel: SweepPanel) -> Played:
    qtbot.mouseClick(panel.start_button, LEFT)
    feed(panel)
    return panel._sweeps._session


def trial(number: int, *goals: float, lr: float = 0.01, status: str = FINISHED, run=None, message=None) -> list[object]:
    values = dict(zip(LABELS, (lr, 32), strict=True))
    known: Sequence[float | None] = goals or (None,)
    return [TrialStarted(number, values), TrialEnded(number, status, tuple(known), 61.0, run, message)]


def texts(panel: SweepPanel, column: str) -> list[str]:
    at = [c.title for c in panel.model.columns].index(column)
    return [panel.model.index(row, at).data() for row in range(panel.model.rowCount())]


def click_title(qtbot, panel: SweepPanel, column: str) -> None:
    at = [c.title for c in panel.model.columns].index(column)
    header = panel.view.horizontalHeader()
    x = header.sectionViewportPosition(at) + 8
    qtbot.mouseClick(header.viewport(), LEFT, pos=header.viewport().rect().center().__class__(x, 8))

"""The course of a sweep: which trial comes next, what each came to, and when all are done. Importable without torch.

Each of the trials side by side has a thread here that talks to a process of its own.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from graph.figure_titles import goal_title
from graph.figures import direction
from graph.messages import LayerloomError, Message, RunError, msg
from graph.model import Project
from graph.plan import LAST
from graph.search import COSTS, MACS, PARAMETERS
from graph.search_labels import place_label
from runtime.events import EpochEnded, Event, Failed, Finished, RunStarted
from runtime.session import failure
from runtime.sweep_events import (
    FAILED,
    FINISHED,
    PRUNED,
    RUNNING,
    STOPPED,
    SweepEnded,
    SweepEvent,
    SweepStarted,
    TrialEnded,
    TrialReported,
    TrialStarted,
)  # fmt: skip
from runtime.sweep_folders import RUNS, Sweep, SweepWriter, Trial, create_sweep, load_sweep, ranked, trial_project
from runtime.sweep_methods import is_behind, next_values
from runtime.sweep_problems import problems_of
from runtime.sweep_worker import GIVE_UP, GO_ON, PAUSE, RESUME, STOP, Costs, Worker, order_of

Tell = Callable[[SweepEvent], object]


def goals_of(project: Project) -> tuple[str, ...]:
    """The figures that count: those of the search, else the one that the plan watches."""
    watched = project.plan.monitor
    return tuple(goal.figure for goal in project.search.goals) or ("loss" if watched == LAST else watched,)


def directions_of(project: Project) -> tuple[str, ...]:
    """For each goal "min" or "max"."""
    return tuple("min" if goal in COSTS else direction(goal, project) for goal in goals_of(project))


def begin(project: Project, folder: Path | None, runs: Path, tell: Tell) -> Course:
    """A new sweep.

    Raises:
        RunError: its search cannot be made (see `runtime.sweep_problems.problems_of`).
        FileError: its folder cannot be written.
    """
    _refuse(problems_of(project))
    return Course(create_sweep(runs, project, goals_of(project), directions_of(project), folder), tell)


def go_on(
    path: Path, folder: Path | None, tell: Tell, *, trials: int | None = None, at_once: int | None = None
) -> Course:
    """A sweep to go on with, until there are as many trials as it was meant to have, or `trials` where that is more. `folder` is
    what relative paths of its data start from now, if that is known.

    Raises:
        RunError: it is no sweep, it cannot be made here, or somebody else goes on with it.
        FileError: it cannot be written.
    """
    sweep = load_sweep(path)
    search = sweep.search
    search = replace(search, trials=max(search.trials, trials or 1), at_once=at_once or search.at_once)
    _refuse(problems_of(replace(sweep.project, search=search)))
    return Course(replace(sweep, search=search, folder=folder or sweep.folder), tell)


def _refuse(problems: list[Message]) -> None:
    if problems:
        raise RunError(problems[0])


class Course:
    """A sweep under way. `run` makes its trials and tells of them; `want` may be called from any thread."""

    def __init__(self, sweep: Sweep, tell: Tell) -> None:
        self._sweep, self._search, self._tell = sweep, sweep.search, tell
        self._labels = [place_label(sweep.project, entry.place) for entry in sweep.search.entries]
        self._trials = {trial.number: trial for trial in sweep.trials}
        self._again = [trial for trial in sweep.trials if not trial.is_ended]
        self._workers: dict[int, Worker] = {}
        self._changed = threading.Condition(threading.RLock())
        self._stop_wanted = self._pause_wanted = False
        self._error: Exception | None = None
        self._writer = SweepWriter(sweep)

    def want(self, *, stop: bool, pause: bool) -> None:
        """Stop or pause the trials under way and begin no other; or go on."""
        with self._changed:
            self._stop_wanted, self._pause_wanted = stop, pause
            for worker in self._workers.values():
                self._say_wishes(worker)
            self._changed.notify_all()

    def run(self) -> None:
        """Make the trials that are not made yet. The last event is a `SweepEnded`."""
        sweep, search = self._sweep, self._search
        try:
            self._writer.note(status=RUNNING, trials=search.trials)
            first = max(self._trials, default=0) + 1
            self._tell(SweepStarted(str(sweep.path), search.trials, sweep.goals, sweep.directions, first))
            left = search.trials - len(self._trials) + len(self._again)
            slots = [
                threading.Thread(target=self._slot, args=(i,), daemon=True) for i in range(min(search.at_once, left))
            ]
            for slot in slots:
                slot.start()
            for slot in slots:
                slot.join()
            if self._error is not None:
                raise self._error
            is_whole = len(self._trials) >= search.trials and all(trial.is_ended for trial in self._trials.values())
            status = STOPPED if self._stop_wanted and not is_whole else FINISHED
            self._writer.note(status=status)
            self._tell(SweepEnded(status, self._outcome(status)))
        except Exception as error:
            with suppress(LayerloomError):
                self._writer.note(status=FAILED)
            self._tell(SweepEnded(FAILED, failure(error).message))
        finally:
            self._writer.close()

    # ---- one of the trials side by side

    def _slot(self, place: int) -> None:
        """Make one trial after another; an error of ours ends the sweep."""
        try:
            while (trial := self._next()) is not None:
                worker = self._worker(place)
                self._make(worker, trial)
        except Exception as error:
            with self._changed:
                self._error = self._error or error
                self.want(stop=True, pause=False)
        finally:
            with self._changed:
                worker = self._workers.pop(place, None)
            if worker is not None:
                worker.close()

    def _next(self) -> Trial | None:
        """The trial to make now, written down; None where there is none any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._stop_wanted or not self._pause_wanted)
            if self._stop_wanted:
                return None
            trial = self._fresh()
            if trial is None:
                return None
            self._put(trial)
            self._tell(TrialStarted(trial.number, dict(zip(self._labels, trial.values, strict=True))))
            return trial

    def _fresh(self) -> Trial | None:
        """One that was not ended when the sweep was, else a new one."""
        if self._again:
            old = self._again.pop(0)
            self._writer.forget_run(old)
            return Trial(old.number, old.values)
        number = max(self._trials, default=0) + 1
        if len(self._trials) >= self._search.trials:
            return None
        known = [self._trials[i] for i in sorted(self._trials)]
        values = next_values(self._search, number, known, self._sweep.directions)
        return None if values is None else Trial(number, values)

    def _worker(self, place: int) -> Worker:
        with self._changed:
            worker = self._workers.get(place)
            if worker is None or not worker.is_alive:
                worker = self._workers[place] = Worker(place, self._search.at_once)
            return worker

    def _make(self, worker: Worker, trial: Trial) -> None:
        """Let a process make a trial, and write down what it came to."""
        sweep = self._sweep
        worker.order(order_of(trial_project(sweep, trial), sweep.folder, sweep.path / RUNS, sweep.goals))
        with self._changed:
            self._say_wishes(worker)
        attempt = _Attempt(sweep, trial)
        for event in worker.events():
            attempt.take(event)
            if isinstance(event, RunStarted):
                self._put(attempt.trial)
            if isinstance(event, EpochEnded):
                figures = {goal: value for goal, value in event.validation.items() if goal in sweep.goals}
                self._tell(TrialReported(trial.number, event.epoch, figures))
                attempt.is_given_up = event.epoch < attempt.epochs and self._gives_up(attempt.trial)
                worker.say(GIVE_UP if attempt.is_given_up else GO_ON)
        if attempt.trial.status == FAILED and attempt.is_on_gpu:
            worker.close()  # what went wrong there may stay wrong
        self._put(attempt.trial)
        trial, run = attempt.trial, str(attempt.trial.run) if attempt.trial.run else None
        self._tell(TrialEnded(trial.number, trial.status, trial.goals, trial.seconds, run, attempt.message))

    def _gives_up(self, trial: Trial) -> bool:
        """Whether a trial has fallen behind."""
        with self._changed:
            others = [other.reports for other in self._trials.values() if other.status == FINISHED]
        wanted = self._search.prune and bool(trial.reports)
        return wanted and is_behind(trial.reports, others, self._sweep.directions[0])

    # ---- what all of them share

    def _put(self, trial: Trial) -> None:
        with self._changed:
            self._writer.put(trial)
            self._trials[trial.number] = trial

    def _say_wishes(self, worker: Worker) -> None:
        worker.say(STOP if self._stop_wanted else PAUSE if self._pause_wanted else RESUME)

    def _outcome(self, status: str) -> Message:
        sweep = replace(self._sweep, trials=tuple(self._trials.values()))
        counts = {kind: sum(trial.status == kind for trial in sweep.trials) for kind in (FINISHED, PRUNED, FAILED)}
        best = next(iter(ranked(sweep, sweep.finished)), None)
        if best is None:
            text = msg("No trial finished; {failed} failed. Look at what they say.", failed=counts[FAILED])
            return text if status == FINISHED else msg("Stopped before a trial finished.")
        return msg(
            "{finished} trials finished, {pruned} were given up early, {failed} failed. The best is trial {number}: {goal} {value}.",
            **counts, number=best.number, goal=goal_title(sweep.goals[0]), value=_written(best.goals[0], sweep.goals[0]),
        )  # fmt: skip


def _written(value: float | None, goal: str) -> str:
    assert value is not None
    return f"{value:,.0f}" if goal in (PARAMETERS, MACS) else f"{value:.4g}"


class _Attempt:
    """What the events of a trial make of it."""

    def __init__(self, sweep: Sweep, trial: Trial) -> None:
        self._goals, self._best = sweep.goals, dict[str, float]()
        self.message: Message | None = None
        self.trial, self.epochs, self.is_given_up, self.is_on_gpu = trial, 0, False, False

    def take(self, event: Event | Costs) -> None:
        """Go by one more event."""
        if isinstance(event, RunStarted):
            self.epochs, self.is_on_gpu = event.epochs, not event.device.startswith("cpu")
            self.trial = replace(self.trial, run=Path(event.run))
        elif isinstance(event, EpochEnded):
            self._take_epoch(event)
        elif isinstance(event, Costs):
            self._best |= event.values
            self._conclude()
        elif isinstance(event, Failed):
            self._fail(event.message)
        elif not isinstance(event, Finished):
            self.trial = replace(self.trial, status=PRUNED if self.is_given_up else STOPPED, goals=self._figures())

    def _take_epoch(self, event: EpochEnded) -> None:
        reports = self.trial.reports
        if len(self._goals) == 1 and self._goals[0] not in COSTS:
            reports = (*reports, event.validation.get(self._goals[0], math.nan))
        if event.best or not self._best:
            self._best = dict(event.validation)
        self.trial = replace(self.trial, reports=reports, seconds=self.trial.seconds + event.seconds)

    def _conclude(self) -> None:
        goals = self._figures()
        missing = next((name for name, value in zip(self._goals, goals, strict=True) if value is None), None)
        if missing is None:
            self.trial = replace(self.trial, status=FINISHED, goals=goals)
        else:
            self._fail(
                msg(
                    "The trial gave no figure '{figure}'. It needs validation samples to measure it on.", figure=missing
                )
            )

    def _fail(self, message: Message) -> None:
        self.message = message
        self.trial = replace(self.trial, status=FAILED, message=str(message), goals=self._figures())

    def _figures(self) -> tuple[float | None, ...]:
        values = (self._best.get(goal) for goal in self._goals)
        return tuple(value if value is not None and math.isfinite(value) else None for value in values)

"""The verb `sweep`: many trainings of a drawing with other values, what they came to, and any of them as a drawing."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from graph import files
from graph.catalog.types import Kind
from graph.messages import LayerloomError, Message, RunError, msg, tr
from graph.model import Project
from graph.search import LATENCY, MACS, PARAMETERS, Goal, Search
from graph.search_labels import place_label
from runtime import cli_text
from runtime.cli_analysis import analyse_right
from runtime.cli_sweep_places import list_places, remedy, remove_places
from runtime.cli_targets import Target, find_drawing
from runtime.events import to_json
from runtime.session import failure
from runtime.sweep_events import (
    FAILED,
    FINISHED,
    STOPPED,
    SweepEnded,
    SweepEvent,
    SweepStarted,
    TrialEnded,
    TrialStarted,
)
from runtime.sweep_folders import Sweep, Trial, list_sweeps, load_sweep, ranked, trial_project
from runtime.sweep_insight import importances, pareto
from runtime.sweep_problems import gone_places, notes_of, problems_of
from runtime.sweep_session import SweepSession
from runtime.sweep_spelling import read_entry, value_text

DONE, WRONG, USAGE, INTERRUPTED = 0, 1, 2, 130
TICK = 0.05  # seconds between two looks at what happened


def sweep(args: Namespace) -> int:
    """Make a sweep, go on with one, or tell of those that there are."""
    if (fault := _fault(args)) is not None:
        print(f"{tr('error')}: {fault}", file=sys.stderr)
        return USAGE
    target = find_drawing(args.file, runs=args.out)
    if args.list:
        return _list(target, args)
    if args.places:
        return list_places(target.project, args)
    if args.remove is not None:
        return remove_places(target.project, args)
    if args.take is not None:
        return _take(_sweep_named(target, args.show or ""), args)
    if args.show is not None:
        return _show(_sweep_named(target, args.show), as_json=args.json)
    try:
        return _make(target, args)
    except Exception as error:
        if args.json:
            print(to_json(SweepEnded(FAILED, failure(error).message)), flush=True)  # type: ignore[arg-type]
        raise


def _fault(args: Namespace) -> Message | None:
    """What does not go together in the options."""
    wishes = {
        "--resume": args.go_on, "--list": args.list or None, "--show": args.show, "--take": args.take,
        "--places": args.places or None, "--remove": args.remove,
    }  # fmt: skip
    given = [option for option, wish in wishes.items() if wish is not None]
    if len(given) > 1 and set(given) != {"--show", "--take"}:
        return msg("{one} does not go with {other}. Choose one of them.", one=given[0], other=given[1])
    if (args.take is None) != (args.output is None):
        return msg("--take and -o go together: which trial, and where its drawing is written.")
    begun = {"set": args.set, "goal": args.goal, "no_prune": args.no_prune}
    begun |= {name: getattr(args, name) is not None for name in ("method", "epochs", "device", "seed")}
    if given and (wrong := next((name for name, wish in begun.items() if wish), None)):
        option = f"--{wrong.replace('_', '-')}"
        return msg("{option} does not go with {other}: a sweep stays as it began.", option=option, other=given[0])
    return None


# ---- making one


def _make(target: Target, args: Namespace) -> int:
    old = _sweep_named(target, args.go_on) if args.go_on is not None else None
    project = old.project if old else _wished(target.project, args)
    if old is None:
        if gone := gone_places(project):
            raise RunError(remedy(gone, args.file))
        if problems := problems_of(project):
            raise RunError(problems[0])
        for note in notes_of(project):
            print(f"{tr('note')}: {note}", file=sys.stderr)
    analyse_right(project)
    session = SweepSession(
        project, folder=target.folder, runs=target.runs, resume=old.path if old else None,
        trials=args.trials, at_once=args.at_once,
    )  # fmt: skip
    events: list[SweepEvent] = []
    goals: tuple[str, ...] = ()
    with _stopped_by_signals(session.stop):
        while session.running:
            for event in session.poll():
                events.append(event)
                goals = event.goals if isinstance(event, SweepStarted) else goals
                _print_event(event, goals, as_json=args.json)
            time.sleep(TICK)
    return _conclude(events, as_json=args.json)


def _conclude(events: list[SweepEvent], *, as_json: bool) -> int:
    last, first = events[-1], events[0]
    assert isinstance(last, SweepEnded)
    if isinstance(first, SweepStarted) and not as_json:
        with suppress(RunError):  # its folder is gone, which the last event told
            ended = load_sweep(Path(first.sweep))
            print()
            _show(ended, as_json=False)
    if last.status == FAILED:
        print(f"{tr('error')}: {last.message}", file=sys.stderr)
        return WRONG
    if last.status == STOPPED and isinstance(first, SweepStarted):
        name = Path(first.sweep).name
        print(tr("Stopped. Go on with: sweep FILE --resume {sweep}", sweep=name), file=sys.stderr)
        return INTERRUPTED
    return DONE


def _wished(project: Project, args: Namespace) -> Project:
    """The project with the search that the options ask for.

    Raises:
        EditError: a place or a value does not exist.
    """
    plan = project.plan
    changed = {name: value for name in ("epochs", "device") if (value := getattr(args, name)) is not None}
    project = project.with_plan(replace(plan, **changed))
    search: Search = project.search
    for text in args.set:
        search = search.with_space(*read_entry(project, text))
    wishes = {
        "method": args.method,
        "trials": args.trials,
        "at_once": args.at_once,
        "seed": args.seed,
        "prune": False if args.no_prune else None,
        "goals": tuple(map(Goal, args.goal)) if args.goal else None,
    }
    return replace(
        project, search=replace(search, **{name: value for name, value in wishes.items() if value is not None})
    )


@contextmanager
def _stopped_by_signals(stop: Callable[[], object]) -> Iterator[None]:
    """Ctrl+C ends the trials cleanly; a second one ends the program at once."""

    def wish(number: int, frame: object) -> None:
        stop()
        signal.signal(number, before[number])
        print(tr("Stopping the trials under way. Press Ctrl+C again to end at once."), file=sys.stderr)

    before: dict[int, Any] = {number: signal.signal(number, wish) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _print_event(event: SweepEvent, goals: Sequence[str], *, as_json: bool) -> None:
    text = to_json(event) if as_json else _event_line(event, goals)  # type: ignore[arg-type]
    if text is not None:
        print(text, flush=True)


def _event_line(event: SweepEvent, goals: Sequence[str]) -> str | None:
    if isinstance(event, SweepStarted):
        return tr("sweep of {trials} trials in {path}", trials=event.trials, path=event.sweep)
    if isinstance(event, TrialStarted):
        values = "  ".join(f"{label} {value_text(value, label)}" for label, value in event.values.items())
        return tr("trial {number} begins: {values}", number=event.trial, values=values)
    if isinstance(event, TrialEnded):
        pairs = zip(goals, event.goals, strict=False)
        told = event.message or "  ".join(f"{goal} {_number(goal, value)}" for goal, value in pairs)
        return tr("trial {number} {status}: {told}", number=event.trial, status=_status(event.status), told=told)
    return str(event.message) if isinstance(event, SweepEnded) else None


# ---- telling of those that there are


def _list(target: Target, args: Namespace) -> int:
    found = list_sweeps(target.runs)
    if args.json:
        for one in found:
            best = one.best
            record = {"sweep": one.path.name, "path": str(one.path), "created": one.created, "status": one.status}
            numbers = {"trials": one.search.trials, "ended": len(one.ended), "method": one.search.method}
            goals = {"goals": one.goals, "best": None if best is None else {"trial": best.number, "goals": best.goals}}
            print(json.dumps({**record, **numbers, **goals}, ensure_ascii=False))
        return DONE
    if not found:
        print(tr("There are no sweeps in {folder} yet.", folder=target.runs))
        return DONE
    head = [tr("Sweep"), tr("Status"), tr("Method"), tr("Trials"), tr("Goal"), tr("Best")]
    print(cli_text.table(head, [_line(one) for one in found], right=(3, 5)))
    return DONE


def _line(sweep: Sweep) -> list[str]:
    best = sweep.best
    value = _number(sweep.goals[0], best.goals[0]) if best else ""
    count = f"{len(sweep.ended)}/{sweep.search.trials}"
    return [sweep.path.name, _status(sweep.status), sweep.search.method, count, ", ".join(sweep.goals), value]


def _sweep_named(target: Target, word: str) -> Sweep:
    """The sweep that a word means: its folder, the beginning or end of its name; the latest where there is no word.

    Raises:
        RunError: there is none, or several.
    """
    if word and (path := next((p for p in (Path(word), target.runs / word) if p.is_dir()), None)) is not None:
        return load_sweep(path)
    found = [s for s in list_sweeps(target.runs) if s.path.name.startswith(word) or s.path.name.endswith(word)]
    if not found:
        text = msg("There is no sweep '{word}' in '{folder}'.", word=word, folder=target.runs)
        raise RunError(text if word else msg("There are no sweeps in {folder} yet.", folder=target.runs))
    if word and len(found) > 1:
        names = ", ".join(one.path.name for one in found[:5])
        raise RunError(
            msg("'{word}' may be any of these sweeps: {names}. Write more of the name.", word=word, names=names)
        )
    return found[0]


def _show(sweep: Sweep, *, as_json: bool) -> int:
    best, rows = set(pareto(sweep)), ranked(sweep, sweep.trials)
    rows.sort(key=lambda trial: trial.status != FINISHED)
    labels = [place_label(sweep.project, entry.place) for entry in sweep.search.entries]
    if as_json:
        for trial in rows:
            print(json.dumps(_record(sweep, trial, labels, is_pareto=trial.number in best), ensure_ascii=False))
        return DONE
    goals = [tr("latency (ms)") if goal == LATENCY else goal for goal in sweep.goals]
    head = ["", tr("Trial"), *goals, *labels, tr("Seconds"), tr("Status")]
    cells = [_cells(sweep, trial, labels, is_pareto=trial.number in best) for trial in rows]
    print(cli_text.table(head, cells, right=range(1, len(head) - 1)))
    if len(sweep.goals) > 1 and best:
        print(tr("* no other trial is better in one goal without being worse in another"))
    failed = next((trial for trial in rows if trial.status == FAILED), None)
    if failed is not None:
        print(tr("Trial {number} failed: {reason}", number=failed.number, reason=failed.message))
    print(_importance_text(sweep))
    return DONE


def _importance_text(sweep: Sweep) -> str:
    try:
        found = importances(sweep)
    except LayerloomError as error:
        return str(error)
    lines = []
    for goal, shares in found.items():
        text = ", ".join(f"{label} {share:.0%}" for label, share in shares.items())
        lines.append(tr("What decided about {goal}: {shares}", goal=goal, shares=text))
    return "\n".join(lines)


def _cells(sweep: Sweep, trial: Trial, labels: Sequence[str], *, is_pareto: bool) -> list[str]:
    goals = [_number(goal, value) for goal, value in zip(sweep.goals, trial.goals, strict=False)]
    values = map(value_text, trial.values, labels)
    ends = (f"{trial.seconds:.1f}", _status(trial.status))
    return ["*" if is_pareto else "", str(trial.number), *(goals or [""] * len(sweep.goals)), *values, *ends]


def _record(sweep: Sweep, trial: Trial, labels: list[str], *, is_pareto: bool) -> dict[str, Any]:
    return {
        "trial": trial.number,
        "status": trial.status,
        "goals": dict(zip(sweep.goals, trial.goals or [None] * len(sweep.goals), strict=True)),
        "values": dict(zip(labels, trial.values, strict=True)),
        "pareto": is_pareto,
        "seconds": trial.seconds,
        "run": str(trial.run) if trial.run else None,
        "message": trial.message or None,
    }


def _number(goal: str, value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if goal in (PARAMETERS, MACS) else f"{value:.4f}"


def _status(status: str) -> str:
    return {
        "finished": tr("finished"),
        "pruned": tr("given up early"),
        "failed": tr("failed"),
        "stopped": tr("stopped"),
    }.get(status, tr("under way"))


# ---- a trial as a drawing


def _take(sweep: Sweep, args: Namespace) -> int:
    trial = next((trial for trial in sweep.trials if trial.number == args.take), None)
    if trial is None:
        raise RunError(
            msg(
                "The sweep '{sweep}' has no trial {number}. Look at them with --show.",
                sweep=sweep.path.name,
                number=args.take,
            )
        )
    project = trial_project(sweep, trial)
    if sweep.folder is not None:
        project = _with_data_from(project, sweep.folder, args.output.absolute().parent)
    files.save(project, args.output)
    print(tr("{path}: the drawing of trial {number}", path=args.output, number=trial.number))
    return DONE


def _with_data_from(project: Project, folder: Path, place: Path) -> Project:
    """The project, whose relative paths start from another folder now."""
    graph = project.graph
    if folder.resolve() == place.resolve():
        return project
    for node in graph.nodes.values():
        kind = project.catalog.get(node.type)
        for param in kind.params if kind is not None else ():
            path = node.params.get(param.name)
            if param.kind is not Kind.FILE or not isinstance(path, str) or not path or path.startswith("builtin:"):
                continue
            with suppress(ValueError):  # another drive
                if not Path(path).is_absolute():
                    graph = graph.set_params(
                        node.id, {param.name: Path(os.path.relpath(folder / path, place)).as_posix()}
                    )
    return project.with_graph(graph)

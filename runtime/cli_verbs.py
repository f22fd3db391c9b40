"""The verbs of the command line. Each prints to stdout and returns the exit status."""

from __future__ import annotations

import signal
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from graph.atomic import write_atomically
from graph.changes import diff
from graph.messages import ProjectError, RunError, msg, tr
from graph.model import Project
from graph.target_scaling import FAR_TARGET
from runtime import cli_text, examples
from runtime.cli_analysis import analyse, analyse_right, data_notes
from runtime.cli_code import allow
from runtime.cli_diff import diff as print_difference
from runtime.cli_export import export, measure
from runtime.cli_generate import generate
from runtime.cli_import import bring
from runtime.cli_plan import wished_plan
from runtime.cli_predict import predict
from runtime.cli_runs import runs
from runtime.cli_sweep import sweep
from runtime.cli_targets import Target, find_drawing, find_run
from runtime.cli_watch import watch
from runtime.distributed import follow_here, is_follower, is_in_world, others_let_go, train_in_processes, world_size
from runtime.events import FINAL, OVERFIT, RANGE, TRAIN, Event, Failed, Stopped, to_json
from runtime.isolated import train_apart
from runtime.runs import load_run
from runtime.session import Control, Request, failure
from runtime.summary import summarize
from runtime.summary_formats import FORMATTERS
from runtime.tensorboard import check_available

if TYPE_CHECKING:
    pass

DONE, WRONG, INTERRUPTED = 0, 1, 130


def check(args: Namespace) -> int:
    """Print each problem, or that there is none, and what is odd in the data."""
    target = find_drawing(args.file, read_data=args.read_data)
    project = target.project
    analysis = analyse(project)
    for problem in analysis.problems:
        print(cli_text.problem_line(project, problem))
    if analysis.errors:
        return WRONG
    print(tr("no errors") if analysis.problems else tr("no problems"), cli_text.totals(analysis), sep=": ")
    for note in data_notes(project, target.folder):
        print(cli_text.note_line(note))
    return DONE


def summary(args: Namespace) -> int:
    """Print a table of the nodes."""
    project = find_drawing(args.file, read_data=args.read_data).project
    table = summarize(project, analyse_right(project)).sorted_by(args.sort)
    write = FORMATTERS.get(args.format, cli_text.summary)
    print(write(table, expand=args.expand))
    return DONE


def code(args: Namespace) -> int:
    """Print the generated source, or write it to a file."""
    from runtime.codegen import generate

    project = find_drawing(args.file, read_data=args.read_data).project
    text = generate(project, analyse_right(project)).text
    if args.output is None:
        print(text, end="")
    else:
        write_atomically(args.output, text.encode())
    return DONE


def render(args: Namespace) -> int:
    """Write a picture of the drawing; one with problems can be drawn too."""
    project = find_drawing(args.file).project
    scope = _block_named(project, args.block) if args.block is not None else None
    seen = project.inside(scope)
    nodes = _nodes_named(seen, args.select) if args.select else None
    args.draw_picture(
        seen, analyse(project).within(scope), args.output,
        style=args.style, theme=args.theme, transparent=args.transparent, legend=args.legend,
        nodes=nodes, width=args.width, scale=args.scale,
    )  # fmt: skip
    print(cli_text.written(args.output))
    return DONE


def _nodes_named(project: Project, names: list[str]) -> frozenset[str]:
    """The ids of nodes of the drawing."""
    found = {name: project.graph.node_named(name) for name in names}
    if missing := [name for name, node in found.items() if node is None]:
        known = ", ".join(node.name for node in project.graph.nodes.values()) or tr("none")
        raise ProjectError(
            msg("There is no node '{name}' in this drawing. Its nodes: {names}.", name=missing[0], names=known)
        )
    return frozenset(node.id for node in found.values() if node is not None)


def _block_named(project: Project, name: str) -> str:
    """The id of a block."""
    found = next((block.id for block in project.blocks.values() if block.name == name), None)
    if found is None:
        names = ", ".join(block.name for block in project.blocks.values()) or tr("none")
        raise ProjectError(
            msg("There is no block '{name}' in this drawing. Its blocks: {names}.", name=name, names=names)
        )
    return found


def train(args: Namespace) -> int:
    """Train, print what happens, and end with 0 only where the run finished. Of several processes that torchrun begins one speaks."""
    if is_follower():
        return follow_here()
    with _told_as_json(args):
        last = _train(args)
    if isinstance(last, Failed):
        print(f"{tr('error')}: {last.message}", file=sys.stderr)
        return WRONG
    return INTERRUPTED if isinstance(last, Stopped) else DONE


def _train(args: Namespace) -> Event:
    """Run the training loop to its end, printing each event; gives the last one."""
    with others_let_go():
        request = _request(args)
    last: Event | None = None
    with _stopped_by_signals(Control(attended=False)) as control:
        for last in _events(request, control, args):
            text = to_json(last) if args.json else cli_text.event_line(last)
            if text is not None:
                print(text, flush=True)
    assert isinstance(last, FINAL), last
    return last


def _request(args: Namespace) -> Request:
    """What is to be trained, and how.

    Raises:
        LayerloomError: the drawing or the plan is wrong, or what is wished cannot be done together.
    """
    _check_together(args)
    target = find_drawing(args.file, runs=args.out, read_data=args.read_data)
    project = _project_of_run(target, args) if args.resume else target.project
    project = project.with_plan(wished_plan(project, args))
    looks = not (args.resume or args.overfit or args.range_test)
    analyse_right(project, told_later=(FAR_TARGET,) if looks else ())
    mode = OVERFIT if args.overfit else RANGE if args.range_test else TRAIN
    source = find_run(args.source, runs=args.out) if args.source else None
    if args.tensorboard:
        check_available()
    return Request(
        project,
        target.folder,
        target.runs,
        args.resume,
        mode,
        source=source,
        tensorboard=args.tensorboard,
        shard=args.shard,
    )


def _check_together(args: Namespace) -> None:
    if args.shard and args.processes == 1 and not is_in_world():
        raise RunError(
            msg(
                "--shard divides the weights among several processes, and there is one. Add --processes N, or begin with torchrun."
            )
        )
    if args.processes > 1 and is_in_world():
        raise RunError(msg("torchrun has begun {count} processes already. Leave --processes out.", count=world_size()))
    if args.overfit or args.range_test:
        if is_in_world():
            raise RunError(msg("--overfit and --range-test look in one process. Begin without torchrun."))
        if args.processes > 1:
            raise RunError(msg("--overfit and --range-test look in one process. Leave --processes and --shard out."))


def _events(request: Request, control: Control, args: Namespace) -> Iterator[Event]:
    """The events of a run: here, in a process of its own, or in several that train together."""
    if args.processes > 1:
        return train_in_processes(request, control, args.processes)
    return train_apart(request, control) if args.process else request.events(control)


def look_before(args: Namespace) -> int:
    """Print what a look at one real batch finds; the status is 1 where training could not begin."""
    with _told_as_json(args):
        target = find_drawing(args.file, read_data=args.read_data)
        project = target.project
        analyse_right(project, told_later=(FAR_TARGET,))
        from runtime.training.job import build
        from runtime.training.precision import deterministic
        from runtime.training.preflight import ERROR, preflight

        with deterministic(project.plan.deterministic):
            fit, _ = build(project, target.folder, project.plan.epochs)
            with closing(fit):
                checked = preflight(fit)
    print(to_json(checked) if args.json else cli_text.checked(checked))
    return WRONG if any(finding.level == ERROR for finding in checked.findings) else DONE


@contextmanager
def _told_as_json(args: Namespace) -> Iterator[None]:
    """With `--json` what could not be done is an event on the standard output too."""
    try:
        yield
    except Exception as error:
        if args.json:
            print(to_json(failure(error)), flush=True)
        raise


def _project_of_run(target: Target, args: Namespace) -> Project:
    """What the run to go on with trains; says so where the file holds another drawing by now.

    Raises:
        RunError: it is no run, or it is to end earlier than it was meant to.
    """
    run = load_run(args.resume)
    if args.epochs is not None and args.epochs < run.epochs:
        raise RunError(
            msg("The run '{run}' is meant for {epochs} epochs; --epochs can only raise that. Leave --epochs out, or name more.",
                run=args.resume, epochs=run.epochs)
        )  # fmt: skip
    if diff(run.project.graph, target.project.graph).in_meaning:
        print(tr("The drawing has changed since the run began. The run goes on with its own."), file=sys.stderr)
    return run.project


@contextmanager
def _stopped_by_signals(control: Control) -> Iterator[Control]:
    """Ctrl+C ends the run cleanly; a second one ends the program at once."""

    def stop(number: int, frame: object) -> None:
        control.stop()
        signal.signal(number, before[number])
        print(tr("Stopping after this step. Press Ctrl+C again to end at once."), file=sys.stderr)

    before: dict[int, Any] = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield control
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def list_examples(args: Namespace) -> int:
    """Print the names of the built-in examples, and what each is."""
    names = examples.names()
    width = max(map(len, names))
    for name in names:
        print(f"{name.ljust(width)}  {examples.describe(name).title}")
    return DONE


RUN: Mapping[str, Callable[[Namespace], int]] = {
    "check": check,
    "summary": summary,
    "code": code,
    "diff": print_difference,
    "runs": runs,
    "render": render,
    "train": train,
    "sweep": sweep,
    "preflight": look_before,
    "predict": predict,
    "generate": generate,
    "export": export,
    "measure": measure,
    "watch": watch,
    "import": bring,
    "allow": allow,
    "examples": list_examples,
}

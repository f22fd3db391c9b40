"""What the command line prints for people: aligned tables, and one line for each event of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from unicodedata import east_asian_width

from graph.messages import LayerloomError, Message, ProjectError, msg, tr
from graph.model import Project
from graph.problems import Problem
from runtime.amounts import bytes_text, seconds_text
from runtime.analysis import Analysis
from runtime.events import (
    Checked,
    EpochEnded,
    Event,
    Figures,
    Finished,
    Noted,
    Overfitted,
    RangeTested,
    RunStarted,
    Stopped,
    Taken,
)
from runtime.summary import Summary
from runtime.summary_formats import cells, head, layers

Row = Sequence[str]

_PARTS = {"train": msg("train"), "validation": msg("validation"), "test": msg("test")}


class DrawingErrors(ProjectError):
    """A drawing that cannot run, with everything that is in its way; the message is that of the first error."""

    def __init__(self, project: Project, problems: Sequence[Problem]) -> None:
        super().__init__(problems[0].message, node=problems[0].node)
        self.project, self.problems = project, problems


def error_text(error: LayerloomError) -> str:
    """A line for what went wrong; for each problem one where a drawing has several."""
    if isinstance(error, DrawingErrors):
        return "\n".join(problem_line(error.project, problem) for problem in error.problems)
    return f"{tr('error')}: {error}"


def table(head: Row, rows: Sequence[Row], *, right: Iterable[int] = ()) -> str:
    """Rows in columns that line up, under a ruled head; the columns in `right` are flush right."""
    right = frozenset(right)
    widths = [max(columns(row[i]) for row in (head, *rows)) for i in range(len(head))]

    def line(row: Row) -> str:
        gaps = [" " * (width - columns(cell)) for width, cell in zip(widths, row, strict=True)]
        cells = (gap + cell if i in right else cell + gap for i, (gap, cell) in enumerate(zip(gaps, row, strict=True)))
        return "  ".join(cells).rstrip()

    return "\n".join([line(head), "  ".join("-" * width for width in widths), *map(line, rows)])


def columns(text: str) -> int:
    """The places that a text takes in a terminal: a Chinese character takes two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def problem_line(project: Project, problem: Problem) -> str:
    """`error: conv2 (shape-mismatch): …`; without a name where the problem is of the whole drawing."""
    node = project.drawing(problem.block).nodes.get(problem.node or "")
    severity = tr("error") if problem.severity == "error" else tr("warning")
    block = project.blocks[problem.block].name if problem.block is not None else ""
    name = ".".join(filter(None, (block, node.name if node else "")))
    place = f"{name} ({problem.code})" if name else f"({problem.code})"
    return f"{severity}: {place}: {problem.message}"


def totals(analysis: Analysis) -> str:
    """`61,706 parameters, 416,520 multiply-accumulates a sample`."""
    return tr(
        "{parameters:,} parameters, {macs:,} multiply-accumulates a sample",
        parameters=analysis.parameters,
        macs=analysis.macs,
    )


def summary(summary: Summary, *, expand: bool = False) -> str:
    """A row a node, the layers in blocks indented if they are asked for, and the totals."""
    rows = [cells(summary, layer, "  " * layer.depth + layer.row.name) for layer in layers(summary.rows, expand=expand)]
    text = tr(
        "{parameters:,} parameters, {macs:,} multiply-accumulates a sample",
        parameters=summary.parameters,
        macs=summary.macs,
    )
    memory = tr("{memory:,.1f} KiB of parameters and outputs a sample", memory=summary.memory / 1024)
    return f"{table(head(), rows, right=(3, 4, 5, 6, 7))}\n\n{text}, {memory}"


def event_line(event: Event) -> str | None:
    """What to print for an event of a run; None for those that come too often."""
    describe = _EVENT_LINES.get(type(event))
    return describe(event) if describe else None


def figures(values: Figures) -> str:
    """`loss 0.0712  accuracy 0.9753`."""
    return "  ".join(f"{name} {value:.4f}" for name, value in values.items())


def written(path: Path) -> str:
    """Where a file is, its format and how large it is."""
    return f"{path}  {path.suffix[1:].upper()}, {path.stat().st_size / 1024:,.1f} KiB"


_LEVELS = {"ok": msg("fine"), "warning": msg("warning"), "error": msg("error")}


def checked(event: Checked) -> str:
    """What the look before a run found: a line a finding, what is wrong first."""
    order = tuple(reversed(_LEVELS))
    rows = sorted(event.findings, key=lambda finding: order.index(finding.level))
    lines = [f"{_LEVELS[finding.level]}: {finding.message}" for finding in rows]
    if event.memory_needed is not None:
        lines.append(tr("memory of a step: about {size}", size=bytes_text(event.memory_needed)))
    if event.seconds_per_epoch is not None:
        lines.append(tr("time of an epoch: about {time}", time=seconds_text(event.seconds_per_epoch)))
    return "\n".join(lines)


def _warnings(event: Checked) -> str | None:
    """What is not fine; nothing where all is."""
    wrong = [f"{_LEVELS[finding.level]}: {finding.message}" for finding in event.findings if finding.level != "ok"]
    return "\n".join(wrong) or None


def note_line(note: Message) -> str:
    """What is worth knowing, though nothing is wrong."""
    return f"{tr('note')}: {note}"


def _range_tested(event: RangeTested) -> str:
    if event.proposed is None:
        return tr("No learning rate stands out: the loss did not fall. Check the drawing and its data.")
    return tr("A learning rate to try: {rate}", rate=f"{event.proposed:.2g}")


def _started(event: RunStarted) -> str:
    rows = (
        (tr("device"), f"{event.device}, {event.device_name}"),
        (tr("samples"), ", ".join(f"{count:,} {_PARTS[part]}" for part, count in event.samples.items())),
        (tr("parameters"), f"{event.parameters:,}"),
        (tr("seed"), str(event.seed)),
        (tr("run"), event.run),
    )
    rows = tuple(row for row in rows if row[1])  # a run that only looks leaves no folder
    width = max(columns(name) for name, _ in rows)
    lines = [f"{name}{' ' * (width - columns(name))}  {value}" for name, value in rows]
    return "\n".join([*lines, *map(note_line, event.notes)]) + "\n"


def _taken(event: Taken) -> str:
    """What a run began with, and the names of what begins anew."""
    kept, whole = len(event.kept), len(event.kept) + len(event.new)
    lines = [tr("weights of {run}: {kept} of {whole} taken", run=event.source, kept=kept, whole=whole)]
    if event.new:
        lines.append(tr("begin anew: {names}", names=", ".join(event.new)))
    if event.left_out:
        lines.append(tr("left out: {names}", names=", ".join(event.left_out)))
    return "\n".join(lines) + "\n"


def _epoch(event: EpochEnded) -> str:
    text = tr(
        "epoch {epoch:>3}   {train}   validation {validation}   {time}",
        epoch=event.epoch,
        train=figures(event.train) or "-",
        validation=figures(event.validation) or "-",
        time=seconds_text(event.seconds),
    )
    return f"{text}   {tr('best')}" if event.best else text


def _finished(event: Finished) -> str:
    if not event.run:
        return tr("after {time}", time=seconds_text(event.seconds))
    result = tr("test {figures}   after {time}", figures=figures(event.test) or "-", time=seconds_text(event.seconds))
    return f"\n{result}\n{tr('run')}  {event.run}"


def _stopped(event: Stopped) -> str:
    return "\n" + tr(
        "Stopped in epoch {epoch}, step {step}. Go on with: --resume {run}",
        epoch=event.epoch,
        step=event.step,
        run=event.run,
    )


_EVENT_LINES: Mapping[type, Callable[..., str | None]] = {
    RunStarted: _started,
    Taken: _taken,
    EpochEnded: _epoch,
    Checked: _warnings,
    Noted: lambda event: note_line(event.message),
    Overfitted: lambda event: str(event.message),
    RangeTested: _range_tested,
    Finished: _finished,
    Stopped: _stopped,
}

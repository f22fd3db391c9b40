"""What the command line prints for people: aligned tables, and one line for each event of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from unicodedata import east_asian_width

from graph.catalog import Catalog
from graph.catalog.definitions import PREFIX, REPEAT, SCAN
from graph.messages import LayerloomError, ProjectError, msg, tr, translate
from graph.model import Node, Project
from graph.problems import Problem
from graph.topology import execution_order
from runtime.analysis import Analysis, NodeAnalysis
from runtime.events import (
    EpochEnded,
    Event,
    Figures,
    Finished,
    RunStarted,
    Stopped,
)
from runtime.export.receipt import SAMPLES, Receipt

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


def summary(project: Project, analysis: Analysis) -> str:
    """A row a node, in the order of execution, and the totals."""
    head = (tr("name"), tr("type"), tr("output"), tr("parameters"), "MACs")
    rows = [
        _summary_row(project.graph.nodes[node], analysis, project.catalog) for node in execution_order(project.graph)
    ]
    return f"{table(head, rows, right=(3, 4))}\n\n{totals(analysis)}"


def _summary_row(node: Node, analysis: Analysis, catalog: Catalog) -> Row:
    known = analysis.nodes[node.id]
    shapes = ", ".join(spec.compact for spec in known.outputs.values())
    own = f"{known.parameters:,}" if known.parameters else ""
    parameters = " + ".join(filter(None, (own, tr("shared") if node.shares else "")))
    return node.name, _kind(node, known, catalog), shapes, parameters, f"{known.macs:,}" if known.macs else ""


def _kind(node: Node, known: NodeAnalysis, catalog: Catalog) -> str:
    """What a node is: `Linear`, `3 × Bottleneck`, `GRUCell over time`."""
    label = translate(catalog[node.type].label)
    if node.type.startswith(PREFIX) and known.resolved["use"] == REPEAT:
        return tr("{times} × {block}", times=known.resolved["times"], block=label)
    if node.type.startswith(PREFIX) and known.resolved["use"] == SCAN:
        return tr("{block} over time", block=label)
    return label


def event_line(event: Event) -> str | None:
    """What to print for an event of a run; None for those that come too often."""
    describe = _EVENT_LINES.get(type(event))
    return describe(event) if describe else None


def figures(values: Figures) -> str:
    """`loss 0.0712  accuracy 0.9753`."""
    return "  ".join(f"{name} {value:.4f}" for name, value in values.items())


def receipt(written: Receipt) -> str:
    """Where an export is, and what its second run showed."""
    differences = ", ".join(
        tr("{difference:.2g} in batches of {count}", difference=difference, count=batch)
        if batch != SAMPLES
        else tr("{difference:.2g} on test samples", difference=difference)
        for batch, difference in written.differences.items()
    )
    result = tr(
        "Run again in a clean process; largest difference: {differences}. Allowed: {tolerance:g}.",
        differences=differences,
        tolerance=written.tolerance,
    )
    return f"{written.path}\n{result}"


def _started(event: RunStarted) -> str:
    rows = (
        (tr("device"), f"{event.device}, {event.device_name}"),
        (tr("samples"), ", ".join(f"{count:,} {_PARTS[part]}" for part, count in event.samples.items())),
        (tr("parameters"), f"{event.parameters:,}"),
        (tr("seed"), str(event.seed)),
        (tr("run"), event.run),
    )
    width = max(columns(name) for name, _ in rows)
    return "\n".join(f"{name}{' ' * (width - columns(name))}  {value}" for name, value in rows) + "\n"


def _epoch(event: EpochEnded) -> str:
    text = tr(
        "epoch {epoch:>3}   {train}   validation {validation}   {seconds:.1f} s",
        epoch=event.epoch,
        train=figures(event.train) or "-",
        validation=figures(event.validation) or "-",
        seconds=event.seconds,
    )
    return f"{text}   {tr('best')}" if event.best else text


def _finished(event: Finished) -> str:
    result = tr("test {figures}   after {seconds:.1f} s", figures=figures(event.test) or "-", seconds=event.seconds)
    return f"\n{result}\n{tr('run')}  {event.run}"


def _stopped(event: Stopped) -> str:
    return "\n" + tr(
        "Stopped in epoch {epoch}, step {step}. Go on with: --resume {run}",
        epoch=event.epoch,
        step=event.step,
        run=event.run,
    )


_EVENT_LINES: Mapping[type, Callable[..., str]] = {
    RunStarted: _started,
    EpochEnded: _epoch,
    Finished: _finished,
    Stopped: _stopped,
}

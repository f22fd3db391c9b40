"""Writes the table of a network for other programs: CSV, Markdown, LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from graph.messages import tr
from runtime.summary import Row, Summary

Line = Sequence[str]

_LATEX = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "×": r"$\times$", "·": r"$\cdot$",
    "→": r"$\to$", "←": r"$\leftarrow$", "↔": r"$\leftrightarrow$", **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}  # fmt: skip
_CSV_HEAD = (
    "layer", "type", "output", "parameters", "parameter_share", "shared_weights", "macs", "mac_share", "memory_bytes",
    "type_id",
)  # fmt: skip


class Layer(NamedTuple):
    """A row, how deep it lies in blocks, and its name with those of the blocks around it: `stage1.conv1`."""

    row: Row
    depth: int
    path: str


def layers(rows: Sequence[Row], *, expand: bool, depth: int = 0, around: str = "") -> Iterator[Layer]:
    """The rows one below the other; with `expand` those inside blocks after that of the block."""
    for row in rows:
        path = f"{around}.{row.name}" if around else row.name
        yield Layer(row, depth, path)
        if expand:
            yield from layers(row.parts, expand=True, depth=depth + 1, around=path)


def head() -> Line:
    """The titles of the columns, for people."""
    return (tr("layer"), tr("type"), tr("output"), tr("parameters"), "%", "MACs", "%", tr("memory (KiB)"))


def cells(summary: Summary, layer: Layer, name: str) -> Line:
    """What people read in a row; nothing where a figure is 0."""
    row = layer.row
    parameters = " + ".join(filter(None, (_count(row.parameters), tr("shared") if row.shared else "")))
    shares = (_percent(summary.parameter_share(row)), _percent(summary.mac_share(row)))
    return (name, row.kind, row.output, parameters, shares[0], _count(row.macs), shares[1], _kib(row.memory))


def totals(summary: Summary) -> Line:
    """The last row."""
    figures = (_count(summary.parameters), _count(summary.macs), _kib(summary.memory))
    return (tr("total"), "", "", figures[0], "", figures[1], "", figures[2])


def to_csv(summary: Summary, *, expand: bool = False) -> str:
    """Comma-separated values with plain numbers and English titles, for programs; shares from 0 to 1, no totals. The type is in words,
    and, the same in every language, as its id."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_CSV_HEAD)
    for row, _, path in layers(summary.rows, expand=expand):
        of_parameters, of_macs = f"{summary.parameter_share(row):.6f}", f"{summary.mac_share(row):.6f}"
        learned = (row.parameters, of_parameters, "yes" if row.shared else "no")
        writer.writerow((path, row.kind, row.output, *learned, row.macs, of_macs, row.memory, row.type_id))
    return text.getvalue().rstrip("\n")


def to_markdown(summary: Summary, *, expand: bool = False) -> str:
    """A table in Markdown, figures flush right."""
    rows = [cells(summary, layer, layer.path) for layer in layers(summary.rows, expand=expand)]
    bold = [f"**{cell}**" if cell else "" for cell in map(_markdown, totals(summary))]
    lines = [head(), (":--",) * 3 + ("--:",) * 5, *([_markdown(cell) for cell in row] for row in rows), bold]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def to_latex(summary: Summary, *, expand: bool = False) -> str:
    r"""A `tabular` with the rules of the package booktabs; the layers in blocks are indented."""
    rows = []
    for layer in layers(summary.rows, expand=expand):
        name, *others = map(_latex, cells(summary, layer, layer.row.name))
        rows.append(_latex_row([r"\quad " * layer.depth + name, *others]))
    return "\n".join(
        [
            r"% needs \usepackage{booktabs}",
            r"\begin{tabular}{lllrrrrr}",
            r"\toprule",
            _latex_row(list(map(_latex, head()))),
            r"\midrule",
            *rows,
            r"\midrule",
            _latex_row(list(map(_latex, totals(summary)))),
            r"\bottomrule",
            r"\end{tabular}",
        ]
    )


def _latex_row(row: Line) -> str:
    return f"{' & '.join(row)} \\\\"


def _latex(text: str) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in text)


def _markdown(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|")


def _count(number: int) -> str:
    return f"{number:,}" if number else ""


def _percent(share: float) -> str:
    return f"{100 * share:.1f}" if share else ""


def _kib(size: int) -> str:
    return f"{size / 1024:,.1f}" if size else ""


FORMATTERS: Mapping[str, Callable[..., str]] = {"csv": to_csv, "markdown": to_markdown, "latex": to_latex}

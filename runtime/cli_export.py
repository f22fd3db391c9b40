"""The verbs `export` and `measure`: a network taken away, and how fast and large each way to take it is."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import replace
from typing import TYPE_CHECKING

from graph.atomic import write_atomically
from graph.messages import tr
from runtime import cli_text
from runtime.cli_analysis import analyse_right
from runtime.cli_targets import find_drawing, find_run, is_run
from runtime.export.receipt import Receipt, batch_text, larger_text

if TYPE_CHECKING:
    from runtime.export.report import Report
    from runtime.predict import Trained


def export(args: Namespace) -> int:
    """Write a network in a format, and print its receipt."""
    from runtime.export import FORMATS
    from runtime.export import export as write
    from runtime.predict import load_trained

    needs_run = FORMATS[args.format].needs_training or is_run(args.target)
    trained = load_trained(find_run(args.target, runs=args.out)) if needs_run else _untrained(args)
    print(receipt_text(write(trained, args.format, args.output)))
    return 0


def measure(args: Namespace) -> int:
    """Measure every export against PyTorch, and print or write the table."""
    from runtime.export.report import measure
    from runtime.export.report_table import to_markdown
    from runtime.predict import load_trained

    report = measure(load_trained(find_run(args.target, runs=args.out)), batch_size=args.batch_size)
    record = json.dumps(report.record(), indent=2, ensure_ascii=False)
    if args.output is not None:
        text = to_markdown(report) if args.output.suffix == ".md" else f"{record}\n"
        write_atomically(args.output, text.encode())
    print(record if args.json else report_text(report))
    return 0


def _untrained(args: Namespace) -> Trained:
    from runtime.predict import untrained

    target = find_drawing(args.target, read_data=args.read_data)
    analyse_right(target.project)
    return replace(untrained(target.project), folder=target.folder)


def report_text(report: Report) -> str:
    """The table of a report, under it what was measured and what could not be."""
    from runtime.export.report_table import heads, notes, rows

    table = cli_text.table(heads(), rows(report), right=range(1, len(heads())))
    return "\n".join([table, "", *notes(report)])


def receipt_text(written: Receipt) -> str:
    """Where an export is, and what its second run showed."""
    differences = ", ".join(f"{value:.2g} ({batch_text(batch)})" for batch, value in written.differences.items())
    lines = [
        written.path,
        tr("Run again in a clean process; largest difference: {differences}.", differences=differences)
        + " "
        + _allowed(written.tolerance),
        *(f"{name}: {' × '.join(map(str, shape))}" for name, shape in written.shapes.items()),
    ]
    if written.sizes is not None:
        before, after = (f"{size / 1024:,.1f}" for size in written.sizes)
        lines.append(tr("Size before and after rounding: {before} KiB, {after} KiB.", before=before, after=after))
        lines += [larger_text()] if written.is_larger else []
        moved = ", ".join(f"{name} {old:.4f} → {new:.4f}" for name, (old, new) in written.figures.items())
        lines.append(
            tr("Test figures: {figures}", figures=moved)
            if moved
            else tr("The test samples are not at hand, so what rounding costs was not measured.")
        )
    return "\n".join(lines)


def _allowed(tolerance: float) -> str:
    """How large a difference may be (see `Receipt.differences`)."""
    if not tolerance:
        return tr("Allowed: 0.")
    return tr("Allowed: {tolerance:g} times the largest output, at least {tolerance:g}.", tolerance=tolerance)

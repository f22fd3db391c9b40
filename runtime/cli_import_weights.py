"""The verb `import weights`: a table of what belongs where, and the run that holds the weights."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from graph.messages import Message, RunError, msg, tr
from runtime import cli_text
from runtime.cli_targets import find_drawing
from runtime.importer.weights_mapping import (
    EXACT,
    Matches,
    Place,
    chosen,
    propose,
    squares,
    with_chosen,
    with_turned,
)
from runtime.importer.weights_reading import WeightsFile, read_weights
from runtime.importer.weights_report import MATCHED, MISMATCHED, MISSING, Line, Report, sizes

DONE, WRONG = 0, 1
STATES = {MATCHED: msg("matched"), MISSING: msg("missing"), MISMATCHED: msg("mismatched")}


def import_weights(args: Namespace) -> int:
    """Print what belongs where, and make the run unless only the table is wanted or `--strict` forbids it.

    The status is 1 where something of the drawing is missing and that is not allowed.

    Raises:
        LayerloomError: the drawing, its file of weights or what `--map` says is wrong; or nothing matches.
    """
    if args.weights is None:
        raise RunError(msg("Say which file of weights: import weights {file} WEIGHTS", file=args.source))
    drawing = find_drawing(args.source, runs=args.out)
    file = read_weights(args.weights)
    from runtime.warmup import warm_up

    warm_up()
    from runtime.importer.weights import Target, import_weights

    target = Target(drawing.project)
    matches = propose(target.places, file.entries)
    said = chosen(target.places, file.entries, args.map, transpose=args.transpose)
    matches = with_chosen(matches, said)
    if args.transpose:
        matches = with_turned(target.places, file.entries, matches)
        _print_notes(_told_of_turning(target.places, matches))
    report = target.report(file, matches)
    is_refused = args.strict and not report.is_whole
    if args.dry_run or is_refused:
        _print_table(report, file, args)
        _print_notes(file.notes)
        if is_refused:
            text = tr("Nothing was imported: not all of the drawing is in the file, and --strict asks for that.")
            print(text, file=sys.stderr)
        return WRONG if is_refused else DONE
    imported = import_weights(target, file, matches, folder=drawing.folder, runs=drawing.runs)
    _print_table(report, file, args, run=imported.run, test=dict(imported.test))
    _print_notes(imported.notes)
    return DONE


def _told_of_turning(places: Sequence[Place], matches: Matches) -> Iterator[Message]:
    """What `--transpose` did not do."""
    if not any(match.transposed for match in matches.values()):
        yield msg("--transpose changed nothing: no matrix of the file fits better with its rows as columns.")
    elif names := squares(places, matches):
        yield msg(
            "Square matrices fit either way round and stay as they are in the file: {names}. If the file has them the other way "
            "round too, turn them before the import.",
            names=", ".join(names),
        )


def _print_notes(notes: Iterable[Message]) -> None:
    for note in notes:
        print(f"{tr('note')}: {note}", file=sys.stderr)


def _print_table(
    report: Report, file: WeightsFile, args: Namespace, *, run: Path | None = None, test: dict[str, float] | None = None
) -> None:
    if args.json:
        record: dict[str, Any] = {"event": "Imported", "file": str(file.path), "run": str(run) if run else None}
        print(json.dumps({**record, **report.to_record(), "test": test or {}}, ensure_ascii=False))
        return
    rows = [_row(report, line) for lines in report.by_node.values() for line in lines]
    head = [tr("Node"), tr("Weights"), tr("Shape"), tr("Source"), tr("State"), tr("How")]
    print(cli_text.table(head, rows))
    if report.unexpected:
        print(f"\n{tr('Unexpected in the file:')}")
        for entry in report.unexpected:
            print(f"  {entry.name}  {sizes(entry.shape)}")
    print(f"\n{report.summary}")
    if run is not None:
        figures = f"  {tr('test {figures}', figures=cli_text.figures(test))}" if test else ""
        print(f"{tr('run')}  {run}{figures}")


def _row(report: Report, line: Line) -> list[str]:
    """A parameter: what is exact needs no words of its own."""
    name = line.place.name.partition(".")[2] or line.place.name
    how = "" if line.match and line.match.kind == EXACT and line.state == MATCHED else str(line.words)
    source = line.match.entry.name if line.match else "–"
    return [report.title(line.place.node), name, sizes(line.place.shape), source, str(STATES[line.state]), how]

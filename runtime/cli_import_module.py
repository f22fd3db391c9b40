"""The verb `import module`: a PyTorch module as a drawing, and a run that holds its weights."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from graph import files
from graph.messages import RunError, msg, tr
from runtime.importer.apart_watch import LATE
from runtime.importer.module_apart import Brought, Given, import_apart
from runtime.importer.recording import Place
from runtime.runs import runs_folder

DONE = 0
FIRST = 30  # seconds until something is said of code that is still running


def import_module(args: Namespace) -> int:
    """Write the drawing, and make a run that holds the weights.

    Raises:
        LayerloomError: its code may not run, it cannot become a drawing, or the file cannot be written.
    """
    if not args.allow:
        text = msg("'{source}' is Python that would run here, and could do whatever you can. Read it, and say --allow if you trust it.",
                   source=args.source)  # fmt: skip
        raise RunError(text)
    if not args.input:
        raise RunError(
            msg("Say what it is given: --input with the sizes of one sample for each input, such as --input 3,32,32.")
        )
    if args.output is None and not args.dry_run:
        raise RunError(msg("Say where the drawing goes: -o NAME.layerloom"))
    name = args.output.stem if args.output is not None else ""
    with import_apart(args.source, list(_inputs(args)), name=name, watch=_tell) as brought:
        run = None if args.dry_run else written(brought, args)
    if args.json:
        print(
            json.dumps(
                {"event": "Imported", "file": str(args.output), "run": str(run) if run else None, **brought.report}
            )
        )
    else:
        for line in _lines(brought.report):
            print(line)
        if run is not None:
            print(f"{tr('drawing')}  {args.output}\n{tr('run')}  {run}")
    return DONE


def _tell(seconds: int, place: Place) -> None:
    """Say where it is, half a minute after it began and then ever less often."""
    if seconds >= FIRST and (seconds // FIRST).bit_count() == 1 and seconds % FIRST < LATE:
        text = tr("after {seconds} seconds its code is in line {line} of {file}; Ctrl+C ends it",
                  seconds=seconds, line=place.line, file=place.file)  # fmt: skip
        print(f"{tr('note')}: {text}", file=sys.stderr)


def _inputs(args: Namespace) -> Iterator[Given]:
    """Each input with the kind that is said in the same place, or the last one said."""
    for number, shape in enumerate(args.input):
        dtype, count = args.dtype[number] if number < len(args.dtype) else ("float32", 2)
        yield Given(shape, dtype, count)


def written(brought: Brought, args: Namespace) -> Path | None:
    """The run with the weights, beside the drawing that is written."""
    files.save(brought.project, args.output)
    if not brought.report["parameters"]:
        return None
    from runtime.warmup import warm_up

    warm_up()
    from runtime.importer.weights import Target, import_weights
    from runtime.importer.weights_mapping import propose
    from runtime.importer.weights_reading import read_weights

    target, file = Target(brought.project), read_weights(brought.weights)
    matches = propose(target.places, file.entries)
    made = import_weights(target, file, matches, folder=args.output.parent, runs=args.out or runs_folder(args.output))
    if not made.report.is_whole:
        print(f"{tr('note')}: {made.report.summary}", file=sys.stderr)
    return made.run


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    """What a person should know."""
    yield size_text(report)
    proof = report["proof"]
    batches = ", ".join(map(str, proof["batches"]))
    if proof["outputs"] == 0 and proof["gradients"] == 0:
        same = msg("outputs and gradients are the same, bit for bit")
    else:
        same = msg("outputs differ by {outputs:.1e} of the largest number at most, gradients by {gradients:.1e}",
                   outputs=proof["outputs"], gradients=proof["gradients"])  # fmt: skip
    yield tr("proven: {same}, in evaluation and training, on batches of {batches}", same=same, batches=batches)
    for text, found in _notes(report):
        if found:
            yield f"{tr('note')}: {text}: {found}"


def size_text(report: Mapping[str, Any]) -> str:
    """How large the drawing is, by the report of a module."""
    counts = {key: f"{report[key]:,}" for key in ("nodes", "inside", "blocks", "instances", "parameters")}
    if not report["blocks"]:
        return tr("{nodes} nodes, {parameters} numbers to learn", **counts)
    return tr(
        "{nodes} nodes, {inside} more inside of blocks ({blocks}, used {instances} times), {parameters} numbers to learn",
        **counts,
    )


def _notes(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    times = ", ".join(f"{name} × {count}" for name, count in report["unrolled"].items())
    yield tr("called several times, drawn as often with the same weights"), times
    yield tr("no node stands for these, they are own code"), ", ".join(report["own_code"])
    yield tr("do not learn in the module, and are frozen in the plan of the drawing"), ", ".join(report["frozen"])
    yield (
        tr("frozen, so their dropout and running statistics rest in training too, as in the module they do not"),
        ", ".join(report["resting"]),
    )
    yield (
        tr(
            "{numbers} numbers take no part in what the module gives, and are left out",
            numbers=f"{report['unused_numbers']:,}",
        ),
        ", ".join(report["unused"]),
    )
    yield tr("buffers that nothing uses are left out"), ", ".join(report["left_out"])


__all__: list[Any] = ["import_module"]

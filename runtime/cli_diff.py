"""The verb `diff`: what leads from one document to another, as a text or as JSON."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

from graph import files
from graph.compare import SIGNS, Comparison, DrawingDifference, Kind, compare, count_line, drawing_title
from graph.messages import tr
from graph.model import Project
from runtime.cli_targets import find_file, is_run
from runtime.runs import load_run

SAME, DIFFERENT = 0, 1


def diff(args: Namespace) -> int:
    """Print what differs; the status says whether anything does."""
    old, new = (_project(word) for word in (args.old, args.new))
    comparison = compare(old, new)
    for line in _records(comparison) if args.json else _lines(comparison):
        print(line)
    return DIFFERENT if comparison else SAME


def _project(word: str) -> Project:
    """The drawing of a file or an example, or what a run trained.

    Raises:
        FileError: there is none, or it cannot be opened.
        RunError: it is a folder, but not that of a run.
    """
    return load_run(find_file(word)).project if is_run(word) else files.load(find_file(word))


def _lines(comparison: Comparison) -> Iterator[str]:
    yield str(count_line(comparison))
    for drawing in comparison.drawings:
        yield ""
        sign = "" if drawing.kind is Kind.CHANGED else f"{SIGNS[drawing.kind]} "
        yield f"{sign}{drawing_title(drawing)}"
        yield from _drawing_lines(drawing)
    for title, texts in ((tr("Training plan"), comparison.training), (tr("Code"), comparison.code)):
        if texts:
            yield from ("", title, *(f"  ~ {text}" for text in texts))


def _drawing_lines(drawing: DrawingDifference) -> Iterator[str]:
    yield from (f"  ~ {text}" for text in drawing.settings)
    for node in drawing.nodes:
        yield f"  {SIGNS[node.kind]} {node.name}  {node.type}"
        yield from (f"      {text}" for text in node.details)
    yield from (f"  {SIGNS[wire.kind]} {wire.name}" for wire in drawing.wires)


def _records(comparison: Comparison) -> Iterator[str]:
    """One JSON object a difference, in the order of the text; `block` is null in the drawing of the project."""
    for drawing in comparison.drawings:
        block = drawing.title if drawing.is_block else None
        for node in drawing.nodes:
            details = [str(text) for text in node.details]
            yield _record("node", node.kind, block=block, name=node.name, type=node.type, details=details)
        for wire in drawing.wires:
            yield _record("wire", wire.kind, block=block, name=wire.name)
        if drawing.is_block and drawing.kind is not Kind.CHANGED:
            yield _record("block", drawing.kind, name=drawing.title)
        yield from (_record("block", Kind.CHANGED, name=drawing.title, text=str(text)) for text in drawing.settings)
    for what, texts in (("training", comparison.training), ("code", comparison.code)):
        yield from (_record(what, Kind.CHANGED, text=str(text)) for text in texts)


def _record(what: str, kind: Kind, **fields: Any) -> str:
    return json.dumps({"what": what, "kind": kind.value, **fields}, ensure_ascii=False)

"""The verb `diff`: what leads from one document to another, as a text or as JSON. Trouble has a status of its own."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

from graph import files
from graph.compare import SIGNS, Comparison, DrawingDifference, Kind, NodeDifference, compare, count_line, drawing_title
from graph.messages import Message, tr
from graph.model import Project
from runtime.cli_targets import find_file, is_run
from runtime.runs import load_run

SAME, DIFFERENT = 0, 1


def diff(args: Namespace) -> int:
    """Print what differs; the status says whether anything does."""
    old, new = (_project(word) for word in (args.old, args.new))
    comparison = compare(old, new)
    for line in difference_records(comparison, old, new) if args.json else difference_lines(comparison):
        print(line)
    return DIFFERENT if comparison else SAME


def _project(word: str) -> Project:
    """The drawing of a file or an example, or what a run trained.

    Raises:
        FileError: there is none, or it cannot be opened.
        RunError: it is a folder, but not that of a run.
    """
    return load_run(find_file(word)).project if is_run(word) else files.load(find_file(word))


def difference_lines(comparison: Comparison) -> Iterator[str]:
    """What differs, for people."""
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


def difference_records(comparison: Comparison, old: Project, new: Project) -> Iterator[str]:
    """One JSON object a difference, in the order of the text; `block` is null in the drawing of the project.

    `type`, `details` and `text` are words in the language in use; type ids, `key` and `values` are the same in all.
    """
    for drawing in comparison.drawings:
        block = drawing.title if drawing.is_block else None
        for node in drawing.nodes:
            types = _type_ids(node, drawing, old, new)
            details = {"details": list(map(str, node.details)), "changes": list(map(_change, node.details))}
            yield _record("node", node.kind, block=block, name=node.name, type=node.type, **types, **details)
        for wire in drawing.wires:
            yield _record("wire", wire.kind, block=block, name=wire.name)
        if drawing.is_block and drawing.kind is not Kind.CHANGED:
            yield _record("block", drawing.kind, name=drawing.title)
        yield from (_record("block", Kind.CHANGED, name=drawing.title, **_told(text)) for text in drawing.settings)
    for what, texts in (("training", comparison.training), ("code", comparison.code)):
        yield from (_record(what, Kind.CHANGED, **_told(text)) for text in texts)


def _type_ids(node: NodeDifference, drawing: DrawingDifference, old: Project, new: Project) -> dict[str, str]:
    """The id of the type that a node had and of the one that it has, as far as it is in both."""
    sides = (("old_type_id", old, drawing.old, node.old), ("new_type_id", new, drawing.new, node.new))
    return {key: project.drawing(scope).nodes[i].type for key, project, scope, i in sides if i is not None}


def _told(text: Message) -> dict[str, Any]:
    return {"text": str(text), **_change(text)}


def _change(text: Message) -> dict[str, Any]:
    """A change for programs: the English sentence with its gaps, which names it in every language, and what fills them."""
    return {"key": text.text, "values": {name: _value(value) for name, value in text.values.items()}}


def _value(value: object) -> object:
    if isinstance(value, Message):
        return _change(value) if value.values else value.text
    return value if isinstance(value, str | int | float | bool) else str(value)


def _record(what: str, kind: Kind, **fields: Any) -> str:
    return json.dumps({"what": what, "kind": kind.value, **fields}, ensure_ascii=False)

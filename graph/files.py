"""Projects as `.layerloom` files: canonical JSON text, checked on the way in, replaced atomically on the way out.

    {"format", "version", "name", "nodes": [...], "links": [...], "blocks": [{"id", "name", "nodes", "links", ...}],
     "codes": [...], "plan": {...}, "layout": {"nodes": {id: [x, y]}, "blocks": {id: {node id: [x, y]}}}}

Meaning comes first and layout last, so that moving a node changes no line of meaning. Node order is kept, it decides
the order of execution between equals; links stand in the order of the nodes they end at. Fields that this version
does not know stay where they were: those of a node in `Node.extra`, all others in `Project.extra`.
"""

from __future__ import annotations

import os
from pathlib import Path

from graph import strict_json
from graph.atomic import check_regular, explain, write_atomically
from graph.catalog import Catalog
from graph.messages import FileError, Message, msg
from graph.migrations import MIGRATIONS, Record
from graph.model import Definitions, Graph, Project
from graph.plan import Plan
from graph.records import SECTIONS, part_of, part_record, plan_record, project_of, project_record
from graph.schema import PartRecord, ProjectRecord, check

SUFFIX = ".layerloom"
FORMAT = "layerloom"
PART_FORMAT = "layerloom-part"

_FIRST = ("format", "version", "name", "nodes", "links", "blocks", "codes", "plan")
_LAST = ("layout",)


def load(path: Path) -> Project:
    """Open a file. No other file is opened, no code runs, nothing is fetched.

    Raises:
        FileError: it cannot be read or is no valid project; the message says what, where, and what to do.
    """
    try:
        return from_text(_decode(_read(path)))
    except OSError as error:
        raise _cannot_open(path, explain(error)) from error
    except FileError as error:
        raise _cannot_open(path, error.message) from error


def save(project: Project, path: Path) -> bytes:
    """Write a project to a file, atomically, after making sure that it can be read back; gives what was written.

    The previous state of the file stays beside it, with a `~` at the end of its name.

    Raises:
        FileError: it could not be written; the old file is whole.
    """
    try:
        data = to_bytes(project)
    except FileError as error:
        raise FileError(
            msg(
                "'{file}' was not saved, because it could not be opened again: {reason}",
                file=str(path),
                reason=error.message,
            )
        ) from error
    write_atomically(path, data, keep_backup=True)
    return data


def to_bytes(project: Project) -> bytes:
    """What a file of the project holds.

    Raises:
        FileError: it could not be read back; the message says why.
    """
    text = to_text(project)
    if to_text(from_text(text)) != text:
        raise FileError(msg("What would be written does not read back the same."))
    if len(data := text.encode()) > strict_json.MAX_BYTES:
        raise strict_json.too_large()
    return data


def to_text(project: Project) -> str:
    """The canonical text of a project.

    Raises:
        FileError: a number in it is not finite.
    """
    extra: Record = dict(project.extra)
    known: Record = {"format": FORMAT, "version": MIGRATIONS.version, **project_record(project)}
    record = {**extra, **known}
    for section in SECTIONS:
        record[section] = {**extra.get(section, {}), **known[section]}
    return strict_json.dump(record, first=_FIRST, last=_LAST)


def from_text(text: str) -> Project:
    """The project that a text holds.

    Raises:
        FileError: it holds none; the message says what is wrong and where.
    """
    record = _open_record(text, FORMAT)
    if isinstance(plan := record.get("plan", {}), dict):
        record["plan"] = {**plan_record(Plan()), **plan}
    return project_of(check(record, ProjectRecord), record)


def part_to_text(graph: Graph, definitions: Definitions | None = None) -> str:
    """The canonical text of a part of a drawing, for the clipboard, with the definitions that it uses."""
    record = {"format": PART_FORMAT, "version": MIGRATIONS.version, **part_record(graph, definitions or Definitions())}
    return strict_json.dump(record, first=_FIRST, last=_LAST)


def part_from_text(text: str, catalog: Catalog) -> tuple[Graph, Definitions]:
    """The part of a drawing that a text holds; nodes of a renamed type get the type's present id.

    Raises:
        FileError: it holds none.
    """
    record = _open_record(text, PART_FORMAT)
    for node in (typed := check(record, PartRecord)).nodes:
        node.type = catalog[node.type].id if node.type in catalog else node.type
    return part_of(typed, record)


# ---- bytes


def _read(path: Path) -> bytes:
    with open(path, "rb", opener=_open_regular) as file:
        data = file.read(strict_json.MAX_BYTES + 1)
    if len(data) > strict_json.MAX_BYTES:
        raise strict_json.too_large()
    return data


def _open_regular(path: str, flags: int) -> int:
    check_regular(os.stat(path).st_mode)
    return os.open(path, flags)


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(
            msg("It is no UTF-8 text (byte {place}). Choose a .layerloom file.", place=error.start)
        ) from error


def _cannot_open(path: Path, reason: Message) -> FileError:
    return FileError(msg("'{file}' cannot be opened: {reason}", file=str(path), reason=reason))


# ---- records


def _open_record(text: str, form: str) -> Record:
    record = strict_json.parse(text)
    if record.get("format") != form:
        raise FileError(
            msg("It is JSON, but no Layerloom drawing: 'format' is not '{form}'. Choose another file.", form=form)
        )
    return MIGRATIONS.apply(record)

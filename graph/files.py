"""Projects as `.layerloom` files: canonical JSON text, checked on the way in, replaced atomically on the way out.

    {"format", "version", "name", "nodes": [...], "links": [...], "plan": {...}, "layout": {"nodes": {id: [x, y]}}}

Meaning comes first and layout last, so that moving a node changes no line of meaning. Node order is kept, it decides
the order of execution between equals; links stand in the order of the nodes they end at. Fields that this version
does not know stay where they were: those of a node in `Node.extra`, all others in `Project.extra`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import asdict

from graph import strict_json
from graph.atomic import check_regular, explain, write_atomically
from graph.catalog import Catalog
from graph.messages import EditError, FileError, Message, msg
from graph.migrations import MIGRATIONS, Record
from graph.model import Graph, Link, Node, Port, Project, check_name
from graph.plan import Choice, Objective, Plan, Split
from graph.schema import ChoiceRecord, LayoutRecord, NodeRecord, PartRecord, PlanRecord, ProjectRecord, check, unknown

SUFFIX = ".layerloom"
FORMAT = "layerloom"
PART_FORMAT = "layerloom-part"
MAX_NODES = 10_000
MAX_LINKS = 50_000

_FIRST = ("format", "version", "name", "nodes", "links", "plan")
_LAST = ("layout",)
_SECTIONS = {"plan": PlanRecord, "layout": LayoutRecord}  # objects of which unknown fields are kept


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


def save(project: Project, path: Path) -> None:
    """Write a project to a file, atomically, after making sure that it can be read back.

    The previous state of the file stays beside it, with a `~` at the end of its name.

    Raises:
        FileError: it could not be written; the old file is whole.
    """
    try:
        text = to_text(project)
        if to_text(from_text(text)) != text:
            raise FileError(msg("What would be written does not read back the same."))
    except FileError as error:
        raise FileError(
            msg(
                "'{file}' was not saved, because it could not be opened again: {reason}",
                file=str(path),
                reason=error.message,
            )
        ) from error
    write_atomically(path, text.encode(), keep_backup=True)


def to_text(project: Project) -> str:
    """The canonical text of a project.

    Raises:
        FileError: a number in it is not finite.
    """
    extra: Record = dict(project.extra)
    known: Record = {
        **_part_record(project.graph, FORMAT),
        "name": project.name,
        "plan": _plan_record(project.plan),
    }
    record = {**extra, **known}
    for section in _SECTIONS:
        record[section] = {**extra.get(section, {}), **known[section]}
    return strict_json.dump(record, first=_FIRST, last=_LAST)


def from_text(text: str) -> Project:
    """The project that a text holds.

    Raises:
        FileError: it holds none; the message says what is wrong and where.
    """
    record = _open_record(text, FORMAT)
    if isinstance(plan := record.get("plan", {}), dict):
        record["plan"] = {**_plan_record(Plan()), **plan}
    typed = check(record, ProjectRecord)
    extra = unknown(record, ProjectRecord)
    extra |= {name: found for name, kind in _SECTIONS.items() if (found := unknown(record.get(name, {}), kind))}
    return Project(_graph(typed, record["nodes"]), _plan(typed.plan), typed.name, extra)


def graph_to_text(graph: Graph) -> str:
    """The canonical text of a part of a drawing, for the clipboard."""
    return strict_json.dump(_part_record(graph, PART_FORMAT), first=_FIRST, last=_LAST)


def graph_from_text(text: str, catalog: Catalog) -> Graph:
    """The part of a drawing that a text holds; nodes of a renamed type get the type's present id.

    Raises:
        FileError: it holds none.
    """
    record = _open_record(text, PART_FORMAT)
    for node in (typed := check(record, PartRecord)).nodes:
        node.type = catalog[node.type].id if node.type in catalog else node.type
    return _graph(typed, record["nodes"])


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


# ---- value to record


def _part_record(graph: Graph, form: str) -> Record:
    order = {node: i for i, node in enumerate(graph.nodes)}
    links = sorted(graph.links.values(), key=lambda link: (order[link.target.node], link.target.name))
    return {
        "format": form,
        "version": MIGRATIONS.version,
        "nodes": [_node_record(node) for node in graph.nodes.values()],
        "links": [[*link.source, *link.target] for link in links],
        "layout": {"nodes": {node.id: [float(x) for x in node.position] for node in graph.nodes.values()}},
    }


def _node_record(node: Node) -> Record:
    record: Record = {**node.extra, "id": node.id, "name": node.name, "type": node.type}
    if node.params:
        record["params"] = node.params
    if node.facts is not None:
        record["facts"] = node.facts
    if node.shares is not None:
        record["shares"] = node.shares
    for name in ("weight_init", "bias_init"):
        if (choice := getattr(node, name)) is not None:
            record[name] = _choice_record(choice)
    return record


def _plan_record(plan: Plan) -> Record:
    split = plan.split
    return {
        "split": {"train": float(split.train), "validation": float(split.validation), "test": float(split.test)},
        "objectives": [_objective_record(objective) for objective in plan.objectives],
        "epochs": plan.epochs,
        "batch_size": plan.batch_size,
        "seed": plan.seed,
        "device": plan.device,
    }


def _objective_record(objective: Objective) -> Record:
    return {
        "name": objective.name,
        "losses": [[loss, float(weight)] for loss, weight in objective.losses],
        "parameters": list(objective.parameters),
        "optimizer": _choice_record(objective.optimizer),
        "scheduler": _choice_record(objective.scheduler),
        "every": objective.every,
    }


def _choice_record(choice: Choice) -> Record:
    return {"type": choice.type, "params": choice.params}


# ---- record to value


def _open_record(text: str, form: str) -> Record:
    record = strict_json.parse(text)
    if record.get("format") != form:
        raise FileError(
            msg("It is JSON, but no Layerloom drawing: 'format' is not '{form}'. Choose another file.", form=form)
        )
    return MIGRATIONS.apply(record)


def _graph(part: PartRecord, raw_nodes: list[Record]) -> Graph:
    _refuse_crowd(msg("nodes"), part.nodes, MAX_NODES)
    _refuse_crowd(msg("links"), part.links, MAX_LINKS)
    nodes: dict[str, Node] = {}
    for record, raw in zip(part.nodes, raw_nodes, strict=True):
        if record.id in nodes:
            raise FileError(msg("Two nodes have the id '{id}'. Give one of them another id.", id=record.id))
        nodes[record.id] = _node(record, raw, part.layout)
    return Graph(nodes, _links(part.links, nodes))


def _node(record: NodeRecord, raw: Record, layout: LayoutRecord) -> Node:
    try:
        check_name(record.name)
    except EditError as error:
        raise FileError(msg("Node '{id}': {reason}", id=record.id, reason=error.message)) from error
    position = layout.nodes.get(record.id, (0.0, 0.0))
    extra = unknown(raw, NodeRecord)
    return Node(
        record.id, record.type, record.name, record.params, position, record.facts, record.shares,
        _optional_choice(record.weight_init), _optional_choice(record.bias_init), extra,
    )  # fmt: skip


def _optional_choice(record: ChoiceRecord | None) -> Choice | None:
    return Choice(record.type, record.params) if record else None


def _links(records: Iterable[tuple[str, str, str, str]], nodes: Mapping[str, Node]) -> dict[Port, Link]:
    links: dict[Port, Link] = {}
    for source, output, target, entry in records:
        link = Link(Port(source, output), Port(target, entry))
        for end in link:
            if end.node not in nodes:
                raise FileError(
                    msg("A link ends at the node '{id}', which does not exist. Delete the link.", id=end.node)
                )
        if link.target in links:
            name = nodes[target].name
            raise FileError(
                msg("Two links end at the input '{port}' of '{node}'. Delete one of them.", port=entry, node=name)
            )
        links[link.target] = link
    return links


def _plan(record: PlanRecord) -> Plan:
    fields = asdict(record)
    fields["split"] = Split(**asdict(record.split))
    fields["objectives"] = tuple(
        Objective(
            **{**asdict(o), "optimizer": Choice(**asdict(o.optimizer)), "scheduler": Choice(**asdict(o.scheduler))}
        )
        for o in record.objectives
    )
    return Plan(**fields)


def _refuse_crowd(what: Message, found: list[Any], limit: int) -> None:
    if len(found) > limit:
        raise FileError(
            msg("It has {count} {what}; up to {limit} can be opened.", count=len(found), what=what, limit=limit)
        )

"""Documents as records of plain values, and back: what `graph.files` writes as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from msgspec.structs import asdict

from graph.look import within_reach
from graph.look_records import look_record, with_record
from graph.messages import EditError, FileError, Message, msg
from graph.migrations import Record
from graph.model import Block, BlockParam, Code, Definitions, Graph, Link, Node, Port, Position, Project
from graph.names import check_name
from graph.plan import Choice, Objective, Plan, Split
from graph.schema import (
    BlockRecord,
    ChoiceRecord,
    CodeRecord,
    LayoutRecord,
    LinkRecord,
    LookRecord,
    NodeRecord,
    PartRecord,
    PlanRecord,
    ProjectRecord,
    unknown,
)
from graph.search import Search
from graph.search_records import search_of, search_record

MAX_NODES = 10_000
MAX_LINKS = 50_000
MAX_DEFINITIONS = 1_000
SECTIONS = {"plan": PlanRecord, "layout": LayoutRecord}  # objects of which unknown fields are kept
INITIALIZERS = ("weight_init", "bias_init")

Places = Mapping[str, Position]

# ---- value to record


def project_record(project: Project) -> Record:
    """All of a project but the format."""
    record = {
        **part_record(project.graph, project.definitions),
        "name": project.name,
        "plan": plan_record(project.plan),
    }
    for name in INITIALIZERS:
        if (choice := getattr(project, name)) is not None:
            record[name] = _choice_record(choice)
    if project.search != Search():
        record["search"] = search_record(project.search)
    return record


def part_record(graph: Graph, definitions: Definitions) -> Record:
    """A drawing with the definitions of its document."""
    blocks = definitions.blocks.values()
    layout: Record = {"nodes": _places(graph), **look_record(graph)}
    record: Record = {**_drawing_record(graph), "layout": layout}
    if blocks:
        record["blocks"] = [_block_record(block) for block in blocks]
        layout["blocks"] = {block.id: _places(block.graph) for block in blocks}
        if looks := {block.id: look for block in blocks if (look := look_record(block.graph))}:
            layout["looks"] = looks
    if definitions.codes:
        record["codes"] = [
            {**entry.extra, "id": entry.id, "name": entry.name, "text": entry.text.split("\n")}
            for entry in definitions.codes.values()
        ]
    return record


def _drawing_record(graph: Graph) -> Record:
    order = {node: i for i, node in enumerate(graph.nodes)}
    links = sorted(graph.links.values(), key=lambda link: (order[link.target.node], link.target.name))
    return {
        "nodes": [_node_record(node) for node in graph.nodes.values()],
        "links": [[*link.source, *link.target] for link in links],
    }


def _places(graph: Graph) -> Record:
    return {node.id: list(within_reach(node.position)) for node in graph.nodes.values()}


def _block_record(block: Block) -> Record:
    record = {**block.extra, "id": block.id, "name": block.name, **_drawing_record(block.graph)}
    if block.help:
        record["help"] = block.help
    if block.params:
        record["params"] = [
            {"name": p.name, "default": p.default} | ({"help": p.help} if p.help else {}) for p in block.params
        ]
    return record


def _node_record(node: Node) -> Record:
    record: Record = {**node.extra, "id": node.id, "name": node.name, "type": node.type}
    if node.params:
        record["params"] = node.params
    if node.facts is not None:
        record["facts"] = node.facts
    if node.shares is not None:
        record["shares"] = node.shares
    if node.bypassed:
        record["bypassed"] = True
    for name in INITIALIZERS:
        if (choice := getattr(node, name)) is not None:
            record[name] = _choice_record(choice)
    return record


def plan_record(plan: Plan) -> Record:
    """The training plan."""
    special = {
        "split": _flat_record(plan.split),
        "objectives": [_objective_record(objective) for objective in plan.objectives],
        "frozen": list(plan.frozen),
    }
    return {**_flat_record(plan), **special}


def _objective_record(objective: Objective) -> Record:
    special = {
        "losses": [[loss, float(weight)] for loss, weight in objective.losses],
        "parameters": list(objective.parameters),
        "optimizer": _choice_record(objective.optimizer),
        "scheduler": _choice_record(objective.scheduler),
    }
    return {**_flat_record(objective), **special}


def _flat_record(value: Split | Objective | Plan) -> Record:
    """Every field as it is, numbers that may be fractions with a point."""
    return {f.name: float(v) if f.type == "float" else v for f in fields(value) for v in [getattr(value, f.name)]}


def _choice_record(choice: Choice) -> Record:
    return {"type": choice.type, "params": choice.params}


# ---- record to value


def project_of(typed: ProjectRecord, raw: Record) -> Project:
    """The project that a checked record holds; `raw` is the same record with what the schema does not know."""
    graph, definitions = part_of(typed, raw)
    extra = unknown(raw, ProjectRecord)
    extra |= {name: found for name, kind in SECTIONS.items() if (found := unknown(raw.get(name, {}), kind))}
    begin = {name: _optional_choice(getattr(typed, name)) for name in INITIALIZERS}
    return Project(graph, _plan(typed.plan), typed.name, extra, definitions, **begin, search=search_of(typed.search))


def part_of(typed: PartRecord, raw: Record) -> tuple[Graph, Definitions]:
    """The drawing that a checked record holds, and its definitions."""
    blocks, codes = {}, {}
    _refuse_crowd(msg("blocks"), [*typed.blocks, *typed.codes], MAX_DEFINITIONS)
    inner = sum(len(block.nodes) for block in typed.blocks)
    _refuse_crowd(msg("nodes"), [None] * (inner + len(typed.nodes)), MAX_NODES)
    for record, given in zip(typed.blocks, raw.get("blocks", ()), strict=True):
        _refuse_second(record.id, {**blocks, **codes})
        places = typed.layout.blocks.get(record.id, {})
        look = typed.layout.looks.get(record.id, LookRecord())
        params = tuple(BlockParam(p.name, p.default, p.help) for p in record.params)
        graph = with_record(_graph(record.nodes, given["nodes"], record.links, places), look)
        blocks[record.id] = Block(record.id, record.name, graph, params, record.help, unknown(given, BlockRecord))
    for entry, given in zip(typed.codes, raw.get("codes", ()), strict=True):
        _refuse_second(entry.id, {**blocks, **codes})
        codes[entry.id] = Code(entry.id, entry.name, "\n".join(entry.text), unknown(given, CodeRecord))
    graph = with_record(_graph(typed.nodes, raw["nodes"], typed.links, typed.layout.nodes), typed.layout)
    return graph, Definitions(blocks, codes)


def _refuse_second(definition: str, known: Record) -> None:
    if definition in known:
        raise FileError(msg("Two blocks have the id '{id}'. Give one of them another id.", id=definition))


def _graph(records: list[NodeRecord], raw: list[Record], links: list[LinkRecord], places: Places) -> Graph:
    _refuse_crowd(msg("links"), links, MAX_LINKS)
    nodes: dict[str, Node] = {}
    for record, given in zip(records, raw, strict=True):
        if record.id in nodes:
            raise FileError(msg("Two nodes have the id '{id}'. Give one of them another id.", id=record.id))
        nodes[record.id] = _node(record, given, places)
    return Graph(nodes, _links(links, nodes))


def _node(record: NodeRecord, raw: Record, places: Places) -> Node:
    try:
        check_name(record.name)
    except EditError as error:
        raise FileError(msg("Node '{id}': {reason}", id=record.id, reason=error.message)) from error
    position = places.get(record.id, (0.0, 0.0))
    extra = unknown(raw, NodeRecord)
    return Node(
        record.id, record.type, record.name, record.params, position, record.facts, record.shares,
        _optional_choice(record.weight_init), _optional_choice(record.bias_init), record.bypassed, extra,
    )  # fmt: skip


def _optional_choice(record: ChoiceRecord | None) -> Choice | None:
    return Choice(record.type, record.params) if record else None


def _links(records: Iterable[LinkRecord], nodes: Mapping[str, Node]) -> dict[Port, Link]:
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
    found = asdict(record)
    found["split"] = Split(**asdict(record.split))
    found["objectives"] = tuple(
        Objective(
            **{**asdict(o), "optimizer": Choice(**asdict(o.optimizer)), "scheduler": Choice(**asdict(o.scheduler))}
        )
        for o in record.objectives
    )
    return Plan(**found)


def _refuse_crowd(what: Message, found: list[Any], limit: int) -> None:
    if len(found) > limit:
        raise FileError(
            msg("It has {count} {what}; up to {limit} can be opened.", count=len(found), what=what, limit=limit)
        )

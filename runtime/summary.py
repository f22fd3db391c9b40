"""The table of a network: for each layer its shape, parameters, multiply-accumulates, memory, and share of the whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from graph.catalog import Catalog, Role
from graph.catalog.definitions import BOTH, GRADIENT, PREFIX, REPEAT, SCAN
from graph.messages import tr, translate
from graph.model import Graph, Node, NodeId, Project
from graph.topology import execution_order
from runtime.analysis import Analysis, Inside, NodeAnalysis, TensorSpec

PARAMETER_BYTES = 4  # parameters are float32
NOTHING = NodeAnalysis()


@dataclass(frozen=True, slots=True)
class Row:
    """One layer.

    `node` is the node of the drawing, of a layer in a block the instance that it is in. `memory` is in bytes: what its
    parameters take, and its outputs for one sample; of a block, what its layers take. `shared` says that some of its
    weights are counted with another layer. `parts` are the layers of a block, or its runs where it runs several times.
    `kind` names the type in the language in use; `type_id` is the same in all, and empty for a run.
    """

    order: int
    node: NodeId
    name: str
    family: str
    kind: str
    output: str
    parameters: int = 0
    macs: int = 0
    memory: int = 0
    shared: bool = False
    parts: tuple[Row, ...] = ()
    type_id: str = ""


COLUMNS: Mapping[str, Callable[[Row], Any]] = {
    "order": lambda row: row.order,
    "name": lambda row: row.name,
    "type": lambda row: row.kind,
    "output": lambda row: row.output,
    "parameters": lambda row: -row.parameters,
    "macs": lambda row: -row.macs,
    "memory": lambda row: -row.memory,
}


@dataclass(frozen=True, slots=True)
class Summary:
    """The rows, in the order of execution unless sorted, and what they add up to."""

    rows: tuple[Row, ...] = ()
    parameters: int = 0
    macs: int = 0
    memory: int = 0

    def sorted_by(self, column: str, *, backwards: bool = False) -> Summary:
        """The same in the order of a column of `COLUMNS`, the figures largest first; the layers of blocks too."""
        return replace(self, rows=_sorted(self.rows, COLUMNS[column], backwards=backwards))

    def parameter_share(self, row: Row) -> float:
        """The share of all parameters, from 0 to 1."""
        return row.parameters / self.parameters if self.parameters else 0.0

    def mac_share(self, row: Row) -> float:
        """The share of all multiply-accumulates, from 0 to 1."""
        return row.macs / self.macs if self.macs else 0.0


def summarize(project: Project, analysis: Analysis) -> Summary:
    """The table of a drawing, as far as it is understood.

    Nodes on a cycle have no row. Project and analysis are those seen from the drawing (`Project.inside`, `Analysis.within`).
    """
    known = {i: found for i, found in analysis.nodes.items() if i not in analysis.unneeded}
    rows = tuple(_rows(project, project.graph, known))
    parameters, macs, memory = (sum(getattr(row, name) for row in rows) for name in ("parameters", "macs", "memory"))
    return Summary(rows, parameters, macs, memory)


def sample_bytes(spec: TensorSpec) -> int:
    """What a tensor takes in memory for one sample; what has no batch is counted whole."""
    bits = re.search(r"\d+", spec.dtype)
    sizes = (size if isinstance(size, int) else int(size.rpartition("·")[0] or 1) for size in spec.shape)
    return prod(sizes) * (int(bits.group()) // 8 if bits else 1)


def kind_of(node: Node, found: NodeAnalysis, catalog: Catalog) -> str:
    """What a node is: `Linear`, `3 × Bottleneck`, `GRUCell over time`; the type id where the type is unknown."""
    node_type = catalog.get(node.type)
    if node_type is None:
        return node.type
    label = translate(node_type.label)
    if node.type.startswith(PREFIX) and found.resolved.get("use") == REPEAT:
        return tr("{times} × {block}", times=found.resolved["times"], block=label)
    if node.type.startswith(PREFIX) and found.resolved.get("use") == SCAN:
        return tr("{block} over time", block=label)
    if node.type.startswith(PREFIX) and found.resolved.get("use") == GRADIENT:
        return tr("gradient of {block}", block=label)
    return label


def _rows(
    project: Project, graph: Graph, known: Mapping[NodeId, NodeAnalysis], *, instance: NodeId | None = None
) -> Iterator[Row]:
    """The rows of a drawing; `instance` is the node that runs it, if it is that of a block."""
    for order, node in enumerate(map(graph.nodes.__getitem__, execution_order(graph)), 1):
        if instance is None or node.id in known:
            yield _row(project, node, known.get(node.id, NOTHING), order=order, instance=instance)


def _row(project: Project, node: Node, found: NodeAnalysis, *, order: int, instance: NodeId | None) -> Row:
    node_type = project.catalog.get(node.type)
    shown = instance or node.id
    parts = tuple(_parts(project, found, shown))
    role = node_type.role if node_type else None
    passes_on = role is Role.OUTPUT or (
        role is Role.INPUT and instance is not None
    )  # a tensor that is counted elsewhere
    outputs = 0 if passes_on else sum(map(sample_bytes, found.outputs.values()))
    return Row(
        order=order,
        node=shown,
        name=node.name,
        family=node_type.family if node_type else "",
        kind=kind_of(node, found, project.catalog),
        output=", ".join(spec.compact for spec in found.outputs.values()),
        parameters=found.parameters,
        macs=found.macs,
        memory=sum(part.memory for part in parts) if parts else PARAMETER_BYTES * found.parameters + outputs,
        shared=node.shares is not None,
        parts=parts,
        type_id=node.type,
    )


def _parts(project: Project, found: NodeAnalysis, instance: NodeId) -> Iterator[Row]:
    """The layers of the block that a node runs; of a block that runs several times, a row for each run."""
    runs = [_inner(project, inside, instance) for inside in found.inside if inside.block in project.blocks]
    if len(runs) == 1:
        yield from (_times(row, *_steps(found)) for row in runs[0])
        return
    for number, rows in enumerate(runs, 1):
        again = number > 1 and found.resolved.get("shared_weights") is True
        rows = tuple(map(_without_weights, rows)) if again else rows
        figures = {name: sum(getattr(row, name) for row in rows) for name in ("parameters", "macs", "memory")}
        name = tr("run {number}", number=number)
        output = ", ".join(spec.compact for spec in found.inside[number - 1].outputs.values())
        yield Row(number, instance, name, "block", "", output, **figures, shared=again, parts=rows, type_id="")


def _inner(project: Project, inside: Inside, instance: NodeId) -> tuple[Row, ...]:
    return tuple(_rows(project, project.blocks[inside.block].graph, inside.built, instance=instance))


def _steps(found: NodeAnalysis) -> tuple[int, int]:
    """How often the weights of a block are there, and how often it runs: more than once where it is scanned over time.

    The way back, which a gradient takes too, is twice the way there.
    """
    if found.resolved.get("use") == GRADIENT:
        return 1, 3
    if found.resolved.get("use") != SCAN:
        return 1, 1
    spec = next((found.outputs[name] for name in found.inside[0].outputs if name in found.outputs), None)
    length = spec.shape[1] if spec is not None and len(spec.shape) > 1 else 1
    ways = 2 if found.resolved.get("direction") == BOTH else 1
    return ways, ways * (length if isinstance(length, int) else 1)


def _times(row: Row, copies: int, runs: int) -> Row:
    """A row for so many copies of its weights, run so many times in all."""
    if (copies, runs) == (1, 1):
        return row
    kept = PARAMETER_BYTES * row.parameters
    return replace(
        row,
        parameters=copies * row.parameters,
        macs=runs * row.macs,
        memory=copies * kept + runs * (row.memory - kept),
        parts=tuple(_times(part, copies, runs) for part in row.parts),
    )


def _without_weights(row: Row) -> Row:
    """A row whose weights are counted in another run."""
    return replace(
        row,
        parameters=0,
        memory=row.memory - PARAMETER_BYTES * row.parameters,
        shared=row.shared or row.parameters > 0,
        parts=tuple(map(_without_weights, row.parts)),
    )


def _sorted(rows: tuple[Row, ...], key: Callable[[Row], Any], *, backwards: bool) -> tuple[Row, ...]:
    ordered = sorted(sorted(rows, key=COLUMNS["order"]), key=key, reverse=backwards)
    return tuple(
        replace(row, parts=_sorted(row.parts, key, backwards=backwards)) if row.parts else row for row in ordered
    )

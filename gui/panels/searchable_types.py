"""Node types that could stand in the place of a node: they have the ports that its wires need."""

from __future__ import annotations

from dataclasses import replace

from graph.catalog import NETWORK, NodeType
from graph.catalog.definitions import PREFIX
from graph.model import Graph, NodeId, Project, Scope
from graph.nesting import Nesting

FIRST = ("torch.nn.ReLU", "torch.nn.GELU", "torch.nn.SiLU")  # of a family, those that most people compare
FEW = 3


def alternatives(project: Project, scope: Scope, node: NodeId) -> dict[str, str]:
    """The types that fit in the place of a node, its own first, then others of its family, by id with their names.

    Blocks are among them where they have the ports, and do not contain the drawing that the node is in.
    """
    graph, catalog, nesting = project.drawing(scope), project.catalog, project.definitions.nesting
    own = catalog.of(graph.nodes[node])
    if own is None or own.role not in NETWORK:
        return {}
    found = [catalog[i] for i in catalog if _fits(catalog[i], own, graph, node) and not _holds(i, scope, nesting)]
    found.sort(key=lambda entry: (entry.id != own.id, entry.family != own.family))
    return {entry.id: entry.label for entry in found}


def first_alternatives(project: Project, own: NodeType, offered: dict[str, str]) -> tuple[str, ...]:
    """The few that are worth trying first: the type itself, and others of its family if there are."""
    others = [i for i in offered if i != own.id]
    family = [i for i in others if project.catalog[i].family == own.family]
    family.sort(key=lambda i: i not in FIRST)
    return (own.id, *(family or others)[: FEW - 1])


def _fits(entry: NodeType, own: NodeType, graph: Graph, node: NodeId) -> bool:
    """Whether the wires of a node would fit a node of another type, and all that this one needs would be wired."""
    if entry.id == own.id:
        return True
    if entry.role not in NETWORK:
        return False
    there = graph.nodes[node]
    kept = {name: value for name, value in there.params.items() if entry.param(name)}
    other = entry.of(replace(there, type=entry.id, params=kept))
    wired = set(graph.inputs(node)) or {port.name for port in own.inputs if not port.optional}
    needed = {port.name for port in other.inputs if not port.optional and not port.variadic}
    outputs = {port.name for port in other.outputs}
    ports = {name: other.input(name) for name in wired}
    return (
        needed <= wired
        and {port.name for port in own.outputs} == outputs
        and all(port is not None and _alike(port.ndim, _ndim(own, name)) for name, port in ports.items())
    )


def _ndim(own: NodeType, name: str) -> tuple[int, ...]:
    port = own.input(name)
    return port.ndim if port is not None else ()


def _alike(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two ports can take a value of the same number of dimensions; an empty tuple takes any."""
    return not one or not other or bool(set(one) & set(other))


def _holds(type_id: str, scope: Scope, nesting: Nesting) -> bool:
    """Whether a type is a block that is that of the drawing, or has it in itself."""
    if scope is None or not type_id.startswith(PREFIX):
        return False
    block = type_id.removeprefix(PREFIX)
    return block == scope or any(_holds(PREFIX + inner, scope, nesting) for inner in nesting.inner.get(block, ()))

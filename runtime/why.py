"""Why is this 400? The way back from one dimension of an output to the nodes that make it what it is."""

from __future__ import annotations

from dataclasses import dataclass

from graph.catalog import CATALOG
from graph.catalog.types import shown
from graph.messages import Message, msg
from graph.model import NodeId, Port, Project
from runtime.analysis import Analysis, Dim
from runtime.why_rules import Answer, View
from runtime.why_table import explain

MAX_STEPS = 40
MAX_VISITED = 4000  # nodes that pass a size on unchanged count too

Question = tuple[Port, tuple[int, ...], int]  # an output, dimensions of it, and how deep the answer stands


@dataclass(frozen=True, slots=True)
class Step:
    """One sentence of the explanation: which node, which of its outputs, which dimension of that, and its size there.

    `depth` is how many branchings lie before it: a flatten has several causes, each one deeper than itself.
    """

    node: NodeId
    port: str
    dim: int
    size: Dim
    message: Message
    depth: int = 0


def why(project: Project, analysis: Analysis, port: Port, dim: int) -> tuple[Step, ...]:
    """What makes dimension `dim` (from 0; negative from the end) of an output as large as it is, in reading order.

    Nodes that pass a size on unchanged are not named. At most `MAX_STEPS` steps; none where the shape is not known.
    """
    spec = analysis.spec(port)
    if spec is None or not -len(spec.shape) <= dim < len(spec.shape):
        return ()
    steps: list[Step] = []
    seen: set[tuple[Port, tuple[int, ...]]] = set()
    waiting: list[Question] = [(port, (dim % len(spec.shape),), 0)]
    while waiting and len(steps) < MAX_STEPS and len(seen) < MAX_VISITED:
        output, dims, depth = waiting.pop()
        view = _look(project, analysis, output)
        if view is None or (output, dims) in seen:
            continue
        seen.add((output, dims))
        answer = explain(view, dims)
        if answer.message is not None:
            steps.append(Step(output.node, output.name, dims[0], view.spec.shape[dims[0]], answer.message, depth))
        waiting += reversed(_causes(project, view, answer, depth))
    return tuple(steps)


def why_param(project: Project, analysis: Analysis, node: NodeId, name: str) -> tuple[Step, ...]:
    """Where the value of a parameter comes from: the person, the default, or, where it is `auto`, the sizes before it."""
    owner = project.graph.require(node)
    node_type, known = CATALOG.get(owner.type), analysis.nodes.get(node)
    param = node_type.param(name) if node_type is not None else None
    if param is None or known is None:
        return ()
    names = {"param": name, "node": owner.name, "value": shown(known.resolved.get(name))}
    if owner.params.get(name) is not None:
        return (Step(node, name, 0, 0, msg("{param} of '{node}' was set to {value}.", **names)),)
    source = project.graph.inputs(node).get(param.auto.port) if param.auto is not None else None
    if param.auto is None or source is None or param.auto.port not in known.inputs:
        return (Step(node, name, 0, 0, msg("{value} is the default of {param}.", param=name, value=names["value"])),)
    spec = known.inputs[param.auto.port]
    dim = param.auto.dim % len(spec.shape)
    text = msg("{param} of '{node}' follows from dimension {dim} of what '{source}' gives ({given}): {value}.",
               **names, dim=dim, source=project.graph.nodes[source.node].name, given=spec)  # fmt: skip
    return (Step(node, name, dim, spec.shape[dim], text), *why(project, analysis, source, dim))


def _look(project: Project, analysis: Analysis, output: Port) -> View | None:
    node, known = project.graph.nodes.get(output.node), analysis.nodes.get(output.node)
    if node is None or known is None or output.name not in known.outputs:
        return None
    return View(node, known.resolved, known.inputs, known.outputs[output.name], output.name)


def _causes(project: Project, view: View, answer: Answer, depth: int) -> list[Question]:
    """The outputs to look at next. What forks lies one deeper; a single cause goes on at the same depth."""
    outputs = {None: Port(view.node.id, view.port), **project.graph.inputs(view.node.id)}
    deeper = depth + 1 if len(answer.causes) > 1 and answer.message is not None else depth
    return [(outputs[port], dims, deeper) for port, dims in answer.causes if port in outputs]

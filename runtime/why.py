"""Why is this 400? The way back from one dimension of an output to the nodes that make it what it is."""

from __future__ import annotations

from collections.abc import Iterable

from graph.binding import SIGN, is_expression
from graph.catalog.types import shown
from graph.expressions import names_in
from graph.messages import Message, msg
from graph.model import NodeId, Port, Project, Scope, Value
from runtime.analysis import Analysis
from runtime.why_rules import Dims, View
from runtime.why_site import Site, Step, cross, site_at
from runtime.why_table import explain

MAX_STEPS = 40
MAX_VISITED = 4000  # nodes that pass a size on unchanged count too

Question = tuple[Site, Port, Dims, int]  # a drawing, an output there, dimensions of it, and how deep the answer stands
__all__ = ["Step", "why", "why_param"]


def why(
    project: Project, analysis: Analysis, port: Port, dim: int, *, scope: Scope = None, way: Iterable[NodeId] = ()
) -> tuple[Step, ...]:
    """What makes dimension `dim` (from 0; negative from the end) of an output as large as it is, in reading order.

    `scope` is the drawing that the output is in, `way` the instances that lead there. The answer goes into the blocks of
    instances, and out of them again. Nodes that pass a size on unchanged are not named. At most `MAX_STEPS` steps; none
    where the shape is not known.
    """
    return _walk(project, site_at(project, analysis, scope, way), port, dim)


def why_param(
    project: Project, analysis: Analysis, node: NodeId, name: str, *, scope: Scope = None, way: Iterable[NodeId] = ()
) -> tuple[Step, ...]:
    """Where the value of a parameter comes from: the person, an expression, the default, or, where it is `auto`, the
    sizes before it."""
    site = site_at(project, analysis, scope, way)
    owner, known = site.graph.nodes.get(node), site.nodes.get(node)
    node_type = project.catalog.get(owner.type) if owner is not None else None
    param = node_type.param(name) if node_type is not None else None
    if owner is None or param is None or known is None:
        return ()
    source = site.graph.inputs(node).get(param.auto.port) if param.auto is not None else None
    spec = known.inputs.get(param.auto.port) if param.auto is not None else None
    if owner.params.get(name) is not None or param.auto is None or source is None or spec is None:
        return tuple(_written(site, node, name))
    value = shown(known.resolved.get(name))
    if param.auto.dim is None:
        text = msg("{param} of '{node}' is the number of classes that '{source}' gives: {value}.", param=name, node=owner.name,
                   source=site.graph.nodes[source.node].name, value=value)  # fmt: skip
        return (site.step(Port(node, name), value, text),)
    dim = param.auto.dim % len(spec.shape)
    text = msg("{param} of '{node}' follows from dimension {dim} of what '{source}' gives ({given}): {value}.", param=name,
               node=owner.name, value=value, dim=dim, source=site.graph.nodes[source.node].name, given=spec)  # fmt: skip
    return (site.step(Port(node, name), value, text, dim=dim), *_walk(project, site, source, dim))


def _walk(project: Project, site: Site, port: Port, dim: int) -> tuple[Step, ...]:
    known = site.nodes.get(port.node)
    spec = known.outputs.get(port.name) if known is not None else None
    if spec is None or not -len(spec.shape) <= dim < len(spec.shape):
        return ()
    steps: list[Step] = []
    seen: set[tuple[Site, Port, Dims]] = set()
    waiting: list[Question] = [(site, port, (dim % len(spec.shape),), 0)]
    while waiting and len(steps) < MAX_STEPS and len(seen) < MAX_VISITED:
        question = waiting.pop()
        if question[:3] not in seen and _look(*question[:2]) is not None:
            seen.add(question[:3])
            said, causes = _answer(project, question)
            steps += said
            waiting += reversed(causes)
    return tuple(steps[:MAX_STEPS])


def _look(site: Site, output: Port) -> View | None:
    node, known = site.graph.nodes.get(output.node), site.nodes.get(output.node)
    if node is None or known is None or output.name not in known.outputs:
        return None
    return View(node, known.resolved, known.inputs, known.outputs[output.name], output.name)


def _answer(project: Project, question: Question) -> tuple[list[Step], list[Question]]:
    """What is to be said, and the outputs to look at next."""
    site, output, dims, depth = question
    view = _look(site, output)
    assert view is not None
    crossing = cross(project, site, output, dims)
    if crossing is not None:
        said, param = crossing.message, None
        causes = crossing.causes
    else:
        said, inner, param = explain(view, dims)
        outputs = {None: output, **site.graph.inputs(output.node)}
        causes = tuple((site, outputs[port], places) for port, places in inner if port in outputs)
    if said is None:
        return [], [(*cause, depth) for cause in causes]
    steps = [site.step(output, view.spec.shape[dims[0]], said, dim=dims[0], depth=depth)]
    if param is not None and is_expression(view.node.params.get(param)):
        steps += _written(site, output.node, param, depth=depth)
    deeper = depth + 1 if len(causes) > 1 else depth  # what forks lies one deeper
    return steps, [(*cause, deeper) for cause in causes]


def _written(site: Site, node: NodeId, name: str, *, depth: int = 0) -> list[Step]:
    """What the person wrote for a parameter; for an expression, what the instances of the block wrote for its names."""
    owner, values = site.graph.nodes[node], site.nodes[node].resolved
    value, written = shown(values.get(name)), owner.params.get(name)
    steps = [site.step(Port(node, name), value, _told(site, node, name, value), depth=depth)]
    if site.outer is not None and site.instance is not None and is_expression(written):
        for used in _names(written):
            steps += _written(site.outer, site.instance.id, used, depth=depth)
    return steps


def _told(site: Site, node: NodeId, name: str, value: str) -> Message:
    owner = site.graph.nodes[node]
    written = owner.params.get(name)
    if written is None:
        return msg("{value} is the default of {param}.", param=name, value=value)
    if not is_expression(written):
        return msg("{param} is {value} at '{node}'.", param=name, value=value, node=owner.name)
    text = shown(tuple(map(_bare, written)) if isinstance(written, tuple) else _bare(written))
    names = ", ".join(f"{used} = {shown(site.values[used])}" for used in _names(written) if used in site.values)
    words = {"param": name, "node": owner.name, "written": text}
    if not names:
        return msg("{param} of '{node}' is {written}: {value}.", **words, value=value)
    return msg("{param} of '{node}' is {written}, with {names}.", **words, names=names)


def _bare(entry: Value) -> str:
    """An entry without the sign of an expression."""
    return str(entry).removeprefix(SIGN).strip()


def _names(written: Value) -> list[str]:
    """The parameters that an expression refers to, each once."""
    entries = written if isinstance(written, tuple) else (written,)
    return list(dict.fromkeys(name for entry in entries if is_expression(entry) for name in names_in(_bare(entry))))

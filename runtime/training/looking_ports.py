"""Which ports of a drawing hold points and images, which of them are made of noise, and what real data they stand beside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod

from graph.catalog import NETWORK, Role
from graph.model import Graph, NodeId, Port
from graph.topology import execution_order
from runtime.compiler import Compiled

MIN_SIDE = 4  # pixels of an image; smaller ones are features

_RANDOM = "layerloom.Random"
_ONLY_SHAPE = frozenset({_RANDOM, "layerloom.Full", "layerloom.Positions", "layerloom.Parameter"})  # of what feeds them
_POINT = (2,)

Form = tuple[int, ...]  # the shape of one sample
Sources = Mapping[NodeId, frozenset[Port]]


def form_of(compiled: Compiled, port: Port) -> Form | None:
    """The shape of one sample of real numbers at a port; None where there is something else, or nobody knows."""
    spec = compiled.analysis.spec(port)
    if spec is None or spec.shape[:1] != ("B",) or "float" not in spec.dtype:
        return None
    form = tuple(size for size in spec.shape[1:] if isinstance(size, int))
    return form if len(form) == len(spec.shape) - 1 else None


def is_image(form: Form) -> bool:
    """Whether samples of this shape are images: channels (1 or 3) × height × width."""
    return len(form) == 3 and form[0] in (1, 3) and min(form[1:]) >= MIN_SIDE


def is_like(form: Form | None, data: Form) -> bool:
    """Whether samples are points or images as those of the data are: in their shape, flat, or images of another size."""
    return form is not None and (form == data or (is_image(data) and (form == (prod(data),) or is_image(form))))


def points_and_images(compiled: Compiled) -> dict[Port, Form]:
    """The ports of the data that give points of two numbers, or images, with their shapes."""
    graph, catalog = compiled.project.graph, compiled.project.catalog
    data = [node for node in graph.nodes.values() if _is_data(compiled, node.id)]
    ports = [Port(node.id, port.name) for node in data for port in catalog[node.type].outputs]
    forms = {port: form_of(compiled, port) for port in ports}
    return {port: form for port, form in forms.items() if form is not None and (form == _POINT or is_image(form))}


def sources_of(compiled: Compiled) -> Sources:
    """For each node the ports of data, and of noise, that the values which it gives depend on."""
    graph, sources = compiled.project.graph, {}
    for node in execution_order(graph):
        found = graph.nodes[node]
        feeds = graph.inputs(node).values() if found.type not in _ONLY_SHAPE else ()
        own = [Port(node, "output")] if found.type == _RANDOM else []
        given = [port for port in feeds if _is_data(compiled, port.node)]
        sources[node] = frozenset([*own, *given]).union(*(sources[p.node] for p in feeds if p not in given))
    return sources


def made_of_noise(compiled: Compiled, data: Port, form: Form) -> list[Port]:
    """The ports where a network gives points or images of its own, as those of `data` are: of noise and not of these.

    Stages on the way there do not count, nor does what judges them. So a port is taken that feeds a layer whose kin real data feed;
    where there is none, an output of the network; else the last that meets real data.
    """
    graph, sources = compiled.project.graph, sources_of(compiled)
    ports = [port for port in _computed(compiled) if is_like(form_of(compiled, port), form)]
    ports = [port for port in ports if data not in sources[port.node] and _has_noise(graph, sources[port.node])]
    judged = [port for port in ports if real_beside(compiled, port) is not None]
    given = [port for port in ports if port in compiled.outputs]
    return judged or given or [port for port in ports if _meets_others(graph, port, sources)][-1:]


def real_beside(compiled: Compiled, port: Port) -> Port | None:
    """What brings real data to the layers that a port feeds: as the input of the same name of one that shares its weights."""
    graph, sources = compiled.project.graph, sources_of(compiled)
    for link in graph.outgoing(port.node):
        for other in graph.kin(link.target.node) if link.source == port else ():
            feed = graph.inputs(other.id).get(link.target.name)
            if feed is not None and not _has_noise(graph, sources[feed.node]):
                return feed
    return None


def compared_with(compiled: Compiled, port: Port) -> Port | None:
    """What a loss or a metric compares a port with, if any does."""
    graph = compiled.project.graph
    takers = [link.target for link in graph.outgoing(port.node) if link.source == port and link.target.name == "input"]
    return next((target for taker in takers if (target := graph.inputs(taker.node).get("target"))), None)


def is_answer(compiled: Compiled, port: Port) -> bool:
    """Whether a loss or a metric takes a port for what is right."""
    links = compiled.project.graph.outgoing(port.node)
    return any(link.source == port and link.target.name == "target" for link in links)


def _computed(compiled: Compiled) -> Iterator[Port]:
    """What leaves the layers of the drawing that are built, in order; noise is not one of them."""
    graph, catalog = compiled.project.graph, compiled.project.catalog
    for node in execution_order(graph):
        node_type = catalog.of(graph.nodes[node])
        if node_type is not None and node_type.role in NETWORK and node not in compiled.analysis.unneeded:
            yield from (Port(node, port.name) for port in node_type.outputs if node_type.id != _RANDOM)


def _has_noise(graph: Graph, sources: frozenset[Port]) -> bool:
    return any(graph.nodes[port.node].type == _RANDOM for port in sources)


def _meets_others(graph: Graph, port: Port, sources: Sources) -> bool:
    """Whether a node that takes a port also depends on what the port does not."""
    takers = [link.target.node for link in graph.outgoing(port.node) if link.source == port]
    return any(sources[taker] - sources[port.node] for taker in takers)


def _is_data(compiled: Compiled, node: NodeId) -> bool:
    node_type = compiled.project.catalog.of(compiled.project.graph.nodes[node])
    return node_type is not None and node_type.role is Role.DATA

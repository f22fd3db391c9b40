"""Where `runtime.why` stands: a drawing as it is run, and the ways into the block of an instance and out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from graph.catalog.definitions import (
    BOTH,
    CALL,
    GRADIENT,
    INPUT,
    LAST,
    OUTPUT,
    REPEAT,
    SCAN,
    block_of,
    states,
    whole_inputs,
)
from graph.messages import Message, msg
from graph.model import Block, Graph, Node, NodeId, Port, Project, Scope, Value
from runtime.analysis import Analysis, Dim, Inside, NodeAnalysis
from runtime.instances import names_of
from runtime.why_rules import Dims, times

Causes = tuple[tuple["Site", Port, Dims], ...]  # the outputs to ask about next, each in its drawing


@dataclass(frozen=True, slots=True)
class Step:
    """One sentence of the explanation: which node, which of its outputs, which dimension of that, and its size there.

    Where it is about a parameter, `port` is its name and `size` its value. `depth` is how many branchings lie before it: a
    flatten has several causes, each one deeper than itself. `scope` is the drawing that the node is in, `way` the
    instances that lead there from the project's, and `place` the names of these.
    """

    node: NodeId
    port: str
    dim: int
    size: Dim
    message: Message
    depth: int = 0
    scope: Scope = None
    way: tuple[NodeId, ...] = ()
    place: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """A drawing as it is run: the project's, or that of a block in one run of an instance.

    `trail` are the instances that lead there, each with the number of the run; `outer` is the drawing of the last one,
    where it is known. `values` are those of the block's parameters. `entered`: the explanation itself went in.
    """

    scope: Scope
    trail: tuple[tuple[NodeId, int], ...]
    graph: Graph = field(compare=False)
    nodes: Mapping[NodeId, NodeAnalysis] = field(compare=False)
    values: Mapping[str, Value] = field(compare=False, default_factory=dict)
    outer: Site | None = field(compare=False, default=None)
    entered: bool = field(compare=False, default=False)

    @property
    def instance(self) -> Node | None:
        """The node of the outer drawing that runs this one."""
        return self.outer.graph.nodes[self.trail[-1][0]] if self.outer is not None else None

    @property
    def place(self) -> tuple[str, ...]:
        """The names of the instances that lead here."""
        return () if self.outer is None or self.instance is None else (*self.outer.place, self.instance.name)

    def step(self, output: Port, size: Dim, message: Message, *, dim: int = 0, depth: int = 0) -> Step:
        """A sentence about a node of this drawing."""
        way = tuple(instance for instance, _ in self.trail)
        return Step(output.node, output.name, dim, size, message, depth, self.scope, way, self.place)


class Crossing(NamedTuple):
    """A sentence, or None, and the outputs to ask about in another drawing."""

    message: Message | None = None
    causes: Causes = ()


def site_at(project: Project, analysis: Analysis, scope: Scope = None, way: Iterable[NodeId] = ()) -> Site:
    """The drawing of `scope` as the instances of `way` run it; where they lead elsewhere, as the first instance does."""
    site: Site | None = Site(None, (), project.graph, analysis.nodes)
    for instance in way:
        site = _enter(project, site, instance, 0) if site is not None else None
    if site is not None and site.scope == scope:
        return site
    found = analysis.blocks.get(scope) if scope is not None else None
    return Site(scope, (), project.drawing(scope), found.nodes if found else {}, found.values if found else {})


def cross(project: Project, site: Site, output: Port, dims: Dims) -> Crossing | None:
    """Into the block of an instance, or from an Input of a block to what feeds it; None for every other node."""
    node, known = site.graph.nodes[output.node], site.nodes[output.node]
    if node.type == INPUT and site.instance is not None and site.outer is not None:
        block = block_of(site.instance, project.definitions)
        use = str(site.outer.nodes[site.instance.id].resolved["use"])
        causes = _OUT[use](project, site, block, node.name, dims) if block is not None else ()
        return Crossing(_coming_in(site, output, dims, causes), causes) if causes else None
    block = block_of(node, project.definitions)
    if block is None or not known.inside:
        return None
    return _IN[str(known.resolved["use"])](project, site, block, output, dims)


def _coming_in(site: Site, output: Port, dims: Dims, causes: Causes) -> Message | None:
    """Said where the question was asked inside, or the size is not that of what is wired: both directions share that."""
    node, size = site.graph.nodes[output.node].name, _size(site, output, dims)
    given = [_size(*cause) for cause in causes]
    if given != [size]:
        return msg(
            "{size} of {given} comes into the block through '{node}', for one direction.",
            size=size,
            given=given[0],
            node=node,
        )
    return None if site.entered else msg("{size} comes into the block through '{node}'.", size=size, node=node)


def _size(site: Site, output: Port, dims: Dims) -> str:
    shape = site.nodes[output.node].outputs[output.name].shape
    return times(shape[dim] for dim in dims)


def _enter(project: Project, site: Site, instance: NodeId, run: int) -> Site | None:
    node, known = site.graph.nodes.get(instance), site.nodes.get(instance)
    block = block_of(node, project.definitions) if node is not None else None
    if block is None or known is None or not known.inside:
        return None
    inside: Inside = known.inside[run]
    trail = (*site.trail, (instance, run % len(known.inside)))
    return Site(block.id, trail, block.graph, inside.nodes, inside.values, site)


def _given_out(project: Project, site: Site, instance: NodeId, name: str, dims: Dims, *, run: int = 0) -> Crossing:
    """What feeds the Output of that name in a run of an instance."""
    inner = _enter(project, site, instance, run)
    if inner is None:
        return Crossing()
    ends = (n for n in inner.graph.nodes.values() if n.type == OUTPUT and n.name == name)
    feeds = [source for end in ends for source in inner.graph.inputs(end.id).values()]
    return Crossing(None, tuple((replace(inner, entered=True), source, dims) for source in feeds))


# ---- into the block of an instance


def _into_call(project: Project, site: Site, _block: Block, output: Port, dims: Dims) -> Crossing:
    return _given_out(project, site, output.node, output.name, dims)


def _into_gradient(_project: Project, site: Site, block: Block, output: Port, dims: Dims) -> Crossing:
    """A gradient has the shape of what it is taken by."""
    node, first = site.graph.nodes[output.node], names_of(block, INPUT)[0]
    text = msg("The gradient of '{node}' has the shape of '{input}', its first input.", node=node.name, input=first)
    return Crossing(text, ((site, site.graph.inputs(node.id)[first], dims),))


def _into_repeat(project: Project, site: Site, _block: Block, output: Port, dims: Dims) -> Crossing:
    """From the Output of the last run."""
    node, known = site.graph.nodes[output.node], site.nodes[output.node]
    text = msg("{size} is there after {times} runs of '{node}'.", size=_size(site, output, dims),
               times=known.resolved["times"], node=node.name)  # fmt: skip
    return _given_out(project, site, output.node, output.name, dims, run=-1)._replace(message=text)


def _into_scan(project: Project, site: Site, block: Block, output: Port, dims: Dims) -> Crossing:
    """A sequence has the steps as dimension 1; two directions lie side by side in the last one."""
    dim, *others = dims
    if others:
        return Crossing(None, tuple((site, output, (dim,)) for dim in dims))
    node, known = site.graph.nodes[output.node], site.nodes[output.node]
    name, shape = output.name, known.outputs[output.name].shape
    is_sequence = name in known.inside[0].outputs
    first = _sequences(block)[0]
    size, steps = shape[dim], known.inputs[first].shape[1]
    if is_sequence and dim == 1:
        text = msg("'{node}' goes along {steps} steps.", node=node.name, steps=steps)
        found = Crossing(text, ((site, site.graph.inputs(node.id)[first], (1,)),))
    else:
        end = name if is_sequence else name.removesuffix(f"_{LAST}")
        found = _given_out(project, site, node.id, end, (dim - (is_sequence and dim > 1),))
        text = msg("{size} comes out of {steps} steps of '{node}'.", size=size, steps=steps, node=node.name)
        found = found._replace(message=text if dim else None)
    if known.resolved["direction"] == BOTH and dim == len(shape) - 1 and isinstance(size, int):
        text = msg("'{node}' lays what both directions give side by side: {half} + {half} = {size}.",
                   node=node.name, half=size // 2, size=size)  # fmt: skip
        return found._replace(message=text)
    return found


# ---- from an Input of a block to what feeds it


def _out_of_call(_project: Project, site: Site, _block: Block, entry: str, dims: Dims) -> Causes:
    source = _feeding(site, entry)
    return ((site.outer, source, dims),) if site.outer is not None and source is not None else ()


def _out_of_repeat(project: Project, site: Site, block: Block, entry: str, dims: Dims) -> Causes:
    """From the run before; runs that get the same as the one before pass it on."""
    assert site.outer is not None
    instance, run = site.trail[-1]
    runs, place = site.outer.nodes[instance].inside, names_of(block, INPUT).index(entry)
    ends = names_of(block, OUTPUT)
    while run and runs[run - 1] is runs[run]:
        run -= 1
    if run == 0 or place >= len(ends):
        return _out_of_call(project, site, block, entry, dims)
    return _given_out(project, site.outer, instance, ends[place], dims, run=run - 1).causes


def _out_of_scan(project: Project, site: Site, block: Block, entry: str, dims: Dims) -> Causes:
    """A step has no dimension for the steps; of a state that is not wired only the batch is known outside."""
    sequences = _sequences(block)
    if entry in sequences:
        return _out_of_call(project, site, block, entry, tuple(dim + (dim > 0) for dim in dims))
    if _feeding(site, entry) is None and dims == (0,):
        return _out_of_call(project, site, block, sequences[0], dims)
    return _out_of_call(project, site, block, entry, dims)


def _feeding(site: Site, entry: str) -> Port | None:
    assert site.outer is not None
    return site.outer.graph.inputs(site.trail[-1][0]).get(entry)


def _sequences(block: Block) -> list[str]:
    others = {*states(block).values(), *whole_inputs(block)}
    return [name for name in names_of(block, INPUT) if name not in others]


_IN: Mapping[str, Callable[[Project, Site, Block, Port, Dims], Crossing]] = {
    CALL: _into_call, REPEAT: _into_repeat, SCAN: _into_scan, GRADIENT: _into_gradient,
}  # fmt: skip
_OUT: Mapping[str, Callable[[Project, Site, Block, str, Dims], Causes]] = {
    CALL: _out_of_call, REPEAT: _out_of_repeat, SCAN: _out_of_scan, GRADIENT: _out_of_call,
}  # fmt: skip

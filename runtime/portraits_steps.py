"""A sample on its way through a network: in the order of the drawing what each node takes, what it computes, what leaves it.

Importable without torch, which loads when a network is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from graph.catalog.definitions import block_of
from graph.catalog.formulas import Filled, Filling, formula_of
from graph.messages import DataError, RunError, msg
from graph.model import Graph, Node, NodeId, Port, Scope
from graph.topology import execution_order
from runtime.asked_samples import PARTS, TEST, TRAIN, VALIDATION, inputs_alone, part_of, sample_of
from runtime.portraits import Portrait, portrait_of
from runtime.portraits_meaning import Verdict, meaning_of, verdict_of

if TYPE_CHECKING:
    from torch import Tensor

    from runtime.analysis import Analysis, NodeAnalysis, TensorSpec
    from runtime.insight import Insight, Seen
    from runtime.predict import Trained

LAST = -1  # of the times that something is computed
_DRAWN = ("layerloom.Random", "layerloom.Noise")  # every time anew


class Wish(NamedTuple):
    """Which sample is asked about (`part` None: the first part that has any), and in which drawing: that of the project, or of the
    block that the instances of `way` lead to, in its run number `run`; `call` is which of several times that it was computed."""

    part: str | None = None
    number: int = 0
    way: tuple[NodeId, ...] = ()
    run: int = 0
    call: int = LAST


class Taken(NamedTuple):
    """What comes to an input: the port, the name of the node that it comes from, the value."""

    port: str
    name: str
    portrait: Portrait | None


@dataclass(frozen=True, slots=True)
class Step:
    """One node on the way. `code` are its lines with their numbers; `gives` the values at its outputs, as far as computed."""

    node: NodeId
    name: str
    type_id: str
    takes: tuple[Taken, ...]
    gives: Mapping[str, Portrait]
    formula: Filled | None
    code: tuple[tuple[int, str], ...]

    @property
    def portrait(self) -> Portrait | None:
        """What stands for the node: the first value that leaves it, else the first that it takes."""
        given = next(iter(self.gives.values()), None)
        return given if given is not None else next((t.portrait for t in self.takes if t.portrait is not None), None)


@dataclass(frozen=True, slots=True)
class Walk:
    """The steps of one sample. `counts` has the samples of each part; `calls` is how often the drawing of a block was computed, `runs`
    how many runs with weights of their own its instance has."""

    wish: Wish
    scope: Scope
    steps: tuple[Step, ...]
    counts: Mapping[str, int]
    given: tuple[Portrait, ...] = ()
    verdict: Verdict = field(default_factory=Verdict)
    losses: Mapping[str, float] = field(default_factory=dict)
    calls: int = 1
    runs: int = 1


def walk_of(trained: Trained, wish: Wish) -> Walk:
    """Take a sample through the network.

    Raises:
        DataError: the data is missing or has changed, or there is no such sample.
        RunError: a layer cannot compute the sample, or the block is not in this network.
    """
    counts = {part: part_of(trained, part).count for part in PARTS}
    part = wish.part or next((p for p in (TEST, VALIDATION, TRAIN) if counts[p]), TRAIN)
    if not counts[part]:
        raise DataError(msg("This part of the data has no samples. Choose another part."))
    wish = wish._replace(part=part, number=min(wish.number, counts[part] - 1))
    samples = sample_of(trained, part, wish.number)
    view = _View(trained, wish, samples)
    project = trained.compiled.project
    return Walk(
        wish=wish._replace(run=view.run),
        scope=view.scope,
        steps=tuple(view.step(node) for node in execution_order(view.graph)),
        counts=counts,
        given=tuple(
            portrait_of(samples[port][0], meaning_of(trained, port, samples[port])) for port in trained.compiled.inputs
        ),
        verdict=verdict_of(trained, view.outputs, samples),
        losses={
            node.name if (node := project.graph.node_named(name)) else name: float(value)
            for name, value in view.losses.items()
        },
        calls=view.calls,
        runs=view.runs,
    )


class _View:
    """The values in one drawing of a network, for one sample."""

    def __init__(self, trained: Trained, wish: Wish, samples: Mapping[Port, Tensor]) -> None:
        from runtime.insight import insight_of

        self._trained, self._wish = trained, wish
        self.scope, self.graph = _drawing(trained, wish.way)
        insight = insight_of(trained)
        self.run, self.runs, self._path = _path(insight, wish)
        project = trained.compiled.project
        self._catalog = project.catalog
        self._known: Analysis = trained.compiled.analysis.within(self.scope, wish.way)
        self._lines = trained.compiled.source.lines_in(self.scope)
        self._text = trained.compiled.source.text.splitlines()
        self._alone, self._whole = _looked_into(insight, samples)
        self.outputs, self.losses = self._alone.outputs, self._whole.losses
        self.calls = max((len(c) for place, c in self._alone.calls.items() if place.path == self._path), default=1)
        self._portraits: dict[Port, Portrait | None] = {}

    def step(self, node_id: NodeId) -> Step:
        """What happens at a node."""
        node = self.graph.nodes[node_id]
        node_type = self._catalog.of(node)
        assert node_type is not None, node.type  # it was compiled
        order = {port.name: place for place, port in enumerate(node_type.inputs)}
        ends = dict(sorted(self.graph.inputs(node_id).items(), key=lambda end: order.get(end[0], len(order))))
        outputs = [Port(node_id, port.name) for port in node_type.outputs]
        gives = {port.name: portrait for port in outputs if (portrait := self._portrait(port)) is not None}
        found: NodeAnalysis | None = self._known.nodes.get(node_id)
        filling = Filling(
            {**node_type.values(node), **(found.resolved if found else {})},
            {name: shape for name, source in ends.items() if (shape := self._shape(source)) is not None},
            {port.name: shape for port in outputs if (shape := self._shape(port)) is not None},
        )
        code = {self._text[line - 1].strip(): line for line in reversed(self._lines.get(node_id, ()))}
        return Step(
            node=node_id,
            name=node.name,
            type_id=node.type,
            takes=tuple(Taken(name, self._named(source), self._portrait(source)) for name, source in ends.items()),
            gives=gives,
            formula=formula_of(node_type, filling),
            code=tuple(sorted((line, text) for text, line in code.items())),
        )

    def _named(self, source: Port) -> str:
        node = self.graph.nodes[source.node]
        node_type = self._catalog.of(node)
        return f"{node.name}.{source.name}" if node_type and len(node_type.outputs) > 1 else node.name

    def _value(self, port: Port) -> Tensor | None:
        from runtime.insight import Place

        place = Place(port, self._path)
        calls = self._alone.calls.get(place)
        if not calls:
            return self._whole.value(place)
        return calls[self._wish.call if -len(calls) <= self._wish.call < len(calls) else LAST]

    def _shape(self, port: Port) -> tuple[int, ...] | None:
        value = self._value(port)
        return None if value is None else tuple(value.shape)

    def _portrait(self, port: Port) -> Portrait | None:
        if port not in self._portraits:
            value = self._value(port)
            self._portraits[port] = None if value is None else self._drawn(port, value)
        return self._portraits[port]

    def _drawn(self, port: Port, value: Tensor) -> Portrait:
        one = _of_one_sample(value, self._known.spec(port))
        return portrait_of(one, meaning_of(self._trained, port, value, is_inside=self.scope is not None))


def _looked_into(insight: Insight, samples: Mapping[Port, Tensor]) -> tuple[Seen, Seen]:
    """What the network computes by itself, and with the right answers what the losses do, of the same random numbers."""
    from runtime.insight import Place

    trained = insight.trained
    alone = insight.look(inputs_alone(trained, samples), losses=False)
    nodes = trained.compiled.project.graph.nodes
    drawn = {
        place: calls[0]
        for place, calls in alone.calls.items()
        if place == Place(place.port) and nodes[place.port.node].type in _DRAWN
    }
    return alone, insight.look(samples, replaced=drawn)


def _drawing(trained: Trained, way: tuple[NodeId, ...]) -> tuple[Scope, Graph]:
    """The drawing that the instances of a way lead to."""
    project = trained.compiled.project
    scope, graph = None, project.graph
    for instance in way:
        node: Node | None = graph.nodes.get(instance)
        block = block_of(node, project.definitions) if node is not None else None
        if block is None:
            raise RunError(
                msg("This block is not in the network that was trained. Train again, or look at the whole network.")
            )
        scope, graph = block.id, block.graph
    return scope, graph


def _path(insight: Insight, wish: Wish) -> tuple[int, int, str]:
    """The run that is meant, how many there are, and the path of its module."""
    from torch import nn

    from runtime.insight import path_of

    project = insight.trained.compiled.project
    if not wish.way:
        return 0, 1, ""
    several = insight.model.get_submodule(path_of(project, wish.way, None, held=True))
    runs = len(several) if isinstance(several, nn.ModuleList) else 1
    run = min(wish.run, runs - 1)
    return run, runs, path_of(project, wish.way, run)


def _of_one_sample(value: Tensor, spec: TensorSpec | None) -> Tensor:
    """The value without the dimension of the batch, which has one sample."""
    known = spec is not None and len(spec.shape) == value.dim()
    place = next((i for i, size in enumerate(spec.shape) if size == "B"), None) if known and spec else 0
    if place is None:  # the same for every sample: what stretches over them is told by a first size of 1
        place = 0
    return value.select(place, 0) if value.dim() > place and value.shape[place] == 1 else value

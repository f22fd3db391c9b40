"""What is known about a drawing without running it. Records only: importable without torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from graph.messages import tr
from graph.model import NodeId, Port, Scope, Value
from graph.problems import Problem, Severity

Dim = int | str


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Shape and dtype of what flows through a wire.

    A dimension is a number, or a word for one that is open: "B" is the batch, "8·B" eight times it.
    `classes` is the number of classes where the values are class indices from a data node.
    """

    shape: tuple[Dim, ...]
    dtype: str
    classes: int | None = None

    def __str__(self) -> str:
        return self.code_text if self.shape else tr("scalar")

    @property
    def code_text(self) -> str:
        """The shape as in comments of generated code, in English whatever the language."""
        return " × ".join(map(str, self.shape)) if self.shape else "scalar"

    @property
    def compact(self) -> str:
        """The shape as on a node's card: `B×6×28×28`."""
        return "×".join(map(str, self.shape)) if self.shape else tr("scalar")


@dataclass(frozen=True, slots=True)
class NodeAnalysis:
    """What is known about one node.

    `inputs` and `outputs` are known only as far as the drawing upstream is right. `resolved` holds every parameter with the
    `auto` ones worked out. `parameters` counts trainable numbers, `macs` multiply-accumulates a sample. `inside` is, for
    an instance of a block, what is known of its nodes: one entry for each run of it that has sizes of its own to learn.
    """

    inputs: Mapping[str, TensorSpec] = field(default_factory=dict)
    outputs: Mapping[str, TensorSpec] = field(default_factory=dict)
    resolved: Mapping[str, Value] = field(default_factory=dict)
    parameters: int = 0
    macs: int = 0
    inside: tuple[Inside, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Inside:
    """A block as an instance runs it: the values of its parameters, its nodes, what its Output nodes take, its problems.

    `needed` are the nodes that the outputs depend on: the others are not built.
    """

    block: str
    values: Mapping[str, Value]
    nodes: Mapping[NodeId, NodeAnalysis]
    outputs: Mapping[str, TensorSpec]
    problems: tuple[Problem, ...] = ()
    needed: frozenset[NodeId] = frozenset()

    @property
    def built(self) -> Mapping[NodeId, NodeAnalysis]:
        """The nodes that are needed."""
        return {i: node for i, node in self.nodes.items() if i in self.needed}

    @property
    def parameters(self) -> int:
        """Trainable numbers in it."""
        return sum(node.parameters for node in self.built.values())

    @property
    def macs(self) -> int:
        """Multiply-accumulates a sample in it."""
        return sum(node.macs for node in self.built.values())


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything known about a project, and everything wrong with it.

    `complete` is False for the first answer, made before torch was loaded: validation only, no shapes. `blocks` has each
    block of the project as its first instance runs it. `unneeded` are the nodes that no output, loss or metric depends
    on, where there are such: they are not built, and their parameters do not count.
    """

    nodes: Mapping[NodeId, NodeAnalysis] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    complete: bool = True
    blocks: Mapping[str, Inside] = field(default_factory=dict)
    unneeded: frozenset[NodeId] = frozenset()

    def within(self, scope: Scope, way: Iterable[NodeId] = ()) -> Analysis:
        """What of this is about the drawing of a block: its nodes as one instance runs them, and its problems.

        `way` are the instances that lead from the drawing of the project to the one that is meant; where they lead
        nowhere it is the first.
        """
        problems = tuple(p for p in self.problems if p.block == scope)
        return Analysis(self._nodes_of(scope, way), problems, self.complete, self.blocks)

    def _nodes_of(self, scope: Scope, way: Iterable[NodeId]) -> Mapping[NodeId, NodeAnalysis]:
        if scope is None:
            return self.nodes
        inside, nodes = None, self.nodes
        for instance in way:
            found = nodes.get(instance)
            if found is None or not found.inside:
                break
            inside = found.inside[0]
            nodes = inside.nodes
        if inside is None or inside.block != scope:
            inside = self.blocks.get(scope)
        return inside.nodes if inside is not None else {}

    @property
    def parameters(self) -> int:
        """Trainable numbers in the whole drawing."""
        return sum(node.parameters for i, node in self.nodes.items() if i not in self.unneeded)

    @property
    def macs(self) -> int:
        """Multiply-accumulates a sample in the whole drawing."""
        return sum(node.macs for i, node in self.nodes.items() if i not in self.unneeded)

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that stop training and export."""
        return tuple(p for p in self.problems if p.severity is Severity.ERROR)

    def spec(self, port: Port) -> TensorSpec | None:
        """What leaves an output port, if known."""
        node = self.nodes.get(port.node)
        return node.outputs.get(port.name) if node else None


def insides(nodes: Mapping[NodeId, NodeAnalysis], *, built: bool = False) -> Iterator[Inside]:
    """Every different block run by these nodes, outer ones first, each once; only what is built, if that is asked for."""
    known: dict[int, Inside] = {}
    waiting = [inside for found in nodes.values() for inside in found.inside]
    while waiting:
        inside = waiting.pop(0)
        if id(inside) not in known:
            known[id(inside)] = inside
            yield inside
            inner = inside.built if built else inside.nodes
            waiting += [deeper for found in inner.values() for deeper in found.inside]

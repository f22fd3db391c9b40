"""From the drawing to Python that a teacher would show: a module for the network, and one for each objective.

The text is the whole truth: it is shown, exported, compiled and trained.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from graph.catalog import CATALOG, NETWORK, Role
from graph.catalog.types import NodeType, ordered_inputs
from graph.model import Node, NodeId, Port, Project
from graph.plan import Objective
from graph.topology import ancestors, execution_order
from runtime.analysis import Analysis
from runtime.emitters import Emission, emit

GIVEN = (Role.DATA, Role.INPUT)


@dataclass(frozen=True, slots=True)
class ProgramText:
    """The class that computes one objective: its name, and what it takes and gives (see `runtime.compiler.Program`)."""

    class_name: str
    objective: Objective
    inputs: tuple[Port, ...]
    losses: Mapping[str, float]
    metrics: Mapping[str, Node]


@dataclass(frozen=True, slots=True)
class Source:
    """Generated Python.

    `lines` gives for each node the numbers (from 1) of the lines that it became. `model_text` is the part
    that needs no training: imports and the network's class.
    """

    text: str
    model_text: str
    class_name: str
    lines: Mapping[NodeId, tuple[int, ...]]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    programs: tuple[ProgramText, ...] = ()

    def node_at(self, line: int) -> NodeId | None:
        """The node that became this line (from 1), or None."""
        return next((node for node, lines in self.lines.items() if line in lines), None)


def generate(project: Project, analysis: Analysis) -> Source:
    """The Python of a project, as far as its drawing is understood (nodes whose shapes are unknown are left out)."""
    writer = _Writer(project, analysis)
    writer.header()
    writer.network()
    model_end = len(writer.rows)
    programs = [writer.program(objective) for objective in project.plan.objectives if writer.losses(objective)]
    text = "\n".join(writer.rows) + "\n"
    lines: dict[NodeId, list[int]] = {}
    for number, node in writer.marks:
        lines.setdefault(node, []).append(number)
    return Source(
        text=text,
        model_text="\n".join(writer.rows[:model_end]) + "\n",
        class_name=writer.class_name,
        lines={node: tuple(numbers) for node, numbers in lines.items()},
        inputs=writer.inputs(writer.model_nodes),
        outputs=writer.outputs,
        programs=tuple(programs),
    )


def class_name(title: str) -> str:
    """A class name for a network's title: "lenet-5 digits" becomes "Lenet5Digits"."""
    words = re.findall(r"[A-Za-z0-9]+", title)
    name = "".join(word[:1].upper() + word[1:] for word in words)
    return name if name[:1].isalpha() and not keyword.iskeyword(name) else f"Network{name}"


@dataclass
class _Writer:
    """Writes the rows of one source, and remembers which node each came from."""

    project: Project
    analysis: Analysis
    rows: list[str] = field(default_factory=list)
    marks: list[tuple[int, NodeId]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.graph = self.project.graph
        self.order = [n for n in execution_order(self.graph) if self._is_known(n)]
        self.class_name = class_name(self.project.name)
        self.outputs = self._find_outputs()
        # What `forward` computes, and what the class holds: behind an output there may be layers that only losses see.
        self.model_nodes = self._layers_before(port.node for port in self.outputs)
        self.held = self._layers_before([*self.model_nodes, *self._with_role(Role.LOSS, Role.METRIC)])
        self.class_names = {self.class_name}

    # ---- what belongs to what

    def type_of(self, node: NodeId) -> NodeType:
        found = CATALOG.of(self.graph.nodes[node])
        assert found is not None, node
        return found

    def _is_known(self, node: NodeId) -> bool:
        if self.graph.nodes[node].type not in CATALOG or node not in self.analysis.nodes:
            return False
        if self.type_of(node).role in (Role.METRIC, Role.OUTPUT):
            return bool(self.analysis.nodes[node].inputs)
        return bool(self.analysis.nodes[node].outputs)

    def _with_role(self, *roles: Role) -> list[NodeId]:
        return [n for n in self.order if self.type_of(n).role in roles]

    def _find_outputs(self) -> tuple[Port, ...]:
        """What the network gives: what its Output nodes take, else what losses and metrics look at, else its loose ends."""
        layers = self._with_role(*NETWORK)
        ports = [Port(node, port.name) for node in layers for port in self.type_of(node).outputs]
        given = {port: number for number, port in enumerate(ports)}
        for takers in ((Role.OUTPUT,), (Role.LOSS, Role.METRIC)):
            taken = {port for taker in self._with_role(*takers) for port in self.sources(taker)} & given.keys()
            if taken:
                return tuple(sorted(taken, key=given.__getitem__))
        ends = [node for node in layers if not self.graph.outgoing(node)]
        return tuple(Port(node, self.type_of(node).outputs[0].name) for node in ends)

    def _layers_before(self, ends: Iterable[NodeId]) -> list[NodeId]:
        """The layers that these nodes depend on, themselves included, in order."""
        ends = set(ends)
        wanted = ends | set(ancestors(self.graph, ends))
        return [n for n in self.order if n in wanted and self.type_of(n).role in NETWORK]

    def feeding(self, node: NodeId) -> dict[str, Port]:
        """The output ports that feed a node, by its inputs and in their order."""
        feeding = self.graph.inputs(node)
        return {name: feeding[name] for name in ordered_inputs(self.type_of(node), feeding)}

    def sources(self, node: NodeId) -> list[Port]:
        """The output ports that feed a node, in the order of its inputs."""
        return list(self.feeding(node).values())

    def inputs(self, nodes: Sequence[NodeId]) -> tuple[Port, ...]:
        """The data that these nodes take, in the order of the data nodes and their ports."""
        taken = {p for n in nodes for p in self.sources(n) if self.type_of(p.node).role in GIVEN}
        return tuple(
            Port(n, port.name)
            for n in self._with_role(*GIVEN)
            for port in self.type_of(n).outputs
            if Port(n, port.name) in taken
        )

    def losses(self, objective: Objective) -> dict[NodeId, float]:
        """The loss nodes of an objective with their weights."""
        known = self._with_role(Role.LOSS)
        chosen = dict(objective.losses) or dict.fromkeys(known, 1.0)
        return {node: chosen[node] for node in known if node in chosen}

    def _metrics(self, objective: Objective, layers: Sequence[NodeId]) -> list[NodeId]:
        """Metrics that look at what the objective computes; those that no objective computes go with the first."""
        first = objective is self.project.plan.objectives[0]
        others = [set(self._layers_before(self.losses(o))) for o in self.project.plan.objectives if o is not objective]
        chosen = []
        for metric in self._with_role(Role.METRIC):
            needed = set(self._layers_before([metric]))
            if needed <= set(layers) or (first and not any(needed <= other for other in others)):
                chosen.append(metric)
        return chosen

    # ---- names

    def variable(self, port: Port) -> str:
        """The name of the variable that holds what leaves a port."""
        node = self.graph.nodes[port.node]
        if self.type_of(port.node).role is not Role.DATA:
            first = port.name == self.type_of(port.node).outputs[0].name
            return node.name if first else self._free(f"{node.name}_{port.name}")
        shared = [n for n in self._with_role(Role.DATA) if n != port.node]
        return self._free(f"{node.name}_{port.name}" if shared else port.name)

    def _free(self, name: str) -> str:
        while name in self.graph.names:
            name += "_"
        return name

    # ---- rows

    def write(self, text: str = "", *, node: NodeId | None = None) -> None:
        self.rows.append(text)
        if node is not None:
            self.marks.append((len(self.rows), node))

    def header(self) -> None:
        needs_torch = any("torch." in self._emit(n).expression for n in self.held)
        self.write('"""Drawn with Layerloom."""')
        self.write()
        if needs_torch:
            self.write("import torch")
        self.write("from torch import nn")

    def network(self) -> None:
        """The class of the network."""
        inputs = self.inputs(self.model_nodes)
        self._class(self.class_name, self._summary(inputs))
        self._constructor("self", self.held)
        self._forward(inputs)
        self._statements(self.model_nodes, "self")
        returned = ", ".join(self.variable(port) for port in self.outputs)
        self.write(f"        return {returned or 'None'}")

    def program(self, objective: Objective) -> ProgramText:
        """The class that computes the losses of an objective, and what its metrics look at."""
        losses = self.losses(objective)
        layers = self._layers_before(losses)
        metrics = self._metrics(objective, layers)
        layers = self._layers_before([*losses, *metrics])
        inputs = self.inputs([*layers, *losses, *metrics])
        name = self._program_name(objective)
        self._class(name, f"The losses that train {self.class_name}, and what the metrics look at.")
        self._constructor("self, model", list(losses), "self.model = model")
        self._forward(inputs)
        seen = {p for n in [*losses, *metrics] for p in self.sources(n) if self.type_of(p.node).role in NETWORK}
        if layers == self.model_nodes and seen <= set(self.outputs):
            given = ", ".join(map(self.variable, self.inputs(layers)))
            self.write(f"        {', '.join(map(self.variable, self.outputs))} = self.model({given})")
        else:
            self._statements(layers, "self.model")
        self._statements(list(losses), "self")
        self._return(losses, metrics)
        nodes = self.graph.nodes
        return ProgramText(
            name,
            objective,
            inputs,
            {nodes[n].name: weight for n, weight in losses.items()},
            {nodes[n].name: nodes[n] for n in metrics},
        )

    def _program_name(self, objective: Objective) -> str:
        alone = len(self.project.plan.objectives) == 1
        name = f"{self.class_name}{'Training' if alone else class_name(objective.name)}"
        while name in self.class_names:
            name += "_"
        self.class_names.add(name)
        return name

    def _class(self, name: str, summary: str) -> None:
        self.write()
        self.write()
        self.write(f"class {name}(nn.Module):")
        self.write(f'    """{summary}"""')

    def _constructor(self, arguments: str, nodes: Sequence[NodeId], *first: str) -> None:
        self.write()
        self.write(f"    def __init__({arguments}):")
        self.write("        super().__init__()")
        for row in first:
            self.write(f"        {row}")
        for node in nodes:
            init = self._emit(node).init
            if init is not None:
                self.write(f"        self.{self.graph.nodes[node].name} = {init}", node=node)

    def _forward(self, inputs: Sequence[Port]) -> None:
        self.write()
        self.write(f"    def forward({', '.join(['self', *map(self.variable, inputs)])}):")

    def _statements(self, nodes: Sequence[NodeId], owner: str) -> None:
        for node in nodes:
            statement = self._emit(node).assignment(f"{owner}.{self.graph.nodes[node].name}", self._variables(node))
            shape = next(iter(self.analysis.nodes[node].outputs.values())).code_text
            self.write(f"        {statement}  # {shape}", node=node)

    def _variables(self, node: NodeId) -> list[str]:
        """What a node's outputs are assigned to; "_" for one of several that nobody uses."""
        ports = [Port(node, port.name) for port in self.type_of(node).outputs]
        used = {link.source for link in self.graph.outgoing(node)} | {*self.outputs}
        return [self.variable(p) if p in used or len(ports) == 1 else "_" for p in ports]

    def _return(self, losses: Iterable[NodeId], metrics: Sequence[NodeId]) -> None:
        named = ", ".join(f'"{self.graph.nodes[n].name}": {self.graph.nodes[n].name}' for n in losses)
        self.write(f"        return {{{named}}}, {{{'' if metrics else '}'}")
        for node in metrics:
            seen = ", ".join(map(self.variable, self.sources(node)))
            self.write(f'            "{self.graph.nodes[node].name}": ({seen}),', node=node)
        if metrics:
            self.write("        }")

    def _emit(self, node: NodeId) -> Emission:
        arguments = {name: self.variable(port) for name, port in self.feeding(node).items()}
        return emit(self.type_of(node), self.analysis.nodes[node].resolved, arguments)

    def _summary(self, inputs: Sequence[Port]) -> str:
        """Input and output shapes and the number of parameters, in one line."""

        def shown(ports: Sequence[Port]) -> str:
            specs = ((port, self.analysis.spec(port)) for port in ports)
            return ", ".join(f"{self.variable(port)} {spec.code_text}" for port, spec in specs if spec) or "nothing"

        parameters = sum(self.analysis.nodes[n].parameters for n in self.held)
        return f"{shown(inputs)} -> {shown(self.outputs)}; {parameters:,} parameters."

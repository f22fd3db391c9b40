"""From the drawing to Python that a teacher would show: a class for the network, each block and each objective.

The text is the whole truth: it is shown, exported, compiled and trained.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from graph.catalog import NETWORK, Role
from graph.code import bindings
from graph.model import Node, NodeId, Port, Project, Scope
from graph.plan import Objective
from graph.topology import ancestors
from runtime import custom
from runtime.analysis import Analysis
from runtime.code_blocks import BlockClasses
from runtime.code_body import INDENT, Body, Row
from runtime.helpers import HELPERS, helpers_in

GIVEN = (Role.DATA, Role.INPUT)

Mark = tuple[Scope, NodeId]  # a node, and the block in whose drawing it is


@dataclass(frozen=True, slots=True)
class ProgramText:
    """The class that computes one objective: its name, and what it takes and gives (see `runtime.compiler.Program`)."""

    class_name: str
    objective: Objective
    inputs: tuple[Port, ...]
    losses: Mapping[str, float]
    metrics: Mapping[str, Node]


class ClassVariables(NamedTuple):
    """Whose drawing a class is (None: that of the project), and the variables that hold what leaves its ports."""

    scope: Scope
    names: Mapping[Port, str]


@dataclass(frozen=True, slots=True)
class Source:
    """Generated Python.

    `lines` gives for each node of the drawing, and `block_lines` for each node of a block, the numbers (from 1) of the
    lines that it became. `model_text` is the part that needs no training: imports and the network's classes. `codes`
    are the ids of the code of the person in it, `sections` its text, `output_names` the variables that hold the outputs;
    `variables` has for each class which variables hold what leaves which ports.
    """

    text: str
    model_text: str
    class_name: str
    lines: Mapping[NodeId, tuple[int, ...]]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    programs: tuple[ProgramText, ...] = ()
    block_lines: Mapping[str, Mapping[NodeId, tuple[int, ...]]] = field(default_factory=dict)
    codes: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    output_names: tuple[str, ...] = ()
    variables: Mapping[str, ClassVariables] = field(default_factory=dict)

    def lines_in(self, scope: Scope) -> Mapping[NodeId, tuple[int, ...]]:
        """The lines of the nodes in the drawing of a block, or in that of the project."""
        return self.lines if scope is None else self.block_lines.get(scope, {})

    def mark_at(self, line: int) -> Mark | None:
        """The node that became this line (from 1), with the block that it is in, or None."""
        for scope in (None, *self.block_lines):
            for node, lines in self.lines_in(scope).items():
                if line in lines:
                    return scope, node
        return None

    @property
    def own_text(self) -> str:
        """The text without what the person wrote."""
        text = self.text
        for section in self.sections:
            text = text.replace(f"\n\n{section}\n", "\n", 1)
        return text


def generate(project: Project, analysis: Analysis) -> Source:
    """The Python of a project, as far as its drawing is understood (nodes whose shapes are unknown are left out)."""
    project = project.running
    writer = _Writer(project, analysis)
    writer.header()
    writer.network()
    model_rows = writer.model_alone()
    programs = [writer.program(objective) for objective in project.plan.objectives if writer.losses(objective)]
    marked: dict[Scope, dict[NodeId, list[int]]] = {None: {}}
    for number, (scope, node) in writer.marks:
        marked.setdefault(scope, {}).setdefault(node, []).append(number)
    lines = {scope: {node: tuple(numbers) for node, numbers in nodes.items()} for scope, nodes in marked.items()}
    return Source(
        text="\n".join(writer.rows) + "\n",
        model_text="\n".join(model_rows) + "\n",
        class_name=writer.class_name,
        lines=lines.pop(None),
        inputs=writer.asked_inputs(),
        outputs=writer.outputs,
        programs=tuple(programs),
        block_lines={scope: nodes for scope, nodes in lines.items() if scope is not None},
        codes=tuple(writer.codes),
        sections=tuple(writer.sections),
        output_names=tuple(map(writer.body.variable, writer.outputs)),
        variables={
            **{entry.name: ClassVariables(entry.block.id, entry.variables) for entry in writer.blocks.classes},
            **{
                name: ClassVariables(None, writer.body.variables_of_ports)
                for name in (writer.class_name, *(program.class_name for program in programs))
            },
        },
    )


def class_name(title: str) -> str:
    """A class name for a network's title: "lenet-5 digits" becomes "Lenet5Digits"."""
    words = re.findall(r"[A-Za-z0-9]+", title)
    name = "".join(word[:1].upper() + word[1:] for word in words)
    return name if name[:1].isalpha() and not keyword.iskeyword(name) else f"Network{name}"


def _names_torch(text: str) -> bool:
    return "torch." in re.sub(r"#.*", "", text)


def _free_class(name: str, taken: Set[str]) -> str:
    """The name, or a longer one that the code of the person leaves free."""
    while name in taken:
        name += "Network"
    return name


class _Writer:
    """Writes the rows of one source, and remembers which node each came from."""

    def __init__(self, project: Project, analysis: Analysis) -> None:
        self.project, self.analysis, self.graph = project, analysis, project.graph
        self.rows: list[str] = []
        self.marks: list[tuple[int, Mark]] = []
        own = {name for code in project.definitions.codes.values() for name in bindings(code.text)}
        self.class_name = _free_class(class_name(project.name), {*own, *HELPERS})
        self.blocks = BlockClasses(project, {self.class_name, "nn", "torch", *HELPERS, *own})
        self.body = Body(project, project.graph, [analysis.nodes], find_class=self.blocks.of)
        self.outputs = self._find_outputs()
        self.body.returned = frozenset(self.outputs)
        # What `forward` computes, and what the class holds: behind an output there may be layers that only losses see.
        self.model_nodes = self._layers_before(port.node for port in self.outputs)
        self.held = self._layers_before([*self.model_nodes, *self._with_role(Role.LOSS, Role.METRIC)])
        self.held = self.body.with_leaders(self.held)
        self.blocks.add({n: analysis.nodes[n] for n in self.held})
        used = [code for entry in self.blocks.classes for code in entry.codes] + self.body.codes(self.held)
        self.codes = list(dict.fromkeys(used))
        self.sections = [custom.section(text) for text in self._code_texts()]

    # ---- what belongs to what

    def _with_role(self, *roles: Role) -> list[NodeId]:
        return [n for n in self.body.order if self.body.type_of(n).role in roles]

    def _find_outputs(self) -> tuple[Port, ...]:
        """What the network gives: what its Output nodes take, else what losses and metrics look at, else its loose ends."""
        layers = self._with_role(*NETWORK)
        ports = [Port(node, port.name) for node in layers for port in self.body.type_of(node).outputs]
        given = {port: number for number, port in enumerate(ports)}
        for takers in ((Role.OUTPUT,), (Role.LOSS, Role.METRIC)):
            taken = {port for taker in self._with_role(*takers) for port in self.body.sources(taker)} & given.keys()
            computed = {port for port in taken if not self._is_answer(port)}
            if taken:
                return tuple(sorted(computed or taken, key=given.__getitem__))
        ends = [node for node in layers if not self.graph.outgoing(node)]
        return tuple(Port(node, self.body.type_of(node).outputs[0].name) for node in ends)

    def _is_answer(self, port: Port) -> bool:
        """Whether a port gives the right answers of data, or what was made of them alone, such as a Squeeze of labels."""
        node, given_type = port.node, self.body.type_of(port.node).output(port.name)
        if given_type is not None and given_type.target:
            return True
        given = [port for n in (*ancestors(self.graph, [node]), node) if n in self.body.order
                 for port in self.body.sources(n) if self._role(port.node) in GIVEN]  # fmt: skip
        types = [self.body.type_of(port.node).output(port.name) for port in given]
        return bool(types) and all(port is not None and port.target for port in types)

    def _layers_before(self, ends: Iterable[NodeId]) -> list[NodeId]:
        """The layers that these nodes depend on, themselves included, in order."""
        ends = set(ends)
        wanted = ends | set(ancestors(self.graph, ends))
        return [n for n in self.body.order if n in wanted and self.body.type_of(n).role in NETWORK]

    def asked_inputs(self) -> tuple[Port, ...]:
        """The data that the network takes."""
        return self.inputs(self.model_nodes, asked=True)

    def inputs(self, nodes: Sequence[NodeId], *, asked: bool = False) -> tuple[Port, ...]:
        """The data that these nodes take, in the order of the data nodes and their ports (see `Body.feeding`)."""
        taken = {p for n in nodes for p in self.body.sources(n, asked=asked) if self.body.type_of(p.node).role in GIVEN}
        return tuple(
            Port(n, port.name)
            for n in self._with_role(*GIVEN)
            for port in self.body.type_of(n).outputs
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

    # ---- rows

    def model_alone(self) -> list[str]:
        """What was written so far, without the import that only losses need."""
        return [row for row in self.rows if not (self.is_torch_for_losses and row == "import torch")]

    def write(self, text: str = "") -> None:
        """Add a row."""
        self.rows.append(text)

    def put(self, rows: Iterable[Row], scope: Scope = None) -> None:
        """Add rows that nodes became."""
        for row in rows:
            self.rows.append(row.text)
            if row.node is not None:
                self.marks.append((len(self.rows), (scope, row.node)))

    def header(self) -> None:
        """Imports, functions that the classes call, code of the person, and the classes of blocks."""
        model = self._model_rows()
        own = "\n".join(row.text for rows in (model, *(entry.rows for entry in self.blocks.classes)) for row in rows)
        helpers = helpers_in(own)
        self.write('"""Drawn with Layerloom."""')
        self.write()
        if any("__future__.annotations" in bindings(code).get("annotations", ()) for code in self._code_texts()):
            self.write("from __future__ import annotations")
            self.write()
        self.is_torch_for_losses = not (_names_torch(own) or helpers or self.sections)
        if not self.is_torch_for_losses or any(_names_torch(row.text) for row in self._loss_rows()):
            self.write("import torch")
        self.write("from torch import nn")
        for text in (*(HELPERS[name].rstrip("\n") for name in helpers), *self.sections):
            self.write()
            self.write()
            self.rows += text.split("\n")
        for entry in self.blocks.classes:
            self.write()
            self.write()
            self.put(entry.rows, entry.block.id)

    def _code_texts(self) -> list[str]:
        return [self.project.definitions.codes[code].text for code in self.codes]

    def _loss_rows(self) -> list[Row]:
        return self.body.constructor(self._with_role(Role.LOSS))

    def _model_rows(self) -> list[Row]:
        return [*self.body.constructor(self.held), *self.body.statements(self.held)]

    def network(self) -> None:
        """The class of the network."""
        inputs = self.asked_inputs()
        self._class(self.class_name, self._summary(inputs))
        self._constructor("self")
        self.put(self.body.constructor(self.held))
        self._forward(inputs)
        self.put(self.body.statements(self.model_nodes, asked=True))
        returned = ", ".join(self.body.variable(port) for port in self.outputs)
        self.write(f"{INDENT}return {returned or 'None'}")

    def program(self, objective: Objective) -> ProgramText:
        """The class that computes the losses of an objective, and what its metrics look at."""
        losses = self.losses(objective)
        layers = self._layers_before(losses)
        metrics = self._metrics(objective, layers)
        layers = self._layers_before([*losses, *metrics])
        inputs = self.inputs([*layers, *losses, *metrics])
        name = self._program_name(objective)
        self._class(name, f"The losses that train {self.class_name}, and what the metrics look at.")
        self._constructor("self, model", "self.model = model")
        self.put(self.body.constructor(losses))
        self._forward(inputs)
        self._layers(layers, [*losses, *metrics])
        self.put(self.body.statements(losses))
        self._return(losses, metrics)
        nodes = self.graph.nodes
        return ProgramText(
            name,
            objective,
            inputs,
            {nodes[n].name: weight for n, weight in losses.items()},
            {nodes[n].name: nodes[n] for n in metrics},
        )

    def _layers(self, layers: Sequence[NodeId], ends: Sequence[NodeId]) -> None:
        """What the losses and metrics need: a call of the network and what comes behind it, or its layers one by one."""
        model = set(self.model_nodes)
        behind = [node for node in layers if node not in model]
        seen = {p for n in [*behind, *ends] for p in self.body.sources(n) if p.node in model}
        if model <= set(layers) and seen <= set(self.outputs):
            given = ", ".join(map(self.body.variable, self.asked_inputs()))
            self.write(f"{INDENT}{', '.join(map(self.body.variable, self.outputs))} = self.model({given})")
            self.put(self.body.statements(behind, "self.model"))
        else:
            self.put(self.body.statements(layers, "self.model"))

    def _role(self, node: NodeId) -> Role:
        return self.body.type_of(node).role

    def _program_name(self, objective: Objective) -> str:
        alone = len(self.project.plan.objectives) == 1
        name = f"{self.class_name}{'Training' if alone else class_name(objective.name)}"
        while name in self.blocks.taken:
            name += "_"
        self.blocks.taken.add(name)
        return name

    def _class(self, name: str, summary: str) -> None:
        self.write()
        self.write()
        self.write(f"class {name}(nn.Module):")
        self.write(f'    """{summary}"""')

    def _constructor(self, arguments: str, *first: str) -> None:
        self.write()
        self.write(f"    def __init__({arguments}):")
        self.write(f"{INDENT}super().__init__()")
        for row in first:
            self.write(f"{INDENT}{row}")

    def _forward(self, inputs: Sequence[Port]) -> None:
        self.write()
        self.write(f"    def forward({', '.join(['self', *map(self.body.variable, inputs)])}):")

    def _return(self, losses: Iterable[NodeId], metrics: Sequence[NodeId]) -> None:
        named = ", ".join(f'"{self.graph.nodes[n].name}": {self.body.variables(n)[0]}' for n in losses)
        self.write(f"{INDENT}return {{{named}}}, {{{'' if metrics else '}'}")
        for node in metrics:
            seen = ", ".join(map(self.body.variable, self.body.sources(node)))
            self.put([Row(f'{INDENT}    "{self.graph.nodes[node].name}": ({seen}),', node)])
        if metrics:
            self.write(f"{INDENT}}}")

    def _summary(self, inputs: Sequence[Port]) -> str:
        """Input and output shapes and the number of parameters, in one line."""

        def shown(ports: Sequence[Port]) -> str:
            specs = ((port, self.analysis.spec(port)) for port in ports)
            return (
                ", ".join(f"{self.body.variable(port)} {spec.code_text}" for port, spec in specs if spec) or "nothing"
            )

        parameters = sum(self.analysis.nodes[n].parameters for n in self.held)
        return f"{shown(inputs)} -> {shown(self.outputs)}; {parameters:,} parameters."

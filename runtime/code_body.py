"""The inside of a generated class: constructor rows and forward statements for the nodes of one drawing."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from graph.catalog import NETWORK, Catalog, Kind, Role
from graph.catalog.definitions import CODE_PREFIX, block_of, code_of
from graph.catalog.types import NodeType, ordered_inputs
from graph.model import Graph, Node, NodeId, Port, Project, Value
from graph.topology import execution_order
from runtime.analysis import Inside, NodeAnalysis, TensorSpec
from runtime.emitters import emit
from runtime.helpers import HELPERS
from runtime.sharing import followers, tied
from runtime.symbols import Sizes

if TYPE_CHECKING:
    from runtime.code_blocks import BlockClass

INDENT = "        "
FUNCTIONS = ("max", "min", "range", "reversed", "round", *HELPERS)  # that `forward` calls
Known = Mapping[NodeId, NodeAnalysis]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a class, and the node that it is for."""

    text: str
    node: NodeId | None = None


class Body:
    """One drawing as a class sees it in one or several uses.

    `uses` has for each use what is known about the nodes. `sizes` names what differs between them (None for the network
    itself, which has one use). `at` is the number of the use whose numbers the rows are worked out with: the text is
    the same in all uses, or the class cannot serve them all.
    """

    def __init__(
        self,
        project: Project,
        graph: Graph,
        uses: Sequence[Known],
        *,
        find_class: Callable[[Inside], BlockClass],
        sizes: Sizes | None = None,
    ) -> None:
        self.project, self.graph, self.uses, self.sizes, self.find_class = project, graph, uses, sizes, find_class
        self.catalog: Catalog = project.catalog
        self.at = 0
        self.returned: frozenset[Port] = frozenset()
        self.order = [n for n in execution_order(graph) if self._is_known(n)]

    @property
    def known(self) -> Known:
        """What is known about the nodes in the present use."""
        return self.uses[self.at]

    # ---- what belongs to what

    def type_of(self, node: NodeId) -> NodeType:
        """The type of a node, which is known."""
        found = self.catalog.of(self.graph.nodes[node])
        assert found is not None, node
        return found

    def _is_known(self, node: NodeId) -> bool:
        node_type = self.catalog.of(self.graph.nodes[node])
        if node_type is None or any(node not in known for known in self.uses):
            return False
        if node_type.role in (Role.METRIC, Role.OUTPUT):
            return all(known[node].inputs for known in self.uses)
        return all(known[node].outputs for known in self.uses)

    def feeding(self, node: NodeId, *, asked: bool = False) -> dict[str, Port]:
        """The output ports that feed a node, by its inputs and in their order.

        Args:
            asked: leave out the right answers that a layer takes: who asks a network does not know them.
        """
        feeding, node_type = self.graph.inputs(node), self.type_of(node)
        answers = {port.name for port in node_type.inputs if port.target} if asked else ()
        return {name: feeding[name] for name in ordered_inputs(node_type, feeding) if name not in answers}

    def sources(self, node: NodeId, *, asked: bool = False) -> list[Port]:
        """The output ports that feed a node, in the order of its inputs (see `feeding`)."""
        return list(self.feeding(node, asked=asked).values())

    @cached_property
    def leaders(self) -> dict[NodeId, Node]:
        """For each node that uses the weights of another, that other."""
        found = followers(self.graph, self.uses[0])
        return {node.id: leader for node, leader in found if self.type_of(leader.id).role in NETWORK}

    def with_leaders(self, nodes: Iterable[NodeId]) -> list[NodeId]:
        """These nodes and those whose weights they use, in their order."""
        found = set(nodes)
        while more := {self.leaders[n].id for n in found if n in self.leaders} - found:
            found |= more
        return [n for n in self.order if n in found]

    # ---- names

    def variable(self, port: Port) -> str:
        """The name of the variable that holds what leaves a port."""
        return self.variables_of_ports.get(port, self.graph.nodes[port.node].name)

    @cached_property
    def variables_of_ports(self) -> dict[Port, str]:
        """The variables of all ports: a node's first one is called like the node, unless a function is called so too."""
        functions = {*FUNCTIONS, *(self.catalog[CODE_PREFIX + code].label for code in self.project.definitions.codes)}
        taken = {*functions, *self.graph.names}
        only = sum(self.type_of(n).role is Role.DATA for n in self.order) == 1
        found: dict[Port, str] = {}
        for node_id in self.order:
            name, node_type = self.graph.nodes[node_id].name, self.type_of(node_id)
            is_data = node_type.role is Role.DATA
            for number, port in enumerate(node_type.outputs):
                own = number == 0 and not is_data and port.name != "output0"
                wish = name if own else port.name if is_data and only else _wish(name, port.name)
                free = wish if own and wish not in functions else _free(wish, taken)
                found[Port(node_id, port.name)] = free
                taken.add(free)
        return found

    def free(self, name: str) -> str:
        """The name, or one like it, if a node has it or what leaves one."""
        return _free(name, {*self.graph.names, *self.variables_of_ports.values()})

    def variables(self, node: NodeId, *, asked: bool = False) -> list[str]:
        """What a node's outputs are assigned to; "_" for one of several that nobody uses (see `feeding`)."""
        ports = [Port(node, port.name) for port in self.type_of(node).outputs]
        used = {link.source for link in self.graph.outgoing(node)} | self.returned
        if asked:
            used -= {Port(node, port.name) for port in self.type_of(node).outputs if port.target}
        return [self.variable(p) if p in used or len(ports) == 1 else "_" for p in ports]

    def attribute(self, node: NodeId) -> str:
        """The attribute of the class that holds a node's weights: that of another node where it shares them."""
        leader = self.leaders.get(node)
        if leader is None or leader.type != self.graph.nodes[node].type:
            return self.graph.nodes[node].name
        return leader.name

    # ---- values

    def values(self, node: NodeId, *, computing: bool = False) -> dict[str, Value]:
        """The values of a node's parameters, under their names in the class where they have one."""
        raw, resolved = self.graph.nodes[node].params, self.known[node].resolved
        result = {}
        for param in self.type_of(node).params:
            if param.auto is not None and raw.get(param.name) is None:
                vector = tuple(known[node].resolved[param.name] for known in self.uses)
                result[param.name] = self.size(vector, param.name, computing=computing)
            elif computing and param.kind is Kind.FLOAT and self._takes_whole_numbers(node):
                result[param.name] = resolved[param.name]  # 2 keeps them whole, and a name may stand for 2.0
            else:
                result[param.name] = self.expression(raw.get(param.name), resolved[param.name], computing=computing)
        return result

    def _takes_whole_numbers(self, node: NodeId) -> bool:
        return any("int" in spec.dtype for spec in self.known[node].inputs.values())

    def size(self, vector: tuple, name: str, *, computing: bool = False) -> Value:
        """A number by its values in all uses, under its name in the class (see `Sizes.size`)."""
        if self.sizes is None:
            return vector[self.at]
        return self.sizes.size(vector, name, at=self.at, computing=computing)

    def expression(self, raw: Value, value: Value, *, computing: bool = False) -> Value:
        """A value that may be written as an expression over the parameters of the block (see `Sizes.expression`)."""
        return value if self.sizes is None else self.sizes.expression(raw, value, computing=computing)

    def comment(self, specs: Sequence[TensorSpec]) -> str:
        """A shape over all uses: numbers that are the same everywhere, names where they have one, else an ellipsis."""
        if len({len(spec.shape) for spec in specs}) > 1:
            return "…"
        dims = zip(*(spec.shape for spec in specs), strict=True)
        return " × ".join(self._dimension(vector) for vector in dims) or "scalar"

    def _dimension(self, vector: tuple) -> str:
        if len(set(vector)) == 1:
            return str(vector[0])
        text = (self.sizes.text(vector) if self.sizes else None) or "…"
        return f"({text})" if " " in text else text

    # ---- rows

    def constructor(self, nodes: Iterable[NodeId]) -> list[Row]:
        """The rows that build the submodules of these nodes, tie their weights and fill them."""
        nodes = list(nodes)
        rows = [Row(text, node) for node in nodes for text in self._build(node)]
        rows += [Row(text, node) for node in nodes for text in self._tie(node)]
        return rows + [Row(text, node) for node in nodes for text in self._begin(node)]

    def _build(self, node: NodeId) -> list[str]:
        if self.attribute(node) != self.graph.nodes[node].name:
            return []
        if self.type_of(node).role is Role.BLOCK:
            from runtime.code_instances import build

            init = build(self, node)
        else:
            init = emit(self.type_of(node), self.values(node), self.arguments(node)).init
        return [f"{INDENT}self.{self.graph.nodes[node].name} = {init}"] if init is not None else []

    def tied(self, node: NodeId) -> tuple[str, ...]:
        """The parameters of a node that are those of a layer of another type."""
        leader = self.leaders.get(node)
        if leader is None or leader.type == self.graph.nodes[node].type:
            return ()
        return tied(self.graph.nodes[node], leader, self.known, self.catalog)

    def _tie(self, node: NodeId) -> list[str]:
        leader = self.leaders.get(node)
        name = self.graph.nodes[node].name
        return [f"{INDENT}self.{name}.{tie} = self.{leader.name}.{tie}" for tie in self.tied(node)] if leader else []

    def _begin(self, node: NodeId) -> list[str]:
        from runtime.initial_weights import rows

        if self.type_of(node).role is not Role.LAYER or self.attribute(node) != self.graph.nodes[node].name:
            return []
        return [f"{INDENT}{row}" for row in rows(self, node)]

    def statements(self, nodes: Iterable[NodeId], owner: str = "self", *, asked: bool = False) -> list[Row]:
        """The rows that compute these nodes; `owner` has their submodules (see `feeding`)."""
        return [Row(text, node) for node in nodes for text in self._compute(node, owner, asked)]

    def _compute(self, node: NodeId, owner: str, asked: bool) -> list[str]:
        place = f"{owner}.{self.attribute(node)}"
        if self.type_of(node).role is Role.BLOCK:
            from runtime.code_instances import compute, shown_port

            rows, port = compute(self, node, place), shown_port(self, node)
        else:
            port = next(iter(self.known[node].outputs))
            arguments = self.arguments(node, asked=asked)
            emission = emit(self.type_of(node), self.values(node, computing=True), arguments)
            rows = [emission.assignment(place, self.variables(node, asked=asked))]
        shapes = [known[node].outputs[port] for known in self.uses]
        return [*(INDENT + row for row in rows[:-1]), f"{INDENT}{rows[-1]}  # {self.comment(shapes)}"]

    def arguments(self, node: NodeId, *, asked: bool = False) -> dict[str, str]:
        """For each input of a node that is wired, the variable that feeds it (see `feeding`)."""
        return {name: self.variable(port) for name, port in self.feeding(node, asked=asked).items()}

    def codes(self, nodes: Iterable[NodeId]) -> list[str]:
        """The ids of the definitions of code that these nodes run."""
        found = (code_of(self.graph.nodes[node], self.project.definitions) for node in nodes)
        return [code.id for code in found if code is not None]

    def block_of(self, node: NodeId):
        """The block that a node is an instance of."""
        block = block_of(self.graph.nodes[node], self.project.definitions)
        assert block is not None, node
        return block


def _wish(node: str, port: str) -> str:
    """What a variable for an output would be called: `parts2` for `output2` of parts, `lstm_h_n` for `h_n` of lstm."""
    number = port.removeprefix("output")
    return f"{node}{number}" if number.isdecimal() else f"{node}_{port}"


def _free(name: str, taken: Container[str]) -> str:
    while name in taken:
        name += "_"
    return name

"""What an unfinished drawing seems to want next: a wire, a loss."""

from __future__ import annotations

from collections.abc import Container
from functools import cached_property

from graph.catalog import NETWORK, Catalog, NodeType, PortType, Role
from graph.edits import SPACING
from graph.facts import read_facts
from graph.fixes import add_wire, graph_fix
from graph.messages import msg
from graph.model import Graph, Link, Node, NodeId, Port
from graph.problems import Fix
from graph.target_scaling import restored
from graph.wiring import can_connect

_MANY = 8  # with more outputs to choose from than this, none of them suggests itself


class Suggestions:
    """Mends for what is missing from one drawing. Nothing is offered where there is a choice."""

    def __init__(self, graph: Graph, catalog: Catalog) -> None:
        self._graph = graph
        self._catalog = catalog

    def wire(self, target: Port, port_type: PortType) -> tuple[Fix, ...]:
        """The wire that an empty input wants."""
        sources = self._candidates(target, port_type)
        links = [Link(source, target) for source in sources] if len(sources) <= _MANY else []
        fitting = [link for link in links if can_connect(self._graph, link, self._catalog)]
        return (add_wire(self._graph, fitting[0]),) if len(fitting) == 1 else ()

    def loss(self) -> tuple[Fix, ...]:
        """The loss that goes with the data, between the one loose end of the network and the answers."""
        ends = [port for port in self._loose_ends if self._role(port.node) in NETWORK]
        node_type = self._fitting_loss(ends[0], self._answers[0]) if len(ends) == len(self._answers) == 1 else None
        if node_type is None:
            return ()
        label = msg("Add {loss} after {node}", loss=node_type.label, node=self._graph.nodes[ends[0].node].name)
        return (graph_fix(label, _with_loss, node_type, ends[0], self._answers[0]),)

    @cached_property
    def _loose_ends(self) -> tuple[Port, ...]:
        """The outputs that no layer, operation or loss takes; the answers of data and the values of losses apart.

        Of several outputs of a layer, such as those of an LSTM, the first one counts, unless another is taken.
        """
        links = self._graph.links.values()
        taken = {link.source for link in links if self._role(link.target.node) in (*NETWORK, Role.LOSS)}
        busy = {port.node for port in taken}
        return tuple(
            end
            for node in self._graph.nodes.values()
            if self._role(node.id) not in (Role.LOSS, None)
            for port in self._main_outputs(node, busy)
            if not port.target and (end := Port(node.id, port.name)) not in taken
        )

    @cached_property
    def _answers(self) -> tuple[Port, ...]:
        """The outputs of data nodes that hold the right answers."""
        nodes = (node for node in self._graph.nodes.values() if self._role(node.id) is Role.DATA)
        return tuple(Port(node.id, port.name) for node in nodes for port in self._outputs(node) if port.target)

    @cached_property
    def _predictions(self) -> tuple[Port, ...]:
        """What the losses compare with the answers; in the units of the data where they compare in others."""
        found: dict[Port, None] = {}
        for ends in (self._graph.inputs(node) for node in self._graph.nodes if self._role(node) is Role.LOSS):
            both = {"input", "target"} <= ends.keys()
            pair = restored(self._graph, ends["input"], ends["target"]) if both else None
            found.update(dict.fromkeys(pair or ends.values()))
        return tuple(port for port in found if port not in self._answers)

    def _candidates(self, target: Port, port_type: PortType) -> tuple[Port, ...]:
        if port_type.target:
            return self._answers
        if self._role(target.node) is Role.METRIC:
            return self._predictions or self._loose_ends
        return self._loose_ends

    def _main_outputs(self, node: Node, busy: Container[NodeId]) -> tuple[PortType, ...]:
        outputs = self._outputs(node)
        if self._role(node.id) is Role.DATA:
            return outputs
        return () if node.id in busy else outputs[:1]

    def _outputs(self, node: Node) -> tuple[PortType, ...]:
        node_type = self._catalog.of(node)
        return node_type.outputs if node_type else ()

    def _role(self, node: NodeId) -> Role | None:
        node_type = self._catalog.get(self._graph.nodes[node].type)
        return node_type.role if node_type else None

    def _fitting_loss(self, scores: Port, answers: Port) -> NodeType | None:
        """MSELoss for numbers to predict; for classes the loss that takes what the network gives."""
        facts = read_facts(self._graph.nodes[answers.node])
        if facts is None or answers.name not in facts.outputs:
            return None
        if "float" in facts.outputs[answers.name].dtype:
            return self._catalog.get("torch.nn.MSELoss")
        logarithms = self._graph.nodes[scores.node].type == "torch.nn.LogSoftmax"
        return self._catalog.get("torch.nn.NLLLoss" if logarithms else "torch.nn.CrossEntropyLoss")


def _with_loss(graph: Graph, node_type: NodeType, scores: Port, answers: Port) -> Graph:
    x, y = graph.require(scores.node).position
    loss = Node(graph.free_id(), node_type.id, graph.free_name(node_type.stem), position=(x + SPACING, y))
    graph = graph.add(loss).connect(Link(scores, Port(loss.id, "input")))
    return graph.connect(Link(answers, Port(loss.id, "target")))

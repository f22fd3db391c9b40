"""Regression on targets far from what a fresh network gives: where that is told, and the nodes that bring them near.

The loss compares in scaled units; what metrics and predictions look at is brought back to the units of the target.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from graph.catalog import CATALOG, NETWORK, Role
from graph.edits import SPACING, add_output
from graph.facts import Facts, read_facts
from graph.fixes import graph_fix
from graph.messages import Message, msg
from graph.model import Graph, Link, Node, NodeId, Port, Position, Project, Value
from graph.plan import Plan
from graph.problems import Fix, Problem, Severity

LOSSES = ("torch.nn.MSELoss", "torch.nn.L1Loss", "torch.nn.SmoothL1Loss", "torch.nn.HuberLoss")
FAR_TARGET = "target-scale"  # the code of such a problem, and of what a look before a run finds
EXPRESSION, FIXED = "layerloom.Expression", "layerloom.Fixed"
FAR, CLOSE = 10.0, 0.01  # a mean or a spread above the one, or a spread below the other, is told
MOST_COLUMNS = 64
_DIGITS = 6  # of a spread that stands in a drawing; a mean is as exact as that
_ROOM = (150.0, 90.0)  # that a card takes
_ONE_BY_ONE = frozenset(
    f"layerloom.{name}"
    for name in (
        "Expression",
        "Scale",
        "Add",
        "Subtract",
        "Multiply",
        "Divide",
        "Exp",
        "Log",
        "Sqrt",
        "Square",
        "Power",
    )
)

Pair = tuple[Port, Port]  # what a loss compares: the prediction, and the right answers


def is_far(mean: Sequence[float], spread: Sequence[float]) -> bool:
    """Whether one of these columns is far from what a fresh network gives: about 0, give or take 1."""
    if not all(map(math.isfinite, (*mean, *spread))):
        return False
    return any(abs(m) > FAR or s > FAR or 0 < s < CLOSE for m, s in zip(mean, spread, strict=True))


def split_key(plan: Plan) -> str:
    """What the training part of a plan depends on."""
    shares = (plan.split.train, plan.split.validation, plan.split.test)
    return " ".join((str(plan.seed), plan.split.method, *(f"{share:g}" for share in shares)))


def check_targets(project: Project) -> Iterator[Problem]:
    """Losses of numbers whose targets are far, as the data nodes remember them, each pair of ends once."""
    graph, told = project.graph, set[Pair]()
    for node in graph.nodes.values():
        pair = compared(graph, node.id)
        facts = read_facts(graph.nodes[pair[1].node]) if pair else None
        moments = facts.moments.get(pair[1].name) if pair and facts else None
        if pair is None or facts is None or moments is None or pair in told or not is_far(moments.mean, moments.spread):
            continue
        told.add(pair)
        text = far_text(graph, node.id, moments.mean, moments.spread)
        fix = scaling_fix(graph, node.id, moments.mean, moments.spread) if _is_current(facts, project.plan) else None
        if fix is None and not _is_current(facts, project.plan):
            text = msg("{problem} These numbers are of another split: read the data of '{data}' again.", problem=text,
                       data=graph.nodes[pair[1].node].name)  # fmt: skip
        yield Problem(FAR_TARGET, text, node.id, "target", Severity.WARNING, (fix,) if fix else ())


def _is_current(facts: Facts, plan: Plan) -> bool:
    return facts.measured_on == split_key(plan)


def compared(graph: Graph, loss: NodeId) -> Pair | None:
    """The two ends of a loss of numbers that compares what layers give with the right answers of data as they are."""
    node = graph.nodes.get(loss)
    ends = graph.inputs(loss) if node is not None and node.type in LOSSES else {}
    if not {"input", "target"} <= ends.keys():
        return None
    source, target = CATALOG.get(graph.nodes[ends["input"].node].type), CATALOG.of(graph.nodes[ends["target"].node])
    port = target.output(ends["target"].name) if target is not None and target.role is Role.DATA else None
    if port is None or not port.target or (source is not None and source.role not in NETWORK):
        return None
    return ends["input"], ends["target"]


def far_text(graph: Graph, loss: NodeId, mean: Sequence[float], spread: Sequence[float]) -> Message:
    """That the targets of a loss are far, and what to do, in words that also serve where there is no button."""
    pair = compared(graph, loss)
    assert pair is not None, loss
    there, back = _formulas(mean, spread)
    return msg(
        "The targets of '{loss}' (mean {mean}, spread {spread}) are far from what a fresh network gives (about 0, give or take 1): it "
        "learns slowly or not at all. Scale them for the loss: the Expression {there} on the wire from '{data}', and {back} behind "
        "'{source}' for metrics and outputs, which go on in the units of the target.",
        loss=graph.nodes[loss].name,
        mean=_listed(mean),
        spread=_listed(spread),
        there=there,
        back=back,
        data=graph.nodes[pair[1].node].name,
        source=graph.nodes[pair[0].node].name,
    )  # fmt: skip


def scaling_fix(graph: Graph, loss: NodeId, mean: Sequence[float], spread: Sequence[float]) -> Fix | None:
    """The mend that scales the targets of a loss; None where the drawing is not one that it fits."""
    pair = compared(graph, loss)
    if pair is None or len(mean) > MOST_COLUMNS or not is_far(mean, spread):
        return None
    others = (node for node, ends in _takers(graph, pair[0], Role.LOSS) if ends.get("target") == pair[1])
    if any(node.type not in LOSSES for node in others):  # it would compare in both units
        return None
    label = msg("Scale the target for {loss}", loss=graph.nodes[loss].name)
    return graph_fix(label, scale_targets, loss, tuple(mean), tuple(spread))


def scale_targets(graph: Graph, loss: NodeId, mean: Sequence[float], spread: Sequence[float]) -> Graph:
    """Let the losses that compare the two ends of this one do so in scaled units, and give what metrics and Output nodes look at
    in the units of the target; there is an Output node for it afterwards."""
    pair = compared(graph, loss)
    if pair is None:
        return graph
    prediction, target = pair
    graph, numbers = _numbers(graph, graph.nodes[loss].position, mean, spread)
    there, back = _formulas(mean, spread)
    losses = [node.id for node, ends in _takers(graph, prediction, Role.LOSS) if ends.get("target") == target]
    metrics = [node.id for node, ends in _takers(graph, prediction, Role.METRIC) if ends.get("target") == target]
    outputs = [node.id for node, _ in _takers(graph, prediction, Role.OUTPUT)]
    x, y = graph.nodes[loss].position
    graph, scaled = _put(graph, "scaled_target", there, {"target": target, **numbers}, (x - SPACING, y + _ROOM[1]))
    graph = _refed(graph, [Port(node, "target") for node in losses if graph.nodes[node].type in LOSSES], scaled)
    x, y = graph.nodes[prediction.node].position
    graph, restored = _put(graph, "prediction", back, {"scaled": prediction, **numbers},
                           (x + SPACING, y - _ROOM[1] * (2 if numbers else 1)))  # fmt: skip
    graph = _refed(graph, [Port(node, "input") for node in (*metrics, *outputs)], restored)
    if outputs:
        return graph
    graph = add_output(graph, restored)
    return graph.move({(made := list(graph.nodes.values())[-1]).id: _free_place(graph, made.position, made.id)})


def restored(graph: Graph, prediction: Port, target: Port) -> Pair | None:
    """Where a loss compares numbers that were both changed one by one: what leaves the prediction, changed, for metrics and
    outputs, and the right answers of the data as they are. None where either is not so."""
    answers = origin(graph, target)
    if answers == target or _role(graph, answers.node) is not Role.DATA:
        return None
    waiting, seen = [prediction], {prediction}
    while waiting:
        port = waiting.pop(0)
        takers = [link.target.node for link in graph.outgoing(port.node) if link.source == port]
        if port != prediction and any(_role(graph, node) in (Role.METRIC, Role.OUTPUT) for node in takers):
            return port, answers
        for node in takers:
            behind = Port(node, "output")
            if behind not in seen and _one_input(graph, node) == port:
                seen.add(behind)
                waiting.append(behind)
    return None


def origin(graph: Graph, port: Port) -> Port:
    """Where numbers come from that nodes only changed one by one."""
    while (before := _one_input(graph, port.node)) is not None:
        port = before
    return port


def _one_input(graph: Graph, node: NodeId) -> Port | None:
    """The one input, beside fixed numbers, of a node that changes numbers one by one; None for any other node."""
    if graph.nodes[node].type not in _ONE_BY_ONE:
        return None
    given = {port for port in graph.inputs(node).values() if graph.nodes[port.node].type != FIXED}
    return given.pop() if len(given) == 1 else None


# ---- the nodes


def _formulas(mean: Sequence[float], spread: Sequence[float]) -> tuple[str, str]:
    """The way into scaled units and the way back, as expressions; of several columns the numbers are inputs of their own."""
    if len(mean) > 1:
        return "(target - mean) / spread", "scaled * spread + mean"
    center, scale = map(_text, _rounded(mean[0], spread[0]))
    minus = f"+ {center[1:]}" if center.startswith("-") else f"- {center}"
    plus = f"- {center[1:]}" if center.startswith("-") else f"+ {center}"
    return f"(target {minus}) / {scale}", f"scaled * {scale} {plus}"


def _rounded(mean: float, spread: float) -> tuple[float, float]:
    """Both as exact as their purpose asks for; the spread of a constant is 1."""
    scale = float(f"{spread or 1.0:.{_DIGITS}g}")
    return round(mean, _DIGITS - 1 - math.floor(math.log10(scale))), scale


def _text(number: float) -> str:
    return f"{number:.15g}"


def _listed(numbers: Sequence[float]) -> str:
    shown = [f"{number:,.0f}" if 1e3 <= abs(number) < 1e9 else f"{number:.4g}" for number in numbers[:4]]
    return ", ".join([*shown, *(["…"] if len(numbers) > len(shown) else [])])


def _numbers(
    graph: Graph, place: Position, mean: Sequence[float], spread: Sequence[float]
) -> tuple[Graph, dict[str, Port]]:
    """Fixed tensors of the numbers of several columns; none for one column, whose numbers stand in the expressions."""
    found: dict[str, Port] = {}
    columns = list(zip(*map(_rounded, mean, spread), strict=True)) if len(mean) > 1 else []
    for name, numbers in zip(("mean", "spread"), columns, strict=False):
        params: dict[str, Value] = {"shape": (1, len(numbers)), "values": ", ".join(map(_text, numbers))}
        x, y = place
        node = Node(graph.free_id(), FIXED, graph.free_name(f"target_{name}"), params=params,
                    position=_free_place(graph, (x - 2 * SPACING, y + 2 * _ROOM[1])))  # fmt: skip
        graph, found[name] = graph.add(node), Port(node.id, "output")
    return graph, found


def _put(graph: Graph, stem: str, formula: str, inputs: dict[str, Port], place: Position) -> tuple[Graph, Port]:
    """A new Expression node with its wires, and its output."""
    node = Node(graph.free_id(), EXPRESSION, graph.free_name(stem), params={"expression": formula},
                position=_free_place(graph, place))  # fmt: skip
    graph = graph.add(node)
    for name, source in inputs.items():
        graph = graph.connect(Link(source, Port(node.id, name)))
    return graph, Port(node.id, "output")


def _refed(graph: Graph, inputs: Sequence[Port], source: Port) -> Graph:
    """The drawing in which these inputs are fed from there."""
    graph = graph.disconnect([graph.links[port] for port in inputs])
    for port in inputs:
        graph = graph.connect(Link(source, port))
    return graph


def _free_place(graph: Graph, place: Position, without: NodeId | None = None) -> Position:
    """This place, or the next one below it that no node takes."""
    taken = [node.position for node in graph.nodes.values() if node.id != without]
    x, y = place
    while any(abs(x - a) < _ROOM[0] and abs(y - b) < _ROOM[1] for a, b in taken):
        y += _ROOM[1] / 2
    return x, y


def _takers(graph: Graph, port: Port, role: Role) -> Iterator[tuple[Node, dict[str, Port]]]:
    """The nodes of a role that look at an output, with what feeds them."""
    for node in graph.nodes.values():
        ends = graph.inputs(node.id)
        if ends.get("input") == port and _role(graph, node.id) is role:
            yield node, ends


def _role(graph: Graph, node: NodeId) -> Role | None:
    node_type = CATALOG.get(graph.nodes[node].type)
    return node_type.role if node_type is not None else None

"""Computes a drawing by walking its wires, blocks and all, without compiling it: what compiled networks are compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graph.model import Block, Graph, Node, NodeId, Port, Project
from random_graphs_sketch import CONSTANT

Values = Mapping[str, Any]
Tensors = dict[Port, Tensor]
ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "ReLU": F.relu,
    "LeakyReLU": lambda x: F.leaky_relu(x, 0.01),
    "ELU": F.elu,
    "GELU": F.gelu,
    "SiLU": F.silu,
    "Mish": F.mish,
    "Sigmoid": torch.sigmoid,
    "Tanh": torch.tanh,
    "Softplus": F.softplus,
    "Hardswish": F.hardswish,
}
_NO_VALUE = (".data.", "Loss", "layerloom.Output")


class Interpreter:
    """Computes what leaves every node of a drawing, with the parameters that a model has under the names of the drawing."""

    def __init__(self, project: Project, model: nn.Module, *, training: bool) -> None:
        self.project, self.training = project, training
        learned = {name for name, _ in model.named_parameters(remove_duplicate=False)}
        self.state = {
            name: tensor.detach().clone().requires_grad_(name in learned) for name, tensor in model.state_dict().items()
        }
        self.read: set[str] = set()  # the keys that were needed

    def compute(self, data: Mapping[Port, Tensor], *, first: Sequence[NodeId]) -> Tensors:
        """What leaves every port, given what leaves the data and Input nodes. Nodes that `first` needs come first."""
        graph, known = self.project.graph, dict(data)
        wanted = _before(graph, first)
        for node in sorted(graph.nodes.values(), key=lambda node: node.id not in wanted):
            if not any(part in node.type for part in _NO_VALUE) and not any(port.node == node.id for port in data):
                known |= self._node(graph, node, known, "", {})
        return known

    # ---- drawings

    def _block(self, block: Block, inputs: Sequence[Tensor], values: Values, prefix: str) -> list[Tensor]:
        """What the Output nodes of a block take."""
        graph = block.graph
        entries = [node for node in graph.nodes.values() if node.type == "layerloom.Input"]
        ends = [node for node in graph.nodes.values() if node.type == "layerloom.Output"]
        known = {Port(node.id, "output"): tensor for node, tensor in zip(entries, inputs, strict=True)}
        wanted = _before(graph, [node.id for node in ends])
        for node in graph.nodes.values():
            if node.id in wanted and node not in entries and node not in ends:
                known |= self._node(graph, node, known, prefix, values)
        return [known[graph.inputs(node.id)["input"]] for node in ends]

    def _node(self, graph: Graph, node: Node, known: Tensors, prefix: str, names: Values) -> Tensors:
        values = {name: _worked_out(value, names) for name, value in node.params.items()}
        feeding = {name: known[port] for name, port in graph.inputs(node.id).items()}
        if node.type.startswith("block."):
            owner = graph.nodes[node.shares] if node.shares else node
            block = self.project.blocks[node.type.removeprefix("block.")]
            results = self._instance(block, feeding, values, f"{prefix}{owner.name}.")
            return {Port(node.id, name): tensor for name, tensor in results.items()}
        x, *others = (feeding[name] for name in sorted(feeding))  # no node here has ten inputs
        result = self._apply(node, [x, *others], values, self._holder(graph, node, prefix))
        return {Port(node.id, "output"): result}

    def _holder(self, graph: Graph, node: Node, prefix: str) -> Callable[[str], Tensor | None]:
        """The parameters and buffers of a layer, those that it shares from the layer that has them."""
        leader = graph.nodes[node.shares] if node.shares else None
        if leader is not None and leader.type != node.type:
            alike = [n for n in graph.nodes.values() if n.shares == leader.id and n.type == node.type]
            if alike[0] is not node:
                return self._holder(graph, alike[0], prefix)

        def held(name: str) -> Tensor | None:
            mine = self._state(f"{prefix}{node.name}.{name}")
            if leader is None:
                assert node.weight_init is None or name != "weight" or bool((mine == CONSTANT).all())
                return mine
            theirs = self._state(f"{prefix}{leader.name}.{name}")
            if leader.type == node.type:
                assert mine is None
                return theirs
            is_tied = (
                mine is not None and theirs is not None and mine.shape == theirs.shape and not name.startswith("run")
            )
            return theirs if is_tied else mine

        return held

    def _state(self, key: str) -> Tensor | None:
        self.read |= {key} & self.state.keys()
        return self.state.get(key)

    # ---- nodes

    def _instance(self, block: Block, feeding: Mapping[str, Tensor], values: Values, prefix: str) -> dict[str, Tensor]:
        own = {param.name: values.get(param.name, param.default) for param in block.params}
        names = {
            kind: [n for n in block.graph.nodes.values() if n.type == f"layerloom.{kind}"]
            for kind in ("Input", "Output")
        }
        ends = [node.name for node in names["Output"]]
        if values.get("use") == "scan":
            return self._scan(block, names["Input"], names["Output"], feeding, own, values, prefix)
        given = [feeding[node.name] for node in names["Input"]]
        if values.get("use") == "repeat":
            for run in range(values.get("times", 2)):
                place = prefix if values.get("shared_weights") else f"{prefix}{run}."
                results = self._block(block, given, own, place)
                given = [*results, *given[len(results) :]]
            return dict(zip(ends, given, strict=False))
        return dict(zip(ends, self._block(block, given, own, prefix), strict=True))

    def _scan(
        self,
        block: Block,
        entries: Sequence[Node],
        ends: Sequence[Node],
        feeding: Mapping[str, Tensor],
        own: Values,
        values: Values,
        prefix: str,
    ) -> dict[str, Tensor]:
        """One step after the other, and one sample after the other where lengths say which of them are over."""
        direction = values.get("direction", "forward")
        ways = ["forward", "backward"] if direction == "both" else [direction]
        found: list[dict[str, Tensor]] = []
        for number, way in enumerate(ways):
            place = f"{prefix}{number}." if direction == "both" else prefix
            found.append(self._one_way(block, entries, ends, feeding, own, place, way, (number, len(ways))))
        return {name: torch.cat([way[name] for way in found], -1) for name in found[0]}

    def _one_way(self, block, entries, ends, feeding, own, place, way, which) -> dict[str, Tensor]:
        hands_on = {node.name: node.params["state"] for node in ends if "state" in node.params}
        now = {n.name: feeding[n.name] for n in entries if n.params.get("whole")}
        sequences = [n.name for n in entries if n.name not in now and n.name not in hands_on.values()]
        batch, steps = feeding[sequences[0]].shape[:2]
        for node in entries:
            if node.name in hands_on.values():
                sizes = [_worked_out(size, own) for size in node.params["shape"]]
                begin = feeding.get(node.name)
                now[node.name] = (
                    torch.zeros(batch, *sizes) if begin is None else begin.tensor_split(which[1], -1)[which[0]]
                )
        lengths = feeding.get("lengths")
        collected: dict[str, dict[int, Tensor]] = {node.name: {} for node in ends}
        for t in range(steps) if way == "forward" else range(steps - 1, -1, -1):
            given = [feeding[n.name][:, t] if n.name in sequences else now[n.name] for n in entries]
            results = dict(zip([n.name for n in ends], self._block(block, given, own, place), strict=True))
            over = [b for b in range(batch) if lengths is not None and int(lengths[b]) <= t]
            for name, result in results.items():
                collected[name][t] = _with_rows(result, torch.zeros_like(result), over)
                if name in hands_on:
                    now[hands_on[name]] = _with_rows(result, now[hands_on[name]], over)
        outputs = {name: torch.stack([series[t] for t in range(steps)], 1) for name, series in collected.items()}
        return outputs | {f"{name}_last": now[state] for name, state in hands_on.items()}

    def _apply(self, node: Node, inputs: list[Tensor], values: Values, held: Callable[[str], Any]) -> Tensor:
        kind, (x, *others) = node.type.rpartition(".")[2], inputs
        if kind in ACTIVATIONS:
            return ACTIVATIONS[kind](x)
        if kind in _OPERATIONS:
            return _OPERATIONS[kind](values, x, *others)
        return _LAYERS[kind](self, x, values, held)


def _with_rows(result: Tensor, other: Tensor, rows: Sequence[int]) -> Tensor:
    """The first, with some samples of the second."""
    result = result.clone()
    for row in rows:
        result[row] = other[row]
    return result


def _before(graph: Graph, ends: Sequence[NodeId]) -> set[NodeId]:
    found, waiting = set(ends), list(ends)
    while waiting:
        new = {port.node for port in graph.inputs(waiting.pop()).values()} - found
        found |= new
        waiting += new
    return found


def _worked_out(value: Any, names: Values) -> Any:
    """The value of an expression: Python's own, not the one under test."""
    if isinstance(value, tuple):
        return tuple(_worked_out(entry, names) for entry in value)
    return eval(value[1:], {}, dict(names)) if isinstance(value, str) and value.startswith("=") else value


def _sum(*terms: Tensor) -> Tensor:
    first, *others = terms
    for other in others:
        first = first + other
    return first


Held = Callable[[str], Any]  # a parameter or buffer of the node by its name
_OPERATIONS: Mapping[str, Callable[..., Tensor]] = {
    "Add": lambda values, *terms: _sum(*terms),
    "Subtract": lambda values, a, b: a - b,
    "Multiply": lambda values, a, b: a * b,
    "Concatenate": lambda values, *parts: torch.cat(parts, values.get("dim", 1)),
    "Select": lambda values, x: x.select(values["dim"], values["index"]),
}
_LAYERS: Mapping[str, Callable[[Interpreter, Tensor, Values, Held], Tensor]] = {
    "Linear": lambda run, x, values, held: F.linear(x, held("weight"), held("bias")),
    "Embedding": lambda run, x, values, held: F.embedding(x, held("weight")),
    "Conv2d": lambda run, x, values, held: F.conv2d(
        x, held("weight"), held("bias"), stride=values.get("stride", 1), padding=values["padding"]
    ),
    "MaxPool2d": lambda run, x, values, held: F.max_pool2d(x, 2),
    "AvgPool2d": lambda run, x, values, held: F.avg_pool2d(x, 2),
    "AdaptiveAvgPool2d": lambda run, x, values, held: F.adaptive_avg_pool2d(x, values["output_size"]),
    "Flatten": lambda run, x, values, held: x.flatten(1),
    "Dropout": lambda run, x, values, held: F.dropout(x, values["p"], run.training),
    "GroupNorm": lambda run, x, values, held: F.group_norm(x, values["num_groups"], held("weight"), held("bias")),
    "LayerNorm": lambda run, x, values, held: F.layer_norm(x, x.shape[-1:], held("weight"), held("bias")),
    **dict.fromkeys(
        ("BatchNorm1d", "BatchNorm2d"),
        lambda run, x, values, held: F.batch_norm(
            x, held("running_mean"), held("running_var"), held("weight"), held("bias"), run.training
        ),
    ),
}

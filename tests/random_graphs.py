"""Random networks that are right, and an interpreter that computes a drawing without compiling it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from drawings import Drawing
from graph.model import Node, NodeId, Port, Project

CHANNELS, SIZE, FEATURES, CLASSES = 3, 12, 10, 4
IMAGES = {
    "samples": 100,
    "outputs": {
        "image": {"shape": [CHANNELS, SIZE, SIZE], "dtype": "float32"},
        "label": {"shape": [], "dtype": "int64", "classes": CLASSES},
    },
}
TABLE = {
    "samples": 100,
    "outputs": {
        "features": {"shape": [FEATURES], "dtype": "float32"},
        "target": {"shape": [], "dtype": "int64", "classes": CLASSES},
    },
}

# ---- drawing


class Artist:
    """Draws a network step by step: mostly forward, sometimes in two branches that meet again."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.drawing = Drawing(f"Net {seed}")
        self.has_dropout = False

    def convolutional(self) -> Project:
        """A network over images with a classifier at its end."""
        self.drawing.add("data.Images", "data", facts=IMAGES)
        x, channels, size = self.drawing.port("data", "image"), CHANNELS, SIZE
        for _ in range(self.random.randint(2, 5)):
            x, channels, size = self.random.choice(_STEPS)(self, x, channels, size)
        if self.random.random() < 0.5:
            x = self.add("nn.AdaptiveAvgPool2d", x, output_size=self.random.choice([1, 2]))
        return self._classified(self.add("nn.Flatten", x), "label")

    def perceptron(self) -> Project:
        """A network over the rows of a table, with shortcuts."""
        self.drawing.add("data.Table", "data", facts=TABLE)
        x = self.drawing.port("data", "features")
        for _ in range(self.random.randint(1, 4)):
            hidden = self.activated(self.linear(x, self.random.randint(1, 16)))
            if self.random.random() < 0.4:
                hidden = self.add("nn.BatchNorm1d", hidden)
            x = self.add("op.Concatenate", x, hidden) if self.random.random() < 0.4 else hidden
        return self._classified(x, "target")

    def _classified(self, x: Port, answers: str) -> Project:
        scores = self.linear(x, CLASSES)
        self.add("nn.CrossEntropyLoss", scores, self.drawing.port("data", answers))
        return self.drawing.project

    def add(self, type_id: str, *sources: Port, **params: Any) -> Port:
        """Add a node with the next free name."""
        return self.drawing.add(type_id, f"x{len(self.drawing.graph.nodes)}", *sources, **params)

    def linear(self, x: Port, features: int) -> Port:
        """Add a Linear, with or without a bias."""
        return self.add("nn.Linear", x, out_features=features, bias=self.random.random() < 0.8)

    def convolved(self, x: Port, channels: int, **params: Any) -> Port:
        """Add a Conv2d that keeps the size unless told otherwise."""
        kernel = self.random.choice([1, 3])
        params = {"kernel_size": kernel, "padding": kernel // 2, **params}
        return self.add("nn.Conv2d", x, out_channels=channels, bias=self.random.random() < 0.8, **params)

    def activated(self, x: Port) -> Port:
        """Add an activation, and now and then the one Dropout."""
        x = self.add(f"nn.{self.random.choice(list(_ACTIVATIONS))}", x)
        if not self.has_dropout and self.random.random() < 0.2:
            self.has_dropout = True
            x = self.add("nn.Dropout", x, p=0.4)
        return x

    def convolution(self, x: Port, channels: int, size: int) -> tuple[Port, int, int]:
        """A convolution with an activation; a stride of 2 halves the size."""
        wanted, stride = self.random.choice([2, 4, 6]), self.random.choice([1, 1, 2])
        return self.activated(self.convolved(x, wanted, stride=stride)), wanted, -(-size // stride)

    def pooling(self, x: Port, channels: int, size: int) -> tuple[Port, int, int]:
        """A pooling that halves the size, where there is enough of it."""
        if size < 4:
            return self.activated(x), channels, size
        return self.add(f"nn.{self.random.choice(['MaxPool2d', 'AvgPool2d'])}", x, kernel_size=2), channels, size // 2

    def normalization(self, x: Port, channels: int, size: int) -> tuple[Port, int, int]:
        """A normalization."""
        kind = self.random.choice(["BatchNorm2d", "GroupNorm", "LayerNorm"])
        groups = {"num_groups": channels if channels % 2 else 2} if kind == "GroupNorm" else {}
        return self.add(f"nn.{kind}", x, **groups), channels, size

    def residual(self, x: Port, channels: int, size: int) -> tuple[Port, int, int]:
        """Two convolutions beside a shortcut, added, subtracted or multiplied."""
        inner = self.convolved(self.activated(self.convolved(x, channels)), channels)
        kind = self.random.choice(["Add", "Add", "Subtract", "Multiply"])
        return self.activated(self.add(f"op.{kind}", inner, x)), channels, size

    def branches(self, x: Port, channels: int, size: int) -> tuple[Port, int, int]:
        """Two or three branches joined along the channels, a shortcut among them."""
        widths = [self.random.choice([1, 2, 3]) for _ in range(self.random.randint(1, 2))]
        ends = [self.activated(self.convolved(x, width)) for width in widths]
        return self.add("op.Concatenate", x, *ends, dim=1), channels + sum(widths), size


_STEPS = (Artist.convolution, Artist.pooling, Artist.normalization, Artist.residual, Artist.branches)

# ---- computing

Values = Mapping[str, Any]
_ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
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


class Interpreter:
    """Computes what leaves every node of a drawing from its wires alone, with the parameters of a model."""

    def __init__(self, project: Project, model: nn.Module, *, training: bool) -> None:
        self.graph, self.training = project.graph, training
        self.state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        self.known: dict[NodeId, Tensor] = {}

    def compute(self, data: Tensor) -> dict[NodeId, Tensor]:
        """The outputs of all layers and operations for a batch of the data's first output."""
        for node in self.graph.nodes.values():
            if not node.type.startswith("layerloom.data.") and not node.type.endswith("Loss"):
                self._value(node.id, data)
        return self.known

    def _value(self, node_id: NodeId, data: Tensor) -> Tensor:
        node = self.graph.nodes[node_id]
        if node.type.startswith("layerloom.data."):
            return data
        if node_id not in self.known:
            links = sorted(self.graph.incoming(node_id), key=_place)
            inputs = [self._value(link.source.node, data) for link in links]
            self.known[node_id] = self._apply(node, inputs)
        return self.known[node_id]

    def _apply(self, node: Node, inputs: list[Tensor]) -> Tensor:
        kind, (x, *others) = node.type.rpartition(".")[2], inputs
        if kind in _ACTIVATIONS:
            return _ACTIVATIONS[kind](x)
        if kind in _ARITHMETIC:
            return _ARITHMETIC[kind](x, *others)
        return _LAYERS[kind](self, x, node.params, lambda name: self.state.get(f"{node.name}.{name}"))


def _place(link: Any) -> str:
    """`input` comes before `other`, and `input0` before `input1`; no node here has ten inputs."""
    return link.target.name


def _sum(*terms: Tensor) -> Tensor:
    first, *others = terms
    for other in others:
        first = first + other
    return first


Held = Callable[[str], Any]  # a parameter or buffer of the node by its name
_ARITHMETIC: Mapping[str, Callable[..., Tensor]] = {
    "Add": _sum,
    "Subtract": torch.sub,
    "Multiply": torch.mul,
    "Concatenate": lambda *parts: torch.cat(parts, 1),
}
_LAYERS: Mapping[str, Callable[[Interpreter, Tensor, Values, Held], Tensor]] = {
    "Linear": lambda run, x, values, held: F.linear(x, held("weight"), held("bias")),
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

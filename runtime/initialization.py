"""How the weights of a layer begin: the lines of Python after the one that builds it, and what an initialization cannot fill.

A weight is a parameter with at least two dimensions. Those with one are biases, or scales of a normalization, which only
a choice at the node itself changes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from graph.catalog import CATALOG
from graph.catalog.initializers import AUTO, FAN_BASED, INITIALIZERS, SEED
from graph.catalog.optimizers import ChoiceType
from graph.catalog.types import misfits, shown
from graph.messages import Message, msg
from graph.model import Graph, Node, NodeId
from graph.plan import Choice

_NORMALIZATIONS = tuple(
    getattr(nn, node_type.label)
    for node_type in CATALOG.values()
    if node_type.family == "normalization" and node_type.id.startswith("torch.nn.")
)
_PASSED = ("normalization", "regularization", "pooling", "padding")  # families between a layer and its activation
_PASSED_TYPES = ("layerloom.Add", "torch.nn.Flatten", "layerloom.Reshape")
_DIMENSIONS: Mapping[str, range] = {
    **dict.fromkeys(FAN_BASED, range(2, 9)),
    "torch.nn.init.dirac_": range(3, 6),
    "torch.nn.init.eye_": range(2, 3),
    "torch.nn.init.sparse_": range(2, 3),
}


# ---- the activation that follows


@dataclass(frozen=True, slots=True)
class Activation:
    """What `torch.nn.init.calculate_gain` takes: the name of an activation, and the slope below 0 of a leaky one."""

    nonlinearity: str = "linear"
    slope: float | None = None


_LIKE_RELU = (
    "ReLU",
    "ReLU6",
    "GELU",
    "SiLU",
    "Mish",
    "ELU",
    "CELU",
    "Softplus",
    "Hardswish",
)  # 0 below, x above, about
_ACTIVATIONS: Mapping[str, Activation] = {
    **dict.fromkeys((f"torch.nn.{name}" for name in _LIKE_RELU), Activation("relu")),
    **dict.fromkeys(("torch.nn.Tanh", "torch.nn.Hardtanh"), Activation("tanh")),
    **dict.fromkeys(("torch.nn.Sigmoid", "torch.nn.Hardsigmoid"), Activation("sigmoid")),
    "torch.nn.SELU": Activation("selu"),
}
_SLOPES = {"torch.nn.LeakyReLU": "negative_slope", "torch.nn.PReLU": "init"}


def activation_after(
    graph: Graph, node: NodeId, values: Callable[[NodeId], Mapping[str, Any]] | None = None
) -> Activation:
    """The first activation that a layer feeds, directly or through dropout, normalization, pooling and sums.

    `values` gives the parameters of a node, the expressions among them worked out; else they are those of the node.
    """
    waiting, seen = [node], {node}
    while waiting:
        for link in graph.outgoing(waiting.pop(0)):
            target = graph.nodes[link.target.node]
            found = _activation_of(target, values)
            if found is not None:
                return found
            node_type = CATALOG.get(target.type)
            passed = target.type in _PASSED_TYPES or (node_type is not None and node_type.family in _PASSED)
            if passed and target.id not in seen:
                seen.add(target.id)
                waiting.append(target.id)
    return Activation()


def _activation_of(node: Node, values: Callable[[NodeId], Mapping[str, Any]] | None) -> Activation | None:
    if node.type in _SLOPES:
        known: Any = values(node.id) if values is not None else CATALOG[node.type].fitting_values(node)
        return Activation("leaky_relu", known[_SLOPES[node.type]])
    return _ACTIVATIONS.get(node.type)


# ---- what an initialization cannot fill


def misfit(choice: Choice, shape: Sequence[int]) -> Message | None:
    """Why an initialization cannot fill a weight of this shape, or None where it can."""
    chosen = INITIALIZERS.get(choice.type)
    if chosen is None:
        return msg("There is no initialization '{type}'. Choose one from the list.", type=choice.type)
    for name, reason in misfits(chosen.params, choice.params):
        return reason or msg("The initialization {label} has no parameter '{name}'. Choose it anew.",
                             label=chosen.label, name=name)  # fmt: skip
    takes = _DIMENSIONS.get(choice.type, range(9))
    if len(shape) not in takes:
        return msg("The initialization {label} fills weights of {wanted} dimensions, but this one is {shape}. Choose another.",
                   label=chosen.label, wanted=_described(takes), shape=shown(tuple(shape)) or "1")  # fmt: skip
    return _misfit_of_values(chosen, chosen.values(choice), shape)


def _described(takes: range) -> Message | int:
    if len(takes) == 1:
        return takes[0]
    last = takes[-1]
    return msg("{low} to {high}", low=takes[0], high=last) if last < 8 else msg("{low} or more", low=takes[0])


def _misfit_of_values(chosen: ChoiceType, values: Mapping[str, Any], shape: Sequence[int]) -> Message | None:
    if "b" in values and values["a"] > values["b"]:
        return msg("The initialization {label} has a lower bound of {a} above its upper bound of {b}. Exchange them.",
                   label=chosen.label, a=values["a"], b=values["b"])  # fmt: skip
    if shape and shape[0] % values.get("groups", 1):
        return msg("The initialization {label} has {groups} groups, which do not divide {channels} channels.",
                   label=chosen.label, groups=values["groups"], channels=shape[0])  # fmt: skip
    return None


# ---- the lines


def statements(
    node: Node,
    weight: Choice | None,
    bias: Choice | None,
    *,
    module: nn.Module | nn.Parameter,
    owner: str,
    activation: Activation = Activation(),
    without: Collection[str] = (),
) -> list[str]:
    """The lines of a constructor that fill the parameters of a layer, to stand after the one that builds it.

    Args:
        node: the layer; a choice of its own reaches what the project's leaves alone.
        weight, bias: the choices in force; None leaves PyTorch's own start.
        module: the layer, for the names and shapes of its parameters (they may be on the meta device).
        owner: what it is called there, such as `self.conv1`.
        activation: what it feeds (`activation_after`).
        without: the names of parameters that belong to another layer.
    """
    if isinstance(module, nn.Parameter):
        return _one(owner, node.weight_init, module.shape, activation) if node.weight_init else []
    parameters = dict(module.named_parameters())
    weights, biases = ([n for n in names if n not in without] for names in _fillable(module, parameters, node))
    weight = weight if _fills(weight, (parameters[name].shape for name in weights)) else None
    bias = bias if _fills(bias, (parameters[name].shape for name in biases)) else None
    if len(weights) > 1 or len(biases) > 1:
        return _loop(module, weight, bias, owner=owner, activation=activation)
    lines = [line for name in weights for line in _one(f"{owner}.{name}", weight, parameters[name].shape, activation)]
    if lines and getattr(module, "padding_idx", None) is not None:
        lines.append(f"nn.init.zeros_({owner}.weight[{module.padding_idx}])  # the row of the padding stays 0")
    return lines + [
        line for name in biases for line in _one(f"{owner}.{name}", bias, parameters[name].shape, activation)
    ]


def _fillable(module: nn.Module, parameters: Mapping[str, nn.Parameter], node: Node) -> tuple[list[str], list[str]]:
    """The names of weights and of biases that the choices in force reach."""
    apart = isinstance(module, (*_NORMALIZATIONS, nn.PReLU))  # one number a channel: scales and slopes
    if apart:
        weights = ["weight"] if node.weight_init and "weight" in parameters else []
        biases = ["bias"] if node.bias_init and "bias" in parameters else []
        return weights, biases
    weights = [name for name, p in parameters.items() if p.ndim > 1]
    return weights, [name for name, p in parameters.items() if p.ndim == 1 and _is_bias(name)]


def _is_bias(name: str) -> bool:
    return "bias" in name and "norm" not in name


def _fills(choice: Choice | None, shapes: Iterable[Sequence[int]]) -> bool:
    return choice is not None and all(misfit(choice, shape) is None for shape in shapes)


def _one(name: str, choice: Choice | None, shape: Sequence[int], activation: Activation) -> list[str]:
    return [_call(choice, name, activation)] if choice is not None and misfit(choice, shape) is None else []


def _loop(
    module: nn.Module, weight: Choice | None, bias: Choice | None, *, owner: str, activation: Activation
) -> list[str]:
    """Several weights or biases: one loop over them all."""
    lines = []
    if weight is not None:
        lines += ["    if parameter.ndim > 1:", f"        {_call(weight, 'parameter', activation)}"]
    if bias is not None:
        inner = any(isinstance(part, _NORMALIZATIONS) for part in module.modules())
        test = '"bias" in name' + (' and "norm" not in name' if inner else "")
        only = "" if weight is not None else "parameter.ndim == 1 and "
        lines += [
            f"    {'elif' if weight is not None else 'if'} {only}{test}:",
            f"        {_call(bias, 'parameter', activation)}",
        ]
    if not lines:
        return []
    head = "name, parameter in {}.named_parameters()" if bias is not None else "parameter in {}.parameters()"
    return [f"for {head.format(owner)}:", *lines]


def _call(choice: Choice, target: str, activation: Activation) -> str:
    """`nn.init.kaiming_normal_(self.conv1.weight, nonlinearity="relu")`: with what is not PyTorch's default."""
    chosen = INITIALIZERS[choice.type]
    values = {p.name: p.check(choice.params.get(p.name, p.default)) for p in chosen.params}
    written = [target]
    for param in chosen.params:
        value = values[param.name]
        if param.name == SEED:
            written += [f"generator=torch.Generator().manual_seed({value})"] if value is not None else []
        elif value == AUTO:
            written += _auto(param.name, values, activation)
        elif param.required or value != param.default:
            written.append(f"{param.name}={_literal(value)}")
    return f"nn.init.{choice.type.rpartition('.')[2]}({', '.join(written)})"


def _auto(name: str, values: Mapping[str, Any], activation: Activation) -> list[str]:
    """A gain or a nonlinearity as the activation that follows wants it."""
    kind, slope = activation.nonlinearity, activation.slope
    if name == "gain":
        given = _literal(kind) if slope is None else f"{_literal(kind)}, {slope!r}"
        return [] if kind == "linear" else [f"gain=nn.init.calculate_gain({given})"]
    if kind == "leaky_relu":
        return [f"a={slope!r}"] if slope and not values["a"] else []
    return [f"nonlinearity={_literal(kind)}"]


def _literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)

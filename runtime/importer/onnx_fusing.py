"""Groups of operations that are one layer, written out: found by their shape in the graph, and made one again.

Exporters write `Linear` as a product and a sum, `SiLU` as x · σ(x), `GELU` as x/2 · (1 + erf(x/√2)) (Hendrycks and Gimpel 2016),
`Mish` as x · tanh(softplus(x)) (Misra 2019), layer normalization (Ba et al. 2016) as its nine steps, and group normalization (Wu and
He 2018) as an instance normalization of the groups.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from math import pi, sqrt
from typing import Any, NamedTuple

import numpy as np

from runtime.importer.onnx_reading import OnnxGraph, OnnxNode

CLOSE = 1e-4  # how far a written-out number may be from what it stands for
_TURNS = frozenset(("Add", "Mul"))  # both sides may be exchanged


class Any_(NamedTuple):
    """Whatever there is; the same wherever the name comes again."""

    name: str


class Held(NamedTuple):
    """A tensor that does not depend on the inputs."""

    name: str


class Number(NamedTuple):
    """This number, or any where it is None; it is kept under the name."""

    value: float | None
    name: str = ""


class Op:
    """An operation on what is described by patterns."""

    def __init__(self, operator: str, *parts: Any) -> None:
        self.operator, self.parts = operator, parts


Pattern = Any


@dataclass
class _Match:
    names: dict[str, str]
    numbers: dict[str, float]
    nodes: dict[str, OnnxNode]  # by what they give

    def copy(self) -> _Match:
        return _Match(dict(self.names), dict(self.numbers), dict(self.nodes))


class _Finder:
    def __init__(self, graph: OnnxGraph, nodes: Sequence[OnnxNode]) -> None:
        self.outputs = set(graph.outputs)
        self.producer = {name: node for node in nodes for name in node.outputs if name}
        self.users: dict[str, list[OnnxNode]] = {}
        for node in nodes:
            for name in node.inputs:
                self.users.setdefault(name, []).append(node)
        self.constants: dict[str, np.ndarray] = dict(graph.numbers)
        for node in nodes:
            if node.operator == "Constant":
                self.constants |= dict(zip(node.outputs, _constant(node), strict=False))
            elif node.operator in _MOVED and all(name in self.constants or not name for name in node.inputs):
                given = [self.constants.get(name) for name in node.inputs]
                self.constants |= dict(zip(node.outputs, _MOVED[node.operator](node, given), strict=False))

    def matches(self, pattern: Pattern, name: str, match: _Match) -> Iterator[_Match]:
        """The ways in which what has this name is what the pattern describes."""
        if isinstance(pattern, Op):
            node = self.producer.get(name)
            if node is None or node.operator != pattern.operator or len(node.inputs) < len(pattern.parts):
                return
            if not _usual(node, self.constants):
                return
            started = match.copy()
            started.nodes[name] = node
            orders = permutations(pattern.parts) if node.operator in _TURNS else (pattern.parts,)
            for parts in orders:
                yield from self._all(parts, node.inputs, started)
            return
        if isinstance(pattern, Number):
            array = self.constants.get(name)
            if array is None or array.size != 1 or array.dtype.kind not in "fi":
                return
            found = float(array.reshape(()))
            if pattern.value is not None and abs(found - pattern.value) > CLOSE * abs(pattern.value):
                return
            made = match.copy()
            made.numbers[pattern.name] = found
            yield made
            return
        if isinstance(pattern, Held) and name not in self.constants:
            return
        if match.names.get(pattern.name, name) == name:
            made = match.copy()
            made.names[pattern.name] = name
            yield made

    def _all(self, parts: Sequence[Pattern], names: Sequence[str], match: _Match) -> Iterator[_Match]:
        if not parts:
            yield match
            return
        for found in self.matches(parts[0], names[0], match):
            yield from self._all(parts[1:], names[1:], found)

    def is_closed(self, root: OnnxNode, match: _Match) -> bool:
        """Whether nothing else looks at what happens inside."""
        inside = set(match.nodes.values())
        return all(
            node is root
            or (
                not set(node.outputs) & self.outputs
                and all(user in inside for out in node.outputs for user in self.users.get(out, []))
            )
            for node in inside
        )


def _constant(node: OnnxNode) -> Iterator[np.ndarray]:
    attributes = node.attributes
    if "value" in attributes:
        from onnx import numpy_helper

        yield numpy_helper.to_array(attributes["value"])
    for name, kind in (
        ("value_float", np.float32),
        ("value_floats", np.float32),
        ("value_int", np.int64),
        ("value_ints", np.int64),
    ):
        if name in attributes:
            yield np.array(attributes[name], kind)


def _split(node: OnnxNode, given: Sequence[Any]) -> list[np.ndarray]:
    array, dim = given[0], int(node.attributes.get("axis", 0))
    sizes = given[1].tolist() if len(given) > 1 and given[1] is not None else node.attributes.get("split")
    sizes = sizes or [-(-array.shape[dim] // len(node.outputs))] * len(node.outputs)
    return np.split(array, np.cumsum(sizes)[:-1].tolist(), axis=dim)


# What layers may hold of a tensor of the file: parts of it, and it turned.
_MOVED: Mapping[str, Callable[[OnnxNode, Sequence[Any]], list[np.ndarray]]] = {
    "Identity": lambda node, given: [given[0]],
    "Transpose": lambda node, given: [np.transpose(given[0], node.attributes.get("perm"))],
    "Split": _split,
}


def _usual(node: OnnxNode, constants: Mapping[str, np.ndarray]) -> bool:
    """Whether a mean is over the last dimension, and keeps it: what layer normalization has."""
    if node.operator != "ReduceMean":
        return True
    axes = node.attributes.get("axes")
    if axes is None and len(node.inputs) > 1:
        held = constants.get(node.inputs[1])
        axes = held.reshape(-1).tolist() if held is not None else None
    return axes == [-1] and node.attributes.get("keepdims", 1) == 1


# ---- the groups

_X = Any_("x")
_HALF, _ONE = Number(0.5), Number(1.0)
_ERFS = [
    Op("Add", Op("Erf", inner), _ONE) for inner in (Op("Div", _X, Number(sqrt(2))), Op("Mul", _X, Number(sqrt(0.5))))
]
_GELUS = [
    p
    for e in _ERFS
    for p in (
        Op("Mul", Op("Mul", _X, e), _HALF),
        Op("Mul", Op("Mul", _X, _HALF), e),
        Op("Mul", _X, Op("Mul", e, _HALF)),
    )
]
_CUBE = Op("Add", _X, Op("Mul", Op("Pow", _X, Number(3.0)), Number(0.044715)))
_BENT = Op("Add", Op("Tanh", Op("Mul", _CUBE, Number(sqrt(2 / pi)))), _ONE)
_TANH_GELUS = [
    Op("Mul", Op("Mul", _X, _HALF), _BENT),
    Op("Mul", Op("Mul", _X, _BENT), _HALF),
    Op("Mul", _X, Op("Mul", _BENT, _HALF)),
]
_LESS = Op("Sub", _X, Op("ReduceMean", _X))
_SQUARES = [Op("Pow", _LESS, Number(2.0)), Op("Mul", _LESS, _LESS)]
_NORMALS = [
    Op("Div", _LESS, Op("Sqrt", Op("Add", Op("ReduceMean", square), Number(None, "epsilon")))) for square in _SQUARES
]


_GROUPED = Op(
    "Reshape",
    Op("InstanceNormalization", Op("Reshape", _X, Held("groups")), Held("ones"), Held("zeros")),
    Any_("sizes"),
)


def _of_groups(match: _Match, finder: _Finder) -> Mapping[str, Any]:
    """How many groups, and what keeps from dividing by 0."""
    inner = next(node for node in match.nodes.values() if node.operator == "InstanceNormalization")
    return {
        "num_groups": int(finder.constants[match.names["ones"]].size),
        "epsilon": inner.attributes.get("epsilon", 1e-5),
    }


class _Group(NamedTuple):
    """A pattern, the operator that it is, with these inputs, and its settings."""

    pattern: Pattern
    operator: str
    inputs: tuple[str, ...] = ("x",)
    settings: Callable[[_Match, _Finder], Mapping[str, Any]] = lambda match, finder: {}


GROUPS: Sequence[_Group] = (
    _Group(Op("Add", Op("Mul", _GROUPED, Held("w")), Held("b")), "GroupNormalization", ("x", "w", "b"), _of_groups),
    *(_Group(Op("Add", Op("Mul", n, Held("w")), Held("b")), "LayerNormalization", ("x", "w", "b"),
             lambda m, _: {"epsilon": m.numbers["epsilon"]})
      for n in _NORMALS),
    *(_Group(pattern, "Gelu") for pattern in _GELUS),
    *(_Group(pattern, "Gelu", settings=lambda m, _: {"approximate": b"tanh"}) for pattern in _TANH_GELUS),
    _Group(Op("Mul", _X, Op("Sigmoid", _X)), "Swish"),
    _Group(Op("Mul", _X, Op("Tanh", Op("Softplus", _X))), "Mish"),
    _Group(Op("Add", Op("MatMul", _X, Held("w")), Held("b")), "Linear", ("x", "w", "b")),
)  # fmt: skip


def fused(graph: OnnxGraph) -> list[OnnxNode]:
    """The nodes in their order, with each group as the one operation that it is, and without what nothing needs."""
    nodes = list(graph.nodes)
    finder = _Finder(graph, nodes)
    gone: set[int] = set()
    made: dict[int, OnnxNode] = {}
    heads = Counter(group.pattern.operator for group in GROUPS)
    for node in reversed(nodes):
        if node.of_shapes or node.operator not in heads or node.number in gone:
            continue
        found = _group_of(finder, node, gone)
        if found is not None:
            group, match = found
            gone |= {inner.number for inner in match.nodes.values() if inner is not node}
            inputs = tuple(match.names[name] for name in group.inputs)
            made[node.number] = replace(
                node, operator=group.operator, inputs=inputs, attributes=group.settings(match, finder)
            )
    return _needed(graph, [made.get(node.number, node) for node in nodes if node.number not in gone])


def _group_of(finder: _Finder, node: OnnxNode, gone: set[int]) -> tuple[_Group, _Match] | None:
    for group in GROUPS:
        for match in finder.matches(group.pattern, node.outputs[0], _Match({}, {}, {})):
            free = all(inner.number not in gone for inner in match.nodes.values())
            if free and finder.is_closed(node, match) and _fits(finder, group, match):
                return group, match
    return None


def _fits(finder: _Finder, group: _Group, match: _Match) -> bool:
    """Whether the tensors that a layer would hold have its shapes."""
    if group.operator not in ("Linear", "LayerNormalization", "GroupNormalization"):
        return True
    weight, bias = (finder.constants[match.names[name]] for name in ("w", "b"))
    if group.operator == "GroupNormalization":
        ones, zeros = (finder.constants[match.names[name]] for name in ("ones", "zeros"))
        sizes = finder.constants[match.names["groups"]].reshape(-1).tolist()
        plain = bool((ones == 1).all() and (zeros == 0).all()) and sizes == [0, ones.size, -1]
        return plain and weight.shape == bias.shape and weight.ndim > 1 and weight.size == max(weight.shape[-3:])
    if weight.dtype != np.float32 or bias.ndim != 1 or bias.dtype != np.float32:
        return False
    if group.operator == "Linear":
        return weight.ndim == 2 and weight.shape[1] == bias.size
    return weight.shape == bias.shape


def _needed(graph: OnnxGraph, nodes: Sequence[OnnxNode]) -> list[OnnxNode]:
    wanted = set(graph.outputs)
    kept = []
    for node in reversed(nodes):
        if wanted & set(node.outputs):
            wanted |= set(node.inputs)
            kept.append(node)
    return kept[::-1]

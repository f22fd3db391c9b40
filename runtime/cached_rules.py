"""How a node continues: what it gives for new places of a window, from their values and from what it kept of those before.

A way of going on is a function `step(values, part)` of the values of the inputs at the new places, which gives the outputs there.
What it keeps lies in it, and a part from place 0 begins anew. `ways` gives those that may be right for a node, the best first:
`runtime.cached` takes the first that gives, on a window in parts, the numbers that the node gives on the whole window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from graph.catalog.types import NodeType
from runtime.cached_attention import encoder, heads
from runtime.cached_values import Flow, Kept, Part, Step
from runtime.compiler import Compiled, function
from runtime.emitters import emit
from runtime.shapes import flat

# They look at the sizes of what is wired to them, not at its numbers.
OF_SIZES = frozenset(
    f"layerloom.{name}" for name in ("CausalMask", "Positions", "Full", "Constant", "Parameter", "Fixed")
)  # fmt: skip
IDLE = frozenset(
    f"torch.nn.{name}"
    for name in ("Identity", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout")
)  # in evaluation they give what they get
BY_CHANCE = frozenset({"layerloom.Noise", "layerloom.Random"})  # they draw anew each time that they run


@dataclass(frozen=True, slots=True)
class Site:
    """A node where it runs: its type and values, its module (None for an operation), and what flows into it, by its inputs."""

    node_type: NodeType
    values: Mapping[str, Any]
    module: nn.Module | nn.Parameter | None
    flows: Mapping[str, Flow]
    compiled: Compiled

    def call(self, **changed: Any) -> Callable[..., list[Tensor]]:
        """The node's own Python, with other values of parameters where they are given; its outputs in a list."""
        names = {port: f"x{i}" for i, port in enumerate(self.flows)}
        emission = emit(self.node_type, {**self.values, **changed}, names)
        run = function(emission.expression.format(self="self.module"), list(names.values()), self.compiled)
        owner = SimpleNamespace(module=self.module)
        return lambda *tensors: flat(run(owner, *tensors))


def whole(site: Site) -> list[Tensor]:
    """What the node gives for the whole window."""
    return site.call()(*(flow.whole for flow in site.flows.values()))


def ways(site: Site) -> Iterator[Step]:
    """The ways of going on that may be right for a node, the best first."""
    own = RULES.get(site.node_type.id)
    if own is not None:
        yield from own(site)
    yield from _general(site)


# ---- any node


def _general(site: Site) -> Iterator[Step]:
    """As it stands at the new places; with all places so far of some of its inputs; with all of all."""
    flows, call = list(site.flows.values()), site.call()
    moving = [i for i, flow in enumerate(flows) if flow.now is not None]
    keeping = [[], moving[1:], moving[:-1], moving[:1]] if len(moving) > 1 else [[]]
    for kept in keeping:
        for cut in _CUTS:
            yield _Call(call, flows, kept, cut)
    if all(flow.past is None for flow in flows):
        out = whole(site)[0]
        for axis in (axis - out.dim() for axis, size in enumerate(out.shape) if size == flows[moving[0]].length):
            for cut in _CUTS:
                yield _Again(call, flows, out.shape, axis, cut)


Cuts = list[tuple[int, bool]]  # dimensions of places: of the new ones (True), or of all so far
Cut = Callable[
    [Tensor, int, set[int], set[int]], Cuts
]  # of what no token changes, the places, dimensions of new and of all


def _along(value: Tensor, length: int, now: set[int], past: set[int]) -> Cuts:
    """It has places where that which it meets has them, as in a sum."""
    axes = [axis for axis in range(-value.dim(), 0) if value.shape[axis] == length]
    return [(axis, axis in now) for axis in axes if axis in now | past]


def _square(value: Tensor, length: int, now: set[int], past: set[int]) -> Cuts:
    """It is a mask of places × places."""
    return [(-2, bool(now)), (-1, False)] if value.shape[-2:] == (length, length) else []


def _uncut(value: Tensor, length: int, now: set[int], past: set[int]) -> Cuts:
    """It has no places."""
    return []


_CUTS: tuple[Cut, ...] = (_along, _square, _uncut)


class _Call:
    """The node's own Python: on the new places alone, or on all places so far of the inputs numbered `kept`."""

    def __init__(self, call: Callable[..., list[Tensor]], flows: Sequence[Flow], kept: Sequence[int], cut: Cut) -> None:
        self.call = call
        self.kept = {i: Kept(flows[i]) for i in kept if flows[i].past is None}
        now = {flow.now for i, flow in enumerate(flows) if flow.now is not None and i not in self.kept}
        past = {axis for axis in (flow.past for flow in flows) if axis is not None} | {
            k.axis for k in self.kept.values()
        }
        length = next(flow.length for flow in flows if flow.now is not None)
        self.cuts = {i: cut(flow.whole, length, now, past) for i, flow in enumerate(flows) if flow.now is None}

    def __call__(self, values: Sequence[Tensor], part: Part) -> list[Tensor]:
        return self.call(*(self._given(i, value, part) for i, value in enumerate(values)))

    def _given(self, i: int, value: Tensor, part: Part) -> Tensor:
        if i in self.kept:
            return self.kept[i](value, part)
        for axis, is_now in self.cuts.get(i, ()):
            value = part.now(value, axis) if is_now else part.past(value, axis)
        return value


class _Again(_Call):
    """The node's own Python on all places so far, of which the new ones are taken: right wherever nothing looks ahead."""

    def __init__(
        self, call: Callable[..., list[Tensor]], flows: Sequence[Flow], shape: Sequence[int], axis: int, cut: Cut
    ) -> None:
        super().__init__(call, flows, [i for i, flow in enumerate(flows) if flow.now is not None], cut)
        self.shape, self.axis = list(shape), axis

    def __call__(self, values: Sequence[Tensor], part: Part) -> list[Tensor]:
        out = super().__call__(values, part)[0]
        self.shape[self.axis] = part.stop
        if list(out.shape) != self.shape:
            raise ValueError(f"the places are another dimension of {tuple(out.shape)}")
        return [part.now(out, self.axis)]


# ---- particular nodes


def _sized(site: Site) -> Iterator[Step]:
    """Reshape and Expand with the number of places written out."""
    (flow,) = site.flows.values()
    (out,) = whole(site)
    name = "reshape" if site.node_type.id == "layerloom.Reshape" else "expand"
    places = [axis for axis, size in enumerate(out.shape) if size == flow.length]
    for axes in combinations(places, 1 if flow.past is None else 2):
        yield _Sized(name, out.shape, axes)


class _Sized:
    def __init__(self, name: str, shape: Sequence[int], axes: Sequence[int]) -> None:
        self.name, self.shape, self.axes = name, list(shape), axes

    def __call__(self, values: Sequence[Tensor], part: Part) -> list[Tensor]:
        shape = list(self.shape)
        for axis, size in zip(self.axes, (part.count, part.stop), strict=False):
            shape[axis] = size
        return [getattr(values[0], self.name)(shape)]


def _encoded(site: Site) -> Iterator[Step]:
    """Sines and cosines of the places, at theirs."""
    (flow,) = site.flows.values()
    (waves,) = site.call(add=False)(flow.whole)
    is_added = bool(site.values["add"])

    def step(values: Sequence[Tensor], part: Part) -> list[Tensor]:
        found = part.now(waves, -2)
        return [values[0] + found if is_added else found]

    yield step


def _product_attention(site: Site) -> Iterator[Step]:
    """The operation looks at what was before by a flag that holds for a whole window: here a mask says the same."""
    flows = list(site.flows.values())
    if not site.values["is_causal"] or any(flow.now is None for flow in flows):
        return
    keys, contents = Kept(flows[1]), Kept(flows[2])
    visible = torch.ones(flows[0].length, flows[0].length, dtype=torch.bool).tril()

    def step(values: Sequence[Tensor], part: Part) -> list[Tensor]:
        key, content = keys(values[1], part), contents(values[2], part)
        mask = part.past(part.now(visible, -2), -1)
        scale = site.values["scale"]
        return [nn.functional.scaled_dot_product_attention(values[0], key, content, attn_mask=mask, scale=scale)]

    yield step


def _recurrent(site: Site) -> Iterator[Step]:
    """A recurrent layer goes on from its state."""
    flows = list(site.flows.values())
    if all(flow.now is None for flow in flows[1:]) and isinstance(site.module, nn.RNNBase):
        yield _Recurrent(site.module)


class _Recurrent:
    def __init__(self, module: nn.RNNBase) -> None:
        self.module, self.state = module, None

    def __call__(self, values: Sequence[Tensor], part: Part) -> list[Tensor]:
        x, *begin = values
        if part.start == 0:
            states = [state.contiguous() for state in begin]
            self.state = None if not states else tuple(states) if len(states) > 1 else states[0]
        out, self.state = self.module(x, self.state)
        return [out, *flat(self.state)]


RULES: Mapping[str, Callable[[Site], Iterator[Step]]] = {
    "layerloom.Reshape": _sized,
    "layerloom.Expand": _sized,
    "layerloom.PositionalEncoding": _encoded,
    "layerloom.ScaledDotProductAttention": _product_attention,
    "torch.nn.MultiheadAttention": heads,
    "torch.nn.TransformerEncoderLayer": encoder,
    "torch.nn.TransformerEncoder": encoder,
    **dict.fromkeys(("torch.nn.RNN", "torch.nn.LSTM", "torch.nn.GRU"), _recurrent),
}

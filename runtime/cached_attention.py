"""Attention that keeps keys and values: `MultiheadAttention`, and the layers of a Transformer encoder that stand on it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from runtime.cached_values import Flow, Kept, Part, Step

if TYPE_CHECKING:
    from runtime.cached_rules import Site

_MASKS = ("attn_mask", "src_mask", "mask")
_PADDING = ("key_padding_mask", "src_key_padding_mask")


def heads(site: Site) -> Iterator[Step]:
    """`MultiheadAttention` of places to places."""
    flows = list(site.flows.values())
    module = site.module
    assert isinstance(module, nn.MultiheadAttention)
    if any(flow.now is None or flow.past is not None for flow in flows[:3]):
        return
    if module.bias_k is not None or module.add_zero_attn:
        return  # keys of no place
    averaged = bool(site.values["average_attn_weights"]) if site.values["need_weights"] else None
    attention, masks = _Heads(module, flows[0].length), _Masks(site, 3)

    def step(values: Sequence[Tensor], part: Part) -> list[Tensor]:
        mask, is_weighed = masks(values, part), averaged is not None
        out, weights = attention(values[0], values[1], values[2], mask, part, weighed=is_weighed)
        if weights is None:
            return [out]
        return [out, weights.mean(1) if averaged else weights]

    yield step


def encoder(site: Site) -> Iterator[Step]:
    """`TransformerEncoderLayer`, or several on top of each other with a normalization behind them or none."""
    flow, module = next(iter(site.flows.values())), site.module
    if flow.now is None or flow.past is not None:
        return
    layers = [*module.layers] if isinstance(module, nn.TransformerEncoder) else [module]
    norm = module.norm if isinstance(module, nn.TransformerEncoder) else None
    runs, masks = [_Layer(layer, flow.length) for layer in layers], _Masks(site, 1)

    def step(values: Sequence[Tensor], part: Part) -> list[Tensor]:
        x, mask = values[0], masks(values, part)
        for run in runs:
            x = run(x, mask, part)
        return [x if norm is None else norm(x)]

    yield step


class _Layer:
    """One `nn.TransformerEncoderLayer` (Vaswani et al., 2017; normalized first: Xiong et al., 2020), in evaluation mode."""

    def __init__(self, layer: object, length: int) -> None:
        assert isinstance(layer, nn.TransformerEncoderLayer)
        self.layer, self.attention = layer, _Heads(layer.self_attn, length)

    def __call__(self, x: Tensor, mask: Tensor | None, part: Part) -> Tensor:
        layer = self.layer
        if layer.norm_first:
            x = x + self._attended(layer.norm1(x), mask, part)
            return x + self._forward(layer.norm2(x))
        x = layer.norm1(x + self._attended(x, mask, part))
        return layer.norm2(x + self._forward(x))

    def _attended(self, x: Tensor, mask: Tensor | None, part: Part) -> Tensor:
        return self.attention(x, x, x, mask, part)[0]

    def _forward(self, x: Tensor) -> Tensor:
        return self.layer.linear2(self.layer.activation(self.layer.linear1(x)))


class _Masks:
    """The masks of a layer, as what is added to the scores: samples (or one) × heads (or one) × new places × places so far."""

    def __init__(self, site: Site, first: int) -> None:
        self.found: list[tuple[int, bool, Flow, Kept | None]] = []
        for i, (port, flow) in enumerate(site.flows.items()):
            if i >= first:
                is_padding = port in _PADDING
                assert is_padding or port in _MASKS, port
                known = Flow(_added(flow.whole)) if flow.now is None else flow
                self.found.append((i, is_padding, known, Kept(flow) if is_padding and flow.now is not None else None))

    def __call__(self, values: Sequence[Tensor], part: Part) -> Tensor | None:
        total = None
        for i, is_padding, flow, kept in self.found:
            if flow.now is None:
                mask = part.past(flow.whole if is_padding else part.now(flow.whole, -2), -1)
            else:
                mask = _added(values[i] if kept is None else kept(values[i], part))
            mask = mask[:, None, None, :] if is_padding else mask if mask.dim() == 2 else mask[None]
            total = mask if total is None else total + mask
        return total


def _added(mask: Tensor) -> Tensor:
    """A mask as numbers to add to scores; yes hides."""
    if mask.dtype != torch.bool:
        return mask
    return torch.zeros(mask.shape).masked_fill(mask, -torch.inf)


class _Heads:
    """Scaled products of queries and keys, head by head (Vaswani et al., 2017, section 3.2), over weights of PyTorch's layer."""

    def __init__(self, module: nn.MultiheadAttention, length: int) -> None:
        self.module, self.length = module, length
        if module.in_proj_weight is not None:
            self.weights = module.in_proj_weight.chunk(3)
        else:
            self.weights = (module.q_proj_weight, module.k_proj_weight, module.v_proj_weight)
        self.biases = module.in_proj_bias.chunk(3) if module.in_proj_bias is not None else (None, None, None)
        room = torch.empty(1, module.num_heads, length, module.head_dim, dtype=self.weights[0].dtype)
        self.keys, self.contents = (Kept(Flow(room, now=-2)) for _ in range(2))

    def __call__(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, part: Part, *, weighed: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """What the new places take from all so far, and, where it is asked for (`weighed`), how much from each: weights of
        samples × heads × new places × places."""
        queries, keys, contents = map(self._split, self._projected(query, key, value))
        keys, contents = self.keys(keys, part), self.contents(contents, part)
        weights = None
        if weighed:
            scores = queries @ keys.transpose(-2, -1) / math.sqrt(self.module.head_dim)
            weights = (scores if mask is None else scores + mask).softmax(-1)
            mixed = weights @ contents
        else:
            mask = mask if mask is None else mask.to(queries.dtype)
            mixed = nn.functional.scaled_dot_product_attention(queries, keys, contents, attn_mask=mask)
        return self.module.out_proj(mixed.transpose(1, 2).flatten(2)), weights

    def _projected(self, query: Tensor, key: Tensor, value: Tensor) -> Sequence[Tensor]:
        """Queries, keys and values of all heads side by side; in one go where a place looks at places of its own kind."""
        packed = self.module.in_proj_weight
        if packed is not None and query is key is value:
            return nn.functional.linear(query, packed, self.module.in_proj_bias).chunk(3, -1)
        given = zip((query, key, value), self.weights, self.biases, strict=True)
        return [nn.functional.linear(*row) for row in given]

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.module.num_heads, self.module.head_dim)).transpose(1, 2)

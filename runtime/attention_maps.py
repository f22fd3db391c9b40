"""The attention in a network for one sample: how much each target looks at each source, in every layer that attends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from math import sqrt
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from graph.model import Port
from runtime.explanations import AttentionMap
from runtime.insight import Insight, Seen

MAX_MAPS = 32
_SOFTMAX = ("torch.nn.Softmax", "layerloom.Softmax")


def attention_maps(insight: Insight, samples: Mapping[Port, Tensor]) -> tuple[AttentionMap, ...]:
    """The weights of `nn.MultiheadAttention` (also inside Transformer layers), of `scaled_dot_product_attention`, and of every Softmax
    over the last dimension of a matrix; of a Softmax in a loop over time, one row a step.

    Args:
        samples: what goes into the network, a batch of 1.
    """
    found: dict[str, Tensor] = {}
    with ExitStack() as hooks, _Products(found):
        for name, module in insight.model.named_modules():
            if isinstance(module, nn.MultiheadAttention):
                handle = module.register_forward_pre_hook(_reader(name, found), with_kwargs=True)
                hooks.callback(handle.remove)
        seen = insight.look(
            samples, live=True, losses=False
        )  # with gradients, Transformer layers run their attention as modules
    found |= _softmaxes(insight, seen)
    maps = [AttentionMap(name, weights[0].detach().float().cpu().numpy()) for name, weights in found.items()]
    return tuple(found for found in maps if min(found.weights.shape[1:]) > 1)[:MAX_MAPS]


def _reader(name: str, found: dict[str, Tensor]) -> Callable[..., None]:
    """A hook that runs the attention once more, for its weights: heads × targets × sources."""

    def read(module: nn.Module, args: tuple, kwargs: Mapping[str, Any]) -> None:
        assert isinstance(module, nn.MultiheadAttention)
        values = {**kwargs, "need_weights": True, "average_attn_weights": False}
        with torch.no_grad():
            _, weights = nn.MultiheadAttention.forward(module, *args[:3], **values)
        assert weights is not None, name
        found[name] = weights

    return read


class _Products(TorchFunctionMode):
    """Notes the weights of `scaled_dot_product_attention`: softmax(Q Kᵀ / √d + mask)."""

    def __init__(self, found: dict[str, Tensor]) -> None:
        super().__init__()
        self._found = found

    def __torch_function__(
        self, func: Any, types: Sequence[type], args: tuple = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        values = dict(kwargs or {})
        if func is nn.functional.scaled_dot_product_attention:
            with torch.no_grad():
                weights = _weights(*args[:2], *args[3:4], **{k: v for k, v in values.items() if k in _OPTIONS})
            number = len(self._found) + 1
            self._found[f"scaled_dot_product_attention {number}"] = (
                weights.flatten(1, -3) if weights.dim() > 3 else weights[:, None]
            )
        return func(*args, **values)


_OPTIONS = ("attn_mask", "is_causal", "scale")


def _weights(
    query: Tensor, key: Tensor, attn_mask: Tensor | None = None, *, is_causal: bool = False, scale: float | None = None
) -> Tensor:
    scores = query @ key.transpose(-2, -1) * (scale or 1 / sqrt(query.shape[-1]))
    if is_causal:
        allowed = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
        scores = scores.masked_fill(~allowed, -torch.inf)
    if attn_mask is not None:
        masked = scores.masked_fill(~attn_mask, -torch.inf) if attn_mask.dtype == torch.bool else scores + attn_mask
        scores = masked
    return scores.softmax(-1)


def _softmaxes(insight: Insight, seen: Seen) -> dict[str, Tensor]:
    """The weights of Softmax nodes of the drawing and its blocks: batch × heads × targets × sources."""
    project, found = insight.trained.project, {}
    graphs = [project.graph, *(block.graph for block in project.blocks.values())]
    nodes = {id: node for graph in graphs for id, node in graph.nodes.items() if node.type in _SOFTMAX}
    for place, calls in seen.calls.items():
        node = nodes.get(place.port.node)
        if node is not None and (weights := _matrix(calls)) is not None:
            found[".".join(filter(None, (place.path, node.name)))] = weights
    return found


def _matrix(calls: Sequence[Tensor]) -> Tensor | None:
    """B × heads × T × S of what a Softmax gave: at once, or a row each time that it ran."""
    last = calls[-1]
    if len(calls) > 1 and last.dim() >= 2 and last[0].numel() == last.shape[-1]:
        return torch.stack([call.reshape(len(call), -1) for call in calls], dim=1)[:, None]
    is_matrix = last.dim() >= 3 and torch.allclose(last.sum(-1), torch.ones(()), atol=1e-3)
    return (last.flatten(1, -3) if last.dim() > 3 else last[:, None]) if is_matrix else None

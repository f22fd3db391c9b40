"""Layers of `torch.nn` as nodes: which modules are one, with which settings, and which of their tensors a node holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from torch import nn
from torch.nn import functional as F

from graph.catalog import CATALOG, Role
from graph.catalog.types import Kind, NodeType
from graph.messages import EditError
from graph.model import Value

PREFIX = "torch.nn."
_RECURRENT = (nn.RNN, nn.LSTM, nn.GRU)
_ATTENTION = (nn.MultiheadAttention, nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)
_STACKS = (
    nn.TransformerEncoder,
    nn.TransformerDecoder,
    nn.Transformer,
)  # with a normalization at the end that no node has
STEPS_FIRST = (*_RECURRENT, *_ATTENTION)  # unless they are told `batch_first`


class Unsuited(Exception):
    """A layer with settings that its node type does not have."""


@dataclass(frozen=True)
class Layer:
    """The node of a layer, and for each tensor that the node holds the name in the `state_dict` of the layer."""

    type_id: str
    params: Mapping[str, Value]


@cache
def _types() -> Mapping[type, NodeType]:
    """The classes of torch whose modules are nodes."""
    known = {}
    for node_type in CATALOG.values():
        found = getattr(nn, node_type.id.removeprefix(PREFIX), None) if node_type.id.startswith(PREFIX) else None
        if found is not None and node_type.role is Role.LAYER and not issubclass(found, _STACKS):
            known[found] = node_type
    return known


def is_layer(module: nn.Module) -> bool:
    """Whether a module is one node. Others, and those that somebody hooked into, are looked inside."""
    if type(module) not in _types() or module._forward_hooks or module._forward_pre_hooks:
        return False
    if "forward" in module.__dict__:
        return False
    try:
        layer_of(module)
    except Unsuited:
        return isinstance(module, STEPS_FIRST)  # there is nothing to see inside
    return True


def layer_of(module: nn.Module) -> Layer:
    """The node of a layer.

    Raises:
        Unsuited: the node type has not all of its settings.
    """
    node_type = _types()[type(module)]
    special = _SPECIAL.get(type(module), _SPECIAL.get(_group(module), lambda _: {}))(module)
    values: dict[str, Value] = {}
    for param in node_type.params:
        if param.name in special:
            value = special[param.name]
        elif param.name in ("bias",) and not isinstance(getattr(module, "bias", None), bool):
            value = getattr(module, "bias", None) is not None
        elif param.auto is not None or not hasattr(module, param.name):
            continue
        else:
            value = getattr(module, param.name)
        values[param.name] = value
    held = module._parameters
    if held.get("weight") is not None and "bias" in held and held["bias"] is None and node_type.param("bias") is None:
        raise Unsuited("bias")
    return Layer(node_type.id, fitting(node_type, values))


def fitting(node_type: NodeType, values: Mapping[str, Any]) -> dict[str, Value]:
    """The settings of a node as it keeps them: what differs from the defaults, and what PyTorch requires.

    Raises:
        Unsuited: the node type does not take one of them.
    """
    found: dict[str, Value] = {}
    for name, given in values.items():
        param = node_type.param(name)
        if param is None:
            raise Unsuited(name)
        value = given
        if param.kind is Kind.INT and isinstance(value, (tuple, list)) and len(value) == 1:
            value = value[0]
        try:
            checked = param.check(list(value) if isinstance(value, tuple) else value)
        except EditError:
            raise Unsuited(name) from None
        if param.required or checked != param.default:
            found[name] = checked
    return found


# ---- settings that are called or kept otherwise


def _group(module: nn.Module) -> type | None:
    return next((group for group in _GROUPS if isinstance(module, group)), None)


def _normalized(module: Any) -> dict[str, Any]:
    return {} if len(module.normalized_shape) == 1 else {"normalized_shape": tuple(module.normalized_shape)}


def _layer_norm(module: Any) -> dict[str, Any]:
    return {**_normalized(module), "bias": module.bias is not None or not module.elementwise_affine}


def _pooled(module: Any) -> dict[str, Any]:
    same = module.stride == module.kernel_size
    return {"stride": None if same else module.stride}


def _attention(module: Any) -> dict[str, Any]:
    return {
        "bias": module.in_proj_bias is not None, "add_bias_kv": module.bias_k is not None, "num_heads": module.num_heads,
        "add_zero_attn": module.add_zero_attn, "dropout": module.dropout, "kdim": None, "vdim": None,
    }  # fmt: skip


_ACTIVATIONS = {F.relu: "relu", F.gelu: "gelu"}


def _transformer_layer(module: Any) -> dict[str, Any]:
    activation = module.activation
    name = _ACTIVATIONS.get(activation) or {nn.ReLU: "relu", nn.GELU: "gelu"}.get(type(activation))
    drops = {part.p for part in module.modules() if isinstance(part, nn.Dropout)} | {module.self_attn.dropout}
    eps = {part.eps for part in module.modules() if isinstance(part, nn.LayerNorm)}
    if name is None or len(drops) > 1 or len(eps) > 1:
        raise Unsuited("activation")
    return {
        "nhead": module.self_attn.num_heads, "dim_feedforward": module.linear1.out_features, "dropout": drops.pop(),
        "activation": name, "layer_norm_eps": eps.pop(), "norm_first": module.norm_first,
        "bias": module.linear1.bias is not None,
    }  # fmt: skip


def _distance(module: Any) -> dict[str, Any]:
    return {"p": module.norm}


def _upsample(module: Any) -> dict[str, Any]:
    if module.size is not None or module.align_corners or not isinstance(module.scale_factor, (int, float)):
        raise Unsuited("size")
    if module.recompute_scale_factor:
        raise Unsuited("recompute_scale_factor")
    return {}


def _embedding(module: Any) -> dict[str, Any]:
    if module.sparse or getattr(module, "include_last_offset", False):
        raise Unsuited("sparse")
    return {}


def _fractional(module: Any) -> dict[str, Any]:
    if module.output_size is not None or module._random_samples is not None:
        raise Unsuited("output_size")
    return {}


def _unflatten(module: Any) -> dict[str, Any]:
    return {"unflattened_size": tuple(module.unflattened_size)}


def _softmax(module: Any) -> dict[str, Any]:
    if module.dim is None:
        raise Unsuited("dim")
    return {}


_POOLS = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d, nn.LPPool1d, nn.LPPool2d, nn.LPPool3d,
          nn.MaxUnpool1d, nn.MaxUnpool2d, nn.MaxUnpool3d)  # fmt: skip
_GROUPS: tuple[type, ...] = (*_POOLS, nn.Embedding, nn.EmbeddingBag)
_SPECIAL: Mapping[type | None, Callable[[Any], dict[str, Any]]] = {
    **dict.fromkeys(_POOLS, _pooled),
    nn.LayerNorm: _layer_norm,
    nn.RMSNorm: _normalized,
    nn.MultiheadAttention: _attention,
    nn.TransformerEncoderLayer: _transformer_layer,
    nn.TransformerDecoderLayer: _transformer_layer,
    nn.PairwiseDistance: _distance,
    nn.Upsample: _upsample,
    nn.Embedding: _embedding,
    nn.EmbeddingBag: _embedding,
    nn.FractionalMaxPool2d: _fractional,
    nn.FractionalMaxPool3d: _fractional,
    nn.Unflatten: _unflatten,
    nn.Softmax: _softmax,
    nn.LogSoftmax: _softmax,
    nn.Softmin: _softmax,
}

"""How functions of `torch.nn.functional` become the layers that they are (see `runtime.importer.functions`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from torch.nn import functional as F

from runtime.importer.lowering import Call
from runtime.importer.module_layers import Unsuited
from runtime.importer.recording import Mode, Weight
from runtime.importer.sketch import Wire

Result = Wire | Iterable[Wire]


def _plain(name: str, **defaults: Any) -> Callable[[Call], Result]:
    """A layer without weights: `F.softplus(x, beta=1)` is `Softplus(beta=1)`."""

    def lower(call: Call) -> Result:
        x, *values = call.take("input", **defaults)
        return call.one(f"torch.nn.{name}", x, dict(zip(defaults, values, strict=True)))

    return lower


def _softmax(name: str) -> Callable[[Call], Result]:
    def lower(call: Call) -> Result:
        x, dim, _ = call.take("input", dim=None, dtype=None)
        if dim is None or "float" not in call.spec(x).dtype or call.results[0].dtype != call.spec(x).dtype:
            raise Unsuited("dim")
        return call.one(f"torch.nn.{name}", x, {"dim": dim})

    return lower


def _dropout(name: str) -> Callable[[Call], Result]:
    def lower(call: Call) -> Result:
        x, share, training, _ = call.take("input", p=0.5, training=True, inplace=False)
        if training is False or share == 0:
            return call.wire(x)
        if training != Mode(False, True):
            raise Unsuited("training")
        return call.one(f"torch.nn.{name}", x, {"p": share})

    return lower


def _pool(name: str, dims: int, *, maximum: bool) -> Callable[[Call], Result]:
    def lower(call: Call) -> Result:
        more = (
            {"dilation": 1, "ceil_mode": False, "return_indices": False}
            if maximum
            else {"ceil_mode": False, "count_include_pad": True}
        )
        more |= {} if maximum or dims == 1 else {"divisor_override": None}
        x, *values = call.take("input", "kernel_size", stride=None, padding=0, **more)
        settings = dict(zip(["kernel_size", "stride", "padding", *more], values, strict=True))
        if settings["stride"] in ((), []):
            settings["stride"] = None
        return call.one(f"torch.nn.{name}", x, settings)

    return lower


def _adaptive(name: str, *, maximum: bool) -> Callable[[Call], Result]:
    def lower(call: Call) -> Result:
        x, size, *rest = call.take("input", "output_size", **({"return_indices": False} if maximum else {}))
        return call.one(
            f"torch.nn.{name}", x, {"output_size": size, **({"return_indices": rest[0]} if maximum else {})}
        )

    return lower


def _held(call: Call, **tensors: Any) -> list[tuple[str, Any]]:
    """The tensors that a layer of this call holds: those that are weights of the module.

    Raises:
        Unsuited: one is computed.
    """
    for value in tensors.values():
        if value is not None and not (isinstance(value, Weight) and call.lowering.can_hold(value.name)):
            raise Unsuited("weight")
    return [(name, value.name) for name, value in tensors.items() if value is not None]


def _linear(call: Call) -> Result:
    x, weight, bias = call.take("input", "weight", bias=None)
    held = _held(call, weight=weight, bias=bias)
    settings = {"out_features": call.spec(weight).shape[0], "bias": bias is not None}
    return call.node("torch.nn.Linear", {"input": call.wire(x)}, settings, weights=held)


def _convolution(dims: int) -> Callable[[Call], Result]:
    def lower(call: Call) -> Result:
        x, weight, bias, stride, padding, dilation, groups = call.take(
            "input", "weight", bias=None, stride=1, padding=0, dilation=1, groups=1
        )
        held = _held(call, weight=weight, bias=bias)
        shape = call.spec(weight).shape
        settings = {"out_channels": shape[0], "kernel_size": shape[2:], "stride": stride, "padding": padding, "dilation": dilation,
                    "groups": groups, "bias": bias is not None}  # fmt: skip
        return call.node(f"torch.nn.Conv{dims}d", {"input": call.wire(x)}, settings, weights=held)

    return lower


def _transposed(dims: int) -> Callable[[Call], Result]:
    def lower(call: Call) -> Result:
        x, weight, bias, stride, padding, output_padding, groups, dilation = call.take(
            "input", "weight", bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1
        )
        held = _held(call, weight=weight, bias=bias)
        shape = call.spec(weight).shape
        settings = {"out_channels": shape[1] * groups, "kernel_size": shape[2:], "stride": stride, "padding": padding,
                    "output_padding": output_padding, "groups": groups, "dilation": dilation, "bias": bias is not None}  # fmt: skip
        return call.node(f"torch.nn.ConvTranspose{dims}d", {"input": call.wire(x)}, settings, weights=held)

    return lower


def _embedding(call: Call) -> Result:
    indices, weight, padding, max_norm, norm_type, by_freq, sparse = call.take(
        "input", "weight", padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False
    )
    if sparse:
        raise Unsuited("sparse")
    held = _held(call, weight=weight)
    rows, columns = call.spec(weight).shape
    settings = {"num_embeddings": rows, "embedding_dim": columns, "padding_idx": None if padding in (None, -1) else padding,
                "max_norm": max_norm, "norm_type": norm_type, "scale_grad_by_freq": by_freq}  # fmt: skip
    return call.node("torch.nn.Embedding", {"input": call.wire(indices)}, settings, weights=held)


def _layer_norm(call: Call) -> Result:
    x, shape, weight, bias, eps = call.take("input", "normalized_shape", weight=None, bias=None, eps=1e-5)
    if weight is None and bias is not None:
        raise Unsuited("bias")
    held = _held(call, weight=weight, bias=bias)
    settings: dict[str, Any] = {"eps": eps, "elementwise_affine": weight is not None}
    settings |= {} if weight is None else {"bias": bias is not None}
    settings |= {} if len(shape) == 1 else {"normalized_shape": tuple(shape)}
    return call.node("torch.nn.LayerNorm", {"input": call.wire(x)}, settings, weights=held)


def _group_norm(call: Call) -> Result:
    x, groups, weight, bias, eps = call.take("input", "num_groups", weight=None, bias=None, eps=1e-5)
    if (weight is None) != (bias is None):
        raise Unsuited("bias")
    held = _held(call, weight=weight, bias=bias)
    settings = {"num_groups": groups, "eps": eps, "affine": weight is not None}
    return call.node("torch.nn.GroupNorm", {"input": call.wire(x)}, settings, weights=held)


def _prelu(call: Call) -> Result:
    x, weight = call.take("input", "weight")
    held = _held(call, weight=weight)
    return call.node(
        "torch.nn.PReLU", {"input": call.wire(x)}, {"num_parameters": call.spec(weight).shape[0]}, weights=held
    )


def _pad(call: Call) -> Result:
    x, pad, mode, value = call.take("input", "pad", mode="constant", value=None)
    if mode != "constant":
        raise Unsuited("mode")
    return call.one("Pad", x, {"pad": tuple(pad), "value": float(value or 0.0)})


def _interpolate(call: Call) -> Result:
    x, size, scale, mode, corners, recompute, smooth = call.take(
        "input",
        size=None,
        scale_factor=None,
        mode="nearest",
        align_corners=None,
        recompute_scale_factor=None,
        antialias=False,
    )
    if recompute or smooth:
        raise Unsuited("antialias")
    settings: dict[str, Any] = {"mode": mode, "align_corners": bool(corners)}
    if size is not None:
        rank = len(call.spec(x).shape) - 2
        settings["size"] = tuple(size) if isinstance(size, (tuple, list)) else (size,) * rank
    else:
        scales = set(scale) if isinstance(scale, (tuple, list)) else {scale}
        if len(scales) != 1:
            raise Unsuited("scale_factor")
        settings["scale_factor"] = float(scales.pop())
    return call.one("Interpolate", x, settings)


def _attention(call: Call) -> Result:
    query, key, value, mask, share, causal, scale, grouped = call.take(
        "query", "key", "value", attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False
    )
    if share != 0 or grouped:
        raise Unsuited("dropout_p")
    inputs = {"query": query, "key": key, "value": value, **({"attn_mask": mask} if mask is not None else {})}
    wires = {port: call.wire(given) for port, given in inputs.items()}
    return call.node("layerloom.ScaledDotProductAttention", wires, {"is_causal": causal, "scale": scale})


def _one_hot(call: Call) -> Result:
    x, count = call.take("input", "num_classes")
    return call.one("OneHot", x, {"num_classes": count})


def _normalize(call: Call) -> Result:
    x, power, dim, eps = call.take("input", p=2.0, dim=1, eps=1e-12)
    return call.expression(f"normalize(x, p={float(power)!r}, dim={int(dim)!r}, eps={float(eps)!r})", x=x)


def _distance(name: str, **defaults: Any) -> Callable[[Call], Result]:
    def lower(call: Call) -> Result:
        a, b, *values = call.take("x1", "x2", **defaults)
        inputs = {"x1": call.wire(a), "x2": call.wire(b)}
        return call.node(f"torch.nn.{name}", inputs, dict(zip(defaults, values, strict=True)))

    return lower


def _unfold(call: Call) -> Result:
    if call.step.called is not F.unfold:
        raise Unsuited("size")  # the method of tensors is another function
    return _plain("Unfold", kernel_size=1, dilation=1, padding=0, stride=1)(call)


LAYER_FUNCTIONS: Mapping[str, Callable[[Call], Result]] = {
    "relu": _plain("ReLU"), "relu6": _plain("ReLU6"), "sigmoid": _plain("Sigmoid"), "tanh": _plain("Tanh"), "silu": _plain("SiLU"),
    "mish": _plain("Mish"), "selu": _plain("SELU"), "hardswish": _plain("Hardswish"), "hardsigmoid": _plain("Hardsigmoid"),
    "softsign": _plain("Softsign"), "logsigmoid": _plain("LogSigmoid"),
    "log_sigmoid": _plain("LogSigmoid"), "tanhshrink": _plain("Tanhshrink"),
    "leaky_relu": _plain("LeakyReLU", negative_slope=0.01), "elu": _plain("ELU", alpha=1.0), "celu": _plain("CELU", alpha=1.0),
    "gelu": _plain("GELU", approximate="none"), "softplus": _plain("Softplus", beta=1.0, threshold=20.0),
    "hardtanh": _plain("Hardtanh", min_val=-1.0, max_val=1.0), "threshold": _plain("Threshold", threshold=0.0, value=0.0),
    "hardshrink": _plain("Hardshrink", lambd=0.5), "softshrink": _plain("Softshrink", lambd=0.5), "glu": _plain("GLU", dim=-1),
    "softmax": _softmax("Softmax"), "log_softmax": _softmax("LogSoftmax"), "softmin": _softmax("Softmin"),
    "dropout": _dropout("Dropout"), "dropout1d": _dropout("Dropout1d"),
    "dropout2d": _dropout("Dropout2d"), "dropout3d": _dropout("Dropout3d"),
    "alpha_dropout": _dropout("AlphaDropout"), "feature_alpha_dropout": _dropout("FeatureAlphaDropout"),
    **{f"max_pool{d}d": _pool(f"MaxPool{d}d", d, maximum=True) for d in (1, 2, 3)},
    **{f"max_pool{d}d_with_indices": _pool(f"MaxPool{d}d", d, maximum=True) for d in (1, 2, 3)},
    **{f"avg_pool{d}d": _pool(f"AvgPool{d}d", d, maximum=False) for d in (1, 2, 3)},
    **{f"adaptive_avg_pool{d}d": _adaptive(f"AdaptiveAvgPool{d}d", maximum=False) for d in (1, 2, 3)},
    **{f"adaptive_max_pool{d}d": _adaptive(f"AdaptiveMaxPool{d}d", maximum=True) for d in (1, 2, 3)},
    **{f"conv{d}d": _convolution(d) for d in (1, 2, 3)},
    **{f"conv_transpose{d}d": _transposed(d) for d in (1, 2, 3)},
    "linear": _linear, "embedding": _embedding, "layer_norm": _layer_norm, "group_norm": _group_norm, "prelu": _prelu,
    "pad": _pad, "interpolate": _interpolate, "scaled_dot_product_attention": _attention, "one_hot": _one_hot, "normalize": _normalize,
    "pixel_shuffle": _plain("PixelShuffle", upscale_factor=1), "pixel_unshuffle": _plain("PixelUnshuffle", downscale_factor=1),
    "channel_shuffle": _plain("ChannelShuffle", groups=1),
    "unfold": _unfold,
    "fold": _plain("Fold", output_size=1, kernel_size=1, dilation=1, padding=0, stride=1),
    "cosine_similarity": _distance("CosineSimilarity", dim=1, eps=1e-8),
    "pairwise_distance": _distance("PairwiseDistance", p=2.0, eps=1e-6, keepdim=False),
}  # fmt: skip

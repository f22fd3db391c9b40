"""What the operators of ONNX that hold weights, pool, normalize or activate are in PyTorch (see `runtime.importer.onnx_operators`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graph.messages import msg
from runtime.importer.onnx_operators_activations import ACTIVATIONS
from runtime.importer.onnx_values import Known, Unable, holds, short

if TYPE_CHECKING:
    from runtime.importer.onnx_module import Work


def _ranked(names: Sequence[str], rank: int) -> Any:
    """The class of `torch.nn` for so many dimensions of space.

    Raises:
        Unable: there is none.
    """
    if not 1 <= rank <= len(names):
        raise Unable(
            msg(
                "it works on {count} dimensions of space, and PyTorch has it for 1 to 3. Export the model without it.",
                count=rank,
            )
        )
    return getattr(nn, names[rank - 1])


def _empty(make: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    """A layer made without drawing the random numbers that it would begin with."""

    def made() -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            return make()

    return made


# ---- linear


def linear(work: Work, x: Any, weight: Known, bias: Any = None, *, as_it_is: bool = False) -> Tensor:
    """x · weight + bias as a layer; `as_it_is` where the rows of the weight are the outputs, as PyTorch has them."""
    rows = weight.array.shape if as_it_is else weight.array.shape[::-1]

    def make() -> nn.Module:
        layer = nn.Linear(rows[1], rows[0], bias=bias is not None)
        work.hold(layer, "weight", weight, exchanged=not as_it_is)
        if bias is not None:
            work.hold(
                layer,
                "bias",
                bias,
                lambda array: np.broadcast_to(array.reshape(-1), rows[:1]),
                "" if bias.array.shape == rows[:1] else "row",
            )
        return layer

    return work.layer(_empty(make))(work.tensor(x))


def _is_row(value: Any, size: int) -> bool:
    """Whether a bias is the same for every sample, and can be held by a layer."""
    return holds(value) and value.array.ndim > 0 and value.array.size == size


def _linear(work: Work, x: Any, weight: Any, bias: Any) -> Tensor:
    """A product and a sum that belong together (see `runtime.importer.onnx_fusing`)."""
    if isinstance(x, Tensor) and holds(weight) and weight.array.ndim == 2 and _is_row(bias, weight.array.shape[1]):
        return linear(work, x, weight, bias)
    return torch.matmul(work.tensor(x), work.tensor(weight)) + work.tensor(bias)


def _gemm(work: Work, a: Any, b: Any, c: Any = None) -> Tensor:
    alpha, beta = work.attribute("alpha", 1.0), work.attribute("beta", 1.0)
    turned = bool(work.attribute("transB", 0))
    plain = alpha == 1 and beta == 1 and not work.attribute("transA", 0) and isinstance(a, Tensor)
    if plain and holds(b):
        size = b.array.shape[0 if turned else 1]
        if c is None or _is_row(c, size):
            return linear(work, a, b, c, as_it_is=turned)
    x, y = work.tensor(a), work.tensor(b)
    product = torch.matmul(x.t() if work.attribute("transA", 0) else x, y.t() if turned else y)
    product = product if alpha == 1 else product * alpha
    if c is None:
        return product
    return product + (work.tensor(c) if beta == 1 else work.tensor(c) * beta)


# ---- convolution and pooling


def _space(work: Work, x: Tensor, kernel: Sequence[int], filled: float = 0.0) -> tuple[Tensor, dict[str, Any]]:
    """The steps and the margins of a window; margins of two sizes are put around the tensor first."""
    rank = len(kernel)
    steps = tuple(work.attribute("strides") or [1] * rank)
    apart = tuple(work.attribute("dilations") or [1] * rank)
    pads = list(work.attribute("pads") or [0] * (2 * rank))
    auto = work.attribute("auto_pad", "NOTSET")
    if auto.startswith("SAME"):
        whole = [max(0, (-(-size // s) - 1) * s + (k - 1) * d + 1 - size)
                 for size, s, k, d in zip(x.shape[2:], steps, kernel, apart, strict=True)]  # fmt: skip
        small = [total // 2 for total in whole]
        large = [total - half for total, half in zip(whole, small, strict=True)]
        pads = [*small, *large] if auto == "SAME_UPPER" else [*large, *small]
    elif auto == "VALID":
        pads = [0] * (2 * rank)
    if pads[:rank] != pads[rank:]:
        flat = [number for dim in reversed(range(rank)) for number in (pads[dim], pads[rank + dim])]
        x, pads = F.pad(x, flat, value=filled), [0] * (2 * rank)
    return x, {"stride": steps, "padding": tuple(pads[:rank]), "dilation": apart}


def _conv(work: Work, x: Any, weight: Any, bias: Any = None) -> Tensor:
    tensor, groups = work.tensor(x), work.attribute("group", 1)
    kernel = tuple(weight.array.shape if isinstance(weight, Known) else weight.shape)[2:]
    tensor, space = _space(work, tensor, kernel)
    kind = _ranked(("Conv1d", "Conv2d", "Conv3d"), len(kernel))
    if not (holds(weight) and (bias is None or holds(bias))):
        function = getattr(F, kind.__name__.lower())
        return function(
            tensor, work.tensor(weight), work.tensor(bias) if bias is not None else None, groups=groups, **space
        )

    def make() -> nn.Module:
        out, inner = weight.array.shape[:2]
        layer = kind(inner * groups, out, kernel, groups=groups, bias=bias is not None, **space)
        return _with(work, layer, weight=weight, bias=bias)

    return work.layer(_empty(make))(tensor)


def _with(work: Work, layer: nn.Module, **tensors: Any) -> nn.Module:
    for name, value in tensors.items():
        if value is not None:
            work.hold(layer, name, value)
    return layer


def _conv_transposed(work: Work, x: Any, weight: Any, bias: Any = None) -> Tensor:
    if not holds(weight) or not (bias is None or holds(bias)):
        raise Unable(
            msg("its {what} is computed from the numbers of an input. A drawing needs it fixed.", what="weight")
        )
    if work.attribute("output_shape") or work.attribute("auto_pad", "NOTSET") != "NOTSET":
        raise Unable(msg("its margins follow from the size of what it gives. Export it with fixed pads."))
    kernel = tuple(weight.array.shape[2:])
    rank = len(kernel)
    pads = list(work.attribute("pads") or [0] * (2 * rank))
    more = list(work.attribute("output_padding") or [0] * rank)
    for i in range(rank):  # a smaller margin at the end is a larger result
        more[i] += pads[i] - pads[rank + i]
    if min(more) < 0:
        raise Unable(
            msg(
                "its margins at the end are larger than those at the beginning, which PyTorch does not have. Export it with even pads."
            )
        )
    groups = work.attribute("group", 1)
    kind = _ranked(("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"), rank)

    def make() -> nn.Module:
        inner, out = weight.array.shape[:2]
        layer = kind(inner, out * groups, kernel, stride=tuple(work.attribute("strides") or [1] * rank), padding=tuple(pads[:rank]),
                     output_padding=tuple(more), groups=groups, bias=bias is not None,
                     dilation=tuple(work.attribute("dilations") or [1] * rank))  # fmt: skip
        return _with(work, layer, weight=weight, bias=bias)

    return work.layer(_empty(make))(work.tensor(x))


def _max_pool(work: Work, x: Any) -> Tensor:
    if len([name for name in work.node.outputs if name]) > 1:
        raise Unable(msg("it also gives the places of the largest numbers. Export the model without them."))
    kernel = tuple(work.attribute("kernel_shape"))
    tensor, space = _space(work, work.tensor(x), kernel, float("-inf"))
    kind = _ranked(("MaxPool1d", "MaxPool2d", "MaxPool3d"), len(kernel))
    return work.layer(lambda: kind(kernel, ceil_mode=bool(work.attribute("ceil_mode", 0)), **space))(tensor)


def _average_pool(work: Work, x: Any) -> Tensor:
    kernel = tuple(work.attribute("kernel_shape"))
    counted = bool(work.attribute("count_include_pad", 0))
    before = work.tensor(x)
    tensor, space = _space(work, before, kernel)
    if set(space.pop("dilation")) != {1} or (tensor is not before and not counted):
        raise Unable(
            msg(
                "its windows have gaps or uneven margins, which PyTorch does not average over. Export it with even pads."
            )
        )
    kind = _ranked(("AvgPool1d", "AvgPool2d", "AvgPool3d"), len(kernel))
    ceil = bool(work.attribute("ceil_mode", 0))
    return work.layer(lambda: kind(kernel, ceil_mode=ceil, count_include_pad=counted, **space))(tensor)


def _whole_pool(names: Sequence[str]) -> Callable[..., Tensor]:
    def operator(work: Work, x: Any) -> Tensor:
        tensor = work.tensor(x)
        return work.layer(lambda: _ranked(names, tensor.ndim - 2)(1))(tensor)

    return operator


# ---- normalization


def _batch_norm(work: Work, x: Any, scale: Any, bias: Any, mean: Any, variance: Any) -> Tensor:
    work.expect("training_mode", 0)
    tensor = work.tensor(x)
    kind = _ranked(("BatchNorm1d", "BatchNorm2d", "BatchNorm3d"), max(1, tensor.ndim - 2))

    def make() -> nn.Module:
        size = work.known(scale, "scale").size
        layer = kind(
            size, eps=short(work.attribute("epsilon", 1e-5)), momentum=short(1 - work.attribute("momentum", 0.9))
        )
        for name, value in (("running_mean", mean), ("running_var", variance)):
            layer.register_buffer(name, torch.from_numpy(work.known(value, name).astype(np.float32)))
        return _with(work, layer, weight=scale, bias=bias)

    return work.one_layer(make, (scale, bias, mean, variance))(tensor)


def _instance_norm(work: Work, x: Any, scale: Any, bias: Any) -> Tensor:
    tensor = work.tensor(x)
    kind = _ranked(("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"), tensor.ndim - 2)

    def make() -> nn.Module:
        ones, zeros = work.known(scale, "scale"), work.known(bias, "bias")
        learns = scale.learns or bias.learns
        plain = not learns and bool((ones == 1).all() and (zeros == 0).all())
        layer = kind(ones.size, eps=short(work.attribute("epsilon", 1e-5)), affine=not plain)
        return layer if plain else _with(work, layer, weight=scale, bias=bias)

    return work.layer(make)(tensor)


def _layer_norm(work: Work, x: Any, scale: Any, bias: Any = None) -> Tensor:
    if len([name for name in work.node.outputs if name]) > 1:
        raise Unable(msg("it also gives the mean and the deviation. Export the model without them."))
    tensor = work.tensor(x)
    shape = tuple(tensor.shape[work.attribute("axis", -1) % tensor.ndim :])

    def make() -> nn.Module:
        eps = short(work.attribute("epsilon", 1e-5))
        ones = work.known(scale, "scale")
        if not scale.learns and bias is None and bool((ones == 1).all()):
            return nn.LayerNorm(list(shape), eps=eps, elementwise_affine=False)
        layer = nn.LayerNorm(list(shape), eps=eps, bias=bias is not None)
        for name, value in (("weight", scale), ("bias", bias)):
            if value is not None:
                size = prod(value.array.shape)
                if size not in (1, prod(shape)):
                    raise Unable(
                        msg(
                            "its {what} is not of the shape of what is normalized. Export it with one number for each place.",
                            what=name,
                        )
                    )
                work.hold(
                    layer,
                    name,
                    value,
                    lambda array: np.broadcast_to(array, shape),
                    "" if value.array.shape == shape else "whole",
                )
        return layer

    return work.layer(make)(tensor)


def _group_norm(work: Work, x: Any, scale: Any, bias: Any) -> Tensor:
    tensor, groups = work.tensor(x), work.attribute("num_groups")
    channels = tensor.shape[1]

    def make() -> nn.Module:
        layer = nn.GroupNorm(groups, channels, eps=short(work.attribute("epsilon", 1e-5)))
        for name, value in (("weight", scale), ("bias", bias)):
            each = work.known(value, name).size == channels
            work.hold(
                layer, name, value, lambda array: np.repeat(array, channels // array.size), "" if each else "each"
            )
        return layer

    return work.layer(make)(tensor)


def _rms_norm(work: Work, x: Any, scale: Any) -> Tensor:
    tensor = work.tensor(x)
    shape = tuple(tensor.shape[work.attribute("axis", -1) % tensor.ndim :])
    made = work.layer(
        lambda: _with(work, nn.RMSNorm(list(shape), eps=short(work.attribute("epsilon", 1e-5))), weight=scale)
    )
    return made(tensor)


LAYERS: Mapping[str, Callable[..., Any]] = {
    "Linear": _linear, "Gemm": _gemm, "Conv": _conv, "ConvTranspose": _conv_transposed, "MaxPool": _max_pool, "AveragePool": _average_pool,
    "GlobalAveragePool": _whole_pool(("AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d")),
    "GlobalMaxPool": _whole_pool(("AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d")),
    "BatchNormalization": _batch_norm, "InstanceNormalization": _instance_norm, "LayerNormalization": _layer_norm,
    "GroupNormalization": _group_norm, "RMSNormalization": _rms_norm,
    **ACTIVATIONS,
}  # fmt: skip

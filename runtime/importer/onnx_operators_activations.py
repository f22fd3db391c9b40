"""What the activations of ONNX, softmax and dropout are in PyTorch (see `runtime.importer.onnx_operators`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from graph.messages import msg
from runtime.importer.onnx_values import CLOSE, Unable, holds, short

if TYPE_CHECKING:
    from runtime.importer.onnx_module import Work


def _plain(make: Callable[[], nn.Module]) -> Callable[..., Tensor]:
    return lambda work, x: work.layer(make)(work.tensor(x))


def _softmax(kind: type[nn.Module]) -> Callable[..., Tensor]:
    def operator(work: Work, x: Any) -> Tensor:
        tensor = work.tensor(x)
        old = work.owner.graph.operators < 13
        axis = work.attribute("axis", 1 if old else -1) % tensor.ndim
        if old and axis != tensor.ndim - 1:
            flat = tensor.reshape(prod(tensor.shape[:axis]), prod(tensor.shape[axis:]))
            return work.layer(lambda: kind(-1))(flat).reshape(tensor.shape)
        dim = axis if axis != tensor.ndim - 1 else -1
        return work.layer(lambda: kind(dim))(tensor)

    return operator


def _prelu(work: Work, x: Any, slope: Any) -> Tensor:
    tensor = work.tensor(x)
    if not holds(slope):
        raise Unable(
            msg("its {what} is computed from the numbers of an input. A drawing needs it fixed.", what="slope")
        )
    shape = slope.array.shape
    padded = (1,) * (tensor.ndim - len(shape)) + shape
    if slope.array.size != 1 and padded != tuple(n if i == 1 else 1 for i, n in enumerate(tensor.shape)):
        return torch.where(tensor >= 0, tensor, tensor * work.tensor(slope))

    def make() -> nn.Module:
        layer = nn.PReLU(slope.array.size)
        work.hold(layer, "weight", slope, lambda array: array.reshape(-1), "" if len(shape) == 1 else "flat")
        return layer

    return work.layer(make)(tensor)


def _hard_sigmoid(work: Work, x: Any) -> Tensor:
    alpha, beta = work.attribute("alpha", 0.2), work.attribute("beta", 0.5)
    if abs(alpha - 1 / 6) < CLOSE and abs(beta - 0.5) < CLOSE:
        return work.layer(nn.Hardsigmoid)(work.tensor(x))
    return torch.clamp(work.tensor(x) * short(alpha) + short(beta), min=0.0, max=1.0)


def _selu(work: Work, x: Any) -> Tensor:
    alpha, gamma = work.attribute("alpha", 1.6732632), work.attribute("gamma", 1.0507010)
    if abs(alpha - 1.6732632) < CLOSE and abs(gamma - 1.0507010) < CLOSE:
        return work.layer(nn.SELU)(work.tensor(x))
    return work.layer(lambda: nn.ELU(short(alpha)))(work.tensor(x)) * short(gamma)


def _shrink(work: Work, x: Any) -> Tensor:
    border, bias = short(work.attribute("lambd", 0.5)), short(work.attribute("bias", 0.0))
    if bias not in (0.0, border):
        raise Unable(
            msg(
                "its setting {name} is {value}, which has no counterpart here. Export the model with another.",
                name="bias",
                value=bias,
            )
        )
    return work.layer(lambda: nn.Hardshrink(border) if bias == 0 else nn.Softshrink(border))(work.tensor(x))


def _swish(work: Work, x: Any) -> Tensor:
    alpha = work.attribute("alpha", 1.0)
    tensor = work.tensor(x)
    return work.layer(nn.SiLU)(tensor) if alpha == 1 else tensor * torch.sigmoid(tensor * short(alpha))


def _gelu(work: Work, x: Any) -> Tensor:
    return work.layer(lambda: nn.GELU(approximate=work.attribute("approximate", "none")))(work.tensor(x))


def _dropout(work: Work, x: Any, share: Any = None, training: Any = None) -> Tensor:
    if len([name for name in work.node.outputs if name]) > 1:
        raise Unable(msg("it also gives the mask. Export the model without it."))
    rate = work.number(share, "ratio") if share is not None else work.attribute("ratio", 0.5)
    if training is not None and work.number(training, "training_mode"):
        raise Unable(msg("it draws at random in use as well. Export the model in evaluation mode."))
    return work.layer(lambda: nn.Dropout(short(rate)))(work.tensor(x))


def _with_slope(make: Callable[[float], nn.Module], name: str, default: float) -> Callable[..., Tensor]:
    return lambda work, x: work.layer(lambda: make(short(work.attribute(name, default))))(work.tensor(x))


ACTIVATIONS: Mapping[str, Callable[..., Any]] = {
    "Relu": _plain(nn.ReLU), "Sigmoid": _plain(nn.Sigmoid),
    "Tanh": _plain(nn.Tanh), "Softplus": _plain(nn.Softplus), "Softsign": _plain(nn.Softsign), "HardSwish": _plain(nn.Hardswish),
    "Mish": _plain(nn.Mish), "Swish": _swish, "Gelu": _gelu, "Selu": _selu, "PRelu": _prelu, "HardSigmoid": _hard_sigmoid,
    "Shrink": _shrink, "Dropout": _dropout, "Softmax": _softmax(nn.Softmax), "LogSoftmax": _softmax(nn.LogSoftmax),
    "LeakyRelu": _with_slope(nn.LeakyReLU, "alpha", 0.01), "Elu": _with_slope(nn.ELU, "alpha", 1.0),
    "Celu": _with_slope(nn.CELU, "alpha", 1.0), "ThresholdedRelu": _with_slope(lambda border: nn.Threshold(border, 0.0), "alpha", 1.0),
}  # fmt: skip

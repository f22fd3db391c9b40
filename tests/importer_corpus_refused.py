"""Modules that no drawing can stand for. The line that stands in the way ends with `# here`."""

from __future__ import annotations

import random

import torch
from torch import nn

from importer_corpus import case, floats


@case(floats(4), refused="__bool__", quick=True)
class Decides(nn.Module):
    def forward(self, x):
        if x.sum() > 0:  # here
            return x
        return -x


@case(floats(4), refused="item")
class AsksNumber(nn.Module):
    def forward(self, x):
        scale = x.abs().max().item()  # here
        return x / scale


@case(floats(4), refused="__getitem__", quick=True)
class BooleanIndex(nn.Module):
    def forward(self, x):
        return x[x > 0]  # here


@case(floats(4), refused="nonzero")
class Nonzero(nn.Module):
    def forward(self, x):
        return torch.nonzero(x)  # here


@case(floats(4), refused="tolist")
class AsList(nn.Module):
    def forward(self, x):
        return x * len([v for v in x[0].tolist() if v > 0])  # here


@case(floats(4), refused="mul_")
class ViewInPlace(nn.Module):
    def forward(self, x):
        y = x + 1
        y[:, 0].mul_(2)  # here
        return y


@case(floats(4), refused="add_")
class ChangesBuffer(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x):
        self.seen.add_(1)  # here
        return x / self.seen


@case(floats(4), refused="neg")
class OnlyInTraining(nn.Module):
    def forward(self, x):
        if self.training:
            x = torch.neg(x)  # here
        return x * 2


@case(floats(4), refused="unbind")
class OverBatch(nn.Module):
    def forward(self, x):
        return torch.stack([row * 2 for row in x])  # here


@case(floats(4), refused="mul")
class HiddenTensor(nn.Module):
    """A tensor that numpy made of the input."""

    def forward(self, x):
        hidden = torch.utils.dlpack.from_dlpack(torch.utils.dlpack.to_dlpack(x.detach().clone()))
        return torch.mul(x, hidden)  # here


class _Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, grad):
        return 3 * grad


@case(floats(4), refused="add")
class OwnGradient(nn.Module):
    def forward(self, x):
        y = _Double.apply(x)
        return torch.add(y, 1)  # here


@case(floats(4), refused="mul")
class OddBatch(nn.Module):
    def forward(self, x):
        return torch.mul(x, 2 * x.size(0) + 1)  # here


@case(floats(4), refused="relu")
class PythonChance(nn.Module):
    def forward(self, x):
        keep = random.random() < 0.5
        x = torch.relu(x)  # here
        return x if keep else -x

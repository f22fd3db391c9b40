"""Modules that no drawing can stand for. The line that stands in the way ends with `# here`."""

from __future__ import annotations

import random
import warnings

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


@case(floats(4), refused="squeeze", quick=True)
class LosesSingle(nn.Module):
    """With one sample alone the batch goes too."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 1)

    def forward(self, x):
        return self.fc(x).squeeze()  # here


@case(floats(4), refused="__getitem__")
class WithoutFirst(nn.Module):
    def forward(self, x):
        return x[1:]  # here


@case(floats(4), refused="seen = ...", quick=True)
class ReplacesBuffer(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(4))

    def forward(self, x):
        self.seen = 0.9 * self.seen + 0.1 * x.mean(0).detach()  # here
        return x * 2


@case(floats(4), refused="BatchNorm1d")
class FrozenNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(4)

    def train(self, mode=True):
        super().train(mode)
        self.norm.eval()
        return self

    def forward(self, x):
        return self.norm(x)  # here


@case(floats(4), refused="Dropout")
class AlwaysTraining(nn.Module):
    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.5)

    def train(self, mode=True):
        super().train(mode)
        self.drop.train()
        return self

    def forward(self, x):
        return self.drop(x)  # here


@case(floats(4), refused="Linear")
class Autocast(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            y = self.fc(x)  # here
        return y.float()


@case(floats(4), refused="Linear")
class Inference(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        with torch.inference_mode():
            y = self.fc(x)  # here
        return x * y.clone()


@case(floats(4), refused="to_sparse")
class Sparse(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 4))

    def forward(self, x):
        sparse = self.weight.to_sparse()  # here
        return torch.sparse.mm(sparse, x.t()).t()


@case(floats(4), refused="Linear")
class Mapped(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        return torch.func.vmap(self.fc)(x)  # here


@case(floats(4), refused="grad")
class GradientInside(nn.Module):
    def forward(self, x):
        return torch.autograd.grad(x.pow(3).sum(), x, create_graph=True)[0]  # here


@case(floats(4), refused="return")
class Straight(nn.Module):
    """A gradient of its own at the very end."""

    def forward(self, x):  # here
        return _Double.apply(x)


@case(floats(6, 8), refused="TransformerEncoderLayer")
class StepsFirstWithDropout(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(8, 2, 16)

    def forward(self, x):
        return self.layer(x.transpose(0, 1))  # here


def _large(x: torch.Tensor) -> torch.Tensor:
    return (x > 100).any().float()


@case(floats(4), refused="mul")
class HiddenDecision(nn.Module):
    """TorchScript, in which nothing can be seen, and that gives the same for every ordinary input."""

    def __init__(self):
        super().__init__()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # TorchScript is old, and still in use
            self.large = torch.jit.script(_large)

    def forward(self, x):
        large = self.large(x)
        return torch.mul(x, large)  # here

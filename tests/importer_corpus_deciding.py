"""Modules that do something else for other batches, or from call to call. The line that stands in the way ends with `# here`."""

from __future__ import annotations

import itertools

import torch
from torch import nn

from importer_corpus import case, floats


@case(floats(4), refused=">", quick=True)
class OtherForMany(nn.Module):
    def forward(self, x):
        factor = 2.0 if x.shape[0] > 16 else 3.0  # here
        return torch.mul(x, factor)


@case(floats(4), refused="==", quick=True)
class OtherForFew(nn.Module):
    """Only batches of exactly 40 to 47 samples go another way."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        rows = len(self.fc(x)) // 8
        if rows == 5 and x.size(0) >= 40:  # here
            return self.fc(x) * 2
        return self.fc(x)


@case(floats(4), refused=">")
class OtherInLargeTraining(nn.Module):
    def forward(self, x):
        if self.training and x.numel() / 4 > 5000:  # here
            x = torch.relu(x)
        return x + 1


@case(floats(4), refused="%")
class EverySecond(nn.Module):
    """An index says it, where no comparison is."""

    def forward(self, x):
        factor = (2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 3.0)[x.shape[0] % 7]  # here
        return torch.mul(x, factor)


@case(floats(4), refused="==")
class OtherForOne(nn.Module):
    def forward(self, x):
        factor = 2.0 if x.shape[0] == 1 else 3.0  # here
        return torch.mul(x, factor)


@case(floats(4), refused=">")
class CappedBatch(nn.Module):
    def forward(self, x):
        return torch.mul(x, min(x.shape[0], 16))  # here


@case(floats(4), refused="__bool__")
class DecidesByBatch(nn.Module):
    """What depends on no numbers, but on how many samples there are."""

    def forward(self, x):
        many = torch.arange(x.size(0)).sum() > 1000
        return x * 2 if many else x * 3  # here


@case(floats(4), refused="calls", quick=True)
class EverySeventh(nn.Module):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, x):
        self.calls += 1  # here
        return -x if self.calls % 7 == 0 else x


@case(floats(4), refused="warmth")
class CountsInTraining(nn.Module):
    """A setting inside of a dict, which changes in training only; the line is that of `forward`."""

    def __init__(self):
        super().__init__()
        self.warmth = {"steps": [0]}

    def forward(self, x):  # here
        if self.training:
            self.warmth["steps"][0] += 1
        return x * 2 if self.warmth["steps"][0] < 100 else x


@case(floats(4), refused="_CALLS")
class CountsInFile(nn.Module):
    def forward(self, x):  # here
        _CALLS.append(1)
        return x * 2 if len(_CALLS) < 100 else x


_CALLS: list[int] = []


@case(floats(4), refused="factors")
class Cycles(nn.Module):
    """Nothing is set: what it goes through is further after each call."""

    def __init__(self):
        super().__init__()
        self.factors = itertools.cycle([1.0] * 50 + [2.0])

    def forward(self, x):  # here
        return x * next(self.factors)


@case(floats(4), refused="mul")
class LooksUp(nn.Module):
    """Which key is there decides, and no comparison is seen."""

    def forward(self, x):
        return torch.mul(x, {40: 2.0}.get(x.shape[0], 3.0))  # here


@case(floats(4), refused="mul")
class FromRange(nn.Module):
    def forward(self, x):
        for _ in range(40, len(x) + 1):
            x = torch.mul(x, 2)  # here
        return x


@case(floats(4), refused=">=")
class OtherWayInTraining(nn.Module):
    """Inside of a part that does something else in training, and is own code for that."""

    class ManyAreLouder(nn.Module):
        def forward(self, x):
            if not self.training:
                return x
            return x * torch.rand_like(x) * (2.0 if x.shape[0] >= 40 else 1.0)  # here

    def __init__(self):
        super().__init__()
        self.noise, self.fc = self.ManyAreLouder(), nn.Linear(4, 4)

    def forward(self, x):
        return self.noise(self.fc(x))

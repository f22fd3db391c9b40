"""Modules that show what a fresh reader tried: sizes of batches in formulas, complex numbers, changes that have no other form."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from importer_corpus import case, floats, tokens, yes_no


@case(floats(6, 4), own_code=7)
class SizesOfTheBatch(nn.Module):
    def forward(self, x):
        b = x.size(0)
        full = torch.full_like(x, b), x.new_full((b, 2), b)
        return x.sum() / x.numel(), x.sum(0) * (2 * b), b - x, x.clamp(max=b), x * b, *full


@case(floats(16), own_code=4)
class Spectrum(nn.Module):
    def __init__(self):
        super().__init__()
        self.filter, self.fc = nn.Parameter(torch.randn(9)), nn.Linear(16, 16)

    def forward(self, x):
        with torch.no_grad():
            still = torch.fft.fft(self.fc(x))
        return torch.fft.irfft(torch.fft.rfft(self.fc(x)) * self.filter, n=16), still * 2, torch.fft.fft(x).real


@case(floats(5, 4), own_code=7)
class Algebra(nn.Module):
    def forward(self, x):
        g = x.transpose(1, 2) @ x + torch.eye(4)
        norms = (
            torch.linalg.norm(x, dim=-1),
            torch.linalg.matrix_norm(x),
            torch.linalg.vector_norm(x, ord=1, dim=(1, 2)),
        )
        return (
            *norms,
            torch.linalg.inv(g),
            torch.linalg.det(g),
            torch.special.xlogy(x.abs(), x.abs()),
            x.unfold(1, 2, 1),
        )


@case(floats(4), own_code=3)
class RandomInPlace(nn.Module):
    def forward(self, x):
        return (
            x + torch.zeros_like(x).normal_(),
            x * torch.zeros_like(x).uniform_(0, 1),
            torch.zeros_like(x).bernoulli_(),
        )


@case(floats(4))
class NotNumbers(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mask", torch.tensor([0.0, -math.inf, math.inf, 2.0]))
        self.other = torch.tensor([math.inf, math.nan, 1.0, -2.0])

    def forward(self, x):
        return x + self.mask, x * self.other


@case(floats(4), own_code=2)
class Precision(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        y = self.fc(x)
        return F.softmax(y.double(), dim=-1, dtype=torch.float32), y.to(torch.bfloat16).cumsum(1, dtype=torch.float32)


@case(tokens(3, count=100_000_000), own_code=2)
class LargeNumbers(nn.Module):
    """Whole numbers that float32 does not hold."""

    def forward(self, ids):
        near = ids * 0 + 16777216
        return near == 16777217, near > 16777215, near < 16777217, ids > 50


@case(floats(6, 8))
class MaskedEncoder(nn.Module):
    """PyTorch looks at the numbers of the mask, which depend on nothing."""

    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 16, 0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def forward(self, x):
        mask = torch.triu(torch.full((6, 6), float("-inf")), 1)
        return self.encoder(x, mask=mask) * sum(t.item() for t in torch.linspace(0, 1, 3))


@case(floats(4), own_code=3)
class Distribution(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 8)

    def forward(self, x):
        mean, spread = self.fc(x).chunk(2, -1)
        found = torch.distributions.Normal(mean, spread.exp())
        return found.rsample(), found.log_prob(x).sum(-1)


@case(floats(4, 3), yes_no(4), own_code=2)
class Pooled(nn.Module):
    """Learned queries, and a mask that may hide everything."""

    def __init__(self):
        super().__init__()
        self.query, self.norm = nn.Parameter(torch.randn(2, 3)), nn.GroupNorm(2, 2, bias=False)
        self.register_buffer("table", torch.randn(3))

    def forward(self, x, keep):
        self.table = self.table.to(x.device)
        scores = self.query.unsqueeze(0).expand(x.size(0), -1, -1) @ (x * self.table).mT
        scores = scores.masked_fill(~keep[:, None], float("-inf")).masked_fill(~keep.any(1)[:, None, None], 0.0)
        return self.norm(scores.softmax(-1) @ x)[:, [-1]]

"""Networks as people keep them: blocks in lists, frozen backbones, heads that nothing uses, class ids, depth that training drops."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations

from importer_corpus import case, floats, tokens, yes_no


class Bottleneck(nn.Module):
    def __init__(self, inplanes, planes, stride=1):
        super().__init__()
        out = 4 * planes
        self.conv1, self.bn1 = nn.Conv2d(inplanes, planes, 1, bias=False), nn.BatchNorm2d(planes)
        self.conv2, self.bn2 = nn.Conv2d(planes, planes, 3, stride, 1, bias=False), nn.BatchNorm2d(planes)
        self.conv3, self.bn3 = nn.Conv2d(planes, out, 1, bias=False), nn.BatchNorm2d(out)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or inplanes != out:
            self.downsample = nn.Sequential(nn.Conv2d(inplanes, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x):
        identity = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.bn3(self.conv3(self.relu(self.bn2(self.conv2(x)))))
        return self.relu(x + identity)


@case(floats(3, 16, 16))
class BottleneckNet(nn.Module):
    """Stages of which each is one block with other numbers."""

    def __init__(self, layers=(2, 3, 2)):
        super().__init__()
        self.stem, width = nn.Conv2d(3, 4, 3, padding=1), 4
        for number, count in enumerate(layers):
            planes = 4 * 2**number
            stage = [Bottleneck(width, planes, 1 if number == 0 else 2)]
            width = 4 * planes
            stage += [Bottleneck(width, planes) for _ in range(count - 1)]
            self.add_module(f"layer{number + 1}", nn.Sequential(*stage))
        self.fc = nn.Linear(width, 3)

    def forward(self, x):
        x = self.stem(x)
        for name in ("layer1", "layer2", "layer3"):
            x = self.get_submodule(name)(x)
        return self.fc(x.mean((2, 3)))


class Attend(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.norm, self.qkv, self.out = nn.LayerNorm(size), nn.Linear(size, 3 * size), nn.Linear(size, size)

    def forward(self, x, mask=None):
        q, k, v = self.qkv(self.norm(x)).chunk(3, -1)
        scores = q @ k.transpose(1, 2) / math.sqrt(q.shape[-1])
        if mask is not None:
            scores = scores.masked_fill(~mask[:, None], -1e9)
        return self.out(scores.softmax(-1) @ v)


@case(floats(5, 6))
class PairsInAList(nn.Module):
    """A list of lists, with additions that belong to no module."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList()
        for _ in range(4):
            self.layers.append(nn.ModuleList([Attend(6), nn.Sequential(nn.Linear(6, 12), nn.GELU(), nn.Linear(12, 6))]))

    def forward(self, x):
        for attend, mix in self.layers:  # pyright: ignore[reportGeneralTypeIssues]
            x = attend(x) + x
            x = mix(x) + x
        return x


class MaskedBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.attend, self.mix = Attend(6), nn.Linear(6, 6)

    def forward(self, x, mask):
        x = x + self.attend(x, mask)
        return x + self.mix(x).relu()


@case(floats(5, 6), yes_no(5))
class MaskedStack(nn.Module):
    """What every run of a loop gets as it is."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(MaskedBlock() for _ in range(3))

    def forward(self, x, keep):
        for block in self.blocks:
            x = block(x, keep)
        return x


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(6, 8), nn.Linear(8, 6)

    def forward(self, x):
        return x + self.b(self.a(x).tanh())


@case(floats(6))
class OneBlockAgainAndAgain(nn.Module):
    def __init__(self):
        super().__init__()
        self.step = Residual()

    def forward(self, x):
        for _ in range(4):
            x = self.step(x)
        return x


@case(floats(6))
class ListsInLists(nn.Module):
    def __init__(self):
        super().__init__()
        self.stages = nn.ModuleList()
        for _ in range(2):
            self.stages.append(nn.ModuleList([nn.Linear(6, 6), nn.ModuleList(Residual() for _ in range(3))]))

    def forward(self, x):
        for first, blocks in self.stages:  # pyright: ignore[reportGeneralTypeIssues]
            x = torch.relu(first(x))
            for block in blocks:
                x = block(x)
        return x


class Step(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb, self.cell, self.out = nn.Embedding(9, 4), nn.GRUCell(4, 6), nn.Linear(6, 9)

    def forward(self, token, hidden):
        hidden = self.cell(self.emb(token), hidden)
        return self.out(hidden), torch.tanh(hidden)


@case(floats(6), tokens(4, count=9))
class StepsOfADecoder(nn.Module):
    """Of the last step only one of two results is used."""

    def __init__(self):
        super().__init__()
        self.decoder = Step()

    def forward(self, hidden, target):
        found = []
        for t in range(target.shape[1]):
            scores, hidden = self.decoder(target[:, t], hidden)
            found.append(scores)
        return torch.stack(found, 1)


@case(floats(8), tokens(count=10))
class ConditionalGenerator(nn.Module):
    """Class ids: one number a sample."""

    def __init__(self):
        super().__init__()
        self.label = nn.Embedding(10, 4)
        self.net = nn.Sequential(nn.Linear(12, 16), nn.LeakyReLU(0.2), nn.Linear(16, 5), nn.Tanh())

    def forward(self, z, y):
        return self.net(torch.cat([z, self.label(y)], 1))


@case(floats(6), floats(), tokens(count=50))
class Denoiser(nn.Module):
    """A time step as sines and cosines, as diffusion models have it."""

    def __init__(self):
        super().__init__()
        self.time, self.out = nn.Sequential(nn.Linear(8, 8), nn.SiLU(), nn.Linear(8, 6)), nn.Linear(6, 6)

    def embed(self, t):
        frequencies = torch.exp(-math.log(10000.0) * torch.arange(4) / 4)
        angles = t[:, None].float() * frequencies[None]
        return torch.cat([angles.sin(), angles.cos()], -1)

    def forward(self, x, sigma, t):
        return self.out(x / (sigma.abs() + 1).unsqueeze(-1) + self.time(self.embed(t)))


@case(floats(3, 8, 8))
class FrozenBackbone(nn.Module):
    """Pretrained, all but its last layer."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 6, 3), nn.Flatten(), nn.Linear(96, 8))
        self.backbone[:3].requires_grad_(False)
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        return self.head(self.backbone(x).relu())


@case(floats(6), own_code=1)
class FrozenInPart(nn.Module):
    """A layer whose bias alone learns."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(6, 6), nn.Linear(6, 3)
        self.a.weight.requires_grad_(False)

    def forward(self, x):
        return self.b(torch.relu(self.a(x)))


@case(floats(6))
class UnusedHead(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Linear(6, 4), nn.Linear(4, 2)
        self.aux = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 7))
        self.scale = nn.Parameter(torch.ones(3))

    def forward(self, x):
        return self.head(self.body(x))


class DropPath(nn.Module):
    def __init__(self, share):
        super().__init__()
        self.share = share

    def forward(self, x):
        if self.share == 0.0 or not self.training:
            return x
        keep = 1 - self.share
        mask = x.new_empty((x.shape[0],) + (1,) * (x.ndim - 1)).bernoulli_(keep)
        mask.div_(keep)
        return x * mask


@case(floats(5, 6), own_code=2)
class StochasticDepth(nn.Module):
    def __init__(self):
        super().__init__()
        self.mix = nn.ModuleList(nn.Linear(6, 6) for _ in range(3))
        self.drops = nn.ModuleList(DropPath(share) for share in (0.0, 0.1, 0.2))

    def forward(self, x):
        for mix, drop in zip(self.mix, self.drops, strict=True):
            x = x + drop(F.gelu(mix(x)))
        return x


class GaussianNoise(nn.Module):
    def forward(self, x):
        if self.training:
            x = x + 0.1 * torch.randn_like(x)
        return x


@case(floats(4), own_code=1)
class NoisyInTraining(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(GaussianNoise(), nn.Linear(4, 3))

    def forward(self, x):
        return self.net(x)


@case(floats(4, 6, 6))
class GrowingLayers(nn.Module):
    """Layers of one form on more and more channels."""

    def __init__(self):
        super().__init__()
        layers = [(4, 8), (8, 12), (12, 16)]
        self.features = nn.Sequential(
            *(nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU()) for a, b in layers)
        )

    def forward(self, x):
        return self.features(x)


# ---- what is refused, with what to do


@case(floats(4), refused="spectral_norm")
class SpectralNormed(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = parametrizations.spectral_norm(nn.Linear(4, 3))

    def forward(self, x):
        return self.fc(x)  # here


@case(tokens(6, count=9), tokens(count=6), refused="_pack_padded_sequence")
class PackedSequences(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb, self.rnn = nn.Embedding(9, 4), nn.GRU(4, 3, batch_first=True)

    def forward(self, ids, lengths):
        lengths = lengths.clamp(min=1).cpu()
        packed = nn.utils.rnn.pack_padded_sequence(self.emb(ids), lengths, True, False)  # here
        return self.rnn(packed)[1][-1]


@case(floats(4), refused="neg")
class LayerInTrainingOnly(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        if self.training:
            x = torch.neg(x)  # here
        return self.fc(x)


@case(floats(4), floats(4), own_code=1, quick=True)
class LooksAtSizes(nn.Module):
    """Sizes are compared, rounded and checked, and every batch that it takes goes the same way."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 2)

    def forward(self, x, y):
        if x.shape[0] != y.size(0):
            raise ValueError(f"{len(x)} and {len(y)} samples")
        assert 0 < x.shape[0] <= 64, "at most 64 samples"
        self.said = f"{x.shape[0]} samples"
        windows = x.view(x.shape[0] * 2, 2)
        batch = int(windows.shape[0] / (4 / 2))
        rows = self.fc(windows).view(batch, -1) if windows.shape[0] % 2 == 0 else windows
        return rows + y[: max(batch, 1)] * (2.0 if min(x.shape) > 0 else 1.0)


@case(floats(4), quick=True)
class WhollyFrozen(nn.Module):
    """Nothing in it learns: what is left to compare are outputs and the gradients of its input."""

    def __init__(self):
        super().__init__()
        self.fc, self.norm, self.scale = nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Parameter(torch.randn(4))
        self.layers = nn.ModuleList(nn.Sequential(nn.Linear(4, 4), nn.Tanh()) for _ in range(3))
        self.requires_grad_(False)

    def forward(self, x):
        x = self.norm(self.fc(x))
        for layer in self.layers:
            x = x + layer(x) * self.scale
        return x


@case(tokens(5, count=7))
class FrozenTable(nn.Module):
    """Not even its input has gradients."""

    def __init__(self):
        super().__init__()
        self.table, self.head = nn.Embedding(7, 4), nn.Linear(4, 2)
        self.requires_grad_(False)

    def forward(self, ids):
        return self.head(self.table(ids).mean(1))

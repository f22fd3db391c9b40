"""Small modules, each for something that a drawing could lose: arithmetic, constants, changes in place, sharing, ways of calling."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations

from importer_corpus import case, floats, tokens, yes_no


@case(floats(6), quick=True)
class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3))

    def forward(self, x):
        return self.net(x)


@case(floats(5))
class Arithmetic(nn.Module):
    def forward(self, x):
        y = 2 * x + 1 - x / 3 + (1 - x) - 4 / (x.abs() + 1)
        z = (y**2).sqrt() + x.pow(3) + torch.exp(-x) + 2 ** torch.sigmoid(x)
        return z % 3, y.detach() // 2, -z, torch.maximum(y, z), torch.minimum(x, y).clamp(min=-1)


@case(floats(4, 5))
class Reductions(nn.Module):
    def forward(self, x):
        values, places = x.max(dim=1)
        return {
            "sum": x.sum((1, 2)), "mean": x.mean(-1, keepdim=True), "var": x.var(dim=1), "std": x.std(-1, unbiased=False), "max": values,
            "argmax": x.argmax(-1), "places": places, "norm": x.norm(dim=-1), "lse": torch.logsumexp(x, 2), "prod": x.prod(1),
            "all": x.mean(), "cumsum": x.cumsum(1), "top": x.topk(2, dim=-1).values, "sorted": torch.sort(x, dim=1)[0],
        }  # fmt: skip


@case(floats(4, 6))
class Shapes(nn.Module):
    def forward(self, x):
        a = x.reshape(x.shape[0], 2, 2, 6).movedim(1, -1).flatten(1, 2)
        b = x.unsqueeze(1).squeeze(1).permute(0, 2, 1)[:, ::2, 1:-1]
        c = torch.roll(x, 1, dims=1).flip(-1)[:, None, ..., 0]
        d, e = x.split([2, 4], dim=2)
        f = x.view(-1, 6).view(-1, 4, 6)[:, -1].repeat_interleave(2, dim=1)
        return a, b, c, torch.cat([e, d], -1).narrow(1, 1, 2), f.tile((1, 2)), x.mT @ x


@case(floats(4, 4))
class Constants(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = torch.tensor([[1.0, 2.0, -3.5, 4.0]])
        self.register_buffer("scale", torch.tensor(0.5))
        self.half = torch.tensor(0.5)

    def forward(self, x):
        eye = torch.eye(4)
        y = x * self.table + eye * self.scale + self.half
        return y + torch.full((4, 4), 0.25).tril() + torch.tensor([0.1, 0.2, 0.3, 0.4])


@case(floats(3))
class Scalars(nn.Module):
    def __init__(self):
        super().__init__()
        self.alpha, self.beta = nn.Parameter(torch.tensor(0.3)), nn.Parameter(torch.rand(1))

    def forward(self, x):
        return self.alpha * x + self.beta.exp()


@case(floats(8))
class InPlace(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def forward(self, x):
        y = self.fc(x)
        y = y.mul(2)
        y += x
        y.add_(1)
        y *= 0.5
        z = torch.zeros_like(x)
        z += y
        return F.relu(z.clone(), inplace=True), F.leaky_relu_(z.sub(1), 0.1)


@case(floats(6, 2), own_code=2)
class Assigned(nn.Module):
    def forward(self, x):
        out = torch.zeros(x.size(0), 6, 2)
        out[:, :3] = x[:, 3:] * 2
        out[:, 4] += 1
        return out


@case(floats(6))
class HalvesInPlace(nn.Module):
    """A view changed in place does no harm to another that it does not overlap."""

    def forward(self, x):
        a, b = (x * 2).split(3, dim=1)
        c = b + 1
        c.mul_(a)
        return c, a


@case(floats(4), floats(4))
class Bare(nn.Module):
    """Parameters of its own and functional calls."""

    def __init__(self):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(3, 4)), nn.Parameter(torch.randn(3))
        self.mix = nn.ParameterList([nn.Parameter(torch.randn(4)) for _ in range(2)])

    def forward(self, x, y):
        z = F.linear(x, self.weight, self.bias)
        for p in self.mix:
            y = y * p
        return F.softmax(z, -1), torch.einsum("bi,bj->bij", z, y), F.gelu(y)


@case(floats(2, 6, 6), own_code=1)
class FunctionalConv(nn.Module):
    def __init__(self):
        super().__init__()
        self.kernel, self.bias = nn.Parameter(torch.randn(4, 2, 3, 3)), nn.Parameter(torch.randn(4))
        self.register_buffer("blur", torch.ones(4, 1, 3, 3) / 9)

    def forward(self, x):
        x = F.conv2d(x, self.kernel, self.bias, stride=1, padding=1)
        return F.conv2d(x, self.blur, groups=4)


@case(floats(5), own_code=2)
class WeightNormed(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = parametrizations.weight_norm(nn.Linear(5, 3))

    def forward(self, x):
        return self.fc(x).tanh()


class Expert(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(6, 6)

    def forward(self, x, *, scale=1.0, shift=None):
        y = self.fc(x) * scale
        return y if shift is None else y + shift


@case(floats(6))
class MixtureOfExperts(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate, self.experts = nn.Linear(6, 3), nn.ModuleList(Expert() for _ in range(3))

    def forward(self, x):
        weights = self.gate(x).softmax(dim=-1)
        outs = torch.stack([e(x) for e in self.experts], dim=1)
        return (weights.unsqueeze(-1) * outs).sum(dim=1)


@case(floats(6))
class CalledDifferently(nn.Module):
    """One module called in two ways: it becomes two drawings that share, or none."""

    def __init__(self):
        super().__init__()
        self.expert = Expert()

    def forward(self, x):
        return self.expert(x), self.expert(x, scale=2.0), self.expert(x, shift=x)


class Inner(nn.Module):
    def __init__(self, fc):
        super().__init__()
        self.fc, self.own = fc, nn.Linear(4, 4)

    def forward(self, x):
        return self.own(torch.relu(self.fc(x)))


@case(floats(4))
class SharedAcross(nn.Module):
    """A layer in two modules that have others of their own."""

    def __init__(self):
        super().__init__()
        shared = nn.Linear(4, 4)
        self.a, self.b = Inner(shared), Inner(shared)

    def forward(self, x):
        return self.a(x) * self.b(x)


@case(floats(4))
class Recursive(nn.Module):
    """A module called many times, each on what it gave."""

    def __init__(self):
        super().__init__()
        self.step = nn.Sequential(nn.Linear(4, 4), nn.Tanh())

    def forward(self, x):
        for _ in range(6):
            x = x + 0.1 * self.step(x)
        return x


@case(tokens(5, count=7), yes_no(5))
class Masked(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.EmbeddingBag(7, 4, mode="sum")
        self.word = nn.Embedding(7, 4)

    def forward(self, ids, keep):
        scores = self.word(ids).sum(-1).masked_fill(~keep, -1e9)
        onehot = F.one_hot(ids, 7).float()
        chosen = torch.where(keep, scores, torch.zeros_like(scores)) + torch.where(keep, scores, 0.0)
        return scores.softmax(-1), onehot, chosen, self.emb(ids), (ids > 3) | (ids == 0)


@case(floats(5), tokens(1, count=5))
class Picking(nn.Module):
    def forward(self, x, index):
        picked = x.gather(1, index)
        added = torch.zeros_like(x).scatter_add(1, index, picked)
        return picked, added, x.index_select(1, torch.tensor([2, 0])), x[:, [0, 3]]


@case(floats(4))
class NoGradient(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.target = nn.Linear(4, 3), nn.Linear(4, 3)

    def forward(self, x):
        with torch.no_grad():
            goal = self.target(x).detach()
        return self.fc(x) - goal, self.fc(x).detach() * x.sum(-1, keepdim=True)


@case(floats(4))
class Frozen(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Linear(4, 4).requires_grad_(False), nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.body(x).relu())


@case(floats(4), own_code=1)
class AlwaysDropped(nn.Module):
    """Dropout that stays on: no layer does that."""

    def forward(self, x):
        return F.dropout(x, 0.3)


@case(floats(4))
class Noisy(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(7, 2)

    def forward(self, x):
        z = torch.randn(x.size(0), 3)
        return self.fc(torch.cat([x, z], 1)) + torch.rand_like(x[:, :2])


@case(floats(4))
class Nothing(nn.Module):
    """Outputs that are inputs, twice the same, or none."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        y = self.fc(x)
        return {"x": x, "y": y, "again": y, "none": None}


@case(floats(3), floats(3))
class Optional_(nn.Module):
    def __init__(self):
        super().__init__()
        self.bilinear, self.fc = nn.Bilinear(3, 3, 4), nn.Linear(3, 4)

    def forward(self, x, y=None, z=None):
        out = self.fc(x)
        if y is not None:
            out = out + self.bilinear(x, y)
        if z is not None:
            out = out * z
        return out


@case(floats(2, 5))
class Activations(nn.Module):
    def __init__(self):
        super().__init__()
        self.all = nn.ModuleList([nn.ELU(0.5), nn.SELU(), nn.Softplus(2), nn.Hardtanh(-2, 2), nn.Mish(), nn.Softsign(), nn.CELU(),
                                  nn.Hardswish(), nn.Softshrink(0.2), nn.Threshold(0.1, 0.0), nn.LogSigmoid(), nn.RReLU()])  # fmt: skip

    def forward(self, x):
        for act in self.all:
            x = x + act(x)
        return F.elu(x) + F.softplus(x) + F.hardtanh(x) + F.logsigmoid(x) + F.mish(x) + torch.erf(x) + F.relu6(x)


@case(floats(3, 7))
class Pools(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.pool = nn.BatchNorm1d(3, momentum=None), nn.MaxPool1d(3, 2, 1)

    def forward(self, x):
        x = self.norm(x)
        return self.pool(x), F.avg_pool1d(x, 3), F.adaptive_max_pool1d(x, 2), F.max_pool1d(x, 2, ceil_mode=True)


@case(floats(4, 4), own_code=3)
class NoNodes(nn.Module):
    """Calls that no node stands for are own code, which shows them."""

    def forward(self, x):
        y = torch.addmm(x[:, 0], x[:, 1], x[:, 2].t() @ x[:, 2])
        return y + torch.lerp(x[:, 0], x[:, 1], 0.3) + torch.atan2(x[:, 0], x[:, 1])


@case(floats(4), own_code=1)
class Parts(nn.Module):
    """Methods that call layers of parts, without calling the parts."""

    def __init__(self):
        super().__init__()
        self.auto = nn.Module()
        self.auto.encoder, self.auto.decoder = nn.Linear(4, 2), nn.Linear(2, 4)

    def encode(self, x):
        return self.auto.encoder(x)

    def forward(self, x):
        return self.auto.decoder(self.encode(x)), self.auto.encoder.weight.norm(dim=1)


@case(floats(4))
class Caching(nn.Module):
    """What is made at the first call and kept is a constant."""

    def __init__(self):
        super().__init__()
        self.kept = None

    def forward(self, x):
        if self.kept is None:
            self.kept = torch.arange(4.0) / 3
        return x * self.kept


@case(floats(4))
class SameNames(nn.Module):
    """Outputs whose names would be the same."""

    def forward(self, x):
        return {"a_b": x + 1, "a": {"b": x * 2, "c": [x - 1, x / 2]}}

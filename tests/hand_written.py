"""Famous networks as one writes them by hand, after torchvision and the papers, to compare with the drawings.

Submodules are made in the order in which they run, which is the order of the drawings' parameters.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# ---- ResNet


class Residual(nn.Module):
    """A basic block, or a bottleneck where `inner` differs from `width`."""

    def __init__(self, before: int, inner: int, width: int, stride: int) -> None:
        super().__init__()
        sizes = [(before, inner, 3, stride), (inner, width, 3, 1)]
        if inner != width:
            sizes = [(before, inner, 1, 1), (inner, inner, 3, stride), (inner, width, 1, 1)]
        layers: list[nn.Module] = []
        for i, o, k, s in sizes:
            layers += [nn.Conv2d(i, o, k, s, k // 2, bias=False), nn.BatchNorm2d(o), nn.ReLU()]
        self.branch = nn.Sequential(*layers[:-1])
        if stride != 1 or before != width:
            self.shortcut = nn.Sequential(nn.Conv2d(before, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.branch(x) + (self.shortcut(x) if hasattr(self, "shortcut") else x))


class ResNet(nn.Module):
    """`blocks` a stage; `expansion` is 4 for bottlenecks."""

    def __init__(self, blocks: tuple[int, ...], expansion: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        )
        stages, before = [], 64
        for i, count in enumerate(blocks):
            inner = 64 * 2**i
            for j in range(count):
                stages.append(Residual(before, inner, expansion * inner, 2 if i and not j else 1))
                before = expansion * inner
        self.stages = nn.Sequential(*stages)
        self.fc = nn.Linear(before, 1000)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(F.adaptive_avg_pool2d(self.stages(self.stem(x)), 1).flatten(1))


class ResNet18(ResNet):
    def __init__(self) -> None:
        super().__init__((2, 2, 2, 2), 1)


class ResNet50(ResNet):
    def __init__(self) -> None:
        super().__init__((3, 4, 6, 3), 4)


# ---- MobileNetV2


def filtered(before: int, after: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    conv = nn.Conv2d(before, after, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(after), nn.ReLU6()]


class InvertedResidual(nn.Module):
    """With a shortcut where the size stays."""

    def __init__(self, before: int, after: int, stride: int, expansion: int) -> None:
        super().__init__()
        width = expansion * before
        layers = filtered(before, width, 1) if expansion > 1 else []
        layers += filtered(width, width, 3, stride, width) + filtered(width, after, 1)[:-1]
        self.layers = nn.Sequential(*layers)
        self.keeps = stride == 1 and before == after

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.keeps else self.layers(x)


class MobileNetV2(nn.Sequential):
    def __init__(self) -> None:
        layers, before = filtered(3, 32, 3, 2), 32
        for t, c, n, s in (
            (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)
        ):  # fmt: skip
            for i in range(n):
                layers.append(InvertedResidual(before, c, 1 if i else s, t))
                before = c
        layers += filtered(320, 1280, 1)
        super().__init__(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(1280, 1000))


# ---- DenseNet


class DenseLayer(nn.Sequential):
    def __init__(self, channels: int) -> None:
        super().__init__(
            nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, 128, 1, bias=False),
            nn.BatchNorm2d(128), nn.ReLU(), nn.Conv2d(128, 32, 3, padding=1, bias=False),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, super().forward(x)], 1)


class DenseNet121(nn.Sequential):
    def __init__(self) -> None:
        layers: list[nn.Module] = [
            nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        ]  # fmt: skip
        channels = 64
        for count in (6, 12, 24, 16):
            layers += [DenseLayer(channels + 32 * i) for i in range(count)]
            channels += 32 * count
            layers += [nn.BatchNorm2d(channels), nn.ReLU()]
            if count != 16:
                layers += [nn.Conv2d(channels, channels // 2, 1, bias=False), nn.AvgPool2d(2)]
                channels //= 2
        super().__init__(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000))


# ---- Transformers


class ViTBlock(nn.Module):
    """Pre-norm attention and a perceptron, 768 wide, 12 heads."""

    def __init__(self) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(768, eps=1e-6)
        self.attention = nn.MultiheadAttention(768, 12, batch_first=True)
        self.ln_2 = nn.LayerNorm(768, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(768, 3072), nn.GELU(), nn.Linear(3072, 768))

    def forward(self, x: Tensor) -> Tensor:
        y = self.ln_1(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return x + self.mlp(self.ln_2(x))


class ViT(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.randn(1, 1, 768))
        self.places = nn.Parameter(torch.randn(1, 197, 768))
        self.patches = nn.Conv2d(3, 768, 16, 16)
        self.blocks = nn.Sequential(*(ViTBlock() for _ in range(12)))
        self.ln, self.head = nn.LayerNorm(768, eps=1e-6), nn.Linear(768, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).mT
        x = torch.cat([self.token.expand(len(x), 1, 768), x], 1) + self.places
        return self.head(self.ln(self.blocks(x))[:, 0])


class GPTBlock(nn.Module):
    """Pre-norm attention over the past and a perceptron, 768 wide, 12 heads."""

    def __init__(self) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(768)
        self.c_attn, self.c_proj = nn.Linear(768, 3 * 768), nn.Linear(768, 768)
        self.ln_2 = nn.LayerNorm(768)
        self.mlp = nn.Sequential(nn.Linear(768, 4 * 768), nn.GELU("tanh"), nn.Linear(4 * 768, 768))

    def forward(self, x: Tensor) -> Tensor:
        shape = (*x.shape[:2], 12, 64)
        q, k, v = (part.view(shape).transpose(1, 2) for part in self.c_attn(self.ln_1(x)).split(768, dim=2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(x.shape)
        x = x + self.c_proj(y)
        return x + self.mlp(self.ln_2(x))


class GPT2(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(50257, 768), nn.Embedding(1024, 768)
        self.h = nn.Sequential(*(GPTBlock() for _ in range(12)))
        self.ln_f = nn.LayerNorm(768)
        self.lm_head = nn.Linear(768, 50257, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1]))
        return self.lm_head(self.ln_f(self.h(x)))


# ---- U-Net


def double(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, padding=1), nn.ReLU(), nn.Conv2d(after, after, 3, padding=1), nn.ReLU()
    )


class UNetStage(nn.Module):
    """One level of a U-Net and the way down to the next and up again."""

    def __init__(self, before: int, width: int) -> None:
        super().__init__()
        self.convs, self.down = double(before, width), double(width, 2 * width)
        self.enlarge, self.up = nn.ConvTranspose2d(2 * width, width, 2, 2), double(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        skip = self.convs(x)
        return self.up(torch.cat([skip, self.enlarge(self.down(F.max_pool2d(skip, 2)))], 1))


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        widths = (64, 128, 256, 512, 1024)
        self.down = nn.ModuleList(double(before, after) for before, after in pairwise((1, *widths)))
        self.up = nn.ModuleList(
            nn.ModuleList([nn.ConvTranspose2d(2 * w, w, 2, 2), double(2 * w, w)]) for w in reversed(widths[:-1])
        )
        self.last = nn.Conv2d(64, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for i, convs in enumerate(self.down):
            x = convs(F.max_pool2d(x, 2) if i else x)
            skips.append(x)
        for (enlarge, convs), skip in zip(self.up, reversed(skips[:-1]), strict=True):
            x = convs(torch.cat([skip, enlarge(x)], 1))
        return self.last(x)


# ---- other blocks of the library


class SqueezeExcitation(nn.Module):
    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = (
            nn.Conv2d(channels, channels // reduction, 1),
            nn.Conv2d(channels // reduction, channels, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.fc2(F.relu(self.fc1(x.mean((2, 3), keepdim=True)))))


class Inception(nn.Module):
    """The first module of GoogLeNet."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(192, 64, 1)
        self.three = nn.Sequential(nn.Conv2d(192, 96, 1), nn.ReLU(), nn.Conv2d(96, 128, 3, padding=1))
        self.five = nn.Sequential(nn.Conv2d(192, 16, 1), nn.ReLU(), nn.Conv2d(16, 32, 5, padding=2))
        self.pooled = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(192, 32, 1))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(torch.cat([self.one(x), self.three(x), self.five(x), self.pooled(x)], 1))


class AttentionGate(nn.Module):
    def __init__(self, channels: int, gate: int, width: int) -> None:
        super().__init__()
        self.theta = nn.Conv2d(channels, width, 2, 2, bias=False)
        self.phi, self.psi = nn.Conv2d(gate, width, 1), nn.Conv2d(width, 1, 1)

    def forward(self, x: Tensor, gate: Tensor) -> Tensor:
        attention = torch.sigmoid(self.psi(F.relu(self.theta(x) + self.phi(gate))))
        return x * F.interpolate(attention, scale_factor=2, mode="bilinear")


class SelfAttention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(self.query(x), self.key(x), self.value(x))

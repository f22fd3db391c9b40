"""Networks for images, written anew in the way that people write them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from importer_corpus import case, floats


class BasicBlock(nn.Module):
    def __init__(self, inplanes, planes, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(inplanes, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = None
        if stride != 1 or inplanes != planes:
            self.downsample = nn.Sequential(nn.Conv2d(inplanes, planes, 1, stride, bias=False), nn.BatchNorm2d(planes))

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


@case(floats(3, 32, 32))
class ResNet18(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = self._stage(width, width, 1)
        self.layer2 = self._stage(width, 2 * width, 2)
        self.layer3 = self._stage(2 * width, 4 * width, 2)
        self.layer4 = self._stage(4 * width, 8 * width, 2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(8 * width, 10)

    def _stage(self, inplanes, planes, stride):
        return nn.Sequential(BasicBlock(inplanes, planes, stride), BasicBlock(planes, planes))

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


class DoubleConv(nn.Sequential):
    def __init__(self, a, b):
        super().__init__(
            nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU(), nn.Conv2d(b, b, 3, padding=1), nn.ReLU()
        )


@case(floats(1, 24, 20))
class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.ModuleList([DoubleConv(1, 4), DoubleConv(4, 8)])
        self.middle = DoubleConv(8, 16)
        self.up = nn.ModuleList([nn.ConvTranspose2d(16, 8, 2, 2), nn.ConvTranspose2d(8, 4, 2, 2)])
        self.join = nn.ModuleList([DoubleConv(16, 8), DoubleConv(8, 4)])
        self.head = nn.Conv2d(4, 2, 1)

    def forward(self, x):
        skips = []
        for step in self.down:
            x = step(x)
            skips.append(x)
            x = F.max_pool2d(x, 2)
        x = self.middle(x)
        for up, join, skip in zip(self.up, self.join, reversed(skips), strict=True):
            x = join(torch.cat([skip, up(x)], dim=1))
        return self.head(x)


class SqueezeExcite(nn.Module):
    def __init__(self, channels, reduced=4):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(channels, reduced, 1), nn.Conv2d(reduced, channels, 1)

    def forward(self, x):
        scale = x.mean((2, 3), keepdim=True)
        return x * self.fc2(F.silu(self.fc1(scale))).sigmoid()


@case(floats(8, 8, 8), quick=True)
class SeBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.se = SqueezeExcite(8)

    def forward(self, x):
        return self.se(x) + x


class InvertedResidual(nn.Module):
    def __init__(self, inp, out, stride, expand):
        super().__init__()
        self.use_res = stride == 1 and inp == out
        hidden = inp * expand
        self.conv = nn.Sequential(
            nn.Conv2d(inp, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.ReLU6(inplace=True),
            nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False), nn.BatchNorm2d(hidden), nn.ReLU6(inplace=True),
            nn.Conv2d(hidden, out, 1, bias=False), nn.BatchNorm2d(out),
        )  # fmt: skip

    def forward(self, x):
        return x + self.conv(x) if self.use_res else self.conv(x)


@case(floats(3, 16, 16))
class MobileNet(nn.Module):
    def __init__(self):
        super().__init__()
        settings = [(8, 8, 1, 2), (8, 12, 2, 3), (12, 12, 1, 3)]
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), *(InvertedResidual(*s) for s in settings))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(12, 5))

    def forward(self, x):
        x = self.features(x)
        x = F.adaptive_avg_pool2d(x, (1, 1)).reshape(x.shape[0], -1)
        return self.classifier(x)


class DenseLayer(nn.Module):
    def __init__(self, channels, growth):
        super().__init__()
        self.norm, self.conv = nn.BatchNorm2d(channels), nn.Conv2d(channels, growth, 3, padding=1)

    def forward(self, features):
        return self.conv(F.relu(self.norm(torch.cat(features, 1))))


@case(floats(4, 10, 10))
class DenseNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(DenseLayer(4 + 3 * i, 3) for i in range(4))

    def forward(self, x):
        features = [x]
        for layer in self.layers:
            features.append(layer(features))
        return torch.cat(features, 1)


@case(floats(6, 9, 9))
class Inception(nn.Module):
    def __init__(self):
        super().__init__()
        self.b1 = nn.Conv2d(6, 4, 1)
        self.b3 = nn.Sequential(nn.Conv2d(6, 3, 1), nn.ReLU(), nn.Conv2d(3, 4, 3, padding=1))
        self.b5 = nn.Sequential(nn.Conv2d(6, 2, 1), nn.ReLU(), nn.Conv2d(2, 4, 5, padding=2))
        self.pool = nn.Conv2d(6, 4, 1)

    def forward(self, x):
        pooled = F.avg_pool2d(x, kernel_size=3, stride=1, padding=1)
        return torch.cat([self.b1(x), self.b3(x), self.b5(x), self.pool(pooled)], 1)


@case(floats(12))
class DcganGenerator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(12, 16, 4, 1, 0, bias=False), nn.BatchNorm2d(16), nn.ReLU(True),
            nn.ConvTranspose2d(16, 8, 4, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(True), nn.ConvTranspose2d(8, 1, 4, 2, 1), nn.Tanh(),
        )  # fmt: skip

    def forward(self, z):
        return self.main(z[:, :, None, None])


@case(floats(1, 16, 16))
class DcganDiscriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(nn.Conv2d(1, 8, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True), nn.Conv2d(8, 16, 4, 2, 1),
                                  nn.BatchNorm2d(16), nn.LeakyReLU(0.2, inplace=True), nn.Conv2d(16, 1, 4))  # fmt: skip

    def forward(self, x):
        return self.main(x).view(-1, 1).squeeze(1)


@case(floats(1, 12, 12), floats(1, 12, 12))
class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(400, 8))

    def forward(self, left, right):
        a, b = self.encoder(left), self.encoder(right)
        return F.pairwise_distance(a, b), F.cosine_similarity(a, b)


@case(floats(1, 8, 8), floats(1, 8, 8), floats(1, 8, 8))
class Triplet(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.BatchNorm1d(16), nn.Tanh())

    def forward(self, anchor, positive, negative):
        a, p, n = (F.normalize(self.embed(x), dim=1) for x in (anchor, positive, negative))
        return {"distances": {"near": (a - p).pow(2).sum(1), "far": (a - n).pow(2).sum(1)}, "anchor": a}


@case(floats(1, 8, 8))
class VariationalAutoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(64, 32)
        self.mu, self.logvar = nn.Linear(32, 4), nn.Linear(32, 4)
        self.dec = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 64), nn.Sigmoid())

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        return mu + torch.randn_like(std) * std

    def forward(self, x):
        h = F.relu(self.enc(x.view(x.size(0), 64)))
        mu, logvar = self.mu(h), self.logvar(h)
        return self.dec(self.reparameterize(mu, logvar)).view_as(x), mu, logvar


@case(floats(9, 5, 5))
class SuperResolution(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.shuffle = nn.Conv2d(9, 12, 3, padding="same"), nn.PixelShuffle(2)

    def forward(self, x):
        up = F.interpolate(x[:, :3], scale_factor=2, mode="bilinear", align_corners=False)
        return torch.clamp(self.shuffle(self.conv(x)) + up, 0, 1)


@case(floats(3, 8, 8))
class VisionTransformer(nn.Module):
    def __init__(self, dim=16, depth=2, heads=2):
        super().__init__()
        self.patch = nn.Conv2d(3, dim, 4, 4)
        self.cls = nn.Parameter(torch.randn(1, 1, dim) * 0.02)
        self.pos = nn.Parameter(torch.randn(1, 5, dim) * 0.02)
        self.drop = nn.Dropout(0.1)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(dim, heads, 32, 0.0, "gelu", batch_first=True, norm_first=True)
            for _ in range(depth)
        )
        self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, 10)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat((self.cls.expand(x.shape[0], -1, -1), x), dim=1)
        x = self.drop(x + self.pos)
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x)[:, 0])


class LayerNorm2d(nn.LayerNorm):
    def forward(self, x):
        x = x.permute(0, 2, 3, 1)
        x = F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)


@case(floats(4, 8, 8))
class ConvNext(nn.Module):
    def __init__(self):
        super().__init__()
        self.dwconv = nn.Conv2d(4, 4, 7, padding=3, groups=4)
        self.norm = LayerNorm2d(4)
        self.pw1, self.act, self.pw2 = nn.Linear(4, 16), nn.GELU(), nn.Linear(16, 4)
        self.gamma = nn.Parameter(1e-2 * torch.ones(4))

    def forward(self, x):
        y = self.norm(self.dwconv(x)).permute(0, 2, 3, 1)
        y = self.gamma * self.pw2(self.act(self.pw1(y)))
        return x + y.permute(0, 3, 1, 2)


@case(floats(6, 6, 6))
class ShuffleUnit(nn.Module):
    def __init__(self):
        super().__init__()
        self.branch = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1, groups=3), nn.BatchNorm2d(3), nn.ReLU())

    def shuffle(self, x, groups=2):
        b, c, h, w = x.size()
        return x.view(b, groups, c // groups, h, w).transpose(1, 2).contiguous().view(b, -1, h, w)

    def forward(self, x):
        left, right = x.chunk(2, dim=1)
        return self.shuffle(torch.cat((left, self.branch(right)), 1))


@case(floats(2, 9, 9), own_code=2)
class SpatialTransformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.loc = nn.Sequential(nn.Flatten(), nn.Linear(162, 6))
        nn.init.zeros_(self.loc[1].weight)
        self.loc[1].bias.data.copy_(torch.tensor([1.0, 0, 0, 0, 1, 0]))

    def forward(self, x):
        theta = self.loc(x).view(-1, 2, 3)
        return F.grid_sample(x, F.affine_grid(theta, x.size(), align_corners=False), align_corners=False)


@case(floats(3, 12, 12))
class FeaturePyramid(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c2 = nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 8, 3, 2, 1)
        self.l1, self.l2 = nn.Conv2d(4, 6, 1), nn.Conv2d(8, 6, 1)
        self.smooth = nn.Conv2d(6, 6, 3, padding=1)

    def forward(self, x):
        f1 = F.relu(self.c1(x))
        f2 = F.relu(self.c2(f1))
        p2 = self.l2(f2)
        p1 = self.l1(f1) + F.interpolate(p2, size=f1.shape[-2:], mode="nearest")
        return [self.smooth(p1), self.smooth(p2)]


@case(floats(2, 8, 8), own_code=2)
class CoordConv(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 3, 3)

    def forward(self, x):
        b, _, h, w = x.shape
        rows = torch.linspace(-1, 1, h, device=x.device).view(1, 1, h, 1).expand(b, 1, h, w)
        cols = torch.linspace(-1, 1, w).view(1, 1, 1, w).expand(b, -1, h, -1)
        return self.conv(torch.cat([x, rows, cols], 1))


@case(floats(1, 6, 6))
class Segmenter(nn.Module):
    def __init__(self):
        super().__init__()
        self.pool, self.unpool = nn.MaxPool2d(2, return_indices=True), nn.MaxUnpool2d(2)
        self.a, self.b = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 2, 3, padding=1)

    def forward(self, x):
        x, places = self.pool(self.a(x))
        return F.log_softmax(self.b(self.unpool(x, places)), dim=1)


@case(floats(4, 6, 6))
class InstanceStyle(nn.Module):
    def __init__(self):
        super().__init__()
        self.norms = nn.ModuleDict({"inst": nn.InstanceNorm2d(4, affine=True), "group": nn.GroupNorm(2, 4)})
        self.prelu = nn.PReLU(4)
        self.pads = nn.Sequential(nn.ReflectionPad2d(1), nn.ZeroPad2d((1, 0, 2, 0)))

    def forward(self, x):
        return self.pads(self.prelu(self.norms["inst"](x)) + self.norms["group"](x))


@case(floats(3, 4, 5, 5))
class Video(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv3d(3, 4, (3, 1, 1), padding=(1, 0, 0))
        self.frame = nn.Conv2d(4, 2, 3)

    def forward(self, x):
        x = self.conv(x)
        b, c, t, h, w = x.shape
        y = self.frame(x.transpose(1, 2).reshape(b * t, c, h, w))
        return y.view(b, t, 2, h - 2, w - 2).mean(dim=1)

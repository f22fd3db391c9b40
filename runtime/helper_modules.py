"""The small modules of the data path and of decoders, as generated source defines them: name -> the text of the class.

Random numbers come from PyTorch's generator, some for each sample of a batch, and only in training.
"""

from __future__ import annotations

from collections.abc import Mapping

_NORMALIZE = '''\
class Normalize(nn.Module):
    """(x - mean) / std for each channel. What is not given is measured on the training part before a run."""

    def __init__(self, channels, mean=None, std=None):
        super().__init__()
        self.measures_mean, self.measures_std = mean is None, std is None
        self.register_buffer("mean", torch.zeros(channels) + torch.tensor(0.0 if mean is None else mean))
        self.register_buffer("std", torch.zeros(channels) + torch.tensor(1.0 if std is None else std))

    def forward(self, x):
        shape = (1, -1) + (1,) * (x.ndim - 2)
        return (x - self.mean.reshape(shape)) / self.std.reshape(shape)
'''

_CENTER_CROP = '''\
class CenterCrop(nn.Module):
    """The middle of images; what is smaller gets a border of zeros."""

    def __init__(self, size):
        super().__init__()
        self.size = size

    def forward(self, x):
        down, right = self.size[0] - x.shape[2], self.size[1] - x.shape[3]
        return nn.functional.pad(x, (-(-right // 2), right // 2, -(-down // 2), down // 2))
'''

_RANDOM_CROP = '''\
class RandomCrop(nn.Module):
    """A part of each image at random, after a border of zeros is added; the middle outside training."""

    def __init__(self, size=None, padding=0):
        super().__init__()
        self.size, self.padding = size, padding

    def forward(self, x):
        height, width = self.size if self.size else x.shape[2:]
        x = nn.functional.pad(x, (self.padding,) * 4)
        bottom, right = x.shape[2] - height, x.shape[3] - width
        if self.training:
            top = torch.randint(0, bottom + 1, (x.shape[0], 1, 1, 1), device=x.device)
            left = torch.randint(0, right + 1, (x.shape[0], 1, 1, 1), device=x.device)
            rows = top + torch.arange(height, device=x.device).reshape(1, 1, -1, 1)
            columns = left + torch.arange(width, device=x.device)
            x = x.gather(2, rows.expand(-1, x.shape[1], -1, x.shape[3]))
            return x.gather(3, columns.expand(-1, x.shape[1], height, -1))
        return x[:, :, bottom // 2:bottom // 2 + height, right // 2:right // 2 + width]
'''


def _flip(name: str, way: str, dim: int) -> str:
    return f'''\
class {name}(nn.Module):
    """Mirrors a share of the images {way}."""

    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if self.training:
            chosen = torch.rand(x.shape[0], 1, 1, 1, device=x.device) < self.p
            return torch.where(chosen, x.flip({dim}), x)
        return x
'''


_ROTATION = '''\
class RandomRotation(nn.Module):
    """Turns each image by an angle of its own, up to so many degrees to both sides; zeros come in at the corners."""

    def __init__(self, degrees):
        super().__init__()
        self.degrees = degrees

    def forward(self, x):
        if self.training:
            angle = (torch.rand(x.shape[0], device=x.device) * 2 - 1) * self.degrees * torch.pi / 180
            stretch, zero = x.shape[2] / x.shape[3], torch.zeros_like(angle)
            first = torch.stack([angle.cos(), -angle.sin() * stretch, zero], 1)
            second = torch.stack([angle.sin() / stretch, angle.cos(), zero], 1)
            grid = nn.functional.affine_grid(torch.stack([first, second], 1), x.shape, align_corners=False)
            return nn.functional.grid_sample(x, grid.to(x.dtype), align_corners=False)
        return x
'''

_RESIZED_CROP = '''\
class RandomResizedCrop(nn.Module):
    """A part of each image, at least a share `scale` of its area, brought to one size; the whole image outside training."""

    def __init__(self, scale, ratio, size=None):
        super().__init__()
        self.scale, self.ratio, self.size = scale, ratio, size

    def forward(self, x):
        size = self.size if self.size else x.shape[2:]
        if self.training:
            area = self.scale + (1 - self.scale) * torch.rand(x.shape[0], device=x.device)
            skew = self.ratio ** (torch.rand_like(area) - 0.5)
            width, height = (area.sqrt() * skew).clamp(max=1.0), (area.sqrt() / skew).clamp(max=1.0)
            left, top = (torch.rand_like(area) * 2 - 1) * (1 - width), (torch.rand_like(area) * 2 - 1) * (1 - height)
            zero = torch.zeros_like(area)
            first, second = torch.stack([width, zero, left], 1), torch.stack([zero, height, top], 1)
            grid = nn.functional.affine_grid(torch.stack([first, second], 1), (*x.shape[:2], *size), align_corners=False)
            return nn.functional.grid_sample(x, grid.to(x.dtype), padding_mode="border", align_corners=False)
        return x if x.shape[2:] == size else nn.functional.interpolate(x, size=size, mode="bilinear", antialias=True)
'''

# Factors, mixtures and the clamp after each as torchvision defines them, always in this order; gray is that of ITU-R BT.601.
# Hue: Smith, "Color gamut transform pairs" (1978); back to RGB as v - v s max(0, min(k, 4 - k, 1)), k = (n + 6 h) mod 6.
_JITTER = '''\
class ColorJitter(nn.Module):
    """Varies brightness, contrast, saturation and hue of each image by factors of its own; for numbers from 0 to 1."""

    def __init__(self, brightness, contrast, saturation, hue):
        super().__init__()
        self.brightness, self.contrast, self.saturation, self.hue = brightness, contrast, saturation, hue

    def forward(self, x):
        if self.training:
            light, clear, color, turn = (torch.rand(4, x.shape[0], 1, 1, 1, device=x.device) * 2 - 1).unbind()
            x = (x * (1 + self.brightness * light)).clamp(0.0, 1.0)
            x = self.blend(x, self.gray(x).mean(dim=(1, 2, 3), keepdim=True), self.contrast * clear)
            if x.shape[1] == 3:
                x = self.blend(x, self.gray(x), self.saturation * color)
                x = self.turned(x, self.hue * turn) if self.hue else x
        return x

    def gray(self, x):
        return 0.2989 * x[:, :1] + 0.587 * x[:, 1:2] + 0.114 * x[:, 2:3] if x.shape[1] == 3 else x

    def blend(self, x, other, amount):
        return (other + (x - other) * (1 + amount)).clamp(0.0, 1.0)

    def turned(self, x, turn):
        red, green, blue = x.unbind(1)
        value, spread = x.amax(dim=1), x.amax(dim=1) - x.amin(dim=1)
        some = torch.where(spread > 0, spread, 1.0)
        hue = torch.where(value == green, 2 + (blue - red) / some, 4 + (red - green) / some)
        hue = torch.where(value == red, (green - blue) / some, hue) + 6 * turn.squeeze(1)
        k = torch.stack([(5 + hue) % 6, (3 + hue) % 6, (1 + hue) % 6], dim=1)
        return value.unsqueeze(1) - spread.unsqueeze(1) * torch.minimum(k, 4 - k).clamp(0.0, 1.0)
'''

_GAUSSIAN = '''\
class GaussianNoise(nn.Module):
    """Adds random numbers of a deviation while training."""

    def __init__(self, std):
        super().__init__()
        self.std = std

    def forward(self, x):
        return x + self.std * torch.randn_like(x) if self.training else x
'''

_CUTOUT = '''\
class Cutout(nn.Module):
    """Sets a square of each image to 0; its middle lies anywhere in the image (DeVries and Taylor, 2017)."""

    def __init__(self, size):
        super().__init__()
        self.size = size

    def forward(self, x):
        if self.training:
            y = torch.randint(0, x.shape[2], (x.shape[0], 1, 1, 1), device=x.device) - self.size // 2
            z = torch.randint(0, x.shape[3], (x.shape[0], 1, 1, 1), device=x.device) - self.size // 2
            rows = torch.arange(x.shape[2], device=x.device).reshape(1, 1, -1, 1)
            columns = torch.arange(x.shape[3], device=x.device)
            inside = (rows >= y) * (rows < y + self.size) * (columns >= z) * (columns < z + self.size)
            return x.masked_fill(inside, 0.0)
        return x
'''

_ERASING = '''\
class RandomErasing(nn.Module):
    """Fills a rectangle of a share `p` of the images with noise (Zhong et al., 2017)."""

    def __init__(self, p, smallest, largest, ratio):
        super().__init__()
        self.p, self.smallest, self.largest, self.ratio = p, smallest, largest, ratio

    def forward(self, x):
        if self.training:
            chance = torch.rand(x.shape[0], 1, 1, 1, device=x.device)
            area = self.smallest + (self.largest - self.smallest) * torch.rand_like(chance)
            skew = self.ratio ** (torch.rand_like(chance) - 0.5)
            height, width = (area.sqrt() * skew).clamp(max=1.0) * x.shape[2], (area.sqrt() / skew).clamp(max=1.0) * x.shape[3]
            top, left = torch.rand_like(chance) * (x.shape[2] - height), torch.rand_like(chance) * (x.shape[3] - width)
            rows = torch.arange(x.shape[2], device=x.device).reshape(1, 1, -1, 1)
            columns = torch.arange(x.shape[3], device=x.device)
            inside = (rows >= top) * (rows < top + height) * (columns >= left) * (columns < left + width) * (chance < self.p)
            return torch.where(inside, torch.randn_like(x), x)
        return x
'''

_MIXUP = '''\
class MixUp(nn.Module):
    """Mixes each sample with another one, and their classes alike (Zhang et al., 2018); shares of Beta(alpha, alpha)."""

    def __init__(self, classes, alpha):
        super().__init__()
        self.classes, self.alpha = classes, alpha

    def forward(self, x, label=None):
        shares = None if label is None else nn.functional.one_hot(label, self.classes).to(x.dtype)
        if self.training:
            other = torch.randperm(x.shape[0], device=x.device)
            alpha = torch.full((x.shape[0],), self.alpha, device=x.device)
            part = torch.distributions.Beta(alpha, alpha, validate_args=False).sample().to(x.dtype).unsqueeze(1)
            each = part.reshape(-1, *(1,) * (x.ndim - 1))
            x = each * x + (1 - each) * x[other]
            if label is not None:
                shares = part * shares + (1 - part) * shares[other]
        return x, shares
'''

_CUTMIX = '''\
class CutMix(nn.Module):
    """Puts a rectangle of another image into each, and mixes their classes by area (Yun et al., 2019)."""

    def __init__(self, classes, alpha):
        super().__init__()
        self.classes, self.alpha = classes, alpha

    def forward(self, x, label=None):
        shares = None if label is None else nn.functional.one_hot(label, self.classes).to(x.dtype)
        if self.training:
            other = torch.randperm(x.shape[0], device=x.device)
            alpha = torch.full((x.shape[0], 1, 1, 1), self.alpha, device=x.device)
            half = (1 - torch.distributions.Beta(alpha, alpha, validate_args=False).sample()).sqrt() / 2
            y, z = torch.rand_like(half) * x.shape[2], torch.rand_like(half) * x.shape[3]
            rows = torch.arange(x.shape[2], device=x.device).reshape(1, 1, -1, 1) + 0.5
            columns = torch.arange(x.shape[3], device=x.device) + 0.5
            inside = ((rows - y).abs() < half * x.shape[2]) * ((columns - z).abs() < half * x.shape[3])
            x = torch.where(inside, x[other], x)
            if label is not None:
                part = 1 - inside.to(x.dtype).mean(dim=(1, 2, 3)).unsqueeze(1)
                shares = part * shares + (1 - part) * shares[other]
        return x, shares
'''

_TEACHER_FORCING = '''\
class TeacherForcing(nn.Module):
    """The token that a decoder reads next: of a share of the samples the teacher's in training, else the best by their own scores.
    The token `begin`, with which sequences begin, is always taken. The share is `ratio`, or goes from there to `final_ratio` over
    the batches i = 0, 1, ... (scheduled sampling: Bengio et al., 2015, section 2.4), with n = `decay_batches`: linear as 1 - i / n,
    exponential as exp(-i / n), inverse sigmoid as n / (n + exp(i / n))."""

    def __init__(self, ratio, begin, decay="constant", final_ratio=0.0, decay_batches=1000):
        super().__init__()
        self.ratio, self.begin = ratio, begin
        self.decay, self.final_ratio, self.decay_batches = decay, final_ratio, decay_batches
        if decay != "constant":
            self.register_buffer("batches", torch.zeros((), dtype=torch.int64))

    def share(self):
        if self.decay == "constant":
            return self.ratio
        passed = (self.batches - 1) / self.decay_batches
        if self.decay == "linear":
            left = (1 - passed).clamp(min=0)
        elif self.decay == "exponential":
            left = (-passed).exp()
        else:
            left = self.decay_batches / (self.decay_batches + passed.exp())
        return self.final_ratio + (self.ratio - self.final_ratio) * left

    def forward(self, teacher, scores):
        led = teacher == self.begin
        if self.training:
            if self.decay != "constant":
                self.batches.add_(led.any())
            led = torch.logical_or(led, torch.rand(teacher.shape[0], device=teacher.device) < self.share())
        return torch.where(led, teacher, scores.argmax(1))
'''

MODULES: Mapping[str, str] = {
    "Normalize": _NORMALIZE,
    "CenterCrop": _CENTER_CROP,
    "RandomCrop": _RANDOM_CROP,
    "RandomHorizontalFlip": _flip("RandomHorizontalFlip", "left to right", 3),
    "RandomVerticalFlip": _flip("RandomVerticalFlip", "top to bottom", 2),
    "RandomRotation": _ROTATION,
    "RandomResizedCrop": _RESIZED_CROP,
    "ColorJitter": _JITTER,
    "GaussianNoise": _GAUSSIAN,
    "Cutout": _CUTOUT,
    "RandomErasing": _ERASING,
    "MixUp": _MIXUP,
    "CutMix": _CUTMIX,
    "TeacherForcing": _TEACHER_FORCING,
}

"""The nodes of the data path compute what NumPy computes sample by sample from the same random numbers."""

from __future__ import annotations

import colorsys
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from graph.catalog import CATALOG
from graph.catalog.augmentation import MODULES
from runtime.compiler import execute
from runtime.helpers import HELPERS

SEED = 5
GRAY, COLOR = (6, 1, 7, 9), (6, 3, 8, 6)
RANDOM = {
    "RandomCrop": {"padding": 2},
    "RandomHorizontalFlip": {},
    "RandomVerticalFlip": {},
    "RandomRotation": {"degrees": 40.0},
    "RandomResizedCrop": {"scale": 0.3, "ratio": 1.5},
    "ColorJitter": {"brightness": 0.4, "contrast": 0.3, "saturation": 0.5, "hue": 0.2},
    "GaussianNoise": {"std": 0.3},
    "Cutout": {"size": 3},
    "RandomErasing": {"p": 1.0, "smallest": 0.1, "largest": 0.4, "ratio": 2.0},
}


def made(name: str, *args: Any, **settings: Any) -> nn.Module:
    """The module as generated source defines it, in training mode."""
    space: Any = execute(f"import torch\nfrom torch import nn\n\n\n{HELPERS[name]}")
    return space[name](*args, **settings).train()


def images(shape: tuple[int, ...] = COLOR) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(1))


def seeded(module: nn.Module, *inputs: Tensor) -> Any:
    torch.manual_seed(SEED)
    return module(*inputs)


# ---- in general


def test_every_random_node_is_in_this_table():
    fixed = {"Normalize", "CenterCrop", "MixUp", "CutMix"}
    assert {f"layerloom.{name}" for name in RANDOM.keys() | fixed} == MODULES


@pytest.mark.parametrize("shape", [GRAY, COLOR], ids=["gray", "color"])
@pytest.mark.parametrize("name", RANDOM)
def test_a_random_node_varies_each_sample_by_itself_and_only_in_training(name, shape):
    module = made(name, **RANDOM[name])
    same = images(shape)[:1].expand(40, *shape[1:]).contiguous()
    before = same.clone()
    varied = seeded(module, same)
    assert torch.equal(same, before)  # the data itself stays
    assert torch.equal(varied, seeded(module, same))
    assert varied.shape == same.shape and varied.dtype == same.dtype
    assert len({tuple(sample.flatten().tolist()) for sample in varied}) > (1 if "Flip" in name else 8)
    state = torch.get_rng_state()
    assert torch.equal(module.eval()(same), same)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("name", RANDOM)
def test_gradients_flow_through(name):
    x = images().requires_grad_()
    seeded(made(name, **RANDOM[name]), x).square().sum().backward()
    assert x.grad is not None and torch.isfinite(x.grad).all() and x.grad.abs().sum() > 0


@pytest.mark.parametrize(("name", "dim"), [("RandomHorizontalFlip", 3), ("RandomVerticalFlip", 2)])
def test_flips(name, dim):
    x = images((1000, 1, 2, 3))
    assert torch.equal(made(name, p=0.0)(x), x)
    assert torch.equal(made(name, p=1.0)(x), x.flip(dim))
    varied = seeded(made(name, p=0.3), x)
    torch.manual_seed(SEED)
    chosen = torch.rand(1000) < 0.3
    assert torch.equal(varied[chosen], x.flip(dim)[chosen]) and torch.equal(varied[~chosen], x[~chosen])
    many = (
        torch.arange(2.0).expand(50_000, 1, 2, 2)
        if dim == 3
        else torch.arange(2.0).reshape(2, 1).expand(50_000, 1, 2, 2)
    )
    assert float((seeded(made(name, p=0.3), many) != many).float().mean()) == pytest.approx(
        0.3, abs=0.01
    )  # 5 deviations


# ---- what moves


def test_random_crop_cuts_out_of_the_padded_image():
    x = images()
    cut = seeded(made("RandomCrop", size=(5, 4), padding=2), x)
    torch.manual_seed(SEED)
    top, left = torch.randint(0, 8, (6, 1, 1, 1)).flatten(), torch.randint(0, 7, (6, 1, 1, 1)).flatten()
    padded = np.pad(x.numpy(), ((0, 0), (0, 0), (2, 2), (2, 2)))
    for i, (t, w) in enumerate(zip(top, left, strict=True)):
        assert np.array_equal(cut[i].numpy(), padded[i, :, t : t + 5, w : w + 4])


def test_random_crop_reaches_every_place_and_takes_the_middle_afterwards():
    x = torch.arange(16.0).reshape(1, 1, 4, 4).expand(2000, 1, 4, 4)
    cut = seeded(made("RandomCrop", size=(2, 3), padding=0), x)
    places, counts = cut[:, 0, 0, 0].unique(return_counts=True)
    assert places.tolist() == [0, 1, 4, 5, 8, 9]
    assert counts.min() > 2000 / 6 - 70 and counts.max() < 2000 / 6 + 70  # a deviation of 16.7
    assert torch.equal(made("RandomCrop", size=(2, 2), padding=3).eval()(x[:1]), x[:1, :, 1:3, 1:3])


def test_center_crop_takes_the_middle_and_pads_what_is_smaller():
    x = images()
    assert torch.equal(made("CenterCrop", (4, 3))(x), x[:, :, 2:6, 1:4])
    wide = made("CenterCrop", (4, 9))(x)
    assert torch.equal(wide[..., 2:8], x[:, :, 2:6]) and not wide[..., :2].any() and not wide[..., 8:].any()


def bilinear(image: np.ndarray, y: float, x: float, *, edge: bool) -> np.ndarray:
    """The value between pixels; beyond them 0, or the nearest pixel."""
    height, width = image.shape[1:]
    if edge:
        y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    top, left = int(np.floor(y)), int(np.floor(x))
    value = np.zeros(len(image))
    for row, down in ((top, 1 - (y - top)), (top + 1, y - top)):
        for column, right in ((left, 1 - (x - left)), (left + 1, x - left)):
            if 0 <= row < height and 0 <= column < width:
                value += down * right * image[:, row, column]
    return value


def test_rotation_turns_around_the_middle():
    x = images()
    turned = seeded(made("RandomRotation", 60.0), x).numpy()
    torch.manual_seed(SEED)
    angles = np.radians((torch.rand(6).double().numpy() * 2 - 1) * 60)
    for i, angle in enumerate(angles):
        for r in range(8):
            for c in range(6):
                y, z = r - 3.5, c - 2.5
                source = np.sin(angle) * z + np.cos(angle) * y + 3.5, np.cos(angle) * z - np.sin(angle) * y + 2.5
                assert turned[i, :, r, c] == pytest.approx(bilinear(x[i].numpy(), *source, edge=False), abs=1e-5)


def test_a_rotation_by_a_right_angle_is_exact(monkeypatch):
    x = images((3, 3, 6, 6))
    monkeypatch.setattr(torch, "rand", lambda *sizes, device=None: torch.ones(*sizes))
    assert torch.allclose(made("RandomRotation", 90.0)(x), x.rot90(1, (2, 3)), atol=1e-5)


@pytest.mark.parametrize("size", [None, (5, 11)])
def test_resized_crop_reads_a_part_of_the_image(size):
    x = images()
    got = seeded(made("RandomResizedCrop", scale=0.2, ratio=1.5, size=size), x).numpy()
    torch.manual_seed(SEED)
    area, skew = 0.2 + 0.8 * torch.rand(6).double(), 1.5 ** (torch.rand(6).double() - 0.5)
    width, height = (area.sqrt() * skew).clamp(max=1).numpy(), (area.sqrt() / skew).clamp(max=1).numpy()
    left, top = (
        (torch.rand(6).double().numpy() * 2 - 1) * (1 - width),
        (torch.rand(6).double().numpy() * 2 - 1) * (1 - height),
    )
    rows, columns = size or (8, 6)
    for i in range(6):
        y0, x0 = 4 * (1 + top[i] - height[i]), 3 * (1 + left[i] - width[i])  # the corner of the part in pixels
        assert 0 <= y0 <= 8 and y0 + 8 * height[i] <= 8 + 1e-6
        for r in range(rows):
            for c in range(columns):
                y, z = y0 + (r + 0.5) * 8 * height[i] / rows - 0.5, x0 + (c + 0.5) * 6 * width[i] / columns - 0.5
                assert got[i, :, r, c] == pytest.approx(bilinear(x[i].numpy(), y, z, edge=True), abs=1e-5)


# ---- what changes numbers


def test_color_jitter_is_that_of_torchvision_in_its_order():
    x = images()
    got = seeded(made("ColorJitter", brightness=0.6, contrast=0.5, saturation=0.9, hue=0.4), x).numpy()
    torch.manual_seed(SEED)
    light, clear, color, turn = (torch.rand(4, 6, 1, 1, 1) * 2 - 1).double().reshape(4, 6).numpy()
    for i in range(6):
        image = np.clip(x[i].double().numpy() * (1 + 0.6 * light[i]), 0, 1)
        gray = np.tensordot([0.2989, 0.587, 0.114], image, 1)
        image = np.clip((1 + 0.5 * clear[i]) * image - 0.5 * clear[i] * gray.mean(), 0, 1)
        gray = np.tensordot([0.2989, 0.587, 0.114], image, 1)
        image = np.clip((1 + 0.9 * color[i]) * image - 0.9 * color[i] * gray, 0, 1)
        for r in range(8):
            for c in range(6):
                hue, saturation, value = colorsys.rgb_to_hsv(*image[:, r, c])
                wanted = colorsys.hsv_to_rgb((hue + 0.4 * turn[i]) % 1.0, saturation, value)
                assert got[i, :, r, c] == pytest.approx(wanted, abs=2e-5)


def test_color_jitter_by_nothing_changes_nothing_and_gray_stays_gray():
    x = images()
    still = made("ColorJitter", brightness=0.0, contrast=0.0, saturation=0.0, hue=0.0)
    assert torch.allclose(still(x), x, atol=1e-6)
    gray = x[:, :1].expand(-1, 3, -1, -1)
    turned = seeded(made("ColorJitter", brightness=0.0, contrast=0.0, saturation=1.0, hue=0.5), gray)
    assert torch.allclose(turned, gray, atol=2e-4)  # the weights of gray add up to 0.9999


def test_gaussian_noise_has_its_deviation():
    noise = seeded(made("GaussianNoise", std=0.25), torch.zeros(100, 50, 20))
    assert abs(float(noise.mean())) < 0.004 and float(noise.std()) == pytest.approx(0.25, abs=0.003)
    x = torch.rand(4, 3)
    assert torch.equal(made("GaussianNoise", std=0.0)(x), x)


def test_cutout_clears_one_square():
    x = images() + 1
    got = seeded(made("Cutout", 3), x).numpy()
    torch.manual_seed(SEED)
    y, z = (
        torch.randint(0, 8, (6, 1, 1, 1)).flatten().numpy() - 1,
        torch.randint(0, 6, (6, 1, 1, 1)).flatten().numpy() - 1,
    )
    for i in range(6):
        wanted = x[i].numpy().copy()
        wanted[:, max(y[i], 0) : y[i] + 3, max(z[i], 0) : z[i] + 3] = 0
        assert np.array_equal(got[i], wanted)


def test_random_erasing_fills_a_rectangle_of_some_images_with_noise():
    x = torch.full((2000, 1, 30, 30), 9.0)
    assert torch.equal(made("RandomErasing", p=0.0, smallest=0.1, largest=0.2, ratio=3.3)(x), x)
    got = seeded(made("RandomErasing", p=0.4, smallest=0.1, largest=0.2, ratio=3.3), x)
    erased = (got != 9.0)[:, 0]
    changed = erased.flatten(1).any(1)
    assert 800 - 110 < int(changed.sum()) < 800 + 110  # a deviation of 22
    shapes = []
    for mask in erased[changed]:
        rows, columns = mask.any(1).sum(), mask.any(0).sum()
        assert mask.sum() == rows * columns  # one rectangle
        shapes.append((int(rows), int(columns)))
    shares = np.array([r * c / 900 for r, c in shapes])
    assert shares.min() > 0.06 and shares.max() < 0.25 and shares.mean() == pytest.approx(0.15, abs=0.01)
    assert max(r / c for r, c in shapes) < 4.2 and min(r / c for r, c in shapes) > 1 / 4.2
    filled = got[:, 0][erased]
    assert float(filled.mean()) == pytest.approx(0, abs=0.02) and float(filled.std()) == pytest.approx(1, abs=0.02)


# ---- what mixes


def test_mixup_mixes_images_and_classes_by_the_same_shares():
    x, label = images(), torch.tensor([0, 1, 2, 2, 1, 3])
    got, shares = seeded(made("MixUp", classes=4, alpha=0.7), x, label)
    torch.manual_seed(SEED)
    other, alpha = torch.randperm(6), torch.full((6,), 0.7)
    part = torch.distributions.Beta(alpha, alpha).sample().numpy()
    for i in range(6):
        p = part[i]
        assert np.allclose(got[i], p * x[i].numpy() + (1 - p) * x[other[i]].numpy(), atol=1e-6)
        assert np.allclose(shares[i], p * np.eye(4)[label[i]] + (1 - p) * np.eye(4)[label[other[i]]], atol=1e-6)
    assert len(set(part.tolist())) == 6


def test_the_shares_of_mixup_are_those_of_beta():
    x, label = torch.arange(20_000.0).unsqueeze(1), torch.arange(20_000) % 2
    _, shares = seeded(made("MixUp", classes=2, alpha=0.5), x, label)
    mixed = shares[(shares > 0).all(1)]
    own = mixed.max(1).values
    assert torch.allclose(shares.sum(1), torch.ones(20_000), atol=1e-6)
    assert float((own - 0.5).square().mean()) == pytest.approx(1 / 8, abs=0.004)  # 1 / (4 (2 alpha + 1))


def test_cutmix_mixes_the_classes_by_the_area_of_the_part():
    x, label = torch.arange(50.0).reshape(50, 1, 1, 1).expand(50, 2, 9, 7).contiguous(), torch.arange(50)
    got, shares = seeded(made("CutMix", classes=50, alpha=1.0), x, label)
    torch.manual_seed(SEED)
    other = torch.randperm(50)
    for i in range(50):
        own = (got[i, 0] == i).float().mean()
        if other[i] != i:
            assert torch.all((got[i] == i) | (got[i] == float(other[i])))
            assert float(shares[i, i]) == pytest.approx(float(own), abs=1e-6)
            assert float(shares[i, other[i]]) == pytest.approx(1 - float(own), abs=1e-6)
    assert 0.2 < float((got != x).float().mean()) < 0.44  # 0.32: E[(l - l² / 4)²] of squares with l² even in 0..1


@pytest.mark.parametrize("name", ["MixUp", "CutMix"])
def test_what_mixes_gives_whole_classes_afterwards_and_needs_no_label_then(name):
    x, label = images(), torch.tensor([0, 1, 2, 2, 1, 3])
    module = made(name, classes=4, alpha=1.0).eval()
    same, shares = module(x, label)
    assert torch.equal(same, x) and torch.equal(shares, torch.eye(4)[label])
    assert module(x)[0] is x and module(x)[1] is None


def test_help_and_synonyms_name_the_transform_that_people_know():
    for type_id in MODULES:
        assert CATALOG[type_id].help.endswith(".") and CATALOG[type_id].synonyms

"""What pages say beyond the figures of their runs: a classifier's view of made digits, what pix2pix is better than, made data."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from graph import files
from graph.model import Node
from runtime import examples, guides
from runtime.data import BUILTINS, load, prepare
from runtime.predict import Trained, load_trained, predict_batch
from runtime.training.loop import train
from runtime.training.sample_metrics import coverage, density

sys.path.append(str(Path(__file__).resolve().parents[2] / "tools"))
import make_shapes
import make_strips


def trained(name: str, folder: Path) -> Trained:
    """An example, after its training."""
    for _ in train(files.load(examples.path(name)), runs=folder / name, watch=False):
        pass
    (run,) = (folder / name).iterdir()
    return load_trained(run)


def asked(network: Trained, x: Tensor) -> Tensor:
    """What a network with one input gives for it."""
    return predict_batch(network, {network.compiled.inputs[0]: x})[0]


def inception_score(chances: Tensor) -> float:
    """exp of the mean divergence of the probabilities from their mean (Salimans et al., 2016, section 4)."""
    return float((chances * (chances.log() - chances.mean(0).log())).sum(1).mean().exp())


@pytest.mark.slow
def test_a_classifier_finds_every_digit_among_those_of_the_gan(tmp_path):
    """Noise and digits with their pixels in another order show that the classifier can tell the difference."""
    judge, maker = trained("mlp_digits", tmp_path), trained("gan_digits", tmp_path)
    torch.manual_seed(0)
    made = asked(maker, torch.zeros(1000, 1, 8, 8))  # which counts the samples, no more
    real = prepare(judge.compiled.project).test.head(360)[0]
    order = torch.randperm(64)
    others = torch.rand(1000, 1, 8, 8), real.flatten(1)[:, order].view_as(real)
    chances, of_real, *of_others = (asked(judge, x).double().softmax(1) for x in (made, real, *others))
    confidence, kinds = chances.max(1)
    assert made.shape == (1000, 1, 8, 8)
    assert torch.bincount(kinds, minlength=10).min() >= 10
    assert confidence.mean() > 0.8
    assert inception_score(chances) > 5
    assert inception_score(of_real) > 8
    assert max(map(inception_score, of_others)) < 3


@pytest.mark.parametrize(
    ("name", "covered", "near"), [("gan_points", 0.97, 1.0), ("wgan_gp_points", 0.97, 1.0), ("gan_digits", 0.98, 1.1)]
)
def test_what_real_samples_would_reach(name, covered, near):
    data = prepare(files.load(examples.path(name)))
    real = data.test.head(data.test.count)[0].double().flatten(1)
    others = data.train.head(data.test.count)[0].double().flatten(1)
    assert round(coverage(others, real, 5), 2) == covered
    assert density(others, real, 5) == pytest.approx(near, abs=0.05)
    assert f"{covered:g} and {near:g}" in guides.guide(name).text


def test_the_mean_image_is_as_far_off_as_the_page_says():
    data = prepare(files.load(examples.path("pix2pix_shapes")))
    (_, known), (_, wanted) = (part.head(part.count) for part in (data.train, data.test))
    error = wanted - known.mean(0)
    text = guides.guide("pix2pix_shapes").text
    assert f"has {error.abs().mean():.3f} and {error.square().mean().sqrt():.3f}" in text
    claims = {claim.figure: claim.value for claim in guides.guide("pix2pix_shapes").claims}
    assert claims["mean_absolute_error"] < 0.4 * float(error.abs().mean())
    assert f"at least {-20 * np.log10(claims['root_mean_squared_error']):.1f} dB" in text


def test_the_shapes_that_ship_are_those_that_the_program_makes():
    loaded = load(Node("n1", BUILTINS["shapes"].node_type, "shapes", {"source": "builtin:shapes"}))
    made = make_shapes.pairs()
    arrays = loaded.store.read(np.arange(loaded.samples))
    assert (
        np.abs(arrays["input"] - made["input"] / np.float32(255)).max() <= 1 / 255 + 1e-6
    )  # cos and sin differ between machines
    assert np.abs(arrays["target"] - made["target"].astype(np.float32)).max() <= 1 / 63 + 1e-3
    assert arrays["input"].shape == (1000, 1, 32, 32) and arrays["target"].shape == (1000, 3, 32, 32)


def test_the_strips_that_ship_are_those_that_the_program_makes():
    loaded = load(Node("n1", BUILTINS["strips"].node_type, "strips", {"source": "builtin:strips"}))
    digits = np.load(BUILTINS["digits"].path)
    made = make_strips.strips(digits["image"].astype(np.float64), digits["label"])
    arrays = loaded.store.read(np.arange(loaded.samples))
    assert np.array_equal(arrays["input"], made["input"] / np.float32(255))
    assert np.array_equal(arrays["target"], made["target"])


def test_the_parts_of_an_ordered_split_of_the_strips_share_no_digit():
    numbers = np.arange(1797)
    images = np.ones((len(numbers), 8, 8))  # below its first line each says its number in bits
    images[:, 1:3] = (numbers[:, None] >> np.arange(16) & 1).reshape(-1, 2, 8)
    strips = make_strips.strips(images, numbers % 10)["input"][:, 0] > 0
    pools = [set(), set(), set()]
    for strip, pool in zip(strips, (pools[0],) * 1400 + (pools[1],) * 200 + (pools[2],) * 400, strict=True):
        bits = strip[1:3, strip[0]].reshape(2, -1, 8).transpose(1, 0, 2).reshape(-1, 16)
        pool.update((bits @ (1 << np.arange(16))).tolist())
    assert not pools[0] & pools[1] and not pools[0] & pools[2] and not pools[1] & pools[2]
    assert len(set.union(*pools)) > 1700

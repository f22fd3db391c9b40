"""Of many samples the first are kept, some of every cell of the confusion, and the worst mistakes; each with its own picture."""

from __future__ import annotations

import numpy as np
import torch

from runtime.training.kept_samples import FIRST, MAX_SIDE, PER_CELL, WORST, KeptSamples

COUNT, CLASSES = 3000, 4


def taken(kept: KeptSamples, answers: list, inputs: torch.Tensor, *, size: int = 70):
    for start in range(0, len(answers), size):
        kept.take(answers[start : start + size], inputs[start : start + size])
    return kept.samples(range(1000, 1000 + len(answers)))


def test_classes():
    rng = np.random.default_rng(0)
    target = rng.integers(0, CLASSES, COUNT)
    guess = np.where(rng.random(COUNT) < 0.2, rng.integers(0, CLASSES, COUNT), target)
    chance = rng.random(COUNT)
    answers = list(zip(target.tolist(), guess.tolist(), chance.tolist(), strict=True))
    pictures = torch.arange(COUNT).view(-1, 1, 1, 1).expand(-1, 1, 2, 2) / COUNT
    samples = taken(KeptSamples(are_classes=True), answers, pictures)
    numbers = [sample.number for sample in samples]
    assert numbers == sorted(numbers) and set(range(FIRST)) <= set(numbers)
    wrong = np.flatnonzero(target != guess)
    worst = wrong[np.argsort(-chance[wrong])[:WORST]]
    assert set(worst.tolist()) <= set(numbers)
    for true in range(CLASSES):
        for said in range(CLASSES):
            cell = np.flatnonzero((target == true) & (guess == said)).tolist()
            assert set(cell[:PER_CELL]) <= set(numbers)
    assert len(numbers) <= FIRST + WORST + PER_CELL * CLASSES**2
    for sample in samples:
        assert (sample.target, sample.prediction, sample.confidence) == answers[sample.number]
        assert sample.index == 1000 + sample.number
        assert np.array_equal(sample.image, np.full((2, 2), np.float32(sample.number / COUNT)))


def test_numbers():
    rng = np.random.default_rng(1)
    target, guess = rng.standard_normal((2, COUNT))
    guess[7], guess[2000] = np.nan, target[2000]
    answers = [(t, g, None) for t, g in zip(target.tolist(), guess.tolist(), strict=True)]
    samples = taken(KeptSamples(are_classes=False), answers, torch.zeros(COUNT, 5))
    error = np.nan_to_num(np.abs(target - guess))
    assert {s.number for s in samples} == set(range(FIRST)) | set(np.argsort(-error)[:WORST].tolist())
    assert all(sample.image is None for sample in samples)


def test_large_pictures_are_kept_small():
    pictures = torch.rand(2, 3, 300, 200)
    samples = taken(KeptSamples(are_classes=True), [(0, 0, 0.5), (1, 1, 0.5)], pictures)
    assert [sample.image.shape for sample in samples] == [(MAX_SIDE, 43, 3)] * 2
    assert abs(samples[0].image.mean() - pictures[0].mean().item()) < 0.01

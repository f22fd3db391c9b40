"""The split of the samples into training, validation and test part, the same for the same seed."""

from __future__ import annotations

import math

import numpy as np

from graph.messages import DataError, msg
from graph.plan import Split


def split(samples: int, shares: Split, *, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices of the training, validation and test samples, in shuffled order. By hand:

        order = np.random.default_rng(seed).permutation(samples)
        train, validation, test = np.split(order, np.cumsum(sizes(samples, shares))[:2])

    Raises:
        DataError: the shares or the seed make no sense, or there are too few samples for them.
    """
    if seed < 0:
        raise DataError(msg("The seed {seed} is below 0. Choose 0 or a larger whole number.", seed=seed))
    train, validation, _ = sizes(samples, shares)
    order = np.random.default_rng(seed).permutation(samples)
    return order[:train], order[train : train + validation], order[train + validation :]


def sizes(samples: int, shares: Split) -> tuple[int, int, int]:
    """How many samples the three parts get: rounded, at least one where the share is not 0, the rest for training.

    Raises:
        DataError: the shares are no shares, or there are fewer samples than parts.
    """
    wanted = (shares.train, shares.validation, shares.test)
    if not all(0 <= share <= 1 for share in wanted) or not math.isclose(sum(wanted), 1, abs_tol=1e-6):
        raise DataError(
            msg(
                "The split {train:g} / {validation:g} / {test:g} is not a whole. "
                "The shares of training, validation and test must add up to 1.",
                train=shares.train,
                validation=shares.validation,
                test=shares.test,
            )
        )
    if shares.train == 0:
        raise DataError(msg("The split leaves no samples to train on. Give the training part a share."))
    parts = sum(share > 0 for share in wanted)
    if samples < parts:
        raise DataError(
            msg(
                "{samples} samples cannot be split into {parts} parts. Add samples, or set a share to 0.",
                samples=samples,
                parts=parts,
            )
        )
    validation, test = (max(1, round(samples * share)) if share else 0 for share in wanted[1:])
    while validation + test >= samples:
        validation, test = (validation - 1, test) if validation > test else (validation, test - 1)
    return samples - validation - test, validation, test

"""The split of the samples into training, validation and test part, the same for the same seed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from graph.messages import DataError, msg
from graph.plan import GIVEN, ORDERED, RANDOM, STRATIFIED, Split
from runtime.data.records import PARTS, TEST, TRAIN, VALIDATION, Loaded

Arrange = Callable[[np.ndarray], np.ndarray]  # puts numbers into an order


class Rows(NamedTuple):
    """The numbers of the samples in each part, in the order of the part."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Traits:
    """What a split may go by, each an entry a sample (see `Loaded`); `classes` are the names of the labels."""

    labels: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    groups: np.ndarray | None = None
    parts: np.ndarray | None = None


def traits_of(loaded: Iterable[Loaded]) -> Traits:
    """What the data of several nodes says for the split; of each trait, the first that there is."""
    found = list(loaded)
    labels, classes = next(((d.labels, d.classes) for d in found if d.labels is not None), (None, ()))
    groups, parts = (
        next((v for d in found if (v := getattr(d, key)) is not None), None) for key in ("groups", "parts")
    )
    return Traits(labels=labels, classes=classes, groups=groups, parts=parts)


def split(samples: int, shares: Split, *, seed: int, traits: Traits | None = None) -> Rows:
    """The rows of the training, validation and test part, by the method of `shares`.

    Samples of a group always stay together. The random split without groups, by hand:

        order = np.random.default_rng(seed).permutation(samples)
        train, validation, test = np.split(order, np.cumsum(sizes(samples, shares))[:2])

    Raises:
        DataError: the shares or the seed make no sense, there are too few samples for them, or the method does not fit
            the data.
    """
    if seed < 0:
        raise DataError(msg("The seed {seed} is below 0. Choose 0 or a larger whole number.", seed=seed))
    traits = traits or Traits()
    if traits.groups is not None and _would_tear(traits.groups, shares.method):
        raise DataError(
            msg(
                "A split in this way would tear groups of samples apart. Split at random, or choose no column under 'split_by'."
            )
        )
    return _METHODS[shares.method](samples, shares, np.random.default_rng(seed), traits)


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
    parts = _num_parts(shares)
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


def _num_parts(shares: Split) -> int:
    return sum(share > 0 for share in (shares.train, shares.validation, shares.test))


def _cut(order: np.ndarray, shares: Split) -> Rows:
    train, validation, _ = sizes(len(order), shares)
    return Rows(order[:train], order[train : train + validation], order[train + validation :])


def _random(samples: int, shares: Split, draw: np.random.Generator, traits: Traits) -> Rows:
    if traits.groups is not None:
        return _grouped(samples, shares, draw.permutation, traits.groups)
    return _cut(draw.permutation(samples), shares)


def _would_tear(groups: np.ndarray, method: str) -> bool:
    """Whether samples of a group would come into different parts; one after the other they can stay in order."""
    return method == STRATIFIED or (method == ORDERED and bool((np.diff(groups) < 0).any()))


def _grouped(samples: int, shares: Split, arranged: Arrange, groups: np.ndarray) -> Rows:
    """Whole groups one after the other, cut where the parts come nearest to their sizes; at least one group a part."""
    _, numbers, counts = np.unique(groups, return_inverse=True, return_counts=True)
    wanted, parts = sizes(samples, shares), _num_parts(shares)
    if len(counts) < parts:
        raise DataError(
            msg(
                "The samples form {groups} groups, which cannot be split into {parts} parts. "
                "Add groups, set a share to 0, or choose no column under 'split_by'.",
                groups=len(counts),
                parts=parts,
            )
        )
    order = arranged(np.arange(len(counts)))
    ends = np.cumsum(counts[order])
    first = _nearest(ends, wanted[0], least=1, most=len(ends) - (wanted[1] > 0) - (wanted[2] > 0))
    most = len(ends) - (wanted[2] > 0)
    second = _nearest(ends, wanted[0] + wanted[1], least=first + 1, most=most) if wanted[1] else first
    second = second if wanted[2] else len(ends)
    part = np.full(len(counts), TEST)
    part[order[:first]], part[order[first:second]] = TRAIN, VALIDATION
    return Rows(*(arranged(np.flatnonzero(part[numbers] == kind)) for kind in PARTS))


def _nearest(ends: np.ndarray, size: int, *, least: int, most: int) -> int:
    """After how many groups their samples are nearest to a number."""
    return int(np.argmin(np.abs(ends - size)[least - 1 : most])) + least


def _stratified(samples: int, shares: Split, draw: np.random.Generator, traits: Traits) -> Rows:
    """The classes strewn evenly over one sequence, each with its first sample in front, which is then cut.

    Sample k (in random order) of the n of its class stands at k / n, so each class has the shares of the whole to within a
    sample, and one in training.
    """
    if traits.labels is None:
        raise DataError(
            msg("A stratified split needs classes, and this data has none that it could go by. Choose another split.")
        )
    counts = np.bincount(traits.labels)
    lonely = np.flatnonzero(counts == 1)
    if len(lonely) and _num_parts(shares) > 1:
        raise DataError(
            msg(
                "The class '{name}' has a single sample, which cannot be in training and test alike. "
                "Add samples of it, or choose a random split.",
                name=traits.classes[lonely[0]] if traits.classes else lonely[0],
            )
        )
    train, _, _ = sizes(samples, shares)
    if train < np.count_nonzero(counts):
        raise DataError(
            msg(
                "The training part would have {samples} samples for {classes} classes. Give it a larger share.",
                samples=train,
                classes=int(np.count_nonzero(counts)),
            )
        )
    order = draw.permutation(samples)
    by_class = np.argsort(traits.labels[order], kind="stable")
    sorted_labels = traits.labels[order][by_class]
    ranks = np.arange(samples) - (np.cumsum(counts) - counts)[sorted_labels]
    places = np.argsort(ranks / counts[sorted_labels], kind="stable")
    return Rows(*(draw.permutation(part) for part in _cut(order[by_class][places], shares)))


def _ordered(samples: int, shares: Split, draw: np.random.Generator, traits: Traits) -> Rows:
    if traits.groups is not None:
        return _grouped(samples, shares, np.asarray, traits.groups)
    return _cut(np.arange(samples), shares)


def _given(samples: int, shares: Split, draw: np.random.Generator, traits: Traits) -> Rows:
    if traits.parts is None:
        raise DataError(
            msg(
                "The data does not say itself how it is split. Choose a column of 'train', 'validation' and 'test' "
                "under 'split_by', put it into folders of these names, or choose another split."
            )
        )
    rows = Rows(*(np.flatnonzero(traits.parts == part) for part in PARTS))
    if not len(rows.train):
        raise DataError(
            msg("The split that the data itself has leaves no samples to train on. Call some of them 'train'.")
        )
    return rows


_METHODS: Mapping[str, Callable[[int, Split, np.random.Generator, Traits], Rows]] = {
    RANDOM: _random,
    STRATIFIED: _stratified,
    ORDERED: _ordered,
    GIVEN: _given,
}

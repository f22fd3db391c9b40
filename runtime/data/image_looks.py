"""What a person can look at of images: some of every class, how many there are, and figures about each channel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from runtime.data.looks import PICTURES, class_counts, picture
from runtime.data.records import Arrays, ColumnLook, Loaded, Look

MEASURED, MEASURED_BYTES = 256, 64 * 2**20  # images, evenly over all of them, and how much they may take
BINS = 20
CHANNELS = {1: ("gray",), 3: ("red", "green", "blue")}


def look_at_images(values: Mapping[str, Any], loaded: Loaded, samples: Arrays) -> Look:
    """The first images; where they lie class by class, as many of each. The figures are of at most `MEASURED` images."""
    labels = loaded.labels
    rows = np.arange(min(PICTURES, loaded.samples))
    if labels is not None and (labels[:-1] <= labels[1:]).all():
        rows = first_of_each(labels, PICTURES)
    shown = loaded.store.read(rows)
    return Look(
        pictures=tuple(picture(image) for image in shown["image"]),
        captions=tuple(loaded.classes[label] for label in shown["label"].tolist()),
        counts=class_counts(loaded),
        columns=_figures(loaded),
        broken=loaded.broken,
    )


def first_of_each(labels: np.ndarray, count: int) -> np.ndarray:
    """`count` rows (fewer where there are not so many) in order, taken in turn from the classes."""
    by_class = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels)
    ranks = np.empty(len(labels), np.int64)
    ranks[by_class] = np.arange(len(labels)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.sort(np.lexsort((labels, ranks))[:count])


def _figures(loaded: Loaded) -> tuple[ColumnLook, ...]:
    channels, *_ = shape = loaded.outputs["image"].shape
    count = min(loaded.samples, MEASURED, max(1, MEASURED_BYTES // (4 * math.prod(shape))))
    rows = np.linspace(0, loaded.samples - 1, count).astype(np.int64)
    images = loaded.store.read(rows)["image"]
    return tuple(_column(name, images[:, place]) for place, name in enumerate(CHANNELS[channels]))


def _column(name: str, values: np.ndarray) -> ColumnLook:
    least, most = float(values.min()), float(values.max())
    histogram, _ = np.histogram(values, BINS, (least, most))
    return ColumnLook(
        name=name, kind="number", least=least, most=most, mean=float(values.mean(dtype=np.float64)),
        deviation=float(values.std(dtype=np.float64)), histogram=tuple(histogram.tolist()),
    )  # fmt: skip

"""What a person can look at of data: the first samples as pictures, rows or points, and figures about all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from graph.messages import Message, msg
from runtime.data.records import Arrays, Loaded, Look
from runtime.data.sources import listed

PICTURES, ROWS = 24, 12  # how many samples are shown
TOLD = 5  # of what was left out
LARGE_CLASS = 0.8  # share of the samples
LEAST_SIDE = 4  # pixels of a slice, below which it is shown as numbers


def look_at_samples(values: Mapping[str, Any], loaded: Loaded, samples: Arrays) -> Look:
    """Pictures where the first port gives images, videos or volumes, else rows of numbers; a caption or last cell is the right
    answer.

    Args:
        samples: the first ones, as they leave the ports.
    """
    (first, inputs), *rest = samples.items()
    name, targets = rest[-1] if rest else ("", None)
    words = _words(loaded, targets)
    counts = class_counts(loaded)
    if (make := _picture_maker(inputs)) is not None:
        pictures = tuple(make(sample) for sample in inputs[:PICTURES])
        return Look(pictures=pictures, captions=words[: len(pictures)], counts=counts, broken=loaded.broken)
    flat = inputs[:ROWS].reshape(min(ROWS, len(inputs)), -1)
    names = loaded.columns or tuple(f"{first} {number}" for number in range(flat.shape[1]))
    rows = tuple((*map(shown_number, row), *words[n : n + 1]) for n, row in enumerate(flat.tolist()))
    header = (*names, *([name] if words else []))
    return Look(header=header, rows=rows, counts=counts, broken=loaded.broken)


def _picture_maker(inputs: np.ndarray) -> Callable[[np.ndarray], np.ndarray] | None:
    """What makes a picture of a sample: images and videos have 1 or 3 channels first, volumes may have none; None for numbers."""
    if inputs.ndim == 4 and inputs.shape[1] in (1, 3):
        return picture
    if inputs.ndim == 5 and inputs.shape[1] in (1, 3):
        return lambda sample: frames(_in_unit(sample))
    if inputs.ndim == 4 and min(inputs.shape[2:]) >= LEAST_SIDE:
        return _in_unit
    return None


def frames(sample: np.ndarray) -> np.ndarray:
    """C × T × H × W (1 or 3 channels, 0..1) as frames × height × width (× 3)."""
    pixels = sample.transpose(1, 2, 3, 0)
    return pixels[..., 0] if pixels.shape[3] == 1 else pixels


def _in_unit(sample: np.ndarray) -> np.ndarray:
    """Numbers in 0..1 as they are; others from the least to the largest of the sample."""
    values = sample.astype(np.float32)
    least, most = float(values.min()), float(values.max())
    return values if least >= 0 and most <= 1 else (values - least) / max(most - least, 1e-12)


def picture(sample: np.ndarray) -> np.ndarray:
    """C × H × W (1 or 3 channels) as height × width (× 3) in 0..1."""
    pixels = sample.clip(0, 1).transpose(1, 2, 0)
    return pixels[..., 0] if pixels.shape[2] == 1 else pixels


def class_counts(loaded: Loaded) -> tuple[tuple[str, int], ...]:
    """How many samples each class has."""
    if not loaded.classes or loaded.labels is None:
        return ()
    counts = np.bincount(loaded.labels, minlength=len(loaded.classes)).tolist()
    return tuple(zip(loaded.classes, counts, strict=True))


def notes_on(loaded: Loaded) -> tuple[Message, ...]:
    """What is worth knowing of classes: those without a sample, and by far the largest."""
    counts = class_counts(loaded)
    if blank := [name for name, count in counts if not count]:
        return (
            msg(
                "{count} of {classes} classes ({names}) have no sample. If the labels leave numbers out, count them 0, 1, 2, ….",
                count=len(blank),
                classes=len(counts),
                names=listed(blank, 5),
            ),
        )
    name, most = max(counts, key=lambda entry: entry[1], default=("", 0))
    if most <= LARGE_CLASS * loaded.samples:
        return ()
    return (
        msg(
            "{share:.1%} of the samples are of the class '{name}': who always answers that has as high an accuracy. Look at "
            "balanced accuracy or F1, and split so that classes keep their shares.",
            share=most / loaded.samples,
            name=name,
        ),
    )


def told_of(loaded: Loaded) -> tuple[Message, ...]:
    """What is told of data outside of the window: what was left out, the first `TOLD` one by one, and what is odd."""
    count = max(loaded.skipped, len(loaded.broken))
    more = (msg("… and others: {count:,} were left out in all.", count=count),) if len(loaded.broken) > TOLD else ()
    return (*loaded.broken[:TOLD], *more, *loaded.notes, *notes_on(loaded))


def shown_number(value: float) -> str:
    """A number as people read it: up to four digits, and all of those before the point."""
    if float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.0f}" if 1e3 <= abs(value) < 1e9 else f"{value:.4g}"


def _words(loaded: Loaded, targets: np.ndarray | None) -> tuple[str, ...]:
    """The right answers of samples in words."""
    if targets is None or (loaded.classes and targets.ndim > 1):
        return ()
    shown = targets.reshape(len(targets), -1)[:, 0].tolist()
    return tuple(loaded.classes[int(value)] if loaded.classes else shown_number(value) for value in shown)

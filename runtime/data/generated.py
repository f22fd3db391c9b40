"""Made-up data: the same parameters and seed make the same arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graph.messages import DataError, msg
from runtime.data import tables
from runtime.data.arrays import as_input, fingerprint_of, loaded_arrays, read_npz
from runtime.data.looks import class_counts, look_at_samples
from runtime.data.records import Arrays, Loaded, Look
from runtime.data.sources import Place

Values = Mapping[str, Any]
Points = tuple[np.ndarray, np.ndarray]  # N × 2, and the classes

MOST_POINTS, MOST_SHAPES = 1000, 24  # that are looked at
MOST_BYTES = 2**30  # of what is made
DIRECTIONS = ("right", "left", "down", "up")
SOLIDS = ("ball", "cube", "cross")


def read_points(place: Place, values: Values) -> Loaded:
    """Points (N × 2, float32) with classes (int64), in random order."""
    random = np.random.default_rng(values["seed"])
    points, labels = _SETS[values["set"]](values["samples"], values["classes"], random)
    points = points + random.normal(0, values["noise"], points.shape)
    order = random.permutation(len(points))
    arrays = {"point": points[order].astype(np.float32), "label": labels[order].astype(np.int64)}
    names = tuple(map(str, range(int(labels.max()) + 1)))
    return loaded_arrays(arrays, title=values["set"], fingerprint=fingerprint_of(arrays), classes=names)


def look_at_points(values: Values, loaded: Loaded, samples: Arrays) -> Look:
    """The first points in the plane."""
    seen = loaded.store.read(np.arange(min(MOST_POINTS, loaded.samples)))
    return Look(points=seen["point"], point_labels=seen["label"], counts=class_counts(loaded))


def read_points_input(values: Values, facts: Mapping[str, Any], path: Path) -> Arrays:
    """The columns x and y of a CSV file, for a trained model."""
    rows = tables.read_input({"missing": "refuse"}, {"columns": ["x", "y"]}, path)["features"]
    return {"point": rows.astype(np.float32)}


def read_series(place: Place, values: Values) -> Loaded:
    """Windows (N × T × 1, float32) and the value after each (N × 1); every sample is a series of its own."""
    random = np.random.default_rng(values["seed"])
    count, length = values["samples"], values["length"]
    _check_size(count * (length + 1))
    series = _SERIES[values["kind"]](count, length + 1, random)
    series = series + random.normal(0, values["noise"], series.shape)
    arrays = {"window": series[:, :-1, None].astype(np.float32), "target": series[:, -1:].astype(np.float32)}
    return loaded_arrays(arrays, title=values["kind"], fingerprint=fingerprint_of(arrays), classes=())


def read_shapes(place: Place, values: Values) -> Loaded:
    """Films or solids (N × 1 × T × H × W, float32 in 0..1) with their classes (int64)."""
    random = np.random.default_rng(values["seed"])
    moving = values["kind"] == "moving"
    names, draw = (DIRECTIONS, _film) if moving else (SOLIDS, _solid)
    labels = random.permutation(np.arange(values["samples"]) % len(names))
    shape = (values["frames"], values["size"], values["size"])
    _check_size(len(labels) * math.prod(shape))
    volumes = np.empty((len(labels), 1, *shape), np.float32)
    for number, label in enumerate(labels):
        volumes[number, 0] = (draw(int(label), shape, random) + random.normal(0, values["noise"], shape)).clip(0, 1)
    arrays = {"volume": volumes, "label": labels.astype(np.int64)}
    return loaded_arrays(arrays, title=values["kind"], fingerprint=fingerprint_of(arrays), classes=names)


def _check_size(numbers: int) -> None:
    if 4 * numbers > MOST_BYTES:
        raise DataError(
            msg("This much made-up data would take {size:.1f} GiB; up to {limit:.0f} GiB is made. Take fewer or smaller samples.",
                size=4 * numbers / 2**30, limit=MOST_BYTES / 2**30)
        )  # fmt: skip


def look_at_shapes(values: Values, loaded: Loaded, samples: Arrays) -> Look:
    """Films, frame by frame; solids, slice by slice."""
    seen = loaded.store.read(np.arange(min(MOST_SHAPES, loaded.samples)))
    pictures = tuple(volume[0] for volume in seen["volume"])
    captions = tuple(loaded.classes[label] for label in seen["label"])
    return Look(pictures=pictures, captions=captions, counts=class_counts(loaded))


def look_at_series(values: Values, loaded: Loaded, samples: Arrays) -> Look:
    """The first windows as rows of numbers."""
    flat = {"window": samples["window"][..., 0], "target": samples["target"]}
    return look_at_samples(values, loaded, flat)


def read_array_input(values: Values, facts: Mapping[str, Any], path: Path) -> Arrays:
    """The array of an `.npz` file that is called like the first output, for a trained model."""
    name = next(iter(facts["outputs"]))
    array = as_input(read_npz(path, {name: (name, "input", "x")})[name], name, path)
    wanted = tuple(facts["outputs"][name]["shape"])
    if array.shape[1:] != wanted:
        raise DataError(
            msg("'{file}': a sample of '{name}' has the shape {found}, but the network takes {wanted}. Reshape it.",
                file=path.name, name=name, found=array.shape[1:], wanted=wanted)
        )  # fmt: skip
    return {name: array}


# ---- points


def _moons(count: int, classes: int, random: np.random.Generator) -> Points:
    labels = np.arange(count) % 2
    angle = random.uniform(0, np.pi, count)
    upper = np.stack([np.cos(angle), np.sin(angle)], 1)
    lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], 1)
    return np.where(labels[:, None] == 0, upper, lower), labels


def _circles(count: int, classes: int, random: np.random.Generator) -> Points:
    labels = np.arange(count) % 2
    angle, radius = random.uniform(0, 2 * np.pi, count), np.where(labels == 0, 1.0, 0.5)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1), labels


def _spirals(count: int, classes: int, random: np.random.Generator) -> Points:
    labels = np.arange(count) % classes
    along = np.sqrt(random.uniform(0.02, 1, count))
    angle = 3 * np.pi * along + 2 * np.pi * labels / classes
    return 2 * along[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1), labels


def _blobs(count: int, classes: int, random: np.random.Generator) -> Points:
    labels, centers = np.arange(count) % classes, random.uniform(-3, 3, (classes, 2))
    return centers[labels] + random.normal(0, 0.4, (count, 2)), labels


def _ring(count: int, classes: int, random: np.random.Generator) -> Points:
    labels = np.arange(count) % classes
    angle = 2 * np.pi * labels / classes
    return 2 * np.stack([np.cos(angle), np.sin(angle)], 1), labels


def _checkerboard(count: int, classes: int, random: np.random.Generator) -> Points:
    points = random.uniform(-2, 2, (count, 2))
    return points, np.floor(points).astype(int).sum(1) % 2


def _xor(count: int, classes: int, random: np.random.Generator) -> Points:
    points = random.uniform(-1, 1, (count, 2))
    return points, (points.prod(1) > 0).astype(int)


def _swiss_roll(count: int, classes: int, random: np.random.Generator) -> Points:
    along = random.uniform(0, 1, count)
    angle = 1.5 * np.pi * (1 + 2 * along)
    return angle[:, None] / 7 * np.stack([np.cos(angle), np.sin(angle)], 1), (along > 0.5).astype(int)


_SETS: Mapping[str, Callable[[int, int, np.random.Generator], Points]] = {
    "two moons": _moons, "circles": _circles, "spirals": _spirals, "blobs": _blobs, "ring": _ring,
    "checkerboard": _checkerboard, "xor": _xor, "swiss roll": _swiss_roll,
}  # fmt: skip


# ---- series


def _waves(count: int, length: int, random: np.random.Generator) -> np.ndarray:
    """Sines of random phase and speed."""
    speed, phase = random.uniform(0.1, 0.5, (count, 1)), random.uniform(0, 2 * np.pi, (count, 1))
    return np.sin(speed * np.arange(length) + phase)


def _two_sines(count: int, length: int, random: np.random.Generator) -> np.ndarray:
    return (_waves(count, length, random) + _waves(count, length, random)) / 2


def _damped(count: int, length: int, random: np.random.Generator) -> np.ndarray:
    return _waves(count, length, random) * np.exp(-random.uniform(0.01, 0.1, (count, 1)) * np.arange(length))


def _square(count: int, length: int, random: np.random.Generator) -> np.ndarray:
    return np.sign(_waves(count, length, random))


def _walk(count: int, length: int, random: np.random.Generator) -> np.ndarray:
    return random.normal(0, 0.3, (count, length)).cumsum(1)


def _autoregressive(count: int, length: int, random: np.random.Generator) -> np.ndarray:
    """x[t] = 1.6 x[t-1] - 0.8 x[t-2] + noise, a stable resonance."""
    series, noise = np.zeros((count, length + 20)), random.normal(0, 0.2, (count, length + 20))
    for t in range(2, length + 20):
        series[:, t] = 1.6 * series[:, t - 1] - 0.8 * series[:, t - 2] + noise[:, t]
    return series[:, 20:]


_SERIES: Mapping[str, Callable[[int, int, np.random.Generator], np.ndarray]] = {
    "sine": _waves, "two sines": _two_sines, "damped": _damped, "square": _square, "random walk": _walk,
    "autoregressive": _autoregressive,
}  # fmt: skip


# ---- films and solids


def _film(direction: int, shape: tuple[int, int, int], random: np.random.Generator) -> np.ndarray:
    """A square of a quarter of the width that moves a pixel a frame and comes back at the other side."""
    frames, size, _ = shape
    side = max(2, size // 4)
    step = ((0, 1), (0, -1), (1, 0), (-1, 0))[direction]
    film, (y, x) = np.zeros(shape), random.integers(0, size, 2)
    for t in range(frames):
        rows = (y + t * step[0] + np.arange(side)) % size
        columns = (x + t * step[1] + np.arange(side)) % size
        film[t][np.ix_(rows, columns)] = 1.0
    return film


def _solid(kind: int, shape: tuple[int, int, int], random: np.random.Generator) -> np.ndarray:
    """A ball, a cube or a cross of a random size at a random place."""
    radius = min(shape) * random.uniform(0.2, 0.35)
    center = [random.uniform(radius, size - 1 - radius) if size - 1 > 2 * radius else (size - 1) / 2 for size in shape]
    away = np.stack([np.abs(axis - c) for axis, c in zip(np.indices(shape), center, strict=True)])
    if kind == 0:
        return (np.sqrt((away**2).sum(0)) <= radius).astype(float)
    if kind == 1:
        return (away.max(0) <= radius * 0.8).astype(float)
    thin = radius / 3
    return ((np.sort(away, 0)[1] <= thin) & (away.max(0) <= radius)).astype(float)

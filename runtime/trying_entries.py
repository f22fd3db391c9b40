"""What each data port of a network is entered by, from the type of its node and some of its training samples."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from torch import Tensor

from graph.catalog import CATALOG
from graph.messages import LayerloomError
from graph.model import Node, Port
from runtime.asked_samples import TRAIN, data_ports, part_of, sample_of
from runtime.data import tables
from runtime.data.loading import values_of
from runtime.data.sources import LABELED, PAIRS, POINTS, TABLE, TAGGED, TEXT
from runtime.own_random import OwnRandom
from runtime.predict import Trained
from runtime.trying import (
    LINE,
    PROMPT,
    SENTENCE,
    SOURCE,
    AnyEntry,
    ChoiceEntry,
    Column,
    FieldsEntry,
    NumbersEntry,
    PictureEntry,
    PlaneEntry,
    SampleEntry,
    TextEntry,
)
from runtime.trying_strokes import INK, measure

LOOKED_AT = 64  # training samples
SHOWN = 400  # points in the plane
MOST_COLUMNS, MOST_NUMBERS = 64, 512
EVEN = 0.15  # how far from the ground a level may be that belongs to it
_FORMS = {TEXT: PROMPT, LABELED: LINE, TAGGED: SENTENCE, PAIRS: SOURCE}


class Measured:
    """The first training samples, read when they are first wanted."""

    def __init__(self, trained: Trained) -> None:
        self._trained = trained
        self._rows: Mapping[Port, Tensor] | None = None

    def rows(self, port: Port, count: int = LOOKED_AT) -> np.ndarray | None:
        """The first samples at a port; None where the data cannot be read."""
        if self._rows is None:
            self._rows = self._read()
        found = self._rows.get(port)
        return None if found is None else found[:count].numpy()

    def _read(self) -> Mapping[Port, Tensor]:
        try:
            with OwnRandom(0):
                count = min(SHOWN if self._is_small() else LOOKED_AT, part_of(self._trained, TRAIN).count)
                return sample_of(self._trained, TRAIN, 0, count=count) if count else {}
        except LayerloomError:
            return {}  # it is asked without its data

    def _is_small(self) -> bool:
        specs = [self._trained.compiled.analysis.spec(port) for port in data_ports(self._trained)]
        return all(spec and prod(s for s in spec.shape if isinstance(s, int)) <= FEW_NUMBERS for spec in specs)


FEW_NUMBERS = 8  # of samples that many are looked at of


def entry_of(trained: Trained, port: Port, measured: Measured) -> AnyEntry:
    """What a data port is entered by."""
    node, spec = trained.compiled.project.graph.nodes[port.node], trained.compiled.analysis.spec(port)
    assert spec is not None
    known = CATALOG.get(node.type)
    kind = known.id if known is not None else ""
    shape = tuple(size for size in spec.shape[1:] if isinstance(size, int))
    named: dict[str, Any] = {"port": port, "name": node.name}
    if kind in _FORMS and spec.dtype == "int64" and shape and node.id in trained.statistics:
        return _text(node, kind, measured.rows(port))
    if kind == TABLE and port.name == "features" and shape[0] <= MOST_COLUMNS and node.id in trained.statistics:
        return FieldsEntry(**named, columns=_columns(trained, node))
    if kind == POINTS and shape == (2,):
        return _plane(named, measured, port)
    if spec.dtype == "int64" and not shape and spec.classes:
        names = (node.facts or {}).get("classes") or ()
        classes = tuple(map(str, names)) if isinstance(names, list | tuple) else ()
        whole = classes if len(classes) == spec.classes else tuple(map(str, range(spec.classes)))
        return ChoiceEntry(**named, names=whole)
    if spec.dtype == "float32" and len(shape) == 3 and shape[0] in (1, 3) and min(shape[1:]) > 1:
        return _picture(named, shape, measured.rows(port))
    if spec.dtype == "float32" and shape and prod(shape) == max(shape) <= MOST_NUMBERS:
        low, high = _range(measured.rows(port))
        return NumbersEntry(**named, count=max(shape), low=low, high=high)
    return SampleEntry(**named, shape=shape)


def _text(node: Node, kind: str, rows: np.ndarray | None) -> TextEntry:
    values, is_pairs = values_of(node), kind == PAIRS
    port = Port(node.id, {TEXT: "input", PAIRS: "source"}.get(kind, "tokens"))
    length = int(values["source_length" if is_pairs else "length"])
    return TextEntry(port=port, name=node.name, form=_FORMS[kind], length=length)


def _columns(trained: Trained, node: Node) -> tuple[Column, ...]:
    """The columns of a table; numbers start from the mean of training, words from the first one."""
    known = (node.facts or {}).get("columns")
    names = [str(name) for name in known] if isinstance(known, list | tuple) else None
    found = tables.current(trained.statistics[node.id], names)
    numbers = dict(zip(found["numbers"]["names"], found["numbers"]["fill"], strict=True))
    words = {entry["name"]: tuple(map(str, entry["words"])) for entry in found["words"]}
    return tuple(
        Column(name, float(f"{numbers[name]:.4g}"))
        if name in numbers
        else Column(name, words[name][0] if words[name] else "", words[name])
        for name in found["columns"]
    )


def _plane(named: Mapping[str, Any], measured: Measured, port: Port) -> PlaneEntry:
    points, labels = measured.rows(port, SHOWN), measured.rows(Port(port.node, "label"), SHOWN)
    if points is None or not len(points):
        return PlaneEntry(**named, low=(-2.0, -2.0), high=(2.0, 2.0))
    low, high = points.min(0), points.max(0)
    margin = 0.15 * (high - low).max()
    (left, bottom), (right, top) = (low - margin).tolist(), (high + margin).tolist()
    return PlaneEntry(**named, low=(left, bottom), high=(right, top), points=points, labels=labels)


def _range(rows: np.ndarray | None) -> tuple[float, float]:
    if rows is None or not rows.size:
        return -1.0, 1.0
    low, high = float(rows.min()), float(rows.max())
    margin = 0.1 * (high - low) or 1.0
    return low - margin, high + margin


def _picture(named: Mapping[str, Any], shape: tuple[int, ...], rows: np.ndarray | None) -> PictureEntry:
    """A picture, with what the training samples say of their ground and strokes."""
    channels, height, width = shape
    size = (channels, height, width)
    if rows is None or not len(rows):
        return PictureEntry(**named, shape=size)
    border = np.concatenate([rows[..., 0, :], rows[..., -1, :], rows[..., :, 0], rows[..., :, -1]], axis=-1)
    ground = float(np.median(border))
    is_even = float((np.abs(border - ground) < EVEN).mean()) > 0.75
    if not is_even or channels != 1 or 0.35 < ground < 0.65:
        return PictureEntry(**named, shape=size, ground=float(ground > 0.5), ink=float(ground <= 0.5))
    ground, ink = (0.0, 1.0) if ground < 0.5 else (1.0, 0.0)
    marks = np.abs(rows[:, 0] - ground)
    is_ink = marks > INK
    if not is_ink.any():
        return PictureEntry(**named, shape=size, ground=ground, ink=ink)
    extent = _extent(is_ink)
    stroke, grain = measure(marks, extent)
    return PictureEntry(
        **named,
        shape=size,
        ground=ground,
        ink=ink,
        extent=extent,
        stroke=stroke,
        grain=grain,
        by_mass=_is_by_mass(marks),
    )


def _extent(is_ink: np.ndarray) -> float:
    """How much of a side strokes take: the median of the larger share."""
    _, height, width = is_ink.shape
    tall, wide = is_ink.any(2).sum(1) / height, is_ink.any(1).sum(1) / width
    return float(np.clip(np.median(np.maximum(tall, wide)), 0.2, 1.0))


def _is_by_mass(marks: np.ndarray) -> bool:
    """Whether it is the middle of their ink, rather than that of the box around it, that is at one place in all pictures."""
    _, height, width = marks.shape
    spreads = np.zeros(2)
    for axis, size in ((2, height), (1, width)):
        ink, places = marks.sum(axis), np.arange(size)
        is_ink = np.any(marks > INK, axis=axis)
        seen = is_ink.any(1)
        first, last = is_ink.argmax(1), size - 1 - is_ink[:, ::-1].argmax(1)
        middles = ((ink @ places) / np.maximum(ink.sum(1), 1e-6), (first + last) / 2)
        spreads += [middle[seen].std() for middle in middles]
    return bool(spreads[0] < spreads[1])

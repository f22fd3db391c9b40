"""The records of the data room: what was read from a source, and the parts that a run trains and tests on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from graph.messages import DataError, Message
from graph.model import NodeId, Value

if TYPE_CHECKING:
    import numpy as np

    from runtime.data.parts import Part

CLASSIFICATION, REGRESSION = "classification", "regression"
TRAIN, VALIDATION, TEST = PARTS = (0, 1, 2)  # in `Loaded.parts`
PART_NAMES: Mapping[str, int] = {  # what people call them, in any case
    **dict.fromkeys(("train", "training"), TRAIN),
    **dict.fromkeys(("validation", "val", "valid", "dev"), VALIDATION),
    **dict.fromkeys(("test", "testing"), TEST),
}

MOST_BYTES = 512 * 2**20  # larger data is not read for a look only

Arrays = Mapping[str, "np.ndarray"]  # samples first
Statistics = Mapping[str, Any]  # what was measured on training samples, as JSON values


class Store(Protocol):
    """The raw samples of one source, as arrays by name. It goes to worker processes, so it can be pickled."""

    @property
    def count(self) -> int:
        """Number of samples."""
        ...

    @property
    def nbytes(self) -> int:
        """About how many bytes all samples take as tensors."""
        ...

    def read(self, rows: np.ndarray) -> Arrays:
        """The samples of these numbers, in this order; called with few of them where the data does not fit into memory.

        Raises:
            DataError: a sample cannot be read any more.
        """
        ...


@dataclass(frozen=True, eq=False, slots=True)
class ArrayStore:
    """Samples that are in memory."""

    arrays: Arrays

    @property
    def count(self) -> int:
        """Number of samples."""
        return len(next(iter(self.arrays.values())))

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return sum(array.nbytes for array in self.arrays.values())

    def read(self, rows: np.ndarray) -> Arrays:
        """The samples of these numbers, in this order."""
        return {name: array[rows] for name, array in self.arrays.items()}


Choice = tuple[str, Value]  # a parameter of a data node, and a value for it


class MendableError(DataError):
    """Data that a setting of its node would pass over or mend; `choices` are such settings."""

    def __init__(self, message: Message, *choices: Choice) -> None:
        super().__init__(message)
        self.choices = choices


@dataclass(frozen=True, slots=True)
class Output:
    """What leaves a port of a data node: the shape of a sample, its dtype ("float32", "int64"), and how many classes it counts."""

    shape: tuple[int, ...]
    dtype: str
    classes: int | None = None


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Loaded:
    """What a data node read, before anything was measured on it.

    `store` has the raw samples; the node's reader (`runtime.data.loading`) makes of them what leaves the ports, which
    `outputs` describes, with statistics of the training samples. `classes` are the names of the class indices, empty for
    regression; `columns` and `targets` the names of the columns of a table, and `categories` the different words of those
    that hold words.
    `fingerprint` identifies the content of the source, whatever the node's other parameters.

    For the split, each an entry a sample: `labels` (class indices) are what it may be stratified by; samples with equal
    `groups` stay together; `parts` (TRAIN, VALIDATION, TEST) is the split that the source itself has. `broken` says of
    rows or files that were skipped what is wrong with each, with its place; `skipped` counts all of them where that are more.
    `notes` are worth knowing, though nothing is wrong.
    """

    title: str
    fingerprint: str
    store: Store
    outputs: Mapping[str, Output]
    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    labels: np.ndarray | None = None
    groups: np.ndarray | None = None
    parts: np.ndarray | None = None
    broken: tuple[Message, ...] = ()
    skipped: int = 0
    notes: tuple[Message, ...] = ()

    @property
    def samples(self) -> int:
        """Number of samples."""
        return self.store.count

    @property
    def task(self) -> str:
        """ "classification" or "regression"."""
        return CLASSIFICATION if self.classes else REGRESSION

    def facts(self) -> dict[str, Any]:
        """What the data node remembers: JSON values only, shapes without the batch dimension."""
        return {
            "title": self.title,
            "samples": self.samples,
            "task": self.task,
            "outputs": {port: _output_facts(output) for port, output in self.outputs.items()},
            "classes": list(self.classes),
            "columns": list(self.columns),
            "fingerprint": self.fingerprint,
            **({"categories": {k: list(words) for k, words in self.categories.items()}} if self.categories else {}),
            **({"parts": [int((self.parts == part).sum()) for part in PARTS]} if self.parts is not None else {}),
            **({"groups": len(set(self.groups.tolist()))} if self.groups is not None else {}),
            **({"skipped": skipped} if (skipped := max(self.skipped, len(self.broken))) else {}),
        }


@dataclass(frozen=True, eq=False, slots=True)
class Prepared:
    """Everything that a run needs of the data.

    `statistics[node id]` holds what was measured on the training part only, as JSON values; `fingerprint` covers all
    data nodes; `notes` tell what is odd in them, or was left out.
    """

    train: Part
    validation: Part
    test: Part
    task: str
    classes: tuple[str, ...]
    fingerprint: str
    statistics: Mapping[NodeId, Statistics]
    notes: tuple[Message, ...] = ()

    @property
    def parts(self) -> tuple[Part, Part, Part]:
        """The training, validation and test part."""
        return self.train, self.validation, self.test


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnLook:
    """Figures of one column or channel: for numbers least, most, mean and deviation; how many are missing or different."""

    name: str
    kind: str  # "number", "category" or "text"
    missing: int = 0
    distinct: int | None = None
    least: float | None = None
    most: float | None = None
    mean: float | None = None
    deviation: float | None = None
    histogram: tuple[int, ...] = ()  # counts in equal steps from `least` to `most`


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Look:
    """What a person can look at of some data; what does not apply is empty.

    `pictures` are height × width (× 3) arrays in 0..1, or frames × height × width (× 3) for videos and volumes, with
    captions; `rows` cells in words under `header`; `texts` pairs of a text (pieces such as tokens joined by " · ") and what
    belongs to it; `points` N × 2 with `point_labels`. `counts` are samples a class, `columns` figures a column; `broken` says
    what was left out, `notes` what else is worth knowing.
    """

    pictures: tuple[np.ndarray, ...] = ()
    captions: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    points: np.ndarray | None = None
    point_labels: np.ndarray | None = None
    counts: tuple[tuple[str, int], ...] = ()
    columns: tuple[ColumnLook, ...] = ()
    broken: tuple[Message, ...] = ()
    notes: tuple[Message, ...] = ()


def outputs_of(arrays: Arrays, classes: int | None = None) -> dict[str, Output]:
    """The outputs that leave as they are in the arrays; the last one counts so many classes."""
    found = {name: Output(tuple(array.shape[1:]), tensor_dtype(array)) for name, array in arrays.items()}
    if classes:
        *_, last = found
        found[last] = Output(found[last].shape, found[last].dtype, classes)
    return found


def held_bytes(facts: Mapping[str, Any]) -> int:
    """The size in memory of data of which a node remembers these facts, at four bytes a number."""
    outputs = facts.get("outputs") or {}
    return 4 * int(facts.get("samples") or 0) * sum(math.prod(output["shape"]) for output in outputs.values())


def tensor_dtype(array: np.ndarray) -> str:
    """The dtype that the array has as a tensor: "float32" or "int64"."""
    return "float32" if array.dtype.kind == "f" else "int64"


def _output_facts(output: Output) -> dict[str, Any]:
    facts: dict[str, Any] = {"shape": list(output.shape), "dtype": output.dtype}
    return {**facts, "classes": output.classes} if output.classes else facts

"""Arrays from NumPy files: inputs and targets, samples first."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graph.messages import DataError, Message, msg
from runtime.data.arrays_files import check_counts, open_npy, open_npz, read_npz
from runtime.data.records import Arrays, ArrayStore, Loaded, Output, outputs_of
from runtime.data.rows import RowArray, RowFile, cached, in_pieces
from runtime.data.sources import MAX_CLASSES, Place, fingerprint, require_file

__all__ = [
    "as_floats",
    "as_input",
    "as_labels",
    "fingerprint_of",
    "loaded_arrays",
    "read_arrays",
    "read_input",
    "read_npz",
]

INPUT_NAMES, TARGET_NAMES = ("input", "x"), ("target", "y")  # in lower or upper case
CHANNELS_LAST = "channels last"
CHANNELS = (1, 3, 4)  # of pictures
_PIECE_BYTES = 2**24


@dataclass(frozen=True, eq=False, slots=True)
class FileStore:
    """Arrays that lie in files as they are; what is read of them is brought to the form of their ports."""

    arrays: Mapping[str, RowArray]
    channels_last: bool
    nbytes: int

    @property
    def count(self) -> int:
        """Number of samples."""
        return len(next(iter(self.arrays.values())))

    def read(self, rows: np.ndarray) -> Arrays:
        """The samples of these numbers, in this order."""
        return {name: as_port(array[rows], name, self.channels_last) for name, array in self.arrays.items()}


def read_arrays(place: Place, values: Mapping[str, Any]) -> Loaded:
    """An `.npz` file with an array of inputs and one of targets, samples first; or one `.npy` file of each.

    Bytes (uint8) become 0..1 and yes and no 1 and 0, other integers stay class indices or tokens. Integer targets are class
    indices (one a sample, N or N × 1, or one a pixel), floating ones regression targets; one number a sample
    becomes a column of its own (N × 1).
    With "channels last" the last dimension of inputs (and of floating targets) of three dimensions or more becomes the second.
    What is large stays in its file.

    Raises:
        DataError: a file is not such a file, or what is in it does not fit together.
    """
    found = _open(place, values)
    last = values.get("layout") == CHANNELS_LAST
    if not any(isinstance(array, RowFile) for array in found.values()):
        return _loaded_in_memory(place, found, last)
    key = json.dumps([[name, *_state(array)] for name, array in found.items()])
    with cached(key) as folder:
        about = _known(folder) or _look_through(found, place.path, folder)
    first = {name: as_port(array[:1], name, last) for name, array in found.items()}
    outputs = outputs_of(first)
    classes = tuple(map(str, range(about["classes"])))
    if classes:
        outputs["target"] = Output(outputs["target"].shape, "int64", len(classes))
    size = sum(len(found[name]) * array.nbytes for name, array in first.items())
    target = found.get("target")
    is_one = classes and target is not None and target.shape[1:] in ((), (1,))
    labels = target[:].astype(np.int64).reshape(-1) if target is not None and is_one else None
    return Loaded(
        title=place.title, fingerprint=about["fingerprint"], store=FileStore(found, last, size), outputs=outputs,
        classes=classes, labels=labels, notes=_notes(outputs["input"].shape, last),
    )  # fmt: skip


def read_input(values: Mapping[str, Any], facts: Mapping[str, Any], path: Path) -> Arrays:
    """The array `input` of an `.npz` file, or that of an `.npy` file, for a trained model.

    Raises:
        DataError: it is missing, or of another shape than the model was trained on.
    """
    npy = path.suffix.lower() == ".npy"
    raw = open_npy(path)[:] if npy else read_npz(path, {"input": INPUT_NAMES})["input"]
    check_counts({"input": raw}, path)
    as_input(raw, "input", path)
    array = as_port(raw, "input", values.get("layout") == CHANNELS_LAST)
    wanted = tuple(facts["outputs"]["input"]["shape"])
    if array.shape[1:] != wanted:
        raise DataError(
            msg(
                "'{file}': a sample of 'input' has the shape {found}, but the network takes {wanted}. Reshape it.",
                file=path.name,
                found=array.shape[1:],
                wanted=wanted,
            )
        )
    return {"input": array}


def as_port(array: np.ndarray, name: str, channels_last: bool) -> np.ndarray:
    """Raw samples (whose numbers were checked) as they leave the port `name`: "input", or "target"."""
    kind = array.dtype.kind
    if name == "input" and array.dtype == np.uint8:
        array = array.astype(np.float32) / np.float32(255)
    elif kind in "iu" or (kind == "b" and name != "input"):
        array = array.astype(np.int64)
    else:
        array = array.astype(np.float32)
    if name != "input" and kind in "iub":
        return array[:, 0] if array.shape[1:] == (1,) else array
    if channels_last and array.ndim > 2:
        return np.ascontiguousarray(np.moveaxis(array, -1, 1))
    return _column(array)


def loaded_arrays(arrays: Arrays, *, classes: tuple[str, ...], **more: Any) -> Loaded:
    """Samples in memory that leave their ports as they are; the last array holds the targets."""
    *_, targets = arrays.values()
    labels = targets if classes and targets.ndim == 1 else None
    return Loaded(
        store=ArrayStore(arrays), outputs=outputs_of(arrays, len(classes)), classes=classes, labels=labels, **more
    )


def as_input(array: np.ndarray, name: str, path: Path) -> np.ndarray:
    """An array as the input of a network: at least two dimensions, float32 or int64, finite."""
    return as_port(array, "input", False) if array.dtype.kind in "iub" else as_floats(array, name, path)


def as_labels(array: np.ndarray, name: str, path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """Class indices as int64, and the names of the classes: "0", "1", ...

    Raises:
        DataError: the labels are not whole numbers from 0 on.
    """
    if array.dtype.kind not in "iub":
        raise DataError(
            msg(
                "'{file}': the labels in '{name}' are not whole numbers. Store class indices 0, 1, 2, ... as integers.",
                file=path.name,
                name=name,
            )
        )
    return array.astype(np.int64), tuple(map(str, range(_num_classes(int(array.min()), int(array.max()), name, path))))


def as_floats(array: np.ndarray, name: str, path: Path) -> np.ndarray:
    """The array as float32 with at least two dimensions.

    Raises:
        DataError: a number in it is missing, infinite, or too large for 32 bits.
    """
    _require_numbers(array.dtype, name, path)
    with np.errstate(over="ignore"):
        values = array.astype(np.float32)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        raise _not_finite(name, int(bad[0][0]), len(bad), path)
    return _column(values)


def fingerprint_of(arrays: Mapping[str, np.ndarray]) -> str:
    """The fingerprint of arrays: names, dtypes, shapes and contents."""
    parts = ((f"{k} {a.dtype.str} {a.shape}\n".encode(), np.ascontiguousarray(a).data) for k, a in arrays.items())
    return fingerprint(chunk for part in parts for chunk in part)


def _open(place: Place, values: Mapping[str, Any]) -> dict[str, RowArray]:
    if place.path.suffix.lower() != ".npy":
        return open_npz(place.path, {"input": INPUT_NAMES, "target": TARGET_NAMES})
    found = {"input": open_npy(place.path)}
    if targets := str(values.get("targets") or "").strip():
        path = place.folder / targets
        require_file(path)
        found["target"] = open_npy(path)
    check_counts(found, place.path)
    return found


def _loaded_in_memory(place: Place, found: Mapping[str, RowArray], last: bool) -> Loaded:
    raw = {name: array[:] for name, array in found.items()}
    as_input(raw["input"], "input", place.path)
    arrays, classes = {"input": as_port(raw["input"], "input", last)}, ()
    if (target := raw.get("target")) is not None:
        if target.dtype.kind in "iub":
            labels, classes = as_labels(target, "target", place.path)
            arrays["target"] = as_port(labels, "target", last)
        else:
            as_floats(target, "target", place.path)
            arrays["target"] = as_port(target, "target", last)
    notes = _notes(arrays["input"].shape[1:], last)
    return loaded_arrays(arrays, title=place.title, fingerprint=fingerprint_of(raw), classes=classes, notes=notes)


def _notes(shape: tuple[int, ...], channels_last: bool) -> tuple[Message, ...]:
    """That the channels of a sample seem to come last, where nobody said so."""
    if channels_last or len(shape) < 3 or shape[-1] not in CHANNELS or shape[0] in CHANNELS:
        return ()
    text = msg("A sample is {shape}, which looks as if its channels come last. Choose 'channels last' under 'layout' to move them "
               "to where layers expect them.", shape=" × ".join(map(str, shape)))  # fmt: skip
    return (text,)


# ---- arrays that stay in their files


def _state(array: RowArray) -> tuple[object, ...]:
    """What identifies an array in a file as long as nobody wrote to it."""
    if not isinstance(array, RowFile):
        return (fingerprint_of({"": array}),)
    state = array.path.stat()
    return str(array.path.resolve()), state.st_size, state.st_mtime_ns, array.shape, array.dtype, array.offset


def _known(folder: Path) -> dict[str, Any] | None:
    try:
        return json.loads((folder / "arrays.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _look_through(found: Mapping[str, RowArray], path: Path, folder: Path) -> dict[str, Any]:
    """The fingerprint of arrays and the number of classes, after all numbers were checked, some at a time; and kept."""
    classes, prints = 0, []
    for name, array in found.items():
        low, high = _check_numbers(array, name, path)
        if name == "target" and np.dtype(array.dtype).kind in "iub":
            classes = _num_classes(low, high, name, path)
        head = f"{name} {np.dtype(array.dtype).str} {tuple(array.shape)}\n".encode()
        pieces = (np.ascontiguousarray(piece).data for piece in _pieces(array))
        prints.append(fingerprint(chunk for part in ([head], pieces) for chunk in part))
    about = {"classes": classes, "fingerprint": fingerprint(text.encode() for text in prints)}
    (folder / "arrays.json").write_text(json.dumps(about), "utf-8")
    return about


def _pieces(array: RowArray) -> Any:
    row = math.prod(array.shape[1:]) * np.dtype(array.dtype).itemsize
    return in_pieces(array, max(1, _PIECE_BYTES // max(1, row)))


def _check_numbers(array: RowArray, name: str, path: Path) -> tuple[int, int]:
    """The least and the largest whole number of an array of such; 0 and 0 for floating ones, which must be finite."""
    dtype = np.dtype(array.dtype)
    _require_numbers(dtype, name, path)
    if dtype.kind in "iub":
        ends = [(int(piece.min()), int(piece.max())) for piece in _pieces(array)]
        return min(low for low, _ in ends), max(high for _, high in ends)
    first, count, start = -1, 0, 0
    for piece in _pieces(array):
        with np.errstate(over="ignore"):
            bad = np.argwhere(~np.isfinite(piece.astype(np.float32)))
        first = start + int(bad[0][0]) if first < 0 and len(bad) else first
        count, start = count + len(bad), start + len(piece)
    if count:
        raise _not_finite(name, first, count, path)
    return 0, 0


# ---- what does not fit


def _num_classes(low: int, high: int, name: str, path: Path) -> int:
    """How many classes labels count that go from `low` to `high`."""
    if low < 0 or not 0 < high < MAX_CLASSES:
        raise DataError(
            msg(
                "'{file}': the labels in '{name}' go from {low} to {high}; classes are counted 0, 1, 2, ... "
                "up to {limit} of them, and there must be at least two.",
                file=path.name,
                name=name,
                low=low,
                high=high,
                limit=MAX_CLASSES,
            )
        )
    return high + 1


def _require_numbers(dtype: np.dtype, name: str, path: Path) -> None:
    if dtype.kind not in "fiub":
        raise DataError(
            msg(
                "'{file}': the array '{name}' does not hold numbers ({dtype}). Store floats or integers.",
                file=path.name,
                name=name,
                dtype=dtype,
            )
        )


def _not_finite(name: str, sample: int, count: int, path: Path) -> DataError:
    return DataError(
        msg(
            "'{file}': sample {sample} of '{name}' holds a number that is missing, infinite or too large. "
            "Mend or remove that sample ({count} such numbers in all; samples count from 0).",
            file=path.name,
            sample=sample,
            name=name,
            count=count,
        )
    )


def _column(array: np.ndarray) -> np.ndarray:
    return array.reshape(-1, 1) if array.ndim == 1 else array

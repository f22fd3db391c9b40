"""Arrays from `.npz` files, read without pickle and measured before any memory is taken."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from graph.messages import DataError, msg
from runtime.data.records import Arrays, ArrayStore, Loaded, outputs_of
from runtime.data.sources import MAX_CLASSES, Place, check_size, fingerprint, listed, reading

INPUT_NAMES, TARGET_NAMES = ("input", "x"), ("target", "y")  # in lower or upper case

MAX_MEMBERS = 1000
MAX_RATIO, FREE_SIZE = 200, 64 * 2**20  # an array of zeros may shrink further, as long as it is small
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def read_arrays(place: Place, values: Mapping[str, object]) -> Loaded:
    """An `.npz` file with an array of inputs and one of targets, samples first.

    Bytes (uint8) become 0..1, other integers stay class indices or tokens. Integer targets are class indices,
    floating ones regression targets; one number a sample becomes a column of its own (N × 1).

    Raises:
        DataError: the file is not such a file, or what is in it does not fit together.
    """
    found = read_npz(place.path, {"input": INPUT_NAMES, "target": TARGET_NAMES})
    entry = as_input(found["input"], "input", place.path)
    target, classes = found["target"], ()
    if target.dtype.kind in "iub":
        target, classes = as_labels(target, "target", place.path)
    else:
        target = as_floats(target, "target", place.path)
    arrays = {"input": entry, "target": target}
    return loaded_arrays(arrays, title=place.title, fingerprint=fingerprint_of(found), classes=classes)


def loaded_arrays(arrays: Arrays, *, classes: tuple[str, ...], **more: Any) -> Loaded:
    """Samples in memory that leave their ports as they are; the last array holds the targets."""
    *_, targets = arrays.values()
    labels = targets if classes and targets.ndim == 1 else None
    return Loaded(
        store=ArrayStore(arrays), outputs=outputs_of(arrays, len(classes)), classes=classes, labels=labels, **more
    )


def read_input(values: Mapping[str, Any], facts: Mapping[str, Any], path: Path) -> Arrays:
    """The array `input` of an `.npz` file, for a trained model.

    Raises:
        DataError: it is missing, or of another shape than the model was trained on.
    """
    array = as_input(read_npz(path, {"input": INPUT_NAMES})["input"], "input", path)
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


def read_npz(path: Path, wanted: Mapping[str, Sequence[str]]) -> dict[str, np.ndarray]:
    """Arrays of an `.npz` file: for each key of `wanted`, the first whose name (in any case) is among its values.

    Raises:
        DataError: it is no `.npz` file, lacks an array, holds Python objects, is damaged or too large, or its
            arrays have no samples, or not the same number of them.
    """
    try:
        with reading(path), zipfile.ZipFile(path) as archive:
            members = _members(archive, path)
            chosen = {key: _choose(members, names, path) for key, names in wanted.items()}
            found = {key: _read_member(archive, info, path) for key, info in chosen.items()}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            msg("'{file}' is not an .npz file, or it is damaged. Write it with numpy.savez.", file=path.name)
        ) from error
    _check_counts(found, path)
    return found


def as_input(array: np.ndarray, name: str, path: Path) -> np.ndarray:
    """An array as the input of a network: at least two dimensions, float32 or int64, finite."""
    if array.dtype == np.uint8:
        return _column(array.astype(np.float32) / np.float32(255))
    if array.dtype.kind in "iub":
        return _column(array.astype(np.int64))
    return as_floats(array, name, path)


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
    low, high = int(array.min()), int(array.max())
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
    return array.astype(np.int64), tuple(map(str, range(high + 1)))


def as_floats(array: np.ndarray, name: str, path: Path) -> np.ndarray:
    """The array as float32 with at least two dimensions.

    Raises:
        DataError: a number in it is missing, infinite, or too large for 32 bits.
    """
    if array.dtype.kind not in "fiub":
        raise DataError(
            msg(
                "'{file}': the array '{name}' does not hold numbers ({dtype}). Store floats or integers.",
                file=path.name,
                name=name,
                dtype=array.dtype,
            )
        )
    with np.errstate(over="ignore"):
        values = array.astype(np.float32)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        raise DataError(
            msg(
                "'{file}': sample {sample} of '{name}' holds a number that is missing, infinite or too large. "
                "Mend or remove that sample ({count} such numbers in all; samples count from 0).",
                file=path.name,
                sample=int(bad[0][0]),
                name=name,
                count=len(bad),
            )
        )
    return _column(values)


def fingerprint_of(arrays: Mapping[str, np.ndarray]) -> str:
    """The fingerprint of arrays: names, dtypes, shapes and contents."""
    parts = ((f"{k} {a.dtype.str} {a.shape}\n".encode(), np.ascontiguousarray(a).data) for k, a in arrays.items())
    return fingerprint(chunk for part in parts for chunk in part)


def _column(array: np.ndarray) -> np.ndarray:
    return array.reshape(-1, 1) if array.ndim == 1 else array


def _members(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    infos = [info for info in archive.infolist() if info.filename.endswith(".npy")]
    if len(infos) > MAX_MEMBERS:
        raise DataError(
            msg("'{file}' holds more than {limit} arrays. Save only what is needed.", file=path.name, limit=MAX_MEMBERS)
        )
    return {info.filename.removesuffix(".npy").lower(): info for info in infos}


def _choose(members: Mapping[str, zipfile.ZipInfo], names: Sequence[str], path: Path) -> zipfile.ZipInfo:
    info = next((members[name] for name in names if name in members), None)
    if info is None:
        raise DataError(
            msg(
                "'{file}' has no array called {names}. It has: {found}. Name the array so when you save the file.",
                file=path.name,
                names=" / ".join(f"'{name}'" for name in names),
                found=listed(members) or "-",
            )
        )
    check_size(path, info.file_size)
    if info.file_size > max(FREE_SIZE, MAX_RATIO * info.compress_size):
        raise DataError(
            msg(
                "'{file}' would unpack to more than {ratio} times its size; that is not read. Save it uncompressed.",
                file=path.name,
                ratio=MAX_RATIO,
            )
        )
    return info


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> np.ndarray:
    name = info.filename.removesuffix(".npy")
    with archive.open(info) as stream:
        header = _read_header(stream)
        if header is None or header[2].hasobject:
            raise DataError(
                msg(
                    "'{file}': the array '{name}' holds Python objects, which are never read. Store numbers.",
                    file=path.name,
                    name=name,
                )
            )
        shape, _, dtype = header
        if math.prod(shape) * dtype.itemsize != info.file_size - stream.tell():
            raise DataError(
                msg(
                    "'{file}': the array '{name}' is not as large as it says: the file is damaged. Save it again.",
                    file=path.name,
                    name=name,
                )
            )
    with archive.open(info) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)


def _read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype] | None:
    read = _HEADERS.get(np.lib.format.read_magic(stream))
    return read(stream) if read else None


def _check_counts(found: Mapping[str, np.ndarray], path: Path) -> None:
    if not all(array.ndim and array.size for array in found.values()):
        raise DataError(msg("'{file}' holds no samples. Samples are counted by the first dimension.", file=path.name))
    counts = {name: len(array) for name, array in found.items()}
    if len(set(counts.values())) > 1:
        raise DataError(
            msg(
                "'{file}': the arrays do not have the same number of samples ({counts}). Each needs one row a sample.",
                file=path.name,
                counts=", ".join(f"{name}: {count}" for name, count in counts.items()),
            )
        )

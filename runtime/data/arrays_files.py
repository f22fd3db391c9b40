"""NumPy files, read without pickle and measured before any memory is taken; large ones stay where they are."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from graph.messages import DataError, msg
from runtime.data.rows import RowArray, RowFile
from runtime.data.sources import check_file, check_size, listed, reading

MAPPED_FROM = 64 * 2**20  # bytes of an array, above which its rows are read when they are needed
MAX_MEMBERS = 1000
MAX_RATIO, FREE_SIZE = 200, 64 * 2**20  # an array of zeros may shrink further, as long as it is small
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)

Header = tuple[tuple[int, ...], bool, np.dtype]


def read_npz(path: Path, wanted: Mapping[str, Sequence[str]]) -> dict[str, np.ndarray]:
    """Arrays of an `.npz` file, in memory: for each key of `wanted`, the first whose name (in any case) is among its values.

    Raises:
        DataError: as for `open_npz`.
    """
    return {name: array[:] for name, array in open_npz(path, wanted).items()}


def open_npz(path: Path, wanted: Mapping[str, Sequence[str]]) -> dict[str, RowArray]:
    """Arrays of an `.npz` file (see `read_npz`), large ones that are not compressed in the file itself.

    Raises:
        DataError: it is no `.npz` file, lacks an array, holds Python objects, is damaged or too large, or its
            arrays have no samples, or not the same number of them.
    """
    try:
        with reading(path), zipfile.ZipFile(path) as archive:
            members = _members(archive, path)
            chosen = {key: _choose(members, names, path) for key, names in wanted.items()}
            found = {key: _read_member(archive, info, path) for key, info in chosen.items()}
    except _DAMAGED as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            msg("'{file}' is not an .npz file, or it is damaged. Write it with numpy.savez.", file=path.name)
        ) from error
    check_counts(found, path)
    return found


def open_npy(path: Path) -> RowArray:
    """The array of an `.npy` file, a large one in the file itself.

    Raises:
        DataError: it is no such file, holds Python objects, or is damaged.
    """
    try:
        with reading(path), path.open("rb") as stream:
            size = check_file(path)
            shape, fortran, dtype = _checked_header(stream, size, path, path.name)
            offset = stream.tell()
        if size >= MAPPED_FROM and not fortran:
            return RowFile(path, shape, dtype.str, offset)
        check_size(path, size)
        with reading(path):
            return np.load(path, allow_pickle=False)
    except _DAMAGED as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            msg("'{file}' is not an .npy file, or it is damaged. Write it with numpy.save.", file=path.name)
        ) from error


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
    if info.compress_type != zipfile.ZIP_STORED or info.file_size < MAPPED_FROM:
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


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> RowArray:
    with archive.open(info) as stream:
        shape, fortran, dtype = _checked_header(stream, info.file_size, path, info.filename.removesuffix(".npy"))
        start = stream.tell()
    if info.compress_type == zipfile.ZIP_STORED and info.file_size >= MAPPED_FROM and not fortran:
        return RowFile(path, shape, dtype.str, _place_of(info, path) + start)
    with archive.open(info) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)


def _place_of(info: zipfile.ZipInfo, path: Path) -> int:
    """Where the content of a member begins in the archive: behind its local header, two names of its own length."""
    with path.open("rb") as stream:
        stream.seek(info.header_offset + 26)
        name, extra = (int.from_bytes(stream.read(2), "little") for _ in range(2))
    return info.header_offset + 30 + name + extra


def _checked_header(stream: IO[bytes], size: int, path: Path, name: str) -> Header:
    """The shape, order and dtype of an array; `size` is that of header and array in bytes."""
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
    if math.prod(shape) * dtype.itemsize != size - stream.tell():
        raise DataError(
            msg(
                "'{file}': the array '{name}' is not as large as it says: the file is damaged. Save it again.",
                file=path.name,
                name=name,
            )
        )
    return header


def _read_header(stream: IO[bytes]) -> Header | None:
    read = _HEADERS.get(np.lib.format.read_magic(stream))
    return read(stream) if read else None


def check_counts(found: Mapping[str, RowArray], path: Path) -> None:
    """Refuse arrays without samples, or with different numbers of them.

    Raises:
        DataError: there are such.
    """
    if not all(len(array.shape) and math.prod(array.shape) for array in found.values()):
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

"""Sets of images in one file or a few: those of MNIST (IDX) and CIFAR (binary version), as they are published.

IDX: two zero bytes, the type (8: bytes), the number of dimensions, each dimension as a big-endian 32-bit number, then the bytes;
http://yann.lecun.com/exdb/mnist. CIFAR: a label byte (CIFAR-100: a coarse and a fine one), then 32 × 32 red, green and blue
bytes; https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

import gzip
import io
import math
import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graph.messages import DataError, msg
from runtime.data.image_pixels import Form
from runtime.data.records import TEST, TRAIN, Arrays
from runtime.data.sources import check_file, check_size, reading

PLANE, SIDE = 3 * 32 * 32, 32  # of CIFAR
LABEL_BYTES = {10: 1, 100: 2}  # by the number of classes; the last one counts
CIFAR_NAMES = {10: "batches.meta.txt", 100: "fine_label_names.txt"}
MAX_RATIO = 1100  # that deflate can shrink by

_IDX = re.compile(r"(idx[13]|[-._]ubyte)(\.|-|_|$)", re.IGNORECASE)
_TESTS = ("test", "t10k")


@dataclass(frozen=True, eq=False, slots=True)
class PixelStore:
    """Images in memory as bytes (N × C × H × W), brought to a form when they are asked for."""

    pixels: np.ndarray
    labels: np.ndarray
    form: Form

    @property
    def count(self) -> int:
        """Number of images."""
        return len(self.pixels)

    @property
    def shape(self) -> tuple[int, ...]:
        """C × H × W of an image in its form."""
        return (self.form.channels or self.pixels.shape[1], *(self.form.size or self.pixels.shape[2:]))

    @property
    def nbytes(self) -> int:
        """Bytes of the images and labels as tensors."""
        return self.count * (4 * math.prod(self.shape) + 8)

    def read(self, rows: np.ndarray) -> Arrays:
        """The images of these numbers, from 0 to 1."""
        images = self.pixels[rows].astype(np.float32) / np.float32(255)
        return {"image": self.form.apply(images), "label": self.labels[rows]}


@dataclass(frozen=True, eq=False, slots=True)
class Pixels:
    """Images as bytes (N × C × H × W), their class indices, the names of the classes, and the split that files say."""

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    parts: np.ndarray | None


# ---- IDX


def is_idx(path: Path) -> bool:
    """Whether a file is called as those of MNIST are."""
    return _IDX.search(path.name.removesuffix(".gz")) is not None


def idx_images(folder: Path) -> list[Path]:
    """The files of images in a folder, that of the test last; one of a pair with and without .gz."""
    with reading(folder):
        found = {
            file.name.removesuffix(".gz"): file
            for file in sorted(folder.iterdir(), reverse=True)
            if is_idx(file) and "images" in file.name.lower() and file.is_file()
        }
    return sorted(found.values(), key=lambda file: (_part(file), file.name))


def read_idx(files: Sequence[Path]) -> Pixels:
    """Images and labels from files of images; the labels lie beside each, "labels-idx1" in place of "images-idx3".

    Raises:
        DataError: a file is damaged, has no labels beside it, or another number of them.
    """
    images, labels = zip(*map(_pair, files), strict=True)
    if len({array.shape[1:] for array in images}) > 1:
        raise DataError(
            msg(
                "The images in '{file}' have another size than those in '{first}'. Choose one of the files.",
                file=files[-1].name,
                first=files[0].name,
            )
        )
    joined = np.concatenate(labels).astype(np.int64)
    classes = tuple(map(str, range(int(joined.max()) + 1)))
    return Pixels(np.concatenate(images)[:, None], joined, classes, _parts(files, labels))


def _pair(path: Path) -> tuple[np.ndarray, np.ndarray]:
    name = path.name
    if "labels" in name.lower():
        path = _beside(path, ("labels", "images"), ("idx1", "idx3"))
    labels = _beside(path, ("images", "labels"), ("idx3", "idx1")) if path.name == name else path.with_name(name)
    images, numbers = _read_idx(path, 3), _read_idx(labels, 1)
    if len(images) != len(numbers):
        raise DataError(
            msg(
                "'{file}' has {images:,} images, but '{labels}' has {count:,} labels. They do not belong together. "
                "Put the files there that do.",
                file=path.name,
                images=len(images),
                labels=labels.name,
                count=len(numbers),
            )
        )
    return images, numbers


def _beside(path: Path, *words: tuple[str, str]) -> Path:
    """The file that belongs to another one, zipped or not."""
    name = path.name.removesuffix(".gz")
    for old, new in words:
        name = re.sub(old, new, name, flags=re.IGNORECASE)
    for other in (path.with_name(name), path.with_name(name + ".gz")):
        if other != path and other.is_file():
            return other
    raise DataError(
        msg(
            "What belongs to '{file}' is not beside it. Put '{other}' into the same folder, as it is or as .gz.",
            file=path.name,
            other=name,
        )
    )


def _read_idx(path: Path, dimensions: int) -> np.ndarray:
    with reading(path), path.open("rb") as raw:
        stored = check_file(path)
        zipped = raw.read(2) == b"\x1f\x8b"
        raw.seek(-min(4, stored), 2)
        size = int.from_bytes(raw.read(4), "little") if zipped else stored  # of what is zipped, modulo 2 ** 32
    with _unzipping(path, zipped) as stream:
        head = stream.read(4 + 4 * dimensions)
        if len(head) < 4 + 4 * dimensions or head[:4] != bytes((0, 0, 8, dimensions)):
            raise DataError(
                msg(
                    "'{file}' is no IDX file with {dimensions} dimensions of bytes: it does not begin with 0, 0, 8, {dimensions}. "
                    "Choose the file of images, as it was published.",
                    file=path.name,
                    dimensions=dimensions,
                )
            )
        shape = struct.unpack(f">{dimensions}I", head[4:])
        wanted = len(head) + math.prod(shape)
        if size != (wanted % 2**32 if zipped else wanted) or (zipped and wanted > MAX_RATIO * stored):
            raise _cut(path, shape, wanted, size)
        check_size(path, math.prod(shape))
        content = np.frombuffer(stream.read(math.prod(shape) + 1), np.uint8)  # at its end a .gz is checked
        if len(content) != math.prod(shape):
            raise _cut(path, shape, wanted, len(head) + len(content))
    return content.reshape(shape)


@contextmanager
def _unzipping(path: Path, zipped: bool) -> Iterator[io.BufferedIOBase]:
    with reading(path), gzip.open(path) if zipped else path.open("rb") as stream:
        try:
            yield stream
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DataError(msg("'{file}' is a damaged .gz file. Download it again.", file=path.name)) from error


def _cut(path: Path, shape: Sequence[int], wanted: int, found: int) -> DataError:
    return DataError(
        msg(
            "'{file}' says that it holds {shape} bytes and would have {wanted:,} of them in all, but has {found:,}. "
            "Download it again.",
            file=path.name,
            shape=" × ".join(map(str, shape)),
            wanted=wanted,
            found=found,
        )
    )


def _part(path: Path) -> int:
    return TEST if any(word in path.name.lower() for word in _TESTS) else TRAIN


def _parts(files: Sequence[Path], labels: Sequence[np.ndarray]) -> np.ndarray | None:
    """The split that the names of files say: None if all are of the same part."""
    parts = [_part(file) for file in files]
    return np.repeat(parts, [len(part) for part in labels]) if len(set(parts)) > 1 else None


# ---- CIFAR


def cifar_files(folder: Path) -> list[Path]:
    """The files of images in a folder, those of the test last."""
    with reading(folder):
        return sorted(folder.glob("*.bin"), key=lambda file: (_part(file), file.name))


def read_cifar(files: Sequence[Path]) -> Pixels:
    """Images and labels from files of CIFAR-10 or CIFAR-100; the names of the classes from the list beside them, or numbers.

    Raises:
        DataError: a file has another size, or a label is too large.
    """
    counts = _num_classes(files)
    contents = [_records(file, counts) for file in files]
    joined = np.concatenate(contents)
    labels = joined[:, LABEL_BYTES[counts] - 1].astype(np.int64)
    images = joined[:, LABEL_BYTES[counts] :].reshape(-1, 3, SIDE, SIDE)
    return Pixels(images, labels, _class_names(files[0].parent, counts), _parts(files, contents))


def _num_classes(files: Sequence[Path]) -> int:
    """10 or 100, by the sizes of the files, and where these leave it open by their names."""
    fitting = set(LABEL_BYTES)
    for file in files:
        with reading(file):
            size = check_file(file)
        fitting &= (fits := {count for count, extra in LABEL_BYTES.items() if size % (extra + PLANE) == 0})
        if not fits:
            raise DataError(
                msg(
                    "'{file}' has {size:,} bytes, which is no multiple of {ten} (CIFAR-10) or {hundred} (CIFAR-100). "
                    "Download it again.",
                    file=file.name,
                    size=size,
                    ten=LABEL_BYTES[10] + PLANE,
                    hundred=LABEL_BYTES[100] + PLANE,
                )
            )
    if not fitting:
        raise DataError(
            msg("The folder '{folder}' mixes files of CIFAR-10 and CIFAR-100. Choose one file.", folder=files[0].parent)
        )
    return 100 if len(fitting) > 1 and files[0].name.lower() in ("train.bin", "test.bin") else min(fitting)


def _records(path: Path, classes: int) -> np.ndarray:
    with reading(path):
        check_size(path, path.stat().st_size)
        records = np.fromfile(path, np.uint8).reshape(-1, LABEL_BYTES[classes] + PLANE)
    labels = records[:, LABEL_BYTES[classes] - 1]
    if (worst := int(labels.max())) >= classes:
        raise DataError(
            msg(
                "'{file}': image {row} has the label {label}, but a CIFAR-{classes} file has 0 to {last}. Choose another file.",
                file=path.name,
                row=int(labels.argmax()) + 1,
                label=worst,
                classes=classes,
                last=classes - 1,
            )
        )
    return records


def _class_names(folder: Path, classes: int) -> tuple[str, ...]:
    try:
        lines = (folder / CIFAR_NAMES[classes]).read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        lines = []
    names = tuple(name for line in lines if (name := line.strip()))
    return names if len(names) == classes and len(set(names)) == classes else tuple(map(str, range(classes)))

"""Images that are wrong: each fault has a sentence of its own, and none ends in a traceback."""

from __future__ import annotations

import gzip
import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graph.messages import DataError
from graph.model import Node
from runtime.data import load


def picture(size: tuple[int, int] = (6, 5), seed: int = 0, kind: str = "PNG") -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def folder(root: Path, **more: bytes) -> Path:
    """Two classes; more files by their class."""
    for number in range(4):
        write(root / "ab"[number % 2] / f"{number}.png", picture(seed=number))
    for name, content in more.items():
        write(root / name / "wrong.png", content)
    return root


def bomb() -> bytes:
    """A PNG that says it has 3,600 million pixels."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return head + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))


def listing(root: Path, text: str) -> Path:
    folder(root)
    return write(root / "list.csv", text.encode())


def idx(path: Path, array: np.ndarray, magic: int = 0, extra: bytes = b"") -> Path:
    head = struct.pack(f">I{array.ndim}I", magic or 0x800 + array.ndim, *array.shape)
    content = head + array.astype(np.uint8).tobytes() + extra
    return write(path, gzip.compress(content) if path.suffix == ".gz" else content)


def mnist(root: Path, images: int = 6, labels: int = 6, suffix: str = "", **more) -> Path:
    idx(root / f"train-labels-idx1-ubyte{suffix}", np.arange(labels) % 3)
    return idx(root / f"train-images-idx3-ubyte{suffix}", np.ones((images, 4, 5)), **more)


def cut(path: Path, length: int) -> Path:
    path.write_bytes(path.read_bytes()[:length])
    return path


def mnist_of_two_sizes(root: Path) -> Path:
    mnist(root)
    idx(root / "t10k-labels-idx1-ubyte", np.arange(2))
    idx(root / "t10k-images-idx3-ubyte", np.ones((2, 5, 5)))
    return root


def cifar(path: Path, labels: list[int], extra: int = 0) -> Path:
    records = np.zeros((len(labels), 3073), np.uint8)
    records[:, 0] = labels
    return write(path, records.tobytes() + b"\0" * extra)


def parts(root: Path, *places: str) -> Path:
    for number, place in enumerate(places):
        write(root / place / "1.png", picture(seed=number))
    return root


def mixed_cifar(root: Path) -> Path:
    cifar(root / "data_batch_1.bin", [0, 1])
    write(root / "train.bin", bytes(3074 * 2))
    return root


FAULTS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "truncated": (lambda r: folder(r, a=picture((40, 40))[:1500]), "wrong.png' is a picture, but damaged or cut off"),
    "truncated jpeg": (lambda r: folder(r, a=picture((40, 40), kind="JPEG")[:900]), "wrong.png' is a picture, but damaged"),
    "zero bytes": (lambda r: folder(r, a=b""), "'wrong.png' is empty"),
    "text": (lambda r: folder(r, a=b"hello, I am a text"), "wrong.png' is no picture that can be read"),
    "bomb": (lambda r: folder(r, b=bomb()), "wrong.png' has 60000 × 60000 pixels; up to 50 million"),
    "mixed sizes": (lambda r: folder(r, b=picture((7, 7))), "wrong.png' has 7 × 7 pixels, but '0.png' has 5 × 6"),
    "single class": (lambda r: parts(r, "cats"), "has 1 folders in it"),
    "empty class": (lambda r: write(folder(r) / "c" / "notes.txt", b"x").parents[1], "/c' holds no pictures"),
    "part without classes": (lambda r: parts(r, "train/a", "train/b", "test"), "/test' has no folders of classes"),
    "class only in test": (lambda r: parts(r, "train/a", "train/b", "test/c"), "/test' has classes .* not have: c"),
    "no source": (lambda r: write(r / "film.mp4", b"..."), "film.mp4' is no source of images"),
    "list names no picture": (lambda r: listing(r, "path,label\na/0.png,x\na/9.png,y\n"), "line 3: there is no picture 'a/9.png'"),
    "list with a path beyond all paths": (
        lambda r: listing(r, f"path,label\na/0.png,x\n{'y' * 5000}.png,y\n"), "line 3: there is no picture 'yyy",
    ),
    "list without a class": (lambda r: listing(r, "path,label\na/0.png,x\nb/1.png,\n"), "line 3 has no path or no class"),
    "list of one class": (lambda r: listing(r, "path,label\na/0.png,x\nb/1.png,x\n"), "of 1 classes in column 'label'"),
    "list without rows": (lambda r: listing(r, "path,label\n"), "'list.csv' lists no pictures"),
    "list without a header": (lambda r: listing(r, "a/0.png,x\nb/1.png,y\n"), "'list.csv' begins with a picture"),
    "list of one column": (lambda r: listing(r, "path\na/0.png\n"), "needs a column of paths and another one of classes"),
    "list with short line": (lambda r: listing(r, "path,label\na/0.png,x\nb/1.png\n"), "line 3 has 1 cells"),
    "idx magic": (lambda r: mnist(r, magic=0xD03), "is no IDX file with 3 dimensions of bytes"),
    "idx cut": (lambda r: cut(mnist(r), 100), "would have 136 of them in all, but has 100"),
    "idx too long": (lambda r: mnist(r, extra=b"more"), "would have 136 of them in all, but has 140"),
    "idx counts": (lambda r: mnist(r, labels=5), "has 6 images, but 'train-labels-idx1-ubyte' has 5 labels"),
    "idx no labels": (
        lambda r: idx(r / "train-images-idx3-ubyte", np.ones((2, 4, 4))), "Put 'train-labels-idx1-ubyte' into the same folder",
    ),
    "idx gz damaged": (
        lambda r: write(r / "train-images-idx3-ubyte.gz", (p := mnist(r, suffix=".gz").read_bytes())[:30] + b"\xff" * 8 + p[-4:]),
        "is a damaged .gz file",
    ),
    "idx two sizes": (mnist_of_two_sizes, "in 't10k-images-idx3-ubyte' have another size"),
    "idx one class": (lambda r: mnist(r, images=1, labels=1), "All images in 'train-images-idx3-ubyte' are of class 0"),
    "cifar size": (lambda r: cifar(r / "data_batch_1.bin", [0, 1], extra=5), "has 6,151 bytes, which is no multiple of 3073"),
    "cifar label": (lambda r: cifar(r / "data_batch_1.bin", [0, 1, 77]), "image 3 has the label 77, but a CIFAR-10 file"),
    "cifar mixed": (mixed_cifar, "mixes files of CIFAR-10 and CIFAR-100"),
}  # fmt: skip

SAME = {
    "truncated jpeg": "truncated", "idx too long": "idx cut", "list with a path beyond all paths": "list names no picture",
}  # fmt: skip
"""Faults that may be told alike."""


def refused(path: Path, **params) -> DataError:
    with pytest.raises(DataError) as caught:
        load(Node("n1", "layerloom.data.Images", "images", {"source": str(path), **params}))
    assert caught.value.node == "n1"
    return caught.value


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_a_sentence(name: str, tmp_path: Path) -> None:
    build, words = FAULTS[name]
    error = refused(build(tmp_path / "data"))
    with pytest.raises(ValueError, match=words):
        raise error
    assert str(error).endswith(".")


def test_the_sentences_are_different(tmp_path: Path) -> None:
    texts = {name: refused(build(tmp_path / name / "data")).message.text for name, (build, _) in FAULTS.items()}
    for name in SAME:
        assert texts.pop(name) == texts[SAME[name]]
    assert len(set(texts.values())) == len(texts) >= 25


def test_a_column_that_does_not_exist_is_named_with_those_that_do(tmp_path: Path) -> None:
    path = listing(tmp_path, "path,label\na/0.png,x\nb/1.png,y\n")
    for name in ("path_column", "label_column", "split_by"):
        assert "no column 'nope'" in str(refused(path, **{name: "nope"}))


def test_a_header_that_lies_about_its_size_makes_no_memory(tmp_path: Path) -> None:
    """2 ** 96 bytes are refused, and so are 4 GiB of zeros in 4 KiB."""
    path = mnist(tmp_path)
    path.write_bytes(struct.pack(">IIII", 0x803, 2**32 - 1, 2**32 - 1, 2**32 - 1))
    assert "Download it again" in str(refused(path))
    zipped = path.with_name("train-images-idx3-ubyte.gz")
    zipped.write_bytes(gzip.compress(struct.pack(">IIII", 0x803, 2**10, 2**10, 2**12))[:-4] + struct.pack("<I", 16))
    assert "Download it again" in str(refused(zipped))

"""Images out of everything they are published in: folders of parts, lists, MNIST and CIFAR files; what is skipped is listed."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graph.messages import DataError
from graph.model import Node
from runtime.data import describe, image_files, load, look
from runtime.data.image_pixels import decode, read_header
from runtime.data.records import Loaded

DRAW = np.random.default_rng(1)


def read(source: Path, **params) -> tuple[Loaded, np.ndarray, np.ndarray]:
    loaded = load(Node("n1", "layerloom.data.Images", "images", {"source": str(source), **params}))
    found = loaded.store.read(np.arange(loaded.samples))
    return loaded, found["image"], found["label"]


def paint(path: Path, size: tuple[int, int] = (6, 5)) -> np.ndarray:
    """A random picture in a file; its pixels as C × H × W from 0 to 1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = DRAW.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return (pixels.astype(np.float32) / np.float32(255)).transpose(2, 0, 1)


# ---- folders


def test_folders_of_parts_say_the_split(tmp_path: Path) -> None:
    places = ("Train/a/1.png", "Train/b/2.png", "Train/b/deep/3.png", "val/a/4.png", "TEST/b/5.png")
    pixels = [paint(tmp_path / place) for place in places]
    loaded, images, labels = read(tmp_path)
    assert loaded.parts is not None and loaded.parts.tolist() == [0, 0, 0, 1, 2]
    assert labels.tolist() == [0, 1, 1, 0, 1] and loaded.classes == ("a", "b")
    assert np.array_equal(images, np.stack(pixels))
    assert loaded.facts()["parts"] == [3, 1, 1]


def test_classes_may_be_called_like_parts(tmp_path: Path) -> None:
    for place in ("train/1.png", "test/2.png"):
        paint(tmp_path / place)
    loaded, *_ = read(tmp_path)
    assert loaded.classes == ("test", "train") and loaded.parts is None


def test_a_copy_has_the_same_fingerprint_and_a_change_in_the_middle_another(tmp_path: Path) -> None:
    for root in ("one", "two"):
        for name in ("a/1.png", "b/2.png"):
            (tmp_path / root / name).parent.mkdir(parents=True)
            noise = np.random.default_rng(5).integers(0, 256, (90, 90, 3), dtype=np.uint8)
            Image.fromarray(noise).save(tmp_path / root / name)
    assert (tmp_path / "one/a/1.png").stat().st_size > image_files.HEAD + image_files.TAIL
    (one, *_), (two, *_) = read(tmp_path / "one"), read(tmp_path / "two")
    assert one.fingerprint == two.fingerprint
    noise[45, 45] += 1
    Image.fromarray(noise).save(tmp_path / "two/a/1.png")
    assert read(tmp_path / "two")[0].fingerprint != one.fingerprint


def test_nothing_is_decoded_at_reading_and_a_picture_that_changes_later_is_named(tmp_path: Path) -> None:
    for name in ("a/1.png", "b/2.png"):
        paint(tmp_path / name)
    loaded, *_ = read(tmp_path)
    paint(tmp_path / "a/1.png", (9, 9))
    with pytest.raises(DataError, match=r"1.png' is another picture"):
        loaded.store.read(np.array([1, 0]))
    (tmp_path / "b/2.png").unlink()
    with pytest.raises(DataError, match=r"2.png' cannot be read"):
        loaded.store.read(np.array([1]))


def test_a_camera_that_lay_on_its_side_is_known_from_the_header(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    for name in ("a/1.jpg", "b/2.jpg"):
        (tmp_path / name).parent.mkdir()
        Image.new("L", (8, 4)).save(tmp_path / name, exif=exif)
    loaded, images, _ = read(tmp_path)
    assert loaded.outputs["image"].shape == (1, 8, 4) and images.shape == (2, 1, 8, 4)


KINDS = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"), "JPEG": ("L", "RGB", "CMYK"), "BMP": ("1", "L", "RGB"),
    "GIF": ("L", "P", "RGB"), "WEBP": ("RGB", "RGBA"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "mode"), [(kind, mode) for kind, modes in KINDS.items() for mode in modes])
def test_the_header_says_what_the_decoder_gives(tmp_path: Path, kind: str, mode: str) -> None:
    pixels = DRAW.integers(0, 256, (5, 7, 3), dtype=np.uint8)
    image = (
        Image.fromarray(pixels[..., 0].astype(np.uint16) * 99)
        if mode == "I;16"
        else Image.fromarray(pixels).convert(mode)
    )
    exif = Image.Exif()
    exif[0x0112] = 8
    variants: list[dict[str, Any]] = [{}, {"exif": exif}] if kind in ("PNG", "JPEG", "WEBP") else [{}]
    variants += [{"transparency": 0}] if kind == "PNG" and mode in ("L", "P") else []
    for number, more in enumerate(variants):
        path = tmp_path / f"{number}.{kind.lower()}"
        image.save(path, kind, **more)
        header = read_header(path.read_bytes(), path, whole=True)
        assert header is not None and header == decode(path.read_bytes(), path).shape
        assert header == ((header.channels, 7, 5) if "exif" in more else (header.channels, 5, 7))


def test_a_header_that_lies_further_behind_is_found(tmp_path: Path) -> None:
    """A large color profile before the frame; and a progressive picture."""
    cases: dict[str, dict[str, Any]] = {
        "a/1.jpg": {"icc_profile": bytes(3 * image_files.HEAD)}, "b/2.jpg": {"progressive": True},
    }  # fmt: skip
    for name, more in cases.items():
        (tmp_path / name).parent.mkdir()
        Image.fromarray(DRAW.integers(0, 256, (5, 7, 3), dtype=np.uint8)).save(tmp_path / name, **more)
    assert read(tmp_path)[1].shape == (2, 3, 5, 7)


@pytest.mark.parametrize("count", [3, 8])
def test_broken_pictures_are_skipped_and_listed(tmp_path: Path, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with what is kept of many files, read twice."""
    monkeypatch.setattr(image_files, "CACHED_FROM", 6)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "data"
    for number in range(count):
        paint(root / "ab"[number % 2] / f"{number}.png")
    paint(root / "a" / "large.png", (9, 9))
    (root / "b" / "text.png").write_bytes(b"text")
    content = bytearray((root / "a" / "0.png").read_bytes())
    content[60] ^= 255  # in the pixels, which only decoding finds
    (root / "a" / "flipped.png").write_bytes(content)
    for _time in range(2):
        loaded, images, labels = read(root, broken="skip")
        assert len(images) == len(labels) == count
        assert loaded.facts()["skipped"] == 3 == len(loaded.broken)
        told = " ".join(map(str, loaded.broken))
        assert all(name in told for name in ("large.png", "text.png", "flipped.png"))
    with pytest.raises(DataError, match=r"text.png"):
        read(root)


def test_channels_and_fit(tmp_path: Path) -> None:
    pixels = [paint(tmp_path / name, (12, 6)) for name in ("a/1.png", "b/2.png")]
    _, gray, _ = read(tmp_path, channels="gray")
    expected = [0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2] for p in pixels]
    np.testing.assert_allclose(gray[:, 0], expected, atol=1e-6)
    _, crop, _ = read(tmp_path, image_size=6, fit="crop")
    assert np.array_equal(crop, np.stack([p[:, :, 3:9] for p in pixels]))
    _, tall, _ = read(tmp_path, image_size=(6, 3), fit="crop")
    assert np.array_equal(tall, np.stack([p[:, :, 4:7] for p in pixels]))
    assert read(tmp_path, image_size=6)[1].shape == (2, 3, 6, 6)


# ---- lists


def test_a_list_names_paths_classes_and_parts(tmp_path: Path) -> None:
    pixels = [paint(tmp_path / f"pictures/{number}.png") for number in range(4)]
    rows = zip((10, 9, 9, 10), ("train", "Train", "val", "test"), strict=True)
    text = "id,label,image,set\n" + "".join(f"{n},{y},pictures/{n}.png,{s}\n" for n, (y, s) in enumerate(rows))
    path = tmp_path / "list.csv"
    path.write_text(text)
    loaded, images, labels = read(path, split_by="set")
    assert loaded.classes == ("9", "10") and labels.tolist() == [1, 0, 0, 1]
    assert loaded.parts is not None and loaded.parts.tolist() == [0, 0, 1, 2]
    assert np.array_equal(images, np.stack(pixels))
    by_other, *_ = read(path, label_column="set", path_column="image", split_by="label")
    assert by_other.classes == ("Train", "test", "train", "val")
    assert by_other.groups is not None and by_other.groups[0] == by_other.groups[3] != by_other.groups[1]
    path.write_text(text.replace("1.png", "gone.png"))
    skipped, _, labels = read(path, broken="skip")
    assert labels.tolist() == [1, 0, 1] and "line 3" in str(*skipped.broken)
    assert skipped.fingerprint != loaded.fingerprint


# ---- MNIST and CIFAR


def idx(path: Path, array: np.ndarray) -> None:
    content = struct.pack(f">I{array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def test_mnist_files_alone_or_in_their_folder(tmp_path: Path) -> None:
    pixels = DRAW.integers(0, 256, (9, 4, 5), dtype=np.uint8)
    numbers = np.arange(9, dtype=np.uint8) % 3
    for name, rows, suffix in (("train", slice(0, 6), ".gz"), ("t10k", slice(6, 9), "")):
        idx(tmp_path / f"{name}-images-idx3-ubyte{suffix}", pixels[rows])
        idx(tmp_path / f"{name}-labels-idx1-ubyte{suffix}", numbers[rows])
    loaded, images, labels = read(tmp_path)
    assert np.array_equal(images, pixels[:, None].astype(np.float32) / np.float32(255))
    assert labels.tolist() == numbers.tolist() and loaded.classes == ("0", "1", "2")
    assert loaded.parts is not None and loaded.parts.tolist() == [0] * 6 + [2] * 3
    for chosen in ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        alone, images, labels = read(tmp_path / chosen, image_size=(8, 10), channels="color")
        assert alone.parts is None and images.shape == (3, 3, 8, 10) and labels.tolist() == [0, 1, 2]


@pytest.mark.parametrize(("classes", "extra"), [(10, 1), (100, 2)])
def test_cifar_files_alone_or_in_their_folder(tmp_path: Path, classes: int, extra: int) -> None:
    records = DRAW.integers(0, 256, (5, extra + 3072), dtype=np.uint8)
    records[:, extra - 1] = np.arange(5)
    names = ("data_batch_1.bin", "test_batch.bin") if classes == 10 else ("train.bin", "test.bin")
    (tmp_path / names[0]).write_bytes(records[:3].tobytes())
    (tmp_path / names[1]).write_bytes(records[3:].tobytes())
    meta = "batches.meta.txt" if classes == 10 else "fine_label_names.txt"
    (tmp_path / meta).write_text("".join(f"name{n}\n" for n in range(classes)) + "\n")
    loaded, images, labels = read(tmp_path)
    expected = records[:, extra:].reshape(5, 3, 32, 32).astype(np.float32) / np.float32(255)
    assert np.array_equal(images, expected) and labels.tolist() == list(range(5))
    assert loaded.classes[4] == "name4" and len(loaded.classes) == classes
    assert loaded.parts is not None and loaded.parts.tolist() == [0, 0, 0, 2, 2]
    (tmp_path / meta).unlink()
    alone, _, labels = read(tmp_path / names[1])
    assert labels.tolist() == [3, 4] and alone.classes[3] == "3" and alone.parts is None


# ---- the look


def test_the_look_shows_every_class_and_figures_of_the_channels(tmp_path: Path) -> None:
    pixels = [
        paint(tmp_path / f"{name}/{n:02}.png") for name, count in (("a", 40), ("b", 30), ("c", 2)) for n in range(count)
    ]
    found = look(Node("n1", "layerloom.data.Images", "images", {"source": str(tmp_path)}))
    assert [found.captions.count(name) for name in "abc"] == [11, 11, 2]
    assert np.array_equal(found.pictures[11], pixels[40].transpose(1, 2, 0))
    assert found.counts == (("a", 40), ("b", 30), ("c", 2))
    assert [column.name for column in found.columns] == ["red", "green", "blue"]
    red = np.stack(pixels)[:, 0].astype(np.float64)
    (column, *_) = found.columns
    assert (column.mean, column.deviation) == pytest.approx((red.mean(), red.std()), rel=1e-6)
    assert (column.least, column.most) == (red.min(), red.max())
    assert sum(column.histogram) == red.size


def test_the_facts_are_json_and_tell_what_is_there(tmp_path: Path) -> None:
    for name in ("a/1.png", "b/2.png"):
        paint(tmp_path / name)
    facts = describe(Node("n1", "layerloom.data.Images", "images", {"source": str(tmp_path)}))
    assert facts["outputs"] == {
        "image": {"shape": [3, 5, 6], "dtype": "float32"}, "label": {"shape": [], "dtype": "int64", "classes": 2},
    }  # fmt: skip

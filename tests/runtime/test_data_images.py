"""Pictures: folders of files and arrays of pixels become images of one size from 0 to 1."""

from __future__ import annotations

import struct
import warnings
import zlib
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from graph.catalog import CATALOG
from graph.messages import DataError
from graph.model import Node
from runtime.data import describe, load
from runtime.data.image_pixels import resize
from runtime.data.images import read_input
from runtime.export import python_project


def node(path: Path, **params) -> Node:
    return Node("n1", "layerloom.data.Images", "images", {"source": str(path), **params})


def paint(path: Path, color: int | tuple[int, ...], mode: str = "L", size: tuple[int, int] = (4, 3)) -> Path:
    path.parent.mkdir(exist_ok=True)
    Image.new(mode, size, color).save(path)
    return path


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    """Two classes, three gray pictures, 3 pixels high and 4 wide."""
    for name, color in (("dark/1.png", 0), ("dark/2.png", 51), ("light/1.bmp", 255)):
        paint(tmp_path / name, color)
    return tmp_path


def content(source: Path, **params) -> tuple[np.ndarray, np.ndarray]:
    """All images and labels."""
    store = load(node(source, **params)).store
    found = store.read(np.arange(store.count))
    return found["image"], found["label"]


def refused(path: Path, **params) -> str:
    with pytest.raises(DataError) as caught:
        load(node(path, **params))
    assert caught.value.node == "n1"
    return str(caught.value)


def test_a_folder_a_class(shapes: Path) -> None:
    loaded = load(node(shapes))
    assert loaded.classes == ("dark", "light")
    image, label = content(shapes)
    assert label.tolist() == [0, 0, 1] and loaded.labels is not None and loaded.labels.tolist() == [0, 0, 1]
    assert image.shape == (3, 1, 3, 4) and image.dtype == np.float32
    assert np.unique(image).tolist() == [0, np.float32(0.2), 1]


def test_one_colored_picture_makes_all_of_them_three_channels(shapes: Path) -> None:
    paint(shapes / "light" / "2.png", (255, 0, 0), "RGB")
    image, _ = content(shapes)
    assert image.shape == (4, 3, 3, 4)
    assert image[3, :, 0, 0].tolist() == [1, 0, 0]
    assert image[1, :, 0, 0].tolist() == [np.float32(0.2)] * 3


def test_image_size_brings_pictures_to_one_size(shapes: Path) -> None:
    paint(shapes / "light" / "big.png", 255, size=(9, 9))
    assert "image_size" in refused(shapes)
    assert describe(node(shapes, image_size=(5, 6)))["outputs"]["image"]["shape"] == [1, 5, 6]
    assert describe(node(shapes, image_size=7))["outputs"]["image"]["shape"] == [1, 7, 7]
    assert describe(node(shapes, image_size="=3 + 4"))["outputs"]["image"]["shape"] == [1, 7, 7]
    assert "nowhere" in refused(shapes, image_size="=nowhere")


def test_transparency_lies_on_white_and_16_bits_are_scaled(shapes: Path) -> None:
    paint(shapes / "light" / "2.png", (0, 0), "LA")
    Image.fromarray(np.full((3, 4), 32768, np.uint16)).save(shapes / "light" / "3.png")
    image, _ = content(shapes)
    assert image[3].min() == 1
    assert image[4, 0, 0, 0] == np.float32(32768 / 65535)


def test_the_fingerprint_follows_content_and_names(shapes: Path) -> None:
    before = describe(node(shapes))["fingerprint"]
    assert describe(node(shapes, image_size=8))["fingerprint"] == before
    paint(shapes / "dark" / "2.png", 52)
    assert describe(node(shapes))["fingerprint"] != before


def test_resize_is_bilinear_as_in_torch() -> None:
    images = np.random.default_rng(0).random((3, 2, 8, 8), dtype=np.float32)
    for size in ((32, 32), (8, 20), (5, 3)):
        expected = torch.nn.functional.interpolate(
            torch.from_numpy(images), size, mode="bilinear", align_corners=False, antialias=True
        )
        np.testing.assert_allclose(resize(images, size), expected.numpy(), atol=1e-6)


def test_arrays_of_pixels(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=np.full((4, 8, 8), 255, np.uint8), labels=np.array([0, 1, 0, 1]))
    image, _ = content(tmp_path / "a.npz", image_size=16)
    assert image.shape == (4, 1, 16, 16)
    assert image.min() == image.max() == 1


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"image": np.zeros((4, 8, 8, 3)), "label": np.zeros(4, int)}, "(4, 8, 8, 3)"),
        ({"image": np.zeros((4, 8, 8)), "label": np.zeros((4, 2), int)}, "one label each"),
        ({"image": np.zeros((4, 8, 8)), "label": np.array([0, 1, 2, 0.5])}, "not whole numbers"),
        ({"image": np.zeros((4, 8, 8)), "label": np.array([0, 1, 2, 1001])}, "to 1001"),
        ({"image": np.zeros((4, 8, 8)), "label": np.zeros(3, int)}, "same number of samples"),
        ({"image": np.zeros((4, 8, 8))}, "no array called 'label'"),
    ],
)
def test_arrays_that_are_no_images(tmp_path: Path, arrays: dict, words: str) -> None:
    np.savez(tmp_path / "a.npz", **arrays)
    assert words in refused(tmp_path / "a.npz")


def test_folders_that_are_no_classes(shapes: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    empty = tmp_path_factory.mktemp("empty")
    assert "0 folders" in refused(empty)
    (shapes / "none").mkdir()
    (shapes / "none" / "notes.txt").touch()
    assert "none" in refused(shapes)
    assert "notes.txt" in refused(shapes / "none" / "notes.txt")


PIXELS = struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and has no pixels."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


def test_a_picture_with_too_many_pixels_is_not_unpacked(shapes: Path) -> None:
    paint(shapes / "dark" / "big.png", 0, "1", size=(8000, 8000))
    assert "8000 × 8000 pixels; up to 50 million" in refused(shapes)


@pytest.mark.parametrize("side", [9_900, 60_000])
def test_a_decompression_bomb_is_refused_without_a_warning(shapes: Path, side: int) -> None:
    (shapes / "dark" / "bomb.png").write_bytes(png_header(side, side) + PIXELS)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        assert "bomb.png" in refused(shapes)
    assert warned == []


@pytest.mark.parametrize("content", [b"", b"no picture", png_header(4, 3), b"II*\x00\x08\x00\x00\x00"])
def test_a_damaged_picture_is_named(shapes: Path, content: bytes) -> None:
    (shapes / "dark" / "3.png").write_bytes(content)
    assert "3.png" in refused(shapes)


def test_every_truncation_of_a_picture_is_refused(shapes: Path) -> None:
    whole = (shapes / "dark" / "2.png").read_bytes()
    for length in range(len(whole) - 20):
        (shapes / "dark" / "2.png").write_bytes(whole[:length])
        assert "2.png" in refused(shapes)


def test_other_formats_are_not_even_decoded(shapes: Path) -> None:
    Image.new("L", (4, 3)).save(shapes / "dark" / "3.tiff")
    (shapes / "dark" / "3.tiff").rename(shapes / "dark" / "3.png")
    assert "3.png" in refused(shapes)


def test_an_image_size_beyond_all_memory_is_refused(shapes: Path) -> None:
    assert "GiB" in refused(shapes, image_size=100_000)


@pytest.mark.parametrize("fit", ["stretch", "crop"])
def test_an_exported_project_reads_a_picture_like_the_application(tmp_path: Path, fit: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (9, 14, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    template = Path(python_project.__file__).parent / "templates" / "inputs_images.py.template"
    exported: dict[str, Any] = {}
    fields = {"shape": (3, 6, 8), "light_on_dark": False, "crop": fit == "crop"}
    exec(Template(template.read_text("utf-8")).substitute(fields), exported)
    _, (theirs,) = exported["read"](tmp_path / "a.png")
    values = CATALOG["layerloom.data.Images"].values(node(tmp_path, fit=fit))
    ours = read_input(values, {"outputs": {"image": {"shape": [3, 6, 8]}}}, tmp_path / "a.png")
    assert np.array_equal(ours["image"], theirs.numpy())

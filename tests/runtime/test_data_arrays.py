"""`.npz` files: shapes and dtypes, and that a hostile or damaged file is refused before it costs anything."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from graph.messages import DataError
from graph.model import Node
from runtime.data import arrays_files as module
from runtime.data import describe, load

FINE = {"input": np.zeros((4, 3), np.float32), "target": np.array([0, 1, 2, 1])}


def node(path: Path) -> Node:
    return Node("n1", "layerloom.data.Arrays", "arrays", {"source": str(path)})


def write(folder: Path, **arrays: np.ndarray) -> Path:
    np.savez_compressed(folder / "data.npz", **arrays)
    return folder / "data.npz"


def refused(path: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        load(node(path))
    return caught.value


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def test_integer_targets_are_classes(tmp_path: Path) -> None:
    facts = describe(node(write(tmp_path, **FINE)))
    assert facts["outputs"] == {
        "input": {"shape": [3], "dtype": "float32"},
        "target": {"shape": [], "dtype": "int64", "classes": 3},
    }
    assert facts["classes"] == ["0", "1", "2"]


def test_floating_targets_are_numbers_in_a_column(tmp_path: Path) -> None:
    loaded = load(node(write(tmp_path, X=np.arange(4.0), y=np.arange(4.0))))
    assert loaded.task == "regression"
    assert {port: array.shape for port, array in loaded.store.arrays.items()} == {"input": (4, 1), "target": (4, 1)}
    assert {array.dtype for array in loaded.store.arrays.values()} == {np.dtype("float32")}


def test_bytes_are_scaled_and_other_integers_are_not(tmp_path: Path) -> None:
    pixels = load(node(write(tmp_path, x=np.array([[0, 255], [51, 0]], np.uint8), y=np.array([0, 1]))))
    assert pixels.store.arrays["input"].tolist() == [[0, 1], [np.float32(0.2), 0]]
    tokens = load(node(write(tmp_path, x=np.array([[7, 300], [5, 0]], np.int32), y=np.array([0, 1]))))
    assert tokens.store.arrays["input"].dtype == np.int64
    assert tokens.store.arrays["input"].tolist() == [[7, 300], [5, 0]]


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"input": FINE["input"]}, ("'target' / 'y'", "input")),
        ({**FINE, "target": np.array([0, 1])}, ("same number of samples", "input: 4", "target: 2")),
        ({**FINE, "target": np.array([0, -1, 2, 1])}, ("from -1 to 2",)),
        ({**FINE, "target": np.array([0, 1, 2, 5000])}, ("to 5000",)),
        ({**FINE, "target": np.array(["a", "b", "c", "d"])}, ("does not hold numbers",)),
        ({**FINE, "input": np.array([[1.0], [np.nan], [2.0], [np.inf]])}, ("sample 1", "2 such numbers")),
        ({"input": np.zeros((0, 3)), "target": np.zeros(0)}, ("no samples",)),
        ({"input": np.zeros((4, 3)), "target": np.float64(1)}, ("no samples",)),
    ],
)
def test_arrays_that_do_not_fit(tmp_path: Path, arrays: dict, words: tuple[str, ...]) -> None:
    error = refused(write(tmp_path, **arrays))
    assert error.node == "n1"
    for word in (*words, "data.npz"):
        assert word in str(error)


class Canary:
    """Leaves a file behind if anybody unpickles it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


def test_pickles_are_never_read(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    objects = np.array([Canary(canary)] * 4, dtype=object)
    error = refused(write(tmp_path, **{**FINE, "target": objects}))
    assert "Python objects" in str(error)
    (tmp_path / "raw.npz").write_bytes(pickle.dumps(Canary(canary)))
    refused(tmp_path / "raw.npz")
    assert not canary.exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x93NUMPY", b"no archive at all" * 10])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "data.npz"
    path.write_bytes(content)
    assert "data.npz" in str(refused(path))


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    whole = write(tmp_path, **FINE).read_bytes()
    for length in range(0, len(whole), 23):
        (tmp_path / "cut.npz").write_bytes(whole[:length])
        refused(tmp_path / "cut.npz")


def test_flipped_bytes_are_refused_or_harmless(tmp_path: Path) -> None:
    whole = write(tmp_path, **FINE).read_bytes()
    for place in range(0, len(whole), 5):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        (tmp_path / "damaged.npz").write_bytes(damaged)
        try:
            assert load(node(tmp_path / "damaged.npz")).samples == 4
        except DataError as error:
            assert "damaged.npz" in str(error)


def test_a_header_that_lies_about_the_size_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    honest = npy(np.zeros((4, 3), np.float32))
    lying = honest.replace(b"(4, 3)", b"(4000000000, 3)".ljust(6))
    lying = lying.replace(b" " * 9 + b"\n", b"\n")  # the header keeps its length
    assert len(lying) == len(honest)
    with zipfile.ZipFile(tmp_path / "data.npz", "w") as archive:
        archive.writestr("input.npy", lying)
        archive.writestr("target.npy", npy(FINE["target"]))
    assert "not as large as it says" in str(refused(tmp_path / "data.npz"))


def test_what_unpacks_to_far_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FREE_SIZE", 1000)
    path = write(tmp_path, input=np.zeros((100_000, 3)), target=np.arange(100_000) % 2)
    assert "200 times" in str(refused(path))

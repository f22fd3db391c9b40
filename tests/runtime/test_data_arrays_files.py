"""`.npy` files, arrays that stay in their files, channels that come last, volumes and videos, and classes for each pixel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from drawings import Drawing
from graph.messages import DataError
from graph.model import Graph, Link, Node, Port, Project
from runtime.analyser import analyse
from runtime.data import arrays, arrays_files, describe, input_from_file, load, look, prepare
from runtime.data.arrays_files import read_npz
from runtime.data.rows import RowFile

DRAW = np.random.default_rng(4)
VIDEOS = DRAW.integers(0, 256, (12, 5, 8, 9, 3)).astype(np.uint8)
LABELS = np.arange(12) % 3


def node(source: str, **params) -> Node:
    return Node("n1", "layerloom.data.Arrays", "arrays", {"source": source, **params})


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    np.save(tmp_path / "x.npy", VIDEOS)
    np.save(tmp_path / "y.npy", LABELS)
    return tmp_path


def test_channels_that_come_last_are_moved(videos: Path) -> None:
    loaded = load(node("x.npy", targets="y.npy", layout="channels last"), videos)
    expected = torch.from_numpy(VIDEOS).permute(0, 4, 1, 2, 3).float() / 255
    assert torch.equal(torch.from_numpy(loaded.store.arrays["input"]), expected)
    assert loaded.outputs["input"].shape == (3, 5, 8, 9) and loaded.classes == ("0", "1", "2")
    assert np.array_equal(loaded.labels, LABELS)


def test_videos_and_volumes_are_seen_as_frames_and_slices(videos: Path) -> None:
    shown = look(node("x.npy", targets="y.npy", layout="channels last"), videos)
    assert len(shown.pictures) == 12 and shown.captions[:3] == ("0", "1", "2")
    assert np.allclose(shown.pictures[2], VIDEOS[2] / 255)
    np.save(videos / "volumes.npy", np.linspace(-3, 5, 2 * 6 * 7 * 8).reshape(2, 6, 7, 8))
    shown = look(node("volumes.npy"), videos)
    assert shown.pictures[0].shape == (6, 7, 8) and shown.pictures[0].min() == 0 and shown.pictures[0].max() == 1


def test_an_array_alone_has_no_right_answers(videos: Path) -> None:
    assert list(describe(node("x.npy"), videos)["outputs"]) == ["input"]
    d = Drawing("Net")
    d.add("data.Arrays", "videos", source=str(videos / "x.npy"))
    made = d.graph.nodes[d.id("videos")]
    assert [port.name for port in made_type(made).outputs] == ["input"]
    d.graph = d.graph.set_facts(made.id, describe(made))
    flat = d.add("nn.Flatten", "flat1", d.port("videos", "input"))
    d.add("nn.MSELoss", "loss", d.add("nn.Linear", "fc1", flat, out_features=3), flat)
    assert not [p for p in analyse(d.project).problems if p.node == made.id]
    assert prepare(d.project).train.ports == (Port(made.id, "input"),)


def made_type(made: Node):
    from graph.catalog import CATALOG

    return CATALOG[made.type].of(made)


def test_masks_are_classes_for_each_pixel(tmp_path: Path) -> None:
    masks = DRAW.integers(0, 4, (10, 6, 6))
    np.savez(tmp_path / "d.npz", x=DRAW.random((10, 3, 6, 6)), y=masks)
    facts = describe(node("d.npz"), tmp_path)
    assert facts["outputs"]["target"] == {"shape": [6, 6], "dtype": "int64", "classes": 4}
    assert facts["task"] == "classification" and load(node("d.npz"), tmp_path).labels is None
    assert look(node("d.npz"), tmp_path).captions == ()


@pytest.mark.parametrize("source", ["x.npy", "d.npz"])
def test_large_arrays_stay_in_their_files(videos: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    np.savez(videos / "d.npz", target=LABELS, input=VIDEOS)
    made = node(source, targets="y.npy" if source == "x.npy" else None, layout="channels last")
    held = load(made, videos)
    monkeypatch.setattr(arrays_files, "MAPPED_FROM", 0)
    mapped = load(made, videos)
    assert all(isinstance(array, RowFile) for array in mapped.store.arrays.values())
    rows = np.array([7, 0, 7, 11])
    for name, array in held.store.read(rows).items():
        assert np.array_equal(mapped.store.read(rows)[name], array)
    known, found = held.facts(), mapped.facts()
    assert {**known, "fingerprint": ""} == {**found, "fingerprint": ""} and np.array_equal(held.labels, mapped.labels)
    monkeypatch.setattr(arrays, "_look_through", lambda *args: pytest.fail("read again"))
    assert load(made, videos).facts() == found


def test_what_is_wrong_in_a_large_array_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays_files, "MAPPED_FROM", 0)
    monkeypatch.setattr(arrays, "_PIECE_BYTES", 64)
    content = np.zeros((50, 3), np.float32)
    content[33, 1] = content[40, 0] = np.nan
    np.savez(tmp_path / "d.npz", x=content, y=np.arange(50) % 2)
    with pytest.raises(DataError, match=r"sample 33 of 'input'.*2 such numbers"):
        load(node("d.npz"), tmp_path)
    np.savez(tmp_path / "d.npz", x=np.zeros((50, 3)), y=np.arange(50) - 1)
    with pytest.raises(DataError, match="from -1 to 48"):
        load(node("d.npz"), tmp_path)


def test_a_file_that_is_cut_while_it_is_used_is_a_sentence(videos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays_files, "MAPPED_FROM", 0)
    store = load(node("x.npy", targets="y.npy"), videos).store
    (videos / "x.npy").write_bytes((videos / "x.npy").read_bytes()[:300])
    with pytest.raises(DataError, match="gone or cut"):
        store.read(np.arange(3))


def test_new_samples_take_the_same_way(videos: Path) -> None:
    made = node(str(videos / "x.npy"), targets=str(videos / "y.npy"), layout="channels last")
    made = replace(made, facts=describe(made))
    graph = Graph().add(made).add(Node("n2", "torch.nn.Flatten", "flat1"))
    data = prepare(Project(graph.connect(Link(Port("n1", "input"), Port("n2", "input")))))
    np.save(videos / "new.npy", VIDEOS[data.test.indices])
    np.savez(videos / "new.npz", x=VIDEOS[data.test.indices])
    for name in ("new.npy", "new.npz"):
        found = input_from_file(made, videos / name, {})[Port("n1", "input")]
        assert torch.equal(found, data.test.tensors[Port("n1", "input")])


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"no array at all" * 9])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(DataError, match=r"x\.npy"):
        load(node("x.npy"), tmp_path)


def test_every_truncation_of_an_npy_file_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((4, 3)))
    whole = (tmp_path / "x.npy").read_bytes()
    for length in range(0, len(whole), 7):
        (tmp_path / "x.npy").write_bytes(whole[:length])
        with pytest.raises(DataError):
            load(node("x.npy"), tmp_path)


def test_fortran_order_and_other_bytes_orders_are_read(tmp_path: Path) -> None:
    content = np.arange(12.0).reshape(4, 3)
    np.save(tmp_path / "x.npy", np.asfortranarray(content).astype(">f4"))
    assert np.array_equal(load(node("x.npy"), tmp_path).store.arrays["input"], content)


def test_an_array_may_stand_behind_any_other_in_the_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays_files, "MAPPED_FROM", 0)
    content = DRAW.random((9, 4))
    np.savez(tmp_path / "d.npz", other=np.arange(1001), a_long_name=np.zeros(3), x=content)
    assert np.array_equal(read_npz(tmp_path / "d.npz", {"x": ("x",)})["x"], content)

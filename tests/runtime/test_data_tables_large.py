"""Parquet, and tables that are read in pieces into a file: the same rows, the same run, little memory."""

from __future__ import annotations

import builtins
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from graph.messages import DataError
from graph.model import Graph, Link, Node, Port, Project
from graph.plan import Plan
from runtime.data import describe, input_from_file, load, prepare, rows, tables, tables_source

COUNT = 3000


def columns() -> dict[str, list]:
    draw = np.random.default_rng(2)
    return {
        "a": [None if i % 11 == 0 else round(float(v), 4) for i, v in enumerate(draw.normal(size=COUNT))],
        "word": [None if i % 13 == 0 else ("x", "y y", "z")[i % 3] for i in range(COUNT)],
        "n": draw.integers(-5, 5, COUNT).tolist(),
        "kind": [("no", "yes")[i % 2] for i in range(COUNT)],
    }


def write_csv(folder: Path, *, quoted: bool = False) -> Path:
    cells = zip(*columns().values(), strict=True)
    mark = '"' if quoted else ""
    text = "a,word,n,kind\n" + "".join(
        f"{'' if a is None else a},{'' if w is None else f'{mark}{w}{mark}'},{n},{k}\n" for a, w, n, k in cells
    )
    (folder / "t.csv").write_text(text)
    return folder / "t.csv"


def node(path: Path, **params) -> Node:
    return Node("n1", "layerloom.data.Table", "rows", {"source": str(path), "missing": "fill", **params})


def arrays(path: Path, **params) -> dict[str, np.ndarray]:
    return dict(load(node(path, **params)).store.read(np.arange(COUNT)))


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(one[name], other[name], equal_nan=True) for name in ("features", "target"))


@pytest.mark.parametrize("quoted", [False, True])
def test_pieces_read_by_pyarrow_and_by_hand_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quoted: bool
) -> None:
    path = write_csv(tmp_path, quoted=quoted)
    whole, facts = arrays(path), describe(node(path))
    monkeypatch.setattr(tables_source, "BLOCK", 5000)
    assert same(arrays(path), whole) and describe(node(path)) == facts
    monkeypatch.setattr(tables_source, "_arrow_csv", lambda: None)
    assert same(arrays(path), whole) and describe(node(path)) == facts


def test_a_fault_far_down_is_told_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_csv(tmp_path)
    lines = path.read_text().splitlines()
    lines[2500] = "oops,x,1,no"
    path.write_text("\n".join(lines) + "\n")
    monkeypatch.setattr(tables_source, "BLOCK", 5000)
    with pytest.raises(DataError, match=r"line 2501: 'oops' in column 'a'"):
        load(node(path))
    assert load(node(path, broken="skip")).skipped == 1


def test_a_cached_table_is_the_same_and_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_csv(tmp_path)
    whole, facts = arrays(path), describe(node(path))
    monkeypatch.setattr(tables, "CACHED_FROM", 0)
    first = load(node(path))
    assert isinstance(first.store.arrays["features"], rows.RowFile)
    assert same(dict(first.store.read(np.arange(COUNT))), whole) and first.facts() == facts
    monkeypatch.setattr(tables, "read_rows", lambda *args: pytest.fail("read again"))
    again = load(node(path))
    assert same(dict(again.store.read(np.arange(COUNT))), whole) and again.facts() == facts
    assert np.array_equal(again.labels, first.labels)


def test_what_a_failed_reading_left_in_the_cache_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_csv(tmp_path)
    path.write_text(path.read_text() + "1,2\n")
    monkeypatch.setattr(tables, "CACHED_FROM", 0)
    with pytest.raises(DataError, match="2 cells"):
        load(node(path))
    assert list((rows.cache_folder() / "data").iterdir()) == []


def test_a_full_disk_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_csv(tmp_path)
    monkeypatch.setattr(tables, "CACHED_FROM", 0)

    def full(self, more: np.ndarray) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rows.RowWriter, "add", full)
    with pytest.raises(DataError, match=r"No space left on device.*Make room"):
        load(node(path))


@pytest.mark.parametrize("dictionary", [False, True])
def test_parquet_gives_what_csv_gives(tmp_path: Path, dictionary: bool) -> None:
    table = pa.table(columns())
    if dictionary:
        table = table.set_column(1, "word", table["word"].dictionary_encode())
    pq.write_table(table, tmp_path / "t.parquet")
    assert same(arrays(tmp_path / "t.parquet"), arrays(write_csv(tmp_path)))


def test_yes_and_no_and_decimals_are_numbers(tmp_path: Path) -> None:
    content = {
        "flag": [True, None, False],
        "price": pa.array([1, 2, 3]).cast(pa.decimal128(30, 2)),
        "y": [0.5, 1.5, 2.5],
    }
    pq.write_table(pa.table(content), tmp_path / "t.parquet")
    found = load(node(tmp_path / "t.parquet")).store.arrays["features"]
    assert np.array_equal(found, [[1, 1], [np.nan, 2], [0, 3]], equal_nan=True)


def test_without_pyarrow_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pq.write_table(pa.table(columns()), tmp_path / "t.parquet")
    original = builtins.__import__

    def without(name: str, *args, **more):
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return original(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DataError, match=r'pip install "layerloom\[data\]"'):
        load(node(tmp_path / "t.parquet"))


def project(path: Path) -> Project:
    made = node(path)
    graph = Graph().add(replace(made, facts=describe(made))).add(Node("n2", "torch.nn.Linear", "fc1"))
    return Project(graph.connect(Link(Port("n1", "features"), Port("n2", "input"))), Plan(seed=5))


def test_a_run_on_the_cached_table_is_the_same_to_the_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_csv(tmp_path)
    held = prepare(project(path))
    monkeypatch.setattr(tables, "CACHED_FROM", 0)
    cached = prepare(project(path))
    assert held.statistics == cached.statistics
    for one, other in zip(held.parts, cached.parts, strict=True):
        assert all(map(torch.equal, one.head(COUNT), other.head(COUNT)))


def test_parquet_as_new_input(tmp_path: Path) -> None:
    made = project(write_csv(tmp_path))
    data = prepare(made)
    pq.write_table(pa.table(columns()), tmp_path / "new.parquet")
    found = input_from_file(made.graph.nodes["n1"], tmp_path / "new.parquet", data.statistics)[Port("n1", "features")]
    assert torch.equal(found[data.test.indices], data.test.tensors[Port("n1", "features")])


def test_reading_a_large_table_takes_little_memory(tmp_path: Path) -> None:
    """20 MB of text, read in pieces, must not take what its cells take as Python objects (some 200 MB)."""
    line = ",".join(["0.123456"] * 20)
    with (tmp_path / "t.csv").open("w") as file:
        file.write(",".join(f"c{i}" for i in range(20)) + ",y\n")
        file.writelines(f"{line},{i * 0.5}\n" for i in range(100_000))
    code = (
        "import resource, sys\n"
        "from graph.model import Node\n"
        "from runtime.data import describe, tables, tables_source\n"
        "import pyarrow.csv\n"
        "tables.CACHED_FROM = 0\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"describe(Node('n1', 'layerloom.data.Table', 't', {{'source': {str(tmp_path / 't.csv')!r}}}))\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / (2**20 if sys.platform == 'darwin' else 2**10))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2], capture_output=True)
    assert float(done.stdout) < 120  # MiB

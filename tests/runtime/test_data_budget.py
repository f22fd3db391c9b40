"""Data that is larger than its budget is read when a batch needs it, with the same samples in the same order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from graph.model import Graph, Link, Node, Port, Project
from graph.plan import Plan
from runtime.data import describe, preparation, prepare, tables
from runtime.data.parts import HeldPart

X, Y = Port("n1", "features"), Port("n1", "target")


def project(path: Path) -> Project:
    rows = "".join(f"{i if i % 9 else ''},{'abc'[i % 3]},{i * 0.5}\n" for i in range(200))
    path.write_text("a,w,y\n" + rows)
    node = Node("n1", "layerloom.data.Table", "rows", {"source": str(path), "missing": "fill"})
    graph = Graph().add(replace(node, facts=describe(node))).add(Node("n2", "torch.nn.Linear", "fc1"))
    return Project(graph.connect(Link(X, Port("n2", "input"))), Plan(seed=5))


def test_parts_are_held_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = project(tmp_path / "t.csv")
    whole = prepare(made)
    monkeypatch.setattr(preparation, "ROWS_AT_A_TIME", 7)
    for one, other in zip(whole.parts, prepare(made).parts, strict=True):
        assert isinstance(one, HeldPart)
        assert all(map(torch.equal, one.head(200), other.head(200)))


def test_what_is_larger_than_the_budget_is_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    streams = pytest.importorskip("runtime.data.streams")
    made = project(tmp_path / "t.csv")
    held = prepare(made)
    monkeypatch.setattr(tables, "CACHED_FROM", 0)
    streamed = prepare(made, budget=0)
    assert streamed.statistics == held.statistics and streamed.fingerprint == held.fingerprint
    for one, other in zip(held.parts, streamed.parts, strict=True):
        assert isinstance(other, streams.StreamedPart) and one.indices.tolist() == other.indices.tolist()
        for a, b in zip(one.batches(16, ports=(X, Y)), other.batches(16, ports=(X, Y)), strict=True):
            assert all(map(torch.equal, a, b))


def test_the_free_memory_is_known() -> None:
    assert 2**26 < preparation.free_memory() < 2**45

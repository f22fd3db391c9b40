"""The comparison of canvases tells a contender that is slow from one that is broken, and measures nothing where none is."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def bench(monkeypatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "benchmarks"))
    module = importlib.import_module("bench_canvas")
    monkeypatch.setattr(module, "installed", lambda name: True)
    yield module
    for name in ("bench_canvas", "canvas_peers", "canvas_contenders"):
        sys.modules.pop(name, None)


def answers(bench: ModuleType, failure: Exception | None):
    def measured(name: str, size: int, patience: float = 0) -> dict[str, float]:
        if failure is not None and name not in ("ours", "bare"):
            raise failure
        return dict.fromkeys(bench.COLUMNS, 2.0 if name == "ours" else 1.0)

    return measured


def test_a_contender_that_breaks_is_no_contender_that_is_slow(bench, monkeypatch):
    monkeypatch.setattr(bench, "_in_a_process", answers(bench, subprocess.CalledProcessError(1, "it")))
    with pytest.raises(subprocess.CalledProcessError):
        bench.compare([100], 1, ["flowchart"])


def test_one_that_takes_for_ever_is_left_out_and_then_nothing_is_claimed(bench, monkeypatch):
    monkeypatch.setattr(bench, "_in_a_process", answers(bench, subprocess.TimeoutExpired("it", 1)))
    found = bench.compare([100], 1, ["flowchart"])
    assert found[100].keys() == {"ours", "bare"}
    with pytest.raises(pytest.skip.Exception):
        bench.test_no_other_editor_is_faster_or_leaner(found, 100)


def test_one_that_is_faster_is_told(bench, monkeypatch):
    monkeypatch.setattr(bench, "_in_a_process", answers(bench, None))
    with pytest.raises(AssertionError):
        bench.test_no_other_editor_is_faster_or_leaner(bench.compare([100], 1, ["flowchart"]), 100)

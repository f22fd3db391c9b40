"""t-SNE in a process of its own: the same numbers as here, gone as soon as nobody wants it, and a sentence where it fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from graph.messages import RunError
from runtime import projection, projection_apart
from runtime.isolated import ROOT
from runtime.projection_apart import BOOT, KINDNESS, MapSearch

PATIENCE = 20


def cloud(points: int, numbers: int = 12) -> np.ndarray:
    return np.random.default_rng(3).normal(size=(points, numbers)).astype(np.float32)


def until(fits) -> None:
    end = time.monotonic() + PATIENCE
    while not fits():
        assert time.monotonic() < end
        time.sleep(0.01)


class Searched:
    """A search for the map of many points, under way in a thread."""

    def __init__(self) -> None:
        self.search, self.found = MapSearch(), []
        self.thread = threading.Thread(target=self._look)
        self.thread.start()
        until(lambda: self.search.child is not None)

    def _look(self) -> None:
        try:
            self.found.append(self.search.map_of(cloud(1000)))
        except RunError as error:
            self.found.append(error)


def test_few_points_need_no_process(monkeypatch):
    monkeypatch.setattr(projection_apart.subprocess, "Popen", None)
    assert np.array_equal(MapSearch().map_of(cloud(20)).points, projection.tsne(cloud(20)).points)


@pytest.mark.slow
def test_the_map_is_the_one_that_is_made_here_to_the_last_bit(monkeypatch):
    monkeypatch.setattr(projection_apart, "FEW", 10)
    points = cloud(60)
    assert np.array_equal(MapSearch().map_of(points).points, projection.tsne(points).points)


def test_it_ends_at_once_when_nobody_wants_it_any_more():
    searched = Searched()
    begun = time.monotonic()
    searched.search.end()
    searched.thread.join(PATIENCE)
    assert searched.found == [None] and searched.search.child.returncode is not None
    assert time.monotonic() - begun < 1


def test_what_was_ended_before_it_began_begins_no_process():
    search = MapSearch()
    search.end()
    assert search.map_of(cloud(200)) is None and search.child is None


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_process_that_ends_by_itself_is_told_of():
    searched = Searched()
    os.kill(searched.search.child.pid, signal.SIGKILL)
    searched.thread.join(PATIENCE)
    (error,) = searched.found
    assert isinstance(error, RunError) and "ended by itself (status -9)" in str(error) and "PCA" in str(error)


@pytest.mark.slow
def test_what_the_process_refuses_is_said_here(monkeypatch, tmp_path):
    monkeypatch.setattr(projection_apart, "FEW", 10)
    (tmp_path / "sklearn.py").write_text("raise ImportError")
    boot = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {BOOT}".replace(
        "insert(0, sys.argv[1])", "append(sys.argv[1])"
    )
    monkeypatch.setattr(projection_apart, "BOOT", boot)
    with pytest.raises(RunError, match="needs scikit-learn"):
        MapSearch().map_of(cloud(20))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="/proc")
def test_it_gives_way_and_dies_with_the_window():
    """A process stands for the window; it is killed, so that nothing can tidy up behind it."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import numpy as np, threading\n"
        "from runtime.projection_apart import MapSearch\n"
        "search = MapSearch()\n"
        "threading.Thread(target=search.map_of, args=(np.random.default_rng(0).normal(size=(1000, 12)),), daemon=True).start()\n"
        "while search.child is None: pass\n"
        "print(search.child.pid, flush=True)\n"
        "threading.Event().wait()\n"
    )
    window = subprocess.Popen([sys.executable, "-c", code, str(ROOT)], stdout=subprocess.PIPE, text=True)
    try:
        child = Path(f"/proc/{int(window.stdout.readline())}")

        def kindness() -> int:
            return int((child / "stat").read_text().rpartition(")")[2].split()[16])

        until(lambda: kindness() >= KINDNESS)
    finally:
        window.kill()
        window.communicate()
    until(lambda: not child.exists() or (child / "stat").read_text().rpartition(")")[2].split()[0] == "Z")

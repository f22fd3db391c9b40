"""Streaming: the batches of a part that is held, read by other processes, which leave nothing behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from graph.messages import DataError, msg
from graph.model import Port
from runtime.data.parts import HeldPart
from runtime.data.readers import Reader
from runtime.data.samples import Samples, Share
from runtime.data.streams import Crew, StreamedPart

ROOT = Path(__file__).resolve().parents[2]
X, Y = Port("n1", "image"), Port("n1", "label")
COUNT = 103
"""Rows of the store below; not a multiple of the batch size."""


@dataclass(frozen=True)
class NumberStore:
    """Makes up its samples where it is asked; says who it is, and cannot read one of them."""

    broken: int = -1
    deadly: int = -1
    count: int = COUNT
    width: int = 3
    nbytes: int = 2**40

    def read(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        if self.broken in rows:
            raise DataError(msg("'{file}' is damaged.", file=f"{self.broken}.png"))
        if self.deadly in rows:
            os.kill(os.getpid(), signal.SIGKILL)
        x = np.stack([np.full((2, self.width), row, np.float32) for row in rows])
        return {"image": x, "label": np.full(len(rows), os.getpid())}


def samples(**store) -> Samples:
    return Samples((Share("n1", NumberStore(**store), Reader(None, None), {}, {}),))  # type: ignore[arg-type]


def held(rows: np.ndarray) -> HeldPart:
    found = samples().read(rows)
    return HeldPart({port: torch.from_numpy(array) for port, array in found.items()}, rows)


ROWS = np.random.default_rng(3).permutation(COUNT)[:90]


@pytest.fixture(scope="module")
def crew() -> Iterator[Crew]:
    """One for most of the tests: it takes seconds until a process has imported torch."""
    crew = Crew(samples(), workers=2)
    yield crew
    crew.close()


def images(batches) -> list[torch.Tensor]:
    return [batch[0] for batch in batches]


def same(one, other) -> bool:
    one, other = images(one), images(other)
    return len(one) == len(other) and all(map(torch.equal, one, other))


def test_batches_are_those_of_a_held_part_for_epochs(crew: Crew) -> None:
    part, reference = StreamedPart(crew, ROWS), held(ROWS)
    g, h = torch.Generator().manual_seed(7), torch.Generator().manual_seed(7)
    before = torch.get_rng_state()
    for _epoch in range(3):
        assert same(part.batches(8, g), reference.batches(8, h))
    assert torch.equal(torch.get_rng_state(), before)
    assert same(part.batches(8), reference.batches(8))
    assert same(part.batches(8, g, first=5), reference.batches(8, h, first=5))
    assert torch.equal(g.get_state(), h.get_state())
    assert list(part.batches(8, first=99)) == []


def test_other_processes_read_and_stay(crew: Crew) -> None:
    part = StreamedPart(crew, ROWS)
    seen = [{int(pid) for (pids,) in part.batches(8, ports=[Y]) for pid in pids} for _ in range(2)]
    assert seen[0] == seen[1] and len(seen[0]) == 2 and os.getpid() not in seen[0]
    other = StreamedPart(crew, np.arange(20)).to("cpu")
    assert {int(pids[0]) for _, pids in other.batches(4)} <= seen[0]


def test_a_pass_left_early_does_not_reach_into_the_next(crew: Crew) -> None:
    part, reference = StreamedPart(crew, ROWS), held(ROWS)
    assert torch.equal(next(part.batches(8))[0], next(reference.batches(8))[0])
    assert same(part.batches(8, first=1), reference.batches(8, first=1))


def test_a_pass_inside_another_one_disturbs_nothing(crew: Crew) -> None:
    part, reference = StreamedPart(crew, ROWS), held(ROWS)
    outer = part.batches(8)
    found = [next(outer)]
    assert same(part.batches(16), reference.batches(16))
    assert same([*found, *outer], reference.batches(8))


def test_a_thread_reads_where_there_are_no_workers() -> None:
    part, reference = StreamedPart(samples(), ROWS, workers=0), held(ROWS)
    g, h = torch.Generator().manual_seed(7), torch.Generator().manual_seed(7)
    assert same(part.batches(8, g), reference.batches(8, h))
    assert {int(pids[0]) for _, pids in part.batches(8)} == {os.getpid()}
    assert [t.shape for t in part.head(5)] == [(5, 2, 3), (5,)]
    assert part.ports == (X, Y) and part.count == 90
    empty = StreamedPart(samples(), ROWS[:0], workers=0)
    assert list(empty.batches(8)) == [] and empty.ports == (X, Y)


@pytest.mark.parametrize("workers", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_what_cannot_be_read_is_a_sentence_and_leaves_no_process(workers: int) -> None:
    before = set(multiprocessing.active_children())
    part = StreamedPart(samples(broken=50), np.arange(COUNT), workers=workers)
    batches, found = part.batches(10), []
    with pytest.raises(DataError, match=r"'50.png' is damaged"):
        found.extend(batches)
    assert len(images(found)) == 5
    part.close()
    assert set(multiprocessing.active_children()) == before


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_reader_that_dies_is_a_sentence_and_close_in_mid_epoch_ends_the_others() -> None:
    before = set(multiprocessing.active_children())
    part = StreamedPart(samples(deadly=99), np.arange(COUNT), workers=1)
    batches = part.batches(10)
    next(batches)
    assert len(set(multiprocessing.active_children()) - before) == 1
    with pytest.raises(DataError, match="has died"):
        list(batches)
    part.close()
    again = StreamedPart(samples(), np.arange(COUNT), workers=1)
    suspended = again.batches(10)
    next(suspended)
    again.close()
    assert set(multiprocessing.active_children()) == before


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there a process can be asked so only when it has begun")
def test_ctrl_c_reaches_the_readers_too_and_leaves_the_decision_to_the_training() -> None:
    """Once while the process begins, and once while it reads."""
    before, reference = set(multiprocessing.active_children()), held(ROWS)
    part = StreamedPart(samples(), ROWS, workers=1)

    def interrupt() -> None:
        while not (begun := set(multiprocessing.active_children()) - before):
            time.sleep(0.001)
        for child in begun:
            assert child.pid is not None
            os.kill(child.pid, signal.SIGINT)

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    batches = part.batches(8)
    found = [next(batches)]
    thread.join()
    interrupt()
    assert same([*found, *batches], reference.batches(8))
    part.close()
    assert set(multiprocessing.active_children()) == before


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_samples() -> None:
    peaks, counts, width = [], (500, 5000), 500
    for count in counts:
        part = StreamedPart(samples(count=count, width=width), np.arange(count), workers=0)
        tracemalloc.start()
        seen = sum(len(x) for x, _ in part.batches(8, torch.Generator().manual_seed(0)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert seen == count
    bytes_of_the_others = (counts[1] - counts[0]) * 2 * width * 4
    assert peaks[1] - peaks[0] < 0.05 * bytes_of_the_others


SCRIPT = """
import sys, threading
sys.path.insert(0, {root!r})
import numpy as np
from PySide6.QtCore import QCoreApplication
from runtime.data.records import ArrayStore
from runtime.data.readers import Reader
from runtime.data.samples import Samples, Share
from runtime.data.streams import StreamedPart

print("main is run")

def train():
    store = ArrayStore({{"x": np.arange(40, dtype=np.float32)}})
    part = StreamedPart(Samples((Share("n1", store, Reader(None, None), {{}}, {{}}),)), np.arange(40), workers=1)
    print(sum(float(x.sum()) for (x,) in part.batches(4)))
    part.close()
    application.quit()

application = QCoreApplication([])
thread = threading.Thread(target=train)
thread.start()
application.exec()
thread.join()
print("PySide6" in sys.modules, __file__.endswith("script.py"))
"""


@pytest.mark.slow
def test_a_window_without_a_guard_is_not_run_again_by_the_readers(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(root=str(ROOT)))
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.split("\n")[:3] == ["main is run", "780.0", "True True"] and done.stderr == ""

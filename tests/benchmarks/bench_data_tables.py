"""A table larger than memory: generated, read once, and its rows taken at random; speed and peak memory.

By hand: `python tests/benchmarks/bench_data_tables.py [GIGABYTES]`. As a test, `LAYERLOOM_TABLE_GB=5 pytest -m slow` runs the
full size (a small one if the variable is not set). The peak memory of a fresh process must not grow with the table beyond
`BYTES_A_ROW` for the labels and the order of the split.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
BASE = 400 * 2**20  # bytes that a fresh process with NumPy, pyarrow and one piece of the table may take
BYTES_A_ROW = 40  # labels, and the permutation of the split while it is made

_CHILD = """
import json, resource, sys, time
import numpy as np
from graph.model import Node
from graph.plan import Split
from runtime.data import load, tables
from runtime.data.splits import split

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

found, node = {}, Node("n1", "layerloom.data.Table", "t", {"source": sys.argv[1]})
start = time.perf_counter()
loaded = load(node)
found["read_s"], found["read_peak"], start = time.perf_counter() - start, peak(), time.perf_counter()
load(node)
found["again_s"], start = time.perf_counter() - start, time.perf_counter()
train = split(loaded.samples, Split(), seed=0).train
tables.fit({"scaling": "standardize"}, loaded, train)
found["fit_s"], start = time.perf_counter() - start, time.perf_counter()
for batch in train[: 200 * 256].reshape(-1, 256):
    loaded.store.read(batch)
found["rows_per_s"] = 200 * 256 / (time.perf_counter() - start)
print(json.dumps({**found, "rows": loaded.samples, "peak": peak()}))
"""


def generate(path: Path, size: int) -> None:
    """A table of nine numbers, a word and a class, of about so many bytes."""
    draw = np.random.default_rng(0)
    numbers, words = draw.normal(size=(20_000, 9)), draw.integers(0, 5, 20_000)
    lines = (
        ",".join(f"{value:.6f}" for value in row) + f",c{word},{int(sum(row) > 0)}\n"
        for row, word in zip(numbers.tolist(), words.tolist(), strict=True)
    )
    block = "".join(lines).encode()
    with path.open("wb") as file:
        file.write((",".join(f"x{i}" for i in range(9)) + ",word,y\n").encode())
        for _ in range(max(1, size // len(block))):
            file.write(block)


def measure(path: Path, cache: Path) -> dict[str, float]:
    """The figures of a fresh process that reads the table."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, str(path)], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_table(tmp_path: Path) -> None:
    size = float(os.environ.get("LAYERLOOM_TABLE_GB", "0.2"))
    generate(tmp_path / "t.csv", int(size * 2**30))
    found = measure(tmp_path / "t.csv", tmp_path / "cache")
    assert found["peak"] < BASE + BYTES_A_ROW * found["rows"]


if __name__ == "__main__":
    import tempfile

    gigabytes = float(sys.argv[1]) if len(sys.argv) > 1 else 0.2
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder) / "t.csv", int(gigabytes * 2**30))
        for name, value in measure(Path(folder) / "t.csv", Path(folder) / "cache").items():
            print(f"{name:12} {value:,.3f}")

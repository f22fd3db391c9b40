"""A folder of many small pictures: described, and an epoch of it streamed; speed beside a loader by hand, and peak memory.

By hand: `python tests/benchmarks/bench_data_images.py [PICTURES]`. As a test, `LAYERLOOM_IMAGES=100000 pytest -m slow` runs the
full size (5,000 if the variable is not set). The peak memory of a fresh process must not grow with the number of pictures beyond
`BYTES_A_PICTURE`, and streaming must not be much slower than the loader by hand in the same process. Both take the same fifths of
an epoch in turn, and the median of the five ratios counts: one after the other, they would measure what else the machine does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
CLASSES, SIDE, BATCH = 10, 32, 128
BASE = 700 * 2**20  # bytes that a fresh process with torch and a few batches may take
BYTES_A_PICTURE = 2000  # names, headers, labels, and the requests of an epoch; a float tensor alone would be 12,288
LEAST_RATIO = 0.7  # of the speed of the loader by hand; a machine under load measures with much noise

_CHILD = """
import json, os, resource, sys, time
from pathlib import Path
import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from graph.model import Node
from runtime.data import load
from runtime.data.samples import gather_samples
from runtime.data.streams import Crew, StreamedPart, default_workers

BATCH, ROUNDS = int(sys.argv[2]), 5

def peak(whose=resource.RUSAGE_SELF):
    return resource.getrusage(whose).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

class ByHand(Dataset):
    def __init__(self, folder):
        classes = sorted(path for path in Path(folder).iterdir())
        self.files = [(str(file), label) for label, path in enumerate(classes) for file in sorted(path.iterdir())]

    def __len__(self):
        return len(self.files)

    def __getitem__(self, row):
        path, label = self.files[row]
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"), dtype=np.float32) / np.float32(255)
        return torch.from_numpy(pixels.transpose(2, 0, 1).copy()), label

def speed(batches):
    batches = iter(batches)
    first = next(batches)[0]  # the processes have begun
    start, seen, total = time.perf_counter(), 0, first.sum(dtype=torch.float64)
    for images, _ in batches:
        seen, total = seen + len(images), total + images.sum(dtype=torch.float64)
    return seen / (time.perf_counter() - start), float(total)

def main():
    found, node = {}, Node("n1", "layerloom.data.Images", "images", {"source": sys.argv[1]})
    for key in ("describe_s", "describe_again_s"):
        start = time.perf_counter()
        loaded = load(node)
        found[key] = time.perf_counter() - start
    samples, folder = gather_samples((node,), {"n1": loaded}, {"n1": {}}), sys.argv[1]
    order = torch.randperm(loaded.samples, generator=torch.Generator().manual_seed(0)).numpy()
    for key, workers in (("here", 0), ("workers", default_workers())):
        crew, rows, speeds = Crew(samples, workers), [], []
        loader = DataLoader(ByHand(folder), BATCH, sampler=rows, num_workers=workers, persistent_workers=workers > 0,
                            multiprocessing_context="spawn" if workers else None)
        for some in np.array_split(order, ROUNDS):
            rows[:] = some.tolist()
            ours, total = speed(StreamedPart(crew, some).batches(BATCH))
            found[f"peak_{key}"] = peak()
            by_hand, other = speed(loader)
            assert total == other, (total, other)
            speeds.append((ours, by_hand, ours / by_hand))
        crew.close()
        found["peak_a_worker"] = peak(resource.RUSAGE_CHILDREN)
        figures = (f"{key}_per_s", f"by_hand_{key}_per_s", f"ratio_{key}")
        found |= dict(zip(figures, np.median(speeds, axis=0).tolist()))
        found |= {f"least_ratio_{key}": min(row[2] for row in speeds), f"most_ratio_{key}": max(row[2] for row in speeds)}
    print(json.dumps({**found, "pictures": loaded.samples, "workers": default_workers()}))

if __name__ == "__main__":
    main()
"""


def generate(folder: Path, count: int) -> None:
    """So many colored pictures of 32 × 32 pixels, half of them JPEG, half PNG, in ten folders."""
    draw = np.random.default_rng(0)
    for number in range(CLASSES):
        (folder / f"class{number}").mkdir(parents=True)
    for number in range(count):
        coarse = draw.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        image = Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        image.save(folder / f"class{number % CLASSES}" / f"{number}.{'png' if number % 2 else 'jpg'}")


def measure(folder: Path, cache: Path) -> dict[str, float]:
    """The figures of a fresh process that reads the folder."""
    script = cache / "child.py"
    cache.mkdir(exist_ok=True)
    script.write_text(_CHILD)
    environment = {
        **os.environ, "XDG_CACHE_HOME": str(cache), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(script), str(folder), str(BATCH)], cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    return json.loads(done.stdout)


@pytest.mark.slow
def test_many_pictures_take_little_memory_and_stream_as_fast_as_by_hand(tmp_path: Path) -> None:
    count = int(os.environ.get("LAYERLOOM_IMAGES", "5000"))
    generate(tmp_path / "pictures", count)
    found = measure(tmp_path / "pictures", tmp_path / "cache")
    assert found["pictures"] == count
    assert max(found["peak_workers"], found["peak_a_worker"]) < BASE + BYTES_A_PICTURE * count
    assert min(found["ratio_here"], found["ratio_workers"]) > LEAST_RATIO


if __name__ == "__main__":
    import tempfile

    pictures = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    with tempfile.TemporaryDirectory() as temporary:
        generate(Path(temporary) / "pictures", pictures)
        for name, value in measure(Path(temporary) / "pictures", Path(temporary) / "cache").items():
            print(f"{name:22} {value:,.3f}")

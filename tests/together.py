"""Several processes that train projects one after the other: what tests of `runtime.distributed` need.

Beginning two processes takes seconds, so that all short runs share them.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from graph import files
from graph.model import Project
from runtime.data import preparation, streams
from runtime.distributed import FOLDER, environment_of, train_in_world
from runtime.events import Event
from runtime.session import Control
from trainings import StopAfter

TESTS = Path(__file__).resolve().parent


def train_together(
    projects: Mapping[str, Project], folder: Path, *, size: int = 2, shard: Collection[str] = ()
) -> dict[str, list[Event]]:
    """The events of each project, trained by so many processes; the folders of its runs are in `folder / name`.

    The weights of those named in `shard` are divided among the processes.
    """
    for name, project in projects.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        files.save(project, folder / name / "project.layerloom")
    for name in shard:
        (folder / name / "shard").touch()
    command = [sys.executable, str(Path(__file__)), str(folder), *projects]
    environment = {"PYTHONPATH": os.pathsep.join((str(TESTS.parent), str(TESTS))), "OMP_NUM_THREADS": "1"}
    workers = [
        subprocess.Popen(command, env={**environment_of(rank, size, folder), **environment}) for rank in range(size)
    ]
    try:
        assert [worker.wait(480) for worker in workers] == [0] * size
    finally:
        for worker in workers:
            worker.kill()
    return {name: pickle.loads((folder / name / "events").read_bytes()) for name in projects}


def _work(folder: Path, names: list[str]) -> None:
    for name in names:
        own = folder / name
        os.environ[FOLDER] = str(own)
        if (own / "streaming").is_file() and os.environ["RANK"] in (own / "streaming").read_text():
            preparation.free_memory, streams.default_workers = (lambda: 0), (lambda: 1)
        resume = (own / "resume").read_text() if (own / "resume").is_file() else None
        control = StopAfter(int((own / "stop").read_text())) if (own / "stop").is_file() else Control(attended=False)
        events = list(
            train_in_world(
                files.load(own / "project.layerloom"), folder=own, runs=own / "runs", control=control,
                resume=Path(resume) if resume else None, shard=(own / "shard").is_file(),
            )
        )  # fmt: skip
        if os.environ["RANK"] == "0":
            (own / "events").write_bytes(pickle.dumps(events))


if __name__ == "__main__":
    _work(Path(sys.argv[1]), sys.argv[2:])

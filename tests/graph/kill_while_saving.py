"""Run as a script: kills processes that save without end, and prints what was wrong with the file afterwards.

    kill_while_saving.py FOLDER COUNT

Each child forks from here, so that a kill costs milliseconds instead of a start of Python.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from graph import files
from graph.atomic import backup_path
from graph.model import Graph, Node, Project


def project(name: str) -> Project:
    nodes = (Node(f"n{i}", "torch.nn.Linear", f"{name}{i}", {"out_features": i}) for i in range(150))
    return Project(Graph({node.id: node for node in nodes}), name=name)


def save_without_end(versions: list[Project], path: Path, started: int) -> None:
    files.save(versions[0], path)
    os.write(started, b"!")
    while True:
        for version in versions:
            files.save(version, path)


def kill_one(versions: list[Project], path: Path, delay: float) -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        save_without_end(versions, path, writing)
    os.read(reading, 1)
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(reading)
    os.close(writing)


def main(folder: Path, count: int) -> None:
    versions = [project("old"), project("new")]
    whole = {files.to_text(version) for version in versions}
    path = folder / "drawing.layerloom"
    rng = random.Random(0)
    for i in range(count):
        kill_one(versions, path, rng.uniform(0, 0.02))
        for saved in (path, backup_path(path)):
            if saved.exists() and saved.read_text("utf-8") not in whole:
                print(f"kill {i}: {saved.name} is broken")
        if not path.exists():
            print(f"kill {i}: the file is lost")
    print(f"{count} kills, {len(list(folder.glob('.layerloom-*.tmp')))} in the middle of a save")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

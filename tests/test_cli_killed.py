"""kill -9 at any moment: the run goes on, and ends with the very weights of a run that nobody touched."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from graph import files
from recorded_networks import PROJECTS
from trainings import run

ROOT = Path(__file__).resolve().parents[1]
NETWORKS = ("mlp", "lenet with dropout", "lstm", "transformer")
EPOCHS = 25

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX")


def begin(*arguments: object) -> subprocess.Popen[str]:
    """The verb `train`, whose events can be read."""
    command = [sys.executable, "main.py", "train", *map(str, arguments), "--epochs", str(EPOCHS), "--json"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def kill_after(process: subprocess.Popen[str], event: str, seconds: float) -> bool:
    """Kill it so long after it told of such an event for the first time; whether it was still there."""
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["event"] == event:
            break
    time.sleep(seconds)
    was_there = process.poll() is None
    process.kill()
    process.communicate()
    return was_there


def drawn(name: str, folder: Path) -> Path:
    path = folder / "net.layerloom"
    files.save(PROJECTS[name](folder), path)
    return path


def last_weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "checkpoints" / "last.safetensors")


def assert_same_weights(made: Path, path: Path) -> None:
    expected = run(files.load(path), path.parent / "untouched", folder=path.parent, epochs=EPOCHS)[-1]
    weights, others = last_weights(made), last_weights(Path(expected.run))
    assert weights.keys() == others.keys() and all(torch.equal(weights[key], others[key]) for key in weights)


def finish(made: Path, path: Path) -> None:
    with begin(path, "--resume", made) as process:
        assert process.stdout is not None
        last = json.loads(process.stdout.read().splitlines()[-1])
    assert process.returncode == 0 and last["event"] == "Finished" and Path(last["run"]) == made, last


@pytest.mark.parametrize(
    ("name", "event"),
    [
        pytest.param("mlp", "RunStarted", marks=pytest.mark.slow),
        ("lstm", "EpochEnded"),
        pytest.param("lenet with dropout", "EpochEnded", marks=pytest.mark.slow),
        pytest.param("transformer", "EpochEnded", marks=pytest.mark.slow),
    ],
)
def test_a_killed_run_ends_like_one_that_nobody_touched(name, event, tmp_path):
    path = drawn(name, tmp_path)
    kill_after(begin(path, "--out", tmp_path / "runs"), event, random.Random(name).uniform(0, 0.05))
    (made,) = (tmp_path / "runs").iterdir()
    finish(made, path)
    assert_same_weights(made, path)


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_a_run_may_be_killed_again_and_again(name, tmp_path):
    path, chance = drawn(name, tmp_path), random.Random(name)
    arguments, kills = ("--out", tmp_path / "runs"), 0
    for _ in range(8):
        kills += kill_after(begin(path, *arguments), "RunStarted", chance.uniform(0, 1.5))
        (made,) = (tmp_path / "runs").iterdir()
        arguments = ("--resume", made)
    finish(made, path)
    assert kills > 0
    assert_same_weights(made, path)

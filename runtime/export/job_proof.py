"""The second run of a job folder: its `train.py` in a clean process, step by step beside the application's own training."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph.messages import ExportError, msg
from runtime.events import EpochEnded, Failed, StepsEnded
from runtime.export import verify
from runtime.export.clean_job import OUTSIDE
from runtime.export.job import left_behind
from runtime.export.verify import Difference
from runtime.session import Control, Request

if TYPE_CHECKING:
    from runtime.predict import Trained

STEPS = 20  # that are compared, at least: events bring them in handfuls
PATIENCE = verify.TIMEOUT  # seconds that train.py gets to end when it is told to
_SCRIPT = Path(__file__).with_name("clean_job.py")
Losses = dict[str, list[float]]


def prove(trained: Trained, folder: Path, aside: Path) -> Mapping[str, Difference]:
    """Train in the folder and here, both in a process of their own on the CPU, for a few steps or an epoch.

    Returns:
        The largest difference of each figure of a step, by its name and how many steps were compared: "loss:24".

    Raises:
        ExportError: the training does not run, here or there, or there with another engine than the folder's.
    """
    here, there = _here(trained, aside / "runs"), _there(trained, folder, aside / "said.txt")
    if not here or here.keys() != there.keys():
        return {"loss:0": Difference(float("inf"), 0.0)}
    counts = {name: min(len(values), len(there[name])) for name, values in here.items()}
    return {f"{name}:{count}": _difference(here[name][:count], there[name][:count]) for name, count in counts.items()}


def _here(trained: Trained, runs: Path) -> Losses:
    from runtime.isolated import train_apart

    project = trained.project.with_plan(replace(trained.project.plan, device="cpu"))
    control = Control(attended=False)
    losses: Losses = {}
    with closing(train_apart(Request(project, trained.folder, runs), control)) as events:  # pyright: ignore[reportArgumentType]
        for event in events:
            if isinstance(event, Failed):
                raise ExportError(event.message, node=event.node)
            if (isinstance(event, StepsEnded) and _add(event.series, losses)) or isinstance(event, EpochEnded):
                control.stop()
    return losses


def _there(trained: Trained, folder: Path, said: Path) -> Losses:
    options = ["--device", "cpu", "--json"]
    for place in left_behind(trained.project, trained.folder):
        options += ["--data", place]
    with said.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-P", str(_SCRIPT), str(folder), *options],
            cwd=said.parent, env=verify.clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )  # fmt: skip
        assert process.stdout is not None
        try:
            losses, last = _read(process)
            status = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise verify.too_late() from None
        finally:
            process.kill()
            process.communicate()
    if "message" in last or status == OUTSIDE or not losses:
        error = last.get("message") or verify.last_line(said.read_bytes())
        raise ExportError(msg("The exported files do not run in a clean process: {error}", error=error))
    return losses


def _read(process: subprocess.Popen[bytes]) -> tuple[Losses, Mapping[str, Any]]:
    """The figures of the first steps, and the last event; when there are enough it is told to stop."""
    losses: Losses = {}
    last: Mapping[str, Any] = {}
    for last in _records(process):
        kind = last.get("event")
        if kind == "EpochEnded" or (kind == "StepsEnded" and _add(last["series"], losses)):
            process.terminate()
    return losses, last


def _records(process: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    for line in process.stdout:
        with suppress(ValueError):
            yield json.loads(line)


def _add(series: Mapping[str, Sequence[float | None]], losses: Losses) -> bool:
    """Add the figures of some steps; whether there are enough now. In JSON, None stands for what is not finite."""
    for name, values in series.items():
        losses.setdefault(name, []).extend(float("nan") if value is None else value for value in values)
    return any(len(values) >= STEPS for values in losses.values())


def _difference(here: list[float], there: list[float]) -> Difference:
    import torch

    return verify.difference(*([torch.tensor(values, dtype=torch.float64)] for values in (here, there)))

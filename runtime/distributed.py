"""A run of several processes: one for each part of a batch, begun here on one machine, or by torchrun on one or many.

Process 0 runs the loop, writes the folder of the run and tells what happens; the others do what it says
(`runtime.training.shared`). Those that are begun here find each other by a file, and speak over the loopback of the machine
alone. Importable without torch.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from graph.messages import msg
from graph.model import Project
from runtime.events import Event, Failed
from runtime.session import Control, Request
from runtime.warmup import prepare_environment

FOLDER = "LAYERLOOM_WORLD"  # where the processes of a run that was begun here find each other
BEGAN = "LAYERLOOM_BEGAN"  # when that was, in seconds since 1970
ROOT = Path(__file__).resolve().parent.parent
BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); from runtime.distributed import follow_here; sys.exit(follow_here())"
)
LOOK = 0.1  # seconds between two looks whether all are there
GRACE = 30.0  # seconds that process 0 gets to say that another one ended


def is_in_world() -> bool:
    """Whether this process is one of several that train together, by its environment."""
    return os.environ.get("WORLD_SIZE", "1") not in ("", "1") and os.environ.get("RANK", "").isdigit()


def is_follower() -> bool:
    """Whether it is any of them but process 0."""
    return is_in_world() and os.environ["RANK"] != "0"


def number_here() -> int:
    """The number of this process on its machine."""
    return int(os.environ.get("LOCAL_RANK", os.environ["RANK"]))


def num_here() -> int:
    """How many of the processes are on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", os.environ["WORLD_SIZE"]))


def world_size() -> int:
    """How many processes train together with this one, itself among them."""
    return int(os.environ["WORLD_SIZE"])


def ended_path(folder: Path, rank: int) -> Path:
    """Where it is noted how a process ended."""
    return folder / f"ended-{rank}"


# ---- inside


def train_in_world(
    project: Project,
    *,
    folder: Path | None,
    runs: Path,
    control: Control | None = None,
    shard: bool = False,
    **more: Any,
) -> Iterator[Event]:
    """Train in the processes that torchrun (or `train_in_processes`) began, each of which calls this.

    Process 0 yields the events of the run; in the others there are none, and this returns at the end of the run. The arguments are
    those of `runtime.training.loop.train`; those of process 0 count. With `shard` the weights are divided among the processes.
    """
    if is_follower():
        follow_here()
        return
    began = float(os.environ.pop(BEGAN, time.time()))
    from runtime.training.loop import train
    from runtime.training.world import join_world

    world = join_world()
    world.shards, world.start_up = shard, max(0.0, time.time() - began)
    try:
        yield from train(project, folder=folder, runs=runs, control=control, world=world, **more)
    finally:
        world.close()


def follow_here() -> int:
    """Do what process 0 says, until it ends; the exit status."""
    with suppress(ValueError):  # not in the main thread
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # process 0 hears it too, and decides
        signal.signal(signal.SIGTERM, lambda *_: None)  # not SIG_IGN (see `runtime.isolated.DEAF`)
    from runtime.warmup import warm_up

    warm_up()
    from runtime.training.shared import follow
    from runtime.training.world import join_world

    world = join_world()
    try:
        return 0 if follow(world) else 1
    finally:
        world.close()


@contextmanager
def others_let_go() -> Iterator[None]:
    """Where process 0 finds inside that there is nothing to train, the others, which wait for it, end."""
    try:
        yield
    except Exception:
        if is_in_world():
            from runtime.training.world import join_world

            join_world().close()
        raise


# ---- outside


def train_in_processes(request: Request, control: Control, processes: int) -> Iterator[Event]:
    """Train on this machine in so many processes; the events come from process 0, and one of ours where it ended without a last word."""
    from runtime.isolated import train_apart

    began = time.time()
    prepare_environment()
    folder = Path(tempfile.mkdtemp(prefix="layerloom-"))
    others: dict[int, subprocess.Popen[bytes]] = {}
    ended = threading.Event()
    try:
        for rank in range(1, processes):
            others[rank] = subprocess.Popen(
                [sys.executable, "-P", "-c", BOOT, str(ROOT)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment_of(rank, processes, folder),
            )  # fmt: skip
        with _watched(others, folder, ended) as leader:
            environment = {**environment_of(0, processes, folder), BEGAN: str(began)}
            for event in train_apart(request, control, environment, leader):
                yield _explained(event, leader, folder, processes)
    finally:
        ended.set()
        _end(list(others.values()))
        shutil.rmtree(folder, ignore_errors=True)


def environment_of(rank: int, size: int, folder: Path) -> Mapping[str, str]:
    """What a process finds the others by."""
    loopback = {"linux": "lo", "darwin": "lo0"}.get(sys.platform)
    return {
        **os.environ,
        **({"GLOO_SOCKET_IFNAME": loopback} if loopback else {}),
        "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(size), "LOCAL_WORLD_SIZE": str(size),
        FOLDER: str(folder),
    }  # fmt: skip


@contextmanager
def _watched(
    others: Mapping[int, subprocess.Popen[bytes]], folder: Path, ended: threading.Event
) -> Iterator[list[Any]]:
    """Note how processes end that should not. The list takes process 0, which is ended where it does not notice."""
    leader: list[subprocess.Popen[bytes]] = []

    def watch() -> None:
        since: float | None = None
        while not ended.wait(LOOK):
            for rank, child in others.items():
                if child.poll() and not (note := ended_path(folder, rank)).exists():
                    with suppress(OSError):
                        note.write_text(_how(child.returncode))
                    since = since or time.monotonic()
            if since and leader and time.monotonic() - since > GRACE:
                leader[0].kill()
                return

    thread = threading.Thread(target=watch, name="layerloom-processes", daemon=True)
    thread.start()
    try:
        yield leader
    finally:
        ended.set()
        thread.join()


def _explained(event: Event, leader: Sequence[Any], folder: Path, processes: int) -> Event:
    """Where process 0 had to be ended, because one that it waited for was gone, that is the reason."""
    if not isinstance(event, Failed) or not leader or not leader[0].returncode:
        return event
    for rank in range(1, processes):
        with suppress(OSError):
            how = ended_path(folder, rank).read_text()
            text = msg("Process {rank} of {size} ended before it could do its part ({how}). Try again, or with fewer processes.",
                       rank=rank, size=processes, how=how)  # fmt: skip
            return Failed(text, run=event.run)
    return event


def _how(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else str(status)


def _end(children: Sequence[subprocess.Popen[bytes]]) -> None:
    """They end by themselves when process 0 has; who does not is ended."""
    until = time.monotonic() + 5.0
    for child in children:
        try:
            child.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

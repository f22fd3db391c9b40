"""A process that makes one trial after another, so that PyTorch is loaded once. Importable without torch.

Both sides speak as those of `runtime.isolated` do. After each epoch the process waits to hear whether the trial goes on, so
that pruning does not depend on how fast anybody is.
"""

from __future__ import annotations

import os
import queue
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from graph import files
from graph.messages import Message, RunError, msg
from graph.model import Project
from graph.search import LATENCY, MACS, PARAMETERS
from runtime.events import FINAL, EpochEnded, Event, Failed, Finished, RunStarted
from runtime.isolated import DEAF, PATIENCE, ROOT, read, write
from runtime.session import Control, failure
from runtime.warmup import prepare_environment

BOOT = f"{DEAF}; sys.path.insert(0, sys.argv[1]); from runtime.sweep_worker import serve; serve()"
KEPT = (RunStarted, EpochEnded, *FINAL)
WARM_PASSES, PASSES = 10, 50  # of the network over one sample, for its latency
GO_ON, GIVE_UP, STOP, PAUSE, RESUME = "go on", "give up", "stop", "pause", "resume"


@dataclass(frozen=True, slots=True)
class Order:
    """A trial to make: the drawing as the text of its file, its folder, where its run goes, and the costs to measure."""

    drawing: str
    folder: Path | None
    runs: Path
    costs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Costs:
    """What the costs of a trial came to: the last word of a trial that finished with costs to measure."""

    values: Mapping[str, float]


class Worker:
    """The process number `place` of `among` that share this machine. One thread orders; any thread may send a word."""

    def __init__(self, place: int, among: int) -> None:
        prepare_environment()
        self._lock = threading.Lock()
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-c", BOOT, str(ROOT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._send((place, among))

    @property
    def is_alive(self) -> bool:
        """Whether it can make another trial."""
        return self._child.poll() is None

    def order(self, order: Order) -> None:
        """Begin a trial; `events` tells of it."""
        self._send(order)

    def say(self, word: str) -> None:
        """Answer an epoch with `GO_ON` or `GIVE_UP`; or `STOP`, `PAUSE` or `RESUME` the trial under way."""
        self._send(word)

    def events(self) -> Iterator[Event | Costs]:
        """What happens in the trial that was ordered: events until the last, then the costs if they were measured.

        A process that ends tells of it by a `Failed` of ours.
        """
        assert self._child.stdout is not None
        while (event := read(self._child.stdout)) is not None:
            yield event
            if isinstance(event, (Costs, *FINAL)) and not isinstance(event, Finished):
                return
        self.close()
        yield Failed(_how_it_ended(self._child.returncode))

    def close(self) -> None:
        """End the process."""
        for stream in (self._child.stdin, self._child.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        try:
            self._child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _send(self, value: object) -> None:
        assert self._child.stdin is not None
        with self._lock, suppress(OSError, ValueError):  # a child that is gone is told of by its silence
            write(self._child.stdin, value)


def _how_it_ended(status: int) -> Message:
    if -status == signal.SIGKILL:
        return msg("The process of the trial was killed, as the system does when memory runs out.")
    how = signal.Signals(-status).name if status < 0 else str(status)
    return msg("The process of the trial ended by itself ({how}).", how=how)


def order_of(project: Project, folder: Path | None, runs: Path, goals: Sequence[str]) -> Order:
    """The order to train a project and to measure those of the goals that are costs."""
    return Order(files.to_text(project), folder, runs, tuple(g for g in goals if g in (PARAMETERS, MACS, LATENCY)))


# ---- in the process


class _Inbox:
    """What the parent sends, taken apart by a thread of its own: orders, answers, and words to the trial under way."""

    def __init__(self, received: IO[bytes]) -> None:
        self.orders: queue.Queue[tuple[Order, Control]] = queue.Queue()
        self.answers: queue.Queue[str] = queue.Queue()
        self._received = received
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        control = Control(attended=False)
        while (value := read(self._received)) is not None:
            if isinstance(value, Order):
                control = Control(attended=False)
                self.orders.put((value, control))
            elif value in (GO_ON, GIVE_UP):
                self.answers.put(value)
            else:
                {STOP: control.stop, PAUSE: control.pause, RESUME: control.resume}[value]()
        os._exit(0)  # the parent is gone: nobody wants this trial any more


def serve() -> None:
    """What the process does: obey orders until nobody gives any."""
    received, sent = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints something does not print it among the events
    place, among = read(received)
    inbox = _Inbox(received)
    from runtime.warmup import warm_up

    warm_up()
    _take_share(place, among)
    while True:
        order, control = inbox.orders.get()
        try:
            for event in trial_events(order, control, inbox.answers):
                write(sent, event)
        except OSError:
            return  # nobody listens
        except Exception as error:
            write(sent, failure(error))
        _forget()


def trial_events(order: Order, control: Control, answers: queue.Queue[str]) -> Iterator[Event | Costs]:
    """Train in this process what an order asks for; after each epoch one of `answers` says whether it goes on."""
    from runtime.training.loop import train

    project = files.from_text(order.drawing)
    for event in train(project, folder=order.folder, runs=order.runs, control=control, watch=False):
        if isinstance(event, KEPT):
            yield event
        if isinstance(event, EpochEnded) and answers.get() == GIVE_UP:
            control.stop()
        if isinstance(event, Finished):
            yield Costs(_measured(order.costs, project, Path(event.run), event.device))


def _measured(costs: Sequence[str], project: Project, run: Path, device: str) -> dict[str, float]:
    """Parameters that are trained, multiply-accumulates a sample, and milliseconds for one sample (see `latency`)."""
    from runtime.analyser import analyse

    found: dict[str, float] = {}
    if PARAMETERS in costs or MACS in costs:
        analysis = analyse(project)
        found = {PARAMETERS: float(analysis.parameters), MACS: float(analysis.macs)}
    if LATENCY in costs:
        found[LATENCY] = latency(run, device)
    return {cost: found[cost] for cost in costs}


def latency(run: Path, device: str) -> float:
    """Milliseconds that the trained network takes for one sample, a batch of 1, on that device: the median of `PASSES`.

    Raises:
        RunError: its data has no sample to measure with.
        LayerloomError: the network cannot be loaded or fed.
    """
    import torch

    from runtime.data import prepare
    from runtime.predict import load_trained

    trained = load_trained(run)
    prepared = prepare(trained.project, trained.folder)
    part = next((p for p in (prepared.validation, prepared.test, prepared.train) if p.count), None)
    if part is None:
        raise RunError(msg("There is no sample to measure the latency with."))
    model, times = trained.model.to(device), []
    inputs = [tensor.to(device) for tensor in part.head(1, ports=trained.compiled.inputs)]
    with torch.no_grad():
        for _ in range(WARM_PASSES + PASSES):
            began = time.perf_counter()
            model(*inputs)
            if device.startswith("cuda"):
                torch.cuda.synchronize(device)
            times.append(time.perf_counter() - began)
    return statistics.median(times[WARM_PASSES:]) * 1000


def _take_share(place: int, among: int) -> None:
    """Use a share of the cores, and of several GPUs one."""
    import torch

    from runtime import devices

    devices.share_cores(among)
    torch.set_num_threads(devices.num_cores())
    with suppress(RuntimeError):
        visible = visible_gpu(place, torch.cuda.device_count(), os.environ.get("CUDA_VISIBLE_DEVICES"))
        if visible is not None:
            os.environ["CUDA_VISIBLE_DEVICES"] = visible  # in time: CUDA looks at it when it is first used


def visible_gpu(place: int, num_gpus: int, visible: str | None) -> str | None:
    """The one GPU for process number `place`, as CUDA_VISIBLE_DEVICES names it; None where there is no choice."""
    if num_gpus < 2:
        return None
    names = [name.strip() for name in visible.split(",")] if visible else list(map(str, range(num_gpus)))
    return names[place % num_gpus]


def _forget() -> None:
    """Leave no memory of a trial to the next one."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()

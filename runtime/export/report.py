"""Exports side by side: how long they take, how many samples they manage, what memory and disk they need.

Each runs in a process of its own, which is there from beginning to end. They are asked in turn, round by round, each round
in another order, so that a computer that becomes slower or faster meanwhile favors none.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from graph.messages import ExportError, LayerloomError, msg, tr
from runtime.export import placing, verify
from runtime.export.formats import FORMATS, Format

if TYPE_CHECKING:
    from runtime.predict import Trained

EAGER = "pytorch"
MEASURED = ("pt2", "int8", "onnx")  # the other formats are the same Python code, which PyTorch runs as it is
ROUNDS = 12
SECONDS = 0.05  # of each round for each export and batch
LEAST, MOST = 3, 2000  # calls in a round
WARM_UP = 3  # calls whose time does not count
USUAL_BATCH = 64  # where the plan takes all samples at once


@dataclass(frozen=True, slots=True)
class Timing:
    """Of one batch size: seconds a call, in the middle and at the 95th percentile, and samples a second at the median."""

    median: float
    p95: float
    throughput: float
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One export: its bytes on the disk, the most memory of its process in bytes (with all that it loads, None where the
    system does not tell), and its times by batch size. `trouble` says why there are none."""

    id: str
    size: int = 0
    memory: int | None = None
    timings: Mapping[int, Timing] = field(default_factory=dict)
    trouble: str = ""

    @property
    def label(self) -> str:
        """How people call it."""
        return tr("PyTorch, as it is") if self.id == EAGER else str(FORMATS[self.id].label)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was measured of a network, where, and how; the first entry is PyTorch as it is."""

    model: str
    run: str | None
    entries: Sequence[Measured]
    batches: tuple[int, ...]
    threads: int
    rounds: int
    versions: Mapping[str, str]
    machine: str
    date: str

    def record(self) -> dict[str, Any]:
        """The report as JSON has it: times in seconds, sizes in bytes."""
        return asdict(self)

    def factor(self, entry: Measured, batch: int) -> float | None:
        """How many times as fast as PyTorch an export is, by the medians."""
        plain, own = self.entries[0].timings.get(batch), entry.timings.get(batch)
        return plain.median / own.median if plain and own else None


class Cancelled(Exception):
    """The person does not want the report any more."""


def measure(
    trained: Trained,
    *,
    batch_size: int | None = None,
    rounds: int = ROUNDS,
    seconds: float = SECONDS,
    is_wanted: Callable[[], bool] = lambda: True,
) -> Report:
    """Write every export into a folder for the while, and time them all on the CPU, batches of 1 and of `batch_size`.

    Args:
        batch_size: default: that of the plan.
        is_wanted: asked before each step; where it says no, `Cancelled` is raised.

    Raises:
        ExportError: PyTorch itself does not run in a process of its own; what another export lacks is its `trouble`.
        Cancelled: see `is_wanted`.
    """
    import torch

    sizes = tuple(dict.fromkeys((1, batch_size or trained.project.plan.batch_size or USUAL_BATCH)))
    specs = verify.input_specs(trained.compiled)
    batches = list(verify.random_batches(specs, sizes).values())
    settings = {"threads": torch.get_num_threads(), "seed": verify.SEED, "timed": True}
    found: dict[str, Measured] = {}
    workers: dict[str, Worker] = {}
    with ExitStack() as stack:
        scratch = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="layerloom-report-", ignore_cleanup_errors=True))
        )
        for kind in (EAGER, *MEASURED):
            if not is_wanted():
                raise Cancelled
            try:
                job, size = _write(trained, kind, scratch / kind)
                order = verify.write_job(batches, {**job, **settings}, scratch / kind)
                workers[kind] = stack.enter_context(_started(order))
                found[kind] = Measured(id=kind, size=size)
            except LayerloomError as error:
                if kind == EAGER:
                    raise
                found[kind] = Measured(id=kind, trouble=str(error))
        times = _time_in_turn(workers, sizes, rounds, seconds, is_wanted, found)
    entries = [_summed(entry, times.get(entry.id), workers) for entry in found.values()]
    return _report(trained, entries, sizes, settings["threads"], rounds)


def _report(trained: Trained, entries: Sequence[Measured], sizes: tuple[int, ...], threads: int, rounds: int) -> Report:
    return Report(
        model=trained.compiled.source.class_name,
        run=trained.run.resolve().name if trained.run else None,
        entries=entries,
        batches=sizes,
        threads=threads,
        rounds=rounds,
        versions=_versions(entries),
        machine=f"{platform.processor() or platform.machine()}, {platform.platform()}, {os.cpu_count()} CPUs",
        date=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _write(trained: Trained, kind: str, folder: Path) -> tuple[Mapping[str, str], int]:
    """The files of an export in a folder of their own: the job of a clean process, and their size."""
    files, aside = folder / "exported", folder
    files.mkdir(parents=True)
    chosen: Format = FORMATS["code" if kind == EAGER else kind]
    name = f"network{chosen.suffix}"
    written = chosen.write(trained, name)
    placing.write_files(files, written.files)
    assert chosen.job is not None
    job = chosen.job(files, name, aside, trained)
    weights = aside / "weights.safetensors"  # those that the job of the code laid beside it
    size = sum(map(len, written.files.values())) + (weights.stat().st_size if weights.is_file() else 0)
    return job, size


class Worker:
    """The process of an export that waits to be asked."""

    def __init__(self, process: subprocess.Popen[str], said: IO[bytes]) -> None:
        self._process, self._said = process, said
        self.memory: int | None = None

    def seconds(self, case: int, count: int) -> list[float]:
        """The seconds of each of `count` calls with the batch of that number.

        Raises:
            ExportError: the process ended.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        line = ""
        with suppress(OSError):
            print(case, count, file=self._process.stdin, flush=True)
            line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._said.seek(0)
            raise ExportError(
                msg(
                    "The exported files do not run in a clean process: {error}",
                    error=verify.last_line(self._said.read()),
                )
            )
        answer = json.loads(line)
        self.memory = answer["peak"]
        return answer["seconds"]


@contextmanager
def _started(order: Path) -> Iterator[Worker]:
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            verify.clean_command(order),
            cwd=order.parent,
            env=verify.clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        try:
            yield Worker(process, said)
        finally:
            process.kill()
            process.communicate()


def _time_in_turn(
    workers: dict[str, Worker],
    sizes: Sequence[int],
    rounds: int,
    seconds: float,
    is_wanted: Callable[[], bool],
    found: dict[str, Measured],
) -> dict[str, dict[int, list[float]]]:
    """The seconds of the calls of every export and batch size. One that breaks down is told of in `found` and left out."""
    times: dict[str, dict[int, list[float]]] = {kind: {size: [] for size in sizes} for kind in workers}
    counts: dict[tuple[str, int], int] = {}
    for turn in range(-1, rounds):  # before the first round all are warmed up
        kinds = list(times)
        start = turn % len(kinds)
        for kind in kinds[start:] + kinds[:start]:
            if not is_wanted():
                raise Cancelled
            try:
                for case, size in enumerate(sizes):
                    if turn < 0:
                        usual = statistics.median(workers[kind].seconds(case, WARM_UP * 2)[WARM_UP:])
                        counts[kind, size] = max(LEAST, min(MOST, int(seconds / max(usual, 1e-9))))
                    else:
                        times[kind][size] += workers[kind].seconds(case, counts[kind, size])
            except ExportError as error:
                if kind == EAGER:
                    raise
                found[kind] = Measured(id=kind, trouble=str(error))
                del times[kind]
    return times


def _summed(entry: Measured, times: Mapping[int, Sequence[float]] | None, workers: Mapping[str, Worker]) -> Measured:
    if times is None:
        return entry
    timings = {size: _timing(size, seconds) for size, seconds in times.items()}
    return Measured(id=entry.id, size=entry.size, memory=workers[entry.id].memory, timings=timings)


def _timing(size: int, seconds: Sequence[float]) -> Timing:
    median = statistics.median(seconds)
    p95 = statistics.quantiles(seconds, n=20, method="inclusive")[-1]
    return Timing(median, p95, size / median, len(seconds))


def _versions(entries: Sequence[Measured]) -> dict[str, str]:
    from importlib.metadata import version

    packages = {name for entry in entries if entry.timings and entry.id != EAGER for name in FORMATS[entry.id].packages}
    return {"python": platform.python_version(), **{name: version(name) for name in sorted(packages | {"torch"})}}

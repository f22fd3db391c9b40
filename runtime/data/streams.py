"""Parts of data that does not fit into memory: samples are read while training goes on, by processes of their own.

The batches are those of a part that is held, to the bit and in the same order: only who reads them, and when, is different.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import NamedTuple

import numpy as np
import torch
from torch import Generator
from torch.utils.data import DataLoader, Dataset, Sampler

from graph.messages import DataError, msg
from graph.model import Port
from runtime.data.parts import Batch, Share, rows_of
from runtime.data.samples import Samples

MAX_WORKERS = 8
PREFETCH = 2  # batches that each process reads ahead


def default_workers() -> int:
    """Processes that read: one for each core but that of the training, at least one."""
    return max(1, min(MAX_WORKERS, (os.cpu_count() or 2) - 1))


class Request(NamedTuple):
    """What a batch is made of."""

    rows: np.ndarray
    ports: tuple[Port, ...]


class _Reading(Dataset):
    """Reads the batch that it is asked for, in whatever process it is."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def __getitem__(self, request: Request) -> Batch | DataError:
        """A batch, or why there is none: an error that is raised in another process loses its sentence on the way."""
        try:
            found = self._samples.read(request.rows)
        except DataError as error:
            return error
        return tuple(torch.from_numpy(np.ascontiguousarray(found[port])) for port in request.ports)


class _Requests(Sampler):
    """The requests of the pass that comes next."""

    def __init__(self) -> None:
        self.list: list[Request] = []

    def __iter__(self) -> Iterator[Request]:
        return iter(self.list)

    def __len__(self) -> int:
        return len(self.list)


class Crew:
    """Who reads samples: `workers` processes, which begin with the first pass and stay until `close`; with 0 a thread.

    A second pass that begins before the first has ended is read by a thread too.
    """

    def __init__(self, samples: Samples, workers: int | None = None) -> None:
        self.samples = samples
        self._workers = default_workers() if workers is None else workers
        self._reading, self._requests = _Reading(samples), _Requests()
        self._loader: DataLoader | None = None
        self._busy = False

    def read(self, requests: list[Request], *, pinned: bool = False) -> Iterator[Batch]:
        """The batches, on the CPU, in this order; with `pinned`, from where a GPU takes them without waiting.

        Raises:
            DataError: a sample cannot be read any more, or a process that reads has died.
        """
        if not self._workers or self._busy or len(requests) < 2:
            yield from self._read_here(requests, pinned)
            return
        self._busy = True
        try:
            yield from self._read_there(requests, pinned)
        except (RuntimeError, EOFError, OSError) as error:
            if isinstance(error, RuntimeError) and "DataLoader worker" not in str(error):
                raise
            self.close()
            raise DataError(
                msg(
                    "A process that reads the data has died, as happens when memory runs out. "
                    "Choose a smaller batch size, or smaller samples, then go on from the last checkpoint."
                )
            ) from error
        finally:
            self._busy = False

    def close(self) -> None:
        """Let the processes end, and wait for that."""
        iterator = getattr(self._loader, "_iterator", None)
        if iterator is not None:
            iterator._shutdown_workers()
        self._loader = None

    def _read_there(self, requests: list[Request], pinned: bool) -> Iterator[Batch]:
        self._requests.list = requests
        if self._loader is None:
            self._loader = DataLoader(
                self._reading,
                sampler=self._requests,
                batch_size=None,
                num_workers=self._workers,
                prefetch_factor=PREFETCH,
                persistent_workers=True,
                multiprocessing_context="spawn",  # a process with a window must not be forked
                pin_memory=pinned,
                worker_init_fn=_ignore_interrupts,
                generator=Generator(),  # it would draw from the random numbers of the training
            )
        with _bare_main(), ThreadPoolExecutor(1) as thread:  # in the main thread, a signal would raise errors anywhere
            batches = thread.submit(_begin, self._loader).result()
        for batch in batches:
            yield _taken(batch)

    def _read_here(self, requests: list[Request], pinned: bool) -> Iterator[Batch]:
        pending: deque[Future[Batch | DataError]] = deque()
        thread = ThreadPoolExecutor(1)
        try:
            for request in requests:
                pending.append(thread.submit(self._reading.__getitem__, request))
                if len(pending) > PREFETCH:
                    yield _pinned(_taken(pending.popleft().result()), pinned)
            while pending:
                yield _pinned(_taken(pending.popleft().result()), pinned)
        finally:
            thread.shutdown(cancel_futures=True)


class StreamedPart:
    """A part whose samples are read batch by batch (see `runtime.data.parts.Part`).

    Args:
        samples: what there is, or who reads it, where several parts share that.
        rows: which samples are in the part.
        workers: processes that read ahead; one for each spare core if not given, and with 0 a thread.
    """

    def __init__(
        self,
        samples: Samples | Crew,
        rows: np.ndarray,
        *,
        device: torch.device | str = "cpu",
        workers: int | None = None,
    ) -> None:
        self._crew = samples if isinstance(samples, Crew) else Crew(samples, workers)
        self._device = torch.device(device)
        self._ports: tuple[Port, ...] | None = None
        self.indices = rows

    @property
    def ports(self) -> tuple[Port, ...]:
        """What there is a tensor for."""
        if self._ports is None:
            self._ports = tuple(self._crew.samples.read(self.indices[:1] if self.count else np.arange(1)))
        return self._ports

    @property
    def count(self) -> int:
        """Number of samples."""
        return len(self.indices)

    def to(self, device: torch.device | str) -> StreamedPart:
        """The part that gives its batches on a device, read by the same processes."""
        return StreamedPart(self._crew, self.indices, device=device)

    def batches(
        self,
        batch_size: int,
        generator: Generator | None = None,
        *,
        ports: Sequence[Port] | None = None,
        first: int = 0,
        share: Share | None = None,
    ) -> Iterator[Batch]:
        """The batches of one epoch from number `first` on; what comes before, or belongs to others, is not read.

        Raises:
            DataError: a sample cannot be read any more; the message names its file.
        """
        order = torch.arange(self.count) if generator is None else torch.randperm(self.count, generator=generator)
        rows = [] if self.count == 0 else order[first * batch_size :].split(batch_size)
        wanted = self._wanted(ports)
        requests = [Request(self.indices[rows_of(part, share).numpy()], wanted) for part in rows if len(part)]
        is_pinned = self._device.type == "cuda"
        return (self._placed(batch) for batch in self._crew.read(requests, pinned=is_pinned))

    def head(self, count: int, *, ports: Sequence[Port] | None = None) -> Batch:
        """The first rows."""
        return self.rows(0, count, ports=ports)

    def rows(self, first: int, count: int, *, ports: Sequence[Port] | None = None) -> Batch:
        """Some rows, read now; no process is begun for them."""
        request = Request(self.indices[first : first + count], self._wanted(ports))
        return self._placed(next(self._crew.read([request])))

    def close(self) -> None:
        """Let the processes that read end; they begin again where somebody asks for batches."""
        self._crew.close()

    def _wanted(self, ports: Sequence[Port] | None) -> tuple[Port, ...]:
        return self.ports if ports is None else tuple(ports)

    def _placed(self, batch: Batch) -> Batch:
        if self._device.type == "cpu":
            return batch
        return tuple(tensor.to(self._device, non_blocking=True) for tensor in batch)


def _taken(batch: Batch | DataError) -> Batch:
    if isinstance(batch, DataError):
        raise batch
    return tuple(batch)


def _pinned(batch: Batch, pinned: bool) -> Batch:
    return tuple(tensor.pin_memory() for tensor in batch) if pinned else batch


def _begin(loader: DataLoader) -> Iterator[Batch | DataError]:
    """A pass. The processes for it do not hear Ctrl+C, which a terminal sends to all of them: who trains decides."""
    if hasattr(signal, "pthread_sigmask"):  # they inherit it, and so are deaf while they begin, too
        resource_tracker.ensure_running()  # it would undo that
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    return iter(loader)


def _ignore_interrupts(worker: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _bare_main() -> Iterator[None]:
    """Inside, processes that begin do not import the main module again: to read, they need nothing of it."""
    main = sys.modules["__main__"]
    kept = {name: vars(main)[name] for name in ("__file__", "__spec__") if name in vars(main)}
    vars(main).update(__spec__=None)
    vars(main).pop("__file__", None)
    try:
        yield
    finally:
        vars(main).update(kept)

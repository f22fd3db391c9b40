"""Parts of the data as a run takes them: batches out of tensors, one shuffled gather an epoch, and views of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Protocol

import numpy as np
import torch
from torch import Generator, Tensor

from graph.model import Port

GATHER_BYTES = 256 * 2**20  # what the shuffled copy may take at a time

Batch = tuple[Tensor, ...]
Share = tuple[int, int]  # number (from 0) and count of those who divide every batch


class Part(Protocol):
    """One share of the samples: rows in a fixed order, with a tensor for each output port of the data nodes.

    `indices` says which sample of the source each row is.
    """

    @property
    def indices(self) -> np.ndarray:
        """The sample of the source that each row is."""
        ...

    @property
    def ports(self) -> tuple[Port, ...]:
        """What there is a tensor for."""
        ...

    @property
    def count(self) -> int:
        """Number of samples."""
        ...

    def to(self, device: torch.device | str) -> Part:
        """The part that gives its batches on a device."""
        ...

    def batches(
        self,
        batch_size: int,
        generator: Generator | None = None,
        *,
        ports: Sequence[Port] | None = None,
        first: int = 0,
        share: Share | None = None,
    ) -> Iterator[Batch]:
        """The batches of one epoch from number `first` on: tuples of tensors in the order of `ports` (of `self.ports` if
        not given). With a (CPU) generator the samples are shuffled; the order is drawn from it at the call, whatever
        `first` is. The last batch holds what is left. With a `share`, only the rows of each batch that `rows_of` gives. By
        hand, with the same batches:

            order = torch.randperm(n, generator=generator)
            zip(x[order].split(batch_size), y[order].split(batch_size))
        """
        ...

    def head(self, count: int, *, ports: Sequence[Port] | None = None) -> Batch:
        """The first `count` rows (fewer where there are not so many)."""
        ...

    def rows(self, first: int, count: int, *, ports: Sequence[Port] | None = None) -> Batch:
        """`count` rows from number `first` (from 0) on (fewer where there are not so many)."""
        ...

    def close(self) -> None:
        """Nobody will ask for batches any more."""
        ...


class HeldPart:
    """A part whose tensors are in memory, on the device that they are used on (see `Part`)."""

    def __init__(self, tensors: Mapping[Port, Tensor], indices: np.ndarray) -> None:
        self.tensors, self.indices = dict(tensors), indices

    @property
    def ports(self) -> tuple[Port, ...]:
        """What there is a tensor for."""
        return tuple(self.tensors)

    @property
    def count(self) -> int:
        """Number of samples."""
        return len(self.indices)

    def to(self, device: torch.device | str) -> HeldPart:
        """The part with its tensors on a device."""
        return HeldPart({port: tensor.to(device) for port, tensor in self.tensors.items()}, self.indices)

    def batches(
        self,
        batch_size: int,
        generator: Generator | None = None,
        *,
        ports: Sequence[Port] | None = None,
        first: int = 0,
        share: Share | None = None,
    ) -> Iterator[Batch]:
        """The batches of one epoch (see `Part`). At most `GATHER_BYTES`, and at least one batch, is gathered at a time."""
        tensors = self._chosen(ports)
        if self.count == 0:
            return iter(())
        skipped = first * batch_size
        if generator is None:
            parts = ((rows_of(t, share) for t in tensor[skipped:].split(batch_size)) for tensor in tensors)
            return zip(*parts, strict=True)
        order = torch.randperm(self.count, generator=generator)[skipped:].to(tensors[0].device)
        bytes_per_batch = batch_size * sum(tensor[:1].nbytes for tensor in tensors)
        rows = batch_size * max(1, GATHER_BYTES // max(1, bytes_per_batch))
        chunks = (chunk for chunk in order.split(rows) if len(chunk))
        return chain.from_iterable(_gather(tensors, chunk, batch_size, share) for chunk in chunks)

    def head(self, count: int, *, ports: Sequence[Port] | None = None) -> Batch:
        """The first rows."""
        return self.rows(0, count, ports=ports)

    def rows(self, first: int, count: int, *, ports: Sequence[Port] | None = None) -> Batch:
        """Some rows: views of what is held."""
        return tuple(tensor[first : first + count] for tensor in self._chosen(ports))

    def close(self) -> None:
        """There is nothing to let go of."""

    def _chosen(self, ports: Sequence[Port] | None) -> list[Tensor]:
        return [self.tensors[port] for port in (self.ports if ports is None else ports)]


def num_batches(part: Part, batch_size: int) -> int:
    """How many batches an epoch has."""
    return -(-part.count // batch_size)


def rows_of(batch: Tensor, share: Share | None) -> Tensor:
    """The rows of a batch that belong to a share: one after the other; one that would have none gets the first row."""
    if share is None:
        return batch
    number, count = share
    own = batch[len(batch) * number // count : len(batch) * (number + 1) // count]
    return own if len(own) else batch[:1]


def _gather(tensors: Sequence[Tensor], rows: Tensor, batch_size: int, share: Share | None) -> Iterator[Batch]:
    if share is not None:
        parts = [rows_of(part, share) for part in rows.split(batch_size)]
        own, sizes = torch.cat(parts), [len(part) for part in parts]
        return zip(*(tensor.index_select(0, own).split(sizes) for tensor in tensors), strict=True)
    return zip(*(tensor.index_select(0, rows).split(batch_size) for tensor in tensors), strict=True)

"""Batches out of tensors: one shuffled gather an epoch, and views of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import torch
from torch import Generator, Tensor

from graph.model import Port
from runtime.data.records import Part

GATHER_BYTES = 256 * 2**20  # what the shuffled copy may take at a time


def to_device(part: Part, device: torch.device | str) -> Part:
    """The part with its tensors on a device."""
    return Part({port: tensor.to(device) for port, tensor in part.tensors.items()}, part.indices)


def epoch_batches(
    part: Part, batch_size: int, generator: Generator | None = None, *, ports: Sequence[Port] | None = None
) -> Iterator[tuple[Tensor, ...]]:
    """The batches of one epoch: tuples of tensors in the order of `ports` (of `part.tensors` if not given).

    With a (CPU) generator the samples are shuffled; the order is drawn from it at the call. The last batch holds what
    is left. By hand, with the same batches:

        order = torch.randperm(n, generator=generator)
        zip(x[order].split(batch_size), y[order].split(batch_size))

    What is gathered at a time is limited to `GATHER_BYTES` (and at least one batch).
    """
    tensors = [part.tensors[port] for port in (part.tensors if ports is None else ports)]
    if part.count == 0:
        return iter(())
    if generator is None:
        return zip(*(tensor.split(batch_size) for tensor in tensors), strict=True)
    order = torch.randperm(part.count, generator=generator).to(tensors[0].device)
    bytes_per_batch = batch_size * sum(tensor[:1].nbytes for tensor in tensors)
    rows = batch_size * max(1, GATHER_BYTES // max(1, bytes_per_batch))
    return chain.from_iterable(_gather(tensors, chunk, batch_size) for chunk in order.split(rows))


def num_batches(part: Part, batch_size: int) -> int:
    """How many batches an epoch has."""
    return -(-part.count // batch_size)


def _gather(tensors: Sequence[Tensor], rows: Tensor, batch_size: int) -> Iterator[tuple[Tensor, ...]]:
    return zip(*(tensor.index_select(0, rows).split(batch_size) for tensor in tensors), strict=True)

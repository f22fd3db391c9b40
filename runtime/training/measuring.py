"""Fills what the data path measures: mean and deviation of each channel where they are not given, over the training part alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from graph.topology import execution_order
from runtime.compiler import Compiled
from runtime.data import Part
from runtime.data_path import NORMALIZE
from runtime.training.reaching import held_by


class _Arrived(Exception):
    """What is measured is there: the rest of the network need not be computed."""


def measure(compiled: Compiled, model: nn.Module, part: Part, *, batch_size: int) -> None:
    """Fill the Normalize nodes of a drawing that measure, one after the other in the order of the data path.

    Mean and variance (of the population) are added up in float64 (Chan et al., 1979, for parts of different size); the
    deviation of a channel that never changes is 1. What varies the data in training does not while it is measured.
    """
    model.eval()
    for node, module in _measuring(compiled, model):
        mean, std = _moments(compiled, model, module, part, batch_size)
        given = compiled.project.graph.nodes[node].params
        with torch.no_grad():
            if given.get("mean") is None:
                module.mean.copy_(mean)
            if given.get("std") is None:
                module.std.copy_(std)


def _measuring(compiled: Compiled, model: nn.Module) -> Iterator[tuple[str, Any]]:
    nodes = compiled.project.graph.nodes
    for node in execution_order(compiled.project.graph):
        params = nodes[node].params
        if nodes[node].type == NORMALIZE and (params.get("mean") is None or params.get("std") is None):
            held = held_by(compiled, model, node)
            if isinstance(held, nn.Module):
                yield node, held


def _moments(
    compiled: Compiled, model: nn.Module, module: nn.Module, part: Part, batch_size: int
) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each channel of what arrives at a module."""
    arrived: list[Tensor] = []

    def take(_module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        arrived.append(inputs[0].detach())
        raise _Arrived

    hook = module.register_forward_pre_hook(take)
    count, mean, squares = 0, None, None
    try:
        for batch in part.batches(batch_size, ports=compiled.inputs):
            try:
                with torch.no_grad():
                    model(*batch)
            except _Arrived:
                pass
            values = arrived.pop().transpose(0, 1).flatten(1).double()
            n, here, spread = values.shape[1], values.mean(1), values.var(1, correction=0) * values.shape[1]
            if mean is None or squares is None:
                count, mean, squares = n, here, spread
                continue
            gap, total = here - mean, count + n
            squares = squares + spread + gap**2 * count * n / total
            mean, count = mean + gap * n / total, total
    finally:
        hook.remove()
    assert mean is not None and squares is not None
    deviation = (squares / count).sqrt()
    return mean, torch.where(deviation > 0, deviation, torch.ones_like(deviation))

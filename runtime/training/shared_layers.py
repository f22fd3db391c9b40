"""Layers that see a whole batch although each process holds a part of it: batch normalization, and losses that count.

Outside of a step that is made together (`World.share`) they are what they were.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from graph.model import Port
from runtime.compiler import Compiled, Program
from runtime.data import Part
from runtime.data.parts import HeldPart
from runtime.training.world import World

COUNTING = (nn.CrossEntropyLoss, nn.NLLLoss)  # means over what counts, by the weights of the classes


def share_norms(model: nn.Module, world: World) -> None:
    """Let the batch normalization of a model see whole batches."""
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            vars(module)["forward"] = _Norm(module, world)  # the class, and so the names of weights, stay


class _Norm:
    """Batch normalization (Ioffe and Szegedy, 2015) over a batch in several parts.

    Mean and variance come from the sums of x and x² over all processes, in float64; gradients flow through them. The running
    variance is that of a sample, as in `torch.nn.BatchNorm2d`.
    """

    def __init__(self, norm: Any, world: World) -> None:
        self._norm, self._world, self._plain = norm, world, norm.forward

    def __call__(self, x: Tensor) -> Tensor:
        """Normalize x: B × C × ...."""
        norm, share = self._norm, self._world.share
        if share is None or not (norm.training or norm.running_mean is None):
            return self._plain(x)
        norm._check_input_dim(x)
        counted = float(share.count > 0)
        one = share.total * len(x) // max(1, share.count), *x.shape[1:]
        if one[0] * math.prod(one[2:]) == 1:
            return self._plain(x[:1])  # of one number there is no variance: PyTorch says so
        dims, shape = [0, *range(2, x.dim())], (1, -1) + (1,) * (x.dim() - 2)
        wide = x.double()
        count = wide.new_full((1,), x.numel() / x.shape[1])
        sums = self._world.total(torch.cat([count, wide.sum(dims), wide.square().sum(dims)]) * counted)
        number, mean, square = sums[0], *sums[1:].chunk(2)
        mean = mean / number
        variance = (square / number - mean.square()).clamp(min=0)
        self._remember(mean.detach(), variance.detach() * (number / (number - 1)).detach())
        computed = x.dtype if x.dtype == torch.float64 else torch.float32
        scale = (variance + norm.eps).rsqrt() * (norm.weight if norm.affine else 1.0)
        y = (x.to(computed) - mean.to(computed).view(shape)) * scale.to(computed).view(shape)
        return (y + norm.bias.view(shape) if norm.affine else y).to(x.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        norm = self._norm
        if not (norm.training and norm.track_running_stats) or norm.running_mean is None:
            return
        norm.num_batches_tracked.add_(1)
        momentum = 1.0 / float(norm.num_batches_tracked) if norm.momentum is None else norm.momentum
        norm.running_mean.lerp_(mean.to(norm.running_mean.dtype), momentum)
        norm.running_var.lerp_(variance.to(norm.running_var.dtype), momentum)


def losses_that_count(compiled: Compiled, program: Program, module: nn.Module, part: Part) -> frozenset[str]:
    """The names of losses that divide by what counts in the whole batch: they tell a part of the loss by themselves.

    The others are means over the samples. One whose labels all count alike, as the data in memory shows, is among these.
    """
    losses = {name: getattr(module, name, None) for name in program.losses}
    return frozenset(
        name
        for name, loss in losses.items()
        if isinstance(loss, COUNTING) and not _counts_all(compiled, name, loss, part)
    )


def let_count(module: nn.Module, names: frozenset[str], world: World) -> None:
    """Let these losses of a network divide by what counts in all processes; the same ones in each of them."""
    for name in names:
        loss = getattr(module, name)
        vars(loss)["forward"] = _Counting(loss, world)


class _Counting:
    """The mean over what counts: the sum here by the number (or the weights) of what counts in all processes."""

    def __init__(self, loss: Any, world: World) -> None:
        self._loss, self._world = loss, world
        self._plain: Callable[[Tensor, Tensor], Tensor] = loss.forward

    def __call__(self, scores: Tensor, target: Tensor) -> Tensor:
        """The part of the loss that these samples make: scores B × C × ..., target B × ... or as the scores."""
        share = self._world.share
        if share is None:
            return self._plain(scores, target)
        whole = self._world.add_up(what_counts(self._loss, scores, target) * float(share.count > 0))
        value = summed(self._loss, self._plain)(scores, target)
        return value * float(share.count > 0) / whole.to(value.dtype)


def what_counts(loss: Any, scores: Tensor, target: Tensor) -> Tensor:
    """What the mean of a loss that counts divides by, in float64: the weights of the labels that are not ignored, or the samples
    (and places) where the target holds shares of classes."""
    if target.is_floating_point():
        return torch.tensor(float(target.numel() // scores.shape[1]), dtype=torch.float64, device=scores.device)
    counted = target != loss.ignore_index
    if loss.weight is None:
        return counted.sum().double()
    return loss.weight.double()[target.where(counted, 0)].mul(counted).sum()


def summed(loss: Any, forward: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """The sum of a loss that counts, before the division."""

    def compute(scores: Tensor, target: Tensor) -> Tensor:
        loss.reduction = "sum"
        try:
            return forward(scores, target)
        finally:
            loss.reduction = "mean"

    return compute


def _counts_all(compiled: Compiled, name: str, loss: Any, part: Part) -> bool:
    """Whether the labels come right from data in memory, and every one counts alike."""
    graph = compiled.project.graph
    node = graph.node_named(name)
    target: Port | None = graph.inputs(node.id).get("target") if node is not None else None
    if loss.weight is not None or target is None or not isinstance(part, HeldPart) or target not in part.ports:
        return False
    labels = part.tensors[target]
    return not labels.is_floating_point() and not bool((labels == loss.ignore_index).any())

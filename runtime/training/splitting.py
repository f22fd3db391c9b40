"""Whether a step over a batch is the sum of steps over its parts: tried out before several processes train together.

A few samples go through every program at once and in two parts, from the same weights and with the same random numbers for each
sample. Losses, gradients, what metrics see and the statistics of layers have to agree. Where they do not, the first node whose
output for a sample depends on the other samples is named. Batch normalization and dropout are left out of this: they are made to
agree (`runtime.training.shared_layers`), or act on each sample alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from graph.messages import Message, RunError, msg
from graph.model import NodeId
from runtime.training.failures import culprit
from runtime.training.fit import Fit
from runtime.training.learner import Batch, Learner, Seen
from runtime.training.reaching import held_by
from runtime.training.shared_layers import COUNTING, summed

SAMPLES, FIRST = 7, 4  # of the trial, and of its first part
CLOSE, NEAR_ZERO = 1e-3, 1e-4  # rounding is 1000 times smaller
SHIFT = 0.05  # of the weights, so that nothing agrees because it is 0
_KNOWN = (_BatchNorm, _DropoutNd, nn.RReLU)


class Made(NamedTuple):
    """What one call of PyTorch gave, and the lines of generated source that it came from, outermost first."""

    lines: tuple[int, ...]
    value: Tensor


@dataclass(frozen=True, slots=True)
class Trial:
    """What a pass over some samples gave."""

    losses: Mapping[str, Tensor]
    seen: Seen
    gradients: Sequence[Tensor | None]
    state: Mapping[str, Tensor]
    made: Sequence[Made]


def check_splits(fit: Fit) -> None:
    """Look whether every objective of a fit can be trained in parts; weights and random numbers are afterwards as before.

    Raises:
        RunError: one cannot; the message names the node.
    """
    _check_kinds(fit)
    batch = fit.train.head(SAMPLES, ports=fit.ports)
    if len(batch[0]) < 2:
        return
    devices = [torch.device(fit.device.id)] if fit.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices), _shifted(fit.model):
        for learner in fit.learners:
            learner.focus()
            learner.train(True)
            with _known_at_rest(fit.model):
                _check(fit, learner, batch)
            learner.train(False)


def _check_kinds(fit: Fit) -> None:
    graph = fit.compiled.project.graph
    for learner in fit.learners:
        if learner.objective.optimizer.type == "torch.optim.SparseAdam":
            raise RunError(
                msg("The optimizer SparseAdam of '{name}' takes gradients that several processes cannot add up here. Choose "
                    "Adam, or train in one process.", name=learner.objective.name)
            )  # fmt: skip
        for name in learner.program.losses:
            node = graph.node_named(name)
            if (
                node is not None
                and graph.outgoing(node.id)
                and isinstance(getattr(learner.module, name, None), COUNTING)
            ):
                raise RunError(
                    msg("What leaves the loss '{name}' is computed with: several processes know it only in parts. Train in one "
                        "process.", name=name), node=node.id,
                )  # fmt: skip
    for node in graph.nodes.values():
        part = held_by(fit.compiled, fit.model, node.id)
        inside = part.modules() if isinstance(part, nn.Module) else ()
        if any(getattr(module, "max_norm", None) is not None for module in inside):
            raise RunError(
                msg("'{name}' shortens the vectors that a batch uses (max_norm), which differ between processes. Leave "
                    "max_norm empty, or train in one process.", name=node.name), node=node.id,
            )  # fmt: skip


def _check(fit: Fit, learner: Learner, batch: Batch) -> None:
    total = len(batch[0])
    first = min(FIRST, total - 1)
    random = _Random()
    random.total = total
    whole = _try(fit, learner, batch, random)
    parts = []
    for start, stop in ((0, first), (first, total)):
        random.take_again(start, stop - start, total)
        try:
            parts.append(_try(fit, learner, tuple(tensor[start:stop] for tensor in batch), random))
        except Exception as error:
            raise _refusal(fit, culprit(error, fit.compiled)) from error
    for trial in parts:
        for key, value in trial.state.items():
            if not _is_close(value, whole.state[key]):
                raise _refusal(fit, _owner(fit, key), is_state=True)
    shares = [first / total, 1 - first / total]
    if not (_losses_agree(learner, whole, parts, shares) and _seen_agrees(whole, parts, first)):
        raise _refusal(fit, _find(fit, whole, parts, first))


def _losses_agree(learner: Learner, whole: Trial, parts: Sequence[Trial], shares: Sequence[float]) -> bool:
    for name, loss in whole.losses.items():
        is_sum = isinstance(getattr(learner.module, name, None), COUNTING)
        found = sum(trial.losses[name] * (1.0 if is_sum else s) for trial, s in zip(parts, shares, strict=True))
        if not _is_close(torch.as_tensor(found), loss):
            return False
    for index, gradient in enumerate(whole.gradients):
        found = [trial.gradients[index] for trial in parts]
        given = [torch.zeros_like(gradient) if g is None else g for g in found] if gradient is not None else []
        if gradient is not None and not _is_close(sum(given, torch.zeros_like(gradient)), gradient):
            return False
    return True


def _seen_agrees(whole: Trial, parts: Sequence[Trial], first: int) -> bool:
    return all(
        _are_rows(trial.seen[key][0], output, start)
        for key, (output, _) in whole.seen.items()
        for trial, start in zip(parts, (0, first), strict=True)
    )


# ---- a pass


def _try(fit: Fit, learner: Learner, batch: Batch, random: _Random) -> Trial:
    """One forward and backward pass, as a share of the trial; what layers remember of it is undone."""
    before = {key: value.clone() for key, value in fit.model.named_buffers()}
    recorder = _Recorder()
    sums = [
        loss for name in learner.program.losses if isinstance(loss := getattr(learner.module, name, None), COUNTING)
    ]
    plain = [loss.forward for loss in sums]
    try:
        for loss, forward in zip(sums, plain, strict=True):
            vars(loss)["forward"] = summed(loss, forward)
        with torch.enable_grad(), recorder, random:
            losses, seen = learner.module(*learner.select(batch))
        part = len(batch[0]) / random.total
        root = sum(
            weight * losses[name] * (1.0 if isinstance(getattr(learner.module, name, None), COUNTING) else part)
            for name, weight in learner.program.losses.items()
        )
        gradients = torch.autograd.grad(torch.as_tensor(root), learner.parameters, allow_unused=True)
        state = {key: value.clone() for key, value in fit.model.named_buffers()}
    finally:
        for loss, forward in zip(sums, plain, strict=True):
            vars(loss)["forward"] = forward
        with torch.no_grad():
            for key, value in fit.model.named_buffers():
                value.copy_(before[key])
    return Trial({k: v.detach() for k, v in losses.items()}, seen, gradients, state, recorder.made)


class _Recorder(TorchFunctionMode):
    """Notes what the calls of generated source give."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[Made] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if lines := _lines():
            values = [value for value in tree_leaves(result) if isinstance(value, Tensor)]
            self.made += [Made(lines, value.detach().clone()) for value in values if not value.is_sparse]
        return result


def _lines() -> tuple[int, ...]:
    found, frame = [], sys._getframe(2)
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith("layerloom_"):
            found.append(frame.f_lineno)
        frame = frame.f_back
    return tuple(reversed(found))


class _Random(TorchDispatchMode):
    """Random numbers of a pass over all samples, given again to passes over some of them."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0
        self._drawn: list[list[Tensor]] = []
        self._rows: slice | None = None
        self._at = 0

    def take_again(self, start: int, count: int, total: int) -> None:
        """The next pass is over these samples."""
        self._rows, self._at, self.total = slice(start, start + count), 0, total

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if torch.Tag.nondeterministic_seeded not in func.tags:
            return result
        values = [value for value in tree_leaves(result) if isinstance(value, Tensor)]
        if self._rows is None:
            self._drawn.append([value.detach().clone() for value in values])
        elif self._at < len(self._drawn):
            for value, drawn in zip(values, self._drawn[self._at], strict=False):
                again = _rows(drawn, value.shape, self._rows.start)
                if again is not None:
                    value.detach().copy_(again)
            self._at += 1
        return result


# ---- comparing


def _rows(whole: Tensor, shape: torch.Size, start: int) -> Tensor | None:
    """What is of the samples from `start` on, in a tensor that one of `shape` is a part of; None where it is not."""
    if whole.shape == shape:
        return whole
    if whole.dim() != len(shape):
        return None
    differing = [dim for dim, (a, b) in enumerate(zip(whole.shape, shape, strict=True)) if a != b]
    if len(differing) != 1 or shape[differing[0]] > whole.shape[differing[0]]:
        return None
    dim, count = differing[0], shape[differing[0]]
    return whole.narrow(dim, whole.shape[dim] - count if start else 0, count)


def _are_rows(part: Tensor, whole: Tensor, start: int) -> bool:
    rows = _rows(whole, part.shape, start)
    return rows is not None and _is_close(part, rows)


def _is_close(a: Tensor, b: Tensor) -> bool:
    if not a.is_floating_point():
        return bool(torch.equal(a, b))
    a, b = a.detach().double(), b.detach().double()
    return bool(((a - b).norm() <= CLOSE * b.norm() + NEAR_ZERO * CLOSE).item()) or not bool(b.isfinite().all())


def _find(fit: Fit, whole: Trial, parts: Sequence[Trial], first: int) -> NodeId | None:
    """The node of the first call whose part is not a part of the whole; then that of the first number that differs, if it is no loss."""
    graph, source = fit.compiled.project.graph, fit.compiled.source
    losses = {name for program in fit.compiled.programs for name in program.losses}

    def node_of(made: Made) -> NodeId | None:
        marks = (source.mark_at(line) for line in reversed(made.lines))
        return next((mark[1] for mark in marks if mark is not None and mark[0] is None), None)

    for numbers in (False, True):
        for trial, start in zip(parts, (0, first), strict=True):
            for made, all_ in zip(trial.made, whole.made, strict=False):
                node = node_of(made)
                is_loss = node is not None and graph.nodes[node].name in losses
                if (made.value.dim() == 0) == numbers and not is_loss and not _are_rows(made.value, all_.value, start):
                    return node
    return None


def _owner(fit: Fit, key: str) -> NodeId | None:
    nodes = fit.compiled.project.graph.nodes.values()
    return next((node.id for node in nodes if node.name == key.partition(".")[0]), None)


def _refusal(fit: Fit, node: NodeId | None, *, is_state: bool = False) -> RunError:
    name = fit.compiled.project.graph.nodes[node].name if node else None
    if name is None:
        text: Message = msg("The loss of a batch is not made of the losses of its samples, so several processes cannot share a batch. "
                            "Train in one process.")  # fmt: skip
    elif is_state:
        text = msg("'{name}' remembers something of every batch, which would differ between processes. Train in one process, or put "
                   "another layer in its place.", name=name)  # fmt: skip
    else:
        text = msg("'{name}' looks at several samples of a batch at once, so several processes cannot share a batch. Train in one "
                   "process, or put something in its place that looks at each sample alone.", name=name)  # fmt: skip
    return RunError(text, node=node)


# ---- before and after


@contextmanager
def _shifted(model: nn.Module) -> Iterator[None]:
    """Inside, the weights are a little other ones."""
    before = [(parameter, parameter.detach().clone()) for parameter in model.parameters()]
    torch.manual_seed(0)
    try:
        with torch.no_grad():
            for parameter, _ in before:
                parameter.add_(torch.randn_like(parameter), alpha=SHIFT)
        yield
    finally:
        with torch.no_grad():
            for parameter, value in before:
                parameter.copy_(value)


@contextmanager
def _known_at_rest(model: nn.Module) -> Iterator[None]:
    """Inside, layers whose parts are known to agree do nothing at random and remember nothing."""
    known = [module for module in model.modules() if isinstance(module, _KNOWN) and module.training]
    dropping = [m for m in model.modules() if isinstance(m, (nn.RNNBase, nn.MultiheadAttention))]
    chances = [module.dropout for module in dropping]
    for module in known:
        module.eval()
    for module in dropping:
        module.dropout = 0.0
    try:
        yield
    finally:
        for module in known:
            module.train()
        for module, chance in zip(dropping, chances, strict=True):
            module.dropout = chance

"""Where numbers that are not finite began: the steps since the last checkpoint are made once more, and the next is watched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from graph.messages import Message, RunError, msg
from graph.model import Node
from graph.plan import FLOAT16
from graph.topology import execution_order
from runtime.data import Part
from runtime.events import Figures
from runtime.training.divided import own
from runtime.training.failures import culprit
from runtime.training.fit import Fit
from runtime.training.job import Job
from runtime.training.learner import Batch, Learner, Outcome
from runtime.training.reaching import held_by
from runtime.training.record import NotFinite, Record

MAX_SAMPLES = 5  # that a sentence names


def explain_not_finite(job: Job, part: Part, found: NotFinite, *, training: bool) -> RunError:
    """The sentence for a loss that is NaN or infinite, naming the batch, and the data or the layer where that began.

    By the time somebody looks, the step has long spoiled every weight. Training is exact, so the weights from before
    that step come back by making the steps since the last checkpoint again, which takes as long as it took.
    """
    watch = _Gradients()
    fit, spoiled = job.fit, not all(own(p).isfinite().all() for p in job.fit.model.parameters())
    last = fit.epoch, found.batch if training else fit.steps_per_epoch
    if training or ((spoiled or fit.is_divided) and fit.epoch <= fit.epochs):
        again = _made_again(job, *last, watch)
        fit = again if training or fit.is_divided else fit
    batch = fit.batch_again(part, found.batch, training=training)
    words = {"loss": found.loss, "value": str(found.value), "batch": found.batch + 1, "epoch": job.fit.epoch}
    error = _in_the_data(fit, part, found.batch, batch, words, training=training)
    if error is None and watch.first is not None:
        error = _in_the_gradients(watch.first, fit.learner_of(found.loss).learning_rate, words)
    if error is not None:
        return error
    node = _origin(fit, found.loss, batch, training=training)
    rate = fit.learner_of(found.loss).learning_rate
    return RunError(_in_the_network(node, rate, words, is_half=fit.plan.precision == FLOAT16), node=node.id)


def _in_the_data(
    fit: Fit, part: Part, index: int, batch: Batch, words: Mapping[str, object], *, training: bool
) -> RunError | None:
    """The data gave numbers that are not finite: which node, in which samples."""
    nodes = fit.compiled.project.graph.nodes
    for port, tensor in zip(fit.ports, batch, strict=True):
        bad = (~tensor.isfinite()).reshape(len(tensor), -1).any(1).nonzero()[:, 0].cpu()
        if len(bad):
            rows = fit.rows_of_batch(index)[bad] if training else bad + index * fit.batch_size
            samples = sorted(int(part.indices[row]) for row in rows.tolist())
            shown = ", ".join(map(str, samples[:MAX_SAMPLES])) + (", …" if len(samples) > MAX_SAMPLES else "")
            text = msg(
                "'{loss}' became {value} in batch {batch} of epoch {epoch}: '{name}' gives numbers that are not finite in its "
                "samples {samples}. Mend the data.",
                **words,
                name=nodes[port.node].name,
                samples=shown,
            )
            return RunError(text, node=port.node)
    return None


def _in_the_gradients(first: _Spoiled, rate: float, words: Mapping[str, object]) -> RunError:
    text = msg(
        "'{loss}' became {value} in batch {batch} of epoch {epoch}. Before, in batch {before} of epoch {since}, the gradient of "
        "'{name}' was not finite any more, while the loss still was. Clip the gradients by their norm, lower the "
        "learning rate ({rate:g}), or keep what is divided, rooted or taken the logarithm of away from 0.",
        **words,
        before=first.batch,
        since=first.epoch,
        name=first.node.name,
        rate=rate,
    )
    return RunError(text, node=first.node.id)


def _in_the_network(node: Node, rate: float, words: Mapping[str, object], *, is_half: bool) -> Message:
    if is_half:
        return msg(
            "'{loss}' became {value} in batch {batch} of epoch {epoch}. The first numbers that are not finite come from '{name}'. "
            "Numbers of float16 end at 65504: choose bfloat16 or float32 under Precision, or lower the learning rate ({rate:g}).",
            **words,
            name=node.name,
            rate=rate,
        )
    return msg(
        "'{loss}' became {value} in batch {batch} of epoch {epoch}. The first numbers that are not finite come from '{name}'. "
        "The steps are probably too large: lower the learning rate ({rate:g}), or normalize the data.",
        **words,
        name=node.name,
        rate=rate,
    )


# ---- the steps once more


def _made_again(job: Job, epoch: int, batch: int, watch: _Gradients) -> Fit:
    """The state of the run after so many batches of an epoch."""
    fit = job.fit.from_the_start()
    with suppress(RunError):  # a run that has no checkpoint yet goes on from its first step
        fit.load_state_dict(job.checkpoints.read())
    while fit.epoch < epoch:
        train = _trained(fit, watch)
        fit.end_training()
        with fit.average.in_place():
            validation = _looked(fit)
        fit.end_epoch(train, validation)
    fit.begin(training=True)
    for given in islice(fit.batches(fit.train, training=True), batch - fit.batch):
        watch.step(fit, given)
    return fit


def _trained(fit: Fit, watch: _Gradients) -> Figures:
    record = fit.begin(training=True)
    for batch in fit.batches(fit.train, training=True):
        _add(record, batch, watch.step(fit, batch))
    return _figures(record)


def _looked(fit: Fit) -> Figures:
    record = fit.begin(training=False)
    for batch in fit.batches(fit.validation, training=False):
        _add(record, batch, fit.evaluate(batch))
    return _figures(record)


def _add(record: Record, batch: Batch, outcomes: Sequence[Outcome | None]) -> None:
    record.add(len(batch[0]), outcomes)
    if record.is_due:
        _figures(record)


def _figures(record: Record) -> Figures:
    with suppress(NotFinite):  # what is looked for comes in a later step, if steps are the same
        record.flush()
    return record.figures()


@dataclass(frozen=True, slots=True)
class _Spoiled:
    """The last node of the drawing, which a backward pass meets first, with a gradient that is not finite; counted from 1."""

    epoch: int
    batch: int
    node: Node


class _Gradients:
    """Looks in every step for gradients that are not finite."""

    def __init__(self) -> None:
        self.first: _Spoiled | None = None
        self._fit: Fit | None = None

    def step(self, fit: Fit, batch: Batch) -> Any:
        """A training step; numbers that are not finite are expected of float16, whose scaler leaves such steps out."""
        self._fit = fit
        is_watched = self.first is None and not fit.precision.is_scaled
        return fit.train_step(batch, self if is_watched else None)

    def gradients(self, learner: Learner) -> None:
        """Look at the gradients of a step."""
        bad = {id(p) for p in learner.parameters if p.grad is not None and not p.grad.to_dense().isfinite().all()}
        if not bad or self._fit is None:
            return
        fit = self._fit
        graph = fit.compiled.project.graph
        for name in reversed(execution_order(graph)):
            if any(id(p) in bad for p in _parameters(held_by(fit.compiled, fit.model, name))):
                self.first = _Spoiled(fit.epoch, fit.batch, graph.nodes[name])
                return

    def updated(self, learner: Learner) -> None:
        """Nothing more to see."""


def _parameters(part: nn.Module | nn.Parameter | None) -> tuple[nn.Parameter, ...]:
    if part is None or isinstance(part, nn.Parameter):
        return (part,) if part is not None else ()
    return tuple(part.parameters())


# ---- the step itself


def _origin(fit: Fit, loss: str, batch: Batch, *, training: bool) -> Node:
    """The node on whose generated line the first number arises that is not finite; the loss itself if none does."""
    graph = fit.compiled.project.graph
    if not fit.is_divided:
        fit.begin(training=training)
        try:
            with torch.no_grad(), _Watch():
                fit.learner_of(loss).evaluate(batch)
        except _NotFiniteHere as error:
            node = culprit(error, fit.compiled)
            if node is not None:
                return graph.nodes[node]
    node = graph.node_named(loss)
    assert node is not None, loss
    return node


class _NotFiniteHere(ArithmeticError):
    """An operation gave a number that is not finite."""


class _Watch(TorchFunctionMode):
    """Stops at the first operation that gives a number that is not finite."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and not result.isfinite().all():
            raise _NotFiniteHere
        return result

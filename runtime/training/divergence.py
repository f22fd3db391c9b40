"""Where numbers that are not finite began: the steps since the last checkpoint are made once more, and the next is watched."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from graph.messages import RunError, msg
from graph.model import Node
from runtime.data import Part
from runtime.training.failures import culprit
from runtime.training.fit import Fit
from runtime.training.job import Job
from runtime.training.learner import Batch
from runtime.training.record import NotFinite


def explain_not_finite(job: Job, part: Part, found: NotFinite, *, training: bool) -> RunError:
    """The sentence for a loss that is NaN or infinite, naming the node where that began.

    By the time somebody looks, the step has long spoiled every weight. Training is exact, so the weights from before
    that step come back by making the steps since the last checkpoint again, which takes as long as it took.
    """
    fit = _right_before(job, found) if training else job.fit
    batch = fit.batch_again(part, found.batch, training=training)
    values = {"loss": found.loss, "epoch": job.fit.epoch, "value": str(found.value)}
    data = _data_not_finite(fit, batch)
    if data is not None:
        text = msg(
            "'{loss}' became {value} in epoch {epoch}: '{name}' gives numbers that are not finite. Mend the data.",
            **values,
            name=data.name,
        )
        return RunError(text, node=data.id)
    node = _origin(fit, found.loss, batch, training=training)
    text = msg(
        "'{loss}' became {value} in epoch {epoch}. The first numbers that are not finite come from '{name}'. "
        "The steps are probably too large: lower the learning rate ({rate:g}), or normalize the data.",
        **values,
        name=node.name,
        rate=fit.learner_of(found.loss).learning_rate,
    )
    return RunError(text, node=node.id)


def _right_before(job: Job, found: NotFinite) -> Fit:
    """The state of the run before the training step that was not finite."""
    fit = job.fit.from_the_start()
    with suppress(RunError):  # a run that has no checkpoint yet goes on from its first step
        fit.load_state_dict(job.checkpoints.read())
    while True:
        fit.begin(training=True)
        is_there = fit.epoch == job.fit.epoch
        batches = fit.batches(fit.train, training=True)
        for batch in islice(batches, found.batch - fit.batch) if is_there else batches:
            fit.train_step(batch)
        if is_there:
            return fit
        fit.end_epoch({}, {})


def _data_not_finite(fit: Fit, batch: Batch) -> Node | None:
    """The data node that gave a number that is not finite."""
    nodes = fit.compiled.project.graph.nodes
    ports = zip(fit.ports, batch, strict=True)
    return next((nodes[port.node] for port, tensor in ports if not tensor.isfinite().all()), None)


def _origin(fit: Fit, loss: str, batch: Batch, *, training: bool) -> Node:
    """The node on whose generated line the first number arises that is not finite; the loss itself if none does."""
    graph = fit.compiled.project.graph
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

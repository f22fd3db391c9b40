"""The look before a run: one real batch goes through everything that training will do, and leaves no trace in it."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from graph.messages import Message, RunError, msg
from graph.model import Node, Port
from graph.target_scaling import FAR_TARGET, Pair, compared, far_text, is_far
from runtime.data.moments import moments
from runtime.data.parts import HeldPart
from runtime.events import Checked, Finding
from runtime.training.divided import whole
from runtime.training.failures import explaining
from runtime.training.fit import Fit
from runtime.training.learner import Learner, Outcome
from runtime.training.memory import free_memory, needed_memory
from runtime.training.reaching import parameters_of

OK, WARNING, ERROR = "ok", "warning", "error"
CHANCE = 1.5  # times what chance would give: a first loss above that is told
SEEN_TARGETS = 2048  # of a part that is read when a batch needs it
TIMED_STEPS, TIMED_SECONDS = 3, 1.0
NEEDED_SHARE = 0.95  # of the free memory that a step may take

_CLASSES = ("torch.nn.CrossEntropyLoss", "torch.nn.NLLLoss")
_YES_NO = ("torch.nn.BCEWithLogitsLoss", "torch.nn.BCELoss")


def preflight(fit: Fit) -> Checked:
    """Look at the first batch: data, labels, memory, first loss, gradients, and the time of an epoch.

    Weights, statistics, optimizers and random numbers are afterwards what they were before, to the bit.
    """
    batch = fit.train.head(fit.share_size, ports=fit.ports)
    findings = [*_look_at_data(fit, batch)]
    needed, free = needed_memory(fit, batch), free_memory(fit.device)
    if free is not None and needed > free * NEEDED_SHARE:
        findings.append(_too_large(fit, needed, free))
    seconds = None
    if not any(finding.level == ERROR for finding in findings):
        more, seconds = fit.together(_learn_for_a_moment)
        findings += more
        far = {finding.node for finding in findings if finding.code == FAR_TARGET}  # which says why a loss begins high
        findings = [f for f in findings if not (f.node in far and (f.code, f.level) == ("first-loss", WARNING))]
    return Checked(tuple(findings), needed, free, seconds)


def _learn_for_a_moment(fit: Fit) -> tuple[list[Finding], float | None]:
    """What a few steps over the batch show, and how long an epoch would take."""
    batch = fit.train.head(fit.share_size, ports=fit.ports)
    findings: list[Finding] = []
    try:
        with untouched(fit), explaining(fit.compiled, batch_size=fit.batch_size):
            findings += _look_at_losses(fit, batch)
            return findings, _seconds_per_epoch(fit, batch)
    except RunError as error:
        return [*findings, Finding(ERROR, "computation", error.message, error.node)], None


# ---- the batch


def _look_at_data(fit: Fit, batch: tuple[Tensor, ...]) -> Iterator[Finding]:
    nodes, found = fit.compiled.project.graph.nodes, False
    for port, tensor in zip(fit.ports, batch, strict=True):
        bad = (~torch.isfinite(tensor)).reshape(len(tensor), -1).any(1).nonzero()
        if tensor.is_floating_point() and len(bad):
            found = True
            yield Finding(
                ERROR, "not-finite",
                msg("'{name}' gives numbers that are missing or infinite, first in sample {sample}. Mend the data.",
                    name=nodes[port.node].name, sample=_sample(fit, int(bad[0]))), port.node,
            )  # fmt: skip
    for finding in _look_at_labels(fit, batch):
        found = True
        yield finding
    yield from _look_at_targets(fit)
    if not found:
        shapes = ", ".join(" × ".join(map(str, tensor.shape)) for tensor in batch)
        yield Finding(OK, "data", msg("A batch of real data has the right shapes and types: {shapes}.", shapes=shapes))


def _look_at_labels(fit: Fit, batch: tuple[Tensor, ...]) -> Iterator[Finding]:
    """Labels that a loss cannot take: below 0 or not below the number of scores."""
    at = dict(zip(fit.ports, batch, strict=True))
    for loss, target, classes in _questions(fit):
        labels = at.get(target)
        if labels is None or labels.is_floating_point() or loss.type not in _CLASSES:
            continue
        ignored = loss.params.get("ignore_index", -100)
        wrong = ((labels < 0) | (labels >= classes)) & (labels != ignored)
        if bool(wrong.any()):
            row, value = int(wrong.reshape(len(labels), -1).any(1).nonzero()[0]), int(labels[wrong][0])
            text = msg(
                "Sample {sample} has the label {label}, but '{name}' gets scores of {classes} classes, 0 to {last}. Mend the "
                "labels, or give the last layer more outputs.",
                sample=_sample(fit, row), label=value, name=loss.name, classes=classes, last=classes - 1,
            )  # fmt: skip
            yield Finding(ERROR, "label-range", text, loss.id)


def _look_at_targets(fit: Fit) -> Iterator[Finding]:
    """Numbers to predict that are far from what a fresh network gives; each pair of ends of losses once."""
    graph, told = fit.compiled.project.graph, set[Pair]()
    for loss in (graph.node_named(name) for program in fit.compiled.programs for name in program.losses):
        pair = compared(graph, loss.id) if loss is not None else None
        if loss is None or pair is None or pair in told or pair[1] not in fit.train.ports:
            continue
        told.add(pair)
        mean, spread = _moments(fit, pair[1])
        if is_far(mean, spread):
            text = far_text(graph, loss.id, mean, spread)
            yield Finding(WARNING, FAR_TARGET, text, loss.id, {"mean": mean, "spread": spread})


def _moments(fit: Fit, port: Port) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Of the targets of the training part; where they are read when a batch needs them, of the first ones."""
    train = fit.train
    count = train.count if isinstance(train, HeldPart) else min(train.count, SEEN_TARGETS)
    if not isinstance(train, HeldPart):
        train = HeldPart({port: train.head(count, ports=[port])[0]}, train.indices[:count])
    mean, spread = moments(lambda start, stop: train.rows(start, stop - start, ports=[port])[0].cpu().numpy(), count)
    return tuple(mean), tuple(spread)


def _questions(fit: Fit) -> Iterator[tuple[Node, Port, int]]:
    """Each loss with the data port that it compares with, and the number of scores that it gets."""
    graph, analysis = fit.compiled.project.graph, fit.compiled.analysis
    for program in fit.compiled.programs:
        for name in program.losses:
            node = graph.node_named(name)
            ends = graph.inputs(node.id) if node else {}
            spec = analysis.spec(ends["input"]) if "input" in ends else None
            if node is not None and "target" in ends and spec is not None and len(spec.shape) > 1:
                yield node, ends["target"], int(spec.shape[1])


def _sample(fit: Fit, row: int) -> int:
    return int(fit.train.indices[row])


# ---- losses and gradients


def _look_at_losses(fit: Fit, batch: tuple[Tensor, ...]) -> Iterator[Finding]:
    fit.begin(training=True)
    for learner in fit.learners:
        learner.focus()
        watched = _Watched()
        outcome = learner.step(batch, is_last=True, observer=watched)
        yield from _look_at_first_loss(fit, outcome, batch)
        yield from _look_at_gradients(fit, learner, watched)


def _look_at_first_loss(fit: Fit, outcome: Outcome, batch: tuple[Tensor, ...]) -> Iterator[Finding]:
    graph = fit.compiled.project.graph
    chances = {loss.name: _chance(loss, classes, dict(zip(fit.ports, batch, strict=True)).get(target))
               for loss, target, classes in _questions(fit)}  # fmt: skip
    for name, value in outcome.losses.items():
        node, first, chance = graph.node_named(name), float(value.detach()), chances.get(name)
        assert node is not None
        if not math.isfinite(first):
            text = msg("'{name}' is {value} for the first batch, before any step. Normalize the data, or begin with smaller "
                       "weights.", name=name, value=first)  # fmt: skip
            yield Finding(ERROR, "first-loss", text, node.id)
        elif chance is None:
            yield Finding(OK, "first-loss", msg("'{name}' begins at {value:.4g}.", name=name, value=first), node.id)
        elif first > CHANCE * chance[0]:
            text = msg("'{name}' begins at {value:.4g}, but {way} gives {chance:.4g}. Normalize the data, begin with smaller "
                       "weights, or check what is wired to the loss.", name=name, value=first, way=chance[1], chance=chance[0])  # fmt: skip
            yield Finding(WARNING, "first-loss", text, node.id)
        else:
            text = msg("'{name}' begins at {value:.4g}; {way} gives {chance:.4g}.", name=name, value=first, way=chance[1],
                       chance=chance[0])  # fmt: skip
            yield Finding(OK, "first-loss", text, node.id)


def _chance(loss: Node, classes: int, target: Tensor | None) -> tuple[float, Message] | None:
    """What the loss would be of somebody who knows nothing, and how that is guessed."""
    if loss.type in _CLASSES and classes > 1:
        return math.log(classes), msg("guessing among {classes} classes (ln {classes})", classes=classes)
    if loss.type in _YES_NO:
        return math.log(2), msg("guessing yes or no (ln 2)")
    if loss.type == "torch.nn.MSELoss" and target is not None and target.is_floating_point() and len(target) > 1:
        variance = float(target.double().var(0, correction=0).mean())
        return (variance, msg("answering with the mean of the targets")) if variance > 0 else None
    return None


class _Watched:
    """Notes which parameters have a gradient, and which have one of zeros alone."""

    def __init__(self) -> None:
        self.missing: set[int] = set()
        self.zero: set[int] = set()

    def gradients(self, learner: Learner) -> None:
        for parameter in learner.parameters:
            if parameter.grad is None:
                self.missing.add(id(parameter))
            elif not bool(whole(parameter.grad).to_dense().any()):
                self.zero.add(id(parameter))

    def updated(self, learner: Learner) -> None:
        pass


def _look_at_gradients(fit: Fit, learner: Learner, watched: _Watched) -> Iterator[Finding]:
    compiled, model = fit.compiled, fit.model
    chosen = learner.objective.parameters or [n.id for n in compiled.project.graph.nodes.values()]
    reached = {id(p) for p in learner.parameters}
    frozen = parameters_of(compiled, model, compiled.project.plan.frozen)
    nodes = compiled.project.graph.nodes
    told = False
    for node in chosen:
        held = parameters_of(compiled, model, [node]) - frozen
        if (held and not (held & reached)) or held & watched.missing:
            told = True
            text = msg("No gradient reaches '{name}': the losses of '{objective}' do not depend on its weights. Wire it into what "
                       "the loss looks at, or leave it out.", name=nodes[node].name, objective=learner.objective.name)  # fmt: skip
            if learner.objective.parameters or len(fit.learners) == 1:
                yield Finding(WARNING, "no-gradient", text, node)
        elif held and held <= watched.zero:
            told = True
            text = msg("The gradient of '{name}' is 0 in the first batch: nothing it does matters for the loss. Look at the "
                       "activations behind it.", name=nodes[node].name)  # fmt: skip
            yield Finding(WARNING, "zero-gradient", text, node)
    if not told:
        text = msg("All {count} parameter tensors of '{objective}' get a gradient.", count=len(learner.parameters),
                   objective=learner.objective.name)  # fmt: skip
        yield Finding(OK, "gradients", text)


# ---- time and memory


def _seconds_per_epoch(fit: Fit, batch: tuple[Tensor, ...]) -> float:
    """From a few steps on the batch that is there; reading data that streams is not in it."""
    started, steps = time.perf_counter(), 0
    at_most = 1 if fit.is_divided else TIMED_STEPS  # processes that make steps together would not agree on the time
    while steps < at_most and time.perf_counter() - started < TIMED_SECONDS:
        fit.train_step(batch)
        steps += 1
    if fit.device.type == "cuda":
        torch.cuda.synchronize(fit.device.id)
    return (time.perf_counter() - started) / max(steps, 1) * fit.steps_per_epoch


def _too_large(fit: Fit, needed: int, free: int) -> Finding:
    """The batch size that would fit, if any would."""
    size = fit.batch_size
    smaller = max(1, int(size * free * NEEDED_SHARE / needed))
    text = msg(
        "A step would need about {needed:.1f} GiB of memory, and {free:.1f} GiB are free. Choose a batch size of at most "
        "{smaller}, a smaller network, or another device.",
        needed=needed / 2**30, free=free / 2**30, smaller=smaller,
    )  # fmt: skip
    return Finding(ERROR, "memory", text)


@contextmanager
def untouched(fit: Fit) -> Iterator[None]:
    """Whatever happens inside, the fit goes on from where it was."""
    state = copy.deepcopy(Fit.state_dict(fit))  # as far as it is held here
    weights = {name: tensor.detach().clone() for name, tensor in fit.model.state_dict().items()}
    seconds, restore = fit.stopwatch.seconds, _random(fit)
    try:
        yield
    finally:
        Fit.load_state_dict(fit, {**state, "weights": weights, "seconds": seconds})
        restore()


def _random(fit: Fit) -> Callable[[], Any]:
    """A function that brings the random numbers of now back."""
    state = torch.get_rng_state()
    return lambda: torch.set_rng_state(state)

"""One objective in motion: what computes its losses, which parameters it changes, its optimizer and learning rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from graph.messages import Message, RunError, msg
from graph.model import Port
from graph.plan import BY_NORM, NO_CLIP, STEP
from runtime.compiler import Compiled, Program
from runtime.training.direct import ARITHMETIC, DirectStep
from runtime.training.flat import FlatParameters, can_join
from runtime.training.optimizers import (
    ALL_AT_ONCE,
    ELEMENTWISE,
    Length,
    build_optimizer,
    build_scheduler,
    optimizer_class,
)
from runtime.training.precision import Precision, compiled
from runtime.training.rates import Rates
from runtime.training.reaching import chosen_parameters, embeddings, frozen_modules, leaves, undecayed
from runtime.training.replay import Replayed

if TYPE_CHECKING:
    from runtime.training.world import World

Batch = tuple[Tensor, ...]
Seen = Mapping[str, tuple[Tensor, Tensor]]


class Outcome(NamedTuple):
    """What one batch gave: the weighted loss, each loss by name, and what each metric looks at."""

    loss: Tensor
    losses: Mapping[str, Tensor]
    seen: Seen


class Observer(Protocol):
    """Looks into one step of an objective."""

    def gradients(self, learner: Learner) -> None:
        """The gradients are there, before they are clipped and used."""

    def updated(self, learner: Learner) -> None:
        """The parameters were changed."""


class Setting(NamedTuple):
    """What the learners of a run have in common: what the tensors of a batch are, a batch of few samples, ...

    `alone` says that no other learner works on the model, so that its parameters may be moved into one buffer. `direction`
    is that of the watched figure, "min" or "max"; `note` takes what a person should know; `compile` asks for `torch.compile`.
    `world` is that of a run of several processes, and `counts` names losses that know their part of a whole batch by themselves.
    """

    ports: Sequence[Port]
    sample: Batch
    length: Length
    precision: Precision
    alone: bool
    direction: str
    note: Callable[[Message], object]
    compile: bool = False
    world: World | None = None
    counts: Callable[[Program, nn.Module], frozenset[str]] = lambda program, module: frozenset()


class Learner:
    """Steps of one objective. Programs of several learners share the model, and never an optimizer.

    Each of `accumulate` batches adds its gradient divided by `accumulate` to a step; at the end of an epoch a step takes those
    that are there (a smaller step, as for a batch of which some samples have no gradient). The penalties of L1 and L2 are added
    for the gradients alone: the figures of a run are those of the losses. A parameter that several objectives update moves with
    each of them, and each optimizer remembers its own gradients.
    """

    def __init__(self, made: Compiled, program: Program, model: nn.Module, setting: Setting) -> None:
        """Set an objective up.

        Raises:
            RunError: the objective changes no parameter, or PyTorch refuses the settings of its optimizer.
        """
        objective = self.objective = program.objective
        self.program, self.precision, self.world = program, setting.precision, setting.world
        self.every, self._accumulate = objective.every, objective.accumulate
        kind = optimizer_class(objective.optimizer)
        self._is_closed = kind in ALL_AT_ONCE
        self.scaler = None if self._is_closed else self.precision.new_scaler()
        self._module = program.build(model).to(setting.sample[0].device)
        self._compute: Callable = self._module
        self.counting = setting.counts(program, self._module)  # losses that tell a part by themselves
        self._select = _selector([setting.ports.index(port) for port in program.inputs])
        self._total = _weighted_sum(tuple(program.losses.values()))
        self._resting = frozen_modules(made, model)
        self.parameters = self._reached(chosen_parameters(made, program, model), setting.sample)
        self._is_sparse = kind is torch.optim.SparseAdam
        self._gathered = 0  # batches whose gradients wait for a step
        self._set_up(model, setting)
        if setting.compile:
            self._compute = compiled(self._module, setting.note)
        self._replayed = self._replay() if self._can_be_recorded(made) else None

    def _set_up(self, model: nn.Module, setting: Setting) -> None:
        """Give the parameters an optimizer and its schedule."""
        objective, kind = self.objective, optimizer_class(self.objective.optimizer)
        self._others = [p for p in model.parameters() if all(p is not mine for mine in self.parameters)]
        self._tables = embeddings(model)
        self.focus()
        spared = set() if objective.decay_all else undecayed(model)
        self._penalized = [p for p in self.parameters if id(p) not in spared]
        can_flatten = setting.alone and kind in ELEMENTWISE and not self.scaler
        whole = can_flatten and len(self._penalized) == len(self.parameters) and can_join(self.parameters)
        self.flat = FlatParameters(self.parameters) if whole else None
        decayed, rest = (self.flat.pieces, []) if self.flat else self._groups()
        self.optimizer = build_optimizer(objective.optimizer, decayed, undecayed=rest, embeddings=self._tables.keys())
        self.length = replace(setting.length, every=objective.every, accumulate=objective.accumulate)
        schedule = build_scheduler(
            objective.scheduler, self.optimizer, self.length, unit=objective.schedule_by, mode=setting.direction
        )
        self._by_step = objective.schedule_by == STEP and not isinstance(schedule, ReduceLROnPlateau)
        self.rates = Rates(self.optimizer, schedule, objective.warmup)
        self._direct = DirectStep(self.optimizer) if self.flat and kind in ARITHMETIC else None
        self._zero_grad: Callable[[], object] = self.flat.zero_grad if self.flat else self.optimizer.zero_grad
        self._change: Callable[[], object] = self._direct or self.optimizer.step

    def train(self, mode: bool) -> None:
        """Whether layers such as dropout behave as in training; frozen ones never do."""
        self._module.train(mode)
        for module in self._resting:
            module.eval()

    def focus(self) -> None:
        """Let gradients flow to the parameters of this objective, and to no others."""
        for parameter in self._others:
            parameter.requires_grad_(False)
        for parameter in self.parameters:
            parameter.requires_grad_(True)
        for table in self._tables.values():
            table.sparse = self._is_sparse

    def step(self, batch: Batch, *, is_last: bool = False, observer: Observer | None = None) -> Outcome:
        """Learn from a batch: change the parameters once, unless the gradients of more batches belong to a step.

        Args:
            is_last: no other batch of the epoch follows.
            observer: looks into the step; the numbers are the same without.
        """
        if self._is_closed:
            return self._closed_step(batch, observer)
        outcome = self._backward(batch, observer)
        self._gathered += 1
        if self._gathered >= self._accumulate or is_last:
            self._gathered = 0
            self._update(observer)
        return outcome

    def evaluate(self, batch: Batch) -> Outcome:
        """Compute the losses, change nothing."""
        return self._outcome(self._inputs(batch))

    @property
    def module(self) -> nn.Module:
        """What computes the losses."""
        return self._module

    def select(self, batch: Batch) -> Batch:
        """What of a batch it computes with."""
        return self._select(batch)

    @property
    def is_recorded(self) -> bool:
        """Whether the last step was made by a recording of it."""
        return self._replayed is not None and self._replayed.is_used

    def end_epoch(self, figure: float | None) -> None:
        """Advance a schedule that goes by epochs; `figure` is the watched one of the validation part."""
        if not self._by_step:
            self.rates.advance(figure)

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step."""
        return self.rates.current

    def state_dict(self) -> dict[str, Any]:
        """Optimizer (a row for each parameter, as `torch.optim` writes it), rates, and gradients that wait for a step."""
        optimizer, scaler = self.optimizer.state_dict(), self.scaler
        gradients = [_copy(p.grad) for p in self.parameters] if self._gathered else None
        if self.world is not None and gradients:
            self.world.add_gradients_up([gradient for gradient in gradients if gradient is not None])
        return {
            "optimizer": self.flat.state_of_parameters(optimizer) if self.flat else optimizer,
            "rates": self.rates.state_dict(),
            "scaler": scaler.state_dict() if scaler else None,
            "gathered": self._gathered,
            "gradients": gradients,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        optimizer = state["optimizer"]
        if self.flat:
            optimizer = self.flat.state_of_pieces(optimizer)
            self.optimizer.param_groups[0]["params"] = self.flat.pieces
        self.optimizer.load_state_dict(optimizer)
        if self._direct is not None:
            self._direct.forget()
        self.rates.load_state_dict(state["rates"])
        if self.scaler and state["scaler"]:
            self.scaler.load_state_dict(state["scaler"])
        self._gathered = state["gathered"]
        for parameter, gradient in zip(self.parameters, state["gradients"] or (), strict=False):
            if parameter.grad is not None and gradient is not None:
                parameter.grad.copy_(gradient)  # a view of the flat buffer stays one
            elif gradient is not None:
                parameter.grad = gradient.to(parameter.device)

    # ---- details

    def _inputs(self, batch: Batch) -> Batch:
        inputs = self._select(batch)
        return self.precision.arrange(inputs) if self.precision.channels_last else inputs

    def _outcome(self, inputs: Batch) -> Outcome:
        if self.precision.is_mixed:
            with self.precision.computing():
                losses, seen = self._compute(*inputs)
        else:
            losses, seen = self._compute(*inputs)
        if self._part != 1.0:
            losses = {n: loss if n in self.counting else loss * self._part for n, loss in losses.items()}
        return Outcome(self._total(losses), losses, seen)

    def _backward(self, batch: Batch, observer: Observer | None = None) -> Outcome:
        """Add the gradients of a batch to those that wait for a step."""
        inputs = self._inputs(batch)
        if self._replayed is not None and observer is None:
            result = self._replayed(inputs, adds=self._gathered > 0)
            if result is not None:
                return Outcome(result.loss, result.losses, result.seen)
        if not self._gathered:
            self._zero_grad()
        root, outcome = self._differentiable(inputs)
        root.backward()
        return outcome

    def _differentiable(self, inputs: Batch) -> tuple[Tensor, Outcome]:
        """What gradients are of: the loss with its penalties, as a share of a step; and the outcome."""
        outcome = self._outcome(inputs)
        loss = self._with_penalty(outcome.loss)
        if self._accumulate > 1:
            loss = loss / self._accumulate
        if self.scaler:
            loss = self.scaler.scale(loss)
        return loss, outcome

    def _can_be_recorded(self, made: Compiled) -> bool:
        """Whether a step may be one fixed list of operations. What a person's own code does in Python is in none."""
        is_plain = not (made.source.codes or made.project.plan.compile or self.scaler or self._is_sparse or self.world)
        return is_plain and all(p.device.type == "cpu" for p in self._module.parameters())

    def _replay(self) -> Replayed:
        def evaluate(*inputs: Tensor) -> tuple[Tensor, Tensor, Mapping[str, Tensor], Seen]:
            root, outcome = self._differentiable(inputs)
            return root, outcome.loss, outcome.losses, outcome.seen

        return Replayed(evaluate, self._module, self.parameters, adds=self._accumulate > 1)

    def _update(self, observer: Observer | None) -> None:
        """Change the parameters by the gradients that are there."""
        self._add_gradients_up()
        scaler, objective = self.scaler, self.objective
        if scaler and (observer or objective.clip != NO_CLIP):
            scaler.unscale_(self.optimizer)
        if observer:
            observer.gradients(self)
        if objective.clip != NO_CLIP:
            self._clip()
        if scaler:
            self._scaled_change(scaler)
        elif self.rates.is_warm:
            self._change()
        else:
            with self.rates.step():
                self._change()
        if self._by_step:
            self.rates.advance()
        if observer:
            observer.updated(self)

    def _clip(self) -> None:
        with_gradient = [p for p in self.parameters if p.grad is not None]
        if self.objective.clip == BY_NORM:
            nn.utils.clip_grad_norm_(with_gradient, self.objective.clip_at)
        else:
            nn.utils.clip_grad_value_(with_gradient, self.objective.clip_at)

    def _scaled_change(self, scaler: torch.amp.GradScaler) -> None:
        with self.rates.step():
            scaler.step(self.optimizer)
        scaler.update()

    def _closed_step(self, batch: Batch, observer: Observer | None) -> Outcome:
        """A step of an optimizer that computes the loss as often as it likes; the outcome is that of the first time."""
        outcomes: list[Outcome] = []

        def closure() -> float:
            outcomes.append(self._backward(batch, observer))
            self._add_gradients_up()
            if observer and len(outcomes) == 1:
                observer.gradients(self)
            if self.objective.clip != NO_CLIP:
                self._clip()
            with torch.no_grad():
                loss = self._with_penalty(outcomes[-1].loss)
                return float(self.world.add_up(loss.clone()) if self.world and self.world.share else loss)

        with self.rates.step():
            self.optimizer.step(closure)
        if self._by_step:
            self.rates.advance()
        if observer:
            observer.updated(self)
        return outcomes[0]

    def _with_penalty(self, loss: Tensor) -> Tensor:
        objective = self.objective
        if not (objective.l1 or objective.l2):
            return loss
        l1 = [p.abs().sum() * objective.l1 for p in self._penalized] if objective.l1 else []
        l2 = [p.square().sum() * (objective.l2 / 2) for p in self._penalized] if objective.l2 else []
        penalty = reduce(torch.add, [*l1, *l2])
        return loss + (penalty if self._part == 1.0 else penalty * self._part)

    @property
    def _part(self) -> float:
        """The part of a batch that is computed here."""
        share = self.world.share if self.world else None
        return share.part if share else 1.0

    def _add_gradients_up(self) -> None:
        """Let the gradients be those of all processes."""
        if self.world is not None:
            held = [p.grad for p in self.parameters if p.grad is not None]
            self.world.add_gradients_up([self.flat.gradients] if self.flat else held)

    def _groups(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """The parameters that weights decay of, and the others."""
        decayed = {id(p) for p in self._penalized}
        rest = [p for p in self.parameters if id(p) not in decayed]
        return (self._penalized, rest) if self._penalized else (rest, [])

    def _reached(self, chosen: Sequence[nn.Parameter], sample: Batch) -> list[nn.Parameter]:
        """The parameters among these that get a gradient: one evaluation tells, and leaves no trace in the run."""
        for parameter in chosen:
            parameter.requires_grad_(True)
        devices = [sample[0].device] if sample[0].device.type == "cuda" else []
        self.train(False)
        with torch.random.fork_rng(devices=devices), torch.enable_grad():
            found = leaves(self.evaluate(sample).loss)
        reached = [p for p in chosen if id(p) in found]
        if not reached:
            raise RunError(
                msg(
                    "The objective '{name}' changes no parameter: none of its losses depends on one that may change. "
                    "Wire its losses to layers that can learn, and do not freeze all of them.",
                    name=self.program.objective.name,
                )
            )
        return reached


def _selector(positions: list[int]) -> Callable[[Batch], Batch]:
    if positions == list(range(len(positions))):
        count = len(positions)
        return lambda batch: batch if len(batch) == count else batch[:count]
    if len(positions) == 1:
        return lambda batch: (batch[positions[0]],)
    return itemgetter(*positions)


def _weighted_sum(weights: tuple[float, ...]) -> Callable[[Mapping[str, Tensor]], Tensor]:
    if weights == (1.0,):
        return lambda losses: next(iter(losses.values()))
    return lambda losses: reduce(torch.add, (w * loss for w, loss in zip(weights, losses.values(), strict=True)))


def _copy(gradient: Tensor | None) -> Tensor | None:
    return None if gradient is None else gradient.detach().clone()

"""One objective in motion: what computes its losses, which parameters it changes, its optimizer and schedule."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from operator import itemgetter
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from graph.messages import RunError, msg
from graph.model import Node, Port
from runtime.compiler import Compiled, Program
from runtime.sharing import followers
from runtime.training.direct import ARITHMETIC, DirectStep
from runtime.training.flat import FlatParameters, can_join
from runtime.training.optimizers import build_optimizer, build_scheduler

Batch = tuple[Tensor, ...]
Seen = Mapping[str, tuple[Tensor, Tensor]]


class Outcome(NamedTuple):
    """What one batch gave: the weighted loss, each loss by name, and what each metric looks at."""

    loss: Tensor
    losses: Mapping[str, Tensor]
    seen: Seen


class Learner:
    """Steps of one objective. Programs of several learners share the model, and never a parameter's optimizer."""

    def __init__(
        self,
        compiled: Compiled,
        program: Program,
        model: nn.Module,
        *,
        ports: Sequence[Port],
        sample: Batch,
        epochs: int,
        alone: bool,
    ) -> None:
        """Set an objective up for a run of so many epochs.

        Args:
            ports: what the tensors of a batch are, in order; `sample` is a batch of few samples.
            alone: whether no other learner works on this model, so that its parameters may be moved into one buffer.

        Raises:
            RunError: the objective changes no parameter, or PyTorch refuses the settings of its optimizer.
        """
        objective = program.objective
        self.program = program
        self.every = objective.every
        self._module = program.build(model).to(sample[0].device)
        self._select = _selector([ports.index(port) for port in program.inputs])
        self._total = _weighted_sum(tuple(program.losses.values()))
        self.parameters = self._reached(_chosen(compiled, program, model), sample)
        self._others = [p for p in model.parameters() if all(p is not mine for mine in self.parameters)]
        self.focus()
        self._flat = FlatParameters(self.parameters) if alone and can_join(self.parameters) else None
        self._optimizer = build_optimizer(objective.optimizer, self._flat.pieces if self._flat else self.parameters)
        self._scheduler = build_scheduler(objective.scheduler, self._optimizer, epochs)
        self._direct = DirectStep(self._optimizer) if self._flat and type(self._optimizer) in ARITHMETIC else None
        self._zero_grad = self._flat.zero_grad if self._flat else self._optimizer.zero_grad
        self._change = self._direct or self._optimizer.step

    def train(self, mode: bool) -> None:
        """Whether layers such as dropout behave as in training."""
        self._module.train(mode)

    def focus(self) -> None:
        """Let gradients flow to the parameters of this objective, and to no others."""
        for parameter in self._others:
            parameter.requires_grad_(False)
        for parameter in self.parameters:
            parameter.requires_grad_(True)

    def step(self, batch: Batch) -> Outcome:
        """Change the parameters once."""
        losses, seen = self._module(*self._select(batch))
        loss = self._total(losses)
        self._zero_grad()
        loss.backward()
        self._change()
        return Outcome(loss, losses, seen)

    def evaluate(self, batch: Batch) -> Outcome:
        """Compute the losses, change nothing."""
        losses, seen = self._module(*self._select(batch))
        return Outcome(self._total(losses), losses, seen)

    def end_epoch(self) -> None:
        """Advance the schedule of the learning rate."""
        if self._scheduler is not None:
            with warnings.catch_warnings():
                # A run that goes on between the last step of an epoch and its end makes no step of its own before this.
                warnings.filterwarnings("ignore", "Detected call of `lr_scheduler.step", UserWarning)
                self._scheduler.step()

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step."""
        return float(self._optimizer.param_groups[0]["lr"])

    def state_dict(self) -> dict[str, Any]:
        """Optimizer (a row for each parameter, as `torch.optim` writes it) and schedule."""
        optimizer = self._optimizer.state_dict()
        return {
            "optimizer": self._flat.state_of_parameters(optimizer) if self._flat else optimizer,
            "scheduler": self._scheduler.state_dict() if self._scheduler else None,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        optimizer = state["optimizer"]
        self._optimizer.load_state_dict(self._flat.state_of_pieces(optimizer) if self._flat else optimizer)
        if self._direct is not None:
            self._direct.forget()
        if self._scheduler is not None:
            self._scheduler.load_state_dict(state["scheduler"])

    def _reached(self, chosen: Sequence[nn.Parameter], sample: Batch) -> list[nn.Parameter]:
        """The parameters among these that get a gradient: one evaluation tells, and leaves no trace in the run."""
        for parameter in chosen:
            parameter.requires_grad_(True)
        devices = [sample[0].device] if sample[0].device.type == "cuda" else []
        self.train(False)
        with torch.random.fork_rng(devices=devices), torch.enable_grad():
            found = _leaves(self.evaluate(sample).loss)
        reached = [p for p in chosen if id(p) in found]
        if not reached:
            raise RunError(
                msg(
                    "The objective '{name}' changes no parameter: none of its losses depends on one. "
                    "Wire its losses to layers that can learn.",
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


def _chosen(compiled: Compiled, program: Program, model: nn.Module) -> list[nn.Parameter]:
    """The parameters of the nodes that the objective names; all of the model where it names none."""
    if not program.objective.parameters:
        return list(model.parameters())
    nodes = compiled.project.graph.nodes
    leaders = {node.id: leader for node, leader in followers(compiled.project.graph, compiled.analysis.nodes)}
    named = (nodes[i] for i in program.objective.parameters if i in nodes)
    held = (getattr(model, _attribute(node, leaders.get(node.id)), None) for node in named)
    found = {id(p): p for part in held for p in _parameters_of(part)}
    return [p for p in model.parameters() if id(p) in found]


def _attribute(node: Node, leader: Node | None) -> str:
    """Where the weights of a node are: with the node that it shares them with, if that is of its type."""
    return leader.name if leader is not None and leader.type == node.type else node.name


def _parameters_of(part: object) -> Iterable[nn.Parameter]:
    if isinstance(part, nn.Parameter):
        return (part,)
    return part.parameters() if isinstance(part, nn.Module) else ()


def _leaves(tensor: Tensor) -> set[int]:
    """The ids of the tensors that a backward pass from here would reach."""
    found, waiting, known = set(), [tensor.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in known:
            continue
        known.add(node)
        if (leaf := getattr(node, "variable", None)) is not None:
            found.add(id(leaf))
        waiting += [before for before, _ in node.next_functions]
    return found

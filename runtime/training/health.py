"""How the layers of a network learn, seen at one training step now and then.

A watched step computes the same numbers as any other: hooks read what modules give, gradients are read before they are used,
weights before and after. Nothing of it costs a step that is not watched.

What is marked, and why:

* dead: half of the units of an activation that can be 0 (ReLU and its kin) are 0 for every sample of the batch: they pass no
  gradient back for any of them (Lu et al., "Dying ReLU and Initialization", 2019).
* vanishing: the gradient of a layer, per weight, is a thousand times weaker than that of the strongest layer, and its
  steps are too small to matter (update / weights below 1e-5; about 1e-3 is usual, Karpathy, "A Recipe for Training Neural
  Networks"). Both, since layers of different size differ in gradients, and adaptive optimizers make up for small ones.
* exploding: the gradient is not finite, or a step changes the weights by more than a third.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from graph.model import NodeId
from runtime.events import Health, LayerHealth
from runtime.training.fit import Fit
from runtime.training.learner import Batch, Learner, Outcome
from runtime.training.reaching import held_by

INTERVAL = 1.0  # seconds between two looks, at least
MAX_SHARE = 0.02  # of the time that looks may take
BINS = 32
DEAD_SHARE = 0.5
WEAK_GRADIENT, WEAK_UPDATE = 1e-3, 1e-5
STRONG_UPDATE = 1 / 3
_CAN_DIE = (nn.ReLU, nn.ReLU6, nn.Threshold, nn.Hardtanh, nn.Hardshrink, nn.Softshrink)


class Watch:
    """Decides when to look, and does it."""

    def __init__(self) -> None:
        self._next = 0.0
        self._found: Mapping[NodeId, LayerHealth] = {}

    @property
    def is_due(self) -> bool:
        """Whether the next step should be watched."""
        return time.monotonic() >= self._next

    def step(self, fit: Fit, batch: Batch) -> Sequence[Outcome | None]:
        """A training step that is watched."""
        started = time.monotonic()
        look = Look(fit)
        outcomes = look.step(batch)
        self._found = look.layers()
        now = time.monotonic()
        self._next = now + max(INTERVAL, (now - started) / MAX_SHARE)
        return outcomes

    def event(self, fit: Fit) -> Health:
        """What the last watched step showed."""
        return Health(fit.epoch, fit.step, self._found)


class Look:
    """One watched step."""

    def __init__(self, fit: Fit) -> None:
        self._fit = fit
        nodes = fit.compiled.project.graph.nodes
        held = {node: held_by(fit.compiled, fit.model, node) for node in nodes}
        self._held = {node: part for node, part in held.items() if part is not None}
        self._weights = {node: parameters for node, part in self._held.items() if (parameters := _parameters(part))}
        self._before: dict[int, Tensor] = {}
        self._norms: dict[int, Tensor] = {}
        self._moved: dict[int, Tensor] = {}
        self._outputs: dict[NodeId, tuple[Tensor, ...]] = {}

    def step(self, batch: Batch) -> Sequence[Outcome | None]:
        """Train on a batch and look."""
        hooks = [
            part.register_forward_hook(self._reader(node))
            for node, part in self._held.items()
            if isinstance(part, nn.Module)
        ]
        try:
            return self._fit.train_step(batch, self)
        finally:
            for hook in hooks:
                hook.remove()

    def gradients(self, learner: Learner) -> None:
        """Read the gradients and the weights before they change."""
        for parameter in learner.parameters:
            if parameter.grad is not None:
                self._norms[id(parameter)] = torch.linalg.vector_norm(parameter.grad.detach().float())
            self._before[id(parameter)] = parameter.detach().clone()

    def updated(self, learner: Learner) -> None:
        """Read how far the weights moved."""
        for parameter in learner.parameters:
            change = parameter.detach() - self._before.pop(id(parameter))
            self._moved[id(parameter)] = torch.linalg.vector_norm(change.float())

    def layers(self) -> dict[NodeId, LayerHealth]:
        """What was seen, by node; one transfer from the device for each node."""
        found = {node: self._describe(node) for node in self._held}
        strongest = max((_per_weight(h, self._count(n)) for n, h in found.items()), default=0.0)
        return {
            node: _judged(health, self._count(node), strongest) for node, health in found.items() if _has_any(health)
        }

    def _reader(self, node: NodeId) -> Callable:
        can_die = isinstance(self._held[node], _CAN_DIE)

        def read(_module: nn.Module, _inputs: object, output: object) -> None:
            first = output[0] if isinstance(output, tuple) and output else output
            if isinstance(first, Tensor) and first.is_floating_point() and first.numel() > 1:
                values = first.detach()
                dead = (
                    (values == 0).flatten(1).all(0).float().mean()
                    if can_die and values.dim() > 1 and len(values) > 1
                    else None
                )
                deviation, mean = torch.std_mean(values.float(), correction=0)
                self._outputs[node] = (mean, deviation, *(() if dead is None else (dead,)))

        return read

    def _count(self, node: NodeId) -> int:
        return sum(p.numel() for p in self._weights.get(node, ()))

    def _describe(self, node: NodeId) -> LayerHealth:
        weights = self._weights.get(node, ())
        mean, deviation, *dead = [*self._outputs.get(node, ()), None, None][: max(2, len(self._outputs.get(node, ())))]
        values = torch.cat([p.detach().float().reshape(-1) for p in weights]) if weights else None
        norm = float(torch.linalg.vector_norm(values)) if values is not None else None
        moved = _total([self._moved[id(p)] for p in weights if id(p) in self._moved])
        counts, low, high = _histogram(values)
        return LayerHealth(
            gradient_norm=_total([self._norms[id(p)] for p in weights if id(p) in self._norms]),
            weight_norm=norm,
            update_ratio=moved / norm if moved is not None and norm else None,
            mean=_number(mean),
            deviation=_number(deviation),
            dead=_number(dead[0]) if dead else None,
            histogram=counts,
            low=low,
            high=high,
        )


def _judged(health: LayerHealth, count: int, strongest: float) -> LayerHealth:
    return LayerHealth(
        **{**{f: getattr(health, f) for f in health.__slots__}, "state": _state(health, count, strongest)}
    )


def _state(health: LayerHealth, count: int, strongest: float) -> str:
    """Whether something is wrong, and what (see the top of this file)."""
    gradient, update = health.gradient_norm, health.update_ratio
    if health.dead is not None and health.dead >= DEAD_SHARE:
        return "dead"
    if gradient is None:
        return ""
    if not math.isfinite(gradient) or (update is not None and (not math.isfinite(update) or update > STRONG_UPDATE)):
        return "exploding"
    weak = _per_weight(health, count) < WEAK_GRADIENT * strongest
    return "vanishing" if weak and (update is None or update < WEAK_UPDATE) else ""


def _per_weight(health: LayerHealth, count: int) -> float:
    """The root mean square of the gradient."""
    gradient = health.gradient_norm
    return gradient / math.sqrt(count) if gradient is not None and count and math.isfinite(gradient) else 0.0


def _has_any(health: LayerHealth) -> bool:
    return health.weight_norm is not None or health.mean is not None


def _parameters(part: nn.Module | nn.Parameter) -> tuple[nn.Parameter, ...]:
    return (part,) if isinstance(part, nn.Parameter) else tuple(part.parameters())


def _total(norms: list[Tensor]) -> float | None:
    return float(torch.linalg.vector_norm(torch.stack(norms))) if norms else None


def _number(value: Tensor | None) -> float | None:
    return None if value is None else float(value)


def _histogram(values: Tensor | None) -> tuple[tuple[int, ...], float, float]:
    if values is None or not bool(values.isfinite().all()):
        return (), 0.0, 0.0
    low, high = float(values.min()), float(values.max())
    if low == high:
        return (), low, high
    return tuple(int(n) for n in torch.histc(values.cpu(), BINS, low, high).tolist()), low, high

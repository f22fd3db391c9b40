"""How the layers of a network learn, seen at one training step now and then.

A watched step computes the same numbers as any other: hooks read what modules give, gradients are read before they are used,
weights before and after. Nothing of it costs a step that is not watched.

What is marked, from step `MIN_STEPS` on (before, biases grow from 0 and optimizers take their first, full steps), and why:

* dead: half of the units of an activation that can be 0 (ReLU and its kin) are 0 for every sample of the batch: they pass no
  gradient back for any of them (Lu et al., "Dying ReLU and Initialization", 2019). A unit is a feature, or a channel of a
  feature map; it is judged by `MIN_VALUES` values at least, since in a small batch a unit may well rest.
* vanishing: the gradient of a layer, per weight that has one, is ten thousand times weaker than that of the strongest layer
  (Glorot and Bengio, 2010, measure gradients layer against layer; in networks that learn well they are within a factor of
  100), or it is 0 everywhere. Weights without a gradient, such as the rows of an embedding that the batch does not use, do
  not count.
* exploding: the gradient is not finite, or a step changes the weights by more than a third (about 1e-3 is usual: Karpathy,
  "A Recipe for Training Neural Networks", 2019). Layers without a matrix or kernel (norms, biases) are not judged by that: their few
  numbers may begin at 0 and move fast.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from weakref import ref

import torch
from torch import Tensor, nn

from graph.model import NodeId
from runtime.events import Health, LayerHealth
from runtime.training.divided import whole
from runtime.training.fit import Fit
from runtime.training.learner import Batch, Learner, Outcome
from runtime.training.reaching import held_by

# Seconds between two looks, at least: in the beginning, when most happens and a short run is over, and later; and that share of the
# age of a run in between.
EARLY, INTERVAL, OF_AGE = 0.1, 1.0, 0.1
MAX_SHARE, IN_HAND = 0.02, 0.1  # of the time that looks may take, once they took so many seconds
BINS = 32
MIN_STEPS = 10
MIN_VALUES = 32
DEAD_SHARE = 0.5
WEAK_GRADIENT = 1e-4
STRONG_UPDATE = 1 / 3
_CAN_DIE = (nn.ReLU, nn.ReLU6, nn.Threshold, nn.Hardtanh, nn.Hardshrink, nn.Softshrink)

Held = Mapping[NodeId, nn.Module | nn.Parameter]


class Watch:
    """Decides when to look, and does it. For one run."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._next = self._took = 0.0
        self._found: Mapping[NodeId, LayerHealth] | None = None
        self._fit: Callable[[], Fit | None] = lambda: None
        self._held: Held = {}

    @property
    def is_due(self) -> bool:
        """Whether the next step should be watched."""
        return time.monotonic() >= self._next

    def step(self, fit: Fit, batch: Batch) -> Sequence[Outcome | None]:
        """A training step that is watched. Where it only gathers gradients for a later one, there is nothing to tell yet."""
        started = time.monotonic()
        if self._fit() is not fit:
            self._fit, self._held = ref(fit), parts_of(fit)
        look = Look(fit, self._held)
        outcomes = look.step(batch)
        self._found = look.layers() if look.is_whole else None
        self._rest(time.monotonic() - started, is_whole=look.is_whole)
        return outcomes

    def _rest(self, took: float, *, is_whole: bool) -> None:
        """Look no more until it is time again."""
        now = time.monotonic()
        self._took += took
        interval = min(INTERVAL, max(EARLY, OF_AGE * (now - self._begun))) if is_whole else 0.0
        self._next = now + max(interval, took / MAX_SHARE if self._took > IN_HAND else 0.0)

    def events(self, fit: Fit) -> Iterator[Health]:
        """What the last watched step showed, if anything."""
        if self._found is not None:
            yield Health(fit.epoch, fit.step, self._found)


def parts_of(fit: Fit) -> Held:
    """What the model holds for each node of the drawing that has a part in it."""
    held = {node: held_by(fit.compiled, fit.model, node) for node in fit.compiled.project.graph.nodes}
    return {node: part for node, part in held.items() if part is not None}


class Look:
    """One watched step."""

    def __init__(self, fit: Fit, held: Held | None = None) -> None:
        self._fit = fit
        self._held = parts_of(fit) if held is None else held
        self._weights = {node: parameters for node, part in self._held.items() if (parameters := _parameters(part))}
        self._before: dict[int, Tensor] = {}
        self._squares: dict[int, Tensor] = {}  # of gradients, summed
        self._counts: dict[int, Tensor] = {}  # gradients that are not 0
        self._moved: dict[int, Tensor] = {}  # squares of changes, summed
        self._outputs: dict[NodeId, Tensor] = {}  # mean, deviation and share of dead units (NaN: cannot be told)

    def step(self, batch: Batch) -> Sequence[Outcome | None]:
        """Train on a batch and look."""
        modules = {node: part for node, part in self._held.items() if isinstance(part, nn.Module)}
        hooks = [module.register_forward_hook(self._reader(node)) for node, module in modules.items()]
        try:
            return self._fit.train_step(batch, self)
        finally:
            for hook in hooks:
                hook.remove()

    @property
    def is_whole(self) -> bool:
        """Whether the step changed weights."""
        return bool(self._moved)

    def gradients(self, learner: Learner) -> None:
        """Read the gradients and the weights before they change."""
        for parameter in learner.parameters:
            if parameter.grad is not None:
                gradient = whole(parameter.grad).detach().to_dense().float()
                self._squares[id(parameter)] = gradient.square().sum()
                self._counts[id(parameter)] = gradient.count_nonzero()
            self._before[id(parameter)] = parameter.detach().clone()

    def updated(self, learner: Learner) -> None:
        """Read how far the weights moved."""
        for parameter in learner.parameters:
            change = whole(parameter.detach() - self._before.pop(id(parameter)))
            self._moved[id(parameter)] = change.float().square().sum()

    def layers(self) -> dict[NodeId, LayerHealth]:
        """What was seen, by node."""
        found = {node: self._describe(node) for node in self._weights | self._outputs}
        strengths = {node: self._strength(node) for node in self._weights}
        strongest = max((s for s in strengths.values() if s is not None and math.isfinite(s)), default=0.0)
        if self._fit.step < MIN_STEPS:
            return {node: replace(health, state=_early_state(health)) for node, health in found.items()}
        return {
            node: replace(health, state=_state(health, strengths.get(node), strongest, judged=self._is_judged(node)))
            for node, health in found.items()
        }

    def _reader(self, node: NodeId) -> Callable:
        can_die = isinstance(self._held[node], _CAN_DIE)

        def read(_module: nn.Module, _inputs: object, output: object) -> None:
            first = output[0] if isinstance(output, tuple) and output else output
            if isinstance(first, Tensor) and first.is_floating_point() and first.numel() > 1:
                values = first.detach()
                deviation, mean = torch.std_mean(values.float(), correction=0)
                dead = _dead_share(values) if can_die else mean.new_tensor(math.nan)
                self._outputs[node] = torch.stack([mean, deviation, dead])

        return read

    def _strength(self, node: NodeId) -> float | None:
        """The root mean square of the gradients that are not 0; None where none was computed."""
        squares = [self._squares[id(p)] for p in self._weights[node] if id(p) in self._squares]
        if not squares:
            return None
        counts = [self._counts[id(p)] for p in self._weights[node] if id(p) in self._counts]
        square, count = float(sum(squares)), int(sum(counts))
        return math.sqrt(square / count) if count else 0.0

    def _is_judged(self, node: NodeId) -> bool:
        return any(p.dim() > 1 for p in self._weights.get(node, ()))

    def _describe(self, node: NodeId) -> LayerHealth:
        weights = self._weights.get(node, ())
        mean, deviation, dead = self._outputs[node].tolist() if node in self._outputs else (None, None, None)
        values = torch.cat([whole(p).detach().float().reshape(-1) for p in weights]) if weights else None
        norm = float(torch.linalg.vector_norm(values)) if values is not None else None
        moved = _root([self._moved[id(p)] for p in weights if id(p) in self._moved])
        counts, low, high = _histogram(values)
        return LayerHealth(
            gradient_norm=_root([self._squares[id(p)] for p in weights if id(p) in self._squares]),
            weight_norm=norm,
            update_ratio=moved / norm if moved is not None and norm else None,
            mean=mean,
            deviation=deviation,
            dead=None if dead is None or math.isnan(dead) else dead,
            histogram=counts,
            low=low,
            high=high,
        )


def _early_state(health: LayerHealth) -> str:
    return "exploding" if health.gradient_norm is not None and not math.isfinite(health.gradient_norm) else ""


def _state(health: LayerHealth, strength: float | None, strongest: float, *, judged: bool) -> str:
    """Whether something is wrong, and what (see the top of this file)."""
    if health.dead is not None and health.dead >= DEAD_SHARE:
        return "dead"
    if strength is None:
        return ""
    ratio = health.update_ratio if judged else None
    if not math.isfinite(strength) or (ratio is not None and not ratio <= STRONG_UPDATE):
        return "exploding"
    return "vanishing" if judged and strongest > 0 and strength < WEAK_GRADIENT * strongest else ""


def _dead_share(values: Tensor) -> Tensor:
    """The share of units that are 0 throughout; NaN where there is too little to tell.

    Units of B × F are features, of feature maps B × C × H × W channels; of B × X × Y they are what is worse, since X may be
    channels of sequences, or Y features of steps.
    """
    zero = values == 0
    sides = {2: (1,), 3: (1, 2)}.get(values.dim(), (1,))
    shares = [
        zero.movedim(side, 0).flatten(1).all(1).float().mean()
        for side in sides
        if values.dim() > 1 and values.numel() // values.shape[side] >= MIN_VALUES
    ]
    return torch.stack(shares).max() if shares else values.new_tensor(math.nan, dtype=torch.float32)


def _parameters(part: nn.Module | nn.Parameter) -> tuple[nn.Parameter, ...]:
    return (part,) if isinstance(part, nn.Parameter) else tuple(part.parameters())


def _root(squares: list[Tensor]) -> float | None:
    return float(torch.stack(squares).sum().sqrt()) if squares else None


def _histogram(values: Tensor | None) -> tuple[tuple[int, ...], float, float]:
    """How many weights are in each of equal steps from the lowest to the highest."""
    if values is None or not values.numel():
        return (), 0.0, 0.0
    low, high = torch.stack(values.aminmax()).tolist()
    if not (math.isfinite(low) and math.isfinite(high)):
        return (), 0.0, 0.0
    if low == high:
        return (), low, high
    places = ((values - low) / (high - low) * BINS).long().clamp(0, BINS - 1)
    return tuple(torch.bincount(places, minlength=BINS).tolist()), low, high

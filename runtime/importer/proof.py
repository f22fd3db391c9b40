"""The proof that a drawing is what it was made from: both compute the same, in evaluation and in training, and learn the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from graph.messages import LayerloomError, RunError, msg
from runtime.compiler import Compiled, compile_project
from runtime.importer.drawing import Drawn

TOLERANCE = 1e-6  # of the largest number of a tensor: what another order of the same sums may change
GRADIENTS = 1e-5  # the same for gradients, which go through twice as many sums
SEED = 7
Inputs = Mapping[str, Tensor]
Outputs = Mapping[str, Tensor]


@dataclass(frozen=True)
class Proof:
    """What was compared: the sizes of the batches, and the largest difference as a share of the largest number, 0 where all
    numbers are the same. `parameters` and `buffers` count numbers.
    """

    batches: tuple[int, ...] = ()
    outputs: float = 0.0
    gradients: float = 0.0
    parameters: int = 0
    buffers: int = 0


class Mismatch(RunError):
    """A drawing that gives other numbers than what it was made from."""


def compiled_of(drawn: Drawn) -> Compiled:
    """The network of a drawing that was made.

    Raises:
        RunError: the drawing is not right; the message says why.
    """
    try:
        return compile_project(drawn.project)
    except LayerloomError as error:
        raise RunError(
            msg("What would be drawn is not right, so nothing is imported: {reason}", reason=error.message),
            node=error.node,
        ) from error


def fill(model: nn.Module, drawn: Drawn, tensors: Mapping[Any, Tensor]) -> None:
    """Give every parameter and buffer of a network its numbers; `tensors` are those of what it was made from, by their keys.

    Raises:
        RunError: something has no place, or another shape.
    """
    with torch.no_grad():
        for name, tensor in model.state_dict(keep_vars=True).items():
            source = tensors.get(drawn.tensors[name]) if name in drawn.tensors else drawn.constants.get(name)
            if isinstance(source, Tensor):
                if source.numel() != tensor.numel():
                    raise RunError(msg("'{name}' has another shape in the drawing, so nothing is imported.", name=name))
                tensor.copy_(source.reshape(tensor.shape))
    known = set(model.state_dict())
    missing = [name for name in (*drawn.tensors, *drawn.constants) if name not in known]
    if missing:
        raise RunError(msg("'{name}' has no place in the drawing, so nothing is imported.", name=missing[0]))


@dataclass(frozen=True)
class Side:
    """One of the two that are compared: what it computes, what changes its mode, and its tensors by their keys.

    `graded` says whether gradients can be taken, as they cannot of an ONNX file; `unused` are tensors that must not get any.
    """

    call: Callable[[Inputs], Outputs]
    train: Callable[[bool], object]
    learned: Mapping[Any, Tensor]
    kept: Mapping[Any, Tensor]
    graded: bool = True
    unused: Mapping[Any, Tensor] = field(default_factory=dict)


def side_of(model: nn.Module, compiled: Compiled, drawn: Drawn) -> Side:
    """The network of a drawing as a side."""
    known = {drawn.tensors[n]: t for n, t in model.state_dict(keep_vars=True).items() if n in drawn.tensors}
    learned = {key: t for key, t in known.items() if isinstance(t, nn.Parameter)}
    names = {node: name for name, node in drawn.inputs.items()}

    def call(inputs: Inputs) -> Outputs:
        result = model(*(inputs[names[port.node]] for port in compiled.inputs))
        given = dict(zip(compiled.outputs, result if isinstance(result, tuple) else (result,), strict=True))
        return {name: given[port] for name, port in drawn.outputs.items()}

    return Side(call, model.train, learned, {key: t for key, t in known.items() if key not in learned})


def prove(reference: Side, drawing: Side, batches: Sequence[Inputs], *, modes: Sequence[bool] = (False, True)) -> Proof:
    """Compare outputs, gradients and running statistics on these batches, in evaluation and in training, with the same random numbers.

    Raises:
        Mismatch: they differ, or do not hold as many numbers to learn.
    """
    counts = [
        sum(t.numel() for t in {id(t): t for t in side.learned.values()}.values()) for side in (reference, drawing)
    ]
    if reference.graded and counts[0] != counts[1]:
        text = msg("The drawing would learn {other} numbers, and the module {one}.", one=counts[0], other=counts[1])
        raise Mismatch(text)
    proof = Proof(tuple(next(iter(inputs.values())).shape[0] for inputs in batches), parameters=counts[1])
    for training in modes:
        reference.train(training)
        drawing.train(training)
        for number, inputs in enumerate(batches):
            graded = reference.graded
            try:
                one = _run(reference, inputs, SEED + number, graded=graded)
            except RuntimeError as error:
                text = msg(
                    "The module fails when its gradients are taken, so it cannot be compared: {error}",
                    error=str(error)[:300],
                )
                raise RunError(text) from error
            try:
                other = _run(drawing, inputs, SEED + number, graded=graded)
            except Exception as error:
                raise Mismatch(
                    msg("The drawing fails: {error}", error=f"{type(error).__name__}: {error}"[:300])
                ) from error
            proof = _compared(proof, one, other)
            for key, tensor in reference.kept.items():
                if key in drawing.kept and difference(tensor, drawing.kept[key].reshape(tensor.shape)) > TOLERANCE:
                    raise Mismatch(msg("'{name}' of the drawing is not that of the module after a batch.", name=key))
    return proof


@dataclass(frozen=True)
class _Run:
    """The outputs of one call, and the gradients of a random sum of them by the names of inputs and the keys of tensors.

    `reached` are those of them that the sum depends on.
    """

    outputs: Outputs
    gradients: Mapping[Any, Tensor]
    reached: frozenset[Any] = frozenset()


def _run(side: Side, inputs: Inputs, seed: int, *, graded: bool) -> _Run:
    leaves = {n: t.detach().clone().requires_grad_(graded and t.is_floating_point()) for n, t in inputs.items()}
    given = {n: t.clone() if t.requires_grad else t for n, t in leaves.items()}  # it may be changed in place
    weights = (((WEIGHT, key), tensor) for key, tensor in (*side.learned.items(), *side.unused.items()))
    wanted = {key: t for key, t in (*leaves.items(), *weights) if t.requires_grad}
    torch.manual_seed(seed)
    with torch.set_grad_enabled(graded):
        outputs = side.call(given)
        total = _random_sum(outputs)
        one_by_one = list(wanted.values())
        found = (
            torch.autograd.grad(total, one_by_one, allow_unused=True)
            if total is not None and one_by_one
            else [None] * len(wanted)
        )
    gradients = {k: torch.zeros_like(t) if g is None else g for (k, t), g in zip(wanted.items(), found, strict=True)}
    reached = frozenset(key for key, gradient in zip(wanted, found, strict=True) if gradient is not None)
    return _Run({n: t.detach() for n, t in outputs.items()}, gradients, reached)


WEIGHT = "weight"  # begins the keys of tensors, beside the names of inputs


def _random_sum(outputs: Outputs) -> Tensor | None:
    draw = torch.Generator().manual_seed(SEED)
    plain = [torch.view_as_real(t) if t.is_complex() else t for t in outputs.values()]
    graded = [t for t in plain if t.is_floating_point() and t.requires_grad]
    parts = [(t * torch.rand(t.shape, generator=draw).to(t.dtype)).sum().float() for t in graded]
    return torch.stack(parts).sum() if parts else None


def _compared(proof: Proof, one: _Run, other: _Run) -> Proof:
    worst = steep = 0.0
    for name, tensor in one.outputs.items():
        worst = max(worst, found := difference(tensor, other.outputs[name]))
        if found > TOLERANCE:
            raise Mismatch(msg("The output '{name}' of the drawing is not that of the module.", name=name))
    if odd := one.reached ^ other.reached:
        name = min(key if isinstance(key, str) else str(key[1]) for key in odd)
        raise Mismatch(
            msg("'{name}' gets a gradient in one of the drawing and the module, and not in the other.", name=name)
        )
    for key, gradient in one.gradients.items():
        given = other.gradients.get(key)
        found = (
            difference(gradient, given.reshape(gradient.shape)) if given is not None else float(gradient.abs().max())
        )
        steep = max(steep, found)
        if found > GRADIENTS:
            name = key if isinstance(key, str) else key[1]
            raise Mismatch(msg("The gradient by '{name}' in the drawing is not that in the module.", name=name))
    return replace(proof, outputs=max(proof.outputs, worst), gradients=max(proof.gradients, steep))


def difference(a: Tensor, b: Tensor) -> float:
    """The largest difference of two tensors as a share of the largest number; infinite where they cannot be compared."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return float("inf")
    if torch.equal(a, b) or not a.numel():
        return 0.0
    if a.is_complex():
        return difference(torch.view_as_real(a), torch.view_as_real(b))
    if not a.is_floating_point():
        return float("inf")
    x, y = a.double(), b.double()
    finite = torch.isfinite(x)
    if not torch.equal(torch.where(finite, 0.0, x).nan_to_num(1e300), torch.where(finite, 0.0, y).nan_to_num(1e300)):
        return float("inf")
    if not finite.any():
        return 0.0
    return float((x - y)[finite].abs().max()) / max(float(x[finite].abs().max()), SMALLEST)


SMALLEST = 1e-3  # numbers below are measured as if they were this large

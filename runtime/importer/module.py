"""A PyTorch module as a drawing with nested blocks, proven to compute and to learn the same, or a refusal that says what and where.

What is given here runs the code of a person: only call it on the person's explicit word (see `runtime.importer.module_apart`).
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from graph.messages import LayerloomError, RunError, msg
from graph.model import Project
from runtime import trust
from runtime.compiler import Compiled
from runtime.importer.branching import mode_dependent
from runtime.importer.drawing import Conflict, Drawn, draw
from runtime.importer.gathering import gathered, placed
from runtime.importer.learning import (
    freeze,
    learning_of,
    partly_frozen,
    resting_layers,
    unused_of,
    with_frozen,
)
from runtime.importer.lowering import Lowering
from runtime.importer.module_loading import where
from runtime.importer.other_batches import Run, check_sizes
from runtime.importer.proof import Mismatch, Proof, Side, compiled_of, fill, prove, side_of
from runtime.importer.recording import Recording, Refusal
from runtime.importer.remembering import check_remembers
from runtime.importer.report import Report, report_of
from runtime.importer.tracing import shown_of, trace
from runtime.importer.tracing_values import tensors_now
from runtime.importer.uniting import check_batch, fold, unite

TRACED = FEW, MORE = 3, 5  # samples of the batches that show what a module does
PROVEN = (2, 7, 4)  # of those that it is compared on
SINGLE, MANY, SEVERAL = 1, 33, 9  # of those on which it does the same operations; `SEVERAL` where samples are large
LARGE = 2**13  # numbers of a sample
SEED = 1
KINDS = ("float32", "int64", "bool")  # of what a drawing takes


@dataclass(frozen=True)
class InputSpec:
    """What the module is given: the shape of one sample, the kind of numbers, and of whole numbers how many there are."""

    shape: tuple[int, ...]
    dtype: str = "float32"
    count: int = 2

    def example(self, batch: int, draw: torch.Generator) -> Tensor:
        """Random numbers for a batch."""
        shape = (batch, *self.shape)
        if self.dtype == "bool":
            return torch.rand(shape, generator=draw) < 0.5
        if "int" in self.dtype:
            return torch.randint(0, self.count, shape, generator=draw).to(getattr(torch, self.dtype))
        return torch.randn(shape, generator=draw).to(getattr(torch, self.dtype))


@dataclass(frozen=True)
class Imported:
    """A drawing with the weights for its network, by their names in its `state_dict`."""

    project: Project
    weights: Mapping[str, Tensor]
    report: Report


def import_module(module: nn.Module, inputs: Sequence[InputSpec], *, name: str = "") -> Imported:
    """The drawing of a module that takes these inputs, with the batch first. The module stays as it is.

    Raises:
        Refusal: it does what no drawing can; the message names the operation and the line.
        RunError: its inputs or its parameters do not fit, or the drawing is not the same.
    """
    given = _named(module, inputs)
    if any(is_lazy(tensor) for tensor in (*module.parameters(), *module.buffers())):
        _warmed_up(module, given)  # its tensors get their sizes
    _check_kinds(module)
    _check_hooks(module)
    with _kept(module):
        recording = _recorded(module, given)
        lowering, drawn = _drawn(module, recording, name or type(module).__name__)
        for code in drawn.project.definitions.codes.values():
            trust.allow(code.text)
        unused = unused_of(module, drawn)
        reference = _side(module, lowering.state, [name for name, _ in recording.outputs], unused)
        batches = [_examples(given, batch, SEED + 10 + i) for i, batch in enumerate(PROVEN)]
        proven = _proven(module, lowering, drawn, reference, batches)
    report = report_of(module, recording, proven.drawn, proven.proof, proven.resting, unused)
    return Imported(placed(proven.drawn).project, proven.weights, report)


class _Proven(NamedTuple):
    """A drawing with its weights and the proof, and the names of its frozen nodes that rest as a whole."""

    drawn: Drawn
    weights: dict[str, Tensor]
    proof: Proof
    resting: tuple[str, ...]


def _proven(
    module: nn.Module, lowering: Lowering, plain: Drawn, reference: Side, batches: Sequence[Mapping[str, Tensor]]
) -> _Proven:
    """The drawing that was gathered; as it was recorded where that does not do the same.

    Raises:
        RunError: it is not the same; the message names the first operation that differs.
    """
    with suppress(LayerloomError):
        drawn = gathered(plain)
        return _compared(lowering, drawn, compiled_of(drawn), reference, batches)
    compiled = _compiled(lowering, plain)
    try:
        return _compared(lowering, plain, compiled, reference, batches)
    except Mismatch as mismatch:
        from runtime.importer.locating import located

        raise located(
            mismatch, module, lowering, plain, compiled, _filled(compiled, plain, lowering), batches[0]
        ) from None


def _compared(
    lowering: Lowering, drawn: Drawn, compiled: Compiled, reference: Side, batches: Sequence[Mapping[str, Tensor]]
) -> _Proven:
    model = _filled(compiled, drawn, lowering)
    weights = {n: t.detach().clone() for n, t in model.state_dict().items()}
    proof = prove(reference, side_of(model, compiled, drawn), batches)
    return _Proven(drawn, weights, proof, resting_layers(compiled, model))


def _filled(compiled: Compiled, drawn: Drawn, lowering: Lowering) -> nn.Module:
    model = compiled.build(seed=0)
    fill(model, drawn, dict(lowering.state))
    freeze(compiled, model)
    return model


def _named(module: nn.Module, inputs: Sequence[InputSpec]) -> dict[str, InputSpec]:
    """The inputs by the names of the arguments of `forward`."""
    parameters = list(inspect.signature(module.forward).parameters.values())
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    needed = [p.name for p in parameters if p.default is p.empty and p.name in names]
    if not len(needed) <= len(inputs) <= len(names) or not inputs:
        text = msg("'{module}' takes {names}, and {count} inputs are described. Describe each with {option}, in this order.",
                   option="--input", module=type(module).__name__, names=", ".join(names), count=len(inputs))  # fmt: skip
        raise RunError(text)
    for name, spec in zip(names, inputs, strict=False):
        if spec.dtype not in KINDS:
            raise RunError(
                msg("'{name}' is {kind}, and a drawing takes float32, int64 or bool.", name=name, kind=spec.dtype)
            )
    return dict(zip(names, inputs, strict=False))


def _examples(given: Mapping[str, InputSpec], batch: int, seed: int) -> dict[str, Tensor]:
    draw = torch.Generator().manual_seed(seed)
    return {name: spec.example(batch, draw) for name, spec in given.items()}


def _recorded(module: nn.Module, given: Mapping[str, InputSpec]) -> Recording:
    _warmed_up(module, given)  # what it keeps from its first call is there for all that follow
    with _kept(module):
        check_remembers(module, lambda training: _called(module, given, training=training))
    known = tensors_now()
    by_mode: frozenset[str] = frozenset()
    while True:
        runs = [
            trace(module, _examples(given, batch, SEED + i), training=training, known=known, by_mode=by_mode)
            for i, (batch, training) in enumerate(((FEW, False), (MORE, False), (FEW, True)))
        ]
        found = mode_dependent(module, runs[0], runs[2])
        if not found - by_mode:
            break
        by_mode |= found
    whole = unite(*runs, batches=TRACED)

    def again(batch: int, training: bool) -> Recording | None:
        if not _runs(module, given, batch, training=training):
            return None
        return trace(module, _examples(given, batch, SEED + batch), training=training, known=known, by_mode=by_mode)

    sample = sum(math.prod(spec.shape) for spec in given.values())
    known_runs = [Run(runs[0], FEW, False), Run(runs[1], MORE, False), Run(runs[2], FEW, True)]
    check_sizes(whole, known_runs, sample, again)
    for batch in (SINGLE, SEVERAL if sample > LARGE else MANY):
        if (other := again(batch, False)) is not None:
            check_batch(whole, other, batch)
    fold(whole, runs[1:])
    return whole


def _runs(module: nn.Module, given: Mapping[str, InputSpec], batch: int, *, training: bool) -> bool:
    """Whether the module takes a batch of this size: statistics over one sample are none."""
    try:
        with _kept(module), torch.no_grad(), torch.random.fork_rng(devices=[]):
            module.train(training)(**_examples(given, batch, SEED))
    except Exception:
        return False
    return True


def _drawn(module: nn.Module, recording: Recording, name: str) -> tuple[Lowering, Drawn]:
    """The drawing. A tensor of a layer that something else uses as it is, or that does not learn as the others of its layer
    do, becomes a parameter of its own.
    """
    bare: frozenset[Any] = frozenset()
    while True:
        lowering = Lowering(module, recording, type(module).__name__, bare)
        try:
            sketch, learns = lowering.run(), learning_of(lowering)
            if partly := partly_frozen(lowering, learns):
                bare |= partly
                continue
            return lowering, with_frozen(draw(sketch, name, learns), learns)
        except Conflict as conflict:
            if conflict.keys <= bare:
                raise
            bare |= conflict.keys


def _compiled(lowering: Lowering, drawn: Drawn) -> Compiled:
    """The network of the drawing.

    Raises:
        Refusal: the drawing is not right; the message names the operation that it was drawn for.
    """
    try:
        return compiled_of(drawn)
    except RunError as error:
        item = next((item for item in lowering.sketch.items if _is_at(drawn, item.number, error)), None)
        if item is None or item.place is None:
            raise
        made = ((step, lowering.wires[number].item) for step in lowering.recording.steps for number in step.results)
        shown = next((shown_of(step) for step, last in made if last >= item.number), item.name)
        raise Refusal(shown, item.place, error.message) from error


def _is_at(drawn: Drawn, number: int, error: RunError) -> bool:
    """Whether an item is the node that an error is about: the message names it."""
    from runtime.importer.locating import graph_at

    if number not in drawn.places:
        return False
    way, node = drawn.places[number]
    return node == error.node and f"'{graph_at(drawn.project, way).nodes[node].name}'" in str(error)


def _warmed_up(module: nn.Module, given: Mapping[str, InputSpec]) -> None:
    """Run it once.

    Raises:
        RunError: it does not run.
    """
    try:
        _called(module, given, training=False)
    except Exception as error:
        text = msg("'{module}' does not run on these inputs: {where}. Check the sizes and kinds that {shapes} and {kinds} describe, or "
                   "mend the module.", shapes="--input", kinds="--dtype", module=type(module).__name__, where=where(error))  # fmt: skip
        raise RunError(text) from error


def _called(module: nn.Module, given: Mapping[str, InputSpec], *, training: bool) -> None:
    """Let it compute once, as it does while it learns."""
    module.train(training)
    examples = _examples(given, FEW, SEED).items()
    inputs = {n: t.requires_grad_().clone() if t.is_floating_point() else t for n, t in examples}
    with torch.enable_grad(), torch.random.fork_rng(devices=[]):
        module(**inputs)


def _check_kinds(module: nn.Module) -> None:
    """Refuse numbers to learn that a drawing would keep with another precision."""
    odd = [name for name, p in module.named_parameters() if p.dtype != torch.float32 or p.device.type != "cpu"]
    if odd:
        text = msg("'{name}' is not in float32 on the CPU, as the numbers to learn of a drawing are. Convert the module with "
                   ".float().cpu() first.", name=odd[0])  # fmt: skip
        raise RunError(text)


def _check_hooks(module: nn.Module) -> None:
    """Refuse gradients that something changes before they are there."""
    hooked = [name for name, p in module.named_parameters() if p._backward_hooks]
    if hooked:
        text = msg(
            "'{name}' has a hook that sees its gradient, which a drawing does not have. Take the hook off first.",
            name=hooked[0],
        )
        raise RunError(text)


@contextmanager
def _kept(module: nn.Module):
    """The numbers and modes of a module, as they were."""
    state = [(t, t.detach().clone()) for t in (*module.parameters(), *module.buffers())]
    modes = [(part, part.training) for part in module.modules()]
    try:
        yield
    finally:
        with torch.no_grad():
            for tensor, before in state:
                if not torch.equal(tensor, before):
                    tensor.copy_(before)
        for part, mode in modes:
            part.training = mode


def _side(
    module: nn.Module, state: Mapping[str, Tensor], names: Sequence[str], unused: Mapping[str, nn.Parameter]
) -> Side:
    def call(inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return dict(zip(names, _tensors(module(**inputs)), strict=True))

    learned = {name: t for name, t in state.items() if isinstance(t, nn.Parameter) and name not in unused}
    kept = {name: t for name, t in state.items() if not isinstance(t, nn.Parameter)}
    return Side(call, module.train, learned, kept, unused=unused)


def _tensors(result: Any) -> list[Tensor]:
    """The tensors of a result in their order."""
    if isinstance(result, Tensor):
        return [result]
    parts = result.values() if isinstance(result, dict) else result if isinstance(result, (tuple, list)) else ()
    return [tensor for part in parts for tensor in _tensors(part)]


__all__ = ["Imported", "InputSpec", "Refusal", "Report", "import_module"]

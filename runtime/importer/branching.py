"""Modules that do something else in training than afterwards, such as stochastic depth: each is own code with both ways.

Only modules without numbers of their own can be: all that they do is then in the code (Huang et al., 2016; timm's `DropPath`).
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from graph.messages import msg
from graph.names import stem_of
from runtime.importer import module_code
from runtime.importer.lowering import Call, Lowering
from runtime.importer.other_batches import Run, check_sizes
from runtime.importer.recording import Recording, Ref, Size, Step, Weight, parts
from runtime.importer.sketch import Spec, Wire, identifier
from runtime.importer.tracing import trace
from runtime.importer.uniting import unite

BATCHES = (3, 5)


def mode_dependent(module: nn.Module, evaluation: Recording, training: Recording) -> frozenset[str]:
    """The paths of the modules like the first that does other operations in training; none where there is no such module."""
    for step in _first_differing(evaluation, training):
        for scope in reversed(step.scope.chain):
            part = module.get_submodule(scope.path)
            if scope.path and not any(True for _ in (*part.parameters(), *part.buffers())):
                return frozenset(name for name, other in module.named_modules() if type(other) is type(part))
    return frozenset()


def _first_differing(evaluation: Recording, training: Recording) -> Iterator[Step]:
    one, other = evaluation.steps, training.steps
    for a, b in zip(one, other, strict=False):
        if (a.name, a.scope.path, len(a.results)) != (b.name, b.scope.path, len(b.results)):
            yield from (b, a)
            return
    yield from (*other[len(one) : len(one) + 1], *one[len(other) : len(other) + 1])


def write(call: Call, module: nn.Module) -> list[Wire]:
    """The call of such a module as a node of own code.

    Raises:
        Refusal: it is given something else than tensors, or one of its ways cannot be written.
    """
    bound = inspect.signature(type(module).forward).bind(module, *call.step.args, **call.step.kwargs).arguments
    given = dict(list(bound.items())[1:])  # without itself
    if not given or not all(isinstance(value, Ref) for value in given.values()) or len(call.step.results) != 1:
        raise call.refusal(
            msg("it does something else in training, and takes or gives more than tensors. Give it tensors alone.")
        )
    specs = {name: call.spec(value) for name, value in given.items()}
    training, evaluation = (_way(call, module, specs, training=mode) for mode in (True, False))
    for name, value in given.items():
        if training == evaluation == [f"return {name}"]:
            return [call.wire(value)]  # it does nothing, as with a share of 0
    body = ["if self.training:", *(f"    {line}" for line in training), *evaluation]
    names = ", ".join(given)

    def text(name: str) -> str:
        head = f"import torch\nfrom torch import nn\n\n\nclass {name}(nn.Module):\n    def forward(self, {names}):\n"
        return head + "".join(f"        {line}\n" for line in body)

    type_id = call.sketch.code(identifier(type(module).__name__, "ByMode"), text)
    wires = {name: call.wire(value) for name, value in given.items()}
    tail = call.step.path.rpartition(".")[2]
    name = identifier(f"{stem_of(type(module).__name__, 'by_mode')}1" if tail.isdecimal() else tail, "by_mode1")
    return list(call.sketch.add(type_id, wires, {"output": call.results[0]}, scope=call.step.scope, name=name, place=call.step.place,
                                path=call.step.path))  # fmt: skip


def _way(call: Call, module: nn.Module, specs: Mapping[str, Spec], *, training: bool) -> list[str]:
    """What it does in one mode, line by line."""
    runs = [trace(module, _examples(specs, batch), training=training) for batch in (*BATCHES, BATCHES[0])]
    recording = unite(runs[0], runs[1], runs[2], batches=BATCHES)
    sample = sum(math.prod(size for size in spec.shape if isinstance(size, int)) for spec in specs.values())
    before = [Run(run, batch, training) for run, batch in zip(runs, BATCHES, strict=False)]
    check_sizes(recording, before, sample, lambda batch, _: trace(module, _examples(specs, batch), training=training))
    lowering = Lowering(module, recording, type(module).__name__)
    known: dict[Any, str] = {Ref(number): name for number, name in enumerate(recording.inputs)}
    lines: list[str] = []
    for step in recording.steps:
        inner = Call(lowering, step)
        if step.layer is not None or any(isinstance(part, Weight) for part in parts((step.args, dict(step.kwargs)))):
            raise inner.refusal(
                msg("it runs in one of training and evaluation only, and holds or calls a layer. Call layers in both.")
            )
        before, result = module_code.lines_of(inner, known)
        made = [f"y{len(known) + i - len(specs) + 1}" for i in range(len(step.results))]
        lines += [*before, f"{', '.join(made)} = {result}"]
        known |= {Ref(number): name for number, name in zip(step.results, made, strict=True)}
    outputs = [value for _, value in recording.outputs]
    if len(outputs) != 1 or outputs[0] not in known:
        raise call.refusal(
            msg("it does something else in training, and takes or gives more than tensors. Give it tensors alone.")
        )
    return [*lines, f"return {known[outputs[0]]}"]


def _examples(specs: Mapping[str, Spec], batch: int) -> dict[str, Tensor]:
    draw = torch.Generator().manual_seed(batch)
    found = {}
    for name, spec in specs.items():
        shape = [size.times * batch if isinstance(size, Size) else size for size in spec.shape]
        found[name] = (torch.rand(shape, generator=draw) + 0.5).to(getattr(torch, spec.dtype))
    return found

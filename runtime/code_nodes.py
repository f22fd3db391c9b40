"""Nodes that run the person's own code: what they give is found by running it on two small batches, once.

What grows with the batch shows itself by the difference. The code runs without memory, on PyTorch's `meta` device, or,
where it needs numbers, on random ones.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from math import prod
from types import SimpleNamespace
from typing import Any, NamedTuple

import torch

from graph.catalog.definitions import code_type
from graph.catalog.types import NodeType
from graph.messages import EditError, LayerloomError, Message, msg
from graph.model import Code, Value
from graph.problems import Problem
from runtime import custom
from runtime.analysis import Dim, NodeAnalysis, TensorSpec
from runtime.diagnosis import Situation
from runtime.emitters import Emission, emit

BATCHES = FEW, MORE = 2, 3  # samples
MAX_BYTES = 256 * 2**20  # of inputs and weights with numbers
SEED = 0

# What another run of code can show.
_IN_USE = msg("Its output '{port}' is {first} while it trains and {second} afterwards, so its shape cannot be foreseen. Return the "
              "same shape and dtype in both.")  # fmt: skip
_WITH_OTHERS = msg("Its output '{port}' is {first} with some numbers and {second} with others, so its shape cannot be foreseen. Let it "
                   "follow from the shape of what arrives alone.")  # fmt: skip

Inputs = tuple[tuple[str, TensorSpec], ...]


class Given(NamedTuple):
    """What code gives: its outputs by port, and its trainable numbers."""

    outputs: Mapping[str, TensorSpec]
    parameters: int


def run_code(s: Situation, code: Code, *, allowed: bool) -> tuple[NodeAnalysis, tuple[Problem, ...]]:
    """What is known about a node that runs code, and what is wrong with it. Multiply-accumulates are not counted."""
    unknown = NodeAnalysis(s.inputs, resolved=s.values)
    if not allowed:
        text = msg("'{node}' runs the code {name}, which was not allowed on this computer yet. Open it, read it, and allow it if you "
                   "trust it; on the command line, use the verb 'allow'.", node=s.node.name, name=code.name)  # fmt: skip
        return unknown, (s.problem("code-not-allowed", text),)
    try:
        given = evaluate_code(code.text, tuple(s.values.items()), tuple(s.inputs.items()))
    except LayerloomError as error:
        given = error.message
    if isinstance(given, Message):
        text = msg("The code {name} of '{node}' cannot run: {reason}", node=s.node.name, name=code.name, reason=given)
        return unknown, (s.problem("bad-code", text),)
    return NodeAnalysis(s.inputs, given.outputs, s.values, given.parameters), ()


@lru_cache(maxsize=1024)
def evaluate_code(text: str, values: tuple[tuple[str, Value], ...], inputs: Inputs) -> Given | Message:
    """What allowed code gives with these parameters and inputs, or why it gives nothing; it runs once for each of them.

    Raises:
        LayerloomError: the code is not allowed, cannot be a node, or fails before it can be called.
    """
    made, node_type = custom.load(text), code_type(Code("", "", text))
    names = {port: f"x{i}" for i, (port, _) in enumerate(inputs)}
    trial = _Trial(made, emit(node_type, dict(values), names), node_type, inputs)
    try:
        given = trial.run("meta", torch.empty)
        return trial.in_use(given, "meta", torch.empty) or given
    except BaseException as error:  # it needs numbers, or there is a mistake in it, which shows better with numbers
        if (size := trial.bytes()) > MAX_BYTES:
            return msg("It fails without numbers ({error}), and is too large to be tried with some: {size} MB of at most {limit} MB. "
                       "Make what arrives smaller.",
                       error=custom.shown(error), size=size >> 20, limit=MAX_BYTES >> 20)  # fmt: skip
    try:
        with _own_randomness():
            given = trial.run("cpu", torch.rand)
            return trial.in_use(given, "cpu", torch.rand) or trial.with_others(given) or given
    except LayerloomError as error:
        return error.message
    except BaseException as error:
        arriving = ", ".join(f"{port}: {spec}" for port, spec in inputs) or msg("nothing")
        return msg("Line {line}: {error}. It was given {arriving}. Mend that line, or change what arrives.",
                   line=custom.line_of(error, text), error=custom.shown(error), arriving=arriving)  # fmt: skip


class _Trial(NamedTuple):
    """A call of the class or function `made`, which the generated code calls by the label of the type."""

    made: Any
    emission: Emission
    node_type: NodeType
    inputs: Inputs

    def run(self, device: str, fill: Callable[..., torch.Tensor], *, training: bool = True) -> Given:
        """What comes out, by the outputs for both batches. `fill` makes tensors of numbers with a fraction."""
        with torch.device(device), torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = self._module(training=training)
            few, more = (self._outputs(module, batch, fill) for batch in BATCHES)
        parameters = module.parameters() if module is not None else ()
        ports = [port.name for port in self.node_type.outputs]
        specs = {port: _spec(port, a, b) for port, a, b in zip(ports, few, more, strict=True)}
        return Given(specs, sum(p.numel() for p in parameters if p.requires_grad))

    def in_use(self, given: Given, device: str, fill: Callable[..., torch.Tensor]) -> Message | None:
        """Why the outputs cannot be foreseen, if a layer gives others once it is trained."""
        return self._again(given, _IN_USE, device, fill, training=False) if self.emission.init else None

    def with_others(self, given: Given) -> Message | None:
        """Why the outputs cannot be foreseen, if there are others with numbers below 0 among the inputs."""
        return self._again(given, _WITH_OTHERS, "cpu", _around_zero)

    def _again(self, given: Given, lesson: Message, *way: Any, training: bool = True) -> Message | None:
        """What another run shows: nothing where it fails, since the code may refuse such numbers."""
        try:
            outputs = self.run(*way, training=training).outputs
        except EditError as error:
            return error.message
        except BaseException:
            return None
        for port, spec in given.outputs.items():
            if spec != outputs[port]:
                return replace(lesson, values={"port": port, "first": _told(spec), "second": _told(outputs[port])})
        return None

    def bytes(self) -> int:
        """The memory of the smaller batch and of the weights, as far as they can be counted without it."""
        taken = sum(prod(_sizes(spec, FEW)) * _dtype(spec).itemsize for _, spec in self.inputs)
        try:
            with torch.device("meta"):
                module = self._module()
        except BaseException:
            return taken
        return taken + sum(p.numel() * p.element_size() for p in (module.parameters() if module is not None else ()))

    def _module(self, *, training: bool = True) -> torch.nn.Module | None:
        if not self.emission.init:
            return None
        module = eval(self.emission.init, self._space())
        if not training:
            module.eval()
        return module

    def _outputs(self, module: torch.nn.Module | None, batch: int, fill: Callable[..., torch.Tensor]) -> Sequence[Any]:
        space = self._space() | {"self": SimpleNamespace(module=module)}
        space |= {f"x{i}": _tensor(spec, batch, fill) for i, (_, spec) in enumerate(self.inputs)}
        results = [f"y{i}" for i in range(len(self.node_type.outputs))]
        exec(self.emission.assignment("self.module", results), space)
        return [space[result] for result in results]

    def _space(self) -> dict[str, Any]:
        return {"torch": torch, "nn": torch.nn, self.node_type.label: self.made}


@contextmanager
def _own_randomness() -> Iterator[None]:
    """The same random numbers each time; those of a run beside this go on as before."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(SEED)
        yield


def _tensor(spec: TensorSpec, batch: int, fill: Callable[..., torch.Tensor]) -> torch.Tensor:
    """A batch: numbers with a fraction, or classes."""
    if _dtype(spec).is_floating_point:
        return fill(_sizes(spec, batch)).to(_dtype(spec))
    return ((spec.classes or 2) * torch.rand(_sizes(spec, batch))).floor().to(_dtype(spec))


def _around_zero(sizes: list[int]) -> torch.Tensor:
    return torch.randn(sizes) - 0.5


def _dtype(spec: TensorSpec) -> torch.dtype:
    return getattr(torch, spec.dtype)


def _sizes(spec: TensorSpec, batch: int) -> list[int]:
    return [d if isinstance(d, int) else batch * int(d.rpartition("·")[0] or 1) for d in spec.shape]


def _spec(port: str, few: Any, more: Any) -> TensorSpec:
    """Shape and dtype of an output, by its values for both batches.

    Raises:
        EditError: it is no tensor, or its sizes are neither fixed nor multiples of the batch.
    """
    for value in (few, more):
        if not isinstance(value, torch.Tensor):
            raise EditError(
                msg("Its output '{port}' is of the type {kind}. Return a tensor there.", port=port, kind=type(value).__name__)
            )  # fmt: skip
    dims = [_dim(a, b) for a, b in zip(few.shape, more.shape, strict=False)]
    if few.ndim != more.ndim or None in dims:
        raise EditError(
            msg("Its output '{port}' is {few} for {first} samples and {more} for {second}, so its shape cannot be foreseen. Let each "
                "size be fixed, or so many for each sample.", port=port, few=_shown(few), more=_shown(more), first=FEW, second=MORE)
        )  # fmt: skip
    return TensorSpec(tuple(d for d in dims if d is not None), str(few.dtype).removeprefix("torch."))


def _dim(few: int, more: int) -> Dim | None:
    """A size that is the same for both batches, or a multiple of the batch; None for any other."""
    factor = few // FEW
    if few == more:
        return few
    if (factor * FEW, factor * MORE) != (few, more):
        return None
    return "B" if factor == 1 else f"{factor}·B"


def _told(spec: TensorSpec) -> str:
    return f"{spec} ({spec.dtype})"


def _shown(tensor: torch.Tensor) -> str:
    return str(TensorSpec(tuple(tensor.shape), ""))

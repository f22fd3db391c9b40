"""Forward and backward of a step as a list of PyTorch's operations, run one after the other without modules and autograd.

One step is watched below autograd: what PyTorch computes for the losses, and for the gradients, is a list of calls of its
operations. Written out as one Python function they are the same operations on the same numbers in the same order, and so
the same bits; random numbers are drawn, and statistics of layers changed, as before. `runtime.training.replay` proves that
on the batches of a run before it relies on it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

MAX_CALLS = 20_000
MAX_BYTES = 2**29  # of all that a step computes, which is held while it is recorded

_ATEN = torch.ops.aten
_FACTORIES = (
    "ones_like",
    "zeros_like",
    "full_like",
    "ones",
    "zeros",
    "full",
    "new_ones",
    "new_zeros",
    "arange",
    "scalar_tensor",
)
# Where a function of an operation's name may be that costs less to call than the operation itself.
_BINDINGS = [getattr(torch._C, name) for name in ("_VariableFunctions", "_nn", "TensorBase")]
_WRITING = {_ATEN.mm.default: _ATEN.mm.out, _ATEN.sum.dim_IntList: _ATEN.sum.IntList_out}  # to memory that is there
_UNFORESEEABLE = (torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape)  # `.item()`, `nonzero()`, ...

Losses = Mapping[str, Tensor]
Seen = Mapping[str, tuple[Tensor, Tensor]]


class Result(NamedTuple):
    """What one batch gave: the loss, each loss by name, what each metric looks at, and the gradients."""

    loss: Tensor
    losses: Losses
    seen: Seen
    gradients: Sequence[Tensor]


Evaluate = Callable[..., tuple[Tensor, Tensor, Losses, Seen]]  # inputs -> what to differentiate, loss, losses, seen
Step = Callable[..., Result]  # of the inputs


class Unrecordable(Exception):
    """A step is not one fixed list of operations, or too long a one."""


class Name(str):
    """What a tensor is called in a recording."""

    __repr__ = str.__str__


class Call(NamedTuple):
    """One call of an operation, with a `Name` for each tensor that it took; None for what it gave that is no tensor."""

    operation: Any
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    outputs: tuple[Name | None, ...]
    is_single: bool

    @property
    def is_view(self) -> bool:
        """Whether it only looks at memory of its first argument in another way."""
        schema = self.operation._schema
        given = schema.returns[0].alias_info if len(schema.returns) == 1 else None
        return self.is_single and given is not None and not given.is_write and not schema.is_mutable


def ordinary(evaluate: Evaluate, parameters: Sequence[nn.Parameter], inputs: Sequence[Tensor]) -> Result:
    """A step through modules and autograd."""
    root, loss, losses, seen = evaluate(*inputs)
    return Result(loss, losses, seen, torch.autograd.grad(root, parameters))


def record_step(
    evaluate: Evaluate, parameters: Sequence[nn.Parameter], inputs: Sequence[Tensor], places: Sequence[Tensor] = ()
) -> Step:
    """Make a step, and give a function of inputs of the same shapes that makes the same step.

    Args:
        places: memory for the gradient of each parameter. Where an operation can write there, that is the gradient.

    Raises:
        Unrecordable: there is no such function.
    """
    tape = _Tape(inputs)
    with tape:
        result = ordinary(evaluate, parameters, inputs)
    return _Writer(tape).function(result, len(inputs), places)


class _Tape(TorchDispatchMode):
    """Notes the operations that run while it is on. It holds every tensor, so that each is known by its `id`."""

    def __init__(self, inputs: Sequence[Tensor]) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.tensors: dict[Name, Tensor] = {}
        self.constants: dict[Name, Any] = {}
        self._names: dict[int, Name] = {}
        self._written: set[int] = set()
        self._bytes = 0
        for i, tensor in enumerate(inputs):
            self._give(tensor, f"x{i}")
        if len(self.tensors) != len({id(tensor) for tensor in inputs}):
            raise Unrecordable("one tensor is two inputs")

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if any(tag in func.tags for tag in _UNFORESEEABLE) or len(self.calls) >= MAX_CALLS or self._bytes > MAX_BYTES:
            raise Unrecordable(str(func))
        taken, named = tree_map_only(Tensor, self.name, (args, kwargs))
        self._note_written(func, args, kwargs)
        given = func(*args, **kwargs)
        is_single = not isinstance(given, tuple | list)
        outputs = tuple(self._output(value) for value in ((given,) if is_single else given))
        self.calls.append(Call(func, taken, named, outputs, is_single))
        return given

    def name(self, tensor: Tensor) -> Name:
        """The name of a tensor; one that was there before the step is a constant."""
        known = self._names.get(id(tensor))
        if known is None:
            known = self._give(tensor, f"c{len(self.constants)}")
            self.constants[known] = tensor.detach()
        return known

    def is_written(self, tensor: Tensor) -> bool:
        """Whether an operation changed its memory."""
        return tensor.untyped_storage()._cdata in self._written

    def _note_written(self, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        if not func._schema.is_mutable:
            return
        values = {argument.name: value for argument, value in zip(func._schema.arguments, args, strict=False)}
        values |= kwargs
        for argument in func._schema.arguments:
            if argument.alias_info is not None and argument.alias_info.is_write:
                written = [v for v in tree_leaves(values.get(argument.name)) if isinstance(v, Tensor)]
                self._written |= {tensor.untyped_storage()._cdata for tensor in written}

    def _output(self, value: Any) -> Name | None:
        if not isinstance(value, Tensor):
            return None
        known = self._names.get(id(value))
        if known is None:
            self._bytes += value.nbytes
            known = self._give(value, f"t{len(self.tensors)}")
        return known

    def _give(self, tensor: Tensor, text: str) -> Name:
        name = self._names[id(tensor)] = Name(text)
        self.tensors[name] = tensor
        return name


class _Writer:
    """Writes a tape as a function, without what is only needed for autograd or is the same in each step."""

    def __init__(self, tape: _Tape) -> None:
        self._tape = tape
        self._constants = dict(tape.constants)
        self._held: dict[int, Name] = {}  # by `id`
        self._same: dict[Name, Name] = {}  # other names of tensors
        self._views: dict[tuple[Any, str], Name] = {}
        self._turned: dict[Name, Name] = {}  # what a matrix is the transpose of

    def function(self, result: Result, num_inputs: int, places: Sequence[Tensor]) -> Step:
        """The step as a function of its inputs."""
        calls = [kept for call in self._tape.calls if (kept := self._simplified(call)) is not None]
        given = tree_map_only(Tensor, lambda tensor: self._known(self._tape.name(tensor)), result)
        calls = self._placed(self._narrowed(_used(calls, _names(given)), _names(given)), given.gradients, places)
        lines = self._lines(calls, set(_names(given)))
        loss, losses, seen, gradients = (self._text(part) for part in given)
        inputs = ", ".join(f"x{i}" for i in range(num_inputs))
        body = "\n".join(f"            {line}" for line in lines)
        text = (
            f"def make(Result, below_autograd, {', '.join(self._constants)}):\n"
            f"    def step({inputs}):\n"
            f"        with below_autograd():\n{body}\n"
            f"            return Result({loss}, {losses}, {seen}, {gradients})\n"
            f"    return step\n"
        )
        space: dict[str, Any] = {}
        exec(compile(text, "<recorded step>", "exec"), space)
        return space["make"](Result, torch._C._AutoDispatchBelowAutograd, **self._constants)

    def _simplified(self, call: Call) -> Call | None:
        """The call with the names that its tensors go by, or None where it need not be made."""
        call = call._replace(args=self._known(call.args), kwargs=self._known(call.kwargs))
        output = call.outputs[0] if call.is_single else None
        if output is None:
            return call
        taken: Any = call.args[0] if call.args else None
        if call.operation is _ATEN.detach.default:
            return self._call_it(output, taken)
        if call.operation is _ATEN.t.default and taken in self._turned:
            return self._call_it(output, self._turned[taken])
        if self._is_constant(call, output):
            self._constants[output] = self._tape.tensors[output].detach()
            return self._noted(call, output, None)
        if call.is_view:
            key = call.operation, self._text([call.args, *call.kwargs.items()])
            if key in self._views:
                return self._call_it(output, self._views[key])
            self._views[key] = output
        return self._noted(call, output, call)

    def _noted(self, call: Call, output: Name, kept: Call | None) -> Call | None:
        if call.operation is _ATEN.t.default:
            self._turned[output] = call.args[0]
        return kept

    def _is_constant(self, call: Call, output: Name) -> bool:
        """Whether it gives the same in each step: a view of what was there before, or numbers that nothing changes."""
        if call.is_view:
            return all(name in self._constants for name in _names([call.args, call.kwargs]))
        is_factory = call.operation._schema.name.removeprefix("aten::") in _FACTORIES
        return is_factory and not self._tape.is_written(self._tape.tensors[output])

    def _narrowed(self, calls: Sequence[Call], given: Sequence[Name]) -> list[Call]:
        """Sums that keep their dimensions for a view without them lose them at once."""
        views = {call.args[0]: call for call in calls if call.operation is _ATEN.view.default}
        uses = Counter([*given, *(name for call in calls for name in _names([call.args, call.kwargs]))])
        narrowed, gone = [], set()
        for call in calls:
            view = views.get(call.outputs[0]) if call.operation is _ATEN.sum.dim_IntList else None
            if view is not None and uses[view.args[0]] == 1 and call.args[2:] == (True,):
                source, dims = call.args[:2]
                shape = list(self._tape.tensors[source].shape)
                if [n for i, n in enumerate(shape) if i - len(shape) not in dims and i not in dims] == view.args[1]:
                    call = call._replace(args=(source, dims, False), outputs=view.outputs)
                    gone.add(id(view))
            narrowed.append(call)
        return [call for call in narrowed if id(call) not in gone]

    def _placed(self, calls: Sequence[Call], gradients: Sequence[Name], places: Sequence[Tensor]) -> list[Call]:
        """Products and sums that are a gradient are written where it belongs."""
        where = dict(zip(gradients, places, strict=False))
        return [self._written_to(call, call.outputs[0], where) for call in calls]

    def _written_to(self, call: Call, output: Name | None, where: Mapping[Name, Tensor]) -> Call:
        operation = _WRITING.get(call.operation)
        if operation is None or output is None or output not in where:
            return call
        place = where[output]
        if not _has_form(place, self._tape.tensors[output]):
            return call
        name = Name(f"p{len(self._constants)}")
        self._constants[name] = self._tape.tensors[name] = place
        return call._replace(operation=operation, kwargs={**call.kwargs, "out": name})

    def _call_it(self, output: Name, name: Name) -> None:
        self._same[output] = name

    def _known(self, values: Any) -> Any:
        return tree_map_only(Name, lambda name: self._same.get(name, name), values)

    def _lines(self, calls: Sequence[Call], kept: set[Name]) -> list[str]:
        """A statement a call, and one that lets go of what is not needed any more."""
        lines: list[str] = []
        last = {
            name: i
            for i, call in enumerate(calls)
            for name in (*_names([call.args, call.kwargs]), *_names(call.outputs))
        }
        for i, call in enumerate(calls):
            arguments = [self._text(value) for value in call.args]
            arguments += [f"{key}={self._text(value)}" for key, value in call.kwargs.items()]
            taken = _names([call.args, call.kwargs])
            outputs = ", ".join("_" if name in (None, *taken) else name for name in call.outputs)
            outputs += "" if call.is_single else ","
            lines.append(f"{outputs} = {self._constant(self._quickest(call))}({', '.join(arguments)})")
            names = dict.fromkeys((*taken, *_names(call.outputs)))
            gone = [n for n in names if last[n] == i and n not in kept and n not in self._constants and n[0] != "x"]
            if gone:
                lines.append(f"del {', '.join(gone)}")
        return lines

    def _quickest(self, call: Call) -> Any:
        """A function that is found, by trying, to call just this operation with just these arguments."""
        name = call.operation._schema.name.removeprefix("aten::")
        args, kwargs = tree_map_only(Name, self._tape.tensors.__getitem__, (call.args, dict(call.kwargs)))
        for place in _BINDINGS:
            function = getattr(place, name, None)
            if function is not None and _calls_just(function, call.operation, args, kwargs):
                return function
        return call.operation._op

    def _constant(self, value: Any) -> Name:
        """A name for what is no tensor of the step; the function holds it."""
        name = self._held.setdefault(id(value), Name(f"k{len(self._held)}"))
        self._constants[name] = value
        return name

    def _text(self, value: Any) -> str:
        """A value as Python."""
        if isinstance(value, dict):
            return "{" + ", ".join(f"{key!r}: {self._text(entry)}" for key, entry in value.items()) + "}"
        if isinstance(value, list):
            return f"[{', '.join(map(self._text, value))}]"
        if isinstance(value, tuple):
            return f"({''.join(f'{self._text(entry)}, ' for entry in value)})"
        if isinstance(value, Name | bool | int | str | None) or (isinstance(value, float) and math.isfinite(value)):
            return repr(value)
        return self._constant(value)


class _Caught(TorchDispatchMode):
    """Notes what would be called, and gives what it gave before instead."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, Any, Any]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.calls.append((func, args, kwargs or {}))
        raise _Enough


class _Enough(Exception):
    pass


def _calls_just(function: Callable, operation: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether a function calls an operation, with these arguments, before anything else; nothing is computed."""
    caught = _Caught()
    try:
        with caught, torch._C._AutoDispatchBelowAutograd():
            function(*args, **kwargs)
    except _Enough:
        (called,) = caught.calls
        return called[0] is operation and _is_same(called[1:], (tuple(args), dict(kwargs)))
    except (TypeError, RuntimeError, ValueError):
        return False
    return False


def _is_same(a: Any, b: Any) -> bool:
    if isinstance(a, tuple | list) and isinstance(b, tuple | list):
        return len(a) == len(b) and all(map(_is_same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_is_same(a[key], b[key]) for key in a)
    return a is b or (not isinstance(a, Tensor) and type(a) is type(b) and a == b)


def _has_form(place: Tensor, value: Tensor) -> bool:
    return place.shape == value.shape and place.stride() == value.stride() and place.dtype == value.dtype


def _names(values: Any) -> list[Name]:
    return [leaf for leaf in tree_leaves(values) if isinstance(leaf, Name)]


def _used(calls: Sequence[Call], wanted: Iterable[Name]) -> list[Call]:
    """The calls without views, and memory, that nobody looks at."""
    used, kept = set(wanted), []
    for call in reversed(calls):
        is_idle = call.is_view or call.operation is _ATEN.empty.memory_format
        if is_idle and not used.intersection(_names(call.outputs)):
            continue
        used.update(_names([call.args, call.kwargs]))
        kept.append(call)
    return kept[::-1]

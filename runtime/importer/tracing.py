"""A module runs on example inputs while every operation that it does on tensors is written down.

Python runs as it is: loops are unrolled, sizes are numbers. What decides by the numbers in tensors is refused, with its line.
"""

from __future__ import annotations

import builtins
import inspect
import random
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from numbers import Integral, Real
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from graph.messages import LayerloomError, msg
from runtime.importer.module_layers import is_layer
from runtime.importer.recording import Constant, Place, Recording, Ref, Refusal, Scope, Step, Weight, parts, replaced
from runtime.importer.sizes import ASKED, Follow, Turn, plain, sizes_of
from runtime.importer.tracing_limits import (
    check_kept,
    check_kind,
    check_layer,
    check_modes,
    check_part,
    unchecked_distributions,
)
from runtime.importer.tracing_names import ASKING, CHANCE, FORBIDDEN, IGNORED, REASONS, NameOf, name_of
from runtime.importer.tracing_places import forward_of, place_now, place_of
from runtime.importer.tracing_values import Values

_LITERALS = (bool, str, type(None), type(...), torch.dtype, torch.device, torch.layout, torch.memory_format)


def trace(
    module: nn.Module,
    inputs: Mapping[str, Tensor],
    *,
    training: bool,
    known: Mapping[int, Tensor] | None = None,
    by_mode: frozenset[str] = frozenset(),
) -> Recording:
    """What the module does with these inputs; its parameters and buffers, and the random numbers to come, are as before.

    `known` are the tensors that were there before, as `tensors_now` gives them: others have to come from operations that are seen.
    Calls of the modules at the paths `by_mode` are one step each.

    Raises:
        Refusal: it does something that no drawing can; the message names the operation and the line.
    """
    tracer = _Tracer(module, inputs, training=training, known=known)
    tracer.recording.by_mode = by_mode
    kept = {name: tensor.detach().clone() for name, tensor in _state(module)}
    was_training = [(part, part.training) for part in module.modules()]
    try:
        module.train(training)
        with torch.random.fork_rng(devices=[]), torch.enable_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tracer.run(inputs)
    except LayerloomError:
        raise
    except Exception as error:
        reason = msg("it fails while it is watched: {error}.", error=f"{type(error).__name__}: {error}"[:300])
        raise Refusal(type(module).__name__, place_of(error), reason) from error
    finally:
        for part, mode in was_training:
            part.training = mode
        with torch.no_grad():
            for name, tensor in _state(module):
                if name in kept and not torch.equal(tensor, kept[name]):
                    tensor.copy_(kept[name])
    return tracer.recording


def _state(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from module.named_parameters()
    yield from module.named_buffers()


class _Watching(TorchFunctionMode):
    def __init__(self, tracer: _Tracer) -> None:
        super().__init__()
        self._tracer = tracer

    def __torch_function__(self, func, types, args=(), kwargs=None):
        return self._tracer.function(func, args, kwargs or {})


class _Tracer:
    def __init__(
        self, module: nn.Module, inputs: Mapping[str, Tensor], *, training: bool, known: Mapping[int, Tensor] | None
    ) -> None:
        self.module, self.training = module, training
        self.recording = Recording(tuple(inputs))
        self.values = Values(self.recording, dict(_state(module)), known)
        self.scope = Scope("", type(module).__name__)
        self.quiet = 0
        self.fixed: set[int] = set()  # numbers of tensors that depend on nothing
        self.drawn = _drawn()
        self.follows = not type(module).__module__.startswith("runtime.")  # what is our own looks at sizes as graphs do
        self.names: dict[int, str] = {}
        for name, part in module.named_modules():
            self.names.setdefault(id(part), name)

    def run(self, given: Mapping[str, Tensor]) -> None:
        """The whole module. Its inputs ask for gradients, so that those of its own that the module takes can be seen."""
        inputs = dict(given)
        for name, tensor in given.items():
            tensor = inputs[name] = tensor.requires_grad_().clone() if tensor.is_floating_point() else tensor
            number = self.values.add(tensor)
            self.scope.arguments[number] = name
        with self._patched(), unchecked_distributions(), _Watching(self):
            result = plain(self.module(**inputs))
        self.recording.end = self._end()
        self.recording.outputs = tuple(_apart(self._outputs(result, "")))

    @contextmanager
    def _patched(self) -> Iterator[None]:
        original, put, from_numpy = nn.Module.__call__, nn.Module.__setattr__, torch.from_numpy
        tracer, count_of = self, builtins.len

        def call(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
            return tracer.call(module, original, args, kwargs)

        def assign(module: nn.Module, name: str, value: Any) -> None:
            if not tracer.quiet:
                check_kept(module, name, value, tracer.names.get(id(module), ""), place_now())
            put(module, name, value)

        def taken(array: Any) -> Tensor:
            made = from_numpy(array)
            tracer.values.know(made)
            return made

        def length(of: Any) -> int:
            return of.size(0) if isinstance(of, Tensor) and of.ndim else count_of(of)

        builtins.len = length  # type: ignore[assignment]
        torch.from_numpy = taken
        nn.Module.__call__ = call  # type: ignore[method-assign]
        nn.Module.__setattr__ = assign  # type: ignore[method-assign]
        try:
            yield
        finally:
            builtins.len = count_of
            torch.from_numpy = from_numpy
            nn.Module.__call__ = original  # type: ignore[method-assign]
            nn.Module.__setattr__ = put  # type: ignore[method-assign]

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        """What is done meanwhile is not written down."""
        self.quiet += 1
        try:
            yield
        finally:
            self.quiet -= 1

    # ---- modules

    def call(self, module: nn.Module, original: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call of any module."""
        if self.quiet or module is self.module:
            return original(module, *args, **kwargs)
        path = self.names.get(id(module), "")
        self.recording.calls[path] = self.recording.calls.get(path, 0) + 1
        check_part(module, place_now())
        if is_layer(module) or path in self.recording.by_mode:
            with self._quiet():
                return self._layer(module, original, path, args, kwargs)
        outer = self.scope
        self.scope = Scope(path, type(module).__name__, outer, place_now())
        self._name_arguments(module, args, kwargs)
        try:
            return original(module, *args, **kwargs)
        finally:
            self.scope = outer

    def _name_arguments(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        try:
            given = inspect.signature(module.forward).bind(*args, **kwargs).arguments
        except TypeError:
            return
        for name, value in given.items():
            tensors = [part for part in parts(value) if isinstance(part, Tensor)]
            for i, tensor in enumerate(tensors):
                number = self.values.number_of(tensor)
                if number is not None:
                    self.scope.arguments[number] = name if len(tensors) == 1 else f"{name}{i}"

    def _layer(self, module: nn.Module, original: Any, path: str, args: Any, kwargs: Any) -> Any:
        name, place = type(module).__name__, place_now()
        check_modes(name, place)
        check_layer(module, place, training=self.training)
        args, kwargs = plain(args), plain(kwargs)
        given = self._written(args, name, place), self._written(kwargs, name, place)
        result = original(module, *args, **kwargs)
        step = Step(name, type(module), self.scope, *given, (), place, path, module)
        return self._finish(step, result, (args, kwargs))

    # ---- functions

    def function(self, func: Any, args: Any, kwargs: Any) -> Any:
        """A call of a function of torch, or of a method or an attribute of a tensor."""
        if self.quiet:
            return func(*args, **kwargs)
        named = name_of(func)
        tensors = [part for part in parts((args, kwargs)) if isinstance(part, Tensor)]
        if named.name in IGNORED or (named.name in ASKING and tensors):
            return self._asked(named.name, func(*args, **kwargs), args, kwargs)
        place = place_now()
        args, kwargs = plain(args), plain(kwargs)
        check_modes(named.shown, place)
        if named.name == "__iter__":
            return iter(self.function(torch.unbind, args, kwargs))
        self._check(named, args, kwargs, tensors, place)
        given = self._written(args, named.shown, place), self._written(kwargs, named.shown, place)
        weights = self.values.weights_of(tensors)
        with self._quiet():
            result = func(*args, **kwargs)
        self.values.check_weights(tensors, weights, named.shown, place)
        made = [part for part in parts(result) if isinstance(part, Tensor)]
        if named.name == "setitem":
            made = result = args[0]
        elif not made:
            if tensors and not self._is_fixed(tensors):
                reason = msg(
                    "what it gives is not a tensor, but follows from numbers in one. A drawing has no such decisions."
                )
                raise Refusal(named.shown, place, reason)
            self.recording.decided += [(self._fixed_number(t), named.shown, place) for t in tensors]
            return result
        step = Step(named.name, func, self.scope, *given, (), place, learns=torch.is_grad_enabled())
        return self._finish(step, result, (args, kwargs))

    def _asked(self, name: str, result: Any, args: Any, kwargs: Any) -> Any:
        """What a tensor says of itself; sizes know where they come from."""
        number = self.values.number_of(args[0]) if args and name in ASKED and self.follows else None
        if number is None:
            return result
        self.recording.asked.add(number)
        return sizes_of(name, result, number, kwargs.get("dim", args[-1]), self._note_turn)

    def _note_turn(self, shown: str, value: Any, follow: Follow, sides: tuple[Follow, ...], is_lost: bool) -> None:
        if not self.quiet:
            self.recording.turns.append(Turn(shown, value, follow, sides, place_now(), is_lost))

    def _check(self, named: NameOf, args: Any, kwargs: Any, tensors: Sequence[Tensor], place: Place | None) -> None:
        kind = FORBIDDEN.get(named.name, "")
        is_fixed = self._is_fixed(tensors)
        if kind and (tensors or kind == "seed") and not (is_fixed and kind in ("decision", "size")):
            raise Refusal(named.shown, place, REASONS[kind])
        if named.name == "where" and len(args) + len(kwargs) == 1 and not is_fixed:
            raise Refusal(named.shown, place, REASONS["size"])
        if named.name in ("getitem", "setitem") and not is_fixed:
            index = args[1] if isinstance(args[1], tuple) else (args[1],)
            if named.name == "getitem" and any(
                isinstance(i, Tensor) and i.dtype in (torch.bool, torch.uint8) for i in index
            ):
                raise Refusal(named.shown, place, REASONS["size"])
        if kwargs.get("out") is not None:
            raise Refusal(
                named.shown, place, msg("it writes its result into a tensor with 'out'. Use what it returns.")
            )

    def _is_fixed(self, tensors: Sequence[Tensor]) -> bool:
        """Whether tensors were computed, and of nothing but numbers: then they decide the same at every run."""
        return bool(tensors) and all(self.values.number_of(tensor) in self.fixed for tensor in tensors)

    # ---- what is written down

    def _written(self, value: Any, name: str, place: Place | None) -> Any:
        def change(part: Any) -> Any:
            if isinstance(part, Tensor):
                return self.values.use(part, name, place)
            if isinstance(part, _LITERALS):
                return part
            if isinstance(part, (Integral, Real)):
                return int(part) if isinstance(part, Integral) else float(part)
            reason = msg("it is given something that is no tensor, number or text ({kind}). Give it plain values.",
                         kind=type(part).__name__)  # fmt: skip
            raise Refusal(name, place, reason)

        return replaced(value, change)

    def _finish(self, step: Step, result: Any, given: Any) -> Any:
        """The step with its results. A tensor that comes out as it went in, unchanged, leaves as another object."""
        returned = {id(part) for part in parts(result) if isinstance(part, Tensor)}
        mutated = self.values.mutated(
            [part for part in parts(given) if isinstance(part, Tensor)], returned, shown_of(step), step.place
        )
        numbers = []

        def leave(part: Any) -> Any:
            if not isinstance(part, Tensor):
                return part
            if id(part) in mutated:
                step.in_place = True
                numbers.append(self.values.renew(part))
                return part
            if self.values.knows(part):
                part = part.view_as(part)
            check_kind(part, shown_of(step), step.place)
            numbers.append(self.values.add(part))
            return part

        result = _rebuilt(result, leave)
        step.results = tuple(numbers)
        self._note_fixed(step)
        if _drawn() != self.drawn:
            reason = msg(
                "random numbers of Python or NumPy were drawn before it, which would be fixed for ever. Draw them with torch."
            )
            raise Refusal(shown_of(step), step.place, reason)
        self.recording.steps.append(step)
        return result

    def _fixed_number(self, tensor: Tensor) -> int:
        number = self.values.number_of(tensor)
        assert number is not None
        return number

    def _note_fixed(self, step: Step) -> None:
        of = [part for part in parts((step.args, dict(step.kwargs))) if isinstance(part, (Ref, Weight, Constant))]
        seen = all(isinstance(part, Ref) and part.number in self.fixed for part in of)
        if seen and step.layer is None and step.name not in CHANCE:
            self.fixed.update(step.results)

    def _outputs(self, result: Any, name: str) -> Iterator[tuple[str, Any]]:
        if isinstance(result, Tensor):
            yield name or "output", self.values.use(result, "return", self._end())
        elif isinstance(result, dict):
            for key, part in result.items():
                yield from self._outputs(part, f"{name}_{key}" if name else str(key))
        elif isinstance(result, (tuple, list)):
            fields = getattr(result, "_fields", None)
            for i, part in enumerate(result):
                own = fields[i] if fields else str(i)
                yield from self._outputs(part, f"{name}_{own}" if name else (own if fields else f"output{i}"))
        elif result is not None:
            reason = msg("it gives back something that is no tensor ({kind}). Return tensors, alone or in a tuple, list or dict.",
                         kind=type(result).__name__)  # fmt: skip
            raise Refusal("return", self._end(), reason)

    def _end(self) -> Place | None:
        return forward_of(self.module)


def _rebuilt(result: Any, change: Any) -> Any:
    """A result of the same kind with its parts changed."""
    if isinstance(result, tuple) and hasattr(result, "_fields"):
        return type(result)(*(_rebuilt(part, change) for part in result))
    if isinstance(result, tuple) and type(result) is not tuple:
        return type(result)([_rebuilt(part, change) for part in result])
    if isinstance(result, (tuple, list)):
        return type(result)(_rebuilt(part, change) for part in result)
    if isinstance(result, dict):
        return {key: _rebuilt(part, change) for key, part in result.items()}
    return change(result)


def _apart(outputs: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Outputs with names that differ."""
    taken: set[str] = set()
    for name, value in outputs:
        free = next(n for i in count(1) if (n := name if i == 1 else f"{name}_{i}") not in taken)
        taken.add(free)
        yield free, value


def _drawn() -> Any:
    """Where the random numbers of Python and of NumPy are."""
    numpy = sys.modules.get("numpy")
    return random.getstate(), numpy.random.get_state()[1].tobytes() if numpy is not None else b""


def shown_of(step: Step) -> str:
    """What a step is called, as a person would write it."""
    return step.name if step.layer is not None else name_of(step.called).shown

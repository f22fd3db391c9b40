"""What a module remembers from one call to the next in attributes of Python, such as a counter: no drawing does.

Numbers that are registered as buffers are not meant, nor what is kept from the first call, such as a table for these sizes.
"""

from __future__ import annotations

import inspect
import random
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import GeneratorType
from typing import Any

from torch import Tensor, nn

from graph.messages import msg
from runtime.importer.recording import Place, Refusal
from runtime.importer.tracing_places import forward_of, place_now

DEPTH, SHALLOW, POINT = 5, 2, 3  # of what lies in each other: in a module, in a file, in what is gone through
LONGEST = 10_000  # things in a list that are looked at
_OWN = frozenset(("training", "_parameters", "_buffers", "_modules"))
_PLAIN = (bool, int, float, complex, str, bytes, type(None))
_KINDS = (*_PLAIN, list, dict, set, deque)
_STRANGE = ("torch", "runtime", "numpy", "builtins")  # packages whose objects and modules are not looked into
State = dict[tuple[str, str], Any]  # by the path of a module, and the name of what it keeps


class _Written:
    """A tensor, which is another only where somebody wrote into it: another tensor in its place comes from what is computed."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor, self.version = tensor, tensor._version

    def __eq__(self, other: object) -> bool:
        return not isinstance(other, _Written) or self.tensor is not other.tensor or self.version == other.version

    __hash__ = None  # type: ignore[assignment]


def check_remembers(module: nn.Module, run: Callable[[bool], object]) -> None:
    """Run it twice in each mode, and see whether it keeps something else after the second time. `run` takes whether it trains.

    Raises:
        Refusal: it does; the message names the attribute and the module.
    """
    for training in (False, True):
        try:
            run(training)
            before = _state(module)
            with _assignments() as places:
                run(training)
        except Exception:
            return  # what it fails with is said where it is watched
        changed = [key for key, value in _state(module).items() if key in before and before[key] != value]
        if changed:
            raise _refusal(module, changed[0], places)


def _refusal(module: nn.Module, key: tuple[str, str], places: Mapping[tuple[int, str], Place | None]) -> Refusal:
    path, name = key
    part = module.get_submodule(path)
    place = places.get((id(part), name)) or forward_of(part)
    reason = msg("'{module}' remembers it from one call to the next and changes it in each, so it could do something else each time. A "
                 "drawing does the same every time: take it out of forward, or import a module that does not count.",
                 module=f"{type(part).__name__} ({path})" if path else type(part).__name__)  # fmt: skip
    return Refusal(name, place, reason)


@contextmanager
def _assignments() -> Iterator[dict[tuple[int, str], Place | None]]:
    """The lines in which attributes of modules are set meanwhile."""
    found: dict[tuple[int, str], Place | None] = {}
    put = nn.Module.__setattr__

    def assign(module: nn.Module, name: str, value: Any) -> None:
        if name not in _OWN:
            found[id(module), name] = place_now()
        put(module, name, value)

    nn.Module.__setattr__ = assign  # type: ignore[method-assign]
    try:
        yield found
    finally:
        nn.Module.__setattr__ = put  # type: ignore[method-assign]


# ---- what is kept


def _state(module: nn.Module) -> State:
    """What every module keeps, and its class, and the file of its class, and what its function `forward` was made with."""
    found: State = {}
    held = {id(tensor) for tensor in (*module.parameters(), *module.buffers())}
    for path, part in module.named_modules():
        if _is_strange(type(part)):
            continue
        around: dict[str, Any] = {}
        for cls in (cls for cls in type(part).__mro__ if not _is_strange(cls)):
            file = vars(sys.modules.get(cls.__module__) or cls)
            around = {**_simple(file), **_simple(vars(cls)), **_around(cls), **around}
        own = {name: value for name, value in vars(part).items() if name not in _OWN and id(value) not in held}
        found |= {(path, name): _frozen(value, SHALLOW) for name, value in around.items() if name not in own}
        found |= {(path, name): _frozen(value, DEPTH) for name, value in own.items()}
    return found


def _is_strange(cls: type) -> bool:
    return cls.__module__.partition(".")[0] in _STRANGE


def _simple(names: Mapping[str, Any]) -> dict[str, Any]:
    """Of what stands in a file or a class, numbers, texts and collections of them."""
    found = {name: value for name, value in names.items() if not (name.startswith("__") and name.endswith("__"))}
    return {name: value for name, value in found.items() if type(value) in _KINDS or _goes_on(value)}


def _goes_on(value: Any) -> bool:
    """Whether something gives another thing each time: a counter, what is cycled through, a source of random numbers."""
    return isinstance(value, (Iterator, random.Random)) or hasattr(value, "bit_generator")


def _around(cls: type) -> dict[str, Any]:
    """What `forward` takes from the function that it was written in."""
    forward = vars(cls).get("forward")
    return (
        dict(inspect.getclosurevars(forward).nonlocals) if inspect.isfunction(forward) and forward.__closure__ else {}
    )


def _frozen(value: Any, depth: int) -> Any:
    """A copy that can be compared later; of a tensor or an array whether somebody wrote into it; of what is unknown nothing."""
    if isinstance(value, _PLAIN):
        return repr(value)  # NaN is NaN
    if isinstance(value, Tensor):
        return _Written(value)
    if _goes_on(value):
        return _point_of(value, depth)
    if depth == 0:
        return "…"
    if isinstance(value, (list, tuple, deque)) and len(value) <= LONGEST:
        return [type(value).__name__, *(_frozen(part, depth - 1) for part in value)]
    if isinstance(value, dict) and len(value) <= LONGEST:
        return {repr(key): _frozen(part, depth - 1) for key, part in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(map(repr, value))
    if type(value).__module__ == "numpy":
        return repr(value)
    if isinstance(value, (nn.Module, type)) or _is_strange(type(value)) or not hasattr(value, "__dict__"):
        return type(value).__name__
    return {name: _frozen(part, depth - 1) for name, part in vars(value).items()}


def _point_of(value: Any, depth: int) -> Any:
    """How far it is that gives another thing each time."""
    if isinstance(value, random.Random):
        return value.getstate()
    if hasattr(value, "bit_generator"):
        return repr(value.bit_generator.state)
    if isinstance(value, GeneratorType):
        frame = value.gi_frame
        return [frame.f_lasti, _frozen(dict(frame.f_locals), depth - 1)] if frame is not None and depth else None
    try:
        with warnings.catch_warnings(action="ignore"):
            return _frozen(value.__reduce__(), POINT)
    except TypeError:
        return repr(value)

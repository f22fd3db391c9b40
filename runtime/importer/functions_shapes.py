"""How views, cuts, joins and indices of tensors become nodes of the catalogue (see `runtime.importer.functions`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch

from runtime.importer.lowering import FIXED, PARAMETER, Call
from runtime.importer.module_layers import Unsuited
from runtime.importer.recording import Constant, Ref, Size, Weight
from runtime.importer.sketch import Spec, Wire

Result = Wire | Iterable[Wire]
FLATTEN, UNFLATTEN = "torch.nn.Flatten", "torch.nn.Unflatten"


def _first(call: Call) -> Any:
    return call.step.args[0] if call.step.args else call.step.kwargs["input"]


# ---- other shapes


def reshape(call: Call) -> Result:
    """`view`, `reshape`, `flatten`, `unflatten`: by the shapes before and after."""
    if any(not isinstance(part, (int, Size, tuple, list)) for part in call.step.args[1:]) and call.step.name == "view":
        raise Unsuited("dtype")
    x = _first(call)
    return reshaped(call, x if isinstance(x, Wire) else call.wire(x), call.spec(x), call.results[0])


def reshaped(call: Call, wire: Wire, before: Spec, after: Spec) -> Result:
    """A tensor in another shape with as many numbers."""
    old, new = before.shape, after.shape
    if old == new:
        return wire
    if not new:
        raise Unsuited("scalar")
    if old and old[0] == new[0] and len(new) > 1 and all(isinstance(size, int) for size in new[1:]):
        if len(new) == 2 and len(old) > 2 and old[0] == Size(1):
            return call.one(FLATTEN, wire)
        return call.one("Reshape", wire, {"shape": new[1:]})
    merged = len(old) - len(new) + 1
    if merged > 1 and old[merged:] == new[1:]:
        return call.one(FLATTEN, wire, {"start_dim": 0, "end_dim": merged - 1})
    split = len(new) - len(old) + 1
    if split > 1 and old[1:] == new[split:] and len(_open(new[:split])) <= 1:
        return _unflattened(call, wire, new[:split])
    if len(_open(new)) > 1:
        raise Unsuited("shape")
    (flat,) = call.one(FLATTEN, wire, {"start_dim": 0, "end_dim": -1}, specs=[after])
    return flat if len(new) == 1 else _unflattened(call, flat, new)


def _open(sizes: tuple[Any, ...]) -> list[Any]:
    return [size for size in sizes if isinstance(size, Size)]


def _unflattened(call: Call, wire: Wire, sizes: tuple[Any, ...]) -> list[Wire]:
    closed = tuple(-1 if isinstance(size, Size) else size for size in sizes)
    return call.one(UNFLATTEN, wire, {"dim": 0, "unflattened_size": closed})


def _squeeze(call: Call) -> Result:
    x, dim = call.take("input", dim=None)
    shape = call.spec(x).shape
    dims = range(len(shape)) if dim is None else dim if isinstance(dim, (tuple, list)) else [dim]
    gone = sorted({d % max(1, len(shape)) for d in dims if shape and shape[d] == 1}, reverse=True)
    wire = call.wire(x)
    for place in gone:
        shape = (*shape[:place], *shape[place + 1 :])
        (wire,) = call.one("Squeeze", wire, {"dim": place}, specs=[Spec(shape, call.results[0].dtype)])
    return wire


def _dims(name: str, *names: str) -> Callable[[Call], Result]:
    """A node whose settings are the arguments by these names."""

    def lower(call: Call) -> Result:
        x, *values = call.take("input", *names)
        return call.one(name, x, dict(zip(names, values, strict=True)))

    return lower


def _transpose(call: Call) -> Result:
    x, a, b = call.take("input", "dim0", "dim1")
    return _exchanged(call, x, a, b)


def _exchanged(call: Call, x: Any, a: int, b: int) -> Result:
    if isinstance(x, Weight) and len(call.spec(x).shape) == 2 and a % 2 != b % 2:
        call.lowering.turned[call.step.results[0]] = x  # a product with it is a linear layer
    return call.one("Transpose", x, {"dim0": a, "dim1": b})


def _t(call: Call) -> Result:
    x = _first(call)
    rank = len(call.spec(x).shape)
    if rank < 2:
        return call.wire(x)
    if call.step.name in ("mT", "mH", "adjoint"):
        return call.one("Transpose", x, {"dim0": -2, "dim1": -1})
    if rank != 2:
        return call.one("Permute", x, {"dims": tuple(reversed(range(rank)))})
    return _exchanged(call, x, 0, 1)


def _permute(call: Call) -> Result:
    dims = call.step.kwargs.get("dims") or call.sizes()
    rank = len(dims)
    return call.one("Permute", _first(call), {"dims": tuple(d % rank for d in dims)})


def _flip(call: Call) -> Result:
    return call.one("Flip", _first(call), {"dims": call.step.kwargs.get("dims") or call.sizes()})


def _roll(call: Call) -> Result:
    x, shifts, dims = call.take("input", "shifts", dims=None)
    if dims is None:
        raise Unsuited("dims")
    return call.one("Roll", x, {"shifts": shifts, "dims": dims})


def _expand(call: Call) -> Result:
    x = _first(call)
    if call.step.name == "expand" and not call.step.kwargs:
        call.sizes()
    return _stretched(call, x, call.spec(x).shape, call.results[0].shape)


def _stretched(call: Call, x: Any, old: tuple[Any, ...], new: tuple[Any, ...]) -> Result:
    if old == new:
        return call.wire(x)
    if isinstance(x, Weight) and len(old) == len(new) and old[0] == 1 and new == (Size(1), *old[1:]):
        item = call.sketch.items[call.wire(x).item]
        if item.type in (PARAMETER, FIXED):
            return call.node(item.type, {"like": call.like()}, item.params, name=item.name, weights=item.weights)
    if isinstance(x, Weight) and new == (Size(1), *old) and call.lowering.can_hold(x.name):
        params = {"shape": (1, *old)}
        return call.node(
            PARAMETER, {"like": call.like()}, params, name=x.name.rpartition(".")[2], weights=[("", x.name)]
        )
    if len(old) == len(new) and old[0] == new[0] and all(isinstance(size, int) for size in new[1:]):
        size = tuple(-1 if a == b else b for a, b in zip(old[1:], new[1:], strict=True))
        return call.one("Expand", x, {"size": size})
    raise Unsuited("size")


def _repeat(call: Call) -> Result:
    x, times = _first(call), call.step.kwargs.get("repeats") or call.sizes()
    shape = call.spec(x).shape
    if len(times) == len(shape) and times[0] == Size(1) and shape[0] == 1 and set(times[1:]) <= {1}:
        return _stretched(call, x, shape, call.results[0].shape)
    if len(times) != len(shape) or times[0] != 1:
        raise Unsuited("repeats")
    return call.one("Repeat", x, {"repeats": tuple(times[1:])})


def _repeat_interleave(call: Call) -> Result:
    x, times, dim = call.take("input", "repeats", dim=None)
    if dim is None or not isinstance(times, int):
        raise Unsuited("dim")
    return call.one("RepeatInterleave", x, {"repeats": times, "dim": dim})


# ---- joins and cuts


def _cat(call: Call) -> Result:
    tensors, dim = call.take("tensors", dim=0)
    if len(tensors) == 1:
        return call.wire(tensors[0])
    return call.several("Concatenate", tensors, {"dim": dim})


def _stack(call: Call) -> Result:
    tensors, dim = call.take("tensors", dim=0)
    if len(tensors) == 1:
        return call.one("Unsqueeze", tensors[0], {"dim": dim})
    return call.several("Stack", tensors, {"dim": dim})


def _chunk(call: Call) -> Result:
    x, chunks, dim = call.take("input", "chunks", dim=0)
    if len(call.results) != chunks or chunks < 2:
        raise Unsuited("chunks")
    return call.one("Chunk", x, {"chunks": chunks, "dim": dim})


def _split(call: Call) -> Result:
    x, _, dim = call.take("input", "split_size", dim=0)
    sizes = tuple(spec.shape[dim] for spec in call.results)
    if not all(isinstance(size, int) and size > 0 for size in sizes):
        raise Unsuited("sizes")
    return call.one("Split", x, {"split_sizes": sizes, "dim": dim})


def _unbind(call: Call) -> Result:
    x, dim = call.take("input", dim=0)
    if len(call.results) < 2:
        raise Unsuited("count")
    return call.one("Unbind", x, {"count": len(call.results), "dim": dim})


def getitem(call: Call) -> Result:
    """Places, stretches, new dimensions and dots in brackets, one node each."""
    x, index = call.step.args
    entries = list(index) if isinstance(index, tuple) else [index]
    spec = call.spec(x)
    entries = [_places(e) for e in entries]
    several = sum(isinstance(e, tuple) for e in entries) > 1
    if several or any(
        not isinstance(e, (int, slice, tuple, type(None), type(...))) or isinstance(e, bool) for e in entries
    ):
        raise Unsuited("index")
    taken = sum(1 for entry in entries if isinstance(entry, (int, slice, tuple)))
    dots = [":"] * (len(spec.shape) - taken)
    at = next((i for i, entry in enumerate(entries) if entry is ...), len(entries))
    plan = [*entries[:at], *dots, *entries[at + 1 :]]
    wire, shape, dim = call.wire(x), list(spec.shape), 0
    for entry in plan:
        wire, shape, dim = _picked(call, wire, entry, shape, dim)
    return wire


def _places(entry: Any) -> Any:
    """A list of places, however it is written, as a tuple."""
    if isinstance(entry, Constant) and entry.tensor.ndim == 1 and entry.tensor.dtype == torch.int64:
        return tuple(entry.tensor.tolist())
    return tuple(entry) if isinstance(entry, list) and all(isinstance(i, int) for i in entry) else entry


def _index_select(call: Call) -> Result:
    x, dim, index = call.take("input", "dim", "index")
    places = _places(index)
    if not isinstance(places, tuple):
        raise Unsuited("index")
    return call.one("IndexSelect", x, {"dim": dim, "index": places})


def _picked(call: Call, wire: Wire, entry: Any, shape: list[Any], dim: int) -> tuple[Wire, list[Any], int]:
    """One entry of what stands in brackets, at the dimension that it is for; what is left, and the next dimension."""
    kind = call.results[0].dtype
    if entry is None:
        shape = [*shape[:dim], 1, *shape[dim:]]
        return call.one("Unsqueeze", wire, {"dim": dim}, specs=[Spec(tuple(shape), kind)])[0], shape, dim + 1
    if isinstance(entry, int):
        shape = [*shape[:dim], *shape[dim + 1 :]]
        return call.one("Select", wire, {"dim": dim, "index": entry}, specs=[Spec(tuple(shape), kind)])[0], shape, dim
    if isinstance(entry, tuple):
        size = shape[dim]
        entry = tuple(i % size for i in entry) if isinstance(size, int) else entry
        shape = [*shape[:dim], len(entry), *shape[dim + 1 :]]
        return (
            call.one("IndexSelect", wire, {"dim": dim, "index": entry}, specs=[Spec(tuple(shape), kind)])[0],
            shape,
            dim + 1,
        )
    if entry == ":" or entry == slice(None):
        return wire, shape, dim + 1
    size = shape[dim]
    start, stop, step = entry.start or 0, entry.stop, entry.step or 1
    if isinstance(size, int) and all(isinstance(end, (int, type(None))) for end in (start, stop)):
        length = len(range(size)[entry])
        if length == size and step == 1:
            return wire, shape, dim + 1
        shape = [*shape[:dim], length, *shape[dim + 1 :]]
    elif isinstance(size, Size):
        raise Unsuited("batch")
    params = {"dim": dim, "start": start, "stop": stop, "step": step}
    return call.one("Slice", wire, params, specs=[Spec(tuple(shape), kind)])[0], shape, dim + 1


def _put(call: Call) -> Result:
    raise Unsuited("setitem")


def _two(name: str, second: str) -> Callable[[Call], Result]:
    def lower(call: Call) -> Result:
        x, dim, index = call.take("input", "dim", "index")
        return call.node(f"layerloom.{name}", {"input": call.wire(x), second: call.wire(index)}, {"dim": dim})

    return lower


def _scatter_add(call: Call) -> Result:
    x, dim, index, source = call.take("input", "dim", "index", "src")
    inputs = {"input": call.wire(x), "index": call.wire(index), "src": call.wire(source)}
    return call.node("layerloom.ScatterAdd", inputs, {"dim": dim})


def _triangle(name: str) -> Callable[[Call], Result]:
    def lower(call: Call) -> Result:
        x, diagonal = call.take("input", diagonal=0)
        return call.one(name, x, {"diagonal": diagonal})

    return lower


def _copy(call: Call) -> Result:
    """`x.copy_(y)`: y takes the place of x."""
    x, source = call.take("input", "src")
    if call.spec(x) != call.spec(source) or not isinstance(x, Ref):
        raise Unsuited("shape")
    return call.wire(source)


SHAPE_FUNCTIONS: Mapping[str, Callable[[Call], Result]] = {
    **dict.fromkeys("view reshape flatten unflatten reshape_as ravel".split(), reshape),
    "squeeze": _squeeze, "unsqueeze": _dims("Unsqueeze", "dim"), "transpose": _transpose,
    **dict.fromkeys("t T mT mH adjoint".split(), _t),
    "permute": _permute, "movedim": _dims("Movedim", "source", "destination"), "flip": _flip, "roll": _roll,
    "expand": _expand, "expand_as": _expand, "broadcast_to": _expand, "repeat": _repeat, "tile": _repeat,
    "repeat_interleave": _repeat_interleave,
    "cat": _cat, "stack": _stack, "chunk": _chunk, "split": _split, "split_with_sizes": _split, "unbind": _unbind,
    "narrow": _dims("Narrow", "dim", "start", "length"), "select": _dims("Select", "dim", "index"), "getitem": getitem,
    "setitem": _put,
    "index_select": _index_select, "gather": _two("Gather", "index"), "scatter_add": _scatter_add, "tril": _triangle("Tril"),
    "triu": _triangle("Triu"), "copy": _copy,
}  # fmt: skip

"""How copies, casts, constants and random numbers become nodes of the catalogue (see `runtime.importer.functions`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from runtime.importer.lowering import Call
from runtime.importer.module_layers import Unsuited
from runtime.importer.recording import Size
from runtime.importer.sketch import Spec, Wire

Result = Wire | Iterable[Wire]
Lower = Callable[[Call], Result]


def _cast(kind: str) -> Lower:
    def lower(call: Call) -> Result:
        return _to_kind(call, call.take("input")[0], kind)

    return lower


def _to(call: Call) -> Result:
    """`x.to(...)` of a device is no node: a drawing runs where it is told to."""
    return _to_kind(call, call.step.args[0] if call.step.args else call.step.kwargs["input"], call.results[0].dtype)


def _to_kind(call: Call, x: Any, kind: str) -> Result:
    if call.spec(x).dtype == kind:
        return call.wire(x)
    return call.one("ToDtype", x, {"dtype": kind})


def _same(call: Call) -> Result:
    return call.wire(call.step.args[0] if call.step.args else call.step.kwargs["input"])


def _filled(value: float | None) -> Lower:
    """`zeros_like(x)`, `x.zero_()`, `x.fill_(2)`, `full_like(x, 2)`."""

    def lower(call: Call) -> Result:
        x, *rest = call.take("input", *([] if value is not None else ["fill_value"]), dtype=None)
        number = call.number(rest[0]) if value is None else value
        spec, kind = call.spec(x), call.results[0].dtype
        if number is None or "float" not in spec.dtype:
            raise Unsuited("fill_value")
        made = call.one("Constant", x, {"fill_value": float(number)}, specs=[spec])
        return made if kind == spec.dtype else call.one("ToDtype", made[0], {"dtype": kind})

    return lower


def _made(value: float | None, *, own: bool = False) -> Lower:
    """`torch.zeros(B, 3)`, `x.new_full((B, 3), 2)`: numbers in a shape that follows the batch, wherever that stands in it."""

    def lower(call: Call) -> Result:
        args = list(call.step.args[1:] if own else call.step.args)
        number: Any = value
        if number is None:
            number = args.pop() if len(args) == 2 else call.step.kwargs["fill_value"]
        shape = (
            args[0]
            if len(args) == 1 and isinstance(args[0], (tuple, list))
            else tuple(args) or call.step.kwargs["size"]
        )
        if not isinstance(number, (int, float)):
            raise Unsuited("fill_value")
        return _batched(call, tuple(shape), lambda rest, spec: call.node(
            "layerloom.Full", {"like": call.like()}, {"shape": rest, "fill_value": float(number)}, specs=[spec]))  # fmt: skip

    return lower


def _batched(call: Call, shape: tuple[Any, ...], make: Callable[[tuple[int, ...], Spec], list[Wire]]) -> Result:
    kind = call.results[0].dtype
    if (
        shape.count(Size(1)) != 1
        or not all(isinstance(size, int) for size in shape if size != Size(1))
        or len(shape) < 2
    ):
        raise Unsuited("shape")
    place = shape.index(Size(1))
    rest = tuple(size for size in shape if size != Size(1))
    (wire,) = make(rest, Spec((Size(1), *rest), "float32"))
    if place:
        (wire,) = call.one("Movedim", wire, {"source": 0, "destination": place}, specs=[Spec(shape, "float32")])
    return wire if kind == "float32" else call.one("ToDtype", wire, {"dtype": kind})


def _drawn(distribution: str) -> Lower:
    def lower(call: Call) -> Result:
        args = list(call.step.args)
        shape = args[0] if len(args) == 1 and isinstance(args[0], (tuple, list)) else tuple(args)
        if tuple(shape)[:1] != (Size(1),) or set(call.step.kwargs) - {"device", "dtype"}:
            raise Unsuited("shape")
        return _batched(call, tuple(shape), lambda rest, spec: call.node(
            "layerloom.Random", {"like": call.like()}, {"shape": rest, "distribution": distribution}, specs=[spec]))  # fmt: skip

    return lower


def _drawn_like(distribution: str) -> Lower:
    def lower(call: Call) -> Result:
        x, kind = call.take("input", dtype=None)
        if kind is not None:
            raise Unsuited("dtype")
        return call.one("Noise", x, {"distribution": distribution})

    return lower


def _detach(call: Call) -> Result:
    return call.one("Detach", *call.take("input"))


_SAME = "contiguous clone alias cpu cuda positive lift_fresh detach_copy".split()

SOURCE_FUNCTIONS: Mapping[str, Lower] = {
    **dict.fromkeys(_SAME, _same),
    "float": _cast("float32"), "long": _cast("int64"), "int": _cast("int32"), "bool": _cast("bool"), "half": _cast("float16"),
    "bfloat16": _cast("bfloat16"), "double": _cast("float64"), "to": _to, "type": _to, "type_as": _to,
    "zeros_like": _filled(0.0), "ones_like": _filled(1.0), "full_like": _filled(None), "zero": _filled(0.0), "fill": _filled(None),
    "zeros": _made(0.0), "ones": _made(1.0), "full": _made(None), "new_zeros": _made(0.0, own=True), "new_ones": _made(1.0, own=True),
    "new_full": _made(None, own=True), "randn": _drawn("normal"), "rand": _drawn("uniform"), "randn_like": _drawn_like("normal"),
    "rand_like": _drawn_like("uniform"), "detach": _detach, "data": _detach,
}  # fmt: skip

"""How calls of functions of torch become nodes of the catalogue. What is not here, or has other settings, becomes own code.

Each entry takes a `Call` and gives the wires of its results; `Unsuited` says that the nodes do not have these settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch

from runtime.importer.functions_layers import LAYER_FUNCTIONS
from runtime.importer.functions_shapes import SHAPE_FUNCTIONS
from runtime.importer.functions_sources import SOURCE_FUNCTIONS
from runtime.importer.lowering import Call
from runtime.importer.module_layers import Unsuited
from runtime.importer.recording import Constant, Ref
from runtime.importer.sketch import Wire

Result = Wire | Iterable[Wire]
Lower = Callable[[Call], Result]

EXACT = 2**24  # up to here float32 holds every whole number
_MIRRORED = {"Greater": "Less", "Less": "Greater", "GreaterEqual": "LessEqual", "LessEqual": "GreaterEqual"}


def text_of(value: Any) -> str:
    """A number as an expression has it.

    Raises:
        Unsuited: it is none, or infinite.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e300:
        raise Unsuited("number")
    return repr(value) if value >= 0 else f"(-{-value!r})"


# ---- arithmetic


def _sides(call: Call, **more: Any) -> list[Any]:
    """Both sides; constants of one number as numbers, where the other side is a tensor that is none."""
    a, b, *rest = call.take("input", "other", **more)
    tensors = [v for v in (a, b) if isinstance(v, Ref) or (call.is_tensor(v) and call.number(v) is None)]
    if not tensors or not all(call.is_tensor(v) or isinstance(v, (int, float)) for v in (a, b)):
        raise Unsuited("numbers")
    sides = [v if v is tensors[0] or call.number(v) is None else call.number(v) for v in (a, b)]
    return [*sides, *rest]


def _is_whole(call: Call, value: Any) -> bool:
    return "float" not in call.spec(value).dtype


def _scaled(call: Call, tensor: Any, factor: float, offset: float) -> Result:
    """x · factor + offset; whole numbers stay whole only beside whole numbers, which an expression keeps."""
    if _is_whole(call, tensor):
        times = "" if factor == 1 else f" * {text_of(factor)}"
        return call.expression(f"a{times}" + (f" + {text_of(offset)}" if offset or not times else ""), a=tensor)
    return call.one("Scale", tensor, {"factor": float(factor), "offset": float(offset)})


def _add(call: Call) -> Result:
    a, b, alpha = _sides(call, alpha=1)
    if alpha != 1:
        raise Unsuited("alpha")
    if call.is_tensor(a) and call.is_tensor(b):
        return call.several("Add", [a, b])
    return _scaled(call, a, 1, b) if call.is_tensor(a) else _scaled(call, b, 1, a)


def _sub(call: Call, *, turned: bool = False) -> Result:
    a, b, alpha = _sides(call, alpha=1)
    if alpha != 1:
        raise Unsuited("alpha")
    if turned:
        a, b = b, a
    if call.is_tensor(a) and call.is_tensor(b):
        return call.pair("Subtract", a, b)
    if not call.is_tensor(b):
        return _scaled(call, a, 1, -b)
    if _is_whole(call, b):
        return call.expression(f"{text_of(a)} - b", b=b)
    return call.one("Scale", b, {"factor": -1.0, "offset": float(a)}) if a else call.one("Negate", b)


def _mul(call: Call) -> Result:
    a, b = _sides(call)
    if call.is_tensor(a) and call.is_tensor(b):
        return call.several("Multiply", [a, b])
    tensor, number = (a, b) if call.is_tensor(a) else (b, a)
    if _is_whole(call, tensor):
        return call.expression(f"a * {text_of(number)}", a=tensor)
    return call.one("Scale", tensor, {"factor": float(number)})


def _div(call: Call, *, turned: bool = False) -> Result:
    a, b, rounding = _sides(call, rounding_mode=None)
    if rounding is not None:
        raise Unsuited("rounding_mode")
    if turned:
        a, b = b, a
    if call.is_tensor(a) and call.is_tensor(b):
        return call.pair("Divide", a, b)
    return call.expression(f"a / {text_of(b)}", a=a) if call.is_tensor(a) else call.expression(f"{text_of(a)} / b", b=b)


def _with_sign(sign: str, *, turned: bool = False) -> Lower:
    def lower(call: Call) -> Result:
        a, b = _sides(call)
        if turned:
            a, b = b, a
        given = {name: value for name, value in (("a", a), ("b", b)) if call.is_tensor(value)}
        sides = [name if name in given else text_of(value) for name, value in (("a", a), ("b", b))]
        return call.expression(f" {sign} ".join(sides), **given)

    return lower


def _pow(call: Call, *, turned: bool = False) -> Result:
    a, b = call.take("input", "exponent")
    if turned:
        a, b = b, a
    exponent = call.number(b)
    if call.is_tensor(a) and exponent is not None and not _is_whole(call, a):
        return call.one("Power", a, {"exponent": float(exponent)})
    if call.is_tensor(a) and call.is_tensor(b):
        return call.expression("a ** b", a=a, b=b)
    if call.is_tensor(a):
        return call.expression(f"a ** {text_of(exponent)}", a=a)
    return call.expression(f"{text_of(a)} ** b", b=b)


def _unary(name: str) -> Lower:
    return lambda call: call.one(name, *call.take("input"))


def _method(name: str) -> Lower:
    return lambda call: call.expression(f"x.{name}()", x=call.take("input")[0])


def _pair(name: str, second: str = "other", argument: str = "") -> Lower:
    def lower(call: Call) -> Result:
        a, b = call.take("input", argument or second)
        if not (call.is_tensor(a) and call.is_tensor(b)):
            raise Unsuited(second)
        return call.pair(name, a, b, second)

    return lower


def _clamp(call: Call, *, low: bool = True, high: bool = True) -> Result:
    if low and high:
        x, least, most = call.take("input", min=None, max=None)
    else:
        x, end = call.take("input", "min" if low else "max")
        least, most = (end, None) if low else (None, end)
    if any(call.is_tensor(end) for end in (least, most)) or _is_whole(call, x):
        raise Unsuited("min")
    return call.one("Clamp", x, {"min": least, "max": most})


def _matmul(call: Call) -> Result:
    a, b = call.take("input", "other")
    weight = call.lowering.turned.get(b.number) if isinstance(b, Ref) else None
    if weight is not None and len(call.spec(a).shape) > 1 and call.lowering.can_hold(weight.name):
        rows = call.lowering.state[weight.name].shape[0]
        params = {"out_features": rows, "bias": False}
        return call.node("torch.nn.Linear", {"input": call.wire(a)}, params, weights=[("weight", weight.name)])
    return call.pair("MatMul", a, b)


def _einsum(call: Call) -> Result:
    equation, *operands = call.step.args
    if len(operands) == 1 and isinstance(operands[0], (tuple, list)):
        operands = list(operands[0])
    if call.step.kwargs or not isinstance(equation, str):
        raise Unsuited("equation")
    return call.several("Einsum", operands, {"equation": equation})


# ---- comparisons and choices


def _compare(name: str) -> Lower:
    def lower(call: Call) -> Result:
        a, b = _sides(call)
        if call.is_tensor(a) and call.is_tensor(b):
            return call.pair(name, a, b)
        if any(isinstance(v, int) and abs(v) > EXACT for v in (a, b)):
            raise Unsuited("value")
        if not call.is_tensor(a):
            return call.one(_MIRRORED.get(name, name), b, {"value": float(a)})
        return call.one(name, a, {"value": float(b)})

    return lower


def _logical(name: str) -> Lower:
    def lower(call: Call) -> Result:
        a, b = call.take("input", "other")
        if not (call.is_tensor(a) and call.is_tensor(b)) or {call.spec(v).dtype for v in (a, b)} != {"bool"}:
            raise Unsuited("bits")
        return call.pair(name, a, b)

    return lower


def _not(call: Call) -> Result:
    (x,) = call.take("input")
    if call.spec(x).dtype != "bool" and not call.step.name.startswith("logical_not") and call.shown != "logical_not":
        raise Unsuited("bits")
    return call.one("LogicalNot", x)


def _where(call: Call) -> Result:
    condition, a, b = call.take("condition", "input", "other")
    if call.is_tensor(a) and call.is_tensor(b):
        return call.node(
            "layerloom.Where", {"condition": call.wire(condition), "input": call.wire(a), "other": call.wire(b)}
        )
    given = {name: value for name, value in (("a", a), ("b", b)) if call.is_tensor(value)}
    sides = [name if name in given else text_of(value) for name, value in (("a", a), ("b", b))]
    return call.expression(f"where(c, {sides[0]}, {sides[1]})", c=condition, **given)


def _masked_fill(call: Call) -> Result:
    x, mask, value = call.take("input", "mask", "value")
    number = call.number(value)
    if number is None or _is_whole(call, x):
        raise Unsuited("value")
    if abs(number) == float("inf"):  # no node has it as a setting
        fill = torch.full((1,), number, dtype=getattr(torch, call.spec(x).dtype))
        sides = {"condition": call.wire(mask), "input": call.wire(Constant(fill)), "other": call.wire(x)}
        return call.node("layerloom.Where", sides)
    return call.node("layerloom.MaskedFill", {"input": call.wire(x), "mask": call.wire(mask)}, {"value": float(number)})


# ---- reductions


def _reduction(name: str, whole: str, **more: Any) -> Lower:
    """Along dimensions with a node; over everything, the batch included, with an expression."""

    def lower(call: Call) -> Result:
        x, dim, keepdim, *rest = call.take("input", dim=None, keepdim=False, **more)
        params = dict(zip(more, rest, strict=True))
        if params.pop("dtype", None) is not None:
            raise Unsuited("dtype")
        if dim is None or dim == () or dim == []:
            if keepdim or any(params[key] != more[key] for key in params):
                raise Unsuited("keepdim")
            return call.expression(f"x.{whole}()", x=x)
        return call.one(name, x, {"dim": dim, "keepdim": keepdim, **params})

    return lower


def _deviation(name: str, whole: str) -> Lower:
    def lower(call: Call) -> Result:
        x, dim, unbiased, keepdim, correction = call.take("input", dim=None, unbiased=None, keepdim=False, correction=1)
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        correction = int(unbiased) if unbiased is not None else correction
        if dim is None:
            return call.expression(f"x.{whole}(correction={text_of(correction)})", x=x)
        return call.one(name, x, {"dim": dim, "keepdim": keepdim, "correction": correction})

    return lower


def _norm(call: Call) -> Result:
    names = (
        {"p": 2, "dim": None, "keepdim": False}
        if call.step.name == "norm"
        else {"ord": 2, "dim": None, "keepdim": False}
    )
    x, power, dim, keepdim, *_ = call.take("input", **names, dtype=None)
    if power in ("fro", None):
        power = 2
    if dim is None or isinstance(power, str):
        raise Unsuited("dim")
    return call.one("Norm", x, {"ord": float(power), "dim": dim, "keepdim": keepdim})


def _extreme(name: str, one: str, both: str) -> Lower:
    """`max` is three functions: over everything, along a dimension with its places, and of two tensors."""

    def lower(call: Call) -> Result:
        if len(call.step.args) > 1 and call.is_tensor(call.step.args[1]):
            return call.pair(both, *call.take("input", "other"))
        x, dim, keepdim = call.take("input", dim=None, keepdim=False)
        if dim is None:
            return call.expression(f"x.{one}()", x=x)
        return call.one(name, x, {"dim": dim, "keepdim": keepdim})

    return lower


def _arg(name: str) -> Lower:
    def lower(call: Call) -> Result:
        x, dim, keepdim = call.take("input", dim=None, keepdim=False)
        if dim is None:
            raise Unsuited("dim")
        return call.one(name, x, {"dim": dim, "keepdim": keepdim})

    return lower


def _topk(call: Call) -> Result:
    x, k, dim, largest, ordered = call.take("input", "k", dim=-1, largest=True, sorted=True)
    return call.one("TopK", x, {"k": k, "dim": dim, "largest": largest, "sorted": ordered})


def _sort(call: Call) -> Result:
    x, dim, descending = call.take("input", dim=-1, descending=False)
    return call.one("Sort", x, {"dim": dim, "descending": descending})


def _cumsum(call: Call) -> Result:
    x, dim, kind = call.take("input", "dim", dtype=None)
    if kind is not None:
        raise Unsuited("dtype")
    return call.one("CumulativeSum", x, {"dim": dim})


_UNARY = {
    "neg": "Negate", "abs": "Abs", "exp": "Exp", "log": "Log", "sqrt": "Sqrt", "square": "Square", "reciprocal": "Reciprocal",
    "rsqrt": "Rsqrt", "sin": "Sin", "cos": "Cos", "sign": "Sign", "round": "Round", "floor": "Floor", "ceil": "Ceil",
}  # fmt: skip
_METHODS = ("erf", "expm1", "log1p")
_COMPARISONS = {"gt": "Greater", "ge": "GreaterEqual", "lt": "Less", "le": "LessEqual", "eq": "Equal", "ne": "NotEqual"}

FUNCTIONS: Mapping[str, Lower] = {
    **{name: _unary(node) for name, node in _UNARY.items()},
    **{name: _method(name) for name in _METHODS},
    **{name: _compare(node) for name, node in _COMPARISONS.items()},
    "add": _add, "radd": _add, "sub": _sub, "rsub": lambda call: _sub(call, turned=True), "mul": _mul, "rmul": _mul,
    "div": _div, "rdiv": lambda call: _div(call, turned=True), "floor_divide": _with_sign("//"), "remainder": _with_sign("%"),
    "pow": _pow, "rpow": lambda call: _pow(call, turned=True),
    "matmul": _matmul, "mm": _matmul, "bmm": _pair("BatchMatMul", "mat2"), "einsum": _einsum,
    "maximum": _pair("Maximum"), "minimum": _pair("Minimum"),
    "clamp": _clamp, "clamp_min": lambda call: _clamp(call, high=False), "clamp_max": lambda call: _clamp(call, low=False),
    "logical_and": _pair("LogicalAnd"), "logical_or": _pair("LogicalOr"), "logical_not": _not, "logical_not_": _not,
    "logical_and_": _logical("LogicalAnd"), "logical_or_": _logical("LogicalOr"),
    "where": _where, "masked_fill": _masked_fill,
    "sum": _reduction("Sum", "sum", dtype=None), "mean": _reduction("Mean", "mean", dtype=None), "amax": _reduction("Max", "amax"),
    "amin": _reduction("Min", "amin"), "logsumexp": _reduction("LogSumExp", "logsumexp"), "prod": _reduction("Product", "prod", dtype=None),
    "any": _reduction("Any", "any"), "all": _reduction("All", "all"), "var": _deviation("Variance", "var"),
    "std": _deviation("StandardDeviation", "std"), "norm": _norm, "vector_norm": _norm, "linalg_vector_norm": _norm,
    "max": _extreme("MaxWithIndices", "amax", "Maximum"), "min": _extreme("MinWithIndices", "amin", "Minimum"),
    "argmax": _arg("ArgMax"), "argmin": _arg("ArgMin"), "topk": _topk, "sort": _sort, "cumsum": _cumsum,
    **SOURCE_FUNCTIONS,
    **SHAPE_FUNCTIONS,
    **LAYER_FUNCTIONS,
}  # fmt: skip

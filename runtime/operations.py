"""How each operation between layers is written in Python: an expression in one line over the variables that feed it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graph.model import Value
from graph.tensor_expressions import written
from runtime.symbols import Symbol, factor

Values = Mapping[str, Any]  # checked: each is of the kind of its parameter
Writer = Callable[[Values, Sequence[str]], str]

_EXACT = 1e6  # whole numbers up to here are written without a point


def plain(value: Value) -> str:
    """A checked value as a person would write it: 2 for 2.0, and 1 for a tuple of one entry."""
    if isinstance(value, tuple) and len(value) == 1:
        return plain(value[0])
    if isinstance(value, float) and not isinstance(value, Symbol) and value.is_integer():
        return repr(int(value)) if abs(value) < _EXACT else repr(value) if "e" in repr(value) else _short(value)
    return repr(value)


def _short(value: float) -> str:
    """-1e9 for -1000000000.0, where that is the same number."""
    text = f"{value:g}".replace("e+0", "e").replace("e+", "e")
    return text if float(text) == value else repr(value)


def _operand(value: Value) -> str:
    """A checked value beside an operator."""
    return factor(value) if isinstance(value, Symbol) else plain(value)


def _listed(arguments: Sequence[str]) -> str:
    return f"[{', '.join(arguments)}]"


def _keywords(values: Values, defaults: Mapping[str, Value]) -> list[str]:
    """The parameters that are not at PyTorch's default, as keyword arguments."""
    return [f"{name}={plain(values[name])}" for name, default in defaults.items() if values[name] != default]


def _infix(symbol: str) -> Writer:
    return lambda values, arguments: f" {symbol} ".join(arguments)


def _prefix(symbol: str) -> Writer:
    return lambda values, arguments: f"{symbol}{arguments[0]}"


def _function(name: str, **defaults: Value) -> Writer:
    """`torch.name(a, b, parameter=...)`."""
    return lambda values, arguments: f"{name}({', '.join([*arguments, *_keywords(values, defaults)])})"


def _on_list(name: str) -> Writer:
    return lambda values, arguments: f"{name}({_listed(arguments)}, dim={values['dim']!r})"


def _method(name: str, *positional: str, **defaults: Value) -> Writer:
    """`a.name(1, b, parameter=...)`: first what PyTorch requires, then the other inputs, then the rest."""

    def write(values: Values, arguments: Sequence[str]) -> str:
        x, *others = arguments
        required = [plain(values[parameter]) for parameter in positional]
        return f"{x}.{name}({', '.join([*required, *others, *_keywords(values, defaults)])})"

    return write


def _spread(name: str, parameter: str, *first: str) -> Writer:
    """`a.name(0, 2, 1)`: a tuple as arguments of its own."""
    return lambda values, arguments: f"{arguments[0]}.{name}({', '.join([*first, *map(repr, values[parameter])])})"


def _reduction(name: str, **defaults: Value) -> Writer:
    return _method(name, dim=None, keepdim=False, **defaults)


def _comparison(symbol: str) -> Writer:
    """With the other input, or with the value where nothing is wired to it."""
    return lambda values, arguments: f" {symbol} ".join([*arguments, _operand(values["value"])][:2])


def _reshape(values: Values, arguments: Sequence[str]) -> str:
    (x,) = arguments
    return f"{x}.reshape({', '.join([f'{x}.shape[0]', *map(repr, values['shape'])])})"


def _scale(values: Values, arguments: Sequence[str]) -> str:
    (x,) = arguments
    times, offset = values["factor"], values["offset"]
    size = offset if offset > 0 else -offset
    shift = f" {'+' if offset > 0 else '-'} {_operand(size)}" if offset else ""
    return f"{x} * {_operand(times)}{shift}"


def _power(values: Values, arguments: Sequence[str]) -> str:
    exponent = values["exponent"]  # negative ones keep their point: whole numbers take no negative whole power
    return f"{arguments[0]} ** {_operand(exponent) if exponent >= 0 else factor(exponent)}"


def _clamp(values: Values, arguments: Sequence[str]) -> str:
    bounds = [f"{name}={_operand(values[name])}" for name in ("min", "max") if values[name] is not None]
    return f"{arguments[0]}.clamp({', '.join(bounds)})"


def _einsum(values: Values, arguments: Sequence[str]) -> str:
    return f"torch.einsum({', '.join([repr(values['equation']), *arguments])})"


def _noise(values: Values, arguments: Sequence[str]) -> str:
    draw = {"normal": "randn_like", "uniform": "rand_like"}[str(values["distribution"])]
    times = "" if values["scale"] == 1 else f"{_operand(values['scale'])} * "
    return f"{times}torch.{draw}({arguments[0]})"


def _to_dtype(values: Values, arguments: Sequence[str]) -> str:
    return f"{arguments[0]}.to(torch.{values['dtype']})"


def _at(values: Values, x: str, place: str) -> str:
    """`x[:, place]` or, counted from the end, `x[..., place, :]`."""
    dim = int(values["dim"])
    places = [":"] * dim + [place] if dim >= 0 else ["...", place] + [":"] * (-dim - 1)
    return f"{x}[{', '.join(places)}]"


def _slice(values: Values, arguments: Sequence[str]) -> str:
    start, stop, step = values["start"] or "", values["stop"], values["step"]
    end = "" if stop is None else stop
    return _at(values, arguments[0], f"{start}:{end}" + (f":{step}" if step != 1 else ""))


def _select(values: Values, arguments: Sequence[str]) -> str:
    return _at(values, arguments[0], repr(values["index"]))


def _piece(values: Values, arguments: Sequence[str]) -> str:
    return f"{arguments[0]}.chunk({values['chunks']!r}, dim={values['dim']!r})[{values['index']!r}]"


def _split(values: Values, arguments: Sequence[str]) -> str:
    sizes = list(values["split_sizes"])
    return f"{arguments[0]}.split({sizes!r}, dim={values['dim']!r}){'' if len(sizes) > 1 else '[0]'}"


def _index_select(values: Values, arguments: Sequence[str]) -> str:
    return _at(values, arguments[0], repr(list(values["index"])))


def _diagonal(values: Values, arguments: Sequence[str]) -> str:
    dims = f"dim1={values['dim1']!r}, dim2={values['dim2']!r}"
    return f"{arguments[0]}.diagonal({values['offset']!r}, {dims})"


def _shape_like(values: Values, like: str) -> str:
    """The sizes of one tensor for every sample: `x.shape[0], 3, 4`."""
    return ", ".join([f"{like}.shape[0]", *map(repr, values["shape"])])


def _full(values: Values, arguments: Sequence[str]) -> str:
    (like,) = arguments
    sizes, value = _shape_like(values, like), values["fill_value"]
    dtype = ", dtype=torch.float32" if isinstance(value, Symbol) else ""
    name = {0.0: "zeros", 1.0: "ones"}.get(float(value)) if not isinstance(value, Symbol) else None
    made = f"torch.full(({sizes}), {value!r}{dtype}" if name is None else f"torch.{name}({sizes}"
    return f"{made}, device={like}.device)"


def _random(values: Values, arguments: Sequence[str]) -> str:
    (like,) = arguments
    draw = {"normal": "randn", "uniform": "rand"}[str(values["distribution"])]
    return f"torch.{draw}({_shape_like(values, like)}, device={like}.device)"


def _positions(values: Values, arguments: Sequence[str]) -> str:
    (x,) = arguments
    places = f"torch.arange({x}.shape[{values['dim']!r}], device={x}.device)"
    return f"{places}.expand({x}.shape[0], -1)" if values["batch"] else places


def _positional_encoding(values: Values, arguments: Sequence[str]) -> str:
    (x,) = arguments
    return f"{x} + sinusoidal_encoding({x})" if values["add"] else f"sinusoidal_encoding({x}).expand_as({x})"


def _pad(values: Values, arguments: Sequence[str]) -> str:
    value = _keywords(values, {"value": 0.0})
    return f"nn.functional.pad({', '.join([arguments[0], repr(values['pad']), *value])})"


def _interpolate(values: Values, arguments: Sequence[str]) -> str:
    extent = "scale_factor" if values["size"] is None else "size"
    options = _keywords(values, {extent: None, "mode": "nearest", "align_corners": False})
    return f"nn.functional.interpolate({', '.join([*arguments, *options])})"


def _resize(values: Values, arguments: Sequence[str]) -> str:
    options = [f"size={plain(values['size'])}", f"mode={values['mode']!r}"]
    smooth = ["antialias=True"] if values["antialias"] and values["mode"] != "nearest" else []
    return f"nn.functional.interpolate({', '.join([*arguments, *options, *smooth])})"


def _causal_mask(values: Values, arguments: Sequence[str]) -> str:
    """A square of yes, of which one triangle is kept: up to the diagonal, or behind it."""
    (x,) = arguments
    length = f"{x}.shape[{values['dim']!r}]"
    triangle = "tril()" if values["mark"] == "visible" else "triu(1)"
    return f"torch.ones({length}, {length}, dtype=torch.bool, device={x}.device).{triangle}"


def _padding_mask(values: Values, arguments: Sequence[str]) -> str:
    x, lengths = arguments
    symbol = "<" if values["mark"] == "visible" else ">="
    return f"torch.arange({x}.shape[{values['dim']!r}], device={x}.device) {symbol} {lengths}.unsqueeze(1)"


def _attention(values: Values, arguments: Sequence[str]) -> str:
    query_key_value, mask = arguments[:3], [f"attn_mask={name}" for name in arguments[3:]]
    options = _keywords(values, {"is_causal": False, "scale": None})
    return f"nn.functional.scaled_dot_product_attention({', '.join([*query_key_value, *mask, *options])})"


OPERATIONS: Mapping[str, Writer] = {
    f"layerloom.{name}": writer
    for name, writer in {
        "Add": _infix("+"),
        "Subtract": _infix("-"),
        "Multiply": _infix("*"),
        "Divide": _infix("/"),
        "Scale": _scale,
        "Power": _power,
        "Negate": _prefix("-"),
        "Abs": _method("abs"),
        "Exp": _method("exp"),
        "Log": _method("log"),
        "Sqrt": _method("sqrt"),
        "Square": _method("square"),
        **{
            name: _method(name.lower())
            for name in ("Reciprocal", "Rsqrt", "Sin", "Cos", "Sign", "Round", "Floor", "Ceil")
        },
        "Clamp": _clamp,
        "Minimum": _function("torch.minimum"),
        "Maximum": _function("torch.maximum"),
        "MatMul": _infix("@"),
        "BatchMatMul": _function("torch.bmm"),
        "Outer": lambda values, arguments: f"{arguments[0]}.unsqueeze(-1) * {arguments[1]}.unsqueeze(-2)",
        "Cross": lambda values, arguments: f"torch.linalg.cross({', '.join(arguments)}, dim={values['dim']!r})",
        "Einsum": _einsum,
        "Concatenate": _on_list("torch.cat"),
        "Stack": _on_list("torch.stack"),
        "Constant": lambda values, arguments: f"torch.full_like({arguments[0]}, {plain(values['fill_value'])})",
        "Noise": _noise,
        "ToDtype": _to_dtype,
        "Detach": _method("detach"),
        "Expression": lambda values, arguments: written(values["expression"], arguments),
        "Full": _full,
        "Random": _random,
        "Positions": _positions,
        "PositionalEncoding": _positional_encoding,
        "Sum": _reduction("sum"),
        "Mean": _reduction("mean"),
        "Max": _reduction("amax"),
        "Min": _reduction("amin"),
        "Variance": _reduction("var", correction=1),
        "StandardDeviation": _reduction("std", correction=1),
        "Norm": _function("torch.linalg.vector_norm", ord=2, dim=None, keepdim=False),
        "LogSumExp": _reduction("logsumexp"),
        "ArgMax": _reduction("argmax"),
        "ArgMin": _reduction("argmin"),
        "MaxWithIndices": _reduction("max"),
        "MinWithIndices": _reduction("min"),
        "TopK": _method("topk", "k", dim=-1, largest=True, sorted=True),
        "Sort": _method("sort", dim=-1, descending=False),
        "Product": _reduction("prod"),
        "Any": _reduction("any"),
        "All": _reduction("all"),
        "CumulativeSum": _method("cumsum", dim=None),
        "Greater": _comparison(">"),
        "GreaterEqual": _comparison(">="),
        "Less": _comparison("<"),
        "LessEqual": _comparison("<="),
        "Equal": _comparison("=="),
        "NotEqual": _comparison("!="),
        "LogicalAnd": _function("torch.logical_and"),
        "LogicalOr": _function("torch.logical_or"),
        "LogicalNot": _function("torch.logical_not"),
        "Where": _function("torch.where"),
        "MaskedFill": lambda values, arguments: f"{arguments[0]}.masked_fill({arguments[1]}, {plain(values['value'])})",
        "CausalMask": _causal_mask,
        "PaddingMask": _padding_mask,
        "ScaledDotProductAttention": _attention,
        "Reshape": _reshape,
        "Slice": _slice,
        "Select": _select,
        "Narrow": _method("narrow", "dim", "start", "length"),
        "Split": _split,
        "Chunk": lambda values, arguments: f"{arguments[0]}.chunk({values['chunks']!r}, dim={values['dim']!r})",
        "Unbind": lambda values, arguments: f"{arguments[0]}.unbind(dim={values['dim']!r})",
        "ChunkPiece": _piece,
        "Gather": _method("gather", "dim"),
        "TakeAlongDim": _method("take_along_dim", dim=None),
        "IndexSelect": _index_select,
        "ScatterAdd": _method("scatter_add", "dim"),
        "Diagonal": _diagonal,
        "Tril": _method("tril", diagonal=0),
        "Triu": _method("triu", diagonal=0),
        "Movedim": _method("movedim", "source", "destination"),
        "Permute": _spread("permute", "dims"),
        "Transpose": _method("transpose", "dim0", "dim1"),
        "Squeeze": _method("squeeze", "dim"),
        "Unsqueeze": _method("unsqueeze", "dim"),
        "Expand": _spread("expand", "size", "-1"),
        "Repeat": _spread("repeat", "repeats", "1"),
        "RepeatInterleave": _method("repeat_interleave", "repeats", dim=None),
        "OneHot": lambda values, arguments: f"nn.functional.one_hot({arguments[0]}, {values['num_classes']!r})",
        "Pad": _pad,
        "Interpolate": _interpolate,
        "Resize": _resize,
        "Roll": _method("roll", "shifts", dims=None),
        "Flip": _spread("flip", "dims"),
    }.items()
}

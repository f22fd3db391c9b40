"""The kinds of rules that say how a dimension of an output depends on inputs and parameters.

A rule has two halves. `moves` says from which dimension of which input a dimension is taken over as it is; what it gives
None for, `makes` explains in a sentence, with the dimensions that the size was worked out from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from graph.catalog.types import shown
from graph.facts import read_facts
from graph.messages import Message, msg
from graph.model import Node
from runtime.analysis import Dim, TensorSpec

Dims = tuple[int, ...]
Place = tuple[str, int]  # an input and a dimension of what arrives there


@dataclass(frozen=True, slots=True)
class View:
    """One output of a node, with what is known of the node."""

    node: Node
    values: Mapping[str, Any]
    inputs: Mapping[str, TensorSpec]
    spec: TensorSpec
    port: str

    @property
    def first(self) -> str:
        """The first input."""
        return next(iter(self.inputs))

    @property
    def rank(self) -> int:
        """The number of dimensions of the output."""
        return len(self.spec.shape)

    def given(self, dim: int) -> Dim:
        """A size of what arrives at the first input."""
        return self.inputs[self.first].shape[dim]

    def axis(self, name: str, dim: int, default: Any = 0) -> Any:
        """A parameter for one spatial dimension: `kernel_size` for dimension 2 of a B × C × H × W."""
        value = self.values.get(name, default)
        return value[dim - 2] if isinstance(value, tuple) and dim - 2 < len(value) else value

    def words(self, dims: Dims) -> dict[str, object]:
        """The fields that every sentence may use."""
        given = [self.given(d) for d in dims if self.inputs and d < len(self.inputs[self.first].shape)]
        return {"node": self.node.name, "size": times(self.spec.shape[d] for d in dims), "given": times(given)}


class Answer(NamedTuple):
    """A sentence, or None for what is passed on silently, and what to ask next: (input, dimensions).

    None instead of an input asks about other dimensions of the same output. `param`: the parameter that the size is taken
    from as it stands there.
    """

    message: Message | None = None
    causes: tuple[tuple[str | None, Dims], ...] = ()
    param: str | None = None


Moves = Callable[[View, int], Place | None]
Makes = Callable[[View, Dims], Answer]


class Rule(NamedTuple):
    """The two halves; `grouped`: `makes` can explain several dimensions in one sentence."""

    moves: Moves
    makes: Makes
    grouped: bool = False


def times(sizes: Iterable[object]) -> str:
    """Sizes as people write them: `5 × 5`."""
    return " × ".join(map(str, sizes))


# ---- what is passed on


def same(view: View, dim: int) -> Place | None:
    """The same dimension of the input; where several stretch to one shape, of the first that has this size."""
    size = view.spec.shape[dim]
    for port, spec in view.inputs.items():
        place = dim - view.rank + len(spec.shape)
        if place >= 0 and spec.shape[place] == size:
            return port, place
    return None


def nowhere(_view: View, _dim: int) -> Place | None:
    """Nothing is passed on."""
    return None


def of(port: str) -> Moves:
    """Every dimension is that of one input."""
    return lambda view, dim: (port, dim) if view.inputs[port].shape[dim] == view.spec.shape[dim] else None


def but_last(view: View, dim: int) -> Place | None:
    """What works on the last dimension leaves the others alone."""
    return None if dim == view.rank - 1 else (view.first, dim)


def before(count: int) -> Moves:
    """The first `count` dimensions are passed on."""
    return lambda view, dim: (view.first, dim) if dim < count else None


def but(name: str = "dim") -> Moves:
    """All but the dimensions that a parameter names."""
    return lambda view, dim: None if dim in named(view, name) else (view.first, dim)


def named(view: View, name: str, *, rank: int | None = None) -> list[int]:
    """The dimensions that a parameter names, from 0."""
    value, rank = view.values[name], view.rank if rank is None else rank
    return [dim % rank for dim in (value if isinstance(value, tuple) else (value,))]


# ---- sentences


def comes_out(view: View, dims: Dims) -> Answer:
    """What no rule explains. It goes on with the one dimension of an input that has the same size; where there are several,
    with the same one of the first input, if all inputs are alike as far as that."""
    words = view.words(dims)
    text = msg("{size} comes out of '{node}'.", size=words["size"], node=words["node"])
    size, begin = view.spec.shape[dims[0]], view.spec.shape[: dims[0] + 1]
    alike = [(port, (d,)) for port, spec in view.inputs.items() for d, entry in enumerate(spec.shape) if entry == size]
    if len(alike) > 1 and all(spec.shape[: len(begin)] == begin for spec in view.inputs.values()):
        alike = [(view.first, dims)]
    return Answer(text, tuple(alike) if len(alike) == len(dims) == 1 else ())


def param(name: str) -> Makes:
    """The size is the value of a parameter, or an entry of it."""

    def made(view: View, dims: Dims) -> Answer:
        value, sizes = view.values.get(name), tuple(view.spec.shape[dim] for dim in dims)
        words = {"size": times(sizes), "param": name, "node": view.node.name}
        if isinstance(value, tuple) and value != sizes:
            text = msg("{size} comes from {param} of '{node}', which is {value}.", **words, value=shown(value))
        else:
            text = msg("{size} is {param} of '{node}'.", **words)
        return Answer(text, param=name)

    return made


def counted(formula: Callable[[View, int], str | None]) -> Makes:
    """The size is worked out from the same dimension of the first input."""

    def made(view: View, dims: Dims) -> Answer:
        (dim,) = dims
        return _made(view, dims, formula(view, dim))

    return made


def _made(view: View, dims: Dims, formula: str | None) -> Answer:
    words = view.words(dims)
    if formula:
        text = msg("'{node}' makes {size} out of {given}: {formula}.", **words, formula=formula)
    else:
        text = msg("'{node}' makes {size} out of {given}.", **words)
    return Answer(text, ((view.first, dims),))


def merged(view: View, dims: Dims, sources: Dims, text: Message) -> Answer:
    """Several dimensions of the first input become one: the channels are asked about first, the rest together."""
    first, rest = sources[:1], sources[1:]
    return Answer(text, tuple((view.first, part) for part in (first, rest) if part))


# ---- windows, by the formulas of PyTorch's documentation of Conv2d, ConvTranspose2d and MaxPool2d


def _axis(view: View, dim: int) -> tuple[int, int, int, int]:
    """Reach of the kernel, stride, padding and the size that arrives."""
    kernel, dilation = view.axis("kernel_size", dim), view.axis("dilation", dim, 1)
    stride = kernel if view.values.get("stride") is None else view.axis("stride", dim)
    padding, given = view.axis("padding", dim), view.given(dim)
    if not isinstance(padding, int) or not isinstance(given, int):
        raise TypeError
    return dilation * (kernel - 1) + 1, stride, padding, given


def _slide(view: View, dim: int) -> str | None:
    """(in + 2 padding - reach) / stride + 1, where reach = dilation (kernel - 1) + 1."""
    reach, stride, padding, given = _axis(view, dim)
    space, size = given + 2 * padding - reach, view.spec.shape[dim]
    up = view.values.get("ceil_mode", False)
    if size != (-(-space // stride) if up else space // stride) + 1:
        return None
    inner = f"{given} + {2 * padding} − {reach}" if padding else f"{given} − {reach}"
    if space % stride:
        left, right = "⌈⌉" if up else "⌊⌋"
        return f"{left}({inner}) / {stride}{right} + 1 = {size}"
    return f"({inner}) / {stride} + 1 = {size}"


def _spread(view: View, dim: int) -> str | None:
    """(in - 1) stride - 2 padding + reach + output_padding."""
    reach, stride, padding, given = _axis(view, dim)
    extra, size = view.axis("output_padding", dim), view.spec.shape[dim]
    if size != (given - 1) * stride - 2 * padding + reach + extra:
        return None
    cut, more = (f" − {2 * padding}" if padding else ""), (f" + {extra}" if extra else "")
    return f"({given} − 1) × {stride}{cut} + {reach}{more} = {size}"


def windows(text: Message, formula: Callable[[View, int], str | None]) -> Makes:
    """A kernel goes over the spatial dimensions; `text` says so with {kernel}, {given} and {formula}."""

    def made(view: View, dims: Dims) -> Answer:
        try:
            formulas = [formula(view, dim) for dim in dims]
        except TypeError:  # padding='same'
            formulas = [None]
        if None in formulas:
            return _made(view, dims, None)
        kernel = times(view.axis("kernel_size", dim) for dim in dims)
        shown = ", ".join(dict.fromkeys(filter(None, formulas)))
        return Answer(
            replace(text, values={**view.words(dims), "kernel": kernel, "formula": shown}), ((view.first, dims),)
        )

    return made


slides = windows(msg("'{node}' slides a kernel of {kernel} over {given}: {formula}."), _slide)
pools = windows(msg("'{node}' takes windows of {kernel} from {given}: {formula}."), _slide)
spreads = windows(msg("'{node}' spreads {given} with a kernel of {kernel}: {formula}."), _spread)


def convolves(spatial: Makes) -> Makes:
    """Channels by parameter, everything behind them by windows."""
    return lambda view, dims: param("out_channels")(view, dims) if dims == (1,) else spatial(view, dims)


# ---- data


def data(view: View, dims: Dims) -> Answer:
    """What the data have: columns of a table, the sides of images."""
    words, facts = view.words(dims), read_facts(view.node)
    sample = times(view.spec.shape[1:])
    if dims == (0,):
        return Answer(batch(view))
    if view.port == "features" and facts is not None and facts.columns:
        text = msg("'{node}' has {size} columns: {columns}.", node=words["node"], size=words["size"],
                   columns=", ".join(facts.columns[:12]) + ("…" if len(facts.columns) > 12 else ""))  # fmt: skip
        return Answer(text)
    text = msg(
        "'{node}' gives {size}: every sample has {sample}.", node=words["node"], size=words["size"], sample=sample
    )
    return Answer(text)


def batch(view: View) -> Message:
    """The words for the first dimension of data."""
    return msg("B is the batch: as many samples as '{node}' gives at once.", node=view.node.name)


def declared(view: View, dims: Dims) -> Answer:
    """What an Input node was told, or what it gets from the instance of the block that it belongs to."""
    if dims == (0,):
        return Answer(batch(view))
    if view.values.get("shape") == view.spec.shape[1:]:
        return param("shape")(view, dims)
    words = view.words(dims)
    return Answer(msg("{size} comes into the block through '{node}'.", size=words["size"], node=words["node"]))

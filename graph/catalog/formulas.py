"""The formula of each node type in the notation of its field, and what it is with the sizes of a drawing filled in.

In the texts `_` and `^` set the next character, or what stands in braces, lower and higher: `W^{T}`, `h_{t−1}`; after a `\\` they
are themselves. `$name` is the value of a parameter. The notation is that of PyTorch's documentation where PyTorch defines the layer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from string import Template

from graph.catalog.definitions import BACKWARD, BOTH, GRADIENT, REPEAT, SCAN
from graph.catalog.types import NodeType, Role
from graph.messages import Message, msg
from graph.model import Value

Size = int | str
Dims = tuple[Size, ...]
_TIMES = "\u00d7"


@dataclass(frozen=True, slots=True)
class Filling:
    """What a formula is filled with: the values of the parameters, and the shapes at the ports, in the order of the ports.

    A size is a number, or a word for one that is open ("B").
    """

    values: Mapping[str, Value]
    inputs: Mapping[str, Dims]
    outputs: Mapping[str, Dims]

    @property
    def taken(self) -> Dims:
        """The shape of the first input."""
        return next(iter(self.inputs.values()), ())

    @property
    def given(self) -> Dims:
        """The shape of the first output."""
        return next(iter(self.outputs.values()), ())

    def number(self, name: str, place: int = 0) -> int:
        """A whole number of a parameter: that of a dimension where it may have one for each."""
        value = self.values[name]
        value = value[place] if isinstance(value, tuple) else value
        assert isinstance(value, int), (name, value)
        return value


Lines = Callable[[Filling], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Formula:
    """How a node type computes: its lines (or what gives them), what its symbols mean (keys of `SYMBOLS`), where it is from.

    `sizes` gives lines with the sizes filled in; without it they are the shapes of what is taken and given.
    """

    lines: Sequence[str] | Lines
    where: Sequence[str] = ()
    source: str = ""
    sizes: Lines | None = None
    note: Message | None = None


@dataclass(frozen=True, slots=True)
class Filled:
    """A formula with the values and sizes of one node in it. `where` says what symbols mean."""

    lines: tuple[str, ...]
    sizes: tuple[str, ...]
    where: tuple[tuple[str, Message], ...] = ()
    source: str = ""
    note: Message | None = None


# What signs mean: by key, the sign and its meaning.
SYMBOLS: Mapping[str, tuple[str, Message]] = {
    "W": ("W", msg("learned weights")),
    "b": ("b", msg("learned biases")),
    "⋆": ("⋆", msg("cross-correlation: the kernel slides over the input")),
    "σ": ("σ", msg("the sigmoid 1 / (1 + exp(−x))")),
    "⊙": ("⊙", msg("a product number by number")),
    "Φ": ("Φ", msg("the share of a normal distribution below x")),
    "μ, σ²": ("μ, σ²", msg("mean and variance")),
    "μ, σ² of training": ("μ, σ²", msg("mean and variance of each channel, averaged while training")),
    "γ, β": ("γ, β", msg("learned scale and shift")),
    "γ": ("γ", msg("learned scale")),
    "h_{t}": ("h_{t}", msg("the hidden state after step t")),
    "c_{t}": ("c_{t}", msg("the cell state after step t")),
    "i, f, g, o": ("i, f, g, o", msg("input gate, forget gate, new values, output gate")),
    "r, z, n": ("r, z, n", msg("reset gate, update gate, new values")),
    "Q, K, V": ("Q, K, V", msg("queries, keys, values: the inputs times learned weights")),
    "d": ("d", msg("features of a head")),
    "M": ("M", msg("the mask: 0 where may be looked, −∞ elsewhere")),
    "LN": ("LN", msg("layer normalization")),
    "MHA": ("MHA", msg("multi-head attention")),
    "E": ("E", msg("a table of learned rows, one for each index")),
    "x": ("x", msg("what the network says")),
    "y": ("y", msg("the right answer")),
    "x, scores": ("x", msg("scores, one for each class")),
    "N": ("N", msg("how many samples or places count")),
    "p": ("p", msg("what is right, as probabilities")),
    "D": ("D", msg("the data, of which this is one sample")),
    "f": ("f", msg("what the drawing inside computes")),
    "θ": ("θ", msg("learned numbers that depend on no input")),
    "ξ": ("ξ", msg("random numbers")),
    "c": ("c", msg("numbers that stay as they are")),
    "m": ("m", msg("a mask of random zeros and ones")),
    "d_{k}": ("d_{k}", msg("the distance to the k-th nearest of the true samples")),
    "[…]": ("[…]", msg("1 where it is so, otherwise 0")),
    "TP, FP, FN, TN": ("TP, FP, FN, TN", msg("right and wrong answers: true and false, positive and negative")),
}


def formula_of(node_type: NodeType, filling: Filling) -> Filled | None:
    """The formula of a type for one node; None where there is none in the table, as for code of the person.

    Sizes that are not known yet leave the lines with sizes out.
    """
    found = _table().get(node_type.id) or (_BLOCK if node_type.role is Role.BLOCK else None)
    if found is None:
        return None
    lines = _given(found.lines, filling) if callable(found.lines) else found.lines
    sizes = _given(found.sizes or shapes, filling)
    values = {name: _shown(value) for name, value in filling.values.items()}
    return Filled(
        tuple(Template(line).safe_substitute(values) for line in lines),
        tuple(Template(line).safe_substitute(values) for line in sizes),
        tuple(SYMBOLS[key] for key in found.where),
        found.source or _default_source(node_type.id),
        found.note,
    )


def _given(lines: Lines, filling: Filling) -> Sequence[str]:
    """What a function of the table gives; nothing where sizes are open, or the drawing is under way."""
    try:
        return lines(filling)
    except (AssertionError, ValueError, IndexError, KeyError, TypeError, ZeroDivisionError):
        return ()


def times(dims: Sequence[object]) -> str:
    """A shape as it stands in a formula: `1×400`; the empty one is that of a single number."""
    return _TIMES.join(map(str, dims)) or "1"


def shapes(filling: Filling) -> list[str]:
    """`1×400, 1×10 → 1×120`: the shapes of what is taken and given."""
    taken = ", ".join(map(times, filling.inputs.values()))
    given = ", ".join(map(times, filling.outputs.values()))
    return [" → ".join(filter(None, (taken, given)))] if given else []


def marked_up(text: str) -> list[tuple[str, int]]:
    """The text of a formula in pieces, each with how it is set: 0 on the line, -1 below, 1 above."""
    return [
        (sign or braced or single or plain, {"_": -1, "^": 1}.get(mark, 0))
        for sign, mark, braced, single, plain in _PIECES.findall(text)
    ]


_PIECES = re.compile(r"\\(.)|([_^])(?:\{([^}]*)\}|(\S))|([^_^\\]+)")


def _block(filling: Filling) -> Sequence[str]:
    """By how an instance uses its block; of several runs each has weights of its own, or all share them."""
    values = filling.values
    run = "f" if values.get("shared_weights") else "f_{k}"
    return {
        REPEAT: (f"x_{{k}} = {run}(x_{{k−1}})   k = 1 … $times",),
        SCAN: ("(y_{t}, h_{t}) = f(x_{t}, h_{t±1})" if values.get("direction") == BOTH else
               f"(y_{{t}}, h_{{t}}) = f(x_{{t}}, h_{{t{'+' if values.get('direction') == BACKWARD else '−'}1}})",),
        GRADIENT: ("y = ∂/∂x Σ_{i} f(x)_{i}",),
    }.get(str(values.get("use")), ("y = f(x)",))  # fmt: skip


_BLOCK = Formula(_block, ("f",))


def _table() -> Mapping[str, Formula]:
    from graph.catalog.formulas_table import FORMULAS

    return FORMULAS


def _default_source(type_id: str) -> str:
    return f"PyTorch, {type_id}" if type_id.startswith("torch.") else ""


def _shown(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:g}".replace("-", "−")
    return times(value) if isinstance(value, tuple) else str(value).replace("-", "−")

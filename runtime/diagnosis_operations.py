"""What operations between layers cannot take, in the words of the drawing, found before they are run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from graph.fixes import graph_fix, insert_before, set_param
from graph.messages import msg
from graph.model import Graph, Port
from graph.problems import Fix, Problem
from graph.tensor_expressions import with_arrow
from runtime.diagnosis_dimensions import (
    Check,
    check_dims,
    check_keeps_batch,
    check_mixes_samples,
    check_permutation,
    first,
    given,
    size_along,
)
from runtime.diagnosis_expressions import check_kinds
from runtime.diagnosis_pieces import PIECES
from runtime.diagnosis_sequences import check_mask_kind

if TYPE_CHECKING:
    from runtime.diagnosis import Situation

_MODES = {"linear": 3, "bilinear": 4, "bicubic": 4, "trilinear": 5}


# ---- places and sizes


def _check_place(s: Situation, *, name: str) -> Iterator[Problem]:
    size, place = size_along(s), s.values[name]
    if size is not None and not -size <= place < size:
        text = msg("'{node}' takes place {place} of dimension {dim}, but '{source}' gives {given}, where that dimension "
                   "has the size {size}. The first place is 0.",
                   **given(s), place=place, dim=s.values["dim"], size=size)  # fmt: skip
        yield s.problem("place-range", text, port="input")


def _check_stretch(s: Situation) -> Iterator[Problem]:
    size, start, length = size_along(s), s.values["start"], s.values["length"]
    if size is not None and (start < -size or (start + size if start < 0 else start) + length > size):
        text = msg("'{node}' takes {length} places from place {start} on, but '{source}' gives {given}, where dimension {dim} "
                   "has the size {size}. Take fewer, or start earlier.",
                   **given(s), length=length, start=start, dim=s.values["dim"], size=size)  # fmt: skip
        yield s.problem("place-range", text, port="input")


def _check_slice(s: Situation) -> Iterator[Problem]:
    size = size_along(s)
    if size is not None and not range(size)[slice(s.values["start"], s.values["stop"], s.values["step"])]:
        text = msg("'{node}' keeps nothing: dimension {dim} of '{source}' ({given}) has the size {size}. "
                   "Change start or stop.", **given(s), dim=s.values["dim"], size=size)  # fmt: skip
        yield s.problem("place-range", text, port="input")


def _check_piece(s: Situation) -> Iterator[Problem]:
    size, chunks, index = size_along(s), s.values["chunks"], s.values["index"]
    if size is None:
        return
    pieces = -(-size // -(-size // chunks)) if size else chunks
    if index >= pieces:
        text = msg("'{node}' wants piece {index}, but dimension {dim} of '{source}' ({given}) makes only {pieces}. "
                   "The first piece is 0.", **given(s), index=index, dim=s.values["dim"], pieces=pieces)  # fmt: skip
        yield s.problem("place-range", text, port="input")


def _check_squeeze(s: Situation) -> Iterator[Problem]:
    size = size_along(s)
    if size is not None and size != 1:
        text = msg("'{node}' changes nothing, because dimension {dim} of '{source}' ({given}) has the size {size}. "
                   "Only a dimension of the size 1 can be removed.", **given(s), dim=s.values["dim"], size=size)  # fmt: skip
        yield s.problem("no-effect", text, port="input", warn=True)


def _check_count(s: Situation, *, name: str) -> Iterator[Problem]:
    """One number for every dimension after the batch."""
    port, spec = first(s)
    if len(s.values[name]) != len(spec.shape) - 1:
        text = msg("'{param}' of '{node}' has {count} numbers, but '{source}' gives {given}. "
                   "Give one number for every dimension after the batch: {wanted}.",
                   **given(s), param=name, count=len(s.values[name]), wanted=len(spec.shape) - 1)  # fmt: skip
        yield s.problem("number-count", text, port=port)


def _check_expand(s: Situation) -> Iterator[Problem]:
    sizes = s.inputs["input"].shape[1:]
    pairs = zip(sizes, s.values["size"], strict=True) if len(sizes) == len(s.values["size"]) else ()
    for place, (old, new) in enumerate(pairs, 1):
        if new not in (-1, old) and old != 1:
            text = msg("'{node}' cannot stretch dimension {dim} of '{source}' ({given}) to {size}: only a dimension of the "
                       "size 1 stretches. -1 keeps a size.", **given(s), dim=place, size=new)  # fmt: skip
            yield s.problem("shape-mismatch", text, port="input")


def _check_pad(s: Situation) -> Iterator[Problem]:
    spec, pad = s.inputs["input"], s.values["pad"]
    touched = list(zip(reversed(spec.shape), zip(pad[::2], pad[1::2], strict=False), strict=False))
    if len(pad) % 2 or len(pad) > 2 * len(spec.shape):
        text = msg("'pad' of '{node}' has {count} numbers. Give two for every dimension, before and after, the last dimension "
                   "first; '{source}' gives {given}.", **given(s), count=len(pad))  # fmt: skip
        yield s.problem("number-count", text, port="input")
    elif any(isinstance(size, str) and any(ends) for size, ends in touched):
        text = msg("'pad' of '{node}' has {count} numbers and so reaches the batch of '{source}' ({given}). "
                   "Give fewer numbers.", **given(s), count=len(pad))  # fmt: skip
        yield s.problem("batch-dimension", text, port="input")


def _check_roll(s: Situation) -> Iterator[Problem]:
    shifts, dims = s.values["shifts"], s.values["dims"]
    if len(shifts) != len(dims):
        text = msg("'{node}' has {shifts} shifts for {dims} dimensions. Give one shift for every dimension.",
                   node=s.node.name, shifts=len(shifts), dims=len(dims))  # fmt: skip
        yield s.problem("number-count", text)


def _check_interpolate(s: Situation) -> Iterator[Problem]:
    spec, mode, size = s.inputs["input"], s.values["mode"], s.values["size"]
    wanted = _MODES.get(mode, len(spec.shape))
    if wanted != len(spec.shape):
        text = msg("'{node}' has the mode {mode}, which is for {wanted} dimensions, but '{source}' gives {given}. "
                   "Choose another mode.", **given(s), mode=mode, wanted=wanted)  # fmt: skip
        yield s.problem("mode", text, port="input")
    elif size is not None and len(size) not in (1, len(spec.shape) - 2):
        text = msg("'size' of '{node}' has {count} numbers, but '{source}' gives {given}. "
                   "Give one number, or one for every dimension after batch and channels.", **given(s), count=len(size))  # fmt: skip
        yield s.problem("number-count", text, port="input")
    elif size is None and any(isinstance(d, int) and int(d * s.values["scale_factor"]) < 1 for d in spec.shape[2:]):
        text = msg("'{node}' shrinks '{source}' ({given}) to nothing. Choose a larger scale.", **given(s))
        yield s.problem("scale", text, port="input")
    elif s.values["align_corners"] and (mode not in _MODES):
        text = msg("'align_corners' of '{node}' does not go with the mode {mode}. Switch it off, or choose linear, bilinear, "
                   "bicubic or trilinear.", node=s.node.name, mode=mode)  # fmt: skip
        yield s.problem("mode", text)


# ---- several inputs


def _sides(s: Situation, a: str, b: str) -> dict[str, object]:
    return {"node": s.node.name, "a": s.source(a), "sa": s.inputs[a], "b": s.source(b), "sb": s.inputs[b]}


def _check_matmul(s: Situation) -> Iterator[Problem]:
    (a, left), (b, right) = s.inputs.items()
    if len(left.shape) < 2 or len(right.shape) < 2 or left.shape[-1] == right.shape[-2]:
        return
    text = msg("'{node}' multiplies rows by columns: '{a}' gives {sa}, whose rows have {inner} numbers, and '{b}' gives {sb}, "
               "whose columns have {outer}. Both must be equal.",
               **_sides(s, a, b), inner=left.shape[-1], outer=right.shape[-2])  # fmt: skip
    mends: list[Fix] = []
    if left.shape[-1] == right.shape[-1]:
        label, swapped = msg("Insert a Transpose before {port}", port=b), {"dim0": -2, "dim1": -1}
        mends = [insert_before(label, Port(s.node.id, b), "layerloom.Transpose", swapped)]
    yield s.problem("inner-size", text, *mends, port=b)


def _check_einsum(s: Situation) -> Iterator[Problem]:
    terms = s.values["equation"].replace(" ", "").partition("->")[0].split(",")
    if len(terms) != len(s.inputs):
        text = msg("The equation {equation} of '{node}' has {terms} inputs, but {count} are wired. Put a comma between the inputs.",
                   equation=s.values["equation"], node=s.node.name, terms=len(terms), count=len(s.inputs))  # fmt: skip
        yield s.problem("equation", text)
        return
    if "->" not in s.values["equation"]:
        whole = with_arrow(s.values["equation"])
        text = msg("The equation {equation} of '{node}' does not say what comes out, and so may lose the batch. Write the output after "
                   "an arrow; PyTorch would take {whole}.", equation=s.values["equation"], node=s.node.name, whole=whole)  # fmt: skip
        yield s.problem("equation", text, set_param(s.node.id, "equation", whole))
    seen: dict[str, tuple[str, object]] = {}
    for term, (port, spec) in zip(terms, s.inputs.items(), strict=True):
        if "..." in term:
            continue
        if len(term) != len(spec.shape):
            text = msg("'{node}' reads '{source}' as {term}, which is {count} dimensions, but it gives {given}. "
                       "Write a letter for every dimension, the batch too.",
                       node=s.node.name, source=s.source(port), term=term or "''", count=len(term), given=spec)  # fmt: skip
            yield s.problem("equation", text, port=port)
            continue
        yield from _check_letters(s, port, term, seen)
        yield from _check_batch_letter(s, port, term)


def _check_batch_letter(s: Situation, port: str, term: str) -> Iterator[Problem]:
    """A warning where the letter of the batch is summed over."""
    arrow, output = s.values["equation"].partition("->")[1:]
    for dim, (letter, size) in enumerate(zip(term, s.inputs[port].shape, strict=True)):
        if arrow and isinstance(size, str) and letter not in output:
            text = msg("'{node}' mixes the samples of a batch, because dimension {dim} of '{source}' ({given}) is the batch. "
                       "Check that this is meant.",
                       node=s.node.name, dim=dim, source=s.source(port), given=s.inputs[port])  # fmt: skip
            yield s.problem("batch-dimension", text, port=port, warn=True)


def _check_letters(s: Situation, port: str, term: str, seen: dict[str, tuple[str, object]]) -> Iterator[Problem]:
    for letter, size in zip(term, s.inputs[port].shape, strict=True):
        other, known = seen.setdefault(letter, (port, size))
        if known != size and 1 not in (known, size):
            text = msg("In '{node}' the letter {letter} is {known} in '{a}' ({sa}) but {size} in '{b}' ({sb}). "
                       "The same letter must be the same size.",
                       **_sides(s, other, port), letter=letter, known=known, size=size)  # fmt: skip
            yield s.problem("equation", text, port=port)


def _check_stack(s: Situation) -> Iterator[Problem]:
    first, *others = s.inputs
    for other in others:
        if s.inputs[first].shape != s.inputs[other].shape:
            text = msg("'{node}' lays inputs of one shape side by side, but '{a}' gives {sa} and '{b}' gives {sb}.",
                       **_sides(s, first, other))  # fmt: skip
            yield s.problem("shape-mismatch", text, port=other)


def _check_gather(s: Situation, *, index: str = "index") -> Iterator[Problem]:
    if len(s.inputs["input"].shape) != len(s.inputs[index].shape):
        text = msg("'{node}' needs as many dimensions in its index as in its input, but '{a}' gives {sa} and '{b}' gives {sb}.",
                   **_sides(s, "input", index))  # fmt: skip
        yield s.problem("wrong-dimensions", text, port=index)


def _check_yes_or_no(s: Situation, *, port: str) -> Iterator[Problem]:
    spec = s.inputs[port]
    if spec.dtype != "bool":
        text = msg("'{port}' of '{node}' takes yes or no, but '{source}' gives numbers ({dtype}). "
                   "Put a comparison such as Greater between them.",
                   port=port, node=s.node.name, source=s.source(port), dtype=spec.dtype)  # fmt: skip
        yield s.problem("wrong-dtype", text, port=port)


def _check_numbers(s: Situation) -> Iterator[Problem]:
    for port, spec in s.inputs.items():
        if spec.dtype == "bool":
            text = msg("'{node}' works on numbers, but '{source}' gives yes or no. Put a ToDtype between them.",
                       node=s.node.name, source=s.source(port))  # fmt: skip
            yield s.problem("wrong-dtype", text, port=port)


def _check_one_kind(s: Situation) -> Iterator[Problem]:
    """Products of tensors take one dtype; older versions of PyTorch find that out only when they run."""
    first, *others = s.inputs
    for other in others:
        if s.inputs[first].dtype != s.inputs[other].dtype:
            text = msg("'{node}' multiplies numbers of one kind, but '{a}' gives {da} and '{b}' gives {db}. "
                       "Put a ToDtype before one of them.", node=s.node.name, a=s.source(first), b=s.source(other),
                       da=s.inputs[first].dtype, db=s.inputs[other].dtype)  # fmt: skip
            label = msg("Insert a ToDtype to {dtype}", dtype=s.inputs[first].dtype)
            mend = insert_before(label, Port(s.node.id, other), "layerloom.ToDtype", {"dtype": s.inputs[first].dtype})
            yield s.problem("wrong-dtype", text, mend, port=other)
            return


def _check_fit(s: Situation, *, ports: tuple[str, ...], matrices: bool = False) -> Iterator[Problem]:
    """The inputs stretch to one shape; of matrices what comes before rows and columns."""
    first, *others = ports
    for other in others:
        a, b = (s.inputs[port].shape[: -2 if matrices else None] for port in (first, other))
        if any(x != y and 1 not in (x, y) for x, y in zip(reversed(a), reversed(b), strict=False)):
            text = msg("'{node}' cannot bring its inputs to one shape: '{a}' gives {sa} and '{b}' gives {sb}. "
                       "Where they differ, one side must have the size 1.", **_sides(s, first, other))  # fmt: skip
            yield s.problem("shape-mismatch", text, port=other)
            return


def _check_cross(s: Situation) -> Iterator[Problem]:
    dim = s.values["dim"]
    for port, spec in s.inputs.items():
        if -len(spec.shape) <= dim < len(spec.shape) and spec.shape[dim] != 3:
            text = msg("'{node}' takes vectors of 3 numbers, but dimension {dim} of '{source}' ({given}) has the size {size}. "
                       "Choose the dimension of the size 3.",
                       node=s.node.name, source=s.source(port), given=spec, dim=dim, size=spec.shape[dim])  # fmt: skip
            yield s.problem("inner-size", text, port=port)
            return
    yield from _check_fit(s, ports=("input", "other"))


def _check_outer(s: Situation) -> Iterator[Problem]:
    """All but the last dimensions stretch to one shape."""
    a, b = (spec.shape[:-1] for spec in s.inputs.values())
    if any(x != y and 1 not in (x, y) for x, y in zip(reversed(a), reversed(b), strict=False)):
        text = msg("'{node}' multiplies along the last dimension, so all before it must agree, but '{a}' gives {sa} and '{b}' "
                   "gives {sb}.", **_sides(s, *s.inputs))  # fmt: skip
        yield s.problem("shape-mismatch", text, port=list(s.inputs)[1])


def _check_attention(s: Situation) -> Iterator[Problem]:
    query, key, value = (s.inputs[port].shape for port in ("query", "key", "value"))
    if query[-1] != key[-1]:
        text = msg("'{node}' compares queries with keys, so both need as many features, but '{a}' gives {sa} and '{b}' gives {sb}.",
                   **_sides(s, "query", "key"))  # fmt: skip
        yield s.problem("inner-size", text, port="key")
    elif key[-2] != value[-2]:
        text = msg("'{node}' needs a value for every key, but '{a}' gives {sa} and '{b}' gives {sb}.",
                   **_sides(s, "key", "value"))  # fmt: skip
        yield s.problem("shape-mismatch", text, port="value")
    elif s.values["is_causal"] and "attn_mask" in s.inputs:
        text = msg("'{node}' is causal and has a mask too. Switch 'is_causal' off and put the causal part into the mask "
                   "with CausalMask and LogicalAnd.", node=s.node.name)  # fmt: skip
        yield s.problem("two-masks", text, port="attn_mask")
    if "attn_mask" in s.inputs:
        yield from check_mask_kind(s, "attn_mask")


def _check_bounds(s: Situation) -> Iterator[Problem]:
    low, high = s.values["min"], s.values["max"]
    if low is None and high is None:
        text = msg("'{node}' has no bound. Give 'min', 'max' or both.", node=s.node.name)
        yield s.problem("bounds", text)
    elif low is not None and high is not None and low > high:
        text = msg("'{node}' keeps numbers from {low:g} to {high:g}, which is empty: all of them become {high:g}. Exchange the bounds.",
                   node=s.node.name, low=low, high=high)  # fmt: skip
        exchange = graph_fix(msg("Exchange min and max"), Graph.set_params, s.node.id, {"min": high, "max": low})
        yield s.problem("bounds", text, exchange)


_REDUCTIONS = (
    "Sum",
    "Mean",
    "Max",
    "Min",
    "Variance",
    "StandardDeviation",
    "Norm",
    "LogSumExp",
    "ArgMax",
    "ArgMin",
    "CumulativeSum",
    "Product",
    "Any",
    "All",
    "MaxWithIndices",
    "MinWithIndices",
    "Sort",
)
_BY_NAME: Mapping[str, Sequence[Check]] = {
    **dict.fromkeys(_REDUCTIONS, (check_dims, check_mixes_samples)),
    **dict.fromkeys(("ArgMax", "ArgMin"), (check_dims, check_mixes_samples, _check_numbers)),
    "Slice": (check_dims, check_keeps_batch, _check_slice),
    "Select": (check_dims, check_keeps_batch, partial(_check_place, name="index")),
    "Narrow": (check_dims, check_keeps_batch, _check_stretch),
    "ChunkPiece": (check_dims, check_keeps_batch, _check_piece),
    "Gather": (check_dims, _check_gather),
    "TakeAlongDim": (check_dims, partial(_check_gather, index="indices")),
    "Cross": (check_dims, _check_cross),
    "Outer": (_check_outer,),
    "Positions": (check_dims, check_mixes_samples),
    "Permute": (check_dims, check_permutation),
    "Transpose": (check_dims,),
    "Squeeze": (check_dims, check_keeps_batch, _check_squeeze),
    "Unsqueeze": (partial(check_dims, new=1),),
    "Stack": (partial(check_dims, new=1), _check_stack),
    "Expand": (partial(_check_count, name="size"), _check_expand),
    "Repeat": (partial(_check_count, name="repeats"),),
    "Pad": (_check_pad,),
    "Roll": (check_dims, check_mixes_samples, _check_roll),
    "Flip": (check_dims, check_mixes_samples),
    "Interpolate": (_check_interpolate,),
    "MatMul": (_check_matmul, partial(_check_fit, ports=("input", "other"), matrices=True)),
    "BatchMatMul": (_check_matmul,),
    "Einsum": (_check_numbers, _check_one_kind, _check_einsum),
    "Where": (partial(_check_yes_or_no, port="condition"), partial(_check_fit, ports=("input", "other", "condition"))),
    "MaskedFill": (partial(_check_yes_or_no, port="mask"), partial(_check_fit, ports=("input", "mask"))),
    "CausalMask": (check_dims, check_mixes_samples),
    "PaddingMask": (check_dims, check_mixes_samples),
    "ScaledDotProductAttention": (_check_attention, partial(_check_fit, ports=("query", "key", "value"), matrices=True)),
    **dict.fromkeys(("Subtract", "Negate", "Abs", "Round", "Floor", "Ceil"), (_check_numbers,)),
    "Clamp": (_check_bounds,),
    **PIECES,
    "TopK": (*PIECES["TopK"], _check_numbers),
    "Expression": (check_kinds,),
}  # fmt: skip
OPERATION_CHECKS: Mapping[str, tuple[Check, ...]] = {
    f"layerloom.{name}": tuple(checks) for name, checks in _BY_NAME.items()
}

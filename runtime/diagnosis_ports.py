"""What any input can have wrong: its number of dimensions, its dtype, its precision, a size that somebody pinned."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isqrt
from typing import TYPE_CHECKING

from graph import fixes
from graph.catalog import CATALOG, Param, Role
from graph.catalog.metric import OF_CLASSES
from graph.messages import msg
from graph.model import Port
from graph.problems import Fix, Problem
from graph.scores import is_yes_or_no
from runtime.analysis import TensorSpec
from runtime.diagnosis_tools import (
    FLATTEN,
    FLOATS,
    RANKS,
    Shape,
    channels_first,
    channels_last,
    insert,
    insert_both,
    removable,
    reorder,
    times,
)

if TYPE_CHECKING:
    from runtime.diagnosis import Situation

RESHAPE = "layerloom.Reshape"
TO_DTYPE = "layerloom.ToDtype"
DIMENSIONS = {2: "B × F", 3: "B × C × L", 4: "B × C × H × W", 5: "B × C × D × H × W"}

_SEVERAL_LABELS = "torch.nn.MultiLabelMarginLoss"
_FOR_CLASSES = {Role.LOSS: "torch.nn.CrossEntropyLoss", Role.METRIC: "layerloom.metrics.Accuracy"}
_FOR_NUMBERS = {Role.LOSS: "torch.nn.MSELoss", Role.METRIC: "layerloom.metrics.R2"}


def check_ports(s: Situation) -> Iterator[Problem]:
    """Whether every input gets the dtype and one of the numbers of dimensions that it takes."""
    for name, spec in s.inputs.items():
        port = s.node_type.input(name)
        assert port is not None, name
        is_float, takes = spec.dtype in FLOATS, "integer" if _is_for_labels(s, name) else port.dtype
        if (takes == "float" and not is_float) or (takes == "integer" and is_float):
            yield _wrong_dtype(s, name, spec, takes)
        elif port.ndim and len(spec.shape) not in port.ndim:
            yield _wrong_dimensions(s, name, spec, port.ndim)


def _is_for_labels(s: Situation, port: str) -> bool:
    """Whether a target that can be labels, or the share of each class, has not the shape of the scores, as shares have."""
    scores = s.inputs.get("input")
    if port == "target" and s.node.type in OF_CLASSES:
        return scores is None or not is_yes_or_no(s.graph, s.feed("input"))
    if (s.node.type, port) != (_FOR_CLASSES[Role.LOSS], "target"):
        return False
    return scores is None or scores.shape != s.inputs[port].shape or scores.shape[1:] in ((), (1,))


# ---- the number of dimensions


def _wrong_dimensions(s: Situation, port: str, spec: TensorSpec, takes: tuple[int, ...]) -> Problem:
    message = msg(
        "'{node}' takes {takes}, but '{source}' gives {given}. Put a node between them that changes the number of dimensions.",
        node=s.node.name,
        takes=" / ".join(DIMENSIONS.get(n, str(n)) for n in takes),
        source=s.source(port),
        given=spec,
    )
    return s.problem("wrong-dimensions", message, *_dimension_fixes(s, port, spec, takes), port=port)


def _dimension_fixes(s: Situation, port: str, spec: TensorSpec, takes: tuple[int, ...]) -> Iterator[Fix]:
    rank = len(spec.shape)
    sibling = _sibling(s.node.type, port, rank)
    if sibling:
        yield fixes.change_type(s.node, sibling)
    if 2 in takes and rank > 2:
        yield fixes.insert_before(msg("Insert a Flatten"), Port(s.node.id, port), FLATTEN)
    if 2 in takes and spec.shape == ("B",):
        yield insert(s, port, "layerloom.Unsqueeze", dim=1)
    shape = _image_shape(spec) if takes == (4,) else None
    if shape and not (sibling and rank == 2):
        label = msg("Insert a Reshape to {shape}", shape=times(shape))
        yield fixes.insert_before(label, Port(s.node.id, port), RESHAPE, {"shape": shape})


def _sibling(type_id: str, port: str, rank: int) -> str | None:
    """The type for that many dimensions: BatchNorm1d for BatchNorm2d, Dropout for Dropout2d."""
    found = re.fullmatch(r"(.+)[123]d", type_id)
    names = [f"{found[1]}{dims}d" for dims in RANKS] + [found[1]] if found else []
    for name in names:
        entry = CATALOG[name].input(port) if name in CATALOG and name != type_id else None
        if entry is not None and (not entry.ndim or rank in entry.ndim):
            return name
    return None


def _image_shape(spec: TensorSpec) -> tuple[int, ...] | None:
    """One channel around what arrives: rows and columns, or a number that is a square."""
    sizes = [size for size in spec.shape[1:] if isinstance(size, int)]
    if len(sizes) == len(spec.shape) - 1 == 2:
        return (1, *sizes)
    if len(sizes) == len(spec.shape) - 1 == 1 and isqrt(sizes[0]) ** 2 == sizes[0]:
        return (1, isqrt(sizes[0]), isqrt(sizes[0]))
    return None


# ---- the dtype


def _wrong_dtype(s: Situation, port: str, spec: TensorSpec, takes: str) -> Problem:
    names = {"node": s.node.name, "source": s.source(port), "dtype": spec.dtype}
    judges = s.node_type.role in (Role.LOSS, Role.METRIC)
    if judges and takes == "float":
        return _labels_as_numbers(s, port, spec, names)
    if judges:
        return _numbers_as_labels(s, port, spec, names)
    if takes == "float":
        text = msg("'{node}' takes numbers with a fraction, but '{source}' gives whole numbers ({dtype}). "
                   "Wire the values, not the labels.", **names)  # fmt: skip
        mends = [insert(s, port, TO_DTYPE, dtype="float32")] if spec.classes is None else []
        return s.problem("wrong-dtype", text, *mends, port=port)
    text = msg("'{port}' of '{node}' takes whole numbers, but '{source}' gives {dtype}. "
               "Put a ToDtype between them, if the numbers are whole.", port=port, **names)  # fmt: skip
    return s.problem("wrong-dtype", text, insert(s, port, TO_DTYPE, dtype="int64"), port=port)


def _labels_as_numbers(s: Situation, port: str, spec: TensorSpec, names: dict[str, str]) -> Problem:
    """A loss of numbers that gets whole numbers."""
    text = msg("'{node}' compares numbers, but '{source}' gives class labels ({dtype}). "
               "For classes, use CrossEntropyLoss and Accuracy.", **names)  # fmt: skip
    given = s.inputs.get("input")
    if port != "target" or given is None:
        return s.problem("wrong-dtype", text, port=port)
    to_float = {"dtype": "float32"}
    mends: list[Fix] = []
    if given.shape == spec.shape:
        text = msg("'{node}' compares numbers with a fraction, but '{source}' gives whole numbers ({dtype}). "
                   "Their shapes agree ({shape}): put a ToDtype between them.", **names, shape=spec)  # fmt: skip
        mends.append(insert(s, port, TO_DTYPE, **to_float))
    elif removable(given.shape, spec.shape) == len(spec.shape):
        added = ("layerloom.Unsqueeze", {"dim": len(spec.shape)})
        mends.append(insert_both(s, port, (TO_DTYPE, to_float), added))
    elif len(given.shape) > 1 and given.shape[:1] + given.shape[2:] == spec.shape:
        mends.append(fixes.change_type(s.node, _FOR_CLASSES[s.node_type.role]))
    return s.problem("wrong-dtype", text, *mends, port=port)


def _numbers_as_labels(s: Situation, port: str, spec: TensorSpec, names: dict[str, str]) -> Problem:
    """A loss of classes that gets numbers with a fraction."""
    text = msg("'{node}' needs class labels (whole numbers), but '{source}' gives {dtype}. "
               "For numbers to predict, use MSELoss and R2.", **names)  # fmt: skip
    scores = s.inputs.get("input")
    if port != "target" or scores is None:
        return s.problem("wrong-dtype", text, port=port)
    mends: list[Fix] = []
    wanted = scores.shape[:1] + scores.shape[2:]
    squeezed = removable(spec.shape, wanted)
    if spec.shape in _shapes_of_labels(s, scores.shape):
        text = msg("'{node}' needs class labels (whole numbers), but '{source}' gives {dtype}. The shape is that of labels ({given}): "
                   "if they are whole numbers from 0, put a ToDtype between them. For numbers to predict, use MSELoss and R2.",
                   **names, given=spec)  # fmt: skip
        mends.append(insert(s, port, TO_DTYPE, dtype="int64"))
    elif spec.shape == scores.shape and scores.shape[1:] != (1,):
        text = msg("'{node}' needs one label a sample, a whole number from 0, but '{source}' gives {given}: a number for each of the "
                   "{classes} classes, as one-hot targets have. Take the place of the largest, or compare numbers with MSELoss.",
                   **names, given=spec, classes=scores.shape[1])  # fmt: skip
        mends.append(insert(s, port, "layerloom.ArgMax", dim=1))
        mends.append(fixes.change_type(s.node, _FOR_NUMBERS[s.node_type.role]))
    elif spec.shape == scores.shape:
        mends.append(fixes.change_type(s.node, _FOR_NUMBERS[s.node_type.role]))
    elif squeezed is not None:
        mends.append(insert_both(s, port, (TO_DTYPE, {"dtype": "int64"}), ("layerloom.Squeeze", {"dim": squeezed})))
    return s.problem("wrong-dtype", text, *mends, port=port)


def _shapes_of_labels(s: Situation, scores: Shape) -> tuple[Shape, ...]:
    """The shapes of class labels that go with scores, also where the classes are last; several labels a sample for some losses."""
    if s.node.type == _SEVERAL_LABELS:
        return (scores,)
    return scores[:1] + scores[2:], scores[:-1]


def check_precision(s: Situation) -> Iterator[Problem]:
    """Parameters are float32, and what meets them must be so too; normalizations take less precise numbers as well."""
    takes = ("float32", "float16", "bfloat16") if s.node_type.family == "normalization" else ("float32",)
    if s.node_type.role is not Role.LAYER or not s.node_type.is_trainable(s.node):
        return
    for port, spec in s.inputs.items():
        if spec.dtype in FLOATS and spec.dtype not in takes:
            text = msg("'{node}' learns in float32, but '{source}' gives {dtype}. Put a ToDtype between them.",
                       node=s.node.name, source=s.source(port), dtype=spec.dtype)  # fmt: skip
            label = msg("Insert a ToDtype to {dtype}", dtype="float32")
            fix = fixes.insert_before(label, Port(s.node.id, port), TO_DTYPE, {"dtype": "float32"})
            yield s.problem("wrong-precision", text, fix, port=port)


# ---- a size that is pinned


def check_pins(s: Situation) -> Iterator[Problem]:
    """A size that follows from the input, pinned to something else."""
    for param in s.node_type.params:
        if param.auto is not None and param.auto.port in s.inputs and s.values[param.name] is not None:
            yield from _check_pin(s, param)


def _check_pin(s: Situation, param: Param) -> Iterator[Problem]:
    assert param.auto is not None
    port, dim, pinned = param.auto.port, param.auto.dim, s.values[param.name]
    spec = s.inputs[port]
    if dim is None:
        yield from _check_classes(s, param, spec)
        return
    if isinstance(pinned, tuple):
        size: object = spec.shape[-len(pinned) :]
        shown = times(spec.shape[-len(pinned) :])
    else:
        size = spec.shape[dim] if -len(spec.shape) <= dim < len(spec.shape) else None
        shown = str(size)
    if pinned == size:
        return
    names = {"node": s.node.name, "param": param.name, "pinned": times(pinned) if isinstance(pinned, tuple) else pinned,
             "source": s.source(port), "size": shown, "given": spec}  # fmt: skip
    infer = fixes.infer_param(s.node.id, param.name)
    order = _misplaced(spec, dim, pinned)
    if order:
        text = msg("'{node}' expects {param} = {pinned} in dimension {dim}, but '{source}' gives {size} there and has {pinned} "
                   "in another ({given}): the dimensions are in another order.", **names, dim=dim)  # fmt: skip
        yield s.problem("channels-order", text, reorder(s, port, order), infer, port=port)
        return
    text = msg("'{node}' expects {param} = {pinned}, but '{source}' gives {size} ({given}).", **names)
    known = isinstance(size, int) or (isinstance(size, tuple) and all(isinstance(entry, int) for entry in size))
    mends = (infer, fixes.set_param(s.node.id, param.name, size)) if known else (infer,)  # type: ignore[arg-type]
    yield s.problem("pinned-size", text, *mends, port=port)


def _check_classes(s: Situation, param: Param, spec: TensorSpec) -> Iterator[Problem]:
    """More classes than the data has do no harm."""
    pinned, known = s.values[param.name], spec.classes
    if known is None or pinned >= known:
        return
    port = param.auto.port if param.auto else None
    text = msg("'{node}' expects {param} = {pinned}, but '{source}' gives labels of {classes} classes.", node=s.node.name,
               param=param.name, pinned=pinned, source=s.source(str(port)), classes=known)  # fmt: skip
    yield s.problem("pinned-size", text, fixes.infer_param(s.node.id, param.name), port=port)


def _misplaced(spec: TensorSpec, dim: int, pinned: object) -> tuple[int, ...] | None:
    """The order that brings the pinned size where it is expected, if the shape has it at the other end."""
    rank = len(spec.shape)
    if rank < 3 or not isinstance(pinned, int):
        return None
    if dim == 1 and spec.shape[-1] == pinned:
        return channels_first(rank)
    if dim == -1 and spec.shape[1] == pinned:
        return channels_last(rank)
    return None

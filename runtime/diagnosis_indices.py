"""Whole numbers that are looked up: a table must have a row for each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from graph import fixes
from graph.messages import msg
from graph.model import Port
from graph.problems import Problem

if TYPE_CHECKING:
    from runtime.diagnosis import Situation

# The layers that look up, and the parameter that says how many numbers they know.
_ROWS: Mapping[str, str] = {
    "torch.nn.Embedding": "num_embeddings",
    "torch.nn.EmbeddingBag": "num_embeddings",
    "layerloom.OneHot": "num_classes",
}
# What gives the numbers that arrive, all of them or a part.
_MOVING = frozenset(
    ("torch.nn.Flatten", "torch.nn.Unflatten", "torch.nn.Identity",
     *(f"layerloom.{name}" for name in ("Reshape", "Squeeze", "Unsqueeze", "Transpose", "Permute", "Flip", "Roll", "ToDtype", "Detach")))
)  # fmt: skip
_TAKING_PARTS = frozenset(f"layerloom.{name}" for name in ("Slice", "Select", "Narrow"))


class _Counted(NamedTuple):
    """The node that numbers come from, how many different ones it gives (None: nobody knows), and whether only a part arrives."""

    source: str
    classes: int | None
    is_part: bool = False


def _check_rows(s: Situation) -> Iterator[Problem]:
    """Data whose largest number has no row. What nobody counted is not judged; of a part, the largest may be missing."""
    param = _ROWS[s.node.type]
    rows, (source, classes, is_part) = s.values[param], _counted(s)
    if classes is None or rows >= classes:
        return
    text = msg("'{node}' knows {rows} different numbers ({param}), but '{source}' gives {classes}: training would stop at the first one "
               "beyond. Set {param} to {classes} or more.", node=s.node.name, rows=rows, param=param, source=source,
               classes=classes)  # fmt: skip
    yield s.problem("index-count", text, fixes.set_param(s.node.id, param, classes), port="input", warn=is_part)


def _counted(s: Situation) -> _Counted:
    spec, end, is_part = s.inputs["input"], s.feed("input"), False
    while spec.classes is None and (before := _before(s, end)) is not None:
        is_part = is_part or s.graph.nodes[end.node].type in _TAKING_PARTS
        spec, end = s.known[end.node].inputs["input"], before
    return _Counted(s.graph.nodes[end.node].name, spec.classes, is_part)


def _before(s: Situation, end: Port) -> Port | None:
    """The output whose numbers leave a node that only moves them."""
    node = s.graph.nodes[end.node]
    is_known = node.id in s.known and "input" in s.known[node.id].inputs
    return s.graph.inputs(node.id)["input"] if is_known and node.type in _MOVING | _TAKING_PARTS else None


INDEX_CHECKS: Mapping[str, tuple[Callable[[Situation], Iterator[Problem]], ...]] = dict.fromkeys(_ROWS, (_check_rows,))

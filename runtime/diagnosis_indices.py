"""Whole numbers that are looked up: a table must have a row for each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from graph import fixes
from graph.messages import msg
from graph.model import Port
from graph.problems import Problem
from runtime.diagnosis_tools import keeps_shape

if TYPE_CHECKING:
    from runtime.diagnosis import Situation

# The layers that look up, and the parameter that says how many numbers they know.
_ROWS: Mapping[str, str] = {
    "torch.nn.Embedding": "num_embeddings",
    "torch.nn.EmbeddingBag": "num_embeddings",
    "layerloom.OneHot": "num_classes",
}
# What gives some of the numbers that arrive, or all of them in another shape, beside the nodes that keep the shape.
_MOVING = frozenset(
    ("torch.nn.Flatten", "torch.nn.Unflatten",
     *(f"layerloom.{name}" for name in ("Reshape", "Squeeze", "Unsqueeze", "Transpose", "Permute", "Slice", "Select", "Narrow",
                                        "Flip", "Roll")))
)  # fmt: skip


def _check_rows(s: Situation) -> Iterator[Problem]:
    """Data whose largest number has no row. What nobody counted is not judged."""
    param = _ROWS[s.node.type]
    rows, (source, classes) = s.values[param], _counted(s)
    if classes is None or rows >= classes:
        return
    text = msg("'{node}' knows {rows} different numbers ({param}), but '{source}' gives {classes}: training would stop at the first one "
               "beyond. Set {param} to {classes} or more.", node=s.node.name, rows=rows, param=param, source=source,
               classes=classes)  # fmt: skip
    yield s.problem("index-count", text, fixes.set_param(s.node.id, param, classes), port="input")


def _counted(s: Situation) -> tuple[str, int | None]:
    """The name of the node that the numbers come from, and how many different ones it gives; None where nobody knows."""
    spec, end = s.inputs["input"], s.feed("input")
    while spec.classes is None and (before := _before(s, end)) is not None:
        spec, end = s.known[end.node].inputs["input"], before
    return s.graph.nodes[end.node].name, spec.classes


def _before(s: Situation, end: Port) -> Port | None:
    """The output whose numbers leave a node that only moves them."""
    node = s.graph.nodes[end.node]
    is_known = node.id in s.known and "input" in s.known[node.id].inputs
    moves = is_known and (node.type in _MOVING or keeps_shape(node))
    return s.graph.inputs(node.id)["input"] if moves else None


INDEX_CHECKS: Mapping[str, tuple[Callable[[Situation], Iterator[Problem]], ...]] = dict.fromkeys(_ROWS, (_check_rows,))

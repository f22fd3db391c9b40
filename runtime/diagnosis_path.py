"""What nodes of the data path cannot do: numbers for other channels, parts larger than images, classes that nobody counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from graph import fixes
from graph.edits import move_before
from graph.messages import msg
from graph.model import Port
from graph.problems import Problem
from runtime.data_path import NORMALIZE, numbers
from runtime.diagnosis_tools import per_axis, times, way_back

if TYPE_CHECKING:
    from runtime.diagnosis import Situation


def _check_numbers(s: Situation) -> Iterator[Problem]:
    """Normalize takes one mean and deviation for all channels, or one for each; and divides by no 0."""
    channels = s.inputs["input"].shape[1]
    for name in ("mean", "std"):
        given = () if s.values[name] is None else numbers(s.values[name])
        fix = fixes.set_param(s.node.id, name, None)
        if len(given) > 1 and len(given) != channels:
            text = msg("'{node}' has {count} numbers for {param}, but what '{source}' gives has another number of channels ({given}). "
                       "Give one number for each, one for all, or none, to measure them.", node=s.node.name, count=len(given),
                       param=name, source=s.source("input"), given=s.inputs["input"])  # fmt: skip
            yield s.problem("number-count", text, fix)
        elif name == "std" and any(number <= 0 for number in given):
            text = msg("'{node}' divides by std, which has to be greater than 0 everywhere. Change it, or leave it empty, to "
                       "measure it.", node=s.node.name)  # fmt: skip
            yield s.problem("out-of-range", text, fix)


def _check_range(s: Situation) -> Iterator[Problem]:
    """ColorJitter cuts off what is not from 0 to 1, and after Normalize many numbers are below."""
    before = next((node for node in way_back(s.graph, s.feed("input")) if node.type == NORMALIZE), None)
    if before is not None:
        text = msg("'{node}' varies colors from 0 to 1 and cuts off what lies beyond, but '{other}' before it gives numbers around 0: "
                   "those below it are lost while training. Put '{node}' before '{other}'.",
                   node=s.node.name, other=before.name)  # fmt: skip
        label = msg("Move {node} before {other}", node=s.node.name, other=before.name)
        fix = fixes.graph_fix(label, move_before, s.node.id, Port(before.id, "input"))
        yield s.problem("range-lost", text, fix, port="input", warn=True)


def _check_part(s: Situation) -> Iterator[Problem]:
    sizes = s.inputs["input"].shape[2:]
    if s.values["size"] is None or not all(isinstance(size, int) for size in sizes):
        return
    wanted, padded = per_axis(s.values["size"], 2), tuple(int(size) + 2 * s.values["padding"] for size in sizes)
    if any(size > most for size, most in zip(wanted, padded, strict=True)):
        text = msg("'{node}' cuts {wanted} out of images of {padded} with their border. Make the part smaller, or the padding larger.",
                   node=s.node.name, wanted=times(wanted), padded=times(padded))  # fmt: skip
        yield s.problem("size-too-large", text, fixes.set_param(s.node.id, "size", None))


def _check_shares(s: Situation) -> Iterator[Problem]:
    low, high = s.values["smallest"], s.values["largest"]
    if low > high:
        text = msg("In '{node}', the smallest share ({low}) is greater than the largest ({high}). Exchange them.",
                   node=s.node.name, low=low, high=high)  # fmt: skip
        yield s.problem("out-of-range", text, fixes.set_param(s.node.id, "smallest", high))


def _check_classes(s: Situation) -> Iterator[Problem]:
    if s.values["classes"] is None and "label" in s.inputs:
        text = msg("'{node}' cannot tell how many classes '{source}' has. Wire the label of a data node to it, or set classes.",
                   node=s.node.name, source=s.source("label"))  # fmt: skip
        yield s.problem("unknown-classes", text, port="label")


PATH_CHECKS: Mapping[str, tuple[Callable[[Situation], Iterator[Problem]], ...]] = {
    NORMALIZE: (_check_numbers,),
    "layerloom.ColorJitter": (_check_range,),
    "layerloom.RandomCrop": (_check_part,),
    "layerloom.RandomErasing": (_check_shares,),
    "layerloom.MixUp": (_check_classes,),
    "layerloom.CutMix": (_check_classes,),
}

"""Normalization that has nothing to compare a number with."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING

from graph.messages import msg
from graph.problems import Problem

if TYPE_CHECKING:
    from runtime.diagnosis import Situation


def check_places(s: Situation) -> Iterator[Problem]:
    """InstanceNorm compares the places of one channel of one sample: with one place, PyTorch refuses to train."""
    spec = s.inputs["input"]
    places = spec.shape[2:]
    if places and all(isinstance(size, int) for size in places) and prod(places) == 1:  # type: ignore[arg-type]
        text = msg("'{node}' compares the places of each channel with each other, but '{source}' gives {given}: one place for each "
                   "channel, so it cannot train. Remove it, or put it where there are more places.",
                   node=s.node.name, source=s.source("input"), given=spec)  # fmt: skip
        yield s.problem("one-place", text, port="input")

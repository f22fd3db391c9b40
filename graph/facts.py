"""What a data node remembers about its data, in typed form."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from graph.conversion import convert
from graph.model import Node

Size = Annotated[int, Meta(ge=1, le=2**31)]
Count = Annotated[int, Meta(ge=0)]
Dtype = Literal["float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"]


class OutputFacts(Struct, frozen=True):
    """One output: the shape of a sample (without the batch), its dtype, and the number of classes if it is a class."""

    shape: tuple[Size, ...]
    dtype: Dtype
    classes: Size | None = None


class Moments(Struct, frozen=True):
    """Mean and standard deviation of the numbers of an output: of each column where a sample is a row of a few, else of all."""

    mean: tuple[float, ...]
    spread: tuple[float, ...]


class Facts(Struct, frozen=True):
    """What checking, compiling and showing a drawing need to know of the data."""

    samples: Size
    outputs: dict[str, OutputFacts]
    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    task: str = ""
    title: str = ""
    fingerprint: str = ""
    categories: dict[str, tuple[str, ...]] = {}  # the words of the columns that hold words
    parts: tuple[Count, ...] = ()  # samples for training, validation and test, where the data is split already
    groups: Count = 0  # groups of samples that stay together in a split
    skipped: Count = 0  # broken rows or files that were left out
    moments: dict[str, Moments] = {}  # of targets that are numbers, as measured on the training part
    measured_on: str = ""  # which that was (see `graph.target_scaling.split_key`)


def read_facts(node: Node) -> Facts | None:
    """The facts of a data node; None where it has none, or a file brought some that make no sense."""
    try:
        return convert(node.facts, Facts)
    except msgspec.ValidationError:
        return None

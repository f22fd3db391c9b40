"""What a data node remembers about its data, in typed form."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from graph.model import Node

Size = Annotated[int, Meta(ge=1, le=2**31)]
Dtype = Literal["float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"]


class OutputFacts(Struct, frozen=True):
    """One output: the shape of a sample (without the batch), its dtype, and the number of classes if it is a class."""

    shape: tuple[Size, ...]
    dtype: Dtype
    classes: Size | None = None


class Facts(Struct, frozen=True):
    """What checking, compiling and showing a drawing need to know of the data."""

    samples: Size
    outputs: dict[str, OutputFacts]
    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    task: str = ""
    title: str = ""
    fingerprint: str = ""
    skipped: Annotated[int, Meta(ge=0)] = 0  # broken rows or files that were left out


def read_facts(node: Node) -> Facts | None:
    """The facts of a data node; None where it has none, or a file brought some that make no sense."""
    try:
        return msgspec.convert(node.facts, Facts)
    except msgspec.ValidationError:
        return None

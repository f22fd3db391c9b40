"""Modules that become drawings: how a case is described, and all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from runtime.importer.module import InputSpec

CASES: dict[str, Case] = {}


@dataclass(frozen=True)
class Case:
    """A module, and what it is given. `refused` is the operation that stands in the way, written in the line that ends with
    `# here`; `quick` cases are tried by every run of the tests.
    """

    name: str
    make: Callable[[], nn.Module]
    inputs: tuple[InputSpec, ...]
    refused: str = ""
    own_code: int = 0
    quick: bool = False


def floats(*shape: int) -> InputSpec:
    """Numbers with a fraction."""
    return InputSpec(shape)


def tokens(*shape: int, count: int) -> InputSpec:
    """Whole numbers below a count; without sizes one for each sample."""
    return InputSpec(shape, "int64", count)


def yes_no(*shape: int) -> InputSpec:
    """Yes or no."""
    return InputSpec(shape, "bool")


def case(*inputs: InputSpec, refused: str = "", own_code: int = 0, quick: bool = False):
    """Put a class into the corpus; it is built without arguments."""

    def put(cls):
        CASES[cls.__name__] = Case(cls.__name__, cls, inputs, refused, own_code, quick)
        return cls

    return put


def built(case: Case) -> nn.Module:
    """The module of a case, with the same numbers every time."""
    torch.manual_seed(11)
    return case.make()

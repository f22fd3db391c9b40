"""How much of what could be tried a test tries: a part in `make test`, all in `make test-all`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import pytest

ALL = os.environ.get("LAYERLOOM_TESTS") == "all"
SHARE = 4


def many(count: int) -> int:
    """So many random cases in `make test-all`, and a quarter of that else."""
    return count if ALL else max(1, count // SHARE)


def some(values: Iterable[Any], *, every: int = SHARE) -> list[Any]:
    """Values to be tried one by one, of which only each `every`-th is in `make test`: the others are slow. A tuple is several arguments."""
    return [value if i % every == 0 else _slow(value) for i, value in enumerate(values)]


def _slow(value: Any) -> Any:
    if hasattr(value, "marks"):  # a `pytest.param`
        return pytest.param(*value.values, marks=[*value.marks, pytest.mark.slow], id=value.id)
    return pytest.param(*(value if isinstance(value, tuple) else (value,)), marks=pytest.mark.slow)

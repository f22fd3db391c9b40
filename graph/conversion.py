"""Records become typed values, in any thread.

At the first use of a type msgspec looks at its fields, and two threads that do so at once bring the process down (0.22 does):
the first time of a type is one thread's alone.
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
_first = threading.Lock()
_known: set[type] = set()


def convert(record: Any, kind: type[T]) -> T:
    """The record as a value of that type.

    Raises:
        msgspec.ValidationError: it does not fit.
    """
    if kind in _known:
        return msgspec.convert(record, kind)
    with _first:
        try:
            return msgspec.convert(record, kind)
        finally:
            _known.add(kind)

"""How an exported project reads samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Reader(NamedTuple):
    """The template of `inputs.py` and what fills it, and what the README says of it.

    `files` are written beside it, by name. `predict` is the template of `predict.py`, and `more` fills its other fields.
    """

    template: str
    fields: Mapping[str, object]
    example: str
    usage: str
    packages: tuple[str, ...] = ()
    files: Mapping[str, bytes] = {}
    predict: str = "predict.py"
    more: Mapping[str, object] = {}

"""Data: what a data node reads, how it is split and transformed, and the batches that training takes.

`describe` reads the facts that a data node keeps, `load` its raw samples, `look` what a person can look at, `prepare` the
parts for a run, `input_from_file` one raw file for a trained model. The names load on first use, so importing this package is
free. `readers` says what each type of data node does with its source.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runtime.data.inputs import input_from_file
    from runtime.data.loading import describe, load, look
    from runtime.data.parts import Part
    from runtime.data.preparation import prepare, read_again, used_data_nodes
    from runtime.data.records import Loaded, Look, Prepared
    from runtime.data.sources import BUILTINS, builtin_names

__all__ = [
    "BUILTINS",
    "Loaded",
    "Look",
    "Part",
    "Prepared",
    "builtin_names",
    "describe",
    "input_from_file",
    "load",
    "look",
    "prepare",
    "read_again",
    "used_data_nodes",
]

_HOMES = {
    "BUILTINS": "sources",
    "Loaded": "records",
    "Look": "records",
    "Part": "parts",
    "Prepared": "records",
    "builtin_names": "sources",
    "describe": "loading",
    "input_from_file": "inputs",
    "load": "loading",
    "look": "loading",
    "prepare": "preparation",
    "read_again": "preparation",
    "used_data_nodes": "preparation",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

"""Data: what a data node reads, how it is split and transformed, and the batches that training takes.

`describe` reads the facts that a data node keeps, `load` its raw arrays, `prepare` the tensors for a run,
`input_from_file` one raw file for a trained model. The names load on first use, so importing this package is free.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runtime.data.inputs import input_from_file
    from runtime.data.loading import describe, load
    from runtime.data.preparation import prepare, read_again, used_data_nodes
    from runtime.data.records import Loaded, Part, Prepared
    from runtime.data.sources import BUILTINS, builtin_names

__all__ = [
    "BUILTINS",
    "Loaded",
    "Part",
    "Prepared",
    "builtin_names",
    "describe",
    "input_from_file",
    "load",
    "prepare",
    "read_again",
    "used_data_nodes",
]

_HOMES = {
    "BUILTINS": "sources",
    "Loaded": "records",
    "Part": "records",
    "Prepared": "records",
    "builtin_names": "sources",
    "describe": "loading",
    "input_from_file": "inputs",
    "load": "loading",
    "prepare": "preparation",
    "read_again": "preparation",
    "used_data_nodes": "preparation",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

"""How the modules of the data path are built and called (their classes are in `runtime.helper_modules`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graph.catalog.types import Kind, NodeType, Param

NORMALIZE = "layerloom.Normalize"


def path_init(node_type: NodeType, values: Mapping[str, Any], *, defaults: bool = True) -> str:
    """`RandomCrop(padding=4)`, `Normalize(3)`: what the input gives by position, the rest by name, what is empty not at all.

    Without `defaults` what is not required and has its default is not written either.
    """
    written = [
        _argument(param, value)
        for param in node_type.params
        if (value := values[param.name]) is not None and (defaults or param.required or value != param.default)
    ]
    return f"{node_type.label}({', '.join(written)})"


def path_call(arguments: Mapping[str, str]) -> str:
    """The inputs in their order."""
    return f"{{self}}({', '.join(arguments.values())})"


def _argument(param: Param, value: Any) -> str:
    if param.auto is not None and not param.keyword:
        return repr(value)
    if param.kind is Kind.INTS and isinstance(value, int):
        value = (value,) * (param.length or 1)
    return f"{param.name}={_written(value) if param.kind is Kind.TEXT else repr(value)}"


def numbers(text: str) -> tuple[float, ...]:
    """The numbers between commas, as a checked parameter has them."""
    return tuple(float(part) for part in text.split(","))


def _written(text: str) -> str:
    """`0.5`, or `(0.485, 0.456, 0.406)`."""
    given = numbers(text)
    return repr(given[0] if len(given) == 1 else given)

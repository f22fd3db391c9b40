"""How each node type is written in Python: the one text that shapes, code panel, training and export share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graph.catalog.types import Kind, NodeType, Param
from graph.model import Value
from runtime.operations import OPERATIONS, Values


@dataclass(frozen=True, slots=True)
class Emission:
    """The Python of one node.

    `init` builds its submodule (None for a plain expression); `expression` computes its output, with `{self}` where
    the submodule goes. Both contain nothing but literals, `nn`, `torch` and the given argument names.
    """

    init: str | None
    expression: str


def emit(node_type: NodeType, values: Values, arguments: Sequence[str]) -> Emission:
    """The Python of a node.

    Args:
        values: every parameter, the `auto` ones worked out.
        arguments: the names of the variables that feed its inputs, in port order.
    """
    if node_type.id in OPERATIONS:
        return Emission(None, OPERATIONS[node_type.id](values, arguments))
    assert node_type.id.startswith("torch.nn."), node_type.id
    init = f"nn.{node_type.id.removeprefix('torch.nn.')}({call_arguments(node_type, values)})"
    return Emission(init, f"{{self}}({', '.join(arguments)})")


def call_arguments(node_type: NodeType, values: Values) -> str:
    """Constructor arguments as a person would write them: what PyTorch requires, and what is not its default."""
    written = []
    by_position = True
    for param in node_type.params:
        value = values[param.name]
        by_position = by_position and param.required and not param.keyword
        if by_position:
            written.append(literal(value))
        elif param.required or not _is_default(param, value):
            written.append(f"{param.name}={literal(value)}")
    return ", ".join(written)


def literal(value: Value) -> str:
    """A checked value as Python text; tuples of one entry keep their comma."""
    assert value is None or isinstance(value, (bool, int, float, str, tuple)), value
    return repr(value)


def _is_default(param: Param, value: Value) -> bool:
    return value == param.default and (param.kind is not Kind.BOOL or isinstance(value, bool))

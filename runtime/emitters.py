"""How each node type is written in Python: the one text that shapes, code panel, training and export share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from graph.catalog.types import Kind, NodeType, Param
from graph.model import Value
from runtime.operations import OPERATIONS, Values


@dataclass(frozen=True, slots=True)
class Emission:
    """The Python of one node.

    `init` builds its submodule (None for a plain expression); `expression` computes its output, with `{self}` where
    the submodule goes. Both contain nothing but literals, `nn`, `torch` and the given argument names. `target` is what
    a value of several outputs is unpacked into: a pattern over the names of their variables, such as "{0}, ({1}, {2})".
    """

    init: str | None
    expression: str
    target: str = "{0}"

    def assignment(self, owner: str, variables: Sequence[str]) -> str:
        """The statement that computes the node into these variables ("_" for what nobody uses)."""
        target = self.target.format(*variables).replace("(_, _)", "_")
        return f"{target} = {self.expression.format(self=owner)}"


def emit(node_type: NodeType, values: Values, arguments: Mapping[str, str]) -> Emission:
    """The Python of a node.

    Args:
        node_type: the type with the ports that the node has (`Catalog.of`).
        values: every parameter, the `auto` ones worked out.
        arguments: for each input that is wired, in port order, the name of the variable that feeds it.
    """
    plain_target = ", ".join(f"{{{i}}}" for i in range(max(1, len(node_type.outputs))))
    if node_type.id in OPERATIONS:
        expression = OPERATIONS[node_type.id](values, list(arguments.values()))
        return Emission(None, expression, plain_target)
    assert node_type.id.startswith("torch.nn."), node_type.id
    init = f"nn.{node_type.id.removeprefix('torch.nn.')}({call_arguments(node_type, values)})"
    expression = CALLS.get(node_type.id, _call)(node_type, arguments)
    return Emission(init, expression, TARGETS.get(node_type.id, plain_target))


def _call(node_type: NodeType, arguments: Mapping[str, str]) -> str:
    """`{self}(x, other, mask=m)`: the ports that a call needs by position, those that it may have by their names."""
    optional = {port.name for port in node_type.inputs if port.optional}
    given = (f"{name}={variable}" if name in optional else variable for name, variable in arguments.items())
    return f"{{self}}({', '.join(given)})"


# Modules that are called in another way than `_call` writes, and those whose outputs are not a flat tuple.
CALLS: Mapping[str, Callable[[NodeType, Mapping[str, str]], str]] = {}
TARGETS: Mapping[str, str] = {}


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

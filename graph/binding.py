"""Values that are written as expressions: `=4 * channels` in a block means four times its parameter `channels`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from graph.expressions import Number, evaluate
from graph.messages import EditError, msg
from graph.model import Block, Graph, Node, Value

if TYPE_CHECKING:
    from graph.catalog.types import Param

SIGN = "="


def is_expression(value: object) -> bool:
    """Whether a value, or a number of a tuple, is written as an expression, with a `=` in front."""
    if isinstance(value, tuple):
        return any(map(is_expression, value))
    return isinstance(value, str) and value.startswith(SIGN)


def bound(value: Value, names: Mapping[str, Number]) -> Value:
    """The value that an expression has with these parameters; any other value as it is.

    Raises:
        EditError: it is no expression, or names a parameter that does not exist.
    """
    if isinstance(value, tuple):
        return tuple(bound(entry, names) for entry in value)  # type: ignore[misc]
    return evaluate(value[len(SIGN) :].strip(), names) if isinstance(value, str) and is_expression(value) else value


def checked(param: Param, value: Value, block: Block | None) -> Value:
    """A value for a parameter in its normal form; an expression as it is, if what it gives by default in the block fits.

    Raises:
        EditError: the value does not fit, or the expression has none.
    """
    if not is_expression(value):
        return param.check(value)
    param.check(bound(value, defaults(block)))
    return value


def bind_node(node: Node, names: Mapping[str, Number]) -> Node:
    """The node with the values of its expressions.

    Raises:
        EditError: one of them has none; the message names the node.
    """
    if not any(map(is_expression, node.params.values())):
        return node
    try:
        return replace(node, params={name: bound(value, names) for name, value in node.params.items()})
    except EditError as error:
        raise EditError(msg("In '{node}': {reason}", node=node.name, reason=error.message), node=node.id) from error


def bind(graph: Graph, names: Mapping[str, Number]) -> Graph:
    """The drawing with the values of its expressions; those that have none stay as they are (validation says so)."""
    changed = {}
    for node in graph.nodes.values():
        try:
            new = bind_node(node, names)
        except EditError:
            continue
        if new is not node:
            changed[node.id] = new
    return replace(graph, nodes={**graph.nodes, **changed}) if changed else graph


def defaults(block: Block | None) -> dict[str, Number]:
    """The values of a block's parameters where no instance gives others."""
    return {param.name: param.default for param in block.params} if block else {}

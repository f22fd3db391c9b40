"""How each node type is written in Python: the one text that shapes, code panel, training and export share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graph.catalog import augmentation, recurrent
from graph.catalog.definitions import CODE_PREFIX
from graph.catalog.loss import MEAN
from graph.catalog.types import NodeType
from runtime.calls import TARGETS, module_call, module_init
from runtime.data_path import path_call, path_init
from runtime.operations import OPERATIONS, Values
from runtime.parameters import FIXED, PARAMETER, fixed_init, parameter_call, parameter_init


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
    if node_type.id == MEAN:
        return Emission(None, f"{next(iter(arguments.values()))}.mean()", plain_target)
    if node_type.id == PARAMETER:
        return Emission(parameter_init(values), parameter_call(values, arguments), plain_target)
    if node_type.id == FIXED:
        return Emission(fixed_init(values), parameter_call(values, arguments), plain_target)
    if node_type.id in augmentation.MODULES | recurrent.MODULES:
        init = path_init(node_type, values, defaults=node_type.id in augmentation.MODULES)
        return Emission(init, path_call(arguments), plain_target)
    if node_type.id.startswith(CODE_PREFIX):
        return Emission(*_own(node_type, values, arguments), plain_target)
    assert node_type.id.startswith("torch.nn."), node_type.id
    target = TARGETS.get((node_type.id, len(node_type.outputs)), plain_target)
    return Emission(module_init(node_type, values), module_call(node_type, values, arguments), target)


def _own(node_type: NodeType, values: Values, arguments: Mapping[str, str]) -> tuple[str | None, str]:
    """The person's own class or function, called as its signature says."""
    optional = {port.name for port in node_type.inputs if port.optional}
    given = [f"{port}={name}" if port in optional else name for port, name in arguments.items()]
    settings = [f"{param.name}={values[param.name]!r}" for param in node_type.params]
    if node_type.trainable:
        return f"{node_type.label}({', '.join(settings)})", f"{{self}}({', '.join(given)})"
    return None, f"{node_type.label}({', '.join([*given, *settings])})"

"""Which parameters of a node are shown, when they matter, and the field that edits each."""

from __future__ import annotations

from graph.binding import is_expression
from graph.catalog import NodeType, Param, Role
from graph.catalog.definitions import OUTPUT
from graph.model import Node, NodeId, Scope
from gui.editor import Editor
from gui.panels.fields import ChoiceField, Field, make_field
from gui.panels.node_parts import ONLY_IN_BLOCKS, USES, inputs_here, names_here
from runtime.analysis import NodeAnalysis

USE = "use"  # the parameter that says how an instance runs its block


def params_of(node_type: NodeType, scope: Scope) -> list[Param]:
    """The parameters that mean something in the drawing of `scope`."""
    hidden = ONLY_IN_BLOCKS if scope is None else frozenset()
    return [param for param in node_type.params if (node_type.id, param.name) not in hidden]


def matters(param: Param, node_type: NodeType, node: Node, known: NodeAnalysis) -> bool:
    """Whether a parameter does anything, with what the others are now."""
    if param.when is None:
        return True
    other, wanted = param.when
    value = node_type.values(node).get(other)
    return (known.resolved.get(other, wanted) if is_expression(value) else value) == wanted


def is_state(node_type: NodeType, param: Param) -> bool:
    """Whether the parameter names an Input of the block: its choices are those of the drawing."""
    return (node_type.id, param.name) == (OUTPUT, "state")


def field_for(editor: Editor, node: NodeId, param: Param) -> Field:
    """The field for a parameter of a node of the drawing on the canvas."""
    node_type = editor.catalog[editor.graph.nodes[node].type]
    if is_state(node_type, param):
        field = ChoiceField(param)
        field.set_choices({name: name for name in inputs_here(editor.graph)})
        return field
    if node_type.role is Role.BLOCK and param.name == USE:
        return ChoiceField(param, {use: str(name) for use, (name, _help) in USES.items()})
    names = None if node_type.role is Role.DATA else names_here(editor)
    return make_field(param, lambda: editor.folder, names)

"""Which initialization holds for a layer, the rows that it becomes, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from torch import nn

from graph import fixes
from graph.catalog import Catalog, Role
from graph.messages import msg
from graph.model import Graph, NodeId
from graph.problems import Problem
from runtime.analysis import NodeAnalysis
from runtime.initialization import activation_after, misfit, statements
from runtime.shapes import layer_of

if TYPE_CHECKING:
    from runtime.code_body import Body


def rows(body: Body, node_id: NodeId) -> list[str]:
    """The rows of a constructor that fill the weights of a layer of `torch.nn`; none where PyTorch's own start is kept."""
    node, project = body.graph.nodes[node_id], body.project
    weight, bias = node.weight_init or project.weight_init, node.bias_init or project.bias_init
    if not (weight or bias) or node.type.startswith("code."):
        return []
    layer = layer_of(body.type_of(node_id), body.known[node_id].resolved)
    if layer is None:
        return []
    following = activation_after(body.graph, node_id, body.values)
    return statements(
        node, weight, bias, module=layer, owner=f"self.{node.name}", activation=following, without=body.tied(node_id)
    )


def check_initialization(graph: Graph, known: Mapping[NodeId, NodeAnalysis], catalog: Catalog) -> Iterator[Problem]:
    """Choices at a node that cannot fill its weights. The project's choice passes over what it does not suit."""
    for node in graph.nodes.values():
        node_type = catalog.of(node)
        if (node.weight_init is None and node.bias_init is None) or node.id not in known or not known[node.id].outputs:
            continue
        if node_type is None or node_type.role is not Role.LAYER or node.type.startswith("code."):
            continue
        layer = layer_of(node_type, known[node.id].resolved)
        parameters = list(layer.named_parameters()) if isinstance(layer, nn.Module) else []
        for name, parameter in parameters:
            field = "weight_init" if parameter.ndim > 1 else "bias_init"
            choice = getattr(node, field)
            reason = misfit(choice, parameter.shape) if choice is not None else None
            if reason is not None:
                text = msg("'{name}' of '{node}': {reason}", name=name, node=node.name, reason=reason)
                yield Problem("initialization", text, node.id, fixes=(fixes.reset_init(node.id, field),))
                break

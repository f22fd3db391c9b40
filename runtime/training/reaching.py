"""Which parameters an objective may change, and which of them its losses reach."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.normalization import GroupNorm, LayerNorm, LocalResponseNorm, RMSNorm

from graph.model import Node, NodeId
from runtime.compiler import Compiled, Program
from runtime.sharing import followers

NORMS = (_NormBase, GroupNorm, LayerNorm, LocalResponseNorm, RMSNorm)


def chosen_parameters(compiled: Compiled, program: Program, model: nn.Module) -> list[nn.Parameter]:
    """The parameters of the nodes that the objective names, all of the model where it names none, without frozen ones."""
    plan = compiled.project.plan
    named = program.objective.parameters
    wanted = parameters_of(compiled, model, named) if named else {id(p) for p in model.parameters()}
    frozen = parameters_of(compiled, model, plan.frozen)
    return [p for p in model.parameters() if id(p) in wanted and id(p) not in frozen]


def parameters_of(compiled: Compiled, model: nn.Module, nodes: Iterable[NodeId]) -> set[int]:
    """The ids of the parameters that nodes of the drawing hold, or share with another node."""
    parts = (held_by(compiled, model, node) for node in nodes)
    return {id(p) for part in parts for p in _parameters(part)}


def held_by(compiled: Compiled, model: nn.Module, node: NodeId) -> nn.Module | nn.Parameter | None:
    """What the model holds for a node of the drawing; None for a node without weights (fixed numbers are none), or
    one that is gone."""
    found = compiled.project.graph.nodes.get(node)
    if found is None:
        return None
    leaders = {n.id: leader for n, leader in followers(compiled.project.graph, compiled.analysis.nodes)}
    part = getattr(model, _attribute(found, leaders.get(node)), None)
    return part if isinstance(part, nn.Module | nn.Parameter) else None


def frozen_modules(compiled: Compiled, model: nn.Module) -> list[nn.Module]:
    """The modules of frozen nodes: they stay in evaluation mode, so that their statistics do not change either."""
    found = (held_by(compiled, model, node) for node in compiled.project.plan.frozen)
    return [module for module in found if isinstance(module, nn.Module)]


def undecayed(model: nn.Module) -> set[int]:
    """The ids of biases and of the parameters of normalization, which weight decay is often kept from."""
    of_norms = {id(p) for module in model.modules() if isinstance(module, NORMS) for p in module.parameters()}
    return of_norms | {
        id(p) for name, p in model.named_parameters() if p.dim() <= 1 or name.rpartition(".")[2].startswith("bias")
    }


def embeddings(model: nn.Module) -> dict[int, nn.Embedding | nn.EmbeddingBag]:
    """The layers whose weights can have sparse gradients, by the ids of these."""
    found = (m for m in model.modules() if isinstance(m, (nn.Embedding, nn.EmbeddingBag)))
    return {id(m.weight): m for m in found if not m.scale_grad_by_freq and getattr(m, "mode", "") != "max"}


def leaves(tensor: Tensor) -> set[int]:
    """The ids of the tensors that a backward pass from here would reach."""
    found, waiting, known = set(), [tensor.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in known:
            continue
        known.add(node)
        if (leaf := getattr(node, "variable", None)) is not None:
            found.add(id(leaf))
        waiting += [before for before, _ in node.next_functions]
    return found


def _attribute(node: Node, leader: Node | None) -> str:
    """Where the weights of a node are: with the node that it shares them with, if that is of its type."""
    return leader.name if leader is not None and leader.type == node.type else node.name


def _parameters(part: object) -> Sequence[nn.Parameter]:
    if isinstance(part, nn.Parameter):
        return (part,)
    return tuple(part.parameters()) if isinstance(part, nn.Module) else ()

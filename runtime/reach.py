"""Which nodes of a drawing each loss reaches with its gradient, as PyTorch's autograd says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from graph.model import NodeId, Port, Project
from runtime.compiler import Compiled, compile_project
from runtime.training.failures import explaining
from runtime.training.reaching import chosen_parameters, leaves, parameters_of

SAMPLES = 2
_DTYPES = {"float32": torch.float32, "int64": torch.int64}


@dataclass(frozen=True, slots=True)
class Reach:
    """Ids of nodes: whose parameters each loss reaches, by the id of the loss; and which each objective changes, by its name."""

    losses: Mapping[NodeId, frozenset[NodeId]]
    objectives: Mapping[str, frozenset[NodeId]]


def reach(project: Project) -> Reach:
    """Compute every loss once for made-up samples of the shapes that the drawing knows, and follow the graph of its gradient.

    The tensors have shapes and no numbers, so that no random ones are drawn: a run in another thread keeps its own. A drawing that
    looks at numbers on its way is computed with real ones.

    Raises:
        LayerloomError: the drawing has errors, or a layer cannot compute.
    """
    compiled = compile_project(project)
    try:
        with FakeTensorMode():
            return _follow(compiled)
    except Exception:
        with torch.random.fork_rng(devices=[]), explaining(compiled, batch_size=SAMPLES):
            return _follow(compiled)


def _follow(compiled: Compiled) -> Reach:
    model = compiled.build().eval()
    held = {node: found for node in compiled.project.graph.nodes if (found := parameters_of(compiled, model, [node]))}
    losses: dict[NodeId, frozenset[NodeId]] = {}
    objectives: dict[str, frozenset[NodeId]] = {}
    for program in compiled.programs:
        values, _ = program.build(model)(*(_made_up(compiled, port) for port in program.inputs))
        reached = {name: leaves(value) for name, value in values.items()}
        for name, found in reached.items():
            node = compiled.project.graph.node_named(name)
            assert node is not None
            losses[node.id] = _nodes(held, found)
        changed = {id(p) for p in chosen_parameters(compiled, program, model)}
        objectives[program.objective.name] = _nodes(held, changed & set().union(*reached.values()))
    return Reach(losses, objectives)


def _nodes(held: Mapping[NodeId, set[int]], parameters: set[int]) -> frozenset[NodeId]:
    return frozenset(node for node, own in held.items() if own & parameters)


def _made_up(compiled: Compiled, port: Port) -> Tensor:
    """Samples for a port of a data node: zeros are a class and a token everywhere."""
    spec = compiled.analysis.spec(port)
    assert spec is not None
    shape = [SAMPLES if isinstance(size, str) else size for size in spec.shape]
    return torch.zeros(shape, dtype=_DTYPES.get(spec.dtype, torch.float32))

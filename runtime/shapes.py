"""Shapes, dtypes, parameters and cost of every node, by running the very modules on tensors without memory.

They run on PyTorch's `meta` device: it computes shapes and dtypes alone, and for layers that are one operation it is
several times faster than FakeTensorMode. The batch dimension is a large prime meanwhile, so that it can be told from every
other size afterwards. Results are kept by (type, parameters, input specs): an edit costs what lies downstream of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from graph.catalog import CATALOG, Catalog, NodeType, Role
from graph.catalog.types import ordered_inputs
from graph.facts import read_facts
from graph.messages import EditError
from graph.model import Node, NodeId, Project, Value
from graph.problems import Problem
from graph.topology import execution_order
from graph.validation import relax, validate
from runtime.analysis import Analysis, Dim, NodeAnalysis, TensorSpec
from runtime.diagnosis import Situation, explain_failure, look_at
from runtime.emitters import emit
from runtime.feasibility import check_feasible
from runtime.guard import check_source

BATCH = 999_983  # a prime

Specs = Mapping[str, TensorSpec]


def analyse(project: Project, catalog: Catalog = CATALOG) -> Analysis:
    """Everything that can be known about a project without its data: shapes, sizes, cost and problems."""
    problems = list(validate(project, catalog))
    nodes: dict[NodeId, NodeAnalysis] = {}
    for node_id in execution_order(project.graph):
        node_type = catalog.of(project.graph.nodes[node_id])
        if node_type is not None:
            nodes[node_id] = _analyse_node(project, node_id, node_type, nodes, problems)
    problems += check_feasible(project, nodes)
    return Analysis(nodes, relax(problems, project.graph, catalog))


def _analyse_node(
    project: Project,
    node_id: NodeId,
    node_type: NodeType,
    known: Mapping[NodeId, NodeAnalysis],
    problems: list[Problem],
) -> NodeAnalysis:
    node = project.graph.nodes[node_id]
    feeding = project.graph.inputs(node_id)
    inputs: dict[str, TensorSpec] = {}
    for name in ordered_inputs(node_type, feeding):
        source = known.get(feeding[name].node)
        if source is not None and feeding[name].name in source.outputs:
            inputs[name] = source.outputs[feeding[name].name]
    values = _checked_values(node, node_type)
    if values is None:
        return NodeAnalysis(inputs)
    if node_type.role in (Role.DATA, Role.INPUT):
        return NodeAnalysis(outputs=_given(node, node_type, values), resolved=values)
    resolved = _resolve(node_type, values, inputs)
    if not _is_fed(node_type, inputs, feeding):
        return NodeAnalysis(inputs, resolved=resolved)
    situation = Situation(project.graph, node, node_type, resolved, inputs)
    found = tuple(look_at(situation))
    problems += found
    if node_type.role in (Role.METRIC, Role.OUTPUT) or any(p.severity == "error" for p in found):
        return NodeAnalysis(inputs, resolved=resolved)
    try:
        outputs, parameters, macs = _evaluate(node_type, tuple(resolved.items()), tuple(inputs.items()))
    except Exception as error:
        problems.append(explain_failure(situation, str(error).replace(str(BATCH), "B")))
        return NodeAnalysis(inputs, resolved=resolved)
    return NodeAnalysis(inputs, outputs, resolved, parameters, macs)


def _checked_values(node: Node, node_type: NodeType) -> dict[str, Value] | None:
    """Every parameter's value, or None where one does not fit (validation says so)."""
    try:
        return {p.name: p.check(v) for p, v in zip(node_type.params, node_type.values(node).values(), strict=True)}
    except EditError:
        return None


def _given(node: Node, node_type: NodeType, values: Mapping[str, Value]) -> Specs:
    """What a data node remembers of its data, or what an input node was told."""
    if node_type.role is Role.INPUT:
        shape: Any = values["shape"]  # checked to be whole numbers
        return {node_type.outputs[0].name: TensorSpec(("B", *shape), str(values["dtype"]))}
    facts = read_facts(node)
    return {
        name: TensorSpec(("B", *fact.shape), fact.dtype, fact.classes)
        for name, fact in (facts.outputs if facts else {}).items()
        if node_type.output(name) is not None
    }


def _resolve(node_type: NodeType, values: Mapping[str, Value], inputs: Specs) -> dict[str, Value]:
    """The parameters with the `auto` ones worked out, as far as the inputs are known."""
    resolved = dict(values)
    for param in node_type.params:
        if param.auto is not None and values[param.name] is None and param.auto.port in inputs:
            resolved[param.name] = _dimension(inputs[param.auto.port], param.auto.dim)
    return resolved


def _dimension(spec: TensorSpec, dim: int) -> int | None:
    if not -len(spec.shape) <= dim < len(spec.shape):
        return None
    size = spec.shape[dim]
    return size if isinstance(size, int) else None


def _is_fed(node_type: NodeType, inputs: Specs, feeding: Mapping[str, object]) -> bool:
    """Whether everything that the node needs is wired and known."""
    if any(name not in inputs for name in ordered_inputs(node_type, feeding)):
        return False
    required = (p for p in node_type.inputs if not p.optional)
    return all(p.name in inputs or (p.variadic and inputs) for p in required)


@lru_cache(maxsize=8192)
def _evaluate(
    node_type: NodeType, values: tuple[tuple[str, Value], ...], inputs: tuple[tuple[str, TensorSpec], ...]
) -> tuple[Specs, int, int]:
    """Outputs, trainable numbers and multiply-accumulates a sample of one node: its own Python, run without memory."""
    names = {port: f"x{i}" for i, (port, _) in enumerate(inputs)}
    emission = emit(node_type, dict(values), names)
    with torch.device("meta"), torch.no_grad():
        module = _module(emission.init) if emission.init else None
        parameters = list(module.parameters()) if module is not None else []
        space = {names[port]: _empty(spec) for port, spec in inputs}
        space |= {"torch": torch, "nn": torch.nn, "self": SimpleNamespace(module=module)}
        counter = FlopCounterMode(display=False)
        multiplies = module is None or any(p.ndim > 1 for p in parameters)
        with counter if multiplies else nullcontext():  # counting costs as much as running
            result = eval(_checked(emission.expression.format(self="self.module")), space)
    outputs = {port.name: _spec(tensor) for port, tensor in zip(node_type.outputs, _flat(result), strict=True)}
    return outputs, sum(p.numel() for p in parameters), counter.get_total_flops() // (2 * BATCH)


@lru_cache(maxsize=2048)
def _module(init: str) -> torch.nn.Module:
    return eval(_checked(init), {"nn": torch.nn}).eval()  # the same shapes as in training, with less to run


def _flat(result: Any) -> list[torch.Tensor]:
    """The tensors of a result, however they are nested."""
    return [t for part in result for t in _flat(part)] if isinstance(result, (tuple, list)) else [result]


def _checked(expression: str) -> str:
    check_source(expression)
    return expression


def _empty(spec: TensorSpec) -> torch.Tensor:
    return torch.empty([_number(d) for d in spec.shape], dtype=getattr(torch, spec.dtype))


def _spec(tensor: torch.Tensor) -> TensorSpec:
    return TensorSpec(tuple(_symbol(d) for d in tensor.shape), str(tensor.dtype).removeprefix("torch."))


def _number(dim: Dim) -> int:
    if isinstance(dim, int):
        return dim
    factor, _, _ = dim.rpartition("·")
    return int(factor or 1) * BATCH


def _symbol(size: int) -> Dim:
    factor, rest = divmod(size, BATCH)
    if rest or not factor:
        return size
    return "B" if factor == 1 else f"{factor}·B"

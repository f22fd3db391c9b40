"""Everything that can be known about a project without its data: shapes, sizes, cost and problems, blocks included.

A block is analysed for each of its instances, with what arrives there; instances that get the same share the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from graph.binding import bind, defaults
from graph.catalog import Catalog, NodeType, Role
from graph.catalog.definitions import INPUT, OUTPUT, SCAN, block_of, code_of, declared_shape, own_params, states
from graph.catalog.types import ordered_inputs
from graph.code import digest
from graph.expressions import Number
from graph.facts import read_facts
from graph.kinship import with_owners
from graph.messages import EditError
from graph.missing_states import offer_scan
from graph.model import Block, Definitions, Graph, Node, NodeId, Project, Value
from graph.problems import Problem
from graph.topology import ancestors, execution_order
from graph.validation import needed, param_problems, relax, relax_unused, validate
from runtime import instances, trust
from runtime.analysis import Analysis, Inside, NodeAnalysis, TensorSpec, insides
from runtime.code_nodes import run_code
from runtime.diagnosis import Situation, explain_failure, look_at
from runtime.diagnosis_mends import sparing
from runtime.diagnosis_scans import is_steady, settle
from runtime.feasibility import check_feasible
from runtime.initial_weights import check_initialization
from runtime.shapes import BATCH, Specs, evaluate
from runtime.sharing import check_sharing, without_shared

_KEPT = 512  # answers about blocks when an analysis begins


def analyse(project: Project, catalog: Catalog | None = None) -> Analysis:
    """Everything that can be known about a project, as it runs, without its data. `catalog` is its own where no other is given."""
    project = project.running
    catalog = project.catalog if catalog is None else catalog
    analyser = _Analyser(project, catalog)
    problems = [_mendable(problem, project) for problem in validate(project, catalog)]
    nodes = analyser.nodes_of(bind(project.graph, {}), problems)
    problems += check_feasible(project, nodes)
    blocks = analyser.blocks_seen(nodes)
    inner = {(p.block, p.node, p.code): p for seen in blocks.values() for p in seen.problems}
    known = {(p.block, p.node, p.code) for p in problems}
    problems += [p for place, p in inner.items() if place not in known]
    relaxed = relax_unused(relax(problems, project.graph, catalog), project)
    unneeded = frozenset(project.graph.nodes) - needed(project.graph, catalog)
    return Analysis(nodes, relaxed, blocks=blocks, unneeded=unneeded)


def _mendable(problem: Problem, project: Project) -> Problem:
    """A problem of validation with the mends that fit what the drawing means."""
    values = defaults(project.blocks.get(problem.block or ""))
    return sparing(offer_scan(problem, project), project, values)


class _Analyser:
    """Walks the drawings of one project. `given` is what the Input nodes of a block get from an instance."""

    def __init__(self, project: Project, catalog: Catalog) -> None:
        self.project, self.catalog, self.definitions = project, catalog, project.definitions
        self._within: list[str] = []
        self._names: list[Mapping[str, Number]] = [{}]
        self._drawn = [project.graph]  # with the expressions
        self._allowed = _allowed(project.definitions)
        self._kept = _answers(project.definitions, self._allowed)

    def nodes_of(self, graph: Graph, problems: list[Problem], given: Specs | None = None) -> dict[NodeId, NodeAnalysis]:
        """What is known about every node of a drawing whose expressions are worked out."""
        nodes: dict[NodeId, NodeAnalysis] = {}
        for node_id in execution_order(graph):
            node_type = self.catalog.of(graph.nodes[node_id])
            if node_type is not None:
                nodes[node_id] = self._node(graph, graph.nodes[node_id], node_type, nodes, problems, given)
        problems += check_sharing(graph, nodes, self.catalog)
        problems += check_initialization(graph, nodes, self.catalog)
        return without_shared(graph, nodes, self.catalog)

    def _node(
        self,
        graph: Graph,
        node: Node,
        node_type: NodeType,
        known: Mapping[NodeId, NodeAnalysis],
        problems: list[Problem],
        given: Specs | None,
    ) -> NodeAnalysis:
        inputs = _arriving(graph, node.id, node_type, known)
        values = _checked_values(node, node_type)
        if values is None:
            if given is not None:  # the values of an instance, which validation does not know
                problems += param_problems(node, node_type, self._names[-1])
            return NodeAnalysis(inputs)
        if given is not None and node.name in given and node_type.role is Role.INPUT:
            return NodeAnalysis(outputs={node_type.outputs[0].name: given[node.name]}, resolved=values)
        if node_type.role in (Role.DATA, Role.INPUT):
            return NodeAnalysis(outputs=_given(node, node_type, values), resolved=values)
        resolved = _resolve(node_type, values, inputs)
        if not _is_fed(node_type, inputs, graph.inputs(node.id)):
            return NodeAnalysis(inputs, resolved=resolved, inside=self._glimpse(node, resolved, inputs))
        situation = Situation(
            graph, node, node_type, resolved, inputs, known,
            raw=self._drawn[-1], names=self._names[-1], blocks=self.definitions.blocks,
        )  # fmt: skip
        found = tuple(look_at(situation))
        problems += found
        wrong = {p.code for p in found if p.severity == "error"}
        if wrong == {"pinned-size"}:
            return _if_inferred(situation)
        if wrong or node_type.role in (Role.METRIC, Role.OUTPUT):
            return NodeAnalysis(inputs, resolved=resolved)
        return self._run(situation, problems)

    def _run(self, s: Situation, problems: list[Problem]) -> NodeAnalysis:
        block, code = block_of(s.node, self.definitions), code_of(s.node, self.definitions)
        if block is not None:
            return self._instance(s, block, problems)
        if code is not None:
            found, wrong = run_code(s, code, allowed=code.id in self._allowed)
            problems += wrong
            return found
        try:
            outputs, parameters, macs = evaluate(s.node_type, tuple(s.values.items()), tuple(s.inputs.items()))
        except Exception as error:
            problems.append(explain_failure(s, str(error).replace(str(BATCH), "B")))
            return NodeAnalysis(s.inputs, resolved=s.values)
        return NodeAnalysis(s.inputs, outputs, s.values, parameters, macs)

    # ---- blocks

    def _instance(self, s: Situation, block: Block, problems: list[Problem]) -> NodeAnalysis:
        """What an instance gives, and what is known inside."""
        names = {param.name: s.values[param.name] for param in own_params(block)}
        found = instances.run(s, block, lambda given: self._inside(block, names, given))
        problems += found.problems
        return found.analysis

    def _glimpse(self, node: Node, values: Mapping[str, Any], inputs: Specs) -> tuple[Inside, ...]:
        """A block as far as an instance feeds it; the other inputs are what they announce."""
        block = block_of(node, self.definitions)
        if block is None:
            return ()
        names = {param.name: values[param.name] for param in own_params(block)}
        arriving = instances.step_of(block, inputs) if values["use"] == SCAN else inputs
        inside = self._alone(block, names, arriving)
        return (inside,) if inside is not None else ()

    def _alone(self, block: Block, values: Mapping[str, Any], arriving: Specs) -> Inside | None:
        """A block that is not fed wholly: inputs are what they announce; states that announce nothing are what fits."""
        given = {**_announced(block, values), **arriving}
        inside = self._inside(block, values, given)
        if is_steady(inside, block, given):
            return inside
        silent = {n.name for n in block.graph.nodes.values() if n.type == INPUT and "shape" not in n.params}
        free = {n: given[n] for n in states(block).values() if n in silent and n in given and n not in arriving}
        found = settle(block, lambda tried: self._inside(block, values, tried), given=given, free=free)
        return found[0] if found else inside

    def _inside(self, block: Block, values: Mapping[str, Any], given: Specs) -> Inside | None:
        """A block with these values of its parameters and these inputs; None if it is in itself, or too deep."""
        key = (block.id, tuple(values.items()), tuple(given.items()))
        found = self._kept.get(key)
        if found is None:
            if block.id in self._within or self.definitions.nesting.is_too_deep(block.id):
                return None
            self._within.append(block.id)
            found = self._kept[key] = self._look_inside(block, values, given)
            self._within.pop()
        return found

    def _look_inside(self, block: Block, values: Mapping[str, Number], given: Specs) -> Inside:
        problems: list[Problem] = []
        self._names.append(values)
        self._drawn.append(block.graph)
        nodes = self.nodes_of(bind(block.graph, values), problems, given)
        self._names.pop()
        self._drawn.pop()
        outputs = {
            node.name: spec
            for node in block.graph.nodes.values()
            if node.type == OUTPUT and node.id in nodes
            for spec in nodes[node.id].inputs.values()
        }
        inner = (problem.within(block.id) for problem in relax(problems, block.graph, self.catalog))
        found = tuple(sparing(problem, self.project, values) for problem in inner)
        return Inside(block.id, dict(values), nodes, outputs, found, _needed(block.graph))

    def blocks_seen(self, nodes: Mapping[NodeId, NodeAnalysis]) -> dict[str, Inside]:
        """Each block as its first instance has it, or, where there is none, with what its Input nodes announce."""
        seen: dict[str, Inside] = {}
        for inside in insides(nodes):
            seen.setdefault(inside.block, inside)
        for block in self.project.blocks.values():
            if block.id not in seen:
                alone = self._alone(block, defaults(block), {})
                for inside in (alone, *insides(alone.nodes)) if alone else ():
                    seen.setdefault(inside.block, inside)
        return seen


def _needed(graph: Graph) -> frozenset[NodeId]:
    """The nodes that the outputs of a block depend on, with those whose weights they share."""
    ends = {node.id for node in graph.nodes.values() if node.type == OUTPUT}
    wanted = ends | ancestors(graph, ends)
    return with_owners(graph.nodes, wanted)


def _announced(block: Block, values: Mapping[str, Any]) -> dict[str, TensorSpec]:
    """What the Input nodes of a block say that they will get, with these values of its parameters."""
    given = {}
    for node in block.graph.nodes.values():
        shape = declared_shape(block, node, values) if node.type == INPUT else None
        if shape is not None:
            given[node.name] = TensorSpec(("B", *shape), str(node.params.get("dtype", "float32")))
    return given


def _allowed(definitions: Definitions) -> frozenset[str]:
    """The ids of the pieces of code that may run."""
    hashes = trust.allowed() if definitions.codes else frozenset()
    return frozenset(code.id for code in definitions.codes.values() if digest(code.text) in hashes)


_answered: list[tuple[Definitions, frozenset[str], dict[Any, Inside]]] = []


def _answers(definitions: Definitions, allowed: frozenset[str]) -> dict[Any, Inside]:
    """The answers about the blocks of a project, kept as long as its definitions and what of them may run are the same.

    The oldest ones that are too many go here, not while the analysis that needs them all is under way.
    """
    for known, could_run, answers in _answered:
        if known is definitions and could_run == allowed:
            for oldest in list(answers)[:-_KEPT]:
                answers.pop(oldest, None)
            return answers
    _answered.insert(0, (definitions, allowed, {}))
    del _answered[2:]
    return _answered[0][2]


# ---- one node


def _arriving(
    graph: Graph, node: NodeId, node_type: NodeType, known: Mapping[NodeId, NodeAnalysis]
) -> dict[str, TensorSpec]:
    feeding = graph.inputs(node)
    inputs = {}
    for name in ordered_inputs(node_type, feeding):
        source = known.get(feeding[name].node)
        if source is not None and feeding[name].name in source.outputs:
            inputs[name] = source.outputs[feeding[name].name]
    return inputs


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


def _if_inferred(s: Situation) -> NodeAnalysis:
    """A node with a wrong size as it would be if that followed from its input, so that what comes after is looked at too."""
    free = {p.name: None for p in s.node_type.params if p.auto is not None}
    values = _resolve(s.node_type, {**s.values, **free}, s.inputs)
    unknown = NodeAnalysis(s.inputs, resolved=s.values)
    if any(p.severity == "error" for p in look_at(replace(s, values=values))):
        return unknown
    try:
        outputs, parameters, macs = evaluate(s.node_type, tuple(values.items()), tuple(s.inputs.items()))
    except Exception:  # whatever else is wrong is said once the size is mended
        return unknown
    return NodeAnalysis(s.inputs, outputs, values, parameters, macs)


def _dimension(spec: TensorSpec, dim: int | None) -> int | None:
    if dim is None:
        return spec.classes
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

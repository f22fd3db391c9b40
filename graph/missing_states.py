"""An input of a scan that nothing feeds: it may be meant as a state, which an output of the step before feeds."""

from __future__ import annotations

from dataclasses import replace
from difflib import SequenceMatcher
from functools import partial

from graph.catalog.definitions import CALL, INPUT, OUTPUT, SCAN, block_of, states, whole_inputs
from graph.messages import Message, msg
from graph.model import Block, Definitions, Node, NodeId, Project, Scope
from graph.problems import Fix, Problem

_MOST = 3  # outputs that are offered


def can_be_state(node: Node, port: str, definitions: Definitions) -> Block | None:
    """The block of an instance that scans, if this input could be a state of it: another one is there to go along."""
    block = block_of(node, definitions) if node.params.get("use") == SCAN else None
    if block is None:
        return None
    others = {*states(block).values(), *whole_inputs(block)}
    sequences = {entry.name for entry in block.graph.nodes.values() if entry.type == INPUT} - others
    return block if port in sequences and len(sequences) > 1 else None


def missing_state(node: Node, port: str) -> Message:
    """What can be done about such an input."""
    return msg(
        "Nothing is wired to '{port}' of '{node}'. Drag a wire to it from what should feed it at every step; or, as in a "
        "scan an input can be a state, let it get what an output gave at the step before.",
        port=port, node=node.name,
    )  # fmt: skip


def make_state(block: Block, entry: str) -> tuple[Fix, ...]:
    """For each output that is no state yet: hand it on to this input. The most resembling names come first."""
    free = [n for n in block.graph.nodes.values() if n.type == OUTPUT and n.params.get("state") is None]
    free.sort(key=lambda output: SequenceMatcher(None, entry, output.name).ratio(), reverse=True)
    return tuple(
        Fix(
            msg("Make {input} a state, fed by {output}", input=entry, output=output.name),
            partial(_handed_on, block.id, output.id, entry),
        )
        for output in free[:_MOST]
    )


def offer_scan(problem: Problem, project: Project) -> Problem:
    """Where a state of a cell that is called has no wire, the first mend is to scan: then the state feeds itself."""
    node = project.drawing(problem.block).nodes.get(problem.node or "") if problem.code == "missing-input" else None
    block = block_of(node, project.definitions) if node is not None else None
    if (
        node is None
        or block is None
        or node.params.get("use", CALL) != CALL
        or problem.port not in states(block).values()
    ):
        return problem
    scan = Fix(msg("Scan it"), partial(_scanned, problem.block, node.id))
    return replace(problem, fixes=(scan, *problem.fixes))


def _scanned(scope: Scope, node: NodeId, project: Project) -> Project:
    return project.with_drawing(scope, project.drawing(scope).set_params(node, {"use": SCAN}))


def _handed_on(block: str, output: NodeId, entry: str, project: Project) -> Project:
    return project.with_drawing(block, project.drawing(block).set_params(output, {"state": entry}))

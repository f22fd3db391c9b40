"""Shape and dtype problems in the words of the drawing: what each side has, and the mend.

The checks of single node types are tables in the modules beside this one: `diagnosis_layers`, `diagnosis_joins`,
`diagnosis_losses`, `diagnosis_indices`, `diagnosis_operations`, `diagnosis_sequences`, `diagnosis_path`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graph.catalog import NodeType
from graph.expressions import Number
from graph.messages import Message, msg
from graph.model import Block, Graph, Node, NodeId, Port
from graph.problems import Fix, Problem, Severity
from runtime.analysis import NodeAnalysis, TensorSpec
from runtime.diagnosis_indices import INDEX_CHECKS
from runtime.diagnosis_joins import JOIN_CHECKS
from runtime.diagnosis_layers import LAYER_CHECKS
from runtime.diagnosis_losses import LOSS_CHECKS
from runtime.diagnosis_operations import OPERATION_CHECKS
from runtime.diagnosis_path import PATH_CHECKS
from runtime.diagnosis_ports import check_pins, check_ports, check_precision
from runtime.diagnosis_sequences import SEQUENCE_CHECKS

MAX_ERROR = 200  # characters of PyTorch's own words

Check = Callable[["Situation"], Iterator[Problem]]


@dataclass(frozen=True, slots=True)
class Situation:
    """One node with what arrives at it, before it is run."""

    graph: Graph
    node: Node
    node_type: NodeType
    values: Mapping[str, Any]  # checked: each is of the kind of its parameter
    inputs: Mapping[str, TensorSpec]
    known: Mapping[NodeId, NodeAnalysis] = field(default_factory=dict)  # of the nodes that come before it
    raw: Graph | None = None  # the drawing as it is written, with its expressions
    names: Mapping[str, Number] = field(
        default_factory=dict
    )  # what may stand in expressions: the parameters of the block
    blocks: Mapping[str, Block] = field(default_factory=dict)

    def feed(self, port: str) -> Port:
        """The output that feeds an input."""
        return self.graph.inputs(self.node.id)[port]

    def source(self, port: str) -> str:
        """The name of the node that feeds an input."""
        return self.graph.nodes[self.feed(port).node].name

    def problem(self, code: str, message: Message, *fixes: Fix, port: str | None = None, warn: bool = False) -> Problem:
        """A problem of this node."""
        severity = Severity.WARNING if warn else Severity.ERROR
        return Problem(code, message, self.node.id, port, severity, fixes)


def look_at(situation: Situation) -> Iterator[Problem]:
    """What is wrong with what arrives at a node, found before it is run. A wrong number of dimensions hides the rest."""
    wrong = [*check_ports(situation), *check_precision(situation), *check_pins(situation)]
    yield from wrong
    if not wrong:
        for check in CHECKS.get(situation.node.type, ()):
            yield from check(situation)


def explain_failure(situation: Situation, error: str) -> Problem:
    """A problem for what only PyTorch itself found: the numbers of what arrives first, then its own words, cut short."""
    given = ", ".join(f"{situation.source(port)}: {spec}" for port, spec in situation.inputs.items())
    words = error.strip().split("\n")[0]
    return situation.problem(
        "shape-mismatch",
        msg(
            "'{node}' cannot take what arrives ({given}). Change its parameters or what comes before it. "
            "PyTorch says: {error}",
            node=situation.node.name,
            given=given,
            error=words if len(words) <= MAX_ERROR else words[: MAX_ERROR - 1] + "…",
        ),
    )


def _merged(*tables: Mapping[str, tuple[Check, ...]]) -> Mapping[str, tuple[Check, ...]]:
    """One table of all; a type that stands in several gets the checks of each."""
    merged: dict[str, tuple[Check, ...]] = {}
    for table in tables:
        for type_id, checks in table.items():
            merged[type_id] = (*merged.get(type_id, ()), *checks)
    return merged


CHECKS: Mapping[str, tuple[Check, ...]] = _merged(
    LAYER_CHECKS,
    OPERATION_CHECKS,
    JOIN_CHECKS,
    LOSS_CHECKS,
    INDEX_CHECKS,
    SEQUENCE_CHECKS,
    PATH_CHECKS,
)

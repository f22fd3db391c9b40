"""What a node's card says: its texts, colour and marks, worked out from the drawing and its analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from graph.catalog import CATALOG, Kind, NodeType, Param, Role
from graph.messages import tr, translate
from graph.model import Node, Project, Value
from graph.plan import Split
from graph.problems import Problem, Severity
from gui.canvas.geometry import Shape
from gui.figures import compact_count, grouped
from gui.theme import THEMES
from runtime.analysis import NodeAnalysis

SEPARATOR = " · "  # in a summary: what follows may be left out where there is no room
UNKNOWN_ROLE = "network"


class Box(NamedTuple):
    """What is left of a card from afar."""

    color: str
    severity: Severity | None
    height: float


@dataclass(frozen=True, slots=True, eq=False)
class Card:
    """The contents of a card. `left` and `right` share the third line; `color` is a role of the theme.

    `known` is False for a type that the catalogue does not have. `faulty` names the ports with a problem.
    """

    name: str
    summary: str
    left: str
    right: str
    color: str
    shape: Shape
    known: bool = True
    severity: Severity | None = None
    faulty: frozenset[str] = frozenset()

    @property
    def box(self) -> Box:
        """The card from afar."""
        return Box(self.color, self.severity, self.shape.height)


def card_of(
    project: Project,
    node: Node,
    shape: Shape,
    *,
    found: NodeAnalysis | None = None,
    problems: Sequence[Problem] = (),
    live: float | None = None,
) -> Card:
    """The card of a node; `live` is the latest value of a loss or metric."""
    node_type = CATALOG.get(node.type)
    left, right = _third_line(node_type, found, live)
    return Card(
        name=node.name,
        summary=summary(project, node, found),
        left=left,
        right=right,
        color=color_role(node.type),
        shape=shape,
        known=node_type is not None,
        severity=worst(problems),
        faulty=frozenset(p.port for p in problems if p.port),
    )


@lru_cache
def color_role(type_id: str) -> str:
    """The role of the theme that a node of this type is painted in."""
    node_type = CATALOG.get(type_id)
    return node_type.family if node_type and node_type.family in THEMES["dark"] else UNKNOWN_ROLE


def worst(problems: Sequence[Problem]) -> Severity | None:
    """The gravest severity among the problems, or None."""
    if not problems:
        return None
    return Severity.ERROR if any(p.severity is Severity.ERROR for p in problems) else Severity.WARNING


def summary(project: Project, node: Node, found: NodeAnalysis | None = None) -> str:
    """The second line: what the node is, with the values that matter; the bare type id where the type is unknown."""
    node_type = CATALOG.get(node.type)
    if node_type is None:
        return node.type
    if node_type.role is Role.DATA:
        return _data_summary(node, project.plan.split)
    resolved = found.resolved if found else {}
    values = node_type.values(node)
    shown = {p.name: shown_value(p, _first(values[p.name], resolved.get(p.name))) for p in node_type.params}
    return translate(node_type.summary or node_type.label).format_map(shown)


def shown_value(param: Param, value: Value) -> str:
    """A parameter's value as on a card: `5×5`, `0.5`, `auto`."""
    if value is None:
        return tr("auto")
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if isinstance(value, tuple):
        return "×".join(map(str, value))
    if param.kind is Kind.INTS and isinstance(value, int):
        return "×".join([str(value)] * (param.length or 1))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _first(value: Value, resolved: Value) -> Value:
    return resolved if value is None else value


def _data_summary(node: Node, split: Split) -> str:
    samples = (node.facts or {}).get("samples")
    if not isinstance(samples, int):
        return tr("no data yet")
    shares = "/".join(f"{100 * share:.0f}" for share in (split.train, split.validation, split.test))
    return tr("{samples} samples", samples=grouped(samples)) + SEPARATOR + shares


def _third_line(node_type: NodeType | None, found: NodeAnalysis | None, live: float | None) -> tuple[str, str]:
    outputs: Mapping = found.outputs if found else {}
    name, spec = next(iter(outputs.items()), ("", None))
    shape = spec.compact if spec else ""
    if node_type and len(node_type.outputs) > 1 and shape:
        shape = f"{name} {shape}"
    if live is not None:
        return f"{live:.4f}" if abs(live) < 1000 else f"{live:.3e}", shape
    return shape, compact_count(found.parameters) if found and found.parameters else ""

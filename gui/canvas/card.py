"""What a node's card says: its texts, color and marks, worked out from the drawing and its analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from graph.binding import SIGN, is_expression
from graph.bypassing import can_bypass
from graph.catalog import Kind, NodeType, Param, Role
from graph.catalog.definitions import BACKWARD, BOTH, FORWARD, GRADIENT, INPUT, OUTPUT, REPEAT, RESERVED, SCAN
from graph.messages import tr, translate
from graph.model import Node, Project, Value
from graph.plan import Split
from graph.problems import Problem, Severity
from gui.canvas.geometry import Shape
from gui.canvas.kinship import Kin
from gui.canvas.living import CALM, Vital
from gui.figures import compact_count, figure, grouped
from gui.theme import THEMES
from runtime.analysis import NodeAnalysis

SEPARATOR = " · "  # in a summary: what follows may be left out where there is no room
UNKNOWN_ROLE = "network"
_WAYS = {FORWARD: "→", BACKWARD: "←", BOTH: "↔"}


class Box(NamedTuple):
    """What is left of a card from afar."""

    color: str
    severity: Severity | None
    width: float
    height: float
    sheets: int = 0
    bypassed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Card:
    """The contents of a card. `left` and `right` share the third line; `color` is a role of the theme.

    `known` is False for a type that the catalogue does not have. `faulty` names the ports with a problem. `kin` is the
    group that shares its weights. `sheets` are seen behind the card of a block: one, or two where it runs more than once.
    `bypassed` says that the node is switched off; what arrives at the input `passing` then leaves it. `curve` is how its
    gradients went, as heights from 0 to 1; `state` a key of `marking.STATES`, or empty. `live` says that `left` is what a run
    measured last.
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
    kin: Kin | None = None
    sheets: int = 0
    bypassed: bool = False
    passing: str | None = None
    curve: tuple[float, ...] = ()
    state: str = ""
    live: bool = False

    @property
    def is_told(self) -> bool:
        """Whether a part of it is told by a run, and changes all the time: see `painting.paint_told`."""
        return self.live or bool(self.curve)

    def told(self, vital: Vital) -> Card | None:
        """The same card with other figures of a run; None where they change more than what `painting.paint_told` paints."""
        same = (self.live, self.state, self.bypassed) == (vital.live is not None, _state(vital), False)
        if not same:
            return None
        return replace(self, left=self.left if vital.live is None else _live(vital.live), curve=vital.curve)

    @property
    def box(self) -> Box:
        """The card from afar."""
        return Box(self.color, self.severity, self.shape.width, self.shape.height, self.sheets, self.bypassed)


def card_of(
    project: Project,
    node: Node,
    shape: Shape,
    *,
    found: NodeAnalysis | None = None,
    problems: Sequence[Problem] = (),
    vital: Vital = CALM,
    kin: Kin | None = None,
) -> Card:
    """The card of a node of a project as it is seen from its drawing; `vital` is what a run says of it."""
    node_type = project.catalog.of(node)
    left, right = _third_line(found, vital.live, named=node_type is not None and _names_its_shape(node_type, shape))
    said, bypassed = summary(project, node, found), is_bypassed(node_type, node)
    if bypassed:
        said, left, right = "", said, tr("bypassed")
    elif kin is not None and not kin.leads:
        right = tr("shared")
    return Card(
        name=node.name,
        summary=said,
        left=left,
        right=right,
        color=color_role(node_type),
        shape=shape,
        known=node_type is not None,
        severity=worst(problems),
        faulty=frozenset(p.port for p in problems if p.port),
        kin=kin,
        sheets=sheets(node_type, node),
        bypassed=bypassed,
        passing=_passing(project, node, shape) if bypassed else None,
        curve=() if bypassed else vital.curve,
        state="" if bypassed else _state(vital),
        live=vital.live is not None and not bypassed,
    )


def is_bypassed(node_type: NodeType | None, node: Node) -> bool:
    """Whether a node is switched off: what arrives at it passes."""
    return node.bypassed and can_bypass(node_type)


def color_role(node_type: NodeType | None) -> str:
    """The role of the theme that a node of this type is painted in."""
    return node_type.family if node_type and node_type.family in THEMES["dark"] else UNKNOWN_ROLE


def has_inside(node_type: NodeType | None) -> bool:
    """Whether nodes of a type can be looked into: those of a block, and those of code."""
    return node_type is not None and (node_type.role is Role.BLOCK or node_type.family == "code")


def sheets(node_type: NodeType | None, node: Node) -> int:
    """How many sheets are seen behind the card of a node: those of a drawing inside it."""
    if node_type is None or node_type.role is not Role.BLOCK:
        return 0
    return 2 if node.params.get("use") in (REPEAT, SCAN) else 1


def worst(problems: Sequence[Problem]) -> Severity | None:
    """The gravest severity among the problems, or None."""
    if not problems:
        return None
    return Severity.ERROR if any(p.severity is Severity.ERROR for p in problems) else Severity.WARNING


def summary(project: Project, node: Node, found: NodeAnalysis | None = None) -> str:
    """The second line: what the node is, with the values that matter; the bare type id where the type is unknown."""
    node_type = project.catalog.get(node.type)
    if node_type is None:
        return node.type
    if node_type.role is Role.DATA:
        return _data_summary(node, project.plan.split)
    if said := _end_summary(project, node, node_type, found):
        return said
    resolved = found.resolved if found else {}
    values = node_type.values(node)
    if node_type.family in ("block", "code"):  # made by the person: its name is no template, and is not translated
        return SEPARATOR.join([_use(node_type, values), *_own_values(node_type, node)])
    shown = {p.name: shown_value(p, _first(values[p.name], resolved.get(p.name))) for p in node_type.params}
    return translate(node_type.summary or node_type.label).format_map(shown)


def shown_value(param: Param, value: Value) -> str:
    """A parameter's value as on a card: `5×5`, `0.5`, `auto`."""
    if value is None:
        return tr("auto")
    if isinstance(value, str) and is_expression(value):
        return _expression(value)
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if isinstance(value, tuple):
        return "×".join(_expression(str(entry)) for entry in value)
    if param.kind is Kind.INTS and isinstance(value, int):
        return "×".join([str(value)] * (param.length or 1))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _expression(text: str) -> str:
    """`4*channels` for `=4 * channels`; a number as it is."""
    return text.removeprefix(SIGN).replace(" ", "")


def _first(value: Value, resolved: Value) -> Value:
    return resolved if value is None else value


def _use(node_type: NodeType, values: Mapping[str, Value]) -> str:
    """`Bottleneck`, `3 × Bottleneck`, `→ LstmCell · over time`, `∇ Critic · gradient`: what makes the difference comes first."""
    use = values.get("use")
    if use == REPEAT:
        return f"{_expression(str(values['times']))} × {node_type.label}"
    if use == SCAN:
        way = _WAYS.get(str(values["direction"]), _WAYS[FORWARD])
        return f"{way} {node_type.label}{SEPARATOR}{tr('over time')}"
    if use == GRADIENT:
        return f"∇ {node_type.label}{SEPARATOR}{tr('gradient')}"
    return node_type.label


def _end_summary(project: Project, node: Node, node_type: NodeType, found: NodeAnalysis | None) -> str:
    """What is special about an Input or an Output of a block: it is a state, or gets another shape than it announces."""
    if node.type == OUTPUT and (state := node.params.get("state")):
        return f"{translate(node_type.label)} → {state}"
    if node.type != INPUT:
        return ""
    outputs = [other for other in project.graph.nodes.values() if other.type == OUTPUT]
    if any(output.params.get("state") == node.name for output in outputs):
        return f"{translate(node_type.label)}{SEPARATOR}{tr('state')}"
    spec = found.outputs.get("output") if found else None
    announced = found.resolved.get("shape", node_type.values(node)["shape"]) if found else None
    return translate(node_type.label) if spec is not None and spec.shape[1:] != announced else ""


def _own_values(node_type: NodeType, node: Node) -> list[str]:
    """What the person set of the parameters that the block or the code has itself."""
    params = (p for p in node_type.params if p.name in node.params and p.name not in RESERVED)
    texts = [(p, shown_value(p, node.params[p.name])) for p in params]
    said = ", ".join(f"{p.name}={text}" if p.kind is Kind.BOOL else text for p, text in texts)
    return [said] if said else []


def _data_summary(node: Node, split: Split) -> str:
    samples = (node.facts or {}).get("samples")
    if not isinstance(samples, int):
        return tr("no data yet")
    shares = "/".join(f"{100 * share:.0f}" for share in (split.train, split.validation, split.test))
    return tr("{samples} samples", samples=grouped(samples)) + SEPARATOR + shares


def _passing(project: Project, node: Node, shape: Shape) -> str | None:
    """The first input with a wire: what arrives there leaves a node that is switched off."""
    wired = project.graph.inputs(node.id)
    return next((name for name in shape.inputs if name in wired), None)


def _names_its_shape(node_type: NodeType, shape: Shape) -> bool:
    """Whether it must be said which output has the shape: there are several, and their names are not on the card."""
    return len(node_type.outputs) > 1 and not shape.named


def _live(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 1000 else figure(value)


def _state(vital: Vital) -> str:
    return "frozen" if vital.frozen else vital.state


def _third_line(found: NodeAnalysis | None, live: float | None, *, named: bool) -> tuple[str, str]:
    outputs: Mapping = found.outputs if found else {}
    name, spec = next(iter(outputs.items()), ("", None))
    shape = spec.compact if spec else ""
    if named and shape:
        shape = f"{name} {shape}"
    if live is not None:
        return _live(live), shape
    return shape, compact_count(found.parameters) if found and found.parameters else ""

"""The rows of the Outline in words: what each line shows, and the sentence that a screen reader says for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto

from graph.binding import is_expression
from graph.catalog import Catalog, NodeType, Param
from graph.look import FRAME
from graph.messages import tr, translate
from graph.model import Graph, Link, Node, NodeId, Port, Project, Scope, Value
from graph.problems import Fix, Problem, Severity
from graph.topology import execution_order
from gui.canvas.card import color_role, has_inside, summary, worst
from gui.figures import compact_count, grouped
from gui.panels.fields import shown_text
from gui.panels.node_fields import matters, params_of
from gui.panels.search import label_of
from gui.panels.values import format_value
from runtime.analysis import Analysis, NodeAnalysis, TensorSpec

Key = tuple[str, ...]  # what stays the same of a row while its words change


class Kind(StrEnum):
    """What a row is, and so what can be done on it."""

    BACK = auto()  # the way out of a block
    NODE = auto()
    NOTE = auto()  # or a frame
    INPUT = auto()  # without a wire
    FED = auto()  # an input with a wire
    OUTPUT = auto()  # without a wire
    WIRE = auto()  # an output with one of its wires
    PARAM = auto()
    PROBLEM = auto()
    FIX = auto()
    INSIDE = auto()
    FAULT = auto()  # a problem of the drawing as a whole
    CURE = auto()  # a mend of one


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `name` comes first, `value`, `note` and `count` are quieter; `spoken` says all of it, `help` what it is for."""

    kind: Kind
    key: Key
    name: str
    value: str = ""
    note: str = ""
    count: str = ""
    spoken: str = ""
    help: str = ""
    color: str = ""  # role of the theme
    severity: Severity | None = None
    node: NodeId | None = None
    port: Port | None = None
    link: Link | None = None
    param: Param | None = None
    problem: Problem | None = field(default=None, compare=False)
    fix: Fix | None = field(default=None, compare=False)

    @property
    def text(self) -> str:
        """The row on one line."""
        parts = " – ".join(filter(None, (self.name, self.value)))
        gives = ", ".join(filter(None, (self.note, self.count)))
        return f"{parts} → {gives}" if gives else parts


@dataclass(frozen=True, eq=False)
class Drawing:
    """A drawing as the Outline reads it: a value of the document with what is known about it.

    `project` is seen from the drawing; `back` names the drawing around, empty where there is none.
    """

    project: Project
    analysis: Analysis
    order: tuple[NodeId, ...]
    problems: Mapping[NodeId | None, tuple[Problem, ...]]
    scope: Scope = None
    back: str = ""

    @property
    def graph(self) -> Graph:
        """The nodes and wires."""
        return self.project.graph

    @property
    def catalog(self) -> Catalog:
        """The node types."""
        return self.project.catalog

    def keys(self) -> list[Key]:
        """The rows of the first level."""
        lost = [row.key for row in _problem_rows(self.problems.get(None, ()), None)]
        nodes: list[Key] = [(Kind.NODE, node) for node in self.order]
        notes: list[Key] = [(Kind.NOTE, note) for note in self.graph.look.annotations]
        return [*([(Kind.BACK,)] if self.back else []), *lost, *nodes, *notes]

    def row(self, key: Key) -> Row:
        """A row of the first level."""
        if key[0] == Kind.NODE:
            return self._node_row(self.graph.nodes[key[1]])
        if key[0] == Kind.NOTE:
            return self._note_row(key[1])
        if key[0] == Kind.BACK:
            words = tr("Back to {name}", name=self.back)
            return Row(Kind.BACK, key, words, spoken=words)
        return next(row for row in _problem_rows(self.problems[None], None) if row.key == key)

    def details(self, node: NodeId) -> list[Row]:
        """The rows below a node: its problems, inputs, parameters, outputs, and the way inside."""
        here = self.graph.nodes[node]
        node_type = self.catalog.of(here)
        known = self.analysis.nodes.get(node, NodeAnalysis())
        rows = [*_problem_rows(self.problems.get(node, ()), node), *self._input_rows(here, node_type, known)]
        if node_type is not None:
            shown = [p for p in params_of(node_type, self.scope) if matters(p, node_type, here, known)]
            rows += [_param_row(here, param, known) for param in shown]
        rows += self._output_rows(here, node_type, known)
        if has_inside(node_type) and node_type is not None:
            rows.append(self._inside_row(node, node_type))
        return rows

    def sentence(self, node: NodeId) -> str:
        """All that matters about a node in a sentence or two."""
        return self._node_row(self.graph.nodes[node]).spoken

    # ---- rows

    def _node_row(self, node: Node) -> Row:
        node_type, known = self.catalog.of(node), self.analysis.nodes.get(node.id, NodeAnalysis())
        problems = self.problems.get(node.id, ())
        shapes = [str(spec) for spec in known.outputs.values()]
        compact = [spec.compact for spec in known.outputs.values()]
        count = tr("{count} parameters", count=grouped(known.parameters)) if known.parameters else ""
        off = tr("Bypassed") if node.bypassed else ""
        kin = ", ".join(other.name for other in self.graph.kin(node.id) if other.id != node.id) if node.shares else ""
        parts = [
            f"{node.name}: {', '.join([_label(node, node_type), *_set_values(node, node_type)])}",
            off,
            tr("Gives {shapes}", shapes=", ".join(shapes)) if shapes else "",
            count,
            tr("Shares its weights with {others}", others=kin) if kin else "",
            *(_severe(problem) for problem in problems),
        ]
        return Row(
            Kind.NODE,
            (Kind.NODE, node.id),
            node.name,
            " · ".join(filter(None, (off, summary(self.project, node, known)))),
            ", ".join(compact[:1]),
            compact_count(known.parameters) if known.parameters else "",
            spoken=_sentences(parts),
            help=translate(node_type.help) if node_type is not None else "",
            color=color_role(node_type),
            severity=worst(problems),
            node=node.id,
        )

    def _note_row(self, note: str) -> Row:
        annotation = self.graph.look.annotations[note]
        first = next((line.lstrip("# ") for line in annotation.text.splitlines() if line.strip()), tr("empty"))
        name = tr("Frame") if annotation.kind == FRAME else tr("Note")
        return Row(Kind.NOTE, (Kind.NOTE, note), name, first, spoken=f"{name}: {annotation.text or first}")

    def _input_rows(self, node: Node, node_type: NodeType | None, known: NodeAnalysis) -> Iterable[Row]:
        feeds = self.graph.inputs(node.id)
        ports = node_type.input_ports(feeds) if node_type is not None else ()
        helps = {port.name: translate(port.help) for port in ports}
        for name in dict.fromkeys([*helps, *feeds]):
            port, source = Port(node.id, name), feeds.get(name)
            shape = _shape(known.inputs.get(name))
            if source is None:
                value, link = tr("not connected"), None
                spoken = tr("Input {port}, not connected", port=name)
            else:
                value, link = f"← {_end(self.graph, source)}", self.graph.links[port]
                spoken = tr("Input {port}, from {source}", port=name, source=_end(self.graph, source))
            yield Row(
                Kind.INPUT if link is None else Kind.FED, ("input", name), name, value, shape,
                spoken=_sentences([spoken, shape]), help=helps.get(name, ""), node=node.id, port=port, link=link,
            )  # fmt: skip

    def _output_rows(self, node: Node, node_type: NodeType | None, known: NodeAnalysis) -> Iterable[Row]:
        leaving: dict[str, list[Link]] = {port.name: [] for port in (node_type.outputs if node_type else ())}
        for link in self.graph.outgoing(node.id):
            leaving.setdefault(link.source.name, []).append(link)
        for name, links in leaving.items():
            entry = node_type.output(name) if node_type is not None else None
            shape = _shape(known.outputs.get(name))
            for number, link in enumerate(links or [None]):
                end = _end(self.graph, link.target) if link is not None else ""
                where = tr("goes to {target}", target=end) if end else tr("goes nowhere")
                yield Row(
                    Kind.WIRE if end else Kind.OUTPUT, ("output", name, str(number)), name,
                    f"→ {end}" if end else where, shape,
                    spoken=_sentences([tr("Output {port}, {where}", port=name, where=where), shape]),
                    help=translate(entry.help) if entry is not None else "",
                    node=node.id, port=Port(node.id, name), link=link,
                )  # fmt: skip

    def _inside_row(self, node: NodeId, node_type: NodeType) -> Row:
        block = self.project.blocks.get(node_type.id.partition(".")[2])
        words = tr("The Python code") if block is None else tr("Inside {name}", name=block.name)
        value = "" if block is None else tr("{count} nodes", count=len(block.graph.nodes))
        return Row(Kind.INSIDE, (Kind.INSIDE,), words, value, spoken=_sentences([words, value]), node=node)


def drawing_of(
    project: Project, analysis: Analysis, *, scope: Scope = None, back: str = "", before: Drawing | None = None
) -> Drawing:
    """How the Outline reads a project as it is seen from the drawing of `scope`; `before` saves work where little changed."""
    graph = project.graph
    same = before is not None and before.graph.links is graph.links and before.graph.nodes.keys() == graph.nodes.keys()
    order = before.order if before is not None and same else _ordered(graph)
    return Drawing(project, analysis, order, problems_by_node(project, analysis), scope, back)


def problems_by_node(project: Project, analysis: Analysis) -> dict[NodeId | None, tuple[Problem, ...]]:
    """The problems of each node; those of the drawing as a whole under None."""
    problems: dict[NodeId | None, list[Problem]] = {}
    for problem in analysis.problems:
        problems.setdefault(problem.node if problem.node in project.graph.nodes else None, []).append(problem)
    return {node: tuple(found) for node, found in problems.items()}


def _ordered(graph: Graph) -> tuple[NodeId, ...]:
    """The nodes as they run, then those on cycles and behind them."""
    order = execution_order(graph)
    placed = set(order)
    return (*order, *(node for node in graph.nodes if node not in placed))


def _problem_rows(problems: Iterable[Problem], node: NodeId | None) -> list[Row]:
    rows = []
    for number, problem in enumerate(problems):
        said, place = _severe(problem), str(number)
        rows.append(
            Row(
                Kind.FAULT if node is None else Kind.PROBLEM,
                (Kind.PROBLEM, place),
                str(problem.message),
                spoken=said,
                severity=problem.severity,
                node=node,
                problem=problem,
            )
        )
        for option, fix in enumerate(problem.fixes):
            words = tr("Mend it: {mend}", mend=fix.label)
            key = (Kind.FIX, place, str(option))
            kind = Kind.CURE if node is None else Kind.FIX
            rows.append(Row(kind, key, str(fix.label), spoken=words, node=node, problem=problem, fix=fix))
    return rows


def _param_row(node: Node, param: Param, known: NodeAnalysis) -> Row:
    value = param_text(node, param, known.resolved.get(param.name))
    return Row(
        Kind.PARAM, (Kind.PARAM, param.name), param.name, value,
        spoken=tr("Parameter {name}: {value}", name=param.name, value=value),
        help=translate(param.help), node=node.id, param=param,
    )  # fmt: skip


def param_text(node: Node, param: Param, resolved: Value = None) -> str:
    """The value of a parameter of a node for people."""
    value = node.params.get(param.name, None if param.auto else param.default)
    if value is None and param.auto is not None:
        return tr("{value} (auto)", value=format_value(param, resolved)) if resolved is not None else tr("auto")
    if value is None:
        return tr("none")
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    text = shown_text(format_value(param, value))
    is_open = is_expression(value) or (isinstance(value, tuple) and any(is_expression(entry) for entry in value))
    if is_open and resolved is not None:
        return tr("{value}, now {amount}", value=text, amount=format_value(param, resolved))
    return text or tr("empty")


def _set_values(node: Node, node_type: NodeType | None) -> list[str]:
    params = node_type.params if node_type is not None else ()
    return [f"{param.name} {param_text(node, param)}" for param in params if param.name in node.params]


def _label(node: Node, node_type: NodeType | None) -> str:
    if node_type is None:
        return tr("a type that Layerloom does not know: {type}", type=node.type)
    return label_of(node_type)


def _severe(problem: Problem) -> str:
    kind = tr("Error") if problem.severity is Severity.ERROR else tr("Warning")
    return f"{kind}: {problem.message}"


def _shape(spec: TensorSpec | None) -> str:
    return str(spec) if spec is not None else ""


def _end(graph: Graph, port: Port) -> str:
    return f"{graph.nodes[port.node].name}.{port.name}"


def _sentences(parts: Iterable[str]) -> str:
    """The parts with a full stop after each that has none."""
    return " ".join(part if part[-1] in ".!?。" else f"{part}." for part in parts if part)

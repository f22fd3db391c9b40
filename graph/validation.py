"""Everything that can be said about a project without running it: problems, and the mends for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property, partial
from types import MappingProxyType

from graph import fixes
from graph.adoption import used_definitions
from graph.binding import bind, bound, defaults, is_expression
from graph.block_validation import check_block, check_codes, check_instances
from graph.catalog import CATALOG, NETWORK, Catalog, NodeType, Role
from graph.catalog.types import misfits
from graph.expressions import Number
from graph.facts import read_facts
from graph.kinship import alike, model_of
from graph.messages import EditError, Message, msg
from graph.missing_states import can_be_state, make_state, missing_state
from graph.model import Definitions, Graph, Link, Node, NodeId, Port, Project
from graph.names import check_name
from graph.plan_validation import validate_plan
from graph.problems import Fix, Problem, Severity
from graph.respelling import respelled
from graph.suggestions import Suggestions
from graph.target_scaling import check_targets
from graph.topology import ancestors, cycles, wires_along
from graph.wiring import misuse, port_types, shown_way

_ENDS = (Role.OUTPUT, Role.LOSS, Role.METRIC)
_OF_INSTANCES = ("use", "direction")
_TERMS = 2  # inputs without which an operation on many has nothing to do


def validate(project: Project, catalog: Catalog | None = None) -> tuple[Problem, ...]:
    """The problems of a project, those of the drawing first, in an order that is always the same.

    An error stops training and export. What is wrong with nodes that nothing needs is a warning (see `relax`).
    `catalog` is that of the project where no other is given.
    """
    project = project.running
    catalog = project.catalog if catalog is None else catalog
    drawing = Drawing(bind(project.graph, {}), catalog, definitions=project.definitions)
    found = [problem for check in _CHECKS for problem in check(drawing)]
    found += check_counts(project.graph, catalog, {})
    found += check_instances(project.graph.nodes.values(), project.definitions)
    found += check_codes(project.definitions)
    found += validate_plan(project, drawing.nodes_with(Role.LOSS), drawing.trainable)
    found += check_targets(project)
    problems = relax(found, project.graph, catalog)
    return (*problems, *relax_unused(validate_blocks(project, catalog), project)) if project.blocks else problems


def validate_blocks(project: Project, catalog: Catalog) -> Iterator[Problem]:
    """The problems of the blocks of a project, each in its own drawing."""
    definitions = project.definitions
    for block in definitions.blocks.values():
        drawing = Drawing(bind(block.graph, defaults(block)), catalog, defaults(block), definitions=definitions)
        found = [problem for check in _CHECKS_OF_BLOCKS for problem in check(drawing)]
        found += check_counts(block.graph, catalog, defaults(block))
        found += check_block(block, definitions, drawing.known)
        found += check_instances(block.graph.nodes.values(), definitions)
        yield from (problem.within(block.id) for problem in relax(found, block.graph, catalog))


def relax(problems: Iterable[Problem], graph: Graph, catalog: Catalog = CATALOG) -> tuple[Problem, ...]:
    """The problems, with the errors of nodes that nothing needs turned into warnings: a node put aside stops nobody."""
    wanted = needed(graph, catalog)
    return tuple(
        replace(problem, severity=Severity.WARNING)
        if problem.block is None and problem.node is not None and problem.node not in wanted
        else problem
        for problem in problems
    )


def relax_unused(problems: Iterable[Problem], project: Project) -> tuple[Problem, ...]:
    """The problems, with the errors in blocks that nothing uses turned into warnings."""
    used = used_definitions(project.graph, project.definitions).blocks
    return tuple(p if p.block is None or p.block in used else replace(p, severity=Severity.WARNING) for p in problems)


def needed(graph: Graph, catalog: Catalog = CATALOG) -> frozenset[NodeId]:
    """The outputs, losses and metrics and everything that feeds them; all nodes where there are none of those."""
    ends = [node.id for node in graph.nodes.values() if node.type in catalog and catalog[node.type].role in _ENDS]
    return ancestors(graph, ends) | frozenset(ends) if ends else frozenset(graph.nodes)


class Drawing:
    """A drawing and what several checks ask of it."""

    def __init__(
        self,
        graph: Graph,
        catalog: Catalog,
        names: Mapping[str, Number] = MappingProxyType({}),
        *,
        definitions: Definitions,
    ) -> None:
        self.graph = graph
        self.catalog = catalog
        self.definitions = definitions
        self.names = names  # of the parameters that expressions may name
        types = ((node, catalog.of(node)) for node in graph.nodes.values())
        self.known = [(node, node_type) for node, node_type in types if node_type is not None]
        self.suggestions = Suggestions(graph, catalog)

    def nodes_with(self, *roles: Role) -> dict[NodeId, Node]:
        """The nodes that have one of these roles."""
        return {node.id: node for node, node_type in self.known if node_type.role in roles}

    @cached_property
    def trainable(self) -> dict[NodeId, Node]:
        """The nodes that have parameters to learn."""
        return {node.id: node for node, node_type in self.known if node_type.is_trainable(node)}


Check = Callable[[Drawing], Iterator[Problem]]


def _check_empty(drawing: Drawing) -> Iterator[Problem]:
    if not drawing.graph.nodes:
        text = msg("Nothing is drawn yet. Drag data and layers from the library onto the canvas, or open an example.")
        yield Problem("empty", text, severity=Severity.WARNING)


def _check_types(drawing: Drawing) -> Iterator[Problem]:
    for node in drawing.graph.nodes.values():
        if node.type not in drawing.catalog:
            text = msg(
                "'{node}' has the type '{type}', which this version of Layerloom does not know. It is kept as it is; "
                "put a known node in its place, or open the file with a newer version.",
                node=node.name,
                type=node.type,
            )
            yield Problem("unknown-type", text, node.id, fixes=(fixes.delete_node(node),))


def _check_names(drawing: Drawing) -> Iterator[Problem]:
    taken: set[str] = set()
    for node in drawing.graph.nodes.values():
        try:
            check_name(node.name, taken=taken)
        except EditError as error:
            code = "name-clash" if node.name in taken else "bad-name"
            free = drawing.graph.free_name(_stem(drawing, node))
            yield Problem(code, error.message, node.id, fixes=(fixes.rename(node.id, free),))
        taken.add(node.name)


def _stem(drawing: Drawing, node: Node) -> str:
    return drawing.catalog[node.type].stem if node.type in drawing.catalog else "node"


def _check_params(drawing: Drawing) -> Iterator[Problem]:
    for node, node_type in drawing.known:
        yield from param_problems(node, node_type, drawing.names)


def param_problems(node: Node, node_type: NodeType, names: Mapping[str, Number]) -> Iterator[Problem]:
    """What is wrong with the parameters of a node whose expressions are worked out; `names` may stand in expressions."""
    for name, reason in misfits(node_type.params, node.params):
        if is_expression(node.params[name]):
            yield _bad_expression(node, name, names)
            continue
        code, text = _misfit(node, node_type, name, reason)
        yield Problem(code, text, node.id, fixes=(fixes.reset_param(node.id, name),))


def check_counts(graph: Graph, catalog: Catalog, names: Mapping[str, Number]) -> Iterator[Problem]:
    """Expressions that would decide about the ports of a node of a drawing, where it is not known yet what `names` are."""
    for node in graph.nodes.values():
        for name in _counts(catalog.get(node.type)):
            value = node.params.get(name)
            if isinstance(value, str) and is_expression(value):
                text = msg("'{name}' of '{node}' is written as {text}, but it decides which ports the node has, so it must be the same "
                           "wherever the block is used. Set it to a plain value.", name=name, node=node.name, text=value)  # fmt: skip
                yield Problem("expression-for-ports", text, node.id, fixes=(_plainly(node, name, names),))


def _counts(node_type: NodeType | None) -> tuple[str, ...]:
    """The parameters that decide about the ports; of a block those that say how it is used."""
    if node_type is None:
        return ()
    return _OF_INSTANCES if node_type.role is Role.BLOCK else node_type.counts


def _plainly(node: Node, name: str, names: Mapping[str, Number]) -> Fix:
    """Set a parameter to the value of its expression, or reset it where that has none."""
    try:
        return fixes.set_param(node.id, name, bound(node.params[name], names))
    except EditError:
        return fixes.reset_param(node.id, name)


def _bad_expression(node: Node, name: str, names: Mapping[str, Number]) -> Problem:
    try:
        bound(node.params[name], names)
        reason = msg("it has no value")
    except EditError as error:
        reason = error.message
    text = msg("'{name}' of '{node}' is written as {text}, which cannot be worked out: {reason}",
               name=name, node=node.name, text=node.params[name], reason=reason)  # fmt: skip
    mends = (fixes.set_param(node.id, name, value) for value in respelled(node.params[name], names))
    return Problem("bad-expression", text, node.id, fixes=(*mends, fixes.reset_param(node.id, name)))


def _misfit(node: Node, node_type: NodeType, name: str, reason: Message | None) -> tuple[str, Message]:
    if reason is None:
        text = msg("'{node}' has a parameter '{name}', which {type} does not know. Remove it.",
                   node=node.name, name=name, type=node_type.label)  # fmt: skip
        return "unknown-parameter", text
    return "bad-parameter", msg("In '{node}': {reason}", node=node.name, reason=reason)


def _check_wires(drawing: Drawing) -> Iterator[Problem]:
    graph, catalog = drawing.graph, drawing.catalog
    for link in graph.links.values():
        if any(graph.nodes[end.node].type not in catalog for end in link):
            continue
        ends = port_types(graph, link, catalog)
        if isinstance(ends, Message):
            yield _wire_problem("unknown-port", ends, graph, link)
        elif (reason := misuse(graph, link, catalog)) is not None:
            yield _wire_problem("bad-wire", reason, graph, link)


def _wire_problem(code: str, text: Message, graph: Graph, link: Link) -> Problem:
    return Problem(code, text, link.target.node, link.target.name, fixes=(fixes.remove_wire(graph, link),))


def _check_cycles(drawing: Drawing) -> Iterator[Problem]:
    graph = drawing.graph
    age = {target: number for number, target in enumerate(graph.links)}
    for loop in cycles(graph):
        closed = (*loop, loop[0])
        newest = max(wires_along(graph, closed), key=lambda link: age[link.target])
        text = msg("These nodes feed each other: {way}. Signals flow one way only, so remove a wire of the cycle.",
                   way=shown_way(graph, closed))  # fmt: skip
        yield Problem("cycle", text, loop[0], fixes=(fixes.remove_wire(graph, newest),))


def _check_inputs(drawing: Drawing) -> Iterator[Problem]:
    for node, node_type in drawing.known:
        wired = drawing.graph.inputs(node.id)
        for port in node_type.inputs:
            if port.variadic:
                yield from _check_terms(drawing, node, node_type)
            elif not port.optional and port.name not in wired:
                text, mends = _missing(drawing, node, port.name)
                mends = (*drawing.suggestions.wire(Port(node.id, port.name), port), *mends)
                yield Problem("missing-input", text, node.id, port.name, fixes=mends)


def _missing(drawing: Drawing, node: Node, port: str) -> tuple[Message, tuple[Fix, ...]]:
    """What to say of an input without a wire, and what beside a wire would mend it."""
    block = can_be_state(node, port, drawing.definitions)
    if block is not None:
        return missing_state(node, port), make_state(block, port)
    text = msg("Nothing is wired to '{port}' of '{node}'. Drag a wire to it from what should feed it.",
               port=port, node=node.name)  # fmt: skip
    return text, ()


def _check_terms(drawing: Drawing, node: Node, node_type: NodeType) -> Iterator[Problem]:
    wired = drawing.graph.inputs(node.id)
    if len(wired) < _TERMS:
        free = next(port for port in node_type.input_ports(wired) if port.name not in wired)
        text = msg("'{node}' needs at least {least} inputs and has {count}. Drag another wire to it.",
                   node=node.name, count=len(wired), least=_TERMS)  # fmt: skip
        mends = drawing.suggestions.wire(Port(node.id, free.name), free)
        yield Problem("missing-input", text, node.id, free.name, fixes=mends)


def _check_data(drawing: Drawing) -> Iterator[Problem]:
    for node in drawing.nodes_with(Role.DATA).values():
        if read_facts(node) is None:
            text = msg(
                "The data of '{node}' has not been read. Choose where it comes from in its settings; on the command line, "
                "add --read-data.",
                node=node.name,
            )
            yield Problem("data-not-read", text, node.id)


def _check_unused(drawing: Drawing, *, in_block: bool = False) -> Iterator[Problem]:
    """Dead ends, where the drawing says what it is for. One in a block may become a further output of the block."""
    if not drawing.nodes_with(*_ENDS):
        return
    for node, node_type in drawing.known:
        if node_type.outputs and node_type.role is not Role.LOSS and not drawing.graph.outgoing(node.id):
            text = msg("Nothing uses what '{node}' gives. Wire it to another node, or delete it.", node=node.name)
            source = Port(node.id, node_type.outputs[0].name)
            more = (fixes.add_output(drawing.graph, source),) if in_block else ()
            mends = (*more, fixes.delete_node(node))
            yield Problem("unused", text, node.id, severity=Severity.WARNING, fixes=mends)


def _check_losses(drawing: Drawing) -> Iterator[Problem]:
    losses = drawing.nodes_with(Role.LOSS)
    if not losses and drawing.nodes_with(*NETWORK):
        text = msg(
            "There is no loss yet. To train, add one and wire it to the end of the network and to the right answers."
        )
        yield Problem("no-loss", text, severity=Severity.WARNING, fixes=drawing.suggestions.loss())
    for loss in losses.values():
        before = ancestors(drawing.graph, [loss.id])
        if drawing.graph.incoming(loss.id):
            yield from _check_learnable(drawing, loss, before)
        yield from _check_inputs_of_training(drawing, loss, before)


def _check_learnable(drawing: Drawing, loss: Node, before: frozenset[NodeId]) -> Iterator[Problem]:
    unknown = any(drawing.graph.nodes[node].type not in drawing.catalog for node in before)
    if not unknown and not before & drawing.trainable.keys():
        text = msg("Nothing that '{node}' depends on has parameters, so there is nothing to learn. "
                   "Put a layer such as Linear or Conv2d before it.", node=loss.name)  # fmt: skip
        yield Problem("loss-without-parameters", text, loss.id)


def _check_inputs_of_training(drawing: Drawing, loss: Node, before: frozenset[NodeId]) -> Iterator[Problem]:
    for node in drawing.nodes_with(Role.INPUT).values():
        if node.id in before:
            text = msg("'{node}' has no data, so '{loss}' cannot be trained. Put a data node in its place.",
                       node=node.name, loss=loss.name)  # fmt: skip
            yield Problem("no-data", text, node.id, severity=Severity.WARNING)


def _check_sharing(drawing: Drawing) -> Iterator[Problem]:
    for node in drawing.graph.nodes.values():
        leader = drawing.graph.nodes.get(node.shares) if node.shares else None
        own = fixes.unshare(node)
        if node.shares and (leader is None or leader.shares is not None or leader is node):
            text = msg("'{node}' shares the weights of a node that is not there, or has none of its own. Give it its own.",
                       node=node.name)  # fmt: skip
            yield Problem("bad-sharing", text, node.id, fixes=(own,))
        elif (model := model_of(drawing.graph.nodes, node)) is not None and not alike(
            node, model, drawing.catalog.of(node)
        ):
            text = msg("'{node}' shares the weights of '{leader}', but its settings differ. Make them the same, or give it its own.",
                       node=node.name, leader=model.name)  # fmt: skip
            same = fixes.graph_fix(
                msg("Take the settings of {name}", name=model.name), Graph.share, (model.id, node.id)
            )
            yield Problem("bad-sharing", text, node.id, fixes=(same, own))


_CHECKS_OF_BLOCKS: tuple[Check, ...] = (
    _check_types,
    _check_names,
    _check_params,
    _check_sharing,
    _check_wires,
    _check_cycles,
    _check_inputs,
    partial(_check_unused, in_block=True),
)
_CHECKS: tuple[Check, ...] = (
    _check_empty,
    _check_types,
    _check_names,
    _check_params,
    _check_sharing,
    _check_wires,
    _check_cycles,
    _check_inputs,
    _check_data,
    _check_unused,
    _check_losses,
)

"""Mends in a drawing whose parameters are written as expressions: they write expressions too, and overwrite none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

from graph.binding import SIGN, bound, is_expression
from graph.catalog import CATALOG
from graph.expressions import Number, names_in
from graph.messages import EditError, LayerloomError, msg
from graph.model import Block, Graph, Node, Port, Project, Value
from graph.problems import Fix, Problem
from runtime.analysis import Dim
from runtime.diagnosis_tools import way_back

_SIZES = ("out_channels", "out_features", "hidden_size", "embedding_dim")
_ABOUT_EXPRESSIONS = ("bad-expression", "expression-for-ports")  # their mends replace the expression on purpose

Lost = tuple[str, Value, Value]  # the parameter, its expression, and what a mend would put there


# ---- writing expressions


def written_size(drawn: Graph, end: Port, size: Dim, names: Mapping[str, Number]) -> Dim | str:
    """A size as the layer that makes it has it: `=channels` where its expression, or a name in that, gives the size.

    Args:
        drawn: the drawing with its expressions.
        end: the output that has the size; the way back goes along the first wires.
        names: the values of the block's parameters.
    """
    written = next((node.params[name] for node in way_back(drawn, end) for name in _SIZES if name in node.params), None)
    if not isinstance(written, str) or not is_expression(written):
        return size
    return next((text for text in _parts(written) if _value(text, names) == size), size)


def _parts(written: str) -> Iterator[str]:
    yield written
    try:
        yield from (SIGN + name for name in names_in(written.removeprefix(SIGN)))
    except EditError:
        return


def _value(text: str, names: Mapping[str, Number]) -> Value:
    try:
        return bound(text, names)
    except EditError:
        return None


# ---- keeping expressions


def sparing(problem: Problem, project: Project, values: Mapping[str, Number]) -> Problem:
    """The problem of a block without the mends that would put a number in the place of an expression.

    Where the expression is the name of a parameter that nothing else uses, the parameter is changed instead: its default,
    if that is what the instance in question has (`values`).
    """
    block = project.blocks.get(problem.block or "")
    if block is None or not problem.fixes or problem.code in _ABOUT_EXPRESSIONS or not any(_expressions(block.graph)):
        return problem
    spared = (_spared(fix, project, block, values) for fix in problem.fixes)
    return replace(problem, fixes=tuple(fix for fix in spared if fix is not None))


def _spared(fix: Fix, project: Project, block: Block, values: Mapping[str, Number]) -> Fix | None:
    try:
        mended = fix.edit(project).blocks.get(block.id)
    except LayerloomError:  # it says so itself when it is chosen
        return fix
    lost = list(_lost(block.graph, mended.graph)) if mended is not None else []
    return _on_parameter(lost, block, values) if lost else fix


def _lost(before: Graph, after: Graph) -> Iterator[Lost]:
    """The expressions that are gone; a size that follows from the input again is right in every instance."""
    for node, name, written in _expressions(before):
        new = after.nodes.get(node.id)
        if new is None or new.type != node.type or is_expression(new.params.get(name)):
            continue
        if name in new.params or not _follows(node, name):
            yield name, written, new.params.get(name)


def _follows(node: Node, name: str) -> bool:
    node_type = CATALOG.get(node.type)
    param = node_type.param(name) if node_type is not None else None
    return param is not None and param.auto is not None


def _on_parameter(lost: list[Lost], block: Block, values: Mapping[str, Number]) -> Fix | None:
    """The mend of the block's own parameter in the place of one that would overwrite its name."""
    (_, written, value), *others = lost
    name = written.removeprefix(SIGN).strip() if isinstance(written, str) else ""
    param = next((param for param in block.params if param.name == name), None)
    users = [text for _, _, text in _expressions(block.graph) if name in _names(text)]
    if param is None or any(other[1:] != (written, value) for other in others) or len(users) != len(lost):
        return None
    if type(value) is not type(param.default) or values.get(name) != param.default:
        return None
    label = msg("Set {name} of {block} to {value}", name=name, block=block.name, value=value)
    return Fix(label, partial(_with_default, block.id, name, value))  # type: ignore[arg-type]


def _with_default(block_id: str, name: str, value: Number, project: Project) -> Project:
    block = project.blocks[block_id]
    params = tuple(param._replace(default=value) if param.name == name else param for param in block.params)
    return project.with_block(replace(block, params=params))


def _expressions(graph: Graph) -> Iterator[tuple[Node, str, Value]]:
    for node in graph.nodes.values():
        for name, value in node.params.items():
            if is_expression(value):
                yield node, name, value


def _names(written: Value) -> tuple[str, ...]:
    if isinstance(written, tuple):
        return tuple(name for entry in written for name in _names(entry))
    if not isinstance(written, str) or not is_expression(written):
        return ()
    try:
        return names_in(written.removeprefix(SIGN))
    except EditError:
        return ()

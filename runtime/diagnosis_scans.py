"""Why a block cannot go along a sequence: a dimension too many, a block for the whole, a state of another shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from graph import fixes
from graph.binding import is_expression
from graph.catalog.definitions import CALL, INPUT, OUTPUT, declared_shape, own_params, states, whole_inputs
from graph.messages import msg
from graph.model import Block, Node, NodeId, Project, Value
from graph.problems import Fix, Problem
from runtime.analysis import Inside, TensorSpec
from runtime.diagnosis_mends import written_size
from runtime.diagnosis_tools import insert, times, together

if TYPE_CHECKING:
    from runtime.diagnosis import Situation

Specs = Mapping[str, TensorSpec]
Look = Callable[[Specs], Inside | None]

_MOST = 10  # shapes that are tried for a state
_SINGLE = msg("Take the dimension of size 1 out.")
_DEEPER = msg("Put a node before it that gives every step one dimension less, such as a Flatten with start_dim 2.")


def is_clean(inside: Inside | None, block: Block) -> bool:
    """Whether a look into a block found all of its outputs, and no error."""
    outputs = {node.name for node in block.graph.nodes.values() if node.type == OUTPUT}
    return (
        inside is not None and inside.outputs.keys() == outputs and all(p.severity != "error" for p in inside.problems)
    )


def is_steady(inside: Inside | None, block: Block, given: Specs) -> bool:
    """Whether a step also gives back each state as it was given."""
    if inside is None or not is_clean(inside, block):
        return False
    return all(inside.outputs[output] == given.get(entry) for output, entry in states(block).items())


def explain_scan(s: Situation, block: Block, look: Look, *, given: Specs) -> tuple[Problem, Inside | None] | None:
    """What is wrong with a scan whose step, which gets `given`, is not steady; with the block as the mend would make it."""
    return _too_deep(s, block, look, given) or _call_instead(s, block, look) or _other_state(s, block, look, given)


def settle(block: Block, look: Look, *, given: Specs, free: Mapping[str, TensorSpec]) -> tuple[Inside, Specs] | None:
    """A look into a block with shapes of the `free` states that a step gives back, and what it got; None if none is found.

    Every state begins as one of the shapes of the other inputs, or of what the nodes of the block then give, and goes on as
    what a first step makes of that.
    """
    if not free:
        return None
    feeds = {output: entry for output, entry in states(block).items() if entry in free}
    guesses = [spec for name, spec in given.items() if name not in free]
    shapes = {spec.shape for spec in free.values()}
    while guesses and len(shapes) < _MOST:
        guess = guesses.pop(0)
        if guess.shape in shapes or not _can_be_state(guess):
            continue
        shapes.add(guess.shape)
        tried = {**given, **{name: replace(spec, shape=guess.shape) for name, spec in free.items()}}
        for _ in range(2):
            inside = look(tried)
            if inside is None or is_steady(inside, block, tried):
                return (inside, tried) if inside is not None else None
            guesses += [spec for node in inside.nodes.values() for spec in node.outputs.values()]
            tried |= {entry: inside.outputs[output] for output, entry in feeds.items() if output in inside.outputs}
    return None


def _can_be_state(spec: TensorSpec) -> bool:
    """Whether it has a batch and sizes that are known."""
    return len(spec.shape) > 1 and all(isinstance(size, int) for size in spec.shape[1:])


# ---- the three reasons


def _too_deep(s: Situation, block: Block, look: Look, given: Specs) -> tuple[Problem, Inside | None] | None:
    """Images, say, where a step should be one row: without their one channel they are a sequence of rows."""
    for node in block.graph.nodes.values():
        name, spec = node.name, s.inputs.get(node.name)
        if node.type != INPUT or spec is None or name in states(block).values() or name in whole_inputs(block):
            continue
        takes = declared_shape(block, node, s.values)
        if takes is None or len(spec.shape) != len(takes) + 3:
            continue
        single = spec.shape[1] == 1
        text = msg("'{node}' goes along B × steps × …, so the {given} that '{source}' gives is {steps} × a step of {step}, but '{port}' of "
                   "{block} takes {takes}.", node=s.node.name, source=s.source(name), given=spec, steps=spec.shape[1],
                   step=times(spec.shape[2:]), port=name, block=block.name, takes=times(takes))  # fmt: skip
        squeeze = (insert(s, name, "layerloom.Squeeze", dim=1),) if single else ()
        step = replace(spec, shape=(spec.shape[0], *spec.shape[3:]))
        more = _SINGLE if single else _DEEPER
        return s.problem("no-sequence", together(text, more), *squeeze, port=name), look({**given, name: step})
    return None


def _call_instead(s: Situation, block: Block, look: Look) -> tuple[Problem, Inside | None] | None:
    """A block for images, say, that gets a row of each at every step."""
    entries = {node.name for node in block.graph.nodes.values() if node.type == INPUT}
    whole = {name: spec for name, spec in s.inputs.items() if name in entries}
    inside = look(whole) if whole and not states(block) else None
    if not is_clean(inside, block):
        return None
    name = next(iter(whole))
    text = msg("'{node}' goes along B × steps × …, but {block} cannot take a step of the {given} that '{source}' gives; it can take the "
               "whole. Call it instead of scanning.", node=s.node.name, block=block.name, given=whole[name],
               source=s.source(name))  # fmt: skip
    setting = fixes.set_param(s.node.id, "use", CALL)
    return s.problem("no-sequence", text, Fix(msg("Call it instead of scanning"), setting.edit), port=name), inside


def _other_state(s: Situation, block: Block, look: Look, given: Specs) -> tuple[Problem, Inside | None] | None:
    """A state whose Input announces another shape than its output gives, once it is given what fits."""
    free = {entry: given[entry] for entry in states(block).values() if entry not in s.inputs}
    found = settle(block, look, given=given, free=free)
    if found is None:
        return None
    inside, fitting = found
    wrong = {output: entry for output, entry in states(block).items() if fitting[entry] != given[entry]}
    output, entry = next(iter(wrong.items()))
    alike = [other for other in dict.fromkeys(wrong.values()) if fitting[other] == fitting[entry]]
    text = msg(
        "In '{node}' the state '{state}' is {before} before a step, but '{output}' gives {after}. Both must be the same: "
        "set the shape of the Input '{state}' in {block} to that.",
        node=s.node.name, state=entry, before=given[entry], output=output, after=fitting[entry], block=block.name,
    )  # fmt: skip
    return s.problem("state", text, *_reshape(s, block, output, alike, inside.outputs[output])), inside


def _reshape(s: Situation, block: Block, output: str, entries: list[str], spec: TensorSpec) -> Iterator[Fix]:
    """Give Input nodes of a block the shape of one of its outputs, with the expression of the layer that makes it."""
    end = _named(block, OUTPUT, output)
    feed = next(iter(block.graph.inputs(end.id).values()))
    names = {param.name: s.values[param.name] for param in own_params(block)}
    shape = tuple(written_size(block.graph, feed, size, names) for size in spec.shape[1:])  # type: ignore[arg-type]
    nodes = [_named(block, INPUT, entry) for entry in entries]
    if is_expression(shape) or not any(is_expression(node.params.get("shape")) for node in nodes):
        label = msg("Set shape of {node} to {value}", node=", ".join(entries), value=times(shape))
        yield Fix(label, partial(_with_shapes, block.id, tuple(node.id for node in nodes), shape))


def _with_shapes(block: str, entries: tuple[NodeId, ...], shape: Value, project: Project) -> Project:
    graph = project.drawing(block)
    for entry in entries:
        graph = graph.set_params(entry, {"shape": shape})
    return project.with_drawing(block, graph)


def _named(block: Block, type_id: str, name: str) -> Node:
    return next(node for node in block.graph.nodes.values() if (node.type, node.name) == (type_id, name))

"""What an instance of a block gives: the block run once, several times in a row, at every step of a sequence, or its gradient."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from graph import fixes
from graph.catalog.definitions import (
    BOTH,
    CALL,
    GRADIENT,
    INPUT,
    LAST,
    OUTPUT,
    REPEAT,
    SCAN,
    declared_shape,
    states,
    whole_inputs,
)
from graph.messages import msg
from graph.model import Block
from graph.problems import Problem
from runtime.analysis import Dim, Inside, NodeAnalysis, TensorSpec
from runtime.diagnosis_scans import explain_scan, is_steady
from runtime.diagnosis_tools import FLOATS

if TYPE_CHECKING:
    from runtime.diagnosis import Situation

Specs = Mapping[str, TensorSpec]
Look = Callable[[Specs], Inside | None]


@dataclass(frozen=True, slots=True)
class Found:
    """What is known about an instance, and what is wrong with it."""

    analysis: NodeAnalysis
    problems: tuple[Problem, ...] = ()


def run(s: Situation, block: Block, look: Look) -> Found:
    """Work an instance out. `look` gives the block with certain inputs, or None where it contains itself."""
    return _RUNS[str(s.values["use"])](s, block, look)


def signatures(found: Iterable[NodeAnalysis]) -> list[Hashable]:
    """What decides about the sizes of the parameters of each of these nodes: those that are equal can share them.

    They mean something among themselves only. Each block that is run is looked at once, however often it is run.
    """
    numbers: dict[Hashable, int] = {}
    looked_at: dict[Inside, int] = {}

    def of(node: NodeAnalysis) -> Hashable:
        return tuple(map(number, _modules(node))) if node.inside else tuple(node.resolved.items())

    def number(inside: Inside) -> int:
        if inside not in looked_at:
            form = tuple((key, of(node)) for key, node in inside.nodes.items())
            looked_at[inside] = numbers.setdefault((inside.block, form), len(numbers))
        return looked_at[inside]

    return list(map(of, found))


def _modules(node: NodeAnalysis) -> tuple[Inside, ...]:
    """The runs of an instance that have a module each: one alone where they share their weights."""
    return node.inside[:1] if node.resolved.get("shared_weights") is True else node.inside


def names_of(block: Block, type_id: str) -> list[str]:
    """The names of the Input or Output nodes of a block, in the order of its ports."""
    return [node.name for node in block.graph.nodes.values() if node.type == type_id]


# ---- call and repeat


def _call(s: Situation, block: Block, look: Look) -> Found:
    inside = look(s.inputs)
    if inside is None or not _is_whole(inside, block):
        return _broken(s, block, inside)
    return _found(s, (inside,), inside.outputs, inside.parameters, inside.macs)


def _repeat(s: Situation, block: Block, look: Look) -> Found:
    given, runs = dict(s.inputs), []
    entries = names_of(block, INPUT)
    for _ in range(int(s.values["times"])):
        inside = look(given)
        if inside is None or not _is_whole(inside, block):
            return _broken(s, block, inside)
        runs.append(inside)
        given |= dict(zip(entries, inside.outputs.values(), strict=False))
    shared = bool(s.values["shared_weights"])
    parameters = runs[0].parameters if shared else sum(inside.parameters for inside in runs)
    found = _found(s, tuple(runs), runs[-1].outputs, parameters, sum(inside.macs for inside in runs))
    if shared and len(set(signatures(NodeAnalysis(inside=(inside,)) for inside in runs))) > 1:
        text = msg("'{node}' shares its weights between its runs, but a later run gets other sizes than the first ({first}, then {later}). "
                   "Give the runs their own weights, or keep the sizes the same in {block}.",
                   node=s.node.name, block=block.name, first=_shown(s.inputs), later=_shown(runs[0].outputs))  # fmt: skip
        return Found(found.analysis, (*found.problems, s.problem("bad-sharing", text, _own_weights(s))))
    return found


def _own_weights(s: Situation) -> fixes.Fix:
    return fixes.set_param(s.node.id, "shared_weights", value=False)


# ---- gradient


def _gradient(s: Situation, block: Block, look: Look) -> Found:
    """By the first input, in its shape. About three times the cost: the way back is twice the way there."""
    inside = look(s.inputs)
    if inside is None or not _is_whole(inside, block):
        return _broken(s, block, inside)
    entries, outputs = names_of(block, INPUT), list(inside.outputs.values())
    given = s.inputs[entries[0]] if entries else None
    if given is None or given.dtype not in FLOATS or len(outputs) != 1 or outputs[0].dtype not in FLOATS:
        text = msg("'{node}' takes the gradient of {block}, which needs one output and a first input, both of numbers with a fraction. "
                   "It gives {outputs} and takes {inputs}. Call the block, or change it.", node=s.node.name, block=block.name,
                   outputs=_kinds(inside.outputs), inputs=_kinds(s.inputs))  # fmt: skip
        problem = s.problem("gradient", text, fixes.set_param(s.node.id, "use", CALL))
        return Found(NodeAnalysis(s.inputs, resolved=s.values, inside=(inside,)), (problem,))
    result = {GRADIENT: replace(given, classes=None)}
    return _found(s, (inside,), result, inside.parameters, 3 * inside.macs)


def _kinds(specs: Specs) -> object:
    return ", ".join(f"{name} {spec} ({spec.dtype})" for name, spec in specs.items()) or msg("nothing")


# ---- scan


def _scan(s: Situation, block: Block, look: Look) -> Found:
    handed_on, whole = states(block), whole_inputs(block)
    sequences = [n for n in names_of(block, INPUT) if n not in handed_on.values() and n not in whole]
    wrong = _check_sequences(s, block, sequences)
    if wrong is not None:
        return Found(NodeAnalysis(s.inputs, resolved=s.values), (wrong,))
    both = s.values["direction"] == BOTH
    batch = s.inputs[sequences[0]].shape[0]
    begins = {entry: _begin(s, block, entry, batch=batch, both=both) for entry in handed_on.values()}
    if missing := [entry for entry, spec in begins.items() if spec is None]:
        text = msg("'{node}' does not know how large the state '{state}' is before the first step. Set the shape of that Input in {block}, "
                   "or wire a beginning to it.", node=s.node.name, state=missing[0], block=block.name)  # fmt: skip
        return Found(NodeAnalysis(s.inputs, resolved=s.values), (s.problem("state", text, port=missing[0]),))
    if (odd := _not_halved(s, begins)) is not None and both:
        text = msg("'{node}' goes both ways, so what is wired to '{state}' must hold two beginnings side by side, but its last size is odd "
                   "({given}).", node=s.node.name, state=odd, given=s.inputs[odd])  # fmt: skip
        return Found(NodeAnalysis(s.inputs, resolved=s.values), (s.problem("state", text, port=odd),))
    steps = {name: _without_step(s.inputs[name]) for name in sequences}
    kept = {name: s.inputs[name] for name in whole}
    given = {**steps, **kept, **{entry: spec for entry, spec in begins.items() if spec}}
    inside = look(given)
    why = None if is_steady(inside, block, given) else explain_scan(s, block, look, given=given)
    if why is not None:
        problem, mended = why
        return Found(NodeAnalysis(s.inputs, resolved=s.values, inside=(mended,) if mended else ()), (problem,))
    if inside is None or not _is_whole(inside, block):
        return _broken(s, block, inside)
    for output, spec in inside.outputs.items():
        if spec.shape[:1] != (batch,):
            text = msg("In '{node}' every step must give something for each sample, but '{output}' is {given}. Mend that in {block}.",
                       node=s.node.name, output=output, given=spec, block=block.name)  # fmt: skip
            return Found(NodeAnalysis(s.inputs, resolved=s.values), (s.problem("shape-mismatch", text),))
    for output, entry in handed_on.items():
        if inside.outputs[output] != begins[entry]:
            text = msg("In '{node}' the state '{state}' is {before} before a step, but '{output}' gives {after}. Both must be the same.",
                       node=s.node.name, state=entry, before=begins[entry], output=output, after=inside.outputs[output])  # fmt: skip
            return Found(NodeAnalysis(s.inputs, resolved=s.values), (s.problem("state", text),))
    length, ways = s.inputs[sequences[0]].shape[1], 2 if both else 1
    outputs = {name: _widened(_with_steps(spec, length), ways) for name, spec in inside.outputs.items()}
    outputs |= {f"{name}_{LAST}": _widened(inside.outputs[name], ways) for name in handed_on}
    times = ways * (length if isinstance(length, int) else 1)
    return _found(s, (inside,), outputs, ways * inside.parameters, times * inside.macs)


def step_of(block: Block, inputs: Specs) -> dict[str, TensorSpec]:
    """What one step of a scan gets of these inputs of an instance: of sequences a step, all others as they are."""
    kept = {*states(block).values(), *whole_inputs(block)}
    known = {name: spec for name, spec in inputs.items() if name in names_of(block, INPUT)}
    return {n: spec if n in kept or len(spec.shape) < 2 else _without_step(spec) for n, spec in known.items()}


def _check_sequences(s: Situation, block: Block, sequences: list[str]) -> Problem | None:
    if not sequences:
        text = msg("'{node}' scans {block}, but every Input there is a state or is given whole, so there is no sequence to go along. "
                   "Call the block, or add an Input to it.", node=s.node.name, block=block.name)  # fmt: skip
        return s.problem("no-sequence", text, fixes.set_param(s.node.id, "use", CALL))
    first = s.inputs[sequences[0]]
    for name in sequences:
        spec = s.inputs[name]
        if len(spec.shape) < 2:
            text = msg("'{node}' goes along a sequence, but '{source}' gives {given}, which has no steps. It needs B × steps × …; "
                       "to run the block once, call it.", node=s.node.name, source=s.source(name), given=spec)  # fmt: skip
            return s.problem("no-sequence", text, fixes.set_param(s.node.id, "use", CALL), port=name)
        if spec.shape[1] != first.shape[1]:
            text = msg("'{node}' goes along sequences of one length, but '{a}' gives {sa} and '{b}' gives {sb}.",
                       node=s.node.name, a=s.source(sequences[0]), sa=first, b=s.source(name), sb=spec)  # fmt: skip
            return s.problem("shape-mismatch", text, port=name)
    return None


def _begin(s: Situation, block: Block, entry: str, *, batch: Dim, both: bool) -> TensorSpec | None:
    """What a state is before the first step, for one direction: what is wired to it, else zeros of the announced shape."""
    if entry in s.inputs:
        spec = s.inputs[entry]
        size = spec.shape[-1]
        return replace(spec, shape=(*spec.shape[:-1], size // 2)) if both and isinstance(size, int) else spec
    node = next(n for n in block.graph.nodes.values() if n.type == INPUT and n.name == entry)
    shape = declared_shape(block, node, s.values)
    return None if shape is None else TensorSpec((batch, *shape), str(node.params.get("dtype", "float32")))


def _not_halved(s: Situation, states: Iterable[str]) -> str | None:
    """A state that is given from outside and cannot be cut into two halves."""
    sizes = {name: s.inputs[name].shape[-1] for name in states if name in s.inputs}
    return next((name for name, size in sizes.items() if isinstance(size, int) and size % 2), None)


def _without_step(spec: TensorSpec) -> TensorSpec:
    return replace(spec, shape=(spec.shape[0], *spec.shape[2:]))


def _with_steps(spec: TensorSpec, length: Dim) -> TensorSpec:
    return replace(spec, shape=(*spec.shape[:1], length, *spec.shape[1:]))


def _widened(spec: TensorSpec, ways: int) -> TensorSpec:
    """Both directions side by side in the last dimension."""
    *others, last = spec.shape
    return replace(spec, shape=(*others, last * ways if isinstance(last, int) else last))


# ---- what all have in common


def _found(s: Situation, inside: tuple[Inside, ...], outputs: Specs, parameters: int, macs: int) -> Found:
    analysis = NodeAnalysis(s.inputs, dict(outputs), s.values, parameters, macs, inside)
    reasons = list(_reasons(s, inside))
    return Found(replace(analysis, outputs={}) if reasons else analysis, tuple(reasons))


def _reasons(s: Situation, inside: Iterable[Inside]) -> Iterator[Problem]:
    for entry in {id(entry): entry for entry in inside}.values():
        for problem in entry.problems:
            if problem.severity == "error":
                yield s.problem("inside", msg("In '{node}': {reason}", node=s.node.name, reason=problem.message))
                return


def _broken(s: Situation, block: Block, inside: Inside | None) -> Found:
    """An instance of a block that does not give what it should."""
    runs = (inside,) if inside else ()
    text = msg("'{node}' cannot be worked out, because something is wrong in the block {block}. Look inside and mend it there.",
               node=s.node.name, block=block.name)  # fmt: skip
    reasons = tuple(_reasons(s, runs)) or (s.problem("inside", text),)
    return Found(NodeAnalysis(s.inputs, resolved=s.values, inside=runs), reasons)


def _is_whole(inside: Inside, block: Block) -> bool:
    return inside.outputs.keys() == set(names_of(block, OUTPUT))


def _shown(specs: Specs) -> str:
    return ", ".join(map(str, specs.values()))


_RUNS: Mapping[str, Callable[[Situation, Block, Look], Found]] = {
    CALL: _call, REPEAT: _repeat, SCAN: _scan, GRADIENT: _gradient,
}  # fmt: skip

__all__ = ["Found", "names_of", "run", "signatures"]

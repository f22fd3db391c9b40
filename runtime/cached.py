"""A language model that reads on: each new token alone, with what its layers kept of those before.

The network is walked node by node, blocks included, on one window of tokens. For each node that the scores depend on, a way of
going on is looked for (`runtime.cached_rules`) and believed only where it gives, on that window read in parts, the numbers that
the node gives on the whole. Keys and values of attention are kept, states of recurrent layers go on, everything that works place
by place sees the new place alone. At last the same is asked of the network as a whole, on another window.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor, nn

from graph.catalog import Role
from graph.catalog.definitions import CALL, FORWARD, INPUT, LENGTHS, REPEAT, SCAN, states, whole_inputs
from graph.messages import Message, msg
from graph.model import Block, Graph, Node, NodeId, Port
from runtime.analysis import Inside, NodeAnalysis
from runtime.cached_rules import BY_CHANCE, IDLE, OF_SIZES, Site, ways, whole
from runtime.cached_values import Flow, Part, Step
from runtime.code_body import Body
from runtime.instances import names_of
from runtime.predict import Trained, predict_batch

SHORTEST = 4  # places of a window: below, what is new and what is past cannot be told apart
TOLERANCE = 1e-4  # of differences, against the number itself and the largest ordinary one
_TINY = 1e-7  # a difference that is none
_MASKED = 1e4  # what is larger is there to hide something
_TOKENS = 0  # the slot where the tokens of a part lie


class NotContinuable(Exception):
    """A network cannot be read on. `reason` says why, for people."""

    def __init__(self, reason: Message) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Instruction:
    """A step, what it is given (a slot, or a tensor that no token changes) and where its outputs go (None: nobody takes it)."""

    step: Step
    sources: tuple[int | Tensor, ...]
    targets: tuple[int | None, ...]


class Reader:
    """Reads a window of tokens on.

    Args:
        output: the number of the network's output that has the scores.
        length: places of a window.
        size: number of tokens.
        axis: the dimension of the tokens in the scores, from the end; that of the places is another.

    Raises:
        NotContinuable: the scores of a place depend on more than the tokens up to there, or it is not known how to go on.
    """

    def __init__(self, trained: Trained, output: int, *, length: int, size: int, axis: int) -> None:
        if length < SHORTEST:
            raise NotContinuable(msg("The window of {count} tokens is too short.", count=length))
        generator = Generator().manual_seed(0)
        first, other = (torch.randint(size, (1, length), generator=generator) for _ in range(2))
        with torch.no_grad():
            walk = _Walk(trained, first)
            flow = walk.output(trained.compiled.outputs[output])
            self._program, self._count = walk.program, walk.slots
            if flow.now not in {-1, -2} - {axis} or flow.past is not None:
                raise NotContinuable(msg("Its output does not give scores for each place."))
            self._axis, self._slot = flow.now, flow.slot
            expected = predict_batch(trained, {trained.compiled.inputs[0]: other})[output]
            read = [self._read(part.now(other, -1), part) for part in _parts(length)]
            if not _same(torch.cat(read, self._axis), expected):
                raise NotContinuable(msg("Read token by token it gives other scores than read at once."))

    def read(self, numbers: Sequence[int], start: int) -> Tensor:
        """The scores at the last of some tokens, whose places begin at `start`; from 0 a new window begins.

        The tokens before `start` are those of the calls before. Without the dimension of places: of shape 1 × tokens.
        """
        with torch.inference_mode():
            out = self._read(torch.tensor([list(numbers)]), Part(start, start + len(numbers)))
        return out.select(self._axis, -1)

    def _read(self, tokens: Tensor, part: Part) -> Tensor:
        slots: list[Tensor | None] = [None] * self._count
        slots[_TOKENS] = tokens
        for done in self._program:
            given = [source if isinstance(source, Tensor) else slots[source] for source in done.sources]
            for value, target in zip(done.step(given, part), done.targets, strict=False):  # type: ignore[arg-type]
                if target is not None:
                    slots[target] = value
        found = slots[self._slot]
        assert found is not None
        return found


# ---- the walk


@dataclass(frozen=True, slots=True)
class _Drawing:
    """A drawing as a class runs it: its body, the module of that class, what comes in by its Input or data nodes, and its name
    for people, "" for the network itself."""

    body: Body
    module: nn.Module
    given: Mapping[Port, Flow]
    name: str = ""

    def told(self, node: Node) -> str:
        """The name of a node with those of the instances that lead to it."""
        return f"{self.name}{node.name}"


class _Walk:
    """Finds a way of going on for every node that the scores depend on."""

    def __init__(self, trained: Trained, tokens: Tensor) -> None:
        self.trained, self.compiled = trained, trained.compiled
        self.program: list[_Instruction] = []
        self.slots = 1
        self._tokens = Flow(tokens, now=-1, slot=_TOKENS)

    def output(self, port: Port) -> Flow:
        """What leaves a port of the network."""
        (entry,) = self.compiled.inputs
        project = self.compiled.project
        body = self._body(project.graph, self.compiled.analysis.nodes)
        drawing = _Drawing(body, self.trained.model, {entry: self._tokens})
        return self._flows(drawing, [port])[port]

    def _body(self, graph: Graph, known: Mapping[NodeId, NodeAnalysis]) -> Body:
        return Body(self.compiled.project, graph, [known], find_class=_no_class)

    def _flows(self, drawing: _Drawing, ends: Sequence[Port]) -> dict[Port, Flow]:
        """What leaves the ports of a drawing that these depend on, themselves included."""
        body, found = drawing.body, dict(drawing.given)
        needed = _needed(body, ends)
        for node_id in body.order:
            if node_id in needed and not any(port.node == node_id for port in drawing.given):
                node = body.graph.nodes[node_id]
                feeding = body.feeding(node_id, asked=True)
                for port in feeding.values():
                    if port not in found:
                        raise _refused(drawing.told(body.graph.nodes[port.node]))
                flows = {name: found[port] for name, port in feeding.items()}
                found |= self._node(drawing, node, flows, needed[node_id])
        for end in ends:
            if end not in found:
                raise _refused(drawing.told(body.graph.nodes[end.node]))
        return found

    def _node(self, drawing: _Drawing, node: Node, flows: Mapping[str, Flow], used: frozenset[str]) -> dict[Port, Flow]:
        """What leaves the ports of a node, as far as it is known how to go on; `used` are the ports that are needed."""
        body = drawing.body
        if node.type in BY_CHANCE:
            raise NotContinuable(msg("'{node}' draws numbers by chance.", node=drawing.told(node)))
        names = [port.name for port in body.type_of(node.id).outputs]
        module = getattr(drawing.module, body.attribute(node.id), None)
        if body.type_of(node.id).role is Role.BLOCK:
            made = self._instance(drawing, node, module, flows, used)
            return {Port(node.id, name): flow for name, flow in made.items()}
        if node.type in IDLE:
            return {Port(node.id, names[0]): flow for flow in flows.values()}
        values = body.values(node.id, computing=True)
        site = Site(body.type_of(node.id), values, module, flows, self.compiled)
        try:
            outputs = whole(site)
        except Exception as error:  # a person's own code may raise any
            raise _refused(drawing.told(node)) from error
        if node.type in OF_SIZES or all(flow.now is None for flow in flows.values()):
            made = dict(zip(names, (Flow(value) for value in outputs), strict=False))
        else:
            made = self._continued(ways(site), flows, dict(zip(names, outputs, strict=False)), used)
        if made is None:
            raise _refused(drawing.told(node))
        return {Port(node.id, name): flow for name, flow in made.items()}

    def _continued(
        self, steps: Iterator[Step], flows: Mapping[str, Flow], outputs: Mapping[str, Tensor], used: frozenset[str]
    ) -> dict[str, Flow] | None:
        """The outputs by the first step that gives those that are used; None where none does."""
        for step in steps:
            found = _proven(step, list(flows.values()), outputs)
            if used <= found.keys():
                return self._taken(step, list(flows.values()), outputs, found)
        return None

    def _taken(
        self, step: Step, flows: Sequence[Flow], outputs: Mapping[str, Tensor], found: Mapping[str, Flow]
    ) -> dict[str, Flow]:
        made: dict[str, Flow] = {}
        for name, flow in found.items():
            made[name] = flow if flow.now is None else replace(flow, slot=self.slots)
            self.slots += flow.now is not None
        sources = tuple(flow.whole if flow.now is None else flow.slot for flow in flows)
        targets = tuple(made[name].slot if name in made and made[name].now is not None else None for name in outputs)
        self.program.append(_Instruction(step, sources, targets))
        return made

    # ---- blocks

    def _instance(
        self, drawing: _Drawing, node: Node, module: nn.Module | None, flows: Mapping[str, Flow], used: frozenset[str]
    ) -> dict[str, Flow]:
        """What an instance of a block gives: its drawing is walked for each of its runs; a scan runs it at each step."""
        body, block = drawing.body, drawing.body.block_of(node.id)
        known = body.known[node.id]
        assert module is not None
        if known.resolved["use"] == CALL:
            return self._run(block, known.inside[0], module, flows, drawing.told(node), used)
        if known.resolved["use"] == REPEAT:
            given, made = dict(flows), {}
            entries = names_of(block, INPUT)
            is_shared = bool(known.resolved["shared_weights"])
            for number, inside in enumerate(known.inside):
                run = module if is_shared else module[number]  # type: ignore[index]
                made = self._run(block, inside, run, given, drawing.told(node))
                given |= dict(zip(entries, made.values(), strict=False))
            return made
        made, is_scan = None, known.resolved["use"] == SCAN  # a gradient has to do with all places
        if is_scan and known.resolved["direction"] == FORWARD and LENGTHS not in flows:
            made = self._scanned(block, known.inside[0], module, flows, used)
        if made is None:
            raise _refused(drawing.told(node))
        return made

    def _run(
        self,
        block: Block,
        inside: Inside,
        module: nn.Module,
        flows: Mapping[str, Flow],
        name: str,
        used: frozenset[str] | None = None,
    ) -> dict[str, Flow]:
        """One run of a block: those outputs that are used, or all."""
        body = self._body(block.graph, inside.nodes)
        by_name = {node.name: node for node in block.graph.nodes.values()}
        given = {Port(by_name[entry].id, "output"): flow for entry, flow in flows.items()}
        outputs = [end for end in inside.outputs if used is None or end in used]
        ends = {end: body.sources(by_name[end].id)[0] for end in outputs}
        found = self._flows(_Drawing(body, module, given, f"{name}."), list(ends.values()))
        return {end: found[port] for end, port in ends.items()}

    def _scanned(
        self, block: Block, inside: Inside, module: nn.Module, flows: Mapping[str, Flow], used: frozenset[str]
    ) -> dict[str, Flow] | None:
        """A scan from the first step to the last; None where it cannot go on."""
        scan = _Scan(block, inside, module, tuple(flows))
        if any(
            flow.now is None or flow.now != 1 - flow.whole.dim() for n, flow in flows.items() if n in scan.sequences
        ):
            return None
        if any(flow.now is not None for name, flow in flows.items() if name not in scan.sequences):
            return None
        length = next(flow.length for name, flow in flows.items() if name in scan.sequences)
        outputs = dict(zip(scan.ends, scan([flow.whole for flow in flows.values()], Part(0, length)), strict=True))
        return self._continued(iter((scan,)), flows, outputs, used)


class _Scan:
    """The cell of a scan, run at each new place; its states go on."""

    def __init__(self, block: Block, inside: Inside, module: nn.Module, given: Sequence[str]) -> None:
        self.module, self.given = module, given
        self.handed_on, self.entries, self.ends = (
            states(block),
            names_of(block, INPUT),
            names_of(block, "layerloom.Output"),
        )
        kept = {*self.handed_on.values(), *whole_inputs(block)}
        self.sequences = [name for name in self.entries if name not in kept]
        by_name = {node.name: node.id for node in block.graph.nodes.values() if node.type == INPUT}
        self.begins = {n: inside.nodes[by_name[n]].outputs["output"] for n in self.handed_on.values()}
        self.states: dict[str, Tensor] = {}

    def __call__(self, values: Sequence[Tensor], part: Part) -> list[Tensor]:
        arrived = dict(zip(self.given, values, strict=True))
        count = len(arrived[self.sequences[0]])
        if part.start == 0:
            self.states = {name: arrived.get(name, self._zeros(name, count)) for name in self.begins}
        steps: list[Sequence[Tensor]] = []
        for t in range(part.count):
            row = {name: arrived[name][:, t] for name in self.sequences}
            out = self.module(*({**arrived, **row, **self.states}[name] for name in self.entries))
            steps.append((out,) if isinstance(out, Tensor) else out)
            by_end = dict(zip(self.ends, steps[-1], strict=True))
            self.states = {entry: by_end[end] for end, entry in self.handed_on.items()}
        return [torch.stack(column, 1) for column in zip(*steps, strict=True)]

    def _zeros(self, name: str, count: int) -> Tensor:
        spec = self.begins[name]
        return torch.zeros([count, *map(int, spec.shape[1:])], dtype=getattr(torch, spec.dtype))


def _no_class(inside: Inside):
    raise AssertionError(inside.block)  # only the rows of constructors need it


def _needed(body: Body, ends: Sequence[Port]) -> dict[NodeId, frozenset[str]]:
    """The nodes that these ports depend on, each with the outputs of it that are used."""
    found: dict[NodeId, frozenset[str]] = {}
    waiting = list(ends)
    while waiting:
        port = waiting.pop()
        if port.node not in found:
            waiting += body.sources(port.node, asked=True)
        found[port.node] = found.get(port.node, frozenset()) | {port.name}
    return found


# ---- proofs


def _parts(length: int) -> tuple[Part, ...]:
    """A window as it is read to prove a step: two single places, then two longer parts."""
    middle = max(3, length // 2)
    return Part(0, 1), Part(1, 2), Part(2, middle), Part(middle, length)


def _proven(step: Step, flows: Sequence[Flow], outputs: Mapping[str, Tensor]) -> dict[str, Flow]:
    """The outputs that a step gives for the parts of a window as the node does for the whole, with their dimensions of places."""
    length = next(flow.length for flow in flows if flow.now is not None)
    parts = _parts(length)
    try:
        given = [step([flow.at(part) for flow in flows], part) for part in parts]
    except Exception:  # a person's own code may raise any
        return {}
    found = {}
    for number, (name, value) in enumerate(outputs.items()):
        column = [row[number] if number < len(row) else None for row in given]
        if isinstance(value, Tensor) and all(isinstance(out, Tensor) for out in column):
            flow = _places(value, column[1], length)  # type: ignore[arg-type]
            if flow is not None and all(map(_same, column, map(flow.at, parts))):  # type: ignore[arg-type]
                found[name] = flow
    return found


def _places(value: Tensor, second: Tensor, length: int) -> Flow | None:
    """A value with its dimensions of places, by its shape at the second place alone; None where they cannot be told."""
    if value.dim() != second.dim():
        return None
    sizes = list(enumerate(zip(value.shape, second.shape, strict=True), -value.dim()))
    changed = {axis: few for axis, (many, few) in sizes if many != few}
    now = [axis for axis, few in changed.items() if few == 1 and value.shape[axis] == length]
    past = [axis for axis, few in changed.items() if few == 2 and value.shape[axis] == length]
    if len(now) + len(past) != len(changed) or len(now) > 1 or len(past) > len(now):
        return None
    return Flow(value, now[0] if now else None, past[0] if past else None)


def _same(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors are the same but for rounding."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if not a.is_floating_point():
        return torch.equal(a, b)
    sizes = b.abs()
    ordinary = sizes[sizes < _MASKED]
    size = float(ordinary.max()) if len(ordinary) else 0.0
    return torch.allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE * size + _TINY, equal_nan=True)


def _refused(name: str) -> NotContinuable:
    return NotContinuable(msg("'{node}' looks at later tokens, or at the whole window.", node=name))

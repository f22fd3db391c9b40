"""How instances of blocks are written: built with their arguments, called, repeated in a loop, scanned over time, or differentiated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graph.catalog.definitions import (
    BACKWARD,
    BOTH,
    CALL,
    GRADIENT,
    INPUT,
    LAST,
    LENGTHS,
    OUTPUT,
    REPEAT,
    SCAN,
    states,
    whole_inputs,
)
from graph.model import NodeId, Port, Value
from runtime.analysis import Inside, TensorSpec
from runtime.code_body import Body
from runtime.instances import names_of
from runtime.symbols import Symbol, factor, symbol

if TYPE_CHECKING:
    from runtime.code_blocks import Argument, BlockClass


# ---- building


def build(body: Body, node: NodeId) -> str:
    """The expression that builds an instance."""
    values = body.known[node].resolved
    if values["use"] in (CALL, GRADIENT):
        return _built(body, node, 0)
    if values["use"] == REPEAT:
        return _built(body, node, 0) if values["shared_weights"] else _list(body, node)
    one = _built(body, node, 0)
    return f"nn.ModuleList([{one}, {one}])" if values["direction"] == BOTH else one


def _runs(body: Body, node: NodeId) -> list[tuple[Inside, ...]]:
    """For each use of the drawing, the runs of an instance."""
    return [known[node].inside for known in body.uses]


def _class_of(body: Body, inside: Inside) -> BlockClass:
    return body.find_class(inside)


def _built(body: Body, node: NodeId, run: int) -> str:
    """`Bottleneck(256, channels=64)`: one run of the instance, the same in all uses or not written as one class."""
    made = _class_of(body, _runs(body, node)[body.at][run])
    vectors = {a.name: tuple(_given(body, runs[run], a.name) for runs in _runs(body, node)) for a in made.arguments}
    return _written(body, node, made, {a.name: _value(body, node, a, vectors[a.name]) for a in made.arguments})


def _given(body: Body, inside: Inside, name: str) -> Value:
    return _class_of(body, inside).given[id(inside)].get(name)


def _value(body: Body, node: NodeId, argument: Argument, vector: tuple) -> Value:
    """An argument's value under the name that it has in the class around."""
    raw = body.graph.nodes[node].params.get(argument.name)
    if argument.is_param:
        return body.expression(raw, vector[body.at])
    return body.size(vector, argument.name)


def _written(body: Body, node: NodeId, made: BlockClass, values: Mapping[str, Value]) -> str:
    arguments = [repr(values[a.name]) for a in made.arguments if not a.is_param]
    arguments += [
        f"{a.name}={values[a.name]!r}"
        for a in made.arguments
        if a.is_param and not (values[a.name] == a.default and type(values[a.name]) is type(a.default))
    ]
    return f"{made.name}({', '.join(arguments)})"


def _list(body: Body, node: NodeId) -> str:
    """The `nn.ModuleList` of a repeat: a loop where its runs are alike or grow evenly, else one after the other."""
    runs = _runs(body, node)
    made = {id(_class_of(body, inside)) for inside in runs[body.at]}
    counts = {len(use) for use in runs}
    if len(made) == 1:
        if _alike(body, runs, 0):
            return f"nn.ModuleList({_built(body, node, 0)} for _ in range({_times(body, node)!r}))"
        if min(counts) > 1 and max(counts) > 2 and _alike(body, runs, 1):
            return f"nn.ModuleList([{_built(body, node, 0)}, *({_built(body, node, 1)} for _ in range({_but_one(_times(body, node))}))])"
        if counts != {2} and (even := _even(body, node, runs)) is not None:
            return f"nn.ModuleList({even})"
    each = ", ".join(_built_alone(body, node, run) for run in range(len(runs[body.at])))
    return f"nn.ModuleList([{each}])"


def _but_one(times: Value) -> str:
    """The number of runs after the first, under its name if it has one."""
    if not isinstance(times, Symbol):
        assert isinstance(times, int), times
        return repr(times - 1)
    return f"{factor(times)} - 1"


def _times(body: Body, node: NodeId, *, computing: bool = False) -> Value:
    raw = body.graph.nodes[node].params.get("times")
    return body.expression(raw, body.known[node].resolved["times"], computing=computing)


def _arguments_of(body: Body, inside: Inside) -> Mapping[str, Value]:
    return _class_of(body, inside).given[id(inside)]


def _alike(body: Body, runs: Sequence[tuple[Inside, ...]], start: int) -> bool:
    """Whether all runs from one on have the same arguments, in every use."""
    return all(_arguments_of(body, inside) == _arguments_of(body, use[start]) for use in runs for inside in use[start:])


def _even(body: Body, node: NodeId, runs: Sequence[tuple[Inside, ...]]) -> str | None:
    """`DenseLayer(64 + 32 * i) for i in range(times)`: sizes grow by the same amount from run to run. None if they do not."""
    i = _index(body)
    made = _class_of(body, runs[body.at][0])
    values: dict[str, Value] = {}
    for argument in made.arguments:
        firsts: tuple[Any, ...] = tuple(_given(body, use[0], argument.name) for use in runs)
        steps = []
        for use, first in zip(runs, firsts, strict=True):
            series: list[Any] = [_given(body, inside, argument.name) for inside in use]
            if not all(isinstance(value, int) for value in series):
                if any(value != first for value in series):
                    return None
                steps.append(0)
                continue
            step = series[1] - series[0] if len(series) > 1 else 0
            if any(value != first + step * run for run, value in enumerate(series)):
                return None
            steps.append(step)
        value = _value(body, node, argument, firsts)
        if any(steps):
            step = body.size(tuple(steps), "step")
            value = symbol(firsts[body.at], f"{factor(value)} + {factor(step)} * {i}")
        values[argument.name] = value
    return f"{_written(body, node, made, values)} for {i} in range({_times(body, node)!r})"


def _index(body: Body) -> str:
    """The variable of a loop in a constructor: `i`, unless an argument is called so."""
    return "i" if body.sizes is None or not body.sizes.is_taken("i") else "run"


def _built_alone(body: Body, node: NodeId, run: int) -> str:
    """One run of a repeat whose runs have nothing in common: only for a class with one form of this use."""
    return (
        _built(body, node, run) if all(len(runs) > run for runs in _runs(body, node)) else _last_resort(body, node, run)
    )


def _last_resort(body: Body, node: NodeId, run: int) -> str:
    inside = _runs(body, node)[body.at][run]
    return _written(body, node, _class_of(body, inside), _arguments_of(body, inside))


# ---- computing


def compute(body: Body, node: NodeId, place: str) -> list[str]:
    """The statements that run an instance, whose modules are at `place`."""
    values = body.known[node].resolved
    if values["use"] == CALL:
        arguments = ", ".join(_ordered(body, node))
        return [f"{', '.join(body.variables(node))} = {place}({arguments})"]
    if values["use"] == GRADIENT:
        return [f"{body.variables(node)[0]} = input_gradient({', '.join([place, *_ordered(body, node)])})"]
    if values["use"] == REPEAT:
        return _repeat(body, node, place)
    ways = {BACKWARD: ("backward",), BOTH: ("forward", "backward")}.get(str(values["direction"]), ("forward",))
    return _Scan(body, node, place).rows(ways)


def _ordered(body: Body, node: NodeId) -> list[str]:
    """The variables that feed an instance, in the order of its block's inputs."""
    given = body.arguments(node)
    return [given[name] for name in names_of(body.block_of(node), INPUT)]


def _repeat(body: Body, node: NodeId, place: str) -> list[str]:
    variables = [body.variable(Port(node, port.name)) for port in body.type_of(node).outputs]
    given = _ordered(body, node)
    handed_on, kept = given[: len(variables)], given[len(variables) :]
    targets, arguments = ", ".join(variables), ", ".join([*variables, *kept])
    if body.known[node].resolved["shared_weights"]:
        times = _times(body, node, computing=True)
        loop, run = f"for _ in range({times!r}):", place
    else:
        run = body.free("layer")
        loop = f"for {run} in {place}:"
    return [f"{targets} = {', '.join(handed_on)}", loop, f"    {targets} = {run}({arguments})"]


_ZERO = {"bool": "False"}  # by dtype


def shown_port(body: Body, node: NodeId) -> str:
    """The output whose shape stands behind the last statement of an instance."""
    if body.known[node].resolved["use"] == SCAN:
        return _Scan(body, node, "").assigned[-1]
    return body.type_of(node).outputs[0].name


class _Scan:
    """The loops of one scan."""

    def __init__(self, body: Body, node: NodeId, place: str) -> None:
        self.body, self.node, self.place = body, node, place
        self.block = body.block_of(node)
        self.name = body.graph.nodes[node].name
        self.given = body.arguments(node)
        self.inside = body.known[node].inside[0]
        self.handed_on = states(self.block)
        self.entries, self.ends = names_of(self.block, INPUT), names_of(self.block, OUTPUT)
        whole = whole_inputs(self.block)
        self.sequences = [n for n in self.entries if n not in self.handed_on.values() and n not in whole]
        self.ports = {port.name: body.variable(Port(node, port.name)) for port in body.type_of(node).outputs}
        self._locals: dict[tuple[str, str, str], str] = {}
        used = {link.source.name for link in body.graph.outgoing(node)} | {
            p.name for p in body.returned if p.node == node
        }
        self.used = used & self.ports.keys() or {self.ends[0]}

    def rows(self, ways: Sequence[str]) -> list[str]:
        """The statements for these directions; with both, their results are put side by side."""
        both = len(ways) == 2
        rows = []
        for number, way in enumerate(ways):
            rows += self._loop(way, f"{self.place}[{number}]" if both else self.place, way if both else "", number)
        collected = {end: [self._local(end, way if both else "", "steps") for way in ways] for end in self._collected()}
        stacked = {
            end: [
                f"torch.stack({name}{'[::-1]' if way == 'backward' else ''}, 1)"
                for way, name in zip(ways, names, strict=True)
            ]
            for end, names in collected.items()
        }
        last = {
            f"{end}_{LAST}": [self._local(entry, way if both else "") for way in ways]
            for end, entry in self.handed_on.items()
        }
        for port in self.assigned:
            rows += self._joined(port, {**last, **stacked}[port], ways)
        return rows

    def _joined(self, port: str, parts: Sequence[str], ways: Sequence[str]) -> list[str]:
        """The rows that give a port its value from that of one direction, or from those of both."""
        if len(parts) == 1:
            return [f"{self.ports[port]} = {parts[0]}"]
        if all(part.isidentifier() for part in parts):
            return [f"{self.ports[port]} = torch.cat([{', '.join(parts)}], -1)"]
        sides = [self._local(port, way, "all") for way in ways]
        rows = [f"{side} = {part}" for side, part in zip(sides, parts, strict=True)]
        return [*rows, f"{self.ports[port]} = torch.cat([{', '.join(sides)}], -1)"]

    def _collected(self) -> list[str]:
        """The outputs whose steps somebody uses, the first one last."""
        return [end for end in reversed(self.ends) if end in self.used]

    @property
    def assigned(self) -> list[str]:
        """The ports that become variables, in their order."""
        return [*(f"{end}_{LAST}" for end in self.handed_on if f"{end}_{LAST}" in self.used), *self._collected()]

    def _loop(self, way: str, cell: str, suffix: str, number: int) -> list[str]:
        body, x = self.body, self.given[self.sequences[0]]
        t = body.free("t")
        steps = f"range({x}.shape[1])"
        lengths = self.given.get(LENGTHS)
        rows = [
            f"{self._local(entry, suffix)} = {self._begin(entry, suffix, number)}" for entry in self.handed_on.values()
        ]
        rows += [f"{self._local(end, suffix, 'steps')} = []" for end in self._collected()]
        rows.append(f"for {t} in {f'reversed({steps})' if way == 'backward' else steps}:")
        arguments = [self._argument(entry, t, suffix) for entry in self.entries]
        results = {end: self._result(end, suffix, masked=lengths is not None) for end in self.ends}
        rows.append(f"    {', '.join(results.values())} = {cell}({', '.join(arguments)})")
        if lengths is not None:
            rows += self._masked(results, f"{t} < {lengths}", suffix)
        for end in self._collected():
            rows.append(f"    {self._local(end, suffix, 'steps')}.append({results[end]})")
        return rows

    def _masked(self, results: dict[str, str], alive: str, suffix: str) -> list[str]:
        """What comes after the end of a sequence: states stay as they are, and outputs are 0."""
        masks: dict[int, str] = {}
        rows = []
        for end, variable in results.items():
            if variable == "_":
                continue
            ndim = len(self.inside.outputs[end].shape)
            if ndim not in masks:
                masks[ndim] = self._local("", suffix, f"alive{ndim}" if masks else "alive")
                rows.append(f"    {masks[ndim]} = ({alive}).view({', '.join(['-1'] + ['1'] * (ndim - 1))})")
            mask = masks[ndim]
            if end in self.handed_on:
                state = self._local(self.handed_on[end], suffix)
                rows.append(f"    {state} = torch.where({mask}, {variable}, {state})")
            if end in self._collected():
                rows.append(
                    f"    {variable} = torch.where({mask}, {variable}, {_ZERO.get(self.inside.outputs[end].dtype, '0')})"
                )
        return rows

    def _result(self, end: str, suffix: str, *, masked: bool) -> str:
        """The variable for what a step gives: the state itself where it is handed on as it is."""
        if end in self.handed_on and not masked:
            return self._local(self.handed_on[end], suffix)
        return self._local(end, suffix, "step") if end in self.handed_on or end in self._collected() else "_"

    def _argument(self, entry: str, t: str, suffix: str) -> str:
        if entry in self.handed_on.values():
            return self._local(entry, suffix)
        return f"{self.given[entry]}[:, {t}]" if entry in self.sequences else self.given[entry]

    def _begin(self, entry: str, suffix: str, number: int) -> str:
        """What a state is before the first step: given from outside (half of it for each of two directions), or zeros."""
        if entry in self.given:
            return f"{self.given[entry]}.chunk(2, dim=-1)[{number}]" if suffix else self.given[entry]
        spec: TensorSpec = self.inside.nodes[self._input_id(entry)].outputs["output"]
        x = self.given[self.sequences[0]]
        sizes = ", ".join(map(repr, self._state_sizes(entry, spec)))
        dtype = "" if spec.dtype == "float32" else f", dtype=torch.{spec.dtype}"
        return f"torch.zeros({x}.shape[0], {sizes}{dtype}, device={x}.device)"

    def _state_sizes(self, entry: str, spec: TensorSpec) -> list[Value]:
        """The sizes of a state, under the names that they have in the class around."""
        sizes = []
        for place in range(1, len(spec.shape)):
            specs = (use[self.node].inside[0].nodes[self._input_id(entry)].outputs["output"] for use in self.body.uses)
            sizes.append(self.body.size(tuple(s.shape[place] for s in specs), f"{entry}_size", computing=True))
        return sizes

    def _input_id(self, name: str) -> NodeId:
        return next(n.id for n in self.block.graph.nodes.values() if n.type == INPUT and n.name == name)

    def _local(self, name: str, suffix: str, what: str = "") -> str:
        """A variable of the loop: `encoder_h` for the state `h`, `encoder_y_steps` for what `y` gave at each step."""
        key = name, suffix, what
        if key not in self._locals:
            free = self.body.free("_".join(filter(None, (self.name, name, suffix, what))))
            while free in self._locals.values():
                free += "_"
            self._locals[key] = free
        return self._locals[key]

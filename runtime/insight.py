"""What flows through a network: the value on every wire of its drawing and of its blocks, for given samples.

The generated classes run once more, from the same text with one more statement behind each value that leaves a port: `x = _see(...)`,
which notes it and may put another in its place. The weights are those of the network that is looked into.
"""

from __future__ import annotations

import ast
import weakref
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from graph.catalog.definitions import BOTH, PREFIX, REPEAT, SCAN, block_of
from graph.kinship import model_of
from graph.model import NodeId, Port, Project, Scope
from runtime.compiler import Compiled, Program
from runtime.own_random import OwnRandom
from runtime.predict import Trained
from runtime.training.failures import explaining

_SEE, _ENTER, _LEAVE = "_see", "_enter", "_leave"  # in the statements that are added


class Place(NamedTuple):
    """A port of a node in the drawing of the project, or of a block that the instance at `path` runs: "" or "blocks.0.attention".

    A path has the names of the instances in the drawing: two that share their weights have each its own.
    """

    port: Port
    path: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen: `calls` has for every place its values, one for each time that it was computed (several in a loop over time);
    `outputs` what the network gave, and `losses` what each loss says, by name, where the right answers were given."""

    calls: Mapping[Place, list[Tensor]]
    outputs: tuple[Tensor, ...]
    losses: Mapping[str, Tensor] = field(default_factory=dict)

    def value(self, place: Place) -> Tensor | None:
        """The last value there; None where nothing was computed."""
        calls = self.calls.get(place)
        return calls[-1] if calls else None


class Insight:
    """A network to look into, in evaluation mode. It shares the weights of `trained`, and may be asked in any thread."""

    def __init__(self, trained: Trained) -> None:
        self.trained, self._compiled = replace(trained), trained.compiled  # without what is kept, which holds this
        self._ports: list[Port] = []
        self._calls: dict[Place, list[Tensor]] = {}
        self._replaced: Mapping[Place, Tensor] = {}
        self._is_live = False
        self._only: Collection[Place] | None = None
        self._led: list[tuple[str, str]] = []  # paths of modules that others are running with, and the paths of these
        space = self._execute(self._compiled)
        with torch.device("meta"):
            self.model: nn.Module = space[self._compiled.source.class_name]()
        self.model.load_state_dict(trained.model.state_dict(keep_vars=True), assign=True)
        self.model.eval()
        self._programs = [(p, space[p.module_class.__name__](self.model).eval()) for p in self._compiled.programs]
        self._paths = {id(module): path for path, module in self.model.named_modules()}

    def look(
        self,
        samples: Mapping[Port, Tensor],
        *,
        replaced: Mapping[Place, Tensor] | None = None,
        live: bool = False,
        seed: int = 0,
        losses: bool = True,
        only: Collection[Place] | None = None,
    ) -> Seen:
        """Run the network on samples and note every value.

        Args:
            samples: a tensor for each data port that the network takes, samples first; with the right answers the losses too.
            replaced: values that take the place of what is computed there, of the same shape.
            live: keep the values in the graph of gradients; else they are copies without.
            seed: of the random numbers that the network draws.
            losses: compute the losses too, as far as what they take is given; they compute the network again.
            only: note the values at these places alone, as all those of many samples take much memory.

        Raises:
            RunError: a layer cannot compute these samples.
        """
        self._calls, self._replaced, self._is_live, self._led = {}, replaced or {}, live, []
        self._only = only
        batch = [samples[port] for port in self._compiled.inputs]
        size = len(batch[0]) if batch else 1
        with torch.set_grad_enabled(live), OwnRandom(seed), explaining(self._compiled, batch_size=size):
            outputs = self.model(*batch)
            programs = self._programs if losses else ()
            said = {name: value for p, module in programs for name, value in _run(p, module, samples).items()}
        calls, self._calls = self._calls, {}
        return Seen(calls, (outputs,) if isinstance(outputs, Tensor) else tuple(outputs), said)

    # ---- details

    def _see(self, owner: nn.Module, number: int, value: Any) -> Any:
        place = Place(self._ports[number], self._path(owner))
        if not isinstance(value, Tensor):
            return value
        value = self._replaced.get(place, value)
        if self._only is None or place in self._only:
            self._calls.setdefault(place, []).append(value if self._is_live else value.detach().clone())
        return value

    def _path(self, owner: nn.Module) -> str:
        path = self._paths.get(id(owner), "")
        for leader, led in reversed(self._led):  # the innermost is the longest
            if f"{path}.".startswith(f"{leader}."):
                path = led + path[len(leader) :]
        return path

    def _enter(self, owner: nn.Module, leader: str, name: str) -> None:
        outside = self._paths.get(id(owner), "")
        self._led.append((".".join(filter(None, (outside, leader))), ".".join(filter(None, (outside, name)))))

    def _leave(self) -> None:
        self._led.pop()

    def _execute(self, compiled: Compiled) -> dict[str, Any]:
        tree = ast.parse(compiled.source.text)
        for item in tree.body:
            found = compiled.source.variables.get(item.name) if isinstance(item, ast.ClassDef) else None
            if found is not None:
                assert isinstance(item, ast.ClassDef)
                forward = next(f for f in item.body if isinstance(f, ast.FunctionDef) and f.name == "forward")
                forward.body = self._watched(forward, {name: port for port, name in found.names.items()}, found.scope)
        space: dict[str, Any] = {"__name__": "layerloom_insight", **_calls_of(self)}
        exec(compile(ast.fix_missing_locations(tree), "<layerloom insight>", "exec", dont_inherit=True), space)
        return space

    def _watched(self, forward: ast.FunctionDef, ports: Mapping[str, Port], scope: Scope) -> list[ast.stmt]:
        rows = [self._seeing(a.arg, ports[a.arg]) for a in forward.args.args if a.arg in ports]
        led = _led_lines(self._compiled, scope)
        for statement in forward.body:
            lines = range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
            names = next((led[line] for line in lines if line in led), None)
            if names is None:
                rows.append(statement)
            else:
                rows += [_row(f"{_ENTER}(self, {names[0]!r}, {names[1]!r})"), statement, _row(f"{_LEAVE}()")]
            stored = (n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
            rows += [self._seeing(name, ports[name]) for name in dict.fromkeys(stored) if name in ports]
        return rows

    def _seeing(self, name: str, port: Port) -> ast.stmt:
        self._ports.append(port)
        return _row(f"{name} = {_SEE}(self, {len(self._ports) - 1}, {name})")


def _row(text: str) -> ast.stmt:
    return ast.parse(text).body[0]


def _calls_of(insight: Insight) -> dict[str, Any]:
    """What the added statements call. It does not hold the insight, so that weights go as soon as nobody asks any more."""
    found = {name: weakref.WeakMethod(getattr(insight, name)) for name in (_SEE, _ENTER, _LEAVE)}
    return {name: lambda *args, method=method: method()(*args) for name, method in found.items()}  # type: ignore[misc]


def _led_lines(compiled: Compiled, scope: Scope) -> dict[int, tuple[str, str]]:
    """The lines of a drawing that run an instance with the weights of another: the name of the other, and its own."""
    project, lines = compiled.project, compiled.source.lines_in(scope)
    nodes = (project.graph if scope is None else project.blocks[scope].graph).nodes
    leaders = [(node, model_of(nodes, node)) for node in nodes.values() if node.type.startswith(PREFIX)]
    return {line: (leader.name, node.name) for node, leader in leaders if leader for line in lines.get(node.id, ())}


def _run(program: Program, module: nn.Module, samples: Mapping[Port, Tensor]) -> Mapping[str, Tensor]:
    """The losses of a program, if all is there that it takes."""
    if not all(port in samples for port in program.inputs):
        return {}
    losses, _ = module(*(samples[port] for port in program.inputs))
    return losses


def insight_of(trained: Trained) -> Insight:
    """The network to look into, one for all questions: ask in one thread alone."""
    if "insight" not in trained.kept:
        trained.kept["insight"] = Insight(trained)
    return trained.kept["insight"]


def path_of(project: Project, way: Sequence[NodeId], run: int | None = 0, *, held: bool = False) -> str:
    """The path (see `Place`) of the last of some instances of blocks that lie in each other, from the drawing of the project inwards.

    Args:
        run: which run is meant where the last one repeats its block with weights of its own, or scans in both directions; None for
            all of them together. Of the others it is the first.
        held: give the path of the module that holds the weights, which may be that of another instance.
    """
    parts, graph = [], project.graph
    for place, instance in enumerate(way, start=1):
        node, number = graph.nodes[instance], run if place == len(way) else 0
        block, node_type = block_of(node, project.definitions), project.catalog.of(node)
        assert block is not None and node_type is not None, instance
        values = node_type.values(node)
        is_list = (values["use"] == REPEAT and not values["shared_weights"]) or (
            values["use"] == SCAN and values["direction"] == BOTH
        )
        name = ((model_of(graph.nodes, node) if held else None) or node).name
        parts += [name, str(number)] if is_list and number is not None else [name]
        graph = block.graph
    return ".".join(parts)

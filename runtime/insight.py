"""What flows through a network: the value on every wire of its drawing and of its blocks, for given samples.

The generated classes run once more, from the same text with one more statement behind each value that leaves a port: `x = _see(...)`,
which notes it and may put another in its place. The weights are those of the network that is looked into.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from graph.catalog.definitions import BOTH, REPEAT, SCAN, block_of
from graph.model import NodeId, Port, Project
from runtime.compiler import Compiled, Program
from runtime.own_random import OwnRandom
from runtime.predict import Trained
from runtime.training.failures import explaining

_SEE = "_see"


class Place(NamedTuple):
    """A port of a node in the drawing of the project, or of a block that the module at `path` runs: "" or "blocks.0.attention"."""

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
        self.trained, self._compiled = trained, trained.compiled
        self._ports: list[Port] = []
        self._calls: dict[Place, list[Tensor]] = {}
        self._replaced: Mapping[Place, Tensor] = {}
        self._is_live = False
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
    ) -> Seen:
        """Run the network on samples and note every value.

        Args:
            samples: a tensor for each data port that the network takes, samples first; with the right answers the losses too.
            replaced: values that take the place of what is computed there, of the same shape.
            live: keep the values in the graph of gradients; else they are copies without.
            seed: of the random numbers that the network draws.
            losses: compute the losses too, as far as what they take is given; they compute the network again.

        Raises:
            RunError: a layer cannot compute these samples.
        """
        self._calls, self._replaced, self._is_live = {}, replaced or {}, live
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
        place = Place(self._ports[number], self._paths.get(id(owner), ""))
        if not isinstance(value, Tensor):
            return value
        value = self._replaced.get(place, value)
        self._calls.setdefault(place, []).append(value if self._is_live else value.detach().clone())
        return value

    def _execute(self, compiled: Compiled) -> dict[str, Any]:
        tree = ast.parse(compiled.source.text)
        for item in tree.body:
            found = compiled.source.variables.get(item.name) if isinstance(item, ast.ClassDef) else None
            if found is not None:
                assert isinstance(item, ast.ClassDef)
                forward = next(f for f in item.body if isinstance(f, ast.FunctionDef) and f.name == "forward")
                forward.body = self._watched(forward, {name: port for port, name in found.names.items()})
        space: dict[str, Any] = {"__name__": "layerloom_insight", _SEE: self._see}
        exec(compile(ast.fix_missing_locations(tree), "<layerloom insight>", "exec", dont_inherit=True), space)
        return space

    def _watched(self, forward: ast.FunctionDef, ports: Mapping[str, Port]) -> list[ast.stmt]:
        rows = [self._seeing(a.arg, ports[a.arg]) for a in forward.args.args if a.arg in ports]
        for statement in forward.body:
            rows.append(statement)
            stored = (n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
            rows += [self._seeing(name, ports[name]) for name in dict.fromkeys(stored) if name in ports]
        return rows

    def _seeing(self, name: str, port: Port) -> ast.stmt:
        self._ports.append(port)
        return ast.parse(f"{name} = {_SEE}(self, {len(self._ports) - 1}, {name})").body[0]


def _run(program: Program, module: nn.Module, samples: Mapping[Port, Tensor]) -> Mapping[str, Tensor]:
    """The losses of a program, if all is there that it takes."""
    if not all(port in samples for port in program.inputs):
        return {}
    losses, _ = module(*(samples[port] for port in program.inputs))
    return losses


_kept: list[Insight] = []  # of the network that was looked into last


def insight_of(trained: Trained) -> Insight:
    """The network to look into; that of the last question is kept, so ask in one thread alone."""
    if not _kept or _kept[0].trained is not trained:
        _kept[:] = [Insight(trained)]
    return _kept[0]


def path_of(project: Project, way: Sequence[NodeId], run: int = 0) -> str:
    """The path of the module that instances of blocks lead to, from the drawing of the project inwards.

    Args:
        run: which run is meant of an instance that repeats its block with weights of its own, or scans in both directions.
    """
    parts, graph = [], project.graph
    for instance in way:
        node = graph.nodes[instance]
        block, node_type = block_of(node, project.definitions), project.catalog.of(node)
        assert block is not None and node_type is not None, instance
        values = node_type.values(node)
        is_list = (values["use"] == REPEAT and not values["shared_weights"]) or (
            values["use"] == SCAN and values["direction"] == BOTH
        )
        parts += [node.name, str(run)] if is_list else [node.name]
        graph = block.graph
    return ".".join(parts)

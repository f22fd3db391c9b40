"""What of a module learns: what is frozen stays so in the plan of the drawing, and what takes no part in anything is left out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from graph.messages import msg
from runtime.compiler import Compiled
from runtime.importer.drawing import Drawn
from runtime.importer.lowering import Lowering
from runtime.importer.recording import Refusal
from runtime.importer.sketch import Key
from runtime.training.reaching import held_by, parameters_of


def learning_of(lowering: Lowering) -> dict[Key, bool]:
    """For each parameter whether it learns."""
    return {n: t.requires_grad for n, t in lowering.state.items() if isinstance(t, nn.Parameter)}


def with_frozen(drawn: Drawn, learns: Mapping[Key, bool]) -> Drawn:
    """The drawing whose plan freezes the nodes that hold parameters that do not learn."""
    graph = drawn.project.graph
    held = {name.partition(".")[0] for name, key in drawn.tensors.items() if not learns.get(key, True)}
    nodes = {node.id for node in graph.nodes.values() if node.name in held}
    frozen = tuple(node.id for node in graph.nodes.values() if node.id in nodes or node.shares in nodes)
    return replace(drawn, project=drawn.project.with_plan(replace(drawn.project.plan, frozen=frozen)))


def partly_frozen(lowering: Lowering, learns: Mapping[Key, bool]) -> frozenset[Key]:
    """Parameters of layers of which some learn and others do not: a plan freezes whole nodes.

    Raises:
        Refusal: such a layer cannot be drawn as a function of parameters of its own.
    """
    found: set[Key] = set()
    for item in lowering.sketch.items:
        keys = [key for _, key in item.weights if key in learns]
        frozen = [key for key in keys if not learns[key]]
        if not 0 < len(frozen) < len(keys):
            continue
        if lowering.bare.issuperset(keys):
            reason = msg("some of its parameters learn and others do not ('{name}' is frozen). A plan freezes whole layers: freeze all of "
                         "them, or none.", name=str(frozen[0]))  # fmt: skip
            raise Refusal(item.name, item.place, reason)
        found.update(keys)
    return frozenset(found)


def freeze(compiled: Compiled, model: nn.Module) -> None:
    """Let those parameters of the network rest that its plan freezes."""
    resting = parameters_of(compiled, model, compiled.project.plan.frozen)
    for parameter in model.parameters():
        if id(parameter) in resting:
            parameter.requires_grad_(False)


def resting_layers(compiled: Compiled, model: nn.Module) -> tuple[str, ...]:
    """The frozen nodes whose dropout or running statistics a run of the drawing lets rest too, as the module does not."""
    project = compiled.project
    held = {node: held_by(compiled, model, node) for node in project.plan.frozen}
    return tuple(
        project.graph.nodes[node].name
        for node, part in held.items()
        if isinstance(part, nn.Module) and any(map(_follows_mode, part.modules()))
    )


def _follows_mode(part: nn.Module) -> bool:
    if isinstance(part, _NormBase):
        return part.track_running_stats
    share = getattr(part, "dropout", getattr(part, "p", 0.0) if "Dropout" in type(part).__name__ else 0.0)
    return isinstance(share, float) and share > 0


# ---- what takes no part


def unused_of(module: nn.Module, drawn: Drawn) -> Mapping[str, nn.Parameter]:
    """The parameters that nothing in the drawing holds."""
    used = set(drawn.tensors.values())
    return {name: parameter for name, parameter in module.named_parameters() if name not in used}


def by_module(module: nn.Module, names: Collection[str]) -> list[str]:
    """Names of parameters, where all of a module are among them the name of that module alone."""
    gone = set(names)
    whole = [
        path
        for path, part in module.named_modules()
        if path and (own := [f"{path}.{n}" for n, _ in part.named_parameters()]) and gone.issuperset(own)
    ]
    found: list[str] = []
    for name in names:
        around = next((path for path in whole if name.startswith(f"{path}.")), name)
        if around not in found:
            found.append(around)
    return found

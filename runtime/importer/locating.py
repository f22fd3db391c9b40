"""Where a drawing goes another way than the module that it was made from: the first node whose value differs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn

from graph.catalog.definitions import PREFIX
from graph.messages import msg
from graph.model import Graph, NodeId, Port, Project
from graph.topology import execution_order
from runtime.compiler import Compiled
from runtime.importer.drawing import Drawn
from runtime.importer.lowering import Lowering
from runtime.importer.proof import SEED, TOLERANCE, Mismatch, difference
from runtime.importer.recording import Place, Refusal
from runtime.importer.tracing import shown_of, trace


@dataclass
class _Frame:
    """One call of a generated `forward`: what its variables held at the end, and the calls in it."""

    values: dict[str, Any] = field(default_factory=dict)
    calls: list[_Frame] = field(default_factory=list)


def located(
    mismatch: Mismatch,
    module: nn.Module,
    lowering: Lowering,
    drawn: Drawn,
    compiled: Compiled,
    model: nn.Module,
    inputs: Mapping[str, Tensor],
) -> Refusal:
    """The refusal that names the first step whose value differs, or the mismatch alone where all values are the same."""
    for training in (False, True):
        torch.manual_seed(SEED)
        steps = trace(module, inputs, training=training, by_mode=lowering.recording.by_mode)
        model.train(training)
        torch.manual_seed(SEED)
        frame = _watched(model, [inputs[name] for name in _given(drawn, compiled)])
        for step in steps.steps:
            for number in step.results:
                wire = lowering.wires.get(number)
                if wire is None or wire.item not in drawn.places:
                    continue
                way, node = drawn.places[wire.item]
                value = _value(drawn.project, compiled, frame, (way, Port(node, wire.port)))
                if isinstance(value, Tensor) and difference(steps.tensors[number], value.detach()) > TOLERANCE:
                    reason = msg("what it gives is not what the node '{node}' gives that was drawn for it. {mismatch} Please report this.",
                                 node=graph_at(drawn.project, way).nodes[node].name, mismatch=mismatch.message)  # fmt: skip
                    return Refusal(shown_of(step), step.place, reason)
    reason = msg("all values are the same. {mismatch} Please report this.", mismatch=mismatch.message)
    return Refusal(type(module).__name__, _first_place(lowering), reason)


def _first_place(lowering: Lowering) -> Place | None:
    return next((step.place for step in lowering.recording.steps), None)


def _given(drawn: Drawn, compiled: Compiled) -> Iterator[str]:
    names = {node: name for name, node in drawn.inputs.items()}
    return (names[port.node] for port in compiled.inputs)


def _watched(model: nn.Module, inputs: list[Tensor]) -> _Frame:
    """The calls of generated classes while the model runs."""
    file = type(model).forward.__code__.co_filename
    top = _Frame()
    stack = [top]

    def look(frame: FrameType, event: str, _: Any) -> None:
        if frame.f_code.co_filename != file or frame.f_code.co_name != "forward":
            return
        if event == "call":
            made = _Frame()
            stack[-1].calls.append(made)
            stack.append(made)
        elif event == "return":
            stack.pop().values = {"self": frame.f_locals.get("self"), **frame.f_locals}

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        with torch.no_grad(), suppress(Exception):  # what it computed before it failed says where
            model(*inputs)
    finally:
        sys.setprofile(before)
    return top.calls[0]


def graph_at(project: Project, way: tuple[NodeId, ...]) -> Graph:
    """The drawing that a way of instances leads into."""
    graph = project.graph
    for instance in way:
        graph = project.blocks[graph.nodes[instance].type.removeprefix(PREFIX)].graph
    return graph


def _value(project: Project, compiled: Compiled, frame: _Frame, place: tuple[tuple[NodeId, ...], Port]) -> Any:
    """What a port held."""
    way, port = place
    for depth, instance in enumerate(way):
        graph = graph_at(project, way[:depth])
        instances = [n for n in execution_order(graph) if graph.nodes[n].type.startswith(PREFIX)]
        frame = frame.calls[instances.index(instance)]
    variables = compiled.source.variables[type(frame.values["self"]).__name__]
    return frame.values.get(variables.names.get(port, ""))

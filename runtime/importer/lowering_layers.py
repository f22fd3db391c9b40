"""How layers of `torch.nn` that a module calls become nodes, whatever order of dimensions they were told (see `lowering`)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from torch import nn
from torch.nn import functional as F

from graph.catalog import CATALOG
from graph.catalog.types import NodeType
from graph.messages import msg
from graph.model import Node
from runtime.importer import module_code
from runtime.importer.lowering import TRANSPOSE, Call
from runtime.importer.module_layers import STEPS_FIRST, Layer, Unsuited, layer_of
from runtime.importer.recording import Step, Weight
from runtime.importer.sketch import Key, Spec, Wire

TRANSFORMERS = (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)
_HINTS = frozenset("is_causal tgt_is_causal memory_is_causal src_is_causal need_weights average_attn_weights".split())


def layer(call: Call, module: nn.Module) -> list[Wire]:
    """The node of a call of a layer.

    Raises:
        Refusal: it has settings or arguments that no node has.
    """
    try:
        made = layer_of(module)
    except Unsuited as error:
        raise call.refusal(msg("its setting '{name}' has no place in a drawing.", name=str(error))) from None
    if (as_function := _AS_FUNCTIONS.get(type(module))) and call.lowering.bare & set(
        dict(_weights(call, module)).values()
    ):
        return module_code.write(Call(call.lowering, as_function(call, module)))
    params = dict(made.params)
    bound = dict(inspect.signature(type(module).forward).bind(module, *call.step.args, **call.step.kwargs).arguments)
    bound.pop("self")
    node_type = CATALOG[made.type_id]
    if isinstance(module, nn.MultiheadAttention):
        params |= {name: bound[name] for name in ("need_weights", "average_attn_weights") if bound.get(name) is False}
    shaped = node_type.of(Node("it", node_type.id, "it", params))
    inputs = _layer_inputs(call, bound, shaped)
    turned = isinstance(module, STEPS_FIRST) and not _is_batch_first(module)
    specs = call.results
    if turned and isinstance(module, TRANSFORMERS) and made.params.get("dropout", 0.1):
        text = msg("with the batch first its dropout draws other random numbers, so that it cannot be proven. Build it with "
                   "batch_first=True, or with dropout=0.")  # fmt: skip
        raise call.refusal(text)
    if turned:
        inputs = {port: _turned(call, wire) if _has_steps(port) else wire for port, wire in inputs.items()}
    wires = call.node(
        made.type_id, inputs, params, name=_name(call.step, shaped, made), weights=_weights(call, module),
        specs=[_turned_spec(spec) if turned and i == 0 else spec for i, spec in enumerate(specs)],
    )  # fmt: skip
    if turned:
        wires[0] = _turned(call, wires[0])
    return wires


def _function_of(function: Callable[..., Any], *settings: str) -> Callable[[Call, Any], Step]:
    """A layer as a call of the function that it is: for weights that something else uses as they are."""

    def step_of(call: Call, module: Any) -> Step:
        held = dict(_weights(call, module))
        weights = [
            Weight(str(held[name])) if name in held else None for name in ("weight", "bias") if hasattr(module, name)
        ]
        values = {name: getattr(module, name) for name in settings}
        name = function.__name__
        return replace(
            call.step, name=name, called=function, args=(*call.step.args[:1], *weights), kwargs=values, layer=None
        )

    return step_of


_CONVOLUTION = ("stride", "padding", "dilation", "groups")
_AS_FUNCTIONS: Mapping[type, Callable[[Call, Any], Step]] = {
    nn.Linear: _function_of(F.linear),
    nn.Embedding: _function_of(F.embedding, "padding_idx"),
    nn.Conv1d: _function_of(F.conv1d, *_CONVOLUTION),
    nn.Conv2d: _function_of(F.conv2d, *_CONVOLUTION),
    nn.Conv3d: _function_of(F.conv3d, *_CONVOLUTION),
}


def _layer_inputs(call: Call, bound: Mapping[str, Any], node_type: NodeType) -> dict[str, Wire]:
    found: dict[str, Wire] = {}
    for number, (name, value) in enumerate(bound.items()):
        values = list(value) if isinstance(value, (tuple, list)) else [value]
        if isinstance(value, (bool, type(None))) and (value is None or name in _HINTS):
            continue
        if not all(call.is_tensor(part) for part in values):
            raise call.refusal(msg("its argument '{name}' has no place in a drawing.", name=name))
        ports = (
            [name]
            if node_type.input(name) and len(values) == 1
            else [p.name for p in node_type.inputs[number : number + len(values)]]
        )
        if len(ports) != len(values):
            raise call.refusal(msg("its argument '{name}' has no place in a drawing.", name=name))
        found |= {port: call.wire(part) for port, part in zip(ports, values, strict=True)}
    return {port.name: found[port.name] for port in node_type.inputs if port.name in found}


def _weights(call: Call, module: nn.Module) -> list[tuple[str, Key]]:
    held = (*module.named_parameters(remove_duplicate=False), *module.named_buffers(remove_duplicate=False))
    return [(name, call.lowering.key_of[id(tensor)]) for name, tensor in held]


def _name(step: Step, node_type: NodeType, made: Layer) -> str:
    tail = step.path.rpartition(".")[2]
    return f"{node_type.stem}{int(tail) + 1}" if tail.isdecimal() else tail or f"{node_type.stem}1"


def _is_batch_first(module: Any) -> bool:
    owner = getattr(module, "self_attn", module)
    return bool(owner.batch_first)


def _has_steps(port: str) -> bool:
    return port in ("input", "query", "key", "value", "src", "tgt", "memory")


def _turned(call: Call, wire: Wire) -> Wire:
    """With the batch and the steps exchanged."""
    spec = _turned_spec(call.sketch.specs[wire])
    return call.node(TRANSPOSE, {"input": wire}, {"dim0": 0, "dim1": 1}, specs=[spec])[0]


def _turned_spec(spec: Spec) -> Spec:
    return Spec((spec.shape[1], spec.shape[0], *spec.shape[2:]), spec.dtype) if len(spec.shape) > 1 else spec

"""Shapes, dtypes, parameters and cost of one node, by running its very module on tensors without memory.

They run on PyTorch's `meta` device: it computes shapes and dtypes alone, and for layers that are one operation it is
several times faster than FakeTensorMode. The batch dimension is a large prime meanwhile, so that it can be told from every
other size afterwards. Results are kept by (type, parameters, input specs): an edit costs only what lies downstream of it.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from graph.catalog import NodeType
from graph.model import Value
from runtime.analysis import Dim, TensorSpec
from runtime.costs import COUNTED, KEEPING_FAMILIES, KEEPING_TYPES
from runtime.emitters import emit
from runtime.guard import check_source
from runtime.helpers import HELPERS, helpers_in
from runtime.recurrence import LAYERS as RECURRENT
from runtime.recurrence import over_steps

BATCH = 999_983  # a prime
# Losses that refuse some values, and therefore need numbers to look at. They give one number whatever the batch.
LOOKS_AT_VALUES = ("torch.nn.CTCLoss", "torch.nn.GaussianNLLLoss")

Specs = Mapping[str, TensorSpec]


_kept: dict[tuple | None, int] = {}  # parameters of layers that keep the shape of their input (see `_key`)
_MOST_KEPT = 8192


def forget() -> None:
    """Start without what is remembered of layers."""
    evaluate.cache_clear()
    _kept.clear()


@lru_cache(maxsize=8192)
def evaluate(
    node_type: NodeType, values: tuple[tuple[str, Value], ...], inputs: tuple[tuple[str, TensorSpec], ...]
) -> tuple[Specs, int, int]:
    """Outputs, trainable numbers and multiply-accumulates a sample of one node."""
    if node_type.id in RECURRENT:
        return over_steps(_run, node_type, values, inputs)
    key = _key(node_type, values, inputs)
    if (kept := _kept.get(key)) is not None:
        return {node_type.outputs[0].name: replace(inputs[0][1], classes=None)}, kept, 0
    outputs, parameters, macs = _run(node_type, values, inputs)
    if key is not None and list(outputs.values()) == [replace(inputs[0][1], classes=None)] and not macs:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        _kept[key] = parameters
    return outputs, parameters, macs


def _key(
    node_type: NodeType, values: tuple[tuple[str, Value], ...], inputs: tuple[tuple[str, TensorSpec], ...]
) -> tuple | None:
    """What decides whether a layer that kept the shape of one input keeps that of another; None for other layers."""
    by_family = node_type.family in KEEPING_FAMILIES and node_type.trainable is False
    if len(inputs) != 1 or not (by_family or node_type.id in KEEPING_TYPES):
        return None
    spec = inputs[0][1]
    return node_type, values, len(spec.shape), spec.dtype


def _run(
    node_type: NodeType, values: tuple[tuple[str, Value], ...], inputs: tuple[tuple[str, TensorSpec], ...]
) -> tuple[Specs, int, int]:
    """What `evaluate` gives, by a node's own Python, run without memory."""
    names = {port: f"x{i}" for i, (port, _) in enumerate(inputs)}
    results = [f"y{i}" for i in range(len(node_type.outputs))]
    emission = emit(node_type, dict(values), names)
    fill, device = (_zeros, "cpu") if node_type.id in LOOKS_AT_VALUES else (empty, "meta")
    with torch.device(device), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the diagnosis says it in the words of the drawing
        module = _module(emission.init) if emission.init else None
        parameters = list(_parameters(module).values()) if module is not None else []
        space: dict[str, Any] = {names[port]: fill(spec) for port, spec in inputs}
        space |= {"torch": torch, "nn": torch.nn, "self": SimpleNamespace(module=module)}
        space |= _helpers(helpers_in(emission.expression))
        counter = FlopCounterMode(display=False)
        counts = node_type.id not in COUNTED and (module is None or any(p.ndim > 1 for p in parameters))
        with counter if counts else nullcontext():
            exec(_checked(emission.assignment("self.module", results)), space)
    outputs = {port.name: spec_of(space[name]) for port, name in zip(node_type.outputs, results, strict=True)}
    macs = counter.get_total_flops() // (2 * BATCH)
    if node_type.id in COUNTED:
        macs = COUNTED[node_type.id](dict(values), inputs[0][1], outputs["output"])
    return outputs, sum(p.numel() for p in parameters), macs


def layer_of(node_type: NodeType, values: Mapping[str, Value]) -> torch.nn.Module | torch.nn.Parameter | None:
    """The layer that a node becomes, without memory for its numbers; None for an operation."""
    init = emit(node_type, values, {}).init
    with torch.device("meta"):
        return _module(init) if init else None


def parameter_shapes(node_type: NodeType, values: Mapping[str, Value]) -> dict[str, tuple[int, ...]]:
    """The shapes of the parameters of a layer, by their names in its `state_dict`."""
    layer = layer_of(node_type, values)
    return {n: tuple(p.shape) for n, p in _parameters(layer).items()} if layer is not None else {}


@lru_cache(maxsize=16)
def _helpers(names: tuple[str, ...]) -> dict[str, object]:
    """The functions and modules that generated source defines for itself."""
    space: dict[str, object] = {"torch": torch, "nn": torch.nn, "__name__": __name__}
    for name in names:
        exec(_checked(HELPERS[name]), space)
    return space


def _parameters(module: torch.nn.Module | torch.nn.Parameter) -> dict[str, torch.nn.Parameter]:
    """Parameters by their names; a parameter alone has none, and a buffer is none."""
    if isinstance(module, torch.nn.Parameter):
        return {"": module}
    return {} if isinstance(module, torch.Tensor) else dict(module.named_parameters())


@lru_cache(maxsize=2048)
def _module(init: str) -> torch.nn.Module | torch.nn.Parameter:
    """Not in training: the same shapes with less to run. But then a Transformer would take a way that needs memory."""
    module = eval(_checked(init), {"nn": torch.nn, "torch": torch, **_helpers(helpers_in(init))})
    return module.train(isinstance(module, torch.nn.Transformer)) if isinstance(module, torch.nn.Module) else module


def flat(result: Any) -> list[torch.Tensor]:
    """The tensors of a result, however they are nested."""
    return [t for part in result for t in flat(part)] if isinstance(result, (tuple, list)) else [result]


@lru_cache(maxsize=8192)
def _checked(expression: str) -> str:
    check_source(expression)
    return expression


def empty(spec: TensorSpec) -> torch.Tensor:
    """A tensor of that shape and dtype, on the device in force."""
    return torch.empty([_number(d) for d in spec.shape], dtype=getattr(torch, spec.dtype))


def _zeros(spec: TensorSpec) -> torch.Tensor:
    """A batch of one sample."""
    return torch.zeros(
        [max(1, _number(d) // BATCH) if isinstance(d, str) else d for d in spec.shape], dtype=getattr(torch, spec.dtype)
    )


def spec_of(tensor: torch.Tensor) -> TensorSpec:
    """Shape and dtype of a tensor, with the batch told apart."""
    return TensorSpec(tuple(_symbol(d) for d in tensor.shape), str(tensor.dtype).removeprefix("torch."))


def _number(dim: Dim) -> int:
    if isinstance(dim, int):
        return dim
    factor, _, _ = dim.rpartition("·")
    return int(factor or 1) * BATCH


def _symbol(size: int) -> Dim:
    factor, rest = divmod(size, BATCH)
    if rest or not factor:
        return size
    return "B" if factor == 1 else f"{factor}·B"

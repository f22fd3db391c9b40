"""Small drawings around one block, and what their networks give: what attacks on blocks need."""

from __future__ import annotations

from torch import Tensor

from drawings import Drawing
from graph.model import BlockParam, Definitions, Project
from runtime.compiler import Compiled


def outputs(compiled: Compiled, *inputs: Tensor, seed: int = 0) -> tuple[Tensor, ...]:
    """What the network gives; its sizes are counted and compared on the way."""
    model = compiled.build(seed)
    assert sum(p.numel() for p in model.parameters()) == compiled.analysis.parameters
    result = model(*inputs)
    tensors = result if isinstance(result, tuple) else (result,)
    for port, tensor in zip(compiled.outputs, tensors, strict=True):
        spec = compiled.analysis.spec(port)
        assert tuple(len(inputs[0]) if d == "B" else d for d in spec.shape) == tuple(tensor.shape)
        assert str(tensor.dtype) == f"torch.{spec.dtype}"
    return tensors


def layer(
    name: str = "Layer", *params: BlockParam, entry: str = "x", node: str = "fc", size: object = 4
) -> Definitions:
    """A Linear in a block."""
    d = Drawing(name)
    d.add("op.Output", "y", d.add("nn.Linear", node, d.add("op.Input", entry, shape=(4,)), out_features=size))
    return d.as_block(*params)


def used(definitions: Definitions, *, shape: tuple[int, ...] = (4,), name: str = "Net", **params) -> Project:
    """A drawing with one instance of the last block; every output of it is an output."""
    d = Drawing(name, definitions=definitions)
    block = list(definitions.blocks.values())[-1]
    d.add(f"block.{block.name}", "it", d.add("op.Input", "given", shape=shape), **params)
    for i, port in enumerate(d.ports("it")):
        d.add("op.Output", f"out{i}", port)
    return d.project

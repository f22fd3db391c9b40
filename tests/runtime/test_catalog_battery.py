"""Every node type of `torch.nn`, drawn alone: what is inferred and generated is what PyTorch computes.

That names, order and defaults of the parameters are PyTorch's own is checked in `tests/graph/test_catalog.py`.
"""

from __future__ import annotations

from functools import cached_property

import pytest
import torch
from torch import Tensor, nn

from catalog_inputs import BATCH, valid_inputs
from drawings import Drawing
from graph.catalog import CATALOG, NodeType, Role
from graph.files import from_text, to_text
from graph.model import Port
from runtime.compiler import Compiled, compile_project
from runtime.guard import check_source

TYPES = [t for t in CATALOG.values() if t.id.startswith("torch.nn.")]


class Drawn:
    """One node between Input nodes. Before a loss stands a layer, because there must be something to learn."""

    def __init__(self, node_type: NodeType) -> None:
        self.node_type, self.drawing = node_type, Drawing()
        self.tensors: dict[str, Tensor] = {}
        ports = [self._input(f"in{i}", tensor) for i, tensor in enumerate(valid_inputs(node_type))]
        if node_type.role is Role.LOSS:
            ports[0] = self.drawing.add("nn.PReLU", "learned", ports[0])
        self.port = self.drawing.add(f"nn.{node_type.label}", "it", *ports)

    def _input(self, name: str, tensor: Tensor) -> Port:
        dtype, shape = str(tensor.dtype).removeprefix("torch."), tuple(tensor.shape[1:])
        if shape:
            port = self.drawing.add("op.Input", name, shape=shape, dtype=dtype)
        else:  # one number a sample, which only data gives
            facts = {"samples": BATCH, "outputs": {"target": {"shape": [], "dtype": dtype}}, "fingerprint": "sha256:0"}
            port = self.drawing.add("data.Arrays", name, facts=facts)._replace(name="target")
        self.tensors[port.node] = tensor.requires_grad_(name == "in0" and tensor.is_floating_point())
        return port

    @cached_property
    def compiled(self) -> Compiled:
        return compile_project(self.drawing.project)

    def given(self, ports: tuple[Port, ...]) -> list[Tensor]:
        return [self.tensors[port.node] for port in ports]

    def module(self) -> nn.Module:
        """The class of PyTorch with the parameters that the analysis worked out."""
        torch.manual_seed(1)
        return getattr(nn, self.node_type.label)(**self.compiled.analysis.nodes[self.port.node].resolved)

    def generated(self) -> Tensor:
        """What the generated source computes."""
        model = self.compiled.build(seed=1)
        torch.manual_seed(2)
        if self.node_type.role is not Role.LOSS:
            return model(*self.given(self.compiled.inputs))
        (program,) = self.compiled.programs
        losses, _ = program.build(model)(*self.given(program.inputs))
        return losses["it"]

    def expected(self) -> Tensor:
        """What PyTorch's own class computes on the same numbers, in training mode."""
        module, inputs = self.module(), list(self.tensors.values())
        if self.node_type.role is Role.LOSS:
            inputs[0] = self.compiled.build(seed=1)(inputs[0])
        torch.manual_seed(2)
        return module(*inputs)


@pytest.fixture(params=TYPES, ids=lambda t: t.label)
def drawn(request: pytest.FixtureRequest) -> Drawn:
    return Drawn(request.param)


def test_a_node_is_what_pytorch_has(drawn: Drawn):
    expected = drawn.expected()
    spec = drawn.compiled.analysis.spec(drawn.port)
    assert tuple(BATCH if size == "B" else size for size in spec.shape) == tuple(expected.shape)
    assert f"torch.{spec.dtype}" == str(expected.dtype)
    (output,) = drawn.node_type.outputs
    assert output.dtype == "any" or expected.is_floating_point()
    assert not output.ndim or expected.dim() in output.ndim
    check_source(drawn.compiled.source.text)
    assert torch.equal(drawn.generated(), expected)


def test_gradients_flow_back(drawn: Drawn):
    module, inputs = drawn.module(), list(drawn.tensors.values())
    parameters = list(module.parameters())
    assert bool(parameters) == drawn.node_type.is_trainable(drawn.drawing.graph.nodes[drawn.port.node])
    learned = [*parameters, *(tensor for tensor in inputs if tensor.requires_grad)]
    module(*inputs).sum().backward()
    assert learned
    assert all(tensor.grad is not None and tensor.grad.isfinite().all() for tensor in learned)


def test_a_file_keeps_it(drawn: Drawn):
    project = drawn.drawing.project
    assert from_text(to_text(project)) == project

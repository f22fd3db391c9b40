"""Every node type of `torch.nn`, drawn alone: what is inferred and generated is what PyTorch computes.

That names, order and defaults of the parameters are PyTorch's own is checked in `tests/graph/test_catalog.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn

from catalog_inputs import BATCH, valid_inputs
from drawings import Drawing
from graph.catalog import CATALOG, NodeType, Role
from graph.catalog.augmentation import TYPES as AUGMENTATION
from graph.files import from_text, to_text
from graph.model import Link, Node, Port
from runtime.compiler import Compiled, compile_project
from runtime.guard import check_source

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")

TYPES = [t for t in CATALOG.values() if t.id.startswith("torch.nn.")]

# What a type is drawn with besides its defaults: what changes its ports, how it is written, or the shapes of its states.
_STACKED = {"num_layers": 2, "bidirectional": True, "dropout": 0.5}
_PRE_NORM = {"activation": "gelu", "norm_first": True, "bias": False}
VARIANTS: Mapping[str, tuple[dict[str, Any], ...]] = {
    **{f"{kind}{dims}d": ({"return_indices": True},) for kind in ("MaxPool", "AdaptiveMaxPool") for dims in (1, 2, 3)},
    **{f"FractionalMaxPool{dims}d": ({"return_indices": True},) for dims in (2, 3)},
    "LSTM": (_STACKED, {"proj_size": 3}, {"bias": False}),
    "GRU": (_STACKED,),
    "RNN": ({**_STACKED, "nonlinearity": "relu"},),
    "LSTMCell": ({"bias": False},),
    "MultiheadAttention": (
        {"need_weights": False}, {"average_attn_weights": False}, {"add_bias_kv": True, "add_zero_attn": True},
        {"num_heads": 2, "dropout": 0.5},
    ),
    "TransformerEncoderLayer": (_PRE_NORM,),
    "TransformerEncoder": ({**_PRE_NORM, "num_layers": 2},),
    "TransformerDecoderLayer": (_PRE_NORM,),
    "TransformerDecoder": ({**_PRE_NORM, "num_layers": 2},),
    "Transformer": ({"num_encoder_layers": 1, "num_decoder_layers": 2, "dim_feedforward": 16, "activation": "gelu"},),
    "CTCLoss": ({"zero_infinity": True},),
}  # fmt: skip


class Case(NamedTuple):
    """A type with parameters, and with or without what it may be wired to."""

    node_type: NodeType
    params: dict[str, Any]
    whole: bool

    def __str__(self) -> str:
        given = "".join(f" {name}={value}" for name, value in self.params.items())
        return f"{self.node_type.label}{given}{' with all inputs' if self.whole else ''}"


def cases() -> Iterator[Case]:
    for node_type in TYPES:
        for params in ({}, *VARIANTS.get(node_type.label, ())):
            yield Case(node_type, params, whole=False)
            if any(port.optional for port in node_type.inputs):
                yield Case(node_type, params, whole=True)


CASES = list(cases())


# ---- the same by hand


def _stack(container: type[nn.Module], layer: type[nn.Module], values: dict[str, Any], **more) -> nn.Module:
    number = values.pop("num_layers")
    return container(layer(**values, batch_first=True), num_layers=number, **more)


def _batch_first(values: dict[str, Any], *, label: str) -> nn.Module:
    return getattr(nn, label)(**values, batch_first=True)


def _attention(values: dict[str, Any]) -> nn.Module:
    constructor = {name: v for name, v in values.items() if name not in ("need_weights", "average_attn_weights")}
    return nn.MultiheadAttention(**constructor, batch_first=True)


_BATCH_SECOND = ("RNN", "LSTM", "GRU", "Transformer", "TransformerEncoderLayer", "TransformerDecoderLayer")
BUILT: Mapping[str, Callable[[dict[str, Any]], nn.Module]] = {
    **{label: lambda values, label=label: _batch_first(values, label=label) for label in _BATCH_SECOND},
    "MultiheadAttention": _attention,
    "TransformerEncoder": lambda values: _stack(nn.TransformerEncoder, nn.TransformerEncoderLayer, values,
                                                enable_nested_tensor=False),
    "TransformerDecoder": lambda values: _stack(nn.TransformerDecoder, nn.TransformerDecoderLayer, values),
}  # fmt: skip


def _call_attention(module: nn.Module, values: dict[str, Any], query, key, value, **masks) -> Any:
    names = ("need_weights", "average_attn_weights")
    return module(query, key, value, **masks, **{name: values[name] for name in names})


CALLED: Mapping[str, Callable[..., Any]] = {
    "LSTM": lambda module, _, input, h_0=None, c_0=None: module(input, None if h_0 is None else (h_0, c_0)),
    "LSTMCell": lambda module, _, input, hx=None, cx=None: module(input, None if hx is None else (hx, cx)),
    **{label: lambda module, _, input, h_0=None: module(input, h_0) for label in ("RNN", "GRU")},
    "MultiheadAttention": _call_attention,
    **{f"MaxUnpool{dims}d": lambda module, _, input, indices, output_size=None: module(
        input, indices, None if output_size is None else output_size.shape) for dims in (1, 2, 3)},
    "CTCLoss": lambda module, _, log_probs, **others: module(log_probs.transpose(0, 1), **others),
}  # fmt: skip


def flat(result: Any) -> list[Tensor]:
    """The tensors of a result, however they are nested."""
    if isinstance(result, (tuple, list)):
        return [tensor for part in result for tensor in flat(part)]
    return [] if result is None else [result]


# ---- drawn


class Drawn:
    """One node between Input nodes and Output nodes. Before a loss stands a layer, because there must be something to learn."""

    def __init__(self, case: Case) -> None:
        self.drawing = Drawing()
        node = Node("it", case.node_type.id, "it", params=case.params)
        self.node_type, self.label = case.node_type.of(node), case.node_type.label
        self.leaves: dict[str, Tensor] = {}  # by the node that gives it
        self.inputs: dict[str, Tensor] = {}  # by the port at which it arrives
        self.sources: dict[str, Port] = {}
        tensors = valid_inputs(self.node_type, self.node_type.values(node))
        wired = [port.name for port in self.node_type.inputs if case.whole or not port.optional]
        for name in wired:
            self.sources[name] = self._source(name, tensors[name])
        if self.node_type.role is Role.LOSS:
            self.sources[wired[0]] = self.drawing.add("nn.PReLU", "learned", self.sources[wired[0]])
        self.id = self.drawing.add(f"nn.{self.label}", "it", **case.params).node
        for name, source in self.sources.items():
            self.drawing.graph = self.drawing.graph.connect(Link(source, Port(self.id, name)))
        self.ports = [Port(self.id, port.name) for port in self.node_type.outputs]
        if self.node_type.role is not Role.LOSS:
            for port in self.ports:
                self.drawing.add("op.Output", f"out_{port.name}", port)

    def _source(self, name: str, tensor: Tensor) -> Port:
        """What feeds a port: an Input node, and behind it a node that makes what has no batch in front."""
        self.inputs[name] = tensor
        if name in ("h_0", "c_0"):
            port = self._input(name, tensor.transpose(0, 1).contiguous())
            self.inputs[name] = self.leaves[port.node].transpose(0, 1)
            return self.drawing.add("op.Transpose", f"{name}_layers_first", port, dim0=0, dim1=1)
        sequence = next(iter(self.sources.values()), None)
        if name.endswith("padding_mask"):
            lengths = self._input(f"{name}_lengths", (~tensor).sum(1))
            return self.drawing.add("op.PaddingMask", f"{name}_made", sequence, lengths, mark="hidden")
        if name.endswith("mask"):
            return self.drawing.add("op.CausalMask", f"{name}_made", sequence, mark="hidden")
        return self._input(name, tensor)

    def _input(self, name: str, tensor: Tensor) -> Port:
        dtype, shape = str(tensor.dtype).removeprefix("torch."), tuple(tensor.shape[1:])
        if shape:
            port = self.drawing.add("op.Input", f"given_{name}", shape=shape, dtype=dtype)
        else:  # one number a sample, which only data gives
            facts = {"samples": BATCH, "outputs": {"target": {"shape": [], "dtype": dtype}}, "fingerprint": "sha256:0"}
            port = self.drawing.add("data.Arrays", f"given_{name}", facts=facts)._replace(name="target")
        is_first = not self.leaves
        self.leaves[port.node] = tensor.requires_grad_(is_first and tensor.is_floating_point())
        return port

    @cached_property
    def compiled(self) -> Compiled:
        return compile_project(self.drawing.project)

    @property
    def values(self) -> dict[str, Any]:
        return dict(self.compiled.analysis.nodes[self.id].resolved)

    def given(self, ports: tuple[Port, ...]) -> list[Tensor]:
        return [self.leaves[port.node] for port in ports]

    def module(self) -> nn.Module:
        """The class of PyTorch with the parameters that the analysis worked out."""
        torch.manual_seed(1)
        return BUILT[self.label](self.values) if self.label in BUILT else getattr(nn, self.label)(**self.values)

    def call(self, module: nn.Module, inputs: dict[str, Tensor]) -> list[Tensor]:
        if self.label in CALLED:
            return flat(CALLED[self.label](module, self.values, **inputs))
        optional = {port.name for port in self.node_type.inputs if port.optional}
        named = {name: tensor for name, tensor in inputs.items() if name in optional}
        return flat(module(*(tensor for name, tensor in inputs.items() if name not in named), **named))

    def generated(self) -> list[Tensor]:
        """What the generated source computes."""
        model = self.compiled.build(seed=1)
        torch.manual_seed(2)
        if self.node_type.role is not Role.LOSS:
            return flat(model(*self.given(self.compiled.inputs)))
        (program,) = self.compiled.programs
        losses, _ = program.build(model)(*self.given(program.inputs))
        return [losses["it"]]

    def expected(self) -> list[Tensor]:
        """What PyTorch's own class computes on the same numbers, in training mode."""
        module, inputs = self.module(), dict(self.inputs)
        if self.node_type.role is Role.LOSS:
            first = next(iter(inputs))
            inputs[first] = self.compiled.build(seed=1)(inputs[first])
        torch.manual_seed(2)
        return self.call(module, inputs)


@pytest.fixture(params=CASES, ids=str)
def drawn(request: pytest.FixtureRequest) -> Drawn:
    return Drawn(request.param)


def test_a_node_is_what_pytorch_has(drawn: Drawn):
    expected = drawn.expected()
    for port, described, tensor in zip(drawn.ports, drawn.node_type.outputs, expected, strict=True):
        spec = drawn.compiled.analysis.spec(port)
        assert tuple(BATCH if size == "B" else size for size in spec.shape) == tuple(tensor.shape)
        assert f"torch.{spec.dtype}" == str(tensor.dtype)
        assert described.dtype == "any" or (described.dtype == "float") == tensor.is_floating_point()
        assert not described.ndim or tensor.dim() in described.ndim
    check_source(drawn.compiled.source.text)
    for ours, theirs in zip(drawn.generated(), expected, strict=True):
        assert torch.equal(ours, theirs)


def test_its_parameters_are_counted(drawn: Drawn):
    found = drawn.compiled.analysis.nodes[drawn.id]
    assert found.parameters == sum(parameter.numel() for parameter in drawn.module().parameters())


def test_gradients_flow_back(drawn: Drawn):
    module = drawn.module()
    parameters = list(module.parameters())
    assert bool(parameters) == drawn.node_type.is_trainable(drawn.drawing.graph.nodes[drawn.id])
    learned = [*parameters, *(tensor for tensor in drawn.leaves.values() if tensor.requires_grad)]
    results = [result for result in drawn.call(module, drawn.inputs) if result.is_floating_point()]
    torch.stack([result.sum() for result in results]).sum().backward()
    assert learned
    assert all(tensor.grad is not None and tensor.grad.isfinite().all() for tensor in learned)


def test_a_file_keeps_it(drawn: Drawn):
    project = drawn.drawing.project
    assert from_text(to_text(project)) == project


# ---- nothing escapes


def test_every_type_is_in_a_battery():
    """Layers and losses are here, operations and sources in `test_operations`, the data path in `test_augmentation`, the loss
    that PyTorch does not have in `test_mean_loss`, teacher forcing in `test_teacher_forcing`; the rest computes nothing that
    PyTorch has."""
    elsewhere = {t.id for t in CATALOG.values() if t.role not in (Role.LAYER, Role.LOSS)} | {
        "layerloom.Parameter",
        "layerloom.Fixed",
        "layerloom.MeanLoss",
    }
    elsewhere |= {"layerloom.TeacherForcing"}
    elsewhere |= {t.id for t in AUGMENTATION}
    assert {case.node_type.id for case in CASES} | elsewhere == CATALOG.keys()
    assert not {case.node_type.id for case in CASES} & elsewhere


def test_every_port_is_in_the_battery():
    """Inputs that may be wired and outputs that a parameter adds, too."""
    changing = {t.label for t in TYPES if t.ports is not None}
    assert changing <= VARIANTS.keys() <= {t.label for t in TYPES}
    for label in changing:
        node_type = CATALOG[f"torch.nn.{label}"]
        shown = [node_type.of(Node("it", node_type.id, "it", params=p)).outputs for p in ({}, *VARIANTS[label])]
        assert len({len(outputs) for outputs in shown}) > 1


# ---- how they read


@pytest.mark.parametrize(
    ("used", "line"),
    [
        (("output",), "it, _ = self.it(input1)"),
        (("h_n",), "_, (it_h_n, _) = self.it(input1)"),
        (("output", "h_n", "c_n"), "it, (it_h_n, it_c_n) = self.it(input1)"),
    ],
)
def test_outputs_that_nobody_uses_have_no_name(used, line):
    d = Drawing()
    d.add("nn.LSTM", "it", d.add("op.Input", "input1", shape=(5, 8)), hidden_size=16)
    for name in used:
        d.add("op.Output", f"out_{name}", d.port("it", name))
    text = compile_project(d.project).source.text
    assert f"        {line}  # " in text
    assert "self.it = nn.LSTM(8, 16, batch_first=True)\n" in text


@pytest.mark.parametrize(
    ("label", "params", "init"),
    [
        ("GRU", {"num_layers": 2}, "nn.GRU(8, 64, num_layers=2, batch_first=True)"),
        ("MultiheadAttention", {}, "nn.MultiheadAttention(8, 8, batch_first=True)"),
        ("MultiheadAttention", {"need_weights": False}, "nn.MultiheadAttention(8, 8, batch_first=True)"),
        ("TransformerEncoder", {"norm_first": True},
         "nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 8, norm_first=True, batch_first=True), num_layers=6, "
         "enable_nested_tensor=False)"),
        ("TransformerDecoder", {"num_layers": 2},
         "nn.TransformerDecoder(nn.TransformerDecoderLayer(8, 8, batch_first=True), num_layers=2)"),
    ],
)  # fmt: skip
def test_how_they_are_built(label, params, init):
    text = Drawn(Case(CATALOG[f"torch.nn.{label}"], params, whole=False)).compiled.source.text
    assert f"self.it = {init}\n" in text


def test_sizes_of_keys_and_values_are_written_where_they_differ():
    d = Drawing()
    query, other = (d.add("op.Input", f"in{size}", shape=(5, size)) for size in (8, 6))
    d.add("nn.MultiheadAttention", "it", query, other, other, num_heads=2)
    compiled = compile_project(d.project)
    assert "nn.MultiheadAttention(8, 2, kdim=6, vdim=6, batch_first=True)" in compiled.source.text
    assert compiled.build()(torch.rand(2, 5, 8), torch.rand(2, 5, 6)).shape == (2, 5, 8)


@pytest.mark.parametrize("label", ["RNN", "LSTM", "GRU"])
def test_the_cost_of_a_recurrent_layer_is_that_of_all_its_steps(label):
    """Each weight of a matrix is multiplied once a step."""
    d = Drawing()
    d.add(
        f"nn.{label}",
        "it",
        d.add("op.Input", "input1", shape=(64, 8)),
        hidden_size=16,
        num_layers=2,
        bidirectional=True,
    )
    compiled = compile_project(d.project)
    (module,) = compiled.build().children()
    assert compiled.analysis.nodes["n2"].macs == 64 * sum(p.numel() for p in module.parameters() if p.ndim == 2)


@pytest.mark.parametrize(
    ("label", "macs"),
    [("MultiheadAttention", 4 * 10 * 16**2 + 2 * 10**2 * 16),
     ("TransformerEncoder", 6 * (4 * 10 * 16**2 + 2 * 10**2 * 16 + 2 * 10 * 16 * 2048))],
)  # fmt: skip
def test_the_cost_of_attention(label, macs):
    """Four projections T × F × F, scores and means T × T × F each, and the two linear layers of a Transformer layer."""
    d = Drawing()
    x = d.add("op.Input", "input1", shape=(10, 16))
    d.add(f"nn.{label}", "it", *[x] * (3 if label == "MultiheadAttention" else 1))
    assert compile_project(d.project).analysis.nodes["n2"].macs == macs

"""One battery over every node type, optimizer and scheduler: what is described is what PyTorch takes."""

from __future__ import annotations

import importlib.util
import inspect
import json
from collections.abc import Collection
from itertools import product
from pathlib import Path
from typing import get_overloads

import pytest
from torch import nn

from graph.catalog import CATALOG, FAMILY_LABELS, Auto, Catalog, Kind, NodeType, Param, Role
from graph.catalog.excluded import EXCLUDED
from graph.catalog.optimizer_words import DEFAULTS, SPLIT
from graph.catalog.optimizers import OPTIMIZERS, SCHEDULERS
from graph.catalog.types import ordered_inputs, variadic_index
from graph.messages import EditError
from graph.model import Node
from graph.names import check_name
from graph.plan import Choice
from gui.theme import THEMES

# What PyTorch takes and Layerloom does not offer: it fixes `reduction` to the mean, and the rest are places in memory,
# deprecated, tensors, for sparse gradients, for inputs that it lacks, hints, or newer than its oldest PyTorch.
NOT_OFFERED = {
    "device", "dtype", "inplace", "reduction", "size_average", "reduce", "weight", "pos_weight",
    "_weight", "_freeze", "_random_samples", "sparse", "include_last_offset", "is_causal",
    "min_value", "max_value", "last_epoch", "args", "kwargs",
    "optimizer", "params", "maximize", "foreach", "capturable", "differentiable", "fused", "decoupled_weight_decay",
}  # fmt: skip
NOT_OFFERED_BY = {
    **{f"torch.nn.{kind}Norm{dims}d": {"bias"} for kind in ("Batch", "Instance") for dims in (1, 2, 3)},
    "torch.nn.GroupNorm": {"bias"},
    **{f"torch.nn.ConvTranspose{dims}d": {"padding_mode"} for dims in (1, 2, 3)},  # there is only one
    **{f"torch.nn.FractionalMaxPool{dims}d": {"output_size"} for dims in (2, 3)},  # clashes with a default
    "torch.nn.Upsample": {"size", "align_corners", "recompute_scale_factor"},  # each clashes with a default
    # Modules: the layer is the node's own, a normalization at the end is a node of the drawing.
    "torch.nn.TransformerEncoder": {"encoder_layer", "norm", "mask_check"},
    "torch.nn.TransformerDecoder": {"decoder_layer", "norm"},
    "torch.nn.Transformer": {"custom_encoder", "custom_decoder"},
}
OFFERED_BY = {
    "torch.nn.KLDivLoss": {"reduction"},  # whose "mean" is not the mean that its definition means
    # Of classes, as a list of numbers; those of single samples are no setting.
    **{f"torch.nn.{name}Loss": {"weight"} for name in ("CrossEntropy", "NLL", "MultiMargin", "MultiLabelSoftMargin")},
    "torch.nn.BCEWithLogitsLoss": {"pos_weight"},
}
# What the generated code always writes, the same for every node: a batch is always first in Layerloom, and what comes out
# of a TransformerEncoder has the shape of what went in, not that of its longest sequence.
_TRANSFORMERS = ("", "Encoder", "Decoder", "EncoderLayer", "DecoderLayer")
_BATCH_SECOND = ("RNN", "LSTM", "GRU", "MultiheadAttention", *(f"Transformer{part}" for part in _TRANSFORMERS))
ALWAYS_WRITTEN = {
    **{f"torch.nn.{name}": {"batch_first"} for name in _BATCH_SECOND},
    "torch.nn.TransformerEncoder": {"batch_first", "enable_nested_tensor"},
}
# The functions whose parameters a node has, where these are not those of the class's constructor alone.
SIGNATURES = {
    "torch.nn.TransformerEncoder": (nn.TransformerEncoderLayer.__init__, nn.TransformerEncoder.__init__),
    "torch.nn.TransformerDecoder": (nn.TransformerDecoderLayer.__init__, nn.TransformerDecoder.__init__),
    "torch.nn.MultiheadAttention": (nn.MultiheadAttention.__init__, nn.MultiheadAttention.forward),
}
# The ports, where PyTorch has one argument for two of them, or another name, or an argument that is not offered.
PORTS = {
    "torch.nn.RMSNorm": ("input",),
    "torch.nn.PoissonNLLLoss": ("input", "target"),
    "torch.nn.EmbeddingBag": ("input",),
    **{f"torch.nn.ConvTranspose{dims}d": ("input",) for dims in (1, 2, 3)},
    **dict.fromkeys(("torch.nn.RNN", "torch.nn.GRU"), ("input", "h_0")),
    "torch.nn.LSTM": ("input", "h_0", "c_0"),
    "torch.nn.LSTMCell": ("input", "hx", "cx"),
}
HINTS = {"is_causal", "src_is_causal", "tgt_is_causal", "memory_is_causal"}  # about a mask
# Of losses. Those without a target compare their inputs with each other.
LOSS_INPUTS = {
    ("input",), ("input", "target"), ("input1", "input2", "target"), ("anchor", "positive", "negative"), ("input", "target", "var"),
    ("log_probs", "targets", "input_lengths", "target_lengths"),
}  # fmt: skip
TARGETS = ("target", "targets")
NEWER_THAN_OLDEST = {"torch.nn.LinearCrossEntropyLoss"}  # than the oldest PyTorch that is supported
SIZE = 8  # of what follows from inputs; the groups of GroupNorm divide it

TYPES = [pytest.param(node_type, id=node_type.id) for node_type in CATALOG.values()]
MODULES = [pytest.param(t, id=t.label) for t in CATALOG.values() if t.id.startswith("torch.nn.")]

ROOT = Path(__file__).resolve().parents[2]


def signature(function, offered: Collection[str] = ()) -> dict[str, inspect.Parameter]:
    described = get_overloads(function) or [function]
    parameters = inspect.signature(described[0]).parameters
    return {name: p for name, p in parameters.items() if name not in NOT_OFFERED or name in offered}


def check_defaults(params: tuple[Param, ...], torch_parameters: dict[str, inspect.Parameter]) -> None:
    """Where PyTorch has a default, either it is ours, or the generated code always writes the parameter."""
    for param in params:
        default = torch_parameters[param.name].default
        default = default.__name__ if inspect.isfunction(default) else default
        assert param.required or default is not inspect.Parameter.empty, param.name
        assert param.required or (
            param.default == default and isinstance(param.default, bool) == isinstance(default, bool)
        )


@pytest.mark.parametrize("node_type", TYPES)
def test_the_description_is_whole(node_type):
    check_name(f"{node_type.stem}1")
    assert not node_type.stem[-1].isdecimal()
    assert node_type.label
    assert node_type.summary
    assert node_type.family in FAMILY_LABELS
    assert node_type.id.startswith(("torch.nn.", "layerloom."))
    ports = (*node_type.inputs, *node_type.outputs)
    for text in [node_type.help, *(p.help for p in node_type.params), *(p.help for p in ports if p.help)]:
        assert text[0] == text[0].upper()
        assert text.endswith(".")
    shown = node_type.summary.format(**{p.name: str(p.default) for p in node_type.params})  # as text, as on a card
    assert "{" not in shown


@pytest.mark.parametrize("node_type", TYPES)
def test_default_parameters_fit_and_are_in_normal_form(node_type):
    names = [p.name for p in node_type.params]
    assert len(set(names)) == len(names)
    values = node_type.values(Node("n", node_type.id, "x1"))
    assert list(values) == names
    for param in node_type.params:
        checked = param.check(values[param.name])
        assert (checked, type(checked)) == (values[param.name], type(values[param.name]))
        assert param.auto is None or node_type.input(param.auto.port) is not None
        assert len(param.choices) != 1 or param.kind is Kind.FILE
    assert isinstance(node_type.trainable, bool) or node_type.param(node_type.trainable).kind is Kind.BOOL


@pytest.mark.parametrize("node_type", TYPES)
def test_ports_fit_the_role(node_type):
    role = node_type.role
    names = [p.name for p in node_type.inputs]
    assert len(set(names)) == len(names)
    assert bool(node_type.inputs) == (role not in (Role.DATA, Role.INPUT))
    assert bool(node_type.outputs) == (role not in (Role.OUTPUT, Role.METRIC))
    assert {p.dtype for p in (*node_type.inputs, *node_type.outputs)} <= {"any", "float", "integer"}
    if role is Role.METRIC:
        assert names == ["input", "target"]
    if role is Role.LOSS:
        assert tuple(names) in LOSS_INPUTS
    if role in (Role.LOSS, Role.METRIC):
        assert [p.name for p in node_type.inputs if p.target] == [name for name in names if name in TARGETS]
    if role is Role.DATA:
        targets = [p.target for p in node_type.outputs]
        assert targets == [False] * (len(targets) - 1) + [True]  # what a network learns comes last


@pytest.mark.parametrize("node_type", [t for t in CATALOG.values() if t.ports], ids=lambda t: t.label)
def test_ports_that_depend_on_parameters_are_those_of_a_new_node(node_type):
    new = Node("n", node_type.id, "x1")
    found = node_type.of(new)
    assert (found.inputs, found.outputs) == (node_type.inputs, node_type.outputs)


@pytest.mark.parametrize("node_type", MODULES)
def test_parameters_are_those_of_pytorch_in_its_order(node_type):
    functions = SIGNATURES.get(node_type.id, (getattr(nn, node_type.label).__init__,))
    found = {n: p for f in functions for n, p in signature(f, OFFERED_BY.get(node_type.id, ())).items()}
    written = ALWAYS_WRITTEN.get(node_type.id, set())
    ports = {port.name for port in node_type.inputs}
    left_out = {"self", *NOT_OFFERED_BY.get(node_type.id, ()), *written, *ports}
    assert [p.name for p in node_type.params] == [n for n in found if n not in left_out]
    assert written <= found.keys()
    check_defaults(node_type.params, found)


@pytest.mark.parametrize("node_type", MODULES)
def test_inputs_are_those_of_pytorch_in_its_order(node_type):
    found = inspect.signature(getattr(nn, node_type.label).forward).parameters
    settings = {"self", *HINTS, *(p.name for p in node_type.params if node_type.id in SIGNATURES)}
    expected = PORTS.get(node_type.id) or tuple(n for n in found if n not in settings)
    assert tuple(p.name for p in node_type.inputs) == expected
    required = {n for n, p in found.items() if p.default is inspect.Parameter.empty} - settings
    assert sum(not p.optional for p in node_type.inputs) == len(required)


def test_every_class_of_pytorch_is_a_node_type_or_has_a_reason_not_to_be():
    classes = {f"torch.nn.{name}" for name, c in vars(nn).items() if inspect.isclass(c) and issubclass(c, nn.Module)}
    described = {type_id for type_id in CATALOG if type_id.startswith("torch.nn.")}
    assert classes <= described | EXCLUDED.keys()
    assert (described | EXCLUDED.keys()) - classes <= NEWER_THAN_OLDEST
    assert not described & EXCLUDED.keys()
    assert all(reason[0].isupper() and reason.endswith(".") for reason in EXCLUDED.values())
    assert not [reason for reason in EXCLUDED.values() if reason.startswith("Comes with")]  # nothing is put off


@pytest.mark.parametrize(
    "node_type", [t for t in CATALOG.values() if isinstance(t.trainable, str)], ids=lambda t: t.label
)
@pytest.mark.parametrize("switched_on", [True, False])
def test_the_switch_decides_about_parameters(node_type, switched_on):
    values = {p.name: SIZE if p.auto else p.default for p in node_type.params} | {node_type.trainable: switched_on}
    module = getattr(nn, node_type.label)(**values)
    described = node_type.is_trainable(Node("n", node_type.id, "x1", {node_type.trainable: switched_on}))
    assert described == any(True for _ in module.parameters()) == switched_on


def test_optimizers_and_schedulers_are_those_of_the_installed_pytorch():
    """`tools/introspect_torch.py` was run, and nothing is missing but what cannot be used."""
    path = ROOT / "tools" / "introspect_torch.py"
    spec = importlib.util.spec_from_file_location("introspect_torch", path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    found = tool.signatures()
    assert json.loads(tool.TARGET.read_text("utf-8")) == json.loads(json.dumps(found))
    ids = {*OPTIMIZERS, *SCHEDULERS} - {"constant"}
    assert found.keys() == ids


@pytest.mark.parametrize("described", [*OPTIMIZERS.values(), *SCHEDULERS.values()], ids=lambda d: d.label)
def test_defaults_are_pytorchs_where_nothing_else_is_said(described):
    known, name = (
        json.loads((ROOT / "resources" / "torch_optim.json").read_text("utf-8")),
        described.id.rpartition(".")[2],
    )
    values = described.values(Choice(described.id))
    for whole, parts in SPLIT.items():
        if all(part in values for part in parts):
            values[whole] = [values.pop(part) for part in parts]
    ours = DEFAULTS.get(name, {})
    for key, value in values.items():
        expected = ours[key] if key in ours else known[described.id][key]
        assert value == (tuple(expected) if key == "milestones" else expected), key


def test_every_choice_has_help():
    for described in (*OPTIMIZERS.values(), *SCHEDULERS.values()):
        assert described.label
        assert all(text.endswith(".") for text in [described.help, *(p.help for p in described.params)])


def test_ids_and_old_ids_are_unique():
    ids = [i for t in CATALOG.values() for i in (t.id, *t.replaces)]
    assert len(set(ids)) == len(ids)


def test_families_come_in_the_order_of_their_labels():
    assert list(CATALOG.families()) == [f for f in FAMILY_LABELS if f not in ("block", "code")]  # which a project has
    assert sum(map(len, CATALOG.families().values())) == len(CATALOG)


@pytest.mark.parametrize("name", THEMES)
def test_every_family_has_a_color_that_stands_out(name):
    """A contrast of at least 3 with what it is drawn on, as WCAG 2.1 asks for parts that are not text (1.4.11)."""
    colors = THEMES[name]
    for family, ground in product(FAMILY_LABELS, ("card", "canvas")):
        lights = sorted((luminance(colors[family]), luminance(colors[ground])))
        assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 3, family


def luminance(color: str) -> float:
    """The relative luminance of "#rrggbb", by the formula of WCAG 2.1."""
    shares = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_an_old_id_finds_the_type_that_took_its_place():
    new = NodeType(id="new", label="New", family="f", role=Role.LAYER, help="New.", stem="new", replaces=("old",))
    catalog = Catalog((new,))
    assert catalog["old"] is catalog["new"] is new
    assert "old" in catalog
    assert list(catalog) == ["new"]
    assert catalog.get("older") is None


def _param(kind: Kind, **more) -> Param:
    return Param(name="p", kind=kind, help="A parameter.", **more)


@pytest.mark.parametrize(
    ("param", "value", "normal"),
    [
        (_param(Kind.INT), 3, 3),
        (_param(Kind.FLOAT), 3, 3.0),
        (_param(Kind.BOOL), True, True),
        (_param(Kind.CHOICE, choices=("a", "b")), "b", "b"),
        (_param(Kind.INTS), 5, (5,)),
        (_param(Kind.INTS), [5, 6], (5, 6)),
        (_param(Kind.INTS, length=2), [5, 5], 5),
        (_param(Kind.INTS, length=2), (5, 6), (5, 6)),
        (_param(Kind.INTS, length=2, choices=("same",)), "same", "same"),
        (_param(Kind.TEXT), "any", "any"),
        (_param(Kind.FILE, choices=("builtin:x",)), "a/b.csv", "a/b.csv"),
        (_param(Kind.INT, optional=True), None, None),
        (_param(Kind.INT, auto=Auto("input", 1)), None, None),
    ],
)
def test_values_that_fit(param, value, normal):
    checked = param.check(value)
    assert (checked, type(checked)) == (normal, type(normal))


@pytest.mark.parametrize(
    ("param", "value"),
    [
        (_param(Kind.INT), 3.0),
        (_param(Kind.INT), True),
        (_param(Kind.INT), None),
        (_param(Kind.INT), "3"),
        (_param(Kind.INT), 10**30),
        (_param(Kind.INT, minimum=1), 0),
        (_param(Kind.FLOAT, maximum=1), 1.5),
        (_param(Kind.FLOAT), float("nan")),
        (_param(Kind.FLOAT), float("-inf")),
        (_param(Kind.FLOAT), 10**400),
        (_param(Kind.BOOL), 1),
        (_param(Kind.CHOICE, choices=("a",)), "c"),
        (_param(Kind.CHOICE, choices=("a",)), ["a"]),
        (_param(Kind.INTS), []),
        (_param(Kind.INTS), "55"),
        (_param(Kind.INTS), {"a": 1}),
        (_param(Kind.INTS), list(range(9))),
        (_param(Kind.INTS, minimum=1), [3, 0]),
        (_param(Kind.INTS, length=2), [1, 2, 3]),
        (_param(Kind.INTS, length=2, choices=("same",)), "other"),
        (_param(Kind.TEXT), 5),
        (_param(Kind.TEXT), "x" * 10_001),
    ],
)
def test_values_that_do_not_fit_are_refused_in_words(param, value):
    with pytest.raises(EditError) as caught:
        param.check(value)
    assert str(caught.value).startswith("'p' cannot be ")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("param", "phrase"),
    [
        (_param(Kind.INT, minimum=1), "a whole number, at least 1"),
        (_param(Kind.FLOAT, minimum=0, maximum=1), "a number from 0 to 1"),
        (_param(Kind.BOOL), "yes or no"),
        (_param(Kind.TEXT), "a text"),
        (_param(Kind.CHOICE, choices=("a", "b")), "one of: a, b"),
        (
            _param(Kind.INTS, choices=("same",), minimum=0),
            "one of: same; or whole numbers such as 5 or 5 × 5, at least 0",
        ),
    ],
)
def test_the_values_that_fit_are_described(param, phrase):
    assert str(param.describe_values()) == phrase


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("input0", 0),
        ("input12", 12),
        ("input", None),
        ("input01", None),
        ("input²", None),
        ("inputs1", None),
        ("x1", None),
    ],
)
def test_the_number_in_a_variadic_name(name, index):
    assert variadic_index("input", name) == index


def test_variadic_ports_are_ordered_by_number_and_offer_one_more():
    add = CATALOG["layerloom.Add"]
    wired = {"input10": 0, "input2": 0, "input0": 0}
    assert ordered_inputs(add, wired) == ["input0", "input2", "input10"]
    assert ordered_inputs(CATALOG["layerloom.Subtract"], {"other": 0, "gone": 0, "input": 0}) == ["input", "other"]
    assert [p.name for p in add.input_ports()] == ["input0"]
    assert [p.name for p in add.input_ports(["input0", "input1"])] == ["input0", "input1", "input2"]
    assert add.input("input7") is add.inputs[0]
    assert add.input("input") is None

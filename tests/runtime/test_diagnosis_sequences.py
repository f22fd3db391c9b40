"""The daily mistakes with recurrent layers, attention and unpooling: found, told in words, and mended by their fix."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from drawings import Drawing
from graph.model import Link, Port
from graph.problems import Problem, Severity
from runtime.analyser import analyse
from runtime.compiler import compile_project

pytestmark = pytest.mark.filterwarnings("ignore:Support for mismatched")


def drawn(type_id: str, params: dict[str, Any], inputs: dict[str, Any]) -> Drawing:
    """The node, called `it`. An input is the shape of a sample, or a mask over the first input."""
    d = Drawing()
    sources: dict[str, Port] = {}
    for name, given in inputs.items():
        first = next(iter(sources.values()), None)
        match given:
            case tuple():
                sources[name] = d.add("op.Input", f"in_{name}", shape=given)
            case {"dtype": dtype, "shape": shape}:
                sources[name] = d.add("op.Input", f"in_{name}", shape=shape, dtype=dtype)
            case {"mark": mark}:
                sources[name] = d.add("op.CausalMask", f"in_{name}", first, mark=mark)
            case {"channels": shape}:
                given = d.add("op.Input", f"before_{name}", shape=shape)
                convolved = d.add("nn.Conv1d", f"conv_{name}", given, kernel_size=3)
                sources[name] = d.add("nn.ReLU", f"in_{name}", convolved)
            case {"state": shape}:
                given = d.add("op.Input", f"batch_first_{name}", shape=shape)
                sources[name] = d.add("op.Transpose", f"in_{name}", given, dim0=0, dim1=1)
    node = d.add(f"nn.{type_id}", "it", **params).node
    for name, source in sources.items():
        d.graph = d.graph.connect(Link(source, Port(node, name)))
    return d


def problems(d: Drawing) -> list[Problem]:
    return [p for p in analyse(d.project).problems if p.node == d.id("it")]


SEQUENCE, STEP, TARGETS = (5, 8), (8,), (3, 8)
ATTEND = {"query": SEQUENCE, "key": SEQUENCE, "value": SEQUENCE}


@pytest.mark.parametrize(
    ("type_id", "params", "inputs", "code", "words"),
    [
        ("LSTM", {}, {"input": STEP}, "wrong-dimensions",
         "'input' of 'it' takes sequences, B × T × F (batch, steps, features), but 'in_input' gives B × 8."),
        ("GRU", {}, {"input": (3, 4, 5)}, "wrong-dimensions", "gives B × 3 × 4 × 5"),
        ("TransformerEncoder", {}, {"src": STEP}, "wrong-dimensions", "'src' of 'it' takes sequences"),
        ("LSTM", {}, {"input": SEQUENCE, "h_0": {"state": (1, 64)}}, "missing-state",
         "only 'h_0' is wired. Wire 'c_0' too, or neither."),
        ("LSTMCell", {}, {"input": STEP, "cx": (64,)}, "missing-state", "only 'cx' is wired. Wire 'hx' too"),
        ("GRU", {}, {"input": SEQUENCE, "h_0": (64,)}, "state-shape",
         "'h_0' of 'it' takes 1 × B × 64 (layers, batch, features), but 'in_h_0' gives B × 64."),
        ("RNN", {"bidirectional": True, "num_layers": 2}, {"input": SEQUENCE, "h_0": {"state": (2, 64)}}, "state-shape",
         "takes 4 × B × 64"),
        ("GRU", {"num_layers": 2}, {"input": SEQUENCE, "h_0": (2, 64)}, "state-shape", "takes 2 × B × 64"),
        ("GRUCell", {}, {"input": STEP, "hx": (32,)}, "state-shape", "takes B × 64 (batch, features), but 'in_hx' gives B × 32."),
        ("GRUCell", {}, {"input": STEP, "hx": {"state": (1, 64)}}, "state-shape", "gives 1 × B × 64"),
        ("LSTM", {"proj_size": 64}, {"input": SEQUENCE}, "projection", "projects its 64 features to 64"),
        ("MultiheadAttention", {"num_heads": 3}, ATTEND, "heads",
         "shares 8 features among 3 heads, but 8 cannot be divided by 3"),
        ("TransformerDecoderLayer", {}, {"tgt": (5, 12), "memory": (5, 12)}, "heads", "12 features among 8 heads"),
        ("MultiheadAttention", {}, {**ATTEND, "value": TARGETS}, "shape-mismatch",
         "'key' and 'value' of 'it' need the same number of steps, but 'in_key' gives B × 5 × 8, that is 5, and"),
        ("Transformer", {}, {"src": SEQUENCE, "tgt": (5, 16)}, "shape-mismatch", "need the same number of features"),
        ("MultiheadAttention", {}, {**ATTEND, "key_padding_mask": {"dtype": "int64", "shape": (5,)}}, "mask-dtype",
         "gives int64"),
        ("MultiheadAttention", {}, {**ATTEND, "key_padding_mask": (4,)}, "mask-shape",
         "takes B × 5, but 'in_key_padding_mask' gives B × 4"),
        ("Transformer", {}, {"src": SEQUENCE, "tgt": TARGETS, "tgt_mask": {"mark": "hidden"}}, "mask-shape",
         "'tgt_mask' of 'it' takes 3 × 3 / 8·B × 3 × 3, but 'in_tgt_mask' gives 5 × 5"),
        ("MaxUnpool2d", {}, {"input": (3, 4, 4), "indices": {"dtype": "int64", "shape": (3, 2, 2)}}, "shape-mismatch",
         "'indices' of 'it' needs the shape of 'input', B × 3 × 4 × 4, but 'in_indices' gives B × 3 × 2 × 2."),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_in_words(type_id, params, inputs, code, words):
    (problem,) = problems(drawn(type_id, params, inputs))
    assert (problem.code, problem.severity) == (code, Severity.ERROR)
    assert words in str(problem.message)


@pytest.mark.parametrize(
    ("type_id", "params", "inputs", "code", "words"),
    [
        ("LSTM", {"dropout": 0.5}, {"input": SEQUENCE}, "no-effect", "there is only one"),
        ("TransformerEncoder", {}, {"src": SEQUENCE, "mask": {"mark": "visible"}}, "mask-meaning",
         "'mask' of 'it' says which places are hidden, but 'in_mask' marks the visible ones."),
        ("MultiheadAttention", {}, {**ATTEND, "attn_mask": {"mark": "hidden"}, "key_padding_mask": (5,)}, "mask-dtype",
         "'attn_mask' of 'it' is bool and 'key_padding_mask' is float32."),
        ("GRU", {}, {"input": {"state": SEQUENCE}}, "batch-dimension",
         "'input' of 'it' takes the batch first, but 'in_input' gives 5 × B × 8."),
        ("LSTM", {}, {"input": {"channels": (3, 9)}}, "channels-first",
         "'in_input' gives B × 16 × 7, with 16 channels before 7 steps. 'input' of 'it' takes the features last and so sees 7"),
        ("TransformerEncoderLayer", {"nhead": 1}, {"src": {"channels": (3, 9)}}, "channels-first", "'src' of 'it'"),
    ],
)  # fmt: skip
def test_what_is_probably_not_meant_is_warned_of(type_id, params, inputs, code, words):
    d = drawn(type_id, params, inputs)
    (problem,) = problems(d)
    assert (problem.code, problem.severity) == (code, Severity.WARNING)
    assert words in str(problem.message)
    assert compile_project(d.project).build() is not None


@pytest.mark.parametrize(
    ("type_id", "params", "inputs", "label"),
    [
        ("LSTM", {}, {"input": STEP}, "Insert an Unsqueeze: one feature a step"),
        ("LSTM", {}, {"input": STEP}, "Insert an Unsqueeze: a single step"),
        ("GRU", {}, {"input": (3, 4, 5)}, "Insert a Reshape to 3 × -1"),
        ("GRU", {}, {"input": SEQUENCE, "h_0": (64,)}, "Insert an Unsqueeze for the one layer"),
        ("GRU", {"num_layers": 2}, {"input": SEQUENCE, "h_0": (2, 64)}, "Insert a Transpose that puts the batch second"),
        ("GRUCell", {}, {"input": STEP, "hx": {"state": (1, 64)}}, "Insert a Squeeze of the one layer"),
        ("LSTM", {"proj_size": 64}, {"input": SEQUENCE}, "Set proj_size to 0"),
        ("LSTM", {"dropout": 0.5}, {"input": SEQUENCE}, "Set num_layers to 2"),
        ("LSTM", {"dropout": 0.5}, {"input": SEQUENCE}, "Set dropout to 0.0"),
        ("MultiheadAttention", {"num_heads": 3}, ATTEND, "Set num_heads to 4"),
        ("GRU", {}, {"input": {"state": SEQUENCE}}, "Insert a Transpose that puts the batch first"),
        ("LSTM", {}, {"input": {"channels": (3, 9)}}, "Insert a Transpose that puts the channels last"),
        ("TransformerEncoder", {}, {"src": (5, 12)}, "Set nhead to 6"),
        ("TransformerEncoder", {}, {"src": SEQUENCE, "mask": {"mark": "visible"}}, "Set mark to hidden"),
        ("MultiheadAttention", {}, {**ATTEND, "key_padding_mask": {"dtype": "int64", "shape": (5,)}},
         "Insert a ToDtype to bool"),
    ],
)  # fmt: skip
def test_a_fix_mends(type_id, params, inputs, label):
    d = drawn(type_id, params, inputs)
    (fix,) = [fix for problem in problems(d) for fix in problem.fixes if str(fix.label) == label]
    mended = fix.edit(d.project)
    assert [str(p.message) for p in analyse(mended).problems if p.node == d.id("it")] == []
    compile_project(mended).build()


@pytest.mark.parametrize(("heads", "codes"), [(8, []), (4, ["mask-shape"])])
def test_a_mask_for_every_head_fits_where_there_are_as_many(heads, codes):
    d = Drawing()
    x = d.add("op.Input", "x", shape=(5, 8))
    given = d.add("op.Input", "given", shape=(8, 5, 5))
    masks = d.add("nn.Flatten", "masks", given, start_dim=0, end_dim=1)  # 8·B × 5 × 5
    d.add("nn.MultiheadAttention", "it", x, x, x, num_heads=heads)
    d.graph = d.graph.connect(Link(masks, d.port("it", "attn_mask")))
    assert [problem.code for problem in problems(d)] == codes
    if not codes:
        assert compile_project(d.project).build()(torch.rand(2, 5, 8), torch.rand(2, 8, 5, 5)).shape == (2, 5, 8)


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
def test_dropout_of_one_layer_is_told_in_words_and_not_by_pytorch(name):
    """Warnings are errors in tests: neither the analysis nor what is built may cause one."""
    d = Drawing()
    d.add("op.Output", "y", d.add(f"nn.{name}", "it", d.add("op.Input", "x", shape=(3, 5)), hidden_size=4, dropout=0.5))
    compiled = compile_project(d.project)
    assert [p.code for p in compiled.analysis.problems if p.node == d.id("it")] == ["no-effect"]
    assert "dropout" not in compiled.source.text
    compiled.build(seed=0)(torch.rand(2, 3, 5))
    d.graph = d.graph.set_params(d.id("it"), {"num_layers": 2})
    assert "num_layers=2, dropout=0.5" in compile_project(d.project).source.text

"""Why is this 400? The answer names every node that has a part in a size, with the numbers that PyTorch computes."""

from __future__ import annotations

import pytest

from drawings import TABLE, Drawing, lenet5, with_images
from graph.model import Port
from runtime.analyser import analyse
from runtime.why import MAX_STEPS, why, why_param


def told(d: Drawing, name: str, dim: int, port: str = "output") -> list[str]:
    """The sentences about a dimension of what leaves a node."""
    return [str(step.message) for step in why(d.project, analyse(d.project), d.port(name, port), dim)]


def given(*shapes: tuple[int, ...], dtype: str = "float32") -> tuple[Drawing, list[Port]]:
    d = Drawing()
    return d, [d.add("op.Input", f"x{i}", shape=shape, dtype=dtype) for i, shape in enumerate(shapes)]


def test_the_400_of_lenet5():
    d = lenet5()
    steps = why(d.project, analyse(d.project), d.port("flatten"), 1)
    assert [str(step.message) for step in steps] == [
        "'flatten' puts 16 × 5 × 5 into one dimension: 400.",
        "16 is out_channels of 'conv2'.",
        "'pool2' takes windows of 2 × 2 from 10 × 10: (10 − 2) / 2 + 1 = 5.",
        "'conv2' slides a kernel of 5 × 5 over 14 × 14: (14 − 5) / 1 + 1 = 10.",
        "'pool1' takes windows of 2 × 2 from 28 × 28: (28 − 2) / 2 + 1 = 14.",
        "'conv1' slides a kernel of 5 × 5 over 32 × 32: (32 − 5) / 1 + 1 = 28.",
        "'digits' gives 32 × 32: every sample has 1 × 32 × 32.",
    ]
    names = ["flatten", "conv2", "pool2", "conv2", "pool1", "conv1", "digits"]
    assert [d.graph.nodes[step.node].name for step in steps] == names
    assert [(step.dim, step.size, step.depth) for step in steps[:3]] == [(1, 400, 0), (1, 16, 1), (2, 5, 1)]
    assert why(d.project, analyse(d.project), d.port("flatten"), -1) == steps


def test_a_concatenation_is_the_sum_of_its_parts():
    d, image, _ = with_images()
    a = d.add("nn.ReLU", "relu", d.add("nn.Conv2d", "a", image, out_channels=16, padding=1))
    b = d.add("nn.Conv2d", "b", image, out_channels=32, padding=1)
    d.add("op.Concatenate", "both", a, b, image, dim=1)
    assert told(d, "both", 1) == [
        "'both' joins 16 + 32 + 1 along dimension 1: 49.",
        "16 is out_channels of 'a'.",
        "32 is out_channels of 'b'.",
        "'digits' gives 1: every sample has 1 × 32 × 32.",
    ]


def test_a_transformer_without_the_word():
    d, (words,) = given((12,), dtype="int64")
    x = d.add("nn.Embedding", "words", words, num_embeddings=50, embedding_dim=16)
    query, key, value = (d.add("nn.Linear", name, x, out_features=n) for name, n in (("q", 8), ("k", 8), ("v", 24)))
    mixed = d.add("op.ScaledDotProductAttention", "attention", query, key, value)
    d.add("op.Add", "sum", d.add("nn.Linear", "out", mixed, out_features=16), x)
    d.add("nn.LayerNorm", "norm", d.port("sum"))
    assert told(d, "norm", 2) == ["16 is out_features of 'out'."]
    assert told(d, "attention", 2) == ["24 is out_features of 'v'."]
    assert told(d, "norm", 1) == ["12 is shape of 'x0'."]
    assert told(d, "norm", 0) == ["B is the batch: as many samples as 'x0' gives at once."]


def test_columns_of_a_table():
    d = Drawing()
    facts = {**TABLE, "columns": ["age", "sex", *(f"s{i}" for i in range(8))]}
    d.add("data.Table", "people", facts=facts, source="builtin:diabetes", target="target")
    d.add("nn.ReLU", "relu", d.port("people", "features"))
    assert told(d, "relu", 1) == ["'people' has 10 columns: age, sex, s0, s1, s2, s3, s4, s5, s6, s7."]


@pytest.mark.parametrize(
    ("type_id", "shape", "params", "dim", "sentence"),
    [("nn.Conv2d", (3, 15, 20), {"kernel_size": 3, "stride": 2}, 2, "'it' slides a kernel of 3 over 15: (15 − 3) / 2 + 1 = 7."),
     ("nn.Conv2d", (3, 16, 20), {"kernel_size": 3, "stride": 2}, 2, "'it' slides a kernel of 3 over 16: ⌊(16 − 3) / 2⌋ + 1 = 7."),
     ("nn.Conv1d", (3, 16), {"kernel_size": 3, "padding": 2, "dilation": 2}, 2, "(16 + 4 − 5) / 1 + 1 = 16"),
     ("nn.Conv2d", (3, 16, 20), {"kernel_size": (3, 5)}, 3, "'it' slides a kernel of 5 over 20: (20 − 5) / 1 + 1 = 16."),
     ("nn.Conv2d", (3, 16, 20), {"padding": "same"}, 3, "'it' makes 20 out of 20."),
     ("nn.MaxPool1d", (3, 16), {"kernel_size": 3, "ceil_mode": True}, 2, "⌈(16 − 3) / 3⌉ + 1 = 6"),
     ("nn.ConvTranspose2d", (3, 5, 5), {"kernel_size": 4, "stride": 2, "padding": 1, "output_padding": 1}, 2,
      "(5 − 1) × 2 − 2 + 4 + 1 = 11"),
     ("nn.AdaptiveAvgPool2d", (3, 16, 20), {"output_size": (2, 5)}, 3, "5 comes from output_size of 'it', which is 2 × 5."),
     ("nn.Unflatten", (24,), {"unflattened_size": (2, -1)}, 2, "'it' leaves 12 of 24, which it divides by 2."),
     ("op.Reshape", (4, 6), {"shape": (3, -1)}, 2, "'it' leaves 8 of 4 × 6, which it divides by 3."),
     ("op.Reshape", (4, 6), {"shape": (3, -1)}, 1, "3 comes from shape of 'it', which is 3 × -1."),
     ("op.Pad", (4, 6), {"pad": (1, 2)}, 2, "'it' makes 9 out of 6: 6 + 1 + 2 = 9."),
     ("nn.ZeroPad2d", (4, 6, 7), {"padding": (1, 2, 3, 4)}, 2, "6 + 3 + 4 = 13"),
     ("op.Repeat", (4, 6), {"repeats": (1, 3)}, 2, "6 × 3 = 18"),
     ("op.Slice", (10,), {"start": 1, "stop": 9, "step": 2}, 1, "'it' makes 4 out of 10: [1:9:2]."),
     ("op.Narrow", (10,), {"start": 1, "length": 3}, 1, "3 is length of 'it'."),
     ("op.Unsqueeze", (10,), {"dim": 1}, 1, "'it' puts a dimension of the size 1 there."),
     ("op.Sum", (4, 6), {"dim": (2,), "keepdim": True}, 2, "'it' makes one number of the 6 along dimension 2."),
     ("nn.Upsample", (4, 6, 6), {"scale_factor": 2.0}, 2, "6 × 2 = 12"),
     ("nn.PixelShuffle", (8, 6, 6), {"upscale_factor": 2}, 1, "8 / 2² = 2"),
     ("nn.Unfold", (3, 6, 6), {"kernel_size": 2}, 1, "every window of 2 × 2 one after the other: 3 × 2 × 2 = 12"),
     ("nn.GLU", (8,), {"dim": 1}, 1, "8 / 2 = 4"),
     ("nn.LSTM", (5, 8), {"hidden_size": 7, "bidirectional": True}, 2, "'it' reads in both directions, each with hidden_size = 7: 14."),
     ("nn.GRU", (5, 8), {"hidden_size": 7}, 2, "7 is hidden_size of 'it'."),
     ("nn.Upsample", (4, 7, 7), {"scale_factor": 1.5}, 2, "'it' makes 10 out of 7: ⌊7 × 1.5⌋ = 10."),
     ("op.Interpolate", (4, 7, 7), {"scale_factor": 1.5}, 2, "'it' makes 10 out of 7: ⌊7 × 1.5⌋ = 10."),
     ("op.Interpolate", (4, 7, 7), {"size": (3, 5)}, 3, "5 comes from size of 'it', which is 3 × 5."),
     ("nn.FractionalMaxPool2d", (4, 7, 7), {"kernel_size": 2, "output_ratio": 0.6}, 2, "⌊7 × 0.6⌋ = 4"),
     ("nn.Upsample", (4, 100, 100), {"scale_factor": 0.29}, 2, "'it' makes 28 out of 100."),
     ("op.Pad", (4, 6), {"pad": (-1, 3)}, 2, "'it' makes 8 out of 6: 6 − 1 + 3 = 8."),
     ("op.ChunkPiece", (10,), {"chunks": 3}, 1, "'it' makes 4 out of 10: ⌈10 / 3⌉ = 4."),
     ("op.ChunkPiece", (10,), {"chunks": 3, "index": 2}, 1, "'it' makes 2 out of 10: 10 − 2 × 4 = 2."),
     ("op.ChunkPiece", (10,), {"chunks": 5}, 1, "'it' makes 2 out of 10: 10 / 5 = 2."),
     ("op.IndexSelect", (10,), {"index": (4, 0, 4)}, 1, "'it' picks 3 of 10: 4, 0, 4.")],
)  # fmt: skip
def test_the_sentence_of_a_type(type_id, shape, params, dim, sentence):
    d, (x,) = given(shape)
    d.add(type_id, "it", x, **params)
    assert sentence in told(d, "it", dim)[0]


@pytest.mark.parametrize(
    ("type_id", "shape", "params", "dim"),
    [("op.Permute", (4, 6, 7), {"dims": (0, 3, 1, 2)}, 2), ("op.Transpose", (6, 4), {"dim0": 1, "dim1": -1}, 1),
     ("op.Select", (5, 4), {"dim": 1}, 1), ("op.Squeeze", (1, 4), {"dim": 1}, 1), ("op.Unsqueeze", (4, 5), {"dim": 1}, 2),
     ("op.Mean", (5, 4), {"dim": (1,)}, 1), ("op.Flip", (4,), {}, 1), ("nn.Softmax", (4,), {"dim": 1}, 1),
     ("nn.Flatten", (4, 5, 6), {"start_dim": 2}, 1), ("op.Einsum", (4, 5), {"equation": "bij->bji"}, 2)],
)  # fmt: skip
def test_what_only_moves_a_size_is_not_named(type_id, shape, params, dim):
    d, (x,) = given(shape)
    d.add(type_id, "it", x, **params)
    (sentence,) = told(d, "it", dim)
    assert sentence.startswith("4 is shape of 'x0'." if len(shape) == 1 else "4 comes from shape of 'x0', which is ")


def test_a_product_of_matrices_has_rows_and_columns():
    d, (a, b) = given((3, 4), (4, 7))
    d.add("op.MatMul", "product", a, b)
    assert told(d, "product", 1) == ["3 comes from shape of 'x0', which is 3 × 4."]
    assert told(d, "product", 2) == ["7 comes from shape of 'x1', which is 4 × 7."]


def test_the_side_that_stretches_is_not_the_cause():
    d, (a, b) = given((1, 7), (5, 1))
    d.add("op.Multiply", "outer", a, b)
    assert told(d, "outer", 1) == ["5 comes from shape of 'x1', which is 5 × 1."]
    assert told(d, "outer", 2) == ["7 comes from shape of 'x0', which is 1 × 7."]


def test_parameters():
    d = lenet5()
    d.graph = d.graph.set_params(d.id("fc2"), {"in_features": 120})
    analysis = analyse(d.project)

    def first(node: str, name: str) -> str:
        return str(why_param(d.project, analysis, d.id(node), name)[0].message)

    assert (
        first("fc1", "in_features")
        == "in_features of 'fc1' follows from dimension 1 of what 'flatten' gives (B × 400): 400."
    )
    assert first("fc2", "in_features") == "in_features is 120 at 'fc2'."
    assert first("conv1", "stride") == "1 is the default of stride."
    follows = why_param(d.project, analysis, d.id("fc1"), "in_features")
    assert follows[1:] == why(d.project, analysis, d.port("flatten"), 1)
    assert why_param(d.project, analysis, d.id("fc1"), "nothing") == ()


def test_what_no_rule_explains_goes_on_where_the_inputs_agree():
    d, (a, b) = given((6,), (6,))
    d.add("op.Expression", "mixed", a, b, expression="a * b")
    assert told(d, "mixed", 1) == ["6 comes out of 'mixed'.", "6 is shape of 'x0'."]
    assert told(d, "mixed", 0)[-1] == "B is the batch: as many samples as 'x0' gives at once."
    d, (a, b) = given((2, 6), (6, 6))
    d.add("op.Expression", "mixed", a, b, expression="a @ b")
    assert told(d, "mixed", 2) == ["6 comes out of 'mixed'."]


def test_pieces_of_certain_sizes():
    d, (x,) = given((10,))
    d.add("op.Split", "it", x, split_sizes=(4, 6))
    assert told(d, "it", 1, "output1") == ["6 comes from split_sizes of 'it', which is 4 × 6."]


def test_what_is_not_known_has_no_answer():
    d = lenet5()
    analysis = analyse(d.project)
    assert why(d.project, analysis, d.port("flatten"), 2) == ()
    assert why(d.project, analysis, Port("n99", "output"), 0) == ()


def test_a_long_way_is_cut_and_a_silent_one_is_not_deep():
    d, (x,) = given((3, 600))
    for i in range(60):
        x = d.add("nn.Conv1d", f"conv{i}", x, kernel_size=3)
    assert len(told(d, "conv59", 2)) == MAX_STEPS
    d, (x,) = given((3,))
    for i in range(1500):
        x = d.add("nn.ReLU", f"relu{i}", x)
    assert told(d, "relu1499", 1) == ["3 is shape of 'x0'."]


def test_a_diamond_is_explained_once():
    d, (x,) = given((4,))
    for i in range(12):
        x = d.add("op.Concatenate", f"twice{i}", x, x, dim=1)
    assert len(told(d, "twice11", 1)) == 13

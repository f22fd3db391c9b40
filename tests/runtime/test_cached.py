"""A network that reads on gives what it gives for whole windows, or says which node it cannot be done with.

Networks are drawn from pieces, each alone and at random on top of each other. What is expected is what the generated module gives.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
import torch

from drawings import Drawing
from graph.model import BlockParam, Definitions, Port, Project
from runtime.cached import NotContinuable, Reader
from runtime.compiler import compile_project
from runtime.predict import Trained

PLACES, WORDS, WIDTH = 12, 9, 8
Piece = Callable[[Drawing, str, Port, int, int], Port]  # drawing, a name for its nodes, what comes in, places, width


# ---- pieces: B × T × F to B × T × F


def feed_forward(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    y = d.add("nn.LayerNorm", f"{name}_norm", x)
    y = d.add("nn.GELU", f"{name}_gelu", d.add("nn.Linear", f"{name}_up", y, out_features=3 * width))
    y = d.add("nn.Dropout", f"{name}_drop", d.add("nn.Linear", f"{name}_down", y, out_features=width))
    return d.add("op.Add", f"{name}_sum", x, y)


def by_channels(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    y = d.add("op.Transpose", f"{name}_turned", x, dim0=1, dim1=2)
    y = d.add("nn.BatchNorm1d", f"{name}_batch", y)
    y = d.add("nn.Conv1d", f"{name}_conv", y, out_channels=width, kernel_size=1)
    return d.add("op.Transpose", f"{name}_back", y, dim0=1, dim1=2)


def sines(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    return d.add("op.PositionalEncoding", f"{name}_places", x)


def learned_places(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    table = d.add("op.Parameter", f"{name}_table", shape=(1, places, width), start="normal")
    return d.add("op.Add", f"{name}_placed", x, table)


def looked_up_places(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    numbers = d.add("op.Positions", f"{name}_numbers", x, dim=1, batch=True)
    rows = d.add("nn.Embedding", f"{name}_rows", numbers, num_embeddings=places, embedding_dim=width)
    joined = d.add(
        "op.Concatenate", f"{name}_joined", d.add("op.Expand", f"{name}_x", x, size=(places, width)), rows, dim=-1
    )
    return d.add("nn.Linear", f"{name}_fc", joined, out_features=width)


def attention(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    d.add("nn.MultiheadAttention", f"{name}_heads", x, x, x, num_heads=2, need_weights=False)
    d.wire(d.add("op.CausalMask", f"{name}_future", x, mark="hidden"), f"{name}_heads", "attn_mask")
    return d.add("op.Add", f"{name}_sum", x, d.port(f"{name}_heads"))


def weighed_attention(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    """The attention weights are used too; keys and values come from somewhere else than queries."""
    memory = d.add("nn.Linear", f"{name}_memory", x, out_features=width + 2)
    d.add("nn.MultiheadAttention", f"{name}_heads", x, memory, memory, num_heads=2, need_weights=True)
    d.wire(d.add("op.CausalMask", f"{name}_future", x, mark="hidden"), f"{name}_heads", "attn_mask")
    mixed = d.add("op.MatMul", f"{name}_mixed", d.port(f"{name}_heads", "attn_output_weights"), x)
    return d.add("op.Add", f"{name}_sum", d.port(f"{name}_heads"), mixed)


def nothing_attended(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    """With keys that belong to no place: PyTorch's layer on all places so far."""
    d.add("nn.MultiheadAttention", f"{name}_heads", x, x, x, num_heads=2, need_weights=False, add_zero_attn=True)
    d.wire(d.add("op.CausalMask", f"{name}_future", x, mark="hidden"), f"{name}_heads", "attn_mask")
    return d.port(f"{name}_heads")


def operation(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    q, k, v = (d.add("nn.Linear", f"{name}_{part}", x, out_features=width) for part in "qkv")
    return d.add("op.ScaledDotProductAttention", f"{name}_look", q, k, v, is_causal=True, scale=0.3)


def by_hand(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    """Attention with two heads from products, a mask and a softmax; the places of one Reshape are written out."""
    d.add("op.Chunk", f"{name}_qkv", d.add("nn.Linear", f"{name}_fc", x, out_features=3 * width), chunks=3, dim=-1)
    split = []
    for part, port, shown in zip("qkv", d.ports(f"{name}_qkv"), (places, -1, places), strict=True):
        y = d.add("op.Reshape", f"{name}_{part}", port, shape=(shown, 2, width // 2))
        split.append(d.add("op.Permute", f"{name}_{part}_heads", y, dims=(0, 2, 1, 3)))
    q, k, v = split
    y = d.add("op.MatMul", f"{name}_products", q, d.add("op.Transpose", f"{name}_turned", k, dim0=-2, dim1=-1))
    y = d.add("op.Scale", f"{name}_scaled", y, factor=(width / 2) ** -0.5)
    future = d.add("op.CausalMask", f"{name}_future", x, mark="hidden")
    y = d.add("nn.Softmax", f"{name}_weights", d.add("op.MaskedFill", f"{name}_masked", y, future, value=-1e9), dim=-1)
    y = d.add("op.Transpose", f"{name}_by_place", d.add("op.MatMul", f"{name}_mixed", y, v), dim0=1, dim1=2)
    return d.add("op.Reshape", f"{name}_joined", y, shape=(places, width))


def added_attention(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    """Scores by a sum of what asks and what is asked (Bahdanau et al., 2015), of every place and those before."""
    q = d.add("op.Unsqueeze", f"{name}_q", d.add("nn.Linear", f"{name}_a", x, out_features=5), dim=2)
    k = d.add("op.Unsqueeze", f"{name}_k", d.add("nn.Linear", f"{name}_b", x, out_features=5), dim=1)
    y = d.add("nn.Tanh", f"{name}_tanh", d.add("op.Add", f"{name}_both", q, k))
    y = d.add("op.Squeeze", f"{name}_flat", d.add("nn.Linear", f"{name}_score", y, out_features=1), dim=-1)
    visible = d.add("op.CausalMask", f"{name}_visible", x, mark="visible")
    low = d.add("op.Constant", f"{name}_low", y, fill_value=-1e4)
    y = d.add("nn.Softmax", f"{name}_weights", d.add("op.Where", f"{name}_masked", visible, y, low), dim=-1)
    return d.add("op.BatchMatMul", f"{name}_mixed", y, x)


def encoder_layer(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    future = d.add("op.CausalMask", f"{name}_future", x, mark="hidden")
    return d.add("nn.TransformerEncoderLayer", f"{name}_layer", x, future, nhead=2, dim_feedforward=16, norm_first=True)


def encoder(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    future = d.add("op.CausalMask", f"{name}_future", x, mark="hidden")
    return d.add(
        "nn.TransformerEncoder",
        f"{name}_layers",
        x,
        future,
        nhead=4,
        dim_feedforward=16,
        num_layers=2,
        activation="gelu",
    )


def gru(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    return d.add("nn.GRU", f"{name}_gru", x, hidden_size=width, num_layers=2)


def lstm(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    y = d.add("nn.LSTM", f"{name}_lstm", x, hidden_size=width)
    return d.add("op.Multiply", f"{name}_gated", x, y)


def rnn_from_a_state(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    begin = d.add("op.Parameter", f"{name}_begin", x, shape=(1, 1, width), start="normal")
    begin = d.add("op.Transpose", f"{name}_first", begin, dim0=0, dim1=1)
    return d.add("nn.RNN", f"{name}_rnn", x, begin, hidden_size=width)


def summed_up(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    return d.add("nn.LayerNorm", f"{name}_norm", d.add("op.CumulativeSum", f"{name}_sum", x, dim=1))


def masked_operation(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    visible = d.add("op.CausalMask", f"{name}_visible", x, mark="visible")
    return d.add("op.ScaledDotProductAttention", f"{name}_look", x, x, x, visible)


def decoder(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    """A layer that is run again on all places so far."""
    future = d.add("op.CausalMask", f"{name}_future", x, mark="hidden")
    return d.add("nn.TransformerDecoderLayer", f"{name}_layer", x, x, future, future, nhead=2, dim_feedforward=16)


GOING_ON = (
    feed_forward, by_channels, sines, learned_places, looked_up_places, attention, weighed_attention, nothing_attended,
    operation, by_hand, added_attention, masked_operation, decoder, encoder_layer, encoder, gru, lstm, rnn_from_a_state, summed_up,
)  # fmt: skip


def unmasked(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    return d.add("nn.MultiheadAttention", f"{name}_blamed", x, x, x, num_heads=2, need_weights=False)


def unmasked_by_hand(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    y = d.add("op.MatMul", f"{name}_products", x, d.add("op.Transpose", f"{name}_turned", x, dim0=1, dim1=2))
    return d.add("op.MatMul", f"{name}_mixed", d.add("nn.Softmax", f"{name}_blamed", y, dim=-1), x)


def both_ways(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    return d.add("nn.GRU", f"{name}_blamed", x, hidden_size=width // 2, bidirectional=True)


def centered(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    return d.add("op.Subtract", f"{name}_minus", x, d.add("op.Mean", f"{name}_blamed", x, dim=(1,), keepdim=True))


def backwards(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    return d.add("op.Flip", f"{name}_blamed", x, dims=(1,))


def wide(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    y = d.add("op.Transpose", f"{name}_turned", x, dim0=1, dim1=2)
    y = d.add("nn.Conv1d", f"{name}_blamed", y, out_channels=width, kernel_size=3, padding=1)
    return d.add("op.Transpose", f"{name}_back", y, dim0=1, dim1=2)


def normalized_over_places(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    return d.add("nn.LayerNorm", f"{name}_blamed", x, normalized_shape=(places, width))


def from_the_last_state(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
    y = d.add("nn.GRU", f"{name}_blamed", x, hidden_size=width)
    last = d.add("op.Transpose", f"{name}_last", d.port(f"{name}_blamed", "h_n"), dim0=0, dim1=1)
    return d.add("op.Add", f"{name}_sum", y, last)


LOOKING_AHEAD = (
    unmasked, unmasked_by_hand, both_ways, centered, backwards, wide, normalized_over_places, from_the_last_state,
)  # fmt: skip


# ---- networks


def network(
    *pieces: Piece, places: int = PLACES, width: int = WIDTH, definitions: Definitions | None = None
) -> Project:
    """A language model: vectors of tokens, the pieces, a score for each token."""
    d = Drawing("Net", definitions=definitions)
    tokens = {"shape": [places], "dtype": "int64", "classes": WORDS}
    d.add("data.Text", "text", facts={"samples": 100, "outputs": {"input": tokens, "target": tokens}}, length=places)
    x = d.add("nn.Embedding", "embedding", d.port("text", "input"), num_embeddings=WORDS, embedding_dim=width)
    for number, piece in enumerate(pieces):
        x = piece(d, f"p{number}", x, places, width)
    scores = d.add("op.Transpose", "by_class", d.add("nn.Linear", "scores", x, out_features=WORDS), dim0=1, dim1=2)
    d.add("nn.CrossEntropyLoss", "loss", scores, d.port("text", "target"))
    return d.project


def fresh(project: Project, seed: int = 1) -> Trained:
    compiled = compile_project(project)
    model = compiled.build(seed).eval()
    with torch.no_grad():  # weights as training might leave them, those of normalizations and places too
        for parameter in model.parameters():
            parameter += 0.3 * torch.randn(parameter.shape)
    return Trained(project=project, compiled=compiled, model=model)


def reader(trained: Trained, places: int = PLACES) -> Reader:
    return Reader(trained, 0, length=places, size=WORDS, axis=-2)


def difference(trained: Trained, seed: int, places: int = PLACES) -> float:
    """The largest difference between the scores at any place, read on in parts of random length, and read at once.

    Twice, over two windows: the second begins anew.
    """
    random, found, generator = Random(seed), 0.0, torch.Generator().manual_seed(seed)
    reads = reader(trained, places)
    for _ in range(2):
        tokens, start = torch.randint(WORDS, (1, places), generator=generator), 0
        with torch.no_grad():
            whole = trained.model(tokens)[0]
        while start < places:
            stop = start + random.choice([1, 1, 1, 2, places])
            row = tokens[0, start:stop].tolist()
            scores = reads.read(row, start)[0]
            start += len(row)
            found = max(found, float((scores - whole[:, start - 1]).abs().max()))
    return found


@pytest.mark.parametrize("piece", GOING_ON, ids=lambda piece: piece.__name__)
def test_a_piece_reads_on(piece):
    assert difference(fresh(network(piece)), seed=3) < 1e-5


@pytest.mark.parametrize("seed", range(8))
def test_pieces_on_top_of_each_other_read_on(seed):
    """In double precision, where rounding cannot hide a mistake nor look like one."""
    random = Random(seed)
    pieces = random.choices(GOING_ON, k=random.randint(2, 5))
    places, width = random.choice([(4, 8), (8, 8), (9, 4), (13, 12), (32, 16)])
    trained = fresh(network(*pieces, places=places, width=width), seed)
    trained.model.double()
    assert difference(trained, seed, places) < 1e-9


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 300))
def test_many_pieces_on_top_of_each_other_read_on(seed):
    test_pieces_on_top_of_each_other_read_on(seed)


@pytest.mark.parametrize("piece", LOOKING_AHEAD, ids=lambda piece: piece.__name__)
def test_what_looks_ahead_is_named(piece):
    with pytest.raises(NotContinuable, match=r"'p1_blamed' looks at later tokens, or at the whole window"):
        reader(fresh(network(feed_forward, piece, gru)))


def test_chance_is_named():
    def noise(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
        return d.add("op.Add", "sum", x, d.add("op.Noise", "noise", x))

    with pytest.raises(NotContinuable, match="'noise' draws numbers by chance"):
        reader(fresh(network(noise)))


def test_a_short_window_is_read_whole():
    with pytest.raises(NotContinuable, match="window of 3 tokens is too short"):
        reader(fresh(network(gru, places=3)), 3)


def test_what_fills_up_can_be_hidden():
    """A mask of tokens that fill up, made of the tokens themselves."""
    d = Drawing("Net")
    tokens = {"shape": [PLACES], "dtype": "int64", "classes": WORDS}
    d.add("data.Text", "text", facts={"samples": 9, "outputs": {"input": tokens, "target": tokens}}, length=PLACES)
    x = d.add("nn.Embedding", "embedding", d.port("text", "input"), num_embeddings=WORDS, embedding_dim=WIDTH)
    empty = d.add("op.Equal", "empty", d.port("text", "input"), value=2.0)
    shift = d.add("op.Scale", "shift", d.add("op.ToDtype", "ones", empty, dtype="float32"), factor=-5.0)
    future = d.add("op.CausalMask", "future", x, mark="hidden")
    future = d.add("op.Scale", "numbers", d.add("op.ToDtype", "as_ones", future, dtype="float32"), factor=-1e9)
    d.add("nn.TransformerEncoder", "layers", x, future, nhead=2, dim_feedforward=16, num_layers=2)
    d.wire(shift, "layers", "src_key_padding_mask")
    scores = d.add("nn.Linear", "scores", d.port("layers"), out_features=WORDS)
    scores = d.add("op.Transpose", "by_class", scores, dim0=1, dim1=2)
    d.add("nn.CrossEntropyLoss", "loss", scores, d.port("text", "target"))
    assert difference(fresh(d.project), seed=5) < 1e-5


# ---- blocks


def causal_block() -> Definitions:
    d = Drawing("Causal")
    x = d.add("op.Input", "x", shape=(PLACES, WIDTH))
    x = attention(d, "a", x, PLACES, "=width")
    d.add("op.Output", "output", feed_forward(d, "f", x, PLACES, WIDTH))
    return d.as_block(BlockParam("width", WIDTH, "Number of features."))


def cell_block() -> Definitions:
    """A step of a recurrent network that also says how far it moved."""
    d = Drawing("Cell")
    x, h = d.add("op.Input", "x", shape=(WIDTH,)), d.add("op.Input", "h", shape=(WIDTH,))
    new = d.add(
        "nn.Tanh", "tanh", d.add("nn.Linear", "gate", d.add("op.Concatenate", "both", x, h), out_features=WIDTH)
    )
    d.add("op.Output", "state", new, state="h")
    d.add("op.Output", "moved", d.add("op.Subtract", "move", new, h))
    return d.as_block()


@pytest.mark.parametrize(
    "use", [{}, {"use": "repeat", "times": 3}, {"use": "repeat", "times": 2, "shared_weights": True}]
)
def test_blocks_read_on(use):
    def block(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
        return d.add("block.Causal", name, x, **use)

    assert difference(fresh(network(sines, block, gru, definitions=causal_block())), seed=7) < 1e-5


def test_a_scan_reads_on():
    def scan(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
        d.add("block.Cell", name, x, use="scan")
        return d.add("op.Add", f"{name}_sum", d.port(name, "state"), d.port(name, "moved"))

    def begun(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
        d.add("block.Cell", name, x, use="scan")
        d.wire(d.add("op.Parameter", f"{name}_begin", x, shape=(1, width), start="normal"), name, "h")
        return d.port(name, "moved")

    assert difference(fresh(network(scan, feed_forward, scan, definitions=cell_block())), seed=8) < 1e-5
    assert difference(fresh(network(begun, definitions=cell_block())), seed=9) < 1e-5


@pytest.mark.parametrize("direction", ["backward", "both"])
def test_a_scan_from_the_end_is_named(direction):
    def scan(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
        d.add("block.Cell", name, x, use="scan", direction=direction)
        return d.port(name, "state")

    with pytest.raises(NotContinuable, match="'p0' looks at later tokens"):
        reader(fresh(network(scan, definitions=cell_block())))


def test_a_gradient_is_named():
    d = Drawing("Bent")
    x = d.add("op.Input", "x", shape=(PLACES, WIDTH))
    d.add("op.Output", "y", d.add("nn.Tanh", "tanh", d.add("op.Reshape", "flat", x, shape=(PLACES * WIDTH,))))

    def slope(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
        return d.add("block.Bent", name, x, use="gradient")

    with pytest.raises(NotContinuable, match="'p0' looks at later tokens"):
        reader(fresh(network(slope, definitions=d.as_block())))


def test_a_node_in_a_block_is_named_with_its_way():
    d = Drawing("Mean")
    x = d.add("op.Input", "x", shape=(PLACES, WIDTH))
    d.add("op.Output", "output", centered(d, "a", x, PLACES, WIDTH))

    def block(d: Drawing, name: str, x: Port, places: int, width: int) -> Port:
        return d.add("block.Mean", name, x, use="repeat", times=2)

    with pytest.raises(NotContinuable, match=r"'p0\.a_blamed' looks"):
        reader(fresh(network(block, definitions=d.as_block())))

"""The library of ready blocks, drawn: `tools/draw_resources.py` writes the files that ship.

Each function gives definitions whose last block is the one that its file shows.
"""

from __future__ import annotations

from collections.abc import Callable

import architectures
from drawings import Drawing
from graph.model import BlockParam, Definitions, Port, Project
from runtime.library import READY, example

_CHANNELS = BlockParam("channels", 64, "Number of channels it gives.")
_WIDTH = BlockParam("width", 64, "Number of features of every step.")
_HEADS = BlockParam("heads", 4, "Number of attention heads; must divide the width.")
_INNER = BlockParam("inner", 256, "Number of features between the linear layers.")
_DROPOUT = BlockParam("dropout", 0.1, "Share of the numbers that training sets to 0.")
_HIDDEN = BlockParam("hidden", 64, "Number of features of the state.")
_STEPS = 16


def _help(file: str) -> str:
    return READY[file].help.text


# ---- images


def squeeze_excite() -> Definitions:
    """Hu et al., 2018."""
    d = Drawing("SqueezeExcitation")
    x = d.add("op.Input", "x", shape=("=channels", 28, 28))
    y = d.add("nn.AdaptiveAvgPool2d", "squeeze", x, output_size=1)
    y = d.add("nn.Conv2d", "fc1", y, out_channels="=channels // reduction", kernel_size=1)
    y = d.add("nn.Conv2d", "fc2", d.add("nn.ReLU", "relu", y), out_channels="=channels", kernel_size=1)
    d.add("op.Output", "output", d.add("op.Multiply", "scaled", x, d.add("nn.Sigmoid", "scale", y)))
    reduction = BlockParam("reduction", 16, "How many times fewer channels there are in between.")
    return d.as_block(_CHANNELS, reduction, help=_help("squeeze_excite"))


def inception() -> Definitions:
    """Szegedy et al., 2015; the sizes are those of the first module of GoogLeNet."""
    d = Drawing("ConvReLU")
    x = d.add("op.Input", "x", shape=(192, 28, 28))
    x = d.add("nn.Conv2d", "conv", x, out_channels="=channels", kernel_size="=kernel_size", padding="=kernel_size // 2")
    d.add("op.Output", "output", d.add("nn.ReLU", "relu", x))
    kernel = BlockParam("kernel_size", 1, "Size of the filters.")
    definitions = d.as_block(_CHANNELS, kernel, help="A convolution that keeps the size, and ReLU.")

    d = Drawing("Inception", definitions=definitions)
    x = d.add("op.Input", "x", shape=(192, 28, 28))
    conv = "block.ConvReLU"
    ends = [d.add(conv, "branch1", x, channels="=ch1x1")]
    for i, size in ((2, 3), (3, 5)):
        y = d.add(conv, f"reduce{i}", x, channels=f"=ch{size}x{size}red")
        ends.append(d.add(conv, f"branch{i}", y, channels=f"=ch{size}x{size}", kernel_size=size))
    y = d.add("nn.MaxPool2d", "pool", x, kernel_size=3, stride=1, padding=1)
    ends.append(d.add(conv, "branch4", y, channels="=pool_proj"))
    d.add("op.Output", "output", d.add("op.Concatenate", "joined", *ends, dim=1))
    return d.as_block(
        BlockParam("ch1x1", 64, "Channels of the 1 × 1 filters."),
        BlockParam("ch3x3red", 96, "Channels before the 3 × 3 filters."),
        BlockParam("ch3x3", 128, "Channels of the 3 × 3 filters."),
        BlockParam("ch5x5red", 16, "Channels before the 5 × 5 filters."),
        BlockParam("ch5x5", 32, "Channels of the 5 × 5 filters."),
        BlockParam("pool_proj", 32, "Channels after the pooling."),
        help=_help("inception"),
    )


def dense_block() -> Definitions:
    """Huang et al., 2017."""
    d = Drawing("DenseBlock", definitions=architectures.dense_layer())
    x = d.add("op.Input", "x", shape=(64, 56, 56))
    x = d.add("block.DenseLayer", "dense_layers", x, use="repeat", times="=layers", growth="=growth")
    d.add("op.Output", "output", x)
    layers = BlockParam("layers", 6, "Number of layers.")
    growth = BlockParam("growth", 32, "Number of channels that each layer adds.")
    return d.as_block(layers, growth, help=_help("dense_block"))


def unet_stage() -> Definitions:
    """Ronneberger et al., 2015. Put the stage below between `down` and `up` for a deeper network."""
    d = Drawing("UNetStage", definitions=architectures.unet_parts())
    x = d.add("op.Input", "x", shape=(1, 64, 64))
    skip = d.add("block.DoubleConv", "convs", x, channels="=channels")
    x = d.add("block.Down", "down", skip, channels="=2 * channels")
    d.add("op.Output", "output", d.add("block.Up", "up", x, skip, channels="=channels"))
    return d.as_block(_CHANNELS, help=_help("unet_stage"))


def attention_gate() -> Definitions:
    """Oktay et al., 2018: the gating signal has half the height and width of what it filters."""
    d = Drawing("AttentionGate")
    x = d.add("op.Input", "x", shape=(64, 32, 32))
    gate = d.add("op.Input", "gate", shape=(128, 16, 16))
    theta = d.add("nn.Conv2d", "theta", x, out_channels="=width", kernel_size=2, stride=2, bias=False)
    phi = d.add("nn.Conv2d", "phi", gate, out_channels="=width", kernel_size=1)
    y = d.add("nn.ReLU", "relu", d.add("op.Add", "add", theta, phi))
    y = d.add("nn.Sigmoid", "sigmoid", d.add("nn.Conv2d", "psi", y, out_channels=1, kernel_size=1))
    y = d.add("nn.Upsample", "attention", y, scale_factor=2.0, mode="bilinear")
    d.add("op.Output", "output", d.add("op.Multiply", "gated", x, y))
    width = BlockParam("width", 32, "Number of channels in which the two are compared.")
    return d.as_block(width, help=_help("attention_gate"))


# ---- sequences


def _compared(d: Drawing, q: Port, k: Port, scale: str, hidden: Port | None = None) -> Port:
    """How much every query looks at every key: scaled products, without those that are hidden, as shares of 1."""
    scores = d.add("op.MatMul", "products", q, d.add("op.Transpose", "k_turned", k, dim0=-2, dim1=-1))
    scores = d.add("op.Scale", "scores", scores, factor=scale)
    if hidden is not None:
        scores = d.add("op.MaskedFill", "masked", scores, hidden, value=-1e9)
    return d.add("nn.Softmax", "weights", scores, dim=-1)


def self_attention() -> Definitions:
    """Vaswani et al., 2017, with one head."""
    d = Drawing("SelfAttention")
    x = d.add("op.Input", "x", shape=(_STEPS, "=width"))
    q, k, v = (d.add("nn.Linear", name, x, out_features="=width") for name in ("query", "key", "value"))
    weights = _compared(d, q, k, "=width ** -0.5")
    d.add("op.Output", "output", d.add("op.MatMul", "mixed", weights, v))
    return d.as_block(_WIDTH, help=_help("self_attention"))


def _split_heads(definitions: Definitions) -> Definitions:
    d = Drawing("SplitHeads", definitions=definitions)
    x = d.add("op.Input", "x", shape=(_STEPS, "=width"))
    x = d.add("op.Reshape", "parts", x, shape=(-1, "=heads", "=width // heads"))
    d.add("op.Output", "output", d.add("op.Transpose", "by_head", x, dim0=1, dim1=2))
    return d.as_block(
        _WIDTH, _HEADS, help="The features of every step, a part for every head: B × heads × steps × features."
    )


def _attend(d: Drawing, query: Port, key: Port, value: Port, *, causal: bool = False) -> Definitions:
    """The rest of attention by several heads, with its projections named as the inputs of MultiheadAttention."""
    named = {
        name: d.add("nn.Linear", f"{name}_proj", port, out_features="=width")
        for name, port in (("q", query), ("k", key), ("v", value))
    }
    q, k, v = (d.add("block.SplitHeads", n, port, width="=width", heads="=heads") for n, port in named.items())
    future = d.add("op.CausalMask", "future", query, dim=1, mark="hidden") if causal else None
    weights = _compared(d, q, k, "=(width // heads) ** -0.5", future)
    mixed = d.add("op.MatMul", "mixed", d.add("nn.Dropout", "dropped", weights, p="=dropout"), v)
    y = d.add("op.Reshape", "joined", d.add("op.Transpose", "by_step", mixed, dim0=1, dim1=2), shape=(-1, "=width"))
    d.add("op.Output", "output", d.add("nn.Linear", "out_proj", y, out_features="=width"))
    text = (
        "Attention of every step to itself and those before, by several heads."
        if causal
        else _help("multi_head_attention")
    )
    return d.as_block(_WIDTH, _HEADS, _DROPOUT, help=text)


def multi_head_attention() -> Definitions:
    """Vaswani et al., 2017; with the same weights it equals torch.nn.MultiheadAttention."""
    d = Drawing("MultiHeadAttention", definitions=_split_heads(Definitions()))
    ports = (d.add("op.Input", name, shape=(_STEPS, "=width")) for name in ("query", "key", "value"))
    return _attend(d, *ports)


def _causal_attention(definitions: Definitions) -> Definitions:
    d = Drawing("CausalSelfAttention", definitions=definitions)
    x = d.add("op.Input", "x", shape=(_STEPS, "=width"))
    return _attend(d, x, x, x, causal=True)


_SIZES = {"width": "=width", "heads": "=heads", "dropout": "=dropout"}


def _feed_forward(definitions: Definitions) -> Definitions:
    d = Drawing("FeedForward", definitions=definitions)
    x = d.add("op.Input", "x", shape=(_STEPS, "=width"))
    x = d.add("nn.ReLU", "relu", d.add("nn.Linear", "linear1", x, out_features="=inner"))
    x = d.add("nn.Linear", "linear2", d.add("nn.Dropout", "dropout1", x, p="=dropout"), out_features="=width")
    d.add("op.Output", "output", x)
    return d.as_block(_WIDTH, _INNER, _DROPOUT, help="Two linear layers with ReLU between them.")


def _added(d: Drawing, number: int, x: Port, y: Port) -> Port:
    """What a part of a layer gave, dropped out and added to what came in."""
    return d.add("op.Add", f"added{number}", x, d.add("nn.Dropout", f"dropout{number}", y, p="=dropout"))


def _fed(d: Drawing, x: Port) -> Port:
    return d.add("block.FeedForward", "feed_forward", x, width="=width", inner="=inner", dropout="=dropout")


def transformer_encoder_layer() -> Definitions:
    """Vaswani et al., 2017; with the same weights it equals torch.nn.TransformerEncoderLayer."""
    d = Drawing("EncoderLayer", definitions=_feed_forward(multi_head_attention()))
    x = d.add("op.Input", "x", shape=(_STEPS, "=width"))
    y = d.add("block.MultiHeadAttention", "self_attn", x, x, x, **_SIZES)
    x = d.add("nn.LayerNorm", "norm1", _added(d, 1, x, y))
    x = d.add("nn.LayerNorm", "norm2", _added(d, 2, x, _fed(d, x)))
    d.add("op.Output", "output", x)
    return d.as_block(_WIDTH, _HEADS, _INNER, _DROPOUT, help=_help("transformer_encoder_layer"))


def transformer_encoder_layer_pre_norm() -> Definitions:
    """Xiong et al., 2020; with the same weights it equals torch.nn.TransformerEncoderLayer with `norm_first`."""
    d = Drawing("PreNormEncoderLayer", definitions=_feed_forward(multi_head_attention()))
    x = d.add("op.Input", "x", shape=(_STEPS, "=width"))
    y = d.add("nn.LayerNorm", "norm1", x)
    x = _added(d, 1, x, d.add("block.MultiHeadAttention", "self_attn", y, y, y, **_SIZES))
    x = _added(d, 2, x, _fed(d, d.add("nn.LayerNorm", "norm2", x)))
    d.add("op.Output", "output", x)
    return d.as_block(_WIDTH, _HEADS, _INNER, _DROPOUT, help=_help("transformer_encoder_layer_pre_norm"))


def transformer_decoder_layer() -> Definitions:
    """Vaswani et al., 2017; with the same weights it equals torch.nn.TransformerDecoderLayer with a causal mask."""
    d = Drawing("DecoderLayer", definitions=_feed_forward(_causal_attention(multi_head_attention())))
    x = d.add("op.Input", "x", shape=(_STEPS, "=width"))
    memory = d.add("op.Input", "memory", shape=(_STEPS, "=width"))
    x = d.add("nn.LayerNorm", "norm1", _added(d, 1, x, d.add("block.CausalSelfAttention", "self_attn", x, **_SIZES)))
    y = d.add("block.MultiHeadAttention", "multihead_attn", x, memory, memory, **_SIZES)
    x = d.add("nn.LayerNorm", "norm2", _added(d, 2, x, y))
    x = d.add("nn.LayerNorm", "norm3", _added(d, 3, x, _fed(d, x)))
    d.add("op.Output", "output", x)
    return d.as_block(_WIDTH, _HEADS, _INNER, _DROPOUT, help=_help("transformer_decoder_layer"))


def gru_cell() -> Definitions:
    """Cho et al., 2014, as torch.nn.GRU has it: https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html."""
    d = Drawing("GRUCell")
    x, h = d.add("op.Input", "x", shape=(32,)), d.add("op.Input", "h", shape=("=hidden",))
    for name, port in (("ih", x), ("hh", h)):
        d.add("op.Chunk", f"{name}_parts", d.add("nn.Linear", name, port, out_features="=3 * hidden"), chunks=3, dim=-1)
    (xr, xz, xn), (hr, hz, hn) = d.ports("ih_parts"), d.ports("hh_parts")
    r = d.add("nn.Sigmoid", "reset", d.add("op.Add", "reset_sum", xr, hr))
    z = d.add("nn.Sigmoid", "update", d.add("op.Add", "update_sum", xz, hz))
    n = d.add("op.Add", "candidate_sum", xn, d.add("op.Multiply", "kept", r, hn))
    n = d.add("nn.Tanh", "candidate", n)
    mixed = d.add("op.Expression", "mixed", z, n, h, expression="(1 - z) * n + z * h")
    d.add("op.Output", "h_next", mixed, state="h")
    return d.as_block(_HIDDEN, help=_help("gru_cell"), wrap=10)


def lstm_cell() -> Definitions:
    """Hochreiter and Schmidhuber, 1997, as torch.nn.LSTM has it."""
    d = Drawing("LSTMCell")
    x = d.add("op.Input", "x", shape=(32,))
    h, c = (d.add("op.Input", name, shape=("=hidden",)) for name in ("h", "c"))
    ih = d.add("nn.Linear", "ih", x, out_features="=4 * hidden")
    hh = d.add("nn.Linear", "hh", h, out_features="=4 * hidden")
    d.add("op.Chunk", "parts", d.add("op.Add", "sums", ih, hh), chunks=4, dim=-1)
    ports = zip(("Sigmoid", "Sigmoid", "Tanh", "Sigmoid"), ("i", "f", "g", "o"), d.ports("parts"), strict=True)
    i, f, g, o = (d.add(f"nn.{kind}", name, port) for kind, name, port in ports)
    c = d.add("op.Add", "c_new", d.add("op.Multiply", "kept", f, c), d.add("op.Multiply", "written", i, g))
    h = d.add("op.Multiply", "h_new", o, d.add("nn.Tanh", "c_tanh", c))
    d.add("op.Output", "h_next", h, state="h")
    d.add("op.Output", "c_next", c, state="c")
    return d.as_block(_HIDDEN, help=_help("lstm_cell"), wrap=10)


# ---- the files

_DRAWN: dict[str, Callable[[], Definitions]] = {
    "residual": lambda: architectures.basic_block(Definitions()),
    "residual_projection": lambda: architectures.projection_block(Definitions()),
    "bottleneck": lambda: architectures.bottleneck(Definitions()),
    "bottleneck_projection": lambda: architectures.projection_bottleneck(Definitions()),
    "inverted_residual": architectures.inverted_residual,
    **{
        draw.__name__: draw
        for draw in (
            squeeze_excite, inception, dense_block, unet_stage, attention_gate, self_attention, multi_head_attention,
            transformer_encoder_layer, transformer_encoder_layer_pre_norm, transformer_decoder_layer, gru_cell, lstm_cell,
        )
    },
}  # fmt: skip


def _shown(definitions: Definitions) -> Project:
    return example(list(definitions.blocks.values())[-1], definitions)


DRAW: dict[str, Callable[[], Project]] = {name: lambda draw=draw: _shown(draw()) for name, draw in _DRAWN.items()}

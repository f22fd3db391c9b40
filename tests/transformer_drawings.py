"""ViT-B/16 and GPT-2, drawn from blocks (see `architectures`)."""

from __future__ import annotations

from drawings import Drawing
from graph.model import BlockParam, Definitions, Project

_HEADS = BlockParam("heads", 12, "Number of attention heads; must divide the width.")


def vit_b_16() -> Project:
    """86,567,656 parameters (Dosovitskiy et al., 2020, as in torchvision)."""
    d = Drawing("EncoderBlock")
    x = d.add("op.Input", "x", shape=(197, "=width"))
    y = d.add("nn.LayerNorm", "ln_1", x, eps=1e-6)
    y = d.add("nn.MultiheadAttention", "self_attention", y, y, y, num_heads="=heads", need_weights=False)
    x = d.add("op.Add", "attended", x, y)
    y = d.add("nn.LayerNorm", "ln_2", x, eps=1e-6)
    y = d.add("nn.GELU", "gelu", d.add("nn.Linear", "fc1", y, out_features="=hidden"))
    y = d.add("nn.Linear", "fc2", y, out_features="=width")
    d.add("op.Output", "output", d.add("op.Add", "added", x, y))
    definitions = d.as_block(BlockParam("width", 768, "Number of features of every patch."), _HEADS,
                             BlockParam("hidden", 3072, "Number of features between the linear layers."),
                             help="Self-attention and two linear layers, each added to its input.")  # fmt: skip

    d = Drawing("ViTB16", definitions=definitions)
    x = d.add("op.Input", "image", shape=(3, 224, 224))
    x = d.add("nn.Conv2d", "conv_proj", x, out_channels=768, kernel_size=16, stride=16)
    x = d.add("op.Transpose", "patches", d.add("nn.Flatten", "flatten", x, start_dim=2), dim0=1, dim1=2)
    token = d.add("op.Parameter", "class_token", x, shape=(1, 1, 768))
    x = d.add("op.Concatenate", "tokens", token, x, dim=1)
    positions = d.add("op.Parameter", "pos_embedding", shape=(1, 197, 768), start="normal")
    x = d.add("op.Add", "embedded", x, positions)
    x = d.add("block.EncoderBlock", "layers", x, use="repeat", times=12)
    x = d.add("op.Select", "first", d.add("nn.LayerNorm", "ln", x, eps=1e-6), dim=1, index=0)
    d.add("op.Output", "scores", d.add("nn.Linear", "head", x, out_features=1000))
    return d.placed


_WIDTH = BlockParam("width", 768, "Number of features of every token.")
_DROPOUT = BlockParam("dropout", 0.1, "Share of the numbers that training sets to 0.")


def gpt2_small() -> Project:
    """124,439,808 parameters, the output layer tied to the token embedding (Radford et al., 2019)."""
    d = Drawing("GPT2Small", definitions=_of_transformer_blocks())
    tokens = d.add("op.Input", "tokens", shape=(1024,), dtype="int64")
    x = d.add("nn.Embedding", "wte", tokens, num_embeddings=50257, embedding_dim=768)
    places = d.add("op.Positions", "places", tokens, batch=False)
    y = d.add("nn.Embedding", "wpe", places, num_embeddings=1024, embedding_dim=768)
    x = d.add("nn.Dropout", "drop", d.add("op.Add", "embedded", x, y), p=0.1)
    x = d.add("block.TransformerBlock", "h", x, use="repeat", times=12)
    x = d.add("nn.LayerNorm", "ln_f", x)
    d.add("op.Output", "scores", d.add("nn.Linear", "lm_head", x, shares="wte", out_features=50257, bias=False))
    return d.placed


def _of_transformer_blocks() -> Definitions:
    d = Drawing("SplitHeads")
    x = d.add("op.Input", "x", shape=(1024, "=width"))
    x = d.add("op.Reshape", "parts", x, shape=(-1, "=heads", "=width // heads"))
    d.add("op.Output", "output", d.add("op.Transpose", "by_head", x, dim0=1, dim1=2))
    definitions = d.as_block(
        _WIDTH, _HEADS, help="The features of every token, a part for every head: B × heads × T × features."
    )

    d = Drawing("CausalSelfAttention", definitions=definitions)
    x = d.add("op.Input", "x", shape=(1024, "=width"))
    d.add("op.Chunk", "qkv", d.add("nn.Linear", "c_attn", x, out_features="=3 * width"), chunks=3, dim=-1)
    q, k, v = (
        d.add("block.SplitHeads", name, port, width="=width", heads="=heads")
        for name, port in zip("qkv", d.ports("qkv"), strict=True)
    )
    scores = d.add("op.MatMul", "products", q, d.add("op.Transpose", "k_turned", k, dim0=-2, dim1=-1))
    scores = d.add("op.Scale", "scores", scores, factor="=(width // heads) ** -0.5")
    future = d.add("op.CausalMask", "future", x, dim=1, mark="hidden")
    scores = d.add("op.MaskedFill", "masked", scores, future, value=-1e9)
    weights = d.add("nn.Dropout", "attn_dropout", d.add("nn.Softmax", "weights", scores, dim=-1), p="=dropout")
    y = d.add("op.Transpose", "by_token", d.add("op.MatMul", "mixed", weights, v), dim0=1, dim1=2)
    y = d.add("op.Reshape", "joined", y, shape=(-1, "=width"))
    y = d.add("nn.Linear", "c_proj", y, out_features="=width")
    d.add("op.Output", "output", d.add("nn.Dropout", "resid_dropout", y, p="=dropout"))
    definitions = d.as_block(_WIDTH, _HEADS, _DROPOUT, help="Every token looks at itself and at those before it.")

    d = Drawing("MLP", definitions=definitions)
    x = d.add("op.Input", "x", shape=(1024, "=width"))
    x = d.add("nn.GELU", "gelu", d.add("nn.Linear", "c_fc", x, out_features="=4 * width"), approximate="tanh")
    x = d.add("nn.Linear", "c_proj", x, out_features="=width")
    d.add("op.Output", "output", d.add("nn.Dropout", "dropped", x, p="=dropout"))
    definitions = d.as_block(_WIDTH, _DROPOUT, help="Two linear layers, four times as wide between them.")

    d = Drawing("TransformerBlock", definitions=definitions)
    x = d.add("op.Input", "x", shape=(1024, "=width"))
    y = d.add("nn.LayerNorm", "ln_1", x)
    y = d.add("block.CausalSelfAttention", "attn", y, width="=width", heads="=heads", dropout="=dropout")
    x = d.add("op.Add", "attended", x, y)
    y = d.add("nn.LayerNorm", "ln_2", x)
    y = d.add("block.MLP", "mlp", y, width="=width", dropout="=dropout")
    d.add("op.Output", "output", d.add("op.Add", "added", x, y))
    return d.as_block(
        _WIDTH, _HEADS, _DROPOUT, help="Attention to what came before and two linear layers, each added to its input."
    )

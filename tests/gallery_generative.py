"""The examples that compress and read: autoencoders, Transformers, attention drawn by hand.

`resources/examples` has the files that these functions draw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from drawings import Drawing
from example_drawings import finished
from graph.model import BlockParam, Definitions, Port, Project
from graph.plan import Choice, Objective, Plan

_STEPS = 64  # of the windows of the sonnets
_WORDS = 12  # of a review
_VOCABULARY = 53  # words that the training part of the reviews has
_CHARACTERS = 58  # that the training part of the sonnets has


def _adam(rate: float, **more) -> Objective:
    return Objective(optimizer=Choice("torch.optim.Adam", {"lr": rate}), **more)


def _hidden(d: Drawing, x: Port, name: str, *widths: int, activation: str = "nn.ReLU") -> Port:
    """Linear layers `name`1, `name`2, ..., each with an activation behind it."""
    for number, width in enumerate(widths, start=1):
        y = d.add("nn.Linear", f"{name}{number}", x, out_features=width)
        x = d.add(activation, f"{name}_relu{number}", y)
    return x


def _pixels(d: Drawing) -> Port:
    """The digits that ship, 8 x 8, as 64 numbers in a row."""
    d.add("data.Images", "digits", source="builtin:digits", image_size=8)
    return d.add("nn.Flatten", "pixels", d.port("digits", "image"))


def _image(d: Drawing, pixels: Port) -> None:
    """What the network gives: the pixels as an image."""
    d.add("op.Output", "image", d.add("op.Reshape", "framed", pixels, shape=(1, 8, 8)))


# ---- autoencoders


def autoencoder_digits() -> Project:
    """An autoencoder: 64 pixels through 8 numbers and back."""
    d = Drawing("DigitsAutoencoder", Plan(epochs=150, patience=15, objectives=(_adam(0.002),)))
    pixels = _pixels(d)
    code = d.add("nn.Linear", "code", _hidden(d, pixels, "encode", 32), out_features=8)
    y = d.add("nn.Linear", "ink", _hidden(d, code, "decode", 32), out_features=64)
    y = d.add("nn.Sigmoid", "reconstructed", y)
    _image(d, y)
    d.add("nn.MSELoss", "loss", y, pixels)
    d.add("metric.RootMeanSquaredError", "pixel_error", y, pixels)
    return finished(d, "autoencoder_digits")


def vae_digits() -> Project:
    """A variational autoencoder: the code is a distribution, held near the standard normal one."""
    d = Drawing("DigitsVAE", Plan(epochs=150, patience=20))
    pixels = _pixels(d)
    x = _hidden(d, pixels, "encode", 128)
    mean = d.add("nn.Linear", "mean", x, out_features=8)
    log_variance = d.add("nn.Linear", "log_variance", x, out_features=8)
    noise = d.add("op.Random", "noise", mean, shape=(8,))
    code = "mean + exp(0.5 * log_variance) * noise"
    code = d.add("op.Expression", "code", mean, log_variance, noise, expression=code)
    scores = d.add("nn.Linear", "ink", _hidden(d, code, "decode", 128), out_features=64)
    d.add("nn.BCEWithLogitsLoss", "reconstruction", scores, pixels)
    divergence = "0.5 * (mean ** 2 + exp(log_variance) - 1 - log_variance).sum(dim=-1)"
    divergence = d.add("op.Expression", "divergence", mean, log_variance, expression=divergence)
    d.add("op.MeanLoss", "kl", divergence)
    y = d.add("nn.Sigmoid", "reconstructed", scores)
    _image(d, y)
    d.add("metric.RootMeanSquaredError", "pixel_error", y, pixels)
    objective = _adam(0.002, losses=((d.id("reconstruction"), 1.0), (d.id("kl"), 1 / 64)))
    d.plan = replace(d.plan, objectives=(objective,))
    return finished(d, "vae_digits")


# ---- Transformers and attention


def _reviews(d: Drawing, width: int) -> tuple[Port, Port]:
    """The embedded words of the reviews, each with its place, and where they only fill up."""
    d.add("data.LabeledTexts", "reviews", length=_WORDS)
    tokens = d.port("reviews", "tokens")
    filled = d.add("op.Equal", "filled", tokens, value=0.0)
    words = d.add("nn.Embedding", "embedding", tokens, num_embeddings=_VOCABULARY, embedding_dim=width)
    places = d.add("op.Parameter", "positions", shape=(1, _WORDS, width), start="normal")
    return d.add("op.Add", "placed", words, places), filled


def _classified(d: Drawing, x: Port, filled: Port) -> None:
    """The mean over the real words, a score a class, loss and accuracy."""
    real = d.add("op.Expression", "real_words", filled, expression="(1 - filled.float()).unsqueeze(-1)")
    mean = "(x * real).sum(dim=1) / real.sum(dim=1)"
    x = d.add("op.Expression", "mean_word", x, real, expression=mean)
    scores = d.add("nn.Linear", "logits", x, out_features=2)
    d.add("nn.CrossEntropyLoss", "loss", scores, d.port("reviews", "label"))
    d.add("metric.Accuracy", "accuracy", scores, d.port("reviews", "label"))


def transformer_reviews() -> Project:
    """A small Transformer encoder that tells good reviews from bad ones."""
    d = Drawing("ReviewsTransformer", Plan(epochs=20, patience=5, objectives=(_adam(0.002),)))
    x, filled = _reviews(d, 32)
    for number in (1, 2):
        name = f"encoder{number}"
        x = d.add("nn.TransformerEncoderLayer", name, x, nhead=4, dim_feedforward=64)
        d.wire(filled, name, "src_key_padding_mask")
    _classified(d, x, filled)
    return finished(d, "transformer_reviews")


def attention_by_hand() -> Project:
    """Self-attention as its formula says, in a classifier of reviews."""
    d = Drawing("AttentionByHand", Plan(epochs=20, patience=5, objectives=(_adam(0.003),)), _self_attention())
    x, filled = _reviews(d, 32)
    y = d.add("block.SelfAttention", "attention", x, filled, width=32)
    _classified(d, d.add("op.Add", "attended", x, y), filled)
    return finished(d, "attention_by_hand")


def _self_attention() -> Definitions:
    d = Drawing("SelfAttention")
    x = d.add("op.Input", "x", shape=(_WORDS, "=width"))
    filled = d.add("op.Input", "filled", shape=(_WORDS,), dtype="bool")
    query, key, value = (d.add("nn.Linear", n, x, out_features="=width") for n in ("query", "key", "value"))
    products = d.add("op.MatMul", "products", query, d.add("op.Transpose", "key_turned", key, dim0=-2, dim1=-1))
    scores = d.add("op.Scale", "scores", products, factor="=width ** -0.5")
    mask = d.add("op.Unsqueeze", "for_each_query", filled, dim=1)
    masked = d.add("op.MaskedFill", "masked", scores, mask, value=-1e9)
    weights = d.add("nn.Softmax", "weights", masked, dim=-1)
    d.add("op.Output", "output", d.add("op.MatMul", "mixed", weights, value))
    width = BlockParam("width", 32, "Number of features of every word.")
    return d.as_block(
        width, help="Every word takes a mean of the values of all words, weighted by how well their keys fit."
    )


def gpt_chars() -> Project:
    """A decoder-only language model by characters."""
    objective = Objective(optimizer=Choice("torch.optim.AdamW", {"lr": 0.003}), clip="norm", warmup=50)
    plan = Plan(epochs=60, patience=6, batch_size=8, objectives=(objective,))
    d = Drawing("CharGPT", plan, _causal_block())
    d.add("data.Text", "sonnets", length=_STEPS, stride=16)
    x = d.port("sonnets", "input")
    x = d.add("nn.Embedding", "embedding", x, num_embeddings=_CHARACTERS, embedding_dim=64)
    x = d.add("nn.Dropout", "dropout", d.add("op.PositionalEncoding", "positions", x), p=0.2)
    x = d.add("block.CausalBlock", "blocks", x, use="repeat", times=2, width=64)
    x = d.add("nn.Linear", "scores", d.add("nn.LayerNorm", "norm", x), out_features=_CHARACTERS)
    scores = d.add("op.Transpose", "by_class", x, dim0=1, dim1=2)
    target = d.port("sonnets", "target")
    d.add("nn.CrossEntropyLoss", "loss", scores, target)
    d.add("metric.Perplexity", "perplexity", scores, target)
    return finished(d, "gpt_chars")


def _causal_block() -> Definitions:
    """Attention to what came before and two linear layers, each added to its input."""
    d = Drawing("CausalBlock")
    x = d.add("op.Input", "x", shape=(_STEPS, "=width"))
    y = d.add("nn.LayerNorm", "norm1", x)
    d.add("nn.MultiheadAttention", "attention", y, y, y, num_heads="=heads", need_weights=False)
    d.wire(d.add("op.CausalMask", "future", y, mark="hidden"), "attention", "attn_mask")
    y = d.add("nn.Dropout", "dropout1", d.port("attention"), p="=dropout")
    x = d.add("op.Add", "attended", x, y)
    y = d.add("nn.Linear", "fc1", d.add("nn.LayerNorm", "norm2", x), out_features="=4 * width")
    y = d.add("nn.Linear", "fc2", d.add("nn.GELU", "gelu", y), out_features="=width")
    x = d.add("op.Add", "added", x, d.add("nn.Dropout", "dropout2", y, p="=dropout"))
    d.add("op.Output", "output", x)
    width = BlockParam("width", 64, "Number of features of every character.")
    heads = BlockParam("heads", 4, "Number of attention heads; must divide the width.")
    dropout = BlockParam("dropout", 0.2, "Share of the numbers that training sets to 0.")
    help = "Every character looks at itself and at those before it; then two linear layers."
    return d.as_block(width, heads, dropout, help=help)


DRAW: dict[str, Callable[[], Project]] = {
    draw.__name__: draw for draw in (autoencoder_digits, vae_digits, transformer_reviews, gpt_chars, attention_by_hand)
}

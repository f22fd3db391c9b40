"""The drawings that ship: examples over real data, ready to train, and famous architectures, which await yours."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from graph.messages import FileError, Message, msg
from runtime.guides import guide

FOLDER = Path(__file__).resolve().parent.parent / "resources" / "examples"
ARCHITECTURES = FOLDER.parent / "architectures"


class Example(NamedTuple):
    """What people read before they open an example."""

    title: Message | str
    sentence: Message | str


# As they are offered, the one that the window opens with first; what people read of them is in their guides.
SECTIONS: tuple[tuple[Message, tuple[str, ...]], ...] = (
    (
        msg("First networks"),
        ("lenet5_digits", "mlp_digits", "mlp_regression", "spirals_mlp", "moons_mlp", "overfitting"),
    ),
    (
        msg("How training goes"),
        (
            "descent_batches",
            "optimizers_race",
            "learning_rates",
            "initializations",
            "gradient_clipping",
            "overfitting_cures",
        ),
    ),
    (
        msg("Images, clips and signals"),
        ("cnn_digits", "resnet_digits", "read_digits", "clips_conv3d", "clips_cnn_lstm", "waves_conv1d"),
    ),
    (
        msg("Texts"),
        ("word2vec_skipgram", "word2vec_cbow", "reviews_mean", "reviews_textcnn", "deep_bigru", "tagger_bilstm"),
    ),
    (msg("What a recurrent network remembers"), ("memory_rnn", "memory_lstm", "memory_gru")),
    (msg("Attention"), ("attention_by_hand", "transformer_reviews")),
    (msg("From one sequence to another"), ("seq2seq_gru", "seq2seq_attention", "transformer_translate")),
    (msg("Language models"), ("char_lm", "gpt_chars")),
    (
        msg("Networks that make something"),
        ("autoencoder_digits", "vae_digits", "gan_points", "wgan_gp_points", "gan_digits", "pix2pix_shapes"),
    ),
)
READY = tuple(name for _, names in SECTIONS for name in names)

_ARCHITECTURES = {
    "resnet18": Example(
        msg("ResNet-18, residual blocks"),
        msg("He et al., 2015: 11.7 million parameters in stages of two convolutions and a shortcut around them."),
    ),
    "resnet50": Example(
        msg("ResNet-50, bottlenecks"),
        msg("He et al., 2015: 25.6 million parameters; every block narrows, filters and widens again."),
    ),
    "resnet152": Example(
        msg("ResNet-152, very deep"),
        msg("He et al., 2015: 60.2 million parameters in 50 blocks, drawn as four stages that repeat theirs."),
    ),
    "vgg16": Example(
        msg("VGG-16, plain convolutions"),
        msg("Simonyan and Zisserman, 2014: 138 million parameters, most of them in the first fully connected layer."),
    ),
    "mobilenet_v2": Example(
        msg("MobileNetV2, for small devices"),
        msg("Sandler et al., 2018: 3.5 million parameters in inverted residuals, which filter every channel apart."),
    ),
    "densenet121": Example(
        msg("DenseNet-121, layers that see all before them"),
        msg("Huang et al., 2017: 8 million parameters; every layer adds 32 channels to all that came before."),
    ),
    "vit_b_16": Example(
        msg("ViT-B/16, a Transformer for images"),
        msg("Dosovitskiy et al., 2020: 86.6 million parameters; patches of 16 × 16 pixels are read like words."),
    ),
    "gpt2_small": Example(
        msg("GPT-2 small, a language model"),
        msg(
            "Radford et al., 2019: 124 million parameters; the output layer shares the weights of the token embedding."
        ),
    ),
    "unet": Example(
        msg("U-Net, for segmentation"),
        msg(
            "Ronneberger et al., 2015: 31 million parameters, a way down and a way up again with shortcuts between them."
        ),
    ),
}
_ALL = (*READY, *_ARCHITECTURES)


def names() -> tuple[str, ...]:
    """The names of the examples, the one that the window opens with first, and then of the architectures."""
    return _ALL


def architectures() -> tuple[str, ...]:
    """The names of the architectures, which have no data."""
    return tuple(_ARCHITECTURES)


def path(name: str) -> Path:
    """The file of an example.

    Raises:
        FileError: there is no example of that name.
    """
    _require(name)
    return (ARCHITECTURES if name in _ARCHITECTURES else FOLDER) / f"{name}.layerloom"


def describe(name: str) -> Example:
    """The title of an example and a sentence about it.

    Raises:
        FileError: there is no example of that name.
    """
    _require(name)
    page = guide(name)
    return Example(page.title, page.sentence) if page else _ARCHITECTURES[name]


def _require(name: str) -> None:
    if name not in _ALL:
        raise FileError(
            msg("There is no example '{name}'. The examples are: {names}.", name=name, names=", ".join(_ALL))
        )

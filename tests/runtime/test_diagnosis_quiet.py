"""Right drawings of many kinds: the diagnosis has nothing to say about any of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from architectures import DRAW
from drawings import Drawing, with_images
from graph.model import Port
from runtime.analyser import analyse

LEFT_OUT = ("no-loss", "unused", "no-data")  # these drawings need no data of their own


def squeeze_and_excitation(d: Drawing) -> Port:
    x = d.add("nn.Conv2d", "conv", d.add("op.Input", "x", shape=(3, 32, 32)), out_channels=32)
    pooled = d.add("nn.Flatten", "flat", d.add("nn.AdaptiveAvgPool2d", "pool", x, output_size=1))
    gate = d.add(
        "nn.Sigmoid",
        "gate",
        d.add(
            "nn.Linear",
            "fc2",
            d.add("nn.ReLU", "relu", d.add("nn.Linear", "fc1", pooled, out_features=4)),
            out_features=32,
        ),
    )
    gate = d.add("nn.Unflatten", "grid", gate, unflattened_size=(32, 1, 1))
    x = d.add("op.Multiply", "scaled", x, gate)
    spatial = d.add("nn.Sigmoid", "mask", d.add("nn.Conv2d", "attend", x, out_channels=1, kernel_size=1))
    return d.add("op.Multiply", "gated", x, spatial)


def residual(d: Drawing) -> Port:
    x = d.add("nn.Conv2d", "stem", d.add("op.Input", "x", shape=(3, 56, 56)), out_channels=64, padding=1)
    y = d.add("nn.BatchNorm2d", "bn", d.add("nn.Conv2d", "a", x, out_channels=128, kernel_size=3, stride=2, padding=1))
    shortcut = d.add("nn.Conv2d", "down", x, out_channels=128, kernel_size=1, stride=2)
    return d.add("nn.ReLU", "relu", d.add("op.Add", "sum", y, shortcut))


def unet(d: Drawing) -> Port:
    x = d.add("nn.Conv2d", "a", d.add("op.Input", "x", shape=(1, 32, 32)), out_channels=8, padding=1)
    low = d.add("nn.Conv2d", "b", d.add("nn.MaxPool2d", "pool", x, kernel_size=2), out_channels=16, padding=1)
    up = d.add("nn.ConvTranspose2d", "up", low, out_channels=8, kernel_size=2, stride=2)
    out = d.add("nn.Conv2d", "out", d.add("op.Concatenate", "skip", up, x, dim=1), out_channels=1, kernel_size=1)
    d.add("nn.BCEWithLogitsLoss", "loss", out, d.add("op.Input", "mask", shape=(1, 32, 32)))
    return out


def segmentation(d: Drawing) -> Port:
    x = d.add("nn.Conv2d", "a", d.add("op.Input", "x", shape=(3, 32, 32)), out_channels=21, padding=1)
    d.add("nn.CrossEntropyLoss", "loss", x, d.add("op.Input", "mask", shape=(32, 32), dtype="int64"))
    return x


def time_embedding(d: Drawing) -> Port:
    x = d.add("nn.Conv2d", "a", d.add("op.Input", "x", shape=(3, 32, 32)), out_channels=16, padding=1)
    t = d.add("nn.Linear", "time", d.add("op.Input", "t", shape=(8,)), out_features=16)
    return d.add("op.Add", "sum", x, d.add("nn.Unflatten", "grid", t, unflattened_size=(16, 1, 1)))


def language_model(d: Drawing) -> Port:
    words = d.add("op.Input", "words", shape=(12,), dtype="int64")
    x = d.add("nn.Embedding", "embed", words, num_embeddings=50, embedding_dim=16)
    x = d.add("nn.TransformerEncoderLayer", "layer", x, nhead=4)
    scores = d.add("op.Transpose", "classes_first", d.add("nn.Linear", "logits", x, out_features=50))
    d.add("nn.CrossEntropyLoss", "loss", scores, d.add("op.Input", "next", shape=(12,), dtype="int64"))
    return scores


def recurrent_classifier(d: Drawing) -> Port:
    x = d.add("nn.LSTM", "lstm", d.add("op.Input", "x", shape=(20, 6)), hidden_size=32, bidirectional=True)
    last = d.add("op.Select", "last", x, dim=1, index=-1)
    return d.add("nn.Linear", "fc", d.add("nn.BatchNorm1d", "bn", last), out_features=4)


def words_by_convolution(d: Drawing) -> Port:
    x = d.add(
        "nn.Embedding", "embed", d.add("op.Input", "x", shape=(20,), dtype="int64"), num_embeddings=50, embedding_dim=16
    )
    x = d.add("nn.Conv1d", "conv", d.add("op.Transpose", "features_first", x), kernel_size=3, in_channels=16)
    return d.add("nn.AdaptiveMaxPool1d", "pool", x, output_size=1)


def vision_transformer(d: Drawing) -> Port:
    x = d.add(
        "nn.Conv2d", "patches", d.add("op.Input", "x", shape=(3, 32, 32)), out_channels=32, kernel_size=8, stride=8
    )
    x = d.add("op.Transpose", "tokens", d.add("nn.Flatten", "flat", x, start_dim=2))
    x = d.add("op.Add", "placed", x, d.add("op.Parameter", "positions", x, shape=(1, 16, 32)))
    x = d.add("nn.TransformerEncoderLayer", "layer", x, nhead=4)
    return d.add("nn.Linear", "head", d.add("op.Mean", "mean", x, dim=(1,)), out_features=10)


def spectrogram(d: Drawing) -> Port:
    x = d.add("nn.Conv2d", "bands", d.add("op.Input", "x", shape=(1, 40, 100)), out_channels=16, kernel_size=(40, 3))
    return d.add("nn.Conv2d", "times", x, kernel_size=(1, 3))


def autoencoder(d: Drawing) -> Port:
    x = d.add("op.Input", "x", shape=(1, 28, 28))
    low = d.add("nn.Linear", "code", d.add("nn.Flatten", "flat", x), out_features=16)
    out = d.add(
        "nn.Unflatten", "picture", d.add("nn.Linear", "back", low, out_features=784), unflattened_size=(1, 28, 28)
    )
    d.add("nn.MSELoss", "loss", out, x)
    return out


def regression(d: Drawing) -> Port:
    out = d.add("nn.Linear", "fc", d.add("op.Input", "x", shape=(7,)), out_features=1)
    d.add("nn.MSELoss", "loss", out, d.add("op.Input", "y", shape=(1,)))
    d.add("metric.R2", "r2", out, d.port("y"))
    return out


def weighted_average(d: Drawing) -> Port:
    x = d.add("op.Input", "x", shape=(12, 16))
    weights = d.add("nn.Softmax", "weights", d.add("nn.Linear", "score", x, out_features=1), dim=1)
    return d.add("op.Sum", "sum", d.add("op.Multiply", "weighted", x, weights), dim=(1,))


DRAWINGS = (squeeze_and_excitation, residual, unet, segmentation, time_embedding, language_model, recurrent_classifier,
            words_by_convolution, vision_transformer, spectrogram, autoencoder, regression, weighted_average)  # fmt: skip


@pytest.mark.parametrize("draw", DRAWINGS, ids=lambda draw: draw.__name__)
def test_nothing_is_wrong_with(draw: Callable[[Drawing], Port]):
    d = Drawing()
    end = draw(d)
    analysis = analyse(d.project)
    assert [str(p.message) for p in analysis.problems if p.code not in LEFT_OUT] == []
    assert analysis.spec(end) is not None


def test_nothing_is_wrong_with_a_pooled_classifier():
    d, image, label = with_images()
    x = d.add("nn.AdaptiveAvgPool2d", "pool", d.add("nn.Conv2d", "conv", image, out_channels=10), output_size=1)
    d.add("nn.CrossEntropyLoss", "loss", d.add("nn.Flatten", "flat", x), label)
    assert analyse(d.project).problems == ()


@pytest.mark.parametrize("name", sorted(DRAW))
def test_nothing_is_wrong_with_what_was_published(name: str):
    problems = analyse(DRAW[name]()).problems
    assert [str(p.message) for p in problems if p.code not in LEFT_OUT] == []

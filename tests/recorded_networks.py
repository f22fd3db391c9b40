"""Networks whose steps are recorded in tests, as projects over data that is there."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from drawings import Drawing
from graph import files
from graph.model import Port, Project
from graph.plan import Split
from runtime.examples import FOLDER
from trainings import arrays, cnn, digits, mlp, plan, with_facts

ALL = Split(1.0, 0.0, 0.0)


def lenet(d: Drawing, x: Port) -> Port:
    """LeNet-5 for 8 × 8 pixels, with dropout."""
    x = d.add("nn.ReLU", "relu1", d.add("nn.Conv2d", "conv1", x, out_channels=6, kernel_size=3, padding=1))
    x = d.add("nn.MaxPool2d", "pool1", x, kernel_size=2)
    x = d.add("nn.ReLU", "relu2", d.add("nn.Conv2d", "conv2", x, out_channels=16, kernel_size=3))
    x = d.add("nn.Flatten", "flatten", x)
    x = d.add("nn.Dropout", "dropout", d.add("nn.ReLU", "relu3", d.add("nn.Linear", "fc1", x, out_features=32)), p=0.4)
    return d.add("nn.Linear", "fc2", x, out_features=10)


def lstm(d: Drawing, x: Port) -> Port:
    """The next of 12 characters at each place."""
    x = d.add("nn.Embedding", "embedding", x, num_embeddings=12, embedding_dim=8)
    x = d.add(
        "nn.Linear", "fc", d.add("nn.LSTM", "lstm", x, hidden_size=16, num_layers=2, dropout=0.2), out_features=12
    )
    return d.add("op.Transpose", "swap", x, dim0=1, dim1=2)


def transformer(d: Drawing, x: Port) -> Port:
    """An encoder layer with dropout over words, their mean, 12 classes."""
    x = d.add("nn.Embedding", "embedding", x, num_embeddings=12, embedding_dim=16)
    x = d.add("op.Add", "add", x, d.add("op.Parameter", "position", shape=(1, 10, 16), start="normal"))
    x = d.add("nn.TransformerEncoderLayer", "encoder", x, nhead=2, dim_feedforward=32, dropout=0.1)
    return d.add("nn.Linear", "fc", d.add("op.Mean", "mean", x, dim=1), out_features=12)


def _words(folder: Path, network, *, each_place: bool) -> Project:
    words = np.random.default_rng(0).integers(0, 12, (300, 11))
    words[0] = 11  # every word is there
    targets = words[:, 1:] if each_place else words[:, 10]
    return arrays(folder, words[:, :10].copy(), targets.copy(), plan(split=ALL), network, "nn.CrossEntropyLoss")


def _gan(folder: Path) -> Project:
    """Two objectives that take turns."""
    return with_facts(files.load(FOLDER / "gan_points.layerloom"))


PROJECTS = {
    "mlp": lambda folder: digits(mlp, plan()),
    "lenet with dropout": lambda folder: digits(lenet, plan()),
    "batch normalization": lambda folder: digits(cnn, plan()),
    "lstm": lambda folder: _words(folder, lstm, each_place=True),
    "transformer": lambda folder: _words(folder, transformer, each_place=False),
    "two objectives": _gan,
}

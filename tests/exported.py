"""Networks with their first weights for tests of exports, and what they give."""

from __future__ import annotations

from pathlib import Path

import torch

from drawings import Drawing, with_images
from graph.model import Project
from runtime.compiler import compile_project
from runtime.predict import Trained
from trainings import plan, with_facts


def network(project: Project, run: Path | None = Path("run")) -> Trained:
    """The network with its first weights, as if a run had trained it."""
    compiled = compile_project(project)
    return Trained(project=project, compiled=compiled, model=compiled.build(seed=0).eval(), run=run)


def digits(name: str = "logits") -> Project:
    d, x, label = with_images("Net")
    x = d.add("nn.Conv2d", "conv1", x, out_channels=4, kernel_size=5, stride=4)
    x = d.add("nn.Dropout", "dropout1", d.add("nn.BatchNorm2d", "norm1", x), p=0.5)
    x = d.add("nn.Linear", name, d.add("nn.Flatten", "flatten1", x), out_features=10)
    d.add("nn.CrossEntropyLoss", "loss", x, label)
    return d.project


def tagger(layer: str = "nn.LSTM") -> Project:
    """A tag for each word, by a recurrent layer that reads both ways."""
    d = Drawing("Net", plan())
    d.add("data.TaggedTexts", "tagged")
    x = d.add("nn.Embedding", "embedding", d.port("tagged", "tokens"), num_embeddings=49, embedding_dim=8)
    x = d.add(layer, "layer", x, hidden_size=8, bidirectional=True)
    x = d.add("nn.Linear", "scores", x, out_features=7)
    d.add("nn.CrossEntropyLoss", "loss", d.add("op.Transpose", "turned", x, dim0=1, dim1=2), d.port("tagged", "tags"))
    return with_facts(d.project)


def outputs(model: torch.nn.Module, batch: tuple[torch.Tensor, ...]) -> list[torch.Tensor]:
    torch.manual_seed(1)  # for those that draw random numbers
    with torch.inference_mode():
        result = model(*batch)
    return list(result) if isinstance(result, tuple) else [result]

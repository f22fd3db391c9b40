"""Networks over texts learn: a language model step by step as by hand, a classifier, a tagger, and one that says dates."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from drawings import Drawing
from graph.catalog import CATALOG
from graph.model import Port, Project
from graph.plan import Choice
from graph.validation import validate
from runtime.analyser import analyse
from runtime.data import prepare
from runtime.events import Finished
from runtime.predict import load_trained, predict_batch
from runtime.predict_texts import continue_file
from text_drawings import char_lm
from trainings import epochs_of, plan, run, step_series, with_facts

FAST = Choice("torch.optim.Adam", {"lr": 0.03})


class CharLM(nn.Module):
    """The network of `text_drawings.char_lm`, written by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(58, 16)
        self.gru = nn.GRU(16, 32, batch_first=True)
        self.scores = nn.Linear(32, 58)

    def forward(self, x: Tensor) -> Tensor:
        return self.scores(self.gru(self.embedding(x))[0]).transpose(1, 2)


def checked(project: Project) -> Project:
    assert validate(project, CATALOG) == () and analyse(project).problems == ()
    return project


def test_a_language_model_trains_as_by_hand(tmp_path: Path) -> None:
    project = checked(char_lm(plan(epochs=3), stride=12))
    events = run(project, tmp_path)
    assert isinstance(events[-1], Finished)
    x, y = prepare(project).train.tensors.values()
    torch.manual_seed(3)
    model, generator, losses = CharLM(), torch.Generator().manual_seed(3), []
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    for _ in range(3):
        for rows in torch.randperm(len(x), generator=generator).split(32):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert step_series(events) == losses
    assert losses[0] == pytest.approx(torch.tensor(58.0).log().item(), rel=0.05)
    assert sum(losses[-5:]) / 5 < 3.3


def test_a_trained_language_model_takes_a_prompt(tmp_path: Path) -> None:
    trained = load_trained(Path(run(char_lm(plan(epochs=1)), tmp_path)[-1].run))
    (tmp_path / "prompt.txt").write_text("Shall I\nNo more\n")
    assert len(continue_file(trained, tmp_path / "prompt.txt")) == 2
    (port,) = trained.compiled.inputs
    (scores,) = predict_batch(trained, {port: torch.ones(2, 32, dtype=torch.int64)})
    assert scores.shape == (2, 58, 32)


def test_a_classifier_of_texts_learns(tmp_path: Path) -> None:
    d = Drawing("Reviews", plan(FAST, epochs=4))
    d.add("data.LabeledTexts", "texts")
    x = d.add("nn.Embedding", "embedding", d.port("texts", "tokens"), num_embeddings=100, embedding_dim=16)
    scores = d.add("nn.Linear", "scores", d.add("op.Mean", "mean", x, dim=1), out_features=2)
    d.add("nn.CrossEntropyLoss", "loss", scores, d.port("texts", "label"))
    d.add("metric.Accuracy", "accuracy", scores, d.port("texts", "label"))
    epochs = epochs_of(run(checked(with_facts(d.project)), tmp_path))
    assert epochs[-1].validation["loss"] < 0.8 * epochs[0].validation["loss"]
    assert epochs[-1].validation["accuracy"] > 0.8


def test_a_tagger_learns_and_passes_over_what_fills_up(tmp_path: Path) -> None:
    d = Drawing("Tagger", plan(FAST, epochs=4))
    d.add("data.TaggedTexts", "sentences")
    x = d.add("nn.Embedding", "embedding", d.port("sentences", "tokens"), num_embeddings=100, embedding_dim=24)
    scores = d.add("nn.Linear", "scores", x, out_features=7)
    scores = d.add("op.Transpose", "by_class", scores, dim0=1, dim1=2)
    d.add("nn.CrossEntropyLoss", "loss", scores, d.port("sentences", "tags"))
    epochs = epochs_of(run(checked(with_facts(d.project)), tmp_path))
    assert epochs[-1].validation["loss"] < 0.5 * epochs[0].train["loss"]


@pytest.mark.slow
def test_a_decoder_learns_dates(tmp_path: Path) -> None:
    d = Drawing("Dates", plan(epochs=2))
    d.add("data.TextPairs", "dates")
    heard = d.add("nn.Embedding", "hear", d.port("dates", "source"), num_embeddings=64, embedding_dim=24)
    d.add("nn.GRU", "encoder", heard, hidden_size=48)
    said = d.add("nn.Embedding", "say", d.port("dates", "target_in"), num_embeddings=16, embedding_dim=24)
    d.add("nn.GRU", "decoder", said, hidden_size=48)
    d.wire(d.port("encoder", "h_n"), "decoder", "h_0")
    x: Port = d.add("nn.Linear", "scores", Port(d.id("decoder"), "output"), out_features=15)
    d.add(
        "nn.CrossEntropyLoss",
        "loss",
        d.add("op.Transpose", "by_class", x, dim0=1, dim1=2),
        d.port("dates", "target_out"),
    )
    epochs = epochs_of(run(checked(with_facts(d.project)), tmp_path))
    assert epochs[-1].validation["loss"] < 1.3


def test_scores_for_too_few_tokens_are_a_problem() -> None:
    d = Drawing("Small", plan())
    d.add("data.Text", "text")
    x = d.add("nn.Embedding", "embedding", d.port("text", "input"), num_embeddings=58)
    scores = d.add("op.Transpose", "by_class", d.add("nn.Linear", "scores", x, out_features=40), dim0=1, dim1=2)
    d.add("nn.CrossEntropyLoss", "loss", scores, d.port("text", "target"))
    (problem,) = analyse(with_facts(d.project)).problems
    assert "40 scores" in str(problem.message) and "58 classes" in str(problem.message)

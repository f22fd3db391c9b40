"""The examples on made-up points and on texts: `tools/draw_resources.py` writes the files that ship."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from drawings import Drawing
from graph.model import Project
from graph.plan import Choice, Objective, Plan
from runtime.guides import KEY
from trainings import with_facts


def spirals_mlp() -> Project:
    """Three spirals that a small network tells apart."""
    plan = Plan(epochs=40, objectives=(Objective(optimizer=Choice("torch.optim.Adam", {"lr": 0.005})),))
    d = Drawing("SpiralsMLP", plan)
    d.add("data.Points", "spirals", set="spirals", classes=3, noise=0.05, samples=1500)
    x = d.port("spirals", "point")
    for number, width in enumerate((64, 64), start=1):
        x = d.add("nn.Tanh", f"tanh{number}", d.add("nn.Linear", f"fc{number}", x, out_features=width))
    scores = d.add("nn.Linear", "scores", x, out_features=3)
    d.add("nn.CrossEntropyLoss", "loss", scores, d.port("spirals", "label"))
    d.add("metric.Accuracy", "accuracy", scores, d.port("spirals", "label"))
    return finished(d, "spirals_mlp")


def char_lm() -> Project:
    """A language model by characters: GRU over embeddings."""
    plan = Plan(
        epochs=25,
        patience=5,
        batch_size=8,
        objectives=(Objective(optimizer=Choice("torch.optim.Adam", {"lr": 0.005}), clip="norm"),),
    )
    d = Drawing("CharLM", plan)
    d.add("data.Text", "sonnets", stride=16)
    x = d.add("nn.Embedding", "embedding", d.port("sonnets", "input"), num_embeddings=58, embedding_dim=48)
    x = d.add("nn.GRU", "gru", x, hidden_size=128)
    x = d.add("nn.Dropout", "dropout", x, p=0.3)
    scores = d.add("op.Transpose", "by_class", d.add("nn.Linear", "scores", x, out_features=58), dim0=1, dim1=2)
    d.add("nn.CrossEntropyLoss", "loss", scores, d.port("sonnets", "target"))
    return finished(d, "char_lm")


def finished(d: Drawing, guide: str) -> Project:
    """Laid out from (0, 0) on, with what its data says, and with the name of its page."""
    project = replace(with_facts(d.placed), extra={KEY: guide})
    left, top = (min(node.position[i] for node in project.graph.nodes.values()) for i in (0, 1))
    moved = {node.id: (node.position[0] - left, node.position[1] - top) for node in project.graph.nodes.values()}
    return project.with_graph(project.graph.move(moved))


DRAW: dict[str, Callable[[], Project]] = {"spirals_mlp": spirals_mlp, "char_lm": char_lm}

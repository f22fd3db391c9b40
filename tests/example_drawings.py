"""The examples on made-up points and on texts: `tools/draw_resources.py` writes the files that ship."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from drawings import Drawing
from graph.model import Port, Project
from graph.plan import LAST, Choice, Objective, Plan
from runtime.guides import KEY
from trainings import with_facts

_GAN_ADAM = Choice("torch.optim.Adam", {"lr": 0.001, "beta1": 0.5})


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


def gan_points() -> Project:
    """A GAN: a generator learns to make points that a discriminator cannot tell from those of the data."""
    inner = Drawing("Discriminator")
    x = inner.add("op.Input", "point", shape=(2,))
    for number in (1, 2):
        x = inner.add(
            "nn.LeakyReLU",
            f"relu{number}",
            inner.add("nn.Linear", f"fc{number}", x, out_features=64),
            negative_slope=0.2,
        )
    inner.add("op.Output", "score", inner.add("nn.Linear", "fc3", x, out_features=1))
    d = Drawing("PointsGAN", definitions=inner.as_block(help="Says how real a point looks."))
    d.add("data.Points", "ring", set="ring", classes=8, noise=0.05, samples=4000)
    real = d.port("ring", "point")
    fake = _generator(d, d.add("op.Random", "noise", real, shape=(8,)))
    add_game(d, real, fake)
    judge = Objective(
        "discriminator", ((d.id("real_is_real"), 0.5), (d.id("fake_is_fake"), 0.5)), (d.id("judge_real"),), _GAN_ADAM
    )
    maker = Objective("generator", ((d.id("fake_passes"), 1.0),), tuple(d.id(f"make{n}") for n in (1, 2, 3)), _GAN_ADAM)
    d.plan = replace(Plan(epochs=60, batch_size=128, monitor=LAST), objectives=(judge, maker))
    return finished(d, "gan_points")


def add_game(d: Drawing, real: Port, fake: Port) -> None:
    """The block `Discriminator` on real and on made samples, with the same weights, and the three losses of a GAN."""
    d_real = d.add("block.Discriminator", "judge_real", real)
    d_fake = d.add("block.Discriminator", "judge_fake", fake, shares="judge_real")
    yes = d.add("op.Full", "yes", real, shape=(1,), fill_value=1.0)
    no = d.add("op.Full", "no", real, shape=(1,), fill_value=0.0)
    d.add("nn.BCEWithLogitsLoss", "real_is_real", d_real, yes)
    d.add("nn.BCEWithLogitsLoss", "fake_is_fake", d_fake, no)
    d.add("nn.BCEWithLogitsLoss", "fake_passes", d_fake, yes)


def finished(d: Drawing, guide: str) -> Project:
    """Laid out from (0, 0) on, with what its data says, and with the name of its page."""
    project = replace(with_facts(d.placed), extra={KEY: guide})
    left, top = (min(node.position[i] for node in project.graph.nodes.values()) for i in (0, 1))
    moved = {node.id: (node.position[0] - left, node.position[1] - top) for node in project.graph.nodes.values()}
    return project.with_graph(project.graph.move(moved))


def _generator(d: Drawing, x: Port) -> Port:
    for number in (1, 2):
        x = d.add("nn.ReLU", f"relu{number}", d.add("nn.Linear", f"make{number}", x, out_features=64))
    return d.add("nn.Linear", "make3", x, out_features=2)


DRAW: dict[str, Callable[[], Project]] = {"spirals_mlp": spirals_mlp, "gan_points": gan_points, "char_lm": char_lm}

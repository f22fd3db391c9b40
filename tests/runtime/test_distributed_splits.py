"""What several processes cannot train is refused before training, by the name of the node; what they can is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from drawings import Drawing
from graph.messages import RunError
from graph.model import Port, Project
from graph.plan import Choice, Objective
from runtime.training.job import build
from runtime.training.splitting import check_splits
from trainings import cnn, digits, mlp, plan, with_facts


def refused(project: Project) -> str | None:
    """The sentence; nothing of the fit may have changed."""
    fit, _ = build(project, None, 1)
    before = {key: value.clone() for key, value in fit.model.state_dict().items()}
    random = torch.get_rng_state()
    try:
        check_splits(fit)
        return None
    except RunError as error:
        assert error.node is None or error.node in project.graph.nodes
        return str(error)
    finally:
        after = fit.model.state_dict()
        assert all(torch.equal(value, after[key]) for key, value in before.items())
        assert torch.equal(torch.get_rng_state(), random)


def middle(name: str, add: Callable[[Drawing, Port], Port]) -> Project:
    """Digits with something between two layers."""

    def network(d: Drawing, x: Port) -> Port:
        x = d.add("nn.Linear", "fc1", d.add("nn.Flatten", "flatten", x), out_features=12)
        return d.add("nn.Linear", "fc2", add(d, x), out_features=10)

    return digits(network, plan())


def expression(text: str) -> Callable[[Drawing, Port], Port]:
    return lambda d, x: d.add("op.Expression", "mixed", x, expression=text)


MIXING = {
    "softmax over the batch": lambda d, x: d.add("nn.Softmax", "mixed", x, dim=0),
    "away from the mean": expression("fc1 - fc1.mean(dim=0)"),
    "the next sample": expression("fc1 + fc1.roll(1, 0)"),
    "a sum over all": lambda d, x: d.add("op.CumulativeSum", "mixed", x, dim=0),
    "noise of one batch": expression("fc1 * fc1.std()"),
}


@pytest.mark.parametrize("name", MIXING)
def test_a_node_that_looks_at_several_samples_is_named(name):
    text = refused(middle(name, MIXING[name]))
    assert text is not None and "'mixed' looks at several samples" in text


def test_mixing_samples_in_training_is_refused():
    d = Drawing("Net", plan())
    d.add("data.Images", "digits", source="builtin:digits", image_size=8)
    d.add("op.MixUp", "mixup", d.port("digits", "image"), d.port("digits", "label"))
    image, label = d.ports("mixup")
    d.add("nn.CrossEntropyLoss", "loss", mlp(d, image), label)
    assert "'mixup' looks at several samples" in str(refused(with_facts(d.project)))


def test_a_contrastive_loss_is_refused():
    d = Drawing("Net", plan())
    d.add("data.Images", "digits", source="builtin:digits", image_size=8)
    x = d.add("nn.Linear", "fc1", d.add("nn.Flatten", "flatten", d.port("digits", "image")), out_features=12)
    y = d.add("nn.Linear", "fc2", x, out_features=12)
    likeness = d.add("op.MatMul", "likeness", x, d.add("op.Transpose", "turned", y, dim0=0, dim1=1))
    d.add("op.MeanLoss", "loss", d.add("op.Expression", "apart", likeness, expression="(likeness ** 2).sum(dim=1)"))
    assert "'likeness' looks at several samples" in str(refused(with_facts(d.project)))


def test_what_remembers_batches_is_refused():
    def network(d: Drawing, x: Port) -> Port:
        x = d.add(
            "nn.InstanceNorm2d", "norm1", d.add("nn.Conv2d", "conv1", x, out_channels=4), track_running_stats=True
        )
        return d.add("nn.Linear", "fc1", d.add("nn.Flatten", "flatten", x), out_features=10)

    assert "'norm1' remembers something of every batch" in str(refused(digits(network, plan())))


def words(optimizer: str = "Adam", **of_embedding) -> Project:
    """The next word by the mean of those before; two objectives share the work."""
    d = Drawing("Words", plan())
    d.add("data.Text", "village", source="builtin:village", tokens="words", length=5, stride=1)
    x = d.add(
        "nn.Embedding", "embedding", d.port("village", "input"), num_embeddings=239, embedding_dim=8, **of_embedding
    )
    x = d.add("nn.Linear", "scores", x, out_features=239)
    by_class = d.add("op.Transpose", "by_class", x, dim0=1, dim1=2)
    d.add("nn.CrossEntropyLoss", "loss", by_class, d.port("village", "target"))
    first = Objective("first", parameters=(d.id("embedding"),), optimizer=Choice(f"torch.optim.{optimizer}"))
    d.plan = replace(plan(), objectives=(first, Objective("second", parameters=(d.id("scores"),))))
    return with_facts(d.project)


def test_what_would_differ_between_processes_is_refused():
    assert refused(words()) is None
    assert "SparseAdam of 'first'" in str(refused(words("SparseAdam")))
    assert "'embedding' shortens the vectors" in str(refused(words(max_norm=1.0)))


def noisy(d: Drawing, x: Port) -> Port:
    """Things that act on each sample alone, though at random."""
    x = d.add("op.RandomCrop", "crop", d.add("op.GaussianNoise", "noise", x, std=0.1), padding=1)
    return cnn(d, x)


def test_what_acts_on_each_sample_alone_is_not_refused():
    assert refused(digits(mlp, plan())) is None
    assert refused(digits(cnn, plan())) is None
    assert refused(digits(noisy, plan())) is None
    (objective,) = plan().objectives
    two = replace(plan(), objectives=(replace(objective, accumulate=2),))
    assert refused(digits(cnn, two)) is None

"""A trained network as something to ask: the same answers as in its run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from graph.messages import RunError
from runtime import predict
from runtime.data import prepare
from runtime.predict import load_trained, predict_batch, predict_file, untrained
from runtime.runs import load_run
from trainings import cnn, digits, mlp, plan, run


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A project and the events of its run."""
    project = digits(cnn, plan(epochs=4))
    return project, run(project, tmp_path_factory.mktemp("runs"))


def test_a_run_answers_as_it_did_at_its_end(finished):
    _, (*_, tested, ended) = finished
    trained = load_trained(Path(ended.run))
    assert not trained.model.training and trained.run == Path(ended.run) and trained.classes == tuple("0123456789")
    again = predict.test_again(trained)
    assert again.test == tested.test and again.confusion == tested.confusion
    for one, other in zip(again.predictions, tested.predictions, strict=True):
        assert (one.index, one.target, one.prediction, one.confidence) == (
            other.index, other.target, other.prediction, other.confidence,
        )  # fmt: skip


def test_a_picture_from_a_file_is_recognized(finished, tmp_path):
    project, (*_, ended) = finished
    images, labels = prepare(project).test.tensors.values()
    trained = load_trained(Path(ended.run))
    right = 0
    for i in range(20):
        path = tmp_path / f"{i}.png"
        Image.fromarray((images[i, 0].numpy() * 255).round().astype(np.uint8)).save(path)
        (answer,) = predict_file(trained, path)
        right += answer.prediction == labels[i] and 0.1 < answer.confidence <= 1
    assert right >= 17


def test_a_long_file_is_answered_in_batches(finished, monkeypatch):
    project, (*_, ended) = finished
    images = prepare(project).test.tensors
    trained = load_trained(Path(ended.run))
    (port,) = trained.compiled.inputs
    monkeypatch.setattr(predict, "inputs_of", lambda trained, path: {port: images[port][:40]})
    path = Path("rows")
    whole = predict_file(trained, path)
    sizes = []
    ask = predict.predict_batch
    monkeypatch.setattr(predict, "MAX_BATCH", 16)
    monkeypatch.setattr(
        predict, "predict_batch", lambda trained, inputs: (sizes.append(len(inputs[port])), ask(trained, inputs))[1]
    )
    parts = predict_file(trained, path)
    assert sizes == [16, 16, 8]
    assert [p.prediction for p in parts] == [p.prediction for p in whole] and len(parts) == 40
    assert [p.confidence for p in parts] == pytest.approx([p.confidence for p in whole], abs=1e-6)


def test_a_batch_gives_a_tensor_for_each_output_without_history(finished):
    trained = load_trained(Path(finished[1][-1].run))
    (port,) = trained.compiled.inputs
    (scores,) = predict_batch(trained, {port: torch.rand(5, 1, 8, 8)})
    assert scores.shape == (5, 10) and not scores.requires_grad
    with pytest.raises(RunError, match="also needs 'digits'"):
        predict_batch(trained, {})


def test_an_untrained_network_is_the_one_that_training_starts_from(finished):
    project, _ = finished
    model = untrained(project).model
    assert not model.training
    assert torch.equal(model.conv1.weight, untrained(project).model.conv1.weight)


def test_a_run_without_weights_or_with_others_is_a_sentence(finished, tmp_path):
    _, (*_, ended) = finished
    other = run(digits(mlp, plan(epochs=1)), tmp_path)[-1]
    weights = load_run(Path(other.run)).weights
    weights.write_bytes(load_run(Path(ended.run)).weights.read_bytes())
    with pytest.raises(RunError, match="do not fit"):
        load_trained(Path(other.run))
    weights.write_bytes(b"\xff" * 100)
    with pytest.raises(RunError, match="damaged"):
        load_trained(Path(other.run))
    for path in weights.parent.iterdir():
        path.unlink()
    with pytest.raises(RunError, match="left no weights"):
        load_trained(Path(other.run))


def test_loading_takes_no_random_numbers_from_a_run_under_way(finished):
    before = torch.get_rng_state()
    load_trained(Path(finished[1][-1].run))
    assert torch.equal(before, torch.get_rng_state())

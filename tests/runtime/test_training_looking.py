"""Pictures of what a network does while it trains: equal to those computed by hand, and a run has the same bits without them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from drawings import Drawing
from graph import files
from graph.model import Port, Project
from graph.plan import Choice, Objective
from runtime.events import (
    Boundary,
    EpochEnded,
    Finished,
    FunctionDrawn,
    ImagesAgain,
    ImagesMade,
    Noted,
    Pictured,
    PointsMade,
    StepsEnded,
    to_json,
)
from runtime.runs import load_run
from runtime.session import Session
from runtime.training import looking, looking_kinds, replay
from runtime.training.checkpoints import read_weights
from runtime.training.fit import Fit
from runtime.training.job import build
from runtime.training.looking import SEED, without_a_trace
from runtime.training.looking_kinds import GRID, IMAGES, LINE, PAIRS, views_of
from trainings import arrays, digits, mlp, plan, run, step_series, with_facts
from watched import Watched

EXAMPLES = Path(__file__).parents[2] / "resources" / "examples"
KINDS = {
    "moons_mlp": [(Boundary, "logits")],
    "spirals_mlp": [(Boundary, "scores")],
    "gan_points": [(PointsMade, "make3")],
    "gan_digits": [(ImagesMade, "drawn")],
    "autoencoder_digits": [(ImagesAgain, "framed")],
    "vae_digits": [(ImagesAgain, "framed")],
    "lenet5_digits": [],
    "mlp_regression": [],
    "waves_conv1d": [],
    "clips_conv3d": [],
    "char_lm": [],
}


def example(name: str, **changes) -> Project:
    project = files.from_text((EXAMPLES / f"{name}.layerloom").read_text("utf-8"))
    return project.with_plan(replace(project.plan, device="cpu", **changes))


def fit_of(project: Project, folder: Path | None = None) -> Fit:
    return build(project, folder, 1)[0]


def look(fit: Fit, classes: tuple[str, ...] = ()):
    """The only picture."""
    with without_a_trace(fit):
        (view,) = views_of(fit, classes)
        return view()


@pytest.fixture
def always(monkeypatch):
    """Looks before every step."""
    monkeypatch.setattr(looking, "INTERVAL", 0.0)
    monkeypatch.setattr(looking, "MAX_SHARE", float("inf"))


# ---- nothing of it is left in a run


def noisy_autoencoder(**more) -> Project:
    """Noise, dropout and batch normalization on the way from digits to digits."""
    d = Drawing("Net", plan(Choice("torch.optim.Adam", {"lr": 0.01}), epochs=2, batch_size=64, **more))
    d.add("data.Images", "digits", source="builtin:digits", image_size=8)
    pixels = d.add("nn.Flatten", "pixels", d.port("digits", "image"))
    noise = d.add("op.Random", "noise", pixels, shape=(64,))
    x = d.add("nn.Linear", "fc1", d.add("op.Expression", "spoiled", pixels, noise, expression="pixels + 0.1 * noise"),
              out_features=24)  # fmt: skip
    x = d.add("nn.Dropout", "dropout", d.add("nn.ReLU", "relu", d.add("nn.BatchNorm1d", "norm", x)), p=0.2)
    d.add("nn.MSELoss", "loss", d.add("nn.Linear", "fc2", x, out_features=64), pixels)
    return with_facts(d.project)


def assert_same_run(project: Project, folder: Path) -> None:
    plain, looked = (run(project, folder / name, look=name == "looked") for name in ("plain", "looked"))
    pictures = [event for event in looked if isinstance(event, Pictured)]
    steps = max(event.step for event in looked if isinstance(event, EpochEnded))
    assert [event.step for event in pictures] == [*range(steps + 1)]  # before every step, and at the end
    assert not [event for event in plain if isinstance(event, Pictured)]
    series = next(e.series for e in plain if isinstance(e, StepsEnded))
    assert series and all(step_series(plain, name) == step_series(looked, name) for name in series)
    assert isinstance(plain[-1], Finished) and isinstance(looked[-1], Finished) and plain[-1].test == looked[-1].test
    weights = [read_weights(load_run(Path(events[-1].run)).weights) for events in (plain, looked)]
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


@pytest.mark.parametrize(
    "changes",
    [{}, {"averaging": "ema", "averaging_decay": 0.9}, {"averaging": "swa", "averaging_start": 1}, {"precision": "bfloat16"}],
    ids=["plain", "ema", "swa", "bfloat16"],
)  # fmt: skip
def test_a_run_has_the_same_bits_with_and_without_looking(changes, tmp_path, always):
    assert_same_run(noisy_autoencoder(**changes), tmp_path)


def test_so_has_a_game_of_two_objectives(tmp_path, always):
    assert_same_run(example("gan_points", epochs=1, patience=0), tmp_path)


def test_recorded_steps_stay_recorded_and_the_model_as_it_was(monkeypatch):
    monkeypatch.setattr(replay, "GAIN", 0.0)  # a recording is used however fast it is
    fit = fit_of(noisy_autoencoder())
    fit.begin(training=True)
    (learner,) = fit.learners
    for batch in [batch for batch in fit.batches(fit.train, training=True) if len(batch[0]) == 64] * 2:
        before = {name: value.clone() for name, value in fit.model.state_dict().items()}
        random, modes = torch.get_rng_state(), [module.training for module in fit.model.modules()]
        look(fit)
        assert all(torch.equal(value, before[name]) for name, value in fit.model.state_dict().items())
        assert torch.equal(torch.get_rng_state(), random) and torch.is_grad_enabled()
        assert [module.training for module in fit.model.modules()] == modes and all(modes)
        fit.train_step(batch)
    assert learner.is_recorded


# ---- what each picture shows


@pytest.mark.parametrize("name", KINDS)
def test_the_drawing_alone_says_which_pictures_there_are(name):
    fit = fit_of(example(name))
    with without_a_trace(fit):
        found = [view() for view in views_of(fit)]
    assert [(type(picture), picture.name) for picture in found] == KINDS[name]


def test_the_boundary_is_the_likeliest_class_at_each_place():
    fit = fit_of(example("spirals_mlp"))
    seen = look(fit, ("a", "b", "c"))
    x, y = (fit.train.tensors[port] for port in fit.ports)
    left, right, bottom, top = seen.box
    low, high = x.amin(0), x.amax(0)
    assert np.allclose([left, bottom], low - 0.1 * (high - low)) and np.allclose(
        [right, top], high + 0.1 * (high - low)
    )
    model = fit.model
    rows = []
    for at in torch.linspace(bottom, top, GRID):
        places = torch.stack([torch.linspace(left, right, GRID), at.expand(GRID)], 1)
        hidden = torch.tanh(model.fc2(torch.tanh(model.fc1(places))))
        rows.append(model.scores(hidden).softmax(1).detach())
    chances = torch.stack(rows)
    assert np.array_equal(seen.guess, chances.argmax(2))
    assert np.allclose(seen.confidence, chances.amax(2), atol=1e-6)
    known = {(tuple(point), int(label)) for point, label in zip(x.tolist(), y, strict=True)}
    shown = {(tuple(point), int(label)) for point, label in zip(seen.points.tolist(), seen.targets, strict=True)}
    assert len(shown) == 500 and shown <= known and seen.classes == ("a", "b", "c")


def with_arrays(folder: Path, inputs: np.ndarray, targets: np.ndarray, loss: str) -> Project:
    def network(d: Drawing, x: Port) -> Port:
        return d.add("nn.Linear", "answer", x, out_features=1)

    return arrays(folder, inputs.astype("float32"), targets.astype("float32"), plan(), network, loss)


def test_a_boundary_of_yes_and_no(tmp_path):
    points = np.random.default_rng(0).normal(size=(80, 2))
    project = with_arrays(tmp_path, points, points[:, :1] > 0, "nn.BCEWithLogitsLoss")
    fit = fit_of(project, tmp_path)
    seen = look(fit)
    (weight,), (bias,) = fit.model.answer.weight.detach().numpy(), fit.model.answer.bias.detach().numpy()
    left, right, bottom, top = seen.box
    x, y = np.meshgrid(np.linspace(left, right, GRID), np.linspace(bottom, top, GRID))
    chance = 1 / (1 + np.exp(-(weight[0] * x + weight[1] * y + bias)))
    assert np.array_equal(seen.guess, chance > 0.5)
    assert np.allclose(seen.confidence, np.maximum(chance, 1 - chance), atol=1e-5)
    assert np.array_equal(seen.targets, seen.points[:, 0] > 0)


@pytest.mark.parametrize("loss", ["nn.MSELoss", "nn.BCEWithLogitsLoss"])
def test_a_function_over_its_data(loss, tmp_path):
    x = np.linspace(-1, 3, 60)[:, None]
    fit = fit_of(with_arrays(tmp_path, x, (x > 1).astype(float), loss), tmp_path)
    seen = look(fit)
    assert isinstance(seen, FunctionDrawn) and len(seen.x) == LINE
    expected = fit.model.answer(torch.from_numpy(seen.x)[:, None]).detach()[:, 0]
    expected = torch.sigmoid(expected) if loss == "nn.BCEWithLogitsLoss" else expected
    assert np.allclose(seen.y, expected, atol=1e-6)
    inputs = fit.train.tensors[fit.ports[0]]
    margin = 0.1 * float(inputs.max() - inputs.min())
    assert (seen.x[0], seen.x[-1]) == pytest.approx((float(inputs.min()) - margin, float(inputs.max()) + margin))
    assert np.array_equal(seen.points[:, 1], seen.points[:, 0] > 1)


def test_points_are_those_that_the_generator_makes_of_the_same_noise_each_time():
    fit = fit_of(example("gan_points"))
    seen, again = look(fit), look(fit)
    noise = torch.randn(500, 8, generator=torch.Generator().manual_seed(SEED))
    model = fit.model
    by_hand = model.make3(torch.relu(model.make2(torch.relu(model.make1(noise)))))
    assert np.allclose(seen.points, by_hand.detach(), atol=1e-6)
    assert np.array_equal(seen.points, again.points)
    real = {tuple(point) for point in fit.train.tensors[fit.ports[0]].tolist()}
    assert len(seen.real) == 500 and {tuple(point) for point in seen.real.tolist()} <= real


def test_images_are_those_that_the_generator_makes():
    fit = fit_of(example("gan_digits"))
    seen = look(fit)
    model = fit.model
    noise = torch.randn(IMAGES, 16, generator=torch.Generator().manual_seed(SEED))
    pixels = torch.sigmoid(model.make3(torch.relu(model.make2(torch.relu(model.make1(noise))))))
    assert seen.images.dtype == np.uint8 and seen.images.shape == (IMAGES, 8, 8)
    assert np.array_equal(seen.images, (pixels.detach() * 255).round().reshape(IMAGES, 8, 8))


def test_images_again_stand_beside_those_of_the_validation_part():
    fit = fit_of(example("autoencoder_digits"))
    seen = look(fit)
    (images,) = fit.validation.head(PAIRS, ports=fit.ports)
    model = fit.model
    code = model.code(torch.relu(model.encode1(images.flatten(1))))
    made = torch.sigmoid(model.ink(torch.relu(model.decode1(code)))).detach()
    assert np.array_equal(seen.given, (images * 255).round()[:, 0])
    assert np.array_equal(seen.made, (made * 255).round().reshape(PAIRS, 8, 8))


def test_black_and_white_are_those_of_the_data():
    """A network whose images go from -1 to 1 is not shown darker than it is; large images are made smaller."""
    values = torch.tensor([-1.0, 0.0, 1.0, 2.0]).reshape(1, 1, 2, 2)
    assert looking_kinds._bytes(values, (1, 2, 2), (-1.0, 1.0)).tolist() == [[[0, 128], [255, 255]]]
    assert looking_kinds._bytes(torch.ones(2, 3, 192, 384), (3, 192, 384), (0.0, 1.0)).shape == (2, 48, 96, 3)
    assert looking_kinds._bounds(torch.tensor([-1.0, 1.0])) == (-1.0, 1.0)
    assert looking_kinds._bounds(torch.tensor([0.2, 0.9])) == (0.0, 1.0)


def conditional_gan(*, merged: bool) -> Project:
    """A generator that also hears the class; one judge over both, or over both at once."""
    d = Drawing("Net", plan())
    d.add("data.Points", "points", set="ring", classes=8)
    real, label = d.port("points", "point"), d.port("points", "label")
    noise = d.add("op.Random", "noise", real, shape=(2,))
    word = d.add("nn.Embedding", "word", label, num_embeddings=8, embedding_dim=2)
    stage = d.add("nn.Linear", "stage", d.add("op.Add", "told", noise, word), out_features=2)
    made = d.add("nn.Linear", "made", stage, out_features=2)
    if merged:
        both = d.add("op.Concatenate", "both", real, made, dim=1)
        score = d.add("nn.Linear", "judge", both, out_features=1)
        d.add("nn.BCEWithLogitsLoss", "loss", score, d.add("op.Full", "no", both, shape=(1,), fill_value=0.0))
        return with_facts(d.project)
    d.add("nn.BCEWithLogitsLoss", "real", d.add("nn.Linear", "judge", real, out_features=1),
          d.add("op.Full", "yes", real, shape=(1,), fill_value=1.0))  # fmt: skip
    score = d.add("nn.Linear", "judge_made", made, out_features=1, shares="judge")
    d.add("nn.BCEWithLogitsLoss", "fake", score, d.add("op.Full", "no", real, shape=(1,), fill_value=0.0))
    return with_facts(d.project)


@pytest.mark.parametrize("merged", [False, True])
def test_what_is_made_is_where_it_meets_real_data(merged):
    seen = look(fit_of(conditional_gan(merged=merged)))
    assert isinstance(seen, PointsMade) and seen.name == "made"


# ---- in a run


def test_a_look_that_fails_does_not_end_the_run(tmp_path, monkeypatch, always):
    class Broken:
        def __call__(self):
            raise RuntimeError("out of memory")

    tries = []
    monkeypatch.setattr(looking, "views_of", lambda *_: (tries.append(1), [Broken()])[1])
    events = run(example("moons_mlp", epochs=2), tmp_path, look=True)
    assert isinstance(events[-1], Finished) and len(tries) == 1
    assert [event.pictures for event in events if isinstance(event, Pictured)] == [()]
    (said,) = [str(event.message) for event in events if isinstance(event, Noted)]
    assert said.startswith("No more pictures of this run: ") and "memory" in said


def test_a_drawing_without_pictures_is_looked_at_once(tmp_path, monkeypatch, always):
    tries = []
    monkeypatch.setattr(looking, "views_of", lambda *found: tries.append(1) or views_of(*found))
    run(digits(mlp, plan(epochs=1, objectives=(Objective(),))), tmp_path, look=True)
    assert len(tries) == 1


def test_pictures_come_now_and_then_and_are_in_no_file(tmp_path):
    events = run(example("moons_mlp", epochs=2), tmp_path, look=True)
    pictured = [event for event in events if isinstance(event, Pictured)]
    assert pictured[0].step == 0 and pictured[-1].step == events[-1].epoch * 22
    assert len(pictured) < 20 and events.index(pictured[-1]) > max(
        i for i, e in enumerate(events) if isinstance(e, EpochEnded)
    )
    assert json.loads(to_json(pictured[0])) == {"event": "Pictured", "epoch": 1, "step": 0}
    lines = (Path(events[-1].run) / "metrics.jsonl").read_text("utf-8")
    assert "EpochEnded" in lines and "Pictured" not in lines


@pytest.mark.slow
def test_pictures_come_through_the_pipe_of_a_process_of_its_own(tmp_path):
    session = Session(example("gan_points", epochs=1), folder=None, runs=tmp_path, isolated=True)
    watched = Watched(session)
    watched.wait_for(Finished)
    assert session.join(30)
    first, *_, last = [event for event in watched.events if isinstance(event, Pictured)]
    assert (first.epoch, first.step) == (1, 0) and last.step > 0
    (before,), (after,) = first.pictures, last.pictures
    assert before.points.shape == after.points.shape == (500, 2) and not np.array_equal(before.points, after.points)


def test_another_drawing_in_the_run_has_its_own_pictures():
    seen = looking.Looking()
    fits = [fit_of(example(name)) for name in ("moons_mlp", "autoencoder_digits")]

    class Job:
        classes = ()

    kinds = []
    for fit in fits:
        job = Job()
        job.fit = fit
        kinds += [type(event.pictures[0]) for event in [*seen.events(job), *seen.events(job)]]
    assert kinds == [Boundary, ImagesAgain]
    assert isinstance(fits[0].model, nn.Module)

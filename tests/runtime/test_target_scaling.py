"""Regression on targets of any size: measured on the training part, told before a run, learned, and given in their own units."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from drawings import Drawing
from graph import files
from graph.plan import Choice, Objective, Plan
from graph.target_scaling import FAR_TARGET
from graph.validation import validate
from runtime import predict, trying
from runtime.data import describe, prepare, read_again
from runtime.data.moments import moments
from runtime.events import Finished
from runtime.explanations import SALIENCY
from runtime.predict import inputs_of, load_trained, predict_batch, predict_file
from runtime.sample_questions import about, explained
from runtime.training.answers import find_question
from runtime.training.job import build
from runtime.training.preflight import preflight
from trainings import run as run_of

ADAM, SGD = Choice("torch.optim.Adam", {"lr": 0.01}), Choice("torch.optim.SGD", {"lr": 0.01})


@pytest.fixture
def table(project_folder) -> Path:
    rng = np.random.default_rng(0)
    area, age, town = rng.normal(size=300), rng.normal(size=300), rng.choice(["north", "south"], 300)
    price = 180_000 + 60_000 * np.tanh(area) - 40_000 * age * (town == "north") + rng.normal(0, 4000, 300)
    rows = [f"{a:.3f},{b:.3f},{t},{p:.0f}" for a, b, t, p in zip(area, age, town, price, strict=True)]
    path = project_folder / "houses.csv"
    path.write_text("\n".join(["area,age,town,price", *rows]) + "\n", "utf-8")
    return path


def houses(table: Path, optimizer: Choice = ADAM, epochs: int = 8):
    """A small network for the prices, without a thought of their size."""
    objective = Objective(optimizer=optimizer)
    d = Drawing("Houses", Plan(objectives=(objective,), epochs=epochs, device="cpu", seed=3, monitor="last"))
    d.add("data.Table", "houses", source=table.name, target="price")
    hidden = d.add("nn.Tanh", "tanh", d.add("nn.Linear", "fc", d.port("houses", "features"), out_features=16))
    price = d.add("nn.Linear", "price", hidden, out_features=1)
    d.add("nn.MSELoss", "mse", price, d.port("houses", "target"))
    d.add("metric.R2", "r2", price, d.port("houses", "target"))
    return read_again(d.project, table.parent)


def scaled(project):
    """The drawing after a press of the button."""
    (fix,) = next(problem.fixes for problem in validate(project) if problem.code == FAR_TARGET)
    return fix.edit(project)


def trained(project, folder: Path):
    last = run_of(project, folder / "runs", folder=folder)[-1]
    assert isinstance(last, Finished), last
    return last, load_trained(Path(last.run))


def test_the_mean_is_that_of_the_training_part(table):
    project = houses(table)
    (port,) = (port for port in prepare(project, table.parent).train.ports if port.name == "target")
    prices = prepare(project, table.parent).train.tensors[port].double()
    (mean,), (spread,) = project.graph.nodes["n1"].facts["moments"]["target"].values()
    assert mean == pytest.approx(float(prices.mean()), rel=1e-9)
    assert spread == pytest.approx(float(prices.std(correction=0)), rel=1e-9)
    other = describe(project.graph.nodes["n1"], table.parent, plan=Plan(seed=4))["moments"]["target"]["mean"]
    assert other != [mean]


def test_classes_and_data_without_a_plan_have_no_moments(table):
    node = houses(table).graph.nodes["n1"]
    assert "moments" not in describe(node, table.parent)
    iris = Drawing()
    iris.add("data.Table", "iris", source="builtin:iris")
    assert "moments" not in describe(iris.graph.nodes["n1"], plan=Plan())


@pytest.mark.parametrize("shape", [(1000,), (1000, 1), (70000, 2), (50, 3, 4)])
def test_moments_are_those_of_numpy(shape):
    x = np.random.default_rng(1).normal(1e6, 3, shape)
    columns = x if x.ndim == 2 else x.reshape(-1, 1)
    mean, spread = moments(lambda start, stop: x[start:stop], len(x))
    assert np.allclose(mean, columns.mean(axis=0), rtol=1e-12) and np.allclose(spread, columns.std(axis=0), rtol=1e-9)


def test_of_very_many_numbers_evenly_spaced_pieces_are_looked_at(monkeypatch):
    monkeypatch.setattr("runtime.data.moments.MOST_NUMBERS", 60_000)
    monkeypatch.setattr("runtime.data.moments.ROWS", 100)
    x, read = np.sort(np.random.default_rng(1).normal(7, 3, 1_000_000)), []
    (mean,), (spread,) = moments(lambda start, stop: read.append(stop - start) or x[start:stop], len(x))
    assert sum(read[1:]) <= 2 * 60_000
    assert mean == pytest.approx(x.mean(), rel=0.01) and spread == pytest.approx(x.std(), rel=0.01)


def test_the_look_before_a_run_tells_with_the_numbers_for_the_mend(table):
    found = {f.code: f for f in preflight(build(houses(table), table.parent, 1)[0]).findings}
    moments_told = houses(table).graph.nodes["n1"].facts["moments"]["target"]
    assert found[FAR_TARGET].node == "n5" and found[FAR_TARGET].level == "warning"
    assert found[FAR_TARGET].measured["mean"] == pytest.approx(moments_told["mean"], rel=1e-6)
    assert "first-loss" not in found  # its advice would be another
    assert FAR_TARGET not in {f.code for f in preflight(build(scaled(houses(table)), table.parent, 1)[0]).findings}


@pytest.mark.parametrize("optimizer", [ADAM, SGD], ids=["Adam", "SGD"])
def test_what_is_learned_is_what_pytorch_learns_by_hand(table, optimizer):
    """The same seed, batches and scaling by hand: the same score on the test part; without the scaling nothing is learned."""
    folder = table.parent
    project = scaled(houses(table, optimizer))
    data, fresh = prepare(project, folder), build(project, folder, 1)[0].model
    x, y, test_x, test_y = (part.tensors[port] for part in (data.train, data.test) for port in part.ports)
    last, _ = trained(project, folder)
    hand = nn.Sequential(nn.Linear(x.shape[1], 16), nn.Tanh(), nn.Linear(16, 1))
    hand.load_state_dict(dict(zip(hand.state_dict(), fresh.state_dict().values(), strict=True)))
    way = getattr(torch.optim, optimizer.type.rpartition(".")[2])(hand.parameters(), lr=0.01)
    mean, spread = float(f"{y.double().mean():.1f}"), float(f"{y.double().std(correction=0):.1f}")
    order = torch.Generator().manual_seed(3)
    for _ in range(8):
        rows = torch.randperm(len(x), generator=order)
        for batch in rows.split(32):
            way.zero_grad()
            nn.functional.mse_loss(hand(x[batch]), (y[batch] - mean) / spread).backward()
            way.step()
    with torch.no_grad():
        errors = hand(test_x) * spread + mean - test_y
    score = 1 - float((errors.double() ** 2).sum() / ((test_y.double() - test_y.double().mean()) ** 2).sum())
    assert last.test["r2"] == pytest.approx(score, abs=1e-6)
    raw, _ = trained(houses(table, ADAM), folder)
    assert raw.test["r2"] < 0 < 0.4 < score


def test_everything_that_answers_speaks_in_the_units_of_the_target(table):
    folder = table.parent
    _, network = trained(scaled(houses(table)), folder)
    question = find_question(network.compiled)
    assert network.project.graph.nodes[network.compiled.outputs[question.output].node].name == "prediction1"
    assert question.target.node == "n1" and len(network.compiled.outputs) == 1
    said = predict.test_again(network)
    targets, guesses = ([getattr(s, key) for s in said.predictions] for key in ("target", "prediction"))
    assert min(targets) > 10_000 and np.corrcoef(targets, guesses)[0, 1] > 0.8
    assert abs(np.mean(guesses) - np.mean(targets)) < 20_000
    rows = [answer.prediction for answer in predict_file(network, table)]
    with torch.no_grad():
        (direct,) = predict_batch(network, inputs_of(network, table))
    assert rows == pytest.approx(direct[:, 0].tolist()) and 50_000 < np.mean(rows) < 300_000


def test_try_and_explain_speak_in_the_units_of_the_target(table):
    _, network = trained(scaled(houses(table)), table.parent)
    found = trying.describe(network)
    way = found.ways[0]
    (form,) = way.forms
    taken = trying.take(network, found, way, 0)
    (number,) = trying.answer(network, way, form, taken.entered).values
    sample = next(s for s in predict.test_again(network).predictions if s.number == 0)
    assert form.names == ("price",) and number == pytest.approx(sample.prediction, rel=1e-4)
    assert taken.truth == f"{sample.target:.0f}"
    (entry,) = about(network, "test", 0).entries
    assert explained(network, "test", 0, entry, 0, SALIENCY).scores.max() > 1000  # dollars for a standard deviation


def test_loss_and_outputs_may_be_scaled_by_hand_in_other_ways(table):
    """Logarithms: what an Output node gives is read, not what the loss compares."""
    project = houses(table)
    graph = scaled(project).graph
    for name, formula in (("scaled_target1", "log(target) - 12"), ("prediction1", "exp(scaled + 12)")):
        graph = graph.set_params(graph.node_named(name).id, {"expression": formula})
    last, network = trained(project.with_graph(graph), table.parent)
    assert last.test["r2"] > 0.3
    assert min(s.target for s in predict.test_again(network).predictions) > 10_000
    assert np.mean([s.prediction for s in predict.test_again(network).predictions]) > 50_000


@pytest.mark.slow
@pytest.mark.parametrize("form", ["python", "pt2", "onnx"])
def test_exports_speak_in_the_units_of_the_target(table, form):
    from runtime.export import export

    _, network = trained(scaled(houses(table)), table.parent)
    written = export(network, form, table.parent / f"out_{form}")
    assert written.verdict == "equal" and written.differences["samples"] <= 1e-4 * 300_000


def test_numbers_of_several_columns_train_and_are_kept_with_the_weights(table):
    """Fixed tensors hold them, beside which the health of layers is watched."""
    d = Drawing("Both", Plan(epochs=2, device="cpu"))
    d.add("data.Table", "houses", source=table.name, target="age, price")
    both = d.add("nn.Linear", "both", d.port("houses", "features"), out_features=2)
    d.add("nn.MSELoss", "mse", both, d.port("houses", "target"))
    _, network = trained(scaled(read_again(d.project, table.parent)), table.parent)
    assert network.model.target_mean1.shape == (1, 2) and "target_mean1" in network.model.state_dict()
    with torch.no_grad():
        (answers,) = predict_batch(network, inputs_of(network, table))
    assert abs(float(answers[:, 0].mean())) < 2 and float(answers[:, 1].mean()) > 50_000


def test_the_command_line_says_it_once_and_what_to_do(run, table):
    files.save(houses(table, epochs=1), table.parent / "houses.layerloom")
    status, out, _ = run("check", "houses.layerloom")
    assert status == 0 and "the Expression (target - " in out and "far from what a fresh network gives" in out
    status, out, err = run("train", "houses.layerloom")
    assert status == 0 and (out + err).count("far from what a fresh network gives") == 1
    status, out, _ = run("train", "houses.layerloom", "--json")
    found = [f for f in json.loads(out.splitlines()[0])["findings"] if f["code"] == FAR_TARGET]
    assert found[0]["measured"]["mean"][0] > 100_000

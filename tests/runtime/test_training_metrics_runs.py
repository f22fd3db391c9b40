"""Metrics within runs: per step or per epoch, the same however often somebody looks, and exactly gone on with."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
import torch
from sklearn.metrics import f1_score, roc_auc_score

from drawings import Drawing
from graph.model import Project
from graph.plan import Plan, Split
from runtime.analyser import analyse
from runtime.training import record as record_module
from runtime.training.fit import Fit
from runtime.training.job import build
from trainings import arrays, digits, epochs_of, mlp, plan, run, step_series, with_facts

EXTRA = ("F1", "AUROC", "JaccardIndex", "MatthewsCorrCoef", "TopKAccuracy", "CalibrationError")


def measured(plan: Plan, *metrics: str) -> Project:
    """The digits with more metrics."""
    project = digits(mlp, plan)
    d = Drawing("Net", plan)
    d.graph = project.graph
    for name in metrics or EXTRA:
        d.add(f"metric.{name}", f"{name.lower()}_node1", d.port("fc2"), d.port("digits", "label"))
    return project.with_graph(d.graph)


def test_figures_of_an_epoch_are_those_of_scikit_learn(tmp_path):
    events = run(measured(plan(epochs=1)), tmp_path)
    (epoch,) = epochs_of(events)
    fit, _ = build(measured(plan(epochs=1)), None, 1)
    fit.begin(training=True)
    for batch in fit.batches(fit.train, training=True):
        fit.train_step(batch)
    fit.begin(training=False)
    inputs, target = fit.validation.head(fit.validation.count)
    with torch.no_grad():
        scores = fit.model(inputs)
    f1 = f1_score(target, scores.argmax(1), average="macro")
    auroc = roc_auc_score(target, scores.double().softmax(1), multi_class="ovr")
    assert epoch.validation["f1"] == pytest.approx(f1, abs=1e-6)
    assert epoch.validation["auroc"] == pytest.approx(auroc, abs=1e-6)
    assert {"f1", "auroc", "iou", "matthews"} <= epoch.train.keys()
    assert len(step_series(events, "top_k_accuracy")) == len(step_series(events, "calibration_error")) == 40
    with pytest.raises(KeyError):
        step_series(events, "f1")


def figures(fit: Fit, interrupt: int | None = None) -> dict[str, float]:
    """Those of the first epoch; a run that is interrupted goes on in another process, so to say."""
    record = fit.begin(training=True)
    for batch in fit.batches(fit.train, training=True):
        record.add(len(batch[0]), fit.train_step(batch))
        if record.is_due:
            record.flush()
        if fit.batch == interrupt:
            record.flush()
            file = io.BytesIO()
            torch.save({**fit.state_dict(), "weights": fit.model.state_dict()}, file)
            file.seek(0)
            other = fit.from_the_start()
            other.load_state_dict(torch.load(file, weights_only=True))
            return figures(other)
    record.flush()
    return record.figures()


@pytest.mark.parametrize("interrupt", [1, 17, 39])
def test_a_pass_gone_on_with_gives_the_same_figures_to_the_bit(interrupt):
    fits = [build(measured(plan()), None, 1)[0] for _ in range(2)]
    assert figures(fits[0]) == figures(fits[1], interrupt)


def test_figures_do_not_depend_on_how_often_somebody_looks(monkeypatch):
    found = []
    for interval in (0.0, 1e9):
        monkeypatch.setattr(record_module, "INTERVAL", interval)
        found.append(figures(build(measured(plan()), None, 1)[0]))
    assert found[0] == found[1] and found[0].keys() >= {"f1", "auroc", "iou", "top_k_accuracy"}


def test_no_validation_part_has_no_figures(tmp_path):
    (epoch,) = epochs_of(run(measured(plan(epochs=1, split=Split(0.8, 0.0, 0.2))), tmp_path))
    assert epoch.validation == {} and epoch.train["f1"] > 0


def test_several_numbers_a_sample(tmp_path):
    def network(d, x):
        return d.add("nn.Linear", "fc1", x, out_features=3)

    inputs = torch.randn(40, 4, generator=torch.Generator().manual_seed(0)).numpy()
    project = arrays(tmp_path, inputs, inputs[:, :3].copy(), plan(epochs=1), network, "nn.MSELoss")
    d = Drawing("Net", project.plan)
    d.graph = project.graph
    for name in ("SpearmanCorrCoef", "PearsonCorrCoef", "RootMeanSquaredError"):
        d.add(f"metric.{name}", name.lower(), d.port("fc1"), d.port("arrays", "target"))
    (epoch,) = epochs_of(run(project.with_graph(d.graph), tmp_path, folder=tmp_path))
    assert {"spearman", "pearson", "root_mean_squared_error"} <= epoch.train.keys()


def test_the_library_is_imported_where_it_is_needed():
    text = "import sys, runtime.training.loop, runtime.predict; sys.exit('torchmetrics' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", text], check=False).returncode == 0


# ---- what is refused


def problems(tmp_path, target, metric: str, loss: str, *, out: int) -> list[str]:
    def network(d, x):
        return d.add("nn.Linear", "fc1", x, out_features=out)

    inputs = torch.zeros(len(target), 2).numpy()
    project = arrays(tmp_path, inputs, target.numpy(), plan(), network, loss)
    d = Drawing("Net", project.plan)
    d.graph = project.graph
    d.add(f"metric.{metric}", "measured", d.port("fc1"), d.port("arrays", "target"))
    project = with_facts(project.with_graph(d.graph), tmp_path)
    return [p.code for p in analyse(project).errors if p.node == d.id("measured")]


@pytest.mark.parametrize("metric", ["Accuracy", "F1", "AUROC", "JaccardIndex"])
def test_what_a_metric_of_classes_takes(tmp_path, metric):
    yes_or_no, several = torch.tensor([0.0, 1.0] * 4)[:, None], torch.ones(8, 3)
    assert not problems(tmp_path, torch.arange(8) % 3, metric, "nn.CrossEntropyLoss", out=3)
    assert not problems(tmp_path, yes_or_no, metric, "nn.BCEWithLogitsLoss", out=1)
    assert not problems(tmp_path, several, metric, "nn.BCEWithLogitsLoss", out=3)
    assert problems(tmp_path, yes_or_no, metric, "nn.MSELoss", out=1) == ["wrong-dtype"]
    assert problems(tmp_path, torch.arange(8) % 3, metric, "nn.CrossEntropyLoss", out=4) == ["class-count"]
    assert problems(tmp_path, several, metric, "nn.BCEWithLogitsLoss", out=2) == ["shape-mismatch"]

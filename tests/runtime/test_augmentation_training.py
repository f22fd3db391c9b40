"""The data path in drawings: measured on the training part alone, trained, gone on with, exported, and looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from amount import some
from drawings import Drawing
from graph.messages import ProjectError
from graph.model import Port, Project
from graph.plan import Split
from runtime.analyser import analyse
from runtime.augmented import augmented, last_of_the_path
from runtime.compiler import Compiled, compile_project
from runtime.data import Prepared, prepare
from runtime.diagnosis_tools import way_back
from runtime.events import Finished, Stopped
from runtime.export import export
from runtime.predict import load_trained
from runtime.training.measuring import measure
from trainings import StopAfter, cnn, digits, epochs_of, mlp, plan, run, step_series, with_facts


def path(d: Drawing, x: Port) -> Port:
    """A small network behind a data path that varies."""
    x = d.add("op.RandomCrop", "crop", d.add("op.ColorJitter", "jitter", x), padding=1)
    return cnn(d, d.add("op.Normalize", "normalize", x))


def mixed(mix: str, **params) -> Project:
    d = Drawing("Mixed", plan())
    d.add("data.Images", "digits", source="builtin:digits", image_size=8)
    d.add(f"op.{mix}", "mix", d.port("digits", "image"), d.port("digits", "label"), **params)
    scores = mlp(d, d.port("mix"))
    d.add("nn.CrossEntropyLoss", "loss", scores, d.port("mix", "shares"))
    d.add("metric.Accuracy", "accuracy1", scores, d.port("digits", "label"))
    return with_facts(d.project)


def measured(project: Project, folder: Path | None = None) -> tuple[Compiled, dict[str, torch.Tensor], Prepared]:
    compiled, prepared = compile_project(project), prepare(project, folder)
    model = compiled.build(0)
    state = torch.get_rng_state()
    measure(compiled, model, prepared.train, batch_size=100)
    assert torch.equal(torch.get_rng_state(), state)
    return compiled, model.state_dict(), prepared


def table(folder: Path, rows: np.ndarray, network, split: Split) -> Project:
    """Numbers and a target, in a fixed order of samples."""
    np.savez(folder / "arrays.npz", input=rows, target=rows[:, :1])
    d = Drawing("Net", plan(split=split))
    d.add("data.Arrays", "arrays", source="arrays.npz")
    x = network(d, d.port("arrays", "input"))
    d.add("nn.MSELoss", "loss", d.add("nn.Linear", "fc", x, out_features=1), d.port("arrays", "target"))
    return with_facts(d.project, folder)


# ---- what is measured


def test_mean_and_deviation_are_those_of_the_training_part_alone(tmp_path):
    rows = np.random.default_rng(2).normal([5.0, -3e3, 0.0], [2.0, 0.5, 1e-3], (997, 3)).astype(np.float32)
    rows[:, 2] = 7.5  # never changes
    split = Split(0.7, 0.2, 0.1)
    project = table(tmp_path, rows, lambda d, x: d.add("op.Normalize", "normalize", x), split)
    _, state, prepared = measured(project, tmp_path)
    train = rows[prepared.train.indices].astype(np.float64)
    assert len(train) < len(rows)
    wanted = train.std(0)
    wanted[2] = 1.0
    assert np.array_equal(state["normalize.mean"].numpy(), train.mean(0).astype(np.float32))
    assert state["normalize.std"].numpy() == pytest.approx(wanted, rel=1e-7)
    others = np.setdiff1d(np.arange(len(rows)), prepared.train.indices)
    changed = rows.copy()
    changed[others] = 1e6
    _, again, second = measured(
        table(tmp_path, changed, lambda d, x: d.add("op.Normalize", "normalize", x), split), tmp_path
    )
    assert np.array_equal(second.train.indices, prepared.train.indices)
    assert all(torch.equal(state[f"normalize.{name}"], again[f"normalize.{name}"]) for name in ("mean", "std"))


def test_one_after_the_other_and_what_is_given_stays(tmp_path):
    def network(d: Drawing, x: Port) -> Port:
        x = d.add("op.Normalize", "first", d.add("op.GaussianNoise", "noise", x, std=3.0), std="2")
        x = d.add(
            "op.Scale", "scale", d.add("op.Normalize", "given", x, mean="1, 2, 3", std="4"), factor=10.0, offset=1.0
        )
        return d.add("op.Normalize", "last", x)

    rows = np.random.default_rng(3).normal(4.0, 6.0, (500, 3)).astype(np.float32)
    _, state, prepared = measured(table(tmp_path, rows, network, Split(0.8, 0.2, 0.0)), tmp_path)
    train = rows[prepared.train.indices].astype(np.float64)
    assert state["first.mean"].numpy() == pytest.approx(train.mean(0), rel=1e-6)
    assert state["first.std"].tolist() == [2, 2, 2]
    assert state["given.mean"].tolist() == [1, 2, 3] and state["given.std"].tolist() == [4, 4, 4]
    arriving = ((train - train.mean(0)) / 2 - [1, 2, 3]) / 4 * 10 + 1
    assert state["last.mean"].numpy() == pytest.approx(arriving.mean(0), rel=1e-5)
    assert state["last.std"].numpy() == pytest.approx(arriving.std(0), rel=1e-5)


def test_inside_of_repeated_blocks_each_run_is_measured():
    inner = Drawing("Scaled")
    x = inner.add("op.Normalize", "normalize", inner.add("op.Input", "x"))
    inner.add("op.Output", "y", inner.add("op.Scale", "scale", x, factor=3.0, offset=5.0))
    d = Drawing("Net", plan(), inner.as_block())
    d.add("data.Images", "digits", source="builtin:digits", image_size=8)
    x = mlp(d, d.add("block.Scaled", "scaled", d.port("digits", "image"), use="repeat", times=2))
    d.add("nn.CrossEntropyLoss", "loss", x, d.port("digits", "label"))
    compiled, state, prepared = measured(with_facts(d.project))
    (pixels,) = (t.double() for port, t in prepared.train.tensors.items() if port.name == "image")
    values = {name: tensor.item() for name, tensor in state.items() if "normalize" in name}
    assert list(values.values()) == pytest.approx(
        [float(pixels.mean()), float(pixels.std(correction=0)), 5.0, 3.0], rel=1e-5
    )
    assert "import layerloom" not in compiled.source.text


# ---- training


@pytest.mark.slow
def test_a_run_that_was_stopped_goes_on_exactly_and_exports_what_it_measured(tmp_path):
    project = digits(path, plan(), size=8)
    whole = run(project, tmp_path / "whole")
    assert isinstance(whole[-1], Finished) and whole[-1].test["accuracy"] > 0.6
    stopped = run(project, tmp_path / "cut", control=StopAfter(25))
    assert isinstance(stopped[-1], Stopped)
    resumed = run(project, tmp_path / "cut", resume=Path(stopped[-1].run))
    assert step_series(stopped) + step_series(resumed) == step_series(whole)
    assert epochs_of(stopped) + epochs_of(resumed) == epochs_of(whole)
    first, second = (load_file(Path(e[-1].run) / "checkpoints" / "last.safetensors") for e in (whole, resumed))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert first["normalize.mean"].item() != 0
    trained = load_trained(Path(whole[-1].run))
    receipt = export(trained, "python", tmp_path / "net")
    assert receipt.largest_difference == 0.0 and "samples" in receipt.differences
    assert export(trained, "onnx", tmp_path / "net").largest_difference < 1e-5


@pytest.mark.parametrize("mix", some(["MixUp", "CutMix"]))
def test_mixed_labels_train_and_the_network_is_asked_without_them(mix, tmp_path):
    project = mixed(mix, alpha=0.4)
    compiled = compile_project(project)
    assert [port.name for port in compiled.inputs] == ["image"]
    assert analyse(project).nodes[project.graph.node_named("mix").id].resolved["classes"] == 10
    events = run(project, tmp_path)
    assert isinstance(events[-1], Finished) and events[-1].test["accuracy"] > 0.7
    assert sum(map(sum, events[-2].confusion)) == 359
    model = load_trained(Path(events[-1].run)).model
    image = torch.rand(5, 1, 8, 8)
    by_hand = torch.nn.Sequential(torch.nn.Flatten(), model.fc1, torch.nn.ReLU(), model.fc2)
    assert torch.equal(model(image), by_hand(image))
    assert export(load_trained(Path(events[-1].run)), "python", tmp_path / "net").largest_difference == 0.0


# ---- problems


@pytest.mark.parametrize(
    ("node", "params", "code", "words"),
    [
        (
            "Normalize",
            {"mean": "1, 2"},
            "number-count",
            "what 'digits' gives has another number of channels (B × 1 × 8 × 8)",
        ),
        ("Normalize", {"std": "0"}, "out-of-range", "greater than 0 everywhere"),
        ("RandomCrop", {"size": (9, 11), "padding": 1}, "size-too-large", "cuts 9 × 11 out of images of 10 × 10"),
        ("RandomErasing", {"smallest": 0.5, "largest": 0.2}, "out-of-range", "(0.5) is greater than the largest (0.2)"),
    ],
)
def test_what_cannot_be_is_said_with_a_mend(node, params, code, words):
    d = Drawing("Net", plan())
    d.add("data.Images", "digits", source="builtin:digits", image_size=8)
    d.add(f"op.{node}", "x", d.port("digits", "image"), **params)
    project = with_facts(d.project)
    (problem,) = analyse(project).errors
    assert problem.code == code and words in str(problem.message)
    (fix,) = problem.fixes
    assert not analyse(fix.edit(project)).errors
    with pytest.raises(ProjectError):
        augmented(project)


@pytest.mark.parametrize("between", [(), ("RandomCrop", "GaussianNoise")])
def test_colors_are_varied_before_they_are_normalized(between):
    d = Drawing("Net", plan())
    d.add("data.Images", "digits", source="builtin:digits", image_size=8)
    x = d.add("op.Normalize", "normalize", d.port("digits", "image"))
    for name in between:
        x = d.add(f"op.{name}", name.lower(), x)
    x = d.add("op.ColorJitter", "jitter", x)
    x = d.add("nn.Linear", "fc", d.add("nn.Flatten", "flat", x), out_features=10)
    d.add("nn.CrossEntropyLoss", "loss", x, d.port("digits", "label"))
    project = with_facts(d.project)
    (problem,) = analyse(project).problems
    assert problem.code == "range-lost" and problem.severity == "warning" and problem.node == d.id("jitter")
    assert "Put 'jitter' before 'normalize'" in str(problem.message)
    (fix,) = problem.fixes
    mended = fix.edit(project)
    assert str(fix.label) == "Move jitter before normalize" and analyse(mended).problems == ()
    way = [node.name for node in way_back(mended.graph, d.port("flat"))]
    assert way == ["flat", *(name.lower() for name in reversed(between)), "normalize", "jitter", "digits"]


def test_classes_that_nobody_counted_and_too_few_of_them():
    project = mixed("MixUp", classes=7)
    (problem,) = analyse(project).errors
    assert problem.code == "pinned-size" and "gives labels of 10 classes" in str(problem.message)
    assert not analyse(mixed("CutMix", classes=10)).errors
    d = Drawing("Net", plan())
    x = d.add("op.Input", "numbers", shape=(64,))
    d.add("op.MixUp", "mix", x, d.add("op.ArgMax", "label", x, dim=1))
    assert [p.code for p in analyse(d.project).errors] == ["unknown-classes"]


# ---- on view


def test_what_training_sees_of_the_first_samples():
    project = digits(path, plan())
    state = torch.get_rng_state()
    first, again, other = augmented(project, count=6), augmented(project, count=6), augmented(project, count=6, seed=1)
    assert torch.equal(torch.get_rng_state(), state)
    assert len(first) == 6 and all(picture.shape == (8, 8) for picture in first)
    assert min(p.min() for p in first) == 0 and max(p.max() for p in first) == 1  # stretched after Normalize
    assert all(map(np.array_equal, first, again)) and not all(map(np.array_equal, first, other))


def test_a_node_may_be_chosen_and_what_lies_behind_may_be_unfinished():
    d = Drawing("Net", plan())
    d.add("data.Images", "digits", source="builtin:digits", image_size=8)
    x = d.add("op.RandomHorizontalFlip", "flip", d.port("digits", "image"), p=1.0)
    d.add("nn.Conv2d", "conv", d.add("op.GaussianNoise", "noise", x), kernel_size=99)
    project = with_facts(d.project)
    assert analyse(project).errors and last_of_the_path(project) == d.id("noise")
    (pixels,) = prepare(project).train.head(4, ports=(d.port("digits", "image"),))
    seen = augmented(project, node=d.id("flip"), count=4)
    assert np.array_equal(np.stack(seen), pixels[:, 0].flip(2).numpy())


def test_without_pictures_there_is_nothing_to_see(tmp_path):
    rows = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    assert (
        augmented(
            table(tmp_path, rows, lambda d, x: d.add("op.Normalize", "normalize", x), Split(0.8, 0.2, 0.0)), tmp_path
        )
        == ()
    )
    assert augmented(digits(mlp, plan())) == ()

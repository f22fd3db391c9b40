"""Processes that hold a part of every weight each (`--shard`): the same losses, checkpoints for any number of them, less memory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from drawings import Drawing
from graph.model import Port, Project
from graph.plan import EMA, SWA, Choice
from runtime import cli
from runtime.compiler import compile_project
from runtime.events import Checked, Event, Failed, Finished, Health, Noted, Stopped
from runtime.session import Control
from runtime.training.checkpoints import read_weights
from runtime.training.loop import train
from runtime.training.sharded_learner import why_not_divided
from runtime.training.shards import LARGEST, units_of
from together import train_together
from trained_together import DRAWN, SAME, check_alike, check_weights, gan, go_on, penalized, with_norm
from trainings import StopAfter, cnn, digits, mlp, plan, run, step_series, with_facts

pytestmark = pytest.mark.timeout(600)  # processes begin slowly where many others compute
STEPS = 50


def of_plan(network=mlp, **more) -> Project:
    return digits(network, plan(**{"epochs": 2, "batch_size": 64, **more}))


def wide(d: Drawing, x: Port) -> Port:
    """Layers of very different size, and a frozen one."""
    x = d.add("nn.Linear", "fc1", d.add("nn.Flatten", "flatten", x), out_features=400)
    x = d.add("nn.Linear", "fc2", d.add("nn.ReLU", "relu1", x), out_features=301)
    return d.add("nn.Linear", "fc3", d.add("nn.LayerNorm", "norm1", x), out_features=10)


def language(folder: Path) -> Project:
    """Words, predicted by an embedding whose weights are those of the last layer."""
    random = np.random.default_rng(0)
    words = random.integers(0, 40, (200, 7))
    np.savez(folder / "arrays.npz", input=words, target=(words * 3) % 40)
    d = Drawing("Words", plan(Choice("torch.optim.AdamW", {"lr": 0.01}), epochs=6, batch_size=20))
    d.add("data.Arrays", "arrays", source="arrays.npz")
    x = d.add("nn.Embedding", "embedding", d.port("arrays", "input"), num_embeddings=40, embedding_dim=17)
    x = d.add("nn.Linear", "fc1", x, out_features=17)
    scores = d.add("nn.Linear", "head", d.add("nn.GELU", "gelu1", x), out_features=40, shares="embedding")
    d.add(
        "nn.CrossEntropyLoss",
        "loss",
        d.add("op.Transpose", "by_word", scores, dim0=1, dim1=2),
        d.port("arrays", "target"),
    )
    return with_facts(d.project, folder)


def frozen() -> Project:
    project = of_plan(wide)
    node = project.graph.node_named("fc2")
    assert node is not None
    return project.with_plan(replace(project.plan, frozen=(node.id,)))


PLANS = {
    **{name: draw for name, draw in DRAWN.items() if name != "gan"},
    "gan": partial(gan, width=64),
    "words": language,
    "frozen": lambda folder: frozen(),
    "ema": lambda folder: of_plan(averaging=EMA, averaging_decay=0.9),
    "swa": lambda folder: of_plan(with_norm, averaging=SWA, averaging_start=1, epochs=3),
    "bfloat16": lambda folder: of_plan(precision="bfloat16"),
    "rprop": lambda folder: of_plan(optimizer=Choice("torch.optim.Rprop", {"lr": 1e-3})),
    "plateau": lambda folder: of_plan(
        scheduler=Choice("torch.optim.lr_scheduler.ReduceLROnPlateau", {"patience": 0}), epochs=4
    ),
}
LOOSE = {"bfloat16": 0.02}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sharded")
    drawn = {}
    for name, draw in PLANS.items():
        (folder / "two" / name).mkdir(parents=True)
        drawn[name] = draw(folder / "two" / name)
    two = train_together(drawn, folder / "two", shard=drawn)
    return {name: (run(p, folder / "one" / name, folder=folder / "two" / name), two[name]) for name, p in drawn.items()}


def held(events: Sequence[Event]) -> tuple[list[int], int]:
    """What the run says that each process holds in bytes, and all of them together."""
    notes = [
        event.message.values for event in events if isinstance(event, Noted) and "divided among" in event.message.text
    ]
    return notes[0]["each"], notes[0]["total"]  # type: ignore[return-value]


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANS)
def test_divided_weights_give_the_losses_of_one_process_over_50_steps(trained, name):
    one, two = trained[name]
    if name in LOOSE:
        assert isinstance(two[-1], Finished), two[-1]
        assert np.abs(np.subtract(step_series(one), step_series(two))).max() < LOOSE[name]
        return
    check_alike(one, two, steps=STEPS if name in DRAWN else 1)
    check_weights(one, two)
    facts = json.loads((Path(two[-1].run) / "run.json").read_text())
    assert facts["processes"] == 2 and facts["shard"] is True


@pytest.mark.slow
def test_each_process_holds_its_part_alone(trained, tmp_path):
    one, two = trained["frozen"]
    each, total = held(two)
    assert len(each) == 2 and all(part == pytest.approx(total / 2, rel=0.03) for part in each), (each, total)
    state = torch.load(Path(one[-1].run) / "checkpoints" / "last.state.pt", weights_only=True)
    rows = state["learners"][0]["optimizer"]["state"].values()
    tensors = [*state["weights"].values(), *(value for row in rows for value in row.values() if value.dim())]
    assert sum(tensor.nbytes for tensor in tensors) == total, "what one process holds"
    three = train_together({"three": of_plan(wide, epochs=1)}, tmp_path, size=3, shard=["three"])["three"]
    each, total = held(three)
    assert len(each) == 3 and all(part == pytest.approx(total / 3, rel=0.03) for part in each), (each, total)
    expected = step_series(run(of_plan(wide, epochs=1), tmp_path / "one"))
    assert step_series(three) == pytest.approx(expected, abs=SAME)


@pytest.mark.slow
def test_the_look_before_and_the_health_of_layers_are_those_of_one_process(trained, tmp_path):
    one = list(train(DRAWN["lenet"](tmp_path), runs=tmp_path / "runs", control=Control(attended=False)))
    two = trained["lenet"][1]
    looks = [next(event for event in events if isinstance(event, Checked)).findings for events in (one, two)]
    assert [(found.level, found.code, found.node) for found in looks[0]] == [
        (f.level, f.code, f.node) for f in looks[1]
    ]
    first, second = (next(event for event in events if isinstance(event, Health)) for events in (one, two))
    assert first.step == second.step and first.layers.keys() == second.layers.keys()
    for node, layer in first.layers.items():
        other = second.layers[node]
        assert layer.histogram == other.histogram
        for name in ("gradient_norm", "weight_norm", "update_ratio", "low", "high"):
            expected, found = getattr(layer, name), getattr(other, name)
            assert found == (None if expected is None else pytest.approx(expected, rel=1e-4)), (node, name)


def waiting() -> Project:
    """Every second batch makes a step, so that a run can end with gradients that wait."""
    project = of_plan(wide, epochs=3, batch_size=50, averaging=EMA, averaging_decay=0.9)
    objective = replace(project.plan.objectives[0], accumulate=2, l2=0.01)
    return project.with_plan(replace(project.plan, objectives=(objective,)))


@pytest.mark.slow
def test_a_run_goes_on_with_and_without_divided_weights(tmp_path):
    """In the middle of an epoch, with a gradient that waits for a step."""
    project = waiting()
    whole = run(project, tmp_path / "whole")
    stopped = run(project, tmp_path / "one", control=StopAfter(35))
    assert isinstance(stopped[-1], Stopped) and stopped[-1].step % 26
    (tmp_path / "more" / "two").mkdir(parents=True)
    (tmp_path / "more" / "two" / "shard").touch()
    (tmp_path / "more" / "two" / "stop").write_text("47")
    later = go_on(stopped[-1].run, project, tmp_path / "more", "two")
    assert isinstance(later[-1], Stopped), later[-1]
    last = run(project, tmp_path / "unused", resume=Path(later[-1].run))
    assert isinstance(last[-1], Finished)
    assert step_series(stopped) + step_series(later) + step_series(last) == pytest.approx(step_series(whole), abs=SAME)
    check_weights(whole, last)

    two = train_together(
        {"two": project.with_plan(replace(project.plan, epochs=1))}, tmp_path / "begun", shard=["two"]
    )["two"]
    plain = go_on(two[-1].run, project, tmp_path / "plain", "plain")
    assert step_series(two) + step_series(plain) == pytest.approx(step_series(whole), abs=SAME)


@pytest.mark.slow
def test_the_same_processes_go_on_exactly(tmp_path):
    project = of_plan(cnn, epochs=2)
    whole = train_together({"whole": project}, tmp_path, shard=["whole"])["whole"]
    first = train_together({"first": project.with_plan(replace(project.plan, epochs=1))}, tmp_path, shard=["first"])[
        "first"
    ]
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "shard").touch()
    (tmp_path / "later" / "resume").write_text(first[-1].run)
    later = train_together({"later": project}, tmp_path)["later"]
    assert step_series(first) + step_series(later) == step_series(whole)
    ends = [read_weights(Path(events[-1].run) / "checkpoints" / "last.safetensors") for events in (whole, later)]
    assert all(torch.equal(value, ends[1][key]) for key, value in ends[0].items())


@pytest.mark.slow
def test_a_loss_that_is_no_number_is_explained(tmp_path):
    def network(d: Drawing, x: Port) -> Port:
        x = d.add("nn.Linear", "fc1", d.add("nn.Flatten", "flatten", x), out_features=10)
        return d.add("op.Expression", "huge", x, expression="(fc1 * 40).exp()")

    project = digits(network, plan(Choice("torch.optim.SGD", {"lr": 10.0})))
    events = train_together({"nan": project}, tmp_path, shard=["nan"])["nan"]
    assert isinstance(events[-1], Failed) and "'huge'" in str(events[-1].message), events[-1]


REFUSED = {
    "float16": lambda: of_plan(precision="float16"),
    "channels last": lambda: of_plan(channels_last=True),
    "LBFGS": lambda: of_plan(optimizer=Choice("torch.optim.LBFGS")),
    "gradient": penalized,
}


@pytest.mark.parametrize("word", REFUSED)
def test_what_cannot_be_divided_is_refused_with_what_to_do(word):
    reason = why_not_divided(compile_project(REFUSED[word]()))
    assert reason is not None and word in str(reason) and "leave --shard out" in str(reason).lower()
    assert why_not_divided(compile_project(of_plan())) is None


@pytest.mark.slow
def test_a_refusal_comes_before_a_run_begins(tmp_path):
    events = train_together({"half": REFUSED["float16"]()}, tmp_path, shard=["half"])["half"]
    assert [type(event) for event in events] == [Failed] and "float16" in str(events[0].message)
    assert not (tmp_path / "half" / "runs").exists()


def test_one_process_has_nobody_to_divide_with(capsys):
    assert (
        cli.main(["train", "moons_mlp", "--shard"], open_window=lambda _: 0, draw_picture=lambda *_: None) == cli.WRONG
    )
    assert "Add --processes N" in capsys.readouterr().err


def test_layers_with_enough_numbers_are_units_and_ties_stay_together():
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table, self.head = nn.Embedding(30, 16), nn.Linear(16, 30, bias=False)
            self.head.weight = self.table.weight
            self.norm = nn.LayerNorm(16)
            self.layers = nn.ModuleList([nn.Linear(16, 16), nn.TransformerEncoderLayer(16, 2)])
            self.again = self.layers[0]

    model = Tied()
    found = [
        {name for name, module in model.named_modules() for unit in units if unit is module}
        for units in units_of(model)
    ]
    assert {frozenset(names) for names in found} == {
        frozenset({"table", "head"}), frozenset({"layers.0"}), frozenset({"layers.1"})
    }  # fmt: skip
    assert LARGEST > 2**20, "a block of a transformer is one unit"

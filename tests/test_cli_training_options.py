"""What `train` takes for the plan: each option counts in the run and is in its snapshot; what makes no sense is a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from graph import files
from graph.messages import set_language
from graph.plan import BY_NORM, EMA, Plan
from runtime import cli_grammar, cli_verbs
from runtime.runs import list_runs, load_run
from runtime.training import learner, preflight
from trainings import cnn, digits
from trainings import run as train_here

STEPS = 20  # of an epoch in batches of 64


PLAN = Plan(epochs=2, batch_size=64, device="cpu")


@pytest.fixture
def net(project_folder) -> Path:
    """A small network with layers `conv1`, `norm1` and `fc1`."""
    path = project_folder / "net.layerloom"
    files.save(digits(cnn, PLAN), path)
    return path


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> bytes:
    """What it learns without any option."""
    return _weights(train_here(digits(cnn, PLAN), tmp_path_factory.mktemp("runs"))[-1].run)


def _weights(folder: str | Path) -> bytes:
    return (Path(folder) / "checkpoints" / "last.safetensors").read_bytes()


@pytest.fixture
def trained(run, net) -> Callable[..., tuple[list[dict], Plan, bytes]]:
    """Trains with options: the events, the plan of the snapshot, and the weights in the end."""

    def train(*options: object) -> tuple[list[dict], Plan, bytes]:
        status, out, err = run("train", net, "--json", *options)
        assert (status, err) == (0, "")
        events = [json.loads(line) for line in out.splitlines()]
        assert events[-1]["event"] == "Finished"
        folder = Path(events[-1]["run"])
        return events, load_run(folder).project.plan, _weights(folder)

    return train


def named(events: list[dict], name: str) -> list[dict]:
    return [event for event in events if event["event"] == name]


def rates_of(events: list[dict]) -> list[float]:
    """The learning rate of each epoch."""
    return [event["learning_rate"] for event in named(events, "EpochEnded")]


# ---- options that count


@pytest.mark.parametrize(
    ("options", "holds"),
    [
        (("--batch-size", 128), lambda plan: plan.batch_size == 128),
        (("--seed", 7), lambda plan: plan.seed == 7),
        (("--lr", 0.02), lambda plan: plan.objectives[0].optimizer.params == {"lr": 0.02}),
        (("--optimizer", "sgd"), lambda plan: plan.objectives[0].optimizer.type == "torch.optim.SGD"),
        (("--optimizer", "SGD", "--lr", 0.5), lambda plan: plan.objectives[0].optimizer.params == {"lr": 0.5}),
        (("--scheduler", "ExponentialLR"), lambda plan: plan.objectives[0].scheduler.type.endswith(".ExponentialLR")),
        (("--warmup", 30), lambda plan: plan.objectives[0].warmup == 30),
        (("--accumulate", 3), lambda plan: plan.objectives[0].accumulate == 3),
        (("--clip-norm", 0.01), lambda plan: (plan.objectives[0].clip, plan.objectives[0].clip_at) == (BY_NORM, 0.01)),
        (("--precision", "bfloat16"), lambda plan: plan.precision == "bfloat16"),
        (("--ema", 0.9), lambda plan: (plan.averaging, plan.averaging_decay) == (EMA, 0.9)),
        (("--freeze", "conv1", "norm1"), lambda plan: plan.frozen == ("n2", "n3")),
        (("--split", "stratified"), lambda plan: plan.split.method == "stratified"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_an_option_is_in_the_snapshot_and_changes_what_is_learned(trained, plain, options, holds):
    _, plan, weights = trained(*options)
    assert holds(plan) and not holds(PLAN)
    assert weights != plain


def test_without_options_the_plan_of_the_file_counts_and_the_file_stays_as_it_is(trained, net, plain):
    before = net.read_bytes()
    _, plan, weights = trained()
    assert plan == PLAN and weights == plain
    trained("--epochs", 1, "--lr", 0.5, "--freeze", "conv1")
    assert net.read_bytes() == before


def test_events_show_what_was_asked_for(trained):
    events, _, _ = trained("--epochs", 3, "--seed", 11, "--lr", 0.25, "--optimizer", "SGD", "--device", "cpu")
    (started,) = named(events, "RunStarted")
    assert (started["epochs"], started["seed"], started["device"], started["steps_per_epoch"]) == (3, 11, "cpu", STEPS)
    assert rates_of(events) == [0.25] * 3
    (started,) = named(trained("--batch-size", "all")[0], "RunStarted")
    assert started["steps_per_epoch"] == 1


def test_a_schedule_and_a_warm_up_change_the_rate(trained):
    falling = rates_of(trained("--scheduler", "ExponentialLR", "--lr", 0.1)[0])
    assert falling[0] == 0.1 and falling[1] < 0.1
    steps = named(trained("--warmup", 10 * STEPS, "--lr", 0.1, "--epochs", 1)[0], "StepsEnded")
    assert steps[-1]["learning_rate"] == pytest.approx(0.1 * (STEPS + 1) / (10 * STEPS))


def test_frozen_layers_do_not_change(trained):
    from safetensors.torch import load

    short, long = (load(trained("--freeze", "conv1", "--epochs", epochs)[2]) for epochs in (1, 2))
    assert torch.equal(short["conv1.weight"], long["conv1.weight"])
    assert not torch.equal(short["fc1.weight"], long["fc1.weight"])


def test_a_run_that_gets_no_better_ends_early(trained):
    events, plan, _ = trained(
        "--early-stopping", 1, "--epochs", 6, "--optimizer", "SGD", "--lr", 1e-30, "--freeze", "norm1"
    )
    assert plan.patience == 1 and events[-1]["early"] and events[-1]["epoch"] == 2


def test_the_figure_to_watch_decides_which_epoch_is_the_best(trained):
    events, plan, _ = trained("--monitor", "last", "--epochs", 3)
    assert plan.monitor == "last" and [event["best"] for event in named(events, "EpochEnded")] == [True] * 3
    events, plan, _ = trained("--monitor", "accuracy", "--lr", 1e-30, "--optimizer", "SGD", "--freeze", "norm1")
    assert plan.monitor == "accuracy" and [event["best"] for event in named(events, "EpochEnded")] == [True, False]


def test_switches_reach_the_run(trained, plain, monkeypatch):
    seen, to_json = [], cli_verbs.to_json

    def look(event):
        seen.append(torch.are_deterministic_algorithms_enabled())
        return to_json(event)

    monkeypatch.setattr(cli_verbs, "to_json", look)
    monkeypatch.setattr(learner, "compiled", lambda module, note: seen.append("compiled") or module)
    trained("--epochs", 1)
    assert True not in seen and "compiled" not in seen
    _, plan, weights = trained("--deterministic", "--channels-last", "--compile")
    assert (plan.deterministic, plan.channels_last, plan.compile) == (True, True, True)
    assert seen[-1] is True and "compiled" in seen
    assert len(weights) == len(plain)
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize(("option", "event"), [("--overfit", "Overfitted"), ("--range-test", "RangeTested")])
def test_what_only_looks_leaves_no_run(run, net, project_folder, option, event):
    status, out, err = run("train", net, "--json", option, "--batch-size", 32)
    events = [json.loads(line) for line in out.splitlines()]
    assert (status, err) == (0, "") and [entry["event"] for entry in events][-2:] == [event, "Finished"]
    assert events[-1]["run"] == "" and [path.name for path in project_folder.iterdir()] == [net.name]


# ---- options that make no sense

WRONG = [
    (("--epochs", 0), 2, "'0' is not a whole number from 1"),
    (("--epochs", "many"), 2, "'many' is not a whole number from 1"),
    (("--batch-size", -1), 2, "'-1' is not a whole number from 1"),
    (("--batch-size", 2.5), 2, "'2.5' is not a whole number from 1"),
    (("--lr", 0), 2, "'0' is not a number above 0"),
    (("--lr", "nan"), 2, "'nan' is not a number above 0"),
    (("--lr", "inf"), 2, "'inf' is not a number above 0"),
    (("--device", "tpu"), 2, "'tpu'"),
    (("--optimizer", "Adamm"), 2, "'Adamm' is none of: "),
    (("--scheduler", "Cosine"), 2, "'Cosine' is none of: "),
    (("--warmup", 0), 2, "'0' is not a whole number from 1"),
    (("--accumulate", 0), 2, "'0' is not a whole number from 1"),
    (("--clip-norm", -1), 2, "'-1' is not a number above 0"),
    (("--precision", "int8"), 2, "'int8'"),
    (("--ema", 1), 2, "'1' is not a number from 0 to below 1"),
    (("--early-stopping", 0), 2, "'0' is not a whole number from 1"),
    (("--split", "halves"), 2, "'halves'"),
    (("--freeze",), 2, "--freeze"),
    (("--epoch", 3), 2, "Did you mean --epochs?"),
    (("--overfit", "--range-test"), 2, "--overfit does not go with --range-test"),
    (("--freeze", "conv9"), 1, "There is no node 'conv9' in this drawing. Its nodes: digits, conv1, "),
    (("--freeze", "conv1", "norm1", "fc1"), 1, "Every layer is frozen"),
    (("--freeze", "relu1"), 1, "freezes a node that has no parameters"),
    (("--monitor", "beauty"), 1, "beauty"),
    (("--split", "given"), 1, "is to be split as it says itself, but none of it does. Choose"),
    (("--resume", "nowhere"), 1, "'nowhere' is not the folder of a run"),
]


@pytest.mark.parametrize(("options", "status", "words"), WRONG, ids=[" ".join(map(str, row[0])) for row in WRONG])
def test_what_makes_no_sense_is_a_sentence_and_nothing_is_trained(run, net, project_folder, options, status, words):
    found, out, err = run("train", net, *options)
    assert (found, out) == (status, "") and words in err
    assert "Traceback" not in err and "mistake" not in err
    said = [line for line in err.splitlines() if "error" in line]
    assert len(said) == 1, said
    assert [path.name for path in project_folder.iterdir()] == [net.name]


def test_a_device_that_is_not_there_is_named(run, net, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    status, _, err = run("train", net, "--device", "cuda")
    assert status == 1 and "cuda" in err and "Traceback" not in err


@pytest.mark.parametrize(
    "flag", [argument.flags[0] for argument in cli_grammar.TRAINING] + ["--overfit", "--range-test"]
)
def test_a_run_that_goes_on_keeps_its_plan(run, net, flag):
    value = {"--optimizer": ["SGD"], "--scheduler": ["StepLR"], "--precision": ["float32"], "--split": ["random"],
             "--monitor": ["loss"], "--freeze": ["conv1"], "--ema": ["0.9"]}  # fmt: skip
    switches = {"--compile", "--channels-last", "--deterministic", "--overfit", "--range-test"}
    given = value.get(flag, [] if flag in switches else ["1"])
    status, _, err = run("train", net, "--resume", "anywhere", flag, *given)
    assert status == 2 and f"{flag} does not go with --resume: a run goes on as it began." in err


def test_a_run_that_goes_on_heeds_its_device_and_more_epochs(trained, net):
    folder = trained("--epochs", 1, "--lr", 0.02)[0][-1]["run"]
    events, plan, _ = trained("--resume", folder, "--epochs", 2, "--device", "auto")
    assert rates_of(events) == [0.02] and named(events, "RunStarted")[0]["first_epoch"] == 2
    assert len(list_runs(net.with_suffix(".runs"))) == 1 and plan.objectives[0].optimizer.params == {"lr": 0.02}


def test_what_is_wrong_is_said_in_chinese_too(run, net):
    status, _, err = run("--language", "zh_CN", "train", net, "--overfit", "--range-test")
    set_language("en")
    assert status == 2 and "does not go" not in err and "--range-test" in err


# ---- the look before


def test_the_look_before_a_run_says_what_it_found(run, net, project_folder):
    status, out, err = run("preflight", net)
    assert (status, err) == (0, "")
    assert "fine: A batch of real data has the right shapes and types: 64 × 1 × 8 × 8, 64." in out
    assert "(ln 10)" in out and "memory of a step: about" in out and "time of an epoch: about" in out
    status, out, _ = run("preflight", net, "--json")
    (checked,) = map(json.loads, out.splitlines())
    assert status == 0 and checked["event"] == "Checked" and checked["seconds_per_epoch"] > 0
    assert {finding["level"] for finding in checked["findings"]} == {"ok"}
    assert [path.name for path in project_folder.iterdir()] == [net.name]


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_the_look_has_status_1_where_training_could_not_begin(run, net, monkeypatch, options):
    monkeypatch.setattr(preflight, "free_memory", lambda device: 1)
    status, out, err = run("preflight", net, *options)
    assert (status, err) == (1, "") and "Choose a batch size of at most 1, a smaller network" in out
    status, _, err = run("train", net, *options)
    assert status == 1 and "Choose a batch size of at most 1, a smaller network" in err


def test_the_look_at_a_drawing_that_is_wrong_has_status_1(run, net):
    project = files.load(net)
    files.save(project.with_graph(project.graph.set_params("n8", {"in_features": 7})), net)
    status, out, err = run("preflight", net)
    assert (status, out) == (1, "") and "fc1 (pinned-size): " in err and "Traceback" not in err
    status, out, err = run("preflight", net, "--json")
    (failed,) = map(json.loads, out.splitlines())
    assert status == 1 and failed["event"] == "Failed" and failed["message"] and "fc1 (pinned-size): " in err


def test_the_look_lets_go_of_the_data_and_of_the_settings_of_pytorch(run, net, monkeypatch):
    from runtime.training.fit import Fit

    closed, seen = [], []
    monkeypatch.setattr(Fit, "close", lambda fit: closed.append(fit))
    project = files.load(net)
    files.save(project.with_plan(Plan(epochs=1, device="cpu", deterministic=True)), net)
    look = preflight.preflight
    monkeypatch.setattr(
        preflight, "preflight", lambda fit: (seen.append(torch.are_deterministic_algorithms_enabled()), look(fit))[1]
    )
    assert run("preflight", net)[0] == 0
    assert len(closed) == 1 and seen == [True]
    assert not torch.are_deterministic_algorithms_enabled()

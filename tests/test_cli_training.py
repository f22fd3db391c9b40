"""The command line around a run: training, going on, predicting, taking away, data of one's own."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from PIL import Image

from drawings import Drawing
from graph import files
from graph.plan import Plan
from runtime import cli_verbs, examples
from runtime.data import describe
from runtime.runs import list_runs


def test_training_predicting_and_exporting_by_json_and_by_hand(run, small, project_folder):
    status, out, err = run("train", small, "--json", "--epochs", 3, "--seed", 5, "--lr", 0.01)
    events = [json.loads(line) for line in out.splitlines()]
    assert (status, err) == (0, "")
    assert [event["event"] for event in events[:2]] == ["Checked", "RunStarted"]
    assert events[1]["seed"] == 5 and events[1]["epochs"] == 3
    epochs = [event for event in events if event["event"] == "EpochEnded"]
    assert [event["epoch"] for event in epochs] == [1, 2, 3]
    assert {"loss", "accuracy"} <= epochs[0]["train"].keys() and {"loss", "accuracy"} <= epochs[0]["validation"].keys()
    last = events[-1]
    assert last["event"] == "Finished" and last["test"]["accuracy"] > 0.5 and last["device"] == "cpu"
    folder = Path(last["run"])
    assert folder.parent == project_folder / "small.runs" and (folder / "run.json").is_file()

    status, out, err = run("predict", small)
    assert (status, err) == (0, "") and "accuracy" in out
    status, out, _ = run("predict", folder, "--json")
    tested, *predictions = [json.loads(line) for line in out.splitlines()]
    assert status == 0 and tested["event"] == "Tested" and tested["test"] == last["test"]
    assert {"sample", "target", "prediction", "confidence"} <= predictions[0].keys()
    picture = project_folder / "ink.png"
    Image.new("L", (40, 30), "white").save(picture)
    status, out, _ = run("predict", small, picture)
    head, _, row = out.splitlines()
    assert status == 0 and head.split() == ["sample", "prediction", "confidence"] and row.startswith(str(picture))
    status, out, _ = run("predict", small, picture, "--json")
    (answer,) = map(json.loads, out.splitlines())
    assert answer["sample"] == str(picture) and answer["class"] == row.split()[1] == str(answer["prediction"])
    status, out, err = run("predict", small, project_folder / "gone.png")
    assert (status, out) == (1, "") and "gone.png" in err

    status, out, err = run("export", folder, "--format", "weights", "-o", project_folder / "taken")
    assert (status, err) == (0, "") and "largest difference: 0" in out
    assert (project_folder / "taken.safetensors").is_file()
    assert (project_folder / "taken.safetensors.receipt.json").is_file()
    status, _, err = run("export", small, "--format", "weights", "-o", project_folder / "no" / "taken")
    assert status == 1 and err.startswith("error: There is no folder")


def test_training_for_people_shows_a_line_an_epoch_and_where_the_run_is(run, small, project_folder):
    status, out, err = run("train", small, "--out", project_folder / "elsewhere")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert [line.split()[:2] for line in lines if line.startswith("epoch")] == [["epoch", "1"], ["epoch", "2"]]
    assert any(line.startswith("test loss ") for line in lines)
    (made,) = list_runs(project_folder / "elsewhere")
    assert lines[-1].endswith(str(made.path))


def test_runs_of_an_example_go_into_the_current_folder(run, project_folder):
    name = examples.names()[0]
    assert run("train", name, "--epochs", 1)[0] == 0
    assert [path.name for path in project_folder.iterdir()] == [f"{name}.runs"]


@pytest.fixture
def ctrl_c():
    """Ctrl+C counts, also where the tests were started in the background by a shell that has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_stops_cleanly_and_the_run_can_be_resumed(run, small, monkeypatch, project_folder, ctrl_c):
    to_json = cli_verbs.to_json

    def press_after_first_epoch(event):
        if type(event).__name__ == "EpochEnded" and event.epoch == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return to_json(event)

    monkeypatch.setattr(cli_verbs, "to_json", press_after_first_epoch)
    status, out, err = run("train", small, "--json", "--epochs", 4)
    last = json.loads(out.splitlines()[-1])
    assert status == 130 and last["event"] == "Stopped" and "Traceback" not in err
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    monkeypatch.undo()
    status, out, _ = run("train", small, "--json", "--resume", last["run"])
    events = [json.loads(line) for line in out.splitlines()]
    assert status == 0 and events[-1]["event"] == "Finished" and events[-1]["run"] == last["run"]


def test_a_run_goes_on_with_its_own_drawing_and_plan(run, small, project_folder):
    last = json.loads(run("train", small, "--json", "--epochs", 1)[1].splitlines()[-1])
    status, out, err = run("train", small, "--json", "--resume", last["run"])
    assert status == 0 and json.loads(out.splitlines()[0])["epochs"] == 1, "the file's two epochs do not count"
    assert err == ""
    longer = run("train", small, "--json", "--resume", last["run"], "--epochs", 3)[1]
    again = run("train", small, "--json", "--resume", last["run"])[1]
    assert [json.loads(out.splitlines()[0])["epochs"] for out in (longer, again)] == [3, 3]
    project = files.load(small)
    files.save(project.with_graph(project.graph.set_params("n3", {"bias": False})), small)
    status, out, err = run("train", small, "--json", "--resume", last["run"])
    assert status == 0 and "goes on with its own" in err
    status, out, err = run("train", small, "--json", "--resume", last["run"], "--epochs", 2)
    assert status == 1 and "meant for 3 epochs" in json.loads(out)["message"]


@pytest.mark.parametrize("option", [("--seed", 0), ("--lr", 0.1), ("--batch-size", 8), ("--read-data",)])
def test_what_a_run_that_goes_on_could_not_heed_is_refused(run, small, option):
    status, _, err = run("train", small, "--resume", "anywhere", *option)
    assert status == 2 and f"{option[0]} does not go with --resume" in err


@pytest.mark.parametrize("seed", [2**63, -1])
def test_a_seed_that_is_no_seed_is_told_the_largest(run, small, seed):
    status, _, err = run("train", small, "--seed", seed)
    assert status == 2 and f"'{seed}' is not a whole number from 0, at most {2**63 - 1}." in err


def test_data_of_ones_own_is_read_on_request(run, project_folder):
    rows = [f"{i % 7},{i % 5},{i % 7 - 2 * (i % 5)}.5" for i in range(40)]
    (project_folder / "own.csv").write_text("\n".join(["a,b,y", *rows]))
    d = Drawing("Own", Plan(epochs=1, device="cpu"))
    d.add("data.Table", "table", source="own.csv")
    d.add("nn.Linear", "fc", d.port("table", "features"), out_features=1)
    d.add("nn.MSELoss", "loss", d.port("fc"), d.port("table", "target"))
    path = project_folder / "own.layerloom"
    files.save(d.project, path)
    before = path.read_bytes()
    for verb in ("check", "summary", "code", "train"):
        status, out, err = run(verb, path)
        assert status == 1 and "add --read-data" in out + err
        assert run(verb, path, "--read-data")[0] == 0
    assert run("predict", path)[0] == 0, "the run remembers what was read"
    assert run("export", path, "--format", "code", "-o", "code.py", "--read-data")[0] == 0
    assert path.read_bytes() == before
    (project_folder / "own.csv").write_text("\n".join(["a,b,y", *rows, "1,2,3"]))
    files.save(d.project.with_graph(d.graph.set_facts("n1", describe(d.graph.nodes["n1"], project_folder))), path)
    (project_folder / "own.csv").write_text("\n".join(["a,b,y", *rows]))
    status, _, err = run("train", path)
    assert status == 1 and "has changed since it was read" in err and "--read-data" in err
    assert run("train", path, "--read-data")[0] == 0

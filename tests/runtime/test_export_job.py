"""The job folder: what travels along, where it finds its data, and that it trains as the application does, to the last bit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from drawings import Drawing
from exported import network
from graph import files
from graph.messages import DataError, ExportError
from graph.model import Port, Project
from graph.plan import Plan
from runtime import job_folder
from runtime.export import export, job, receipt_path
from runtime.export.job import job_files
from runtime.export.placing import write_files
from runtime.export.receipt import batch_text
from runtime.predict import Trained
from runtime.runs import list_runs
from trainings import arrays, cnn, digits, plan, run, step_series


def line(d: Drawing, x: Port) -> Port:
    return d.add("nn.Linear", "fc", x, out_features=1)


def of_arrays(folder: Path, plan: Plan) -> Project:
    """A regression over arrays in a file beside the project."""
    made = np.random.default_rng(0)
    return arrays(folder, made.random((40, 3), np.float32), made.random((40, 1), np.float32), plan, line, "nn.MSELoss")


@pytest.fixture
def trained(tmp_path) -> Trained:
    folder = tmp_path / "project"
    folder.mkdir()
    return replace(network(of_arrays(folder, plan(epochs=2)), run=None), folder=folder)


def test_everything_is_there_that_it_needs(trained):
    found = job_files(trained, "net_job")
    project = files.from_text(found["project.layerloom"].decode())
    assert found["data/arrays/arrays.npz"] == (trained.folder / "arrays.npz").read_bytes()
    ((node, _, source),) = job_folder.sources(project)
    assert source == "data/arrays/arrays.npz" and node.facts == trained.project.graph.nodes[node.id].facts
    assert project.plan == trained.project.plan
    assert found["model.py"].decode() == trained.compiled.source.model_text
    engine = {name for name in found if name.startswith("layerloom_engine/")}
    assert {
        "layerloom_engine/graph/model.py",
        "layerloom_engine/runtime/training/loop.py",
        "layerloom_engine/LICENSE",
    } <= engine
    assert not any("gui" in Path(name).parts or "datasets" in name or "__pycache__" in name for name in engine)
    lines = found["requirements.txt"].decode().split()
    assert all("==" in text and "+" not in text for text in lines) and not any("PySide" in text for text in lines)
    for name in ("run.sh", "job.sbatch", "README.md", "train.py"):
        assert b"$title" not in found[name] and b"$$" not in found[name], name
    assert b"--data" not in found["README.md"]


@pytest.mark.skipif(os.name == "nt", reason="there is no sh")
def test_the_scripts_are_scripts_of_a_shell(trained, tmp_path):
    write_files(
        tmp_path / "job", {n: c for n, c in job_files(trained, "job").items() if n.endswith((".sh", ".sbatch"))}
    )
    for name in ("run.sh", "job.sbatch"):
        subprocess.run(["bash", "-n", str(tmp_path / "job" / name)], check=True)
    assert os.access(tmp_path / "job" / "run.sh", os.X_OK)


def test_large_data_stays_and_is_asked_for(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(job, "LIMIT", 100)
    found = job_files(trained, "net_job")
    assert "data/arrays/arrays.npz" not in found and b"`data/arrays/arrays.npz`" in found["README.md"]
    assert job.left_behind(trained.project, trained.folder) == [str(trained.folder)]
    home = tmp_path / "job"
    write_files(home, {"project.layerloom": found["project.layerloom"]})
    with pytest.raises(
        DataError, match=r"'data/arrays/arrays.npz', which 'arrays' reads, is not in this folder.*--data"
    ):
        job_folder.find_data(home, [tmp_path])
    drawing = job_folder.find_data(home, [tmp_path, trained.folder])
    ((_, _, source),) = job_folder.sources(files.load(drawing))
    assert source == str(trained.folder / "arrays.npz") and drawing != home / "project.layerloom"


def test_a_drawing_that_cannot_be_read_is_said(tmp_path, capsys):
    (tmp_path / "project.layerloom").write_text("{}")
    assert job_folder.main(tmp_path, []) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_a_list_of_images_stays_where_its_images_are(tmp_path):
    d = Drawing("Net", plan())
    d.add("data.Images", "images", source="list.csv", image_size=8)
    (tmp_path / "list.csv").write_text("path,label\na.png,0\n")
    copied, left = job._data(d.project, tmp_path)
    assert not copied and left == {"data/images/list.csv": "list.csv"}


def test_builtin_sets_come_with_their_licence(tmp_path):
    found = {name for name in job._engine(digits(cnn, plan())) if "datasets" in name}
    assert {Path(name).parent.name for name in found} == {"digits"} and any(
        name.endswith("SOURCE.txt") for name in found
    )


def test_what_is_compared_is_said():
    assert batch_text("loss:24") == "loss of the first 24 training steps"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_it_trains_in_a_clean_process_as_here(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(job, "LIMIT", 100)  # its data is read from where it lies
    receipt = export(trained, "job", tmp_path / "net_job")
    (key,) = receipt.differences
    assert key.startswith("loss:") and int(key.partition(":")[2]) >= 1
    assert receipt.largest_difference == 0.0 == receipt.tolerance
    assert json.loads(receipt_path(tmp_path / "net_job").read_text())["verdict"] == "equal"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_another_engine_is_found_out(trained, tmp_path, monkeypatch):
    """A training that is not that of the application does not pass."""
    from runtime.export import formats

    def other(network: Trained, name: str):
        found = job_files(
            replace(network, project=network.project.with_plan(replace(network.project.plan, seed=9))), name
        )
        return formats.Written(found)

    monkeypatch.setattr("runtime.export.format_of", lambda _: replace(formats.FORMATS["job"], write=other))
    with pytest.raises(ExportError, match="gives other outputs"):
        export(trained, "job", tmp_path / "net_job")
    assert not (tmp_path / "net_job").exists()


def train(home: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*words], cwd=home, capture_output=True, text=True, env={**os.environ, "PYTHON": sys.executable, **variables}
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(os.name == "nt", reason="there is no sh")
def test_whole_runs_by_its_scripts_are_those_of_the_application(tmp_path):
    project = digits(cnn, plan(epochs=2))
    home = tmp_path / "job"
    write_files(home, job_files(network(project, run=None), "job"))
    events = run(project, tmp_path / "runs")
    done = train(home, "./run.sh", "--json")
    assert done.returncode == 0, done.stderr
    records = [json.loads(text) for text in done.stdout.splitlines()]
    losses = [value for record in records if record["event"] == "StepsEnded" for value in record["series"]["loss"]]
    assert losses == step_series(events)
    (first,) = list_runs(home / "runs")
    assert first.status == "finished" and first.weights is not None
    together = train(home, "./run.sh", "2", "--epochs", "1")  # torchrun
    assert together.returncode == 0, together.stderr
    assert [found.status for found in list_runs(home / "runs")] == ["finished", "finished"]
    (home / "project.layerloom").write_text("{}")
    assert train(home, "./run.sh").returncode == 1
    broken = train(home, "./run.sh", "2")  # the other process ends with the first, and does not speak
    assert broken.returncode == 1 and "SIGKILL" not in broken.stderr
    assert len([text for text in broken.stderr.splitlines() if text.startswith("error:")]) == 1

"""Event files of TensorBoard: read back, their numbers are those of the runs, live and afterwards, on the command line too."""

from __future__ import annotations

import json
import struct
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tensorboardX.proto import event_pb2, plugin_hparams_pb2
from tensorboardX.record_writer import masked_crc32c

from drawings import lenet5
from graph import files
from graph.messages import RunError
from made_runs import STEPS, made
from runtime.events import EpochEnded, Finished, Noted, RunStarted, StepsEnded
from runtime.run_curves import read_curves
from runtime.run_rows import read_row
from runtime.run_table import RunTable
from runtime.runs import PROJECT, load_run
from runtime.tensorboard import FOLDER, export_runs, logged


def events_in(folder: Path) -> list:
    """The events in the files of a folder, each record with its check sums: length, its sum, bytes, their sum."""
    found = []
    for path in sorted(folder.glob("events.out.tfevents.*")):
        content = path.read_bytes()
        while content:
            (size,) = struct.unpack("<Q", content[:8])
            record = content[12 : 12 + size]
            assert struct.unpack("<I", content[8:12])[0] == masked_crc32c(content[:8])
            assert struct.unpack("<I", content[12 + size : 16 + size])[0] == masked_crc32c(record)
            found.append(event_pb2.Event.FromString(record))
            content = content[16 + size :]
    return found


def scalars_in(folder: Path) -> dict[str, list[tuple[int, float]]]:
    found: dict[str, list[tuple[int, float]]] = {}
    for event in events_in(folder):
        for value in event.summary.value:
            if value.HasField("simple_value"):
                found.setdefault(value.tag, []).append((event.step, value.simple_value))
    return found


def hparams_in(folder: Path) -> dict[str, object]:
    """The settings of the run in the tab HParams."""
    for event in events_in(folder):
        for value in event.summary.value:
            if value.tag == "_hparams_/session_start_info":
                data = plugin_hparams_pb2.HParamsPluginData.FromString(value.metadata.plugin_data.content)
                return {k: getattr(v, v.WhichOneof("kind")) for k, v in data.session_start_info.hparams.items()}
    return {}


@pytest.fixture
def runs(tmp_path) -> Path:
    files.save(lenet5().project, tmp_path / "net.layerloom")
    folder = tmp_path / "net.runs"
    for lr, accuracy in ((0.01, 0.9), (0.002, 0.8)):
        made(folder, lr=lr, accuracy=accuracy)
    return folder


def test_an_export_has_the_numbers_of_metrics_jsonl(runs, tmp_path):
    rows = RunTable(runs).rows()
    folders = export_runs(rows, tmp_path / "board")
    assert [folder.name for folder in folders] == [row.folder for row in rows]
    for row, folder in zip(rows, folders, strict=True):
        found = scalars_in(folder)
        for (part, name), line in read_curves(row.path).lines.items():
            wanted = [(int(x), float(np.float32(y))) for x, y in zip(line.x, line.y, strict=True)]
            tag = f"{name}/{'step' if line.is_dense else part}"
            assert found[tag] == wanted
        assert found["accuracy/test"] == [(3 * STEPS, float(np.float32(row.figures["test.accuracy"])))]
        assert found["accuracy/best"] == [(3 * STEPS, float(np.float32(row.figures["best.accuracy"])))]
        rate = float(np.float32(row.learning_rate))
        assert found["learning_rate"] == [(STEPS, rate), (2 * STEPS, rate), (3 * STEPS, rate)]


def test_settings_are_told_for_hparams(runs, tmp_path):
    row, *_ = RunTable(runs).rows()
    (folder,) = export_runs([row], tmp_path / "board")
    found = hparams_in(folder)
    assert found["optimizer"] == "Adam"
    assert found["optimizer.lr"] == row.learning_rate
    assert found["batch_size"] == lenet5().plan.batch_size
    assert not any("conv1" in name for name in found)


def test_settings_of_nodes_are_told_where_they_differ(runs, tmp_path):
    path = sorted(runs.iterdir())[0]
    if not path.is_dir():
        path = next(entry for entry in sorted(runs.iterdir()) if entry.is_dir())
    project = load_run(path).project
    node = project.graph.node_named("conv1")
    changed = replace(node, params={**node.params, "out_channels": 9})
    files.save(replace(project, graph=project.graph.put(changed)), path / PROJECT)
    found = [
        hparams_in(folder)["conv1.out_channels"] for folder in export_runs(RunTable(runs).rows(), tmp_path / "board")
    ]
    assert sorted(found) == [6, 9]


def test_an_export_again_takes_the_place_of_the_one_before(runs, tmp_path):
    rows = RunTable(runs).rows()
    before = [scalars_in(folder) for folder in export_runs(rows, tmp_path / "board")]
    assert [scalars_in(folder) for folder in export_runs(rows, tmp_path / "board")] == before


def live_events(path: Path, *, first: int = 0):
    yield RunStarted(str(path), "cpu", "CPU", 3, STEPS, {}, 61_706, 7, first_step=first)
    yield StepsEnded(1, first + 2, {"loss": (0.5, 0.25)}, 0.1, 10.0, seconds=2.0)
    yield EpochEnded(1, first + 2, {"loss": 0.4}, {"loss": 0.3}, 0.1, 10.0, 2.0, 0.0)
    yield Finished({}, str(path), "cpu", 1, 2.0)


def test_a_run_is_written_while_it_goes_on(runs):
    path = next(entry for entry in runs.iterdir() if entry.is_dir())
    told = list(live_events(path))
    assert list(logged(iter(told))) == told
    found = scalars_in(path / FOLDER)
    assert found["loss/step"] == [(1, 0.5), (2, 0.25)]
    assert found["loss/validation"] == [(2, float(np.float32(0.3)))]
    walls = [e.wall_time for e in events_in(path / FOLDER) for v in e.summary.value if v.tag == "loss/step"]
    assert walls[1] - walls[0] == pytest.approx(1.0)
    assert hparams_in(path / FOLDER)["optimizer"] == "Adam"


def test_a_run_that_goes_on_drops_what_it_makes_again(runs):
    path = next(entry for entry in runs.iterdir() if entry.is_dir())
    list(logged(live_events(path, first=4)))
    starts = [event.step for event in events_in(path / FOLDER) if event.HasField("session_log")]
    assert starts == [5]


def test_without_the_package_a_run_says_so_and_goes_on(runs, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX.event_file_writer", None)
    path = next(entry for entry in runs.iterdir() if entry.is_dir())
    note, *others = logged(live_events(path))
    assert isinstance(note, Noted)
    assert "pip install" in str(note.message)
    assert others == list(live_events(path))
    with pytest.raises(RunError, match="pip install"):
        export_runs([read_row(path)], path)


def test_what_cannot_be_written_is_said_before_the_run_ends(runs):
    path = next(entry for entry in runs.iterdir() if entry.is_dir())
    (path / FOLDER).write_text("a file in the way")
    told = list(logged(live_events(path)))
    assert isinstance(told[-2], Noted)
    assert "cannot be written" in str(told[-2].message)


def test_the_command_line_exports_runs(runs, tmp_path, run):
    board = tmp_path / "my board"
    status, out, _ = run("runs", runs, "--filter", "accuracy>0.85", "--export-tensorboard", board)
    assert status == 0
    assert out == f"1 runs written. See them with: tensorboard --logdir '{board}'\n"
    assert len(list(board.iterdir())) == 1


@pytest.mark.slow
def test_training_writes_event_files(tmp_path, run):
    status, out, _ = run("train", "moons_mlp", "--epochs", 2, "--tensorboard", "--json", "--out", tmp_path)
    assert status == 0
    lines = [json.loads(line) for line in out.splitlines()]
    path = Path(next(line["run"] for line in lines if line["event"] == "RunStarted"))
    found = scalars_in(path / FOLDER)
    for (part, name), line in read_curves(path).lines.items():
        tag = f"{name}/{'step' if line.is_dense else part}"
        assert found[tag] == [(int(x), float(np.float32(y))) for x, y in zip(line.x, line.y, strict=True)]
    assert "tensorboard" not in sys.modules

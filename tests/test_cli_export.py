"""The verbs that take a network away, measure its exports, and watch a run that goes on elsewhere."""

from __future__ import annotations

import json

import pytest

from runtime.runs import list_runs


def test_watching_prints_what_training_printed(run, small, project_folder):
    status, trained, _ = run("train", small)
    assert status == 0
    status, seen, err = run("watch", project_folder / "small.runs")
    assert (status, err) == (0, "")
    strip = [line for line in trained.splitlines() if line and not line.startswith("warning")]
    assert [line for line in seen.splitlines() if line] == strip
    status, seen, _ = run("watch", project_folder / "small.runs", "--json")
    kinds = [json.loads(line)["event"] for line in seen.splitlines()]
    assert status == 0 and kinds[0] == "RunStarted" and kinds[-1] == "Finished" and kinds.count("EpochEnded") == 2


def test_there_is_nothing_to_watch_or_measure(run, small, project_folder):
    status, out, err = run("watch", "nowhere")
    assert (status, out) == (1, "") and "There is no folder 'nowhere' to watch" in err
    status, _, err = run("measure", small)
    assert status == 1 and "Train it first" in err
    status, _, err = run("measure", small, "-o", "report.txt")
    assert status == 2 and "does not end in one of: .json, .md" in err


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_program_rounded_or_not_and_its_receipt(run, small, project_folder):
    assert run("train", small)[0] == 0
    status, out, _ = run("export", small, "--format", "pt2", "-o", "net")
    lines = out.splitlines()
    assert (
        status == 0 and lines[0].endswith("net.pt2") and "(a batch of 7)" in lines[1] and "(test samples)" in lines[1]
    )
    assert lines[2] == "image: batch × 1 × 8 × 8"
    status, out, _ = run("export", small, "--format", "int8", "-o", "net")
    assert status == 0 and "Size before and after rounding: " in out and "Test figures: loss " in out


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_job_folder_of_a_drawing_that_was_not_trained(run, small, project_folder):
    status, out, err = run("export", small, "--format", "job", "-o", "net_job")
    assert status == 0, err
    assert "largest difference: 0 (loss of the first " in out and not list_runs(project_folder / "small.runs")
    assert (project_folder / "net_job" / "train.py").is_file() and not (project_folder / "net_job" / "runs").exists()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_report_as_a_table_as_json_and_in_a_file(run, small, project_folder):
    assert run("train", small)[0] == 0
    status, out, err = run("measure", small, "-o", "report.md", "--batch-size", "3", "--json")
    record = json.loads(out)
    assert status == 0 and record["batches"] == [1, 3], err
    assert [entry["id"] for entry in record["entries"]] == ["pytorch", "pt2", "int8", "onnx"]
    assert (project_folder / "report.md").read_text("utf-8").count("PyTorch program (.pt2) | 3 |") == 1

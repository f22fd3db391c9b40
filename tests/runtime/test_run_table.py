"""Runs as rows: what they say, the index that is never trusted more than the folders, labels, the trash, filters."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from drawings import lenet5
from graph.messages import RunError
from made_runs import STEPS, made, plan_of
from runtime.run_columns import (
    FilterError,
    column_named,
    figure_columns,
    read_filter,
    sorted_rows,
    usual_columns,
    value_of,
)
from runtime.run_curves import TRAIN, VALIDATION, read_curves
from runtime.run_rows import DAMAGED, Labels, meaning_of, read_labels, read_row, write_labels
from runtime.run_table import (
    INDEX,
    KEPT_DAYS,
    TRASH,
    RunTable,
    delete_run,
    empty_trash,
    find_run,
    is_runs_folder,
    restore_run,
    trashed,
)
from runtime.runs import EVENTS, FACTS, FINISHED, RUNNING, list_runs


@pytest.fixture
def runs(tmp_path) -> Path:
    return tmp_path / "net.runs"


def test_a_row_says_what_the_run_was_and_what_it_came_to(runs):
    path = made(runs, lr=0.02, batch_size=16)
    row = read_row(path)
    assert (row.folder, row.path, row.status, row.epoch, row.epochs) == (path.name, path, FINISHED, 3, 3)
    assert (row.optimizer, row.learning_rate, row.batch_size, row.seed) == ("Adam", 0.02, 16, 7)
    assert (row.parameters, row.device, row.seconds) == (61_706, "cpu", 6.5)
    assert row.figures == pytest.approx({
        "train.loss": 1 / 3, "train.accuracy": 0.8, "last.loss": 1 / 3, "last.accuracy": 0.8,
        "best.loss": 1 / 2, "best.accuracy": 0.9, "test.accuracy": 0.9, "test.loss": 0.5,
    })  # fmt: skip


def test_a_run_that_did_not_end_says_how_far_it_came_and_a_damaged_one_is_listed(runs):
    row = read_row(made(runs, status=RUNNING, epochs=2))
    assert (row.status, row.epoch, row.seconds) == (RUNNING, 2, 4.0)
    broken = made(runs)
    (broken / FACTS).write_text("{")
    assert read_row(broken).status == DAMAGED and read_row(broken).created


def test_the_meaning_is_the_same_wherever_nodes_stand_and_changes_with_graph_and_plan():
    project = lenet5().project
    node = project.graph.node_named("conv1").id
    moved = project.with_graph(project.graph.move({node: (400.0, 80.0)}))
    wider = project.with_graph(project.graph.set_params(node, {"out_channels": 9}))
    assert meaning_of(moved) == meaning_of(replace(project, name="Other")) == meaning_of(project)
    assert len({meaning_of(p) for p in (project, wider, project.with_plan(plan_of(0.5)))}) == 3


def test_the_index_is_used_and_never_trusted_more_than_the_folders(runs, monkeypatch):
    first, second = made(runs), made(runs)
    assert {row.folder for row in RunTable(runs).rows()} == {first.name, second.name}
    monkeypatch.setattr("runtime.run_table.read_row", lambda _path: pytest.fail("read again"))
    assert len(RunTable(runs).rows()) == 2
    monkeypatch.undo()
    write_labels(first, Labels("mine", ("good",), "a note"))  # files that are replaced
    facts = json.loads((second / FACTS).read_text())
    (second / FACTS).write_text(json.dumps({**facts, "seed": 12345}))  # and one that is written in place
    rows = {row.folder: row for row in RunTable(runs).rows()}
    assert rows[first.name].labels == Labels("mine", ("good",), "a note") and rows[second.name].seed == 12345
    for nonsense in (b"{", b"[]", b'{"version": 2, "rows": {"x": [[1], [2]]}}', b"\xff"):
        (runs / INDEX).write_bytes(nonsense)
        assert {row.folder for row in RunTable(runs).rows()} == rows.keys()
    assert len(list_runs(runs)) == 2  # the index is no run


def test_a_table_follows_a_run_under_way_and_runs_that_go(runs):
    path, other = made(runs, status=RUNNING, epochs=1), made(runs)
    table = RunTable(runs)
    assert {row.folder: row.epoch for row in table.rows()} == {path.name: 1, other.name: 3}
    with (path / EVENTS).open("a") as events:
        figures = {"loss": 0.1, "accuracy": 0.99}
        events.write(json.dumps({"event": "EpochEnded", "epoch": 2, "step": 8, "train": figures, "validation": figures,
                                 "seconds": 1.0, "best": True}) + "\n")  # fmt: skip
    delete_run(other)
    (row,) = table.rows()
    assert row.epoch == 2 and row.figures["best.accuracy"] == 0.99


def test_rows_come_in_parts_and_an_abandoned_reading_is_not_lost(runs, monkeypatch):
    monkeypatch.setattr("runtime.run_table.BATCH", 1)
    names = {made(runs).name for _ in range(3)}
    reading = RunTable(runs).load()
    assert next(reading) == [] and len(next(reading)) == 1
    reading.close()
    known, *rest = RunTable(runs).load()
    assert len(known) == 1 and {row.folder for rows in (known, *rest) for row in rows} == names


def test_what_is_deleted_can_be_put_back_and_goes_for_good_after_30_days(runs):
    one, other = made(runs), made(runs)
    before = {p.name: p.read_bytes() for p in one.iterdir() if p.is_file()}
    place = delete_run(one)
    assert place == runs / TRASH / one.name and not one.exists() and trashed(runs) == [place]
    assert [run.path for run in list_runs(runs)] == [other]
    assert restore_run(place) == one and {p.name: p.read_bytes() for p in one.iterdir() if p.is_file()} == before
    place = delete_run(one)
    assert empty_trash(runs, older_than=KEPT_DAYS) == 0 and place.exists()
    old = time.time() - (KEPT_DAYS + 1) * 86_400
    os.utime(place, (old, old))
    delete_run(other)  # looks after the trash
    assert trashed(runs) == [runs / TRASH / other.name]
    assert empty_trash(runs) == 1 and not (runs / TRASH).exists()


def test_a_run_that_is_being_written_stays(runs):
    path = made(runs, status=RUNNING)
    with pytest.raises(RunError, match="being written"):
        delete_run(path)
    for name in (EVENTS, FACTS):
        os.utime(path / name, (0, 0))
    delete_run(path)  # it was given up long ago
    assert not path.exists()


def test_filters_take_words_and_comparisons(runs):
    good, bad = made(runs, accuracy=0.97, lr=0.001), made(runs, accuracy=0.6)
    write_labels(good, Labels("the best one", ("good", "lr"), ""))
    rows = RunTable(runs).rows()
    figures = figure_columns(rows)

    def found(text: str) -> set[str]:
        return {row.folder for row in filter(read_filter(text, figures), rows)}

    everything = {good.name, bad.name}
    assert found("") == found("adam") == found("status=finished") == found("date>=2020") == everything
    assert (
        found("accuracy>0.95") == found("accuracy >= 95%") == found('"best one"') == found("tags=GOOD") == {good.name}
    )
    assert found("test.accuracy<0.9") == found("-best") == found("lr=0.01") == found("tag!=good") == {bad.name}
    assert found("adam accuracy>0.95 lr>1") == found("sgd") == set()
    for wrong in ("acuracy>0.5", "accuracy>much", ">3"):
        with pytest.raises(FilterError):
            found(wrong)


def test_columns_and_sorting(runs):
    paths = [made(runs, accuracy=a) for a in (0.7, 0.9, 0.8)]
    broken = made(runs)
    (broken / FACTS).write_text("")
    rows = RunTable(runs).rows()
    figures = figure_columns(rows)
    assert figures[:4] == ["best.loss", "best.accuracy", "test.loss", "test.accuracy"]
    assert column_named("accuracy", figures) == "best.accuracy" and column_named("lr", figures) == "learning_rate"
    assert "test.accuracy" in usual_columns(figures)
    by_accuracy = sorted_rows(rows, "best.accuracy", largest_first=True)
    assert [row.folder for row in by_accuracy] == [paths[i].name for i in (1, 2, 0)] + [broken.name]
    assert sorted_rows(rows, "best.accuracy", largest_first=False)[-1].folder == broken.name
    assert value_of(by_accuracy[0], "best.accuracy") == 0.9


def test_a_word_names_one_run_or_says_which(runs):
    one, other = made(runs), made(runs)
    write_labels(one, Labels("mine"))
    rows = RunTable(runs).rows()
    assert find_run(runs, "mine", rows).path == find_run(runs, one.name[-4:], rows).path == one
    assert is_runs_folder(runs) and not is_runs_folder(other)
    for word in ("nobody", "2"):
        with pytest.raises(RunError):
            find_run(runs, word, rows)


def test_labels_that_are_damaged_are_none(runs):
    path = made(runs)
    for text in ("[]", "{", '{"tags": 3}'):
        (path / "labels.json").write_text(text)
        assert read_labels(path) == Labels()


def test_curves_by_step(runs):
    curves = read_curves(made(runs))
    assert curves.steps_per_epoch == STEPS and curves.figures == ["loss", "accuracy"]
    loss, validation = curves.lines[TRAIN, "loss"], curves.lines[VALIDATION, "loss"]
    assert loss.is_dense and list(loss.x) == list(range(1, 13)) and list(loss.y) == [1 / step for step in range(1, 13)]
    assert not validation.is_dense and list(validation.x) == [4, 8, 12]
    assert list(curves.lines[TRAIN, "accuracy"].x) == [4, 8, 12]


@pytest.mark.slow
def test_ten_thousand_runs_open_in_under_a_second(runs):
    source = made(runs)
    contents = {p.name: p.read_bytes() for p in source.iterdir() if p.is_file()}
    for number in range(9_999):
        path = runs / f"2026-01-01_{number:06}_{number:04x}"
        path.mkdir()
        for name, content in contents.items():
            (path / name).write_bytes(content)
    assert len(RunTable(runs).rows()) == 10_000
    before = time.process_time()
    rows = RunTable(runs).rows()
    assert len(rows) == 10_000 and time.process_time() - before < 1.0

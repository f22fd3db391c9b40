"""Runs over data that is streamed: the numbers of a run over data that is held, also when it is stopped and goes on."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from drawings import Drawing
from driven import drive, only, told_each_step
from graph.model import Project
from runtime.data import preparation, prepare, streams
from runtime.events import Event, Failed, Finished, Replaced, StepsEnded, Stopped
from runtime.session import Control, Replace
from trainings import StopAfter, cnn, epochs_of, plan, run, step_series, with_facts

RECORDED = pytest.mark.usefixtures(told_each_step.__name__)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A classifier of picture files, with dropout and batch normalization."""
    folder, draw = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for number in range(100):
        path = folder / "abcdefghij"[number % 10] / f"{number:02}.png"
        path.parent.mkdir(exist_ok=True)
        pixels = draw.integers(0, 100, (8, 8)) + 15 * (number % 10)
        Image.fromarray(pixels.astype(np.uint8)).save(path)
    d = Drawing("Net", plan(epochs=2, batch_size=8))
    d.add("data.Images", "pictures", source=str(folder))
    scores = cnn(d, d.port("pictures", "image"))
    d.add("nn.CrossEntropyLoss", "loss", scores, d.port("pictures", "label"))
    return with_facts(d.project)


@pytest.fixture(scope="module")
def expected(project: Project, tmp_path_factory: pytest.TempPathFactory) -> list:
    return run(project, tmp_path_factory.mktemp("runs"))


@pytest.fixture
def streamed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No memory is free, and one process reads; it is gone in the end."""
    before = set(multiprocessing.active_children())
    monkeypatch.setattr(preparation, "free_memory", lambda: 0)
    monkeypatch.setattr(streams, "default_workers", lambda: 1)
    yield
    assert set(multiprocessing.active_children()) == before


def weights(events: list) -> dict[str, torch.Tensor]:
    return load_file(Path(events[-1].run) / "checkpoints" / "last.safetensors")


def assert_same(found: list, expected: list) -> None:
    assert isinstance(found[-1], Finished) and found[-1].test == expected[-1].test
    ours, theirs = weights(found), weights(expected)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_streamed_run_has_the_numbers_of_a_held_one(
    project: Project, expected: list, streamed: None, tmp_path: Path
) -> None:
    assert all(isinstance(part, streams.StreamedPart) for part in prepare(project).parts)
    found = run(project, tmp_path)
    assert step_series(found) == step_series(expected) and epochs_of(found) == epochs_of(expected)
    assert_same(found, expected)


@pytest.mark.slow
def test_a_streamed_run_that_is_stopped_goes_on_exactly(
    project: Project, expected: list, streamed: None, tmp_path: Path
) -> None:
    stopped = run(project, tmp_path, control=StopAfter(4))
    assert isinstance(stopped[-1], Stopped)
    resumed = run(project, tmp_path, resume=Path(stopped[-1].run))
    assert step_series(stopped) + step_series(resumed) == step_series(expected)
    assert_same(resumed, expected)


@pytest.mark.slow
@RECORDED
@pytest.mark.parametrize("at", [4, 14])
def test_a_streamed_run_reads_on_in_its_order_after_another_drawing(
    project: Project, streamed: None, monkeypatch: pytest.MonkeyPatch, at: int, tmp_path: Path
) -> None:
    """The same batches as in a run of held data that was edited there too, and as in one that nobody touched; read by who read them."""
    other = project.with_graph(project.graph.rename(project.graph.node_named("fc1").id, "scores"))
    readers, passes = [], []
    read_there = streams.Crew._read_there
    monkeypatch.setattr(
        streams.Crew, "_read_there", lambda self, *more: (passes.append(len(more[0])), read_there(self, *more))[1]
    )

    def hand(event: Event, control: Control) -> None:
        if isinstance(event, StepsEnded):
            readers.append({process.pid for process in multiprocessing.active_children()})

    found = drive(project, tmp_path / "streamed", {at: [Replace(other)]}, hand=hand)
    assert isinstance(found[-1], Finished) and only(Replaced, found).step == at
    assert passes.count(9 - at % 9) == 1  # the rest of the epoch
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preparation, "free_memory", lambda: 2**40)
        held = drive(project, tmp_path / "held", {at: [Replace(other)]})
        untouched = drive(project, tmp_path / "untouched")
    assert step_series(found) == step_series(held) == step_series(untouched)
    assert epochs_of(found)[-1].validation == epochs_of(untouched)[-1].validation
    assert len(readers[0]) == 1 and all(pids == readers[0] for pids in readers)


def test_a_picture_that_is_damaged_meanwhile_ends_the_run_with_its_name(
    project: Project, streamed: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = Path(str(next(iter(project.graph.nodes.values())).params["source"]))
    damaged, content = source / "b" / "01.png", (source / "b" / "01.png").read_bytes()
    check = preparation.check_facts

    def check_then_damage(*args) -> None:
        check(*args)
        damaged.write_bytes(content[:60])

    monkeypatch.setattr(preparation, "check_facts", check_then_damage)
    try:
        failed = run(project, tmp_path)[-1]
    finally:
        damaged.write_bytes(content)
    assert isinstance(failed, Failed) and "01.png" in str(failed.message)

"""Two processes that train together against one over the same batches: the same losses, figures and weights."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from graph.messages import DataError, msg
from graph.model import Project
from runtime import cli, events
from runtime.distributed import others_let_go, train_in_processes
from runtime.events import Event, Failed, Noted, RunStarted
from runtime.session import Control, Request
from together import train_together
from trained_together import DRAWN, check_alike, check_weights
from trainings import digits, mlp, plan, run

pytestmark = pytest.mark.timeout(600)  # two processes begin slowly where many others compute
Runs = dict[str, tuple[list[Event], list[Event]]]  # of one process and of two, by the name of the drawing
STEPS = 50


DIVIDED = "divided"
SHORT = {"lenet": 256, "tagger": 32, "gan": 36}  # batch sizes that leave a handful of steps in an epoch


def train_both(projects: Mapping[str, Callable[[Path], Project]], folder: Path, shard: Collection[str] = ()) -> Runs:
    """For each drawing the events of one process and of two."""
    drawn = {}
    for name, draw in projects.items():
        (folder / "one" / name).mkdir(parents=True)
        drawn[name] = draw(folder / "one" / name)
        (folder / "two" / name).mkdir(parents=True)
        for file in (folder / "one" / name).glob("*.npz"):
            (folder / "two" / name / file.name).write_bytes(file.read_bytes())
    two = train_together(drawn, folder / "two", shard=shard)
    one = {name: run(p, folder / "one" / name / "runs", folder=folder / "one" / name) for name, p in drawn.items()}
    return {name: (one[name], two[name]) for name in drawn}


def shortened(name: str, folder: Path) -> Project:
    project = DRAWN[name](folder)
    return project.with_plan(replace(project.plan, epochs=1, batch_size=SHORT[name]))


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """Runs of a handful of steps; one of them with its weights divided (more in `test_distributed_sharded`)."""
    drawn = {name: partial(shortened, name) for name in SHORT} | {DIVIDED: partial(shortened, "tagger")}
    return train_both(drawn, tmp_path_factory.mktemp("few"), shard=[DIVIDED])


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Runs of at least 50 steps."""
    return train_both(DRAWN, tmp_path_factory.mktemp("together"))


@pytest.mark.parametrize("name", [*SHORT, DIVIDED])
def test_a_few_steps_of_two_processes_are_those_of_one(few, name):
    check_alike(*few[name], steps=4)
    check_weights(*few[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWN)
def test_two_processes_have_the_losses_of_one_over_50_steps(runs, name):
    check_alike(*runs[name], steps=STEPS)
    check_weights(*runs[name])


def test_the_run_is_an_ordinary_one_and_says_what_the_processes_brought(few):
    one, two = few["lenet"]
    started = [next(e for e in made if isinstance(e, RunStarted)) for made in (one, two)]
    assert replace(started[1], run="") == replace(started[0], run="")
    files = [sorted(path.name for path in Path(event.run).iterdir()) for event in started]
    assert files[0] == files[1]
    said = [str(event.message) for event in two if isinstance(event, Noted)]
    assert any("2 processes took" in text and "one alone takes" in text for text in said)
    tested = [next(e for e in made if isinstance(e, events.Tested)) for made in (one, two)]
    assert np.array_equal(tested[0].confusion, tested[1].confusion)
    assert not any(isinstance(event, Failed) for event in two)


def test_the_others_end_where_there_is_nothing_to_train(monkeypatch):
    world = Mock()
    monkeypatch.setattr("runtime.training.world.join_world", lambda: world)
    with pytest.raises(DataError), others_let_go():
        raise DataError(msg("Nothing there."))
    world.close.assert_not_called()  # alone
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with others_let_go():
        pass
    world.close.assert_not_called()
    with pytest.raises(DataError), others_let_go():
        raise DataError(msg("Nothing there."))
    world.close.assert_called_once()


def test_torchrun_and_an_own_number_of_processes_do_not_go_together(monkeypatch, capsys):
    monkeypatch.setattr("runtime.training.world.join_world", Mock())
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert cli.main(["train", "moons_mlp", "--processes", "2"], open_window=Mock(), draw_picture=Mock()) == cli.WRONG
    assert "torchrun has begun 4 processes already" in capsys.readouterr().err
    assert cli.main(["train", "moons_mlp", "--overfit"], open_window=Mock(), draw_picture=Mock()) == cli.WRONG
    assert "Begin without torchrun" in capsys.readouterr().err


def test_a_process_that_does_not_even_begin_is_told_of(monkeypatch, tmp_path):
    monkeypatch.setattr("runtime.distributed.BOOT", "raise SystemExit(7)")
    monkeypatch.setattr("runtime.distributed.GRACE", 0.0)  # process 0 would wait for it
    request = Request(digits(mlp, plan()), None, tmp_path / "runs")
    (failed,) = train_in_processes(request, Control(attended=False), 2)
    assert isinstance(failed, Failed) and "Process 1 of 2 ended before it could do its part (7)" in str(failed.message)

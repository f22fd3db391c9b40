"""Questions to the trained network: answered in a thread, only the newest of a kind, by the run's best weights."""

from __future__ import annotations

import threading
import time

import pytest

from fake_runs import FakeSessions, started
from graph.files import load
from graph.messages import RunError, msg
from gui.asker import Asker
from gui.editor import Editor
from gui.run_controller import RunController, RunState
from runtime import examples
from runtime.analyser import analyse
from runtime.events import OVERFIT, Finished


@pytest.fixture
def asker(qtbot, tmp_path):
    editor = Editor()
    editor.open(load(examples.path("moons_mlp")))
    controller = RunController(editor)
    controller.runs_folder = tmp_path
    made = Asker(editor, controller)
    yield made
    controller.shutdown()
    made.close(wait=True)


def ask(qtbot, asker: Asker, question, key: str = "a"):
    """The answer, or the sentence why there is none."""
    said = []
    asker.ask(question, said.append, key=key, failed=said.append)
    qtbot.waitUntil(lambda: bool(said), timeout=60_000)
    return said[0]


def test_before_training_the_network_of_the_drawing_answers_in_another_thread(qtbot, asker):
    run, classes, thread = ask(qtbot, asker, lambda t: (t.run, t.classes, threading.current_thread().name))
    assert run is None and len(classes) == 2 and thread == "layerloom-asker"
    assert not asker.is_trained and asker.project.name == "MoonsMLP"


def test_it_knows_whether_the_weights_that_answer_may_become_better(qtbot, tmp_path):
    editor, sessions = Editor(load(examples.path("moons_mlp"))), FakeSessions()
    controller = RunController(editor, session=sessions)
    asker = Asker(editor, controller)
    editor.set_analysis(analyse(editor.project))
    assert not asker.is_learning and not asker.has_best
    controller.train()
    run = tmp_path / "one"
    sessions[0].say(started(str(run)))
    controller._on_tick()
    assert asker.run == run and asker.is_learning and not asker.has_best
    (run / "checkpoints").mkdir(parents=True)
    (run / "checkpoints" / "last.safetensors").touch()
    assert not asker.has_best
    (run / "checkpoints" / "best.safetensors").touch()
    assert asker.has_best
    sessions[0].say(Finished({}, str(run), "cpu", 3, 1.0))
    controller._on_tick()
    assert controller.state is RunState.FINISHED and not asker.is_learning and asker.has_best
    controller.train(mode=OVERFIT)  # of the run that answers nothing changes
    sessions[1].say(started(""))
    controller._on_tick()
    assert controller.state is RunState.RUNNING and asker.run == run and not asker.is_learning
    controller.shutdown()
    asker.close(wait=True)


def test_only_the_newest_question_of_a_kind_is_answered(qtbot, asker):
    ask(qtbot, asker, lambda t: t.run)
    go, said = threading.Event(), []
    asker.ask(lambda _t: go.wait(10), said.append, key="slow", failed=said.append)
    for number in range(3):
        asker.ask(lambda _t, n=number: n, said.append, key="fast", failed=said.append)
    asker.ask(lambda _t: "newer", said.append, key="slow", failed=said.append)
    go.set()
    qtbot.waitUntil(lambda: len(said) == 2, timeout=10_000)
    qtbot.wait(50)
    assert said == [2, "newer"]


def test_a_question_that_nobody_waits_for_is_dropped(qtbot, asker):
    ask(qtbot, asker, lambda t: t.run)
    go, said = threading.Event(), []
    asker.ask(lambda _t: go.wait(10), said.append, key="one", failed=said.append)
    asker.drop("one")
    go.set()
    assert ask(qtbot, asker, lambda _t: "other", key="two") == "other"
    assert said == []


def test_why_there_is_no_answer_is_a_sentence(qtbot, asker):
    def refuse(_trained):
        raise RunError(msg("The disk is full."))

    assert str(ask(qtbot, asker, refuse)) == "The disk is full."
    assert "Layerloom made a mistake: ZeroDivisionError" in str(ask(qtbot, asker, lambda _t: 1 / 0))


def test_after_a_run_its_network_answers_and_that_is_told(qtbot, asker):
    weights = ask(qtbot, asker, lambda t: t.model.state_dict())
    told = []
    asker.subject_changed.connect(lambda: told.append(asker.run))
    asker._controller.train()
    qtbot.waitUntil(lambda: asker._controller.state is RunState.FINISHED, timeout=120_000)
    run, after, seen = ask(qtbot, asker, lambda t: (t.run, t.model.state_dict(), time.monotonic()))
    assert run == asker.run == asker._controller.last_run and told[-1] == run and seen
    assert any((weights[name] != after[name]).any() for name in weights)
    asker.forget()
    assert asker.run is None

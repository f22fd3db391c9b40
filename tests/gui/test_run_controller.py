"""The run controller: its states, what it passes on, and when it refuses."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from fake_runs import FakeSessions, classes_tested, epoch_ended, started, steps
from graph.messages import msg
from graph.model import Graph, Node, Project
from graph.problems import Problem, Severity
from graph.validation import validate
from gui.editor import Editor
from gui.pace import Pace
from gui.run_controller import RunController, RunState
from runtime.analysis import Analysis
from runtime.events import Failed, Finished, Paused, Resumed, Stopped

FINISHED = Finished({"loss": 0.5}, "runs/one", "cpu", 3, 4.0)
STOPPED = Stopped("runs/one", "cpu", 2, 50)


@pytest.fixture
def sessions():
    return FakeSessions()


@pytest.fixture
def controller(qtbot, sessions):
    made = RunController(Editor(), session=sessions)
    yield made
    made.shutdown()


def problem(text: str, severity: Severity = Severity.ERROR) -> Problem:
    return Problem("missing-input", msg("{what}", what=text), severity=severity)


def say(qtbot, controller, session, *events) -> list:
    with qtbot.waitSignal(controller.events) as heard:
        session.say(*events)
    return heard.args[0]


def run_to(qtbot, controller, sessions, *events) -> None:
    controller.train()
    say(qtbot, controller, sessions[-1], started(), *events)


def test_train_starts_a_session_with_the_present_value(controller, sessions, tmp_path):
    controller.runs_folder = tmp_path
    controller.editor.folder = Path("here")
    controller.train()
    [session] = sessions
    assert (session.project, session.folder, session.runs) == (controller.editor.project, Path("here"), tmp_path)
    assert session.resume is None
    assert controller.state is RunState.STARTING


def test_one_batch_a_tick_and_typed_signals_in_order(qtbot, controller, sessions):
    heard = []
    for name in ("started", "ended"):
        getattr(controller, name).connect(heard.append)
    events = [started(), steps(1, 40), Paused(1, 40), Resumed(1, 40), epoch_ended(1), classes_tested(), FINISHED]
    controller.train()
    assert say(qtbot, controller, sessions[0], *events) == events
    assert heard == [events[0], FINISHED]


def test_figures_wait_while_the_window_rests_and_what_is_rare_does_not(qtbot, controller, sessions, monkeypatch):
    run_to(qtbot, controller, sessions)
    heard, paused = [], Paused(1, 40)
    controller.events.connect(heard.append)
    monkeypatch.setattr(controller._pace, "_until", math.inf)
    sessions[0].say(steps(1, 40))
    controller._on_tick()
    assert not heard
    sessions[0].say(paused)
    controller._on_tick()
    assert heard == [[steps(1, 40), paused]]


@pytest.mark.parametrize(("cost", "rest"), [(0.0, 0.1), (0.01, 0.25), (0.2, 2.0)])
def test_the_rest_follows_from_what_was_computed(cost, rest, monkeypatch):
    spent, now = [0.0, cost], [7.0, 7.0, 7.0 + 0.99 * rest, 7.0 + 1.01 * rest]
    monkeypatch.setattr("gui.pace.thread_time", lambda: spent.pop(0))
    monkeypatch.setattr("gui.pace.monotonic", lambda: now.pop(0))
    pace = Pace()
    assert not pace.is_resting
    pace.begin()
    assert pace.is_resting and not pace.is_resting


def test_the_beginning_of_a_run_is_lively_and_a_long_one_takes_little(monkeypatch):
    clock, spent = [0.0], [0.0]
    monkeypatch.setattr("gui.pace.thread_time", lambda: spent[0])
    monkeypatch.setattr("gui.pace.monotonic", lambda: clock[0])
    pace, shows = Pace(), []
    while clock[0] < 100:
        if not pace.is_resting:
            pace.begin()
            shows.append(clock[0])
            spent[0] += 0.008
        clock[0] += 0.01
    assert sum(show < 5 for show in shows) > 20  # every 0.2 s
    assert all(0.75 < b - a < 0.85 for a, b in pairwise(show for show in shows if show > 50))
    assert spent[0] < 0.4 + 0.0105 * 100


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (FINISHED, RunState.FINISHED),
        (STOPPED, RunState.STOPPED),
        (Failed(msg("The disk is full.")), RunState.FAILED),
    ],
)
def test_the_final_event_ends_the_run(qtbot, controller, sessions, event, state):
    run_to(qtbot, controller, sessions, event)
    assert controller.state is state
    assert not controller.state.is_active
    assert controller.last_run == Path("runs/one")


def test_pause_and_resume(qtbot, controller, sessions):
    run_to(qtbot, controller, sessions)
    assert controller.state is RunState.RUNNING
    controller.toggle()
    assert controller.state is RunState.PAUSED
    assert sessions[0].control.pause_wanted
    controller.toggle()
    assert controller.state is RunState.RUNNING
    assert not sessions[0].control.pause_wanted


def test_a_run_paused_before_it_began_stays_paused(qtbot, controller, sessions):
    controller.train()
    controller.pause()
    say(qtbot, controller, sessions[0], started())
    assert controller.state is RunState.PAUSED


def test_stop_ends_a_paused_run_too(qtbot, controller, sessions):
    run_to(qtbot, controller, sessions)
    controller.pause()
    controller.stop()
    assert controller.state is RunState.STOPPING
    assert sessions[0].control.stop_wanted
    say(qtbot, controller, sessions[0], STOPPED)
    assert controller.state is RunState.STOPPED


def test_the_button_goes_on_with_a_stopped_run(qtbot, controller, sessions):
    run_to(qtbot, controller, sessions, STOPPED)
    assert controller.can_continue
    controller.toggle()
    assert sessions[1].resume == Path("runs/one")


def test_a_changed_drawing_starts_anew(qtbot, controller, sessions):
    run_to(qtbot, controller, sessions, STOPPED)
    controller.editor.add_node("torch.nn.ReLU", (0, 0))
    controller.toggle()
    assert sessions[1].resume is None


def test_restart_stops_the_run_and_begins_again(qtbot, controller, sessions):
    run_to(qtbot, controller, sessions)
    controller.restart()
    assert sessions[0].control.stop_wanted
    say(qtbot, controller, sessions[0], STOPPED)
    assert len(sessions) == 2
    assert sessions[1].resume is None
    assert controller.state is RunState.STARTING


def test_errors_in_the_drawing_are_the_reason_not_to_start(qtbot, controller, sessions):
    controller.editor.set_analysis(Analysis(problems=(problem("'conv1' has no input."), problem("Another one."))))
    with (
        qtbot.waitSignals([controller.refused, controller.problems_wanted]),
        qtbot.waitSignal(controller.refused) as why,
    ):
        controller.train()
    assert "'conv1' has no input." in str(why.args[0])
    assert "2" in str(why.args[0])
    assert not sessions
    assert controller.state is RunState.IDLE


def test_warnings_do_not_stop_training(controller, sessions):
    controller.editor.set_analysis(Analysis(problems=(problem("Unusual.", Severity.WARNING),)))
    controller.train()
    assert len(sessions) == 1


def test_without_a_loss_training_is_refused_with_the_reason(qtbot, controller, sessions):
    drawing = Project(Graph({"n1": Node("n1", "torch.nn.ReLU", "relu")}))
    warnings = tuple(p for p in validate(drawing) if p.severity is Severity.WARNING)
    controller.editor.set_analysis(Analysis(problems=warnings))
    with qtbot.waitSignal(controller.refused) as why, qtbot.waitSignal(controller.problems_wanted):
        controller.train()
    assert "There is no loss yet" in str(why.args[0])
    assert not sessions and controller.state is RunState.IDLE


def test_only_one_run_at_a_time(qtbot, controller, sessions):
    controller.train()
    with qtbot.waitSignal(controller.refused):
        controller.train()
    assert len(sessions) == 1


def test_stale_while_the_document_means_something_else(qtbot, controller):
    editor = controller.editor
    editor.add_node("torch.nn.ReLU", (0, 0))
    controller.train()
    [node] = editor.graph.nodes
    editor.move({node: (50, 50)})
    assert not controller.is_stale
    with qtbot.waitSignal(controller.stale_changed):
        editor.set_plan(replace(editor.project.plan, epochs=99), msg("Epochs"))
    assert controller.is_stale
    with qtbot.waitSignal(controller.stale_changed):
        editor.undo()
    assert not controller.is_stale


def test_forget_leaves_nothing_of_the_last_run(qtbot, controller, sessions):
    run_to(qtbot, controller, sessions, FINISHED)
    controller.forget()
    assert (controller.state, controller.last_run, controller.is_stale) == (RunState.IDLE, None, False)


def test_shutdown_stops_and_waits(controller, sessions):
    assert controller.shutdown()
    controller.train()
    assert controller.shutdown()
    assert sessions[0].joined

"""What can be done to a run besides pausing and stopping it: from the bar, the menus and the form of learning rates."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from fake_runs import FakeSessions, started, steps
from graph.messages import msg
from gui.run_bar import RunBar
from gui.run_controller import RunController, RunState
from gui.run_menu import RateForm
from panel_tools import enter, lenet_editor, show
from runtime.events import Checked, Finished, Overfitted, Paused, RangeTested, RateSet, Refused, Replaced
from runtime.session import Replace, Save, SetRate


@pytest.fixture
def sessions():
    return FakeSessions()


@pytest.fixture
def controller(qtbot, sessions):
    made = RunController(lenet_editor(), session=sessions)
    yield made
    made.shutdown()


@pytest.fixture
def bar(qtbot, controller):
    return show(qtbot, RunBar(controller), 1100, 60)


def say(qtbot, controller, session, *events):
    with qtbot.waitSignal(controller.events):
        session.say(*events)


def begun(qtbot, controller, sessions):
    controller.train()
    say(qtbot, controller, sessions[-1], started(), steps(1, 10))
    return sessions[-1]


def change(editor):
    node = editor.graph.node_named("fc1")
    editor.set_param(node.id, "out_features", 50)


def test_without_a_run_nothing_is_offered_and_that_is_said(bar):
    menu = bar.more_button
    menu.refresh()
    for action in (menu.after_epoch, menu.save, menu.replace, menu.rates.menuAction()):
        assert not action.isEnabled() and action.toolTip() == "No run is under way."


def test_stop_after_the_epoch(qtbot, bar, controller, sessions):
    session = begun(qtbot, controller, sessions)
    bar.more_button.refresh()
    bar.more_button.after_epoch.trigger()
    assert session.control.stop_after_epoch and not session.control.stop_wanted
    assert controller.state is RunState.STOPPING


def test_save_now(qtbot, bar, controller, sessions):
    session = begun(qtbot, controller, sessions)
    bar.more_button.refresh()
    bar.more_button.save.trigger()
    assert session.control.take_wish() == Save()


def test_another_learning_rate(qtbot, controller, sessions):
    session = begun(qtbot, controller, sessions)
    controller.pause()
    form = show(qtbot, RateForm(controller), 240, 80)
    assert form.rows["main"].field.text() == "0.001"
    enter(qtbot, form.rows["main"].field, "0.0005")
    assert session.control.take_wish() == SetRate("main", 0.0005)
    say(qtbot, controller, session, RateSet(1, 10, "main", 0.0005))
    assert controller.rates == [("main", 0.0005)]


def test_a_changed_drawing_takes_the_place_of_the_one_in_training(qtbot, bar, controller, sessions):
    session = begun(qtbot, controller, sessions)
    assert not bar.replace_button.isVisible()
    say(qtbot, controller, session, Paused(1, 10))
    change(controller.editor)
    assert bar.replace_button.isVisible() and bar.stale.isVisible()
    qtbot.mouseClick(bar.replace_button, Qt.MouseButton.LeftButton)
    wish = session.control.take_wish()
    assert isinstance(wish, Replace) and wish.project is controller.editor.project
    assert controller.is_stale  # until the run says so
    say(qtbot, controller, session, Replaced(1, 10, ("fc1.weight",), (), (), (), 100))
    assert not controller.is_stale and not bar.replace_button.isVisible()


def test_a_refused_drawing_is_told_and_the_run_goes_on(qtbot, controller, sessions):
    session = begun(qtbot, controller, sessions)
    change(controller.editor)
    controller.use_new_drawing()
    with qtbot.waitSignal(controller.refused) as told:
        session.say(Refused(msg("No.")))
    assert str(told.args[0]) == "No."
    assert controller.is_stale and controller.state is RunState.RUNNING


@pytest.mark.parametrize(
    ("event", "words", "tone"),
    [
        (Overfitted(50, 2.3, 0.001, True, msg("It can.")), "It can.", "good"),
        (Overfitted(50, 2.3, 2.2, False, msg("It cannot.")), "It cannot.", "warning"),
        (RangeTested("main", (1e-4, 1e-3), (2.0, 1.0), 0.00312), "A learning rate to try: 0.0031", "good"),
        (RangeTested("main", (1e-4, 1e-3), (2.0, 2.0), None), "No learning rate stands out", "warning"),
    ],
)
def test_what_a_look_found_stands_in_the_bar(qtbot, bar, controller, sessions, event, words, tone):
    controller.train(mode="overfit")
    session = sessions[-1]
    assert session.mode == "overfit"
    say(qtbot, controller, session, Checked(()), started(run=""), steps(1, 10), event, Finished({}, "", "cpu", 1, 2.0))
    assert words in bar.status.text() and bar.status.property("tone") == tone
    assert controller.last_run is None and controller.state is RunState.FINISHED


def test_a_process_of_its_own(controller, sessions):
    controller.is_isolated = lambda: True
    controller.train()
    assert sessions[-1].isolated

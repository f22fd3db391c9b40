"""Movement: steps from 0 to 1, one end, and none of it where motion is reduced."""

from __future__ import annotations

from threading import Event

import pytest
from PySide6.QtCore import QObject, Qt

from gui import motion as module
from gui.motion import Motion, animate, motion


@pytest.fixture(autouse=True)
def _as_before():
    before = motion.reduced
    yield
    motion.reduced = before


@pytest.fixture
def course():
    """What an animation called."""
    return []


def test_it_goes_from_the_start_to_the_end_and_ends_once(qtbot, course):
    motion.reduced = "no"
    assert animate(60, course.append, on_end=lambda: course.append("end")) is not None
    qtbot.waitUntil(lambda: "end" in course)
    *steps, end = course
    assert end == "end"
    assert steps == sorted(steps)
    assert len(steps) > 1 and steps[-1] == 1.0 and steps[0] < 1.0


@pytest.mark.parametrize(("reduced", "duration"), [("yes", 60), ("no", 0)])
def test_it_jumps_to_the_end_where_motion_is_reduced_or_takes_no_time(qapp, course, reduced, duration):
    motion.reduced = reduced
    assert animate(duration, course.append, on_end=lambda: course.append("end")) is None
    assert course == [1.0, "end"]


def test_it_stops_with_its_parent(qtbot, course):
    motion.reduced = "no"
    parent = QObject()
    assert animate(60, course.append, on_end=lambda: course.append("end"), parent=parent) is not None
    parent.deleteLater()
    qtbot.wait(100)
    assert "end" not in course


@pytest.mark.parametrize("answer", [True, False])
def test_the_system_decides_unless_the_person_does(monkeypatch, answer):
    monkeypatch.setattr(module, "system_reduces_motion", lambda: answer)
    mover = Motion()
    mover.ask()
    mover._asking.join()
    assert mover.is_reduced is answer
    mover.reduced = "yes"
    assert mover.is_reduced
    mover.reduced = "no"
    assert not mover.is_reduced


def test_nobody_waits_for_the_system_which_is_asked_again_when_the_person_comes_back(monkeypatch, qtbot, qapp, course):
    waits, answers = Event(), iter((True, False))
    monkeypatch.setattr(module, "system_reduces_motion", lambda: waits.wait(5) and next(answers))
    mover = Motion()
    mover.follow(qapp)
    assert mover.is_reduced is False  # it has not answered
    waits.set()
    qtbot.waitUntil(lambda: mover.is_reduced)
    mover._asking.join()
    qapp.applicationStateChanged.emit(Qt.ApplicationState.ApplicationInactive)
    assert mover.is_reduced
    qapp.applicationStateChanged.emit(Qt.ApplicationState.ApplicationActive)
    qtbot.waitUntil(lambda: not mover.is_reduced)
    mover._asking.join()
    qapp.applicationStateChanged.disconnect(mover._on_state_changed)


@pytest.mark.parametrize(("answer", "reduced"), [("false\n", True), ("true\n", False)])
def test_a_system_is_asked_by_its_own_command(monkeypatch, answer, reduced):
    asked = []

    class Done:
        stdout = answer

    def run(command, **_wishes):
        asked.append(command[0])
        return Done

    monkeypatch.setattr(module.sys, "platform", "linux")
    monkeypatch.setattr(module.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(module.subprocess, "run", run)
    assert module.system_reduces_motion() is reduced
    assert asked == ["gsettings"]


def test_a_system_that_cannot_be_asked_lets_things_move(monkeypatch):
    monkeypatch.setattr(module.shutil, "which", lambda _name: None)
    monkeypatch.setattr(module.sys, "platform", "linux")
    assert module.system_reduces_motion() is False

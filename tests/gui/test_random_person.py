"""Whatever a person does, all of it can be undone and redone to the byte, and the canvas shows what the document says."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from amount import many
from block_drawings import showcase
from drawings import lenet5
from graph import history
from graph.model import Project
from gui.main_window import MainWindow
from gui.motion import motion
from person import seat
from random_person import ACTIONS, RandomPerson, check_agreement, text

STEPS = 50


@pytest.fixture
def window(qtbot: QtBot, monkeypatch, project_folder) -> MainWindow:
    monkeypatch.setattr(motion, "reduced", "yes")
    monkeypatch.setattr(history, "NEAR", 4)  # fifty steps reach those that are kept as what tells them apart
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    return seat(qtbot).window


class Sequence(RuleBasedStateMachine):
    """Actions in the window that `machine_in` gives, at last all undone and all redone."""

    window: MainWindow
    pause = 0  # milliseconds between two actions, in which things move

    @initialize(first=st.sampled_from((Project(), lenet5().project, showcase())))
    def open(self, first: Project) -> None:
        self.editor = self.window.editor
        self.editor.open(first)
        self.window.canvas.fit()
        self.first, self.person = text(self.window), RandomPerson(self.window)

    @rule(action=st.sampled_from(ACTIONS), seed=st.integers(0, 2**16))
    def act(self, action: str, seed: int) -> None:
        self.person.act(action, seed)

    @invariant()
    def canvas_and_document_agree(self) -> None:
        self.check()

    def teardown(self) -> None:
        if not hasattr(self, "first"):
            return
        self._redo_all()
        last = text(self.window)
        while self.editor.undo_text is not None:
            self.editor.undo()
        self.check()
        assert text(self.window) == self.first
        self._redo_all()
        self.check()
        assert text(self.window) == last
        self.editor.mark_saved(self.editor.project)

    def check(self) -> None:
        if self.pause:
            QTest.qWait(self.pause)
            self.window.canvas.hold_still()
        check_agreement(self.window)

    def _redo_all(self) -> None:
        while self.editor.redo_text is not None:
            self.editor.redo()


class MovingSequence(Sequence):
    """Things move, and the person does not wait for them."""

    pause = 20

    @rule(seed=st.integers(0, 2**16))
    def hurry(self, seed: int) -> None:
        self.person.act("hurry", seed)


def run(window: MainWindow, examples: int, machine: type[Sequence] = Sequence) -> None:
    limits = settings(max_examples=examples, stateful_step_count=STEPS, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(type("SequenceHere", (machine,), {"window": window}), settings=limits)


@pytest.mark.timeout(300)
def test_sequences_are_undone_and_redone_to_the_byte(window):
    run(window, many(12))


@pytest.mark.timeout(300)
def test_sequences_in_which_things_move(window, monkeypatch):
    monkeypatch.setattr(motion, "reduced", "no")
    run(window, many(12), MovingSequence)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_thousand_sequences(window):
    run(window, 1000)

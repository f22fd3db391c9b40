"""The main job by hand: from an empty canvas to a trained LeNet-5 that is saved, opened again and exported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLineEdit, QMessageBox, QWidget

from gui.main_window import MainWindow
from gui.run_controller import RunState
from gui.settings import Settings
from hands import Hands

CTRL = Qt.KeyboardModifier.ControlModifier
LAYERS = (
    ("torch.nn.Conv2d", {"out_channels": "6", "kernel_size": "5"}),
    ("torch.nn.Tanh", {}),
    ("torch.nn.AvgPool2d", {"kernel_size": "2"}),
    ("torch.nn.Conv2d", {"out_channels": "16", "kernel_size": "5 × 5"}),
    ("torch.nn.Tanh", {}),
    ("torch.nn.AvgPool2d", {"kernel_size": "2"}),
    ("torch.nn.Flatten", {}),
    ("torch.nn.Linear", {"out_features": "120"}),
    ("torch.nn.Tanh", {}),
    ("torch.nn.Linear", {"out_features": "84"}),
    ("torch.nn.Tanh", {}),
    ("torch.nn.Linear", {"out_features": "10"}),
)


@pytest.fixture
def window(qtbot, project_folder):
    window = MainWindow(Settings())
    qtbot.addWidget(window)
    window.documents.new()
    window.resize(1600, 1000)
    window.show()
    window.start_background()
    qtbot.waitExposed(window)
    with qtbot.waitSignal(window.analyst.ready, timeout=30_000):
        pass
    yield window
    window.controller.shutdown()
    window.editor.mark_saved(window.editor.project)
    window.close()


def field(panel: QWidget, name: str) -> QLineEdit:
    return next(f for f in panel.findChildren(QLineEdit) if f.accessibleName() == name and f.isVisible())


def enter(window: MainWindow, panel: QWidget, values: dict[str, str]) -> None:
    """Type values into fields by their names."""
    for name, text in values.items():
        line = field(panel, name)
        line.setFocus()
        line.selectAll()
        QTest.keyClicks(line, text)
        QTest.keyClick(line, Qt.Key.Key_Return)


def build(window: MainWindow) -> None:
    """Draw LeNet-5 with the mouse."""
    hands = Hands(window.canvas)
    window.canvas.zoom_to_actual()
    window.canvas.centerOn(400, 150)
    data = hands.drop("layerloom.data.Images", 0, 0)
    enter(window, window.frame.inspector, {"image_size": "32"})
    source = (data, "image")
    for i, (type_id, values) in enumerate(LAYERS):
        column, row = (i + 1) % 5, (i + 1) // 5
        name = hands.drop(type_id, column * 194, row * 120)
        enter(window, window.frame.inspector, values)
        hands.wire(source, (name, "input"))
        source = (name, "output")
    loss = hands.drop("torch.nn.CrossEntropyLoss", 3 * 194, 2 * 120)
    accuracy = hands.drop("layerloom.metrics.Accuracy", 4 * 194, 2 * 120)
    for target in (loss, accuracy):
        hands.wire(source, (target, "input"))
        hands.wire((data, "label"), (target, "target"))


def wait_for(qtbot, window: MainWindow, *states: RunState) -> None:
    qtbot.waitUntil(lambda: window.controller.state in states, timeout=60_000)


def test_from_an_empty_canvas_to_an_exported_network(window, qtbot, project_folder, monkeypatch):
    build(window)
    qtbot.waitUntil(lambda: window.editor.analysis.parameters == 61_706, timeout=10_000)
    assert window.editor.analysis.problems == ()
    assert "self.conv1 = nn.Conv2d(1, 6, kernel_size=5)" in window.frame.code.text

    window.frame.side.setCurrentWidget(window.frame.training)
    enter(window, window.frame.training, {"epochs": "12", "lr": "0.003"})

    path = project_folder / "mine.layerloom"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    QTest.keyClick(window, Qt.Key.Key_S, CTRL)
    assert path.is_file() and not window.isWindowModified()

    QTest.keyClick(window, Qt.Key.Key_F5)
    wait_for(qtbot, window, RunState.RUNNING)
    QTest.keyClick(window, Qt.Key.Key_F5)
    wait_for(qtbot, window, RunState.PAUSED)
    QTest.keyClick(window, Qt.Key.Key_F5)
    wait_for(qtbot, window, RunState.FINISHED)
    run = window.controller.last_run
    assert run.parent == project_folder / "mine.runs"
    final = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    assert final["event"] == "Finished" and final["test"]["accuracy"] >= 0.95

    drawn = window.editor.project
    window.new()
    assert not window.editor.graph.nodes
    window.open_path(path)
    assert window.editor.project == drawn


def test_undo_takes_everything_back_and_redo_brings_it_again(window):
    empty = window.editor.project
    build(window)
    built = window.editor.project
    for _ in range(200):
        QTest.keyClick(window, Qt.Key.Key_Z, CTRL)
    assert window.editor.project == empty
    for _ in range(200):
        QTest.keyClick(window, Qt.Key.Key_Z, CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert window.editor.project == built


def test_unsaved_changes_are_asked_about(window, monkeypatch):
    Hands(window.canvas).drop("torch.nn.Linear", 0, 0)
    answers = [QMessageBox.StandardButton.Cancel]
    monkeypatch.setattr(window, "ask_about_changes", lambda: answers[-1])
    window.new()
    assert window.editor.graph.nodes
    answers.append(QMessageBox.StandardButton.Discard)
    window.new()
    assert not window.editor.graph.nodes


def test_training_says_why_it_cannot_start(window, qtbot):
    hands = Hands(window.canvas)
    hands.drop("torch.nn.Linear", 0, 0)
    hands.drop("torch.nn.CrossEntropyLoss", 200, 0)
    qtbot.waitUntil(lambda: window.editor.analysis.errors != (), timeout=10_000)
    QTest.keyClick(window, Qt.Key.Key_F5)
    assert window.controller.state is RunState.IDLE
    assert "cannot start" in window.notice.text
    assert window.frame.bottom.currentWidget() is window.frame.problems


@pytest.mark.parametrize("content", ["no JSON", "{}", '{"format": "layerloom", "version": 99}'])
def test_a_file_that_cannot_be_opened_leaves_everything_as_it_was(window, tmp_path: Path, content):
    before = window.editor.project
    bad = tmp_path / "bad.layerloom"
    bad.write_text(content)
    window.open_path(bad)
    assert window.editor.project is before
    assert window.notice.isVisible() and "bad.layerloom" in window.notice.text

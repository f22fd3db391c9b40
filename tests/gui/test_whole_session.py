"""The main job by hand: from an empty canvas to a trained LeNet-5 that is saved, opened again and exported."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox, QPushButton, QWidget

from canvas_hand import CONTROL, LEFT, NONE, SHIFT, Hand, linked
from graph.messages import msg
from graph.model import Node, Port
from graph.target_scaling import FAR_TARGET
from gui.export_dialog import ExportDialog
from gui.main_window import MainWindow
from gui.panels.type_list import NODE_TYPE_MIME
from gui.run_controller import RunState
from gui.settings import Settings
from person import field
from runtime.events import Failed

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


def end(window: MainWindow) -> None:
    """Nothing to ask about when the window closes."""
    window.controller.shutdown()
    window.editor.mark_saved(window.editor.project)


@pytest.fixture
def window(qtbot, project_folder, monkeypatch):
    window = MainWindow(Settings())
    qtbot.addWidget(window, before_close_func=end)
    window.documents.new()
    window.resize(1600, 1000)
    window.show()
    with qtbot.waitSignal(window.analyst.ready, timeout=30_000):
        window.start_background()
    monkeypatch.setattr(QMessageBox, "question", lambda *_: pytest.fail("a question that no test expects"))
    return window


def enter(window: MainWindow, panel: QWidget, values: dict[str, str]) -> None:
    """Type values into fields by their names."""
    for name, text in values.items():
        QApplication.processEvents()
        line = field(panel, name)
        line.setFocus()
        line.selectAll()
        QTest.keyClicks(line, text)
        QTest.keyClick(line, Qt.Key.Key_Return)


def drop(window: MainWindow, type_id: str, x: float, y: float) -> Node:
    """Let a type from the library fall on the canvas; the new node."""
    before = set(window.editor.graph.nodes)
    data = QMimeData()
    data.setData(NODE_TYPE_MIME, type_id.encode())
    viewport, action = window.canvas.viewport(), Qt.DropAction.CopyAction
    at = window.canvas.mapFromScene(QPointF(x, y))
    QApplication.sendEvent(viewport, QDragEnterEvent(at, action, data, LEFT, NONE))
    QApplication.sendEvent(viewport, QDropEvent(QPointF(at), action, data, LEFT, NONE))
    (node,) = set(window.editor.graph.nodes) - before
    return window.editor.graph.nodes[node]


def build(window: MainWindow) -> None:
    """Draw LeNet-5 with the mouse."""
    hand = Hand(window.canvas)

    def wire(source: Port, target: Port) -> None:
        hand.drag(hand.at(source, output=True), hand.at(target, output=False))

    window.canvas.zoom_to_actual()
    window.canvas.centerOn(450, 150)
    data = drop(window, "layerloom.data.Images", 74, 33)
    enter(window, window.frame.inspector, {"image_size": "32"})
    source = Port(data.id, "image")
    for i, (type_id, values) in enumerate(LAYERS, 1):
        node = drop(window, type_id, 74 + i % 5 * 194, 33 + i // 5 * 120)
        enter(window, window.frame.inspector, values)
        wire(source, Port(node.id, "input"))
        source = Port(node.id, "output")
    for i, type_id in enumerate(("torch.nn.CrossEntropyLoss", "layerloom.metrics.Accuracy")):
        end = drop(window, type_id, 74 + (3 + i) * 194, 33 + 2 * 120)
        wire(source, Port(end.id, "input"))
        wire(Port(data.id, "label"), Port(end.id, "target"))


def build_for_prices(window: MainWindow, source: Path) -> None:
    """Draw a network for the last column of a table with the mouse, a loss and R² behind it."""
    hand = Hand(window.canvas)

    def wire(source: Port, target: Port) -> None:
        hand.drag(hand.at(source, output=True), hand.at(target, output=False))

    window.canvas.zoom_to_actual()
    window.canvas.centerOn(450, 150)
    data = drop(window, "layerloom.data.Table", 74, 33)
    enter(window, window.frame.inspector, {"source": str(source)})
    port = Port(data.id, "features")
    for i, (kind, values) in enumerate(
        (("Linear", {"out_features": "32"}), ("ReLU", {}), ("Linear", {"out_features": "1"})), 1
    ):
        node = drop(window, f"torch.nn.{kind}", 74 + i * 194, 33)
        enter(window, window.frame.inspector, values)
        wire(port, Port(node.id, "input"))
        port = Port(node.id, "output")
    for i, type_id in enumerate(("torch.nn.MSELoss", "layerloom.metrics.R2")):
        end = drop(window, type_id, 74 + (3 + i) * 194, 33 + 2 * 120)
        wire(port, Port(end.id, "input"))
        wire(Port(data.id, "target"), Port(end.id, "target"))


def wait_for(qtbot, window: MainWindow, *states: RunState) -> None:
    qtbot.waitUntil(lambda: window.controller.state in states, timeout=60_000)


def test_from_an_empty_canvas_to_an_exported_network(window, qtbot, project_folder, monkeypatch):
    build(window)
    qtbot.waitUntil(lambda: window.editor.analysis.parameters == 61_706, timeout=10_000)
    assert window.editor.analysis.problems == ()
    window.frame.side.setCurrentWidget(window.frame.code)
    qtbot.waitUntil(lambda: "self.conv1 = nn.Conv2d(1, 6, kernel_size=5)" in window.frame.code.panel().text)

    window.frame.side.setCurrentWidget(window.frame.training)
    enter(window, window.frame.training, {"Epochs": "12", "Learning rate": "0.003"})

    path = project_folder / "mine.layerloom"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    QTest.keyClick(window, Qt.Key.Key_S, CONTROL)
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

    window.run_action("export_model")
    dialog = window.findChild(ExportDialog)
    QTest.mouseClick(dialog.export_button, LEFT)
    with qtbot.waitSignal(dialog.exported, timeout=60_000) as exported:
        pass
    (receipt,) = exported.args
    assert receipt.verdict and receipt.largest_difference == 0
    assert (project_folder / "mine.safetensors").is_file()
    dialog.close()

    drawn = window.editor.project
    window.run_action("new")
    assert not window.editor.graph.nodes
    assert window.frame.run_bar.status.text() == ""
    assert window.frame.predictions.tested is None
    window.run_action("close_tab")
    assert window.editor.project == drawn
    window.run_action("close_tab")
    assert not window.editor.graph.nodes
    window.file_actions.open_path(path)
    assert window.editor.project == drawn


def test_undo_takes_everything_back_and_redo_brings_it_again(window):
    empty = window.editor.project
    build(window)
    built = window.editor.project
    for _ in range(200):
        QTest.keyClick(window, Qt.Key.Key_Z, CONTROL)
    assert window.editor.project == empty
    for _ in range(200):
        QTest.keyClick(window, Qt.Key.Key_Z, CONTROL | SHIFT)
    assert window.editor.project == built


def test_undo_in_a_field_is_that_of_the_drawing_unless_something_is_being_typed(window):
    node = drop(window, "torch.nn.Linear", 0, 0).id
    QApplication.processEvents()
    line = field(window.frame.inspector, "out_features")
    default = line.text()
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, "321")
    QTest.keyClick(line, Qt.Key.Key_Z, CONTROL)
    assert line.text() == default
    QTest.keyClicks(line, "32")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert "out_features" in window.editor.graph.nodes[node].params
    QTest.keyClick(line, Qt.Key.Key_Z, CONTROL)
    assert "out_features" not in window.editor.graph.nodes[node].params
    assert line.text() == default


def test_unsaved_changes_are_asked_about(window, monkeypatch):
    drop(window, "torch.nn.Linear", 0, 0)
    answers = [QMessageBox.StandardButton.Cancel]
    monkeypatch.setattr(window, "ask_about_changes", lambda: answers[-1])
    window.run_action("close_tab")
    assert window.editor.graph.nodes
    answers.append(QMessageBox.StandardButton.Discard)
    window.run_action("close_tab")
    assert not window.editor.graph.nodes


def test_a_document_that_is_opened_again_is_analysed_again(window, qtbot):
    for _ in range(2):
        window.file_actions.open_example("mlp_digits")
        assert not window.editor.analysis.complete
        qtbot.waitUntil(lambda: window.editor.analysis.complete, timeout=10_000)


def test_a_run_that_fails_says_why(window):
    window.controller.ended.emit(Failed(msg("The disk is full.")))
    assert window.notice.text == "The disk is full."
    assert window.frame.run_bar.status.text() == "Cannot start: The disk is full."


def test_escape_in_a_panel_leads_back_to_the_canvas(window):
    drop(window, "torch.nn.Linear", 0, 0)
    window.activateWindow()
    window.canvas.setFocus()
    by_keys(Qt.Key.Key_Return)
    assert QApplication.focusWidget().accessibleName() == "out_features"
    by_keys(Qt.Key.Key_Escape)
    assert QApplication.focusWidget() is window.canvas


def test_training_says_why_it_cannot_start(window, qtbot):
    drop(window, "torch.nn.Linear", 0, 0)
    drop(window, "torch.nn.CrossEntropyLoss", 200, 0)
    qtbot.waitUntil(lambda: window.editor.analysis.errors != (), timeout=10_000)
    QTest.keyClick(window, Qt.Key.Key_F5)
    assert window.controller.state is RunState.IDLE
    assert window.notice.isVisible() and "cannot start" in window.notice.text
    QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
    assert not window.notice.isVisible()
    assert window.frame.bottom.currentWidget() is window.frame.problems


@pytest.mark.parametrize("content", ["no JSON", "{}", '{"format": "layerloom", "version": 99}'])
def test_a_file_that_cannot_be_opened_leaves_everything_as_it_was(window, tmp_path: Path, content):
    before = window.editor.project
    bad = tmp_path / "bad.layerloom"
    bad.write_text(content)
    window.file_actions.open_path(bad)
    assert window.editor.project is before
    assert window.notice.isVisible() and "bad.layerloom" in window.notice.text


def by_keys(*keys: str | Qt.Key, modifiers=NONE) -> None:
    """Press keys one after the other, wherever the focus is."""
    for key in keys:
        widget = QApplication.focusWidget()
        assert widget is not None, key
        if isinstance(key, str):
            QTest.keyClicks(widget, key, modifiers)
        else:
            QTest.keyClick(widget, key, modifiers)
        QApplication.processEvents()


def test_a_network_is_drawn_and_trained_by_keyboard_alone(window, qtbot):
    confirm, give_up = Qt.Key.Key_Return, Qt.Key.Key_Escape
    window.activateWindow()
    window.canvas.setFocus()

    by_keys("/", "images", confirm, "/", "flatten", confirm)
    by_keys("/", "linear", confirm, confirm, "10", confirm, give_up, "/", "cross entropy", confirm)
    for _ in range(3):
        by_keys(Qt.Key.Key_Left, modifiers=CONTROL)
    by_keys("c", "label loss1", confirm)

    assert linked(window.editor.graph) == {
        ("images1.image", "flatten1.input"),
        ("flatten1.output", "fc1.input"),
        ("fc1.output", "loss1.input"),
        ("images1.label", "loss1.target"),
    }
    qtbot.waitUntil(lambda: window.editor.analysis.complete and not window.editor.analysis.errors, timeout=10_000)
    by_keys(Qt.Key.Key_F5)
    wait_for(qtbot, window, RunState.FINISHED)
    assert window.frame.predictions.tested.test["loss"] < 1.5  # guessing gives 2.3


def test_house_prices_are_learned_after_one_press(window, qtbot, project_folder):
    rng = np.random.default_rng(0)
    area, age = rng.normal(size=(2, 600))
    prices = 180_000 + 60_000 * np.tanh(area) - 30_000 * age + rng.normal(0, 5000, 600)
    rows = [f"{a:.3f},{b:.3f},{p:.0f}\n" for a, b, p in zip(area, age, prices, strict=True)]
    table = project_folder / "houses.csv"
    table.write_text("area,age,price\n" + "".join(rows), "utf-8")
    build_for_prices(window, table)

    def offered() -> list[QPushButton]:
        rows = [row for row in window.frame.problems.list.rows if row.problem.code == FAR_TARGET]
        return [button for row in rows for button in row.fix_buttons]

    qtbot.waitUntil(lambda: len(offered()) == 1, timeout=10_000)
    window.frame.bottom.setCurrentWidget(window.frame.problems)
    QApplication.processEvents()
    drawn = window.editor.project
    QTest.mouseClick(offered()[0], LEFT)
    qtbot.waitUntil(lambda: window.editor.analysis.complete and not offered(), timeout=10_000)
    assert window.editor.analysis.problems == ()
    QTest.keyClick(window, Qt.Key.Key_Z, CONTROL)
    assert window.editor.project == drawn
    QTest.keyClick(window, Qt.Key.Key_Z, CONTROL | SHIFT)
    window.frame.side.setCurrentWidget(window.frame.training)
    enter(window, window.frame.training, {"Epochs": "20"})
    QTest.keyClick(window, Qt.Key.Key_F5)
    wait_for(qtbot, window, RunState.FINISHED)
    tested = window.frame.predictions.tested
    assert tested.test["r2"] > 0.85
    assert 100_000 < np.mean([sample.prediction for sample in tested.predictions]) < 260_000

"""LeNet-5 by keyboard alone: drawn in the Outline of the real window, trained, and its weights taken away."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from canvas_hand import CONTROL, NONE, SHIFT
from graph import files
from graph.catalog import CATALOG
from graph.model import Graph, Project
from graph.topology import execution_order
from gui.main_window import MainWindow
from gui.panels.outline_rows import Kind, Row
from gui.panels.outline_view import OutlineView
from gui.run_controller import RunState
from gui.settings import Settings
from runtime import examples

ENTER, RIGHT, LEFT, DOWN, TAB, BACKTAB, HOME = (
    Qt.Key.Key_Return,
    Qt.Key.Key_Right,
    Qt.Key.Key_Left,
    Qt.Key.Key_Down,
    Qt.Key.Key_Tab,
    Qt.Key.Key_Backtab,
    Qt.Key.Key_Home,
)
PARAMETERS = 61_706
STEPS = 300  # that a person is ready to press Tab

# What is typed into the box, and the parameters that are then set.
LAYERS = (
    ("conv2d", {"out_channels": "6", "kernel_size": "5"}),
    ("tanh", {}),
    ("avgpool2d", {"kernel_size": "2"}),
    ("conv2d", {"out_channels": "16", "kernel_size": "5 x 5"}),
    ("tanh", {}),
    ("avgpool2d", {"kernel_size": "2"}),
    ("flatten", {}),
    ("linear", {"out_features": "120"}),
    ("tanh", {}),
    ("linear", {"out_features": "84"}),
    ("tanh", {}),
    ("linear", {"out_features": "10"}),
)


def end(window: MainWindow) -> None:
    """Nothing to ask about when the window closes."""
    window.controller.shutdown()
    window.editor.mark_saved(window.editor.project)


@pytest.fixture
def window(qtbot, project_folder, monkeypatch):
    window = MainWindow(Settings())
    qtbot.addWidget(window, before_close_func=end)
    window.resize(1600, 1000)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    with qtbot.waitSignal(window.analyst.ready, timeout=60_000):
        window.start_background()
    monkeypatch.setattr(QMessageBox, "question", lambda *_: pytest.fail("a question that no test expects"))
    return window


def press(*pressed: str | Qt.Key, modifiers=NONE) -> None:
    """Press keys, or type texts, wherever the focus is."""
    for key in (key for keys in pressed for key in (keys if isinstance(keys, str) else [keys])):
        widget = QApplication.focusWidget()
        assert widget is not None, key
        QTest.keyClick(widget, key, modifiers)
        QApplication.processEvents()


def tab_to(reached: Callable[[QWidget], bool], key: Qt.Key = TAB) -> None:
    """Press Tab until something has the focus."""
    for _ in range(STEPS):
        widget = QApplication.focusWidget()
        assert widget is not None
        if reached(widget):
            return
        press(key, modifiers=SHIFT if key == BACKTAB else NONE)
    pytest.fail("Tab does not lead there")


def row() -> Row:
    """The row of the Outline that the person is on."""
    outline = QApplication.focusWidget()
    assert isinstance(outline, OutlineView)
    present = outline.row()
    assert present is not None
    return present


def down_to(name: str) -> None:
    """From the row of a node to one below it."""
    press(RIGHT)
    while row().name != name:
        press(DOWN)
        assert row().kind is not Kind.NODE, name


def set_values(values: dict[str, str]) -> None:
    """Set parameters of the node that the person is on, and come back to its row."""
    for name, text in values.items():
        down_to(name)
        press(text, ENTER, LEFT)
    assert row().kind is Kind.NODE


def answer(node: str, search: str) -> None:
    """After a node, add a loss or metric, and feed its target with the labels."""
    press(HOME)
    QTest.qWait(QApplication.keyboardInputInterval() + 50)  # what is typed now finds
    press(node)
    assert row().name == node
    QTest.qWait(QApplication.keyboardInputInterval() + 50)  # what is typed now acts
    press("a", search, ENTER)
    down_to("target")
    press(ENTER, "label", ENTER, LEFT)


def meaning(graph: Graph) -> list[tuple[object, ...]]:
    """Types, parameters and wires of a drawing, whatever things are called and in which order they were drawn."""
    order = execution_order(graph)
    types = {node: graph.nodes[node].type for node in order}

    def feeds(node: str) -> tuple[object, ...]:
        return tuple(sorted((n, types[p.node], p.name) for n, p in graph.inputs(node).items()))

    return sorted(
        (types[n], sorted(map(str, CATALOG[types[n]].values(graph.nodes[n]).items())), feeds(n)) for n in order
    )


def build() -> None:
    """Draw LeNet-5 in the Outline."""
    press(Qt.Key.Key_O, modifiers=CONTROL | SHIFT)
    press("a", "images", ENTER)
    set_values({"image_size": "32"})
    for search, values in LAYERS:
        press("a", search, ENTER)
        set_values(values)
    answer("fc3", "cross entropy")
    answer("fc3", "accuracy")


def train_shortly(window: MainWindow) -> None:
    """Set the epochs in the training panel, and press F5."""
    tabs = window.frame.side.tabBar()
    tab_to(lambda widget: widget is tabs, BACKTAB)
    press(RIGHT)
    assert window.frame.side.currentWidget() is window.frame.training
    tab_to(lambda widget: widget.accessibleName() == "Epochs")
    press(Qt.Key.Key_A, modifiers=CONTROL)
    press("2", ENTER, Qt.Key.Key_F5)


def export_to(path: Path) -> None:
    """Export the weights through the dialog."""
    press(Qt.Key.Key_E, modifiers=CONTROL)
    tab_to(lambda widget: widget.accessibleName() == "Where to write")
    press(Qt.Key.Key_A, modifiers=CONTROL)
    press(str(path), ENTER)


@pytest.mark.slow
def test_lenet5_is_drawn_trained_and_exported_by_keyboard_alone(window, qtbot, project_folder):
    build()
    qtbot.waitUntil(lambda: window.editor.analysis.parameters == PARAMETERS, timeout=30_000)
    assert window.editor.analysis.problems == ()
    shipped: Project = files.load(examples.path("lenet5_digits"))
    assert meaning(window.editor.graph) == meaning(shipped.graph)

    train_shortly(window)
    qtbot.waitUntil(lambda: window.controller.state is RunState.FINISHED, timeout=120_000)
    assert window.editor.project.plan.epochs == 2

    path = project_folder / "lenet.safetensors"
    export_to(path)
    qtbot.waitUntil(lambda: path.is_file(), timeout=120_000)
    tab_to(lambda widget: getattr(widget, "text", str)() == "Open the folder")  # the receipt is there
    header = path.read_bytes()
    tensors = json.loads(header[8 : 8 + int.from_bytes(header[:8], "little")])
    shapes = [entry["shape"] for name, entry in tensors.items() if name != "__metadata__"]
    assert sum(_size(shape) for shape in shapes) == PARAMETERS
    press(Qt.Key.Key_Escape)


def _size(shape: list[int]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size

"""Where somebody is in the Outline: it survives every edit, goes along with the selection, and costs next to nothing."""

from __future__ import annotations

from statistics import median
from time import perf_counter

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from canvas_hand import SHIFT
from drawings import lenet5
from graph.model import Graph, Link, Node, Port, Project
from gui.canvas.chooser import Chooser
from gui.editor import Editor
from outline_tools import DOWN, RIGHT, Reader, analysed, is_open
from runtime.analyser import analyse

MOST_AN_EDIT = 0.03  # seconds at 1,000 nodes
PATIENCE = 4  # a machine under load may be that much slower than the budget


@pytest.fixture
def reader(qtbot) -> Reader:
    return Reader(qtbot, analysed(lenet5().project))


def test_letters_find_and_then_mean_only_themselves(reader):
    reader.press(Qt.Key.Key_Home)
    reader.press("fc2")
    assert reader.row.name == "fc2" and not reader.panel.window().findChildren(Chooser)
    reader.press(Qt.Key.Key_Home)
    QTest.qWait(QApplication.keyboardInputInterval() + 50)
    reader.press(Qt.Key.Key_C, modifiers=SHIFT)
    assert reader.row.name == "conv1"


def test_selection_goes_both_ways(reader):
    emitted = []
    reader.editor.selection_changed.connect(emitted.append)
    reader.go("conv2")
    assert reader.editor.selection == {reader.node("conv2").id}
    emitted.clear()
    fc1, fc2 = reader.node("fc1").id, reader.node("fc2").id
    reader.editor.select([fc1, fc2])
    assert emitted == [{fc1, fc2}] and reader.list.chosen_nodes() == {fc1, fc2}
    assert reader.row.name == "fc1"
    reader.editor.select([])
    assert reader.list.chosen_nodes() == set() and emitted == [{fc1, fc2}, frozenset()]


def test_edits_undo_and_redo_keep_whatis_open_and_where_the_person_is(reader):
    for name in ("conv1", "conv2", "fc1"):
        reader.go(name, "input")
    place, scroll = reader.row, reader.list.verticalScrollBar()
    scroll.setValue(120)
    reader.editor.set_param(reader.node("conv1").id, "out_channels", 9)
    reader.editor.add_node("torch.nn.ReLU", (0.0, 400.0))
    reader.editor.select([reader.node("fc1").id])
    reader.editor.remove_selected()
    for _ in range(3):
        reader.editor.undo()
    for _ in range(3):
        reader.editor.redo()
    for _ in range(3):
        reader.editor.undo()
    opened = {name for name in ("conv1", "conv2", "fc1", "fc2") if is_open(reader, name)}
    assert opened == {"conv1", "conv2", "fc1"}
    assert place.node in reader.editor.graph.nodes
    assert scroll.value() > 0


def test_the_row_survives_when_another_order_follows(reader):
    reader.go("tanh1", "input")
    tanh1, pool2 = reader.node("tanh1").id, reader.node("pool2").id
    reader.editor.disconnect_links([reader.editor.graph.links[Port(tanh1, "input")]])
    reader.editor.connect_ports(Port(pool2, "output"), Port(reader.node("fc2").id, "input"))
    assert reader.row.node == tanh1 and reader.row.name == "input" and is_open(reader, "tanh1")


def test_what_changes_while_nobody_looks_is_there_when_it_shows_again(reader):
    reader.go("conv1", "kernel_size")
    reader.panel.hide()
    added = reader.editor.add_node("torch.nn.ReLU", (0.0, 400.0))
    reader.panel.show()
    assert reader.list.rows.index_of(added or "").isValid() and is_open(reader, "conv1")
    assert reader.list.chosen_nodes() == {added}


def test_one_edit_in_a_thousand_nodes_is_quick_and_resets_nothing(qtbot):
    editor = Editor(chain(1000))
    editor.set_analysis(analyse(editor.project))
    reader = Reader(qtbot, editor)
    editor.select(["n500"])
    reader.press(RIGHT, DOWN)
    place, resets, times = reader.list.currentIndex().row(), [], []
    reader.list.rows.modelReset.connect(lambda: resets.append(1))
    scroll = reader.list.verticalScrollBar().value()
    for channels in range(10, 19):
        begin = perf_counter()
        editor.set_param("n500", "out_channels", channels)
        QApplication.processEvents()
        times.append(perf_counter() - begin)
    assert median(times) < MOST_AN_EDIT * PATIENCE
    assert (reader.list.currentIndex().row(), reader.list.verticalScrollBar().value()) == (place, scroll)
    assert resets == [] and "Conv2d 18" in reader.list.rows.index_of("n500").data()


def chain(count: int) -> Project:
    """Convolutions in a row."""
    params = {"out_channels": 8, "kernel_size": 3, "padding": 1}
    nodes = {
        f"n{i}": Node(f"n{i}", "torch.nn.Conv2d", f"conv{i}", params, position=(i * 194.0, 0.0))
        for i in range(1, count + 1)
    }
    wires = (Link(Port(f"n{i}", "output"), Port(f"n{i + 1}", "input")) for i in range(1, count))
    return Project(graph=Graph(nodes, {wire.target: wire for wire in wires}))

"""The Outline: reads a drawing row by row, and edits all of it by keys."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from canvas_hand import CONTROL, NONE, SHIFT, linked
from drawings import Drawing, lenet5
from graph.look import FRAME, NOTE, Annotation, Look
from graph.messages import msg, set_language
from graph.model import Project
from gui.canvas.naming import Naming
from gui.panels.outline_commands import COMMANDS
from gui.panels.outline_rows import Kind
from gui.panels.outline_verbs import Verbs
from outline_tools import DOWN, ENTER, RIGHT, SPOKEN, UP, Reader, analysed
from panel_tools import block_editor


@pytest.fixture
def reader(qtbot) -> Reader:
    return Reader(qtbot, analysed(lenet5().project))


# ---- reading


def test_rows_are_sentences_in_the_order_in_which_they_run(reader):
    spoken = [reader.list.rows.index(place, 0).data(SPOKEN) for place in range(reader.list.rows.rowCount())]
    names = [text.partition(":")[0] for text in spoken]
    assert names.index("conv1") < names.index("tanh1") < names.index("pool1") < names.index("loss")
    said = spoken[names.index("conv1")]
    assert said == "conv1: Conv2d, out_channels 6, kernel_size 5 × 5. Gives B × 6 × 28 × 28. 156 parameters."
    shown = reader.list.rows.index(names.index("conv1"), 0).data()
    assert shown == "conv1 – Conv2d 6, 5×5 → B×6×28×28, 156"


def test_a_node_opens_to_its_wires_and_parameters(reader):
    reader.go("conv1", "input")
    assert reader.spoken == "Input input, from digits.image. B × 1 × 32 × 32."
    reader.go("conv1", "kernel_size")
    assert reader.spoken == "Parameter kernel_size: 5 × 5"
    reader.go("conv1", "output")
    assert reader.spoken == "Output output, goes to tanh1.input. B × 6 × 28 × 28."
    reader.press(ENTER)
    assert reader.row.name == "tanh1"


def test_problems_and_their_mends_are_rows(qtbot):
    d = Drawing()
    d.add("nn.Conv2d", "conv1", d.add("layerloom.Input", "x", shape=(3, 32, 32)), in_channels=4, out_channels=8)
    reader = Reader(qtbot, analysed(d.project))
    reader.go("conv1")
    assert "Error: " in reader.spoken
    reader.press(RIGHT, DOWN)
    assert reader.spoken.startswith("Error: ")
    reader.press(ENTER)
    assert reader.spoken.startswith("Mend it: ") and reader.row.kind is Kind.FIX
    reader.press(ENTER)
    assert "in_channels" not in reader.node("conv1").params
    assert not reader.editor.analysis.errors


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_every_row_says_something_of_its_own(qtbot, language):
    set_language(language)
    reader = Reader(qtbot, block_editor())
    spoken = reader.all_spoken()
    assert all(text.strip() for text in spoken)
    assert len(spoken) > 30


def test_frames_and_notes_are_rows(qtbot):
    project = lenet5().project
    notes = {
        "a1": Annotation("a1", FRAME, "Features", (0, 0, 400, 200)),
        "a2": Annotation("a2", NOTE, "# Why tanh\nLeCun used it.", (0, 0, 100, 100)),
    }
    reader = Reader(qtbot, analysed(project.with_graph(replace(project.graph, look=Look(annotations=notes)))))
    reader.press(Qt.Key.Key_End)
    assert reader.spoken == "Note: # Why tanh\nLeCun used it."
    assert reader.editor.selected_annotations == {"a2"}
    reader.press(UP)
    assert reader.spoken == "Frame: Features"
    reader.press(ENTER, "First half", ENTER)
    assert reader.editor.graph.look.annotations["a1"].text == "First half"
    reader.press(Qt.Key.Key_Delete)
    assert set(reader.editor.graph.look.annotations) == {"a2"}


# ---- editing


def test_a_parameter_is_edited_in_place_with_the_checks_of_its_field(reader):
    reader.go("conv1", "kernel_size")
    reader.press(ENTER, "3", ENTER)
    assert reader.node("conv1").params["kernel_size"] == 3
    assert reader.spoken == "Parameter kernel_size: 3 × 3"
    reader.press("7", ENTER)  # typing a number begins with it
    assert reader.node("conv1").params["kernel_size"] == 7
    reader.press(ENTER, "0", ENTER)
    assert reader.node("conv1").params["kernel_size"] == 7
    assert "'kernel_size' cannot be 0" in reader.panel.complaint
    reader.press(Qt.Key.Key_Escape)
    assert QApplication.focusWidget() is reader.list and reader.panel.complaint == ""
    reader.go("conv1", "stride")
    reader.press("2", ENTER, Qt.Key.Key_Delete)
    assert "stride" not in reader.node("conv1").params


def test_escape_gives_up_what_is_typed(reader):
    reader.go("conv1", "out_channels")
    before = reader.editor.project
    reader.press(ENTER, "99", Qt.Key.Key_Escape)
    assert reader.editor.project is before and QApplication.focusWidget() is reader.list


def test_yes_becomes_no_at_once_and_words_are_chosen(reader):
    reader.go("conv1", "bias")
    reader.press(ENTER)
    assert reader.node("conv1").params["bias"] is False and reader.spoken == "Parameter bias: no"
    reader.go("conv1", "padding_mode")
    reader.press(ENTER, DOWN, ENTER)
    assert reader.node("conv1").params["padding_mode"] == "reflect"


def test_a_layer_is_added_after_the_row_already_connected(reader):
    reader.go("pool1")
    reader.press("a", "batchnorm2d", ENTER)
    assert reader.row.name == "norm1" and reader.row.kind is Kind.NODE
    assert ("pool1.output", "norm1.input") in linked(reader.editor.graph)
    assert reader.editor.selection == {reader.node("norm1").id}
    assert QApplication.focusWidget() is reader.list
    x, y = reader.node("norm1").position
    others = [n.position for n in reader.editor.graph.nodes.values() if n.name != "norm1"]
    assert all(abs(x - ox) >= 148 or abs(y - oy) >= 66 for ox, oy in others)


def test_a_layer_goes_into_a_wire_and_before_an_input_as_one_step(reader):
    before = reader.editor.project
    reader.go("pool1", "input")
    reader.press(Qt.Key.Key_Insert, "relu", ENTER)
    assert {("tanh1.output", "relu1.input"), ("relu1.output", "pool1.input")} <= linked(reader.editor.graph)
    reader.editor.undo()
    assert reader.editor.project is before
    reader.go("pool1", "input")
    reader.press(Qt.Key.Key_Delete)
    assert reader.row.value == "not connected" and reader.row.kind is Kind.INPUT
    reader.press("a", "gelu", ENTER)
    assert ("gelu1.output", "pool1.input") in linked(reader.editor.graph)


def test_wires_are_drawn_moved_and_removed(reader):
    reader.go("tanh1", "input")
    reader.press(Qt.Key.Key_Delete)
    assert "tanh1" not in {target.split(".")[0] for _, target in linked(reader.editor.graph)}
    reader.press(ENTER, "conv1", ENTER)
    assert ("conv1.output", "tanh1.input") in linked(reader.editor.graph)
    assert reader.row.text.startswith("input – ← conv1.output")
    reader.press("c", "digits.image", ENTER)  # an input that is fed changes its source
    assert ("digits.image", "tanh1.input") in linked(reader.editor.graph)
    reader.go("conv1")
    reader.press("a", "relu", ENTER)
    reader.press("c")
    assert "Connect relu1 to" in QApplication.focusWidget().placeholderText()
    reader.press(Qt.Key.Key_Escape)
    assert QApplication.focusWidget() is reader.list


def test_a_node_is_renamed_removed_copied_and_switched_off(reader):
    reader.go("tanh1")
    reader.press(Qt.Key.Key_F2, "act1", ENTER)
    assert reader.row.name == "act1" and reader.node("act1")
    reader.press(Qt.Key.Key_F2, "no name", ENTER)
    assert reader.panel.complaint and reader.node("act1")
    reader.press(Qt.Key.Key_Escape)
    reader.press(Qt.Key.Key_D, modifiers=CONTROL)
    assert reader.row.name == "act2"
    reader.press(Qt.Key.Key_X, modifiers=CONTROL)
    assert reader.editor.graph.node_named("act2") is None
    reader.press(Qt.Key.Key_V, modifiers=CONTROL)
    assert reader.row.name == "act2"
    reader.press(Qt.Key.Key_B, modifiers=CONTROL)
    assert reader.node("act2").bypassed and "Bypassed" in reader.spoken
    reader.press(Qt.Key.Key_Delete)
    assert reader.editor.graph.node_named("act2") is None
    assert reader.editor.selection == {reader.row.node}  # the person stands on another row now


def test_blocks_are_made_entered_and_left(qtbot):
    reader = Reader(qtbot, block_editor())
    reader.go("stem", "Inside")
    assert reader.spoken == "Inside BasicBlock. 4 nodes."
    reader.press(ENTER)
    assert reader.editor.scope is not None and reader.list.rows.index(0, 0).data(SPOKEN) == "Back to Net"
    reader.go("conv1", "out_channels")
    assert reader.spoken == "Parameter out_channels: =4 * channels, now 12"
    reader.press(Qt.Key.Key_Home, ENTER)
    assert reader.editor.scope is None and reader.row.name == "stem"
    reader.go("flatten")
    reader.press(DOWN, modifiers=SHIFT)
    assert {reader.editor.graph.nodes[i].name for i in reader.editor.selection} == {"flatten", "logits"}
    reader.press(Qt.Key.Key_G, modifiers=CONTROL)
    assert [box for box in reader.panel.window().findChildren(Naming) if box.isVisible()]
    reader.press("Head", ENTER)
    assert reader.row.value == "Head" and QApplication.focusWidget() is reader.list


def test_an_empty_drawing_says_how_to_begin(qtbot):
    reader = Reader(qtbot, analysed(Project()))
    assert "Press A" in reader.panel.hint
    reader.press("a", "images", ENTER)
    assert reader.row.name == "images1"


# ---- the menu and the table


def test_the_menu_lists_what_can_be_done_on_the_row_with_its_keys(reader):
    reader.go("conv1", "input")
    menu = reader.list.menu()
    entries = {action.text(): action.shortcut().toString() for action in menu.actions() if action.text()}
    assert entries["Choose what feeds it…"] == "Enter" and entries["Disconnect"] == "Del"
    assert "Change the value" not in entries
    menu.deleteLater()
    by_key = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(), QPoint(), NONE)
    QApplication.sendEvent(reader.list, by_key)  # the menu key, as the window system says it
    opened = QApplication.activePopupWidget()
    assert opened is not None
    QTest.keyClick(opened, Qt.Key.Key_Escape)


def test_every_command_is_a_verb_and_no_key_means_two_things_on_a_row():
    commands = [command for command in COMMANDS if command is not None]
    assert all(callable(getattr(Verbs, command.name)) for command in commands)
    for kind in Kind:
        used: dict[str, set[str]] = {}
        for command in commands:
            if kind in command.kinds and command.name != "add_loose":  # it takes what the others leave
                for key in command.keys:
                    used.setdefault(key, set()).add(command.name)
        assert {key: names for key, names in used.items() if len(names) > 1} == {}, kind


def test_refusals_reach_the_person(reader):
    refused = []
    reader.editor.refused.connect(refused.append)
    reader.go("digits")
    reader.press(Qt.Key.Key_B, modifiers=CONTROL)
    assert refused == [
        msg("'{node}' cannot be bypassed: nothing could pass through it. Choose a layer.", node="digits")
    ]

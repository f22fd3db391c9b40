"""The inspector: fields that edit the document, figures that follow, pages for one, several and none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel

from graph.messages import msg
from graph.problems import Fix, Problem
from gui.panels.inspector import InspectorPanel, ProjectCard, SelectionCard
from gui.panels.node_form import NodeForm
from gui.panels.parts import ScrollColumn
from panel_tools import analysis_of, lenet_editor, show


@pytest.fixture
def editor():
    """LeNet-5 with conv2 selected."""
    editor = lenet_editor()
    editor.select([editor.graph.node_named("conv2").id])
    return editor


@pytest.fixture
def panel(qtbot, editor):
    return show(qtbot, InspectorPanel(editor))


def field_of(panel, name):
    return next(row for row in panel.page.rows if row.param.name == name)


def params(editor, name="conv2"):
    return dict(editor.graph.node_named(name).params)


def enter(qtbot, field, text):
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key.Key_Return)


def texts(widget):
    """The words on show."""
    QApplication.processEvents()
    return [label.text() for label in widget.findChildren(QLabel) if label.isVisibleTo(widget)]


def test_a_typed_value_is_one_step_in_the_document(qtbot, editor, panel):
    enter(qtbot, field_of(panel, "out_channels").field, "32")
    assert params(editor)["out_channels"] == 32
    enter(qtbot, field_of(panel, "out_channels").field, "48")
    editor.undo()
    assert params(editor)["out_channels"] == 32
    assert field_of(panel, "out_channels").field.text() == "32"


def test_a_row_of_steps_is_one_step_back(qtbot, editor, panel):
    field = field_of(panel, "out_channels").field
    field.setFocus()
    for _ in range(5):
        qtbot.keyClick(field, Qt.Key.Key_Up)
    assert params(editor)["out_channels"] == 21
    editor.undo()
    assert params(editor)["out_channels"] == 16


def test_a_misfit_says_why_and_changes_nothing(qtbot, editor, panel):
    before = editor.project
    row = field_of(panel, "kernel_size")
    enter(qtbot, row.field, "0 × 5")
    assert editor.project is before
    assert "at least 1" in row.complaint and row.complaint in texts(panel)
    enter(qtbot, row.field, "3")
    assert row.complaint == "" and params(editor)["kernel_size"] == 3


def test_an_inferred_size_is_pinned_by_typing_and_freed_by_emptying(qtbot, editor, panel):
    row = field_of(panel, "in_channels")
    assert (row.field.text(), row.field.placeholderText()) == ("", "6")
    enter(qtbot, row.field, "8")
    assert params(editor)["in_channels"] == 8
    row.field.selectAll()
    qtbot.keyClick(row.field, Qt.Key.Key_Delete)
    qtbot.keyClick(row.field, Qt.Key.Key_Return)
    assert "in_channels" not in params(editor)


def test_a_button_gives_the_default_back(qtbot, editor, panel):
    row = field_of(panel, "stride")
    assert not row.reset_button.isVisible()
    enter(qtbot, row.field, "2")
    qtbot.mouseClick(row.reset_button, Qt.MouseButton.LeftButton)
    assert "stride" not in params(editor)
    assert row.field.text() == "1 × 1" and not row.reset_button.isVisible()


def test_the_context_menu_gives_the_default_back_too(qtbot, editor, panel):
    row = field_of(panel, "stride")
    action, _search = row.field.actions_for_menu()
    assert not action.isEnabled()
    enter(qtbot, row.field, "2")
    action.trigger()
    assert "stride" not in params(editor)


def test_check_boxes_and_choices_act_at_once(qtbot, editor, panel):
    qtbot.mouseClick(field_of(panel, "bias").field, Qt.MouseButton.LeftButton)
    qtbot.keyClick(field_of(panel, "padding_mode").field, Qt.Key.Key_Down)
    assert params(editor)["bias"] is False
    assert params(editor)["padding_mode"] == "reflect"


def test_an_answer_of_the_analysis_leaves_typing_alone(qtbot, editor, panel):
    field = field_of(panel, "out_channels").field
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "3")
    editor.set_analysis(analysis_of(editor))
    editor.move({editor.graph.node_named("conv2").id: (5.0, 5.0)})
    qtbot.keyClicks(field, "2")
    assert QApplication.focusWidget() is field
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert params(editor)["out_channels"] == 32


def test_tab_goes_from_field_to_field_and_explains_each(qtbot, editor, panel):
    field_of(panel, "out_channels").field.setFocus()
    assert any("one filter each" in text for text in texts(panel))
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is field_of(panel, "kernel_size").field


def test_what_is_known_is_shown(editor, panel):
    shown = texts(panel)
    for text in ("float32", "2\u2009416", "240\u2009000"):
        assert text in shown
    shapes = [[button.text() for button in row.buttons] for row in panel.page.shapes.rows]
    assert shapes == [["B", "6", "14", "14"], ["B", "16", "10", "10"]]


def test_what_is_not_known_yet_is_said(qtbot, editor, panel):
    editor.select([editor.graph.node_named("fc1").id])
    assert any("as soon as what comes before" in text for text in texts(panel))


def test_renaming_in_place(qtbot, editor, panel):
    enter(qtbot, panel.page.name_field, "my conv")
    assert any("cannot be a name" in text for text in texts(panel))
    enter(qtbot, panel.page.name_field, "pool1")
    assert any("Another node is called 'pool1'" in text for text in texts(panel))
    enter(qtbot, panel.page.name_field, "features")
    assert editor.graph.node_named("features") is not None
    assert not any("cannot" in text for text in texts(panel))


def test_a_problem_of_the_node_is_mended_in_one_step(qtbot, editor, panel):
    conv2 = editor.graph.node_named("conv2").id
    fix = Fix(msg("Use 8 filters"), lambda p: p.with_graph(p.graph.set_params(conv2, {"out_channels": 8})))
    elsewhere = Problem("other", msg("Not here"), "n1")
    editor.set_analysis(analysis_of(editor, [Problem("odd", msg("That is odd."), conv2, fixes=(fix,)), elsewhere]))
    assert "That is odd." in texts(panel) and "Not here" not in texts(panel)
    qtbot.mouseClick(panel.page.problems.rows[0].fix_buttons[0], Qt.MouseButton.LeftButton)
    assert params(editor)["out_channels"] == 8
    editor.undo()
    assert params(editor)["out_channels"] == 16


def test_several_nodes_can_be_copied_and_deleted(qtbot, editor, panel):
    editor.select([editor.graph.node_named(name).id for name in ("conv1", "conv2")])
    assert isinstance(panel.page, SelectionCard)
    assert "2 nodes selected" in texts(panel)
    count = len(editor.graph.nodes)
    qtbot.mouseClick(panel.page.duplicate_button, Qt.MouseButton.LeftButton)
    assert len(editor.graph.nodes) == count + 2
    qtbot.mouseClick(panel.page.delete_button, Qt.MouseButton.LeftButton)
    assert len(editor.graph.nodes) == count


def test_without_a_selection_the_network_has_a_name_and_a_size(qtbot, editor, panel):
    editor.select([])
    assert isinstance(panel.page, ProjectCard)
    assert "2\u2009416" in texts(panel)
    enter(qtbot, panel.page.name_field, "Digits")
    assert editor.project.name == "Digits"
    qtbot.keyClick(panel.page.name_field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(panel.page.name_field, Qt.Key.Key_Delete)
    qtbot.keyClick(panel.page.name_field, Qt.Key.Key_Return)
    assert editor.project.name == "Digits"
    assert any("Give the network a name" in text for text in texts(panel))


def test_a_node_of_an_unknown_type_is_named_and_kept(qtbot, editor, panel):
    graph = editor.graph
    strange = replace(graph.node_named("tanh1"), type="torch.nn.Unheard")
    editor.open(editor.project.with_graph(graph.put(strange)))
    editor.select([strange.id])
    assert isinstance(panel.page, NodeForm) and panel.page.rows == []
    assert any("does not know the type" in text for text in texts(panel))


@pytest.mark.parametrize("width", [216, 296])
def test_nothing_is_wider_than_the_panel_and_long_buttons_say_all_in_their_tip(qtbot, editor, panel, width):
    words = "Insert 1 × 1 Conv2d (16, stride 2) after images1"
    fix = Fix(msg(words), lambda project: project)
    problem = Problem("mismatch", msg("These do not fit."), editor.graph.node_named("conv2").id, fixes=(fix,))
    editor.set_analysis(analysis_of(editor, [problem]))
    panel.resize(width, 700)
    QApplication.processEvents()
    inside = panel.findChild(ScrollColumn).widget()
    assert inside.width() == panel.width()
    (button,) = panel.page.problems.rows[0].fix_buttons
    assert button.mapTo(panel, button.rect().topRight()).x() < width
    assert button.toolTip() == button.accessibleName() == words
    panel.resize(600, 700)
    QApplication.processEvents()
    assert button.toolTip() == ""


def test_a_method_of_beginning_is_explained_alone_and_only_while_its_node_shows(qtbot, editor, panel):
    field = panel.page.init.forms["weight_init"].type_row.field
    field.setFocus()
    assert panel._help.text() == "As the network says for all its layers."
    field.committed.emit("torch.nn.init.ones_")
    assert "everywhere" in panel._help.text() and panel._help.text().count("\n") == 0
    assert "torch.nn.init.zeros_" not in panel._help.text() and len(panel._help.text()) < 100
    field.setFocus()
    editor.select([])
    QApplication.processEvents()
    assert panel._help.text() == "" and panel._help.isHidden()


def test_several_nodes_can_be_made_a_block(qtbot, editor, panel):
    editor.select_all()
    with qtbot.waitSignal(panel.block_requested):
        qtbot.mouseClick(panel.page.block_button, Qt.MouseButton.LeftButton)

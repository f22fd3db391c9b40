"""The page of a block: its name and words, its parameters as a list, where it is used."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from graph.messages import EditError
from graph.model import BlockParam
from gui.panels.block_page import BlockPage
from gui.panels.block_params import read_default
from gui.panels.inspector import InspectorPanel, ProjectCard
from panel_tools import block_editor, enter, show, texts
from runtime.library import my_blocks, my_folder

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def editor():
    editor = block_editor()
    editor.look_into("b1")
    return editor


@pytest.fixture
def panel(qtbot, editor):
    return show(qtbot, InspectorPanel(editor), 296, 800)


def block(editor):
    return editor.project.blocks["b1"]


def names(editor):
    return [param.name for param in block(editor).params]


def test_inside_a_block_with_nothing_selected_the_block_is_shown(editor, panel):
    assert isinstance(panel.page, BlockPage)
    shown = texts(panel)
    assert "stem, branch" in shown and "Net" in shown
    assert panel.page.name_field.text() == "BasicBlock"
    assert panel.page.help_field.toPlainText() == "One convolution, bent."
    editor.look_into(None)
    assert isinstance(panel.page, ProjectCard)


def test_the_block_on_show_is_saved_to_the_own_ones(qtbot, editor, panel, state_home):
    qtbot.mouseClick(panel.page.keep_button, LEFT)
    assert [entry.name for entry in my_blocks(my_folder())] == ["BasicBlock"]


def test_renaming_is_one_step_and_a_taken_name_is_refused(qtbot, editor, panel):
    enter(qtbot, panel.page.name_field, "Stage")
    assert block(editor).name == "Stage"
    enter(qtbot, panel.page.name_field, "two words")
    assert any("cannot be the name of a block" in text for text in texts(panel))
    qtbot.keyClick(panel.page.name_field, Qt.Key.Key_Escape)
    editor.undo()
    assert block(editor).name == "BasicBlock" == panel.page.name_field.text()


def test_the_words_are_kept_by_enter_and_given_up_by_escape(qtbot, editor, panel):
    field = panel.page.help_field
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "A stage.")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert block(editor).help == "A stage."
    qtbot.keyClicks(field, " Or two")
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert field.toPlainText() == "A stage."
    qtbot.keyClicks(field, "And ")
    panel.page.name_field.setFocus()
    assert block(editor).help == "And A stage."


def test_a_default_decides_what_a_parameter_takes(qtbot, editor, panel):
    row = panel.page.params.rows[0]
    for text, default in (("64", 64), ("0.5", 0.5), ("yes", True), ("1e3", 1000.0)):
        enter(qtbot, row.default, text)
        assert block(editor).params[0] == BlockParam("channels", default, "How many filters.")
        assert type(block(editor).params[0].default) is type(default)
    enter(qtbot, row.default, "many")
    assert "cannot be a default" in row.complaint and row.complaint in texts(panel)
    assert block(editor).params[0].default == 1000.0


def test_a_renamed_parameter_takes_its_references_and_values_along(qtbot, editor, panel):
    enter(qtbot, panel.page.params.rows[0].name, "width")
    assert names(editor) == ["width", "size", "bias"]
    assert block(editor).graph.node_named("conv1").params["out_channels"] == "=4 * width"
    assert editor.project.graph.node_named("stem").params["width"] == 3
    assert editor.analysis.errors == ()
    editor.undo()
    assert names(editor)[0] == "channels"
    assert editor.project.graph.node_named("stem").params["channels"] == 3


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("conv1", "A node of"),
        ("use", "how a block is run"),
        ("size", "a parameter 'size' already"),
        ("range", "a function that blocks call"),
        ("2x", "cannot be a name"),
    ],
)
def test_a_name_that_cannot_be_is_refused(qtbot, editor, panel, name, reason):
    row = panel.page.params.rows[0]
    enter(qtbot, row.name, name)
    assert reason in row.complaint
    assert names(editor) == ["channels", "size", "bias"]


def test_parameters_are_added_moved_and_removed(qtbot, editor, panel):
    qtbot.mouseClick(panel.page.params.add_button, LEFT)
    assert names(editor) == ["channels", "size", "bias", "param1"]
    assert QApplication.focusWidget() is panel.page.params.rows[3].name
    qtbot.mouseClick(panel.page.params.rows[3].up_button, LEFT)
    assert names(editor) == ["channels", "size", "param1", "bias"]
    qtbot.mouseClick(panel.page.params.rows[2].remove_button, LEFT)
    assert names(editor) == ["channels", "size", "bias"]
    for _ in range(3):
        editor.undo()
    assert names(editor) == ["channels", "size", "bias"]
    assert not panel.page.params.rows[0].up_button.isEnabled()


def test_what_a_parameter_is_for_shows_at_instances(qtbot, editor, panel):
    enter(qtbot, panel.page.params.rows[1].help, "The side of the kernel.")
    editor.look_into(None)
    editor.select([editor.graph.node_named("stem").id])
    size = next(row for row in panel.page.rows if row.param.name == "size")
    assert size.field.toolTip() == "The side of the kernel."


@pytest.mark.parametrize("text", ["", "x", "1e99", "nan", "inf"])
def test_nonsense_is_no_default(text):
    with pytest.raises(EditError, match="cannot be a default"):
        read_default(text)

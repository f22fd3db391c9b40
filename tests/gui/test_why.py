"""Every number of a shape in the inspector can be asked, by mouse and by keys, and the answer leads to the nodes."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from drawings import lenet5
from graph.messages import set_language
from gui.editor import Editor
from gui.panels.inspector import InspectorPanel
from panel_tools import show
from runtime.analyser import analyse
from runtime.analysis import Analysis

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def editor():
    """LeNet-5, understood, with flatten selected."""
    editor = Editor(lenet5().project)
    editor.set_analysis(analyse(editor.project))
    editor.select([editor.graph.node_named("flatten").id])
    return editor


@pytest.fixture
def panel(qtbot, editor):
    return show(qtbot, InspectorPanel(editor))


def button_of(panel, row, size):
    return next(button for button in panel.page.shapes.rows[row].buttons if button.text() == size)


def sentences(panel):
    return [row.accessibleName() for row in panel.why.rows]


def test_a_click_on_a_number_tells_why(qtbot, editor, panel):
    assert not panel.why.isVisible()
    qtbot.mouseClick(button_of(panel, 1, "400"), LEFT)
    assert panel.why.isVisible() and panel.why.accessibleName() == "Why is this 400?"
    assert sentences(panel)[:2] == [
        "'flatten' puts 16 × 5 × 5 into one dimension: 400.",
        "16 is out_channels of 'conv2'.",
    ]
    assert sentences(panel)[-1].startswith("'digits' gives 32 × 32")


def test_a_click_on_a_step_selects_its_node_and_keeps_the_answer(qtbot, editor, panel):
    asked = []
    panel.why.node_requested.connect(asked.append)
    qtbot.mouseClick(button_of(panel, 1, "400"), LEFT)
    before = list(panel.why.rows)
    qtbot.mouseClick(panel.why.rows[2], LEFT)
    pool2 = editor.graph.node_named("pool2").id
    assert editor.selection == {pool2} == {panel.page.node} and asked == [pool2]
    assert panel.why.isVisible() and panel.why.rows == before


def test_the_keyboard_asks_walks_chooses_and_closes(qtbot, editor, panel):
    button = button_of(panel, 1, "400")
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert QApplication.focusWidget() is panel.why.rows[0]
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Down)
    assert QApplication.focusWidget() is panel.why.rows[1]
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert editor.selection == {editor.graph.node_named("conv2").id}
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert not panel.why.isVisible() and panel.why.rows == []


def test_tab_reaches_every_number(qtbot, editor, panel):
    buttons = [button for row in panel.page.shapes.rows for button in row.buttons]
    assert [button.text() for button in buttons] == ["B", "16", "5", "5", "B", "400"]
    buttons[0].setFocus()
    for button in buttons[1:]:
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        assert QApplication.focusWidget() is button


def test_numbers_say_what_they_are(editor, panel):
    button = button_of(panel, 1, "400")
    assert button.toolTip() == button.accessibleDescription() == "Why is this 400?"
    assert button.accessibleName() == "Output[1]: 400"


def test_the_shape_of_an_input_leads_to_where_it_comes_from(qtbot, editor, panel):
    qtbot.mouseClick(button_of(panel, 0, "16"), LEFT)
    assert sentences(panel) == ["16 is out_channels of 'conv2'."]


def test_the_batch_can_be_asked_too(qtbot, editor, panel):
    qtbot.mouseClick(button_of(panel, 1, "B"), LEFT)
    assert sentences(panel) == ["B is the batch: as many samples as 'digits' gives at once."]


def test_the_answer_follows_the_drawing(qtbot, editor, panel):
    qtbot.mouseClick(button_of(panel, 1, "400"), LEFT)
    editor.set_param(editor.graph.node_named("conv2").id, "out_channels", 20)
    editor.set_analysis(Analysis(complete=False))
    assert panel.why.isVisible()
    editor.set_analysis(analyse(editor.project))
    assert panel.why.accessibleName() == "Why is this 500?" and sentences(panel)[1] == "20 is out_channels of 'conv2'."
    editor.select([editor.graph.node_named("flatten").id])
    editor.remove_selected()
    editor.set_analysis(analyse(editor.project))
    assert not panel.why.isVisible()


def test_the_close_button(qtbot, editor, panel):
    qtbot.mouseClick(button_of(panel, 1, "400"), LEFT)
    qtbot.mouseClick(panel.why.close_button, LEFT)
    assert not panel.why.isVisible()


def test_another_drawing_has_other_questions(qtbot, editor, panel):
    qtbot.mouseClick(button_of(panel, 1, "400"), LEFT)
    editor.scope_changed.emit(None)
    assert not panel.why.isVisible()


def test_it_speaks_chinese(qtbot, editor):
    set_language("zh_CN")
    try:
        panel = show(qtbot, InspectorPanel(editor))
        button = button_of(panel, 1, "400")
        assert "400" in button.toolTip() and "Why" not in button.toolTip()
        qtbot.mouseClick(button, LEFT)
        assert [text for text in sentences(panel) if " is " in text or "makes" in text or "takes" in text] == []
    finally:
        set_language("en")


def test_a_long_answer_scrolls_in_a_small_panel(qtbot, editor, panel):
    qtbot.mouseClick(button_of(panel, 1, "400"), LEFT)
    panel.resize(240, 420)
    QApplication.processEvents()
    assert panel.why.height() < 360 and panel.why.width() <= 240

"""Every number of a shape in the inspector can be asked, by mouse and by keys, and the answer leads to the nodes."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from drawings import Drawing, lenet5
from graph.messages import set_language
from graph.model import BlockParam
from gui.block_editor import BlockEditor
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


# ---- the value of an `auto` parameter


def select(editor, *names):
    editor.select([editor.graph.node_named(name).id for name in names])
    QApplication.processEvents()


def row_of(panel, name):
    return next(row for row in panel.page.rows if row.param.name == name)


@pytest.mark.parametrize("by_mouse", [True, False])
def test_an_auto_value_can_be_asked(qtbot, editor, panel, by_mouse):
    select(editor, "fc1")
    button = row_of(panel, "in_features").why_button
    assert button.toolTip() == button.accessibleName() == "Why is this 400?"
    if by_mouse:
        qtbot.mouseClick(button, LEFT)
    else:
        row_of(panel, "in_features").field.setFocus()
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Backtab)
        assert QApplication.focusWidget() is button
        qtbot.keyClick(button, Qt.Key.Key_Space)
    assert panel.why.isVisible() and panel.why.accessibleName() == "Why is this 400?"
    assert sentences(panel)[:2] == [
        "in_features of 'fc1' follows from dimension 1 of what 'flatten' gives (B × 400): 400.",
        "'flatten' puts 16 × 5 × 5 into one dimension: 400.",
    ]
    assert QApplication.focusWidget() is panel.why.rows[0]


def test_what_is_not_auto_or_not_known_has_no_question(editor, panel):
    select(editor, "fc1")
    assert not row_of(panel, "out_features").why_button.isVisible()
    assert row_of(panel, "in_features").why_button.isVisible()
    editor.set_param(editor.graph.node_named("fc1").id, "in_features", 400)
    editor.set_analysis(analyse(editor.project))
    assert not row_of(panel, "in_features").why_button.isVisible()
    editor.reset_param(editor.graph.node_named("fc1").id, "in_features")
    editor.set_analysis(Analysis(complete=False))
    assert not row_of(panel, "in_features").why_button.isVisible()


def test_the_answer_about_a_value_goes_with_its_node(qtbot, editor, panel):
    select(editor, "fc1")
    qtbot.mouseClick(row_of(panel, "in_features").why_button, LEFT)
    editor.remove_selected()
    editor.set_analysis(analyse(editor.project))
    assert not panel.why.isVisible()


# ---- into blocks and out of them


@pytest.fixture
def with_block(qtbot):
    """An image, two instances of a block with a convolution, and the inspector of the second."""
    inner = Drawing("Down")
    conv = inner.add(
        "nn.Conv2d", "conv", inner.add("op.Input", "x", shape=(1, 8, 8)), out_channels="=channels", kernel_size=3
    )
    inner.add("op.Output", "y", conv)
    d = Drawing(definitions=inner.as_block(BlockParam("channels", 5)))
    first = d.add("block.Down", "first", d.add("op.Input", "image", shape=(3, 20, 20)))
    d.add("block.Down", "second", first)
    editor = Editor(d.project)
    editor.set_analysis(analyse(editor.project))
    blocks = BlockEditor(editor)
    panel = show(qtbot, InspectorPanel(editor, blocks))
    select(editor, "second")
    return editor, blocks, panel


def test_a_step_in_a_block_leads_there(qtbot, with_block):
    editor, blocks, panel = with_block
    qtbot.mouseClick(button_of(panel, 1, "16"), LEFT)
    answer = [
        "Net › second: 'conv' slides a kernel of 3 over 18: (18 − 3) / 1 + 1 = 16.",
        "Net › first: 'conv' slides a kernel of 3 over 20: (20 − 3) / 1 + 1 = 18.",
        "Net: 20 comes from shape of 'image', which is 3 × 20 × 20.",
    ]
    assert sentences(panel) == answer
    instances = {name: editor.graph.node_named(name).id for name in ("first", "second")}
    for number, way in ((0, ("second",)), (1, ("first",)), (2, ()), (1, ("first",))):
        qtbot.mouseClick(panel.why.rows[number], LEFT)
        assert [step.name for step in blocks.path] == [*way] and editor.way == tuple(instances[name] for name in way)
        node = editor.graph.node_named("image" if not way else "conv").id
        assert editor.selection == {node} == {panel.page.node}
        assert panel.why.isVisible() and sentences(panel) == answer
    editor.set_analysis(analyse(editor.project))
    assert sentences(panel) == answer
    blocks.leave()
    assert not panel.why.isVisible()


def test_asked_inside_a_block_it_goes_on_outside(qtbot, with_block):
    editor, blocks, panel = with_block
    blocks.enter(editor.graph.node_named("first").id)
    select(editor, "conv")
    qtbot.mouseClick(button_of(panel, 1, "18"), LEFT)
    assert sentences(panel) == [
        "'conv' slides a kernel of 3 over 20: (20 − 3) / 1 + 1 = 18.",
        "20 comes into the block through 'x'.",
        "Net: 20 comes from shape of 'image', which is 3 × 20 × 20.",
    ]
    qtbot.mouseClick(panel.why.rows[2], LEFT)
    assert editor.scope is None and editor.selection == {editor.graph.node_named("image").id}


def test_the_answer_goes_with_its_block(qtbot, with_block):
    editor, blocks, panel = with_block
    blocks.enter(editor.graph.node_named("first").id)
    select(editor, "conv")
    qtbot.mouseClick(button_of(panel, 1, "18"), LEFT)
    editor.open(lenet5().project)
    editor.set_analysis(analyse(editor.project))
    assert not panel.why.isVisible()

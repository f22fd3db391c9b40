"""Marking what a sweep tries, where it is edited: in the forms of nodes and of the training plan, by mouse and keys."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu

from accessibility_tools import nameless
from drawings import Drawing
from graph.catalog import CATALOG, Kind, Param
from graph.messages import EditError, set_language
from graph.model import Project
from graph.search import (
    BYPASSED,
    TYPE,
    NodePlace,
    ObjectivePlace,
    Options,
    PlanPlace,
    Span,
)
from gui.editor import Editor
from gui.panels.inspector import InspectorPanel
from gui.panels.searchable import SearchMark, SearchStrip
from gui.panels.searchable_spaces import read_list, space_text, suggested
from gui.panels.searchable_types import alternatives
from gui.panels.training import TrainingPanel
from panel_tools import lenet_editor, show

LEFT = Qt.MouseButton.LeftButton
LR = ObjectivePlace("main", "optimizer", "lr")


@pytest.fixture
def editor(qapp) -> Editor:
    editor = lenet_editor()
    editor.select([editor.graph.node_named("conv2").id])
    return editor


@pytest.fixture
def inspector(qtbot, editor) -> InspectorPanel:
    return show(qtbot, InspectorPanel(editor), 300, 900)


@pytest.fixture
def training(qtbot, editor) -> TrainingPanel:
    return show(qtbot, TrainingPanel(editor), 300, 900)


def row_of(panel: InspectorPanel, name: str):
    return next(row for row in panel.page.rows if row.param.name == name)


def strip_of(row) -> SearchStrip:
    mark = row.findChild(SearchMark)
    assert isinstance(mark, SearchMark)
    return mark.strip


def lr_row(panel: TrainingPanel):
    return panel.objectives.forms[0].optimizer.rows["lr"]


def search_by_menu(row) -> None:
    """Open the menu of the field with a right click, and choose the entry by key."""

    def choose() -> None:
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        menu.setActiveAction(next(a for a in menu.actions() if "Search this" in a.text()))
        QTest.keyClick(menu, Qt.Key.Key_Return)

    QTimer.singleShot(0, choose)
    at = row.field.rect().center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, row.field.mapToGlobal(at))
    QApplication.sendEvent(row.field, event)


def enter(field: QLineEdit, text: str) -> None:
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def test_the_menu_of_the_learning_rate_marks_it_and_undo_takes_that_back(editor, training):
    row = lr_row(training)
    search_by_menu(row)
    assert editor.project.search.space_at(LR) == Span(1e-4, 1e-2, log=True)
    assert strip_of(row).chip.text() == "0.0001 … 0.01 · log"
    assert str(editor.undo_text) == "Search lr of main"
    editor.undo()
    assert editor.project.search.space_at(LR) is None
    assert not strip_of(row).isVisible() and strip_of(row).card is None


def test_the_sign_under_the_mouse_marks_too(qtbot, editor, inspector):
    row = row_of(inspector, "out_channels")
    row.hovered.emit(True)
    sign = row.findChild(SearchMark).sign
    assert sign.isVisible()
    qtbot.mouseClick(sign, LEFT)
    node = editor.graph.node_named("conv2").id
    assert editor.project.search.space_at(NodePlace(None, node, "out_channels")) == Span(8, 32, whole=True)
    assert not sign.isVisible()


def test_a_range_is_edited_in_the_card_by_keys(editor, training):
    strip = strip_of(lr_row(training))
    strip.open()
    low, high = strip.card.range.low, strip.card.range.high
    assert low.hasFocus()
    enter(low, "0.001")
    enter(high, "0.5")
    QTest.keyClick(strip.card.range.log, Qt.Key.Key_Space)
    enter(strip.card.range.count, "7")
    assert editor.project.search.space_at(LR) == Span(0.001, 0.5, log=False, count=7)
    QTest.keyClick(strip.card.range.count, Qt.Key.Key_Escape)
    assert strip.card is None and strip.chip.hasFocus()
    QTest.keyClick(strip.chip, Qt.Key.Key_Space)
    assert strip.card is not None


def test_a_bad_range_is_said_and_changes_nothing(editor, training):
    strip = strip_of(lr_row(training))
    strip.open()
    before = editor.project.search
    enter(strip.card.range.high, "0.00001")
    assert "not above its beginning 0.0001" in strip.card.complaint
    assert editor.project.search == before
    enter(strip.card.range.high, "1")
    assert strip.card.complaint == ""
    enter(strip.card.range.low, "0")
    assert "logarithmic" in strip.card.complaint
    enter(strip.card.range.low, "-1")
    assert "from 0 to" in strip.card.complaint
    assert editor.project.search.space_at(LR) == Span(1e-4, 1.0, log=True)


def test_a_range_becomes_a_list_and_back(qtbot, editor, training):
    strip = strip_of(lr_row(training))
    strip.open()
    QApplication.processEvents()  # the card has its places then
    qtbot.mouseClick(strip.card.list_choice, LEFT)
    assert editor.project.search.space_at(LR) == Options((0.0001, 0.001, 0.01))
    enter(strip.card.list.field, "0.1, 0.2; 0.3")
    assert editor.project.search.space_at(LR) == Options((0.1, 0.2, 0.3))
    enter(strip.card.list.field, "0.1, x")
    assert "cannot be x" in strip.card.complaint
    enter(strip.card.list.field, "0.1")
    assert "at least two values" in strip.card.complaint
    qtbot.mouseClick(strip.card.range_choice, LEFT)
    assert editor.project.search.space_at(LR) == Span(0.1, 0.3)


def test_choices_are_ticked(editor, inspector):
    strip = strip_of(row_of(inspector, "padding_mode"))
    strip.open()
    ticks = strip.card.ticks.list
    assert ticks.hasFocus()
    place = NodePlace(None, editor.graph.node_named("conv2").id, "padding_mode")
    ticks.setCurrentRow(1)
    QTest.keyClick(ticks, Qt.Key.Key_Space)
    assert editor.project.search.space_at(place) == Options(("zeros", "replicate", "circular"))
    for row in (2, 3):
        ticks.setCurrentRow(row)
        QTest.keyClick(ticks, Qt.Key.Key_Space)
    assert "at least two" in strip.card.complaint
    assert editor.project.search.space_at(place) == Options(("zeros", "circular"))


def test_the_type_of_a_node_is_searched_among_those_that_fit(qtbot, editor, inspector):
    editor.select([editor.graph.node_named("tanh1").id])
    form = inspector.page
    form.search.type_action.trigger()
    place = NodePlace(None, editor.graph.node_named("tanh1").id, TYPE)
    space = editor.project.search.space_at(place)
    assert space.values[0] == "torch.nn.Tanh" and set(space.values[1:]) == {"torch.nn.ReLU", "torch.nn.GELU"}
    offered = alternatives(editor.project, None, place.node)
    assert {"torch.nn.SiLU", "torch.nn.Dropout", "torch.nn.Identity"} <= offered.keys()
    assert "torch.nn.LSTM" not in offered and "torch.nn.CrossEntropyLoss" not in offered
    form.search.bypass_action.trigger()
    assert editor.project.search.space_at(place._replace(name=BYPASSED)) == Options((False, True))
    qtbot.mouseClick(form.search.bypass_strip.remove_button, LEFT)
    assert editor.project.search.space_at(place._replace(name=BYPASSED)) is None
    assert form.search.type_strip.isVisible()


def test_blocks_of_the_document_are_alternatives_unless_they_hold_the_drawing(qapp):
    inner = Drawing("Act")
    out = inner.add("nn.ReLU", "relu1", inner.add("layerloom.Input", "input", shape=(4,)))
    inner.add("layerloom.Output", "output", out)
    d = Drawing("Net", definitions=inner.as_block())
    d.add("nn.ReLU", "relu1", d.add("block.Act", "act1", d.add("layerloom.Input", "x", shape=(4,))))
    (block,) = d.project.blocks
    inside = next(n.id for n in d.project.blocks[block].graph.nodes.values() if n.name == "relu1")
    assert f"block.{block}" in alternatives(d.project, None, d.id("relu1"))
    assert f"block.{block}" not in alternatives(d.project, block, inside)
    assert "torch.nn.GELU" in alternatives(d.project, block, inside)


def test_what_follows_from_the_input_and_the_data_is_not_offered(editor, inspector):
    assert row_of(inspector, "in_channels").findChild(SearchMark) is None
    editor.select([editor.graph.node_named("digits").id])
    assert not any(row.findChild(SearchMark) for row in inspector.page.rows)


def test_renaming_an_objective_takes_its_search_along(editor, training):
    strip_of(lr_row(training)).open()
    strip_of(training.rows["batch_size"]).open()
    training.objectives.add()
    enter(training.objectives.forms[0].name.field, "critic")
    assert editor.project.search.space_at(LR._replace(objective="critic")) == Span(1e-4, 1e-2, log=True)
    assert editor.project.search.space_at(PlanPlace("batch_size")) == Options((16, 32, 64))
    assert strip_of(lr_row(training)).isVisible()


def test_every_part_has_a_name_and_is_translated(editor, training):
    for row in (lr_row(training), training.objectives.forms[0].optimizer.type_row, training.rows["batch_size"]):
        strip_of(row).open()
    assert list(nameless(training)) == []
    set_language("zh_CN")
    try:
        strip_of(lr_row(training)).show_place(strip_of(lr_row(training))._searched)
        assert "对数" in strip_of(lr_row(training)).chip.text()
        assert "扫描" in strip_of(lr_row(training)).chip.accessibleName()
    finally:
        set_language("en")


# ---- what is worth trying


@pytest.mark.parametrize(
    ("kind", "value", "more", "space"),
    [
        (Kind.FLOAT, 0.001, {}, Span(1e-4, 1e-2, log=True)),
        (Kind.FLOAT, 0.0, {"minimum": 0}, Span(1e-6, 1e-2, log=True)),
        (Kind.FLOAT, 0.5, {"minimum": 0, "maximum": 1}, Span(0.0, 0.75)),
        (Kind.FLOAT, 0.999, {"minimum": 0, "maximum": 1}, Span(0.995, 1.0)),
        (Kind.FLOAT, 2.0, {}, Span(1.0, 4.0)),
        (Kind.INT, 64, {"minimum": 1}, Span(32, 128, whole=True)),
        (Kind.INT, 1, {"minimum": 1, "maximum": 3}, Span(1, 3, whole=True)),
        (Kind.BOOL, True, {}, Options((False, True))),
        (Kind.INTS, 1, {"length": 2, "minimum": 1}, Options((1, 2))),
        (Kind.INTS, (3, 3), {"length": 2, "minimum": 1, "name": "kernel_size"}, Options((1, 3, 5))),
    ],
)
def test_the_first_suggestion_lies_around_the_value_and_within_the_parameter(kind, value, more, space):
    param = Param(**{"name": "p", "kind": kind, "help": "", **more})
    assert suggested(param, value, {}) == space


def test_every_parameter_of_the_catalogue_gets_a_suggestion_that_fits():
    """The ends of a suggested range, and every suggested value, are values of the parameter."""
    checked = 0
    for node_type in CATALOG.values():
        for param in node_type.params:
            if param.kind in (Kind.TEXT, Kind.FILE) or param.auto is not None:
                continue
            space = suggested(param, param.default, {})
            values = (space.low, space.high) if isinstance(space, Span) else space.values
            for value in values:
                param.check(int(value) if param.kind is Kind.INT and isinstance(value, float) else value)
            assert not isinstance(space, Span) or space.low < space.high, (node_type.id, param.name)
            checked += 1
    assert checked > 400


def test_lists_read_words_and_say_what_is_wrong():
    param = Param(name="batch_size", kind=Kind.INT, choices=("all",), minimum=1, help="")
    assert read_list("16，all, 32", param, {"all": 0}) == Options((16, 0, 32))
    with pytest.raises(EditError, match="cannot be 0"):
        read_list("0, 16", param, {"all": 0})
    assert space_text(Span(1, 1e-5)) == "1 … 1e-5"
    assert Project().search.entries == ()

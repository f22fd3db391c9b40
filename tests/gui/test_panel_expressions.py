"""Expressions in fields: what is typed, what is kept, the value that is shown, and what is refused."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from graph.catalog import Kind, Param
from graph.messages import EditError
from gui.panels.fields import EntryField, ToggleField
from gui.panels.inspector import InspectorPanel
from gui.panels.values import format_value, parse_entry, worth
from panel_tools import block_editor, enter, show, texts

NAMES = {"channels": 8, "heads": 4, "ratio": 0.5, "bias": True}
COUNT = Param(name="count", kind=Kind.INT, minimum=1, default=1, help="")
SHARE = Param(name="share", kind=Kind.FLOAT, minimum=0, maximum=1, default=0.5, help="")
PAIR = Param(name="pair", kind=Kind.INTS, length=2, minimum=0, default=3, help="", choices=("same",))
SHAPE = Param(name="shape", kind=Kind.INTS, minimum=-1, default=(-1,), help="")
WORD = Param(name="word", kind=Kind.TEXT, help="", default="")


@pytest.mark.parametrize(
    ("param", "text", "value", "amount"),
    [
        (COUNT, "=4 * channels", "=4 * channels", "32"),
        (COUNT, "channels", "=channels", "8"),
        (COUNT, "=64*2", "=64*2", "128"),
        (SHARE, "=ratio / 2", "=ratio / 2", "0.25"),
        (SHARE, "ratio", "=ratio", "0.5"),
        (PAIR, "=channels // 2", "=channels // 2", "4"),
        (PAIR, "=channels × 1", ("=channels", 1), "8 × 1"),
        (PAIR, "3 x channels", (3, "=channels"), "3 × 8"),
        (PAIR, "same", "same", ""),
        (SHAPE, "1 × =heads × -1", (1, "=heads", -1), "1 × 4 × -1"),
        (SHAPE, "1, heads, =max(1, channels // 16)", (1, "=heads", "=max(1, channels // 16)"), "1 × 4 × 1"),
        (SHAPE, '(1, "=heads", -1)', (1, "=heads", -1), "1 × 4 × -1"),
        (SHAPE, "heads", ("=heads",), "4"),
        (SHAPE, "16 * 5", (16, 5), ""),
        (WORD, "channels", "channels", ""),
    ],
)
def test_texts_mean_expressions(param, text, value, amount):
    assert parse_entry(param, text, NAMES) == value
    assert parse_entry(param, format_value(param, value), NAMES) == value
    assert worth(param, value, NAMES) == amount


@pytest.mark.parametrize(
    ("param", "text", "reason"),
    [
        (COUNT, "=4 * chanels", "'chanels' is no parameter of this block. There are: channels, heads"),
        (COUNT, "=channels / 2", "'count' cannot be 4.0"),
        (COUNT, "=channels - 9", "at least 1"),
        (COUNT, "bias", "'count' cannot be True"),
        (COUNT, "=4 *", "cannot be worked out"),
        (COUNT, "=1 / 0", "divides by zero"),
        (PAIR, "=channels × 1 × 1", "'pair' cannot be"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(param, text, reason):
    with pytest.raises(EditError, match=reason.replace("(", r"\(")):
        parse_entry(param, text, NAMES)


def test_without_names_to_refer_to_nothing_is_an_expression(qtbot):
    field = show(qtbot, EntryField(COUNT), 160, 28)
    complaints = []
    field.rejected.connect(complaints.append)
    enter(qtbot, field, "=4*2")
    assert "takes a whole number" in str(complaints[-1])


def test_names_are_completed_at_the_end_of_what_is_typed(qtbot):
    field = show(qtbot, EntryField(COUNT, names=NAMES), 200, 28)
    committed = []
    field.committed.connect(committed.append)
    field.show_value(1)
    field.selectAll()
    qtbot.keyClicks(field, "=4 * cha")
    popup = field.completer().popup()
    assert popup.isVisible() and popup.model().rowCount() == 1
    qtbot.keyClick(popup, Qt.Key.Key_Down)
    qtbot.keyClick(popup, Qt.Key.Key_Return)
    assert field.text() == "=4 * channels"
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert committed == ["=4 * channels"] and not popup.isVisible()


def test_arrow_keys_leave_an_expression_alone(qtbot):
    field = show(qtbot, EntryField(COUNT, names=NAMES), 200, 28)
    field.show_value("=channels")
    qtbot.keyClick(field, Qt.Key.Key_Up)
    assert field.text() == "=channels" and field.worth == "8"


def test_a_switch_follows_a_parameter_until_it_is_pressed(qtbot):
    field = show(qtbot, ToggleField(NAMES), 160, 28)
    committed = []
    field.committed.connect(committed.append)
    (follow,) = field.actions()
    assert follow.text() == "Follow bias of the block"
    follow.trigger()
    field.show_value("=bias")
    assert field.text() == "=bias" and field.isChecked()
    qtbot.mouseClick(field, Qt.MouseButton.LeftButton)
    assert committed == ["=bias", False]


@pytest.fixture
def editor():
    editor = block_editor()
    editor.look_into("b1")
    editor.select([editor.graph.node_named("conv1").id])
    return editor


@pytest.fixture
def panel(qtbot, editor):
    return show(qtbot, InspectorPanel(editor))


def row_of(panel, name):
    return next(row for row in panel.page.rows if row.param.name == name)


def conv1(editor):
    return editor.project.blocks["b1"].graph.node_named("conv1")


def test_expressions_show_with_the_value_of_the_first_instance(panel):
    shown = {
        name: (row_of(panel, name).field.text(), row_of(panel, name).field.worth)
        for name in ("out_channels", "padding")
    }
    assert shown == {"out_channels": ("=4 * channels", "12"), "padding": ("=size // 2 × 1", "1")}
    assert row_of(panel, "bias").field.text() == "=bias" and not row_of(panel, "bias").field.isChecked()


def test_a_typed_expression_is_one_step_and_counts_at_once(qtbot, editor, panel):
    enter(qtbot, row_of(panel, "out_channels").field, "=5 * channels")
    assert conv1(editor).params["out_channels"] == "=5 * channels"
    assert row_of(panel, "out_channels").field.worth == "15"
    assert [b.text() for b in panel.page.shapes.rows[-1].buttons][1] == "15"
    editor.undo()
    assert conv1(editor).params["out_channels"] == "=4 * channels"
    assert editor.scope == "b1"


def test_a_bare_name_becomes_a_reference(qtbot, editor, panel):
    enter(qtbot, row_of(panel, "out_channels").field, "channels")
    assert conv1(editor).params["out_channels"] == "=channels"


def test_a_wrong_name_is_explained_under_its_field(qtbot, editor, panel):
    before = editor.project
    row = row_of(panel, "out_channels")
    enter(qtbot, row.field, "=chanels")
    assert editor.project is before and "There are: channels, size, bias" in row.complaint
    assert row.complaint in texts(panel)
    enter(qtbot, row.field, "=channels")
    assert row.complaint == ""


def test_arithmetic_without_names_works_in_the_drawing_itself(qtbot, editor, panel):
    editor.look_into(None)
    editor.select([editor.graph.node_named("logits").id])
    QApplication.processEvents()
    enter(qtbot, row_of(panel, "out_features").field, "=5*2")
    assert editor.graph.node_named("logits").params["out_features"] == "=5*2"
    assert row_of(panel, "out_features").field.worth == "10"
    enter(qtbot, row_of(panel, "out_features").field, "=channels")
    assert "because there are no parameters" in row_of(panel, "out_features").complaint


def test_enter_takes_the_only_completion_and_enter_again_the_expression(qtbot, editor, panel):
    row = row_of(panel, "out_channels")
    row.field.setFocus()
    row.field.selectAll()
    qtbot.keyClicks(row.field, "=2*cha")
    assert row.field.completer().popup().isVisible()
    qtbot.keyClick(row.field, Qt.Key.Key_Return)
    assert row.field.text() == "=2*channels" and row.complaint == ""
    qtbot.keyClick(row.field, Qt.Key.Key_Return)
    assert conv1(editor).params["out_channels"] == "=2*channels"


def test_enter_takes_the_highlighted_completion(qtbot, editor, panel):
    field = row_of(panel, "out_channels").field
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "=s")
    popup = field.completer().popup()
    popup.setCurrentIndex(popup.model().index(0, 0))
    qtbot.keyClick(popup, Qt.Key.Key_Return)
    assert field.text() == "=size" and not popup.isVisible()

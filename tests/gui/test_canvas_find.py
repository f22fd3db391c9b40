"""Find in the drawing and its blocks: the box, the keys, the glow."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from canvas_hand import SHIFT, Hand
from graph.messages import msg, set_language
from graph.model import Graph, Node, Project
from graph.problems import Problem
from gui.canvas.chooser import MAX_ENTRIES
from gui.canvas.find import FindBox
from gui.canvas.finding import pages, search
from gui.canvas.marking import Find
from gui.canvas.view import CanvasView
from gui.canvas_actions import CanvasActions
from gui.editor import Editor
from gui.motion import motion
from panel_tools import block_editor
from runtime.analysis import Analysis


@pytest.fixture(autouse=True)
def _still(monkeypatch) -> None:
    monkeypatch.setattr(motion, "reduced", "yes")


@pytest.fixture
def editor() -> Editor:
    return block_editor()


@pytest.fixture
def actions(qtbot, editor) -> CanvasActions:
    view = CanvasView(editor)
    qtbot.addWidget(view)
    view.resize(1000, 700)
    with qtbot.waitActive(view):
        view.show()
        view.activateWindow()
    view.setFocus()
    return CanvasActions(editor, view)


def box(actions: CanvasActions) -> FindBox | None:
    return next((b for b in actions.parent().findChildren(FindBox) if b.isVisible()), None)


def names(editor: Editor, query: str) -> list[str]:
    return [found.name for found in search(query, pages(editor.project, editor.analysis))]


def glowing(actions: CanvasActions) -> dict[str, Find]:
    items = actions.parent().scene().nodes.values()
    return {item.node.name: item.mood.find for item in items if item.mood.find is not Find.NO}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("flatten", ["flatten"]),
        ("linear", ["logits"]),
        ("out_features 10", ["logits"]),
        ("out_features=10", ["logits"]),
        ("conv1", ["conv1"]),
        ("scalar float32", ["loss"]),
        ("zzz", []),
        ("", []),
    ],
)
def test_nodes_are_found_by_name_type_value_and_shape(editor, query, expected):
    assert sorted(names(editor, query)) == sorted(expected)


def test_numbers_are_found_as_a_whole(editor):
    assert names(editor, "features 1") == []
    assert names(editor, "features 10") == ["logits"]


def test_a_word_of_a_problem_is_found(editor):
    node = editor.graph.node_named("flatten").id
    editor.set_analysis(Analysis(problems=(Problem("p", msg("Something is crooked here."), node),)))
    assert names(editor, "crooked") == ["flatten"]


def test_names_that_begin_so_come_first(editor):
    assert names(editor, "lo")[0] in ("logits", "loss")


def test_the_labels_of_the_language_in_use_count(editor):
    set_language("zh_CN")
    assert names(editor, "相加") == ["both"]


def test_typing_lets_what_is_found_glow_and_enter_goes_from_one_to_the_next(actions, editor):
    actions.find()
    QTest.keyClicks(box(actions).edit, "BasicBlock")
    assert set(glowing(actions)) == {"stem", "branch"}
    seen = []
    for _ in range(3):
        QTest.keyClick(box(actions).edit, Qt.Key.Key_Return)
        (chosen,) = editor.selection
        seen.append(editor.graph.nodes[chosen].name)
        assert glowing(actions)[seen[-1]] is Find.CURRENT
    assert seen[0] == seen[2] != seen[1]
    QTest.keyClick(box(actions).edit, Qt.Key.Key_F3, SHIFT)
    assert editor.graph.nodes[next(iter(editor.selection))].name == seen[1]
    QTest.keyClick(box(actions).edit, Qt.Key.Key_Escape)
    assert box(actions) is None
    assert glowing(actions) == {}
    assert actions.parent().hasFocus()


def test_it_goes_into_blocks_and_stays_open(actions, editor):
    actions.find()
    QTest.keyClicks(box(actions).edit, "conv1")
    (entry,) = box(actions).entries()
    assert "BasicBlock" in entry.detail
    QTest.keyClick(box(actions).edit, Qt.Key.Key_Return)
    assert editor.scope == "b1"
    assert [editor.graph.nodes[i].name for i in editor.selection] == ["conv1"]
    assert box(actions) is not None
    assert glowing(actions) == {"conv1": Find.CURRENT}
    view = actions.parent()
    assert view.visible_area().contains(view.scene().nodes[next(iter(editor.selection))].body())


def test_a_click_goes_to_that_one_and_the_box_stays(actions, editor, qtbot):
    actions.find()
    QTest.keyClicks(box(actions).edit, "block")
    found = box(actions)
    row = next(i for i, entry in enumerate(found.entries()) if entry.text == "branch")
    place = found.list.visualItemRect(found.list.item(row)).center()
    qtbot.mouseClick(found.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert [editor.graph.nodes[i].name for i in editor.selection] == ["branch"]
    assert box(actions) is found


def test_f3_goes_on_after_the_box_was_closed(actions, editor):
    actions.find_next()
    assert box(actions) is not None
    QTest.keyClicks(box(actions).edit, "BasicBlock")
    QTest.keyClick(box(actions).edit, Qt.Key.Key_Return)
    (first,) = editor.selection
    QTest.keyClick(box(actions).edit, Qt.Key.Key_Escape)
    actions.find_next()
    assert editor.selection != {first}
    actions.find_previous()
    assert editor.selection == {first}


def test_what_was_deleted_meanwhile_is_not_gone_to(actions, editor):
    actions.find()
    QTest.keyClicks(box(actions).edit, "BasicBlock")
    editor.select([editor.graph.node_named("stem").id])
    editor.remove_selected()
    actions.find_next()
    assert [editor.graph.nodes[i].name for i in editor.selection] == ["branch"]


def test_nothing_found_says_what_can_be_typed(actions):
    actions.find()
    QTest.keyClicks(box(actions).edit, "qqqq")
    texts = [label.text() for label in box(actions).findChildren(type(box(actions)._count)) if label.isVisible()]
    assert any("28x28" in text for text in texts)


def test_a_new_search_begins_with_the_last_one_selected(actions):
    actions.find()
    QTest.keyClicks(box(actions).edit, "logits")
    QTest.keyClick(box(actions).edit, Qt.Key.Key_Escape)
    actions.find()
    assert box(actions).edit.selectedText() == "logits"
    hand = Hand(actions.parent())
    assert hand.box() is box(actions)


def test_in_another_drawing_only_what_was_found_there_glows(actions, editor):
    actions.find()
    QTest.keyClicks(box(actions).edit, "act")
    editor.look_into("b1")
    assert glowing(actions) == {"act": Find.ONE_OF}
    QTest.keyClick(box(actions).edit, Qt.Key.Key_Return)
    assert glowing(actions) == {"act": Find.CURRENT}
    editor.look_into(None)
    assert glowing(actions) == {}
    editor.look_into("b1")
    QTest.keyClick(box(actions).edit, Qt.Key.Key_Escape)
    editor.look_into(None)
    editor.look_into("b1")
    assert glowing(actions) == {}


def test_an_edit_shows_in_the_open_box(actions, editor):
    actions.find()
    QTest.keyClicks(box(actions).edit, "BasicBlock")
    QTest.keyClick(box(actions).edit, Qt.Key.Key_Return)
    QTest.keyClick(box(actions).edit, Qt.Key.Key_Return)
    (second,) = editor.selection
    name = editor.graph.nodes[second].name
    other = next(entry.text for entry in box(actions).entries() if entry.text != name)
    editor.select([editor.graph.node_named(other).id])
    editor.remove_selected()
    assert [entry.text for entry in box(actions).entries()] == [name]
    assert glowing(actions) == {name: Find.CURRENT}
    assert "1 of 1" in box(actions)._count.text()
    editor.undo()
    assert {entry.text for entry in box(actions).entries()} == {name, other}
    assert box(actions).entries()[box(actions).list.currentRow()].text == name


def test_beyond_the_rows_that_are_shown_it_goes_on_from_one_to_the_next(actions, editor):
    count = MAX_ENTRIES + 50
    editor.open(Project(Graph({f"n{i}": Node(f"n{i}", "layerloom.Add", f"add{i}") for i in range(count)})))
    actions.find()
    QTest.keyClicks(box(actions).edit, "add")

    def press(key: Qt.Key, modifiers=Qt.KeyboardModifier.NoModifier) -> str:
        QTest.keyClick(box(actions).edit, key, modifiers)
        (chosen,) = editor.selection
        return editor.graph.nodes[chosen].name

    assert press(Qt.Key.Key_Return) == "add0"
    assert press(Qt.Key.Key_F3, SHIFT) == f"add{count - 1}"
    assert box(actions).edit.accessibleDescription() == f"add{count - 1}"
    assert press(Qt.Key.Key_F3, SHIFT) == f"add{count - 2}"
    assert press(Qt.Key.Key_F3) == f"add{count - 1}"
    assert press(Qt.Key.Key_Return) == "add0"
    QTest.keyClick(box(actions).edit, Qt.Key.Key_Down)
    QTest.keyClick(box(actions).edit, Qt.Key.Key_Down)
    assert press(Qt.Key.Key_Return) == "add2"

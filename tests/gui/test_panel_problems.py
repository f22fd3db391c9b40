"""The problems panel: what is wrong, where, and the buttons that mend it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel

from graph.messages import msg
from graph.problems import Fix, Problem, Severity
from gui.editor import Editor
from gui.panels.problems import MOST_SHOWN, ProblemsPanel
from gui.status_line import verdict
from panel_tools import analysis_of, lenet_editor, show


@pytest.fixture
def editor():
    return lenet_editor()


@pytest.fixture
def panel(qtbot, editor):
    return show(qtbot, ProblemsPanel(editor), 600, 300)


@pytest.fixture
def problems(editor):
    conv1, fc1 = (editor.graph.node_named(name).id for name in ("conv1", "fc1"))
    fix = Fix(msg("Let it follow"), lambda p: p.with_graph(p.graph.set_params(fc1, {"out_features": 7})))
    return [
        Problem("idle", msg("Nothing uses this."), conv1, severity=Severity.WARNING),
        Problem("mismatch", msg("These do not fit."), fc1, "input", fixes=(fix,)),
    ]


def texts(panel):
    QApplication.processEvents()
    return [label.text() for label in panel.findChildren(QLabel) if label.isVisibleTo(panel)]


def test_no_problems_is_good_news(panel):
    assert any("No problems" in text for text in texts(panel))


def test_before_the_first_answer_nothing_is_promised(qtbot):
    panel = show(qtbot, ProblemsPanel(Editor()), 400, 200)
    assert texts(panel) == ["Looking at the drawing…"]


def test_errors_come_first_and_say_where(editor, panel, problems):
    counts = []
    panel.count_changed.connect(counts.append)
    editor.set_analysis(analysis_of(editor, problems))
    shown = texts(panel)
    assert shown.index("These do not fit.") < shown.index("Nothing uses this.")
    assert "fc1" in shown and not any("No problems" in text for text in shown)
    assert [row.accessibleName() for row in panel.list.rows] == [
        "Error: fc1: These do not fit.",
        "Warning: conv1: Nothing uses this.",
    ]
    editor.set_analysis(analysis_of(editor))
    assert counts == [2, 0]


def test_enter_and_double_click_lead_to_the_node(qtbot, editor, panel, problems):
    wanted = []
    panel.node_requested.connect(wanted.append)
    editor.set_analysis(analysis_of(editor, problems))
    first, second = panel.list.rows
    first.setFocus()
    qtbot.keyClick(first, Qt.Key.Key_Down)
    assert QApplication.focusWidget() is second
    qtbot.keyClick(second, Qt.Key.Key_Return)
    assert editor.selection == {problems[0].node}
    qtbot.mouseClick(first, Qt.MouseButton.LeftButton)
    assert wanted == [problems[0].node, problems[1].node]


def test_a_mend_is_one_step(qtbot, editor, panel, problems):
    editor.set_analysis(analysis_of(editor, problems))
    qtbot.mouseClick(panel.list.rows[0].fix_buttons[0], Qt.MouseButton.LeftButton)
    assert editor.graph.node_named("fc1").params["out_features"] == 7
    assert str(editor.undo_text) == "Let it follow"


def test_the_same_problems_keep_their_rows_and_the_focus(editor, panel, problems):
    editor.set_analysis(analysis_of(editor, problems))
    rows = list(panel.list.rows)
    rows[1].setFocus()
    editor.set_analysis(analysis_of(editor, problems))
    assert panel.list.rows == rows and QApplication.focusWidget() is rows[1]
    editor.set_analysis(analysis_of(editor, problems[:1]))
    assert panel.list.rows[0] is not rows[0]


def test_very_many_problems_are_cut_off_with_a_count(editor, panel):
    many = [Problem("x", msg("Number {n}", n=n)) for n in range(MOST_SHOWN + 3)]
    editor.set_analysis(analysis_of(editor, many))
    assert len(panel.list.rows) == MOST_SHOWN
    assert "… and 3 more." in texts(panel)


def test_code_that_is_not_allowed_has_a_button_that_shows_it(qtbot, editor, panel):
    conv1 = editor.graph.node_named("conv1").id
    editor.set_analysis(analysis_of(editor, [Problem("code-not-allowed", msg("Not allowed yet."), conv1)]))
    (button,) = panel.list.rows[0].fix_buttons
    assert button.text() == "Read and allow…"
    wanted = []
    panel.code_requested.connect(wanted.append)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert wanted == [conv1] and editor.selection == {conv1}


def test_the_tab_and_the_status_line_count_alike(panel, editor, problems):
    counts = []
    panel.count_changed.connect(counts.append)
    editor.set_analysis(analysis_of(editor, problems))
    assert counts == [2] and verdict(errors=1, warnings=1) == "✕ 1 error · 1 warning"
    assert verdict(errors=2, warnings=0) == "✕ 2 errors" and verdict(errors=0, warnings=1) == "! 1 warning"

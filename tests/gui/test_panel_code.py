"""The code panel: the generated text follows the drawing; lines and nodes find each other."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtWidgets import QApplication

from drawings import Drawing, lenet5
from graph.messages import msg
from graph.model import Project
from graph.problems import Problem
from gui.editor import Editor
from gui.panels.code import CodePanel
from gui.panels.code_view import CodeView
from gui.panels.highlight import spans
from gui.theme import theme
from panel_tools import show
from runtime.analyser import analyse
from runtime.analysis import Analysis
from runtime.codegen import generate


@pytest.fixture
def editor():
    editor = Editor(lenet5().project)
    editor.changed.connect(lambda change: editor.set_analysis(analyse(change.new)))
    editor.set_analysis(analyse(editor.project))
    return editor


@pytest.fixture
def panel(qtbot, editor):
    return show(qtbot, CodePanel(editor), 500, 300)


def line_with(panel, text):
    return next(n for n, line in enumerate(panel.text.split("\n"), 1) if text in line)


def test_the_text_is_the_generated_one_and_follows_edits(editor, panel):
    assert panel.text == generate(editor.project, editor.analysis).text
    editor.set_param(editor.graph.node_named("conv2").id, "out_channels", 20)
    assert "self.conv2 = nn.Conv2d(6, 20, kernel_size=5)" in panel.text
    assert panel.text == generate(editor.project, editor.analysis).text
    assert not panel.banner.isVisible()


def test_with_errors_the_last_good_text_stays_and_says_so(editor, panel):
    before = panel.text
    editor.set_param(editor.graph.node_named("conv2").id, "kernel_size", 99)
    assert editor.analysis.errors
    assert panel.text == before and panel.banner.isVisible()
    editor.undo()
    assert panel.text == before and not panel.banner.isVisible()


def test_another_document_does_not_keep_the_old_text(editor, panel):
    editor.open(Project(name="Other"))
    editor.set_analysis(Analysis(problems=(Problem("empty", msg("Nothing is drawn yet.")),)))
    assert "conv1" not in panel.text and panel.text.startswith("# The Python of the drawing")


def test_a_selected_node_shows_its_lines(editor, panel):
    editor.select([editor.graph.node_named("logits").id])
    assert panel.view.marked[:2] == (line_with(panel, "self.logits = "), line_with(panel, "logits = self.logits"))
    top = panel.view.firstVisibleBlock().blockNumber() + 1
    assert top <= panel.view.marked[0] < top + 20
    assert top > 1


def test_a_click_on_a_line_selects_its_node(qtbot, editor, panel):
    line = line_with(panel, "self.pool1 = ")
    cursor = QTextCursor(panel.view.document().findBlockByNumber(line - 1))
    at = panel.view.cursorRect(cursor).center()
    qtbot.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert editor.selection == {editor.graph.node_named("pool1").id}
    qtbot.keyClick(panel.view, Qt.Key.Key_Down)
    qtbot.keyClick(panel.view, Qt.Key.Key_Return)
    assert editor.selection == {editor.graph.node_named("conv2").id}


def test_a_line_of_no_node_leaves_the_selection(qtbot, editor, panel):
    editor.select([editor.graph.node_named("pool1").id])
    panel.view.line_clicked.emit(1)
    assert editor.selection == {editor.graph.node_named("pool1").id}


def test_copy_takes_the_whole_text(qtbot, panel):
    qtbot.mouseClick(panel.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == panel.text


def test_a_hidden_panel_catches_up_when_shown(qtbot, editor):
    panel = CodePanel(editor)
    assert panel.text == ""
    show(qtbot, panel, 400, 300)
    assert "class LeNet5(nn.Module):" in panel.text


def test_only_what_differs_is_replaced(qtbot):
    view = CodeView()
    show(qtbot, view, 300, 200)
    changes = []
    view.show_text("a = 1\nb = 2\nc = 3\n")
    view.document().contentsChange.connect(lambda *change: changes.append(change))
    for text in ("a = 1\nb = 20\nc = 3\n", "b = 20\nc = 3\n", "", "x", "x\ny\nz", "x\ny", "x\ny\nz\n", "z"):
        view.show_text(text)
        assert view.toPlainText() == text
    assert changes[0][:2] == (6, 6)  # the second line only


def test_tokens_have_the_colors_of_the_theme(qtbot):
    view = CodeView()
    show(qtbot, view, 300, 200)
    view.show_text("class Net:  # a net\n    x = 5")
    QApplication.processEvents()
    for name in ("light", "dark"):
        theme.use(name)
        formats = view.document().firstBlock().layout().formats()
        colors = {view.toPlainText()[f.start : f.start + f.length]: f.format.foreground().color() for f in formats}
        assert colors["class"] == theme.color("linear")
        assert colors["# a net"] == theme.color("faint")


@pytest.mark.parametrize(
    ("line", "colored"),
    [
        ("    return 10", ["return", "10"]),
        ('    """One line."""', ['"""One line."""']),
        ("x = f(y)  # B × 10", ["=", "(", ")", "# B × 10"]),
        ("", []),
    ],
)
def test_spans_lie_where_the_tokens_are(line, colored):
    assert [line[s.start : s.start + s.length] for s in spans(line)] == colored


def test_where_nothing_is_understood_yet_the_panel_says_when_it_will(qtbot):
    editor = Editor(Drawing("Nothing").project)
    panel = CodePanel(editor)
    qtbot.addWidget(panel)
    panel.show()
    editor.set_analysis(analyse(editor.project))
    assert panel.text.startswith("# The Python of the drawing\n# appears here when")
    assert "class" not in panel.text

"""The summary panel: rows, sorting, selection both ways, blocks that open, and taking it away."""

from __future__ import annotations

import csv
import io
import time

import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from block_drawings import showcase
from drawings import Drawing, lenet5
from graph.messages import msg
from gui.editor import Editor
from gui.panels.summary import SummaryPanel
from gui.panels.summary_model import COLUMNS, NAME, ROW
from panel_tools import show
from runtime.analyser import analyse
from runtime.analysis import NodeAnalysis

TITLES = [str(column.title) for column in COLUMNS]


def analysed(project) -> Editor:
    editor = Editor(project)
    editor.changed.connect(lambda change: editor.set_analysis(analyse(change.new)))
    editor.set_analysis(analyse(project))
    return editor


@pytest.fixture
def editor() -> Editor:
    return analysed(lenet5().project)


@pytest.fixture
def panel(qtbot, editor) -> SummaryPanel:
    return show(qtbot, SummaryPanel(editor), 1200, 500)


@pytest.fixture
def showing(qtbot) -> SummaryPanel:
    """A panel with blocks."""
    return show(qtbot, SummaryPanel(analysed(showcase())), 1200, 500)


def names(panel: SummaryPanel) -> list[str]:
    return [panel.model.index(i, NAME).data() for i in range(panel.model.rowCount())]


def cell(panel: SummaryPanel, name: str, title: str) -> str:
    return panel.model.index(names(panel).index(name), TITLES.index(title)).data()


def click(
    qtbot, panel: SummaryPanel, name: str, *, double: bool = False, modifier=Qt.KeyboardModifier.NoModifier
) -> None:
    at = panel.view.visualRect(panel.model.index(names(panel).index(name), NAME)).center()
    qtbot.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, modifier, at)
    if double:
        qtbot.mouseDClick(panel.view.viewport(), Qt.MouseButton.LeftButton, modifier, at)


def sort(qtbot, panel: SummaryPanel, title: str) -> None:
    header = panel.view.header()
    place = header.sectionViewportPosition(TITLES.index(title)) + header.sectionSize(TITLES.index(title)) // 2
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place, header.height() // 2))


def selected(panel: SummaryPanel) -> set[str]:
    return {index.data(ROW).name for index in panel.view.selectionModel().selectedRows()}


def test_a_row_says_what_is_known(panel):
    assert names(panel)[:3] == ["digits", "conv1", "tanh1"]
    assert cell(panel, "fc1", "Type") == "Linear" and cell(panel, "fc1", "Output shape") == "B×120"
    assert cell(panel, "fc1", "Parameters") == "48\u2009120" and cell(panel, "fc1", "% of parameters") == "78.0\u2009%"
    assert cell(panel, "tanh1", "Parameters") == "" and "61\u2009706 parameters" in panel.totals.text()


def test_a_click_on_a_title_sorts_and_a_second_one_turns_it_round(qtbot, panel):
    sort(qtbot, panel, "Parameters")
    assert names(panel)[:3] == ["fc1", "fc2", "conv2"]
    sort(qtbot, panel, "Parameters")
    assert names(panel)[-1] == "fc1"
    for title in TITLES:
        sort(qtbot, panel, title)
        header = panel.model.headerData(TITLES.index(title), Qt.Orientation.Horizontal)
        assert header.startswith(title) and header[-1] in "↓↑"


def test_rows_select_nodes_and_nodes_select_rows_whatever_the_order(qtbot, panel, editor):
    sort(qtbot, panel, "MACs")
    click(qtbot, panel, "conv1")
    click(qtbot, panel, "pool2", modifier=Qt.KeyboardModifier.ControlModifier)
    assert {editor.graph.nodes[i].name for i in editor.selection} == {"conv1", "pool2"}
    editor.select([editor.graph.node_named("fc2").id])
    assert selected(panel) == {"fc2"}
    sort(qtbot, panel, "Layer")
    assert selected(panel) == {"fc2"}
    editor.select([])
    assert selected(panel) == set()


def test_enter_and_a_double_click_ask_for_the_node(qtbot, panel, editor):
    asked: list[str] = []
    panel.node_requested.connect(asked.append)
    click(qtbot, panel, "conv2", double=True)
    qtbot.keyClick(panel.view, Qt.Key.Key_Down)
    qtbot.keyClick(panel.view, Qt.Key.Key_Return)
    assert [editor.graph.nodes[i].name for i in asked] == ["conv2", "tanh2"]
    assert {editor.graph.nodes[i].name for i in editor.selection} == {"tanh2"}


def test_an_edit_changes_the_figures_and_keeps_selection_and_place(qtbot, panel, editor):
    click(qtbot, panel, "conv1")
    editor.set_param(editor.graph.node_named("fc1").id, "out_features", 60)
    assert cell(panel, "fc1", "Output shape") == "B×60" and selected(panel) == {"conv1"}
    editor.select([editor.graph.node_named("tanh4").id])
    editor.remove_selected()
    assert "tanh4" not in names(panel)
    editor.undo()
    assert "tanh4" in names(panel)


def test_blocks_open_by_keys_to_their_layers_which_stand_for_the_instance(qtbot, showing):
    panel = showing
    click(qtbot, panel, "stage1")
    qtbot.keyClick(panel.view, Qt.Key.Key_Right)
    block = panel.model.index(names(panel).index("stage1"), 0)
    assert panel.view.isExpanded(block)
    inner = [panel.model.index(i, NAME, block).data() for i in range(panel.model.rowCount(block))]
    assert inner == ["x", "conv1", "relu1", "sum", "output"]
    for _ in range(2):
        qtbot.keyClick(panel.view, Qt.Key.Key_Down)
    assert selected(panel) == {"conv1"}
    editor = panel._editor
    assert {editor.graph.nodes[i].name for i in editor.selection} == {"stage1"}
    sort(qtbot, panel, "Parameters")
    assert panel.view.isExpanded(panel.model.index(names(panel).index("stage1"), 0))


def test_it_shows_the_drawing_that_is_on_the_canvas(showing):
    showing._editor.look_into("b1")
    assert names(showing) == ["x", "conv1", "relu1", "sum", "output"]
    assert cell(showing, "conv1", "Parameters") == "584"


def test_it_is_copied_as_it_is_shown(qtbot, showing):
    panel, told = showing, []
    panel.told.connect(lambda message, level: told.append((str(message), level)))
    sort(qtbot, panel, "Parameters")
    panel.view.expand(panel.model.index(names(panel).index("stage1"), 0))
    action = next(a for a in panel.button.menu().actions() if a.text() == "Copy as CSV")
    action.trigger()
    rows = [row["layer"] for row in csv.DictReader(io.StringIO(QGuiApplication.clipboard().text()))]
    assert [row for row in rows if "." not in row] == names(panel)
    at = rows.index("stage1")
    assert rows[at + 1].startswith("stage1.") and not any(row.startswith("stage2.") for row in rows)
    assert told == [("The table is on the clipboard as CSV.", "info")]


@pytest.mark.parametrize(("label", "suffix", "begin"), [("Markdown", ".md", "| layer"), ("LaTeX", ".tex", "% needs")])
def test_it_is_saved_as_a_file(panel, monkeypatch, tmp_path, label, suffix, begin):
    told = []
    panel.told.connect(lambda message, level: told.append((message, level)))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "table"), ""))
    next(a for a in panel.button.menu().actions() if a.text() == f"Save as {label}…").trigger()
    path = tmp_path / f"table{suffix}"
    assert path.read_text("utf-8").startswith(begin)
    assert told == [(msg("The table is in {file}.", file=str(path)), "info")]


def test_an_empty_drawing_has_words_instead_of_a_table(qtbot):
    editor = Editor()
    panel = show(qtbot, SummaryPanel(editor), 600, 300)
    assert panel.empty.isVisible() and not panel.view.isVisible()
    editor.add_node("torch.nn.Linear", (0.0, 0.0))
    editor.set_analysis(analyse(editor.project))
    assert panel.view.isVisible() and names(panel) == ["fc1"]


def test_a_hidden_panel_does_no_work_until_it_is_shown(panel, editor, monkeypatch):
    panel.hide()
    monkeypatch.setattr("gui.panels.summary.summarize", lambda *_: pytest.fail("it worked while hidden"))
    editor.set_param(editor.graph.node_named("fc1").id, "out_features", 61)
    monkeypatch.undo()
    panel.show()
    assert cell(panel, "fc1", "Output shape") == "B×61"


def test_a_thousand_rows_are_fluent(qtbot):
    d = Drawing()
    x = d.add("op.Input", "x", shape=(8,))
    for number in range(1000):
        x = d.add("nn.Linear", f"fc{number}", x, out_features=8)
    editor = Editor(d.project)
    found = {i: NodeAnalysis(parameters=number) for number, i in enumerate(editor.graph.nodes)}
    editor.set_analysis(analyse(Editor().project))
    panel = show(qtbot, SummaryPanel(editor), 1000, 500)
    begin = time.perf_counter()
    editor.set_analysis(type(editor.analysis)(nodes=found))
    sort(qtbot, panel, "Parameters")
    editor.select(list(editor.graph.nodes)[:500])
    qtbot.wait(1)
    assert time.perf_counter() - begin < 1.0
    assert panel.model.index(0, NAME, QModelIndex()).data() == "fc999"

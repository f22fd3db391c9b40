"""Thousands of rows selected and left again: the panels ask the model about a few of them, not about each."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTreeView, QWidget

from graph.model import Graph, Node, Project
from gui.block_editor import BlockEditor
from gui.editor import Editor
from gui.panels.outline import OutlinePanel
from gui.panels.outline_model import OutlineModel
from gui.panels.summary import SummaryPanel
from gui.panels.summary_model import SummaryModel
from panel_tools import show

MANY = 2000
MAKE = {
    "outline": lambda editor: OutlinePanel(editor, BlockEditor(editor)),
    "summary": SummaryPanel,
}


@pytest.fixture
def editor() -> Editor:
    names = [f"n{i}" for i in range(MANY)]
    return Editor(Project(Graph({name: Node(name, "torch.nn.ReLU", f"relu_{name}") for name in names})))


@pytest.fixture(params=MAKE)
def panel(request, qtbot, editor) -> QWidget:
    return show(qtbot, MAKE[request.param](editor), 500, 600)


@pytest.fixture
def view(panel) -> QTreeView:
    view = panel.focusProxy()
    assert isinstance(view, QTreeView)
    return view


@pytest.fixture
def asked(monkeypatch):
    """How often a model is asked where a row is, and what."""
    calls: list[str] = []

    def counted(kind: type, name: str) -> None:
        call = getattr(kind, name)

        def counting(*arguments):
            calls.append(name)
            return call(*arguments)

        monkeypatch.setattr(kind, name, counting)

    for kind in (OutlineModel, SummaryModel):
        counted(kind, "data")
        counted(kind, "index")
    counted(OutlineModel, "row_at")
    return calls


def test_a_selection_from_elsewhere_is_one_range_and_is_left_at_once(view, editor, asked):
    editor.select(editor.graph.nodes)
    assert len(view.selectionModel().selection()) == 1
    QApplication.processEvents()
    asked.clear()
    editor.select(["n7"])
    assert [index.row() for index in view.selectionModel().selectedRows()] == [7]
    assert len(asked) < MANY / 10


def test_a_click_leaves_thousands_of_rows_at_once(view, editor, asked):
    view.selectAll()
    assert len(editor.selection) == MANY
    QApplication.processEvents()
    asked.clear()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.rect().center())
    assert len(editor.selection) == 1
    assert len(asked) < MANY / 10


def test_runs_with_gaps_are_ranges_of_their_own(view, editor):
    editor.select(["n1", "n2", "n3", "n8", "n9", "n20"])
    parts = [(part.top(), part.bottom()) for part in view.selectionModel().selection()]
    assert sorted(parts) == [(1, 3), (8, 9), (20, 20)]

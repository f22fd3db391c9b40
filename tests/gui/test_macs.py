"""Multiply-accumulates of code that people wrote are not known: no panel says 0 of them."""

from __future__ import annotations

import pytest

from graph.model import Block, Code, Definitions, Graph, Node, Project
from gui.editor import Editor
from gui.panels.inspector import InspectorPanel
from gui.panels.macs import macs_text
from gui.status_line import StatusLine
from panel_tools import show, texts
from runtime.analysis import Analysis, NodeAnalysis, TensorSpec

CODE = Code("c1", "mine", "def mine(x):\n    return x\n")
GIVES = {"output": TensorSpec(("B", 3), "float32")}


@pytest.fixture
def editor() -> Editor:
    """A drawing with code of the person, a block with such code in it, and a layer whose operations are counted."""
    block = Block("b1", "Wrap", Graph({"n1": Node("n1", "code.c1", "mine1")}))
    types = {"a": "code.c1", "b": "block.b1", "c": "torch.nn.Linear"}
    graph = Graph({node: Node(node, type_id, f"{node}1") for node, type_id in types.items()})
    editor = Editor(Project(graph, definitions=Definitions({"b1": block}, {"c1": CODE})))
    known = {node: NodeAnalysis(outputs=GIVES, macs=4200 if node == "c" else 0) for node in types}
    editor.set_analysis(Analysis(known))
    return editor


@pytest.mark.parametrize(
    ("selected", "words"),
    [
        ("a", "unknown"),
        ("b", "unknown"),
        ("c", "4\u2009200"),
        ("ac", "at least 4\u2009200"),
        ("", "at least 4\u2009200"),
    ],
)
def test_the_inspector_says_what_is_not_known(qtbot, editor, selected, words):
    panel = show(qtbot, InspectorPanel(editor))
    editor.select(selected)
    assert words in texts(panel)


def test_the_status_line_says_that_it_is_a_lower_bound(qtbot, editor):
    line = StatusLine(editor)
    qtbot.addWidget(line)
    editor.set_analysis(editor.analysis)
    assert any("at least 4.2k MACs" in text for text in texts(line))


def test_without_code_the_figure_stands_alone():
    assert macs_text(0, has_code=False) == "0"

"""A wire drawn from behind the last output of a node that cuts adds a piece, in one undo step."""

from __future__ import annotations

import pytest

from canvas_hand import Hand, linked
from drawings import Drawing
from graph.model import Port
from gui.canvas.view import CanvasView
from gui.editor import Editor
from runtime.analyser import analyse


@pytest.fixture
def drawing() -> Drawing:
    d = Drawing()
    cut = d.add("op.Chunk", "cut", d.add("op.Input", "x", shape=(12,)), chunks=2)
    d.add("nn.ReLU", "first", cut)
    d.add("nn.Tanh", "second")
    places = {"x": (0.0, 0.0), "cut": (240.0, 0.0), "first": (520.0, 0.0), "second": (520.0, 160.0)}
    d.graph = d.graph.move({d.id(name): place for name, place in places.items()})
    return d


def test_a_wire_from_behind_the_last_piece_adds_one(qtbot, drawing):
    editor = Editor(drawing.project)
    view = CanvasView(editor)
    qtbot.addWidget(view)
    view.resize(900, 600)
    view.show()
    qtbot.waitExposed(view)
    hand, before = Hand(view), editor.project
    cut = drawing.id("cut")
    hand.drag(hand.at(Port(cut, "output2"), output=True), hand.at(drawing.port("second", "input"), output=False))
    assert editor.graph.nodes[cut].params == {"chunks": 3}
    assert ("cut.output2", "second.input") in linked(editor.graph)
    assert "output3" in view.scene().nodes[cut].ports.outputs
    assert analyse(editor.project).spec(Port(cut, "output2")).shape == ("B", 4)
    editor.undo()
    assert editor.project == before

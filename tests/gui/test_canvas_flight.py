"""Movements that are under way when something else comes: another drawing, a key, another place to go to."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from canvas_hand import Hand
from drawings import Drawing
from graph.messages import msg
from graph.model import Block
from graph.problems import Problem
from gui.canvas.camera import FLIGHT, Camera
from gui.canvas.glide import DURATION
from gui.canvas.problem_walk import ProblemWalk
from gui.canvas.view import CanvasView
from gui.editor import Editor
from gui.motion import motion
from runtime.analysis import Analysis

LATER = 2 * max(FLIGHT, DURATION)  # milliseconds after which all is over


@pytest.fixture(autouse=True)
def _moving(monkeypatch) -> None:
    monkeypatch.setattr(motion, "reduced", "no")


@pytest.fixture
def editor() -> Editor:
    """Four cards in a row; in block b1 a drawing of its own with two of the same ids."""
    d = Drawing()
    d.add("nn.ReLU", "d", d.add("nn.ReLU", "c", d.add("nn.ReLU", "b", d.add("nn.ReLU", "a"))))
    d.graph = d.graph.move({f"n{i + 1}": (300.0 * i, 0.0) for i in range(4)})
    inner = Drawing()
    inner.add("nn.ReLU", "y", inner.add("nn.ReLU", "x"))
    inner.graph = inner.graph.move({"n1": (1000.0, 800.0), "n2": (1300.0, 800.0)})
    return Editor(d.project.with_block(Block("b1", "Inner", inner.graph)))


@pytest.fixture
def view(qtbot, editor) -> CanvasView:
    view = CanvasView(editor)
    qtbot.addWidget(view)
    view.resize(900, 600)
    view.show()
    view.fit()
    return view


def misplaced(view: CanvasView) -> set[str]:
    """The cards that are not where the drawing has them."""
    nodes = view.editor.graph.nodes
    return {i for i, item in view.scene().nodes.items() if item.place != nodes[i].position}


def same(camera: Camera, other: Camera) -> bool:
    return camera.zoom == pytest.approx(other.zoom) and (camera.center - other.center).manhattanLength() < 2


def test_a_glide_does_not_follow_into_another_drawing(view, editor):
    editor.look_into("b1")
    view.centerOn(QPointF(1100, 800))  # so that it is remembered where the person was
    editor.look_into(None)
    with view.glide.during():
        editor.move({i: (x, y + 120.0) for i, (x, y) in ((i, n.position) for i, n in editor.graph.nodes.items())})
    QTest.qWait(40)
    assert misplaced(view) == set(editor.graph.nodes)
    editor.look_into("b1")
    assert misplaced(view) == set()
    QTest.qWait(DURATION)
    assert misplaced(view) == set()
    editor.look_into(None)
    assert misplaced(view) == set()


def test_a_flight_does_not_follow_into_another_drawing(view, editor):
    editor.look_into("b1")
    view.zoom_by(1.5)
    view.centerOn(QPointF(1100, 800))
    there = view.camera
    editor.look_into(None)
    view.zoom_by(2.0)
    view.fly_home()
    QTest.qWait(40)
    editor.look_into("b1")
    QTest.qWait(LATER)
    assert same(view.camera, there)


@pytest.mark.parametrize(
    "move",
    [
        lambda view: view.zoom_in(),
        lambda view: view.zoom_out(),
        lambda view: view.zoom_to_actual(),
        lambda view: Hand(view).key(Qt.Key.Key_Right),
        lambda view: view.center_on("n1"),
        lambda view: view.fit(),
        lambda view: view.ensureVisible(view.scene().nodes["n4"].body()),
        lambda view: view.go_to(Camera(0.8, QPointF(150, 40), False)),
    ],
    ids=["zoom in", "zoom out", "actual size", "arrow", "center on a node", "fit", "bring into sight", "go to"],
)
def test_who_goes_elsewhere_ends_a_flight(view, move):
    view.zoom_by(2.0)
    view.centerOn(QPointF(0, 0))
    view.fly_to(Camera(0.3, QPointF(5000, 0), False))
    QTest.qWait(40)
    assert view.zoom != 2.0
    move(view)
    there = view.camera
    QTest.qWait(LATER)
    assert same(view.camera, there)


def test_what_was_said_about_another_drawing_is_gone_and_a_problem_is_said_in_its_own(view, editor):
    pill = view.scene().pill
    pill.show_refusal("Something about the main drawing.", view.center())
    editor.look_into("b1")
    assert not pill.isVisible()
    editor.set_analysis(Analysis(problems=(Problem("shape-mismatch", msg("Wrong."), node="n1"),)))
    ProblemWalk(editor, view).step(1)
    assert editor.scope is None
    assert pill.isVisible()
    QTest.qWait(LATER)
    assert pill.text == "Wrong."
    assert pill.isVisible()

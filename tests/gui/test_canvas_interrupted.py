"""What comes in between while the mouse drags: other buttons, a window that goes away, keys, lost releases."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QFocusEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QStackedWidget, QWidget

from canvas_hand import MIDDLE, SHIFT, Hand
from drawings import Drawing
from graph.model import Port
from gui.canvas.view import CanvasView
from gui.editor import Editor
from gui.motion import motion

RIGHT = Qt.MouseButton.RightButton
Shape = Qt.CursorShape


@pytest.fixture(autouse=True)
def _still(monkeypatch) -> None:
    monkeypatch.setattr(motion, "reduced", "yes")


@pytest.fixture
def drawing() -> Drawing:
    """relu1 -> fc1, and nothing else."""
    d = Drawing()
    d.add("nn.Linear", "fc1", d.add("nn.ReLU", "relu1"))
    d.graph = d.graph.move({d.id("relu1"): (0.0, 0.0), d.id("fc1"): (240.0, 0.0)})
    return d


@pytest.fixture
def editor(drawing) -> Editor:
    return Editor(drawing.project)


@pytest.fixture
def stack() -> QStackedWidget:
    """The pages of a window with tabs."""
    return QStackedWidget()


@pytest.fixture
def hand(qtbot, editor, stack) -> Hand:
    """On a canvas that lies on the first page."""
    view = CanvasView(editor)
    stack.addWidget(view)
    stack.addWidget(QWidget())
    qtbot.addWidget(stack)
    stack.resize(900, 600)
    with qtbot.waitActive(stack):
        stack.show()
        stack.activateWindow()
    view.fit()
    view.setFocus()
    assert view.zoom == 1.0
    return Hand(view)


def cursor(hand: Hand) -> Shape:
    return hand.view.viewport().cursor().shape()


def lift(hand: Hand, node: str) -> QPointF:
    """Take hold of a card and drag it a little; where the mouse is then."""
    start = hand.on(node)
    hand.press(start)
    hand.move(start + QPointF(40, 60))
    assert hand.view.scene().nodes[node].place != hand.view.editor.graph.nodes[node].position
    return start + QPointF(40, 60)


def lies(hand: Hand, node: str) -> bool:
    """Whether a card is where the drawing has it, and nothing is dragged."""
    view = hand.view
    return view.scene().nodes[node].place == view.editor.graph.nodes[node].position and view.pointer.gesture is None


# ---- other buttons


def test_another_button_does_not_end_a_drag(hand, editor, drawing):
    fc1 = drawing.id("fc1")
    point = lift(hand, fc1)
    hand.press(point, button=RIGHT)
    hand.release(point, button=RIGHT)
    assert editor.undo_text is None
    hand.move(point + QPointF(0, 40))
    hand.release(point + QPointF(0, 40))
    assert editor.graph.nodes[fc1].position == (280, 100)
    assert len(editor.history.steps) == 2


def test_another_button_does_not_drop_a_wire(hand, editor, drawing):
    start = hand.at(Port(drawing.id("fc1"), "output"), output=True)
    hand.press(start)
    hand.move(start + QPointF(60, 90))
    hand.press(start + QPointF(60, 90), button=RIGHT)
    hand.release(start + QPointF(60, 90), button=RIGHT)
    assert hand.box() is None
    hand.release(start + QPointF(60, 90))
    assert hand.box() is not None


def test_no_menu_opens_and_nothing_is_selected_in_the_middle_of_a_drag(hand, editor, drawing, qtbot):
    relu1, fc1 = drawing.id("relu1"), drawing.id("fc1")
    point, at = lift(hand, fc1), hand.pixel(hand.on(relu1))
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, hand.view.viewport().mapToGlobal(at))
    with qtbot.assertNotEmitted(hand.view.context_menu_requested):
        QApplication.sendEvent(hand.view.viewport(), event)
    assert editor.selection == {fc1}
    hand.release(point)
    assert editor.graph.nodes[fc1].position == (280, 60)


# ---- the release is lost


def test_a_mouse_that_comes_back_without_its_button_drags_nothing(hand, editor, drawing):
    fc1 = drawing.id("fc1")
    point = lift(hand, fc1)
    hand.lose()
    hand.move(point + QPointF(90, 90))
    assert lies(hand, fc1)
    assert editor.undo_text is None


def test_a_canvas_that_is_hidden_drags_nothing(hand, editor, drawing, stack):
    fc1 = drawing.id("fc1")
    lift(hand, fc1)
    stack.setCurrentIndex(1)
    assert lies(hand, fc1)
    assert editor.undo_text is None


def test_a_window_that_is_left_drags_nothing_and_stands_still(hand, editor, drawing, qtbot):
    fc1, view = drawing.id("fc1"), hand.view
    lift(hand, fc1)
    hand.move(view.mapToScene(view.viewport().rect().right() - 4, 300))
    other = QWidget()
    qtbot.addWidget(other)
    with qtbot.waitActive(other):
        other.show()
        other.activateWindow()
    assert lies(hand, fc1)
    before = view.center()
    QTest.qWait(100)
    assert view.center() == before


def test_the_space_bar_does_not_stick_when_it_is_let_go_elsewhere(hand, editor, drawing, stack):
    QTest.keyPress(hand.view, Qt.Key.Key_Space)
    assert cursor(hand) == Shape.OpenHandCursor
    field = QLineEdit(stack)
    field.show()
    field.setFocus()
    QTest.keyRelease(field, Qt.Key.Key_Space)
    hand.view.setFocus()
    assert cursor(hand) == Shape.ArrowCursor
    hand.drag(hand.on(drawing.id("fc1")), hand.on(drawing.id("fc1")) + QPointF(0, 40))
    assert editor.graph.nodes[drawing.id("fc1")].position == (240, 40)


# ---- the cursor says what a drag would do


def test_the_cursor_is_a_hand_as_long_as_the_space_bar_is_held(hand):
    place = QPointF(200, 200)
    QTest.keyPress(hand.view, Qt.Key.Key_Space)
    hand.press(place)
    assert cursor(hand) == Shape.ClosedHandCursor
    hand.move(place + QPointF(20, 0))
    hand.release(place)
    assert cursor(hand) == Shape.OpenHandCursor
    QTest.keyRelease(hand.view, Qt.Key.Key_Space)
    assert cursor(hand) == Shape.ArrowCursor


def test_the_hand_stays_closed_when_the_space_bar_is_let_go_first(hand):
    place = QPointF(200, 200)
    QTest.keyPress(hand.view, Qt.Key.Key_Space)
    hand.press(place)
    QTest.keyRelease(hand.view, Qt.Key.Key_Space)
    assert cursor(hand) == Shape.ClosedHandCursor
    hand.release(place)
    assert cursor(hand) == Shape.ArrowCursor


def test_the_cursor_over_a_port_comes_back_after_a_drag_that_is_given_up(hand, drawing, qtbot):
    port = hand.at(Port(drawing.id("fc1"), "output"), output=True)
    hand.move(port)
    assert cursor(hand) == Shape.CrossCursor
    hand.press(port)
    hand.key(Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: cursor(hand) == Shape.CrossCursor)
    QApplication.sendEvent(hand.view, QFocusEvent(QEvent.Type.FocusOut))
    qtbot.waitUntil(lambda: cursor(hand) == Shape.CrossCursor)


# ---- double clicks


def test_with_shift_a_second_quick_click_selects_as_the_first_one_did(hand, editor, drawing, qtbot):
    relu1, fc1 = drawing.id("relu1"), drawing.id("fc1")
    hand.click(hand.on(relu1))
    with qtbot.assertNotEmitted(hand.view.nodeActivated):
        hand.click(hand.on(fc1), modifiers=SHIFT)
        hand.double_press(hand.on(fc1), modifiers=SHIFT)
        hand.release(hand.on(fc1), modifiers=SHIFT)
    assert editor.selection == {relu1}


def test_a_second_quick_press_of_the_middle_button_pans_again(hand):
    place, before = QPointF(200, 200), hand.view.center()
    hand.press(place, button=MIDDLE)
    hand.release(place, button=MIDDLE)
    hand.double_press(place, button=MIDDLE)
    hand.move(place + QPointF(50, 0))
    hand.release(place, button=MIDDLE)
    assert (hand.view.center() - before).x() == pytest.approx(-50, abs=1)
    assert hand.box() is None


def test_a_second_quick_press_on_a_port_draws_a_wire(hand, drawing):
    port = hand.at(Port(drawing.id("fc1"), "output"), output=True)
    hand.click(port)
    hand.double_press(port)
    hand.move(port + QPointF(60, 90))
    hand.release(port + QPointF(60, 90))
    assert hand.box() is not None

"""Fingers, trackpads, wheels and the edges of the view, by synthesized events."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QEventPoint, QInputDevice, QNativeGestureEvent, QPointingDevice, QTouchEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from canvas_hand import CONTROL, NONE, SHIFT, Hand
from drawings import Drawing
from gui.canvas.fingers import HOLD
from gui.canvas.view import CanvasView
from gui.editor import Editor
from gui.motion import motion

State = QEventPoint.State
BEGIN, UPDATE, END = QEvent.Type.TouchBegin, QEvent.Type.TouchUpdate, QEvent.Type.TouchEnd


@pytest.fixture(autouse=True)
def _still(monkeypatch) -> None:
    monkeypatch.setattr(motion, "reduced", "yes")


@pytest.fixture
def drawing() -> Drawing:
    d = Drawing()
    d.add("nn.ReLU", "b", d.add("nn.ReLU", "a"))
    d.graph = d.graph.move({d.id("a"): (0.0, 0.0), d.id("b"): (300.0, 0.0)})
    return d


@pytest.fixture
def view(qtbot, drawing) -> CanvasView:
    view = CanvasView(Editor(drawing.project))
    qtbot.addWidget(view)
    view.resize(1000, 700)
    view.show()
    view.zoom_to_actual()
    view.centerOn(220, 33)
    return view


class Fingers:
    """Fingers on the screen; places are pixels of the viewport."""

    def __init__(self, view: CanvasView, kind=QInputDevice.DeviceType.TouchScreen) -> None:
        self.view = view
        self.device = QPointingDevice(
            "fingers",
            1,
            kind,
            QPointingDevice.PointerType.Finger,
            QInputDevice.Capability.Position,
            10,
            0,
        )

    def send(self, kind: QEvent.Type, *points: tuple[State, QPointF]) -> bool:
        made = [
            QEventPoint(number, state, place, QPointF(self.view.viewport().mapToGlobal(place)))
            for number, (state, place) in enumerate(points)
        ]
        event = QTouchEvent(kind, self.device, Qt.KeyboardModifier.NoModifier, made)
        QApplication.sendEvent(self.view.viewport(), event)
        return event.isAccepted()

    def drag(self, start: QPointF, end: QPointF) -> None:
        self.send(BEGIN, (State.Pressed, start))
        for step in range(1, 5):
            self.send(UPDATE, (State.Updated, start + (end - start) * step / 4))
        self.send(END, (State.Released, end))

    def tap(self, place: QPointF) -> None:
        self.send(BEGIN, (State.Pressed, place))
        self.send(END, (State.Released, place))


def pixel(view: CanvasView, point: QPointF) -> QPointF:
    return QPointF(view.mapFromScene(point))


VOID = QPointF(500, 560)


def test_one_finger_pans(view):
    before = view.center()
    Fingers(view).drag(VOID, VOID + QPointF(80, -40))
    assert (view.center() - before + QPointF(80, -40)).manhattanLength() <= 2
    assert view.zoom == 1


def test_two_fingers_pinch_about_their_middle_and_pan(view):
    fingers, middle = Fingers(view), QPointF(400, 300)
    fixed = view.mapToScene(middle.toPoint())

    def apart(half: float, shift: float = 0.0) -> list[QPointF]:
        return [middle + QPointF(shift - half, 0), middle + QPointF(shift + half, 0)]

    fingers.send(BEGIN, (State.Pressed, apart(50)[0]))
    fingers.send(UPDATE, *[(State.Pressed, place) for place in apart(50)])
    for half in (60, 80, 100):
        fingers.send(UPDATE, *[(State.Updated, place) for place in apart(half)])
    assert view.zoom == pytest.approx(2.0, rel=0.02)
    assert (view.mapToScene(middle.toPoint()) - fixed).manhattanLength() < 4
    fingers.send(UPDATE, *[(State.Updated, place) for place in apart(100, 60)])
    assert (view.mapToScene((middle + QPointF(60, 0)).toPoint()) - fixed).manhattanLength() < 4
    fingers.send(END, *[(State.Released, place) for place in apart(100, 60)])
    assert view.editor.undo_text is None


def test_a_tap_selects_and_a_finger_on_a_card_moves_it(view, drawing):
    fingers, a = Fingers(view), drawing.id("a")
    fingers.tap(pixel(view, QPointF(74, 33)))
    assert view.editor.selection == {a}
    fingers.drag(pixel(view, QPointF(74, 33)), pixel(view, QPointF(74, 193)))
    assert view.editor.graph.nodes[a].position == (0, 160)
    fingers.tap(VOID)
    assert view.editor.selection == set()


def test_a_second_finger_gives_the_drag_up(view, drawing):
    fingers, start = Fingers(view), pixel(view, QPointF(74, 33))
    fingers.send(BEGIN, (State.Pressed, start))
    fingers.send(UPDATE, (State.Updated, start + QPointF(0, 60)))
    assert view.scene().nodes[drawing.id("a")].place == (0, 60)
    fingers.send(UPDATE, (State.Stationary, start + QPointF(0, 60)), (State.Pressed, start + QPointF(200, 60)))
    assert view.scene().nodes[drawing.id("a")].place == (0, 0)
    fingers.send(END, (State.Released, start), (State.Released, start + QPointF(200, 60)))
    assert view.editor.undo_text is None


def test_a_finger_takes_nothing_out_of_the_hand_of_the_mouse(view, drawing, qtbot):
    a, hand, fingers = drawing.id("a"), Hand(view), Fingers(view)
    start, other = hand.on(a), pixel(view, hand.on(drawing.id("b")))
    hand.press(start)
    hand.move(start + QPointF(40, 40))
    place, center = view.scene().nodes[a].place, view.center()
    assert place == (40, 40)
    fingers.drag(other, other + QPointF(80, 80))
    fingers.drag(QPointF(20, 20), QPointF(90, 90))
    fingers.tap(QPointF(20, 20))
    fingers.send(BEGIN, (State.Pressed, other))
    fingers.send(QEvent.Type.TouchCancel)
    assert (view.scene().nodes[a].place, view.center()) == (place, center)
    assert view.editor.undo_text is None
    hand.release(start + QPointF(40, 40))
    assert view.editor.graph.nodes[a].position == (40, 40)
    assert view.editor.selection == {a}


def test_the_mouse_takes_nothing_off_a_finger(view, drawing):
    a, hand, fingers = drawing.id("a"), Hand(view), Fingers(view)
    start = pixel(view, hand.on(a))
    fingers.send(BEGIN, (State.Pressed, start))
    fingers.send(UPDATE, (State.Updated, start + QPointF(40, 40)))
    hand.move(QPointF(300, 200))
    hand.click(QPointF(300, 200))
    assert view.scene().nodes[a].place == (40, 40)
    assert view.editor.undo_text is None
    fingers.send(END, (State.Released, start + QPointF(40, 40)))
    assert view.editor.graph.nodes[a].position == (40, 40)


def test_what_a_finger_touched_is_not_lit_up_as_if_the_mouse_were_there(view, drawing, qtbot):
    fingers, item = Fingers(view), view.scene().nodes[drawing.id("a")]
    fingers.tap(pixel(view, item.body().center()))
    qtbot.wait(150)
    assert view.editor.selection == {drawing.id("a")}
    assert not item.mood.hovered
    assert view.cursor_point is None


def test_two_taps_open_a_node_or_ask_what_to_add(view, drawing, qtbot):
    fingers = Fingers(view)
    with qtbot.waitSignal(view.nodeActivated) as caught:
        fingers.tap(pixel(view, QPointF(74, 33)))
        fingers.tap(pixel(view, QPointF(74, 33)))
    assert caught.args == [drawing.id("a")]
    fingers.tap(VOID)
    assert Hand(view).box() is None
    fingers.tap(VOID)
    assert Hand(view).box() is not None


def test_a_finger_that_rests_asks_for_the_menu(view, drawing, qtbot):
    fingers, place = Fingers(view), pixel(view, QPointF(74, 33))
    with qtbot.waitSignal(view.context_menu_requested, timeout=10 * HOLD) as caught:
        fingers.send(BEGIN, (State.Pressed, place))
        fingers.send(UPDATE, (State.Updated, place + QPointF(2, 1)))
    assert caught.args[1] == drawing.id("a")
    assert view.editor.selection == {drawing.id("a")}
    fingers.send(UPDATE, (State.Updated, place + QPointF(80, 80)))
    fingers.send(END, (State.Released, place + QPointF(80, 80)))
    assert view.editor.undo_text is None
    assert view.center() == QPointF(220, 33)


def test_a_flick_runs_on_and_a_touch_stops_it(view, qtbot, monkeypatch):
    monkeypatch.setattr(motion, "reduced", "no")
    fingers, before = Fingers(view), view.center()
    fingers.drag(VOID, VOID + QPointF(-120, 0))
    let_go = view.center()
    assert (let_go - before - QPointF(120, 0)).manhattanLength() <= 2
    qtbot.waitUntil(lambda: view.center().x() > let_go.x() + 20)
    fingers.send(BEGIN, (State.Pressed, VOID))
    here = view.center()
    qtbot.wait(60)
    assert view.center() == here
    fingers.send(END, (State.Released, VOID))


def test_with_reduced_motion_nothing_runs_on(view, qtbot):
    Fingers(view).drag(VOID, VOID + QPointF(-120, 0))
    here = view.center()
    qtbot.wait(60)
    assert view.center() == here


def test_fingers_on_a_trackpad_are_left_to_the_system(view):
    before = view.center()
    Fingers(view, QInputDevice.DeviceType.TouchPad).drag(VOID, VOID + QPointF(80, 0))
    assert view.center() == before


# ---- trackpads and wheels


def native(view: CanvasView, kind: Qt.NativeGestureType, value: float, at: QPointF) -> None:
    place = QPointF(view.viewport().mapToGlobal(at))
    event = QNativeGestureEvent(kind, QPointingDevice.primaryPointingDevice(), 2, at, at, place, value, QPointF())
    QApplication.sendEvent(view.viewport(), event)


def test_a_pinch_on_a_trackpad_zooms_about_the_cursor(view):
    at = QPointF(300, 200)
    fixed = view.mapToScene(at.toPoint())
    for kind in (Qt.NativeGestureType.BeginNativeGesture, *[Qt.NativeGestureType.ZoomNativeGesture] * 5):
        native(view, kind, 0.1, at)
    assert view.zoom == pytest.approx(1.1**5)
    assert (view.mapToScene(at.toPoint()) - fixed).manhattanLength() < 4
    native(view, Qt.NativeGestureType.SmartZoomNativeGesture, 0.0, at)
    assert view.visible_area().contains(view.scene().bounds())


def wheel(view: CanvasView, *, angle=(0, 0), pixels=(0, 0), modifiers=NONE, phase=Qt.ScrollPhase.NoScrollPhase) -> None:
    at = QPointF(300, 200)
    event = QWheelEvent(
        at,
        QPointF(view.viewport().mapToGlobal(at)),
        QPoint(*pixels),
        QPoint(*angle),
        Qt.MouseButton.NoButton,
        modifiers,
        phase,
        False,
    )
    QApplication.sendEvent(view.viewport(), event)


def test_two_fingers_pan_through_all_phases_of_a_scroll(view):
    before = view.center()
    for phase in ("ScrollBegin", "ScrollUpdate", "ScrollUpdate", "ScrollMomentum", "ScrollEnd"):
        moves = phase in ("ScrollUpdate", "ScrollMomentum")
        wheel(
            view,
            pixels=(-10, 5) if moves else (0, 0),
            angle=(-80, 40) if moves else (0, 0),
            phase=Qt.ScrollPhase[phase],
        )
    assert (view.center() - before).toTuple() == (30, -15)
    assert view.zoom == 1


def test_shift_and_tilted_wheels_pan_sideways(view):
    before = view.center()
    wheel(view, angle=(0, -120), modifiers=SHIFT)
    wheel(view, angle=(-120, 0))
    assert (view.center() - before).toTuple() == (120, 0)
    assert view.zoom == 1


def test_a_wheel_of_high_resolution_zooms_in_small_steps(view):
    for _ in range(8):
        wheel(view, angle=(0, 15))
    assert view.zoom == pytest.approx(1.2)
    wheel(view, angle=(0, -120), modifiers=CONTROL)
    assert view.zoom == pytest.approx(1.0)


def test_notches_are_spread_over_a_moment_and_add_up(view, qtbot, monkeypatch):
    monkeypatch.setattr(motion, "reduced", "no")
    wheel(view, angle=(0, 120))
    assert view.zoom < 1.1
    wheel(view, angle=(0, 120))
    qtbot.waitUntil(lambda: view.zoom == pytest.approx(1.44))
    fixed = view.mapToScene(QPoint(300, 200))
    wheel(view, angle=(0, -240))
    qtbot.waitUntil(lambda: view.zoom == pytest.approx(1.0))
    assert (view.mapToScene(QPoint(300, 200)) - fixed).manhattanLength() < 4


# ---- edges


def test_the_canvas_moves_by_itself_while_a_card_is_dragged_at_the_edge(view, drawing, qtbot):
    hand, a = Hand(view), drawing.id("a")
    start = hand.on(a)
    hand.press(start)
    before = view.center()
    hand.move(view.mapToScene(QPoint(view.viewport().width() - 4, 300)))
    qtbot.waitUntil(lambda: view.center().x() > before.x() + 100)
    seen = view.visible_area()
    assert view.scene().nodes[a].body().center().x() > seen.right() - 60
    hand.move(view.mapToScene(QPoint(500, 300)))
    here = view.center()
    qtbot.wait(60)
    assert view.center() == here
    hand.release(view.mapToScene(QPoint(500, 300)))
    assert view.editor.graph.nodes[a].position[0] > 100


def test_wires_and_rubber_bands_reach_beyond_the_edge_too(view, drawing, qtbot):
    hand = Hand(view)
    for start in (hand.at(drawing.port("b"), output=True), QPointF(220, 250)):
        hand.press(start)
        before = view.center()
        hand.move(view.mapToScene(QPoint(400, 2)))
        qtbot.waitUntil(lambda before=before: view.center().y() < before.y() - 60)
        hand.key(Qt.Key.Key_Escape)
        here = view.center()
        qtbot.wait(40)
        assert view.center() == here
        hand.release(view.center())


def test_panning_by_hand_does_not_run_away_at_the_edge(view, qtbot):
    hand = Hand(view)
    hand.press(QPointF(220, 250), button=Qt.MouseButton.MiddleButton)
    hand.move(view.mapToScene(QPoint(2, 300)))
    here = view.center()
    qtbot.wait(60)
    assert view.center() == here
    hand.release(QPointF(220, 250), button=Qt.MouseButton.MiddleButton)

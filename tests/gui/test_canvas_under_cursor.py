"""What the mouse and the menu key are about: what lies on top there, what has come there, and what is selected."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QFocusEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu

from canvas_hand import SHIFT, Hand, link_into
from drawings import Drawing
from graph.look import NOTE, Annotation, Look, with_look
from graph.model import Port
from gui.canvas.items import DRAGGED_Z
from gui.canvas.view import CanvasView
from gui.editor import Editor
from gui.motion import motion

NOTE_AREA = (240.0, 160.0, 200.0, 120.0)


@pytest.fixture(autouse=True)
def _still(monkeypatch) -> None:
    monkeypatch.setattr(motion, "reduced", "yes")


@pytest.fixture
def drawing() -> Drawing:
    """a -> b -> c in a row, a note below b, and d far to the right."""
    d = Drawing()
    d.add("nn.ReLU", "c", d.add("nn.ReLU", "b", d.add("nn.ReLU", "a")))
    d.add("nn.ReLU", "d")
    places = {"a": (0.0, 0.0), "b": (240.0, 0.0), "c": (480.0, 0.0), "d": (4000.0, 0.0)}
    d.graph = d.graph.move({d.id(name): place for name, place in places.items()})
    d.graph = with_look(d.graph, Look({"a1": Annotation("a1", NOTE, "Words", NOTE_AREA)}))
    return d


@pytest.fixture
def editor(drawing) -> Editor:
    return Editor(drawing.project)


@pytest.fixture
def hand(qtbot, editor) -> Hand:
    view = CanvasView(editor)
    qtbot.addWidget(view)
    view.resize(1000, 640)
    view.show()
    view.zoom_to_actual()
    view.centerOn(340, 100)
    view.setFocus()
    return Hand(view)


def hovered(hand: Hand) -> set[str]:
    return {item.node.name for item in hand.view.scene().nodes.values() if item.mood.hovered}


def ask(hand: Hand, pixel: QPoint, reason: QContextMenuEvent.Reason) -> None:
    place = hand.view.viewport().mapToGlobal(pixel)
    target = hand.view if reason is QContextMenuEvent.Reason.Keyboard else hand.view.viewport()
    QApplication.sendEvent(target, QContextMenuEvent(reason, pixel, place))


# ---- the minimap


def bring_under_map(hand: Hand, node: str) -> QPoint:
    """Pan until a card lies under the minimap; the pixel in its middle."""
    view = hand.view
    pixel = view.minimap.area().center()
    view.pan_by(QPointF(pixel - hand.pixel(hand.on(node))))
    assert view.minimap.visible
    assert view.scene().nodes[node].body().contains(view.mapToScene(pixel))
    return pixel


def test_the_minimap_lets_nothing_through(hand, editor, drawing, qtbot):
    pixel = bring_under_map(hand, drawing.id("b"))
    hand.move(hand.view.mapToScene(pixel))
    assert hovered(hand) == set()
    assert hand.view.viewport().cursor().shape() == Qt.CursorShape.PointingHandCursor
    with qtbot.assertNotEmitted(hand.view.context_menu_requested):
        ask(hand, pixel, QContextMenuEvent.Reason.Mouse)
    assert editor.selection == set()


def test_a_double_click_on_the_minimap_pans(hand, editor):
    area = hand.view.minimap.area()
    right = QPoint(area.right() - 16, area.center().y())
    hand.click(hand.view.mapToScene(right))
    hand.view.centerOn(340, 100)
    hand.double_press(hand.view.mapToScene(right))
    hand.release(hand.view.mapToScene(right))
    assert hand.box() is None
    assert hand.view.visible_area().contains(QPointF(4000, 33))


def test_a_wire_that_is_dropped_on_the_minimap_is_given_up(hand, editor, drawing):
    link = link_into(editor.graph, drawing.id("c"))
    end = hand.at(link.target, output=False)
    hand.drag(end, hand.view.mapToScene(hand.view.minimap.area().center()))
    assert link_into(editor.graph, drawing.id("c")) == link
    start = hand.at(Port(drawing.id("c"), "output"), output=True)
    hand.drag(start, hand.view.mapToScene(hand.view.minimap.area().center()))
    assert hand.box() is None


# ---- what lies on top


def test_a_card_covers_the_ports_of_the_card_below(hand, editor, drawing):
    a, b, scene = drawing.id("a"), drawing.id("b"), hand.view.scene()
    port = hand.at(Port(b, "input"), output=False)
    assert hand.view.hit(port).port == Port(b, "input")
    body = scene.nodes[a].body()
    editor.move({a: (port.x() - body.width() / 2, port.y() - body.height() / 2)})
    scene.nodes[a].setZValue(DRAGGED_Z)
    hit = hand.view.hit(port)
    assert (hit.node, hit.port) == (a, None)


# ---- what comes under the cursor


def test_what_is_lit_up_follows_the_view(hand, drawing, qtbot):
    b, view = drawing.id("b"), hand.view
    hand.move(hand.on(b))
    assert hovered(hand) == {"b"}
    view.pan_by(QPointF(-240, 0))
    assert hovered(hand) == set()
    qtbot.waitUntil(lambda: hovered(hand) == {"c"})
    view.zoom_by(0.5, QPointF(hand.pixel(hand.on(drawing.id("a")))))
    qtbot.waitUntil(lambda: hovered(hand) == set() and view.pointer.hover.cursor == Qt.CursorShape.ArrowCursor)


def test_a_card_is_lit_up_again_when_it_was_clicked(hand, drawing, qtbot):
    hand.move(hand.on(drawing.id("b")))
    hand.click(hand.on(drawing.id("b")))
    qtbot.waitUntil(lambda: hovered(hand) == {"b"})


def test_a_sentence_on_the_canvas_is_not_replaced_by_what_comes_under_the_cursor(hand, drawing, qtbot):
    pill, view = hand.view.scene().pill, hand.view
    wire = view.scene().wires[link_into(view.editor.graph, drawing.id("b"))]
    hand.move(wire.middle() + QPointF(0, 120))
    pill.show_refusal("Something is wrong.", view.center())
    view.pan_by(QPointF(0, 120))
    assert view.hit(view.cursor_point).link == wire.link
    QTest.qWait(150)
    assert pill.isVisible()
    assert pill.text == "Something is wrong."


def test_a_path_is_not_shown_for_a_key_that_was_let_go_elsewhere(hand, drawing, qtbot):
    view, field = hand.view, QLineEdit()
    qtbot.addWidget(field)
    hand.move(hand.on(drawing.id("b")))
    QTest.keyPress(view, Qt.Key.Key_Control)
    qtbot.waitUntil(lambda: any(wire.on_path for wire in view.scene().wires.values()))
    QApplication.sendEvent(view, QFocusEvent(QEvent.Type.FocusOut))
    QTest.keyRelease(field, Qt.Key.Key_Control)
    view.pan_by(QPointF(4, 0))
    qtbot.wait(400)
    assert hovered(hand) == {"b"}
    assert not any(wire.on_path for wire in view.scene().wires.values())


# ---- the menu key


def test_the_menu_key_asks_for_the_menu_of_what_is_selected_at_its_card(hand, editor, drawing, qtbot):
    a, b, view = drawing.id("a"), drawing.id("b"), hand.view
    editor.select([a])
    with qtbot.waitSignal(view.context_menu_requested) as caught:
        ask(hand, hand.pixel(hand.on(b)), QContextMenuEvent.Reason.Keyboard)
    assert caught.args == [view.viewport().mapToGlobal(hand.pixel(hand.on(a))), a]
    assert editor.selection == {a}


def test_the_menu_key_asks_in_sight_for_what_is_out_of_sight(hand, editor, drawing, qtbot):
    view = hand.view
    editor.select([drawing.id("d")])
    with qtbot.waitSignal(view.context_menu_requested) as caught:
        ask(hand, QPoint(10, 10), QContextMenuEvent.Reason.Keyboard)
    assert view.viewport().rect().contains(view.viewport().mapFromGlobal(caught.args[0]))
    assert caught.args[1] == drawing.id("d")


def test_the_menu_key_with_a_wire_or_nothing_selected_selects_nothing_else(hand, editor, drawing, qtbot):
    link, view = link_into(editor.graph, drawing.id("b")), hand.view
    editor.select([], [link])
    with qtbot.waitSignal(view.context_menu_requested) as caught:
        ask(hand, hand.pixel(hand.on(drawing.id("c"))), QContextMenuEvent.Reason.Keyboard)
    at = view.mapToScene(view.viewport().mapFromGlobal(caught.args[0]))
    assert (at - view.scene().wires[link].middle()).manhattanLength() <= 2
    assert (editor.selection, editor.selected_links) == (set(), {link})
    editor.select([])
    with qtbot.waitSignal(view.context_menu_requested) as caught:
        ask(hand, hand.pixel(hand.on(drawing.id("c"))), QContextMenuEvent.Reason.Keyboard)
    assert caught.args[1] is None
    assert editor.selection == set()


def test_the_menu_key_opens_the_menu_of_a_note(hand, editor, drawing):
    editor.select((), (), ["a1"])
    ask(hand, hand.pixel(hand.on(drawing.id("b"))), QContextMenuEvent.Reason.Keyboard)
    (menu,) = [menu for menu in hand.view.findChildren(QMenu) if menu.isVisible()]
    assert "Edit the text" in [action.text() for action in menu.actions()]
    assert editor.selected_annotations == {"a1"}
    menu.close()


# ---- shift adds


def test_shift_and_a_click_keep_what_else_is_selected(hand, editor, drawing):
    a, link = drawing.id("a"), link_into(editor.graph, drawing.id("c"))
    editor.select([], [link], ["a1"])
    hand.click(hand.on(a), modifiers=SHIFT)
    assert (editor.selection, editor.selected_links, editor.selected_annotations) == ({a}, {link}, {"a1"})
    other = link_into(editor.graph, drawing.id("b"))
    hand.click(hand.view.scene().wires[other].middle(), modifiers=SHIFT)
    assert (editor.selection, editor.selected_links, editor.selected_annotations) == ({a}, {link, other}, {"a1"})
    hand.click(hand.on(a), modifiers=SHIFT)
    hand.click(QPointF(420, 250), modifiers=SHIFT)
    assert (editor.selection, editor.selected_links, editor.selected_annotations) == (set(), {link, other}, set())

"""The camera, the minimap, drops, tips and themes of the canvas."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QContextMenuEvent, QDragEnterEvent, QDropEvent, QFocusEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QGraphicsSimpleTextItem

from canvas_hand import CONTROL, NONE, Hand
from drawings import Drawing, with_images
from graph.look import FRAME, Annotation, Look, with_look
from graph.messages import msg
from graph.model import Node, Port
from graph.problems import Fix, Problem
from gui.canvas.items import NodeItem
from gui.canvas.living import Vital
from gui.canvas.minimap import Minimap
from gui.canvas.scene import Hit
from gui.canvas.tips import tip
from gui.canvas.view import CanvasView
from gui.editor import Editor
from gui.motion import motion
from gui.panels.type_list import NODE_TYPE_MIME
from gui.theme import theme
from runtime.analysis import Analysis, NodeAnalysis, TensorSpec


@pytest.fixture(autouse=True)
def _still(monkeypatch) -> None:
    """Nothing glides: what an event asks for is there at once."""
    monkeypatch.setattr(motion, "reduced", "yes")


@pytest.fixture
def drawing() -> Drawing:
    """Nine nodes in a row, 1600 units long."""
    d = Drawing()
    port = d.add("nn.ReLU", "r0")
    for i in range(1, 9):
        port = d.add("nn.ReLU", f"r{i}", port)
    d.graph = d.graph.move({d.id(f"r{i}"): (200.0 * i, 0.0) for i in range(9)})
    return d


@pytest.fixture
def editor(drawing) -> Editor:
    return Editor(drawing.project)


@pytest.fixture
def view(qtbot, editor) -> CanvasView:
    view = CanvasView(editor)
    qtbot.addWidget(view)
    view.resize(900, 600)
    view.show()
    view.zoom_to_actual()
    return view


def wheel(view: CanvasView, at: QPoint, *, angle=0, pixels=(0, 0), modifiers=NONE) -> None:
    phase = Qt.ScrollPhase.NoScrollPhase if pixels == (0, 0) else Qt.ScrollPhase.ScrollUpdate
    here = QPointF(at)
    there = view.viewport().mapToGlobal(here)
    turn = QPoint(0, angle)
    event = QWheelEvent(here, there, QPoint(*pixels), turn, Qt.MouseButton.NoButton, modifiers, phase, False)
    QApplication.sendEvent(view.viewport(), event)


# ---- camera


@pytest.mark.parametrize("modifiers", [NONE, CONTROL])
def test_the_wheel_zooms_about_the_cursor(view, modifiers):
    at = QPoint(700, 150)
    before = view.mapToScene(at)
    for _ in range(3):
        wheel(view, at, angle=120, modifiers=modifiers)
    assert view.zoom == pytest.approx(1.2**3)
    assert (view.mapToScene(at) - before).manhattanLength() < 4
    for _ in range(40):
        wheel(view, at, angle=-120, modifiers=modifiers)
    assert 0.01 < view.zoom < 0.1


def test_two_fingers_pan(view):
    before = view.center()
    wheel(view, QPoint(300, 300), pixels=(-40, 25))
    assert (view.center() - before).toTuple() == (40, -25)
    assert view.zoom == 1


def test_fit_shows_everything_but_not_larger_than_life(view, editor, drawing):
    view.fit()
    assert view.visible_area().contains(view.scene().bounds())
    assert view.zoom < 1
    editor.select([drawing.id(f"r{i}") for i in range(1, 9)])
    editor.remove_selected()
    view.fit()
    assert view.zoom == 1


def test_far_away_nodes_can_be_reached(view, editor, drawing):
    editor.move({drawing.id("r8"): (90_000.0, -70_000.0)})
    view.center_on(drawing.id("r8"))
    assert (view.center() - QPointF(90_074, -69_967)).manhattanLength() < 4


def test_center_on_zooms_to_where_cards_can_be_read(view, drawing):
    view.fit()
    for _ in range(12):
        view.zoom_out()
    view.center_on(drawing.id("r8"))
    assert view.zoom == 1
    assert (view.center() - QPointF(1674, 33)).manhattanLength() < 4


def test_wires_lose_their_labels_when_zoomed_out(view, editor, drawing):
    first, last = drawing.id("r0"), drawing.id("r1")
    editor.set_analysis(Analysis({first: NodeAnalysis(outputs={"output": TensorSpec(("B", 8), "float32")})}))
    editor.move({last: (0.0, 200.0)})
    (wire,) = (w for w in view.scene().wires.values() if w.link.source.node == first)
    labels = [item for item in view.scene().items() if isinstance(item, QGraphicsSimpleTextItem)]
    assert [label.text() for label in labels] == [wire.label] == ["B×8"]
    assert [label.isVisible() for label in labels] == [True]
    view.fit()
    view.zoom_out()
    assert [label.isVisible() for label in labels] == [False]


def test_zoomed_out_cards_have_no_ports_to_hit(view, drawing):
    port = QPointF(148, 33)
    assert view.hit(port).port == Port(drawing.id("r0"), "output")
    for _ in range(8):
        view.zoom_out()
    assert view.hit(port) == Hit(node=drawing.id("r0"))


def test_it_paints_at_every_zoom(view, editor, drawing):
    editor.set_analysis(Analysis(problems=(Problem("p", msg("x"), drawing.id("r4")),)))
    pictures = []
    for zoom in (0.05, 0.3, 0.6, 1.0, 2.0):
        view.zoom_by(zoom / view.zoom)
        view.center_on(drawing.id("r4")) if zoom >= 1 else view.centerOn(800, 0)
        pictures.append(view.grab().toImage())
    colors = [len({p.pixelColor(x, y).rgb() for x in range(0, 900, 7) for y in range(0, 600, 7)}) for p in pictures]
    assert all(count > 1 for count in colors)


# ---- minimap


def test_the_minimap_shows_when_something_is_out_of_sight(view):
    assert view.minimap.visible
    view.fit()
    assert not view.minimap.visible


def test_the_minimap_pans(view, drawing):
    hand = Hand(view)
    area = view.minimap.area()
    right = view.mapToScene(QPoint(area.right() - 12, area.center().y()))
    hand.click(right)
    assert view.visible_area().contains(QPointF(1600, 33))
    left = view.mapToScene(QPoint(area.left() + 14, area.center().y()))
    hand.drag(view.mapToScene(area.center()), left)
    assert view.visible_area().contains(QPointF(74, 33))
    assert view.editor.selection == set()


def test_the_minimap_shows_frames_as_pale_areas_and_paints_them_once(view, editor, monkeypatch):
    render, rendered = Minimap._render, []
    monkeypatch.setattr(Minimap, "_render", lambda *args: (rendered.append(1), render(*args))[1])

    def color(point: QPointF) -> QColor:
        area = view.minimap.area()
        image = view.viewport().grab(area).toImage()
        scale, origin = view.minimap._fit()
        return image.pixelColor((point * scale + origin - QPointF(area.topLeft())).toPoint())

    inside = QPointF(500, 400)
    before = color(inside)
    look = Look({"f": Annotation("f", FRAME, "Frame", (0.0, -60.0, 1000.0, 600.0), "accent")})
    editor.edit(lambda graph: with_look(graph, look), msg("Move"))
    shade, count = color(inside), len(rendered)
    assert shade != before and shade.blue() > before.blue()
    assert color(QPointF(1600, 400)) != shade
    for _ in range(3):
        view.viewport().repaint()
    assert len(rendered) == count


# ---- drops, menus, tips


def drop(view: CanvasView, data: QMimeData, at: QPoint) -> bool:
    action, button = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(at, action, data, button, NONE)
    QApplication.sendEvent(view.viewport(), enter)
    if enter.isAccepted():
        QApplication.sendEvent(view.viewport(), QDropEvent(QPointF(at), action, data, button, NONE))
    return enter.isAccepted()


def test_a_type_dropped_from_the_library_becomes_a_node_there(view, editor):
    data = QMimeData()
    data.setData(NODE_TYPE_MIME, b"torch.nn.Conv2d")
    at = QPoint(400, 100)
    expected = view.mapToScene(at)
    assert drop(view, data, at)
    (new,) = editor.selection
    body = view.scene().nodes[new].body()
    assert editor.graph.nodes[new].type == "torch.nn.Conv2d"
    assert (body.center() - expected).manhattanLength() <= 4


def test_other_drops_are_refused_and_unknown_types_ignored(view, editor):
    text = QMimeData()
    text.setText("torch.nn.Conv2d")
    assert not drop(view, text, QPoint(400, 100))
    unknown = QMimeData()
    unknown.setData(NODE_TYPE_MIME, b"\xff nonsense")
    drop(view, unknown, QPoint(400, 100))
    assert len(editor.graph.nodes) == 9


def test_the_context_menu_is_asked_for_with_the_node(view, editor, drawing, qtbot):
    for point, node in ((QPointF(274, 33), drawing.id("r1")), (QPointF(274, 200), None)):
        at = view.mapFromScene(point)
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, view.viewport().mapToGlobal(at))
        with qtbot.waitSignal(view.context_menu_requested) as caught:
            QApplication.sendEvent(view.viewport(), event)
        assert caught.args == [view.viewport().mapToGlobal(at), node]
    assert editor.selection == {drawing.id("r1")}


def test_tips_say_what_things_are(qtbot):
    d, _, _ = with_images()
    conv = d.add("nn.Conv2d", "conv", d.port("digits", "image") if "digits" in d.graph.names else Port("n1", "image"))
    view = CanvasView(Editor(d.project))
    qtbot.addWidget(view)
    spec = TensorSpec(("B", 16, 30, 30), "float32")
    fix = Fix(msg("Set padding to same"), lambda project: project)
    view.editor.set_analysis(
        Analysis(
            {conv.node: NodeAnalysis(outputs={"output": spec}, parameters=1234)},
            (Problem("p", msg("It is too small."), conv.node, fixes=(fix,)),),
        )
    )
    scene = view.scene()
    assert "B × 16 × 30 × 30 · float32" in tip(scene, Hit(node=conv.node, port=conv, is_output=True))
    assert tip(scene, Hit(node=conv.node, port=Port(conv.node, "input"))).startswith("input")
    assert "1\u2009234 parameters" in tip(scene, Hit(node=conv.node))
    badge = tip(scene, Hit(node=conv.node, on_badge=True))
    assert "It is too small." in badge
    assert "Set padding to same" in badge
    (link,) = scene.graph.incoming(conv.node)
    assert "not known" in tip(scene, Hit(link=link))
    assert tip(scene, Hit()) == ""


# ---- for the window


def test_visible_center_is_free_even_if_used_again_and_again(view, editor):
    view.centerOn(0, 900)
    places = []
    for _ in range(4):
        places.append(view.visible_center())
        editor.add_node("torch.nn.ReLU", places[-1])
    assert len(set(places)) == 4
    assert all(view.visible_area().contains(QPointF(*place)) for place in places)


def test_a_node_comes_into_the_middle(view, drawing):
    node = drawing.id("r8")
    view.center_on(node)
    assert view.visible_area().contains(view.scene().nodes[node].body())


def test_sizes_are_those_of_the_cards(view, drawing):
    assert view.sizes() == dict.fromkeys(drawing.graph.nodes, (148.0, 66.0))


def test_live_values_reach_the_card(view, drawing):
    view.life.show_live({"r0": 1.5})
    assert view.scene().nodes[drawing.id("r0")].card.left == "1.5000"


def test_other_figures_are_painted_on_the_same_picture_of_a_card(view, drawing, monkeypatch):
    """And it all looks as if the card had been painted anew."""
    node, life, painted = drawing.id("r0"), view.life, []
    before = view.grab().toImage()
    life.show_live({"r0": 1.5})
    life.show_vitals({node: Vital(None, (0.1, 0.9))})
    first = view.grab().toImage()
    monkeypatch.setattr(NodeItem, "_render", lambda self, *_scale: painted.append(self))
    life.show_live({"r0": 2.5})
    life.show_vitals({node: Vital(None, (0.9, 0.1))})
    second = view.grab().toImage()
    assert not painted and view.scene().nodes[node].card.left == "2.5000"
    assert before != first != second != before
    monkeypatch.undo()
    life.show_live({})
    life.show_vitals({})
    assert view.grab().toImage() == before


def test_the_theme_changes_live(view, monkeypatch):
    before = view.grab().toImage().pixelColor(450, 500)
    monkeypatch.setattr(theme, "name", theme.name)
    other = "light" if theme.name == "dark" else "dark"
    theme.use(other)
    after = view.grab().toImage().pixelColor(450, 500)
    assert before != after
    theme.use("dark" if other == "light" else "light")
    assert view.grab().toImage().pixelColor(450, 500) == before


def test_the_focus_is_framed_when_it_came_by_keyboard(view):
    def frame() -> tuple:
        return view.grab().toImage().pixelColor(0, 300).getRgb()

    QApplication.sendEvent(view, QFocusEvent(QEvent.Type.FocusIn, Qt.FocusReason.MouseFocusReason))
    calm = frame()
    QApplication.sendEvent(view, QFocusEvent(QEvent.Type.FocusIn, Qt.FocusReason.TabFocusReason))
    assert frame() == theme.color("accent").getRgb() != calm


def test_the_whole_drawing_stays_on_show_when_the_size_changes_until_the_person_zooms_or_pans(view):
    view.fit()
    for size in ((500, 300), (900, 700)):
        view.resize(*size)
        QApplication.processEvents()
        assert view.visible_area().contains(view.scene().bounds())
    for move in (view.zoom_in, lambda: view.pan_by(QPointF(40, 0))):
        view.fit()
        move()
        zoom, center = view.zoom, view.center()
        view.resize(view.width() - 200, view.height() - 100)
        QApplication.processEvents()
        assert view.zoom == zoom
        assert (view.center() - center).manhattanLength() < 2 / zoom


def test_it_has_a_name_for_screen_readers(view):
    assert view.accessibleName()
    assert view.accessibleDescription()


def test_an_empty_canvas_says_how_to_begin(qtbot):
    editor = Editor()
    view = CanvasView(editor)
    qtbot.addWidget(view)
    view.resize(600, 400)
    empty = view.grab().toImage()
    editor.add_node("torch.nn.ReLU", (5000.0, 5000.0))
    filled = view.grab().toImage()
    middle = [(x, y) for x in range(150, 450) for y in range(190, 210)]
    assert any(empty.pixelColor(*at) != filled.pixelColor(*at) for at in middle)


def test_nodes_of_unknown_type_are_shown_and_can_be_moved(view, editor, drawing):
    project = editor.project
    editor.open(project.with_graph(project.graph.add(Node("x", "acme.Twist", "twist", position=(0.0, 200.0)))))
    item = view.scene().nodes["x"]
    assert not item.card.known
    hand = Hand(view)
    view.centerOn(0, 200)
    hand.drag(hand.on("x"), hand.on("x") + QPointF(40, 40))
    assert editor.graph.nodes["x"].position == (40, 240)

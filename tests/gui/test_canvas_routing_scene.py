"""Wires of whole drawings: like a figure in print, whatever the drawing went through before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, pairwise

import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtWidgets import QGraphicsSimpleTextItem, QGraphicsView

from crossing_graphs import crossing_graphs
from graph import files
from graph.catalog import CATALOG
from graph.framing import Load, area_around, refitted
from graph.layout import tidy
from graph.look import DOWN, FRAME, NOTE, RIGHT, Annotation, with_look
from graph.model import Graph, Link, Node, Port, Project
from gui.canvas.geometry import card_shapes, card_sizes
from gui.canvas.palette import Colors
from gui.canvas.routing import Route
from gui.canvas.scene import CanvasScene
from gui.canvas.wires import WireItem
from runtime import examples
from runtime.analysis import Analysis, NodeAnalysis, TensorSpec


def shipped() -> Iterator[tuple[str, Project]]:
    """Every shipped drawing and the inside of each of its blocks."""
    for name in examples.names():
        project = files.from_text(examples.path(name).read_text("utf-8"))
        yield name, project
        yield from ((f"{name}/{block}", project.inside(block)) for block in project.blocks)


DRAWINGS = dict(shipped()) | {name: Project(graph) for name, graph in crossing_graphs().items() if "random" not in name}


@pytest.fixture(params=(RIGHT, DOWN))
def flow(request) -> str:
    return request.param


def shown(project: Project, flow: str) -> CanvasScene:
    """A tidied drawing on a canvas, with a shape on every wire."""
    turned = replace(project.graph, look=replace(project.graph.look, flow=flow))
    sizes, shapes = card_sizes(turned, project.catalog), card_shapes(turned, project.catalog)
    places = tidy(turned, sizes=sizes, ports=shapes, flow=flow)
    scene = CanvasScene(Colors("light"))
    scene.show_project(replace(project, graph=turned.move(places)))
    spec = {
        port.name: TensorSpec(("B", 64, 28, 28), "float32") for port in {link.source for link in turned.links.values()}
    }
    scene.show_analysis(Analysis({i: NodeAnalysis(outputs=spec) for i in turned.nodes}))
    return scene


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_tidy_drawing_reads_like_a_figure(qapp, name, flow):
    scene = shown(DRAWINGS[name], flow)
    bodies = [item.body() for item in scene.nodes.values()]
    texts = [item.sceneBoundingRect() for item in scene.items() if isinstance(item, QGraphicsSimpleTextItem)]
    for wire in scene.wires.values():
        assert not any(cuts(wire.route, body) for body in bodies), wire.link
    assert [pair for pair in combinations(scene.wires.values(), 2) if too_close(*pair)] == []
    assert not any(a.intersects(b) for a, b in combinations(texts, 2))
    assert not any(text.intersects(body) for text in texts for body in bodies)


def cuts(way: Route, body: QRectF) -> bool:
    """Whether a wire runs through the inside of a card."""
    if way.curved:
        return way.path().intersects(body.adjusted(1, 1, -1, -1))
    return any(
        max(ax, bx) > body.left()
        and min(ax, bx) < body.right()
        and max(ay, by) > body.top()
        and min(ay, by) < body.bottom()
        for (ax, ay), (bx, by) in pairwise(way.points)
    )


def too_close(one: WireItem, other: WireItem) -> bool:
    """Whether pieces of wires of different outputs lie on each other for longer than a corner."""
    if one.link.source == other.link.source or one.route.curved or other.route.curved:
        return False
    for a, b in pairwise(one.route.points):
        for c, d in pairwise(other.route.points):
            for axis in (0, 1):
                if a[axis] == b[axis] and c[axis] == d[axis] and abs(a[axis] - c[axis]) < 4:
                    (l1, h1), (l2, h2) = sorted((a[1 - axis], b[1 - axis])), sorted((c[1 - axis], d[1 - axis]))
                    if min(h1, h2) - max(l1, l2) > 8:
                        return True
    return False


def test_the_order_of_wires_does_not_depend_on_how_the_drawing_came_about(qapp):
    project = files.from_text(examples.path("unet").read_text("utf-8"))
    scene = shown(project, RIGHT)
    before = {link: wire.route for link, wire in scene.wires.items()}
    node = next(iter(scene.nodes))
    x, y = scene.graph.nodes[node].position
    for place in ((x + 900, y + 150), (x, y)):
        scene.show_project(scene.project.with_graph(scene.graph.move({node: place})))
    assert {link: wire.route for link, wire in scene.wires.items()} == before


def test_wires_make_way_for_a_card_that_is_put_on_them(qapp):
    scene = shown(DRAWINGS["unet"], RIGHT)
    moved = scene.graph.node_named("image")
    x, y, room = max((wire.route.anchor for wire in scene.wires.values()), key=lambda anchor: anchor[2])
    assert room > 500
    scene.show_project(scene.project.with_graph(scene.graph.move({moved.id: (x - 74, y - 20)})))
    for link, wire in scene.wires.items():
        assert moved.id in (link.source.node, link.target.node) or not cuts(wire.route, scene.nodes[moved.id].body())


def test_a_bent_wire_runs_through_its_corners_until_they_are_taken_away(qapp, flow):
    scene = shown(DRAWINGS["unet"], flow)
    link, wire = next(iter(scene.wires.items()))
    before = wire.route
    bends = ((300.0, -100.0), (400.0, -100.0))
    bent = replace(scene.graph, look=scene.graph.look.bend(link.target, bends))
    scene.show_project(scene.project.with_graph(bent))
    assert set(bends) <= set(wire.route.points)
    scene.show_project(scene.project.with_graph(replace(bent, look=bent.look.bend(link.target, ()))))
    assert wire.route == before


def test_while_a_card_is_dragged_its_wires_follow_and_get_their_texts_when_it_rests(qtbot):
    scene = shown(DRAWINGS["unet"], RIGHT)
    node = scene.graph.node_named("down3").id
    (link,) = scene.graph.outgoing(node)
    assert scene.wires[link].label
    scene.lift([node], thin=False)
    x, y = scene.graph.nodes[node].position
    scene.place({node: (x + 40, y + 20)})
    assert scene.wires[link].route.points[0] == scene.nodes[node].port_position(link.source.name, output=True)
    assert not scene.wires[link].label
    qtbot.waitUntil(lambda: bool(scene.wires[link].label))
    scene.settle([node])
    assert scene.wires[link].route.points[0] == (x + 148, y + 33)


def test_a_large_drawing_is_shown_at_once_and_put_in_order_in_slices(qtbot):
    wires = [
        Link(Port(f"n{i}", "output"), Port(f"n{j}", f"in{j - i}"))
        for i in range(300)
        for j in (i + 1, i + 3)
        if j < 300
    ]
    graph = Graph({f"n{i}": Node(f"n{i}", "t", f"n{i}") for i in range(300)}, {link.target: link for link in wires})
    view = QGraphicsView()
    qtbot.addWidget(view)
    scene = CanvasScene(Colors("light"))
    view.setScene(scene)
    alone = shown(Project(graph), RIGHT)
    scene.show_project(alone.project)
    first = {link: wire.route for link, wire in scene.wires.items()}
    final = {link: wire.route for link, wire in alone.wires.items()}
    assert first != final
    qtbot.waitUntil(lambda: {link: wire.route for link, wire in scene.wires.items()} == final)


def test_a_path_is_lit_less_than_what_is_under_the_cursor(qapp):
    scene = shown(DRAWINGS["unet"], RIGHT)
    wire = next(iter(scene.wires.values()))
    calm = wire.pen()
    wire.set_state(on_path=True)
    assert wire.pen().color() == scene.colors("accent")
    on_path = wire.pen().widthF()
    wire.set_state(hovered=True)
    assert wire.pen().widthF() > on_path
    wire.set_state(hovered=False, on_path=False)
    assert wire.pen() == calm


# ---- frames around wires


def in_a_row_that_wraps(count: int, skip: int) -> Graph:
    """Nodes one after the other, every `skip`-th of which is wired to one two further on too."""
    names = [f"n{i}" for i in range(count)]
    nodes = {name: Node(name, "layerloom.Add", name) for name in names}
    links = [Link(Port(a, "output"), Port(b, "input1")) for a, b in pairwise(names)]
    links += [Link(Port(names[i], "output"), Port(names[i + 2], "input2")) for i in range(0, count - 2, skip)]
    return Graph(nodes, {link.target: link for link in links})


@pytest.mark.parametrize(("count", "skip"), [(9, 99), (14, 99), (23, 99), (12, 3), (16, 2)])
@pytest.mark.parametrize("way", ["drawn", "tidied", "in a frame"])
def test_a_frame_holds_the_wires_between_the_cards_in_it(qapp, flow, count, skip, way):
    graph = in_a_row_that_wraps(count, skip)
    graph = with_look(graph, replace(graph.look, flow=flow))
    sizes, shapes = card_sizes(graph, CATALOG), card_shapes(graph, CATALOG)
    graph = graph.move(tidy(graph, sizes=sizes, ports=shapes, flow=flow))
    area = area_around(graph, Load(frozenset(graph.nodes)), sizes)
    assert area is not None
    graph = with_look(graph, graph.look.put(Annotation("f", FRAME, "F", area)))
    if way != "drawn":
        moved = graph.move({i: (x + 40 * int(i[1:]), y) for i, (x, y) in positions(graph).items()})
        graph = with_look(moved, refitted(graph, moved, sizes, sizes)) if way == "in a frame" else graph
        tidied = graph.move(tidy(graph, sizes=sizes, ports=shapes, flow=flow))
        graph = with_look(tidied, refitted(graph, tidied, sizes, sizes))
    scene = CanvasScene(Colors("light"))
    scene.show_project(Project(graph))
    frame = QRectF(*graph.look.annotations["f"].area)
    points = [point for wire in scene.wires.values() for point in wire.route.points]
    assert len({y if flow == RIGHT else x for x, y in positions(graph).values()}) > 1  # it wraps
    assert [point for point in points if not frame.adjusted(4, 4, -4, -4).contains(QPointF(*point))] == []


def positions(graph: Graph) -> dict[str, tuple[float, float]]:
    return {i: node.position for i, node in graph.nodes.items()}


# ---- texts, and what they keep off


def texts(scene: CanvasScene) -> list[QRectF]:
    return [item.sceneBoundingRect() for item in scene.items() if isinstance(item, QGraphicsSimpleTextItem)]


def with_annotation(scene: CanvasScene, kind: str, text: str, area: QRectF) -> None:
    annotation = Annotation("a1", kind, text, (area.x(), area.y(), area.width(), area.height()))
    scene.show_project(scene.project.with_graph(with_look(scene.graph, scene.graph.look.put(annotation))))


@pytest.mark.parametrize("kind", [NOTE, FRAME])
def test_the_text_of_a_wire_is_not_written_on_a_note_or_the_title_of_a_frame(qapp, flow, kind):
    scene = shown(DRAWINGS["unet"], flow)
    before = texts(scene)
    where = before[0].adjusted(-2, -2, 2, 2)
    area = where if kind == NOTE else QRectF(where.x(), where.y() - 4, 300, 200)
    taken = where if kind == NOTE else QRectF(area.topLeft(), where.size()).adjusted(0, 0, 0, 4)
    with_annotation(scene, kind, "A title", area)
    assert not any(text.intersects(taken) for text in texts(scene))
    assert texts(scene) != before
    scene.show_project(scene.project.with_graph(with_look(scene.graph, scene.graph.look.without(["a1"]))))
    assert texts(scene) == before


def test_texts_keep_off_wires_that_a_person_bent_and_these_have_texts_of_their_own(qapp, flow):
    scene = shown(DRAWINGS["unet"], flow)
    link = max(scene.wires, key=lambda link: scene.wires[link].route.anchor[2])
    (left, top), (right, bottom) = (scene.wires[link].route.points[i] for i in (0, -1))
    target = next(text for text in texts(scene) if text.width() > 20)
    y = target.center().y() if flow == RIGHT else bottom + 200
    bends = ((left + 60, y), (right - 60, y)) if flow == RIGHT else ((target.center().x(), top + 60), (left, y))
    bent = scene.graph.look.bend(link.target, bends)
    scene.show_project(scene.project.with_graph(with_look(scene.graph, bent)))
    assert set(bends) <= set(scene.wires[link].route.points)
    pieces = [QRectF(*a, b[0] - a[0], b[1] - a[1]).normalized() for a, b in pairwise(scene.wires[link].route.points)]
    lines = [piece.adjusted(-0.5, -0.5, 0.5, 0.5) for piece in pieces]
    assert not any(text.intersects(line) for text in texts(scene) for line in lines)
    assert scene.wires[link].label

"""What cards look like beyond their texts: collapsed, bypassed, flowing down, compared, found; and Markdown."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from PySide6.QtCore import QPointF, QRectF, QUrl
from PySide6.QtGui import QColor, QImage, QPainter, QTextDocument

from drawings import Drawing
from graph.bypassing import bypass
from graph.look import DOWN, FRAME, NOTE, Annotation, Look, with_look
from graph.model import Graph, Port, Project
from gui.canvas.annotations import (
    COLORS,
    NOTE_TINT,
    TITLE_TINT,
    FrameItem,
    NoteItem,
    needed_height,
    title_chip,
)
from gui.canvas.card import card_of
from gui.canvas.collapsing import collapsed
from gui.canvas.geometry import HEIGHT, NAME_ROW, SMALL_HEIGHT, SMALL_WIDTH, WIDTH, card_sizes, shape_of
from gui.canvas.markdown import MarkdownDocument, can_open, first_line, link_color
from gui.canvas.marking import Find, Mark, Mood
from gui.canvas.painting import NAMED, PALE, paint_card
from gui.canvas.palette import Colors, ui_font
from gui.canvas.scene import CanvasScene
from gui.canvas.tips import tip
from gui.theme import THEMES
from runtime.analysis import Analysis, NodeAnalysis, TensorSpec

FLOATS = TensorSpec(("B", 8, 28, 28), "float32")
CALM = Mood()


@pytest.fixture
def scene(qapp):
    return CanvasScene(Colors("dark"))


@pytest.fixture
def chain() -> Drawing:
    """a -> b -> c."""
    d = Drawing()
    d.add("nn.ReLU", "c", d.add("nn.Linear", "b", d.add("nn.ReLU", "a")))
    d.graph = d.graph.move({node: (200.0 * i, 0.0) for i, node in enumerate(d.graph.nodes)})
    return d


def painted(card, mood: Mood = CALM, *, theme: str = "dark", scale: float = 1.0) -> QImage:
    """A card with 20 units around it."""
    size = (round((card.shape.width + 40) * scale), round((card.shape.height + 40) * scale))
    image = QImage(*size, QImage.Format.Format_RGB32)
    image.fill(Colors(theme)("canvas"))
    painter = QPainter(image)
    painter.scale(scale, scale)
    painter.translate(20, 20)
    paint_card(painter, card, mood, colors=Colors(theme), scale=scale)
    painter.end()
    return image


def card(graph: Graph, name: str):
    node = graph.node_named(name)
    return card_of(Project(graph), node, shape_of(graph, node))


# ---- collapsed


def test_a_collapsed_card_is_a_pill_with_its_ports(chain):
    b = chain.id("b")
    graph = with_look(chain.graph, Look(collapsed=frozenset({b})))
    shape = shape_of(graph, graph.nodes[b])
    assert (shape.width, shape.height) == (SMALL_WIDTH, SMALL_HEIGHT)
    assert card_sizes(graph, chain.definitions.catalog)[b] == (SMALL_WIDTH, SMALL_HEIGHT)
    assert shape.spot("input", output=False) == (0, SMALL_HEIGHT / 2)
    assert shape.spot("output", output=True) == (SMALL_WIDTH, SMALL_HEIGHT / 2)


@pytest.mark.parametrize("type_id", ["nn.LSTM", "nn.MultiheadAttention", "op.Concatenate", "data.Images"])
@pytest.mark.parametrize("flow", ["right", "down"])
def test_all_ports_of_a_collapsed_card_are_on_its_edges_and_apart(type_id, flow):
    d = Drawing()
    d.add(type_id, "it")
    graph = with_look(d.graph, Look(collapsed=frozenset(d.graph.nodes), flow=flow))
    shape = shape_of(graph, graph.node_named("it"))
    whole = shape_of(d.graph, d.graph.node_named("it"))
    assert (list(shape.inputs), list(shape.outputs)) == (list(whole.inputs), list(whole.outputs))
    for places in (list(shape.inputs.values()), list(shape.outputs.values())):
        assert all(b - a >= 12 for a, b in pairwise(places))
        assert all(0 < place < shape.turned(shape.width, shape.height)[1] for place in places)


def test_wires_of_cards_in_a_row_stay_level_when_one_is_collapsed(scene, chain):
    scene.show_project(chain.project)
    b = chain.id("b")
    scene.show_project(Project(collapsed(chain.graph, [b], scene.catalog, small=True)))
    levels = {y for wire in scene.wires.values() for _, y in wire.route.points}
    assert levels == {HEIGHT / 2}
    assert scene.bounds().right() == 400 + WIDTH
    again = collapsed(scene.graph, [b], scene.catalog, small=False)
    assert again == chain.graph
    assert collapsed(again, [b], scene.catalog, small=False) is again


# ---- downwards


def test_ports_are_on_the_upper_and_lower_edge_of_a_drawing_that_flows_down(scene, chain):
    graph = with_look(chain.graph, replace(chain.graph.look, flow=DOWN))
    graph = graph.move({node: (0.0, 200.0 * i) for i, node in enumerate(graph.nodes)})
    scene.show_project(chain.project)
    scene.show_project(Project(graph))
    item = scene.nodes[chain.id("b")]
    assert item.port_position("input", output=False) == (WIDTH / 2, 200)
    assert item.port_position("output", output=True) == (WIDTH / 2, 200 + HEIGHT)
    assert scene.hit(QPointF(WIDTH / 2, 197), 5)[:3] == (chain.id("b"), Port(chain.id("b"), "input"), False)
    assert scene.hit(QPointF(WIDTH / 2, 203 + HEIGHT), 5)[:3] == (chain.id("b"), Port(chain.id("b"), "output"), True)
    for wire in scene.wires.values():
        for port, output, corner in ((wire.link.source, True, 0), (wire.link.target, False, -1)):
            assert scene.nodes[port.node].port_position(port.name, output=output) == wire.route.points[corner]


def test_downwards_the_names_of_many_ports_have_rows_of_their_own(qapp):
    d = Drawing()
    d.add("nn.LSTM", "lstm")
    graph = with_look(d.graph, Look(flow=DOWN))
    shape = shape_of(graph, graph.node_named("lstm"))
    assert shape.named and shape.text_top == NAME_ROW
    assert shape.spot("h_0", output=False) == (shape.width / 2, 0)
    assert shape.spot("h_n", output=True) == (shape.width / 2, shape.height)
    row = QRectF(20 + 30, 20 + 6, 100, NAME_ROW - 3).toRect()
    bare = replace(card(graph, "lstm"), shape=replace(shape, named=False))
    assert painted(card(graph, "lstm")).copy(row) != painted(bare).copy(row)


# ---- bypassed


def test_a_bypassed_card_says_so_and_looks_so_without_its_color(qapp, chain):
    graph = bypass(chain.graph, [chain.id("b")], chain.definitions.catalog, bypassed=True)
    shown = card(graph, "b")
    assert (shown.bypassed, shown.passing, shown.right) == (True, "input", "bypassed")
    assert shown.left.startswith("Linear")
    for theme in THEMES:
        on = painted(card(chain.graph, "b"), theme=theme).convertToFormat(QImage.Format.Format_Grayscale8)
        off = painted(shown, theme=theme).convertToFormat(QImage.Format.Format_Grayscale8)
        assert on != off


def test_what_passes_is_the_first_input_with_a_wire_and_the_card_follows(scene, chain):
    b = chain.id("b")
    graph = bypass(chain.graph, [b], scene.catalog, bypassed=True)
    scene.show_project(Project(graph))
    assert scene.nodes[b].card.passing == "input"
    scene.show_project(Project(graph.disconnect(graph.incoming(b))))
    assert scene.nodes[b].card.passing is None


def test_a_wire_out_of_a_bypassed_node_has_the_shape_that_came_in(scene, chain):
    graph = bypass(chain.graph, [chain.id("b")], scene.catalog, bypassed=True)
    scene.show_project(Project(graph))
    scene.show_analysis(Analysis({chain.id("a"): NodeAnalysis(outputs={"output": FLOATS})}))
    assert {wire.spec for wire in scene.wires.values()} == {FLOATS}
    (link,) = graph.outgoing(chain.id("b"))
    assert scene.spec(link.source) == FLOATS
    assert "8 × 28 × 28" in tip(scene, scene.hit(QPointF(200 + WIDTH, HEIGHT / 2), 5))
    assert "Bypassed" in tip(scene, scene.hit(QPointF(260, 20), 1))


def test_a_node_that_cannot_be_bypassed_looks_as_ever():
    d = Drawing()
    d.add("data.Images", "digits")
    node = replace(d.graph.nodes[d.id("digits")], bypassed=True)
    graph = Graph({node.id: node})
    assert not card(graph, "digits").bypassed


# ---- differences and finds


@pytest.mark.parametrize("scale", [1.0, 0.5, 0.3])
def test_marks_differ_in_more_than_color(qapp, chain, scale):
    shown = card(chain.graph, "b")
    forms = {mark: painted(shown, Mood(mark=mark), scale=scale) for mark in (None, *Mark)}
    threshold = {}
    for mark, image in forms.items():  # only what is strongly painted, whatever its color
        gray = image.convertToFormat(QImage.Format.Format_Grayscale8)
        corner = gray.copy(0, 0, round(36 * scale), round(36 * scale))
        threshold[mark] = bytes(corner.convertToFormat(QImage.Format.Format_Mono).constBits())
    assert len(set(threshold.values())) == 4


def test_marks_and_finds_come_and_go(scene, chain):
    a, b, c = (chain.id(name) for name in "abc")
    scene.show_project(chain.project.with_graph(chain.graph.remove([c])))
    link = chain.graph.incoming(b)[0]
    scene.show_marks({a: Mark.CHANGED, c: Mark.ADDED, "gone": Mark.REMOVED}, {link: Mark.ADDED})
    scene.show_found([a, b, c], b)
    scene.show_project(chain.project)
    moods = [scene.nodes[i].mood for i in (a, b, c)]
    assert [mood.mark for mood in moods] == [Mark.CHANGED, None, Mark.ADDED]
    assert [mood.find for mood in moods] == [Find.ONE_OF, Find.CURRENT, Find.ONE_OF]
    assert scene.wires[link].mark is Mark.ADDED
    scene.show_marks({})
    scene.show_found([])
    assert {scene.nodes[i].mood for i in (a, b, c)} == {Mood()}
    assert scene.wires[link].mark is None


# ---- level of detail


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_card_turns_into_its_box_little_by_little(qapp, chain, theme):
    shown = card(chain.graph, "b")

    def ground(scale: float):
        image = painted(shown, theme=theme, scale=scale)
        return image.pixelColor(round(20 * scale + 140 * scale), round(20 * scale + 58 * scale))

    def distance(one, other) -> int:
        return max(abs(one.red() - other.red()), abs(one.green() - other.green()), abs(one.blue() - other.blue()))

    scales = [PALE, 0.58, 0.54, 0.5, 0.46, 0.44, 0.4]
    steps = [distance(ground(a), ground(b)) for a, b in pairwise(scales)]
    assert distance(ground(scales[0]), ground(scales[-1])) > 15
    assert max(steps) <= 15


@pytest.mark.parametrize("scale", [NAMED, 0.35, 0.5, 0.62, 0.8, 1.0, 2.0])
def test_a_name_is_never_small_on_the_screen(qapp, chain, scale):
    """The rows with ink of the letter I in the name are as many as it is high."""
    d = Drawing()
    d.add("nn.ReLU", "I")
    with_name, without = (painted(replace(card(d.graph, "I"), name=name), scale=scale) for name in ("I", ""))
    rows = [
        y
        for y in range(with_name.height())
        if any(with_name.pixel(x, y) != without.pixel(x, y) for x in range(with_name.width()))
    ]
    assert len(rows) >= 7


# ---- frames, notes, Markdown


def annotated(scene: CanvasScene, *annotations: Annotation) -> None:
    scene.show_project(Project(with_look(Graph(), Look({a.id: a for a in annotations}))))


def test_items_of_frames_and_notes_come_change_and_go(scene):
    frame, note = Annotation("a1", FRAME, "F", (0, 0, 200, 100)), Annotation("a2", NOTE, "N", (0, 200, 200, 100))
    empty = len(scene.items())
    annotated(scene, frame, note)
    items = scene.annotations.items
    before = dict(items)
    assert isinstance(items["a1"], FrameItem) and isinstance(items["a2"], NoteItem)
    assert scene.bounds() == QRectF(0, 0, 200, 300)
    annotated(scene, frame, replace(note, text="M", area=(0, 200, 240, 100)))
    assert items == before
    assert items["a2"].document.toPlainText() == "M"
    annotated(scene, replace(frame, kind=NOTE))
    assert isinstance(items["a1"], NoteItem) and items.keys() == {"a1"}
    scene.show_project(Project())
    assert len(scene.items()) == empty


def test_small_frames_lie_on_large_ones(scene):
    annotated(
        scene, Annotation("a1", FRAME, "in", (50, 50, 100, 100)), Annotation("a2", FRAME, "out", (0, 0, 300, 300))
    )
    items = scene.annotations.items
    assert items["a2"].zValue() < items["a1"].zValue() < 0
    assert scene.hit(QPointF(100, 60), 3).annotation.id == "a1"
    assert scene.hit(QPointF(20, 20), 3).annotation.id == "a2"
    assert scene.hit(QPointF(200, 200), 3).annotation is None


@pytest.mark.parametrize("scale", [0.1, 0.3, 0.6, 1.0, 3.0])
def test_titles_of_frames_keep_a_legible_height(scene, scale):
    annotated(scene, Annotation("a1", FRAME, "Head", (0, 0, 2000, 1000)))
    chip = title_chip(scene.annotations.items["a1"], scale)
    assert chip.height() * scale >= 16
    assert chip.right() <= 2000
    assert title_chip(scene.annotations.items["a1"], 0.005).isNull()


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("role", COLORS)
def test_texts_read_on_every_frame_and_note(theme, role):
    colors = Colors(theme)
    note, title = colors.mix(role, "card", NOTE_TINT), colors.mix(role, "canvas", TITLE_TINT)
    assert contrast(colors("text"), title) >= 4.5
    for ink in (colors("text"), colors("muted"), link_color(colors)):
        assert contrast(ink, note) >= 4.5
    assert contrast(colors("muted"), colors.mix("card", "canvas", 0.4)) >= 4.5  # a card that is bypassed


def contrast(one: QColor, other: QColor) -> float:
    """The contrast of WCAG 2."""

    def light(color: QColor) -> float:
        parts = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in color.getRgbF()[:3])
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def text_of(markdown: str) -> str:
    return MarkdownDocument(markdown, ui_font(12), Colors("dark")).toPlainText()


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("# Title\n\n**bold** and `code`", "Title\nbold and code"),
        ("$x_1 * y_2 * z$ and $\\alpha\\_{ij}$", "$x_1 * y_2 * z$ and $\\alpha\\_{ij}$"),
        ("`$a_b*c*d$`", "$a_b*c*d$"),
        ("see ![a cat](file:///etc/passwd) here", "see a cat here"),
        ("![](https://example.org/x.png)", ""),
        ("<b>no</b> markup", "<b>no</b> markup"),
        ("", ""),
    ],
)
def test_markdown_is_shown_and_formulas_stay_as_typed(qapp, markdown, shown):
    assert text_of(markdown) == shown


def test_no_resource_is_ever_loaded(qapp, tmp_path):
    picture = QImage(8, 8, QImage.Format.Format_RGB32)
    path = tmp_path / "picture.png"
    picture.save(str(path))
    document = MarkdownDocument(f"![x]({path.as_uri()})", ui_font(12), Colors("dark"))
    found = document.resource(QTextDocument.ResourceType.ImageResource.value, QUrl.fromLocalFile(str(path)))
    assert not found


@pytest.mark.parametrize(
    ("url", "opens"),
    [
        ("https://example.org/a", True), ("HTTP://example.org", True), ("file:///etc/passwd", False), ("https:", False),
        ("javascript:alert(1)", False), ("ftp://example.org", False), ("page.html", False), ("", False),
    ],
)  # fmt: skip
def test_only_pages_of_the_web_are_opened(url, opens):
    assert can_open(url) is opens


def test_the_first_line_and_the_height_of_a_note(qapp):
    assert first_line("\n\n## **Head**\nmore") == "Head"
    assert first_line("- A **note** on `x_1`") == "A note on x_1"
    assert first_line("") == ""
    short, long = (needed_height(text, 200, Colors("dark")) for text in ("one", "one\n\n" * 20))
    assert 24 < short < long / 5

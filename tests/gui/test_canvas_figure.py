"""Pictures in the style of a paper, of a part of a drawing, with a legend, on no ground."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from itertools import groupby

import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QGraphicsPolygonItem, QGraphicsSimpleTextItem

from block_drawings import showcase
from drawings import Drawing, lenet5
from graph.layout import tidy
from graph.look import DOWN, FLOWS, FRAME, NOTE, Annotation, Look, with_look
from graph.model import Project
from gui.canvas.annotations import AnnotationItem, FrameTitle, NoteItem
from gui.canvas.figure_annotations import NOTE_FONTS, FigureFrame, FigureNote, FigureTitle
from gui.canvas.figure_part import STUB
from gui.canvas.geometry import card_shapes, card_sizes
from gui.canvas.palette import Colors
from gui.canvas.picture import FIGURE, Picture, PictureOptions, render_picture
from gui.canvas.scene import CanvasScene
from gui.theme import THEMES
from runtime.analyser import analyse
from runtime.analysis import Analysis

TALL = 15  # canvas units: the smallest font of names, parameters and shapes when nothing needs to shrink


@pytest.fixture(scope="module")
def project() -> Project:
    return lenet5().placed


@pytest.fixture(scope="module")
def analysis(project) -> Analysis:
    return analyse(project)


def ids(project: Project, *names: str) -> frozenset[str]:
    return frozenset(project.graph.node_named(name).id for name in names)


def words(path) -> set[str]:
    root = ElementTree.parse(path).getroot()
    return {"".join(e.itertext()).strip() for e in root.iter() if e.tag.endswith("text")}


def written(picture: Picture) -> list[QGraphicsSimpleTextItem]:
    """The shapes along wires."""
    items = picture.scene.items()
    return [item for item in items if isinstance(item, QGraphicsSimpleTextItem) and item.isVisible()]


def heads(picture: Picture) -> int:
    return sum(isinstance(item, QGraphicsPolygonItem) for item in picture.scene.items())


def test_names_parameters_and_shapes_of_a_figure_are_text(qapp, project, analysis, tmp_path):
    path = tmp_path / "net.svg"
    render_picture(project, analysis, path, PictureOptions(FIGURE, legend=True))
    assert {"conv1", "Conv2d 6, 5×5", "6×28×28", "16×10×10", "Linear 120", "Convolution", "Loss"} <= words(path)
    assert "<image" not in path.read_text("utf-8")


def test_a_pdf_embeds_its_fonts_and_has_no_pixels(qapp, project, analysis, tmp_path):
    path = tmp_path / "net.pdf"
    render_picture(project, analysis, path, PictureOptions(FIGURE, legend=True))
    data = path.read_bytes()
    assert b"/FontFile" in data and b"/ToUnicode" in data
    assert not re.search(rb"/Subtype\s*/Image", data)


def test_every_shape_is_said_once_along_a_wire_or_in_its_box(qapp, project, analysis, tmp_path):
    picture = Picture(project, analysis, PictureOptions(FIGURE))
    texts = [item.text() for item in written(picture)]
    assert texts.count("6×28×28") == 2  # of conv1 and of tanh1: none twice, though logits has two wires
    bodies = [item.body() for item in picture.scene.nodes.values()]
    for item in written(picture):
        assert not any(body.intersects(item.sceneBoundingRect()) for body in bodies), item.text()
    path = tmp_path / "net.svg"
    render_picture(project, analysis, path, PictureOptions(FIGURE))
    shapes = {"×".join(map(str, s.shape[1:])) for n in analysis.nodes.values() for s in n.outputs.values()} - {""}
    assert shapes <= words(path)


@pytest.mark.parametrize("width", [8.0, 17.0])
def test_a_figure_for_a_page_is_no_wider_and_its_text_stays_legible(qapp, project, analysis, width):
    picture = Picture(project, analysis, PictureOptions(FIGURE, legend=True, width=width))
    assert picture.area.width() * picture.point <= width / 2.54 * 72 + 0.01
    assert TALL * picture.point >= 5.0
    assert not _overlaps([item.body() for item in picture.scene.nodes.values()])


def test_a_pdf_for_a_column_has_the_width_of_the_column(qapp, project, analysis, tmp_path):
    path = tmp_path / "net.pdf"
    render_picture(project, analysis, path, PictureOptions(FIGURE, width=4.0))
    width = float(re.search(rb"/MediaBox\s*\[0 0 ([\d.]+)", path.read_bytes())[1])
    assert width <= 4.0 / 2.54 * 72 + 1


def test_the_places_of_a_drawing_with_frames_are_kept(qapp, project, analysis):
    frame = Annotation("a1", FRAME, "Features", (-20.0, -40.0, 600.0, 140.0))
    framed = project.with_graph(with_look(project.graph, Look({"a1": frame})))
    drawn = {i: node.position for i, node in project.graph.nodes.items()}
    assert _places(Picture(framed, analysis, PictureOptions(FIGURE))) == drawn
    spread = _places(Picture(project, analysis, PictureOptions(FIGURE)))
    assert all(spread[i][0] > x if x else spread[i][0] == x for i, (x, _) in drawn.items())
    assert {i: y for i, (_, y) in spread.items()} == {i: y for i, (_, y) in drawn.items()}


@pytest.mark.parametrize("style", ["canvas", FIGURE])
def test_drawings_that_flow_down_with_collapsed_cards_are_painted_in_both_styles(qapp, style, tmp_path):
    project = showcase()
    look = Look(flow=DOWN, collapsed=ids(project, "stem", "reader"))
    turned = project.with_graph(with_look(project.graph, look))
    path = tmp_path / "net.svg"
    render_picture(turned, analyse(turned), path, PictureOptions(style, legend=True))
    assert {"stage1", "reader", "lstm"} <= words(path)


def test_weights_that_are_shared_have_their_letter_and_its_meaning(qapp, tmp_path):
    project = showcase()
    path = tmp_path / "net.svg"
    render_picture(project, analyse(project), path, PictureOptions(FIGURE, legend=True))
    assert {"encoder1 (A)", "encoder2 (A)", "The same letter: shared weights"} <= words(path)


# ---- a part


@pytest.mark.parametrize("style", ["canvas", FIGURE])
def test_a_selection_is_drawn_alone_with_stubs_of_the_wires_that_leave_it(qapp, project, analysis, style, tmp_path):
    chosen = ids(project, "conv1", "tanh1", "pool1")
    options = PictureOptions(style, nodes=chosen)
    picture = Picture(project, analysis, options)
    assert {i for i, item in picture.scene.nodes.items() if item.isVisible()} == chosen
    lengths = sorted(round(w.path().length()) for w in picture.scene.wires.values() if w.isVisible())
    assert len(lengths) == 4 and lengths[0] == lengths[1] == STUB and lengths[1] < lengths[2]
    assert heads(picture) == (4 if style == FIGURE else 0)
    whole = Picture(project, analysis, replace(options, nodes=None))
    assert picture.area.width() < whole.area.width() and picture.area.height() < whole.area.height()
    path = tmp_path / "part.svg"
    render_picture(project, analysis, path, options)
    assert {"conv1", "tanh1", "pool1"} <= words(path) and not {"conv2", "logits", "loss"} & words(path)


def test_the_legend_of_a_part_has_only_what_is_in_it(qapp, project, analysis, tmp_path):
    path = tmp_path / "part.svg"
    nodes = ids(project, "conv1", "tanh1")
    render_picture(project, analysis, path, PictureOptions(FIGURE, legend=True, nodes=nodes))
    assert {"Convolution", "Activation"} <= words(path)
    assert not {"Pooling", "Loss", "Targets for losses and metrics"} & words(path)


# ---- legend and ground


@pytest.mark.parametrize("style", ["canvas", FIGURE])
def test_the_legend_stands_below_the_drawing_and_explains_the_dashes(qapp, project, analysis, style, tmp_path):
    plain, legend = (Picture(project, analysis, PictureOptions(style, legend=wanted)) for wanted in (False, True))
    assert legend.area.height() > plain.area.height() and legend.area.top() == plain.area.top()
    path = tmp_path / "net.svg"
    render_picture(project, analysis, path, PictureOptions(style, legend=True))
    assert "Targets for losses and metrics" in words(path)


@pytest.mark.parametrize("style", ["canvas", FIGURE])
def test_transparent_is_transparent(qapp, project, analysis, style, tmp_path):
    for suffix in ("svg", "png"):
        options = PictureOptions(style, transparent=True, legend=True)
        render_picture(project, analysis, tmp_path / f"clear.{suffix}", options)
        render_picture(project, analysis, tmp_path / f"solid.{suffix}", replace(options, transparent=False))
    clear, solid = QImage(str(tmp_path / "clear.png")), QImage(str(tmp_path / "solid.png"))
    corners = [(0, 0), (clear.width() - 1, 0), (0, clear.height() - 1)]
    assert [clear.pixelColor(*at).alpha() for at in corners] == [0, 0, 0]
    assert [solid.pixelColor(*at).alpha() for at in corners] == [255, 255, 255]
    grounds = [_ground(tmp_path / f"{name}.svg") for name in ("clear", "solid")]
    assert grounds == [False, True]


def test_a_png_has_the_pixels_that_were_asked_for(qapp, project, analysis, tmp_path):
    sizes = []
    for scale in (1.0, 3.0):
        render_picture(project, analysis, tmp_path / "net.png", PictureOptions(FIGURE, scale=scale))
        sizes.append(QImage(str(tmp_path / "net.png")).width())
    assert sizes[1] == 3 * sizes[0]


@pytest.mark.parametrize("theme", THEMES)
def test_text_in_boxes_stands_out_in_every_theme(qapp, theme):
    picture = Picture(lenet5().project, Analysis(), PictureOptions(FIGURE, theme=theme))
    colors = picture.scene.colors
    for item in picture.scene.nodes.values():
        assert _contrast(colors("text"), colors.mix(item.card.color, "card", 0.14)) >= 7


def test_a_figure_has_no_badges(qapp, tmp_path):
    d = lenet5()
    broken = d.project.with_graph(d.graph.disconnect(d.graph.incoming(d.id("conv2"))))
    found = analyse(broken)
    assert found.errors
    texts = []
    for style in ("canvas", FIGURE):
        render_picture(broken, found, tmp_path / "net.svg", PictureOptions(style))
        texts.append(words(tmp_path / "net.svg"))
    assert "!" in texts[0] and "!" not in texts[1]


def _places(picture: Picture) -> dict:
    return {i: item.place for i, item in picture.scene.nodes.items()}


def _ground(path) -> bool:
    """Whether something as large as the picture is filled in it."""
    root = ElementTree.parse(path).getroot()
    width, height = (float(n) for n in root.get("viewBox").split()[2:])
    rects = (e for e in root.iter() if e.tag.endswith("rect"))
    return any(float(e.get("width")) >= width and float(e.get("height")) >= height for e in rects)


def _overlaps(bodies: list[QRectF]) -> bool:
    return any(a.intersects(b) for i, a in enumerate(bodies) for b in bodies[:i])


def _contrast(a, b) -> float:
    def light(color) -> float:
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color.getRgbF()[:3]]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    high, low = sorted((light(a), light(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_command_line_draws_figures_of_chosen_nodes(qapp, run, drawn, project_folder):
    path, picture = drawn(lenet5()), project_folder / "part.svg"
    words_of = ("--style", "figure", "--legend", "--transparent", "--width", "8", "--select", "conv1, tanh1")
    assert run("render", path, "-o", picture, *words_of)[0] == 0
    assert {"conv1", "tanh1", "Convolution"} <= words(picture) and "conv2" not in words(picture)
    assert not _ground(picture)
    assert run("render", path, "-o", project_folder / "net.png", "--scale", "0.5")[0] == 0
    assert QImage(str(project_folder / "net.png")).width() < 1000
    status, _, err = run("render", path, "-o", picture, "--select", "conv9")
    assert status == 1 and "There is no node 'conv9' in this drawing." in err


# ---- frames, notes and several outputs

TEXT = "# After LeCun\nwith **tanh**"


@pytest.fixture(scope="module")
def framed(project) -> Project:
    """The first stage of LeNet-5 in a frame, the features around it, a note in the frame, one far away."""
    graph = project.graph

    def area(*names: str, grow: float = 0.0):
        spots = [graph.node_named(name).position for name in names]
        left, top = min(x for x, _ in spots) - 16 - grow, min(y for _, y in spots) - 44 - 2 * grow
        right, bottom = max(x for x, _ in spots) + 164 + grow, max(y for _, y in spots) + 90 + grow
        return (left, top, right - left, bottom - top)

    stage = area("conv1", "tanh1", "pool1")
    marks = [
        Annotation("stage", FRAME, "First stage", stage),
        Annotation("all", FRAME, "Features", area("conv1", "tanh1", "pool1", "conv2", grow=20.0), "accent"),
        Annotation("inside", NOTE, "in here", (stage[0] + 4, stage[1] + 116, 60.0, 16.0)),
        Annotation("far", NOTE, TEXT, (0.0, -300.0, 200.0, 90.0)),
    ]
    return project.with_graph(with_look(graph, Look({mark.id: mark for mark in marks})))


def dressed(picture: Picture, kind: type) -> list:
    return [item for item in picture.scene.items() if isinstance(item, kind) and item.isVisible()]


def test_frames_are_outlines_and_notes_plain_text(qapp, framed, analysis, tmp_path):
    path = tmp_path / "net.svg"
    options = PictureOptions(FIGURE, legend=True)
    render_picture(framed, analysis, path, options)
    assert {"First stage", "Features", "After LeCun", "in here", "A part with a name"} <= words(path)
    assert "<image" not in path.read_text("utf-8")
    picture = Picture(framed, analysis, options)
    assert len(dressed(picture, FigureFrame)) == len(dressed(picture, FigureNote)) == 2
    assert not dressed(picture, AnnotationItem) and not dressed(picture, FrameTitle)
    image = Picture(framed, analysis, PictureOptions(FIGURE)).image(1.0)
    titles = [item.sceneBoundingRect() for item in dressed(picture, FigureTitle)]
    frames = [QRectF(*a.area) for a in framed.graph.look.annotations.values() if a.kind == FRAME]
    for shape in (item.sceneBoundingRect() for item in written(picture)):
        assert not any(shape.intersects(title) for title in titles)
        assert not any(shape.intersects(frame) and not frame.contains(shape) for frame in frames)
    corner = framed.graph.look.annotations["far"].area
    at = (round(corner[0] + 190 - picture.area.left()), round(corner[1] + 85 - picture.area.top()))
    assert image.pixelColor(*at) == picture.scene.colors("card")  # no sheet is behind the text


def test_the_text_of_a_note_is_as_large_as_its_area_allows(qapp):
    scene = CanvasScene(Colors("light"))
    sizes = []
    for height in (300.0, 40.0):
        note = FigureNote(
            NoteItem(scene, Annotation("n", NOTE, "one two three four " * 4, (0, 0, 200.0, height))), scene.colors
        )
        sizes.append(note.document.defaultFont().pixelSize())
    assert sizes == [NOTE_FONTS[0], NOTE_FONTS[-1]]


@pytest.mark.parametrize("style", ["canvas", FIGURE])
def test_a_part_keeps_the_frames_around_it_as_large_as_it_needs(qapp, framed, analysis, style):
    options = PictureOptions(style, nodes=ids(framed, "tanh1", "pool1", "conv2"))
    picture = Picture(framed, analysis, options)
    frames = picture.scene.annotations.items
    chosen = {framed.graph.nodes[i].name: picture.scene.nodes[i].body() for i in options.nodes}
    assert frames["stage"].area.contains(chosen["tanh1"]) and frames["stage"].area.contains(chosen["pool1"])
    assert frames["all"].area.contains(frames["stage"].area) and frames["all"].area.contains(chosen["conv2"])
    assert frames["stage"].area.width() < framed.graph.look.annotations["stage"].area[2]
    kept = {"canvas": (AnnotationItem, 2), FIGURE: ((FigureFrame, FigureNote), 2)}[style]
    assert len(dressed(picture, kept[0])) == kept[1]  # no note: half of its frame is missing


@pytest.mark.parametrize(
    ("nodes", "annotations", "names", "texts"),
    [
        (("conv1", "tanh1", "pool1"), (), {"conv1", "tanh1", "pool1"}, {"First stage", "Features", "in here"}),
        ((), ("stage",), {"conv1", "tanh1", "pool1"}, {"First stage", "Features", "in here"}),
        (("loss",), ("far",), {"loss"}, {"After LeCun"}),
        (("loss",), (), {"loss"}, set()),
    ],
)
def test_selected_frames_and_notes_are_in_a_part(qapp, framed, analysis, nodes, annotations, names, texts, tmp_path):
    path = tmp_path / "part.svg"
    options = PictureOptions(FIGURE, nodes=ids(framed, *nodes), annotations=frozenset(annotations))
    render_picture(framed, analysis, path, options)
    assert names <= words(path) and not {"fc1", "logits"} & words(path)
    assert words(path) & {"First stage", "Features", "in here", "After LeCun"} == texts


@pytest.mark.parametrize("flow", FLOWS)
def test_every_output_of_a_node_has_its_shape(qapp, flow, tmp_path):
    d = Drawing()
    d.add("nn.LSTM", "lstm", d.add("op.Input", "x", shape=(7, 16)), hidden_size=32)
    d.add("nn.ReLU", "relu", d.port("lstm", "output"))
    graph = with_look(d.graph, Look(flow=flow))
    shapes, sizes = card_shapes(graph, d.definitions.catalog), card_sizes(graph, d.definitions.catalog)
    project = d.project.with_graph(graph.move(tidy(graph, sizes=sizes, ports=shapes, flow=flow)))
    picture = Picture(project, analyse(project), PictureOptions(FIGURE))
    path = tmp_path / "net.svg"
    render_picture(project, analyse(project), path, PictureOptions(FIGURE))
    said = [item.text() for item in written(picture)]
    in_box = [word for word in words(path) if word.startswith(("h_n ", "c_n "))]
    assert said.count("7×32") == 1 and said.count("1×B×32") + len(in_box) == 2
    spot = picture.scene.nodes[d.id("lstm")].port_position("c_n", output=True)
    assert any(item.text() == "1×B×32" and _distance(item, spot) < 20 for item in written(picture))


def test_what_is_switched_off_is_explained_where_it_occurs(qapp, project, analysis, tmp_path):
    node = project.graph.node_named("tanh1")
    off = project.with_graph(project.graph.put(replace(node, bypassed=True)))
    for drawing, said in ((off, True), (project, False)):
        path = tmp_path / "net.svg"
        render_picture(drawing, analyse(drawing), path, PictureOptions(FIGURE, legend=True))
        assert ("Switched off: what arrives passes" in words(path)) is said
        assert "A part with a name" not in words(path)


def test_names_of_ports_in_one_line_share_it(qapp):
    """The rightmost pixel of the input and the leftmost one of the long output beside it are apart."""
    d = Drawing()
    d.add("nn.MultiheadAttention", "attention", num_heads=4)
    picture = Picture(d.project, analyse(d.project), PictureOptions(FIGURE))
    item = next(iter(picture.scene.nodes.values()))
    y = item.ports.inputs["key"]
    image = picture.image(4.0)
    area = QRectF(10, y - 7, item.ports.width - 20, 14).translated(QPointF(*item.place) - picture.area.topLeft())
    columns = range(round(area.left() * 4), round(area.right() * 4))
    rows = range(round(area.top() * 4), round(area.bottom() * 4))
    ground = image.pixelColor(columns[0], rows[0])
    inked = [any(image.pixelColor(x, row) != ground for row in rows) for x in columns]
    runs = [len(list(group)) for ink, group in groupby(inked) if not ink]
    assert max(runs[1:-1], default=0) >= 4 * 5


def _distance(item: QGraphicsSimpleTextItem, spot: tuple[float, float]) -> float:
    area = item.sceneBoundingRect()
    return max(area.left() - spot[0], spot[0] - area.right(), area.top() - spot[1], spot[1] - area.bottom(), 0.0)

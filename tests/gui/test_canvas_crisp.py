"""Cards from near and far: nothing is clipped, covered or run through, and ports can be level."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFontMetricsF, QImage, QPainter

from drawings import Drawing
from graph.bypassing import bypass
from graph.look import DOWN, FLOWS, FRAME, RIGHT, Annotation, Look, with_look
from graph.model import Project
from gui.canvas.annotations import LEGIBLE, FrameItem, title_chip
from gui.canvas.card import Card, card_of
from gui.canvas.geometry import HEIGHT, WIDTH, shape_of
from gui.canvas.marking import CHEVRON, Mood, chevron_center
from gui.canvas.painting import SWITCHED_OFF, _fitting, paint_card
from gui.canvas.palette import Colors, ui_font
from gui.canvas.scene import CanvasScene
from gui.theme import GRID


def painted(card: Card) -> QImage:
    """A card with 20 units around it."""
    image = QImage(round(card.shape.width) + 40, round(card.shape.height) + 40, QImage.Format.Format_RGB32)
    image.fill(Colors("dark")("canvas"))
    painter = QPainter(image)
    painter.translate(20, 20)
    paint_card(painter, card, Mood(), colors=Colors("dark"))
    painter.end()
    return image


def test_the_switch_of_a_card_covers_no_port_and_no_name_of_one(qapp):
    d = Drawing()
    d.add("nn.LSTM", "lstm")
    for flow in FLOWS:
        graph = with_look(d.graph, Look(flow=flow))
        shape = shape_of(graph, graph.node_named("lstm"))
        center = chevron_center(shape)
        switch = QRectF(center.x() - CHEVRON, center.y() - CHEVRON, 2 * CHEVRON, 2 * CHEVRON)
        assert switch.top() >= shape.text_top and switch.right() < shape.width
        assert not any(switch.contains(QPointF(*shape.spot(name, output=False))) for name in shape.inputs)


@pytest.mark.parametrize("flow", FLOWS)
def test_nothing_runs_through_the_name_of_a_card_that_is_switched_off(qapp, flow):
    d = Drawing()
    d.add("nn.ReLU", "b", d.add("nn.ReLU", "a"))
    off = bypass(with_look(d.graph, Look(flow=flow)), [d.id("b")], d.definitions.catalog, bypassed=True)
    shown = card_of(Project(off), off.nodes[d.id("b")], shape_of(off, off.nodes[d.id("b")]))
    assert shown.bypassed and shown.passing is not None
    ground = Colors("dark").mix("card", "canvas", SWITCHED_OFF)

    def disturbed(name: str) -> bool:
        """Whether something else than the ground is in the middle of the line of the name, from left to right of it."""
        image = painted(replace(shown, name=name))
        return any(image.pixelColor(x, 20 + 15) != ground for x in range(20 + 16, 20 + 100))

    assert disturbed("") and not disturbed("_" * 14)  # signs with nothing in the middle


def test_a_text_shrinks_a_little_before_it_is_shortened(qapp):
    font = ui_font(13, bold=True)
    width = QFontMetricsF(font).horizontalAdvance("a_rather_long_name")
    assert _fitting(font, "a_rather_long_name", width, 10.0).pixelSize() == 13
    smaller = _fitting(font, "a_rather_long_name", width - 4, 10.0)
    assert 10 <= smaller.pixelSize() < 13
    assert QFontMetricsF(smaller).horizontalAdvance("a_rather_long_name") <= width - 4
    assert _fitting(font, "a_rather_long_name", 10.0, 10.0).pixelSize() == 10


def test_from_afar_a_title_of_which_too_little_would_be_left_is_not_written(qapp):
    scene = CanvasScene(Colors("dark"))
    frame = FrameItem(scene, Annotation("f", FRAME, "Attention part", (0, 0, 300.0, 200.0)))
    for scale in (1.0, 0.5, 0.2, 0.1, 0.05):
        chip = title_chip(frame, scale)
        assert chip.isNull() == (300 * scale < LEGIBLE)
    short = FrameItem(scene, Annotation("g", FRAME, "A", (0, 0, 300.0, 200.0)))
    assert not title_chip(short, 0.12).isNull()  # all of it fits


@pytest.mark.parametrize(("flow", "middle"), [(RIGHT, HEIGHT / 2), (DOWN, WIDTH / 2)])
def test_all_ports_are_whole_steps_of_the_grid_from_the_middle_of_a_plain_card(qapp, flow, middle):
    d = Drawing()
    for kind in ("nn.LSTM", "nn.MultiheadAttention", "nn.ReLU", "nn.CrossEntropyLoss", "nn.Bilinear"):
        d.add(kind, kind.split(".")[1].lower())
    for count in (2, 3, 4):
        d.add("op.Concatenate", f"cat{count}", *[d.port("relu", "output")] * count)
    for small in (frozenset(), frozenset(d.graph.nodes)):
        graph = with_look(d.graph, Look(flow=flow, collapsed=small))
        for node in graph.nodes.values():
            shape = shape_of(graph, node, d.definitions.catalog)
            places = [*shape.inputs.values(), *shape.outputs.values()]
            assert [p for p in places if (p - middle) % GRID] == [], node.name
            edge = shape.height if flow == RIGHT else shape.width
            assert all(0 < p < edge for p in places)
            for side in (shape.inputs, shape.outputs):
                assert len(set(side.values())) == len(side)

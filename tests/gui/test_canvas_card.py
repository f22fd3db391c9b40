"""What cards say: summaries, shapes, counts, marks; and where ports are."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from PySide6.QtGui import QImage, QPainter

from drawings import IMAGES, Drawing
from graph.messages import msg
from graph.model import Graph, Link, Node, Port, Project
from graph.plan import Plan, Split
from graph.problems import Problem, Severity
from gui.canvas.card import Card, card_of
from gui.canvas.geometry import HEIGHT, shape_of, snap
from gui.canvas.living import Vital
from gui.canvas.painting import Colors, Mood, _name_end, paint_card
from runtime.analysis import NodeAnalysis, TensorSpec

FLOATS = TensorSpec(("B", 6, 28, 28), "float32")


def card(node: Node, graph: Graph | None = None, plan: Plan | None = None, **known) -> Card:
    graph = graph or Graph({node.id: node})
    return card_of(Project(graph, plan or Plan()), node, shape_of(graph, node), **known)


def test_the_summary_holds_the_values_that_matter():
    assert card(Node("n", "torch.nn.Conv2d", "c", {"out_channels": 16, "kernel_size": 5})).summary == "Conv2d 16, 5×5"
    assert card(Node("n", "torch.nn.Conv2d", "c", {"kernel_size": (3, 5)})).summary.endswith("3×5")


def test_the_summary_of_data_says_how_much_and_how_it_is_split():
    node = Node("n", "layerloom.data.Images", "digits", facts=IMAGES)
    plan = Plan(split=Split(0.6, 0.2, 0.2))
    assert card(node, plan=plan).summary == "1\u2009797 samples · 60/20/20"
    assert card(replace(node, facts=None)).summary == "no data yet"


def test_the_third_line_is_shape_and_parameters():
    shown = card(Node("n", "torch.nn.Conv2d", "c"), found=NodeAnalysis(outputs={"output": FLOATS}, parameters=2416))
    assert (shown.left, shown.right) == ("B×6×28×28", "2.4k")


def test_with_several_outputs_the_first_is_named():
    outputs = {"image": TensorSpec(("B", 1, 8, 8), "float32"), "label": TensorSpec(("B",), "int64")}
    shown = card(Node("n", "layerloom.data.Images", "d"), found=NodeAnalysis(outputs=outputs))
    assert shown.left == "image B×1×8×8"


@pytest.mark.parametrize(("value", "text"), [(0.0621, "0.0621"), (12345.6, "12\u2009346")])
def test_a_live_value_takes_the_place_of_the_shape(value, text):
    found = NodeAnalysis(outputs={"output": TensorSpec((), "float32")})
    shown = card(Node("n", "torch.nn.MSELoss", "loss"), found=found, vital=Vital(value))
    assert (shown.left, shown.right) == (text, "scalar")


def test_problems_mark_the_card_and_the_port():
    problems = [Problem("a", msg("x"), "n", "input", Severity.WARNING), Problem("b", msg("y"), "n")]
    shown = card(Node("n", "torch.nn.ReLU", "r"), problems=problems)
    assert (shown.severity, shown.faulty) == (Severity.ERROR, {"input"})
    assert card(Node("n", "torch.nn.ReLU", "r"), problems=problems[:1]).severity is Severity.WARNING
    assert card(Node("n", "torch.nn.ReLU", "r")).severity is None


def test_an_unknown_type_shows_its_id_and_the_ports_that_its_wires_name():
    nodes = [Node("a", "torch.nn.ReLU", "a"), Node("u", "acme.Twist", "u"), Node("b", "torch.nn.ReLU", "b")]
    links = [Link(Port("a", "output"), Port("u", "left")), Link(Port("u", "right"), Port("b", "input"))]
    graph = Graph({n.id: n for n in nodes}, {link.target: link for link in links})
    shown = card(nodes[1], graph)
    assert (shown.known, shown.summary) == (False, "acme.Twist")
    assert (list(shown.shape.inputs), list(shown.shape.outputs)) == (["left"], ["right"])


def test_ports_are_spread_and_cards_grow_with_them():
    d = Drawing()
    relu = d.add("nn.ReLU", "relu")
    assert list(shape_of(d.graph, d.graph.nodes[relu.node]).inputs.values()) == [HEIGHT / 2]
    feeders = [d.add("nn.ReLU", f"r{i}") for i in range(5)]
    add = d.add("op.Concatenate", "cat", *feeders)
    shape = shape_of(d.graph, d.graph.nodes[add.node])
    assert list(shape.inputs) == [f"input{i}" for i in range(6)]
    places = list(shape.inputs.values())
    assert shape.height > HEIGHT
    assert places[-1] < shape.height
    assert all(b - a >= 16 for a, b in pairwise(places))


def test_the_grid_has_four_units():
    assert snap((5.9, -2.1)) == (4, -4)


@pytest.mark.parametrize("scale", [0.6, 1.0, 2.0])
@pytest.mark.parametrize(("name", "is_drawn"), [("conv", True), ("a_layer_of_a_long_name", False)])
def test_a_curve_of_gradients_never_runs_through_a_name(qtbot, name, is_drawn, scale):
    def columns(curve: tuple[float, ...]) -> list[list[int]]:
        shown = card(Node("n", "torch.nn.Conv2d", name), vital=Vital(None, curve))
        image = QImage(round(shown.shape.width * scale), round(40 * scale), QImage.Format.Format_RGB32)
        image.fill(0)
        painter = QPainter(image)
        painter.scale(scale, scale)
        paint_card(painter, shown, Mood(), colors=Colors("dark"), scale=scale)
        painter.end()
        ends.append(_name_end(shown, scale) * scale)
        return [[image.pixel(x, y) for y in range(image.height())] for x in range(image.width())]

    ends: list[float] = []
    without, drawn = columns(()), columns(tuple(n % 2 for n in range(30)))
    changed = [x for x, (a, b) in enumerate(zip(without, drawn, strict=True)) if a != b]
    assert bool(changed) is is_drawn
    assert all(x > ends[0] for x in changed)

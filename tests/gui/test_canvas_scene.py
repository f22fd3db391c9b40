"""The scene follows the drawing and touches only what changed."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPixmap

from drawings import Drawing, with_images
from graph.layout import tidy
from graph.messages import msg
from graph.model import Graph, Link, Node, Port, Project
from graph.plan import Plan, Split
from graph.problems import Problem, Severity
from gui.canvas import items
from gui.canvas.geometry import card_sizes
from gui.canvas.hits import Hit
from gui.canvas.palette import Colors
from gui.canvas.scene import CanvasScene
from runtime.analysis import Analysis, NodeAnalysis, TensorSpec

FLOATS = TensorSpec(("B", 8, 28, 28), "float32")


@pytest.fixture
def scene(qapp):
    return CanvasScene(Colors("dark"))


@pytest.fixture
def chain() -> Drawing:
    """a -> b -> c, and d alone."""
    d = Drawing()
    port = d.add("nn.ReLU", "a")
    for name in "bc":
        port = d.add("nn.Linear", name, port)
    d.add("nn.ReLU", "d")
    d.graph = d.graph.move({node: (200.0 * i, 0.0) for i, node in enumerate(d.graph.nodes)})
    return d


def repainted(scene: CanvasScene, monkeypatch) -> list[str]:
    """Names of nodes whose cards are asked anew from here on."""
    names: list[str] = []
    ask = scene.card
    monkeypatch.setattr(scene, "card", lambda item: (names.append(item.node.name), ask(item))[1])
    return names


def test_it_shows_what_is_there(scene, chain):
    scene.show_project(chain.project)
    assert scene.nodes.keys() == chain.graph.nodes.keys()
    assert scene.wires.keys() == set(chain.graph.links.values())
    assert scene.bounds().width() == 600 + 148
    scene.show_project(Project())
    assert (scene.nodes, scene.wires) == ({}, {})
    assert scene.bounds().isNull()


def test_items_survive_edits_elsewhere(scene, chain):
    scene.show_project(chain.project)
    before, wires = dict(scene.nodes), dict(scene.wires)
    scene.show_project(Project(chain.graph.set_params(chain.id("b"), {"out_features": 5}).remove([chain.id("d")])))
    assert all(scene.nodes[i] is before[i] for i in scene.nodes)
    assert all(scene.wires[k] is wires[k] for k in scene.wires)
    assert scene.nodes[chain.id("b")].card.summary == "Linear 5"


def test_moving_a_node_takes_its_wires_along(scene, chain):
    scene.show_project(chain.project)
    scene.show_project(Project(chain.graph.move({chain.id("b"): (200.0, 300.0)})))
    for wire in scene.wires.values():
        for port, output, corner in ((wire.link.source, True, 0), (wire.link.target, False, -1)):
            assert scene.nodes[port.node].port_position(port.name, output=output) == wire.route.points[corner]


def test_an_edit_asks_only_the_changed_card(scene, chain, monkeypatch):
    scene.show_project(chain.project)
    for item in scene.nodes.values():
        assert item.card
    asked = repainted(scene, monkeypatch)
    scene.show_project(Project(chain.graph.rename(chain.id("c"), "z")))
    assert [item.card.name for item in scene.nodes.values()] == ["a", "b", "z", "d"]
    assert asked == ["z"]


def test_an_analysis_asks_only_cards_with_news(scene, chain, monkeypatch):
    scene.show_project(chain.project)
    scene.show_analysis(Analysis({chain.id(n): NodeAnalysis(outputs={"output": FLOATS}) for n in "abc"}))
    for item in scene.nodes.values():
        assert item.card
    asked = repainted(scene, monkeypatch)
    news = {chain.id(n): NodeAnalysis(outputs={"output": FLOATS}, parameters=int(n == "b")) for n in "abc"}
    scene.show_analysis(Analysis(news, (Problem("p", msg("x"), chain.id("c")),)))
    cards = {item.card.name: item.card for item in scene.nodes.values()}
    assert sorted(asked) == ["b", "c"]
    assert cards["b"].right == "1"
    assert cards["c"].severity is Severity.ERROR
    scene.show_analysis(Analysis(news))
    assert scene.nodes[chain.id("c")].card.severity is None


def test_data_cards_follow_the_split(scene):
    d, _, _ = with_images()
    scene.show_project(d.project)
    (item,) = scene.nodes.values()
    assert item.card.summary.endswith("70/10/20")
    scene.show_project(d.project.with_plan(Plan(split=Split(0.8, 0.1, 0.1))))
    assert item.card.summary.endswith("80/10/10")


def test_wires_know_their_shape_and_write_it_where_there_is_room(scene, chain):
    graph = chain.graph.move({chain.id("c"): (0.0, 200.0)})
    scene.show_project(Project(graph))
    scene.show_analysis(Analysis({chain.id(n): NodeAnalysis(outputs={"output": FLOATS}) for n in "abc"}))
    short, long = (graph.incoming(chain.id(n))[0] for n in "bc")
    assert scene.wires[short].spec == scene.wires[long].spec == FLOATS
    assert (scene.wires[short].label, scene.wires[long].label) == ("", "B×8×28×28")
    scene.show_analysis(Analysis())
    assert scene.wires[long].label == ""


def test_label_wires_are_set_apart(scene):
    d, image, label = with_images()
    score = d.add("nn.Linear", "fc", image)
    loss = d.add("nn.CrossEntropyLoss", "loss", score, label)
    scene.show_project(d.project)
    apart = {link.target: wire.carries_labels for link, wire in scene.wires.items()}
    assert apart[Port(loss.node, "target")] is True
    assert apart[Port(loss.node, "input")] is False


def test_variadic_nodes_offer_one_more_port(scene):
    d = Drawing()
    sources = [d.add("nn.ReLU", name) for name in ("r0", "r1", "r2")]
    cat = d.add("op.Concatenate", "cat", sources[0])
    scene.show_project(d.project)
    item = scene.nodes[cat.node]
    assert list(item.ports.inputs) == ["input0", "input1"]
    for number in (1, 2):
        d.graph = d.graph.connect(Link(sources[number], Port(cat.node, f"input{number}")))
        scene.show_project(d.project)
    assert list(item.ports.inputs) == ["input0", "input1", "input2", "input3"]
    wire = scene.wires[Link(sources[0], Port(cat.node, "input0"))]
    assert wire.route.points[-1] == item.port_position("input0", output=False)


def test_selection_and_live_values(scene, chain):
    scene.show_project(chain.project)
    link = chain.graph.incoming(chain.id("b"))[0]
    scene.show_selection(frozenset({chain.id("a")}), frozenset({link}))
    assert [item.mood.selected for item in scene.nodes.values()] == [True, False, False, False]
    assert [wire.selected for wire in scene.wires.values()] == [True, False]
    scene.show_selection(frozenset(), frozenset())
    assert not any(item.mood.selected for item in scene.nodes.values())
    scene.living.show_live({"c": 0.25})
    assert scene.nodes[chain.id("c")].card.left == "0.2500"
    scene.living.show_live({})
    assert scene.nodes[chain.id("c")].card.left == ""


def test_hits_find_the_uppermost_thing(scene, chain):
    scene.show_project(chain.project)
    a, b = chain.id("a"), chain.id("b")
    scene.show_analysis(Analysis(problems=(Problem("p", msg("x"), a),)))
    assert scene.hit(QPointF(74, 33), 5).node == a
    assert scene.hit(QPointF(148, 35), 5)[:3] == (a, Port(a, "output"), True)
    assert scene.hit(QPointF(198, 33), 5)[:3] == (b, Port(b, "input"), False)
    assert scene.hit(QPointF(145, 3), 5).on_badge
    assert scene.hit(QPointF(174, 31), 5).link == chain.graph.incoming(b)[0]
    assert scene.hit(QPointF(174, -60), 5) == Hit()


def test_a_document_with_the_same_ids_replaces_types_and_ports(scene):
    d = Drawing()
    d.add("nn.ReLU", "x")
    scene.show_project(d.project)
    node = d.graph.nodes[d.id("x")]
    other = Graph({node.id: Node(node.id, "layerloom.data.Images", "x")})
    scene.show_project(Project(other))
    assert scene.nodes[node.id].ports.inputs == {}
    assert scene.nodes[node.id].card.color == "data"


def test_pictures_are_kept_within_a_budget(scene, chain, monkeypatch):
    monkeypatch.setattr(items, "PICTURE_BUDGET", 4 * 100)
    pictures = items.Pictures()
    for key in range(6):
        pictures.put(key, QPixmap(5, 10))
    assert [key for key in range(6) if pictures.get(key)] == [4, 5]


def test_labels_run_below_tall_cards_even_after_tidying_up(scene):
    d, image, label = with_images("Sequence")
    rows = d.add("nn.Flatten", "rows", image, start_dim=1, end_dim=2)
    d.add("nn.LSTM", "lstm", rows, hidden_size=12)
    d.add("nn.CrossEntropyLoss", "loss", d.add("nn.Linear", "fc", d.port("lstm", "output")), label)
    scene.show_project(d.project)
    sizes = card_sizes(d.graph, scene.catalog)
    scene.show_project(Project(d.graph.move(tidy(d.graph, sizes=sizes)), plan=d.project.plan))
    (wire,) = (wire for wire in scene.wires.values() if wire.carries_labels)
    assert max(y for _, y in wire.route.points) > scene.nodes[d.id("lstm")].body().bottom()

"""What says the same, to the byte, and what does not; and that it is found out fast."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from drawings import lenet5
from graph import files
from graph.limits import check_limits
from graph.look import NOTE, Annotation, Look, with_look
from graph.model import Block, BlockParam, Graph, Link, Node, Port, Project
from graph.sameness import new_texts, same

LENET = lenet5().project
COUNT = 5_000


def test_a_copy_to_the_last_part_is_the_same():
    one, other = (files.from_text(files.to_text(LENET)) for _ in range(2))
    assert one is not other and same(one, other)


def changes() -> dict[str, Project]:
    graph = LENET.graph
    conv1 = graph.node_named("conv1")
    note = Annotation("a1", NOTE, "x", (0.0, 0.0, 9.0, 9.0))
    backwards = dict(reversed(graph.nodes.items()))
    return {
        "name": replace(LENET, name="Other"),
        "position": LENET.with_graph(graph.move({conv1.id: (7.0, 7.0)})),
        "parameter": LENET.with_graph(graph.set_params(conv1.id, {"out_channels": 7})),
        "order": LENET.with_graph(replace(graph, nodes=backwards)),
        "wire": LENET.with_graph(graph.disconnect(graph.incoming(conv1.id))),
        "note": LENET.with_graph(with_look(graph, Look({"a1": note}))),
        "plan": LENET.with_plan(replace(LENET.plan, epochs=77)),
        "block": LENET.with_block(Block("b1", "Block")),
    }


@pytest.mark.parametrize("changed", changes().values(), ids=changes())
def test_a_change_is_seen(changed):
    assert not same(changed, LENET) and not same(LENET, changed)


def test_one_and_one_point_zero_and_true_are_three_things():
    """The default of a parameter decides what it takes."""
    made = [LENET.with_block(Block("b1", "B", params=(BlockParam("a", default),))) for default in (1, 1.0, True)]
    assert [[same(a, b) for a in made] for b in made] == [[a is b for a in made] for b in made]


def test_only_new_texts_are_found():
    node = Node("n1", "torch.nn.ReLU", "relu1", {"a": "old", "b": ("x", 1)})
    changed = replace(node, name="relu2", params={**node.params, "a": "new"})
    assert sorted(new_texts(Graph({"n1": changed}), Graph({"n1": node}))) == ["new", "relu2"]


def chain() -> Project:
    nodes = {f"n{i}": Node(f"n{i}", "torch.nn.ReLU", f"relu{i}", {"a": 1}, (float(i), 0.0)) for i in range(COUNT)}
    links = (Link(Port(f"n{i}", "output"), Port(f"n{i + 1}", "input")) for i in range(COUNT - 1))
    return Project(Graph(nodes, {link.target: link for link in links}))


def test_a_push_in_a_large_drawing_takes_no_longer_than_before():
    project = chain()
    graph, last = project.graph, f"n{COUNT - 1}"
    edits = {
        "parameter": graph.set_params(last, {"a": 2}),
        "move all": graph.move({i: (x + 4.0, y) for i, node in graph.nodes.items() for x, y in [node.position]}),
        "add": graph.add(Node("new", "torch.nn.ReLU", "new")),
        "remove": graph.remove([last]),
        "disconnect": graph.disconnect(graph.incoming(last)),
    }
    for what, edited in edits.items():
        changed, times, looks = project.with_graph(edited), [], []
        for _ in range(20):
            began = time.perf_counter()
            assert all(node.params is not None for node in graph.nodes.values())
            looked = time.perf_counter()
            check_limits(changed, project)
            assert not same(changed, project)
            times.append(time.perf_counter() - looked)
            looks.append(looked - began)
        assert min(times) < 8 * min(looks), what

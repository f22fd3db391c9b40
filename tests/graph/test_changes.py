"""The difference of two drawings says what an edit did, and costs little."""

from __future__ import annotations

import time
from dataclasses import replace

from hypothesis import given, settings

from amount import many
from block_drawings import showcase
from drawings import lenet5
from generated import graphs
from graph.changes import Changes, diff, means_the_same
from graph.model import Graph, Link, Node, Port
from graph.plan import Choice

LENET = lenet5().graph


def test_no_edit_no_change():
    assert not diff(LENET, LENET)
    assert not diff(LENET, LENET.move({}))
    same = replace(LENET, nodes={k: replace(v) for k, v in LENET.nodes.items()}, links=dict(LENET.links))
    assert not diff(LENET, same)


def test_projects_mean_the_same_only_if_their_blocks_and_beginnings_do():
    project = showcase()
    block = project.blocks["b1"]
    conv = block.graph.node_named("conv1").id
    moved = project.with_block(replace(block, graph=block.graph.move({conv: (9.0, 9.0)})))
    assert means_the_same(project, moved)
    assert means_the_same(project, replace(project, name="Other"))
    for changed in (
        project.with_block(replace(block, graph=block.graph.set_params(conv, {"bias": False}))),
        project.with_block(replace(block, name="Stage")),
        replace(project, definitions=project.definitions.remove("b1")),
        replace(project, weight_init=Choice("orthogonal", {})),
    ):
        assert not means_the_same(project, changed)


def test_adding_and_removing():
    bigger = LENET.add(Node("n99", "torch.nn.ReLU", "relu1"))
    assert diff(LENET, bigger) == Changes(added=("n99",))
    assert diff(bigger, LENET) == Changes(removed=("n99",))


def test_moving_is_not_changing():
    assert diff(LENET, LENET.move({"n2": (5, 5)})) == Changes(moved=("n2",))
    assert diff(LENET, LENET.rename("n2", "first")) == Changes(changed=("n2",))
    both = LENET.set_params("n2", {"bias": False}).move({"n2": (1, 2)})
    assert diff(LENET, both) == Changes(changed=("n2",), moved=("n2",))
    assert diff(LENET, LENET.set_facts("n1", None)) == Changes(changed=("n1",))


def test_a_wire_that_goes_elsewhere_was_removed_and_added():
    old = LENET.links[Port("n3", "input")]
    new = Link(Port("n1", "image"), Port("n3", "input"))
    rewired = LENET.disconnect([old]).connect(new)
    assert diff(LENET, rewired) == Changes(added_links=(new,), removed_links=(old,))


def test_removing_a_node_takes_its_wires():
    changes = diff(LENET, LENET.remove(["n2"]))
    assert changes.removed == ("n2",)
    assert set(changes.removed_links) == {*LENET.incoming("n2"), *LENET.outgoing("n2")}


@settings(max_examples=many(50))
@given(graphs(), graphs())
def test_the_changes_lead_from_one_drawing_to_the_other(old, new):
    changes = diff(old, new)
    assert old.nodes.keys() - set(changes.removed) | set(changes.added) == new.nodes.keys()
    assert set(old.links.values()) - set(changes.removed_links) | set(changes.added_links) == set(new.links.values())
    touched = {*changes.changed, *changes.moved, *changes.added}
    assert all(old.nodes[key] == node for key, node in new.nodes.items() if key not in touched)


def test_5000_nodes_are_compared_about_as_fast_as_a_loop_over_them():
    nodes = {f"n{i}": Node(f"n{i}", "t", f"a{i}") for i in range(5000)}
    links = (Link(Port(f"n{i}", "output"), Port(f"n{i + 1}", "input")) for i in range(4999))
    graph = Graph(nodes, {link.target: link for link in links})
    moved = graph.move({"n7": (1, 1)}).disconnect([graph.links[Port("n9", "input")]])
    found, by_hand = [], []
    for _ in range(9):
        start = time.thread_time()
        changes = diff(graph, moved)
        middle = time.thread_time()
        others = [key for key, node in graph.nodes.items() if moved.nodes.get(key) is not node]
        others += [key for key, link in graph.links.items() if moved.links.get(key) is not link]
        found.append(middle - start)
        by_hand.append(time.thread_time() - middle)
    assert len(others) == 2 and changes == Changes(moved=("n7",), removed_links=(graph.links[Port("n9", "input")],))
    assert min(found) < 10 * min(by_hand)

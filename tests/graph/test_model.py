"""The drawing as a value: edits give new ones, and nonsense is refused."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from graph import names as names_module
from graph.messages import EditError
from graph.model import Graph, Node, Port, Project
from graph.names import MAX_NAME, MODULE_ATTRIBUTES, Names, check_name, first_free
from graph.plan import Plan
from tiny import draw, link, node

GRAPH = draw("a > b", "b > c", "a > c", a="given", b="times", c="minus")


def test_an_edit_leaves_the_old_value_alone():
    before = Graph(dict(GRAPH.nodes), dict(GRAPH.links))
    for edited in (
        GRAPH.add(node("d", "times")),
        GRAPH.remove(["b"]),
        GRAPH.disconnect([link("a.out", "b.x")]),
        GRAPH.set_params("b", {"factor": 3}),
        GRAPH.rename("b", "other"),
        GRAPH.move({"b": (1, 2)}),
        GRAPH.set_facts("a", {}),
    ):
        assert edited != GRAPH
    assert before == GRAPH


def test_wires_of_a_node():
    assert GRAPH.inputs("c") == {"x": Port("b", "out"), "y": Port("a", "out")}
    assert [wire.target for wire in GRAPH.outgoing("a")] == [Port("b", "x"), Port("c", "y")]
    assert [wire.source.node for wire in GRAPH.incoming("c")] == ["b", "a"]
    assert GRAPH.incoming("a") == GRAPH.outgoing("c") == GRAPH.outgoing("gone") == ()


def test_removing_a_node_takes_its_wires():
    graph = GRAPH.remove(["b", "gone"])
    assert list(graph.nodes) == ["a", "c"]
    assert list(graph.links.values()) == [link("a.out", "c.y")]


def test_connect_and_disconnect():
    bare = GRAPH.disconnect(GRAPH.links.values())
    assert bare.links == {}
    graph = bare.connect(link("a.out", "c.x"))
    assert graph.inputs("c") == {"x": Port("a", "out")}
    assert graph.disconnect([link("a.out", "c.y")]) == graph
    with pytest.raises(EditError, match="Input 'x' of 'c' has a wire already"):
        graph.connect(link("b.out", "c.x"))
    with pytest.raises(EditError, match="no node 'gone'"):
        graph.connect(link("gone.out", "c.y"))


def test_parameters_are_set_and_reset():
    graph = GRAPH.set_params("b", {"factor": 3, "bias": True}).reset_params("b", ["factor", "gone"])
    assert graph.nodes["b"].params == {"bias": True}


def test_moving_gives_floats():
    assert GRAPH.move({"a": (1, 2)}).nodes["a"].position == (1.0, 2.0)


@pytest.mark.parametrize(
    "edit",
    [
        lambda g: g.set_params("gone", {}),
        lambda g: g.reset_params("gone", []),
        lambda g: g.set_facts("gone", None),
        lambda g: g.rename("gone", "x1"),
        lambda g: g.move({"gone": (0, 0)}),
        lambda g: g.put(node("gone", "times")),
    ],
)
def test_a_node_that_is_not_there_is_an_error(edit):
    with pytest.raises(EditError, match="There is no node 'gone'"):
        edit(GRAPH)


def test_ids_and_names_are_taken_once():
    with pytest.raises(EditError, match="the id 'a' exists already"):
        GRAPH.add(Node("a", "times", "fresh"))
    with pytest.raises(EditError, match="Another node is called 'a'"):
        GRAPH.add(Node("fresh", "times", "a"))
    with pytest.raises(EditError, match="Another node is called 'a'"):
        GRAPH.rename("b", "a")
    assert GRAPH.rename("b", "b") == GRAPH


def test_free_names_and_ids():
    graph = Graph().add(Node("n1", "times", "t1")).add(Node("n7", "times", "t3")).add(Node("other", "times", "t2"))
    assert graph.free_name("t") == "t4"
    assert graph.free_id() == "n8"
    assert Graph().free_id() == "n1"
    assert graph.node_named("t3").id == "n7"
    assert graph.node_named("t9") is None


def test_a_part_keeps_the_wires_inside_it():
    part = GRAPH.only(["a", "c"])
    assert list(part.nodes) == ["a", "c"]
    assert list(part.links.values()) == [link("a.out", "c.y")]


def test_merging_makes_copies_with_fresh_names():
    merged, ids = GRAPH.merge(GRAPH.only(["a", "b"]), (10, 20))
    assert len(set(ids.values()) | GRAPH.nodes.keys()) == 5
    assert merged.inputs(ids["b"]) == {"x": Port(ids["a"], "out")}
    assert merged.nodes[ids["a"]].position == (10, 20)
    assert len(merged.names) == 5
    assert merged.only(GRAPH.nodes) == GRAPH


@pytest.mark.parametrize("name", ["conv1", "x", "Layer_2", "a" * MAX_NAME])
def test_names_that_python_takes(name):
    check_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", "1x", "a-b", "a b", "é", "ﬁ", "_x", "__class__"),
        "a" * (MAX_NAME + 1),
        "for",
        "match",
        "None",
        "forward",
        "nn",
    ],
)
def test_names_that_would_break_the_code_are_refused(name):
    with pytest.raises(EditError):
        check_name(name)


def test_no_attribute_of_a_module_can_be_a_name():
    attributes = {name for name in dir(nn.Module) if not name.startswith("_")}
    instance = {name for name in vars(nn.Module()) if not name.startswith("_")}
    assert attributes | instance <= MODULE_ATTRIBUTES


def test_a_project_without_change_is_the_same_object():
    project = Project(GRAPH)
    assert project.with_graph(GRAPH) is project
    assert project.with_plan(project.plan) is project
    assert project.with_plan(Plan(epochs=3)).plan.epochs == 3
    assert project.with_graph(Graph()).graph.nodes == {}


def kinship(graph: Graph) -> dict[str, str | None]:
    return {node.id: node.shares for node in graph.nodes.values()}


def row(*types: str) -> Graph:
    """Nodes a, b, c, ... of these types, each with another factor."""
    nodes = [
        Node(letter, type_id, letter, {"factor": i})
        for i, (letter, type_id) in enumerate(zip("abcdef", types, strict=False))
    ]
    return Graph({n.id: n for n in nodes})


def test_sharing_nodes_have_the_weights_and_the_settings_of_the_first():
    graph = row("times", "times", "weight", "times").share(["d", "c", "b"])
    assert kinship(graph) == {"a": None, "b": None, "c": "b", "d": "b"}
    assert [n.params["factor"] for n in graph.nodes.values()] == [0, 1, 2, 1]  # another type keeps its own
    assert [n.id for n in graph.kin("d")] == [n.id for n in graph.kin("b")] == ["b", "c", "d"]
    assert [n.id for n in graph.kin("a")] == ["a"]


def test_sharing_joins_what_shares_already():
    graph = row(*["times"] * 5).share(["b", "c"]).share(["d", "e"]).share(["a", "e"])
    assert kinship(graph) == {"a": None, "b": None, "c": "b", "d": "a", "e": "a"}
    graph = graph.share(["c", "d"])
    assert kinship(graph) == {"a": None, "b": "a", "c": "a", "d": "a", "e": "a"}
    assert graph.share(["a", "b"]) == graph


def test_sharing_needs_two():
    for ids in ([], ["a"], ["a", "gone"], ["a", "a"]):
        with pytest.raises(EditError, match="at least two nodes"):
            row("times", "times").share(ids)


def test_settings_of_sharing_nodes_change_together():
    graph = row("times", "times", "weight").share(["a", "b", "c"])
    assert [n.params["factor"] for n in graph.set_params("b", {"factor": 9}).nodes.values()] == [9, 9, 2]
    assert [n.params for n in graph.reset_params("a", ["factor"]).nodes.values()] == [{}, {}, {"factor": 2}]
    assert [n.params["factor"] for n in graph.set_params("c", {"factor": 9}).nodes.values()] == [0, 0, 9]


@pytest.mark.parametrize("edit", [Graph.remove, Graph.unshare])
def test_what_is_left_goes_on_sharing(edit):
    graph = row(*["times"] * 4).share(["a", "b", "c", "d"])
    rest = {k: v for k, v in kinship(edit(graph, ["a"])).items() if k != "a"}
    assert rest == {"b": None, "c": "b", "d": "b"}
    rest = {k: v for k, v in kinship(edit(graph, ["c"])).items() if k != "c"}
    assert rest == {"a": None, "b": "a", "d": "a"}
    rest = {k: v for k, v in kinship(edit(graph, ["a", "b", "c"])).items() if k == "d"}
    assert rest == {"d": None}


def test_giving_a_node_its_own_weights_leaves_the_rest_of_it():
    graph = row("times", "times").share(["a", "b"])
    alone = graph.unshare(["b", "gone"])
    assert kinship(alone) == {"a": None, "b": None} and alone.nodes["b"].params == graph.nodes["b"].params
    assert list(graph.unshare(["a"]).nodes) == ["a", "b"]


def test_a_copy_shares_within_itself_and_a_part_has_an_heir():
    graph = row(*["times"] * 3).share(["a", "b", "c"])
    merged, ids = graph.merge(graph)
    assert [merged.nodes[ids[i]].shares for i in "abc"] == [None, ids["a"], ids["a"]]
    part = graph.only(["b", "c"])
    assert kinship(part) == {"b": None, "c": "b"}
    merged, ids = graph.merge(part)
    assert [merged.nodes[ids[i]].shares for i in "bc"] == [None, ids["b"]]


edits = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 5)),
        st.tuples(st.just("remove"), st.integers(0, 5)),
        st.tuples(st.just("wire"), st.integers(0, 5), st.integers(0, 5)),
    ),
    max_size=20,
)


@given(edits)
def test_every_wire_has_both_ends_and_every_name_is_taken_once(steps):
    graph = Graph()
    for kind, *numbers in steps:
        names = [f"n{number}" for number in numbers]
        try:
            if kind == "add":
                graph = graph.add(node(names[0], "sum"))
            elif kind == "remove":
                graph = graph.remove(names)
            else:
                graph = graph.connect(link(f"{names[0]}.out", f"{names[1]}.term0"))
        except EditError:
            continue
    assert len(graph.names) == len(graph.nodes)
    assert all(end.node in graph.nodes for wire in graph.links.values() for end in wire)
    assert all(target == wire.target for target, wire in graph.links.items())


@given(
    st.lists(st.sampled_from(["a", "a1", "a2", "a12", "b", "b07"]), max_size=12),
    st.sets(st.sampled_from(["a", "a2", "b1"])),
)
def test_names_are_given_as_if_all_were_looked_through(wishes, taken):
    names, reference = Names(taken), set(taken)
    for wish in wishes:
        expected = wish if wish not in reference else first_free(wish.rstrip("0123456789"), reference)
        reference.add(expected)
        assert names.take(wish) == expected


def test_a_copy_of_a_large_drawing_does_not_try_every_name_again(monkeypatch):
    tried = []
    monkeypatch.setattr(names_module, "count", lambda first: (tried.append(i) or i for i in itertools.count(first)))
    many = [f"conv{i}" for i in range(1, 501)]
    names = Names(many)
    assert [names.take(name) for name in many] == [f"conv{i}" for i in range(501, 1001)]
    assert len(tried) == 1000

"""How a drawing looks: it survives files and the clipboard, follows what is removed, and is undone like anything else."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amount import many
from drawings import lenet5
from graph import files
from graph.catalog import CATALOG
from graph.changes import diff
from graph.history import History
from graph.look import DOWN, FRAME, NOTE, RIGHT, Annotation, Look, with_look
from graph.messages import FileError, msg
from graph.model import Block, Graph, Port, Project

FLOATS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: x + 0.0)
SIZES = st.floats(1.0, 1e5)
AREAS = st.tuples(FLOATS, FLOATS, SIZES, SIZES)
TEXTS = st.text(max_size=60).map(lambda text: text.encode("utf-8", "ignore").decode())


def looks(graph: Graph) -> st.SearchStrategy[Look]:
    """Looks that fit a drawing."""

    def annotations(entries) -> dict[str, Annotation]:
        return {f"a{i}": Annotation(f"a{i}", *entry) for i, entry in enumerate(entries)}

    entries = st.tuples(st.sampled_from([FRAME, NOTE]), TEXTS, AREAS, st.sampled_from(["", "accent", "good"]))
    ports = st.sampled_from(sorted(graph.links))
    points = st.lists(st.tuples(FLOATS, FLOATS), min_size=1, max_size=3).map(tuple)
    return st.builds(
        Look,
        annotations=st.lists(entries, max_size=4).map(annotations),
        bends=st.dictionaries(ports, points, max_size=3),
        collapsed=st.frozensets(st.sampled_from(sorted(graph.nodes))),
        flow=st.sampled_from([RIGHT, DOWN]),
    )


DRAWING = lenet5().project
LOOKS = looks(DRAWING.graph)


@settings(max_examples=many(100), deadline=None)
@given(LOOKS, LOOKS)
def test_a_look_survives_a_file_here_and_in_a_block(look, inner):
    block = Block("b1", "Inner", with_look(DRAWING.graph, inner))
    project = replace(DRAWING.with_graph(with_look(DRAWING.graph, look))).with_block(block)
    text = files.to_text(project)
    again = files.from_text(text)
    assert again.graph.look == look
    assert again.blocks["b1"].graph.look == inner
    assert files.to_text(again) == text


@settings(max_examples=many(50), deadline=None)
@given(LOOKS)
def test_a_look_survives_the_clipboard(look):
    graph = with_look(DRAWING.graph, look)
    assert files.part_from_text(files.part_to_text(graph), CATALOG)[0] == graph


def test_a_plain_drawing_says_nothing_of_its_look():
    text = files.to_text(DRAWING)
    assert not any(word in text for word in ("annotations", "bends", "collapsed", "flow", "bypassed"))


@pytest.fixture
def graph() -> Graph:
    """LeNet-5 with one of everything."""
    graph = lenet5().graph
    conv2 = graph.node_named("conv2").id
    look = Look(
        {
            "a1": Annotation("a1", FRAME, "Head", (0.0, 0.0, 100.0, 50.0), "accent"),
            "a2": Annotation("a2", NOTE, "x", (5.0, 5.0, 9.0, 9.0)),
        },
        {Port(conv2, "input"): ((3.0, 4.0),)},
        frozenset({conv2}),
    )
    return with_look(graph, look)


def test_removing_a_node_takes_along_what_is_said_of_it(graph):
    conv2 = graph.node_named("conv2").id
    left = graph.remove([conv2])
    assert (left.look.bends, left.look.collapsed) == ({}, frozenset())
    assert left.look.annotations == graph.look.annotations
    cut = graph.disconnect(graph.incoming(conv2))
    assert (cut.look.bends, cut.look.collapsed) == ({}, {conv2})


def test_a_wire_that_gets_another_source_keeps_its_corners(graph):
    conv2 = graph.node_named("conv2").id
    assert graph.move({conv2: (9.0, 9.0)}).look is graph.look
    assert graph.rename(conv2, "other").look is graph.look


def test_a_copy_has_the_look_of_its_original(graph):
    pool1, conv2 = graph.node_named("pool1").id, graph.node_named("conv2").id
    merged, ids = graph.merge(graph.only([pool1, conv2], ["a1"]), (24.0, 8.0))
    assert merged.look.bends[Port(ids[conv2], "input")] == ((27.0, 12.0),)
    assert merged.look.bends[Port(conv2, "input")] == ((3.0, 4.0),)
    assert merged.look.collapsed == {conv2, ids[conv2]}
    assert merged.look.annotations["a3"] == Annotation("a3", FRAME, "Head", (24.0, 8.0, 100.0, 50.0), "accent")
    assert merged.look.annotations.keys() == {"a1", "a2", "a3"}


def test_what_is_not_copied_is_not_spoken_of(graph):
    part = graph.only([graph.node_named("conv2").id])
    assert (part.look.annotations, part.look.bends) == ({}, {})


def test_a_look_is_undone_and_means_nothing(graph):
    project, text = Project(graph), msg("Move")
    history = History(project)
    changed = project.with_graph(with_look(graph, graph.look.without(["a1"])))
    history.push(changed, text)
    history.undo()
    assert history.value is project
    changes = diff(project.graph, changed.graph)
    assert changes.looks and not changes.in_meaning and changes


def test_a_look_that_is_the_same_makes_no_new_value(graph):
    assert with_look(graph, replace(graph.look)) is graph


def test_a_bend_without_points_is_none():
    port = Port("n1", "input")
    assert Look().bend(port, [(1, 2)]).bend(port, ()) == Look()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"kind": "frame"', '"kind": "cloud"', "cloud|frame, note"),
        ('"id": "a2"', '"id": "a1"', "a1"),
        ('"flow": "down"', '"flow": "up"', "right, down"),
    ],
)
def test_a_file_with_a_wrong_look_is_refused(graph, old, new, reason):
    text = files.to_text(Project(with_look(graph, replace(graph.look, flow=DOWN))))
    assert old in text
    with pytest.raises(FileError, match=reason):
        files.from_text(text.replace(old, new, 1))


def test_what_a_file_says_of_nodes_that_are_not_there_is_passed_over(graph):
    text = files.to_text(Project(graph))
    conv2 = graph.node_named("conv2").id
    looks = files.from_text(text.replace(f'"collapsed": [\n      "{conv2}"', '"collapsed": [\n      "n999"')).graph.look
    assert looks.collapsed <= {conv2}
    assert looks.annotations == graph.look.annotations


def test_thousands_of_notes_are_pasted_at_once(graph):
    notes = {f"a{i}": Annotation(f"a{i}", NOTE, str(i), (0.0, 0.0, 9.0, 9.0)) for i in range(3_000)}
    part, look = Look(notes), Look({"a2": Annotation("a2", NOTE, "here", (0.0, 0.0, 9.0, 9.0))})
    began = time.perf_counter()
    joined = look.joined(part, {}, (5.0, 0.0))
    assert time.perf_counter() - began < 0.3
    assert list(joined.annotations)[:4] == ["a2", "a1", "a3", "a4"] and len(joined.annotations) == 3_001
    assert all(i == note.id for i, note in joined.annotations.items())
    assert [note.text for note in joined.annotations.values()] == ["here", *map(str, range(3_000))]

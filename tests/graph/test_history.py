"""Undo and redo."""

from __future__ import annotations

import os
import random
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amount import many
from graph import files
from graph.history import NEAR, History
from graph.messages import msg
from graph.model import Block, Graph, Link, Node, Port, Project


class Value:
    """A state; only the very same object is the same state."""


A, B, C, D = (Value() for _ in range(4))


def history(*values: Value, **more) -> History[Value]:
    made = History(values[0])
    for number, value in enumerate(values[1:]):
        made.push(value, msg("Step {n}", n=number), **more)
    return made


def test_undo_and_redo_travel():
    h = history(A, B, C)
    h.undo()
    assert h.value is B
    h.undo()
    h.undo()
    assert h.value is A
    h.redo()
    h.redo()
    h.redo()
    assert h.value is C


def test_the_words_of_the_steps():
    h = history(A, B, C)
    assert (str(h.undo_text), h.redo_text) == ("Step 1", None)
    h.undo()
    assert (str(h.undo_text), str(h.redo_text)) == ("Step 0", "Step 1")
    h.undo()
    assert h.undo_text is None


def test_a_new_step_forgets_what_could_be_redone():
    h = history(A, B)
    h.undo()
    h.push(C, msg("Other"))
    h.redo()
    assert h.value is C
    h.undo()
    assert h.value is A


def test_no_change_is_no_step():
    h = history(A, B)
    h.undo()
    h.push(A, msg("Nothing"))
    h.redo()
    assert h.value is B


def test_steps_with_one_key_melt():
    h = history(A, B, C, merge="drag")
    h.undo()
    assert h.value is A


def test_steps_with_other_keys_do_not_melt():
    h = history(A)
    h.push(B, msg("Drag"), merge="one")
    h.push(C, msg("Drag"), merge="two")
    h.undo()
    assert h.value is B


def test_a_drag_that_ended_takes_no_more():
    h = history(A, B, merge="drag")
    h.end_merge()
    h.push(C, msg("Drag"), merge="drag")
    h.undo()
    assert h.value is B


def test_saved_is_the_state_in_the_file():
    h = history(A)
    assert h.is_saved
    h.push(B, msg("Change"))
    assert not h.is_saved
    h.undo()
    assert h.is_saved
    h.mark_saved(None)
    assert not h.is_saved


def test_a_saved_state_is_not_melted_away():
    h = history(A, B, merge="drag")
    h.mark_saved(B)
    h.push(C, msg("Drag"), merge="drag")
    h.undo()
    assert h.value is B
    assert h.is_saved


@given(st.lists(st.sampled_from(["push", "undo", "redo"])))
def test_agrees_with_two_stacks(actions):
    h, past, future = History(0), [0], []
    for number, action in enumerate(actions, start=1):
        if action == "push":
            h.push(number, msg("Step"))
            past, future = [*past, number], []
        elif action == "undo":
            h.undo()
            if len(past) > 1:
                future.append(past.pop())
        else:
            h.redo()
            if future:
                past.append(future.pop())
        assert h.value == past[-1]
        assert (h.undo_text is not None, h.redo_text is not None) == (len(past) > 1, bool(future))


def test_a_push_after_undo_does_not_melt_into_the_step_undone_to():
    history = History(0)
    history.push(1, msg("Drag"), merge="p")
    history.push(2, msg("Drag"), merge="q")
    history.undo()
    history.push(3, msg("Drag"), merge="p")
    history.undo()
    assert history.value == 1


def test_steps_have_words_and_times():
    before = time.time()
    h = history(A, B, C)
    assert [str(step.text or "") for step in h.steps] == ["", "Step 0", "Step 1"]
    assert h.index == 2 and all(before <= step.time <= time.time() for step in h.steps)
    h.undo()
    assert len(h.steps) == 3 and h.index == 1


def test_going_far_and_too_far():
    h = history(A, B, C, D)
    h.go(1)
    assert h.value is B
    h.go(99)
    assert h.value is D and h.index == 3
    h.go(-5)
    assert h.value is A and h.index == 0
    h.go(2)
    assert [h.is_saved_at(i) for i in range(4)] == [True, False, False, False]


def test_after_going_nothing_melts_into_that_step():
    h = history(A, B, merge="drag")
    h.push(C, msg("Other"))
    h.go(1)
    h.push(D, msg("Drag"), merge="drag")
    h.undo()
    assert h.value is B


# ---- long histories


def drawing(count: int) -> Project:
    nodes = {f"n{i}": Node(f"n{i}", "torch.nn.Linear", f"fc{i}", {"out_features": i}) for i in range(count)}
    ports = [Port(f"n{i}", "input") for i in range(1, count)]
    return Project(Graph(nodes, {p: Link(Port(f"n{i}", "output"), p) for i, p in enumerate(ports)}))


class Pen:
    """Edits a project as people do: changes, additions, removals in the middle, blocks, plans, names."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def draw(self, project: Project) -> Project:
        graph, rng = project.graph, self._random
        some = rng.choice(list(graph.nodes)) if graph.nodes else None
        number = rng.randrange(10**6)
        if some is None or rng.random() < 0.3:
            id = graph.free_id()
            return project.with_graph(graph.add(Node(id, "torch.nn.ReLU", graph.free_name("relu"))))
        edits = [
            lambda: project.with_graph(graph.remove([some])),
            lambda: project.with_graph(graph.set_params(some, {"out_features": number})),
            lambda: project.with_graph(graph.move({some: (float(number), 0.0)})),
            lambda: replace(project, name=f"net{number}"),
            lambda: project.with_plan(replace(project.plan, seed=number)),
            lambda: project.with_block(Block(f"b{number % 3}", f"Block{number % 3}", graph=graph)),
        ]
        return rng.choice(edits)()


@given(st.integers(0, 10**6), st.lists(st.integers(-3, 300), max_size=4))
@settings(max_examples=many(30))
def test_far_states_come_back_as_they_were(seed, ways):
    pen, h = Pen(seed), History(drawing(6))
    made = [h.value]
    for way in [0, *ways]:
        del made[h.index + 1 :]
        for _ in range(NEAR + 40):
            h.push(pen.draw(h.value), msg("Edit"))
            if h.value is not made[-1]:  # else it was drawn as it was
                made.append(h.value)
        h.go(way if way >= 0 else len(made) + way)
        assert len(h.steps) == len(made) == h.index + len(made[h.index :])
        assert h.value == made[h.index]
        assert files.to_text(h.value) == files.to_text(made[h.index])
    for index in random.Random(seed).sample(range(len(made)), 20):
        h.go(index)
        assert h.value == made[index] and list(h.value.graph.nodes) == list(made[index].graph.nodes)


def test_nodes_keep_their_identity_over_far_undo():
    """What the canvas redraws is what is another object."""
    h = History(drawing(5))
    first = h.value
    for number in range(3 * NEAR):
        h.push(h.value.with_graph(h.value.graph.set_params("n1", {"out_features": number})), msg("Edit"))
    h.go(5)
    assert h.value is not first and h.value.graph.links is first.graph.links
    assert [i for i, n in h.value.graph.nodes.items() if n is not first.graph.nodes[i]] == ["n1"]


def test_the_saved_state_is_the_very_same_value_however_far():
    h = History(drawing(3))
    for number in range(3 * NEAR):
        if number == 10:
            h.mark_saved(h.value)
        h.push(h.value.with_graph(h.value.graph.set_params("n1", {"out_features": number})), msg("Edit"))
    assert [i for i in range(len(h.steps)) if h.is_saved_at(i)] == [10]
    h.go(10)
    assert h.is_saved


def room(nodes: int, edits: int) -> float:
    """KiB a step."""
    h = History(drawing(nodes))
    tracemalloc.start()
    for number in range(edits):
        graph = h.value.graph.set_params(f"n{number % nodes}", {"out_features": nodes + number})
        assert graph.names and graph.incoming("n1")  # what the analysis asks of every state
        h.push(h.value.with_graph(graph), msg("Set {name}", name=number))
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return size / edits / 1024


def test_a_step_takes_little_room():
    near = room(200, NEAR)  # as they are made
    assert room(200, 6 * NEAR) < near / 3


def resident() -> int:
    """MiB of memory in use."""
    pages = int(Path("/proc/self/statm").read_text("utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_100000_steps_of_1000_nodes_take_little_room():
    h = History(drawing(1000))
    before = resident()
    for number in range(100_000):
        graph = h.value.graph.set_params(f"n{number % 1000}", {"out_features": number})
        h.push(h.value.with_graph(graph), msg("Set {name}", name=number))
    assert resident() - before < 300
    began = time.perf_counter()
    h.go(1)
    assert time.perf_counter() - began < 0.1 and h.value.graph.nodes["n0"].params["out_features"] == 0

"""What no file could hold is refused while it is made; what is too much already may become less."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from amount import some
from graph import files
from graph.limits import check_limits
from graph.look import NOTE, Annotation, Look, with_look
from graph.look_records import MAX_ANNOTATIONS
from graph.messages import EditError, FileError
from graph.model import Block, BlockParam, Code, Definitions, Graph, Link, Node, Port, Project
from graph.records import MAX_DEFINITIONS, MAX_LINKS, MAX_NODES
from graph.strict_json import MAX_STRING

OLD = Project(Graph({"n1": Node("n1", "torch.nn.ReLU", "relu1")}))
LONG = "é" * (MAX_STRING // 2 + 1)


def nodes(count: int) -> dict[str, Node]:
    return {f"n{i}": Node(f"n{i}", "torch.nn.ReLU", f"relu{i}") for i in range(1, count + 1)}


def notes(count: int, text: str = "") -> Project:
    annotations = {f"a{i}": Annotation(f"a{i}", NOTE, text, (0.0, 0.0, 9.0, 9.0)) for i in range(count)}
    return OLD.with_graph(with_look(OLD.graph, Look(annotations)))


def links(count: int) -> Project:
    made = (Link(Port("n1", "output"), Port("n1", f"input{i}")) for i in range(count))
    return OLD.with_graph(replace(OLD.graph, links={link.target: link for link in made}))


def code(text: str) -> Project:
    return replace(OLD, definitions=Definitions(codes={"c1": Code("c1", "scale", text)}))


def blocks(count: int) -> Project:
    made = {f"b{i}": Block(f"b{i}", f"Block{i}") for i in range(count)}
    return replace(OLD, definitions=Definitions(blocks=made))


TOO_MUCH: dict[str, Callable[[int], Project]] = {
    "nodes": lambda more: Project(Graph(nodes(MAX_NODES + more))),
    "nodes in a block": lambda more: Project(
        Graph(nodes(MAX_NODES - 3)), definitions=Definitions({"b1": Block("b1", "B", Graph(nodes(3 + more)))})
    ),
    "notes": lambda more: notes(MAX_ANNOTATIONS + more),
    "links": lambda more: links(MAX_LINKS + more),
    "blocks": lambda more: blocks(MAX_DEFINITIONS + more),
    "note": lambda more: notes(1, "x" * (MAX_STRING + more)),
    "note in a block": lambda more: OLD.with_block(Block("b1", "B", notes(1, "x" * (MAX_STRING + more)).graph)),
    "parameter": lambda more: OLD.with_graph(OLD.graph.set_params("n1", {"source": ("x" * (MAX_STRING + more),)})),
    "code": lambda more: code("a\n" + "x" * (MAX_STRING + more)),
    "help": lambda more: OLD.with_block(Block("b1", "B", help="x" * (MAX_STRING + more))),
    "help of a parameter": lambda more: OLD.with_block(
        Block("b1", "B", params=(BlockParam("width", 1, "x" * (MAX_STRING + more)),))
    ),
    "name": lambda more: replace(OLD, name="x" * (MAX_STRING + more)),
}


@pytest.mark.parametrize("make", some(TOO_MUCH.values(), every=2), ids=TOO_MUCH)
def test_the_limit_is_that_of_files(make):
    check_limits(make(0), OLD)
    files.to_bytes(make(0))
    with pytest.raises(EditError):
        check_limits(make(1), OLD)
    with pytest.raises(FileError):
        files.to_bytes(make(1))


def test_the_sentences_say_how_many_and_what_to_do():
    with pytest.raises(EditError, match="up to 10000 nodes, and this would make 10001"):
        check_limits(TOO_MUCH["nodes"](1), OLD)
    with pytest.raises(EditError, match="longer than 10000 bytes"):
        check_limits(notes(1, LONG), OLD)
    with pytest.raises(EditError, match="half a character"):
        check_limits(notes(1, "\ud800"), OLD)


def test_what_is_too_much_may_become_less():
    large = TOO_MUCH["nodes"](9)
    check_limits(large.with_graph(large.graph.remove(["n1"])), large)
    check_limits(large.with_graph(large.graph.move({"n1": (9.0, 9.0)})), large)
    with pytest.raises(EditError):
        check_limits(large.with_graph(large.graph.add(Node("m1", "torch.nn.ReLU", "more"))), large)


def test_a_text_that_was_there_is_not_looked_at():
    long = notes(2, LONG)
    check_limits(long.with_graph(long.graph.move({"n1": (9.0, 9.0)})), long)

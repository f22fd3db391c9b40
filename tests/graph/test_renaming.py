"""Renamed nodes keep what refers to them."""

from __future__ import annotations

import pytest

from drawings import Drawing
from graph.messages import EditError
from graph.renaming import rename_node
from graph.validation import validate


def scanned() -> tuple[Drawing, str]:
    """A cell with one state, scanned; its last state and its sequence are both used."""
    cell = Drawing("Cell")
    x, h = cell.add("op.Input", "x", shape=(4,)), cell.add("op.Input", "h", shape=(4,))
    cell.add("op.Output", "y", cell.add("op.Add", "sum", x, h), state="h")
    d = Drawing("Net", definitions=cell.as_block())
    d.add("block.Cell", "reader", d.add("op.Input", "rows", shape=(6, 4)), use="scan")
    d.add("op.Output", "all", d.port("reader", "y"))
    d.add("op.Output", "last", d.port("reader", "y_last"))
    (block,) = d.project.blocks.values()
    return d, block.id


@pytest.mark.parametrize(("old", "new"), [("h", "hidden"), ("x", "given"), ("y", "state")])
def test_ports_of_instances_and_states_follow(old, new):
    d, scope = scanned()
    before = validate(d.project)
    node = d.project.blocks[scope].graph.node_named(old).id
    project = rename_node(d.project, scope, node, new)
    assert validate(project) == before
    assert project.blocks[scope].graph.nodes[node].name == new
    assert len(project.graph.links) == len(d.graph.links)
    assert rename_node(project, scope, node, old) == d.project


def test_a_name_in_use_is_refused():
    d, scope = scanned()
    with pytest.raises(EditError, match="Another node is called 'h'"):
        rename_node(d.project, scope, d.project.blocks[scope].graph.node_named("x").id, "h")


def test_a_node_of_the_drawing_itself_changes_nothing_else():
    d, _ = scanned()
    project = rename_node(d.project, None, d.id("rows"), "lines")
    assert project.graph.links == d.graph.links
    assert project.blocks == d.project.blocks

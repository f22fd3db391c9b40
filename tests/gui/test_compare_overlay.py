"""Two drawings over each other: what was removed is shown where it was, and hides nothing."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from PySide6.QtCore import QRectF

from amount import many
from block_drawings import showcase
from compare_tools import NEW, OLD, id_of
from generated import projects
from graph.compare import Kind, compare
from graph.model import Code, Definitions, Graph, Node, Port, Project
from gui.canvas.marking import Mark
from gui.compare_overlay import overlay

# ---- the canvas of both


def test_removed_nodes_are_shown_as_ghosts_with_their_wires_and_hide_nothing():
    (difference,) = compare(OLD, NEW).drawings
    shown = overlay(OLD, NEW, difference)
    graph = shown.project.graph
    ghost = shown.ghosts[id_of(OLD, "tanh2")]
    assert graph.nodes[ghost].name == "tanh2" and shown.nodes[ghost] is Mark.REMOVED
    assert len([link for link in graph.links.values() if ghost in (link.source.node, link.target.node)]) == 2
    assert {mark for link, mark in shown.links.items() if ghost in (link.source.node, link.target.node)} == {
        Mark.REMOVED
    }
    areas = [QRectF(*node.position, 148, 66) for node in graph.nodes.values()]
    assert not any(a.intersects(b) for i, a in enumerate(areas) for b in areas[:i])


def test_an_input_that_got_another_wire_has_both():
    (difference,) = compare(OLD, NEW).drawings
    shown = overlay(OLD, NEW, difference)
    target = Port(id_of(OLD, "tanh1"), "input")
    both = [link for link in shown.project.graph.links.values() if link.target == target]
    assert {shown.links[link] for link in both} == {Mark.ADDED, Mark.REMOVED}
    assert shown.project.graph.inputs(target.node) == NEW.graph.inputs(target.node)


def test_a_removed_instance_brings_its_block_along():
    project = showcase()
    instance = next(node for node in project.graph.nodes.values() if node.type == "block.b1")
    fewer = project.with_graph(project.graph.remove([instance.id]))
    fewer = replace(fewer, definitions=fewer.definitions.remove("b1"))
    difference = compare(project, fewer).drawings[0]
    shown = overlay(project, fewer, difference)
    ghost = shown.project.graph.nodes[shown.ghosts[instance.id]]
    assert shown.project.catalog[ghost.type].label == project.blocks["b1"].name


def test_a_block_that_is_gone_is_shown_as_it_was():
    project = showcase()
    fewer = replace(project, definitions=project.definitions.remove("b1"))
    difference = next(d for d in compare(project, fewer).drawings if d.kind is Kind.REMOVED)
    shown = overlay(project, fewer, difference)
    assert shown.project.graph == project.blocks["b1"].graph and set(shown.nodes.values()) == {Mark.REMOVED}


@given(projects(), projects())
@settings(max_examples=many(25))
def test_any_two_documents_can_be_laid_over_each_other(old, new):
    for difference in compare(old, new).drawings:
        shown = overlay(old, new, difference)
        nodes = shown.project.graph.nodes
        assert {
            node for link in shown.project.graph.links.values() for node in (link.source.node, link.target.node)
        } <= (nodes.keys())
        assert {shown.node_of(node) for node in difference.nodes} == shown.nodes.keys() <= nodes.keys()
        assert {shown.link_of(wire) for wire in difference.wires} <= shown.links.keys()
        assert shown.links.keys() <= set(shown.project.graph.links.values())


def test_a_removed_node_of_code_brings_its_code_along():
    code = Code("c1", "Twice", "def Twice(x):\n    return 2 * x\n")
    old = Project(Graph({"n1": Node("n1", "code.c1", "twice1")}), definitions=Definitions(codes={"c1": code}))
    (difference,) = compare(old, Project()).drawings
    shown = overlay(old, Project(), difference)
    ghost = shown.project.graph.nodes[shown.ghosts["n1"]]
    assert shown.project.catalog[ghost.type].label == "Twice"

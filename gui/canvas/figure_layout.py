"""Arranges a drawing for paper: with room for shapes between the columns, or anew for a page of a given width."""

from __future__ import annotations

import math
from collections import defaultdict

from graph.areas import COLUMN_GAP
from graph.layout import tidy
from graph.look import Look, with_look
from graph.model import Graph, NodeId, Position, Project
from gui.canvas.geometry import WIDTH, Shape, card_shapes
from gui.canvas.routing import STUB

LINE_GAP = 60.0  # between lines, where wires run back to the left
EDGE = STUB + 2  # how far those wires stand out on each side
SQUEEZE = 1.08  # how much wider than the page a line may be: the figure is made smaller then


def spread(project: Project, gap: float) -> Project:
    """The project as it is drawn, stretched so that columns as `graph.layout` sets them are `gap` apart.

    One with frames, notes, bends or another direction is left alone: these have places of their own.
    """
    graph, factor = project.graph, (WIDTH + gap) / (WIDTH + COLUMN_GAP)
    if graph.look != Look():
        return project
    places = {i: (node.position[0] * factor, node.position[1]) for i, node in graph.nodes.items()}
    return project.with_graph(graph.move(places))


def fitted(project: Project, gap: float, *, width: float) -> Project:
    """The project with its drawing arranged for a page of that width, in canvas units, with `gap` between columns.

    It is read from left to right. Frames, notes and bends are left out: they have places of their own.
    """
    graph = with_look(project.graph, Look(collapsed=project.graph.look.collapsed))
    shapes = card_shapes(graph, project.catalog)
    most = max(1, int((SQUEEZE * width - 2 * EDGE + gap) // (WIDTH + gap)))
    return project.with_graph(graph.move(_lines(graph, shapes, most=most, pitch=WIDTH + gap)))


def _lines(graph: Graph, shapes: dict[NodeId, Shape], *, most: int, pitch: float) -> dict[NodeId, Position]:
    """The layers of the drawing in lines of the same length; the nodes of a layer stand below each other."""
    sizes = {node: (shape.width, shape.height) for node, shape in shapes.items()}
    places = tidy(graph, sizes=sizes, ports=shapes, wrap=max(1, len(graph.nodes)))
    lefts = {left: number for number, left in enumerate(sorted({left for left, _ in places.values()}))}
    columns = math.ceil(len(lefts) / math.ceil(len(lefts) / most)) if lefts else 1
    lines: defaultdict[int, list[NodeId]] = defaultdict(list)
    for node, (left, _) in places.items():
        lines[lefts[left] // columns].append(node)
    positions, top = {}, 0.0
    for _, line in sorted(lines.items()):
        highest = min(places[node][1] for node in line)
        for node in line:
            left, y = places[node]
            positions[node] = (lefts[left] % columns * pitch, top + y - highest)
        top = max(positions[node][1] + sizes[node][1] for node in line) + LINE_GAP
    return positions

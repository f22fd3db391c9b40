"""Records how Graphviz `dot` lays out the drawings that Tidy up is compared with (`python tools/record_dot.py`).

Graphviz must be installed; the tests read only what is recorded here.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graph.model import Graph

Point = tuple[float, ...]

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "tests" / "graph" / "fixtures" / "dot_layouts.json"
INCH = 72.0  # canvas units
STEPS = 64  # points on each curve of a wire


def main() -> None:
    """Lay out every drawing from left to right with cards of the size of ours, and write where its wires pass."""
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    from crossing_graphs import crossing_graphs

    version = subprocess.run(["dot", "-V"], capture_output=True, text=True, check=True).stderr.strip()
    layouts = {name: _ways(graph) for name, graph in crossing_graphs().items()}
    text = json.dumps({"version": version, "layouts": layouts}, indent=1)
    RECORD.write_text(re.sub(r"\s*\n {4,}", " ", text).replace("\n   ]", " ]") + "\n", "utf-8")


def _ways(graph: Graph) -> list[tuple[int, list[float]]]:
    """For each wire the layer where it starts, and its height there and in every layer that it passes or ends in."""
    from crossing_graphs import edges
    from graph.areas import COLUMN_GAP
    from graph.layout import NODE_SIZE, STACK_GAP

    size = f"width={NODE_SIZE[0] / INCH}, height={NODE_SIZE[1] / INCH}"
    head = f"rankdir=LR; ranksep={COLUMN_GAP / INCH}; nodesep={STACK_GAP / INCH}; node [shape=box, fixedsize=true, {size}];"
    nodes = "".join(f'"{node}";' for node in graph.nodes)
    wires = "".join(f'"{a}" -> "{b}";' for a, b in edges(graph))
    text = f"digraph {{ {head} {nodes} {wires} }}"
    answer = subprocess.run(["dot", "-Tjson"], input=text, capture_output=True, text=True, check=True).stdout
    drawn = json.loads(answer)
    places = [tuple(map(float, node["pos"].split(","))) for node in drawn["objects"]]
    layers = sorted({x for x, _ in places})
    return [_way(edge, places, layers) for edge in drawn["edges"]]


def _way(edge: dict, places: list[Point], layers: list[float]) -> tuple[int, list[float]]:
    start, end = places[edge["tail"]], places[edge["head"]]
    first, last = layers.index(start[0]), layers.index(end[0])
    curve = _points([tuple(map(float, p.lstrip("e,").split(","))) for p in edge["pos"].split()[1:]])
    return first, [-round(y, 1) for y in (start[1], *(_height(curve, x) for x in layers[first + 1 : last]), end[1])]


def _points(controls: list[Point]) -> list[Point]:
    """Points along a chain of cubic curves."""
    found = []
    for i in range(0, len(controls) - 3, 3):
        for t in (k / STEPS for k in range(STEPS + 1)):
            shares = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
            four = list(zip(shares, controls[i : i + 4], strict=True))
            found.append((sum(s * x for s, (x, _) in four), sum(s * y for s, (_, y) in four)))
    return found


def _height(curve: list[Point], x: float) -> float:
    return min(curve, key=lambda point: abs(point[0] - x))[1]


if __name__ == "__main__":
    main()

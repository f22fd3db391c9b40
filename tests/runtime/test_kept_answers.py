"""What is known about blocks is kept from one analysis to the next, and the oldest goes first."""

from __future__ import annotations

from drawings import Drawing
from graph.model import Project
from runtime import analyser
from runtime.analyser import analyse
from runtime.analysis import Inside


def widths(*sizes: int) -> Project:
    """One block, used for each of these sizes."""
    d = Drawing("Layer")
    d.add("op.Output", "y", d.add("nn.ReLU", "relu", d.add("op.Input", "x", shape=(4,))))
    d = Drawing(definitions=d.as_block())
    for size in sizes:
        d.add("op.Output", f"y{size}", d.add("block.Layer", f"it{size}", d.add("op.Input", f"x{size}", shape=(size,))))
    return d.project


def answers(project: Project) -> list[Inside]:
    nodes = analyse(project).nodes
    return [nodes[n.id].inside[0] for n in project.graph.nodes.values() if n.name.startswith("it")]


def test_only_the_oldest_answers_are_worked_out_again(monkeypatch):
    monkeypatch.setattr(analyser, "_KEPT", 3)
    project = widths(1, 2, 3, 4, 5)
    first = answers(project)
    second = answers(project)
    assert [a is b for a, b in zip(first, second, strict=True)] == [False, False, True, True, True]
    kept = analyser._answers(project.definitions, frozenset())
    assert list(kept.values()) == [first[4], *second[:2]]

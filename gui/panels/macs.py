"""What panels say about multiply-accumulates where some of them cannot be counted: those of a person's own code."""

from __future__ import annotations

from collections.abc import Callable

from graph.adoption import used_definitions
from graph.messages import tr
from graph.model import Definitions, Graph
from gui.figures import grouped


def runs_code(graph: Graph, definitions: Definitions) -> bool:
    """Whether a node of the drawing, or of a block in it, runs code of the person."""
    return bool(used_definitions(graph, definitions).codes)


def macs_text(macs: int, *, has_code: bool, write: Callable[[int], str] = grouped) -> str:
    """A number of multiply-accumulates a sample; with code among them it is a lower bound, and 0 says nothing."""
    if not has_code:
        return write(macs)
    return tr("at least {macs}", macs=write(macs)) if macs else tr("unknown")

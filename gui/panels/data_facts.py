"""What a data node knows of its data, for people: counts, shapes, size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graph.messages import tr, translate
from graph.model import Node
from gui.figures import grouped

Facts = Mapping[str, Any]


def facts_of(node: Node) -> Facts:
    """What the node learned about its data; empty if nothing yet."""
    return node.facts or {}


def num_samples(facts: Facts) -> int:
    """The number of samples; 0 if unknown."""
    return int(facts.get("samples") or 0)


def describe_facts(facts: Facts) -> list[tuple[str, ...]]:
    """The facts as (name, figure, note) for people."""
    if not facts:
        return []
    shown: list[tuple[str, ...]] = [(tr("Samples"), grouped(num_samples(facts)))]
    if facts.get("title"):
        shown.insert(0, (tr("Title"), translate(str(facts["title"]))))
    for port, output in (facts.get("outputs") or {}).items():
        shape = " × ".join(map(str, output["shape"])) or tr("a number")
        shown.append((port, shape, str(output["dtype"])))
    if facts.get("classes"):
        shown.append((tr("Classes"), grouped(len(facts["classes"]))))
    return shown

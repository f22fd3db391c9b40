"""What can be found in a document: every node of its drawings, by name, type, values, shapes and problems."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from graph.model import Node, NodeId, Project, Scope
from gui.canvas.card import color_role, shown_value
from gui.panels.search import label_of
from runtime.analysis import Analysis, NodeAnalysis

_WHOLE_NUMBER = r"(?<!\d){}(?!\d)"


class Found(NamedTuple):
    """A node that was found, and the words about it: in the drawing of which block, its type, its family."""

    scope: Scope
    node: NodeId
    name: str
    type_label: str
    family: str


class Page(NamedTuple):
    """All that is said of a node: `head` is its name and type, `lines` are its values, shapes and problems."""

    found: Found
    head: str
    lines: tuple[str, ...]


def pages(project: Project, analysis: Analysis) -> list[Page]:
    """Every node of the drawing of a project, and of its blocks."""
    scopes: tuple[Scope, ...] = (None, *project.blocks)
    return [page for scope in scopes for page in _pages_of(project, analysis.within(scope), scope)]


def search(query: str, among: Sequence[Page]) -> list[Found]:
    """The nodes about which every word of a query is said: in their heads, or in one line and the head.

    Those come first whose name begins with the query, then those that have it in one place. A number is found as a
    whole: "5" is not in "50".
    """
    words = [_pattern(word) for word in _normal(query).split()]
    if not words:
        return []
    ranked = [(rank, page.found) for page in among if (rank := _rank(page, words, _normal(query).strip())) is not None]
    return [found for _, found in sorted(ranked, key=lambda pair: pair[0])]


def _rank(page: Page, words: list[re.Pattern[str]], query: str) -> int | None:
    if page.head.startswith(query):
        return 0
    if _has_all(page.head, words):
        return 1
    if any(_has_all(line, words) for line in page.lines):
        return 2
    return 3 if any(_has_all(f"{page.head}\n{line}", words) for line in page.lines) else None


def _has_all(text: str, words: list[re.Pattern[str]]) -> bool:
    return all(word.search(text) for word in words)


def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(_WHOLE_NUMBER.format(re.escape(word)) if word[0].isdigit() else re.escape(word))


def _normal(text: str) -> str:
    return text.casefold().replace("×", "x").replace("=", " ").replace(" x ", "x")


def _pages_of(project: Project, analysis: Analysis, scope: Scope) -> Iterator[Page]:
    problems: dict[NodeId, list[str]] = {}
    for problem in analysis.problems:
        if problem.node is not None:
            problems.setdefault(problem.node, []).append(str(problem.message))
    for node in project.drawing(scope).nodes.values():
        node_type = project.catalog.get(node.type)
        label = label_of(node_type) if node_type is not None else node.type
        found = Found(scope, node.id, node.name, label, color_role(node_type))
        lines = [*_values(project, node, analysis.nodes.get(node.id)), *problems.get(node.id, ())]
        yield Page(found, _normal(f"{node.name} {label} {node.type}"), tuple(map(_normal, lines)))


def _values(project: Project, node: Node, known: NodeAnalysis | None) -> Iterator[str]:
    """`kernel_size 5x5 5`, `input BxCxHxW float32`: one line a parameter and a port."""
    node_type = project.catalog.get(node.type)
    values = {**node_type.values(node), **(known.resolved if known else {})} if node_type else node.params
    for name, value in values.items():
        param = node_type.param(name) if node_type else None
        yield f"{name} {shown_value(param, value) if param else value} {value if value is not None else ''}"
    for name, spec in (*known.inputs.items(), *known.outputs.items()) if known else ():
        yield f"{name} {spec.compact} {spec.dtype}"

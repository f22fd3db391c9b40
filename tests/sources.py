"""The project's own Python files, parsed, for the tests that look at code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("graph", "runtime", "gui")


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the root of the project, its text, its syntax tree."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    def calls(self) -> Iterator[tuple[str, ast.Call]]:
        """Every call with the last part of the name that is called."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield getattr(node.func, "id", getattr(node.func, "attr", "")), node

    def where(self, node: ast.AST) -> str:
        """The place of a node, as editors understand it."""
        return f"{self.path}:{node.lineno}"


@cache
def sources() -> tuple[Source, ...]:
    """What the application is made of: `main.py` and the rooms."""
    return tuple(map(_read, [ROOT / "main.py", *(p for room in ROOMS for p in sorted((ROOT / room).rglob("*.py")))]))


@cache
def helpers() -> tuple[Source, ...]:
    """The tests and tools."""
    return tuple(_read(p) for room in ("tests", "tools") for p in sorted((ROOT / room).rglob("*.py")))


def _read(path: Path) -> Source:
    return Source(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))

"""What is wrong with a drawing: one record for everything that validation, shapes and data find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from graph.messages import Message
from graph.model import NodeId, Project, Scope


class Severity(StrEnum):
    """An error stops training and export; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Fix:
    """A mend: the words on its button and the edit that it is (one undo step)."""

    label: Message
    edit: Callable[[Project], Project]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong, where it is, and how to mend it.

    `code` is a stable short name (`cycle`, `missing-input`, `shape-mismatch`); `node` and `port` say where, None for the whole drawing.
    `block` is the id of the block in whose drawing that is, None for the project's own.
    """

    code: str
    message: Message
    node: NodeId | None = None
    port: str | None = None
    severity: Severity = Severity.ERROR
    fixes: tuple[Fix, ...] = ()
    block: Scope = None

    def within(self, scope: Scope) -> Problem:
        """The problem of a drawing that is a block's: its mends change that block."""
        if scope is None:
            return self
        fixes = tuple(Fix(fix.label, partial(_mend_inside, scope, fix.edit)) for fix in self.fixes)
        return replace(self, block=scope, fixes=fixes)


def _mend_inside(scope: Scope, edit: Callable[[Project], Project], project: Project) -> Project:
    mended = edit(project.inside(scope))
    return replace(mended, graph=project.graph).with_drawing(scope, mended.graph)

"""What is wrong with a drawing: one record for everything that validation, shapes and data find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from graph.messages import Message
from graph.model import NodeId, Project


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
    """

    code: str
    message: Message
    node: NodeId | None = None
    port: str | None = None
    severity: Severity = Severity.ERROR
    fixes: tuple[Fix, ...] = ()

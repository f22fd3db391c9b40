"""The analysis of a drawing as the verbs of the command line want it."""

from __future__ import annotations

import sys
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from graph.messages import DataError, Message
from graph.model import Project
from runtime import cli_text
from runtime.data.records import MOST_BYTES, held_bytes

if TYPE_CHECKING:
    from runtime.analysis import Analysis


def analyse(project: Project) -> Analysis:
    """Everything that is known about a drawing. PyTorch is loaded now."""
    from runtime.warmup import warm_up

    warm_up()  # loads PyTorch a quarter sooner than its import alone
    from runtime.analyser import analyse

    return analyse(project)


def data_notes(project: Project, folder: Path) -> list[Message]:
    """What is odd in the data of a drawing, or was left out; nothing of data that is not at hand, or too large for a look."""
    from runtime.data.loading import load
    from runtime.data.looks import told_of
    from runtime.data.preparation import used_data_nodes

    found: list[Message] = []
    for node in used_data_nodes(project.running.graph):
        if node.facts is not None and held_bytes(node.facts) <= MOST_BYTES:
            with suppress(DataError):
                found += told_of(load(node, folder))
    return found


def analyse_right(project: Project, *, told_later: Collection[str] = ()) -> Analysis:
    """The analysis of a drawing without errors; its warnings are printed, but those of codes that a look at the data tells.

    Raises:
        DrawingErrors: it has errors.
    """
    analysis = analyse(project)
    if analysis.errors:
        raise cli_text.DrawingErrors(project, analysis.errors)
    for problem in analysis.problems:
        if problem.code not in told_later:
            print(cli_text.problem_line(project, problem), file=sys.stderr)
    return analysis

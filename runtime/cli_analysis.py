"""The analysis of a drawing as the verbs of the command line want it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from graph.model import Project
from runtime import cli_text

if TYPE_CHECKING:
    from runtime.analysis import Analysis


def analyse(project: Project) -> Analysis:
    """Everything that is known about a drawing. PyTorch is loaded now."""
    from runtime.warmup import warm_up

    warm_up()  # loads PyTorch a quarter sooner than its import alone
    from runtime.analyser import analyse

    return analyse(project)


def analyse_right(project: Project) -> Analysis:
    """The analysis of a drawing without errors; its warnings are printed.

    Raises:
        DrawingErrors: it has errors.
    """
    analysis = analyse(project)
    if analysis.errors:
        raise cli_text.DrawingErrors(project, analysis.errors)
    for problem in analysis.problems:
        print(cli_text.problem_line(project, problem), file=sys.stderr)
    return analysis

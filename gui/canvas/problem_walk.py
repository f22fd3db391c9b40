"""From one problem of the document to the next, whichever drawing it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF

from graph.messages import Message, msg
from graph.problems import Problem

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView
    from gui.editor import Editor

BELOW = 40.0  # pixels from a card to the sentence about it


class ProblemWalk:
    """Remembers where the person is. After an edit it goes on from the same problem, or where that was."""

    def __init__(self, editor: Editor, canvas: CanvasView) -> None:
        self._editor, self._canvas = editor, canvas
        self._at: tuple[object, ...] | None = None
        self._number = -1

    def why_not(self) -> Message | None:
        """Why there is nowhere to go."""
        if self._editor.analysis.problems:
            return None
        return msg("There are no problems. The drawing is ready to train.")

    def step(self, by: int) -> Problem | None:
        """Go to the next problem (1) or the one before (-1): show its drawing, its node, and what it is."""
        problems = self._editor.analysis.problems
        if not problems:
            return None
        keys = [_key(problem) for problem in problems]
        number = keys.index(self._at) if self._at in keys else self._number - (by > 0)
        if self._at is None:
            number = -1 if by > 0 else 0
        self._number = (number + by) % len(problems)
        self._at = keys[self._number]
        self._show(problems[self._number])
        return problems[self._number]

    def _show(self, problem: Problem) -> None:
        self._editor.look_into(problem.block)
        scene, view = self._canvas.scene(), self._canvas
        at = view.center()
        if problem.node is not None and problem.node in scene.nodes:
            self._editor.select([problem.node])
            zoom = view.fly_to_node(problem.node)
            body = scene.nodes[problem.node].body()
            at = QPointF(body.center().x(), body.bottom() + BELOW / zoom)
        scene.pill.show_refusal(str(problem.message), at)


def _key(problem: Problem) -> tuple[object, ...]:
    return (problem.block, problem.node, problem.port, problem.code)

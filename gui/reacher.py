"""Asks in the background which nodes the losses of a drawing reach, and shows the answer for one objective on the canvas."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from graph.messages import LayerloomError, Message
from graph.model import NodeId, Project
from gui.apart import Messenger, work_apart
from gui.editor import Editor

NOBODY = -1


class Reacher(QObject):
    """`found(ids or None)`: what the objective that was asked for reaches; None: show nothing. `failed(Message)`: why not.

    As long as an objective is shown, every change of the drawing is asked about anew.
    """

    found = Signal(object)
    failed = Signal(object)

    def __init__(self, editor: Editor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._editor = editor
        self._objective, self._question = NOBODY, 0
        self._messenger = Messenger(self._on_answered)
        editor.changed.connect(self._on_changed)

    @Slot(int)
    def show(self, objective: int) -> None:
        """Show the reach of the objective of this number; -1 shows none."""
        self._objective = objective
        self._ask()

    @Slot(object)
    def _on_changed(self, _change: object) -> None:
        if self._objective != NOBODY:
            self._ask()

    def _ask(self) -> None:
        self._question += 1
        objectives = self._editor.project.plan.objectives
        if not 0 <= self._objective < len(objectives):
            self._objective = NOBODY
            self.found.emit(None)
            return
        request = (self._question, self._editor.project, objectives[self._objective].name)
        work_apart(partial(self._work, *request), "layerloom-reach")

    def _work(self, question: int, project: Project, objective: str) -> None:
        self._messenger.tell((question, _reached(project, objective)))

    @Slot(object)
    def _on_answered(self, found: tuple[int, frozenset[NodeId] | Message]) -> None:
        question, answer = found
        if question != self._question:
            return
        if isinstance(answer, Message):
            self.found.emit(None)
            self.failed.emit(answer)
        else:
            self.found.emit(answer)


def _reached(project: Project, objective: str) -> frozenset[NodeId] | Message:
    """The nodes that an objective changes, with the losses that reach them."""
    from runtime.warmup import warm_up

    warm_up()
    from runtime.reach import reach

    try:
        found = reach(project)
    except LayerloomError as error:
        return error.message
    chosen = next(o for o in project.plan.objectives if o.name == objective)
    losses = {loss for loss, _ in chosen.losses} or set(found.losses)
    return found.objectives.get(objective, frozenset()) | frozenset(losses)

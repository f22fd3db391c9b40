"""Keeps the analysis up to date: a thread that answers for the newest drawing and drops late answers."""

from __future__ import annotations

import threading
from importlib import import_module
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal, Slot

from graph.changes import means_the_same
from graph.model import Project
from graph.problems import Problem
from gui.apart import Messenger, work_apart
from gui.editor import Change, Editor
from runtime.analysis import Analysis

PATIENCE = 5.0  # seconds to wait for the thread
# Panels that are made when they are first looked at, and what they need: that this is loaded already is half of the time.
_PANELS = tuple(
    f"gui.panels.{name}"
    for name in ("data", "training", "trying", "inside", "explain", "projection", "runs", "scatter")
)


class _Answer(NamedTuple):
    number: int
    analysis: Analysis | Exception


class Analyst(QObject):
    """Listens to an editor and gives it its analyses.

    Until torch is loaded (by this thread, once) answers come from validation alone and are not `complete`.
    """

    ready = Signal()  # torch is loaded

    def __init__(self, editor: Editor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._editor = editor
        self._wake = threading.Condition()
        self._project: Project | None = editor.project
        self._number = 0
        self._closing = False
        self._is_ready = False
        self._messenger = Messenger(self._on_told)
        editor.changed.connect(self._on_changed)
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to answer."""
        self._thread = work_apart(self._work, "layerloom-analysis")

    def close(self, *, wait: bool = True) -> None:
        """End the thread; an answer under way is dropped. `wait` until it ended, at most some seconds."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if wait and self._thread is not None:
            self._thread.join(PATIENCE)

    @property
    def is_ready(self) -> bool:
        """Whether torch is loaded."""
        return self._is_ready

    @Slot()
    def look_again(self) -> None:
        """Answer anew: something that the document does not hold has changed, such as which code may run."""
        with self._wake:
            self._project, self._number = self._editor.project, self._number + 1
            self._wake.notify()

    @Slot(object)
    def _on_changed(self, change: Change) -> None:
        retitled = change.old.name != change.new.name  # the generated code has the title
        unanswered = not self._editor.analysis.complete
        if retitled or unanswered or not means_the_same(change.old, change.new):
            self.look_again()

    @Slot(object)
    def _on_told(self, answer: _Answer | None) -> None:
        if answer is None:
            self.ready.emit()
            return
        if isinstance(
            answer.analysis, Exception
        ):  # an error of ours: reported like any other; the next edit asks again
            raise answer.analysis
        if answer.number == self._number and not self._closing:
            self._editor.set_analysis(answer.analysis)

    def _work(self) -> None:
        self._first_look()
        from runtime.warmup import warm_up

        warm_up("gui.panels.plot", "gui.panels.code", "importlib.metadata")
        self._is_ready = True
        self._tell(None)
        from runtime.analyser import analyse

        while (request := self._next()) is not None:
            number, project = request
            try:
                analysis = analyse(project)
            except Exception as error:
                analysis = error
            self._tell(_Answer(number, analysis))
            self._load_panels()

    def _load_panels(self) -> None:
        for module in _PANELS:
            if not self._closing:
                import_module(module)

    def _first_look(self) -> None:
        from graph.validation import validate

        with self._wake:
            number, project = self._number, self._project
        if project is not None:
            problems: tuple[Problem, ...] = validate(project)
            self._tell(_Answer(number, Analysis(problems=problems, complete=False)))

    def _next(self) -> tuple[int, Project] | None:
        with self._wake:
            while self._project is None and not self._closing:
                self._wake.wait()
            if self._closing:
                return None
            request, self._project = (self._number, self._project), None
            assert request[1] is not None
            return request[0], request[1]

    def _tell(self, answer: _Answer | None) -> None:
        """Say what was found, or (None) that torch is loaded."""
        if not self._closing:
            self._messenger.tell(answer)

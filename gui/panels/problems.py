"""The problems of the drawing, each with where it is and the buttons that mend it."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QVBoxLayout, QWidget

from graph.block_validation import contained
from graph.catalog.definitions import block_of
from graph.messages import tr
from graph.model import Project
from graph.problems import Problem, Severity
from gui.block_editor import BlockEditor
from gui.editor import Editor
from gui.panels.parts import IconLabel, ScrollColumn, column, empty, label, row, small_button
from gui.theme import GRID, theme
from runtime.analysis import Analysis

MOST_SHOWN = 200
MAX_WIDTH = 880  # pixels: a button that mends should not be far from what it mends
CODE = "code-not-allowed"  # the problem of a node whose code is not allowed yet
WIDE = 520  # pixels from which the buttons stand beside the text instead of below
_ICONS = {Severity.ERROR: ("error", "error"), Severity.WARNING: ("warning", "warning")}
_STEPS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}


class ProblemRow(QFrame):
    """One problem. `activated()`: Enter or a click; `stepped(+1 or -1)`: the arrow keys.

    `code_requested()`: the person wants to read the code that the problem is about.
    """

    activated = Signal()
    stepped = Signal(int)
    code_requested = Signal()

    def __init__(self, problem: Problem, editor: Editor, *, where: str = "") -> None:
        super().__init__()
        self.problem = problem
        self._editor = editor
        self.setProperty("kind", "row")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        kind = tr("Error") if problem.severity is Severity.ERROR else tr("Warning")
        self.setAccessibleName(": ".join(filter(None, (kind, where, str(problem.message)))))
        self.fix_buttons = [small_button(str(fix.label), "check") for fix in problem.fixes]
        for number, button in enumerate(self.fix_buttons):
            button.clicked.connect(partial(self._fix, number))
        if problem.code == CODE:
            self.fix_buttons.append(small_button(tr("Read and allow…")))
            self.fix_buttons[-1].clicked.connect(self.code_requested)
        self._lay_out(kind, where)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.activated.emit()
        elif event.key() in _STEPS:
            self.stepped.emit(_STEPS[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.activated.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = event.size().width() >= theme.px(WIDE)
        self._body.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)

    def _fix(self, number: int) -> None:
        self._editor.apply_fix(self.problem.fixes[number])

    def _lay_out(self, kind: str, where: str) -> None:
        self._body = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._body.setSpacing(GRID + 2)
        self._body.addLayout(self._texts(where), 1)
        for button in self.fix_buttons:
            self._body.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        line = row(self)
        line.setContentsMargins(GRID, GRID + 1, GRID, GRID + 1)
        name, role = _ICONS[self.problem.severity]
        line.addWidget(IconLabel(name, role, text=kind), 0, Qt.AlignmentFlag.AlignTop)
        line.addLayout(self._body, 1)

    def _texts(self, where: str) -> QVBoxLayout:
        texts = column(spacing=1)
        texts.addWidget(label(str(self.problem.message), wrap=True))
        if where:
            texts.addWidget(label(where, tone="muted", mono=True))
        return texts


class ProblemList(QWidget):
    """Problems one below the other. `activated(Problem)`: the person wants to go there, `code_requested(Problem)`: to its code."""

    activated = Signal(object)
    code_requested = Signal(object)

    def __init__(self, editor: Editor, *, with_names: bool) -> None:
        super().__init__()
        self._editor, self._with_names = editor, with_names
        self._keys: list[object] = []
        self.rows: list[ProblemRow] = []
        self._column = column(self, spacing=2)

    def show_problems(self, problems: list[Problem]) -> None:
        """Show these problems; the same ones as before keep their rows, and the focus."""
        shown = problems[:MOST_SHOWN]
        keys = [self._key(problem) for problem in shown]
        if keys == self._keys and self.rows:
            for problem_row, problem in zip(self.rows, shown, strict=True):
                problem_row.problem = problem
            return
        focused = next((n for n, r in enumerate(self.rows) if r.hasFocus() or r.isAncestorOf(r.focusWidget())), None)
        self._keys = keys
        self._rebuild(shown, len(problems) - len(shown))
        if focused is not None and self.rows:
            self.rows[min(focused, len(self.rows) - 1)].setFocus()

    def _rebuild(self, problems: list[Problem], hidden: int) -> None:
        empty(self._column)
        self.rows = [ProblemRow(problem, self._editor, where=self._where(problem)) for problem in problems]
        for number, problem_row in enumerate(self.rows):
            problem_row.activated.connect(partial(self._on_activated, number))
            problem_row.stepped.connect(partial(self._step, number))
            problem_row.code_requested.connect(partial(self._ask_for_code, number))
            self._column.addWidget(problem_row)
        if hidden:
            self._column.addWidget(label(tr("… and {count} more.", count=hidden), tone="faint"))

    def _where(self, problem: Problem) -> str:
        """The names of the block and of the node; of a node in the drawing itself its name alone."""
        project = self._editor.project
        if not self._with_names or (problem.block is not None and problem.block not in project.blocks):
            return ""
        node = project.drawing(problem.block).nodes.get(problem.node or "")
        block = project.blocks[problem.block].name if problem.block is not None else ""
        return " › ".join(filter(None, (block, node.name if node else "")))

    def _key(self, problem: Problem) -> object:
        fixes = tuple(str(fix.label) for fix in problem.fixes)
        return (
            problem.code,
            problem.block,
            problem.node,
            problem.port,
            str(problem.message),
            self._where(problem),
            fixes,
        )

    def _on_activated(self, number: int) -> None:
        self.activated.emit(self.rows[number].problem)

    def _ask_for_code(self, number: int) -> None:
        self.code_requested.emit(self.rows[number].problem)

    def _step(self, number: int, step: int) -> None:
        target = self.rows[max(0, min(len(self.rows) - 1, number + step))]
        target.setFocus(Qt.FocusReason.TabFocusReason)


class ProblemsPanel(ScrollColumn):
    """All problems, errors first. `node_requested(id)` asks to show a node, `code_requested(id)` its code.

    `count_changed(n)` is for the tab.
    An instance of a block with problems has none of its own as long as those in the block are listed.
    """

    node_requested = Signal(str)
    code_requested = Signal(str)
    count_changed = Signal(int)

    def __init__(self, editor: Editor, blocks: BlockEditor | None = None, parent: QWidget | None = None) -> None:
        super().__init__(spacing=0)
        self.setParent(parent)
        self.setAccessibleName(tr("Problems"))
        self._editor, self._blocks = editor, blocks or BlockEditor(editor)
        self._announced: int | None = None
        self.list = ProblemList(editor, with_names=True)
        self._check, self._note = IconLabel("check", "good"), label("", tone="muted", wrap=True)
        self._fine = self._make_fine()
        self.list.setMaximumWidth(MAX_WIDTH)
        line = row()
        line.addWidget(self.list, MAX_WIDTH)
        line.addStretch(1)
        self.column.addLayout(line)
        self.column.addWidget(self._fine)
        self.column.addStretch(1)
        self.list.activated.connect(self._on_activated)
        self.list.code_requested.connect(self._on_code_requested)
        editor.analysed.connect(self._on_analysed)
        self._show(editor.analysis)

    def _on_analysed(self, analysis: Analysis) -> None:
        self._show(analysis)
        count = len(listed(analysis, self._editor.project))
        if count != self._announced:
            self._announced = count
            self.count_changed.emit(count)

    def _show(self, analysis: Analysis) -> None:
        problems = listed(analysis, self._editor.project)
        self.list.show_problems(problems)
        self.list.setVisible(bool(problems))
        ready = tr("No problems. The drawing is ready to train.")
        self._note.setText(ready if analysis.complete else tr("Looking at the drawing…"))
        self._check.setVisible(analysis.complete)
        self._fine.setVisible(not problems)

    def _on_activated(self, problem: Problem) -> None:
        self._blocks.go_to(problem.block)
        if problem.node is not None and problem.node in self._editor.graph.nodes:
            self._editor.select([problem.node])
            self.node_requested.emit(problem.node)

    def _on_code_requested(self, problem: Problem) -> None:
        self._on_activated(problem)
        if problem.node is not None and problem.node in self._editor.graph.nodes:
            self.code_requested.emit(problem.node)

    def _make_fine(self) -> QWidget:
        fine = QWidget()
        line = row(fine)
        line.setContentsMargins(GRID, GRID, GRID, GRID)
        line.addWidget(self._check, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self._note, 1)
        return fine


def listed(analysis: Analysis, project: Project) -> list[Problem]:
    """The problems to list, errors first: without those of instances that only repeat what is listed of their blocks."""
    broken = frozenset(p.block for p in analysis.problems if p.block is not None and p.severity is Severity.ERROR)
    shown = [p for p in analysis.problems if not (p.code == "inside" and _repeats(p, project, broken))]
    return sorted(shown, key=lambda problem: problem.severity is not Severity.ERROR)


def _repeats(problem: Problem, project: Project, broken: frozenset[str]) -> bool:
    """Whether the problem of an instance is that of a block in it."""
    if problem.block is not None and problem.block not in project.blocks:
        return False
    node = project.drawing(problem.block).nodes.get(problem.node or "")
    block = block_of(node, project.definitions) if node is not None else None
    return block is not None and not broken.isdisjoint(contained(block, project.definitions))

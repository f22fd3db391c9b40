"""The way into the block on the canvas: its steps above the drawing, each leading back to where it was taken."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Slot
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from graph.catalog.definitions import PREFIX
from graph.messages import tr
from graph.model import Project
from gui.block_editor import BlockEditor, Step
from gui.canvas.key_words import way_back
from gui.canvas.viewport import ZoomView
from gui.editor import Editor
from gui.panels.parts import column, empty, label, row
from gui.theme import GRID

EDGE = 3 * GRID
STEP_WIDTH = 200  # of the longest step
PARTING = "›"
LEFT_OUT = "…"


class Breadcrumb(QFrame):
    """Floats over the upper left corner of the canvas, inside a block only."""

    def __init__(self, parent: ZoomView, editor: Editor, blocks: BlockEditor) -> None:
        super().__init__(parent)
        self._parent, self._editor, self._blocks = parent, editor, blocks
        self.setObjectName("breadcrumb")
        self.setAccessibleName(tr("The way into this block"))
        lines = column(self, spacing=GRID // 2)
        lines.setContentsMargins(2 * GRID, GRID, 3 * GRID, 2 * GRID)
        self._steps: QHBoxLayout = row(spacing=GRID // 2)
        self._shown: list[QLabel | QPushButton] = []
        self.hint = label("", tone="faint")
        self.hint.setIndent(2 * GRID - 1)
        lines.addLayout(self._steps)
        lines.addWidget(self.hint)
        parent.installEventFilter(self)
        blocks.path_changed.connect(self._show)
        parent.keys_changed.connect(self._show)
        self._show()

    @property
    def texts(self) -> list[str]:
        """The steps in words, the present one last."""
        return [step.text() for step in self._shown]

    def buttons(self) -> list[QPushButton]:
        """The steps that lead back, the drawing of the project first."""
        return [step for step in self._shown if isinstance(step, QPushButton)]

    @Slot()
    def _show(self) -> None:
        path = self._blocks.path
        focus = QApplication.focusWidget()
        had_focus = focus is not None and self.isAncestorOf(focus)
        empty(self._steps)
        self._shown.clear()
        self.setVisible(bool(path))
        if not path:
            self._parent.cover(Qt.Edge.TopEdge, 0)
            if had_focus:
                self._parent.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self._fill(path)
        self.hint.setText(self._uses(path[-1]))
        self.hint.setMaximumWidth(self._room())
        self._place()

    def _fill(self, path: tuple[Step, ...]) -> None:
        project = self._editor.project
        names = [project.name, *(_words(step, project) for step in path)]
        metrics = self.fontMetrics()
        names = [metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, STEP_WIDTH) for name in names]
        hidden = _hidden(names, metrics, self._room())
        before = _before(self._parent)
        for number, name in enumerate(names):
            if number in hidden:
                if number == 1:
                    self._add(label(LEFT_OUT, tone="muted"))
            elif number < len(names) - 1:
                button = self._button(name, project.name if not number else path[number - 1].name, len(path) - number)
                self._add(button)
                QWidget.setTabOrder(before, button)
                before = button
            else:
                here = label(name, tone="heading")
                here.setAccessibleName(tr("Inside {name}", name=name))
                here.setContentsMargins(GRID + 2, 0, 0, 0)
                self._add(here)
        self._steps.addStretch(1)

    def _add(self, step: QLabel | QPushButton) -> None:
        if self._shown:
            self._append(label(PARTING, tone="faint"))
        self._append(step)
        self._shown.append(step)

    def _append(self, widget: QWidget) -> None:
        self._steps.addWidget(widget)
        widget.show()  # Qt would do so later, and count it as nothing until then

    def _button(self, text: str, name: str, steps: int) -> QPushButton:
        button = QPushButton(text, autoDefault=True, flat=True)
        button.setObjectName("crumb")
        button.setToolTip(way_back(name, self._parent.shortcuts))
        button.setAccessibleName(tr("Go back to {name}", name=name))
        button.clicked.connect(partial(self._blocks.leave, steps))
        return button

    def _uses(self, step: Step) -> str:
        """What a change here means for the rest of the document."""
        if step.scope not in self._editor.project.blocks:
            return ""
        block, count = self._blocks.title(step.scope), len(self._blocks.uses(f"{PREFIX}{step.scope}"))
        if count == 0:
            return tr("Nothing uses {block} yet", block=block)
        if count == 1:
            return tr("{block} is used once", block=block)
        return tr("What you change here changes every {block} ({count} uses)", block=block, count=count)

    def _room(self) -> int:
        return max(160, self._parent.width() - 2 * EDGE - 5 * GRID)

    def _place(self) -> None:
        self.resize(self.sizeHint().boundedTo(QSize(self._parent.width() - 2 * EDGE, 400)))
        self.move(EDGE, EDGE)
        self.raise_()
        self._parent.cover(Qt.Edge.TopEdge, self.geometry().bottom())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self._blocks.path:
            self._show()
        return False


def _before(widget: QWidget) -> QWidget:
    """What has the focus before a widget, in the order of the Tab key."""
    found = widget.previousInFocusChain()
    while found is not None and found.focusPolicy() is Qt.FocusPolicy.NoFocus:
        found = found.previousInFocusChain()
    return found or widget


def _words(step: Step, project: Project) -> str:
    """`stage1 (Bottleneck)`, or the name of the block alone where no instance led there."""
    block = project.blocks.get(step.scope or "")
    return step.name if block is None or block.name == step.name else f"{step.name} ({block.name})"


def _hidden(names: list[str], metrics: QFontMetrics, room: int) -> range:
    """The steps after the first that are left out, so that the others have room."""
    widths = [metrics.horizontalAdvance(name) + 8 * GRID for name in names]
    count = 0
    while count < len(names) - 2 and sum(widths) - sum(widths[1 : 1 + count]) > room:
        count += 1
    return range(1, 1 + count)

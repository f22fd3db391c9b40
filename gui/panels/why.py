"""Why is this 400? Shapes whose numbers can be asked, and the card with the answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QToolButton, QWidget

from graph.messages import tr
from graph.model import Graph, Node, NodeId, Port, Scope
from gui.block_editor import BlockEditor
from gui.editor import Editor
from gui.panels.parts import MARGIN, ColorBar, ElidedLabel, ScrollColumn, column, empty, flat_button, label, row
from gui.theme import GRID, theme
from runtime.analysis import Dim, NodeAnalysis, TensorSpec

if TYPE_CHECKING:
    from runtime.why import Step

MOST_HEIGHT = 280  # pixels; longer answers scroll
INDENT = 3 * GRID
_TIGHT = "min-width: 0; padding: 0;"  # numbers of one digit stand as close as in a text
_STEPS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
_ACTIVATE = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


class ShapeFact(NamedTuple):
    """A shape for people: what it is called, and the output that gives it."""

    name: str
    spec: TensorSpec
    source: Port


def shape_facts(graph: Graph, node: Node, known: NodeAnalysis) -> list[ShapeFact]:
    """The shapes of the inputs and outputs of a node; a port is called by its name only where there are several."""
    feeds = graph.inputs(node.id)
    arriving = [(tr("Input"), port, spec, feeds.get(port), len(known.inputs)) for port, spec in known.inputs.items()]
    leaving = [
        (tr("Output"), port, spec, Port(node.id, port), len(known.outputs)) for port, spec in known.outputs.items()
    ]
    return [
        ShapeFact(name if count == 1 else port, spec, source)
        for name, port, spec, source, count in (*arriving, *leaving)
        if source is not None
    ]


class ShapeRow(QWidget):
    """A shape with its name and its dtype. `asked(dim)`: the person wants to know why that number is what it is."""

    asked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.buttons: list[QToolButton] = []
        self._name, self._dtype = label("", tone="muted"), ElidedLabel(tone="faint")
        self._shape = row(spacing=0)
        self._shown: tuple[str, tuple[Dim, ...]] | None = None
        line = row(self)
        line.addWidget(self._name)
        line.addWidget(self._dtype, 1)
        line.addLayout(self._shape)

    def show_shape(self, fact: ShapeFact) -> None:
        """Show another shape; one of the same length keeps its buttons, and the focus."""
        self._name.setText(fact.name)
        self._dtype.setText(fact.spec.dtype)
        self.setAccessibleName(f"{fact.name} {fact.spec} {fact.spec.dtype}")
        shown = (fact.name, fact.spec.shape)
        if self._shown is not None and len(self._shown[1]) == len(fact.spec.shape) > 0:
            for dim, (button, size) in enumerate(zip(self.buttons, fact.spec.shape, strict=True)):
                self._say(button, fact.name, dim, size)
        elif shown != self._shown:
            self._rebuild(fact)
        self._shown = shown

    def _rebuild(self, fact: ShapeFact) -> None:
        empty(self._shape)
        self.buttons = []
        if not fact.spec.shape:
            self._shape.addWidget(label(str(fact.spec), mono=True))
        for dim, size in enumerate(fact.spec.shape):
            if dim:
                self._shape.addWidget(label("×", mono=True, tone="muted"))
            button = QToolButton()
            button.setProperty("kind", "flat")
            button.setProperty("mono", True)
            button.setStyleSheet(_TIGHT)
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.clicked.connect(partial(self.asked.emit, dim))
            self._say(button, fact.name, dim, size)
            self._shape.addWidget(button)
            self.buttons.append(button)

    def _say(self, button: QToolButton, name: str, dim: int, size: Dim) -> None:
        question = tr("Why is this {size}?", size=size)
        button.setText(str(size))
        button.ensurePolished()
        button.setToolTip(question)
        button.setAccessibleName(f"{name}[{dim}]: {size}")
        button.setAccessibleDescription(question)


class ShapeList(QWidget):
    """Shapes one below the other. `asked(Port, dim)`: the output that gives a shape, and the number in question."""

    asked = Signal(object, int)

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[ShapeRow] = []
        self._facts: list[ShapeFact] = []
        self._column = column(self, spacing=2)

    def show_shapes(self, facts: list[ShapeFact]) -> None:
        """Show these shapes in the rows that are there, and in new ones."""
        self._facts = facts
        while len(self.rows) < len(facts):
            made = ShapeRow()
            made.asked.connect(partial(self._ask, len(self.rows)))
            self.rows.append(made)
            self._column.addWidget(made)
        for shown, fact in zip(self.rows, facts, strict=False):
            shown.show_shape(fact)
        for number, shown in enumerate(self.rows):
            shown.setVisible(number < len(facts))
        self.setVisible(bool(facts))

    def _ask(self, number: int, dim: int) -> None:
        self.asked.emit(self._facts[number].source, dim)


class StepRow(QFrame):
    """One sentence of the answer. `activated()`: a click, Enter or Space; `stepped(+1 or -1)`: the arrow keys.

    `place` is the drawing that it is about, where that is not the one of the sentence before.
    """

    activated = Signal()
    stepped = Signal(int)

    def __init__(self, step: Step, family: str, place: str = "") -> None:
        super().__init__()
        self.setProperty("kind", "row")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(f"{place}: {step.message}" if place else str(step.message))
        self.setAccessibleDescription(tr("Selects this node."))
        line = row(self)
        line.setContentsMargins(GRID + step.depth * INDENT, GRID, GRID, GRID)
        line.addWidget(ColorBar(family))
        texts = column(spacing=0)
        if place:
            texts.addWidget(ElidedLabel(place, tone="faint"))
        texts.addWidget(label(str(step.message), wrap=True))
        line.addLayout(texts, 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _ACTIVATE:
            self.activated.emit()
        elif event.key() in _STEPS:
            self.stepped.emit(_STEPS[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.activated.emit()


class WhyCard(QFrame):
    """The answer about one number: a sentence for every node that has a part in it; it stays until it is closed.

    A step that is chosen leads to its drawing. `node_requested(id)`: that has happened, and its node is selected.
    """

    node_requested = Signal(str)

    def __init__(self, editor: Editor, blocks: BlockEditor) -> None:
        super().__init__()
        self.rows: list[StepRow] = []
        self._editor, self._blocks = editor, blocks
        self._question: Callable[..., tuple[Step, ...]] | None = None
        self._scope: Scope = None  # the drawing that the question is about, and the way there
        self._way: tuple[NodeId, ...] = ()
        self._is_moving = False
        self._steps: tuple[Step, ...] = ()
        self.setProperty("kind", "card")
        self._title = label("", tone="heading", wrap=True)
        self.close_button = flat_button("close", tr("Close"))
        self.close_button.clicked.connect(self.dismiss)
        self._scroll = ScrollColumn(spacing=0)
        self._scroll.column.setContentsMargins(GRID, 0, GRID, GRID)
        header = row()
        header.setContentsMargins(MARGIN, 2 * GRID, 2 * GRID, GRID)
        header.addWidget(self._title, 1)
        header.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        layout = column(self)
        layout.addLayout(header)
        layout.addWidget(self._scroll)
        self.hide()
        editor.analysed.connect(self._refresh)
        editor.scope_changed.connect(self._on_scope_changed)

    def ask(self, port: Port, dim: int) -> None:
        """Explain a dimension of what leaves an output, and put the cursor on the first sentence."""
        from runtime.why import why

        self._ask(partial(why, port=port, dim=dim))

    def ask_param(self, node: NodeId, name: str) -> None:
        """Explain the value of a parameter, and put the cursor on the first sentence."""
        from runtime.why import why_param

        self._ask(partial(why_param, node=node, name=name))

    def _ask(self, question: Callable[..., tuple[Step, ...]]) -> None:
        self._question, self._scope, self._way = question, self._editor.scope, self._editor.way
        self._refresh()
        if self.rows:
            self.rows[0].setFocus(Qt.FocusReason.OtherFocusReason)

    def dismiss(self) -> None:
        """Take the answer away."""
        self._question = None
        self._refresh()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _refresh(self, _analysis: object = None) -> None:
        """Answer anew; the same answer keeps its rows, and the focus. What cannot be answered any more goes away."""
        steps = self._answer()
        if steps != self._steps:
            self._steps = steps
            self._rebuild()
        self._entitle()
        self.setVisible(bool(steps))
        self._fit()

    def _on_scope_changed(self, _scope: object) -> None:
        if not self._is_moving:
            self.dismiss()

    def _answer(self) -> tuple[Step, ...]:
        project, analysis = self._editor.project, self._editor.analysis
        if self._question is None or (self._scope is not None and self._scope not in project.blocks):
            return ()
        if not analysis.complete:
            return self._steps
        return self._question(project, analysis, scope=self._scope, way=self._way)

    def _rebuild(self) -> None:
        empty(self._scroll.column)
        ways = (self._way, *(step.way for step in self._steps))
        self.rows = [
            StepRow(step, self._family(step), self._place(step) if step.way != before else "")
            for before, step in zip(ways, self._steps, strict=False)
        ]
        for number, step_row in enumerate(self.rows):
            step_row.activated.connect(partial(self._show, self._steps[number]))
            step_row.stepped.connect(partial(self._step, number))
            self._scroll.column.addWidget(step_row)
        self._scroll.column.addStretch(1)

    def _entitle(self) -> None:
        if self._steps:
            self._title.setText(tr("Why is this {size}?", size=self._steps[0].size))
            self.setAccessibleName(self._title.text())

    def _family(self, step: Step) -> str:
        node_type = self._editor.catalog.get(self._editor.project.drawing(step.scope).nodes[step.node].type)
        return node_type.family if node_type is not None else "muted"

    def _place(self, step: Step) -> str:
        """The way from the drawing of the project to that of a step, as in the breadcrumb."""
        return " › ".join((self._blocks.title(None), *step.place))

    def _show(self, step: Step) -> None:
        self._is_moving = True
        self._go_to(step)
        self._is_moving = False
        if self._editor.scope == step.scope and step.node in self._editor.graph.nodes:
            self._editor.select([step.node])
            self.node_requested.emit(step.node)

    def _go_to(self, step: Step) -> None:
        """Into the drawing of a step, by the way that leads there."""
        here = self._editor.way
        if (self._editor.scope, here) == (step.scope, step.way):
            return
        if not step.way:
            self._blocks.go_to(step.scope)
            return
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(here, step.way, strict=False)))
        self._blocks.leave(len(self._blocks.path) - shared)
        for instance in step.way[shared:]:
            self._blocks.enter(instance)

    def _step(self, number: int, step: int) -> None:
        target = self.rows[max(0, min(len(self.rows) - 1, number + step))]
        target.setFocus(Qt.FocusReason.TabFocusReason)
        self._scroll.ensureWidgetVisible(target)

    def _fit(self) -> None:
        """As high as the sentences, up to a limit."""
        wanted = self._scroll.column.totalHeightForWidth(self._scroll.viewport().width())
        self._scroll.setFixedHeight(
            min(theme.px(MOST_HEIGHT), wanted if wanted > 0 else self._scroll.column.sizeHint().height())
        )

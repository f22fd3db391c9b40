"""What the look at one real batch before a run found: each finding with its sign, its words, and the node it concerns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QWidget

from graph.messages import tr
from graph.model import Graph, NodeId
from graph.problems import Fix
from graph.target_scaling import FAR_TARGET, scaling_fix
from gui.editor import Editor
from gui.figures import bytes_text, clock
from gui.panels.empty import EmptyState
from gui.panels.parts import FactList, IconLabel, ScrollColumn, column, empty, label, row, small_button
from gui.theme import GRID
from runtime.amounts import seconds_text
from runtime.events import Checked, Event, Finding

MAX_WIDTH = 880  # pixels
SIGNS = {"ok": ("check", "good"), "warning": ("warning", "warning"), "error": ("error", "error")}
ORDER = ("error", "warning", "ok")
Mend = Callable[..., Fix | None]  # of a drawing, a node, and what was measured
MENDS: Mapping[str, Mend] = {FAR_TARGET: scaling_fix}  # by the code of a finding


class FindingRow(QFrame):
    """One finding. `activated()`: Enter or a click on one that concerns a node; `mended()`: a press of its button."""

    activated = Signal()
    mended = Signal()

    def __init__(self, finding: Finding, where: str, mend: str = "") -> None:
        super().__init__()
        self.finding = finding
        self.setProperty("kind", "row")
        words = {"ok": tr("All right"), "warning": tr("Warning"), "error": tr("Error")}[finding.level]
        self.setAccessibleName(": ".join(filter(None, (words, where, str(finding.message)))))
        if where:
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        texts = column(spacing=1)
        texts.addWidget(label(str(finding.message), wrap=True, tone="muted" if finding.level == "ok" else ""))
        if where:
            texts.addWidget(label(where, tone="muted", mono=True))
        line = row(self)
        line.setContentsMargins(GRID, GRID, GRID, GRID)
        line.addWidget(IconLabel(*SIGNS[finding.level], text=words), 0, Qt.AlignmentFlag.AlignTop)
        line.addLayout(texts, 1)
        self.mend_button = small_button(mend, "check")
        self.mend_button.setVisible(bool(mend))
        self.mend_button.clicked.connect(self.mended)
        texts.addWidget(self.mend_button, 0, Qt.AlignmentFlag.AlignLeft)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.activated.emit()
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.activated.emit()


class ChecksPanel(ScrollColumn):
    """The findings of the run on show, what needs mending first. `node_requested(id)` asks to show a node.

    `count_changed(n)`: how many of them are not all right.
    """

    node_requested = Signal(str)
    count_changed = Signal(int)

    def __init__(self, editor: Editor, parent: QWidget | None = None) -> None:
        super().__init__(spacing=2)
        self.setParent(parent)
        self.setAccessibleName(tr("Checks"))
        self._editor = editor
        self.rows: list[FindingRow] = []
        hint = tr(
            "Before each run one real batch goes through the network: shapes, labels, the first loss, gradients, memory and time."
        )
        self._empty = EmptyState("check", tr("Nothing checked yet"), hint)
        self._content = QWidget()
        self._content.setMaximumWidth(MAX_WIDTH)
        self.facts = FactList()
        self._list = column(spacing=2)
        inside = column(self._content, spacing=2 * GRID)
        inside.addLayout(self._list)
        inside.addWidget(self.facts)
        line = row()
        line.addWidget(self._content, MAX_WIDTH)
        line.addStretch(1)
        self.column.addWidget(self._empty, 1)
        self.column.addLayout(line)
        self.column.addStretch(0)
        editor.changed.connect(self._offer_what_mends)
        self.clear()

    def take(self, events: Iterable[Event]) -> None:
        """Show what was found before the run that these events are of."""
        for event in events:
            if isinstance(event, Checked):
                self._show(event)

    def clear(self) -> None:
        """Forget the run."""
        self._show(Checked(()))
        self._content.hide()
        self._empty.show()

    def _show(self, checked: Checked) -> None:
        empty(self._list)
        ordered = sorted(checked.findings, key=lambda finding: ORDER.index(finding.level))
        self.rows = [self._make(finding) for finding in ordered]
        for made in self.rows:
            self._list.addWidget(made)
        self.facts.set_facts(_facts(checked))
        self._content.show()
        self._empty.hide()
        self.count_changed.emit(sum(finding.level != "ok" for finding in checked.findings))

    def _make(self, finding: Finding) -> FindingRow:
        node = self._editor.project.graph.nodes.get(finding.node or "")
        fix = mend_of(finding, self._editor.project.graph)
        made = FindingRow(finding, node.name if node else "", str(fix.label) if fix else "")
        made.activated.connect(lambda: self._go_to(finding.node))
        made.mended.connect(lambda: self._mend(finding))
        return made

    def _mend(self, finding: Finding) -> None:
        fix = mend_of(finding, self._editor.project.graph)
        if fix is not None:
            self._editor.look_into(None)
            self._editor.apply_fix(fix)

    def _offer_what_mends(self) -> None:
        """A button stands where its mend still fits the drawing, which may have changed since the run began."""
        for made in self.rows:
            if made.finding.code in MENDS:
                made.mend_button.setVisible(mend_of(made.finding, self._editor.project.graph) is not None)

    def _go_to(self, node: NodeId | None) -> None:
        if node in self._editor.project.graph.nodes:
            self._editor.look_into(None)
            self.node_requested.emit(node)


def mend_of(finding: Finding, graph: Graph) -> Fix | None:
    """The edit that mends what was found, as far as there is one that fits the drawing as it is now."""
    mend = MENDS.get(finding.code)
    if mend is None or finding.node not in graph.nodes:
        return None
    return mend(graph, finding.node, **finding.measured)


def _facts(checked: Checked) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    if checked.memory_needed is not None:
        free = "" if checked.memory_free is None else tr("{free} free", free=bytes_text(checked.memory_free))
        found.append((tr("Memory of a step, about"), bytes_text(checked.memory_needed), free))
    if checked.seconds_per_epoch is not None:
        found.append((tr("Time of an epoch, about"), _duration(checked.seconds_per_epoch)))
    return found


def _duration(seconds: float) -> str:
    """Seconds with a fraction below ten, which a clock would round away."""
    return clock(seconds) if seconds >= 10 else seconds_text(seconds)

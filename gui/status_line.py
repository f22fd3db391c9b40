"""The lower edge: whether the drawing is right, how large it is, where it runs."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from graph.catalog import CATALOG, Role
from graph.messages import tr
from graph.problems import Severity
from gui.canvas.card import compact_count
from gui.editor import Editor
from gui.panels.figures import grouped
from gui.panels.parts import bytes_text
from runtime.analysis import Analysis

BYTES = 4  # a parameter is a float32


class StatusLine(QWidget):
    """One line of facts. Says what it does not know yet instead of showing zeros."""

    def __init__(self, editor: Editor) -> None:
        super().__init__(objectName="statusLine")
        self._editor = editor
        self._verdict, self._size, self._device = QLabel(objectName="verdict"), QLabel(), QLabel()
        row = QHBoxLayout(self, spacing=24)
        row.setContentsMargins(16, 4, 16, 4)
        row.addWidget(self._verdict)
        row.addWidget(self._size, 1)
        row.addWidget(self._device)
        self.setFixedHeight(28)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        editor.analysed.connect(self._on_analysed)
        self._device.setText(tr("PyTorch is loading…"))

    def show_device(self, text: str) -> None:
        """What training would run on."""
        self._device.setText(text)

    @Slot(object)
    def _on_analysed(self, analysis: Analysis) -> None:
        errors = len(analysis.errors)
        warnings = sum(p.severity is Severity.WARNING for p in analysis.problems)
        level = "error" if errors else "warning" if warnings else "good"
        self._verdict.setText(verdict(errors, warnings))
        self._verdict.setProperty("level", level)
        self._verdict.style().unpolish(self._verdict)
        self._verdict.style().polish(self._verdict)
        self._size.setText(self._measures(analysis) if analysis.complete else tr("Shapes follow in a moment…"))

    def _measures(self, analysis: Analysis) -> str:
        nodes = self._editor.graph.nodes.values()
        layers = sum(CATALOG[n.type].role in (Role.LAYER, Role.OPERATION) for n in nodes if n.type in CATALOG)
        return tr(
            "{layers} layers · {parameters} parameters · {macs} MACs · {memory}",
            layers=layers,
            parameters=grouped(analysis.parameters),
            macs=compact_count(analysis.macs),
            memory=bytes_text(analysis.parameters * BYTES),
        )


def verdict(errors: int, warnings: int) -> str:
    """The state of the drawing in three words."""
    if errors:
        return "✕ " + (tr("1 problem") if errors == 1 else tr("{count} problems", count=errors))
    if warnings:
        return "! " + (tr("1 warning") if warnings == 1 else tr("{count} warnings", count=warnings))
    return "✓ " + tr("Graph is valid")

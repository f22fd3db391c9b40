"""The lower edge: whether the drawing is right, how large it is, where it runs."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from graph.catalog import CATALOG, Role
from graph.messages import tr
from graph.problems import Severity
from gui.editor import Editor
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
            parameters=thousands(analysis.parameters),
            macs=short(analysis.macs),
            memory=size_text(analysis.parameters * BYTES),
        )


def verdict(errors: int, warnings: int) -> str:
    """The state of the drawing in three words."""
    if errors:
        return "✕ " + (tr("1 problem") if errors == 1 else tr("{count} problems", count=errors))
    if warnings:
        return "! " + (tr("1 warning") if warnings == 1 else tr("{count} warnings", count=warnings))
    return "✓ " + tr("Graph is valid")


def thousands(number: int) -> str:
    """61 706, with thin spaces."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def short(number: float) -> str:
    """0.42 M: three digits and a unit."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if number >= limit / 10 and limit > 1e4 or number >= limit:
            return f"{number / (1e3 if unit == 'k' else limit):.3g} {unit}"
    return f"{number:,.0f}"


def size_text(count: int) -> str:
    """Bytes as a person reads them: 241 KiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return f"{count:.0f} {unit}" if count >= 10 or unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    raise AssertionError

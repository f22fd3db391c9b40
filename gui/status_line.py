"""The lower edge: whether the drawing is right, how large it is, what it runs with."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QLabel, QWidget

from graph.messages import tr
from graph.problems import Severity
from gui.editor import Editor
from gui.figures import bytes_text, compact_count, grouped
from gui.panels.inspector import BYTES_PER_NUMBER, num_layers
from gui.panels.macs import macs_text, runs_code
from gui.panels.parts import row
from gui.panels.problems import listed
from gui.style import set_property
from gui.theme import GRID, theme
from runtime.analysis import Analysis

HEIGHT = 28  # pixels at 100 %


class StatusLine(QWidget):
    """One line of facts. Says what it does not know yet instead of showing zeros."""

    def __init__(self, editor: Editor) -> None:
        super().__init__()
        self.setObjectName("statusLine")
        self._editor = editor
        self._verdict, self._size, self._kept, self._engine = QLabel(), QLabel(), QLabel(), QLabel()
        self._verdict.setObjectName("verdict")
        line = row(self, spacing=6 * GRID)
        line.setContentsMargins(4 * GRID, GRID, 4 * GRID, GRID)
        line.addWidget(self._verdict)
        line.addWidget(self._size, 1)
        line.addWidget(self._kept)
        line.addWidget(self._engine)
        theme.changed.connect(self._use_scale)
        self._use_scale()
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        editor.analysed.connect(self._on_analysed)
        self._engine.setText(tr("PyTorch is loading…"))

    @Slot(object)
    def show_autosaved(self, moment: datetime) -> None:
        """The drawing is kept since then."""
        self._kept.setText(tr("autosaved {time}", time=f"{moment:%H:%M}"))

    def show_ready(self) -> None:
        """PyTorch is loaded: say which."""
        from importlib.metadata import version

        self._engine.setText(f"PyTorch {version('torch')}")

    @Slot()
    def _use_scale(self) -> None:
        self.setFixedHeight(theme.px(HEIGHT))

    @Slot(object)
    def _on_analysed(self, analysis: Analysis) -> None:
        problems = listed(analysis, self._editor.project)
        warnings = sum(p.severity is Severity.WARNING for p in problems)
        errors = len(problems) - warnings
        level = "error" if errors else "warning" if warnings else "good"
        is_empty = not self._editor.project.graph.nodes  # nothing to warn of: it has just been begun
        self._verdict.setText(tr("Nothing drawn yet") if is_empty else verdict(errors, warnings))
        set_property(self._verdict, "level", "" if is_empty else level)
        size = self._measures(analysis) if analysis.complete else tr("Shapes follow in a moment…")
        self._size.setText("" if is_empty else size)

    def _measures(self, analysis: Analysis) -> str:
        project = self._editor.project
        count = num_layers(project.graph, project.catalog)
        layers = tr("1 layer") if count == 1 else tr("{layers} layers", layers=count)
        if analysis.errors or not count:  # the rest is known in parts only, or nothing
            return layers
        return tr(
            "{layers} · {parameters} parameters · {macs} MACs · {memory}",
            layers=layers,
            parameters=grouped(analysis.parameters),
            macs=macs_text(analysis.macs, has_code=runs_code(project.graph, project.definitions), write=compact_count),
            memory=bytes_text(analysis.parameters * BYTES_PER_NUMBER),
        )


def verdict(errors: int, warnings: int) -> str:
    """The state of the drawing in a few words: together they are as many as the tab of the problems says."""
    parts = []
    if errors:
        parts.append(tr("1 error") if errors == 1 else tr("{count} errors", count=errors))
    if warnings:
        parts.append(tr("1 warning") if warnings == 1 else tr("{count} warnings", count=warnings))
    sign = "✕" if errors else "!" if warnings else "✓"
    return f"{sign} {' · '.join(parts) or tr('Graph is valid')}"

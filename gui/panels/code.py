"""The Python of the drawing, following every edit; lines and nodes find each other."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import QFrame, QWidget

from graph.messages import tr
from gui.block_editor import BlockEditor
from gui.editor import Change, Editor
from gui.icons import icon
from gui.panels.code_view import CodeView
from gui.panels.parts import MARGIN, ElidedLabel, IconLabel, column, flat_button, label, row
from gui.theme import GRID

if TYPE_CHECKING:
    from runtime.codegen import Source

COPIED_FOR = 1500  # milliseconds
COMMENT_WIDTH = 28  # letters that the panel is wide at first


class CodePanel(QWidget):
    """While the drawing has errors the last good text stays, and a banner says so. A hidden panel generates nothing."""

    def __init__(self, editor: Editor, blocks: BlockEditor | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("Code"))
        self._editor, self._blocks = editor, blocks or BlockEditor(editor)
        self._source: Source | None = None
        self._stale = True
        self.view = CodeView()
        self.copy_button = flat_button("copy", tr("Copy the code"))
        self._title = ElidedLabel("model.py", tone="muted", mono=True)
        self._banner_text = label("", wrap=True)
        self.banner = self._make_banner()
        self._copied = QTimer(self, singleShot=True, interval=COPIED_FOR)
        self._lay_out()
        self._connect()

    @property
    def text(self) -> str:
        """The text on show."""
        return self.view.toPlainText()

    def copy(self) -> None:
        """Put the whole text on the clipboard."""
        QGuiApplication.clipboard().setText(self.text)
        self.copy_button.setIcon(icon("check", "good"))
        self._copied.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._update()

    def _on_analysed(self, _analysis: object) -> None:
        self._stale = True
        if self.isVisible():
            self._update()

    def _on_changed(self, _change: Change) -> None:
        if self._editor.undo_text is None and self._editor.redo_text is None:  # another document
            self._source = None
            self.view.show_text("")

    def _update(self) -> None:
        analysis = self._editor.analysis
        if not analysis.complete:
            return
        self._stale = False
        if self._source is None or not analysis.errors:
            from runtime.codegen import generate

            self._source = generate(self._editor.project, analysis)
            waiting = tr("The Python of the drawing appears here when its layers are wired and have no errors.")
            comment = "".join(f"# {line}\n" for line in wrap(waiting, COMMENT_WIDTH))
            self.view.show_text(self._source.text if self._source.outputs else comment)
        self._banner_text.setText(tr("The drawing has errors. This is the Python from before them."))
        self.banner.setVisible(bool(analysis.errors))
        self._mark_selected()

    def _mark_selected(self, _selection: object = None) -> None:
        lines = self._source.lines_in(self._editor.scope) if self._source else {}
        self.view.mark(tuple(sorted(line for node in self._editor.selection for line in lines.get(node, ()))))

    def _on_line_clicked(self, line: int) -> None:
        """Show the drawing that the line is from, and select its node there."""
        mark = self._source.mark_at(line) if self._source else None
        if mark is None:
            return
        scope, node = mark
        project = self._editor.project
        if (scope is None or scope in project.blocks) and node in project.drawing(scope).nodes:
            self._blocks.go_to(scope)
            self._editor.select([node])

    def _connect(self) -> None:
        self.copy_button.clicked.connect(self.copy)
        self._copied.timeout.connect(lambda: self.copy_button.setIcon(icon("copy", "muted")))
        self.view.line_clicked.connect(self._on_line_clicked)
        self._editor.changed.connect(self._on_changed)
        self._editor.analysed.connect(self._on_analysed)
        self._editor.selection_changed.connect(self._mark_selected)

    def _make_banner(self) -> QFrame:
        banner = QFrame()
        banner.setProperty("kind", "banner")
        line = row(banner)
        line.setContentsMargins(MARGIN, GRID + 2, MARGIN, GRID + 2)
        line.addWidget(IconLabel("warning", "warning"))
        line.addWidget(self._banner_text, 1)
        banner.hide()
        return banner

    def _lay_out(self) -> None:
        head = row()
        head.setContentsMargins(MARGIN, 2 * GRID, MARGIN, 2 * GRID)
        head.addWidget(self._title, 1)
        head.addWidget(self.copy_button)
        layout = column(self)
        layout.addLayout(head)
        layout.addWidget(self.banner)
        layout.addWidget(self.view, 1)

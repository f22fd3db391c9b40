"""The table of the network: what each layer gives, learns, computes and keeps, to sort and to take away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication, QShowEvent
from PySide6.QtWidgets import QFileDialog, QMenu, QPushButton, QStackedLayout, QWidget

from graph.atomic import write_atomically
from graph.messages import LayerloomError, msg, tr
from gui.editor import Editor
from gui.figures import bytes_text, grouped
from gui.icons import icon
from gui.panels.empty import EmptyState
from gui.panels.macs import macs_text, runs_code
from gui.panels.parts import ElidedLabel, column, row
from gui.panels.summary_model import NAME, ROW, SummaryModel
from gui.panels.summary_view import SummaryView
from gui.theme import GRID
from runtime.summary import Row, Summary, summarize
from runtime.summary_formats import FORMATTERS

FORMATS = {"markdown": ("Markdown", ".md"), "latex": ("LaTeX", ".tex"), "csv": ("CSV", ".csv")}
FILE_NAME = "summary"


class SummaryPanel(QWidget):
    """A row for each node of the drawing on the canvas; blocks open to what is in them.

    `node_requested(id)`: Enter or a double click, the person wants to see the node. `told(Message, level)`: what was copied
    or saved, or why not.
    """

    node_requested = Signal(str)
    told = Signal(object, str)

    def __init__(self, editor: Editor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editor = editor
        self._stale, self._following = True, False
        self._open: set[tuple[str, ...]] = set()
        self.model = SummaryModel(self)
        self.view = SummaryView(self.model)
        self._build()
        self._connect()
        self._refresh()

    def _build(self) -> None:
        self.totals = ElidedLabel(tone="muted")
        self.button = QPushButton(tr("Copy / export as"))
        self.button.setProperty("kind", "menu")
        self.button.setIcon(icon("export", "muted"))
        self.button.setToolTip(tr("Take the table away as it is shown: sorted, with the blocks that are open."))
        self.button.setMenu(self._make_menu())
        head = row()
        head.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 2 * GRID)
        head.addWidget(self.totals, 1)
        head.addWidget(self.button)
        table = QWidget()
        self.view.setParent(table)  # Tab comes in by the proxy, and would pass over what precedes it
        inside = column(table)
        inside.addLayout(head)
        inside.addWidget(self.view, 1)
        self.empty = EmptyState(
            "table", tr("No layers yet"), tr("Draw a network: its layers are listed here with their shapes and costs.")
        )
        self._pages = QStackedLayout(self)
        self._pages.addWidget(table)
        self._pages.addWidget(self.empty)
        self.setFocusProxy(self.view)

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        for name, (label, _) in FORMATS.items():
            menu.addAction(tr("Copy as {format}", format=label)).setData(("copy_as", name))
        menu.addSeparator()
        for name, (label, _) in FORMATS.items():
            menu.addAction(tr("Save as {format}…", format=label)).setData(("save_as", name))
        menu.triggered.connect(self._on_chosen)
        return menu

    def _connect(self) -> None:
        self._editor.analysed.connect(self._on_analysed)
        self._editor.scope_changed.connect(self._on_analysed)
        self._editor.selection_changed.connect(self._on_selection_changed)
        self.model.modelReset.connect(self._on_reset)
        self.view.expanded.connect(self._on_expanded)
        self.view.collapsed.connect(self._on_collapsed)
        self.view.row_entered.connect(self._on_entered)
        self.view.selectionModel().selectionChanged.connect(self._on_rows_selected)

    # ---- taking it away

    def text(self, name: str) -> str:
        """The table as it is shown, in a format of `FORMATTERS`."""
        shown = self.model.summary
        rows = tuple(self._as_shown(shown.rows, QModelIndex()))
        return FORMATTERS[name](Summary(rows, shown.parameters, shown.macs, shown.memory), expand=True)

    def copy_as(self, name: str) -> None:
        """Copy the table to the clipboard."""
        QGuiApplication.clipboard().setText(self.text(name))
        self.told.emit(msg("The table is on the clipboard as {format}.", format=FORMATS[name][0]), "info")

    def save_as(self, name: str) -> None:
        """Choose a file and write the table to it."""
        label, suffix = FORMATS[name]
        start = (self._editor.folder or Path.home()) / f"{FILE_NAME}{suffix}"
        chosen, _ = QFileDialog.getSaveFileName(self, tr("Save the table"), str(start), f"{label} (*{suffix})")
        if not chosen:
            return
        path = Path(chosen) if Path(chosen).suffix else Path(chosen).with_suffix(suffix)
        try:
            write_atomically(path, f"{self.text(name)}\n".encode())
        except LayerloomError as error:
            self.told.emit(error.message, "error")
        else:
            self.told.emit(msg("The table is in {file}.", file=str(path)), "info")

    def _as_shown(self, rows: tuple[Row, ...], parent: QModelIndex) -> list[Row]:
        """The rows, with the layers only of those blocks that are open."""
        shown = []
        for number, entry in enumerate(rows):
            index = self.model.index(number, 0, parent)
            is_open = bool(entry.parts) and self.view.isExpanded(index)
            shown.append(replace(entry, parts=tuple(self._as_shown(entry.parts, index)) if is_open else ()))
        return shown

    @Slot(QAction)
    def _on_chosen(self, action: QAction) -> None:
        take, name = action.data()
        getattr(self, take)(name)

    # ---- following the editor

    @Slot(object)
    def _on_analysed(self, _news: object) -> None:
        self._stale = True
        if self.isVisible():
            self._refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._refresh()

    def _refresh(self) -> None:
        self._stale = False
        summary = summarize(self._editor.view, self._editor.view_analysis)
        self.model.show_summary(summary)
        self._pages.setCurrentIndex(0 if summary.rows else 1)
        has_code = runs_code(self._editor.graph, self._editor.project.definitions)
        text = tr(
            "{layers} rows · {parameters} parameters · {macs} MACs a sample · {memory} for parameters and one sample",
            layers=len(summary.rows),
            parameters=grouped(summary.parameters),
            macs=macs_text(summary.macs, has_code=has_code),
            memory=bytes_text(summary.memory),
        )
        self.totals.setText(text)
        self.totals.setToolTip(tr("Memory: 4 bytes a parameter, and every output of a layer for one sample."))

    @Slot()
    def _on_reset(self) -> None:
        """Rows came or went, or stand in another order: open what was open, select what is selected."""
        for index in self.model.walk():
            if self.model.path(index) in self._open:
                self.view.setExpanded(index, True)
        self.view.fit_columns()
        self._on_selection_changed(self._editor.selection)

    @Slot(QModelIndex)
    def _on_expanded(self, index: QModelIndex) -> None:
        self._open.add(self.model.path(index))

    @Slot(QModelIndex)
    def _on_collapsed(self, index: QModelIndex) -> None:
        self._open.discard(self.model.path(index))

    @Slot(object)
    def _on_selection_changed(self, nodes: frozenset[str]) -> None:
        if self._following or nodes == self._selected_nodes():
            return
        found = self.model.find(nodes)
        selection = QItemSelection()
        for run in _runs(found):
            selection.select(run[0], run[-1])
        flags = QItemSelectionModel.SelectionFlag
        self._following = True
        self.view.selectionModel().select(selection, flags.ClearAndSelect | flags.Rows)
        if found:
            self.view.selectionModel().setCurrentIndex(found[0].siblingAtColumn(NAME), flags.NoUpdate)
            self.view.scrollTo(found[0])
        self._following = False

    def _selected_nodes(self) -> frozenset[str]:
        return self.model.nodes_of(self.view.selectionModel().selection())

    @Slot()
    def _on_rows_selected(self, *_change: object) -> None:
        if not self._following:
            self._following = True
            self._editor.select(self._selected_nodes())
            self._following = False

    @Slot(QModelIndex)
    def _on_entered(self, index: QModelIndex) -> None:
        self.node_requested.emit(index.data(ROW).node)


def _runs(indexes: list[QModelIndex]) -> Iterator[list[QModelIndex]]:
    """Rows that follow each other, together: a selection of thousands is then quick."""
    for _, run in groupby(enumerate(indexes), key=lambda pair: pair[1].row() - pair[0]):
        yield [index for _, index in run]

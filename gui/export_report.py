"""How fast, how large and how hungry every export of a run is: measured in the background, shown as a table."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHeaderView, QProgressBar, QPushButton, QTableWidget, QTableWidgetItem, QWidget

from graph.messages import ExportError, LayerloomError, msg, tr
from gui.apart import Messenger, work_apart
from gui.panels.parts import column, label, row
from gui.theme import GRID, theme

if TYPE_CHECKING:
    from runtime.export.report import Report

Measurer = Callable[[Path, Callable[[], bool]], "Report"]
WIDTH, ROW, MARGIN = 820, 7 * GRID, 5 * GRID


def measure_run(run: Path, is_wanted: Callable[[], bool]) -> Report:
    """Load the best checkpoint of a run and measure its exports; takes a minute, so call it from a thread.

    Raises:
        LayerloomError: the run cannot be read, or PyTorch does not run in a process of its own.
        Cancelled: `is_wanted` said no.
    """
    from runtime.export.report import measure
    from runtime.predict import load_trained

    return measure(load_trained(run), is_wanted=is_wanted)


class ReportDialog(QDialog):
    """Measures the exports of a run when it is told to `start`; closing it ends that. `measured` carries the report."""

    measured = Signal(object)  # Report

    def __init__(self, run: Path, parent: QWidget | None = None, *, measurer: Measurer = measure_run) -> None:
        super().__init__(parent)
        self._run, self._measurer = run, measurer
        self._unwanted = threading.Event()
        self._thread: threading.Thread | None = None
        self._report: Report | None = None
        self.setWindowTitle(tr("Exports, measured"))
        self._build()
        theme.changed.connect(self._use_scale)
        self._use_scale()
        self._messenger = Messenger(self._on_done)

    def _build(self) -> None:
        page = self._page = column(self, spacing=3 * GRID)
        page.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        page.addWidget(label(tr("Every export against PyTorch"), tone="title"))
        self.note = label(tr("Writing every export and timing them in turn, each in a process of its own. This takes about a minute."),
                          tone="muted", wrap=True)  # fmt: skip
        self.progress = QProgressBar(textVisible=False, maximum=0)
        self.progress.setAccessibleName(tr("Measuring"))
        self.error = label("", tone="error", wrap=True)
        self.table = QTableWidget()
        self.table.setAccessibleName(tr("Exports, measured"))
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        for widget in (self.note, self.progress, self.error, self.table):
            page.addWidget(widget)
        self.error.hide()
        self.table.hide()
        page.addStretch(1)
        page.addLayout(self._make_buttons())

    def _make_buttons(self):
        self.copy_button = QPushButton(tr("Copy as Markdown"))
        self.copy_button.clicked.connect(self._copy)
        self.copy_button.hide()
        close = QPushButton(tr("Close"), default=True)
        close.clicked.connect(self.close)
        line = row()
        line.addWidget(self.copy_button)
        line.addStretch(1)
        line.addWidget(close)
        return line

    @Slot()
    def _use_scale(self) -> None:
        self.setMinimumWidth(theme.px(WIDTH))
        self.table.verticalHeader().setDefaultSectionSize(theme.px(ROW))
        self._fit_table()

    def start(self) -> None:
        """Measure in a thread; the table, or the reason why there is none, follows."""
        self._thread = work_apart(self._work, "layerloom-measure")

    def _work(self) -> None:
        from runtime.export.report import Cancelled

        try:
            result = self._measurer(self._run, lambda: not self._unwanted.is_set())
        except Cancelled:
            return
        except LayerloomError as error:
            result = error
        except Exception as error:  # the person gets a sentence whatever happens in the thread
            reason = f"{type(error).__name__}: {error}"
            result = ExportError(
                msg("The measurement stopped because of an error inside Layerloom: {error}", error=reason)
            )
        self._messenger.tell(result)

    @Slot(object)
    def _on_done(self, result: Report | LayerloomError) -> None:
        self._thread = None
        self.progress.hide()
        if isinstance(result, LayerloomError):
            self.note.hide()
            self.error.setText(str(result))
            self.error.show()
        else:
            self._show_report(result)
            self.measured.emit(result)
        self._fit()

    def _show_report(self, report: Report) -> None:
        from runtime.export.report_table import heads, notes, rows

        self._report = report
        self.note.setText("\n".join(notes(report)))
        cells = rows(report)
        self.table.setColumnCount(len(heads()))
        self.table.setRowCount(len(cells))
        sides = [Qt.AlignmentFlag.AlignLeft, *[Qt.AlignmentFlag.AlignRight] * (len(heads()) - 1)]
        for place, (title, side) in enumerate(zip(heads(), sides, strict=True)):
            item = QTableWidgetItem(title)
            item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.table.setHorizontalHeaderItem(place, item)
            for number, texts in enumerate(cells):
                entry = QTableWidgetItem(texts[place])
                entry.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(number, place, entry)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        self.table.show()
        self.copy_button.show()
        self._fit_table()

    def _fit(self) -> None:
        """Take the height that the texts need at this width."""
        self._page.activate()
        self.resize(self.width(), self._page.totalHeightForWidth(self.width()))

    def _fit_table(self) -> None:
        """All rows are seen; a report has few."""
        if self._report is not None:
            rows = self.table.rowCount() * theme.px(ROW)
            self.table.setFixedHeight(rows + self.table.horizontalHeader().sizeHint().height() + 2 * GRID)

    @Slot()
    def _copy(self) -> None:
        from runtime.export.report_table import to_markdown

        if self._report is not None:
            QGuiApplication.clipboard().setText(to_markdown(self._report))

    def done(self, result: int) -> None:
        """Closing ends the measurement after the step under way."""
        self._unwanted.set()
        super().done(result)

"""Brings weights from a file onto the drawing: shows what belongs where, lets a person change it, and makes a run of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QProgressBar,
    QPushButton,
    QSplitter,
    QWidget,
)

from graph.figure_titles import title_of
from graph.messages import LayerloomError, Message, RunError, msg, tr
from gui.apart import Messenger, work_apart
from gui.figures import figure
from gui.icons import icon
from gui.panels.parts import breakable, column, complain, label, row, small_button
from gui.style import set_property
from gui.theme import GRID, theme
from gui.weights_model import WeightsModel
from gui.weights_view import WeightsView
from gui.workspace import Workspace
from runtime.importer.weights_report import MATCHED, sizes

if TYPE_CHECKING:
    from runtime.importer.weights import Imported, Target
    from runtime.importer.weights_reading import WeightsFile

EDGE = 5 * GRID
SIZE = QSize(1000, 600)  # pixels at 100 %
LIST_SHARE = 4  # the table has so many times the height of the list below it


class WeightsDialog(QDialog):
    """Reads and imports in a thread; the window stays free. `told(Message, level)`: what was imported."""

    told = Signal(object, str)

    def __init__(self, workspace: Workspace, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._path = workspace, path
        self._project = workspace.editor.project
        self._target: Target | None = None
        self._file: WeightsFile | None = None
        self._thread: threading.Thread | None = None
        self.model = WeightsModel(self)
        self.setWindowTitle(tr("Import weights"))
        self._build()
        self._connect()
        self._resize()
        self._begin(self._read, self._on_read)

    # ---- parts

    def _build(self) -> None:
        whole = column(self, spacing=3 * GRID)
        whole.setContentsMargins(EDGE, EDGE, EDGE, EDGE)
        whole.addWidget(label(tr("Weights of {file} for {drawing}", file=self._path.name, drawing=self._workspace.documents.title),
                              tone="title", wrap=True))  # fmt: skip
        self.notes = label("", tone="muted", wrap=True)
        self.error = label("", tone="error", wrap=True)
        whole.addWidget(self.notes)
        whole.addLayout(self._make_tools())
        self.view = WeightsView(self.model)
        self.unused = QListWidget()
        self.unused.setAccessibleName(tr("Entries of the file that nothing gets"))
        self.unused_words = label("", tone="heading")
        self._below = QWidget()
        below = column(self._below, spacing=GRID)
        below.setContentsMargins(0, 2 * GRID, 0, 0)
        below.addWidget(self.unused_words)
        below.addWidget(self.unused, 1)
        splitter = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        splitter.addWidget(self.view)
        splitter.addWidget(self._below)
        splitter.setStretchFactor(0, LIST_SHARE)
        splitter.setStretchFactor(1, 1)
        whole.addWidget(splitter, 1)
        self.progress = QProgressBar(textVisible=False, maximum=0)
        self.progress.setAccessibleName(tr("Reading the weights"))
        self.summary = label("", wrap=True)
        self.promise = label("", tone="muted", wrap=True)
        for widget in (self.progress, self.error, self.summary, self.promise):
            whole.addWidget(widget)
        whole.addLayout(self._make_buttons())
        self._below.hide()
        self.error.hide()
        self.notes.hide()

    def _make_tools(self) -> QHBoxLayout:
        self.filter = QLineEdit(clearButtonEnabled=True)
        self.filter.setPlaceholderText(tr("Filter by words"))
        self.filter.setAccessibleName(tr("Filter by words"))
        sign = self.filter.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        sign.setText(tr("Filter by words"))
        self.only_problems = QCheckBox(tr("Only what to look at"))
        self.by_order = small_button(tr("Match by order"), "outline")
        self.transpose = small_button(tr("Rows become columns"), "swap")
        self.again = small_button(tr("Propose again"), "reset")
        self.by_order.setToolTip(tr("Go by order and shape alone, whatever the names"))
        self.transpose.setToolTip(tr("Turn every matrix that fits the other way round, as those of Keras do"))
        line = row()
        line.addWidget(self.filter, 1)
        for widget in (self.only_problems, self.by_order, self.transpose, self.again):
            line.addWidget(widget)
        return line

    def _make_buttons(self) -> QHBoxLayout:
        self.import_button = QPushButton(tr("Import"))
        self.import_button.setProperty("kind", "primary")
        cancel = QPushButton(tr("Cancel"))
        cancel.clicked.connect(self.reject)
        line = row()
        line.addStretch(1)
        line.addWidget(cancel)
        line.addWidget(self.import_button)
        return line

    def _connect(self) -> None:
        self._messenger = Messenger(self._on_done)
        self.model.changed.connect(self._show)
        self.filter.textChanged.connect(self._filter)
        self.only_problems.toggled.connect(self._filter)
        self.by_order.clicked.connect(self.model.match_by_order)
        self.transpose.clicked.connect(self.model.transpose)
        self.again.clicked.connect(self.model.propose_again)
        self.import_button.clicked.connect(self.start)

        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)  # Enter in the filter or the table imports nothing

    def _resize(self) -> None:
        room = self.screen().availableSize()
        self.resize(
            min(theme.px(SIZE.width()), room.width() - 2 * EDGE), min(theme.px(SIZE.height()), room.height() - 4 * EDGE)
        )

    # ---- in a thread

    def _read(self) -> tuple[Target, WeightsFile]:
        from runtime.importer.weights_reading import read_weights
        from runtime.warmup import warm_up

        warm_up()
        file = read_weights(self._path)
        from runtime.importer.weights import Target

        return Target(self._project), file

    def _import(self) -> Imported:
        from runtime.importer.weights import import_weights

        assert self._target is not None and self._file is not None
        return import_weights(
            self._target, self._file, self.model.matches, folder=self._workspace.editor.folder, runs=self._runs
        )

    def _begin(self, work: Callable[[], object], then: Callable[[Any], None]) -> None:
        self._runs = self._workspace.documents.runs_folder
        self._set_busy(True)
        complain(self.error, None)
        self._thread = work_apart(partial(self._work, work, then), "layerloom-weights")

    def _work(self, work: Callable[[], object], then: Callable[[Any], None]) -> None:
        try:
            result = work()
        except LayerloomError as error:
            result = error
        except Exception as error:  # the person gets a sentence whatever happens in the thread
            result = RunError(msg("Layerloom made a mistake: {error}.", error=f"{type(error).__name__}: {error}"))
        self._messenger.tell((then, result))

    @Slot(object)
    def _on_done(self, done: tuple[Callable[[Any], None], object]) -> None:
        then, result = done
        self._thread = None
        self._set_busy(False)
        if isinstance(result, LayerloomError):
            complain(self.error, result.message)
        else:
            then(result)

    # ---- what the person does

    @Slot()
    def start(self) -> None:
        """Import in a thread; then this closes."""
        if self._thread is None and self._file is not None:
            self._begin(self._import, self._on_imported)

    def _on_read(self, result: tuple[Target, WeightsFile]) -> None:
        self._target, self._file = result
        self.notes.setText(breakable("\n".join(map(str, self._file.notes))))
        self.notes.setVisible(bool(self._file.notes))
        self.model.show_file(self._project, self._target.places, self._file.entries)
        self.view.setCurrentIndex(self.model.index(0, 0))
        self.view.setFocus()

    def _on_imported(self, imported: Imported) -> None:
        controller = self._workspace.controller
        is_front = controller.adopt(imported.run, self._project)
        self.told.emit(_said(imported, is_front=is_front), "info")
        for note in imported.notes[len(self._file.notes) if self._file else 0 :]:
            self.told.emit(note, "warning")
        self.accept()

    def reject(self) -> None:
        """Close, but not while a run is written."""
        if self._thread is None or self._file is None:
            super().reject()
        else:
            complain(self.error, msg("The run is being written. This closes when it is there."))

    # ---- what it shows

    @Slot()
    def _filter(self) -> None:
        self.model.filter_by(self.filter.text(), only_problems=self.only_problems.isChecked())

    @Slot()
    def _show(self) -> None:
        report = self.model.report
        if report is None:
            return
        self.unused.clear()
        self.unused.addItems([f"{entry.name}   {sizes(entry.shape)}" for entry in report.unexpected])
        self.unused_words.setText(tr("In the file, but nowhere in the drawing: {count}", count=len(report.unexpected)))
        self._below.setVisible(bool(report.unexpected))
        self.summary.setText(str(report.summary))
        set_property(self.summary, "tone", "good" if report.is_whole else "warning")
        self.promise.setText(
            tr("They become a run of their own, tagged 'imported', beside what was trained: Try, Inside, Explain and Export use it, and "
               "a new run can begin with it. The drawing stays as it is. Delete the run in Runs to undo this.")
        )  # fmt: skip
        self._enable()

    def _set_busy(self, busy: bool) -> None:
        self.progress.setVisible(busy)
        self._is_busy = busy
        self._enable()

    def _enable(self) -> None:
        report, free = self.model.report, not self._is_busy
        can_import = report is not None and report.count(MATCHED) > 0
        self.import_button.setEnabled(free and can_import)
        nothing = tr("Nothing in the file matches the drawing yet. Choose in the table what belongs where.")
        self.import_button.setToolTip("" if can_import or report is None else nothing)
        for widget in (self.view, self.filter, self.only_problems, self.by_order, self.again):
            widget.setEnabled(free and report is not None)
        self.transpose.setVisible(self.model.can_transpose)


def _said(imported: Imported, *, is_front: bool) -> Message:
    """What came of it."""
    figures = ", ".join(f"{title_of(key)} {figure(value)}" for key, value in imported.test.items())
    matched, whole = imported.report.count(MATCHED), len(imported.report.lines)
    if not is_front:
        return msg("{matched} of {whole} weights imported. The run waits in Runs, as another one is under way.",
                   matched=matched, whole=whole)  # fmt: skip
    if figures:
        return msg(
            "{matched} of {whole} weights imported. Test: {figures}.", matched=matched, whole=whole, figures=figures
        )
    return msg("{matched} of {whole} weights imported.", matched=matched, whole=whole)

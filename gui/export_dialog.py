"""Takes a trained network away: choose a format and a place, then read the receipt of what was written."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import Qt, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QWidget,
)

from graph.messages import ExportError, LayerloomError, msg, tr
from graph.model import Project
from gui.apart import Messenger, work_apart
from gui.figures import figure, short_power
from gui.panels.card import Card
from gui.panels.parts import DECORATION, FactList, ScrollColumn, column, label, row
from gui.theme import GRID, theme

if TYPE_CHECKING:
    from runtime.export import Format, Receipt

WIDTH = 600
EDGE = 5 * GRID
SUFFIXES_OF_FOLDERS = {"python": "_project", "job": "_job"}


class Drawn(NamedTuple):
    """A drawing that was not trained yet; the paths of its data start from `folder`."""

    project: Project
    folder: Path | None
    title: str


Exporter = Callable[[Path | Drawn, str, Path], "Receipt"]


def export_source(source: Path | Drawn, format_id: str, path: Path) -> Receipt:
    """Export the best checkpoint of a run, or a drawing as it is; takes seconds, so call it from a thread.

    Raises:
        LayerloomError: the run cannot be read, the drawing has errors, or the export failed or differs.
    """
    from runtime.export import export
    from runtime.predict import load_trained, untrained

    if isinstance(source, Drawn):
        return export(replace(untrained(source.project), folder=source.folder), format_id, path)
    return export(load_trained(source), format_id, path)


class ExportDialog(QDialog):
    """Exports a run, or a drawing without one, into a folder of the person's choice, in the background. `exported` carries the
    receipt."""

    exported = Signal(object)  # Receipt

    def __init__(
        self, source: Path | Drawn, folder: Path, parent: QWidget | None = None, *, exporter: Exporter = export_source
    ) -> None:
        """`source` is the folder of a run, or a drawing: of that, what needs no training can be exported."""
        from runtime.export import FORMATS

        super().__init__(parent)
        self._source, self._exporter = source, exporter
        self._run = source if isinstance(source, Path) else None
        self._formats = FORMATS
        self._thread: threading.Thread | None = None
        self.setWindowTitle(tr("Export the trained network") if self._run else tr("Export the drawing"))
        self._resized = QTimer(self, singleShot=True, interval=0)  # when its texts have their new size
        self._resized.timeout.connect(self._fit)
        theme.changed.connect(self._use_scale)
        self._use_scale()
        self._build(folder)
        self._messenger = Messenger(self._on_done)

    @Slot()
    def _use_scale(self) -> None:
        self.setMinimumWidth(theme.px(WIDTH))
        self._resized.start()

    # ---- parts

    def _build(self, folder: Path) -> None:
        self._scroll = ScrollColumn(spacing=3 * GRID)
        layout = self._scroll.column
        layout.setContentsMargins(EDGE, EDGE, EDGE, 2 * GRID)
        title = tr("Take the trained network away") if self._run else tr("Take the drawing away")
        layout.addWidget(label(title, tone="title"))
        text = tr("Every export is run again in a separate process and compared with the network here.")
        layout.addWidget(label(text, tone="muted", wrap=True))
        if self._run is None:
            text = tr(
                "Nothing is trained yet, so only what needs no weights can be exported. Press Train first for the rest."
            )
            layout.addWidget(label(text, tone="warning", wrap=True))
        layout.addWidget(self._make_choices())
        layout.addLayout(self._make_place(folder))
        self.note = label(tr("This file is there already: the export takes its place."), tone="warning", wrap=True)
        self.progress = QProgressBar(textVisible=False, maximum=0)
        self.progress.setAccessibleName(tr("Exporting"))
        self.error = label("", tone="error", wrap=True)
        self.receipt = ReceiptCard()
        self.receipt.open_button.clicked.connect(self._open_folder)
        for widget in (self.note, self.progress, self.error, self.receipt):
            layout.addWidget(widget)
            widget.hide()
        layout.addStretch(1)
        self._buttons = self._make_buttons()
        whole = column(self)
        whole.addWidget(self._scroll, 1)
        whole.addLayout(self._buttons)
        self._look_at_place()

    def _make_choices(self) -> QWidget:
        box = QWidget()
        choices = column(box, spacing=3 * GRID)
        self.choices = QButtonGroup(self)
        for number, kind in enumerate(self._formats.values()):
            button = QRadioButton(str(kind.label))
            self.choices.addButton(button, number)
            hint = label(str(kind.help), tone="muted", wrap=True)
            hint.setContentsMargins(6 * GRID + 2, 0, 0, 0)
            choice = column()
            choice.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
            choice.addWidget(hint)
            choices.addLayout(choice)
            if kind.needs_training and self._run is None:
                _forbid(button, hint)
        next(button for button in self.choices.buttons() if button.isEnabled()).setChecked(True)
        self.choices.idToggled.connect(self._on_format_toggled)
        return box

    def _make_place(self, folder: Path) -> QHBoxLayout:
        self.place = QLineEdit(str(folder / self._suggestion()))
        self.place.setAccessibleName(tr("Where to write"))
        self.place.textChanged.connect(self._look_at_place)
        browse = QPushButton(tr("Choose…"))
        browse.clicked.connect(self._browse)
        line = row()
        line.addWidget(label(tr("Write to"), tone="muted"))
        line.addWidget(self.place, 1)
        line.addWidget(browse)
        return line

    def _make_buttons(self) -> QHBoxLayout:
        self.export_button = QPushButton(tr("Export"), default=True)
        self.export_button.setProperty("kind", "primary")
        self.export_button.clicked.connect(self.start)
        self.measure_button = QPushButton(tr("Measure…"))
        self.measure_button.setToolTip(tr("Time every export against PyTorch: latency, throughput, memory, size."))
        self.measure_button.clicked.connect(self._measure)
        if self._run is None:
            _forbid(self.measure_button)
        close = QPushButton(tr("Close"))
        close.clicked.connect(self.close)
        line = row()
        line.setContentsMargins(EDGE, 2 * GRID, EDGE, EDGE)
        line.addWidget(self.measure_button)
        line.addStretch(1)
        line.addWidget(close)
        line.addWidget(self.export_button)
        return line

    # ---- what the person does

    @property
    def format(self) -> Format:
        """The chosen format."""
        return list(self._formats.values())[self.choices.checkedId()]

    @Slot()
    def start(self) -> None:
        """Export in a thread; the receipt, or the reason why there is none, follows."""
        path = self._path()
        if path is None:
            self._show_error(tr("Say where to write: choose a file or a folder."))
        elif self._thread is None:
            self._set_busy(True)
            work = partial(self._work, self._source, self.format.id, path)
            self._thread = work_apart(work, "layerloom-export")

    def _work(self, source: Path | Drawn, format_id: str, path: Path) -> None:
        try:
            result = self._exporter(source, format_id, path)
        except LayerloomError as error:
            result = error
        except Exception as error:  # the person gets a sentence whatever happens in the thread
            reason = f"{type(error).__name__}: {error}"
            result = ExportError(msg("The export stopped because of an error inside Layerloom: {error}", error=reason))
        self._messenger.tell(result)

    @Slot()
    def _measure(self) -> None:
        """Open the report beside this; it goes on when this is closed."""
        from gui.export_report import ReportDialog

        assert self._run is not None  # else the button is grey
        report = ReportDialog(self._run, self.parentWidget() or self)
        report.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        report.show()
        report.start()

    @Slot(object)
    def _on_done(self, result: Receipt | LayerloomError) -> None:
        self._thread = None
        self._set_busy(False)
        if isinstance(result, LayerloomError):
            self._show_error(str(result))
        else:
            self.receipt.show_receipt(result, self._formats[result.format])
            self.receipt.show()
            self._fit()
            self._scroll.column.activate()
            self._scroll.ensureWidgetVisible(self.receipt)
            self.exported.emit(result)

    @Slot()
    def _browse(self) -> None:
        kinds = "" if self.format.is_folder else f"*{self.format.suffix}"
        name, _ = QFileDialog.getSaveFileName(self, tr("Where to write"), self.place.text(), kinds)
        if name:
            self.place.setText(str(self.format.full_path(Path(name))))

    @Slot(int, bool)
    def _on_format_toggled(self, number: int, chosen: bool) -> None:
        if chosen:
            self.receipt.hide()
            self.error.hide()
            self.place.setText(str(Path(self.place.text()).parent / self._suggestion()))
            self._look_at_place()

    @Slot()
    def _open_folder(self) -> None:
        path = Path(self.receipt.path)
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path if path.is_dir() else path.parent)))

    def reject(self) -> None:
        """Close, but not while an export is under way."""
        if self._thread is None:
            super().reject()
        else:
            self._show_error(tr("The export is still being checked. Close this when it is done."))

    # ---- what it shows

    def _suggestion(self) -> str:
        if isinstance(self._source, Drawn):
            stem = Path(self._source.title).stem
        else:
            stem = self._source.parent.name.removesuffix(".runs")
        return (stem or "network") + (self.format.suffix or SUFFIXES_OF_FOLDERS[self.format.id])

    def _set_busy(self, busy: bool) -> None:
        self.progress.setVisible(busy)
        self.export_button.setEnabled(not busy)
        self.export_button.setText(tr("Writing, running again, comparing…") if busy else tr("Export"))
        if busy:
            for widget in (self.note, self.receipt, self.error):
                widget.hide()
        self._fit()

    def _path(self) -> Path | None:
        """Where to write; None where the text names no file."""
        try:
            path = Path(self.place.text().strip()).expanduser()
        except RuntimeError:  # "~nobody"
            return None
        return self.format.full_path(path) if path.name else None

    @Slot()
    def _look_at_place(self) -> None:
        """Say so where a file would be replaced; of a folder, only an earlier export is."""
        path = self._path()
        self.note.setVisible(path is not None and path.is_file())
        self._fit()

    def _show_error(self, text: str) -> None:
        self.error.setText(text)
        self.error.show()
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    @Slot()
    def _fit(self) -> None:
        """Take the height that the wrapped texts need at this width, as far as the screen has it."""
        needed = self._scroll.column.totalHeightForWidth(self.width()) + self._buttons.sizeHint().height()
        room = self.screen().availableSize().height() - DECORATION.height()
        bar = Qt.ScrollBarPolicy
        self._scroll.setVerticalScrollBarPolicy(bar.ScrollBarAsNeeded if needed > room else bar.ScrollBarAlwaysOff)
        self.setFixedHeight(min(needed, room))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()


class ReceiptCard(Card):
    """What an export wrote, and how close it came to the network here."""

    def __init__(self) -> None:
        super().__init__(tr("Exported"))
        self.path = ""
        self.verdict = label("", tone="good", wrap=True)
        self.warning = label("", tone="warning", wrap=True)
        self.facts = FactList()
        self.open_button = QPushButton(tr("Open the folder"))
        self.open_button.setProperty("kind", "small")
        self.header.addWidget(self.open_button)
        self.body.addWidget(self.verdict)
        self.body.addWidget(self.warning)
        self.body.addWidget(self.facts)

    def show_receipt(self, receipt: Receipt, kind: Format) -> None:
        """Show this receipt."""
        from runtime.export.receipt import larger_text

        self.path = receipt.path
        largest = difference_text(receipt.largest_difference)
        same = tr("The same outputs, to the last bit.") if kind.job else tr("The same training, to the last bit.")
        close = tr("The same outputs: at most {difference} apart.", difference=largest)
        self.verdict.setText("✓ " + (close if receipt.largest_difference else same))
        self.warning.setText(larger_text() if receipt.is_larger else "")
        self.warning.setVisible(receipt.is_larger)
        self.facts.set_facts([*_facts(receipt), (tr("Written to"), receipt.path), (tr("Files"), _names(receipt.files))])


def _forbid(*widgets: QWidget) -> None:
    """Grey out what only a trained network has, and say why."""
    for widget in widgets:
        widget.setEnabled(False)
        widget.setToolTip(tr("Nothing is trained yet. Press Train first, then export what it learned."))


def difference_text(difference: float) -> str:
    """A difference: `0`, `2.4e-7`."""
    return short_power(f"{difference:.1e}") if difference else "0"


def _facts(receipt: Receipt) -> Iterator[tuple[str, str]]:
    """What the comparison showed, what the inputs are, and what rounding weights costs and saves."""
    from runtime.export.receipt import batch_text

    for batch, value in receipt.differences.items():
        yield tr("Largest difference, {what}", what=batch_text(batch)), difference_text(value)
    for name, shape in receipt.shapes.items():
        yield tr("Input '{name}'", name=name), " × ".join(map(str, shape))
    if receipt.sizes is not None:
        before, after = (f"{size / 1024:,.1f} KiB" for size in receipt.sizes)
        yield tr("Size before and after rounding"), f"{before} → {after}"
        for name, (old, new) in receipt.figures.items():
            yield tr("Test {figure} before and after rounding", figure=name), f"{figure(old)} → {figure(new)}"
        if not receipt.figures:
            yield tr("Test figures"), tr("The test samples are not at hand.")


def _names(files: Iterable[str]) -> str:
    """Names of files for a line; those of a folder as one entry."""
    return ", ".join(dict.fromkeys(f"{name.split('/')[0]}/" if "/" in name else name for name in files))

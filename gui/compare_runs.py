"""The runs of a document to compare it with: when each began, how it ended, and its figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from graph.messages import msg, tr
from gui.figures import figure
from gui.panels.parts import breakable, column, label, row
from gui.theme import GRID, theme
from gui.tongue import tongue
from runtime.runs import FAILED, FINISHED, RUNNING, STOPPED, Run

WIDTH, HEIGHT, EMPTY_HEIGHT = 640, 400, 200  # pixels at 100 %
EDGE = 5 * GRID
BEGAN_WIDTH, ROW = 144, 28  # pixels at 100 %
_CHOSEN = QStyle.StateFlag.State_Selected
PATH = Qt.ItemDataRole.UserRole
STATES = {
    FINISHED: msg("finished"),
    STOPPED: msg("stopped"),
    FAILED: msg("failed"),
    RUNNING: msg("did not end"),
}


class RunChooser(QDialog):
    """Lists runs, newest first. `chosen(Path)`: the folder of the run to compare with."""

    chosen = Signal(object)

    def __init__(self, runs: Sequence[Run], folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Compare with a run"))
        self.list = RunList(runs)
        self.list.setVisible(bool(runs))
        self.browse_button = QPushButton(tr("Browse…"))
        self.browse_button.setToolTip(tr("Choose the folder of any other run."))
        self.close_button = QPushButton(tr("Cancel"))
        self.compare_button = QPushButton(tr("Compare"))
        self.compare_button.setProperty("kind", "primary")
        self.compare_button.setEnabled(bool(runs))
        (self.compare_button if runs else self.browse_button).setDefault(True)
        self._lay_out(nothing=not runs)
        self.list.confirmed.connect(self._on_confirmed)
        self.compare_button.clicked.connect(self._on_confirmed)
        self.browse_button.clicked.connect(self._on_browse)
        self.close_button.clicked.connect(self.reject)
        tongue.changed.connect(self.close)  # its words are those of the language before
        self.resize(theme.px(WIDTH), theme.px(HEIGHT if runs else EMPTY_HEIGHT))
        (self.list if runs else self.browse_button).setFocus()

    def _lay_out(self, *, nothing: bool) -> None:
        layout = column(self, spacing=4 * GRID)
        layout.setContentsMargins(EDGE, EDGE, EDGE, EDGE)
        layout.addWidget(label(tr("Compare the drawing with what a run trained"), tone="title", wrap=True))
        if nothing:
            text = tr("There are no runs in {folder} yet. Train first, or browse for a run.", folder=self._folder)
            layout.addWidget(label(breakable(text), tone="muted", wrap=True))
            layout.addStretch(1)
        layout.addWidget(self.list, 1)
        layout.addLayout(self._make_buttons())

    def _make_buttons(self) -> QHBoxLayout:
        line = row()
        line.addWidget(self.browse_button)
        line.addStretch(1)
        line.addWidget(self.close_button)
        line.addWidget(self.compare_button)
        return line

    @Slot()
    def _on_confirmed(self) -> None:
        if (path := self.list.path) is not None:
            self._choose(path)

    @Slot()
    def _on_browse(self) -> None:
        start = str(self._folder if self._folder.is_dir() else self._folder.parent)
        name = QFileDialog.getExistingDirectory(self, tr("Choose the folder of a run"), start)
        if name:
            self._choose(Path(name))

    def _choose(self, path: Path) -> None:
        self.chosen.emit(path)
        self.accept()


class RunList(QTreeWidget):
    """The runs as rows. `confirmed()`: a double click or Enter."""

    confirmed = Signal()

    def __init__(self, runs: Sequence[Run]) -> None:
        super().__init__()
        self.setAccessibleName(tr("Runs"))
        self.setHeaderLabels([tr("Began"), tr("Ended"), tr("Epochs"), tr("Figures")])
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setMouseTracking(True)
        self.setItemDelegate(_Cells(self))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        for run in runs:
            self._add(run)
        header = self.header()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        if (first := self.topLevelItem(0)) is not None:
            self.setCurrentItem(first)
        self.itemDoubleClicked.connect(self._on_double_clicked)

    @property
    def path(self) -> Path | None:
        """The folder of the chosen run."""
        item = self.currentItem()
        return None if item is None else item.data(0, PATH)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.confirmed.emit()
        else:
            super().keyPressEvent(event)

    def _add(self, run: Run) -> None:
        state = STATES.get(run.status)
        texts = [began(run), str(state or run.status), epochs_text(run), figures_text(run)]
        item = QTreeWidgetItem(self, texts)
        item.setData(0, PATH, run.path)
        item.setSizeHint(0, QSize(theme.px(BEGAN_WIDTH), theme.px(ROW)))
        for place in range(len(texts)):
            item.setToolTip(place, str(run.path))

    @Slot()
    def _on_double_clicked(self) -> None:
        self.confirmed.emit()


class _Cells(QStyledItemDelegate):
    """The cells of a row; what is under the mouse or chosen has a ground of one piece."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        state = option.state
        if state & (_CHOSEN | QStyle.StateFlag.State_MouseOver):
            painter.fillRect(option.rect, theme.color("selection" if state & _CHOSEN else "hover"))
        if state & _CHOSEN and option.widget.hasFocus():
            painter.fillRect(option.rect.left(), option.rect.top(), option.rect.width(), 2, theme.color("accent"))
            painter.fillRect(
                option.rect.left(), option.rect.bottom() - 1, option.rect.width(), 2, theme.color("accent")
            )
        area = option.rect.adjusted(2 * GRID, 0, -2 * GRID, 0)
        text = painter.fontMetrics().elidedText(index.data(), Qt.TextElideMode.ElideRight, area.width())
        painter.setPen(theme.color("text" if index.column() == 0 else "muted"))
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)


def began(run: Run) -> str:
    """When a run began, to the minute: `2026-11-25 14:02`; the name of its folder where that is not known."""
    try:
        return f"{datetime.fromisoformat(run.facts['created']):%Y-%m-%d %H:%M}"
    except (KeyError, TypeError, ValueError):
        return run.path.name


def epochs_text(run: Run) -> str:
    """The epochs that it made of those that were meant: `7 / 10`."""
    made = run.facts["result"].get("epoch")
    return f"{made} / {run.epochs}" if isinstance(made, int) else str(run.epochs)


def figures_text(run: Run) -> str:
    """What was measured on the test part, else the best loss on the way."""
    result = run.facts["result"]
    test, best = result.get("test"), result.get("best")
    if isinstance(test, dict) and test:
        numbers = ((name, value) for name, value in test.items() if isinstance(value, int | float))
        return "  ".join(f"{name} {figure(value)}" for name, value in numbers)
    return tr("best loss {loss}", loss=figure(best)) if isinstance(best, int | float) else "–"

"""The table of runs as a Qt model: filtered, sorted, ticked for the plot, with names, tags and notes to write in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal

from graph.messages import msg, tr
from graph.plan import WHOLE
from gui.figures import clock, figure, grouped
from runtime.run_columns import (
    COLUMNS,
    Filter,
    column_help,
    column_title,
    figure_columns,
    is_number,
    sorted_rows,
    usual_columns,
    value_of,
)
from runtime.run_rows import DAMAGED, Labels, RunRow, tags_of
from runtime.runs import FAILED, FINISHED, RUNNING, STOPPED

Index = QModelIndex | QPersistentModelIndex
SHOWN = "shown"  # the column with the boxes to tick
ROW, COLOR = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1
STATES = {
    FINISHED: msg("finished"),
    STOPPED: msg("stopped"),
    FAILED: msg("failed"),
    RUNNING: msg("did not end"),
    DAMAGED: msg("damaged"),
}
EDITABLE: Mapping[str, Callable[[Labels, str], Labels]] = {
    "name": lambda labels, text: replace(labels, name=text.strip()),
    "tags": lambda labels, text: replace(labels, tags=tags_of(text)),
    "note": lambda labels, text: replace(labels, note=text.strip()),
}
# Of the curves, one a run in turn: far from each other, in both themes.
ROLES = ("train", "validation", "speed", "rate", "metric", "vision", "loss", "padding")


class RunsModel(QAbstractTableModel):
    """The rows that the filter lets through, in order. A click on a title sorts by it; figures fall first.

    `ticked_changed()`: other runs are to be drawn. `labelled(RunRow, Labels)`: the person wrote something on a run.
    `about_to_arrange()` and `arranged()` stand around every change of which rows are where.
    """

    ticked_changed = Signal()
    labelled = Signal(object, object)
    about_to_arrange = Signal()
    arranged = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[str, RunRow] = {}
        self.shown: list[RunRow] = []
        self.figures: list[str] = []
        self.columns = [SHOWN, *usual_columns(())]
        self._chosen: list[str] | None = None  # by the person, of all columns
        self._filter: Callable[[RunRow], bool] = Filter()
        self._narrow: set[str] | None = None
        self.wide: list[RunRow] = []  # what the filter lets through, in order
        self._sorting = ("date", True)
        self._ticked: dict[str, str] = {}  # the colours by folder
        self.live: Path | None = None  # the run that is under way here

    # ---- content

    def put(self, rows: Iterable[RunRow], *, keep: Iterable[str] | None = None) -> None:
        """Show new values of runs; with `keep`, those that are not named in it are gone."""
        if keep is not None:
            kept = set(keep)
            self._rows = {name: row for name, row in self._rows.items() if name in kept}
            if gone := self._ticked.keys() - kept:
                self._ticked = {name: role for name, role in self._ticked.items() if name not in gone}
                self.ticked_changed.emit()
        self._rows.update((row.folder, row) for row in rows)
        self.figures = figure_columns(self._rows.values())
        self._arrange()

    def clear(self) -> None:
        """Forget all runs."""
        self._rows.clear()
        self._ticked.clear()
        self.figures = []
        self._arrange()
        self.ticked_changed.emit()

    def row_of(self, folder: str) -> RunRow | None:
        """The run in a folder of that name."""
        return self._rows.get(folder)

    @property
    def names(self) -> set[str]:
        """The names of the folders of all runs."""
        return set(self._rows)

    @property
    def count(self) -> int:
        """How many runs there are, shown or not."""
        return len(self._rows)

    def filter_by(self, wanted: Callable[[RunRow], bool]) -> None:
        """Show only the runs of which this holds."""
        self._filter = wanted
        self._arrange()

    def narrow_to(self, folders: set[str] | None) -> None:
        """Show of the runs that the filter lets through only those in folders of these names; None: all."""
        if folders != self._narrow:
            self._narrow = folders
            self._arrange()

    def choose_columns(self, columns: Sequence[str] | None) -> None:
        """Show these columns; None: those that are usual for the figures there are."""
        self._chosen = None if columns is None else list(columns)
        self._arrange()

    @property
    def chosen(self) -> list[str] | None:
        """The columns that the person chose, None if nobody did."""
        return self._chosen

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        key = self.columns[column] if 0 <= column < len(self.columns) else SHOWN
        if key != SHOWN:
            self.sort_by(key, falls=order is Qt.SortOrder.DescendingOrder)

    def sort_by(self, key: str, *, falls: bool) -> None:
        """Sort by a column, the largest first or last."""
        self._sorting = (key, falls)
        self._arrange()

    @property
    def sorting(self) -> tuple[str, bool]:
        """The column that rows are sorted by, and whether the largest comes first."""
        return self._sorting

    def _arrange(self) -> None:
        self.about_to_arrange.emit()
        self.beginResetModel()
        key, falls = self._sorting
        newest = sorted(self._rows.values(), key=lambda row: row.folder, reverse=True)
        self.wide = sorted_rows(filter(self._filter, newest), key, largest_first=falls)
        narrow = self._narrow
        self.shown = self.wide if narrow is None else [row for row in self.wide if row.folder in narrow]
        wanted = usual_columns(self.figures) if self._chosen is None else self._chosen
        self.columns = [SHOWN, *(c for c in wanted if c in COLUMNS or c in self.figures)]
        self.endResetModel()
        self.arranged.emit()

    # ---- ticks

    @property
    def ticked(self) -> list[tuple[RunRow, str]]:
        """The runs to draw, with the roles of their colours, in the order in which they were ticked."""
        return [(self._rows[name], role) for name, role in self._ticked.items() if name in self._rows]

    def tick(self, rows: Iterable[RunRow], *, wanted: bool) -> None:
        """Draw the curves of these runs, or no longer."""
        for row in rows:
            if not wanted:
                self._ticked.pop(row.folder, None)
            elif row.folder not in self._ticked and row.status != DAMAGED:
                self._ticked[row.folder] = self._next_role()
        self._repaint(0, 0)
        self.ticked_changed.emit()

    def is_ticked(self, row: RunRow) -> bool:
        """Whether the curves of a run are drawn."""
        return row.folder in self._ticked

    def _next_role(self) -> str:
        """The color that fewest curves have."""
        used = list(self._ticked.values())
        return min(ROLES, key=used.count)

    def _repaint(self, first: int, last: int) -> None:
        if self.shown:
            self.dataChanged.emit(self.index(0, first), self.index(len(self.shown) - 1, last))

    # ---- for Qt

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.shown)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if self.columns[index.column()] in EDITABLE:
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self.shown):
            return None
        row, key = self.shown[index.row()], self.columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return "" if key == SHOWN else self.text(row, key)
        if role == ROW:
            return row
        if role == COLOR:
            return self._ticked.get(row.folder)
        if role == Qt.ItemDataRole.EditRole and key in EDITABLE:
            return str(value_of(row, key))
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return self.words(row, key)
        return None

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        key = self.columns[index.column()]
        if role != Qt.ItemDataRole.EditRole or key not in EDITABLE:
            return False
        row = self.shown[index.row()]
        labels = EDITABLE[key](row.labels, str(value))
        if labels != row.labels:
            self.labelled.emit(row, labels)
        return True

    def relabel(self, row: RunRow, labels: Labels) -> None:
        """Show what the person wrote; the row stays where it is until the rows are arranged anew."""
        changed = replace(row, labels=labels)
        self._rows[row.folder] = changed
        self.shown = [changed if entry.folder == row.folder else entry for entry in self.shown]
        self.wide = [changed if entry.folder == row.folder else entry for entry in self.wide]
        self._repaint(0, len(self.columns) - 1)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal or section >= len(self.columns):
            return None
        key = self.columns[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if is_figure(key) else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return tr("In the plot") if key == SHOWN else str(column_help(key))
        if role != Qt.ItemDataRole.DisplayRole or key == SHOWN:
            return None
        mark = {True: " ↓", False: " ↑"}[self._sorting[1]] if key == self._sorting[0] else ""
        return f"{column_title(key)}{mark}"

    # ---- words

    def text(self, row: RunRow, key: str) -> str:
        """What a cell shows."""
        is_live = key == "status" and row.status == RUNNING and self.live == row.path
        return tr("running") if is_live else cell_text(row, key)

    def words(self, row: RunRow, key: str) -> str:
        """What a cell says, for a screen reader and the tool tip."""
        if key == SHOWN:
            return tr("in the plot") if self.is_ticked(row) else tr("not in the plot")
        text = self.text(row, key)
        if key in ("date", "folder"):
            return row.place
        return f"{column_title(key)}: {text or '–'}"


def cell_text(row: RunRow, key: str) -> str:
    """What a table shows of a run in a column."""
    value = value_of(row, key)
    if key == "status":
        return str(STATES.get(row.status, row.status))
    if value is None:
        return ""
    if key == "date":
        return str(value)[:16] or row.folder
    if key == "epoch":
        return f"{value} / {row.epochs}"
    if key == "seconds" and isinstance(value, int | float):
        return clock(value)
    if key == "parameters" and isinstance(value, int | float):
        return grouped(value)
    if isinstance(value, float):
        return figure(value) if "." in key else f"{value:g}"
    return tr("all") if key == "batch_size" and value == WHOLE else str(value)


def is_figure(key: str) -> bool:
    """Whether a column holds numbers, which stand flush right."""
    return key != SHOWN and is_number(key)

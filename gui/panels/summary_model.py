"""The table of the network as a model for a tree view: a row a layer, those of blocks below the row of the block."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from PySide6.QtCore import QAbstractItemModel, QItemSelection, QModelIndex, QObject, QPersistentModelIndex, Qt

from graph.messages import Message, msg, tr
from gui.figures import bytes_text, grouped, percent
from runtime.summary import Row, Summary

Index = QModelIndex | QPersistentModelIndex
ROW = Qt.ItemDataRole.UserRole
SHARE = Qt.ItemDataRole.UserRole + 1  # of a column that shows one: a number from 0 to 1
NOWHERE = -1
NAME = 1  # the column with the names, and the arrows that open blocks


class Column(NamedTuple):
    """Title and tip of a column, what it sorts by (see `runtime.summary.COLUMNS`), and what it says of a row."""

    title: Message
    tip: Message
    key: str
    text: Callable[[Summary, Row], str]
    is_figure: bool = False
    share: Callable[[Summary, Row], float] | None = None


def _parameters(_summary: Summary, row: Row) -> str:
    return " + ".join(filter(None, (grouped(row.parameters) if row.parameters else "", tr("shared") * row.shared)))


def _share(share: float) -> str:
    return percent(share) if share else ""


COLUMNS = (
    Column(msg("#"), msg("The place in the order of execution"), "order", lambda _, row: str(row.order), is_figure=True),
    Column(msg("Layer"), msg("The name in the drawing"), "name", lambda _, row: row.name),
    Column(msg("Type"), msg("What kind of layer it is"), "type", lambda _, row: row.kind),
    Column(msg("Output shape"), msg("What leaves it; B is the batch"), "output", lambda _, row: row.output),
    Column(msg("Parameters"), msg("Trainable numbers"), "parameters", _parameters, is_figure=True),
    Column(
        msg("% of parameters"), msg("The share of all parameters"), "parameters",
        lambda summary, row: _share(summary.parameter_share(row)), is_figure=True, share=Summary.parameter_share,
    ),
    Column(
        msg("MACs"), msg("Multiply-accumulates a sample"), "macs",
        lambda _, row: grouped(row.macs) if row.macs else "", is_figure=True,
    ),
    Column(
        msg("% of MACs"), msg("The share of all multiply-accumulates"), "macs",
        lambda summary, row: _share(summary.mac_share(row)), is_figure=True, share=Summary.mac_share,
    ),
    Column(
        msg("Memory"), msg("Its parameters, 4 bytes each, and its outputs for one sample"), "memory",
        lambda _, row: bytes_text(row.memory) if row.memory else "", is_figure=True,
    ),
)  # fmt: skip


class Entry(NamedTuple):
    """A row in the tree: the number of the entry around it, its place there, and the numbers of those in it."""

    row: Row
    around: int
    place: int
    inside: list[int]


class SummaryModel(QAbstractItemModel):
    """Shows a summary. A new one with the same rows keeps what is selected and open."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._summary = Summary()
        self._shown = Summary()
        self._order, self._backwards = 0, False
        self._entries: list[Entry] = []
        self._top: list[int] = []

    @property
    def summary(self) -> Summary:
        """What is on show, in the order in which it is."""
        return self._shown

    def show_summary(self, summary: Summary) -> None:
        """Show this."""
        self._summary = summary
        self._arrange()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._order, self._backwards = max(column, 0), order is Qt.SortOrder.DescendingOrder
        self._arrange()
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(COLUMNS) - 1)

    def find(self, nodes: Iterable[str]) -> list[QModelIndex]:
        """The rows of these nodes of the drawing."""
        wanted = frozenset(nodes)
        return [self._index(i) for i in self._top if self._entries[i].row.node in wanted]

    def nodes_of(self, selection: QItemSelection) -> frozenset[str]:
        """The nodes of the drawing that selected rows belong to."""
        parts = ((self._inside(part.parent()), part.top(), part.bottom()) for part in selection.toList())
        return frozenset(self._entries[i].row.node for inside, top, bottom in parts for i in inside[top : bottom + 1])

    def walk(self) -> Iterator[QModelIndex]:
        """Every row that has others in it, outer ones first."""
        return (self._index(i) for i, entry in enumerate(self._entries) if entry.inside)

    def path(self, index: Index) -> tuple[str, ...]:
        """The names that lead to a row."""
        names, at = [], index.internalId()
        while at != NOWHERE:
            names.append(self._entries[at].row.name)
            at = self._entries[at].around
        return tuple(reversed(names))

    # ---- what Qt asks

    def index(self, row: int, column: int, parent: Index | None = None) -> QModelIndex:
        inside = self._inside(parent)
        return self.createIndex(row, column, inside[row]) if 0 <= row < len(inside) else QModelIndex()

    def parent(self, index: Index | None = None) -> QModelIndex:  # type: ignore[override]
        if index is None or not index.isValid():
            return QModelIndex()
        around = self._entries[index.internalId()].around
        return QModelIndex() if around == NOWHERE else self._index(around)

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.column() > 0 else len(self._inside(parent))

    def columnCount(self, _parent: Index | None = None) -> int:
        return len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row, column = self._entries[index.internalId()].row, COLUMNS[index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return column.text(self._shown, row)
        if role == ROW:
            return row
        if role == SHARE:
            return column.share(self._shown, row) if column.share else None
        if role == Qt.ItemDataRole.AccessibleTextRole:
            said = column.text(self._shown, row)
            return f"{column.title} {said}" if said else str(column.title)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        column = COLUMNS[section]
        if role == Qt.ItemDataRole.DisplayRole:
            arrow = (" ↑" if self._backwards else " ↓") if section == self._order else ""
            return f"{column.title}{arrow}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{column.tip}. {tr('Click to sort by it.')}"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.is_figure else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    # ---- machinery

    def _arrange(self) -> None:
        shown = self._summary.sorted_by(COLUMNS[self._order].key, backwards=self._backwards)
        entries, top = _flat(shown.rows)
        if [_form(entry) for entry in entries] == [_form(entry) for entry in self._entries]:
            self._shown, self._entries = shown, entries
            self.layoutChanged.emit()
            return
        self.beginResetModel()
        self._shown, self._entries, self._top = shown, entries, top
        self.endResetModel()

    def _inside(self, parent: Index | None) -> list[int]:
        return self._top if parent is None or not parent.isValid() else self._entries[parent.internalId()].inside

    def _index(self, number: int) -> QModelIndex:
        return self.createIndex(self._entries[number].place, 0, number)


def _flat(rows: Iterable[Row]) -> tuple[list[Entry], list[int]]:
    """Every row as an entry, those of blocks after the row of the block, and the numbers of the outermost ones."""
    entries: list[Entry] = []

    def put(inner: Iterable[Row], around: int) -> list[int]:
        numbers = []
        for place, row in enumerate(inner):
            number = len(entries)
            numbers.append(number)
            entries.append(Entry(row, around, place, []))
            entries[number].inside.extend(put(row.parts, number))
        return numbers

    return entries, put(rows, NOWHERE)


def _form(entry: Entry) -> tuple[str, str, int]:
    return entry.row.node, entry.row.name, entry.around

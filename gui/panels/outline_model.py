"""The model of the Outline: the drawing on the canvas as a tree of two levels that follows every edit in small steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import TypeVar

from PySide6.QtCore import QAbstractItemModel, QItemSelection, QModelIndex, QObject, QPersistentModelIndex, Qt

from graph.changes import Changes, diff
from graph.model import Graph, NodeId
from gui.panels.outline_rows import Drawing, Key, Kind, Row

ROW = Qt.ItemDataRole.UserRole  # the Row itself
TOP = 0  # the internal id of rows of the first level; those below have the number of their node
WRITTEN = (Kind.NODE, Kind.NOTE)  # rows of the first level with a text to edit
FIXED = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
EDITABLE = FIXED | Qt.ItemFlag.ItemIsEditable
Index = QModelIndex | QPersistentModelIndex
T = TypeVar("T")


class OutlineModel(QAbstractItemModel):
    """`show` takes the next drawing. Rows that stay keep their indexes, so that a view keeps what is open and current."""

    def __init__(self, drawing: Drawing, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.drawing = drawing
        self._top: list[Key] = drawing.keys()
        self._rows: dict[Key, Row] = {}  # of the first level, as far as somebody asked
        self._details: dict[NodeId, list[Row]] = {}  # likewise
        self._numbers: dict[NodeId, int] = {}
        self._nodes: dict[int, NodeId] = {}
        self._counter = count(TOP + 1)
        self._places: dict[Key, int] | None = None

    # ---- where things are

    def row_at(self, index: Index) -> Row | None:
        """The row of an index, None for an invalid one."""
        if not index.isValid():
            return None
        if index.internalId() == TOP:
            return self._row(self._top[index.row()])
        return self._below(self._nodes[index.internalId()])[index.row()]

    def index_of(self, node: NodeId) -> QModelIndex:
        """The index of a node; an invalid one if it is not here."""
        return self.index_of_key((Kind.NODE, node))

    def index_of_key(self, key: Key) -> QModelIndex:
        """The index of a row of the first level."""
        place = self._place(key)
        return QModelIndex() if place is None else self.createIndex(place, 0, TOP)

    def selection_of(self, keys: Iterable[Key]) -> QItemSelection:
        """Rows of the first level as far as they are here; those that follow each other are one range, which is quick."""
        selection = QItemSelection()
        for first, last in _runs(sorted(place for key in keys if (place := self._place(key)) is not None)):
            selection.select(self.createIndex(first, 0, TOP), self.createIndex(last, 0, TOP))
        return selection

    def keys_of(self, selection: QItemSelection) -> set[Key]:
        """The rows of the first level that are selected, or have a selected row below them."""
        found: set[Key] = set()
        for part in selection.toList():
            around = part.parent()
            found.update([self._top[around.row()]] if around.isValid() else self._top[part.top() : part.bottom() + 1])
        return found

    def first_of(self, node: NodeId, fits: Callable[[Row], bool]) -> QModelIndex:
        """The first row below a node that fits."""
        place = next((place for place, row in enumerate(self._below(node)) if fits(row)), None)
        return QModelIndex() if place is None else self.createIndex(place, 0, self._number(node))

    # ---- values in

    def reset(self, drawing: Drawing) -> None:
        """Show another drawing from the start."""
        self.beginResetModel()
        self.drawing, self._top, self._places = drawing, drawing.keys(), None
        for known in (self._rows, self._details, self._numbers, self._nodes):
            known.clear()
        self.endResetModel()

    def show(self, drawing: Drawing) -> None:
        """Take the next value of the same drawing: only what differs is touched."""
        keys, before = drawing.keys(), list(self._top)
        self._remove(QModelIndex(), self._top, keys, _itself)  # a view may ask for what goes until it is gone
        old, self.drawing = self.drawing, drawing
        for key in set(before) - set(keys):
            self._rows.pop(key, None)
            self._details.pop(key[-1], None)
        self._arrange(QModelIndex(), self._top, keys, _itself)
        for key in _touched(old, drawing):
            self._refresh(key)

    def _refresh(self, key: Key) -> None:
        """A row of the first level may read differently, and so may those below."""
        place = self._place(key)
        if place is None:
            return
        before, index = self._rows.pop(key, None), self.createIndex(place, 0, TOP)
        if before is not None and before != self._row(key):
            self.dataChanged.emit(index, index)
        if key[0] == Kind.NODE and key[1] in self._details:
            self._refresh_details(key[1], index)

    def _refresh_details(self, node: NodeId, index: QModelIndex) -> None:
        live, new = self._details[node], self.drawing.details(node)
        old = {row.key: row for row in live}
        self._remove(index, live, new, _key)
        self._arrange(index, live, new, _key)
        live[:] = new
        for place, row in enumerate(new):
            if old.get(row.key, row) != row:
                here = self.createIndex(place, 0, self._number(node))
                self.dataChanged.emit(here, here)

    def _remove(self, parent: QModelIndex, live: list[T], new: Sequence[T], key: Callable[[T], Key]) -> None:
        """Remove the rows under `parent` that are not in `new`."""
        wanted = {key(item) for item in new}
        for first, last in reversed(_runs(place for place, item in enumerate(live) if key(item) not in wanted)):
            self.beginRemoveRows(parent, first, last)
            del live[first : last + 1]
            self._places = None
            self.endRemoveRows()

    def _arrange(self, parent: QModelIndex, live: list[T], new: Sequence[T], key: Callable[[T], Key]) -> None:
        """Put the rows under `parent` into the order of `new`, and insert those that it has more."""
        kept = {key(item) for item in live}
        self._order(parent, live, [item for item in new if key(item) in kept], key)
        for first, last in _runs(place for place, item in enumerate(new) if key(item) not in kept):
            self.beginInsertRows(parent, first, last)
            live[first:first] = new[first : last + 1]
            self._places = None
            self.endInsertRows()

    def _order(self, parent: QModelIndex, live: list[T], new: list[T], key: Callable[[T], Key]) -> None:
        """Put the rows under `parent` into another order."""
        if [key(item) for item in live] == [key(item) for item in new]:
            return
        self.layoutAboutToBeChanged.emit()
        number = self._number(self._top[parent.row()][1]) if parent.isValid() else TOP
        before = [index for index in self.persistentIndexList() if index.internalId() == number]
        places = {key(item): place for place, item in enumerate(new)}
        after = [self.createIndex(places[key(live[index.row()])], 0, number) for index in before]
        live[:] = new
        self._places = None
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    # ---- the model

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        if column or not 0 <= row < self.rowCount(parent):
            return QModelIndex()
        return self.createIndex(row, 0, self._number(self._top[parent.row()][1]) if parent.isValid() else TOP)

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008
        if not index.isValid() or index.internalId() == TOP:
            return QModelIndex()
        return self.index_of(self._nodes[index.internalId()])

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        if not parent.isValid():
            return len(self._top)
        return len(self._below(self._top[parent.row()][1])) if self.hasChildren(parent) else 0

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 1

    def hasChildren(self, parent: Index = QModelIndex()) -> bool:  # noqa: B008
        if not parent.isValid():
            return bool(self._top)
        return parent.internalId() == TOP and self._top[parent.row()][0] == Kind.NODE

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        if (number := index.internalId()) == TOP:  # asked of every row whenever the tree is laid out
            return EDITABLE if self._top[index.row()][0] in WRITTEN else FIXED
        return EDITABLE if self._below(self._nodes[number])[index.row()].kind is Kind.PARAM else FIXED

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self.row_at(index)
        if row is None:
            return None
        if role == ROW:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return row.text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return row.spoken
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return row.help
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(filter(None, (row.spoken, row.help)))
        return None

    # ---- machinery

    def _row(self, key: Key) -> Row:
        if key not in self._rows:
            self._rows[key] = self.drawing.row(key)
        return self._rows[key]

    def _below(self, node: NodeId) -> list[Row]:
        if node not in self._details:
            self._details[node] = self.drawing.details(node)
        return self._details[node]

    def _place(self, key: Key) -> int | None:
        if self._places is None:
            self._places = {top: place for place, top in enumerate(self._top)}
        return self._places.get(key)

    def _number(self, node: NodeId) -> int:
        if node not in self._numbers:
            self._numbers[node] = number = next(self._counter)
            self._nodes[number] = node
        return self._numbers[node]


def _itself(key: Key) -> Key:
    return key


def _key(row: Row) -> Key:
    return row.key


def _touched(old: Drawing, new: Drawing) -> list[Key]:
    """The rows of the first level that may read differently."""
    keys = new.keys()
    if old.catalog is not new.catalog or old.project.plan.split != new.project.plan.split or old.back != new.back:
        return keys
    nodes = _changed(diff(old.graph, new.graph), old.graph, new.graph)
    for node in new.order:
        known, now = old.analysis.nodes.get(node), new.analysis.nodes.get(node)
        if (known is not now and known != now) or old.problems.get(node) != new.problems.get(node):
            nodes.add(node)
    others = [key for key in keys if key[0] in (Kind.PROBLEM, Kind.FIX, Kind.NOTE)]
    return [*((Kind.NODE, node) for node in nodes if node in new.graph.nodes), *others]


def _changed(changes: Changes, old: Graph, new: Graph) -> set[NodeId]:
    """The nodes that an edit changed, and those that name them: at the other ends of their wires, and their kin."""
    found = {*changes.added, *changes.changed}
    for node in changes.changed:
        for graph in (old, new):
            found |= {link.source.node for link in graph.incoming(node)}
            found |= {link.target.node for link in graph.outgoing(node)}
        found |= {member.id for member in new.kin(node)}
    for link in (*changes.added_links, *changes.removed_links):
        found |= {link.source.node, link.target.node}
    return found


def _runs(places: Iterable[int]) -> list[tuple[int, int]]:
    """First and last of each run of neighbors."""
    runs: list[tuple[int, int]] = []
    for place in places:
        if runs and runs[-1][1] == place - 1:
            runs[-1] = (runs[-1][0], place)
        else:
            runs.append((place, place))
    return runs

"""The table of an import of weights: a row for each parameter of the drawing, with the entry of the file that it gets."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from graph.messages import msg, tr
from graph.model import Project
from runtime.importer.weights_mapping import (
    CHOSEN,
    EXACT,
    ORDER,
    PREFIX,
    SIMILAR,
    Entry,
    Match,
    Matches,
    Place,
    can_transpose,
    fits,
    in_order,
    propose,
    with_chosen,
    with_turned,
)
from runtime.importer.weights_report import MATCHED, MISMATCHED, Line, Report, make_report, sizes

Index = QModelIndex | QPersistentModelIndex
NODE, WEIGHTS, SHAPE, FROM, HOW = range(5)
TITLES = (msg("Node"), msg("Weights"), msg("Shape"), msg("From the file"), msg("How it was found"))
LINE = Qt.ItemDataRole.UserRole
FIRST = Qt.ItemDataRole.UserRole + 1  # whether the row is the first of its node
SIGNS = {EXACT: ("check", "good"), PREFIX: ("link", "good"), ORDER: ("outline", "accent"), SIMILAR: ("warning", "warning"),
         CHOSEN: ("pin", "accent")}  # fmt: skip
WRONG, ABSENT = ("error", "error"), ("minus", "warning")


class Option:
    """What may be chosen for a place: an entry, as it is or with rows as columns; or none. What does not fit cannot be chosen."""

    def __init__(self, place: Place, entry: Entry | None) -> None:
        self.entry = entry
        self.transposed = entry is not None and can_transpose(place, entry)
        self.fits = entry is None or self.transposed or fits(place, entry)

    @property
    def text(self) -> str:
        """What it is called."""
        if self.entry is None:
            return tr("nothing: begins as in a new network")
        words = tr("rows become columns") if self.transposed else ""
        return "  ".join(filter(None, (self.entry.name, "" if self.fits else sizes(self.entry.shape), words)))


class WeightsModel(QAbstractTableModel):
    """Shows a mapping and lets a person change it. `changed()`: it is another one."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._project = Project()
        self._places: Sequence[Place] = ()
        self._entries: Sequence[Entry] = ()
        self._words, self._only_problems = "", False
        self.matches: Matches = {}
        self.report: Report | None = None
        self._shown: list[Line] = []

    def show_file(self, project: Project, places: Sequence[Place], entries: Sequence[Entry]) -> None:
        """Show what of a file would go where."""
        self._project, self._places, self._entries = project, places, entries
        self.propose_again()

    # ---- what a person does

    def propose_again(self) -> None:
        """Forget what was chosen."""
        self._put(propose(self._places, self._entries))

    def match_by_order(self) -> None:
        """Go by order and shape alone, whatever the names."""
        self._put(in_order(self._places, self._entries))

    def transpose(self) -> None:
        """Let rows become columns where that makes a matrix fit."""
        self._put(with_turned(self._places, self._entries, self.matches))

    def choose(self, place: Place, option: Option) -> None:
        """Give a place an entry of the file, or none."""
        if option.entry is None:
            self._put({name: match for name, match in self.matches.items() if name != place.name})
        elif option.fits:
            self._put(with_chosen(self.matches, {place.name: Match(option.entry, CHOSEN, option.transposed)}))

    def filter_by(self, words: str, *, only_problems: bool) -> None:
        """Show the rows with all of these words, or of these what does not fit for certain."""
        self._words, self._only_problems = words.lower(), only_problems
        self._arrange()

    def options(self, place: Place) -> list[Option]:
        """What may be chosen for a place: what fits comes first."""
        found = [Option(place, entry) for entry in self._entries]
        return [Option(place, None), *sorted(found, key=lambda option: (not option.fits, option.transposed))]

    @property
    def can_transpose(self) -> bool:
        """Whether anything more would fit if rows became columns."""
        more = with_turned(self._places, self._entries, self.matches).items()
        return any(match.transposed and self.matches.get(name) != match for name, match in more)

    # ---- what Qt asks

    def rowCount(self, _parent: Index | None = None) -> int:
        return len(self._shown)

    def columnCount(self, _parent: Index | None = None) -> int:
        return len(TITLES)

    def flags(self, index: Index) -> Qt.ItemFlag:
        flag = Qt.ItemFlag
        return (
            flag.ItemIsEnabled
            | flag.ItemIsSelectable
            | (flag.ItemIsEditable if index.column() == FROM else flag.NoItemFlags)
        )

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        line = self._shown[index.row()]
        if role == LINE:
            return line
        if role == FIRST:
            return index.row() == 0 or self._shown[index.row() - 1].place.node != line.place.node
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self._text(line, index.column())
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{TITLES[index.column()]} {self._text(line, index.column())}"
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return str(TITLES[section])
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    # ---- machinery

    def _text(self, line: Line, column: int) -> str:
        assert self.report is not None
        place, match = line.place, line.match
        texts = {
            NODE: lambda: self.report.title(place.node) if self.report else "",
            WEIGHTS: lambda: place.name.partition(".")[2] or place.name,
            SHAPE: lambda: sizes(place.shape),
            FROM: lambda: match.entry.name if match else "–",
            HOW: lambda: str(line.words),
        }
        return texts[column]()

    def _put(self, matches: Matches) -> None:
        self.matches = matches
        self.report = make_report(self._project, self._places, self._entries, matches)
        self._arrange()
        self.changed.emit()

    def _arrange(self) -> None:
        lines = self.report.lines if self.report else ()
        shown = [line for line in lines if self._is_wanted(line)]
        if [line.place for line in shown] == [line.place for line in self._shown]:
            self._shown = shown
            if shown:
                self.dataChanged.emit(self.index(0, 0), self.index(len(shown) - 1, HOW))
            return
        self.beginResetModel()
        self._shown = shown
        self.endResetModel()

    def _is_wanted(self, line: Line) -> bool:
        if self._only_problems and line.state == MATCHED and line.match and line.match.kind != SIMILAR:
            return False
        text = " ".join(self._text(line, column) for column in (NODE, WEIGHTS, FROM, HOW)).lower()
        return all(word in text for word in self._words.split())


def sign(line: Line) -> tuple[str, str]:
    """The icon and the color of how an entry was found."""
    if line.match is None:
        return ("info", "muted") if line.place.is_statistic else ABSENT
    return WRONG if line.state == MISMATCHED else SIGNS[line.match.kind]

"""The runs as parallel coordinates: the settings in which they differ and what they came to. Imports pyqtgraph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QFrame, QScrollArea, QStackedLayout, QWidget

from graph.messages import tr
from graph.model import Project
from gui.panels.empty import EmptyState
from gui.panels.parallel import Axis, ParallelView
from runtime.run_columns import column_title, figure_columns, usual_columns, value_of
from runtime.run_rows import DAMAGED, RunRow
from runtime.run_settings import Setting, SettingsTable, is_wide

LEAST = 2  # runs, to have differences
_FACTS = ("parameters", "seconds")  # columns beside the figures that say what a run came to


class RunsParallel(QWidget):
    """`narrowed(folders)`: the runs within the ranges on the axes, None where there are none. `chosen(folder)`: a line was clicked.
    `settings_wanted(rows)`: runs whose settings are not known, one of each meaning."""

    narrowed = Signal(object)
    chosen = Signal(str)
    settings_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[RunRow] = []
        self.listed: list[RunRow] = []  # what it was told to show
        self._table, self._asked = SettingsTable(), set[str]()
        self._marked: set[str] = set()
        self.colors = QComboBox()
        self.colors.setAccessibleName(tr("Figure that gives the colours"))
        self.colors.setToolTip(self.colors.accessibleName())
        self.colors.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.colors.activated.connect(self._show)
        self.view = ParallelView()
        self._area = QScrollArea(widgetResizable=True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setWidget(self.view)
        hint = tr("Train two runs or more: the settings in which they differ stand here beside what they came to.")
        self._empty = EmptyState("chart", tr("Nothing to compare yet"), hint)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._area)
        self.view.selected.connect(self._on_selected)
        self.view.chosen.connect(lambda row: self.chosen.emit(self._rows[row].folder))

    # ---- content

    def show_rows(self, rows: Sequence[RunRow]) -> None:
        """Show these runs."""
        self.listed = list(rows)
        self._rows = [row for row in rows if row.status != DAMAGED]
        unknown = {row.meaning: row for row in self._rows if row.meaning not in self._asked}
        self._asked |= unknown.keys()
        if unknown:
            self.settings_wanted.emit(list(unknown.values()))
        self._show()

    def take_settings(self, found: Mapping[str, tuple[Project, Mapping[str, Setting]] | None]) -> None:
        """What runs were trained with was read."""
        for meaning, known in found.items():
            if known is None:
                self._table.add_broken(meaning)
            else:
                self._table.add(meaning, *known)

    def forget(self) -> None:
        """Runs of another document are listed."""
        self._table, self._asked, self._rows = SettingsTable(), set(), []
        self.view.set_data((), None)

    def mark(self, folders: set[str]) -> None:
        """Let the lines of these runs stand out."""
        self._marked = folders
        self.view.mark([place for place, row in enumerate(self._rows) if row.folder in folders])

    @property
    def within(self) -> set[str] | None:
        """The folders of the runs within all ranges; None where there are no ranges."""
        return {self._rows[row].folder for row in self.view.rows} if self.view.ranges else None

    # ---- machinery

    @Slot()
    def _show(self) -> None:
        if len(self._rows) < LEAST:
            self._stack.setCurrentWidget(self._empty)
            return
        settings, results = self._settings(), self._results()
        self._offer_colors([axis.title for axis in results])
        place = self.colors.currentIndex()
        colors_by = len(settings) + place if 0 <= place < len(results) else None
        names = [row.title for row in self._rows]
        self.view.set_data([*settings, *results], colors_by, names)
        self.mark(self._marked)
        self._stack.setCurrentWidget(self._area)

    def _settings(self) -> list[Axis]:
        meanings = [row.meaning for row in self._rows]
        axes = []
        for key in self._table.differing(meanings):
            values = [self._table.value(meaning, key) for meaning in meanings]
            axes.append(Axis(self._table.titles[key], values, log=is_wide(values)))
        return axes

    def _results(self) -> list[Axis]:
        """Figures, and what else differs; those that nobody has are left out."""
        figures = figure_columns(self._rows)
        axes = []
        for key in (*_FACTS, *(key for key in usual_columns(figures) if key in figures)):
            values = [_number(value_of(row, key)) for row in self._rows]
            if len(set(values)) > 1:
                name = key.partition(".")[2]
                better = None if key in _FACTS else self._table.larger_is_better(name)
                axes.append(
                    Axis(str(column_title(key)), values, log=key in _FACTS and is_wide(values), larger_is_better=better)
                )
        return axes

    def _offer_colors(self, titles: list[str]) -> None:
        """The results; the one on show stays, else the last one that should become large."""
        if titles == [self.colors.itemText(place) for place in range(self.colors.count())]:
            return
        before = self.colors.currentText()
        self.colors.clear()
        self.colors.addItems(titles)
        usual = len(titles) - 1
        self.colors.setCurrentIndex(titles.index(before) if before in titles else usual)

    @Slot(object)
    def _on_selected(self, _rows: list[int]) -> None:
        self.narrowed.emit(self.within)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None

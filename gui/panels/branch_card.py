"""A card that overlays one figure of several branches of a drawing: a colour a branch, a line for each part of the data."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from PySide6.QtWidgets import QWidget

from graph.messages import tr
from gui.panels.curve import Curve
from gui.panels.legend import DIAMOND, ROUND, Entry, LegendEntry
from gui.panels.parts import row
from gui.panels.plot import PlotCard
from gui.theme import GRID

ROLES = (
    "train",
    "validation",
    "speed",
    "rate",
    "metric",
    "vision",
    "loss",
    "padding",
)  # of the branches, in their order
FEW = 3  # branches whose points are marked
MARKS = {"train": ROUND, "validation": DIAMOND}  # of the parts of the data


def curve_of(figure: str, part: str) -> str:
    """The key of the curve of a branch's figure ("adam_loss") on a part of the data ("train" or "validation")."""
    return f"{figure} ({part})"


class BranchCard(PlotCard):
    """Curves of several branches. Two entries beside the title show and hide parts of the data, those below it branches."""

    _branches: Mapping[str, LegendEntry] = MappingProxyType({})  # for what the card asks while it is made

    def __init__(self, title: str, branches: Mapping[str, str], parent: QWidget | None = None) -> None:
        """`branches` are figures, and what each branch is called."""
        super().__init__(title, parent=parent)
        self._parts = {part: self._entry(words, "muted", mark) for part, words, mark in _parts()}
        self._branches = {f: self._entry(name, ROLES[i % len(ROLES)]) for i, (f, name) in enumerate(branches.items())}
        self._names = row(spacing=GRID)
        self.body.insertLayout(1, self._names)
        for entry in self._branches.values():
            self._names.addWidget(entry)
        self._names.addStretch(1)
        place = self.header.indexOf(self._reset)
        for number, entry in enumerate(self._parts.values()):
            self.header.insertWidget(place + number, entry)
        for figure, branch in self._branches.items():
            for part in self._parts:
                curve = Curve(
                    curve_of(figure, part), branch.role, dots=len(branches) <= FEW, mark=MARKS[part], raw_behind=False
                )
                curve.name = branch.text()
                self._add(curve)
        self.arrange_legend()

    def shown_curves(self) -> list[Curve]:
        """The curves whose branch and part are shown."""
        pairs = ((f, p) for f in self._branches for p in self._parts)
        return [self.curves[curve_of(f, p)] for f, p in pairs if self._is_shown(f, p)]

    def legend(self) -> list[tuple[float, list[Entry]]]:
        """For pictures: the parts beside the title, the branches below it."""
        (middle, _), *_ = super().legend()
        below = self._names.geometry().center().y() + 1
        rows = ((middle, self._parts), (below, self._branches))
        return [(y, [e.as_entry() for e in entries.values() if e.isChecked()]) for y, entries in rows]

    def arrange_legend(self) -> None:
        """Leave the names of the branches out where there is no room for all of them."""
        entries = list(self._branches.values())
        if not entries:
            return
        room = self.rect().marginsRemoved(self.body.contentsMargins()).width()
        for short in (False, True):
            for entry in entries:
                entry.set_short(short)
            self._names.invalidate()
            if sum(e.sizeHint().width() + GRID for e in entries) <= room:
                return

    def _entry(self, text: str, role: str, mark: str = ROUND) -> LegendEntry:
        entry = LegendEntry(text, role, mark=mark)
        entry.toggled.connect(self._show_curves)
        return entry

    def _is_shown(self, figure: str, part: str) -> bool:
        return self._branches[figure].isChecked() and self._parts[part].isChecked()

    def _show_curves(self) -> None:
        for figure in self._branches:
            for part in self._parts:
                self.curves[curve_of(figure, part)].show(self._is_shown(figure, part))
        self._fit()


def _parts() -> tuple[tuple[str, str, str], ...]:
    return (("train", tr("train"), MARKS["train"]), ("validation", tr("validation"), MARKS["validation"]))

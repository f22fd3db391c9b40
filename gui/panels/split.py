"""The data split: three linked shares with a bar that shows them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import QRectF, QSize, Signal
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from graph.catalog import Kind, Param
from graph.messages import tr
from graph.plan import Split
from gui.panels.fields import EntryField
from gui.panels.parts import column, complain, label
from gui.theme import GRID, theme

PARTS = ("train", "validation", "test")
ROLES = {"train": "train", "validation": "validation", "test": "faint"}
LEAST = {"train": 1.0, "validation": 0.0, "test": 0.0}  # percent
BAR_HEIGHT = 8


class SplitForm(QWidget):
    """`edited(Split)`: one share was entered, and the two others made room for it. `finished()` ends an interaction."""

    edited = Signal(object)
    finished = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._split = Split()
        self._bar = _SplitBar()
        self._complaint = label("", tone="error", wrap=True)
        self._complaint.hide()
        self.fields = {part: self._make_field(part, name) for part, name in _names().items()}
        layout = column(self, spacing=2 * GRID)
        layout.addWidget(self._bar)
        layout.addLayout(self._grid())
        layout.addWidget(self._complaint)

    def show_split(self, split: Split) -> None:
        """Show the split of the plan."""
        self._split = split
        self._bar.show_split(split)
        for part, field in self.fields.items():
            field.show_value(round(100 * getattr(split, part), 2))

    def _make_field(self, part: str, name: str) -> EntryField:
        help_text = tr("Percent of the samples. The other two parts make room.")
        field = EntryField(
            Param(name=name, kind=Kind.FLOAT, minimum=LEAST[part], maximum=100.0, help=help_text, required=True)
        )
        field.setAccessibleName(tr("{part}, percent", part=name))
        field.setToolTip(help_text)
        field.setWhatsThis(help_text)
        field.committed.connect(partial(self._on_committed, part))
        field.rejected.connect(partial(complain, self._complaint))
        field.finished.connect(self.finished)
        return field

    def _on_committed(self, part: str, percent: float) -> None:
        self.edited.emit(with_share(self._split, part, percent / 100))

    def _grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(2 * GRID)
        grid.setVerticalSpacing(GRID)
        for place, (part, name) in enumerate(_names().items()):
            caption = label(name, tone="muted")
            caption.setBuddy(self.fields[part])
            grid.addWidget(caption, 0, place)
            grid.addWidget(self.fields[part], 1, place)
            grid.setColumnStretch(place, 1)
        return grid


class _SplitBar(QWidget):
    """Three stretches of colour as long as their shares."""

    def __init__(self) -> None:
        super().__init__()
        self._split = Split()
        self.setFixedHeight(BAR_HEIGHT)

    def show_split(self, split: Split) -> None:
        self._split = split
        self.setAccessibleName(", ".join(f"{name} {100 * getattr(split, part):g} %" for part, name in _names().items()))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, BAR_HEIGHT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outline = QPainterPath()
        outline.addRoundedRect(QRectF(self.rect()), BAR_HEIGHT / 2, BAR_HEIGHT / 2)
        painter.setClipPath(outline)
        left = 0.0
        for part in PARTS:
            width = self.width() * getattr(self._split, part)
            painter.fillRect(QRectF(left, 0, width - 1, BAR_HEIGHT), theme.color(ROLES[part]))
            left += width


def with_share(split: Split, part: str, share: float) -> Split:
    """The split with another share of one part; the two others keep their proportion and add up to the rest."""
    first, second = (other for other in PARTS if other != part)
    before = getattr(split, first) + getattr(split, second)
    portion = getattr(split, first) / before if before else 1.0
    share = round(share, 6)
    size = round((1 - share) * portion, 4)
    return replace(split, **{part: share, first: size, second: round(1 - share - size, 6)})


def _names() -> dict[str, str]:
    return {"train": tr("Train"), "validation": tr("Validation"), "test": tr("Test")}

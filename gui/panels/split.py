"""The data split: three linked shares with a bar that shows them, and which samples go where."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from graph.catalog import Kind, Param
from graph.messages import tr
from graph.plan import GIVEN, ORDERED, RANDOM, SPLITS, STRATIFIED, Split
from gui.panels.fields import ChoiceField, EntryField
from gui.panels.form import FieldRow
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
        self.method = self._make_method()
        self._shares = QWidget()
        shares = column(self._shares, spacing=2 * GRID)
        shares.addWidget(self._bar)
        shares.addLayout(self._grid())
        layout = column(self, spacing=2 * GRID)
        layout.addWidget(self._shares)
        layout.addWidget(self._complaint)
        layout.addWidget(self.method)

    def show_split(self, split: Split) -> None:
        """Show the split of the plan."""
        self._split = split
        self._bar.show_split(split)
        for part, field in self.fields.items():
            field.show_value(round(100 * getattr(split, part), 2))
        self.method.show_value(split.method, is_set=split.method != RANDOM)
        self._shares.setVisible(split.method != GIVEN)

    def reveal(self) -> None:
        """Go to the share of the validation part."""
        self.fields["validation"].setFocus(Qt.FocusReason.OtherFocusReason)

    def _make_method(self) -> FieldRow:
        labels = {
            RANDOM: tr("At random"),
            STRATIFIED: tr("Stratified"),
            ORDERED: tr("In order"),
            GIVEN: tr("As the data says"),
        }
        help_text = tr(
            "Which samples go where: at random, with the same share of each class, the first ones for training and the last ones "
            "for the test, or as a column or the folders of the data say."
        )
        param = Param(name="method", kind=Kind.CHOICE, choices=SPLITS, default=RANDOM, help=help_text)
        made = FieldRow(param, ChoiceField(param, labels), name=tr("Samples"))
        made.edited.connect(lambda method: self.edited.emit(replace(self._split, method=method)))
        made.reset_requested.connect(lambda: self.edited.emit(replace(self._split, method=RANDOM)))
        made.finished.connect(self.finished)
        return made

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

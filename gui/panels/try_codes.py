"""Numbers in the middle of a network, to steer: noise that things are made of, or the code that a sample becomes."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QSlider, QStyle, QWidget

from graph.catalog import Kind
from graph.messages import tr
from gui.figures import MINUS
from gui.panels.parts import ScrollColumn, label, row, small_button
from gui.panels.try_entries import EntryCard, NumberField
from gui.panels.try_planes import Plane
from gui.theme import GRID, theme
from runtime.trying import CodeEntry, fresh_noise

STEPS = 200  # of a slider
MOST_SLIDERS, TWO_COLUMNS = 16, 10
MOST_MADE = 36
REACH = 3.0  # standard deviations to each side
START_COUNT = 16
SLIDER = 64  # pixels at 100 %
LEAST, LEAST_OF_THREE = 380, 500  # of a card with columns of sliders


class Slider(QSlider):
    """A slider over real numbers. `steered(number)`: the person moved it. The wheel leaves it alone without the focus."""

    steered = Signal(float)

    def __init__(self, name: str, low: float, high: float) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.low, self.high = low, high
        self._is_shown = False
        self.setRange(0, STEPS)
        self.setSingleStep(STEPS // 50)
        self.setPageStep(STEPS // 10)
        self.setAccessibleName(name)
        self.setMinimumWidth(theme.px(SLIDER))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.valueChanged.connect(self._on_moved)

    def set_range(self, low: float, high: float) -> None:
        """Reach from one number to another."""
        self.low, self.high = low, max(high, low + 1e-9)

    def show_number(self, number: float) -> None:
        """Stand at a number that nobody steered to, or as near to it as the slider goes."""
        self._is_shown = True
        self.setValue(round((number - self.low) / (self.high - self.low) * STEPS))
        self._is_shown = False

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(SLIDER), super().minimumSizeHint().height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The knob goes where the person presses, and is dragged on from there."""
        if event.button() is Qt.MouseButton.LeftButton:
            knob = self.style().pixelMetric(QStyle.PixelMetric.PM_SliderLength, None, self)
            at, room = round(event.position().x()) - knob // 2, self.width() - knob
            step = QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), at, room)
            if abs(step - self.value()) * room > knob // 2 * STEPS:  # else it is the knob that is pressed
                self.setValue(step)
        super().mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    @Slot(int)
    def _on_moved(self, step: int) -> None:
        if not self._is_shown:
            self.steered.emit(self.low + step / STEPS * (self.high - self.low))


class Sliders(QWidget):
    """A slider for each number of a code, in columns. `steered(place, number)`."""

    steered = Signal(int, float)

    def __init__(self, name: str, width: int) -> None:
        super().__init__()
        self.sliders: list[Slider] = []
        self._figures: list[QLabel] = []
        shown = min(width, MOST_SLIDERS)
        columns = 1 if shown <= 3 else 2 if shown <= TWO_COLUMNS else 3  # so that all can be seen in a low panel
        rows = -(-shown // columns)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, GRID, 0)
        grid.setHorizontalSpacing(2 * GRID)
        grid.setVerticalSpacing(2 if rows <= 5 else 0)
        for number in range(shown):
            slider, shown_as = Slider(f"{name}[{number}]", -REACH, REACH), label("", tone="muted", mono=True)
            shown_as.setFixedWidth(theme.px(48))
            shown_as.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            slider.steered.connect(lambda value, place=number: self._on_steered(place, value))
            column, line = divmod(number, rows)
            place = label(str(number), tone="faint", mono=True)
            place.setContentsMargins(3 * GRID * (column > 0), 0, 0, 0)
            grid.addWidget(place, line, 3 * column)
            grid.addWidget(slider, line, 3 * column + 1)
            grid.addWidget(shown_as, line, 3 * column + 2)
            self.sliders.append(slider)
            self._figures.append(shown_as)

    def set_ranges(self, low: np.ndarray, high: np.ndarray) -> None:
        """Let each slider reach from `low` to `high`."""
        for slider, *ends in zip(self.sliders, low.tolist(), high.tolist(), strict=False):
            slider.set_range(*ends)

    def show_code(self, code: np.ndarray) -> None:
        """Stand where a code is."""
        for slider, shown_as, number in zip(self.sliders, self._figures, code.tolist(), strict=False):
            slider.show_number(number)
            shown_as.setText(_short(number))

    @Slot(int, float)
    def _on_steered(self, place: int, value: float) -> None:
        self._figures[place].setText(_short(value))
        self.steered.emit(place, value)


class NoiseCard(EntryCard):
    """Noise for several things at once; that of the chosen one is on the sliders."""

    def __init__(self, entry: CodeEntry) -> None:
        super().__init__(entry)
        self._entry = entry
        self.chosen = 0
        self.new_button = small_button(tr("New noise"), "reset")
        self.count = NumberField(tr("How many"), START_COUNT, Kind.INT, minimum=1, maximum=MOST_MADE)
        self.seed = NumberField(tr("Seed"), 0, Kind.INT, minimum=0, maximum=2**31 - 1)
        self.sliders = Sliders(entry.name, entry.width)
        if entry.uniform:
            self.sliders.set_ranges(np.zeros(entry.width), np.ones(entry.width))
        for name, field in ((tr("How many"), self.count), (tr("Seed"), self.seed)):
            text = label(name, tone="muted")
            text.setBuddy(field)
            field.setMaximumWidth(theme.px(60))
            self.header.addWidget(text)
            self.header.addWidget(field)
        self.header.addWidget(self.new_button)
        self.header.addSpacing(2 * GRID)
        scroll = ScrollColumn()
        scroll.column.setContentsMargins(0, 0, 0, 0)
        scroll.column.addWidget(self.sliders)
        scroll.column.addStretch(1)
        self.which = label("", tone="faint")
        self.header.addWidget(self.which)
        self.body.addWidget(scroll, 1)
        self.setMinimumWidth(theme.px(LEAST if entry.width <= TWO_COLUMNS else LEAST_OF_THREE))
        self._draw()
        self.count.edited.connect(self._on_drawn)
        self.seed.edited.connect(self._on_drawn)
        self.new_button.clicked.connect(self._on_new)
        self.sliders.steered.connect(self._on_steered)

    def value(self) -> np.ndarray:
        return self.codes.copy()

    def show_value(self, value: np.ndarray) -> None:
        self.codes = np.atleast_2d(value).astype(np.float32)
        self.choose(0)

    @Slot(int)
    def choose(self, number: int) -> None:
        """Bring the noise of a thing that was made onto the sliders."""
        self.chosen = min(number, len(self.codes) - 1)
        self.sliders.show_code(self.codes[self.chosen])
        self.which.setText(tr("{number} of {count}", number=self.chosen + 1, count=len(self.codes)))

    def _draw(self) -> None:
        self.codes = fresh_noise(self._entry, int(self.count.number), int(self.seed.number))
        self.choose(self.chosen)

    @Slot()
    def _on_drawn(self) -> None:
        self._draw()
        self.changed.emit()

    @Slot()
    def _on_new(self) -> None:
        self.seed.show_number(int(self.seed.number) + 1)
        self._on_drawn()

    @Slot(int, float)
    def _on_steered(self, place: int, value: float) -> None:
        self.codes[self.chosen, place] = value
        self.changed.emit()


class CodeCard(EntryCard):
    """The code of a sample, to wander from: sliders, in the plane too where it has two numbers, and the way to another sample.

    `other_wanted()`: the code of another sample is needed for the way there (`show_other`).
    """

    other_wanted = Signal()

    def __init__(self, entry: CodeEntry) -> None:
        super().__init__(entry)
        self.code: np.ndarray | None = None
        self._start: np.ndarray | None = None
        self._other: np.ndarray | None = None
        self.sliders = Sliders(entry.name, entry.width)
        self.plane: Plane | None = None
        self.way = Slider(tr("The way to the next sample"), 0.0, 1.0)
        self.way.setToolTip(tr("From the code of this sample, at the left, in a straight line to that of the next."))
        line = row()
        line.addWidget(label(tr("this sample"), tone="muted"))
        line.addWidget(self.way, 1)
        line.addWidget(label(tr("the next"), tone="muted"))
        self._scroll = ScrollColumn()
        self._scroll.column.setContentsMargins(0, 0, 0, 0)
        self._scroll.column.addWidget(self.sliders)
        self._scroll.column.addStretch(1)
        self._middle = row()
        self._middle.addWidget(self._scroll, 1)
        self.body.addLayout(self._middle, 1)
        self.body.addLayout(line)
        self.setMinimumWidth(theme.px(LEAST if entry.width <= TWO_COLUMNS else LEAST_OF_THREE))
        self.sliders.steered.connect(self._on_steered)
        self.way.steered.connect(self._on_way)

    def value(self) -> np.ndarray | None:
        return None if self.code is None else self.code[None].copy()

    def show_value(self, value: np.ndarray) -> None:
        self._start, self._other = np.array(value, np.float32).reshape(-1), None
        self.way.show_number(0.0)
        self._show(self._start.copy())

    def show_codes(self, codes: np.ndarray, labels: np.ndarray | None) -> None:
        """Reach as far as these codes of samples (samples × width) do; in the plane they are there to see."""
        middle, spread = codes.mean(0), np.maximum(codes.std(0), 1e-3)
        self.sliders.set_ranges(middle - REACH * spread, middle + REACH * spread)
        if codes.shape[1] == 2:
            self._show_plane(codes, labels)
        if self.code is not None:
            self._show(self.code)

    def show_other(self, code: np.ndarray) -> None:
        """The code that the way leads to."""
        self._other = np.array(code, np.float32).reshape(-1)
        self._on_way(self.way.value() / STEPS)

    def _show_plane(self, codes: np.ndarray, labels: np.ndarray | None) -> None:
        if self.plane is None:
            self.plane = Plane(tr("The code in the plane"), codes.min(0), codes.max(0))
            self.plane.moved.connect(self._on_plane)
            self._middle.insertWidget(0, self.plane, 2)
        self.plane.low, self.plane.high = codes.min(0).astype(float), codes.max(0).astype(float)
        self.plane.show_data(codes, labels)

    def _show(self, code: np.ndarray) -> None:
        self.code = code
        self.sliders.show_code(code)
        if self.plane is not None:
            self.plane.move_to(*code.tolist())

    @Slot(int, float)
    def _on_steered(self, place: int, value: float) -> None:
        if self.code is not None:
            self.code[place] = value
            if self.plane is not None:
                self.plane.move_to(*self.code.tolist())
            self.changed.emit()

    @Slot(float, float)
    def _on_plane(self, x: float, y: float) -> None:
        self.code = np.array((x, y), np.float32)
        self.sliders.show_code(self.code)
        self.changed.emit()

    @Slot(float)
    def _on_way(self, share: float) -> None:
        if self._other is None:
            self.other_wanted.emit()
        elif self._start is not None:
            self._show((1 - share) * self._start + share * self._other)
            self.changed.emit()


def _short(number: float) -> str:
    return f"{number:.2f}".replace("-", MINUS)

"""What an encoder and decoder say to a source: the best answers of beam search, and where the network looked for each token."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QSizePolicy, QWidget

from graph.catalog import Kind
from graph.messages import tr
from gui.figures import figure, percent
from gui.panels.card import Card
from gui.panels.legend import Choice
from gui.panels.parts import ScrollColumn, breakable, column, empty, label, row
from gui.panels.try_entries import NumberField
from gui.theme import GRID, mono_font, theme

if TYPE_CHECKING:
    from runtime.translation import Hypothesis, Translation

BEAMS, MOST_BEAMS = 4, 16
LOOK = 260  # pixels at 100 %
LEAST_PERCENT = 0.0005  # less would read as 0.0 %


class AttentionMap(QWidget):
    """Rows are tokens that were said, columns those of the source: the stronger a cell, the more the network looked there."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[str, ...] = ()
        self._columns: tuple[str, ...] = ()
        self._weights: list[list[float]] = []
        self.setAccessibleName(tr("Where the network looked"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(theme.px(LOOK), theme.px(80))

    def sizeHint(self) -> QSize:
        return QSize(theme.px(LOOK), theme.px(130))

    def show_look(self, source: tuple[str, ...], said: Hypothesis) -> None:
        """Show where an answer looked."""
        self._rows, self._columns = said.tokens, source
        self._weights = [] if said.attention is None else said.attention.tolist()
        self.setVisible(said.attention is not None)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        if not self._weights:
            return
        columns, rows = len(self._columns), len(self._weights)
        metrics = QFontMetrics(mono_font(theme.px(10)))
        left = min(self.width() // 4, max(metrics.horizontalAdvance(word) for word in self._rows) + 2 * GRID)
        top = metrics.height() + 2
        wide, high = (self.width() - left) / columns, (self.height() - top) / rows
        painter.setFont(mono_font(max(6, min(theme.px(10), int(high) + 1))))
        self._paint_words(painter, left, top, wide, high)
        most = max(map(max, self._weights)) or 1.0
        for line, weights in enumerate(self._weights):
            for place, weight in enumerate(weights):
                color = QColor(theme.color("accent"))
                color.setAlphaF(max(0.03, min(1.0, weight / most)))
                painter.fillRect(QRectF(left + place * wide, top + line * high, wide - 1, high - 1), color)

    def _paint_words(self, painter: QPainter, left: int, top: int, wide: float, high: float) -> None:
        painter.setPen(theme.color("muted"))
        metrics = painter.fontMetrics()
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for line, word in enumerate(self._rows[: len(self._weights)]):
            box = QRectF(0, top + line * high, left - GRID, high)
            painter.drawText(box, right, metrics.elidedText(word, Qt.TextElideMode.ElideRight, left - GRID))
        for place, word in enumerate(self._columns):
            box = QRect(round(left + place * wide), 0, round(wide), top)
            shown = metrics.elidedText(word, Qt.TextElideMode.ElideRight, round(wide))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, shown)


class TranslationCard(Card):
    """The answers, the best first, each with its probability. `beams_changed()`: more or fewer prefixes are to be kept."""

    beams_changed = Signal()

    def __init__(self) -> None:
        super().__init__(tr("Answer"))
        self.translation: Translation | None = None
        self.truth = label("", tone="muted")
        self.beams = NumberField(tr("Beams"), BEAMS, Kind.INT, minimum=1, maximum=MOST_BEAMS)
        self.beams.setAccessibleDescription(
            tr("How many beginnings are kept at each token; with 1 the likeliest is always taken.")
        )
        self.beams.setMinimumWidth(theme.px(40))
        self.beams.setMaximumWidth(theme.px(48))
        self.waiting = label(tr("The network is being asked…"), tone="muted")  # until it said something
        self.best = label("", tone="title", wrap=True)
        self.complaint = label("", tone="error", wrap=True)  # in a column that scrolls
        self.complaint.hide()
        self.look = AttentionMap()
        self._group = QButtonGroup(self)
        self._list = column(spacing=2)
        scroll = ScrollColumn(spacing=GRID)
        scroll.column.setContentsMargins(0, 0, GRID, 0)
        scroll.column.addWidget(self.waiting)
        scroll.column.addWidget(self.best)
        scroll.column.addLayout(self._list)
        scroll.column.addWidget(self.complaint)
        scroll.column.addStretch(1)
        self.header.addWidget(self.truth)
        self.header.addSpacing(2 * GRID)
        self.header.addWidget(label(tr("Beams"), tone="muted"))
        self.header.addWidget(self.beams)
        line = row()
        line.addWidget(scroll, 3)
        line.addWidget(self.look, 4)
        self.look.hide()
        self.body.addLayout(line, 1)
        self.beams.edited.connect(self.beams_changed)
        self._group.idClicked.connect(self._choose)
        self.setMinimumWidth(theme.px(420))

    def show_translation(self, found: Translation) -> None:
        """Show what the network says."""
        self.translation = found
        self.waiting.hide()
        self.complaint.hide()
        for button in self._group.buttons():
            self._group.removeButton(button)
        empty(self._list)
        for number, said in enumerate(found.hypotheses):
            button = Choice(f"{_chance(said.log_probability)}  {said.text}" + ("" if said.is_ended else " …"))
            score = figure(said.log_probability)
            button.setToolTip(tr("{text}: the logarithm of its probability is {score}.", text=said.text, score=score))
            self._group.addButton(button, number)
            self._list.addWidget(button)
        self._choose(0)

    def show_truth(self, truth: str) -> None:
        """Say what the right answer to the sample is, if it is known."""
        self.truth.setText(tr("true: {name}", name=truth) if truth and len(truth) < 60 else "")

    def complain(self, text: str) -> None:
        """Say why there is no answer."""
        self.waiting.hide()
        self.best.setText("")
        empty(self._list)
        self.look.hide()
        self.complaint.setText(breakable(text))
        self.complaint.setVisible(bool(text))

    @Slot(int)
    def _choose(self, number: int) -> None:
        assert self.translation is not None
        said = self.translation.hypotheses[number]
        button: QAbstractButton | None = self._group.button(number)
        if button is not None:
            button.setChecked(True)
        self.best.setText(said.text + ("" if said.is_ended else " …"))
        self.look.show_look(self.translation.source_tokens, said)


def _chance(log_probability: float) -> str:
    """How likely an answer is: `98.4 %`, `2.1e-6`."""
    share = math.exp(log_probability)
    return percent(share) if share >= LEAST_PERCENT else figure(share)

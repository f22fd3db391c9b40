"""What a network reads, symbol by symbol: the text, whether it is right, and what each step says under the picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from graph.messages import tr
from gui.figures import percent
from gui.icons import paint_icon
from gui.panels.try_pictures import as_image
from gui.theme import GRID, mono_font, theme
from runtime.trying import Reading

LINE, LABEL, SIGN = 26, 13, 14  # pixels at 100 %
MOST_PICTURE = 0.45  # of the height under the text
LEAST_BARS = 24
IN_TIP = 3  # classes
THIN = 3.0  # pixels of a step, below which bars have no gap


class ReadingView(QWidget):
    """The text that was read, beside it the right one and a verdict; the picture; and a bar for the likeliest class of each step."""

    def __init__(self) -> None:
        super().__init__()
        self.reading = Reading((), 0, np.zeros((0, 0)))
        self.truth: tuple[str, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_reading(self, reading: Reading, truth: Sequence[str] = ()) -> None:
        """Show what was read, and the symbols that are right, if they are known."""
        self.reading, self.truth = reading, tuple(truth)
        self.setAccessibleName(". ".join(text for text in (self.text, self.verdict, self.right) if text))
        self.setAccessibleDescription("; ".join(self.tip(symbol.first) for symbol in reading.symbols))
        self.update()

    @property
    def text(self) -> str:
        """What was read."""
        return " ".join(self.reading.read) or tr("nothing read")

    @property
    def right(self) -> str:
        """What should have been read."""
        return tr("true: {name}", name=" ".join(self.truth)) if self.truth else ""

    @property
    def verdict(self) -> str:
        """Whether it is right; empty where nobody knows."""
        if not self.truth:
            return ""
        changes = distance(self.reading.read, self.truth)
        if changes == 0:
            return tr("right")
        return tr("wrong in one symbol") if changes == 1 else tr("wrong in {count} symbols", count=changes)

    def tip(self, step: int) -> str:
        """What a step says."""
        shares = self.reading.shares[step]
        best = np.argsort(-shares, kind="stable")[:IN_TIP]
        said = ", ".join(f"{self._name(kind)} {percent(float(shares[kind]))}" for kind in best.tolist())
        return tr("Step {number} of {count}: {classes}", number=step + 1, count=len(self.reading.shares), classes=said)

    def _name(self, kind: int) -> str:
        return tr("blank (no symbol)") if kind == self.reading.blank else self.reading.names[kind]

    def sizeHint(self) -> QSize:
        return QSize(theme.px(300), theme.px(120))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(200), theme.px(LINE + LABEL + LEAST_BARS))

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            step = self.step_at(event.pos().x())
            QToolTip.showText(event.globalPos(), self.tip(step) if step >= 0 else "", self)
            return True
        return super().event(event)

    def step_at(self, x: float) -> int:
        """The step at a place from left to right; -1 where there is none."""
        steps = len(self.reading.shares)
        step = int(x / max(1, self.width()) * steps)
        return step if 0 <= step < steps else -1

    # ---- painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        if not len(self.reading.shares):
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = theme.px(LINE)
        self._paint_text(painter, QRect(0, 0, self.width(), line))
        top, picture = line + GRID, self.reading.picture
        if picture is not None:
            rest = self.height() - top
            own = self.width() * picture.shape[0] / picture.shape[1]
            height = int(min(own, MOST_PICTURE * rest, rest - theme.px(LABEL + LEAST_BARS)))
            if height > 2 * GRID:
                painter.drawImage(QRect(0, top, self.width(), height), as_image(picture))
                top += height + GRID // 2
        self._paint_steps(painter, QRect(0, top, self.width(), max(1, self.height() - top)))

    def _paint_text(self, painter: QPainter, box: QRect) -> None:
        """The text, the verdict with its sign, the right text; at the right what a bar without a name is."""
        large, small = mono_font(theme.px(17)), self.font()
        large.setWeight(QFont.Weight.Bold)
        left = self._write(painter, box, 0, self.text, large, "text" if self.reading.symbols else "muted")
        if self.verdict:
            is_right, sign = self.reading.read == self.truth, theme.px(SIGN)
            role = "good" if is_right else "error"
            at = QRectF(left, box.center().y() - sign / 2 + 1, sign, sign)
            paint_icon(painter, at, "check" if is_right else "close", role=role)
            left = self._write(painter, box, left + sign + GRID, self.verdict, small, role)
            left = self._write(painter, box, left, self.right, small, "muted")
        words, metrics = tr("gray: blank (no symbol)"), QFontMetrics(small)
        if left + metrics.horizontalAdvance(words) < box.right():
            self._write(painter, box, box.right() - metrics.horizontalAdvance(words), words, small, "faint")

    @staticmethod
    def _write(painter: QPainter, box: QRect, left: int, text: str, font: QFont, role: str) -> int:
        """Write from a place on, as far as there is room; where the next thing begins."""
        metrics = QFontMetrics(font)
        room = box.adjusted(left, 0, 0, 0)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, room.width()))
        painter.setFont(font)
        painter.setPen(theme.color(role))
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
        return left + metrics.horizontalAdvance(shown) + 3 * GRID

    def _paint_steps(self, painter: QPainter, box: QRect) -> None:
        shares, blank = self.reading.shares, self.reading.blank
        wide, label = box.width() / len(shares), theme.px(LABEL)
        bars = QRectF(box.adjusted(0, label, 0, 0))
        gap = 1.0 if wide > THIN else 0.0
        painter.setPen(Qt.PenStyle.NoPen)
        for step, (kind, share) in enumerate(zip(shares.argmax(1).tolist(), shares.max(1).tolist(), strict=True)):
            place = QRectF(bars.left() + step * wide + gap / 2, bars.top(), wide - gap, bars.height())
            painter.fillRect(place, theme.color("grid"))
            place.setTop(place.bottom() - share * bars.height())
            painter.fillRect(place, theme.color("muted", 0.45) if kind == blank else theme.color("accent"))
        font = mono_font(theme.px(LABEL - 2))
        font.setWeight(QFont.Weight.Bold)
        painter.setFont(font)
        painter.setPen(theme.color("text"))
        for symbol in self.reading.symbols:
            name = self.reading.names[symbol.kind]
            middle = box.left() + (symbol.first + symbol.end) / 2 * wide
            half = painter.fontMetrics().horizontalAdvance(name)
            over = QRectF(middle - half, box.top() - 1, 2 * half, label)
            painter.drawText(over, Qt.AlignmentFlag.AlignCenter, name)


def distance(read: Sequence[str], true: Sequence[str]) -> int:
    """How many symbols have to be put in, taken out or replaced for one text to be the other (Levenshtein)."""
    row = list(range(len(true) + 1))
    for number, one in enumerate(read, 1):
        before, row[0] = row[0], number
        for place, other in enumerate(true, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (one != other))
    return row[-1]

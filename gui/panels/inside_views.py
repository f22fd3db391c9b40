"""A value in large: its portrait, what it is, its scale of colours, and the number under the mouse."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from graph.messages import tr
from gui.figures import figure, grouped, percent
from gui.panels.inside_colors import paint_scale
from gui.panels.inside_pictures import found_at, paint_portrait
from gui.panels.pulse import paint_bars
from gui.theme import GRID, mono_font, theme
from runtime.portraits import IMAGE, MAPS, MATRIX, NUMBER, SCORES, WORDS, Portrait

LINE, SCALE = 16, 14  # pixels at 100 % of the words above and the scale below
LEAST = QSize(72, 72)
COLORED = (MAPS, MATRIX)


class PortraitView(QWidget):
    """Shows one value under a title. `own` gives each map its own scale of colours."""

    def __init__(self) -> None:
        super().__init__()
        self.portrait: Portrait | None = None
        self._title = self._absent = ""
        self._own = False
        self._places: list[QRectF] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        theme.changed.connect(self._use_theme)
        self._use_theme()

    def show_portrait(self, portrait: Portrait | None, title: str = "", *, absent: str = "") -> None:
        """Show a value; where there is none, the sentence `absent`."""
        self.portrait, self._title, self._absent = portrait, title, absent
        self.setAccessibleName(": ".join(filter(None, (title, described(portrait) if portrait else absent))))
        self.update()

    def set_own(self, own: bool) -> None:
        """Give each map its own scale of colours, or one to all."""
        self._own = own
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme.px(150), theme.px(120))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        area, line = QRectF(self.rect()), theme.px(LINE)
        if self._title:
            painter.setPen(theme.color("muted"))
            shown = self.fontMetrics().elidedText(self._title, Qt.TextElideMode.ElideRight, self.width())
            painter.drawText(QRectF(0, 0, area.width(), line), Qt.AlignmentFlag.AlignLeft, shown)
            area.setTop(line + 2)
        if self.portrait is None:
            painter.setPen(theme.color("faint"))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._absent)
            return
        if self.portrait.kind in COLORED and not self._own:
            scale = QRectF(area.left(), area.bottom() - theme.px(SCALE), area.width(), theme.px(SCALE))
            paint_scale(painter, scale, self.portrait.low, self.portrait.high)
            area.setBottom(scale.top() - GRID)
        self._places = paint_portrait(painter, area, self.portrait, own=self._own)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.text_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def text_at(self, point: QPointF) -> str:
        """The number under a point and where it stands in the tensor, from 0; else what the value is."""
        portrait = self.portrait
        if portrait is None:
            return ""
        at = found_at(portrait, self._places, point)
        if at is None:
            return described(portrait)
        value, step = portrait.drawn[at], portrait.step
        if portrait.kind == IMAGE and portrait.drawn.ndim == 3:
            shown = " · ".join(figure(float(v) * (portrait.high - portrait.low) + portrait.low) for v in value)
        else:
            shown = figure(float(value))
        where = (*at[:-2], *(place * step for place in at[-2:]))
        return f"[{', '.join(map(str, where))}]  {shown}"

    @Slot()
    def _use_theme(self) -> None:
        self.setMinimumSize(theme.px(LEAST.width()), theme.px(LEAST.height()))
        font = self.font()
        font.setPixelSize(theme.px(11))
        self.setFont(font)
        self.update()


class HistogramView(QWidget):
    """How often numbers of each size occur in a value."""

    def __init__(self) -> None:
        super().__init__()
        self._portrait: Portrait | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(28)

    def show_portrait(self, portrait: Portrait | None) -> None:
        """Show the histogram of a value."""
        self._portrait = portrait
        if portrait is not None:
            low, high = figure(portrait.facts.low), figure(portrait.facts.high)
            self.setToolTip(tr("How often numbers from {low} to {high} occur", low=low, high=high))
            self.setAccessibleName(self.toolTip())
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        facts = self._portrait.facts if self._portrait is not None else None
        if self._portrait is None or facts is None or len(facts.histogram) < 2 or self._portrait.kind == WORDS:
            return
        painter, line = QPainter(self), theme.px(12)
        area = QRectF(self.rect()).adjusted(0, 2, 0, -line)
        paint_bars(painter, area, facts.histogram)
        painter.fillRect(QRectF(0, area.bottom(), area.width(), 1), theme.color("outline"))
        painter.setFont(mono_font(theme.px(10)))
        painter.setPen(theme.color("muted"))
        below = QRectF(0, area.bottom() + 1, area.width(), line)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, figure(facts.low))
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, figure(facts.high))


def shape_text(portrait: Portrait) -> str:
    """`6 × 28 × 28 · float32`, of the value of one sample."""
    shape = " × ".join(map(str, portrait.shape)) if portrait.shape else tr("scalar")
    return f"{shape} · {portrait.dtype}"


def described(portrait: Portrait) -> str:
    """What a value is, in one line for tooltips and screen readers."""
    facts, parts = portrait.facts, [shape_text(portrait)]
    if portrait.kind == SCORES:
        parts += [f"{w} {percent(c)}" for w, c in zip(portrait.words[:3], portrait.chances, strict=False)]
    elif portrait.kind == WORDS:
        parts.append(" ".join(portrait.words[:40]))
    elif portrait.kind == NUMBER:
        parts.append(figure(float(portrait.drawn[0])))
    else:
        span = tr(
            "from {low} to {high}, mean {mean}", low=figure(facts.low), high=figure(facts.high), mean=figure(facts.mean)
        )
        parts += [span, first_numbers(portrait)]
    if portrait.left_out:
        parts.append(tr("{count} more maps are not shown", count=grouped(portrait.left_out)))
    return " · ".join(parts)


def first_numbers(portrait: Portrait) -> str:
    """The first numbers of a value: `0.1200, −0.4000, …`."""
    facts = portrait.facts
    is_whole = portrait.dtype.startswith(("int", "uint", "bool"))
    shown = (str(int(number)) if is_whole else figure(number) for number in facts.first)
    return ", ".join(shown) + (", …" if facts.count > len(facts.first) else "")


def fact_rows(portrait: Portrait) -> list[tuple[str, ...]]:
    """The figures of a value, as (name, figure)."""
    facts = portrait.facts
    rows = [(tr("Shape"), shape_text(portrait))]
    if portrait.kind not in (NUMBER, WORDS):
        rows += [
            (tr("Range"), f"{figure(facts.low)} … {figure(facts.high)}"),
            (tr("Mean ± σ"), f"{figure(facts.mean)} ± {figure(facts.deviation)}"),
            (tr("Zeros"), percent(facts.zeros)),
        ]
    if facts.odd:
        rows.append((tr("Not finite"), grouped(facts.odd)))
    return rows

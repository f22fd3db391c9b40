"""Paints what is put on and around a card: problems, shared weights, differences, finds, the switch of its size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from graph.messages import Message, msg
from graph.problems import Severity
from gui.canvas.geometry import CORNER, Shape
from gui.canvas.kinship import Kin
from gui.canvas.palette import Colors, card_fonts

BADGE_RADIUS = 9.0
LIT = 0.3  # of its color in a mark of shared weights: more, and its letter would not read
CHEVRON = 8.0  # half the width of the switch
_PILL_HEIGHT = 16.0
_HATCH = 9.0  # between the lines over a card that is switched off
_CENTER = Qt.AlignmentFlag.AlignCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


_CURVE = QSizeF(44, 12)  # the room for a curve of gradients
_LEAST_CURVE = 14.0  # pixels that are worth drawing one in
# What is written on a node that learns in a special way, and in which color.
STATES: Mapping[str, tuple[Message, str]] = {
    "vanishing": (msg("vanishing"), "warning"),
    "exploding": (msg("exploding"), "error"),
    "dead": (msg("dead"), "error"),
    "frozen": (msg("frozen"), "accent"),
}


class Mark(Enum):
    """How something differs from another form of the drawing. The value is the role of its color."""

    ADDED = "good"
    REMOVED = "error"
    CHANGED = "warning"


class Find(Enum):
    """Whether a card is among those that were looked for, and the one that the person is at. The value is its strength."""

    NO = 0.0
    ONE_OF = 0.45
    CURRENT = 1.0


class Mood(NamedTuple):
    """What the moment adds to a card: selected, under the cursor, ports that a wire may be dropped on.

    `kin` says that a node which shares its weights is selected or under the cursor, `mark` how the node differs from
    what the drawing is compared with, `find` whether a search found it, `reached` that the loss on show changes its weights.
    """

    selected: bool = False
    hovered: bool = False
    lit: frozenset[str] = frozenset()
    kin: bool = False
    mark: Mark | None = None
    find: Find = Find.NO
    reached: bool = False

    def from_afar(self) -> Mood:
        """What of it can be seen from afar."""
        return Mood(selected=self.selected, mark=self.mark, find=self.find, reached=self.reached)


def badge_center(width: float) -> QPointF:
    """The middle of the problem badge of a card, from the card's upper left corner."""
    return QPointF(width - 3.0, 3.0)


def chevron_center(shape: Shape) -> QPointF:
    """The middle of the switch between small and whole, from the card's upper left corner: beside the name."""
    return QPointF(shape.width - 22.0, shape.text_top + 13.0)


def paint_badge(painter: QPainter, severity: Severity | None, width: float, *, colors: Colors) -> None:
    """The mark of a problem: a disc for an error, a triangle for a warning, each with its exclamation mark."""
    if severity is None:
        return
    center = badge_center(width)
    painter.setPen(QPen(colors("canvas"), 2.0))
    painter.setBrush(colors(severity.value))
    if severity is Severity.ERROR:
        painter.drawEllipse(center, BADGE_RADIUS, BADGE_RADIUS)
    else:
        painter.drawPolygon(QPolygonF([center + QPointF(x, y) for x, y in ((0, -10), (10.5, 8.5), (-10.5, 8.5))]))
    painter.setPen(colors("canvas"))
    painter.setFont(card_fonts().badge)
    painter.drawText(QRectF(center.x() - 9, center.y() - 9 + (severity is not Severity.ERROR), 18, 18), _CENTER, "!")


def paint_kin(painter: QPainter, kin: Kin, width: float, *, lit: bool, colors: Colors) -> None:
    """The mark of shared weights on the upper edge, two links of a chain and the letter of the group."""
    ink = colors("text" if lit else kin.color)
    font = card_fonts().badge
    letter = QFontMetricsF(font).horizontalAdvance(kin.letter)
    length = letter + 31.0
    right = badge_center(width).x() - BADGE_RADIUS - 4
    area = QRectF(right - length, -_PILL_HEIGHT / 2, length, _PILL_HEIGHT)
    painter.setPen(QPen(colors(kin.color), 1.0))
    painter.setBrush(colors.mix(kin.color, "card", LIT) if lit else colors("card"))
    painter.drawRoundedRect(area, _PILL_HEIGHT / 2, _PILL_HEIGHT / 2)
    painter.setPen(QPen(ink, 1.4))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    middle = area.center().y()
    for left in (area.left() + 5, area.left() + 11):
        painter.drawRoundedRect(QRectF(left, middle - 2.5, 9, 5), 2.5, 2.5)
    painter.setFont(font)
    painter.setPen(colors("text"))
    painter.drawText(area.adjusted(23, 0, 0, 0), _LEFT, kin.letter)


def paint_curve(
    painter: QPainter, curve: Sequence[float], name_end: float, width: float, *, role: str, colors: Colors
) -> None:
    """How the gradients went, as a thin line beside the name, where that leaves room for it."""
    right = width - 12
    left = max(right - _CURVE.width(), name_end + 5)
    if len(curve) < 2 or right - left < _LEAST_CURVE:
        return
    area = QRectF(left, 8, right - left, _CURVE.height())
    step = area.width() / (len(curve) - 1)
    points = [QPointF(area.left() + n * step, area.bottom() - y * area.height()) for n, y in enumerate(curve)]
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colors(role), 1.2))
    painter.drawPolyline(QPolygonF(points))


def paint_state(painter: QPainter, state: str, shape: Shape, *, colors: Colors) -> None:
    """A word on the lower edge that says what is special about how the node learns."""
    if not state:
        return
    text, role = STATES[state]
    font = card_fonts().badge
    length = QFontMetricsF(font).horizontalAdvance(str(text)) + 14
    area = QRectF(shape.width - length - 10, shape.height - _PILL_HEIGHT / 2, length, _PILL_HEIGHT)
    painter.setPen(QPen(colors(role), 1.0))
    painter.setBrush(colors.mix(role, "card", 0.18))
    painter.drawRoundedRect(area, _PILL_HEIGHT / 2, _PILL_HEIGHT / 2)
    painter.setFont(font)
    painter.setPen(colors("text"))
    painter.drawText(area, _CENTER, str(text))


def paint_surroundings(painter: QPainter, mood: Mood, area: QRectF, *, colors: Colors) -> None:
    """The glow of a find, the outline of a difference and of what a loss reaches, around a card."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if mood.reached:
        painter.setPen(QPen(colors("loss"), 2.5))
        painter.drawRoundedRect(area.adjusted(-2, -2, 2, 2), CORNER + 2, CORNER + 2)
    if mood.find is not Find.NO:
        painter.setPen(QPen(colors("accent", mood.find.value), 6.0))
        painter.drawRoundedRect(area.adjusted(-4, -4, 4, 4), CORNER + 4, CORNER + 4)
    if mood.mark is not None:
        pen = QPen(colors(mood.mark.value), 2.5)
        if mood.mark is Mark.REMOVED:
            pen.setDashPattern([3.0, 2.0])
        painter.setPen(pen)
        painter.drawRoundedRect(area.adjusted(-2, -2, 2, 2), CORNER + 2, CORNER + 2)


def paint_mark(painter: QPainter, mark: Mark | None, size: float, *, colors: Colors) -> None:
    """The sign of a difference on the upper left corner: plus, minus, tilde; `size` is the radius of its disc."""
    if mark is None:
        return
    center = QPointF(3.0, 3.0)
    painter.setPen(QPen(colors("canvas"), size / 5))
    painter.setBrush(colors(mark.value))
    painter.drawEllipse(center, size, size)
    pen = QPen(colors("canvas"), size / 4.5)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(_scaled(_sign(mark), center, size * 0.5))


def paint_chevron(painter: QPainter, shape: Shape, *, colors: Colors) -> None:
    """The switch: an arrow head that points at what a click does, up to make the card small, down to show all of it."""
    center = chevron_center(shape)
    painter.setPen(QPen(colors("outline"), 1.0))
    painter.setBrush(colors("card"))
    painter.drawRoundedRect(QRectF(center.x() - CHEVRON, center.y() - CHEVRON, 2 * CHEVRON, 2 * CHEVRON), 4, 4)
    up = 1.5 if shape.collapsed else -1.5
    pen = QPen(colors("text"), 1.6)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.drawPolyline(QPolygonF([center + QPointF(x, y) for x, y in ((-3.5, -up), (0, up), (3.5, -up))]))


def paint_hatch(painter: QPainter, area: QRectF, *, colors: Colors) -> None:
    """Slanted lines over a card that is switched off."""
    lines, run = QPainterPath(), area.height()
    left = area.left() - run + _HATCH / 2
    while left < area.right():
        start = max(left, area.left())
        end = min(left + run, area.right())
        lines.moveTo(start, area.bottom() - (start - left))
        lines.lineTo(end, area.bottom() - (end - left))
        left += _HATCH
    painter.setPen(QPen(colors("muted", 0.22), 1.0))
    painter.drawPath(lines)


def paint_passing(painter: QPainter, shape: Shape, passing: str, *, colors: Colors) -> None:
    """The ways through a card that is switched off: from the input that passes to the outputs."""
    pen = QPen(colors("wire"), 2.0)
    pen.setDashPattern([3.0, 2.0])
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    (along, across), middle = shape.turned(*shape.spot(passing, output=False)), shape.depth / 2
    for name in shape.outputs:
        end, height = shape.turned(*shape.spot(name, output=True))
        way = QPainterPath(QPointF(*shape.turned(along, across)))
        way.cubicTo(*shape.turned(middle, across), *shape.turned(middle, height), *shape.turned(end, height))
        painter.drawPath(way)


def _sign(mark: Mark) -> QPainterPath:
    """In a box from -1 to 1."""
    path = QPainterPath(QPointF(-1, 0))
    if mark is Mark.CHANGED:
        path.cubicTo(-0.4, -1.3, 0.4, 1.3, 1, 0)
        return path
    path.lineTo(1, 0)
    if mark is Mark.ADDED:
        path.moveTo(0, -1)
        path.lineTo(0, 1)
    return path


def _scaled(path: QPainterPath, center: QPointF, size: float) -> QPainterPath:
    made = QPainterPath(path)
    for i in range(made.elementCount()):
        element = made.elementAt(i)
        made.setElementPositionAt(i, center.x() + size * element.x, center.y() + size * element.y)
    return made

"""The items of frames and notes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QAbstractTextDocumentLayout, QFont, QFontMetricsF, QPainter, QPainterPath, QPalette, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from graph.areas import Area
from graph.framing import TITLE
from graph.look import FRAME, Annotation
from graph.messages import tr
from gui.canvas.markdown import MarkdownDocument, first_line
from gui.canvas.palette import Colors, ui_font

if TYPE_CHECKING:
    from gui.canvas.scene import CanvasScene

FRAME_Z, NOTE_Z, TITLE_Z = -1.0, 2.5, 2.75  # frames lie below the wires, notes and titles between these and the cards
LIFTED_TITLE_Z = 3.5  # above the cards
CORNER = 12.0
FOLD = 14.0  # the folded corner of a note
PADDING = 12.0  # around the text of a note
COLORS = ("network", "accent", "good", "activation", "attention", "loss", "linear", "recurrent")  # the first for frames
NOTE_COLOR = "activation"
TITLE_FONT, LEAST_TITLE = 13.0, 11.0  # canvas units, and pixels on the screen that it keeps
NOTE_FONT = 12.0
TITLE_TINT, NOTE_TINT = 0.3, 0.1  # how much of its color the ground of a title and of a note has
TEXT_ABOVE = 0.4  # pixels a unit from which on notes show their text; below it is their first line
ROOM_ABOVE = 420.0  # canvas units that a title can rise over its frame at the smallest zoom
LEGIBLE = 44.0  # pixels on the screen that a shortened text needs, or nobody could tell what it says
HANDLE = 4.0  # half the side of the handles of what is selected, in pixels
PARTS = BODY, TITLE_BAR, EDGE, CORNER_PART = ("body", "title", "edge", "corner")

_CURSORS = {  # by the edges that follow
    (1, 0): Qt.CursorShape.SizeHorCursor,
    (0, 1): Qt.CursorShape.SizeVerCursor,
    (1, 1): Qt.CursorShape.SizeFDiagCursor,
    (1, -1): Qt.CursorShape.SizeBDiagCursor,
}


class Grip(NamedTuple):
    """A part of a frame or note, as one takes hold of it.

    `side` says which edges follow at an edge or corner: -1 for left or top, 1 for right or bottom, 0 for neither.
    `url` is the link at that point of a note.
    """

    id: str
    part: str
    side: tuple[int, int] = (0, 0)
    url: str = ""


def cursor_over(grip: Grip) -> Qt.CursorShape:
    """The cursor that says what a drag does there."""
    if grip.url:
        return Qt.CursorShape.PointingHandCursor
    x, y = grip.side
    fallback = Qt.CursorShape.ArrowCursor if grip.part == BODY else Qt.CursorShape.SizeAllCursor
    return _CURSORS.get((x, y), _CURSORS.get((-x, -y), fallback))


class AnnotationItem(QGraphicsItem):
    """What frames and notes have in common. `area` is where it is on the screen; `edited` hides the text for an editor."""

    def __init__(self, canvas: CanvasScene, annotation: Annotation) -> None:
        super().__init__()
        self.canvas = canvas
        self.annotation = annotation
        self.area = QRectF(*annotation.area)
        self.selected = False
        self.edited = False

    @property
    def role(self) -> str:
        """The role of its color."""
        fallback = COLORS[0] if self.annotation.kind == FRAME else NOTE_COLOR
        return self.annotation.color if self.annotation.color in COLORS else fallback

    def show_annotation(self, annotation: Annotation) -> None:
        """Take its next value."""
        self.annotation = annotation
        self.show_area(annotation.area)
        self.dress()

    def show_area(self, area: Area) -> None:
        """Lie there on the screen; the drawing itself is not touched."""
        self.prepareGeometryChange()
        self.area = QRectF(*area)
        self.update()

    def set_selected(self, selected: bool) -> None:
        """Mark it as selected, or not."""
        self.selected = selected
        self.update()

    def show_whole(self, visible: bool) -> None:
        """Show it with all that belongs to it, or not."""
        self.setVisible(visible)

    def set_edited(self, edited: bool) -> None:
        """Leave its text to an editor that lies over it, or write it again."""
        self.edited = edited
        self.update()

    def dress(self) -> None:
        """The text or the theme is another one."""
        self.update()

    def boundingRect(self) -> QRectF:
        return self.area.adjusted(-20, -20, 20, 20)

    def shape(self) -> QPainterPath:
        """Nothing: the layer itself finds what lies under a point, so that searches for cards pass over these."""
        return QPainterPath()

    def grip_at(self, point: QPointF, slack: float) -> Grip | None:
        """The edge or corner within `slack` of a point."""
        area = self.area
        if not area.adjusted(-slack, -slack, slack, slack).contains(point):
            return None
        x = -1 if abs(point.x() - area.left()) <= slack else 1 if abs(point.x() - area.right()) <= slack else 0
        y = -1 if abs(point.y() - area.top()) <= slack else 1 if abs(point.y() - area.bottom()) <= slack else 0
        if x or y:
            return Grip(self.annotation.id, CORNER_PART if x and y else EDGE, (x, y))
        return None

    def scale_of(self, painter: QPainter) -> float:
        """Pixels a unit; 1 while a picture file is written."""
        return 1.0 if self.canvas.node_painter is not None else painter.worldTransform().m11()

    def _paint_handles(self, painter: QPainter, scale: float) -> None:
        if not self.selected:
            return
        size, area = HANDLE / scale, self.area
        painter.setPen(QPen(self.canvas.colors("accent"), 1.5 / scale))
        painter.setBrush(self.canvas.colors("canvas"))
        for corner in (area.topLeft(), area.topRight(), area.bottomLeft(), area.bottomRight()):
            painter.drawRect(QRectF(corner.x() - size, corner.y() - size, 2 * size, 2 * size))


class FrameItem(AnnotationItem):
    """A tinted area behind cards and wires. Its title is an item of its own that lies above them."""

    def __init__(self, canvas: CanvasScene, annotation: Annotation) -> None:
        super().__init__(canvas, annotation)
        self.title = FrameTitle(self)
        canvas.addItem(self.title)
        self.show_area(annotation.area)

    def show_area(self, area: Area) -> None:
        """Lie there; smaller frames lie on larger ones."""
        super().show_area(area)
        self.setZValue(FRAME_Z - min(1.0, area[2] * area[3] / 1e9))
        self.title.setPos(self.area.topLeft())
        self.title.show_width(self.area.width())

    def set_selected(self, selected: bool) -> None:
        super().set_selected(selected)
        self.title.update()

    def show_whole(self, visible: bool) -> None:
        super().show_whole(visible)
        self.title.setVisible(visible)

    def set_edited(self, edited: bool) -> None:
        super().set_edited(edited)
        self.title.setVisible(not edited)

    def dress(self) -> None:
        super().dress()
        self.title.update()

    def grip_at(self, point: QPointF, slack: float) -> Grip | None:
        """Its edges, and the bar at its top."""
        bar = QRectF(self.area.topLeft(), QPointF(self.area.right(), self.area.top() + TITLE))
        found = super().grip_at(point, slack)
        return found or (Grip(self.annotation.id, TITLE_BAR) if bar.contains(point) else None)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        colors, scale = self.canvas.colors, self.scale_of(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(_outline(self, 0.6, scale))
        painter.setBrush(colors(self.role, 0.08))
        painter.drawRoundedRect(self.area, CORNER, CORNER)
        self._paint_handles(painter, scale)


class NoteItem(AnnotationItem):
    """A sheet with a text in Markdown."""

    def __init__(self, canvas: CanvasScene, annotation: Annotation) -> None:
        super().__init__(canvas, annotation)
        self._document: MarkdownDocument | None = None
        self.setZValue(NOTE_Z)

    @property
    def document(self) -> MarkdownDocument:
        """Its text, as wide as the sheet has room."""
        if self._document is None:
            self._document = MarkdownDocument(self.annotation.text, ui_font(NOTE_FONT), self.canvas.colors)
        width = max(1.0, self.area.width() - 2 * PADDING)
        if self._document.textWidth() != width:
            self._document.setTextWidth(width)
        return self._document

    def show_annotation(self, annotation: Annotation) -> None:
        """Take its next value; the text is read again only if it is another one."""
        if annotation.text != self.annotation.text:
            self._document = None
        super().show_annotation(annotation)

    def dress(self) -> None:
        self._document = None
        super().dress()

    def grip_at(self, point: QPointF, slack: float) -> Grip | None:
        """Its edges and its inside, with the link there."""
        if found := super().grip_at(point, slack):
            return found
        if not self.area.contains(point):
            return None
        place = point - self.area.topLeft() - QPointF(PADDING, PADDING)
        return Grip(self.annotation.id, BODY, url=self.document.documentLayout().anchorAt(place))

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        colors, scale, area = self.canvas.colors, self.scale_of(painter), self.area
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(_outline(self, 0.7, scale))
        painter.setBrush(colors.mix(self.role, "card", NOTE_TINT))
        painter.drawPath(_sheet(area))
        fold = QPainterPath(QPointF(area.right() - FOLD, area.top()))
        fold.lineTo(area.right() - FOLD, area.top() + FOLD)
        fold.lineTo(area.right(), area.top() + FOLD)
        painter.setBrush(colors.mix(self.role, "card", 0.35))
        painter.drawPath(fold)
        if not self.edited:
            inner = area.adjusted(PADDING, PADDING, -PADDING, -PADDING)
            (self._paint_text if scale >= TEXT_ABOVE else self._paint_first_line)(painter, inner, scale)
        self._paint_handles(painter, scale)

    def _paint_text(self, painter: QPainter, inner: QRectF, _scale: float) -> None:
        document, colors = self.document, self.canvas.colors
        if document.isEmpty() and self.canvas.node_painter is None:
            painter.setPen(colors("muted"))
            painter.setFont(ui_font(NOTE_FONT))
            painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap, tr("Double-click to write."))
        context = QAbstractTextDocumentLayout.PaintContext()
        context.palette.setColor(QPalette.ColorRole.Text, colors("text"))
        overflows = document.size().height() > inner.height() + PADDING
        painter.save()
        painter.translate(inner.topLeft())
        if overflows:
            context.clip = QRectF(0, 0, inner.width(), inner.height())
            painter.setClipRect(context.clip, Qt.ClipOperation.IntersectClip)
        document.documentLayout().draw(painter, context)
        painter.restore()
        if overflows:
            painter.setPen(colors("muted"))
            painter.setFont(ui_font(NOTE_FONT, bold=True))
            painter.drawText(
                inner.adjusted(0, 0, 0, PADDING), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom, "…"
            )

    def _paint_first_line(self, painter: QPainter, inner: QRectF, scale: float) -> None:
        font, metrics = _growing_font(scale)
        room = self.area.width() - PADDING
        line = first_line(self.annotation.text)
        if metrics.height() > self.area.height() or room * scale < min(
            LEGIBLE, metrics.horizontalAdvance(line) * scale
        ):
            return
        painter.setFont(font)
        painter.setPen(self.canvas.colors("text"))
        text = metrics.elidedText(line, Qt.TextElideMode.ElideRight, room)
        painter.drawText(self.area, Qt.AlignmentFlag.AlignCenter, text)


class FrameTitle(QGraphicsItem):
    """The title of a frame, above the wires. From afar it grows over the frame, and over cards, so that it can be read."""

    def __init__(self, frame: FrameItem) -> None:
        super().__init__()
        self._frame = frame
        self._width = 0.0
        self.set_lifted(not frame.canvas.labels_visible)

    def set_lifted(self, lifted: bool) -> None:
        """Lie above cards, or below them."""
        self.setZValue(LIFTED_TITLE_Z if lifted else TITLE_Z)

    def show_width(self, width: float) -> None:
        """The frame is that wide."""
        self.prepareGeometryChange()
        self._width = width
        self.update()

    def boundingRect(self) -> QRectF:
        above = ROOM_ABOVE if self._frame.canvas.node_painter is None else 0.0
        return QRectF(-2, -above, self._width + 4, above + TITLE + 4)

    def shape(self) -> QPainterPath:
        return QPainterPath()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_title(painter, self._frame, self._frame.scale_of(painter))


def title_chip(frame: FrameItem, scale: float) -> QRectF:
    """Where a title is at a zoom, from the upper left corner of its frame; null where it has no room."""
    text, (_, metrics) = frame.annotation.text, _growing_font(scale)
    height = max(TITLE, metrics.height() * 1.5)
    needed = metrics.horizontalAdvance(text) + height
    width = min(frame.area.width(), needed)
    legible = width * scale >= min(LEGIBLE, needed * scale)
    return QRectF(0, TITLE - height, width, height) if text and legible else QRectF()


def paint_title(painter: QPainter, frame: FrameItem, scale: float) -> None:
    """Paint a title, with the upper left corner of its frame at the origin."""
    colors, chip = frame.canvas.colors, title_chip(frame, scale)
    if chip.isNull():
        return
    ground = colors.mix(frame.role, "canvas", TITLE_TINT)
    ground.setAlphaF(0.88 if LEAST_TITLE / scale > TITLE_FONT else 1.0)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawPath(_tab(chip.adjusted(0.5, 0.5, 0, 0), CORNER * chip.height() / TITLE))
    font, metrics = _growing_font(scale)
    painter.setFont(font)
    painter.setPen(colors("text"))
    room = chip.adjusted(chip.height() * 0.42, 0, -chip.height() * 0.3, 0)
    text = metrics.elidedText(frame.annotation.text, Qt.TextElideMode.ElideRight, room.width() + 1)
    painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)


def needed_height(text: str, width: float, colors: Colors) -> float:
    """How high a note must be for all of its text, in canvas units."""
    document = MarkdownDocument(text, ui_font(NOTE_FONT), colors)
    document.setTextWidth(max(1.0, width - 2 * PADDING))
    return document.size().height() + 2 * PADDING


def _outline(item: AnnotationItem, alpha: float, scale: float) -> QPen:
    """At least a pixel wide."""
    colors = item.canvas.colors
    color = colors("accent") if item.selected else colors(item.role, alpha)
    return QPen(color, max(2.0 if item.selected else 1.2, 1.0 / scale))


def _sheet(area: QRectF) -> QPainterPath:
    """A sheet whose upper right corner is folded."""
    path = QPainterPath(QPointF(area.left() + 4, area.top()))
    path.lineTo(area.right() - FOLD, area.top())
    path.lineTo(area.right(), area.top() + FOLD)
    for corner, before, after in (
        (area.bottomRight(), (0, -4), (-4, 0)),
        (area.bottomLeft(), (4, 0), (0, -4)),
        (area.topLeft(), (0, 4), (4, 0)),
    ):
        path.lineTo(corner + QPointF(*before))
        path.quadTo(corner, corner + QPointF(*after))
    return path


def _tab(chip: QRectF, radius: float) -> QPainterPath:
    """A shape with two round corners: the upper left and the lower right one."""
    path = QPainterPath(QPointF(chip.left() + radius, chip.top()))
    path.lineTo(chip.topRight())
    path.lineTo(chip.right(), chip.bottom() - radius)
    path.quadTo(chip.bottomRight(), QPointF(chip.right() - radius, chip.bottom()))
    path.lineTo(chip.bottomLeft())
    path.lineTo(chip.left(), chip.top() + radius)
    path.quadTo(chip.topLeft(), QPointF(chip.left() + radius, chip.top()))
    return path


@lru_cache(maxsize=64)
def _growing_font(scale: float) -> tuple[QFont, QFontMetricsF]:
    """The font of titles at a zoom: never less than `LEAST_TITLE` pixels."""
    font = ui_font(max(TITLE_FONT, LEAST_TITLE / scale), bold=True)
    return font, QFontMetricsF(font)

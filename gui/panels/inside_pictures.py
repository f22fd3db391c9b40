"""Paints portraits of values: images, grids of maps, heat maps, bars, figures, words. numpy loads when the first is painted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QImage, QPainter

from gui.figures import figure, percent
from gui.panels.inside_colors import heat_picture
from gui.theme import GRID, mono_font, theme
from runtime.portraits import IMAGE, MAPS, MATRIX, NUMBER, SCORES, VECTOR, WORDS, Portrait

if TYPE_CHECKING:
    import numpy as np

GAP = 2.0  # pixels between maps
FEW_MAPS = 16  # in a small picture
LINE = 18  # pixels at 100 % of a row of scores
NAME_SHARE = 0.4  # of the width of a row, at most
LEAST_BAR = 1.0
LETTER_HEIGHT, LETTER_WIDTH = 0.55, 0.64  # of the height of a small picture; of a letter, in its size
FEW = 12  # rows of scores at most


def thumbnail(portrait: Portrait, size: QSize, ratio: float = 1.0) -> QImage:
    """A small picture of a value, of that size in pixels of the screen."""
    image = QImage(size * ratio, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    paint_portrait(painter, QRectF(0, 0, size.width(), size.height()), portrait, small=True)
    painter.end()
    return image


def paint_portrait(
    painter: QPainter, area: QRectF, portrait: Portrait, *, small: bool = False, own: bool = False
) -> list[QRectF]:
    """Paint a value into an area; `small` leaves words out that could not be read, `own` gives each map its own scale of colours.

    Returns:
        Where the images, maps and bars stand, in the order of what is drawn; see `found_at`.
    """
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if portrait.kind == NUMBER:
        text = figure(float(portrait.drawn[0]))
        fitting = min(22.0, area.height() * LETTER_HEIGHT, area.width() / (LETTER_WIDTH * len(text)))
        _paint_text(painter, area, text, size=fitting if small else 26)
    elif portrait.kind == WORDS:
        _paint_words(painter, area, portrait.words, small=small)
    elif portrait.kind == SCORES and not small:
        return _paint_scores(painter, area, portrait)
    elif portrait.kind in (VECTOR, SCORES):
        _paint_bars(painter, area, portrait.drawn)
        return [area]
    elif portrait.kind == MAPS:
        maps = portrait.drawn[:FEW_MAPS] if small and portrait.columns is None else portrait.drawn
        return _paint_maps(painter, area, replace(portrait, drawn=maps), own=own, gap=1.0 if small else GAP)
    else:
        place = _fitted(area, portrait.drawn.shape[1], portrait.drawn.shape[0], stretch=portrait.kind == MATRIX)
        _draw(painter, place, picture_of(portrait))
        return [place]
    return []


def picture_of(portrait: Portrait) -> QImage:
    """An image or a heat map with a pixel for each number."""
    if portrait.kind == IMAGE:
        return _grey(portrait.drawn, portrait.low, portrait.high)
    return heat_picture(portrait.drawn, portrait.low, portrait.high)


def found_at(portrait: Portrait, places: list[QRectF], point: QPointF) -> tuple[int, ...] | None:
    """The index into `portrait.drawn` of the number under a point, where numbers are drawn."""
    for number, place in enumerate(places):
        if not place.contains(point):
            continue
        x, y = (point.x() - place.left()) / place.width(), (point.y() - place.top()) / place.height()
        if portrait.kind == VECTOR:
            return (min(int(x * len(portrait.drawn)), len(portrait.drawn) - 1),)
        if portrait.kind in (IMAGE, MATRIX, MAPS):
            rows, columns = portrait.drawn.shape[:2] if portrait.kind != MAPS else portrait.drawn.shape[1:]
            at = min(int(y * rows), rows - 1), min(int(x * columns), columns - 1)
            return (number, *at) if portrait.kind == MAPS else at
    return None


def grid_of(portrait: Portrait, width: float, height: float, gap: float = GAP) -> tuple[int, float]:
    """How many maps stand beside each other so that they are as large as they can be, and the size of a number in pixels."""
    count, rows, columns = portrait.drawn.shape
    best = (1, 0.0)
    choices = [portrait.columns] if portrait.columns else range(1, count + 1)
    for across in choices:
        down = -(-count // across)
        wide, high = (width - (across - 1) * gap) / (across * columns), (height - (down - 1) * gap) / (down * rows)
        if min(wide, high) > best[1]:
            best = across, min(wide, high)
    return best


# ---- kinds


def _paint_maps(painter: QPainter, area: QRectF, portrait: Portrait, *, own: bool, gap: float) -> list[QRectF]:
    count, rows, columns = portrait.drawn.shape
    across, scale = grid_of(portrait, area.width(), area.height(), gap)
    down = -(-count // across)
    width, height = columns * scale, rows * scale
    left = area.left() + max(0.0, (area.width() - across * width - (across - 1) * gap) / 2)
    top = area.top() + max(0.0, (area.height() - down * height - (down - 1) * gap) / 2)
    places = []
    for number, drawn in enumerate(portrait.drawn):
        ends = (float(drawn.min()), float(drawn.max())) if own else (portrait.low, portrait.high)
        place = QRectF(left + number % across * (width + gap), top + number // across * (height + gap), width, height)
        _draw(painter, place, heat_picture(drawn, *ends))
        places.append(place)
    return places


def _paint_bars(painter: QPainter, area: QRectF, numbers: np.ndarray) -> None:
    """A bar for each number, up from zero or down; where they are too many, for the largest of some."""
    import numpy as np

    numbers = np.nan_to_num(numbers, nan=0.0, posinf=0.0, neginf=0.0)
    high, low = max(0.0, float(numbers.max())), min(0.0, float(numbers.min()))
    span, width = (high - low) or 1.0, area.width() / len(numbers)
    zero = area.top() + area.height() * high / span
    per_bar = max(1, round(LEAST_BAR / width))
    for first in range(0, len(numbers), per_bar):
        group = numbers[first : first + per_bar]
        value = float(group[abs(group).argmax()])
        height = abs(value) / span * area.height()
        top = zero - height if value > 0 else zero
        bar = max(LEAST_BAR, width * per_bar - (1 if width > 3 else 0))
        painter.fillRect(
            QRectF(area.left() + first * width, top, bar, max(height, 0.5)),
            theme.color("accent" if value > 0 else "validation"),
        )
    painter.fillRect(QRectF(area.left(), zero - 0.5, area.width(), 1), theme.color("outline"))


def _paint_scores(painter: QPainter, area: QRectF, portrait: Portrait) -> list[QRectF]:
    """A row for each of the likeliest classes: its name, a bar, its probability."""
    line = min(theme.px(LINE), area.height() / max(1, min(FEW, len(portrait.words))))
    line = max(line, theme.px(13))
    rows = list(zip(portrait.words, portrait.chances, strict=True))[: max(1, int(area.height() / line))]
    painter.setFont(mono_font(min(theme.px(11), line - 2)))
    metrics = painter.fontMetrics()
    names = min(NAME_SHARE * area.width(), max(metrics.horizontalAdvance(name) for name, _ in rows) + 2 * GRID)
    figures = metrics.horizontalAdvance(percent(1.0)) + GRID
    for number, (name, chance) in enumerate(rows):
        row = QRectF(area.left(), area.top() + number * line, area.width(), line)
        painter.setPen(theme.color("text" if number == 0 else "muted"))
        shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, int(names - GRID))
        painter.drawText(row, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        painter.drawText(row, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, percent(chance))
        room = QRectF(row.left() + names, row.top() + line * 0.25, row.width() - names - figures, line * 0.5)
        painter.fillRect(room, theme.color("border"))
        room.setWidth(room.width() * chance)
        painter.fillRect(room, theme.color("accent" if number == 0 else "muted"))
    return []


def _paint_words(painter: QPainter, area: QRectF, words: tuple[str, ...], *, small: bool) -> None:
    """Tokens beside each other, each on a ground of its own; where they do not all fit, the last one is an ellipsis."""
    painter.setFont(mono_font(theme.px(9 if small else 12)))
    metrics = painter.fontMetrics()
    for word, place in placed_words(metrics, area, words, small=small):
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("hover"))
        painter.drawRoundedRect(place, 2, 2)
        painter.setPen(theme.color("faint" if word.startswith("<") else "text"))
        shown = metrics.elidedText(word, Qt.TextElideMode.ElideRight, int(place.width()))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, shown)


def placed_words(
    metrics: QFontMetrics, area: QRectF, words: tuple[str, ...], *, small: bool
) -> list[tuple[str, QRectF]]:
    """What is written of some tokens, in lines, and where."""
    line, pad, gap = metrics.height() + 2, 2 if small else 3, 1 if small else 2
    x, y = area.left(), area.top()
    placed: list[tuple[str, QRectF]] = []
    for word in words:
        width = min(metrics.horizontalAdvance(word) + 2 * pad, area.width())
        if x + width > area.right() + 0.5 and x > area.left():
            x, y = area.left(), y + line + gap
        if y + line > area.bottom() + 0.5 and placed:
            placed[-1] = "…", placed[-1][1]
            break
        placed.append((word, QRectF(x, y, width, line)))
        x += width + gap
    return placed


def _paint_text(painter: QPainter, area: QRectF, text: str, *, size: float) -> None:
    painter.setFont(mono_font(size))
    painter.setPen(theme.color("text"))
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)


# ---- machinery


def _draw(painter: QPainter, place: QRectF, picture: QImage) -> None:
    """Numbers stay sharp squares unless they are smaller than a pixel."""
    shrinks = picture.width() > place.width() or picture.height() > place.height()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, shrinks)
    painter.drawImage(place, picture)


def _fitted(area: QRectF, width: int, height: int, *, stretch: bool) -> QRectF:
    """The largest place of that form in the middle; a table may be stretched up to three times."""
    scale = min(area.width() / width, area.height() / height)
    wide, high = width * scale, height * scale
    if stretch:
        wide, high = min(area.width(), 3 * wide), min(area.height(), 3 * high)
    return QRectF(area.center().x() - wide / 2, area.center().y() - high / 2, wide, high)


def _grey(drawn: np.ndarray, low: float, high: float) -> QImage:
    from gui.panels.samples import to_picture

    if drawn.ndim == 3:
        return to_picture(drawn)
    return to_picture((drawn - low) / ((high - low) or 1.0))

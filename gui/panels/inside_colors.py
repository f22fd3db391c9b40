"""The colours of numbers: none for zero, one for what is above, another for what is below; as strong as the number is far from zero."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QLinearGradient, QPainter

from gui.figures import figure
from gui.theme import GRID, THEMES, mono_font, theme

if TYPE_CHECKING:
    import numpy as np

SHADES = 256
BELOW, ZERO, ABOVE = "validation", "field", "accent"  # roles of the theme
FAR = 0.5  # of the largest number: where all lie further from zero than that, the scale does not begin at zero


def heat_picture(drawn: np.ndarray, low: float, high: float) -> QImage:
    """A picture of rows × columns with a pixel for each number; what is not finite is red."""
    import numpy as np

    first, last, ends = scale_of(low, high)
    shades = _shades(theme.name, *ends)
    place = (np.nan_to_num(drawn, nan=first) - first) / ((last - first) or 1.0)
    pixels = shades[(np.clip(place, 0, 1) * (SHADES - 1)).astype(np.intp)]
    if not np.isfinite(drawn).all():
        pixels = np.where(np.isfinite(drawn), pixels, np.uint32(theme.color("error").rgb()))
    pixels = np.ascontiguousarray(pixels)
    form = QImage.Format.Format_RGB32
    return QImage(pixels.data, pixels.shape[1], pixels.shape[0], pixels.strides[0], form).copy()


def scale_of(low: float, high: float) -> tuple[float, float, tuple[str, str, str]]:
    """The numbers at both ends of the scale of colours, and the roles of its beginning, middle and end."""
    if low < 0 < high:
        most = max(-low, high)
        return -most, most, (BELOW, ZERO, ABOVE)
    if high <= 0:
        return (low, 0.0 if low == high or high > FAR * low else high, (BELOW, "", ZERO))
    return (0.0 if low == high or low < FAR * high else low, high, (ZERO, "", ABOVE))


def paint_scale(painter: QPainter, area: QRectF, low: float, high: float) -> None:
    """The scale of colours with the numbers at its ends."""
    first, last, ends = scale_of(low, high)
    painter.setFont(mono_font(theme.px(10)))
    painter.setPen(theme.color("muted"))
    texts = figure(first), figure(last)
    left, right = (painter.fontMetrics().horizontalAdvance(text) + GRID for text in texts)
    painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, texts[0])
    painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, texts[1])
    bar = area.adjusted(left, area.height() / 2 - 3, -right, 3 - area.height() / 2)
    gradient = QLinearGradient(bar.topLeft(), bar.topRight())
    roles = [role for role in ends if role]
    for number, role in enumerate(roles):
        gradient.setColorAt(number / (len(roles) - 1), theme.color(role))
    painter.fillRect(bar, gradient)


@lru_cache(maxsize=16)
def _shades(name: str, first: str, middle: str, last: str) -> np.ndarray:
    """So many colours as RGB32 from one role of a theme over another to a third."""
    import numpy as np

    colors = [THEMES[name][role].removeprefix("#") for role in (first, middle, last) if role]
    channels = np.array([[int(color[i : i + 2], 16) for i in (0, 2, 4)] for color in colors], float)
    at = np.linspace(0, len(colors) - 1, SHADES)
    red, green, blue = (np.interp(at, range(len(colors)), channel).round().astype(np.uint32) for channel in channels.T)
    return (np.uint32(0xFF000000) | red << np.uint32(16) | green << np.uint32(8) | blue).astype(np.uint32)

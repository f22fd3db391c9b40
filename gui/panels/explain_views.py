"""What an explanation looks like: colour over an image, behind words, as bars of features, or along time; and attention as a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QImage, QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QToolTip, QWidget

from graph.messages import msg, tr
from gui.figures import figure
from gui.panels.samples import to_picture
from gui.theme import GRID, theme
from runtime.explanations import METHODS

if TYPE_CHECKING:
    from runtime.explanations import AttentionMap, Explanation

LINE, GAP = 6 * GRID, 2 * GRID  # pixels at 100 %: of a line of words or a bar; between two things
LEAST = 16 * GRID  # the height of a picture
MAX_BARS, MAX_FRAMES = 40, 8
STRONGEST = 0.85  # opacity of the largest score
LABELS_FROM = 9  # pixels that a row of a matrix has before it is named
MOST_LABEL = 72
MOST_STRETCHED = 3  # times as wide as high a cell of a matrix may be
NOTHING_COUNTS = msg("Nothing of it counts: as far as this method sees, the answer does not depend on this input.")


def heat_image(scores: np.ndarray, *, strongest: float) -> QImage:
    """A picture of numbers: the accent for those above 0 and the colour of errors for those below, clearer the larger."""
    share = np.clip(np.abs(scores) / (strongest or 1.0), 0, 1)
    up, down = theme.color("accent"), theme.color("error")
    pixels = np.empty((*scores.shape, 4), np.uint8)
    for channel, (a, b) in enumerate(
        zip((up.blue(), up.green(), up.red()), (down.blue(), down.green(), down.red()), strict=True)
    ):
        pixels[..., channel] = np.where(scores >= 0, a, b)
    pixels[..., 3] = (255 * STRONGEST * share).astype(np.uint8)
    height, width = scores.shape
    return QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_ARGB32).copy()


def shown_scores(found: Explanation) -> np.ndarray:
    """The scores of what is shown: of a text all but those of the places that only fill up."""
    kept = [place for place, word in enumerate(found.entry.words) if word and place < len(found.scores)]
    return found.scores[kept] if kept and found.scores.ndim == 1 else found.scores.reshape(-1)


def tint(score: float, strongest: float) -> QColor:
    """The colour of one number (see `heat_image`)."""
    share = min(1.0, abs(score) / (strongest or 1.0))
    return theme.color("accent" if score >= 0 else "error", STRONGEST * share)


class ExplanationView(QWidget):
    """Paints an `Explanation` in the way that fits what went in."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._found: Explanation | None = None
        self.setMinimumHeight(theme.px(LEAST))
        theme.changed.connect(self._use_theme)

    def show_explanation(self, found: Explanation | None) -> None:
        """Show this; None shows nothing."""
        self._found = found
        self.setAccessibleDescription("" if found is None else self._in_words(found))
        self.updateGeometry()
        self.setMinimumHeight(self._height(self.width()))
        self.update()

    def _use_theme(self) -> None:
        self.setMinimumHeight(self._height(self.width()))
        self.update()

    def resizeEvent(self, event: object) -> None:
        self.setMinimumHeight(self._height(self.width()))

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._found is not None:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self.paint(painter)

    def paint(self, painter: QPainter) -> None:
        """Draw it."""
        found = self._found
        if found is None:
            return
        if found.entry.words and found.scores.ndim == 1:
            self._paint_words(painter, found)
        elif found.scores.ndim == 2 and found.sample.ndim == 3:
            self._paint_image(painter, found.sample, found.scores)
        elif found.scores.ndim == 3:
            self._paint_frames(painter, found)
        elif self._are_bars(found):
            self._paint_bars(painter, found)
        else:
            self._paint_series(painter, found)

    # ---- kinds

    @staticmethod
    def _are_bars(found: Explanation) -> bool:
        return bool(found.entry.names) or found.scores.size <= MAX_BARS // 2

    def _paint_image(self, painter: QPainter, sample: np.ndarray, scores: np.ndarray) -> None:
        """The sample, what counts in it, and both over each other."""
        height, width = scores.shape
        room = self.rect().adjusted(0, 0, -1, -1)
        scale = min(room.height() / height, (room.width() - 2 * GAP) / (3 * width))
        size = QSize(max(1, int(width * scale)), max(1, int(height * scale)))
        heat = heat_image(scores, strongest=float(np.abs(scores).max()))
        picture = to_picture(_shown(sample))
        for number, layers in enumerate(((picture,), (heat,), (picture, heat))):
            area = QRect(number * (size.width() + GAP), 0, size.width(), size.height())
            painter.fillRect(area, theme.color("field"))
            for layer, image in enumerate(layers):
                painter.setOpacity(0.45 if number == 2 and layer == 0 else 1.0)
                painter.drawImage(area, image)
            painter.setOpacity(1.0)

    def _paint_frames(self, painter: QPainter, found: Explanation) -> None:
        """What counts in each of the frames of a clip, over the frame."""
        frames = found.scores[:MAX_FRAMES]
        count, (height, width) = len(frames), frames.shape[1:]
        scale = min(self.height() / height, (self.width() - (count - 1) * GAP) / (count * width))
        size = QSize(max(1, int(width * scale)), max(1, int(height * scale)))
        strongest = float(np.abs(found.scores).max())
        sample = found.sample.reshape(-1, *found.scores.shape)[0]
        for number, scores in enumerate(frames):
            area = QRect(number * (size.width() + GAP), 0, size.width(), size.height())
            painter.fillRect(area, theme.color("field"))
            painter.setOpacity(0.45)
            painter.drawImage(area, to_picture(_in_unit(sample[number])))
            painter.setOpacity(1.0)
            painter.drawImage(area, heat_image(scores, strongest=strongest))

    def _paint_words(self, painter: QPainter, found: Explanation) -> None:
        strongest = float(np.abs(shown_scores(found)).max())
        for word, score, area in self._places(found, self.width()):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tint(score, strongest))
            painter.drawRoundedRect(QRectF(area), GRID, GRID)
            painter.setPen(theme.color("text"))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, word)

    def _places(self, found: Explanation, width: int) -> list[tuple[str, float, QRect]]:
        """Each word with its score and where it stands, in lines."""
        places, x, y, line = [], 0, 0, theme.px(LINE)
        for word, score in zip(found.entry.words, found.scores.tolist(), strict=False):
            if not word:
                continue
            taken = self.fontMetrics().horizontalAdvance(visible(word)) + 3 * GRID
            if x and x + taken > width:
                x, y = 0, y + line + GRID
            places.append((visible(word), score, QRect(x, y, taken, line)))
            x += taken + 2
        return places

    def _paint_bars(self, painter: QPainter, found: Explanation) -> None:
        """A bar for each feature, the strongest first: its name, what it was, and how much it counts."""
        scores, values = found.scores.reshape(-1), found.sample.reshape(-1)
        names = found.entry.names or tuple(str(n) for n in range(scores.size))
        strongest, line = float(np.abs(scores).max()) or 1.0, theme.px(LINE - GRID)
        wide = self.fontMetrics().horizontalAdvance
        gap, figures = theme.px(2 * GRID), theme.px(14 * GRID)
        named = min(max(map(wide, names)), self.width() // 3)
        left = named + 2 * gap + max(wide(figure(float(values[at]))) for at in self._order(scores))
        room = self.width() - left - figures
        zero = left + (room // 2 if METHODS[found.method].signed else 0)
        longest = left + room - zero
        for row, at in enumerate(self._order(scores)):
            y, score = row * line, float(scores[at])
            painter.setPen(theme.color("text"))
            text = self.fontMetrics().elidedText(names[at], Qt.TextElideMode.ElideRight, named)
            painter.drawText(QRect(0, y, named, line), Qt.AlignmentFlag.AlignVCenter, text)
            painter.setPen(theme.color("muted"))
            right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(QRect(0, y, left - gap, line), right, figure(float(values[at])))
            length = round(longest * abs(score) / strongest)
            bar = QRect(zero - (length if score < 0 else 0), y + 3, max(1, length), line - 6)
            painter.fillRect(bar, theme.color("accent" if score >= 0 else "error"))
            painter.drawText(QRect(left + room, y, figures, line), right, figure(score))

    @staticmethod
    def _order(scores: np.ndarray) -> list[int]:
        return np.argsort(-np.abs(scores), kind="stable")[:MAX_BARS].tolist()

    def _paint_series(self, painter: QPainter, found: Explanation) -> None:
        """The sample along time, what counts behind it."""
        scores = found.scores.reshape(len(found.scores), -1)
        values = found.sample.reshape(found.sample.shape[0], -1)
        if values.shape[1] == scores.shape[0] and values.shape[0] != scores.shape[0]:
            values = values.T
        strength = scores[:, np.abs(scores).max(0).argmax()] if scores.ndim > 1 else scores
        height, width = self.height() - 1, self.width() - 1
        heat = heat_image(strength[None, :], strongest=float(np.abs(strength).max()))
        painter.drawImage(QRect(0, 0, width, height), heat)
        low, high = float(values.min()), float(values.max())
        painter.setPen(theme.color("text"))
        xs = np.linspace(0, width, len(values))
        for column in values.T[:MAX_FRAMES]:
            ys = height - 4 - (column - low) / ((high - low) or 1.0) * (height - 8)
            painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in zip(xs.tolist(), ys.tolist(), strict=True)]))

    # ---- facts

    def _height(self, width: int) -> int:
        """The height that is needed at least, at some width."""
        found = self._found
        if found is None:
            return theme.px(LEAST)
        if found.entry.words and found.scores.ndim == 1:
            places = self._places(found, max(width, 1))
            return places[-1][2].bottom() + 1 if places else theme.px(LINE)
        if self._are_bars(found) and found.scores.ndim < 3 and found.sample.ndim < 3:
            return min(found.scores.size, MAX_BARS) * theme.px(LINE - GRID)
        return theme.px(LEAST)

    @staticmethod
    def _in_words(found: Explanation) -> str:
        scores = shown_scores(found)
        if not scores.any():
            return str(NOTHING_COUNTS)
        at = int(np.abs(scores).argmax())
        named = [word for word in found.entry.words if word] or found.entry.names
        place = named[at] if at < len(named) and scores.size == len(named) else str(at + 1)
        return tr("What counts most: {place} ({score})", place=place, score=figure(float(scores[at])))


class AttentionView(QWidget):
    """Paints how much each target (a row) looks at each source (a column), with the words of both where they are known."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._weights = np.zeros((0, 0))
        self._words: tuple[Sequence[str], Sequence[str]] = ((), ())
        self.setMinimumSize(theme.px(40 * GRID), theme.px(15 * GRID))
        self.setMouseTracking(True)
        theme.changed.connect(self.update)

    def show_map(
        self, found: AttentionMap | None, head: int | None, words: tuple[Sequence[str], Sequence[str]]
    ) -> None:
        """Show one head, or the mean of all (None)."""
        heads = np.zeros((1, 0, 0)) if found is None else found.weights
        self._weights = heads.mean(0) if head is None else heads[head]
        self._words = words
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._weights.size:
            self.paint(QPainter(self))

    def paint(self, painter: QPainter) -> None:
        """Draw the matrix; by the square root of the weights, so that small ones can be seen beside large ones."""
        area = self._area()
        painter.fillRect(area, theme.color("field"))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, on=False)
        painter.drawImage(area, heat_image(np.sqrt(self._weights), strongest=float(self._weights.max()) ** 0.5))
        font = painter.font()
        font.setPixelSize(min(theme.px(11), max(7, int(area.height() / len(self._weights)))))
        painter.setFont(font)
        painter.setPen(theme.color("muted"))
        if area.left():
            self._paint_rows(painter, area)
        if area.top():
            self._paint_columns(painter, area)

    def _area(self) -> QRect:
        """Where the matrix is, beside and below its words as far as there is room for them; cells may be wider than high."""
        rows, columns = self._weights.shape
        left = self._room(self._words[0], theme.px(MOST_LABEL))
        top = self._room(self._words[1], theme.px(MOST_LABEL) * 2 // 3)
        if (self.height() - top) / rows < LABELS_FROM:
            top = 0
        high = (self.height() - top) / rows
        if high < LABELS_FROM:
            left = 0
        wide = min((self.width() - left) / columns, MOST_STRETCHED * high)
        if wide < LABELS_FROM:
            top, high = 0, self.height() / rows
        high = min(high, wide)
        return QRect(left, top, max(1, int(wide * columns)), max(1, int(high * rows)))

    def _room(self, words: Sequence[str], most: int) -> int:
        """How much room the words beside the matrix need, and a gap."""
        widest = max((self.fontMetrics().horizontalAdvance(visible(word)) for word in words), default=-GRID)
        return min(most, widest + GRID)

    def _paint_rows(self, painter: QPainter, area: QRect) -> None:
        step = area.height() / len(self._weights)
        for row, word in enumerate(self._words[0][: len(self._weights)]):
            place = QRectF(0, area.top() + row * step, area.left() - GRID, step)
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(place, right, self._short(painter, word, area.left() - GRID))

    def _paint_columns(self, painter: QPainter, area: QRect) -> None:
        step = area.width() / self._weights.shape[1]
        for column, word in enumerate(self._words[1][: self._weights.shape[1]]):
            painter.save()
            painter.translate(area.left() + (column + 0.5) * step, area.top() - GRID)
            painter.rotate(-90)
            place = QRectF(0, -step / 2, area.top() - GRID, step)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, self._short(painter, word, area.top() - GRID))
            painter.restore()

    @staticmethod
    def _short(painter: QPainter, word: str, width: int) -> str:
        return painter.fontMetrics().elidedText(visible(word), Qt.TextElideMode.ElideRight, width)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and self._weights.size:
            QToolTip.showText(event.globalPos(), self._text_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def _text_at(self, at: QPointF) -> str:
        area, (rows, columns) = self._area(), self._weights.shape
        if not area.contains(at.toPoint()):
            return ""
        row = min(rows - 1, int((at.y() - area.top()) / area.height() * rows))
        column = min(columns - 1, int((at.x() - area.left()) / area.width() * columns))
        names = [w[n] if n < len(w) and w[n] else str(n + 1) for w, n in zip(self._words, (row, column), strict=True)]
        share = f"{self._weights[row, column]:.1%}"
        return tr(
            "'{target}' looks at '{source}': {share}", target=visible(names[0]), source=visible(names[1]), share=share
        )


def visible(word: str) -> str:
    """A token with signs for what cannot be seen."""
    return word.replace("\n", "↵").replace("\t", "⇥").replace(" ", "␣").replace("▁", "␣") or "·"


def _shown(sample: np.ndarray) -> np.ndarray:
    """C × H × W as height × width (× 3) in 0..1; of other numbers of channels, their mean."""
    pixels = _in_unit(sample) if sample.min() < 0 or sample.max() > 1 else sample
    if len(pixels) == 3:
        return pixels.transpose(1, 2, 0)
    return pixels[0] if len(pixels) == 1 else pixels.mean(0)


def _in_unit(values: np.ndarray) -> np.ndarray:
    low, high = float(values.min()), float(values.max())
    return (values - low) / ((high - low) or 1.0)

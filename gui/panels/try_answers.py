"""What a network answers, shown as what it is: likely classes, numbers, tagged words, pictures, points, curves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QStackedLayout, QWidget

from graph.messages import tr
from gui.figures import figure, grouped, percent
from gui.icons import paint_icon
from gui.panels.card import Card
from gui.panels.data_looks import ROLES
from gui.panels.parts import ElidedLabel, FactList, ScrollColumn, label
from gui.panels.try_entries import Complaint
from gui.panels.try_nearest import Nearest
from gui.panels.try_pictures import PictureGrid
from gui.panels.try_planes import Curve, Plane, rgb
from gui.panels.try_reading import ReadingView
from gui.theme import GRID, mono_font, theme
from runtime.trying import Numbers, Pictures, PlaneEntry, Points, Reading, Result, Row, Shares, Tagged

ROW, LEAST_ROW = 20, 15  # pixels at 100 % of a bar
MOST_BARS = 10
MOST_COLUMNS, COLUMN_GAP, LEAST_WIDTH = 2, 6 * GRID, 140  # where there is no room for one
WIDTH = 300
SIGN = 12


class Bars(QWidget):
    """Classes with their probabilities as bars, the likeliest first. The right one has a check mark."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: tuple[tuple[str, float], ...] = ()
        self._truth, self._left_out = "", 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_shares(self, names: Sequence[str], shares: Sequence[float], truth: str = "") -> None:
        """Show the first of these classes."""
        self.shown = tuple(zip(names, shares, strict=True))[:MOST_BARS]
        self._truth, self._left_out = truth, len(names) - len(self.shown)
        self.setAccessibleName("; ".join(f"{name}: {percent(share)}" for name, share in self.shown))
        self.updateGeometry()
        self.update()

    @property
    def _lines(self) -> int:
        return len(self.shown) + (self._left_out > 0)

    def sizeHint(self) -> QSize:
        return QSize(theme.px(WIDTH), self._lines * theme.px(LEAST_ROW))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(160), -(-self._lines // MOST_COLUMNS) * theme.px(LEAST_ROW))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lines, most = max(1, self._lines), max(1, min(MOST_COLUMNS, self.width() // theme.px(LEAST_WIDTH)))
        fitting = max(1, self.height() // theme.px(LEAST_ROW))
        columns = min(most, -(-lines // fitting))
        rows = min(fitting, -(-lines // columns))
        height = min(theme.px(ROW), self.height() // rows)
        wide = (self.width() - (columns - 1) * COLUMN_GAP) // columns
        font = mono_font(min(theme.px(12), height - 3))
        painter.setFont(font)
        widest = max((QFontMetrics(font).horizontalAdvance(name) for name, _ in self.shown), default=0)
        room = min(widest, wide * 2 // 5)
        boxes = [
            QRect(line // rows * (wide + COLUMN_GAP), line % rows * height, wide, height)
            for line in range(min(self._lines, rows * columns))
        ]
        for box, (name, share) in zip(boxes, self.shown, strict=False):
            self._paint_line(painter, box, name, share, room, is_first=box == boxes[0])
        if self._left_out and len(boxes) == self._lines:
            painter.setPen(theme.color("faint"))
            text = tr("… and {count} more.", count=self._left_out)
            painter.drawText(boxes[-1], Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_line(self, painter: QPainter, box: QRect, name: str, share: float, room: int, *, is_first: bool) -> None:
        metrics, figures = painter.fontMetrics(), percent(share)
        painter.setPen(theme.color("text" if is_first else "muted"))
        shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
        left, right = room + 2 * GRID, metrics.horizontalAdvance(percent(1.0)) + 2 * GRID
        if self._truth:
            sign = theme.px(SIGN)
            if name == self._truth:
                at = QRectF(box.left() + left, box.top() + (box.height() - sign) / 2, sign, sign)
                paint_icon(painter, at, "check", role="good")
            left += sign + GRID
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, figures)
        space = QRectF(box.left() + left, box.top() + 4, max(1, box.width() - left - right), box.height() - 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("grid"))
        painter.drawRoundedRect(space, 2, 2)
        painter.setBrush(theme.color("accent" if is_first else "muted", 1.0 if is_first else 0.7))
        width = space.width() * max(0.0, min(1.0, share))
        if width >= 0.5:
            painter.drawRoundedRect(QRectF(space.left(), space.top(), max(2.0, width), space.height()), 2, 2)


class FigureList(QWidget):
    """One number in big digits, or several with their names."""

    def __init__(self) -> None:
        super().__init__()
        self.number, self.name = label(""), label("", tone="muted")
        self.number.setProperty("tone", "figure")
        self.others = FactList()
        scroll = ScrollColumn(spacing=GRID)
        scroll.column.setContentsMargins(0, 0, GRID, 0)
        for widget in (self.number, self.name, self.others):
            scroll.column.addWidget(widget)
        scroll.column.addStretch(1)
        layout = QStackedLayout(self)
        layout.addWidget(scroll)

    def show_numbers(self, names: Sequence[str], values: Sequence[float]) -> None:
        """Show these numbers."""
        is_one = len(values) == 1
        self.number.setVisible(is_one)
        self.name.setVisible(is_one)
        self.others.setVisible(not is_one)
        texts = [grouped(value) if isinstance(value, int) else figure(value) for value in values]
        if is_one:
            self.number.setText(texts[0])
            self.name.setText(names[0])
        self.others.set_facts([] if is_one else list(zip(names, texts, strict=True)))


class TagLine(QWidget):
    """Words in lines, each over its tag in the color of that tag, which is fainter where the network is less sure."""

    def __init__(self) -> None:
        super().__init__()
        self.tagged = Tagged((), (), ())
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_tags(self, tagged: Tagged) -> None:
        """Show these words with their tags."""
        self.tagged = tagged
        said = (f"{w}: {t} ({percent(s)})" for w, t, s in zip(tagged.words, tagged.tags, tagged.shares, strict=True))
        self.setAccessibleName(", ".join(said))
        self.setToolTip(self.accessibleName())
        self.updateGeometry()
        self.update()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        boxes = self._boxes(width)
        return boxes[-1].bottom() + GRID if boxes else theme.px(ROW)

    def sizeHint(self) -> QSize:
        return QSize(theme.px(WIDTH), self.heightForWidth(theme.px(WIDTH)))

    def _fonts(self):
        words = self.font()
        words.setPixelSize(theme.px(14))
        return words, mono_font(theme.px(11))

    def _boxes(self, width: int) -> list[QRect]:
        words, tags = map(QFontMetrics, self._fonts())
        boxes, x, y = [], 0, 0
        height = words.height() + tags.height() + GRID + 2
        for word, tag in zip(self.tagged.words, self.tagged.tags, strict=True):
            wide = max(words.horizontalAdvance(word), tags.horizontalAdvance(tag)) + 3 * GRID
            if x and x + wide > width:
                x, y = 0, y + height + 2 * GRID
            boxes.append(QRect(x, y, wide, height))
            x += wide + GRID
        return boxes

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        word_font, tag_font = self._fonts()
        found, order = self.tagged, sorted(set(self.tagged.tags))
        upper = QFontMetrics(word_font).height() + GRID // 2
        for box, word, tag, share in zip(self._boxes(self.width()), found.words, found.tags, found.shares, strict=True):
            role = ROLES[order.index(tag) % len(ROLES)]
            lower = QRectF(box.adjusted(0, upper, 0, 0))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color(role, 0.08 + 0.25 * share))
            painter.drawRoundedRect(lower, 3, 3)
            painter.setFont(word_font)
            painter.setPen(theme.color("text"))
            painter.drawText(box.adjusted(0, 0, 0, upper - box.height()), Qt.AlignmentFlag.AlignCenter, word)
            painter.setFont(tag_font)
            painter.setPen(theme.color(role if share >= 0.5 else "muted"))
            painter.drawText(lower, Qt.AlignmentFlag.AlignCenter, tag if share >= 0.5 else f"{tag}?")


class AnswerCard(Card):
    """Shows an answer of any kind. `chosen(number)`: one of several pictures was chosen."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__(tr("Answer"))
        self.result: Result | None = None
        self.truth = label("", tone="muted")
        self.note, self.complaint = ElidedLabel(tone="faint"), Complaint()
        self.bars, self.figures, self.tags = Bars(), FigureList(), TagLine()
        self.pictures = PictureGrid(tr("What the network made"), can_choose=True)
        self.plane = Plane(tr("Points that the network made"), (-1, -1), (1, 1), can_move=False)
        self.reading = ReadingView()
        self.curve = Curve(tr("Numbers that the network gives"), 0.0, 0.0, can_bend=False)
        self._nothing = QWidget()
        self._tag_page, self._bar_page = ScrollColumn(), ScrollColumn()
        for page, inside in ((self._tag_page, self.tags), (self._bar_page, self.bars)):
            page.column.setContentsMargins(0, 0, GRID, 0)
            page.column.addWidget(inside, 1)
        self._tag_page.column.addStretch(1)
        self._views = QStackedLayout()
        self.body.addLayout(
            self._views, 1
        )  # before the views: the first is shown at once, and would be a window of its own
        for view in (
            self._nothing, self._bar_page, self.figures, self._tag_page, self.pictures, self.plane, self.curve, self.reading,
            self.complaint,
        ):  # fmt: skip
            self._views.addWidget(view)
        self.header.addWidget(self.truth)
        self.body.addWidget(self.note)
        self.note.hide()
        self._truth, self._true_picture, self._symbols = "", None, ()
        self.pictures.chosen.connect(self.chosen)
        theme.changed.connect(self._use_theme)
        self._use_theme()

    @Slot()
    def _use_theme(self) -> None:
        self.setMinimumWidth(theme.px(WIDTH))
        if isinstance(self.result, Pictures):
            self.show_result(self.result)  # classes have the colors of the theme

    def clear(self) -> None:
        """Show nothing."""
        self.result = None
        self._views.setCurrentWidget(self._nothing)
        self.show_truth("")
        self.say("")

    def show_truth(self, truth: str, picture: Pictures | None = None, symbols: tuple[str, ...] = ()) -> None:
        """Say what the right answer to the sample is, if it is known, or show it."""
        self._truth, self._true_picture, self._symbols = truth, picture, symbols
        self.truth.setText(tr("true: {name}", name=truth) if truth and len(truth) < 40 else "")
        self.truth.setToolTip(truth)
        if isinstance(self.result, Shares):
            self.bars.show_shares(self.result.names, self.result.shares, truth)
        elif isinstance(self.result, Pictures):
            self._show_pictures(self.result)
        elif isinstance(self.result, Reading):
            self.reading.show_reading(self.result, symbols)

    def show_plane(self, entry: PlaneEntry | None) -> None:
        """The data that points of an answer lie among."""
        if entry is not None:
            self.plane.low, self.plane.high = np.array(entry.low, float), np.array(entry.high, float)
            self.plane.show_data(entry.points, None)

    def complain(self, text: str) -> None:
        """Say why there is no answer."""
        self.say("")
        self.result = None
        self.complaint.say(text)
        self._views.setCurrentWidget(self.complaint)

    def say(self, text: str) -> None:
        """Say something about the answer."""
        self.note.setText(text)
        self.note.setToolTip("")
        self.note.setVisible(bool(text))

    def show_result(self, result: Result) -> None:
        """Show an answer."""
        self.result = result
        self.say(_note(result))
        self.truth.setHidden(isinstance(result, Reading))  # which says it beside what was read
        if isinstance(result, Shares):
            self.bars.show_shares(result.names, result.shares, self._truth)
            self._views.setCurrentWidget(self._bar_page)
        elif isinstance(result, Numbers):
            self.figures.show_numbers(result.names, result.values)
            self._views.setCurrentWidget(self.figures)
        elif isinstance(result, Tagged):
            self.tags.show_tags(result)
            self._views.setCurrentWidget(self._tag_page)
        elif isinstance(result, Pictures):
            self._show_pictures(result)
            self._views.setCurrentWidget(self.pictures)
        elif isinstance(result, Reading):
            self.reading.show_reading(result, self._symbols)
            self._views.setCurrentWidget(self.reading)
        elif isinstance(result, Points):
            self.plane.show_marks(result.points)
            self._views.setCurrentWidget(self.plane)
        else:
            self.curve.show_values(result.values)
            self._views.setCurrentWidget(self.curve)

    def _show_pictures(self, result: Pictures) -> None:
        """The pictures; a single one beside what it should be, where that is known, and where both differ."""
        found, captions = [_colored(image, result.names) for image in result.images], []
        true = self._true_picture
        if true is not None and len(found) == 1:
            found.append(_colored(true.images[0], result.names))
            captions = [tr("The network's"), tr("The true one")]
            if true.images[0].shape == result.images[0].shape:
                picture, words = difference(result, true)
                found.append(picture)
                captions.append(words)
        self.pictures.show_pictures(found, captions)


def _note(result: Result) -> str:
    """What has to be known to read an answer right."""
    if isinstance(result, Pictures) and (result.low, result.high) != (0.0, 1.0):
        ends = {"low": figure(result.low), "high": figure(result.high)}
        return tr("Black is {low} and white is {high}.", **ends)
    if isinstance(result, Nearest):
        return tr(
            "The words nearest to this vector, with the cosine of the angle between them: 1 is the same direction."
        )
    if isinstance(result, Tagged) and result.left_out:
        return tr("{count} more words do not fit into the window of this network.", count=result.left_out)
    if isinstance(result, Shares) and not result.is_one:
        return tr("Each is a yes or no of its own.")
    if isinstance(result, Row) and len(result.values) < int(np.prod(result.shape)):
        shape = " × ".join(map(str, result.shape))
        return tr("The first {count} of {shape} numbers.", count=len(result.values), shape=shape)
    return ""


def difference(made: Pictures, true: Pictures) -> tuple[np.ndarray, str]:
    """Where a picture differs from the true one, white where it does most, and by how much."""
    if made.names:
        wrong = made.images[0] != true.images[0]
        return wrong.astype(float), tr("Wrong pixels\n{share}", share=percent(float(wrong.mean())))
    first, second = (one.images[0] * (one.high - one.low) + one.low for one in (made, true))
    apart = np.abs(first - second)
    apart = apart.mean(2) if apart.ndim == 3 else apart
    most = float(apart.max())
    return apart / (most or 1.0), tr(
        "Difference\nmean {mean}\nwhite {most}", mean=figure(float(apart.mean())), most=figure(most)
    )


def _colored(image: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """Class numbers as colors; pictures as they are."""
    if not names:
        return image
    table = np.array([rgb(ROLES[kind % len(ROLES)]) for kind in range(len(names))]) / 255
    return table[image.astype(int)]

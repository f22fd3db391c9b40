"""How much each place of a search decides about a goal, as bars; worked out in the background."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRectF, QSize, Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QWidget

from graph.figure_titles import goal_title
from graph.messages import LayerloomError, tr
from gui.figures import percent
from gui.panels.card import Card
from gui.panels.parts import ScrollColumn, label
from gui.panels.sweep_work import Work
from gui.theme import GRID, mono_font, theme
from runtime.sweep_folders import Sweep
from runtime.sweep_insight import importances

ROW, FIGURES = 26, 12  # pixels at 100 %: a bar with its words, the font of figures
NAME_SHARE = 0.42  # of the width
FIGURE_WIDTH = 56

Shares = Mapping[str, Mapping[str, float]]  # by goal, then by the label of the place


class Bars(QWidget):
    """A bar for each place, the longest first."""

    def __init__(self) -> None:
        super().__init__()
        self.shares: dict[str, float] = {}
        self.setAccessibleName(tr("Importance"))
        theme.changed.connect(self.updateGeometry)

    def show_shares(self, shares: Mapping[str, float]) -> None:
        """Show these shares of one by the label of the place."""
        self.shares = dict(sorted(shares.items(), key=lambda pair: -pair[1]))
        words = (f"{name} {percent(share)}" for name, share in self.shares.items())
        self.setAccessibleDescription(", ".join(words))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(0, theme.px(ROW) * len(self.shares))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        height, names, figures = theme.px(ROW), round(NAME_SHARE * self.width()), theme.px(FIGURE_WIDTH)
        room = self.width() - names - figures - 2 * GRID
        longest = max(self.shares.values(), default=0.0) or 1.0
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(mono_font(theme.px(FIGURES)))
        for i, (name, share) in enumerate(self.shares.items()):
            place = QRectF(0, i * height, names - 2 * GRID, height)
            painter.setPen(theme.color("text"))
            text = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, round(place.width()))
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | middle, text)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent"))
            length = max(2.0, room * share / longest)
            painter.drawRoundedRect(QRectF(names, i * height + 7, length, height - 14), 3, 3)
            painter.setPen(theme.color("muted"))
            figure_place = QRectF(names + length + GRID, i * height, figures, height)
            painter.drawText(figure_place, Qt.AlignmentFlag.AlignLeft | middle, percent(share))


class ImportanceCard(Card):
    """What decided about each goal. It asks anew when another trial is finished, one question at a time."""

    def __init__(self) -> None:
        super().__init__(tr("Importance"))
        self._work = Work(self)
        self._work.done.connect(self._on_found)
        self._sweep: Sweep | None = None
        self._asked: tuple[object, int] = (None, 0)
        self._shares: Shares = {}
        self.goal = QComboBox()
        self.goal.setAccessibleName(tr("Goal"))
        self.goal.currentIndexChanged.connect(self._draw)
        self.header.addWidget(self.goal)
        self.bars = Bars()
        self.words = label("", tone="muted", wrap=True)
        scroll = ScrollColumn(spacing=GRID)
        scroll.column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.words, self.bars):
            scroll.column.addWidget(widget)
        scroll.column.addStretch(1)
        self.body.addWidget(scroll, 1)

    def show_sweep(self, sweep: Sweep) -> None:
        """Show what mattered in a sweep."""
        if self._sweep is None or self._sweep.path != sweep.path:
            self._shares = {}
            self.goal.clear()
            for goal in sweep.goals:
                self.goal.addItem(str(goal_title(goal)), goal)
            self.goal.setVisible(len(sweep.goals) > 1)
            self._say(tr("Working out what mattered…"))
        self._sweep = sweep
        self._ask()

    def _ask(self) -> None:
        if self._sweep is None or self._work.is_busy:
            return
        now = (self._sweep.path, len(self._sweep.finished))
        if now != self._asked:
            self._asked = now
            sweep = self._sweep
            self._work.start(lambda: (sweep.path, importances(sweep)))

    @Slot(object)
    def _on_found(self, answer: object) -> None:
        if isinstance(answer, LayerloomError):
            self._shares = {}
            self._say(str(answer.message))
        elif isinstance(answer, tuple) and self._sweep is not None and answer[0] == self._sweep.path:
            self._shares = answer[1]
            self._draw()
        self._ask()

    @Slot()
    def _draw(self) -> None:
        shares = self._shares.get(self.goal.currentData(), {})
        self.words.setVisible(not shares)
        self.bars.setVisible(bool(shares))
        self.bars.show_shares(shares)

    def _say(self, words: str) -> None:
        self.words.setText(words)
        self.words.show()
        self.bars.hide()

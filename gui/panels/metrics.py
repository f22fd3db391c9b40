"""Live metrics: a row of cards with plots of everything that a run reports, and the confusion matrix of its test."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QStackedLayout, QWidget

from graph.figure_titles import title_of
from graph.messages import tr
from gui.pace import QUIET, SLOWEST
from gui.panels.confusion import ConfusionCard
from gui.panels.empty import EmptyState
from gui.panels.legend import ROUND
from gui.panels.live_look import LiveLooks
from gui.panels.parts import CardRow
from gui.panels.units import EPOCH, STEP, TIME, Clock, Unit, count_epochs, count_seconds, count_steps
from gui.theme import theme
from runtime.events import EpochEnded, Event, Pictured, RangeTested, Recalled, RunStarted, StepsEnded, Tested

if TYPE_CHECKING:
    from gui.panels.plot import PlotCard
    from gui.panels.range_card import RangeCard

RATE, SPEED = "learning_rate", "samples_per_second"
WIDER, WIDE, NARROW = 3, 2, 1  # shares of the width; the first where branches are compared
LEAST = {WIDER: 440, WIDE: 260, NARROW: 226}  # pixels at 100 %
# Milliseconds between the redraws of two cards where nothing more comes; and the longest wait for that, in times of the time
# between what came. As long as something comes, all cards that grew are drawn each time.
PACE, LATE = 100, 1.5
GROWN = 1  # pixels that a curve grows by before it is drawn again, as long as something comes
SMOOTH_EPOCHS = 0.25  # the part of an epoch that the smooth curve averages over
MIN_SPAN = 4
ALWAYS = ("loss", RATE, SPEED)  # the cards that every run has


class Points(NamedTuple):
    """What comes for a curve."""

    x: list[float]
    y: list[float]


class MetricsPanel(QWidget):
    """Draws the events of a run as they come (`take`). Its plots are made when first needed, or by `prepare`."""

    failed = Signal(object)  # Message: a picture or table could not be written
    exported = Signal(object)  # Path
    rate_wanted = Signal(str, float)  # an objective, and the learning rate that a test proposed for it

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cards: dict[str, PlotCard] = {}
        self.range: RangeCard | None = None
        self._turns: deque[PlotCard] = deque()  # the card that was drawn last is at the end
        self.confusion = ConfusionCard(tr("Confusion (test)"))
        self._run: str | None = None
        self._per_step: set[str] = set()  # figures that come with every step
        self._compared: Mapping[str, Mapping[str, str]] = {}  # (see `RunStarted`)
        self._heads: Mapping[str, str] = {}  # the cards of figures that are compared
        self._steps_per_epoch = 1
        self._by = EPOCH
        self._clock = Clock()
        self._last_step = 0
        self._coming: dict[tuple[str, str], Points] = {}  # of cards and curves: they get it in one piece
        self._came = -math.inf  # when something came last
        self._smoothing = 1.0  # factor of the usual span
        self._pace = QTimer(self, singleShot=True, interval=PACE)
        self._pace.timeout.connect(self._redraw)
        self._next = QTimer(self, singleShot=True, interval=0)
        self._next.timeout.connect(self._draw_grown)
        self._build()
        theme.changed.connect(self._use_scale)
        self._use_scale()

    def prepare(self) -> None:
        """Load the plotting library and make the cards that every run has."""
        if not self.cards:
            for key in ALWAYS:
                self._card(key)

    @Slot()
    def prepare_soon(self) -> None:
        """The same, a card at a time, so that the person never waits for all of them."""
        missing = [key for key in ALWAYS if key not in self.cards]
        if missing and self._run is None:
            self._card(missing[0])
            QTimer.singleShot(0, self, self.prepare_soon)

    @Slot(object)
    def take(self, events: Iterable[Event]) -> None:
        """Add what happened, and redraw what changed, soon."""
        handlers = {
            RunStarted: self._on_started,
            StepsEnded: self._on_steps,
            EpochEnded: self._on_epoch,
            Tested: self._on_tested,
            Recalled: self._on_recalled,
            RangeTested: self._on_range,
            Pictured: self.looks.take,
        }
        more_comes = True
        for event in events:
            more_comes = not isinstance(event, QUIET)
            if handler := handlers.get(type(event)):
                handler(event)
        self._put()
        now = monotonic()
        gap, self._came = 1000 * (now - self._came), now
        self._pace.start(max(PACE, round(LATE * gap)) if more_comes and gap < 2 * SLOWEST else PACE)
        self._draw_grown()

    @Slot()
    def switch_unit(self) -> None:
        """From epochs to steps to seconds on the x axis, and back."""
        self._by = {EPOCH: STEP, STEP: TIME, TIME: EPOCH}[self._by]
        self._apply_unit()

    @Slot(float)
    def smooth(self, factor: float) -> None:
        """Average every curve of steps over this factor of the usual span; 0 shows the points alone."""
        self._smoothing = factor
        for key in self._per_step:
            self._smooth(key)
            self._card_of(key).follow()

    @Slot(object)
    def point_at(self, step: float | None) -> None:
        """The cursor is at this step in one of the cards: show the values there in all of them."""
        for card in self.cards.values():
            if card is not self.sender():
                card.point_at(step)

    @Slot()
    def clear(self) -> None:
        """Forget the run: another document was opened."""
        self._run = None
        self._clear()
        self._stack.setCurrentWidget(self._empty)

    @Slot()
    def _draw_grown(self) -> None:
        """Draw what grew, a card at a time, so that the person never waits for all of them."""
        if self._draw_next(GROWN):
            self._next.start()

    @Slot()
    def _redraw(self) -> None:
        """Nothing more came: draw what still waits, one card after the other."""
        if self._draw_next(0):
            self._pace.start(PACE)

    def _draw_next(self, grown: float) -> bool:
        """Draw the card that has waited longest of those with a curve that grew by so many pixels; False if there is none."""
        for _ in range(len(self._turns)):
            self._turns.rotate(-1)
            if self._turns[-1].has_moved(grown) and self._turns[-1].redraw():
                return True
        return False

    def continue_from(self, other: MetricsPanel) -> None:
        """Show the curves that another panel drew; what comes goes on through `take`."""
        self._run, self._steps_per_epoch, self._by = other._run, other._steps_per_epoch, other._by
        self._clock, self._smoothing, self._last_step = other._clock, other._smoothing, other._last_step
        self._compare(other._compared)
        for key in other._per_step:
            self._begin_per_step(key)
        for key, card in other.cards.items():
            for name, curve in card.curves.items():
                if key == RATE:
                    self._begin_rate(name)
                self._card(key).extend(name, curve.raw.x.tolist(), curve.raw.y.tolist())
        self.looks.continue_from(other.looks)
        if self._run is not None:
            self._show_cards()

    # ---- events

    def _on_started(self, event: RunStarted) -> None:
        if self._run is None or not event.goes_on(self._run):
            self._clear()
            self._compare(event.compared)
        elif event.first_step < self._last_step:
            self._take_back(event.first_step)
        self._run = event.run
        self._steps_per_epoch = event.steps_per_epoch
        self._show_cards()

    def _take_back(self, step: int) -> None:
        """What came after a step is made again."""
        self._last_step = step
        for part in (self._clock, self.looks, *self.cards.values()):
            part.cut(step)

    def _show_cards(self) -> None:
        self.prepare()
        self._apply_unit()
        self._stack.setCurrentWidget(self._scroll)

    def _on_steps(self, event: StepsEnded) -> None:
        self._last_step = event.step
        if event.seconds > self._clock.last:
            self._clock.note(event.step, event.seconds)
        for key, values in event.series.items():
            first = event.step - len(values) + 1
            if key not in self._per_step:
                self._begin_per_step(key)
            self._extend(key, "train", range(first, event.step + 1), values)
        for name, rate in (event.rates or {RATE: event.learning_rate}).items():
            self._extend_rate(name if len(event.rates) > 1 else RATE, event.step, rate)
        self._note(SPEED, SPEED, [event.step], [event.samples_per_second])

    def _on_epoch(self, event: EpochEnded) -> None:
        for key, value in event.train.items():
            if key not in self._per_step:
                self._extend(key, "train", [event.step], [value])
        for key, value in event.validation.items():
            self._extend(key, "validation", [event.step], [value])

    def _on_recalled(self, event: Recalled) -> None:
        if not self._last_step:  # else it is what is drawn already
            self.take(event.events)

    def _on_range(self, event: RangeTested) -> None:
        if self.range is None:
            self.range = self._make_range_card()
        self.range.show_test(event)
        self.range.show()

    def _on_tested(self, event: Tested) -> None:
        self.confusion.setVisible(bool(event.confusion))
        if event.confusion:
            self.confusion.view.set_confusion(event.confusion, event.classes)

    def _begin_per_step(self, key: str) -> None:
        self._per_step.add(key)
        self._smooth(key)

    def _smooth(self, key: str) -> None:
        span = max(MIN_SPAN, SMOOTH_EPOCHS * self._steps_per_epoch) * self._smoothing
        self._card_of(key).curves[self._curve_key(key, "train")].smooth_over(span)

    # ---- figures of several branches share a card

    def _compare(self, compared: Mapping[str, Mapping[str, str]]) -> None:
        """Make cards anew whose branches are others than before."""
        changed = {k for k in self._compared.keys() | compared.keys() if self._compared.get(k) != compared.get(k)}
        self._compared = compared
        self._heads = {figure: key for key, figures in compared.items() for figure in figures}
        for key in changed | (self._heads.keys() - compared.keys()):
            if (card := self.cards.pop(key, None)) is not None:
                self._turns.remove(card)
                self._row.removeWidget(card)
                card.hide()
                card.deleteLater()

    def _card_of(self, figure: str) -> PlotCard:
        return self._card(self._heads.get(figure, figure))

    def _curve_key(self, figure: str, part: str) -> str:
        from gui.panels.branch_card import curve_of

        return curve_of(figure, part) if figure in self._heads else part

    def _extend(self, figure: str, part: str, x: Sequence[float], y: Sequence[float]) -> None:
        self._note(self._heads.get(figure, figure), self._curve_key(figure, part), x, y)

    def _note(self, card: str, curve: str, x: Sequence[float], y: Sequence[float]) -> None:
        points = self._coming.setdefault((card, curve), Points([], []))
        points.x.extend(x)
        points.y.extend(y)

    def _put(self) -> None:
        """Give the curves what came for them."""
        for (card, curve), points in self._coming.items():
            self._card(card).extend(curve, *points)
        self._coming.clear()

    def _extend_rate(self, name: str, step: int, rate: float) -> None:
        """The learning rate of the only objective, or a curve for each of several."""
        self._begin_rate(name)
        self._note(RATE, name, [step], [rate])

    def _begin_rate(self, name: str) -> None:
        card = self._card(RATE)
        if name not in card.curves:
            from gui.panels.branch_card import ROLES

            card.add_curve(name, name, ROLES[(len(card.curves) - 1) % len(ROLES)], mark=ROUND)
            if (alone := card.curves[RATE].entry) is not None:
                alone.hide()
            card.arrange_legend()

    def _clear(self) -> None:
        self._per_step.clear()
        self._coming.clear()
        self._clock, self._last_step = Clock(), 0
        if self.range is not None:
            self.range.hide()
        self.looks.clear()
        self.confusion.hide()
        for card in self.cards.values():
            card.clear()

    def _apply_unit(self) -> None:
        for card in self.cards.values():
            card.set_unit(self._unit, self._steps_per_epoch)

    @property
    def _unit(self) -> Unit:
        if self._by == TIME:
            return count_seconds(self._clock)
        return count_epochs(self._steps_per_epoch) if self._by == EPOCH else count_steps()

    # ---- cards

    def _build(self) -> None:
        hint = tr("Press Train: loss, metrics, learning rate and speed are drawn here while the network learns.")
        self._empty = EmptyState("chart", tr("Nothing trained yet"), hint)
        self._scroll = CardRow()
        self._row = self._scroll.row
        self.looks = LiveLooks(self._row, self.failed, self.exported)
        for signal in ("failed", "exported"):
            getattr(self.confusion, signal).connect(getattr(self, signal))
        self.confusion.hide()
        self._row.addWidget(self.confusion, NARROW)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._scroll)

    def _card(self, key: str) -> PlotCard:
        if key not in self.cards:
            self.cards[key] = self._make_card(key)
            self._turns.append(self.cards[key])
            place = _in_order(self.cards).index(key) + (self.range is not None) + len(self.looks.cards)
            self._row.insertWidget(place, self.cards[key], self._share(key))
        return self.cards[key]

    def _share(self, key: str) -> int:
        return NARROW if key in (RATE, SPEED) else WIDER if key in self._compared else WIDE

    def _make_range_card(self) -> RangeCard:
        from gui.panels.range_card import RangeCard

        card = RangeCard()
        card.setMinimumWidth(theme.px(LEAST[WIDE]))
        card.rate_wanted.connect(self.rate_wanted)
        card.failed.connect(self.failed)
        card.exported.connect(self.exported)
        self._row.insertWidget(0, card, WIDE)
        return card

    @Slot()
    def _use_scale(self) -> None:
        self.confusion.setMinimumWidth(theme.px(LEAST[NARROW]))
        for key, card in self.cards.items():
            card.setMinimumWidth(theme.px(LEAST[self._share(key)]))
        if self.range is not None:
            self.range.setMinimumWidth(theme.px(LEAST[WIDE]))

    def _make_card(self, key: str) -> PlotCard:
        from gui.panels.branch_card import BranchCard
        from gui.panels.plot import PlotCard

        title = {RATE: tr("Learning rate"), SPEED: tr("Throughput")}.get(key) or title_of(key)
        if key in self._compared:
            card: PlotCard = BranchCard(title, self._compared[key])
        else:
            card = PlotCard(title, from_zero=key in (RATE, SPEED))
            for curve, label, role, dots in _curves_of(key):
                card.add_curve(curve, label, role, dots=dots)
        card.setMinimumWidth(theme.px(LEAST[self._share(key)]))
        card.set_unit(self._unit, self._steps_per_epoch)
        card.unit_clicked.connect(self.switch_unit)
        card.smoothing_chosen.connect(self.smooth)
        card.pointed_at.connect(self.point_at)
        card.failed.connect(self.failed)
        card.exported.connect(self.exported)
        return card


def _curves_of(key: str) -> Sequence[tuple[str, str, str, bool]]:
    """(key, label, colour role, dots) of each curve of a card."""
    if key == RATE:
        return ((RATE, tr("lr"), "rate", False),)
    if key == SPEED:
        return ((SPEED, tr("samples/s"), "speed", False),)
    return (("train", tr("train"), "train", True), ("validation", tr("validation"), "validation", True))


def _in_order(keys: Iterable[str]) -> list[str]:
    """Loss, then the metrics as they came, then learning rate and throughput."""
    places = {"loss": 0, RATE: 2, SPEED: 3}
    return sorted(keys, key=lambda key: places.get(key, 1))

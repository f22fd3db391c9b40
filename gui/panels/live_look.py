"""Cards with pictures of what the network does while it trains: the newest, or one of those before by the slider below it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, SignalInstance, Slot
from PySide6.QtGui import QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSlider, QToolTip, QWidget

from graph.messages import msg, tr
from gui.figures import grouped
from gui.panels.card import Card
from gui.panels.parts import label, row
from gui.theme import GRID, theme
from runtime.events import Boundary, FunctionDrawn, ImagesAgain, ImagesMade, Picture, Pictured, PointsMade

if TYPE_CHECKING:
    from gui.panels.live_look_paint import Painted

KEPT = 30  # pictures of a run
LEAST = 226  # pixels at 100 % that a card is wide
PLACE = 72  # pixels at 100 % for the words below a picture
TITLES = {
    Boundary: msg("Boundary"),
    FunctionDrawn: msg("Function"),
    PointsMade: msg("Points made"),
    ImagesMade: msg("Images made"),
    ImagesAgain: msg("Input and output"),
}

Key = tuple[type, str]


class Shot(NamedTuple):
    """A picture and when in the run it was taken."""

    epoch: int
    step: int
    picture: Picture


class LookView(QWidget):
    """Paints one picture."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture: Picture | None = None
        self._painted: Painted | None = None
        self.setMinimumSize(120, 80)
        theme.changed.connect(self._paint_anew)

    def sizeHint(self) -> QSize:
        return QSize(240, 240)

    def show_picture(self, picture: Picture) -> None:
        """Show this one from now on."""
        self._picture = picture
        self._paint_anew()

    @Slot()
    def _paint_anew(self) -> None:
        self._painted = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._paint_anew()

    def paintEvent(self, event: QPaintEvent) -> None:
        self.paint(QPainter(self))

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            text = self._painted.text_at(QPointF(event.pos())) if self._painted is not None else ""
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)

    def paint(self, painter: QPainter) -> None:
        """Draw the picture."""
        if self._picture is not None:
            painter.setFont(self.font())
            if self._painted is None:
                from gui.panels.live_look_paint import painted  # it needs NumPy

                self._painted = painted(self._picture)
            self._painted.paint(painter, QRectF(self.rect()))


class Scrubber(QSlider):
    """A line with a knob; a click goes to its place at once."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setPageStep(5)
        self.setMinimumWidth(12 * GRID)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        theme.changed.connect(self.updateGeometry)

    def sizeHint(self) -> QSize:
        return QSize(30 * GRID, theme.px(5 * GRID))

    def minimumSizeHint(self) -> QSize:
        return QSize(12 * GRID, theme.px(5 * GRID))

    def knob(self) -> QPointF:
        """The middle of the knob."""
        share = (self.value() - self.minimum()) / max(1, self.maximum() - self.minimum())
        return QPointF(self._edge + share * (self.width() - 2 * self._edge), self.height() / 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        at, middle = self.knob(), self.height() / 2
        ends = (("outline", self.width() - self._edge), ("accent", at.x()))
        for role, end in ends:
            painter.setPen(QPen(theme.color(role), 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawLine(QPointF(self._edge, middle), QPointF(end, middle))
        painter.setPen(QPen(theme.color("text" if self.hasFocus() else "accent"), 2))
        painter.setBrush(theme.color("accent"))
        painter.drawEllipse(at, self._edge - 2, self._edge - 2)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._go_to(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self._go_to(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.setSliderDown(False)

    @property
    def _edge(self) -> float:
        return theme.px(6)

    def _go_to(self, x: float) -> None:
        share = (x - self._edge) / max(1.0, self.width() - 2 * self._edge)
        self.setValue(round(self.minimum() + share * (self.maximum() - self.minimum())))


class LookCard(Card):
    """The pictures of one kind of one node. It shows each that comes, unless the person went back to another."""

    def __init__(self, kind: type, name: str, parent: QWidget | None = None) -> None:
        super().__init__(f"{TITLES[kind]} · {name}", parent)
        self.shots: list[Shot] = []
        self.view = LookView()
        self.place = label("", tone="faint")
        self.slider = Scrubber(tr("Earlier pictures of this run"))
        self.slider.setRange(0, 0)
        self.slider.valueChanged.connect(self._show)
        self.body.addWidget(self.view, 1)
        self.ending = label(tr("No more pictures of this run; the log says why."), tone="warning", wrap=True)
        self.ending.hide()
        self.body.addWidget(self.ending)
        below = row(spacing=2 * GRID)
        below.addWidget(self.place)
        below.addWidget(self.slider, 1)
        self.body.addLayout(below)
        self.add_pictures(self.add_menu())
        theme.changed.connect(self._use_widths)
        self._use_widths()

    def add(self, shot: Shot) -> None:
        """Take a new picture in."""
        follows = self.slider.value() == self.slider.maximum()
        at = self.shots[self.slider.value()].step if self.shots else 0
        self.shots.append(shot)
        if len(self.shots) > KEPT:
            self._thin_out(spared=None if follows else at)
        steps = [kept.step for kept in self.shots]
        self.slider.blockSignals(True)
        self.slider.setRange(0, len(self.shots) - 1)
        self.slider.setValue(len(self.shots) - 1 if follows else steps.index(at))
        self.slider.blockSignals(False)
        self.slider.setVisible(len(self.shots) > 1)
        self.slider.update()
        if follows:
            self._show()

    def end(self) -> None:
        """Say that no more pictures will come."""
        self.ending.show()

    def paint_content(self, painter: QPainter) -> None:
        painter.save()
        painter.translate(self.view.pos())
        self.view.paint(painter)
        painter.restore()
        painter.setFont(self.place.font())
        painter.setPen(theme.color("faint"))
        painter.drawText(self.place.geometry(), Qt.AlignmentFlag.AlignVCenter, self.place.text())

    def _thin_out(self, *, spared: int | None) -> None:
        """Leave out the picture whose neighbors are closest: what is kept is spread over the whole run."""
        steps = [shot.step for shot in self.shots]
        inner = [i for i in range(1, len(steps) - 1) if steps[i] != spared]
        del self.shots[min(inner, key=lambda i: steps[i + 1] - steps[i - 1])]

    @Slot()
    def _show(self) -> None:
        shot = self.shots[self.slider.value()]
        epoch, step = grouped(shot.epoch), grouped(shot.step)
        is_one_epoch = self.shots[0].epoch == self.shots[-1].epoch
        short = tr("step {step}", step=step) if is_one_epoch else tr("epoch {epoch}", epoch=epoch)
        whole = tr("epoch {epoch}, step {step}", epoch=epoch, step=step) if shot.step else tr("untrained")
        self.place.setText(short if shot.step else whole)
        self.place.setToolTip(whole)
        self.view.setAccessibleName(f"{self.title.text()}: {whole}")
        self.view.show_picture(shot.picture)

    @Slot()
    def _use_widths(self) -> None:
        self.setMinimumWidth(theme.px(LEAST))
        self.place.setFixedWidth(theme.px(PLACE))
        self.place.setMinimumHeight(theme.px(5 * GRID))


class LiveLooks:
    """The cards of a run at the beginning of a row of cards, one for each picture that the network gives."""

    def __init__(self, cards: QHBoxLayout, failed: SignalInstance, exported: SignalInstance) -> None:
        """`failed` and `exported` are told what the cards tell (see `gui.panels.card`)."""
        self.cards: dict[Key, LookCard] = {}
        self._row, self._failed, self._exported = cards, failed, exported

    def take(self, event: Pictured) -> None:
        """Show the pictures of an event; one without any says that there will be no more."""
        if not event.pictures:
            for card in self.cards.values():
                card.end()
        self._add(Shot(event.epoch, event.step, picture) for picture in event.pictures)

    def clear(self) -> None:
        """Another run begins."""
        for card in self.cards.values():
            self._row.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards.clear()

    def cut(self, until: int) -> None:
        """Forget the pictures beyond a step."""
        kept = [shot for card in self.cards.values() for shot in card.shots if shot.step <= until]
        self.clear()
        self._add(kept)

    def continue_from(self, other: LiveLooks) -> None:
        """Show the pictures that other cards have."""
        for card in other.cards.values():
            self._add(card.shots)

    def _add(self, shots: Iterable[Shot]) -> None:
        for shot in shots:
            key = type(shot.picture), shot.picture.name
            if key not in self.cards:
                self.cards[key] = self._make(key)
            self.cards[key].add(shot)

    def _make(self, key: Key) -> LookCard:
        card = LookCard(*key)
        card.failed.connect(self._failed)
        card.exported.connect(self._exported)
        self._row.insertWidget(len(self.cards), card, 1)
        return card

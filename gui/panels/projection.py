"""Embeddings: the words of a table, or the test samples as a layer sees them, as points on a plane; and what is near a point."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QEvent, QObject, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QStackedLayout, QTabWidget, QWidget

from graph.messages import LayerloomError, Message, msg, tr
from gui.figures import grouped, percent
from gui.panels.empty import EmptyState
from gui.panels.explain_cards import OTHER
from gui.panels.map_card import TSNE, MapCard, NearCard
from gui.panels.parts import CardRow
from gui.panels.point_map import NOTHING, Points, text_of
from gui.thinker import Thinker
from runtime import embeddings, projection
from runtime.embeddings import Cloud, Kind
from runtime.projection import Projection
from runtime.projection_apart import MapSearch

if TYPE_CHECKING:
    from gui.asker import Asker

NEAREST = 12
NEAR_ON_MAP = 8
CHOICES, MAP = "embeddings.choices", "embeddings.map"  # keys of the questions


class _Mapped(NamedTuple):
    """Points on the plane, or why there are none; None where nobody wants them any more."""

    cloud: Cloud
    method: int
    found: Projection | Message | None


class ProjectionPanel(QWidget):
    """Asks the trained network of the document, as soon as it is on show and there is one.

    A search for a map goes on behind another tab; where all the tabs are hidden, or the window is closed, it ends.
    """

    failed = Signal(object)  # Message: a picture could not be written
    exported = Signal(object)  # Path

    def __init__(self, asker: Asker, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._asker = asker
        self._is_stale = True
        self._shown: Cloud | None = None
        self._clouds: dict[embeddings.Choice, Cloud] = {}
        self._maps: dict[tuple[embeddings.Choice, int], Projection] = {}
        self._thinker = Thinker("map", self)
        self._search = MapSearch()
        self._is_searching = self._was_ended = False
        self.map, self.near = MapCard(), NearCard()
        self._build()
        asker.subject_changed.connect(self._on_subject_changed)
        self._thinker.answered.connect(self._take_map)
        self.map.choice.activated.connect(self._ask_map)
        self.map.methods.idClicked.connect(self._ask_map)
        self.map.view.chosen.connect(self._choose)
        self.map.search.textChanged.connect(self._find)
        self.map.search.returnPressed.connect(self._choose_found)
        self.near.chosen.connect(self._go_to)
        self.map.failed.connect(self.failed)
        self.map.exported.connect(self.exported)

    @Slot()
    def clear(self) -> None:
        """Forget the network."""
        for key in (CHOICES, MAP):
            self._asker.drop(key)
        self._drop_map()
        self._shown = None
        self._clouds.clear()
        self._maps.clear()
        self.map.set_choices(())
        self.map.view.set_points(NOTHING)
        self.near.show_nothing()
        self._empty.set_hint(self._how_to)
        self._stack.setCurrentWidget(self._empty)
        self._is_stale = True

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_stale:
            self._ask_choices()
        elif self._was_ended:
            self._ask_map()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Hide and not event.spontaneous() and self._is_searching:
            self._drop_map()
            self._was_ended = True
        return super().eventFilter(watched, event)

    def _build(self) -> None:
        self._how_to = tr("Train the network to see here which words, or which samples, are alike to it.")
        self._empty = EmptyState("family-embedding", tr("Nothing to map yet"), self._how_to)
        page = CardRow()
        page.row.addWidget(self.map, 1)
        page.row.addWidget(self.near)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(page)

    # ---- questions

    @Slot()
    def _on_subject_changed(self) -> None:
        """Another network answers now, or it has better weights."""
        self._drop_map()
        self._clouds.clear()
        self._maps.clear()
        self._is_stale = True
        if self.isVisible():
            self._ask_choices()

    def _ask_choices(self) -> None:
        if not self._asker.is_trained:
            self.clear()
            return
        self._is_stale = False
        self._asker.ask(embeddings.choices, self._take_choices, key=CHOICES, failed=self._on_no_choices)

    def _take_choices(self, found: tuple[embeddings.Choice, ...]) -> None:
        self.map.set_choices(found)
        if found:
            self._stack.setCurrentIndex(1)
            self._ask_map()
        else:
            self._on_no_choices(
                msg(
                    "This network has no embedding, and no layer that gives a few numbers for each sample. Add a Linear layer."
                )
            )

    def _on_no_choices(self, message: Message) -> None:
        self._empty.set_hint(str(message))
        self._stack.setCurrentWidget(self._empty)

    @Slot()
    def _ask_map(self) -> None:
        """Show what is chosen, at once if it is known already."""
        choice = self.map.chosen
        self._asker.drop(MAP)
        self._drop_map()
        if choice is None:
            return
        if (cloud := self._clouds.get(choice)) is not None:
            self._take_cloud(cloud)
            return
        self.map.say(tr("Looking…"))
        self._asker.ask(
            lambda trained: embeddings.cloud(trained, choice), self._take_cloud, key=MAP, failed=self._on_no_map
        )

    def _take_cloud(self, cloud: Cloud) -> None:
        """Bring points onto the plane. That needs no network, and may take some seconds, in which others may ask theirs."""
        method = self.map.method
        self._clouds[cloud.choice] = cloud
        if (known := self._maps.get((cloud.choice, method))) is not None:
            self._show(cloud, known)
            return
        self.map.say(tr("t-SNE looks for a map; that takes some seconds…") if method == TSNE else tr("Looking…"))
        self._search, self._is_searching = MapSearch(), True
        self._room().installEventFilter(self)
        self._thinker.begin(partial(_mapped, cloud, method, self._search))

    def _drop_map(self) -> None:
        """Nobody waits for the map that is looked for."""
        self._thinker.drop()
        self._search.end()
        self._is_searching = self._was_ended = False

    def _room(self) -> QWidget:
        """The tabs that the panel is one of, or its window."""
        room: QWidget = self
        while not isinstance(room, QTabWidget) and (parent := room.parentWidget()) is not None:
            room = parent
        return room

    @Slot(object)
    def _take_map(self, answer: _Mapped) -> None:
        self._is_searching = False
        if isinstance(answer.found, Message):
            self._on_no_map(answer.found)
        elif answer.found is not None:
            self._maps[answer.cloud.choice, answer.method] = answer.found
            self._show(answer.cloud, answer.found)

    def _on_no_map(self, message: Message) -> None:
        self._shown = None
        self.map.view.set_points(NOTHING)
        self.near.show_nothing()
        self.map.say(str(message))

    # ---- what is shown

    def _show(self, cloud: Cloud, made: Projection) -> None:
        before, self._shown = self._caption, cloud
        count = len(made.points)
        labels = None if cloud.labels is None else cloud.labels[:count]
        named = cloud.choice.kind is Kind.TABLE
        self.map.warn(None if self._asker.is_current else OTHER)
        self.map.show_points(
            Points(made.points, cloud.captions[:count], labels, cloud.classes, named), _words_of(cloud, made)
        )
        self.near.show_nothing()
        self._find(self.map.search.text())
        if before is not None and before in cloud.captions[:count]:
            self._choose(cloud.captions.index(before))

    @property
    def _caption(self) -> str | None:
        """The caption of the point that is chosen."""
        view = self.map.view
        return view.points.captions[view.row] if view.row >= 0 else None

    @Slot(int)
    def _choose(self, row: int) -> None:
        """Show what is near a point. That is one product of a matrix and a vector: too short for a thread."""
        cloud = self._shown
        if cloud is None:
            return
        found = embeddings.near(cloud, cloud.points[row], NEAREST, without=(row,))
        shown = len(self.map.view.points.places)
        self.map.view.mark(row, [near.row for near in found[:NEAR_ON_MAP] if near.row < shown])
        self.near.show_near(_text_of(cloud, row), found, [_text_of(cloud, near.row) for near in found])

    @Slot(int)
    def _go_to(self, row: int) -> None:
        if row < len(self.map.view.points.places):
            self.map.view.bring(row)
            self._choose(row)

    @Slot(str)
    def _find(self, text: str) -> None:
        self.map.view.set_found(self.map.rows_with(text))

    @Slot()
    def _choose_found(self) -> None:
        if rows := self.map.rows_with(self.map.search.text()):
            self._go_to(rows[0])


def _mapped(cloud: Cloud, method: int, search: MapSearch) -> _Mapped:
    """Draws no random numbers that a run could miss: t-SNE has its own."""
    try:
        few = cloud.points[: projection.MAX_TSNE]
        return _Mapped(cloud, method, search.map_of(few) if method == TSNE else projection.pca(cloud.points))
    except LayerloomError as error:
        return _Mapped(cloud, method, error.message)


def _text_of(cloud: Cloud, row: int) -> str:
    """What a point says of itself, be it on the map or not."""
    return text_of(cloud.captions[row], cloud.classes[cloud.labels[row]] if cloud.labels is not None else None)


def _words_of(cloud: Cloud, made: Projection) -> str:
    """How much of the points a map shows."""
    count, numbers = len(made.points), cloud.points.shape[1]
    many = (
        grouped(count)
        if count == cloud.total
        else tr("{count} of {total}", count=grouped(count), total=grouped(cloud.total))
    )
    if not made.explained:
        return tr("{count} points of {numbers} numbers each", count=many, numbers=numbers)
    return tr("{count} points of {numbers} numbers each; the map keeps {first} + {second} of the variance",
              count=many, numbers=numbers, first=percent(made.explained[0]), second=percent(made.explained[1]))  # fmt: skip

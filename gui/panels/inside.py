"""A sample on its way through the network: which one, the steps of its way, and the present step in large."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QImage, QShowEvent
from PySide6.QtWidgets import QStackedLayout, QWidget

from graph.changes import diff
from graph.messages import Message, msg, tr
from graph.model import NodeId, Scope
from gui.asker import Asker
from gui.canvas.values import NodeValue
from gui.editor import Change, Editor
from gui.icons import icon
from gui.panels.empty import EmptyState
from gui.panels.explain_cards import OTHER, UNTRAINED
from gui.panels.inside_pictures import thumbnail
from gui.panels.inside_sample import SampleBox
from gui.panels.inside_step import StepView
from gui.panels.inside_steps import StepModel, StepStrip
from gui.panels.inside_views import described
from gui.panels.parts import MARGIN, CardRow, column, flat_button, row, rule
from gui.theme import GRID
from runtime.asked_samples import TEST
from runtime.portraits_steps import Step, Walk, Wish, walk_of

KEY = "inside"
PACE = 1000  # milliseconds between two steps that are played


class InsidePanel(QWidget):
    """Asks only while it is on show.

    `node_requested(id)`: the person went to the step of a node, which is in the drawing on the canvas. `values_changed`: a mapping
    of node id to `NodeValue` for that drawing, or None where nothing is shown any more.
    """

    node_requested = Signal(str)
    values_changed = Signal(object)

    def __init__(self, editor: Editor, asker: Asker, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("Inside"))
        self._editor, self._asker = editor, asker
        self.walk: Walk | None = None
        self._is_stale, self._is_following = True, False
        self._at: dict[Scope, NodeId] = {}  # the step that the person was at in each drawing
        self.sample, self.model, self.step = SampleBox(), StepModel(self), StepView()
        self.strip = StepStrip(self.model)
        self.play_button = flat_button("play", tr("Play: go on by itself, step by step"))
        self._clock = QTimer(self, interval=PACE)
        self._build()
        self.setFocusProxy(self.strip)
        self._connect()

    @Slot()
    def clear(self) -> None:
        """Another document was opened: forget the sample and its way."""
        self._asker.drop(KEY)
        self.walk, self._is_stale = None, True
        self._at.clear()
        self.pause()
        self.model.show((), self._editor.catalog)
        self.values_changed.emit(None)
        self._stack.setCurrentWidget(self._empty)
        if self.isVisible():
            self._ask()

    def open_sample(self, number: int, part: str = TEST) -> None:
        """Follow the sample with this number in a part, from 0."""
        self.sample.choose(part, number)

    @Slot()
    def play(self) -> None:
        """Go from step to step by itself, from the beginning if the end was reached; once more pauses."""
        if self._clock.isActive():
            self.pause()
            return
        if not self.model.steps:
            return
        if self.strip.currentIndex().row() == len(self.model.steps) - 1:
            self.strip.go_to(0)
        self._clock.start()
        self._show_play("pause", tr("Pause"))

    @Slot()
    def pause(self) -> None:
        """Stop going on by itself."""
        self._clock.stop()
        self._show_play("play", tr("Play: go on by itself, step by step"))

    @property
    def present(self) -> Step | None:
        """The step on show."""
        number = self.strip.currentIndex().row()
        return self.model.steps[number] if 0 <= number < len(self.model.steps) else None

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_stale or self.walk is None:
            self._ask()
        else:
            self._tell()
            self._follow_selection()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.pause()
        self.values_changed.emit(None)

    # ---- asking

    @Slot()
    def _ask(self) -> None:
        """Ask anew; an answer to an older question is dropped."""
        if not self.isVisible():
            self._is_stale = True
            return
        self._is_stale = False
        if self._editor.scope is not None and not self._editor.way:
            self._on_failed(
                msg("No layer of the network uses this block. Put it into the network to see values in it.")
            )
            return
        part, number = self.sample.choice
        run, call = self.sample.place
        way = self._editor.way
        before = self.walk.wish.way if self.walk is not None else ()
        wish = Wish(part, number, way) if way != before else Wish(part, number, way, run, call)
        self._empty.set_hint(tr("The network is being asked…"))
        self._asker.ask(partial(walk_of, wish=wish), self._on_walk, key=KEY, failed=self._on_failed)

    def _on_walk(self, walk: Walk) -> None:
        if walk.scope != self._editor.scope:  # the person went elsewhere meanwhile
            return
        is_new = self.walk is None or self.walk.scope != walk.scope
        self.walk = walk
        self.sample.show_walk(walk, self._note())
        self._stack.setCurrentIndex(1)
        with _Following(self):
            self.model.show(walk.steps, self._asker.project.catalog)
            if is_new or self.present is None:
                self.strip.go_to(self._first_row())
        self._show_step()
        self._tell()

    def _on_failed(self, message: Message) -> None:
        self.pause()
        self.values_changed.emit(None)
        if self.walk is not None and self.walk.scope == self._editor.scope:
            self.sample.complain(message)
            return
        self.walk = None
        self._empty.set_hint(str(message))
        self._stack.setCurrentWidget(self._empty)

    def _note(self) -> Message | None:
        """What is to be known about the network that answers."""
        if not self._asker.is_trained:
            return UNTRAINED
        trained, drawn = self._asker.project, self._editor.project
        same = trained.definitions == drawn.definitions and not diff(trained.graph, drawn.graph).in_meaning
        return None if same else OTHER

    # ---- steps

    def _first_row(self) -> int:
        """The step of the selected node, else the one that the person was at, else the first."""
        here = (*self._editor.selection, *filter(None, (self._at.get(self._editor.scope),)))
        return next((row for node in here if (row := self.model.row_of(node)) >= 0), 0)

    @Slot(int)
    def _on_stepped(self, _row: int) -> None:
        self._show_step()
        step = self.present
        if step is not None and not self._is_following and step.node in self._editor.graph.nodes:
            with _Following(self):
                self.node_requested.emit(step.node)

    def _show_step(self) -> None:
        step = self.present
        if step is not None:
            self._at[self._editor.scope] = step.node
            self.step.show_step(step, self._asker.project.catalog)

    @Slot()
    def _follow_selection(self) -> None:
        """A node was selected on the canvas: go to its step."""
        if self._is_following or not self.isVisible() or len(self._editor.selection) != 1:
            return
        (node,) = self._editor.selection
        number = self.model.row_of(node) if self.walk is not None and self.walk.scope == self._editor.scope else -1
        if number >= 0 and number != self.strip.currentIndex().row():
            with _Following(self):
                self.strip.go_to(number)

    @Slot()
    def _on_tick(self) -> None:
        number = self.strip.currentIndex().row() + 1
        if number < len(self.model.steps):
            self.strip.go_to(number)
        if number >= len(self.model.steps) - 1:
            self.pause()

    def _tell(self) -> None:
        """Show the values on the canvas."""
        if self.walk is not None and self.walk.scope == self._editor.scope and self.isVisible():
            shown = {step.node: _value_of(step) for step in self.walk.steps if step.gives}
            self.values_changed.emit(shown)

    def _show_play(self, name: str, text: str) -> None:
        self.play_button.setIcon(icon(name, "muted"))
        self.play_button.setToolTip(text)
        self.play_button.setAccessibleName(text)

    # ---- following

    @Slot()
    def _on_subject_changed(self) -> None:
        self._ask()

    @Slot(object)
    def _on_scope_changed(self, _scope: Scope) -> None:
        self.pause()
        QTimer.singleShot(0, self, self._ask)  # the way there is known a moment later

    @Slot(object)
    def _on_changed(self, change: Change) -> None:
        """An edit: before training it is another network; afterwards only what is said about it changes."""
        if change.old.graph is change.new.graph and change.old.definitions is change.new.definitions:
            return
        if self._asker.is_trained:
            if self.walk is not None:
                self.sample.complain(self._note())
        elif change.old.definitions != change.new.definitions or diff(change.old.graph, change.new.graph).in_meaning:
            self._is_stale = True

    @Slot()
    def _on_analysed(self) -> None:
        """The drawing is understood again after an edit."""
        if self._is_stale and not self._asker.is_trained and self._editor.analysis.complete:
            self._ask()

    # ---- parts

    def _connect(self) -> None:
        self.sample.chosen.connect(self._ask)
        self.strip.stepped.connect(self._on_stepped)
        self.play_button.clicked.connect(self.play)
        self._clock.timeout.connect(self._on_tick)
        self._asker.subject_changed.connect(self._on_subject_changed)
        self._editor.selection_changed.connect(self._follow_selection)
        self._editor.scope_changed.connect(self._on_scope_changed)
        self._editor.changed.connect(self._on_changed)
        self._editor.analysed.connect(self._on_analysed)

    def _build(self) -> None:
        hint = tr("One sample on its way through the network: what each layer takes, computes and gives.")
        self._empty = EmptyState("eye", tr("Nothing to follow yet"), hint)
        way = row(spacing=GRID)
        way.addWidget(self.play_button, 0, Qt.AlignmentFlag.AlignVCenter)
        way.addWidget(self.strip, 1)
        right = column(spacing=GRID)
        right.addLayout(way)
        right.addWidget(rule())
        across = CardRow()  # in a narrow window it is scrolled: the window does not grow with it
        across.row.setContentsMargins(0, 0, 0, 0)
        across.row.addWidget(self.step)
        right.addWidget(across, 1)
        page = QWidget()
        layout = row(page, spacing=MARGIN)
        layout.setContentsMargins(MARGIN, GRID, MARGIN, GRID)
        layout.addWidget(self.sample)
        layout.addLayout(right, 1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(page)


class _Following:
    """Inside, the panel goes where it is led, and leads nobody."""

    def __init__(self, panel: InsidePanel) -> None:
        self._panel = panel

    def __enter__(self) -> None:
        self._before, self._panel._is_following = self._panel._is_following, True

    def __exit__(self, *_error: object) -> None:
        self._panel._is_following = self._before


def _value_of(step: Step) -> NodeValue:
    """What a node gave, for its card and its wires."""
    first = next(iter(step.gives.values()))

    def picture(size: QSize, ratio: float) -> QImage:
        return thumbnail(first, size, ratio)

    def text(port: str) -> str:
        return described(step.gives[port]) if port in step.gives else ""

    return NodeValue(picture, text)

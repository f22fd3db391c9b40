"""Tries the network of the last run on whatever a person enters: a panel that suits its inputs and outputs by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QStackedLayout, QWidget

from graph.messages import Message, msg, tr
from gui.figures import grouped
from gui.panels.empty import EmptyState
from gui.panels.parts import MARGIN, ElidedLabel, column, flat_button, label, row
from gui.panels.try_entries import WordField
from gui.panels.try_questions import Questions
from gui.panels.try_views import PlainView, View, make_view
from gui.style import set_property
from gui.theme import GRID, theme
from runtime import trying
from runtime.trying import CODE, NOISE, Taken, Trying, Way

if TYPE_CHECKING:
    from gui.asker import Asker

CALM = 250  # milliseconds between a change of the network and a look at it
DESCRIBE, SAMPLE = "describe", "sample"
SUBJECTS = {
    (True, True): msg("Run {name}, best weights so far"),
    (True, False): msg("Run {name}, last weights so far"),
    (False, True): msg("Run {name}, its best weights"),
    (False, False): msg("Run {name}, its last weights"),
}  # by whether it is learning, and whether it knows which weights are the best


class TryPanel(QWidget):
    """Asks the network that `asker` asks. It does nothing before it is shown, and keeps what is entered while it fits."""

    def __init__(self, asker: Asker, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._asker = asker
        self._questions = Questions(asker, self)
        self.trying: Trying | None = None
        self.view: View | None = None
        self._number = 0  # of the sample on show
        self._is_sample = False
        self._is_stale = True
        self._calm = QTimer(self, singleShot=True, interval=CALM)
        self._calm.timeout.connect(self._describe)
        self._build()
        asker.subject_changed.connect(self._on_subject_changed)

    @Slot()
    def clear(self) -> None:
        """Another document was opened: forget what was tried."""
        self._drop_view()
        self._questions.drop()
        self._number = 0
        self.trying, self._is_stale = None, True
        self._stack.setCurrentWidget(self.empty)
        if self.isVisible():
            self._on_subject_changed()

    # ---- parts

    def _build(self) -> None:
        self._waiting = tr("Looking at what this network takes and gives…")
        self.empty = EmptyState("play", tr("Try the network"), self._waiting)
        self.way, self.form = WordField(tr("Enter"), ()), WordField(tr("Show"), ())
        for field in (self.way, self.form):
            field.setSizeAdjustPolicy(field.SizeAdjustPolicy.AdjustToContents)
        self._way_name, self._form_name = label(tr("Enter"), tone="muted"), label(tr("Show"), tone="muted")
        self.back = flat_button("chevron-left", tr("The sample before"))
        self.next = flat_button("chevron-right", tr("The next sample"))
        self.sample = label("", tone="muted")
        self.sample.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.subject = ElidedLabel(tone="faint", align_right=True)
        self._samples = QWidget()
        samples = row(self._samples, spacing=GRID)
        for widget in (self.back, self.sample, self.next):
            samples.addWidget(widget)
        line = row(spacing=2 * GRID)
        line.setContentsMargins(MARGIN, GRID, MARGIN, 0)
        for widget in (self._way_name, self.way, self._form_name, self.form, self._samples):
            line.addWidget(widget)
        line.addWidget(self.subject, 1)
        self._page = QWidget()
        self._body = column(self._page)
        self._body.addLayout(line)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._page)
        for button in (self.back, self.next):
            button.clicked.connect(self._on_step)
        self.way.activated.connect(self._on_way)
        self.form.activated.connect(self._on_form)
        theme.changed.connect(self._use_scale)
        self._use_scale()

    @Slot()
    def _use_scale(self) -> None:
        for field in (self.way, self.form):
            field.setMinimumWidth(theme.px(130))
            field.setMaximumWidth(theme.px(240))
        self.sample.setMinimumWidth(theme.px(140))

    # ---- the network

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_stale:
            self._describe()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._calm.stop()

    @Slot()
    def _on_subject_changed(self) -> None:
        """Another network answers, or the same one with better weights."""
        self._is_stale = True
        if self.isVisible():
            self._calm.start()

    @Slot()
    def _describe(self) -> None:
        self._is_stale = False
        if self.trying is None:
            self.empty.set_hint(self._waiting)
        self._questions.ask(DESCRIBE, trying.describe, self._take_trying, self._on_failed)

    def _take_trying(self, found: Trying) -> None:
        self._show_subject()
        if self.view is not None and found == self.trying:
            self.view.refresh()
            return
        self.trying = found
        if not found.ways:
            self._drop_view()
            self.empty.set_hint(
                tr("No output of this network depends on data or on noise. Wire a data node to it, and train.")
            )
            self._stack.setCurrentWidget(self.empty)
            return
        self.way.clear()
        self.way.addItems([_way_title(way) for way in found.ways])
        self._show_field(self.way, self._way_name, len(found.ways) > 1)
        self._stack.setCurrentWidget(self._page)
        self._on_way()

    def _on_failed(self, message: Message) -> None:
        """The network cannot be asked now, as when it has just begun to learn: say why. What is entered stays."""
        self._show_subject()
        if self.view is not None:
            self.view.complain(str(message))
            return
        self.empty.set_hint(str(message))
        self._stack.setCurrentWidget(self.empty)

    def _show_subject(self) -> None:
        """Say which network answers."""
        run, tone, tip = self._asker.run, "faint", ""
        if run is None:
            text, tone = tr("Not trained yet: its random first weights answer."), "warning"
        elif not self._asker.is_current:
            text, tone = tr("Run {name}, of an earlier drawing than the one on the canvas.", name=run.name), "warning"
            tip = tr("Train again to try the network that is on the canvas now.")
        else:
            text = str(replace(SUBJECTS[self._asker.is_learning, self._asker.has_best], values={"name": run.name}))
        set_property(self.subject, "tone", tone)
        self.subject.setText(text)
        self.subject.setAccessibleName(text)
        self.subject.setToolTip(tip)

    # ---- ways and answers

    @property
    def _chosen(self) -> Way:
        assert self.trying is not None
        return self.trying.ways[max(0, self.way.currentIndex())]

    @Slot()
    def _on_way(self) -> None:
        assert self.trying is not None
        way = self._chosen
        self.form.clear()
        self.form.addItems([form.name for form in way.forms])
        self._show_field(self.form, self._form_name, len(way.forms) > 1)
        self._drop_view()
        self.view = make_view(self._asker, self.trying, way, way.forms[0])
        self.view.edited.connect(self._on_edited)
        self._body.addWidget(self.view, 1)
        takes_samples = way.kind != NOISE or len(way.entries) > 1
        self._samples.setVisible(takes_samples and self.trying.samples > 0)
        self._number = min(self._number, max(0, self.trying.samples - 1))
        self._show_number()
        if takes_samples and self.trying.samples:
            self._take(self._number)
        else:
            self.view.refresh()

    @Slot()
    def _on_form(self) -> None:
        if isinstance(self.view, PlainView):
            self.view.show_form(self._chosen.forms[self.form.currentIndex()])

    def _drop_view(self) -> None:
        self._questions.drop(SAMPLE)
        if self.view is not None:
            self.view.stop()
            self._body.removeWidget(self.view)
            self.view.hide()
            self.view.deleteLater()
            self.view = None

    @staticmethod
    def _show_field(field: QWidget, name: QWidget, is_needed: bool) -> None:
        field.setVisible(is_needed)
        name.setVisible(is_needed)

    # ---- samples

    @Slot()
    def _on_step(self) -> None:
        """The next sample or the one before; from what was entered by hand, back to the sample."""
        assert self.trying is not None
        step = 0 if not self._is_sample else 1 if self.sender() is self.next else -1
        self._take((self._number + step) % self.trying.samples)

    def _take(self, number: int) -> None:
        assert self.trying is not None
        found, way = self.trying, self._chosen
        self._number, self._is_sample = number, True
        self._show_number()
        self._questions.ask(
            SAMPLE, lambda trained: trying.take(trained, found, way, number), self._show_sample, self._on_failed
        )

    def _show_sample(self, taken: Taken) -> None:
        if self.view is not None:
            self.view.show_sample(taken, self._number)

    @Slot()
    def _on_edited(self) -> None:
        self._questions.drop(SAMPLE)
        self._is_sample = False
        self._show_number()

    def _show_number(self) -> None:
        if self.trying is None:
            return
        parts = {"test": tr("Test sample"), "validation": tr("Validation sample"), "train": tr("Training sample")}
        values = {
            "part": parts[self.trying.part],
            "number": grouped(self._number + 1),
            "count": grouped(self.trying.samples),
        }
        text = tr("{part} {number} of {count}", **values) if self._is_sample else tr("Your own input")
        self.sample.setText(text)


def _way_title(way: Way) -> str:
    if way.kind in (NOISE, CODE):
        return tr("sliders at {name}", name=way.at)
    return ", ".join(entry.name for entry in way.entries)

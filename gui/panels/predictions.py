"""What the trained network says of test samples: figures, confusion matrix, and the samples one by one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QStackedLayout, QWidget

from graph.figure_titles import title_of
from graph.messages import tr
from gui.figures import figure, grouped
from gui.panels.card import Card
from gui.panels.confusion import ConfusionCard
from gui.panels.empty import EmptyState
from gui.panels.legend import Choice
from gui.panels.parts import CardRow, FactList, label
from gui.panels.samples import NumberTable, SampleGrid, SampleModel, is_wrong
from gui.theme import GRID, theme
from runtime.events import Event, Failed, Figures, RunStarted, SamplePrediction, Stopped, Tested

if TYPE_CHECKING:
    from gui.panels.scatter import ScatterCard

FIGURES_WIDTH, CONFUSION_WIDTH = 216, 260  # pixels at 100 %
ALL, WRONG, CELL = range(3)
FIRST = 64  # samples of the test part that are shown whatever the network says of them


class PredictionsPanel(QWidget):
    """Takes the events of a run; shows something from its test on."""

    failed = Signal(object)  # Message: a picture could not be written
    exported = Signal(object)  # Path
    sample_activated = Signal(int)  # the number of a sample in the test part

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tested: Tested | None = None
        self.figures = FiguresCard()
        self.confusion = ConfusionCard(tr("Confusion (test)"))
        self.samples = SamplesCard()
        self.table = NumberTable()
        self.scatter: ScatterCard | None = None
        self._build()

    @Slot(object)
    def take(self, events: Iterable[Event]) -> None:
        """Show the test, if it happened."""
        for event in events:
            if isinstance(event, RunStarted):
                self.clear()
                self._empty.set_hint(
                    tr("The network is learning. When the run has ended, it is tested, and this shows how.")
                )
            elif isinstance(event, Stopped | Failed):
                self._empty.set_hint(self._how_to)
            elif isinstance(event, Tested):
                self._show(event)

    @Slot()
    def clear(self) -> None:
        """Forget the test."""
        self.tested = None
        self._empty.set_hint(self._how_to)
        self._stack.setCurrentWidget(self._empty)

    def _build(self) -> None:
        self._how_to = tr("Train the network to see here what it says of samples that it has never seen.")
        self._empty = EmptyState("image", tr("No predictions yet"), self._how_to)
        page = CardRow()
        self._row = page.row
        self._table_card = Card(tr("Samples"))
        self._table_card.body.addWidget(self.table, 1)
        theme.changed.connect(self._use_scale)
        self._use_scale()
        for card, share in ((self.figures, 0), (self.confusion, 2), (self.samples, 5), (self._table_card, 3)):
            self._row.addWidget(card, share)
        self.confusion.view.cell_clicked.connect(self.samples.show_cell)
        self.samples.sample_activated.connect(self.sample_activated)
        self.table.sample_activated.connect(self.sample_activated)
        self.confusion.failed.connect(self.failed)
        self.confusion.exported.connect(self.exported)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(page)

    @Slot()
    def _use_scale(self) -> None:
        self.confusion.setMinimumWidth(theme.px(CONFUSION_WIDTH))

    def _show(self, tested: Tested) -> None:
        self.tested = tested
        is_classes = bool(tested.confusion)
        self.figures.show_figures(tested.test)
        if is_classes:
            self.confusion.view.set_confusion(tested.confusion, tested.classes)
            self.samples.show_samples(tested)
        elif tested.predictions:
            self._show_numbers(tested)
        self.confusion.setVisible(is_classes)
        self.samples.setVisible(is_classes and bool(tested.predictions))
        self._table_card.setVisible(not is_classes and bool(tested.predictions))
        if self.scatter:
            self.scatter.setVisible(not is_classes and bool(tested.predictions))
        self._stack.setCurrentIndex(1)

    def _show_numbers(self, tested: Tested) -> None:
        self.table.show_samples(tested.predictions)
        if self.scatter is None:
            from gui.panels.scatter import ScatterCard

            self.scatter = ScatterCard(tr("Predicted against true"))
            self._row.insertWidget(1, self.scatter, 3)
        first = [
            sample for sample in tested.predictions if sample.number < FIRST
        ]  # the worst alone would paint it black
        self.scatter.set_points([sample.target for sample in first], [sample.prediction for sample in first])


class FiguresCard(Card):
    """The figures of the test: what people ask for first in big digits, the others below, the loss last."""

    def __init__(self) -> None:
        super().__init__(tr("Test"))
        self.number, self.name = label(""), label("", tone="muted")
        self.number.setProperty("tone", "figure")
        self.others = FactList()
        for widget in (self.number, self.name):
            self.body.addWidget(widget)
        self.body.addSpacing(2 * GRID)
        self.body.addWidget(self.others)
        self.body.addStretch(1)
        theme.changed.connect(self._use_width)
        self._use_width()

    @Slot()
    def _use_width(self) -> None:
        self.setFixedWidth(theme.px(FIGURES_WIDTH))

    def show_figures(self, figures: Figures) -> None:
        """Show these figures."""
        ordered = sorted(figures.items(), key=lambda entry: entry[0] == "loss")
        texts = [(title_of(key), figure(value)) for key, value in ordered] or [("", "")]
        (name, number), *others = texts
        self.name.setText(name)
        self.number.setText(number)
        self.others.set_facts(others)


class SamplesCard(Card):
    """Tiles of test samples: the first ones, the worst mistakes, or some of one cell of the confusion matrix.

    `sample_activated(number)`: a tile was clicked, or Enter pressed on it; the number is that in the test part.
    """

    sample_activated = Signal(int)

    def __init__(self) -> None:
        super().__init__(tr("Samples"))
        self._tested = Tested({})
        self._cell = (0, 0)
        self.model = SampleModel(self)
        self.buttons = [Choice(), Choice(), Choice()]
        self.header.setSpacing(4 * GRID)
        group = QButtonGroup(self)
        for number, button in enumerate(self.buttons):
            group.addButton(button, number)
            self.header.addWidget(button)
        group.idClicked.connect(self._choose)
        self.grid = SampleGrid(self.model)
        self.grid.clicked.connect(self._on_activated)
        self.grid.activated.connect(self._on_activated)
        self.body.addWidget(self.grid, 1)

    def show_samples(self, tested: Tested) -> None:
        """Show the samples of a test."""
        self._tested = tested
        wrong = sum(map(is_wrong, tested.predictions))
        first = sum(sample.number < FIRST for sample in tested.predictions)
        self.buttons[ALL].setText(tr("The first {count}", count=first))
        self.buttons[WRONG].setText(tr("Worst mistakes ({count})", count=wrong))
        self.buttons[WRONG].setToolTip(tr("Wrong answers, those first that the network was surest of."))
        self.buttons[CELL].hide()
        self._choose(ALL)

    @Slot(int, int)
    def show_cell(self, true: int, predicted: int) -> None:
        """Show the samples of one cell of the confusion matrix."""
        self._cell = (true, predicted)
        names = {"true": self.model.name(true), "predicted": self.model.name(predicted)}
        self.buttons[CELL].setText(tr("True {true}, predicted {predicted}", **names))
        self.buttons[CELL].show()
        self._choose(CELL)

    @Slot(int)
    def _choose(self, choice: int) -> None:
        self.buttons[choice].setChecked(True)
        samples = [sample for sample in self._tested.predictions if self._fits(choice, sample)]
        if choice != ALL:  # the worst mistakes first
            samples.sort(key=lambda sample: -(sample.confidence or 0.0))
        values = {"count": grouped(len(samples)), "total": grouped(self._total(choice))}
        self.title.setText(tr("Samples: {count} of {total}", **values))
        self.model.show(samples, self._tested.classes)

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        self.sample_activated.emit(self.model.samples[index.row()].number)

    def _total(self, choice: int) -> int:
        """How many samples of the test are such ones; only some of them may have been kept."""
        confusion = self._tested.confusion
        if choice == CELL:
            return confusion[self._cell[0]][self._cell[1]]
        right = sum(line[number] for number, line in enumerate(confusion))
        return sum(map(sum, confusion)) - (right if choice == WRONG else 0)

    def _fits(self, choice: int, sample: SamplePrediction) -> bool:
        if choice == CELL:
            return (sample.target, sample.prediction) == self._cell
        return is_wrong(sample) if choice == WRONG else sample.number < FIRST

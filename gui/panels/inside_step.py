"""One step in large: what it takes, its formula with the sizes filled in and its lines of code, what leaves it."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QCheckBox, QFrame, QLabel, QSizePolicy, QWidget

from graph.catalog import Catalog
from graph.catalog.formulas import Filled, marked_up
from graph.messages import tr
from gui.panels.inside_views import HistogramView, PortraitView, fact_rows, first_numbers
from gui.panels.parts import ElidedLabel, FactList, ScrollColumn, column, label, row
from gui.panels.search import label_of
from gui.theme import GRID, theme
from runtime.portraits import MAPS
from runtime.portraits_steps import Step, Taken

FACTS_WIDTH, FORMULA_WIDTH, FORMULA = 220, 260, 15  # pixels at 100 %
MOST_TAKEN, MOST_GIVEN = 3, 2  # values that are drawn


class StepView(QWidget):
    """Inputs, formula, outputs, and the figures of the first output."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("The present step"))
        self.takes = [PortraitView() for _ in range(MOST_TAKEN)]
        self.gives = [PortraitView() for _ in range(MOST_GIVEN)]
        self.words = FormulaView()
        self.facts, self.histogram, self.numbers = FactList(), HistogramView(), ElidedLabel(tone="muted", mono=True)
        self.own = QCheckBox(tr("Each map its own colors"))
        self.own.setToolTip(tr("Otherwise all maps share one scale, so that strong and weak ones can be told apart"))
        self.own.toggled.connect(self._on_own)
        layout = row(self, spacing=3 * GRID)
        for view in self.takes:
            layout.addWidget(view, 2)
        layout.addWidget(self.words, 6)
        layout.addLayout(self._make_outputs(), 5)
        self._side = self._make_facts()
        layout.addWidget(self._side)
        theme.changed.connect(self._use_scale)
        self._use_scale()

    def show_step(self, step: Step, catalog: Catalog) -> None:
        """Show a step."""
        self.words.show_step(step, catalog)
        sources: dict[str, list[Taken]] = {}
        for taken in step.takes:
            sources.setdefault(taken.name, []).append(taken)
        for view in self.takes[len(sources) :]:
            view.hide()
        for view, (name, taken) in zip(self.takes, sources.items(), strict=False):
            ports = ", ".join(entry.port for entry in taken)
            view.show_portrait(taken[0].portrait, f"{ports} ← {name}", absent=tr("Not computed"))
            view.show()
        given = list(step.gives.items())
        for number, view in enumerate(self.gives):
            view.setVisible(number < max(1, len(given)))
            if number < len(given):
                view.show_portrait(given[number][1], f"{given[number][0]} →")
        if not given:
            self.gives[0].show_portrait(None, absent=_why_nothing(step))
        first = given[0][1] if given else None
        self.own.setVisible(any(portrait.kind == MAPS for _, portrait in given))
        self._side.setVisible(first is not None)
        self.histogram.show_portrait(first)
        self.facts.set_facts(fact_rows(first) if first is not None else [])
        self.numbers.setText(first_numbers(first) if first is not None else "")
        self.numbers.setToolTip("")

    def _make_outputs(self):
        outputs, views = column(spacing=GRID), row()
        for view in self.gives:
            views.addWidget(view, 1)
        outputs.addLayout(views, 1)
        outputs.addWidget(self.own)
        return outputs

    def _make_facts(self) -> QWidget:
        side = ScrollColumn(spacing=GRID)
        side.column.setContentsMargins(0, 0, 0, 0)
        side.column.addWidget(self.facts)
        side.column.addWidget(self.numbers)
        side.column.addWidget(self.histogram, 1)
        return side

    @Slot(bool)
    def _on_own(self, own: bool) -> None:
        for view in (*self.takes, *self.gives):
            view.set_own(own)

    @Slot()
    def _use_scale(self) -> None:
        self._side.setFixedWidth(theme.px(FACTS_WIDTH))


class FormulaView(ScrollColumn):
    """Name and type of a node, its formula, what that is with sizes, what its signs mean, its lines of code."""

    def __init__(self) -> None:
        super().__init__(spacing=GRID)
        self.column.setContentsMargins(0, 0, 2 * GRID, 0)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(tr("Formula"))
        self.title, self.formula = label("", wrap=True), label("", wrap=True)
        self.sizes, self.code = label("", tone="accent", mono=True, wrap=True), label("", mono=True, wrap=True)
        self.where, self.source = label("", tone="muted", wrap=True), label("", tone="faint", wrap=True)
        for part in (self.title, self.formula, self.where, self.sizes):
            part.setTextFormat(Qt.TextFormat.RichText)
        for part in (self.title, self.formula, self.sizes, self.code, self.where, self.source):
            self.column.addWidget(part)
        self.code.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.column.addStretch(1)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self._use_scale)
        self._use_scale()

    def show_step(self, step: Step, catalog: Catalog) -> None:
        """Show the words of a step."""
        node_type = catalog.get(step.type_id)
        kind = label_of(node_type) if node_type is not None else step.type_id
        self.title.setText(f"<b>{escape(step.name)}</b> · {escape(kind)}")
        filled = step.formula
        if filled is None:
            self.formula.setText(escape(tr("No formula is known for this: its line says what it computes.")))
        else:
            self.formula.setText("<br>".join(map(to_html, filled.lines)))
        self._show("sizes", "<br>".join(map(to_html, filled.sizes)) if filled else "")
        self._show("where", _meanings(filled) if filled else "")
        self._show("code", "\n".join(f"{number}  {text}" for number, text in step.code))
        self._show("source", tr("Formula: {source}", source=filled.source) if filled and filled.source else "")
        self.setAccessibleDescription(f"{step.name}: {plain_text(filled)}" if filled else step.name)
        self.verticalScrollBar().setValue(0)

    def _show(self, name: str, text: str) -> None:
        part: QLabel = getattr(self, name)
        part.setText(text)
        part.setVisible(bool(text))

    @Slot()
    def _use_scale(self) -> None:
        font = QFont(self.font())
        font.setPixelSize(theme.px(FORMULA))
        self.formula.setFont(font)
        self.setMinimumWidth(theme.px(FORMULA_WIDTH))


def to_html(line: str) -> str:
    """A line of a formula as rich text."""
    tags = {0: "{}", -1: "<sub>{}</sub>", 1: "<sup>{}</sup>"}
    text = "".join(tags[level].format(escape(piece)) for piece, level in marked_up(line))
    return text.replace("   ", "&nbsp;&nbsp;&nbsp; ")


def plain_text(filled: Filled) -> str:
    """A formula as a line of letters alone, for screen readers."""
    return "; ".join("".join(piece for piece, _ in marked_up(line)) for line in (*filled.lines, *filled.sizes))


def _meanings(filled: Filled) -> str:
    said = [f"{to_html(sign)}: {escape(str(meaning))}" for sign, meaning in filled.where]
    note = [escape(str(filled.note))] if filled.note is not None else []
    return "<br>".join([*note, *(["; ".join(said)] if said else [])])


def _why_nothing(step: Step) -> str:
    if step.type_id.startswith("layerloom.metrics."):
        return tr("A metric is measured over many samples.")
    if step.type_id == "layerloom.Output":
        return tr("What arrives here leaves the drawing.")
    return tr("Nothing is computed here: nothing that runs depends on it.")

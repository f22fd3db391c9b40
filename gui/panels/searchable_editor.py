"""The card below a field in which a person says what a sweep tries there: a range, or values to choose from."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFrame,
    QGridLayout,
    QListWidget,
    QListWidgetItem,
    QWidget,
)

from graph.catalog import Kind, Param
from graph.messages import EditError, msg, tr
from graph.model import Value
from graph.search import Options, Space, Span
from gui.panels.fields import EntryField
from gui.panels.legend import Choice
from gui.panels.line_field import LineField
from gui.panels.parts import column, complain, flat_button, label, row, small_button
from gui.panels.searchable_spaces import (
    SPANNED,
    Labels,
    Words,
    check_span,
    list_text,
    plain_param,
    read_list,
    suggested,
)
from gui.style import set_property
from gui.theme import GRID, theme

ROW, MOST_ROWS = 26, 7  # pixels at 100 % of a value to tick, and how many are seen at once
MIN_COUNT, MAX_COUNT = 2, 1000


class SpaceEditor(QFrame):
    """`edited(Space)`: the person wants other values. `removed()`: none are to be tried. `closed()`: the card is done with.

    Only what fits is told; else the reason stands in the card.
    """

    edited = Signal(object)
    removed = Signal()
    closed = Signal()

    def __init__(self, param: Param, *, labels: Labels | None = None, words: Words | None = None) -> None:
        super().__init__()
        self.setProperty("kind", "card")
        self.setAccessibleName(tr("What a sweep tries for {name}", name=param.name))
        self._param, self._words = param, dict(words or {})
        self._space: Space | None = None
        self._complaint = label("", tone="error", wrap=True)
        self._complaint.hide()
        self.range, self.list, self.ticks = (
            _RangePage(param),
            _ListPage(param, self._words),
            _TickPage(param, labels or {}),
        )
        self.range_choice, self.list_choice = Choice(tr("Range")), Choice(tr("List"))
        self.remove_button = small_button(tr("Do not search"), "close")
        self.close_button = flat_button("chevron-up", tr("Close"))
        self._lay_out()
        self._connect()

    def show_space(self, space: Space) -> None:
        """Show what is tried now; what is being entered and does not fit stays."""
        if space == self._space:
            return
        self._space = space
        complain(self._complaint, None)
        if isinstance(space, Span):
            self.range.show_span(space)
            self._show_page(self.range)
        elif self._param.kind is Kind.CHOICE:
            self.ticks.show_options(space)
            self._show_page(self.ticks)
        elif self._param.kind is not Kind.BOOL:
            self.list.show_options(space)
            self._show_page(self.list)

    def enter(self) -> None:
        """Put the cursor into the first field."""
        first = {Kind.BOOL: self.remove_button, Kind.CHOICE: self.ticks.list}.get(self._param.kind)
        if first is None:
            first = self.range.low if self.range_choice.isChecked() else self.list.field
        first.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if isinstance(first, LineField):
            first.selectAll()

    @property
    def complaint(self) -> str:
        """Why what stands in the fields does not fit; empty if it does."""
        return self._complaint.text()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        elif event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)

    # ---- machinery

    def _lay_out(self) -> None:
        head = row(spacing=2 * GRID)
        group = QButtonGroup(self)
        for choice in (self.range_choice, self.list_choice):
            group.addButton(choice)
            head.addWidget(choice)
            choice.setVisible(self._param.kind in SPANNED)
        if self._param.kind not in SPANNED:
            is_flag = self._param.kind is Kind.BOOL
            head.addWidget(label(tr("A sweep tries both.") if is_flag else tr("Values to try"), tone="muted"))
        head.addStretch(1)
        head.addWidget(self.close_button)
        layout = column(self, spacing=2 * GRID)
        layout.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
        layout.addLayout(head)
        for page in (self.range, self.list, self.ticks):
            page.setParent(self)
            page.hide()
            layout.addWidget(page)
        layout.addWidget(self._complaint)
        layout.addWidget(self.remove_button, 0, Qt.AlignmentFlag.AlignLeft)

    def _connect(self) -> None:
        self.close_button.clicked.connect(self.closed)
        self.remove_button.clicked.connect(self.removed)
        self.range_choice.clicked.connect(lambda: self._switch(self.range))
        self.list_choice.clicked.connect(lambda: self._switch(self.list))
        for page in (self.range, self.list, self.ticks):
            page.edited.connect(self._take)
            page.rejected.connect(lambda reason: complain(self._complaint, reason))

    def _show_page(self, page: QWidget) -> None:
        for other in (self.range, self.list, self.ticks):
            other.setVisible(other is page)
        self.range_choice.setChecked(page is self.range)
        self.list_choice.setChecked(page is self.list)

    def _switch(self, page: QWidget) -> None:
        """From a range to values in it, or from values to the range around them."""
        space = self._space
        if page is self.list and isinstance(space, Span):
            self._take(Options(_values_in(space, self._param)))
        elif page is self.range and isinstance(space, Options):
            self._take(_span_around(space, self._param, self._words))
        self.enter()

    def _take(self, space: Space) -> None:
        try:
            if isinstance(space, Span):
                check_span(space, self._param)
        except EditError as error:
            complain(self._complaint, error.message)
            return
        complain(self._complaint, None)
        if space != self._space:
            self.edited.emit(space)


class _RangePage(QWidget):
    """From, to, and on which scale. `edited(Span)`; `rejected(Message or None)`: why an entry is no number."""

    edited = Signal(object)
    rejected = Signal(object)

    def __init__(self, param: Param) -> None:
        super().__init__()
        self._span = Span(0, 1)
        self._is_whole_kind = param.kind is Kind.INT
        end = replace(plain_param(param), choices=())
        self.low, self.high = EntryField(end), EntryField(end)
        self.log, self.whole = QCheckBox(tr("Logarithmic")), QCheckBox(tr("Whole numbers"))
        self.count = EntryField(
            Param(name="count", kind=Kind.INT, default=5, minimum=MIN_COUNT, maximum=MAX_COUNT, help="")
        )
        self.log.setToolTip(tr("As likely between 0.001 and 0.01 as between 0.01 and 0.1."))
        self.whole.setVisible(not self._is_whole_kind)
        names = (tr("From"), tr("To"), tr("Values in a grid"))
        for field, name in zip((self.low, self.high, self.count), names, strict=True):
            field.setAccessibleName(name)
            field.rejected.connect(self.rejected)
        self.low.committed.connect(lambda value: self._change(low=float(value)))
        self.high.committed.connect(lambda value: self._change(high=float(value)))
        self.count.committed.connect(lambda value: self._change(count=value))
        self.log.clicked.connect(lambda on: self._change(log=on))
        self.whole.clicked.connect(lambda on: self._change(whole=on))
        self._lay_out(names)

    def show_span(self, span: Span) -> None:
        """Show a span."""
        self._span = span
        for field, value in ((self.low, span.low), (self.high, span.high)):
            field.show_value(int(value) if self._is_whole_kind else value)
        self.count.show_value(span.count)
        self.log.setChecked(span.log)
        self.whole.setChecked(span.whole)

    def _change(self, **parts: object) -> None:
        self._span = replace(self._span, **parts)  # type: ignore[arg-type]
        self.edited.emit(self._span)

    def _lay_out(self, names: tuple[str, ...]) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(2 * GRID)
        grid.setVerticalSpacing(GRID + 2)
        for i, (field, name) in enumerate(zip((self.low, self.high), names, strict=False)):
            grid.addWidget(label(name, tone="muted"), 0, 2 * i)
            grid.addWidget(field, 0, 2 * i + 1)
            grid.setColumnStretch(2 * i + 1, 1)
        grid.addWidget(self.log, 1, 0, 1, 4)
        grid.addWidget(self.whole, 2, 0, 1, 4)
        line = row()
        line.addWidget(label(names[2], tone="muted"))
        self.count.setFixedWidth(theme.px(64))
        line.addWidget(self.count)
        line.addStretch(1)
        grid.addLayout(line, 3, 0, 1, 4)


class _ListPage(QWidget):
    """Values with commas between them."""

    edited = Signal(object)
    rejected = Signal(object)

    def __init__(self, param: Param, words: Words) -> None:
        super().__init__()
        self._param, self._words, self._shown = param, words, ""
        self.field = LineField()
        self.field.setProperty("mono", True)
        self.field.setAccessibleName(tr("Values to try, with commas between them"))
        self.field.setToolTip(self.field.accessibleName())
        self.field.editingFinished.connect(self._finish)
        column(self).addWidget(self.field)

    def show_options(self, options: Options) -> None:
        """Show values."""
        self._shown = list_text(options.values, self._param, self._words)
        self.field.setText(self._shown)
        set_property(self.field, "invalid", False)

    def _finish(self) -> None:
        if self.field.text() == self._shown:
            return
        try:
            options = read_list(self.field.text(), self._param, self._words)
        except EditError as error:
            set_property(self.field, "invalid", True)
            self.rejected.emit(error.message)
            return
        set_property(self.field, "invalid", False)
        self.rejected.emit(None)
        self.edited.emit(options)


class _TickPage(QWidget):
    """Words to tick, at least two of them."""

    edited = Signal(object)
    rejected = Signal(object)

    def __init__(self, param: Param, labels: Labels) -> None:
        super().__init__()
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Values to try"))
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setProperty("kind", "ticks")
        for choice in param.choices:
            item = QListWidgetItem(labels.get(choice, choice))
            item.setData(Qt.ItemDataRole.UserRole, choice)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Unchecked)
            self.list.addItem(item)
        self.list.setFixedHeight(theme.px(ROW) * min(MOST_ROWS, max(1, len(param.choices))) + 2)
        self.list.itemChanged.connect(self._on_changed)
        column(self).addWidget(self.list)

    def show_options(self, options: Options) -> None:
        """Tick these values."""
        self.list.blockSignals(True)
        for item in self._items:
            ticked = item.data(Qt.ItemDataRole.UserRole) in options.values
            item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
        self.list.blockSignals(False)

    @property
    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(i) for i in range(self.list.count())]

    def _on_changed(self, _item: QListWidgetItem) -> None:
        ticked = [i.data(Qt.ItemDataRole.UserRole) for i in self._items if i.checkState() is Qt.CheckState.Checked]
        if len(ticked) < 2:
            self.rejected.emit(msg("Tick at least two values, or do not search here."))
            return
        self.rejected.emit(None)
        self.edited.emit(Options(tuple(ticked)))


def _values_in(span: Span, param: Param) -> tuple[Value, ...]:
    """Some values of a span, with its ends."""
    steps, low, high = 3, span.low, span.high
    shares = [i / (steps - 1) for i in range(steps)]
    found = [low * (high / low) ** s if span.log else low + s * (high - low) for s in shares]
    whole = span.whole or param.kind is Kind.INT
    values = [round(value) if whole else float(f"{value:.3g}") for value in found]
    return tuple(dict.fromkeys(int(v) if param.kind is Kind.INT else float(v) for v in values))


def _span_around(options: Options, param: Param, words: Words) -> Span:
    """The span from the smallest to the largest of some values."""
    numbers = sorted(v for v in options.values if isinstance(v, int | float) and not isinstance(v, bool))
    if len(numbers) < 2 or numbers[0] in words.values():
        first = suggested(replace(param, name=""), numbers[-1] if numbers else None, words)
        return first if isinstance(first, Span) else Span(1, 2)
    log = numbers[0] > 0 and numbers[-1] / numbers[0] >= 50
    return Span(float(numbers[0]), float(numbers[-1]), log, param.kind is Kind.INT)

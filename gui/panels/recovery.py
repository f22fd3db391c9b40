"""The drawings that were not saved when Layerloom ended, each with what can be done with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from graph.messages import msg, tr
from gui.file_watch import Disk
from gui.panels.parts import (
    MARGIN,
    ElidedLabel,
    IconLabel,
    ScrollColumn,
    breakable,
    column,
    empty,
    flat_button,
    label,
    row,
    small_button,
)
from gui.recovery import Recovered, Recovery
from gui.theme import GRID, theme

HEIGHT = 260  # pixels at 100 %: as high as the list becomes before it scrolls
LEFT, RIGHT = 4 * GRID, 2 * GRID
_SPANS = (
    (86400, msg("1 day ago"), msg("{count} days ago")),
    (3600, msg("1 hour ago"), msg("{count} hours ago")),
    (60, msg("1 minute ago"), msg("{count} minutes ago")),
)


class RecoveryPanel(QFrame):
    """Shows itself while something is left over.

    Signals: `open_requested(Recovered)`, once for each with Open all; `save_as_requested(Recovered)`. Who opens one says so
    to `Recovery.take`. "Later" puts the list away; what is in it stays.
    """

    open_requested = Signal(object)
    save_as_requested = Signal(object)

    def __init__(self, recovery: Recovery, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._recovery = recovery
        self.setProperty("kind", "banner")
        self.setAccessibleName(tr("Recovered drawings"))
        self.rows: list[RecoveredRow] = []
        self._title = label("", tone="heading", wrap=True)
        self.open_all = QPushButton(tr("Open all"))
        self.later = flat_button("close", tr("Later: they stay here until you save or discard them"))
        self.list = ScrollColumn(spacing=GRID)
        self.list.column.setContentsMargins(0, 0, 0, 0)
        self.list.column.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.list.inside.installEventFilter(self)
        self._lay_out()
        self.open_all.clicked.connect(self._on_open_all)
        self.later.clicked.connect(self.hide)
        recovery.found.connect(self.show_items)
        self.show_items(recovery.items)

    @Slot(object)
    def show_items(self, items: list[Recovered]) -> None:
        """Show these drawings; without any the panel goes away."""
        empty(self.list.column)
        self.rows = [RecoveredRow(item) for item in items]
        for number, shown in enumerate(self.rows):
            shown.opened.connect(partial(self._on_opened, number))
            shown.copied.connect(partial(self._on_copied, number))
            shown.discarded.connect(partial(self._on_discarded, number))
            self.list.column.addWidget(shown)
        whole = sum(item.problem is None for item in items)
        self.open_all.setVisible(whole > 1)
        self._title.setText(_title(len(items)))
        self.setVisible(bool(items))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:  # a row became higher or lower, also through the size of text
            self._fit()
        return False

    def _fit(self) -> None:
        """Make the list as high as its rows are at this width."""
        rows = self.list.column
        is_wrapping = rows.hasHeightForWidth()  # only where a row carries a remark; the height for a width is -1 else
        height = rows.totalHeightForWidth(self.width() - LEFT - RIGHT) if is_wrapping else rows.totalSizeHint().height()
        self.list.setFixedHeight(min(theme.px(HEIGHT), height + GRID))

    def _lay_out(self) -> None:
        head = row(spacing=3 * GRID)
        head.addWidget(IconLabel("info", "accent"))
        head.addWidget(self._title, 1)
        head.addWidget(self.open_all)
        head.addWidget(self.later)
        layout = column(self, spacing=2 * GRID)
        layout.setContentsMargins(LEFT, 2 * GRID, RIGHT, 2 * GRID)
        layout.addLayout(head)
        layout.addWidget(self.list)

    def _on_open_all(self) -> None:
        for item in [shown.item for shown in self.rows if shown.item.problem is None]:
            self.open_requested.emit(item)

    def _on_opened(self, number: int) -> None:
        self.open_requested.emit(self.rows[number].item)

    def _on_copied(self, number: int) -> None:
        self.save_as_requested.emit(self.rows[number].item)

    def _on_discarded(self, number: int) -> None:
        self._recovery.discard(self.rows[number].item)


class RecoveredRow(QFrame):
    """One drawing. Signals: `opened()`, `copied()` (Save as) and `discarded()`, which is asked about in its place."""

    opened = Signal()
    copied = Signal()
    discarded = Signal()

    def __init__(self, item: Recovered) -> None:
        super().__init__()
        self.item = item
        self.setProperty("kind", "row")
        self.open_button, self.copy_button = small_button(tr("Open")), small_button(tr("Save as…"))
        self.discard_button = small_button(tr("Discard…"))
        self.sure_button, self.keep_button = small_button(tr("Discard for good")), small_button(tr("Keep"))
        self._question = label(tr("It cannot be brought back."), tone="warning")
        line = row(self, spacing=3 * GRID)
        line.setContentsMargins(GRID, GRID, GRID, GRID)
        line.addWidget(self._icon(), 0, Qt.AlignmentFlag.AlignTop)
        line.addLayout(self._texts(), 1)
        line.addLayout(choices := self._choices())
        line.setAlignment(choices, Qt.AlignmentFlag.AlignTop)
        self.open_button.setVisible(item.problem is None)
        self.open_button.clicked.connect(self.opened)
        self.copy_button.clicked.connect(self.copied)
        self.discard_button.clicked.connect(self._on_discard)
        self.keep_button.clicked.connect(self._on_keep)
        self.sure_button.clicked.connect(self.discarded)
        self._ask(False)
        for button in (self.open_button, self.copy_button, self.discard_button, self.sure_button, self.keep_button):
            button.setAccessibleName(f"{button.text()}: {item.title}")

    def _icon(self) -> IconLabel:
        return IconLabel("open", "muted") if self.item.problem is None else IconLabel("warning", "warning")

    def _texts(self) -> QVBoxLayout:
        texts = column(spacing=2)
        texts.addWidget(ElidedLabel(self.item.title))
        texts.addWidget(ElidedLabel(facts(self.item), tone="muted"))
        for remark in filter(None, (original_words(self.item), str(self.item.problem or ""))):
            texts.addWidget(label(breakable(remark), tone="warning", wrap=True))
        return texts

    def _choices(self) -> QHBoxLayout:
        choices = row()
        choices.setContentsMargins(0, 0, MARGIN, 0)
        for widget in (self.open_button, self.copy_button, self.discard_button, self._question, self.sure_button):
            choices.addWidget(widget)
        choices.addWidget(self.keep_button)
        return choices

    @Slot()
    def _on_discard(self) -> None:
        self._ask(True)
        self.keep_button.setFocus()

    @Slot()
    def _on_keep(self) -> None:
        self._ask(False)
        self.discard_button.setFocus()

    def _ask(self, is_asking: bool) -> None:
        for widget in (self._question, self.sure_button, self.keep_button):
            widget.setVisible(is_asking)
        for widget in (self.copy_button, self.discard_button):
            widget.setVisible(not is_asking)
        self.open_button.setVisible(not is_asking and self.item.problem is None)


def facts(item: Recovered) -> str:
    """How old it is, how large, and where it came from."""
    nodes = ""
    if item.num_nodes is not None:
        nodes = tr("1 node") if item.num_nodes == 1 else tr("{count} nodes", count=item.num_nodes)
    place = str(item.original) if item.original else tr("never saved")
    return " · ".join(filter(None, (age(datetime.now() - item.time), nodes, place)))


def age(span: timedelta) -> str:
    """How long ago something was, in the largest unit that suits."""
    for size, one, many in _SPANS:
        if (count := int(span.total_seconds() // size)) >= 1:
            return str(one if count == 1 else replace(many, values={"count": count}))
    return tr("just now")


def original_words(item: Recovered) -> str:
    """What happened to the original since; empty where nothing did."""
    words = {
        Disk.CHANGED: tr("The file was changed since. Saving asks before it is replaced."),
        Disk.GONE: tr("The file is gone."),
        Disk.UNREADABLE: tr("The file cannot be read."),
    }
    return words.get(item.disk, "")


def _title(count: int) -> str:
    if count == 1:
        return tr("One drawing was not saved when Layerloom ended.")
    return tr("{count} drawings were not saved when Layerloom ended.", count=count)

"""Small parts that several panels are put together from."""

from __future__ import annotations

import re
from typing import TypeVar

from PySide6.QtCore import QRectF, QSize, Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSpinBox,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.icons import icon, paint_icon
from gui.theme import GRID, theme

MARGIN = 3 * GRID
ICON = 16  # pixels at 100 %
LEAST_BUTTON = 64  # pixels to which a button in a panel may shrink
LONG_WORD = re.compile(r"\S{24}(?=\S)")
DECORATION = QSize(8, 40)  # what window managers put around a window
L = TypeVar("L", bound=QLayout)


class ElidedLabel(QLabel):
    """A label of one line that never asks for more width than there is; what does not fit is in its tool tip."""

    def __init__(self, text: str = "", *, tone: str = "", mono: bool = False, align_right: bool = False) -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("tone", tone)
        self.setProperty("mono", mono)
        side = Qt.AlignmentFlag.AlignRight if align_right else Qt.AlignmentFlag.AlignLeft
        self.setAlignment(side | Qt.AlignmentFlag.AlignVCenter)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        space = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, space.width())
        if not self.toolTip() and text != self.text():
            self.setToolTip(self.text())
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(space, self.alignment(), "" if text == "…" else text)  # three dots alone say nothing


class Still(QWidget):
    """Holds a widget whose size wishes change often, and keeps that to itself.

    A layout passes such a change on to all layouts around it, up to the window, and tabs on the way paint all that is in them.
    """

    def __init__(self, inside: QWidget) -> None:
        super().__init__()
        self._inside = inside
        inside.setParent(self)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # as high as what is beside it

    def sizeHint(self) -> QSize:
        return QSize(0, self._inside.sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._inside.setGeometry(self.rect())


class SmallButton(QPushButton):
    """A button for inside a panel, no wider than that is; words that do not fit are in its tool tip."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setProperty("kind", "small")
        self.setAccessibleName(text)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:
        whole = super().minimumSizeHint()
        return QSize(min(theme.px(LEAST_BUTTON), whole.width()), whole.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.toolTip() in ("", self.text()):
            self.setToolTip(self.text() if self.width() < self.sizeHint().width() else "")

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, option = QStylePainter(self), QStyleOptionButton()
        self.initStyleOption(option)
        missing = self.sizeHint().width() - self.width()
        if missing > 0:
            room = self.fontMetrics().horizontalAdvance(self.text()) - missing
            option.text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room)
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)


class ColorBar(QWidget):
    """The bar in the colour of a family of node types that stands before a title."""

    def __init__(self, role: str = "muted") -> None:
        super().__init__()
        self._role = role
        self.setFixedWidth(GRID)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(self._role))
        painter.drawRoundedRect(QRectF(self.rect()), 1.5, 1.5)


class IconLabel(QWidget):
    """An icon of the size of text in a color of the theme; `text` says what it means."""

    def __init__(self, name: str, role: str = "muted", *, text: str = "") -> None:
        super().__init__()
        self._icon = (name, role)
        self.setToolTip(text)
        self.setAccessibleName(text)
        theme.changed.connect(self._use_scale)
        self._use_scale()

    def paintEvent(self, _event: QPaintEvent) -> None:
        name, role = self._icon
        paint_icon(QPainter(self), QRectF(self.rect()), name, role=role)

    @Slot()
    def _use_scale(self) -> None:
        self.setFixedSize(theme.px(ICON), theme.px(ICON))


class ScrollColumn(QScrollArea):
    """A column of widgets as wide as the panel, with a scroll bar when it is too high."""

    def __init__(self, *, spacing: int = 2 * GRID) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.inside = QWidget()
        self.column = column(self.inside, spacing=spacing)
        self.column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        self.setWidget(self.inside)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)


class CardRow(QScrollArea):
    """Cards beside each other, as high as the panel, with scroll bars when they need more room than there is."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setProperty("kind", "cards")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it follows the focus of what is in it
        inside = QWidget()
        self.row = row(inside, spacing=MARGIN)
        self.row.setContentsMargins(MARGIN, 2 * GRID, MARGIN, MARGIN)
        self.setWidget(inside)


class Heading(QWidget):
    """The title of a section, under a line across the panel unless it is the first."""

    def __init__(self, text: str, *, first: bool = False) -> None:
        super().__init__()
        self._title = label(text, tone="heading")
        layout = column(self, spacing=2 * GRID)
        layout.setContentsMargins(0, 0 if first else 2 * GRID, 0, GRID)
        if not first:
            layout.addWidget(rule())
        self._line = row(spacing=GRID)
        self._line.addWidget(self._title, 1)
        layout.addLayout(self._line)

    def add_button(self, button: QToolButton) -> None:
        """Put a button at the right end of the title."""
        self._line.addWidget(button)

    def set_text(self, text: str) -> None:
        """Show another title."""
        self._title.setText(text)


class FactRow(QWidget):
    """A name on the left, a figure on the right, and a note between them as far as there is room."""

    def __init__(self) -> None:
        super().__init__()
        self._name, self._note = label("", tone="muted"), ElidedLabel(tone="faint")
        self._value = ElidedLabel(mono=True, align_right=True)
        self._value.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        line = row(self)
        line.addWidget(self._name)
        line.addWidget(self._note, 1)
        line.addWidget(self._value)

    def set_texts(self, name: str, value: str, note: str = "") -> None:
        """Show another figure."""
        for place, text in ((self._name, name), (self._note, note), (self._value, value)):
            if place.text() != text:
                place.setText(text)
                place.setToolTip("")
        self.setAccessibleName(" ".join(filter(None, (name, note, value))))


class FactList(QWidget):
    """Figures one below the other; new ones are shown in the rows that are there."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[FactRow] = []
        self._column = column(self, spacing=GRID + 2)

    def set_facts(self, facts: list[tuple[str, ...]]) -> None:
        """Show these figures: (name, value) or (name, value, note)."""
        while len(self._rows) < len(facts):
            self._rows.append(FactRow())
            self._column.addWidget(self._rows[-1])
        for shown, texts in zip(self._rows, facts, strict=False):
            shown.set_texts(*texts)
        for number, shown in enumerate(self._rows):
            shown.setVisible(number < len(facts))


def label(text: str, *, tone: str = "", wrap: bool = False, mono: bool = False) -> QLabel:
    """A label with a tone (see `gui.style`)."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setProperty("tone", tone)
    made.setProperty("mono", mono)
    made.setWordWrap(wrap)
    if wrap:
        made.setMinimumWidth(1)  # a long word must not make the panel wider
    return made


def complain(place: QLabel, message: object) -> None:
    """Show why an entry does not fit; None takes the complaint away."""
    place.setText("" if message is None else breakable(str(message)))
    place.setVisible(message is not None)


def breakable(text: str) -> str:
    """The text with places to break in words that are longer than a panel is wide."""
    return LONG_WORD.sub("\\g<0>\u200b", text)


def rule() -> QFrame:
    """A thin line across the panel."""
    line = QFrame()
    line.setProperty("kind", "rule")
    line.setFixedHeight(1)
    return line


def flat_button(icon_name: str, text: str, *, role: str = "muted") -> QToolButton:
    """A button that is an icon only; `text` is its tool tip and its accessible name."""
    button = QToolButton()
    button.setProperty("kind", "flat")
    button.setIcon(icon(icon_name, role))
    button.setToolTip(text)
    button.setAccessibleName(text)
    return button


def small_button(text: str, icon_name: str | None = None) -> SmallButton:
    """A button for inside a panel."""
    button = SmallButton(text)
    if icon_name:
        button.setIcon(icon(icon_name, "muted"))
    return button


def number_box(name: str) -> QSpinBox:
    """A field for a whole number, which says itself when the typing has ended; `name` is its accessible name and its tool tip."""
    box = QSpinBox()
    box.setKeyboardTracking(False)
    box.setAccessibleName(name)
    box.setToolTip(name)
    box.lineEdit().setTextMargins(GRID, 0, 0, 0)
    return box


def column(owner: QWidget | None = None, *, spacing: int = 0) -> QVBoxLayout:
    """A vertical layout without margins."""
    return _bare(QVBoxLayout() if owner is None else QVBoxLayout(owner), spacing)


def row(owner: QWidget | None = None, *, spacing: int = 2 * GRID) -> QHBoxLayout:
    """A horizontal layout without margins."""
    return _bare(QHBoxLayout() if owner is None else QHBoxLayout(owner), spacing)


def empty(layout: QLayout) -> None:
    """Take every widget out of a layout and destroy it."""
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()


def keep_tab_order(page: QWidget) -> None:
    """Let the Tab key lead from the tab of a page into it: what is put in later would come last in the window."""
    tabs = page.parentWidget()
    while tabs is not None and not isinstance(tabs, QTabWidget):
        tabs = tabs.parentWidget()
    if tabs is None:
        return
    before: QWidget = tabs.tabBar()
    for widget in page.findChildren(QWidget):
        if _takes_tab(widget) and widget.window() is page.window():
            QWidget.setTabOrder(before, widget)
            before = widget


def _takes_tab(widget: QWidget) -> bool:
    return bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)


def _bare(layout: L, spacing: int) -> L:
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    return layout


def page_header(name: QWidget, kind: str, role: str) -> QHBoxLayout:
    """The head of a page about something that has a name: its field, the kind of thing below, and a bar of a color."""
    below = label(kind, tone="muted")
    below.setContentsMargins(GRID + 2, 0, 0, 0)
    texts = column()
    texts.addWidget(name)
    texts.addWidget(below)
    header = row(spacing=GRID)
    header.addWidget(ColorBar(role))
    header.addLayout(texts, 1)
    return header

"""Finds texts that a person cannot read whole: cut off by their own widget, by one around it, or shortened without a tip."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QCheckBox,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenuBar,
    QPushButton,
    QRadioButton,
    QStyle,
    QStyleOptionComboBox,
    QTabBar,
    QToolButton,
    QWidget,
)

from gui.panels.legend import QuietButton
from gui.panels.parts import ElidedLabel

SLACK = 1  # pixels that rounding may take


def clipped(window: QWidget) -> list[str]:
    """What is cut off of the texts on show in a window, as `class 'text': reason`; empty if all can be read."""
    return sorted(
        {found for widget in window.findChildren(QWidget) if _is_on_show(widget) for found in _look_at(widget)}
    )


def _is_on_show(widget: QWidget) -> bool:
    return widget.isVisible() and not widget.visibleRegion().isEmpty()


def _look_at(widget: QWidget) -> Iterator[str]:
    for kind, check in _CHECKS:
        if isinstance(widget, kind):
            for text, reason in check(widget):
                yield f"{type(widget).__name__} {text!r}: {reason}"
            return


def _lacks(widget: QWidget, needed: QSize, text: str) -> Iterator[tuple[str, str]]:
    """Whether the widget is smaller than it needs to be, or reaches out of what is around it."""
    size = widget.size()
    if needed.width() > size.width() + SLACK:
        yield text, f"{size.width()} pixels wide, needs {needed.width()}"
    if needed.height() > size.height() + SLACK:
        yield text, f"{size.height()} pixels high, needs {needed.height()}"
    if outside := _reaches_out(widget):
        yield text, outside


def _reaches_out(widget: QWidget) -> str:
    """Why a part of a widget can never be seen: something around it, which does not scroll there, is smaller."""
    around, area = widget.parentWidget(), QRect(QPoint(), widget.size())
    inner: QWidget = widget
    across = down = True
    while around is not None and not inner.isWindow():
        area = QRect(inner.mapTo(around, area.topLeft()), area.size())
        inner = around
        scroll = around.parentWidget()
        if isinstance(scroll, QAbstractScrollArea) and scroll.viewport() is around:
            across = across and scroll.horizontalScrollBar().maximum() == 0
            down = down and scroll.verticalScrollBar().maximum() == 0
        if across and (area.left() < -SLACK or area.right() > around.width() + SLACK):
            return (
                f"reaches sideways out of {type(around).__name__} ({area.left()}..{area.right()} of {around.width()})"
            )
        if down and (area.top() < -SLACK or area.bottom() > around.height() + SLACK):
            return f"reaches out of {type(around).__name__} ({area.top()}..{area.bottom()} of {around.height()} high)"
        around = around.parentWidget()
    return ""


def _elided(widget: QWidget) -> Iterator[tuple[str, str]]:
    """A label that shortens its text says all of it in its tool tip."""
    assert isinstance(widget, QLabel)
    room = widget.contentsRect().width()
    if widget.fontMetrics().horizontalAdvance(widget.text()) > room + SLACK and not _is_told(widget, widget.text()):
        yield widget.text(), f"shortened to {room} pixels, and no tool tip says the rest"


def _is_told(widget: QWidget, text: str) -> bool:
    return text.strip().replace("\u200b", "") in widget.toolTip().replace("\u200b", "")


def _label(widget: QWidget) -> Iterator[tuple[str, str]]:
    assert isinstance(widget, QLabel)
    if not widget.text():
        return
    if widget.wordWrap():
        needed = QSize(0, widget.heightForWidth(widget.width()))
    else:
        needed = widget.sizeHint()
    yield from _lacks(widget, needed, widget.text())


def _button(widget: QWidget) -> Iterator[tuple[str, str]]:
    assert isinstance(widget, QPushButton | QToolButton | QCheckBox | QRadioButton | QuietButton)
    if widget.text() and not _is_told(widget, widget.text()):
        yield from _lacks(widget, widget.sizeHint(), widget.text())


def _combo(widget: QWidget) -> Iterator[tuple[str, str]]:
    assert isinstance(widget, QComboBox)
    option = QStyleOptionComboBox()
    widget.initStyleOption(option)
    part = QStyle.SubControl.SC_ComboBoxEditField
    room = widget.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, part, widget).width() - 4
    text = widget.currentText()
    if widget.fontMetrics().horizontalAdvance(text) > room + SLACK and not _is_told(widget, text):
        yield text, f"shortened to {room} pixels, and no tool tip says the rest"


def _line(widget: QWidget) -> Iterator[tuple[str, str]]:
    """The words in an empty line; what a person typed scrolls."""
    assert isinstance(widget, QLineEdit)
    hint, icons = widget.placeholderText(), [icon for icon in widget.findChildren(QToolButton) if icon.isVisible()]
    room = widget.width() - 16 - sum(icon.width() + 8 for icon in icons)
    is_short = widget.fontMetrics().horizontalAdvance(hint) > room
    if hint and is_short and not widget.text() and not _is_told(widget, hint):
        yield hint, f"shortened to {room} pixels, and no tool tip says the rest"
    yield from _lacks(widget, QSize(0, widget.minimumSizeHint().height()), widget.accessibleName())


def _tabs(widget: QWidget) -> Iterator[tuple[str, str]]:
    """Tabs that scroll can be reached; each by itself is whole."""
    assert isinstance(widget, QTabBar)
    for number in range(widget.count()):
        text, room = widget.tabText(number), widget.tabRect(number).width()
        if widget.fontMetrics().horizontalAdvance(text) > room and not widget.tabToolTip(number):
            yield text, f"a tab of {room} pixels"


def _header(widget: QWidget) -> Iterator[tuple[str, str]]:
    assert isinstance(widget, QHeaderView)
    for section in range(widget.count()):
        if widget.isSectionHidden(section) or widget.orientation() is not Qt.Orientation.Horizontal:
            continue
        role = Qt.ItemDataRole
        text = str(widget.model().headerData(section, widget.orientation(), role.DisplayRole) or "")
        tip = str(widget.model().headerData(section, widget.orientation(), role.ToolTipRole) or "")
        room = widget.sectionSize(section) - 2 * 6
        if widget.fontMetrics().horizontalAdvance(text) > room + SLACK and text not in tip:
            yield text, f"a column of {room} pixels"


def _menus(widget: QWidget) -> Iterator[tuple[str, str]]:
    assert isinstance(widget, QMenuBar)
    for action in widget.actions():
        if action.isVisible() and not widget.rect().contains(widget.actionGeometry(action)):
            yield action.text(), "is not in the menu bar any more"


_CHECKS: tuple[tuple[type[QWidget], Callable[[QWidget], Iterator[tuple[str, str]]]], ...] = (
    (ElidedLabel, _elided),
    (QLabel, _label),
    (QPushButton, _button),
    (QToolButton, _button),
    (QCheckBox, _button),
    (QRadioButton, _button),
    (QuietButton, _button),
    (QComboBox, _combo),
    (QLineEdit, _line),
    (QTabBar, _tabs),
    (QHeaderView, _header),
    (QMenuBar, _menus),
)

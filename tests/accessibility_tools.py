"""What somebody who cannot see, or cannot use a mouse, would complain about in a window: one phrase a complaint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAccessible, QImage, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSlider,
    QApplication,
    QLabel,
    QScrollArea,
    QSplitterHandle,
    QTabBar,
    QWidget,
)

from canvas_hand import CONTROL, NONE, SHIFT

# Painted by hand, and no more than an ornament of the words beside them: bars, icons without a text of their own, the
# picture of an empty panel, the numbers of lines.
ORNAMENTS = frozenset({"ColorBar", "IconLabel", "_Picture", "_Gutter"})
KEEP_TAB = frozenset({"CodeText"})  # there, Tab indents; Ctrl+Tab leads on
OF_QT = ("qt_", "Scroll")  # names of the parts that Qt puts into its own widgets
MOST_STEPS = 600
ROOM = 5  # pixels around a widget that a frame of the focus may take
FORWARD, BACK = Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason


def complaints(root: QWidget, *, swallows_tab: tuple[str, ...] = ()) -> list[str]:
    """All of them about a window as it is now; of widgets named in `swallows_tab` the Tab key is not meant to lead on."""
    return [
        *nameless(root),
        *namesakes(root),
        *pictures_without_words(root),
        *out_of_reach(root, swallows_tab),
        *unseen_focus(root),
    ]


# ---- names


def name_of(widget: QWidget) -> str:
    """What a screen reader calls a widget."""
    interface = QAccessible.queryAccessibleInterface(widget)
    return interface.text(QAccessible.Text.Name) if interface is not None else ""


def nameless(root: QWidget) -> Iterator[str]:
    """Operable widgets that a screen reader has no word for."""
    for widget in operable(root):
        if not name_of(widget).strip():
            yield f"no name: {_path(widget)}"


def namesakes(root: QWidget) -> Iterator[str]:
    """Operable widgets of the same kind and name in one parent."""
    found = Counter((_owner(w), type(w).__name__, name_of(w)) for w in operable(root))
    for (owner, kind, name), count in found.items():
        if count > 1:
            yield f"{count} {kind} called '{name}' in {_path(owner) if owner is not None else 'the window'}"


def pictures_without_words(root: QWidget) -> Iterator[str]:
    """Pictures, and widgets that paint themselves, without a name or a description."""
    for widget in _shown(root):
        picture = isinstance(widget, QLabel) and not widget.pixmap().isNull()
        if (picture or _paints_itself(widget)) and not (name_of(widget) or widget.accessibleDescription()):
            yield f"picture without words: {_path(widget)}"


# ---- keys


def out_of_reach(root: QWidget, swallows_tab: tuple[str, ...] = ()) -> Iterator[str]:
    """Widgets that Tab or Shift+Tab does not lead to, and those that keep the focus."""
    wanted = {w for w in operable(root) if _takes_tab(w) and not _unchecked_twin(w)}
    if len(wanted) < 2:
        return
    start = next((w for w in wanted if type(w).__name__ in swallows_tab), QApplication.focusWidget())
    if start is None or not root.isAncestorOf(start):
        yield f"nothing in {_path(root)} has the focus, but {start}"
        return
    back, caught = _sweep(start, Qt.Key.Key_Backtab)
    onwards = back[-1] if type(start).__name__ in swallows_tab else start  # the one behind what swallows Tab
    forward, caught_too = _sweep(onwards, Qt.Key.Key_Tab, until=None if onwards is start else start)
    yield from (*caught, *caught_too)
    for key, reached in (("Shift+Tab", back), ("Tab", [*forward, start])):
        for widget in wanted - set(reached):
            if widget.isVisible() and _takes_tab(widget) and not _unchecked_twin(widget):
                yield f"out of reach of {key}: {_path(widget)}"


def _sweep(start: QWidget, key: Qt.Key, *, until: QWidget | None = None) -> tuple[list[QWidget], list[str]]:
    """The widgets that have the focus one after the other while a key is pressed, until it comes round."""
    start.setFocus(FORWARD if key == Qt.Key.Key_Tab else BACK)
    reached: list[QWidget] = []
    for _ in range(MOST_STEPS):
        here = QApplication.focusWidget()
        if here is None or here in reached or here is until:
            break
        reached.append(here)
        shift = SHIFT if key == Qt.Key.Key_Backtab else NONE
        QTest.keyClick(here, key, shift | CONTROL if type(here).__name__ in KEEP_TAB else shift)
        QApplication.processEvents()
        if QApplication.focusWidget() is here:
            return reached, [f"{QKeySequence(key).toString()} does not leave {_path(here)}"]
    return reached, []


def unseen_focus(root: QWidget) -> Iterator[str]:
    """Widgets that look the same with and without the focus."""
    takers = [w for w in operable(root) if _takes_tab(w)]
    for widget in takers:
        if not widget.isVisible() or len(takers) == 1:
            continue
        widget.setFocus(FORWARD)
        _scroll_to(widget)
        if QApplication.focusWidget() is not widget:
            continue
        QApplication.processEvents()
        with_focus = _picture_of(root, widget)
        widget.clearFocus()
        QApplication.processEvents()
        if widget.isVisible() and with_focus == _picture_of(root, widget):
            yield f"focus cannot be seen: {_path(widget)}"


# ---- which widgets


def operable(root: QWidget) -> list[QWidget]:
    """The widgets on show that take the focus or clicks, without the parts that Qt makes inside its own."""
    return [widget for widget in _shown(root) if _is_operable(widget)]


def _shown(root: QWidget) -> Iterator[QWidget]:
    for widget in (root, *root.findChildren(QWidget)):
        if widget.isVisible() and widget.window() is root.window() and not _inside_qt(widget):
            yield widget


def _is_operable(widget: QWidget) -> bool:
    if isinstance(widget, QAbstractScrollArea) and widget.focusPolicy() == Qt.FocusPolicy.NoFocus:
        return False
    return widget.isEnabled() and (
        isinstance(widget, QAbstractButton) or (_takes_tab(widget) and not isinstance(widget, QSplitterHandle))
    )


def _takes_tab(widget: QWidget) -> bool:
    return bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.focusProxy() is None and widget.isEnabled()


def _inside_qt(widget: QWidget) -> bool:
    parent = widget.parentWidget()
    of_qt = widget.objectName().startswith(OF_QT) or isinstance(widget, QAbstractSlider)
    return of_qt or (isinstance(parent, QTabBar) and isinstance(widget, QAbstractButton))


def _unchecked_twin(widget: QWidget) -> bool:
    """Of buttons that exclude each other, Tab leads to the chosen one, and the arrows to the others."""
    if not isinstance(widget, QAbstractButton) or not widget.isCheckable() or widget.isChecked():
        return False
    group = widget.group()
    return widget.autoExclusive() or (group is not None and group.exclusive())


def _owner(widget: QWidget) -> QWidget | None:
    return widget.parentWidget()


def _paints_itself(widget: QWidget) -> bool:
    kind = type(widget)
    if kind.__name__ in ORNAMENTS or isinstance(widget, (QAbstractButton, QLabel)) or _is_operable(widget):
        return False
    own = kind.__module__.startswith("gui.") and "paintEvent" in kind.__dict__
    return own and not widget.findChildren(QLabel)


def _path(widget: QWidget) -> str:
    """Where a widget is: classes and names from the window to it."""
    steps: list[str] = []
    here: QWidget | None = widget
    while here is not None and not here.isWindow() and len(steps) < 4:
        steps.append(f"{type(here).__name__}({here.accessibleName() or here.objectName()})")
        here = here.parentWidget()
    return " < ".join(steps) or type(widget).__name__


def _scroll_to(widget: QWidget) -> None:
    """Bring a widget into sight, as the Tab key does."""
    area = widget.parentWidget()
    while area is not None:
        if isinstance(area, QScrollArea):
            area.ensureWidgetVisible(widget)
        area = area.parentWidget()


def _picture_of(root: QWidget, widget: QWidget) -> QImage:
    place = QRect(widget.mapTo(root, QPoint()), widget.size()) if widget is not root else root.rect()
    return root.grab(place.adjusted(-ROOM, -ROOM, ROOM, ROOM).intersected(root.rect())).toImage()

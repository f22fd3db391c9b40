"""Whoever goes through the window by keyboard sees where the focus is: a ring of two pixels, and nothing moves."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QRadioButton,
    QSlider,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from drawings import lenet5
from fake_runs import classes_tested, epoch_ended, started, steps
from gui.canvas.view import CanvasView
from gui.icons import icon
from gui.main_window import MainWindow
from gui.panels.legend import Choice, LegendEntry
from gui.panels.parts import label
from gui.settings import Settings
from gui.theme import theme
from looks import count, dressed_in, use
from panel_tools import lenet_editor, show
from person import Person, end


@pytest.fixture(autouse=True)
def dressed(qapp):
    """The application in its style."""
    with dressed_in(qapp, "dark") as app:
        yield app


def table_widget() -> QTableWidget:
    made = QTableWidget(2, 2)
    made.setItem(0, 0, QTableWidgetItem("one"))
    made.setCurrentCell(0, 0)
    return made


def tree() -> QTreeWidget:
    made = QTreeWidget()
    made.addTopLevelItem(QTreeWidgetItem(["one"]))
    made.setCurrentItem(made.topLevelItem(0))
    return made


def lines() -> QListWidget:
    made = QListWidget()
    made.addItems(["one", "two"])
    made.setCurrentRow(0)
    return made


def tabs() -> QWidget:
    made = QTabWidget()
    for title in ("one", "two"):
        made.addTab(label(title), title)
    made.setFocusProxy(made.tabBar())
    return made


def kind(widget: QWidget, name: str) -> QWidget:
    widget.setProperty("kind", name)
    return widget


FOCUSABLE = {
    "button": lambda: QPushButton("Do it"),
    "primary": lambda: kind(QPushButton("Do it"), "primary"),
    "small": lambda: kind(QPushButton("Do it"), "small"),
    "icon": lambda: kind(QPushButton(icon("stop"), ""), "icon"),
    "menu": lambda: kind(QPushButton("Do it"), "menu"),
    "tool": lambda: focusable(QToolButton(text="Do it")),
    "flat": lambda: focusable(kind(QToolButton(text="Do it"), "flat")),
    "line": QLineEdit,
    "title": lambda: kind(QLineEdit("conv2"), "title"),
    "combo": QComboBox,
    "check": lambda: QCheckBox("Yes"),
    "field check": lambda: kind(QCheckBox("Yes"), "field"),
    "radio": lambda: QRadioButton("Yes"),
    "slider": lambda: QSlider(Qt.Orientation.Horizontal),
    "text": QPlainTextEdit,
    "field text": lambda: kind(QPlainTextEdit(), "field"),
    "table": table_widget,
    "tree": tree,
    "list": lines,
    "tabs": tabs,
    "legend": lambda: LegendEntry("train", "train"),
    "choice": lambda: Choice("All"),
    "canvas": lambda: CanvasView(lenet_editor()),
}


def focusable(button: QToolButton) -> QToolButton:
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return button


@pytest.mark.parametrize("name", FOCUSABLE)
@pytest.mark.parametrize("look", ["dark", "high_contrast_light"])
def test_the_focus_is_a_ring_that_moves_nothing(qtbot, dressed, look, name):
    use(look)
    around = QWidget()
    layout = QVBoxLayout(around)
    other, widget = QPushButton("first"), FOCUSABLE[name]()
    layout.addWidget(other)
    layout.addWidget(widget)
    show(qtbot, around, 240, 200)
    other.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.wait(1)
    before, size = widget.grab().toImage(), widget.sizeHint()
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.wait(1)
    after = widget.grab().toImage()
    assert widget.hasFocus()
    role = "text" if name == "primary" else "accent"
    ring = count(after, theme.color(role)) - count(before, theme.color(role))
    assert ring >= 2 * 12, ring
    assert (widget.sizeHint(), after.size()) == (size, before.size())


@pytest.fixture
def window(qtbot, dressed):
    """The window with LeNet-5 and a run."""
    made = MainWindow(Settings())
    qtbot.addWidget(made, before_close_func=end)
    made.resize(1366, 768)
    made.show()
    made.activateWindow()
    Person(made).open(lenet5().project)
    made.workspace.controller.events.emit(
        [started(), steps(1, 40, accuracy=0.5), epoch_ended(1, accuracy=0.6), classes_tested()]
    )
    made.editor.select([made.editor.graph.node_named("conv2").id])
    return made


def in_sight(widget: QWidget) -> bool:
    """Whether nothing hides a part of a widget."""
    return widget.isVisible() and widget.visibleRegion().boundingRect() == widget.rect()


def takes_tab(widget: QWidget) -> bool:
    """Whether the Tab key stops at a widget."""
    return widget.isEnabled() and bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.focusProxy() is None


@pytest.mark.slow
def test_every_place_of_the_window_where_tab_stops_shows_it(qtbot, dressed, window):
    parts = (window.frame.left, window.frame.side, window.frame.bottom)
    seen, silent = set(), set()
    for number in range(max(tabs.count() for tabs in parts)):
        for tabs in parts:
            tabs.setCurrentIndex(min(number, tabs.count() - 1))
        qtbot.wait(1)
        for widget in filter(takes_tab, window.findChildren(QWidget)):
            if in_sight(widget) and widget not in seen:
                seen.add(widget)
                if not shows_focus(qtbot, window, widget):
                    silent.add((type(widget).__name__, widget.accessibleName()))
    assert len(seen) > 40
    assert silent == set()


def shows_focus(qtbot, window: QWidget, widget: QWidget) -> bool:
    """Whether at least a ring of a small button becomes bright around a widget when it gets the focus by Tab."""
    if (focused := window.focusWidget()) is not None:
        focused.clearFocus()
    qtbot.wait(1)
    before = widget.grab().toImage()
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.wait(1)
    after = widget.grab().toImage()
    changed = [count(after, theme.color(role)) - count(before, theme.color(role)) for role in ("accent", "text")]
    return widget.hasFocus() and max(changed) >= 24

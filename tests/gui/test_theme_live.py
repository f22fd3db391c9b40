"""The theme and the size of text change while the window is open: what is on show looks like what is made afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QCursor, QGuiApplication, QImage
from PySide6.QtWidgets import (
    QApplication,
    QPushButton,
    QWidget,
)

from amount import some
from fake_runs import FakeSessions, classes_tested, epoch_ended, numbers_tested, started, steps
from graph.messages import msg
from graph.model import Code
from graph.problems import Problem
from gui.block_editor import BlockEditor
from gui.canvas.quick_add import type_chooser
from gui.canvas.view import CanvasView
from gui.code_editor import CodeEditor
from gui.export_dialog import ExportDialog
from gui.help import KeysDialog
from gui.main_window import MainWindow
from gui.notice import Notice
from gui.panels.code import CodePanel
from gui.panels.data import DataPanel
from gui.panels.data_views import ClassBars, RowTable
from gui.panels.empty import EmptyState
from gui.panels.history import HistoryPanel
from gui.panels.inspector import InspectorPanel
from gui.panels.library import LibraryPanel
from gui.panels.log import LogPanel
from gui.panels.metrics import MetricsPanel
from gui.panels.outline import OutlinePanel
from gui.panels.predictions import PredictionsPanel
from gui.panels.problems import ProblemsPanel
from gui.panels.summary import SummaryPanel
from gui.panels.training import TrainingPanel
from gui.picture_dialog import PictureDialog
from gui.run_bar import RunBar
from gui.run_controller import RunController
from gui.settings import Settings
from gui.shortcuts import Shortcuts
from gui.shortcuts_dialog import ShortcutsDialog
from gui.start_page import StartPage
from gui.status_line import StatusLine
from gui.theme import THEMES, theme
from looks import count, dressed_in, use
from panel_tools import lenet_editor
from person import end

BEFORE, AFTER = ("dark", 100), ("high_contrast_light", 130)
SIZE = (760, 420)


@pytest.fixture(autouse=True)
def dressed(qapp):
    """The application in its style and in the look of `BEFORE`."""
    with dressed_in(qapp, *BEFORE) as app:
        yield app


def problem_editor():
    """An editor with a problem and a selected node."""
    node = lenet_editor().graph.node_named("conv2").id
    editor = lenet_editor([Problem("kernel", msg("The kernel is larger than the picture."), node=node)])
    editor.select([editor.graph.node_named("conv2").id])
    return editor


def run_bar() -> QWidget:
    bar = RunBar(RunController(lenet_editor(), session=FakeSessions()))
    bar._on_events([started(), steps(1, 20)])
    return bar


def log() -> QWidget:
    panel = LogPanel()
    panel.say("Something happened", "warning")
    for line in panel.lines:
        panel.lines[0] = line._replace(time="12:00:00")
    panel._write_again()
    return panel


def metrics() -> QWidget:
    panel = MetricsPanel()
    panel.take([started(), steps(1, 40, accuracy=0.5), epoch_ended(1, accuracy=0.6), classes_tested()])
    return panel


def predictions(tested) -> QWidget:
    panel = PredictionsPanel()
    panel.take([started(), tested])
    return panel


def code_editor() -> QWidget:
    return CodeEditor(Code("c1", "Gate", "class Gate:\n    '''A text.'''\n\n    value = 1\n"))


def notice() -> QWidget:
    around = QWidget()
    around.resize(*SIZE)
    Notice(around).show_message("Something is worth a word.", "warning")
    return around


def table() -> QWidget:
    made = RowTable()
    made.show_rows(("first", "second"), (("1", "2"), ("3", "4")))
    return made


def bars() -> QWidget:
    made = ClassBars()
    made.show_counts((("cat", 12), ("dog", 40)))
    return made


def quick_add() -> QWidget:
    around = QWidget()
    around.resize(*SIZE)
    editor = lenet_editor()
    type_chooser(around, list(editor.catalog.values())).show()
    return around


def code() -> QWidget:
    editor = lenet_editor()
    panel = CodePanel(editor)
    panel.view.show_text("class Net(nn.Module):\n    '''LeNet-5'''\n\n    def forward(self, x): return x + 1\n")
    panel.view.mark((1,))
    return panel


def dialog() -> QWidget:
    return ExportDialog(Path("lenet5.runs") / "one", Path("somewhere"))


def outline() -> QWidget:
    editor = lenet_editor()
    return OutlinePanel(editor, BlockEditor(editor))


def start_page() -> QWidget:
    around = QWidget()
    around.resize(*SIZE)
    StartPage(around, []).open()
    return around


WIDGETS = {
    "library": lambda: LibraryPanel(lenet_editor()),
    "inspector": lambda: InspectorPanel(problem_editor()),
    "training": lambda: TrainingPanel(lenet_editor()),
    "data": lambda: DataPanel(lenet_editor()),
    "code": code,
    "problems": lambda: ProblemsPanel(problem_editor()),
    "canvas": lambda: CanvasView(lenet_editor()),
    "status": lambda: StatusLine(lenet_editor()),
    "run bar": run_bar,
    "log": log,
    "metrics": metrics,
    "classes": lambda: predictions(classes_tested()),
    "numbers": lambda: predictions(numbers_tested()),
    "empty": lambda: EmptyState("chart", "Nothing yet", "Something comes."),
    "code editor": code_editor,
    "export": dialog,
    "notice": notice,
    "table": table,
    "bars": bars,
    "quick add": quick_add,
    "outline": outline,
    "history": lambda: HistoryPanel(lenet_editor()),
    "summary": lambda: SummaryPanel(lenet_editor()),
    "picture": lambda: PictureDialog(lenet_editor(), Path("somewhere"), "lenet5", choices={}),
    "start page": start_page,
    "shortcuts": lambda: ShortcutsDialog(Shortcuts(Settings())),
    "keys": lambda: KeysDialog(Shortcuts(Settings())),
}


def picture(qtbot, widget: QWidget) -> QImage:
    """The widget as it is now, when its plots have caught up."""
    qtbot.wait(10)
    if isinstance(widget, MetricsPanel):
        for _ in widget.cards:
            widget._redraw()
        widget._pace.stop()
    widget.resize(*SIZE)
    widget.activateWindow()
    qtbot.wait(10)
    if (focused := QApplication.focusWidget()) is not None:
        focused.clearFocus()
    qtbot.wait(10)
    return widget.grab().toImage()


def shown(qtbot, make) -> QWidget:
    """The widget on the screen, without the cursor of a field, away from where a test before this one left the mouse."""
    QCursor.setPos(QGuiApplication.primaryScreen().geometry().bottomRight())
    widget = make()
    qtbot.addWidget(widget)
    widget.resize(*SIZE)
    widget.show()
    return widget


@pytest.mark.parametrize("name", some(WIDGETS, every=2))
def test_what_is_on_show_comes_to_look_like_what_is_made_later(qtbot, dressed, name):
    old = shown(qtbot, WIDGETS[name])
    before = picture(qtbot, old)
    use(*AFTER)
    new = shown(qtbot, WIDGETS[name])
    qtbot.waitUntil(lambda: picture(qtbot, old) == picture(qtbot, new))  # some read their data in a thread
    assert before != picture(qtbot, old)


def test_every_theme_dresses_the_open_window(qtbot, dressed):
    button = QPushButton("Do it")
    qtbot.addWidget(button)
    button.show()
    for name in THEMES:
        theme.use(name)
        assert count(button.grab().toImage(), QColor(THEMES[name]["card"])) > 100


def test_panels_at_the_sides_grow_with_their_text_and_shrink_again(qtbot):
    window = MainWindow(Settings())
    qtbot.addWidget(window, before_close_func=end)
    window.resize(1366, 768)
    window.show()
    panels = window.frame.left, window.frame.side
    before = [panel.width() for panel in panels]
    for percent in (150, 100):
        theme.set_scale(percent)
        qtbot.wait(1)
        assert [panel.width() for panel in panels] == pytest.approx([width * percent / 100 for width in before], abs=4)

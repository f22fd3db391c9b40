"""No text is cut off: not in a language with longer words, not in Chinese, not in large text, in a small and a large window."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QTabWidget, QVBoxLayout, QWidget

from clipping import clipped
from drawings import lenet5
from fake_runs import classes_tested, epoch_ended, numbers_tested, started, steps
from graph.messages import PSEUDO, languages, msg, pseudo, set_language, tr
from graph.model import Code
from gui.code_editor import CodeEditor
from gui.export_dialog import ExportDialog
from gui.main_window import MainWindow
from gui.panels.parts import ElidedLabel
from gui.picture_dialog import PictureDialog
from gui.settings import Settings
from gui.style import Dresser, apply_style
from gui.theme import theme
from panel_tools import lenet_editor
from person import Person, end

SIZES = (QSize(1366, 768), QSize(1920, 1080))
LOOKS = ((PSEUDO, 100), ("zh_CN", 100), ("en", 150))
SELECTIONS = (("conv2",), (), ("loss",), ("conv1", "conv2"))


# ---- the language


def test_a_text_becomes_longer_and_keeps_its_fields():
    text = "Written to {file}: {count} nodes."
    made = pseudo(text)
    assert len(made) == round(1.4 * len(text))
    assert re.findall(r"\{\w+\}", made) == ["{file}", "{count}"]
    assert not any(word in made for word in ("Written", "nodes"))


def test_it_is_for_tests_only():
    assert PSEUDO not in languages()
    set_language(PSEUDO)
    assert tr("Layers") == "[Láýéŕš ~]"
    assert str(msg("Undo: {step}", step=msg("Delete"))) == "[Úñdó: [Déléťé ~] ~~]"
    assert tr("") == ""


# ---- the check


@pytest.mark.parametrize(
    "make",
    [lambda: QLabel("a long text"), lambda: QPushButton("a long text"), lambda: ElidedLabel("a long text")],
    ids=["label", "button", "elided"],
)
def test_a_text_without_room_is_found(qtbot, make):
    around = QWidget()
    qtbot.addWidget(around)
    text = make()
    layout = QVBoxLayout(around)
    layout.addWidget(text)
    around.resize(300, 80)
    around.show()
    assert clipped(around) == []
    text.setFixedWidth(30)
    text.setToolTip(" ")
    qtbot.wait(1)
    assert "a long text" in " ".join(clipped(around))


def test_a_text_that_reaches_out_is_found(qtbot):
    around = QWidget()
    qtbot.addWidget(around)
    around.resize(100, 40)
    inside = QLabel("a text", around)
    inside.move(80, 0)
    around.show()
    assert "reaches sideways" in " ".join(clipped(around))


# ---- the window


QUICK = LOOKS[:1]


@pytest.fixture(
    params=[pytest.param(look, marks=[] if look in QUICK else [pytest.mark.slow]) for look in LOOKS],
    ids=[f"{code}-{scale}" for code, scale in LOOKS],
)
def look(request, qapp):
    """A language and a size of text, in the application's style; English and its own size afterwards."""
    font, colors = qapp.font(), qapp.palette()
    code, scale = request.param
    set_language(code)
    theme.set_scale(scale)
    apply_style(qapp)
    yield request.param
    shiboken6.delete(qapp.findChild(Dresser))
    theme.set_scale(100)
    qapp.setStyleSheet("")
    qapp.setPalette(colors)
    qapp.setFont(font)


@pytest.fixture
def window(qtbot, look):
    """An empty window."""
    made = MainWindow(Settings())
    qtbot.addWidget(made, before_close_func=end)
    made.resize(SIZES[0])
    made.show()
    return made


def walk(window: MainWindow) -> dict[str, list[str]]:
    """What is cut off, by the tabs in front."""
    found: dict[str, list[str]] = {}
    parts = (window.frame.left, window.frame.side, window.frame.bottom)
    for number in range(max(tabs.count() for tabs in parts)):
        for tabs in parts:
            tabs.setCurrentIndex(min(number, tabs.count() - 1))
        settle()
        found[" | ".join(tabs.tabText(tabs.currentIndex()) for tabs in parts)] = clipped(window)
    return {name: texts for name, texts in found.items() if texts}


def settle() -> None:
    """Let layouts come to rest."""
    for _ in range(3):
        QApplication.processEvents()


def test_no_tab_cuts_a_text_off(window):
    Person(window).open(lenet5().project)
    run = (started(), steps(1, 40, accuracy=0.5), epoch_ended(1, accuracy=0.6))
    found = {}
    for names, size, test in zip(SELECTIONS, SIZES * 2, (classes_tested, numbers_tested) * 2, strict=True):
        window.resize(size)
        window.workspace.controller.events.emit([*run, test()])
        window.editor.select([window.editor.graph.node_named(name).id for name in names])
        if texts := walk(window):
            found[size.width(), names] = texts
    assert found == {}


DIALOGS: dict[str, Callable[[], QWidget]] = {
    "export": lambda: ExportDialog(Path("lenet5.runs") / "one", Path("somewhere")),
    "code": lambda: CodeEditor(Code("c1", "Gate", "class Gate:\n    pass\n")),
    "new code": lambda: CodeEditor(Code("c1", "Gate", "")),
    "picture": lambda: PictureDialog(lenet_editor(), Path("somewhere"), "lenet5", choices={}),
}


@pytest.mark.parametrize("name", DIALOGS)
def test_no_dialog_cuts_a_text_off(qtbot, look, name):
    dialog = DIALOGS[name]()
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.wait(20)
    settle()
    assert clipped(dialog) == []


def shown_by(window: MainWindow, open_it: Callable[[], object]) -> QWidget:
    """The dialog that an action of the window opens."""
    before = set(QApplication.topLevelWidgets())
    open_it()
    settle()
    made = [widget for widget in QApplication.topLevelWidgets() if widget not in before and widget.isVisible()]
    return made[0]


@pytest.mark.parametrize("action", ["edit_shortcuts", "show_keys"])
def test_no_dialog_of_the_help_cuts_a_text_off(window, action):
    dialog = shown_by(window, getattr(window.view_actions, action))
    assert clipped(dialog) == []
    dialog.close()


@pytest.mark.parametrize("action", ["start_page", "command_palette", "find", "quick_add"])
def test_nothing_over_the_window_cuts_a_text_off(window, action):
    window.run_action(action)
    settle()
    assert clipped(window) == []


@pytest.mark.slow
def test_no_text_is_cut_off_on_a_screen_of_twice_the_density():
    """`QT_SCALE_FACTOR` counts when an application starts, so that this needs another one."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, "-k", "tab_cuts and 150"]
    done = subprocess.run(
        command, env={**os.environ, "QT_SCALE_FACTOR": "2"}, capture_output=True, text=True, timeout=300
    )
    assert "1 passed" in done.stdout, done.stdout


def test_the_widgets_of_a_document_are_in_tabs(window):
    """What `walk` goes through is all that there is."""
    inside = [tabs for tabs in window.frame.findChildren(QTabWidget) if tabs.isVisible()]
    assert set(inside) == {window.frame.left, window.frame.side, window.frame.bottom}

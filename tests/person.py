"""Somebody in front of the window, who has a mouse and keys."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from canvas_hand import NONE, SHIFT, Hand
from graph.model import Project
from gui.canvas.naming import Naming
from gui.main_window import MainWindow
from gui.settings import Settings
from runtime.analyser import analyse


def end(window: MainWindow) -> None:
    """Nothing to ask about when the window closes."""
    for page in window.pages:
        page.workspace.controller.shutdown()
        page.code_editors.discard()
        page.workspace.editor.mark_saved(page.workspace.editor.project)


class Person:
    """Somebody in front of the window."""

    def __init__(self, window: MainWindow) -> None:
        self.window, self.editor, self.canvas = window, window.editor, window.canvas
        self.hand = Hand(window.canvas)

    def open(self, project: Project) -> None:
        """Open a document and look at all of it, readable."""
        self.editor.open(project)
        self.window.frame.forget_run()
        self.analyse()
        self.canvas.fit()

    def analyse(self) -> None:
        """What the analysis thread would answer."""
        self.editor.set_analysis(analyse(self.editor.project))

    def id(self, name: str) -> str:
        return self.editor.graph.node_named(name).id

    def names(self) -> set[str]:
        """The cards on the canvas."""
        return {item.node.name for item in self.canvas.scene().nodes.values()}

    def select(self, *names: str) -> None:
        """Click on cards, one after the other, with shift."""
        for number, name in enumerate(names):
            self.hand.click(self.hand.on(self.id(name)), modifiers=SHIFT if number else NONE)

    def band(self, *names: str) -> None:
        """Draw a rubber band around the cards."""
        scene = self.canvas.scene()
        area = scene.nodes[self.id(names[0])].body()
        for name in names[1:]:
            area = area.united(scene.nodes[self.id(name)].body())
        self.hand.drag(area.topLeft() - QPointF(12, 12), area.bottomRight() + QPointF(12, 12))

    def key(self, key: Qt.Key, modifiers=NONE) -> None:
        """Press a key in the window: shortcuts of the menus are heard too."""
        QTest.keyClick(self.canvas, key, modifiers)

    @property
    def box(self) -> Naming | None:
        """The box that asks for a name."""
        return next((box for box in self.canvas.findChildren(Naming) if box.isVisible()), None)

    def name_it(self, text: str) -> None:
        """Type a name into the box, in the place of the suggestion, and press Enter."""
        QTest.keyClicks(self.box.edit, text)
        QTest.keyClick(self.box.edit, Qt.Key.Key_Return)

    def choose(self, action: str) -> None:
        """Choose an entry of the menus."""
        self.window.actions_by_id[action].trigger()

    @property
    def notice(self) -> str:
        return self.window.notice.text if self.window.notice.isVisible() else ""


def field(panel: QWidget, name: str) -> QLineEdit:
    """The field of that name that is on show in a panel."""
    (found,) = (f for f in panel.findChildren(QLineEdit) if f.accessibleName() == name and f.isVisible())
    return found


def seat(qtbot: QtBot) -> Person:
    """Somebody in front of a new, active window."""
    window = MainWindow(Settings())
    qtbot.addWidget(window, before_close_func=end)
    window.resize(1600, 1000)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    return Person(window)

"""What the tests of panels share: showing a widget with the focus in its window, wheels, a drawing that is understood."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from drawings import lenet5
from graph.catalog import CATALOG
from graph.problems import Problem
from gui.editor import Editor
from runtime.analysis import Analysis, NodeAnalysis, TensorSpec


def show(qtbot, widget: QWidget, width: int = 300, height: int = 700) -> QWidget:
    """Show a widget in an active window."""
    qtbot.addWidget(widget)
    widget.resize(width, height)
    with qtbot.waitActive(widget):
        widget.show()
        widget.activateWindow()
    return widget


def wheel(widget: QWidget, delta: int) -> None:
    """Turn the wheel over a widget."""
    at = QPointF(widget.rect().center())
    event = QWheelEvent(
        at,
        widget.mapToGlobal(at),
        QPoint(),
        QPoint(0, delta),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def lenet_editor(problems: Iterable[Problem] = ()) -> Editor:
    """An editor with LeNet-5, of whose nodes conv2 is known."""
    editor = Editor(lenet5().project)
    editor.set_analysis(analysis_of(editor, problems))
    return editor


def analysis_of(editor: Editor, problems: Iterable[Problem] = ()) -> Analysis:
    """What the analysis would say of conv2, and these problems."""
    conv2 = editor.graph.node_named("conv2")
    known = NodeAnalysis(
        inputs={"input": TensorSpec(("B", 6, 14, 14), "float32")},
        outputs={"output": TensorSpec(("B", 16, 10, 10), "float32")},
        resolved={**CATALOG[conv2.type].values(conv2), "in_channels": 6},
        parameters=2416,
        macs=240_000,
    )
    return Analysis(nodes={conv2.id: known}, problems=tuple(problems))

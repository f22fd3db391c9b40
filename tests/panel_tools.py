"""What the tests of panels share: showing a widget with the focus in its window, wheels, a drawing that is understood."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QWidget

from drawings import Drawing, lenet5, with_images
from graph.catalog import CATALOG
from graph.model import BlockParam
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


def block_editor(*, use: str = "call") -> Editor:
    """An editor that is analysed after every edit, with two instances of a block, stem and branch, and a head.

    The block has the parameters `channels`, `size` and `bias`, to which its conv1 refers.
    """
    from runtime.analyser import analyse

    block = Drawing("BasicBlock")
    x = block.add("layerloom.Input", "x", shape=(1, 32, 32))
    x = block.add(
        "nn.Conv2d",
        "conv1",
        x,
        out_channels="=4 * channels",
        kernel_size="=size",
        padding=("=size // 2", 1),
        bias="=bias",
    )
    block.add("layerloom.Output", "output", block.add("nn.ReLU", "act", x))
    params = (BlockParam("channels", 2, "How many filters."), BlockParam("size", 3), BlockParam("bias", False))
    d, image, label = with_images("Net")
    d.definitions = block.as_block(*params, help="One convolution, bent.")
    stem = d.add("block.BasicBlock", "stem", image, channels=3, use=use)
    both = d.add("layerloom.Add", "both", stem, d.add("block.BasicBlock", "branch", image, channels=3))
    d.add("nn.Linear", "logits", d.add("nn.Flatten", "flatten", both), out_features=10)
    d.add("nn.CrossEntropyLoss", "loss", d.port("logits"), label)
    editor = Editor(d.project)
    editor.changed.connect(lambda change: editor.set_analysis(analyse(change.new)))
    editor.set_analysis(analyse(editor.project))
    return editor


def enter(qtbot, field: QWidget, text: str) -> None:
    """Type a text in the place of the one in a field, and press Enter."""
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key.Key_Return)


def choose(qtbot, combo: QComboBox, text: str) -> None:
    """Choose an entry of a box by keys."""
    combo.setFocus()
    steps = combo.findText(text) - combo.currentIndex()
    for _ in range(abs(steps)):
        qtbot.keyClick(combo, Qt.Key.Key_Down if steps > 0 else Qt.Key.Key_Up)


def texts(widget: QWidget) -> list[str]:
    """The words on show."""
    QApplication.processEvents()
    return [label.text() for label in widget.findChildren(QLabel) if label.isVisibleTo(widget)]

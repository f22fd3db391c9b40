"""Parts of the inspector for nodes that are more than their parameters: instances of blocks, own code, shared weights."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QWidget

from graph.binding import defaults
from graph.catalog import NodeType, Role
from graph.catalog.definitions import CALL, GRADIENT, INPUT, OUTPUT, REPEAT, SCAN
from graph.expressions import Number
from graph.messages import Message, msg, tr
from graph.model import Code, Graph, Node
from gui.editor import Editor
from gui.panels.parts import IconLabel, breakable, column, label, row, small_button
from gui.theme import GRID
from runtime import trust

USES: Mapping[str, tuple[Message, Message]] = {
    CALL: (msg("Call"), msg("Runs the block once.")),
    REPEAT: (msg("Repeat"), msg("Runs the block several times in a row, each on what the one before gave.")),
    SCAN: (msg("Scan"), msg("Runs the block at every step of a sequence and hands its states on.")),
    GRADIENT: (msg("Gradient"), msg("Gives how what the block gives changes with its first input.")),
}
ONLY_IN_BLOCKS = frozenset({(INPUT, "whole"), (OUTPUT, "state")})  # parameters that mean nothing in the drawing itself


def names_here(editor: Editor) -> dict[str, Number]:
    """What expressions can name in the drawing on the canvas: the parameters of its block, with their defaults."""
    return defaults(editor.project.blocks.get(editor.scope) if editor.scope is not None else None)


def inputs_here(graph: Graph) -> list[str]:
    """The names of the Input nodes of a drawing."""
    return [node.name for node in graph.nodes.values() if node.type == INPUT]


def can_begin(node_type: NodeType | None, node: Node) -> bool:
    """Whether a choice of how its weights begin means something for a node: it is a layer of PyTorch with weights."""
    return (
        node_type is not None
        and node_type.role is Role.LAYER
        and node_type.family != "code"
        and node_type.is_trainable(node)
    )


class ShareStrip(QWidget):
    """With whom a node shares its weights, and the button that ends it. Hidden while it shares with nobody."""

    ended = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._text = label("", tone="muted", wrap=True)
        self.button = small_button(tr("Own weights"))
        self.button.setToolTip(tr("Give this node weights of its own"))
        self.button.clicked.connect(self.ended)
        line = row(self)
        line.setContentsMargins(0, 2 * GRID, 0, GRID)
        line.addWidget(self._text, 1, Qt.AlignmentFlag.AlignVCenter)
        line.addWidget(self.button, 0, Qt.AlignmentFlag.AlignTop)

    def show_kin(self, others: list[str]) -> None:
        """Show the names of the nodes with the same weights."""
        self._text.setText(breakable(tr("Shares its weights with {nodes}", nodes=", ".join(others))))
        self.setVisible(bool(others))


class CodeStrip(QWidget):
    """The way to the Python of a node, and the warning while it may not run. `requested()` asks for the editor."""

    requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.button = small_button(tr("Edit the code…"))
        self.allow_button = small_button(tr("Allow…"))
        self.banner = QFrame()
        self.banner.setProperty("kind", "card")
        text = label(tr("This code came with the file. It does not run until you allow it."), wrap=True)
        words = column(spacing=GRID + 2)
        words.addWidget(text)
        words.addWidget(self.allow_button, 0, Qt.AlignmentFlag.AlignLeft)
        line = row(self.banner)
        line.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
        line.addWidget(IconLabel("warning", "warning"), 0, Qt.AlignmentFlag.AlignTop)
        line.addLayout(words, 1)
        layout = column(self, spacing=2 * GRID)
        layout.addWidget(self.banner)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        for button in (self.button, self.allow_button):
            button.clicked.connect(self.requested)

    def show_code(self, code: Code | None) -> None:
        """Show whether this code may run; None hides all of it."""
        self.setVisible(code is not None)
        self.banner.setVisible(code is not None and not trust.is_allowed(code.text))

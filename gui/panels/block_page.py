"""What the inspector shows inside a block while nothing is selected: the block itself."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from graph.blocks import check_title
from graph.catalog.definitions import PREFIX
from graph.messages import tr
from graph.model import Block
from gui.block_editor import BlockEditor
from gui.editor import Editor
from gui.figures import grouped
from gui.panels.block_params import ParamList
from gui.panels.macs import macs_text, runs_code
from gui.panels.name_field import NameField
from gui.panels.parts import FactList, Heading, column, complain, label, page_header, small_button
from gui.theme import GRID, theme

HELP_LINES = 3


class BlockPage(QWidget):
    """The name of a block, what it is for, its parameters, and where it is used. Every edit is one step."""

    def __init__(self, editor: Editor, blocks: BlockEditor) -> None:
        super().__init__()
        assert editor.scope is not None
        self.key: tuple[object, ...] = (editor.scope,)
        self._editor, self._blocks, self._id = editor, blocks, editor.scope
        self.name_field = NameField(tr("Name of the block"), self._check_name)
        self.help_field = HelpField()
        self.params, self.facts, self.used = ParamList(), FactList(), FactList()
        self._complaint = label("", tone="error", wrap=True)
        self._complaint.hide()
        self.keep_button = small_button(tr("Save to my blocks"), "save")
        self.keep_button.setToolTip(tr("Write the block to a file of its own, for other drawings"))
        self._unused = label(tr("Nothing uses this block yet."), tone="faint", wrap=True)
        self._connect()
        self._lay_out()
        self.refresh()

    def refresh(self) -> None:
        """Show the block as it is now."""
        block = self._block
        self.name_field.show_name(block.name)
        self.help_field.show_text(block.help)
        self.params.show_block(block)
        self.facts.set_facts(self._facts(block))
        used = self._uses()
        self.used.set_facts(used)
        self._unused.setVisible(not used)

    @property
    def _block(self) -> Block:
        return self._editor.project.blocks[self._id]

    def _facts(self, block: Block) -> list[tuple[str, ...]]:
        facts: list[tuple[str, ...]] = [(tr("Nodes"), grouped(len(block.graph.nodes)))]
        known = self._editor.analysis.blocks.get(self._id)
        if known is None or not known.outputs:
            return facts
        has_code = runs_code(block.graph, self._editor.project.definitions)
        return [
            *facts,
            (tr("Parameters"), grouped(known.parameters)),
            (tr("MACs / sample"), macs_text(known.macs, has_code=has_code)),
        ]

    def _uses(self) -> list[tuple[str, ...]]:
        """The drawings with instances of the block, and the names of these."""
        found: dict[str, list[str]] = {}
        for scope, node in self._blocks.uses(PREFIX + self._id):
            found.setdefault(self._blocks.title(scope), []).append(node.name)
        return [(title, ", ".join(names)) for title, names in found.items()]

    def _check_name(self, name: str) -> None:
        if name != self._block.name:
            check_title(name, self._editor.project.definitions)

    def _connect(self) -> None:
        self.name_field.renamed.connect(lambda name: self._blocks.change_block(self._id, name=name))
        self.name_field.rejected.connect(partial(complain, self._complaint))
        self.help_field.committed.connect(lambda text: self._blocks.change_block(self._id, help_text=text))
        self.keep_button.clicked.connect(lambda: self._blocks.keep(self._id))
        self.params.changed.connect(partial(self._blocks.set_block_params, self._id))
        self.params.renamed.connect(partial(self._blocks.rename_param, self._id))

    def _lay_out(self) -> None:
        layout = column(self, spacing=2 * GRID)
        layout.addLayout(page_header(self.name_field, tr("Block"), "block"))
        for widget in (
            self._complaint,
            self.help_field,
            self.facts,
            Heading(tr("Parameters of the block")),
            self.params,
            Heading(tr("Used in")),
            self.used,
            self._unused,
        ):
            layout.addWidget(widget)
        layout.addWidget(self.keep_button, 0, Qt.AlignmentFlag.AlignLeft)


class HelpField(QPlainTextEdit):
    """A few lines about the block. Enter or leaving commits, Escape gives up."""

    committed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        self.setPlaceholderText(tr("What the block does, for the library"))
        self.setAccessibleName(tr("What the block does"))
        self.setTabChangesFocus(True)
        self.setProperty("kind", "field")
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.document().setDocumentMargin(GRID + 2)
        theme.changed.connect(self._use_scale)
        self._use_scale()

    def show_text(self, text: str) -> None:
        """Show the text of the document, unless another one is being typed."""
        if not self.document().isModified() or text != self._text:
            self._text = text
            if text != self.toPlainText():
                self.setPlainText(text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._commit()
        elif event.key() == Qt.Key.Key_Escape and self.document().isModified():
            self.setPlainText(self._text)
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._commit()

    @Slot()
    def _use_scale(self) -> None:
        self.ensurePolished()
        self.setFixedHeight(HELP_LINES * self.fontMetrics().lineSpacing() + 2 * (GRID + 2) + 4)

    def _commit(self) -> None:
        text = " ".join(self.toPlainText().split())
        self.document().setModified(False)
        if text != self._text:
            self.committed.emit(text)

"""The data of the drawing: where it comes from, what it looks like, and its first samples."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from graph.catalog import CATALOG, Kind, Param, Role
from graph.messages import Message, tr
from graph.model import Node, NodeId, Value
from gui.editor import Editor
from gui.panels.data_facts import describe_facts, facts_of
from gui.panels.data_looks import ColumnFigures, NoteList, PointCloud, SkippedList, TextSamples
from gui.panels.data_path import DataPathView
from gui.panels.data_views import ClassBars, ImageGrid, RowTable
from gui.panels.empty import EmptyState
from gui.panels.fields import EntryField
from gui.panels.form import FieldRow
from gui.panels.parts import (
    ColorBar,
    ElidedLabel,
    FactList,
    Heading,
    ScrollColumn,
    column,
    complain,
    empty,
    flat_button,
    label,
    row,
    small_button,
)
from gui.panels.preview import Preview, PreviewReader
from gui.theme import GRID
from runtime.data.records import Choice

IN_FOLDERS = frozenset(
    f"layerloom.data.{name}" for name in ("Images", "Text", "LabeledTexts")
)  # what may lie in a folder


class DataPanel(ScrollColumn):
    """A card for each data node. Nothing is built or read while the panel is not on show."""

    def __init__(self, editor: Editor, parent: QWidget | None = None) -> None:
        super().__init__(spacing=4 * GRID)
        self.setParent(parent)
        self.setAccessibleName(tr("Data"))
        self._editor = editor
        self.cards: dict[NodeId, DataCard] = {}
        self._none = EmptyState(
            "table", tr("No data yet"), tr("Drag Images or Table from the library onto the canvas.")
        )
        self._cards = column(spacing=6 * GRID)
        self.column.addWidget(self._none, 1)
        self.path = DataPathView(editor)
        self.column.addLayout(self._cards)
        self.column.addWidget(self.path)
        self.column.addStretch(0)
        editor.changed.connect(self._on_changed)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refresh()

    def _on_changed(self, _change: object) -> None:
        if self.isVisible():
            self._refresh()

    def _refresh(self) -> None:
        nodes = {node.id: node for node in self._editor.project.graph.nodes.values() if _is_data(node)}
        kinds = {card_id: card.type_id for card_id, card in self.cards.items()}
        if kinds != {node.id: node.type for node in nodes.values()}:
            empty(self._cards)
            self.cards = {node_id: DataCard(self._editor, node_id) for node_id in nodes}
            for card in self.cards.values():
                self._cards.addWidget(card)
        for card in self.cards.values():
            card.refresh()
            card.read()
        self._none.setVisible(not nodes)
        self.path.refresh()


class DataCard(QWidget):
    """One data node."""

    def __init__(self, editor: Editor, node: NodeId) -> None:
        super().__init__()
        self._editor, self._id = editor, node
        self.type_id = editor.project.graph.nodes[node].type
        self._read_of: object = None
        self._name = ElidedLabel(tone="title")
        self._field = EntryField(self._param, lambda: editor.folder)
        self.source = self._make_source()
        self.file_button, self.folder_button = small_button(tr("File…")), small_button(tr("Folder…"))
        for button, text in ((self.file_button, tr("Choose file…")), (self.folder_button, tr("Choose folder…"))):
            button.setToolTip(text)
            button.setAccessibleName(text)
        self.read_button = flat_button("restart", tr("Read again"))
        self.facts, self._bars = FactList(), ClassBars()
        self.images, self.table, self.texts, self.points = ImageGrid(), RowTable(), TextSamples(), PointCloud()
        self.columns, self.skipped = ColumnFigures(), SkippedList()
        self._trouble, self._mends = label("", tone="error", wrap=True), column(spacing=GRID)
        self.notes = NoteList()
        self._classes_title, self._samples_title = Heading(tr("Classes")), Heading(tr("First samples"))
        self._columns_title, self._skipped_title = Heading(tr("Columns")), Heading(tr("Left out"))
        self._reader = PreviewReader(self)
        self._reader.answered.connect(self._on_answered)
        self.file_button.clicked.connect(self._field.choose_file)
        self.folder_button.clicked.connect(self._field.choose_folder)
        self.read_button.clicked.connect(self._read_again)
        self._lay_out()
        self._show_preview(Preview())
        complain(self._trouble, None)

    def refresh(self) -> None:
        """Show what the node knows of its data now."""
        node = self._node
        self._name.setText(node.name)
        self.source.show_value(CATALOG[node.type].values(node).get("source"), is_set=False)
        self.facts.set_facts(describe_facts(facts_of(node)))

    def read(self) -> None:
        """Read the first samples, unless those on show are of the same data."""
        question = (self._node.params, self._node.facts, self._editor.folder)
        if question != self._read_of:
            self._read_of = question
            self._reader.read(self._node, self._editor.folder)

    @property
    def _param(self) -> Param:
        return CATALOG[self.type_id].param("source") or Param(name="source", kind=Kind.FILE, optional=True, help="")

    @property
    def _node(self) -> Node:
        return self._editor.project.graph.nodes[self._id]

    def _on_answered(self, answer: Preview | Message) -> None:
        found = answer if isinstance(answer, Preview) else Preview(trouble=answer)
        complain(self._trouble, found.trouble)
        self._offer(found.choices)
        self._show_preview(found)

    def _offer(self, choices: Sequence[Choice]) -> None:
        """A button for each setting that would pass over what is wrong."""
        empty(self._mends)
        for name, value in choices:
            shown = " × ".join(map(str, value)) if isinstance(value, tuple) else value
            button = small_button(tr("Set '{name}' to '{value}'", name=name, value=shown), "check")
            button.clicked.connect(partial(self._set, name, value))
            self._mends.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)

    def _show_preview(self, preview: Preview) -> None:
        found, has_points = preview.found, preview.found.points is not None
        self._bars.show_counts(found.counts)
        self.images.show_images(preview.pictures, found.captions)
        self.table.show_rows(found.header, found.rows)
        self.texts.show_texts(found.texts)
        self.points.show_points(found.points, found.point_labels)
        self.columns.show_columns(found.columns)
        self.skipped.show_broken(found.broken)
        self.notes.show_notes(found.notes)
        shown = {
            (self._classes_title, self._bars): bool(found.counts),
            (self._samples_title,): bool(preview.pictures or found.rows or found.texts or has_points),
            (self.images,): bool(preview.pictures),
            (self.table,): bool(found.rows),
            (self.texts,): bool(found.texts),
            (self.points,): has_points,
            (self._columns_title, self.columns): bool(found.columns),
            (self._skipped_title, self.skipped): bool(found.broken),
        }
        for widgets, is_shown in shown.items():
            for widget in widgets:
                widget.setVisible(is_shown)

    def _read_again(self) -> None:
        self._read_of = None
        self._editor.look_into(None)
        self._editor.refresh_data(self._id)

    def _set(self, name: str, value: Value) -> None:
        self._editor.look_into(None)  # data is in the drawing itself, whatever is on the canvas
        self._editor.set_param(self._id, name, value)

    def _reset_source(self) -> None:
        self._editor.look_into(None)
        self._editor.reset_param(self._id, "source")

    def _make_source(self) -> FieldRow:
        made = FieldRow(self._param, self._field, name=tr("Source"))
        made.edited.connect(partial(self._set, "source"))
        made.finished.connect(self._editor.end_merge)
        made.reset_requested.connect(self._reset_source)
        return made

    def _lay_out(self) -> None:
        texts = column()
        texts.addWidget(self._name)
        texts.addWidget(ElidedLabel(self.type_id, tone="muted", mono=True))
        header = row(spacing=2 * GRID)
        header.addWidget(ColorBar("data"))
        header.addLayout(texts, 1)
        buttons = row()
        for button in (self.folder_button, self.file_button, self.read_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        layout = column(self, spacing=2 * GRID)
        layout.addLayout(header)
        layout.addWidget(self.source)
        layout.addLayout(buttons)
        has_source = CATALOG[self.type_id].param("source") is not None  # what is made up has none
        for widget, is_shown in (
            (self.source, has_source),
            (self.file_button, has_source),
            (self.folder_button, self.type_id in IN_FOLDERS),
        ):
            widget.setVisible(is_shown)
        layout.addWidget(self._trouble)
        layout.addLayout(self._mends)
        for widget in (
            self.facts,
            self.notes,
            self._classes_title,
            self._bars,
            self._samples_title,
            self.images,
            self.table,
            self.texts,
            self.points,
            self._columns_title,
            self.columns,
            self._skipped_title,
            self.skipped,
        ):
            layout.addWidget(widget)


def _is_data(node: Node) -> bool:
    return node.type in CATALOG and CATALOG[node.type].role is Role.DATA

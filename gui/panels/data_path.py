"""What training sees of pictures after the nodes of the data path have varied them."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QWidget

from graph.catalog import CATALOG
from graph.catalog.augmentation import FAMILY
from graph.messages import Message, tr
from gui.editor import Editor
from gui.panels.data_views import ImageGrid
from gui.panels.parts import Heading, column, complain, label
from gui.panels.preview import Preview, PreviewReader
from gui.theme import GRID


class DataPathView(QWidget):
    """Hidden where the drawing has no data path. `refresh` looks again where the drawing changed in what matters."""

    def __init__(self, editor: Editor) -> None:
        super().__init__()
        self._editor = editor
        self._looked_at: object = None
        self.images, self._trouble = ImageGrid(), label("", tone="warning", wrap=True)
        self._reader = PreviewReader(self)
        self._reader.answered.connect(self._on_answered)
        layout = column(self, spacing=2 * GRID)
        layout.addWidget(Heading(tr("As training sees it")))
        layout.addWidget(
            label(
                tr("Samples after the nodes of the data path, with fresh random numbers each time."),
                tone="faint",
                wrap=True,
            )
        )
        layout.addWidget(self.images)
        layout.addWidget(self._trouble)
        complain(self._trouble, None)
        self.hide()

    def refresh(self) -> None:
        """Look again, unless nothing changed or there is nothing to see."""
        project = self._editor.project
        has_path = any(n.type in CATALOG and CATALOG[n.type].family == FAMILY for n in project.graph.nodes.values())
        self.setVisible(has_path)
        question = (project.graph, self._editor.folder)
        if has_path and question != self._looked_at and not self._editor.analysis.errors:
            self._looked_at = question
            self._reader.look(project, self._editor.folder)

    @Slot(object)
    def _on_answered(self, answer: Preview | Message) -> None:
        complain(self._trouble, None if isinstance(answer, Preview) else answer)
        self.images.show_images(answer.pictures if isinstance(answer, Preview) else (), ())

"""Makes a drawing of an ONNX file; asks for sizes only where the file leaves them open."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QWidget

from graph.messages import tr
from gui.import_dialog import ImportDialog
from gui.import_inputs import InputsForm
from gui.import_work import Work, bring_onnx
from gui.panels.parts import label


class OnnxDialog(ImportDialog):
    """Begins by itself: no code of the file runs."""

    def __init__(self, path: Path, parent: QWidget | None = None) -> None:
        self.path = path
        self.inputs = InputsForm(0)
        text = tr("The file becomes a drawing with nested blocks. It is compared with onnxruntime on random inputs: the outputs are the "
                  "same, or nothing is imported and you are told why.")  # fmt: skip
        hint = tr(
            "Describe its inputs only where the file leaves sizes open beside the batch: the sizes of one sample of each, in order."
        )
        super().__init__(
            tr("Import '{file}'", file=path.name), text, (label(hint, tone="muted", wrap=True), self.inputs), parent
        )
        self.inputs.changed.connect(self.look)

    def make_work(self) -> Work:
        return partial(bring_onnx, self.path, self.inputs.given)

"""What the File menu brings from elsewhere: weights onto the drawing in front; a module or an ONNX file as a new drawing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QDialog, QFileDialog

from graph.messages import tr
from runtime.importer.weights_reading import SUFFIXES

if TYPE_CHECKING:
    from gui.file_actions import FileActions
    from gui.import_work import Outcome
    from gui.main_window import MainWindow

PYTHON, ONNX = ".py", ".onnx"


class ImportActions(QObject):
    """Methods named like the ids in `gui.actions` are what the menus call."""

    def __init__(self, files: FileActions, window: MainWindow) -> None:
        super().__init__(files)
        self._files, self._window = files, window

    def way_of(self, path: Path) -> Callable[[Path], None] | None:
        """What brings such a file; None for any other."""
        ways = {
            **dict.fromkeys(SUFFIXES, self.import_weights_of),
            ONNX: self.import_onnx_of,
            PYTHON: self.import_module_of,
        }
        return ways.get(path.suffix.lower())

    # ---- the menu

    def import_weights(self) -> None:
        """Choose a file of weights for the drawing."""
        kinds = f"{tr('Weights')} ({' '.join(f'*{suffix}' for suffix in SUFFIXES)})"
        self._choose(tr("Import weights"), kinds, self.import_weights_of)

    def import_module(self) -> None:
        """Say which PyTorch module is to become a drawing."""
        self.import_module_of(None)

    def import_onnx(self) -> None:
        """Choose an ONNX file that is to become a drawing."""
        self._choose(tr("Import an ONNX file"), f"{tr('ONNX files')} (*{ONNX})", self.import_onnx_of)

    # ---- of a file

    def import_weights_of(self, path: Path) -> None:
        """Show what of a file of weights belongs where in the drawing."""
        from gui.weights_dialog import WeightsDialog

        dialog = WeightsDialog(self._window.workspace, path, self._window.page)
        dialog.told.connect(self._window.notice.show_message)
        self._show(dialog)

    def import_module_of(self, path: Path | None) -> None:
        """Ask how a module is made, and whether its code may run."""
        from gui.import_module_dialog import ModuleDialog

        dialog = ModuleDialog(self._files.start_folder, path, self._window)
        dialog.brought.connect(self._on_brought)
        self._show(dialog)

    def import_onnx_of(self, path: Path) -> None:
        """Make a drawing of an ONNX file."""
        from gui.import_onnx_dialog import OnnxDialog

        dialog = OnnxDialog(path, self._window)
        dialog.brought.connect(self._on_brought)
        self._show(dialog)
        dialog.start()

    @Slot(object)
    def _on_brought(self, outcome: Outcome) -> None:
        """The drawing becomes a document, and the run with its weights the one that is asked there."""
        if self._files.open_made(outcome.project, outcome.title) and outcome.run is not None:
            self._window.controller.adopt(outcome.run, outcome.project)

    # ---- machinery

    def _choose(self, title: str, kinds: str, bring: Callable[[Path], None]) -> None:
        name, _ = QFileDialog.getOpenFileName(self._window, title, str(self._files.start_folder), kinds)
        if name:
            bring(Path(name))

    @staticmethod
    def _show(dialog: QDialog) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

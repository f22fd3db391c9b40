"""Asks for a PyTorch module that is to become a drawing, and for the person's word that its code may run."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QFormLayout, QLineEdit, QPushButton, QWidget

from graph.messages import LayerloomError, Message, RunError, msg, tr
from gui.import_actions import PYTHON
from gui.import_dialog import ImportDialog
from gui.import_inputs import InputsForm
from gui.import_work import Work, bring_module
from gui.panels.card import Card
from gui.panels.parts import column, complain, label, row
from gui.theme import GRID
from runtime.importer.module_apart import SOURCE
from runtime.importer.module_source import factories, named


class ModuleDialog(ImportDialog):
    """A file, or package.module:factory; its inputs; and the tick without which nothing runs."""

    def __init__(self, folder: Path, path: Path | None = None, parent: QWidget | None = None) -> None:
        """`folder` is where files are looked for first; `path` a file that was chosen already."""
        self.source = SourceForm(folder)
        self.inputs = InputsForm(1)
        self.trust = QCheckBox(tr("I trust this code"))
        text = tr("The module becomes a drawing with nested blocks. It is compared with the module on random inputs: outputs, gradients "
                  "and parameters are the same, or nothing is imported and you are told why.")  # fmt: skip
        form = (
            self.source,
            _titled(tr("What it is given: the sizes of one sample, without the batch"), self.inputs),
            self._make_warning(),
        )
        super().__init__(tr("Import a PyTorch module"), text, form, parent)
        self._folder = folder
        self.source.changed.connect(self._on_source_changed)
        self.inputs.changed.connect(self.look)
        self.trust.toggled.connect(self.look)
        if path is not None:
            self.source.place.setText(str(path))

    def _make_warning(self) -> Card:
        card = Card(tr("This runs the code"))
        text = tr("Its Python runs on this computer, in a process of its own. It could do whatever you can: read, change and delete "
                  "files, and use the network. Read it first, or know who wrote it.")  # fmt: skip
        card.body.addWidget(label(text, tone="warning", wrap=True))
        card.body.addWidget(self.trust)
        return card

    def why_not(self) -> Message | None:
        if not self.source.place.text().strip():
            return msg("Choose a Python file, or write package.module:factory.")
        return None if self.trust.isChecked() else msg("Its code runs only when you say that you trust it.")

    def make_work(self) -> Work:
        home, source = self.source.chosen()
        return partial(bring_module, source, self.inputs.given, home or self._folder)

    @Slot()
    def _on_source_changed(self) -> None:
        """The word was given for other code."""
        self.trust.setChecked(False)
        self.look()


class SourceForm(QWidget):
    """Where the module is: a file and what in it gives the module, or one name for both. `changed()`: it is another one."""

    changed = Signal()

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self.place = QLineEdit()
        self.place.setPlaceholderText(tr("A Python file, or package.module:factory"))
        self.place.setAccessibleName(tr("A Python file, or package.module:factory"))
        browse = QPushButton(tr("Choose…"), autoDefault=False)
        browse.clicked.connect(self._browse)
        self.factory = QComboBox(editable=True)
        self.factory.setAccessibleName(tr("What gives the module"))
        self.factory.setToolTip(tr("A class or a function of the file that takes nothing, or a module in it"))
        self.error = label("", tone="error", wrap=True)
        self.error.hide()
        line = row()
        line.addWidget(self.place, 1)
        line.addWidget(browse)
        self._form = QFormLayout()
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setHorizontalSpacing(3 * GRID)
        self._form.setVerticalSpacing(2 * GRID)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.addRow(label(tr("Module"), tone="muted"), line)
        self._form.addRow(label(tr("Class or function"), tone="muted"), self.factory)
        whole = column(self, spacing=GRID)
        whole.addLayout(self._form)
        whole.addWidget(self.error)
        self._form.setRowVisible(self.factory, False)
        self.place.textChanged.connect(self._on_place_changed)
        self.factory.currentTextChanged.connect(self.changed)

    def chosen(self) -> tuple[Path | None, str]:
        """The folder that it is found from (None: wherever Python looks), and package.module:factory.

        Raises:
            RunError: it is neither.
        """
        text, factory = self.place.text().strip(), self.factory.currentText().strip()
        if SOURCE.fullmatch(text):
            return None, text
        if not text.endswith(PYTHON):
            raise RunError(
                msg("'{source}' is neither a Python file nor of the form package.module:factory.", source=text)
            )
        if not self._file(text).is_file():
            raise RunError(msg("There is no file '{path}'. Check the path.", path=self._file(text)))
        if not factory:
            raise RunError(msg("Say which class or function of the file gives the module."))
        home, name = named(self._file(text))
        return home, f"{name}:{factory}"

    def _file(self, text: str) -> Path:
        return self._folder / Path(text)

    @Slot(str)
    def _on_place_changed(self, text: str) -> None:
        """What there is in a file is known by reading it."""
        is_file = text.strip().endswith(PYTHON)
        found: list[str] = []
        complain(self.error, None)
        if is_file and self._file(text.strip()).is_file():
            try:
                found = factories(self._file(text.strip()))
            except LayerloomError as error:
                complain(self.error, error.message)
        self.factory.clear()
        self.factory.addItems(found)
        self._form.setRowVisible(self.factory, is_file)
        self.changed.emit()

    @Slot()
    def _browse(self) -> None:
        kinds = f"{tr('Python')} (*{PYTHON})"
        name, _ = QFileDialog.getOpenFileName(self, tr("Choose a Python file"), str(self._folder), kinds)
        if name:
            self.place.setText(name)


def _titled(title: str, widget: QWidget) -> QWidget:
    made = QWidget()
    whole = column(made, spacing=GRID + 2)
    whole.addWidget(label(title, tone="heading"))
    whole.addWidget(widget)
    return made

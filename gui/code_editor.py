"""The editor of custom Python nodes: the text, what it makes of a node, and the question whether it may run."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QWidget,
)

from graph.code import CodeError, Signature, read
from graph.code_names import rename
from graph.messages import EditError, LayerloomError, msg, tr
from graph.model import Code
from graph.names import MAX_NAME, check_name, stem_of
from gui.code_facts import EDGE, Facts, Strip
from gui.code_text import CodeText
from gui.panels.parts import column, label, row, rule
from gui.style import set_property
from gui.theme import GRID, theme
from runtime import trust

SIZE = (760, 680)
MINIMUM = (520, 440)
READ_AFTER = 100  # milliseconds after the last key

_FOREIGN = msg(
    "This code came with the file. It can do anything that a program can. Read it, and allow it if you trust it."
)
_CHANGED = msg(
    "This code came with the file. It can do anything that a program can. Applying your change allows all of it."
)

_MODULE = '''\
import torch
from torch import nn


class {name}(nn.Module):
    """Scales each feature by a factor that it learns."""

    def __init__(self, features: int, start: float = 1.0):
        super().__init__()
        self.scale = nn.Parameter(torch.full((features,), start))

    def forward(self, input):
        return self.scale * input
'''
_FUNCTION = '''\
def {name}(first, second, share: float = 0.5):
    """Mixes two tensors."""
    return share * first + (1 - share) * second
'''


class CodeEditor(QDialog):
    """Edits one piece of code; it may be open beside the window. New code (without text) begins with a template.

    The name is that of the class or function in the text: changing either changes the other.

    `applied(Code)` gives what was written, which is allowed to run from then on; the editor stays open.
    `allowed(Code)` says that the code which came with a file is allowed now, as it is.
    """

    applied = Signal(object)  # Code
    allowed = Signal(object)  # Code

    def __init__(self, entry: Code, parent: QWidget | None = None, *, taken: Container[str] = ()) -> None:
        super().__init__(parent)
        self._entry, self._taken = entry, taken
        self._is_foreign = bool(entry.text) and not trust.is_allowed(entry.text)
        self._signature: Signature | None = None
        self._name = entry.name  # in the text, as it was applied
        self._followed = entry.name  # the name in the text that the field has, unless the person wrote another there
        self._is_parted = False
        self._read_later = QTimer(self, singleShot=True, interval=READ_AFTER)
        self.setWindowTitle(tr("Python of '{name}'", name=entry.name))
        self.setMinimumSize(*MINIMUM)
        self.resize(*(theme.px(pixels) for pixels in SIZE))
        self._build()
        self._connect()
        self._show_entry()

    @property
    def entry(self) -> Code:
        """The code as it was applied last."""
        return self._entry

    @property
    def is_changed(self) -> bool:
        """Whether anything was not applied yet."""
        return self._text_changed or self.name.text().strip() != self._name

    def part(self) -> None:
        """The document was closed: close too, or, with changes, stay so that they can be copied; nothing is applied."""
        self._is_parted = True
        if self.is_changed:
            self._read()
            self.question.show()
        else:
            super().reject()

    # ---- parts

    def _build(self) -> None:
        self.name = QLineEdit(maxLength=MAX_NAME)
        self.name.setAccessibleName(tr("Name"))
        self.text = CodeText(tr("Python"))
        self.banner, self.banner_text = Strip(), label("", wrap=True)
        self.allow_button = _button(tr("Allow this code"))
        self.banner.fill(self.banner_text, self.allow_button)
        self.question = Strip()
        self.discard_button, self.keep_button = _button(tr("Discard the changes")), _button(tr("Go on editing"))
        self.question.fill(
            label(tr("Your changes are not applied yet."), wrap=True), self.discard_button, self.keep_button
        )
        self.facts = Facts()
        whole = column(self)
        whole.addLayout(self._make_head())
        whole.addWidget(rule())
        for strip in (self.banner, self.question):
            whole.addWidget(strip)
            strip.hide()
        whole.addWidget(self.text, 1)
        whole.addWidget(rule())
        whole.addWidget(self.facts)
        whole.addLayout(self._make_buttons())

    def _make_head(self) -> QHBoxLayout:
        self.templates = QButtonGroup(self)
        line = row()
        line.setContentsMargins(EDGE, 3 * GRID, EDGE, 3 * GRID)
        line.addWidget(label(tr("Name"), tone="muted"))
        line.addWidget(self.name, 1)
        for number, text in enumerate((tr("A module, with weights"), tr("A function of tensors"))):
            button = QRadioButton(text)
            button.setVisible(not self._entry.text)
            self.templates.addButton(button, number)
            line.addWidget(button)
        self.templates.button(0).setChecked(True)
        return line

    def _make_buttons(self) -> QHBoxLayout:
        self.apply_button, self.close_button = _button(""), _button("")
        self.apply_button.setProperty("kind", "primary")
        hint = tr("Applied code runs like a program, with all your rights. Tab indents, Ctrl+Tab leaves the text.")
        line = row()
        line.setContentsMargins(EDGE, 2 * GRID, EDGE, EDGE)
        line.addWidget(label(hint, tone="faint", wrap=True), 1)
        line.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignBottom)
        line.addWidget(self.apply_button, 0, Qt.AlignmentFlag.AlignBottom)
        return line

    def _connect(self) -> None:
        self._read_later.timeout.connect(self._read)
        self.text.textChanged.connect(self._on_edited)
        self.name.textChanged.connect(self._on_edited)
        self.templates.idToggled.connect(self._on_template_toggled)
        self.allow_button.clicked.connect(self._allow)
        self.apply_button.clicked.connect(self._apply)
        self.close_button.clicked.connect(self.reject)
        self.discard_button.clicked.connect(self.discard)
        self.keep_button.clicked.connect(self._keep)
        self.facts.line_button.clicked.connect(lambda: self.text.go_to(self.facts.line))

    def _show_entry(self) -> None:
        self.text.set_wrapped(self._is_foreign)
        self.text.setPlainText(self._entry.text or self._template())
        self.name.setText(self._entry.name)
        self.text.document().setModified(False)
        self.text.setFocus()
        self._read()
        self._name = self.name.text()
        self._read()

    # ---- what the person does

    @Slot()
    def _on_edited(self) -> None:
        self.question.hide()
        self._read_later.start()

    @Slot()
    def _read(self) -> None:
        """Show what the text makes of a node, or why it makes none."""
        self._read_later.stop()
        self._follow()
        error = self._problem()
        self.text.mark_error(error.line if isinstance(error, CodeError) else None)
        self.facts.show_result(self._signature, error)
        is_bad_name = error is not None and not self._is_parted and not isinstance(error, CodeError)
        set_property(self.name, "invalid", is_bad_name)
        self._update_buttons(error)

    def _follow(self) -> None:
        """Give the field the name that the text has now, unless the person wrote another into it."""
        try:
            name = read(self._current_text()).name
        except CodeError:
            return
        if self.name.text().strip() == self._followed != name:
            self.name.setText(name)
            self._read_later.stop()
        self._followed = name

    def _problem(self) -> LayerloomError | None:
        self._signature, name = None, self.name.text().strip()
        if self._is_parted:
            return LayerloomError(
                msg("The drawing that this code belongs to was closed. Copy what you need from here.")
            )
        if not name:
            return LayerloomError(msg("This has no name. Write one at the top."))
        if name in self._taken and name != self._entry.name:
            return LayerloomError(msg("'{name}' exists already. Choose another name.", name=name))
        try:
            check_name(name)
            self._signature = read(self._text_to_apply())
        except EditError as error:
            return error
        return None

    @Slot()
    def _apply(self) -> None:
        """Allow and hand out what is written, with the name of the field."""
        self._read()
        if not self.apply_button.isEnabled():
            return
        text = self._text_to_apply()
        if not self._try_to_allow(text):
            return
        if text != self._current_text():
            self.text.replace_text(text)
        self._is_foreign = False
        self._name = self._followed = self.name.text().strip()
        self._entry = replace(self._entry, name=self._name, text=text)
        self._settle()
        self.applied.emit(self._entry)

    @Slot()
    def _allow(self) -> None:
        if self._try_to_allow(self._entry.text):
            self._is_foreign = False
            self._read()
            self.text.setFocus()
            self.allowed.emit(self._entry)

    def _try_to_allow(self, text: str) -> bool:
        try:
            trust.allow(text)
        except LayerloomError as error:
            self.facts.show_result(None, error)
            return False
        return True

    def _settle(self) -> None:
        self.text.document().setModified(False)
        self.setWindowTitle(tr("Python of '{name}'", name=self._entry.name))
        for button in self.templates.buttons():
            button.hide()
        self._read()

    @Slot(int, bool)
    def _on_template_toggled(self, _number: int, chosen: bool) -> None:
        if chosen:
            was_changed = self.text.document().isModified()
            self.text.replace_text(self._template())
            self.text.document().setModified(was_changed)

    @Slot()
    def discard(self) -> None:
        """Close, whatever was changed."""
        super().reject()

    @Slot()
    def _keep(self) -> None:
        self.question.hide()
        self.text.setFocus()

    def reject(self) -> None:
        """Close; with changes that are not applied, ask first. A second Escape closes all the same."""
        if self.is_changed and not self.question.isVisible():
            self.question.show()
            self.keep_button.setFocus()
        else:
            super().reject()

    # ---- what it shows

    @property
    def _text_changed(self) -> bool:
        return self.text.document().isModified()

    def _current_text(self) -> str:
        """The text to apply: exactly the one that came as long as nobody changed it (Qt shows some letters as others)."""
        return self.text.toPlainText() if self._text_changed or not self._entry.text else self._entry.text

    def _text_to_apply(self) -> str:
        """The text, where the class or function has the name of the field.

        Raises:
            EditError: it cannot be read, or has that name for something else.
        """
        text, name = self._current_text(), self.name.text().strip()
        found = read(text).name
        return text if found == name else rename(text, found, name)

    def _template(self) -> str:
        name = self._entry.name if self._entry.name.isidentifier() else "Mine"
        is_module = self.templates.checkedId() == 0
        return _MODULE.format(name=name) if is_module else _FUNCTION.format(name=stem_of(name, "mix"))

    def _update_buttons(self, error: LayerloomError | None) -> None:
        allows_more = self._is_foreign and self.is_changed
        self.banner.setVisible(self._is_foreign)
        self.banner_text.setText(str(_CHANGED if allows_more else _FOREIGN))
        self.allow_button.setVisible(self._is_foreign and not self.is_changed)
        self.allow_button.setEnabled(self._signature is not None)
        self.allow_button.setToolTip("" if error is None else str(error))
        self.apply_button.setText(tr("Apply and allow") if allows_more else tr("Apply"))
        self.apply_button.setEnabled(error is None and (self.is_changed or not self._entry.text))
        self.apply_button.setToolTip(
            str(error or ("" if self.apply_button.isEnabled() else msg("Nothing has changed.")))
        )
        self.close_button.setText(tr("Cancel") if self.is_changed else tr("Close"))


def _button(text: str) -> QPushButton:
    """A button that only a press on itself presses: Enter in the name must not allow anything."""
    return QPushButton(text, autoDefault=False)

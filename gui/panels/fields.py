"""Fields for parameter values, built from their descriptions: they check what is entered and say why it does not fit.

All three kinds have the same signals and `show_value`:

    committed(value)           the person entered a value that fits
    rejected(Message or None)  why the text does not fit; None once it does
    finished()                 the person is done with this field
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QLineEdit,
    QMenu,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
)

from graph.binding import SIGN, is_expression
from graph.catalog import Kind, Param
from graph.expressions import Number
from graph.messages import EditError, tr
from graph.model import Value
from gui.icons import icon
from gui.panels.completion import NameCompleter
from gui.panels.line_field import LineField, add_sign
from gui.panels.values import NUMBERS, can_step, format_value, parse_entry, parse_value, step_value, worth
from gui.style import set_property
from gui.theme import mono_font, theme

BUILTIN = "builtin:"
Folder = Callable[[], Path | None]  # the project's folder, which saving under another name changes
Names = Mapping[str, Number]  # the parameters of the block around, with their values
BADGE_SIZE, BADGE_SPACE, BUTTON_SPACE = 11, 8, 22  # pixels
_STEPS = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: 10, Qt.Key.Key_PageDown: -10}
_TAKING = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class EntryField(LineField):
    """A value typed as text. Enter or leaving commits, Escape gives up, arrow keys and the wheel step numbers.

    Empty means `auto` or none where the parameter allows that. Words and files to choose from are in a menu at its end.
    With `names`, a number may be written as an expression over them, and the value that it has now stands behind it.
    """

    committed = Signal(object)
    rejected = Signal(object)
    finished = Signal()

    def __init__(self, param: Param, folder: Folder = lambda: None, names: Names | None = None) -> None:
        super().__init__()
        self._param, self._folder = param, folder
        self._names = names if param.kind in NUMBERS else None
        self._value: Value = None
        self._known: Value = None  # what the analysis says of it
        self._badge = ("", "")  # a short text at the right end, and the theme role of its colour
        self.setProperty("mono", True)
        self.setMinimumWidth(48)
        self.editingFinished.connect(self._finish)
        self.textEdited.connect(self._forgive)
        self.textChanged.connect(self._choose_badge)
        if self._names:
            self.setCompleter(NameCompleter(self._names, self))
        if param.auto is None and param.optional:
            self.setPlaceholderText(str(param.empty or tr("none")))
        if param.choices or param.kind is Kind.FILE:
            action = QAction(icon("chevron-down", "muted"), "", self)
            add_sign(self, action, QLineEdit.ActionPosition.TrailingPosition, name=tr("Choose…"))
            action.triggered.connect(self.open_menu)

    def show_value(self, value: Value, inferred: Value = None) -> None:
        """Show a value of the document; `inferred` is what an `auto` one amounts to. What is being typed stays."""
        if self._param.auto is not None:
            self.setPlaceholderText(format_value(self._param, inferred) if inferred is not None else "?")
        self._known = inferred
        if self._is_typed and (self.hasFocus() or value == self._value):
            return
        self._value = value
        text = shown_text(format_value(self._param, value))
        if text != self.text():
            self.setText(text)
            self.setCursorPosition(0)
        self._choose_badge()
        self._reject(None)

    @property
    def worth(self) -> str:
        """What the expression on show amounts to now; empty if there is none."""
        return self._badge[0] if self._badge[1] == "muted" else ""

    def open_menu(self) -> None:
        """Offer the words and the files to choose from."""
        menu = self.choices_menu()
        menu.exec(self.mapToGlobal(self.rect().bottomLeft()))
        menu.deleteLater()

    def choices_menu(self) -> QMenu:
        """The menu of words and files to choose from."""
        menu = QMenu(self)
        for choice in self._param.choices:
            menu.addAction(shown_text(choice), partial(self._commit, choice))
        if self._param.kind is Kind.FILE:
            menu.addSeparator()
            menu.addAction(icon("open", "muted"), tr("Choose file…"), self.choose_file)
            menu.addAction(icon("open", "muted"), tr("Choose folder…"), self.choose_folder)
        return menu

    def choose_file(self) -> None:
        """Ask for a file."""
        self._take_path(QFileDialog.getOpenFileName(self, tr("Choose file"), str(self._folder() or ""))[0])

    def choose_folder(self) -> None:
        """Ask for a folder."""
        self._take_path(QFileDialog.getExistingDirectory(self, tr("Choose folder"), str(self._folder() or "")))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = _STEPS.get(Qt.Key(event.key()))
        completer = self.completer()
        if event.key() in _TAKING and isinstance(completer, NameCompleter) and completer.take():
            event.accept()
        elif event.key() == Qt.Key.Key_Escape and self._is_typed:
            self._show_again()
        elif steps and self._param.choices and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.open_menu()
        elif steps and self._step(steps):
            event.accept()
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta().y()
        if not (self.hasFocus() and turned and self._step(1 if turned > 0 else -1)):
            event.ignore()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = self.createStandardContextMenu()
        menu.addSeparator()
        menu.addActions(self.actions_for_menu())
        menu.exec(event.globalPos())
        menu.deleteLater()

    def actions_for_menu(self) -> list[QAction]:
        """The actions that whoever put this field somewhere added to it."""
        return [action for action in self.actions() if action.text()]

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._choose_badge()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._has_room():
            text, role = self._badge
            painter = QPainter(self)
            painter.setFont(mono_font(theme.px(BADGE_SIZE)))
            painter.setPen(theme.color(role))
            space = QRectF(self.rect()).adjusted(0, 0, -self._badge_edge(), 0)
            painter.drawText(space, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)

    def _choose_badge(self) -> None:
        """`auto` where nothing is typed, or what the expression amounts to; the text leaves room for it."""
        badge = (tr("auto"), "good") if self._param.auto is not None and not self.text() else ("", "")
        if self._names is not None and not self._is_typed:
            amount = worth(self._param, self._value, self._names, self._known)
            badge = (amount, "muted") if amount else badge
            self.setToolTip(f"{self.text()} → {amount}" if amount else self.whatsThis())
        self._badge = badge
        self.setTextMargins(0, 0, self._badge_width() + BADGE_SPACE if self._has_room() else 0, 0)
        self.update()

    def _has_room(self) -> bool:
        """Whether the badge can stand behind the text without hiding any of it."""
        taken = self.fontMetrics().horizontalAdvance(self.text()) + self._badge_width() + 3 * BADGE_SPACE
        return bool(self._badge[0]) and taken <= self.width() - self._badge_edge()

    def _badge_width(self) -> int:
        return QFontMetrics(mono_font(theme.px(BADGE_SIZE))).horizontalAdvance(self._badge[0])

    def _badge_edge(self) -> int:
        return BADGE_SPACE + (theme.px(BUTTON_SPACE) if self._param.choices else 0)

    def _step(self, steps: int) -> bool:
        if not can_step(self._param) or isinstance(self._value, str) or self._value is None:
            return False
        if self._is_typed and not self._commit_text():
            return False
        self._commit(step_value(self._param, self._value, steps))
        return True

    @property
    def _is_typed(self) -> bool:
        """Whether the text is not that of the value; Qt does not call a completed text modified."""
        return self.isModified() or self.text() != shown_text(format_value(self._param, self._value))

    def _finish(self) -> None:
        if not self._is_typed or self._commit_text():
            self.finished.emit()

    def _commit_text(self) -> bool:
        try:
            value = self._read()
        except EditError as error:
            self._reject(error.message)
            return False
        self._commit(value)
        return True

    def _read(self) -> Value:
        text = _meant(self.text(), self._param)
        return parse_value(self._param, text) if self._names is None else parse_entry(self._param, text, self._names)

    def _commit(self, value: Value) -> None:
        changed = value != self._value
        self._value, self._known = value, None if changed else self._known
        self._show_again()
        if changed:
            self.committed.emit(value)

    def _show_again(self) -> None:
        self.setText(shown_text(format_value(self._param, self._value)))
        self._choose_badge()
        self._reject(None)

    def _forgive(self) -> None:
        """What was wrong is being mended: stop complaining as soon as it is right."""
        if self.property("invalid"):
            try:
                self._read()
            except EditError:
                return
            self._reject(None)

    def _reject(self, message: object) -> None:
        set_property(self, "invalid", message is not None)
        self.rejected.emit(message)

    def _take_path(self, path: str) -> None:
        if path:
            self._commit(portable_path(Path(path), self._folder()))
            self.finished.emit()


class ToggleField(QCheckBox):
    """Yes or no. With `names`, its menu lets it follow one of them; it then shows that as an expression."""

    committed = Signal(object)
    rejected = Signal(object)
    finished = Signal()

    def __init__(self, names: Names | None = None) -> None:
        super().__init__()
        self._names = names or {}
        self.setProperty("kind", "field")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.clicked.connect(self._on_clicked)
        for name in (name for name, value in self._names.items() if isinstance(value, bool)):
            self.addAction(tr("Follow {name} of the block", name=name), partial(self._on_clicked, SIGN + name))

    def show_value(self, value: Value, inferred: Value = None) -> None:
        """Show a value of the document; `inferred` is what an expression amounts to."""
        text = value if isinstance(value, str) and is_expression(value) else ""
        if text and inferred is None:
            inferred = self._names.get(text.removeprefix(SIGN).strip())
        self.setText(text)
        self.setChecked(bool(inferred if text else value))

    def hitButton(self, _position) -> bool:
        return True

    def _on_clicked(self, value: Value) -> None:
        self.committed.emit(value)
        self.finished.emit()


class ChoiceField(QComboBox):
    """One of some words; `labels` says how they are shown, where not by themselves."""

    committed = Signal(object)
    rejected = Signal(object)
    finished = Signal()

    def __init__(self, param: Param, labels: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._help = ""
        self.setProperty("mono", labels is None)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(4)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._optional = param.optional
        self.set_choices({choice: (labels or {}).get(choice, choice) for choice in param.choices})
        self.activated.connect(self._on_activated)
        self.currentTextChanged.connect(self._choose_tip)

    def setToolTip(self, text: str) -> None:
        """Its help, after the choice where there is no room for all of that."""
        self._help = text
        self._choose_tip()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._choose_tip()

    def set_choices(self, labels: Mapping[str, str]) -> None:
        """Offer these values, shown by these words, keeping the one that is chosen."""
        value = self.currentData()
        self.clear()
        if self._optional:
            self.addItem(tr("none"), None)
        for choice, shown in labels.items():
            self.addItem(shown, choice)
        self.show_value(value)

    def show_value(self, value: Value, _inferred: Value = None) -> None:
        """Show a value of the document."""
        self.setCurrentIndex(self.findData(value))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """As Qt does, with an ellipsis where a word does not fit."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        option.currentText = self._text_that_fits(option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def _text_that_fits(self, option: QStyleOptionComboBox) -> str:
        part = QStyle.SubControl.SC_ComboBoxEditField
        space = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, part, self)
        return self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideRight, space.width() - 4)

    def _choose_tip(self) -> None:
        option, text = QStyleOptionComboBox(), self.currentText()
        self.initStyleOption(option)
        fits = self._text_that_fits(option) == text
        super().setToolTip(self._help if fits else "\n".join(filter(None, (text, self._help))))

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def _on_activated(self, index: int) -> None:
        self.committed.emit(self.itemData(index))
        self.finished.emit()


Field = EntryField | ToggleField | ChoiceField


def make_field(param: Param, folder: Folder = lambda: None, names: Names | None = None) -> Field:
    """The field for a parameter. Paths are kept relative to what `folder` gives; `names` are for expressions, if allowed."""
    if param.kind is Kind.BOOL:
        return ToggleField(names)
    if param.kind is Kind.CHOICE:
        return ChoiceField(param)
    return EntryField(param, folder, names)


def portable_path(path: Path, folder: Path | None) -> str:
    """The path relative to the project's folder if it lies inside, so that both can be moved together."""
    if folder is not None and path.is_relative_to(folder):
        return path.relative_to(folder).as_posix()
    return path.as_posix()


def shown_text(text: str) -> str:
    """`builtin:digits` as a person reads it."""
    return tr("{name} (built in)", name=text.removeprefix(BUILTIN)) if text.startswith(BUILTIN) else text


def _meant(text: str, param: Param) -> str:
    """The opposite of `shown_text`."""
    return next((choice for choice in param.choices if text.strip() == shown_text(choice)), text)

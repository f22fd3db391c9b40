"""The parameters of a block as a list to edit: names, defaults and what they are for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QWidget

from graph.blocks import check_param_name
from graph.messages import EditError, msg, tr
from graph.model import Block, BlockParam
from graph.names import first_free
from gui.panels.name_field import NameField
from gui.panels.parts import column, complain, empty, flat_button, label, row, small_button
from gui.theme import GRID

NEW_DEFAULT = 1
_WORDS = {"true": True, "false": False, "yes": True, "no": False}


def read_default(text: str) -> int | float | bool:
    """A default as it is written: `64`, `0.5`, `True`. What it is decides what the parameter takes.

    Raises:
        EditError: it is none of these.
    """
    if text.casefold() in _WORDS:
        return _WORDS[text.casefold()]
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        if abs(value) < 2**63:
            return value
    raise EditError(
        msg("'{text}' cannot be a default. Write a whole number, a number such as 0.5, or True or False.", text=text)
    )


class ParamRow(QFrame):
    """One parameter. `renamed(name)`, `changed(BlockParam)`; the buttons are for whoever put it somewhere."""

    renamed = Signal(str)
    changed = Signal(object)

    def __init__(self, check: Callable[[str], None]) -> None:
        super().__init__()
        self.setProperty("kind", "card")
        self._param = BlockParam("", NEW_DEFAULT)
        self.name = NameField(tr("Name of the parameter"), check, kind="")
        self.default = NameField(tr("Default"), lambda text: void(read_default(text)), kind="")
        self.help = NameField(tr("What the parameter is for"), lambda _text: None, kind="")
        self.help.setPlaceholderText(tr("What it is for"))
        self.up_button = flat_button("chevron-up", tr("Move up"))
        self.remove_button = flat_button("delete", tr("Remove the parameter"))
        self._complaint = label("", tone="error", wrap=True)
        self._complaint.hide()
        for field in (self.name, self.default):
            field.setProperty("mono", True)
        for field in (self.name, self.default, self.help):
            field.setToolTip("")
            field.rejected.connect(partial(complain, self._complaint))
        self.name.renamed.connect(self.renamed)
        self.default.renamed.connect(lambda text: self.changed.emit(self._param._replace(default=read_default(text))))
        self.help.renamed.connect(lambda text: self.changed.emit(self._param._replace(help=text)))
        self._lay_out()

    def show_param(self, param: BlockParam, *, first: bool) -> None:
        """Show a parameter of the document."""
        self._param = param
        self.name.show_name(param.name)
        self.default.show_name(f"{param.default:.12g}" if isinstance(param.default, float) else str(param.default))
        self.help.show_name(param.help)
        self.up_button.setEnabled(not first)
        self.up_button.setToolTip(tr("This is the first parameter.") if first else tr("Move up"))

    @property
    def complaint(self) -> str:
        """Why an entry does not fit; empty if all do."""
        return self._complaint.text()

    def _lay_out(self) -> None:
        line = row(spacing=GRID)
        line.addWidget(self.name, 3)
        line.addWidget(self.default, 2)
        line.addWidget(self.up_button)
        line.addWidget(self.remove_button)
        layout = column(self, spacing=GRID)
        layout.setContentsMargins(GRID + 2, GRID + 2, GRID + 2, GRID + 2)
        layout.addLayout(line)
        layout.addWidget(self.help)
        layout.addWidget(self._complaint)


class ParamList(QWidget):
    """The parameters of a block, one below the other, and a button for another one.

    `changed(tuple[BlockParam, ...])` asks for other parameters, `renamed(old, new)` for another name of one.
    """

    changed = Signal(object)
    renamed = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self._block = Block("", "")
        self.rows: list[ParamRow] = []
        self._column = column(spacing=GRID + 2)
        self.add_button = small_button(tr("Add a parameter"), "plus")
        self.add_button.clicked.connect(self._add)
        self._none = label(
            tr("No parameters yet. The nodes in the block can refer to one by its name, such as =4 * channels."),
            tone="faint",
            wrap=True,
        )
        layout = column(self, spacing=2 * GRID)
        layout.addWidget(self._none)
        layout.addLayout(self._column)
        layout.addWidget(self.add_button, 0, Qt.AlignmentFlag.AlignLeft)

    def show_block(self, block: Block) -> None:
        """Show the parameters of a block as they are now; rows that are there stay, and the focus with them."""
        self._block = block
        if len(self.rows) != len(block.params):
            empty(self._column)
            self.rows = [self._make_row(number) for number in range(len(block.params))]
        for number, (shown, param) in enumerate(zip(self.rows, block.params, strict=True)):
            shown.show_param(param, first=number == 0)
        self._none.setVisible(not self.rows)

    def _make_row(self, number: int) -> ParamRow:
        made = ParamRow(partial(self._check, number))
        made.renamed.connect(lambda name: self.renamed.emit(self._block.params[number].name, name))
        made.changed.connect(partial(self._put, number))
        made.up_button.clicked.connect(lambda: self._move_up(number))
        made.remove_button.clicked.connect(lambda: self._remove(number))
        self._column.addWidget(made)
        return made

    def _check(self, number: int, name: str) -> None:
        others = [param.name for n, param in enumerate(self._block.params) if n != number]
        check_param_name(name, self._block, others=others)

    def _add(self) -> None:
        taken = self._block.graph.names | {param.name for param in self._block.params}
        self.changed.emit((*self._block.params, BlockParam(first_free("param", taken), NEW_DEFAULT)))
        if self.rows:
            self.rows[-1].name.setFocus(Qt.FocusReason.OtherFocusReason)
            self.rows[-1].name.selectAll()

    def _put(self, number: int, param: BlockParam) -> None:
        params = self._block.params
        self.changed.emit((*params[:number], param, *params[number + 1 :]))

    def _move_up(self, number: int) -> None:
        params = list(self._block.params)
        params.insert(number - 1, params.pop(number))
        self.changed.emit(tuple(params))

    def _remove(self, number: int) -> None:
        params = self._block.params
        self.changed.emit(params[:number] + params[number + 1 :])


def void(_value: object) -> None:
    """Nothing, whatever was worked out."""

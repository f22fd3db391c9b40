"""Around the text of custom Python: what it makes of a node, and sentences with buttons across the dialog."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QStackedWidget, QWidget

from graph.catalog.types import Kind, Param
from graph.code import CodeError, Signature
from graph.messages import LayerloomError, tr
from gui.panels.parts import ElidedLabel, IconLabel, breakable, label, row, small_button
from gui.theme import GRID

EDGE = 4 * GRID
_KIND_NAMES = {Kind.INT: "int", Kind.FLOAT: "float", Kind.BOOL: "bool", Kind.TEXT: "str"}


class Strip(QFrame):
    """A sentence with its buttons, across the dialog."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("kind", "banner")

    def fill(self, sentence: QLabel, *buttons: QPushButton) -> None:
        """Put the parts in."""
        line = row(self, spacing=3 * GRID)
        line.setContentsMargins(EDGE, 2 * GRID, EDGE, 2 * GRID)
        line.addWidget(IconLabel("warning", "warning"))
        line.addWidget(sentence, 1)
        for button in buttons:
            line.addWidget(button)


class Facts(QStackedWidget):
    """What the text makes of a node, or the error in it."""

    def __init__(self) -> None:
        super().__init__()
        self.line = 1
        self._values = [ElidedLabel(mono=True) for _ in range(4)]
        self.error = label("", tone="error", wrap=True)
        self.line_button = small_button(tr("Show the line"))
        self.line_button.setAutoDefault(False)
        self.addWidget(self._make_table())
        self.addWidget(self._make_error())

    def show_result(self, signature: Signature | None, error: LayerloomError | None) -> None:
        """Show the error if there is one, else what the signature says."""
        self.setCurrentIndex(0 if error is None else 1)
        self.error.setText(breakable(str(error or "")))
        self.line_button.setVisible(isinstance(error, CodeError))
        if isinstance(error, CodeError):
            self.line = error.line
        if signature is not None:
            for place, text in zip(self._values, _texts(signature), strict=True):
                place.setText(text)
                place.setToolTip("")

    @property
    def texts(self) -> tuple[str, ...]:
        """The node, its inputs, its outputs and its parameters as they are shown."""
        return tuple(value.text() for value in self._values)

    def _make_table(self) -> QWidget:
        page = QWidget()
        table = QGridLayout(page)
        table.setContentsMargins(EDGE, 3 * GRID, EDGE, GRID)
        table.setHorizontalSpacing(4 * GRID)
        table.setVerticalSpacing(GRID)
        table.setColumnStretch(1, 1)
        titles = (tr("Node"), tr("Inputs"), tr("Outputs"), tr("Node parameters"))
        for number, (title, value) in enumerate(zip(titles, self._values, strict=True)):
            value.setAccessibleName(title)
            table.addWidget(label(title, tone="muted"), number, 0)
            table.addWidget(value, number, 1)
        return page

    def _make_error(self) -> QWidget:
        page = QWidget()
        line = row(page, spacing=3 * GRID)
        line.setContentsMargins(EDGE, 3 * GRID, EDGE, GRID)
        for widget in (IconLabel("error", "error"), self.error, self.line_button):
            line.addWidget(widget, int(widget is self.error), Qt.AlignmentFlag.AlignTop)
        return page


def _texts(signature: Signature) -> tuple[str, ...]:
    name = signature.name
    node = tr("{name}, a module", name=name) if signature.is_module else tr("{name}, a function", name=name)
    inputs = (tr("{name} (optional)", name=name) if optional else name for name, optional in signature.inputs)
    return (
        f"{node}: {signature.help}" if signature.help else node,
        ", ".join(inputs) or tr("none"),
        ", ".join(signature.outputs),
        ", ".join(map(_param_text, signature.params)) or tr("none"),
    )


def _param_text(param: Param) -> str:
    """As Python writes it: `width: int`, `scale: float = 2.0`."""
    kind = _KIND_NAMES[param.kind] + (" | None" if param.optional else "")
    return f"{param.name}: {kind}" + ("" if param.required else f" = {param.default!r}")

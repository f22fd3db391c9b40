"""How the weights and biases of a layer, or of the whole network, begin: a choice of `torch.nn.init` for each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from graph.catalog.initializers import INITIALIZERS
from graph.catalog.optimizers import ChoiceType
from graph.messages import Message, msg
from graph.plan import Choice
from gui.panels.choice_form import ChoiceForm
from gui.panels.parts import column
from gui.theme import GRID

DEFAULT = ""  # the type that stands for no choice
WEIGHT, BIAS = "weight_init", "bias_init"
NAMES: Mapping[str, Message] = {WEIGHT: msg("Weights begin"), BIAS: msg("Biases begin")}

# What no choice means: at a layer, and at the network.
OF_LAYER = (msg("Inherited"), msg("As the network says for all its layers."))
OF_NETWORK = (msg("As in PyTorch"), msg("As every layer of PyTorch begins by itself."))


class InitForm(QWidget):
    """`chosen(which, Choice or None)`: how "weight_init" or "bias_init" begins was set; None goes back to the default.

    `default` is the label and the help of the entry that stands for no choice. `finished()` ends an interaction.
    """

    chosen = Signal(str, object)
    finished = Signal()

    def __init__(self, default: tuple[Message, Message] = OF_LAYER) -> None:
        super().__init__()
        self._default = default
        self._layout = column(self, spacing=GRID + 1)
        self.forms: dict[str, ChoiceForm] = {}  # made with the first choices

    def show_choices(self, weight: Choice | None, bias: Choice | None) -> None:
        """Show the choices of the document."""
        if not self.forms:
            self._make_forms()
        for which, choice in ((WEIGHT, weight), (BIAS, bias)):
            self.forms[which].show_choice(choice or Choice(DEFAULT))

    def _make_forms(self) -> None:
        label, text = self._default
        types = {DEFAULT: ChoiceType(DEFAULT, label.text, text.text), **INITIALIZERS}
        for which, name in NAMES.items():
            form = self.forms[which] = ChoiceForm(types, name=str(name))
            form.edited.connect(partial(self._on_edited, which))
            form.finished.connect(self.finished)
            self._layout.addWidget(form)

    def _on_edited(self, which: str, choice: Choice, _part: str) -> None:
        self.chosen.emit(which, choice if choice.type != DEFAULT else None)

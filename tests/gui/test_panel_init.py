"""The form for how weights and biases begin."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStyle, QStyleOptionComboBox

from graph.catalog.initializers import INITIALIZERS
from graph.plan import Choice
from gui.panels.init_form import OF_LAYER, OF_NETWORK, InitForm
from panel_tools import show

KAIMING = "torch.nn.init.kaiming_normal_"


@pytest.fixture
def form(qtbot):
    made = show(qtbot, InitForm())
    made.show_choices(None, None)
    return made


@pytest.fixture
def told(form):
    """What the form told, which a document would keep and show."""
    heard = []
    choices = {"weight_init": None, "bias_init": None}

    def keep(which, choice):
        heard.append((which, choice))
        choices[which] = choice
        form.show_choices(choices["weight_init"], choices["bias_init"])

    form.chosen.connect(keep)
    return heard


def combo(form, which):
    return form.forms[which].type_row.field


def choose(qtbot, field, text):
    """Choose an entry by keys."""
    field.setFocus()
    steps = field.findText(text) - field.currentIndex()
    for _ in range(abs(steps)):
        qtbot.keyClick(field, Qt.Key.Key_Down if steps > 0 else Qt.Key.Key_Up)


@pytest.mark.parametrize("default", [OF_LAYER, OF_NETWORK])
def test_the_word_for_no_choice_fits_at_the_usual_width(qtbot, default):
    form = show(qtbot, InitForm(default), 262, 200)
    for which in form.forms:
        field, option = combo(form, which), QStyleOptionComboBox()
        field.initStyleOption(option)
        part = QStyle.SubControl.SC_ComboBoxEditField
        room = field.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, part, field).width() - 4
        assert field.fontMetrics().horizontalAdvance(field.currentText()) <= room


def test_without_a_choice_the_network_decides(form):
    assert [combo(form, which).currentText() for which in form.forms] == ["Inherited", "Inherited"]
    assert combo(form, "weight_init").count() == len(INITIALIZERS) + 1
    assert combo(form, "weight_init").accessibleName() == "Weights begin"
    assert form.forms["weight_init"].rows == {}


def test_the_network_leaves_it_to_pytorch(qtbot):
    made = show(qtbot, InitForm(OF_NETWORK))
    made.show_choices(None, None)
    assert combo(made, "bias_init").currentText() == "As in PyTorch"


def test_a_choice_is_told_and_shows_its_parameters(qtbot, form, told):
    choose(qtbot, combo(form, "weight_init"), "Kaiming normal")
    assert told[-1] == ("weight_init", Choice(KAIMING))
    assert {which for which, _ in told} == {"weight_init"}
    assert list(form.forms["weight_init"].rows) == ["a", "mode", "nonlinearity", "seed"]
    choose(qtbot, form.forms["weight_init"].rows["nonlinearity"].field, "auto")
    assert told[-1] == ("weight_init", Choice(KAIMING, {"nonlinearity": "auto"}))


def test_a_gain_is_a_number_or_follows(qtbot, form, told):
    form.show_choices(Choice("torch.nn.init.orthogonal_"), None)
    field = form.forms["weight_init"].rows["gain"].field
    for text, value in (("1.5", 1.5), ("auto", "auto")):
        field.setFocus()
        field.selectAll()
        qtbot.keyClicks(field, text)
        qtbot.keyClick(field, Qt.Key.Key_Return)
        assert told[-1] == ("weight_init", Choice("torch.nn.init.orthogonal_", {"gain": value}))


def test_going_back_tells_none(qtbot, form, told):
    form.show_choices(None, Choice("torch.nn.init.zeros_"))
    choose(qtbot, combo(form, "bias_init"), "Inherited")
    assert told[-1] == ("bias_init", None)
    assert form.forms["bias_init"].rows == {}

"""The training panel: every field edits the plan, one step each."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel

from graph.catalog.optimizers import OPTIMIZERS
from graph.messages import msg
from graph.plan import Split
from gui.editor import Editor
from gui.panels.split import with_share
from gui.panels.training import TrainingPanel
from panel_tools import lenet_editor, show


@pytest.fixture
def editor():
    return lenet_editor()


@pytest.fixture
def panel(qtbot, editor):
    return show(qtbot, TrainingPanel(editor), 300, 900)


def enter(qtbot, field, text):
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key.Key_Return)


def choose(qtbot, combo, text):
    """Choose an entry by keys."""
    combo.setFocus()
    steps = combo.findText(text) - combo.currentIndex()
    for _ in range(abs(steps)):
        qtbot.keyClick(combo, Qt.Key.Key_Down if steps > 0 else Qt.Key.Key_Up)


def texts(panel):
    QApplication.processEvents()
    return [label.text() for label in panel.findChildren(QLabel) if label.isVisibleTo(panel)]


@pytest.mark.parametrize(("name", "text", "value"), [("epochs", "25", 25), ("batch_size", "64", 64), ("seed", "7", 7)])
def test_numbers_of_the_run(qtbot, editor, panel, name, text, value):
    before = editor.project
    enter(qtbot, panel.rows[name].field, text)
    assert getattr(editor.project.plan, name) == value
    editor.undo()
    assert editor.project is before
    assert panel.rows[name].field.text() == str(getattr(before.plan, name))


def test_a_misfit_is_explained(qtbot, editor, panel):
    before = editor.project
    enter(qtbot, panel.rows["epochs"].field, "0")
    assert editor.project is before
    assert "at least 1" in panel.rows["epochs"].complaint or "from 1" in panel.rows["epochs"].complaint


def test_the_shares_make_room_for_each_other(qtbot, editor, panel):
    enter(qtbot, panel.split.fields["train"], "85")
    assert editor.project.plan.split == Split(0.85, 0.05, 0.1)
    assert [field.text() for field in panel.split.fields.values()] == ["85", "5", "10"]
    enter(qtbot, panel.split.fields["test"], "0")
    split = editor.project.plan.split
    assert split.test == 0 and split.train + split.validation == pytest.approx(1)


@pytest.mark.parametrize(
    ("split", "part", "share", "expected"),
    [
        (Split(0.7, 0.1, 0.2), "train", 0.4, Split(0.4, 0.2, 0.4)),
        (Split(0.7, 0.1, 0.2), "validation", 0.0, Split(0.7778, 0.0, 0.2222)),
        (Split(1.0, 0.0, 0.0), "train", 0.8, Split(0.8, 0.2, 0.0)),
        (Split(0.7, 0.1, 0.2), "test", 1.0, Split(0.0, 0.0, 1.0)),
    ],
)
def test_shares_always_add_up(split, part, share, expected):
    found = with_share(split, part, share)
    assert found == expected
    assert found.train + found.validation + found.test == pytest.approx(1, abs=1e-9)


def test_learning_rate_and_optimizer(qtbot, editor, panel):
    form = panel.objectives.forms[0].optimizer
    enter(qtbot, form.rows["lr"].field, "0.05")
    choose(qtbot, form.type_row.field, "SGD")
    optimizer = editor.project.plan.objectives[0].optimizer
    assert (optimizer.type, dict(optimizer.params)) == ("torch.optim.SGD", {"lr": 0.05})
    assert "momentum" in form.rows and "beta1" not in form.rows
    enter(qtbot, form.rows["momentum"].field, "0.9")
    assert editor.project.plan.objectives[0].optimizer.params["momentum"] == 0.9
    qtbot.mouseClick(form.rows["momentum"].reset_button, Qt.MouseButton.LeftButton)
    assert "momentum" not in editor.project.plan.objectives[0].optimizer.params


def test_the_choice_keeps_the_focus_while_its_parameters_change(qtbot, editor, panel):
    combo = panel.objectives.forms[0].scheduler.type_row.field
    choose(qtbot, combo, "Steps")
    assert QApplication.focusWidget() is combo
    assert set(panel.objectives.forms[0].scheduler.rows) == {"step_size", "gamma"}
    assert editor.project.plan.objectives[0].scheduler.type == "torch.optim.lr_scheduler.StepLR"


def test_devices_of_this_computer_are_offered(qtbot, editor, panel):
    panel.set_devices([("cuda:0", "NVIDIA H200"), ("cpu", "CPU")])
    choose(qtbot, panel.device.field, "NVIDIA H200")
    assert editor.project.plan.device == "cuda:0"
    panel.set_devices([("cpu", "CPU")])
    assert panel.device.field.currentText() == "cuda:0 (not on this computer)"
    assert editor.project.plan.device == "cuda:0"


def test_a_kind_of_device_is_shown_as_the_first_of_its_kind(editor, panel):
    editor.set_plan(replace(editor.project.plan, device="cuda"), msg("Set the device"))
    assert panel.device.field.currentText() == "cuda (not on this computer)"
    panel.set_devices([("cuda:0", "NVIDIA H200"), ("cpu", "CPU")])
    assert panel.device.field.currentText() == "NVIDIA H200"
    assert panel.device.field.currentData() == "cuda"


def test_losses_metrics_and_steps_are_listed(panel):
    shown = texts(panel)
    assert "CrossEntropyLoss" in shown and "accuracy" in shown
    assert "40" in shown  # 1258 training samples in batches of 32


def test_a_drawing_without_a_loss_is_told_so(qtbot):
    panel = show(qtbot, TrainingPanel(Editor()), 300, 900)
    assert any("no loss yet" in text for text in texts(panel))


def test_only_the_chosen_optimizer_is_explained_and_the_words_follow_the_choice(qtbot, editor, panel):
    combo = panel.objectives.forms[0].optimizer.type_row.field
    combo.setFocus()
    assert panel._help.text() == OPTIMIZERS["torch.optim.Adam"].help
    choose(qtbot, combo, "SGD")
    assert panel._help.text() == combo.toolTip() == OPTIMIZERS["torch.optim.SGD"].help
    assert combo.itemData(combo.findText("SGD"), Qt.ItemDataRole.ToolTipRole) == OPTIMIZERS["torch.optim.SGD"].help

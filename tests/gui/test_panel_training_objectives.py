"""Objectives in the training panel: adding, naming, what they minimize and train; and the settings that are folded away."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from graph.messages import msg
from graph.model import Port
from graph.plan import GIVEN, STRATIFIED, WHOLE
from gui.panels.training import TrainingPanel
from panel_tools import choose, enter, lenet_editor, show


@pytest.fixture
def editor():
    return lenet_editor()


@pytest.fixture
def panel(qtbot, editor):
    return show(qtbot, TrainingPanel(editor), 300, 1400)


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    QApplication.processEvents()


def plan(editor):
    return editor.project.plan


def second_loss(editor):
    """A second loss on the same scores."""
    digits, scores = (
        editor.graph.node_named("digits").id,
        editor.graph.inputs(editor.graph.node_named("loss").id)["input"],
    )
    editor.add_node("torch.nn.MultiMarginLoss", (0.0, 0.0))
    node = next(n for n in editor.graph.nodes.values() if n.type == "torch.nn.MultiMarginLoss")
    editor.connect_ports(scores, Port(node.id, "input"))
    editor.connect_ports(Port(digits, "label"), Port(node.id, "target"))
    return node.id


def action(menu, text):
    return next(action for action in menu.actions() if action.text() == text)


def test_an_objective_is_added_renamed_and_removed(qtbot, editor, panel):
    (form,) = panel.objectives.forms
    assert not form.name.isVisible() and not form.remove_button.isVisible()
    click(qtbot, panel.add_button)
    assert [o.name for o in plan(editor).objectives] == ["main", "objective2"]
    enter(qtbot, panel.objectives.forms[0].name.field, "critic")
    assert plan(editor).objectives[0].name == "critic"
    click(qtbot, panel.objectives.forms[0].remove_button)
    assert [o.name for o in plan(editor).objectives] == ["objective2"]
    assert len(panel.objectives.forms) == 1
    for _ in range(3):
        editor.undo()
    assert [o.name for o in plan(editor).objectives] == ["main"]


def test_losses_are_weighted_and_left_out(qtbot, editor, panel):
    form = panel.objectives.forms[0]
    assert not form.losses.isVisible()  # there is nothing to choose
    first, second = editor.graph.node_named("loss").id, second_loss(editor)
    assert form.losses.isVisible()
    enter(qtbot, form.losses.weights[second], "0.5")
    assert plan(editor).objectives[0].losses == ((first, 1.0), (second, 0.5))
    click(qtbot, form.losses.toggles[first])
    assert plan(editor).objectives[0].losses == ((second, 0.5),)
    assert not form.losses.weights[first].isEnabled()
    click(qtbot, form.losses.toggles[second])  # the last one stays
    assert plan(editor).objectives[0].losses == ((second, 0.5),)
    assert form.losses.toggles[second].isChecked()


def test_the_trained_layers_are_chosen(editor, panel):
    choice = panel.objectives.forms[0].parameters
    assert choice.button.text() == "All layers"
    names = {node.name: node.id for node in editor.graph.nodes.values()}
    action(choice.menu(), "fc1").trigger()
    action(choice.menu(), "conv1").trigger()
    assert plan(editor).objectives[0].parameters == (names["conv1"], names["fc1"])  # in the order of the drawing
    assert choice.button.text() == "conv1, fc1"
    assert not any(shown.text() == "digits" for shown in choice.menu().actions())
    editor.select([names["fc2"], names["digits"]])
    action(choice.menu(), "Those selected on the canvas").trigger()
    assert plan(editor).objectives[0].parameters == (names["fc2"],)
    action(choice.menu(), "All layers").trigger()
    assert plan(editor).objectives[0].parameters == ()


def test_layers_are_frozen(editor, panel):
    fold = panel._folds[panel.averaging]
    fold.open()
    action(panel.frozen.menu(), "conv1").trigger()
    assert plan(editor).frozen == (editor.graph.node_named("conv1").id,)
    assert panel.frozen.button.text() == "conv1"


def test_folded_settings_are_told_beside_their_title(qtbot, editor, panel):
    fold = panel._folds[panel.speed]
    assert not panel.rows["precision"].isVisible()
    click(qtbot, fold.button)
    assert panel.rows["precision"].isVisible()
    choose(qtbot, panel.rows["precision"].field, "bfloat16")
    click(qtbot, panel.rows["compile"].field)
    assert plan(editor).precision == "bfloat16" and plan(editor).compile
    click(qtbot, fold.button)
    assert fold._summary.text() == "bfloat16 · Compile" and fold._summary.isVisible()


def test_what_does_not_matter_is_not_shown(qtbot, editor, panel):
    form = panel.objectives.forms[0]
    form.folds[form.gradients].open()
    rows = form.gradients.rows
    assert not rows["clip_at"].isVisible()
    choose(qtbot, rows["clip"].field, "By norm")
    assert rows["clip_at"].isVisible()
    enter(qtbot, rows["clip_at"].field, "0.5")
    enter(qtbot, rows["accumulate"].field, "4")
    objective = plan(editor).objectives[0]
    assert (objective.clip, objective.clip_at, objective.accumulate) == ("norm", 0.5, 4)
    click(qtbot, rows["accumulate"].reset_button)
    assert plan(editor).objectives[0].accumulate == 1


def test_all_samples_in_one_step(qtbot, editor, panel):
    enter(qtbot, panel.rows["batch_size"].field, "all")
    assert plan(editor).batch_size == WHOLE
    assert panel.rows["batch_size"].field.text() == "all"
    enter(qtbot, panel.rows["batch_size"].field, "1")
    assert plan(editor).batch_size == 1


def test_the_way_of_splitting(qtbot, editor, panel):
    choose(qtbot, panel.split.method.field, "Stratified")
    assert plan(editor).split.method == STRATIFIED and plan(editor).split.train == 0.7
    choose(qtbot, panel.split.method.field, "As the data says")
    assert plan(editor).split.method == GIVEN
    assert not panel.split.fields["train"].isVisible()


def test_something_else_than_the_whole_training_is_asked_for(qtbot, panel):
    with qtbot.waitSignal(panel.requested) as asked:
        click(qtbot, panel.overfit_button)
    assert asked.args == ["overfit"]
    with qtbot.waitSignal(panel.requested) as asked:
        click(qtbot, panel.range_button)
    assert asked.args == ["find_rate"]


def test_the_reach_of_one_objective_at_a_time_is_shown(qtbot, editor, panel):
    click(qtbot, panel.add_button)
    asked = []
    panel.reach_wanted.connect(asked.append)
    first, second = panel.objectives.forms
    click(qtbot, first.reach_button)
    click(qtbot, second.reach_button)
    assert asked[-1] == 1 and not first.reach_button.isChecked()
    click(qtbot, second.reach_button)
    assert asked[-1] == -1


def test_another_plan_is_shown_at_once(editor, panel):
    editor.set_plan(replace(plan(editor), patience=5, monitor="accuracy"), msg("Set the patience"))
    assert panel.rows["patience"].field.text() == "5"
    assert panel.monitor.field.currentText() == "Accuracy"

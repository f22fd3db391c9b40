"""The inspector for instances of blocks, shared weights, initialization and own code; the other panels inside a block."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication

from graph.model import Code, Node
from graph.plan import Choice
from gui.block_editor import BlockEditor
from gui.panels.code import CodePanel
from gui.panels.data import DataPanel
from gui.panels.inspector import InspectorPanel, SelectionCard, num_layers
from gui.panels.problems import ProblemsPanel
from gui.panels.training import TrainingPanel
from panel_tools import block_editor, choose, enter, show, texts
from runtime import trust

LEFT = Qt.MouseButton.LeftButton
CODE = "def mix(first, second, share: float = 0.5):\n    return share * first + (1 - share) * second\n"


@pytest.fixture
def editor():
    return block_editor()


@pytest.fixture
def blocks(editor):
    return BlockEditor(editor)


@pytest.fixture
def panel(qtbot, editor, blocks):
    return show(qtbot, InspectorPanel(editor, blocks), 296, 800)


def select(editor, *names):
    editor.select([editor.graph.node_named(name).id for name in names])
    QApplication.processEvents()


def rows(panel):
    return {row.param.name: row for row in panel.page.rows}


def on_show(panel):
    return [name for name, row in rows(panel).items() if row.isVisibleTo(panel)]


# ---- instances


def test_an_instance_has_the_parameters_of_its_block_and_says_how_it_runs(qtbot, editor, panel):
    select(editor, "stem")
    assert on_show(panel) == ["channels", "size", "bias", "use"]
    assert "BasicBlock" in texts(panel) and "Runs the block once." in texts(panel)
    choose(qtbot, rows(panel)["use"].field, "Repeat")
    assert editor.graph.node_named("stem").params["use"] == "repeat"
    assert on_show(panel) == ["channels", "size", "bias", "use", "times", "shared_weights"]
    assert any(text.startswith("Runs the block several times") for text in texts(panel))
    choose(qtbot, rows(panel)["use"].field, "Scan")
    assert on_show(panel)[-1] == "direction" and "times" not in on_show(panel)


def test_a_parameter_of_an_instance_is_one_step(qtbot, editor, panel):
    select(editor, "stem")
    enter(qtbot, rows(panel)["channels"].field, "5")
    assert editor.graph.node_named("stem").params["channels"] == 5
    editor.undo()
    assert rows(panel)["channels"].field.text() == "3"


def test_a_button_leads_inside_and_the_page_follows(qtbot, editor, blocks, panel):
    select(editor, "branch")
    qtbot.mouseClick(panel.page.inside_button, LEFT)
    assert editor.scope == "b1" and [step.name for step in blocks.path] == ["branch"]
    assert panel.page.name_field.text() == "BasicBlock"


def test_the_same_id_in_another_drawing_is_another_page(editor, panel):
    ids = set(editor.graph.nodes) & set(editor.project.blocks["b1"].graph.nodes)
    node = min(ids)
    editor.select([node])
    outer = panel.page.name_field.text()
    editor.look_into("b1")
    editor.select([node])
    assert panel.page.name_field.text() == editor.graph.nodes[node].name != outer


def test_what_matters_only_in_blocks_is_hidden_elsewhere(qtbot, editor, panel):
    editor.look_into("b1")
    select(editor, "x")
    assert on_show(panel) == ["shape", "dtype", "whole"]
    select(editor, "output")
    field = rows(panel)["state"].field
    assert [field.itemText(n) for n in range(field.count())] == ["none", "x"]
    choose(qtbot, field, "x")
    assert editor.graph.node_named("output").params["state"] == "x"
    choose(qtbot, field, "none")
    assert editor.graph.node_named("output").params["state"] is None
    editor.look_into(None)
    editor.add_node("layerloom.Output", (0.0, 0.0))
    assert on_show(panel) == []


# ---- shared weights


def test_several_nodes_share_their_weights_and_one_leaves_again(qtbot, editor, panel):
    select(editor, "stem", "branch")
    assert isinstance(panel.page, SelectionCard) and not panel.page.own_button.isVisible()
    qtbot.mouseClick(panel.page.share_button, LEFT)
    assert editor.graph.node_named("branch").shares == editor.graph.node_named("stem").id
    assert panel.page.own_button.isVisible() and not panel.page.share_button.isVisible()
    select(editor, "branch")
    assert "Shares its weights with stem" in texts(panel)
    qtbot.mouseClick(panel.page.share.button, LEFT)
    assert editor.graph.node_named("branch").shares is None
    assert not panel.page.share.isVisible()
    editor.undo()
    assert editor.graph.node_named("branch").shares is not None


@pytest.mark.parametrize("names", [("stem", "flatten"), ("stem", "logits"), ("both", "flatten")])
def test_what_has_no_weights_in_common_is_not_offered(editor, panel, names):
    select(editor, *names)
    assert not panel.page.share_button.isVisible()


# ---- initialization


def test_a_layer_begins_as_chosen(qtbot, editor, panel):
    select(editor, "logits")
    choose(qtbot, panel.page.init.forms["weight_init"].type_row.field, "Zeros")
    assert editor.graph.node_named("logits").weight_init == Choice("torch.nn.init.zeros_")
    select(editor, "flatten")
    assert not panel.page.init.isVisible()
    select(editor, "stem")
    assert not panel.page.init.isVisible()


def test_the_network_begins_as_chosen(qtbot, editor, panel):
    field = panel.page.init.forms["bias_init"].type_row.field
    assert field.currentText() == "As in PyTorch"
    choose(qtbot, field, "Uniform")
    assert editor.project.bias_init == Choice("torch.nn.init.uniform_")
    editor.undo()
    assert editor.project.bias_init is None and field.currentText() == "As in PyTorch"


def test_blocks_count_as_layers(editor):
    assert num_layers(editor.graph, editor.catalog) == 5
    assert num_layers(editor.graph) == 3


# ---- own code


@pytest.fixture
def with_code(editor):
    """The id of a node that runs code of the document."""
    definitions = editor.project.definitions.put_code(Code("c1", "Mix", CODE))
    graph = editor.graph.add(Node("n99", "code.c1", "mix1"))
    editor.open(replace(editor.project.with_graph(graph), definitions=definitions))
    return "n99"


def test_code_is_edited_elsewhere_and_asks_to_be_allowed(qtbot, editor, panel, with_code):
    wanted = []
    panel.code_requested.connect(wanted.append)
    select(editor, "mix1")
    assert panel.page.code.banner.isVisible() and on_show(panel) == ["share"]
    qtbot.mouseClick(panel.page.code.allow_button, LEFT)
    qtbot.mouseClick(panel.page.code.button, LEFT)
    assert wanted == [with_code, with_code]
    trust.allow(CODE)
    editor.set_analysis(editor.analysis)
    assert not panel.page.code.banner.isVisible() and panel.page.code.button.isVisible()
    editor.select([])
    select(editor, "logits")
    assert not panel.page.code.isVisible()


# ---- the other panels


def test_the_code_panel_marks_and_finds_nodes_of_blocks(qtbot, editor, blocks):
    panel = show(qtbot, CodePanel(editor, blocks), 560, 400)
    line = next(n for n, text in enumerate(panel.text.split("\n"), 1) if "self.conv1 = " in text)
    select(editor, "stem")
    assert line not in panel.view.marked != ()
    cursor = QTextCursor(panel.view.document().findBlockByNumber(line - 1))
    panel.view.setTextCursor(cursor)
    panel.view.ensureCursorVisible()
    qtbot.mouseClick(panel.view.viewport(), LEFT, pos=panel.view.cursorRect(cursor).center())
    assert editor.scope == "b1" and editor.selection == {editor.graph.node_named("conv1").id}
    assert line in panel.view.marked
    assert [step.name for step in blocks.path] == ["stem"]


@pytest.fixture
def problems(qtbot, editor, blocks):
    """The problems panel while the block is broken."""
    panel = show(qtbot, ProblemsPanel(editor, blocks), 600, 300)
    editor.look_into("b1")
    editor.set_param(editor.graph.node_named("conv1").id, "kernel_size", 99)
    editor.look_into(None)
    return panel


def test_a_problem_in_a_block_is_listed_once_and_leads_inside(qtbot, editor, problems):
    assert {p.code for p in editor.analysis.errors} == {"inside", "kernel-too-large"}
    errors = [row for row in problems.list.rows if row.accessibleName().startswith("Error")]
    assert [row.accessibleName().split(": ")[1] for row in errors] == ["BasicBlock › conv1"]
    wanted = []
    problems.node_requested.connect(wanted.append)
    qtbot.mouseClick(errors[0], LEFT)
    assert editor.scope == "b1" and editor.selection == set(wanted) == {editor.graph.node_named("conv1").id}


def test_the_count_is_of_what_is_listed(editor, problems):
    counts = []
    problems.count_changed.connect(counts.append)
    editor.undo()
    editor.redo()
    assert counts[-1] == len(problems.list.rows) < len(editor.analysis.problems)


def test_a_mend_changes_the_block(qtbot, editor, problems):
    row = next(row for row in problems.list.rows if row.fix_buttons)
    qtbot.mouseClick(row.fix_buttons[0], LEFT)
    assert editor.project.blocks["b1"].graph.node_named("conv1").params["kernel_size"] != 99


def test_the_instance_itself_still_says_what_is_wrong(editor, problems, panel):
    select(editor, "stem")
    assert any("99" in row.accessibleName() for row in panel.page.problems.rows)


def test_training_and_data_are_those_of_the_project_inside_a_block(qtbot, editor):
    training, data = show(qtbot, TrainingPanel(editor), 300, 900), show(qtbot, DataPanel(editor), 300, 700)
    editor.look_into("b1")
    enter(qtbot, training.rows["epochs"].field, "3")
    assert editor.project.plan.epochs == 3
    assert "loss" in texts(training)
    (card,) = data.cards.values()
    enter(qtbot, card.source.field, "elsewhere.csv")
    assert editor.scope is None
    assert editor.graph.node_named("digits").params["source"] == "elsewhere.csv"

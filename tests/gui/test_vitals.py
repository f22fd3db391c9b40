"""The health of layers in the window: collected, drawn on the cards, listed, and shown for the selected node."""

from __future__ import annotations

from itertools import pairwise

import pytest
from PySide6.QtCore import Qt

from fake_runs import started
from graph.plan import Plan
from gui.canvas.living import UNREACHED, Vital
from gui.canvas.view import CanvasView
from gui.panels.health import COLUMNS, NODE, HealthPanel
from gui.panels.inspector import InspectorPanel
from gui.vitals import KEPT, Vitals
from panel_tools import lenet_editor, show, texts
from runtime.events import Health, LayerHealth


@pytest.fixture
def editor():
    return lenet_editor()


@pytest.fixture
def vitals(qtbot):
    return Vitals()


def node(editor, name):
    return editor.graph.node_named(name).id


def look(editor, step, norm, state=""):
    well = LayerHealth(0.5, 2.0, 1e-3, 0.1, 0.9, 0.0, (1, 5, 2), -0.3, 0.3)
    ill = LayerHealth(gradient_norm=norm, weight_norm=1.0, update_ratio=1e-6, state=state)
    return Health(1, step, {node(editor, "fc1"): well, node(editor, "conv1"): ill})


def test_the_curve_is_of_the_logarithms_and_only_so_long(editor, vitals):
    for step in range(2 * KEPT):
        vitals.take([look(editor, step + 1, 10.0 ** (-step / 10))])
    curve = vitals.curve(node(editor, "conv1"))
    assert len(curve) == KEPT and curve[0] == 1.0 and curve[-1] == 0.0
    differences = [round(a - b, 2) for a, b in pairwise(curve)]
    assert max(differences) - min(differences) <= 0.02  # a straight line
    assert set(vitals.curve(node(editor, "fc1"))) == {0.5}


def test_another_run_begins_anew(qtbot, editor, vitals):
    vitals.take([look(editor, 1, 1.0), look(editor, 2, 1.0)])
    with qtbot.waitSignal(vitals.changed):
        vitals.take([started()])
    assert not vitals.latest and vitals.norms(node(editor, "fc1")) == ()


def test_a_run_that_goes_on_keeps_its_curves(editor, vitals):
    vitals.take([started(), *(look(editor, step, float(step)) for step in (10, 20, 30))])
    vitals.take([started("elsewhere/one", first_epoch=2, first_step=20), look(editor, 40, 4.0)])
    assert vitals.norms(node(editor, "conv1")) == (10.0, 20.0, 4.0)
    other = Vitals()
    other.continue_from(vitals)
    assert other.latest == vitals.latest and other.step == 40
    other.take([look(editor, 50, 5.0)])
    assert other.norms(node(editor, "conv1")) == (10.0, 20.0, 4.0, 5.0)
    assert vitals.norms(node(editor, "conv1")) == (10.0, 20.0, 4.0)


def test_the_table_lists_the_layers_in_the_order_of_the_drawing(qtbot, editor, vitals):
    panel = show(qtbot, HealthPanel(editor, vitals), 1000, 200)
    assert any("Nothing looked at yet" in text for text in texts(panel))
    vitals.take([look(editor, 1, 1e-9, "vanishing"), look(editor, 2, 1e-9, "vanishing")])
    rows = [[panel.model.index(row, c).data() for c in range(len(COLUMNS))] for row in range(panel.model.rowCount())]
    assert [row[:2] for row in rows] == [["conv1", "vanishing"], ["fc1", "well"]]
    assert rows[1][2] == "0.5000" and rows[1][7] == "0.0\u2009%"
    panel.table.selectRow(1)
    with qtbot.waitSignal(panel.node_requested) as asked:
        qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    assert asked.args == [node(editor, "fc1")] == [panel.model.index(1, 0).data(NODE)]


def test_the_selected_layer_shows_its_pulse(qtbot, editor, vitals):
    panel = show(qtbot, InspectorPanel(editor), 300, 900)
    panel.show_vitals(vitals)
    editor.select([node(editor, "fc1")])
    panel.page  # noqa: B018 (built now)
    assert not panel._pulse.isVisible()
    vitals.take([look(editor, 1, 1.0), look(editor, 2, 1.0)])
    assert panel._pulse.isVisible()
    assert "While training" in texts(panel) and "0.5000" in texts(panel)
    assert "0.3000" in panel._pulse.histogram.accessibleName()
    editor.select([node(editor, "pool1")])
    panel.page  # noqa: B018
    assert not panel._pulse.isVisible()


def test_cards_carry_the_curve_the_state_and_the_frost(qtbot, editor, vitals):
    from dataclasses import replace

    from graph.messages import msg

    view = show(qtbot, CanvasView(editor), 900, 600)
    conv, fc = node(editor, "conv1"), node(editor, "fc1")
    view.life.show_vitals({conv: Vital(None, (0.0, 1.0), "exploding"), fc: Vital(None, (0.5, 0.5))})
    cards = {i: view.scene().nodes[i].card for i in (conv, fc)}
    assert cards[conv].state == "exploding" and cards[conv].curve == (0.0, 1.0) and cards[fc].state == ""
    plain = view.grab().toImage()
    editor.set_plan(replace(Plan(), frozen=(fc,)), msg("Set the frozen layers"))
    assert view.scene().nodes[fc].card.state == "frozen"
    assert view.grab().toImage() != plain
    editor.undo()
    assert view.scene().nodes[fc].card.state == ""


def test_what_a_loss_reaches_stands_out(qtbot, editor):
    view = show(qtbot, CanvasView(editor), 900, 600)
    conv, fc = node(editor, "conv1"), node(editor, "fc1")
    view.life.show_reach([conv])
    items = view.scene().nodes
    assert items[conv].mood.reached and items[conv].opacity() == 1.0
    assert not items[fc].mood.reached and items[fc].opacity() == UNREACHED
    view.life.show_reach(None)
    assert all(item.opacity() == 1.0 and not item.mood.reached for item in items.values())

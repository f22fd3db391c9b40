"""The button of a check whose mend fits the drawing as it is now."""

from __future__ import annotations

import pytest
from PySide6.QtTest import QTest

from canvas_hand import LEFT
from drawings import Drawing
from graph.messages import msg
from graph.target_scaling import FAR_TARGET
from gui.editor import Editor
from gui.panels.checks import ChecksPanel
from panel_tools import show
from runtime.events import Checked, Finding

MEASURED = {"mean": (180_000.0,), "spread": (79_000.0,)}


@pytest.fixture
def editor():
    d = Drawing("Net")
    d.add("data.Table", "houses")
    price = d.add("nn.Linear", "price", d.port("houses", "features"), out_features=1)
    d.add("nn.MSELoss", "mse", price, d.port("houses", "target"))
    return Editor(d.project)


def test_a_check_has_a_button_as_long_as_its_mend_fits(qtbot, editor):
    panel = show(qtbot, ChecksPanel(editor), 700, 300)
    loss = editor.graph.node_named("mse").id
    told = Finding("warning", FAR_TARGET, msg("Far."), loss, MEASURED)
    panel.take([Checked((told, Finding("ok", "data", msg("Right."))))])
    far, right = panel.rows
    assert far.mend_button.isVisible() and not right.mend_button.isVisible()
    assert far.mend_button.text() == "Scale the target for mse"
    before = editor.project
    QTest.mouseClick(far.mend_button, LEFT)
    assert editor.graph.inputs(loss)["target"].node == editor.graph.node_named("scaled_target1").id
    assert not far.mend_button.isVisible()
    editor.undo()
    assert editor.project == before and far.mend_button.isVisible()
    editor.edit(lambda graph: graph.remove([loss]), msg("Delete"))
    assert not far.mend_button.isVisible()

"""The checks before a run: listed with what needs mending first, and the way to the node."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from graph.messages import msg
from gui.panels.checks import ChecksPanel
from panel_tools import lenet_editor, show, texts
from runtime.events import Checked, Finding


@pytest.fixture
def editor():
    return lenet_editor()


@pytest.fixture
def panel(qtbot, editor):
    return show(qtbot, ChecksPanel(editor), 600, 300)


def found(editor) -> Checked:
    conv = editor.graph.node_named("conv1").id
    return Checked(
        (
            Finding("ok", "shapes", msg("Shapes are right.")),
            Finding("warning", "loss", msg("The first loss is high.")),
            Finding("error", "labels", msg("A label is out of range."), node=conv),
        ),
        memory_needed=3 * 2**20, memory_free=8 * 2**30, seconds_per_epoch=75.0,
    )  # fmt: skip


def test_nothing_is_checked_at_first(panel):
    assert any("Nothing checked yet" in text for text in texts(panel))


def test_what_needs_mending_comes_first(qtbot, panel, editor):
    with qtbot.waitSignal(panel.count_changed) as counted:
        panel.take([found(editor)])
    assert counted.args == [2]
    assert [row.finding.level for row in panel.rows] == ["error", "warning", "ok"]
    assert panel.rows[0].accessibleName() == "Error: conv1: A label is out of range."
    shown = texts(panel)
    assert "3\u2009MiB" in shown and "8\u2009GiB free" in shown and "01:15" in shown


def test_a_finding_leads_to_its_node(qtbot, panel, editor):
    panel.take([found(editor)])
    with qtbot.waitSignal(panel.node_requested) as asked:
        qtbot.mouseClick(panel.rows[0], Qt.MouseButton.LeftButton)
    assert asked.args == [editor.graph.node_named("conv1").id]
    panel.rows[0].setFocus()
    with qtbot.waitSignal(panel.node_requested):
        qtbot.keyClick(panel.rows[0], Qt.Key.Key_Return)
    with qtbot.assertNotEmitted(panel.node_requested):
        qtbot.mouseClick(panel.rows[1], Qt.MouseButton.LeftButton)


def test_another_document_begins_without_findings(panel, editor):
    panel.take([found(editor)])
    panel.clear()
    assert any("Nothing checked yet" in text for text in texts(panel)) and not panel.rows


@pytest.mark.parametrize(("seconds", "shown"), [(0.0, "0.01 s"), (0.042, "0.042 s"), (3.14, "3.1 s"), (75.0, "01:15")])
def test_a_short_epoch_is_not_rounded_to_nothing(panel, seconds, shown):
    panel.take([Checked((), seconds_per_epoch=seconds)])
    assert shown in texts(panel)

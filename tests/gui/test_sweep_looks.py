"""How the panel of sweeps says what is searched, and draws what trials came to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drawings import lenet5
from graph.messages import msg
from graph.search import NodePlace, Options
from gui.panels.sweep import SweepPanel
from gui.panels.sweep_side import PROGRESS
from gui.settings import Settings
from gui.workspace import Workspace
from panel_tools import show
from played_sweeps import LEFT, Played, feed, searched, start, trial


@pytest.fixture
def panel(qtbot, qapp):
    workspace = Workspace(Settings())
    workspace.documents.open_made(searched(lenet5().project), "")
    workspace.sweeps._new_session = Played
    panel = show(qtbot, SweepPanel(workspace), 1366, 320)
    qtbot.waitUntil(lambda: not panel._work.is_busy)
    yield panel
    workspace.close(wait=True)


def test_a_searched_node_that_was_deleted_is_said_in_words_and_can_be_removed(qtbot, panel):
    editor = panel._workspace.editor
    node = next(node for node in editor.graph.nodes.values() if node.name == "fc1")
    place = NodePlace(None, node.id, "out_features")
    editor.push(replace(editor.project, search=editor.project.search.with_space(place, Options((8, 16)))), msg("x"))
    editor.select([node.id])
    editor.remove_selected()
    qtbot.waitUntil(lambda: bool(panel.setup.problems))
    (line,) = panel.setup.problems
    words = "out_features of a deleted node"
    assert words in line.text and any(words in row.accessibleName() for row in panel.setup.entries)
    with qtbot.assertNotEmitted(panel.place_requested):
        panel.setup.entries[-1].opened.emit()
    assert panel.setup.entries[-1].remove_button.hasFocus()
    assert line.button.text() == "Remove"
    qtbot.mouseClick(line.button, LEFT)
    assert not editor.project.search.space_at(place) and words in str(editor.undo_text)
    qtbot.waitUntil(lambda: not panel.setup.problems)


def test_values_have_room_beside_the_name_or_below_it(qtbot, panel):
    entry = panel.setup.entries[0]
    for width, beside in ((400, True), (180, False)):
        entry.resize(width, entry.sizeHint().height())
        entry.resize(width, entry.sizeHint().height())
        name, values = entry._texts
        assert all(text.width() >= text.sizeHint().width() for text in (name, values)), width
        assert (values.y() < name.geometry().bottom()) is beside


def test_the_axis_of_trials_ends_with_the_last_one_and_counts_whole_ones(qtbot, panel):
    start(qtbot, panel)
    for count in range(1, 5):
        feed(panel, *trial(count, 0.1 * count))
        panel.side._draw()
        card = panel.side.pages[PROGRESS]
        assert card._range[0] == (0.5, count + 0.5)
        marks = card._themed.bottom.marks(*card._range[0], 400)
        assert [text for _, text in marks] == [str(number) for number in range(1, count + 1)]

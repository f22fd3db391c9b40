"""The runs panel: rows, filter, labels, curves laid over each other, differences, the trash, all by mouse and keys."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtWidgets import QApplication, QMessageBox

from accessibility_tools import nameless
from drawings import lenet5
from graph import files
from graph.messages import msg
from gui.compare_window import CompareWindow
from gui.panels.runs import RunsPanel
from gui.panels.runs_model import SHOWN
from gui.settings import Settings
from gui.workspace import Workspace
from made_runs import made
from panel_tools import show
from runtime.run_rows import Labels, read_labels
from runtime.run_table import trashed
from runtime.runs import PROJECT, STOPPED


@pytest.fixture
def document(tmp_path) -> Path:
    path = tmp_path / "net.layerloom"
    files.save(lenet5().project, path)
    return path


@pytest.fixture
def runs(document) -> list[Path]:
    """Three runs, the first one with the best accuracy."""
    folder = document.with_suffix(".runs")
    made_ones = [made(folder, accuracy=a, lr=lr) for a, lr in ((0.97, 0.01), (0.8, 0.001), (0.9, 0.02))]
    for number, path in enumerate(made_ones):  # as if made one after the other
        target = folder / f"2026-01-0{number + 1}_120000_000{number}"
        shutil.move(path, target)
        made_ones[number] = target
    return made_ones


@pytest.fixture
def panel(qtbot, document):
    workspace = Workspace(Settings())
    workspace.documents.open(document)
    panel = show(qtbot, RunsPanel(workspace), 1366, 320)
    qtbot.waitUntil(lambda: not panel.reader.is_busy and not panel._pace.isActive())
    yield panel
    panel.reader.close()
    panel.hide()
    workspace.close(wait=True)


def settle(qtbot, panel: RunsPanel) -> None:
    QApplication.processEvents()
    qtbot.waitUntil(lambda: not panel.reader.is_busy)
    QApplication.processEvents()
    timers = (panel._pace, panel.side._pace, panel._typed)
    qtbot.waitUntil(lambda: not any(timer.isActive() for timer in timers))


def folders(panel: RunsPanel) -> list[str]:
    return [row.folder for row in panel.model.shown]


def index_of(panel: RunsPanel, run: Path, key: str) -> QModelIndex:
    return panel.model.index(folders(panel).index(run.name), panel.model.columns.index(key))


def click(qtbot, panel: RunsPanel, run: Path, key: str = "status", *, with_ctrl: bool = False) -> None:
    index = index_of(panel, run, key)
    panel.view.scrollTo(index)
    modifier = Qt.KeyboardModifier.ControlModifier if with_ctrl else Qt.KeyboardModifier.NoModifier
    at = panel.view.visualRect(index).center()
    qtbot.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, modifier, at)


def write(qtbot, text: str) -> None:
    """Type a text into the cell that is open, and Enter."""
    editor = QApplication.focusWidget()
    qtbot.keyClicks(editor, text)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    QApplication.processEvents()  # the view takes it a moment later


def test_without_runs_it_says_what_to_do(panel):
    assert panel.empty.isVisible() and not panel.view.isVisible()


def test_rows_stand_newest_first_and_a_click_on_a_title_sorts(runs, panel, qtbot):
    assert folders(panel) == [path.name for path in reversed(runs)]
    header = panel.view.horizontalHeader()
    section = panel.model.columns.index("best.accuracy")
    at = QPoint(header.sectionViewportPosition(section) + 20, header.height() // 2)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert folders(panel) == [runs[i].name for i in (0, 2, 1)]
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert folders(panel) == [runs[i].name for i in (1, 2, 0)]
    assert index_of(panel, runs[0], "best.accuracy").data() == "0.9700"
    assert panel.model.headerData(section, Qt.Orientation.Horizontal) == "Accuracy, best ↑"


def test_the_filter_takes_comparisons_and_complains_on_the_spot(runs, panel, qtbot):
    qtbot.keyClicks(panel.filter, "accuracy>0.85")
    qtbot.keyClick(panel.filter, Qt.Key.Key_Return)
    assert folders(panel) == [runs[2].name, runs[0].name] and panel.count.text() == "2 of 3 runs"
    assert panel.view.hasFocus()
    panel.filter.setFocus()
    panel.filter.selectAll()
    qtbot.keyClicks(panel.filter, "acuracy>1")
    settle(qtbot, panel)
    assert "Did you mean accuracy?" in panel.complaint.text() and panel.complaint.isVisible()
    panel.filter.clear()
    settle(qtbot, panel)
    assert len(folders(panel)) == 3 and not panel.complaint.isVisible()


def test_names_and_tags_are_written_in_the_table(runs, panel, qtbot):
    click(qtbot, panel, runs[1])
    qtbot.keyClick(panel.view, Qt.Key.Key_F2)
    write(qtbot, "wide")
    panel.view.write_in("tags")
    write(qtbot, "good, lr")
    assert read_labels(runs[1]) == Labels("wide", ("good", "lr"))
    assert index_of(panel, runs[1], "name").data() == "wide"
    panel.refresh()
    settle(qtbot, panel)
    assert index_of(panel, runs[1], "tags").data() == "good, lr"


def test_ticked_runs_are_laid_over_each_other(runs, panel, qtbot):
    for run in runs[:2]:
        click(qtbot, panel, run, SHOWN)
    settle(qtbot, panel)
    card = panel.side.card
    assert [(curve.key, curve.raw.x.tolist()) for curve in card.shown_curves()] == [
        (f"{run.name} validation", [1.0, 2.0, 3.0]) for run in runs[:2]
    ]
    assert card.curves[f"{runs[0].name} validation"].raw.y.tolist() == [1.0, 1 / 2, 1 / 3]
    assert len({curve.role for curve in card.shown_curves()}) == 2
    qtbot.mouseClick(
        panel.side.parts["train"], Qt.MouseButton.LeftButton, pos=QPoint(8, panel.side.parts["train"].height() // 2)
    )
    card.switch_unit()
    settle(qtbot, panel)
    train = card.curves[f"{runs[0].name} train"]
    assert len(card.curves) == 4 and train.raw.x.tolist() == list(range(1, 13))
    panel.side.figure.setCurrentIndex(panel.side.figure.findData("accuracy"))
    panel.side.figure.activated.emit(0)
    settle(qtbot, panel)
    assert card.curves[f"{runs[1].name} validation"].raw.y.tolist() == pytest.approx([0.8, 0.8, 0.7])
    click(qtbot, panel, runs[0])
    qtbot.keyClick(panel.view, Qt.Key.Key_Space)
    settle(qtbot, panel)
    assert {key.split()[0] for key in card.curves} == {runs[1].name}


def test_two_runs_differ_in_the_list_and_on_the_canvas(runs, panel, qtbot):
    click(qtbot, panel, runs[2])
    assert panel.verbs.why_not_two() is not None
    click(qtbot, panel, runs[0], with_ctrl=True)
    qtbot.mouseClick(panel.side.difference_choice, Qt.MouseButton.LeftButton)
    words = [row.text for row in (panel.side.difference.tree.row,) if row]
    assert words and "settings: 1" in panel.side.difference.title.text()
    opened: list[Path] = []
    panel.open_requested.connect(opened.append)
    qtbot.mouseClick(panel.side.difference.canvas_button, Qt.MouseButton.LeftButton)
    (window,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, CompareWindow)]
    assert window.old_title.text() == "run 2026-01-01 12:00" or window.old_title.text().startswith("run ")
    window.open_button.click()
    assert opened == [runs[0] / PROJECT]
    window.close()


def test_deleted_runs_come_back_by_a_button_and_by_ctrl_z(runs, panel, qtbot, monkeypatch):
    folder = runs[0].parent
    for undo in (
        lambda: qtbot.mouseClick(panel.undo_button, Qt.MouseButton.LeftButton),
        lambda: qtbot.keyClick(panel.view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier),
    ):
        click(qtbot, panel, runs[0])
        click(qtbot, panel, runs[1], with_ctrl=True)
        qtbot.keyClick(panel.view, Qt.Key.Key_Delete)
        settle(qtbot, panel)
        assert folders(panel) == [runs[2].name] and panel.strip.isVisible() and len(trashed(folder)) == 2
        panel.view.setFocus()
        undo()
        settle(qtbot, panel)
        assert len(folders(panel)) == 3 and not panel.strip.isVisible() and not trashed(folder)
    click(qtbot, panel, runs[0])
    qtbot.keyClick(panel.view, Qt.Key.Key_Delete)
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.Yes)
    panel.verbs.ask_to_empty(folder)
    settle(qtbot, panel)
    assert not trashed(folder) and not runs[0].exists() and not panel.verbs.can_undo


def test_the_menu_says_why_something_cannot_be_done(runs, panel, qtbot):
    click(qtbot, panel, runs[0])
    entries = {a.text().split("\t")[0]: a for a in panel.verbs.menu(list_differences=panel.list_differences).actions()}
    assert entries["Open the drawing as a document"].isEnabled() and entries["Delete"].isEnabled()
    assert "two runs" in entries["Differences on the canvas"].toolTip()
    assert "no weights" in entries["Export…"].toolTip() and not entries["Export…"].isEnabled()
    asked: list[Path | None] = []
    panel._workspace.controller.train = lambda resume=None, mode="train": asked.append(resume)
    entries["Continue this run"].trigger()
    assert asked == [runs[0]]
    panel._workspace.editor.change(lambda p: p.with_plan(replace(p.plan, epochs=3)), msg("Epochs"))
    entries = {a.text(): a for a in panel.verbs.menu(list_differences=panel.list_differences).actions()}
    assert "All 3 epochs" in (whole := entries["Continue this run"]).toolTip() and not whole.isEnabled()


def test_columns_are_chosen_and_rows_follow_the_disk(runs, panel, qtbot):
    panel._fill_columns()
    (note,) = [action for action in panel.columns_menu.actions() if action.text() == "Note"]
    note.trigger()
    assert panel.model.columns.index("note") == panel.model.columns.index("tags") + 1
    facts = json.loads((runs[0] / "run.json").read_text())
    facts["result"]["status"] = STOPPED
    (runs[0] / "run.json").write_text(json.dumps(facts))
    shutil.rmtree(runs[1])
    qtbot.keyClick(panel.view, Qt.Key.Key_F5)
    settle(qtbot, panel)
    assert len(folders(panel)) == 2 and index_of(panel, runs[0], "status").data() == "stopped"


def test_it_can_be_used_without_eyes(runs, panel):
    assert list(nameless(panel)) == []
    index = index_of(panel, runs[0], SHOWN)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "not in the plot"


def test_it_loads_no_plotting_library_before_curves_are_wanted():
    code = "import sys, gui.panels.runs; print([m for m in ('numpy', 'pyqtgraph', 'torch') if m in sys.modules])"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

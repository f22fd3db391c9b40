"""The panel of sweeps: what is searched, trials as they come, pictures, and what can be done with a trial."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox

from accessibility_tools import nameless
from drawings import lenet5
from graph import files
from graph.messages import msg, set_language
from graph.search import MACS, Goal, NodePlace, Search, Span
from gui.main_window import MainWindow
from gui.panels.sweep import SweepPanel
from gui.panels.sweep_side import CURVES, FRONT, IMPORTANCE, PARALLEL, PROGRESS
from gui.settings import Settings
from gui.workspace import Workspace
from panel_tools import show
from played_sweeps import LABELS, LEFT, LR, Played, click_title, feed, searched, start, texts, trial
from runtime.sweep_events import (
    FAILED,
    FINISHED,
    PRUNED,
    STOPPED,
    SweepEnded,
    TrialEnded,
    TrialReported,
    TrialStarted,
)
from runtime.sweep_folders import SweepWriter, Trial, create_sweep, load_sweep
from trainings import digits, mlp, plan


@pytest.fixture
def document(tmp_path) -> Path:
    path = tmp_path / "net.layerloom"
    files.save(searched(lenet5().project), path)
    return path


@pytest.fixture
def workspace(qapp, document):
    workspace = Workspace(Settings())
    workspace.documents.open(document)
    workspace.sweeps._new_session = Played
    yield workspace
    workspace.close(wait=True)


@pytest.fixture
def panel(qtbot, workspace):
    panel = show(qtbot, SweepPanel(workspace), 1366, 320)
    qtbot.waitUntil(lambda: not panel._work.is_busy)
    return panel


# ---- before


def test_what_is_searched_is_listed_and_leads_to_its_field(qtbot, panel):
    names = [line.accessibleName() for line in panel.setup.entries]
    assert names == ["lr of main: a sweep tries 0.0001 … 0.1 · log", "batch_size: a sweep tries 16, 32, 64"]
    with qtbot.waitSignal(panel.place_requested) as asked:
        qtbot.mouseClick(panel.setup.entries[0], LEFT)
    assert asked.args == [LR]
    panel.setup.entries[1].setFocus()
    QTest.keyClick(panel.setup.entries[1], Qt.Key.Key_Delete)
    assert [entry.place for entry in panel._workspace.editor.project.search.entries] == [LR]
    panel._workspace.editor.undo()
    assert len(panel.setup.entries) == 2


def test_how_it_goes_is_an_edit_of_the_document(qtbot, panel):
    field = panel.setup.rows["trials"].field
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "50")
    QTest.keyClick(field, Qt.Key.Key_Return)
    editor = panel._workspace.editor
    assert editor.project.search.trials == 50 and str(editor.undo_text) == "Set Trials of the sweep"
    menu = panel.setup.goals.menu()
    for name in ("Validation accuracy", "MACs"):
        next(action for action in menu.actions() if action.text() == name).trigger()
    assert editor.project.search.goals == (Goal("accuracy"), Goal(MACS))
    assert panel.setup.goals.button.text() == "Validation accuracy, MACs"
    assert not panel.setup.rows["prune"].isVisible()


def test_what_is_wrong_is_said_with_a_way_there(qtbot, panel):
    editor = panel._workspace.editor
    bad = editor.project.search.with_space(LR, Span(0.1, 0.01))
    editor.push(replace(editor.project, search=bad), msg("x"))
    qtbot.waitUntil(lambda: bool(panel.setup.problems))
    assert "lr of main" in panel.setup.problems[0].text
    with qtbot.waitSignal(panel.place_requested) as asked:
        qtbot.mouseClick(panel.setup.problems[0].button, LEFT)
    assert asked.args == [LR]
    with qtbot.waitSignal(panel.told) as told:
        qtbot.mouseClick(panel.start_button, LEFT)
    assert told.args[1] == "warning" and not panel._sweeps.is_active


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (
            lambda project: replace(project, search=replace(project.search, goals=(Goal("gone"),))),
            "Goals: Validation Gone",
        ),
        (lambda project: replace(project, search=replace(project.search, trials=0)), "Trials"),
    ],
)
def test_a_problem_leads_to_the_field_here_that_mends_it(qtbot, panel, change, names):
    editor = panel._workspace.editor
    editor.push(change(editor.project), msg("x"))
    qtbot.waitUntil(lambda: bool(panel.setup.problems))
    panel.activateWindow()
    qtbot.mouseClick(panel.setup.problems[0].button, LEFT)
    field = QApplication.focusWidget()
    assert field is not None and names in field.accessibleName()
    assert panel.setup._scroll.rect().contains(field.mapTo(panel.setup._scroll, field.rect().center()))


# ---- while it goes


def test_trials_appear_as_they_come(qtbot, panel):
    start(qtbot, panel)
    feed(panel, TrialStarted(1, dict(zip(LABELS, (0.01, 32), strict=True))), TrialReported(1, 2, {"accuracy": 0.4}))
    assert texts(panel, "Status") == ["epoch 2"] and texts(panel, "Validation accuracy") == ["0.4000"]
    reason = msg("The loss became NaN.")
    feed(
        panel,
        TrialEnded(1, FINISHED, (0.9,), 61.0),
        *trial(2, 0.95, lr=0.003),
        *trial(3, status=FAILED, message=reason),
        *trial(4, 0.5, status=PRUNED),
    )
    assert texts(panel, "#") == ["4", "3", "2", "1"]
    assert texts(panel, "Status") == ["pruned", "failed", "finished, best", "finished"]
    assert texts(panel, "lr of main")[2] == "0.003" and texts(panel, "Time")[0] == "01:01"
    assert panel.words.text() == "Best: trial 2 · Validation accuracy 0.9500 · 4 of 4 trials"
    assert "NaN" in panel.model.index(1, 1).data(Qt.ItemDataRole.ToolTipRole)
    assert panel.view.current.number == 2  # the best, as nobody chose another one
    panel.view.go_to(3)
    assert panel.strip.isVisible() and panel.trial_words.text() == "Trial 3: The loss became NaN."


def test_titles_sort_the_best_first_and_the_cursor_stays(qtbot, panel):
    start(qtbot, panel)
    feed(panel, *trial(1, 0.7), *trial(2, 0.9), *trial(3, 0.8), *trial(4, status=FAILED))
    panel.view.go_to(3)
    click_title(qtbot, panel, "Validation accuracy")
    assert texts(panel, "#") == ["2", "3", "1", "4"]
    assert panel.view.current.number == 3
    click_title(qtbot, panel, "Validation accuracy ↓".removesuffix(" ↓"))
    assert texts(panel, "#") == ["1", "3", "2", "4"]


def test_stop_and_go_on(qtbot, panel):
    session = start(qtbot, panel)
    feed(panel, *trial(1, 0.7))
    assert panel.stop_button.isVisible() and panel.stop_button.hasFocus() and not panel.start_button.isVisible()
    QTest.keyClick(panel.stop_button, Qt.Key.Key_Space)
    assert session.stopped and not panel.stop_button.isEnabled() and "Stopping" in panel.words.text()
    feed(panel, SweepEnded(STOPPED, msg("stopped")))
    assert panel.start_button.isVisible() and panel.resume_button.isVisible()
    qtbot.mouseClick(panel.resume_button, LEFT)
    assert panel._sweeps._session.resume == session.path


def test_a_run_and_a_sweep_at_once_are_allowed_and_said(qtbot, panel, monkeypatch):
    start(qtbot, panel)
    assert not panel.note.isVisible()
    monkeypatch.setattr(Workspace, "is_running", property(lambda _self: True))
    panel._show_state()
    assert panel.note.isVisible() and "Both take longer" in panel.note.text()


# ---- afterwards


@pytest.fixture
def two_goals(qtbot, panel) -> SweepPanel:
    editor = panel._workspace.editor
    editor.push(searched(lenet5().project, goals=(Goal("accuracy"), Goal(MACS))), msg("x"))
    start(qtbot, panel)
    feed(panel, *trial(1, 0.9, 100.0), *trial(2, 0.95, 300.0), *trial(3, 0.8, 200.0), *trial(4, 0.7, 50.0))
    feed(panel, SweepEnded(FINISHED, msg("done")))
    return panel


def test_pictures_show_the_front_and_lead_to_trials(qtbot, two_goals):
    panel = two_goals
    assert {t.number for t in panel.model.shown if panel.model.is_best(t)} == {1, 2, 4}
    assert "3 trials that nothing beats" in panel.words.text()
    qtbot.mouseClick(panel.side.choices[FRONT], LEFT)
    front = panel.side.pages[FRONT]
    assert [(p.x, p.y) for p in front.points] == [(100, 0.9), (300, 0.95), (200, 0.8), (50, 0.7)]
    assert front._joined == [(50, 0.7), (100, 0.9), (300, 0.95)]
    point = front.points[2]
    place = front._themed.box.mapViewToScene(
        front._themed.box.mapSceneToView(front._themed.box.mapViewToScene(_at(point)))
    )
    spot = front._themed.widget.mapFromScene(place)
    qtbot.mouseClick(front._themed.widget.viewport(), LEFT, pos=spot)
    assert panel.view.current.number == 3
    qtbot.mouseClick(panel.side.choices[PARALLEL], LEFT)
    view = panel.side.pages[PARALLEL].view
    assert [scale.axis.title for scale in view.scales] == ["lr of main", "batch_size", "Validation accuracy", "MACs"]
    view.chosen.emit(0)
    assert panel.view.current.number == 1


def _at(point):
    from PySide6.QtCore import QPointF

    return QPointF(point.x, point.y)


def test_the_best_so_far_never_falls(qtbot, panel):
    start(qtbot, panel)
    feed(panel, *trial(1, 0.7), *trial(2, 0.6), *trial(3, 0.9))
    feed(panel, SweepEnded(FINISHED, msg("done")))
    qtbot.waitUntil(lambda: not panel.side._pace.isActive())
    assert panel.side.pages[PROGRESS]._joined == [(1, 0.7), (2, 0.7), (2, 0.7), (3, 0.7), (3, 0.9)]


@pytest.mark.slow
def test_importances_are_bars(qtbot, two_goals, monkeypatch):
    shares = {"accuracy": {"lr of main": 0.8, "batch_size": 0.2}, MACS: {"batch_size": 1.0}}
    monkeypatch.setattr("gui.panels.sweep_bars.importances", lambda _sweep: shares)
    qtbot.mouseClick(two_goals.side.choices[IMPORTANCE], LEFT)
    card = two_goals.side.pages[IMPORTANCE]
    qtbot.waitUntil(lambda: card.bars.shares == {"lr of main": 0.8, "batch_size": 0.2})
    card.goal.setCurrentIndex(1)
    assert card.bars.shares == {"batch_size": 1.0}
    assert "batch_size 100.0" in card.bars.accessibleDescription()


def test_a_trial_becomes_a_project_or_changes_the_drawing_as_one_step(qtbot, panel):
    start(qtbot, panel)
    feed(panel, *trial(1, 0.9, lr=0.003), SweepEnded(FINISHED, msg("done")))
    with qtbot.waitSignal(panel.open_requested) as asked:
        panel.view.setFocus()
        QTest.keyClick(panel.view, Qt.Key.Key_Return)
    opened = files.load(asked.args[0])
    assert asked.args[0].stem == "trial_1"
    assert opened.plan.objectives[0].optimizer.params["lr"] == 0.003 and opened.search == Search()
    editor = panel._workspace.editor
    before = editor.project
    qtbot.mouseClick(panel.use_button, LEFT)
    assert editor.project.plan.objectives[0].optimizer.params["lr"] == 0.003
    assert editor.project.plan.batch_size == 32 and editor.project.search == before.search
    editor.undo()
    assert editor.project is before
    menu = panel.verbs.menu()
    off = {action.text().split("\t")[0]: action.toolTip() for action in menu.actions() if not action.isEnabled()}
    assert off.keys() == {"Show its curves", "Export…", "Open its folder"} and "left no run" in off["Export…"]


def test_a_place_that_is_gone_is_said(qtbot, panel):
    start(qtbot, panel)
    feed(panel, *trial(1, 0.9), SweepEnded(FINISHED, msg("done")))
    editor = panel._workspace.editor
    objective = replace(editor.project.plan.objectives[0], name="other")
    editor.set_plan(replace(editor.project.plan, objectives=(objective,)), msg("x"))
    with qtbot.waitSignal(panel.told) as told:
        qtbot.mouseClick(panel.use_button, LEFT)
    assert "a place is gone" in str(told.args[0])


def test_earlier_sweeps_can_be_chosen(qtbot, panel, workspace):
    runs = workspace.documents.runs_folder
    for accuracy in (0.5, 0.6):
        sweep = create_sweep(runs, workspace.editor.project, ("accuracy",), ("max",), None)
        writer = SweepWriter(sweep)
        writer.put(Trial(1, (0.01, 16), FINISHED, (accuracy,), 1.0))
        writer.note(status=FINISHED)
        writer.close()
    panel.refresh()
    qtbot.waitUntil(lambda: panel.chooser.count() == 2)
    qtbot.waitUntil(lambda: bool(panel.model.shown))
    newest = panel._sweeps.sweep.path
    other = next(i for i in range(2) if panel.chooser.itemData(i) != str(newest))
    panel.chooser.setCurrentIndex(other)
    panel.chooser.activated.emit(other)
    assert panel._sweeps.sweep.path != newest and len(panel.model.shown) == 1
    assert panel.chooser.itemText(other).endswith("· 1 trial")


@pytest.mark.slow
def test_every_part_has_a_name_and_is_translated(qtbot, two_goals):
    for name in (PROGRESS, PARALLEL, FRONT, CURVES):
        two_goals.side.show_page(name)
        assert list(nameless(two_goals)) == []
    set_language("zh_CN")
    try:
        made = show(qtbot, SweepPanel(two_goals._workspace), 1366, 320)
        assert made.start_button.text() == "开始"
        assert [c.title for c in made.model.columns][:3] == ["#", "状态", "验证准确率"]
        qtbot.waitUntil(lambda: not made._work.is_busy)
    finally:
        set_language("en")


# ---- in the window


@pytest.fixture
def window(qtbot, document):
    window = MainWindow(Settings())
    qtbot.addWidget(window, before_close_func=lambda w: w.editor.mark_saved(w.editor.project))
    window.resize(1366, 768)
    window.show_document(document)
    window.show()
    window.workspace.sweeps._new_session = Played
    window.run_action("show_sweep")
    return window


def test_in_the_window_a_click_leads_to_the_field(qtbot, window):
    panel = window.frame.sweep.panel()
    qtbot.mouseClick(panel.setup.entries[0], LEFT)
    training = window.frame.training.panel()
    assert training.objectives.forms[0].optimizer.rows["lr"].field.hasFocus()
    editor, conv = window.editor, window.editor.graph.node_named("conv1").id
    space = editor.project.search.with_space(NodePlace(None, conv, "out_channels"), Span(2, 8, whole=True))
    editor.push(replace(editor.project, search=space), msg("x"))
    window.run_action("show_sweep")
    qtbot.mouseClick(panel.setup.entries[-1], LEFT)
    assert editor.selection == {conv}
    form = window.frame.inspector.page
    assert next(row for row in form.rows if row.param.name == "out_channels").field.hasFocus()
    split = replace(editor.project.plan.split, validation=0.0, test=0.2)
    editor.push(editor.project.with_plan(replace(editor.project.plan, split=split)), msg("x"))
    window.run_action("show_sweep")
    qtbot.waitUntil(lambda: bool(panel.setup.problems))
    qtbot.mouseClick(panel.setup.problems[0].button, LEFT)
    assert training.split.fields["validation"].hasFocus()
    qtbot.waitUntil(lambda: not panel._work.is_busy)


def test_closing_asks_while_a_sweep_is_under_way(qtbot, window, monkeypatch):
    panel = window.frame.sweep.panel()
    title = partial(window.frame.bottom.tabText, window.frame.bottom.indexOf(window.frame.sweep))
    assert title() == "Sweep"
    session = start(qtbot, panel)
    feed(panel, *trial(1, 0.7))
    assert window.tabs.tabText(0).startswith("▶") and title() == "Sweep 1/4"
    asked: list[str] = []

    def answer(_parent, _title, question, *_more):
        asked.append(question)
        return QMessageBox.StandardButton.Cancel if len(asked) == 1 else QMessageBox.StandardButton.Yes

    monkeypatch.setattr(QMessageBox, "question", answer)
    assert not window.close()
    assert "A sweep is under way" in asked[0] and not session.stopped
    qtbot.waitUntil(lambda: not panel._work.is_busy)
    assert window.close() and session.stopped


@pytest.mark.slow
def test_a_real_sweep_from_marking_to_the_best_trial_as_a_document(qtbot, tmp_path):
    project = searched(digits(mlp, replace(plan(), epochs=2)), trials=30)
    path = tmp_path / "real.layerloom"
    files.save(project, path)
    window = MainWindow(Settings())
    qtbot.addWidget(window, before_close_func=lambda w: w.editor.mark_saved(w.editor.project))
    window.show_document(path)
    window.show()
    window.run_action("show_sweep")
    panel = window.frame.sweep.panel()
    qtbot.mouseClick(panel.start_button, LEFT)
    qtbot.waitUntil(lambda: panel._sweeps.sweep is not None and len(panel._sweeps.sweep.finished) >= 3, timeout=120_000)
    qtbot.mouseClick(panel.stop_button, LEFT)
    qtbot.waitUntil(lambda: not panel._sweeps.is_active, timeout=60_000)
    kept = load_sweep(panel._sweeps.sweep.path)
    assert kept.status == STOPPED and kept.finished == panel._sweeps.sweep.finished
    best = kept.best
    panel.view.go_to(best.number)
    panel.side.show_page(CURVES)
    curves = panel.side.pages[CURVES]
    qtbot.waitUntil(lambda: len(curves.card.curves) == 2, timeout=20_000)
    tabs = len(window.pages)
    qtbot.mouseClick(panel.open_button, LEFT)
    assert len(window.pages) == tabs + 1
    assert window.editor.project.plan.objectives[0].optimizer.params["lr"] == best.values[0]
    assert window.editor.project.plan.batch_size == best.values[1]

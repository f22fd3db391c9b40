"""Several documents in tabs and windows, and a window that changes its language while it is used."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QObject, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox, QWidget

from canvas_hand import CONTROL, SHIFT
from drawings import lenet5
from graph import files
from gui.main_window import MainWindow
from gui.settings import Settings
from gui.tongue import tongue
from person import Person, end, seat
from runtime import examples


@pytest.fixture
def person(qtbot, project_folder, monkeypatch) -> Person:
    monkeypatch.setattr(QMessageBox, "question", lambda *_: pytest.fail("a question that no test expects"))
    return seat(qtbot)


@pytest.fixture
def saved(project_folder):
    """Two files."""
    paths = [project_folder / name for name in ("one.layerloom", "two.layerloom")]
    for path in paths:
        files.save(lenet5().project, path)
    return paths


def titles(window: MainWindow) -> list[str]:
    return [window.tabs.tabText(i) for i in range(window.tabs.count())]


def test_files_open_in_tabs_and_an_open_one_comes_to_the_front(person, saved):
    window = person.window
    for path in saved:
        window.file_actions.open_path(path)
    assert titles(window) == ["one.layerloom", "two.layerloom"]
    assert window.documents.path == saved[1]
    window.file_actions.open_path(saved[0])
    assert window.documents.path == saved[0] and len(window.pages) == 2


def test_the_menus_are_about_the_document_in_front(person, saved):
    window = person.window
    for path in saved:
        window.file_actions.open_path(path)
    window.editor.rename_project("Renamed")
    assert window.actions_by_id["undo"].text() == "&Undo: Rename the network"
    assert titles(window) == ["one.layerloom", "two.layerloom •"] and window.isWindowModified()
    QTest.keyClick(window.canvas, Qt.Key.Key_Tab, CONTROL)
    assert window.documents.path == saved[0] and not window.isWindowModified()
    assert window.actions_by_id["undo"].text() == "&Undo"
    QTest.keyClick(window.canvas, Qt.Key.Key_Tab, CONTROL | SHIFT)
    QTest.keyClick(window.canvas, Qt.Key.Key_Z, CONTROL)
    assert window.editor.project.name == "LeNet5" and titles(window)[1] == "two.layerloom"


def test_the_cross_of_a_tab_asks_about_what_is_not_saved(person, saved, monkeypatch):
    window = person.window
    for path in saved:
        window.file_actions.open_path(path)
    window.editor.rename_project("Renamed")
    window.tabs.setCurrentIndex(0)
    answers = iter([QMessageBox.StandardButton.Cancel, QMessageBox.StandardButton.Save])
    monkeypatch.setattr(window, "ask_about_changes", lambda: next(answers))
    window.tabs.tabCloseRequested.emit(1)
    assert len(window.pages) == 2 and window.documents.path == saved[1]
    window.tabs.tabCloseRequested.emit(1)
    assert titles(window) == ["one.layerloom"]
    assert files.load(saved[1]).name == "Renamed"


def test_the_last_tab_leaves_an_empty_drawing(person, saved):
    window = person.window
    window.file_actions.open_path(saved[0])
    QTest.keyClick(window.canvas, Qt.Key.Key_W, CONTROL)
    assert titles(window) == ["Untitled"] and not window.editor.graph.nodes
    window.file_actions.open_path(saved[0])
    assert not window.documents.is_read_only, "the closed tab still holds the file"


def test_a_file_that_another_tab_cannot_share_is_offered_in_other_ways(person, saved, qtbot):
    window = person.window
    window.file_actions.open_path(saved[0])
    other = MainWindow(Settings())
    qtbot.addWidget(other, before_close_func=end)
    other.show()
    other.file_actions.open_path(saved[0])
    banner = other.frame.banner
    assert banner.isVisible() and "one.layerloom' is open in another window of Layerloom." in banner.text
    QTest.mouseClick(banner.buttons[1], Qt.MouseButton.LeftButton)
    assert other.documents.path == saved[0] and other.documents.is_read_only


def test_a_file_in_another_window_can_be_gone_to(person, saved, qtbot):
    window = person.window
    window.file_actions.open_path(saved[0])
    window.file_actions.open_path(saved[1])
    other = MainWindow(Settings())
    qtbot.addWidget(other, before_close_func=end)
    other.show()
    other.file_actions.open_path(saved[0])
    window.showMinimized()
    assert other.frame.banner.buttons[0].text() == "Go to it"
    QTest.mouseClick(other.frame.banner.buttons[0], Qt.MouseButton.LeftButton)
    assert window.documents.path == saved[0] and not window.isMinimized()
    qtbot.waitUntil(window.isActiveWindow)
    assert len(other.pages) == 1 and other.documents.path is None and not other.frame.banner.isVisible()


def test_a_link_to_a_file_in_another_tab_leads_to_the_tab(person, saved):
    window = person.window
    window.file_actions.open_path(saved[0])
    window.file_actions.open_path(saved[1])
    link = saved[0].with_name("link.layerloom")
    link.symlink_to(saved[0])
    window.file_actions.open_path(link)
    assert "is open in another tab of this window" in window.frame.banner.text
    QTest.mouseClick(window.frame.banner.buttons[0], Qt.MouseButton.LeftButton)
    assert window.documents.path == saved[0] and len(window.pages) == 2


def test_the_text_of_a_whole_file_is_pasted_as_a_part(person, saved):
    person.window.file_actions.open_path(saved[0])
    whole = files.load(saved[0])
    QGuiApplication.clipboard().setText(saved[0].read_text("utf-8"))
    person.window.file_actions.new()
    QTest.keyClick(person.window.canvas, Qt.Key.Key_V, CONTROL)
    editor = person.window.editor
    assert sorted(node.name for node in editor.graph.nodes.values()) == sorted(
        n.name for n in whole.graph.nodes.values()
    )
    assert len(editor.graph.links) == len(whole.graph.links) and editor.selection == editor.graph.nodes.keys()
    QTest.keyClick(person.window.canvas, Qt.Key.Key_Z, CONTROL)
    assert not editor.graph.nodes


def test_the_text_of_a_file_with_blocks_brings_them_along(person):
    QGuiApplication.clipboard().setText(examples.path("resnet18").read_text("utf-8"))
    QTest.keyClick(person.window.canvas, Qt.Key.Key_V, CONTROL)
    project = person.window.editor.project
    assert project.blocks and all(node.type in project.catalog for node in project.graph.nodes.values())


def test_files_copied_in_a_file_manager_open_in_tabs(person, saved):
    copied = QMimeData()
    copied.setUrls([QUrl.fromLocalFile(str(path)) for path in saved])
    copied.setText("\n".join(map(str, saved)))
    QGuiApplication.clipboard().setMimeData(copied)
    QTest.keyClick(person.window.canvas, Qt.Key.Key_V, CONTROL)
    assert titles(person.window) == ["one.layerloom", "two.layerloom"]


def test_saving_a_read_only_document_asks_for_another_place(person, saved, monkeypatch, project_folder):
    window = person.window
    window.file_actions.open_in_way(saved[0], "read-only")
    elsewhere = project_folder / "three.layerloom"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(elsewhere), ""))
    QTest.keyClick(window.canvas, Qt.Key.Key_S, CONTROL)
    assert elsewhere.is_file() and window.documents.path == elsewhere and not window.documents.is_read_only


def test_what_another_program_wrote_is_reloaded_on_request_and_undone(person, saved, qtbot):
    window = person.window
    window.file_actions.open_path(saved[0])
    changed = files.load(saved[0])
    files.save(changed.with_graph(changed.graph.remove(["n3"])), saved[0])
    banner = window.frame.banner
    qtbot.waitUntil(banner.isVisible, timeout=10_000)
    QTest.mouseClick(banner.buttons[0], Qt.MouseButton.LeftButton)
    assert "n3" not in window.editor.graph.nodes and not banner.isVisible()
    QTest.keyClick(window.canvas, Qt.Key.Key_Z, CONTROL)
    assert "n3" in window.editor.graph.nodes


def test_a_part_goes_from_window_to_window_as_text(person, saved, qtbot):
    person.window.file_actions.open_path(saved[0])
    QTest.keyClick(person.window.canvas, Qt.Key.Key_A, CONTROL)
    QTest.keyClick(person.window.canvas, Qt.Key.Key_C, CONTROL)
    assert '"name": "conv1"' in QGuiApplication.clipboard().text()
    other = seat(qtbot)
    QTest.keyClick(other.canvas, Qt.Key.Key_V, CONTROL)
    names = {node.name for node in person.window.editor.graph.nodes.values()}
    assert {node.name for node in other.editor.graph.nodes.values()} == names


def test_panels_that_were_put_away_stay_so_until_the_layout_is_reset(person, saved, qtbot):
    window = person.window
    window.menus["panels"].aboutToShow.emit()
    entry = next(a for a in window.menus["panels"].actions() if a.data() == "bottom")
    entry.trigger()
    assert not window.frame.bottom.isVisible()
    window.file_actions.open_path(saved[0])
    window.file_actions.open_path(saved[1])
    assert not window.frame.bottom.isVisible()
    other = seat(qtbot)
    assert not other.window.frame.bottom.isVisible()
    other.window.run_action("reset_layout")
    assert other.window.frame.bottom.isVisible() and not Settings().hidden_panels


def test_the_language_changes_while_everything_stays(person, saved):
    window = person.window
    window.file_actions.open_path(saved[0])
    window.editor.rename_project("Renamed")
    window.editor.select(["n2"])
    window.frame.side.setCurrentIndex(1)
    window.canvas.zoom_to_actual()
    project, camera = window.editor.project, window.canvas.camera
    try:
        window.view_actions.use_language("zh_CN")
        assert window.menuBar().actions()[0].text().startswith("文件")
        assert window.frame.side.tabText(1) == "训练" and window.frame.side.currentIndex() == 1
        assert window.editor.project is project and window.editor.undo_text is not None
        assert window.editor.selection == {"n2"} and window.canvas.scene().nodes["n2"].mood.selected
        assert window.canvas.camera.zoom == camera.zoom
        assert Settings().language == "zh_CN"
    finally:
        tongue.use("en")
    assert window.menuBar().actions()[0].text() == "&File"


def test_a_run_goes_on_while_the_language_changes(qtbot, small, monkeypatch):
    window = seat(qtbot).window
    window.file_actions.open_path(small)
    with qtbot.waitSignal(window.analyst.ready, timeout=30_000):
        window.start_background()
    qtbot.waitUntil(lambda: window.editor.analysis.complete, timeout=30_000)
    with qtbot.waitSignal(window.controller.ended, timeout=60_000):
        window.run_action("train_or_pause")
    lines = len(window.frame.log.lines)
    loss = {name: curve.raw.y.tolist() for name, curve in window.frame.metrics.cards["loss"].curves.items()}
    assert len(loss["train"]) > len(loss["validation"]) == 2
    try:
        tongue.use("zh_CN")
        assert len(window.frame.log.lines) == lines > 0
        curves = window.frame.metrics.cards["loss"].curves
        assert {name: curve.raw.y.tolist() for name, curve in curves.items()} == loss
        assert window.frame.predictions.tested is not None
        assert window.frame.run_bar.status.text().startswith("用时") or "完成" in window.frame.run_bar.status.text()
    finally:
        tongue.use("en")


def drop(widget: QWidget, *paths: Path) -> None:
    """Drag files over a widget and let go."""
    mime, where = QMimeData(), QPointF(widget.rect().center())
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    keys = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(widget, QDragEnterEvent(where.toPoint(), *keys))
    QApplication.sendEvent(widget, QDropEvent(where, *keys))


def test_files_can_be_dropped_beside_the_canvas(person, saved, project_folder):
    table = project_folder / "rows.csv"
    table.write_text("a,b\n1,2\n3,4\n5,6\n")
    drop(person.window.frame, table)
    assert [node.type for node in person.window.editor.graph.nodes.values()] == ["layerloom.data.Table"]
    drop(person.window.frame, saved[0])
    assert person.window.documents.path == saved[0] and len(person.window.pages) == 2


def test_a_drawing_without_a_name_is_called_so_in_the_language_in_use_and_keeps_its_folder(person):
    window = person.window
    folder = window.documents.runs_folder
    tongue.use("zh_CN")
    assert titles(window) == ["未命名"] and window.windowTitle().startswith("未命名")
    assert window.documents.runs_folder == folder
    window.file_actions.new()
    assert window.documents.runs_folder == folder


class Dressings(QObject):
    """Counts how often widgets are dressed anew."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def eventFilter(self, _watched, event) -> bool:
        self.count += event.type() == QEvent.Type.StyleChange
        return False


def test_a_second_document_dresses_its_widgets_about_once(person, qapp):
    """With a style sheet, Qt dresses all that is in a widget anew when that moves into another; that was half of the time."""
    window, dressings = person.window, Dressings()
    qapp.setStyleSheet("QLabel { padding: 0px }")
    qapp.installEventFilter(dressings)
    try:
        window.add_page()
        count = dressings.count
    finally:
        qapp.removeEventFilter(dressings)
        qapp.setStyleSheet("")
    assert count < 4 * len(window.page.findChildren(QWidget))

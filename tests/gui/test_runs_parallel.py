"""The runs as parallel coordinates beside their table, and what the table remembers of its columns."""

from __future__ import annotations

from array import array
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from drawings import lenet5
from graph import files
from gui.panels.runs import RunsPanel
from gui.settings import Settings
from gui.theme import theme
from gui.workspace import Workspace
from made_runs import made
from panel_tools import show

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def document(tmp_path) -> Path:
    path = tmp_path / "net.layerloom"
    files.save(lenet5().project, path)
    for accuracy, lr, batch in ((0.97, 0.01, 16), (0.8, 0.0001, 32), (0.9, 0.02, 64)):
        made(path.with_suffix(".runs"), accuracy=accuracy, lr=lr, batch_size=batch)
    return path


@pytest.fixture
def workspace(document):
    workspace = Workspace(Settings())
    workspace.documents.open(document)
    yield workspace
    workspace.close(wait=True)


def opened(qtbot, workspace) -> RunsPanel:
    panel = show(qtbot, RunsPanel(workspace), 1366, 320)
    settle(qtbot, panel)
    return panel


@pytest.fixture
def panel(qtbot, workspace):
    panel = opened(qtbot, workspace)
    yield panel
    panel.reader.close()
    panel.hide()


def settle(qtbot, panel: RunsPanel) -> None:
    QApplication.processEvents()
    qtbot.waitUntil(lambda: not panel.reader.is_busy)
    QApplication.processEvents()
    qtbot.waitUntil(lambda: not panel._pace.isActive() and not panel.side._pace.isActive())
    QApplication.processEvents()


def go_parallel(qtbot, panel: RunsPanel):
    QTest.mouseClick(panel.side.parallel_choice, LEFT)
    settle(qtbot, panel)
    return panel.side.parallel.view


def brush(view, title: str, low: float, high: float) -> None:
    """Drag along an axis."""
    axis = [scale.axis.title for scale in view.scales].index(title)
    x = view.frame().x(view.order.index(axis))
    start, end = (QPoint(round(x), round(view.frame().height_of(share))) for share in (low, high))
    QTest.mousePress(view, LEFT, pos=start)
    QTest.mouseMove(view, (start + end) / 2)
    QTest.mouseMove(view, end)
    QTest.mouseRelease(view, LEFT, pos=end)


def accuracies(panel: RunsPanel) -> list[float]:
    return sorted(run.figures["test.accuracy"] for run in panel.model.shown)


def test_settings_that_differ_and_results_are_axes(panel, qtbot):
    view = go_parallel(qtbot, panel)
    values = {scale.axis.title: sorted(scale.axis.values) for scale in view.scales}
    assert values == {
        "Batch size": [16, 32, 64],
        "Learning rate": [0.0001, 0.01, 0.02],
        "Accuracy, best": [0.8, 0.9, 0.97],
        "Accuracy, test": [0.8, 0.9, 0.97],
    }
    assert [s.axis.title for s in view.scales if s.axis.log] == ["Learning rate"]
    assert view.scales[-1].axis.larger_is_better
    assert panel.side.parallel.colors.currentText() == "Accuracy, test"


def test_brushing_filters_the_table_and_leaving_ends_it(panel, qtbot):
    view = go_parallel(qtbot, panel)
    brush(view, "Accuracy, test", 0.4, 1.05)
    assert accuracies(panel) == [0.9, 0.97]
    assert panel.count.text() == "2 of 3 runs"
    brush(view, "Batch size", -0.05, 0.1)
    assert accuracies(panel) == [0.97]
    QTest.mouseClick(panel.side.curves_choice, LEFT)
    assert len(panel.model.shown) == 3
    go_parallel(qtbot, panel)
    assert accuracies(panel) == [0.97]
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert len(panel.model.shown) == 3


def test_a_click_on_a_line_selects_its_row(panel, qtbot):
    view = go_parallel(qtbot, panel)
    row = 1
    at = ((view.position(row, 0) + view.position(row, 1)) / 2).toPoint()
    QTest.mouseClick(view, LEFT, pos=at)
    assert [run.folder for run in panel.view.selected] == [panel.side.parallel.listed[row].folder]


def test_a_new_run_joins_the_lines_and_ranges_stay(panel, qtbot, document):
    view = go_parallel(qtbot, panel)
    brush(view, "Accuracy, test", 0.5, 1.05)
    made(document.with_suffix(".runs"), accuracy=0.95, lr=0.5, batch_size=128)
    panel.refresh()
    settle(qtbot, panel)
    qtbot.waitUntil(lambda: view.count == 4)
    settle(qtbot, panel)
    assert accuracies(panel) == [0.9, 0.95, 0.97]


# ---- columns


def titles(panel: RunsPanel) -> list[str]:
    """The columns as they stand on the screen."""
    header = panel.view.horizontalHeader()
    return [panel.model.columns[header.logicalIndex(place)] for place in range(header.count())]


def drag_header(panel: RunsPanel, start: int, end: int) -> None:
    port, y = panel.view.horizontalHeader().viewport(), 10
    QTest.mousePress(port, LEFT, pos=QPoint(start, y))
    for x in (start + (end - start) // 3, start + 2 * (end - start) // 3, end):
        QTest.mouseMove(port, QPoint(x, y))
    QTest.mouseRelease(port, LEFT, pos=QPoint(end, y))
    QApplication.processEvents()


def place(panel: RunsPanel, key: str) -> tuple[int, int]:
    """The left edge and the width of a column."""
    header, section = panel.view.horizontalHeader(), panel.model.columns.index(key)
    return header.sectionViewportPosition(section), header.sectionSize(section)


def test_columns_are_dragged_to_another_place_and_remembered(panel, qtbot, workspace):
    name, status = place(panel, "name"), place(panel, "status")
    drag_header(panel, name[0] + 20, status[0] + status[1] - 10)
    assert titles(panel)[:5] == ["shown", "date", "tags", "status", "name"]
    again = opened(qtbot, workspace)
    assert titles(again)[:5] == ["shown", "date", "tags", "status", "name"]
    again.reader.close()


def test_widths_are_remembered_and_a_double_click_forgets_them(panel, qtbot, workspace):
    left, width = place(panel, "tags")
    drag_header(panel, left + width - 1, left + width + 60)
    assert place(panel, "tags")[1] == width + 61
    again = opened(qtbot, workspace)
    assert place(again, "tags")[1] == width + 61
    again.reader.close()
    edge = QPoint(left + width + 60, 10)
    QTest.mouseDClick(panel.view.horizontalHeader().viewport(), LEFT, pos=edge)
    assert place(panel, "tags")[1] == width
    assert "width tags" not in workspace.settings.choices("runs")


def test_the_usual_columns_come_back(panel, qtbot):
    before = titles(panel)
    name, status = place(panel, "name"), place(panel, "status")
    drag_header(panel, name[0] + 20, status[0] + status[1] - 10)
    panel._fill_columns()
    panel.columns_menu.actions()[-1].trigger()
    assert titles(panel) == before


# ---- TensorBoard


def test_listed_runs_are_exported_for_tensorboard(panel, qtbot, tmp_path, monkeypatch):
    board = tmp_path / "board"
    board.mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *args: str(board))
    panel._fill_more()
    action = next(action for action in panel.more_menu.actions() if "TensorBoard" in action.text())
    with qtbot.waitSignal(panel.told, timeout=30_000) as told:
        action.trigger()
    assert str(told.args[0]).startswith("3 runs written")
    assert {path.name for path in board.iterdir()} == panel.model.names


# ---- many curves


def test_many_curves_are_drawn_as_one_where_they_belong(qtbot):
    from gui.panels.runs_plot import CROWD, Overlaid, OverlayCard
    from runtime.run_curves import Line

    card = show(qtbot, OverlayCard(), 800, 400)
    levels = [number / CROWD for number in range(CROWD)]
    x = array("d", range(2000))
    lines = [Line(x, array("d", [level] * len(x)), is_dense=True) for level in levels]
    wanted = [
        Overlaid(f"r{n}", f"run {n}", ("train", "rate")[n % 2], "train", line, 10) for n, line in enumerate(lines)
    ]
    while not card.show_curves(wanted):
        QApplication.processEvents()
    picture = card.grab().toImage()
    for number, level in enumerate(levels[1:-1], 1):
        at = card.box.mapViewToScene(QPointF(100.0, level))
        spot = card.plot.mapTo(card, at.toPoint())
        seen = {picture.pixelColor(spot + QPoint(0, down)).name() for down in (-1, 0, 1)}
        assert theme.color(("train", "rate")[number % 2]).name() in seen
    card.show_curves(wanted[:3])
    assert not card._crowd.isVisible()
    assert all(curve.items[1].isVisible() for curve in card.curves.values())

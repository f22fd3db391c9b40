"""Predictions, confusion matrix and log: what they show of a test, and what a click picks out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics
from PySide6.QtWidgets import QLabel

from fake_runs import classes_tested, epoch_ended, numbers_tested, started, steps
from graph.messages import msg
from gui.panels.confusion import ConfusionView
from gui.panels.log import LogPanel
from gui.panels.predictions import ALL, CELL, WRONG, PredictionsPanel
from gui.panels.samples import is_wrong, to_picture
from gui.theme import theme
from runtime.events import Failed, Finished


@pytest.fixture
def panel(qtbot):
    made = PredictionsPanel()
    qtbot.addWidget(made)
    made.resize(1366, 280)
    made.show()
    return made


@pytest.fixture
def view(qtbot):
    made = ConfusionView()
    qtbot.addWidget(made)
    made.resize(300, 300)
    made.show()
    made.set_confusion(classes_tested().confusion, classes_tested().classes)
    return made


def shown(panel) -> list[int]:
    return [sample.index for sample in panel.samples.model.samples]


def test_cells_are_gone_through_and_chosen_by_keys(qtbot, view):
    chosen = []
    view.cell_clicked.connect(lambda true, predicted: chosen.append((true, predicted)))
    view.setFocus(Qt.FocusReason.TabFocusReason)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Return, Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Space):
        qtbot.keyClick(view, key)
    assert chosen == [(1, 1), (0, 1)]
    assert view.accessibleDescription() == view.cell_text(0, 1) == "true cat, predicted dog: 1 of 2 (50.0\u2009%)"


def cell_center(view: ConfusionView, true: int, predicted: int) -> QPoint:
    at = [QPoint(x, y) for x in range(0, view.width(), 4) for y in range(0, view.height(), 4)]
    inside = [point for point in at if view.cell_at(QPointF(point)) == (true, predicted)]
    return QRect(inside[0], inside[-1]).center()


def hint(panel) -> str:
    return " ".join(words.text() for words in panel._empty.findChildren(QLabel))


def test_says_that_the_test_comes_while_a_run_is_under_way(panel):
    assert "Train the network" in hint(panel)
    panel.take([started()])
    assert "is learning" in hint(panel) and "Train the network" not in hint(panel)
    panel.take([Failed(msg("The disk is full."))])
    assert "Train the network" in hint(panel)


def test_says_what_to_do_before_the_first_test(panel):
    assert panel._empty.isVisible()
    assert "Train the network" in " ".join(label.text() for label in panel._empty.findChildren(QLabel))


def test_classes_show_figures_matrix_and_samples(panel):
    panel.take([started(), classes_tested()])
    texts = [label.text() for label in panel.figures.findChildren(QLabel)]
    assert [text for text in texts if text] == ["Test", "0.6667", "Accuracy", "Loss", "0.5000"]
    assert panel.confusion.isVisible()
    assert shown(panel) == [0, 1, 2, 3, 4, 5]
    assert not panel.table.isVisible()


@pytest.mark.parametrize("percent", [100, 150])
def test_tiles_are_as_wide_as_the_names_of_their_classes(panel, percent):
    theme.set_scale(percent)
    try:
        widths = []
        for names in (
            ("1", "2", "3"),
            ("versicolor", "virginica", "setosa"),
            ("a name of a class without end " * 3, "2", "3"),
        ):
            panel.take([replace(classes_tested(), classes=names)])
            grid = panel.samples.grid
            grid.doItemsLayout()
            widths.append(grid.visualRect(grid.model().index(0, 0)).width())
        digits, flowers, endless = widths
        assert digits < flowers < endless == theme.px(176)
        font = QFont(grid.font())
        font.setPixelSize(theme.px(12))
        font.setBold(True)
        words = QFontMetrics(font).horizontalAdvance("versicolor") + QFontMetrics(font).horizontalAdvance("90%")
        assert flowers >= words + 16 + theme.px(12) + 3
    finally:
        theme.set_scale(100)


def test_the_worst_mistakes_are_those_that_the_network_was_surest_of(panel, qtbot):
    panel.take([classes_tested()])
    wrong = panel.samples.buttons[WRONG]
    assert wrong.text() == "Worst mistakes (2)"
    qtbot.mouseClick(wrong, Qt.MouseButton.LeftButton)
    assert shown(panel) == [4, 1]
    qtbot.mouseClick(panel.samples.buttons[ALL], Qt.MouseButton.LeftButton)
    assert len(shown(panel)) == 6


def test_a_cell_of_the_matrix_picks_its_samples(panel, qtbot):
    panel.take([classes_tested()])
    view = panel.confusion.view
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=cell_center(view, 0, 1))
    assert shown(panel) == [1]
    assert panel.samples.buttons[CELL].text() == "True cat, predicted dog"


def test_a_sample_can_be_opened_by_mouse_and_keys(panel, qtbot):
    panel.take([classes_tested()])
    grid = panel.samples.grid
    at = grid.visualRect(grid.model().index(2, 0)).center()
    with qtbot.waitSignal(panel.sample_activated) as opened:
        qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert opened.args == [2]
    with qtbot.waitSignal(panel.sample_activated) as opened:
        qtbot.keyClick(grid, Qt.Key.Key_Return)
    assert opened.args == [2]


def test_a_row_of_numbers_can_be_opened(panel, qtbot):
    panel.take([numbers_tested()])
    panel.table.setCurrentCell(1, 0)
    with qtbot.waitSignal(panel.sample_activated) as opened:
        qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    assert opened.args == [3]  # the second largest error


def test_samples_say_in_words_whether_they_are_right(panel):
    panel.take([classes_tested()])
    model = panel.samples.model
    words = [model.index(row).data(Qt.ItemDataRole.AccessibleTextRole) for row in (0, 1)]
    assert words[0].endswith("predicted cat (90.0\u2009%). Right.")
    assert words[1].endswith("predicted dog (80.0\u2009%), true cat. Wrong.")


def test_numbers_show_a_scatter_plot_and_a_table_with_the_largest_errors_first(panel):
    panel.take([numbers_tested()])
    assert panel.scatter is not None
    assert panel.scatter.isVisible()
    assert [panel.table.item(row, 3).text() for row in range(4)] == ["5.000", "2.000", "1.000", "0.5000"]
    assert not panel.samples.isVisible()
    panel.take([classes_tested()])
    assert not panel.scatter.isVisible()


def test_a_new_run_clears_the_last_test(panel):
    panel.take([classes_tested(), started("runs/two")])
    assert panel._empty.isVisible()
    assert panel.tested is None


def test_pictures_in_gray_and_in_color():
    gray = to_picture([[0.0, 1.0], [2.0, -1.0]])
    assert [gray.pixelColor(x, y).value() for y in (0, 1) for x in (0, 1)] == [0, 255, 255, 0]
    color = to_picture([[[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]])
    assert [color.pixelColor(x, 0).name() for x in (0, 1)] == ["#ff0000", "#0000ff"]


def test_is_wrong():
    assert [is_wrong(sample) for sample in classes_tested().predictions] == [False, True, False, False, True, False]


# ---- confusion matrix


def test_every_cell_can_be_found_and_says_its_count(view):
    assert view.cell_at(QPointF(cell_center(view, 2, 0))) == (2, 0)
    assert view.cell_at(QPointF(299, 299)) is None
    assert view.cell_text(2, 0) == "true owl, predicted cat: 1 of 2 (50.0\u2009%)"
    assert view.accessibleName() == "Confusion matrix: 4 of 6 samples are right"


def color_of(view: ConfusionView, true: int, predicted: int) -> QColor:
    at = cell_center(view, true, predicted)
    size = view.width() // 8  # away from the count in the middle
    return view.grab().toImage().pixelColor(at.x() - size // 3, at.y() - size // 3)


def test_colors_are_shares_of_the_row(view):
    assert color_of(view, 1, 1).name() == theme.color("accent").name()
    assert color_of(view, 0, 2).name() == theme.color("grid").name()
    assert color_of(view, 0, 0) == color_of(view, 2, 2)


def test_theme_changes_recolor(view):
    before = color_of(view, 1, 1)
    theme.use("light" if theme.name == "dark" else "dark")
    try:
        assert color_of(view, 1, 1) != before
    finally:
        theme.use("light" if theme.name == "dark" else "dark")


def test_many_classes_in_a_small_place(qtbot):
    view = ConfusionView()
    qtbot.addWidget(view)
    view.resize(160, 160)
    count = 150
    view.set_confusion(
        [[int(i == j) for j in range(count)] for i in range(count)], [f"class {i}" for i in range(count)]
    )
    view.show()
    assert view.cell_at(QPointF(80, 80)) is not None
    assert view.grab().toImage().pixelColor(80, 80).isValid()


# ---- log


def test_log_tells_the_story(qtbot):
    log = LogPanel()
    qtbot.addWidget(log)
    log.take([started(), steps(1, 40), epoch_ended(1, accuracy=0.5), epoch_ended(2), classes_tested()])
    log.take([Finished({}, "runs/one", "cpu", 2, 41.0), Failed(msg("The disk is <full>."))])
    assert not log.text.toPlainText()  # nobody looks
    log.show()
    lines = log.text.toPlainText().splitlines()
    assert len(lines) == 6
    assert "NVIDIA H200" in lines[0]
    assert "Train: Loss 0.7358, Accuracy 0.5000. Validation:" in lines[1]
    assert "the best" in lines[2]
    assert lines[3].endswith("Test of the best epoch: Loss 0.5000, Accuracy 0.6667.")
    assert lines[4].endswith("Finished after 00:41.")
    assert lines[5].endswith("The disk is <full>.")


def test_log_can_be_selected_and_cleared(qtbot):
    log = LogPanel()
    qtbot.addWidget(log)
    log.say(msg("Saved."))
    log.text.selectAll()
    assert log.text.textCursor().selectedText().endswith("Saved.")
    log.clear()
    assert log.text.toPlainText() == ""
    assert not log.lines

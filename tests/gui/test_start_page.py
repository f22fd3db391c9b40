"""The start page and the first steps, as a person meets them."""

from __future__ import annotations

import pytest
import shiboken6
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from drawings import lenet5
from graph import files
from gui.hints import HINTS, Hints
from gui.settings import Settings
from gui.start_page import StartPage
from gui.thumbnails import Thumbnails
from gui.tongue import tongue
from panel_tools import show
from person import seat
from runtime import examples

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def recent(project_folder):
    path = project_folder / "mine.layerloom"
    files.save(lenet5().project, path)
    Settings().add_recent(path)
    return path


def start_page(window) -> StartPage:
    window.run_action("start_page")
    return window.findChild(StartPage)


def test_a_recent_drawing_and_every_example_have_a_tile_with_a_picture(recent, qtbot):
    page = start_page(seat(qtbot).window)
    assert [tile.offer.path for tile in page.tiles] == [recent, *map(examples.path, examples.names())]
    qtbot.waitUntil(lambda: not any(tile._picture.isNull() for tile in page.tiles), timeout=20_000)
    assert all(tile.accessibleName() and tile.accessibleDescription() for tile in page.tiles)


def test_a_tile_opens_its_drawing_and_the_page_goes(recent, qtbot):
    person = seat(qtbot)
    page = start_page(person.window)
    QTest.mouseClick(page.tiles[0], LEFT)
    assert page.isHidden()
    assert person.window.documents.path == recent
    page = start_page(person.window)
    tile = next(tile for tile in page.tiles if tile.offer.example == "mlp_digits")
    tile.setFocus()
    QTest.keyClick(tile, Qt.Key.Key_Return)
    assert person.window.documents.title == "mlp_digits"
    assert len(person.window.pages) == 2


def test_escape_leads_back(qtbot):
    window = seat(qtbot).window
    page = start_page(window)
    assert page.geometry() == window.tabs.rect()
    QTest.keyClick(page, Qt.Key.Key_Escape)
    assert page.isHidden() and window.canvas.hasFocus()


@pytest.mark.parametrize(("width", "size", "is_below"), [(1400, 10, False), (500, 10, True), (1024, 24, True)])
def test_every_button_is_seen_whole_however_narrow_and_large(qtbot, width, size, is_below):
    parent = show(qtbot, QWidget(), width, 700)
    page = StartPage(parent, [])
    page.open()
    for widget in page.findChildren(QWidget):
        widget.setFont(QFont(widget.font().family(), size))
    buttons = page.findChildren(QPushButton)
    assert [button.text() for button in buttons] == ["New drawing", "Open…", "Back to the drawing"]
    title = page.findChild(QLabel)
    qtbot.waitUntil(lambda: is_below == (buttons[0].x() == title.x()))
    qtbot.waitUntil(lambda: all(button.width() >= button.sizeHint().width() for button in buttons))
    assert all(button.visibleRegion().boundingRect() == button.rect() for button in buttons)
    if not is_below:  # they end where the tiles end
        assert buttons[-1].geometry().right() == max(tile.geometry().right() for tile in page.tiles)
    page.leave()


def test_a_damaged_or_missing_file_has_no_picture(project_folder, qtbot):
    bad = project_folder / "bad.layerloom"
    bad.write_text("{")
    thumbnails, made = Thumbnails(QSize(100, 50), 1.0), []
    thumbnails.made.connect(lambda path, picture: made.append((path, picture.isNull())))
    for path in (bad, project_folder / "gone.layerloom"):
        thumbnails.ask(path)
    qtbot.waitUntil(lambda: len(made) == 2)
    assert made == [(bad, True), (project_folder / "gone.layerloom", True)]


def test_first_steps_are_shown_until_they_are_not_wanted(qtbot):
    window = seat(qtbot).window
    window.view_actions.offer_hints()
    hints = window.findChild(Hints)
    assert "F5" in hints.sentence.text()
    for _ in HINTS[1:]:
        QTest.mouseClick(hints.next_button, LEFT)
    assert hints.title.text() == str(HINTS[-1][0])
    QTest.mouseClick(hints.next_button, LEFT)
    assert hints.isHidden() and not Settings().hints
    hints.deleteLater()
    window.run_action("show_hints")
    assert Settings().hints and any(not h.isHidden() for h in window.findChildren(Hints))


@pytest.mark.parametrize("leave", ["escape", "language", "another"])
def test_a_start_page_that_was_left_is_gone(qtbot, leave):
    window = seat(qtbot).window
    page = start_page(window)
    ways = {
        "escape": lambda: QTest.keyClick(page, Qt.Key.Key_Escape),
        "language": lambda: tongue.use("zh_CN"),
        "another": lambda: window.run_action("start_page"),
    }
    ways[leave]()
    assert not page._thumbnails._timer.isActive()
    qtbot.waitUntil(lambda: not shiboken6.isValid(page))
    assert len(window.findChildren(StartPage)) == (leave == "another")


def test_a_picture_that_is_asked_for_again_meanwhile_is_made_once(recent, qtbot):
    thumbnails, made = Thumbnails(QSize(100, 50), 1.0), []
    thumbnails.made.connect(lambda path, _picture: made.append(path))
    for _ in range(3):
        thumbnails.ask(recent)
    qtbot.waitUntil(lambda: bool(made))
    qtbot.wait(50)
    assert made == [recent]

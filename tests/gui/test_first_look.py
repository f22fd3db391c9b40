"""What somebody sees who meets the window for the first time: room for the drawing, hints beside it, no scolding."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QLabel, QPushButton

from drawings import lenet5
from gui.canvas.find import FindBox
from gui.frame import BOTTOM_SHARE
from gui.hints import HINTS, Hints
from gui.palette import CommandPalette
from gui.start_page import _line_height, _shortened
from person import Person, seat


@pytest.fixture
def person(qtbot, project_folder) -> Person:
    return seat(qtbot)


def bottom_share(person: Person) -> float:
    return person.window.frame.bottom.height() / person.window.height()


def test_the_lower_panel_stays_where_it_is_when_something_comes_into_it(person):
    frame = person.window.frame
    assert bottom_share(person) == pytest.approx(BOTTOM_SHARE, abs=0.03)
    before = frame.bottom.geometry()
    frame.bottom.setCurrentWidget(frame.problems)
    frame.run_views.started.emit()
    assert frame.bottom.geometry() == before and frame.bottom.currentWidget() is frame.metrics


def test_the_hint_to_train_goes_when_a_run_began(person):
    person.open(lenet5().project)
    person.window.view_actions.offer_hints()
    hints = person.window.findChild(Hints)
    assert hints.place.text().startswith("1 /")
    person.window.frame.run_views.started.emit()
    assert hints.place.text().startswith("2 /") and hints.isVisible()
    person.window.frame.run_views.started.emit()
    assert hints.place.text().startswith("2 /")  # only that hint is done with


def test_tab_leads_from_the_canvas_to_the_hints_and_from_nowhere_else(person):
    """The hints lie on the canvas: who goes through the panels below does not come through them."""
    person.window.view_actions.offer_hints()
    hints = person.window.findChild(Hints)
    assert person.canvas.nextInFocusChain() is not None
    chain, widget = [person.canvas], person.canvas.nextInFocusChain()
    while widget is not person.canvas:
        chain.append(widget)
        widget = widget.nextInFocusChain()
    place = chain.index(hints.next_button)
    assert place > 0 and not any(person.window.frame.bottom.isAncestorOf(before) for before in chain[:place])


def test_the_height_that_the_person_gave_the_lower_panel_stays(person):
    frame = person.window.frame
    frame._down.moveSplitter(frame._down.height() - 170, 1)
    chosen = frame.bottom.height()
    frame.bottom.setCurrentWidget(frame.problems)
    assert frame.bottom.height() == chosen


def test_an_empty_drawing_is_no_warning(person):
    person.analyse()
    words = [label.text() for label in person.window.frame.status.findChildren(QLabel)]
    assert "Nothing drawn yet" in words and not any("warning" in text for text in words)


@pytest.mark.parametrize("size", [(1366, 768), (900, 800)])
def test_every_hint_can_be_read_whole_and_covers_no_card(person, size):
    person.window.resize(*size)
    person.open(lenet5().project)
    person.window.view_actions.offer_hints()
    hints = person.window.findChild(Hints)
    for _ in HINTS:
        assert hints.sentence.heightForWidth(hints.sentence.width()) <= hints.sentence.height()
        assert hints.title.sizeHint().width() <= hints.title.width()
        assert all(button.sizeHint().width() <= button.width() for button in hints.findChildren(QPushButton))
        assert hints.height() < person.canvas.height() / 4 and hints.geometry().bottom() < person.canvas.height()
        assert not person.canvas.scene().nodes_in(person.canvas.mapToScene(hints.geometry()).boundingRect())
        above = person.canvas.zoom
        hints.next_button.click()
    assert hints.isHidden() and person.canvas.zoom >= above  # the drawing has its room again


def test_only_one_box_to_type_in_is_open(person):
    person.open(lenet5().project)
    person.choose("command_palette")
    palette = person.window.findChild(CommandPalette)
    person.choose("find")
    assert not palette.isVisible()
    assert person.window.findChild(FindBox).edit.hasFocus()


@pytest.mark.parametrize("action", ["connect_selected", "activate", "enter_block", "make_block", "leave_block"])
def test_what_needs_a_selection_says_so(person, action):
    person.open(lenet5().project)
    assert person.window.actions_by_id[action].why_not() is not None
    person.choose(action)
    assert person.notice == str(person.window.actions_by_id[action].why_not())


@pytest.mark.parametrize(
    "text",
    ["Three fully connected layers read the same digits.", "三个全连接层从 8 × 8 像素识别同样的数字；一轮只要一眨眼。"],
)
def test_a_sentence_on_a_tile_fills_its_lines_in_both_languages(qapp, text):
    picture = QImage(300, 60, QImage.Format.Format_ARGB32)
    painter = QPainter(picture)
    whole = _shortened(painter, text, QRectF(0, 0, 10_000, 60))
    short = _shortened(painter, text, QRectF(0, 0, 160, _line_height(painter, text)))
    painter.end()
    assert whole == text
    assert short.endswith("…") and text.startswith(short.removesuffix("…")) and len(short) >= 8

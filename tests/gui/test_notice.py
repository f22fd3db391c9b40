"""The sentence over the canvas: as high as it needs to be, and gone when it is out of date."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from canvas_hand import Hand
from graph.messages import msg
from gui.notice import SHOWN_FOR, WIDTH, Notice
from gui.theme import theme
from panel_tools import show
from person import Person, seat

LONG = ("'images1' cannot be taken apart: only an instance that calls its block, with weights of its own, can. Select such an "
        "instance, or give it its own weights first, and try again.")  # fmt: skip


@pytest.fixture
def notice(qtbot) -> Notice:
    parent = show(qtbot, QWidget(), 1200, 800)
    made = Notice(parent)
    made.owner = parent  # keeps it alive
    return made


@pytest.mark.parametrize(("text", "lines"), [("Saved.", 1), (LONG, 3)])
def test_the_box_is_as_high_as_its_text(notice, text, lines):
    notice.show_message(text)
    QApplication.processEvents()
    spacing = notice.fontMetrics().lineSpacing()
    assert notice.width() <= WIDTH == 560
    assert notice.height() <= max(lines, 2) * spacing + 40
    words = notice._label
    assert words.height() >= words.heightForWidth(words.width())


def test_a_short_sentence_has_a_small_box_on_one_line(notice):
    notice.show_message("Saved to net.layerloom.")
    QApplication.processEvents()
    assert notice.width() < 320
    assert notice._label.heightForWidth(notice._label.width()) <= notice.fontMetrics().lineSpacing() + 2


@pytest.fixture
def person(qtbot, project_folder) -> Person:
    return seat(qtbot)


def test_a_refusal_goes_when_the_next_edit_succeeds(person, qtbot):
    person.editor.refused.emit(msg("No."))
    assert person.notice == "No."
    qtbot.wait(10)
    person.editor.add_node("torch.nn.ReLU", (0.0, 0.0))
    assert person.notice == ""


def test_a_name_of_a_whole_page_is_quoted_in_short(person, qtbot):
    node = person.editor.add_node("torch.nn.ReLU", (0.0, 0.0))
    assert not person.editor.rename(node, "lorem ipsum " * 250)
    QApplication.processEvents()
    assert person.notice.startswith("'lorem ipsum lorem ipsum lorem ipsum lore…' cannot be a name")
    assert person.window.notice.height() < 100


def test_what_a_step_says_of_itself_stays_when_it_succeeds(person, qtbot):
    person.editor.refused.emit(msg("This file has no images."))
    person.editor.add_node("torch.nn.ReLU", (0.0, 0.0))
    assert person.notice == "This file has no images."


def test_an_error_stays_until_it_is_closed(person, qtbot):
    person.window.notice.show_message("It failed.", "error")
    qtbot.wait(10)
    person.editor.add_node("torch.nn.ReLU", (0.0, 0.0))
    assert person.notice == "It failed." and not SHOWN_FOR["error"] and SHOWN_FOR["warning"] <= 10_000
    Hand(person.canvas).key("\x1b")
    assert person.notice == ""


def test_a_hidden_notice_is_left_alone_when_the_look_changes(notice, qtlog):
    theme.changed.emit()
    assert notice.isHidden()
    assert not [record.message for record in qtlog.records if "Negative sizes" in record.message]
    notice.show_message(LONG)
    theme.set_scale(150)
    assert notice.width() == 1.5 * WIDTH
    theme.set_scale(100)

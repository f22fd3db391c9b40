"""Fields: what is typed, stepped and chosen, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt

from graph.catalog import CATALOG, Auto, Kind, Param
from graph.messages import EditError
from gui.panels.fields import ChoiceField, EntryField, ToggleField, make_field, portable_path
from gui.panels.values import format_value, parse_value, step_value
from panel_tools import show, wheel

SIZE = Param(name="size", kind=Kind.INTS, length=2, minimum=1, default=3, help="", choices=("same",))
COUNT = Param(name="count", kind=Kind.INT, minimum=1, default=1, help="")
SHARE = Param(name="share", kind=Kind.FLOAT, minimum=0, maximum=1, default=0.5, help="")
SHAPE = Param(name="shape", kind=Kind.INTS, minimum=-1, default=(-1,), help="")
INFERRED = Param(name="inferred", kind=Kind.INT, minimum=1, help="", auto=Auto("input", 1))
NOTHING = Param(name="nothing", kind=Kind.INT, minimum=1, help="", optional=True)
SOURCE = Param(name="source", kind=Kind.FILE, help="", choices=("builtin:digits",), default="builtin:digits")
MODE = Param(name="mode", kind=Kind.CHOICE, help="", choices=("zeros", "reflect"), default="zeros")


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [("Table", "target", "the last column"), ("Table", "ignore", "none"), ("Images", "image_size", "their own"),
     ("LabeledTexts", "label_column", "'label', or the last column"), ("Text", "stride", "the length")],
)  # fmt: skip
def test_an_empty_field_says_what_that_amounts_to(qtbot, kind, name, words):
    field = make_field(CATALOG[f"layerloom.data.{kind}"].param(name))
    qtbot.addWidget(field)
    assert (field.text(), field.placeholderText()) == ("", words)


@pytest.mark.parametrize(
    ("param", "text", "value"),
    [
        (SIZE, "5 × 5", 5),
        (SIZE, "5x3", (5, 3)),
        (SIZE, "(5, 3)", (5, 3)),
        (SIZE, "7", 7),
        (SIZE, "same", "same"),
        (SHAPE, "-1", (-1,)),
        (SHAPE, "16 * 5 * 5", (16, 5, 5)),
        (COUNT, " 1 024 ", 1024),
        (SHARE, "1e-3", 0.001),
        (SHARE, "0,5", 0.5),
        (INFERRED, "", None),
        (NOTHING, "", None),
    ],
)
def test_texts_mean_values(param, text, value):
    assert parse_value(param, text) == value
    assert parse_value(param, format_value(param, value)) == value


@pytest.mark.parametrize(
    ("param", "text"),
    [(SIZE, "5 × 5 × 5"), (SIZE, "big"), (COUNT, "0"), (COUNT, "1.5"), (COUNT, ""), (SHARE, "1.1"), (SHARE, "nan")],
)
def test_what_is_no_value_is_refused_with_a_reason(param, text):
    with pytest.raises(EditError, match=r"takes|Enter"):
        parse_value(param, text)


@pytest.mark.parametrize(
    ("param", "value", "steps", "expected"),
    [
        (COUNT, 6, 1, 7),
        (COUNT, 1, -1, 1),
        (SHARE, 0.001, 1, 0.002),
        (SHARE, 0.001, -1, 0.0009),
        (SHARE, 0.0, 1, 0.1),
        (SHARE, 1.0, 1, 1.0),
        (SIZE, (5, 3), 2, (7, 5)),
        (SIZE, "same", 1, "same"),
    ],
)
def test_steps_stay_in_range(param, value, steps, expected):
    assert step_value(param, value, steps) == expected


@pytest.fixture
def entry(qtbot):
    """A field on show with the focus, and the list of what it committed."""

    def make(param, value=None, inferred=None):
        field = EntryField(param)
        show(qtbot, field, 140, 28)
        field.show_value(value, inferred)
        field.setFocus()
        committed = []
        field.committed.connect(committed.append)
        return field, committed

    return make


def test_enter_commits_what_was_typed_once(qtbot, entry):
    field, committed = entry(SIZE, 3)
    assert field.text() == "3 × 3"
    field.selectAll()
    qtbot.keyClicks(field, "5x4")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    field.clearFocus()
    assert committed == [(5, 4)]
    assert field.text() == "5 × 4"


def test_leaving_commits_and_escape_gives_up(qtbot, entry):
    field, committed = entry(COUNT, 6)
    field.selectAll()
    qtbot.keyClicks(field, "12")
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == "6"
    field.selectAll()
    qtbot.keyClicks(field, "13")
    field.clearFocus()
    assert committed == [13]


def test_a_misfit_is_explained_and_forgiven_when_mended(qtbot, entry):
    field, committed = entry(COUNT, 6)
    complaints = []
    field.rejected.connect(complaints.append)
    field.selectAll()
    qtbot.keyClicks(field, "0")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert committed == [] and field.property("invalid") is True
    assert "at least 1" in str(complaints[-1])
    field.show_value(6)  # an answer of the analysis does not wipe out what is being typed
    assert field.text() == "0"
    qtbot.keyClick(field, Qt.Key.Key_Home)
    qtbot.keyClicks(field, "2")
    assert complaints[-1] is None and field.property("invalid") is False


def test_arrow_keys_step_and_bring_in_what_was_typed(qtbot, entry):
    field, committed = entry(COUNT, 6)
    qtbot.keyClick(field, Qt.Key.Key_Up)
    qtbot.keyClick(field, Qt.Key.Key_PageUp)
    field.selectAll()
    qtbot.keyClicks(field, "30")
    qtbot.keyClick(field, Qt.Key.Key_Down)
    assert committed == [7, 17, 30, 29]


def test_the_wheel_turns_only_a_field_with_the_focus(qtbot, entry):
    field, committed = entry(COUNT, 6)
    wheel(field, 120)
    field.clearFocus()
    wheel(field, 120)
    assert committed == [7]


def test_auto_shows_what_follows_and_emptying_gives_back(qtbot, entry):
    field, committed = entry(INFERRED, None, 6)
    assert (field.text(), field.placeholderText()) == ("", "6")
    qtbot.keyClicks(field, "8")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    field.selectAll()
    qtbot.keyClick(field, Qt.Key.Key_Backspace)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert committed == [8, None]


def test_words_and_files_are_in_the_menu(qtbot, entry, monkeypatch, tmp_path):
    field, committed = entry(SOURCE, "builtin:digits")
    assert field.text() == "digits (built in)"
    texts = [action.text() for action in field.choices_menu().actions()]
    assert texts == ["digits (built in)", "", "Choose file…", "Choose folder…"]
    monkeypatch.setattr("gui.panels.fields.QFileDialog.getOpenFileName", lambda *_: (str(tmp_path / "a.csv"), ""))
    field.choose_file()
    field.choices_menu().actions()[0].trigger()
    assert committed == [(tmp_path / "a.csv").as_posix(), "builtin:digits"]


def test_paths_inside_the_project_are_relative():
    assert portable_path(Path("/a/b/c.csv"), Path("/a")) == "b/c.csv"
    assert portable_path(Path("/x/c.csv"), Path("/a")) == "/x/c.csv"
    assert portable_path(Path("/x/c.csv"), None) == "/x/c.csv"


def test_a_toggle_answers_to_space_and_to_a_click_anywhere(qtbot):
    field = ToggleField()
    show(qtbot, field, 120, 28)
    committed = []
    field.committed.connect(committed.append)
    qtbot.keyClick(field, Qt.Key.Key_Space)
    qtbot.mouseClick(field, Qt.MouseButton.LeftButton, pos=QPoint(110, 14))
    assert committed == [True, False]


def test_a_choice_changes_by_key_and_not_by_a_passing_wheel(qtbot):
    field = make_field(MODE)
    assert isinstance(field, ChoiceField)
    show(qtbot, field, 120, 28)
    field.show_value("zeros")
    committed = []
    field.committed.connect(committed.append)
    field.clearFocus()
    wheel(field, -120)
    qtbot.keyClick(field, Qt.Key.Key_Down)
    assert committed == ["reflect"]

"""The keys of the actions as a model: what is in force, what can be had, what is remembered, and how a press is read."""

from __future__ import annotations

from itertools import combinations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

from graph.messages import EditError
from gui.actions import ACTIONS, MENUS
from gui.settings import Settings
from gui.shortcuts import RESERVED, Shortcuts, caps, is_plain, normal, stroke_of, strokes_on_canvas

CONTROL, SHIFT, NONE = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.NoModifier,
)


def press(key: int | Qt.Key, text: str = "", modifiers=NONE) -> QKeyEvent:
    return QKeyEvent(QEvent.Type.KeyPress, int(getattr(key, "value", key)), modifiers, text)


@pytest.fixture
def shortcuts(qapp) -> Shortcuts:
    return Shortcuts(Settings())


# ---- the table


def test_every_action_stands_in_the_table_once():
    ids = [entry.id for menu in MENUS for entry in menu.entries if entry]
    assert len(ids) == len(set(ids))


def test_no_first_keys_are_in_conflict(shortcuts):
    pairs = [(a, key) for a in ACTIONS for key in shortcuts.keys(a)]
    assert [(a, key, others) for a, key in pairs if (others := shortcuts.conflicts(a, key))] == []


def test_every_first_key_is_a_key_and_can_be_had(shortcuts):
    for action, entry in ACTIONS.items():
        assert all(normal(key) == key for key in entry.keys), action
        assert [shortcuts.refusal(action, key) for key in entry.keys if shortcuts.refusal(action, key)] == [], action


def test_no_action_lost_one_of_its_first_keys(shortcuts):
    assert {a: shortcuts.keys(a) for a in ACTIONS} == {a: entry.keys for a, entry in ACTIONS.items()}


def test_no_two_keys_are_the_same_in_any_pair_of_actions():
    for one, other in combinations(ACTIONS.values(), 2):
        assert not set(one.keys) & set(other.keys), (one.id, other.id)


# ---- what is in force


def test_keys_without_control_are_those_of_the_canvas(shortcuts):
    assert shortcuts.window_keys("fit") == ("Ctrl+9",)
    assert [key for key in shortcuts.keys("fit") if is_plain(key)] == ["0", "F", "Home"]
    assert not is_plain("F8") and not is_plain("Shift+F8") and not is_plain("Alt+Up")
    assert is_plain("Shift+A") and is_plain("Del") and is_plain("/") and is_plain("+")
    assert not is_plain("Ctrl++")


def test_a_key_is_given_and_taken_away(shortcuts, qtbot):
    with qtbot.waitSignal(shortcuts.changed):
        shortcuts.add("tidy", "Ctrl+J")
    assert shortcuts.keys("tidy") == ("Ctrl+T", "Ctrl+J")
    shortcuts.remove("tidy", "Ctrl+T")
    assert shortcuts.keys("tidy") == ("Ctrl+J",)
    assert shortcuts.is_changed("tidy") and not shortcuts.is_changed("save")
    assert shortcuts.action_for("Ctrl+T") is None


def test_a_key_that_is_taken_over_is_lost_by_who_had_it(shortcuts):
    assert shortcuts.conflicts("find", "Ctrl+T") == ("tidy",)
    shortcuts.add("find", "Ctrl+T")
    assert shortcuts.keys("tidy") == ()
    assert shortcuts.action_for("Ctrl+T") == "find"
    shortcuts.add("select_all", "Ctrl+T")
    assert shortcuts.keys("find") == ("Ctrl+F",)


def test_the_beginning_of_a_longer_key_is_a_conflict(shortcuts):
    assert shortcuts.conflicts("tidy", "Ctrl+S, Ctrl+S") == ("save",)
    shortcuts.add("tidy", "Ctrl+K, Ctrl+T")
    assert shortcuts.conflicts("find", "Ctrl+K") == ("tidy",)
    assert shortcuts.conflicts("find", "Ctrl+K, Ctrl+F") == ()
    shortcuts.add("tidy", "Ctrl+K")
    assert shortcuts.keys("tidy") == ("Ctrl+T", "Ctrl+K")


def test_reset_gives_the_first_keys_back_from_whoever_has_them(shortcuts):
    shortcuts.add("find", "Ctrl+T")
    shortcuts.remove("save", "Ctrl+S")
    shortcuts.reset("tidy")
    assert shortcuts.keys("tidy") == ("Ctrl+T",)
    assert shortcuts.keys("find") == ("Ctrl+F",)
    shortcuts.reset_all()
    assert {a: shortcuts.keys(a) for a in ACTIONS} == {a: entry.keys for a, entry in ACTIONS.items()}


def test_a_state_can_be_restored(shortcuts):
    before = shortcuts.state()
    shortcuts.add("find", "Ctrl+T")
    shortcuts.restore(before)
    assert shortcuts.keys("tidy") == ("Ctrl+T",)
    assert not shortcuts.is_changed("find")


@pytest.mark.parametrize(
    ("action", "key", "words"),
    [
        ("save", "", "Press a key"),
        ("save", "S", "types text"),
        ("save", "Shift+S", "types text"),
        ("train_or_pause", "Return", "types text"),
        ("fit", "Space", "pans"),
        ("fit", "Left", "moves"),
        ("fit", "Ctrl+Down", "from node to node"),
        ("fit", "Esc", "gives up"),
        ("save", "Alt+F", "opens a menu"),
        ("fit", "G, G", "acts at once"),
    ],
)
def test_some_keys_are_refused_with_a_reason(shortcuts, action, key, words):
    assert words in str(shortcuts.refusal(action, key))
    with pytest.raises(EditError, match=words):
        shortcuts.add(action, key)
    assert shortcuts.keys(action) == ACTIONS[action].keys


def test_letters_may_be_keys_of_what_is_done_on_the_canvas(shortcuts):
    assert shortcuts.refusal("tidy", "T") is None
    shortcuts.add("tidy", "T")
    assert shortcuts.action_for("T") == "tidy"
    assert shortcuts.window_keys("tidy") == ("Ctrl+T",)


def test_reserved_keys_are_keys():
    assert [key for key in RESERVED if normal(key) != key] == []


# ---- what is remembered


def test_keys_are_remembered(shortcuts):
    shortcuts.add("find", "Ctrl+T")
    again = Shortcuts(Settings())
    assert again.keys("find") == ("Ctrl+F", "Ctrl+T")
    assert again.keys("tidy") == ()
    again.reset_all()
    assert Settings().shortcuts == {}


@pytest.mark.parametrize(
    "stored", ["", "{", "[1]", '{"find": 3}', '{"nobody": ["Ctrl+J"]}', '{"find": [null, "Ctrl+§§"]}']
)
def test_damaged_settings_read_as_the_first_keys(qapp, stored):
    settings = Settings()
    settings._store.setValue("shortcuts", stored)
    shortcuts = Shortcuts(settings)
    assert shortcuts.keys("tidy") == ("Ctrl+T",)
    assert all(QKeySequence(key).count() for key in shortcuts.keys("find"))


def test_a_key_of_the_person_wins_over_one_that_a_new_version_brings(qapp):
    settings = Settings()
    settings.shortcuts = {"find": ("Ctrl+T",)}
    shortcuts = Shortcuts(settings)
    assert shortcuts.keys("find") == ("Ctrl+T",)
    assert shortcuts.keys("tidy") == ()


# ---- how a press is read


@pytest.mark.parametrize(
    ("event", "stroke"),
    [
        (press(Qt.Key.Key_P, "\x10", CONTROL | SHIFT), "Ctrl+Shift+P"),
        (press(Qt.Key.Key_A, "A", SHIFT), "Shift+A"),
        (press(Qt.Key.Key_A, "a"), "A"),
        (press(Qt.Key.Key_Question, "?", SHIFT), "?"),
        (press(Qt.Key.Key_Plus, "+", SHIFT), "+"),
        (press(Qt.Key.Key_Backtab, "", SHIFT), "Shift+Tab"),
        (press(Qt.Key.Key_Enter, "\r", Qt.KeyboardModifier.KeypadModifier), "Return"),
        (press(Qt.Key.Key_F8, "", SHIFT), "Shift+F8"),
        (press(Qt.Key.Key_Control, "", CONTROL), ""),
        (press(Qt.Key.Key_unknown), ""),
        (press(0), ""),
        (press(0x0416, "ж"), "Ж"),
    ],
)
def test_a_press_as_text(qapp, event, stroke):
    assert stroke_of(event) == stroke


def test_a_digit_that_takes_shift_on_some_keyboards_is_that_digit_on_the_canvas(qapp):
    french_one = press(Qt.Key.Key_1, "1", SHIFT)
    assert Shortcuts().action_for(*strokes_on_canvas(french_one)) == "zoom_to_actual"
    german_slash = press(Qt.Key.Key_Slash, "/", SHIFT)
    assert Shortcuts().action_for(*strokes_on_canvas(german_slash)) == "quick_add"
    assert strokes_on_canvas(press(Qt.Key.Key_F, "F", SHIFT)) == ("Shift+F",)


def test_caps(qapp):
    assert caps("Ctrl+Shift+P") == [["Ctrl", "Shift", "P"]]
    assert caps("Ctrl++") == [["Ctrl", "+"]]
    assert caps("+") == [["+"]]
    assert caps("Ctrl+K, Ctrl+S") == [["Ctrl", "K"], ["Ctrl", "S"]]
    assert caps("Ctrl+,") == [["Ctrl", ","]]

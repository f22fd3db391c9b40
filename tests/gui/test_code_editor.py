"""The editor of custom nodes, by its keys and buttons: what it allows, what it applies, what it says."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QAbstractButton, QApplication, QPushButton

from graph.code import read
from graph.messages import set_language
from graph.model import Code
from gui.code_editor import READ_AFTER, CodeEditor
from gui.code_text import CodeText
from gui.theme import theme
from panel_tools import show
from runtime import trust

GATE = '''\
from torch import nn


class Gate(nn.Module):
    """Lets a part through,
    'not' all."""

    def __init__(self, width: int, scale: float = 2.0):
        super().__init__()

    def forward(self, x, context=None):
        kept = x
        return kept, context
'''
FOREIGN = Code("c1", "Gate", GATE)


@pytest.fixture
def editor(qtbot):
    """Opens an editor with the focus; notes what it emits."""

    def make(entry: Code, **settings) -> CodeEditor:
        made = show(qtbot, CodeEditor(entry, **settings), 760, 680)
        made.said = []
        made.applied.connect(lambda code: made.said.append(("applied", code)))
        made.allowed.connect(lambda code: made.said.append(("allowed", code)))
        return made

    return make


@pytest.fixture
def own(editor):
    """An editor of code that is allowed."""
    trust.allow(GATE)
    return editor(FOREIGN)


def press(qtbot, button: QPushButton) -> None:
    assert button.isVisible() and button.isEnabled()
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Space)


def type_at_end(qtbot, editor: CodeEditor, words: str) -> None:
    editor.text.moveCursor(QTextCursor.MoveOperation.End)
    qtbot.keyClicks(editor.text, words)
    qtbot.wait(READ_AFTER * 2)


# ---- what it shows


def colors(text: CodeText, line: int) -> set[str]:
    block = text.document().findBlockByNumber(line - 1)
    return {span.format.foreground().color().name() for span in block.layout().formats()}


def test_a_string_over_several_lines_has_one_color(own):
    good = theme.color("good").name()
    assert colors(own.text, 5) == colors(own.text, 6) == {good}
    assert good not in colors(own.text, 8)


def test_ports_and_parameters_follow_the_text(qtbot, own):
    assert own.facts.texts == (
        "Gate, a module: Lets a part through,", "x, context (optional)", "kept, context", "width: int, scale: float = 2.0",
    )  # fmt: skip
    own.text.selectAll()
    type_at_end(qtbot, own, "")
    own.text.selectAll()
    qtbot.keyClicks(own.text, "def mix(a, b, n=3): return a")
    qtbot.waitUntil(lambda: own.facts.texts == ("mix, a function", "a, b", "output", "n: int = 3"))


def test_an_error_is_said_with_its_line_which_is_marked_and_found(qtbot, own):
    type_at_end(qtbot, own, "def f(")
    assert own.facts.error.isVisible() and "Line 14: Python cannot read this" in own.facts.error.text()
    assert own.text.marked == (14,) and not own.apply_button.isEnabled()
    assert own.apply_button.toolTip() == own.facts.error.text().replace("\u200b", "")
    own.text.moveCursor(QTextCursor.MoveOperation.Start)
    press(qtbot, own.facts.line_button)
    assert own.text.hasFocus() and own.text.textCursor().blockNumber() == 13
    for _ in range(6):
        qtbot.keyClick(own.text, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: own.text.marked == ())
    assert own.facts.texts[0].startswith("Gate")


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("", "no name"),
        ("Mine", "'Mine' exists already"),
        ("my code", "'my code' cannot be a name"),
        ("2nd", "'2nd' cannot be a name"),
        ("class", "Python or PyTorch uses that word"),
        ("kept", "'kept' exists already"),
    ],
)
def test_a_name_that_cannot_be_is_refused(qtbot, editor, name, word):
    trust.allow(GATE)
    opened = editor(FOREIGN, taken=frozenset({"Gate", "Mine"}))
    opened.name.selectAll()
    qtbot.keyClicks(opened.name, name) if name else qtbot.keyClick(opened.name, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: word in opened.facts.error.text())
    assert opened.name.property("invalid") is True and not opened.apply_button.isEnabled()


# ---- the name


@pytest.mark.parametrize("name", ["Door", "my_door"])
def test_the_class_gets_the_name_of_the_field(qtbot, own, name):
    own.name.selectAll()
    qtbot.keyClicks(own.name, name)
    qtbot.waitUntil(lambda: own.facts.texts[0].startswith(f"{name}, a module"))
    press(qtbot, own.apply_button)
    assert own.said == [("applied", Code("c1", name, GATE.replace("Gate", name)))]
    assert own.text.toPlainText() == GATE.replace("Gate", name) and not own.is_changed
    own.text.setFocus()
    qtbot.keyClick(own.text, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: own.name.text() == "Gate")  # and back


def test_the_field_gets_the_name_of_the_class(qtbot, own):
    own.text.selectAll()
    qtbot.keyClicks(own.text, "def mix_two(a): return a")
    qtbot.waitUntil(lambda: own.name.text() == "mix_two")
    press(qtbot, own.apply_button)
    assert own.said == [("applied", Code("c1", "mix_two", "def mix_two(a): return a"))]


def test_a_name_that_was_written_into_the_field_stays(qtbot, own):
    own.name.selectAll()
    qtbot.keyClicks(own.name, "Door")
    own.text.selectAll()
    qtbot.keyClicks(own.text, "def mix(a): return a")
    qtbot.waitUntil(lambda: own.facts.texts[0] == "Door, a function")
    press(qtbot, own.apply_button)
    assert own.said == [("applied", Code("c1", "Door", "def Door(a): return a"))]


def test_code_whose_class_has_another_name_shows_that_of_the_class(editor):
    trust.allow(GATE)
    opened = editor(Code("c1", "Old", GATE))
    assert opened.name.text() == "Gate" and not opened.is_changed and opened.close_button.text() == "Close"


# ---- the document is closed


def test_without_changes_the_editor_closes_with_its_document(own):
    own.part()
    assert not own.isVisible()


def test_changes_outlive_their_document_but_go_nowhere(qtbot, own):
    type_at_end(qtbot, own, "# more")
    own.part()
    assert own.isVisible() and own.question.isVisible() and not own.apply_button.isEnabled()
    assert "was closed" in own.facts.error.text() and own.name.property("invalid") is False
    type_at_end(qtbot, own, " and more")
    assert not own.apply_button.isEnabled() and own.said == [] and own.text.toPlainText().endswith("# more and more")
    qtbot.keyClick(own.text, Qt.Key.Key_Escape)
    press(qtbot, own.discard_button)
    assert not own.isVisible()


# ---- own code


def test_apply_allows_exactly_what_is_written_and_gives_it(qtbot, own):
    assert not own.apply_button.isEnabled() and own.close_button.text() == "Close" and not own.banner.isVisible()
    type_at_end(qtbot, own, "# more")
    assert own.close_button.text() == "Cancel" and not trust.is_allowed(GATE + "# more")
    press(qtbot, own.apply_button)
    assert own.said == [("applied", Code("c1", "Gate", GATE + "# more"))]
    assert trust.is_allowed(GATE + "# more") and own.entry.text == GATE + "# more"
    assert own.isVisible() and not own.is_changed and not own.apply_button.isEnabled()


def test_apply_reads_what_was_typed_last(qtbot, own):
    """A press right after a key, before the text was read, applies no code that cannot be read."""
    type_at_end(qtbot, own, "# more")
    own.text.moveCursor(QTextCursor.MoveOperation.End)
    qtbot.keyClick(own.text, Qt.Key.Key_Return)
    qtbot.keyClicks(own.text, "def (")
    qtbot.mouseClick(own.apply_button, Qt.MouseButton.LeftButton)
    assert own.said == [] and own.facts.error.isVisible()


def test_cancel_asks_before_changes_are_lost(qtbot, own):
    type_at_end(qtbot, own, "# more")
    qtbot.keyClick(own.text, Qt.Key.Key_Escape)
    assert own.isVisible() and own.question.isVisible() and own.keep_button.hasFocus()
    press(qtbot, own.keep_button)
    assert own.isVisible() and not own.question.isVisible() and own.text.hasFocus()
    press(qtbot, own.close_button)
    press(qtbot, own.discard_button)
    assert not own.isVisible() and own.said == [] and not trust.is_allowed(GATE + "# more")


def test_without_changes_escape_closes(qtbot, own):
    qtbot.keyClick(own.text, Qt.Key.Key_Escape)
    assert not own.isVisible()


def test_where_it_cannot_be_remembered_nothing_is_applied(qtbot, own):
    path = trust.store_path()
    path.unlink()
    path.mkdir()
    type_at_end(qtbot, own, "# more")
    press(qtbot, own.apply_button)
    assert own.said == [] and "could not be saved" in own.facts.error.text()
    assert own.is_changed and not trust.is_allowed(GATE + "# more")


# ---- code that came with a file


def test_foreign_code_is_shown_with_a_warning_and_allowed_by_its_button(qtbot, editor):
    opened = editor(FOREIGN)
    assert opened.banner.isVisible() and "Read it, and allow it if you trust it." in opened.banner_text.text()
    assert opened.text.toPlainText() == GATE and not opened.apply_button.isEnabled()
    assert not trust.is_allowed(GATE)
    press(qtbot, opened.allow_button)
    assert opened.said == [("allowed", FOREIGN)] and trust.is_allowed(GATE)
    assert not opened.banner.isVisible()


@pytest.mark.parametrize("where", ["name", "text"])
def test_enter_allows_nothing(qtbot, editor, where):
    opened = editor(FOREIGN)
    qtbot.keyClick(getattr(opened, where), Qt.Key.Key_Return)
    assert opened.said == [] and not trust.is_allowed(GATE)
    assert not any(b.autoDefault() or b.isDefault() for b in opened.findChildren(QPushButton))


def test_renaming_foreign_code_changes_it_and_says_that_this_allows_it(qtbot, editor):
    opened = editor(FOREIGN)
    qtbot.keyClicks(opened.name, "2")
    qtbot.waitUntil(lambda: opened.apply_button.text() == "Apply and allow")
    assert "Applying your change allows all of it." in opened.banner_text.text()
    assert not opened.allow_button.isVisible() and not trust.is_allowed(GATE.replace("Gate", "Gate2"))
    press(qtbot, opened.apply_button)
    assert opened.said == [("applied", Code("c1", "Gate2", GATE.replace("Gate", "Gate2")))]
    assert trust.is_allowed(opened.entry.text) and not trust.is_allowed(GATE) and not opened.banner.isVisible()


def test_changing_foreign_code_says_that_applying_allows_all_of_it(qtbot, editor):
    opened = editor(FOREIGN)
    type_at_end(qtbot, opened, "# mine")
    assert opened.apply_button.text() == "Apply and allow" and not opened.allow_button.isVisible()
    assert "Applying your change allows all of it." in opened.banner_text.text()
    press(qtbot, opened.apply_button)
    assert opened.said == [("applied", Code("c1", "Gate", GATE + "# mine"))]
    assert trust.is_allowed(GATE + "# mine") and not trust.is_allowed(GATE) and not opened.banner.isVisible()


def test_letters_that_qt_shows_as_others_stay_in_what_is_allowed(qtbot, editor):
    """A no-break space comes out of the text field as a space; the hash must be that of the file's text."""
    strange = "def f(x):\n    s = 'a\u00a0b'\n    return x\n"
    opened = editor(Code("c1", "f", strange))
    press(qtbot, opened.allow_button)
    assert trust.is_allowed(strange) and opened.said == [("allowed", Code("c1", "f", strange))]


def test_code_that_cannot_be_read_cannot_be_allowed(editor):
    opened = editor(Code("c1", "f", "def f(x): return x  # \u202e hidden"))
    assert not opened.allow_button.isEnabled() and "U+202E" in opened.allow_button.toolTip()
    assert "U+202E" in opened.facts.error.text()


def test_the_end_of_a_long_line_of_foreign_code_is_in_sight(editor):
    opened = editor(Code("c1", "f", "def f(x): return x" + " " * 500 + "; print('hidden')"))
    assert opened.text.horizontalScrollBar().maximum() == 0
    trust.allow(GATE)
    assert editor(FOREIGN).text.lineWrapMode() is CodeText.LineWrapMode.NoWrap


# ---- new code


def test_new_code_begins_with_a_template_of_either_kind(qtbot, editor):
    opened = editor(Code("c1", "Swirl", ""))
    assert read(opened.text.toPlainText()).name == "Swirl" and read(opened.text.toPlainText()).is_module
    assert not opened.banner.isVisible()
    module, function = opened.templates.buttons()
    press(qtbot, function)
    qtbot.waitUntil(lambda: opened.facts.texts[0].startswith("swirl, a function"))
    assert not read(opened.text.toPlainText()).is_module
    qtbot.keyClick(opened.text, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert "class Swirl" in opened.text.toPlainText()
    press(qtbot, module)
    press(qtbot, opened.apply_button)
    ((what, code),) = opened.said
    assert what == "applied" and trust.is_allowed(code.text) and not function.isVisible()


def test_the_templates_run(qtbot, editor):
    import torch

    from runtime.custom import load

    opened = editor(Code("c1", "Swirl", ""))
    for button in opened.templates.buttons():
        button.setChecked(True)
        text = opened.text.toPlainText()
        trust.allow(text)
        made = load(text)
        ones = torch.ones(2, 3)
        result = made(features=3)(ones) if read(text).is_module else made(ones, ones)
        assert torch.equal(result, ones)


# ---- for everybody


def test_every_part_is_reached_by_the_keyboard_and_has_a_name(qtbot, editor):
    opened = editor(FOREIGN)
    reached = set()
    for _ in range(12):
        control = Qt.KeyboardModifier.ControlModifier if opened.text.hasFocus() else Qt.KeyboardModifier.NoModifier
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab, control)
        reached.add(QApplication.focusWidget())
    assert reached >= {opened.name, opened.text, opened.allow_button, opened.close_button}
    for widget in reached:
        assert widget.accessibleName() or (isinstance(widget, QAbstractButton) and widget.text())


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_nothing_is_cut_off_in_the_smallest_window(qtbot, editor, language):
    set_language(language)
    for entry in (FOREIGN, Code("c2", "Mine", "")):
        opened = editor(entry)
        opened.resize(opened.minimumSize())
        qtbot.wait(10)
        for button in opened.findChildren(QAbstractButton):
            if button.isVisible():
                assert button.width() >= button.sizeHint().width() and opened.rect().contains(
                    QRect(button.mapTo(opened, QPoint()), button.size())
                )
        assert opened.text.height() > 100

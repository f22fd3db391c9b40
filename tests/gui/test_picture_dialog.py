"""The dialog for pictures: what it shows, saves, copies and remembers."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog

from drawings import lenet5
from gui.canvas.picture import FIGURE
from gui.editor import Editor
from gui.picture_dialog import PictureDialog
from gui.tongue import tongue
from panel_tools import choose
from runtime.analyser import analyse


@pytest.fixture
def editor() -> Editor:
    editor = Editor(lenet5().placed)
    editor.set_analysis(analyse(editor.project))
    return editor


@pytest.fixture
def open_dialog(qtbot, editor, tmp_path):
    def make(**choices: str) -> PictureDialog:
        dialog = PictureDialog(editor, tmp_path, "lenet5", choices=choices)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        qtbot.addWidget(dialog)
        dialog.show()
        return dialog

    return make


@pytest.fixture
def answer(monkeypatch):
    """What the person answers where a file is asked for; what was suggested is noted."""

    def give(path) -> list[str]:
        asked: list[str] = []

        def ask(_parent, _title, start, kinds):
            asked.append(f"{start} {kinds}")
            return str(path), kinds

        monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
        return asked

    return give


@pytest.mark.parametrize("suffix", ["svg", "pdf", "png"])
def test_the_picture_is_saved_as_chosen_and_that_is_told(qtbot, open_dialog, answer, tmp_path, suffix):
    dialog = open_dialog(format=suffix, style=FIGURE)
    asked, told = answer(tmp_path / "figure"), []
    dialog.told.connect(lambda message, level: told.append((str(message), level)))
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    path = tmp_path / f"figure.{suffix}"
    assert path.stat().st_size > 0 and not dialog.isVisible()
    assert told == [(f"The picture is in {path}.", "info")]
    assert asked == [f"{tmp_path / 'lenet5'}.{suffix} {suffix.upper()} (*.{suffix})"]


def test_no_file_chosen_writes_nothing_and_leaves_the_dialog(qtbot, open_dialog, answer, tmp_path):
    dialog = open_dialog()
    answer("")
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    assert dialog.isVisible() and list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_said_in_the_dialog(qtbot, open_dialog, answer, tmp_path):
    dialog = open_dialog()
    answer(tmp_path / "missing" / "net.svg")
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    assert dialog.isVisible() and "net.svg" in dialog.status.text()


def test_the_copy_on_the_clipboard_has_the_pixels_of_the_choices(qtbot, open_dialog):
    dialog = open_dialog(format="png", scale="1", background="transparent")
    qtbot.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    image: QImage = QGuiApplication.clipboard().image()
    assert abs(image.width() - dialog.preview._picture.area.width()) <= 1
    assert image.pixelColor(0, 0).alpha() == 0


def test_choices_are_made_by_keys_remembered_and_shown_in_the_preview(qtbot, open_dialog):
    dialog = open_dialog()
    before = dialog.preview.grab().toImage()
    choose(qtbot, dialog.boxes["style"], "Figure for a paper")
    choose(qtbot, dialog.boxes["theme"], "Dark")
    dialog.legend.setFocus()
    qtbot.keyClick(dialog.legend, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: dialog.preview._picture.options == dialog.options)
    assert (dialog.options.style, dialog.options.theme, dialog.options.legend) == (FIGURE, "dark", True)
    assert dialog.preview.grab().toImage() != before
    again = open_dialog(**dialog.choices)
    assert again.options == dialog.options


def test_only_choices_that_matter_are_shown(qtbot, open_dialog):
    dialog = open_dialog()
    assert not dialog.boxes["width"].isVisible() and not dialog.boxes["scale"].isVisible()
    choose(qtbot, dialog.boxes["style"], "Figure for a paper")
    choose(qtbot, dialog.boxes["format"], "PNG, pixels")
    assert dialog.boxes["width"].isVisible() and dialog.boxes["scale"].isVisible()


def test_a_selection_is_offered_first_and_followed(qtbot, open_dialog, editor):
    nodes = frozenset(editor.graph.node_named(name).id for name in ("conv1", "tanh1"))
    editor.select(nodes)
    dialog = open_dialog()
    assert dialog.options.nodes == nodes
    editor.select([])
    qtbot.waitUntil(lambda: dialog.preview._picture.options.nodes is None)
    assert dialog.note.text() == "Nothing is selected, so it is the whole drawing."
    choose(qtbot, dialog.boxes["part"], "The whole drawing")
    qtbot.waitUntil(lambda: "cm on paper" in dialog.note.text())


def test_escape_closes_and_every_control_has_a_name(qtbot, open_dialog):
    dialog = open_dialog()
    assert all(box.accessibleName() for box in dialog.boxes.values())
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_it_closes_when_the_language_changes(open_dialog):
    dialog = open_dialog()
    tongue.use("zh_CN")
    assert not dialog.isVisible()

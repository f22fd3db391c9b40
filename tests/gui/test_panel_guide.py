"""The page of an example beside its drawing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices

from graph import files
from gui.editor import Editor
from gui.panels.guide import GuideView
from gui.panels.inspector import InspectorPanel
from gui.theme import theme
from panel_tools import show
from runtime import examples
from runtime.guides import KEY, guide


@pytest.fixture
def editor():
    return Editor(files.load(examples.path("gan_points")))


def view_of(panel) -> GuideView:
    return panel.findChild(GuideView)


def test_the_page_of_an_example_is_beside_its_drawing(qtbot, editor):
    panel = show(qtbot, InspectorPanel(editor), 320, 600)
    view = view_of(panel)
    text = view.toPlainText()
    assert view.isVisible() and "play against each other" in text and "What to try" in text
    assert view.height() >= view.document().size().height()  # the column scrolls, the page does not
    assert "##" not in text and "`" not in text and "](" not in text


def test_a_drawing_without_a_page_shows_none(qtbot, editor):
    panel = show(qtbot, InspectorPanel(editor), 320, 600)
    for extra in ({}, {KEY: "../../README"}, {KEY: 7}):
        editor.open(replace(editor.project, extra=extra))
        qtbot.waitUntil(lambda: not view_of(panel).isVisible())
        assert view_of(panel).toPlainText() == ""


def test_it_is_as_high_as_its_text_in_every_width_and_theme(qtbot):
    view = show(qtbot, GuideView(), 300, 400)
    view.show_text(guide("lenet5_digits").body)
    heights = []
    for width in (260, 600):
        view.resize(width, view.height())
        heights.append(view.height())
        assert abs(view.height() - view.document().size().height()) < 8
    assert heights[0] > 1.5 * heights[1]
    before = view.grab().toImage()
    name = theme.name
    theme.use("light" if name == "dark" else "dark")
    assert view.grab().toImage() != before
    theme.use(name)


def test_only_links_to_pages_are_opened(qtbot, monkeypatch):
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    view = show(qtbot, GuideView(), 300, 400)
    for url in ("https://arxiv.org/abs/1406.2661", "file:///etc/passwd", "javascript:alert(1)"):
        view.anchorClicked.emit(QUrl(url))
    assert opened == ["https://arxiv.org/abs/1406.2661"]


def test_no_page_is_kept_that_is_not_shown(qtbot):
    from PySide6.QtGui import QTextDocument

    view = show(qtbot, GuideView(), 300, 400)
    for name in ("gan_points", "char_lm", "mlp_digits"):
        view.show_text(guide(name).body)
        qtbot.wait(20)
    assert len(view.findChildren(QTextDocument)) <= 2  # the one on show, and the empty one that Qt begins with


def test_the_page_is_taken_off_with_a_click_and_comes_back_with_undo(qtbot, editor):
    panel = show(qtbot, InspectorPanel(editor), 320, 600)
    qtbot.mouseClick(panel._page.remove_guide, Qt.MouseButton.LeftButton)
    assert KEY not in editor.project.extra and not view_of(panel).isVisible()
    assert '"guide"' not in files.to_text(editor.project)
    editor.undo()
    assert view_of(panel).isVisible()


def test_links_are_reached_and_opened_with_keys(qtbot, monkeypatch):
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    view = show(qtbot, GuideView(), 300, 400)
    view.show_text("[one](https://a.org/1) and [two](https://a.org/2)")
    view.setFocus()
    for key in (
        Qt.Key.Key_Right,
        Qt.Key.Key_Return,
        Qt.Key.Key_Right,
        Qt.Key.Key_Return,
        Qt.Key.Key_Left,
        Qt.Key.Key_Return,
    ):
        qtbot.keyClick(view, key)
    assert opened == ["https://a.org/1", "https://a.org/2", "https://a.org/1"]

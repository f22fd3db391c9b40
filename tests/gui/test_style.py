"""The dress of the application: both themes, complete, with icons that follow."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon, QPalette
from PySide6.QtWidgets import QApplication, QPushButton

from gui.icons import FOLDER, icon, icon_file
from gui.style import Dresser, apply_style, style_sheet
from gui.theme import THEMES, theme


@pytest.fixture
def dressed(qapp):
    """The application in its style; undressed afterwards."""
    font, colors, name = qapp.font(), qapp.palette(), theme.name
    apply_style(qapp)
    yield qapp
    shiboken6.delete(qapp.findChild(Dresser))
    theme.use(name)
    qapp.setStyleSheet("")
    qapp.setPalette(colors)
    qapp.setFont(font)


def test_the_themes_name_the_same_colors():
    assert THEMES["dark"].keys() == THEMES["light"].keys()


@pytest.mark.parametrize("name", THEMES)
def test_the_sheet_has_every_color_and_every_icon(qapp, name):
    sheet = style_sheet(name)
    assert "$" not in sheet
    files = re.findall(r'url\("([^"]+)"\)', sheet)
    assert files and all(Path(file).is_file() for file in files)


def test_the_application_follows_the_theme(qtbot, dressed):
    for name in ("light", "dark", "light"):
        theme.use(name)
        assert dressed.palette().color(QPalette.ColorRole.Window).name() == THEMES[name]["window"]
        assert dressed.styleSheet() == style_sheet(name)


def test_dressing_twice_is_dressing_once(dressed):
    apply_style(dressed)
    assert len(dressed.findChildren(Dresser)) == 1


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.svg")))
def test_every_icon_draws_something_in_the_color_of_its_role(qapp, name):
    image = icon(name, "error").pixmap(32, 32).toImage()
    pixels = [image.pixelColor(x, y) for x in range(32) for y in range(32)]
    wanted = theme.color("error").getRgb()[:3]
    full = [pixel.getRgb()[:3] for pixel in pixels if pixel.alpha() > 250]
    assert full
    assert all(abs(found - want) <= 2 for rgb in full for found, want in zip(rgb, wanted, strict=True))


def test_icons_follow_the_theme_and_fade_when_disabled(qtbot, dressed):
    button = QPushButton(icon("stop"), "")
    qtbot.addWidget(button)

    def color(mode=QIcon.Mode.Normal):
        return button.icon().pixmap(16, mode=mode).toImage().pixelColor(8, 8).name()

    for name in ("light", "dark"):
        theme.use(name)
        assert color() == THEMES[name]["text"]
        assert color(QIcon.Mode.Disabled) == THEMES[name]["faint"]


def test_icons_are_sharp_on_dense_screens(qapp):
    pixmap = icon("stop").pixmap(QSize(16, 16), 2.0)
    assert (pixmap.width(), pixmap.devicePixelRatio()) == (32, 2.0)
    edge = [pixmap.toImage().pixelColor(x, 16).alpha() for x in range(32)]
    assert sum(0 < alpha < 255 for alpha in edge) <= 4  # antialiasing at most, no enlarged pixels


def test_files_for_the_sheet_are_made_once_a_color(qapp):
    first = icon_file("check", "#ff0000")
    assert first == icon_file("check", "#ff0000") != icon_file("check", "#00ff00")
    assert "#ff0000" in Path(first).read_text("utf-8") and "currentColor" not in Path(first).read_text("utf-8")


def test_the_font_is_thirteen_pixels(dressed):
    assert QApplication.font().pixelSize() == 13

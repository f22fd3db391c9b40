"""The dress of the application: every theme, complete, in every size of text, with icons that follow."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import shiboken6
from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon, QImage, QPalette
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton

from gui.app import make_application
from gui.icons import FOLDER, application_icon, icon, icon_file
from gui.style import Dresser, apply_style, style_sheet
from gui.theme import THEMES, theme

PEN = {
    "width": "16", "height": "16", "viewBox": "0 0 16 16", "fill": "none", "stroke": "currentColor",
    "stroke-width": "1.5", "stroke-linecap": "round", "stroke-linejoin": "round",
}  # fmt: skip
NEEDED = (
    "frame note collapse bypass outline history palette compare summary find arrow-right arrow-down align-left align-top "
    "distribute-horizontal distribute-vertical lock warning-file recent gallery home split link keyboard contrast language "
    "pin theme text-size"
).split()
ALPHA = QImage.Format.Format_Alpha8


@pytest.fixture
def dressed(qapp):
    """The application in its style; undressed afterwards."""
    font, colors, name = qapp.font(), qapp.palette(), theme.name
    apply_style(qapp)
    yield qapp
    shiboken6.delete(qapp.findChild(Dresser))
    theme.use(name)
    theme.set_scale(100)
    qapp.setStyleSheet("")
    qapp.setPalette(colors)
    qapp.setFont(font)


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


@pytest.mark.parametrize(("percent", "pixels"), [(100, 13), (115, 15), (130, 17), (150, 20)])
def test_the_font_grows_with_the_size_of_text(dressed, percent, pixels):
    theme.set_scale(percent)
    assert QApplication.font().pixelSize() == pixels
    assert dressed.styleSheet() == style_sheet(theme.name, percent / 100)


@pytest.mark.parametrize("factor", [1.0, 1.15, 1.5])
def test_pixels_of_the_sheet_grow_but_lines_stay(factor):
    sheet = style_sheet("dark", factor)
    assert f"icon-size: {round(16 * factor)}px" in sheet
    assert f"padding: {round(5 * factor)}px {round(12 * factor)}px" in sheet
    assert f"padding: {round(5 * factor) - 1}px {round(12 * factor) - 1}px" in sheet  # with the ring of the focus
    assert "border: 2px solid" in sheet and "border: 1px solid" in sheet and "px-" not in sheet


def test_widgets_grow_with_the_size_of_text(qtbot, dressed):
    button, field = QPushButton(icon("stop"), "Stop"), QLineEdit("1")
    for widget in (button, field):
        qtbot.addWidget(widget)
        widget.show()
    before = button.sizeHint(), field.sizeHint(), button.iconSize()
    theme.set_scale(150)
    for was, now in zip(before, (button.sizeHint(), field.sizeHint(), button.iconSize()), strict=True):
        assert now.height() >= 1.4 * was.height()


# ---- the icons are one family


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.svg")), ids=lambda file: file.stem)
def test_an_icon_has_the_pen_and_the_square_of_all_icons(file):
    drawing = ElementTree.fromstring(file.read_text("utf-8"))
    assert drawing.attrib == PEN
    for part in drawing.iter():
        assert part is drawing or part.get("stroke") in (None, "none")
        assert part is drawing or not {"stroke-width", "style", "transform"} & part.attrib.keys()


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.svg")), ids=lambda file: file.stem)
def test_an_icon_is_drawn_for_the_pixels_that_it_gets_and_keeps_inside_its_square(qapp, file, ratio):
    image = icon(file.stem).pixmap(QSize(16, 16), ratio).toImage()
    side = round(16 * ratio)
    assert (image.width(), image.height(), image.devicePixelRatio()) == (side, side, ratio)
    alpha = [[image.pixelColor(x, y).alpha() for x in range(side)] for y in range(side)]
    rim = [*alpha[0], *alpha[-1], *(row[0] for row in alpha), *(row[-1] for row in alpha)]
    assert max(rim) < 200
    strong = sum(value > 200 for row in alpha for value in row)
    assert strong >= 6 * ratio  # strokes cover whole pixels somewhere: nothing is a blur


@pytest.mark.parametrize("name", NEEDED)
def test_there_is_an_icon_for_what_the_window_does(name):
    assert (FOLDER / f"{name}.svg").is_file()


def test_no_two_icons_look_alike(qapp):
    shapes = {
        path.stem: bytes(icon(path.stem).pixmap(16, 16).toImage().convertToFormat(ALPHA).constBits())
        for path in FOLDER.glob("*.svg")
    }
    assert len(set(shapes.values())) == len(shapes)


def test_the_application_has_an_icon(qapp):
    make_application()
    for side in (16, 32, 64, 256):
        image = application_icon().pixmap(side, side).toImage()
        assert image.width() == side
        colors = {image.pixelColor(x, y).name() for x in range(side) for y in range(side)}
        assert {"#2fbfa0", "#5b9cff", "#a78bfa"} <= colors
    assert not QApplication.windowIcon().isNull()

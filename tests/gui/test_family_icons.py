"""Every node type is told apart by more than a color: its family has an icon, a color and a name, and they are shown."""

from __future__ import annotations

from itertools import combinations
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QWidget

from graph.catalog import CATALOG, FAMILY_LABELS
from graph.messages import set_language
from gui.canvas.quick_add import type_chooser
from gui.editor import Editor
from gui.icons import FOLDER, family_icon, paint_icon
from gui.panels.inspector import InspectorPanel
from gui.panels.library import DOCUMENT, MINE, READY, LibraryPanel
from gui.panels.parts import IconLabel
from gui.panels.type_list import FAMILY_ICON, SECTION, TYPE, section_family
from gui.theme import GRID, THEMES, theme
from panel_tools import lenet_editor, show

FRAME = {"viewBox": "0 0 16 16", "stroke": "currentColor", "stroke-width": "1.5", "stroke-linecap": "round"}
SMALLEST, DENSE = 14, 32  # pixels: the smallest size that an icon is for, and 16 pixels on a dense screen


@pytest.fixture(params=THEMES)
def look(request):
    """Each theme in turn."""
    before = theme.name
    theme.use(request.param)
    yield request.param
    theme.use(before)


@pytest.fixture
def language():
    """Chooses a language; English again afterwards."""
    yield set_language
    set_language("en")


def painted(family: str, size: int) -> QImage:
    """The icon of a family in its color, on nothing."""
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint_icon(painter, QRectF(image.rect()), family_icon(family), role=family)
    painter.end()
    return image


def cover(image: QImage) -> list[int]:
    """The opacity of every pixel, from 0 to 255, row by row."""
    return [image.pixelColor(x, y).alpha() for y in range(image.height()) for x in range(image.width())]


def count_of(image: QImage, role: str) -> int:
    """How many pixels have exactly the color of a theme role."""
    wanted = theme.color(role).rgb()
    return sum(image.pixel(x, y) == wanted for y in range(image.height()) for x in range(image.width()))


# ---- what there is


@pytest.mark.parametrize("node_type", CATALOG.values(), ids=lambda node_type: node_type.id)
def test_the_family_of_every_node_type_has_an_icon_a_color_and_a_name_in_both_languages(node_type, language):
    family = node_type.family
    assert (FOLDER / f"{family_icon(family)}.svg").is_file()
    assert all(family in colors for colors in THEMES.values())
    names = []
    for chosen in ("en", "zh_CN"):
        language(chosen)
        names.append(str(FAMILY_LABELS[family]))
    assert all(names) and names[0].isascii() and not names[1].isascii()


def test_there_is_an_icon_for_every_family_and_for_nothing_else():
    assert {path.stem for path in FOLDER.glob("family-*.svg")} == set(map(family_icon, FAMILY_LABELS))


@pytest.mark.parametrize("family", FAMILY_LABELS)
def test_the_file_is_drawn_like_the_other_icons(qapp, family):
    source = (FOLDER / f"{family_icon(family)}.svg").read_text("utf-8")
    drawing = ElementTree.fromstring(source)
    assert drawing.attrib.items() >= FRAME.items()
    assert {part.get("fill", "currentColor") for part in drawing} == {"currentColor"}
    assert QSvgRenderer(QByteArray(source.encode())).isValid()


@pytest.mark.parametrize("size", [SMALLEST, DENSE])
@pytest.mark.parametrize("family", FAMILY_LABELS)
def test_it_paints_lines_in_the_color_of_the_family_and_keeps_inside_its_square(qapp, look, family, size):
    image = painted(family, size)
    share = sum(cover(image)) / (255 * size * size)
    assert 0.1 < share < 0.7  # neither a speck nor a blot
    strongest = max((image.pixelColor(x, y) for x in range(size) for y in range(size)), key=lambda c: c.alpha())
    assert strongest.alpha() > 200
    wanted = theme.color(family).getRgb()[:3]
    assert all(abs(found - want) <= 2 for found, want in zip(strongest.getRgb()[:3], wanted, strict=True))
    edge = [image.pixelColor(*at).alpha() for n in range(size) for at in ((0, n), (size - 1, n), (n, 0), (n, size - 1))]
    assert max(edge) < 200


def test_no_two_families_look_alike_at_the_smallest_size(qapp):
    shapes = {family: cover(painted(family, SMALLEST)) for family in FAMILY_LABELS}
    for one, other in combinations(shapes, 2):
        apart = sum(abs(a - b) for a, b in zip(shapes[one], shapes[other], strict=True))
        assert apart / (255 * SMALLEST**2) > 0.1, (one, other)


# ---- where it shows


def test_every_heading_of_the_library_has_the_icon_of_its_family(qtbot, look):
    panel = show(qtbot, LibraryPanel(Editor()), height=1200)
    tree = panel.list
    tree.collapseAll()
    model = tree.model()
    keys = [model.index(row, 0).data(SECTION) for row in range(model.rowCount())]
    assert {section_family(key) for key in keys} == set(CATALOG.families()) | {"block"}
    assert {section_family(key) for key in (DOCUMENT, READY, MINE)} == {"block"}
    picture = tree.viewport().grab().toImage()
    for row, key in enumerate(keys):
        if not tree.isRowHidden(row, tree.rootIndex()):
            place = tree.visualRect(model.index(row, 0)).adjusted(4 * GRID, 0, 0, 0)
            place.setWidth(FAMILY_ICON)
            assert count_of(picture.copy(place), section_family(key)) > 2, key


def test_a_type_has_the_icon_where_it_stands_under_no_heading(qtbot, look):
    panel = show(qtbot, LibraryPanel(Editor()))
    tree = panel.list

    def strip(index) -> int:
        """How many pixels between the bar of a row and its end have the color of its family."""
        row = tree.visualRect(index).adjusted(2 * GRID, 0, 0, 0)
        return count_of(tree.viewport().grab().toImage().copy(row), index.data(TYPE).family)

    assert strip(tree.model().index(0, 0, tree.model().index(0, 0))) == 0
    panel.search.setText("LSTM")
    assert tree.model().index(0, 0).data(TYPE).label == "LSTM"
    assert strip(tree.model().index(0, 0)) > 2


def test_the_inspector_names_the_family_beside_the_type(qtbot, language):
    language("zh_CN")
    editor = lenet_editor()
    editor.select([editor.graph.node_named("conv2").id])
    panel = show(qtbot, InspectorPanel(editor))
    marks = {icon.accessibleName(): icon for icon in panel.page.findChildren(IconLabel)}
    mark = marks[str(FAMILY_LABELS["convolution"])]
    assert mark.isVisible() and mark.toolTip() == mark.accessibleName() == "卷积"
    assert count_of(mark.grab().toImage(), "convolution") > 2


def test_the_box_over_the_canvas_has_the_icon_of_each_type(qtbot, look):
    host = show(qtbot, QWidget())
    box = type_chooser(host, list(CATALOG.values()))
    box.show()
    box.edit.setText("GELU")
    entry, item = box.entries()[0], box.list.item(0)
    assert entry.family == CATALOG["torch.nn.GELU"].family == "activation"
    box.list.setCurrentRow(-1)
    row = box.list.visualItemRect(item).adjusted(2 * GRID + 2, 0, 0, 0)  # behind the bar
    assert count_of(box.list.viewport().grab().toImage().copy(row), "activation") > 2

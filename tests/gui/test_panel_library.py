"""The library: finding node types by typing, and taking them to the canvas."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel

from graph.catalog import CATALOG, NodeType, Role
from graph.messages import set_language
from gui.editor import Editor
from gui.panels.library import LibraryPanel
from gui.panels.search import rank
from gui.panels.type_list import NODE_TYPE_MIME, TYPE, type_mime
from panel_tools import show


def labels(query):
    return [node_type.label for node_type in rank(query, CATALOG.values())]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("conv", "Conv2d"),
        ("linear", "Linear"),
        ("dense", "Linear"),
        ("relu", "ReLU"),
        ("batch norm", "BatchNorm2d"),
        ("bn2", "BatchNorm2d"),
        ("avg pool", "AvgPool2d"),
        ("norm 2d", "BatchNorm2d"),
        ("CROSS", "CrossEntropyLoss"),
    ],
)
def test_what_people_type_finds_what_they_mean(query, first):
    assert first in labels(query)[:2]


def test_every_word_has_to_fit():
    assert labels("conv zebra") == []
    assert set(labels("transpose conv")) == {"ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"}


def test_an_empty_query_keeps_everything_in_order():
    assert rank("  ", CATALOG.values()) == list(CATALOG.values())


def test_better_fits_come_first():
    def named(label, **more):
        return NodeType(id=label, label=label, family="x", role=Role.LAYER, help="", stem="x", **more)

    types = [named("Absorb", synonyms=("pool",)), named("MaxPool"), named("Pooling"), named("Pool"), named("Other")]
    assert [t.label for t in rank("pool", types)] == ["Pool", "Pooling", "MaxPool", "Absorb"]


@pytest.fixture
def panel(qtbot):
    return show(qtbot, LibraryPanel(Editor()), 220, 600)


@pytest.fixture
def requests(panel):
    found = []
    panel.add_requested.connect(found.append)
    return found


def row_of(panel, text, parent=None):
    model = panel.list.model()
    return next(
        index
        for n in range(model.rowCount(parent) if parent else model.rowCount())
        if (index := model.index(n, 0, parent) if parent else model.index(n, 0)).data() == text
    )


def test_typing_and_enter_ask_for_the_best_fit(qtbot, panel, requests):
    panel.focus_search()
    qtbot.keyClicks(panel.search, "dense")
    qtbot.keyClick(panel.search, Qt.Key.Key_Return)
    assert requests == ["torch.nn.Linear"]


def test_arrow_keys_lead_into_the_list_and_back(qtbot, panel, requests):
    panel.focus_search()
    qtbot.keyClicks(panel.search, "conv")
    qtbot.keyClick(panel.search, Qt.Key.Key_Down)
    assert QApplication.focusWidget() is panel.list
    qtbot.keyClick(panel.list, Qt.Key.Key_Return)
    qtbot.keyClick(panel.list, Qt.Key.Key_Up)
    qtbot.keyClick(panel.list, Qt.Key.Key_Up)
    assert QApplication.focusWidget() is panel.search
    assert requests == ["torch.nn.Conv1d"]


def test_a_double_click_asks_for_a_node(qtbot, panel, requests):
    family = row_of(panel, "Convolution")
    index = row_of(panel, "Conv2d", family)
    panel.list.scrollTo(index)
    at = panel.list.visualRect(index).center()
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseDClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert requests == ["torch.nn.Conv2d"]


def test_families_close_by_click_and_stay_so_after_a_search(qtbot, panel):
    family = row_of(panel, "Data")
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=panel.list.visualRect(family).center())
    qtbot.keyClicks(panel.search, "pool")
    types = [index.data(TYPE) for n in range(panel.list.model().rowCount()) if (index := panel.list.model().index(n, 0))]
    assert [t.label for t in types if t.id in CATALOG] == labels("pool")
    qtbot.keyClick(panel.search, Qt.Key.Key_Escape)
    assert panel.search.text() == ""
    assert not panel.list.isExpanded(row_of(panel, "Data"))
    assert panel.list.isExpanded(row_of(panel, "Convolution"))


def test_enter_on_a_family_opens_and_closes_it(qtbot, panel, requests):
    panel.list.setFocus()
    panel.list.setCurrentIndex(row_of(panel, "Data"))
    qtbot.keyClick(panel.list, Qt.Key.Key_Return)
    assert not panel.list.isExpanded(row_of(panel, "Data"))
    assert requests == []


def test_nothing_found_is_said(qtbot, panel, requests):
    qtbot.keyClicks(panel.search, "zebra")
    assert any("Nothing found" in note.text() for note in panel.findChildren(QLabel) if note.isVisible())
    qtbot.keyClick(panel.search, Qt.Key.Key_Return)
    assert requests == []


def test_a_drag_carries_the_type_and_help_is_at_hand(panel):
    assert bytes(type_mime(CATALOG["torch.nn.Conv2d"]).data(NODE_TYPE_MIME)) == b"torch.nn.Conv2d"
    index = row_of(panel, "Conv2d", row_of(panel, "Convolution"))
    assert index.data(Qt.ItemDataRole.ToolTipRole) == CATALOG["torch.nn.Conv2d"].help
    assert bool(index.flags() & Qt.ItemFlag.ItemIsDragEnabled)
    assert not row_of(panel, "Convolution").flags() & Qt.ItemFlag.ItemIsDragEnabled


def test_chinese_and_english_words_find_the_same_layer():
    set_language("zh_CN")
    for words in ("展平", "flatten"):
        assert rank(words, CATALOG.values())[0].label == "Flatten", words
    assert rank("add", CATALOG.values())[0].id == "layerloom.Add"

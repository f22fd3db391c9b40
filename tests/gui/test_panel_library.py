"""The library: finding node types by typing, and taking them to the canvas."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit

from graph.catalog import CATALOG, NodeType, Role
from graph.messages import set_language
from gui.block_editor import BlockEditor
from gui.canvas.view import CanvasView
from gui.editor import Editor
from gui.panels.library import LibraryPanel
from gui.panels.search import rank, search_words
from gui.panels.type_list import NODE_TYPE_MIME, TYPE, type_mime
from gui.shelf import shelf_type
from panel_tools import block_editor, show
from runtime.library import ready_blocks


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


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("residual", "BasicBlock"),
        ("residual block", "BasicBlock"),
        ("shortcut", "BasicBlock"),
        ("resnet", "BasicBlock"),
        ("u-net", "UNetStage"),
        ("unet", "UNetStage"),
        ("squeeze excite", "SqueezeExcitation"),
        ("squeeze-excite", "SqueezeExcitation"),
        ("transformer encoder", "TransformerEncoder"),
        ("long short-term", "LSTM"),
        ("残差", "BasicBlock"),
        ("残差块", "BasicBlock"),
        ("长短期", "LSTM"),
        ("丢弃", "Dropout"),
        ("交叉熵", "CrossEntropyLoss"),
        ("全连接", "Linear"),
        ("卷积", "Conv2d"),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_ready_blocks_and_words_of_both_languages_are_found(language, query, first):
    set_language(language)
    assert rank(query, CATALOG.values(), map(shelf_type, ready_blocks()))[0].label == first


def test_a_transformer_encoder_is_found_as_a_layer_and_as_a_block():
    found = [t.id for t in rank("transformer encoder", CATALOG.values(), map(shelf_type, ready_blocks()))]
    assert "torch.nn.TransformerEncoderLayer" in found
    assert any("transformer_encoder_layer" in type_id for type_id in found)


def test_a_ready_block_in_the_drawing_is_found_by_the_same_words(editor):
    editor.add_node(shelf_type(ready_blocks()[1]).id, (0.0, 0.0))
    found = rank("resnet", editor.catalog.values(), map(shelf_type, ready_blocks()))
    assert "ProjectionBlock" in [t.label for t in found if t.id.startswith("block.")]


def test_words_are_of_types_that_there_are():
    there = {*CATALOG, *(entry.name for entry in ready_blocks())}
    assert sorted(search_words().keys() - there) == []
    assert len(search_words()) > 40 and all(search_words().values())


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
    types = [
        index.data(TYPE) for n in range(panel.list.model().rowCount()) if (index := panel.list.model().index(n, 0))
    ]
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


# ---- blocks


@pytest.fixture
def editor():
    return block_editor()


@pytest.fixture
def shelves(qtbot, editor, state_home):
    """The library of a drawing with blocks; what it asks for is added."""
    panel = show(qtbot, LibraryPanel(editor, BlockEditor(editor)), 220, 700)
    panel.add_requested.connect(lambda type_id: editor.add_node(type_id, (0.0, 0.0)))
    return panel


def labels_in(panel, section):
    index = row_of(panel, section)
    return [panel.list.model().index(n, 0, index).data() for n in range(panel.list.model().rowCount(index))]


def click(qtbot, panel, index, *, double=False):
    panel.list.scrollTo(index)
    at = panel.list.visualRect(index).center()
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    if double:
        qtbot.mouseDClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=at)


def act(panel, node_type, text):
    menu = panel.menu_for(node_type)
    next(action for action in menu.actions() if action.text() == text).trigger()
    menu.deleteLater()


def basic(panel):
    return row_of(panel, "BasicBlock", row_of(panel, "Blocks here")).data(TYPE)


def test_blocks_of_the_drawing_are_added_by_double_click(qtbot, editor, shelves):
    assert labels_in(shelves, "Blocks here") == ["BasicBlock"]
    click(qtbot, shelves, row_of(shelves, "BasicBlock", row_of(shelves, "Blocks here")), double=True)
    assert editor.graph.node_named("basic_block1").type == "block.b1"
    assert bytes(type_mime(basic(shelves)).data(NODE_TYPE_MIME)) == b"block.b1"


def test_a_drawing_without_blocks_has_no_such_section(panel):
    index = row_of(panel, "Blocks here")
    assert panel.list.isRowHidden(index.row(), index.parent())


def test_a_ready_block_comes_in_with_its_definition_as_one_step(qtbot, editor, shelves):
    before = editor.project
    section = row_of(shelves, "Ready blocks")
    assert labels_in(shelves, "Ready blocks") == []
    click(qtbot, shelves, section)
    assert len(labels_in(shelves, "Ready blocks")) == len(ready_blocks())
    click(qtbot, shelves, row_of(shelves, "GRUCell", section), double=True)
    assert [block.name for block in editor.project.blocks.values()] == ["BasicBlock", "GRUCell"]
    (node,) = editor.selection
    assert editor.project.catalog[editor.graph.nodes[node].type].label == "GRUCell"
    assert labels_in(shelves, "Blocks here") == ["BasicBlock", "GRUCell"]
    editor.undo()
    assert editor.project is before and labels_in(shelves, "Blocks here") == ["BasicBlock"]


def test_a_ready_block_is_dropped_on_the_canvas(qtbot, editor, shelves):
    canvas = show(qtbot, CanvasView(editor), 500, 400)
    shelves.list.open_section("ready", "Bottleneck")
    mime = type_mime(shelves.list.currentIndex().data(TYPE))
    how = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(canvas.viewport(), QDragEnterEvent(QPoint(100, 100), *how))
    QApplication.sendEvent(canvas.viewport(), QDropEvent(QPointF(100, 100), *how))
    assert "Bottleneck" in editor.project.definitions.names
    assert any(editor.catalog[n.type].label == "Bottleneck" for n in editor.graph.nodes.values())


def test_a_file_that_is_gone_is_explained(editor, shelves):
    refused = []
    editor.refused.connect(refused.append)
    before = editor.project
    assert editor.add_node("library:/nowhere/gone.layerloom", (0.0, 0.0)) is None
    assert "gone.layerloom" in str(refused[0]) and editor.project is before


@pytest.mark.parametrize(
    ("language", "query"), [("en", "recurrent gated"), ("zh_CN", "门控循环"), ("zh_CN", "GRUCell")]
)
def test_search_finds_blocks_by_name_and_help_in_both_languages(qtbot, shelves, language, query):
    set_language(language)
    shelves.search.setText(query)
    model = shelves.list.model()
    assert "GRUCell" in [model.index(n, 0).data() for n in range(model.rowCount())]
    types = [model.index(n, 0).data(TYPE) for n in range(model.rowCount())]
    assert any(t.id.startswith("library:") for t in types)


def test_search_finds_the_blocks_of_the_drawing(qtbot, editor, shelves):
    qtbot.keyClicks(shelves.search, "basicb")
    qtbot.keyClick(shelves.search, Qt.Key.Key_Return)
    assert editor.graph.node_named("basic_block1").type == "block.b1"


def test_a_block_is_looked_into(editor, shelves):
    act(shelves, basic(shelves), "Look inside")
    assert editor.scope == "b1"


def test_a_block_is_renamed_in_place(qtbot, editor, shelves):
    index = row_of(shelves, "BasicBlock", row_of(shelves, "Blocks here"))
    shelves.list.setCurrentIndex(index)
    shelves.list.setFocus()
    qtbot.keyClick(shelves.list, Qt.Key.Key_F2)
    field = shelves.list.findChild(QLineEdit)
    assert field.text() == "BasicBlock"
    field.selectAll()
    qtbot.keyClicks(field, "Stage")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    QApplication.processEvents()
    assert editor.project.blocks["b1"].name == "Stage"
    assert labels_in(shelves, "Blocks here") == ["Stage"]


def test_a_used_block_stays_and_an_unused_one_goes(qtbot, editor, shelves):
    refused = []
    editor.refused.connect(refused.append)
    act(shelves, basic(shelves), "Delete")
    assert "Net › stem, Net › branch" in str(refused[0]) and "b1" in editor.project.blocks
    editor.select([editor.graph.node_named(name).id for name in ("stem", "branch")])
    editor.remove_selected()
    shelves.list.setCurrentIndex(row_of(shelves, "BasicBlock", row_of(shelves, "Blocks here")))
    shelves.list.setFocus()
    qtbot.keyClick(shelves.list, Qt.Key.Key_Delete)
    assert editor.project.blocks == {}
    editor.undo()
    assert "b1" in editor.project.blocks


def test_a_block_is_saved_to_the_own_ones_and_used_elsewhere(qtbot, editor, shelves):
    shelves.list.open_section("mine")
    assert labels_in(shelves, "My blocks") == ["Save a block here by its menu."]
    saved, told = [], []
    shelves.saved.connect(saved.append)
    shelves.told.connect(told.append)
    act(shelves, basic(shelves), "Save to my blocks")
    assert saved[0].is_file() and labels_in(shelves, "My blocks") == ["BasicBlock"]
    assert shelves.list.currentIndex().data() == "BasicBlock"
    assert str(saved[0]) in str(told[0])
    other = Editor()
    assert other.add_node(f"library:{saved[0]}", (0.0, 0.0)) is not None
    assert [block.name for block in other.project.blocks.values()] == ["BasicBlock"]


def test_the_menu_opens_by_key_at_the_row(qtbot, editor, shelves):
    asked = []
    shelves.list.menu_requested.disconnect()
    shelves.list.menu_requested.connect(lambda node_type, _at: asked.append(node_type.label))
    shelves.list.setCurrentIndex(row_of(shelves, "BasicBlock", row_of(shelves, "Blocks here")))
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(5, 5), QPoint(5, 5))
    QApplication.sendEvent(shelves.list.viewport(), event)
    assert asked == ["BasicBlock"]


def test_a_ready_block_that_is_used_is_found_once(editor, shelves):
    entry = next(entry for entry in ready_blocks() if entry.name == "GRUCell")
    editor.add_node(f"library:{entry.path}", (0.0, 0.0))
    shelves.search.setText("GRUCell")
    model = shelves.list.model()
    found = [model.index(n, 0).data(TYPE) for n in range(model.rowCount())]
    assert [t.id.split(":")[0] for t in found if t.label == "GRUCell"] == ["torch.nn.GRUCell", "block.b2"]


def test_the_file_of_a_block_is_opened(editor, shelves):
    asked, shelf = [], shelf_type(ready_blocks()[0])
    shelves.open_requested.connect(asked.append)
    act(shelves, shelf, "Open the file")
    assert asked == [ready_blocks()[0].path]
    assert "Delete" not in [action.text() for action in shelves.menu_for(shelf).actions()]


def test_an_own_block_is_put_away_and_its_file_kept(editor, shelves):
    told, saved = [], []
    shelves.told.connect(told.append)
    shelves.saved.connect(saved.append)
    act(shelves, basic(shelves), "Save to my blocks")
    text = saved[0].read_text("utf-8")
    act(shelves, row_of(shelves, "BasicBlock", row_of(shelves, "My blocks")).data(TYPE), "Delete")
    assert labels_in(shelves, "My blocks") == ["Save a block here by its menu."]
    kept = saved[0].with_name(f"{saved[0].name}~")
    assert not saved[0].exists() and kept.read_text("utf-8") == text and str(kept) in str(told[-1])

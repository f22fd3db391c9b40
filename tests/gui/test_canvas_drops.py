"""Files that are dropped on the canvas become data nodes, or drawings to open; the rest is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from canvas_hand import NONE, Hand
from drawings import Drawing
from graph import files
from gui.block_editor import BlockEditor
from gui.canvas.drops import dropped_files, refusal
from gui.canvas.view import CanvasView
from gui.editor import Editor

COPY = Qt.DropAction.CopyAction


@pytest.fixture
def view(qtbot, project_folder) -> CanvasView:
    d = Drawing()
    d.add("nn.ReLU", "a")
    editor = Editor(d.project)
    editor.folder = project_folder
    view = CanvasView(editor)
    qtbot.addWidget(view)
    view.resize(1000, 700)
    view.show()
    view.zoom_to_actual()
    return view


@pytest.fixture
def table(project_folder) -> Path:
    path = project_folder / "flowers.csv"
    path.write_text("length,width,kind\n1,2,a\n2,3,b\n3,4,a\n", "utf-8")
    return path


def mime(*paths: Path) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


class Drag:
    """Drags something over the view and lets go."""

    def __init__(self, view: CanvasView, data: QMimeData, point: QPointF) -> None:
        self.view, self.data = view, data
        self.at = QPointF(view.mapFromScene(point))
        enter = QDragEnterEvent(self.at.toPoint(), COPY, data, Qt.MouseButton.LeftButton, NONE)
        QApplication.sendEvent(view.viewport(), enter)
        self.accepted = enter.isAccepted()
        if self.accepted:
            move = QDragMoveEvent(self.at.toPoint(), COPY, data, Qt.MouseButton.LeftButton, NONE)
            QApplication.sendEvent(view.viewport(), move)

    @property
    def said(self) -> str:
        pill = self.view.scene().pill
        return pill.text if pill.isVisible() else ""

    def leave(self) -> None:
        QApplication.sendEvent(self.view.viewport(), QDragLeaveEvent())

    def drop(self) -> None:
        event = QDropEvent(self.at, COPY, self.data, Qt.MouseButton.LeftButton, NONE)
        QApplication.sendEvent(self.view.viewport(), event)


def test_a_table_becomes_a_data_node_there_as_one_step(view, table, qtbot):
    editor, before = view.editor, view.editor.graph
    drag = Drag(view, mime(table), QPointF(300, 200))
    assert drag.accepted
    assert drag.said == "Let go to add Table for flowers.csv"
    drag.drop()
    assert drag.said == ""
    (new,) = editor.selection
    node = editor.graph.nodes[new]
    assert node.type == "layerloom.data.Table"
    assert node.params == {"source": "flowers.csv"}
    assert (view.scene().nodes[new].body().center() - QPointF(300, 200)).manhattanLength() <= 4
    qtbot.waitUntil(lambda: editor.graph.nodes[new].facts is not None)
    assert editor.graph.nodes[new].facts["samples"] == 3
    editor.undo()
    assert editor.graph == before
    assert editor.undo_text is None


def test_each_kind_of_file_becomes_its_kind_of_node(view, project_folder):
    (project_folder / "photos").mkdir()
    np.savez(project_folder / "arrays.npz", input=np.zeros((2, 3)), target=np.zeros(2))
    np.savez(project_folder / "pictures.npz", image=np.zeros((2, 8, 8)), label=np.zeros(2))
    (project_folder / "table.tsv").write_text("a\tb\n1\t2\n")
    names = ("photos", "arrays.npz", "pictures.npz", "table.tsv", "net.layerloom", "notes.md", "cat.png", "broken.npz")
    (project_folder / "broken.npz").write_bytes(b"no archive")
    kinds = [file.type_id for file in dropped_files(mime(*(project_folder / name for name in names)))]
    data = "layerloom.data."
    assert kinds == [f"{data}Images", f"{data}Arrays", f"{data}Images", f"{data}Table", "", None, None, f"{data}Arrays"]


def test_images_of_any_kind_become_an_images_node(view, project_folder):
    (project_folder / "list.csv").write_text('name,kind\n"cats/1.PNG",cat\n')
    (project_folder / "files.csv").write_text("name,kind\nnotes.md,cat\n")
    names = (
        "list.csv",
        "train-images-idx3-ubyte.gz",
        "t10k-labels.idx1-ubyte",
        "data_batch_1.bin",
        "files.csv",
        "old.gz",
    )
    kinds = [file.type_id for file in dropped_files(mime(*(project_folder / name for name in names)))]
    assert kinds == ["layerloom.data.Images"] * 4 + ["layerloom.data.Table", None]


def test_several_files_become_several_nodes_apart_from_each_other_as_one_step(view, table, project_folder, qtbot):
    other = project_folder / "other.csv"
    other.write_text(table.read_text())
    before = view.editor.graph
    Drag(view, mime(table, other), QPointF(300, 200)).drop()
    new = [n for n in view.editor.graph.nodes.values() if n.type == "layerloom.data.Table"]
    assert [n.params["source"] for n in new] == ["flowers.csv", "other.csv"]
    bodies = [view.scene().nodes[n.id].body() for n in new]
    assert not bodies[0].intersects(bodies[1])
    qtbot.waitUntil(lambda: all(view.editor.graph.nodes[n.id].facts for n in new))
    view.editor.undo()
    assert view.editor.graph == before


def test_a_drawing_is_to_be_opened(view, project_folder, qtbot):
    path = project_folder / "net.layerloom"
    files.save(Drawing().project, path)
    drag = Drag(view, mime(path), QPointF(300, 200))
    assert "net.layerloom" in drag.said
    with qtbot.waitSignal(view.file_dropped) as caught:
        drag.drop()
    assert caught.args == [path]
    assert view.editor.undo_text is None


def test_what_is_of_no_use_is_named_with_what_can_be_dropped(view, project_folder, qtbot):
    path = project_folder / "notes.md"
    path.write_text("hello")
    drag = Drag(view, mime(path), QPointF(300, 200))
    assert "notes.md" in drag.said
    with qtbot.waitSignal(view.editor.refused) as caught:
        drag.drop()
    assert "notes.md" in str(caught.args[0])
    assert ".csv" in str(caught.args[0])
    assert len(view.editor.graph.nodes) == 1


def test_a_single_picture_says_that_its_folder_is_needed(project_folder):
    text = str(refusal(dropped_files(mime(project_folder / "cat.png"))))
    assert "cat.png" in text
    assert "folder" in text


def test_good_and_useless_files_together(view, table, project_folder, qtbot):
    useless = project_folder / "a.doc"
    useless.write_text("x")
    drag = Drag(view, mime(table, useless), QPointF(300, 200))
    with qtbot.waitSignal(view.editor.refused):
        drag.drop()
    assert [n.type for n in view.editor.graph.nodes.values()].count("layerloom.data.Table") == 1


def test_dragged_away_nothing_is_left(view, table):
    drag = Drag(view, mime(table), QPointF(300, 200))
    drag.leave()
    assert drag.said == ""
    assert len(view.editor.graph.nodes) == 1
    Hand(view).move(QPointF(300, 200))


def test_text_and_addresses_of_the_web_are_not_taken(view):
    text, web = QMimeData(), QMimeData()
    text.setText("flowers.csv")
    web.setUrls([QUrl("https://example.org/flowers.csv")])
    for data in (text, web):
        assert not Drag(view, data, QPointF(300, 200)).accepted


def test_inside_a_block_data_goes_to_the_drawing_of_the_network(view, table):
    blocks = BlockEditor(view.editor)
    instance = blocks.new_block("Part", (600.0, 300.0))
    blocks.enter(instance)
    Drag(view, mime(table), view.center()).drop()
    assert any(n.type == "layerloom.data.Table" for n in view.editor.project.graph.nodes.values())
    assert view.editor.scope is None

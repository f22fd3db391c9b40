"""What cards say inside blocks, and where the mark of shared weights stands."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage, QPainter

from block_drawings import showcase
from graph.model import Project
from gui.canvas.card import Card, card_of
from gui.canvas.geometry import shape_of
from gui.canvas.kinship import kinship
from gui.canvas.painting import Colors, Mood, paint_card
from gui.canvas.view import CanvasView
from gui.editor import Editor
from runtime.analyser import analyse


@pytest.fixture
def editor(qapp) -> Editor:
    made = Editor(showcase())
    made.set_analysis(analyse(made.project))
    return made


@pytest.fixture
def view(qtbot, editor) -> CanvasView:
    made = CanvasView(editor)
    qtbot.addWidget(made)
    return made


def id_of(editor: Editor, name: str) -> str:
    return editor.graph.node_named(name).id


def card(project: Project, name: str, **known) -> Card:
    node = project.graph.node_named(name)
    return card_of(project, node, shape_of(project.graph, node, project.catalog), **known)


def test_ends_of_a_block_say_what_is_special_about_them(editor, view):
    editor.look_into("b2")
    h, state = (view.scene().nodes[id_of(editor, name)] for name in ("h", "state"))
    assert (h.card.summary, state.card.summary) == ("Input · state", "Output → h")
    editor.set_param(state.node.id, "state", None)
    assert (h.card.summary, state.card.summary) == ("Input 16", "Output")


def test_an_input_that_gets_another_shape_than_it_announces_announces_none(editor):
    editor.look_into("b1")
    x = id_of(editor, "x")
    found = editor.view_analysis.nodes[x]
    assert card(editor.view, "x", found=found).summary == "Input 8×28×28"
    editor.set_param(x, "shape", (3, 9, 9))
    editor.set_analysis(analyse(editor.project))
    arriving = editor.view_analysis.nodes[x].outputs["output"].shape[1:]
    assert arriving == (8, 28, 28)
    assert card(editor.view, "x", found=editor.view_analysis.nodes[x]).summary == "Input"


def test_the_mark_of_shared_weights_leaves_the_name_its_room(editor):
    shown = replace(card(editor.view, "encoder1"), name="embeddings")
    marked = replace(shown, kin=kinship(editor.graph)[id_of(editor, "encoder1")])

    def painted(what: Card) -> QImage:
        image = QImage(180, 100, QImage.Format.Format_RGB32)
        image.fill(Colors("dark")("canvas"))
        painter = QPainter(image)
        painter.translate(16, 16)
        paint_card(painter, what, Mood(), colors=Colors("dark"))
        painter.end()
        return image

    name = QRect(16 + 8, 16 + 11, 130, 15)  # the line of the name, below the mark on the edge
    assert painted(shown).copy(name) == painted(marked).copy(name)
    assert painted(shown) != painted(marked)

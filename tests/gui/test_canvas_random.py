"""Random hands: whatever is dragged, clicked, bent, cut, aligned and healed, canvas and document agree, and undo leads back."""

from __future__ import annotations

import random

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt

from canvas_hand import CONTROL, NONE, SHIFT, Hand
from drawings import lenet5
from gui.canvas.view import CanvasView
from gui.canvas_actions import CanvasActions
from gui.editor import Editor
from gui.motion import motion

ALT = Qt.KeyboardModifier.AltModifier
MODIFIERS = (NONE, NONE, ALT, SHIFT, CONTROL, ALT | SHIFT)
ACTIONS = (
    "align_left align_bottom align_vertical_centers distribute_horizontally distribute_vertically tidy tidy_selection "
    "flow_down flow_right reset_wires delete_and_heal pull_out select_downstream collapse bypass"
).split()
STEPS = 30


class Stranger:
    """Somebody who tries everything."""

    def __init__(self, view: CanvasView, seed: int) -> None:
        self.view, self.editor, self.hand = view, view.editor, Hand(view)
        self.actions = CanvasActions(view.editor, view)
        self.random = random.Random(seed)

    def spot(self) -> QPointF:
        """A place on or close to a card, on a wire, or anywhere."""
        scene, dice = self.view.scene(), self.random.random()
        if dice < 0.45 and scene.nodes:
            node = self.random.choice(list(scene.nodes))
            return self.hand.on(node) + QPointF(self.random.randint(-60, 60), self.random.randint(-25, 25))
        if dice < 0.7 and scene.wires:
            return self.random.choice(list(scene.wires.values())).path().pointAtPercent(self.random.random())
        return self.view.mapToScene(QPoint(self.random.randint(40, 1060), self.random.randint(40, 580)))

    def drag(self) -> None:
        modifiers, start, end = self.random.choice(MODIFIERS), self.spot(), self.spot()
        self.hand.press(start, modifiers=modifiers)
        for share in (0.3, 0.6, 1.0):
            self.hand.move(start + (end - start) * share, modifiers=modifiers)
        if self.random.random() < 0.15:
            self.hand.key(Qt.Key.Key_Escape)
        self.hand.release(end, modifiers=modifiers)
        self.answer()

    def answer(self) -> None:
        """Take or leave what a box offers."""
        if self.hand.box() is not None:
            self.hand.type_key(self.random.choice((Qt.Key.Key_Return, Qt.Key.Key_Escape)))

    def double_click(self) -> None:
        self.hand.double_click(self.spot())
        self.answer()

    def act(self) -> None:
        if self.random.random() < 0.5:
            self.editor.select_all()
        name = self.random.choice(ACTIONS)
        if self.actions.why_not(name) is None:
            getattr(self.actions, name)()

    def step(self) -> None:
        do = (self.drag, lambda: self.hand.click(self.spot()), self.double_click, self.act, self.editor.undo)
        self.random.choices(do, (12, 2, 1, 4, 1))[0]()

    def check(self) -> None:
        """Canvas and document agree."""
        graph, scene = self.editor.graph, self.view.scene()
        assert {i: item.place for i, item in scene.nodes.items()} == {i: n.position for i, n in graph.nodes.items()}
        assert set(scene.wires) == set(graph.links.values())
        assert all(wire.isVisible() and wire.opacity() == 1.0 for wire in scene.wires.values())


@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_hands_do_canvas_and_document_agree_and_undo_leads_back(qtbot, monkeypatch, seed):
    monkeypatch.setattr(motion, "reduced", "yes")
    editor = Editor(lenet5().placed)
    view = CanvasView(editor)
    qtbot.addWidget(view)
    view.resize(1100, 620)
    view.show()
    view.fit()
    first, stranger = editor.project, Stranger(view, seed)
    for _ in range(STEPS):
        stranger.step()
        stranger.check()
    while editor.redo_text is not None:
        editor.redo()
    last = editor.project
    while editor.undo_text is not None:
        editor.undo()
        stranger.check()
    assert editor.project == first
    while editor.redo_text is not None:
        editor.redo()
        stranger.check()
    assert editor.project == last != first

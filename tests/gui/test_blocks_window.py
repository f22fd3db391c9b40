"""Blocks in the window, by mouse and keys: made, looked into, changed, left, undone; shared weights, code, copies."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from block_drawings import memory_cell, residual, showcase
from canvas_hand import CONTROL, LEFT, NONE, SHIFT, Hand
from drawings import Drawing, lenet5, with_images
from graph import files
from graph.model import Code, Definitions, Graph, Node, Project
from gui import block_actions
from gui.canvas.naming import Naming
from gui.main_window import MainWindow
from gui.settings import Settings
from runtime import trust
from runtime.analyser import analyse

ALT = Qt.KeyboardModifier.AltModifier


def end(window: MainWindow) -> None:
    """Nothing to ask about when the window closes."""
    window.controller.shutdown()
    window.editor.mark_saved(window.editor.project)


class Person:
    """Somebody in front of the window."""

    def __init__(self, window: MainWindow) -> None:
        self.window, self.editor, self.canvas = window, window.editor, window.canvas
        self.hand = Hand(window.canvas)

    def open(self, project: Project) -> None:
        """Open a document and look at all of it, readable."""
        self.editor.open(project)
        self.window.frame.forget_run()
        self.analyse()
        self.canvas.fit()

    def analyse(self) -> None:
        """What the analysis thread would answer."""
        self.editor.set_analysis(analyse(self.editor.project))

    def id(self, name: str) -> str:
        return self.editor.graph.node_named(name).id

    def names(self) -> set[str]:
        """The cards on the canvas."""
        return {item.node.name for item in self.canvas.scene().nodes.values()}

    def select(self, *names: str) -> None:
        """Click on cards, one after the other, with shift."""
        for number, name in enumerate(names):
            self.hand.click(self.hand.on(self.id(name)), modifiers=SHIFT if number else NONE)

    def band(self, *names: str) -> None:
        """Draw a rubber band around the cards."""
        scene = self.canvas.scene()
        area = scene.nodes[self.id(names[0])].body()
        for name in names[1:]:
            area = area.united(scene.nodes[self.id(name)].body())
        self.hand.drag(area.topLeft() - QPointF(12, 12), area.bottomRight() + QPointF(12, 12))

    def key(self, key: Qt.Key, modifiers=NONE) -> None:
        """Press a key in the window: shortcuts of the menus are heard too."""
        QTest.keyClick(self.canvas, key, modifiers)

    @property
    def box(self) -> Naming | None:
        """The box that asks for a name."""
        return next((box for box in self.canvas.findChildren(Naming) if box.isVisible()), None)

    def name_it(self, text: str) -> None:
        """Type a name into the box, in the place of the suggestion, and press Enter."""
        QTest.keyClicks(self.box.edit, text)
        QTest.keyClick(self.box.edit, Qt.Key.Key_Return)

    def choose(self, action: str) -> None:
        """Choose an entry of the menus."""
        self.window.actions_by_id[action].trigger()

    @property
    def notice(self) -> str:
        return self.window.notice.text if self.window.notice.isVisible() else ""


@pytest.fixture
def person(qtbot, project_folder) -> Person:
    window = MainWindow(Settings())
    qtbot.addWidget(window, before_close_func=end)
    window.resize(1600, 1000)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    return Person(window)


@pytest.fixture
def at_work(person) -> Person:
    """In front of the showcase."""
    person.open(showcase())
    return person


def in_a_row() -> Project:
    """LeNet-5, all in one row."""
    d = lenet5()
    order = list(d.graph.nodes)
    d.graph = d.graph.move({node: (190.0 * i, 0.0) for i, node in enumerate(order)})
    return d.project


# ---- the whole way


def test_a_block_is_made_used_twice_changed_inside_and_all_of_it_undone(person, qtbot):
    person.open(in_a_row())
    editor, before = person.editor, files.to_text(person.editor.project)
    person.band("conv1", "tanh1", "pool1")
    assert len(editor.selection) == 3
    person.key(Qt.Key.Key_G, CONTROL)
    assert person.box.edit.hasFocus()
    person.name_it("Stage")
    assert person.box is None
    (stage,) = editor.selection
    assert person.canvas.scene().nodes[stage].card.summary == "Stage"
    person.analyse()
    assert editor.analysis.problems == ()
    assert editor.analysis.parameters == 61_706

    person.key(Qt.Key.Key_D, CONTROL)
    (copy,) = editor.selection
    assert editor.graph.nodes[copy].type == editor.graph.nodes[stage].type
    person.hand.drag(person.hand.on(copy), person.hand.on(copy) + QPointF(0, 200))

    stage_name = editor.graph.nodes[stage].name
    person.hand.double_click(person.hand.on(stage))
    assert person.names() == {"x", "conv1", "tanh1", "pool1", "output"}
    person.select("conv1")
    editor.set_param(person.id("conv1"), "out_channels", 12)
    crumbs = person.window.frame.breadcrumb
    assert crumbs.texts == ["LeNet5", f"{stage_name} (Stage)"]
    assert crumbs.hint.text() == "What you change here changes every Stage (2 uses)"
    qtbot.mouseClick(crumbs.buttons()[0], LEFT)
    assert "logits" in person.names()
    assert not crumbs.isVisible()
    person.analyse()
    for node in (stage, copy):
        found = editor.analysis.nodes[node]
        if found.inside:
            assert (
                found.inside[0]
                .nodes[editor.project.blocks["b1"].graph.node_named("conv1").id]
                .outputs["output"]
                .shape[1]
                == 12
            )
    assert editor.analysis.nodes[stage].outputs["output"].shape[1] == 12

    while editor.undo_text is not None:
        person.key(Qt.Key.Key_Z, CONTROL)
    assert files.to_text(editor.project) == before
    assert editor.scope is None
    assert person.names() == {node.name for node in editor.project.graph.nodes.values()}


def test_the_other_instance_changes_too(at_work):
    p = at_work
    before = {name: p.editor.analysis.nodes[p.id(name)].parameters for name in ("stage1", "stage2")}
    p.hand.double_click(p.hand.on(p.id("stage1")))
    p.editor.set_param(p.id("conv1"), "bias", False)
    p.analyse()
    p.key(Qt.Key.Key_Up, ALT)
    after = {name: p.editor.analysis.nodes[p.id(name)].parameters for name in ("stage1", "stage2")}
    assert after == {"stage1": before["stage1"] - 8, "stage2": before["stage2"] - 24}


# ---- names


def test_a_name_that_will_not_do_is_refused_in_place(at_work):
    p = at_work
    p.select("logits")
    p.key(Qt.Key.Key_G, CONTROL)
    assert p.box.edit.text() == "Block"
    height = p.box.height()
    p.name_it("2 much")
    assert "cannot be the name of a block" in p.box.complaint.text()
    assert p.box.complaint.isVisible() and not p.box.hint.isVisible()
    assert p.box.height() >= height
    QTest.keyClicks(p.box.edit, "x")
    assert not p.box.complaint.isVisible()
    p.box.edit.selectAll()
    p.name_it("BasicBlock")  # taken
    assert "Another node" in p.box.complaint.text() or "BasicBlock" in p.box.complaint.text()
    QTest.keyClick(p.box.edit, Qt.Key.Key_Escape)
    assert p.box is None
    assert p.canvas.hasFocus()
    assert p.editor.undo_text is None


def test_the_box_stays_in_the_canvas_and_closes_with_the_focus(at_work, qtbot):
    p = at_work
    p.select("accuracy")
    p.editor.select([p.id("logits")])
    p.choose("make_block")
    assert p.canvas.rect().contains(p.box.geometry())
    p.window.frame.library.search.setFocus(Qt.FocusReason.MouseFocusReason)
    assert p.box is None


def test_an_empty_block_is_added_and_filled(at_work):
    p = at_work
    p.choose("new_block")
    p.name_it("Head")
    (head,) = p.editor.selection
    assert p.canvas.scene().nodes[head].card.summary == "Head"
    p.choose("enter_block")
    assert p.names() == {"x", "output"}
    assert p.window.frame.breadcrumb.hint.text() == "Head is used once"
    p.key(Qt.Key.Key_Z, CONTROL)
    assert p.editor.scope is None
    assert head not in p.editor.graph.nodes
    assert "b3" not in p.editor.project.blocks


# ---- in and out


def test_the_breadcrumb_follows_and_leads_back_from_any_depth(person, qtbot):
    definitions = residual()
    d = Drawing("Stage", definitions=definitions)
    x = d.add("op.Input", "x", shape=(8, 28, 28))
    d.add("op.Output", "output", d.add("block.BasicBlock", "first", x))
    outer, image, _ = with_images("Deep")
    outer.definitions = d.as_block()
    outer.add("block.Stage", "body", outer.add("nn.Conv2d", "stem", image, out_channels=8, kernel_size=5))
    person.open(outer.placed)
    crumbs = person.window.frame.breadcrumb
    assert not crumbs.isVisible()
    for name in ("body", "first"):
        person.select(name)
        person.key(Qt.Key.Key_Down, ALT)
    assert crumbs.texts == ["Deep", "body (Stage)", "first (BasicBlock)"]
    assert crumbs.isVisible()
    assert [b.accessibleName() for b in crumbs.buttons()] == ["Go back to Deep", "Go back to body"]
    assert crumbs.hint.text() == "BasicBlock is used once"
    qtbot.mouseClick(crumbs.buttons()[1], LEFT)
    assert crumbs.texts == ["Deep", "body (Stage)"]
    person.hand.double_click(person.hand.on(person.id("first")))
    qtbot.mouseClick(crumbs.buttons()[0], LEFT)
    assert not crumbs.isVisible()
    assert person.editor.scope is None


def test_the_breadcrumb_is_reached_by_keyboard(at_work):
    p = at_work
    p.select("stage1")
    p.key(Qt.Key.Key_Down, ALT)
    p.canvas.setFocus()
    QTest.keyClick(p.canvas, Qt.Key.Key_Backtab, SHIFT)
    (button,) = p.window.frame.breadcrumb.buttons()
    assert button.hasFocus()
    QTest.keyClick(button, Qt.Key.Key_Return)
    assert p.editor.scope is None
    assert p.canvas.hasFocus()


def test_long_ways_and_long_names_fit_the_canvas(person):
    definitions, name = residual(), "BasicBlock"
    for number in range(7):
        d = Drawing(f"AnExtraordinarilyLongNameOfABlock{'ABCDEFG'[number]}", definitions=definitions)
        x = d.add("op.Input", "x", shape=(8, 28, 28))
        d.add("op.Output", "output", d.add(f"block.{name}", f"a_name_for_an_instance_that_is_long_{number}", x))
        definitions, name = d.as_block(), d.name
    top, image, _ = with_images("Deep")
    top.definitions = definitions
    top.add(f"block.{name}", "body", top.add("nn.Conv2d", "stem", image, out_channels=8, kernel_size=5))
    person.open(top.placed)
    person.window.resize(1000, 700)
    while person.editor.graph.node_named("conv1") is None:
        node = next(n for n in person.editor.graph.nodes.values() if n.type.startswith("block."))
        person.window.block_editor.enter(node.id)
    crumbs = person.window.frame.breadcrumb
    assert len(person.window.block_editor.path) == 8
    assert "…" in crumbs.texts
    assert crumbs.texts[0] == "Deep"
    assert person.canvas.rect().contains(crumbs.geometry())
    assert all(crumbs.rect().contains(QPoint(b.geometry().right(), 1)) for b in crumbs.buttons())


def test_undo_shows_the_drawing_in_which_it_acts(at_work):
    p = at_work
    p.select("stage1")
    p.choose("enter_block")
    p.editor.rename(p.id("conv1"), "first")
    p.choose("leave_block")
    p.choose("undo")
    assert p.editor.scope == "b1"
    assert "conv1" in p.names()
    assert p.window.frame.breadcrumb.texts == ["Showcase", "stage1 (BasicBlock)"]
    p.choose("redo")
    assert "first" in p.names()


# ---- weights


def test_two_layers_share_their_weights_by_the_menu(person):
    d, image, label = with_images("Twins")
    flat = d.add("nn.Flatten", "flatten", image)
    a, b = (d.add("nn.Linear", name, flat, out_features=10) for name in ("left", "right"))
    d.add("nn.CrossEntropyLoss", "loss", d.add("op.Add", "sum", a, b), label)
    person.open(d.placed)
    before = person.editor.analysis.parameters
    person.select("left", "right")
    person.choose("share_weights")
    person.analyse()
    assert person.editor.analysis.parameters == before // 2
    cards = {i.node.name: i.card for i in person.canvas.scene().nodes.values()}
    assert (cards["left"].kin.letter, cards["right"].right) == ("A", "shared")
    person.select("right")
    person.choose("own_weights")
    person.analyse()
    assert person.editor.analysis.parameters == before
    assert not any(item.card.kin for item in person.canvas.scene().nodes.values())
    person.choose("undo")
    person.choose("undo")
    assert person.editor.undo_text is None


@pytest.mark.parametrize(
    ("selected", "action", "reason"),
    [
        ((), "make_block", "Nothing is selected"),
        (("digits", "stem"), "make_block", "'digits' cannot be in a block"),
        (("encoder1",), "make_block", "'encoder1' shares its weights with 'encoder2'"),
        (("stem",), "enter_block", "There is no drawing inside 'stem'"),
        ((), "enter_block", "Select an instance of a block"),
        (("stage2",), "dissolve_block", "'stage2' cannot be taken apart"),
        (("stem", "stage1"), "dissolve_block", "Select one instance"),
        (("stem",), "share_weights", "at least two nodes"),
        (("stem",), "own_weights", "Nothing that is selected shares its weights"),
        ((), "leave_block", "There is nothing around it"),
    ],
)
def test_what_cannot_be_done_says_why(at_work, selected, action, reason):
    at_work.editor.select(at_work.id(name) for name in selected)
    at_work.choose(action)
    assert reason in at_work.notice
    assert at_work.box is None
    assert at_work.editor.undo_text is None


# ---- taken apart, copied


def test_a_block_is_taken_apart_again(at_work):
    p = at_work
    parameters = p.editor.analysis.parameters
    p.select("stage1")
    p.key(Qt.Key.Key_G, CONTROL | SHIFT)
    assert {"conv1", "relu1", "sum"} <= p.names()
    assert len(p.editor.selection) == 3
    p.analyse()
    assert p.editor.analysis.errors == ()
    assert p.editor.analysis.parameters == parameters


def test_what_is_copied_in_a_block_is_pasted_outside_and_into_another_window(at_work, qtbot):
    p = at_work
    p.select("stage1")
    p.choose("enter_block")
    p.editor.select([p.id("conv1"), p.id("relu1")])
    p.key(Qt.Key.Key_C, CONTROL)
    p.choose("leave_block")
    p.key(Qt.Key.Key_V, CONTROL)
    assert {"conv1", "relu1"} <= p.names()
    p.editor.select([p.id("reader")])
    p.key(Qt.Key.Key_C, CONTROL)

    other = MainWindow(Settings())
    qtbot.addWidget(other, before_close_func=end)
    other.documents.new()
    other.show()
    other.paste()
    (pasted,) = other.editor.selection
    assert other.canvas.scene().nodes[pasted].card.summary == "MemoryCell ↔ over time"
    assert [block.name for block in other.editor.project.blocks.values()] == ["MemoryCell"]
    other.paste()
    assert [block.name for block in other.editor.project.blocks.values()] == ["MemoryCell"]


def test_a_copy_of_kin_is_a_group_of_its_own(at_work):
    p = at_work
    p.editor.select([p.id("encoder1"), p.id("encoder2")])
    p.key(Qt.Key.Key_D, CONTROL)
    letters = sorted(item.card.kin.letter for item in p.canvas.scene().nodes.values() if item.card.kin)
    assert letters == ["A", "A", "B", "B"]


# ---- ports


def test_a_scan_has_more_ports_than_a_call(person):
    d = Drawing("Cell", definitions=memory_cell())
    d.add("block.MemoryCell", "cell")
    person.open(d.placed)
    item = person.canvas.scene().nodes[person.id("cell")]
    assert list(item.ports.inputs) == ["x", "h"]
    person.select("cell")
    person.editor.set_param(person.id("cell"), "use", "scan")
    assert list(item.ports.inputs) == ["x", "h", "lengths"]
    assert list(item.ports.outputs) == ["state", "state_last"]
    person.key(Qt.Key.Key_Z, CONTROL)
    assert list(item.ports.inputs) == ["x", "h"]


# ---- code


@pytest.fixture
def code_editor(person, qtbot):
    """The open code editor."""

    def find():
        (dialog,) = (d for d in person.canvas.findChildren(block_actions.CodeEditor) if d.isVisible())
        return dialog

    return find


def test_code_is_written_becomes_a_node_and_is_changed(person, code_editor, qtbot):
    person.open(Project())
    person.choose("new_code")
    dialog = code_editor()
    assert dialog.apply_button.isEnabled()
    dialog.apply_button.click()
    (node,) = person.editor.selection
    (code,) = person.editor.project.definitions.codes.values()
    assert trust.is_allowed(code.text)
    dialog.text.selectAll()
    QApplication.clipboard().setText("def twice(x):\n    return 2 * x\n")
    dialog.text.paste()
    qtbot.waitUntil(dialog.apply_button.isEnabled)
    dialog.apply_button.click()
    assert len(person.editor.project.definitions.codes) == 1
    assert person.canvas.scene().nodes[node].card.summary == "twice"
    assert list(person.canvas.scene().nodes[node].ports.inputs) == ["x"]
    dialog.reject()
    person.canvas.fit()
    person.hand.double_click(person.hand.on(node))
    assert "twice" in code_editor().text.toPlainText()
    code_editor().reject()


def test_allowing_code_asks_for_a_new_answer(person, code_editor, qtbot):
    code = Code("c1", "twice", "def twice(x):\n    return 2 * x\n")
    project = Project(Graph({"n1": Node("n1", "code.c1", "twice1")}), definitions=Definitions(codes={"c1": code}))
    person.open(project)
    person.select("twice1")
    person.choose("enter_block")
    before = person.window.analyst._number
    with qtbot.waitSignal(person.window.block_actions.allowed):
        code_editor().allow_button.click()
    assert person.window.analyst._number == before + 1
    person.choose("enter_block")  # the same dialog comes to the front
    code_editor().reject()


# ---- menus


def entries(widget: QWidget) -> list[str]:
    (menu,) = (m for m in widget.findChildren(QMenu) if m.isVisible())
    texts = [action.text().replace("&", "") for action in menu.actions() if isinstance(action, QAction)]
    menu.close()
    return texts


def test_the_menu_of_a_node_offers_what_fits_it(at_work):
    p = at_work
    offers = {"Make a block…", "Take the block apart", "Look inside", "Share weights", "Give own weights"}

    def offered(*names: str) -> set[str]:
        p.editor.select(p.id(name) for name in names)
        p.window._on_context_menu(QPoint(400, 400), p.id(names[0]))
        return offers & set(entries(p.window))

    assert offered("stem") == {"Make a block…"}
    assert offered("stage1") == {"Make a block…", "Take the block apart", "Look inside"}
    assert offered("encoder1", "encoder2") == {"Make a block…", "Share weights", "Give own weights"}
    p.editor.select([])
    p.window._on_context_menu(QPoint(400, 400), None)
    assert {"New empty block…", "New code…"} <= set(entries(p.window))

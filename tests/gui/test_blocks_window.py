"""Blocks in the window, by mouse and keys: made, looked into, changed, left, undone."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from block_drawings import residual, showcase
from canvas_hand import CONTROL, LEFT, SHIFT
from drawings import Drawing, lenet5, with_images
from graph import files
from graph.layout import tidy
from graph.model import Project
from person import Person, seat

ALT = Qt.KeyboardModifier.AltModifier


@pytest.fixture
def person(qtbot, project_folder) -> Person:
    return seat(qtbot)


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


def test_the_analysis_follows_what_is_changed_in_a_block(person, qtbot):
    person.open(showcase())
    window, editor = person.window, person.editor
    with qtbot.waitSignal(window.analyst.ready, timeout=30_000):
        window.start_background()
    qtbot.waitUntil(lambda: editor.analysis.complete, timeout=10_000)
    before = editor.analysis.parameters
    window.block_editor.enter(person.id("stage2"))
    editor.set_param(person.id("conv1"), "bias", False)
    qtbot.waitUntil(lambda: editor.analysis.parameters == before - 4 * 8, timeout=10_000)
    assert person.canvas.scene().nodes[person.id("conv1")].card.right == "576"


def test_a_block_in_itself_is_a_problem_and_no_trap(at_work):
    p = at_work
    p.window.block_editor.enter(p.id("stage1"))
    p.editor.add_node("block.b1", (0.0, 300.0))
    (inner,) = p.editor.selection
    p.analyse()
    assert "block-in-itself" in {problem.code for problem in p.editor.analysis.problems}
    p.canvas.fit()
    p.hand.double_click(p.hand.on(inner))
    assert p.window.frame.breadcrumb.texts == ["Showcase", "stage1 (BasicBlock)"]
    p.key(Qt.Key.Key_Up, ALT)
    assert p.editor.scope is None


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


def test_the_breadcrumb_lies_over_no_card(person):
    d = Drawing("Tall", definitions=residual())
    x = d.add("op.Input", "x", shape=(8, 28, 28))
    for number in range(6):
        d.add("nn.ReLU", f"relu{number}", x)
    d.add("op.Output", "output", x)
    d.graph = d.graph.move({node: (0.0, 100.0 * number) for number, node in enumerate(d.graph.nodes)})
    top = Drawing("Net", definitions=d.as_block())
    top.add("block.Tall", "tall", top.add("op.Input", "image", shape=(8, 28, 28)))
    person.open(top.placed)
    person.window.block_editor.enter(person.id("tall"))
    crumbs, scene = person.window.frame.breadcrumb, person.canvas.scene()
    assert person.canvas.mapFromScene(scene.bounds().topLeft()).y() > crumbs.geometry().bottom()
    assert person.canvas.visible_area().contains(scene.bounds())
    person.choose("leave_block")
    assert person.canvas.visible_area().contains(scene.bounds())


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


def test_a_new_block_of_nodes_from_two_rows_reads_from_left_to_right(person):
    d, image, label = with_images("Rows")
    x = image
    for number in range(7):
        x = d.add("nn.Conv2d", f"conv{number}", x, out_channels=4, kernel_size=3)
    d.add("nn.CrossEntropyLoss", "loss", d.add("nn.Linear", "fc", d.add("nn.Flatten", "flat", x)), label)
    person.open(d.project)
    person.choose("tidy")
    before = person.editor.project
    person.editor.select(d.id(f"conv{number}") for number in range(2, 7))
    instance = person.window.block_editor.make_block("Stage")
    person.window.block_editor.enter(instance)
    editor = person.editor
    assert editor.graph.move(tidy(editor.graph, sizes=person.canvas.sizes())) == editor.graph
    editor.undo()
    assert editor.project == before


def test_a_new_block_of_nodes_in_a_row_leaves_them_in_their_places(person):
    person.open(in_a_row())
    editor = person.editor
    names = ("conv1", "tanh1", "pool1")
    places = [editor.graph.node_named(name).position for name in names]
    editor.select(person.id(name) for name in names)
    person.window.block_editor.enter(person.window.block_editor.make_block("Stage"))
    assert [editor.graph.node_named(name).position for name in names] == places


def test_the_inspector_leads_to_the_code_and_to_a_new_block(person):
    heard = []
    person.canvas.inside_requested.connect(heard.append)
    person.open(in_a_row())
    person.editor.select([person.id("conv1"), person.id("tanh1")])
    person.window.frame.inspector.page.block_button.click()
    assert person.box is not None
    person.window.frame.inspector.code_requested.emit(person.id("conv1"))
    person.window.frame.problems.code_requested.emit(person.id("tanh1"))
    assert heard == [person.id("conv1"), person.id("tanh1")]


def test_the_instance_that_was_left_is_selected(person):
    blocks, editor = person.window.block_editor, person.window.editor
    editor.open(showcase())
    stage = editor.graph.node_named("stage1").id
    blocks.enter(stage)
    assert editor.selection == frozenset()
    blocks.leave()
    assert editor.selection == {stage}

"""What the menus do with blocks: shared weights, taking apart, copies, ports, code, and why something is refused."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from block_drawings import memory_cell, showcase
from canvas_hand import CONTROL, SHIFT
from drawings import Drawing, with_images
from graph.model import Code, Definitions, Graph, Link, Node, Port, Project
from gui.code_editor import CodeEditor
from gui.main_window import MainWindow
from gui.settings import Settings
from person import Person, end, seat
from runtime import trust
from runtime.library import my_folder, ready_blocks, save_to_library


@pytest.fixture
def person(qtbot, project_folder) -> Person:
    return seat(qtbot)


@pytest.fixture
def at_work(person) -> Person:
    """In front of the showcase."""
    person.open(showcase())
    return person


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
    other.run_action("paste")
    (pasted,) = other.editor.selection
    assert other.canvas.scene().nodes[pasted].card.summary == "↔ MemoryCell · over time"
    assert [block.name for block in other.editor.project.blocks.values()] == ["MemoryCell"]
    other.run_action("paste")
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
        (dialog,) = (d for d in person.window.findChildren(CodeEditor) if d.isVisible())
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
    with qtbot.waitSignal(person.window.page.code_editors.allowed):
        code_editor().allow_button.click()
    assert person.window.analyst._number == before + 1
    person.choose("enter_block")  # the same dialog comes to the front
    code_editor().reject()


def test_the_buttons_of_the_panels_open_the_code_that_came_with_a_file(person, code_editor, qtbot):
    code = Code("c1", "twice", "def twice(x):\n    return 3 * x\n")
    nodes = {"n1": Node("n1", "code.c1", "twice1"), "n2": Node("n2", "layerloom.Input", "x", {"shape": (4,)})}
    link = Link(Port("n2", "output"), Port("n1", "x"))
    person.open(Project(Graph(nodes, {link.target: link}), definitions=Definitions(codes={"c1": code})))
    person.analyse()
    frame = person.window.frame
    row = next(row for row in frame.problems.list.rows if row.problem.code == "code-not-allowed")
    row.fix_buttons[-1].click()
    assert person.editor.selection == {"n1"} and "3 * x" in code_editor().text.toPlainText()
    code_editor().reject()
    page = frame.inspector.page
    inner = next(row for row in page.problems.rows if row.problem.code == "code-not-allowed")
    for button in (page.code.allow_button, page.code.button, inner.fix_buttons[-1]):
        button.click()
        code_editor().reject()


def test_an_open_code_editor_does_not_write_into_the_next_document(person, code_editor, qtbot):
    def document(text: str) -> Project:
        trust.allow(text)
        node = Node("n1", "code.c1", "own")
        return Project(Graph({"n1": node}), definitions=Definitions(codes={"c1": Code("c1", "one", text)}))

    person.open(document("def one(x):\n    return x\n"))
    person.select("own")
    person.choose("enter_block")
    changed, precious = code_editor(), document("def precious(x):\n    return 2 * x\n")
    changed.text.replace_text("def one(x):\n    return 3 * x\n")
    qtbot.waitUntil(changed.apply_button.isEnabled)
    person.editor.open(precious)
    assert changed.isVisible() and not changed.apply_button.isEnabled()
    changed._apply()
    assert person.editor.project is precious
    changed.discard()
    person.select("own")
    person.choose("enter_block")
    unchanged = code_editor()
    assert "precious" in unchanged.text.toPlainText()
    person.editor.open(Project())
    assert not unchanged.isVisible()


def test_edits_and_undo_leave_the_code_editor_alone(person, code_editor):
    person.open(Project())
    person.choose("new_code")
    dialog = code_editor()
    dialog.apply_button.click()
    person.choose("undo")
    assert dialog.isVisible() and dialog.name.text() == dialog.entry.name
    dialog.text.replace_text("def two(x):\n    return x\n")
    dialog._read()
    dialog.apply_button.click()
    assert [code.name for code in person.editor.project.definitions.codes.values()] == ["two"]
    dialog.reject()


# ---- menus


def entries(widget: QWidget) -> list[str]:
    (menu,) = (m for m in widget.findChildren(QMenu) if m.isVisible())
    texts = [action.text().replace("&", "") for action in menu.actions() if isinstance(action, QAction)]
    menu.close()
    return texts


def test_the_menu_of_a_node_offers_what_fits_it(at_work):
    p = at_work
    keep = "Save to my blocks"
    offers = {"Make a block…", "Take the block apart", "Look inside", "Share weights", "Give own weights", keep}

    def offered(*names: str) -> set[str]:
        p.editor.select(p.id(name) for name in names)
        p.window._on_context_menu(QPoint(400, 400), p.id(names[0]))
        return offers & set(entries(p.window))

    assert offered("stem") == {"Make a block…"}
    assert offered("stage1") == {"Make a block…", "Take the block apart", "Look inside", keep}
    assert offered("encoder1", "encoder2") == {"Make a block…", "Share weights", "Give own weights"}
    p.editor.select([])
    p.window._on_context_menu(QPoint(400, 400), None)
    assert {"New empty block…", "New code…"} <= set(entries(p.window))


# ---- files of blocks


def test_a_block_is_saved_from_its_instance_and_the_notice_says_where(at_work, state_home):
    p = at_work
    p.window.notice.show_message("Something failed.", "error")
    p.select("stage1")
    p.choose("keep_block")
    (file,) = my_folder().glob("*.layerloom")
    assert str(file) in p.window.notice.text and p.window.notice.property("level") == "info"
    p.select("stem")
    p.choose("keep_block")
    assert "Select one instance of a block" in p.window.notice.text
    assert list(my_folder().glob("*.layerloom")) == [file]


def test_a_ready_block_opens_as_a_copy_and_an_own_one_as_its_file(person):
    ready = ready_blocks()[0]
    person.window.frame.library.open_requested.emit(ready.path)
    assert person.window.documents.path is None and ready.name in {
        b.name for b in person.editor.project.blocks.values()
    }
    (block,) = person.editor.project.blocks.values()
    own = save_to_library(block, person.editor.project.definitions, my_folder())
    person.window.frame.library.open_requested.emit(own)
    assert person.window.documents.path == own and own.parent == my_folder()

"""What is a step and what is none: edits that change nothing, what no file could hold, what is read or named by the way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from drawings import lenet5
from graph import files
from graph.edits import pull_out
from graph.files import load
from graph.look import NOTE, Annotation
from graph.messages import FileError, msg
from graph.model import Block, BlockParam, Project
from graph.records import MAX_NODES
from graph.strict_json import MAX_STRING
from gui import describer
from gui.clipboard import Clipboard
from gui.editor import Editor
from gui.file_watch import Disk
from safe_tools import Desk, chain, quick

ARRAYS = "layerloom.data.Arrays"


@pytest.fixture
def desk(qapp, qtbot, monkeypatch, project_folder):
    quick(monkeypatch)
    made = Desk(lenet5().project)
    yield made
    made.leave()


@pytest.fixture
def editor(desk) -> Editor:
    """LeNet-5, saved, with a step that can be redone."""
    loose = desk.editor.add_node("torch.nn.ReLU", (900.0, 900.0))
    desk.editor.mark_saved(desk.editor.project)
    desk.editor.add_node("torch.nn.ReLU", (0.0, 900.0))
    desk.editor.undo()
    desk.editor.select([loose])
    return desk.editor


def pull_out_loose(editor: Editor) -> None:
    editor.edit(lambda graph: pull_out(graph, editor.selection, editor.catalog), msg("Pull out"))


def move_nowhere(editor: Editor) -> None:
    editor.move({i: node.position for i, node in editor.graph.nodes.items()})


NOTHING: dict[str, Callable[[Editor], object]] = {
    "pull out a loose node": pull_out_loose,
    "rename to the same": lambda e: e.rename(*next((n.id, n.name) for n in e.graph.nodes.values())),
    "rename the network to the same": lambda e: e.rename_project(e.project.name),
    "reset what has its default": lambda e: e.reset_param(e.graph.node_named("conv1").id, "padding"),
    "reset at a data node": lambda e: e.reset_param(e.graph.node_named("digits").id, "normalize"),
    "set to the same": lambda e: e.set_param(e.graph.node_named("conv1").id, "out_channels", 6),
    "disconnect nothing": lambda e: e.disconnect_links([]),
    "move nowhere": move_nowhere,
    "the same plan": lambda e: e.set_plan(replace(e.project.plan), msg("Change the plan")),
    "the same look": lambda e: e.set_look(replace(e.graph.look), msg("Change the look")),
}


@pytest.mark.parametrize("act", NOTHING.values(), ids=NOTHING)
def test_an_edit_that_changes_nothing_is_no_step(editor, act):
    heard, refused, steps = [], [], len(editor.history.steps)
    editor.changed.connect(heard.append)
    editor.refused.connect(lambda message: refused.append(str(message)))
    act(editor)
    assert (len(editor.history.steps), heard, refused) == (steps, [], [])
    assert editor.redo_text is not None and editor.is_saved


def test_another_kind_of_number_is_a_step(editor):
    block = Block("b1", "Block", params=(BlockParam("width", 1),))
    editor.push(editor.project.with_block(block), msg("Make a block"))
    editor.push(editor.project.with_block(replace(block, params=(BlockParam("width", 1.0),))), msg("Change the block"))
    assert str(editor.undo_text) == "Change the block"


# ---- what no file could hold


def note(text: str) -> Annotation:
    return Annotation("a1", NOTE, text, (0.0, 0.0, 90.0, 90.0))


def test_a_drawing_that_no_file_could_hold_is_not_made(desk, editor):
    refused, before = [], editor.project
    editor.refused.connect(lambda message: refused.append(str(message)))
    assert not editor.set_look(editor.graph.look.put(note("x" * (MAX_STRING + 1))), msg("Edit the note"))
    assert refused == ["No file could hold this: the text is longer than 10000 bytes. Shorten it."]
    assert editor.project is before and editor.redo_text is not None and editor.is_saved
    assert editor.set_look(editor.graph.look.put(note("x" * MAX_STRING)), msg("Edit the note"))


def test_no_node_too_many_is_added_or_pasted(qapp):
    editor, refused = Editor(chain(MAX_NODES)), []
    editor.refused.connect(lambda message: refused.append(str(message)))
    assert editor.add_node("torch.nn.ReLU", (0.0, 0.0)) is None
    editor.select(["n0"])
    Clipboard(editor).duplicate()
    assert len(editor.graph.nodes) == MAX_NODES and editor.selection == {"n0"} and editor.undo_text is None
    assert len(refused) == 2 and all("up to 10000 nodes, and this would make 10001" in text for text in refused)
    editor.remove_selected()
    assert editor.add_node("torch.nn.ReLU", (0.0, 0.0)) is not None


def test_what_would_not_read_back_is_not_kept(desk, qtbot):
    desk.edit()
    qtbot.waitUntil(lambda: len(desk.kept()) == 1)
    (copy,) = desk.kept()
    whole = load(copy)
    bad = replace(desk.editor.project, name="x" * (MAX_STRING + 1))
    desk.editor.amend(lambda project: replace(project, name=bad.name))  # no edit can do that
    qtbot.waitUntil(lambda: bool(desk.warnings))
    assert "could not be autosaved" in desk.warnings[0] and "Shorten it" in desk.warnings[0]
    assert load(copy) == whole


# ---- names and files


def test_saving_gives_a_name_without_a_step(desk, project_folder):
    editor = desk.editor
    editor.open(Project())
    editor.add_node("torch.nn.ReLU", (0.0, 0.0))
    editor.add_node("torch.nn.ReLU", (200.0, 0.0))
    editor.undo()
    assert desk.documents.save(project_folder / "mine.layerloom")
    assert load(project_folder / "mine.layerloom") == editor.project and editor.project.name == "mine"
    assert editor.is_saved and len(editor.history.steps) == 3
    assert str(editor.undo_text) == "Add relu1" and str(editor.redo_text) == "Add relu2"
    for _ in range(2):
        editor.undo()
        assert editor.project.name == "mine"
    for _ in range(2):
        editor.redo()
    assert editor.project.name == "mine" and len(editor.graph.nodes) == 2


def test_a_save_that_fails_names_nothing(desk, project_folder):
    desk.editor.open(Project())
    before = desk.editor.project
    with pytest.raises(FileError):
        desk.documents.save(project_folder / "nowhere" / "mine.layerloom")
    assert desk.editor.project is before and len(desk.editor.history.steps) == 1


def test_a_name_that_the_person_gave_stays(desk, project_folder):
    desk.editor.rename_project("Own")
    desk.documents.save(project_folder / "mine.layerloom")
    assert desk.editor.project.name == "Own" and str(desk.editor.undo_text) == "Rename the network"


def test_who_writes_right_after_a_save_is_seen(desk, qtbot, project_folder, monkeypatch):
    real, path = files.save, project_folder / "net.layerloom"

    def save(project: Project, path) -> bytes:
        data = real(project, path)
        path.write_text(files.to_text(chain(7)), "utf-8")
        return data

    monkeypatch.setattr(files, "save", save)
    desk.documents.save(path)
    qtbot.waitUntil(lambda: desk.documents.disk is Disk.CHANGED)
    assert desk.documents.doubt(path) is not None


def test_a_save_that_worked_reports_no_error(desk, project_folder, monkeypatch):
    def unreadable(_path):
        raise PermissionError

    monkeypatch.setattr("gui.documents.digest_of", unreadable)
    assert desk.documents.save(project_folder / "net.layerloom")
    assert load(project_folder / "net.layerloom") == desk.editor.project and desk.editor.is_saved


# ---- data that are read in a thread


@pytest.fixture
def reading(desk, project_folder, monkeypatch):
    """LeNet-5 where a person chose an .npz for another data node; it is read as soon as `go` is set."""
    np.savez(project_folder / "d.npz", x=np.zeros((8, 4), "f4"), y=np.arange(8) % 2)
    real, go = describer.find, threading.Event()

    def find(node, folder, plan):
        go.wait(10)
        return real(node, folder, plan)

    editor = desk.editor
    editor.folder = project_folder
    node = editor.add_node(ARRAYS, (0.0, 900.0))
    monkeypatch.setattr(describer, "find", find)
    editor.set_param(node, "source", "d.npz")
    editor.end_merge()
    assert editor.graph.nodes[node].facts is None
    yield editor, node, go
    go.set()


def test_what_is_read_is_no_step_of_its_own(reading, qtbot):
    editor, node, go = reading
    steps = len(editor.history.steps)
    with qtbot.waitSignal(editor.changed):
        go.set()
    assert editor.graph.nodes[node].facts["samples"] == 8
    assert len(editor.history.steps) == steps and str(editor.undo_text).startswith("Set source")
    editor.undo()
    assert editor.graph.nodes[node].facts is None and "source" not in editor.graph.nodes[node].params
    editor.redo()
    assert editor.graph.nodes[node].facts["samples"] == 8


def test_what_is_read_after_an_undo_leaves_what_can_be_redone(reading, qtbot):
    editor, node, go = reading
    editor.add_node("torch.nn.ReLU", (300.0, 900.0))
    editor.move({node: (0.0, 1000.0)})
    for _ in range(3):
        editor.undo()
    steps = len(editor.history.steps)
    go.set()
    qtbot.waitUntil(lambda: not any(t.name == "layerloom-data" for t in threading.enumerate()))
    qtbot.wait(20)
    assert editor.graph.nodes[node].facts is None  # it did not ask for these
    assert len(editor.history.steps) == steps
    for _ in range(3):
        graph = editor.graph
        editor.redo()
        assert editor.graph.nodes[node].facts["samples"] == 8
        assert editor.graph.nodes["n1"] is graph.nodes["n1"]
    assert editor.redo_text is None and editor.graph.nodes[node].position == (0.0, 1000.0)


def test_who_looks_into_a_block_stays_there(reading, qtbot):
    editor, _, go = reading
    editor.push(editor.project.with_block(Block("b1", "Block")), msg("Make a block"))
    editor.look_into("b1")
    with qtbot.waitSignal(editor.changed):
        go.set()
    assert editor.scope == "b1"


def test_why_data_cannot_be_read_is_said_once(reading, qtbot, project_folder):
    editor, _, go = reading
    (project_folder / "d.npz").unlink()
    refused, project = [], editor.project
    editor.refused.connect(refused.append)
    go.set()
    qtbot.waitUntil(lambda: len(refused) == 1)
    assert editor.project is project


def test_a_large_built_in_set_stops_nobody(desk, qtbot, monkeypatch):
    """Whoever asks for large pictures sees the wish at once; what is known of them comes when they are read."""
    editor, go, real = desk.editor, threading.Event(), describer.find
    asked = []

    def find(node, folder, plan):
        asked.append(node.params.get("image_size"))
        assert threading.current_thread() is not threading.main_thread()
        go.wait(10)
        return real(node, folder, plan)

    node = editor.add_node("layerloom.data.Images", (0.0, 900.0))
    assert editor.graph.nodes[node].facts["outputs"]["image"]["shape"] == [1, 8, 8]  # as it ships: known at once
    monkeypatch.setattr(describer, "find", find)
    for size in (20, 24, 28):
        editor.set_param(node, "image_size", size)
        assert editor.graph.nodes[node].params["image_size"] == size
    go.set()
    qtbot.waitUntil(lambda: editor.graph.nodes[node].facts is not None)
    assert editor.graph.nodes[node].facts["outputs"]["image"]["shape"] == [1, 28, 28]
    qtbot.waitUntil(lambda: not any(t.name == "layerloom-data" for t in threading.enumerate()))
    assert asked == [20, 28]  # nobody waits for 24 any more


def test_every_state_that_can_come_back_learns_its_data(desk, qtbot, monkeypatch):
    editor, go, real = desk.editor, threading.Event(), describer.find
    node = editor.add_node("layerloom.data.Images", (0.0, 900.0))
    monkeypatch.setattr(describer, "find", lambda *asked: (go.wait(10), real(*asked))[1])
    for size in (20, 24, 28):
        editor.set_param(node, "image_size", size)
        editor.end_merge()
    go.set()
    qtbot.waitUntil(lambda: not any(t.name == "layerloom-data" for t in threading.enumerate()))
    qtbot.wait(20)
    for size in (28, 24, 20):
        assert editor.graph.nodes[node].facts["outputs"]["image"]["shape"] == [1, size, size]
        editor.undo()


def test_what_is_read_quickly_is_no_second_change(desk):
    editor = desk.editor
    node = editor.add_node("layerloom.data.Text", (0.0, 900.0))
    told = []
    editor.changed.connect(told.append)
    editor.set_param(node, "length", 32)
    assert editor.graph.nodes[node].facts is not None and len(told) == 1

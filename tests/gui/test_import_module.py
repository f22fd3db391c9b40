"""A PyTorch module or an ONNX file becomes a document: nothing runs without the person's word, and what came of it is said."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl

from drawings import lenet5
from graph.messages import RunError, msg
from gui.canvas.drops import NETWORK, dropped_files
from gui.import_dialog import ImportDialog
from gui.import_module_dialog import ModuleDialog
from gui.import_onnx_dialog import OnnxDialog
from gui.import_work import Outcome
from gui.main_window import MainWindow
from gui.settings import Settings
from panel_tools import choose, show
from runtime.importer.module_apart import Given, import_apart
from runtime.importer.module_source import factories, named

NET = """
import torch
from torch import nn

print("it runs")
open("ran", "w").close()


class Part(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.fc = nn.Linear(width, width)

    def forward(self, x):
        return torch.relu(self.fc(x))


class Sized(nn.Module):
    def __init__(self, width):
        super().__init__()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = nn.ModuleList([Part(), Part()])

    def forward(self, x):
        for part in self.parts:
            x = part(x)
        return x


class Choosing(Part):
    def forward(self, x):
        if x.sum() > 0:
            return self.fc(x)
        return x


def _hidden(): ...


def make_net(width=4): ...
"""
PROOF = {"batches": [2, 7, 4], "outputs": 0.0, "gradients": 2.4e-7}
REPORT = {
    "proof": PROOF,
    "nodes": 9,
    "inside": 6,
    "blocks": 1,
    "instances": 2,
    "parameters": 61706,
    "frozen": ["fc1.weight"],
}


@pytest.fixture
def net(tmp_path) -> Path:
    path = tmp_path / "nets.py"
    path.write_text(NET)
    return path


@pytest.fixture
def window(qtbot):
    made = MainWindow(Settings())
    qtbot.addWidget(made, before_close_func=lambda _: made.editor.mark_saved(made.editor.project))
    made.show_document(None)
    made.show()
    return made


def tick(qtbot, box) -> None:
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(10, box.height() // 2))


def click(qtbot, button) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_what_a_file_has_is_read_and_does_not_run(net, tmp_path):
    assert factories(net) == ["Choosing", "Net", "Part", "make_net"]
    assert not (tmp_path / "ran").exists()
    (tmp_path / "zoo").mkdir()
    (tmp_path / "zoo" / "__init__.py").touch()
    assert named(tmp_path / "zoo" / "big.py") == (tmp_path, "zoo.big")
    with pytest.raises(RunError, match="'my-net' is no name that Python can import"):
        named(tmp_path / "my-net.py")
    net.write_text("class Net(:")
    with pytest.raises(RunError, match=r"Python cannot read line 1 of .*nets.py: invalid syntax"):
        factories(net)


def test_nothing_begins_without_the_tick_and_other_code_takes_it_away(qtbot, net, tmp_path):
    dialog = show(qtbot, ModuleDialog(tmp_path), 640, 500)
    assert not dialog.import_button.isEnabled() and "Choose a Python file" in dialog.import_button.toolTip()
    qtbot.keyClicks(dialog.source.place, "nets.py")
    assert [dialog.source.factory.itemText(i) for i in range(4)] == ["Choosing", "Net", "Part", "make_net"]
    assert "only when you say that you trust it" in dialog.import_button.toolTip()
    click(qtbot, dialog.import_button)
    assert dialog._unwanted is None
    tick(qtbot, dialog.trust)
    assert dialog.import_button.isEnabled()
    choose(qtbot, dialog.source.factory, "Net")
    assert not dialog.trust.isChecked() and not dialog.import_button.isEnabled()
    tick(qtbot, dialog.trust)
    click(qtbot, dialog.import_button)
    assert dialog.error.text().startswith("Input 1: '' are no sizes.") and dialog._unwanted is None
    assert not (tmp_path / "ran").exists()
    assert dialog.source.chosen() == (tmp_path, "nets:Net")


def test_inputs_have_sizes_and_kinds(qtbot, tmp_path):
    dialog = show(qtbot, ModuleDialog(tmp_path), 640, 500)
    height = dialog.height()
    click(qtbot, dialog.inputs.add_button)
    qtbot.waitUntil(lambda: dialog.height() > height)
    qtbot.keyClicks(dialog.inputs.lines[0].sizes, "3, 8, 8")
    qtbot.keyClicks(dialog.inputs.lines[1].sizes, "12")
    assert not dialog.inputs.lines[1].count.isVisible()
    choose(qtbot, dialog.inputs.lines[1].kind, "int64")
    dialog.inputs.lines[1].count.setValue(100)
    assert dialog.inputs.given == [Given((3, 8, 8)), Given((12,), "int64", 100)]
    click(qtbot, dialog.inputs.lines[0].remove)
    assert dialog.inputs.given == [Given((12,), "int64", 100)] and not dialog.inputs.lines[0].remove.isVisible()


class Told(ImportDialog):
    """Does what a test says."""

    def __init__(self, work) -> None:
        self.work = work
        super().__init__("Import", "Words", ())

    def make_work(self):
        return self.work


def test_a_refusal_is_shown_and_what_is_stopped_counts_for_nothing(qtbot):
    ended, seen = threading.Event(), []

    def refuse(_is_wanted, _say):
        raise RunError(msg("'sort' in line 7 of {file} has no node. Say {option}.", file="net.py", option="--input"))

    dialog = show(qtbot, Told(refuse), 640, 300)
    dialog.brought.connect(seen.append)
    click(qtbot, dialog.import_button)
    qtbot.waitUntil(lambda: dialog.error.isVisible())
    assert dialog.error.text().replace("\u200b", "") == (
        "'sort' in line 7 of net.py has no node. Say the fields of its inputs above."
    )

    def go_on(is_wanted, say):
        say(msg("At work…"))
        while is_wanted():
            pass
        ended.set()
        return Outcome(lenet5().project, "Net", None, REPORT)

    dialog.work = go_on
    click(qtbot, dialog.import_button)
    qtbot.waitUntil(lambda: dialog.stage.text() == "At work…")
    assert dialog.progress.isVisible() and not dialog.error.isVisible() and dialog.close_button.text() == "Stop"
    click(qtbot, dialog.close_button)
    assert ended.wait(5) and dialog.isVisible() and dialog.import_button.isEnabled()
    qtbot.wait(50)
    assert not seen and not dialog.report.isVisible()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_what_came_of_it_is_an_unsaved_document_and_a_report(qtbot, window):
    project = lenet5().project
    dialog = show(qtbot, Told(lambda _is_wanted, _say: Outcome(project, "Net", Path("runs/one"), REPORT)), 640, 300)
    dialog.brought.connect(window.file_actions.imports._on_brought)
    click(qtbot, dialog.import_button)
    qtbot.waitUntil(lambda: dialog.report.isVisible())
    assert "largest difference 2.4e-7" in dialog.report.verdict.text()
    assert "fc1.weight" in dialog.report.notes.text()
    assert window.editor.project == project and window.documents.title == "Net"
    assert not window.editor.is_saved and window.documents.path is None
    assert window.controller.last_run == Path("runs/one") and not window.controller.is_stale
    assert window.documents.runs_folder.name == "Net.runs"


def test_files_can_be_dropped_and_have_their_menu(qtbot, window, net, tmp_path, monkeypatch):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / name)) for name in ("net.onnx", "nets.py")])
    assert [file.type_id for file in dropped_files(mime)] == [NETWORK] * 2
    begun: list[Path] = []
    monkeypatch.setattr(OnnxDialog, "start", lambda dialog: begun.append(dialog.path))
    assert window.canvas.take(mime) and begun == [tmp_path / "net.onnx"]
    assert window.findChild(ModuleDialog).source.place.text() == str(net)
    assert not (tmp_path / "ran").exists()
    name = "PySide6.QtWidgets.QFileDialog.getOpenFileName"
    monkeypatch.setattr(name, lambda *_: (str(tmp_path / "b.onnx"), ""))
    window.run_action("import_onnx")
    assert begun[1:] == [tmp_path / "b.onnx"]


@pytest.mark.slow
@pytest.mark.timeout(300)  # two processes load PyTorch
def test_a_module_runs_apart_and_becomes_a_document_with_its_weights(qtbot, window, net, tmp_path):
    window.file_actions.open_path(net)
    dialog = window.findChild(ModuleDialog)
    qtbot.keyClicks(dialog.inputs.lines[0].sizes, "4")
    choose(qtbot, dialog.source.factory, "Net")
    tick(qtbot, dialog.trust)
    click(qtbot, dialog.import_button)
    qtbot.waitUntil(lambda: dialog.report.isVisible(), timeout=120_000)
    assert (tmp_path / "ran").exists(), "its current folder is that of the file"
    assert dialog.report.verdict.text().startswith("✓ Proven") and not dialog.report.notes.isVisible()
    assert window.documents.title == "Net" and window.controller.last_run.parent == window.documents.runs_folder
    answers = []
    window.workspace.asker.ask(
        lambda trained: sum(p.numel() for p in trained.model.parameters()),
        answers.append,
        key="t",
        failed=answers.append,
    )
    qtbot.waitUntil(lambda: bool(answers), timeout=60_000)
    assert answers == [2 * (4 * 4 + 4)]


@pytest.mark.slow
def test_a_process_that_dies_or_is_not_wanted_ends_with_a_sentence(tmp_path):
    (tmp_path / "dying.py").write_text("import os\nprint('no such device', flush=True)\nos._exit(7)\n")
    (tmp_path / "waiting.py").write_text("import time\ntime.sleep(60)\n")
    said = r"ended with the status 7.*It printed last: no such device"
    with pytest.raises(RunError, match=said), import_apart("dying:Net", [Given((4,))], home=tmp_path, is_seen=False):
        pass
    looks = iter([True] * 5)
    waiting = import_apart("waiting:Net", [Given((4,))], home=tmp_path, is_wanted=lambda: next(looks, False))
    with pytest.raises(RunError, match="cancelled"), waiting:
        pass

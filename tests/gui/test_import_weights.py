"""The dialog for imported weights: what it proposes, what a person changes in it, and the run that the window asks from then on."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtWidgets import QComboBox

from drawings import lenet5
from graph import files
from gui.canvas.drops import WEIGHTS as DROPPED_WEIGHTS
from gui.canvas.drops import dropped_files
from gui.settings import Settings
from gui.weights_dialog import WeightsDialog
from gui.weights_model import FROM, HOW, NODE, sign
from gui.workspace import Workspace
from runtime.run_rows import read_row

SHAPES = {"conv1": (6, 1, 5, 5), "conv2": (16, 6, 5, 5), "fc1": (120, 400), "fc2": (84, 120), "logits": (10, 84)}


def weights(**names: str) -> dict[str, torch.Tensor]:
    """Those of LeNet-5, with other names for some layers."""
    found = {}
    for number, (layer, shape) in enumerate(SHAPES.items()):
        found[f"{names.get(layer, layer)}.weight"] = torch.full(shape, number + 1.0)
        found[f"{names.get(layer, layer)}.bias"] = torch.full(shape[:1], number + 0.5)
    return found


@pytest.fixture
def workspace(tmp_path):
    """With LeNet-5 in a file; its data is not read."""
    path = tmp_path / "net.layerloom"
    files.save(lenet5().project, path)
    made = Workspace(Settings())
    made.take(lambda documents: documents.open(path))
    yield made
    made.close()


@pytest.fixture
def opened(qtbot, workspace, tmp_path):
    """Opens the dialog for weights, and waits until they are read."""

    def open_them(content: object, name: str = "w.pt") -> WeightsDialog:
        torch.save(content, tmp_path / name)
        dialog = WeightsDialog(workspace, tmp_path / name)
        qtbot.addWidget(dialog)
        dialog.show()
        qtbot.waitUntil(lambda: dialog._thread is None, timeout=60_000)
        return dialog

    return open_them


def column(dialog: WeightsDialog, number: int) -> list[str]:
    return [dialog.model.index(row, number).data() for row in range(dialog.model.rowCount())]


def row_of(dialog: WeightsDialog, name: str) -> int:
    from gui.weights_model import LINE

    return next(r for r in range(dialog.model.rowCount()) if dialog.model.index(r, 0).data(LINE).place.name == name)


def choose(qtbot, dialog: WeightsDialog, name: str, text: str) -> None:
    """Open the list of a row by the keyboard, type, and take what fits."""
    index = dialog.model.index(row_of(dialog, name), FROM)
    dialog.view.setFocus()
    dialog.view.setCurrentIndex(index)
    qtbot.keyClick(dialog.view, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dialog.view.findChild(QComboBox) is not None)
    combo = dialog.view.findChild(QComboBox)
    qtbot.waitUntil(lambda: combo.view().isVisible())
    combo.hidePopup()
    combo.lineEdit().selectAll()
    qtbot.keyClicks(combo.lineEdit(), text)
    qtbot.keyClick(combo.lineEdit(), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dialog.view.findChild(QComboBox) is None)


def test_it_proposes_and_says_how(qtbot, opened):
    dialog = opened({"state_dict": weights(conv1="a.conv1", fc1="dense") | {"extra": torch.ones(3)}})
    assert column(dialog, NODE)[::2] == list(SHAPES)
    assert column(dialog, HOW)[:3] == ["same name after a prefix", "same name after a prefix", "same name"]
    assert column(dialog, FROM)[4] == "dense.weight" and column(dialog, HOW)[4] == "same order and shape"
    assert (
        dialog.unused.count() == 1 and "10 of 10" in dialog.summary.text() and "1 unexpected" in dialog.summary.text()
    )
    assert "taken from 'state_dict'" in dialog.notes.text() and dialog.import_button.isEnabled()
    assert not dialog.transpose.isVisible()


def test_a_person_chooses_filters_and_goes_back(qtbot, opened):
    content = weights()
    del content["fc2.weight"]
    dialog = opened({**content, "odd": torch.full((84, 120), 7.0), "turned": torch.full((84, 10), 8.0)})
    assert column(dialog, FROM)[6] == "–" and "1 missing" in dialog.summary.text()
    qtbot.mouseClick(dialog.only_problems, Qt.MouseButton.LeftButton, pos=QPoint(8, dialog.only_problems.height() // 2))
    qtbot.waitUntil(lambda: dialog.model.rowCount() == 1)
    choose(qtbot, dialog, "fc2.weight", "odd")
    assert dialog.model.rowCount() == 0 and "0 missing" in dialog.summary.text()
    dialog.only_problems.setChecked(False)
    choose(qtbot, dialog, "logits.weight", "turned")
    assert column(dialog, HOW)[8] == "chosen by you, rows become columns"
    choose(qtbot, dialog, "conv1.bias", "nothing")
    assert column(dialog, FROM)[1] == "–"
    choose(qtbot, dialog, "conv1.bias", "fc1.weight")  # of another shape
    assert column(dialog, FROM)[1] == "–"
    qtbot.keyClicks(dialog.filter, "conv2")
    assert column(dialog, FROM) == ["conv2.weight", "conv2.bias"]
    dialog.filter.clear()
    qtbot.mouseClick(dialog.again, Qt.MouseButton.LeftButton)
    assert column(dialog, FROM)[6] == "–" and column(dialog, FROM)[1] == "conv1.bias"
    qtbot.mouseClick(dialog.by_order, Qt.MouseButton.LeftButton)
    assert column(dialog, HOW)[0] == "same order and shape"


def test_matrices_that_fit_the_other_way_round_are_turned_by_a_button(qtbot, opened):
    content = weights()
    content["fc1.weight"] = content["fc1.weight"].T.contiguous()
    dialog = opened(content)
    assert column(dialog, HOW)[4] == "it is 400 × 120: fits if rows become columns" and dialog.transpose.isVisible()
    qtbot.mouseClick(dialog.transpose, Qt.MouseButton.LeftButton)
    assert column(dialog, HOW)[4] == "same name, rows become columns" and not dialog.transpose.isVisible()


def test_never_by_color_alone(qtbot, opened):
    from gui.weights_model import LINE

    content = weights(conv1="a.conv1", fc1="dense")
    content["fc2.weight"] = torch.ones(3)
    dialog = opened(content)
    lines = [dialog.model.index(row, 0).data(LINE) for row in range(dialog.model.rowCount())]
    assert len({sign(line)[0] for line in lines}) == len({str(line.words) for line in lines}) == 4


def test_it_imports_and_the_window_asks_the_run(qtbot, opened, workspace):
    dialog = opened(weights())
    with qtbot.waitSignal(workspace.asker.subject_changed, timeout=30_000), qtbot.waitSignal(dialog.told) as told:
        qtbot.mouseClick(dialog.import_button, Qt.MouseButton.LeftButton)
    run = workspace.controller.last_run
    assert run is not None and workspace.asker.run == run and workspace.asker.is_current and not dialog.isVisible()
    assert run.parent == workspace.documents.runs_folder and read_row(run).labels.tags == ("imported",)
    assert str(told.args[0]).startswith("10 of 10 weights imported") and workspace.editor.is_saved
    answers = []
    workspace.asker.ask(
        lambda trained: trained.model.fc2.weight[0, 0].item(), answers.append, key="t", failed=answers.append
    )
    qtbot.waitUntil(lambda: bool(answers), timeout=60_000)
    assert answers == [4.0]


def test_a_file_that_is_none_is_said_in_the_dialog(qtbot, opened, workspace):
    dialog = opened([1, 2])
    assert "holds a list, not weights by name" in dialog.error.text() and dialog.error.isVisible()
    assert not dialog.import_button.isEnabled() and not dialog.view.isEnabled()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible() and not workspace.documents.runs_folder.exists()


def test_weights_can_be_dropped_and_have_their_menu(qtbot, tmp_path, monkeypatch):
    from gui.main_window import MainWindow

    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / name)) for name in ("w.pt", "w.safetensors", "images.bin")])
    assert [file.type_id for file in dropped_files(mime)][:2] == [DROPPED_WEIGHTS] * 2
    window = MainWindow(Settings())
    qtbot.addWidget(window)
    window.show_document(None)
    asked: list[Path] = []
    monkeypatch.setattr(window.file_actions.imports, "import_weights_of", asked.append)
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "w.pt"))])
    assert window.canvas.take(mime) and asked == [tmp_path / "w.pt"]
    monkeypatch.setattr(
        "gui.file_actions.QFileDialog.getOpenFileName", lambda *_: (str(tmp_path / "v.safetensors"), "")
    )
    window.run_action("import_weights")
    assert asked[1:] == [tmp_path / "v.safetensors"]

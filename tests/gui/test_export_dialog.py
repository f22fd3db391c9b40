"""The export dialog: what it asks for, what it shows while it waits, the receipt, and the reason of a failure."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel

from drawings import Drawing
from graph.messages import ExportError, msg
from gui.export_dialog import Drawn, ExportDialog, difference_text, export_source
from gui.main_window import MainWindow
from gui.settings import Settings
from runtime.export import FORMATS, Receipt

RUN = Path("lenet5.runs") / "2026-01-01_120000_abcd"


class Exporter:
    """Notes its jobs and ends each when told to."""

    def __init__(self) -> None:
        self.jobs: list[tuple[Path, str, Path]] = []
        self.go_on = threading.Event()
        self.error: Exception | None = None
        self.differences = {"1": 0.0, "2": 1.2e-7, "7": 2.4e-7}

    def __call__(self, run: Path, format_id: str, path: Path) -> Receipt:
        self.jobs.append((run, format_id, path))
        assert self.go_on.wait(10)
        if self.error:
            raise self.error
        return Receipt(
            format=format_id, path=str(path), model="LeNet5", files={"model.py": "ab", "weights.safetensors": "cd"},
            versions={}, differences=self.differences, tolerance=1e-4, run=str(run), date="2026-01-01",
        )  # fmt: skip


@pytest.fixture
def exporter():
    return Exporter()


@pytest.fixture
def dialog(qtbot, exporter, tmp_path):
    made = ExportDialog(RUN, tmp_path, exporter=exporter)
    qtbot.addWidget(made)
    made.show()
    yield made
    exporter.go_on.set()
    qtbot.waitUntil(lambda: made._thread is None)


def choose(qtbot, dialog, format_id: str) -> None:
    button = dialog.choices.button(list(FORMATS).index(format_id))
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton, pos=QPoint(8, button.height() // 2))


def export(qtbot, dialog) -> None:
    qtbot.mouseClick(dialog.export_button, Qt.MouseButton.LeftButton)


@pytest.mark.parametrize(
    ("format_id", "name"), [("weights", "lenet5.safetensors"), ("onnx", "lenet5.onnx"), ("python", "lenet5_project")]
)
def test_every_format_suggests_a_name(qtbot, dialog, tmp_path, format_id, name):
    choose(qtbot, dialog, format_id)
    assert dialog.format.id == format_id
    assert Path(dialog.place.text()) == tmp_path / name


def test_the_window_stays_free_while_it_is_exported(qtbot, dialog, exporter, tmp_path):
    choose(qtbot, dialog, "onnx")
    export(qtbot, dialog)
    qtbot.waitUntil(lambda: bool(exporter.jobs))
    assert exporter.jobs == [(RUN, "onnx", tmp_path / "lenet5.onnx")]
    assert dialog.progress.isVisible()
    assert not dialog.export_button.isEnabled()
    dialog.close()
    assert dialog.isVisible()
    assert "still being checked" in dialog.error.text()
    with qtbot.waitSignal(dialog.exported):
        exporter.go_on.set()
    assert not dialog.progress.isVisible()
    assert dialog.export_button.isEnabled()


def test_the_receipt(qtbot, dialog, exporter, tmp_path):
    exporter.go_on.set()
    with qtbot.waitSignal(dialog.exported):
        export(qtbot, dialog)
    assert dialog.receipt.isVisible()
    assert dialog.receipt.verdict.text() == "✓ The same outputs: at most 2.4e-7 apart."
    words = " ".join(label.text() for label in dialog.receipt.findChildren(QLabel) if label.text())
    for part in ("batch of 1 0", "batch of 2", "1.2e-7", "batch of 7", str(tmp_path), "model.py, weights.safetensors"):
        assert part in words


def test_equal_to_the_last_bit(qtbot, dialog, exporter):
    exporter.differences = {"1": 0.0}
    exporter.go_on.set()
    with qtbot.waitSignal(dialog.exported):
        export(qtbot, dialog)
    assert dialog.receipt.verdict.text() == "✓ The same outputs, to the last bit."


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ExportError(msg("The outputs differ by 0.5.")), "The outputs differ by 0.5."),
        (ZeroDivisionError("oh"), "ZeroDivisionError: oh"),
    ],
)
def test_a_failure_is_a_sentence(qtbot, dialog, exporter, error, words):
    exporter.error = error
    exporter.go_on.set()
    export(qtbot, dialog)
    qtbot.waitUntil(dialog.error.isVisible)
    assert words in dialog.error.text()
    assert not dialog.receipt.isVisible()
    assert dialog.export_button.isEnabled()


@pytest.mark.parametrize("text", ["", " ", "/", ".", "~nobody-here/mine"])
def test_nowhere_to_write(qtbot, dialog, exporter, text):
    dialog.place.setText(text)
    export(qtbot, dialog)
    assert dialog.error.isVisible()
    assert not exporter.jobs


def test_choose_a_place(qtbot, dialog, monkeypatch, tmp_path):
    choose(qtbot, dialog, "onnx")
    monkeypatch.setattr("gui.export_dialog.QFileDialog.getSaveFileName", lambda *_: (str(tmp_path / "mine"), ""))
    dialog._browse()
    assert Path(dialog.place.text()) == tmp_path / "mine.onnx"


def test_open_the_folder(qtbot, dialog, exporter, monkeypatch, tmp_path):
    opened = []
    monkeypatch.setattr("gui.export_dialog.QDesktopServices.openUrl", lambda url: opened.append(url.toLocalFile()))
    exporter.go_on.set()
    with qtbot.waitSignal(dialog.exported):
        export(qtbot, dialog)
    qtbot.mouseClick(dialog.receipt.open_button, Qt.MouseButton.LeftButton)
    assert opened == [str(tmp_path)]


def test_difference_text():
    assert [difference_text(value) for value in (0.0, 2.4e-7, 1e-4)] == ["0", "2.4e-7", "1e-4"]


def test_a_file_that_would_be_replaced_is_pointed_out(dialog, tmp_path):
    dialog.place.setText(str(tmp_path / "mine.safetensors"))
    assert not dialog.note.isVisible()
    (tmp_path / "theirs.safetensors").touch()
    dialog.place.setText(str(tmp_path / "theirs.safetensors"))
    assert dialog.note.isVisible()
    dialog.place.clear()
    assert not dialog.note.isVisible()


def test_a_drawing_that_was_not_trained_can_leave_as_code_or_as_a_job(qtbot, exporter, tmp_path):
    drawn = Drawn(Drawing("Net").project, tmp_path, "lenet5.layerloom")
    dialog = ExportDialog(drawn, tmp_path, exporter=exporter)
    qtbot.addWidget(dialog)
    dialog.show()
    buttons = dict(zip(FORMATS, dialog.choices.buttons(), strict=True))
    assert [name for name, button in buttons.items() if button.isEnabled()] == ["code", "job"]
    assert "Press Train first" in buttons["onnx"].toolTip() and not buttons["code"].toolTip()
    assert any("Nothing is trained yet" in words.text() and words.isVisible() for words in dialog.findChildren(QLabel))
    assert not dialog.measure_button.isEnabled()
    choose(qtbot, dialog, "onnx")
    assert dialog.format.id == "code" and Path(dialog.place.text()) == tmp_path / "lenet5.py"
    choose(qtbot, dialog, "job")
    assert Path(dialog.place.text()) == tmp_path / "lenet5_job"
    exporter.go_on.set()
    with qtbot.waitSignal(dialog.exported):
        export(qtbot, dialog)
    assert exporter.jobs == [(drawn, "job", tmp_path / "lenet5_job")]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_is_in_the_drawing_is_what_is_exported(tmp_path):
    d = Drawing("Net")
    d.add("op.Output", "y", d.add("nn.ReLU", "relu1", d.add("op.Input", "x", shape=(4,))))
    receipt = export_source(Drawn(d.project, None, "net"), "code", tmp_path / "net.py")
    assert receipt.run is None and receipt.largest_difference == 0
    assert "nn.ReLU()" in (tmp_path / "net.py").read_text()


def test_a_window_offers_it_before_anything_is_trained(qtbot):
    window = MainWindow(Settings())
    qtbot.addWidget(window)
    window.show()
    window.run_action("export_model")
    (dialog,) = window.findChildren(ExportDialog)
    assert dialog.isVisible() and dialog.format.id == "code" and dialog.windowTitle() == "Export the drawing"
    dialog.close()

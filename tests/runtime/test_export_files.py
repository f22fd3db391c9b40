"""Exports run again in a clean process: what is written is equal, and what is not equal is not written."""

from __future__ import annotations

import errno
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from amount import some
from drawings import Drawing, with_images
from graph.messages import ExportError
from runtime import export as export_room
from runtime.compiler import compile_project
from runtime.export import FORMATS, export, onnx_file, receipt_path
from runtime.export.formats import Written, weights_of
from runtime.export.verify import still_copy
from runtime.predict import Trained


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Trained:
    """A network with batch normalization that has seen something, and dropout, as if a run had trained it."""
    d, x, label = with_images("Net")
    x = d.add("nn.Conv2d", "conv1", x, out_channels=4, kernel_size=5)
    x = d.add("nn.BatchNorm2d", "norm1", x)
    x = d.add("nn.ReLU", "relu1", x)
    x = d.add("nn.AdaptiveAvgPool2d", "pool1", x, output_size=4)
    x = d.add("nn.Dropout", "dropout1", d.add("nn.Flatten", "flatten1", x))
    x = d.add("nn.Linear", "logits", x, out_features=10)
    d.add("nn.CrossEntropyLoss", "loss", x, label)
    compiled = compile_project(d.project)
    model = compiled.build(seed=1).train()
    model(torch.rand(8, 1, 32, 32))
    classes = tuple("0123456789")
    run = tmp_path_factory.mktemp("2026-01-02_030405_abcd")
    return Trained(project=d.project, compiled=compiled, model=model.eval(), statistics={}, classes=classes, run=run)


@pytest.mark.parametrize("kind", some(["python", "weights", "code"], every=3))
def test_what_is_exported_gives_the_very_same_outputs_in_a_clean_process(trained, kind, tmp_path):
    receipt = export(trained, kind, tmp_path / "net")
    assert {"1", "2", "7"} <= receipt.differences.keys()
    assert receipt.largest_difference == 0.0 and receipt.tolerance == 0.0
    assert receipt.run == trained.run.name and receipt.versions["torch"] == torch.__version__
    written = Path(receipt.path)
    folder = written if written.is_dir() else written.parent
    assert {n: hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in receipt.files} == receipt.files
    record = json.loads(receipt_path(written).read_text())
    assert record["differences"] == receipt.differences and record["verdict"] == "equal"
    assert str(tmp_path) not in receipt_path(written).read_text()


def test_onnx_takes_any_batch_in_one_file_that_names_no_folder_of_this_computer(trained, tmp_path):
    receipt = export(trained, "onnx", tmp_path / "net")
    assert receipt.path == str(tmp_path / "net.onnx") and receipt.largest_difference <= 1e-5
    assert {p.name for p in tmp_path.iterdir()} == {"net.onnx", "net.onnx.receipt.json"}
    content = (tmp_path / "net.onnx").read_bytes()
    assert str(Path(__file__).parents[2]).encode() not in content and str(tmp_path).encode() not in content
    import onnx

    graph = onnx.load_from_string(content).graph
    assert [entry.name for entry in graph.input] == ["image"] and [entry.name for entry in graph.output] == ["logits"]
    assert graph.input[0].type.tensor_type.shape.dim[0].dim_param


@pytest.mark.slow
def test_a_layer_may_be_called_like_what_an_exported_program_has(tmp_path):
    """The class that an exported program is held in has an attribute `code`."""
    d = Drawing()
    x = d.add("op.Input", "x", shape=(3,))
    d.add("op.Output", "y", d.add("nn.Linear", "code", x, out_features=2))
    compiled = compile_project(d.project)
    run = tmp_path / "2026-01-02_030405_abcd"
    run.mkdir()
    made = Trained(project=d.project, compiled=compiled, model=compiled.build(seed=1).eval(), run=run)
    assert export(made, "onnx", tmp_path / "net.onnx").largest_difference < 1e-6


def test_onnx_without_its_packages_says_what_to_install(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_file, "PACKAGES", ("torch", "no_such_package"))
    with pytest.raises(ExportError, match="pip install no_such_package"):
        export(trained, "onnx", tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())


def _writes(monkeypatch, kind: str, write) -> None:
    monkeypatch.setattr(export_room, "format_of", lambda _: replace(FORMATS[kind], write=write))


def test_a_failed_comparison_is_an_error_and_leaves_the_earlier_export_alone(trained, tmp_path, monkeypatch):
    other = replace(trained, model=trained.compiled.build(seed=2))
    _writes(monkeypatch, "weights", lambda _, name: Written({name: weights_of(other)}))
    (tmp_path / "net.safetensors").write_bytes(b"before")
    with pytest.raises(ExportError, match="gives other outputs"):
        export(trained, "weights", tmp_path / "net.safetensors")
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"before"]


def test_code_that_leans_on_the_application_does_not_pass(trained, tmp_path, monkeypatch):
    text = "import runtime\n" + trained.compiled.source.model_text
    _writes(monkeypatch, "code", lambda _, name: Written({name: text.encode()}))
    with pytest.raises(ExportError, match=r"do not run in a clean process.*runtime"):
        export(trained, "code", tmp_path / "net.py")
    assert not list(tmp_path.iterdir())


def test_a_network_that_was_not_trained_gives_its_code_but_no_weights(trained, tmp_path, unchecked):
    drawn = replace(trained, run=None)
    with pytest.raises(ExportError, match="not trained yet"):
        export(drawn, "weights", tmp_path / "net")
    assert export(drawn, "code", tmp_path / "net").run is None


def test_the_comparison_leaves_the_model_here_as_it_is(trained):
    model = trained.compiled.build(seed=3).train()
    weights = {name: tensor.data_ptr() for name, tensor in model.state_dict().items()}
    still = still_copy(model)
    assert not still.training and model.training
    assert {n: t.data_ptr() for n, t in model.state_dict().items()} == weights
    assert {t.data_ptr() for t in still.state_dict().values()}.isdisjoint(weights.values())


# ---- the place


@pytest.fixture
def unchecked(monkeypatch):
    """Exports are not run again: these tests look at where files go."""
    monkeypatch.setattr(export_room, "_run_again", lambda *_: {})


def test_places_that_cannot_take_an_export_are_refused_before_any_work(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(export_room, "_run_again", lambda *_: pytest.fail("worked for nothing"))
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.onnx").mkdir()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.txt").write_text("")
    for kind, name, reason in (
        ("weights", "nowhere/net", "no folder"),
        ("python", "file", "in the way"),
        ("onnx", "folder", "in the way"),
        ("python", "folder", "holds other files"),
        ("zip", "net", "no export format 'zip'.*weights"),
    ):
        with pytest.raises(ExportError, match=reason):
            export(trained, kind, tmp_path / name)
    assert (tmp_path / "folder" / "thesis.txt").exists()


def test_an_earlier_project_is_replaced_as_a_whole(trained, tmp_path, unchecked):
    export(trained, "python", tmp_path / "net")
    (tmp_path / "net" / "__pycache__").mkdir()
    (tmp_path / "net" / "model.py").write_text("old")
    export(trained, "python", tmp_path / "net")
    assert (tmp_path / "net" / "model.py").read_text() == trained.compiled.source.model_text
    assert not (tmp_path / "net" / "__pycache__").exists()
    (tmp_path / "net" / "my_notes.txt").write_text("")
    with pytest.raises(ExportError, match="holds other files"):
        export(trained, "python", tmp_path / "net")


@pytest.mark.parametrize(("code", "reason"), [(errno.ENOSPC, "disk is full"), (errno.EACCES, "no permission")])
@pytest.mark.parametrize("kind", ["weights", "python"])
def test_a_disk_that_refuses_leaves_what_was_there(trained, tmp_path, unchecked, monkeypatch, kind, code, reason):
    receipt = export(trained, kind, tmp_path / "net")
    before = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*"))

    def refuse(*_):
        raise OSError(code, "refused")

    monkeypatch.setattr("graph.atomic.os.fsync", refuse)
    with pytest.raises(ExportError, match=reason):
        export(trained, kind, tmp_path / "net")
    assert sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*")) == before
    folder = Path(receipt.path) if kind == "python" else tmp_path
    assert {n: hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in receipt.files} == receipt.files


def test_an_export_without_a_receipt_is_not_left_behind(trained, tmp_path, unchecked, monkeypatch):
    (tmp_path / "net.safetensors.receipt.json").mkdir()
    with pytest.raises(ExportError, match="folder"):
        export(trained, "weights", tmp_path / "net")
    assert not (tmp_path / "net.safetensors").exists()

"""What the application exports as ONNX comes back as a drawing that gives the same."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import main
from graph import files
from runtime.compiler import compile_project
from runtime.importer.onnx_import import import_onnx

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
EXAMPLES = Path(main.__file__).parent / "resources" / "examples"
BACK = ["lenet5_digits", "mlp_digits", "cnn_digits", "resnet_digits", "waves_conv1d", "reviews_textcnn", "deep_bigru",
        "transformer_reviews",
        "gpt_chars", "attention_by_hand", "char_lm", "clips_cnn_lstm", "tagger_bilstm", "seq2seq_attention"]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", BACK)
def test_what_is_exported_comes_back(name, tmp_path):
    from runtime.export import export
    from runtime.predict import Trained

    project = files.load(EXAMPLES / f"{name}.layerloom")
    compiled = compile_project(project)
    model = compiled.build(seed=1).eval()
    with torch.no_grad():  # so that no two tensors of the file are equal
        for tensor in model.parameters():
            tensor.add_(0.01 * torch.randn_like(tensor))
    trained = Trained(project=project, compiled=compiled, model=model, statistics={}, classes=(), run=tmp_path)
    path = Path(export(trained, "onnx", tmp_path / "net").path)
    made = import_onnx(path)
    assert made.report.outputs <= 1e-5 and not made.report.unused
    floats = [parameter.numel() for parameter in model.parameters()]
    assert made.report.module.parameters >= sum(floats) * 0.98

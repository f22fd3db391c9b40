"""What the application exports as ONNX comes back as a drawing that gives the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import main
from graph import files
from runtime.compiler import compile_project
from runtime.importer.onnx_import import import_onnx

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
EXAMPLES = Path(main.__file__).parent / "resources" / "examples"
BACK = ["lenet5_digits", "mlp_digits", "cnn_digits", "resnet_digits", "waves_conv1d", "reviews_textcnn", "deep_bigru",
        "transformer_reviews",
        "gpt_chars", "attention_by_hand", "char_lm", "clips_cnn_lstm", "tagger_bilstm", "seq2seq_attention",
        "transformer_translate"]  # fmt: skip


def test_groups_and_parts_of_a_tensor_are_the_layers_that_they_were(tmp_path):
    """Group normalization written out, and one tensor that is cut in two for two layers, as attention has it."""
    draw = np.random.default_rng(3)
    numbers = {"w": draw.normal(size=(8, 1, 1)), "b": draw.normal(size=(8, 1, 1)), "ones": np.ones(4), "zeros": np.zeros(4),
               "both": draw.normal(size=(7, 8)), "row": draw.normal(size=7)}  # fmt: skip
    held = {name: array.astype(np.float32) for name, array in numbers.items()}
    held |= {"groups": np.array([0, 4, -1]), "cuts": np.array([3, 4])}
    nodes = [
        ("Reshape", "x groups", "a"), ("InstanceNormalization", "a ones zeros", "c"), ("Shape", "x", "shape"), ("Reshape", "c shape", "d"),
        ("Mul", "d w", "e"), ("Add", "e b", "f"), ("GlobalAveragePool", "f", "g"), ("Flatten", "g", "h"),
        ("Split", "both cuts", "one two"), ("Split", "row cuts", "p q"), ("Transpose", "one", "u"), ("Transpose", "two", "v"),
        ("MatMul", "h u", "i"), ("Add", "i p", "y"), ("MatMul", "h v", "j"), ("Add", "j q", "z"),
    ]  # fmt: skip
    made = [onnx.helper.make_node(kind, taken.split(), given.split()) for kind, taken, given in nodes]
    ends = [onnx.helper.make_tensor_value_info(name, 1, None) for name in ("y", "z")]
    graph = onnx.helper.make_graph(made, "g", [onnx.helper.make_tensor_value_info("x", 1, ["n", 8, 2, 2])], ends,
                                   [onnx.numpy_helper.from_array(array, name) for name, array in held.items()])  # fmt: skip
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "net.onnx")
    brought = import_onnx(tmp_path / "net.onnx")
    types = [node.type.rpartition(".")[2] for node in brought.project.graph.nodes.values()]
    assert types == ["Input", "GroupNorm", "AdaptiveAvgPool2d", "Flatten", "Linear", "Linear", "Output", "Output"]
    assert brought.report.module.parameters == 8 + 8 + 7 * 8 + 7 and brought.report.more == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", BACK)
def test_what_is_exported_comes_back(name, tmp_path):
    from runtime.export import export
    from runtime.predict import Trained

    project = files.load(EXAMPLES / f"{name}.layerloom")
    compiled = compile_project(project)
    model = compiled.build(seed=1).eval()
    with torch.no_grad():  # so that no two tensors of the file are equal
        statistics = [
            tensor for name, tensor in model.named_buffers() if name.endswith(("running_mean", "running_var"))
        ]
        for tensor in (*model.parameters(), *statistics):
            tensor.add_(0.01 * torch.rand_like(tensor))
    trained = Trained(project=project, compiled=compiled, model=model, statistics={}, classes=(), run=tmp_path)
    path = Path(export(trained, "onnx", tmp_path / "net").path)
    made = import_onnx(path)
    assert made.report.outputs <= 1e-5 and not made.report.unused
    floats = [parameter.numel() for parameter in model.parameters()]
    assert made.report.module.parameters >= sum(floats) * 0.98

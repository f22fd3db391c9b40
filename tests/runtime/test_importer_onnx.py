"""ONNX files become drawings that give what onnxruntime gives, or are refused with the operation and the name of its node."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import main
from graph import files
from graph.catalog.definitions import INPUT, OUTPUT
from graph.messages import RunError
from graph.model import Project
from runtime.compiler import compile_project
from runtime.importer import onnx_reading
from runtime.importer.drawing import nodes_in
from runtime.importer.module import InputSpec
from runtime.importer.onnx_import import OnnxImported, import_onnx
from runtime.importer.onnx_reading import OnnxRefusal

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
helper, numpy_helper, FLOAT, WHOLE = onnx.helper, onnx.numpy_helper, onnx.TensorProto.FLOAT, onnx.TensorProto.INT64
DRAW = np.random.default_rng(5)


def numbers(*shape: int) -> np.ndarray:
    return DRAW.standard_normal(shape).astype(np.float32)


def whole(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def one(kind: str, inputs: Sequence[str] = ("x",), out: str = "y", **attributes: Any) -> Any:
    return helper.make_node(kind, list(inputs), [out], name=f"at_{out}", **attributes)


def written(path: Path, nodes: Sequence[Any], held: Mapping[str, np.ndarray] | None = None, *, shape: Sequence[Any] = ("n", 6),
            outputs: Sequence[str] = ("y",), kind: int = FLOAT, version: int = 18, out_kind: int = FLOAT) -> Path:  # fmt: skip
    """A file with one input `x`."""
    graph = helper.make_graph(
        list(nodes), "graph", [helper.make_tensor_value_info("x", kind, list(shape))],
        [helper.make_tensor_value_info(name, out_kind, None) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in (held or {}).items()],
    )  # fmt: skip
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", version)], ir_version=8 if version < 20 else 10
    )
    path.write_bytes(model.SerializeToString())
    return path


def by_hand(made: OnnxImported, x: np.ndarray) -> np.ndarray:
    """What the drawing gives, compiled anew."""
    network = compile_project(made.project).build(seed=9)
    network.load_state_dict(dict(made.weights))
    with torch.no_grad():
        return network.eval()(torch.from_numpy(x)).numpy()


def by_onnxruntime(path: Path, x: np.ndarray) -> np.ndarray:
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


def types(project: Project) -> list[str]:
    return [n.type.rpartition(".")[2] for n in nodes_in(project) if n.type not in (INPUT, OUTPUT)]


def names(project: Project) -> list[str]:
    return [n.name for n in project.graph.nodes.values() if n.type not in (INPUT, OUTPUT)]


def same(path: Path, made: OnnxImported, x: np.ndarray) -> None:
    truth = by_onnxruntime(path, x)
    found = by_hand(made, x)
    assert found.shape == truth.shape
    np.testing.assert_allclose(found, truth, rtol=0, atol=1e-5 * max(1e-3, float(np.abs(truth).max())))


# ---- families of operations: nodes, tensors of the file, the shape of the input, and the node types that are drawn

Case = tuple[Sequence[Any], Mapping[str, np.ndarray], Sequence[Any], Sequence[str] | None]


def _chain(*steps: tuple[str, Sequence[str], Mapping[str, Any]]) -> list[Any]:
    """One operation after the other."""
    nodes, last = [], "x"
    for i, (kind, more, attributes) in enumerate(steps):
        out = "y" if i == len(steps) - 1 else f"t{i}"
        nodes.append(one(kind, [last, *more], out, **attributes))
        last = out
    return nodes


def _activations() -> Case:
    kinds = [("Relu", {}), ("LeakyRelu", {"alpha": 0.2}), ("Elu", {"alpha": 0.5}), ("Selu", {}), ("Celu", {}),
             ("Sigmoid", {}), ("Tanh", {}),
             ("Softplus", {}), ("Softsign", {}), ("HardSigmoid", {"alpha": 0.2}), ("HardSwish", {}), ("Mish", {}),
             ("ThresholdedRelu", {"alpha": 0.1}),
             ("Softmax", {"axis": -1}), ("LogSoftmax", {"axis": 1}), ("Identity", {}), ("Dropout", {})]  # fmt: skip
    return _chain(*((kind, (), settings) for kind, settings in kinds)), {}, ("n", 6), None


def _arithmetic() -> Case:
    nodes = [
        one("Abs", ["x"], "a"), one("Add", ["a", "one"], "b"), one("Log", ["b"], "c"), one("Sqrt", ["b"], "d"), one("Div", ["c", "d"], "e"),
        one("Pow", ["e", "two"], "f"), one("Exp", ["f"], "g"), one("Sub", ["one", "g"], "h"), one("Mul", ["h", "table"], "i"),
        one("Max", ["i", "x", "zero"], "j"), one("Erf", ["j"], "k"), one("Neg", ["k"], "l"), one("Clip", ["l", "low", "high"], "m"),
        one("Greater", ["m", "x"], "over"), one("Where", ["over", "m", "x"], "o"), one("Reciprocal", ["b"], "p"),
        one("Sum", ["o", "p", "x"], "q"),
        one("Sin", ["q"], "r"), one("Min", ["r", "high"], "y"),
    ]  # fmt: skip
    held = {
        "one": np.float32(1),
        "two": np.float32(2),
        "zero": np.float32(0),
        "low": np.float32(-0.5),
        "high": np.float32(0.9),
    }
    return nodes, {**{k: np.array(v) for k, v in held.items()}, "table": numbers(6)}, ("n", 6), None


def _reductions() -> Case:
    nodes = [
        one("ReduceMean", ["x", "last"], "a"), one("ReduceMax", ["x", "last"], "b"), one("ReduceMin", ["x", "last"], "c"),
        one("ReduceL2", ["x", "last"], "d"), one("ReduceLogSumExp", ["x", "last"], "e"), one("ReduceProd", ["x", "last"], "f"),
        one("ReduceSum", ["x", "both"], "g", keepdims=0), one("Unsqueeze", ["g", "both"], "h"), one("ReduceL1", ["x", "last"], "i"),
        one("CumSum", ["x", "axis"], "z"), one("ReduceSumSquare", ["z", "last"], "k"),
        one("Concat", ["a", "b", "c", "d", "e", "f", "i", "k"], "m", axis=2), one("Add", ["m", "h"], "y"),
    ]  # fmt: skip
    return nodes, {"last": whole(-1), "both": whole(1, 2), "axis": np.array(2, np.int64)}, ("n", 3, 4), None


def _shapes() -> Case:
    nodes = [
        one("Shape", ["x"], "shape"), one("Gather", ["shape", "first"], "batch"), one("Unsqueeze", ["batch", "zero"], "batch1"),
        one("Concat", ["batch1", "rest"], "sizes", axis=0), one("Reshape", ["x", "sizes"], "a"), one("Transpose", ["a"],
        "b", perm=[0, 2, 1, 3]),
        helper.make_node("Split", ["b", "parts"], ["c", "d"], axis=2), one("Concat", ["d", "c"], "e", axis=2),
        one("Slice", ["e", "one", "far", "three"], "f"), one("Pad", ["f", "pads"], "g"), one("Unsqueeze", ["g", "one"], "h"),
        one("Expand", ["h", "wide"], "i"), one("Flatten", ["i"], "j", axis=2), one("Reshape", ["j", "flat"], "k"),
        one("Gather", ["k", "chosen"], "l", axis=1),
        one("Tile", ["l", "twice"], "y"),
    ]  # fmt: skip
    held = {"first": np.array(0, np.int64), "zero": whole(0), "rest": whole(2, 3, 2), "parts": whole(1, 1), "one": whole(1),
            "far": whole(2**62),
            "three": whole(2), "pads": whole(0, 0, 1, 0, 0, 0, 0, 1), "wide": whole(1, 2, 1, 1, 1), "flat": whole(0, 2, -1),
            "chosen": whole(1, 0, -1), "twice": whole(1, 1, 2)}  # fmt: skip
    return nodes, held, ("n", 12), None


def _images() -> Case:
    nodes = [
        one("Conv", ["x", "w", "b"], "a", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        one("BatchNormalization", ["a", "scale", "shift", "mean", "variance"], "c", epsilon=1e-3), one("PRelu", ["c", "slope"], "d"),
        one("MaxPool", ["d"], "e", kernel_shape=[2, 2], strides=[2, 2]), one("Conv", ["e", "v"], "f", pads=[0, 0, 1, 1], group=2),
        one("AveragePool", ["f"], "g", kernel_shape=[3, 3], pads=[1, 1, 1, 1]), one("ConvTranspose", ["g", "u"], "h", strides=[2, 2]),
        one("InstanceNormalization", ["h", "scale3", "shift3"], "i"), one("Resize", ["i", "", "scales"],
        "j", mode="nearest", nearest_mode="floor",
            coordinate_transformation_mode="asymmetric"),
        one("GlobalAveragePool", ["j"], "k"), one("Flatten", ["k"], "l"), one("Gemm", ["l", "m", "o"], "y", transB=1),
    ]  # fmt: skip
    held = {"w": numbers(4, 2, 3, 3), "b": numbers(4), "scale": numbers(4), "shift": numbers(4), "mean": numbers(4),
            "variance": np.abs(numbers(4)), "slope": numbers(4, 1, 1), "v": numbers(4, 2, 2, 2), "u": numbers(4, 3, 2, 2),
            "scale3": numbers(3),
            "shift3": numbers(3), "scales": np.array([1, 1, 2, 2], np.float32), "m": numbers(5, 3), "o": numbers(5)}  # fmt: skip
    drawn = ["Conv2d", "BatchNorm2d", "PReLU", "MaxPool2d", "Pad", "Conv2d", "AvgPool2d", "ConvTranspose2d", "InstanceNorm2d",
             "Interpolate", "AdaptiveAvgPool2d", "Flatten", "Linear"]  # fmt: skip
    return nodes, held, ("n", 2, 8, 8), drawn


def _written_out() -> Case:
    """SiLU, GELU, layer normalization and Linear as exporters write them."""
    nodes = [
        one("MatMul", ["x", "w"], "a0"), one("Add", ["a0", "b"], "a"), one("Sigmoid", ["a"], "s"), one("Mul", ["a", "s"], "c"),
        one("Div", ["c", "root"], "e0"), one("Erf", ["e0"], "e1"), one("Add", ["e1", "one"], "e2"), one("Mul", ["c", "e2"], "e3"),
        one("Mul", ["e3", "half"], "g"), one("ReduceMean", ["g"], "m", axes=[-1]), one("Sub", ["g", "m"], "d"),
        one("Pow", ["d", "two"], "p"),
        one("ReduceMean", ["p"], "v", axes=[-1]), one("Add", ["v", "eps"], "v1"), one("Sqrt", ["v1"], "v2"), one("Div", ["d", "v2"], "n0"),
        one("Mul", ["n0", "scale"], "n1"), one("Add", ["n1", "shift"], "y"),
    ]  # fmt: skip
    held = {"w": numbers(6, 5), "b": numbers(5), "root": np.array(2**0.5, np.float32), "one": np.array(1, np.float32),
            "half": np.array(0.5, np.float32), "two": np.array(2, np.float32), "eps": np.array(1e-5, np.float32), "scale": numbers(5),
            "shift": numbers(5)}  # fmt: skip
    return nodes, held, ("n", 6), ["Linear", "SiLU", "GELU", "LayerNorm"]


FAMILIES: Mapping[str, Callable[[], Case]] = {
    "activations": _activations, "arithmetic": _arithmetic, "reductions": _reductions, "shapes": _shapes, "images": _images,
    "written_out": _written_out,
}  # fmt: skip
OLD = {"written_out": 17}


QUICK = ("activations", "written_out")


@pytest.mark.parametrize("family", [pytest.param(f, marks=() if f in QUICK else pytest.mark.slow) for f in FAMILIES])
def test_a_family_of_operations_gives_what_onnxruntime_gives(family, tmp_path):
    nodes, held, shape, drawn = FAMILIES[family]()
    path = written(tmp_path / "net.onnx", nodes, held, shape=shape, version=OLD.get(family, 18))
    made = import_onnx(path)
    assert made.report.batches == (1, 2, 7) and made.report.outputs <= 1e-5 and not made.report.module.own_code
    same(path, made, numbers(5, *(size for size in shape[1:])))
    if drawn is not None:
        assert types(made.project) == drawn


def test_layers_keep_the_names_of_the_graph_and_all_their_numbers(tmp_path):
    held = {"w": numbers(1, 3), "b": numbers(1), "unused": numbers(4)}
    nodes = [
        helper.make_node("Tanh", ["x"], ["a"], name="squash"),
        helper.make_node("Gemm", ["a", "w", "b"], ["y"], name="net/score", transB=1),
    ]
    made = import_onnx(written(tmp_path / "net.onnx", nodes, held, shape=("n", 3)))
    assert names(made.project) == ["squash", "score"]
    assert (made.report.numbers, made.report.learned, made.report.module.parameters, made.report.more) == (4, 4, 4, 0)
    assert made.report.unused == ("unused",)
    np.testing.assert_array_equal(made.weights["score.weight"].numpy(), held["w"])


def test_modules_of_exporters_become_blocks(tmp_path):
    nodes = [helper.make_node("Gemm", ["x", "w"], ["a"], name="/body/first/Gemm"),
             helper.make_node("Relu", ["a"], ["c"], name="/body/act/Relu"),
             helper.make_node("Gemm", ["c", "v"], ["y"], name="/head/Gemm")]  # fmt: skip
    made = import_onnx(written(tmp_path / "net.onnx", nodes, {"w": numbers(6, 4), "v": numbers(4, 2)}))
    assert names(made.project) == ["body", "head"]
    (block,) = made.project.blocks.values()
    assert [n.name for n in block.graph.nodes.values()][1:3] == ["first", "act"]


def test_what_the_file_shares_is_shared_and_what_no_layer_holds_learns_by_itself(tmp_path):
    nodes = [
        one("Gemm", ["x", "w"], "a"),
        one("Tanh", ["a"], "c"),
        one("Gemm", ["c", "w"], "d"),
        one("Add", ["d", "table"], "y"),
    ]
    made = import_onnx(written(tmp_path / "net.onnx", nodes, {"w": numbers(6, 6), "table": numbers(1, 6)}))
    assert made.report.module.parameters == 42 and made.report.loose == ("table",)
    assert sum(node.shares is not None for node in nodes_in(made.project)) == 1


def _recurrent(kind: str, directions: int, steps: int = 4) -> tuple[list[Any], dict[str, np.ndarray]]:
    gates = {"RNN": 1, "LSTM": 4, "GRU": 3}[kind]
    held = {"w": numbers(directions, gates * 3, 2), "r": numbers(directions, gates * 3, 3), "b": numbers(directions, gates * 6),
            "sizes": whole(0, 0, -1)}  # fmt: skip
    settings: dict[str, Any] = {"hidden_size": 3, "direction": "bidirectional" if directions == 2 else "forward"}
    settings |= {"linear_before_reset": 1} if kind == "GRU" else {}
    nodes = [one("Transpose", ["x"], "t", perm=[1, 0, 2]), one(kind, ["t", "w", "r", "b"], "s", **settings),
             one("Transpose", ["s"], "u", perm=[0, 2, 1, 3]), one("Reshape", ["u", "sizes"], "v"), one("Transpose", ["v"],
             "y", perm=[1, 0, 2])]  # fmt: skip
    return nodes, held


@pytest.mark.parametrize(
    ("kind", "directions"),
    [("LSTM", 1), pytest.param("GRU", 2, marks=pytest.mark.slow), pytest.param("RNN", 1, marks=pytest.mark.slow)],
)
def test_recurrent_layers_have_their_gates_in_order_and_are_one_node(kind, directions, tmp_path):
    nodes, held = _recurrent(kind, directions)
    path = written(tmp_path / "net.onnx", nodes, held, shape=("n", 4, 2))
    made = import_onnx(path)
    assert types(made.project) == [kind]
    assert made.report.module.parameters == sum(a.size for a in held.values() if a.dtype == np.float32)
    same(path, made, numbers(3, 4, 2))


def test_whole_numbers_look_up_a_table_of_their_own_size(tmp_path):
    nodes = [one("Gather", ["table", "x"], "a"), one("ReduceMean", ["a"], "y", axes=[1], keepdims=0)]
    path = written(tmp_path / "net.onnx", nodes, {"table": numbers(11, 4)}, shape=("n", 5), kind=WHOLE, version=17)
    made = import_onnx(path)
    assert types(made.project)[0] == "Embedding"
    same(path, made, DRAW.integers(0, 11, (3, 5)))


def test_a_file_for_one_batch_is_drawn_for_any_and_proven_on_its_own(tmp_path):
    nodes = [one("Reshape", ["x", "sizes"], "a"), one("Gemm", ["a", "w"], "y")]
    path = written(tmp_path / "net.onnx", nodes, {"sizes": whole(2, 12), "w": numbers(12, 3)}, shape=(2, 3, 4))
    made = import_onnx(path)
    assert made.report.fixed == 2 and made.report.batches == (2,)
    assert by_hand(made, numbers(5, 3, 4)).shape == (5, 3)
    same(path, made, numbers(2, 3, 4))


def test_sizes_that_the_file_leaves_open_are_asked_for(tmp_path):
    path = written(tmp_path / "net.onnx", [one("Relu")], shape=("n", "length", 2))
    with pytest.raises(RunError, match="leaves sizes of a sample open"):
        import_onnx(path)
    assert import_onnx(path, [InputSpec((4, 2))]).project.graph.nodes
    with pytest.raises(RunError, match="other sizes are described"):
        import_onnx(path, [InputSpec((4, 3))])


# ---- refusals


def _branch() -> Any:
    bodies = [
        helper.make_graph([one("Identity", ["x"], out)], out, [], [helper.make_tensor_value_info(out, FLOAT, None)])
        for out in ("p", "q")
    ]
    return one("If", ["yes"], then_branch=bodies[0], else_branch=bodies[1])


REFUSED: Mapping[str, tuple[Callable[[], list[Any]], Mapping[str, np.ndarray], str]] = {
    "If": (lambda: [_branch()], {"yes": np.array(True)}, "no such decisions"),
    "NonZero": (lambda: [one("NonZero", ["x"], "z"), one("Cast", ["z"], "y", to=FLOAT)], {}, "shapes that follow from shapes"),
    "RandomNormalLike": (lambda: [one("RandomNormalLike")], {}, "random numbers"),
    "GRU": (lambda: _recurrent("GRU", 1)[0], _recurrent("GRU", 1)[1], "linear_before_reset"),
    "Hardmax": (lambda: [one("Hardmax")], {}, "no node type stands for this operation"),
    "Reshape": (lambda: [one("Cast", ["x"], "c", to=WHOLE), one("ReduceMax", ["c"], "m", keepdims=0), one("Reshape", ["m", "minus"], "s"),
                         one("Concat", ["s", "minus"], "t", axis=0), one("Reshape", ["x", "t"], "y")],
                {"minus": whole(-1)}, "computed from the numbers of an input"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_no_drawing_can_hold_is_refused_with_its_node(kind, tmp_path):
    make, held, reason = REFUSED[kind]
    nodes = make()
    for node in nodes:
        for setting in [a for a in node.attribute if a.name == "linear_before_reset"]:
            node.attribute.remove(setting)
    path = written(tmp_path / "net.onnx", nodes, held, shape=("n", 4, 2))
    with pytest.raises(OnnxRefusal) as refused:
        import_onnx(path)
    named = next(node for node in reversed(nodes) if node.op_type == kind).name
    assert refused.value.operator == kind and refused.value.node_name == named
    assert f"'{kind}' at the node '{named}'" in str(refused.value) and reason in str(refused.value)


def test_files_that_cannot_be_read_say_why(tmp_path):
    good = written(tmp_path / "net.onnx", [one("Relu")])
    (tmp_path / "text.onnx").write_text("This is no graph.\n" * 20)
    (tmp_path / "cut.onnx").write_bytes(good.read_bytes()[:-9])
    for name in ("text.onnx", "cut.onnx"):
        with pytest.raises(RunError, match=r"not an ONNX file|breaks the rules"):
            import_onnx(tmp_path / name)
    with pytest.raises(RunError, match="There is no file"):
        import_onnx(tmp_path / "none.onnx")
    with pytest.raises(RunError, match="version 8; versions 9 to"):
        import_onnx(written(tmp_path / "old.onnx", [one("Relu")], version=8))
    with pytest.raises(RunError, match="breaks the rules of ONNX"):
        import_onnx(written(tmp_path / "wrong.onnx", [one("Relu", ["nowhere"])]))


def test_numbers_beside_the_file_are_read_from_its_folder_only(tmp_path):
    model = onnx.load(written(tmp_path / "plain.onnx", [one("Gemm", ["x", "w"])], {"w": numbers(6, 400)}))
    path = tmp_path / "net.onnx"
    onnx.save_model(model, path, save_as_external_data=True, location="net.bin", size_threshold=0)
    same(path, import_onnx(path), numbers(2, 6))
    content = (tmp_path / "net.bin").read_bytes()
    (tmp_path / "net.bin").write_bytes(content[:100])
    with pytest.raises(RunError, match="too short to hold the numbers of 'w'"):
        import_onnx(path)
    (tmp_path / "net.bin").unlink()
    with pytest.raises(RunError, match=r"missing\. Put that file beside"):
        import_onnx(path)
    (tmp_path / "inner").mkdir()
    (tmp_path / "net.bin").write_bytes(content)
    inner = tmp_path / "inner" / "net.onnx"
    inner.write_bytes(path.read_bytes().replace(b"net.bin", b"../n.bi"))
    with pytest.raises(RunError, match="outside its folder"):
        import_onnx(inner)


def test_without_the_packages_it_says_what_to_install(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(RunError, match="python -m pip install onnx onnxruntime"):
        onnx_reading.read(tmp_path / "net.onnx")


def test_an_operation_that_would_give_other_numbers_is_found(tmp_path, monkeypatch):
    from runtime.importer import onnx_operators

    monkeypatch.setitem(onnx_operators.OPERATORS, "Tanh", lambda work, x: torch.tanh(x) * 1.001)  # pyright: ignore[reportArgumentType]
    path = written(tmp_path / "net.onnx", [one("Relu", out="a"), one("Tanh", ["a"], "b"), one("Exp", ["b"], "y")])
    with pytest.raises(OnnxRefusal, match="'Tanh' at the node 'at_b' of the graph: it gives other numbers here"):
        import_onnx(path)


def test_the_command_writes_the_drawing_and_a_run_with_its_weights(tmp_path, capsys):
    path = written(tmp_path / "net.onnx", [one("Gemm", ["x", "w"], "a"), one("Relu", ["a"])], {"w": numbers(6, 3)})
    drawing = tmp_path / "back.layerloom"
    assert main.main(["import", "onnx", str(path), "-o", str(drawing), "--json"]) == 0
    record = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert record["numbers"] == record["learned"] == 18 and record["outputs"] <= 1e-5 and Path(record["run"]).is_dir()
    assert types(files.load(drawing)) == ["Linear", "ReLU"]
    assert main.main(["import", "onnx", str(path), "--dry-run"]) == 0
    assert "on batches of 1, 2, 7" in capsys.readouterr().out

"""One raw file goes into a trained model the way the data of the run did."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from graph.messages import DataError
from graph.model import Graph, Link, Node, Port, Project
from runtime.data import describe, input_from_file, prepare
from runtime.data.sources import BUILTINS


def read_node(kind: str, **params) -> Node:
    node = Node("n1", f"layerloom.data.{kind}", "data", params)
    return replace(node, facts=describe(node))


def refused(node: Node, path: Path) -> str:
    with pytest.raises(DataError) as caught:
        input_from_file(node, path, {})
    return str(caught.value)


def test_rows_of_a_table_are_standardized_with_the_statistics_of_the_run() -> None:
    node = read_node("Table", source="builtin:diabetes", target="hdl", ignore="tch")
    graph = Graph().add(node).add(Node("n2", "torch.nn.Linear", "fc1"))
    data = prepare(Project(graph.connect(Link(Port("n1", "features"), Port("n2", "input")))))
    (x,) = input_from_file(node, BUILTINS["diabetes"].path, data.statistics).values()
    assert torch.equal(x[data.test.indices], data.test.tensors[Port("n1", "features")])


def test_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    node = read_node("Table", source="builtin:iris")
    names = node.facts["columns"]
    (tmp_path / "new.csv").write_text(f"name,{','.join(reversed(names))}\nrose,4,3,2,1\n")
    assert input_from_file(node, tmp_path / "new.csv", {})[Port("n1", "features")].tolist() == [[1, 2, 3, 4]]
    (tmp_path / "new.csv").write_text("petal_width_cm\n1\n")
    assert "sepal_length_cm" in refused(node, tmp_path / "new.csv")


def test_statistics_of_earlier_runs_are_understood(tmp_path: Path) -> None:
    node = read_node("Table", source="builtin:iris")
    (tmp_path / "new.csv").write_text(f"{','.join(node.facts['columns'])}\n1,2,3,4\n")
    earlier = {"n1": {"features": {"mean": [1, 1, 1, 2], "std": [1, 2, 4, 4]}}}
    found = input_from_file(node, tmp_path / "new.csv", earlier)[Port("n1", "features")]
    assert found.tolist() == [[0, 0.5, 0.5, 0.5]]


@pytest.mark.parametrize(("mode", "ink", "paper"), [("L", 0, 255), ("L", 255, 0), ("RGB", (0, 0, 90), (255, 250, 240))])
def test_a_picture_of_a_digit_becomes_light_on_dark(tmp_path: Path, mode: str, ink: object, paper: object) -> None:
    image = Image.new(mode, (40, 40), paper)
    image.paste(ink, (16, 4, 24, 36))
    image.save(tmp_path / "one.png")
    tensor = input_from_file(read_node("Images", image_size=32), tmp_path / "one.png", {})[Port("n1", "image")]
    assert tensor.shape == (1, 1, 32, 32)
    assert tensor.dtype == torch.float32
    assert tensor[0, 0, 16, 16] > 0.9
    assert tensor[0, 0, :, 0].max() < 0.1


def test_a_picture_of_another_set_is_not_inverted(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (6, 5), "white").save(tmp_path / name / "1.png")
    node = read_node("Images", source=str(tmp_path))
    tensor = input_from_file(node, tmp_path / "a" / "1.png", {})[Port("n1", "image")]
    assert tensor.tolist() == torch.ones(1, 3, 5, 6).tolist()


def test_arrays_must_have_the_shape_of_a_sample(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", input=np.zeros((4, 3)), target=np.zeros(4))
    node = read_node("Arrays", source=str(tmp_path / "data.npz"))
    np.savez(tmp_path / "new.npz", x=np.ones((2, 3)))
    assert input_from_file(node, tmp_path / "new.npz", {})[Port("n1", "input")].tolist() == [[1, 1, 1]] * 2
    np.savez(tmp_path / "new.npz", x=np.ones((2, 5)))
    assert "(5,)" in refused(node, tmp_path / "new.npz")


@pytest.mark.parametrize("kind", ["Images", "Table"])
def test_missing_and_wrong_files(tmp_path: Path, kind: str) -> None:
    node = read_node(kind)
    assert "no file" in refused(node, tmp_path / "missing")
    (tmp_path / "wrong").write_bytes(b"\x00\xff" * 9)
    assert "wrong" in refused(node, tmp_path / "wrong")
    assert "not read its data yet" in refused(replace(node, facts=None), tmp_path / "wrong")

"""From a project to tensors: the split can be redone by hand, nothing leaks from it, and changed data is noticed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from graph.catalog import CATALOG
from graph.messages import DataError
from graph.model import Graph, Link, Node, Port, Project
from graph.plan import Plan, Split
from runtime.data import BUILTINS, describe, prepare
from runtime.data.splits import sizes, split

FEATURES, TARGET = Port("n1", "features"), Port("n1", "target")


def project(kind: str = "Table", *, folder: Path | None = None, plan: Plan | None = None, **params) -> Project:
    """A drawing with one data node that feeds a layer."""
    node = Node("n1", f"layerloom.data.{kind}", "data", params)
    graph = Graph().add(replace(node, facts=describe(node, folder)))
    return Project(_feed(graph, "n1"), plan or Plan(seed=5))


def _feed(graph: Graph, node: str) -> Graph:
    port = CATALOG[graph.nodes[node].type].outputs[0].name
    layer = graph.free_id()
    graph = graph.add(Node(layer, "torch.nn.Linear", graph.free_name("fc")))
    return graph.connect(Link(Port(node, port), Port(layer, "input")))


def with_split(train: float, validation: float, test: float, seed: int = 5) -> Plan:
    return Plan(split=Split(train, validation, test), seed=seed)


def refused(wrong: Project, folder: Path | None = None) -> str:
    with pytest.raises(DataError) as caught:
        prepare(wrong, folder)
    return str(caught.value)


def test_the_split_can_be_redone_by_hand() -> None:
    data = prepare(project("Images"))
    order = np.random.default_rng(5).permutation(1797)
    train, validation, test = np.split(order, [1258, 1438])
    for part, expected in ((data.train, train), (data.validation, validation), (data.test, test)):
        assert part.indices.tolist() == expected.tolist()
        assert part.count == len(expected)


def test_the_parts_hold_the_samples_that_their_indices_name() -> None:
    data = prepare(project("Table", source="builtin:iris", scaling="none"))
    rows = [line.split(",") for line in BUILTINS["iris"].path.read_text("utf-8").splitlines()[1:]]
    for part in (data.train, data.validation, data.test):
        for i, index in enumerate(part.indices):
            assert part.tensors[FEATURES][i].tolist() == np.float32(rows[index][:4]).tolist()
            assert data.classes[part.tensors[TARGET][i]] == rows[index][4]


def test_the_same_seed_splits_the_same_and_another_differently() -> None:
    first, again = (prepare(project(source="builtin:wine", plan=with_split(0.7, 0.1, 0.2))) for _ in range(2))
    other = prepare(project(source="builtin:wine", plan=with_split(0.7, 0.1, 0.2, seed=6)))
    assert torch.equal(first.train.tensors[FEATURES], again.train.tensors[FEATURES])
    assert first.train.indices.tolist() != other.train.indices.tolist()


@pytest.mark.parametrize(
    ("samples", "shares", "expected"),
    [
        (1797, (0.7, 0.1, 0.2), (1258, 180, 359)),
        (10, (0.7, 0.1, 0.2), (7, 1, 2)),
        (4, (0.7, 0.1, 0.2), (2, 1, 1)),
        (3, (0.98, 0.01, 0.01), (1, 1, 1)),
        (4, (0.1, 0.45, 0.45), (1, 2, 1)),
        (5, (0.8, 0, 0.2), (4, 0, 1)),
        (5, (1, 0, 0), (5, 0, 0)),
        (100, (0.01, 0.99, 0), (1, 99, 0)),
    ],
)
def test_every_share_gets_a_sample(samples: int, shares: tuple, expected: tuple) -> None:
    assert sizes(samples, Split(*shares)) == expected
    assert sorted(np.concatenate(split(samples, Split(*shares), seed=1)).tolist()) == list(range(samples))


@pytest.mark.parametrize(
    ("samples", "shares", "seed", "words"),
    [
        (2, (0.7, 0.1, 0.2), 0, "2 samples cannot be split into 3 parts"),
        (9, (0, 0.5, 0.5), 0, "no samples to train on"),
        (9, (0.7, 0.1, 0.1), 0, "add up to 1"),
        (9, (1.5, -0.5, 0), 0, "add up to 1"),
        (9, (0.7, 0.1, 0.2), -1, "seed -1 is below 0"),
    ],
)
def test_impossible_splits(samples: int, shares: tuple, seed: int, words: str) -> None:
    with pytest.raises(DataError, match=words):
        split(samples, Split(*shares), seed=seed)


def test_statistics_come_from_the_training_part_only(tmp_path: Path) -> None:
    def table(shift: float) -> str:
        """The same table, with what is not in the training part moved."""
        rows = [f"{i + (0 if i in train else shift)},{i * 0.5}\n" for i in range(50)]
        return "a,y\n" + "".join(rows)

    train = set(split(50, Split(), seed=5)[0].tolist())
    found = []
    for shift in (0, 1e6):
        (tmp_path / "t.csv").write_text(table(shift))
        found.append(prepare(project(source="t.csv", folder=tmp_path), tmp_path))
    assert found[0].statistics == found[1].statistics
    assert torch.equal(found[0].train.tensors[FEATURES], found[1].train.tensors[FEATURES])
    assert found[1].test.tensors[FEATURES].min() > 1e4


def test_standardized_features_have_mean_0_and_variance_1() -> None:
    data = prepare(project(source="builtin:breast_cancer"))
    x = data.train.tensors[FEATURES].double()
    assert x.mean(0).abs().max() < 1e-6
    assert (x.var(0, unbiased=False) - 1).abs().max() < 1e-5
    assert json.loads(json.dumps(data.statistics)) == data.statistics


def test_a_constant_feature_becomes_0(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b,y\n" + "".join(f"0.1,{i},{i * 0.3}\n" for i in range(20)))
    data = prepare(project(source="t.csv", folder=tmp_path), tmp_path)
    assert data.train.tensors[FEATURES][:, 0].abs().max() < 1e-6
    assert data.statistics["n1"]["numbers"]["scale"][0] == 1


def test_without_standardize_features_stay_as_they_are() -> None:
    data = prepare(project(source="builtin:diabetes", scaling="none"))
    assert set(data.statistics["n1"]["numbers"]["scale"]) == {1}
    assert data.train.tensors[FEATURES][:, 0].min() == 19  # years of age


def test_shapes_and_dtypes_are_those_of_the_facts() -> None:
    for case in (project("Images", image_size=(10, 12)), project(), project(source="builtin:iris")):
        data = prepare(case)
        for name, output in case.graph.nodes["n1"].facts["outputs"].items():
            tensor = data.validation.tensors[Port("n1", name)]
            assert list(tensor.shape[1:]) == output["shape"]
            assert str(tensor.dtype) == f"torch.{output['dtype']}"
            assert tensor.is_contiguous()


def test_only_data_nodes_with_wires_are_read(tmp_path: Path) -> None:
    used = project()
    lonely = Node("n9", "layerloom.data.Table", "lonely", {"source": "nowhere.csv"})
    data = prepare(used.with_graph(used.graph.add(lonely)), tmp_path)
    assert set(data.train.tensors) == {FEATURES, TARGET}
    assert "No data node is connected" in refused(Project(Graph().add(lonely)))


def test_several_data_nodes_share_the_split(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", input=np.arange(442.0), target=np.arange(442.0))
    both = project()
    extra = Node("n7", "layerloom.data.Arrays", "extra", {"source": "a.npz"})
    graph = both.graph.add(replace(extra, facts=describe(extra, tmp_path)))
    data = prepare(both.with_graph(_feed(graph, "n7")), tmp_path)
    assert data.test.tensors[Port("n7", "input")][:, 0].tolist() == data.test.indices.tolist()
    np.savez(tmp_path / "a.npz", input=np.arange(9.0), target=np.arange(9.0))
    graph = both.graph.add(replace(extra, facts=describe(extra, tmp_path)))
    message = refused(both.with_graph(_feed(graph, "n7")), tmp_path)
    assert "data: 442, extra: 9" in message


def test_changed_data_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,y\n1,2.5\n3,4.5\n5,6.5\n")
    known = project(source="t.csv", folder=tmp_path)
    assert prepare(known, tmp_path).train.count == 1
    (tmp_path / "t.csv").write_text("a,y\n1,2.5\n3,4.5\n5,6.0\n")
    assert "has changed since it was read" in refused(known, tmp_path)
    (tmp_path / "t.csv").unlink()
    assert "no file" in refused(known, tmp_path)


def test_changed_settings_and_unread_data_are_noticed() -> None:
    known = project("Images")
    resized = known.with_graph(known.graph.set_params("n1", {"image_size": 16}))
    assert "other shapes" in refused(resized)
    assert "not read its data yet" in refused(known.with_graph(known.graph.set_facts("n1", None)))


def test_facts_may_come_back_from_a_file_as_tuples() -> None:
    known = project(source="builtin:iris")
    facts = dict(known.graph.nodes["n1"].facts)
    facts |= {"classes": tuple(facts["classes"]), "columns": tuple(facts["columns"])}
    data = prepare(known.with_graph(known.graph.set_facts("n1", facts)))
    assert data.classes == ("setosa", "versicolor", "virginica")

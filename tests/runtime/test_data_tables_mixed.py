"""Tables of numbers and words with gaps: what becomes of them, next to scikit-learn; and that nothing leaks from the test part."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from graph.messages import DataError
from graph.model import Graph, Link, Node, Port, Project
from graph.plan import Plan
from runtime.data import describe, input_from_file, load, look, prepare

X = Port("n1", "features")
COLORS = ("red", "green", "blue", "")


def write(folder: Path, rows: list[list[object]], name: str = "t.csv", **how) -> Path:
    text = "\n".join(",".join(map(str, row)) for row in [["size", "color", "age", "y"], *rows])
    (folder / name).write_text(text + "\n", **how)
    return folder / name


def mixed(count: int = 60) -> list[list[object]]:
    draw = np.random.default_rng(1)
    return [
        [
            "" if draw.random() < 0.2 else round(draw.normal(5, 2), 3),
            COLORS[draw.integers(4)],
            draw.integers(9),
            i * 0.25,
        ]
        for i in range(count)
    ]


def project(path: Path, seed: int = 5, **params) -> Project:
    node = Node("n1", "layerloom.data.Table", "rows", {"source": str(path), **params})
    graph = Graph().add(replace(node, facts=describe(node))).add(Node("n2", "torch.nn.Linear", "fc1"))
    return Project(graph.connect(Link(X, Port("n2", "input"))), Plan(seed=seed))


@pytest.mark.parametrize(
    ("scaling", "scaler"), [("standardize", StandardScaler), ("min-max", MinMaxScaler), ("none", None)]
)
def test_numbers_and_words_become_what_scikit_learn_makes_of_them(tmp_path: Path, scaling: str, scaler) -> None:
    rows = mixed()
    data = prepare(project(write(tmp_path, rows), scaling=scaling, missing="fill"))
    numbers = np.array([[np.nan if row[0] == "" else row[0], row[2]] for row in rows], dtype=object)
    table = np.concatenate([numbers, np.array([[row[1]] for row in rows], dtype=object)], axis=1)
    steps = [SimpleImputer(strategy="mean"), *([scaler()] if scaler else [])]
    peer = make_column_transformer((make_pipeline(*steps), [0, 1]), (OneHotEncoder(), [2]))
    peer.fit(table[data.train.indices])
    for part in data.parts:
        expected = peer.transform(table[part.indices])
        assert np.allclose(part.tensors[X], np.asarray(expected, dtype=float), atol=1e-6)


def test_what_is_in_the_test_part_changes_nothing_in_training(tmp_path: Path) -> None:
    rows = mixed()
    before = prepare(project(write(tmp_path, rows), missing="fill"))
    for number in np.concatenate([before.validation.indices, before.test.indices]).tolist():
        rows[number][:3] = [1e6 + number, "aaa red" if rows[number][1] == "red" else rows[number][1], 77]
    for number in before.train.indices.tolist():
        assert rows[number][1] != "aaa red"
    after = prepare(project(write(tmp_path, rows), missing="fill"))
    (was,), (found,) = (data.statistics["n1"]["words"] for data in (before, after))
    assert before.statistics["n1"]["numbers"] == after.statistics["n1"]["numbers"]
    assert was["words"] == found["words"] and found["width"] == was["width"] + 1
    old, new = before.train.tensors[X], after.train.tensors[X]
    assert torch.equal(old, new[:, : old.shape[1]]) and not new[:, old.shape[1] :].any()
    assert not torch.equal(before.test.tensors[X], after.test.tensors[X][:, : old.shape[1]])


def test_a_word_that_training_did_not_have_gives_zeros_and_the_width_stays(tmp_path: Path) -> None:
    rows = [[i, "rare" if i == 0 else "often", 1 + i, i * 0.5] for i in range(30)]
    path = write(tmp_path, rows)
    for seed in range(6):
        data = prepare(project(path, seed=seed))
        assert data.train.tensors[X].shape[1] == 4
        for part in data.parts:
            rare = part.tensors[X][torch.from_numpy(part.indices == 0)]
            seen = part is data.train or 0 in data.train.indices
            assert rare[:, 2:].sum() == (len(rare) if seen else 0)


def test_new_rows_are_transformed_as_in_training(tmp_path: Path) -> None:
    made = project(write(tmp_path, mixed()), missing="fill")
    data, node = prepare(made), made.graph.nodes["n1"]
    statistics = json.loads(json.dumps(data.statistics))  # as they come back from a run
    again = input_from_file(node, tmp_path / "t.csv", statistics)[X]
    assert torch.equal(again[data.test.indices], data.test.tensors[X])
    (tmp_path / "new.csv").write_text("color,age,size\nmauve,3,\n")
    row = input_from_file(node, tmp_path / "new.csv", statistics)[X][0]
    assert row[0].abs() < 1e-6 and not row[2:].any()


def test_missing_cells_are_filled_only_where_the_model_was_trained_so(tmp_path: Path) -> None:
    made = project(write(tmp_path, mixed()), missing="drop rows")
    (tmp_path / "new.csv").write_text("color,age,size\nred,3,\n")
    with pytest.raises(DataError, match=r"misses 1 values.*2 \(size\)"):
        input_from_file(made.graph.nodes["n1"], tmp_path / "new.csv", prepare(made).statistics)


def test_rows_with_gaps_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = mixed()
    node = project(write(tmp_path, rows), missing="drop rows").graph.nodes["n1"]
    whole = [row for row in rows if row[0] != "" and row[1]]
    loaded = load(node)
    assert loaded.samples == len(whole) and loaded.skipped == 60 - len(whole) == node.facts["skipped"]
    assert f"{60 - len(whole)} rows were left out" in str(loaded.broken[0])
    assert loaded.store.arrays["target"][:, 0].tolist() == [row[3] for row in whole]


def test_several_targets_are_a_regression(tmp_path: Path) -> None:
    loaded = load(project(write(tmp_path, [[1, "a", 2, 3], [4, "b", 5, 6]]), target="age, y").graph.nodes["n1"])
    assert loaded.store.arrays["target"].tolist() == [[2, 3], [5, 6]]
    assert loaded.outputs["target"].shape == (2,) and loaded.columns == ("size", "color")


def test_the_look_shows_what_stands_in_the_file(tmp_path: Path) -> None:
    node = project(
        write(tmp_path, [[1e3, "red", 2, 3], ["", "", 5, 6], [2.5, "red", 7, 9]]), missing="fill"
    ).graph.nodes["n1"]
    shown = look(node)
    assert shown.header == ("size", "color", "age", "target: y")
    assert shown.rows == (("1000", "red", "2", "3"), ("", "", "5", "6"), ("2.5", "red", "7", "9"))
    size, color, age, _ = shown.columns
    assert (size.missing, size.least, size.most, size.mean, size.distinct) == (1, 2.5, 1000, 501.25, 2)
    assert sum(size.histogram) == 2 and age.deviation == pytest.approx(np.std([2, 5, 7]))
    assert (color.kind, color.missing, color.distinct) == ("category", 1, 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_with_their_marks(tmp_path: Path, encoding: str) -> None:
    node = project(write(tmp_path, [[1, "größe", 2, 3], [4, "红", 5, 6]], encoding=encoding)).graph.nodes["n1"]
    assert load(node).categories == {"color": ("größe", "红")}
    assert (
        describe(node)["fingerprint"]
        == describe(
            project(write(tmp_path, [[1, "größe", 2, 3], [4, "红", 5, 6]], encoding="utf-8")).graph.nodes["n1"]
        )["fingerprint"]
    )


def test_broken_rows_are_skipped_counted_and_listed(tmp_path: Path) -> None:
    rows: list[list[object]] = [[i, "ab"[i % 2], i, i] for i in range(300)]
    for number in range(0, 300, 2):
        rows[number] = [["x", "a", 1, 1], [1, "a"], ["inf", "b", 1, 1], [1, "b", 2, 3, 4]][number // 2 % 4]
    path = write(tmp_path, rows)
    path.write_bytes(path.read_bytes() + b"1,\xff\xfe,2,3\n")
    node = project(path, broken="skip").graph.nodes["n1"]
    loaded = load(node)
    assert loaded.samples == 150 and loaded.skipped == 151 == node.facts["skipped"]
    assert loaded.store.arrays["target"][:, 0].tolist() == list(range(1, 300, 2))
    assert "line 4 has 2 cells" in " ".join(map(str, loaded.broken))
    assert str(loaded.broken[-1]) == "… and 51 more."
    assert look(node).broken == loaded.broken

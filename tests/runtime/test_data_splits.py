"""Which samples train, validate and test: every method against what it promises, and a sentence where it does not fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from drawings import Drawing
from graph.messages import DataError
from graph.model import Node
from graph.plan import GIVEN, ORDERED, STRATIFIED, Plan, Split
from runtime.analyser import analyse
from runtime.data import describe, load, prepare
from runtime.data.splits import Traits, sizes, split, traits_of

DRAW = np.random.default_rng(3)
LABELS = np.repeat([0, 1, 2, 3], [400, 100, 7, 2])[DRAW.permutation(509)]
GROUPS = DRAW.integers(0, 40, 509)


def parts(method: str, *, seed: int = 0, samples: int = 509, shares: Split | None = None, **traits) -> list[np.ndarray]:
    found = split(samples, replace(shares or Split(), method=method), seed=seed, traits=Traits(**traits))
    assert sorted(np.concatenate(found).tolist()) == list(range(samples))
    return list(found)


@pytest.mark.parametrize("seed", range(5))
def test_a_stratified_split_gives_each_class_the_same_shares(seed: int) -> None:
    found = parts(STRATIFIED, seed=seed, labels=LABELS)
    assert [len(rows) for rows in found] == list(sizes(509, Split()))
    for rows, share in zip(found, (0.7, 0.1, 0.2), strict=True):
        counts = np.bincount(LABELS[rows], minlength=4)
        assert np.abs(counts - share * np.bincount(LABELS)).max() <= 1.5
    assert np.bincount(LABELS[found[0]], minlength=4).min() >= 1


def test_a_stratified_split_is_seeded_and_mixed() -> None:
    one, again, other = (parts(STRATIFIED, seed=seed, labels=LABELS) for seed in (1, 1, 2))
    assert all(map(np.array_equal, one, again)) and not np.array_equal(one[0], other[0])
    assert len(set(LABELS[one[0]][:50])) > 1 and set(LABELS[one[0]][:50]) != set(range(4))


def test_two_samples_a_class_are_enough() -> None:
    labels = np.repeat(np.arange(100), 2)
    train, validation, test = parts(STRATIFIED, samples=200, labels=labels)
    assert set(labels[train]) == set(range(100))
    assert len(validation) == 20 and len(test) == 40


def test_an_ordered_split_trains_on_the_first() -> None:
    assert [rows.tolist() for rows in parts(ORDERED, samples=10)] == [[*range(7)], [7], [8, 9]]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shares", [Split(), Split(0.8, 0, 0.2), Split(0.9, 0.1, 0), Split(1, 0, 0)])
def test_groups_stay_together(seed: int, shares: Split) -> None:
    found = parts("random", seed=seed, shares=shares, groups=GROUPS)
    for i, rows in enumerate(found):
        for other in found[i + 1 :]:
            assert not set(GROUPS[rows]) & set(GROUPS[other])
    for rows, wanted in zip(found, sizes(509, shares), strict=True):
        assert abs(len(rows) - wanted) <= 30 and bool(len(rows)) == bool(wanted)


def test_as_many_groups_as_parts_are_enough() -> None:
    groups = np.repeat([0, 1, 2], [1, 90, 9])
    assert all(len(rows) for rows in parts("random", samples=100, groups=groups))


def test_a_given_split_is_that_of_the_data() -> None:
    given = np.array([2, 0, 0, 1, 0, 2])
    assert [rows.tolist() for rows in parts(GIVEN, samples=6, parts=given)] == [[1, 2, 4], [3], [0, 5]]


@pytest.mark.parametrize(
    ("method", "traits", "words"),
    [
        (STRATIFIED, {}, "needs classes"),
        (STRATIFIED, {"labels": np.array([0] * 9 + [1]), "classes": ("a", "b")}, "'b' has a single sample"),
        (STRATIFIED, {"labels": np.repeat(np.arange(5), 2), "shares": Split(0.3, 0.3, 0.4)}, "3 samples for 5 classes"),
        (STRATIFIED, {"labels": np.arange(10) % 2, "groups": np.arange(10)}, "tear groups"),
        (ORDERED, {"groups": np.arange(10) % 5}, "tear groups"),
        (GIVEN, {}, "does not say itself"),
        (GIVEN, {"parts": np.ones(10, int)}, "no samples to train on"),
        ("random", {"groups": np.arange(10) % 2}, "2 groups"),
    ],
)
def test_methods_that_do_not_fit(method: str, traits: dict, words: str) -> None:
    with pytest.raises(DataError, match=words):
        parts(method, samples=10, **traits)


def table(folder: Path, method: str, split_by: str) -> Drawing:
    """A regression on 12 rows with a column of parts and one of groups."""
    rows = (f"{i},{['Train', 'dev', 'TEST'][i % 3]},{i // 4},{i * 0.37}" for i in range(12))
    (folder / "t.csv").write_text("a,part,patient,y\n" + "\n".join(rows) + "\n")
    d = Drawing("Net", Plan(split=Split(method=method)))
    d.add("data.Table", "rows", source=str(folder / "t.csv"), split_by=split_by, ignore="part, patient")
    node = d.graph.nodes[d.id("rows")]
    d.graph = d.graph.set_facts(node.id, describe(node))
    x = d.add("nn.Linear", "fc1", d.port("rows", "features"), out_features=1)
    d.add("nn.MSELoss", "loss", x, d.port("rows", "target"))
    return d


def test_a_column_of_parts_is_the_split_and_no_feature(tmp_path: Path) -> None:
    data = prepare(table(tmp_path, GIVEN, "part").project)
    assert [part.indices.tolist() for part in data.parts] == [[0, 3, 6, 9], [1, 4, 7, 10], [2, 5, 8, 11]]
    assert [tensor.shape[1] for tensor in data.train.head(1)] == [1, 1]


def test_rows_with_equal_values_of_another_column_stay_together(tmp_path: Path) -> None:
    data = prepare(table(tmp_path, "random", "patient").project)
    patients = [set((part.indices // 4).tolist()) for part in data.parts]
    assert sum(map(len, patients)) == len(set.union(*patients)) == 3


def test_the_first_node_that_has_classes_is_gone_by(tmp_path: Path) -> None:
    numbers = load(Node("n1", "layerloom.data.Table", "a", {"source": "builtin:diabetes"}))
    flowers = load(Node("n2", "layerloom.data.Table", "b", {"source": "builtin:iris"}))
    assert traits_of([numbers, flowers]).classes == flowers.classes


@pytest.mark.parametrize(
    ("method", "split_by", "wrong"),
    [(GIVEN, "", True), (GIVEN, "part", False), (STRATIFIED, "", True), (ORDERED, "", False)],
)
def test_a_method_that_does_not_fit_is_a_problem_before_the_run(
    tmp_path: Path, method: str, split_by: str, wrong: bool
) -> None:
    d = table(tmp_path, method, split_by)
    problems = [problem for problem in analyse(d.project).problems if problem.code == "bad-split"]
    assert bool(problems) == wrong
    for problem in problems:
        assert problem.fixes[0].edit(d.project).plan.split == Split()


@pytest.mark.parametrize(
    ("kind", "port", "wrong"),
    [("TaggedTexts", "tokens", True), ("Text", "input", True), ("TextPairs", "source", True), ("LabeledTexts", "tokens", False)],
)  # fmt: skip
def test_texts_without_a_class_a_sample_cannot_be_stratified(kind: str, port: str, wrong: bool) -> None:
    d = Drawing("Net", Plan(split=Split(method=STRATIFIED)))
    d.add(f"data.{kind}", "texts")
    d.graph = d.graph.set_facts("n1", describe(d.graph.nodes["n1"]))
    d.add("nn.Embedding", "table", d.port("texts", port))
    problems = [problem for problem in analyse(d.project).problems if problem.code == "bad-split"]
    assert [str(fix.label) for problem in problems for fix in problem.fixes] == ["Split at random"] * wrong
    mended = problems[0].fixes[0].edit(d.project) if wrong else d.project
    assert sum(part.count for part in prepare(mended).parts) == d.graph.nodes["n1"].facts["samples"]  # type: ignore[index]
    if wrong:
        with pytest.raises(DataError):
            prepare(d.project)


def test_rows_that_belong_together_cannot_be_stratified(tmp_path: Path) -> None:
    rows = [f"{i},{i // 4},{'ab'[i % 2]}" for i in range(24)]
    (tmp_path / "t.csv").write_text("\n".join(["size,patient,answer", *rows]))
    d = Drawing("Net", Plan(split=Split(method=STRATIFIED)))
    d.add("data.Table", "rows", source=str(tmp_path / "t.csv"), split_by="patient")
    d.graph = d.graph.set_facts("n1", describe(d.graph.nodes["n1"]))
    d.add("nn.Linear", "fc1", d.port("rows", "features"))
    (problem,) = [problem for problem in analyse(d.project).problems if problem.code == "bad-split"]
    assert "belong together" in str(problem.message) and problem.fixes[0].edit(d.project).plan.split == Split()
    with pytest.raises(DataError, match="apart"):
        prepare(d.project)

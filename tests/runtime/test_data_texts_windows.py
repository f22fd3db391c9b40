"""One text in windows: which tokens they hold, and that no part of a split sees another."""

from __future__ import annotations

import pickle
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from graph.messages import DataError
from graph.model import Port
from graph.plan import ORDERED, Plan, Split
from runtime.data import input_from_file, prepare
from runtime.data.loading import load, look
from runtime.data.sources import BUILTINS
from runtime.data.texts_windows import WindowStore
from text_drawings import char_lm, prepared, text_node

SONNETS = BUILTINS["sonnets"].path.read_text("utf-8")
INPUT, TARGET = Port("n1", "input"), Port("n1", "target")
WAYS = [("characters", 1), ("characters", 7), ("characters", None), ("words", 3), ("words", None), ("bpe", None)]


def test_windows_of_characters_are_those_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("".join(chr(97 + i % 26) for i in range(2000)))
    store = load(text_node("Text", source=str(tmp_path / "t.txt"), length=10, stride=4)).store
    assert isinstance(store, WindowStore)
    text = (tmp_path / "t.txt").read_text()
    shown = store.read(np.arange(store.count))["text"]
    assert [text[a : a + 11] for a in store.begins] == list(shown)
    assert {int(step) for step in np.diff(store.begins[:8])} == {4}


def test_targets_are_the_inputs_one_token_later() -> None:
    data = prepared("Text", "input", length=16)
    tokens = data.statistics["n1"]["text"]["tokens"]
    for part in data.parts:
        x, y = part.tensors[INPUT], part.tensors[TARGET]
        assert x.dtype == y.dtype == torch.int64
        assert torch.equal(x[:, 1:], y[:, :-1])
    known = "".join(tokens[number] for number in data.train.tensors[INPUT][0])
    assert known in SONNETS


@pytest.mark.parametrize("method", ["random", ORDERED])
@pytest.mark.parametrize(("tokens", "stride"), WAYS)
def test_no_part_has_a_place_of_another(tokens: str, stride: int | None, method: str) -> None:
    plan = Plan(split=Split(method=method), seed=2)
    data = prepared("Text", "input", plan, length=16, tokens=tokens, stride=stride)
    store = load(text_node("Text", length=16, tokens=tokens, stride=stride)).store
    assert isinstance(store, WindowStore)
    seen = np.zeros((3, len(store.text)), bool)
    for number, part in enumerate(data.parts):
        assert part.count
        for row in part.indices:
            seen[number, store.begins[row] : store.ends[row]] = True
    assert seen.sum(0).max() == 1
    assert seen.any(0).mean() > (0.7 if stride in (None, 1) else 0.6)
    if method == ORDERED:
        last = [np.flatnonzero(row)[[0, -1]].tolist() for row in seen]
        assert all(one[1] < other[0] for one, other in pairwise(last))


@pytest.mark.parametrize("tokens", ["characters", "words", "bpe"])
def test_what_is_not_in_the_training_part_changes_nothing_of_it(tmp_path: Path, tokens: str) -> None:
    path = tmp_path / "t.txt"
    path.write_text(SONNETS)
    node = text_node("Text", source=str(path), tokens=tokens, length=8)
    before = prepared("Text", "input", source=str(path), tokens=tokens, length=8)
    store = load(node).store
    assert isinstance(store, WindowStore)
    letters = list(SONNETS)
    for row in before.test.indices:
        letters[store.begins[row] : store.ends[row]] = [
            sign if sign.isspace() or not sign.isalpha() else "z" for sign in store.text[store.begins[row] : store.ends[row]]
        ]  # fmt: skip
    path.write_text("".join(letters))
    after = prepared("Text", "input", source=str(path), tokens=tokens, length=8)
    assert before.statistics == after.statistics
    for port in (INPUT, TARGET):
        assert torch.equal(before.train.tensors[port], after.train.tensors[port])
    assert not torch.equal(before.test.tensors[INPUT], after.test.tensors[INPUT])


@pytest.mark.parametrize("tokens", ["characters", "words", "bpe"])
def test_windows_are_full_and_in_the_vocabulary(tokens: str) -> None:
    data = prepared("Text", "input", tokens=tokens, length=12)
    size = text_node("Text", tokens=tokens, length=12).facts["outputs"]["input"]["classes"]
    for part in data.parts:
        for port in (INPUT, TARGET):
            assert part.tensors[port].min() > 0 and part.tensors[port].max() < size


def test_a_place_counts_once_in_the_vocabulary_however_many_windows_lie_over_it() -> None:
    store = load(text_node("Text", length=8, stride=1)).store
    assert isinstance(store, WindowStore)
    rows = np.flatnonzero(store.begins < 600)[::-1]
    assert store.under(rows) == [SONNETS[: store.ends[rows].max()]]
    assert store.under(np.array([300, 0])) == [SONNETS[0:9], SONNETS[store.begins[300] : store.begins[300] + 9]]


def test_the_text_is_held_once_however_much_windows_overlap(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text(SONNETS * 40)
    store = load(text_node("Text", source=str(tmp_path / "t.txt"), length=256, stride=1)).store
    assert store.nbytes > 500 * len(SONNETS) * 40  # as tensors
    assert len(pickle.dumps(store)) < 20 * len(SONNETS) * 40


def test_streamed_windows_are_those_that_are_held() -> None:
    project = char_lm(Plan(seed=1), stride=5)
    held, streamed = prepare(project), prepare(project, budget=0)
    for one, other in zip(held.parts, streamed.parts, strict=True):
        for a, b in zip(one.head(30), other.head(30), strict=True):
            assert torch.equal(a, b)


def test_files_of_a_folder_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.txt").write_text(name * 400)
    (tmp_path / "notes.md").write_text("no text")
    store = load(text_node("Text", source=str(tmp_path), length=4)).store
    assert isinstance(store, WindowStore)
    assert store.text == "a" * 400 + "\n" + "b" * 400


def test_lines_of_a_file_are_prompts_for_a_trained_model(tmp_path: Path) -> None:
    node = text_node("Text", length=6, tokens="words")
    statistics = {"n1": {"text": {"tokens": ["<pad>", "<unk>", "to", "be", "or"]}}}
    (tmp_path / "p.txt").write_text("to be\n\none or to be to to be or to\n")
    found = input_from_file(node, tmp_path / "p.txt", statistics)
    assert {port: tensor.tolist() for port, tensor in found.items()} == {
        INPUT: [[2, 3, 0, 0, 0, 0], [3, 2, 2, 3, 4, 2]],
    }


def test_a_look_shows_texts_and_their_tokens() -> None:
    text, tokens = look(text_node("Text", tokens="words", length=6)).texts[0]
    assert text == "Shall I compare thee to a summer"
    assert tokens == "Shall · I · compare · thee · to · a"


def test_a_text_that_is_too_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("a short text")
    with pytest.raises(DataError, match="too short for two windows of 64 tokens"):
        text_node("Text", source=str(tmp_path / "t.txt"))

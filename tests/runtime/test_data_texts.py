"""Texts with a class, tagged sentences and pairs: their numbers by hand, and vocabularies of the training part alone."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
import torch

from graph.model import Port
from graph.plan import STRATIFIED, Plan, Split
from runtime.data import describe, input_from_file
from runtime.data.loading import load, look
from text_drawings import WORDS, prepared, text_node

PORT = {"LabeledTexts": "tokens", "TaggedTexts": "tokens", "TextPairs": "source"}
ENDING = {"LabeledTexts": ".csv", "TaggedTexts": ".conll", "TextPairs": ".tsv"}
ALL_TRAIN = Plan(split=Split(1.0, 0.0, 0.0))


def tensors(data, name: str) -> list:
    """What leaves a port for the training part, in the order of the file."""
    order = data.train.indices.argsort()
    return data.train.tensors[Port("n1", name)][order].tolist()


def write(kind: str, path: Path, rows: list[list[str]]) -> None:
    """Sentences of known words as a file of any kind."""
    if kind == "LabeledTexts":
        path.write_text("text,label\n" + "".join(f"{' '.join(row)},{'ab'[i % 2]}\n" for i, row in enumerate(rows)))
    elif kind == "TaggedTexts":
        path.write_text("\n".join("".join(f"{word} {'XY'[len(word) % 2]}\n" for word in row) for row in rows))
    else:
        path.write_text("".join(f"{' '.join(row)}\t{' '.join(row[::-1])}\n" for row in rows))


def test_texts_and_classes_by_hand(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('text,label\n"good, good film",yes\nbad film,no\ngood,yes\n')
    data = prepared("LabeledTexts", "tokens", ALL_TRAIN, source=str(tmp_path / "t.csv"), length=4)
    assert data.statistics["n1"]["text"]["tokens"] == ["<pad>", "<unk>", "good", "film", ",", "bad"]
    assert tensors(data, "tokens") == [[2, 4, 2, 3], [5, 3, 0, 0], [2, 0, 0, 0]]
    assert tensors(data, "label") == [1, 0, 1]
    assert data.classes == ("no", "yes")


@pytest.mark.parametrize(
    ("name", "content", "params"),
    [
        ("t.tsv", "label\ttext\nno\tbad; film\nyes\tgood\n", {}),
        ("t.csv", "id;verdict;said\n1;no;bad film\n2;yes;good\n", {"text_column": "said", "label_column": "verdict"}),
        ("t.csv", "\ufeffsaid,verdict\r\nbad film,no\r\n\r\ngood,yes\r\n", {}),
    ],
)
def test_columns_are_found_by_name_or_by_place(tmp_path: Path, name: str, content: str, params: dict) -> None:
    (tmp_path / name).write_text(content, newline="")
    loaded = load(text_node("LabeledTexts", source=str(tmp_path / name), **params))
    assert [loaded.classes[label] for label in loaded.labels] == ["no", "yes"]
    assert [text.split()[0].strip(";") for text in loaded.store.read(loaded.labels)["text"]] == ["bad", "good"]


def test_a_folder_a_class_is_the_same_as_a_table(tmp_path: Path) -> None:
    texts = {"good/1": "lovely", "good/2": "fine\nfilm", "bad/1": "dull"}
    for name, text in texts.items():
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / f"{name}.txt").write_text(text)
    (tmp_path / "t.csv").write_text('text,label\ndull,bad\nlovely,good\n"fine\nfilm",good\n')
    folder, file = (describe(text_node("LabeledTexts", source=str(tmp_path / name))) for name in ("set", "t.csv"))
    assert {**folder, "title": ""} == {**file, "title": ""}
    assert folder["samples"] == 3 and folder["classes"] == ["bad", "good"]


def test_tagged_sentences_by_hand(tmp_path: Path) -> None:
    (tmp_path / "t.conll").write_text("-DOCSTART- -X- O\n\nAda NNP PER\nruns VB O\n. . O\n\n\nOslo NNP LOC\nis VB O\n")
    data = prepared("TaggedTexts", "tokens", ALL_TRAIN, source=str(tmp_path / "t.conll"), length=4)
    assert data.classes == ("LOC", "O", "PER")
    assert data.statistics["n1"]["text"]["tokens"][2:] == [".", "Ada", "Oslo", "is", "runs"]
    assert tensors(data, "tokens") == [[3, 6, 2, 0], [4, 5, 0, 0]]
    assert tensors(data, "tags") == [[2, 1, 1, -100], [0, 1, -100, -100]]


def test_pairs_by_hand(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("a b\tx y z w\tfrom somewhere\nb\ty\n")
    data = prepared(
        "TextPairs", "source", ALL_TRAIN, source=str(tmp_path / "t.tsv"), tokens="words", source_length=3, target_length=4
    )  # fmt: skip
    assert data.statistics["n1"]["source"]["tokens"] == ["<pad>", "<unk>", "b", "a"]
    assert data.statistics["n1"]["target"]["tokens"] == ["<pad>", "<unk>", "<bos>", "<eos>", "y", "w", "x", "z"]
    assert tensors(data, "source") == [[3, 2, 0], [2, 0, 0]]
    assert tensors(data, "target_in") == [[2, 6, 4, 7], [2, 4, 0, 0]]
    assert tensors(data, "target_out") == [[6, 4, 7, 3], [4, 3, -100, -100]]


def test_losses_of_pytorch_pass_over_what_fills_up() -> None:
    data = prepared("TextPairs", "source")
    target = data.train.tensors[Port("n1", "target_out")][:50]
    scores = torch.randn(*target.shape, 60, generator=torch.Generator().manual_seed(0))
    kept = target != -100
    by_hand = -scores.log_softmax(-1)[kept].gather(1, target[kept][:, None]).mean()
    assert torch.nn.functional.cross_entropy(scores.transpose(1, 2), target) == pytest.approx(by_hand.item(), rel=1e-5)


@pytest.mark.parametrize("tokens", ["words", "bpe"])
@pytest.mark.parametrize("kind", PORT)
def test_what_is_not_in_the_training_part_changes_nothing_of_it(tmp_path: Path, kind: str, tokens: str) -> None:
    path = tmp_path / f"t{ENDING[kind]}"
    params = {"source": str(path), "vocabulary": 40, **({} if kind == "TaggedTexts" else {"tokens": tokens})}
    rows = [[WORDS[(i + 3 * j) % 12] for j in range(4)] for i in range(60)]
    write(kind, path, rows)
    before = prepared(kind, PORT[kind], **params)
    for row in (*before.test.indices, *before.validation.indices):
        rows[row] = [f"{word}ish" for word in rows[row]]
    write(kind, path, rows)
    after = prepared(kind, PORT[kind], **params)
    assert before.statistics == after.statistics == json.loads(json.dumps(after.statistics))
    for port, tensor in before.train.tensors.items():
        assert torch.equal(tensor, after.train.tensors[port])
    changed = Port("n1", PORT[kind])
    assert not torch.equal(before.test.tensors[changed], after.test.tensors[changed])
    if tokens == "words":
        assert after.test.tensors[changed].max() == 1  # every word is unknown


@pytest.mark.parametrize("kind", PORT)
def test_sizes_do_not_depend_on_the_split(kind: str) -> None:
    facts = text_node(kind).facts
    for seed in range(3):
        data = prepared(kind, PORT[kind], Plan(seed=seed))
        for part in data.parts:
            for port, tensor in part.tensors.items():
                about = facts["outputs"][port.name]
                assert list(tensor.shape[1:]) == about["shape"]
                assert tensor.max() < about["classes"] and str(tensor.dtype) == f"torch.{about['dtype']}"


def test_classes_can_be_stratified() -> None:
    data = prepared("LabeledTexts", "tokens", Plan(split=Split(method=STRATIFIED)))
    assert Counter(data.test.tensors[Port("n1", "label")].tolist()) == {0: 100, 1: 100}


@pytest.mark.parametrize(
    ("kind", "content", "port", "expected"),
    [
        ("LabeledTexts", "a fine film\n\ndull\n", "tokens", [[1, 3, 2, 0], [1, 0, 0, 0]]),
        ("TaggedTexts", "film fine\n", "tokens", [[2, 3, 0, 0]]),
        ("TextPairs", "fine\n", "source", [[3, 0, 0, 0]]),
    ],
)
def test_lines_of_a_file_go_into_a_trained_model(
    tmp_path: Path, kind: str, content: str, port: str, expected: list
) -> None:
    (tmp_path / "new.txt").write_text(content)
    params = {"source_length": 4, "tokens": "words"} if kind == "TextPairs" else {"length": 4}
    vocabulary = {"tokens": ["<pad>", "<unk>", "film", "fine"]}
    statistics = {"n1": {"text": vocabulary, "source": vocabulary, "target": vocabulary, "tags": []}}
    found = input_from_file(text_node(kind, **params), tmp_path / "new.txt", statistics)
    assert found[Port("n1", port)].tolist() == expected
    if kind == "TextPairs":
        assert found[Port("n1", "target_in")].tolist() == [[2] + [0] * 15]


def test_looks_show_texts_with_what_belongs_to_them() -> None:
    labeled = look(text_node("LabeledTexts"))
    assert labeled.texts[0][1] == "good" and labeled.counts == (("bad", 500), ("good", 500))
    words, tags = look(text_node("TaggedTexts")).texts[0]
    assert len(words.split()) == len(tags.split(" · "))
    assert look(text_node("TextPairs")).texts[0] == ("Sunday, 17 Sep 1995", "1995-09-17")

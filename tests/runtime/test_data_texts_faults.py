"""Broken texts: each is refused with a sentence that names the file, or its lines are left out and counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph.messages import DataError
from runtime.data.loading import load, look
from runtime.data.sources import LABELED, PAIRS, TAGGED, TEXT
from text_drawings import text_node

LATIN = "text,label\ngro\xdf,a\n".encode("latin-1")

# name: (kind of node, content, parameters, words of the sentence)
CORPUS: dict[str, tuple[str, bytes | str, dict, str]] = {
    "an empty text": ("Text", "", {}, "'t.txt' is empty"),
    "blanks alone": ("Text", " \n\n ", {}, "holds nothing but blanks"),
    "Latin-1": ("Text", b"one\ntwo\ngro\xdf", {}, "line 3 is not UTF-8 text"),
    "a picture": ("Text", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), {}, "line 1 is not UTF-8 text"),
    "a short text": ("Text", "three words only", {"tokens": "words"}, "too short for two windows of 64 tokens"),
    "a single column": ("LabeledTexts", "text\ngood\nbad\n", {}, "has a single column"),
    "no such column": ("LabeledTexts", "said,verdict\na,b\n", {"label_column": "class"}, "no column 'class'"),
    "a single class": ("LabeledTexts", "text,label\na,x\nb,x\nc,x\n", {}, "1 different classes of texts"),
    "a class for each text": (
        "LabeledTexts", "text,label\n" + "".join(f"a,{i}\n" for i in range(1001)), {}, "1001 different classes of texts",
    ),
    "a row too long": ("LabeledTexts", "text,label\na,x\nb, c,y\n", {}, "line 3 has 3 cells, but there are 2"),
    "no class": ("LabeledTexts", "text,label\na,x\nb,\n", {}, "line 3 has no text or no class"),
    "an open quotation mark": ("LabeledTexts", 'text,label\n"a,x\nb,y\n', {}, "the quotation marks around a text"),
    "a class in Latin-1": ("LabeledTexts", LATIN, {}, "line 2 is not UTF-8"),
    "names alone": ("LabeledTexts", "text,label\n", {}, "0 samples of text that can be used"),
    "a word without tag": ("TaggedTexts", "Ada PER\nruns\n\nOslo LOC\n", {}, "line 2 has a word without a tag"),
    "a column too few": ("TaggedTexts", "Ada N PER\nruns O\n\nOslo N LOC\n", {}, "line 2 has 2 columns, but the first"),
    "a single tag": ("TaggedTexts", "Ada N\n\nOslo N\n", {}, "1 different tags"),
    "a single sentence": ("TaggedTexts", "Ada N\nruns V\n", {}, "1 samples of text"),
    "no tab": ("TextPairs", "a\tb\n\nc d\n", {}, "line 3 is no pair"),
    "half a pair": ("TextPairs", "a\tb\nc\t \n", {}, "line 2 is no pair"),
    "a single pair": ("TextPairs", "a\tb\n", {}, "1 samples of text"),
}  # fmt: skip


def refused(kind: str, **params) -> DataError:
    with pytest.raises(DataError) as caught:
        text_node(kind, **params)
    return caught.value


def broken(name: str, path: Path) -> DataError:
    """What is said of an entry of the corpus."""
    kind, content, params, _ = CORPUS[name]
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return refused(kind, source=str(path), **params)


@pytest.mark.parametrize("name", CORPUS)
def test_a_sentence_says_what_is_wrong_and_the_file_stays_as_it_was(tmp_path: Path, name: str) -> None:
    sentence = str(broken(name, tmp_path / "t.txt"))
    _, content, _, words = CORPUS[name]
    assert words in sentence
    assert "t.txt" in sentence and sentence.endswith(".")
    assert (tmp_path / "t.txt").read_bytes() == (content.encode() if isinstance(content, str) else content)


def test_the_faults_have_sentences_of_their_own(tmp_path: Path) -> None:
    sentences = {broken(name, tmp_path / "t.txt").message.text for name in CORPUS}
    assert len(sentences) == 15


@pytest.mark.parametrize("kind", [TEXT, LABELED, TAGGED, PAIRS])
def test_a_file_that_is_not_there(tmp_path: Path, kind: str) -> None:
    assert "There is no file" in str(refused(kind.rpartition(".")[2], source=str(tmp_path / "none.txt")))


def test_folders_without_texts(tmp_path: Path) -> None:
    assert "holds no .txt files" in str(refused("Text", source=str(tmp_path)))
    assert "no folders with .txt files" in str(refused("LabeledTexts", source=str(tmp_path)))


@pytest.mark.parametrize(
    ("kind", "content", "samples", "lines"),
    [
        ("LabeledTexts", "text,label\na,x\nb\nc,y\n,y\nd,x\n", 3, ("line 3", "line 5")),
        ("TaggedTexts", "Ada N\nruns V\n\nOslo\n\nit P\n\nis V Z\n\nso A\n", 3, ("line 4", "line 8")),
        ("TextPairs", "a\tb\nc\n\nd\te\n\tf\ng\th\n", 3, ("line 2", "line 5")),
    ],
)
def test_broken_lines_are_left_out_and_told(
    tmp_path: Path, kind: str, content: str, samples: int, lines: tuple[str, ...]
) -> None:
    path = tmp_path / "t.txt"
    path.write_text(content)
    node = text_node(kind, source=str(path), broken="skip")
    assert (node.facts["samples"], node.facts["skipped"]) == (samples, len(lines))
    told = [str(message) for message in look(node).broken]
    assert len(told) == len(lines)
    assert all(line in sentence for line, sentence in zip(lines, told, strict=True))
    assert lines[0] in str(refused(kind, source=str(path)))


def test_many_broken_lines_are_all_counted(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("a\tb\nc\td\n" + "no pair\n" * 250)
    loaded = load(text_node("TextPairs", source=str(tmp_path / "t.tsv"), broken="skip"))
    assert loaded.facts()["skipped"] == 250
    assert len(loaded.broken) == 101 and "150 more" in str(loaded.broken[-1])


def test_a_broken_file_of_a_folder_is_refused_or_left_out(tmp_path: Path) -> None:
    for name, content in {"a/1": b"fine", "a/2": b"\xff\xff", "b/1": b"dull", "b/2": b""}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.txt").write_bytes(content)
    assert "'2.txt', line 1 is not UTF-8" in str(refused("LabeledTexts", source=str(tmp_path)))
    loaded = load(text_node("LabeledTexts", source=str(tmp_path), broken="skip"))
    assert (loaded.samples, loaded.skipped, loaded.classes) == (2, 2, ("a", "b"))

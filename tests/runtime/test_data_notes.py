"""What is worth knowing of data in which nothing is wrong, and the settings that pass over what is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graph.model import Node
from runtime.data.loading import load, look
from runtime.data.looks import shown_number
from runtime.data.records import MendableError


def node(kind: str, source: Path, **params) -> Node:
    return Node("n1", f"layerloom.data.{kind}", "data", {"source": str(source), **params})


def notes(*args, **params) -> str:
    return " ".join(map(str, look(node(*args, **params)).notes))


def arrays(folder: Path, x: np.ndarray, y: np.ndarray) -> Path:
    np.savez(folder / "a.npz", input=x, target=y)
    return folder / "a.npz"


def pictures(root: Path) -> Path:
    for number in range(4):
        (root / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / "ab"[number % 2] / f"{number}.png")
    return root


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_labels_that_leave_numbers_out_are_noted(tmp_path):
    said = notes("Arrays", arrays(tmp_path, np.ones((6, 2)), np.arange(6) % 3 * 10))
    assert "18 of 21 classes (1, 2, 3, 4, 5, …) have no sample" in said
    assert notes("Arrays", arrays(tmp_path, np.ones((6, 2)), np.arange(6) % 3)) == ""


def test_a_class_that_is_nearly_all_is_noted(tmp_path):
    rows = [f"{n},{'rare' if n % 10 == 0 else 'usual'}\n" for n in range(100)]
    assert "90.0% of the samples are of the class 'usual'" in notes(
        "Table", write(tmp_path / "t.csv", "a,y\n" + "".join(rows))
    )


@pytest.mark.parametrize(
    ("shape", "layout", "is_told"),
    [((4, 8, 8, 3), "as stored", True), ((4, 5, 8, 8, 1), "as stored", True), ((4, 8, 8, 3), "channels last", False),
     ((4, 3, 8, 8), "as stored", False), ((4, 8, 3), "as stored", False), ((4, 1, 9, 3), "as stored", False)],
)  # fmt: skip
def test_channels_that_seem_to_come_last_are_noted(tmp_path, shape, layout, is_told):
    said = notes("Arrays", arrays(tmp_path, np.zeros(shape, np.uint8), np.arange(4) % 2), layout=layout)
    assert ("'channels last'" in said) == is_told


def test_files_that_are_passed_over_are_noted(tmp_path):
    root = pictures(tmp_path)
    assert notes("Images", root) == ""
    (root / "a" / "Thumbs.db").write_bytes(b"x")
    (root / "__MACOSX").mkdir()
    assert notes("Images", root) == ""
    (root / "a" / "scan.tif").write_bytes(b"x")
    (root / "top.png").write_bytes((root / "a" / "0.png").read_bytes())
    assert "2 files were passed over" in notes("Images", root) and "top.png, a/scan.tif" in notes("Images", root)
    assert load(node("Images", root)).samples == 4


def test_texts_that_are_cut_are_noted(tmp_path):
    texts = write(tmp_path / "t.csv", "text,label\none two three four five,a\none,b\ntwo,a\nthree,b\n")
    assert "25% of the texts are longer than 4 tokens" in notes("LabeledTexts", texts, length=4)
    assert "The longest has 5" in notes("LabeledTexts", texts, length=4)
    assert notes("LabeledTexts", texts, length=5) == ""
    pairs = write(tmp_path / "p.tsv", "a b\tc d e\na\tc\n")
    assert "'target_length'" in notes("TextPairs", pairs, tokens="words", target_length=3)  # three words and their end
    assert notes("TextPairs", pairs, tokens="words", target_length=4, source_length=2) == ""


@pytest.mark.parametrize(
    ("content", "choices"),
    [
        ("a,y\n1,p\n,q\n3,q\n", (("missing", "fill"), ("missing", "drop rows"))),
        ("a,y\n1,p\n2,q\n3\n", (("broken", "skip"),)),
    ],
)
def test_a_refusal_has_the_settings_that_pass_over_it(tmp_path, content, choices):
    made = node("Table", write(tmp_path / "t.csv", content))
    with pytest.raises(MendableError) as caught:
        load(made)
    assert caught.value.choices == choices
    for name, value in choices:
        load(Node("n1", made.type, "data", {**made.params, name: value}))


def test_a_picture_that_is_cut_off_can_be_skipped(tmp_path):
    root = pictures(tmp_path)
    (root / "a" / "9.png").write_bytes((root / "a" / "0.png").read_bytes()[:200])
    with pytest.raises(MendableError, match=r"9\.png") as caught:
        look(node("Images", root))
    assert caught.value.choices == (("broken", "skip"),)


def test_a_column_of_classes_is_one_class_a_sample(tmp_path):
    loaded = load(node("Arrays", arrays(tmp_path, np.ones((6, 2), bool), np.arange(6)[:, None] % 3)))
    assert loaded.outputs["target"].shape == () and loaded.labels is not None
    assert loaded.outputs["input"].dtype == "float32"  # yes and no are numbers that layers take


@pytest.mark.parametrize(("size", "wanted"), [((16, 12), (12, 16)), ((640, 480), (224, 224))])
def test_pictures_of_different_sizes_can_be_brought_to_one(tmp_path, size, wanted):
    for number in range(4):
        (tmp_path / "ab"[number % 2]).mkdir(exist_ok=True)
        Image.new("L", (50, 40) if number == 3 else size).save(tmp_path / "ab"[number % 2] / f"{number}.png")
    with pytest.raises(MendableError) as caught:
        load(node("Images", tmp_path))
    assert caught.value.choices == (("image_size", wanted), ("broken", "skip"))
    mended = load(node("Images", tmp_path, image_size=wanted))
    assert mended.samples == 4 and mended.outputs["image"].shape == (1, *wanted)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(15360.45, "15360"), (-123456.7, "-123457"), (9999.7, "10000"), (1.23456, "1.235"), (3.2e12 + 0.5, "3.2e+12")],
)
def test_cells_of_money_are_shown_without_powers(value, shown):
    assert shown_number(value) == shown


CONLLU = """# newdoc id = 1
# sent_id = 1
# text = The cats don't sleep.
1\tThe\tthe\tDET\tDT\t_\t2\tdet\t_\t_
2\tcats\tcat\tNOUN\tNNS\t_\t5\tnsubj\t_\t_
3-4\tdon't\t_\t_\t_\t_\t_\t_\t_\t_
3\tdo\tdo\tAUX\tVBP\t_\t5\taux\t_\t_
4\tn't\tnot\tPART\tRB\t_\t5\tadvmod\t_\t_
5\tsleep\tsleep\tVERB\tVB\t_\t0\troot\t_\tSpaceAfter=No
5.1\tsoundly\t_\tADV\t_\t_\t_\t_\t_\t_

# newpar
#
1\t#\t#\tSYM\t_\t_\t0\troot\t_\t_
"""


def sentences(path: Path, **params) -> list[tuple[str, str]]:
    return list(look(node("TaggedTexts", path, **params)).texts)


def test_conllu_is_read_by_its_columns(tmp_path):
    path = write(tmp_path / "t.conllu", CONLLU)
    assert sentences(path) == [("The cats do n't sleep", "DET · NOUN · AUX · PART · VERB"), ("#", "SYM")]
    assert "(UPOS)" in notes("TaggedTexts", path)
    broken = write(tmp_path / "b.conllu", CONLLU + "\n1\tlost\n")
    with pytest.raises(MendableError, match="line 16 has a word without a tag"):
        load(node("TaggedTexts", broken))


@pytest.mark.parametrize(
    "comment", ["# sent_id = 1", "# text = It is so", "# newpar", "#", "# a comment of many words", "#id = 4"]
)
def test_comments_before_sentences_are_no_words(tmp_path, comment):
    path = write(tmp_path / "t.conll", f"{comment}\nAda B-PER\nruns O\n\n{comment}\n# O\nOslo B-LOC\n#hash O\n")
    assert sentences(path) == [("Ada runs", "B-PER · O"), ("# Oslo #hash", "O · B-LOC · O")]
    assert notes("TaggedTexts", path) == ""


@pytest.mark.parametrize(
    "words",
    [("source", "target"), ("English", "German"), ("en", "de"), ("sentence1", "Sentence 2"), ("text", "translation")],
)
def test_names_of_columns_are_no_pair(tmp_path, words):
    path = write(tmp_path / "p.tsv", "\t".join(words) + "\nGo.\tGeh.\nHi.\tHallo.\n")
    assert [pair[0] for pair in look(node("TextPairs", path)).texts] == ["Go.", "Hi."]
    assert f"'{words[0]}' and '{words[1]}', names the columns" in notes("TextPairs", path)


@pytest.mark.parametrize("first", ["english\tenglisch", "Go.\tGeh.", "en\ten"])
def test_a_first_pair_is_no_names_of_columns(tmp_path, first):
    path = write(tmp_path / "p.tsv", f"{first}\ngerman\tdeutsch\nword\tWort\n")
    assert load(node("TextPairs", path)).samples == 3 and notes("TextPairs", path) == ""


def test_a_pair_of_such_words_that_comes_again_is_one(tmp_path):
    path = write(tmp_path / "p.tsv", "question\tanswer\nword\tmeaning\nquestion\tanswer\n")
    assert load(node("TextPairs", path)).samples == 3

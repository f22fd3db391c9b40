"""Tables whose cells look like words and are something else: said, or read as what they are, and never learned from as words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graph.messages import DataError
from graph.model import Node
from runtime.data.loading import load, look, values_of
from runtime.data.tables import read_input
from runtime.data.tables_doubts import doubt

ROWS = range(30)


def node(folder: Path, content: str, name: str = "t.csv", kind: str = "Table", **params) -> Node:
    path = folder / name
    path.write_text(content, "utf-8")
    return Node("n1", f"layerloom.data.{kind}", "data", {"source": str(path), **params})


def refusal(made: Node) -> str:
    with pytest.raises(DataError) as caught:
        load(made)
    return str(caught.value)


def column(cell: str, name: str = "b") -> str:
    """A table of 30 rows; `cell` says how the number n stands in the second column."""
    return f"a,{name},y\n" + "".join(f'{n},"{cell.format(n=n)}",{n}.5\n' for n in ROWS)


@pytest.mark.parametrize("cell", ["{n},5", "1,{n:03}", "{n}%", "$ {n}.00", "1 000,{n:02}", "−{n}", "1’{n:03}"])
def test_numbers_in_another_notation_are_no_words(tmp_path, cell):
    said = refusal(node(tmp_path, column(cell)))
    assert "'b'" in said and "another notation" in said and f"'{cell.format(n=0)}'" in said


@pytest.mark.parametrize(
    "cell", ["2024-01-{n:02}", "{n:02}/01/2024", "{n}.1.24", "2024-01-{n:02} 12:30:00", "2024-01-{n:02}T08:00Z"]
)
def test_dates_are_no_words(tmp_path, cell):
    assert "holds dates" in refusal(node(tmp_path, column(cell)))
    target = "a,y\n" + "".join(f"{n},{cell.format(n=n)}\n" for n in ROWS)
    assert "'y' holds dates" in refusal(node(tmp_path, target))
    assert load(node(tmp_path, column(cell), ignore="b")).columns == ("a",)


def test_many_different_dates_are_called_dates_and_not_too_many_words(tmp_path):
    many = "a,b,y\n" + "".join(f"{n},2024-{n // 25 + 1:02}-{n % 25 + 1:02},{n}.5\n" for n in range(200))
    assert "holds dates" in refusal(node(tmp_path, many))


@pytest.mark.parametrize(
    "words", [["18-25", "26-35"], ["1.2.3", "1.2.4"], ["A1", "B2"], ["12:30"], ["50%", "many"], [""], []]
)
def test_words_with_figures_in_them_are_words(words):
    assert doubt("t.csv", "b", words) is None


def test_who_says_classification_may_have_such_classes(tmp_path):
    text = "a,y\n" + "".join(f"{n},{50 * (n % 2)}%\n" for n in ROWS)
    assert "another notation" in refusal(node(tmp_path, text))
    assert load(node(tmp_path, text, task="classification")).classes == ("0%", "50%")


def commas(count: int = 30) -> str:
    return "a;b;city;y\n" + "".join(f"{n};{n},5;{'p1,5' if n % 2 else '2,5 x'};-{n},25\n" for n in range(count))


def test_with_semicolons_decimal_commas_are_read(tmp_path):
    loaded = load(node(tmp_path, commas()))
    rows = loaded.store.read(np.arange(30))
    assert loaded.task == "regression" and loaded.categories == {"city": ("2,5 x", "p1,5")}
    assert rows["features"][:, 1].tolist() == [n + 0.5 for n in ROWS]
    assert rows["target"][:, 0].tolist() == [-n - 0.25 for n in ROWS]


def test_decimal_commas_are_the_same_in_later_pieces(tmp_path, monkeypatch):
    whole = load(node(tmp_path, commas(400))).store.read(np.arange(400))
    monkeypatch.setattr("runtime.data.tables_source.BLOCK", 500)
    for fast in (True, False):
        if not fast:
            monkeypatch.setattr("runtime.data.tables_source._arrow_csv", lambda: None)
        pieces = load(node(tmp_path, commas(400))).store.read(np.arange(400))
        assert all((whole[name] == pieces[name]).all() for name in whole)


def test_a_trained_network_is_asked_with_decimal_commas_too(tmp_path):
    made = node(tmp_path, commas())
    path = tmp_path / "new.csv"
    path.write_text("a;b;city\n3;7,25;p1,5\n", "utf-8")
    found = read_input(values_of(made), load(made).facts(), path)["features"]
    assert found.tolist() == [[3.0, 7.25, 1.0]]


IRIS = "5.1,3.5,setosa\n4.9,3.0,setosa\n5.1,3.1,virginica\n6.3,3.3,virginica\n"


@pytest.mark.parametrize("content", [IRIS, "0,1,q\n1,2,p\n2,3,q\n", "red,q\nred,q\nblue,p\n"])
def test_a_first_line_that_is_a_row_is_not_taken_for_names(tmp_path, content):
    assert "no line of column names" in refusal(node(tmp_path, content))


@pytest.mark.parametrize(
    "content",
    [
        "400.5,401.0,y\n0.1,0.2,p\n0.3,0.4,q\n",
        "age,male\n3,male\n4,female\n",
        "0,1,y\n0,1,p\n5,0,q\n",
        "kind,spam\na,spam\nb,ham\n",
    ],
)
def test_names_that_look_like_cells_are_names(tmp_path, content):
    assert load(node(tmp_path, content)).samples == 2


def test_blank_lines_above_the_names_are_passed_over(tmp_path):
    assert load(node(tmp_path, "\n \na;y\n1;p\n2;q\n")).columns == ("a",)
    assert "nothing but blanks" in refusal(node(tmp_path, "\n\n\n"))


def test_texts_without_a_line_of_names_are_refused(tmp_path):
    assert "no line of column names" in refusal(node(tmp_path, "so good,a\nbad,b\nfine,a\n", kind="LabeledTexts"))
    assert load(node(tmp_path, "message,spam\nhi,spam\nyou,ham\n", kind="LabeledTexts")).classes == ("ham", "spam")


def test_a_class_in_front_of_the_texts_is_found(tmp_path):
    found = look(node(tmp_path, "label,review\na,so good\nb,so bad\n", kind="LabeledTexts"))
    assert found.texts == (("so good", "a"), ("so bad", "b"))


@pytest.mark.parametrize("kind", ["Table", "Images"])
def test_a_slip_in_a_column_of_parts_is_told_and_makes_no_groups(tmp_path, kind):
    Image.new("L", (8, 8)).save(tmp_path / "p.png")
    rows = "".join(f"p.png,{part},{'uv'[n % 2]}\n" for n, part in enumerate(["train", "train", "tset", "validation"]))
    made = node(tmp_path, f"path,part,label\n{rows}", kind=kind, split_by="part")
    assert "'tset'" in refusal(made) and "no part" in refusal(made)
    mended = node(tmp_path, f"path,part,label\n{rows.replace('tset', 'Test')}", kind=kind, split_by="part")
    assert load(mended).facts()["parts"] == [2, 1, 1]
    groups = node(tmp_path, f"path,part,label\n{rows.replace('train', 'anna')}", kind=kind, split_by="part")
    assert load(groups).facts()["groups"] == 3


@pytest.mark.parametrize(
    ("content", "is_nameless"),
    [("5.1,1.4,1.4,setosa\n4.9,1.3,0.2,setosa\n", True), ("3;2;2;no\n4;1;2,5;yes\n", True), ("red,red,ripe\nblue,red,raw\n", True),
     ("a,a,y\n1,2,0\n", False), ("a,2.5,2.5\n1,low,high\n", False), ("a,a,y\n", False)],
)  # fmt: skip
def test_a_value_that_stands_twice_in_a_first_row_is_no_name(tmp_path, content, is_nameless):
    said = refusal(node(tmp_path, content))
    assert ("no line of column names" in said) == is_nameless
    assert ("two columns called" in said) != is_nameless

"""CSV files: what becomes features, what becomes a target, and a sentence of its own for everything that is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graph.messages import DataError
from graph.model import Node
from runtime.data import describe, load

PLAIN = "a,b,y\n1,2,yes\n3,4.5,no\n-1e2, 0,yes\n"

# what is wrong: (content, parameters, words that the sentence must hold)
BROKEN: dict[str, tuple[str | bytes, dict, tuple[str, ...]]] = {
    "empty file": ("", {}, ("table.csv", "empty")),
    "no rows": ("a,b\n", {}, ("no rows",)),
    "no header": ("1,2,3\n4,5,6\n", {}, ("starts with numbers",)),
    "one column": ("a\n1\n2\n", {}, ("only one column", "commas")),
    "unnamed column": ("a,,y\n1,2,3\n", {}, ("column 2", "no name")),
    "twice the same column": ("a,a,y\n1,2,3\n", {}, ("two columns", "'a'")),
    "a short row": ("a,b,y\n1,2,3\n4,5\n", {}, ("line 3", "2 cells", "3 columns")),
    "open quote": ('a,b,y\n1,"2,3\n4,5,6\n', {}, ("line 3", "quotation marks")),
    "not UTF-8": (b"a,y\n1,\xff\xfe\n", {}, ("line 2", "UTF-8")),
    "missing values": ("a,b,y\n1,,3\n4,NA,6\n7,8,9\n", {}, ("2 values", "2 (b), 3 (b)")),
    "missing target": ("a,y\n1,x\n2,\n3,z\n", {}, ("1 values", "3 (y)")),
    "text among features": ("a,b,y\n1,2,3\n4,red,6\n", {}, ("line 3", "'red'", "'b'", "ignore")),
    "an infinite feature": ("a,b,y\n1,2,3\n4,inf,6\n", {}, ("line 3", "'b'", "infinite")),
    "no such target": ("a,b\n1,2\n", {"target": "price"}, ("'price'", "a, b")),
    "nothing left": ("a,b\n1,2\n3,4\n", {"ignore": "a"}, ("no column left", "'b'")),
    "labels not whole": ("a,y\n1,0\n2,0.5\n", {"task": "classification"}, ("line 3", "0.5", "regression")),
    "a single class": ("a,y\n1,x\n2,x\n", {}, ("nothing to tell apart", "'y'")),
}
SAME_SENTENCE = {"missing target": "missing values"}


def node(source: object, **params) -> Node:
    return Node("n1", "layerloom.data.Table", "table", {"source": str(source), **params})


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def failure(folder: Path, case: str) -> DataError:
    content, params, _ = BROKEN[case]
    with pytest.raises(DataError) as caught:
        load(node(write(folder, content), **params))
    return caught.value


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_table_is_explained(tmp_path: Path, case: str) -> None:
    error = failure(tmp_path, case)
    assert error.node == "n1"
    for words in BROKEN[case][2]:
        assert words in str(error)


def test_every_mistake_has_its_own_sentence(tmp_path: Path) -> None:
    texts = {failure(tmp_path, case).message.text for case in BROKEN if case not in SAME_SENTENCE}
    assert len(texts) == len(BROKEN) - len(SAME_SENTENCE)


def test_text_labels_become_indices_in_sorted_order(tmp_path: Path) -> None:
    loaded = load(node(write(tmp_path, PLAIN)))
    assert loaded.classes == ("no", "yes")
    assert loaded.store.arrays["target"].tolist() == [1, 0, 1]
    assert loaded.store.arrays["target"].dtype == np.int64
    assert loaded.columns == ("a", "b")
    assert loaded.store.arrays["features"].tolist() == [[1, 2], [3, 4.5], [-100, 0]]


def test_numeric_labels_are_sorted_as_numbers(tmp_path: Path) -> None:
    loaded = load(node(write(tmp_path, "a,y\n1,10\n2,9\n3,10\n4,9\n")))
    assert loaded.classes == ("9", "10")
    assert loaded.store.arrays["target"].tolist() == [1, 0, 1, 0]


def test_a_regression_target_is_a_column(tmp_path: Path) -> None:
    facts = describe(node(write(tmp_path, "a,y\n1,0.5\n2,0.25\n")))
    assert facts["task"] == "regression"
    assert facts["outputs"]["target"] == {"shape": [1], "dtype": "float32"}
    assert facts["classes"] == []


@pytest.mark.parametrize(
    ("answers", "task"),
    [
        ([0, 1, 0, 1], "classification"),
        ([1, 2, 3, 4], "regression"),
        ([0.5, 1, 0.5, 1], "regression"),
        (list(range(21)) * 2, "regression"),
        (["low", "high", "low", "low"], "classification"),
    ],
)
def test_the_task_is_guessed_from_the_target(tmp_path: Path, answers: list, task: str) -> None:
    rows = "".join(f"{i},{answer}\n" for i, answer in enumerate(answers))
    assert load(node(write(tmp_path, "a,y\n" + rows))).task == task


def test_the_task_can_be_forced(tmp_path: Path) -> None:
    path = write(tmp_path, "a,y\n1,0\n2,1\n3,0\n4,1\n")
    assert load(node(path, task="regression")).store.arrays["target"].shape == (4, 1)


def test_target_and_ignored_columns_are_no_features(tmp_path: Path) -> None:
    loaded = load(node(write(tmp_path, "id,a,y,b\nx,1,2.5,3\nz,4,5.5,6\n"), target="y", ignore=" id , b"))
    assert loaded.columns == ("a",)
    assert loaded.store.arrays["target"].tolist() == [[2.5], [5.5]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters_blank_lines_and_quotes(tmp_path: Path, delimiter: str) -> None:
    text = '"a","the b","y"\n\n1,2,"x ""1"""\n\n3,4,z\n\n'.replace(",", delimiter)
    loaded = load(node(write(tmp_path, "\ufeff" + text)))
    assert loaded.columns == ("a", "the b")
    assert loaded.classes == ('x "1"', "z")


def test_line_ends_do_not_change_the_fingerprint(tmp_path: Path) -> None:
    unix = describe(node(write(tmp_path, PLAIN)))
    windows = describe(node(write(tmp_path, PLAIN.replace("\n", "\r\n"))))
    other = describe(node(write(tmp_path, PLAIN.replace("4.5", "4.6"))))
    assert unix == windows
    assert unix["fingerprint"] != other["fingerprint"]


def test_a_file_without_lines_is_refused_before_much_of_it_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, PLAIN)
    with path.open("r+b") as file:
        file.truncate(2**36)  # a sparse file of zeros
    with pytest.raises(DataError, match="line 5 is longer than"):
        load(node(path))


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder"):
        load(node(tmp_path))


def test_relative_paths_start_from_the_projects_folder(tmp_path: Path) -> None:
    write(tmp_path, PLAIN)
    assert load(node("table.csv"), tmp_path).samples == 3

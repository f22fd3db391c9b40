"""A corpus of broken data sets: each is refused with a sentence of its own that names the file, and is left as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from graph.catalog import CATALOG
from graph.messages import DataError
from graph.model import Graph, Link, Node, Port, Project
from graph.plan import Plan, Split
from runtime.data import describe, look, prepare

Write = Callable[[Path], object]


def text(content: str | bytes) -> Write:
    return lambda path: path.write_bytes(content.encode() if isinstance(content, str) else content)


def npz(**arrays: object) -> Write:
    return lambda path: np.savez(path, **{name: np.asarray(array) for name, array in arrays.items()})


def npy(array: object) -> Write:
    return lambda path: np.save(path, np.asarray(array))


def parquet(**columns: object) -> Write:
    return lambda path: pq.write_table(pa.table(columns), path)


def cut(write: Write, length: int) -> Write:
    def made(path: Path) -> None:
        write(path)
        path.write_bytes(path.read_bytes()[:length])

    return made


def pictures(*files: tuple[str, bytes | None]) -> Write:
    """A folder with files in it; None stands for a picture."""

    def made(path: Path) -> None:
        path.mkdir()
        for name, content in files:
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                Image.new("RGB", (6, 5)).save(path / name)
            else:
                (path / name).write_bytes(content)

    return made


TWO = "a,y\n1,no\n2,yes\n"
WORDS = "w,y\n" + "".join(f"word{i},{i % 2}\n" for i in range(60))
X = np.zeros((4, 3), np.float32)
Y = [0, 1, 0, 1]

# name: (kind of node, file, how it is written, parameters, words of the sentence)
CORPUS: dict[str, tuple[str, str, Write, dict, str]] = {
    "an empty table": ("Table", "t.csv", text(""), {}, "is empty"),
    "names without rows": ("Table", "t.csv", text("a,b\n"), {}, "no rows below"),
    "rows without names": ("Table", "t.csv", text("1,2\n3,4\n"), {}, "starts with numbers"),
    "a single column": ("Table", "t.csv", text("a\n1\n"), {}, "only one column"),
    "a column without a name": ("Table", "t.csv", text("a,,y\n1,2,3\n"), {}, "column 2 has no name"),
    "two columns of a name": ("Table", "t.csv", text("a,a,y\n1,2,3\n"), {}, "two columns called 'a'"),
    "a short row": ("Table", "t.csv", text("a,b,y\n1,2,3\n4,5\n"), {}, "line 3 has 2 cells"),
    "an open quotation mark": ("Table", "t.csv", text('a,y\n1,"2\n3,4\n'), {}, "quotation marks"),
    "Latin-1": ("Table", "t.csv", text("a,y\n1,gro\xdf\n".encode("latin-1")), {}, "line 2 is not UTF-8"),
    "half of UTF-16": ("Table", "t.csv", text(TWO.encode("utf-16")[:-1]), {}, "damaged UTF-16"),
    "a spreadsheet": ("Table", "t.csv", text(b"PK\x03\x04" + bytes(99)), {}, "a spreadsheet"),
    "a line without end": ("Table", "t.csv", text("a,y\n" + "1" * (2**24 + 2**22)), {}, "longer than"),
    "missing cells": ("Table", "t.csv", text("a,y\n1,2\n,3\nNA,4\n"), {}, "misses 2 values"),
    "text among numbers": ("Table", "t.csv", text("a,y\n1,2\n3,4\nx,5\n"), {}, "'x' in column 'a' is not a number"),
    "an infinite number": ("Table", "t.csv", text("a,y\n1,2\n1e99,3\n"), {}, "too large for 32 bits"),
    "no such target": ("Table", "t.csv", text(TWO), {"target": "z"}, "no column 'z'"),
    "nothing to learn from": ("Table", "t.csv", text(TWO), {"ignore": "a"}, "no column left"),
    "a fraction as a class": ("Table", "t.csv", text("a,y\n1,0\n2,0.5\n"), {"task": "classification"}, "is no class"),
    "a single class": ("Table", "t.csv", text("a,y\n1,x\n2,x\n"), {}, "nothing to tell apart"),
    "two columns of classes": ("Table", "t.csv", text("a,b,y\n1,0,1\n"), {"target": "b, y", "task": "classification"}, "one column of"),
    "too many words": ("Table", "t.csv", text(WORDS), {}, "more than 50 different words"),
    "nothing but broken rows": ("Table", "t.csv", text("a,b\n1\n2\n"), {"broken": "skip"}, "2 are broken"),
    "a cut Parquet file": ("Table", "t.parquet", cut(parquet(a=[1, 2], y=[1.5, 2]), 60), {}, "damaged Parquet"),
    "lists in Parquet": ("Table", "t.parquet", parquet(a=[[1], [2]], y=[1, 2]), {}, "neither numbers nor words"),
    "no archive": ("Arrays", "d.npz", text("hello"), {}, "not an .npz file"),
    "no targets": ("Arrays", "d.npz", npz(x=X), {}, "no array called 'target'"),
    "different counts": ("Arrays", "d.npz", npz(x=X, y=[0, 1]), {}, "same number of samples"),
    "labels below 0": ("Arrays", "d.npz", npz(x=X, y=[0, -1, 1, 1]), {}, "from -1 to 1"),
    "words in an array": ("Arrays", "d.npz", npz(x=X, y=list("abcd")), {}, "does not hold numbers"),
    "Python objects": ("Arrays", "d.npz", npz(x=X, y=np.array([{}, 1, 2, 3], object)), {}, "Python objects"),
    "NaN in an array": ("Arrays", "d.npz", npz(x=X + np.nan, y=Y), {}, "sample 0 of 'input'"),
    "no samples": ("Arrays", "d.npz", npz(x=X[:0], y=[]), {}, "holds no samples"),
    "no array": ("Arrays", "x.npy", text("hello" * 9), {}, "not an .npy file"),
    "a cut array": ("Arrays", "x.npy", cut(npy(X), 140), {}, "not as large as it says"),
    "targets that are not there": ("Arrays", "x.npy", npy(X), {"targets": "y.npy"}, "There is no file"),
    "no pictures": ("Images", "p", pictures(("a/readme.txt", b"hello")), {}, "p"),
    "a damaged picture": ("Images", "p", pictures(("a/1.png", None), ("b/2.png", b"\x89PNG hello")), {}, "2.png"),
}  # fmt: skip


def node(folder: Path, case: str) -> Node:
    kind, name, write, params, _ = CORPUS[case]
    write(folder / name)
    return Node("n1", f"layerloom.data.{kind}", "data", {"source": str(folder / name), **params})


def refused(made: Node, read: Callable[[Node], object] = describe) -> DataError:
    with pytest.raises(DataError) as caught:
        read(made)
    return caught.value


@pytest.mark.parametrize("case", CORPUS)
def test_a_broken_set_is_refused_with_a_sentence_and_left_alone(tmp_path: Path, case: str) -> None:
    made = node(tmp_path, case)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    error = refused(made)
    assert error.node == "n1" and CORPUS[case][4] in str(error) and str(error).endswith((".", "`"))
    assert refused(made, look).message == error.message
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_every_fault_has_a_sentence_of_its_own(tmp_path: Path) -> None:
    found: dict[str, list[str]] = {}
    for number, case in enumerate(CORPUS):
        (tmp_path / str(number)).mkdir()
        found.setdefault(refused(node(tmp_path / str(number), case)).message.text, []).append(case)
    assert [cases for cases in found.values() if len(cases) > 1] == []
    assert len(found) == len(CORPUS) >= 25


@pytest.mark.parametrize(
    ("content", "split", "words"),
    [
        ("a,y\n" + "".join(f"{i},{i * 0.3}\n" for i in range(9)), Split(method="stratified"), "needs classes"),
        (
            "a,y\n" + "".join(f"{i},{'no' if i else 'yes'}\n" for i in range(9)),
            Split(method="stratified"),
            "single sample",
        ),
        (TWO, Split(method="given"), "does not say itself"),
        (TWO, Split(), "2 samples cannot be split into 3 parts"),
    ],
)
def test_sets_that_cannot_be_split_as_wished(tmp_path: Path, content: str, split: Split, words: str) -> None:
    (tmp_path / "t.csv").write_text(content)
    made = Node("n1", "layerloom.data.Table", "data", {"source": str(tmp_path / "t.csv")})
    graph = Graph().add(made).set_facts("n1", describe(made)).add(Node("n2", "torch.nn.Linear", "fc1"))
    port = CATALOG[made.type].outputs[0].name
    graph = graph.connect(Link(Port("n1", port), Port("n2", "input")))
    with pytest.raises(DataError, match=words):
        prepare(Project(graph, Plan(split=split)))

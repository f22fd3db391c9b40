"""Files: what they look like, that nothing is lost in them, and what is refused with which words."""

from __future__ import annotations

import json
import random
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from amount import many
from drawings import lenet5
from generated import graphs, projects
from graph import files, records, strict_json
from graph.catalog import CATALOG
from graph.files import from_text, load, to_text
from graph.messages import FileError
from graph.migrations import MIGRATIONS
from graph.model import Graph, Link, Node, Port, Project
from graph.plan import Plan
from graph.records import plan_record

V1 = Path(__file__).parent / "fixtures" / "v1.layerloom"


def lines_that_differ(one: str, other: str) -> list[str]:
    return [b for a, b in zip(one.splitlines(), other.splitlines(), strict=True) if a != b]


@settings(max_examples=many(150))
@given(projects())
def test_save_load_save_is_byte_identical(project):
    text = to_text(project)
    again = from_text(text)
    assert to_text(again) == text
    assert again == project
    assert list(again.graph.nodes) == list(project.graph.nodes)


@settings(max_examples=many(50))
@given(graphs())
def test_the_clipboard_keeps_everything(graph):
    assert files.part_from_text(files.part_to_text(graph), CATALOG)[0] == graph


def test_the_clipboard_is_no_file_and_a_file_no_clipboard():
    project = lenet5().project
    with pytest.raises(FileError, match="no Layerloom drawing"):
        from_text(files.part_to_text(project.graph))
    with pytest.raises(FileError, match="no Layerloom drawing"):
        files.part_from_text(to_text(project), CATALOG)


def test_a_renamed_type_is_pasted_under_its_present_id():
    linear = replace(CATALOG["torch.nn.Linear"], replaces=("old.Linear",))
    text = files.part_to_text(Graph().add(Node("n1", "old.Linear", "fc1")))
    catalog = type(CATALOG)((linear,))
    assert files.part_from_text(text, catalog)[0].nodes["n1"].type == "torch.nn.Linear"


def test_moving_a_node_changes_one_line_of_layout():
    project = lenet5().project
    text = to_text(project)
    moved = to_text(project.with_graph(project.graph.move({"n3": (12.5, 40)})))
    assert lines_that_differ(text, moved) == ['      "n3": [12.5, 40.0],']
    assert text.index('"layout"') > text.index('"plan"') > text.index('"links"') > text.index('"nodes"')


def test_changing_a_parameter_changes_one_line():
    drawing = lenet5()
    changed = drawing.graph.set_params(drawing.id("conv1"), {"kernel_size": (3, 5)})
    lines = lines_that_differ(to_text(drawing.project), to_text(drawing.project.with_graph(changed)))
    assert lines == ['        "kernel_size": [3, 5],']


def test_the_order_of_drawing_wires_does_not_show():
    project = lenet5().project
    backwards = replace(project.graph, links=dict(reversed(project.graph.links.items())))
    assert to_text(project.with_graph(backwards)) == to_text(project)


def test_the_file_of_version_1_opens():
    project = load(V1)
    assert project.name == "LeNet5" and len(project.graph.nodes) == 16 and len(project.graph.links) == 17
    assert project.graph.node_named("conv1").params == {"kernel_size": 5, "out_channels": 6}
    assert project.graph.node_named("digits").facts["outputs"]["image"]["shape"] == [1, 32, 32]
    assert project.graph.node_named("pool2").position == (196.0, 132.0)
    assert project.plan.epochs == 12 and project.plan.objectives[0].optimizer.params == {"betas": (0.9, 0.98)}


def test_what_this_version_does_not_know_survives():
    project = load(V1)
    stranger = project.graph.node_named("stranger")
    assert stranger.type == "tomorrow.Layer" and stranger.extra == {"notes": ["kept"]}
    assert project.extra == {"frames": [{"title": "head"}], "plan": {"budget": 3}, "layout": {"zoom": 1.5}}
    expected = MIGRATIONS.apply(json.loads(V1.read_text("utf-8")))
    expected["plan"] = {**plan_record(Plan()), **expected["plan"]}
    assert json.loads(to_text(project)) == expected


def test_a_file_without_plan_and_layout_gets_the_defaults():
    record = {"format": "layerloom", "version": 4, "name": "bare", "links": []}
    record["nodes"] = [{"id": "n1", "type": "torch.nn.ReLU", "name": "relu1"}]
    assert from_text(json.dumps(record)) == Project(Graph().add(Node("n1", "torch.nn.ReLU", "relu1")), name="bare")


# ---- what is refused


def edited(old: str, new: str) -> str:
    text = to_text(lenet5().project)
    assert old in text, old
    return text.replace(old, new, 1)


FAR_NOTE = '{"id": "a1", "kind": "note", "text": "", "area": [0, -2e7, 80, 60]}'


def with_layout(entry: str) -> str:
    """The text with one more entry in its layout."""
    return edited('"layout": {', f'"layout": {{{entry},')


REFUSED = {
    "empty": (lambda: " \n", "It is empty."),
    "no JSON": (lambda: "model.pt", "not valid JSON at line 1, column 1"),
    "cut off": (lambda: to_text(lenet5().project)[:100], "not valid JSON at line 8, column 2"),
    "a list": (lambda: "[1, 2]", "does not start with a brace"),
    "other JSON": (lambda: '{"a": 1}', "'format' is not 'layerloom'"),
    "newer": (lambda: edited('"version": 4', '"version": 5'), "version 5, and this Layerloom reads up to version 4"),
    "no version": (lambda: edited('"version": 4', '"version": "1"'), "which format version"),
    "repeated key": (lambda: edited('"id": "n2",', '"id": "n2", "id": "x",'), "At nodes[1]: the key 'id' stands there"),
    "not a number": (lambda: edited("[0.0, 0.0]", "[NaN, 0.0]"), "At layout.nodes.n1[0]: the number is not finite"),
    "infinite": (lambda: edited("[0.0, 0.0]", "[1e999, 0.0]"), "At layout.nodes.n1[0]: the number is not finite"),
    "huge number": (lambda: edited('"seed": 0', f'"seed": {2**63}'), "At plan.seed: the number"),
    "endless number": (lambda: edited('"seed": 0', f'"seed": {"9" * 5000}'), "too many digits"),
    "too far": (lambda: edited("[0.0, 0.0]", "[1e9, 0.0]"), "it must be at most 10000000. Change it."),
    "too far up": (lambda: edited("[0.0, 0.0]", "[0.0, -1e308]"), "it must be at least -10000000. Change it."),
    "a note too far": (lambda: with_layout('"annotations": [' + FAR_NOTE + "]"), "At layout.annotations[0].area[1]"),
    "a bend too far": (lambda: with_layout('"bends": [["n2", "input", [[0, 2e7]]]]'), "it must be at most 10000000"),
    "half a character": (lambda: edited('"LeNet5"', '"\\ud800"'), "At name: the text holds half a character"),
    "long text": (lambda: edited('"LeNet5"', f'"{"é" * 5001}"'), "At name: the text is longer than 10000 bytes"),
    "long key": (lambda: edited('"seed"', f'"{"k" * 10001}"'), "At plan: the text is longer"),
    "deep": (lambda: edited('"seed": 0', '"x": ' + "[" * 40 + "]" * 40), "more than 32 levels"),
    "endlessly deep": (lambda: "[" * 100_000, "more than 32 levels"),
    "wrong type": (lambda: edited('"epochs": 10', '"epochs": "x"'), "At plan.epochs: a whole number is needed"),
    "no epochs": (lambda: edited('"epochs": 10', '"epochs": 0'), "At plan.epochs: the value does not fit"),
    "no plan": (lambda: edited('"plan": {', '"plan": 7, "other": {'), "At plan: an object is needed there"),
    "missing": (lambda: edited('"name": "LeNet5",', ""), "the field 'name' is missing"),
    "lost field": (lambda: edited('"every": 1', '"every": 1, "x": 1'), "At plan.objectives[0]: the field 'x'"),
    "bad device": (lambda: edited('"auto"', '"cuda; rm"'), "At plan.device: the value does not fit"),
    "bad id": (lambda: edited('"id": "n2"', '"id": "n 2"'), "At nodes[1].id: the value does not fit"),
    "bad name": (lambda: edited('"name": "conv1"', '"name": "import os"'), "Node 'n2': 'import os' cannot be a name"),
    "keyword": (lambda: edited('"name": "conv1"', '"name": "while"'), "Node 'n2': 'while' cannot be a name"),
    "ligature": (lambda: edited('"name": "conv1"', '"name": "ﬁ"'), "Node 'n2': 'ﬁ' cannot be a name"),
    "twin ids": (lambda: edited('"id": "n2"', '"id": "n3"'), "Two nodes have the id 'n3'"),
    "link from nowhere": (lambda: edited('["n1", "image"', '["n99", "image"'), "ends at the node 'n99'"),
    "link to nowhere": (lambda: edited('"n2", "input"]', '"n98", "input"]'), "ends at the node 'n98'"),
    "second wire": (lambda: edited('"n3", "input"]', '"n2", "input"]'), "Two links end at the input 'input'"),
    "nested parameter": (lambda: edited('"kernel_size": 5', '"kernel_size": [[5]]'), "At nodes[1].params"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    text, words = REFUSED[case]
    with pytest.raises(FileError) as refusal:
        from_text(text())
    assert words in str(refusal.value)


def test_too_many_nodes_and_links():
    crowd = {f"n{i}": Node(f"n{i}", "t", f"a{i}") for i in range(records.MAX_NODES + 1)}
    with pytest.raises(FileError, match="10001 nodes; up to 10000"):
        from_text(to_text(Project(Graph(crowd))))
    links = (Link(Port("n0", "o"), Port("n1", f"i{i}")) for i in range(records.MAX_LINKS + 1))
    few = {k: crowd[k] for k in ("n0", "n1")}
    with pytest.raises(FileError, match="50001 links; up to 50000"):
        from_text(to_text(Project(Graph(few, {link.target: link for link in links}))))


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda p: None, "There is no such file"),
        (lambda p: p.mkdir(), "It is a folder"),
        (lambda p: p.symlink_to("/dev/zero"), "It is a device or a pipe"),
        (lambda p: p.write_bytes(b"\xff\xfe{"), "no UTF-8 text"),
        (lambda p: p.write_bytes(b""), "It is empty"),
        (lambda p: p.write_bytes(b" " * (strict_json.MAX_BYTES + 1)), "larger than 20 MB"),
    ],
)
def test_files_that_cannot_be_opened_are_named(tmp_path, prepare, words):
    path = tmp_path / "drawing.layerloom"
    prepare(path)
    with pytest.raises(FileError, match=words) as refusal:
        load(path)
    assert str(refusal.value).startswith(f"'{path}' cannot be opened: ")


def test_no_permission(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.layerloom").write_text("{}")
    monkeypatch.setattr(files.os, "open", refuse)
    with pytest.raises(FileError, match="no permission"):
        load(tmp_path / "a.layerloom")


# ---- malformed files in bulk

JUNK = [None, True, -1, 2**62, 1e300, "", "n1", "\0", "../../etc/passwd", [], {}, [[[[]]]], {"id": "n1"}, ["n1"] * 4]
BITS = [b"{", b"}", b"[", b"]", b",", b'"', b":", b"\\u0000", b"\xff", b"1e400", b"null", b"-", b"\\"]


def garbled(data: bytes, rng: random.Random) -> bytes:
    """The bytes with a few of them lost, doubled, swapped or replaced."""
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(data) + 1)
        end = min(len(data), start + rng.choice([0, 1, 1, 5, 200]))
        data = (
            data[:start]
            + rng.choice([b"", rng.choice(BITS), data[start:end] * 2, bytes([rng.randrange(256)])])
            + data[end:]
        )
    return data  # fmt: skip


def twisted(value: object, rng: random.Random) -> object:
    """The JSON value with one value somewhere in it replaced, removed or added."""
    if not isinstance(value, (dict, list)) or not value or rng.random() < 0.1:
        return rng.choice(JUNK)
    copy = value.copy()
    key = rng.choice(list(copy)) if isinstance(copy, dict) else rng.randrange(len(copy))
    if rng.random() < 0.15:
        del copy[key]
    else:
        copy[key] = twisted(copy[key], rng)
    return copy


def check_malformed(path: Path, count: int) -> None:
    good = V1.read_bytes()
    opened = 0
    for seed in range(count):
        rng = random.Random(seed)
        bad = garbled(good, rng) if seed % 2 else json.dumps(twisted(json.loads(good), rng)).encode()
        path.write_bytes(bad)
        start = time.perf_counter()
        try:
            project = load(path)
        except FileError as refusal:
            assert str(refusal).startswith(f"'{path}' cannot be opened: ")
        else:
            opened += 1
            assert from_text(to_text(project)) == project
        assert time.perf_counter() - start < 2
    assert opened < count / 2


def test_malformed_files_give_sentences(tmp_path):
    check_malformed(tmp_path / "bad.layerloom", 400)


@pytest.mark.slow
def test_many_malformed_files_give_sentences(tmp_path):
    check_malformed(tmp_path / "bad.layerloom", 2000)


@pytest.mark.parametrize(
    "unit",
    ["[", "[],", '{"":0},', '"ab",', '{"a":', "9", "1.", "\\", '"', "é", '{"a":1,"a":2},'],
)
def test_huge_nonsense_is_refused_quickly(unit):
    text = unit * ((strict_json.MAX_BYTES - 1) // len(unit))
    start = time.perf_counter()
    for start_of_text in ("", "[", "[0.", '{"x": '):
        with pytest.raises(FileError):
            from_text((start_of_text + text)[: strict_json.MAX_BYTES])
    assert time.perf_counter() - start < 6

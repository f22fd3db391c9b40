"""The command line on drawings with blocks: what it says of them, and pictures of their insides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from block_drawings import showcase
from drawings import Drawing
from graph import files
from graph.model import BlockParam


@pytest.fixture
def path(project_folder):
    file = project_folder / "showcase.layerloom"
    files.save(showcase(), file)
    return file


def test_the_summary_has_a_row_for_each_instance(run, path):
    status, out, _ = run("summary", path)
    rows = {line.split()[0]: line.split() for line in out.splitlines() if line}
    assert status == 0
    assert rows["stage1"][:4] == ["stage1", "BasicBlock", "B×8×28×28", "584"] and rows["stage1"][5] == "451,584"
    assert rows["stage2"][:6] == ["stage2", "3", "×", "BasicBlock", "B×8×28×28", "1,752"]
    assert rows["stage2"][7] == "1,354,752"
    assert rows["reader"][:4] == ["reader", "MemoryCell", "over", "time"]


def test_the_summary_says_whose_weights_are_counted_elsewhere(run, drawn):
    d = Drawing()
    x = d.add("op.Input", "words", shape=(7,), dtype="int64")
    x = d.add("nn.Embedding", "table", x, num_embeddings=50, embedding_dim=8)
    a = d.add("nn.Linear", "one", x, out_features=8)
    b = d.add("nn.Linear", "two", a, out_features=8, shares="one")
    d.add("op.Output", "scores", d.add("nn.Linear", "logits", b, out_features=50, shares="table"))
    status, out, _ = run("summary", drawn(d))
    rows = {line.split()[0]: line.split()[3:] for line in out.splitlines() if line}
    assert status == 0
    assert (rows["table"][0], rows["one"][0], rows["one"][2]) == ("400", "72", "448")
    assert (rows["two"][0], rows["two"][1]) == ("shared", "448")
    assert rows["logits"][:3] == ["50", "+", "shared"] and rows["logits"][4] == "2,800"


@pytest.mark.parametrize("used", ["used", "unused", "nested"])
def test_a_name_that_a_block_does_not_have_is_a_sentence(run, drawn, used):
    inner = Drawing("Inner")
    x = inner.add("op.Input", "x", shape=(4,))
    inner.add("op.Output", "y", inner.add("nn.Linear", "fc", x, out_features="=chanels"))
    d = Drawing(definitions=inner.as_block(BlockParam("channels", 4)))
    if used == "nested":
        outer = Drawing("Outer", definitions=d.definitions)
        x = outer.add("op.Input", "x", shape=(4,))
        outer.add("op.Output", "y", outer.add("block.Inner", "within", x))
        d.definitions = outer.as_block()
    x = d.add("op.Input", "x", shape=(4,))
    if used != "unused":
        x = d.add("block.Outer" if used == "nested" else "block.Inner", "it", x)
    d.add("op.Output", "y", d.add("nn.Linear", "last", x, out_features=2))
    status, out, err = run("check", drawn(d))
    severity = "warning" if used == "unused" else "error"
    assert (status, err) == (0 if used == "unused" else 1, "")
    assert f"{severity}: Inner.fc (bad-expression): " in out
    assert "'chanels' is no parameter of this block. There are: channels." in out


def test_a_problem_names_the_block_that_it_is_in(run, path):
    project = showcase()
    block = project.blocks["b1"]
    conv = block.graph.node_named("conv1").id
    broken = replace(block, graph=block.graph.disconnect(block.graph.incoming(conv)))
    files.save(project.with_block(broken), path)
    status, out, _ = run("check", path)
    assert status == 1
    assert "error: BasicBlock.conv1 (missing-input): " in out


def test_the_inside_of_a_block_is_drawn(run, path, project_folder, qapp):
    picture = project_folder / "inside.svg"
    assert run("render", path, "-o", picture, "--block", "BasicBlock")[0] == 0
    text = picture.read_text("utf-8")
    assert ">conv1<" in text and "stage1" not in text and ">B×8×28×28<" in text
    assert run("render", path, "-o", picture)[0] == 0
    assert ">stage1<" in picture.read_text("utf-8")


def test_a_block_that_is_not_there_is_named_with_those_that_are(run, path, project_folder):
    status, _, err = run("render", path, "-o", project_folder / "x.svg", "--block", "Nothing")
    assert status == 1
    assert "There is no block 'Nothing' in this drawing. Its blocks: BasicBlock, MemoryCell." in err

"""The command line on drawings with blocks: what it says of them, and pictures of their insides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from block_drawings import showcase
from graph import files


@pytest.fixture
def path(project_folder):
    file = project_folder / "showcase.layerloom"
    files.save(showcase(), file)
    return file


def test_the_summary_has_a_row_for_each_instance(run, path):
    status, out, _ = run("summary", path)
    rows = {line.split()[0]: line.split() for line in out.splitlines() if line}
    assert status == 0
    assert rows["stage2"] == ["stage2", "BasicBlock", "B×8×28×28", "1,752", "1,354,752"]


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

"""The verb `diff`: the same words as in the window, for people and as JSON, and a status for scripts."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from block_drawings import showcase
from drawings import Drawing, lenet5
from graph import files
from runtime.runs import FINISHED, create_run

CHANGE = "{what}: {old} → {new}"


def changed() -> Drawing:
    d = lenet5()
    d.graph = d.graph.set_params(d.id("conv1"), {"out_channels": 8}).remove([d.id("tanh2")])
    d.plan = replace(d.plan, epochs=77)
    return d


@pytest.fixture
def old(drawn):
    return drawn(lenet5(), "old")


@pytest.fixture
def new(drawn):
    return drawn(changed(), "new")


def test_the_same_in_meaning_is_status_0(run, drawn, old):
    d = lenet5()
    d.graph = d.graph.move({d.id("conv1"): (500.0, 500.0)})
    assert run("diff", old, drawn(d, "moved")) == (0, "No differences\n", "")
    assert run("diff", "lenet5_digits", "lenet5_digits")[0] == 0


def test_what_differs_is_listed_by_drawing_with_status_1(run, old, new):
    assert run("diff", old, new) == (
        1,
        "1 removed, 1 changed, settings: 1\n"
        "\n"
        "Network\n"
        "  ~ conv1  Conv2d\n"
        "      out_channels: 6 → 8\n"
        "  − tanh2  Tanh\n"
        "\n"
        "Training plan\n"
        "  ~ Epochs: 10 → 77\n",
        "",
    )


def test_json_is_one_difference_a_line(run, old, new):
    status, out, err = run("diff", old, new, "--json")
    assert (status, err) == (1, "")
    assert [json.loads(line) for line in out.splitlines()] == [
        {"what": "node", "kind": "changed", "block": None, "name": "conv1", "type": "Conv2d",
         "old_type_id": "torch.nn.Conv2d", "new_type_id": "torch.nn.Conv2d",
         "details": ["out_channels: 6 → 8"], "changes": [{"key": CHANGE, "values": {"what": "out_channels", "old": "6", "new": "8"}}]},
        {"what": "node", "kind": "removed", "block": None, "name": "tanh2", "type": "Tanh",
         "old_type_id": "torch.nn.Tanh", "details": [], "changes": []},
        {"what": "training", "kind": "changed", "text": "Epochs: 10 → 77",
         "key": CHANGE, "values": {"what": "Epochs", "old": 10, "new": 77}},
    ]  # fmt: skip


def test_what_programs_go_by_is_the_same_in_every_language(run, old, new):
    words = ("type", "details", "text")
    told = [
        [{k: v for k, v in json.loads(line).items() if k not in words} for line in out.splitlines()]
        for _, out, _ in (run("--language", code, "diff", old, new, "--json") for code in ("en", "zh_CN"))
    ]
    assert told[0] == told[1] and len(told[0]) == 3


def test_blocks_are_drawings_of_their_own(run, project_folder):
    project = showcase()
    fewer = replace(project, definitions=project.definitions.remove("b1"))
    name = project.blocks["b1"].name
    for title, drawing in (("more", project), ("fewer", fewer)):
        files.save(drawing, project_folder / f"{title}.layerloom")
    status, out, _ = run("diff", "fewer.layerloom", "more.layerloom")
    assert status == 1 and f"+ Block {name}" in out.splitlines()
    status, out, _ = run("diff", "more.layerloom", "fewer.layerloom", "--json")
    assert {"what": "block", "kind": "removed", "name": name} in [json.loads(line) for line in out.splitlines()]


def test_a_run_stands_for_what_it_trained(run, old, project_folder):
    writer = create_run(project_folder / "old.runs", changed().project, "", {})
    writer.note(status=FINISHED)
    status, out, _ = run("diff", old, writer.path)
    assert status == 1 and "  − tanh2  Tanh" in out.splitlines()
    status, out, _ = run("diff", writer.path, old)
    assert status == 1 and "  + tanh2  Tanh" in out.splitlines()


@pytest.mark.parametrize("missing", ["nothing.layerloom", "."])
def test_what_cannot_be_compared_is_said_with_a_status_of_its_own(run, old, missing):
    status, out, err = run("diff", old, missing)
    assert (status, out) == (2, "") and err.startswith("error: ")
    assert run("check", missing)[0] == 1


def test_its_help_tells_the_status(run):
    status, out, _ = run("diff", "--help")
    assert status == 0 and "the status is 1 if anything does, 2 if they cannot be compared" in " ".join(out.split())


def test_two_words_are_needed(run, old):
    assert run("diff", old)[0] == 2


def test_it_speaks_chinese(run, old, new):
    status, out, _ = run("--language", "zh_CN", "diff", old, new)
    assert status == 1 and out.splitlines()[0] == "删除 1，更改 1，设置：1"

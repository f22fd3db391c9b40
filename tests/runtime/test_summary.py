"""The table of a network: figures that add up, what they count, and the formats it is taken away in."""

from __future__ import annotations

import csv
import io
import re

import pytest

from block_drawings import showcase
from drawings import Drawing, lenet5
from graph.messages import set_language
from graph.model import BlockParam
from runtime.analyser import analyse
from runtime.analysis import Analysis, TensorSpec
from runtime.summary import COLUMNS, Row, Summary, sample_bytes, summarize
from runtime.summary_formats import FORMATTERS, to_csv, to_latex, to_markdown


def table(project) -> Summary:
    return summarize(project, analyse(project))


@pytest.fixture(scope="module")
def lenet() -> Summary:
    return table(lenet5().project)


@pytest.fixture(scope="module")
def blocks() -> Summary:
    return table(showcase())


def named(summary: Summary, name: str) -> Row:
    return next(row for row in summary.rows if row.name == name)


def test_rows_are_in_the_order_of_execution_with_what_is_known(lenet):
    assert [row.order for row in lenet.rows] == list(range(1, len(lenet.rows) + 1))
    conv1 = named(lenet, "conv1")
    assert (conv1.kind, conv1.output, conv1.parameters, conv1.macs) == ("Conv2d", "B×6×28×28", 156, 117_600)
    assert conv1.memory == 4 * 156 + 4 * 6 * 28 * 28


def test_totals_are_those_of_the_analysis_and_shares_add_up_to_one(lenet):
    assert (lenet.parameters, lenet.macs) == (61_706, 416_520)
    assert lenet.memory == sum(row.memory for row in lenet.rows)
    assert sum(map(lenet.parameter_share, lenet.rows)) == pytest.approx(1)
    assert sum(map(lenet.mac_share, lenet.rows)) == pytest.approx(1)


@pytest.mark.parametrize(
    ("shape", "dtype", "size"),
    [
        (("B", 3, 4), "float32", 48),
        (("B", 3), "int64", 24),
        (("8·B", 2), "float16", 32),
        (("B",), "bool", 1),
        ((5,), "complex64", 40),
        ((), "float32", 4),
        (("B", 7), "bfloat16", 14),
    ],
)
def test_bytes_are_those_of_one_sample(shape, dtype, size):
    assert sample_bytes(TensorSpec(shape, dtype)) == size


def test_blocks_open_to_layers_that_add_up_to_them(blocks):
    for name in ("stage1", "stage2", "reader"):
        row = named(blocks, name)
        for figure in ("parameters", "macs", "memory"):
            assert getattr(row, figure) == sum(getattr(part, figure) for part in row.parts), (name, figure)
    assert [part.name for part in named(blocks, "stage1").parts] == ["x", "conv1", "relu1", "sum", "output"]
    assert [part.name for part in named(blocks, "stage2").parts] == ["run 1", "run 2", "run 3"]
    assert {part.node for part in named(blocks, "stage2").parts} == {named(blocks, "stage2").node}


def test_totals_of_a_drawing_with_blocks_are_those_of_the_analysis(blocks):
    analysis = analyse(showcase())
    assert (blocks.parameters, blocks.macs) == (analysis.parameters, analysis.macs)


def test_a_scan_keeps_the_outputs_of_every_step(blocks):
    gate = next(part for part in named(blocks, "reader").parts if part.name == "gate")
    once, steps = 44 * 16 + 16, 28 * 8  # rows of the drawing: 28×8 channels
    assert gate.parameters == 2 * once
    assert gate.macs == 2 * steps * 44 * 16
    assert gate.memory == 4 * 2 * once + 2 * steps * 4 * 16


def test_runs_that_share_their_weights_count_them_once():
    block = Drawing("Cell")
    x = block.add("op.Input", "x", shape=(8,))
    block.add("op.Output", "y", block.add("nn.Linear", "fc", x, out_features=8))
    d = Drawing(definitions=block.as_block())
    x = d.add("op.Input", "x", shape=(8,))
    d.add("op.Output", "y", d.add("block.Cell", "cells", x, use="repeat", times=3, shared_weights=True))
    cells = named(table(d.project), "cells")
    assert cells.parameters == 72
    assert [run.parameters for run in cells.parts] == [72, 0, 0]
    assert [run.shared for run in cells.parts] == [False, True, True]


def test_what_is_not_understood_has_a_row_without_figures():
    summary = summarize(lenet5().project, Analysis(complete=False))
    assert [row.name for row in summary.rows][:2] == ["digits", "conv1"]
    assert (summary.parameters, summary.macs, summary.memory) == (0, 0, 0)
    assert summary.parameter_share(summary.rows[0]) == summary.mac_share(summary.rows[0]) == 0.0


def test_what_is_not_needed_has_no_figures():
    d = Drawing()
    x = d.add("op.Input", "x", shape=(4,))
    d.add("nn.Linear", "unused", x, out_features=9)
    d.add("op.Output", "y", d.add("nn.Linear", "fc", x, out_features=2))
    summary = table(d.project)
    assert (named(summary, "unused").parameters, named(summary, "fc").parameters) == (0, 10)


@pytest.mark.parametrize("column", COLUMNS)
def test_it_sorts_by_every_column_figures_largest_first(lenet, column):
    rows = lenet.sorted_by(column).rows
    assert {row.name for row in rows} == {row.name for row in lenet.rows}
    if column in ("parameters", "macs", "memory"):
        figures = [getattr(row, column) for row in rows]
        assert figures == sorted(figures, reverse=True)
    else:
        keys = [COLUMNS[column](row) for row in rows]
        assert keys == sorted(keys)
    assert [r.name for r in lenet.sorted_by("memory", backwards=True).rows][-1] == "fc1"


# ---- formats


def test_csv_reads_back_as_the_figures(blocks):
    rows = list(csv.DictReader(io.StringIO(to_csv(blocks, expand=True))))
    known = {row["layer"]: row for row in rows}
    assert int(known["stage1.conv1"]["parameters"]) == 584
    assert int(known["stage2"]["macs"]) == named(blocks, "stage2").macs
    assert int(known["reader"]["memory_bytes"]) == named(blocks, "reader").memory
    assert known["encoder2"]["shared_weights"] == "yes" and known["encoder1"]["shared_weights"] == "no"
    assert float(known["stage1"]["parameter_share"]) == pytest.approx(584 / blocks.parameters, abs=1e-6)
    assert len(to_csv(blocks).splitlines()) == len(blocks.rows) + 1


def test_markdown_has_as_many_cells_in_every_line(blocks):
    lines = to_markdown(blocks, expand=True).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert "| conv1 |" not in lines[2] and any(line.startswith("| stage1.conv1 |") for line in lines)
    assert lines[-1].startswith("| **total** |")


def test_latex_is_a_booktabs_tabular_with_everything_escaped():
    block = Drawing("Big_Block")
    x = block.add("op.Input", "x", shape=(4,))
    block.add("op.Output", "y", block.add("nn.Linear", "fc_1", x, out_features="=n"))
    d = Drawing(definitions=block.as_block(BlockParam("n", 4)))
    d.add("op.Output", "y", d.add("block.Big_Block", "a_b", d.add("op.Input", "in_put", shape=(4,))))
    text = to_latex(table(d.project), expand=True)
    lines = text.splitlines()
    assert lines[1] == r"\begin{tabular}{lllrrrrr}" and lines[-1] == r"\end{tabular}"
    assert [line for line in lines if "rule" in line] == [r"\toprule", r"\midrule", r"\midrule", r"\bottomrule"]
    assert r"a\_b & Big\_Block & B$\times$4" in text and r"\quad fc\_1" in text
    rows = [line for line in lines if line.endswith(r"\\")]
    assert all(len(re.findall(r"(?<!\\)&", row)) == 7 for row in rows)
    assert not re.search(r"(?<!\\)[_#]", "".join(rows)) and not re.search(r"(?<!\\)%", "".join(rows))


@pytest.mark.parametrize("sign", list("\\&%$#_{}~^"))
def test_latex_escapes_every_sign_that_means_something(sign):
    text = to_latex(Summary((Row(1, "n1", "a", "", f"x{sign}y", ""),)))
    cell = next(line for line in text.splitlines() if line.startswith("a &")).split(" & ")[1]
    assert cell != f"x{sign}y" and cell.startswith("x\\")


def test_the_command_line_writes_every_format_sorted(run, drawn):
    path = drawn(lenet5())
    for name, write in FORMATTERS.items():
        status, out, err = run("summary", path, "--format", name, "--sort", "parameters")
        assert (status, err) == (0, "")
        assert out.rstrip("\n") == write(table(lenet5().project).sorted_by("parameters"))
    rows = run("summary", path, "--sort", "macs")[1].splitlines()
    assert rows[2].split()[0] == "conv2"


def test_the_command_line_lists_what_is_in_blocks(run, project_folder):
    from graph import files

    path = project_folder / "showcase.layerloom"
    files.save(showcase(), path)
    out = run("summary", path, "--expand")[1]
    assert re.search(r"^  conv1 +Conv2d", out, re.MULTILINE)
    assert not re.search(r"^  conv1", run("summary", path)[1], re.MULTILINE)


def test_the_command_line_says_which_columns_there_are(run, drawn):
    status, _, err = run("summary", drawn(lenet5()), "--sort", "color")
    assert status == 2 and "memory" in err


def test_csv_names_types_alike_in_every_language(lenet):
    told = []
    for code in ("en", "zh_CN"):
        set_language(code)
        told.append({row["layer"]: row["type_id"] for row in csv.DictReader(io.StringIO(to_csv(lenet, expand=True)))})
    assert told[0] == told[1] and told[0]["conv1"] == "torch.nn.Conv2d"

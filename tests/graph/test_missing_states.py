"""An input of a scan that nothing feeds is offered to become a state; a misspelt name is offered its right spelling."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drawings import Drawing
from graph.catalog.definitions import states
from graph.missing_states import offer_scan
from graph.model import BlockParam, Definitions, Project
from graph.problems import Problem
from graph.validation import validate


def cell(*outputs: str, state: str | None = None, inputs: tuple[str, ...] = ("x", "h")) -> Definitions:
    """One step of a recurrent network, whose Input `h` nobody has made a state; the first output may be one."""
    d = Drawing("Cell")
    entries = [d.add("op.Input", name, shape=(4,)) for name in inputs]
    new = d.add("nn.Tanh", "act", d.add("op.Add", "both", *entries, entries[0]))
    for i, name in enumerate(outputs):
        d.add("op.Output", name, new, **({"state": state} if state and i == 0 else {}))
    return d.as_block()


def scanned(definitions: Definitions, **params) -> Project:
    d = Drawing(definitions=definitions)
    d.add("block.Cell", "it", d.add("op.Input", "words", shape=(7, 4)), **{"use": "scan", **params})
    for i, port in enumerate(d.ports("it")):
        d.add("op.Output", f"out{i}", port)
    return d.project


def missing(project: Project) -> Problem:
    (problem,) = [p for p in validate(project) if p.code == "missing-input"]
    return problem


def labels(problem: Problem) -> list[str]:
    return [str(fix.label) for fix in problem.fixes]


def test_an_input_without_a_wire_can_become_a_state():
    project = scanned(cell("y", "h_next"))
    problem = missing(project)
    assert (problem.node, problem.port) == (project.graph.node_named("it").id, "h")
    assert "in a scan an input can be a state" in str(problem.message) and "step before" in str(problem.message)
    assert labels(problem) == ["Make h a state, fed by h_next", "Make h a state, fed by y"]
    mended = problem.fixes[0].edit(project)
    assert states(mended.blocks["b1"]) == {"h_next": "h"}
    assert mended.graph is project.graph and states(project.blocks["b1"]) == {}
    assert [p.code for p in validate(mended)] == ["no-loss"]


def test_three_outputs_are_offered_and_none_that_is_a_state():
    project = scanned(cell("c_next", "a", "b", "d", "h2", state="c", inputs=("x", "c", "h")))
    offered = labels(missing(project))
    assert len(offered) == 3 and offered[0] == "Make h a state, fed by h2"
    assert "Make h a state, fed by c_next" not in offered


@pytest.mark.parametrize("use", ["call", "repeat"])
def test_only_a_scan_has_states(use):
    problem = missing(scanned(cell("y"), use=use))
    assert labels(problem) == [] and "state" not in str(problem.message)


def test_the_sequence_to_go_along_is_no_state():
    """Without a wire the one input that is no state would leave nothing to scan."""
    d = Drawing(definitions=cell("h_next", "y", state="h"))
    d.add("block.Cell", "it", use="scan")
    problem = missing(d.project)
    assert problem.port == "x" and not any("state" in label for label in labels(problem))


def test_a_scan_in_a_block_is_mended_too():
    outer = Drawing("Outer", definitions=cell("h_next"))
    outer.add("block.Cell", "it", outer.add("op.Input", "words", shape=(7, 4)), use="scan")
    outer.add("op.Output", "y", outer.port("it", "h_next"))
    d = Drawing(definitions=outer.as_block())
    d.add("op.Output", "y", d.add("block.Outer", "all", d.add("op.Input", "words", shape=(7, 4))))
    problem = missing(d.project)
    assert problem.block == "b2"
    mended = problem.fixes[0].edit(d.project)
    assert states(mended.blocks["b1"]) == {"h_next": "h"}
    assert replace(mended, definitions=d.definitions) == d.project
    assert [p for p in validate(mended) if p.code == "missing-input"] == []


# ---- spelling

PARAMS = (BlockParam("channels", 4), BlockParam("stride", 1))


def misspelt(params: tuple[BlockParam, ...] = PARAMS, **values) -> tuple[Project, Problem]:
    d = Drawing("Layer")
    d.add("op.Output", "y", d.add("nn.Conv2d", "conv", d.add("op.Input", "x", shape=(4, 9, 9)), **values))
    project = Project(definitions=d.as_block(*params))
    (problem,) = [p for p in validate(project) if p.code == "bad-expression"]
    return project, problem


@pytest.mark.parametrize(
    ("values", "label", "name", "value"),
    [
        ({"out_channels": "=chanels"}, "Set out_channels to =channels", "out_channels", "=channels"),
        ({"out_channels": "=2 * chanels"}, "Set out_channels to =2 * channels", "out_channels", "=2 * channels"),
        ({"out_channels": 4, "stride": (1, "=strid")}, "Set stride to 1 × =stride", "stride", (1, "=stride")),
    ],
)
def test_a_name_that_resembles_a_parameter_is_put_right(values, label, name, value):
    project, problem = misspelt(**values)
    assert "is no parameter of this block. There are: channels, stride." in str(problem.message)
    assert labels(problem)[:-1] == [label]
    mended = problem.fixes[0].edit(project)
    assert mended.blocks["b1"].graph.node_named("conv").params[name] == value
    assert [p for p in validate(mended) if p.code == "bad-expression"] == []


@pytest.mark.parametrize(
    ("params", "text", "words"),
    [
        (PARAMS, "=quite_else", "'quite_else' is no parameter of this block"),
        ((), "=channels", "'channels' means nothing here"),
        (PARAMS, "=", "An expression is missing after '='"),
        (PARAMS, "=4 *", "cannot be worked out"),
    ],
)
def test_where_nothing_resembles_only_a_reset_is_offered(params, text, words):
    _, problem = misspelt(params, out_channels=text)
    assert words in str(problem.message) and labels(problem) == ["Reset out_channels"]


def test_the_main_drawing_has_no_names():
    d = Drawing()
    d.add("op.Output", "y", d.add("nn.Linear", "fc", d.add("op.Input", "x", shape=(4,)), out_features="=channels"))
    (problem,) = [p for p in validate(d.project) if p.code == "bad-expression"]
    assert "'channels' means nothing here" in str(problem.message) and "Write numbers only." in str(problem.message)


def test_a_cell_that_is_called_is_offered_to_be_scanned_also_in_a_block():
    d = Drawing("Outer", definitions=cell("y", state="h"))
    d.add("block.Cell", "it", d.add("op.Input", "words", shape=(7, 4)))
    d.add("op.Output", "y", d.port("it", "y"))
    outer = d.as_block()
    project = Drawing(definitions=outer).project
    (problem,) = [p for p in validate(project) if p.code == "missing-input"]
    scope = problem.block
    offered = offer_scan(problem, project)
    assert labels(offered)[0] == "Scan it" and offered.fixes[1:] == problem.fixes
    mended = offered.fixes[0].edit(project)
    assert mended.drawing(scope).node_named("it").params["use"] == "scan"
    assert mended.graph == project.graph
    assert [p for p in validate(mended) if p.code == "missing-input"] == []


def test_other_inputs_without_a_wire_are_no_reason_to_scan():
    d = Drawing(definitions=cell("y", state="h"))
    d.add("block.Cell", "it")
    project = d.project
    found = {p.port: labels(offer_scan(p, project)) for p in validate(project) if p.code == "missing-input"}
    assert "Scan it" not in found["x"] and found["h"][0] == "Scan it"

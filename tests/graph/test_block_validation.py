"""What is wrong with blocks is said, with a mend where there is one, and never hangs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drawings import Drawing
from graph.catalog.definitions import own_params
from graph.files import MIGRATIONS, from_text, to_text
from graph.messages import FileError
from graph.model import Block, BlockParam, Code, Definitions, Graph, Link, Node, Port, Project
from graph.problems import Problem
from graph.records import MAX_DEFINITIONS
from graph.validation import validate


def linear_block(name: str = "Layer", *params: BlockParam, out_features: object = 4) -> Definitions:
    d = Drawing(name)
    d.add("op.Output", "y", d.add("nn.Linear", "fc", d.add("op.Input", "x", shape=(4,)), out_features=out_features))
    return d.as_block(*params)


def used(definitions: Definitions, *, shape: tuple[int, ...] = (4,), **params) -> Project:
    """A drawing with one instance of the last block, wired to Inputs and Outputs."""
    d = Drawing(definitions=definitions)
    block = list(definitions.blocks.values())[-1]
    count = sum(node.type == "layerloom.Input" for node in block.graph.nodes.values())
    sources = [d.add("op.Input", f"in{i}", shape=shape) for i in range(count)]
    d.add(f"block.{block.name}", "it", *sources[: count if params.get("use") != "scan" else 1], **params)
    for i, port in enumerate(d.ports("it")):
        d.add("op.Output", f"out{i}", port)
    return d.project


def errors(project: Project) -> list[Problem]:
    return [problem for problem in validate(project) if problem.severity == "error"]


def codes(project: Project) -> set[str]:
    return {problem.code for problem in errors(project)}


def ring(size: int) -> Definitions:
    """Blocks of which each contains the next, and the last the first."""
    definitions = Definitions()
    for i in range(size):
        graph = linear_block().blocks["b1"].graph
        graph = graph.disconnect([graph.links[Port("n3", "input")]])
        graph = graph.add(Node("n4", f"block.r{(i + 1) % size}", "inner"))
        definitions = definitions.put_block(Block(f"r{i}", f"Ring{i}", graph))
    for block in definitions.blocks.values():
        graph = block.graph.connect(Link(Port("n2", "output"), Port("n4", "x"))).connect(
            Link(Port("n4", "y"), Port("n3", "input"))
        )
        definitions = definitions.put_block(replace(block, graph=graph))
    return definitions


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_block_in_itself_is_said_in_each_block_of_the_ring(size):
    found = [problem for problem in errors(used(ring(size))) if problem.code == "block-in-itself"]
    assert {problem.block for problem in found} == {f"r{i}" for i in range(size)}
    project = used(ring(size))
    mended = found[0].fixes[0].edit(project)
    assert "block-in-itself" not in codes(mended) or size == 1
    assert "inner" not in mended.blocks[found[0].block].graph.names


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda g: g.remove(["n3"]), "no-output"),
        (lambda g: g.add(Node("n9", "layerloom.Output", "z")), "missing-input"),
        (lambda g: g.add(Node("n9", "layerloom.data.Table", "table")), "not-in-a-block"),
        (lambda g: g.set_params("n3", {"state": "nowhere"}), "bad-state"),
        (lambda g: g.put(replace(g.nodes["n2"], name="forward")), "bad-name"),
        (lambda g: g.put(replace(g.nodes["n2"], shares="gone")), "bad-sharing"),
    ],
)
def test_what_is_wrong_inside_is_said_there(change, code):
    definitions = linear_block()
    block = replace(definitions.blocks["b1"], graph=change(definitions.blocks["b1"].graph))
    project = used(linear_block()).with_block(block)
    assert ("b1", code) in {(problem.block, problem.code) for problem in validate(project)}


def test_an_input_that_nothing_uses_is_a_warning():
    definitions = linear_block()
    block = definitions.blocks["b1"]
    project = used(definitions.put_block(replace(block, graph=block.graph.add(Node("n9", "layerloom.Input", "spare")))))
    assert not errors(project)
    assert [(p.code, p.block) for p in validate(project) if p.code == "unused"] == [("unused", "b1")]


def test_a_dead_end_in_a_block_may_become_an_output():
    definitions = linear_block()
    block = definitions.blocks["b1"]
    project = used(definitions.put_block(replace(block, graph=block.graph.add(Node("n9", "layerloom.Input", "spare")))))
    (problem,) = (p for p in validate(project) if p.code == "unused")
    assert [str(fix.label) for fix in problem.fixes] == ["Add an Output for spare.output", "Delete spare"]
    mended = problem.fixes[0].edit(project)
    assert [p.code for p in validate(mended) if p.node == "n9"] == []
    (link,) = mended.blocks["b1"].graph.outgoing("n9")
    assert mended.blocks["b1"].graph.nodes[link.target.node].type == "layerloom.Output"


@pytest.mark.parametrize(
    "name",
    ["use", "times", "shared_weights", "direction", "fc", "x", "lambda", "True", "self", "nn", "super", "range", "max", "1x", "",
     "_", "a b"],
)  # fmt: skip
def test_names_that_parameters_cannot_have(name):
    project = used(linear_block("Layer", BlockParam(name, 4)))
    assert ("b1", "bad-name") in {(p.block, p.code) for p in errors(project)}


def test_two_parameters_of_one_name_are_a_problem_and_the_first_counts():
    definitions = linear_block("Layer", BlockParam("n", 4), BlockParam("n", 5), BlockParam("use", 1))
    assert own_params(definitions.blocks["b1"]) == (BlockParam("n", 4),)
    assert "bad-name" in codes(used(definitions))


@pytest.mark.parametrize("default", [1e300, 10**30, -(2**63), float("nan"), float("inf")])
def test_defaults_that_are_no_numbers_to_count_with(default):
    project = used(linear_block("Layer", BlockParam("n", default)))
    assert "bad-parameter" in codes(project)


@pytest.mark.parametrize(
    ("expression", "code", "words"),
    [
        ("=1/0", "bad-expression", "divides by zero"),
        ("=n/0", "bad-expression", "divides by zero"),
        ("=width", "bad-expression", "There are: n"),
        ("=9**9**9", "bad-expression", "too large"),
        ("=2**1000000000", "bad-expression", "too large"),
        ("=(-8)**0.5", "bad-expression", "cannot be"),
        ("=", "bad-expression", "cannot be worked out"),
        ("=__import__('os').system('true')", "bad-expression", "cannot be worked out"),
        ("=n/2", "bad-parameter", "cannot be 2.0"),
        ("=n == 4", "bad-parameter", "cannot be True"),
        ("=-n", "bad-parameter", "cannot be -4"),
    ],
)
def test_expressions_that_give_nothing_to_use(expression, code, words):
    project = used(linear_block("Layer", BlockParam("n", 4), out_features=expression))
    found = [problem for problem in errors(project) if problem.code == code]
    assert [problem.block for problem in found] == ["b1"] and "out_features" in str(found[0].message)
    assert words in str(found[0].message)
    assert "out_features" not in found[0].fixes[0].edit(project).blocks["b1"].graph.nodes["n2"].params


@pytest.mark.parametrize("times", [0, 1001, "=2", "=times", 2.5, True, None, "x"])
def test_how_often_a_repeat_can_run(times):
    wrong = times != "=2"
    assert bool(errors(used(linear_block(), use="repeat", times=times))) == wrong


def test_a_repeat_needs_an_input_for_everything_that_it_gives():
    d = Drawing("Two")
    x = d.add("op.Input", "x", shape=(4,))
    d.add("op.Output", "a", x)
    d.add("op.Output", "b", d.add("nn.Tanh", "tanh", x))
    project = used(d.as_block(), use="repeat")
    (problem,) = [p for p in errors(project) if p.code == "repeat"]
    assert "repeat" not in codes(problem.fixes[0].edit(project))


@pytest.mark.parametrize("name", ["lengths", "y_last"])
def test_ports_of_a_block_that_every_scan_has_too(name):
    d = Drawing("Cell")
    x, h = d.add("op.Input", "lengths" if name == "lengths" else "x", shape=(4,)), d.add("op.Input", "h", shape=(4,))
    d.add("op.Output", "y", d.add("op.Add", "sum", x, h), state="h")
    if name == "y_last":
        d.add("op.Output", "y_last", x)
    found = [p for p in errors(used(d.as_block(), shape=(3, 4), use="scan")) if p.code == "name-clash"]
    assert [p.port for p in found] == [name]
    assert "name-clash" not in codes(used(d.as_block(), shape=(4,)))


@pytest.mark.parametrize(
    "change",
    [
        lambda g: g.rename("n1", "other"),
        lambda g: g.remove(["n1"]),
        lambda g: g.rename("n3", "other"),
        lambda g: g.remove(["n3"]),
        lambda g: Graph(),
        lambda g: g.put(replace(g.nodes["n1"], type="torch.nn.ReLU")),
    ],
)
@pytest.mark.parametrize("use", ["call", "repeat", "scan"])
def test_wires_to_ports_that_a_block_lost_are_problems_with_a_mend(change, use):
    project = used(linear_block(), use=use)
    block = project.blocks["b1"]
    project = project.with_block(replace(block, graph=change(block.graph)))
    found = [p for p in errors(project) if p.code == "unknown-port"]
    assert found and all(p.block is None for p in found)
    for problem in found:
        project = problem.fixes[0].edit(project)
    assert "unknown-port" not in codes(project)


def test_a_file_holds_a_thousand_definitions_and_no_more():
    definitions = linear_block()
    block = definitions.blocks["b1"]
    many = {f"b{i}": replace(block, id=f"b{i}", name=f"Layer{i}") for i in range(1, MAX_DEFINITIONS + 1)}
    project = used(definitions)
    full = replace(project, definitions=Definitions(many))
    assert from_text(to_text(full)) == full and not errors(full)
    one_more = replace(project, definitions=Definitions({**many, "c1": replace(block, id="c1")}))
    with pytest.raises(FileError, match="1001 blocks"):
        from_text(to_text(one_more))


HOSTILE = (
    "",
    " ",
    "1x",
    "a b",
    "é",
    'x"',
    "'",
    "\\",
    "X(nn.Module): pass\nclass Y",
    "x);import os",
    "__import__",
    "a.b",
    "{x}",
    "A" * 65,
)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_refuses_names_that_are_none(name):
    definitions = linear_block()
    block = definitions.blocks["b1"]
    node = replace(block.graph.nodes["n2"], name=name)
    for bad in (
        replace(block, name=name),
        replace(block, graph=replace(block.graph, nodes={**block.graph.nodes, "n2": node})),
    ):
        with pytest.raises(FileError):
            from_text(to_text(used(definitions).with_block(bad)))


def test_a_file_names_its_version():
    assert MIGRATIONS.version == 4 and '"version": 4' in to_text(used(linear_block()))


# ---- code

RELU = "from torch import relu as act\n\n\ndef first(x):\n    return act(x)\n"


@pytest.mark.parametrize(
    ("other", "name"),
    [
        ("from torch import tanh as act\ndef second(x): return act(x)", "act"),
        ("def act(x): return x", "act"),
        ("def first(x): return x", "first"),
        ("from torch import relu as act\ndef second(x): return act(x)", None),
        ("import os.path\ndef second(x): return x", None),
    ],
)
def test_two_pieces_of_code_must_mean_the_same_by_a_name(other, name):
    texts = {"c1": Code("c1", "First", "import os\n" + RELU), "c2": Code("c2", "Second", other)}
    found = [p for p in errors(Project(definitions=Definitions(codes=texts))) if p.code == "code-clash"]
    assert [p.message.values["name"] for p in found] == ([name] if name else [])


@pytest.mark.parametrize(("name", "wrong"), [("first", True), ("act", True), ("second", False)])
def test_a_parameter_of_a_block_is_not_called_like_what_its_class_may_call(name, wrong):
    definitions = linear_block("Layer", BlockParam(name, 4)).put_code(Code("c1", "First", RELU))
    assert [p.block for p in errors(used(definitions)) if p.code == "bad-name"] == (["b1"] if wrong else [])


@pytest.mark.parametrize(("name", "fits"), [("my_gate", True), ("my code", False), ("2nd", False), ("a" * 65, False)])
def test_the_name_of_code_in_a_file_is_that_of_a_class_or_function(name, fits):
    project = Project(definitions=Definitions(codes={"c1": Code("c1", name, RELU)}))
    if fits:
        assert from_text(to_text(project)) == project
        return
    with pytest.raises(FileError, match="must be up to 64 letters, digits and underscores, beginning with a letter"):
        from_text(to_text(project))


@pytest.mark.parametrize(("dtype", "port"), [("int64", "integer"), ("bool", "any"), ("float32", "float")])
def test_a_state_begins_with_what_its_input_takes(dtype, port):
    d = Drawing("Cell")
    n = d.add("op.Input", "n", shape=(1,), dtype=dtype)
    d.add("op.Output", "count", d.add("nn.Identity", "same", n), state="n")
    d.add("op.Output", "y", d.add("op.Abs", "size", d.add("op.Input", "x", shape=(4,))))
    d = Drawing(definitions=d.as_block())
    d.add("block.Cell", "cell", d.add("op.Input", "steps", shape=(5, 4)), use="scan")
    begin = d.definitions.catalog.of(d.graph.node_named("cell")).input("n")
    assert (begin.dtype, begin.optional) == (port, True)

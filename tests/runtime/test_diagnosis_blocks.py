"""Mends in blocks: sizes are written as expressions, none is overwritten, states get the shape that a step gives."""

from __future__ import annotations

import pytest

from drawings import SMALL_IMAGES, Drawing
from graph.files import load
from graph.model import BlockParam, Definitions, Project
from graph.problems import Problem
from runtime import examples
from runtime.analyser import analyse
from runtime.library import ready_blocks


def errors(project: Project) -> list[Problem]:
    return [p for p in analyse(project).problems if p.severity == "error"]


def found(project: Project) -> list[Problem]:
    """All problems but that these drawings have no loss."""
    return [p for p in analyse(project).problems if p.code != "no-loss"]


def labels(problem: Problem) -> list[str]:
    return [str(fix.label) for fix in problem.fixes]


def mend(project: Project, label: str) -> Project:
    (fix,) = {str(f.label): f for p in analyse(project).problems for f in p.fixes if str(f.label) == label}.values()
    return fix.edit(project)


def residual(**conv) -> Definitions:
    """x + conv(x), where nothing projects x."""
    d = Drawing("Res")
    x = d.add("op.Input", "x", shape=(3, 8, 8))
    y = d.add("nn.Conv2d", "conv", x, **{"out_channels": "=channels", "kernel_size": 3, "padding": 1, **conv})
    d.add("op.Output", "y", d.add("op.Add", "sum", d.add("nn.ReLU", "relu", y), x))
    return d.as_block(BlockParam("channels", 8), BlockParam("pad", 0))


def used(definitions: Definitions, shape: tuple[int, ...], **params) -> Project:
    """One instance of the one block, its first input wired to an Input of this shape."""
    d = Drawing(definitions=definitions)
    (block,) = definitions.blocks.values()
    d.add(f"block.{block.name}", "it", d.add("op.Input", "data", shape=shape), **params)
    for i, port in enumerate(d.ports("it")):
        d.add("op.Output", f"out{i}", port)
    return d.project


# ---- expressions


@pytest.mark.parametrize("written", ["=channels", "=2 * channels", 8])
def test_the_projection_of_a_shortcut_has_the_size_as_the_layer_has_it(written):
    project = used(residual(out_channels=written), (3, 8, 8))
    size = 16 if written == "=2 * channels" else 8
    mended = mend(project, f"Insert 1 × 1 Conv2d ({size}) after x")
    block = mended.blocks["b1"]
    (added,) = [n for n in block.graph.nodes.values() if n.id not in project.blocks["b1"].graph.nodes]
    assert added.params["out_channels"] == written
    assert errors(mended) == []
    (it,) = [n.id for n in mended.graph.nodes.values() if n.name == "it"]
    wider = mended.with_graph(mended.graph.set_params(it, {"channels": 16}))
    assert errors(wider) == []


def test_a_mend_does_not_put_a_number_in_the_place_of_an_expression():
    text = "Set padding of conv to 1"
    plain = used(residual(out_channels=3, padding=0), (3, 8, 8))
    assert text in [label for p in analyse(plain).problems for label in labels(p)]
    computed = used(residual(out_channels=3, padding="=pad + 0"), (3, 8, 8))
    offered = [label for p in analyse(computed).problems for label in labels(p)]
    assert text not in offered and "Set pad of Res to 1" not in offered


def test_the_parameter_changes_where_its_name_alone_is_written():
    project = used(residual(out_channels=3, padding="=pad"), (3, 8, 8))
    assert all("Set padding of conv to 1" not in labels(p) for p in analyse(project).problems)
    mended = mend(project, "Set pad of Res to 1")
    assert mended.blocks["b1"].params == (BlockParam("channels", 8), BlockParam("pad", 1))
    assert mended.blocks["b1"].graph == project.blocks["b1"].graph
    assert errors(mended) == []


def test_the_default_of_a_parameter_is_no_mend_for_an_instance_with_its_own():
    project = used(residual(out_channels=3, padding="=pad"), (3, 8, 8), pad=2)
    assert errors(project)
    assert all(not label.startswith("Set pad") for p in analyse(project).problems for label in labels(p))


def test_a_shape_that_is_an_expression_is_neither_set_nor_reset():
    d = Drawing("Shaped")
    x = d.add("op.Input", "x", shape=(16,))
    d.add("op.Output", "y", d.add("op.Reshape", "reshape", x, shape=("=rows", 5)))
    project = used(d.as_block(BlockParam("rows", 2)), (16,))
    assert any(p.code == "reshape-size" and p.block for p in errors(project))
    assert all(labels(p) == [] for p in errors(project))
    d = Drawing("Negative")
    d.add("op.Output", "y", d.add("nn.Linear", "fc", d.add("op.Input", "x", shape=(16,)), out_features="=rows - 2"))
    wrong = errors(used(d.as_block(BlockParam("rows", 2)), (16,)))
    assert wrong and all("Reset out_features" not in labels(p) for p in wrong)


# ---- states


def cell(*, join: str = "op.Add", size: object = 32, **h) -> Definitions:
    d = Drawing("Cell")
    x, state = d.add("op.Input", "x", shape=(6,)), d.add("op.Input", "h", **h)
    if join == "op.Add":
        x, state = (d.add("nn.Linear", f"of_{n}", p, out_features=size) for n, p in (("x", x), ("h", state)))
        new = d.add("op.Add", "sum", x, state)
    else:
        new = d.add("nn.Linear", "fc", d.add(join, "both", x, state), out_features=size)
    d.add("op.Output", "new", d.add("nn.Tanh", "tanh", new), state="h")
    return d.as_block(BlockParam("hidden", 32))


@pytest.mark.parametrize("join", ["op.Add", "op.Concatenate"])
@pytest.mark.parametrize(("size", "shown"), [(32, "32"), ("=hidden", "=hidden")])
def test_a_state_of_another_shape_is_the_only_error_and_is_mended_in_one_step(join, size, shown):
    project = used(cell(join=join, size=size), (5, 6), use="scan")
    (problem,) = found(project)
    assert (problem.code, problem.block) == ("state", None)
    assert "1 × 28 × 28" in str(problem.message) and "'new' gives B × 32" in str(problem.message)
    assert labels(problem) == [f"Set shape of h to {shown}"]
    mended = problem.fixes[0].edit(project)
    assert mended.blocks["b1"].graph.node_named("h").params["shape"] == ((size,) if size == "=hidden" else (32,))
    assert mended.graph == project.graph
    assert found(mended) == []


def test_two_states_are_mended_together():
    d = Drawing("Cell")
    x, h, c = (d.add("op.Input", name, **given) for name, given in (("x", {"shape": (6,)}), ("h", {}), ("c", {})))
    gate = d.add("nn.Linear", "gate", d.add("op.Concatenate", "both", x, h), out_features="=hidden")
    new = d.add("op.Add", "add", d.add("op.Multiply", "keep", gate, c), gate)
    d.add("op.Output", "c_new", new, state="c")
    d.add("op.Output", "h_new", d.add("nn.Tanh", "tanh", new), state="h")
    project = used(d.as_block(BlockParam("hidden", 12)), (5, 6), use="scan")
    (problem,) = found(project)
    assert labels(problem) == ["Set shape of c, h to =hidden"]
    assert found(problem.fixes[0].edit(project)) == []


def test_a_written_shape_is_not_replaced_by_a_number():
    project = used(cell(shape=("=hidden - 1",)), (5, 6), use="scan")
    (problem,) = errors(project)
    assert problem.code == "state" and problem.fixes == ()


def test_a_cell_that_nobody_uses_yet_gives_no_advice_about_images():
    d = Drawing(definitions=cell(join="op.Concatenate"))
    d.add("op.Output", "out", d.add("op.Input", "data", shape=(6,)))
    assert all(p.code not in ("missing-flatten", "shape-mismatch") for p in analyse(d.project).problems)


# ---- scan or call


def ready(name: str) -> Definitions:
    (entry,) = [e for e in ready_blocks() if e.path.stem == name]
    return load(entry.path).definitions


def test_images_in_the_place_of_rows_lose_their_one_channel():
    definitions = ready("lstm_cell")
    project = used(definitions, (1, 8, 8), use="scan")
    (problem,) = errors(project)
    assert "is 1 × a step of 8 × 8" in str(problem.message)
    assert labels(problem) == ["Insert Squeeze (1)"]
    assert errors(problem.fixes[0].edit(project)) == []


def test_steps_with_a_dimension_too_many_do_not_change_the_states_of_a_cell():
    (problem,) = errors(used(ready("lstm_cell"), (3, 8, 8), use="scan"))
    assert "is 3 × a step of 8 × 8" in str(problem.message) and problem.fixes == ()


def test_a_cell_that_is_called_without_its_states_is_offered_to_be_scanned_first():
    project = used(ready("lstm_cell"), (7, 8))
    missing = [p for p in errors(project) if p.code == "missing-input"]
    assert missing and all(labels(p)[0] == "Scan it" for p in missing)
    mended = missing[0].fixes[0].edit(project)
    assert mended.graph.node_named("it").params["use"] == "scan"
    assert errors(mended) == []


def test_a_block_for_images_is_called_instead_of_scanned():
    project = used(residual(out_channels=3), (3, 8, 8), use="scan")
    (problem,) = errors(project)
    assert labels(problem) == ["Call it instead of scanning"]
    assert errors(problem.fixes[0].edit(project)) == []


# ---- pairs


@pytest.mark.parametrize(("loss", "given"), [("CosineEmbeddingLoss", (8,)), ("MarginRankingLoss", (8,))])
def test_targets_of_pairs_with_a_dimension_too_many(loss, given):
    d = Drawing()
    one, other = (d.add("op.Input", name, shape=given) for name in ("one", "other"))
    if loss == "MarginRankingLoss":  # a number a sample
        one, other = (d.add("op.Mean", f"of_{p.node}", p, dims=(1,)) for p in (one, other))
    d.add(f"nn.{loss}", "loss", one, other, d.add("op.Input", "same", shape=(1,)))
    (problem,) = [p for p in errors(d.project) if p.code == "target-dimension"]
    text = str(problem.message)
    assert "'loss' takes targets of shape B " in text and "one dimension too many" in text
    assert labels(problem) == ["Insert Squeeze (1)"]
    mended = problem.fixes[0].edit(d.project)
    assert [p.code for p in analyse(mended).problems if p.node == d.id("loss")] == ["loss-without-parameters"]


@pytest.mark.parametrize("shape", [(8, 1), (1, 8)])
def test_a_side_of_a_triplet_with_a_dimension_too_many(shape):
    d = Drawing()
    anchor, near = (d.add("op.Input", name, shape=(8,)) for name in ("anchor", "near"))
    d.add("nn.TripletMarginLoss", "loss", anchor, near, d.add("op.Input", "far", shape=shape))
    (problem,) = [p for p in analyse(d.project).problems if p.port == "negative"]
    (label,) = [label for label in labels(problem) if label.startswith("Insert Squeeze")]
    assert [p for p in analyse(mend(d.project, label)).problems if p.port == "negative"] == []


# ---- scores that a block makes


@pytest.mark.parametrize("name", ["seq2seq_gru", "seq2seq_attention"])
def test_the_parameter_of_a_scan_that_makes_the_scores_is_offered_behind_a_transpose(name):
    project = load(examples.path(name))
    decoder = next(node.id for node in project.graph.nodes.values() if node.name == "decoder")
    wrong = project.with_graph(project.graph.set_params(decoder, {"tokens": 58}))
    for problem in errors(wrong):
        assert problem.code == "class-count" and "'tokens' of 'decoder' to 15" in str(problem.message)
        assert labels(problem) == ["Set tokens to 15"] and errors(problem.fixes[0].edit(wrong)) == []
    assert len(errors(wrong)) == 3


@pytest.mark.parametrize("written", ["=classes", "=classes + 2", 9])
def test_only_a_parameter_that_is_the_size_alone_is_offered(written):
    inner = Drawing("Head")
    x = inner.add("op.Input", "x", shape=(12,))
    x = inner.add("nn.Linear", "scores", x, out_features=written)
    inner.add("op.Output", "y", inner.add("nn.Dropout", "drop", x))
    d = Drawing("Net", definitions=inner.as_block(BlockParam("classes", 9)))
    d.add("data.Images", "digits", facts=SMALL_IMAGES)
    x = d.add("nn.Linear", "fc1", d.add("nn.Flatten", "flat", d.port("digits", "image")), out_features=12)
    d.add("block.Head", "head", x)
    d.add("nn.CrossEntropyLoss", "loss", d.port("head", "y"), d.port("digits", "label"))
    (problem,) = errors(d.project)
    assert problem.code == "class-count"
    assert labels(problem) == (["Set classes to 10"] if written == "=classes" else [])

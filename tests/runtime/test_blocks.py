"""A block means the same as its nodes drawn out: called, repeated, scanned, shared, trained, saved and exported."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from drawings import Drawing
from graph.files import from_text, to_text
from graph.history import History
from graph.messages import msg
from graph.model import BlockParam, Definitions, Port, Project
from graph.plan import Choice, Objective
from runtime.compiler import Compiled, compile_project
from runtime.data import prepare
from runtime.events import Failed, Finished
from runtime.export import export
from runtime.predict import Trained
from trainings import ADAM, StopAfter, digits, plan, run, step_series, with_facts

WIDTH = 6


def residual() -> Definitions:
    """x + up(tanh(down(x))): `width` features inside."""
    d = Drawing("Residual")
    x = d.add("op.Input", "x", shape=(WIDTH,))
    hidden = d.add("nn.Tanh", "tanh", d.add("nn.Linear", "down", x, out_features="=width"))
    d.add("op.Output", "y", d.add("op.Add", "sum", d.add("nn.Linear", "up", hidden, out_features=WIDTH), x))
    return d.as_block(BlockParam("width", 3))


def drawn_out(d: Drawing, x: Port, stem: str, *, width: int = 3, shares: str | None = None) -> Port:
    """The nodes of `residual`, with or without the weights of others that were drawn out."""
    leaders = {name: f"{shares}_{name}" if shares else None for name in ("down", "up")}
    hidden = d.add("nn.Linear", f"{stem}_down", x, out_features=width, shares=leaders["down"])
    hidden = d.add(
        "nn.Linear", f"{stem}_up", d.add("nn.Tanh", f"{stem}_tanh", hidden), out_features=WIDTH, shares=leaders["up"]
    )
    return d.add("op.Add", f"{stem}_sum", hidden, x)


def ended(d: Drawing, *ports: Port) -> Compiled:
    """The drawing with Output nodes, compiled."""
    for number, port in enumerate(ports, 1):
        d.add("op.Output", f"out{number}", port)
    return compile_project(d.project)


def starting(definitions: Definitions | None = None, shape: tuple[int, ...] = (WIDTH,)) -> tuple[Drawing, Port]:
    d = Drawing(definitions=definitions)
    return d, d.add("op.Input", "x", shape=shape)


def assert_same(one: Compiled, other: Compiled, names: dict[str, str], *inputs: Tensor) -> None:
    """Both compute the very same outputs and gradients; `names` gives for each key of the first that of the second."""
    first, second = one.build(seed=1), other.build(seed=2)
    state = first.state_dict()
    second.load_state_dict({names[key]: tensor for key, tensor in state.items()})
    assert one.analysis.parameters == other.analysis.parameters == sum(p.numel() for p in first.parameters())
    results = [model(*inputs) for model in (first, second)]
    assert torch.equal(*results)
    for result in results:
        result.square().sum().backward()
    grads = dict(second.named_parameters())
    for key, parameter in first.named_parameters():
        torch.testing.assert_close(parameter.grad, grads[names[key]].grad, rtol=0, atol=0)


def renamed(old: str, new: str) -> dict[str, str]:
    return {f"{old}{layer}.{kind}": f"{new}{layer}.{kind}" for layer in ("down", "up") for kind in ("weight", "bias")}


def test_a_called_block_is_its_nodes():
    d, x = starting(residual())
    called = ended(d, d.add("block.Residual", "b", d.add("block.Residual", "a", x, width=5)))
    d, x = starting()
    flat = ended(d, drawn_out(d, drawn_out(d, x, "a", width=5), "b"))
    assert_same(called, flat, renamed("a.", "a_") | renamed("b.", "b_"), torch.randn(4, WIDTH))
    assert "a = self.a(x)" in called.source.text and "Residual(width=5)" in called.source.text


def test_a_repeat_is_its_runs_in_a_row():
    d, x = starting(residual())
    repeated = ended(d, d.add("block.Residual", "r", x, use="repeat", times=3))
    d, x = starting(residual())
    row = ended(d, d.add("block.Residual", "c", d.add("block.Residual", "b", d.add("block.Residual", "a", x))))
    names = {k: v for i, name in enumerate("abc") for k, v in renamed(f"r.{i}.", f"{name}.").items()}
    assert_same(repeated, row, names, torch.randn(4, WIDTH))


def test_a_repeat_with_shared_weights_is_one_instance_applied_again():
    d, x = starting(residual())
    repeated = ended(d, d.add("block.Residual", "r", x, use="repeat", times=3, shared_weights=True))
    d, x = starting(residual())
    x = d.add("block.Residual", "b", d.add("block.Residual", "a", x), shares="a")
    again = ended(d, d.add("block.Residual", "c", x, shares="a"))
    assert_same(repeated, again, renamed("r.", "a."), torch.randn(4, WIDTH))
    assert set(again.build().state_dict()) == set(renamed("a.", ""))  # the others have no weights of their own
    assert repeated.analysis.parameters == 2 * WIDTH * 3 + 3 + WIDTH


def cell() -> Definitions:
    """h' = tanh(w x + u h)."""
    d = Drawing("Cell")
    x, h = d.add("op.Input", "x", shape=(WIDTH,)), d.add("op.Input", "h", shape=("=hidden",))
    total = d.add(
        "op.Add",
        "sum",
        d.add("nn.Linear", "w", x, out_features="=hidden"),
        d.add("nn.Linear", "u", h, out_features="=hidden"),
    )
    d.add("op.Output", "new", d.add("nn.Tanh", "tanh", total), state="h")
    return d.as_block(BlockParam("hidden", 4))


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_a_scan_is_its_steps_drawn_out(direction):
    d, x = starting(cell(), (3, WIDTH))
    begin = d.add("op.Input", "begin", shape=(4,))
    d.add("block.Cell", "rnn", x, begin, use="scan", direction=direction)
    scanned = ended(d, d.port("rnn", "new"), d.port("rnn", "new_last"))
    d, x = starting(cell(), (3, WIDTH))
    state, steps = d.add("op.Input", "begin", shape=(4,)), []
    order = [0, 1, 2] if direction == "forward" else [2, 1, 0]
    for t in order:
        step = d.add("op.Select", f"x{t}", x, dim=1, index=t)
        state = d.add("block.Cell", f"step{t}", step, state, shares=f"step{order[0]}" if t != order[0] else None)
        steps.append(state)
    stack = d.add("op.Stack", "stack", *(steps if direction == "forward" else steps[::-1]), dim=1)
    unrolled = ended(d, stack, state)
    names = {f"rnn.{part}.{kind}": f"step{order[0]}.{part}.{kind}" for part in "wu" for kind in ("weight", "bias")}
    one, other = scanned.build(seed=1), unrolled.build(seed=2)
    other.load_state_dict({names[key]: tensor for key, tensor in one.state_dict().items()})
    data = torch.randn(5, 3, WIDTH), torch.randn(5, 4)
    expected = dict(zip(unrolled.outputs, other(*data), strict=True))
    series, last = one(*data)
    assert torch.equal(series, expected[stack]) and torch.equal(last, expected[state])
    (series.square().sum() + last.sum()).backward()
    (expected[stack].square().sum() + expected[state].sum()).backward()
    grads = dict(other.named_parameters())
    for key, parameter in one.named_parameters():
        torch.testing.assert_close(parameter.grad, grads[names[key]].grad, rtol=1e-6, atol=1e-7)
    assert scanned.analysis.parameters == unrolled.analysis.parameters


# ---- sharing is kept


def siamese() -> Drawing:
    """Two inputs through one block and one tied layer; the scores of words come from the table of words."""
    d = Drawing("Siamese", definitions=residual())
    left, right = d.add("op.Input", "left", shape=(WIDTH,)), d.add("op.Input", "right", shape=(WIDTH,))
    one = d.add("block.Residual", "one", left)
    two = d.add("block.Residual", "two", right, shares="one")
    words = d.add(
        "nn.Embedding",
        "words",
        d.add("op.Input", "word", shape=(1,), dtype="int64"),
        num_embeddings=9,
        embedding_dim=WIDTH,
    )
    total = d.add("op.Add", "total", d.add("op.Subtract", "gap", one, two), d.add("nn.Flatten", "flat", words))
    d.add("op.Output", "out1", d.add("nn.Linear", "scores", total, out_features=9, bias=False, shares="words"))
    return d


ONCE = 2 * WIDTH * 3 + 3 + WIDTH + 9 * WIDTH


def test_sharing_is_counted_once_and_survives_the_file():
    project = from_text(to_text(siamese().project))
    compiled = compile_project(project)
    model = compiled.build(seed=0)
    assert sum(p.numel() for p in model.parameters()) == compiled.analysis.parameters == ONCE
    assert model.scores.weight is model.words.weight and not hasattr(model, "two")
    left, words = torch.randn(3, WIDTH), model.words.weight
    scores = model(left, left, torch.ones(3, 1, dtype=torch.int64))
    torch.testing.assert_close(scores, words[1].expand(3, WIDTH) @ words.T)


def test_a_copy_shares_within_itself_and_undo_brings_sharing_back():
    project = siamese().project
    doubled, ids = project.graph.merge(project.graph)
    for old, new in ids.items():
        shared = project.graph.nodes[old].shares
        assert doubled.nodes[new].shares == (ids[shared] if shared else None)
    assert compile_project(project.with_graph(doubled)).analysis.parameters == 2 * ONCE
    history = History(project.graph)
    history.push(project.graph.unshare(list(project.graph.nodes)), msg("Delete"))
    assert compile_project(project.with_graph(history.value)).analysis.parameters > ONCE
    history.undo()
    assert compile_project(project.with_graph(history.value)).analysis.parameters == ONCE


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Trained:
    compiled = compile_project(siamese().project)
    model = compiled.build(seed=1).eval()
    folder = tmp_path_factory.mktemp("2026-01-02_030405_abcd")
    return Trained(project=compiled.project, compiled=compiled, model=model, statistics={}, classes=(), run=folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", [*(pytest.param(k, marks=pytest.mark.slow) for k in ("weights", "code")), "python", "onnx"]
)
def test_shared_weights_are_exported(trained, kind, tmp_path):
    receipt = export(trained, kind, tmp_path / "net")  # which runs what it wrote in a clean process, and compares
    assert receipt.largest_difference <= (1e-5 if kind == "onnx" else 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("direction", [pytest.param("forward", marks=pytest.mark.slow), "both"])
def test_loops_are_exported(direction, tmp_path):
    d, x = starting(cell(), (3, WIDTH))
    y = d.add("block.Cell", "rnn", x, use="scan", direction=direction)
    compiled = ended(d, y)
    model = compiled.build(seed=1).eval()
    trained = Trained(project=compiled.project, compiled=compiled, model=model, statistics={}, classes=(), run=tmp_path)
    assert export(trained, "onnx", tmp_path / "net").largest_difference <= 1e-5
    assert export(trained, "python", tmp_path / "folder").largest_difference == 0.0


# ---- training


def network(d: Drawing, x: Port) -> Port:
    """Digits through blocks: one that is repeated, one pair that shares its weights, dropout in between."""
    d.definitions = residual()
    x = d.add("nn.Linear", "first", d.add("nn.Flatten", "flatten", x), out_features=WIDTH)
    x = d.add("block.Residual", "stack", x, use="repeat", times=2, width=5)
    x = d.add("nn.Dropout", "dropout1", x, p=0.2)
    x = d.add("block.Residual", "again", d.add("block.Residual", "once", x), shares="once")
    return d.add("nn.Linear", "last", x, out_features=10)


class ByHand(nn.Module):
    """The same network, written by hand."""

    class Residual(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.down, self.up = nn.Linear(WIDTH, width), nn.Linear(width, WIDTH)

        def forward(self, x: Tensor) -> Tensor:
            return self.up(torch.tanh(self.down(x))) + x

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(64, WIDTH)
        self.stack = nn.ModuleList(self.Residual(5) for _ in range(2))
        self.dropout1 = nn.Dropout(0.2)
        self.once = self.Residual(3)
        self.last = nn.Linear(WIDTH, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x.flatten(1))
        for part in self.stack:
            x = part(x)
        return self.last(self.once(self.once(self.dropout1(x))))


@pytest.mark.parametrize("name", ["Adam", "SGD"])
def test_training_a_network_of_blocks_is_the_plain_loop(name, tmp_path):
    choice = Choice(f"torch.optim.{name}", {"lr": 0.01})
    project = digits(network, plan(choice, epochs=2))
    events = run(project, tmp_path)
    assert isinstance(events[-1], Finished)
    torch.manual_seed(3)
    model = ByHand()
    optimizer = getattr(torch.optim, name)(model.parameters(), lr=0.01)
    x, y = prepare(project).train.tensors.values()
    x = x.clone(memory_format=torch.contiguous_format)
    generator, losses = torch.Generator().manual_seed(3), []
    for _ in range(2):
        model.train()
        for indices in torch.randperm(len(x), generator=generator).split(32):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x[indices]), y[indices])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        model.eval()
    assert step_series(events) == pytest.approx(losses, rel=1e-6)
    weights = load_file(Path(events[-1].run) / "checkpoints" / "last.safetensors")
    assert weights.keys() == model.state_dict().keys()
    for key, tensor in model.state_dict().items():
        torch.testing.assert_close(weights[key], tensor, rtol=1e-5, atol=1e-6)


def tied(d: Drawing, x: Port) -> Port:
    """Two layers of different types that share what they have in common: weight and bias of two normalizations."""
    x = d.add("nn.Linear", "first", d.add("nn.Flatten", "flatten", x), out_features=WIDTH)
    x = d.add("nn.LayerNorm", "norm", x)
    x = d.add("nn.BatchNorm1d", "other", x, shares="norm")
    return d.add("nn.Linear", "last", d.add("nn.Dropout", "dropout1", x, p=0.2), out_features=10)


def test_a_run_with_tied_weights_goes_on_exactly(tmp_path):
    project = digits(tied, plan())
    compiled = compile_project(project)
    model = compiled.build(seed=0)
    assert model.other.weight is model.norm.weight and model.other.bias is model.norm.bias
    whole = run(project, tmp_path)
    stopped = run(project, tmp_path, control=StopAfter(25))
    resumed = run(project, tmp_path, resume=Path(stopped[-1].run))
    assert step_series(stopped) + step_series(resumed) == step_series(whole)
    weights = [load_file(Path(events[-1].run) / "checkpoints" / "last.safetensors") for events in (whole, resumed)]
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])
    assert torch.equal(weights[0]["other.weight"], weights[0]["norm.weight"])
    state = torch.load(Path(whole[-1].run) / "checkpoints" / "last.state.pt", weights_only=True)
    moments = state["learners"][0]["optimizer"]["state"].values()
    assert sum(entry["exp_avg"].numel() for entry in moments) == compiled.analysis.parameters


def weights_before_and_after(project: Project, tmp_path) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    events = run(project, tmp_path)
    assert isinstance(events[-1], Finished), events[-1]
    return compile_project(project).build(seed=3).state_dict(), load_file(
        Path(events[-1].run) / "checkpoints" / "last.safetensors"
    )


@pytest.mark.parametrize(
    ("names", "prefixes"), [(["stack"], ("stack.",)), (["again"], ("once.",)), (["once", "last"], ("once.", "last."))]
)
def test_an_objective_that_names_instances_trains_exactly_their_parameters(names, prefixes, tmp_path):
    project = digits(network, plan(epochs=1))
    parameters = tuple(project.graph.node_named(name).id for name in names)
    project = project.with_plan(replace(project.plan, objectives=(Objective(parameters=parameters, optimizer=ADAM),)))
    before, after = weights_before_and_after(project, tmp_path)
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    assert changed == {key for key in before if key.startswith(prefixes)}


def exploding(d: Drawing, x: Port) -> Port:
    """A block that squares again and again."""
    block = Drawing("Square")
    y = block.add("op.Input", "x", shape=(WIDTH,))
    block.add("op.Output", "y", block.add("op.Multiply", "square", y, y))
    d.definitions = block.as_block()
    x = d.add("nn.Linear", "first", d.add("nn.Flatten", "flatten", x), out_features=WIDTH)
    x = d.add("block.Square", "power", x, use="repeat", times=12)
    return d.add("nn.Linear", "last", x, out_features=10)


def test_numbers_that_are_not_finite_are_traced_to_the_instance(tmp_path):
    project = digits(exploding, plan(Choice("torch.optim.SGD", {"lr": 10.0})))
    failed = run(project, tmp_path)[-1]
    assert isinstance(failed, Failed), failed
    assert project.graph.nodes[failed.node].name == "power" and "'power'" in str(failed.message)


def test_too_little_memory_in_a_block_names_the_instance(tmp_path, monkeypatch):
    def fail(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    project = with_facts(digits(network, plan()))
    monkeypatch.setattr(torch.nn.Tanh, "forward", fail)
    failed = run(project, tmp_path)[-1]
    assert isinstance(failed, Failed) and "smaller batch size" in str(failed.message)
    assert project.graph.nodes[failed.node].name == "stack"

"""Weights from elsewhere on a drawing: what belongs where, the run that holds them, and the same outputs as where they come from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from block_drawings import showcase
from drawings import Drawing
from graph import files
from graph.messages import RunError
from graph.model import Project
from runtime.importer.weights import Target, import_weights
from runtime.importer.weights_mapping import (
    Entry,
    Place,
    chosen,
    in_natural_order,
    in_order,
    propose,
    squares,
    unused,
    with_chosen,
    with_turned,
)
from runtime.importer.weights_reading import read_weights
from runtime.importer.weights_report import MATCHED, MISMATCHED, MISSING
from runtime.predict import load_trained
from runtime.run_rows import read_row
from runtime.training.job import build
from runtime.training.loop import train
from runtime.training.taking import take_weights
from trainings import cnn, digits, mlp, plan, run


class Other(nn.Module):
    """The network of `trainings.cnn` as somebody else would write it."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2))
        self.classifier = nn.Sequential(nn.Dropout(0.3), nn.Linear(54, 10))

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


def other(seed: int = 5) -> Other:
    """One that has seen some data, so that its statistics are its own."""
    torch.manual_seed(seed)
    made = Other()
    for _ in range(3):
        made(torch.randn(16, 1, 8, 8) * 2 + 1)
    return made.eval()


@pytest.fixture(scope="module")
def project() -> Project:
    return digits(cnn, plan())


def bring(project: Project, path: Path, runs: Path, pairs=(), *, transpose: bool = False):
    """Import as the command line does."""
    target, file = Target(project), read_weights(path)
    matches = propose(target.places, file.entries)
    matches = with_chosen(matches, chosen(target.places, file.entries, pairs, transpose=transpose))
    matches = with_turned(target.places, file.entries, matches) if transpose else matches
    return import_weights(target, file, matches, folder=None, runs=runs)


def states(imported) -> dict[str, tuple[str, str | None]]:
    """The state and kind of every parameter by name."""
    return {line.place.name: (line.state, line.match and line.match.kind) for line in imported.report.lines}


def kinds(imported) -> set:
    return {kind for _, kind in states(imported).values()}


# ---- there and back


def test_an_exported_run_comes_back_to_the_bit(project, tmp_path):
    *_, ended = run(project, tmp_path / "runs", epochs=1)
    before = load_trained(Path(ended.run))
    save_file(before.model.state_dict(), tmp_path / "w.safetensors")
    imported = bring(project, tmp_path / "w.safetensors", tmp_path / "runs")
    assert kinds(imported) == {"exact"} and imported.report.is_whole and not imported.report.unexpected
    after = load_trained(imported.run)
    x = torch.randn(7, 1, 8, 8)
    assert torch.equal(before.model(x), after.model(x))
    assert all(
        torch.equal(a, b)
        for a, b in zip(before.model.state_dict().values(), after.model.state_dict().values(), strict=True)
    )
    assert imported.test == pytest.approx(ended.test, abs=1e-6)
    row = read_row(imported.run)
    assert (row.status, row.epoch, row.labels.tags, row.parameters) == ("finished", 0, ("imported",), 622)
    assert row.figures["test.accuracy"] == pytest.approx(ended.test["accuracy"])


def test_a_module_with_other_names_gives_its_outputs_here(project, tmp_path):
    made = other()
    torch.save({"epoch": 3, "state_dict": {f"module.{k}": v for k, v in made.state_dict().items()}}, tmp_path / "w.pt")
    imported = bring(project, tmp_path / "w.pt", tmp_path)
    assert kinds(imported) == {"order"} and imported.report.count(MATCHED) == 9
    assert [str(note) for note in imported.notes][:1] == ["The weights were taken from 'state_dict' in the file."]
    x = torch.randn(7, 1, 8, 8)
    model = load_trained(imported.run).model
    assert torch.equal(model(x), made(x))
    assert model.norm1.num_batches_tracked == 3 and torch.equal(model.norm1.running_var, made.features[1].running_var)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "model.", "module._orig_mod.", "net.backbone."])
def test_a_prefix_is_seen_through(project, tmp_path, prefix):
    weights = load_weights(project)
    save_file({prefix + name: tensor for name, tensor in weights.items()}, tmp_path / "w.safetensors")
    target, file = Target(project), read_weights(tmp_path / "w.safetensors")
    matches = propose(target.places, file.entries)
    assert {name: match.entry.name for name, match in matches.items()} == {name: prefix + name for name in weights}
    assert {match.kind for match in matches.values()} == {"prefix"}


def load_weights(project: Project) -> dict[str, torch.Tensor]:
    from runtime.compiler import compile_project

    return compile_project(project).build(1).state_dict()


# ---- what does not fit


def test_every_state_is_told_by_node(project, tmp_path):
    weights = load_weights(project)
    weights["fc1.weight"] = torch.ones(3, 54)
    weights["conv1.bias"] = torch.ones(6, dtype=torch.int64)
    del weights["norm1.running_mean"]
    weights["head.weight"] = torch.ones(4)
    torch.save(weights, tmp_path / "w.pth")
    imported = bring(project, tmp_path / "w.pth", tmp_path)
    found = states(imported)
    assert found["fc1.weight"] == found["conv1.bias"] == (MISMATCHED, "exact")
    assert found["norm1.running_mean"] == (MISSING, None) and found["conv1.weight"] == (MATCHED, "exact")
    assert [entry.name for entry in imported.report.unexpected] == ["head.weight"]
    nodes = {imported.report.title(node): len(lines) for node, lines in imported.report.by_node.items()}
    assert nodes == {"conv1": 2, "norm1": 5, "fc1": 2}
    fresh = torch.manual_seed(project.plan.seed) and load_trained(imported.run).model
    assert fresh.fc1.weight.shape == (10, 54) and not torch.equal(fresh.fc1.weight[:3], torch.ones(3, 54))


def test_what_is_missing_begins_as_in_a_new_network(project, tmp_path):
    from runtime.compiler import compile_project

    torch.save({"conv1.weight": torch.ones(6, 1, 3, 3)}, tmp_path / "w.pt")
    model = load_trained(bring(project, tmp_path / "w.pt", tmp_path).run).model
    fresh = compile_project(project).build(project.plan.seed)
    assert torch.equal(model.conv1.weight, torch.ones(6, 1, 3, 3)) and torch.equal(model.fc1.weight, fresh.fc1.weight)


def test_nothing_that_fits_is_an_error_and_leaves_no_run(project, tmp_path):
    torch.save({"x": torch.ones(1)}, tmp_path / "w.pt")
    with pytest.raises(RunError, match=r"Nothing in .* matches this drawing"):
        bring(project, tmp_path / "w.pt", tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_halves_become_floats_exactly(tmp_path):
    project = digits(mlp, plan())
    weights = {name: tensor.bfloat16() for name, tensor in load_weights(project).items()}
    save_file(weights, tmp_path / "w.safetensors")
    imported = bring(project, tmp_path / "w.safetensors", tmp_path)
    assert "bfloat16 becomes float32" in str(imported.report.lines[0].words)
    model = load_trained(imported.run).model
    assert all(torch.equal(tensor, weights[name].float()) for name, tensor in model.state_dict().items())


def test_what_is_not_finite_is_said_and_no_mistake_of_ours(project, tmp_path):
    weights = load_weights(project)
    weights["fc1.bias"][3] = torch.nan
    torch.save(weights, tmp_path / "w.pt")
    imported = bring(project, tmp_path / "w.pt", tmp_path / "runs")
    assert [str(note) for note in imported.notes] == [
        "There are numbers that are NaN or infinite in: fc1.bias. The network cannot answer with them.",
        "The weights could not be tested: the loss is no finite number.",
    ]
    assert (imported.test, read_row(imported.run).status) == ({}, "finished")


def test_of_what_fits_nowhere_the_reason_is_said(project, tmp_path):
    save_file({"conv1.weight": torch.ones(6, 1, 3, 3).to(torch.float8_e4m3fn)}, tmp_path / "w.safetensors")
    with pytest.raises(RunError, match=r"Of 'conv1.weight': it holds float8_e4m3fn, needed is float32"):
        bring(project, tmp_path / "w.safetensors", tmp_path / "runs")


def test_matrices_of_keras_are_turned_on_request_only(tmp_path):
    project = digits(mlp, plan())
    weights = load_weights(project)
    names = {"fc1.kernel": weights["fc1.weight"].T.contiguous(), "fc2.kernel": weights["fc2.weight"].T.contiguous(),
             "fc1.bias": weights["fc1.bias"], "fc2.bias": weights["fc2.bias"]}  # fmt: skip
    save_file(names, tmp_path / "w.safetensors")
    as_it_is = bring(project, tmp_path / "w.safetensors", tmp_path)
    assert states(as_it_is)["fc1.weight"] == (MISMATCHED, "similar")
    assert str(as_it_is.report.lines[0].words) == "it is 64 × 48: fits if rows become columns"
    model = load_trained(bring(project, tmp_path / "w.safetensors", tmp_path, transpose=True).run).model
    assert all(torch.equal(tensor, weights[name]) for name, tensor in model.state_dict().items())
    names = {name.replace("fc1", "entry").replace("fc2", "zz_head"): tensor for name, tensor in names.items()}
    save_file(names, tmp_path / "w.safetensors")  # and nothing is called as here
    for pairs in ((), [("zz_head", "fc2")]):
        turned = bring(project, tmp_path / "w.safetensors", tmp_path, pairs, transpose=True)
        state = load_trained(turned.run).model.state_dict()
        assert all(torch.equal(tensor, weights[name]) for name, tensor in state.items())
    assert states(turned)["fc1.weight"] == (MATCHED, "order") and states(turned)["fc2.weight"] == (MATCHED, "chosen")


def test_a_square_matrix_is_not_turned_and_known():
    places = [Place("a.weight", (3, 3), "float32"), Place("b.weight", (2, 3), "float32")]
    entries = [Entry("x.weight", (3, 3), "float32"), Entry("y.weight", (3, 2), "float32")]
    matches = with_turned(places, entries, {})
    assert {name: match.transposed for name, match in matches.items()} == {"a.weight": False, "b.weight": True}
    assert squares(places, matches) == ["a.weight"]


# ---- what a person says


def test_names_and_parts_of_names_can_be_said(project, tmp_path):
    made = other()
    torch.save(made.state_dict(), tmp_path / "w.pt")
    target, file = Target(project), read_weights(tmp_path / "w.pt")
    said = chosen(target.places, file.entries, [("features.0", "conv1"), ("classifier.1.bias", "fc1.bias")])
    assert {name: match.entry.name for name, match in said.items()} == {
        "conv1.weight": "features.0.weight", "conv1.bias": "features.0.bias", "fc1.bias": "classifier.1.bias",
    }  # fmt: skip
    for pair, sentence in (
        (("feature.0", "conv1"), "The file has nothing named 'feature.0'. Most like it there: features.0"),
        (("features.0", "conv9"), "The drawing has no weights named 'conv9'. Most like it there: conv1"),
        (("features.0", "norm1.bias"), "'features.0' and 'norm1.bias' have no weights of the same name"),
    ):
        with pytest.raises(RunError, match=sentence):
            chosen(target.places, file.entries, [pair])


def test_a_part_that_is_said_brings_weights_that_others_call_otherwise():
    places = [Place("fc1.weight", (3, 2), "float32"), Place("fc1.bias", (3,), "float32")]
    entries = [Entry("dense.kernel", (2, 3), "float32"), Entry("dense.bias", (3,), "float32")]
    said = chosen(places, entries, [("dense", "fc1")], transpose=True)
    assert {name: (match.entry.name, match.transposed) for name, match in said.items()} == {
        "fc1.weight": ("dense.kernel", True), "fc1.bias": ("dense.bias", False),
    }  # fmt: skip


def test_an_entry_that_is_chosen_is_free_elsewhere(tmp_path):
    def network(d: Drawing, x):
        for name in ("a", "b"):
            x = d.add("nn.Linear", name, x if name == "b" else d.add("nn.Flatten", "flatten", x), out_features=64)
        return d.add("nn.Linear", "c", x, out_features=10)

    values = {"x": 1.0, "y": 2.0}
    torch.save({f"{n}.weight": torch.full((64, 64), v) for n, v in values.items()}, tmp_path / "w.pt")
    imported = bring(digits(network, plan()), tmp_path / "w.pt", tmp_path, [("x.weight", "b.weight")])
    assert states(imported)["b.weight"] == (MATCHED, "chosen") and states(imported)["a.weight"] == (MISSING, None)
    assert load_trained(imported.run).model.b.weight[0, 0] == 1


# ---- blocks and shared weights


def test_blocks_repeated_scanned_and_shared_layers_come_back(tmp_path):
    project = showcase()  # whose data is not there
    weights = load_weights(project)
    torch.save({f"m.{name}": tensor for name, tensor in weights.items()}, tmp_path / "w.pt")
    imported = bring(project, tmp_path / "w.pt", tmp_path)
    assert imported.report.is_whole and not imported.report.unexpected
    titles = {imported.report.title(node) for node in imported.report.by_node}
    assert titles == {"stem", "stage1", "stage2", "reader", "encoder1", "lstm", "logits"}
    after = load_trained(imported.run).model.state_dict()
    assert after.keys() == weights.keys() and all(torch.equal(after[name], weights[name]) for name in weights)


def test_one_name_of_a_tensor_with_two_is_enough():
    place = Place("emb.weight", (5, 3), "float32", "n1", aliases=("head.weight",))
    for names in (["head.weight"], ["emb.weight"], ["emb.weight", "head.weight"]):
        entries = [Entry(name, (5, 3), "float32") for name in names]
        matches = propose([place], entries)
        assert matches["emb.weight"].kind == "exact" and not unused([place], entries, matches)


def test_layers_of_the_same_form_go_together_in_their_order():
    """Numbers count as people count them, and one layer more in the file does not shift the others."""
    places = [Place(f"fc{i}.weight", (8, size), "float32") for i, size in enumerate((4, 8, 8, 8, 2))]
    names = [
        Entry(f"net.{i}.w", (8, size), "float32") for i, size in zip((0, 2, 4, 10, 12), (4, 8, 8, 8, 2), strict=True)
    ]
    shuffled = in_natural_order(sorted(names, key=lambda entry: entry.name))
    assert shuffled == names
    assert [match.entry for match in propose(places, names).values()] == names
    more = [*names[:1], Entry("net.1.w", (3, 3), "float32"), *names[1:]]
    assert [match.entry for match in in_order(places, more).values()] == names


# ---- the command line


def test_the_command_line_imports_tells_and_trains_on(run, drawn_project, tmp_path):
    net, made = drawn_project, other()
    torch.save({f"module.{k}": v for k, v in made.state_dict().items()}, "w.pt")
    status, out, _ = run("import", "weights", net, "w.pt", "--dry-run", "--map", "features.0=conv1")
    assert status == 0 and "9 of 9 parameters and buffers matched, 0 missing" in out and "chosen by you" in out
    assert not Path("net.runs").exists()
    status, out, _ = run("import", "weights", net, "w.pt", "--json")
    record = json.loads(out)
    assert status == 0 and record["matched"] == 9 and record["nodes"]["fc1"][0]["from"] == "module.classifier.1.weight"
    model = load_trained(Path(record["run"])).model
    x = torch.randn(3, 1, 8, 8)
    assert torch.equal(model(x), made(x))
    status, out, _ = run("train", net, "--from", record["run"], "--epochs", 1, "--freeze", "conv1", "norm1", "--json")
    events = [json.loads(line) for line in out.splitlines()]
    taken = next(event for event in events if event["event"] == "Taken")
    assert status == 0 and len(taken["kept"]) == 9 and not taken["new"] and not taken["left_out"]
    tuned = load_trained(Path(events[-1]["run"])).model
    assert torch.equal(tuned.conv1.weight, made.features[0].weight)
    assert torch.equal(tuned.norm1.running_mean, made.features[1].running_mean)
    assert not torch.equal(tuned.fc1.weight, made.classifier[1].weight)
    status, _, err = run("train", net, "--resume", record["run"])
    assert status == 1 and "holds imported weights" in err
    assert run("train", net, "--from", record["run"], "--resume", record["run"])[0] == 2


def test_strict_forbids_what_is_not_whole(run, drawn_project):
    made = other().state_dict()
    del made["classifier.1.bias"]
    torch.save(made, "w.pt")
    status, out, err = run("import", "weights", drawn_project, "w.pt", "--strict")
    assert status == 1 and "Nothing was imported" in err and "missing" in out and not Path("net.runs").exists()
    assert run("import", "weights", drawn_project, "w.pt")[0] == 0
    assert run("import", "weights", drawn_project)[0] == 1


@pytest.fixture
def drawn_project(project, project_folder) -> Path:
    files.save(project, project_folder / "net.layerloom")
    return project_folder / "net.layerloom"


# ---- a new run from the weights of another


def test_what_has_another_shape_begins_anew_and_the_rest_is_taken(project, tmp_path):
    *_, ended = run(project, tmp_path, epochs=1)
    graph = project.graph
    graph = graph.set_params(graph.node_named("conv1").id, {"kernel_size": 5})
    fit, _ = build(project.with_graph(graph.rename(graph.node_named("norm1").id, "other")), None, 1)
    taken = take_weights(fit, Path(ended.run))
    assert taken.new == ("conv1.weight", "fc1.weight") == taken.left_out
    of_norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    assert taken.kept == ("conv1.bias", *(f"other.{name}" for name in of_norm), "fc1.bias")
    before = load_trained(Path(ended.run)).model
    assert torch.equal(fit.model.other.running_var, before.norm1.running_var)
    assert torch.equal(fit.model.fc1.bias, before.fc1.bias)
    fit.close()


@pytest.mark.slow
def test_the_first_losses_are_those_of_the_weights_that_were_taken(tmp_path):
    """By hand: the same weights, a fresh optimizer, the order of the seed."""
    from runtime.data import prepare

    project = digits(mlp, plan())
    *_, ended = run(project, tmp_path, epochs=2)
    events = list(train(project, runs=tmp_path, source=Path(ended.run), epochs=1, watch=False))
    model = load_trained(Path(ended.run)).model.train()
    x, y = prepare(project, None).train.tensors.values()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(project.plan.seed))
    losses = []
    for batch in order.split(32):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    found = [value for event in events if type(event).__name__ == "StepsEnded" for value in event.series["loss"]]
    assert found == losses


@pytest.mark.slow
def test_a_run_of_something_else_is_refused(project, tmp_path):
    def network(d: Drawing, x):
        return d.add("nn.Linear", "z", d.add("nn.Flatten", "flatten", x), out_features=10, bias=False)

    *_, ended = run(digits(network, plan()), tmp_path, epochs=1)
    *_, last = run(project, tmp_path, source=Path(ended.run))
    assert "None of the weights of the run" in str(last.message)

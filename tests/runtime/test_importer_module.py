"""Modules of PyTorch become drawings that compute and learn the same, or are refused with the operation and its line."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import importer_corpus_deciding
import importer_corpus_images
import importer_corpus_more
import importer_corpus_people
import importer_corpus_refused
import importer_corpus_sequences
import importer_corpus_small
import main
from graph import files
from graph.catalog.definitions import CODE_PREFIX, PREFIX
from graph.messages import RunError
from graph.model import Project
from importer_corpus import CASES, Case, built, floats, tokens
from runtime import trust
from runtime.analyser import analyse
from runtime.compiler import compile_project
from runtime.importer import functions, module_apart, proof
from runtime.importer.drawing import nodes_in
from runtime.importer.module import Imported, InputSpec, import_module
from runtime.importer.recording import Refusal

CORPUS = (importer_corpus_images, importer_corpus_sequences, importer_corpus_small, importer_corpus_more, importer_corpus_people,
          importer_corpus_refused, importer_corpus_deciding)  # fmt: skip
PROVEN = [case for case in CASES.values() if not case.refused]
REFUSED = [case for case in CASES.values() if case.refused]
BATCH = 6  # of none of the batches that the importer looks at


def parametrized(cases: list[Case]):
    marked = [pytest.param(case, id=case.name, marks=() if case.quick else pytest.mark.slow) for case in cases]
    return pytest.mark.parametrize("case", marked)


def flat(result: Any) -> list[Tensor]:
    if isinstance(result, Tensor):
        return [result]
    parts = result.values() if isinstance(result, dict) else result or ()
    return [tensor for part in parts for tensor in flat(part)]


def by_export(made: Imported) -> nn.Module:
    """The network of the Python that a person would take away, run by itself, with the weights that came along."""
    source = compile_project(made.project).source
    space: dict[str, Any] = {}
    exec(compile(source.model_text, "export.py", "exec"), space)
    network = space[source.class_name]()
    network.load_state_dict(made.weights)
    return network


def uses(project: Project, type_id: str) -> int:
    return sum(1 for node in nodes_in(project) if node.type == type_id)


def test_the_corpus_is_large_enough():
    assert len(PROVEN) + len(REFUSED) >= 60
    assert len(REFUSED) >= 8
    assert {case.make.__module__ for case in CASES.values()} == {module.__name__ for module in CORPUS}


@parametrized(PROVEN)
def test_it_computes_the_same_by_itself(case: Case):
    module = built(case)
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    made = import_module(module, case.inputs)
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
    assert module.training
    assert made.report.proof.outputs <= proof.TOLERANCE
    assert made.report.proof.gradients <= proof.GRADIENTS
    assert len(made.report.own_code) <= case.own_code
    assert not analyse(made.project).errors

    network = by_export(made).eval()
    whole = sum(p.numel() for p in module.parameters())
    assert sum(p.numel() for p in network.parameters()) == whole - made.report.unused_numbers
    assert bool(made.project.plan.frozen) == any(not p.requires_grad for p in module.parameters())
    draw = torch.Generator().manual_seed(5)
    given = [spec.example(BATCH, draw) for spec in case.inputs]
    with torch.no_grad():
        torch.manual_seed(3)
        wanted = flat(module.eval()(*(tensor.clone() for tensor in given)))
        torch.manual_seed(3)
        found = flat(network(*(given[number] for number in taken(made, case))))
    order = outputs_of(made, wanted)
    assert len(wanted) == len(order)
    for tensor, number in zip(wanted, order, strict=True):
        torch.testing.assert_close(found[number], tensor, rtol=1e-5, atol=1e-6, equal_nan=True)


def taken(made: Imported, case: Case) -> list[int]:
    """Which inputs of the module the network takes, in its order."""
    names = list(inspect.signature(case.make.forward).parameters)[1:]  # type: ignore[attr-defined]
    graph = made.project.graph
    return [names.index(graph.nodes[port.node].name) for port in compile_project(made.project).inputs]


def outputs_of(made: Imported, wanted: list[Tensor]) -> list[int]:
    """Where the network gives what its Output nodes take, in the order of the module's outputs."""
    compiled, graph = compile_project(made.project), made.project.graph
    ends = [node for node in graph.nodes.values() if node.type == "layerloom.Output"]
    return [compiled.outputs.index(graph.inputs(end.id)["input"]) for end in ends]


@parametrized(REFUSED)
def test_it_is_refused_where_it_is_written(case: Case):
    lines, first = inspect.getsourcelines(case.make)
    line = first + next(number for number, text in enumerate(lines) if text.rstrip().endswith("# here"))
    with pytest.raises(Refusal) as refused:
        import_module(built(case), case.inputs)
    assert str(refused.value).startswith(f"'{case.refused}' in line {line} of {inspect.getsourcefile(case.make)}: ")


# ---- what is drawn


def test_what_is_shared_stays_shared():
    made = import_module(built(CASES["Siamese"]), CASES["Siamese"].inputs)
    instances = [node for node in made.project.graph.nodes.values() if node.type.startswith(PREFIX)]
    assert len(instances) == 2
    assert len({node.type for node in instances}) == 1
    assert instances[1].shares == instances[0].id
    assert made.report.unrolled == {"encoder": 2}


def test_a_loop_over_a_cell_is_the_cell_at_every_step():
    made = import_module(built(CASES["LstmLoop"]), CASES["LstmLoop"].inputs)
    cells = [node for node in made.project.graph.nodes.values() if node.type == "torch.nn.LSTMCell"]
    assert len(cells) == 5
    assert {node.shares for node in cells[1:]} == {cells[0].id}
    assert not made.report.own_code


def test_tied_weights_stay_tied():
    made = import_module(built(CASES["TiedByProduct"]), CASES["TiedByProduct"].inputs)
    network = compile_project(made.project).build()
    state = network.state_dict(keep_vars=True)
    assert sum(p.numel() for p in network.parameters()) == 9 * 4 + 4 * 4 + 4
    assert len({id(tensor) for name, tensor in state.items() if tensor.shape == (9, 4)}) == 1


def test_constants_are_kept_with_their_numbers():
    made = import_module(built(CASES["Constants"]), CASES["Constants"].inputs)
    fixed = [dict(node.params) for node in nodes_in(made.project) if node.type == "layerloom.Fixed"]
    assert {"shape": (1, 4), "values": "1.0, 2.0, -3.5, 4.0"} in fixed
    fresh = compile_project(made.project).build()  # without the weights that came along
    values = [tensor.flatten().tolist() for tensor in fresh.buffers()]
    assert [1.0, 2.0, -3.5, 4.0] in values


def test_a_drawing_is_laid_out_and_survives_its_file(tmp_path):
    made = import_module(built(CASES["SeBlock"]), CASES["SeBlock"].inputs, name="Squeeze")
    assert made.project.name == "Squeeze"
    for graph in (made.project.graph, *(block.graph for block in made.project.blocks.values())):
        assert len({node.position for node in graph.nodes.values()}) == len(graph.nodes)
    path = tmp_path / "squeeze.layerloom"
    files.save(made.project, path)
    assert files.load(path) == made.project


def test_own_code_shows_the_call_and_may_run():
    class Net(nn.Module):
        def forward(self, x):
            return torch.lerp(x, -x, 0.25)

    made = import_module(Net(), [floats(3)])
    (code,) = made.project.definitions.codes.values()
    assert code.text.endswith("def lerp1(a, b):\n    return torch.lerp(a, b, 0.25)\n")
    assert trust.is_allowed(code.text)
    assert uses(made.project, CODE_PREFIX + code.id) == 1


# ---- what would be lost


def test_what_does_not_run_says_so():
    with pytest.raises(RunError, match="'Linear' does not run on these inputs: RuntimeError: "):
        import_module(nn.Linear(3, 2), [floats(4)])
    with pytest.raises(RunError, match="'Linear' takes input, and 2 inputs are described"):
        import_module(nn.Linear(3, 2), [floats(3), floats(3)])


def test_gradients_and_kinds_that_no_drawing_has_are_refused():
    hooked = nn.Linear(3, 2)
    hooked.weight.register_hook(lambda gradient: gradient / 2)
    with pytest.raises(RunError, match="'weight' has a hook that sees its gradient"):
        import_module(hooked, [floats(3)])
    with pytest.raises(RunError, match="'input' is float64, and a drawing takes float32, int64 or bool"):
        import_module(nn.Identity(), [InputSpec((3,), "float64")])


def test_sizes_that_come_with_the_first_input_are_there_in_the_drawing():
    made = import_module(nn.Sequential(nn.LazyLinear(3), nn.LazyBatchNorm1d()), [floats(4)])
    assert made.report.parameters == 4 * 3 + 3 + 3 + 3
    assert not made.report.own_code


class Subtracts(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.drop, self.norm = nn.Linear(4, 4), nn.Dropout(0.5), nn.BatchNorm1d(4)

    def forward(self, x):
        y = self.norm(self.drop(self.fc(x)))
        return torch.sub(y, x)


def test_a_wrong_node_is_found_and_named(monkeypatch):
    """A mistake of the importer itself cannot pass: the first value that differs is named."""
    wrong = lambda call: call.pair("Subtract", *reversed(call.take("input", "other")))  # noqa: E731
    monkeypatch.setattr(functions, "FUNCTIONS", {**functions.FUNCTIONS, "sub": wrong})
    with pytest.raises(Refusal, match=r"'sub' in line .*: what it gives is not what the node 'subtract1' gives"):
        import_module(Subtracts(), [floats(4)])


@pytest.mark.parametrize(
    ("node", "params"),
    [("drop", {"p": 0.4}), ("norm", {"momentum": 0.2}), ("norm", {"eps": 1e-2}), ("subtract1", None)],
)
def test_the_proof_sees_a_change(node, params):
    """In evaluation, in training with the same random numbers, in running statistics, or in gradients alone."""
    module = Subtracts()
    made = import_module(module, [floats(4)])
    graph = made.project.graph
    found = graph.node_named(node)
    assert found is not None
    if params is None:  # a stop of gradients before one side
        link = next(link for link in graph.incoming(found.id) if link.target.name == "other")
        stop = replace(found, id="n90", type="layerloom.Detach", name="stop", params={})
        graph = graph.disconnect([link]).add(stop)
        graph = graph.connect(link._replace(target=link.target._replace(node="n90", name="input")))
        graph = graph.connect(link._replace(source=link.source._replace(node="n90", name="output")))
    else:
        graph = graph.set_params(found.id, params)
    compiled = compile_project(made.project.with_graph(graph))
    model = compiled.build()
    model.load_state_dict(made.weights)
    tensors = {n: t for n, t in (*module.named_parameters(), *module.named_buffers())}  # noqa: C416
    learned = {n: t for n, t in tensors.items() if isinstance(t, nn.Parameter)}
    kept = {n: t for n, t in tensors.items() if n not in learned}
    sides = []
    for one, source in ((module, tensors), (model, dict((*model.named_parameters(), *model.named_buffers())))):
        sides.append(proof.Side(lambda inputs, m=one: {"y": m(inputs["x"])}, one.train, {n: source[n] for n in learned},
                                {n: source[n] for n in kept}))  # fmt: skip
    with pytest.raises(proof.Mismatch):
        proof.prove(sides[0], sides[1], [{"x": torch.randn(batch, 4)} for batch in (3, 5)])


# ---- the command line


PACKAGE = """
import torch
from torch import nn

print("loaded")

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb, self.fc = nn.Embedding(7, 3), nn.Linear(3, 2)

    def forward(self, ids, x):
        return self.fc(self.emb(ids).mean(1) + x)

def decides():
    class Decides(nn.Module):
        def forward(self, x):
            return x if x.sum() > 0 else -x
    return Decides()

def ends(code=3):
    exit(code)

class Crashes(nn.Module):
    def forward(self, x):
        import ctypes

        return ctypes.string_at(0)
"""


@pytest.fixture
def package(tmp_path, monkeypatch) -> Path:
    (tmp_path / "mine.py").write_text(PACKAGE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


WORDS = ["import", "module", "mine:Net", "--input", "5", "--dtype", "int64:7", "--input", "3", "-o", "net.layerloom"]


def test_nothing_runs_without_the_word(package, capsys, monkeypatch):
    monkeypatch.setattr(module_apart.subprocess, "Popen", lambda *_, **__: pytest.fail("a process began"))
    assert main.main(WORDS) == 1
    assert "Read it, and say --allow if you trust it." in capsys.readouterr().err
    assert not (package / "net.layerloom").exists()


@pytest.mark.slow
def test_it_becomes_a_file_and_a_run(package, capfd):
    assert main.main([*WORDS, "--allow", "--json"]) == 0
    out, err = capfd.readouterr()
    record = json.loads(out)
    assert "loaded" in err
    assert record["parameters"] == 7 * 3 + 3 * 2 + 2
    assert record["proof"]["outputs"] == 0.0
    project = files.load(package / "net.layerloom")
    assert project.name == "net"
    assert [node.name for node in project.graph.nodes.values()][:2] == ["ids", "x"]
    assert list((Path(record["run"]) / "checkpoints").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("mine:decides", "'__bool__' in line 18 of"),
        ("mine:nothing", "mine.py. There are: Crashes, Net, decides, ends."),
        ("nowhere:Net", "There is no 'nowhere' in "),
        ("mine:ends", "Line 22 of {file} ends Python (sys.exit)"),
        ("mine:Crashes", "was ended by the system (SIGSEGV), in line 28 of {file}, and nothing was imported."),
        ("mine", "is not of the form package.module:factory"),
    ],
)
def test_a_refusal_comes_through(package, capsys, source, said):
    assert main.main(["import", "module", source, "--input", "3", "-o", "net.layerloom", "--allow"]) == 1
    assert said.format(file=package / "mine.py") in capsys.readouterr().err
    assert not (package / "net.layerloom").exists()


def test_inputs_of_whole_numbers_are_examples_below_their_count():
    example = tokens(4, count=3).example(50, torch.Generator().manual_seed(0))
    assert example.dtype == torch.int64
    assert set(example.unique().tolist()) == {0, 1, 2}

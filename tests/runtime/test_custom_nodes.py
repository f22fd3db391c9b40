"""Nodes of the person's own code, from allowing it to what is exported, and what is said where that cannot be."""

from __future__ import annotations

import builtins
from collections.abc import Callable

import pytest
import torch

from drawings import Drawing
from graph.code_names import CALLED
from graph.messages import ProjectError
from graph.model import Block, Code, Definitions, Port, Project
from runtime import trust
from runtime.analyser import analyse
from runtime.code_body import FUNCTIONS
from runtime.code_nodes import evaluate_code
from runtime.compiler import compile_project, execute
from runtime.custom import load
from runtime.events import Finished
from runtime.export import FORMATS, export
from runtime.guard import BUILTINS, check_source
from runtime.helpers import HELPERS
from runtime.predict import load_trained
from trainings import digits, plan, run

GATE = '''\
from __future__ import annotations

import torch
from torch import nn


class Gate(nn.Module):
    """Lets a part of each feature through."""

    def __init__(self, features: int, start: float = 0.5, bend: bool = False):
        super().__init__()
        self.share = nn.Parameter(torch.full((features,), start))
        self.bend = bend

    def forward(self, x, context: NotImportedHere = None):
        kept = self.share * x
        rest = x - kept if context is None else x - kept + context
        if self.bend:
            kept = kept.tanh()
        return kept, rest
'''
MIX = '''\
from torch.nn.functional import relu as act


def mix(first, second=None, share: float = 0.5, mood: str = "calm"):
    """Mixes two tensors."""
    return share * act(first) if second is None else share * first + (1 - share) * act(second)
'''
CODES = {"c1": Code("c1", "Gate", GATE), "c2": Code("c2", "mix", MIX)}


def gated(d: Drawing, x: Port, width: int) -> Port:
    """A module with two outputs, and a function with and without what may be left out."""
    d.add("code.c1", "gate1", x, features=width, start=0.25, bend=True)
    halved = d.add("code.c2", "halved", d.port("gate1", "kept"))
    return d.add("code.c2", "both", d.port("gate1", "rest"), halved, share=0.75, mood='a "word"')


def gated_by_hand(x: torch.Tensor, gate: torch.nn.Module) -> torch.Tensor:
    mix = load(MIX)
    kept, rest = gate(x)
    return mix(rest, mix(kept), share=0.75)


def block_of(codes: dict[str, Code]) -> Definitions:
    d = Drawing("Gated", definitions=Definitions(codes=codes))
    d.add("op.Output", "y", gated(d, d.add("op.Input", "x", shape=(64,)), 64))
    return d.as_block()


def network(place: str) -> Project:
    """A classifier of digits with the code in the drawing itself, or in a block that runs twice."""

    def layers(d: Drawing, x: Port) -> Port:
        x = d.add("nn.Flatten", "flatten", x)
        d.definitions = block_of(CODES) if place == "block" else Definitions(codes=CODES)
        x = d.add("block.Gated", "gated1", x, use="repeat", times=2) if place == "block" else gated(d, x, 64)
        return d.add("nn.Linear", "logits", x, out_features=10)

    return digits(layers, plan(epochs=1))


def allow(*codes: Code) -> None:
    for code in codes:
        trust.allow(code.text)


def drawing(
    code: Code, *, shape: tuple[int, ...] = (4,), dtype: str = "float32", name: str = "Net", **params
) -> Project:
    """What comes in, the code, and an output for each of its ports."""
    d = Drawing(name, definitions=Definitions(codes={code.id: code}))
    d.add("code." + code.id, "own", d.add("op.Input", "x", shape=shape, dtype=dtype), **params)
    for number, port in enumerate(d.ports("own")):
        d.add("op.Output", f"out{number}", port)
    return d.project


def outputs(text: str, **more) -> list[tuple[int | str, ...]]:
    """The shapes that come out of allowed code, where nothing is wrong."""
    project = drawing(Code("c1", "Own", text), **more)
    allow(*project.definitions.codes.values())
    analysis = analyse(project)
    assert not analysis.errors, [str(p.message) for p in analysis.errors]
    return [spec.shape for spec in analysis.nodes[project.graph.node_named("own").id].outputs.values()]


def refusal(text: str, **more) -> str:
    """What is said of allowed code that cannot run; it is the only error, and compiling says it too."""
    project = drawing(Code("c1", "Own", text), **more)
    allow(*project.definitions.codes.values())
    (problem,) = analyse(project).errors
    assert problem.code == "bad-code" and problem.node == project.graph.node_named("own").id
    with pytest.raises(ProjectError, match=r"^The code Own of 'own' cannot run: "):
        compile_project(project)
    return str(problem.message)


# ---- from the drawing to what is taken away


@pytest.mark.slow
@pytest.mark.parametrize("place", [pytest.param("drawing", marks=pytest.mark.slow), "block"])
def test_allowed_code_computes_trains_and_is_taken_away(place, project_folder, tmp_path):
    project = network(place)
    allow(*CODES.values())
    assert not analyse(project).errors
    compiled = compile_project(project)
    model = compiled.build(seed=1)
    x = torch.rand(5, 1, 8, 8)
    by_hand = x.flatten(1)
    for gate in [model.gate1] if place == "drawing" else [block.gate1 for block in model.gated1]:
        assert gate.share.shape == (64,) and torch.equal(gate.share, torch.full((64,), 0.25)) and gate.bend is True
        by_hand = gated_by_hand(by_hand, gate)
    assert torch.equal(model(x), model.logits(by_hand))

    *_, finished = run(project, tmp_path / "runs")
    assert isinstance(finished, Finished), finished
    trained = load_trained(next((tmp_path / "runs").iterdir()))
    shares = [p for name, p in trained.model.named_parameters() if name.endswith("gate1.share")]
    assert len(shares) == (1 if place == "drawing" else 2) and not any(torch.all(p == 0.25) for p in shares)
    for kind in ("weights", "python", "onnx"):
        receipt = export(trained, kind, tmp_path / kind)
        assert receipt.verdict == "equal" and receipt.largest_difference <= FORMATS[kind].tolerance
        assert {"1", "2", "7", "samples"} <= receipt.differences.keys()


@pytest.mark.parametrize("place", ["drawing", "block"])
@pytest.mark.parametrize("allowed", [[], ["c1"], ["c2"]])
def test_code_that_is_not_allowed_is_a_sentence_and_does_not_run(place, allowed):
    project = network(place)
    allow(*(CODES[code] for code in allowed))
    assert "code-not-allowed" in {problem.code for problem in analyse(project).errors}
    with pytest.raises(ProjectError, match="was not allowed on this computer yet"):
        compile_project(project)


@pytest.mark.parametrize("code", [Code("c1", "Gate", GATE.replace("tanh", "sin")), Code("c2", "mix", MIX + "# x\n")])
def test_any_change_asks_again(code):
    project = network("block")
    allow(*CODES.values())
    assert not analyse(project).errors
    changed = Project(project.graph, project.plan, definitions=project.definitions.put_code(code))
    assert {problem.code for problem in analyse(changed).errors} >= {"code-not-allowed"}


@pytest.mark.parametrize("place", ["drawing", "block"])
def test_allowing_and_forgetting_is_heard_at_once(place):
    """The same document, asked again without any edit."""
    project = network(place)
    for do, wrong in ((None, True), (trust.allow, False), (trust.forget, True), (trust.allow, False)):
        for code in CODES.values() if do else ():
            do(code.text)
        assert ("code-not-allowed" in {p.code for p in analyse(project).errors}) is wrong


def test_what_is_allowed_is_read_once_for_an_analysis(monkeypatch):
    project = network("block")
    allow(*CODES.values())
    analyse(project)
    looks: list[int] = []
    known = trust.allowed
    monkeypatch.setattr(trust, "allowed", lambda: looks.append(1) or known())
    analyse(project)
    assert looks == [1]


# ---- names in the generated file


def test_the_names_that_code_leaves_free_are_those_that_the_generator_calls():
    assert {*BUILTINS, *FUNCTIONS, *HELPERS} == CALLED


def test_the_wall_opens_for_the_names_of_the_nodes_only():
    text = "x = first(y)"
    check_source(text, own=frozenset({"first"}))
    for own in (frozenset(), frozenset({"second"})):
        with pytest.raises(AssertionError):
            check_source(text, own=own)
    with pytest.raises(AssertionError):
        execute("x = open('f')", own=frozenset({"first"}))


def test_two_meanings_of_a_name_are_refused_and_one_meaning_is_not():
    texts = (
        "from torch import relu as act\n\ndef first(x):\n    return act(x)\n",
        "from torch import tanh as act\n\ndef second(x):\n    return act(x)\n",
        "from torch import relu as act\n\ndef third(x):\n    return -act(-x)\n",
    )
    codes = {f"c{n}": Code(f"c{n}", f"Code{n}", text) for n, text in enumerate(texts, 1)}
    allow(*codes.values())

    def chain(*used: str) -> Project:
        d = Drawing("Net", definitions=Definitions(codes={code: codes[code] for code in used}))
        x = d.add("op.Input", "x", shape=(4,))
        for code in used:
            x = d.add("code." + code, f"{code}_own", x)
        d.add("op.Output", "out", x)
        return d.project

    x = torch.tensor([[-2.0, -1.0, 1.0, 2.0]])
    assert torch.equal(compile_project(chain("c1", "c3")).build()(x), -torch.relu(-torch.relu(x)))
    with pytest.raises(ProjectError, match="both define 'act'"):
        compile_project(chain("c1", "c2"))


@pytest.mark.parametrize("title", ["gate", "Gate"])
def test_a_network_called_like_the_code_gets_another_name(title):
    text = GATE.replace(", context: NotImportedHere = None", "").replace(
        " if context is None else x - kept + context", ""
    )
    project = drawing(Code("c1", "Gate", text + "\n\nGateNetwork = GateTraining = None\n"), name=title, features=4)
    allow(*project.definitions.codes.values())
    compiled = compile_project(project)
    assert compiled.source.class_name == "GateNetworkNetwork"
    assert compiled.build().own.share.shape == (4,)


def test_a_block_called_like_an_import_gets_another_name():
    d = Drawing(
        "Fold",
        definitions=Definitions(codes={"c1": Code("c1", "f", "from torch.nn import Fold\n\ndef f(x): return x")}),
    )
    d.add("op.Output", "y", d.add("code.c1", "own", d.add("op.Input", "x", shape=(4,))))
    definitions = d.as_block()
    assert isinstance(definitions.blocks["b1"], Block)
    allow(*definitions.codes.values())
    d = Drawing("Net", definitions=definitions)
    d.add("op.Output", "out", d.add("block.Fold", "fold1", d.add("op.Input", "x", shape=(4,))))
    model = compile_project(d.project).build()
    assert type(model.fold1).__name__ == "Fold2"


def test_code_that_runs_only_once_is_a_sentence(monkeypatch):
    monkeypatch.setattr(builtins, "layerloom_seen", 0, raising=False)
    text = "import builtins\nbuiltins.layerloom_seen += 1\nif builtins.layerloom_seen > 1: raise SystemExit(4)\ndef f(x): return x\n"
    project = drawing(Code("c1", "Own", text))
    allow(*project.definitions.codes.values())
    assert not analyse(project).errors
    with pytest.raises(ProjectError, match="not as a part of the generated code: SystemExit: 4"):
        compile_project(project)


# ---- what comes out of it


@pytest.mark.parametrize(
    ("body", "shape", "out"),
    [
        ("x / x.max().item()", (4,), ("B", 4)),
        ("x.sum(1)", (4,), ("B",)),
        ("x.reshape(-1, 2)", (4,), ("2·B", 2)),
        ("x.mean()", (2, 3), ()),
        ("x @ x.T", (4,), ("B", "B")),
        ("x.new_zeros(2, 3)", (4,), (2, 3)),
        ("torch.stack([row for row in x])", (2, 3), ("B", 2, 3)),
        ("x[:, :1] if bool(x.isfinite().all()) else x", (4,), ("B", 1)),
        ("torch.tensor(x.tolist())", (3,), ("B", 3)),
    ],
)
def test_shapes_are_found_whether_the_code_needs_numbers_or_not(body, shape, out):
    assert outputs(f"import torch\n\ndef own(x):\n    return {body}\n", shape=shape) == [out]


def test_classes_come_as_whole_numbers():
    text = "from torch.nn.functional import one_hot\n\ndef own(x):\n    return one_hot(x, 3) * int(x.max() < 2)\n"
    assert outputs(text, shape=(5,), dtype="int64") == [("B", 5, 3)]


def test_a_module_that_needs_numbers_to_be_built_is_built():
    text = GATE.replace("start: float", "deep: int = 3, start: float").replace(
        "self.bend = bend", "self.bend, self.rates = bend, [r.item() for r in torch.linspace(0, 1, deep)]"
    )
    assert outputs(text, features=4) == [("B", 4), ("B", 4)]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise SystemExit(3)", "Line 5: SystemExit: 3. It was given x: B × 4. Mend that line"),
        ("raise KeyboardInterrupt", "Line 5: KeyboardInterrupt."),
        ("raise Strange('no')", "Line 5: Strange: no."),
        ("x = x.no_such_thing", "Line 5: AttributeError: 'Tensor' object has no attribute 'no_such_thing'."),
        ("x = x @ torch.ones(3, 3)", "Line 5: RuntimeError: mat1 and mat2 shapes cannot be multiplied (2x4 and 3x3)."),
        ("x = x.tolist()", "Its output 'output' is of the type list. Return a tensor there."),
        ("x = x[1:]", "is 1 × 4 for 2 samples and 2 × 4 for 3, so its shape cannot be foreseen"),
        ("x = x if len(x) == 2 else x[0]", "is 2 × 4 for 2 samples and 4 for 3"),
    ],
)
def test_code_that_fails_is_a_sentence_about_that_line(body, words):
    text = f"import torch\nclass Strange(BaseException): pass\n\ndef own(x):\n    {body}\n    return x\n"
    assert words in refusal(text)


def test_it_is_not_tried_with_numbers_that_would_take_much_memory():
    text = "def own(x):\n    return x * x.max().item()\n"
    assert "is too large to be tried with some: 800 MB of at most 256 MB" in refusal(text, shape=(100, 1024, 1024))
    assert outputs("def own(x):\n    return x * 2\n", shape=(100, 1024, 1024)) == [("B", 100, 1024, 1024)]


def test_weights_that_would_take_much_memory_are_not_made():
    text = GATE.replace("x - kept if", "x.max().item() - kept if")
    assert "is too large to be tried with some: 400 MB" in refusal(text, features=100 * 1024 * 1024, shape=(1,))


# ---- how often it runs


def counting(monkeypatch, text: str) -> Callable[[], int]:
    """Allowed code that counts its calls, which the function gives."""
    monkeypatch.setattr(builtins, "layerloom_calls", 0, raising=False)
    trust.allow(text)
    return lambda: builtins.layerloom_calls


@pytest.mark.parametrize("ending", ["", ".item()"])
def test_code_runs_once_for_the_same_inputs_and_values(monkeypatch, ending):
    text = f"import builtins\n\ndef own(x, n: int = 1):\n    builtins.layerloom_calls += 1\n    return x * x.max(){ending}\n"
    calls = counting(monkeypatch, text)
    evaluate_code.cache_clear()
    code = Code("c1", "Own", text)
    for _ in range(3):
        assert not analyse(drawing(code)).errors
    once = calls()
    assert 1 < once <= 5  # one of two batches without numbers may fail, and both run twice with them
    analyse(drawing(code, n=2))
    analyse(drawing(code, shape=(5,)))
    assert calls() == 3 * once
    analyse(drawing(code, shape=(5,)))
    assert calls() == 3 * once


def test_code_that_fails_is_not_run_again_either(monkeypatch):
    text = (
        "import builtins\n\ndef own(x):\n    builtins.layerloom_calls += 1\n    raise ValueError('no')\n    return x\n"
    )
    calls = counting(monkeypatch, text)
    analyse(drawing(Code("c1", "Own", text)))
    once = calls()
    analyse(drawing(Code("c1", "Own", text)))
    assert 0 < once == calls()


def test_the_random_numbers_of_a_run_beside_it_stay_as_they_are():
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    assert outputs("import torch\n\ndef own(x):\n    return x * torch.rand(4) * x.max().item()\n") == [("B", 4)]
    assert torch.equal(torch.rand(3), wanted)

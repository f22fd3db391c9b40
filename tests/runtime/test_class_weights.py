"""Weights of classes on losses: the numbers of plain PyTorch, a buffer that moves with the module, and a sentence for lists that do
not fit."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from drawings import Drawing
from graph.catalog import CATALOG
from graph.messages import EditError
from graph.model import Project
from runtime.analyser import analyse
from runtime.compiler import compile_project
from trainings import digits, epochs_of, mlp, plan, run

CLASSES, SAMPLES = 3, 8
LISTS = "0.5, 2, 1"
WEIGHTS = torch.tensor([0.5, 2.0, 1.0])
LABELS, ANSWERS = torch.arange(SAMPLES) % CLASSES, torch.arange(SAMPLES * CLASSES).view(SAMPLES, -1) % 2.0

CASES = {
    "CrossEntropyLoss": (LABELS, {"weight": LISTS}, nn.CrossEntropyLoss(weight=WEIGHTS)),
    "CrossEntropyLoss smooth": (LABELS, {"weight": LISTS, "label_smoothing": 0.2},
                                nn.CrossEntropyLoss(weight=WEIGHTS, label_smoothing=0.2)),
    "NLLLoss": (LABELS, {"weight": LISTS, "ignore_index": 1}, nn.NLLLoss(weight=WEIGHTS, ignore_index=1)),
    "MultiMarginLoss": (LABELS, {"p": 2, "weight": LISTS}, nn.MultiMarginLoss(p=2, weight=WEIGHTS)),
    "BCEWithLogitsLoss": (ANSWERS, {"pos_weight": LISTS}, nn.BCEWithLogitsLoss(pos_weight=WEIGHTS)),
    "BCEWithLogitsLoss one": (ANSWERS, {"pos_weight": "3"}, nn.BCEWithLogitsLoss(pos_weight=torch.tensor([3.0]))),
    "MultiLabelSoftMarginLoss": (ANSWERS, {"weight": LISTS}, nn.MultiLabelSoftMarginLoss(weight=WEIGHTS)),
}  # fmt: skip


def drawing(loss: str, target: Tensor, **params) -> Drawing:
    """A Linear and a loss over arrays that were read."""
    d = Drawing()
    kind = {"dtype": "int64", "classes": CLASSES} if target.dtype == torch.int64 else {"dtype": "float32"}
    outputs = {"input": {"shape": [4], "dtype": "float32"}, "target": {"shape": list(target.shape[1:]), **kind}}
    d.add(
        "data.Arrays", "arrays", facts={"samples": 100, "outputs": outputs, "fingerprint": "sha256:3"}, source="a.npz"
    )
    y = d.port("arrays", "target")
    d.add(f"nn.{loss}", "loss", d.add("nn.Linear", "fc", d.port("arrays", "input"), out_features=CLASSES), y, **params)
    return d


@pytest.mark.parametrize("case", CASES)
def test_the_loss_is_that_of_pytorch(case):
    target, params, plain = CASES[case]
    compiled = compile_project(drawing(case.split()[0], target, **params).project)
    model = compiled.build(seed=0)
    (program,) = compiled.programs
    x = torch.randn(SAMPLES, 4, generator=torch.Generator().manual_seed(1))
    losses, _ = program.build(model)(x, target)
    assert torch.equal(losses["loss"], plain(model.fc(x), target))


def test_the_code_names_them_and_the_network_alone_needs_no_torch():
    source = compile_project(drawing("CrossEntropyLoss", LABELS, weight=LISTS, ignore_index=2).project).source
    assert "self.loss = nn.CrossEntropyLoss(weight=torch.tensor([0.5, 2.0, 1.0]), ignore_index=2)" in source.text
    assert "\nimport torch\nfrom torch import nn" in source.text
    assert "import torch\n" not in source.model_text and "from torch import nn" in source.model_text
    plain = compile_project(drawing("CrossEntropyLoss", LABELS).project).source
    assert "import torch\n" not in plain.text and plain.model_text == source.model_text


def test_they_move_with_the_program_and_are_no_part_of_the_network():
    compiled = compile_project(drawing("CrossEntropyLoss", LABELS, weight=LISTS).project)
    model = compiled.build(seed=0)
    program = compiled.programs[0].build(model).to("meta")
    assert {name: buffer.device.type for name, buffer in program.named_buffers()} == {"loss.weight": "meta"}
    assert list(model.state_dict()) == ["fc.weight", "fc.bias"]


@pytest.mark.parametrize(
    ("loss", "target", "param", "given"),
    [
        ("CrossEntropyLoss", LABELS, "weight", "1, 2"),
        ("NLLLoss", LABELS, "weight", "1, 2, 3, 4"),
        ("MultiMarginLoss", LABELS, "weight", "2"),
        ("BCEWithLogitsLoss", ANSWERS, "pos_weight", "1, 2"),
        ("MultiLabelSoftMarginLoss", ANSWERS, "weight", "2"),
    ],
)
def test_another_number_of_weights_than_scores_is_a_problem(loss, target, param, given):
    d = drawing(loss, target, **{param: given})
    (problem,) = analyse(d.project).errors
    count = len(given.split(","))
    assert problem.code == "weight-count" and f"{count} numbers for {param}, but 'fc' gives 3 scores" in str(
        problem.message
    )
    assert [str(fix.label) for fix in problem.fixes] == [f"Reset {param}"]
    assert analyse(problem.fixes[0].edit(d.project)).errors == ()


@pytest.mark.parametrize(
    "given", ["", "a", "1,,2", "-1, 2", "nan", "inf", "1e30", "0, 0", "1; 2", "__import__('os')", 3, (1, 2)]
)
def test_what_is_no_list_of_weights_is_refused(given):
    param = CATALOG["torch.nn.CrossEntropyLoss"].param("weight")
    assert param is not None and param.check(None) is None and param.check(" 1 , 2.5e-1 ") == " 1 , 2.5e-1 "
    with pytest.raises(EditError):
        param.check(given)
    assert [p.code for p in analyse(drawing("CrossEntropyLoss", LABELS, weight=given).project).errors] != []


def test_a_run_with_weights_looks_at_the_weighted_classes(tmp_path):
    """Nearly all the weight on one class: the network says nothing else."""

    def trained(weights: str | None) -> float:
        project = digits(mlp, plan(epochs=2))
        loss = project.graph.node_named("loss")
        assert loss is not None
        weighted: Project = project.with_graph(project.graph.set_params(loss.id, {"weight": weights}))
        *_, last = epochs_of(run(weighted, tmp_path / str(weights is None)))
        return last.validation["accuracy"]

    assert trained("1e-4, 1e-4, 1e-4, 1, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4") < 0.2 < trained(None)

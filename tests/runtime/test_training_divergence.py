"""Numbers that are not finite are traced to the node where they began, however long nobody looked."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from drawings import Drawing
from graph.model import Port
from graph.plan import Choice
from runtime.compiler import compile_project
from runtime.data import prepare
from runtime.events import EpochEnded, Failed, Finished, Stopped
from runtime.runs import load_run
from runtime.training import checkpoints
from trainings import digits, mlp, plan, run


def exploding(rate: float, **more):
    return plan(Choice("torch.optim.SGD", {"lr": rate}), **more)


def squared(d: Drawing, x: Port) -> Port:
    """A network whose first numbers that are not finite come from an operation without parameters."""
    x = d.add("nn.Linear", "fc1", d.add("nn.Flatten", "flatten", x), out_features=48)
    for i in range(1, 5):
        x = d.add("op.Multiply", f"square{i}", x, x)
    return d.add("nn.Linear", "fc2", x, out_features=10)


def first_by_hand(project) -> tuple[int, str]:
    """Step (from 0) and node of the first numbers that are not finite in the plain loop, looked at after every node."""
    compiled = compile_project(project)
    x, y = prepare(project).train.tensors.values()
    model = compiled.build(project.plan.seed)
    program = compiled.programs[0].build(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=project.plan.objectives[0].optimizer.params["lr"])
    generator, step = torch.Generator().manual_seed(project.plan.seed), 0
    while True:
        for batch in torch.randperm(len(x), generator=generator).split(project.plan.batch_size):
            losses, _ = program(x[batch], y[batch])
            if not losses["loss"].isfinite():
                return step, name_by_hand(project, model, x[batch])
            optimizer.zero_grad()
            losses["loss"].backward()
            optimizer.step()
            step += 1


def name_by_hand(project, model: nn.Module, x: torch.Tensor) -> str:
    for node in project.graph.nodes.values():
        if node.type == "layerloom.Multiply":
            x = x * x
        elif node.type.startswith("torch.nn.") and hasattr(model, node.name):
            x = getattr(model, node.name)(x)
        if not x.isfinite().all():
            return node.name
    return "loss"


@pytest.mark.parametrize(
    ("network", "rate", "name"),
    [(mlp, 1e12, "fc2"), (squared, 0.1, "square4"), (squared, 0.05, "square1"), (squared, 2.0, "square2")],
)
def test_a_loss_that_explodes_names_where_it_began(tmp_path, network, rate, name):
    project = digits(network, exploding(rate))
    assert first_by_hand(project)[1] == name
    events = run(project, tmp_path)
    failed = events[-1]
    assert isinstance(failed, Failed) and project.graph.nodes[failed.node].name == name
    assert "learning rate" in str(failed.message) and f"'{name}'" in str(failed.message)
    assert load_run(Path(failed.run)).status == "failed"
    assert sum(isinstance(event, (Failed, Finished, Stopped)) for event in events) == 1


def test_steps_are_made_again_from_the_last_checkpoint_over_epochs(tmp_path, monkeypatch):
    project = digits(squared, exploding(0.01, epochs=20))
    step, expected = first_by_hand(project)
    assert step > 80, "this test wants some epochs to pass first"
    for pause in (0.0, 10**6):  # checkpoints at every epoch, or at the first one only
        monkeypatch.setattr(checkpoints, "MIN_SECONDS", pause)
        *before, failed = run(project, tmp_path / str(pause))
        assert sum(isinstance(event, EpochEnded) for event in before) == step // 40
        assert project.graph.nodes[failed.node].name == expected

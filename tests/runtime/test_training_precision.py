"""Mixed precision, compiling, layouts and the deterministic mode, each against the loop that a person would write."""

from __future__ import annotations

import io
import os
from dataclasses import replace

import pytest
import torch
from torch import nn

from graph.messages import RunError
from graph.plan import BFLOAT16, BY_NORM, FLOAT16, Choice, Objective
from plain_loops import by_hand, plain_mlp
from runtime.data import prepare
from runtime.devices import Device
from runtime.events import Failed, Finished, Noted
from runtime.training import precision
from runtime.training.failures import explain_error
from runtime.training.job import build
from runtime.training.precision import Precision, deterministic
from trainings import digits, mlp, plan, run, step_series

ADAM = Choice("torch.optim.Adam", {"lr": 0.003})


def project_with(network=mlp, *, objective: dict | None = None, **of_plan):
    project = digits(network, plan(epochs=2, **of_plan))
    return project.with_plan(replace(project.plan, objectives=(Objective(optimizer=ADAM, **(objective or {})),)))


def mixed_by_hand(dtype: torch.dtype, *, clip: float | None = None, steps: int) -> list[float]:
    x, y = prepare(project_with()).train.tensors.values()
    model = plain_mlp()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    scaler = torch.amp.GradScaler("cpu", enabled=dtype == torch.float16)
    generator, losses = torch.Generator().manual_seed(3), []
    while True:
        for indices in torch.randperm(len(x), generator=generator).split(32):
            optimizer.zero_grad()
            with torch.autocast("cpu", dtype):
                loss = nn.functional.cross_entropy(model(x[indices]), y[indices])
            scaler.scale(loss).backward()
            if clip:
                scaler.unscale_(optimizer)
                nn.utils.clip_grad_norm_(model.parameters(), clip)
            scaler.step(optimizer)
            scaler.update()
            losses.append(loss.item())
            if len(losses) == steps:
                return losses


@pytest.mark.parametrize(("kind", "dtype"), [(BFLOAT16, torch.bfloat16), (FLOAT16, torch.float16)])
@pytest.mark.parametrize("clip", [None, 0.5])
def test_mixed_precision_is_that_of_the_documentation(kind, dtype, clip, tmp_path):
    objective = {"clip": BY_NORM, "clip_at": clip} if clip else {}
    events = run(project_with(objective=objective, precision=kind), tmp_path)
    assert isinstance(events[-1], Finished), events[-1]
    assert step_series(events) == mixed_by_hand(dtype, clip=clip, steps=80)


def set_scale(scaler: torch.amp.GradScaler, scale: float) -> None:
    scaler.load_state_dict({**scaler.state_dict(), "scale": scale})


def test_the_scaler_goes_on_from_a_checkpoint():
    project = project_with(precision=FLOAT16)
    fit, _ = build(project, None, 2)
    fit.begin(training=True)
    learner = fit.learners[0]
    set_scale(learner.scaler, 512.0)
    batches = list(fit.batches(fit.train, training=True))
    for batch in batches[:3]:
        fit.train_step(batch)
    buffer = io.BytesIO()
    torch.save({**fit.state_dict(), "weights": fit.model.state_dict()}, buffer)
    buffer.seek(0)
    other = fit.from_the_start()
    other.load_state_dict(torch.load(buffer, weights_only=True))
    assert other.learners[0].scaler.get_scale() == 512.0
    other.begin(training=True)
    for batch in batches[3:8]:
        assert torch.equal(fit.train_step(batch)[0].loss, other.train_step(batch)[0].loss)


def test_a_step_whose_gradients_overflow_in_float16_is_left_out():
    fit, _ = build(project_with(precision=FLOAT16), None, 1)
    fit.begin(training=True)
    learner, batch = fit.learners[0], fit.train.head(32, ports=fit.ports)
    before = [p.detach().clone() for p in fit.model.parameters()]
    set_scale(learner.scaler, 2.0**60)
    fit.train_step(batch)
    assert all(torch.equal(a, b) for a, b in zip(before, fit.model.parameters(), strict=True))
    assert learner.scaler.get_scale() == 2.0**59


def test_each_objective_has_a_scale_of_its_own():
    """An objective that gathers gradients does not see the scale change under them."""
    project = project_with(precision=FLOAT16)
    first = replace(project.plan.objectives[0], accumulate=4)
    project = project.with_plan(replace(project.plan, objectives=(first, Objective(name="second"))))
    fit, _ = build(project, None, 1)
    assert fit.learners[0].scaler is not fit.learners[1].scaler


def test_a_device_without_these_numbers_is_a_sentence(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    with pytest.raises(RunError, match="Old card cannot compute in bfloat16"):
        Precision(project_with(precision=BFLOAT16).plan, Device("cuda:0", "Old card"))


def test_where_the_compiler_fails_training_goes_on(tmp_path, monkeypatch):
    def broken(module):
        def call(*inputs):
            raise RuntimeError("no C++ compiler here\nand more")

        return call

    monkeypatch.setattr(precision.torch, "compile", broken)
    events = run(project_with(compile=True), tmp_path / "a")
    (note,) = [event for event in events if isinstance(event, Noted)]
    assert "(no C++ compiler here)" in str(note.message)
    assert step_series(events) == step_series(run(project_with(), tmp_path / "b"))


def test_a_compiled_network_computes_through_the_compiler(tmp_path, monkeypatch):
    calls = []

    def compile(module):
        def call(*inputs):
            calls.append(module)
            return module(*inputs)

        return call

    monkeypatch.setattr(precision.torch, "compile", compile)
    events = run(project_with(compile=True), tmp_path / "a")
    assert isinstance(events[-1], Finished) and len(calls) >= 80 and not [e for e in events if isinstance(e, Noted)]


def deep(d, x):
    """Two convolutions: images of one channel are in every layout at once."""
    x = d.add("nn.ReLU", "relu1", d.add("nn.Conv2d", "conv1", x, out_channels=4, kernel_size=3))
    x = d.add("nn.Conv2d", "conv2", x, out_channels=6, kernel_size=3)
    return d.add("nn.Linear", "fc1", d.add("nn.Flatten", "flatten", x), out_features=10)


def test_channels_last_is_a_layout_and_nothing_else():
    fit, _ = build(project_with(deep, channels_last=True), None, 1)
    plain, _ = build(project_with(deep), None, 1)
    assert fit.model.conv2.weight.is_contiguous(memory_format=torch.channels_last)
    assert not plain.model.conv2.weight.is_contiguous(memory_format=torch.channels_last)
    seen = []
    fit.model.conv2.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    batch = fit.train.head(32, ports=fit.ports)
    fit.begin(training=True)
    plain.begin(training=True)
    torch.manual_seed(0)
    loss = fit.train_step(batch)[0].loss
    torch.manual_seed(0)
    torch.testing.assert_close(loss, plain.train_step(batch)[0].loss)
    assert all(tensor.is_contiguous(memory_format=torch.channels_last) for tensor in seen)


def test_the_deterministic_mode_ends_with_the_run(tmp_path, monkeypatch):
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    torch.backends.cudnn.benchmark = True
    try:
        with deterministic(True):
            assert torch.are_deterministic_algorithms_enabled() and not torch.backends.cudnn.benchmark
            assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
        assert not torch.are_deterministic_algorithms_enabled() and torch.backends.cudnn.benchmark
        assert "CUBLAS_WORKSPACE_CONFIG" not in os.environ
    finally:
        torch.backends.cudnn.benchmark = False
    events = run(project_with(deterministic=True), tmp_path / "a")
    assert step_series(events) == by_hand_with_adam()


def by_hand_with_adam() -> list[float]:
    made = []

    def step(model, loss, number, is_last):
        made.append(made[-1] if made else torch.optim.Adam(model.parameters(), lr=0.003))
        made[-1].zero_grad()
        loss.backward()
        made[-1].step()

    return by_hand(project_with(), step)[1]


def test_an_operation_without_a_deterministic_form_is_a_sentence(tmp_path, monkeypatch):
    with deterministic(True), pytest.raises(RuntimeError) as caught:
        torch.zeros(3).put_(torch.tensor([0, 0]), torch.ones(2))
    found = explain_error(caught.value, None, batch_size=1)
    assert "cannot compute put_ that way" in str(found) and "deterministic mode off" in str(found)

    def broken(*arguments, **more):
        raise caught.value

    monkeypatch.setattr(torch.Tensor, "backward", broken)
    (failed,) = run(project_with(deterministic=True), tmp_path)
    assert isinstance(failed, Failed) and "deterministic mode off" in str(failed.message)

"""The fast way to step gives the bits of PyTorch's own optimizers, for every size of tensor, and their state."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from driven import differences
from graph.catalog.optimizers import OPTIMIZERS, SCHEDULERS
from graph.messages import RunError
from graph.plan import Choice
from runtime.training.direct import ARITHMETIC, DirectStep
from runtime.training.flat import PIECE, FlatParameters, can_join
from runtime.training.optimizers import ELEMENTWISE, Length, build_optimizer, build_scheduler, optimizer_class

SETTINGS = [
    ("torch.optim.Adam", {}),
    ("torch.optim.Adam", {"weight_decay": 0.01, "amsgrad": True, "beta1": 0.3}),
    ("torch.optim.AdamW", {"lr": 0.01}),
    ("torch.optim.AdamW", {"amsgrad": True, "weight_decay": 0.0}),
    ("torch.optim.SGD", {}),
    ("torch.optim.SGD", {"momentum": 0.9, "dampening": 0.1, "weight_decay": 0.01}),
    ("torch.optim.SGD", {"momentum": 0.9, "nesterov": True}),
    ("torch.optim.RMSprop", {"weight_decay": 0.01}),
    ("torch.optim.RMSprop", {"momentum": 0.9, "centered": True}),
    ("torch.optim.Adagrad", {"lr_decay": 0.1, "weight_decay": 0.01, "initial_accumulator_value": 0.1}),
]
SHAPES = {
    "odd sizes": [(n,) for n in range(1, 41)],
    "a small network": [(7, 3), (7,), (1, 2, 3, 5), (33, 17), (33,)],
    "longer than a piece": [(5,), (PIECE // 128, 130), (2,)],
}


def parameters(shapes, seed: int = 0) -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(seed)
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in shapes]


def set_gradients(ours: FlatParameters, theirs: list[nn.Parameter], step: int) -> None:
    generator = torch.Generator().manual_seed(step)
    ours.zero_grad()
    for mine, other in zip(ours.parameters, theirs, strict=True):
        gradient = torch.randn(other.shape, generator=generator) * 10.0 ** (step % 7 - 5)
        mine.grad += gradient
        other.grad = gradient


@pytest.mark.parametrize("shapes", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize(("type_id", "params"), SETTINGS)
def test_joined_parameters_and_direct_steps_are_the_plain_optimizer_to_the_bit(type_id, params, shapes):
    ours, theirs = FlatParameters(parameters(shapes)), parameters(shapes)
    optimizer = build_optimizer(Choice(type_id, params), ours.pieces)
    plain = build_optimizer(Choice(type_id, params), theirs)
    step = DirectStep(optimizer)
    for i in range(8):
        set_gradients(ours, theirs, i)
        step()
        plain.step()
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters, theirs, strict=True))
    state, expected = ours.state_of_parameters(optimizer.state_dict()), plain.state_dict()
    assert state["param_groups"] == expected["param_groups"]
    assert state["state"].keys() == expected["state"].keys()
    for i, row in expected["state"].items():
        assert state["state"][i].keys() == row.keys()
        for key, value in row.items():
            assert torch.equal(state["state"][i][key], value) if isinstance(value, torch.Tensor) else value is None


@pytest.mark.parametrize(("type_id", "params"), SETTINGS)
def test_an_optimizer_goes_on_from_the_state_of_plain_pytorch_and_back(type_id, params):
    shapes = SHAPES["a small network"]
    ours, theirs = FlatParameters(parameters(shapes)), parameters(shapes)
    optimizer, plain = (
        build_optimizer(Choice(type_id, params), ours.pieces),
        build_optimizer(Choice(type_id, params), theirs),
    )
    step = DirectStep(optimizer)
    for i in range(3):
        set_gradients(ours, theirs, i)
        step()
        plain.step()
    back = build_optimizer(Choice(type_id, params), theirs)
    back.load_state_dict(ours.state_of_parameters(optimizer.state_dict()))
    optimizer.load_state_dict(ours.state_of_pieces(plain.state_dict()))
    step.forget()
    for group in (*optimizer.param_groups, *back.param_groups):
        group["lr"] *= 0.5
    for i in range(3, 6):
        set_gradients(ours, theirs, i)
        step()
        back.step()
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters, theirs, strict=True))


@pytest.mark.parametrize("shapes", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize(("type_id", "params"), SETTINGS)
def test_parameters_that_come_later_count_their_own_steps(type_id, params, shapes):
    """The one in the middle is new after 3 steps; the fast way is that of PyTorch then too."""
    ours, theirs = FlatParameters(parameters(shapes)), parameters(shapes)
    first = build_optimizer(Choice(type_id, params), [p for i, p in enumerate(theirs) if i != 1])
    for i in range(3):
        set_gradients(ours, theirs, i)
        first.step()
    with torch.no_grad():
        for mine, other in zip(ours.parameters, theirs, strict=True):
            mine.copy_(other)
    plain = build_optimizer(Choice(type_id, params), theirs)
    plain.state.update(first.state)
    optimizer = build_optimizer(Choice(type_id, params), ours.pieces)
    step = DirectStep(optimizer)
    state = ours.state_of_pieces(plain.state_dict())
    optimizer.param_groups[0]["params"] = ours.pieces
    optimizer.load_state_dict(state)
    assert len(ours.pieces) >= (3 if "step" in first.state.get(theirs[0], {}) else 1)
    for i in range(3, 7):
        set_gradients(ours, theirs, i)
        step()
        plain.step()
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters, theirs, strict=True))
    found, expected = (s["state"] for s in (ours.state_of_parameters(optimizer.state_dict()), plain.state_dict()))
    assert not differences(found, expected)


def test_only_optimizers_that_work_number_by_number_have_an_arithmetic_of_their_own():
    assert set(ARITHMETIC) <= set(ELEMENTWISE)
    assert {optimizer_class(Choice(type_id)) for type_id in OPTIMIZERS} >= set(ELEMENTWISE)


def test_a_joined_model_computes_saves_and_loads_as_before():
    model = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    x = torch.randn(4, 3)
    expected = model(x)
    flat = FlatParameters(model.parameters())
    assert torch.equal(model(x), expected)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    model.load_state_dict({name: tensor + 1 for name, tensor in before.items()})
    assert torch.equal(torch.cat([piece.detach() for piece in flat.pieces])[:15].view(5, 3), before["0.weight"] + 1)


def test_parameters_that_share_memory_or_differ_in_kind_are_left_alone():
    linear = nn.Linear(3, 3)
    tied = nn.Parameter(linear.weight.detach()[:1])
    assert can_join(list(linear.parameters()))
    assert not can_join([*linear.parameters(), tied])
    assert not can_join([*linear.parameters(), nn.Parameter(torch.zeros(2, dtype=torch.float64))])
    assert not can_join([nn.Parameter(torch.zeros(2, 3).T)])
    assert not can_join([nn.Parameter(torch.tensor(1.0))])
    assert not can_join([])


def test_choices_that_make_no_sense_are_sentences():
    with pytest.raises(RunError, match=r"torch\.optim\.Adam, "):
        build_optimizer(Choice("torch.optim.Nope"), parameters([(2,)]))
    with pytest.raises(RunError, match="cannot be used with these settings"):
        build_optimizer(Choice("torch.optim.SGD", {"nesterov": True}), parameters([(2,)]))


def test_every_schedule_of_the_catalogue_can_be_built():
    for type_id in SCHEDULERS:
        optimizer = build_optimizer(Choice("torch.optim.SGD"), parameters([(2,)]))
        params = {"cycle_momentum": False} if SCHEDULERS[type_id].param("cycle_momentum") else {}
        scheduler = build_scheduler(Choice(type_id, params), optimizer, Length(7, 5))
        assert (scheduler is None) == (type_id == "constant")
        if type_id.endswith("CosineAnnealingLR"):
            assert scheduler.T_max == 7

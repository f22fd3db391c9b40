"""From one drawing to the next in the middle of a run: weights and what optimizers remember stay with their nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from graph.model import NodeId
from runtime.training.fit import Fit
from runtime.training.learner import Learner
from runtime.training.measuring import statistics_in
from runtime.training.reaching import held_by


class Carried(NamedTuple):
    """Names of parameters and buffers of the new model: whose values were kept, kept in part, begun anew; and left out of the old."""

    kept: tuple[str, ...]
    resized: tuple[str, ...]
    new: tuple[str, ...]
    left_out: tuple[str, ...]


def carry_over(old: Fit, new: Fit) -> Carried:
    """Give a new fit what the old one learned, and put it where the old one is.

    A tensor goes by the id of its node in the drawing and its name inside that node, so that renaming a node changes nothing; one
    of another shape is copied where both overlap. Objectives go by their names: those with the same optimizer keep what it
    remembers of parameters of the same shape, and all keep where their learning rate is.

    The epoch under way goes on at the same batch where it has as many; it begins anew where data or batch size are others.
    """
    before, after = _tensors(old), _tensors(new)
    kept, resized, fresh = [], [], []
    with torch.no_grad():
        for key, (name, tensor) in after.items():
            found = before.get(key)
            if found is None or found[1].dim() != tensor.dim():
                fresh.append(name)
            elif found[1].shape == tensor.shape:
                tensor.copy_(found[1])
                kept.append(name)
            else:
                _copy_overlap(found[1], tensor)
                resized.append(name)
    for learner in new.learners:
        same = next((other for other in old.learners if other.objective.name == learner.objective.name), None)
        if same is not None:
            _carry_learner(same, learner, _twins(before, after))
    _take_place(old, new)
    gone = [name for key, (name, _) in before.items() if key not in after]
    return Carried(tuple(kept), tuple(resized), tuple(fresh), tuple(gone))


def _tensors(fit: Fit) -> dict[tuple[NodeId, str], tuple[str, Tensor]]:
    """The parameters and buffers of a model by node and name inside it, with their names in the model."""
    names = {id(tensor): name for name, tensor in _named(fit.model)}
    found = {}
    for node in fit.compiled.project.graph.nodes:
        for inner, tensor in _inside(held_by(fit.compiled, fit.model, node)):
            found[node, inner] = (names[id(tensor)], tensor)
    return found


def _named(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from module.named_parameters()
    yield from module.named_buffers()


def _inside(part: nn.Module | nn.Parameter | None) -> Iterator[tuple[str, Tensor]]:
    if isinstance(part, nn.Parameter):
        yield "", part
    elif part is not None:
        measured = statistics_in(part)  # by the new fit already
        yield from ((name, tensor) for name, tensor in _named(part) if id(tensor) not in measured)


def _copy_overlap(source: Tensor, target: Tensor) -> None:
    part = tuple(slice(0, min(a, b)) for a, b in zip(source.shape, target.shape, strict=True))
    target[part].copy_(source[part])


def _twins(before: Mapping, after: Mapping) -> dict[int, int]:
    """For each new parameter, by its id, the id of the old one of the same node, name and shape."""
    pairs = ((tensor, before[key][1]) for key, (_, tensor) in after.items() if key in before)
    return {id(tensor): id(found) for tensor, found in pairs if tensor.shape == found.shape}


def _carry_learner(old: Learner, new: Learner, twins: Mapping[int, int]) -> None:
    """State of the optimizer by parameter, and the position of the learning rate."""
    if type(old.optimizer) is not type(new.optimizer):
        return
    old_state, state = old.state_dict(), new.state_dict()
    rows = old_state["optimizer"]["state"]
    old_rows = {id(p): rows[i] for i, p in enumerate(_in_order(old)) if i in rows}
    kept = {i: old_rows[twins[id(p)]] for i, p in enumerate(_in_order(new)) if twins.get(id(p)) in old_rows}
    if kept and new.flat is not None:  # one memory for all: what is new begins with nothing in it
        like = next(iter(kept.values()))
        kept = {i: kept.get(i) or _empty_row(like, p) for i, p in enumerate(_in_order(new))}
    state["optimizer"]["state"] = {**state["optimizer"]["state"], **kept}
    same_schedule = old.objective.scheduler == new.objective.scheduler
    rates: dict[str, Any] = {**state["rates"], "steps": old_state["rates"]["steps"]}
    if same_schedule and old.objective.optimizer == new.objective.optimizer:
        rates["schedule"] = old_state["rates"]["schedule"]
        groups = zip(state["optimizer"]["param_groups"], old_state["optimizer"]["param_groups"], strict=False)
        state["optimizer"]["param_groups"] = [{**before, "params": group["params"]} for group, before in groups]
    new.load_state_dict({**state, "rates": rates})


def _empty_row(like: Mapping[str, Any], parameter: nn.Parameter) -> dict[str, Any]:
    """The state of an optimizer that saw no gradient of this parameter, at the step of another."""
    is_size = {key: isinstance(value, Tensor) and value.dim() > 0 for key, value in like.items()}
    return {key: torch.zeros_like(parameter) if is_size[key] else value for key, value in like.items()}


def _in_order(learner: Learner) -> list[nn.Parameter]:
    """The parameters in the order of the rows of the optimizer's state."""
    if learner.flat is not None:
        return learner.flat.parameters
    return [p for group in learner.optimizer.param_groups for p in group["params"]]


def _take_place(old: Fit, new: Fit) -> None:
    """Put the new fit at the point of the run where the old one is."""
    new.epoch, new.step = old.epoch, old.step
    new.stopwatch.seconds = old.stopwatch.seconds
    same_batches = new.train.count == old.train.count and new.batch_size == old.batch_size
    new.take_order(old, batch=old.batch if same_batches else 0)

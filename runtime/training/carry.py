"""From one drawing to the next in the middle of a run: weights and what optimizers remember stay with their nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from graph.catalog.definitions import block_of
from graph.model import Node, NodeId, Project
from runtime.training.fit import Fit
from runtime.training.learner import Learner
from runtime.training.longer import begin_by_hand, tell
from runtime.training.measuring import statistics_in
from runtime.training.optimizers import follows_length
from runtime.training.reaching import held_by

if TYPE_CHECKING:
    from runtime.predict import Trained

Key = tuple[NodeId, str]  # a node of the drawing, and where in it
Twins = Mapping[int, int]  # of a new tensor's id, the id of the old one whose values it got whole


class Carried(NamedTuple):
    """Names of parameters and buffers of the new model: whose values were kept, kept in part, begun anew; and left out of the old."""

    kept: tuple[str, ...]
    resized: tuple[str, ...]
    new: tuple[str, ...]
    left_out: tuple[str, ...]


def carry_over(old: Fit, new: Fit) -> Carried:
    """Give a new fit what the old one learned, and put it where the old one is.

    A tensor goes by the ids of its node and, in blocks, of the nodes there, so that renaming one changes nothing; one of another
    shape is copied where both overlap. Objectives go by their names: those with the same kind of optimizer keep what it
    remembers of parameters of the same shape. Schedules go on at the same epoch or step: just as they were where schedule and
    optimizer are the same (and the length of the run, if they go over all of it), else where they would be by now had they been
    chosen at the beginning.

    The epoch under way goes on at the same batch where it has as many; it begins anew where data or batch size are others.
    Gradients that waited for a step, and which epoch was the best, are forgotten.
    """
    carried, twins = _carry_weights(old, new)
    same_batches = new.train.count == old.train.count and new.batch_size == old.batch_size
    batch = old.batch if same_batches else 0
    for learner in new.learners:
        same = next((other for other in old.learners if other.objective.name == learner.objective.name), None)
        _carry_schedule(old, new, same, learner, batch)
        if same is not None and type(same.optimizer) is type(learner.optimizer):
            _carry_optimizer(same, learner, twins)
    _carry_average(old, new, twins)
    new.epoch, new.step = old.epoch, old.step
    new.stopwatch.seconds = old.stopwatch.seconds
    new.take_order(old, batch=batch)
    if new.epochs > old.epochs:
        tell(new)
    return carried


# ---- weights


@torch.no_grad()
def _carry_weights(old: Fit, new: Fit) -> tuple[Carried, Twins]:
    before, after = tensors_of(old), tensors_of(new)
    by_key = {key: tensor for _, tensor, keys in before for key in keys}
    kept, resized, fresh, twins = [], [], [], {}
    for name, tensor, keys in after:
        found = next((by_key[key] for key in keys if key in by_key and by_key[key].dim() == tensor.dim()), None)
        if found is None:
            fresh.append(name)
            continue
        part = tuple(slice(0, min(sizes)) for sizes in zip(found.shape, tensor.shape, strict=True))
        tensor[part].copy_(found[part])
        if found.shape == tensor.shape:
            kept.append(name)
            twins[id(tensor)] = id(found)
        else:
            resized.append(name)
    wanted = {key for _, _, keys in after for key in keys}
    gone = [name for name, _, keys in before if wanted.isdisjoint(keys)]
    return Carried(tuple(kept), tuple(resized), tuple(fresh), tuple(gone)), twins


def tensors_of(fit: Fit | Trained) -> list[tuple[str, Tensor, list[Key]]]:
    """The parameters and buffers of a model, each once: its name, and of which nodes it is, those first that share no other's."""
    project = fit.compiled.project
    names = {id(tensor): name for name, tensor in _named(fit.model)}
    found: dict[int, tuple[str, Tensor, list[Key]]] = {}
    for node in sorted(project.graph.nodes.values(), key=lambda node: node.shares is not None):
        for path, tensor in _inside(held_by(fit.compiled, fit.model, node.id)):
            row = found.setdefault(id(tensor), (names[id(tensor)], tensor, []))
            row[2].append((node.id, _by_ids(project, node, path)))
    return list(found.values())


def _named(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from module.named_parameters()
    yield from module.named_buffers()


def _inside(part: nn.Module | nn.Parameter | None) -> Iterator[tuple[str, Tensor]]:
    if isinstance(part, nn.Parameter):
        yield "", part
    elif part is not None:
        measured = statistics_in(part)  # by the new fit already
        yield from ((name, tensor) for name, tensor in _named(part) if id(tensor) not in measured)


def _by_ids(project: Project, node: Node, path: str) -> str:
    """Where a tensor is in a node, with the ids of the nodes of blocks for their names: `2.conv1.weight` becomes `2.n3.weight`."""
    block, steps = block_of(node, project.definitions), []
    for step in path.split("."):
        inner = block.graph.node_named(step) if block is not None else None
        steps.append(inner.id if inner is not None else step)  # else the number of a run, or what a layer calls it
        if inner is not None:
            block = block_of(inner, project.definitions)
    return ".".join(steps)


# ---- optimizers


def _carry_optimizer(old: Learner, new: Learner, twins: Twins) -> None:
    """What an optimizer remembers, by parameter, and the scale of a loss. Of a new parameter it knows nothing, as in PyTorch."""
    before, state = old.state_dict(), new.state_dict()
    rows = before["optimizer"]["state"]
    old_rows = {id(p): rows[i] for i, p in enumerate(_in_order(old)) if i in rows}
    kept = {i: old_rows[twins[id(p)]] for i, p in enumerate(_in_order(new)) if twins.get(id(p)) in old_rows}
    state["optimizer"]["state"] = {**state["optimizer"]["state"], **kept}
    new.load_state_dict({**state, "scaler": before["scaler"]})


def _in_order(learner: Learner) -> list[nn.Parameter]:
    """The parameters in the order of the rows of the optimizer's state."""
    if learner.flat is not None:
        return learner.flat.parameters
    return [p for group in learner.optimizer.param_groups for p in group["params"]]


def _carry_schedule(old: Fit, new: Fit, before: Learner | None, learner: Learner, batch: int) -> None:
    """Where warm-up and schedule are, with what a person set by hand."""
    known = before.state_dict() if before is not None else None
    same = known if before is not None and _is_same_schedule(before, learner) else None
    if same and (_length(old) == _length(new) or not follows_length(learner.objective.scheduler)):
        state = learner.state_dict()
        groups = same["optimizer"]["param_groups"]
        own = state["optimizer"]["param_groups"]
        for i, group in enumerate(own):
            fixed = {"params", "weight_decay"} & group.keys()
            group.update({**groups[min(i, len(groups) - 1)], **{key: group[key] for key in fixed}})
        learner.load_state_dict({**state, "rates": same["rates"]})
        return
    if same:
        begin_by_hand(learner, same["optimizer"]["param_groups"])
    learner.rates.catch_up(learner.length.done(learner.objective.schedule_by, old.epoch, batch))
    state, steps = learner.state_dict(), known["rates"]["steps"] if known else 0
    learner.load_state_dict({**state, "rates": {**state["rates"], "steps": steps}})


def _is_same_schedule(a: Learner, b: Learner) -> bool:
    one, other = a.objective, b.objective
    return (one.optimizer, one.scheduler, one.schedule_by) == (other.optimizer, other.scheduler, other.schedule_by)


def _length(fit: Fit) -> tuple[int, int]:
    return fit.epochs, fit.steps_per_epoch


# ---- averages


def _carry_average(old: Fit, new: Fit, twins: Twins) -> None:
    """Averages of parameters that are there still; those of new ones begin with their weights. A mean over epochs begins anew
    where any parameter is new."""
    if not new.average.is_wanted:
        return
    state = old.average.state_dict() if old.plan.averaging == new.plan.averaging else {"averages": ()}
    averages = {id(p): average for p, average in zip(old.model.parameters(), state["averages"], strict=False)}
    pairs = [(p.detach(), averages.get(twins.get(id(p), 0))) for p in new.model.parameters()]
    values = [weights if average is None else average for weights, average in pairs]
    is_whole = all(average is not None for _, average in pairs)
    names = {name for name, _ in new.model.named_buffers()}
    if is_whole and names.issuperset(state["buffers"]):
        new.average.load_state_dict({**state, "averages": values})
    else:
        new.average.load_state_dict({"averages": values, "count": 0, "buffers": {}})

"""A new run that begins with the weights of another: fine-tuning, in the same drawing or in one that shares parts with it."""

from __future__ import annotations

from pathlib import Path

import torch

from graph.messages import RunError, msg
from runtime.events import Taken
from runtime.predict import Trained, load_trained
from runtime.training.averaging import Average
from runtime.training.carry import Key, tensors_of
from runtime.training.fit import Fit


@torch.no_grad()
def take_weights(fit: Fit, source: Path) -> Taken:
    """Give a new fit the best weights of a run; optimizers, schedules and random numbers begin as in any new run.

    A tensor goes by its name in the model; where the other drawing has none of that name, by its node (of the same type), as after
    renaming it. Its shape must be the same: a tensor that was widened, or has other classes, begins anew as a whole. What Normalize
    measures is measured on the data of the new run.

    Raises:
        RunError: it is no run, it left no weights, or none of them fits.
        ProjectError: the drawing of that run has errors.
    """
    trained = load_trained(source)
    before, after = tensors_of(trained), tensors_of(fit)
    by_name = trained.model.state_dict()
    names = {name for name, _, _ in after}
    by_key = {key: tensor for name, tensor, keys in before for key in _typed(keys, trained) if name not in names}
    kept, new, used = [], [], set()
    for name, tensor, keys in after:
        found = [by_name.get(name), *(by_key.get(key) for key in _typed(keys, fit))]
        fitting = next((other for other in found if other is not None and other.shape == tensor.shape), None)
        if fitting is None:
            new.append(name)
            continue
        tensor.copy_(fitting)
        kept.append(name)
        used.add(fitting.data_ptr())
    if not kept:
        raise RunError(
            msg("None of the weights of the run '{run}' fits this drawing: neither names, nor nodes, nor shapes are the same. "
                "Choose another run.", run=source)
        )  # fmt: skip
    fit.average = Average(fit.model, fit.plan)  # of these weights, not of those that were there before
    left_out = tuple(name for name, tensor, _ in before if tensor.data_ptr() not in used)
    return Taken(str(source), tuple(kept), tuple(new), left_out)


def _typed(keys: list[Key], holder: Fit | Trained) -> list[tuple[str, Key]]:
    """Where a tensor is, with the type of the node: ids of another drawing mean nothing by themselves."""
    nodes = holder.compiled.project.graph.nodes
    return [(nodes[key[0]].type, key) for key in keys]

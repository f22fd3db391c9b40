"""How much memory a training step takes, and how much there is."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from torch import Tensor

from graph.catalog.types import Role
from runtime.devices import Device
from runtime.feasibility import elements
from runtime.training.divided import own
from runtime.training.fit import Fit

BYTES = 4  # a number
_MEMINFO = Path("/proc/meminfo")
# Numbers that optimizers remember for each parameter; two is most common, and not less than the others need.
_REMEMBERED = {"torch.optim.SGD": 1, "torch.optim.RMSprop": 2, "torch.optim.Adagrad": 1, "torch.optim.LBFGS": 200}


def needed_memory(fit: Fit, batch: tuple[Tensor, ...]) -> int:
    """About how many bytes training takes beyond what is there already: gradients, what optimizers remember, what layers keep
    of a batch for the way back (the outputs of all nodes), and the batch itself."""
    parameters = sum(own(p).nbytes for learner in fit.learners for p in learner.parameters)
    remembered = sum(
        _REMEMBERED.get(learner.objective.optimizer.type, 2) * own(p).nbytes
        for learner in fit.learners
        for p in learner.parameters
    )
    size = len(batch[0]) if batch else 0
    for_a_moment = 2 * fit.bytes_at_a_time  # weights and gradients
    return parameters + remembered + for_a_moment + _activations(fit, size) + sum(tensor.nbytes for tensor in batch)


def _activations(fit: Fit, batch_size: int) -> int:
    catalog, total = fit.compiled.project.catalog, 0
    for node in fit.compiled.project.graph.nodes.values():
        known, node_type = fit.compiled.analysis.nodes.get(node.id), catalog.of(node)
        if known is None or node_type is None or node_type.role is Role.DATA:
            continue
        for spec in known.outputs.values():
            total += BYTES * elements(spec, batch_size)
    return total


def free_memory(device: Device) -> int | None:
    """The bytes that can be had on a device; None where nobody can tell."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device.id)[0]
    try:
        for line in _MEMINFO.read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None

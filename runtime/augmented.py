"""What training sees of pictures after the nodes between the data and the network have varied them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from graph.catalog import CATALOG
from graph.catalog.augmentation import FAMILY
from graph.model import NodeId, Project
from runtime.compiler import compile_project
from runtime.data.preparation import prepare
from runtime.training.measuring import measure
from runtime.training.reaching import held_by

if TYPE_CHECKING:
    from torch import Tensor

COUNT = 24


class _Seen(Exception):
    """The pictures are there: the rest of the network need not be computed."""


def last_of_the_path(project: Project) -> NodeId | None:
    """The last node of the data path that gives pictures: one of augmentation that feeds no other; None where there is none."""
    graph = project.running.graph
    path = [n.id for n in graph.nodes.values() if n.type in CATALOG and CATALOG[n.type].family == FAMILY]
    ends = [i for i in path if not any(link.target.node in path for link in graph.outgoing(i))]
    return ends[0] if ends else None


def augmented(
    project: Project, folder: Path | None = None, *, count: int = COUNT, seed: int = 0
) -> tuple[np.ndarray, ...]:
    """Training samples as they leave the last node of the data path, in training: height × width (× 3) in 0..1.

    Pictures with numbers beyond 0..1, as Normalize makes them, are stretched over their whole range, all in the same way.

    Raises:
        LayerloomError: the drawing has errors, or its data is missing.
    """
    node = last_of_the_path(project)
    if node is None:
        return ()
    compiled = compile_project(project)
    part = prepare(project, folder).train
    model = compiled.build(0)
    measure(compiled, model, part, batch_size=256)
    held, seen = held_by(compiled, model, node), []

    def take(_module: nn.Module, _inputs: object, output: Tensor | tuple[Tensor, ...]) -> None:
        seen.append(output[0] if isinstance(output, tuple) else output)
        raise _Seen

    assert isinstance(held, nn.Module), node
    held.register_forward_hook(take)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        try:
            model.train()(*part.head(count, ports=compiled.inputs))
        except _Seen:
            pass
    return _pictures(seen[0]) if seen and seen[0].dim() == 4 and seen[0].shape[1] in (1, 3) else ()


def _pictures(images: Tensor) -> tuple[np.ndarray, ...]:
    low, high = float(images.min()), float(images.max())
    if low < -0.01 or high > 1.01:
        images = (images - low) / max(high - low, 1e-9)
    pixels = images.clamp(0, 1).permute(0, 2, 3, 1).numpy()
    return tuple(picture[..., 0] if picture.shape[2] == 1 else picture for picture in pixels)

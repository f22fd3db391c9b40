"""What training sees of pictures after the nodes between the data and the network have varied them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from graph.catalog import CATALOG
from graph.catalog.augmentation import FAMILY
from graph.model import NodeId, Project
from graph.topology import ancestors
from runtime.compiler import compile_project
from runtime.data.preparation import prepare
from runtime.training.measuring import measure

if TYPE_CHECKING:
    from torch import Tensor

COUNT = 24
_COLORS = (1, 3)  # channels of a picture: gray, color
_TOLERANCE = 0.01  # beyond 0..1, for what rounding does


def last_of_the_path(project: Project) -> NodeId | None:
    """The last node of the data path that gives pictures: one of augmentation that feeds no other; None where there is none."""
    graph = project.running.graph
    path = [n.id for n in graph.nodes.values() if n.type in CATALOG and CATALOG[n.type].family == FAMILY]
    ends = [i for i in path if not any(link.target.node in path for link in graph.outgoing(i))]
    return ends[0] if ends else None


def augmented(
    project: Project, folder: Path | None = None, *, node: NodeId | None = None, count: int = COUNT, seed: int = 0
) -> tuple[np.ndarray, ...]:
    """The first training samples as they leave a node of the drawing in training mode.

    Only what lies between the data and the node is compiled and run: the rest may be unfinished. Nothing of a run under way
    changes, random numbers neither.

    Args:
        node: the node whose first output is looked at; the last one of the data path where None.
        count: the number of samples, those of one batch.
        seed: of the random numbers that vary them.

    Returns:
        Pictures, height × width (× 3), float32 in 0..1; none where the node gives no pictures. Pictures with numbers beyond
        0..1, as Normalize makes them, are stretched all alike, so that the smallest number of all is 0 and the largest 1.

    Raises:
        LayerloomError: what lies before the node has errors, or its data is missing.
    """
    node = node or last_of_the_path(project)
    if node is None:
        return ()
    graph = project.running.graph
    before = project.with_graph(graph.only({node, *ancestors(graph, [node])}))
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        compiled = compile_project(before)
        part = prepare(before, folder).train
        model = compiled.build(seed)
        measure(compiled, model, part)
        found = model.train()(*part.head(count, ports=compiled.inputs))
        part.close()
    return _pictures(found[0] if isinstance(found, tuple) else found)


def _pictures(images: Tensor) -> tuple[np.ndarray, ...]:
    if images.dim() != 4 or images.shape[1] not in _COLORS:
        return ()
    low, high = float(images.min()), float(images.max())
    if low < -_TOLERANCE or high > 1 + _TOLERANCE:
        images = (images - low) / max(high - low, 1e-9)
    pixels = images.float().clamp(0, 1).permute(0, 2, 3, 1).numpy()
    return tuple(picture[..., 0] if picture.shape[2] == 1 else picture for picture in pixels)

"""One raw file as the input of a trained model, the way it went in training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graph.catalog import CATALOG
from graph.messages import DataError, msg
from graph.model import Node, NodeId, Port
from runtime.data.arrays import INPUT_NAMES, as_input, read_npz
from runtime.data.images import decode, read_content, resize, with_channels
from runtime.data.loading import known_facts
from runtime.data.records import tensor_dtype
from runtime.data.sources import ARRAYS, IMAGES, TABLE, builtin_names, require_file
from runtime.data.tables import parse
from runtime.data.transforms import apply

if TYPE_CHECKING:
    from torch import Tensor

# Sets whose pictures show light strokes on a dark ground.
_LIGHT_ON_DARK = frozenset(builtin_names(IMAGES))


def input_from_file(node: Node, path: Path, statistics: Mapping[NodeId, Mapping[str, Any]]) -> dict[Port, Tensor]:
    """What the data node would give for a file that a person chose; `statistics` are those of the run (`Prepared`).

    Images: one picture file, made gray or colored and stretched to the size of the drawing (`images.resize`). For the
    built-in digits, light on dark, a picture whose border is mostly light is inverted, so that ink on paper works.
    Table: every row of a CSV file that has the feature columns, in any order. Arrays: `input` of an `.npz` file.

    Returns:
        The input port of the data node with its tensor, samples first, on the CPU.

    Raises:
        DataError: the file is missing or wrong, or does not fit what the node remembers of its data.
    """
    import torch

    node_type = CATALOG[node.type].id
    require_file(path)
    port, array = _READERS[node_type](node, known_facts(node), path)
    array = apply(statistics.get(node.id, {}), {port: array})[port]
    return {Port(node.id, port): torch.from_numpy(np.ascontiguousarray(array, dtype=tensor_dtype(array)))}


def _picture(node: Node, facts: Mapping[str, Any], path: Path) -> tuple[str, np.ndarray]:
    channels, height, width = facts["outputs"]["image"]["shape"]
    pixels = with_channels(decode(read_content(path), path), channels)
    if CATALOG[node.type].values(node)["source"] in _LIGHT_ON_DARK and _has_light_border(pixels):
        pixels = 1 - pixels
    return "image", resize(pixels, (height, width))[None]


def _has_light_border(pixels: np.ndarray) -> bool:
    edges = (pixels[:, 0], pixels[:, -1], pixels[:, :, 0], pixels[:, :, -1])
    return float(np.median(np.concatenate([edge.ravel() for edge in edges]))) > 0.5


def _rows(node: Node, facts: Mapping[str, Any], path: Path) -> tuple[str, np.ndarray]:
    table, columns = parse(path), list(facts["columns"])
    table.require(columns)
    return "features", table.numbers(columns)


def _array(node: Node, facts: Mapping[str, Any], path: Path) -> tuple[str, np.ndarray]:
    array = as_input(read_npz(path, {"input": INPUT_NAMES})["input"], "input", path)
    wanted = tuple(facts["outputs"]["input"]["shape"])
    if array.shape[1:] != wanted:
        raise DataError(
            msg(
                "'{file}': a sample of 'input' has the shape {found}, but the network takes {wanted}. Reshape it.",
                file=path.name,
                found=array.shape[1:],
                wanted=wanted,
            )
        )
    return "input", array


_READERS: Mapping[str, Callable[[Node, Mapping[str, Any], Path], tuple[str, np.ndarray]]] = {
    IMAGES: _picture,
    TABLE: _rows,
    ARRAYS: _array,
}

"""One raw file as the input of a trained model, the way it went in training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from graph.model import Node, NodeId, Port
from runtime.data.loading import known_facts, reader_of, values_of
from runtime.data.records import Statistics, tensor_dtype
from runtime.data.sources import require_file

if TYPE_CHECKING:
    from torch import Tensor


def input_from_file(node: Node, path: Path, statistics: Mapping[NodeId, Statistics]) -> dict[Port, Tensor]:
    """What the data node would give for a file that a person chose; `statistics` are those of the run (`Prepared`).

    What the file may be is said by the `read_input` of the type's reader (`runtime.data.readers`).

    Returns:
        The input ports of the data node with their tensors, samples first, on the CPU.

    Raises:
        DataError: the file is missing or wrong, or does not fit what the node remembers of its data.
    """
    import torch

    require_file(path)
    reader, values = reader_of(node), values_of(node)
    samples = reader.read_input(values, known_facts(node), path)
    samples = reader.transform(values, statistics.get(node.id, {}), samples)
    return {
        Port(node.id, port): torch.from_numpy(np.ascontiguousarray(array, dtype=tensor_dtype(array)))
        for port, array in samples.items()
    }

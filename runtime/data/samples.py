"""The samples of all data nodes of a drawing as a run sees them: read, and transformed with what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np

from graph.model import Node, NodeId, Port
from runtime.data.loading import reader_of, values_of
from runtime.data.readers import Reader, Values
from runtime.data.records import Loaded, Statistics, Store, tensor_dtype


@dataclass(frozen=True, eq=False, slots=True)
class Share:
    """The samples of one data node."""

    node: NodeId
    store: Store
    reader: Reader
    values: Values
    statistics: Statistics

    def read(self, rows: np.ndarray) -> dict[Port, np.ndarray]:
        """Samples by port, float32 or int64."""
        found = self.reader.transform(self.values, self.statistics, self.store.read(rows))
        return {Port(self.node, port): array.astype(tensor_dtype(array), copy=False) for port, array in found.items()}


@dataclass(frozen=True, eq=False, slots=True)
class Samples:
    """The samples of several data nodes, which belong together row by row. It goes to worker processes."""

    shares: tuple[Share, ...]

    @property
    def nbytes(self) -> int:
        """About how many bytes all samples take as tensors."""
        return sum(share.store.nbytes for share in self.shares)

    @property
    def count(self) -> int:
        """Number of samples."""
        return self.shares[0].store.count

    def read(self, rows: np.ndarray) -> dict[Port, np.ndarray]:
        """Samples by port, float32 or int64.

        Raises:
            DataError: one cannot be read any more.
        """
        return reduce(lambda found, share: found | share.read(rows), self.shares, {})


def gather_samples(
    nodes: tuple[Node, ...], loaded: Mapping[NodeId, Loaded], statistics: Mapping[NodeId, Statistics]
) -> Samples:
    """The samples of data nodes with what was measured on the training part."""
    return Samples(
        tuple(
            Share(node.id, loaded[node.id].store, reader_of(node), values_of(node), statistics[node.id])
            for node in nodes
        )
    )

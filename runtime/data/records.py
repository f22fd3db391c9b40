"""The records of the data room: what was read from a source, and the parts that a run trains and tests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graph.model import NodeId, Port

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

CLASSIFICATION, REGRESSION = "classification", "regression"


@dataclass(frozen=True, eq=False, slots=True)
class Loaded:
    """The raw data of one data node.

    `arrays` holds one array an output port, samples first; what is floating there becomes float32 in a run,
    what is integer int64. The last port is the target. `classes` are the names of its class indices, empty for
    regression; `columns` the names of the features of a table. `fingerprint` identifies the content of the source,
    whatever the node's other parameters.
    """

    arrays: Mapping[str, np.ndarray]
    title: str
    fingerprint: str
    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    @property
    def samples(self) -> int:
        """Number of samples."""
        return len(next(iter(self.arrays.values())))

    @property
    def task(self) -> str:
        """ "classification" or "regression"."""
        return CLASSIFICATION if self.classes else REGRESSION

    def facts(self) -> dict[str, Any]:
        """What the data node remembers: JSON values only, shapes without the batch dimension."""
        outputs: dict[str, dict[str, Any]] = {
            port: {"shape": list(array.shape[1:]), "dtype": tensor_dtype(array)} for port, array in self.arrays.items()
        }
        if self.classes:
            outputs[list(outputs)[-1]]["classes"] = len(self.classes)
        return {
            "title": self.title,
            "samples": self.samples,
            "task": self.task,
            "outputs": outputs,
            "classes": list(self.classes),
            "columns": list(self.columns),
            "fingerprint": self.fingerprint,
        }


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """One share of the samples: a tensor an output port of the data nodes, all with `count` rows in the same order.

    `indices` says which sample of the source each row is.
    """

    tensors: Mapping[Port, Tensor]
    indices: np.ndarray

    @property
    def count(self) -> int:
        """Number of samples."""
        return len(self.indices)


@dataclass(frozen=True, eq=False, slots=True)
class Prepared:
    """Everything that a run needs of the data.

    `statistics[node id][port]` holds what was measured on the training part only, as JSON values; `fingerprint` covers
    all data nodes.
    """

    train: Part
    validation: Part
    test: Part
    task: str
    classes: tuple[str, ...]
    fingerprint: str
    statistics: Mapping[NodeId, Mapping[str, Any]]

    @property
    def parts(self) -> tuple[Part, Part, Part]:
        """The training, validation and test part."""
        return self.train, self.validation, self.test


def tensor_dtype(array: np.ndarray) -> str:
    """The dtype that the array has as a tensor: "float32" or "int64"."""
    return "float32" if array.dtype.kind == "f" else "int64"

"""From a project to the tensors of a run: load, check against what the drawing remembers, split, transform."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from graph.catalog import CATALOG, Role
from graph.messages import DataError, msg
from graph.model import Graph, Node, NodeId, Project
from runtime.data.loading import describe, known_facts, load, reader_of, values_of
from runtime.data.records import CLASSIFICATION, REGRESSION, Loaded, Prepared
from runtime.data.samples import Samples, gather_samples
from runtime.data.sources import fingerprint
from runtime.data.splits import split

if TYPE_CHECKING:
    from torch import Tensor

    from runtime.data.parts import Part


def prepare(project: Project, folder: Path | None = None) -> Prepared:
    """Read, check, split and transform the data of a project; relative paths start from `folder`, the project's.

    The split follows `runtime.data.splits.split` with the seed of the plan. Whatever is measured is measured on the
    training part. The tensors are on the CPU, float32 or int64, one for every output port of the data nodes in use.

    Raises:
        DataError: no data node is in use, its data is missing, wrong, or no longer what the drawing remembers,
            several nodes have different numbers of samples, or there are too few for the split.
    """
    nodes = used_data_nodes(project.running.graph)
    if not nodes:
        raise DataError(msg("No data node is connected. Add one, and wire its outputs into the network and the loss."))
    loaded = {node.id: load(node, folder) for node in nodes}
    for node in nodes:
        check_facts(node, loaded[node.id])
    samples = _common_count(nodes, loaded)
    train, validation, test = split(samples, project.plan.split, seed=project.plan.seed)
    statistics = {node.id: reader_of(node).fit(values_of(node), loaded[node.id], train) for node in nodes}
    together = gather_samples(nodes, loaded, statistics)
    classes = next((data.classes for data in loaded.values() if data.classes), ())
    return Prepared(
        train=_part(together, train),
        validation=_part(together, validation),
        test=_part(together, test),
        task=CLASSIFICATION if classes else REGRESSION,
        classes=classes,
        fingerprint=_joint_fingerprint([data.fingerprint for data in loaded.values()]),
        statistics=statistics,
    )


def read_again(project: Project, folder: Path | None = None) -> Project:
    """The project with what its data nodes in use learn from their data now.

    Raises:
        DataError: as `describe`.
    """
    graph = project.graph
    for node in used_data_nodes(graph):
        graph = graph.set_facts(node.id, describe(node, folder))
    return project.with_graph(graph)


def used_data_nodes(graph: Graph) -> tuple[Node, ...]:
    """The data nodes that have a wire, in the order of the drawing."""
    return tuple(
        node
        for node in graph.nodes.values()
        if node.type in CATALOG and CATALOG[node.type].role is Role.DATA and graph.outgoing(node.id)
    )


def check_facts(node: Node, loaded: Loaded) -> None:
    """Compare data with what its node remembers of it.

    Raises:
        DataError: it remembers nothing, or the data or the settings changed.
    """
    known, found = {key: _plain(value) for key, value in known_facts(node).items()}, loaded.facts()
    if known.get("fingerprint") != found["fingerprint"]:
        raise DataError(
            msg(
                "The data of '{name}' ({title}) has changed since it was read. Read it again: on that node, "
                "or with --read-data.",
                name=node.name,
                title=loaded.title,
            ),
            node=node.id,
        )
    if any(known.get(key) != found[key] for key in ("samples", "outputs", "classes", "columns")):
        raise DataError(
            msg(
                "The settings of '{name}' give other shapes or classes than the drawing remembers. "
                "Read its data again: on that node, or with --read-data.",
                name=node.name,
            ),
            node=node.id,
        )


def _common_count(nodes: tuple[Node, ...], loaded: Mapping[NodeId, Loaded]) -> int:
    counts = {node.name: loaded[node.id].samples for node in nodes}
    if len(set(counts.values())) > 1:
        raise DataError(
            msg(
                "The data nodes have different numbers of samples ({counts}). They must belong together row by row.",
                counts=", ".join(f"{name}: {count}" for name, count in counts.items()),
            ),
            node=nodes[-1].id,
        )
    return next(iter(counts.values()))


def _part(samples: Samples, rows: np.ndarray) -> Part:
    from runtime.data.parts import HeldPart

    return HeldPart({port: _tensor(array) for port, array in samples.read(rows).items()}, rows)


def _tensor(array: np.ndarray) -> Tensor:
    """The array with the strides of a fresh tensor; NumPy's differ along dimensions of size 1, and convolution kernels with them."""
    import torch

    return torch.from_numpy(array).clone(memory_format=torch.contiguous_format)


def _joint_fingerprint(fingerprints: list[str]) -> str:
    return fingerprints[0] if len(fingerprints) == 1 else fingerprint(text.encode() for text in fingerprints)


def _plain(value: object) -> object:
    """The value with lists where a file may have given tuples."""
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, (list, tuple)) else value

"""From a project to the tensors of a run: load, check against what the drawing remembers, split, transform."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from graph.catalog import CATALOG, Role
from graph.messages import DataError, msg
from graph.model import Graph, Node, NodeId, Port, Project
from runtime.data.loading import describe, known_facts, load, reader_of, values_of
from runtime.data.looks import told_of
from runtime.data.records import CLASSIFICATION, REGRESSION, Loaded, Prepared
from runtime.data.samples import Samples, gather_samples
from runtime.data.sources import fingerprint
from runtime.data.splits import Rows, split, traits_of

if TYPE_CHECKING:
    from torch import Tensor

    from runtime.data.parts import Part

ROWS_AT_A_TIME, BYTES_AT_A_TIME = 8192, 256 * 2**20  # while a part that is held is read


def prepare(project: Project, folder: Path | None = None, *, budget: int | None = None) -> Prepared:
    """Read, check, split and transform the data of a project; relative paths start from `folder`, the project's.

    The split follows `runtime.data.splits.split` with the seed of the plan. Whatever is measured is measured on the
    training part. The tensors are on the CPU, float32 or int64, one for every output port of the data nodes in use. They
    are held in memory if all of them take no more than `budget` bytes (half of what is free now, if not given), else read
    when a batch needs them.

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
    rows = split(samples, project.plan.split, seed=project.plan.seed, traits=traits_of(loaded.values()))
    statistics = {node.id: reader_of(node).fit(values_of(node), loaded[node.id], rows.train) for node in nodes}
    together = gather_samples(nodes, loaded, statistics)
    held = together.nbytes <= (free_memory() // 2 if budget is None else budget)
    train, validation, test = [_held(together, part) for part in rows] if held else _streamed(together, rows)
    classes = next((data.classes for data in loaded.values() if data.classes), ())
    return Prepared(
        train=train,
        validation=validation,
        test=test,
        task=CLASSIFICATION if classes else REGRESSION,
        classes=classes,
        fingerprint=_joint_fingerprint([data.fingerprint for data in loaded.values()]),
        statistics=statistics,
        notes=tuple(note for data in loaded.values() for note in told_of(data)),
    )


def read_again(project: Project, folder: Path | None = None) -> Project:
    """The project with what its data nodes in use learn from their data now.

    Raises:
        DataError: as `describe`.
    """
    graph = project.graph
    for node in used_data_nodes(graph):
        graph = graph.set_facts(node.id, describe(node, folder, plan=project.plan))
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
    if any(
        known.get(key) != found.get(key) for key in ("samples", "outputs", "classes", "columns", "categories", "parts")
    ):
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


def free_memory() -> int:
    """Bytes of memory that are free for a program that asks now, as far as the system says; a guess of 4 GiB if not."""
    with suppress(OSError, StopIteration), open("/proc/meminfo", encoding="ascii") as lines:
        return int(next(line for line in lines if line.startswith("MemAvailable")).split()[1]) * 1024
    with suppress(AttributeError, ValueError, OSError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    return 4 * 2**30


def _held(samples: Samples, rows: np.ndarray) -> Part:
    """The part in tensors, read in pieces, so that the raw samples never lie in memory all at once.

    They have the strides of fresh tensors: NumPy's differ along dimensions of size 1, and convolution kernels with them.
    """
    import torch

    from runtime.data.parts import HeldPart

    tensors: dict[Port, Tensor] = {}
    bytes_per_row = max(1, samples.nbytes // max(1, samples.count))
    step = max(1, min(ROWS_AT_A_TIME, BYTES_AT_A_TIME // bytes_per_row))
    for start in range(0, max(1, len(rows)), step):
        for port, array in samples.read(rows[start : start + step]).items():
            piece = torch.from_numpy(array)
            if port not in tensors:
                tensors[port] = torch.empty((len(rows), *piece.shape[1:]), dtype=piece.dtype)
            tensors[port][start : start + len(piece)] = piece
    return HeldPart(tensors, rows)


def _streamed(samples: Samples, rows: Rows) -> list[Part]:
    """The parts, all read by the same processes."""
    from runtime.data.streams import Crew, StreamedPart

    crew = Crew(samples)
    return [StreamedPart(crew, part) for part in rows]


def _joint_fingerprint(fingerprints: list[str]) -> str:
    return fingerprints[0] if len(fingerprints) == 1 else fingerprint(text.encode() for text in fingerprints)


def _plain(value: object) -> object:
    """The value with lists where a file may have given tuples."""
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, (list, tuple)) else value

"""Whether a drawing whose shapes are known can be trained as planned: enough memory, and batches that suit every layer."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from math import prod

from graph.catalog import CATALOG, Role
from graph.facts import Facts, read_facts
from graph.fixes import set_plan
from graph.messages import DataError, Message, msg
from graph.model import Graph, Node, NodeId, Project
from graph.plan import GIVEN, RANDOM, STRATIFIED
from graph.problems import Problem
from graph.topology import ancestors
from runtime.analysis import NodeAnalysis, TensorSpec
from runtime.data.preparation import used_data_nodes
from runtime.data.splits import sizes

_BATCH_NORMS = frozenset(f"torch.nn.BatchNorm{dims}d" for dims in (1, 2, 3))

Known = Mapping[NodeId, NodeAnalysis]


def check_feasible(project: Project, nodes: Known) -> Iterator[Problem]:
    """What stands in the way of the plan."""
    yield from _check_split(project)
    yield from _check_memory(project, nodes)
    yield from _check_batches(project, nodes)


# ---- the split

# A way to split, what makes it impossible for data of which this is known, and what to say then.
_OBSTACLES: tuple[tuple[str, Callable[[list[Facts]], bool], Message], ...] = (
    (
        STRATIFIED,
        lambda known: not any(map(_has_labels, known)),
        msg(
            "The data is to be split with each class in every part, but no sample of it is of one class. Split it at random."
        ),
    ),
    (
        STRATIFIED,
        lambda known: any(facts.groups for facts in known),
        msg(
            "The data is to be split with each class in every part, but samples of it belong together, and that would tear them apart. "
            "Split it at random, or choose no column under 'split_by'."
        ),
    ),
    (
        GIVEN,
        lambda known: not any(facts.parts for facts in known),
        msg(
            "The data is to be split as it says itself, but none of it does. Choose a column under 'split_by', or folders."
        ),
    ),
)


def _has_labels(facts: Facts) -> bool:
    """Whether each sample is of one class, as images are, and not of several (the words of a sentence) or of none."""
    return any(output.classes and not output.shape for output in facts.outputs.values())


def _check_split(project: Project) -> Iterator[Problem]:
    """A way to split that the data, as far as it was read, does not allow."""
    split, facts = project.plan.split, _known_facts(project)
    for method, is_wrong, text in _OBSTACLES:
        if method == split.method and facts and is_wrong(facts):
            mend = set_plan(msg("Split at random"), split=replace(split, method=RANDOM))
            yield Problem("bad-split", text, fixes=(mend,))
            return


# ---- memory


def _check_memory(project: Project, nodes: Known) -> Iterator[Problem]:
    """Parameters and activations that this computer cannot hold, counted before any memory is asked for.

    Training keeps four numbers a parameter (itself, its gradient and two of Adam) and every output of a batch, 4 bytes each.
    """
    total, batch = _memory(), project.plan.batch_size or _training_samples(project) or 1
    for node_id, found in nodes.items():
        outputs = sum(elements(spec, batch) for spec in found.outputs.values())
        need = 16 * found.parameters + 4 * outputs
        if need > total:
            text = msg("'{node}' needs about {need} of memory ({parameters} parameters); this computer has {total}. Make it smaller, "
                       "or the batch.", node=project.graph.nodes[node_id].name, need=_gib(need),
                       parameters=f"{found.parameters:,}", total=_gib(total))  # fmt: skip
            yield Problem("too-large", text, node_id)


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 1 << 36


def elements(spec: TensorSpec, batch: int) -> int:
    """How many numbers a tensor holds for a batch of so many samples."""
    sizes = (d if isinstance(d, int) else batch * int(d.rpartition("·")[0] or 1) for d in spec.shape)
    return prod(sizes)


def _gib(size: float) -> str:
    return f"{size / 2**30:,.1f} GiB"


# ---- batches


def _check_batches(project: Project, nodes: Known) -> Iterator[Problem]:
    """Batch normalization compares numbers of a channel, and finds only one where a batch has one sample without extent."""
    samples, size = _training_samples(project), project.plan.batch_size
    if samples is None or _smallest_batch(samples, size) != 1:
        return
    better = next((n for n in count(size + 1) if _smallest_batch(samples, n) != 1), None) if samples > 1 else None
    mends = (set_plan(msg("Set batch_size to {value}", value=better), batch_size=better),) if better else ()
    for node in _trained(project.graph):
        if node.id in nodes and _needs_two(project, node, nodes[node.id]):
            text = msg("'{node}' compares the samples of a batch, but the last batch of an epoch has only one "
                       "({samples:,} training samples in batches of {size:,}). Choose another batch size.",
                       node=node.name, samples=samples, size=size)  # fmt: skip
            yield Problem("batch-of-one", text, node.id, fixes=mends)


def _trained(graph: Graph) -> list[Node]:
    """The nodes that a loss depends on, in the order of the drawing."""
    losses = [n.id for n in graph.nodes.values() if n.type in CATALOG and CATALOG[n.type].role is Role.LOSS]
    before = ancestors(graph, losses)
    return [node for node in graph.nodes.values() if node.id in before]


def _needs_two(project: Project, node: Node, found: NodeAnalysis) -> bool:
    """Whether it, or a node of the block that it runs, has one number a channel and sample to compare."""
    if node.type in _BATCH_NORMS:
        return bool(found.outputs) and all(d == 1 for d in found.inputs["input"].shape[2:])
    inner = ((project.drawing(run.block).nodes[i], known) for run in found.inside for i, known in run.nodes.items())
    return any(_needs_two(project, deeper, known) for deeper, known in inner)


def _training_samples(project: Project) -> int | None:
    """The samples of the training part, as far as the data nodes in use agree on how many there are."""
    facts, split = _known_facts(project), project.plan.split
    counts = {known.samples for known in facts}
    if len(counts) != 1 or (split.method == RANDOM and any(known.groups for known in facts)):
        return None
    if split.method == GIVEN:
        return next((known.parts[0] for known in facts if known.parts), None)
    try:
        return sizes(counts.pop(), split)[0]
    except DataError:
        return None


def _known_facts(project: Project) -> list[Facts]:
    return [facts for node in used_data_nodes(project.graph) if (facts := read_facts(node))]


def _smallest_batch(samples: int, size: int) -> int:
    return samples % size or size if size else samples

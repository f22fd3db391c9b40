"""What came of an import, for a person to read: how large the drawing is, how close it is, and what to know of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from torch import nn

from graph.catalog.definitions import CODE_PREFIX, PREFIX
from runtime.importer.drawing import Drawn, nodes_in
from runtime.importer.learning import by_module
from runtime.importer.proof import Proof
from runtime.importer.recording import Recording


@dataclass(frozen=True)
class Report:
    """What came of it. `nodes` counts those of the drawing, as the window does, and `inside` those in its blocks, each block once.
    `unrolled` has for each module that is called more than once how often; `own_code` the calls that no node
    type stands for; `frozen` the parameters that do not learn and are frozen in the plan, `resting` those of their nodes whose
    dropout and running statistics a run of the drawing lets rest too. `unused` take no part in what the module gives and are left
    out (so many numbers), and so are the buffers `left_out`.
    """

    proof: Proof
    nodes: int
    inside: int
    blocks: int
    instances: int
    parameters: int
    unrolled: Mapping[str, int] = field(default_factory=dict)
    own_code: Mapping[str, int] = field(default_factory=dict)
    frozen: tuple[str, ...] = ()
    resting: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    unused_numbers: int = 0
    left_out: tuple[str, ...] = ()


def report_of(
    module: nn.Module,
    recording: Recording,
    drawn: Drawn,
    proof: Proof,
    resting: Sequence[str],
    unused: Mapping[str, nn.Parameter],
) -> Report:
    """The report of a drawing that was proven."""
    used = set(drawn.tensors.values())
    nodes = list(nodes_in(drawn.project))
    return Report(
        proof=proof,
        nodes=(top := len(drawn.project.graph.nodes)),
        inside=len(nodes) - top,
        blocks=len(drawn.project.blocks),
        instances=sum(1 for node in nodes if node.type.startswith(PREFIX)),
        parameters=proof.parameters,
        unrolled=_called_again(module, recording),
        own_code=Counter(
            drawn.project.definitions.codes[node.type.removeprefix(CODE_PREFIX)].name
            for node in nodes
            if node.type.startswith(CODE_PREFIX)
        ),
        frozen=tuple(by_module(module, [n for n, p in module.named_parameters() if not p.requires_grad and n in used])),
        resting=tuple(resting),
        unused=tuple(by_module(module, list(unused))),
        unused_numbers=sum(parameter.numel() for parameter in unused.values()),
        left_out=tuple(name for name, _ in module.named_buffers() if name not in used),
    )


def _called_again(module: nn.Module, recording: Recording) -> dict[str, int]:
    """Modules with weights that are called more than once; those inside them are not named again."""
    found: dict[str, int] = {}
    for path, count in recording.calls.items():
        around = [".".join(path.split(".")[:i]) for i in range(1, path.count(".") + 1)]
        holds = any(True for _ in module.get_submodule(path).parameters())
        if count > 1 and holds and not any(found.get(outer) == count for outer in around):
            found[path] = count
    return found

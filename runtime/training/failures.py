"""What went wrong in a run, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from graph.atomic import explain
from graph.messages import LayerloomError, RunError, msg
from graph.model import NodeId
from runtime.compiler import Compiled

if TYPE_CHECKING:
    from runtime.training.learner import Batch, Learner
    from runtime.training.record import NotFinite

_NO_MEMORY = ("can't allocate memory", "not enough memory", "out of memory", "DefaultCPUAllocator")


def explain_error(error: Exception, compiled: Compiled | None, *, batch_size: int) -> RunError | LayerloomError | None:
    """The sentence for an error that stopped a run, with the node it came from; None where it is a mistake of ours."""
    if isinstance(error, LayerloomError):
        return error
    if _is_out_of_memory(error):
        return RunError(
            msg(
                "There is not enough memory for this step. Choose a smaller batch size than {batch_size}, "
                "a smaller network, or another device.",
                batch_size=batch_size,
            ),
            node=_culprit(error, compiled),
        )
    if isinstance(error, OSError):
        return RunError(msg("The run could not go on: {reason}", reason=explain(error)))
    node = _culprit(error, compiled)
    if compiled is None or node is None:
        return None
    name = compiled.project.graph.nodes[node].name
    return RunError(
        msg(
            "'{name}' could not compute its output: {error}. Check its settings and what is wired to it.",
            name=name,
            error=str(error).strip().splitlines()[0].rstrip("."),
        ),
        node=node,
    )


def explain_not_finite(compiled: Compiled, learner: Learner, batch: Batch, found: NotFinite, *, epoch: int) -> RunError:
    """The sentence for a loss that is NaN or infinite, naming where in the network it began.

    The batch is computed once more, and every layer watched; the run is over, so it may change buffers.
    """
    graph = compiled.project.graph
    values = {"loss": found.loss, "epoch": epoch, "value": str(found.value)}
    ports = [port for port, tensor in zip(learner.program.inputs, batch, strict=True) if not _is_finite(tensor)]
    if ports:
        data = graph.nodes[ports[0].node]
        text = msg(
            "'{loss}' became {value} in epoch {epoch}: '{name}' gives numbers that are not finite. Mend the data.",
            **values,
            name=data.name,
        )
        return RunError(text, node=data.id)
    name = _first_not_finite(learner, batch)
    node = graph.node_named(name or found.loss)
    text = msg(
        "'{loss}' became {value} in epoch {epoch}. The first numbers that are not finite come from '{name}'. "
        "The steps are probably too large: lower the learning rate ({rate:g}), or normalize the data. "
        "The checkpoint from before was kept.",
        **values,
        name=name or found.loss,
        rate=learner.learning_rate,
    )
    return RunError(text, node=node.id if node else None)


def _first_not_finite(learner: Learner, batch: Batch) -> str | None:
    """The name of the first layer whose output is not finite."""
    names: list[str] = []

    def watch(name: str):
        def look(module: nn.Module, inputs: tuple[Tensor, ...], output: object) -> None:
            if isinstance(output, Tensor) and not _is_finite(output):
                names.append(name)

        return look

    hooks = [layer.register_forward_hook(watch(name)) for name, layer in learner.layers()]
    try:
        with torch.no_grad():
            learner.evaluate(batch)
    finally:
        for hook in hooks:
            hook.remove()
    return names[0] if names else None


def _is_finite(tensor: Tensor) -> bool:
    return bool(tensor.isfinite().all())


def _is_out_of_memory(error: Exception) -> bool:
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _NO_MEMORY)


def _culprit(error: BaseException, compiled: Compiled | None) -> NodeId | None:
    """The node on whose generated line the error arose."""
    if compiled is None:
        return None
    lines: Sequence[int] = []
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_globals.get("__name__", "").startswith("layerloom_"):
            lines = [*lines, step.tb_lineno]
        step = step.tb_next
    found = (compiled.source.node_at(line) for line in reversed(lines))
    return next((node for node in found if node is not None), None)

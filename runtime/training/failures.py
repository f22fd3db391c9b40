"""What went wrong while a network computed, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch

from graph.atomic import explain
from graph.messages import LayerloomError, RunError, msg
from graph.model import NodeId
from runtime.compiler import Compiled

_NOT_DETERMINISTIC = "does not have a deterministic implementation"
_NO_MEMORY = ("can't allocate memory", "not enough memory", "out of memory", "DefaultCPUAllocator")
_LOST = ("CUDA error", "CUDA driver", "cuDNN error", "HIP error", "GPU is lost", "ECC error", "no longer available")
_ASSERTED = "device-side assert"  # how a GPU says that an index is out of range


@contextmanager
def explaining(compiled: Compiled, *, batch_size: int) -> Iterator[None]:
    """Turn an error of a network that computes inside the block into a sentence.

    Raises:
        RunError: what `explain_computation` makes of the error; a mistake of ours is raised as it is.
    """
    try:
        yield
    except LayerloomError:
        raise
    except Exception as error:
        found = explain_computation(error, compiled, batch_size=batch_size)
        if found is None:
            raise
        raise found from error


def explain_error(
    error: Exception, compiled: Compiled | None, *, batch_size: int, checkpoint: Path | None = None
) -> LayerloomError | None:
    """The sentence for an error that stopped a run, with the node it came from; None where it is a mistake of ours.

    Args:
        checkpoint: the folder of those to go on from, where there are any.
    """
    if isinstance(error, LayerloomError):
        return error
    if isinstance(error, OSError):
        return RunError(msg("The run could not go on: {reason}", reason=explain(error)))
    if _is_lost_gpu(error):
        return _lost_gpu(error, checkpoint)
    return explain_computation(error, compiled, batch_size=batch_size)


def explain_computation(error: Exception, compiled: Compiled | None, *, batch_size: int) -> RunError | None:
    """The sentence for an error that arose while a network computed; None where it did not arise in one."""
    node = culprit(error, compiled)
    if _is_lost_gpu(error):
        return _lost_gpu(error, None)
    if _is_out_of_memory(error):
        return RunError(
            msg(
                "There is not enough memory for this step. Choose a smaller batch size than {batch_size}, "
                "a smaller network, or another device.",
                batch_size=batch_size,
            ),
            node=node,
        )
    if _NOT_DETERMINISTIC in str(error):
        return RunError(
            msg(
                "The plan wants the same bits in every run, and PyTorch cannot compute {operation} that way on this device. "
                "Switch the deterministic mode off, or choose the CPU.",
                operation=str(error).partition(" " + _NOT_DETERMINISTIC)[0],
            ),
            node=node,
        )
    if compiled is None or node is None:
        return None
    return RunError(
        msg(
            "'{name}' could not compute its output: {error}. Check its settings and what is wired to it.",
            name=compiled.project.graph.nodes[node].name,
            error=_first_line(error),
        ),
        node=node,
    )


def _lost_gpu(error: Exception, checkpoint: Path | None) -> RunError:
    """A GPU reports errors late: which node was at work says nothing, and nothing on the device can be read any more."""
    if _ASSERTED in str(error):
        return RunError(
            msg(
                "The GPU stopped because an index was out of its range, often a label or a token that the network has no place "
                "for. Restart Layerloom and train on the CPU, which names the node."
            )
        )
    if checkpoint is None:
        return RunError(
            msg(
                "The GPU cannot be used any more ({error}). Restart Layerloom, or train on the CPU.",
                error=_first_line(error),
            )
        )
    return RunError(
        msg(
            "The GPU cannot be used any more ({error}). Go on from the checkpoint in '{folder}': on the CPU now, or on the GPU "
            "after a restart of Layerloom.",
            error=_first_line(error),
            folder=checkpoint,
        )
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def _is_lost_gpu(error: Exception) -> bool:
    is_of_device = isinstance(error, torch.AcceleratorError) or any(words in str(error) for words in _LOST)
    return isinstance(error, RuntimeError) and is_of_device and not _is_out_of_memory(error)


def _is_out_of_memory(error: Exception) -> bool:
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _NO_MEMORY)


def culprit(error: BaseException, compiled: Compiled | None) -> NodeId | None:
    """The node of the drawing on whose generated line the error arose: for one in a block, the instance of that block."""
    if compiled is None:
        return None
    lines: Sequence[int] = []
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_globals.get("__name__", "").startswith("layerloom_"):
            lines = [*lines, step.tb_lineno]
        step = step.tb_next
    marks = (compiled.source.mark_at(line) for line in reversed(lines))
    return next((mark[1] for mark in marks if mark is not None and mark[0] is None), None)

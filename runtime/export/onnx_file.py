"""ONNX: one file with any batch size, run by onnxruntime and many others without PyTorch."""

from __future__ import annotations

import importlib.util
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from graph.messages import ExportError, msg

if TYPE_CHECKING:
    from torch import Tensor, nn

PACKAGES = ("onnx", "onnxscript", "onnxruntime")


def require_packages() -> None:
    """Check that what ONNX needs is installed.

    Raises:
        ExportError: it is not; the message says how to install it.
    """
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ExportError(
            msg(
                "Export to ONNX needs packages that are not installed: {missing}. Install them with: {command}",
                missing=", ".join(missing),
                command=f"python -m pip install {' '.join(missing)}",
            )
        )


def to_onnx(model: nn.Module, example: tuple[Tensor, ...], *, inputs: Sequence[str], outputs: Sequence[str]) -> bytes:
    """The model as the bytes of an ONNX file whose inputs and outputs have those names and an open batch dimension.

    `model` is in evaluation mode, on the device of `example`; the example's batch is larger than 1.

    Raises:
        ExportError: what ONNX needs is not installed, a layer has no counterpart in it, or one fixes the batch size.
    """
    require_packages()
    import torch

    batch = torch.export.Dim("batch")
    try:
        with _quiet():
            program = torch.onnx.export(
                model,
                example,
                dynamo=True,
                verbose=False,
                input_names=list(inputs),
                output_names=list(outputs),
                dynamic_shapes=tuple({0: batch} for _ in example),
            )
        assert program is not None
        return _without_traces(program.model_proto)
    except Exception as error:  # the exporter raises whatever its passes and the protobuf library raise
        raise ExportError(msg("This network cannot be written as ONNX: {error}", error=first_line(error))) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what the exporter says about packages that are not needed, such as torchvision."""
    logger = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _without_traces(proto) -> bytes:
    """The bytes without the exporter's stack traces: they name folders of this computer."""
    for node in proto.graph.node:
        kept = [entry for entry in node.metadata_props if not entry.key.endswith("stack_trace")]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
    return proto.SerializeToString(deterministic=True)


def first_line(error: BaseException) -> str:
    """What the innermost error says: the outer ones talk to the exporter's authors."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__

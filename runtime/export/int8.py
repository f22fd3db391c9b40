"""Weight-only quantization: each weight as 8-bit whole numbers with a scale for each row, by torchao, in a `.pt2` file.

A weight w becomes q = round(w / s), s = max|w| / 127.5 of its row (symmetric, Jacob et al. 2018, "Quantization and Training
of Neural Networks for Efficient Integer-Arithmetic-Only Inference", eq. 1 with Z = 0). The program computes q · s before each
use, so what it computes with are ordinary numbers, and torch alone loads it.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from graph.messages import ExportError, msg
from runtime.export.program import EXAMPLE, Program, dynamic_shapes, to_program, trace
from runtime.export.verify import input_specs, random_batches, still_copy

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.fx import GraphModule

    from runtime.predict import Trained

PACKAGE = "torchao"


class Quantized(NamedTuple):
    """The program, the one `before` its weights were rounded, and `rounded`: the network here with its weights."""

    program: Program
    before: Program
    rounded: nn.Module


class Rounded(NamedTuple):
    """A weight: int8 numbers, and the scale of each row, of shape (rows, 1, …)."""

    numbers: Tensor
    scale: Tensor

    @property
    def weight(self) -> Tensor:
        """The numbers that it stands for."""
        return self.numbers.to(self.scale.dtype) * self.scale


def to_int8(trained: Trained) -> Quantized:
    """The network with every weight of two or more dimensions rounded; biases, norms and buffers stay as they are.

    Raises:
        ExportError: torchao is not installed, there is no such weight, or `torch.export` cannot write the network.
    """
    import torch

    require_package()
    before = to_program(trained)
    found = _round(trained.model)
    if not found:
        raise ExportError(
            msg("This network has no weights of two or more dimensions to round to 8 bits. Export it as it is (pt2).")
        )
    module = before.exported.module(check_guards=False)
    _replace_weights(module, found)  # pyright: ignore[reportArgumentType]  # it is a GraphModule
    specs = input_specs(trained.compiled)
    is_open = ["length" in shape[1:2] for shape in before.shapes.values()]
    exported = trace(module, random_batches(specs)[EXAMPLE], dynamic_shapes(is_open))
    rounded = still_copy(trained.model)
    with torch.no_grad():
        for name, parameter in rounded.named_parameters():
            if name in found:
                parameter.copy_(found[name].weight)
    return Quantized(before._replace(exported=exported), before, rounded)


def require_package() -> None:
    """Check that torchao is installed.

    Raises:
        ExportError: it is not; the message says how to install it.
    """
    if importlib.util.find_spec(PACKAGE) is None:
        raise ExportError(
            msg(
                "Rounding weights to 8 bits needs a package that is not installed: {missing}. Install it with: {command}",
                missing=PACKAGE,
                command=f"python -m pip install {PACKAGE}",
            )
        )


def _round(model: nn.Module) -> dict[str, Rounded]:
    """The weights that become smaller, by every name that they have."""
    return {
        name: _rounded(parameter.detach().cpu())
        for name, parameter in model.named_parameters(remove_duplicate=False)
        if parameter.is_floating_point() and parameter.dim() >= 2 and parameter.numel() >= 2 * len(parameter)
    }


def _rounded(weight: Tensor) -> Rounded:
    import torch

    primitives = _torchao()
    rows: Any = (1, *weight.shape[1:])
    scale, zero = primitives.choose_qparams_affine(
        weight, primitives.MappingType.SYMMETRIC, rows, torch.int8, scale_dtype=weight.dtype
    )
    numbers = primitives.quantize_affine(weight, rows, scale, zero, torch.int8)
    return Rounded(numbers, scale.reshape(-1, *[1] * (weight.dim() - 1)))


def _torchao():
    """The library; it says on import which of its GPU kernels do not fit this computer, which rounding does not need."""
    loggers = [logging.getLogger(name) for name in ("torchao", "torch.utils._pytree")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        import torchao.quantization
    except Exception as error:  # a build for another PyTorch fails in many ways
        raise ExportError(
            msg("torchao cannot be loaded: {error}. Install the version that fits PyTorch: {command}",
                error=str(error).strip().split("\n")[0] or type(error).__name__,
                command=f"python -m pip install -U {PACKAGE}")
        ) from error  # fmt: skip
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
    return torchao.quantization


def _replace_weights(module: GraphModule, found: Mapping[str, Rounded]) -> None:
    """Where the graph takes a weight, let it take whole numbers times their scale."""
    import torch

    aten, gone = torch.ops.aten, {}
    for node in list(module.graph.nodes):
        target = str(node.target)
        rounded = found.get(target.removeprefix("network."), found.get(target)) if node.op == "get_attr" else None
        if rounded is None:
            continue
        owner, _, name = target.rpartition(".")
        holder, prefix = module.get_submodule(owner), f"{owner}." if owner else ""
        holder.register_buffer(f"{name}_int8", rounded.numbers)
        holder.register_buffer(f"{name}_scale", rounded.scale)
        with module.graph.inserting_before(node):
            numbers, scale = (module.graph.get_attr(f"{prefix}{name}_{part}") for part in ("int8", "scale"))
            floats = module.graph.call_function(aten.to.dtype, (numbers, rounded.scale.dtype))
            node.replace_all_uses_with(module.graph.call_function(aten.mul.Tensor, (floats, scale)))
        module.graph.erase_node(node)
        gone[target] = holder, name
    for holder, name in gone.values():
        delattr(holder, name)
    module.recompile()

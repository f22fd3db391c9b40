"""What surrounds an operation that no drawing has: modes of torch, modes of layers, kinds of tensors. Each is refused with a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd

from graph.messages import msg
from runtime.importer.recording import Place, Refusal


def check_modes(operation: str, place: Place | None) -> None:
    """Refuse what runs in a mode of torch that changes what operations give.

    Raises:
        Refusal: it does.
    """
    if torch.is_inference_mode_enabled():
        reason = msg(
            "it runs in torch.inference_mode, in which nobody can see what changes. Use torch.no_grad instead."
        )
        raise Refusal(operation, place, reason)
    if torch.is_autocast_enabled("cpu"):
        reason = msg(
            "it runs in torch.autocast. A plan says with which precision a drawing computes: take autocast out of the module."
        )
        raise Refusal(operation, place, reason)


def check_layer(layer: nn.Module, place: Place | None, *, training: bool) -> None:
    """Refuse a layer that is kept in another mode than the module, where that makes a difference.

    Raises:
        Refusal: it is.
    """
    for part in layer.modules():
        if part.training != training and _follows_mode(part):
            reason = msg("it is kept in {kept} while the module is in {mode}. The layers of a drawing change together.",
                         kept="train()" if part.training else "eval()", mode="train()" if training else "eval()")  # fmt: skip
            raise Refusal(type(layer).__name__, place, reason)


def check_part(module: nn.Module, place: Place | None) -> None:
    """Refuse a module whose weights are normalized by what it counts while it trains.

    Raises:
        Refusal: they are.
    """
    hooks = [type(hook).__name__ for hook in module._forward_pre_hooks.values()]
    if "SpectralNorm" in hooks or type(module).__name__ == "_SpectralNorm":
        reason = msg("it counts vectors of its own while it trains, which a drawing does not do. Take it off before the import, with "
                     "torch.nn.utils.parametrize.remove_parametrizations(layer, 'weight') or "
                     "torch.nn.utils.remove_spectral_norm(layer).")  # fmt: skip
        raise Refusal("spectral_norm", place, reason)


def _follows_mode(part: nn.Module) -> bool:
    if isinstance(part, _NormBase):
        return part.track_running_stats
    if isinstance(part, _DropoutNd):
        return part.p > 0
    share = getattr(part, "dropout", 0)
    return isinstance(part, nn.RReLU) or (isinstance(part, (nn.RNNBase, nn.MultiheadAttention)) and share > 0)


def check_kind(tensor: Tensor, operation: str, place: Place | None) -> None:
    """Refuse tensors whose numbers do not lie in plain memory.

    Raises:
        Refusal: one is sparse, quantized, or a stand-in of torch.func.
    """
    if not is_plain(tensor):
        reason = msg(
            "it works with a tensor that is sparse, quantized or of torch.func. A drawing has plain tensors only."
        )
        raise Refusal(operation, place, reason)


def is_plain(tensor: Tensor) -> bool:
    """Whether the numbers of a tensor lie in memory of its own."""
    if tensor.layout != torch.strided or tensor.is_quantized:
        return False
    try:
        tensor.untyped_storage()
    except (NotImplementedError, RuntimeError):
        return False
    return True


def check_kept(module: nn.Module, name: str, value: Any, path: str, place: Place | None) -> None:
    """Refuse that a parameter or a buffer of a module is replaced by other numbers while it computes.

    Raises:
        Refusal: it is.
    """
    known = module._buffers.get(name)
    known = module._parameters.get(name) if known is None else known
    if known is None or known is value:
        return
    if isinstance(value, Tensor) and _is_same_memory(value, known):
        return  # `self.table = self.table.to(device)`
    full = f"{path}.{name}" if path else name
    reason = msg(
        "it changes '{name}', which belongs to the module, while it computes. A drawing keeps what it holds.", name=full
    )
    raise Refusal(f"{name} = ...", place, reason)


def _is_same_memory(a: Tensor, b: Tensor) -> bool:
    if not (is_plain(a) and is_plain(b)) or a.shape != b.shape or a.dtype != b.dtype:
        return False
    return a.untyped_storage()._cdata == b.untyped_storage()._cdata


@contextmanager
def unchecked_distributions() -> Iterator[None]:
    """`torch.distributions` does not look at numbers meanwhile: those checks decide nothing."""
    from torch.distributions import Distribution

    before = Distribution._validate_args
    Distribution.set_default_validate_args(False)
    try:
        yield
    finally:
        Distribution.set_default_validate_args(before)

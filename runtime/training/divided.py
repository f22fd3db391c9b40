"""A tensor that is divided among processes (a `DTensor`), from the side of one of them; any other tensor is what it is."""

from __future__ import annotations

from typing import Any

from torch import Tensor


def is_divided(tensor: Tensor) -> bool:
    """Whether this process holds a part of a tensor alone."""
    return hasattr(tensor, "full_tensor")


def own(tensor: Any) -> Tensor:
    """What this process holds of it, in the same memory."""
    return tensor.detach().to_local() if is_divided(tensor) else tensor


def whole(tensor: Any) -> Tensor:
    """All of it. All processes do this at the same time."""
    return tensor.detach().full_tensor() if is_divided(tensor) else tensor

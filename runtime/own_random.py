"""Random numbers of one's own: a network that is asked takes none from a run that trains in another thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import torch
from torch import Generator
from torch.utils._python_dispatch import TorchDispatchMode

_LIKE = {"aten::rand_like": torch.ops.aten.rand.generator, "aten::randn_like": torch.ops.aten.randn.generator}


class OwnRandom(TorchDispatchMode):
    """While it is entered, what this thread draws on the CPU comes from a generator with this seed.

    The numbers are those after `torch.manual_seed(seed)`. Other threads, and the numbers that PyTorch would draw next, are not
    touched.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._generator = Generator().manual_seed(seed)

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: tuple = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        values = dict(kwargs or {})
        if torch.Tag.nondeterministic_seeded not in func.tags or not _is_on_cpu(args, values):
            return func(*args, **values)
        if func.name() in _LIKE:
            values.pop("memory_format", None)
            values = {"dtype": args[0].dtype, "device": args[0].device, **values, "generator": self._generator}
            return _LIKE[func.name()](args[0].shape, **values)
        if (seeded := _with_generator(func)) is not None and values.get("generator") is None:
            return seeded(*args, **{**values, "generator": self._generator})
        return func(*args, **values)


@cache
def _with_generator(func: Any) -> Any:
    """The overload of an operation that takes a generator: itself, or the one of that name; None where there is none."""
    if any(argument.name == "generator" for argument in func._schema.arguments):
        return func
    names = [name for name in func.overloadpacket.overloads() if "generator" in name.split("_")]
    own = func._schema.overload_name
    wanted = "generator" if own == "default" or not own else f"{own}_generator"
    return getattr(func.overloadpacket, wanted) if wanted in names else None


def _is_on_cpu(args: tuple, values: Mapping[str, Any]) -> bool:
    device = values.get("device") or next((a.device for a in args if isinstance(a, torch.Tensor)), torch.device("cpu"))
    return torch.device(device).type == "cpu"

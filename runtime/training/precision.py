"""How steps are computed: in which numbers, in which layout, compiled or not, with operations that always give the same bits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor, nn

from graph.messages import Message, RunError, msg
from graph.plan import FLOAT16, FLOAT32, Plan
from runtime.devices import Device

_DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}
_IMAGE = 4  # dimensions
_WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"  # with a setting of it, cuBLAS gives the same bits each time


class Precision:
    """The numbers that a plan asks for on a device. `computing()` surrounds forward passes.

    Raises:
        RunError: the device cannot compute in them.
    """

    def __init__(self, plan: Plan, device: Device) -> None:
        self._kind, self._device = plan.precision, torch.device(device.id).type
        if self._kind == "bfloat16" and self._device == "cuda" and not torch.cuda.is_bf16_supported():
            raise RunError(
                msg(
                    "{device} cannot compute in bfloat16. Choose float16 or float32 under Precision.",
                    device=device.name,
                )
            )
        self.channels_last = plan.channels_last

    @property
    def is_mixed(self) -> bool:
        """Whether layers compute in other numbers than their weights."""
        return self._kind != FLOAT32

    @property
    def is_scaled(self) -> bool:
        """Whether gradients are computed of a loss that is made larger, and steps left out where they overflow."""
        return self._kind == FLOAT16

    def new_scaler(self) -> torch.amp.GradScaler | None:
        """What keeps small gradients of an objective from becoming 0; None for numbers that do not need it."""
        return torch.amp.GradScaler(self._device) if self.is_scaled else None

    def computing(self) -> AbstractContextManager:
        """Let layers inside compute in the numbers that were chosen."""
        if not self.is_mixed:
            return nullcontext()
        return torch.autocast(self._device, _DTYPES[self._kind])

    def arrange(self, batch: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The batch with images in the layout that was chosen."""
        if not self.channels_last:
            return batch
        return tuple(t.contiguous(memory_format=torch.channels_last) if t.dim() == _IMAGE else t for t in batch)

    def arrange_model(self, model: nn.Module) -> nn.Module:
        """The model with its images' weights in that layout."""
        return model.to(memory_format=torch.channels_last) if self.channels_last else model  # type: ignore[call-overload]


def compiled(module: nn.Module, note: Callable[[Message], object]) -> Callable:
    """`torch.compile` of a module; where the compiler fails, the module itself from then on, after a note."""
    return _Compiled(module, note)


def not_compiled(reason: object) -> Message:
    """What is said where the compiler is not used."""
    return msg("torch.compile could not be used here ({reason}). Training goes on without it.", reason=reason)


class _Compiled:
    def __init__(self, module: nn.Module, note: Callable[[Message], object]) -> None:
        self._plain, self._note = module, note
        self._call: Callable = torch.compile(module)

    def __call__(self, *inputs: Tensor):
        if self._call is self._plain:
            return self._plain(*inputs)
        try:
            return self._call(*inputs)
        except Exception as error:
            self._call = self._plain
            result = self._plain(*inputs)  # an error of the network itself comes again
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            self._note(not_compiled(reason[:200]))
            return result


@contextmanager
def deterministic(wanted: bool) -> Iterator[None]:
    """Use only operations inside that give the same bits each time; an operation without such a form raises."""
    if not wanted:
        yield
        return
    workspace = os.environ.get(_WORKSPACE)
    os.environ[_WORKSPACE] = workspace or ":4096:8"
    before = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
    torch.use_deterministic_algorithms(True)  # cuDNN's too
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        torch.backends.cudnn.benchmark = before[1]
        if workspace is None:
            del os.environ[_WORKSPACE]

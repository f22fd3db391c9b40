"""Where a run computes: which devices this machine has, which one a wish means, how many threads a step deserves."""

from __future__ import annotations

import os
from dataclasses import dataclass

from graph.messages import RunError, msg, tr

SMALL_STEP = 5_000_000  # multiply-accumulates of a forward pass over one batch, below which threads only cost
_sharers = 1  # processes like this one that share the cores


@dataclass(frozen=True, slots=True)
class Device:
    """A device by PyTorch's name ("cpu", "cuda:0", "mps") and by the name that people know it by."""

    id: str
    name: str

    @property
    def type(self) -> str:
        """The kind of device: "cpu", "cuda" or "mps"."""
        return self.id.partition(":")[0]


def available() -> list[Device]:
    """The devices of this machine, the fastest kind first; the CPU is always there."""
    import torch

    devices = [Device(f"cuda:{i}", torch.cuda.get_device_name(i)) for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        devices.append(Device("mps", tr("Apple GPU")))
    return [*devices, Device("cpu", tr("CPU ({cores} cores)", cores=num_cores()))]


def choose(wish: str = "auto") -> Device:
    """The device that a wish means: "auto" takes the first of `available()`, "cuda" the first of its kind.

    Raises:
        RunError: there is no such device; the message lists those that are there.
    """
    found = available()
    for device in found:
        if wish in ("auto", device.id, device.type):
            return device
    raise RunError(
        msg(
            "This computer has no device '{wish}' that PyTorch can use. There is: {devices}. "
            "Choose one of them, or 'auto'.",
            wish=wish,
            devices=", ".join(f"{device.id} ({device.name})" for device in found),
        )
    )


def num_cores() -> int:
    """The processor cores that this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // _sharers)


def share_cores(among: int) -> None:
    """From now on this process is one of so many that share the cores."""
    global _sharers
    _sharers = among


def num_threads(device: Device, macs: int) -> int:
    """How many threads of PyTorch a step deserves.

    Args:
        macs: multiply-accumulates of the forward pass over one batch. A step below `SMALL_STEP` takes about a
            millisecond or less on one core; there, waking more threads costs more than they bring.
    """
    return 1 if device.type != "cpu" or macs < SMALL_STEP else max(1, num_cores() - 1)

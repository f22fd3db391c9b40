"""Several processes that train one run together, and how they speak: process 0 decides, the others do what they hear.

Each takes its part of every batch, gives its part of the loss (the whole loss is their sum), and its gradients are added up
before a step. So weights, optimizers and schedules stay the same in all of them, to the bit.
"""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch._C._distributed_c10d import FileStore, Store
from torch.distributed.rendezvous import rendezvous
from torch.utils._pytree import tree_map_only

from graph.messages import Message, RunError, msg
from runtime import devices
from runtime.devices import Device
from runtime.distributed import FOLDER, ended_path, num_here, number_here

FOR_EVER = timedelta(days=3650)  # process 0 may be paused, or make a picture
PATIENCE = timedelta(minutes=10)  # for the others in the middle of a step
LAST_WORDS = 3.0  # seconds that a process which ended gets to be told of
QUICK = ("next_training_step", "next_look")  # what is said once a batch
_TROUBLE = "trouble"
_LOST = (
    "gloo",
    "nccl",
    "connection",
    "broken pipe",
    "timed out",
    "timeout",
    "distbackenderror",
    "process group",
    "socket",
)


@dataclass(frozen=True, slots=True)
class Share:
    """What this process takes of a batch: `count` samples of `total`. With 0 it computes with a sample that does not count, so that
    layers which speak with the other processes do so in all of them."""

    count: int
    total: int

    @property
    def part(self) -> float:
        """The part of a mean over the batch."""
        return self.count / self.total


class World:
    """The processes of a run, from the side of one. `share` is set while a step is made together; without it nothing is shared."""

    def __init__(self, store: Store, rank: int, size: int) -> None:
        """All processes do this at the same time."""
        self.rank, self.size = rank, size
        self.store = store
        self.share: Share | None = None
        dist.init_process_group("gloo", store=store, rank=rank, world_size=size, timeout=PATIENCE)
        self._commands: Any = dist.new_group(backend="gloo", timeout=FOR_EVER)
        self._of_gpus: Any = None
        self.start_up = 0.0  # seconds until all processes had begun, which a run of one does not need
        self.shards = False  # whether each process holds a part of the weights alone (`runtime.training.sharded`)

    @property
    def leads(self) -> bool:
        """Whether this process decides."""
        return self.rank == 0

    def place(self, wish: str) -> Device:
        """The device of this process: a GPU of its own where there are enough, else the CPU.

        Raises:
            RunError: a kind of device is wished that there is not one of for each process.
        """
        kind, found = wish.partition(":")[0], torch.cuda.device_count()
        if kind in ("auto", "cuda") and found >= num_here():
            return devices.choose(f"cuda:{number_here()}")
        if kind not in ("auto", "cpu"):
            raise RunError(
                msg(
                    "{count} processes need a device '{wish}' each, and there are {found} on this computer. Choose the CPU, or "
                    "fewer processes.",
                    count=num_here(), wish=kind, found=found,
                )
            )  # fmt: skip
        return devices.choose("cpu")

    def use(self, device: Device) -> None:
        """Compute on this device from now on. All processes do this at the same time."""
        if device.type == "cuda":
            torch.cuda.set_device(device.id)
            self._of_gpus = self._of_gpus or dist.new_group(backend="nccl", timeout=PATIENCE)

    def group_of(self, device: Device) -> Any:
        """The processes as PyTorch knows them where they compute on such devices."""
        return self._of_gpus if device.type == "cuda" else dist.group.WORLD

    # ---- numbers

    def add_up(self, tensor: Tensor) -> Tensor:
        """The sum over all processes, in place; the same bits in each of them."""
        dist.all_reduce(tensor, group=self._of_gpus if tensor.is_cuda else None)
        return tensor

    def total(self, tensor: Tensor) -> Tensor:
        """The sum over all processes, through which gradients flow (of gradients too)."""
        return _Total.apply(tensor, self)

    def add_gradients_up(self, gradients: Sequence[Tensor]) -> None:
        """Let gradients be the sums over all processes; outside of a shared step they stay as they are."""
        if self.share is None or not gradients:
            return
        if len(gradients) == 1:
            self.add_up(gradients[0])
            return
        for dtype in dict.fromkeys(gradient.dtype for gradient in gradients):
            alike = [gradient for gradient in gradients if gradient.dtype == dtype]
            sums = self.add_up(torch.cat([gradient.reshape(-1) for gradient in alike]))
            for gradient, total in zip(alike, sums.split([g.numel() for g in alike]), strict=True):
                gradient.copy_(total.view(gradient.shape))

    def spread(self, tensors: Iterable[Tensor]) -> None:
        """Give these tensors the values that they have in process 0."""
        for tensor in tensors:
            held = tensor.detach()
            plain = held if held.is_contiguous() else held.contiguous()
            dist.broadcast(plain, 0, group=self._of_gpus if held.is_cuda else None)
            if plain is not held:
                held.copy_(plain)

    def gather(self, value: Any) -> list[Any]:
        """The values of all processes, in their order."""
        found: list[Any] = [None] * self.size
        dist.all_gather_object(found, tree_map_only(Tensor, Tensor.cpu, value))
        return found

    # ---- words

    def tell(self, name: str, *values: Any) -> None:
        """Process 0 says what to do next."""
        packed = b"" if name in QUICK else pickle.dumps((name, values), pickle.HIGHEST_PROTOCOL)
        head = torch.tensor([QUICK.index(name) if name in QUICK else -1, len(packed)])
        dist.broadcast(head, 0, group=self._commands)
        if packed:
            dist.broadcast(torch.frombuffer(bytearray(packed), dtype=torch.uint8), 0, group=self._commands)

    def hear(self) -> tuple[str, tuple[Any, ...]]:
        """Wait for what process 0 says."""
        head = torch.zeros(2, dtype=torch.int64)
        dist.broadcast(head, 0, group=self._commands)
        code, length = head.tolist()
        if code >= 0:
            return QUICK[code], ()
        packed = torch.empty(length, dtype=torch.uint8)
        dist.broadcast(packed, 0, group=self._commands)
        return pickle.loads(packed.numpy().tobytes())

    # ---- ends

    def complain(self, message: Message) -> None:
        """Leave the reason why this process ends."""
        self.store.set(_TROUBLE, pickle.dumps((self.rank, message)).hex())

    def explain(self, error: Exception, *, has_checkpoint: bool) -> RunError | None:
        """The sentence for an error that another process caused by ending; None for any other error."""
        if not is_lost(error):
            return None
        found = self._last_words()
        if found is None:
            reason = msg("Another process of the run ended or does not answer any more.")
        else:
            reason = msg("Process {rank} of {size} ended: {how}", rank=found[0], size=self.size, how=found[1])
        if has_checkpoint:
            return RunError(
                msg("{reason} The others cannot go on without it. Go on from the last checkpoint, with as many processes as you like: "
                    "'Continue this run' in Runs; on the command line, --resume.", reason=reason)
            )  # fmt: skip
        return RunError(msg("{reason} There is no checkpoint yet: train again.", reason=reason))

    def _last_words(self) -> tuple[int, Message] | None:
        until = time.monotonic() + LAST_WORDS
        while time.monotonic() < until:
            with suppress(RuntimeError):
                if self.store.check([_TROUBLE]):
                    return pickle.loads(bytes.fromhex(self.store.get(_TROUBLE).decode()))
            for rank in range(1, self.size):
                if (how := _told_of(rank)) is not None:
                    return rank, msg("it was ended from outside ({how}).", how=how)
            time.sleep(0.05)
        return None

    def close(self) -> None:
        """Process 0 is done; those that can still hear are so too."""
        with suppress(RuntimeError):
            if self.leads:
                self.tell("end")
        with suppress(RuntimeError):
            dist.destroy_process_group()


class _Total(torch.autograd.Function):
    """The gradient of a sum over processes is the sum of their gradients."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor, world: World) -> Tensor:
        ctx.world = world
        return world.add_up(tensor.contiguous().clone())

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return _Total.apply(gradients[0], ctx.world), None


def is_lost(error: Exception) -> bool:
    """Whether this is how the end of another process shows itself."""
    text = f"{type(error).__name__} {error}".lower()
    return isinstance(error, RuntimeError) and any(word in text for word in _LOST)


def join_world() -> World:
    """The world of this process, by its environment: `RANK`, `WORLD_SIZE` and a folder of ours, or what torchrun sets."""
    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    folder = os.environ.get(FOLDER)
    if folder:
        return World(FileStore(str(Path(folder) / "store"), size), rank, size)
    store, rank, size = next(rendezvous("env://", rank, size))
    return World(store, rank, size)


def _told_of(rank: int) -> str | None:
    """How a process ended, where who began it has noted that."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return None
    with suppress(OSError):
        return ended_path(Path(folder), rank).read_text() or None
    return None

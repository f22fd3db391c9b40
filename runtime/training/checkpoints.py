"""Checkpoints of a run: written whole or not at all, often enough, and never so often that training feels it."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from graph.atomic import explain, write_atomically
from graph.messages import FileError, RunError, msg
from runtime.runs import BEST, LAST

MIN_SECONDS = (
    2.0  # between two checkpoints at the ends of epochs; what a crash can lose at most, beside the epoch under way
)
LONG_SECONDS = 60.0  # after which one is written in the middle of an epoch too
MAX_SHARE = 0.05  # of the time that writing checkpoints may take

State = dict[str, Any]
Weights = dict[str, Tensor]


class Checkpoints:
    """The folder `checkpoints` of a run.

    `last.state.pt` is complete by itself (weights, optimizers, random numbers, position), so that replacing this one file
    moves the run from one point that it can go on from to the next. `last.safetensors` and `best.safetensors` hold the
    weights alone, for people and exports.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._unwritten_best: Weights | None = None
        self._written = time.monotonic() - MIN_SECONDS  # the first one comes with the first epoch
        self._cost = 0.0

    @property
    def are_none(self) -> bool:
        """Whether no point to go on from was ever written."""
        return not state_path(self.folder).exists() and not previous_path(self.folder).exists()

    def is_due(self, *, at_epoch_end: bool) -> bool:
        """Whether enough time has passed since the last checkpoint."""
        pause = max(MIN_SECONDS if at_epoch_end else LONG_SECONDS, self._cost / MAX_SHARE)
        return time.monotonic() - self._written >= pause

    def keep_best(self, weights: Weights) -> None:
        """Remember these weights as the best; the next `write` writes them."""
        self._unwritten_best = weights

    def write(self, weights: Weights, state: State) -> None:
        """Write the best weights if they are new, then the point to go on from, which knows of them.

        Args:
            weights: those for people and exports.
            state: everything that is needed to go on, with weights of its own.

        Raises:
            FileError: the disk is full, or the folder is gone; the point to go on from is the one before.
        """
        started = time.monotonic()
        self.write_best()
        _make_folder(self.folder)
        buffer = io.BytesIO()
        torch.save(state, buffer)
        write_atomically(weights_path(self.folder, LAST), save(weights, {"format": "pt"}))
        self._keep_previous()
        write_atomically(state_path(self.folder), buffer.getvalue())
        self._written = time.monotonic()
        self._cost = self._written - started

    def forget_best(self) -> None:
        """The best weights are those of another drawing: there are none of this one yet."""
        self._unwritten_best = None
        with suppress(OSError):
            weights_path(self.folder, BEST).unlink(missing_ok=True)

    def write_best(self) -> None:
        """Write the best weights if they are new.

        Raises:
            FileError: as `write`.
        """
        if self._unwritten_best is not None:
            _make_folder(self.folder)
            write_atomically(weights_path(self.folder, BEST), save(self._unwritten_best, {"format": "pt"}))
            self._unwritten_best = None

    def read(self) -> State:
        """The point to go on from; the one before it where that is damaged.

        Raises:
            RunError: there is none, or both are damaged.
        """
        try:
            return _read_state(state_path(self.folder))
        except RunError:
            if not (before := previous_path(self.folder)).is_file():
                raise
            return _read_state(before)

    def _keep_previous(self) -> None:
        """The point to go on from becomes the one before."""
        path, before = state_path(self.folder), previous_path(self.folder)
        with suppress(OSError):  # then there is only the newest
            if path.is_file():
                before.unlink(missing_ok=True)
                os.link(path, before)  # the newest is there at every moment

    def best(self) -> Weights | None:
        """The best weights; None where there are none.

        Raises:
            RunError: the file is damaged.
        """
        path = weights_path(self.folder, BEST)
        if self._unwritten_best is not None:
            return self._unwritten_best
        return read_weights(path) if path.is_file() else None


def weights_path(folder: Path, name: str) -> Path:
    """Where the weights of the `last` or `best` checkpoint are."""
    return folder / f"{name}.safetensors"


def state_path(folder: Path) -> Path:
    """Where the point to go on from is."""
    return folder / f"{LAST}.state.pt"


def previous_path(folder: Path) -> Path:
    """Where the point before that is."""
    return folder / "previous.state.pt"


def weights_of(model: nn.Module) -> Weights:
    """A copy of the parameters and buffers on the CPU, each with memory of its own."""
    return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in model.state_dict().items()}


def read_weights(path: Path) -> Weights:
    """The tensors of a safetensors file by name.

    Raises:
        RunError: the file is missing or damaged.
    """

    def read() -> Weights:
        with safe_open(path, framework="pt", device="cpu") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)

    return _reading(path, read)


def _read_state(path: Path) -> State:
    return _reading(path, lambda: torch.load(path, map_location="cpu", weights_only=True))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        text = msg("The folder '{folder}' cannot be made: {reason}", folder=folder, reason=explain(error))
        raise FileError(text) from error


def _reading(path: Path, read: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    try:
        return dict(read())
    except FileNotFoundError as error:
        raise RunError(
            msg("There is no checkpoint '{file}'. The run ended before its first one; train again.", file=path)
        ) from error
    except (OSError, RuntimeError, SafetensorError, UnpicklingError, EOFError, ValueError, KeyError) as error:
        raise RunError(
            msg(
                "The checkpoint '{file}' is damaged or no checkpoint ({reason}). Train again, or go on with another run.",
                file=path,
                reason=type(error).__name__,
            )
        ) from error

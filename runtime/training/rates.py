"""The learning rate of an objective: its schedule, the warm-up before it, and what a person sets by hand."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau

from runtime.training.optimizers import Schedule

_SCALED_IN_GROUPS = ("lr", "initial_lr", "max_lr", "min_lr", "base_lr")  # what schedules keep of it there
_SCALED_LISTS = ("base_lrs", "max_lrs", "_last_lr")


class Rates:
    """Advances a schedule, and multiplies what it gives by t / `warmup` at step t = 1, 2, ... of the first `warmup` steps.

    By hand, around each step of the optimizer:

        scheduled = group["lr"]
        group["lr"] = scheduled * min(1, t / warmup)
        optimizer.step()
        group["lr"] = scheduled
    """

    def __init__(self, optimizer: torch.optim.Optimizer, schedule: Schedule | None, warmup: int) -> None:
        self._optimizer = optimizer
        self._schedule, self._warmup = schedule, warmup
        self._steps = 0

    @property
    def current(self) -> float:
        """The learning rate of the next step."""
        return self.scheduled * self._share

    @property
    def scheduled(self) -> float:
        """What the schedule gives, warm-up left out."""
        return float(self._groups[0]["lr"])

    @contextmanager
    def step(self) -> Iterator[None]:
        """Let the optimizer take a step inside."""
        if self._steps >= self._warmup:
            yield
        else:
            scheduled, share = [group["lr"] for group in self._groups], self._share
            for group in self._groups:
                group["lr"] = group["lr"] * share
            try:
                yield
            finally:
                for group, rate in zip(self._groups, scheduled, strict=True):
                    group["lr"] = rate
        self._steps += 1

    @property
    def is_warm(self) -> bool:
        """Whether the warm-up is over, so that `step` may be left out."""
        return self._steps >= self._warmup

    def advance(self, figure: float | None = None) -> None:
        """Move the schedule on by one; `figure` is the one that is watched, for schedules that look at it."""
        if isinstance(self._schedule, ReduceLROnPlateau):
            if figure is not None:
                self._schedule.step(figure)
        else:
            self.catch_up(1)

    def catch_up(self, count: int) -> None:
        """Move a schedule that looks at no figure on so many times. One that is over stays at its end."""
        for _ in self._moves(count):
            pass

    def _moves(self, count: int) -> Iterator[None]:
        schedule = self._schedule
        if schedule is None or isinstance(schedule, ReduceLROnPlateau):
            return
        with warnings.catch_warnings():
            # A run that goes on between the last step of an epoch and its end makes no step of its own before this.
            warnings.filterwarnings("ignore", "Detected call of `lr_scheduler.step", UserWarning)
            warnings.filterwarnings("ignore", "The epoch parameter in `scheduler.step", UserWarning)
            for _ in range(count):
                if isinstance(schedule, OneCycleLR) and schedule.last_epoch >= schedule.total_steps - 1:
                    return
                schedule.step()
                yield

    def foreseen(self, count: int) -> list[float]:
        """What the schedule gives now and after each of the next `count` moves that it makes. Nothing is changed by looking."""
        groups, state = [dict(group) for group in self._groups], self.state_dict()
        found = [self.scheduled, *(self.scheduled for _ in self._moves(count))]
        for group, before in zip(self._groups, groups, strict=True):
            group.update(before)
        self.load_state_dict(state)
        return found

    @property
    def peak(self) -> float:
        """The rate that the schedule began with, or its highest one where it knows that."""
        first = self._groups[0]
        return float(max(first.get("max_lr", 0.0), first.get("initial_lr", self._optimizer.defaults.get("lr", 0.0))))

    def fix(self, rate: float) -> None:
        """Learn with this rate alone in the next step, whatever schedule and warm-up say."""
        self._warmup, self._schedule = 0, None
        for group in self._groups:
            group["lr"] = rate

    def scale(self, factor: float) -> None:
        """Learn with so many times the rate from the next step on; a schedule goes on from there in proportion."""
        self._scale(self.scheduled, self.scheduled * factor)

    def set(self, rate: float) -> None:
        """Learn with this rate from the next step on; a schedule goes on from there in proportion."""
        self._scale(self.scheduled, rate / self._share)

    def _scale(self, before: float, wanted: float) -> None:
        def scaled(value: float) -> float:
            return wanted * (value / before) if before else wanted  # just what is wanted where it was `before`

        for group in self._groups:
            for key in _SCALED_IN_GROUPS:
                if key in group:
                    group[key] = scaled(group[key])
        for schedule in self._schedules:
            for name in _SCALED_LISTS:
                if isinstance(found := getattr(schedule, name, None), list):
                    setattr(schedule, name, [scaled(value) for value in found])

    def state_dict(self) -> dict[str, Any]:
        """What is needed to go on (the rates themselves are the optimizer's)."""
        first, *parts = [_state_of(schedule) for schedule in self._schedules] or [{}]
        return {"schedule": first, "parts": parts, "steps": self._steps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self._steps = state["steps"]
        states = [state["schedule"], *state.get("parts", ())]  # older checkpoints have no parts
        for schedule, values in zip(self._schedules, states, strict=False):
            schedule.__dict__.update(values)

    @property
    def _schedules(self) -> list[Schedule]:
        """The schedule, and those that it is made of."""
        return [] if self._schedule is None else [self._schedule, *getattr(self._schedule, "_schedulers", ())]

    @property
    def _groups(self) -> list[dict[str, Any]]:
        """They are other ones after an optimizer loaded its state."""
        return self._optimizer.param_groups

    @property
    def _share(self) -> float:
        return min(1.0, (self._steps + 1) / self._warmup) if self._warmup else 1.0


def _state_of(schedule: Schedule) -> dict[str, Any]:
    return {name: value for name, value in vars(schedule).items() if _is_plain(value)}


def _is_plain(value: object) -> bool:
    """Whether a value of a schedule changes as it goes on: the rest is as it was built."""
    if isinstance(value, list):
        return all(isinstance(entry, int | float) for entry in value)
    return value is None or isinstance(value, int | float | str)

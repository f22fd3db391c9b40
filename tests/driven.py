"""Runs in one thread whose wishes come at given steps: the loop yields, the test wishes, the loop goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from graph.model import Project
from runtime.events import Event, Health, Paused, RunStarted, StepsEnded
from runtime.session import Control, Wish
from runtime.training.loop import train

AS_LONG_AS_IT_TAKES = {"seconds"}  # what no two runs have in common
Hand = Callable[[Event, Control], object]


@pytest.fixture
def told_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step is an event of its own."""
    monkeypatch.setattr("runtime.training.record.INTERVAL", 0.0)


def drive(
    project: Project,
    runs: Path,
    wishes: Mapping[int, Iterable[Wish]] | None = None,
    *,
    hand: Hand | None = None,
    until: int | None = None,
    **more: Any,
) -> list[Event]:
    """The events of a run that is paused after the steps that `wishes` names, given these wishes, and let go on.

    Args:
        hand: sees every event before the loop goes on.
        until: the run is left after this step, as by a kill: nobody writes how it ended.
    """
    control, seen, waiting = Control(), [], dict(wishes or {})
    events = train(project, runs=runs, control=control, **more)
    for event in events:
        if isinstance(event, Health):
            continue
        seen.append(event)
        if isinstance(event, StepsEnded) and event.step in waiting:
            control.pause()
        elif isinstance(event, Paused) and event.step in waiting:
            for wish in waiting.pop(event.step):
                control.wish(wish)
            control.resume()
        if hand is not None:
            hand(event, control)
        if isinstance(event, StepsEnded) and event.step == until:
            events.close()
            break
    return seen


def only(kind: type, events: Iterable[Event]):
    """The one event of this kind."""
    (event,) = [event for event in events if isinstance(event, kind)]
    return event


def folder_of(events: Iterable[Event]) -> Path:
    """The folder of a run."""
    return Path(only(RunStarted, events).run)


def state_of(folder: Path) -> dict[str, Any]:
    """The point that a run goes on from."""
    return torch.load(folder / "checkpoints" / "last.state.pt", weights_only=True)


def differences(one: object, other: object, place: str = "") -> list[str]:
    """Where two states are not the same to the bit."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        if one.keys() != other.keys():
            return [f"{place}: {sorted(map(str, one.keys() ^ other.keys()))}"]
        keys = [key for key in one if key not in AS_LONG_AS_IT_TAKES]
        return [found for key in keys for found in differences(one[key], other[key], f"{place}.{key}")]
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return [] if torch.equal(one.nan_to_num(7.5), other.nan_to_num(7.5)) else [place]
    if isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [found for i, pair in pairs for found in differences(*pair, f"{place}.{i}")]
    return [] if one == other else [f"{place}: {one!r}, {other!r}"]

"""The curves of a run that lies on the disk: its figures by step. Importable without torch and without numpy."""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from runtime.events import EpochEnded
from runtime.runs import EVENTS, past_events

TRAIN, VALIDATION = "train", "validation"
_STARTED = b'{"event": "RunStarted"'


@dataclass(frozen=True, slots=True)
class Line:
    """A figure over the steps: `y` of each of `x`, which rise. `is_dense` if it has a value at (nearly) every step."""

    x: array[float] = field(default_factory=lambda: array("d"))
    y: array[float] = field(default_factory=lambda: array("d"))
    is_dense: bool = False


@dataclass(frozen=True, slots=True)
class Curves:
    """All figures of a run: `lines` by part (`TRAIN` or `VALIDATION`) and name. Without a beginning an epoch is one step."""

    lines: Mapping[tuple[str, str], Line]
    steps_per_epoch: int = 1

    @property
    def figures(self) -> list[str]:
        """The names of its figures, in the order of their appearance."""
        return list(dict.fromkeys(name for _, name in self.lines))


def read_curves(path: Path) -> Curves:
    """The curves of the run in a folder; none where nothing is written down yet.

    What a run made twice, as it was killed and went on, counts as it was made last.
    """
    lines: dict[tuple[str, str], Line] = {}
    for event in past_events(path, until=sys.maxsize):
        if isinstance(event, EpochEnded):
            for part, figures in ((TRAIN, event.train), (VALIDATION, event.validation)):
                for name, value in figures.items():
                    line = lines.setdefault((part, name), Line())
                    if not line.is_dense:
                        line.x.append(event.step)
                        line.y.append(value)
        else:
            for name, values in event.series.items():
                line = lines.setdefault((TRAIN, name), Line(is_dense=True))
                line.x.extend(range(event.step - len(values) + 1, event.step + 1))
                line.y.extend(values)
    return Curves(lines, _steps_per_epoch(path / EVENTS))


def _steps_per_epoch(path: Path) -> int:
    """How many steps an epoch has, as the run said when it began last."""
    count = 1
    with suppress(OSError), path.open("rb") as events:
        for line in events:
            if line.startswith(_STARTED):
                with suppress(ValueError, KeyError, TypeError):
                    count = max(1, int(json.loads(line)["steps_per_epoch"]))
    return count

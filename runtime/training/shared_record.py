"""What the processes of a run measured over a pass, as one record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runtime.training.learner import Outcome
from runtime.training.record import Record

if TYPE_CHECKING:
    from runtime.training.shared import SharedFit


class SharedRecord(Record):
    """A record of the samples of all processes."""

    def __init__(self, fit: SharedFit, *, training: bool) -> None:
        world = fit.world if fit.is_joined else None
        super().__init__(fit.compiled, fit.stopwatch, fit.device.id, training=training, world=world)
        self._fit = fit

    def add(self, size: int, outcomes: Sequence[Outcome | None]) -> None:
        """As `Record.add`; the size is that of the share."""
        if not self._fit.is_joined:
            super().add(size, outcomes)
            return
        share = self._fit.own_share
        super().add(share.count, outcomes)
        self.count(share.total - share.count)

    def flush(self) -> dict[str, tuple[float, ...]]:
        """As `Record.flush`."""
        return self._fit.flush()

    def flush_here(self) -> dict[str, tuple[float, ...]]:
        """What each process does for it."""
        return super().flush()

    def figures(self) -> dict[str, float]:
        """As `Record.figures`."""
        return self._fit.figures()

    def figures_here(self) -> dict[str, float]:
        """What each process does for them."""
        return super().figures()

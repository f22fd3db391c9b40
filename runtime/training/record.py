"""What a pass over the data measured: kept on the device step by step, brought over in one transfer when asked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from graph.figures import figure_names, total_names
from graph.model import Node
from runtime.compiler import Compiled, Program
from runtime.training.learner import Outcome
from runtime.training.library_metrics import RECIPES, LibraryMetric
from runtime.training.metrics import SUMS, Metric, Setting, setting_of, wide
from runtime.training.sample_metrics import CROWDS, SampleMetric
from runtime.training.stopwatch import Stopwatch

if TYPE_CHECKING:
    from runtime.training.world import World

INTERVAL = 0.1  # seconds between two flushes
MAX_KEPT_BYTES = 64 * 2**20  # of outputs that wait for their metrics

Series = dict[str, tuple[float, ...]]


class NotFinite(ArithmeticError):
    """A loss is NaN or infinite. `batch` counts from 0 over the pass; `loss` is the name of its node."""

    def __init__(self, batch: int, loss: str, value: float) -> None:
        super().__init__(f"{loss} is {value} in batch {batch}")
        self.batch, self.loss, self.value = batch, loss, value


class Tally:
    """Losses and metrics of one objective over a pass. `add` only keeps references; `flush` does the work.

    `totals` holds sums over the samples so far, on the CPU: the number of samples, for each loss its values times the
    samples, and the contributions to each metric that is made of sums. The others are told for the whole pass only.
    """

    def __init__(
        self, program: Program, settings: Mapping[str, Setting], names: Mapping[str, str], total: str, device: torch.device,
        world: World | None = None,
    ) -> None:  # fmt: skip
        """Start from nothing.

        Args:
            settings: of each metric by the name of its node; one without is not told.
            names: what each loss and metric node is called among the figures.
            total: what the weighted sum of the losses is called.
            world: the processes that each see a part of every batch; the figures are of all of them, and the same in each.
        """
        single = len(program.losses) == 1
        self._nodes = tuple(program.losses) if single else (total, *program.losses)
        sums = {key: SUMS[node.type] for key, node in program.metrics.items() if node.type in SUMS and key in settings}
        self._metrics = [(metric, settings[key]) for key, metric in sums.items()]
        whole = {key: _over_a_pass(node.type) for key, node in program.metrics.items() if key in settings}
        self._library = {key: made(program.metrics[key].type, settings[key]) for key, made in whole.items() if made}
        self._keys = (*sums, *self._library)
        self._names = [total, *(names[loss] for loss in self._nodes[1:]), *(names[key] for key in sums)]
        self._library_names = [names[key] for key in self._library]
        self._device, self._world = device, world
        self._widths: list[int] = []
        self.totals: Tensor | None = None
        self._clear()

    def add(self, step: int, size: int, outcome: Outcome) -> None:
        """Remember what a step gave; `step` counts from 0 over the pass, `size` is the number of samples."""
        self._steps.append(step)
        self._sizes.append(size)
        self._losses.append(outcome.loss.detach())
        if len(self._nodes) > 1:
            self._losses += [loss.detach() for loss in outcome.losses.values()]
        for kept, key in zip(self._seen, self._keys, strict=True):
            output, target = outcome.seen[key]
            kept.append((output.detach(), target))

    def kept_bytes(self) -> int:
        """Memory that the outputs of the last step hold until they are flushed."""
        outputs = (kept[-1][0] for kept in self._seen if kept)
        return sum({output.data_ptr(): output.nbytes for output in outputs}.values())

    def flush(self, steps: range) -> Series:
        """The figures of each of these steps, NaN where the objective did not step.

        Raises:
            NotFinite: a loss is NaN or infinite.
        """
        if not self._steps:
            return dict.fromkeys(self._names, (math.nan,) * len(steps))
        table = self._fetch()
        if self._world is not None:
            self._world.add_up(table)
        self._check(table)
        self._add_up(table)
        for metric, kept in zip(self._library.values(), self._seen[len(self._metrics) :], strict=True):
            self._take_in(metric, kept)
        columns = [self._spread(column, steps) for column in self._columns(table)]
        self._clear()
        return dict(zip(self._names, columns, strict=True))

    def figures(self) -> dict[str, float]:
        """The figures over all samples so far; empty before the first."""
        if self.totals is None:
            return {}
        table = self.totals[None].clone()
        table[:, 1 : 1 + len(self._nodes)] /= table[:, :1]
        figures = {name: column[0] for name, column in zip(self._names, self._columns(table), strict=True)}
        library = zip(self._library_names, self._whole_library(), strict=True)
        return figures | {name: metric.compute() for name, metric in library}

    def state_dict(self) -> dict[str, Any]:
        """What is needed to go on in the middle of a pass."""
        library = [metric.state_dict() for metric in self._whole_library()]
        return {"totals": self.totals, "widths": self._widths, "library": library}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self.totals, self._widths = state["totals"], state["widths"]
        for metric, part in zip(self._library.values(), state["library"], strict=True):
            metric.load_state_dict(part, self._device)

    def _clear(self) -> None:
        self._steps: list[int] = []
        self._sizes: list[int] = []
        self._losses: list[Tensor] = []
        self._seen: list[list[tuple[Tensor, Tensor]]] = [[] for _ in self._keys]

    def _fetch(self) -> Tensor:
        """A row a step, in float64 on the CPU: its samples, its losses, its contributions to each metric."""
        losses = wide(torch.stack(self._losses).view(len(self._steps), -1))
        sizes = torch.tensor(self._sizes)
        sums = [
            self._sum_by_step(metric, setting, kept, sizes)
            for (metric, setting), kept in zip(self._metrics, self._seen, strict=False)  # those of the library follow
        ]
        self._widths = [s.shape[1] for s in sums]
        return torch.cat([sizes.to(losses)[:, None], losses, *sums], 1).to("cpu").double()

    def _sum_by_step(
        self, metric: Metric, setting: Setting, kept: Sequence[tuple[Tensor, Tensor]], sizes: Tensor
    ) -> Tensor:
        rows = metric.contributions(*_joined(kept), setting)
        counts = torch.tensor([len(target) for _, target in kept])  # 1 of size 0: a sample that does not count
        step = torch.repeat_interleave(torch.arange(len(sizes)), counts).to(rows.device)
        sums = rows.new_zeros(len(sizes), rows.shape[1]).index_add_(0, step, rows)
        sums[(sizes == 0).to(rows.device)] = 0
        return sums

    def _take_in(self, metric: LibraryMetric | SampleMetric, kept: Sequence[tuple[Tensor, Tensor]]) -> None:
        if self._world is None:
            metric.update(*_joined(kept))
            return
        for size, (output, target) in zip(self._sizes, kept, strict=True):
            metric.update(output[:size], target[:size])  # batch by batch: the processes take turns where order counts

    def _whole_library(self) -> list[LibraryMetric | SampleMetric]:
        """The metrics over the samples of all processes."""
        metrics = list(self._library.values())
        if self._world is None:
            return metrics
        return [metric.merged(self._world.gather(metric.state_dict())) for metric in metrics]

    def _add_up(self, table: Tensor) -> None:
        """Add rows to the totals one after the other, so that the sums do not depend on when they were fetched."""
        weighted = table.clone()
        weighted[:, 1 : 1 + len(self._nodes)] *= table[:, :1]
        rows = weighted if self.totals is None else torch.cat([self.totals[None], weighted])
        self.totals = rows.cumsum(0)[-1]

    def _columns(self, table: Tensor) -> list[list[float]]:
        """The rows of `_fetch` as a list of values for each figure."""
        losses, *sums = table[:, 1:].split([len(self._nodes), *self._widths], 1)
        figures = [metric.figure(rows, given) for (metric, given), rows in zip(self._metrics, sums, strict=True)]
        return [column.tolist() for column in (*losses.T, *figures)]

    def _spread(self, values: list[float], steps: range) -> tuple[float, ...]:
        if len(values) == len(steps):
            return tuple(values)
        by_step = dict(zip(self._steps, values, strict=True))
        return tuple(by_step.get(step, math.nan) for step in steps)

    def _check(self, table: Tensor) -> None:
        bad = (~table[:, 1 : 1 + len(self._nodes)].isfinite()).nonzero()
        if len(bad):
            row, column = bad[0].tolist()
            loss = self._nodes[column] if column or len(self._nodes) == 1 else self._nodes[1]
            raise NotFinite(self._steps[row], loss, float(table[row, 1 + column]))


class Record:
    """What all objectives measured over a pass, and whether it is time to fetch it.

    Metrics that compare made samples with real ones are told of a pass that is no `training`, once for all objectives.
    """

    def __init__(
        self,
        compiled: Compiled,
        stopwatch: Stopwatch,
        device: torch.device | str = "cpu",
        *,
        training: bool = False,
        world: World | None = None,
    ) -> None:
        project, programs = compiled.project, compiled.programs
        names = figure_names(project)
        nodes = {key: node for program in programs for key, node in program.metrics.items()}
        settings = {key: setting_of(project.graph, node) for key, node in nodes.items()}
        totals = total_names([program.objective for program in programs])
        self.tallies = [
            Tally(p, _told(settings, nodes, p, programs, training=training), names, t, torch.device(device), world)
            for p, t in zip(programs, totals, strict=True)
        ]
        self._stopwatch = stopwatch
        self.begin(0)

    def begin(self, batch: int) -> None:
        """Number the steps that follow from this one on."""
        self.num_steps = 0
        self._num_samples = 0
        self._max_steps = 1
        self._first = batch
        self._since = self._stopwatch.seconds

    def add(self, size: int, outcomes: Sequence[Outcome | None]) -> None:
        """Remember what a step over `size` samples gave; None for an objective that did not step."""
        step = self._first + self.num_steps
        for tally, outcome in zip(self.tallies, outcomes, strict=True):
            if outcome is not None:
                tally.add(step, size, outcome)
        if not self.num_steps:
            self._max_steps = MAX_KEPT_BYTES // max(1, sum(tally.kept_bytes() for tally in self.tallies))
        self.num_steps += 1
        self._num_samples += size

    def count(self, samples: int) -> None:
        """Samples that other processes saw at the same time."""
        self._num_samples += samples

    @property
    def is_due(self) -> bool:
        """Whether somebody should look."""
        return self.num_steps >= self._max_steps or self._stopwatch.seconds - self._since >= INTERVAL

    @property
    def samples_per_second(self) -> float:
        """The speed since the last flush."""
        return self._num_samples / max(self._stopwatch.seconds - self._since, 1e-9)

    def flush(self) -> Series:
        """The figures of each step since the last flush.

        Raises:
            NotFinite: a loss is NaN or infinite.
        """
        series: Series = {}
        for tally in self.tallies:
            series |= tally.flush(range(self._first, self._first + self.num_steps))
        self.begin(self._first + self.num_steps)
        return series

    def figures(self) -> dict[str, float]:
        """The figures over all samples of the pass that were flushed."""
        return {name: value for tally in self.tallies for name, value in tally.figures().items()}

    def state_dict(self) -> list[dict[str, Any]]:
        """What is needed to go on in the middle of a pass."""
        return [tally.state_dict() for tally in self.tallies]

    def load_state_dict(self, state: Sequence[Mapping[str, Any]]) -> None:
        """Go on from what `state_dict` gave."""
        for tally, part in zip(self.tallies, state, strict=True):
            tally.load_state_dict(part)


def _over_a_pass(type_id: str) -> type[LibraryMetric] | type[SampleMetric] | None:
    """What gathers the samples of a metric that is no function of sums."""
    return LibraryMetric if type_id in RECIPES else SampleMetric if type_id in CROWDS else None


def _told(
    settings: Mapping[str, Setting],
    nodes: Mapping[str, Node],
    program: Program,
    programs: Sequence[Program],
    *,
    training: bool,
) -> dict[str, Setting]:
    """The settings of the metrics that a program tells: of those that compare samples only the first that has them."""
    earlier = {key for other in programs[: programs.index(program)] for key in other.metrics}
    return {key: s for key, s in settings.items() if nodes[key].type not in CROWDS or not (training or key in earlier)}


def _joined(kept: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    outputs, targets = zip(*kept, strict=True)
    return torch.cat(outputs), torch.cat(targets)

"""A run in progress: everything that the loop works on, and where in the run it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor, nn

from graph.figures import direction
from graph.messages import Message, RunError, msg
from graph.model import Port
from graph.plan import LAST, WHOLE
from runtime.compiler import Compiled, Program
from runtime.data import Part
from runtime.data.parts import num_batches
from runtime.devices import Device
from runtime.events import Figures, Picture
from runtime.helpers import differentiates
from runtime.training.averaging import Average
from runtime.training.checkpoints import Weights, weights_of
from runtime.training.learner import Batch, Learner, Observer, Outcome, Setting
from runtime.training.measuring import measure
from runtime.training.optimizers import Length
from runtime.training.precision import Precision, not_compiled
from runtime.training.record import Record
from runtime.training.stopwatch import Stopwatch

if TYPE_CHECKING:
    from runtime.training.world import World

PROBE_SAMPLES = 2

Parts = tuple[Part, Part, Part]
T = TypeVar("T")


class Fit:
    """The model, its learners, the data and the position of a run.

    `epoch` counts from 1 and `batch` the batches of it that are done; `step` counts those of the whole run. `ports` says
    what the tensors of a batch are. `best` is the best value of the watched figure: of the validation part, or of the
    training part where there is no other; `waited` counts the epochs since. `notes` holds what a person should know.
    """

    world: World | None = None  # of several processes (`runtime.training.shared`)
    is_divided = False  # whether each of them holds a part of every weight alone (`runtime.training.sharded`)
    bytes_at_a_time = 0  # of weights that come together for a moment, where they are divided
    learner_type: type[Learner] = Learner

    def __init__(self, compiled: Compiled, parts: Parts, device: Device, *, epochs: int) -> None:
        """Build a model with the seed of the plan, and all that trains it.

        Args:
            parts: the data to train, validate and test on.

        Raises:
            RunError: an input of the network has no data, or an objective cannot be trained.
        """
        plan = compiled.project.plan
        self.compiled, self.device, self.epochs, self.plan = compiled, device, epochs, plan
        self.notes: list[Message] = []
        self.train, self.validation, self.test = (part.to(device.id) for part in parts)
        self.batch_size = self.train.count if plan.batch_size == WHOLE else plan.batch_size
        self.precision = Precision(plan, device)
        self.model = self.precision.arrange_model(compiled.build(plan.seed).to(device.id))
        self.ports = _data_ports(compiled, self.train)
        measure(compiled, self.model, self.train)
        self.average = Average(self.model, plan)
        self.learners = self._build_learners()
        self.epoch, self.batch, self.step = 1, 0, 0
        self.best: float | None = None
        self.waited = 0
        self.stopwatch = Stopwatch()
        self.views: list[Callable[[], Picture]] | None = None  # that are looked at (`runtime.training.looking`)
        self._order = torch.Generator().manual_seed(plan.seed)
        self._order_of_epoch = self._order.get_state()
        self._record: Record | None = None

    def from_the_start(self) -> Fit:
        """Another run of the same over the same data, before its first step."""
        return Fit(self.compiled, (self.train, self.validation, self.test), self.device, epochs=self.epochs)

    @property
    def steps_per_epoch(self) -> int:
        """Steps that an epoch takes."""
        return num_batches(self.train, self.batch_size)

    @property
    def share_size(self) -> int:
        """Samples of a batch that are computed here: all of them, but for a run of several processes."""
        return self.batch_size

    @property
    def learning_rate(self) -> float:
        """The learning rate of the first objective."""
        return self.learners[0].learning_rate

    @property
    def rates(self) -> dict[str, float]:
        """The learning rate of each objective by its name."""
        return {learner.objective.name: learner.learning_rate for learner in self.learners}

    def set_rate(self, objective: str, rate: float) -> None:
        """Let an objective learn with this rate from the next step on; its schedule goes on from there.

        Raises:
            RunError: there is no such objective, or the rate is no number from 0 on.
        """
        learner = next((found for found in self.learners if found.objective.name == objective), None)
        if learner is None:
            names = ", ".join(found.objective.name for found in self.learners)
            raise RunError(
                msg("There is no objective '{name}' in this run. Its objectives: {names}.", name=objective, names=names)
            )
        if not (math.isfinite(rate) and rate >= 0):
            raise RunError(msg("A learning rate cannot be {value}. Choose a number from 0 on.", value=rate))
        learner.rates.set(rate)

    @property
    def stops_early(self) -> bool:
        """Whether the watched figure did not get better for as many epochs as the plan waits."""
        return 0 < self.plan.patience <= self.waited

    # ---- passes over the data

    def begin(self, *, training: bool) -> Record:
        """Prepare the model for a pass. A training pass that was left in the middle goes on with its record."""
        for learner in self.learners:
            learner.train(training)
        if not training:
            return self._new_record(training=False)
        if self._record is None:
            self._record = self._new_record(training=True)
        self._record.begin(self.batch)
        return self._record

    def batches(self, part: Part, *, training: bool) -> Iterator[Batch]:
        """The batches of a pass; those of training in a new order each epoch, from the first that is not done."""
        if not training:
            return part.batches(self.batch_size, ports=self.ports)
        self._order.set_state(self._order_of_epoch)
        return self._shuffled(self._order, first=self.batch)

    def train_step(self, batch: Batch, observer: Observer | None = None) -> Sequence[Outcome | None]:
        """Every objective whose turn it is learns from a batch; `observer` looks into its step."""
        self.batch += 1
        self.step += 1
        outcomes = [self._turn(learner, batch, observer) for learner in self.learners]
        if self.average.is_wanted:
            self.average.after_step()
        return outcomes

    def evaluate(self, batch: Batch) -> Sequence[Outcome | None]:
        """Compute every loss, change nothing."""
        with torch.no_grad():
            return [learner.evaluate(batch) for learner in self.learners]

    def batch_again(self, part: Part, index: int, *, training: bool) -> Batch:
        """Batch number `index` (from 0) of the pass under way, once more."""
        if not training:
            return next(part.batches(self.batch_size, ports=self.ports, first=index))
        again = torch.Generator()
        again.set_state(self._order_of_epoch)
        return next(self._shuffled(again, first=index))

    def rows_of_batch(self, index: int) -> Tensor:
        """The rows of the training part that are in batch number `index` (from 0) of the epoch under way."""
        again = torch.Generator()
        again.set_state(self._order_of_epoch)
        order = torch.randperm(self.train.count, generator=again)
        return order[index * self.batch_size : (index + 1) * self.batch_size]

    def learner_of(self, loss: str) -> Learner:
        """The learner that makes the loss of this name small."""
        return next(learner for learner in self.learners if loss in learner.program.losses)

    def end_training(self) -> None:
        """The last batch of an epoch was learned from: the average of weights takes the epoch in."""
        self.average.after_epoch(self.epoch, self._look_at_all)

    def averaged(self) -> AbstractContextManager[None]:
        """The model has the averaged weights inside, where weights are averaged."""
        return self.average.in_place()

    def weights(self) -> Weights:
        """A copy of the weights, in the memory of the machine."""
        return weights_of(self.model)

    def weights_to_keep(self) -> Weights:
        """The weights that people and exports get: averaged ones where weights are averaged."""
        with self.average.in_place():
            return weights_of(self.model)

    def use_weights(self, weights: Weights | None) -> None:
        """Give the model these weights; with None it keeps its own."""
        if weights is not None:
            self.model.load_state_dict(weights)

    def together(self, work: Callable[..., T], *values: Any) -> T:
        """Do something with the whole network between two steps; processes that hold a part of it each all do it."""
        return work(self, *values)

    def divide(self) -> None:
        """The weights are those that training begins with: they can be divided among the processes."""

    def join(self) -> None:
        """The first step follows."""

    def conclude(self) -> None:
        """The run is over: what is left to say comes into `notes`."""

    def end_epoch(self, train: Figures, validation: Figures) -> bool:
        """Move to the next epoch. True if this one was the best."""
        figures = validation or train
        figure = figures.get(self.plan.monitor, figures.get("loss", math.nan))  # an objective may have had no turn yet
        is_best = self._is_better(figure)
        self.waited = 0 if is_best else self.waited + 1
        if is_best:
            self.best = figure
        for learner in self.learners:
            learner.end_epoch(figure if math.isfinite(figure) else None)
        self.epoch, self.batch, self._record = self.epoch + 1, 0, None
        self._order_of_epoch = self._order.get_state()
        return is_best

    def take_order(self, other: Fit, *, batch: int) -> None:
        """Shuffle on where another fit is, this epoch from that batch on."""
        self.batch, self._order_of_epoch = batch, other._order_of_epoch
        self._order.set_state(other._order.get_state())

    def close(self) -> None:
        """Let go of what reads the data."""
        for part in (self.train, self.validation, self.test):
            part.close()

    # ---- going on later

    def state_dict(self) -> dict[str, Any]:
        """Everything but the weights that is needed to go on exactly, from the middle of an epoch too."""
        return {
            "epoch": self.epoch,
            "batch": self.batch,
            "step": self.step,
            "best": self.best,
            "waited": self.waited,
            "seconds": self.stopwatch.seconds,
            "order": self._order_of_epoch,
            "random": torch.get_rng_state(),
            "device_random": device_random(self.device),
            "learners": [learner.state_dict() for learner in self.learners],
            "average": self.average.state_dict(),
            "record": self._record.state_dict() if self._record else None,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave, and from `weights`.

        Raises:
            RunError: the state belongs to another drawing.
        """
        try:
            self.model.load_state_dict(state["weights"])
            for learner, part in zip(self.learners, state["learners"], strict=True):
                learner.load_state_dict(part)
            self.average.load_state_dict(state["average"])
            self.epoch, self.batch, self.step = state["epoch"], state["batch"], state["step"]
            self.best, self.waited = state["best"], state["waited"]
            self.stopwatch.seconds = state["seconds"]
            self._record = None
            if state["record"] is not None:
                self._record = self._new_record(training=True)
                self._record.load_state_dict(state["record"])
            self._order.set_state(state["order"])
            self._order_of_epoch = state["order"]
            set_device_random(self.device, state["device_random"])
            torch.set_rng_state(state["random"])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise RunError(
                msg("The checkpoint does not fit the drawing of its run ({reason}). Train again.", reason=error)
            ) from error

    # ---- details

    def _build_learners(self) -> list[Learner]:
        programs = self.compiled.programs
        if not programs:
            raise RunError(
                msg("There is no loss to make small. Add a loss, and wire the network and the targets to it.")
            )
        setting = self._setting()
        return [self.learner_type(self.compiled, program, self.model, setting) for program in programs]

    def _setting(self) -> Setting:
        return Setting(
            ports=self.ports,
            sample=self.train.head(PROBE_SAMPLES, ports=self.ports),
            length=Length(self.epochs, self.steps_per_epoch),
            precision=self.precision,
            alone=len(self.compiled.programs) == 1,
            direction=self._direction,
            note=self.notes.append,
            compile=self._compiles(),
            world=self.world,
            counts=self._losses_that_count,
        )

    def _compiles(self) -> bool:
        """Whether the programs go through `torch.compile`, which cannot learn from gradients of gradients."""
        if self.plan.compile and differentiates(self.compiled.source.text):
            self.notes.append(not_compiled(msg("a block is used for its gradient")))
            return False
        return self.plan.compile

    def _losses_that_count(self, program: Program, module: nn.Module) -> frozenset[str]:
        """The losses that know which part of a whole batch they see."""
        return frozenset()

    def _turn(self, learner: Learner, batch: Batch, observer: Observer | None) -> Outcome | None:
        if self.step % learner.every:
            return None
        if len(self.learners) > 1:
            learner.focus()
        is_last = self.batch + learner.every > self.steps_per_epoch
        return learner.step(batch, is_last=is_last, observer=observer)

    @property
    def _direction(self) -> str:
        return direction(self.plan.monitor, self.compiled.project)

    def _is_better(self, figure: float) -> bool:
        if self.plan.monitor == LAST:
            return True
        if not math.isfinite(figure):
            return self.best is None
        if self.best is None or not math.isfinite(self.best):
            return True
        gain = self.best - figure if self._direction == "min" else figure - self.best
        return gain > self.plan.min_delta

    def _look_at_all(self) -> Iterator[object]:
        """Run the model over the training part as in training, without gradients or a trace in the random numbers."""
        devices = [torch.device(self.device.id)] if self.device.type == "cuda" else []
        for learner in self.learners:
            learner.train(True)
        with torch.random.fork_rng(devices=devices):
            for batch in self.train.batches(self.batch_size, ports=self.ports):
                yield self.evaluate(batch)

    def _new_record(self, *, training: bool) -> Record:
        return Record(self.compiled, self.stopwatch, self.device.id, training=training)

    def _shuffled(self, generator: torch.Generator, *, first: int) -> Iterator[Batch]:
        return self.train.batches(self.batch_size, generator, ports=self.ports, first=first)


def _data_ports(compiled: Compiled, part: Part) -> list[Port]:
    """The data ports that the programs take, in a fixed order."""
    ports = list(dict.fromkeys(port for program in compiled.programs for port in program.inputs))
    for port in ports:
        if port not in part.ports:
            node = compiled.project.graph.nodes[port.node]
            raise RunError(
                msg("'{name}' stands for data that is not there. Put a data node in its place.", name=node.name),
                node=node.id,
            )
    return ports


def device_random(device: Device) -> torch.Tensor | None:
    """The state of the random numbers that a GPU draws itself."""
    if device.type == "cuda":
        return torch.cuda.get_rng_state(device.id)
    return torch.mps.get_rng_state() if device.type == "mps" else None


def set_device_random(device: Device, state: torch.Tensor | None) -> None:
    """Go on with the random numbers of a GPU from such a state; None leaves them as they are."""
    if state is not None and device.type == "cuda":
        torch.cuda.set_rng_state(state, device.id)
    elif state is not None and device.type == "mps":
        torch.mps.set_rng_state(state)

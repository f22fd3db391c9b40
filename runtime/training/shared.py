"""A fit in several processes (`runtime.training.world`): process 0 goes through the loop, the others do the same where numbers are.

What is done in all of them is marked `told`: process 0 tells of it first. The random numbers of process 0 are those of a run of one
process; the others begin with numbers drawn from the seed, so that dropout and noise differ between them.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map_only

from graph import files
from graph.messages import msg
from graph.model import Project
from runtime import devices
from runtime.compiler import Compiled, Program
from runtime.data import Part
from runtime.devices import Device
from runtime.distributed import num_here
from runtime.events import Figures
from runtime.training.checkpoints import Weights, weights_of
from runtime.training.failures import explain_error
from runtime.training.fit import Fit, Parts, device_random
from runtime.training.learner import Batch, Observer, Outcome
from runtime.training.precision import deterministic
from runtime.training.preflight import untouched
from runtime.training.record import NotFinite, Record
from runtime.training.shared_layers import let_count, losses_that_count, share_norms
from runtime.training.shared_record import SharedRecord
from runtime.training.world import Share, World, is_lost

ALONE_STEPS, ALONE_SECONDS = 24, 1.5  # that process 0 makes alone, to say afterwards what the others brought
FASTER = 1.05  # times, below which nothing was gained
_PRIME = 1_000_003


def told(method: Callable[..., Any]) -> Callable[..., Any]:
    """What all processes do together; arguments are told as they are."""

    @wraps(method)
    def call(self: SharedFit, *values: Any) -> Any:
        with self.telling(method.__name__, *values):
            return method(self, *values)

    return call


class SharedFit(Fit):
    """The part of a run that one process has. Until `join`, process 0 is alone and this is an ordinary fit."""

    def __init__(self, world: World, compiled: Compiled, parts: Parts, device: Device, *, epochs: int) -> None:
        """As `Fit`; all processes do this."""
        self.world: World = world
        self.is_joined = False
        self._depth = 0
        self._passed: Iterator[Batch] = iter(())
        self.own_share = Share(1, 1)
        self._current: Record | None = None
        self._averaged = ExitStack()
        self._random_of_ranks: Sequence[Any] = ()
        self._alone: float | None = None  # seconds that a step takes process 0 without the others
        self._since = 0.0, 0  # seconds and steps at the beginning of a pass
        self._together, self._counted = 0.0, 0  # seconds and steps of passes with them
        world.use(device)
        super().__init__(compiled, parts, device, epochs=epochs)
        self.stopwatch.seconds += world.start_up
        share_norms(self.model, world)

    def check(self) -> None:
        """Look whether the plan allows for it, as far as that is not a matter of batches (`runtime.training.splitting`)."""

    @property
    def share_size(self) -> int:
        """Samples of a batch that the largest share has."""
        return -(-self.batch_size // self.world.size)

    @contextmanager
    def telling(self, name: str, *values: Any) -> Iterator[None]:
        """Tell the others what is done inside, unless they know it from what it is a part of."""
        if self.world.leads and self._do_others_listen(name) and not self._depth:
            self.world.tell(name, *values)
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def _do_others_listen(self, name: str) -> bool:
        """Whether the others are ready for what is called so."""
        return self.is_joined

    # ---- together

    def join(self) -> None:
        """Process 0 gives its state to the others, which have built the same; from here on everything is done together."""
        self.world.tell("ready")
        self._agree()  # they are no longer busy with other things
        self._alone = self._time_alone()
        states = {**Fit.state_dict(self), "weights": weights_of(self.model)}
        state = io.BytesIO()
        torch.save({**states, "ranks": list(self._random_of_ranks)}, state)
        self.world.tell("take_state", state.getvalue())
        self._begin_together()
        if states["record"] is not None:
            self._record = self._new_record(training=True)
            self._record.load_state_dict(states["record"])

    def ready(self) -> None:
        """The others say that they have built everything."""
        self._agree()

    def _agree(self) -> None:
        """A loss that counts in one process does so in all: one that streams its data does not know the labels beforehand."""
        found = self.world.gather([learner.counting for learner in self.learners])
        for learner, names in zip(self.learners, zip(*found, strict=True), strict=True):
            learner.counting = frozenset().union(*names)
            let_count(learner.module, learner.counting, self.world)

    def take_state(self, content: bytes) -> None:
        """What the others do with the state of process 0: figures so far and gradients that wait are counted there."""
        state = torch.load(io.BytesIO(content), weights_only=True)
        states = state.pop("ranks")
        for record in state["record"] or ():
            record["library"] = [None] * len(record["library"])
        for learner in state["learners"]:
            learner["gradients"] = tree_map_only(Tensor, torch.zeros_like, learner["gradients"])
        random, of_device = self._random_for(states, state["step"])
        self._begin_together()
        Fit.load_state_dict(self, {**state, "random": random, "device_random": of_device})

    def _random_for(self, states: Sequence[Any], step: int) -> Any:
        """The random numbers of this process, as they were where there were as many processes."""
        if len(states) == self.world.size:
            return states[self.world.rank]
        torch.manual_seed(self._seed_of(self.world.rank) + step)
        return torch.get_rng_state(), device_random(self.device)

    def _begin_together(self) -> None:
        self.is_joined = True
        torch.set_num_threads(max(1, min(torch.get_num_threads(), devices.num_cores() // num_here())))

    @told
    def _begin(self, training: bool) -> Record:
        self._current = super().begin(training=training)
        self._since = self.stopwatch.seconds, self.step
        return self._current

    def begin(self, *, training: bool) -> Record:
        """As `Fit.begin`."""
        return self._begin(training)

    @told
    def _begin_pass(self, name: str, training: bool) -> Iterator[Batch]:
        self._passed = self._shares(getattr(self, name), training)
        return self._passed

    def batches(self, part: Part, *, training: bool) -> Iterator[Batch]:
        """The shares of the batches of a pass."""
        names = [name for name in ("train", "validation", "test") if getattr(self, name) is part]
        return self._begin_pass(names[0], training) if self.is_joined else super().batches(part, training=training)

    def train_step(self, batch: Batch, observer: Observer | None = None) -> Sequence[Outcome | None]:
        """As `Fit.train_step`, with gradients of the whole batch."""
        with self.telling("next_training_step"), self._sharing():
            return super().train_step(batch, observer)

    def evaluate(self, batch: Batch) -> Sequence[Outcome | None]:
        """As `Fit.evaluate`: the share of each loss."""
        with self.telling("next_look"), self._sharing():
            return super().evaluate(batch)

    def next_training_step(self) -> None:
        """What the others do for `train_step`."""
        assert self._current is not None
        self._current.add(0, self.train_step(next(self._passed)))

    def next_look(self) -> None:
        """What the others do for `evaluate`."""
        assert self._current is not None
        self._current.add(0, self.evaluate(next(self._passed)))

    @told
    def end_training(self) -> None:
        """As `Fit.end_training`."""
        seconds, steps = self._since
        self._together += self.stopwatch.seconds - seconds
        self._counted += self.step - steps
        super().end_training()

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """As `Fit.averaged`."""
        self.enter_average()
        try:
            yield
        finally:
            self.leave_average()

    @told
    def enter_average(self) -> None:
        """The averaged weights come in."""
        self._averaged.enter_context(self.average.in_place())

    @told
    def leave_average(self) -> None:
        """They go again."""
        self._averaged.close()

    @told
    def end_epoch(self, train: Figures, validation: Figures) -> bool:
        """As `Fit.end_epoch`."""
        return super().end_epoch(train, validation)

    @told
    def set_rate(self, objective: str, rate: float) -> None:
        """As `Fit.set_rate`."""
        super().set_rate(objective, rate)

    def use_weights(self, weights: Weights | None) -> None:
        """As `Fit.use_weights`; the others take those of process 0."""
        super().use_weights(weights)
        self.spread_weights()

    @told
    def spread_weights(self) -> None:
        """All have the weights of process 0."""
        if self.is_joined:
            self.world.spread(self.model.state_dict().values())

    @told
    def flush(self) -> dict[str, tuple[float, ...]]:
        """The figures of the steps since the last time, of all processes."""
        assert isinstance(self._current, SharedRecord)
        return self._current.flush_here()

    @told
    def figures(self) -> dict[str, float]:
        """The figures of a pass, of all processes."""
        assert isinstance(self._current, SharedRecord)
        return self._current.figures_here()

    # ---- going on later

    @told
    def _whole_state(self) -> dict[str, Any]:
        ranks = self.world.gather((torch.get_rng_state(), device_random(self.device)))
        with self._sharing():  # gradients that wait are added up
            return {**super().state_dict(), "ranks": ranks}

    def state_dict(self) -> dict[str, Any]:
        """As `Fit.state_dict`, for one process as for many; `ranks` holds the random numbers of each."""
        return self._whole_state() if self.is_joined else super().state_dict()

    def load_state_dict(self, state: Any) -> None:
        """As `Fit.load_state_dict`, before the others join."""
        self._random_of_ranks = state.get("ranks", self._random_of_ranks)
        super().load_state_dict({**state, "seconds": state.get("seconds", 0.0) + self.world.start_up})

    # ---- details

    def _shares(self, part: Part, training: bool) -> Iterator[Batch]:
        first, generator = 0, None
        if training:
            self._order.set_state(self._order_of_epoch)
            first, generator = self.batch, self._order
        own = (self.world.rank, self.world.size)
        found = part.batches(self.batch_size, generator, ports=self.ports, first=first, share=own)
        return self._noted(found, part.count - first * self.batch_size)

    def _noted(self, batches: Iterator[Batch], left: int) -> Iterator[Batch]:
        rank, size = self.world.rank, self.world.size
        for batch in batches:
            total = min(left, self.batch_size)
            self.own_share = Share(total * (rank + 1) // size - total * rank // size, total)
            left -= total
            yield batch

    @contextmanager
    def _sharing(self) -> Iterator[None]:
        """Inside, numbers are those of a share of a batch."""
        self.world.share = self.own_share if self.is_joined else None
        try:
            yield
        finally:
            self.world.share = None

    def _look_at_all(self) -> Iterator[object]:
        if not self.is_joined:
            yield from super()._look_at_all()
            return
        random = [torch.device(self.device.id)] if self.device.type == "cuda" else []
        for learner in self.learners:
            learner.train(True)
        with torch.random.fork_rng(devices=random):
            for batch in self._shares(self.train, training=False):
                yield self.evaluate(batch)

    def _new_record(self, *, training: bool) -> Record:
        return SharedRecord(self, training=training)

    def _losses_that_count(self, program: Program, module: nn.Module) -> frozenset[str]:
        return losses_that_count(self.compiled, program, module, self.train)

    def _seed_of(self, rank: int) -> int:
        return (self.plan.seed + _PRIME * rank) % 2**63

    def _time_alone(self) -> float | None:
        """Seconds of a step over a whole batch in process 0, from a few of them; None where it has no room for that."""
        times: list[float] = []
        with suppress(RuntimeError), untouched(self):
            batch = self.train.head(self.batch_size, ports=self.ports)
            self.begin(training=True)
            until = time.perf_counter() + ALONE_SECONDS
            while len(times) < ALONE_STEPS and time.perf_counter() < until:
                started = time.perf_counter()
                self.train_step(batch)
                if self.device.type == "cuda":
                    torch.cuda.synchronize(self.device.id)
                times.append(time.perf_counter() - started)
        return sorted(times)[len(times) // 2] if times else None

    def conclude(self) -> None:
        """Say what several processes brought."""
        if self._alone is None or not self._counted:
            return
        together = self._together / self._counted
        words = {
            "count": self.world.size,
            "together": together * 1000,
            "alone": self._alone * 1000,
            "times": self._alone / together,
        }
        if words["times"] > FASTER:
            text = msg("{count} processes took {together:.2f} ms a step; one alone takes {alone:.2f} ms: they were {times:.2f} times as "
                       "fast.", **words)  # fmt: skip
        else:
            text = msg("{count} processes took {together:.2f} ms a step; one alone takes {alone:.2f} ms: they were not faster. They pay "
                       "off where a step computes for longer than the processes speak.", **words)  # fmt: skip
        self.notes.append(text)


def call_for_others(world: World, project: Project, folder: Path | None, epochs: int) -> None:
    """Process 0 lets the others build what it builds."""
    world.tell("build", files.to_text(project), None if folder is None else str(folder.resolve()), epochs, world.shards)


def follow(world: World) -> bool:
    """What every process but 0 does: what it hears, until the end. False if it could not go on; process 0 knows why."""
    from runtime.training.job import build

    fit: SharedFit | None = None
    project: Project | None = None
    settings = ExitStack()
    try:
        while (said := world.hear())[0] != "end":
            name, values = said
            if name == "build":
                text, folder, epochs, world.shards = values
                project = files.from_text(text)
                settings.enter_context(deterministic(project.plan.deterministic))
                built, _ = build(project, None if folder is None else Path(folder), epochs, world=world)
                assert isinstance(built, SharedFit)
                fit = built
            else:
                with suppress(NotFinite):  # process 0 has found it too, and says what it means
                    getattr(fit, name)(*values)
    except Exception as error:
        if is_lost(error):
            return True  # process 0 has ended, or says who has
        batch_size = project.plan.batch_size if project else 0
        found = explain_error(error, fit.compiled if fit else None, batch_size=batch_size)
        world.complain(
            found.message
            if found
            else msg("Layerloom made a mistake: {error}.", error=f"{type(error).__name__}: {error}")
        )
        return False
    finally:
        settings.close()
        if fit is not None:
            fit.close()
    return True

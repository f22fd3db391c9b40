"""A fit whose weights, gradients and optimizer states are divided among processes (`runtime.training.shards`).

Until `divide` each process has an ordinary fit in the memory of its machine, as the network is built, tried out in parts, and given
the weights that it begins with. From then on no process can compute alone: all do the same at the same time, also where only
process 0 wants to know (`together`). Checkpoints are those of a run in one process: process 0 gathers them tensor by tensor.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from graph.messages import RunError, msg
from runtime import devices
from runtime.compiler import Compiled
from runtime.devices import Device
from runtime.training.averaging import Average
from runtime.training.checkpoints import Weights
from runtime.training.divided import is_divided, own, whole
from runtime.training.fit import PROBE_SAMPLES, Fit, Parts, device_random, set_device_random
from runtime.training.health import Look
from runtime.training.learner import Batch, Observer, Outcome, Setting
from runtime.training.precision import Precision, not_compiled
from runtime.training.sharded_learner import ShardedLearner, why_not_divided
from runtime.training.shards import Shards
from runtime.training.shared import SharedFit, told
from runtime.training.world import World

SMALL = 2**28  # bytes of weights and optimizer states; below, dividing them costs time and brings nothing
Change = Callable[[Tensor, nn.Parameter], Any]


class ShardedFit(SharedFit):
    """The part of a run that one process has, with a part of the weights."""

    learner_type = ShardedLearner
    learners: list[ShardedLearner]  # type: ignore[assignment]

    def __init__(self, world: World, compiled: Compiled, parts: Parts, device: Device, *, epochs: int) -> None:
        """As `SharedFit`; on the CPU until `divide`."""
        self.shards: Shards | None = None
        self._wanted, self._is_measured = device, False
        super().__init__(world, compiled, parts, devices.choose("cpu"), epochs=epochs)

    def check(self) -> None:
        """Look whether the weights can be divided.

        Raises:
            RunError: a setting keeps them from it.
        """
        reason = why_not_divided(self.compiled)
        if reason is not None:
            raise RunError(reason)

    @property
    def is_divided(self) -> bool:  # type: ignore[override]
        """Whether each process holds a part of every weight alone."""
        return self.shards is not None

    def _do_others_listen(self, name: str) -> bool:
        """From `divide` on."""
        return self.is_divided or name == "divide_weights"

    # ---- dividing

    def divide(self) -> None:
        """As `Fit.divide`: process 0 gives the others its state."""
        state = Fit.state_dict(self)
        self.divide_weights()
        given: list[Tensor] = []

        def leave_out(tensor: Tensor, parameter: nn.Parameter) -> Tensor:
            given.append(tensor)
            return tensor.new_empty(0) if is_divided(parameter) else tensor

        packed = io.BytesIO()
        torch.save(self._changed(state, leave_out), packed)
        with self.telling("take_parts", packed.getvalue()):
            self.take_parts(packed.getvalue(), state["record"], iter(given))

    @told
    def divide_weights(self) -> None:
        """All have the weights of process 0, and keep their part of them."""
        self.world.spread(self.model.state_dict().values())
        self.device = self._wanted
        self.world.use(self.device)
        self.precision = Precision(self.plan, self.device)
        self.train, self.validation, self.test = (
            part.to(self.device.id) for part in (self.train, self.validation, self.test)
        )
        for learner in self.learners:
            for parameter in learner.parameters:
                parameter.requires_grad_(True)  # FSDP looks once which ones can learn
        self.shards = Shards(self.model, self.world, self.device)
        self.bytes_at_a_time = self.shards.largest
        self._introduce()
        setting = self._setting()
        for learner in self.learners:
            learner.divide(self.shards, self.model, setting)
        self.average = Average(self.model, self.plan, [self.shards.piece(p) for p in self.model.parameters()])

    def take_parts(self, content: bytes, record: Any = None, given: Iterator[Tensor] | None = None) -> None:
        """Take the part here of the state of process 0, which has all of it in `given`."""
        assert self.shards is not None
        shards, state = self.shards, torch.load(io.BytesIO(content), weights_only=True)

        def take(tensor: Tensor, parameter: nn.Parameter) -> Tensor:
            found = next(given) if given is not None else None
            return shards.take(found, parameter) if is_divided(parameter) else tensor

        state = self._changed(state, take)
        if not self.world.leads:  # what was added up already counts once
            for learner, part in zip(self.learners, state["learners"], strict=True):
                held = zip(learner.parameters, part["gradients"] or (), strict=False)
                part["gradients"] = [g if g is None or is_divided(p) else torch.zeros_like(g) for p, g in held]
        Fit.load_state_dict(self, {**state, "record": record, "weights": self.model.state_dict()})

    def join(self) -> None:
        """As `SharedFit.join`."""
        record = self._record.state_dict() if self._record else None
        packed = io.BytesIO()
        torch.save({"record": record, "ranks": list(self._random_of_ranks), "step": self.step}, packed)
        with self.telling("join_here", packed.getvalue()):
            self.join_here(packed.getvalue())

    def join_here(self, content: bytes) -> None:
        """From here on each process computes with its part of every batch."""
        assert self.shards is not None
        self._agree()
        self.shards.divide_gradients(1)
        state = torch.load(io.BytesIO(content), weights_only=True)
        if not self.world.leads:
            random, of_device = self._random_for(state["ranks"], state["step"])
            set_device_random(self.device, of_device)
            torch.set_rng_state(random)
        self._begin_together()
        if state["record"] is not None:
            for tally in state["record"] if not self.world.leads else ():
                tally["library"] = [None] * len(tally["library"])
            self._record = self._new_record(training=True)
            self._record.load_state_dict(state["record"])

    # ---- together

    @told
    def together(self, work: Callable, *values: Any) -> Any:
        """As `Fit.together`."""
        result = work(self, *values)
        assert self.shards is not None
        self.shards.settle()
        return result

    def train_step(self, batch: Batch, observer: Observer | None = None) -> Any:
        """As `SharedFit.train_step`; where process 0 watches, all do."""
        with self.telling("next_watched_step" if observer else "next_training_step"), self._sharing():
            outcomes = Fit.train_step(self, batch, observer)
            if self.is_joined and not self._is_measured:
                self._measure_memory()
        return outcomes

    def next_watched_step(self) -> None:
        """What the others do for a step that process 0 watches."""
        assert self._current is not None
        look = Look(self)
        self._current.add(0, look.step(next(self._passed)))
        if look.is_whole:
            look.layers()

    def evaluate(self, batch: Batch) -> list[Outcome | None]:
        """As `SharedFit.evaluate`."""
        outcomes = super().evaluate(batch)
        if self.shards is not None:
            self.shards.settle()
        return list(outcomes)

    @told
    def weights(self) -> Weights:
        """As `Fit.weights`, in process 0."""
        return self._whole_weights()

    @told
    def weights_to_keep(self) -> Weights:
        """As `Fit.weights_to_keep`, in process 0."""
        with self.average.in_place():
            return self._whole_weights()

    def use_weights(self, weights: Weights | None) -> None:
        """As `Fit.use_weights`; every process takes its part."""
        if weights is not None:
            with self.telling("take_weights"):
                self.take_weights(weights)

    @torch.no_grad()
    def take_weights(self, weights: Weights | None = None) -> None:
        """Take the part here of weights that process 0 has."""
        assert self.shards is not None
        for name, tensor in self.model.state_dict().items():
            own(tensor).copy_(self.shards.take(weights[name] if weights else None, tensor))

    @told
    def _whole_state(self) -> dict[str, Any]:
        assert self.shards is not None and self.shards.are_current
        ranks = self.world.gather((torch.get_rng_state(), device_random(self.device)))
        return {**self._changed(Fit.state_dict(self), self._gathered), "ranks": ranks}

    def state_dict(self) -> dict[str, Any]:
        """As `SharedFit.state_dict`."""
        return self._whole_state() if self.shards is not None else Fit.state_dict(self)

    def from_the_start(self) -> Fit:
        """As `Fit.from_the_start`, in one process: in the memory of its machine."""
        cpu = devices.choose("cpu")
        return Fit(self.compiled, (self.train, self.validation, self.test), cpu, epochs=self.epochs)

    # ---- details

    def _introduce(self) -> None:
        """FSDP takes the first module that computes for the root, which is to be the model."""
        batch = self.train.head(PROBE_SAMPLES, ports=self.compiled.inputs)
        random = [torch.device(self.device.id)] if self.device.type == "cuda" else []
        self.model.eval()
        with torch.random.fork_rng(devices=random), torch.no_grad():
            self.model(*self.precision.arrange(batch))

    def _changed(self, state: Mapping[str, Any], change: Change) -> dict[str, Any]:
        """The state with everything changed that has a number for each number of a parameter."""

        def changed(value: Any, parameter: nn.Parameter) -> Any:
            return change(value, parameter) if isinstance(value, Tensor) and value.dim() else value

        learners = []
        for learner, part in zip(self.learners, state["learners"], strict=True):
            order, rows = learner.in_order, part["optimizer"]["state"]
            rows = {i: {key: changed(value, order[i]) for key, value in row.items()} for i, row in rows.items()}
            gradients = part["gradients"] and [
                changed(g, p) for p, g in zip(learner.parameters, part["gradients"], strict=True)
            ]
            learners.append({**part, "optimizer": {**part["optimizer"], "state": rows}, "gradients": gradients})
        averages = zip(state["average"]["averages"], self.model.parameters(), strict=False)
        average = {**state["average"], "averages": [changed(value, parameter) for value, parameter in averages]}
        return {**state, "learners": learners, "average": average}

    def _gathered(self, part: Tensor, parameter: nn.Parameter) -> Tensor | None:
        """The whole of it in process 0, and nothing in the others."""
        assert self.shards is not None
        found = self.shards.gather(part, parameter) if is_divided(parameter) else part
        return found.cpu() if self.world.leads else None

    def _whole_weights(self) -> Weights:
        found: Weights = {}
        for name, tensor in self.model.state_dict().items():
            gathered = whole(tensor.detach())
            if self.world.leads:
                found[name] = gathered.to("cpu", copy=True).contiguous()
        return found

    def _measure_memory(self) -> None:
        """Say what each process holds, as soon as optimizers remember something."""
        if not all(learner.optimizer.state for learner in self.learners):
            return
        self._is_measured = True
        divided, rest = self._held(divided=True), self._held(divided=False)
        each = [part + rest for part in self.world.gather(divided)]
        total = sum(each) - rest * (self.world.size - 1)
        words = {
            "count": self.world.size,
            "held": ", ".join(map(_size, each)),
            "all": _size(total),
            "each": each,
            "total": total,
        }
        if total < SMALL:
            text = msg("Weights and optimizer states are divided among {count} processes, which hold {held} of {all}. A network this small "
                       "fits into every process, and trains faster undivided.", **words)  # fmt: skip
        else:
            text = msg(
                "Weights and optimizer states are divided among {count} processes, which hold {held} of {all}.", **words
            )
        self.notes.append(text)

    def _held(self, *, divided: bool) -> int:
        """Bytes here of weights, and of what optimizers and averages remember of them: of divided ones, or of the others."""
        assert self.shards is not None
        pieces = [self.shards.piece(p) for p in self.model.parameters() if is_divided(p) is divided]
        states = [learner.optimizer.state.get(piece, {}) for learner in self.learners for piece in pieces]
        remembered = [
            value for state in states for value in state.values() if isinstance(value, Tensor) and value.dim()
        ]
        averages = pieces if self.average.is_wanted else []
        return sum(tensor.nbytes for tensor in (*pieces, *remembered, *averages))

    def _setting(self) -> Setting:
        return super()._setting()._replace(alone=False)  # nothing moves the parameters into one buffer

    def _compiles(self) -> bool:
        if self.plan.compile:
            self.notes.append(not_compiled(msg("the weights are divided among processes")))
        return False


def _size(count: int) -> str:
    return f"{count / 2**20:.1f} MiB" if count >= 2**20 else f"{count / 2**10:.1f} KiB"

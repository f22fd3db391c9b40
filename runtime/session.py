"""A run beside the window: events out through a queue, wishes in. Importable without torch."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from graph.messages import LayerloomError, msg
from graph.model import Project
from runtime.events import TRAIN, Event, Failed, Recalled, RunStarted
from runtime.runs import past_events


def failure(error: Exception) -> Failed:
    """The last event of a run that an error ended."""
    if isinstance(error, LayerloomError):
        return Failed(error.message, node=error.node)
    return Failed(msg("Layerloom made a mistake: {error}.", error=f"{type(error).__name__}: {error}"))


@dataclass(frozen=True, slots=True)
class Save:
    """The wish for a checkpoint now."""


@dataclass(frozen=True, slots=True)
class SetRate:
    """The wish for another learning rate of an objective, from the next step on."""

    objective: str
    learning_rate: float


@dataclass(frozen=True, slots=True)
class Replace:
    """The wish to go on with another drawing and plan; weights are carried over by the ids of the nodes."""

    project: Project


Wish = Save | SetRate | Replace
Call = tuple[str, dict[str, Any]]  # the name of a method of `Control`, and its arguments


@dataclass(frozen=True, slots=True)
class Request:
    """What a run is asked to do (see `runtime.training.loop.train`); `look` asks for pictures of what the network does, and
    `source` is the folder of the run whose weights it begins with; with `tensorboard` it writes event files (`runtime.tensorboard`). With
    `shard` processes that train together divide the weights among them."""

    project: Project
    folder: Path | None
    runs: Path
    resume: Path | None = None
    mode: str = TRAIN
    look: bool = False
    source: Path | None = None
    tensorboard: bool = False
    shard: bool = False

    def events(self, control: Control) -> Iterator[Event]:
        """Do it here, or, in a process that trains together with others, with them. PyTorch is imported now."""
        from runtime.distributed import is_in_world, train_in_world
        from runtime.training.loop import train

        is_shared = is_in_world() and self.mode == TRAIN
        events = (partial(train_in_world, shard=self.shard) if is_shared else train)(
            self.project,
            folder=self.folder,
            runs=self.runs,
            resume=self.resume,
            control=control,
            mode=self.mode,
            look=self.look,
            source=self.source,
        )
        if not self.tensorboard or self.mode != TRAIN:
            return events
        from runtime.tensorboard import logged

        return logged(events)


class Control:
    """What the person wants of a run: read between two steps by the loop, set from any thread."""

    def __init__(self, *, attended: bool = True) -> None:
        """`attended`: somebody is there to resume a run that waits because of trouble."""
        self.attended = attended
        self._changed = threading.Condition()
        self._paused = False
        self._wishes: deque[Wish] = deque()
        self._told: list[Call] = []
        self._relay: Callable[[Call], object] | None = None
        self.stop_wanted = False
        self.stop_after_epoch = False

    @property
    def pause_wanted(self) -> bool:
        """Whether the run should wait."""
        return self._paused and not self.stop_wanted

    @property
    def end_wanted(self) -> bool:
        """Whether the run should end, be it after the epoch under way; a run without epochs ends at once."""
        return self.stop_wanted or self.stop_after_epoch

    @property
    def has_wish(self) -> bool:
        """Whether the person wants anything before the next step but going on."""
        return self._paused or self.stop_wanted or bool(self._wishes)

    def pause(self) -> None:
        """Wait before the next step."""
        self._tell(("pause", {}))

    def resume(self) -> None:
        """Go on."""
        self._tell(("resume", {}))

    def stop(self, *, after_epoch: bool = False) -> None:
        """End after the step under way, paused or not; or after the epoch under way, going on with it if paused."""
        self._tell(("stop", {"after_epoch": after_epoch}))

    def wish(self, wish: Wish) -> None:
        """Carry this out between two steps, paused or not."""
        self._tell(("wish", {"wish": wish}))

    def take_wish(self) -> Wish | None:
        """The oldest wish that was not taken yet."""
        return self._wishes.popleft() if self._wishes else None

    def wait(self) -> None:
        """Block the run's thread until it may go on, should end, or has a wish to carry out."""
        with self._changed:
            self._changed.wait_for(lambda: not self.pause_wanted or self._wishes)

    def relay_to(self, send: Callable[[Call], object]) -> None:
        """Send everything that was and will be wanted on, as the name of a method and its arguments."""
        with self._changed:
            self._relay = send
            for call in self._told:
                send(call)

    def take_call(self, call: Call) -> None:
        """Want what another control sent."""
        self._tell(call)

    def _tell(self, call: Call) -> None:
        with self._changed:
            name, values = call
            if name == "wish":
                self._wishes.append(values["wish"])
            elif name == "stop" and not values["after_epoch"]:
                self.stop_wanted = True
            else:
                self._paused = name == "pause"
                self.stop_after_epoch = self.stop_after_epoch or name == "stop"
            self._told.append(call)
            if self._relay is not None:
                self._relay(call)
            self._changed.notify_all()


class Session:
    """One run in a thread of its own, or, `isolated`, in a process of its own that the thread listens to, or in several `processes`
    that train together (`runtime.distributed`), with the weights divided among them where they `shard`.

    `poll()` is called from the window's timer; nothing here blocks. `mode` is one of `runtime.events.MODES`.
    """

    def __init__(
        self,
        project: Project,
        *,
        folder: Path | None,
        runs: Path,
        resume: Path | None = None,
        mode: str = TRAIN,
        isolated: bool = False,
        processes: int = 1,
        source: Path | None = None,
        tensorboard: bool = False,
        shard: bool = False,
    ) -> None:
        self.project = project
        self.control = Control()
        self._request = Request(
            project, folder, runs, resume, mode, look=True, source=source, tensorboard=tensorboard, shard=shard
        )
        self._isolated, self._processes = isolated, processes
        self._events: deque[Event] = deque()
        self._thread = threading.Thread(target=self._run, name="layerloom-run", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether the thread is alive, or events wait to be polled."""
        return self._thread.is_alive() or bool(self._events)

    def poll(self) -> list[Event]:
        """The events since the last call, oldest first."""
        events = []
        while self._events:
            events.append(self._events.popleft())
        return events

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the thread; True if it ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        """Queue the events of the run; whatever happens, the last one is final."""
        try:
            for event in self._train():
                self._events.append(event)
        except Exception as error:
            self._events.append(failure(error))

    def _train(self) -> Iterator[Event]:
        for event in self._run_events():
            yield event
            if isinstance(event, RunStarted) and event.first_step:
                yield Recalled(tuple(past_events(Path(event.run), until=event.first_step)))

    def _run_events(self) -> Iterator[Event]:
        if self._processes > 1:
            from runtime.distributed import train_in_processes

            return train_in_processes(self._request, self.control, self._processes)
        if self._isolated:
            from runtime.isolated import train_apart

            return train_apart(self._request, self.control)
        from runtime.warmup import warm_up

        warm_up()
        return self._request.events(self.control)

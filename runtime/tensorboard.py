"""Event files of TensorBoard beside a run: its figures by step, its settings and what it came to. Importable without torch.

Tags put the figure first, so that TensorBoard shows its parts in one group: `loss/step` has a value for each training step,
`loss/train` and `loss/validation` one for each epoch, `loss/test` one at the end; `learning_rate` (or `learning_rate/NAME` of each
objective) is there too. The tab HParams gets the settings of the plan and `loss/best`. TensorBoard keeps numbers as float32.
A value is dated by the beginning of the run and the seconds of work since then.
"""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext, suppress
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

from graph.atomic import explain
from graph.messages import FileError, LayerloomError, RunError, msg
from runtime.events import FINAL, EpochEnded, Event, Finished, Noted, RunStarted, StepsEnded, Tested
from runtime.run_columns import value_of
from runtime.run_rows import BEST, TEST, RunRow, read_row
from runtime.run_settings import SettingsTable, settings_of
from runtime.runs import load_run, past_events

if TYPE_CHECKING:
    from tensorboardX.event_file_writer import EventFileWriter

FOLDER = "tensorboard"  # in the folder of a run: `tensorboard --logdir NAME.runs` finds those of all
_ALWAYS = ("plan.", "objective")  # how the keys begin of settings that every run tells


class Scalar(NamedTuple):
    """A number with its step (None: of none) and time in seconds since 1970."""

    tag: str
    value: float
    step: int
    wall: float


def check_available() -> None:
    """See whether event files can be written.

    Raises:
        RunError: the package is missing.
    """
    try:
        import tensorboardX.event_file_writer  # noqa: F401
    except Exception as error:  # it is there and does not fit what else is installed
        raise RunError(
            msg(
                'Files for TensorBoard need tensorboardX, which is not installed. Run: pip install "layerloom[tensorboard]"'
            )
        ) from error


class Scalars:
    """The numbers in the events of a run, in order. `began` is when the run did; None: so that its first steps are now. `step` is the
    last one that was told of."""

    def __init__(self, began: float | None = None) -> None:
        self._began = began
        self._work, self.step = 0.0, 0

    def of(self, event: Event) -> Iterator[Scalar]:
        """The numbers that an event tells of."""
        if isinstance(event, RunStarted):
            self.step = event.first_step
        elif isinstance(event, StepsEnded):
            yield from self._steps(event)
        elif isinstance(event, EpochEnded):
            for part, figures in (("train", event.train), ("validation", event.validation)):
                for name, value in figures.items():
                    yield Scalar(f"{name}/{part}", value, event.step, self._wall(self._work))
            self.step = event.step
        elif isinstance(event, Tested):
            yield from self.test(event.test)

    def test(self, figures: Mapping[str, float]) -> Iterator[Scalar]:
        """The figures of a test after the last step."""
        for name, value in figures.items():
            yield Scalar(f"{name}/test", value, self.step, self._wall(self._work))

    def _steps(self, event: StepsEnded) -> Iterator[Scalar]:
        """Steps are as far apart in time as each other between two reports."""
        if self._began is None:
            self._began = time.time() - event.seconds
        count = max((len(values) for values in event.series.values()), default=0)
        pace = (event.seconds - self._work) / count if count and event.seconds > self._work else 0.0
        for name, values in event.series.items():
            for place, value in enumerate(values):
                away = len(values) - 1 - place
                yield Scalar(f"{name}/step", value, event.step - away, self._wall(event.seconds - away * pace))
        self._work, self.step = max(self._work, event.seconds), event.step
        rates = event.rates if len(event.rates) > 1 else {}
        for name, rate in rates.items():
            yield Scalar(f"learning_rate/{name}", rate, event.step, self._wall(event.seconds))
        if not rates:
            yield Scalar("learning_rate", event.learning_rate, event.step, self._wall(event.seconds))

    def _wall(self, work: float) -> float:
        return (self._began if self._began is not None else time.time()) + work


# ---- runs that are over


def export_runs(rows: Sequence[RunRow], folder: Path) -> list[Path]:
    """Write each run into a folder of its own name inside `folder`; gives those folders. What is there of these runs is replaced.

    Raises:
        RunError: there is no run, one is damaged, or the package is missing.
        FileError: the folder cannot be written.
    """
    check_available()
    if not rows:
        raise RunError(msg("There are no runs to export. Train first, or ask for others."))
    table = SettingsTable()
    for row in rows:
        table.add(row.meaning, load_run(row.path).project)
    names = dict.fromkeys(key for key in table.titles if key.startswith(_ALWAYS))
    names |= dict.fromkeys(table.differing([row.meaning for row in rows]))
    return [_export(row, folder / row.folder, {key: table.value(row.meaning, key) for key in names}) for row in rows]


def _export(row: RunRow, folder: Path, settings: Mapping[str, Any]) -> Path:
    run = load_run(row.path)
    began, scalars = _began(run.facts), Scalars(_began(run.facts))
    writer = _writer(folder, fresh=True)
    for event in past_events(row.path, until=sys.maxsize):
        _add(writer, scalars.of(event))
    test = run.facts["result"].get("test")
    _add(writer, scalars.test({k: v for k, v in test.items() if v is not None} if isinstance(test, Mapping) else {}))
    _add_settings(writer, settings, row, step=scalars.step, wall=began)
    writer.close()
    return folder


def _began(facts: Mapping[str, Any]) -> float:
    with suppress(KeyError, ValueError, TypeError):
        return datetime.fromisoformat(facts["created"]).timestamp()
    return 0.0


# ---- a run under way


class TensorBoardLog:
    """Writes the events of a run as they come, in a thread of its own: `put` never waits. A run without a folder is passed over.

    What goes wrong ends the writing and is in `error`; the run goes on.
    """

    def __init__(self) -> None:
        self.error: LayerloomError | None = None
        self._events: SimpleQueue[Event | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="layerloom-tensorboard", daemon=True)
        self._thread.start()

    def put(self, event: Event) -> None:
        """An event happened."""
        if self._thread.is_alive():
            self._events.put(event)

    def close(self, timeout: float | None = None) -> None:
        """Write what waits, and end."""
        self._events.put(None)
        self._thread.join(timeout)

    def _work(self) -> None:
        try:
            self._write(iter(self._events.get, None))
        except LayerloomError as error:
            self.error = error
        except Exception as error:  # the run goes on whatever happens here
            reason = explain(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
            self.error = RunError(msg("'{path}' cannot be written: {reason}", path=FOLDER, reason=reason))

    def _write(self, events: Iterator[Event]) -> None:
        started = next((event for event in events if isinstance(event, RunStarted)), None)
        if started is None or not started.run:
            return
        path, scalars = Path(started.run), Scalars()
        writer = _writer(path / FOLDER)
        try:
            _add(writer, scalars.of(started))
            if started.first_step:
                _purge(writer, started.first_step + 1)
            for event in events:
                _add(writer, scalars.of(event))
                if isinstance(event, (EpochEnded, *FINAL)):
                    writer.flush()
                if isinstance(event, FINAL):
                    self._conclude(writer, path, scalars.step, is_done=isinstance(event, Finished))
                    return
        finally:
            writer.close()

    def _conclude(self, writer: EventFileWriter, path: Path, step: int, *, is_done: bool) -> None:
        if is_done:
            found = settings_of(load_run(path).project)
            settings = {key: setting.value for key, setting in found.items() if key.startswith(_ALWAYS)}
            _add_settings(writer, settings, read_row(path), step=step, wall=time.time())


def logged(events: Iterator[Event]) -> Iterator[Event]:
    """The events of a run, which are written beside it meanwhile. Where that cannot be, the run says so and goes on."""
    with closing(events) if isinstance(events, Generator) else nullcontext():
        try:
            check_available()
        except RunError as error:
            yield Noted(error.message)
            yield from events
            return
        log = TensorBoardLog()
        try:
            for event in events:
                log.put(event)
                if isinstance(event, FINAL):
                    log.close()
                    if log.error is not None:
                        yield Noted(log.error.message)
                yield event
        finally:
            log.close()


# ---- the files


def _writer(folder: Path, *, fresh: bool = False) -> EventFileWriter:
    check_available()
    from tensorboardX.event_file_writer import EventFileWriter

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("events.out.tfevents.*") if fresh else ():
            old.unlink()
        return EventFileWriter(str(folder))
    except OSError as error:
        raise _unwritable(folder, error) from error


def _add(writer: EventFileWriter, scalars: Iterable[Scalar]) -> None:
    from tensorboardX.proto import event_pb2, summary_pb2

    event, summary = _made(event_pb2, "Event"), _made(summary_pb2, "Summary")
    for tag, value, step, wall in scalars:
        entry = summary(value=[summary.Value(tag=tag, simple_value=value)])
        writer.add_event(event(wall_time=wall, step=step, summary=entry))


def _purge(writer: EventFileWriter, step: int) -> None:
    """What was written before of this step and later ones no longer counts."""
    from tensorboardX.proto import event_pb2

    log = _made(event_pb2, "SessionLog")
    start = log(status=log.START)
    writer.add_event(_made(event_pb2, "Event")(wall_time=time.time(), step=step, session_log=start))


def _add_settings(writer: EventFileWriter, settings: Mapping[str, Any], row: RunRow, *, step: int, wall: float) -> None:
    """For the tab HParams: the settings, and the best and the test figures."""
    from tensorboardX.proto import event_pb2
    from tensorboardX.summary import hparams

    results = {key: value for key, value in row.figures.items() if key.partition(".")[0] in (BEST, TEST)}
    results |= {
        key: float(value) for key in ("parameters", "seconds") if isinstance(value := value_of(row, key), int | float)
    }
    tags = {_tag(key): value for key, value in results.items() if math.isfinite(value)}
    _add(writer, (Scalar(tag, value, step, wall) for tag, value in tags.items() if not tag.endswith("/test")))
    told = {
        key.removeprefix("plan.").removeprefix("objective."): value
        for key, value in settings.items()
        if value is not None
    }
    for entry in hparams(told, tags):
        writer.add_event(_made(event_pb2, "Event")(wall_time=wall, summary=entry))


def _made(module: object, name: str) -> Any:
    """A class that protobuf makes when its module is imported: no checker knows it."""
    return getattr(module, name)


def _tag(key: str) -> str:
    part, _, name = key.partition(".")
    return f"{name}/{part}" if name else part


def _unwritable(folder: Path, error: OSError) -> FileError:
    return FileError(msg("'{path}' cannot be written: {reason}", path=folder, reason=explain(error)))

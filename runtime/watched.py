"""A run that goes on elsewhere, by the events that it writes down: in a folder here, or on another machine by ssh.

No socket is ours: the other machine is asked by the person's own `ssh`, with the keys and the settings that it has.
Importable without torch.
"""

from __future__ import annotations

import itertools
import json
import math
import queue
import re
import shlex
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from graph.conversion import convert
from graph.files import SUFFIX
from graph.messages import Message, RunError, msg
from runtime.events import (
    FINAL,
    EpochEnded,
    Event,
    Failed,
    Finished,
    Health,
    Noted,
    RateSet,
    RunStarted,
    StepsEnded,
    Stopped,
)
from runtime.run_hold import is_written
from runtime.runs import EVENTS, FACTS, PROJECT, runs_folder
from runtime.watched_signs import Signs

LOOK = 0.2  # seconds between two looks
LOOKS = 5  # after so many it is looked whether a process still writes the run
PAUSE = 1.0  # seconds without a line from another machine, after which a last word was the last
KINDS: Mapping[str, type] = {
    kind.__name__: kind
    for kind in (RunStarted, StepsEnded, EpochEnded, Health, Noted, RateSet, Finished, Stopped, Failed)
}
_FIGURES = ("train", "validation", "test")
_REMOTE = re.compile(r"(?P<host>[^-/\\:][^/\\:]+|\[[^]]+\]):(?P<path>.+)")  # a single letter is a drive of Windows
_AGE = re.compile(r'\{"age": (-?\d+)\}')
# On the other machine: the file of the run, or of the latest in the folder; how old it is; from its first line on, and as it grows.
_TAIL = (
    "cd {path} && if [ -f {events} ]; then f={events}; else f=$(ls -d */{events} | tail -n 1); fi && "
    '{{ s=$(stat -c %Y "$f" 2>/dev/null || stat -f %m "$f" 2>/dev/null) && '
    'echo "{{\\"age\\": $(($(date +%s) - s))}}"; exec tail -n +1 -F "$f"; }}'
)


class Remote(NamedTuple):
    """A folder on another machine, which the person's ssh knows by that name."""

    host: str
    path: str

    def command(self) -> list[str]:
        """What prints the events of the run there, as they come."""
        home, slash, rest = self.path.partition("/")
        quoted = (
            f"~{slash}{shlex.quote(rest) if rest else ''}" if home == "~" else shlex.quote(self.path)
        )  # quotes hide ~
        return ["ssh", "-T", self.host, _TAIL.format(path=quoted, events=EVENTS)]


def remote_of(word: str) -> Remote | None:
    """The folder on another machine that HOST:PATH or USER@HOST:PATH means; None where it is a path here."""
    found = _REMOTE.fullmatch(word)
    return None if found is None or Path(word).exists() else Remote(found["host"], found["path"])


class RunLost(RunError):
    """A run whose process is gone without a last word."""


def command_for(run: Path) -> Message:
    """What to type to go on with a run, in the folder of an exported job or beside a drawing."""
    job, drawing = run.parent.parent / "train.py", run.parent.with_suffix(SUFFIX)
    if job.is_file():
        return msg("python {job} --resume {run}", job=shlex.quote(str(job)), run=shlex.quote(str(run)))
    file = drawing if runs_folder(drawing) == run.parent and drawing.is_file() else run / PROJECT
    return msg("train {file} --resume {run}", file=shlex.quote(str(file)), run=shlex.quote(str(run)))


def follow(
    place: str | Path,
    *,
    is_wanted: Callable[[], bool] = lambda: True,
    remedy: Callable[[Path], Message] = command_for,
) -> Iterator[Event]:
    """The events of a run, from its first on and as they come, until it has ended or they are not wanted any more.

    Where it cannot be seen whether its process lives, and nothing came for very long, a `Noted` says that it seems to have ended.

    Args:
        place: the folder of a run, or one with runs, for the latest; or HOST:PATH for one that ssh reaches.
        is_wanted: asked several times a second while nothing comes, and at each event.
        remedy: how a run in a folder here is gone on with.

    Raises:
        RunLost: its process is gone without a last word.
        RunError: there is no such folder, or ssh ended without a final event.
    """
    remote, signs = remote_of(str(place)), Signs()
    if remote is None:
        lines = _lines_here(Path(place), is_wanted, signs, remedy)
    else:
        lines = _lines_there(remote, is_wanted, signs)
    last: Event | None = None
    for line in lines:
        if not line.strip() and isinstance(last, FINAL):  # a pause after its last word: it does not go on
            return
        if line:
            signs.hear(line)
        elif (seconds := signs.silence()) is not None:
            yield Noted(_silence(seconds, signs, remote, remedy))
        event = event_of(line)
        if event is not None:
            yield event
            last = event
        if not is_wanted():
            return


def event_of(line: str) -> Event | None:
    """The event in a line of `metrics.jsonl`; None where it tells nothing that can be shown from afar, or is damaged."""
    try:
        record = json.loads(line)
        kind = KINDS[record.pop("event")]
        for name in _FIGURES:
            if isinstance(record.get(name), dict):
                record[name] = {key: _number(value) for key, value in record[name].items()}
        if kind is StepsEnded:
            record["series"] = {key: [*map(_number, values)] for key, values in record["series"].items()}
        if isinstance(record.get("message"), str):
            record["message"] = _as_message(record["message"])
        record.update({"notes": [*map(_as_message, record["notes"])]} if "notes" in record else {})
        return convert(record, kind)
    except (ValueError, KeyError, TypeError, AttributeError, msgspec.ValidationError):
        return None


def _as_message(text: str) -> dict[str, object]:
    """Words in the language of the machine that wrote them."""
    return {"text": "{text}", "values": {"text": text}}


def _number(value: float | None) -> float:
    """JSON has no word for what is not finite; events write None."""
    return math.nan if value is None else value


def _silence(seconds: float, signs: Signs, remote: Remote | None, remedy: Callable[[Path], Message]) -> Message:
    """That nothing came for so long, and how the run is gone on with."""
    if remote is not None:
        way = msg("on {host}, with --resume {run}", host=remote.host, run=signs.run or remote.path)
    else:
        assert signs.here is not None
        way = remedy(signs.here)
    usual = msg("at most {seconds:,.0f} s", seconds=signs.usual) if signs.usual else msg("not known yet")
    return msg(
        "Nothing has come from the run for {minutes:,.0f} minutes (usual between two signs: {usual}). It has probably ended "
        "without a last word: killed, or its machine is off. Look there; go on from its last checkpoint: {way}",
        minutes=seconds / 60,
        usual=usual,
        way=way,
    )


def _lines_here(
    folder: Path, is_wanted: Callable[[], bool], signs: Signs, remedy: Callable[[Path], Message]
) -> Iterator[str]:
    """The lines of the file as they come; an empty one whenever no more are there.

    Raises:
        RunLost: the process that wrote it is gone; what it wrote has been given.
    """
    run = _run_in(folder, is_wanted)
    if run is None:
        return
    waiting, path, signs.here = b"", run / EVENTS, run
    signs.age = max(0.0, time.time() - path.stat().st_mtime)
    with path.open("rb") as file:
        for look in itertools.count():
            if look % LOOKS == 0:  # before the file is read: all that was written before the end is given
                signs.is_written = is_written(path, run / FACTS)
            new = file.read()
            *whole, waiting = (waiting + new).split(b"\n")
            yield from (line.decode("utf-8", "replace") for line in whole)
            yield ""
            if not is_wanted():
                return
            if not path.is_file():
                text = msg(
                    "The run '{run}' is no longer at '{folder}': it was moved or deleted. Watch it where it is now.",
                    run=run.name, folder=str(run.parent),
                )  # fmt: skip
                raise RunLost(text)
            if look % LOOKS == 0 and signs.is_written is False and not new:
                raise RunLost(
                    msg(
                        "The run '{run}' has ended without a last word: its process was killed, or its machine went down. "
                        "Go on from its last checkpoint: {way}",
                        run=run.name,
                        way=remedy(run),
                    )
                )
            time.sleep(LOOK)


def _run_in(folder: Path, is_wanted: Callable[[], bool]) -> Path | None:
    """The run in a folder, or the latest of those in it; waited for where there is none yet."""
    if not folder.is_dir():
        raise RunError(
            msg(
                "There is no folder '{folder}' to watch. Check the path; on another machine it is HOST:PATH.",
                folder=folder,
            )
        )
    while is_wanted():
        if (folder / EVENTS).is_file():
            return folder
        if not (folder / FACTS).is_file():
            with suppress(ValueError, OSError):
                return max(path.parent for path in folder.glob(f"*/{EVENTS}"))
        time.sleep(LOOK)
    return None


def _lines_there(remote: Remote, is_wanted: Callable[[], bool], signs: Signs) -> Iterator[str]:
    """The lines that ssh prints; an empty one whenever no more came for a while."""
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(
                remote.command(), stdout=subprocess.PIPE, stderr=said, encoding="utf-8", errors="replace"
            )
        except OSError as error:
            raise RunError(
                msg(
                    "The program ssh cannot be started ({reason}). Install an OpenSSH client.",
                    reason=error.strerror or error,
                )
            ) from error
        assert process.stdout is not None
        threading.Thread(target=_end_when_unwanted, args=(process, is_wanted), daemon=True).start()
        try:
            for line in _with_pauses(process.stdout):
                if (age := _AGE.fullmatch(line.strip())) is not None:
                    signs.age = float(age[1])
                else:
                    yield line.rstrip("\n")
            process.wait()
            if not is_wanted():
                return
            said.seek(0)
            words = said.read().decode("utf-8", "replace").strip().splitlines()
            raise RunError(
                msg("ssh {host} ended: {reason}. Check that 'ssh {host}' works in a terminal, and the path on that machine.",
                    host=remote.host, reason=words[-1].rstrip(".") if words else process.returncode)
            )  # fmt: skip
        finally:
            process.kill()
            process.communicate()


def _end_when_unwanted(process: subprocess.Popen[str], is_wanted: Callable[[], bool]) -> None:
    """Nothing may come from there for a long time; who waits for it is set free."""
    while process.poll() is None:
        if not is_wanted():
            process.kill()
            return
        time.sleep(LOOK)


def _with_pauses(lines: Iterable[str]) -> Iterator[str]:
    """The lines as they come, read in a thread; an empty one whenever none came for a while."""
    waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        with suppress(ValueError, OSError):  # closed while it was read
            for line in lines:
                waiting.put(line)
        waiting.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = waiting.get(timeout=PAUSE)
        except queue.Empty:
            line = ""
        if line is None:
            return
        yield line

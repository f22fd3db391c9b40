"""A run that goes on elsewhere, by the events that it writes down: in a folder here, or on another machine by ssh.

No socket is ours: the other machine is asked by the person's own `ssh`, with the keys and the settings that it has.
Importable without torch.
"""

from __future__ import annotations

import json
import math
import re
import shlex
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from graph.messages import RunError, msg
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
from runtime.runs import EVENTS, FACTS

LOOK = 0.2  # seconds between two looks
KINDS: Mapping[str, type] = {
    kind.__name__: kind
    for kind in (RunStarted, StepsEnded, EpochEnded, Health, Noted, RateSet, Finished, Stopped, Failed)
}
_FIGURES = ("train", "validation", "test")
_REMOTE = re.compile(r"(?P<host>[^-/\\:][^/\\:]+|\[[^]]+\]):(?P<path>.+)")  # a single letter is a drive of Windows
# On the other machine: the file of the run, or of the latest in the folder; from its first line on, and as it grows.
_TAIL = 'cd {path} && if [ -f {events} ]; then f={events}; else f=$(ls -d */{events} | tail -n 1); fi && exec tail -n +1 -F "$f"'


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


def follow(place: str | Path, *, is_wanted: Callable[[], bool] = lambda: True) -> Iterator[Event]:
    """The events of a run, from its first on and as they come, until it has ended or they are not wanted any more.

    Args:
        place: the folder of a run, or one with runs, for the latest; or HOST:PATH for one that ssh reaches.
        is_wanted: asked several times a second while nothing comes, and at each event.

    Raises:
        RunError: there is no such folder, or ssh ended without a final event.
    """
    remote = remote_of(str(place))
    lines = _lines_here(Path(place), is_wanted) if remote is None else _lines_there(remote, is_wanted)
    last: Event | None = None
    for line in lines:
        if not line.strip() and isinstance(last, FINAL):  # a pause after its last word: it does not go on
            return
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
        if isinstance(record.get("message"), str):  # in the language of the machine that wrote it
            record["message"] = {"text": "{text}", "values": {"text": record["message"]}}
        return msgspec.convert(record, kind)
    except (ValueError, KeyError, TypeError, AttributeError, msgspec.ValidationError):
        return None


def _number(value: float | None) -> float:
    """JSON has no word for what is not finite; events write None."""
    return math.nan if value is None else value


def _lines_here(folder: Path, is_wanted: Callable[[], bool]) -> Iterator[str]:
    """The lines of the file as they come; an empty one whenever no more are there."""
    run = _run_in(folder, is_wanted)
    if run is None:
        return
    waiting = b""
    with (run / EVENTS).open("rb") as file:
        while True:
            *whole, waiting = (waiting + file.read()).split(b"\n")
            yield from (line.decode("utf-8", "replace") for line in whole)
            yield ""
            if not is_wanted() or not (run / EVENTS).is_file():  # the folder may be deleted meanwhile
                return
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


def _lines_there(remote: Remote, is_wanted: Callable[[], bool]) -> Iterator[str]:
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
            for line in process.stdout:
                yield line
                if _is_final(line):
                    yield ""
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


def _is_final(line: str) -> bool:
    return isinstance(event_of(line), FINAL)

"""Where the code of a person is while it runs in a process of its own: the child leaves traces, its parent reads them. No torch.

The traces are those of `faulthandler`: one every few seconds, and one where a library crashes and takes Python with it.
"""

from __future__ import annotations

import faulthandler
import re
import signal
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graph.messages import Message, msg
from runtime.importer.recording import Place

ROOT = Path(__file__).resolve().parents[2]
TRACES, PRINTED = "traces.txt", "printed.txt"  # in the folder that both share
LATE = 5  # seconds between two traces
TAIL, MOST = 2**16, 2**24  # bytes of a file that are read, and that it may have
_LINE = re.compile(r'^  File "(.+)", line (\d+) in ', re.MULTILINE)
_NOT_THEIRS = (
    *{sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib")},
    f"{ROOT / 'runtime'}",
    f"{ROOT / 'graph'}",
    "<",
)
_PACKAGES = ("site-packages", "dist-packages")


def is_theirs(file: str) -> bool:
    """Whether a line of this file is the person's own: neither ours, nor Python's, nor that of an installed package."""
    return not file.startswith(_NOT_THEIRS) and not any(part in _PACKAGES for part in Path(file).parts)


@contextmanager
def traced(folder: Path) -> Iterator[None]:
    """In the child: it leaves traces meanwhile. Ctrl+C is for its parent, which ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with (folder / TRACES).open("ab") as file:
        faulthandler.enable(file)
        faulthandler.dump_traceback_later(LATE, repeat=True, file=file)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
            faulthandler.disable()


def place_in(folder: Path) -> Place | None:
    """In the parent: the person's line that the child was in last."""
    trace = re.split(r"^(?:Current thread|Thread) 0x.*$", _tail(folder / TRACES), flags=re.MULTILINE)[-1]
    found = ((file, int(line)) for file, line in _LINE.findall(trace))
    return next((Place(file, line) for file, line in found if is_theirs(file)), None)


def printed_last(folder: Path) -> str:
    """The last line that the child printed where nobody saw it."""
    return next((line.strip() for line in reversed(_tail(folder / PRINTED).split("\n")) if line.strip()), "")


def keep_small(folder: Path) -> None:
    """Empty the files of a child that prints without an end; both are only appended to."""
    for file in (folder / PRINTED, folder / TRACES):
        if file.is_file() and file.stat().st_size > MOST:
            with file.open("r+b") as opened:
                opened.truncate(0)


def _tail(file: Path) -> str:
    if not file.is_file():
        return ""
    with file.open("rb") as opened:
        opened.seek(max(0, file.stat().st_size - TAIL))
        return opened.read().decode("utf-8", "replace")


def end_of(source: str, status: int, folder: Path) -> Message:
    """What a child ended with that left nothing behind."""
    place, printed = place_in(folder), printed_last(folder)
    if status < 0:
        known = status in [-number for number in signal.Signals]
        how = msg("was ended by the system ({signal})", signal=signal.Signals(-status).name if known else -status)
    else:
        how = msg("ended with the status {status}", status=status)
    where = msg(", in line {line} of {file}", line=place.line, file=place.file) if place and status < 0 else ""
    last = (
        msg("It printed last: {line}", line=printed[:300])
        if printed
        else msg("What it printed, if anything, says why.")
    )
    if status < 0 and place:
        last = msg("A library that it calls there crashed: run that line in Python alone, or take it out.")
    elif status == -signal.SIGKILL:
        last = msg("That happens where memory runs out: close other programs, or import a smaller one of its kind.")
    return msg(
        "The process that ran '{source}' {how}{where}, and nothing was imported. {last}",
        source=source,
        how=how,
        where=where,
        last=last,
    )

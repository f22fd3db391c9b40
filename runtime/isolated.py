"""A run in a process of its own: what ends that process, a crash or the system for want of memory, is an event of the run.

Both sides speak in pickles over the child's standard input and output, each behind its length; nobody else writes there. The
drawing travels as the text of its file. Importable without torch, which the child alone loads.
"""

from __future__ import annotations

import os
import pickle
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from graph import files
from graph.messages import Message, msg
from runtime.events import FINAL, Event, Failed, RunStarted
from runtime.session import Call, Control, Replace, Request, failure
from runtime.warmup import prepare_environment

ROOT = Path(__file__).resolve().parent.parent
# What a child does first: Ctrl+C in a terminal, or the end of a job on a cluster, reach the parent too, which decides. A handler, not
# SIG_IGN, for SIGTERM: processes that load data inherit the latter, and could not be ended.
DEAF = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, lambda *_: None)"
)
BOOT = f"{DEAF}; sys.path.insert(0, sys.argv[1]); from runtime.isolated import serve; serve()"
LENGTH = struct.Struct("<Q")
PATIENCE = 5.0  # seconds that a child gets to end by itself


def train_apart(
    request: Request, control: Control, environment: Mapping[str, str] | None = None, begun: list[Any] | None = None
) -> Iterator[Event]:
    """Let a child do what is asked; its events as they come, and one of ours where it ended without a last word.

    Args:
        environment: that of the child, if not that of this process.
        begun: a list that takes the child.
    """
    prepare_environment()
    child = subprocess.Popen(
        [sys.executable, "-P", "-c", BOOT, str(ROOT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    if begun is not None:
        begun.append(child)
    assert child.stdin is not None and child.stdout is not None
    lock, to_child = threading.Lock(), child.stdin

    def send(value: object) -> None:
        with lock, suppress(OSError, ValueError):  # a child that is gone is told of by its silence
            write(to_child, value)

    last: Event | None = None
    run: str | None = None
    try:
        send(_packed_request(request))
        control.relay_to(lambda call: send(_packed_call(call)))
        while (last := read(child.stdout)) is not None:
            run = last.run if isinstance(last, RunStarted) else run
            if isinstance(last, FINAL):
                with suppress(subprocess.TimeoutExpired):  # it closes its files after its last word
                    child.wait(PATIENCE)
                yield last
                return
            yield last
    finally:
        _end(child)
    yield Failed(_how_it_ended(child.returncode), run=run)


def serve() -> None:
    """What the child does: read the request, send the events, obey the calls that come meanwhile."""
    received, sent = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints something does not print it among the events
    control = Control()
    packed = read(received)
    if packed is None:
        return
    threading.Thread(target=_obey, args=(received, control), daemon=True).start()
    try:
        from runtime.warmup import warm_up

        warm_up()
        for event in _unpacked_request(packed).events(control):
            write(sent, event)
    except Exception as error:
        write(sent, failure(error))


def write(stream: IO[bytes], value: object) -> None:
    """Send a value.

    Raises:
        OSError: nobody listens any more.
    """
    content = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    stream.write(LENGTH.pack(len(content)) + content)
    stream.flush()


def read(stream: IO[bytes]) -> Any:
    """The next value; None where there comes no whole one any more."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    content = stream.read(length)
    return pickle.loads(content) if len(content) == length else None


def _obey(received: IO[bytes], control: Control) -> None:
    while (call := read(received)) is not None:
        control.take_call(_unpacked_call(call))
    os._exit(1)  # the parent is gone: nobody wants this run any more


def _end(child: subprocess.Popen[bytes]) -> None:
    """Wait a moment for the child to end by itself, then end it."""
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()
    try:
        child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _how_it_ended(status: int) -> Message:
    if -status == signal.SIGKILL:
        return msg(
            "The process of the run was killed, as the system does when memory runs out. Choose a smaller batch size, then go "
            "on from its last checkpoint with 'Continue a run'."
        )
    how = signal.Signals(-status).name if status < 0 else str(status)
    return msg(
        "The process of the run ended by itself ({how}). Go on from its last checkpoint with 'Continue a run'; the window and "
        "the drawing are as they were.",
        how=how,
    )


def _packed_request(request: Request) -> Any:
    return files.to_text(request.project), replace(request, project=None)  # type: ignore[arg-type]


def _unpacked_request(packed: Any) -> Request:
    text, request = packed
    return replace(request, project=files.from_text(text))


def _packed_call(call: Call) -> Any:
    name, values = call
    wish = values.get("wish")
    return (name, {"wish": files.to_text(wish.project)}) if isinstance(wish, Replace) else call


def _unpacked_call(call: Any) -> Call:
    name, values = call
    wish = values.get("wish")
    return (name, {"wish": Replace(files.from_text(wish))}) if isinstance(wish, str) else call

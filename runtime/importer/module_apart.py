"""A module of a person's own package, imported in a process of its own: only on the person's explicit word, since its code runs.

The two sides share a folder: `asked.json` goes in; `drawing.layerloom`, `FACTORY.safetensors` and `report.json` come out, or
`refused.json`. Nothing is unpickled. Importable without torch, which the child alone loads.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from graph import files
from graph.messages import LayerloomError, Message, RunError, msg
from graph.model import Project
from runtime.importer.apart_watch import LATE, PRINTED, ROOT, end_of, keep_small, place_in, traced
from runtime.importer.recording import Place
from runtime.warmup import prepare_environment

BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); from runtime.importer.module_apart import serve; serve(sys.argv[2])"
)
SOURCE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
ASKED, DRAWING, REPORT, REFUSED = "asked.json", "drawing.layerloom", "report.json", "refused.json"
LOOK = 0.1  # seconds between two looks whether the person still wants it
Watch = Callable[[int, Place], object]  # takes since how many seconds it runs, and where it is


@dataclass(frozen=True)
class Given:
    """An input: the shape of one sample, the kind of numbers, and of whole numbers how many there are."""

    shape: tuple[int, ...]
    dtype: str = "float32"
    count: int = 2


@dataclass(frozen=True)
class Brought:
    """A drawing, the file with the weights for it, and what came of it (the fields of `runtime.importer.module.Report`)."""

    project: Project
    weights: Path
    report: Mapping[str, Any] = field(default_factory=dict)


@contextmanager
def import_apart(
    source: str,
    inputs: Sequence[Given],
    *,
    name: str = "",
    home: Path | None = None,
    is_wanted: Callable[[], bool] = lambda: True,
    is_seen: bool = True,
    watch: Watch = lambda seconds, place: None,
) -> Iterator[Brought]:
    """The drawing of `package.module:factory`, a class or function that takes nothing, or a module. Runs its code.

    The file of weights is there as long as the context.

    Args:
        home: the folder that the code runs in, and in which the package is looked for first; None for the current one.
        is_wanted: asked several times a second; the process is ended where it says no.
        is_seen: whether the person sees what the code prints; else the last line of it is part of what is said.
        watch: is told every few seconds where the code is, while it is in the person's own.

    Raises:
        RunError: there is no such thing, it does not run, it cannot become a drawing, or it is not wanted any more; the message
            says where.
    """
    if not SOURCE.fullmatch(source):
        raise RunError(
            msg("'{source}' is not of the form package.module:factory, such as models.resnet:ResNet.", source=source)
        )
    prepare_environment()
    with tempfile.TemporaryDirectory(prefix="layerloom-") as temporary:
        folder = Path(temporary)
        asked = {"source": source, "name": name, "inputs": [asdict(entry) for entry in inputs]}
        (folder / ASKED).write_text(json.dumps(asked), encoding="utf-8")
        status = run_child(folder, BOOT, home=home, is_wanted=is_wanted, is_seen=is_seen, watch=watch)
        yield received(folder, status, source)


def run_child(
    folder: Path,
    boot: str,
    *,
    home: Path | None,
    is_wanted: Callable[[], bool],
    is_seen: bool,
    watch: Watch = lambda seconds, place: None,
) -> int:
    """Let a child work in the folder that it shares with us; its exit status. `home` is its current folder.

    Raises:
        RunError: it is not wanted any more; it was ended.
    """
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-P", "-c", boot, str(ROOT), str(folder)]
    began, told = time.monotonic(), 0
    with (folder / PRINTED).open("ab") as printed:
        child = subprocess.Popen(
            command, cwd=home, env=environment, stdin=subprocess.DEVNULL,
            stdout=_errors() if is_seen else printed, stderr=None if is_seen else printed,
        )  # fmt: skip
        try:
            while child.poll() is None:
                if not is_wanted():
                    raise RunError(msg("The import was cancelled."))
                seconds = int(time.monotonic() - began)
                if seconds >= told + LATE:
                    told = seconds
                    keep_small(folder)
                    if place := place_in(folder):
                        watch(seconds, place)
                with suppress(subprocess.TimeoutExpired):
                    child.wait(LOOK)
        finally:
            child.kill()
            child.wait()
    return child.returncode


def _weights(source: str) -> str:
    """The file with the weights, which the run is called like."""
    return f"{source.rpartition(':')[2]}.safetensors"


def _errors() -> int:
    """Where the child prints: beside the errors of this process, where it has a place for them."""
    try:
        return sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):
        return subprocess.DEVNULL


def received(folder: Path, status: int, source: str) -> Brought:
    """What the child left in the folder.

    Raises:
        RunError: it refused, or it ended without a word.
    """
    if (folder / REFUSED).is_file():
        raise RunError(_message(json.loads((folder / REFUSED).read_text("utf-8"))))
    if status or not (folder / REPORT).is_file():
        raise RunError(end_of(source, status, folder))
    return Brought(
        files.load(folder / DRAWING), folder / _weights(source), json.loads((folder / REPORT).read_text("utf-8"))
    )


# ---- the child


def serve(folder: str) -> None:
    """What the child does: run the person's code, and leave what came of it in the folder."""
    place = Path(folder)
    with refusing(place):
        asked = json.loads((place / ASKED).read_text("utf-8"))
        from runtime.importer.module import InputSpec, import_module
        from runtime.importer.module_loading import load

        module = load(asked["source"])
        inputs = [InputSpec(tuple(entry["shape"]), entry["dtype"], entry["count"]) for entry in asked["inputs"]]
        made = import_module(module, inputs, name=asked["name"])
        leave(place, asked["source"], made.project, made.weights, asdict(made.report))


@contextmanager
def refusing(folder: Path) -> Iterator[None]:
    """A refusal becomes a file in the folder, and so does that the code ends Python."""
    try:
        with traced(folder):
            yield
    except LayerloomError as error:
        said = error.message
    except SystemExit as error:
        from runtime.importer.module_loading import ended

        said = ended(error)
    else:
        return
    (folder / REFUSED).write_text(json.dumps(_record(said)), encoding="utf-8")


def leave(folder: Path, source: str, project: Project, weights: Mapping[str, Any], report: Mapping[str, Any]) -> None:
    """Write what came of it into the folder."""
    from safetensors.torch import save_file

    files.save(project, folder / DRAWING)
    save_file({name: tensor.contiguous().clone() for name, tensor in weights.items()}, str(folder / _weights(source)))
    (folder / REPORT).write_text(json.dumps(report), encoding="utf-8")


# ---- messages as records


def _record(message: Message) -> dict[str, Any]:
    values = {
        key: _record(value) if isinstance(value, Message) else _plain(value) for key, value in message.values.items()
    }
    return {"text": message.text, "values": values}


def _plain(value: object) -> Any:
    return value if isinstance(value, (int, float, str)) else str(value)


def _message(record: Mapping[str, Any]) -> Message:
    values = {key: _message(value) if isinstance(value, dict) else value for key, value in record["values"].items()}
    return replace(msg(""), text=record["text"], values=values)

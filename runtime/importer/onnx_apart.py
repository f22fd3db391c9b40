"""An ONNX file, imported in a process of its own: the window stays free, and the person may end it. See `module_apart`.

Importable without torch.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from runtime.importer.module_apart import ASKED, Brought, Given, leave, received, refusing, run_child
from runtime.warmup import prepare_environment

BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from runtime.importer.onnx_apart import serve; serve(sys.argv[2])"


@contextmanager
def import_apart(
    path: Path, inputs: Sequence[Given] = (), *, is_wanted: Callable[[], bool] = lambda: True
) -> Iterator[Brought]:
    """The drawing of an ONNX file. The file of weights is there as long as the context.

    Args:
        inputs: they in their order, where the file leaves sizes open beside the batch.
        is_wanted: asked several times a second; the process is ended where it says no.

    Raises:
        RunError: it cannot be read, it cannot become a drawing, or it is not wanted any more; the message says where.
    """
    prepare_environment()
    with tempfile.TemporaryDirectory(prefix="layerloom-") as temporary:
        folder = Path(temporary)
        asked = {"path": str(path.absolute()), "inputs": [asdict(entry) for entry in inputs]}
        (folder / ASKED).write_text(json.dumps(asked), encoding="utf-8")
        status = run_child(folder, BOOT, home=None, is_wanted=is_wanted, is_seen=False)
        yield received(folder, status, path.name)


def serve(folder: str) -> None:
    """What the child does: read the file, and leave what came of it in the folder."""
    place = Path(folder)
    with refusing(place):
        from runtime.importer.module import InputSpec
        from runtime.importer.onnx_import import import_onnx

        asked = json.loads((place / ASKED).read_text("utf-8"))
        path = Path(asked["path"])
        given = [InputSpec(tuple(entry["shape"]), entry["dtype"], entry["count"]) for entry in asked["inputs"]]
        made = import_onnx(path, given)
        leave(place, path.name, made.project, made.weights, _flat(asdict(made.report)))


def _flat(report: dict[str, Any]) -> dict[str, Any]:
    """The report of the drawing, with what was compared with onnxruntime beside it."""
    return {**report.pop("module"), "onnx": report}

"""Starts the `train.py` of a job folder where Layerloom itself cannot be imported: `python -P clean_job.py FOLDER [options]`."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

HIDDEN = ("gui", "main")
ROOMS = ("graph", "runtime")
OUTSIDE = 3  # the exit status where something else than the folder's own engine ran


def main(folder: Path, options: list[str]) -> int:
    """Run it; the exit status is its own, or `OUTSIDE`."""
    for name in HIDDEN:
        sys.modules[name] = None  # type: ignore[assignment]  # makes its import fail
    script = folder / "train.py"
    sys.argv = [str(script), *options]
    status = 0
    try:
        runpy.run_path(str(script), run_name="__main__")
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    files = (getattr(module, "__file__", None) for name, module in sys.modules.items() if name.split(".")[0] in ROOMS)
    return status if all(Path(file).resolve().is_relative_to(folder) for file in files if file) else OUTSIDE


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2:]))

"""The front door: opens the window, or runs one verb of the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime import cli

if TYPE_CHECKING:
    from graph.model import Project
    from runtime.analysis import Analysis


def main(argv: list[str] | None = None) -> int:
    """Run with these arguments (default: those of the process) and return the exit status."""
    return cli.main(sys.argv[1:] if argv is None else argv, open_window=_open_window, draw_picture=_draw_picture)


def _open_window(path: Path | None) -> int:
    from gui.app import run

    return run(path)


def _draw_picture(project: Project, analysis: Analysis, path: Path, **options: Any) -> None:
    from gui.canvas.picture import PictureOptions, render_picture

    render_picture(project, analysis, path, PictureOptions(**options))


if __name__ == "__main__":
    sys.exit(main())

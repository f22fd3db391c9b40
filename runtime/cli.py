"""The command line: parses, runs one verb, and turns whatever goes wrong into a sentence and an exit status.

0  done        1  the project or its data is wrong        2  usage        130  interrupted
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from graph.atomic import explain
from graph.messages import LayerloomError, set_language, tr
from graph.model import Project
from runtime import cli_parser
from runtime.analysis import Analysis
from runtime.cli_text import error_text

WRONG = 1
INTERRUPTED = 130
OpenWindow = Callable[[Path | None], int]
DrawPicture = Callable[[Project, Analysis, Path, str], None]


def main(
    argv: Sequence[str],
    *,
    open_window: OpenWindow,
    draw_picture: DrawPicture,
) -> int:
    """Run one verb and return the exit status.

    Args:
        argv: the arguments after the name of the program.
        open_window: opens the window on a file (None: none in particular) and returns its exit status.
        draw_picture: writes a drawing as a picture file in a theme.
    """
    try:
        code, argv = cli_parser.language_of(argv, os.environ)
        set_language(code)
        args = cli_parser.parse(argv)
        if args.verb == "open":
            return _open(args.file, open_window)
        from runtime import cli_verbs

        args.draw_picture = draw_picture
        status = cli_verbs.RUN[args.verb](args)
        sys.stdout.flush()
        return status
    except SystemExit as end:  # argparse has printed why
        return int(end.code or 0)
    except KeyboardInterrupt:
        return _say(tr("Interrupted."), INTERRUPTED)
    except BrokenPipeError:
        return _reader_is_gone()
    except LayerloomError as error:
        return _say(error_text(error), WRONG)
    except OSError as error:
        return _say(f"{tr('error')}: {error.filename or ''}: {explain(error)}", WRONG)
    except MemoryError:
        return _say(f"{tr('error')}: {tr('There is not enough memory. Try a smaller batch size or network.')}", WRONG)
    except Exception as error:
        if os.environ.get("LAYERLOOM_DEBUG") == "1":
            raise
        return _report(error)


def _open(file: str | None, open_window: OpenWindow) -> int:
    if file is None:
        return open_window(None)
    from runtime.cli_targets import find_file

    return open_window(find_file(file))


def _say(text: str, status: int) -> int:
    print(text, file=sys.stderr)
    return status


def _reader_is_gone() -> int:
    """Whoever read our output has left (`… | head`): stop without a word; the interpreter's last flush goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return WRONG


def _report(error: Exception) -> int:
    """Keep the full report of a mistake of ours in a file, and say in a sentence where."""
    said = tr("Layerloom made a mistake: {error}.", error=f"{type(error).__name__}: {error}")
    text = "".join(traceback.format_exception(error))
    try:
        folder = state_folder() / "reports"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{datetime.now():%Y-%m-%d_%H%M%S}.txt"
        path.write_text(f"{sys.version}\n{' '.join(sys.argv)}\n\n{text}", "utf-8")
    except OSError:
        return _say(f"{said}\n\n{text}", WRONG)
    return _say(f"{said} {tr('The full report is in {path}.', path=path)}", WRONG)


def state_folder() -> Path:
    """Where the application keeps what belongs to no document, by the custom of the operating system."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "Layerloom"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "Layerloom"
    return Path(os.environ.get("XDG_STATE_HOME") or home / ".local" / "state") / "Layerloom"

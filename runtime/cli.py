"""The command line: parses, runs one verb, and turns whatever goes wrong into a sentence and an exit status.

0  done        1  the project, its data or its name is wrong        2  usage        130  interrupted
With `diff`, 1 says that something differs, and 2 also what 1 says elsewhere.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TextIO

from graph.atomic import explain
from graph.messages import LayerloomError, msg, set_language, tr
from runtime import cli_grammar, cli_parser
from runtime.cli_text import error_text
from runtime.places import state_folder
from runtime.warmup import prepare_environment

WRONG = 1
INTERRUPTED = 130
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
OpenWindow = Callable[[Path | None], int]
DrawPicture = Callable[..., None]  # project, analysis, path; and how it is to look, by name


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
        draw_picture: writes a drawing as a picture file; takes the fields of `gui.canvas.picture.PictureOptions` by name.
    """
    for stream in (sys.stdout, sys.stderr):
        _print_every_letter(stream)
    trouble = WRONG
    try:
        code, argv = cli_parser.language_of(argv, os.environ)
        set_language(code)
        args = cli_parser.parse(argv)
        trouble = cli_grammar.VERBS[args.verb].trouble
        if args.verb == "open":
            return _open(args.file, open_window)
        from runtime import cli_verbs

        prepare_environment()
        args.draw_picture = draw_picture
        status = cli_verbs.RUN[args.verb](args)
        if sys.stdout is not None:  # somebody closed it: nothing was printed, and nothing can be said
            sys.stdout.flush()
        return status
    except SystemExit as end:  # argparse has printed why
        return int(end.code or 0)
    except KeyboardInterrupt:
        return _say(tr("Interrupted."), INTERRUPTED)
    except BrokenPipeError:
        return _reader_is_gone(trouble)
    except LayerloomError as error:
        return _say(error_text(error), trouble)
    except OSError as error:
        return _say(f"{tr('error')}: {error.filename or tr('output')}: {explain(error)}", trouble)
    except MemoryError:
        return _say(f"{tr('error')}: {tr('There is not enough memory. Try a smaller batch size or network.')}", trouble)
    except Exception as error:
        if os.environ.get("LAYERLOOM_DEBUG") == "1":
            raise
        return _report(error, trouble)


def _open(file: str | None, open_window: OpenWindow) -> int:
    from runtime.cli_targets import find_file

    path = None if file is None else find_file(file)
    if sys.platform == "linux" and not any(os.environ.get(name) for name in _DISPLAYS):
        raise LayerloomError(msg("There is no display to open a window on. The verbs need none: see --help."))
    return open_window(path)


def _print_every_letter(stream: TextIO) -> None:
    """UTF-8 into files and pipes; a terminal that lacks a letter shows a question mark."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")


def _say(text: str, status: int) -> int:
    print(text, file=sys.stderr)
    return status


def _reader_is_gone(status: int) -> int:
    """Whoever read our output has left (`… | head`): stop without a word; the interpreter's last flush goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


def _report(error: Exception, status: int) -> int:
    """Keep the full report of a mistake of ours in a file, and say in a sentence where."""
    said = tr("Layerloom made a mistake: {error}.", error=f"{type(error).__name__}: {error}")
    text = "".join(traceback.format_exception(error))
    try:
        folder = state_folder() / "reports"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{datetime.now():%Y-%m-%d_%H%M%S}.txt"
        path.write_text(f"{sys.version}\n{' '.join(sys.argv)}\n\n{text}", "utf-8")
    except OSError:
        return _say(f"{said}\n\n{text}", status)
    return _say(f"{said} {tr('The full report is in {path}.', path=path)}", status)

"""Runs the Python of custom nodes, once the person allowed exactly that text.

There is no sandbox: allowing code is like starting a program, which can do whatever the person can.
"""

from __future__ import annotations

import ast
import linecache
import traceback
from functools import lru_cache
from typing import Any

from graph import code
from graph.messages import EditError, ProjectError, msg
from runtime import trust

MAX_SHOWN = 300  # letters of an error
_IN_THE_HEADER = frozenset({"import torch", "from torch import nn"})


def load(text: str) -> Any:
    """The `nn.Module` class or the function that a node of this code runs; the same object each time.

    Raises:
        ProjectError: the text is not allowed, cannot be a node, or fails when it is run; the message names the line.
    """
    if not trust.is_allowed(text):
        raise ProjectError(
            msg(
                "This code is not allowed to run. Read it in the code editor or with the verb 'allow', and allow it there."
            )
        )
    try:
        signature = code.read(text)
    except EditError as error:
        raise ProjectError(error.message) from error
    return _run(text, signature)


def section(text: str) -> str:
    """The text as a part of generated source, without the imports that its header has, and without blank lines around.

    Raises:
        EditError: the text cannot be a node.
    """
    code.read(text)
    lines: list[str | None] = list(text.split("\n"))
    for statement in filter(_is_in_the_header, reversed(ast.parse(text).body)):
        first, last = statement.lineno - 1, (statement.end_lineno or 0) - 1
        head, tail = _cut(lines[first], statement.col_offset)[0], _cut(lines[last], statement.end_col_offset)[1]
        lines[first : last + 1] = [None] * (last + 1 - first)
        if head or tail.lstrip().startswith(";"):  # other statements are on that line
            lines[first] = f"{head}pass{tail}"
    return "\n".join(line for line in lines if line is not None).strip("\n")


def _is_in_the_header(statement: ast.stmt) -> bool:
    of_future = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
    return of_future or ast.unparse(statement) in _IN_THE_HEADER


def _cut(line: str | None, offset: int | None) -> tuple[str, str]:
    """A line in two, at an offset in bytes."""
    data = (line or "").encode()
    return data[:offset].decode(), data[offset:].decode()


@lru_cache(maxsize=128)
def _run(text: str, signature: code.Signature) -> Any:
    """What the text defines under the name of the signature; run once."""
    from torch import nn  # `section` is needed without it

    filename = _filename(text)
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    space: dict[str, Any] = {"__name__": f"layerloom_code_{code.digest(text)[:12]}"}
    try:
        exec(compile(text, filename, "exec", dont_inherit=True), space)
    except BaseException as error:  # code may raise anything, SystemExit too
        raise ProjectError(
            msg("Line {line}: '{name}' did not run: {error}. Mend that line, or install what it needs.",
                line=line_of(error, text), name=signature.name, error=shown(error))
        ) from error  # fmt: skip
    made = space.get(signature.name)
    is_module = isinstance(made, type) and issubclass(made, nn.Module)
    if not callable(made) or is_module != signature.is_module:
        raise ProjectError(
            msg("'{name}' is something else once the code has run. Give it that name only once.", name=signature.name)
        )
    return made


def _filename(text: str) -> str:
    """What tracebacks call the code."""
    return f"<code {code.digest(text)[:12]}>"


def line_of(error: BaseException, text: str) -> int:
    """The last line of the code on the way to the error; 1 where it was not reached."""
    filename = _filename(text)
    if isinstance(error, SyntaxError) and error.filename == filename:
        return error.lineno or 1
    return next(
        (f.lineno or 1 for f in reversed(traceback.extract_tb(error.__traceback__)) if f.filename == filename), 1
    )


def shown(error: BaseException) -> str:
    """The error in one line of a bounded length."""
    words = " ".join(str(error).split()).rstrip(".")
    kind = type(error).__name__
    return f"{kind}: {words[:MAX_SHOWN]}" if words else kind

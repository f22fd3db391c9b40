"""What a Python file has that could give a module, found by reading it: nothing of it runs. Importable without torch."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from graph.atomic import explain
from graph.messages import FileError, RunError, msg

IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
PACKAGE = "__init__.py"
MODULE = "Module"  # how the name of a class of modules ends, such as nn.Module


def named(file: Path) -> tuple[Path, str]:
    """The folder that a Python file is found from, and the name that it has there: the folder above `models`, and `models.resnet`.

    Raises:
        RunError: its name, or that of a package around it, cannot be imported.
    """
    file = file.absolute()
    home, names = file.parent, [] if file.name == PACKAGE else [file.stem]
    while (home / PACKAGE).is_file() and home.parent != home:
        home, names = home.parent, [home.name, *names]
    for name in names:
        if not IDENTIFIER.fullmatch(name):
            raise RunError(
                msg("'{name}' is no name that Python can import. Rename it: letters, digits and _ only.", name=name)
            )
    return home, ".".join(names)


def factories(file: Path) -> list[str]:
    """The classes and functions at the top of a file that take nothing, those that look like modules first.

    Raises:
        FileError: it cannot be read.
        RunError: it is no Python.
    """
    try:
        tree = ast.parse(file.read_bytes(), filename=str(file))
    except OSError as error:
        raise FileError(msg("'{file}' cannot be opened: {reason}", file=str(file), reason=explain(error))) from error
    except (SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None) or 0
        text = msg("Python cannot read line {line} of {file}: {error}. Mend it there, and import again.",
                   line=line, file=str(file), error=getattr(error, "msg", str(error)))  # fmt: skip
        raise RunError(text) from error
    modules: list[str] = []
    others: list[str] = []
    for entry in tree.body:
        if isinstance(entry, ast.ClassDef) and _takes_nothing(_init_of(entry), own=1):
            is_module = any(base.rpartition(".")[2].endswith(MODULE) or base in modules for base in _bases(entry))
            (modules if is_module else others).append(entry.name)
        elif isinstance(entry, ast.FunctionDef) and _takes_nothing(entry, own=0):
            others.append(entry.name)
    found = [*reversed(modules), *others]  # what a file is about comes last in it, after its parts
    return [name for name in found if not name.startswith("_")]


def _bases(entry: ast.ClassDef) -> Iterator[str]:
    yield from (ast.unparse(base) for base in entry.bases)


def _init_of(entry: ast.ClassDef) -> ast.FunctionDef | None:
    return next((part for part in entry.body if isinstance(part, ast.FunctionDef) and part.name == "__init__"), None)


def _takes_nothing(function: ast.FunctionDef | None, *, own: int) -> bool:
    """Whether it can be called without arguments, besides so many of its `own`. What has no `__init__` is tried."""
    if function is None:
        return True
    given = function.args
    needed = len(given.posonlyargs) + len(given.args) - len(given.defaults) - own
    return needed <= 0 and all(default is not None for default in given.kw_defaults)

"""Makes the module that `package.module:factory` means, or says which line stands in the way and what to do. Runs its code."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from graph.messages import LayerloomError, Message, RunError, msg
from runtime.importer.module_source import factories
from runtime.importer.recording import Place
from runtime.importer.tracing_places import place_of

WORDS = 300  # letters of an error


def load(source: str) -> Any:
    """The module of a person.

    Raises:
        RunError: it cannot be imported or built, or is no module; the message names the line.
    """
    from torch import nn

    package, _, attribute = source.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    found = _attribute(_imported(package), attribute)
    module = found if isinstance(found, nn.Module) else _built(source, found)
    if isinstance(module, nn.Module):
        if type(module).forward is nn.Module.forward:
            text = msg("{what} has no forward, so it computes nothing. Name a class or a function that gives one with a forward.",
                       what=_named(source, found))  # fmt: skip
            raise RunError(text)
        return module
    kind = "None" if module is None else type(module).__name__
    text = msg("{what} gives {kind}, which is no nn.Module. Name a class of modules, or a function that returns one.",
               what=_named(source, found), kind=kind)  # fmt: skip
    raise RunError(text)


def _imported(package: str) -> Any:
    try:
        return importlib.import_module(package)
    except SyntaxError as error:
        text = msg("Python cannot read line {line} of {file}: {error}. Mend it there, and import again.",
                   line=error.lineno or 0, file=error.filename or package, error=error.msg)  # fmt: skip
        raise RunError(text) from error
    except ModuleNotFoundError as error:
        raise RunError(_not_found(package, error)) from error
    except SystemExit as error:
        raise RunError(ended(error)) from error
    except Exception as error:
        text = msg(
            "'{package}' could not be imported: {where}. Mend it there, and import again.",
            package=package,
            where=where(error),
        )
        raise RunError(text) from error


def _not_found(package: str, error: ModuleNotFoundError) -> Message:
    missing = error.name or ""
    if package == missing or package.startswith(f"{missing}."):
        return msg("There is no '{package}' in {folder}, and none is installed. Check the name, and the folder that it lies in.",
                   package=package, folder=str(Path.cwd()))  # fmt: skip
    place = place_of(error)
    if place is None:
        return msg(
            "'{package}' could not be imported: {where}. Mend it there, and import again.",
            package=package,
            where=where(error),
        )
    return msg("Line {line} of {file} imports '{name}', which the Python of Layerloom does not have. Install it there "
               "({python} -m pip install …), or take the import out.",
               line=place.line, file=place.file, name=missing, python=sys.executable)  # fmt: skip


def _attribute(package: Any, attribute: str) -> Any:
    found = package
    for part in attribute.split("."):
        if not hasattr(found, part):
            file = getattr(package, "__file__", None) or package.__name__
            names = ", ".join(_factories(file))
            if not names:
                raise RunError(msg("There is no '{name}' in {file}. Check the name.", name=attribute, file=file))
            raise RunError(
                msg("There is no '{name}' in {file}. There are: {names}.", name=attribute, file=file, names=names)
            )
        found = getattr(found, part)
    return found


def _factories(file: str) -> list[str]:
    try:
        return factories(Path(file))
    except LayerloomError:
        return []


def _built(source: str, found: Any) -> Any:
    if not callable(found):
        return found
    if needed := _needed(found):
        text = msg("{what} needs {names}, and the import gives nothing. Write a function beside it that takes nothing and returns it, "
                   "such as def make(): return {name}(…), and name that.",
                   what=_named(source, found), names=", ".join(needed), name=getattr(found, "__name__", "Net"))  # fmt: skip
        raise RunError(text)
    try:
        return found()
    except SystemExit as error:
        raise RunError(ended(error)) from error
    except Exception as error:
        text = msg("'{source}' could not be built: {where}. Mend it there, or name a function that takes nothing and returns the module.",
                   source=source, where=where(error))  # fmt: skip
        raise RunError(text) from error


def _needed(found: Callable[..., Any]) -> list[str]:
    """The arguments without which it cannot be called."""
    try:
        parameters = inspect.signature(found).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


# ---- where


def _named(source: str, found: Any) -> Message:
    """How the person called it, and where it is written."""
    try:
        place = Place(inspect.getsourcefile(found) or "", inspect.getsourcelines(found)[1])
    except (OSError, TypeError):
        return msg("'{source}'", source=source)
    return msg("'{source}' in line {line} of {file}", source=source, line=place.line, file=place.file)


def where(error: BaseException) -> Message:
    """An error with the line that it comes from."""
    words = " ".join(str(error).split()).rstrip(".")
    shown = f"{type(error).__name__}: {words[:WORDS]}" if words else type(error).__name__
    place = place_of(error)
    if place is None:
        return msg("{error}", error=shown)
    return msg("line {line} of {file}: {error}", line=place.line, file=place.file, error=shown)


def ended(error: SystemExit) -> Message:
    """That the code ends Python itself."""
    place = place_of(error)
    if place is None:
        return msg("The code ends Python (sys.exit), so nothing can be imported. Take that out, and import again.")
    return msg("Line {line} of {file} ends Python (sys.exit), so nothing can be imported. Take that out, or put what runs as a program "
               "below {main}, and import again.", line=place.line, file=place.file, main="if __name__ == '__main__':")  # fmt: skip

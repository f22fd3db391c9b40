"""What the words FILE and RUN mean on the command line."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import NamedTuple

from graph import files
from graph.messages import FileError, Message, RunError, msg
from graph.model import Project
from runtime import examples
from runtime.runs import list_runs, runs_folder

NEAREST = 3  # names that are offered for one that is not there
LIKENESS = 0.6  # how like it they are at least, from 0 to 1


class Target(NamedTuple):
    """A drawing: its project, the folder that its relative paths start from, and the folder of its runs."""

    project: Project
    folder: Path
    runs: Path


def find_file(word: str) -> Path:
    """The file of that path, or of the built-in example of that name.

    Raises:
        FileError: there is neither; the message lists the examples, or for a path what its folder holds.
    """
    path = Path(word)
    if path.exists():
        return path
    if word in examples.names():
        return examples.path(word)
    raise FileError(_missing_file(path.absolute()) if path.name != word or path.suffix else _unknown_word(word))


def _missing_file(path: Path) -> Message:
    """That nothing lies at a path, with the names there that are most like it."""
    folder = path.parent
    if not folder.is_dir():
        return msg(
            "There is no file '{file}': the folder '{folder}' does not exist. Check the path.", file=path, folder=folder
        )
    close = difflib.get_close_matches(path.name, _names_in(folder), n=NEAREST, cutoff=LIKENESS)
    if not close:
        return msg("There is no file '{file}', nor one with a name like it. Check the path.", file=path)
    return msg("There is no file '{file}'. Most like it there: {names}.", file=path, names=", ".join(close))


def _names_in(folder: Path) -> list[str]:
    """What a folder holds; nothing where it cannot be read."""
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError:
        return []


def _unknown_word(word: str) -> Message:
    """That a word means nothing, with the examples that it could mean."""
    names = examples.names()
    text = msg(
        "There is no file or example '{word}'. The examples are: {examples}.", word=word, examples=", ".join(names)
    )
    close = difflib.get_close_matches(word, names, n=1)
    return msg("{problem} Did you mean {word}?", problem=text, word=close[0]) if close else text


def find_drawing(word: str, *, runs: Path | None = None, read_data: bool = False) -> Target:
    """Open the drawing that FILE means. Runs of an example go into the current folder.

    Args:
        read_data: whether to read its data now, instead of going by what it remembers.

    Raises:
        FileError: there is none, or it cannot be opened.
        DataError: its data is missing or wrong.
    """
    path = find_file(word)
    beside = path if Path(word).exists() else Path(path.name)
    project = files.load(path)
    if read_data:
        from runtime.data import read_again

        project = read_again(project, path.parent)
    return Target(project, path.parent, runs or runs_folder(beside))


def is_run(word: str) -> bool:
    """Whether the word can only mean the folder of a run."""
    return Path(word).is_dir()


def find_run(word: str, *, runs: Path | None = None) -> Path:
    """The run that FILE|RUN means: the folder itself, or the latest run of the drawing that left weights.

    Raises:
        FileError: there is no such file.
        RunError: the drawing was never trained.
    """
    if is_run(word):
        return Path(word)
    folder = find_drawing(word, runs=runs).runs
    found = next((run.path for run in list_runs(folder) if run.weights), None)
    if found is None:
        raise RunError(
            msg("There is no trained network in '{folder}'. Train it first: train {word}", folder=folder, word=word)
        )
    return found

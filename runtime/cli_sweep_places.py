"""What a drawing has marked as searchable, on the command line: listed, and taken out of its file again."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from shlex import quote

from graph import files
from graph.messages import EditError, FileError, Message, RunError, msg, tr
from graph.model import Project
from graph.search import Entry
from graph.search_labels import place_label, place_named
from runtime import cli_text
from runtime.cli_targets import find_file
from runtime.sweep_problems import gone_places
from runtime.sweep_spelling import space_words


def list_places(project: Project, args: Namespace) -> int:
    """Print the places that the drawing has marked, with their values as `--set` takes them; those that are gone too."""
    gone = gone_places(project)
    rows = [(label, space_words(entry.space, label), label not in gone) for label, entry in _entries(project).items()]
    if args.json:
        for label, values, is_there in rows:
            print(json.dumps({"place": label, "values": values, "is_there": is_there}, ensure_ascii=False))
    elif not rows:
        print(tr("Nothing is searched in '{file}'. Say what to try with --set PLACE=VALUES.", file=args.file))
    else:
        words = [(label, values, "" if is_there else tr("no longer there")) for label, values, is_there in rows]
        print(cli_text.table([tr("Place"), tr("Values"), ""], words))
        if gone:
            print(remedy(gone, args.file))
    return 0


def remove_places(project: Project, args: Namespace) -> int:
    """Take places out of the search of the drawing, and save it.

    Raises:
        RunError: one of them is not searched; nothing is changed then.
        FileError: the file is a built-in example, or cannot be written.
    """
    if not Path(args.file).exists():
        text = msg("'{file}' is a built-in example, which stays as it is. Save a copy of it in the window first.",
                   file=args.file)  # fmt: skip
        raise FileError(text)
    entries = _entries(project)
    labels = [_label(project, name, entries) for name in dict.fromkeys(args.remove)]
    kept = tuple(entry for label, entry in entries.items() if label not in labels)
    files.save(replace(project, search=replace(project.search, entries=kept)), find_file(args.file))
    for label in dict.fromkeys(labels):
        print(tr("{path}: '{place}' is searched no longer", path=args.file, place=label))
    return 0


def remedy(gone: Iterable[str], file: str) -> Message:
    """The command that takes places which are gone out of the search of a file."""
    names = list(gone)
    command = " ".join(["sweep", quote(file), *(f"--remove {quote(name)}" for name in names)])
    return msg(
        "'{place}' is searched and no longer there. Take it out of the search: {command}",
        place="', '".join(names),
        command=command,
    )


def _entries(project: Project) -> dict[str, Entry]:
    return {place_label(project, entry.place): entry for entry in project.search.entries}


def _label(project: Project, name: str, entries: dict[str, Entry]) -> str:
    """The label of the searched place that a name means: the label, or what `--set` takes for it."""
    if name in entries:
        return name
    known = ", ".join(entries) or tr("none")
    missing = msg("'{place}' is not searched. The searched places: {names}.", place=name, names=known)
    try:
        label = place_label(project, place_named(project, name))
    except EditError as error:  # no place at all
        raise RunError(missing) from error
    if label not in entries:
        raise RunError(missing)
    return label

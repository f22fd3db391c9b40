"""The verb `allow`: shows the Python that came with a drawing, and lets that run which the person names by its hash."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator, Sequence
from shlex import quote

from graph.code import digest, is_unseen
from graph.messages import ProjectError, msg, tr
from graph.model import Code
from runtime import trust
from runtime.cli_targets import find_drawing


def allow(args: Namespace) -> int:
    """Allow the code with the hashes in `args.yes`, then print every piece of code of the drawing; always gives 0."""
    codes = tuple(find_drawing(args.file).project.definitions.codes.values())
    for entry in [_named(word, codes) for word in args.yes]:  # all of them exist before one is allowed
        trust.allow(entry.text)
    if args.json:
        for entry in codes:
            print(json.dumps(_record(entry), allow_nan=False))
    else:
        print("\n\n".join(map(_shown, codes)) or tr("There is no Python of its own in this drawing."))
        print(*_next_lines(args.file, codes), sep="\n", end="")
    return 0


def _next_lines(file: object, codes: Sequence[Code]) -> Iterator[str]:
    """What to type to allow what is not allowed yet."""
    hashes = dict.fromkeys(digest(entry.text) for entry in codes if not trust.is_allowed(entry.text))
    if hashes:
        yield "\n" + tr("To let code run that you have read and trust, type:")
        yield from (f"  main.py allow {quote(str(file))} --yes {name}" for name in hashes)
        yield ""


def _named(word: str, codes: Sequence[Code]) -> Code:
    """The code whose hash begins with the word.

    Raises:
        ProjectError: none does, or several do.
    """
    found = {entry.text: entry for entry in codes if digest(entry.text).startswith(word)}
    if len(found) != 1:
        raise ProjectError(
            msg("The hash '{hash}' is that of {count} pieces of code here. Copy one from the list of 'allow'.",
                hash=word, count=len(found))
        )  # fmt: skip
    return next(iter(found.values()))


def _record(entry: Code) -> dict[str, object]:
    return {
        "event": "Code",
        "id": entry.id,
        "name": entry.name,
        "hash": digest(entry.text),
        "allowed": trust.is_allowed(entry.text),
        "text": entry.text,
    }


def _shown(entry: Code) -> str:
    """Its name, its hash, whether it is allowed, and its numbered lines."""
    state = tr("allowed") if trust.is_allowed(entry.text) else tr("not allowed")
    lines = (f"{number:>5}  {_visible(line)}" for number, line in enumerate(entry.text.split("\n"), 1))
    return "\n".join([f"{_visible(entry.name)}: {state}", digest(entry.text), *lines]).rstrip()


def _visible(text: str) -> str:
    """The text with what a terminal would obey, or not show, written as escapes."""
    return "".join(c.encode("unicode_escape").decode() if c == "\n" or is_unseen(c) else c for c in text)

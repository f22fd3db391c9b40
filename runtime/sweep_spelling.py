"""What a sweep tries, as it is written on the command line: `lr=log:1e-4..1e-1`, `conv1.out_channels=4..32`, `batch_size=16,32`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable

from graph.catalog.types import Kind
from graph.messages import EditError, msg
from graph.model import Project, Value
from graph.plan import WHOLE
from graph.search import (
    BYPASSED,
    TYPE,
    Entry,
    NodePlace,
    ObjectivePlace,
    Options,
    Place,
    PlanPlace,
    Space,
    Span,
    value_at,
)
from graph.search_labels import CATALOGS, NEAREST, param_at, place_label, place_named

LOG, BETWEEN = "log:", ".."
_STEPS = re.compile(r"(.+)/(\d{1,5})")  # a range, and how many values of it a grid takes
_BATCH_SIZE, _ALL = "batch_size", "all"
_YES, _NO, _NONE = ("yes", "true", "on"), ("no", "false", "off"), ("none", "auto")


def read_entry(project: Project, text: str) -> Entry:
    """The entry that `PLACE=SPACE` means. A space is LOW..HIGH, `log:LOW..HIGH`, either with `/COUNT` for a grid, or values
    between commas.

    Raises:
        EditError: there is no such place, or its values cannot be such; the message says what can be written.
    """
    name, sign, written = (part.strip() for part in text.partition("="))
    if not sign or not name or not written:
        raise EditError(
            msg("'{text}' does not say what to try where. Write PLACE=VALUES, such as lr=log:1e-4..1e-1 or batch_size=16,32,64.",
                text=text)
        )  # fmt: skip
    place = place_named(project, name)
    return Entry(place, _space(project, place, written))


def value_text(value: Value, label: str = "") -> str:
    """A value as it is written at the place of that label, types of PyTorch by the names of their classes."""
    if label == _BATCH_SIZE and value == WHOLE:
        return _ALL
    if isinstance(value, str) and value.startswith("torch."):
        return value.rpartition(".")[2]
    if isinstance(value, bool):
        return _YES[0] if value else _NO[0]
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    return _NONE[0] if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def space_words(space: Space, label: str = "") -> str:
    """What is tried at the place of that label, as `read_entry` reads it."""
    if isinstance(space, Options):
        return ",".join(value_text(value, label) for value in space.values)
    count = "" if space.count == Span(0, 1).count else f"/{space.count}"
    return f"{LOG if space.log else ''}{space.low:.12g}{BETWEEN}{space.high:.12g}{count}"


def _space(project: Project, place: Place, text: str) -> Space:
    kind = _kind(project, place)
    if BETWEEN in text:
        if kind not in (Kind.INT, Kind.INTS, Kind.FLOAT):
            raise EditError(
                msg(
                    "'{place}' takes no numbers, so it has no range. List its values with commas.",
                    place=place_label(project, place),
                )
            )
        return _span(project, place, text, is_whole=kind is not Kind.FLOAT)
    read = _reader(project, place, kind)
    values = dict.fromkeys(read(part.strip()) for part in text.split(",") if part.strip())
    return Options(tuple(values))


def _span(project: Project, place: Place, text: str, *, is_whole: bool) -> Span:
    body, count = (found[1], int(found[2])) if (found := _STEPS.fullmatch(text)) else (text, Span(0, 1).count)
    low, _, high = body.removeprefix(LOG).partition(BETWEEN)
    try:
        ends = (float(low), float(high))
    except ValueError as error:
        raise EditError(
            msg("'{text}' is no range of '{place}'. Write two numbers, such as {example}.",
                text=text, place=place_label(project, place), example="4..32" if is_whole else "0.1..0.5")
        ) from error  # fmt: skip
    return Span(*ends, log=body.startswith(LOG), whole=is_whole, count=count)


def _kind(project: Project, place: Place) -> Kind:
    """What values stand at a place."""
    if (param := param_at(project, place)) is not None:
        return param.kind
    if isinstance(place, NodePlace):
        return Kind.BOOL if place.name == BYPASSED else Kind.CHOICE
    value = value_at(project, place)
    return {bool: Kind.BOOL, int: Kind.INT, float: Kind.FLOAT}.get(type(value), Kind.CHOICE)


def _reader(project: Project, place: Place, kind: Kind) -> Callable[[str], Value]:
    if isinstance(place, NodePlace) and place.name == TYPE:
        blocks = {f"block.{block.name}": f"block.{block.id}" for block in project.blocks.values()}
        return lambda text: blocks.get(text) or _one_of(text, project.catalog)
    if isinstance(place, ObjectivePlace) and place.name in CATALOGS and not place.param:
        return lambda text: _one_of(text, CATALOGS[place.name])

    def read(text: str) -> Value:
        if isinstance(place, PlanPlace) and place.name == _BATCH_SIZE and text == _ALL:
            return WHOLE
        value = _plain(text, kind)
        param = param_at(project, place)
        return value if param is None else param.check(value)

    return read


def _one_of(text: str, known: Iterable[str]) -> str:
    """The id that a text means: itself, or that whose last part it is."""
    names = list(known)
    found = [text] if text in names else [name for name in names if name.rpartition(".")[2].lower() == text.lower()]
    if len(found) != 1:
        short = {name.rpartition(".")[2].lower(): name.rpartition(".")[2] for name in names}
        close = found or [short[word] for word in difflib.get_close_matches(text.lower(), short, n=NEAREST, cutoff=0.0)]
        raise EditError(
            msg(
                "'{value}' is none of the types that there are. Most like it: {names}.",
                value=text,
                names=", ".join(close),
            )
        )
    return found[0]


def _plain(text: str, kind: Kind) -> Value:
    word = text.lower()
    if kind is not Kind.TEXT and kind is not Kind.CHOICE and word in _NONE:
        return None
    try:
        if kind is Kind.BOOL:
            return _yes_or_no(word)
        if kind is Kind.INT:
            return int(text)
        if kind is Kind.FLOAT:
            return float(text)
        if kind is Kind.INTS:
            sizes = tuple(map(int, re.split("[x×]", text)))
            return sizes[0] if len(sizes) == 1 else sizes
    except ValueError:
        return text  # which the parameter refuses, saying what it takes
    return text


def _yes_or_no(word: str) -> bool:
    if word not in (*_YES, *_NO):
        raise ValueError(word)
    return word in _YES

"""What a sweep may change as a record of plain values, and back."""

from __future__ import annotations

from dataclasses import asdict

from msgspec.structs import asdict as fields_of

from graph.messages import FileError, msg
from graph.migrations import Record
from graph.schema import SearchRecord
from graph.search import Entry, Goal, NodePlace, ObjectivePlace, Options, Place, PlanPlace, Search, Span

_PLACES = {"plan": PlanPlace, "objective": ObjectivePlace, "node": NodePlace}
_KINDS = {kind: word for word, kind in _PLACES.items()}
_SPACES = {"SpanRecord": Span, "OptionsRecord": Options}


def search_record(search: Search) -> Record:
    """All of a search."""
    return {
        "entries": [{"place": place_record(e.place), "space": _space_record(e.space)} for e in search.entries],
        "goals": [goal.figure for goal in search.goals],
        "method": search.method,
        "trials": search.trials,
        "prune": search.prune,
        "at_once": search.at_once,
        "seed": search.seed,
    }


def search_of(record: SearchRecord | None) -> Search:
    """The search that a checked record holds.

    Raises:
        FileError: an entry names no place.
    """
    if record is None:
        return Search()
    entries = tuple(
        Entry(place_of(e.place), _SPACES[type(e.space).__name__](**fields_of(e.space))) for e in record.entries
    )
    goals = tuple(map(Goal, record.goals))
    return Search(entries, goals, record.method, record.trials, record.prune, record.at_once, record.seed)


def place_record(place: Place) -> list[str | None]:
    """A place: its kind, then its fields."""
    return [_KINDS[type(place)], *place]


def place_of(record: tuple[str | None, ...]) -> Place:
    """The place that such a list names.

    Raises:
        FileError: it names none.
    """
    kind = _PLACES.get(str(record[0]) if record else "")
    scope = kind is NodePlace
    wanted = () if kind is None else kind._fields
    fits = len(record) == len(wanted) + 1 and all(
        isinstance(value, str) or (scope and i == 0) for i, value in enumerate(record[1:])
    )
    if kind is None or not fits:
        raise FileError(
            msg("The search names a place that does not exist: {place}. Delete that entry.", place=list(record))
        )
    return kind(*record[1:])


def _space_record(space: Span | Options) -> Record:
    if isinstance(space, Options):
        return {"kind": "options", "values": list(space.values)}
    return {"kind": "span", **asdict(space), "low": float(space.low), "high": float(space.high)}

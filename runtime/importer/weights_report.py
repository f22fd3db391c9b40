"""What an import of weights does, node by node of the drawing. Importable without torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graph.messages import Message, msg
from graph.model import NodeId, Project
from runtime.importer.weights_mapping import (
    CHOSEN,
    DTYPE,
    EXACT,
    ORDER,
    PREFIX,
    SHAPE,
    SIMILAR,
    Entry,
    Match,
    Matches,
    Place,
    can_transpose,
    unused,
)

MATCHED, MISSING, MISMATCHED = STATES = ("matched", "missing", "mismatched")
KIND_WORDS = {
    EXACT: msg("same name"),
    PREFIX: msg("same name after a prefix"),
    ORDER: msg("same order and shape"),
    SIMILAR: msg("similar name, same shape"),
    CHOSEN: msg("chosen by you"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """What becomes of one parameter or buffer: its place, the entry that is meant for it, and MATCHED, MISSING or MISMATCHED."""

    place: Place
    match: Match | None
    state: str

    @property
    def words(self) -> Message:
        """A sentence about it."""
        if self.match is None:
            return (
                msg("measured on the data") if self.place.is_statistic else msg("missing: begins as in a new network")
            )
        entry, misfit = self.match.entry, self.match.misfit(self.place)
        if misfit == SHAPE:
            if can_transpose(self.place, entry):
                return msg("it is {given}: fits if rows become columns", given=sizes(entry.shape))
            return msg("it is {given}, which does not fit", given=sizes(entry.shape))
        if misfit == DTYPE:
            return msg("it holds {given}, needed is {needed}", given=entry.dtype, needed=self.place.dtype)
        if self.match.transposed:
            return msg("{kind}, rows become columns", kind=KIND_WORDS[self.match.kind])
        if entry.dtype != self.place.dtype:
            return msg("{kind}, {given} becomes {needed}",
                       kind=KIND_WORDS[self.match.kind], given=entry.dtype, needed=self.place.dtype)  # fmt: skip
        return KIND_WORDS[self.match.kind]


@dataclass(frozen=True, slots=True)
class Report:
    """All of them in the order of the drawing, and the entries of the file that nothing gets."""

    project: Project
    lines: tuple[Line, ...]
    unexpected: tuple[Entry, ...]

    @property
    def by_node(self) -> dict[NodeId, list[Line]]:
        """The lines by node, in the order of the network."""
        found: dict[NodeId, list[Line]] = {}
        for line in self.lines:
            found.setdefault(line.place.node, []).append(line)
        return found

    def count(self, state: str) -> int:
        """How many parameters and buffers have this state."""
        return sum(line.state == state for line in self.lines)

    @property
    def is_whole(self) -> bool:
        """Whether everything of the drawing that is learned gets its values."""
        return all(line.state == MATCHED or (line.match is None and line.place.is_statistic) for line in self.lines)

    def title(self, node: NodeId) -> str:
        """What the drawing calls a node."""
        found = self.project.graph.nodes.get(node)
        return found.name if found is not None else node

    @property
    def summary(self) -> Message:
        """How many of how many."""
        wrong = self.count(MISMATCHED)
        missing = sum(line.state == MISSING and not line.place.is_statistic for line in self.lines)
        return msg(
            "{matched} of {whole} parameters and buffers matched, {missing} missing, {wrong} mismatched, {unexpected} unexpected.",
            matched=self.count(MATCHED), whole=len(self.lines), missing=missing, wrong=wrong, unexpected=len(self.unexpected),
        )  # fmt: skip

    def to_record(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "matched": self.count(MATCHED),
            "whole": len(self.lines),
            "nodes": {self.title(node): [_record(line) for line in lines] for node, lines in self.by_node.items()},
            "unexpected": [entry.name for entry in self.unexpected],
        }


def make_report(project: Project, places: Sequence[Place], entries: Sequence[Entry], matches: Matches) -> Report:
    """What would become of every place with these matches."""
    lines = tuple(_line(place, matches.get(place.name)) for place in places)
    return Report(project, lines, tuple(unused(places, entries, matches)))


def sizes(shape: Sequence[int]) -> str:
    """`6 × 1 × 5 × 5`; a single number is called that."""
    return " × ".join(map(str, shape)) if shape else str(msg("one number"))


def _line(place: Place, match: Match | None) -> Line:
    if match is None:
        return Line(place, None, MISSING)
    return Line(place, match, MATCHED if match.misfit(place) is None else MISMATCHED)


def _record(line: Line) -> Mapping[str, Any]:
    match = line.match
    return {
        "name": line.place.name,
        "state": line.state,
        "shape": list(line.place.shape),
        "from": match.entry.name if match else None,
        "kind": match.kind if match else None,
        "transposed": bool(match and match.transposed),
    }

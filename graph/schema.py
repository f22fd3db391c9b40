"""The records of a graph file, typed: what `msgspec` checks before a value is built from them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from graph.conversion import convert
from graph.look import FARTHEST, FLOWS, FRAME, NOTE, RIGHT
from graph.messages import Message, msg
from graph.plan import AVERAGES, CLIPS, DEVICES, PRECISIONS, SPLITS, UNITS
from graph.search import METHODS
from graph.strict_json import refuse

_ID = r"^[A-Za-z0-9_.-]{1,64}\Z"
_TITLE = r"^[A-Za-z][A-Za-z0-9]{0,63}\Z"
_CODE_NAME = r"^[A-Za-z][A-Za-z0-9_]{0,63}\Z"


_KINDS_OF_MARKS = (FRAME, NOTE)
_LISTS = (
    DEVICES,
    _KINDS_OF_MARKS,
    FLOWS,
    SPLITS,
    UNITS,
    CLIPS,
    PRECISIONS,
    AVERAGES,
    METHODS,
)  # words to choose one from


def _any_of(words: Iterable[str]) -> str:
    return rf"^({'|'.join(words)})\Z"


def _one_of(words: Iterable[str]) -> Meta:
    return Meta(pattern=_any_of(words))


Id = Annotated[str, Meta(pattern=_ID)]
Word = Annotated[str, Meta(min_length=1, max_length=200)]
Title = Annotated[str, Meta(pattern=_TITLE)]  # becomes the name of a class
CodeName = Annotated[str, Meta(pattern=_CODE_NAME)]  # that of a class or function
Count = Annotated[int, Meta(ge=1, le=2**31)]
CountOrNone = Annotated[int, Meta(ge=0, le=2**31)]
Share = Annotated[float, Meta(ge=0, le=1)]
Coordinate = Annotated[float, Meta(ge=-FARTHEST, le=FARTHEST)]
Amount = Annotated[float, Meta(ge=0, le=1e12)]
Device = Annotated[str, _one_of(DEVICES)]
Plain = bool | int | float | str | None
Params = dict[str, Plain | tuple[Plain, ...]]
T = TypeVar("T", bound=Struct)


class ChoiceRecord(Struct, forbid_unknown_fields=True):
    """An optimizer or a scheduler."""

    type: Word
    params: Params = {}


class NodeRecord(Struct):
    """A node, without its position."""

    id: Id
    type: Word
    name: str
    params: Params = {}
    facts: dict[str, Any] | None = None
    shares: Id | None = None
    weight_init: ChoiceRecord | None = None
    bias_init: ChoiceRecord | None = None
    bypassed: bool = False


class SplitRecord(Struct, forbid_unknown_fields=True):
    """The shares of the samples."""

    train: Share
    validation: Share
    test: Share
    method: Annotated[str, _one_of(SPLITS)]


class ObjectiveRecord(Struct, forbid_unknown_fields=True):
    """What is minimized, and how."""

    name: str
    losses: tuple[tuple[Id, float], ...]
    parameters: tuple[Id, ...]
    optimizer: ChoiceRecord
    scheduler: ChoiceRecord
    every: Count
    accumulate: Count
    schedule_by: Annotated[str, _one_of(UNITS)]
    warmup: CountOrNone
    clip: Annotated[str, _one_of(CLIPS)]
    clip_at: Amount
    l1: Amount
    l2: Amount
    decay_all: bool


class PlanRecord(Struct):
    """The training plan."""

    split: SplitRecord
    objectives: tuple[ObjectiveRecord, ...]
    epochs: Count
    batch_size: CountOrNone
    seed: int
    device: Device
    precision: Annotated[str, _one_of(PRECISIONS)]
    compile: bool
    channels_last: bool
    deterministic: bool
    averaging: Annotated[str, _one_of(AVERAGES)]
    averaging_decay: Share
    averaging_start: Count
    monitor: Word
    patience: CountOrNone
    min_delta: Amount
    frozen: tuple[Id, ...]


class SpanRecord(Struct, forbid_unknown_fields=True, tag_field="kind", tag="span"):
    """Numbers to try."""

    low: float
    high: float
    log: bool
    whole: bool
    count: Count


class OptionsRecord(Struct, forbid_unknown_fields=True, tag_field="kind", tag="options"):
    """Values to try."""

    values: tuple[Plain | tuple[Plain, ...], ...]


class EntryRecord(Struct, forbid_unknown_fields=True):
    """A place of the project that is searched: `["plan", …]`, `["objective", …]` or `["node", scope, …]`."""

    place: tuple[str | None, ...]
    space: SpanRecord | OptionsRecord


class SearchRecord(Struct, forbid_unknown_fields=True):
    """A sweep."""

    entries: tuple[EntryRecord, ...] = ()
    goals: tuple[Word, ...] = ()
    method: Annotated[str, _one_of(METHODS)] = METHODS[-1]
    trials: Count = 20
    prune: bool = True
    at_once: Count = 1
    seed: int = 0


class BlockParamRecord(Struct, forbid_unknown_fields=True):
    """A parameter of a block."""

    name: str
    default: bool | int | float
    help: str = ""


LinkRecord = tuple[Id, Word, Id, Word]  # source node, its port, target node, its port


class BlockRecord(Struct):
    """A block, without the places of its nodes."""

    id: Id
    name: Title
    nodes: list[NodeRecord]
    links: list[LinkRecord]
    params: list[BlockParamRecord] = []
    help: str = ""


class CodeRecord(Struct):
    """Code of the person, line by line."""

    id: Id
    name: CodeName
    text: list[str]


class AnnotationRecord(Struct, forbid_unknown_fields=True):
    """A frame or a note."""

    id: Id
    kind: Annotated[str, _one_of(_KINDS_OF_MARKS)]
    text: str
    area: tuple[Coordinate, Coordinate, Coordinate, Coordinate]
    color: Annotated[str, Meta(max_length=64)] = ""


BendRecord = tuple[Id, Word, tuple[tuple[Coordinate, Coordinate], ...]]  # target node, its port, corner points


class LookRecord(Struct):
    """Frames, notes, bends of wires, collapsed cards, and the direction of a drawing."""

    annotations: list[AnnotationRecord] = []
    bends: list[BendRecord] = []
    collapsed: list[Id] = []
    flow: Annotated[str, _one_of(FLOWS)] = RIGHT


class LayoutRecord(LookRecord):
    """Where the nodes stand: the only part that changes when one is moved."""

    nodes: dict[str, tuple[Coordinate, Coordinate]] = {}
    blocks: dict[str, dict[str, tuple[Coordinate, Coordinate]]] = {}
    looks: dict[str, LookRecord] = {}  # those of the blocks


class PartRecord(Struct):
    """A part of a drawing, as in the clipboard."""

    format: str
    version: int
    nodes: list[NodeRecord]
    links: list[LinkRecord]
    blocks: list[BlockRecord] = []
    codes: list[CodeRecord] = []
    layout: LayoutRecord = msgspec.field(default_factory=LayoutRecord)


class ProjectRecord(PartRecord, kw_only=True):
    """A whole file."""

    name: str
    plan: PlanRecord
    weight_init: ChoiceRecord | None = None
    bias_init: ChoiceRecord | None = None
    search: SearchRecord | None = None


def unknown(record: dict[str, Any], known: type[Struct]) -> dict[str, Any]:
    """The fields of a record that this version of Layerloom does not know."""
    return {key: value for key, value in record.items() if key not in known.__struct_fields__}


def check(record: dict[str, Any], kind: type[T]) -> T:
    """The typed form of a record.

    Raises:
        FileError: a field is missing or has a value that does not fit; the message says where.
    """
    try:
        return convert(record, kind)
    except msgspec.ValidationError as error:
        detail, _, place = str(error).partition(" - at ")
        raise refuse(place.strip("`").lstrip("$."), _explain(detail)) from error


_LEAST, _MOST = (rf"Expected `(?:int|float)` {sign} (?P<limit>-?\d+)(?:\.0)?" for sign in (">=", "<="))
_EXPLANATIONS = (
    (r"Object missing required field `(?P<field>.*)`", msg("the field '{field}' is missing. Add it.")),
    (r"Object contains unknown field `(?P<field>.*)`", msg("the field '{field}' is not known. Delete it.")),
    (r"Expected `str` matching regex (?P<form>.*)", msg("the value does not fit: it must be {form}. Change it.")),
    (_LEAST, msg("the value does not fit: it must be at least {limit}. Change it.")),
    (_MOST, msg("the value does not fit: it must be at most {limit}. Change it.")),
    (r"Expected `(?P<wanted>[^`]*)`, got `(?P<found>[^`]*)`", msg("{wanted} is needed there, not {found}.")),
    (r"(?P<detail>.*)", msg("the value does not fit ({detail}). Change it.")),
)
_KINDS = {
    "array": msg("a list"),
    "bool": msg("yes or no"),
    "float": msg("a number"),
    "int": msg("a whole number"),
    "null": msg("nothing"),
    "object": msg("an object"),
    "str": msg("a text"),
}
_FORMS = {
    _ID: msg("up to 64 letters, digits, points, dashes and underscores"),
    _TITLE: msg("up to 64 letters and digits, beginning with a letter"),
    _CODE_NAME: msg("up to 64 letters, digits and underscores, beginning with a letter"),
    **{_any_of(words): ", ".join(words) for words in _LISTS},
}
_WORDS = {**_KINDS, **{repr(pattern): words for pattern, words in _FORMS.items()}}  # by how msgspec says it


def _explain(detail: str) -> Message:
    """What msgspec says about a value, in words that can be translated."""
    for pattern, explanation in _EXPLANATIONS:
        if found := re.fullmatch(pattern, detail, re.DOTALL):
            return replace(explanation, values={k: _WORDS.get(v, v) for k, v in found.groupdict().items()})
    raise AssertionError(detail)

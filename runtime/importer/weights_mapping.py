"""Which entry of a file of weights belongs where in a drawing: a proposal that a person can judge. Importable without torch."""

from __future__ import annotations

import difflib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from graph.messages import Message, RunError, msg
from graph.model import NodeId

EXACT, PREFIX, ORDER, SIMILAR, CHOSEN = KINDS = ("exact", "prefix", "order", "similar", "chosen")
SHAPE, DTYPE = "shape", "dtype"
LIKENESS = 0.5  # how like each other two names are at least, from 0 to 1
MAX_COMPARED = 200_000  # pairs of names whose likeness is worked out
FLOATS = ("float64", "float32", "float16", "bfloat16")
# What other libraries call the parameters of a layer.
_WORDS = {"kernel": "weight", "gamma": "weight", "scale": "weight", "beta": "bias", "moving_mean": "running_mean",
          "moving_variance": "running_var", "w": "weight", "b": "bias"}  # fmt: skip

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A tensor in a file."""

    name: str
    shape: Shape
    dtype: str

    @property
    def module(self) -> str:
        """The name without its last part."""
        return self.name.rpartition(".")[0]

    @property
    def leaf(self) -> str:
        """The last part of the name, as PyTorch calls it."""
        last = self.name.rpartition(".")[2]
        return _WORDS.get(last, last)


@dataclass(frozen=True, slots=True)
class Place(Entry):
    """A parameter or buffer of a drawing, with the node that holds it; `aliases` are other names of the same tensor.

    `is_statistic`: it is measured on the data (Normalize), not learned, so nothing is missing where a file has none.
    """

    node: NodeId = ""
    aliases: tuple[str, ...] = ()
    is_statistic: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """All names."""
        return self.name, *self.aliases


@dataclass(frozen=True, slots=True)
class Match:
    """An entry for a place, how it was found, and whether rows become columns."""

    entry: Entry
    kind: str
    transposed: bool = False

    def misfit(self, place: Place) -> str | None:
        """SHAPE or DTYPE where the entry cannot be put there; None where it can. Floating point of any width fits each other."""
        shape = self.entry.shape[::-1] if self.transposed else self.entry.shape
        if shape != place.shape:
            return SHAPE
        both_float = self.entry.dtype in FLOATS and place.dtype in FLOATS
        return None if both_float or self.entry.dtype == place.dtype else DTYPE


Matches = Mapping[str, Match]  # by the name of the place


def can_transpose(place: Place, entry: Entry) -> bool:
    """Whether it would fit if rows became columns, and does not fit as it is."""
    return len(entry.shape) == 2 and entry.shape != place.shape and entry.shape[::-1] == place.shape


def fits(place: Place, entry: Entry) -> bool:
    """Whether an entry can be put there as it is."""
    return Match(entry, CHOSEN).misfit(place) is None


def propose(places: Sequence[Place], entries: Sequence[Entry]) -> dict[str, Match]:
    """An entry for every place where there is one that may be meant, by the name of the place.

    First those of the same name, whatever their shape, so that one that does not fit is told; then those whose names differ by a
    leading part; then, module by module, those in the same order with the same shapes; then those of the same shape with names
    like each other, or of a matrix that fits when turned. Each entry is used once.
    """
    found: dict[str, Match] = {}
    for step in (_by_name, _by_prefix, by_order, _by_likeness):
        used = {match.entry.name for match in found.values()}
        places_left = [place for place in places if place.name not in found]
        entries_left = [entry for entry in entries if entry.name not in used]
        for place, match in step(places_left, entries_left):
            found[place.name] = match
    return found


def unused(places: Sequence[Place], entries: Sequence[Entry], mapping: Matches) -> list[Entry]:
    """The entries that no place gets. A second name of a tensor that got its values is none of them."""
    used = {match.entry.name for match in mapping.values()}
    used |= {alias for place in places if place.name in mapping for alias in place.names}
    return [entry for entry in entries if entry.name not in used]


def chosen(
    places: Sequence[Place], entries: Sequence[Entry], pairs: Iterable[tuple[str, str]], *, transpose: bool = False
) -> dict[str, Match]:
    """What a person says belongs together: names of entries with names of places, or leading parts of them.

    Raises:
        RunError: there is no such name.
    """
    of_file, of_drawing = {entry.name: entry for entry in entries}, {n: place for place in places for n in place.names}
    found: dict[str, Match] = {}
    for word, new in pairs:
        old = _whole_name(word, of_file)
        pieces = list(_pieces(old, new, of_file, of_drawing))
        if not pieces:
            raise RunError(_unknown_pair(old, new, of_file, of_drawing))
        for entry, place in pieces:
            found[place.name] = Match(entry, CHOSEN, transpose and can_transpose(place, entry))
    return found


def with_chosen(mapping: Matches, more: Matches) -> dict[str, Match]:
    """A mapping with other matches for some places; an entry that they use is free elsewhere."""
    used = {match.entry.name for match in more.values()}
    return {**{name: match for name, match in mapping.items() if match.entry.name not in used}, **more}


def with_turned(places: Sequence[Place], entries: Sequence[Entry], mapping: Matches) -> dict[str, Match]:
    """A mapping with rows and columns exchanged where that makes an entry fit.

    Places that have none that fits get those that go together in order once their matrices are turned, whatever the names.
    """
    turned = transposed(places, mapping)
    kept = {place.name: turned[place.name] for place in places if _is_right(place, turned.get(place.name))}
    used = {match.entry.name for match in kept.values()}
    places_left = [place for place in places if place.name not in kept]
    entries_left = [entry for entry in entries if entry.name not in used]
    more = {place.name: match for place, match in by_order(places_left, entries_left, turning=True)}
    return with_chosen(turned, more)


def squares(places: Sequence[Place], mapping: Matches) -> list[str]:
    """The names of the matrices that would fit either way round; none of them is turned."""
    return [p.name for p in places if p.name in mapping and len(p.shape) == 2 and p.shape[0] == p.shape[1] > 1]


def _is_right(place: Place, match: Match | None) -> bool:
    return match is not None and match.misfit(place) is None


def in_order(places: Sequence[Place], entries: Sequence[Entry]) -> dict[str, Match]:
    """What goes together by order and shape alone, whatever the names."""
    return {place.name: match for place, match in by_order(places, entries)}


def transposed(places: Sequence[Place], mapping: Matches) -> dict[str, Match]:
    """The mapping with rows and columns exchanged where that makes an entry fit."""
    by_name = {place.name: place for place in places}
    return {
        name: replace(match, transposed=True) if can_transpose(by_name[name], match.entry) else match
        for name, match in mapping.items()
    }


# ---- by name


Pairs = Iterable[tuple[Place, Match]]


def _by_name(places: Sequence[Place], entries: Sequence[Entry]) -> Pairs:
    by_name = {entry.name: entry for entry in entries}
    for place in places:
        known = [by_name[name] for name in place.names if name in by_name]
        if known:
            yield place, Match(next((entry for entry in known if fits(place, entry)), known[0]), EXACT)


def _by_prefix(places: Sequence[Place], entries: Sequence[Entry]) -> Pairs:
    """Those that are the same without a leading part (`module.`, `backbone.`), the part that fits most first."""
    places, entries = list(places), list(entries)
    while places and entries:
        pairs = _best_prefix(places, entries)
        if not pairs:
            return
        yield from ((place, Match(entry, PREFIX)) for place, entry in pairs)
        gone = {place.name for place, _ in pairs} | {entry.name for _, entry in pairs}
        places = [place for place in places if place.name not in gone]
        entries = [entry for entry in entries if entry.name not in gone]


def _best_prefix(places: Sequence[Place], entries: Sequence[Entry]) -> list[tuple[Place, Entry]]:
    """What the leading part joins whose removal, here or there, makes most names equal."""
    of_drawing, of_file = {place.name: place for place in places}, {entry.name: entry for entry in entries}
    joined: dict[tuple[str, str], list[tuple[Place, Entry]]] = defaultdict(list)
    for entry in entries:
        for prefix, rest in _cuts(entry.name):
            if (place := of_drawing.get(rest)) is not None and fits(place, entry):
                joined["", prefix].append((place, entry))
    for place in places:
        for prefix, rest in _cuts(place.name):
            if (entry := of_file.get(rest)) is not None and fits(place, entry):
                joined[prefix, ""].append((place, entry))
    return max(joined.values(), key=len, default=[])


def _cuts(name: str) -> Iterator[tuple[str, str]]:
    """Each way to cut leading parts off."""
    parts = name.split(".")
    for i in range(1, len(parts)):
        yield ".".join(parts[:i]), ".".join(parts[i:])


# ---- by order


def by_order(places: Sequence[Place], entries: Sequence[Entry], *, turning: bool = False) -> Pairs:
    """Modules with the same parameters of the same shapes, one after the other; with `turning` also of matrices turned round.

    Where drawing and file have as many modules of a form, they go together in order; else the longest runs of modules with the
    same forms do (as `difflib` finds them).
    """
    ours, theirs = _modules(places, turning=turning), _modules(entries, turning=turning)
    counts = [Counter(form for form, _ in modules) for modules in (ours, theirs)]
    settled = [form for form, count in counts[0].items() if counts[1][form] == count]
    for form in settled:
        for mine, its in zip((p for f, p in ours if f == form), (e for f, e in theirs if f == form), strict=True):
            yield from _together(mine, its)
    ours, theirs = ([(f, m) for f, m in modules if f not in settled] for modules in (ours, theirs))
    blocks = difflib.SequenceMatcher(None, [f for f, _ in ours], [f for f, _ in theirs], autojunk=False)
    for start, other, length in blocks.get_matching_blocks():
        for i in range(length):
            yield from _together(ours[start + i][1], theirs[other + i][1])


def _modules(entries: Sequence[Entry], *, turning: bool) -> list[tuple[frozenset[tuple[str, Shape]], list]]:
    """The modules in their order, each with its form: which parameters of which shapes it has, of a matrix either way round."""
    found: dict[str, list] = defaultdict(list)
    for entry in entries:
        found[entry.module].append(entry)

    def form(entry: Entry) -> tuple[str, Shape]:
        is_matrix = turning and len(entry.shape) == 2
        return entry.leaf, (min(entry.shape, entry.shape[::-1]) if is_matrix else entry.shape)

    return [(frozenset(map(form, held)), held) for held in found.values()]


def _together(places: Sequence[Place], entries: Sequence[Entry]) -> Pairs:
    by_leaf = {entry.leaf: entry for entry in entries}
    for place in places:
        entry = by_leaf[place.leaf]
        is_turned = can_transpose(place, entry)  # only where matrices of either way count as the same
        if is_turned or fits(place, entry):
            yield place, Match(entry, ORDER, is_turned)


def in_natural_order(entries: Iterable[Entry]) -> list[Entry]:
    """Entries as people count them (`layer2` before `layer10`), for files that do not keep the order of a network."""
    return sorted(entries, key=lambda entry: [(part.isdecimal(), int(part) if part.isdecimal() else 0, part)
                                              for part in re.split(r"(\d+)|\.", entry.name) if part])  # fmt: skip


# ---- by likeness


def _by_likeness(places: Sequence[Place], entries: Sequence[Entry]) -> Pairs:
    by_shape: dict[Shape, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_shape[entry.shape].append(entry)
    pairs = [
        (place, entry)
        for place in places
        for shape in dict.fromkeys((place.shape, place.shape[::-1]))
        for entry in by_shape.get(shape, ())
        if fits(place, entry) or can_transpose(place, entry)
    ]
    if len(pairs) > MAX_COMPARED:
        return
    rated = [(_likeness(place, entry), place, entry) for place, entry in pairs]
    taken: set[str] = set()
    for likeness, place, entry in sorted(rated, key=lambda row: -row[0]):
        if likeness >= LIKENESS and f"p{place.name}" not in taken and f"e{entry.name}" not in taken:
            taken |= {f"p{place.name}", f"e{entry.name}"}
            yield place, Match(entry, SIMILAR)


def _likeness(place: Place, entry: Entry) -> float:
    if place.leaf != entry.leaf:
        return 0.0
    return difflib.SequenceMatcher(None, place.module.lower(), entry.module.lower(), autojunk=False).ratio()


# ---- what a person says


def _whole_name(word: str, known: Iterable[str]) -> str:
    """A name, or the beginning of some, with the one leading part that it may be written without (`module.`)."""
    if _is_known(word, known):
        return word
    whole = {f"{prefix}.{word}" for name in known for prefix, rest in _cuts(name) if _is_known(word, (rest,))}
    return whole.pop() if len(whole) == 1 else word


def _pieces(
    old: str, new: str, of_file: Mapping[str, Entry], of_drawing: Mapping[str, Place]
) -> Iterator[tuple[Entry, Place]]:
    if old in of_file and new in of_drawing:
        yield of_file[old], of_drawing[new]
        return
    for name, entry in of_file.items():
        rest = name.removeprefix(f"{old}.")
        known = (f"{new}.{rest}", f"{new}.{rest.removesuffix(name.rpartition('.')[2])}{entry.leaf}")
        if rest != name and (place := next((of_drawing[n] for n in known if n in of_drawing), None)) is not None:
            yield entry, place


def _unknown_pair(old: str, new: str, of_file: Mapping[str, Entry], of_drawing: Mapping[str, Place]) -> Message:
    if not _is_known(old, of_file):
        return msg(
            "The file has nothing named '{name}'. Most like it there: {names}.", name=old, names=_closest(old, of_file)
        )
    if not _is_known(new, of_drawing):
        return msg(
            "The drawing has no weights named '{name}'. Most like it there: {names}.",
            name=new,
            names=_closest(new, of_drawing),
        )
    return msg("'{old}' and '{new}' have no weights of the same name in them. Name single weights: {old}.weight={new}.weight",
               old=old, new=new)  # fmt: skip


def _is_known(name: str, known: Iterable[str]) -> bool:
    return any(other == name or other.startswith(f"{name}.") for other in known)


def _closest(name: str, known: Iterable[str]) -> str:
    return ", ".join(difflib.get_close_matches(name, list(known), n=3, cutoff=0))

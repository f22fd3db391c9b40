"""What operations that cut up, pick and sort cannot take, in the words of the drawing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING

from graph import fixes
from graph.catalog.sources import fixed_numbers
from graph.messages import msg
from graph.problems import Fix, Problem
from runtime.diagnosis_dimensions import (
    Check,
    check_dims,
    check_keeps_batch,
    check_mixes_samples,
    first,
    given,
    size_along,
)

if TYPE_CHECKING:
    from runtime.diagnosis import Situation


def _check_split(s: Situation) -> Iterator[Problem]:
    size, sizes = size_along(s), s.values["split_sizes"]
    if size is not None and sum(sizes) != size:
        text = msg("'{node}' cuts pieces of {sizes}, together {total}, but dimension {dim} of '{source}' ({given}) has the size "
                   "{size}. Give sizes that add up to it.",
                   **given(s), sizes=" + ".join(map(str, sizes)), total=sum(sizes), dim=s.values["dim"], size=size)  # fmt: skip
        yield s.problem("piece-sizes", text, *_equal_pieces(s, size, len(sizes)), port="input")


def _equal_pieces(s: Situation, size: int, count: int) -> Iterator[Fix]:
    if size % count == 0:
        yield fixes.set_param(s.node.id, "split_sizes", (size // count,) * count)


def _check_chunk(s: Situation) -> Iterator[Problem]:
    size, chunks = size_along(s), s.values["chunks"]
    if size is None:
        return
    pieces = -(-size // -(-size // chunks)) if size else chunks
    if pieces != chunks:
        text = msg("'{node}' cuts {chunks} pieces, but dimension {dim} of '{source}' ({given}) makes only {pieces}. "
                   "Use fewer pieces, or Split.", **given(s), chunks=chunks, dim=s.values["dim"], pieces=pieces)  # fmt: skip
        yield s.problem("piece-sizes", text, fixes.set_param(s.node.id, "chunks", pieces), port="input")
    elif size % chunks:
        text = msg("'{node}' cuts {chunks} pieces from dimension {dim} of '{source}' ({given}), and the last one is smaller. "
                   "Check that this is meant.", **given(s), chunks=chunks, dim=s.values["dim"])  # fmt: skip
        yield s.problem("piece-sizes", text, port="input", warn=True)


def _check_unbind(s: Situation) -> Iterator[Problem]:
    size, count = size_along(s), s.values["count"]
    if size is not None and size != count:
        text = msg("'{node}' has {count} outputs, but dimension {dim} of '{source}' ({given}) has the size {size}. "
                   "Set 'count' to it.", **given(s), count=count, dim=s.values["dim"], size=size)  # fmt: skip
        mends = [fixes.set_param(s.node.id, "count", size)] if 1 < size <= 64 else []
        yield s.problem("piece-sizes", text, *mends, port="input")


def _check_places(s: Situation) -> Iterator[Problem]:
    size, places = size_along(s), s.values["index"]
    if size is not None and max(places) >= size:
        text = msg("'{node}' takes place {place} of dimension {dim}, but '{source}' gives {given}, where that dimension "
                   "has the size {size}. The first place is 0.",
                   **given(s), place=max(places), dim=s.values["dim"], size=size)  # fmt: skip
        yield s.problem("place-range", text, port="input")


def _check_best(s: Situation) -> Iterator[Problem]:
    size, k = size_along(s), s.values["k"]
    if size is not None and k > size:
        text = msg("'{node}' looks for {k} numbers, but dimension {dim} of '{source}' ({given}) has only {size}. Set k to at most "
                   "{size}.", **given(s), k=k, dim=s.values["dim"], size=size)  # fmt: skip
        yield s.problem("place-range", text, fixes.set_param(s.node.id, "k", size), port="input")


def _check_matrices(s: Situation) -> Iterator[Problem]:
    port, spec = first(s)
    if len(spec.shape) < 2:
        text = msg("'{node}' works on matrices, the last two dimensions, but '{source}' gives {given}.", **given(s))
        yield s.problem("wrong-dimensions", text, port=port)


def _check_moves(s: Situation) -> Iterator[Problem]:
    """As many places as dimensions, all of them there, none twice."""
    port, spec = first(s)
    count = len(spec.shape)
    moved = [s.values[name] for name in ("source", "destination")]
    fits = all(-count <= dim < count for dims in moved for dim in dims)
    once = all(len({dim % count for dim in dims}) == len(dims) for dims in moved)
    if not fits or not once or len(moved[0]) != len(moved[1]):
        text = msg("'{node}' moves dimensions {dims} of '{source}' ({given}) to {places}. Name as many places as dimensions, "
                   "each once, from 0, the batch, to {last}.",
                   **given(s), dims=_listed(moved[0]), places=_listed(moved[1]), last=count - 1)  # fmt: skip
        yield s.problem("permutation", text, port=port)


def _listed(dims: Sequence[int]) -> str:
    return ", ".join(map(str, dims))


def _check_classes(s: Situation) -> Iterator[Problem]:
    port, spec = first(s)
    if spec.dtype != "int64":
        text = msg("'{node}' takes class numbers of the kind int64, but '{source}' gives {dtype}. Put a ToDtype between them.",
                   node=s.node.name, source=s.source(port), dtype=spec.dtype)  # fmt: skip
        yield s.problem("wrong-dtype", text, port=port)


def _check_scatter(s: Situation) -> Iterator[Problem]:
    """As many dimensions everywhere, one kind of numbers, and no more places than numbers to add."""
    target, index, added = (s.inputs[port] for port in ("input", "index", "src"))
    names = {"node": s.node.name, "input": s.source("input"), "target": target, "index": s.source("index"), "places": index,
             "src": s.source("src"), "added": added}  # fmt: skip
    if not len(target.shape) == len(index.shape) == len(added.shape) or target.dtype != added.dtype:
        text = msg("'{node}' adds '{src}' ({added}) to '{input}' ({target}) at the places of '{index}' ({places}). All need as "
                   "many dimensions, and both sides the same kind of numbers.", **names)  # fmt: skip
        yield s.problem("wrong-dimensions", text, port="index")
        return
    dim = s.values["dim"] % len(target.shape)
    sizes = zip(target.shape, index.shape, added.shape, strict=True)
    for place, (there, wanted, given_) in enumerate(sizes):
        if _exceeds(wanted, given_) or (place != dim and _exceeds(wanted, there)):
            text = msg("'{node}' has more places ('{index}': {places}) than numbers to add ('{src}': {added}), or than '{input}' "
                       "({target}) has besides dimension {dim}.", **names, dim=dim)  # fmt: skip
            yield s.problem("shape-mismatch", text, port="index")
            return


def _exceeds(a: object, b: object) -> bool:
    return a > b if isinstance(a, int) and isinstance(b, int) else a != b


def _check_parameter(s: Situation) -> Iterator[Problem]:
    shape = s.values["shape"]
    if "like" in s.inputs and shape[0] != 1:
        text = msg("'{node}' has the shape {shape}, and only a first size of 1 becomes the size of the batch. Begin the shape "
                   "with 1, or take the wire away.", node=s.node.name, shape=" × ".join(map(str, shape)))  # fmt: skip
        yield s.problem("shape-mismatch", text, fixes.set_param(s.node.id, "shape", (1, *shape)), port="like")


def _check_fixed(s: Situation) -> Iterator[Problem]:
    shape, text = s.values["shape"], s.values["values"]
    numbers = len(fixed_numbers(text)) if text is not None else 0
    if numbers > 1 and numbers != prod(shape):
        text = msg("'{node}' has the shape {shape}, which needs {needed} numbers, but it is told {count}. Change one or the other.",
                   node=s.node.name, shape=" × ".join(map(str, shape)), needed=prod(shape), count=numbers)  # fmt: skip
        yield s.problem("shape-mismatch", text)


_CUT = (check_dims, check_keeps_batch)
PIECES: Mapping[str, Sequence[Check]] = {
    "Split": (*_CUT, _check_split),
    "Chunk": (*_CUT, _check_chunk),
    "Unbind": (*_CUT, _check_unbind),
    "IndexSelect": (*_CUT, _check_places),
    "RepeatInterleave": _CUT,
    "Diagonal": _CUT,
    "TopK": (check_dims, check_mixes_samples, _check_best),
    "Tril": (_check_matrices,),
    "Triu": (_check_matrices,),
    "Movedim": (_check_moves,),
    "OneHot": (_check_classes,),
    "ScatterAdd": (check_dims, _check_scatter),
    "Parameter": (_check_parameter,),
    "Fixed": (_check_fixed, _check_parameter),
}

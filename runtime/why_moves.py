"""Rules of `runtime.why` for what puts dimensions elsewhere: which dimension of which input each one is."""

from __future__ import annotations

from runtime.why_rules import Moves, Place, View, but_last, named, same


def permuted(view: View, dim: int) -> Place:
    """The order that `dims` gives."""
    return view.first, named(view, "dims")[dim]


def transposed(view: View, dim: int) -> Place:
    """Two dimensions change places."""
    (a,), (b,) = named(view, "dim0"), named(view, "dim1")
    return view.first, {a: b, b: a}.get(dim, dim)


def moved(view: View, dim: int) -> Place:
    """Some dimensions go to new places, the others close up."""
    sources, places = named(view, "source"), named(view, "destination")
    rest = iter(d for d in range(view.rank) if d not in sources)
    order = [sources[places.index(d)] if d in places else next(rest) for d in range(view.rank)]
    return view.first, order[dim]


def without_new(view: View, dim: int) -> Place | None:
    """A dimension is new."""
    (new,) = named(view, "dim")
    return None if dim == new else (view.first, dim - (dim > new))


def with_gone(view: View, dim: int) -> Place:
    """One dimension of the input is gone."""
    (gone,) = named(view, "dim", rank=view.rank + 1)
    return view.first, dim + (dim >= gone)


def squeezed(view: View, dim: int) -> Place:
    """One dimension of the input is gone, if its size was 1."""
    return with_gone(view, dim) if len(view.inputs[view.first].shape) > view.rank else (view.first, dim)


def reduced(view: View, dim: int) -> Place | None:
    """The dimensions named by `dim` are gone, or 1 with `keepdim`."""
    rank = len(view.inputs[view.first].shape)
    gone = named(view, "dim", rank=rank)
    if view.values.get("keepdim"):
        return None if dim in gone else (view.first, dim)
    return view.first, [d for d in range(rank) if d not in gone][dim]


def flattened(view: View, dim: int) -> Place | None:
    """All but the dimensions that are merged into one."""
    start, end = merged_range(view)
    if dim == start and end > start:
        return None
    return view.first, dim if dim <= start else dim + end - start


def unflattened(view: View, dim: int) -> Place | None:
    """All but those that one dimension is split into."""
    (at,), count = named(view, "dim", rank=len(view.inputs[view.first].shape)), len(view.values["unflattened_size"])
    if at <= dim < at + count:
        return None
    return view.first, dim if dim < at else dim - count + 1


def expanded(view: View, dim: int) -> Place | None:
    """What keeps its size; the rest is stretched, repeated or padded."""
    return same(view, dim) if dim == 0 or view.given(dim) == view.spec.shape[dim] else None


def multiplied(right: str) -> Moves:
    """Rows of the first, columns of the second."""

    def moves(view: View, dim: int) -> Place | None:
        if dim == view.rank - 1:
            return right, len(view.inputs[right].shape) - 1
        return (view.first, len(view.inputs[view.first].shape) - 2) if dim == view.rank - 2 else same(view, dim)

    return moves


def lettered(view: View, dim: int) -> Place | None:
    """The input whose term of the equation has the letter; an ellipsis stands for a mark for each dimension it covers."""
    terms, _, result = view.values["equation"].replace(" ", "").partition("->")
    shapes = {port: spec.shape for port, spec in view.inputs.items()}
    pairs = list(zip(shapes, terms.split(","), strict=True))
    covered = {port: len(shapes[port]) - len(term.replace("...", "")) for port, term in pairs if "..." in term}
    most = max(covered.values(), default=0)
    marks = "0123456789"[:most]
    letter = result.replace("...", marks)[dim]
    for port, term in pairs:
        place = term.replace("...", marks[most - covered.get(port, 0) :]).find(letter)
        if place >= 0 and shapes[port][place] == view.spec.shape[dim]:
            return port, place
    return None


def attended(view: View, dim: int) -> Place:
    """Attention gives a row for every query; its weights have a column for every key."""
    if view.port == "attn_output_weights" and view.rank == 3:
        return ("query", "query", "key")[dim], (0, 1, 1)[dim]
    return "query", dim


def looked_up(view: View, dim: int) -> Place:
    """A row for every query, with the features of the values."""
    return ("value" if dim == view.rank - 1 else "query"), dim


def square(view: View, _dim: int) -> Place:
    """Both sides are as long as one dimension of the input."""
    return view.first, named(view, "dim", rank=len(view.inputs[view.first].shape))[0]


def lengths(view: View, dim: int) -> Place:
    """One row for every length, as long as one dimension of the input."""
    return ("lengths", 0) if dim == 0 else square(view, dim)


def merged_range(view: View) -> tuple[int, int]:
    """The first and the last dimension that a Flatten merges."""
    rank = len(view.inputs[view.first].shape)
    return view.values["start_dim"] % rank, view.values["end_dim"] % rank


def states(view: View, dim: int) -> Place | None:
    """The final states of a recurrent layer are layers × batch × features."""
    if view.port == "output":
        return but_last(view, dim)
    return (view.first, 0) if dim == 1 else None

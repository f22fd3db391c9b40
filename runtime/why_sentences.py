"""Rules of `runtime.why` for single node types: the sentence, and what to ask about next."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import floor

from graph.messages import msg
from runtime.why_moves import merged_range
from runtime.why_rules import Answer, Dims, Makes, View, counted, merged, named, param, times


def flatten(view: View, dims: Dims) -> Answer:
    """Several dimensions one after the other."""
    start, end = merged_range(view)
    sources = tuple(range(start, end + 1))
    text = msg("'{node}' puts {sizes} into one dimension: {size}.", node=view.node.name,
               sizes=times(view.given(d) for d in sources), size=view.spec.shape[dims[0]])  # fmt: skip
    return merged(view, dims, sources, text)


def what_is_left(view: View, dims: Dims, asked: tuple[int, ...], sources: Dims) -> Answer:
    """An entry of a shape that is -1: all the numbers, divided by the other entries."""
    others = [size for size in asked if size != -1]
    text = msg("'{node}' leaves {size} of {sizes}, which it divides by {others}.", node=view.node.name, size=view.spec.shape[dims[0]],
               sizes=times(view.given(d) for d in sources), others=times(others) or 1)  # fmt: skip
    return merged(view, dims, sources, text)


def unflatten(view: View, dims: Dims) -> Answer:
    """One dimension split into several."""
    asked, (at,) = view.values["unflattened_size"], named(view, "dim", rank=len(view.inputs[view.first].shape))
    if asked[dims[0] - at] != -1:
        return param("unflattened_size")(view, dims)
    return what_is_left(view, dims, asked, (at,))


def reshape(view: View, dims: Dims) -> Answer:
    """Another shape for as many numbers."""
    asked = view.values["shape"]
    if asked[dims[0] - 1] != -1:
        return param("shape")(view, dims)
    return what_is_left(view, dims, asked, tuple(range(1, len(view.inputs[view.first].shape))))


def concatenate(view: View, dims: Dims) -> Answer:
    """The parts side by side."""
    parts = [spec.shape[dims[0]] for spec in view.inputs.values()]
    text = msg("'{node}' joins {parts} along dimension {dim}: {size}.", node=view.node.name, dim=dims[0],
               parts=" + ".join(map(str, parts)), size=view.spec.shape[dims[0]])  # fmt: skip
    return Answer(text, tuple((port, dims) for port in view.inputs))


def stack(view: View, _dims: Dims) -> Answer:
    """A new dimension, with one place for every input."""
    return Answer(msg("'{node}' lays {count} inputs side by side.", node=view.node.name, count=len(view.inputs)))


def single(view: View, _dims: Dims) -> Answer:
    """A new dimension of the size 1."""
    return Answer(msg("'{node}' puts a dimension of the size 1 there.", node=view.node.name))


def reduce(view: View, dims: Dims) -> Answer:
    """One number in the place of many, with `keepdim`."""
    text = msg("'{node}' makes one number of the {given} along dimension {dim}.", node=view.node.name,
               given=view.given(dims[0]), dim=dims[0])  # fmt: skip
    return Answer(text)


def padding(name: str) -> Makes:
    """Numbers before and after, the last dimension first; a single number for every spatial side."""

    def made(view: View, dim: int) -> str | None:
        value, place = view.values[name], view.rank - 1 - dim
        ends = (
            (value, value)
            if isinstance(value, int)
            else value * 2
            if len(value) == 1
            else value[2 * place : 2 * place + 2]
        )
        before, after = (f"− {-end}" if end < 0 else f"+ {end}" for end in ends)
        return f"{view.given(dim)} {before} {after} = {view.spec.shape[dim]}"

    return counted(made)


def scaled(factor: Callable[[View, int], object]) -> Makes:
    """The size times a factor, rounded down; without the product where PyTorch's rounding of the factor shows."""

    def product(view: View, dim: int) -> str | None:
        text, size = f"{view.given(dim)} × {factor(view, dim)}", view.spec.shape[dim]
        exact = Fraction(str(view.given(dim))) * Fraction(str(factor(view, dim)))
        if exact == size:
            return f"{text} = {size}"
        return f"⌊{text}⌋ = {size}" if floor(exact) == size else None

    return counted(product)


def halved(view: View, dims: Dims) -> Answer:
    """One half gates the other."""
    return counted(lambda v, dim: f"{v.given(dim)} / 2 = {v.spec.shape[dim]}")(view, dims)


def interpolate(view: View, dims: Dims) -> Answer:
    """A size that is given, or a scale."""
    if view.values.get("size") is not None:
        return param("size")(view, dims)
    return scaled(lambda v, _: f"{v.values['scale_factor']:.12g}")(view, dims)


def shuffled(name: str, *, channels: str, sides: str) -> Makes:
    """The channels and the sides of an image are traded for each other."""

    def made(view: View, dim: int) -> str:
        factor = view.values[name]
        step = f"{channels} {factor}²" if dim == 1 else f"{sides} {factor}"
        return f"{view.given(dim)} {step} = {view.spec.shape[dim]}"

    return counted(made)


def hidden(view: View, dims: Dims) -> Answer:
    """The features of a recurrent layer: `hidden_size`, or `proj_size`, once for each direction."""
    name = "proj_size" if view.values.get("proj_size") and view.port != "c_n" else "hidden_size"
    if view.port != "output" or not view.values.get("bidirectional"):
        return param(name)(view, dims)
    return Answer(msg("'{node}' reads in both directions, each with {param} = {half}: {size}.", node=view.node.name, param=name,
                      half=view.values[name], size=view.spec.shape[dims[0]]))  # fmt: skip


def layers(view: View, dims: Dims) -> Answer:
    """The features and the layers of the states."""
    if dims == (view.rank - 1,):
        return hidden(view, dims)
    text = msg(
        "'{node}' keeps a state for each layer and direction: {size}.",
        node=view.node.name,
        size=view.spec.shape[dims[0]],
    )
    return Answer(text)


def patches(view: View, dims: Dims) -> Answer:
    """The windows of an image, one after the other."""
    if dims == (1,):
        kernel = (view.axis("kernel_size", 2), view.axis("kernel_size", 3))
        formula = f"{times((view.given(1), *kernel))} = {view.spec.shape[1]}"
        text = msg("'{node}' puts the numbers of every window of {kernel} one after the other: {formula}.", node=view.node.name,
                   kernel=times(kernel), formula=formula)  # fmt: skip
        return Answer(text, ((view.first, (1,)),))
    text = msg("'{node}' finds {size} windows in {given}.", node=view.node.name, size=view.spec.shape[2],
               given=times((view.given(2), view.given(3))))  # fmt: skip
    return Answer(text, ((view.first, (2, 3)),))


def pieces(view: View, dims: Dims) -> Answer:
    """Equal parts; where they do not fit, the last is what is left, by the documentation of `torch.chunk`."""
    count = view.values["chunks"]

    def part(view: View, dim: int) -> str:
        given, size = int(view.given(dim)), int(view.spec.shape[dim])
        piece = -(-given // count)
        if size < piece:
            return f"{given} − {(given - size) // piece} × {piece} = {size}"
        return f"⌈{given} / {count}⌉ = {size}" if given % count else f"{given} / {count} = {size}"

    return counted(part)(view, dims)


def picked(view: View, dims: Dims) -> Answer:
    """As many as there are places in `index`."""
    words, places = view.words(dims), view.values["index"]
    text = msg("'{node}' picks {size} of {given}: {places}.", **words, places=", ".join(map(str, places)))
    return Answer(text)


def repeated(view: View, dim: int) -> object:
    """How often a dimension is repeated."""
    value = view.values["repeats"]
    return value[dim - 1] if isinstance(value, tuple) else value

"""What the operators of ONNX that move numbers about are in PyTorch (see `runtime.importer.onnx_operators`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graph.messages import msg
from runtime.importer.onnx_values import APART, JOINED, Known, Unable, exchanged

if TYPE_CHECKING:
    from runtime.importer.onnx_module import Work

FAR = 2**31 - 1  # ends of slices from here on mean the very end
KINDS = {
    1: torch.float32, 2: torch.uint8, 3: torch.int8, 5: torch.int16, 6: torch.int32, 7: torch.int64, 9: torch.bool, 10: torch.float16,
    11: torch.float64, 16: torch.bfloat16,
}  # fmt: skip


def _sized(work: Work, x: Tensor, sizes: list[int]) -> list[int]:
    """Sizes that the file has fixed for its one batch, for the batch that runs now."""
    owner = work.owner
    if owner.fixed is not None and sizes and x.ndim and sizes[0] == owner.fixed and x.shape[0] == owner.batch:
        return [owner.batch, *sizes[1:]]
    return sizes


def _reshape(work: Work, x: Any, shape: Any = None) -> Tensor:
    tensor = work.tensor(x)
    sizes = work.whole(shape, "shape") if shape is not None else list(work.attribute("shape"))
    if not work.attribute("allowzero", 0):
        sizes = [tensor.shape[i] if size == 0 else size for i, size in enumerate(sizes)]
    sizes = _sized(work, tensor, sizes)
    fixed = work.owner.fixed
    if fixed is not None and -1 not in sizes and prod(sizes) != tensor.numel() and sizes[0] % fixed == 0:
        sizes = [sizes[0] // fixed * work.owner.batch, *sizes[1:]]
    joined = getattr(tensor, JOINED, None)
    result = tensor.reshape(sizes)
    return joined if joined is not None and joined.shape == result.shape else result


def _flatten(work: Work, x: Any) -> Tensor:
    tensor = work.tensor(x)
    axis = work.attribute("axis", 1)
    axis += tensor.ndim if axis < 0 else 0
    if axis == 1:
        return torch.flatten(tensor, 1) if tensor.ndim > 1 else tensor.reshape(tensor.shape[0], 1)
    return tensor.reshape(prod(tensor.shape[:axis]), prod(tensor.shape[axis:]))


def _transpose(work: Work, x: Any) -> Tensor:
    tensor = work.tensor(x)
    order = list(work.attribute("perm") or reversed(range(tensor.ndim)))
    moved = [i for i, dim in enumerate(order) if i != dim]
    if not moved:
        return tensor
    if len(moved) != 2:
        return tensor.permute(order)
    if moved == [0, 1]:
        return exchanged(tensor)
    result = torch.transpose(tensor, *moved)
    if moved == [1, 2] and hasattr(tensor, APART):
        setattr(result, JOINED, getattr(tensor, APART))
    return result


def _axes(work: Work, axes: Any) -> list[int] | None:
    return work.whole(axes, "axes") if axes is not None else work.attribute("axes")


def _squeeze(work: Work, x: Any, axes: Any = None) -> Tensor:
    tensor = work.tensor(x)
    found = _axes(work, axes)
    dims = (
        [i for i, size in enumerate(tensor.shape) if size == 1]
        if found is None
        else [axis % tensor.ndim for axis in found]
    )
    if dims == [1] and hasattr(tensor, APART):
        return getattr(tensor, APART)
    for dim in sorted(dims, reverse=True):
        tensor = tensor.squeeze(dim)
    return tensor


def _unsqueeze(work: Work, x: Any, axes: Any = None) -> Tensor:
    tensor = work.tensor(x)
    found = _axes(work, axes) or []
    rank = tensor.ndim + len(found)
    for dim in sorted(axis % rank for axis in found):
        tensor = tensor.unsqueeze(dim)
    return tensor


def _concat(work: Work, *values: Any) -> Tensor:
    return torch.cat([work.tensor(value) for value in values], dim=work.attribute("axis", 0))


def _split(work: Work, x: Any, sizes: Any = None) -> tuple[Tensor, ...]:
    tensor = work.tensor(x)
    axis = work.attribute("axis", 0)
    count = len(work.node.outputs)
    parts = work.whole(sizes, "split") if sizes is not None else work.attribute("split")
    if parts is None:
        each = -(-tensor.shape[axis] // work.attribute("num_outputs", count))
        parts = [each] * (count - 1)
        parts.append(tensor.shape[axis] - sum(parts))
    return tuple(torch.split(tensor, list(parts), dim=axis))


def _slice(work: Work, x: Any, starts: Any = None, ends: Any = None, axes: Any = None, steps: Any = None) -> Tensor:
    tensor = work.tensor(x)
    first = work.whole(starts, "start") if starts is not None else list(work.attribute("starts"))
    last = work.whole(ends, "end") if ends is not None else list(work.attribute("ends"))
    dims = work.whole(axes, "axes") if axes is not None else work.attribute("axes") or range(len(first))
    by = work.whole(steps, "steps") if steps is not None else [1] * len(first)
    for dim, start, end, step in zip(dims, first, last, by, strict=True):
        tensor = _cut(tensor, dim % tensor.ndim, start, end, step)
    return tensor


def _cut(tensor: Tensor, dim: int, start: int, end: int, step: int) -> Tensor:
    size = tensor.shape[dim]
    if step < 0:
        places = range(size)[slice(start, None if end < -size else end, step)]
        if list(places) == list(reversed(range(size))):
            return torch.flip(tensor, [dim])
        return torch.index_select(tensor, dim, torch.tensor(list(places)))
    places = range(size)[slice(start, end, step)]
    if len(places) == size:
        return tensor
    if len(places) == 1 and step == 1:
        return torch.narrow(tensor, dim, places[0], 1)
    return tensor[(*[slice(None)] * dim, slice(start, None if end >= min(size, FAR) else end, step))]


def _gather(work: Work, data: Any, indices: Any) -> Tensor:
    axis = work.attribute("axis", 0)
    if isinstance(data, Known) and isinstance(indices, Tensor) and data.array.ndim == 2 and axis == 0 and data.learns:
        layer = work.layer(lambda: nn.Embedding(*data.array.shape))
        work.hold(layer, "weight", data)
        return layer(indices)
    tensor = work.tensor(data)
    dim = axis % tensor.ndim
    if isinstance(indices, Known):
        size = tensor.shape[dim]
        places = indices.array.astype(np.int64)
        places = np.where(places < 0, places + size, places)
        if places.ndim == 0:
            return torch.select(tensor, dim, int(places))
        found = torch.index_select(tensor, dim, torch.from_numpy(places.reshape(-1).copy()))
        return found if places.ndim == 1 else found.unflatten(dim, places.shape)
    return tensor[(*[slice(None)] * dim, indices)]


def _gather_elements(work: Work, data: Any, indices: Any) -> Tensor:
    return torch.gather(work.tensor(data), work.attribute("axis", 0), work.tensor(indices))


def _gather_places(work: Work, data: Any, indices: Any) -> Tensor:
    work.expect("batch_dims", 0)
    places = work.tensor(indices)
    return work.tensor(data)[torch.unbind(places, -1)]


def _scatter(work: Work, data: Any, indices: Any, updates: Any) -> Tensor:
    work.expect("reduction", "none", "add")
    function = torch.scatter_add if work.attribute("reduction") == "add" else torch.scatter
    return function(work.tensor(data), work.attribute("axis", 0), work.tensor(indices), work.tensor(updates))


def _expand(work: Work, x: Any, shape: Any) -> Tensor:
    tensor = work.tensor(x)
    sizes = _sized(work, tensor, work.whole(shape, "shape"))
    return tensor.expand(np.broadcast_shapes(tuple(tensor.shape), tuple(sizes)))


def _tile(work: Work, x: Any, repeats: Any) -> Tensor:
    times = work.whole(repeats, "repeats")
    return work.tensor(x) if set(times) == {1} else work.tensor(x).repeat(*times)


def _pad(work: Work, x: Any, pads: Any = None, value: Any = None, axes: Any = None) -> Tensor:
    tensor = work.tensor(x)
    found = work.whole(pads, "pads") if pads is not None else list(work.attribute("pads"))
    dims = work.whole(axes, "axes") if axes is not None else list(range(tensor.ndim))
    half = len(found) // 2
    by_dim = {dim % tensor.ndim: (found[i], found[half + i]) for i, dim in enumerate(dims)}
    ends = [by_dim.get(dim, (0, 0)) for dim in reversed(range(tensor.ndim))]
    while ends and ends[-1] == (0, 0):
        ends.pop()
    mode = {"edge": "replicate", "wrap": "circular"}.get(
        work.attribute("mode", "constant"), work.attribute("mode", "constant")
    )
    flat = [number for pair in ends for number in pair]
    if not flat:
        return tensor
    if mode != "constant":
        return F.pad(tensor, flat, mode=str(mode))
    filled = work.number(value, "constant") if value is not None else work.attribute("value", 0.0)
    return F.pad(tensor, flat, value=filled)


def _cast(work: Work, x: Any) -> Tensor:
    tensor, kind = work.tensor(x), KINDS.get(work.attribute("to"))
    if kind is None:
        raise Unable(msg("it makes numbers of a kind that PyTorch does not compute with. Export the model in float32."))
    return tensor if tensor.dtype == kind else tensor.to(kind)


def _cast_like(work: Work, x: Any, other: Any) -> Tensor:
    return work.tensor(x).to(work.tensor(other).dtype)


def _triangle(work: Work, x: Any, diagonal: Any = None) -> Tensor:
    k = int(work.number(diagonal, "k")) if diagonal is not None else 0
    return (torch.triu if work.attribute("upper", 1) else torch.tril)(work.tensor(x), k)


def _one_hot(work: Work, indices: Any, depth: Any, values: Any) -> Tensor:
    work.expect("axis", -1)
    ends = work.known(values, "values")
    if ends.tolist() != [0, 1]:
        raise Unable(msg("it marks with other numbers than 0 and 1. Export the model without it."))
    kind = torch.from_numpy(np.zeros(1, ends.dtype)).dtype
    return F.one_hot(work.tensor(indices), int(work.number(depth, "depth"))).to(kind)


def _depth_to_space(work: Work, x: Any) -> Tensor:
    tensor, side = work.tensor(x), work.attribute("blocksize")
    if work.attribute("mode", "DCR") == "CRD":
        return F.pixel_shuffle(tensor, side)
    n, c, h, w = tensor.shape
    tensor = tensor.reshape(n, side, side, c // side**2, h, w).permute(0, 3, 4, 1, 5, 2)
    return tensor.reshape(n, c // side**2, h * side, w * side)


def _space_to_depth(work: Work, x: Any) -> Tensor:
    tensor, side = work.tensor(x), work.attribute("blocksize")
    n, c, h, w = tensor.shape
    tensor = tensor.reshape(n, c, h // side, side, w // side, side).permute(0, 3, 5, 1, 2, 4)
    return tensor.reshape(n, c * side**2, h // side, w // side)


def _resize(work: Work, x: Any, roi: Any = None, scales: Any = None, sizes: Any = None) -> Tensor:
    """The ways of interpolating that PyTorch has: nearest with its rounding down, linear and cubic between centres or corners."""
    tensor = work.tensor(x)
    rank = tensor.ndim - 2
    if work.node.operator == "Upsample":
        scales, roi = roi if roi is not None else scales, None
    mode = work.attribute("mode", "nearest")
    way = work.attribute(
        "coordinate_transformation_mode", "asymmetric" if work.node.operator == "Upsample" else "half_pixel"
    )
    work.expect("antialias", 0)
    nearest = mode == "nearest" and way == "asymmetric" and (
        work.attribute("nearest_mode", "floor" if work.node.operator == "Upsample" else "round_prefer_floor") == "floor")  # fmt: skip
    smooth = mode in ("linear", "cubic") and way in ("half_pixel", "pytorch_half_pixel", "align_corners")
    if not (nearest or smooth) or (mode == "cubic" and abs(work.attribute("cubic_coeff_a", -0.75) + 0.75) > 1e-6):
        raise Unable(
            msg(
                "it resizes in a way that PyTorch does not have: {mode}, {way}. Export it with half_pixel and linear, or asymmetric "
                "and nearest.",
                mode=mode,
                way=way,
            )
        )
    names = {"nearest": "nearest", "linear": ["linear", "bilinear", "trilinear"][rank - 1], "cubic": "bicubic"}
    corners = {} if mode == "nearest" else {"align_corners": way == "align_corners"}
    if sizes is not None and work.known(sizes, "sizes").size:
        return F.interpolate(tensor, size=tuple(work.whole(sizes, "sizes")[-rank:]), mode=names[mode], **corners)
    factors = [
        float(f) for f in (work.known(scales, "scales").reshape(-1) if scales is not None else work.attribute("scales"))
    ][-rank:]
    whole = all(f == int(f) for f in factors)
    if len(set(factors)) == 1 and whole:
        return F.interpolate(tensor, scale_factor=factors[0], mode=names[mode], **corners)
    found = [int(size * factor) for size, factor in zip(tensor.shape[2:], factors, strict=True)]
    return F.interpolate(tensor, size=tuple(found), mode=names[mode], **corners)


def _same(work: Work, x: Any) -> Tensor:
    return work.tensor(x)


SHAPES: Mapping[str, Callable[..., Any]] = {
    "Reshape": _reshape, "Flatten": _flatten, "Transpose": _transpose, "Squeeze": _squeeze, "Unsqueeze": _unsqueeze, "Concat": _concat,
    "Split": _split, "Slice": _slice, "Gather": _gather, "GatherElements": _gather_elements, "GatherND": _gather_places,
    "ScatterElements": _scatter, "Scatter": _scatter, "Expand": _expand, "Tile": _tile, "Pad": _pad, "Cast": _cast,
    "CastLike": _cast_like, "Trilu": _triangle, "OneHot": _one_hot, "DepthToSpace": _depth_to_space, "SpaceToDepth": _space_to_depth,
    "Resize": _resize, "Upsample": _resize, "Identity": _same,
}  # fmt: skip

"""What layers cannot take: kernels larger than their input, channels at the wrong end, a missing flatten."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import prod
from typing import TYPE_CHECKING

from graph import fixes
from graph.catalog import CATALOG, Role
from graph.messages import Message, msg
from graph.model import Graph, Node, Port
from graph.problems import Problem
from runtime.diagnosis_norms import check_places
from runtime.diagnosis_tools import (
    FLATTEN,
    RANKS,
    channels_first,
    origin,
    per_axis,
    reorder,
    times,
    together,
    way_back,
)

if TYPE_CHECKING:
    from runtime.diagnosis import Situation

MOST_NAMED = 6
MIN_SIDE = 8  # pixels: images smaller than this are told by no rule of thumb
MAX_RATIO = 4  # of the sides of a picture; what is 512 long and 8 wide has 512 channels
COLORS = (1, 3, 4)  # channels of a picture: gray, color, color with opacity
_FEATURES_LAST = ("Embedding", "RNN", "LSTM", "GRU", "MultiheadAttention", "Transformer", "TransformerEncoder",
                  "TransformerEncoderLayer", "TransformerDecoder", "TransformerDecoderLayer")  # fmt: skip


# ---- kernels


def _check_kernel(s: Situation) -> Iterator[Problem]:
    sizes = s.inputs["input"].shape[2:]
    kernel, dilation, padding = (
        per_axis(s.values.get(name, default), len(sizes))
        for name, default in (("kernel_size", 1), ("dilation", 1), ("padding", 0))
    )
    if isinstance(padding[0], str) or not all(isinstance(d, int) for d in sizes):
        return
    padded = [d + 2 * p for d, p in zip(sizes, padding, strict=True)]
    reach = [w * (k - 1) + 1 for k, w in zip(kernel, dilation, strict=True)]
    if all(r <= d for r, d in zip(reach, padded, strict=True)):
        return
    message = msg(
        "The kernel of '{node}' covers {reach}, but '{source}' gives only {given}{padding}. Use a smaller kernel, or padding.",
        node=s.node.name, reach=times(reach), source=s.source("input"), given=times(sizes),
        padding=msg(" ({padded} with padding)", padded=times(padded)) if padded != list(sizes) else "",
    )  # fmt: skip
    fitting = tuple(min(k, max(1, (d - 1) // w + 1)) for k, d, w in zip(kernel, padded, dilation, strict=True))
    fix = fixes.set_param(s.node.id, "kernel_size", fitting[0] if len(fitting) == 1 else fitting)
    yield s.problem("kernel-too-large", together(message, _made_small(s)), fix, port="input")


def _made_small(s: Situation) -> Message | None:
    """Which nodes before this one take every second place, or fewer, so that so little is left."""
    steps = [(node.name, stride) for node in way_back(s.graph, s.feed("input")) if (stride := _stride(node)) > 1]
    if not steps:
        return None
    names = ", ".join(f"{name} ÷ {stride}" for name, stride in reversed(steps[:MOST_NAMED]))
    return msg("What makes it so small: {names}.", names=names)


def _stride(node: Node) -> int:
    """By how much a node divides the longest side."""
    node_type = CATALOG.get(node.type)
    if node_type is None or node_type.family not in ("convolution", "pooling") or node_type.param("stride") is None:
        return 1
    if "Transpose" in node.type:
        return 1
    values = node_type.fitting_values(node)
    stride = values["kernel_size"] if values["stride"] is None else values["stride"]
    return max(entry for entry in per_axis(stride, 1) if isinstance(entry, int))


def _check_pool_padding(s: Situation) -> Iterator[Problem]:
    dims = len(s.inputs["input"].shape) - 2
    kernel, padding = (per_axis(s.values[name], dims) for name in ("kernel_size", "padding"))
    if any(p > k // 2 for k, p in zip(kernel, padding, strict=True)):
        text = msg("'{node}' pads {padding} places on each side, but its window covers {kernel}: at most half a window can be padding.",
                   node=s.node.name, padding=times(padding), kernel=times(kernel))  # fmt: skip
        most = tuple(min(p, k // 2) for k, p in zip(kernel, padding, strict=True))
        fix = fixes.set_param(s.node.id, "padding", most[0] if len(set(most)) == 1 else most)
        yield s.problem("padding-too-large", text, fix)


def _check_transposed(s: Situation) -> Iterator[Problem]:
    """The output of a transposed convolution, by the formula of PyTorch's documentation, has at least one place."""
    sizes = s.inputs["input"].shape[2:]
    if not all(isinstance(size, int) for size in sizes):
        return
    names = ("kernel_size", "stride", "padding", "output_padding", "dilation")
    axes = list(zip(sizes, *(per_axis(s.values[name], len(sizes)) for name in names), strict=True))
    made = [(d - 1) * stride - 2 * pad + w * (k - 1) + extra + 1 for d, k, stride, pad, extra, w in axes]
    if any(size < 1 for size in made):
        text = msg("'{node}' makes {made} out of the {given} that '{source}' gives, because its padding ({padding}) cuts off more than "
                   "there is. Use less padding, or a larger kernel.",
                   node=s.node.name, made=times(made), given=times(sizes), source=s.source("input"),
                   padding=times(per_axis(s.values["padding"], len(sizes))))  # fmt: skip
        yield s.problem("padding-too-large", text, fixes.set_param(s.node.id, "padding", 0), port="input")
    elif any(extra >= max(stride, w) for _, _, stride, _, extra, w in axes):
        text = msg("The output_padding of '{node}' must be smaller than its stride or its dilation.", node=s.node.name)
        yield s.problem("output-padding", text, fixes.set_param(s.node.id, "output_padding", 0))


def _check_groups(s: Situation) -> Iterator[Problem]:
    groups, channels = s.values["groups"], (s.values["in_channels"], s.values["out_channels"])
    if all(isinstance(c, int) and c % groups == 0 for c in channels):
        return
    message = msg(
        "'{node}' splits its channels into {groups} groups, but {inner} input and {outer} output channels cannot both be "
        "divided by {groups}.",
        node=s.node.name, groups=groups, inner=channels[0], outer=channels[1],
    )  # fmt: skip
    yield s.problem("groups", message, fixes.set_param(s.node.id, "groups", 1))


# ---- where the channels are


def _check_layout(s: Situation) -> Iterator[Problem]:
    """Layers that take the channels first, given what seems to have them last. A warning: both can be computed."""
    spec = s.inputs["input"]
    source = origin(s.graph, s.feed("input"))
    if any(s.node.params.get(name) is not None for name in ("in_channels", "num_features")):
        return
    names = {
        "node": s.node.name,
        "source": s.source("input"),
        "given": spec,
        "channels": spec.shape[1],
        "last": spec.shape[-1],
    }
    order = channels_first(len(spec.shape))
    if _is_picture(s.graph, source, spec.shape):
        text = msg("'{source}' gives {given}, which looks like images with their {last} channels last. '{node}' takes the channels "
                   "first and so sees {channels} of them.", **names)  # fmt: skip
        yield s.problem("channels-last", text, reorder(s, "input", order), port="input", warn=True)
    elif len(spec.shape) == 3 and _gives_features_last(s.graph, source):
        text = msg("'{source}' gives {given}, a sequence with its {last} features last. '{node}' takes the features first and so sees "
                   "{channels} of them.", **names)  # fmt: skip
        yield s.problem("channels-last", text, reorder(s, "input", order), port="input", warn=True)


def _is_picture(graph: Graph, source: Port, shape: tuple) -> bool:
    """Whether data gives a shape that ends like a picture: rows, columns, and one, three or four colors."""
    node_type = CATALOG.get(graph.nodes[source.node].type)
    if node_type is None or node_type.role not in (Role.DATA, Role.INPUT) or len(shape) not in (4, 5):
        return False
    *sides, last = shape[1:]
    if last not in COLORS or not all(isinstance(side, int) and side >= MIN_SIDE for side in sides):
        return False
    return len(set(sides)) == 1 or (last > 1 and max(sides) <= MAX_RATIO * min(sides))


def _gives_features_last(graph: Graph, source: Port) -> bool:
    node = graph.nodes[source.node]
    node_type = CATALOG.get(node.type)
    return (
        node.type.removeprefix("torch.nn.") in _FEATURES_LAST
        and node_type is not None
        and source.name == node_type.outputs[0].name
    )


# ---- shapes


def _check_linear(s: Situation) -> Iterator[Problem]:
    spec = s.inputs["input"]
    if len(spec.shape) == 4 and s.node.params.get("in_features") is None:
        text = msg(
            "'{node}' sees images ({given}) and works on their last dimension only. A Flatten before it is probably missing.",
            node=s.node.name, given=spec,
        )  # fmt: skip
        fix = fixes.insert_before(msg("Insert a Flatten"), Port(s.node.id, "input"), FLATTEN)
        yield s.problem("missing-flatten", text, fix, port="input", warn=True)


def _check_reshape(s: Situation) -> Iterator[Problem]:
    """As many numbers must come out as go in; one size may be -1 and takes what is left."""
    spec, shape = s.inputs["input"], s.values["shape"]
    if not all(isinstance(size, int) for size in spec.shape[1:]) or shape.count(-1) > 1:
        return
    there, asked = prod(spec.shape[1:]), prod(size for size in shape if size != -1)
    if there == asked or (-1 in shape and asked and there % asked == 0):
        return
    text = msg("'{node}' makes {shape} of every sample, which is {asked} numbers, but '{source}' gives {given}, which is {there}.",
               node=s.node.name, shape=times(shape), asked=asked if -1 not in shape else msg("a multiple of {asked}", asked=asked),
               source=s.source("input"), given=spec, there=there)  # fmt: skip
    yield s.problem("reshape-size", text, fixes.set_param(s.node.id, "shape", (-1,)), port="input")


_POOLS = tuple(f"torch.nn.{kind}Pool{dims}d" for kind in ("Max", "Avg") for dims in RANKS)
_LAID_OUT = tuple(
    f"torch.nn.{kind}{dims}d"
    for kind in ("Conv", "ConvTranspose", "BatchNorm", "InstanceNorm", "MaxPool", "AvgPool", "LPPool", "AdaptiveMaxPool",
                 "AdaptiveAvgPool")
    for dims in RANKS
)  # fmt: skip
_BY_TYPE: Mapping[str, tuple[Callable[[Situation], Iterator[Problem]], ...]] = {
    "torch.nn.Linear": (_check_linear,),
    "layerloom.Reshape": (_check_reshape,),
    **{f"torch.nn.Conv{dims}d": (_check_groups, _check_kernel) for dims in RANKS},
    **{f"torch.nn.ConvTranspose{dims}d": (_check_groups, _check_transposed) for dims in RANKS},
    **{f"torch.nn.LPPool{dims}d": (_check_kernel,) for dims in RANKS},
    **dict.fromkeys(_POOLS, (_check_pool_padding, _check_kernel)),
    "torch.nn.Unfold": (_check_kernel,),
    **{f"torch.nn.InstanceNorm{dims}d": (check_places,) for dims in RANKS},
}
LAYER_CHECKS: Mapping[str, tuple[Callable[[Situation], Iterator[Problem]], ...]] = {
    **_BY_TYPE,
    **{type_id: (*_BY_TYPE.get(type_id, ()), _check_layout) for type_id in _LAID_OUT},
}

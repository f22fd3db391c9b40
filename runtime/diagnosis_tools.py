"""What the checks of the diagnosis share: sizes in words, ways back through the drawing, common mends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from graph import fixes
from graph.catalog import CATALOG
from graph.messages import Message, msg
from graph.model import Graph, Node, Port, Value
from graph.problems import Fix
from runtime.analysis import Dim, TensorSpec
from runtime.costs import KEEPING_FAMILIES

if TYPE_CHECKING:
    from runtime.diagnosis import Situation

FLATTEN = "torch.nn.Flatten"
LINEAR = "torch.nn.Linear"
FLOATS = ("float32", "float64", "float16", "bfloat16")
RANKS = (1, 2, 3)

# Beside the families of `runtime.costs`: what leaves them has the shape of what arrived.
_KEEPING = ("torch.nn.Identity", "layerloom.ToDtype", "layerloom.Scale", "layerloom.Detach", "layerloom.Clamp")

Shape = tuple[Dim, ...]


def times(sizes: Iterable[object]) -> str:
    """Sizes as people write them: `16 × 5 × 5`."""
    return " × ".join(map(str, sizes))


def together(first: Message, second: Message | None) -> Message:
    """Two sentences one after the other, or the first alone."""
    return first if second is None else msg("{first} {second}", first=first, second=second)


def per_axis(value: Value, dims: int) -> tuple:
    """A parameter of a convolution or pooling, one entry a dimension."""
    return value if isinstance(value, tuple) else (value,) * dims


def broadcast_shape(a: Shape, b: Shape) -> Shape | None:
    """The shape that both stretch to by PyTorch's rules of broadcasting; None where they do not fit."""
    rank = max(len(a), len(b))
    pairs = list(zip((1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b, strict=True))
    if any(x != y and 1 not in (x, y) for x, y in pairs):
        return None
    return tuple(y if x == 1 else x for x, y in pairs)


def removable(shape: Shape, wanted: Shape) -> int | None:
    """The dimension of size 1 without which `shape` is `wanted`, if there is one."""
    places = (i for i, size in enumerate(shape) if size == 1 and shape[:i] + shape[i + 1 :] == wanted)
    return next(places, None)


def keeps_shape(node: Node) -> bool:
    """Whether a node gives the shape that arrives."""
    node_type = CATALOG.get(node.type)
    return node_type is not None and (node_type.family in KEEPING_FAMILIES or node.type in _KEEPING)


def origin(graph: Graph, port: Port) -> Port:
    """The output that made the shape: the way back from an output over what keeps it."""
    while keeps_shape(graph.nodes[port.node]) and (before := graph.inputs(port.node).get("input")):
        port = before
    return port


def way_back(graph: Graph, port: Port) -> Iterator[Node]:
    """The nodes from an output back to the data, always along the first wire."""
    end: Port | None = port
    while end is not None:
        yield graph.nodes[end.node]
        end = next(iter(graph.inputs(end.node).values()), None)


# ---- mends


def insert(s: Situation, port: str, type_id: str, **params: Value) -> Fix:
    """Put one node into the wire that ends at an input; the button names it with its parameters."""
    name = type_id.rpartition(".")[2]
    entries = ", ".join(str(entry) for value in params.values() for entry in per_axis(value, 1))
    label = msg("Insert {node}", node=f"{name} ({entries})" if entries else name)
    return fixes.insert_before(label, Port(s.node.id, port), type_id, params)


def insert_both(s: Situation, port: str, *chain: tuple[str, Mapping[str, Value]]) -> Fix:
    """Put two nodes into the wire that ends at an input, in one step."""
    first, second = (type_id.rpartition(".")[2] for type_id, _ in chain)
    return fixes.insert_chain(
        msg("Insert {first} and {second}", first=first, second=second), Port(s.node.id, port), *chain
    )


def flatten_to(s: Situation, port: str, size: Dim | None) -> Iterator[Fix]:
    """A Flatten in front of an input, with a Linear unless the size is right already."""
    spec: TensorSpec = s.inputs[port]
    numbers = 1
    for entry in spec.shape[1:]:
        numbers = numbers * entry if isinstance(entry, int) else 0
    if numbers and numbers == size:
        yield fixes.insert_before(msg("Insert a Flatten"), Port(s.node.id, port), FLATTEN)
    elif numbers and isinstance(size, int):
        yield insert_both(s, port, (FLATTEN, {}), (LINEAR, {"out_features": size}))


def channels_first(dims: int) -> tuple[int, ...]:
    """The order for Permute that brings the last dimension to the place of the channels: (0, 3, 1, 2)."""
    return (0, dims - 1, *range(1, dims - 1))


def channels_last(dims: int) -> tuple[int, ...]:
    """The order for Permute that brings the channels to the end: (0, 2, 3, 1)."""
    return (0, *range(2, dims), 1)


def reorder(s: Situation, port: str, order: tuple[int, ...]) -> Fix:
    """A Permute in front of an input, or the simpler Transpose where two dimensions change places."""
    if order == (0, 2, 1):
        return insert(s, port, "layerloom.Transpose", dim0=1, dim1=2)
    return insert(s, port, "layerloom.Permute", dims=order)

"""What recurrent layers, attention and unpooling cannot take, in the words of the drawing, found before they are run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from graph.catalog import CATALOG
from graph.fixes import insert_before, set_param
from graph.messages import Message, msg
from graph.model import Port, Value
from graph.problems import Fix, Problem
from runtime.analysis import Dim
from runtime.diagnosis_tools import origin

if TYPE_CHECKING:
    from runtime.diagnosis import Situation

Check = Callable[["Situation"], Iterator[Problem]]


def _sides(s: Situation, port: str) -> dict[str, object]:
    """The words for a node, one of its inputs, and what feeds it."""
    return {"node": s.node.name, "port": port, "source": s.source(port), "given": s.inputs[port]}


def _insert(s: Situation, port: str, label: Message, operation: str, **params: Value) -> Fix:
    return insert_before(label, Port(s.node.id, port), f"layerloom.{operation}", params)


def _text(shape: tuple[Dim, ...]) -> str:
    return " × ".join(map(str, shape))


# ---- the sequences themselves


def _check_sequences(s: Situation, *, ports: tuple[str, ...]) -> Iterator[Problem]:
    """Batch × steps × features."""
    for port in ports:
        if len(s.inputs[port].shape) != 3:
            text = msg("'{port}' of '{node}' takes sequences, B × T × F (batch, steps, features), but '{source}' gives {given}. "
                       "Change it to three dimensions.", **_sides(s, port))  # fmt: skip
            yield s.problem("wrong-dimensions", text, *_sequence_fixes(s, port), port=port)


def _sequence_fixes(s: Situation, port: str) -> Iterator[Fix]:
    _, *sizes = s.inputs[port].shape or ("B",)
    if len(sizes) == 1:
        yield _insert(s, port, msg("Insert an Unsqueeze: one feature a step"), "Unsqueeze", dim=2)
        yield _insert(s, port, msg("Insert an Unsqueeze: a single step"), "Unsqueeze", dim=1)
    elif len(sizes) > 2 and isinstance(sizes[0], int):
        shape = (sizes[0], -1)
        yield _insert(s, port, msg("Insert a Reshape to {shape}", shape=_text(shape)), "Reshape", shape=shape)


def _check_order(s: Situation, *, ports: tuple[str, ...]) -> Iterator[Problem]:
    """The batch comes first and the features last; after a convolution they are second."""
    for port in ports:
        shape, source = s.inputs[port].shape, s.graph.inputs(s.node.id)[port]
        if len(shape) != 3:
            continue
        node_type = CATALOG.get(s.graph.nodes[origin(s.graph, source).node].type)
        batch = next((dim for dim, size in enumerate(shape) if isinstance(size, str)), 0)
        if batch:
            text = msg("'{port}' of '{node}' takes the batch first, but '{source}' gives {given}.", **_sides(s, port))
            label = msg("Insert a Transpose that puts the batch first")
            fix = _insert(s, port, label, "Transpose", dim0=0, dim1=batch)
            yield s.problem("batch-dimension", text, fix, port=port, warn=True)
        elif node_type is not None and node_type.family in ("convolution", "pooling"):
            text = msg("'{source}' gives {given}, with {channels} channels before {steps} steps. '{port}' of '{node}' takes the "
                       "features last and so sees {steps} of them.", **_sides(s, port), channels=shape[1], steps=shape[2])  # fmt: skip
            label = msg("Insert a Transpose that puts the channels last")
            fix = _insert(s, port, label, "Transpose", dim0=1, dim1=2)
            yield s.problem("channels-first", text, fix, port=port, warn=True)


def _check_alike(s: Situation, *, first: str, other: str, dim: int) -> Iterator[Problem]:
    """Two sequences agree in their number of steps (dimension 1) or of features (dimension 2)."""
    a, b = s.inputs[first].shape, s.inputs[other].shape
    if len(a) == len(b) == 3 and a[dim] != b[dim]:
        names = {**_sides(s, first), "a": a[dim], "second": other, "sources": s.source(other), "b": b[dim]}
        text = (
            msg("'{port}' and '{second}' of '{node}' need the same number of steps, but '{source}' gives {given}, that is {a}, "
                "and '{sources}' gives {b}. Take both from the same sequence.", **names)
            if dim == 1 else
            msg("'{port}' and '{second}' of '{node}' need the same number of features, but '{source}' gives {given}, that is {a}, "
                "and '{sources}' gives {b}. Put a Linear before one of them.", **names)
        )  # fmt: skip
        yield s.problem("shape-mismatch", text, port=other)


def _check_heads(s: Situation, *, width: str, heads: str) -> Iterator[Problem]:
    size, count = s.values[width], s.values[heads]
    if not isinstance(size, int) or size % count == 0:
        return
    text = msg("'{node}' shares {size} features among {count} heads, but {size} cannot be divided by {count}.",
               node=s.node.name, size=size, count=count)  # fmt: skip
    fitting = min((n for n in range(1, 2 * count) if size % n == 0), key=lambda n: (abs(n - count), -n))
    yield s.problem("heads", text, set_param(s.node.id, heads, fitting))


# ---- states


def _check_states(s: Situation, *, states: tuple[str, ...]) -> Iterator[Problem]:
    wired = [port for port in states if port in s.inputs]
    missing = [port for port in states if port not in s.inputs]
    if wired and missing:
        text = msg("'{node}' begins with two states, but only '{port}' is wired. Wire '{missing}' too, or neither.",
                   node=s.node.name, port=wired[0], missing=missing[0])  # fmt: skip
        yield s.problem("missing-state", text, port=missing[0])
        return
    for port in wired:
        wanted = _state_shape(s, port)
        if s.inputs[port].shape != wanted:
            text = msg("'{port}' of '{node}' takes {wanted} ({meaning}), but '{source}' gives {given}.",
                       **_sides(s, port), wanted=_text(wanted), meaning=_meaning(wanted))  # fmt: skip
            yield s.problem("state-shape", text, *_state_fixes(s, port, wanted), port=port)


def _state_shape(s: Situation, port: str) -> tuple[Dim, ...]:
    """B × F of a cell; of a layer L × B × F, where both directions of each count."""
    batch, hidden = s.inputs["input"].shape[0], s.values["hidden_size"]
    if "num_layers" not in s.values:
        return (batch, hidden)
    features = s.values.get("proj_size") or hidden if port == "h_0" else hidden
    return (s.values["num_layers"] * (2 if s.values["bidirectional"] else 1), batch, features)


def _meaning(shape: tuple[Dim, ...]) -> Message:
    return msg("layers, batch, features") if len(shape) == 3 else msg("batch, features")


def _state_fixes(s: Situation, port: str, wanted: tuple[Dim, ...]) -> Iterator[Fix]:
    given = s.inputs[port].shape
    if len(wanted) == 3 and given == (wanted[1], wanted[0], wanted[2]):
        yield _insert(s, port, msg("Insert a Transpose that puts the batch second"), "Transpose", dim0=0, dim1=1)
    elif (1, *given) == wanted:
        yield _insert(s, port, msg("Insert an Unsqueeze for the one layer"), "Unsqueeze", dim=0)
    elif len(wanted) == 2 and given == (1, *wanted):
        yield _insert(s, port, msg("Insert a Squeeze of the one layer"), "Squeeze", dim=0)


def _check_dropout(s: Situation) -> Iterator[Problem]:
    if s.values["dropout"] and s.values["num_layers"] == 1:
        text = msg(
            "The dropout of '{node}' does nothing: it is between layers, and there is only one.", node=s.node.name
        )
        more, none = set_param(s.node.id, "num_layers", 2), set_param(s.node.id, "dropout", 0.0)
        yield s.problem("no-effect", text, more, none, warn=True)


def _check_projection(s: Situation) -> Iterator[Problem]:
    size, hidden = s.values["proj_size"], s.values["hidden_size"]
    if size >= hidden:
        text = msg("'{node}' projects its {hidden} features to {size}, but a projection makes them fewer. "
                   "Make proj_size smaller than hidden_size.", node=s.node.name, hidden=hidden, size=size)  # fmt: skip
        yield s.problem("projection", text, set_param(s.node.id, "proj_size", 0))


# ---- masks


class Attention(NamedTuple):
    """The ports of one attention: its two masks, which sequence looks, and which is looked at."""

    mask: str
    padding: str
    targets: str
    sources: str


def _check_masks(s: Situation, *, attentions: tuple[Attention, ...], heads: str) -> Iterator[Problem]:
    for attention in attentions:
        targets, sources = (s.inputs[port].shape for port in (attention.targets, attention.sources))
        if len(targets) != 3 or len(sources) != 3:
            continue
        square = (targets[1], sources[1])
        shapes = {
            attention.mask: (square, (_many(s.values[heads], targets[0]), *square)),
            attention.padding: ((sources[0], sources[1]),),
        }
        wired = {port: fitting for port, fitting in shapes.items() if port in s.inputs}
        for port, fitting in wired.items():
            yield from _check_mask(s, port, fitting)
        if len({s.inputs[port].dtype for port in wired}) > 1:
            text = msg("'{mask}' of '{node}' is {a} and '{padding}' is {b}. PyTorch wants both of one kind: yes or no, "
                       "or numbers to add to the scores.", node=s.node.name, mask=attention.mask, padding=attention.padding,
                       a=s.inputs[attention.mask].dtype, b=s.inputs[attention.padding].dtype)  # fmt: skip
            yield s.problem("mask-dtype", text, port=attention.padding, warn=True)


def check_mask_kind(s: Situation, port: str) -> Iterator[Problem]:
    """A mask of whole numbers says neither yes or no nor what to add."""
    spec = s.inputs[port]
    if spec.dtype.startswith("int"):
        text = msg("'{port}' of '{node}' takes yes or no, or numbers with a fraction to add to the scores, but '{source}' gives "
                   "{dtype}. Compare it with something, or put a ToDtype to bool between them.",
                   node=s.node.name, port=port, source=s.source(port), dtype=spec.dtype)  # fmt: skip
        label = msg("Insert a ToDtype to {dtype}", dtype="bool")
        yield s.problem("mask-dtype", text, _insert(s, port, label, "ToDtype", dtype="bool"), port=port)


def _check_mask(s: Situation, port: str, fitting: tuple[tuple[Dim, ...], ...]) -> Iterator[Problem]:
    wrong = list(check_mask_kind(s, port))
    yield from wrong
    if not wrong and s.inputs[port].shape not in fitting:
        text = msg("'{port}' of '{node}' takes {wanted}, but '{source}' gives {given}. Make the mask from the same sequence.",
                   **_sides(s, port), wanted=" / ".join(map(_text, fitting)))  # fmt: skip
        yield s.problem("mask-shape", text, port=port)
    yield from _check_mark(s, port)


def _check_mark(s: Situation, port: str) -> Iterator[Problem]:
    """PyTorch's modules want the hidden places marked; its function for attention wants the visible ones."""
    mask = s.graph.nodes[s.graph.inputs(s.node.id)[port].node]
    if (
        mask.type in ("layerloom.CausalMask", "layerloom.PaddingMask")
        and mask.params.get("mark", "visible") == "visible"
    ):
        text = msg("'{port}' of '{node}' says which places are hidden, but '{mask}' marks the visible ones.",
                   node=s.node.name, port=port, mask=mask.name)  # fmt: skip
        yield s.problem("mask-meaning", text, set_param(mask.id, "mark", "hidden"), port=port, warn=True)


def _many(count: int, batch: Dim) -> Dim:
    """`count` times the batch: 8·B."""
    if isinstance(batch, int):
        return count * batch
    factor = count * int(batch.rpartition("·")[0] or 1)
    return "B" if factor == 1 else f"{factor}·B"


# ---- other inputs that belong together


def _check_same_shape(s: Situation, *, ports: tuple[str, ...]) -> Iterator[Problem]:
    first, *others = ports
    for port in others:
        if s.inputs[port].shape != s.inputs[first].shape:
            text = msg("'{port}' of '{node}' needs the shape of '{first}', {wanted}, but '{source}' gives {given}.",
                       **_sides(s, port), first=first, wanted=s.inputs[first])  # fmt: skip
            yield s.problem("shape-mismatch", text, port=port)


_SELF = Attention("src_mask", "src_key_padding_mask", "src", "src")
_WRITTEN = Attention("tgt_mask", "tgt_key_padding_mask", "tgt", "tgt")
_REMEMBERED = Attention("memory_mask", "memory_key_padding_mask", "tgt", "memory")


def _attending(
    ports: tuple[str, ...], *attentions: Attention, width: str = "d_model", heads: str = "nhead"
) -> tuple[Check, ...]:
    return (
        partial(_check_sequences, ports=ports),
        partial(_check_order, ports=ports),
        partial(_check_heads, width=width, heads=heads),
        partial(_check_masks, attentions=attentions, heads=heads),
    )


_STATES = partial(_check_states, states=("h_0",))
_CELL_STATES = partial(_check_states, states=("hx",))
_SEQUENCE = (partial(_check_sequences, ports=("input",)), partial(_check_order, ports=("input",)))
_DECODER = (
    *_attending(("tgt", "memory"), _WRITTEN, _REMEMBERED),
    partial(_check_alike, first="tgt", other="memory", dim=2),
)
SEQUENCE_CHECKS: Mapping[str, tuple[Check, ...]] = {
    **dict.fromkeys(("torch.nn.RNN", "torch.nn.GRU"), (*_SEQUENCE, _STATES, _check_dropout)),
    "torch.nn.LSTM": (*_SEQUENCE, partial(_check_states, states=("h_0", "c_0")), _check_dropout, _check_projection),
    **dict.fromkeys(("torch.nn.RNNCell", "torch.nn.GRUCell"), (_CELL_STATES,)),
    "torch.nn.LSTMCell": (partial(_check_states, states=("hx", "cx")),),
    "torch.nn.MultiheadAttention": (
        *_attending(("query", "key", "value"), Attention("attn_mask", "key_padding_mask", "query", "key"),
                    width="embed_dim", heads="num_heads"),
        partial(_check_alike, first="key", other="value", dim=1),
    ),
    "torch.nn.TransformerEncoderLayer": _attending(("src",), _SELF),
    "torch.nn.TransformerEncoder": _attending(("src",), _SELF._replace(mask="mask")),
    "torch.nn.TransformerDecoderLayer": _DECODER,
    "torch.nn.TransformerDecoder": _DECODER,
    "torch.nn.Transformer": (
        *_attending(("src", "tgt"), _SELF, _WRITTEN, _REMEMBERED._replace(sources="src")),
        partial(_check_alike, first="src", other="tgt", dim=2),
    ),
    **{f"torch.nn.MaxUnpool{dims}d": (partial(_check_same_shape, ports=("input", "indices")),) for dims in (1, 2, 3)},
    "torch.nn.GaussianNLLLoss": (partial(_check_same_shape, ports=("input", "target", "var")),),
}  # fmt: skip

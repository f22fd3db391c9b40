"""How modules of `torch.nn` are built and called: as their parameters and ports say, and the few that differ."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from graph.catalog.loss import read_weights
from graph.catalog.types import Kind, NodeType, Param
from graph.model import Value
from runtime.operations import Values

Arguments = Mapping[str, str]  # for each input that is wired, in port order, the name of the variable that feeds it

_OF_THE_CALL = ("need_weights", "average_attn_weights")  # parameters of `forward`, not of the constructor
_OF_THE_STACK = ("num_layers",)  # parameters of a stack, not of the layer that it repeats
_BATCH_FIRST = "batch_first=True"
_BATCH_SECOND = ("torch.nn.RNN", "torch.nn.LSTM", "torch.nn.GRU", "torch.nn.Transformer", "torch.nn.TransformerEncoderLayer",
                 "torch.nn.TransformerDecoderLayer")  # unless they are told  # fmt: skip


def module_init(node_type: NodeType, values: Values) -> str:
    """The Python that builds the module of a node."""
    return f"nn.{_class(node_type)}({INITS.get(node_type.id, constructor_arguments)(node_type, values)})"


def module_call(node_type: NodeType, values: Values, arguments: Arguments) -> str:
    """The Python that calls the module of a node, which stands as `{self}` in it."""
    return f"{{self}}({CALLS.get(node_type.id, _call_arguments)(node_type, values, arguments)})"


def constructor_arguments(node_type: NodeType, values: Values, *, without: Collection[str] = ()) -> str:
    """Constructor arguments as a person would write them: what PyTorch requires, and what is not its default."""
    written = []
    by_position = True
    for param in node_type.params:
        if param.name in without:
            continue
        value, write = values[param.name], _WRITTEN.get(param.name, literal)
        by_position = by_position and param.required and not param.keyword
        if by_position:
            written.append(write(value))
        elif param.required or not _is_default(param, value):
            written.append(f"{param.name}={write(value)}")
    return ", ".join(written)


def literal(value: Value) -> str:
    """A checked value as Python text; tuples of one entry keep their comma."""
    assert value is None or isinstance(value, (bool, int, float, str, tuple)), value
    return repr(value)


def _tensor(value: Value) -> str:
    """A list of weights as a tensor, which the module keeps with its buffers and takes along to the device."""
    return f"torch.tensor({list(read_weights(str(value)))!r})"


_WRITTEN: Mapping[str, Callable[[Value], str]] = {"weight": _tensor, "pos_weight": _tensor}  # parameters that are lists


def _is_default(param: Param, value: Value) -> bool:
    return value == param.default and (param.kind is not Kind.BOOL or isinstance(value, bool))


def _class(node_type: NodeType) -> str:
    return node_type.id.removeprefix("torch.nn.")


# ---- constructors


def _batch_first(node_type: NodeType, values: Values) -> str:
    """Without the dropout between layers where there is one layer alone: PyTorch would print that it does nothing."""
    idle = ("dropout",) if values.get("num_layers") == 1 else ()
    return f"{constructor_arguments(node_type, values, without=idle)}, {_BATCH_FIRST}"


def _attention_init(node_type: NodeType, values: Values) -> str:
    """The sizes of keys and values only where they are not that of the queries."""
    sizes = {
        name: None if repr(values[name]) == repr(values["embed_dim"]) else values[name] for name in ("kdim", "vdim")
    }
    return f"{constructor_arguments(node_type, {**values, **sizes}, without=_OF_THE_CALL)}, {_BATCH_FIRST}"


def _stack(node_type: NodeType, values: Values) -> str:
    """A layer, and how often it is repeated."""
    layer = constructor_arguments(node_type, values, without=_OF_THE_STACK)
    return f"nn.{_class(node_type)}Layer({layer}, {_BATCH_FIRST}), num_layers={literal(values['num_layers'])}"


def _encoder_stack(node_type: NodeType, values: Values) -> str:
    """Without nested tensors, whose outputs are as long as the longest of the batch and not as the input."""
    return f"{_stack(node_type, values)}, enable_nested_tensor=False"


INITS: Mapping[str, Callable[[NodeType, Values], str]] = {
    **dict.fromkeys(_BATCH_SECOND, _batch_first),
    "torch.nn.MultiheadAttention": _attention_init,
    "torch.nn.TransformerEncoder": _encoder_stack,
    "torch.nn.TransformerDecoder": _stack,
}


# ---- calls


def _call_arguments(node_type: NodeType, _values: Values, arguments: Arguments) -> str:
    """The ports that a call needs by position, those that it may have by their names."""
    optional = {port.name for port in node_type.inputs if port.optional}
    written = (f"{name}={variable}" if name in optional else variable for name, variable in arguments.items())
    return ", ".join(written)


def _with_state(_node_type: NodeType, _values: Values, arguments: Arguments) -> str:
    """`x, h_0`, and of two states a pair: `x, (h_0, c_0)`. cuDNN takes only states that lie in memory as they are read."""
    x, states = list(arguments.values())[:1], [f"{state}.contiguous()" for state in list(arguments.values())[1:]]
    return ", ".join([*x, f"({', '.join(states)})"] if len(states) > 1 else [*x, *states])


def _attention(node_type: NodeType, values: Values, arguments: Arguments) -> str:
    return ", ".join([
        _call_arguments(node_type, values, arguments),
        *(f"{name}={literal(values[name])}" for name in _OF_THE_CALL if not values[name]),
    ])  # fmt: skip


def _with_masks(node_type: NodeType, values: Values, arguments: Arguments) -> str:
    """Says of every mask that it may be any: PyTorch would wait for the device to compare it with a causal one."""
    said = [_IS_CAUSAL[name] for name in arguments if name in _IS_CAUSAL]
    return ", ".join([_call_arguments(node_type, values, arguments), *(f"{name}=False" for name in said)])


_IS_CAUSAL = {"mask": "is_causal", "src_mask": "src_is_causal", "tgt_mask": "tgt_is_causal"}


def _unpool(node_type: NodeType, values: Values, arguments: Arguments) -> str:
    shapes = {name: f"{variable}.shape" for name, variable in arguments.items() if name == "output_size"}
    return _call_arguments(node_type, values, {**arguments, **shapes})


def _steps_first(node_type: NodeType, values: Values, arguments: Arguments) -> str:
    """CTCLoss has no `batch_first`."""
    turned = {name: f"{variable}.transpose(0, 1)" for name, variable in arguments.items() if name == "log_probs"}
    return _call_arguments(node_type, values, {**arguments, **turned})


CALLS: Mapping[str, Callable[[NodeType, Values, Arguments], str]] = {
    **{f"torch.nn.{name}{form}": _with_state for name in ("RNN", "LSTM", "GRU") for form in ("", "Cell")},
    "torch.nn.MultiheadAttention": _attention,
    **{f"torch.nn.Transformer{part}": _with_masks for part in ("", "Encoder", "Decoder")},
    **{f"torch.nn.MaxUnpool{dims}d": _unpool for dims in (1, 2, 3)},
    "torch.nn.CTCLoss": _steps_first,
}

# What a value is unpacked into that is no flat tuple of the outputs: by type and the number of outputs.
TARGETS: Mapping[tuple[str, int], str] = {
    ("torch.nn.LSTM", 3): "{0}, ({1}, {2})",
    ("torch.nn.MultiheadAttention", 1): "{0}, _",
}
